/* Digests: one on each working day at the reader's hour, wherever the reader and the host are; none when there is nothing
 * to say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "stage.h"

static const char config[] =
	"[channel email]\ntype = maildir\npath = mail\n"
	"[channel telegram]\ntype = maildir\npath = mail\n"
	"[policy default]\nremind = 30d before start at 09:00\n"
	"[policy quiet]\nremind = 3d before start at 09:00 in digest\nremind = 1d before start at 15:00\n";

static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-03-01T00:00");
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

/* ---- zones -------------------------------------------------------------------------------------------------------- */

/* 09:00 there in UTC, before and since 9 March 2025, when the clocks of New York are set forward. */
static const struct {
	const char *id, *zone, *set, *time, *time_since;
	int day; /* of the instant, as seen from the reader's: -1 the UTC day before */
} readers[] = {
	{"anna", "Asia/Sakhalin", "digest = 'daily 09:00', calendar = 'russia'", "22:00", "22:00", -1},
	{"chen", "Asia/Shanghai", "digest = 'daily 09:00', calendar = 'china'", "01:00", "01:00", 0},
	{"ivan", "Europe/Moscow", "digest = 'daily 09:00', calendar = 'russia'", "06:00", "06:00", 0},
	{"kate", "America/New_York", "digest = 'daily 09:00'", "14:00", "13:00", 0},
};
enum { READERS = sizeof(readers) / sizeof(readers[0]) };

static size_t count_at(const char *person, const char *at)
{
	size_t n = 0;
	for (size_t i = 0; i < stage.n_sent; i++)
		n += strcmp(stage.sent[i].person, person) == 0 && stage.sent[i].at_utc == utc(at);
	return n;
}

static void set_host_zone(const char *tz)
{
	assert_int_equal(tz != NULL ? setenv("TZ", tz, 1) : unsetenv("TZ"), 0);
	tzset();
}

/* 3 to 16 March 2025: Monday to Friday, twice, in all three calendars. */
static void digest__two_weeks_across_a_clock_change__brings_one_on_each_working_day_at_nine(void **state)
{
	static const char *const hosts[] = {"UTC", "Asia/Sakhalin", NULL};
	for (size_t h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++) {
		set_host_zone(hosts[h]);
		(void)open_stage(state);
		stage_live("2025-03-01T12:00");
		for (size_t i = 0; i < READERS; i++)
			stage_person(readers[i].id, readers[i].zone, readers[i].set);
		add_task("t", "2025-02-01", "default", "anna chen ivan kate");
		stage_live("2025-03-17T00:00"); /* before anybody's Monday digest but the one in Sakhalin, seen below */
		for (size_t i = 0; i < READERS; i++)
			for (int day = 3; day <= 14; day++) {
				char at[40];
				const char *time = day < 9 ? readers[i].time : readers[i].time_since;
				(void)snprintf(at, sizeof(at), "2025-03-%02dT%s", (day + readers[i].day) & 31, time);
				size_t wanted = day != 8 && day != 9;
				if (count_at(readers[i].id, at) != wanted)
					fail_msg("host %s: %s has %zu digests on day %d",
						 hosts[h] != NULL ? hosts[h] : "-", readers[i].id,
						 count_at(readers[i].id, at), day);
			}
		assert_int_equal(count_at("anna", "2025-03-16T22:00"), 1);
		assert_int_equal(stage.n_sent, 10 * READERS + 1);
		assert_int_equal(stage_count_kind(NULL, "digest"), stage.n_sent);
		(void)close_stage(state);
	}
	set_host_zone("UTC");
}

/* Russia rests from Thursday 12 to Sunday 15 June 2025; China works on Sunday 28 September and rests from 1 to 8 October. */
static void digest__holidays_and_moved_working_days__follow_the_readers_calendar(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", readers[0].set);
	stage_person("chen", "Asia/Shanghai", readers[1].set);
	add_task("t", "2025-02-01", "default", "anna chen");
	stage_live("2025-06-10T00:00");
	size_t before = stage.n_sent;
	stage_live("2025-06-16T12:00");
	assert_int_equal(stage.n_sent, before + 2 + 5); /* anna 11 and 16, chen 10 to 13 and 16 June */
	assert_int_equal(count_at("anna", "2025-06-10T22:00"), 1);
	assert_int_equal(count_at("anna", "2025-06-15T22:00"), 1);
	stage_live("2025-10-10T00:00");
	assert_int_equal(count_at("chen", "2025-09-28T01:00"), 1);
	for (int day = 1; day <= 8; day++) {
		char at[40];
		(void)snprintf(at, sizeof(at), "2025-10-%02dT01:00", day);
		assert_int_equal(count_at("chen", at), 0);
	}
	assert_int_equal(count_at("chen", "2025-10-09T01:00"), 1);
}

static void digest__weekly__comes_once_a_week(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "digest = 'weekly Mon 09:00', calendar = 'russia'");
	add_task("t", "2025-02-01", "default", "anna");
	stage_live("2025-03-31T12:00");
	assert_int_equal(stage.n_sent, 5);
	for (int day = 2; day <= 30; day += 7) {
		char at[40];
		(void)snprintf(at, sizeof(at), "2025-03-%02dT22:00", day);
		assert_int_equal(count_at("anna", at), 1);
	}
}

/* ---- what stands in it -------------------------------------------------------------------------------------------- */

