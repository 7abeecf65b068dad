#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "office.h"
#include "remind/act.h"
#include "remind/pick.h"
#include "store/store_occurrence.h"

static struct office office;
static struct task single, weekly, limit, hourly;

/* Four tasks: one day; Mondays, of which one is done and one was moved; a limit on every 5th; 10:00 every day. */
static int open_office(void **state)
{
	(void)state;
	static const struct {
		const char *uid, *start, *end, *rrule;
		struct task *task;
	} rows[] = {
		{"single", "2025-06-15", NULL, "", &single},
		{"weekly", "2025-06-02", NULL, "FREQ=WEEKLY", &weekly},
		{"limit", NULL, "2025-06-05", "FREQ=MONTHLY", &limit},
		{"hourly", "2025-06-02T10:00", NULL, "FREQ=DAILY", &hourly},
	};
	const struct period moved = {true, {2025, 6, 18, 0, 0, 0}, {2025, 6, 19, 0, 0, 0}, PERIOD_RANGE};
	office_open(&office);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct office_task row = {.uid = rows[i].uid,
						.start = rows[i].start,
						.end = rows[i].end,
						.zone = "Asia/Sakhalin",
						.precision = rows[i].task == &limit ? PERIOD_DAY : PERIOD_MINUTE};
		(void)office_add_task(&office, &row);
		office_run(&office, "UPDATE task SET rrule = '%s' WHERE uid = '%s'", rows[i].rrule, rows[i].uid);
		OK(store_task_find(office.store, rows[i].uid, rows[i].task, ERR));
	}
	OK(store_occurrence_set(office.store, weekly.id, "2025-06-09", "done", NULL, ERR));
	OK(store_occurrence_set(office.store, weekly.id, "2025-06-16", "open", &moved, ERR));
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	task_done(&single);
	task_done(&weekly);
	task_done(&limit);
	task_done(&hourly);
	office_close(&office);
	return 0;
}

static const char *shown(int status, const struct pick *pick)
{
	static char text[200];
	if (status == -ENOENT)
		return "none";
	assert_int_equal(status, 0);
	(void)snprintf(text, sizeof(text), "%s %s %s", pick->date, pick->key, pick->is_open ? "open" : "closed");
	return text;
}

