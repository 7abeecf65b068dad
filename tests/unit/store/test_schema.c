#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "office.h"

/* What each released version left behind, with a few rows in it. */
static const char *const old_schemas[] = {"tests/unit/store/schema-1.sql"};

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

/* A database made by that SQL and left closed; its path is valid until the next call. */
static const char *make_file(const char *name, const char *sql)
{
	static char path[256];
	sqlite3 *db = NULL;
	char *message = NULL;
	(void)snprintf(path, sizeof(path), "%s", scratch_path(&office.scratch, name));
	(void)remove(path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s", message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return path;
}

static const char *make_old(size_t version)
{
	char *sql = scratch_read(old_schemas[version], NULL);
	const char *path = make_file("old.db", sql);
	free(sql);
	return path;
}

/* From now on the office looks into that file. */
static void look_into(const char *path)
{
	store_close(office.store);
	office.store = NULL;
	assert_int_equal(sqlite3_close(office.sql), SQLITE_OK);
	(void)snprintf(office.scratch.database, sizeof(office.scratch.database), "%s", path);
	office_open_sql(&office);
}

static int open_status(const char *path, enum store_mode mode, struct err *err)
{
	struct store *store = NULL;
	int status = store_open(path, mode, 20, &store, err);
	store_close(store);
	return status;
}

static void schema__new_database__is_marked_whole_and_strict(void **state)
{
	(void)state;
	int64_t version = office_number(&office, "PRAGMA user_version");
	assert_int_equal(version, store_schema_version(office.store));
	assert_true(version > (int64_t)(sizeof(old_schemas) / sizeof(old_schemas[0])));
	assert_int_equal(office_number(&office, "PRAGMA application_id"), 0x64656164);
	assert_string_equal(office_text(&office, "PRAGMA journal_mode"), "wal");
	assert_string_equal(office_text(&office, "PRAGMA integrity_check"), "ok");
	assert_string_equal(office_text(&office,
					"SELECT group_concat(name) FROM pragma_table_list WHERE schema = 'main'"
					" AND type = 'table' AND name NOT LIKE 'sqlite_%%' AND NOT strict"),
			    "");
}

static void schema__opened_again__changes_nothing(void **state)
{
	(void)state;
	int64_t cookie = office_number(&office, "PRAGMA schema_version"), commits = 0, same = 0;
	OK(store_data_version(office.store, &commits, ERR));
	for (int i = 0; i < 3; i++)
		OK(open_status(office.scratch.database, STORE_WRITE, ERR));
	assert_int_equal(office_number(&office, "PRAGMA schema_version"), cookie);
	OK(store_data_version(office.store, &same, ERR));
	assert_int_equal(same, commits);
}

/* All of the schema as one number, to compare two files. */
static const char schema_text[] = "SELECT group_concat(type || name || coalesce(sql, ''), char(10)) FROM"
				  " (SELECT * FROM sqlite_schema ORDER BY type, name)";

static char *read_schema(void)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(office.sql, schema_text, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	char *text = mem_dup((const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	return text;
}

static void schema__every_old_version__becomes_the_new_one_and_keeps_its_rows(void **state)
{
	(void)state;
	char *fresh = read_schema();
	for (size_t i = 0; i < sizeof(old_schemas) / sizeof(old_schemas[0]); i++) {
		look_into(make_old(i));
		OK(store_open(office.scratch.database, STORE_WRITE, 20, &office.store, ERR));
		assert_string_equal(store_instance(office.store), "0123456789abcdef");
		char *upgraded = read_schema();
		assert_string_equal(upgraded, fresh);
		free(upgraded);
		assert_string_equal(office_text(&office, "PRAGMA integrity_check"), "ok");
		assert_int_equal(office_number(&office, "SELECT count(*) FROM pragma_foreign_key_check"), 0);

		struct task task;
		struct store_message message;
		OK(store_task_find(office.store, "fair", &task, ERR));
		assert_string_equal(task.title, "Trade fair");
		task_done(&task);
		OK(store_message_load(office.store, 2, &message, ERR));
		assert_int_equal(message.state, MESSAGE_PENDING);
		assert_string_equal(message.message_id, "m2.0123456789abcdef@example.org");
		assert_int_equal(message.n_reminders, 1);
		store_message_done(&message);
		assert_int_equal(office_number(&office, "SELECT count(*) FROM ledger WHERE who = 'office'"), 1);
		assert_int_equal(office_number(&office, "SELECT count(*) FROM tally t WHERE n <>"
							" (SELECT count(*) FROM message WHERE state = t.state)"),
				 0);

		/* And its triggers work. */
		office_run(&office, "UPDATE task SET status = 'done'");
		assert_string_equal(office_state(&office, 2), "cancelled");
	}
	free(fresh);
}

/* Nobody is told now of what was cancelled before the upgrade; of what is cancelled since, they are. */
static void schema__old_version__leaves_what_was_cancelled_in_peace(void **state)
{
	(void)state;
	struct err err = {0};
	int64_t next_utc = 0;
	look_into(make_old(0));
	office_run(&office, "UPDATE task SET status = 'cancelled'");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM task WHERE next_due_utc IS NOT NULL"), 0);
	OK(store_open(office.scratch.database, STORE_WRITE, 20, &office.store, &err));
	OK(store_task_next_due(office.store, &next_utc, ERR));
	assert_int_equal(next_utc, STORE_NEVER);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM cancellation"), 0);
	office_run(&office, "UPDATE task SET status = 'open'; UPDATE task SET status = 'cancelled'");
	OK(store_task_next_due(office.store, &next_utc, ERR));
	assert_int_equal(next_utc, 0);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM cancellation WHERE date = ''"),
			 office_number(&office, "SELECT count(*) FROM task"));
}

static void schema__old_version__is_upgraded_in_memory_and_refused_for_reading(void **state)
{
	(void)state;
	struct err err = {0};
	size_t len = 0, after_len = 0;
	const char *path = make_old(0);
	char *bytes = scratch_read(path, &len);
	assert_int_equal(open_status(path, STORE_MEMORY, &err), 0);
	assert_int_equal(open_status(path, STORE_READ, &err), -EPROTO);
	assert_non_null(strstr(err.text, "version 1"));
	assert_non_null(strstr(err.text, "start deadlined"));
	char *after = scratch_read(path, &after_len);
	assert_int_equal(after_len, len);
	assert_memory_equal(after, bytes, len);
	free(after);
	free(bytes);
}

static void schema__upgrade_that_fails__leaves_the_old_version_whole(void **state)
{
	(void)state;
	struct err err = {0};
	look_into(make_old(0));
	office_run(&office, "CREATE TABLE silence (mine TEXT)");
	assert_true(open_status(office.scratch.database, STORE_WRITE, &err) < 0);
	assert_int_equal(office_number(&office, "PRAGMA user_version"), 1);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM sqlite_schema WHERE name IN"
						" ('occurrence', 'deputy', 'acknowledgement')"),
			 0);
	office_run(&office, "DROP TABLE silence");
	assert_int_equal(open_status(office.scratch.database, STORE_WRITE, &err), 0);
}

