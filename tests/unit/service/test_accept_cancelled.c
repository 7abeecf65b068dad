/* Whoever was told a date that is not over hears once that it is off; everybody else hears nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"
#include "store/store_occurrence.h"
#include "store/store_reader.h"

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = chat\n"
			     "[policy default]\nremind = 7d 1d before start at 09:00\n"
			     "overdue = 1d after end at 09:00\nchannels = email telegram\n";

/* The 20th of June in Sakhalin; anna hears of it on the 13th at 09:00, which is 22:00 UTC of the 12th. */
static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-06-01T00:00");
	stage_person("anna", "Asia/Sakhalin", NULL);
	stage_person("boris", "Asia/Sakhalin", NULL);
	(void)office_add_task(&stage.office, &(struct office_task){.uid = "fair",
								   .start = "2025-06-20",
								   .zone = "Asia/Sakhalin",
								   .policy = "default",
								   .people = "anna",
								   .planned_until = stage.now.wall_s});
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

static void set_status(const char *status)
{
	office_run(&stage.office, "UPDATE task SET status = '%s'", status);
}

static size_t told(const char *person)
{
	return stage_count(person, "fair: cancelled");
}

/* The text of the last notice. */
static const char *notice(void)
{
	const char *text = "";
	for (size_t i = 0; i < stage.n_sent; i++)
		text = strstr(stage.sent[i].steps, "fair: cancelled") != NULL ? stage.sent[i].text : text;
	return text;
}

static void cancelled__told__hears_it_once_in_the_thread(void **state)
{
	(void)state;
	stage_live("2025-06-13T00:00");
	assert_int_equal(stage.n_sent, 1);
	set_status("cancelled");
	stage_live("2025-06-13T00:10");
	assert_int_equal(told("anna"), 1);
	const struct stage_sent *sent = &stage.sent[1];
	assert_string_equal(sent->steps, "fair: cancelled 1");
	assert_string_equal(sent->kind, "single");
	assert_string_equal(sent->thread_id, stage.sent[0].message_id);
	assert_non_null(strstr(sent->subject, "Cancelled: "));
	assert_non_null(strstr(sent->text, "This task is cancelled."));
	assert_non_null(strstr(sent->text, "June 20"));
	set_status("cancelled");
	office_run(&stage.office, "UPDATE task SET note = 'x'");
	stage_down_until("2025-06-14T00:00");
	stage_live("2025-07-01T00:00");
	assert_int_equal(stage.n_sent, 2);
}

static const struct {
	const char *name, *until, *sql;
} quiets[] = {
	{"nobody was told", "2025-06-10T00:00", "UPDATE task SET status = 'cancelled'"},
	{"done", "2025-06-13T00:00", "UPDATE task SET status = 'done'"},
	{"deleted", "2025-06-13T00:00", "DELETE FROM task"},
	{"it is over", "2025-06-20T13:00", "UPDATE task SET status = 'cancelled'"}, /* midnight in Sakhalin */
	{"somebody else came", "2025-06-13T00:00",
	 "INSERT INTO part (task, person) VALUES (1, 'boris'); DELETE FROM part WHERE person = 'anna';"
	 "UPDATE task SET status = 'cancelled'"},
	{"cancelled before it was told", "2025-06-13T00:00",
	 "UPDATE task SET status = 'cancelled'; DELETE FROM cancellation; UPDATE task SET title = 'x'"},
	{"done after all", "2025-06-13T00:00", "UPDATE task SET status = 'cancelled'; UPDATE task SET status = 'done'"},
	{"opened again at once", "2025-06-13T00:00",
	 "UPDATE task SET status = 'cancelled'; UPDATE task SET status = 'open'"},
};

