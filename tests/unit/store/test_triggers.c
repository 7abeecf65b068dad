#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "office.h"

static struct office office;
static int64_t task;

/* Anna is in the task, with one message in each state. */
static int64_t messages[MESSAGE_STATE_MAX];

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Europe/Moscow", "email telegram");
	office_add_person(&office, "boris", "Europe/Moscow", "email");
	task = office_add_task(&office,
			       &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna boris"});
	OK(store_task_planned(office.store, task, 0, 100, 200, ERR));
	for (int i = 0; i < MESSAGE_STATE_MAX; i++) {
		char step[16];
		(void)snprintf(step, sizeof(step), "%dd", i);
		messages[i] = office_add_message(&office, task, "anna", "email", step, 100);
		office_run(&office, "UPDATE message SET state = '%s' WHERE id = %lld",
			   message_state_name((enum message_state)i), (long long)messages[i]);
	}
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static const struct {
	const char *sql;
	const char *dropped; /* why the reminders go; NULL: they stay */
	const char *action;  /* in the ledger; NULL: none */
} edits[] = {
	{"UPDATE task SET status = 'done'", "task done", "done"},
	{"UPDATE task SET status = 'cancelled'", "task cancelled", "cancel"},
	{"UPDATE task SET start_local = '2025-06-16', end_local = '2025-06-16'", "task moved", "move"},
	{"UPDATE task SET end_local = '2025-06-20', precision = 'range'", "task moved", "move"},
	{"UPDATE task SET start_local = NULL", "task moved", "move"},
	{"UPDATE task SET precision = 'week'", "task moved", "move"},
	{"UPDATE task SET zone = 'Asia/Shanghai'", "task moved", "move"},
	{"DELETE FROM part WHERE person = 'anna'", "takes no part", NULL},
	{"UPDATE person SET active = 0 WHERE id = 'anna'", "person inactive", NULL},
	{"DELETE FROM address WHERE person = 'anna' AND channel = 'email'", "no address", NULL},
	{"UPDATE task SET title = 'x'", NULL, "edit"},
	{"UPDATE task SET place = 'x'", NULL, "edit"},
	{"UPDATE task SET note = 'x'", NULL, "edit"},
	{"UPDATE task SET policy = 'x'", NULL, "edit"},
	{"UPDATE person SET zone = 'Asia/Shanghai' WHERE id = 'anna'", NULL, NULL},
	{"INSERT INTO part VALUES (1, 'anna', 'supervisor')", NULL, NULL},
	{"DELETE FROM part WHERE person = 'boris'", NULL, NULL},
	{"DELETE FROM address WHERE person = 'anna' AND channel = 'telegram'", NULL, NULL},
	{"DELETE FROM address WHERE person = 'boris'", NULL, NULL},
	{"UPDATE person SET active = 0 WHERE id = 'boris'", NULL, NULL},
	{"INSERT INTO part VALUES (1, 'anna', 'supervisor');"
	 "DELETE FROM part WHERE person = 'anna' AND role = 'participant'",
	 NULL, NULL},
	{"UPDATE task SET status = status, title = title, start_local = start_local, zone = zone", NULL, NULL},
};

/* What waits is cancelled, what is in flight loses its reminder and is sent or not, what has ended stays. */
static void check_messages(const char *sql, const char *dropped)
{
	for (int i = 0; i < MESSAGE_STATE_MAX; i++) {
		bool waits = i == MESSAGE_PENDING || i == MESSAGE_HELD, flies = i == MESSAGE_SENDING;
		const char *state = dropped != NULL && waits ? "cancelled" : message_state_name((enum message_state)i);
		if (strcmp(office_state(&office, messages[i]), state) != 0)
			fail_msg("%s: '%s' became '%s'", sql, message_state_name((enum message_state)i),
				 office_state(&office, messages[i]));
		const char *why = office_text(&office, "SELECT dropped FROM reminder WHERE message = %lld",
					      (long long)messages[i]);
		if (strcmp(why, dropped != NULL && (waits || flies) ? dropped : "") != 0)
			fail_msg("%s: the reminder of '%s' was dropped because of '%s'", sql,
				 message_state_name((enum message_state)i), why);
	}
	if (dropped != NULL)
		assert_string_equal(office_text(&office, "SELECT reason FROM message WHERE id = %lld",
						(long long)messages[MESSAGE_PENDING]),
				    dropped);
}

static void triggers__edit_by_plain_sql__cancels_what_waits_in_the_same_transaction(void **state)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		int64_t n_ledger = office_number(&office, "SELECT count(*) FROM ledger");
		office_run(&office, "BEGIN; %s", edits[i].sql);
		check_messages(edits[i].sql, edits[i].dropped);
		office_run(&office, "ROLLBACK");
		check_messages(edits[i].sql, NULL);
		office_run(&office, "BEGIN; %s; COMMIT", edits[i].sql);
		check_messages(edits[i].sql, edits[i].dropped);

		int64_t added = office_number(&office, "SELECT count(*) FROM ledger") - n_ledger;
		if (added != (edits[i].action != NULL))
			fail_msg("%s: %lld lines in the ledger", edits[i].sql, (long long)added);
		if (edits[i].action != NULL)
			assert_int_equal(office_number(&office,
						       "SELECT action = '%s' AND task = 't' AND through = 'sql' AND"
						       " at_utc IS NULL FROM ledger ORDER BY id DESC",
						       edits[i].action),
					 1);
		(void)close_office(state);
		(void)open_office(state);
	}
}

