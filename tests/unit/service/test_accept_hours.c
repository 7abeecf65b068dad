/* Nights, weekends and holidays: a message is held until its reader may be written to, never dropped, and what waits for
 * one reader becomes one message. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"

#define HELD "We held this reminder back so as not to disturb you at a bad time (delay: "
#define LATE "This message comes later than it should have (delay: "

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 1d before start at 09:00\n"
			     "[policy ladder]\noverdue = 1d 2d 3d after end\nescalate = 3wd after end\n"
			     "[policy evening]\nremind = 1d before start at 23:30\nremind = 2d before start at 22:15\n";

static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-05-01T00:00");
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

static void add_task(const char *uid, const char *start, const char *policy, const char *people)
{
	(void)office_add_task(&stage.office, &(struct office_task){.uid = uid,
								   .start = start,
								   .zone = "Asia/Sakhalin",
								   .policy = policy,
								   .people = people,
								   .planned_until = stage.now.wall_s});
}

static void make_ladder(const char *due)
{
	static const char hours[] = "work = 'Mon-Fri 09:00-18:00', calendar = 'russia'";
	stage_person("anna", "Asia/Sakhalin", hours);
	stage_person("boss", "Asia/Sakhalin", hours);
	add_task("t", due, "ladder", "anna");
	office_run(&stage.office, "INSERT INTO part (task, person, role) VALUES (1, 'boss', 'supervisor')");
}

/* Friday 17:00 in Sakhalin is 06:00 UTC, Monday 09:00 there 22:00 UTC of Sunday. */
static void hours__task_due_on_friday_evening__nags_on_monday_and_escalates_on_the_third_working_day(void **state)
{
	(void)state;
	make_ladder("2025-05-23T17:00");
	stage_live("2025-06-05T00:00");
	STAGE_EXPECT({"2025-05-25T22:00", "anna", "merged", "t: overdue 1d after end\nt: overdue 2d after end"},
		     {"2025-05-26T06:00", "anna", "single", "t: overdue 3d after end"},
		     {"2025-05-28T06:00", "boss", "single", "t: escalate 3wd after end"});
}

/* 12 and 13 June 2025 are off in Russia. */
static void hours__holidays__are_no_working_days(void **state)
{
	(void)state;
	make_ladder("2025-06-11T17:00");
	stage_live("2025-07-01T00:00");
	STAGE_EXPECT({"2025-06-15T22:00", "anna", "merged",
		      "t: overdue 1d after end\nt: overdue 2d after end\nt: overdue 3d after end"},
		     {"2025-06-18T06:00", "boss", "single", "t: escalate 3wd after end"});
}

static void hours__quiet_hours__hold_and_merge_into_one_message(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "quiet = '22:00-08:00'");
	stage_person("free", "Asia/Sakhalin", NULL);
	add_task("a", "2025-05-21", "evening", "anna free");
	add_task("b", "2025-05-22", "evening", "anna");
	stage_live("2025-05-20T12:00");
	/* 22:15 on the 19th is 11:15 UTC, 08:00 on the 20th is 21:00 UTC of the 19th. */
	STAGE_EXPECT({"2025-05-19T11:15", "free", "single", "a: 2d before start at 22:15"},
		     {"2025-05-19T21:00", "anna", "single", "a: 2d before start at 22:15"});
	assert_non_null(strstr(stage.sent[1].text, HELD "9 hours, 45 minutes)"));
	stage_live("2025-05-20T20:59:59");
	assert_int_equal(stage_count("anna", NULL), 1);
	stage_live("2025-05-20T21:00");
	assert_int_equal(stage_count("anna", NULL), 2);
	assert_string_equal(stage.sent[stage.n_sent - 1].kind, "merged");
	assert_string_equal(stage.sent[stage.n_sent - 1].steps,
			    "a: 1d before start at 23:30\nb: 2d before start at 22:15");
	assert_string_equal(office_text(&stage.office, "SELECT DISTINCT held FROM reminder WHERE person = 'anna'"),
			    "quiet hours");
}

static void hours__urgent_task__passes_them(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "quiet = '22:00-08:00', work = 'Mon-Fri 09:00-18:00'");
	add_task("a", "2025-05-25", "evening", "anna"); /* a Sunday */
	office_run(&stage.office, "UPDATE task SET priority = 'urgent'");
	stage_live("2025-06-01T00:00");
	STAGE_EXPECT({"2025-05-23T11:15", "anna", "single", "a: 2d before start at 22:15"},
		     {"2025-05-24T12:30", "anna", "single", "a: 1d before start at 23:30"});
}

/* Whether the message left at 09:00 or its answer was lost: the next try must not wake anybody. */
static void hours__retry_that_falls_into_the_night__waits_for_the_morning(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "quiet = '22:00-08:00'");
	add_task("a", "2025-05-21", "default", "anna");
	stage.verdict = CHANNEL_TEMPORARY;
	stage_live("2025-05-20T10:59:59"); /* up to 22:00 there */
	size_t tries = stage.n_sent;
	assert_true(tries > 2);
	stage_live("2025-05-20T20:59:59");
	assert_int_equal(stage.n_sent, tries);
	stage.verdict = CHANNEL_ACCEPTED;
	stage_live("2025-05-21T00:00");
	assert_int_equal(stage.n_sent, tries + 1);
	assert_int_equal(stage.sent[tries].at_utc, utc("2025-05-20T21:00"));
}