static void digest__nothing_to_say__is_not_sent(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "digest = 'daily 09:00'");
	stage_person("idle", "Asia/Sakhalin", "digest = 'daily 09:00'");
	add_task("far", "2025-06-15", "default", "anna");
	add_task("done", "2025-03-04", "default", "anna");
	office_run(&stage.office, "UPDATE task SET status = 'done' WHERE uid = 'done'");
	stage_live("2025-03-15T00:00");
	assert_int_equal(stage.n_sent, 0);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM message"), 0);
}

static void digest__done_while_it_waits_for_the_morning__is_cancelled(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "digest = 'daily 07:00', work = '09:00-18:00'");
	add_task("t", "2025-03-01", "default", "anna");
	stage_live("2025-03-02T21:00"); /* Monday 08:00: planned at 07:00, held until 09:00 */
	assert_int_equal(stage.n_sent, 0);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM message WHERE state = 'pending'"), 1);
	office_run(&stage.office, "UPDATE task SET status = 'done'");
	stage_live("2025-03-03T00:00");
	assert_int_equal(stage.n_sent, 0);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM message WHERE state = 'cancelled'"), 1);
}

static void digest__person_who_left__gets_none(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "digest = 'daily 07:00', work = '09:00-18:00'");
	add_task("t", "2025-03-01", "default", "anna");
	stage_live("2025-03-02T21:00");
	office_run(&stage.office, "UPDATE person SET active = 0");
	stage_live("2025-03-10T00:00");
	assert_int_equal(stage.n_sent, 0);
}

static void digest__says_each_task_in_its_section(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "digest = 'daily 09:00'");
	add_task("late", "2025-02-20", "default", "anna");
	add_task("today", "2025-03-04", "default", "anna");
	add_task("week", "2025-03-07", "default", "anna");
	add_task("next", "2025-03-11", "default", "anna");
	add_task("far", "2025-03-25", "default", "anna");
	add_task("others", "2025-03-04", "default", "");
	stage_live("2025-03-03T22:00");
	assert_int_equal(stage.n_sent, 2); /* Monday and Tuesday */
	const char *text = stage.sent[1].text;
	const char *overdue = strstr(text, "Overdue:"), *today = strstr(text, "Today:"),
		   *week = strstr(text, "This week:"), *opening = strstr(text, "Starting soon:");
	assert_true(overdue != NULL && overdue < today && today < week && week < opening);
	assert_true(overdue < strstr(text, "Title of late") && strstr(text, "Title of late") < today);
	assert_true(today < strstr(text, "Title of today") && strstr(text, "Title of today") < week);
	assert_true(week < strstr(text, "Title of week") && strstr(text, "Title of week") < opening);
	assert_true(opening < strstr(text, "Title of next"));
	assert_null(strstr(text, "Title of far"));
	assert_null(strstr(text, "Title of others"));
}

static void digest__steps_marked_in_digest__go_nowhere_else(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "digest = 'daily 09:00'");
	stage_person("none", "Asia/Sakhalin", NULL);
	add_task("t", "2025-03-13", "quiet", "anna none");
	stage_live("2025-03-13T12:00");
	assert_int_equal(stage_count("none", NULL), 1);
	assert_int_equal(stage_count(NULL, "3d before"), 0);
	assert_int_equal(stage_count(NULL, "t: 1d before start at 15:00"), 2);
	assert_string_equal(office_text(&stage.office, "SELECT DISTINCT dropped FROM reminder WHERE step LIKE '3d%%'"),
			    "only in the digest");
}

/* ---- missed ------------------------------------------------------------------------------------------------------- */

static void digest__missed_in_the_morning__comes_once_when_the_daemon_is_back(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "digest = 'daily 09:00'");
	add_task("t", "2025-02-01", "default", "anna");
	stage_live("2025-03-03T12:00");
	stage_down_until("2025-03-04T03:00"); /* Tuesday 14:00 */
	stage_live("2025-03-04T12:00");
	stage_down_until("2025-03-04T12:05");
	stage_live("2025-03-05T12:00");
	STAGE_EXPECT({"2025-03-02T22:00", "anna", "digest", ""}, {"2025-03-04T03:00", "anna", "digest", ""},
		     {"2025-03-04T22:00", "anna", "digest", ""});
}

/* Friday's was missed, and the daemon is back in the night before Monday: one, not two at the same hour. */
static void digest__missed_on_friday__does_not_double_mondays(void **state)
{
	(void)state;
	stage_person("anna", "Asia/Sakhalin", "digest = 'daily 09:00', work = 'Mon-Fri 09:00-18:00'");
	add_task("t", "2025-02-01", "default", "anna");
	stage_live("2025-03-06T12:00");
	stage_down_until("2025-03-09T20:00"); /* Monday 07:00 */
	size_t before = stage.n_sent;
	stage_live("2025-03-10T12:00");
	assert_int_equal(stage.n_sent, before + 1);
	assert_int_equal(stage.sent[before].at_utc, utc("2025-03-09T22:00"));
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest__two_weeks_across_a_clock_change__brings_one_on_each_working_day_at_nine),
		WITH_STAGE(digest__holidays_and_moved_working_days__follow_the_readers_calendar),
		WITH_STAGE(digest__weekly__comes_once_a_week),
		WITH_STAGE(digest__nothing_to_say__is_not_sent),
		WITH_STAGE(digest__done_while_it_waits_for_the_morning__is_cancelled),
		WITH_STAGE(digest__person_who_left__gets_none),
		WITH_STAGE(digest__says_each_task_in_its_section),
		WITH_STAGE(digest__steps_marked_in_digest__go_nowhere_else),
		WITH_STAGE(digest__missed_in_the_morning__comes_once_when_the_daemon_is_back),
		WITH_STAGE(digest__missed_on_friday__does_not_double_mondays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
