/* Making scripts: a slot is used again as soon as it is free, the latest first, so that the slots stay few
 * and warm. */
#define _GNU_SOURCE
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static const uint32_t not_live = UINT32_MAX;

void *script_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("memory for a script");
        exit(70);
    }
    return memory;
}

void script_start(struct script *script, uint32_t room)
{
    *script = (struct script){.room = room};
    script->ops = script_memory((size_t)room * sizeof(*script->ops));
    script->owners = script_memory((size_t)room * sizeof(*script->owners));
    script->free_slots = script_memory((size_t)room * sizeof(*script->free_slots));
    script->bytes_in = script_memory((size_t)room * sizeof(*script->bytes_in));
}

static struct op *add(struct script *script)
{
    if (script->count == script->room) {
        fputs("a script is longer than was said\n", stderr);
        exit(70);
    }
    return &script->ops[script->count++];
}

uint32_t script_alloc(struct script *script, uint64_t bytes)
{
    const uint32_t slot = script->spare > 0 ? script->free_slots[--script->spare] : script->slots++;

    *add(script) = (struct op){.slot = slot, .bytes = (uint32_t)bytes};
    script->owners[script->allocations] = slot;
    script->bytes_in[slot] = (uint32_t)bytes;
    script->live += bytes;
    if (script->live > script->peak_live) script->peak_live = script->live;
    script->pairs++;
    return script->allocations++;
}

bool script_is_live(const struct script *script, uint32_t allocation)
{
    return allocation < script->allocations && script->owners[allocation] != not_live;
}

void script_free(struct script *script, uint32_t allocation)
{
    const uint32_t slot = script->owners[allocation];

    *add(script) = (struct op){.slot = slot};
    script->owners[allocation] = not_live;
    script->live -= script->bytes_in[slot];
    script->free_slots[script->spare++] = slot;
}

void script_end_prelude(struct script *script)
{
    script->prelude = script->count;
    script->pairs = 0;
}

void script_finish(struct script *script)
{
    for (uint32_t i = 0; i < script->allocations; i++)
        if (script_is_live(script, i)) script_free(script, i);
}

/* Xorshift64* (Vigna 2016). */
uint32_t script_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)(*state * 0x2545f4914f6cdd1dull >> 32);
}
