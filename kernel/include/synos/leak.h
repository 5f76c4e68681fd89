/* Who holds memory: live blocks of pools and heap, by the place in the code that allocated them. Only the
 * debug profile knows. */
#ifndef SYNOS_LEAK_H
#define SYNOS_LEAK_H

#include <stddef.h>

enum { LEAK_SITES = 64 };

struct leak_site {
    const void *owner; /* return address of the allocating call */
    size_t blocks, bytes;
};

/* Up to LEAK_SITES places, most bytes first, while no CPU allocates; returns how many. In the release profile
 * there are none. What lies beyond the first LEAK_SITES places is added up in the last one, under a NULL
 * owner. */
size_t leak_sites(struct leak_site sites[LEAK_SITES]);

#endif
