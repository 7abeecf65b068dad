#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "office.h"
#include "store/store_ledger.h"
#include "store/store_priv.h"
#include "store/store_report.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static int open_status(const char *path, enum store_mode mode, struct err *err)
{
	struct store *store = NULL;
	int status = store_open(path, mode, 20, &store, err);
	assert_int_equal(status == 0, store != NULL);
	store_close(store);
	return status;
}

static const char *path_of(const char *name)
{
	return scratch_path(&office.scratch, name);
}

/* ---- opening ------------------------------------------------------------------------------------------------------ */

static const struct {
	enum store_mode mode;
	int status;
} missing[] = {{STORE_READ, -ENOENT}, {STORE_MEMORY, -ENOENT}, {STORE_WRITE, 0}};

static void store__missing_file__is_made_only_for_writing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		struct err err = {0};
		assert_int_equal(open_status(path_of("new.db"), missing[i].mode, &err), missing[i].status);
		assert_int_equal(access(path_of("new.db"), F_OK) == 0, missing[i].status == 0);
		if (missing[i].status != 0)
			assert_non_null(strstr(err.text, "new.db"));
	}
}

static void store__missing_folder__is_an_error_that_names_it(void **state)
{
	(void)state;
	struct err err = {0};
	assert_int_equal(open_status(path_of("no/such/plan.db"), STORE_WRITE, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no/such"));
}

static void store__symbolic_link__is_refused_but_not_one_in_the_folder(void **state)
{
	(void)state;
	struct err err = {0};
	char link[300], inside[400];
	(void)snprintf(link, sizeof(link), "%s", path_of("link.db"));
	assert_int_equal(symlink(office.scratch.database, link), 0);
	for (int mode = STORE_READ; mode <= STORE_MEMORY; mode++)
		assert_true(open_status(link, (enum store_mode)mode, &err) < 0);

	(void)snprintf(link, sizeof(link), "%s", path_of("folder"));
	assert_int_equal(symlink(office.scratch.folder, link), 0);
	(void)snprintf(inside, sizeof(inside), "%s/plan.db", link);
	assert_int_equal(open_status(inside, STORE_WRITE, &err), 0);
}

static void store__second_name__is_refused_to_who_writes(void **state)
{
	(void)state;
	struct err err = {0};
	char second[300];
	store_close(office.store);
	office.store = NULL;
	(void)snprintf(second, sizeof(second), "%s", path_of("second.db"));
	assert_int_equal(link(office.scratch.database, second), 0);
	assert_int_equal(open_status(second, STORE_WRITE, &err), -EACCES);
	assert_int_equal(open_status(office.scratch.database, STORE_WRITE, &err), -EACCES);
	assert_non_null(strstr(err.text, "it has 2 names"));
	assert_int_equal(open_status(second, STORE_READ, &err), 0);
	assert_int_equal(unlink(second), 0);
	assert_int_equal(open_status(office.scratch.database, STORE_WRITE, &err), 0);
}

static void store__made_by_root__belongs_to_the_owner_of_the_folder(void **state)
{
	(void)state;
	static const char *const made[] = {"mine/plan.db", "mine/plan.db-wal", "mine/plan.db-shm"};
	if (geteuid() != 0)
		skip(); /* what others make is theirs */
	struct store *store = NULL;
	char path[300];
	(void)snprintf(path, sizeof(path), "%s", path_of("mine"));
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, 61234, 61235), 0);
	(void)snprintf(path, sizeof(path), "%s", path_of("mine/plan.db"));
	OK(store_open(path, STORE_WRITE, 0, &store, ERR));
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		struct stat file;
		assert_int_equal(stat(path_of(made[i]), &file), 0);
		if (file.st_uid != 61234 || file.st_gid != 61235 || (file.st_mode & 0777) != 0600)
			fail_msg("%s: %u:%u %o", made[i], file.st_uid, file.st_gid, file.st_mode);
	}
	store_close(store);
}

static const struct {
	const char *name;
	size_t keep;  /* bytes of the database that stay, 0 = all */
	size_t spoil; /* offset from which 64 bytes are overwritten, 0 = none */
} damages[] = {{"a letter", 1, 0},  {"a word", 5, 0},           {"half a header", 50, 0},
	       {"no header", 0, 1}, {"cut in a page", 6000, 0}, {"first page", 0, 100}};

