/* Who knows a date hears which one it was: of a task, of one date of a repeating task, of several at once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"
#include "store/store_occurrence.h"

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 7d 1d before start at 09:00\n"
			     "[policy wide]\nremind = 12d before start at 09:00\n"
			     "[policy hour]\nremind = 7d before start\n";

/* Both hear a week before. */
static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-06-01T00:00");
	stage_person("anna", "Asia/Sakhalin", "quiet = '20:00-08:00'");
	stage_person("boris", "Asia/Sakhalin", NULL);
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

static int64_t add_task(const char *uid, const char *start)
{
	return office_add_task(&stage.office, &(struct office_task){.uid = uid,
								    .start = start,
								    .zone = "Asia/Sakhalin",
								    .policy = "default",
								    .people = "anna",
								    .planned_until = stage.now.wall_s});
}

static void set_date(const char *uid, const char *start)
{
	office_run(&stage.office,
		   "UPDATE task SET start_local = '%s', end_local = '%s', precision = '%s' WHERE uid = '%s'", start,
		   start, strchr(start, 'T') != NULL ? "minute" : "day", uid);
}

/* The text of the last message that tells of a move. */
static const char *notice(void)
{
	const char *text = "";
	for (size_t i = 0; i < stage.n_sent; i++)
		text = strstr(stage.sent[i].steps, ": moved") != NULL ? stage.sent[i].text : text;
	return text;
}

static void assert_said(const char *words)
{
	if (strstr(notice(), words) == NULL)
		fail_msg("no '%s' in\n%s", words, notice());
}

static void moved__task__says_the_date_that_was_told_last(void **state)
{
	(void)state;
	(void)add_task("fair", "2025-06-12");
	stage_live("2025-06-05T00:00");
	set_date("fair", "2025-06-13");
	stage_live("2025-06-05T01:00");
	assert_said("June 13");
	assert_said("Previous date: Thursday, June 12, 2025\n");
	set_date("fair", "2025-06-14T10:00");
	stage_live("2025-06-05T02:00");
	assert_said("June 14");
	assert_said("Previous date: Friday, June 13, 2025\n");
	set_date("fair", "2025-06-12");
	stage_live("2025-06-05T03:00");
	assert_said("Previous date: Saturday, June 14, 2025 at 10:00");
}

/* The deputy was not told, but the one in whose place they hear it was. */
static void moved__deputy__hears_what_the_absent_one_knows(void **state)
{
	(void)state;
	(void)add_task("fair", "2025-06-12");
	stage_live("2025-06-05T00:00");
	office_run(&stage.office, "INSERT INTO deputy VALUES ('anna', 'boris', '2025-06-01', '2025-06-30')");
	set_date("fair", "2025-06-13");
	stage_live("2025-06-05T01:00");
	assert_int_equal(stage_count("boris", "fair: moved"), 1);
	assert_said("Previous date: Thursday, June 12, 2025\n");
	set_date("fair", "2025-06-14");
	stage_live("2025-06-05T02:00");
	assert_said("Previous date: Friday, June 13, 2025\n");
}

static void moved__one_date_of_a_series__says_where_that_one_was(void **state)
{
	(void)state;
	const struct period friday = {true, {2025, 6, 13, 0, 0, 0}, {2025, 6, 13, 0, 0, 0}, PERIOD_DAY};
	const struct period sunday = {true, {2025, 6, 15, 0, 0, 0}, {2025, 6, 15, 0, 0, 0}, PERIOD_DAY};
	int64_t task = add_task("weekly", "2025-06-11");
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;COUNT=4'");
	stage_live("2025-06-11T00:00"); /* the 18th was told since */
	OK(store_occurrence_set(stage.office.store, task, "2025-06-11", "open", &friday, ERR));
	stage_live("2025-06-11T01:00");
	assert_said("June 13");
	assert_said("Previous date: Wednesday, June 11, 2025\n");
	OK(store_occurrence_set(stage.office.store, task, "2025-06-11", "open", &sunday, ERR));
	stage_live("2025-06-11T02:00");
	assert_said("June 15");
	assert_said("Previous date: Friday, June 13, 2025\n");
}

