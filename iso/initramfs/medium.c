/* The medium: an ISO 9660 file system of this image, or a partition with its squashfs. Known by the id that
 * the boot menu hands over. */
#include "init.h"
#include "sys.h"
#include "text.h"

enum { seen_most = 32, label_bytes = 32, set_bytes = 128 };

enum kind { no_medium, unknown, other_label, other_image, ours };

static struct seen {
    char name[64];
    char label[label_bytes + 1];
    enum kind kind;
} seen[seen_most];
static long seen_count;

static struct medium *wanted;
static bool found;

/* ECMA-119 8.4: the primary volume descriptor, in the 16th sector. */
static enum kind look_at_volume(long fd, char *label)
{
    static char sector[2048];
    char set[set_bytes + 1] = "";
    char expected[64] = "SYNOS ";

    if (sys_pread(fd, sector, sizeof sector, 16 * sizeof sector) != sizeof sector) return no_medium;
    if (!starts_with(sector, "\001CD001\001")) return unknown;
    append_visible(label, label_bytes + 1, sector + 40, label_bytes);
    append_visible(set, sizeof set, sector + 190, set_bytes);
    append(expected, sizeof expected, options.id);
    if (options.label[0] != '\0' && !equal(label, options.label)) return other_label;
    return equal(set, expected) ? ours : other_image;
}

static bool is_ours_by_name(const char *name)
{
    char path[128] = "/sys/class/block/";
    char expected[64] = "synos-live-";
    static char text[2048];
    char line[64];

    append(path, sizeof path, name);
    append(path, sizeof path, "/uevent");
    const long size = read_file(path, text, sizeof text);
    const char *title = size > 0 ? field_of(text, (size_t)size, "PARTNAME") : NULL;
    if (title == NULL) return false;
    copy_line(line, sizeof line, title);
    append(expected, sizeof expected, options.id);
    return equal(line, expected);
}

/* Squashfs 4.0's superblock: the magic at 0, the bytes that it takes at 40. */
static uint64_t squashfs_size(long fd)
{
    uint64_t words[12];

    if (sys_pread(fd, words, sizeof words, 0) != sizeof words) return 0;
    return (uint32_t)words[0] == 0x73717368 ? words[5] : 0;
}

static void note(const char *name, enum kind kind, const char *label)
{
    long i = 0;

    while (i < seen_count && !equal(seen[i].name, name)) i++;
    if (i == seen_most) return;
    if (i == seen_count) seen_count++;
    seen[i] = (struct seen){.kind = kind};
    append(seen[i].name, sizeof seen[i].name, name);
    append(seen[i].label, sizeof seen[i].label, label);
}

static void one_block(const char *folder, const char *name)
{
    char path[80] = "/dev/";
    char label[label_bytes + 1] = "";
    enum kind kind = no_medium;
    uint64_t size = 0;

    (void)folder;
    if (found || starts_with(name, "loop") || starts_with(name, "ram")) return;
    append(path, sizeof path, name);
    if (options.medium[0] != '\0' && !equal(options.medium, path)) return;
    const bool partition = is_ours_by_name(name);
    /* Not without waiting: that opens a drive without a medium, too. */
    const long fd = sys_open(path, read_only);
    if (fd >= 0) {
        if (partition) size = squashfs_size(fd);
        kind = size > 0 ? ours : look_at_volume(fd, label);
        sys_close(fd);
    }
    note(name, kind, label);
    if (kind != ours) return;
    found = true;
    *wanted = (struct medium){.size = size, .is_partition = size > 0};
    append(wanted->device, sizeof wanted->device, path);
}

bool medium_find(struct medium *medium)
{
    wanted = medium;
    each_entry("/sys/class/block", one_block);
    return found;
}

void medium_seen(char *to, size_t capacity)
{
    static const char *const texts[] = {
        [no_medium] = "no medium, or nothing to read",
        [unknown] = "not an ISO 9660 file system, nor this image's partition",
        [other_label] = "a CD with another label",
        [other_image] = "a CD with this label, but of another image",
    };

    if (seen_count == 0) append(to, capacity, "  no block device at all\r\n");
    for (long i = 0; i < seen_count; i++) {
        append(to, capacity, "  /dev/");
        append(to, capacity, seen[i].name);
        append(to, capacity, ": ");
        append(to, capacity, texts[seen[i].kind]);
        if (seen[i].label[0] != '\0') {
            append(to, capacity, ": ");
            append(to, capacity, seen[i].label);
        }
        append(to, capacity, "\r\n");
    }
}
