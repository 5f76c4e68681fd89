/* The heap's bins: free runs by length, found in constant time. */
#include "heap_run.h"

enum { LOOKS = 4 }; /* runs to try in the request's own bin, whose runs may be a little too short */

unsigned heap_bin(uint32_t units) {
    if (units < 2 << HEAP_SPLIT_SHIFT) return units;
    const unsigned top = 31 - (unsigned)__builtin_clz(units);
    const unsigned shift = top - HEAP_SPLIT_SHIFT;

    return (shift << HEAP_SPLIT_SHIFT) + (units >> shift);
}

void heap_bin_insert(uint32_t start) {
    struct heap_run *table = heap_table();
    const unsigned bin = heap_bin(table[start].units);
    const uint32_t next = heap.bins[bin];

    table[start].next = (int32_t)next;
    table[start].previous = 0;
    if (next != 0) table[next].previous = (int32_t)start;
    heap.bins[bin] = start;
    heap.occupied[bin / 64] |= 1ull << (bin % 64);
}

void heap_bin_remove(uint32_t start) {
    struct heap_run *table = heap_table();
    const unsigned bin = heap_bin(table[start].units);
    const int32_t next = table[start].next, previous = table[start].previous;

    if (next != 0) table[next].previous = previous;
    if (previous != 0)
        table[previous].next = next;
    else
        heap.bins[bin] = (uint32_t)next;
    if (heap.bins[bin] == 0) heap.occupied[bin / 64] &= ~(1ull << (bin % 64));
}

static uint32_t first_above(unsigned bin) {
    uint64_t word = bin % 64 == 63 ? 0 : heap.occupied[bin / 64] & ~0ull << (bin % 64 + 1);

    for (unsigned at = bin / 64;;) {
        if (word != 0) return heap.bins[at * 64 + (unsigned)__builtin_ctzll(word)];
        if (++at == sizeof(heap.occupied) / sizeof(*heap.occupied)) return 0;
        word = heap.occupied[at];
    }
}

/*
 * A good fit: the shortest of the first few in the request's own bin that is long enough, else any run from
 * the next bin that is not empty, all of whose runs are. Looking at a few keeps the cost bounded and finds
 * most of what a full search would.
 */
uint32_t heap_bin_find(uint32_t units) {
    const struct heap_run *table = heap_table();
    const unsigned bin = heap_bin(units);
    uint32_t best = 0, run = heap.bins[bin];

    for (unsigned looks = LOOKS; run != 0 && looks > 0; looks--) {
        if (table[run].units == units) return run;
        if (table[run].units > units && (best == 0 || table[run].units < table[best].units)) best = run;
        run = (uint32_t)table[run].next;
    }
    return best != 0 ? best : first_above(bin);
}
