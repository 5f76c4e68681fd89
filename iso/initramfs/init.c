/* The first process: finds the medium that it was started from, and hands over to the live system's own init.
 */
#include "init.h"
#include "sys.h"
#include "text.h"

static _Noreturn void not_found(void)
{
    static char text[4096] = "No medium with the label ";

    append(text, sizeof text, options.label);
    append(text, sizeof text, " and the id ");
    append(text, sizeof text, options.id);
    append(text, sizeof text, " came within ");
    append_number(text, sizeof text, (unsigned long)options.wait_ms / 1000);
    append(text, sizeof text, " s (synos.wait=SECONDS waits longer). What is there:\r\n");
    medium_seen(text, sizeof text);
    give_up(text);
}

static void find_medium(struct medium *medium)
{
    const long start = now_ms();
    bool told = false;

    while (!medium_find(medium)) {
        const long waited = now_ms() - start;

        if (waited >= options.wait_ms) not_found();
        if (waited > 5000 && !told) {
            say("synos: waiting for the medium");
            told = true;
        }
        /* A drive that closes or spins up tells nothing: look again now and then. */
        devices_wait(500);
    }
}

static void mount_kernel(void)
{
    sys_mkdir("/proc", 0755);
    sys_mkdir("/sys", 0755);
    sys_mkdir("/run", 0755);
    sys_mount("devtmpfs", "/dev", "devtmpfs", mount_nosuid, "mode=755");
    sys_mount("proc", "/proc", "proc", mount_nosuid | mount_nodev | mount_noexec, NULL);
    sys_mount("sysfs", "/sys", "sysfs", mount_nosuid | mount_nodev | mount_noexec, NULL);
    sys_mount("tmpfs", "/run", "tmpfs", mount_nosuid | mount_nodev, "mode=755,size=20%");
}

_Noreturn void start(long *stack);

/* The stack as the kernel hands it over: the number of arguments, they, NULL, the environment, NULL. */
_Noreturn void start(long *stack)
{
    char **argv = (char **)(stack + 1);
    char **envp = argv + stack[0] + 1;
    static struct medium medium;

    mount_kernel();
    read_options();
    modules_start();
    module_load("isofs");
    module_load("squashfs");
    module_load("overlay");
    devices_start();
    find_medium(&medium);
    root_start(&medium, argv, envp);
}

__asm__(".globl _start\n"
        "_start:\n"
        "    mov %rsp, %rdi\n"
        "    and $-16, %rsp\n"
        "    call start\n"
        "    ud2\n");
