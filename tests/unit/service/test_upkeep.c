/* The daily copy: once a day, beside the passes; what fails is said and tried again; damage ends it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "desk.h"
#include "service/upkeep.h"
#include "store/store_backup.h"
#include "store/store_daily.h"

enum { TEST_LIMIT_S = 600, MOMENT_US = 250 };

static struct upkeep *upkeep;

/* state_dir is the scratch folder, so the copies are in "backup" there. */
#define CHANNEL "[channel email]\ntype = maildir\npath = mail\n[policy default]\nremind = 1d before start at 09:00\n"
#define CONFIG "backup_keep = 2\noperator = anna\n" CHANNEL

static void open_desk(const char *text)
{
	desk_open(text, "2025-06-01T09:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	upkeep = upkeep_new();
	app_use_upkeep(desk.app, upkeep);
	(void)alarm(TEST_LIMIT_S); /* a thread that never ends must not hang the tests */
}

static void close_desk(void)
{
	app_use_upkeep(desk.app, NULL);
	upkeep_free(upkeep);
	desk_close();
}

/* Passes until the thread rests and its result is in. */
static void settle(void)
{
	do {
		(void)sched_yield();
		desk_tick();
	} while (upkeep_next_utc(upkeep, desk.now.wall_s) != STORE_NEVER);
	desk_tick();
}

static size_t copies(void)
{
	size_t n = 0;
	DIR *dir = opendir(scratch_path(&desk.office.scratch, "backup"));
	for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
		n += entry->d_name[0] != '.';
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

static bool has_copy(const char *day)
{
	char name[STORE_DAILY_SIZE], path[128];
	store_daily_name(day, name);
	(void)snprintf(path, sizeof(path), "backup/%s", name);
	return access(scratch_path(&desk.office.scratch, path), F_OK) == 0;
}

static int64_t noted_utc(void)
{
	int64_t utc = 0;
	OK(store_backup_last(desk.office.store, &utc, ERR));
	return utc;
}

/* Two databases with one state_dir: the day's copy of the other is there already. */
static void upkeep__copy_of_another_database__is_neither_replaced_nor_counted(void **state)
{
	(void)state;
	open_desk("backup_keep = 1\noperator = anna\n" CHANNEL);
	struct store *other = NULL;
	struct store_copied copied;
	char *from = mem_dup(scratch_path(&desk.office.scratch, "other.db"));
	assert_int_equal(mkdir(scratch_path(&desk.office.scratch, "backup"), 0700), 0);
	char *to = mem_dup(scratch_path(&desk.office.scratch, "backup/deadlined-2025-06-01.db"));
	const struct store_copy copy = {.from = from, .to = to};
	OK(store_open(from, STORE_WRITE, 50, &other, ERR));
	OK(store_copy(&copy, &copied, ERR));
	settle();
	assert_int_equal(noted_utc(), desk.now.wall_s);
	assert_int_equal(copies(), 2);
	assert_false(store_copy_is_foreign(to, store_instance(other)));
	desk_move(86400);
	settle();
	assert_int_equal(copies(), 2);
	assert_true(has_copy("2025-06-02"));
	assert_false(store_copy_is_foreign(to, store_instance(other)));
	store_close(other);
	free(to);
	free(from);
	close_desk();
}

static void upkeep__each_day__makes_one_copy_and_keeps_the_latest(void **state)
{
	(void)state;
	open_desk(CONFIG);
	settle();
	assert_true(has_copy("2025-06-01"));
	assert_int_equal(noted_utc(), utc("2025-06-01T09:00"));
	desk_move_to("2025-06-01T20:59"); /* in Moscow 23:59 */
	settle();
	assert_int_equal(copies(), 1);
	assert_int_equal(noted_utc(), utc("2025-06-01T09:00"));
	desk_move_to("2025-06-01T21:00");
	settle();
	assert_true(has_copy("2025-06-02"));
	desk_move_to("2025-06-05T09:00");
	settle();
	assert_int_equal(copies(), 2);
	assert_true(has_copy("2025-06-05") && has_copy("2025-06-02"));
	assert_int_equal(desk_count("sent"), 0);
	close_desk();
}

static void upkeep__idle__writes_nothing_and_wakes_nobody(void **state)
{
	(void)state;
	open_desk(CONFIG);
	settle();
	int64_t before = office_number(&desk.office, "PRAGMA data_version");
	desk_move(3600);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "PRAGMA data_version"), before);
	assert_int_equal(upkeep_next_utc(upkeep, desk.now.wall_s), STORE_NEVER);
	close_desk();
}

static void upkeep__none_wanted__makes_none(void **state)
{
	(void)state;
	open_desk("backup_keep = 0\n" CHANNEL);
	settle();
	assert_int_equal(copies(), 0);
	assert_int_equal(noted_utc(), -1);
	close_desk();
}

static void upkeep__failure__is_told_once_a_day_and_tried_again_each_hour(void **state)
{
	(void)state;
	open_desk(CONFIG);
	char *folder = mem_dup(scratch_path(&desk.office.scratch, "backup"));
	scratch_write(folder, "in the way", 10);
	settle();
	assert_int_equal(desk_count("sent"), 1);
	for (int i = 0; i < 3; i++) {
		desk_move(3600);
		settle();
	}
	assert_int_equal(desk_count("sent"), 1);
	assert_non_null(strstr(office_text(&desk.office, "SELECT text FROM notice"), "could not be made"));
	desk_move(86400);
	settle();
	assert_int_equal(desk_count("sent"), 2);

	assert_int_equal(unlink(folder), 0);
	desk_move(3599);
	settle();
	assert_int_equal(noted_utc(), -1);
	desk_move(1);
	settle();
	assert_int_equal(noted_utc(), desk.now.wall_s);
	assert_int_equal(desk_count("sent"), 2);
	free(folder);
	close_desk();
}

