#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "office.h"
#include "store/store_move.h"
#include "store/store_report.h"

static struct office office;
static int64_t task;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email telegram");
	task = office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	OK(store_task_planned(office.store, task, 0, 1, STORE_NEVER, ERR));
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static int64_t add(const char *channel, const char *step, int64_t due_utc)
{
	return office_add_message(&office, task, "anna", channel, step, due_utc);
}

static struct store_message load(int64_t id)
{
	struct store_message message;
	OK(store_message_load(office.store, id, &message, ERR));
	return message;
}

static void store_message__loaded__has_all_that_was_added(void **state)
{
	(void)state;
	struct err err = {0};
	struct store_message message = load(add("email", "1d before start", 500));
	assert_string_equal(message.person, "anna");
	assert_string_equal(message.channel, "email");
	assert_string_equal(message.kind, "single");
	assert_int_equal(message.state, MESSAGE_PENDING);
	assert_int_equal(message.due_utc, 500);
	assert_int_equal(message.not_before, 500);
	assert_int_equal(message.attempts + message.uncertain + message.crashes, 0);
	assert_string_equal(message.reason, "");
	assert_string_equal(message.last_reply, "");
	assert_string_equal(message.thread_id, "");
	assert_int_equal(message.n_reminders, 1);
	assert_string_equal(message.reminders[0].task_uid, "t");
	assert_string_equal(message.reminders[0].step, "1d before start");
	assert_string_equal(message.reminders[0].occurrence, "2025-06-15");
	store_message_done(&message);
	assert_int_equal(store_message_load(office.store, 999, &message, &err), -ENOENT);
}

static void store_message__reminder_key__is_unique(void **state)
{
	(void)state;
	struct err err = {0};
	bool exists = true;
	struct store_reminder reminder = {.task = task, .occurrence = "2025-06-15", .step = "1d", .due_utc = 5};
	OK(store_reminder_exists(office.store, &reminder, "anna", "email", &exists, ERR));
	assert_false(exists);
	(void)add("email", "1d", 5);
	OK(store_reminder_exists(office.store, &reminder, "anna", "email", &exists, ERR));
	assert_true(exists);
	assert_int_equal(store_reminder_add(office.store, &reminder, "anna", "email", 0, "again", &err), -EEXIST);
	OK(store_reminder_add(office.store, &reminder, "anna", "telegram", 0, "another channel", ERR));
	(void)snprintf(reminder.occurrence, sizeof(reminder.occurrence), "2025-06-16");
	OK(store_reminder_add(office.store, &reminder, "anna", "email", 0, "another date", ERR));
	(void)snprintf(reminder.step, sizeof(reminder.step), "2d");
	assert_int_equal(store_reminder_add(office.store, &reminder, "stranger", "email", 0, "x", &err), -EEXIST);
	assert_int_equal(store_reminder_add(office.store, &reminder, "anna", "email", 0, NULL, &err), -EEXIST);
}

static void store_message__id_of_the_mail__is_its_own_and_the_same_for_life(void **state)
{
	(void)state;
	char first[STORE_MESSAGE_ID_SIZE];
	int64_t id = add("email", "1d", 5);
	struct store_message message = load(id);
	(void)snprintf(first, sizeof(first), "%s", message.message_id);
	store_message_done(&message);
	assert_non_null(strstr(first, store_instance(office.store)));
	assert_non_null(strstr(first, "@example.org"));

	office_reopen(&office);
	office_run(&office, "UPDATE message SET attempts = 7, state = 'sent', not_before = 99");
	message = load(id);
	assert_string_equal(message.message_id, first);
	store_message_done(&message);

	/* The number of a message that was removed is not given again. */
	office_run(&office, "DELETE FROM reminder; DELETE FROM message");
	message = load(add("email", "2d", 5));
	assert_string_not_equal(message.message_id, first);
	store_message_done(&message);
}

static void store_message__messages_about_a_task__hang_on_the_first(void **state)
{
	(void)state;
	int64_t root = 99;
	OK(store_thread_root(office.store, task, "anna", "email", &root, ERR));
	assert_int_equal(root, 0);
	struct store_message first = load(add("email", "1d", 5)), second = load(add("email", "2d", 6)),
			     elsewhere = load(add("telegram", "1d", 5));
	assert_string_equal(second.thread_id, first.message_id);
	assert_string_equal(elsewhere.thread_id, "");
	OK(store_thread_root(office.store, task, "anna", "email", &root, ERR));
	assert_int_equal(root, first.id);
	store_message_done(&first);
	store_message_done(&second);
	store_message_done(&elsewhere);
}

