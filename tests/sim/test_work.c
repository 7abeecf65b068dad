#include "test_work.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "vfs_priv.h"

enum { WORK_ROWS = 30 };

sqlite3 *open_db(const char *vfs, const char *pragmas)
{
	sqlite3 *db = NULL;
	int rc;
	do { /* a read that is refused */
		(void)sqlite3_close(db);
		rc = sqlite3_open_v2("/" FILE_NAME, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
	} while (rc == SQLITE_IOERR && !vfs_is_dead());
	assert_true(rc == SQLITE_OK || vfs_is_dead());
	(void)sqlite3_exec(db, pragmas, NULL, NULL, NULL); /* fails on a dead disk; whoever cares asks again */
	return db;
}

int run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

void must(sqlite3 *db, const char *sql)
{
	if (run(db, sql) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return value;
}

bool is_sound(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	bool is_ok = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
		     sqlite3_step(stmt) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
	(void)sqlite3_finalize(stmt);
	return is_ok;
}

void work_open(struct work *work)
{
	work->dbs[0] = open_db(work->vfs, work->pragmas);
	work->dbs[1] = work->is_alone ? NULL : open_db(work->vfs, work->pragmas);
}

void work_close(struct work *work)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sqlite3_close(work->dbs[i]), SQLITE_OK);
		work->dbs[i] = NULL;
	}
}

void work_make(struct work *work)
{
	vfs_reset(work->seed);
	work->acknowledged = 0;
	sqlite3 *db = open_db(work->vfs, work->pragmas);
	must(db, "CREATE TABLE row (id INTEGER PRIMARY KEY, step INTEGER, body TEXT);"
		 "CREATE INDEX row_body ON row (body);"
		 "CREATE TABLE last (step INTEGER); INSERT INTO last VALUES (0)");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int work_change(sqlite3 *db, struct vfs_dice *dice, int step)
{
	char sql[200];
	int id = (int)vfs_dice_roll(dice, WORK_ROWS);
	if (vfs_dice_roll(dice, 4) == 0)
		(void)snprintf(sql, sizeof(sql), "DELETE FROM row WHERE id BETWEEN %d AND %d", id, id + 4);
	else
		(void)snprintf(sql, sizeof(sql), "REPLACE INTO row VALUES (%d, %d, printf('%d %%.*c', %d, 'x'))", id,
			       step, (int)vfs_dice_roll(dice, 1000), (int)vfs_dice_roll(dice, 1500));
	return run(db, sql);
}

int work_step(struct work *work, int step)
{
	struct vfs_dice dice = {.state = work->seed * 1000003 + (uint64_t)step};
	sqlite3 *db = work->dbs[work->is_alone ? 0 : step % 2];
	char sql[80];
	(void)snprintf(sql, sizeof(sql), "UPDATE last SET step = %d", step);
	int rc = run(db, "BEGIN IMMEDIATE");
	for (uint64_t n = 1 + vfs_dice_roll(&dice, 4); n > 0 && rc == SQLITE_OK; n--)
		rc = work_change(db, &dice, step);
	if (rc == SQLITE_OK)
		rc = run(db, sql);
	if (rc == SQLITE_OK)
		rc = run(db, "COMMIT");
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
		(void)run(db, "ROLLBACK");
	return rc;
}

static uint64_t work_digest(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t digest = 14695981039346656037U;
	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT id || ' ' || step || ' ' || body FROM row ORDER BY id", -1, &stmt, NULL),
		SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		for (const unsigned char *byte = sqlite3_column_text(stmt, 0); *byte != '\0'; byte++)
			digest = (digest ^ *byte) * 1099511628211U;
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	return digest;
}

void work_go_on(struct work *work)
{
	work_open(work);
	for (int tries = 0; work->acknowledged < WORK_STEPS && !vfs_is_dead(); tries++) {
		assert_true(tries < 100 * WORK_STEPS);
		if (work_step(work, work->acknowledged + 1) == SQLITE_OK)
			work->acknowledged++;
		if (work->acknowledged % 10 == 5 && tries % 4 == 0) {
			work_close(work);
			work_open(work);
		}
	}
	work_close(work);
}

uint64_t work_learn(struct work *work)
{
	work_make(work);
	work->digest[0] = 0;
	work_open(work);
	for (int step = 1; step <= WORK_STEPS; step++) {
		assert_int_equal(work_step(work, step), SQLITE_OK);
		work->digest[step] = work_digest(work->dbs[0]);
	}
	work_close(work);

	work_make(work);
	uint64_t before = vfs_stats().changes;
	work_go_on(work);
	return vfs_stats().changes - before;
}

void work_check(struct work *work, int *ret_lost)
{
	sqlite3 *db = open_db(work->vfs, work->pragmas);
	assert_true(is_sound(db));
	int last = (int)number(db, "SELECT step FROM last");
	assert_in_range(last, 0, work->acknowledged + 1);
	if (last > 0)
		assert_int_equal(work_digest(db), work->digest[last]);
	*ret_lost = last < work->acknowledged ? work->acknowledged - last : 0;
	work->acknowledged = last; /* one whose answer was lost may be there */
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* One life with a crash at the nth change of the disk, and in one of three another crash soon after the restart.
 * Returns the acknowledged steps that were lost. */
static int work_crash(struct work *work, uint64_t nth, enum vfs_crash kind)
{
	int lost, lost_later = 0;
	work_make(work);
	vfs_crash_at(nth, kind);
	work_go_on(work);
	vfs_restart();
	if (nth % 3 == 0) {
		vfs_crash_at(1 + nth % 7, kind);
		sqlite3 *db = open_db(work->vfs, work->pragmas);
		(void)run(db, "SELECT * FROM last; PRAGMA wal_checkpoint");
		(void)sqlite3_close(db);
		vfs_restart();
	}
	work_check(work, &lost);
	work_go_on(work);
	work_check(work, &lost_later);
	assert_int_equal(lost_later, 0);
	assert_int_equal(work->acknowledged, WORK_STEPS);
	return lost;
}

struct tally work_crash_everywhere(const struct work *how, enum vfs_crash kind)
{
	struct tally tally = {0};
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct work work = *how;
		work.seed = seed;
		uint64_t changes = work_learn(&work);
		for (uint64_t nth = 1 + seed % VFS_STRIDE; nth <= changes; nth += VFS_STRIDE) {
			tally.crashes++;
			tally.lossy += work_crash(&work, nth, kind) > 0;
		}
	}
	return tally;
}

static void work_end_in_time(struct work *work)
{
	int lost;
	work_check(work, &lost);
	assert_int_equal(lost, 0);
	work_go_on(work);
	work_check(work, &lost);
	assert_int_equal(work->acknowledged, WORK_STEPS);
}

int work_refuse_at_random(const struct work *how, uint64_t first, uint64_t step)
{
	uint64_t n_faults = 0;
	int n_crashes = 0;
	for (uint64_t seed = 1; seed <= WORK_LIVES; seed++) {
		struct work work = *how;
		work.seed = seed;
		(void)work_learn(&work);
		work_make(&work);
		for (int fault = 0; fault < VFS_FAULT_MAX; fault++)
			vfs_fault_chance((enum vfs_fault)fault, fault == VFS_FAULT_READ ? 2000 : 20000);
		vfs_crash_at(first + seed * step, VFS_CRASH_POWER);
		work_go_on(&work);
		vfs_fault_end();
		n_faults += vfs_stats().faults;
		n_crashes += vfs_is_dead();
		vfs_restart();
		work_end_in_time(&work);
	}
	assert_true(n_faults > WORK_LIVES);
	return n_crashes;
}
