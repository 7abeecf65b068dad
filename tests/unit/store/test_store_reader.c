#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "office.h"
#include "store/store_absence.h"
#include "store/store_digest.h"
#include "store/store_occurrence.h"
#include "store/store_reader.h"

static struct office office;
static int64_t task;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email telegram");
	office_add_person(&office, "boris", "UTC", "email");
	task = office_add_task(&office,
			       &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna boris"});
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

/* ---- deputies ----------------------------------------------------------------------------------------------------- */

static void expect_deputy(const char *day, const char *wanted)
{
	char *deputy = NULL;
	OK(store_deputy(office.store, "anna", day, &deputy, ERR));
	if ((deputy == NULL) != (wanted == NULL) || (deputy != NULL && strcmp(deputy, wanted) != 0))
		fail_msg("%s: %s", day, deputy != NULL ? deputy : "nobody");
	free(deputy);
}

static void deputy__both_days_included__and_none_besides(void **state)
{
	(void)state;
	OK(store_deputy_set(office.store, "anna", "boris", "2025-06-10", "2025-06-12", ERR));
	expect_deputy("2025-06-09", NULL);
	expect_deputy("2025-06-10", "boris");
	expect_deputy("2025-06-12", "boris");
	expect_deputy("2025-06-13", NULL);
	/* The same first day again: corrected. */
	OK(store_deputy_set(office.store, "anna", "boris", "2025-06-10", "2025-06-10", ERR));
	expect_deputy("2025-06-11", NULL);
	office_run(&office, "UPDATE person SET active = 0 WHERE id = 'boris'");
	expect_deputy("2025-06-10", NULL);
}

static const struct {
	const char *person, *deputy, *from, *to;
} bad_deputies[] = {
	{"anna", "anna", "2025-06-10", "2025-06-12"},   {"anna", "boris", "2025-06-12", "2025-06-10"},
	{"anna", "nobody", "2025-06-10", "2025-06-12"}, {"nobody", "boris", "2025-06-10", "2025-06-12"},
	{"anna", "boris", "10.06.2025", "12.06.2025"},
};

static void deputy__impossible__is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_deputies) / sizeof(bad_deputies[0]); i++)
		assert_int_equal(store_deputy_set(office.store, bad_deputies[i].person, bad_deputies[i].deputy,
						  bad_deputies[i].from, bad_deputies[i].to, ERR),
				 -EEXIST);
	expect_deputy("2025-06-11", NULL);
}

/* ---- silences ----------------------------------------------------------------------------------------------------- */

static void expect_silence(int64_t id, const char *person, const char *at, const char *wanted)
{
	char *why = NULL;
	OK(store_silence(office.store, id, person, utc(at), &why, ERR));
	if ((why == NULL) != (wanted == NULL) || (why != NULL && strcmp(why, wanted) != 0))
		fail_msg("%s at %s: %s", person, at, why != NULL ? why : "not silenced");
	free(why);
}

static void silence__of_a_task_a_person_or_both__counts_until_its_end(void **state)
{
	(void)state;
	int64_t other =
		office_add_task(&office, &(struct office_task){.uid = "u", .start = "2025-06-15", .people = "anna"});
	OK(store_silence_add(office.store, task, "anna", utc("2025-06-02"), "one", "x", ERR));
	expect_silence(task, "anna", "2025-06-01T23:59:59", "silenced by x: one");
	expect_silence(task, "anna", "2025-06-02", NULL);
	expect_silence(task, "boris", "2025-06-01", NULL);
	expect_silence(other, "anna", "2025-06-01", NULL);
	OK(store_silence_add(office.store, task, NULL, utc("2025-06-03"), "two", "x", ERR));
	expect_silence(task, "boris", "2025-06-02", "silenced by x: two");
	expect_silence(task, "anna", "2025-06-01", "silenced by x: two"); /* the one that lasts longest */
	OK(store_silence_add(office.store, 0, "boris", utc("2025-06-04"), "three", "x", ERR));
	expect_silence(other, "boris", "2025-06-03", "silenced by x: three");
	expect_silence(other, "anna", "2025-06-03", NULL);
	assert_int_equal(store_silence_add(office.store, 0, NULL, utc("2025-06-04"), "all", "x", ERR), -EEXIST);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM ledger WHERE action = 'silence' AND who = 'x'"),
			 3);
}

