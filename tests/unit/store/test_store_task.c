#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "office.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Europe/Moscow", "email");
	office_add_person(&office, "boris", "Europe/Moscow", "email");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static const struct office_task fair = {.uid = "fair",
					.start = "2025-06-01",
					.end = "2025-06-30",
					.precision = PERIOD_MONTH,
					.zone = "Asia/Shanghai",
					.people = "anna boris",
					.planned_until = 1000};

/* Puts the fair again, as it stands or with another title. */
static enum store_change put(const char *title)
{
	enum store_change change = STORE_ADDED;
	int64_t id = 0;
	struct task task;
	OK(store_task_find(office.store, "fair", &task, ERR));
	if (title != NULL) {
		free(task.title);
		task.title = mem_dup(title);
	}
	OK(store_task_put(office.store, &task, 5000, &id, &change, ERR));
	assert_int_equal(id, task.id);
	task_done(&task);
	return change;
}

static void store_task__put__adds_changes_or_leaves_alone(void **state)
{
	(void)state;
	int64_t id = office_add_task(&office, &fair);
	OK(store_task_planned(office.store, id, 0, 2000, 9000, ERR));
	assert_int_equal(put(NULL), STORE_UNCHANGED);
	assert_int_equal(office_number(&office, "SELECT next_due_utc FROM task"), 9000);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM ledger"), 1);
	assert_int_equal(put("A better title"), STORE_CHANGED);
	assert_int_equal(office_number(&office, "SELECT next_due_utc FROM task"), -1);
	assert_int_equal(office_number(&office, "SELECT planned_until FROM task"), 2000);
	assert_int_equal(office_number(&office, "SELECT sequence FROM task"), 0);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM task"), 1);
}

static void store_task__put_fails__says_nothing_of_a_change(void **state)
{
	(void)state;
	enum store_change change = STORE_UNCHANGED;
	int64_t id = 7;
	struct task task;
	struct err err;
	(void)office_add_task(&office, &fair);
	OK(store_task_find(office.store, "fair", &task, ERR));
	free(task.uid);
	task.uid = mem_dup("other");
	office_run(&office, "CREATE TRIGGER refuse BEFORE INSERT ON task BEGIN SELECT RAISE(ABORT, 'refused'); END");
	assert_true(store_task_put(office.store, &task, 5000, &id, &change, &err) < 0);
	assert_int_equal(change, STORE_UNCHANGED);
	assert_int_equal(id, 7);
	task_done(&task);
}

static void store_task__put_again__keeps_status_and_counts_moves(void **state)
{
	(void)state;
	int64_t id = office_add_task(&office, &fair);
	struct office_task moved = fair;
	moved.end = "2025-07-01";
	moved.precision = PERIOD_RANGE;
	OK(store_task_set_status(office.store, id, "done", ERR));
	assert_int_equal(office_add_task(&office, &moved), id);
	assert_string_equal(office_text(&office, "SELECT status || sequence FROM task"), "done1");
}

static const struct office_task shapes[] = {
	{.uid = "minute", .start = "2025-06-15T14:00"},
	{.uid = "day", .start = "2025-06-15"},
	{.uid = "limit", .end = "2025-06-15"},
	{.uid = "limit to the minute", .end = "2025-06-15T14:00"},
	{.uid = "range", .start = "2025-06-15", .end = "2025-07-20", .precision = PERIOD_RANGE},
	{.uid = "year", .start = "2025-01-01", .end = "2025-12-31", .precision = PERIOD_YEAR},
};

static void store_task__every_shape_of_date__comes_back_as_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct task task, again;
		int64_t id = office_add_task(&office, &shapes[i]);
		OK(store_task_find(office.store, shapes[i].uid, &task, ERR));
		OK(store_task_load(office.store, id, &again, ERR));
		struct civil end;
		assert_true(civil_parse(shapes[i].end != NULL ? shapes[i].end : shapes[i].start, &end, NULL));
		assert_int_equal(task.period.has_start, shapes[i].start != NULL);
		assert_int_equal(civil_compare(&task.period.end, &end), 0);
		assert_memory_equal(&task.period, &again.period, sizeof(task.period));
		assert_string_equal(task.zone, "UTC");
		assert_string_equal(task.status, "open");
		task_done(&task);
		task_done(&again);
	}
	struct task none;
	struct err err;
	assert_int_equal(store_task_find(office.store, "nobody", &none, &err), -ENOENT);
	assert_int_equal(store_task_load(office.store, 999, &none, &err), -ENOENT);
}