static void moved__hour_of_a_series__says_the_one_of_that_day(void **state)
{
	(void)state;
	(void)add_task("weekly", "2025-06-11T10:00");
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;COUNT=4'");
	stage_live("2025-06-05T00:00");
	set_date("weekly", "2025-06-11T15:00");
	stage_live("2025-06-05T01:00");
	assert_said("June 11, 2025 at 3:00");
	assert_said("Previous date: Wednesday, June 11, 2025 at 10:00");
}

static size_t n_moves(void)
{
	return stage_count(NULL, ": moved");
}

static void set_added(const char *dates)
{
	office_run(&stage.office, "UPDATE task SET rdate = '%s'", dates);
}

static void moved__added_date_back_and_forth__is_told_each_time(void **state)
{
	(void)state;
	static const char *const hours[] = {"16", "15", "16", "15"};
	char date[40];
	(void)add_task("fair", "2025-06-02T09:00");
	set_added("2025-06-12T15:00");
	stage_live("2025-06-05T00:00");
	for (size_t i = 0; i < sizeof(hours) / sizeof(hours[0]); i++) {
		(void)snprintf(date, sizeof(date), "2025-06-12T%s:00", hours[i]);
		set_added(date);
		(void)snprintf(date, sizeof(date), "2025-06-05T0%zu:00", i + 1);
		stage_live(date);
		assert_int_equal(n_moves(), i + 1);
	}
	assert_said("3:00");
}

/* The notice waits for the morning while another date is added. */
static void moved__rule_changes_while_the_notice_waits__it_comes_once(void **state)
{
	(void)state;
	(void)add_task("fair", "2025-06-02T09:00");
	set_added("2025-06-12T15:00");
	stage_live("2025-06-05T12:00"); /* 23:00 there */
	set_added("2025-06-12T16:00");
	stage_live("2025-06-05T12:10");
	set_added("2025-06-12T16:00,2025-07-12T16:00");
	stage_live("2025-06-06T00:00");
	assert_int_equal(n_moves(), 1);
}

static const struct {
	const char *policy, *rdate, *exdate, *cancelled;
} taken_away[] = {
	{"default", "", "", "2025-06-12T15:00"},
	{"default", "2025-06-12T15:00", "2025-06-12T09:00", "2025-06-12T09:00"},
	{"hour", "2025-06-12T15:00", "2025-06-12T09:00", "2025-06-12T09:00"}, /* told at nine and at three */
};

/* They were announced as two, so the one that is left is no news. */
static void moved__one_of_two_on_a_day_is_taken_away__it_is_cancelled(void **state)
{
	for (size_t i = 0; i < sizeof(taken_away) / sizeof(taken_away[0]); i++) {
		(void)add_task("fair", "2025-06-05T09:00");
		set_added("2025-06-12T15:00");
		office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;COUNT=3', policy = '%s'",
			   taken_away[i].policy);
		stage_live("2025-06-05T06:00");
		office_run(&stage.office, "UPDATE task SET rdate = '%s', exdate = '%s'", taken_away[i].rdate,
			   taken_away[i].exdate);
		stage_live("2025-06-05T06:30");
		assert_int_equal(n_moves(), 0);
		assert_int_equal(stage_count("anna", "fair: cancelled"), 1);
		assert_string_equal(
			office_text(&stage.office, "SELECT occurrence FROM reminder WHERE step LIKE 'cancelled %%'"),
			taken_away[i].cancelled);
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

/* Who waits for the afternoon does not hear that it was in the morning. */
static void moved__hour_to_one_that_has_passed__is_cancelled(void **state)
{
	(void)state;
	(void)add_task("fair", "2025-06-05T15:00");
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;COUNT=3'");
	stage_live("2025-06-05T01:00"); /* noon there */
	set_date("fair", "2025-06-05T09:00");
	stage_live("2025-06-05T01:30");
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM reminder WHERE step LIKE 'cancelled %%'"
						      " AND occurrence = '2025-06-05T15:00'"),
			 1);
	assert_int_equal(n_moves(), 1); /* of the 12th */
}

