#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "store/store_audit.h"

static struct office office;
static int64_t task;

/* Six messages, one in each state that a message can rest in, and one in flight. */
static int set_up(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email");
	task = office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	for (int i = 1; i <= 6; i++) {
		char step[16];
		(void)snprintf(step, sizeof(step), "%dd", i);
		(void)office_add_message(&office, task, "anna", "email", step, i);
	}
	office_run(
		&office,
		"UPDATE message SET attempts = 2 WHERE id = 1; UPDATE message SET attempts = 1 WHERE id IN (2, 3, 4);"
		"UPDATE message SET state = 'sent' WHERE id = 1; UPDATE message SET state = 'dead', reason = 'x' WHERE id = 2;"
		"UPDATE message SET state = 'sending' WHERE id = 3;"
		"UPDATE message SET state = 'stale', reason = 'x' WHERE id = 5;"
		"INSERT INTO attempt (message, number, started_utc, outcome) VALUES (1, 1, 1, 'unknown'),"
		" (1, 2, 5, 'throttled'), (1, 3, 9, 'accepted'), (2, 1, 1, 'permanent'), (3, 1, 1, NULL),"
		" (4, 1, 1, 'temporary')");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

/* What is found in a table, looked at by slices of so many rows; "" when nothing is. Owned. */
static char *look(enum store_audit_table table, int64_t rows)
{
	int64_t cursor = 0;
	bool is_end = false;
	for (int i = 0; i < 1000; i++) {
		char *found = NULL;
		OK(store_audit_slice(office.store, table, rows, &cursor, &is_end, &found, ERR));
		if (found != NULL)
			return found;
		if (is_end) {
			assert_int_equal(cursor, 0);
			return mem_dup("");
		}
	}
	fail_msg("the table has no end");
	return NULL;
}

static void store_audit_slice__sound_database__finds_nothing(void **state)
{
	(void)state;
	office_run(&office, "INSERT INTO silence (person, until_utc, reason, author) VALUES ('anna', 5, 'r', 'a');"
			    "INSERT INTO occurrence (task, date, status) VALUES (1, '2025-06-15', 'done');"
			    "INSERT INTO acknowledgement VALUES (1, '2025-06-15');"
			    "INSERT INTO notice (message, text) VALUES (6, 'text')");
	for (int rows = 1; rows < 8; rows++)
		for (int table = 0; table < STORE_AUDIT_TABLES; table++) {
			char *found = look((enum store_audit_table)table, rows);
			assert_string_equal(found, "");
			free(found);
		}
}

/* One row made wrong by plain SQL, and the words it is found by. */
static const struct {
	enum store_audit_table table;
	const char *sql, *words;
} wrongs[] = {
	{STORE_AUDIT_MESSAGES, "UPDATE message SET state = 'sent' WHERE id = 4",
	 "message 4 counts as sent, and no server accepted it"},
	{STORE_AUDIT_MESSAGES, "DELETE FROM attempt WHERE message = 1", "message 1 counts as sent"},
	{STORE_AUDIT_MESSAGES, "UPDATE message SET state = 'pending' WHERE id = 1",
	 "message 1 was accepted, and is pending"},
	{STORE_AUDIT_MESSAGES, "UPDATE attempt SET outcome = 'accepted' WHERE message = 1",
	 "message 1 was accepted 3 times"},
	{STORE_AUDIT_MESSAGES, "UPDATE attempt SET outcome = 'unknown' WHERE message = 3",
	 "message 3 is being sent, and has 0 open attempts"},
	{STORE_AUDIT_MESSAGES, "UPDATE message SET state = 'pending' WHERE id = 3",
	 "message 3 is pending, and has an open attempt"},
	{STORE_AUDIT_MESSAGES, "UPDATE message SET attempts = 0 WHERE id = 4",
	 "message 4 counts 0 attempts, and 1 are written down"},
	{STORE_AUDIT_MESSAGES, "DELETE FROM attempt WHERE message = 2", "message 2 counts 1 attempts, and 0 are"},
	{STORE_AUDIT_MESSAGES, "UPDATE message SET reason = NULL WHERE id = 5",
	 "message 5 is stale, and nothing says why"},
	{STORE_AUDIT_ATTEMPTS, "DELETE FROM message WHERE id = 2", "an attempt is of message 2"},
	{STORE_AUDIT_REMINDERS, "DELETE FROM message WHERE id = 5", "a reminder of task 1 (2025-06-15, 5d, anna)"},
	{STORE_AUDIT_REMINDERS, "UPDATE reminder SET task = 77 WHERE step = '6d'", "a reminder of task 77"},
	{STORE_AUDIT_PARTS, "INSERT INTO part VALUES (1, 'ghost', 'watcher')", "ghost takes part in task 1"},
	{STORE_AUDIT_PARTS, "INSERT INTO part VALUES (77, 'anna', 'watcher')", "anna takes part in task 77"},
	{STORE_AUDIT_OCCURRENCES, "INSERT INTO occurrence (task, date) VALUES (77, '2025-06-15')", "is of task 77"},
	{STORE_AUDIT_ACKNOWLEDGEMENTS, "INSERT INTO acknowledgement VALUES (77, 'x')", "task 77 was acknowledged"},
	{STORE_AUDIT_SILENCES, "INSERT INTO silence (task, until_utc, reason, author) VALUES (77, 5, 'r', 'a')",
	 "silence 1 is of"},
	{STORE_AUDIT_NOTICES, "INSERT INTO notice (message, text) VALUES (77, 'text')", "a notice is of message 77"},
};

static void store_audit_slice__each_wrong_row__is_found(void **state)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
		for (int rows = 1; rows <= 1000; rows *= 10) {
			office_run(&office, "%s", wrongs[i].sql);
			char *found = look(wrongs[i].table, rows);
			if (strstr(found, wrongs[i].words) == NULL)
				fail_msg("%s: '%s' lacks '%s'", wrongs[i].sql, found, wrongs[i].words);
			free(found);
			(void)tear_down(state);
			(void)set_up(state);
		}
}