static void store__damaged_file__is_named_so_and_kept_as_it_is(void **state)
{
	(void)state;
	size_t whole_len = 0;
	store_close(office.store);
	office.store = NULL;
	office_run(&office, "PRAGMA journal_mode = DELETE");
	char *whole = scratch_read(office.scratch.database, &whole_len);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		for (int mode = STORE_READ; mode <= STORE_MEMORY; mode++) {
			struct err err = {0};
			size_t len = damages[i].keep != 0 ? damages[i].keep : whole_len, after_len = 0;
			char *bytes = malloc(whole_len);
			memcpy(bytes, whole, whole_len);
			if (damages[i].spoil != 0)
				memset(bytes + damages[i].spoil, 'x', 64);
			scratch_write(path_of("bad.db"), bytes, len);
			int status = open_status(path_of("bad.db"), (enum store_mode)mode, &err);
			if (status != -EUCLEAN)
				fail_msg("%s, mode %d: %d %s", damages[i].name, mode, status, err.text);
			char *after = scratch_read(path_of("bad.db"), &after_len);
			assert_int_equal(after_len, len);
			assert_memory_equal(after, bytes, len);
			free(after);
			free(bytes);
		}
	free(whole);
}

static int pragma(const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(office.store->db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int value = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return value;
}

/* NORMAL loses commits in a power cut, and every message of them is sent again. */
static void store__commits__are_on_the_disk_when_they_return(void **state)
{
	(void)state;
	assert_int_equal(pragma("PRAGMA synchronous"), 2);
	assert_int_equal(pragma("PRAGMA foreign_keys"), 1);
	assert_string_equal(office_text(&office, "PRAGMA journal_mode"), "wal");
}

/* ---- locks -------------------------------------------------------------------------------------------------------- */

static void store__locked_by_another__is_busy_and_works_again(void **state)
{
	(void)state;
	struct err err = {0};
	office_run(&office, "BEGIN IMMEDIATE");
	assert_int_equal(store_begin(office.store, &err), -EBUSY);
	assert_true(err.text[0] != '\0');
	assert_int_equal(store_meta_save(office.store, "a", "1", &err), -EBUSY);
	office_run(&office, "ROLLBACK");
	OK(store_begin(office.store, ERR));
	OK(store_meta_save(office.store, "a", "1", ERR));
	OK(store_commit(office.store, ERR));
}

static void store__rolled_back__leaves_nothing(void **state)
{
	(void)state;
	char *value = NULL;
	OK(store_begin(office.store, ERR));
	OK(store_meta_save(office.store, "a", "1", ERR));
	store_rollback(office.store);
	store_rollback(office.store); /* legal when none is open */
	OK(store_meta_load(office.store, "a", &value, ERR));
	assert_null(value);
	OK(store_begin(office.store, ERR));
	OK(store_meta_save(office.store, "a", "2", ERR));
	office_reopen(&office);
	OK(store_meta_load(office.store, "a", &value, ERR));
	assert_null(value);
}

static void store__data_version__changes_with_commits_of_others_only(void **state)
{
	(void)state;
	int64_t first = 0, own = 0, foreign = 0, same = 0;
	OK(store_data_version(office.store, &first, ERR));
	OK(store_meta_save(office.store, "a", "1", ERR));
	OK(store_data_version(office.store, &own, ERR));
	assert_int_equal(own, first);
	office_run(&office, "INSERT INTO meta VALUES ('b', '2')");
	OK(store_data_version(office.store, &foreign, ERR));
	assert_int_not_equal(foreign, first);
	OK(store_data_version(office.store, &same, ERR));
	assert_int_equal(same, foreign);
	office_run(&office, "BEGIN; INSERT INTO meta VALUES ('c', '3'); ROLLBACK");
	OK(store_data_version(office.store, &same, ERR));
	assert_int_equal(same, foreign);
}

/* ---- the copy in memory ------------------------------------------------------------------------------------------- */

static void store__memory__is_a_copy_and_changes_no_byte_of_the_file(void **state)
{
	(void)state;
	size_t len = 0, after_len = 0;
	struct store *copy = NULL;
	char *value = NULL;
	OK(store_meta_save(office.store, "a", "file", ERR));
	char instance[32];
	(void)snprintf(instance, sizeof(instance), "%s", store_instance(office.store));
	store_close(office.store);
	office.store = NULL;
	assert_int_equal(sqlite3_close(office.sql), SQLITE_OK);
	char *bytes = scratch_read(office.scratch.database, &len);

	OK(store_open(office.scratch.database, STORE_MEMORY, 20, &copy, ERR));
	assert_string_equal(store_instance(copy), instance);
	OK(store_meta_load(copy, "a", &value, ERR));
	assert_string_equal(value, "file");
	free(value);
	OK(store_begin(copy, ERR));
	OK(store_meta_save(copy, "a", "copy", ERR));
	OK(store_commit(copy, ERR));
	OK(store_rewind(copy, 5, ERR));
	store_close(copy);

	char *after = scratch_read(office.scratch.database, &after_len);
	assert_int_equal(after_len, len);
	assert_memory_equal(after, bytes, len);
	free(after);
	free(bytes);
	office_open_sql(&office);
	assert_string_equal(office_text(&office, "SELECT value FROM meta WHERE key = 'a'"), "file");
}

static void store__memory__sees_what_others_have_committed_so_far(void **state)
{
	(void)state;
	struct store *copy = NULL;
	char *value = NULL;
	office_run(&office,
		   "INSERT INTO meta VALUES ('a', 'committed'); BEGIN; INSERT INTO meta VALUES ('b', 'not yet')");
	OK(store_open(office.scratch.database, STORE_MEMORY, 20, &copy, ERR));
	OK(store_meta_load(copy, "a", &value, ERR));
	assert_string_equal(value, "committed");
	free(value);
	OK(store_meta_load(copy, "b", &value, ERR));
	assert_null(value);
	store_close(copy);
	office_run(&office, "ROLLBACK");
}

static void store__rewind__forgets_the_queue_and_plans_from_there(void **state)
{
	(void)state;
	struct store *copy = NULL;
	struct store_due due[4];
	struct store_counts counts;
	size_t n = 0;
	office_add_person(&office, "anna", "UTC", "email");
	int64_t task =
		office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	OK(store_task_planned(office.store, task, 0, 900, 1000, ERR));
	(void)office_add_message(&office, task, "anna", "email", "1d", 100);
	OK(store_open(office.scratch.database, STORE_MEMORY, 20, &copy, ERR));
	OK(store_rewind(copy, 55, ERR));
	OK(store_task_due(copy, 0, due, 4, &n, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(due[0].planned_until, 55);
	OK(store_count(copy, &counts, ERR));
	for (int i = 0; i < MESSAGE_STATE_MAX; i++)
		assert_int_equal(counts.n[i], 0);
	store_close(copy);
}

static void store__read_only__writes_nothing(void **state)
{
	(void)state;
	struct store *reader = NULL;
	struct err err = {0};
	OK(store_meta_save(office.store, "a", "1", ERR));
	OK(store_open(office.scratch.database, STORE_READ, 20, &reader, ERR));
	assert_true(store_meta_save(reader, "a", "2", &err) < 0);
	store_close(reader);
	assert_string_equal(office_text(&office, "SELECT value FROM meta WHERE key = 'a'"), "1");
}

/* ---- names and values --------------------------------------------------------------------------------------------- */

static void store__instance__is_the_databases_own_for_life(void **state)
{
	(void)state;
	struct store *other = NULL;
	char first[32];
	(void)snprintf(first, sizeof(first), "%s", store_instance(office.store));
	assert_true(strlen(first) >= 16);
	office_reopen(&office);
	assert_string_equal(store_instance(office.store), first);
	OK(store_open(path_of("other.db"), STORE_WRITE, 20, &other, ERR));
	assert_string_not_equal(store_instance(other), first);
	store_close(other);
}

static void store__named_value__is_kept_and_replaced(void **state)
{
	(void)state;
	char *value = (char *)"untouched";
	OK(store_meta_load(office.store, "a", &value, ERR));
	assert_null(value);
	OK(store_meta_save(office.store, "a", "1", ERR));
	OK(store_meta_save(office.store, "a", "2", ERR));
	office_reopen(&office);
	OK(store_meta_load(office.store, "a", &value, ERR));
	assert_string_equal(value, "2");
	free(value);
}

static void store__ledger__is_stamped_once_by_who_comes_first(void **state)
{
	(void)state;
	office_run(&office, "INSERT INTO task (uid, title, end_local, zone) VALUES ('sql', 'x', '2025-06-15', 'UTC')");
	size_t n = 0;
	office_run(&office, "INSERT INTO task (uid, title, end_local, zone) VALUES ('late', 'x', '2025-06-15', 'UTC')");
	OK(store_ledger_stamp_some(office.store, 1, 100, &n, ERR));
	assert_int_equal(n, 1);
	OK(store_ledger_stamp_some(office.store, 8, 150, &n, ERR));
	assert_int_equal(n, 1);
	OK(store_ledger_stamp_some(office.store, 8, 160, &n, ERR));
	assert_int_equal(n, 0);
	(void)office_add_task(&office, &(struct office_task){.uid = "ctl", .start = "2025-06-15"});
	OK(store_ledger_stamp(office.store, "root", "deadlinectl", 200, ERR));
	OK(store_ledger_stamp(office.store, "thief", "elsewhere", 300, ERR));
	assert_string_equal(office_text(&office,
					"SELECT group_concat(task || at_utc || coalesce(who, '?') || through, ' ')"
					" FROM (SELECT * FROM ledger ORDER BY id)"),
			    "sql100?sql late150?sql ctl200rootdeadlinectl");
}

static void store__shrunk_log__takes_no_room_and_loses_nothing(void **state)
{
	(void)state;
	struct stat log;
	OK(store_meta_save(office.store, "a", "1", ERR));
	const char *path = scratch_path(&office.scratch, "plan.db-wal");
	assert_int_equal(stat(path, &log), 0);
	assert_true(log.st_size > 0);
	OK(store_shrink_log(office.store, ERR));
	assert_int_equal(stat(path, &log), 0);
	assert_int_equal(log.st_size, 0);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM meta WHERE key = 'a'"), 1);
}

static int cached_bytes(void)
{
	int bytes = 0, most = 0;
	assert_int_equal(sqlite3_db_status(office.store->db, SQLITE_DBSTATUS_CACHE_USED, &bytes, &most, 0), SQLITE_OK);
	return bytes;
}

static void store__dropped_pages__take_no_memory_and_are_read_again(void **state)
{
	(void)state;
	char *value = NULL;
	OK(store_begin(office.store, ERR));
	for (int i = 0; i < 200; i++) {
		char key[16], text[2000] = "";
		(void)snprintf(key, sizeof(key), "key %d", i);
		memset(text, 'x', sizeof(text) - 1);
		OK(store_meta_save(office.store, key, text, ERR));
	}
	OK(store_commit(office.store, ERR));
	assert_true(cached_bytes() > 200000);
	store_drop_pages(office.store);
	assert_true(cached_bytes() < 50000);
	OK(store_meta_load(office.store, "key 7", &value, ERR));
	assert_int_equal(strlen(value), 1999);
	free(value);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(store__missing_file__is_made_only_for_writing),
		WITH_OFFICE(store__missing_folder__is_an_error_that_names_it),
		WITH_OFFICE(store__second_name__is_refused_to_who_writes),
		WITH_OFFICE(store__made_by_root__belongs_to_the_owner_of_the_folder),
		WITH_OFFICE(store__symbolic_link__is_refused_but_not_one_in_the_folder),
		WITH_OFFICE(store__damaged_file__is_named_so_and_kept_as_it_is),
		WITH_OFFICE(store__commits__are_on_the_disk_when_they_return),
		WITH_OFFICE(store__locked_by_another__is_busy_and_works_again),
		WITH_OFFICE(store__rolled_back__leaves_nothing),
		WITH_OFFICE(store__data_version__changes_with_commits_of_others_only),
		WITH_OFFICE(store__memory__is_a_copy_and_changes_no_byte_of_the_file),
		WITH_OFFICE(store__memory__sees_what_others_have_committed_so_far),
		WITH_OFFICE(store__rewind__forgets_the_queue_and_plans_from_there),
		WITH_OFFICE(store__read_only__writes_nothing),
		WITH_OFFICE(store__instance__is_the_databases_own_for_life),
		WITH_OFFICE(store__named_value__is_kept_and_replaced),
		WITH_OFFICE(store__ledger__is_stamped_once_by_who_comes_first),
		WITH_OFFICE(store__shrunk_log__takes_no_room_and_loses_nothing),
		WITH_OFFICE(store__dropped_pages__take_no_memory_and_are_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