static void cancelled__who_has_nothing_to_hear__hears_nothing(void **state)
{
	for (size_t i = 0; i < sizeof(quiets) / sizeof(quiets[0]); i++) {
		stage_live(quiets[i].until);
		office_run(&stage.office, "%s", quiets[i].sql);
		stage_live("2025-07-01T00:00");
		if (stage_count(NULL, "cancelled") != 0)
			fail_msg("%s: somebody was told", quiets[i].name);
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

static void cancelled__just_before_it_is_over__is_told(void **state)
{
	(void)state;
	stage_live("2025-06-20T12:50");
	set_status("cancelled");
	stage_live("2025-06-21T00:00");
	assert_int_equal(told("anna"), 1);
}

static void cancelled__in_quiet_hours__waits_for_the_morning_and_stays_alone(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE person SET quiet = '20:00-08:00'");
	stage_live("2025-06-13T12:00"); /* 23:00 there */
	set_status("cancelled");
	office_run(&stage.office, "UPDATE person SET ceiling = 0");
	stage_live("2025-06-13T20:50");
	assert_int_equal(told("anna"), 0);
	(void)office_add_task(&stage.office, &(struct office_task){.uid = "other",
								   .start = "2025-06-15",
								   .zone = "Asia/Sakhalin",
								   .policy = "default",
								   .people = "anna",
								   .planned_until = utc("2025-06-12T00:00")});
	stage_live("2025-06-13T22:10");
	assert_int_equal(told("anna"), 1);
	for (size_t i = 1; i < stage.n_sent; i++)
		if (strstr(stage.sent[i].steps, "cancelled") != NULL)
			assert_string_equal(stage.sent[i].steps, "fair: cancelled 1");
}

/* What waits is dropped, and a second cancellation is told. */
static void cancelled__opened_again_before_it_left__is_dropped(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE person SET quiet = '20:00-08:00'");
	stage_live("2025-06-13T12:00");
	set_status("cancelled");
	stage_live("2025-06-13T12:10");
	set_status("open");
	stage_live("2025-06-13T22:00");
	assert_int_equal(told(NULL), 0);
	assert_string_equal(office_text(&stage.office, "SELECT dropped FROM reminder WHERE step LIKE 'cancelled %%'"),
			    "task reopened");
	set_status("cancelled");
	stage_live("2025-06-14T00:00");
	assert_int_equal(told("anna"), 1);
	assert_string_equal(stage.sent[stage.n_sent - 1].steps, "fair: cancelled 3");
}

/* It has been heard: again only when the task was spoken of anew. */
static void cancelled__opened_and_cancelled_again__is_told_to_who_was_told_between(void **state)
{
	(void)state;
	stage_live("2025-06-13T00:00");
	set_status("cancelled");
	stage_live("2025-06-14T00:00");
	set_status("open");
	stage_live("2025-06-15T00:00");
	set_status("cancelled");
	stage_live("2025-06-16T00:00");
	assert_int_equal(told("anna"), 1);
	set_status("open");
	stage_live("2025-06-19T00:00"); /* a day before */
	set_status("cancelled");
	stage_live("2025-06-30T00:00");
	assert_int_equal(told("anna"), 2);
}

/* What was sent before is not sent again; what follows, and what was missed meanwhile, comes. */
static void done__opened_again__goes_on_where_it_was(void **state)
{
	(void)state;
	stage_live("2025-06-13T00:00");
	set_status("done");
	stage_live("2025-06-19T06:00"); /* hours behind the reminder of the day before */
	assert_int_equal(stage.n_sent, 1);
	set_status("open");
	stage_live("2025-06-30T00:00");
	assert_int_equal(stage_count("anna", "fair: 7d"), 1);
	assert_int_equal(stage_count("anna", "fair: 1d"), 1);
	assert_int_equal(stage_count("anna", "fair: overdue"), 1);
}

/* The server has taken the reminder, and then the task was cancelled: the answer comes behind that. */
static void cancelled__while_the_first_reminder_is_in_flight__is_told_when_it_was_taken(void **state)
{
	(void)state;
	stage_live("2025-06-12T21:59");
	stage_clock(utc("2025-06-12T22:00"));
	OK(app_tick(stage.app, stage.now, ERR)); /* handed over; the answer is for the next pass */
	assert_int_equal(stage.n_sent, 1);
	assert_string_equal(office_text(&stage.office, "SELECT state FROM message"), "sending");
	set_status("cancelled");
	stage_live("2025-06-13T00:00");
	assert_int_equal(told("anna"), 1);
}

/* The one whose it was hears, through who stands in. */
static void cancelled__deputy_was_told__deputy_hears(void **state)
{
	(void)state;
	office_run(&stage.office, "INSERT INTO deputy VALUES ('anna', 'boris', '2025-06-01', '2025-06-30')");
	stage_live("2025-06-13T00:00");
	assert_int_equal(stage_count("boris", "fair: 7d"), 1);
	set_status("cancelled");
	stage_live("2025-06-14T00:00");
	assert_int_equal(told("boris"), 1);
	assert_int_equal(told("anna"), 0);
	assert_non_null(strstr(notice(), "deputy"));
}

static void cancelled__silenced__is_dropped_with_the_reason(void **state)
{
	(void)state;
	stage_live("2025-06-13T00:00");
	office_run(&stage.office, "INSERT INTO silence (task, until_utc, reason, author) VALUES (1, %lld, 'trip', 'x')",
		   (long long)utc("2025-07-01T00:00"));
	set_status("cancelled");
	stage_live("2025-06-14T00:00");
	assert_int_equal(told(NULL), 0);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM reminder WHERE step LIKE 'cancelled %%'"
						      " AND dropped LIKE 'silenced by x: trip'"),
			 1);
}

