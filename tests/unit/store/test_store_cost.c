#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/strlist.h"
#include "office.h"
#include "store/store_audit.h"
#include "store/store_cancellation.h"
#include "store/store_channel.h"
#include "store/store_ledger.h"
#include "store/store_letter.h"
#include "store/store_priv.h"
#include "store/store_reader.h"
#include "store/store_report.h"
#include "store/store_task.h"

/* What something costs must not grow with what was sent long ago, nor with how many others are in a task. Counted in
 * steps of SQLite's virtual machine, so that no machine is too slow. */

enum { FEW = 100, MANY = 3000, STEPS_UNIT = 10 };

static struct office office;
static int64_t n_steps;

static int count_step(void *arg)
{
	(void)arg;
	n_steps++;
	return 0;
}

/* One task that everybody takes part in: each was told, and some wait. Anna alone is in another. */
static int64_t fill(int n)
{
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email");
	office_run(&office,
		   "BEGIN; INSERT INTO task (uid, title, end_local, zone) VALUES ('all', 'x', '2025-06-15', 'UTC');"
		   "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)"
		   " INSERT INTO person (id, name, language, zone) SELECT 'p' || i, 'x', 'en', 'UTC' FROM c;"
		   "INSERT INTO address SELECT id, 'email', id || '@example.org' FROM person WHERE id <> 'anna';"
		   "INSERT INTO part (task, person) SELECT 1, id FROM person;"
		   "INSERT INTO message (id, person, channel, kind, state, due_utc, not_before, domain)"
		   " SELECT row_number() OVER (), id, 'email', 'single', 'sent', 5, 5, 'x' FROM person;"
		   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
		   " SELECT 1, '2025-06-15', '3d', person, 'email', 5, id FROM message; COMMIT",
		   n);
	int64_t own =
		office_add_task(&office, &(struct office_task){.uid = "own", .start = "2025-06-15", .people = "anna"});
	(void)office_add_message(&office, own, "anna", "email", "1d", 5);
	return own;
}

static void run_sql(int64_t own, const char *sql)
{
	(void)own;
	office_run(&office, "%s", sql);
}

static void ask_planning(int64_t own, const char *unused)
{
	int64_t id = 0;
	struct strlist people = {0};
	(void)unused;
	OK(store_thread_root(office.store, 1, "p7", "email", &id, ERR));
	OK(store_snoozed_until(office.store, 1, "p7", 1, &id, ERR));
	OK(store_joinable(office.store, "p7", "email", 5, false, &id, ERR));
	OK(store_joinable_held(office.store, "p7", "email", 5, &id, ERR));
	OK(store_told_other_date(office.store, own, "2025-06-15", NULL, &people, ERR));
	strlist_done(&people);
	struct store_told *told = NULL;
	size_t n_told = 0;
	OK(store_told_dates(office.store, own, true, &told, &n_told, ERR));
	free(told);
	struct store_unsaid unsaid;
	OK(store_reminder_unsaid(office.store, own, 0, 1, &unsaid, ERR));
	OK(store_open_dates(office.store, own, &people, ERR));
	OK(store_drop_date(office.store, own, "2025-06-16", ERR));
	strlist_done(&people);
}

static void ask_a_letter(int64_t own, const char *unused)
{
	(void)own;
	(void)unused;
	char key[PERIOD_KEY_SIZE];
	struct store_letter letter;
	OK(store_letter_load(office.store, 7, &letter, ERR));
	OK(store_letter_told_before(office.store, &letter, &letter.parts[0], key, ERR));
	store_letter_done(&letter);
}

static void ask_the_queue(int64_t own, const char *unused)
{
	int64_t ids[8], next;
	size_t n;
	struct store_counts counts;
	(void)own;
	(void)unused;
	OK(store_message_ready(office.store, "email", 9, ids, 8, &n, ERR));
	OK(store_message_sending(office.store, ids, 8, &n, ERR));
	OK(store_message_overdue(office.store, 9, ids, 8, &n, ERR));
	OK(store_message_next(office.store, "email", &next, ERR));
	OK(store_task_next_due(office.store, &next, ERR));
	OK(store_count(office.store, &counts, ERR));
	OK(store_ledger_stamp(office.store, NULL, NULL, 5, ERR));
}

static const struct {
	const char *name;
	void (*act)(int64_t own, const char *sql);
	const char *sql;
} acts[] = {
	{"done", run_sql, "UPDATE task SET status = 'done' WHERE uid = 'own'"},
	{"cancel", run_sql, "UPDATE task SET status = 'cancelled' WHERE uid = 'own'"},
	{"move", run_sql, "UPDATE task SET start_local = NULL WHERE uid = 'own'"},
	{"delete", run_sql, "DELETE FROM task WHERE uid = 'own'"},
	{"part", run_sql, "DELETE FROM part WHERE person = 'anna' AND task = 2"},
	{"inactive", run_sql, "UPDATE person SET active = 0 WHERE id = 'anna'"},
	{"address", run_sql, "DELETE FROM address WHERE person = 'anna'"},
	{"silence", run_sql, "INSERT INTO silence (person, until_utc, reason, author) VALUES ('anna', 9, 'x', 'y')"},
	{"acknowledge", run_sql, "INSERT INTO acknowledgement VALUES (2, '2025-06-15')"},
	{"occurrence", run_sql, "INSERT INTO occurrence (task, date, status) VALUES (2, '2025-06-15', 'done')"},
	{"planning", ask_planning, NULL},
	{"a letter", ask_a_letter, NULL},
	{"the queue", ask_the_queue, NULL},
};