static const char *const impossible[] = {"end_local = '2025-02-30', start_local = NULL",
					 "end_local = '2025-06-30T12:00'", "precision = 'minute'",
					 "start_local = '2025-00-01'"};

static void store_task__row_that_makes_no_sense__is_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		struct task task;
		struct err err = {0};
		(void)office_add_task(&office, &fair);
		office_run(&office, "UPDATE task SET %s", impossible[i]);
		assert_int_equal(store_task_find(office.store, "fair", &task, &err), -EUCLEAN);
		assert_non_null(strstr(err.text, "fair"));
	}
}

/* ---- people ------------------------------------------------------------------------------------------------------- */

static bool set_people(int64_t task, const char *words)
{
	struct strlist people = {0};
	bool is_changed = false;
	strlist_add_words(&people, words);
	OK(store_task_set_people(office.store, task, &people, &is_changed, ERR));
	strlist_done(&people);
	return is_changed;
}

static void store_task__people__become_exactly_those_listed(void **state)
{
	(void)state;
	static const char roles[] = "SELECT group_concat(person || ':' || role, ' ') FROM"
				    " (SELECT * FROM part ORDER BY person, role)";
	int64_t task = office_add_task(&office, &fair);
	struct strlist people = {0};
	office_run(&office, "INSERT INTO part VALUES (%lld, 'boris', 'supervisor')", (long long)task);
	assert_false(set_people(task, "boris anna"));
	assert_true(set_people(task, "anna"));
	assert_string_equal(office_text(&office, roles), "anna:participant boris:supervisor");
	assert_true(set_people(task, "boris"));
	assert_string_equal(office_text(&office, roles), "boris:participant boris:supervisor");
	OK(store_task_people(office.store, task, &people, ERR));
	assert_int_equal(people.n, 1);
	assert_string_equal(people.items[0], "boris");
	strlist_done(&people);
}

static void store_task__people_with_roles__become_exactly_those_listed(void **state)
{
	static const struct {
		const char *words, *roles, *dropped;
	} rows[] = {
		{"responsible:anna boris", "responsible:anna participant:boris", ""},
		{"participant:anna supervisor:boris", "participant:anna supervisor:boris", ""},
		{"watcher:anna responsible:anna", "responsible:anna watcher:anna", ""},
		{"", "", "takes no part"},
	};
	(void)state;
	int64_t task =
		office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	(void)office_add_message(&office, task, "anna", "email", "1d before start", 10);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[200] = "";
		struct strlist parts = {0};
		assert_true(set_people(task, rows[i].words));
		assert_false(set_people(task, rows[i].words));
		OK(store_task_parts(office.store, task, &parts, ERR));
		for (size_t j = 0; j < parts.n; j++)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", j > 0 ? " " : "",
				       parts.items[j]);
		assert_string_equal(text, rows[i].roles);
		/* who only changes role keeps what waits for them */
		assert_string_equal(office_text(&office, "SELECT coalesce(max(dropped), '') FROM reminder"),
				    rows[i].dropped);
		strlist_done(&parts);
	}
}

static void store_task__unknown_role__is_refused(void **state)
{
	struct strlist people = {0};
	bool is_changed;
	struct err err = {0};
	(void)state;
	int64_t task = office_add_task(&office, &fair);
	strlist_add_words(&people, "boss:anna");
	assert_int_equal(store_task_set_people(office.store, task, &people, &is_changed, &err), -EINVAL);
	assert_non_null(strstr(err.text, "boss:anna"));
	strlist_done(&people);
}

static void store_task__unknown_person__is_refused(void **state)
{
	(void)state;
	struct strlist people = {0};
	bool is_changed;
	struct err err = {0};
	int64_t task = office_add_task(&office, &fair);
	strlist_add_words(&people, "anna stranger");
	assert_int_equal(store_task_set_people(office.store, task, &people, &is_changed, &err), -EEXIST);
	strlist_done(&people);
}

/* ---- what the planner asks ---------------------------------------------------------------------------------------- */

static int64_t add_due(const char *uid, int64_t next_due_utc)
{
	int64_t id = office_add_task(&office, &(struct office_task){.uid = uid, .start = "2025-06-15"});
	OK(store_task_planned(office.store, id, 4, 7, next_due_utc, ERR));
	return id;
}