/* What the versions after 7 have added. */
static const char to_version_7[] =
	"DROP TRIGGER person_hours; DROP TRIGGER task_shown; DROP TRIGGER address_shown; DROP TRIGGER address_shown_gone; DROP TRIGGER occurrence_shown; DROP TRIGGER occurrence_shown_again;"
	"DROP TRIGGER acknowledged_shown; DROP TRIGGER person_channels; DROP TRIGGER task_gone_question;"
	"DROP TRIGGER person_gone_answers; DROP TRIGGER occurrence_moved; DROP TRIGGER occurrence_moved_again;"
	"DROP TABLE moved_to; DROP TRIGGER task_moved_cancelled; DROP TRIGGER repeat_ended; DROP TRIGGER occurrence_cancelled;"
	"DROP TRIGGER occurrence_cancelled_again; DROP INDEX task_cancelled;"
	"DROP TRIGGER task_closed; CREATE TRIGGER task_closed AFTER UPDATE OF status ON task BEGIN SELECT 1; END;"
	"DROP TRIGGER occurrence_changed; CREATE TRIGGER occurrence_changed AFTER UPDATE ON occurrence BEGIN SELECT 1; END;"
	"DROP TABLE cancellation;"
	"DROP INDEX ledger_end; DROP INDEX ledger_problem; DROP TRIGGER task_gone_shown; DROP TABLE shown_gone; DROP TABLE shown; DROP TABLE thread; DROP TABLE question; DROP TABLE invite; DROP INDEX message_next_channel;"
	"DROP TABLE answered; DROP INDEX address_owner;"
	"ALTER TABLE channel DROP COLUMN updates_next; ALTER TABLE channel DROP COLUMN updates_account; DROP TABLE heard;"
	"ALTER TABLE person DROP COLUMN channels;"
	"ALTER TABLE notice DROP COLUMN subject; ALTER TABLE notice DROP COLUMN buttons;"
	"DROP TRIGGER address_removed; CREATE TRIGGER address_removed AFTER DELETE ON address BEGIN SELECT 1; END;"
	"ALTER TABLE suspension DROP COLUMN since_utc; ALTER TABLE task DROP COLUMN planned_from;"
	"DROP TRIGGER message_added; CREATE TRIGGER message_added AFTER INSERT ON message BEGIN SELECT 1; END;"
	"DROP TRIGGER message_moved; CREATE TRIGGER message_moved AFTER UPDATE ON message BEGIN SELECT 1; END;"
	"DROP TRIGGER message_removed; CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN SELECT 1; END;"
	"DROP VIEW tally; DROP TABLE counted; CREATE TABLE tally (state TEXT PRIMARY KEY, n INTEGER NOT NULL);"
	"DROP INDEX message_dead; DROP INDEX reminder_deputy; DROP TRIGGER person_inactive_deputy; DROP TRIGGER person_gone_deputy;"
	"DROP TRIGGER silenced; CREATE TRIGGER silenced AFTER INSERT ON silence BEGIN SELECT 1; END;"
	"ALTER TABLE message DROP COLUMN held_until_utc; ALTER TABLE message DROP COLUMN next_channel_utc; PRAGMA user_version = 7";