static int64_t measure(size_t act, int n)
{
	int64_t own = fill(n);
	n_steps = 0;
	sqlite3_progress_handler(office.sql, STEPS_UNIT, count_step, NULL);
	sqlite3_progress_handler(office.store->db, STEPS_UNIT, count_step, NULL);
	acts[act].act(own, acts[act].sql);
	sqlite3_progress_handler(office.sql, 0, NULL, NULL);
	sqlite3_progress_handler(office.store->db, 0, NULL, NULL);
	office_close(&office);
	return n_steps;
}

static void store__cost_of_an_act__does_not_grow_with_the_past(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int64_t few = measure(i, FEW), many = measure(i, MANY);
		if (many > few * 2 + 20)
			fail_msg("%s: %lld steps where %d were sent, %lld where %d were", acts[i].name,
				 (long long)(few * STEPS_UNIT), FEW, (long long)(many * STEPS_UNIT), MANY);
	}
}

static void ask_joinable(void)
{
	int64_t id = 0;
	OK(store_joinable_held(office.store, "anna", "email", 5, &id, ERR));
	assert_int_equal(id, 0);
}

static void ask_status(void)
{
	struct store_counts counts;
	struct strlist waiting = {0};
	OK(store_count(office.store, &counts, ERR));
	assert_int_equal(counts.next_wake_utc, 0); /* the task of fill() waits for its plan */
	OK(store_channel_waiting(office.store, &waiting, ERR));
	assert_int_equal(waiting.n, 1);
	strlist_done(&waiting);
}

/* What is in flight stands beside a crowd that waits. */
static void ask_in_flight(void)
{
	int64_t ids[2], n_sending = 9, old = 9;
	size_t n = 9;
	OK(store_message_sending(office.store, ids, 2, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_message_overdue(office.store, 5, ids, 2, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_audit_sending(office.store, 9, &n_sending, &old, ERR));
	assert_int_equal(n_sending + old, 0);
}

/* Everything of anna's falls due at one instant. */
static int64_t measure_crowd(void (*ask)(void), int n)
{
	(void)fill(FEW);
	office_run(&office,
		   "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)"
		   " INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
		   " SELECT 'anna', 'email', 'single', 'pending', 5, 5, 'x' FROM c",
		   n);
	n_steps = 0;
	sqlite3_progress_handler(office.store->db, STEPS_UNIT, count_step, NULL);
	ask();
	sqlite3_progress_handler(office.store->db, 0, NULL, NULL);
	office_close(&office);
	return n_steps;
}

static void store__crowd_at_one_instant__is_not_searched_for_each(void **state)
{
	(void)state;
	assert_true(measure_crowd(ask_joinable, MANY) <= measure_crowd(ask_joinable, FEW) * 2 + 20);
}

static void store__status__costs_the_same_whatever_waits(void **state)
{
	(void)state;
	assert_true(measure_crowd(ask_status, MANY) <= measure_crowd(ask_status, FEW) * 2 + 20);
}

static void store__in_flight__is_found_beside_what_waits(void **state)
{
	(void)state;
	assert_true(measure_crowd(ask_in_flight, MANY) <= measure_crowd(ask_in_flight, FEW) * 2 + 20);
}

/* What a start asks of many tasks, when one before it has asked already. */
static int64_t measure_start(int n)
{
	int64_t n_ahead = 0;
	(void)fill(FEW);
	office_run(&office,
		   "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)"
		   " INSERT INTO task (uid, title, end_local, zone, planned_until, next_due_utc)"
		   " SELECT 'many' || i, 'x', '2025-06-15', 'UTC', 5, 50 FROM c",
		   n);
	OK(store_task_replan_ahead(office.store, 9, 9, &n_ahead, ERR));
	n_steps = 0;
	sqlite3_progress_handler(office.store->db, STEPS_UNIT, count_step, NULL);
	OK(store_task_replan_ahead(office.store, 19, 19, &n_ahead, ERR));
	sqlite3_progress_handler(office.store->db, 0, NULL, NULL);
	office_close(&office);
	assert_int_equal(n_ahead, 0);
	return n_steps;
}

static void store__start__does_not_look_at_every_task(void **state)
{
	(void)state;
	assert_true(measure_start(MANY) <= measure_start(FEW) * 2 + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store__cost_of_an_act__does_not_grow_with_the_past),
		cmocka_unit_test(store__crowd_at_one_instant__is_not_searched_for_each),
		cmocka_unit_test(store__status__costs_the_same_whatever_waits),
		cmocka_unit_test(store__in_flight__is_found_beside_what_waits),
		cmocka_unit_test(store__start__does_not_look_at_every_task),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
