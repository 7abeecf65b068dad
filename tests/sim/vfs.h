/* vfs: the disk of the simulated world. A complete SQLite VFS in memory, with faults that the seed and the caller decide.
 *
 * It registers itself as SQLite's default, so daemon/store runs on it untouched. The store looks at the real disk before
 * it opens a file: give it the path of an empty file there (with STORE_WRITE a name that does not exist will do). Files
 * are told apart by their whole path, but this header names them by its last part, so that a scratch folder's random name
 * never reaches a trace.
 *
 * Rollback journal and write-ahead log both work, with shared memory and locks between any number of connections of this
 * process; each of them counts as a process of its own. One thread only. No time passes: sleeping only counts.
 *
 * The model of the disk. Each file has the image of its last successful sync and a list of what was done to it since.
 *   process death   everything written so far stays, unsynced as it was; the interrupted operation is done not at all, in
 *                   part (a write's first sectors), or wholly without its caller hearing of it.
 *   power loss      of each file the synced image stays for sure; each later write survives, is lost, or is torn to
 *                   sectors of 512 bytes; each later truncation or deletion survives or not; a file that was never synced
 *                   is there or not. How much survives is drawn anew for every crash, "all" and "nothing" included.
 *   failed sync     as on Linux: what was to be synced is written or lost at random, and no later sync makes up for it.
 *
 * A crash kills every connection at once. From then on the disk is dead: each call on a file returns SQLITE_IOERR and
 * changes nothing, until vfs_restart(). Handles opened before that stay dead for ever; close them before or after it.
 *
 *     vfs_register();
 *     vfs_reset(seed);
 *     store_open(...);  vfs_crash_at(17, VFS_CRASH_POWER);  ... work until it fails and vfs_is_dead() ...
 *     store_close(...); vfs_restart(); store_open(...);  ... look what is left ...
 */
#ifndef DEADLINED_SIM_VFS_H
#define DEADLINED_SIM_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum vfs_crash { VFS_CRASH_PROCESS, VFS_CRASH_POWER };

enum vfs_fault {
	VFS_FAULT_FULL,  /* a write: SQLITE_FULL; its first sectors may have been written */
	VFS_FAULT_WRITE, /* a write: SQLITE_IOERR_WRITE, nothing written */
	VFS_FAULT_SYNC,  /* a sync: SQLITE_IOERR_FSYNC, see above */
	VFS_FAULT_READ,  /* a read: SQLITE_IOERR_READ */
	VFS_FAULT_BUSY,  /* a lock to write: SQLITE_BUSY, as if another process held it */
	VFS_FAULT_MAX
};

#define VFS_FOREVER UINT64_MAX

struct vfs_stats {
	uint64_t opens, reads, writes, syncs, truncates, deletes, locks;
	uint64_t changes; /* writes, syncs, truncates and deletes: what vfs_crash_at() counts */
	uint64_t faults;  /* operations refused by a fault */
	uint64_t crashes;
	uint64_t sleeps, slept_us; /* what connections would have waited for locks */
};

/* Makes this the default VFS of SQLite; once per program, before the first database is opened. Whatever SQLite asks for
 * chance then comes from here, and its time is always 2025-01-01T00:00:00Z. */
void vfs_register(void);

/* An empty disk without faults, counters at 0; chance begins again at seed, that of sqlite3_randomness() included: the same
 * calls after the same seed do the same. Close connections before or after it, as after a crash. */
void vfs_reset(uint64_t seed);

/* ---- crashes ------------------------------------------------------------------------------------------------------ */

/* Crashes at the n-th change from now, 1 being the next; 0 takes it back. */
void vfs_crash_at(uint64_t nth, enum vfs_crash kind);
/* Crashes between two operations. */
void vfs_crash_now(enum vfs_crash kind);
bool vfs_is_dead(void);
/* The machine, or the process, is up again: locks and shared memory are gone, the damaged image is the disk, and a crash
 * that had not come yet is taken back. Without a crash before it: as after a process death between two operations. */
void vfs_restart(void);

/* ---- faults ------------------------------------------------------------------------------------------------------- */

/* The n-th operation of that sort from now (1 being the next) fails, and the times - 1 operations of the sort after it;
 * VFS_FOREVER: all until vfs_fault_end(). times 0 takes it back. */
void vfs_fault_at(enum vfs_fault fault, uint64_t nth, uint64_t times);
/* Each operation of that sort fails with this chance, besides what vfs_fault_at() says. */
void vfs_fault_chance(enum vfs_fault fault, unsigned per_million);
/* No more faults of any sort, the next crash apart. */
void vfs_fault_end(void);

/* A disk of that many bytes: a write that would make the files larger in all returns SQLITE_FULL, one inside a file does
 * not. Negative: without end, as after vfs_reset(). */
void vfs_set_capacity(int64_t bytes);

/* Turns one bit over, for good, in the file (the last part of its path): at a place drawn from the seed when at is
 * negative. Returns the offset of its byte, negative when there is no such byte. */
int64_t vfs_flip_bit(const char *name, int64_t at);

/* ---- looking ------------------------------------------------------------------------------------------------------ */

struct vfs_stats vfs_stats(void);
/* Bytes of the file (the last part of its path), negative when there is none; of all files together for NULL. */
int64_t vfs_size(const char *name);
/* A hash of all files, their names (without folders) and contents as a reader sees them. */
uint64_t vfs_hash(void);

#endif
