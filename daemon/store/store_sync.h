/* store_sync: one sync of a file that goes on while its caller does something else. */
#ifndef DEADLINED_STORE_STORE_SYNC_H
#define DEADLINED_STORE_STORE_SYNC_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

/* From begin to end it stays where it is, and the file is not written, truncated or closed. */
struct store_sync {
	sqlite3_file *file;
	int (*run)(sqlite3_file *file, int flags); /* xSync of SQLite's file methods */
	int flags, rc;
	bool is_on_thread;
	atomic_bool is_over;
};

/* For the whole process: what begins from now on runs on a thread, which the first one starts, one sync at a time.
 * Without it, when another runs there, and when no thread can be had, a sync runs when its end is asked for. From one
 * thread. */
void store_sync_use_thread(void);
/* sync->file, run and flags are set. */
void store_sync_begin(struct store_sync *sync);
/* Never waits. */
bool store_sync_is_over(const struct store_sync *sync);
/* Waits; the result of run(). */
int store_sync_end(struct store_sync *sync);

#endif