/* Or mail programs would show both tasks in one conversation. */
static void store_message__message_about_two_tasks__begins_no_thread(void **state)
{
	(void)state;
	int64_t root = 99, both = add("email", "3d", 4);
	struct store_reminder reminder = {.task = task + 1, .occurrence = "2025-06-15", .step = "3d"};
	office_run(&office, "INSERT INTO task (uid, title, start_local, end_local, zone)"
			    " VALUES ('other', 'Other', '2025-06-15', '2025-06-15', 'UTC')");
	OK(store_reminder_add(office.store, &reminder, "anna", "email", both, NULL, ERR));
	OK(store_thread_root(office.store, task, "anna", "email", &root, ERR));
	assert_int_equal(root, 0);
	OK(store_thread_root(office.store, task + 1, "anna", "email", &root, ERR));
	assert_int_equal(root, 0);
	int64_t alone = add("email", "1d", 6);
	OK(store_thread_root(office.store, task, "anna", "email", &root, ERR));
	assert_int_equal(root, alone);
}

static void store_message__ready__are_the_latest_of_a_channel(void **state)
{
	(void)state;
	int64_t ids[8], next = 0;
	size_t n = 0;
	OK(store_message_next(office.store, "email", &next, ERR));
	assert_int_equal(next, STORE_NEVER);
	int64_t c = add("email", "3d", 30), a = add("email", "1d", 10), b = add("email", "2d", 20);
	(void)add("telegram", "1d", 1);
	OK(store_message_ready(office.store, "email", 29, ids, 8, &n, ERR));
	assert_int_equal(n, 2);
	assert_int_equal(ids[0], b);
	assert_int_equal(ids[1], a);
	OK(store_message_ready(office.store, "email", 30, ids, 1, &n, ERR));
	assert_int_equal(n, 1);
	OK(store_message_next(office.store, "email", &next, ERR));
	assert_int_equal(next, 10);
	office_run(&office, "UPDATE message SET state = 'held' WHERE id IN (%lld, %lld)", (long long)a, (long long)b);
	OK(store_message_ready(office.store, "email", 30, ids, 8, &n, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], c);
}

