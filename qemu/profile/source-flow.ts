// How control goes from block to block in the plugin, and what it writes at the end.

export const flowSource = `
static const struct block nothing = {.count = UINT16_MAX};
static uint64_t count, charged; /* instructions so far, and those that have their node */
static unsigned running;        /* the CPU whose instructions are counted now: with icount, one at a time */

static void charge(const struct cpu *cpu)
{
    nodes[cpu->node].self += count - charged;
    charged = count;
}

static uint64_t where(const struct cpu *cpu)
{
    return nodes[cpu->node].function;
}

static void enter_below(struct cpu *cpu, uint32_t parent, const struct block *block)
{
    cpu->node = entered(parent, block->function == UNKNOWN ? block->address : block->function);
    if (cpu->node != parent) nodes[cpu->node].unnamed = block->function == UNKNOWN;
}

static void enter(struct cpu *cpu, const struct block *block)
{
    enter_below(cpu, is_outside(where(cpu)) ? ROOT : cpu->node, block);
}

/* Into another function without a call: by a jump, or from one label of assembly to the next. */
static void slide(struct cpu *cpu, const struct block *block)
{
    if (block->function == UNKNOWN ? nodes[cpu->node].unnamed : block->function == where(cpu)) return;
    enter_below(cpu, is_outside(block->function) ? ROOT : nodes[cpu->node].parent, block);
}

/* To where nothing was prepared: a tail call, a longjmp into a function that was called before, or within a function. */
static void jump(struct cpu *cpu, const struct block *block)
{
    if (block->function != UNKNOWN && block->function != where(cpu) && !block->starts)
        for (long i = (long)cpu->stack->depth - 1; i >= 0; i--)
            if (nodes[cpu->stack->frames[i].node].function == block->function) {
                cpu->stack->depth = (uint32_t)i;
                cpu->node = cpu->stack->frames[i].node;
                return;
            }
    slide(cpu, block);
}

static void interrupt(struct cpu *cpu, const struct block *block, struct frame frame)
{
    frame.interrupt = true;
    frame.node = cpu->node;
    push(cpu->stack, &frame);
    enter_below(cpu, ROOT, block);
}

/* By an instruction that had begun and must begin again: it does not count. */
static void fault(struct cpu *cpu, const struct block *block, uint64_t at, uint64_t next)
{
    nodes[cpu->node].self--;
    interrupt(cpu, block, (struct frame){.fault = at, .back = next, .cut = true, .handler = learn_handler(block->address)});
}

static void call(struct cpu *cpu, const struct block *before, const struct block *block)
{
    struct stack *stack = cpu->stack;
    const uint16_t handler = handler_at(block->address);
    const bool is_direct = before->kind == CALL;

    if (cpu->slot == 0) return fault(cpu, block, before->last, NOWHERE);
    if (stack->depth > 0 && stack->frames[stack->depth - 1].interrupt && stack->frames[stack->depth - 1].slot == 0)
        stack->frames[stack->depth - 1].slot = cpu->slot;
    push(stack, &(struct frame){.slot = cpu->slot, .back = before->next, .node = cpu->node});
    if (is_direct ? block->address == before->target : handler == 0) return enter(cpu, block);
    interrupt(cpu, block, (struct frame){.fault = NOWHERE, .back = is_direct ? before->target : NOWHERE, .enters = true,
        .handler = is_direct ? learn_handler(block->address) : handler});
}

static void come_back(struct cpu *cpu, const struct block *before, const struct block *block)
{
    const bool is_far = before->kind == FAR_RETURN;
    long at = call_at(cpu->stack, cpu->slot);

    if (cpu->slot == 0) return fault(cpu, block, before->last, NOWHERE);
    if (is_far && (at < 0 || cpu->stack->frames[at].back != block->address)) return jump(cpu, block);
    if (at < 0) {
        const long other = parked_in_call(cpu->slot, block->address);

        if (other < 0 && cpu->switched == stack_switches) return jump(cpu, block);
        if (other < 0) return go_to_new_stack(cpu), enter(cpu, block);
        go_to_stack(cpu, (size_t)other);
        at = call_at(cpu->stack, cpu->slot);
    }
    const struct frame frame = cpu->stack->frames[at];

    cpu->stack->depth = (uint32_t)at;
    cpu->node = frame.node;
    if (frame.back != block->address && handler_at(block->address) != 0)
        return interrupt(cpu, block, (struct frame){.fault = NOWHERE, .back = frame.back, .handler = handler_at(block->address)});
    jump(cpu, block);
}

/* Whether the interrupted instruction had not been executed becomes clear when it is gone back to. */
static void settle(const struct frame *frame, uint64_t address)
{
    const bool is_again = address == frame->fault;

    if (frame->cut && address == frame->back) nodes[frame->node].self++;
    if (frame->cut && is_again) handlers[frame->handler].faults = true;
    if (frame->cut || !is_again) return;
    if (frame->back != address && !frame->loops) handlers[frame->handler].faults = true;
    if (handlers[frame->handler].faults) nodes[frame->node].self--;
}

static void come_back_from_interrupt(struct cpu *cpu, const struct block *block)
{
    long at;

    if (cpu->switched != stack_switches) {
        const long other = interrupted_stack(cpu, block->address);

        if (other == -2) return go_to_new_stack(cpu), enter(cpu, block);
        if (other >= 0) go_to_stack(cpu, (size_t)other);
    }
    if ((at = last_interrupt(cpu->stack)) < 0) return jump(cpu, block);
    const struct frame frame = cpu->stack->frames[at];

    cpu->stack->depth = (uint32_t)at;
    cpu->node = frame.node;
    settle(&frame, block->address);
    if (frame.enters && (frame.back == block->address || frame.back == NOWHERE)) return enter(cpu, block);
    jump(cpu, block);
}

static void follow(struct cpu *cpu, const struct block *before, const struct block *block, uint64_t begun)
{
    const bool is_cut = begun < before->count, is_led = block->address == before->to[0] || block->address == before->to[1];

    if (before == &nothing) return enter(cpu, block);
    /* Behind an access to a device QEMU goes on in a block of its own. */
    if (is_cut && begun > 0 && block->address == before->at[begun]) return slide(cpu, block);
    if (is_outside(block->function) && is_outside(where(cpu))) {
        nodes[cpu->node].self -= is_cut && begun > 0;
        return;
    }
    if (is_cut) return fault(cpu, block, before->at[begun > 0 ? begun - 1 : 0], before->at[begun]);
    switch (before->kind) {
    case PLAIN:
        if (is_led) return slide(cpu, block);
        return interrupt(cpu, block, (struct frame){.fault = before->last, .back = before->to[0], .handler = learn_handler(block->address),
            .loops = before->to[0] == before->last || before->to[1] == before->last});
    case JUMP_ANYWHERE:
        if (handler_at(block->address) == 0) return jump(cpu, block);
        return interrupt(cpu, block, (struct frame){.fault = NOWHERE, .back = NOWHERE, .handler = handler_at(block->address)});
    case CALL: case CALL_ANYWHERE: return call(cpu, before, block);
    case RETURN: case FAR_RETURN: return come_back(cpu, before, block);
    case INTERRUPT:
        return interrupt(cpu, block, (struct frame){.fault = NOWHERE, .back = before->next, .handler = learn_handler(block->address)});
    case INTERRUPT_RETURN: return come_back_from_interrupt(cpu, block);
    }
}

static void change_cpu(unsigned index)
{
    charge(&cpus[running]);
    cpus[running].start = count - cpus[running].start; /* what its block has begun so far */
    cpus[index].start = count - cpus[index].start;
    running = index;
}

/* Before the first instruction of a block; all instructions before it are counted. */
static void on_block(unsigned index, void *data)
{
    const struct block *block = data;
    struct cpu *cpu = &cpus[index];

    if (__builtin_expect(index != running, 0)) change_cpu(index);
    const struct block *before = cpu->block;
    const uint64_t begun = count - cpu->start;

    cpu->block = block;
    cpu->start = count;
    if (__builtin_expect(begun == before->count && block->function == before->function &&
                         (block->address == before->to[0] || block->address == before->to[1]), 1))
        return;
    charge(cpu);
    follow(cpu, before, block, begun);
    cpu->slot = 0;
    cpu->switched = stack_switches;
}

/* By the last instruction of a block; of several accesses the first is the return address. */
static void on_push(unsigned index, uint32_t info, uint64_t address, void *data)
{
    (void)data;
    if (cpus[index].slot == 0 && qemu_plugin_mem_is_store(info)) cpus[index].slot = address;
}

static void on_pop(unsigned index, uint32_t info, uint64_t address, void *data)
{
    (void)data;
    if (cpus[index].slot == 0 && !qemu_plugin_mem_is_store(info)) cpus[index].slot = address;
}
`;
