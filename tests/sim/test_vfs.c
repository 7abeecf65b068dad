#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "test_work.h"
#include "vfs.h"
#include "vfs_priv.h"

static void vfs__process_death_anywhere__nothing_lost(void **state)
{
	(void)state;
	struct clock clock = clock_system();
	int64_t began_ms = clock_now(&clock).mono_ms;
	struct tally tally = work_crash_everywhere(&(struct work){.pragmas = WAL_FULL}, VFS_CRASH_PROCESS);
	assert_in_range(tally.crashes, 800 / VFS_STRIDE, 100000);
	assert_int_equal(tally.lossy, 0);
	int64_t took_ms = clock_now(&clock).mono_ms - began_ms;
	print_message("%d crash points, %lld per second\n", tally.crashes,
		      (long long)(tally.crashes * 1000LL / (took_ms > 0 ? took_ms : 1)));
}

static void vfs__power_loss_anywhere__nothing_lost(void **state)
{
	(void)state;
	struct tally tally = work_crash_everywhere(&(struct work){.pragmas = WAL_FULL}, VFS_CRASH_POWER);
	assert_in_range(tally.crashes, 800 / VFS_STRIDE, 100000);
	assert_int_equal(tally.lossy, 0);
}

static void vfs__rollback_journal__nothing_lost(void **state)
{
	(void)state;
	assert_int_equal(
		work_crash_everywhere(&(struct work){.pragmas = ROLLBACK, .is_alone = true}, VFS_CRASH_PROCESS).lossy,
		0);
	assert_int_equal(
		work_crash_everywhere(&(struct work){.pragmas = ROLLBACK, .is_alone = true}, VFS_CRASH_POWER).lossy, 0);
}

/* The power loss bites: without a sync for each commit, commits are lost, and a process death still loses none. */
static void vfs__normal_sync__power_loss_loses(void **state)
{
	(void)state;
	assert_int_equal(work_crash_everywhere(&(struct work){.pragmas = WAL_NORMAL}, VFS_CRASH_PROCESS).lossy, 0);
	struct tally tally = work_crash_everywhere(&(struct work){.pragmas = WAL_NORMAL}, VFS_CRASH_POWER);
	print_message("%d of %d power losses lost a commit\n", tally.lossy, tally.crashes);
	assert_true(tally.lossy > tally.crashes / 10);
}

/* ---- faults ------------------------------------------------------------------------------------------------------- */

static void vfs__refused_operations__all_done_in_the_end(void **state)
{
	(void)state;
	const struct work how = {.pragmas = WAL_FULL};
	assert_int_equal(work_refuse_at_random(&how, 100, 3), WORK_LIVES);
}

static void vfs__nth_write_is_full__until_ended(void **state)
{
	(void)state;
	struct work work = {.seed = 5, .pragmas = WAL_FULL};
	work_make(&work);
	work_open(&work);
	vfs_fault_at(VFS_FAULT_FULL, 3, VFS_FOREVER);
	uint64_t before = vfs_stats().writes;
	assert_int_equal(work_step(&work, 1), SQLITE_FULL);
	assert_int_equal(vfs_stats().writes, before + 3);
	assert_int_equal(work_step(&work, 1), SQLITE_FULL);
	vfs_fault_end();
	assert_int_equal(work_step(&work, 1), SQLITE_OK);
	vfs_fault_at(VFS_FAULT_WRITE, 1, 1);
	assert_int_equal(work_step(&work, 2), SQLITE_IOERR);
	assert_int_equal(work_step(&work, 2), SQLITE_OK);
	vfs_fault_at(VFS_FAULT_SYNC, 1, 1);
	assert_int_equal(work_step(&work, 3), SQLITE_IOERR);
	assert_int_equal(work_step(&work, 3), SQLITE_OK);
	work_close(&work);
}

static void vfs__capacity__full_until_freed(void **state)
{
	(void)state;
	struct work work = {.seed = 6, .pragmas = WAL_FULL};
	work_make(&work);
	work_open(&work);
	vfs_set_capacity(vfs_size(NULL) + 60000);
	int step = 1;
	while (work_step(&work, step) == SQLITE_OK)
		step++;
	assert_int_equal(work_step(&work, step), SQLITE_FULL);
	assert_in_range(vfs_size(NULL), 0, 200000);
	vfs_set_capacity(-1);
	assert_int_equal(work_step(&work, step), SQLITE_OK);
	assert_true(is_sound(work.dbs[0]));
	work_close(&work);
}