static void store_message__move__changes_what_it_names_and_only_from_its_state(void **state)
{
	(void)state;
	size_t n = 0;
	int64_t id = add("email", "1d", 10), absent = 999;
	const struct store_move claim = {
		.from = MESSAGE_PENDING, .to = MESSAGE_SENDING, .not_before = -1, .add_attempts = 1};
	const struct store_move back = {.from = MESSAGE_SENDING,
					.to = MESSAGE_PENDING,
					.reason = "why",
					.last_reply = "451",
					.not_before = 77,
					.add_attempts = -1,
					.add_uncertain = 2,
					.add_crashes = 3};
	OK(store_message_move(office.store, &id, 1, &back, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_message_move(office.store, &id, 1, &claim, &n, ERR));
	assert_int_equal(n, 1);
	OK(store_message_move(office.store, &id, 1, &claim, &n, ERR));
	assert_int_equal(n, 0);
	assert_int_equal(office_number(&office, "SELECT attempts FROM message WHERE not_before = 10"), 1);
	OK(store_message_move(office.store, &id, 1, &back, &n, ERR));
	assert_string_equal(office_text(&office,
					"SELECT state || reason || last_reply || not_before || attempts || uncertain"
					" || crashes FROM message"),
			    "pendingwhy45177023");
	OK(store_message_move(office.store, &id, 1, &claim, &n, ERR));
	assert_string_equal(office_text(&office, "SELECT coalesce(reason, '-') || last_reply FROM message"), "-451");
	OK(store_message_move(office.store, &absent, 1, &claim, &n, ERR));
	assert_int_equal(n, 0);
}

static void store_message__move_of_many__leaves_the_others_alone(void **state)
{
	(void)state;
	enum { MANY = 12 };
	size_t n = 0;
	int64_t ids[MANY], other = add("email", "1d", 10);
	const struct store_move claim = {.from = MESSAGE_PENDING, .to = MESSAGE_SENDING, .not_before = -1};
	for (size_t i = 0; i < MANY; i++) {
		char step[16];
		(void)snprintf(step, sizeof(step), "%zud", i + 2);
		ids[i] = add("email", step, 10);
	}
	office_run(&office, "UPDATE message SET state = 'held' WHERE id = %lld", (long long)ids[3]);
	OK(store_message_move(office.store, ids, MANY, &claim, &n, ERR));
	assert_int_equal(n, MANY - 1);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message WHERE state = 'sending'"), MANY - 1);
	assert_int_equal(office_number(&office, "SELECT id FROM message WHERE state = 'pending'"), other);
}

static void store_message__attempts__are_numbered_and_ended_once(void **state)
{
	(void)state;
	int64_t id = add("email", "1d", 10);
	OK(store_attempt_start(office.store, id, 100, ERR));
	OK(store_attempt_end(office.store, id, "temporary", 451, "later", ERR));
	OK(store_attempt_start(office.store, id, 200, ERR));
	OK(store_attempt_end(office.store, id, "accepted", 0, "fine", ERR));
	OK(store_attempt_end(office.store, id, "permanent", 550, "no", ERR)); /* none is open */
	assert_string_equal(office_text(&office,
					"SELECT group_concat(number || started_utc || outcome || coalesce(code, '-') ||"
					" reply, ' ') FROM attempt"),
			    "1100temporary451later 2200accepted-fine");
}

static void store_message__sending_overdue_and_clamped__are_the_right_ones(void **state)
{
	(void)state;
	int64_t ids[8], flies = add("email", "1d", 10), old = add("email", "2d", 20), fresh = add("email", "3d", 30);
	size_t n = 0;
	office_run(&office, "UPDATE message SET state = 'sending' WHERE id = %lld", (long long)flies);
	OK(store_message_sending(office.store, ids, 8, &n, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], flies);
	OK(store_message_overdue(office.store, 30, ids, 8, &n, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], old);
	office_run(&office, "UPDATE message SET not_before = 1000; UPDATE message SET not_before = 500 WHERE id = %lld",
		   (long long)old);
	OK(store_message_clamp(office.store, 500, 50, ERR));
	assert_int_equal(office_number(&office, "SELECT not_before FROM message WHERE id = %lld", (long long)flies),
			 1000);
	assert_int_equal(office_number(&office, "SELECT not_before FROM message WHERE id = %lld", (long long)old), 500);
	assert_int_equal(office_number(&office, "SELECT not_before FROM message WHERE id = %lld", (long long)fresh),
			 49);
	OK(store_message_clamp(office.store, 40, 25, ERR));
	assert_int_equal(office_number(&office, "SELECT not_before FROM message WHERE id = %lld", (long long)fresh),
			 30);
}

static void store_message_shift__what_waits_after_it_is_due__waits_as_long(void **state)
{
	(void)state;
	static const struct {
		const char *step;
		int64_t due_utc, not_before, shifted;
	} rows[] = {
		{"1d", 900, 5000, 2000},  /* a retry */
		{"2d", 900, 3500, 1000},  /* one that would be in the past */
		{"3d", 3000, 5000, 3000}, /* not due any more */
		{"4d", 5000, 5000, 5000}, /* held for its reader */
		{"5d", 900, 900, 900},    /* ready */
	};
	int64_t ids[5];
	for (size_t i = 0; i < 5; i++) {
		ids[i] = add("email", rows[i].step, rows[i].due_utc);
		office_run(&office, "UPDATE message SET not_before = %lld WHERE id = %lld",
			   (long long)rows[i].not_before, (long long)ids[i]);
	}
	OK(store_message_shift(office.store, 3000, 1000, ERR));
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(
			office_number(&office, "SELECT not_before FROM message WHERE id = %lld", (long long)ids[i]),
			rows[i].shifted);
}

static const struct {
	const char *kind;
	bool has_reminder, is_live;
} lives[] = {{"single", true, true}, {"single", false, false}, {"catch_up", false, false},
	     {"test", false, true},  {"notice", false, true},  {"digest", false, true}};

static void store_message__live__is_what_has_something_to_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		char step[16];
		struct store_peek peek;
		(void)snprintf(step, sizeof(step), "%zud", i);
		int64_t id = add("email", step, 10);
		office_run(&office, "UPDATE message SET kind = '%s' WHERE id = %lld", lives[i].kind, (long long)id);
		if (!lives[i].has_reminder)
			office_run(&office, "DELETE FROM reminder WHERE message = %lld", (long long)id);
		OK(store_message_peek(office.store, id, &peek, ERR));
		assert_int_equal(peek.is_live, lives[i].is_live);
	}
}

