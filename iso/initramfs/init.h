/* What the parts of init say to each other. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* say.c: one line on every console of the kernel. */
void say(const char *text);
/* Says why there is no system, then does as the command line asks (synos.fail=wait, reboot or poweroff). */
_Noreturn void give_up(const char *why);
/* The same with what the kernel answered. */
_Noreturn void give_up_with(const char *why, const char *what, long error);

/* options.c: the command line. */
struct options {
    char id[40];     /* synos.id: of the live system that belongs to this kernel */
    char label[40];  /* synos.label */
    char medium[64]; /* live-media: the only device that is looked at; empty: all */
    char init[128];
    char fail[16];
    long wait_ms;
    bool to_ram, ask;
};
extern struct options options;
void read_options(void);

/* files.c */
/* Reads a whole small file and ends it with a zero: its bytes, or a negative error. */
long read_file(const char *path, char *to, size_t capacity);
/* Calls `each` with the name of every entry but those that start with a dot. */
void each_entry(const char *folder, void (*each)(const char *folder, const char *name));

/* modules.c */
void modules_start(void);
/* Loads a module with what it needs. True: the kernel has it now, or it is part of the kernel. */
bool module_load(const char *name);
/* Loads all modules that claim a device. */
void modules_for(const char *alias);

/* devices.c */
void devices_start(void);
/* Loads modules for the devices that come within so many milliseconds; returns at the first, or when the time
 * is over. */
void devices_wait(long milliseconds);

/* medium.c */
struct medium {
    char device[80];   /* below /dev */
    uint64_t size;     /* of the squashfs; 0: it is a file of the medium, and the file system knows */
    bool is_partition; /* holds the squashfs itself */
};
/* True when the medium of this live system is there. */
bool medium_find(struct medium *medium);
/* Appends what was seen instead, a line for each device. */
void medium_seen(char *to, size_t capacity);

/* root.c */
/* Makes the root from the medium and starts its init in place of this one. */
_Noreturn void root_start(const struct medium *medium, char **argv, char **envp);