/* Earlier builds of version 7 had another index, and triggers for what the outbox does now. */
static void schema__earlier_build__gets_the_index_and_loses_the_triggers(void **state)
{
	(void)state;
	struct err err = {0};
	look_into(make_old(0));
	assert_int_equal(open_status(office.scratch.database, STORE_WRITE, &err), 0);
	office_run(&office, "DROP INDEX message_unsettled;"
			    "CREATE INDEX message_unsent ON message (due_utc) WHERE state IN ('pending', 'sending');"
			    "CREATE TRIGGER message_sent AFTER UPDATE OF state ON message BEGIN SELECT 1; END;"
			    "CREATE TRIGGER message_claimed AFTER UPDATE OF state ON message BEGIN SELECT 1; END;");
	office_run(&office, "%s", to_version_7);
	assert_int_equal(open_status(office.scratch.database, STORE_WRITE, &err), 0);
	assert_string_equal(office_text(&office, "SELECT group_concat(name) FROM sqlite_schema WHERE name IN"
						 " ('message_unsettled', 'message_unsent', 'message_sent',"
						 " 'message_claimed')"),
			    "message_unsettled");
}

static void schema__upgrade_while_another_writes__is_busy_and_can_be_repeated(void **state)
{
	(void)state;
	struct err err = {0};
	look_into(make_old(0));
	office_run(&office, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
	assert_int_equal(open_status(office.scratch.database, STORE_WRITE, &err), -EBUSY);
	office_run(&office, "ROLLBACK");
	assert_int_equal(open_status(office.scratch.database, STORE_WRITE, &err), 0);
}

static const struct {
	const char *name, *sql, *words;
} strangers[] = {
	{"of a newer program", "PRAGMA user_version = 1000; PRAGMA application_id = 1684365668; CREATE TABLE t (a)",
	 "1000"},
	{"of another application", "PRAGMA user_version = 1; PRAGMA application_id = 7; CREATE TABLE t (a)", "another"},
	{"without an id", "PRAGMA user_version = 1; CREATE TABLE t (a)", "another"},
	{"without id and version", "CREATE TABLE task (a); INSERT INTO task VALUES (1)", "another"},
	{"empty, with an id", "PRAGMA application_id = 7", "another"},
	{"only a view", "CREATE VIEW v AS SELECT 1", "another"},
};

static void schema__database_of_somebody_else__is_refused_untouched(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		const char *path = make_file("stranger.db", strangers[i].sql);
		for (int mode = STORE_READ; mode <= STORE_MEMORY; mode++) {
			struct err err = {0};
			size_t len = 0, after_len = 0;
			char *bytes = scratch_read(path, &len);
			int status = open_status(path, (enum store_mode)mode, &err);
			if (status != -EPROTO || strstr(err.text, strangers[i].words) == NULL)
				fail_msg("%s, mode %d: %d %s", strangers[i].name, mode, status, err.text);
			char *after = scratch_read(path, &after_len);
			assert_int_equal(after_len, len);
			if (memcmp(after, bytes, len) != 0)
				fail_msg("%s, mode %d: it was changed", strangers[i].name, mode);
			free(after);
			free(bytes);
		}
	}
}

