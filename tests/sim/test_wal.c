/* store_wal on the simulated disk: what it gathers is never missing, never too late, and never at another's place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "../lib/scratch.h"
#include "store/store.h"
#include "store/store_wal.h"
#include "test_work.h"
#include "vfs.h"

/* Pages leave for the log before the commit. */
#define SPILL "; PRAGMA cache_size = 3; PRAGMA cache_spill = 3; PRAGMA wal_autocheckpoint = 100"
#define WAL_OFF "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF"

/* n rows of about 900 bytes, all of that letter. */
static void fill(sqlite3 *db, int n, const char *letter)
{
	sqlite3_stmt *stmt = NULL;
	static const char sql[] = "WITH c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?1)"
				  " REPLACE INTO row SELECT i, 1, printf('%04d%.*c', i, 900, ?2) FROM c";
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_bind_int(stmt, 1, n), SQLITE_OK);
	assert_int_equal(sqlite3_bind_text(stmt, 2, letter, -1, SQLITE_STATIC), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

static struct work begin(uint64_t seed, const char *pragmas)
{
	struct work work = {.seed = seed, .pragmas = pragmas, .vfs = store_wal_vfs()};
	work_make(&work);
	work_open(&work);
	return work;
}

static void wal__commit_of_many_pages__few_writes(void **state)
{
	(void)state;
	struct work work = begin(1, WAL_FULL);
	must(work.dbs[0], "PRAGMA wal_autocheckpoint = 0; UPDATE last SET step = 1");
	struct vfs_stats before = vfs_stats();
	int64_t size = vfs_size(FILE_NAME "-wal");
	must(work.dbs[0], "BEGIN");
	fill(work.dbs[0], 8, "x");
	must(work.dbs[0], "COMMIT");
	assert_in_range(vfs_size(FILE_NAME "-wal") - size, 4 * 4120, 15 * 4120);
	assert_int_equal(vfs_stats().writes - before.writes, 1);
	assert_int_equal(vfs_stats().syncs - before.syncs, 1);

	before = vfs_stats();
	size = vfs_size(FILE_NAME "-wal");
	fill(work.dbs[0], 100, "x");
	int64_t grown = vfs_size(FILE_NAME "-wal") - size;
	assert_in_range(grown, 30 * 4120, 100 * 4120);
	assert_in_range(vfs_stats().writes - before.writes, grown / 65536, grown / 61440 + 1);
	assert_true(is_sound(work.dbs[1]));
	work_close(&work);
}

static void wal__no_sync__others_read_what_is_committed(void **state)
{
	(void)state;
	struct work work = begin(2, WAL_OFF);
	fill(work.dbs[0], 100, "x");
	assert_int_equal(number(work.dbs[1], "SELECT count(*) FROM row"), 100);
	assert_true(is_sound(work.dbs[1]));
	work_close(&work);
}

static void wal__rolled_back_with_pages_in_the_log__the_next_writer_keeps_its_place(void **state)
{
	(void)state;
	struct work work = begin(3, WAL_FULL SPILL);
	must(work.dbs[0], "BEGIN IMMEDIATE");
	fill(work.dbs[0], 50, "x"); /* of which pages are spilled, and the last of them gathered */
	must(work.dbs[0], "ROLLBACK");
	fill(work.dbs[1], 100, "y");
	must(work.dbs[0], "UPDATE last SET step = 7");
	work_close(&work);
	work_open(&work);
	assert_int_equal(number(work.dbs[0], "SELECT count(*) FROM row WHERE body LIKE '%yy'"), 100);
	assert_true(is_sound(work.dbs[0]));
	work_close(&work);
}

static void wal__spilled_pages__read_back_in_the_same_transaction(void **state)
{
	(void)state;
	struct work work = begin(4, WAL_FULL SPILL);
	must(work.dbs[0], "BEGIN IMMEDIATE");
	fill(work.dbs[0], 100, "x");
	assert_int_equal(number(work.dbs[0], "SELECT sum(length(body)) FROM row"), 90400);
	must(work.dbs[0], "SAVEPOINT some; DELETE FROM row; ROLLBACK TO some; COMMIT");
	assert_int_equal(number(work.dbs[1], "SELECT sum(length(body)) FROM row"), 90400);
	assert_true(is_sound(work.dbs[1]));
	work_close(&work);
}

static void wal__write_fails__commit_says_so_and_the_next_is_whole(void **state)
{
	(void)state;
	struct work work = begin(5, WAL_FULL);
	vfs_fault_at(VFS_FAULT_FULL, 1, 1);
	assert_int_equal(work_step(&work, 1), SQLITE_FULL);
	vfs_fault_at(VFS_FAULT_WRITE, 1, 1);
	assert_int_equal(work_step(&work, 1), SQLITE_IOERR);
	vfs_fault_at(VFS_FAULT_SYNC, 1, 1);
	assert_int_equal(work_step(&work, 1), SQLITE_IOERR);
	assert_int_equal(number(work.dbs[0], "SELECT step FROM last"), 0);
	assert_int_equal(work_step(&work, 1), SQLITE_OK);
	assert_int_equal(number(work.dbs[0], "SELECT step FROM last"), 1);
	assert_true(is_sound(work.dbs[0]));
	work_close(&work);
}

static void wal__refused_operations_and_spills__nothing_lost(void **state)
{
	(void)state;
	const struct work how = {.pragmas = WAL_FULL SPILL, .vfs = store_wal_vfs()};
	assert_in_range(work_refuse_at_random(&how, 50, 2), WORK_LIVES / 2, WORK_LIVES);
}

static void wal__crash_anywhere__nothing_lost(void **state)
{
	(void)state;
	static const char *const pragmas[] = {WAL_FULL, WAL_FULL SPILL};
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
		const struct work how = {.pragmas = pragmas[i], .vfs = store_wal_vfs()};
		struct tally death = work_crash_everywhere(&how, VFS_CRASH_PROCESS);
		struct tally power = work_crash_everywhere(&how, VFS_CRASH_POWER);
		assert_in_range(death.crashes, 100 / VFS_STRIDE, 100000);
		assert_int_equal(death.lossy, 0);
		assert_int_equal(power.lossy, 0);
	}
}