static void cancelled__on_each_channel_of_the_reader(void **state)
{
	(void)state;
	office_run(&stage.office, "INSERT INTO address VALUES ('anna', 'telegram', '7')");
	stage_live("2025-06-13T00:00");
	set_status("cancelled");
	stage_live("2025-06-14T00:00");
	assert_int_equal(told("anna"), 2);
	assert_string_not_equal(stage.sent[2].channel, stage.sent[3].channel);
}

/* The notice of the new date has not left when it is off: the old one is what anna knows. */
static void cancelled__moved_just_before__is_told(void **state)
{
	(void)state;
	stage_live("2025-06-13T00:00");
	office_run(&stage.office, "UPDATE task SET start_local = '2025-06-25', end_local = '2025-06-25';"
				  "UPDATE task SET status = 'cancelled'");
	stage_live("2025-06-14T00:00");
	assert_int_equal(told("anna"), 1);
	assert_int_equal(stage_count(NULL, "moved"), 0);
	assert_string_equal(office_text(&stage.office, "SELECT occurrence FROM reminder WHERE step = 'cancelled 2'"),
			    "2025-06-25");
}

/* A date that is changed afterwards is nobody's news; what has not left says it once. */
static void cancelled__moved_afterwards__is_told_once(void **state)
{
	for (int is_waiting = 0; is_waiting < 2; is_waiting++) {
		if (is_waiting)
			office_run(&stage.office, "UPDATE person SET quiet = '20:00-08:00'");
		stage_live(is_waiting ? "2025-06-13T12:00" : "2025-06-13T00:00");
		set_status("cancelled");
		stage_live("2025-06-13T12:10");
		office_run(&stage.office, "UPDATE task SET zone = 'Asia/Shanghai'");
		stage_live("2025-06-13T12:20");
		office_run(&stage.office, "UPDATE task SET start_local = '2025-06-25', end_local = '2025-06-25'");
		stage_live("2025-06-30T00:00");
		assert_int_equal(told("anna"), 1);
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

/* ---- one date of several ------------------------------------------------------------------------------------------ */

static void repeat_weekly(void)
{
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;COUNT=6', start_local = '2025-06-18',"
				  " end_local = '2025-06-18'");
}

static void set_occurrence(const char *date, const char *status, const struct period *period)
{
	OK(store_begin(stage.office.store, ERR));
	OK(store_occurrence_set(stage.office.store, 1, date, status, period, ERR));
	OK(store_commit(stage.office.store, ERR));
}

static void cancelled_date__told__hears_of_that_date_alone(void **state)
{
	(void)state;
	repeat_weekly();
	stage_live("2025-06-18T12:00"); /* heard of the 18th twice, and of the 25th */
	set_occurrence("2025-06-25", "cancelled", NULL);
	set_occurrence("2025-07-02", "cancelled", NULL); /* of which nobody knows */
	stage_live("2025-06-18T12:10");
	assert_int_equal(told("anna"), 1);
	assert_string_equal(
		office_text(&stage.office, "SELECT occurrence FROM reminder WHERE step LIKE 'cancelled %%'"),
		"2025-06-25");
	assert_non_null(strstr(notice(), "June 25"));
	assert_non_null(strstr(notice(), "This date of the task is cancelled."));
	set_occurrence("2025-06-25", "cancelled", NULL);
	stage_live("2025-06-20T00:00");
	assert_int_equal(told(NULL), 1);
}

static void cancelled_date__done_or_over__is_quiet(void **state)
{
	(void)state;
	repeat_weekly();
	stage_live("2025-06-18T14:00"); /* the 19th there */
	set_occurrence("2025-06-18", "cancelled", NULL);
	set_occurrence("2025-06-25", "done", NULL);
	stage_live("2025-06-20T00:00");
	assert_int_equal(told(NULL), 0);
	set_status("cancelled"); /* the 25th was done, the 18th is over */
	stage_live("2025-06-21T00:00");
	assert_int_equal(told(NULL), 0);
}

static void cancelled_date__cancelled_twice_while_it_waits__is_not_lost(void **state)
{
	(void)state;
	repeat_weekly();
	office_run(&stage.office, "UPDATE person SET quiet = '20:00-08:00'");
	stage_live("2025-06-18T12:00");
	set_occurrence("2025-06-25", "cancelled", NULL);
	stage_live("2025-06-18T12:10");
	set_occurrence("2025-06-25", "cancelled", NULL);
	stage_live("2025-06-18T12:20");
	set_occurrence("2025-07-16", "cancelled", NULL);
	stage_live("2025-06-20T00:00");
	assert_int_equal(told("anna"), 1);
}

static void cancelled_date__opened_again_before_it_left__is_dropped(void **state)
{
	(void)state;
	repeat_weekly();
	office_run(&stage.office, "UPDATE person SET quiet = '20:00-08:00'");
	stage_live("2025-06-18T12:00");
	set_occurrence("2025-06-25", "cancelled", NULL);
	stage_live("2025-06-18T12:10");
	set_occurrence("2025-06-25", "open", NULL);
	stage_live("2025-06-20T00:00");
	assert_int_equal(told(NULL), 0);
}

static void cancelled_date__moved_before__is_told_with_the_date_it_had(void **state)
{
	(void)state;
	const struct period friday = {true, {2025, 6, 27, 0, 0, 0}, {2025, 6, 27, 0, 0, 0}, PERIOD_DAY};
	repeat_weekly();
	stage_live("2025-06-18T12:00");
	set_occurrence("2025-06-25", "open", &friday);
	stage_live("2025-06-18T13:00");
	assert_int_equal(stage_count("anna", "fair: moved"), 1);
	set_occurrence("2025-06-25", "cancelled", NULL);
	stage_live("2025-06-19T00:00");
	assert_int_equal(told("anna"), 1);
	assert_non_null(strstr(notice(), "June 27"));
	assert_null(strstr(notice(), "June 25"));
}

static void cancelled_date__and_all_that_follow__tells_what_is_known_of_them(void **state)
{
	(void)state;
	repeat_weekly();
	stage_live("2025-06-18T12:00");
	OK(store_begin(stage.office.store, ERR));
	OK(store_occurrences_close_from(stage.office.store, 1, "2025-06-25", "cancelled", ERR));
	OK(store_commit(stage.office.store, ERR));
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;UNTIL=20250624'");
	stage_live("2025-06-19T00:00");
	assert_int_equal(told("anna"), 1);
	assert_non_null(strstr(notice(), "This date of the task is cancelled."));
	assert_non_null(strstr(notice(), "June 25"));
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;UNTIL=20250630'"); /* it is there again */
	stage_live("2025-06-30T00:00");
	assert_int_equal(stage_count("anna", "1d before"), 2);
	office_run(&stage.office, "UPDATE task SET note = 'x'");
	stage_live("2025-07-10T00:00");
	assert_int_equal(told("anna"), 1);
}

static const struct {
	const char *sql;
	size_t n_told;
} rules[] = {
	{"rrule = 'FREQ=WEEKLY;INTERVAL=2'", 1},
	{"rrule = 'FREQ=WEEKLY;COUNT=1'", 1},
	{"exdate = '2025-06-25'", 1},
	{"rrule = 'FREQ=WEEKLY;BYDAY=TH', start_local = '2025-06-19', end_local = '2025-06-19'", 1},
	{"rrule = 'FREQ=WEEKLY;COUNT=2'", 0}, /* the 25th stays */
	{"rrule = 'FREQ=DAILY;COUNT=9'", 0},
	{"exdate = '2025-07-02'", 0}, /* of which nobody knows */
	{"rrule = 'FREQ=WEEKLY;INTERVAL=2', rdate = '2025-06-25'", 0},
};

static void cancelled_by_rule__date_that_is_known__is_told_once(void **state)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		repeat_weekly();
		stage_live("2025-06-18T14:00"); /* the 18th is over */
		office_run(&stage.office, "UPDATE task SET %s", rules[i].sql);
		stage_live("2025-06-18T14:10");
		office_run(&stage.office, "UPDATE task SET note = 'x'");
		stage_live("2025-06-24T00:00");
		if (told("anna") != rules[i].n_told || told(NULL) != rules[i].n_told)
			fail_msg("%s: told %zu times", rules[i].sql, told(NULL));
		if (rules[i].n_told > 0)
			assert_non_null(strstr(notice(), "June 25"));
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

/* The series goes on at another hour: that is no cancellation. */
static void moved_by_rule__another_hour_of_the_day__is_told(void **state)
{
	(void)state;
	repeat_weekly();
	office_run(&stage.office, "UPDATE task SET start_local = '2025-06-18T10:00', end_local = '2025-06-18T11:00',"
				  " precision = 'minute'");
	stage_live("2025-06-18T14:00");
	office_run(&stage.office, "UPDATE task SET start_local = '2025-06-18T15:00', end_local = '2025-06-18T16:00'");
	stage_live("2025-06-19T00:00");
	assert_int_equal(told(NULL), 0);
	assert_int_equal(stage_count("anna", "fair: moved"), 1);
	assert_string_equal(office_text(&stage.office, "SELECT occurrence FROM reminder WHERE step LIKE 'moved %%'"),
			    "2025-06-25T15:00");
	office_run(&stage.office, "UPDATE task SET start_local = '2025-06-18T10:00', end_local = '2025-06-18T11:00'");
	stage_live("2025-06-19T02:00");
	assert_int_equal(stage_count("anna", "fair: moved"), 2);
	assert_int_equal(told(NULL), 0);
	set_status("cancelled");
	stage_live("2025-06-20T00:00");
	assert_int_equal(told("anna"), 1);
	assert_non_null(strstr(notice(), "10:00"));
}

/* Another date, which was moved there, is not the one that is gone. */
static void cancelled_by_rule__another_date_on_that_day__is_no_move(void **state)
{
	(void)state;
	const struct period afternoon = {true, {2025, 6, 25, 15, 0, 0}, {2025, 6, 25, 15, 0, 0}, PERIOD_MINUTE};
	repeat_weekly();
	set_occurrence("2025-07-02", "open", &afternoon);
	stage_live("2025-06-18T14:00");
	office_run(&stage.office, "UPDATE task SET exdate = '2025-06-25'");
	stage_live("2025-06-18T14:10");
	assert_int_equal(told("anna"), 1);
	assert_int_equal(stage_count(NULL, "fair: moved"), 0);
}

static void cancelled_by_rule__put_right_before_it_left__is_dropped(void **state)
{
	(void)state;
	repeat_weekly();
	office_run(&stage.office, "UPDATE person SET quiet = '20:00-08:00'");
	stage_live("2025-06-18T12:00");
	office_run(&stage.office, "UPDATE task SET exdate = '2025-06-25'");
	stage_live("2025-06-18T12:10");
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM reminder WHERE step LIKE 'cancelled %%'"),
			 1);
	office_run(&stage.office, "UPDATE task SET exdate = ''");
	stage_live("2025-06-20T00:00");
	assert_int_equal(told(NULL), 0);
	/* the date and the rule; off and on; on again for the calendars */
	assert_int_equal(office_number(&stage.office, "SELECT sequence FROM task"), 6);
	office_run(&stage.office, "UPDATE task SET exdate = '2025-06-25'");
	stage_live("2025-06-21T00:00");
	assert_int_equal(told("anna"), 1);
}

