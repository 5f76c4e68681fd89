/* Memory behind the pools: committed slab by slab as objects are needed, given back where a whole slab is
 * free. */
#include <synos/errors.h>
#include <synos/frame.h>
#include <synos/panic.h>
#include <synos/profile.h>
#include <synos/string.h>
#include <synos/vm.h>
#include "commit.h"
#include "pool_debug.h"
#include "pool_private.h"

enum { UNMAP_PAGES = 64 };

static void map_own_page(char *at)
{
    const uint64_t phys = frame_alloc(1);

    if (phys == 0 || vm_map(at, phys, 1, VM_READ | VM_WRITE) != 0)
        panic("no memory for the pools' state table");
    memset(at, 0, PAGE_SIZE);
}

/* States of granules that no object can have (a class fills its window only where 1024 objects do) are one
 * shared page of zeros, read only: a wild free there reads `never carved` instead of faulting. */
static void map_states(uint64_t zeros)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        char *states = (char *)pool_states() + pool_granule(pool_class_base(class));
        const size_t used = POOL_CAPACITY << class;

        for (size_t at = 0; at < POOL_GRANULES / POOL_CLASSES; at += PAGE_SIZE) {
            if (at < used)
                map_own_page(states + at);
            else if (vm_map(states + at, zeros, 1, VM_READ) != 0)
                panic("no memory for the pools' state table");
        }
    }
}

void pool_init(void)
{
    const uint64_t zeros = frame_alloc(1);

    if (zeros == 0) panic("no frame for the pools' state table");
    memset(phys_to_virt(zeros), 0, PAGE_SIZE);
    map_states(zeros);
    if (SYNOS_DEBUG) pool_owners_init();
    pool_start_cpu(1);
}

/* Many at once: for each unmapping all CPUs flush their TLBs. */
static void unmap_pages(char *from, char *end)
{
    uint64_t phys[UNMAP_PAGES];

    while (from < end) {
        const size_t left = (size_t)(end - from) / PAGE_SIZE, pages = left < UNMAP_PAGES ? left : UNMAP_PAGES;

        for (size_t i = 0; i < pages; i++) phys[i] = vm_frame(from + i * PAGE_SIZE);
        vm_unmap(from, pages);
        for (size_t i = 0; i < pages; i++) uncommit_frame(phys[i]);
        from += pages * PAGE_SIZE;
    }
}

static bool map_pages(char *from, char *end)
{
    for (char *at = from; at < end; at += PAGE_SIZE) {
        const uint64_t phys = commit_frame();

        if (phys != 0 && vm_map(at, phys, 1, VM_READ | VM_WRITE) == 0) continue;
        if (phys != 0) uncommit_frame(phys);
        unmap_pages(from, at);
        return false;
    }
    return true;
}

static char *slab_base(unsigned class, unsigned slab)
{
    return pool_class_base(class) + slab * pool_slab_bytes(class);
}

/* First slab without memory, or the number of slabs. */
static unsigned first_absent(const struct pool_depot *depot, unsigned slabs)
{
    for (unsigned word = 0; word * 64 < slabs; word++)
        if (~depot->present[word] != 0) {
            const unsigned slab = word * 64 + (unsigned)__builtin_ctzll(~depot->present[word]);

            return slab < slabs ? slab : slabs;
        }
    return slabs;
}

/* Marks the objects of a slab in the state table; the newest entry of the depot is the one that lies lowest.
 */
static void add_objects(struct pool_depot *depot, unsigned class, char *base)
{
    const unsigned objects = pool_slab_objects(class);

    for (unsigned i = objects; i-- > 0;) {
        char *object = base + i * pool_bytes(class);

        pool_states()[pool_granule(object)] = POOL_FREE;
        if (SYNOS_DEBUG) pool_poison(object, pool_bytes(class));
        depot->stack[depot->count++] = (uint32_t)(uintptr_t)object;
    }
    depot->carved += objects;
    depot->ever_carved += objects;
}

bool pool_carve(unsigned class)
{
    struct pool_depot *depot = &pool_depots[class];
    const unsigned slabs = pool_slab_count(class), slab = first_absent(depot, slabs);
    char *base = slab_base(class, slab);

    if (slab == slabs || !map_pages(base, base + pool_slab_bytes(class))) return false;
    depot->present[slab / 64] |= 1ull << (slab % 64);
    add_objects(depot, class, base);
    return true;
}

