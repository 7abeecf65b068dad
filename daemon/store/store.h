/* store: the database file; the only room that knows SQLite.
 *
 * One writing connection per process. Every transaction is BEGIN IMMEDIATE, opened and ended in one function of the
 * caller, and never lives across an event. Statements are prepared once and kept. Journal mode WAL with
 * synchronous=FULL: a commit that returned is on the disk (measured: NORMAL re-sends after a power cut).
 *
 * All functions of this room return 0 or a negative errno, words in err:
 *   -EBUSY    another process holds the lock longer than the busy time-out
 *   -ENOSPC   the disk or the file system's quota is full
 *   -EUCLEAN  the file is damaged or is no database
 *   -EPROTO   the schema is newer than this program, or the file belongs to another application
 *   -EEXIST   a constraint of the schema refuses the row
 *   -EIO      reading or writing failed
 *   -EACCES   the file may not be read, or not be written, or is a symbolic link
 *   -ENOENT   there is no such row, or no such file */
#ifndef DEADLINED_STORE_STORE_H
#define DEADLINED_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct store;

/* The instant of what is not going to happen: 9999-12-31T23:59:59Z. */
#define STORE_NEVER INT64_C(253402300799)

enum store_mode {
	STORE_READ,   /* the file must exist; nothing is written */
	STORE_WRITE,  /* created, with its schema, when it does not exist; migrated when it is older */
	STORE_MEMORY, /* a private copy in memory, migrated when it is older; the file is only read */
};

/* Opens the database. busy_ms: how long a call waits for another process's lock. Errors: as above, and those of
 * realpath(3) when the folder is missing. Returns owned. */
MUSTCHECK int store_open(const char *path, enum store_mode mode, int busy_ms, struct store **ret_store,
			 struct err *err);
/* How long a call waits for another process's lock from now on. */
void store_set_busy(struct store *store, int busy_ms);
/* Closes it, rolling back what is open; NULL is legal. */
void store_close(struct store *store);
/* From now on the store writes nothing more at its end and removes none of its files: others have put theirs in their
 * place. */
void store_leave_files(struct store *store);

/* Fails, too, while the disk has not kept what an earlier transaction wrote: see store_make_durable(). */
MUSTCHECK int store_begin(struct store *store, struct err *err);
/* A transaction that only reads: what is read in it is of one moment, and locked once for all. Others may write
 * meanwhile. Ends with store_end_reading(). */
MUSTCHECK int store_begin_reading(struct store *store, struct err *err);
void store_end_reading(struct store *store);
/* On failure the transaction has been rolled back: nothing of it is in the file. */
MUSTCHECK int store_commit(struct store *store, struct err *err);
/* As store_commit(), but the disk may still be writing when it returns: until store_make_durable() nothing may be done
 * that rests on the transaction, and nothing else be written. Reading is allowed, and what it is for. */
MUSTCHECK int store_commit_ahead(struct store *store, struct err *err);
/* Whether store_make_durable() would not wait; never waits. */
bool store_is_durable(const struct store *store);
/* Waits for the disk. When that fails the transaction is there for every reader, but a power loss may undo it; and as
 * the system does not write such a page again, what follows it in the log would go, too. So the log is brought into the
 * database, here and at each store_begin(), until that succeeds. */
MUSTCHECK int store_make_durable(struct store *store, struct err *err);
/* Legal when no transaction is open. */
void store_rollback(struct store *store);
/* Inside a transaction: what is written from here to store_savepoint_end() stays together, or is taken back by itself.
 * One at a time. */
MUSTCHECK int store_savepoint(struct store *store, struct err *err);
/* status is how it went: with an error nothing of it stays. Returns status, or the error of taking it back; after that
 * the transaction must be rolled back. */
MUSTCHECK int store_savepoint_end(struct store *store, int status, struct err *err);

enum { STORE_INSTANCE_SIZE = 17 };
/* A random text that belongs to this database for life; part of every Message-ID. */
const char *store_instance(const struct store *store);
int store_schema_version(const struct store *store);

/* Gives the room that the write-ahead log takes back to a disk that is full, as far as readers let go of it. */
MUSTCHECK int store_shrink_log(struct store *store, struct err *err);

/* Gives back the memory of the pages that are kept of the file, up to two megabytes; what is needed is read again. For
 * after something that is seldom and reads much. */
void store_drop_pages(struct store *store);

/* Changes whenever another connection has committed; our own commits do not change it. */
MUSTCHECK int store_data_version(struct store *store, int64_t *ret_version, struct err *err);

/* A named value the daemon keeps across restarts. *ret_value is owned by the caller, NULL when there is none. */
MUSTCHECK int store_meta_load(struct store *store, const char *key, char **ret_value, struct err *err);
MUSTCHECK int store_meta_save(struct store *store, const char *key, const char *value, struct err *err);

/* A rehearsal starts at from_utc: every task counts as planned until then, and what was planned, queued and sent before
 * is forgotten. Only for STORE_MEMORY. */
MUSTCHECK int store_rewind(struct store *store, int64_t from_utc, struct err *err);

#endif
