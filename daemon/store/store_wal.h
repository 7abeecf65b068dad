/* store_wal: how SQLite's write-ahead log reaches the disk.
 *
 * SQLite writes each frame of a commit by two calls, a head of 24 bytes and its page. Here they are gathered and
 * written in pieces of 64 KiB: for a commit of five pages one call instead of ten, and a sync that has larger pieces to
 * bring out, which took a third less time where it was measured.
 *
 * What is gathered is written before anyone could read it: before the frame that ends a commit is told of (in whatever
 * mode of PRAGMA synchronous), before a sync, and before anything is read. What a transaction leaves that was rolled
 * back is dropped before the lock to write is given up, as from then on the next writer may be at that place.
 * A write that fails is reported by the call that let it happen, with its own code, always before SQLite takes the
 * commit for done.
 *
 * The sync of a commit can be left: then it goes on beside the caller, as store_sync says, until the caller asks for
 * its end. Whatever else is about to write to the log, or to sync it, waits for that first. */
#ifndef DEADLINED_STORE_STORE_WAL_H
#define DEADLINED_STORE_STORE_WAL_H

#include <sqlite3.h>
#include <stdbool.h>

/* The name of a VFS for sqlite3_open_v2(): the default one, but for this. It is registered by the first call, and
 * stands on what is the default then. */
const char *store_wal_vfs(void);

/* Whether the next sync of the connection's log is left. On a connection without such a log none ever is. */
void store_wal_leave_sync(sqlite3 *db, bool leaves);
/* Whether no sync is left, or it has ended; never waits. */
bool store_wal_is_synced(sqlite3 *db);
/* Waits for the sync that was left; a result code of SQLite, SQLITE_OK when none was. */
int store_wal_end_sync(sqlite3 *db);

#endif