static int collect(void *arg, const struct store_message *message)
{
	char *text = arg;
	(void)snprintf(text + strlen(text), 64, "%lld%s%zu ", (long long)message->id,
		       message_state_name(message->state), message->n_reminders);
	return message->n_reminders == 0 ? -ECANCELED : 0;
}

static void store_message__each__lists_one_state_or_all(void **state)
{
	(void)state;
	char all[128] = "", sent[128] = "", stopped[128] = "";
	struct err err;
	int64_t first = add("email", "1d", 10);
	(void)add("email", "2d", 5);
	office_run(&office, "UPDATE message SET state = 'sent' WHERE id = %lld", (long long)first);
	OK(store_message_each(office.store, MESSAGE_STATE_MAX, collect, all, ERR));
	assert_string_equal(all, "1sent1 2pending1 ");
	OK(store_message_each(office.store, MESSAGE_SENT, collect, sent, ERR));
	assert_string_equal(sent, "1sent1 ");
	office_run(&office, "DELETE FROM reminder WHERE message = 1");
	assert_int_equal(store_message_each(office.store, MESSAGE_STATE_MAX, collect, stopped, &err), -ECANCELED);
	assert_string_equal(stopped, "1sent0 ");
}

static void store_message__counts__tell_of_states_and_the_next_thing_to_do(void **state)
{
	(void)state;
	struct store_counts counts;
	OK(store_count(office.store, &counts, ERR));
	assert_int_equal(counts.next_wake_utc, STORE_NEVER);
	assert_int_equal(counts.oldest_unsent_due_utc, STORE_NEVER);
	(void)add("email", "1d", 30);
	(void)add("telegram", "1d", 20);
	(void)add("zeta", "1d", 25);
	OK(store_count(office.store, &counts, ERR));
	assert_int_equal(counts.n[MESSAGE_PENDING], 3);
	assert_int_equal(counts.next_wake_utc, 20);
	assert_int_equal(counts.oldest_unsent_due_utc, 20);
	office_run(&office, "UPDATE message SET state = 'sending' WHERE channel = 'telegram'");
	OK(store_task_planned(office.store, task, 0, 1, 22, ERR));
	OK(store_count(office.store, &counts, ERR));
	assert_int_equal(counts.n[MESSAGE_SENDING], 1);
	assert_int_equal(counts.oldest_unsent_due_utc, 20);
	assert_int_equal(counts.next_wake_utc, 22);
}

/* The key to the person waits for the commit, so the insert looks for itself, as a key that does not wait would. */
static void store_message__for_nobody__fails_alone(void **state)
{
	(void)state;
	struct err err = {0};
	int64_t id = 7;
	OK(store_begin(office.store, ERR));
	assert_int_equal(store_message_add(office.store, "nobody", "email", "single", MESSAGE_PENDING, NULL, 5, 5, "x",
					   0, &id, &err),
			 -EEXIST);
	assert_non_null(strstr(err.text, "constraint failed"));
	assert_int_equal(id, 7);
	OK(store_message_add(office.store, "anna", "email", "single", MESSAGE_PENDING, NULL, 5, 5, "x", 0, &id, ERR));
	OK(store_commit(office.store, ERR));
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 1);
	assert_int_equal(office_number(&office, "SELECT n FROM tally WHERE state = 'pending'"), 1);
}

static void store_message__person_deleted_behind_it__is_not_committed(void **state)
{
	(void)state;
	int64_t id = add("email", "1d", 5);
	office_run(&office, "PRAGMA foreign_keys = ON; DELETE FROM reminder");
	assert_int_equal(sqlite3_exec(office.sql, "DELETE FROM person WHERE id = 'anna'", NULL, NULL, NULL),
			 SQLITE_CONSTRAINT);
	assert_string_equal(office_state(&office, id), "pending");
}