/* The rule gives it again, and it has moved by then. */
static void cancelled_by_rule__put_right_and_moved__says_the_new_date_alone(void **state)
{
	(void)state;
	const struct period friday = {true, {2025, 6, 27, 0, 0, 0}, {2025, 6, 27, 0, 0, 0}, PERIOD_DAY};
	repeat_weekly();
	office_run(&stage.office, "UPDATE person SET quiet = '20:00-08:00'");
	stage_live("2025-06-18T12:00");
	office_run(&stage.office, "UPDATE task SET exdate = '2025-06-25'");
	stage_live("2025-06-18T12:10");
	office_run(&stage.office, "UPDATE task SET exdate = ''");
	set_occurrence("2025-06-25", "open", &friday);
	stage_live("2025-06-20T00:00");
	assert_int_equal(told(NULL), 0);
	assert_int_equal(stage_count("anna", "fair: moved"), 1);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM cancellation"), 0);
}

/* An added date has an hour of its own, and both are there. */
static void moved_by_rule__two_dates_on_a_day__are_two(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE task SET start_local = '2025-06-18T08:00', end_local = '2025-06-18T08:00',"
				  " precision = 'minute', rrule = 'FREQ=WEEKLY;COUNT=3', rdate = '20250625T140000'");
	stage_live("2025-06-18T14:00");
	office_run(&stage.office, "UPDATE task SET note = 'x'");
	stage_live("2025-06-18T15:00");
	assert_int_equal(stage_count(NULL, "fair: moved"), 0);
	assert_int_equal(told(NULL), 0);
	set_status("cancelled");
	stage_live("2025-06-18T16:00");
	assert_int_equal(told("anna"), 2);
}

