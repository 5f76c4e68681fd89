/* The root: the squashfs of the medium below, a tmpfs above, and the live system's own init. Places below
 * /run/live are live-boot's. */
#include "init.h"
#include "sys.h"
#include "text.h"

#define MEDIUM  "/run/live/medium"
#define LOWER   "/run/live/rootfs/filesystem.squashfs"
#define OVERLAY "/run/live/overlay"
#define RAM     "/run/live/ram"
#define ROOT    "/root"

static const char file_on_medium[] = MEDIUM "/live/filesystem.squashfs";
static const char file_in_ram[] = RAM "/filesystem.squashfs";

static void mount_or_give_up(const char *from, const char *to, const char *type, unsigned long flags,
                             const char *data)
{
    const long done = sys_mount(from, to, type, flags, data);

    if (done < 0) give_up_with(type == NULL ? "cannot move" : "cannot mount", from, done);
}

/* loop(4), ioctl LOOP_CONFIGURE, since Linux 5.8. */
struct loop_config {
    uint32_t fd, block_size;
    struct {
        uint64_t device, inode, rdevice, offset, sizelimit;
        uint32_t number, encrypt_type, encrypt_key_size, flags;
        char file_name[64], crypt_name[64], encrypt_key[32];
        uint64_t init[2];
    } info;
    uint64_t reserved[8];
};

static void loop_device(const char *file, char *device, size_t capacity)
{
    static struct loop_config config;
    const long control = sys_open("/dev/loop-control", read_write);
    const long number = control < 0 ? control : sys_ioctl(control, 0x4c82 /* LOOP_CTL_GET_FREE */, NULL);
    const long fd = sys_open(file, read_only);

    if (number < 0) give_up_with("no free", "loop device", number);
    if (fd < 0) give_up_with("cannot open", file, fd);
    append(device, capacity, "/dev/loop");
    append_number(device, capacity, (unsigned long)number);
    config.fd = (uint32_t)fd;
    config.info.flags = 1 | 4; /* read-only; freed when it is unmounted */
    append(config.info.file_name, sizeof config.info.file_name, file);
    const long loop = sys_open(device, read_only);
    const long done = loop < 0 ? loop : sys_ioctl(loop, 0x4c0a /* LOOP_CONFIGURE */, &config);
    if (done < 0) give_up_with("cannot set up", device, done);
    sys_close(fd);
    sys_close(control);
    /* The loop device stays open over the mount: closed before, it would be freed. */
}

/* Copies into a tmpfs of its own; the medium may be taken away then. */
static void copy_to_ram(const char *from, uint64_t size)
{
    const long in = sys_open(from, read_only);
    uint64_t done = 0;

    if (in < 0) give_up_with("cannot open", from, in);
    if (size == 0) size = (uint64_t)sys(call_lseek, in, 0, 2, 0, 0);
    sys(call_lseek, in, 0, 0, 0, 0);
    mount_or_give_up("tmpfs", RAM, "tmpfs", mount_nosuid | mount_nodev, "mode=700,size=100%");
    const long out = sys_open(file_in_ram, read_write | create);
    if (out < 0) give_up_with("cannot write", file_in_ram, out);
    while (done < size) {
        const uint64_t left = size - done;
        const long got = sys(call_sendfile, out, in, 0, (long)(left < (1 << 20) ? left : 1 << 20), 0);

        if (got <= 0) give_up_with("toram: cannot copy to memory", from, got);
        done += (uint64_t)got;
    }
    sys_close(in);
    sys_close(out);
}

static void mount_lower(const struct medium *medium)
{
    const char *file = file_on_medium;
    char device[80] = "";

    if (medium->is_partition)
        append(device, sizeof device, medium->device);
    else
        mount_or_give_up(medium->device, MEDIUM, "iso9660", mount_read_only | mount_nosuid | mount_nodev,
                         NULL);
    if (options.to_ram) {
        copy_to_ram(medium->is_partition ? device : file, medium->size);
        if (!medium->is_partition) sys(call_umount, (long)MEDIUM, 0, 0, 0, 0);
        device[0] = '\0';
        file = file_in_ram;
    }
    if (device[0] == '\0') {
        module_load("loop");
        loop_device(file, device, sizeof device);
    }
    mount_or_give_up(device, LOWER, "squashfs", mount_read_only, NULL);
}

static void remove_module(const char *folder, const char *name)
{
    char path[256] = "";

    append(path, sizeof path, folder);
    append(path, sizeof path, "/");
    append(path, sizeof path, name);
    sys(call_unlink, (long)path, 0, 0, 0, 0);
}

/* Frees what the initramfs takes, while it can still be reached. */
static void remove_own_files(void)
{
    each_entry("/lib", remove_module);
    remove_module("", "modules");
    remove_module("", "init");
}

_Noreturn void root_start(const struct medium *medium, char **argv, char **envp)
{
    static const char *const folders[] = {
        "/run/live", MEDIUM, "/run/live/rootfs", LOWER, OVERLAY, RAM, ROOT,
    };
    static const char *const moved[] = {"/run", "/dev", "/proc", "/sys"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) sys_mkdir(folders[i], 0755);
    mount_lower(medium);
    mount_or_give_up("tmpfs", OVERLAY, "tmpfs", 0, "mode=755");
    sys_mkdir(OVERLAY "/rw", 0755);
    sys_mkdir(OVERLAY "/work", 0755);
    mount_or_give_up("overlay", ROOT, "overlay", 0,
                     "lowerdir=" LOWER ",upperdir=" OVERLAY "/rw,workdir=" OVERLAY "/work");
    remove_own_files();
    for (size_t i = 0; i < sizeof moved / sizeof moved[0]; i++) {
        char target[32] = ROOT;

        append(target, sizeof target, moved[i]);
        mount_or_give_up(moved[i], target, NULL, mount_move, NULL);
    }
    sys(call_chdir, (long)ROOT, 0, 0, 0, 0);
    mount_or_give_up(".", "/", NULL, mount_move, NULL);
    sys(call_chroot, (long)".", 0, 0, 0, 0);
    sys(call_chdir, (long)"/", 0, 0, 0, 0);
    argv[0] = options.init;
    const long error = sys(call_execve, (long)options.init, (long)argv, (long)envp, 0, 0);
    give_up_with("cannot start", options.init, error);
}