/* Whatever may change who hears what, makes the daemon look at the task again. */
static const char *const looks[] = {"UPDATE task SET title = 'x'",
				    "UPDATE task SET policy = 'x'",
				    "UPDATE task SET status = 'done'",
				    "UPDATE task SET end_local = '2025-06-16', precision = 'range'",
				    "UPDATE task SET zone = 'Asia/Shanghai'",
				    "DELETE FROM part WHERE person = 'boris'",
				    "INSERT INTO part VALUES (1, 'boris', 'watcher')",
				    "UPDATE person SET zone = 'Asia/Shanghai' WHERE id = 'boris'",
				    "UPDATE person SET active = 0 WHERE id = 'boris'"};

static void triggers__edit_that_matters__makes_the_daemon_look_again(void **state)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		office_run(&office, "%s", looks[i]);
		if (office_number(&office, "SELECT next_due_utc FROM task") != -1)
			fail_msg("%s", looks[i]);
		assert_int_equal(office_number(&office, "SELECT planned_until FROM task"), 100);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void triggers__message_with_reminders_left__is_not_cancelled(void **state)
{
	(void)state;
	int64_t other =
		office_add_task(&office, &(struct office_task){.uid = "u", .start = "2025-06-15", .people = "anna"});
	office_run(&office,
		   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message) VALUES"
		   " (%lld, '2025-06-15', '1d', 'anna', 'email', 100, %lld)",
		   (long long)other, (long long)messages[MESSAGE_PENDING]);
	office_run(&office, "UPDATE task SET status = 'done' WHERE uid = 't'");
	assert_string_equal(office_state(&office, messages[MESSAGE_PENDING]), "pending");
	office_run(&office, "UPDATE task SET status = 'done' WHERE uid = 'u'");
	assert_string_equal(office_state(&office, messages[MESSAGE_PENDING]), "cancelled");
}

static const char *const removals[] = {
	"DELETE FROM task WHERE uid = 't'",
	"PRAGMA foreign_keys = 1; DELETE FROM task WHERE uid = 't'; PRAGMA foreign_keys = 0"};

/* sqlite3(1) does not enforce foreign keys, and a row's number is given again. */
static void triggers__task_deleted__leaves_nothing_to_the_next_one(void **state)
{
	for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		struct person *people = NULL;
		size_t n = 99;
		office_run(&office, "%s", removals[i]);
		assert_string_equal(office_state(&office, messages[MESSAGE_PENDING]), "cancelled");
		assert_string_equal(office_state(&office, messages[MESSAGE_SENDING]), "sending");
		assert_string_equal(office_state(&office, messages[MESSAGE_SENT]), "sent");
		assert_int_equal(
			office_number(&office, "SELECT count(*) FROM ledger WHERE action = 'delete' AND task = 't'"),
			1);

		office_run(&office,
			   "INSERT INTO task (uid, title, end_local, zone) VALUES ('next', 'x', '2025-06-15', 'UTC')");
		int64_t next = office_number(&office, "SELECT id FROM task WHERE uid = 'next'");
		OK(store_person_of_task(office.store, next, &people, &n, ERR));
		free(people);
		assert_int_equal(n, 0);
		assert_int_equal(
			office_number(&office, "SELECT count(*) FROM reminder WHERE task = %lld", (long long)next), 0);
		(void)close_office(state);
		(void)open_office(state);
	}
}

