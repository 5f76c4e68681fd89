// The stacks of the plugin: one for each thread of the guest, of which each CPU is on one.

/** Threads of a guest that stand still; of more, the one that stood longest is forgotten. */
const mostStacks = 1024;

export const stacksSource = `
enum { MOST_CPUS = 256, MOST_STACKS = ${mostStacks}, MOST_FRAMES = 1 << 16, NEAR = 1 << 14, HANDLERS = 4096 };

struct frame {
    uint64_t slot;  /* where the return address lies; of an interrupt: where the first call above it left one, 0 before that */
    uint64_t back;  /* the return address; of an interrupt: where control would have gone */
    uint64_t fault; /* of an interrupt: the instruction that was the last */
    uint32_t node;  /* to come back to */
    bool interrupt, enters, cut, loops;
    uint16_t handler;
};
struct stack {
    struct frame *frames;
    uint32_t depth, room, node;
};
struct cpu {
    const struct block *block; /* the one that runs */
    uint64_t start;            /* the counter when it began */
    uint64_t slot;             /* what its last instruction read or wrote on the stack; 0 for nothing */
    uint64_t switched;         /* new stack pointers of all CPUs, at the last look */
    struct stack *stack;
    uint32_t node;
};

static struct cpu cpus[MOST_CPUS];
static struct stack *parked[MOST_STACKS]; /* the last one to be parked is the last */
static size_t parked_count;
static uint64_t forgotten, stack_switches;
static struct { uint64_t address; bool faults; } handlers[HANDLERS]; /* first addresses, from number 1 on */
static size_t handler_count;

static struct stack *new_stack(void)
{
    struct stack *stack = room_for(NULL, 1, sizeof(*stack));

    memset(stack, 0, sizeof(*stack));
    return stack;
}

static void push(struct stack *stack, const struct frame *frame)
{
    if (stack->depth == MOST_FRAMES) {
        stack->depth /= 2; /* the oldest will hardly be returned to */
        memmove(stack->frames, stack->frames + stack->depth, stack->depth * sizeof(*frame));
    }
    if (stack->depth == stack->room) {
        stack->room = stack->room ? 2 * stack->room : 32;
        stack->frames = room_for(stack->frames, stack->room, sizeof(*frame));
    }
    stack->frames[stack->depth++] = *frame;
}

static void park(struct cpu *cpu)
{
    if (cpu->stack->depth == 0) return free(cpu->stack->frames), free(cpu->stack);
    if (parked_count == MOST_STACKS) {
        forgotten++;
        free(parked[0]->frames);
        free(parked[0]);
        memmove(parked, parked + 1, --parked_count * sizeof(*parked));
    }
    cpu->stack->node = cpu->node;
    parked[parked_count++] = cpu->stack;
}

static void go_to_stack(struct cpu *cpu, size_t at)
{
    struct stack *other = parked[at];

    memmove(parked + at, parked + at + 1, (--parked_count - at) * sizeof(*parked));
    park(cpu);
    cpu->stack = other;
    cpu->node = other->node;
}

static void go_to_new_stack(struct cpu *cpu)
{
    park(cpu);
    cpu->stack = new_stack();
    cpu->node = ROOT;
}

/* The call whose return address lies there; -1 for none. */
static long call_at(const struct stack *stack, uint64_t slot)
{
    for (long i = (long)stack->depth - 1; i >= 0; i--)
        if (stack->frames[i].slot == slot && !stack->frames[i].interrupt) return i;
    return -1;
}

static long last_interrupt(const struct stack *stack)
{
    for (long i = (long)stack->depth - 1; i >= 0; i--)
        if (stack->frames[i].interrupt) return i;
    return -1;
}

/* A thread that stands in a call with this return address at this place. */
static long parked_in_call(uint64_t slot, uint64_t back)
{
    for (long i = (long)parked_count - 1; i >= 0; i--) {
        const long at = call_at(parked[i], slot);

        if (at >= 0 && parked[i]->frames[at].back == back) return i;
    }
    return -1;
}

/* How far above the handler's first call the interrupted address lies on the stack: the nearer, the likelier it is this interrupt. */
static uint64_t far_from(const struct stack *stack, uint64_t slot, uint64_t address)
{
    const long at = last_interrupt(stack);

    if (at < 0) return UINT64_MAX;
    const struct frame *frame = &stack->frames[at];
    if (frame->back != address && frame->fault != address) return UINT64_MAX;
    if (slot == 0 || frame->slot == 0) return NEAR;
    return slot - frame->slot < NEAR ? slot - frame->slot : NEAR + 1;
}

/* The stack on which an interrupt ends: -1 for the one that the CPU is on, -2 for none. */
static long interrupted_stack(const struct cpu *cpu, uint64_t address)
{
    uint64_t least = far_from(cpu->stack, cpu->slot, address);
    long found = least < UINT64_MAX ? -1 : -2;

    for (long i = (long)parked_count - 1; i >= 0; i--) {
        const uint64_t far = far_from(parked[i], cpu->slot, address);

        if (far < least) least = far, found = i;
    }
    return found;
}

static uint16_t handler_at(uint64_t address)
{
    for (size_t i = 1; i <= handler_count; i++)
        if (handlers[i].address == address) return (uint16_t)i;
    return 0;
}

static uint16_t learn_handler(uint64_t address)
{
    const uint16_t known = handler_at(address);

    if (known != 0 || handler_count + 1 == HANDLERS) return known;
    handlers[++handler_count].address = address;
    return (uint16_t)handler_count;
}
`;