/* NULL refers to nothing, also where the table referred to is empty. */
static void store_audit_slice__rows_that_refer_to_nothing__are_no_wrong(void **state)
{
	(void)state;
	office_run(&office,
		   "DELETE FROM reminder; DELETE FROM attempt; DELETE FROM message;"
		   "INSERT INTO reminder VALUES (1, '2025-06-15', 'x', 'anna', '', 5, NULL, 'no address', NULL, NULL);"
		   "INSERT INTO silence (person, until_utc, reason, author)"
		   " VALUES ('anna', 5, 'r', 'a')");
	for (int table = 0; table < STORE_AUDIT_TABLES; table++) {
		char *found = look((enum store_audit_table)table, 100);
		assert_string_equal(found, "");
		free(found);
	}
}

/* A deleted person's messages stay, for the history of the tasks. */
static void store_audit_slice__person_deleted_by_plain_sql__is_no_wrong(void **state)
{
	(void)state;
	office_run(&office, "DELETE FROM person WHERE id = 'anna'");
	for (int table = 0; table < STORE_AUDIT_TABLES; table++) {
		char *found = look((enum store_audit_table)table, 100);
		assert_string_equal(found, "");
		free(found);
	}
	char *found = NULL;
	OK(store_audit_people(office.store, &found, ERR));
	assert_null(found);
}

static void store_audit_people__rows_of_nobody__are_found(void **state)
{
	(void)state;
	static const char *const sql[] = {
		"INSERT INTO address VALUES ('ghost', 'email', 'x')",
		"INSERT INTO deputy VALUES ('anna', 'ghost', '2025-01-01', '2025-01-02')",
		"INSERT INTO suspension (person, channel, refusals, reason) VALUES ('ghost', 'email', 3, 'x')"};
	for (size_t i = 0; i < 3; i++) {
		char *found = NULL;
		office_run(&office, "%s", sql[i]);
		OK(store_audit_people(office.store, &found, ERR));
		assert_non_null(found);
		assert_non_null(strstr(found, "ghost"));
		free(found);
		office_run(&office, "DELETE FROM address WHERE person = 'ghost'; DELETE FROM deputy;"
				    "DELETE FROM suspension");
	}
}

