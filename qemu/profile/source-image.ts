// What the plugin knows of the kernel's file: which addresses are whose. The host writes it down beside the ELF file (layout.ts).

/** Functions that are none of the kernel's: what ran before it, and all other code that is not in its file. */
export const beforeKey = 1;
export const outsideKey = 2;

export const imageSource = `
enum { UNKNOWN = 0, BEFORE = ${beforeKey}, OUTSIDE = ${outsideKey} };

struct segment {
    uint64_t address, bytes, offset, physical;
};
struct range {
    uint64_t start, end, function; /* the function by its first address */
};

static struct segment *segments;
static struct range *ranges;
static size_t segment_count, range_count;
static int image = -1;
static bool kernel_runs; /* until then, what lies at its addresses is firmware or a loader */

static bool read_image(const char *path, const char *file)
{
    FILE *list = fopen(path, "r");
    struct segment s;
    struct range r;
    char kind;

    if (list == NULL) return false;
    image = open(file, O_RDONLY | O_CLOEXEC);
    while (fscanf(list, " %c", &kind) == 1) {
        if (kind == 's' && fscanf(list, "%" SCNx64 "%" SCNx64 "%" SCNx64 "%" SCNx64, &s.address, &s.bytes, &s.offset, &s.physical) == 4) {
            segments = room_for(segments, segment_count + 1, sizeof(s));
            segments[segment_count++] = s;
        } else if (kind == 'f' && fscanf(list, "%" SCNx64 "%" SCNx64 "%" SCNx64, &r.start, &r.end, &r.function) == 3) {
            if ((range_count & (range_count - 1)) == 0) ranges = room_for(ranges, range_count ? 2 * range_count : 1, sizeof(r));
            ranges[range_count++] = r;
        } else {
            break;
        }
    }
    fclose(list);
    return true;
}

/* Whether the code that is run is the file's. */
static bool is_ours(const struct segment *segment, uint64_t offset, const uint8_t *code, size_t bytes)
{
    uint8_t there[256];

    if (bytes > segment->bytes - offset || bytes > sizeof(there)) return false;
    return pread(image, there, bytes, (off_t)(segment->offset + offset)) == (ssize_t)bytes && memcmp(there, code, bytes) == 0;
}

/* Where it was linked; 0 outside of the file. Before there are page tables, code runs where it was loaded. */
static uint64_t linked_at(uint64_t address, const uint8_t *code, size_t bytes)
{
    for (const struct segment *s = segments; s < segments + segment_count; s++) {
        uint64_t offset = address - s->address;

        if (offset < s->bytes) {
            if (!kernel_runs && bytes >= 4) kernel_runs = is_ours(s, offset, code, bytes);
            return kernel_runs ? address : 0;
        }
    }
    for (const struct segment *s = segments; s < segments + segment_count; s++) {
        uint64_t offset = address - s->physical;

        if (offset >= s->bytes || bytes < 4 || !is_ours(s, offset, code, bytes)) continue;
        kernel_runs = true;
        return s->address + offset;
    }
    return 0;
}

/* The function that a block is in; UNKNOWN where only the address that it was entered at can name it. */
static uint64_t function_of(uint64_t address, const uint8_t *code, size_t bytes, bool *starts)
{
    size_t low = 0, high = range_count;

    *starts = false;
    if (segment_count == 0) return UNKNOWN;
    if ((address = linked_at(address, code, bytes)) == 0) return kernel_runs ? OUTSIDE : BEFORE;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (ranges[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == range_count || ranges[low].start > address) return UNKNOWN;
    *starts = ranges[low].start == address;
    return ranges[low].function;
}

static bool is_outside(uint64_t function)
{
    return function == BEFORE || function == OUTSIDE;
}
`;
