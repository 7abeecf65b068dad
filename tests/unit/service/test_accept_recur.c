/* Repeating tasks: every date is reminded of by itself, at the local time whatever the clocks do, and is done, moved or
 * left out by itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"
#include "store/store_occurrence.h"
#include "store/store_reader.h"

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 1d before start at 09:00\noverdue = 1d after end at 09:00\n"
			     "[policy meeting]\nremind = 1h before start\n"
			     "[policy far]\nremind = 24mo 1d before start at 09:00\n";

/* Wednesdays, from 5 March 2025 on; 09:00 in Sakhalin is 22:00 UTC of the day before. */
static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-03-01T00:00");
	stage_person("anna", "Asia/Sakhalin", NULL);
	stage_person("kate", "America/New_York", NULL);
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

static void add_task(const char *uid, const char *start, const char *policy, const char *person, const char *zone,
		     const char *rrule)
{
	int64_t id = office_add_task(&stage.office, &(struct office_task){.uid = uid,
									  .start = start,
									  .zone = zone,
									  .policy = policy,
									  .people = person,
									  .planned_until = stage.now.wall_s});
	office_run(&stage.office, "UPDATE task SET rrule = '%s' WHERE id = %lld", rrule, (long long)id);
}

static void add_weekly(void)
{
	add_task("w", "2025-03-05", "default", "anna", "Asia/Sakhalin", "FREQ=WEEKLY;COUNT=4");
}

#define BEFORE "w: 1d before start at 09:00"
#define OVERDUE "w: overdue 1d after end at 09:00"

static void recur__every_date__is_reminded_of_once(void **state)
{
	(void)state;
	add_weekly();
	stage_live("2025-03-13T12:00");
	stage_down_until("2025-03-13T12:00");
	stage_live("2025-06-01T00:00");
	STAGE_EXPECT({"2025-03-03T22:00", "anna", "single", BEFORE}, {"2025-03-05T22:00", "anna", "single", OVERDUE},
		     {"2025-03-10T22:00", "anna", "single", BEFORE}, {"2025-03-12T22:00", "anna", "single", OVERDUE},
		     {"2025-03-17T22:00", "anna", "single", BEFORE}, {"2025-03-19T22:00", "anna", "single", OVERDUE},
		     {"2025-03-24T22:00", "anna", "single", BEFORE}, {"2025-03-26T22:00", "anna", "single", OVERDUE});
	assert_int_equal(office_number(&stage.office, "SELECT count(DISTINCT occurrence) FROM reminder"), 4);
}

/* 10:00 in New York is 15:00 UTC until 9 March, and 14:00 from then on. */
static void recur__clock_change__keeps_the_local_time(void **state)
{
	(void)state;
	add_task("m", "2025-03-05T10:00", "meeting", "kate", "America/New_York", "FREQ=WEEKLY;COUNT=2");
	stage_live("2025-06-01T00:00");
	STAGE_EXPECT({"2025-03-05T14:00", "kate", "single", "m: 1h before start"},
		     {"2025-03-12T13:00", "kate", "single", "m: 1h before start"});
}

static void set_occurrence(const char *date, const char *status, const struct period *period)
{
	OK(store_begin(stage.office.store, ERR));
	OK(store_occurrence_set(stage.office.store, 1, date, status, period, ERR));
	OK(store_commit(stage.office.store, ERR));
}

static void recur__one_date_done_and_one_left_out__leave_the_others(void **state)
{
	(void)state;
	add_weekly();
	office_run(&stage.office, "UPDATE task SET exdate = '2025-03-19'");
	stage_live("2025-03-12T21:59");
	set_occurrence("2025-03-12", "done", NULL);
	stage_live("2025-06-01T00:00");
	STAGE_EXPECT({"2025-03-03T22:00", "anna", "single", BEFORE}, {"2025-03-05T22:00", "anna", "single", OVERDUE},
		     {"2025-03-10T22:00", "anna", "single", BEFORE}, {"2025-03-24T22:00", "anna", "single", BEFORE},
		     {"2025-03-26T22:00", "anna", "single", OVERDUE});
}

