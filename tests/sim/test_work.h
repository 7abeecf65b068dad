/* test_work: a life of a database on the simulated disk, for the tests of what lies between SQLite and the disk. Random
 * transactions, each of which leaves its number; with crashes, and a look at what is left. */
#ifndef DEADLINED_SIM_TEST_WORK_H
#define DEADLINED_SIM_TEST_WORK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "vfs.h"

#ifndef VFS_STRIDE
#define VFS_STRIDE 1 /* every which crash point is tried; under the sanitizers not all */
#endif

enum { WORK_STEPS = 20, WORK_LIVES = 40 };

#define FILE_NAME "work.db"

#define WAL_FULL "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 12"
#define WAL_NORMAL "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 12"
#define ROLLBACK "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL"

struct work {
	uint64_t seed;
	const char *vfs; /* NULL: the default */
	const char *pragmas;
	bool is_alone; /* one connection, not two in turn */
	sqlite3 *dbs[2];
	int acknowledged;                /* the last transaction whose COMMIT returned */
	uint64_t digest[WORK_STEPS + 1]; /* of the table after each of them, once work_learn() ran */
};

struct tally {
	int crashes, lossy;
};

/* Opens FILE_NAME; vfs as in struct work. */
sqlite3 *open_db(const char *vfs, const char *pragmas);
/* Returns a result code of SQLite. */
int run(sqlite3 *db, const char *sql);
/* Fails the test when that is not SQLITE_OK. */
void must(sqlite3 *db, const char *sql);
int64_t number(sqlite3 *db, const char *sql);
bool is_sound(sqlite3 *db);

void work_open(struct work *work);
void work_close(struct work *work);
/* An empty disk with an empty table. */
void work_make(struct work *work);
/* The same for the same seed and step. Returns a result code of SQLite. */
int work_step(struct work *work, int step);
/* Steps from the one after the last that was acknowledged, until the end or a crash. A step that fails is repeated; every
 * tenth goes on with new connections, so that the log is emptied and deleted too. */
void work_go_on(struct work *work);
/* Lives without faults, and notes what the table looks like after each step. Returns the changes of the disk it took. */
uint64_t work_learn(struct work *work);
/* What is on the disk now: *ret_lost, the acknowledged steps that are not. Everything else must be right. */
void work_check(struct work *work, int *ret_lost);
/* Several such lives (seed does not matter), with a crash at each of their changes of the disk. */
struct tally work_crash_everywhere(const struct work *how, enum vfs_crash kind);
/* WORK_LIVES such lives in which operations of every sort are refused now and then, the power is lost at change first +
 * step, the next one's at first + 2 * step, and everything is done in the end. Returns how many lost their power. */
int work_refuse_at_random(const struct work *how, uint64_t first, uint64_t step);

#endif
