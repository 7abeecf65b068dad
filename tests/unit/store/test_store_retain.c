/* What is over goes, and nothing that is decided later changes by it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "office.h"
#include "store/store_cancellation.h"
#include "store/store_ledger.h"
#include "store/store_priv.h"
#include "store/store_reader.h"
#include "store/store_retain.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email");
	office_add_person(&office, "boris", "UTC", "email");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

/* As on 2025-09-01 with keep = 90d. */
static int64_t retain_all(void)
{
	struct store_retain retain = {.cutoff_utc = utc("2025-06-03"), .cutoff_day = "2025-06-03"};
	for (int i = 0; i < 1000 && !retain.is_done; i++) {
		OK(store_begin(office.store, ERR));
		OK(store_retain(office.store, &retain, ERR));
		OK(store_commit(office.store, ERR));
	}
	assert_true(retain.is_done);
	return retain.n_removed;
}

static int64_t add_task(const char *uid, const char *status)
{
	int64_t task =
		office_add_task(&office, &(struct office_task){.uid = uid, .start = "2025-12-15", .people = "anna"});
	office_run(&office, "UPDATE task SET status = '%s' WHERE id = %lld", status, (long long)task);
	return task;
}

static int64_t add_message(int64_t task, const char *step, const char *due, const char *state)
{
	int64_t id = office_add_message(&office, task, "anna", "email", step, utc(due));
	office_run(&office, "INSERT INTO attempt VALUES (%lld, 1, %lld, 'accepted', 250, 'ok')", (long long)id,
		   (long long)utc(due));
	office_run(&office, "UPDATE message SET state = '%s' WHERE id = %lld", state, (long long)id);
	return id;
}

static bool has_message(int64_t id)
{
	return office_number(&office, "SELECT count(*) FROM message WHERE id = %lld", (long long)id) == 1;
}

static const struct {
	const char *state, *due;
	bool goes;
} ages[] = {
	{"sent", "2025-06-02", true},  {"dead", "2025-06-02", true},     {"cancelled", "2025-06-02", true},
	{"stale", "2025-06-02", true}, {"pending", "2025-06-02", false}, {"sending", "2025-06-02", false},
	{"held", "2025-06-02", false}, {"sent", "2025-06-03", false},    {"dead", "2025-07-01", false},
};

static void retain__messages_of_closed_tasks__go_when_they_are_old_and_over(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "task%zu", i);
		int64_t task = add_task(uid, "done"), id = add_message(task, "s", ages[i].due, ages[i].state);
		int64_t n = retain_all();
		if (has_message(id) == ages[i].goes)
			fail_msg("%s of %s", ages[i].state, ages[i].due);
		assert_int_equal(n, ages[i].goes);
		assert_int_equal(
			office_number(&office, "SELECT count(*) FROM attempt WHERE message = %lld", (long long)id),
			!ages[i].goes);
		assert_int_equal(
			office_number(&office, "SELECT count(*) FROM reminder WHERE task = %lld", (long long)task),
			!ages[i].goes);
	}
	assert_int_equal(office_number(&office, "SELECT sum(n) FROM tally"),
			 office_number(&office, "SELECT count(*) FROM message"));
	assert_int_equal(office_number(&office, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

/* A message that was due long ago and left late is as old as its last attempt. */
/* The thread's first message stays a slice longer than the notice that its task is off: it must not be told once more. */
static void retain__notice_of_a_cancellation__takes_with_it_what_it_answers(void **state)
{
	(void)state;
	int64_t task = add_task("off", "open"), other = add_task("on", "open");
	struct store_told *told = NULL;
	size_t n = 0;
	(void)add_message(task, "a", "2025-06-01", "sent");
	(void)add_message(other, "a", "2025-06-01", "sent");
	office_run(&office, "UPDATE task SET status = 'cancelled' WHERE uid = 'off'");
	int64_t notice = add_message(task, "cancelled 1", "2025-06-02", "sent");
	(void)retain_all();
	assert_false(has_message(notice));
	OK(store_told_dates(office.store, task, false, &told, &n, ERR));
	assert_int_equal(n, 0);
	free(told);
	OK(store_told_dates(office.store, other, false, &told, &n, ERR));
	assert_int_equal(n, 1);
	free(told);
}

static void retain__late_attempt__makes_a_message_younger(void **state)
{
	(void)state;
	int64_t id = add_message(add_task("late", "done"), "s", "2025-05-01", "sent");
	office_run(&office, "INSERT INTO attempt VALUES (%lld, 2, %lld, 'accepted', 250, 'ok')", (long long)id,
		   (long long)utc("2025-06-10"));
	assert_int_equal(retain_all(), 0);
}

static void retain__open_task__keeps_first_last_and_every_key(void **state)
{
	(void)state;
	int64_t task = add_task("open", "open"), ids[5];
	for (int i = 0; i < 5; i++) {
		char step[16];
		(void)snprintf(step, sizeof(step), "s%d", i);
		ids[i] = add_message(task, step, "2025-05-01", "sent");
	}
	assert_int_equal(retain_all(), 3);
	for (int i = 0; i < 5; i++)
		assert_int_equal(has_message(ids[i]), i == 0 || i == 4);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder WHERE task = %lld", (long long)task), 5);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder WHERE message IS NULL"
						" AND dropped = 'sent" STORE_RETAINED "'"),
			 3);
	/* Closed, the rest goes: what the younger one answers to on the day after it. */
	office_run(&office, "UPDATE task SET status = 'done'");
	assert_int_equal(retain_all() + retain_all(), 2);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 0);
}

