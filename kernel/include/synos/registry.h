/* Entries that register themselves: each lies in a section of its own kind, which linker.ld makes an array.
 */
#ifndef SYNOS_REGISTRY_H
#define SYNOS_REGISTRY_H

/* gcc emits the variables of a file in reverse unless it is told; clang 14 keeps their order and has no such
 * word. */
#if defined(__has_attribute)
#if __has_attribute(no_reorder)
#define SYNOS_IN_ORDER , no_reorder
#endif
#endif
#ifndef SYNOS_IN_ORDER
#define SYNOS_IN_ORDER
#endif

#define SYNOS_REGISTERED(section_name) __attribute__((section(section_name), used, aligned(8) SYNOS_IN_ORDER))

#endif
