#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "office.h"
#include "store/store_letter.h"
#include "store/store_priv.h"

static struct office office;
static int64_t early, late, message;

/* A message with two reminders, the one that is due first written first. */
static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Europe/Moscow", "email telegram");
	early = office_add_task(&office,
				&(struct office_task){.uid = "early", .start = "2025-06-15", .people = "anna"});
	late = office_add_task(&office, &(struct office_task){.uid = "late", .start = "2025-06-20", .people = "anna"});
	OK(store_task_planned(office.store, early, 0, 1, STORE_NEVER, ERR));
	OK(store_task_planned(office.store, late, 0, 1, STORE_NEVER, ERR));
	message = office_add_message(&office, early, "anna", "email", "1d before start", 500);
	const struct store_reminder more = {.task = late, .occurrence = "2025-06-20", .step = "6d", .due_utc = 600};
	OK(store_reminder_add(office.store, &more, "anna", "email", message, NULL, ERR));
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static struct store_letter load(int64_t id)
{
	struct store_letter letter;
	OK(store_letter_load(office.store, id, &letter, ERR));
	return letter;
}

static void store_letter__loaded__is_the_message_with_its_tasks(void **state)
{
	(void)state;
	struct err err = {0};
	struct store_message row;
	struct store_letter letter = load(message);
	OK(store_message_load(office.store, message, &row, ERR));
	assert_string_equal(letter.message_id, row.message_id);
	assert_string_equal(letter.channel, "email");
	assert_string_equal(letter.kind, "single");
	assert_int_equal(letter.n_parts, row.n_reminders);
	for (size_t i = 0; i < letter.n_parts; i++) {
		assert_int_equal(letter.parts[i].reminder.task, row.reminders[i].task);
		assert_string_equal(letter.parts[i].reminder.step, row.reminders[i].step);
		assert_string_equal(letter.parts[i].reminder.occurrence, row.reminders[i].occurrence);
		assert_string_equal(letter.parts[i].task.uid, row.reminders[i].task_uid);
	}
	assert_int_equal(letter.parts[0].task.id, late);
	store_message_done(&row);
	store_letter_done(&letter);
	assert_int_equal(store_letter_load(office.store, 999, &letter, &err), -ENOENT);
}

static void store_letter__reader__has_the_address_of_the_channel_while_it_is_in_use(void **state)
{
	(void)state;
	struct store_letter letter = load(message);
	assert_string_equal(letter.reader.id, "anna");
	assert_string_equal(letter.reader.zone, "Europe/Moscow");
	assert_string_equal(person_address(&letter.reader, "email"), "anna@email.example.org");
	store_letter_done(&letter);

	letter = load(office_add_message(&office, early, "anna", "telegram", "2d", 700));
	assert_string_equal(person_address(&letter.reader, "telegram"), "anna@telegram.example.org");
	store_letter_done(&letter);

	office_run(&office, "INSERT INTO suspension VALUES ('anna', 'email', 2, NULL, NULL)");
	letter = load(message);
	assert_non_null(person_address(&letter.reader, "email"));
	store_letter_done(&letter);

	office_run(&office, "UPDATE suspension SET reason = 'refused'");
	letter = load(message);
	assert_null(person_address(&letter.reader, "email"));
	store_letter_done(&letter);
}

static void store_letter__dropped_reminder__is_left_out_until_the_message_is_settled(void **state)
{
	(void)state;
	office_run(&office, "UPDATE reminder SET dropped = 'moved' WHERE task = %lld", (long long)late);
	struct store_letter letter = load(message);
	assert_int_equal(letter.n_parts, 1);
	assert_string_equal(letter.parts[0].task.uid, "early");
	store_letter_done(&letter);

	office_run(&office, "UPDATE message SET state = 'sent'");
	letter = load(message);
	assert_int_equal(letter.n_parts, 2);
	store_letter_done(&letter);
}

/* Which is the first about that task alone. */
static void store_letter__later_message__names_the_first_of_its_thread(void **state)
{
	(void)state;
	struct store_letter first = load(office_add_message(&office, early, "anna", "email", "3d", 600));
	struct store_letter second = load(office_add_message(&office, early, "anna", "email", "2d", 700));
	assert_string_equal(first.thread_id, "");
	assert_string_equal(second.thread_id, first.message_id);
	store_letter_done(&first);
	store_letter_done(&second);
}

/* A row that has to be looked up by its key costs as much as the rest of the question. */
static void store_letter__reminders__are_read_from_the_index_alone(void **state)
{
	(void)state;
	static const char sql[] = "EXPLAIN QUERY PLAN SELECT " STORE_REMINDER_COLUMNS STORE_REMINDER_FROM;
	bool is_alone = false;
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(office.sql, sql, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		is_alone |=
			strstr((const char *)sqlite3_column_text(stmt, 3), "COVERING INDEX reminder_message") != NULL;
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	assert_true(is_alone);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(store_letter__loaded__is_the_message_with_its_tasks),
		WITH_OFFICE(store_letter__reader__has_the_address_of_the_channel_while_it_is_in_use),
		WITH_OFFICE(store_letter__dropped_reminder__is_left_out_until_the_message_is_settled),
		WITH_OFFICE(store_letter__reminders__are_read_from_the_index_alone),
		WITH_OFFICE(store_letter__later_message__names_the_first_of_its_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