static void recur__one_date_acknowledged__is_not_overdue(void **state)
{
	(void)state;
	add_weekly();
	stage_live("2025-03-12T12:00");
	OK(store_begin(stage.office.store, ERR));
	OK(store_acknowledge(stage.office.store, 1, "2025-03-12", ERR));
	OK(store_commit(stage.office.store, ERR));
	stage_live("2025-03-20T00:00");
	STAGE_EXPECT({"2025-03-03T22:00", "anna", "single", BEFORE}, {"2025-03-05T22:00", "anna", "single", OVERDUE},
		     {"2025-03-10T22:00", "anna", "single", BEFORE}, {"2025-03-17T22:00", "anna", "single", BEFORE},
		     {"2025-03-19T22:00", "anna", "single", OVERDUE});
}

static void recur__one_date_moved_before_anybody_heard_of_it__is_reminded_of_there(void **state)
{
	(void)state;
	const struct period friday = {true, {2025, 3, 14, 0, 0, 0}, {2025, 3, 14, 0, 0, 0}, PERIOD_DAY};
	add_weekly();
	stage_live("2025-03-10T12:00");
	set_occurrence("2025-03-12", "open", &friday);
	stage_live("2025-03-16T12:00");
	STAGE_EXPECT({"2025-03-03T22:00", "anna", "single", BEFORE}, {"2025-03-05T22:00", "anna", "single", OVERDUE},
		     {"2025-03-12T22:00", "anna", "single", BEFORE}, {"2025-03-14T22:00", "anna", "single", OVERDUE});
	assert_non_null(strstr(stage.sent[2].text, "14"));
}

/* Whoever was told the old date of one occurrence is told the new one, once. */
static void recur__one_date_moved_after_it_was_told__brings_one_notice(void **state)
{
	(void)state;
	const struct period friday = {true, {2025, 3, 14, 0, 0, 0}, {2025, 3, 14, 0, 0, 0}, PERIOD_DAY};
	add_weekly();
	stage_live("2025-03-11T12:00");
	set_occurrence("2025-03-12", "open", &friday);
	stage_live("2025-03-11T13:00");
	assert_int_equal(stage_count("anna", "w: moved"), 1);
	stage_live("2025-03-13T00:00");
	office_run(&stage.office, "UPDATE task SET note = 'x'");
	stage_live("2025-03-30T00:00");
	assert_int_equal(stage_count("anna", "w: moved"), 1);
}

/* By then the end of the window lies six weeks behind its beginning, which is further than any step reaches. */
static void recur__one_date_moved_to_a_long_window__is_overdue_at_its_end(void **state)
{
	(void)state;
	const struct period window = {true, {2025, 3, 10, 0, 0, 0}, {2025, 4, 20, 0, 0, 0}, PERIOD_RANGE};
	add_weekly();
	stage_live("2025-03-01T12:00");
	set_occurrence("2025-03-12", "open", &window);
	stage_live("2025-04-20T21:00");
	assert_int_equal(stage_count("anna", OVERDUE), 3);
	stage_live("2025-04-21T00:00");
	assert_int_equal(stage_count("anna", OVERDUE), 4);
}

static int64_t count_steps(const char *step)
{
	return office_number(&stage.office, "SELECT count(*) FROM reminder WHERE step = '%s before start at 09:00'",
			     step);
}

/* In two years there are more dates than are worked out at once. */
static void recur__lead_of_years__leaves_out_no_date_between(void **state)
{
	(void)state;
	add_task("f", "2023-01-01", "far", "anna", "Asia/Sakhalin", "FREQ=DAILY");
	stage_live("2025-03-04T00:00");
	assert_int_equal(count_steps("1d"), 3);
	assert_int_equal(count_steps("24mo"), 3);
}