static void cancelled_by_rule__told_anew_between__is_told_again(void **state)
{
	(void)state;
	repeat_weekly();
	stage_live("2025-06-18T12:00");
	office_run(&stage.office, "UPDATE task SET exdate = '2025-06-25'");
	stage_live("2025-06-19T00:00");
	office_run(&stage.office, "UPDATE task SET exdate = ''");
	stage_live("2025-06-24T00:00"); /* a day before */
	office_run(&stage.office, "UPDATE task SET exdate = '2025-06-25'");
	stage_live("2025-06-25T00:00");
	assert_int_equal(told("anna"), 2);
}

static void cancelled_by_rule__in_flight__is_told_when_it_was_taken(void **state)
{
	(void)state;
	repeat_weekly();
	stage_live("2025-06-17T21:59");
	stage_clock(utc("2025-06-17T22:00"));
	OK(app_tick(stage.app, stage.now, ERR)); /* of the 25th, a week before */
	assert_string_equal(office_text(&stage.office,
					"SELECT m.state FROM message m JOIN reminder r ON r.message = m.id"
					" WHERE r.occurrence = '2025-06-25'"),
			    "sending");
	office_run(&stage.office, "UPDATE task SET exdate = '2025-06-25'");
	stage_live("2025-06-19T00:00");
	assert_int_equal(told("anna"), 1);
}