static void silence__drops_what_waits_and_what_is_in_flight(void **state)
{
	(void)state;
	static const struct {
		const char *state, *after;
	} rows[] = {{"pending", "cancelled"}, {"held", "cancelled"}, {"sending", "sending"}, {"sent", "sent"}};
	int64_t ids[4], boris = office_add_message(&office, task, "boris", "email", "s", utc("2025-06-01"));
	for (int i = 0; i < 4; i++) {
		ids[i] = office_add_message(&office, task, "anna", "email", rows[i].state, utc("2025-06-01"));
		office_run(&office, "UPDATE message SET state = '%s' WHERE id = %lld", rows[i].state,
			   (long long)ids[i]);
	}
	OK(store_silence_add(office.store, task, "anna", utc("2025-06-02"), "rest", "x", ERR));
	for (int i = 0; i < 4; i++)
		assert_string_equal(office_state(&office, ids[i]), rows[i].after);
	assert_string_equal(office_state(&office, boris), "pending");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder WHERE dropped = 'silenced by x: rest'"),
			 3);
}

static void silence__leaves_what_is_to_come_behind_its_end(void **state)
{
	(void)state;
	static const struct {
		const char *name, *due, *held_until, *next_try;
		bool is_dropped;
	} rows[] = {
		{"due before its end", "2025-06-01T23:59:59", NULL, NULL, true},
		{"due at its end", "2025-06-02", NULL, NULL, false},
		{"held behind its end", "2025-06-01", "2025-06-02T06:00", "2025-06-02T06:00", false},
		{"held within it", "2025-06-01", "2025-06-01T06:00", "2025-06-01T06:00", true},
		{"tried again behind its end", "2025-06-01", NULL, "2025-06-02T06:00", true},
	};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	int64_t ids[N];
	for (size_t i = 0; i < N; i++) {
		ids[i] = office_add_message(&office, task, "anna", "email", rows[i].name, utc(rows[i].due));
		if (rows[i].next_try != NULL)
			OK(store_message_postpone(office.store, ids[i], utc(rows[i].next_try), ERR));
		if (rows[i].held_until != NULL)
			OK(store_message_hold(office.store, ids[i], utc(rows[i].held_until), ERR));
	}
	OK(store_silence_add(office.store, task, NULL, utc("2025-06-02"), "rest", "x", ERR));
	for (size_t i = 0; i < N; i++)
		if (strcmp(office_state(&office, ids[i]), rows[i].is_dropped ? "cancelled" : "pending") != 0)
			fail_msg("%s: %s", rows[i].name, office_state(&office, ids[i]));
}

/* ---- acknowledged, snoozed, told ---------------------------------------------------------------------------------- */

static void acknowledge__counts_for_its_occurrence_and_once(void **state)
{
	(void)state;
	bool is = true;
	OK(store_is_acknowledged(office.store, task, "2025-06-15", &is, ERR));
	assert_false(is);
	OK(store_acknowledge(office.store, task, "2025-06-15", ERR));
	OK(store_acknowledge(office.store, task, "2025-06-15", ERR));
	OK(store_is_acknowledged(office.store, task, "2025-06-15", &is, ERR));
	assert_true(is);
	OK(store_is_acknowledged(office.store, task, "2025-06-22", &is, ERR));
	assert_false(is);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM ledger WHERE action = 'ack'"), 1);
}