/* An object that two CPUs freed at once stands in the lists twice. Drops from the locked depot what is there
 * a second time or is live again by now, and sets the objects' bits in `copies`: counted with the others they
 * would make a slab seem free that is not. */
static void drop_copies(unsigned class, uint64_t *copies)
{
    struct pool_depot *depot = &pool_depots[class];
    uint64_t seen[POOL_CAPACITY / 64] = {0};
    uint32_t kept = 0;

    for (uint32_t i = 0; i < depot->count; i++) {
        const char *object = pool_object(depot->stack[i]);
        const size_t index = (size_t)(object - pool_class_base(class)) / pool_bytes(class);
        const uint64_t bit = 1ull << (index % 64);

        if (seen[index / 64] & bit || pool_states()[pool_granule(object)] != POOL_FREE) {
            copies[index / 64] |= bit;
            continue;
        }
        seen[index / 64] |= bit;
        depot->stack[kept++] = depot->stack[i];
    }
    depot->count = kept;
}

static void report_copies(unsigned class, const uint64_t *copies)
{
    for (size_t index = 0; index < POOL_CAPACITY; index++)
        if (copies[index / 64] >> (index % 64) & 1)
            pool_report(MISUSE_DOUBLE_FREE, pool_class_base(class) + index * pool_bytes(class));
}

static unsigned slab_of(unsigned class, uint32_t entry)
{
    return (unsigned)((size_t)(pool_object(entry) - pool_class_base(class)) / pool_slab_bytes(class));
}

/* Takes the objects of wholly free slabs out of the locked depot and marks them as gone; sets the slabs' bits
 * in `leaving`. */
static void collect_free_slabs(unsigned class, uint64_t *leaving)
{
    struct pool_depot *depot = &pool_depots[class];
    unsigned char in_depot[POOL_SLABS] = {0};
    uint32_t kept = 0;

    for (uint32_t i = 0; i < depot->count; i++) in_depot[slab_of(class, depot->stack[i])]++;
    for (uint32_t i = 0; i < depot->count; i++) {
        const uint32_t entry = depot->stack[i];
        const unsigned slab = slab_of(class, entry);

        if (in_depot[slab] < pool_slab_objects(class)) {
            depot->stack[kept++] = entry;
            continue;
        }
        leaving[slab / 64] |= 1ull << (slab % 64);
        pool_states()[pool_granule(pool_object(entry))] = POOL_GONE;
    }
    depot->carved -= depot->count - kept;
    depot->count = kept;
}

/* Unmaps the slabs [first, end), and marks their objects as gone once more, after all CPUs have flushed their
 * TLBs: a second free of an object that saw it live, before, has marked it as free by now, and what it put
 * into a cache must not go out. Returns how many bytes. */
static size_t give_back(unsigned class, unsigned first, unsigned end)
{
    char *from = slab_base(class, first), *to = slab_base(class, end);

    unmap_pages(from, to);
    for (char *object = from; object < to; object += pool_bytes(class))
        pool_states()[pool_granule(object)] = POOL_GONE;
    return (size_t)(to - from);
}

/* The lock is not held while pages are unmapped: other CPUs must answer to that, and one that waits for the
 * lock could not. Until the bits are cleared nobody carves there. */
static size_t trim_class(unsigned class)
{
    struct pool_depot *depot = &pool_depots[class];
    uint64_t leaving[POOL_SLABS / 64] = {0}, copies[POOL_CAPACITY / 64] = {0};
    size_t bytes = 0;
    uint64_t flags = spin_lock(&depot->lock);

    drop_copies(class, copies);
    collect_free_slabs(class, leaving);
    spin_unlock(&depot->lock, flags);
    for (unsigned slab = 0, slabs = pool_slab_count(class); slab < slabs; slab++) {
        const unsigned first = slab;

        while (slab < slabs && leaving[slab / 64] >> (slab % 64) & 1) slab++;
        bytes += give_back(class, first, slab);
    }
    flags = spin_lock(&depot->lock);
    for (unsigned word = 0; word < POOL_SLABS / 64; word++) depot->present[word] &= ~leaving[word];
    spin_unlock(&depot->lock, flags);
    report_copies(class, copies);
    return bytes;
}

size_t pool_trim(void)
{
    size_t bytes = 0;

    pool_drain_all_cpus();
    for (unsigned class = 0; class < POOL_CLASSES; class ++) bytes += trim_class(class);
    return bytes;
}