static void store_task__due__gives_the_edited_and_the_most_urgent_first(void **state)
{
	(void)state;
	struct store_due due[8];
	size_t n = 0;
	int64_t next = 0;
	int64_t c = add_due("c", 30), a = add_due("a", 10), b = add_due("b", 20), edited = add_due("e", 5);
	int64_t done = add_due("done", 1);
	(void)add_due("later", 1000);
	OK(store_task_set_status(office.store, done, "done", ERR));
	OK(store_task_next_due(office.store, &next, ERR));
	assert_int_equal(next, 5);
	office_run(&office, "UPDATE task SET title = 'x' WHERE id = %lld", (long long)edited);
	OK(store_task_next_due(office.store, &next, ERR));
	assert_int_equal(next, 0);

	const int64_t order[] = {edited, a, b, c};
	for (size_t max = 1; max <= 5; max++) {
		OK(store_task_due(office.store, 30, due, max, &n, ERR));
		assert_int_equal(n, max < 4 ? max : 4);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(due[i].task, order[i]);
			assert_int_equal(due[i].is_edited, i == 0);
			assert_int_equal(due[i].due_utc, i * 10);
			assert_int_equal(due[i].planned_from, 4);
			assert_int_equal(due[i].planned_until, 7);
		}
	}
	OK(store_task_due(office.store, 9, due, 8, &n, ERR));
	assert_int_equal(n, 1);
}