static void pick_by_key__names_an_occurrence_as_reminders_do(void **state)
{
	(void)state;
	const struct {
		const struct task *task;
		const char *key, *picked;
	} rows[] = {
		{&single, "2025-06-15", "2025-06-15 2025-06-15 open"},
		{&single, "2025-06-16", "none"},
		{&weekly, "2025-06-02", "2025-06-02 2025-06-02 open"},
		{&weekly, "2025-06-09", "2025-06-09 2025-06-09 closed"},
		{&weekly, "2025-06-16", "none"}, /* it was moved */
		{&weekly, "2025-06-18/2025-06-19", "2025-06-16 2025-06-18/2025-06-19 open"},
		{&weekly, "2025-06-18", "none"},
		{&weekly, "2025-06-03", "none"},
		{&weekly, "2025-05-26", "none"},
		{&weekly, "2025-06-02T00:00", "none"},
		{&weekly, "2025-06-02/2025-06-08", "none"},
		{&weekly, "../2025-06-02", "none"},
		{&weekly, "monday", "none"},
		{&weekly, "", "none"},
		{&limit, "../2025-07-05", "../2025-07-05 ../2025-07-05 open"},
		{&limit, "2025-07-05", "none"},
		{&hourly, "2025-06-20T10:00", "2025-06-20T10:00 2025-06-20T10:00 open"},
		{&hourly, "2025-06-20T11:00", "none"},
		{&hourly, "2025-06-20", "none"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pick pick;
		const char *picked = shown(pick_by_key(office.store, rows[i].task, rows[i].key, &pick, ERR), &pick);
		if (strcmp(picked, rows[i].picked) != 0)
			fail_msg("%s %s: %s", rows[i].task->uid, rows[i].key, picked);
	}
}

static void pick_on_day__finds_what_begins_there_or_was_moved_there(void **state)
{
	(void)state;
	const struct {
		const struct task *task;
		struct civil day;
		const char *picked;
	} rows[] = {
		{&weekly, {2025, 6, 2, 0, 0, 0}, "2025-06-02 2025-06-02 open"},
		{&weekly, {2025, 6, 16, 0, 0, 0}, "2025-06-16 2025-06-18/2025-06-19 open"},
		{&weekly, {2025, 6, 19, 0, 0, 0}, "2025-06-16 2025-06-18/2025-06-19 open"},
		{&weekly, {2025, 6, 20, 0, 0, 0}, "none"},
		{&hourly, {2025, 6, 20, 0, 0, 0}, "2025-06-20T10:00 2025-06-20T10:00 open"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pick pick;
		assert_string_equal(shown(pick_on_day(office.store, rows[i].task, &rows[i].day, &pick, ERR), &pick),
				    rows[i].picked);
	}
}

static void pick_current__is_the_latest_open_one_that_has_begun(void **state)
{
	(void)state;
	struct pick pick;
	assert_string_equal(shown(pick_current(office.store, &weekly, utc("2025-06-11T00:00"), &pick, ERR), &pick),
			    "2025-06-02 2025-06-02 open");
	assert_true(pick.is_first);
	assert_string_equal(shown(pick_current(office.store, &weekly, utc("2025-06-24T00:00"), &pick, ERR), &pick),
			    "2025-06-23 2025-06-23 open");
	assert_false(pick.is_first);
	assert_string_equal(shown(pick_current(office.store, &hourly, utc("2025-06-01T00:00"), &pick, ERR), &pick),
			    "2025-06-02T10:00 2025-06-02T10:00 open");
}

static void act__of_one_date__leaves_the_others(void **state)
{
	(void)state;
	struct pick pick;
	const struct period day = {true, {2025, 6, 25, 0, 0, 0}, {2025, 6, 25, 0, 0, 0}, PERIOD_DAY};
	OK(pick_by_key(office.store, &weekly, "2025-06-23", &pick, ERR));
	OK(act_move(office.store, &weekly, &pick, &day, 1, ERR));
	OK(pick_by_key(office.store, &weekly, "2025-06-25", &pick, ERR));
	OK(act_close(office.store, &weekly, &pick, "cancelled", ERR));
	assert_string_equal(office_text(&office, "SELECT group_concat(date || ' ' || status) FROM occurrence"),
			    "2025-06-09 done,2025-06-16 open,2025-06-23 cancelled");
	assert_string_equal(office_text(&office, "SELECT status || ' ' || end_local FROM task WHERE uid = 'weekly'"),
			    "open 2025-06-02");

	OK(pick_by_key(office.store, &single, "2025-06-15", &pick, ERR));
	OK(act_move(office.store, &single, &pick, &day, 1, ERR));
	assert_string_equal(office_text(&office, "SELECT end_local FROM task WHERE uid = 'single'"), "2025-06-25");
	OK(act_close(office.store, &single, &pick, "done", ERR));
	assert_string_equal(office_text(&office, "SELECT status FROM task WHERE uid = 'single'"), "done");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM occurrence"), 3);
}

static void pick__zone_or_rule_nobody_knows__is_said(void **state)
{
	(void)state;
	struct pick pick;
	free(weekly.zone);
	weekly.zone = mem_dup("Mars/Olympus");
	assert_int_equal(pick_by_key(office.store, &weekly, "2025-06-02", &pick, ERR), -EINVAL);
	assert_non_null(strstr(office_err.text, "Mars/Olympus"));
	free(hourly.rrule);
	hourly.rrule = mem_dup("FREQ=NEVER");
	assert_int_equal(pick_current(office.store, &hourly, 1, &pick, ERR), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

static struct period day_of_june(int day)
{
	return (struct period){true, {2025, 6, day, 0, 0, 0}, {2025, 6, day, 0, 0, 0}, PERIOD_DAY};
}

static void act_move__onto_a_date_of_the_series__is_refused(void **state)
{
	(void)state;
	static const struct {
		int day, status;
	} rows[] = {{9, -EEXIST}, {23, -EEXIST}, {17, -EEXIST}, {24, 0}, {2, 0}, {16, -EEXIST}};
	const struct period elsewhere = day_of_june(17);
	struct pick pick;
	OK(pick_by_key(office.store, &weekly, "2025-06-30", &pick, ERR));
	OK(act_move(office.store, &weekly, &pick, &elsewhere, utc("2025-06-01"), ERR));
	OK(pick_by_key(office.store, &weekly, "2025-06-02", &pick, ERR));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct period date = day_of_june(rows[i].day);
		struct err err = {0};
		int status = act_move(office.store, &weekly, &pick, &date, utc("2025-06-01"), &err);
		if (status != rows[i].status)
			fail_msg("%d June: %d %s", rows[i].day, status, err.text);
	}
}

/* The weekly one: 2 June open, 9 June done, 16 June moved to 18 and 19 June, then every Monday. */
static void pick_told__is_the_date_of_the_latest_reminder_or_the_next(void **state)
{
	(void)state;
	static const struct {
		const char *told, *state, *now, *picked;
	} rows[] = {
		{NULL, NULL, "2025-06-04", "2025-06-16 2025-06-18/2025-06-19 open"},
		{NULL, NULL, "2025-06-22", "2025-06-23 2025-06-23 open"},
		{NULL, NULL, "2025-06-23", "2025-06-23 2025-06-23 open"},
		{"2025-06-30", "pending", "2025-06-22", "2025-06-23 2025-06-23 open"},
		{"2025-06-18/2025-06-19", "sent", "2025-06-22", "2025-06-16 2025-06-18/2025-06-19 open"},
		{"2025-06-23", "sent", "2025-06-22", "2025-06-23 2025-06-23 open"},
		{"2025-06-09", "sent", "2025-06-22", "2025-06-23 2025-06-23 open"},
		{"2025-06-16", "sent", "2025-06-22", "2025-06-23 2025-06-23 open"},
	};
	office_add_person(&office, "anna", "Asia/Sakhalin", "email");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pick pick = {0};
		struct err err = {0};
		if (rows[i].told != NULL) {
			int64_t message = office_add_message(&office, weekly.id, "anna", "email", "step",
							     utc(rows[i].now) + (int64_t)i);
			office_run(&office, "UPDATE message SET state = '%s' WHERE id = %lld", rows[i].state,
				   (long long)message);
			office_run(&office,
				   "UPDATE reminder SET occurrence = '%s', step = 'step %d' WHERE message = %lld",
				   rows[i].told, (int)i, (long long)message);
		}
		int status = pick_told(office.store, &weekly, "anna", utc(rows[i].now), &pick, &err);
		if (strcmp(shown(status, &pick), rows[i].picked) != 0)
			fail_msg("row %zu: %s", i, shown(status, &pick));
	}
}

static void tell(const char *key)
{
	office_run(&office,
		   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, dropped)"
		   " VALUES (%lld, '%s', '1d before start', 'anna', 'email', 1, 'x')",
		   (long long)weekly.id, key);
}

/* Its reminders have that key: who is to hear of the second would not. */
static void act_move__onto_a_day_that_another_date_has_left__is_refused(void **state)
{
	(void)state;
	static const struct {
		int date, day, status;
	} rows[] = {
		{23, 24, 0},      {30, 23, -EEXIST}, /* it lies on the 24th by now */
		{23, 26, 0},      {30, 24, -EEXIST}, /* it lay there */
		{23, 24, 0},      {23, 23, 0},       /* its own places */
		{30, 5, -EEXIST}, {30, 6, 0},        /* the rule gave the 5th, and somebody was told */
	};
	office_add_person(&office, "anna", "Asia/Sakhalin", "email");
	tell("2025-06-05");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct period by_rule = day_of_june(rows[i].date), day = day_of_june(rows[i].day);
		struct pick pick;
		struct err err = {0};
		OK(pick_on_day(office.store, &weekly, &by_rule.start, &pick, ERR));
		int status = act_move(office.store, &weekly, &pick, &day, utc("2025-06-01"), &err);
		if (status != rows[i].status)
			fail_msg("row %zu: %d %s", i, status, err.text);
		if (i == 0)
			tell("2025-06-24");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pick_by_key__names_an_occurrence_as_reminders_do),
		TEST(pick_on_day__finds_what_begins_there_or_was_moved_there),
		TEST(pick_current__is_the_latest_open_one_that_has_begun),
		TEST(pick_told__is_the_date_of_the_latest_reminder_or_the_next),
		TEST(act__of_one_date__leaves_the_others),
		TEST(pick__zone_or_rule_nobody_knows__is_said),
		TEST(act_move__onto_a_date_of_the_series__is_refused),
		TEST(act_move__onto_a_day_that_another_date_has_left__is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