static void upkeep__folder_in_a_missing_one__names_that_and_the_cure(void **state)
{
	(void)state;
	open_desk("backup_dir = gone/backup\n" CONFIG);
	settle();
	const char *text = office_text(&desk.office, "SELECT text FROM notice");
	assert_non_null(strstr(text, "/gone is missing: make it with install -d -m 0700"));
	assert_int_equal(access(scratch_path(&desk.office.scratch, "gone"), F_OK), -1);
	close_desk();
}

static void upkeep__failure_and_then_none_wanted__is_not_told_again(void **state)
{
	(void)state;
	open_desk(CONFIG);
	scratch_write(scratch_path(&desk.office.scratch, "backup"), "in the way", 10);
	settle();
	assert_int_equal(desk_count("sent"), 1);
	app_reload(desk.app, desk_setup("backup_keep = 0\noperator = anna\n" CHANNEL), desk.now);
	for (int day = 0; day < 3; day++) {
		desk_move(86400);
		settle();
	}
	assert_int_equal(desk_count("sent"), 1);
	close_desk();
}

/* The copy was made, and the pass that notes it cannot be committed. */
static void upkeep__note_that_was_undone__is_written_by_a_later_pass(void **state)
{
	(void)state;
	open_desk(CONFIG);
	desk_tick();
	office_run(&desk.office, "BEGIN IMMEDIATE");
	while (!has_copy("2025-06-01"))
		(void)sched_yield();
	for (int i = 0; i < 3; i++)
		assert_int_equal(desk_try(), -EBUSY);
	office_run(&desk.office, "COMMIT");
	desk_move(5);
	settle();
	assert_int_equal(noted_utc(), utc("2025-06-01T09:00"));
	assert_int_equal(copies(), 1);
	close_desk();
}

/* Overwrites the root page of a table that no pass reads, on the disk. */
static void spoil(void)
{
	int64_t page = office_number(&desk.office, "SELECT rootpage FROM sqlite_schema WHERE name = 'deputy'");
	office_run(&desk.office, "PRAGMA wal_checkpoint(TRUNCATE)");
	FILE *file = fopen(desk.office.scratch.database, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, (long)(page - 1) * 4096, SEEK_SET), 0);
	assert_int_equal(fwrite("damage damage damage", 1, 20, file), 20);
	assert_int_equal(fclose(file), 0);
}

static void upkeep__damage_found_by_the_copy__ends_the_passes(void **state)
{
	(void)state;
	open_desk(CONFIG);
	settle();
	desk_move(86400);
	spoil();
	int status = 0;
	while (status == 0) {
		(void)sched_yield();
		status = desk_try();
	}
	assert_int_equal(status, -EUCLEAN);
	assert_int_equal(copies(), 1); /* the good one of the day before */
	close_desk();
}

static void upkeep__start_on_a_damaged_database__is_refused(void **state)
{
	(void)state;
	struct err err = {0};
	open_desk(CONFIG);
	OK(upkeep_start(upkeep, app_setup(desk.app)->conf, ERR));
	spoil();
	assert_int_equal(upkeep_start(upkeep, app_setup(desk.app)->conf, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "malformed"));
	close_desk();
}

/* The job may be anywhere when the daemon stops. */
/* As long as it takes on a machine however busy: there each time that we yield costs milliseconds. */
static void let_copy(int64_t us)
{
	struct timespec begun, now;
	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	do {
		(void)sched_yield();
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begun.tv_sec) * 1000000 + (now.tv_nsec - begun.tv_nsec) / 1000 < us);
}

static void upkeep__stop_in_the_middle__leaves_a_whole_copy_or_none(void **state)
{
	(void)state;
	open_desk(CONFIG);
	office_run(&desk.office,
		   "CREATE TABLE filler (text TEXT); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
		   " FROM n WHERE i < 4000) INSERT INTO filler SELECT hex(randomblob(1900)) FROM n");
	for (int day = 1; day < 9; day++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "2025-06-%02d", day);
		desk_tick();
		let_copy(day * MOMENT_US);
		app_use_upkeep(desk.app, NULL);
		upkeep_free(upkeep);
		upkeep = upkeep_new();
		app_use_upkeep(desk.app, upkeep);
		if (has_copy(name)) {
			char path[64];
			(void)snprintf(path, sizeof(path), "backup/deadlined-%s.db", name);
			OK(store_inspect(scratch_path(&desk.office.scratch, path), false, NULL, NULL, ERR));
		}
		desk_move(86400);
	}
	settle();
	assert_true(copies() <= 2); /* what was cut off is gone */
	close_desk();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upkeep__copy_of_another_database__is_neither_replaced_nor_counted),
		cmocka_unit_test(upkeep__each_day__makes_one_copy_and_keeps_the_latest),
		cmocka_unit_test(upkeep__idle__writes_nothing_and_wakes_nobody),
		cmocka_unit_test(upkeep__none_wanted__makes_none),
		cmocka_unit_test(upkeep__failure__is_told_once_a_day_and_tried_again_each_hour),
		cmocka_unit_test(upkeep__folder_in_a_missing_one__names_that_and_the_cure),
		cmocka_unit_test(upkeep__failure_and_then_none_wanted__is_not_told_again),
		cmocka_unit_test(upkeep__note_that_was_undone__is_written_by_a_later_pass),
		cmocka_unit_test(upkeep__damage_found_by_the_copy__ends_the_passes),
		cmocka_unit_test(upkeep__start_on_a_damaged_database__is_refused),
		cmocka_unit_test(upkeep__stop_in_the_middle__leaves_a_whole_copy_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