/* ---- syncs that are left ------------------------------------------------------------------------------------------ */

static void commit_ahead(sqlite3 *db, const char *sql)
{
	must(db, "BEGIN IMMEDIATE");
	must(db, sql);
	store_wal_leave_sync(db, true);
	must(db, "COMMIT");
	store_wal_leave_sync(db, false);
}

static int last_step_after_power_loss(struct work *work)
{
	vfs_crash_now(VFS_CRASH_POWER);
	work_close(work);
	vfs_restart();
	work_open(work);
	assert_true(is_sound(work->dbs[0]));
	return (int)number(work->dbs[0], "SELECT step FROM last");
}

static void wal__sync_left__is_done_when_its_end_is_asked_for(void **state)
{
	(void)state;
	struct work work = begin(6, WAL_FULL);
	must(work.dbs[0], "UPDATE last SET step = 3"); /* begins the log, which has a sync of its own */
	uint64_t before = vfs_stats().syncs;
	assert_true(store_wal_is_synced(work.dbs[0]));
	commit_ahead(work.dbs[0], "UPDATE last SET step = 1");
	assert_int_equal(vfs_stats().syncs, before);
	assert_false(store_wal_is_synced(work.dbs[0]));
	assert_int_equal(number(work.dbs[1], "SELECT step FROM last"), 1);
	assert_int_equal(store_wal_end_sync(work.dbs[0]), SQLITE_OK);
	assert_true(store_wal_is_synced(work.dbs[0]));
	assert_int_equal(vfs_stats().syncs, before + 1);
	assert_int_equal(store_wal_end_sync(work.dbs[0]), SQLITE_OK);
	assert_int_equal(vfs_stats().syncs, before + 1);
	assert_int_equal(last_step_after_power_loss(&work), 1);
	work_close(&work);
}

static void wal__sync_left_and_power_lost__the_commit_is_there_or_not(void **state)
{
	(void)state;
	int n_there = 0;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct work work = begin(seed, WAL_FULL);
		must(work.dbs[0], "UPDATE last SET step = 1");
		commit_ahead(work.dbs[0], "UPDATE last SET step = 2");
		int step = last_step_after_power_loss(&work);
		assert_in_range(step, 1, 2);
		n_there += step == 2;
		work_close(&work);
	}
	assert_in_range(n_there, 5, 35);
}

static void wal__sync_left_fails__it_is_not_forgotten_over_the_next(void **state)
{
	(void)state;
	struct work work = begin(7, WAL_FULL);
	must(work.dbs[0], "UPDATE last SET step = 1");
	commit_ahead(work.dbs[0], "UPDATE last SET step = 2");
	vfs_fault_at(VFS_FAULT_SYNC, 1, 1);
	commit_ahead(work.dbs[0], "UPDATE last SET step = 3");
	assert_int_equal(store_wal_end_sync(work.dbs[0]), SQLITE_IOERR_FSYNC);
	assert_int_equal(store_wal_end_sync(work.dbs[0]), SQLITE_OK);
	work_close(&work);
}

static void wal__sync_left__a_write_waits_for_it(void **state)
{
	(void)state;
	struct work work = begin(7, WAL_FULL SPILL);
	must(work.dbs[0], "UPDATE last SET step = 1");
	commit_ahead(work.dbs[0], "UPDATE last SET step = 2");
	uint64_t before = vfs_stats().syncs;
	must(work.dbs[0], "BEGIN IMMEDIATE");
	fill(work.dbs[0], 50, "x"); /* of which pages are spilled */
	assert_int_equal(vfs_stats().syncs, before + 1);
	must(work.dbs[0], "ROLLBACK");
	work_close(&work);
}

