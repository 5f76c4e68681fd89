/* What the build profile switches on. The debug profile passes -DSYNOS_DEBUG=1; code asks `if (SYNOS_DEBUG)`,
 * so that both ways compile. */
#ifndef SYNOS_PROFILE_H
#define SYNOS_PROFILE_H

#ifndef SYNOS_DEBUG
#define SYNOS_DEBUG 0
#endif

#endif