static void done_series__from_a_date_on__is_quiet(void **state)
{
	(void)state;
	repeat_weekly();
	stage_live("2025-06-18T12:00");
	OK(store_begin(stage.office.store, ERR));
	OK(store_occurrences_close_from(stage.office.store, 1, "2025-06-25", "done", ERR));
	OK(store_commit(stage.office.store, ERR));
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;UNTIL=20250624'");
	stage_live("2025-07-10T00:00");
	assert_int_equal(told(NULL), 0);
}

static void cancelled_series__each_date_that_is_known__is_told(void **state)
{
	(void)state;
	repeat_weekly();
	stage_live("2025-06-18T05:00"); /* the 18th and the 25th are known, and neither is over */
	set_status("cancelled");
	stage_live("2025-06-30T00:00");
	assert_int_equal(told("anna"), 2);
	assert_non_null(strstr(notice(), "This task is cancelled."));
	assert_int_equal(office_number(&stage.office, "SELECT count(DISTINCT occurrence) FROM reminder WHERE step LIKE"
						      " 'cancelled %%' AND occurrence IN ('2025-06-18', '2025-06-25')"),
			 2);
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(cancelled__told__hears_it_once_in_the_thread),
		WITH_STAGE(cancelled__who_has_nothing_to_hear__hears_nothing),
		WITH_STAGE(cancelled__just_before_it_is_over__is_told),
		WITH_STAGE(cancelled__in_quiet_hours__waits_for_the_morning_and_stays_alone),
		WITH_STAGE(cancelled__opened_again_before_it_left__is_dropped),
		WITH_STAGE(cancelled__opened_and_cancelled_again__is_told_to_who_was_told_between),
		WITH_STAGE(done__opened_again__goes_on_where_it_was),
		WITH_STAGE(cancelled__while_the_first_reminder_is_in_flight__is_told_when_it_was_taken),
		WITH_STAGE(cancelled__deputy_was_told__deputy_hears),
		WITH_STAGE(cancelled__silenced__is_dropped_with_the_reason),
		WITH_STAGE(cancelled__on_each_channel_of_the_reader),
		WITH_STAGE(cancelled__moved_just_before__is_told),
		WITH_STAGE(cancelled__moved_afterwards__is_told_once),
		WITH_STAGE(cancelled_date__told__hears_of_that_date_alone),
		WITH_STAGE(cancelled_date__done_or_over__is_quiet),
		WITH_STAGE(cancelled_date__cancelled_twice_while_it_waits__is_not_lost),
		WITH_STAGE(cancelled_date__opened_again_before_it_left__is_dropped),
		WITH_STAGE(cancelled_date__moved_before__is_told_with_the_date_it_had),
		WITH_STAGE(cancelled_date__and_all_that_follow__tells_what_is_known_of_them),
		WITH_STAGE(cancelled_by_rule__date_that_is_known__is_told_once),
		WITH_STAGE(moved_by_rule__another_hour_of_the_day__is_told),
		WITH_STAGE(cancelled_by_rule__another_date_on_that_day__is_no_move),
		WITH_STAGE(cancelled_by_rule__put_right_before_it_left__is_dropped),
		WITH_STAGE(cancelled_by_rule__put_right_and_moved__says_the_new_date_alone),
		WITH_STAGE(moved_by_rule__two_dates_on_a_day__are_two),
		WITH_STAGE(cancelled_by_rule__told_anew_between__is_told_again),
		WITH_STAGE(cancelled_by_rule__in_flight__is_told_when_it_was_taken),
		WITH_STAGE(done_series__from_a_date_on__is_quiet),
		WITH_STAGE(cancelled_series__each_date_that_is_known__is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
