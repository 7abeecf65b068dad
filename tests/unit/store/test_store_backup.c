/* Copies: complete, checked, and there only when they are good; damage is found, and nothing is made anew over it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "office.h"
#include "store/store_backup.h"
#include "store/store_daily.h"
#include "store/store_priv.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Asia/Sakhalin", "email");
	office_add_person(&office, "boris", "Europe/Moscow", "email");
	int64_t task = office_add_task(&office, &(struct office_task){.uid = "visit", .start = "2025-06-15"});
	for (int i = 0; i < 300; i++) {
		char step[40];
		(void)snprintf(step, sizeof(step), "remind %dd before start", i);
		office_add_message(&office, task, i % 2 != 0 ? "anna" : "boris", "email", step, utc("2025-06-01") + i);
	}
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static char *path_of(const char *name)
{
	return mem_dup(scratch_path(&office.scratch, name));
}

static int copy_to(const char *to, bool may_replace, struct store_copied *copied, struct err *err)
{
	const struct store_copy copy = {
		.from = office.scratch.database, .to = to, .may_replace = may_replace, .now_utc = utc("2025-06-02")};
	return store_copy(&copy, copied, err);
}

static size_t files_in(const char *folder)
{
	size_t n = 0;
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

/* Rows of all tables as one text, to compare databases by. */
static char *dump_of(const char *path)
{
	static const char *const queries[] = {
		"SELECT group_concat(id || state || person || due_utc || epoch) FROM message",
		"SELECT group_concat(step || person || message) FROM reminder",
		"SELECT group_concat(id || name || zone) FROM person",
		"SELECT group_concat(uid || title || end_local) FROM task",
		"SELECT group_concat(id || action || task) FROM ledger",
	};
	sqlite3 *db = NULL;
	char *dump = mem_dup("");
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		sqlite3_stmt *stmt = NULL;
		assert_int_equal(sqlite3_prepare_v2(db, queries[i], -1, &stmt, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		const char *text = (const char *)sqlite3_column_text(stmt, 0);
		char *longer = mem_printf("%s|%s", dump, text != NULL ? text : "");
		free(dump);
		dump = longer;
		assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return dump;
}

/* ---- a copy ------------------------------------------------------------------------------------------------------- */

static void copy__of_an_open_database__has_every_row_and_is_one_private_file(void **state)
{
	(void)state;
	struct store_copied copied = {0};
	struct stat file;
	int64_t at_utc = 0;
	char *to = path_of("copy.db"), *log = path_of("copy.db-wal");
	size_t before = files_in(office.scratch.folder);
	OK(copy_to(to, false, &copied, ERR));
	assert_int_equal(files_in(office.scratch.folder), before + 1);
	assert_int_equal(stat(to, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	assert_int_equal(file.st_size, copied.size);
	assert_int_equal(copied.schema, store_schema_version(office.store));
	assert_int_equal(copied.n_dangling, 0);
	OK(store_copy_time(to, &at_utc, ERR));
	assert_int_equal(at_utc, utc("2025-06-02"));
	assert_int_equal(access(log, F_OK), -1);

	char *original = dump_of(office.scratch.database), *dump = dump_of(to);
	assert_string_equal(original, dump);
	free(original);
	free(dump);
	free(log);
	free(to);
}

static void copy__made_in_the_middle_of_a_transaction__has_none_of_it(void **state)
{
	(void)state;
	struct store_copied copied;
	char *to = path_of("copy.db");
	OK(store_begin(office.store, ERR));
	OK(store_meta_save(office.store, "half", "done", ERR));
	OK(copy_to(to, false, &copied, ERR));
	OK(store_commit(office.store, ERR));

	struct store *store = NULL;
	char *value = NULL;
	OK(store_open(to, STORE_READ, 50, &store, ERR));
	OK(store_meta_load(store, "half", &value, ERR));
	assert_null(value);
	store_close(store);
	free(to);
}

static void copy__name_that_is_taken__is_refused_and_untouched(void **state)
{
	(void)state;
	struct store_copied copied;
	struct err err = {0};
	size_t len = 0;
	char *to = path_of("copy.db"), *link = path_of("link.db");
	scratch_write(to, "mine", 4);
	assert_int_equal(copy_to(to, false, &copied, &err), -EEXIST);
	char *bytes = scratch_read(to, &len);
	assert_string_equal(bytes, "mine");
	free(bytes);
	OK(copy_to(to, true, &copied, ERR));

	assert_int_equal(symlink(to, link), 0);
	assert_int_equal(copy_to(link, true, &copied, &err), -EINVAL);
	assert_int_equal(copy_to(office.scratch.folder, true, &copied, &err), -EINVAL);
	free(link);
	free(to);
}

static void copy__onto_the_database_itself__is_refused_however_it_is_named(void **state)
{
	(void)state;
	static const char *const names[] = {"plan.db", "plan.db-wal", "plan.db-shm", "plan.db-journal", "hard.db"};
	struct store_copied copied;
	char *hard = path_of("hard.db");
	assert_int_equal(link(office.scratch.database, hard), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err err = {0};
		char *to = path_of(names[i]);
		int status = copy_to(to, true, &copied, &err);
		if (status != -EINVAL)
			fail_msg("%s: %d %s", names[i], status, err.text);
		free(to);
	}
	free(hard);
}

static void copy__folder_that_is_missing__is_an_error_that_names_it(void **state)
{
	(void)state;
	struct store_copied copied;
	struct err err = {0};
	char *to = path_of("no/such/copy.db");
	assert_int_equal(copy_to(to, false, &copied, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no/such"));
	free(to);
}

/* A page that there is no memory for is not a damaged page. */
static void inspect__memory_runs_out__is_no_damage(void **state)
{
	(void)state;
	int status = -EIO, n_failed = 0;
	for (int64_t limit = sqlite3_memory_used() + 1000; status != 0; limit += 500) {
		struct err err = {0};
		(void)sqlite3_hard_heap_limit64(limit);
		status = store_inspect(office.scratch.database, true, NULL, NULL, &err);
		(void)sqlite3_hard_heap_limit64(0);
		if (status != 0 && status != -EIO)
			fail_msg("limit %lld: %d %s", (long long)limit, status, err.text);
		n_failed += status != 0;
	}
	assert_in_range(n_failed, 20, 100000);
}

static void copy__rows_that_refer_to_nothing__are_copied_and_counted(void **state)
{
	(void)state;
	struct store_copied copied;
	char *to = path_of("copy.db");
	office_run(&office, "DELETE FROM person WHERE id = 'anna'"); /* as sqlite3(1) does: without foreign keys */
	OK(copy_to(to, false, &copied, ERR));
	assert_true(copied.n_dangling > 0);
	free(to);
}

static bool cancel_at_once(void *arg)
{
	(*(int *)arg)++;
	return true;
}

static void copy__given_up__leaves_nothing_behind(void **state)
{
	(void)state;
	int n_asked = 0;
	struct store_copied copied;
	struct err err = {0};
	char *to = path_of("copy.db");
	/* Large enough for several slices. */
	office_run(&office, "CREATE TABLE filler (text TEXT); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
			    " FROM n WHERE i < 900) INSERT INTO filler SELECT hex(randomblob(1900)) FROM n");
	size_t before = files_in(office.scratch.folder);
	const struct store_copy copy = {
		.from = office.scratch.database, .to = to, .is_cancelled = cancel_at_once, .arg = &n_asked};
	assert_int_equal(store_copy(&copy, &copied, &err), -ECANCELED);
	assert_int_equal(n_asked, 1);
	assert_int_equal(files_in(office.scratch.folder), before);
	free(to);
}

static void copy__of_somebody_elses_database__is_refused(void **state)
{
	(void)state;
	struct store_copied copied;
	struct err err = {0};
	sqlite3 *db = NULL;
	char *from = path_of("other.db"), *to = path_of("copy.db");
	assert_int_equal(sqlite3_open(from, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	const struct store_copy copy = {.from = from, .to = to};
	assert_int_equal(store_copy(&copy, &copied, &err), -EPROTO);
	assert_int_equal(access(to, F_OK), -1);
	free(from);
	free(to);
}

/* ---- damage ------------------------------------------------------------------------------------------------------- */

static bool is_sound(const char *path)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	bool is = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		  sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
		  sqlite3_step(stmt) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return is;
}

enum { FLIPS = 100, FLIPPED_BYTES = 3 };

static uint64_t flip_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Whatever random bytes do to the file: a copy of it is either refused or a sound database with the schema of ours, and
 * the file itself is never written to. */
static void copy__of_a_file_with_random_damage__is_refused_or_sound(void **state)
{
	(void)state;
	const char *given = getenv("SEED");
	uint64_t seed =
		given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock() * 2654435761u + (uint64_t)getpid();
	uint64_t random = seed | 1;
	size_t len = 0, n_refused = 0;
	printf("SEED=%llu\n", (unsigned long long)seed);
	store_close(office.store);
	office.store = NULL;
	office_run(&office, "PRAGMA journal_mode = DELETE");
	char *whole = scratch_read(office.scratch.database, &len), *bad = path_of("bad.db"), *to = path_of("copy.db");
	for (int i = 0; i < FLIPS; i++) {
		struct err err = {0};
		struct store_copied copied;
		size_t after_len = 0;
		char *bytes = malloc(len);
		memcpy(bytes, whole, len);
		int n = 1 + (int)(flip_next(&random) % FLIPPED_BYTES);
		for (int j = 0; j < n; j++)
			bytes[flip_next(&random) % len] ^= (char)(1 + flip_next(&random) % 255);
		scratch_write(bad, bytes, len);
		const struct store_copy copy = {.from = bad, .to = to, .may_replace = true};
		int status = store_copy(&copy, &copied, &err);
		char *after = scratch_read(bad, &after_len);
		assert_int_equal(after_len, len);
		assert_memory_equal(after, bytes, len);
		if (status == 0)
			assert_true(is_sound(to));
		else
			assert_true(err.text[0] != '\0');
		n_refused += status != 0;
		free(after);
		free(bytes);
	}
	printf("%zu of %d refused\n", n_refused, FLIPS);
	assert_true(n_refused > 0 && n_refused < FLIPS); /* others hit a gap, or a text that any bytes may be */
	free(whole);
	free(bad);
	free(to);
}

static void inspect__damage_in_a_page_nobody_reads__is_found(void **state)
{
	(void)state;
	struct err err = {0};
	size_t len = 0;
	store_close(office.store);
	office.store = NULL;
	office_run(&office, "PRAGMA journal_mode = DELETE");
	int64_t page = office_number(&office, "SELECT rootpage FROM sqlite_schema WHERE name = 'message'");
	char *bytes = scratch_read(office.scratch.database, &len), *bad = path_of("bad.db");
	memset(bytes + (page - 1) * 4096, 0x5a, 512);
	scratch_write(bad, bytes, len);
	assert_int_equal(store_inspect(bad, true, NULL, NULL, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "bad.db"));
	OK(store_inspect(office.scratch.database, false, NULL, NULL, ERR));
	free(bytes);
	free(bad);
}

/* A finder that takes damage for something else, as a bad row, must not go on writing beside it. */
static void store__damage_that_was_met__ends_all_writing(void **state)
{
	(void)state;
	struct err err = {0};
	char *value = NULL;
	OK(store_begin(office.store, ERR));
	OK(store_meta_save(office.store, "beside", "x", ERR));
	assert_int_equal(store_fail(office.store, SQLITE_CORRUPT_INDEX, "reading a task", &err), -EUCLEAN);
	assert_int_equal(store_commit(office.store, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "reading a task"));
	assert_int_equal(store_begin(office.store, &err), -EUCLEAN);
	OK(store_meta_load(office.store, "beside", &value, ERR));
	assert_null(value);
}

/* ---- the folder of copies ----------------------------------------------------------------------------------------- */

static void make_file(const char *name)
{
	char *path = path_of(name);
	scratch_write(path, "x", 1);
	free(path);
}

static bool has_file(const char *name)
{
	char *path = path_of(name);
	bool is_there = access(path, F_OK) == 0;
	free(path);
	return is_there;
}

static void daily__names__are_the_latest_first_and_those_of_a_wrong_clock_last(void **state)
{
	(void)state;
	struct strlist names = {0};
	make_file("deadlined-2025-06-01.db");
	make_file("deadlined-2036-02-07.db");
	make_file("deadlined-2025-06-03.db");
	make_file("deadlined-2025-06-02.db");
	make_file("deadlined-2025-06-02.db.Ab3xYz");
	make_file("deadlined-2025-6-2.db");
	make_file("my-deadlined-2025-06-02.db");
	OK(store_daily_list(office.scratch.folder, "2025-06-03", &names, ERR));
	assert_int_equal(names.n, 4);
	assert_string_equal(names.items[0], "deadlined-2025-06-03.db");
	assert_string_equal(names.items[1], "deadlined-2025-06-02.db");
	assert_string_equal(names.items[2], "deadlined-2025-06-01.db");
	assert_string_equal(names.items[3], "deadlined-2036-02-07.db");
	strlist_done(&names);
	OK(store_daily_list("/no/such/folder", "2025-06-03", &names, ERR));
	assert_int_equal(names.n, 0);
}

static void daily__pruned__keeps_the_latest_and_every_file_that_is_not_ours(void **state)
{
	(void)state;
	static const char *const stay[] = {"deadlined-2025-06-03.db", "deadlined-2025-06-02.db", "notes.txt",
					   "deadlined-2025-06-01.db~", "deadlined-2025-06-01.dbx"};
	static const char *const go[] = {"deadlined-2025-06-01.db", "deadlined-2036-02-07.db",
					 "deadlined-2025-06-02.db.Ab3xYz", "deadlined-2025-06-02.db.Ab3xYz-wal"};
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		make_file(stay[i]);
	for (size_t i = 0; i < sizeof(go) / sizeof(go[0]); i++)
		make_file(go[i]);
	OK(store_daily_prune(office.scratch.folder, "2025-06-03", "", 2, ERR));
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		assert_true(has_file(stay[i]));
	for (size_t i = 0; i < sizeof(go) / sizeof(go[0]); i++)
		assert_false(has_file(go[i]));
	assert_true(has_file("plan.db"));
}

static const char *make_foreign_copy(const char *name)
{
	static char instance[STORE_INSTANCE_SIZE];
	struct store *other = NULL;
	struct store_copied copied;
	char *from = path_of("other.db"), *to = path_of(name);
	const struct store_copy copy = {.from = from, .to = to};
	OK(store_open(from, STORE_WRITE, 50, &other, ERR));
	(void)snprintf(instance, sizeof(instance), "%s", store_instance(other));
	store_close(other);
	OK(store_copy(&copy, &copied, ERR));
	free(to);
	free(from);
	return instance;
}

static void daily__copy_of_another_database__keeps_its_name_and_says_whose_it_is(void **state)
{
	(void)state;
	bool may_replace = true;
	struct store_origin origin;
	const char *own = store_instance(office.store);
	char *path = store_daily_path(office.scratch.folder, "2025-06-03", own, &may_replace);
	assert_string_equal(strrchr(path, '/'), "/deadlined-2025-06-03.db");
	assert_false(may_replace);
	const char *other = make_foreign_copy("deadlined-2025-06-03.db");
	store_copy_origin(path, &origin);
	assert_string_equal(origin.instance, other);
	assert_string_equal(strrchr(origin.database, '/'), "/other.db");
	free(origin.database);
	assert_true(store_copy_is_foreign(path, own));
	assert_false(store_copy_is_foreign(path, other));
	assert_false(store_copy_is_foreign(path, ""));
	free(path);
	path = store_daily_path(office.scratch.folder, "2025-06-03", other, &may_replace);
	assert_string_equal(strrchr(path, '/'), "/deadlined-2025-06-03.db");
	assert_true(may_replace);
	free(path);
	path = store_daily_path(office.scratch.folder, "2025-06-03", own, &may_replace);
	char *wanted = mem_printf("/deadlined-2025-06-03-%s.db", own);
	assert_string_equal(strrchr(path, '/'), wanted);
	assert_true(may_replace);
	free(wanted);
	free(path);
}

static void daily__pruned__counts_no_copy_of_another_database(void **state)
{
	(void)state;
	struct strlist names = {0};
	(void)make_foreign_copy("deadlined-2025-06-01.db");
	(void)make_foreign_copy("deadlined-2025-06-03.db");
	make_file("deadlined-2025-06-02.db");
	make_file("deadlined-2025-06-03-0123456789abcdef.db");
	make_file("deadlined-2025-06-03-0123456789abcdef.db.Ab3xYz");
	make_file("deadlined-2025-06-03-other.db");
	OK(store_daily_prune(office.scratch.folder, "2025-06-03", store_instance(office.store), 1, ERR));
	OK(store_daily_list(office.scratch.folder, "2025-06-03", &names, ERR));
	assert_int_equal(names.n, 3);
	assert_true(strlist_has(&names, "deadlined-2025-06-01.db"));
	assert_true(strlist_has(&names, "deadlined-2025-06-03.db"));
	assert_true(strlist_has(&names, "deadlined-2025-06-03-0123456789abcdef.db"));
	assert_false(has_file("deadlined-2025-06-03-0123456789abcdef.db.Ab3xYz"));
	assert_true(has_file("deadlined-2025-06-03-other.db"));
	strlist_done(&names);
}

static const struct {
	const char *rest; /* what lies beside the place of the database */
	bool is_first;
} firsts[] = {
	{"notes.txt", true},
	{"new.db.lock", true},
	{"new.db.corrupt-20250601T000000Z", false},
	{"new.db-wal", false},
	{"deadlined-2025-06-01.db", false},
};

static void first__missing_database__is_made_only_when_there_was_none(void **state)
{
	(void)state;
	char *missing = path_of("new.db");
	OK(store_check_first(missing, office.scratch.folder, "2025-06-03", ERR));
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		struct err err = {0};
		char *rest = path_of(firsts[i].rest);
		make_file(firsts[i].rest);
		int status = store_check_first(missing, office.scratch.folder, "2025-06-03", &err);
		if (status != (firsts[i].is_first ? 0 : -EUCLEAN))
			fail_msg("%s: %d %s", firsts[i].rest, status, err.text);
		assert_true(firsts[i].is_first || strstr(err.text, "deadlinectl recover") != NULL);
		OK(store_check_first(office.scratch.database, office.scratch.folder, "2025-06-03", ERR));
		assert_int_equal(unlink(rest), 0);
		free(rest);
	}
	free(missing);
}

static void first__copy_of_a_database_elsewhere__says_nothing_of_this_one(void **state)
{
	(void)state;
	char *missing = path_of("new.db"), *other = path_of("other.db"), *copy = path_of("deadlined-2025-06-02.db");
	(void)make_foreign_copy("deadlined-2025-06-02.db");
	assert_true(store_copy_is_elsewhere(copy, missing));
	assert_false(store_copy_is_elsewhere(copy, other));
	OK(store_check_first(missing, office.scratch.folder, "2025-06-03", ERR));
	assert_int_equal(unlink(other), 0);
	assert_int_equal(store_check_first(other, office.scratch.folder, "2025-06-03", ERR), -EUCLEAN);
	free(copy);
	free(other);
	free(missing);
}

static void backup__time_of_the_last__is_kept(void **state)
{
	(void)state;
	int64_t last = 0;
	OK(store_backup_last(office.store, &last, ERR));
	assert_int_equal(last, -1);
	OK(store_backup_note(office.store, utc("2025-06-03"), ERR));
	OK(store_backup_last(office.store, &last, ERR));
	assert_int_equal(last, utc("2025-06-03"));
	office_run(&office, "UPDATE meta SET value = 'gestern' WHERE key = 'backup_utc'");
	OK(store_backup_last(office.store, &last, ERR));
	assert_int_equal(last, -1);
}

#define BACKUP_TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BACKUP_TEST(copy__of_an_open_database__has_every_row_and_is_one_private_file),
		BACKUP_TEST(copy__made_in_the_middle_of_a_transaction__has_none_of_it),
		BACKUP_TEST(copy__name_that_is_taken__is_refused_and_untouched),
		BACKUP_TEST(copy__onto_the_database_itself__is_refused_however_it_is_named),
		BACKUP_TEST(copy__folder_that_is_missing__is_an_error_that_names_it),
		BACKUP_TEST(inspect__memory_runs_out__is_no_damage),
		BACKUP_TEST(copy__rows_that_refer_to_nothing__are_copied_and_counted),
		BACKUP_TEST(copy__given_up__leaves_nothing_behind),
		BACKUP_TEST(copy__of_somebody_elses_database__is_refused),
		BACKUP_TEST(copy__of_a_file_with_random_damage__is_refused_or_sound),
		BACKUP_TEST(inspect__damage_in_a_page_nobody_reads__is_found),
		BACKUP_TEST(store__damage_that_was_met__ends_all_writing),
		BACKUP_TEST(daily__names__are_the_latest_first_and_those_of_a_wrong_clock_last),
		BACKUP_TEST(daily__pruned__keeps_the_latest_and_every_file_that_is_not_ours),
		BACKUP_TEST(daily__copy_of_another_database__keeps_its_name_and_says_whose_it_is),
		BACKUP_TEST(daily__pruned__counts_no_copy_of_another_database),
		BACKUP_TEST(first__missing_database__is_made_only_when_there_was_none),
		BACKUP_TEST(first__copy_of_a_database_elsewhere__says_nothing_of_this_one),
		BACKUP_TEST(backup__time_of_the_last__is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
