/* store_wal on the simulated disk: what it gathers is never missing, never too late, and never at another's place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

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
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct work work = {.seed = seed, .pragmas = WAL_FULL SPILL, .vfs = store_wal_vfs()};
		int lost;
		(void)work_learn(&work);
		work_make(&work);
		for (int fault = 0; fault < VFS_FAULT_MAX; fault++)
			vfs_fault_chance((enum vfs_fault)fault, fault == VFS_FAULT_READ ? 2000 : 20000);
		vfs_crash_at(50 + seed * 2, VFS_CRASH_POWER);
		work_go_on(&work);
		vfs_fault_end();
		vfs_restart();
		work_check(&work, &lost);
		assert_int_equal(lost, 0);
		work_go_on(&work);
		work_check(&work, &lost);
		assert_int_equal(work.acknowledged, WORK_STEPS);
	}
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

static void wal__rollback_journal__as_without(void **state)
{
	(void)state;
	const struct work how = {.pragmas = ROLLBACK, .is_alone = true, .vfs = store_wal_vfs()};
	assert_int_equal(work_crash_everywhere(&how, VFS_CRASH_POWER).lossy, 0);
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
	};
	vfs_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
