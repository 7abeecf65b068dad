/* store_memory: how SQLite allocates.
 *
 * Left alone it takes 85 KB at once, room for twenty pages, for each of the small tables that a trigger or a DISTINCT makes
 * for itself, and gives them back a moment later; glibc then returns them to the system, which hands them out anew, zeroed.
 * Measured, that was half the time of a message. */
#ifndef DEADLINED_STORE_STORE_MEMORY_H
#define DEADLINED_STORE_STORE_MEMORY_H

/* Once, before anything else of SQLite is used. */
void store_memory_init(void);

#endif