/* Before anything is written to the database the log is on the disk. */
static void wal__sync_left__a_checkpoint_waits_for_it(void **state)
{
	(void)state;
	struct work work = begin(7, WAL_FULL);
	must(work.dbs[0], "UPDATE last SET step = 1");
	commit_ahead(work.dbs[0], "UPDATE last SET step = 2");
	must(work.dbs[0], "PRAGMA wal_checkpoint");
	assert_true(store_wal_is_synced(work.dbs[0]));

	must(work.dbs[0], "PRAGMA wal_autocheckpoint = 1; UPDATE last SET step = 3");
	uint64_t before = vfs_stats().syncs;
	commit_ahead(work.dbs[0], "UPDATE last SET step = 4");
	assert_true(store_wal_is_synced(work.dbs[0]));
	assert_true(vfs_stats().syncs > before + 1);
	work_close(&work);
}

static void wal__commit_fails_before_the_sync_that_would_be_left__the_next_is_not_left(void **state)
{
	(void)state;
	struct work work = begin(8, WAL_FULL);
	must(work.dbs[0], "BEGIN IMMEDIATE; UPDATE last SET step = 1");
	store_wal_leave_sync(work.dbs[0], true);
	vfs_fault_at(VFS_FAULT_FULL, 1, 1);
	assert_int_equal(run(work.dbs[0], "COMMIT"), SQLITE_FULL);
	store_wal_leave_sync(work.dbs[0], false);
	(void)run(work.dbs[0], "ROLLBACK"); /* unless that was done already */
	must(work.dbs[0], "UPDATE last SET step = 2");
	assert_true(store_wal_is_synced(work.dbs[0]));
	assert_int_equal(last_step_after_power_loss(&work), 2);
	work_close(&work);
}

static void wal__no_log__nothing_is_left(void **state)
{
	(void)state;
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open("", &db), SQLITE_OK);
	must(db, "CREATE TABLE last (step INTEGER)");
	commit_ahead(db, "INSERT INTO last VALUES (1)");
	assert_true(store_wal_is_synced(db));
	assert_int_equal(store_wal_end_sync(db), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void wal__rollback_journal__as_without(void **state)
{
	(void)state;
	const struct work how = {.pragmas = ROLLBACK, .is_alone = true, .vfs = store_wal_vfs()};
	assert_int_equal(work_crash_everywhere(&how, VFS_CRASH_POWER).lossy, 0);
}

/* ---- what the store makes of it ----------------------------------------------------------------------------------- */

static void keep(struct store *store, const char *key)
{
	struct err err;
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_meta_save(store, key, "x", &err), 0);
	assert_int_equal(store_commit_ahead(store, &err), 0);
}

static bool is_kept(struct store *store, const char *key)
{
	struct err err;
	char *value = NULL;
	assert_int_equal(store_meta_load(store, key, &value, &err), 0);
	bool is = value != NULL;
	free(value);
	return is;
}

/* On the disk the log has a hole behind the first then, which everything later would fall into. */
static void store__syncs_fail__nothing_is_written_before_the_log_is_in_the_database(void **state)
{
	(void)state;
	struct scratch scratch;
	struct err err;
	scratch_make(&scratch);
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct store *store = NULL;
		vfs_reset(seed);
		assert_int_equal(store_open(scratch.database, STORE_WRITE, 10, &store, &err), 0);
		keep(store, "first");
		assert_int_equal(store_make_durable(store, &err), 0);
		keep(store, "second");
		vfs_fault_at(VFS_FAULT_SYNC, 1, 3);
		assert_int_equal(store_make_durable(store, &err), -EIO);
		assert_int_equal(store_begin(store, &err), -EIO);
		keep(store, "third");
		assert_int_equal(store_make_durable(store, &err), 0);
		vfs_crash_now(VFS_CRASH_POWER);
		store_close(store);
		vfs_restart();
		assert_int_equal(store_open(scratch.database, STORE_WRITE, 10, &store, &err), 0);
		assert_true(is_kept(store, "first") && is_kept(store, "second") && is_kept(store, "third"));
		store_close(store);
	}
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wal__commit_of_many_pages__few_writes),
		cmocka_unit_test(wal__no_sync__others_read_what_is_committed),
		cmocka_unit_test(wal__rolled_back_with_pages_in_the_log__the_next_writer_keeps_its_place),
		cmocka_unit_test(wal__spilled_pages__read_back_in_the_same_transaction),
		cmocka_unit_test(wal__write_fails__commit_says_so_and_the_next_is_whole),
		cmocka_unit_test(wal__refused_operations_and_spills__nothing_lost),
		cmocka_unit_test(wal__crash_anywhere__nothing_lost),
		cmocka_unit_test(wal__rollback_journal__as_without),
		cmocka_unit_test(wal__sync_left__is_done_when_its_end_is_asked_for),
		cmocka_unit_test(wal__sync_left_and_power_lost__the_commit_is_there_or_not),
		cmocka_unit_test(wal__sync_left_fails__it_is_not_forgotten_over_the_next),
		cmocka_unit_test(wal__sync_left__a_write_waits_for_it),
		cmocka_unit_test(wal__sync_left__a_checkpoint_waits_for_it),
		cmocka_unit_test(wal__commit_fails_before_the_sync_that_would_be_left__the_next_is_not_left),
		cmocka_unit_test(wal__no_log__nothing_is_left),
		cmocka_unit_test(store__syncs_fail__nothing_is_written_before_the_log_is_in_the_database),
	};
	vfs_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