static int told_row(void *arg, const struct store_history_row *row)
{
	struct buf *buf = arg;
	buf_printf(buf, "%s|%s|%s|%s;", row->step, message_state_name(row->state), row->dropped, row->reason);
	return 0;
}

static void retain__history_of_an_open_task__still_says_what_was_sent(void **state)
{
	(void)state;
	struct buf told;
	int64_t task = add_task("open", "open");
	add_message(task, "a", "2025-05-01", "sent");
	add_message(task, "b", "2025-05-02", "dead");
	add_message(task, "c", "2025-05-03", "sent");
	assert_int_equal(retain_all(), 1);
	buf_init(&told, 4096);
	OK(store_history_each(office.store, task, told_row, &told, ERR));
	assert_string_equal(buf_str(&told), "a|sent||;b|dead||details removed;c|sent||;");
	buf_done(&told);
}

static void retain__notices_and_tests__go_without_a_task(void **state)
{
	(void)state;
	int64_t id = 0;
	OK(store_message_add(office.store, "anna", "email", "notice", MESSAGE_PENDING, NULL, utc("2025-05-01"),
			     utc("2025-05-01"), "example.org", 0, &id, ERR));
	office_run(&office, "INSERT INTO notice (message, text) VALUES (%lld, 'x'); UPDATE message SET state = 'sent'",
		   (long long)id);
	assert_int_equal(retain_all(), 1);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM notice"), 0);
}

static void retain__large_backlog__is_done_in_slices(void **state)
{
	(void)state;
	struct store_retain retain = {.cutoff_utc = utc("2025-06-03"), .cutoff_day = "2025-06-03"};
	int64_t task = add_task("many", "done");
	for (int i = 0; i < 600; i++) {
		char step[16];
		(void)snprintf(step, sizeof(step), "s%d", i);
		office_run(&office,
			   "INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain) VALUES"
			   " ('anna', 'email', 'single', 'sent', 5, 5, 'x');"
			   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
			   " VALUES (%lld, '2025-01-01', '%s', 'anna', 'email', 5, last_insert_rowid())",
			   (long long)task, step);
	}
	for (int64_t left = 600; !retain.is_done;) {
		OK(store_retain(office.store, &retain, ERR));
		int64_t now_left = office_number(&office, "SELECT count(*) FROM message");
		assert_true(left - now_left <= 256);
		left = now_left;
	}
	assert_int_equal(retain.n_removed, 599); /* the first, which the others answered to, a day later */
}

/* Old messages behind a whole slice of newer ones have their turn when those are old. */
static void retain__slice_of_nothing_old__ends_the_search(void **state)
{
	(void)state;
	struct store_retain retain = {.cutoff_utc = utc("2025-06-03"), .cutoff_day = "2025-06-03"};
	office_run(&office,
		   "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
		   " INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
		   " SELECT 'anna', 'email', 'single', 'sent', %lld, 5, 'x' FROM n",
		   (long long)utc("2025-07-01"));
	int64_t late = add_message(add_task("late", "done"), "s", "2025-06-01", "sent");
	OK(store_retain(office.store, &retain, ERR));
	assert_true(retain.is_done);
	assert_true(has_message(late));
}

