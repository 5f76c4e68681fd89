/* Hosted test of ../text.c, under the sanitizers: what init reads of the command line, of modules and of
 * devices. */
#include "../text.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static void words(void)
{
    const char *line =
        "BOOT_IMAGE=/x toram synos.id=12 quiet synos.id=34 title=\"a synos.id=56\" -- synos.id=78\n";
    char value[8];

    assert(word_of(line, "synos.id", value, sizeof value) && strcmp(value, "34") == 0);
    assert(word_of(line, "toram", value, sizeof value) && strcmp(value, "") == 0);
    assert(!word_of(line, "tor", value, sizeof value));
    assert(!word_of(line, "ynos.id", value, sizeof value));
    assert(!word_of("", "a", value, sizeof value));
    assert(word_of("init=/a/very/long/path", "init", value, sizeof value) && strcmp(value, "/a/very") == 0);
    assert(word_of("title=\"a b\" c", "title", value, sizeof value) && strcmp(value, "a b") == 0);
}

static void numbers(void)
{
    assert(number_of("0", 9, 5) == 0);
    assert(number_of("99999999999999999999", 86400, 5) == 86400);
    assert(number_of("", 9, 5) == 5 && number_of("-1", 9, 5) == 5 && number_of("1s", 9, 5) == 5);
}

static void patterns(void)
{
    static const char disk[] = "pci:v00008086d00007010sv00001AF4sd00001100bc01sc01i80";

    assert(matches("pci:v00008086d00007010sv*sd*bc*sc*i*", disk));
    assert(matches("pci:v*d*sv*sd*bc01sc0[1-3]i[048]*", disk));
    assert(!matches("pci:v*d*sv*sd*bc01sc0[2-3]i*", disk));
    assert(!matches("pci:v00008086d00007010", disk));
    assert(matches("scsi:t-0x05*", "scsi:t-0x05") && !matches("scsi:t-0x05*", "scsi:t-0x0"));
    assert(matches("*", "") && matches("", "") && !matches("", "a") && !matches("a", ""));
    assert(matches("a?c", "abc") && !matches("a?c", "ac"));
    assert(!matches("a[", "a[") && !matches("[a-", "a") && matches("[a-]", "-"));
    /* Many stars must not take many times longer. */
    assert(!matches("a*a*a*a*a*a*a*a*a*a*a*a*b",
                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void fields(void)
{
    static const char event[] = "add@/devices/x\0ACTION=add\0MODALIAS=scsi:t-0x05\0XACTION=no";
    static const char file[] = "MAJOR=8\nDEVNAME=sda3\nPARTNAME=synos-live-ab\n";
    char line[16];

    assert(strcmp(field_of(event, sizeof event, "MODALIAS"), "scsi:t-0x05") == 0);
    assert(strcmp(field_of(event, sizeof event, "ACTION"), "add") == 0);
    assert(field_of(event, sizeof event, "TION") == NULL && field_of(event, 0, "ACTION") == NULL);
    copy_line(line, sizeof line, field_of(file, sizeof file - 1, "PARTNAME"));
    assert(strcmp(line, "synos-live-ab") == 0);
    copy_line(line, 6, file);
    assert(strcmp(line, "MAJOR") == 0);
}

static void appended(void)
{
    char text[10] = "";

    append(text, sizeof text, "abc");
    append_number(text, sizeof text, 0);
    append_number(text, sizeof text, 4294967296);
    assert(strcmp(text, "abc042949") == 0);
    text[0] = '\0';
    append_visible(text, sizeof text, "A\033[31m\377  \0 ", 11);
    assert(strcmp(text, "A?[31m?") == 0);
    assert(starts_with("", "") && starts_with("ab", "a") && !starts_with("a", "ab"));
    assert(equal("a", "a") && !equal("a", "ab") && !equal("ab", "a"));
}

int main(void)
{
    words();
    numbers();
    patterns();
    fields();
    appended();
    puts("all of it holds");
    return 0;
}