/* ---- the tally ---------------------------------------------------------------------------------------------------- */

static unsigned long long dice;

static unsigned roll(unsigned sides)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(dice >> 33) % sides;
}

static void do_something(void)
{
	int64_t id =
		office_number(&office, "SELECT id FROM message ORDER BY (id * 7919 + %u) %% 1009 LIMIT 1", roll(1009));
	const char *name = message_state_name((enum message_state)roll(MESSAGE_STATE_MAX));
	switch (roll(8)) {
	case 0:
		office_run(&office, "DELETE FROM message WHERE id = %lld", (long long)id);
		break;
	case 1:
		office_run(&office, "UPDATE task SET status = '%s'", roll(2) ? "done" : "open");
		break;
	case 2:
		office_run(&office, "BEGIN; UPDATE message SET state = '%s'; ROLLBACK", name);
		break;
	case 3:
		office_run(&office, "UPDATE message SET state = '%s' WHERE id %% 3 = %u", name, roll(3));
		break;
	case 4:
		office_run(&office, "UPDATE message SET not_before = 5, state = state WHERE id = %lld", (long long)id);
		break;
	default:
		office_run(&office,
			   "INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
			   " VALUES ('anna', 'email', 'single', '%s', 1, 1, 'x')",
			   name);
	}
}

static void triggers__tally__equals_a_recount_whatever_happens(void **state)
{
	(void)state;
	const char *seed = getenv("DEADLINED_TEST_SEED");
	dice = seed != NULL ? strtoull(seed, NULL, 10) : (unsigned long long)getpid() * 2654435761ULL;
	print_message("seed %llu (DEADLINED_TEST_SEED repeats it)\n", dice);
	for (int i = 0; i < 300; i++) {
		do_something();
		if (office_number(&office, "SELECT count(*) FROM tally t WHERE n <>"
					   " (SELECT count(*) FROM message WHERE state = t.state)") != 0)
			fail_msg("after %d operations", i + 1);
	}
}

static const struct {
	const char *sql;
	const char *dropped; /* "" = it stays */
} partings[] = {
	{"DELETE FROM part WHERE person = 'anna'", "takes no part"},
	{"UPDATE person SET active = 0 WHERE id = 'anna'", "person inactive"},
	{"DELETE FROM person WHERE id = 'anna'", "person deleted"},
	{"DELETE FROM part WHERE person = 'boris'", ""},
	{"UPDATE person SET active = 0 WHERE id = 'boris'", "person inactive"},
	{"DELETE FROM person WHERE id = 'boris'", "person deleted"},
	{"UPDATE person SET quiet = '20:00-08:00' WHERE id = 'anna'", ""},
};

/* Boris has what is meant for anna, and takes part himself. */
static void triggers__what_waits_at_a_deputy__goes_with_whom_it_is_meant_for(void **state)
{
	for (size_t i = 0; i < sizeof(partings) / sizeof(partings[0]); i++) {
		int64_t id = office_add_message(&office, task, "boris", "email", "7d", 100);
		office_run(&office, "UPDATE reminder SET deputy_for = 'anna' WHERE message = %lld", (long long)id);
		office_run(&office, "%s", partings[i].sql);
		const char *dropped = office_text(
			&office, "SELECT coalesce(dropped, '') FROM reminder WHERE message = %lld", (long long)id);
		if (strcmp(dropped, partings[i].dropped) != 0)
			fail_msg("%s: %s", partings[i].sql, dropped);
		(void)close_office(state);
		(void)open_office(state);
	}
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(triggers__edit_by_plain_sql__cancels_what_waits_in_the_same_transaction),
		WITH_OFFICE(triggers__edit_that_matters__makes_the_daemon_look_again),
		WITH_OFFICE(triggers__message_with_reminders_left__is_not_cancelled),
		WITH_OFFICE(triggers__what_waits_at_a_deputy__goes_with_whom_it_is_meant_for),
		WITH_OFFICE(triggers__task_deleted__leaves_nothing_to_the_next_one),
		WITH_OFFICE(triggers__tally__equals_a_recount_whatever_happens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
