/* What the debug profile knows beyond the release one: poison in free objects, and who allocated each live
 * one. */
#ifndef SYNOS_MM_POOL_DEBUG_H
#define SYNOS_MM_POOL_DEBUG_H

#include <stddef.h>

/* Fills an object that becomes free. */
void pool_poison(void *object, size_t bytes);

/* Looks whether that is untouched when it goes out again, and fills it anew: reads of fresh memory show, too.
 */
void pool_check_poison(void *object, size_t bytes);

/* Maps the table of owners, as far as objects can lie. */
void pool_owners_init(void);

/* Remembers who called for a live object. */
void pool_set_owner(const void *object, const void *owner);

/* Who allocated the object that starts here, live or free by now; NULL when it is not known. */
const void *pool_owner(const void *object);

#endif