static void store_task__seen_for_the_first_time__has_no_mark(void **state)
{
	(void)state;
	struct store_due due[2];
	size_t n = 0;
	int64_t next = 0;
	OK(store_task_next_due(office.store, &next, ERR));
	assert_int_equal(next, STORE_NEVER);
	office_run(&office, "INSERT INTO task (uid, title, end_local, zone) VALUES ('sql', 'x', '2025-06-15', 'UTC')");
	OK(store_task_due(office.store, 0, due, 2, &n, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(due[0].planned_until, -1);
	assert_int_equal(due[0].planned_from, -1);
}

static void store_task__replan__looks_at_every_open_task_once(void **state)
{
	(void)state;
	struct store_due due[8];
	size_t n = 0;
	(void)add_due("a", STORE_NEVER);
	(void)add_due("b", 500);
	OK(store_task_set_status(office.store, add_due("done", 500), "done", ERR));
	OK(store_task_replan_all(office.store, ERR));
	OK(store_task_due(office.store, 0, due, 8, &n, ERR));
	assert_int_equal(n, 2);
}

static int64_t replan_ahead(int64_t latest_utc)
{
	int64_t n = -1;
	OK(store_task_replan_ahead(office.store, latest_utc, 100, &n, ERR));
	return n;
}

static void store_task__planned_ahead__is_looked_at_again(void **state)
{
	(void)state;
	int64_t id = add_due("t", 60000), next = 0;
	OK(store_task_planned(office.store, id, 0, 50000, 60000, ERR));
	assert_int_equal(replan_ahead(10000), 1); /* how far was planned is not known yet */
	OK(store_task_next_due(office.store, &next, ERR));
	assert_int_equal(next, 0);
	OK(store_task_planned(office.store, id, 0, 9000, 60000, ERR));
	assert_int_equal(replan_ahead(10000), 0);
	OK(store_task_planned(office.store, id, 0, 10001, 60000, ERR)); /* beyond what is known, by a second */
	assert_int_equal(replan_ahead(10000), 1);
	OK(store_task_planned(office.store, id, 0, 50000, 60000, ERR));
	OK(store_task_planned(office.store, id, 0, 40000, 60000, ERR));
	assert_int_equal(replan_ahead(39999), 1);
	OK(store_task_next_due(office.store, &next, ERR));
	assert_int_equal(next, 0);
}

/* What a transaction has seen of it holds for that one alone. */
static void store_task__planned_ahead_and_rolled_back__is_looked_at_when_planned_again(void **state)
{
	(void)state;
	int64_t id = add_due("t", 60000);
	assert_int_equal(replan_ahead(10000), 0);
	OK(store_begin(office.store, ERR));
	OK(store_task_planned(office.store, id, 0, 50000, 60000, ERR));
	OK(store_task_planned(office.store, id, 0, 50000, 60000, ERR));
	store_rollback(office.store);
	OK(store_task_planned(office.store, id, 0, 50000, 60000, ERR));
	assert_int_equal(replan_ahead(10000), 1);

	OK(store_begin(office.store, ERR));
	OK(store_task_planned(office.store, id, 0, 50000, 60000, ERR));
	assert_int_equal(replan_ahead(10000), 1);
	OK(store_task_planned(office.store, id, 0, 40000, 60000, ERR));
	OK(store_commit(office.store, ERR));
	assert_int_equal(replan_ahead(10000), 1);

	OK(store_begin(office.store, ERR));
	OK(store_task_planned(office.store, id, 0, 50000, 60000, ERR));
	OK(store_commit(office.store, ERR));
	office_run(&office, "UPDATE meta SET value = 10000 WHERE key = 'planned_bound'"); /* another process */
	OK(store_task_planned(office.store, id, 0, 50000, 60000, ERR));
	assert_int_equal(replan_ahead(10000), 1);
}

static void store_task__its_messages__are_those_with_a_reminder_of_it(void **state)
{
	(void)state;
	int64_t id = add_due("t", 60), other = add_due("u", 70), next = 0, *ids = NULL;
	size_t n = 9;
	office_add_person(&office, "anna", "UTC", "email");
	int64_t first = office_add_message(&office, id, "anna", "email", "1d", 5);
	(void)office_add_message(&office, other, "anna", "email", "1d", 5);
	int64_t last = office_add_message(&office, id, "anna", "email", "2d", 5);
	office_run(&office,
		   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
		   " VALUES (%lld, 'x', '0d', 'anna', 'email', 5, %lld)",
		   (long long)id, (long long)first); /* two of it in one message */
	OK(store_task_messages(office.store, id, &ids, &n, ERR));
	assert_int_equal(n, 2);
	assert_int_equal(ids[0], first);
	assert_int_equal(ids[1], last);
	free(ids);
	OK(store_task_messages(office.store, 999, &ids, &n, ERR));
	assert_int_equal(n, 0);
	free(ids);

	OK(store_task_next_step(office.store, id, &next, ERR));
	assert_int_equal(next, 60);
	OK(store_task_replan_all(office.store, ERR));
	OK(store_task_next_step(office.store, id, &next, ERR));
	assert_int_equal(next, -1);
}

static int collect(void *arg, const struct task *task, int64_t next_due_utc)
{
	char *text = arg;
	(void)snprintf(text + strlen(text), 64, "%s%lld ", task->uid, (long long)next_due_utc);
	return strcmp(task->uid, "stop") == 0 ? -ECANCELED : 0;
}

static void store_task__each__lists_by_end_and_stops_when_told(void **state)
{
	(void)state;
	char text[256] = "", all[256] = "", stopped[256] = "";
	struct err err;
	(void)office_add_task(&office, &(struct office_task){.uid = "later", .start = "2025-07-01"});
	(void)add_due("b", 5);
	OK(store_task_set_status(office.store, add_due("a", 6), "done", ERR));
	OK(store_task_each(office.store, false, collect, text, ERR));
	assert_string_equal(text, "b5 later-1 ");
	OK(store_task_each(office.store, true, collect, all, ERR));
	assert_string_equal(all, "a-1 b5 later-1 ");
	(void)office_add_task(&office, &(struct office_task){.uid = "stop", .start = "2025-01-01"});
	assert_int_equal(store_task_each(office.store, true, collect, stopped, &err), -ECANCELED);
	assert_string_equal(stopped, "stop-1 ");
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(store_task__put__adds_changes_or_leaves_alone),
		WITH_OFFICE(store_task__put_fails__says_nothing_of_a_change),
		WITH_OFFICE(store_task__put_again__keeps_status_and_counts_moves),
		WITH_OFFICE(store_task__every_shape_of_date__comes_back_as_it_was),
		WITH_OFFICE(store_task__row_that_makes_no_sense__is_damaged),
		WITH_OFFICE(store_task__people__become_exactly_those_listed),
		WITH_OFFICE(store_task__people_with_roles__become_exactly_those_listed),
		WITH_OFFICE(store_task__unknown_role__is_refused),
		WITH_OFFICE(store_task__unknown_person__is_refused),
		WITH_OFFICE(store_task__due__gives_the_edited_and_the_most_urgent_first),
		WITH_OFFICE(store_task__seen_for_the_first_time__has_no_mark),
		WITH_OFFICE(store_task__replan__looks_at_every_open_task_once),
		WITH_OFFICE(store_task__planned_ahead__is_looked_at_again),
		WITH_OFFICE(store_task__planned_ahead_and_rolled_back__is_looked_at_when_planned_again),
		WITH_OFFICE(store_task__its_messages__are_those_with_a_reminder_of_it),
		WITH_OFFICE(store_task__each__lists_by_end_and_stops_when_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