/* A flipped bit in the header, for whose number no step of an upgrade may be looked up. */
static void schema__version_that_never_was__is_damage(void **state)
{
	static const char *const versions[] = {"0", "-1", "-16777209"};
	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		char sql[128];
		(void)snprintf(sql, sizeof(sql),
			       "CREATE TABLE t (x); PRAGMA application_id = 0x64656164;"
			       "PRAGMA user_version = %s",
			       versions[i]);
		const char *path = make_file("damaged.db", sql);
		for (int mode = STORE_READ; mode <= STORE_MEMORY; mode++) {
			struct err err = {0};
			assert_int_equal(open_status(path, (enum store_mode)mode, &err), -EUCLEAN);
		}
	}
}

/* What no check of the file finds: it is sound, but a name in it has changed. */
static void schema__column_that_is_gone__is_damage(void **state)
{
	(void)state;
	char sql[160];
	struct err err = {0};
	(void)snprintf(sql, sizeof(sql),
		       "CREATE TABLE meta (key TEXT PRIMARY KEY, walue TEXT); PRAGMA application_id = 0x64656164;"
		       "PRAGMA user_version = %d",
		       (int)office_number(&office, "PRAGMA user_version"));
	assert_int_equal(open_status(make_file("gone.db", sql), STORE_WRITE, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "no such column: value"));
}

static void schema__empty_file__is_a_new_database(void **state)
{
	(void)state;
	struct err err = {0};
	const char *path = make_file("empty.db", "");
	scratch_write(path, "", 0);
	assert_int_equal(open_status(path, STORE_READ, &err), -EPROTO);
	assert_int_equal(open_status(path, STORE_WRITE, &err), 0);
	assert_int_equal(open_status(path, STORE_READ, &err), 0);
}

static void schema__message_states__are_those_of_the_program(void **state)
{
	(void)state;
	office_add_person(&office, "anna", "UTC", "email");
	for (int i = 0; i < MESSAGE_STATE_MAX; i++) {
		const char *name = message_state_name((enum message_state)i);
		enum message_state found = MESSAGE_STATE_MAX;
		office_run(&office,
			   "INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
			   " VALUES ('anna', 'email', 'test', '%s', 1, 1, 'x')",
			   name);
		assert_int_equal(office_number(&office, "SELECT n FROM tally WHERE state = '%s'", name), 1);
		assert_true(message_state_find(name, &found));
		assert_int_equal(found, i);
	}
	assert_int_equal(office_number(&office, "SELECT count(*) FROM tally"), MESSAGE_STATE_MAX);
	assert_int_equal(sqlite3_exec(office.sql, "UPDATE message SET state = 'lost'", NULL, NULL, NULL),
			 SQLITE_CONSTRAINT);
	assert_false(message_state_find("lost", &(enum message_state){MESSAGE_SENT}));
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(schema__new_database__is_marked_whole_and_strict),
		WITH_OFFICE(schema__opened_again__changes_nothing),
		WITH_OFFICE(schema__every_old_version__becomes_the_new_one_and_keeps_its_rows),
		WITH_OFFICE(schema__old_version__leaves_what_was_cancelled_in_peace),
		WITH_OFFICE(schema__old_version__is_upgraded_in_memory_and_refused_for_reading),
		WITH_OFFICE(schema__upgrade_that_fails__leaves_the_old_version_whole),
		WITH_OFFICE(schema__earlier_build__gets_the_index_and_loses_the_triggers),
		WITH_OFFICE(schema__upgrade_while_another_writes__is_busy_and_can_be_repeated),
		WITH_OFFICE(schema__database_of_somebody_else__is_refused_untouched),
		WITH_OFFICE(schema__version_that_never_was__is_damage),
		WITH_OFFICE(schema__column_that_is_gone__is_damage),
		WITH_OFFICE(schema__empty_file__is_a_new_database),
		WITH_OFFICE(schema__message_states__are_those_of_the_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
