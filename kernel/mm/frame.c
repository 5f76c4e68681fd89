/*
 * Frame allocator: three bits a frame, next-fit search a word at a time.
 *
 *     ram    the frame may be handed out at all: RAM, and not reserved at the start
 *     taken  the frame is handed out now, or is not ram
 *     head   an allocation starts here
 *
 * An allocation is a head and the taken frames behind it that are no heads, which makes its exact size known
 * without a word of its own: a free of a wrong size, a second one, or one in the middle is seen. What is not
 * ram is a head too, frame by frame, so that no allocation seems to reach into it.
 *
 * Invariants (frame_check):  head => taken    not ram => taken and head    frames not taken = free
 * lowest_free <= free <= total
 */
#include <synos/frame.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/spinlock.h>
#include <synos/string.h>
#include <synos/vm.h>

enum { WORD_BITS = 64 };

static uint64_t *ram, *taken, *head; /* one bit a frame, in the direct map */
static size_t frames;                /* bits in each map; a multiple of WORD_BITS */
static size_t cursor;                /* where the next search starts; a hint, never wrong */
static struct frame_stats state;
static struct spinlock lock; /* of all of the above, once frame_init is over */

static bool bit(const uint64_t *map, size_t frame)
{
    return map[frame / WORD_BITS] >> (frame % WORD_BITS) & 1;
}

/* Sets or clears the bits of [from, end), whole words at once where it can. */
static void fill(uint64_t *map, size_t from, size_t end, bool value)
{
    while (from < end) {
        const size_t shift = from % WORD_BITS;
        const size_t count = end - from < WORD_BITS - shift ? end - from : WORD_BITS - shift;
        const uint64_t mask = (~0ull >> (WORD_BITS - count)) << shift;

        if (value)
            map[from / WORD_BITS] |= mask;
        else
            map[from / WORD_BITS] &= ~mask;
        from += count;
    }
}

/* First frame in [from, end) whose taken bit is `wanted`, or end. */
static size_t find(size_t from, size_t end, bool wanted)
{
    while (from < end) {
        uint64_t word = wanted ? taken[from / WORD_BITS] : ~taken[from / WORD_BITS];

        word >>= from % WORD_BITS;
        if (word != 0) {
            from += (size_t)__builtin_ctzll(word);
            return from < end ? from : end;
        }
        from += WORD_BITS - from % WORD_BITS;
    }
    return end;
}

/* First frame of a free run of `pages` in [from, end), or end. */
static size_t find_run(size_t from, size_t end, size_t pages)
{
    for (;;) {
        const size_t start = find(from, end, false);

        if (start == end || pages > end - start) return end;
        from = find(start, start + pages, true);
        if (from == start + pages) return start;
    }
}

static uint64_t take_run(size_t pages)
{
    if (pages == 0 || pages > state.free) return 0;
    size_t start = find_run(cursor, frames, pages);
    if (start == frames) start = find_run(0, frames, pages);
    if (start == frames) return 0;

    fill(head, start, start + 1, true);
    fill(taken, start, start + pages, true);
    cursor = start + pages < frames ? start + pages : 0;
    state.free -= pages;
    if (state.free < state.lowest_free) state.lowest_free = state.free;
    return (uint64_t)start << PAGE_SHIFT;
}

uint64_t frame_alloc(size_t pages)
{
    const uint64_t flags = spin_lock(&lock);
    const uint64_t phys = take_run(pages);

    spin_unlock(&lock, flags);
    return phys;
}

/* Whether an allocation of exactly `pages` starts at `start`. */
static bool is_run(size_t start, size_t pages)
{
    if (pages == 0 || start >= frames || pages > frames - start || !bit(ram, start) || !bit(head, start))
        return false;
    for (size_t frame = start + 1; frame < start + pages; frame++)
        if (!bit(taken, frame) || bit(head, frame)) return false;
    const size_t next = start + pages;
    return next == frames || !bit(taken, next) || bit(head, next);
}

static bool give_back_run(size_t start, size_t pages)
{
    if (!is_run(start, pages)) return false;
    fill(head, start, start + 1, false);
    fill(taken, start, start + pages, false);
    if (start < cursor) cursor = start;
    state.free += pages;
    return true;
}

void frame_free(uint64_t phys, size_t pages)
{
    const uint64_t flags = spin_lock(&lock);
    const bool known = phys % PAGE_SIZE == 0 && give_back_run(phys >> PAGE_SHIFT, pages);

    spin_unlock(&lock, flags);
    if (!known)
        panic("bad free of %zu frames at physical %#llx: no such allocation", pages,
              (unsigned long long)phys);
}

size_t frame_available(void)
{
    return __atomic_load_n(&state.free, __ATOMIC_RELAXED);
}