/* By the 12th, anna has heard of the 18th and the 23rd. */
static void add_every_fifth_day(const char *start)
{
	(void)add_task("fair", start);
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=DAILY;INTERVAL=5', policy = 'wide'");
	stage_live("2025-06-12T00:00");
}

static void moved__repeats_no_more__what_is_ahead_is_cancelled(void **state)
{
	(void)state;
	add_every_fifth_day("2025-06-03");
	const size_t n_before = stage.n_sent;
	office_run(&stage.office, "UPDATE task SET rrule = ''");
	stage_live("2025-06-12T01:00");
	office_run(&stage.office, "UPDATE task SET title = 'Another'");
	stage_live("2025-06-13T00:00");
	assert_int_equal(n_moves(), 0);
	assert_int_equal(stage.n_sent, n_before + 2);
	assert_string_equal(office_text(&stage.office, "SELECT min(occurrence) || ' ' || max(occurrence) FROM reminder"
						       " WHERE step LIKE 'cancelled %%'"),
			    "2025-06-18 2025-06-23");
	assert_non_null(strstr(stage.sent[n_before].text, "This date of the task is cancelled."));
	office_run(&stage.office, "UPDATE task SET status = 'cancelled'");
	stage_live("2025-06-14T00:00");
	assert_int_equal(stage.n_sent, n_before + 2);
}

static const struct {
	const char *sql;
	size_t n_moves, n_cancelled;
} ends[] = {
	{"start_local = '2025-06-25', end_local = '2025-06-25'", 1, 0},
	{"rrule = ''; UPDATE task SET start_local = '2025-06-25', end_local = '2025-06-25'", 1, 0},
	{"start_local = '2025-06-23', end_local = '2025-06-23'", 0, 0},
	{"start_local = '2025-06-03', end_local = '2025-06-03', exdate = ''", 0, 2},
};

static void moved__repeats_no_more_with_another_date__says_that_one(void **state)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		add_every_fifth_day("2025-06-03");
		office_run(&stage.office, "UPDATE task SET rrule = '', %s", ends[i].sql);
		stage_live("2025-06-12T01:00");
		if (n_moves() != ends[i].n_moves || stage_count(NULL, ": cancelled") != ends[i].n_cancelled)
			fail_msg("%s: %zu moves, %zu cancelled", ends[i].sql, n_moves(),
				 stage_count(NULL, ": cancelled"));
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

/* The whole task is cancelled: of its only date that goes for who was told the others as well. */
static void moved__repeats_no_more__its_own_date_can_still_be_cancelled(void **state)
{
	(void)state;
	add_every_fifth_day("2025-06-18");
	office_run(&stage.office, "UPDATE task SET rrule = ''");
	stage_live("2025-06-12T01:00");
	const size_t n_before = stage_count(NULL, ": cancelled");
	assert_int_equal(n_before, 1);
	assert_int_equal(n_moves(), 0);
	office_run(&stage.office, "UPDATE task SET status = 'cancelled'");
	stage_live("2025-06-14T00:00");
	assert_int_equal(stage_count(NULL, ": cancelled"), 2);
	assert_string_equal(office_text(&stage.office, "SELECT min(occurrence) || ' ' || max(occurrence) FROM reminder"
						       " WHERE step LIKE 'cancelled %%'"),
			    "2025-06-18 2025-06-23");
}