static void recur__by_single_dates_alone__comes_again_and_was_not_moved(void **state)
{
	(void)state;
	add_task("r", "2025-03-05", "default", "anna", "Asia/Sakhalin", "");
	office_run(&stage.office, "UPDATE task SET rdate = '2025-05-20,2032-05-20'");
	stage_live("2025-04-01T00:00");
	assert_int_equal(stage.n_sent, 2);
	office_run(&stage.office, "UPDATE task SET place = 'Harbin'");
	stage_live("2025-04-01T01:00");
	office_run(&stage.office, "UPDATE task SET note = 'x'");
	stage_live("2025-05-18T21:00");
	assert_int_equal(stage.n_sent, 2);
	stage_live("2025-06-01T00:00");
	assert_int_equal(stage.n_sent, 4);
	assert_true(office_number(&stage.office, "SELECT next_due_utc FROM task") < utc("2026-06-01"));
}

/* A week away from a daily task: one message, not seven. */
static void recur__downtime__brings_one_message(void **state)
{
	(void)state;
	add_task("d", "2025-03-03", "default", "anna", "Asia/Sakhalin", "FREQ=DAILY");
	stage_live("2025-03-05T00:00");
	size_t before = stage.n_sent;
	stage_down_until("2025-03-12T00:00");
	stage_live("2025-03-12T01:00");
	assert_int_equal(stage.n_sent, before + 1);
	assert_string_equal(stage.sent[before].kind, "catch_up");
	stage_live("2025-03-13T00:00");
	assert_int_equal(stage.n_sent, before + 3); /* the next morning's two */
}

static void recur__digest__names_the_dates_that_are_near(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE person SET digest = 'daily 08:00' WHERE id = 'anna'");
	add_weekly();
	stage_live("2025-03-10T21:00"); /* Tuesday 11 March, 08:00 */
	const struct stage_sent *last = &stage.sent[stage.n_sent - 1];
	assert_string_equal(last->kind, "digest");
	/* 5 March is overdue, 12 March comes this week, 19 March is eight days ahead. */
	const char *overdue = strstr(last->text, "Overdue:"), *week = strstr(last->text, "This week:");
	assert_true(overdue != NULL && overdue < week);
	assert_null(strstr(last->text, "Starting soon:"));
}

static void recur__rule_that_makes_no_sense__is_put_aside_and_the_rest_goes_on(void **state)
{
	(void)state;
	add_task("bad", "2025-03-05", "default", "anna", "Asia/Sakhalin", "FREQ=SOMETIMES");
	add_task("w", "2025-03-05", "default", "anna", "Asia/Sakhalin", "FREQ=WEEKLY;COUNT=2");
	stage_live("2025-03-06T12:00");
	STAGE_EXPECT({"2025-03-03T22:00", "anna", "single", BEFORE}, {"2025-03-05T22:00", "anna", "single", OVERDUE});
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM ledger WHERE action = 'problem'"), 1);
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(recur__every_date__is_reminded_of_once),
		WITH_STAGE(recur__clock_change__keeps_the_local_time),
		WITH_STAGE(recur__one_date_done_and_one_left_out__leave_the_others),
		WITH_STAGE(recur__one_date_acknowledged__is_not_overdue),
		WITH_STAGE(recur__one_date_moved_before_anybody_heard_of_it__is_reminded_of_there),
		WITH_STAGE(recur__one_date_moved_after_it_was_told__brings_one_notice),
		WITH_STAGE(recur__one_date_moved_to_a_long_window__is_overdue_at_its_end),
		WITH_STAGE(recur__lead_of_years__leaves_out_no_date_between),
		WITH_STAGE(recur__by_single_dates_alone__comes_again_and_was_not_moved),
		WITH_STAGE(recur__downtime__brings_one_message),
		WITH_STAGE(recur__digest__names_the_dates_that_are_near),
		WITH_STAGE(recur__rule_that_makes_no_sense__is_put_aside_and_the_rest_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