static void vfs__busy__waits_without_time_passing(void **state)
{
	(void)state;
	struct work work = {.seed = 7, .pragmas = WAL_FULL};
	work_make(&work);
	work_open(&work);
	assert_int_equal(sqlite3_busy_timeout(work.dbs[0], 2000), SQLITE_OK);
	vfs_fault_at(VFS_FAULT_BUSY, 1, VFS_FOREVER);
	assert_int_equal(run(work.dbs[0], "BEGIN IMMEDIATE"), SQLITE_BUSY);
	assert_in_range(vfs_stats().slept_us, 1900000, 2100000);
	assert_int_equal(number(work.dbs[0], "SELECT step FROM last"), 0); /* who reads is not disturbed */
	vfs_fault_at(VFS_FAULT_BUSY, 3, 0);
	assert_int_equal(work_step(&work, 2), SQLITE_OK);
	work_close(&work);
}

static void vfs__flipped_bit__seen(void **state)
{
	(void)state;
	struct work work = {.seed = 8, .pragmas = WAL_FULL};
	int n_seen = 0;
	for (work.seed = 1; work.seed <= 20; work.seed++) {
		work_make(&work);
		work_go_on(&work);
		int64_t size = vfs_size(FILE_NAME);
		assert_in_range(vfs_flip_bit(FILE_NAME, -1), 0, size - 1);
		sqlite3 *db = open_db(NULL, "");
		n_seen += !is_sound(db);
		(void)sqlite3_close(db);
	}
	assert_in_range(n_seen, 2, 20); /* most bits belong to text or to nothing */
	assert_int_equal(vfs_flip_bit("nothing.db", -1), -1);
	assert_int_equal(vfs_flip_bit(FILE_NAME, 17), 17);
	sqlite3 *db = open_db(NULL, "");
	assert_false(is_sound(db));
	(void)sqlite3_close(db);
}

/* ---- connections, chance, death ------------------------------------------------------------------------------------ */

static void vfs__two_writers__one_at_a_time(void **state)
{
	(void)state;
	struct work work = {.seed = 9, .pragmas = WAL_FULL};
	work_make(&work);
	work_open(&work);
	must(work.dbs[0], "BEGIN IMMEDIATE; UPDATE last SET step = 77");
	assert_int_equal(run(work.dbs[1], "BEGIN IMMEDIATE"), SQLITE_BUSY);
	assert_int_equal(number(work.dbs[1], "SELECT step FROM last"), 0);
	must(work.dbs[1], "BEGIN; SELECT * FROM last");
	must(work.dbs[0], "COMMIT");
	assert_int_equal(number(work.dbs[1], "SELECT step FROM last"), 0); /* its snapshot */
	must(work.dbs[1], "END");
	assert_int_equal(number(work.dbs[1], "SELECT step FROM last"), 77);
	must(work.dbs[1], "UPDATE last SET step = 0");
	work_close(&work);
	assert_int_equal(vfs_size(FILE_NAME "-wal"), -1); /* the last one tidies up */

	work.pragmas = ROLLBACK;
	work_open(&work);
	must(work.dbs[0], "BEGIN EXCLUSIVE");
	assert_int_equal(run(work.dbs[1], "SELECT * FROM last"), SQLITE_BUSY);
	must(work.dbs[0], "COMMIT");
	must(work.dbs[1], "SELECT * FROM last");
	work_close(&work);
}

static void vfs__same_seed__same_bytes(void **state)
{
	(void)state;
	unsigned char random[2][16];
	uint64_t hash[3], draws[3] = {21, 21, 22};
	for (int i = 0; i < 3; i++) {
		struct work work = {.seed = draws[i], .pragmas = WAL_FULL};
		work_make(&work);
		vfs_fault_chance(VFS_FAULT_FULL, 10000);
		vfs_crash_at(150, VFS_CRASH_POWER);
		work_go_on(&work);
		hash[i] = vfs_hash();
		if (i < 2)
			sqlite3_randomness(sizeof(random[i]), random[i]);
	}
	assert_int_equal(hash[0], hash[1]);
	assert_int_not_equal(hash[0], hash[2]);
	assert_memory_equal(random[0], random[1], sizeof(random[0]));
}

static void vfs__dead__changes_nothing(void **state)
{
	(void)state;
	struct work work = {.seed = 10, .pragmas = WAL_FULL};
	work_make(&work);
	work_open(&work);
	assert_int_equal(work_step(&work, 1), SQLITE_OK);
	vfs_crash_now(VFS_CRASH_PROCESS);
	assert_true(vfs_is_dead());
	uint64_t hash = vfs_hash();
	assert_int_not_equal(work_step(&work, 2), SQLITE_OK);
	assert_int_equal(run(work.dbs[0], "SELECT * FROM row"), SQLITE_IOERR);
	sqlite3 *dead[2] = {work.dbs[0], work.dbs[1]};
	assert_int_equal(vfs_hash(), hash);

	vfs_restart();
	assert_false(vfs_is_dead());
	work_open(&work);
	assert_int_not_equal(run(dead[0], "DELETE FROM row"), SQLITE_OK); /* a dead connection stays dead */
	assert_int_equal(sqlite3_close(dead[0]), SQLITE_OK);
	assert_int_equal(work_step(&work, 2), SQLITE_OK);
	assert_int_equal(sqlite3_close(dead[1]), SQLITE_OK);
	assert_int_equal(number(work.dbs[0], "SELECT step FROM last"), 2);
	work_close(&work);
	assert_int_equal(vfs_stats().crashes, 1);
}