static void store_audit_tally__wrong_count__is_found_small_or_large(void **state)
{
	(void)state;
	char *found = NULL;
	for (int is_large = 0; is_large < 2; is_large++) {
		OK(store_audit_tally(office.store, &found, ERR));
		assert_null(found);
		office_run(&office, "UPDATE counted SET n = n + 1 WHERE id = 1");
		OK(store_audit_tally(office.store, &found, ERR));
		assert_non_null(found);
		assert_non_null(strstr(found, "3 messages as pending, and 2 "));
		free(found);
		office_run(&office, "UPDATE counted SET n = n - 1 WHERE id = 1;"
				    "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)"
				    " INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
				    " SELECT 'anna', 'email', 'test', 'stale', 5, 5, 'x' FROM c");
	}
}

static void store_audit_unplanned__names_what_waited_longest(void **state)
{
	(void)state;
	struct store_audit_wait edited, due;
	OK(store_audit_unplanned(office.store, 1000, &edited, &due, ERR));
	assert_int_equal(edited.id, task);
	assert_string_equal(edited.name, "t");
	assert_int_equal(due.id, 0);
	OK(store_task_planned(office.store, task, 0, 500, 900, ERR));
	OK(store_audit_unplanned(office.store, 1000, &edited, &due, ERR));
	assert_int_equal(edited.id, 0);
	assert_int_equal(due.id, task);
	assert_int_equal(due.mark, 500);
	OK(store_audit_unplanned(office.store, 899, &edited, &due, ERR));
	assert_int_equal(due.id, 0);
}

static void store_audit_ready__held_by_a_brake__does_not_count(void **state)
{
	(void)state;
	static const char *const brakes[] = {"'all', ''", "'channel', 'email'", "'person', 'anna'"};
	int64_t message = 0;
	OK(store_audit_ready(office.store, "email", 7, &message, ERR));
	assert_int_equal(message, 4);
	OK(store_audit_ready(office.store, "email", 4, &message, ERR));
	assert_int_equal(message, 0);
	for (size_t i = 0; i < 3; i++) {
		office_run(&office, "DELETE FROM brake; INSERT INTO brake VALUES (%s, 0, 5, 5, 99)", brakes[i]);
		OK(store_audit_ready(office.store, "email", 7, &message, ERR));
		assert_int_equal(message, 0);
	}
}

static void store_audit_sending__counts_and_finds_the_old(void **state)
{
	(void)state;
	int64_t n = 0, message = -1;
	OK(store_audit_sending(office.store, 1, &n, &message, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(message, 0);
	OK(store_audit_sending(office.store, 2, &n, &message, ERR));
	assert_int_equal(message, 3);
}

static void store_audit_save__findings__come_back(void **state)
{
	(void)state;
	struct store_audit saved = {.done_utc = 7200, .started_utc = 3600, .n_findings = 2}, loaded;
	saved.findings[0] =
		(struct store_audit_finding){.kind = "messages", .text = "message 1 is 50 % wrong", .seen_utc = 7100};
	saved.findings[1] = (struct store_audit_finding){.kind = "plan", .text = "задача 2", .seen_utc = 7200};
	OK(store_audit_load(office.store, &loaded, ERR));
	assert_int_equal(loaded.done_utc, 0);
	OK(store_audit_save(office.store, &saved, ERR));
	OK(store_audit_load(office.store, &loaded, ERR));
	assert_int_equal(loaded.done_utc, 7200);
	assert_int_equal(loaded.started_utc, 3600);
	assert_int_equal(loaded.n_findings, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(loaded.findings[i].kind, saved.findings[i].kind);
		assert_string_equal(loaded.findings[i].text, saved.findings[i].text);
		assert_int_equal(loaded.findings[i].seen_utc, saved.findings[i].seen_utc);
	}
	office_run(&office, "UPDATE meta SET value = 'nonsense' || char(10) || 'x' WHERE key = 'audit'");
	OK(store_audit_load(office.store, &loaded, ERR));
	assert_int_equal(loaded.n_findings, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(store_audit_slice__sound_database__finds_nothing),
		TEST(store_audit_slice__each_wrong_row__is_found),
		TEST(store_audit_slice__rows_that_refer_to_nothing__are_no_wrong),
		TEST(store_audit_slice__person_deleted_by_plain_sql__is_no_wrong),
		TEST(store_audit_people__rows_of_nobody__are_found),
		TEST(store_audit_tally__wrong_count__is_found_small_or_large),
		TEST(store_audit_unplanned__names_what_waited_longest),
		TEST(store_audit_ready__held_by_a_brake__does_not_count),
		TEST(store_audit_sending__counts_and_finds_the_old),
		TEST(store_audit_save__findings__come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
