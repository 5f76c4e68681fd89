/* The command line: what init itself reads of it. */
#include "init.h"
#include "text.h"

struct options options = {.init = "/sbin/init", .wait_ms = 30000};

void read_options(void)
{
    static char line[4096 + 1];
    char value[32];

    if (read_file("/proc/cmdline", line, sizeof line) < 0) give_up("/proc/cmdline cannot be read");
    word_of(line, "synos.id", options.id, sizeof options.id);
    word_of(line, "synos.label", options.label, sizeof options.label);
    word_of(line, "synos.fail", options.fail, sizeof options.fail);
    word_of(line, "live-media", options.medium, sizeof options.medium);
    word_of(line, "init", options.init, sizeof options.init);
    options.to_ram = word_of(line, "toram", value, sizeof value);
    if (word_of(line, "synos.wait", value, sizeof value))
        options.wait_ms = 1000 * number_of(value, 86400, 30);
}
