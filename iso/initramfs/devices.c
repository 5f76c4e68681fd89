/* Devices: those that are there when init starts, and those that the kernel tells of later. */
#include "init.h"
#include "sys.h"
#include "text.h"

static long events = -1;

static void join(char *path, size_t capacity, const char *folder, const char *name)
{
    append(path, capacity, folder);
    append(path, capacity, "/");
    append(path, capacity, name);
}

static void one_device(const char *folder, const char *name)
{
    char path[256] = "";
    char alias[512];
    char line[512];

    join(path, sizeof path, folder, name);
    append(path, sizeof path, "/modalias");
    if (read_file(path, alias, sizeof alias) <= 0) return;
    copy_line(line, sizeof line, alias);
    modules_for(line);
}

static void one_bus(const char *folder, const char *name)
{
    char path[256] = "";

    join(path, sizeof path, folder, name);
    append(path, sizeof path, "/devices");
    each_entry(path, one_device);
}

void devices_start(void)
{
    /* netlink(7): what the kernel tells of its devices, and only the kernel. */
    struct {
        uint16_t family, pad;
        uint32_t port, groups;
    } const address = {.family = 16, .groups = 1};
    const int room = 4 << 20;

    events = sys(call_socket, 16, 2 | 02000000 | non_blocking, 15 /* NETLINK_KOBJECT_UEVENT */, 0, 0);
    if (events >= 0) {
        sys(call_setsockopt, events, 1, 33 /* SO_RCVBUFFORCE */, (long)&room, sizeof room);
        sys(call_bind, events, (long)&address, sizeof address, 0, 0);
    }
    each_entry("/sys/bus", one_bus);
}

void devices_wait(long milliseconds)
{
    static char message[8192];
    struct poll_entry entry = {.fd = (int)events, .events = 1};

    if (sys_poll(&entry, 1, milliseconds) <= 0) return;
    for (;;) {
        const long got = sys_read(events, message, sizeof message - 1);
        char alias[512];

        if (got == -105 /* ENOBUFS: some were lost */) each_entry("/sys/bus", one_bus);
        if (got <= 0) return;
        message[got] = '\0';
        const char *found = field_of(message, (size_t)got, "MODALIAS");
        const char *action = field_of(message, (size_t)got, "ACTION");
        if (found == NULL || action == NULL || !equal(action, "add")) continue;
        copy_line(alias, sizeof alias, found);
        modules_for(alias);
    }
}