static void snooze__is_over_at_its_instant_or_when_it_is_dropped(void **state)
{
	(void)state;
	int64_t until = 0;
	(void)office_add_message(&office, task, "anna", "email", "snoozed until then", utc("2025-06-05"));
	(void)office_add_message(&office, task, "anna", "email", "3d before start", utc("2025-06-07"));
	OK(store_snoozed_until(office.store, task, "anna", utc("2025-06-04"), &until, ERR));
	assert_int_equal(until, utc("2025-06-05"));
	OK(store_snoozed_until(office.store, task, "boris", utc("2025-06-04"), &until, ERR));
	assert_int_equal(until, 0);
	OK(store_snoozed_until(office.store, task, "anna", utc("2025-06-05"), &until, ERR));
	assert_int_equal(until, 0);
	office_run(&office, "UPDATE reminder SET dropped = 'x' WHERE step LIKE 'snoozed%%'");
	OK(store_snoozed_until(office.store, task, "anna", utc("2025-06-04"), &until, ERR));
	assert_int_equal(until, 0);
}

static int64_t told(const char *day)
{
	int64_t n = -1;
	OK(store_ceiling_load(office.store, "anna", day, &n, ERR));
	return n;
}

static void told__counts_one_day_and_forgets_it_on_the_next(void **state)
{
	(void)state;
	assert_int_equal(told("2025-06-01"), 0);
	OK(store_ceiling_add(office.store, "anna", "2025-06-01", ERR));
	OK(store_ceiling_add(office.store, "anna", "2025-06-01", ERR));
	assert_int_equal(told("2025-06-01"), 2);
	assert_int_equal(told("2025-06-02"), 0);
	OK(store_ceiling_add(office.store, "anna", "2025-06-02", ERR));
	assert_int_equal(told("2025-06-02"), 1);
	assert_int_equal(office_number(&office, "SELECT told_count FROM person WHERE id = 'boris'"), 0);
}

/* ---- joining ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *set;        /* of a message of anna's that waits for 09:00 */
	bool joins, joins_late; /* with what is held until then; with what was missed and goes then */
} joins[] = {
	{"kind = 'single'", true, false},
	{"kind = 'merged'", true, false},
	{"kind = 'single'; UPDATE reminder SET step = 'moved 1'", false, false},
	{"kind = 'catch_up'; UPDATE reminder SET step = 'cancelled 2'", false, false},
	{"kind = 'catch_up'", true, true},
	{"kind = 'digest'", false, false},
	{"kind = 'test'", false, false},
	{"state = 'held'", false, false},
	{"state = 'sending'", false, false},
	{"state = 'sent'", false, false},
	{"attempts = 1", false, false},
	{"urgent = 1", false, false},
	{"person = 'boris'", false, false},
	{"channel = 'telegram'", false, false},
	{"not_before = not_before + 1", false, false},
	{"not_before = not_before - 1", false, false},
	{"kind = 'catch_up', not_before = not_before - 30", false, true}, /* of the pass before */
	{"kind = 'catch_up', not_before = not_before - 90", false, false},
};

