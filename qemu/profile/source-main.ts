// What the plugin does when QEMU translates a block, and when QEMU ends.
import { files } from '../files.ts';

export const mainSource = `
enum { BLOCKS = 1 << 16 };
static struct block *blocks[BLOCKS]; /* what is translated anew has its old one again */
static FILE *out;

static struct block *block_for(const struct qemu_plugin_tb *tb)
{
    const size_t instructions = qemu_plugin_tb_n_insns(tb);
    uint64_t address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)), sum = 0xcbf29ce484222325ull ^ address;
    uint8_t first[64];
    size_t bytes = 0;
    struct block *block;

    for (size_t i = 0; i < instructions; i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint8_t *code = qemu_plugin_insn_data(insn);
        const size_t size = qemu_plugin_insn_size(insn);

        for (size_t j = 0; j < size; j++) sum = (sum ^ code[j]) * 0x100000001b3ull;
        sum = (sum ^ 0x100) * 0x100000001b3ull;
        for (size_t j = 0; j < size && bytes < sizeof(first); j++) first[bytes++] = code[j];
    }
    for (block = blocks[sum % BLOCKS]; block != NULL; block = block->chain)
        if (block->sum == sum && block->address == address && block->count == instructions) return block;

    const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, instructions - 1);

    block = room_for(NULL, 1, sizeof(*block) + instructions * sizeof(uint64_t));
    *block = (struct block){.address = address, .last = qemu_plugin_insn_vaddr(last), .sum = sum, .count = (uint16_t)instructions};
    block->next = block->last + qemu_plugin_insn_size(last);
    for (size_t i = 0; i < instructions; i++) block->at[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
    decode(block, qemu_plugin_insn_data(last), qemu_plugin_insn_size(last));
    block->function = function_of(address, first, bytes, &block->starts);
    /* What firmware left there may be the kernel's later. */
    if (block->function == BEFORE) return block;
    block->chain = blocks[sum % BLOCKS];
    blocks[sum % BLOCKS] = block;
    return block;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    const size_t instructions = qemu_plugin_tb_n_insns(tb);
    struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, instructions - 1);
    struct block *block = block_for(tb);

    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS, block);
    for (size_t i = 0; i < instructions; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &count, 1);
        if (switches_stack(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn)))
            qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &stack_switches, 1);
    }
    if (block->kind == CALL || block->kind == CALL_ANYWHERE)
        qemu_plugin_register_vcpu_mem_cb(last, on_push, NO_REGISTERS, READS_AND_WRITES, NULL);
    if (block->kind == RETURN || block->kind == FAR_RETURN || block->kind == INTERRUPT_RETURN)
        qemu_plugin_register_vcpu_mem_cb(last, on_pop, NO_REGISTERS, READS_AND_WRITES, NULL);
}

static void at_end(qemu_plugin_id_t id, void *data)
{
    (void)id, (void)data;
    charge(&cpus[running]);
    fprintf(out, "synos-profile 1\\n");
    for (uint32_t i = 0; i < node_count; i++)
        fprintf(out, "n %" PRIu32 " %" PRIx64 " %" PRIu64 " %" PRIu64 " %d\\n", nodes[i].parent, nodes[i].function, nodes[i].self,
                nodes[i].calls, nodes[i].unnamed);
    fprintf(out, "end %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\\n", node_count, too_deep, too_many, forgotten);
    fclose(out);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    if ((out = fopen("${files.observed}", "w")) == NULL || !read_image("${files.ranges}", "${files.symbols}")) return 1;
    table = calloc(TABLE, sizeof(*table));
    if (table == NULL) return 1;
    new_node(ROOT, 0);
    for (size_t i = 0; i < MOST_CPUS; i++) cpus[i] = (struct cpu){.block = &nothing, .stack = new_stack(), .node = ROOT};
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, at_end, NULL);
    return 0;
}
`;
