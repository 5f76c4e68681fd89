// A plugin for QEMU's translator that holds the guest when it has executed a number of instructions. C, compiled on the user's machine.
//
// Registers are whole in QEMU only where a translated block begins. So the last instructions are run one to a block: shortly before the
// budget is used up the plugin says so (`n`), QEMU's monitor is told to translate single instructions from now on, and the plugin is let
// go on. At the budget it says where (`b ADDRESS`) and never returns: the guest stands exactly there, and QEMU's monitor can be asked.
import { pluginDeclarations } from '../plugin/declarations.ts';
import type { Plugin } from '../plugin/task.ts';

const source = `${pluginDeclarations}
enum { CHANNEL = 4 };

static uint64_t count, near, budget;
static int told;

static void say(const char *text)
{
    size_t length = strlen(text);
    if (write(CHANNEL, text, length) != (ssize_t)length)
        _exit(1);
}

static void wait(void)
{
    char answer;
    while (read(CHANNEL, &answer, 1) != 1)
        usleep(1000);
}

/* Before the first instruction of a block; all instructions before it are counted. */
static void on_block(unsigned int cpu, void *address)
{
    (void)cpu;
    if (count < near)
        return;
    if (!told) {
        told = 1;
        say("n\\n");
        wait();
    }
    if (count >= budget) {
        char line[64];
        snprintf(line, sizeof line, "b %" PRIx64 " %" PRIu64 "\\n", (uint64_t)(uintptr_t)address, count);
        say(line);
        for (;;)
            wait();
    }
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    uintptr_t address = qemu_plugin_tb_vaddr(block);
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, NO_REGISTERS, (void *)address);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)
        qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_tb_get_insn(block, i), ADD_U64, &count, 1);
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "budget=", 7))
            budget = strtoull(argv[i] + 7, NULL, 10);
        if (!strncmp(argv[i], "near=", 5))
            near = strtoull(argv[i] + 5, NULL, 10);
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
`;

export const budgetPlugin: Plugin = { name: 'budget', source, purpose: 'counts instructions' };