/* A reserved range takes every frame that it touches; RAM gives only frames that it covers whole. */
static void reserve(uint64_t base, uint64_t length)
{
    const size_t from = base >> PAGE_SHIFT, end = (base + length + PAGE_SIZE - 1) >> PAGE_SHIFT;

    fill(ram, from, end < frames ? end : frames, false);
}

static void offer(uint64_t base, uint64_t length)
{
    fill(ram, (base + PAGE_SIZE - 1) >> PAGE_SHIFT, (base + length) >> PAGE_SHIFT, true);
}

static bool overlaps(uint64_t base, uint64_t length, const struct mem_region *other)
{
    return base < other->base + other->length && other->base < base + length;
}

/* Moves `base` up until [base, base + length) touches no reserved range; the result may lie outside of every
 * region. */
static uint64_t clear_of(uint64_t base, uint64_t length, const struct mem_region *reserved, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (reserved[i].length > 0 && overlaps(base, length, &reserved[i])) {
            base = (reserved[i].base + reserved[i].length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
            i = (size_t)-1; /* moved: look at all of them again */
        }
    return base;
}

static uint64_t place_bitmaps(uint64_t bytes, const struct mem_region *map, size_t map_count,
                              const struct mem_region *reserved, size_t reserved_count)
{
    for (size_t i = 0; i < map_count; i++) {
        uint64_t base = (map[i].base + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

        if (map[i].type != MEM_RAM) continue;
        base = clear_of(base < PAGE_SIZE ? PAGE_SIZE : base, bytes, reserved, reserved_count);
        if (base + bytes <= map[i].base + map[i].length) return base;
    }
    panic("no run of RAM can hold the frame bitmaps (%llu bytes)", (unsigned long long)bytes);
}

/* Bits set in a word, by sums of ever wider fields: the compiler may not use POPCNT, which not every x86-64
 * has. */
static size_t count_bits(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555;
    word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return word * 0x0101010101010101 >> 56;
}

static size_t count_zero(const uint64_t *map)
{
    size_t count = 0;

    for (size_t word = 0; word < frames / WORD_BITS; word++) count += count_bits(~map[word]);
    return count;
}

/* One past the last frame of RAM, rounded up to whole words. */
static size_t count_frames(const struct mem_region *map, size_t count)
{
    uint64_t top = 0;

    for (size_t i = 0; i < count; i++)
        if (map[i].type == MEM_RAM && map[i].base + map[i].length > top) top = map[i].base + map[i].length;
    return ((top >> PAGE_SHIFT) + WORD_BITS - 1) / WORD_BITS * WORD_BITS;
}

void frame_init(const struct mem_region *map, size_t map_count, const struct mem_region *reserved,
                size_t reserved_count)
{
    frames = count_frames(map, map_count);
    const size_t words = frames / WORD_BITS, bytes = 3 * words * sizeof(*ram);
    const uint64_t own = place_bitmaps(bytes, map, map_count, reserved, reserved_count);

    ram = phys_to_virt(own);
    taken = ram + words;
    head = taken + words;
    memset(ram, 0, words * sizeof(*ram));
    for (size_t i = 0; i < map_count; i++)
        if (map[i].type == MEM_RAM) offer(map[i].base, map[i].length);
    for (size_t i = 0; i < map_count; i++)
        if (map[i].type != MEM_RAM) reserve(map[i].base, map[i].length);
    for (size_t i = 0; i < reserved_count; i++) reserve(reserved[i].base, reserved[i].length);
    reserve(own, bytes);
    reserve(0, PAGE_SIZE);

    for (size_t word = 0; word < words; word++) taken[word] = head[word] = ~ram[word];
    cursor = 0;
    state.total = state.free = state.lowest_free = count_zero(taken);
}

static size_t longest_run(void)
{
    size_t longest = 0;

    for (size_t start = find(0, frames, false); start < frames;) {
        const size_t end = find(start, frames, true);

        if (end - start > longest) longest = end - start;
        start = find(end, frames, false);
    }
    return longest;
}

void frame_stats(struct frame_stats *stats)
{
    const uint64_t flags = spin_lock(&lock);

    *stats = state;
    stats->largest_free = longest_run();
    spin_unlock(&lock, flags);
}

static const char *check(void)
{
    for (size_t word = 0; word < frames / WORD_BITS; word++) {
        if (head[word] & ~taken[word]) return "a free frame is the head of an allocation";
        if (~ram[word] & ~(taken[word] & head[word]))
            return "a frame that is not RAM is free or belongs to an allocation";
    }
    if (count_zero(taken) != state.free) return "the number of free frames differs from the bitmap";
    if (state.free > state.total || state.lowest_free > state.free)
        return "more frames are free than there are";
    return NULL;
}

const char *frame_check(void)
{
    const uint64_t flags = spin_lock(&lock);
    const char *broken = check();

    spin_unlock(&lock, flags);
    return broken;
}
