/* Live blocks added up by who allocated them. */
#include <synos/heap.h>
#include <synos/leak.h>
#include <synos/profile.h>
#include "pool_debug.h"
#include "pool_private.h"

struct tally {
    struct leak_site *sites;
    size_t count;
};

static void add(struct tally *tally, const void *owner, size_t bytes)
{
    size_t at = 0;

    while (at < tally->count && tally->sites[at].owner != owner) at++;
    if (at == tally->count) {
        if (tally->count < LEAK_SITES)
            tally->sites[tally->count++] = (struct leak_site){.owner = owner};
        else
            tally->sites[--at].owner = NULL;
    }
    tally->sites[at].blocks++;
    tally->sites[at].bytes += bytes;
}

static void add_class(struct tally *tally, unsigned class)
{
    for (size_t index = 0; index < POOL_CAPACITY; index++) {
        const char *object = pool_class_base(class) + index * pool_bytes(class);

        if (pool_usable(object) != 0) add(tally, pool_owner(object), pool_bytes(class));
    }
}

static void add_block(const struct heap_block *block, void *tally)
{
    add(tally, block->owner, block->bytes);
}

static void sort_by_bytes(struct tally *tally)
{
    for (size_t i = 1; i < tally->count; i++) {
        const struct leak_site moving = tally->sites[i];
        size_t at = i;

        for (; at > 0 && tally->sites[at - 1].bytes < moving.bytes; at--)
            tally->sites[at] = tally->sites[at - 1];
        tally->sites[at] = moving;
    }
}

size_t leak_sites(struct leak_site sites[LEAK_SITES])
{
    struct tally tally = {sites, 0};

    if (!SYNOS_DEBUG) return 0;
    for (unsigned class = 0; class < POOL_CLASSES; class ++) add_class(&tally, class);
    heap_each_live(add_block, &tally);
    sort_by_bytes(&tally);
    return tally.count;
}
