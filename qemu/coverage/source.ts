// A plugin for QEMU's translator that counts how often each instruction was executed. C, compiled on the user's machine.
//
// Each instruction has a counter of its own, raised before it runs: of a block that an exception leaves early only those instructions count that were
// reached, with the one that raised it. (A counter a block is cheaper, and claims the rest of such a block.) The counters lie in a
// file that is mapped shared: it is whole whatever becomes of the guest and of QEMU, SIGKILL included. QEMU adds without a lock: where guest CPUs
// run on several threads, counts of code that they share come out short, though never as none.
import { pluginDeclarations } from '../plugin/declarations.ts';
import type { Plugin } from '../plugin/task.ts';

/** What counts.ts reads: the head, then slots of four words of 64 bits: address, first 8 bytes of code, size, count. */
export const countsMagic = 'SYNCOUNT';
export const countsHeadBytes = 32;
export const countsSlotBytes = 32;

const source = `${pluginDeclarations}
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

/* The file grows by pieces up to MOST slots, 1 GiB; its mapping never moves. */
enum { PIECE = 32768, MOST = 1 << 25, FIRST_TABLE = 1 << 15 };

struct slot {
    uint64_t address;
    uint64_t code;
    uint64_t size;
    uint64_t count;
};

struct head {
    char magic[8];
    uint64_t used;
    uint64_t lost; /* instructions of translated blocks that found no room */
    uint64_t zero;
};

static struct head *head;
static struct slot *slots;
static size_t room;
static int file;

/* Open addressing; holds indexes plus one. */
static uint32_t *table;
static size_t mask;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t place_of(uint64_t address, uint64_t code)
{
    uint64_t mixed = (address ^ code * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    return (mixed >> 20) & mask;
}

static size_t find(uint64_t address, uint64_t code)
{
    size_t at = place_of(address, code);
    while (table[at] && (slots[table[at] - 1].address != address || slots[table[at] - 1].code != code))
        at = (at + 1) & mask;
    return at;
}

static int make_table(size_t size)
{
    uint32_t *fresh = calloc(size, sizeof *fresh);
    if (!fresh)
        return 0;
    free(table);
    table = fresh;
    mask = size - 1;
    for (size_t i = 0; i < head->used; i++)
        table[find(slots[i].address, slots[i].code)] = i + 1;
    return 1;
}

/* Space is taken from the disk before it is written to: a full disk is no SIGBUS. */
static int make_room(void)
{
    off_t wanted = sizeof *head + (room + PIECE) * sizeof *slots;
    if (room + PIECE > MOST || posix_fallocate(file, 0, wanted) != 0)
        return 0;
    room += PIECE;
    return 1;
}

/* The same code at the same address, translated again, goes on with its counter. */
static uint64_t *counter_of(uint64_t address, uint64_t code, size_t size)
{
    size_t at = find(address, code);
    if (table[at])
        return &slots[table[at] - 1].count;
    if (head->used == room && !make_room())
        return NULL;
    if ((head->used + 1) * 2 > mask) {
        if (!make_table((mask + 1) * 2))
            return NULL;
        at = find(address, code);
    }
    struct slot *slot = &slots[head->used];
    slot->address = address;
    slot->code = code;
    slot->size = size;
    table[at] = ++head->used;
    return &slot->count;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *one = qemu_plugin_tb_get_insn(block, i);
        size_t size = qemu_plugin_insn_size(one);
        uint64_t code = 0;
        memcpy(&code, qemu_plugin_insn_data(one), size < sizeof code ? size : sizeof code);
        uint64_t *counter = counter_of(qemu_plugin_insn_vaddr(one), code, size);
        if (counter)
            qemu_plugin_register_vcpu_insn_exec_inline(one, ADD_U64, counter, 1);
        else
            head->lost++;
    }
    pthread_mutex_unlock(&lock);
}

static int open_counts(const char *path)
{
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || posix_fallocate(file, 0, sizeof *head) != 0)
        return 0;
    void *mapped = mmap(NULL, sizeof *head + (size_t)MOST * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED)
        return 0;
    head = mapped;
    slots = (struct slot *)(head + 1);
    memcpy(head->magic, "${countsMagic}", sizeof head->magic);
    return make_table(FIRST_TABLE);
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0 && !open_counts(argv[i] + 4)) {
            fprintf(stderr, "no file for the counts: %s\\n", argv[i] + 4);
            return 1;
        }
    }
    if (!head)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
`;

export const coveragePlugin: Plugin = {
  name: 'coverage',
  source,
  purpose: 'counts executions of each instruction',
};