static void join__only_what_waits_for_the_same_hour__takes_more(void **state)
{
	int64_t nine = utc("2025-06-01T09:00");
	for (size_t i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
		int64_t id = office_add_message(&office, task, "anna", "email", "s", nine), found = 0, found_late = 0;
		office_run(&office, "UPDATE message SET %s", joins[i].set);
		OK(store_joinable(office.store, "anna", "email", nine, false, &found, ERR));
		OK(store_joinable(office.store, "anna", "email", nine, true, &found_late, ERR));
		if (found != (joins[i].joins ? id : 0) || found_late != (joins[i].joins_late ? id : 0))
			fail_msg("%s: %lld %lld", joins[i].set, (long long)found, (long long)found_late);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void join__makes_it_one_of_several_and_a_catch_up_stays_one(void **state)
{
	(void)state;
	int64_t id = office_add_message(&office, task, "anna", "email", "s", utc("2025-06-01"));
	office_run(&office, "UPDATE message SET thread = 7");
	OK(store_join(office.store, id, task, false, ERR));
	assert_string_equal(office_text(&office, "SELECT kind || coalesce(thread, '') FROM message"), "merged7");
	OK(store_join(office.store, id, task + 1, false, ERR));
	assert_string_equal(office_text(&office, "SELECT kind || coalesce(thread, '') FROM message"), "merged");
	OK(store_join(office.store, id, task, true, ERR));
	OK(store_join(office.store, id, task, false, ERR));
	assert_string_equal(office_text(&office, "SELECT kind FROM message"), "catch_up");
}

static void told_other_date__is_the_last_that_was_sent_to_each(void **state)
{
	(void)state;
	struct strlist people = {0};
	(void)office_add_message(&office, task, "anna", "email", "a", utc("2025-06-01"));
	(void)office_add_message(&office, task, "anna", "telegram", "a", utc("2025-06-01"));
	(void)office_add_message(&office, task, "boris", "email", "a", utc("2025-06-01"));
	office_run(&office, "UPDATE message SET state = 'sent' WHERE person = 'anna'");
	OK(store_told_other_date(office.store, task, "2025-06-15", NULL, &people, ERR));
	assert_int_equal(people.n, 0);
	OK(store_told_other_date(office.store, task, "2025-06-16", NULL, &people, ERR));
	assert_int_equal(people.n, 1); /* boris's is still on its way: the move dropped it */
	assert_string_equal(people.items[0], "anna");
	strlist_done(&people);
}

static const char *const told_by[] = {
	"state = 'cancelled', uncertain = 1",
	"state = 'cancelled', crashes = 1",
	"state = 'pending', uncertain = 1",
	"state = 'dead', uncertain = 3",
};

static void told_other_date__may_have_been_told__counts(void **state)
{
	for (size_t i = 0; i < sizeof(told_by) / sizeof(told_by[0]); i++) {
		struct strlist people = {0};
		(void)office_add_message(&office, task, "anna", "email", "a", utc("2025-06-01"));
		office_run(&office, "UPDATE message SET %s", told_by[i]);
		OK(store_told_other_date(office.store, task, "2025-06-16", NULL, &people, ERR));
		if (people.n != 1)
			fail_msg("%s: %zu people", told_by[i], people.n);
		strlist_done(&people);
		(void)close_office(state);
		(void)open_office(state);
	}
}

/* ---- digests, tasks, occurrences ---------------------------------------------------------------------------------- */

static void digest__is_due_when_it_is_new_or_its_time_has_come(void **state)
{
	(void)state;
	struct strlist due = {0};
	bool is_set = true;
	int64_t at = 0;
	OK(store_digest_next(office.store, &at, ERR));
	assert_int_equal(at, STORE_NEVER);
	office_run(&office, "UPDATE person SET digest = 'daily 09:00'");
	OK(store_digest_next(office.store, &at, ERR));
	assert_int_equal(at, 0);
	OK(store_digest_time(office.store, "anna", &is_set, &at, ERR));
	assert_false(is_set);
	OK(store_digest_set(office.store, "anna", 100, ERR));
	OK(store_digest_set(office.store, "boris", 200, ERR));
	OK(store_digest_time(office.store, "anna", &is_set, &at, ERR));
	assert_true(is_set && at == 100);
	OK(store_digest_next(office.store, &at, ERR));
	assert_int_equal(at, 100);
	OK(store_digest_due(office.store, 99, 9, &due, ERR));
	assert_int_equal(due.n, 0);
	OK(store_digest_due(office.store, 200, 1, &due, ERR));
	assert_int_equal(due.n, 1);
	office_run(&office, "UPDATE person SET active = 0 WHERE id = 'anna'");
	OK(store_digest_next(office.store, &at, ERR));
	assert_int_equal(at, 200);
	/* A new hour, zone or calendar: to be worked out again. */
	office_run(&office, "UPDATE person SET zone = 'Asia/Sakhalin' WHERE id = 'boris'");
	OK(store_digest_time(office.store, "boris", &is_set, &at, ERR));
	assert_false(is_set);
	strlist_done(&due);
}

static void tasks_of__are_the_open_ones_in_whatever_role_each_once(void **state)
{
	(void)state;
	int64_t *ids = NULL;
	size_t n = 0;
	(void)office_add_task(&office, &(struct office_task){.uid = "done", .start = "2025-06-15", .people = "anna"});
	(void)office_add_task(&office,
			      &(struct office_task){.uid = "others", .start = "2025-06-15", .people = "boris"});
	office_run(&office, "UPDATE task SET status = 'done' WHERE uid = 'done';"
			    "INSERT INTO part VALUES (1, 'anna', 'supervisor'), (1, 'anna', 'watcher')");
	OK(store_tasks_of(office.store, "anna", &ids, &n, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], task);
	free(ids);
}

static void occurrence__keeps_where_it_was_moved_when_it_is_done(void **state)
{
	(void)state;
	struct store_occurrence *items = NULL;
	size_t n = 0;
	const struct period moved = {true, {2025, 6, 17, 0, 0, 0}, {2025, 6, 18, 0, 0, 0}, PERIOD_RANGE};
	OK(store_occurrence_set(office.store, task, "2025-06-22", "cancelled", NULL, ERR));
	OK(store_occurrence_set(office.store, task, "2025-06-15", "open", &moved, ERR));
	OK(store_occurrence_set(office.store, task, "2025-06-15", "done", NULL, ERR));
	OK(store_occurrences(office.store, task, &items, &n, ERR));
	assert_int_equal(n, 2);
	assert_string_equal(items[0].date, "2025-06-15");
	assert_true(!items[0].is_open && items[0].is_moved && items[0].period.precision == PERIOD_RANGE);
	assert_int_equal(civil_compare(&items[0].period.end, &moved.end), 0);
	assert_true(!items[1].is_open && !items[1].is_moved);
	assert_int_equal(store_occurrence_set(office.store, task, "2025-06-29", "forgotten", NULL, ERR), -EEXIST);
	free(items);
}

static void occurrence__moved_again_to_a_limit__keeps_no_start_of_the_first_move(void **state)
{
	(void)state;
	struct store_occurrence *items = NULL;
	size_t n = 0;
	const struct period first = {true, {2025, 6, 17, 0, 0, 0}, {2025, 6, 18, 0, 0, 0}, PERIOD_RANGE};
	const struct period limit = {.end = {2025, 6, 20, 0, 0, 0}, .precision = PERIOD_DAY};
	OK(store_occurrence_set(office.store, task, "2025-06-15", "open", &first, ERR));
	OK(store_occurrence_set(office.store, task, "2025-06-15", "open", &limit, ERR));
	OK(store_occurrence_set(office.store, task, "2025-06-15", "done", NULL, ERR));
	OK(store_occurrences(office.store, task, &items, &n, ERR));
	assert_int_equal(n, 1);
	assert_true(items[0].is_moved && !items[0].period.has_start);
	assert_int_equal(civil_compare(&items[0].period.end, &limit.end), 0);
	free(items);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(deputy__both_days_included__and_none_besides),
		WITH_OFFICE(deputy__impossible__is_refused),
		WITH_OFFICE(silence__of_a_task_a_person_or_both__counts_until_its_end),
		WITH_OFFICE(silence__drops_what_waits_and_what_is_in_flight),
		WITH_OFFICE(silence__leaves_what_is_to_come_behind_its_end),
		WITH_OFFICE(acknowledge__counts_for_its_occurrence_and_once),
		WITH_OFFICE(snooze__is_over_at_its_instant_or_when_it_is_dropped),
		WITH_OFFICE(told__counts_one_day_and_forgets_it_on_the_next),
		WITH_OFFICE(join__only_what_waits_for_the_same_hour__takes_more),
		WITH_OFFICE(join__makes_it_one_of_several_and_a_catch_up_stays_one),
		WITH_OFFICE(told_other_date__is_the_last_that_was_sent_to_each),
		WITH_OFFICE(told_other_date__may_have_been_told__counts),
		WITH_OFFICE(digest__is_due_when_it_is_new_or_its_time_has_come),
		WITH_OFFICE(tasks_of__are_the_open_ones_in_whatever_role_each_once),
		WITH_OFFICE(occurrence__keeps_where_it_was_moved_when_it_is_done),
		WITH_OFFICE(occurrence__moved_again_to_a_limit__keeps_no_start_of_the_first_move),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
