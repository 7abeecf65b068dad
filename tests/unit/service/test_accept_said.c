/* What was said of single dates of a series holds when the whole series goes on at another hour. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"
#include "store/store_occurrence.h"

static const char config[] =
	"[channel email]\ntype = maildir\npath = mail\n"
	"[policy default]\nremind = 7d 1d before start at 09:00\noverdue = 1d 2d 3d after end at 09:00\n";

/* Wednesdays at ten from the 18th on; Anna has heard of the 18th, and of the 25th a week before. */
static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-06-01T00:00");
	stage_person("anna", "Asia/Sakhalin", NULL);
	(void)office_add_task(&stage.office, &(struct office_task){.uid = "fair",
								   .start = "2025-06-18T10:00",
								   .precision = PERIOD_MINUTE,
								   .zone = "Asia/Sakhalin",
								   .policy = "default",
								   .people = "anna",
								   .planned_until = stage.now.wall_s});
	office_run(&stage.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;COUNT=4'");
	stage_live("2025-06-18T00:00");
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

static void set_hour(const char *hour)
{
	office_run(&stage.office,
		   "UPDATE task SET start_local = '2025-06-18T%s', end_local = '2025-06-18T%s', precision = 'minute'",
		   hour, hour);
}

static void say(const char *date, const char *status, const struct period *period)
{
	OK(store_begin(stage.office.store, ERR));
	OK(store_occurrence_set(stage.office.store, 1, date, status, period, ERR));
	OK(store_commit(stage.office.store, ERR));
}

/* How many messages speak of that day from now on, until the end of July. */
static size_t later_about(const char *day)
{
	size_t n = 0, had = stage.n_sent;
	stage_live("2025-07-31T00:00");
	for (size_t i = had; i < stage.n_sent; i++)
		n += strstr(stage.sent[i].text, day) != NULL;
	return n;
}

static void said__done__stays_done_at_another_hour(void **state)
{
	(void)state;
	say("2025-06-18T10:00", "done", NULL);
	say("2025-06-25T10:00", "done", NULL);
	stage_live("2025-06-18T01:00");
	set_hour("15:00");
	assert_int_equal(later_about("June 25") + later_about("June 18"), 0);
	assert_int_equal(stage_count("anna", "fair: cancelled"), 0);
	assert_int_equal(stage_count("anna", "fair: 1d before start at 09:00"), 3); /* not the 25th */
}

static void said__cancelled__is_told_once_and_does_not_come_back(void **state)
{
	(void)state;
	say("2025-06-25T10:00", "cancelled", NULL);
	set_hour("15:00"); /* before anybody heard of it */
	stage_live("2025-06-18T01:00");
	assert_int_equal(stage_count("anna", "fair: cancelled"), 1);
	set_hour("10:00");
	stage_live("2025-06-18T02:00");
	set_hour("15:00");
	assert_int_equal(later_about("June 25"), 0);
}

static void said__moved__is_not_on_its_old_day_again(void **state)
{
	(void)state;
	const struct period friday = {true, {2025, 6, 27, 0, 0, 0}, {2025, 6, 27, 0, 0, 0}, PERIOD_DAY};
	say("2025-06-25T10:00", "open", &friday);
	stage_live("2025-06-18T01:00");
	set_hour("15:00");
	stage_live("2025-07-31T00:00");
	assert_string_equal(office_text(&stage.office, "SELECT group_concat(DISTINCT occurrence) FROM reminder"
						       " WHERE occurrence LIKE '2025-06-2%%'"),
			    "2025-06-25T10:00,2025-06-27");
	say("2025-06-25T15:00", "open", NULL); /* it is known by its new hour */
	assert_string_equal(office_text(&stage.office, "SELECT group_concat(date) FROM occurrence"),
			    "2025-06-25T15:00");
}

static void said__seen_to__is_not_chased_again(void **state)
{
	(void)state;
	stage_live("2025-06-18T23:00"); /* overdue for a day */
	assert_int_equal(stage_count("anna", "fair: overdue 1d after end at 09:00"), 1);
	office_run(&stage.office, "INSERT INTO acknowledgement VALUES (1, '2025-06-18T10:00')");
	set_hour("15:00");
	assert_int_equal(later_about("June 18"), 0);
}

static void said__of_one_of_two_on_a_day__stays_where_it_is(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE task SET rdate = '2025-06-25T17:00'");
	say("2025-06-25T10:00", "done", NULL);
	stage_live("2025-06-18T01:00");
	set_hour("15:00");
	stage_live("2025-06-18T02:00");
	assert_string_equal(office_text(&stage.office, "SELECT group_concat(date) FROM occurrence"),
			    "2025-06-25T10:00");
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(said__done__stays_done_at_another_hour),
		WITH_STAGE(said__cancelled__is_told_once_and_does_not_come_back),
		WITH_STAGE(said__moved__is_not_on_its_old_day_again),
		WITH_STAGE(said__seen_to__is_not_chased_again),
		WITH_STAGE(said__of_one_of_two_on_a_day__stays_where_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
