/* What people read: on every console of the kernel, because nobody knows which one is looked at. */
#include "init.h"
#include "sys.h"
#include "text.h"

enum { consoles_most = 8 };

static struct poll_entry consoles[consoles_most];
static long console_count;

/* A line of /proc/consoles starts with the device's name. */
static void open_consoles(void)
{
    static char list[1024];

    if (console_count > 0 || read_file("/proc/consoles", list, sizeof list) <= 0) return;
    for (const char *line = list; *line != '\0' && console_count < consoles_most;) {
        char path[64] = "/dev/";
        size_t at = length_of(path);

        while (*line > ' ' && at + 1 < sizeof path) path[at++] = *line++;
        path[at] = '\0';
        const long fd = sys_open(path, read_write | non_blocking | 0400 /* O_NOCTTY */);
        if (fd >= 0) consoles[console_count++] = (struct poll_entry){.fd = (int)fd, .events = 1};
        while (*line != '\0' && *line++ != '\n') {}
    }
}

static void write_all(long fd, const char *text)
{
    size_t left = length_of(text);
    long tries = 200; /* a serial line that nobody drains must not stop the machine */

    while (left > 0 && tries > 0) {
        const long done = sys_write(fd, text, left);

        if (done > 0) {
            text += done;
            left -= (size_t)done;
            continue;
        }
        tries--;
        sys_poll(NULL, 0, 10);
    }
}

void say(const char *text)
{
    open_consoles();
    for (long i = 0; i < console_count; i++) {
        write_all(consoles[i].fd, text);
        write_all(consoles[i].fd, "\r\n");
    }
    if (console_count == 0) write_all(1, text);
}

/* True when somebody pressed Enter at one of them. */
static bool pressed(long milliseconds)
{
    char keys[64];
    bool enter = false;

    if (sys_poll(consoles, console_count, milliseconds) <= 0) return false;
    for (long i = 0; i < console_count; i++) {
        const long count = consoles[i].got != 0 ? sys_read(consoles[i].fd, keys, sizeof keys) : 0;

        for (long k = 0; k < count; k++)
            if (keys[k] == '\r' || keys[k] == '\n') enter = true;
        if (consoles[i].got != 0 && count <= 0)
            consoles[i].fd = -1; /* gone; a negative one is not looked at */
    }
    return enter;
}

static _Noreturn void end(bool power_off)
{
    const long how = power_off ? 0x4321fedc : 0x01234567; /* reboot(2) */

    sys(call_reboot, 0xfee1dead, 672274793, how, 0, 0);
    for (;;) sys_poll(NULL, 0, 1000);
}

_Noreturn void give_up(const char *why)
{
    enum { patience_ms = 600000 };
    const long start = now_ms();

    say("");
    say("synos: the live system does not start");
    say(why);
    if (equal(options.fail, "poweroff") || equal(options.fail, "reboot"))
        end(equal(options.fail, "poweroff"));
    say("Enter starts the machine anew; without it, it is switched off in 10 minutes.");
    while (now_ms() - start < patience_ms)
        if (pressed(1000)) end(false);
    end(true);
}

_Noreturn void give_up_with(const char *why, const char *what, long error)
{
    static char text[512];

    append(text, sizeof text, why);
    append(text, sizeof text, " ");
    append(text, sizeof text, what);
    append(text, sizeof text, ": error ");
    append_number(text, sizeof text, (unsigned long)-error);
    give_up(text);
}
