// A plugin for QEMU's translator (plugin interface 1, QEMU 6.0 to 8.2) that counts a guest's instructions by call stack. C, compiled on
// the user's machine; QEMU's header is declared by hand, because Debian ships none.
//
// Each instruction adds one to a counter, in translated code; each block tells where it begins. What a block's last instruction is says
// where control may go from there. A call remembers where on the stack it left its return address, and a return takes back the frame whose
// place it read: so that a longjmp, another thread's stack or a return address that was changed cannot lead it astray. Whatever begins
// where nothing led to is an interrupt or an exception.
import type { Plugin } from '../plugin/task.ts';
import { decodeSource } from './source-decode.ts';
import { flowSource } from './source-flow.ts';
import { imageSource } from './source-image.ts';
import { mainSource } from './source-main.ts';
import { stacksSource } from './source-stacks.ts';
import { treeSource } from './source-tree.ts';

const apiSource = `
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*udata_cb)(unsigned int cpu, void *data);
typedef void (*mem_cb)(unsigned int cpu, uint32_t info, uint64_t address, void *data);
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, udata_cb, int flags, void *data);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int op, void *at, uint64_t);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, mem_cb, int flags, int rw, void *data);
extern bool qemu_plugin_mem_is_store(uint32_t info);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

/* QEMU 7 mixes up which accesses are asked for: ask for all, and look. */
enum { NO_REGISTERS = 0, ADD_U64 = 0, READS_AND_WRITES = 3 };

static void *room_for(void *old, size_t count, size_t bytes)
{
    void *room = realloc(old, count * bytes);

    if (room == NULL) {
        fprintf(stderr, "no memory left for the profile\\n");
        _exit(1);
    }
    return room;
}
`;

const source = [apiSource, treeSource, imageSource, decodeSource, stacksSource, flowSource, mainSource].join(
  '\n',
);

export const profilePlugin: Plugin = {
  name: 'profile',
  source,
  purpose: 'counts instructions by call stack',
};
