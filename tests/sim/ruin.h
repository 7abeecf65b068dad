/* ruin: damage that no crash makes: pages of the database turn bad. The daemon must notice and give up, and must not write
 * on; then a backup comes back, and life goes on from there. */
#ifndef DEADLINED_SIM_RUIN_H
#define DEADLINED_SIM_RUIN_H

struct world;

/* Keeps a copy of the database, the first time; later spoils the database and, when the daemon has given up, puts the copy
 * in its place. */
void ruin(struct world *world);

#endif
