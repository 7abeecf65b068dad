/* store_memory: how SQLite allocates.
 *
 * Left alone it takes 85 KB at once, room for twenty pages, for each of the small tables that a trigger or a DISTINCT
 * makes for itself, and gives them back a moment later; glibc then returns them to the system, which hands them out
 * anew, zeroed. Measured, that was half the time of a message.
 *
 * And Debian builds it without the lists of small blocks that it otherwise keeps for each connection: a message made it
 * ask glibc for 325 blocks and give them back, and as they go in heaps, a statement's at a time, that ended beyond
 * glibc's own lists. So the thread that calls store_memory_init() keeps what is given back, 32 blocks of each size at
 * most, which are some hundred kilobytes in a daemon that has sent. */
#ifndef DEADLINED_STORE_STORE_MEMORY_H
#define DEADLINED_STORE_STORE_MEMORY_H

/* Once, before anything else of SQLite is used. */
void store_memory_init(void);

#endif