/* Of each sector the old or the new: never a mixture, never anything else, and never the old after a sync. */
static void disk__power_loss__old_new_or_torn_at_sectors(void **state)
{
	(void)state;
	unsigned char page[4096], back[4096];
	int n_old = 0, n_new = 0, n_torn = 0;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		vfs_disk_reset(seed);
		struct vfs_disk_file *file = vfs_disk_create("/page");
		memset(page, 'o', sizeof(page));
		vfs_disk_write(file, page, sizeof(page), 100);
		vfs_disk_sync(file);
		memset(page, 'n', sizeof(page));
		vfs_disk_write(file, page, sizeof(page), 100);
		vfs_disk_lose_power();
		assert_int_equal(vfs_disk_read(file, back, sizeof(back), 100), sizeof(back));
		int n = 0;
		for (size_t i = 0; i < sizeof(back); i++) {
			assert_true(back[i] == 'o' || back[i] == 'n');
			assert_true(i == 0 || (i + 100) % VFS_SECTOR == 0 || back[i] == back[i - 1]);
			n += back[i] == 'n';
		}
		n_old += n == 0;
		n_new += n == sizeof(back);
		n_torn += n != 0 && n != sizeof(back);
		vfs_disk_release(file);
	}
	assert_true(n_old > 20 && n_new > 20 && n_torn > 20);
	vfs_disk_reset(1);
}

static void disk__power_loss__names_come_and_go(void **state)
{
	(void)state;
	int n_made = 0, n_deleted = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		vfs_disk_reset(seed);
		struct vfs_disk_file *kept = vfs_disk_create("/kept"), *gone = vfs_disk_create("/gone");
		vfs_disk_sync(kept);
		vfs_disk_delete(gone, false);
		struct vfs_disk_file *made = vfs_disk_create("/made");
		vfs_disk_lose_power();
		assert_ptr_equal(vfs_disk_find("/kept"), kept);
		n_made += vfs_disk_find("/made") != NULL;
		n_deleted += vfs_disk_find("/gone") == NULL;
		vfs_disk_release(kept);
		vfs_disk_release(gone);
		vfs_disk_release(made);
	}
	assert_in_range(n_made, 20, 80);
	assert_in_range(n_deleted, 20, 80);
	vfs_disk_reset(1);
}

/* Locks and the index of the log die with the crash, even if nobody closes. */
static void vfs__handles_left_open__no_hold_on_the_next_life(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct work work = {.seed = seed, .pragmas = seed % 2 == 0 ? WAL_NORMAL : ROLLBACK};
		work_make(&work);
		work_open(&work);
		for (int step = 1; step <= 4; step++)
			assert_int_equal(work_step(&work, step), SQLITE_OK);
		must(work.dbs[0], "BEGIN IMMEDIATE");
		sqlite3 *dead[2] = {work.dbs[0], work.dbs[1]};
		vfs_crash_now(VFS_CRASH_POWER);
		vfs_restart();
		work_open(&work);
		assert_true(is_sound(work.dbs[0]));
		assert_int_equal(work_step(&work, 5), SQLITE_OK);
		work_close(&work);
		assert_int_equal(sqlite3_close(dead[0]), SQLITE_OK);
		assert_int_equal(sqlite3_close(dead[1]), SQLITE_OK);
	}
}

static void vfs__time__fixed(void **state)
{
	(void)state;
	vfs_reset(1);
	sqlite3 *db = open_db(NULL, "");
	assert_int_equal(number(db, "SELECT unixepoch('now')"), 1735689600);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vfs__two_writers__one_at_a_time),
		cmocka_unit_test(vfs__time__fixed),
		cmocka_unit_test(vfs__same_seed__same_bytes),
		cmocka_unit_test(vfs__dead__changes_nothing),
		cmocka_unit_test(disk__power_loss__old_new_or_torn_at_sectors),
		cmocka_unit_test(disk__power_loss__names_come_and_go),
		cmocka_unit_test(vfs__handles_left_open__no_hold_on_the_next_life),
		cmocka_unit_test(vfs__nth_write_is_full__until_ended),
		cmocka_unit_test(vfs__capacity__full_until_freed),
		cmocka_unit_test(vfs__busy__waits_without_time_passing),
		cmocka_unit_test(vfs__flipped_bit__seen),
		cmocka_unit_test(vfs__refused_operations__all_done_in_the_end),
		cmocka_unit_test(vfs__process_death_anywhere__nothing_lost),
		cmocka_unit_test(vfs__power_loss_anywhere__nothing_lost),
		cmocka_unit_test(vfs__rollback_journal__nothing_lost),
		cmocka_unit_test(vfs__normal_sync__power_loss_loses),
	};
	vfs_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
