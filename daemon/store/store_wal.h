/* store_wal: how SQLite's write-ahead log reaches the disk.
 *
 * SQLite writes each frame of a commit by two calls, a head of 24 bytes and its page. Here they are gathered and written in
 * pieces of 64 KiB: for a commit of five pages one call instead of ten, and a sync that has larger pieces to bring out, which
 * took a third less time where it was measured.
 *
 * What is gathered is written before anyone could read it: before the frame that ends a commit is told of (in whatever mode
 * of PRAGMA synchronous), before a sync, and before anything is read. What a transaction leaves that was rolled
 * back is dropped before the lock to write is given up, as from then on the next writer may be at that place.
 * A write that fails is reported by the call that let it happen, with its own code, always before SQLite takes the commit
 * for done. */
#ifndef DEADLINED_STORE_STORE_WAL_H
#define DEADLINED_STORE_STORE_WAL_H

/* The name of a VFS for sqlite3_open_v2(): the default one, but for this. It is registered by the first call, and stands on
 * what is the default then. */
const char *store_wal_vfs(void);

#endif