static int count_steps(void *arg)
{
	(*(int64_t *)arg)++;
	return 0;
}

/* A task that has reminded one reader thousands of times costs no more, for each message, than any other. */
static void retain__long_history_of_one_reader__costs_a_look_each(void **state)
{
	(void)state;
	int64_t task = add_task("many", "open"), steps[2] = {0};
	for (int round = 0, n = 1000; round < 2; round++, n = 4000) {
		office_run(
			&office,
			"DELETE FROM reminder; DELETE FROM message; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
			" SELECT i + 1 FROM n WHERE i < %d) INSERT INTO message (id, person, channel, kind, state,"
			" due_utc, not_before, domain) SELECT i, 'anna', 'email', 'single', 'sent', 5, 5, 'x' FROM n",
			n);
		office_run(&office,
			   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
			   " SELECT %lld, '2025-12-15', 's' || id, 'anna', 'email', 5, id FROM message",
			   (long long)task);
		struct store_retain retain = {.cutoff_utc = utc("2025-06-03"), .cutoff_day = "2025-06-03"};
		sqlite3_progress_handler(office.store->db, 100, count_steps, &steps[round]);
		OK(store_begin(office.store, ERR));
		OK(store_retain(office.store, &retain, ERR));
		sqlite3_progress_handler(office.store->db, 0, NULL, NULL);
		store_rollback(office.store);
		assert_int_equal(retain.n_removed, 255);
	}
	if (steps[1] > steps[0] * 2)
		fail_msg("%lld00 steps with 1000 messages, %lld00 with 4000", (long long)steps[0], (long long)steps[1]);
}

static void retain__rehearsal__keeps_everything(void **state)
{
	(void)state;
	struct store *store = NULL;
	struct store_retain retain = {.cutoff_utc = STORE_NEVER, .cutoff_day = "9999-01-01"};
	add_message(add_task("done", "done"), "s", "2025-05-01", "sent");
	OK(store_open(office.scratch.database, STORE_MEMORY, 50, &store, ERR));
	OK(store_retain(store, &retain, ERR));
	assert_true(retain.is_done && retain.n_removed == 0);
	store_close(store);
}

/* ---- nothing that is decided later changes ------------------------------------------------------------------------ */

static const char *const keys[] = {"2025-04-01", "2025-05-01/2025-05-31", "../2025-06-02", "2025-06-02T10:00",
				   "2025-06-03", "2025-06-20/2025-06-30", "2025-12-15"};
static const char *const states[] = {"sent", "sent", "sent", "dead", "cancelled", "stale", "pending"};
static const char *const dropped[] = {"NULL",         "NULL",         "NULL",
				      "'task moved'", "'no address'", "'a later step replaced it'"};
static const char *const people[] = {"anna", "boris"};
static const char *const channels[] = {"email", "sms"};
enum { KEYS = 7, FIRST_RECENT_KEY = 4, DECISION_TASKS = 3, DECISION_ROWS = 120, DECISION_RUNS = 12 };

static uint64_t random_state;

static size_t pick(size_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % n);
}

static void add_random_history(void)
{
	for (int task = 1; task <= DECISION_TASKS; task++)
		(void)add_task((const char *[]){"one", "two", "three"}[task - 1], "open");
	for (int i = 1; i <= DECISION_ROWS; i++) {
		const char *person = people[pick(2)], *channel = channels[pick(2)], *state = states[pick(7)];
		int64_t due = utc("2025-04-01") + (int64_t)i * 86400 * 3 / 4, task = (int64_t)pick(DECISION_TASKS) + 1;
		int64_t thread = 0;
		OK(store_thread_root(office.store, task, person, channel, &thread, ERR));
		office_run(&office,
			   "INSERT INTO message (id, person, channel, kind, state, due_utc, not_before, domain, thread)"
			   " VALUES (%d, '%s', '%s', 'single', '%s', %lld, %lld, 'x', nullif(%lld, 0))",
			   i, person, channel, state, (long long)due, (long long)due, (long long)thread);
		for (int n = (int)pick(2) + 1; n > 0; n--) /* one message may say several things */
			office_run(&office,
				   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message,"
				   " dropped, deputy_for) VALUES (%lld, '%s', 's%d.%d', '%s', '%s', %lld, %d, %s, %s)",
				   (long long)task, keys[pick(KEYS)], i, n, person, channel, (long long)due, i,
				   dropped[pick(6)], pick(4) == 0 && strcmp(person, "boris") == 0 ? "'anna'" : "NULL");
	}
}