static void store_message__several_reminders__come_latest_first(void **state)
{
	(void)state;
	static const int64_t due[] = {20, 30, 10, 30};
	static const char *const steps[] = {"1d", "b", "3d", "a"}, *const wanted[] = {"a", "b", "1d", "3d"};
	struct store_peek peek;
	int64_t id = 0;
	OK(store_message_add(office.store, "anna", "email", "merged", MESSAGE_PENDING, NULL, 5, 5, "x", 0, &id, ERR));
	for (size_t i = 0; i < 4; i++) {
		struct store_reminder reminder = {.task = task, .occurrence = "2025-06-15", .due_utc = due[i]};
		(void)snprintf(reminder.step, sizeof(reminder.step), "%s", steps[i]);
		OK(store_reminder_add(office.store, &reminder, "anna", "email", id, NULL, ERR));
	}
	struct store_message message = load(id);
	assert_int_equal(message.n_reminders, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(message.reminders[i].step, wanted[i]);
	store_message_done(&message);

	OK(store_message_peek(office.store, id, &peek, ERR));
	assert_true(peek.is_live && !peek.has_dropped);
	office_run(&office, "UPDATE reminder SET dropped = 'x' WHERE step = 'b'");
	OK(store_message_peek(office.store, id, &peek, ERR));
	assert_true(peek.is_live && peek.has_dropped);
	office_run(&office, "UPDATE reminder SET dropped = 'x'");
	OK(store_message_peek(office.store, id, &peek, ERR));
	assert_true(!peek.is_live && peek.has_dropped);
}

static void store_message__held_and_sending__are_counted_apart(void **state)
{
	(void)state;
	static const enum message_state states[] = {MESSAGE_HELD,      MESSAGE_SENDING, MESSAGE_PENDING, MESSAGE_DEAD,
						    MESSAGE_CANCELLED, MESSAGE_STALE,   MESSAGE_SENT};
	struct store_counts counts;
	int64_t ids[4];
	size_t n = 0;
	for (int i = 0; i < 7; i++)
		for (int j = 0; j <= i; j++)
			OK(store_message_add(office.store, "anna", "email", "test", states[i], "x", 100 - i, 5, "x", 0,
					     &ids[0], ERR));
	OK(store_count(office.store, &counts, ERR));
	for (int i = 0; i < 7; i++)
		assert_int_equal(counts.n[states[i]], i + 1);
	assert_int_equal(counts.oldest_unsent_due_utc, 98);
	OK(store_message_sending(office.store, ids, 4, &n, ERR));
	assert_int_equal(n, 2);
	office_run(&office, "UPDATE message SET due_utc = 7 WHERE state = 'sending'; UPDATE message SET due_utc = 6"
			    " WHERE state = 'held'");
	OK(store_count(office.store, &counts, ERR));
	assert_int_equal(counts.oldest_unsent_due_utc, 7);
	OK(store_message_overdue(office.store, 99, ids, 4, &n, ERR));
	assert_int_equal(n, 3);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(store_message__loaded__has_all_that_was_added),
		WITH_OFFICE(store_message__reminder_key__is_unique),
		WITH_OFFICE(store_message__id_of_the_mail__is_its_own_and_the_same_for_life),
		WITH_OFFICE(store_message__messages_about_a_task__hang_on_the_first),
		WITH_OFFICE(store_message__message_about_two_tasks__begins_no_thread),
		WITH_OFFICE(store_message__ready__are_the_latest_of_a_channel),
		WITH_OFFICE(store_message__move__changes_what_it_names_and_only_from_its_state),
		WITH_OFFICE(store_message__move_of_many__leaves_the_others_alone),
		WITH_OFFICE(store_message__attempts__are_numbered_and_ended_once),
		WITH_OFFICE(store_message__sending_overdue_and_clamped__are_the_right_ones),
		WITH_OFFICE(store_message_shift__what_waits_after_it_is_due__waits_as_long),
		WITH_OFFICE(store_message__live__is_what_has_something_to_say),
		WITH_OFFICE(store_message__each__lists_one_state_or_all),
		WITH_OFFICE(store_message__for_nobody__fails_alone),
		WITH_OFFICE(store_message__person_deleted_behind_it__is_not_committed),
		WITH_OFFICE(store_message__several_reminders__come_latest_first),
		WITH_OFFICE(store_message__held_and_sending__are_counted_apart),
		WITH_OFFICE(store_message__counts__tell_of_states_and_the_next_thing_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