/* Due when nobody lived: that the daemon came back ten seconds before the morning does not explain the delay. */
static void hours__missed_and_then_held__is_late_and_not_held(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "quiet = '22:00-08:00'");
	add_task("a", "2025-05-21", "default", "anna");
	stage_live("2025-05-19T21:00");
	stage_down_until("2025-05-20T20:59:50");
	stage_live("2025-05-21T00:00");
	STAGE_EXPECT({"2025-05-20T21:00", "anna", "catch_up", "a: 1d before start at 09:00"});
	assert_null(strstr(stage.sent[0].text, HELD));
	assert_non_null(strstr(stage.sent[0].text, LATE "23 hours)"));
}

/* A backlog that the daemon finds at night. */
static void hours__start_in_the_night__sends_what_it_missed_in_the_morning(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "quiet = '22:00-08:00'");
	add_task("a", "2025-05-21", "default", "anna");
	add_task("b", "2025-05-21", "default", "anna");
	stage_live("2025-05-19T21:00");
	stage_down_until("2025-05-20T13:00"); /* midnight there */
	stage_live("2025-05-21T00:00");
	STAGE_EXPECT(
		{"2025-05-20T21:00", "anna", "catch_up", "a: 1d before start at 09:00\nb: 1d before start at 09:00"});
}

/* It waits already, planned for the day, when the daemon goes down and comes back by night. */
static void hours__waiting_message_that_comes_late__is_postponed(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "work = 'Mon-Fri 09:00-18:00'");
	add_task("a", "2025-05-19", "default", "anna"); /* a Monday: Sunday's reminder is held until Monday 09:00 */
	stage_live("2025-05-18T12:00");
	assert_int_equal(stage.n_sent, 0);
	stage_down_until("2025-05-19T12:00"); /* 23:00 there */
	stage_live("2025-05-20T12:00");
	STAGE_EXPECT({"2025-05-19T22:00", "anna", "single", "a: 1d before start at 09:00"});
	assert_null(strstr(stage.sent[0].text, HELD));
	assert_non_null(strstr(stage.sent[0].text, LATE "2 days)"));
}

static void hours__done_during_the_hold__says_nothing_in_the_morning(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "quiet = '22:00-08:00'");
	add_task("a", "2025-05-21", "evening", "anna");
	add_task("b", "2025-05-21", "evening", "anna");
	stage_live("2025-05-19T15:00");
	office_run(&stage.office, "UPDATE task SET status = 'done' WHERE uid = 'a'");
	stage_live("2025-05-20T00:00");
	STAGE_EXPECT({"2025-05-19T21:00", "anna", "merged", "b: 2d before start at 22:15"});
	assert_null(strstr(stage.sent[0].text, "Title of a"));
	assert_non_null(strstr(stage.sent[0].text, "Title of b"));
}

static void hours__ceiling__merges_what_goes_beyond_into_the_next_morning(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "ceiling = 2");
	for (int i = 0; i < 6; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		add_task(uid, "2025-05-21", "default", "anna");
	}
	office_run(&stage.office, "UPDATE task SET priority = 'urgent' WHERE uid = 't5'");
	stage_live("2025-05-20T21:59:59");
	assert_int_equal(stage_count("anna", "t5"), 1);
	assert_true(stage.n_sent <= 3);
	assert_int_equal(stage_count_kind(NULL, "single"), stage.n_sent);
	size_t before = stage.n_sent;
	stage_live("2025-05-21T21:59:59");
	assert_int_equal(stage.n_sent, before + 1);
	assert_string_equal(stage.sent[before].kind, "merged");
	assert_int_equal(stage.sent[before].at_utc, utc("2025-05-20T22:00"));
	for (int i = 0; i < 6; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d:", i);
		assert_int_equal(stage_count("anna", uid), 1);
	}
}

/* Anna has had her message of Friday; what is for Saturday comes on Saturday morning, what is for six o'clock then at once. */
static void hours__ceiling__holds_nothing_beyond_its_event(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "ceiling = 1");
	add_task("told", "2025-05-24", "default", "anna");
	for (int i = 0; i < 2; i++)
		(void)office_add_task(&stage.office,
				      &(struct office_task){.uid = i == 0 ? "six" : "three",
							    .start = i == 0 ? "2025-05-24T06:00" : "2025-05-24T15:00",
							    .precision = PERIOD_MINUTE,
							    .zone = "Asia/Sakhalin",
							    .people = "anna",
							    .planned_until = stage.now.wall_s});
	stage_live("2025-05-23T21:59");
	assert_int_equal(stage_count("anna", "six: 1d"), 1);
	assert_int_equal(stage_count("anna", "three: 1d"), 0);
	stage_live("2025-05-23T22:01");
	assert_int_equal(stage_count("anna", "three: 1d"), 1);
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(hours__task_due_on_friday_evening__nags_on_monday_and_escalates_on_the_third_working_day),
		WITH_STAGE(hours__holidays__are_no_working_days),
		WITH_STAGE(hours__quiet_hours__hold_and_merge_into_one_message),
		WITH_STAGE(hours__urgent_task__passes_them),
		WITH_STAGE(hours__retry_that_falls_into_the_night__waits_for_the_morning),
		WITH_STAGE(hours__missed_and_then_held__is_late_and_not_held),
		WITH_STAGE(hours__start_in_the_night__sends_what_it_missed_in_the_morning),
		WITH_STAGE(hours__waiting_message_that_comes_late__is_postponed),
		WITH_STAGE(hours__done_during_the_hold__says_nothing_in_the_morning),
		WITH_STAGE(hours__ceiling__merges_what_goes_beyond_into_the_next_morning),
		WITH_STAGE(hours__ceiling__holds_nothing_beyond_its_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