static void note_told(struct buf *out, int64_t task, const char *current, const char *old)
{
	struct strlist told = {0};
	OK(store_told_other_date(office.store, task, current, old, &told, ERR));
	buf_printf(out, "task %lld from %s to %s:", (long long)task, old != NULL ? old : "any", current);
	for (size_t i = 0; i < told.n; i++)
		buf_printf(out, " %s", told.items[i]);
	buf_add_str(out, "\n");
	strlist_done(&told);
}

/* Everything the planner asks of the past of the open tasks. */
static char *decisions(void)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	for (int64_t task = 1; task <= DECISION_TASKS; task++) {
		for (size_t person = 0; person < 2; person++)
			for (size_t channel = 0; channel < 2; channel++) {
				int64_t root = 0;
				OK(store_thread_root(office.store, task, people[person], channels[channel], &root,
						     ERR));
				buf_printf(&out, "root %lld\n", (long long)root);
			}
		for (size_t key = 0; key < KEYS; key++) {
			note_told(&out, task, keys[key], NULL);
			for (size_t old = FIRST_RECENT_KEY; old < KEYS && key >= FIRST_RECENT_KEY; old++)
				note_told(&out, task, keys[key], keys[old]);
			int64_t revived = 0;
			OK(store_begin(office.store, ERR)); /* reviving deletes */
			OK(store_reminder_revive(office.store, task, keys[key], &revived, ERR));
			store_rollback(office.store);
			buf_printf(&out, "revived %lld\n", (long long)revived);
		}
	}
	buf_printf(&out, "keys %s\n",
		   office_text(&office, "SELECT count(*) || ' ' || sum(length(step)) FROM reminder"));
	buf_printf(&out, "lost threads %lld\n",
		   (long long)office_number(&office, "SELECT count(*) FROM message WHERE thread IS NOT NULL"
						     " AND thread NOT IN (SELECT id FROM message)"));
	return buf_take(&out);
}

static void show_difference(const char *before, const char *after)
{
	while (*before == *after && *before != '\0') {
		before++;
		after++;
	}
	if (*before != *after)
		fail_msg("before: ...%.60s\nafter: ...%.60s", before, after);
}

static void retain__random_histories_of_open_tasks__are_decided_on_as_before(void **state)
{
	const char *given = getenv("SEED");
	uint64_t seed =
		given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock() * 2654435761u + (uint64_t)getpid();
	int64_t n_removed = 0;
	printf("SEED=%llu\n", (unsigned long long)seed);
	random_state = seed | 1;
	for (int i = 0; i < DECISION_RUNS; i++) {
		add_random_history();
		char *before = decisions();
		n_removed += retain_all();
		char *after = decisions();
		show_difference(before, after);
		free(before);
		free(after);
		close_office(state);
		open_office(state);
	}
	printf("%lld messages removed\n", (long long)n_removed);
	assert_true(n_removed > 5 * DECISION_RUNS);
}

#define RETAIN_TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RETAIN_TEST(retain__messages_of_closed_tasks__go_when_they_are_old_and_over),
		RETAIN_TEST(retain__notice_of_a_cancellation__takes_with_it_what_it_answers),
		RETAIN_TEST(retain__late_attempt__makes_a_message_younger),
		RETAIN_TEST(retain__open_task__keeps_first_last_and_every_key),
		RETAIN_TEST(retain__history_of_an_open_task__still_says_what_was_sent),
		RETAIN_TEST(retain__notices_and_tests__go_without_a_task),
		RETAIN_TEST(retain__large_backlog__is_done_in_slices),
		RETAIN_TEST(retain__slice_of_nothing_old__ends_the_search),
		RETAIN_TEST(retain__long_history_of_one_reader__costs_a_look_each),
		RETAIN_TEST(retain__rehearsal__keeps_everything),
		RETAIN_TEST(retain__random_histories_of_open_tasks__are_decided_on_as_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