static void moved__into_the_past__is_told_to_who_waits_for_it(void **state)
{
	static const struct {
		const char *now;
		size_t n_moves;
	} rows[] = {{"2025-06-10T00:00", 1}, {"2025-06-14T00:00", 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)add_task("fair", "2025-06-12");
		stage_live(rows[i].now);
		set_date("fair", "2025-06-02");
		stage_live("2025-06-14T01:00");
		assert_int_equal(n_moves(), rows[i].n_moves);
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

/* What else waits for the morning is one message; what moves an entry of a calendar is a mail of its own. */
static void moved__two_at_night__are_told_alone(void **state)
{
	(void)state;
	(void)add_task("fair", "2025-06-12");
	(void)add_task("visit", "2025-06-12");
	stage_live("2025-06-05T12:00"); /* 23:00 there */
	office_run(&stage.office, "UPDATE person SET quiet = '20:00-09:30'");
	(void)add_task("due", "2025-06-13");
	(void)add_task("too", "2025-06-13");
	set_date("fair", "2025-06-20");
	stage_live("2025-06-05T22:10"); /* they wait since 09:00 */
	set_date("visit", "2025-06-21");
	stage_live("2025-06-06T00:00");
	assert_int_equal(stage_count_kind("anna", "merged"), 1);
	size_t n_alone = 0;
	for (size_t i = 0; i < stage.n_sent; i++)
		if (strstr(stage.sent[i].steps, ": moved") != NULL) {
			n_alone++;
			assert_null(strchr(stage.sent[i].steps, '\n'));
			assert_non_null(strstr(stage.sent[i].text, "Previous date: Thursday, June 12, 2025\n"));
		}
	assert_int_equal(n_alone, 2);
}

/* The reminder waits for ten o'clock when the hour is corrected: of the new one nobody would hear. */
static void moved__while_the_first_reminder_is_held__it_speaks_of_the_new_date(void **state)
{
	static const char *const rules[] = {"", "FREQ=WEEKLY;COUNT=3"};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		office_run(&stage.office, "UPDATE person SET quiet = '08:00-10:00'");
		(void)add_task("fair", "2025-06-03T14:00");
		office_run(&stage.office, "UPDATE task SET rrule = '%s'", rules[i]);
		stage_live("2025-06-01T22:30");
		assert_int_equal(stage.n_sent, 0);
		set_date("fair", "2025-06-03T15:00");
		stage_live("2025-06-01T22:40");
		set_date("fair", "2025-06-03T16:00");
		stage_live("2025-06-02T22:00");
		if (stage.n_sent != 1 || stage_count("anna", "fair: 1d before") != 1)
			fail_msg("'%s': %zu messages", rules[i], stage.n_sent);
		assert_non_null(strstr(stage.sent[0].text, "4:00"));
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(moved__task__says_the_date_that_was_told_last),
		WITH_STAGE(moved__deputy__hears_what_the_absent_one_knows),
		WITH_STAGE(moved__one_date_of_a_series__says_where_that_one_was),
		WITH_STAGE(moved__hour_of_a_series__says_the_one_of_that_day),
		WITH_STAGE(moved__added_date_back_and_forth__is_told_each_time),
		WITH_STAGE(moved__rule_changes_while_the_notice_waits__it_comes_once),
		WITH_STAGE(moved__one_of_two_on_a_day_is_taken_away__it_is_cancelled),
		WITH_STAGE(moved__hour_to_one_that_has_passed__is_cancelled),
		WITH_STAGE(moved__repeats_no_more__what_is_ahead_is_cancelled),
		WITH_STAGE(moved__repeats_no_more_with_another_date__says_that_one),
		WITH_STAGE(moved__repeats_no_more__its_own_date_can_still_be_cancelled),
		WITH_STAGE(moved__into_the_past__is_told_to_who_waits_for_it),
		WITH_STAGE(moved__two_at_night__are_told_alone),
		WITH_STAGE(moved__while_the_first_reminder_is_held__it_speaks_of_the_new_date),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
