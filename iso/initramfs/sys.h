/* System calls of Linux on x86-64, as init needs them. Errors are negative numbers, as the kernel returns
 * them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call {
    call_read = 0,
    call_write = 1,
    call_open = 2,
    call_close = 3,
    call_poll = 7,
    call_lseek = 8,
    call_ioctl = 16,
    call_pread = 17,
    call_dup2 = 33,
    call_nanosleep = 35,
    call_sendfile = 40,
    call_socket = 41,
    call_bind = 49,
    call_setsockopt = 54,
    call_execve = 59,
    call_chdir = 80,
    call_mkdir = 83,
    call_unlink = 87,
    call_chroot = 161,
    call_mount = 165,
    call_umount = 166,
    call_reboot = 169,
    call_getdents64 = 217,
    call_clock_gettime = 228,
    call_finit_module = 313,
};

static inline long sys(enum call number, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((long)number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

enum {
    read_only = 0,
    read_write = 2,
    write_only = 1,
    create = 0100,
    directory = 0200000,
    non_blocking = 04000
};
enum { mount_read_only = 1, mount_nosuid = 2, mount_nodev = 4, mount_noexec = 8, mount_move = 8192 };

static inline long sys_open(const char *path, int flags)
{
    return sys(call_open, (long)path, flags | 02000000 /* O_CLOEXEC */, 0600, 0, 0);
}

static inline void sys_close(long fd)
{
    sys(call_close, fd, 0, 0, 0, 0);
}

static inline long sys_read(long fd, void *to, size_t size)
{
    return sys(call_read, fd, (long)to, (long)size, 0, 0);
}

static inline long sys_pread(long fd, void *to, size_t size, uint64_t at)
{
    return sys(call_pread, fd, (long)to, (long)size, (long)at, 0);
}

static inline long sys_write(long fd, const void *from, size_t size)
{
    return sys(call_write, fd, (long)from, (long)size, 0, 0);
}

static inline long sys_ioctl(long fd, unsigned long request, const void *argument)
{
    return sys(call_ioctl, fd, (long)request, (long)argument, 0, 0);
}

static inline long sys_mount(const char *from, const char *to, const char *type, unsigned long flags,
                             const char *data)
{
    return sys(call_mount, (long)from, (long)to, (long)type, (long)flags, (long)data);
}

static inline long sys_mkdir(const char *path, int mode)
{
    return sys(call_mkdir, (long)path, mode, 0, 0, 0);
}

struct poll_entry {
    int fd;
    short events, got;
};

static inline long sys_poll(struct poll_entry *entries, long count, long milliseconds)
{
    return sys(call_poll, (long)entries, count, milliseconds, 0, 0);
}

/* Since the machine started. */
static inline long now_ms(void)
{
    long time[2] = {0, 0};

    sys(call_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)time, 0, 0, 0);
    return time[0] * 1000 + time[1] / 1000000;
}
