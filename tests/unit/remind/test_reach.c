#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "remind/reach.h"
#include "remind/reader.h"
#include "remind/schedule.h"
#include "scratch.h"

/* A long closure, a week of one working day, and both. */
static const char *const files[][2] = {
	{"summer.ini", "[calendar]\n[year 2027]\noff = 07-12..08-20 summer\n"},
	{"mondays.ini", "[calendar]\nweekend = Tue Wed Thu Fri Sat Sun\n"},
	{"rare.ini", "[calendar]\nweekend = Tue Wed Thu Fri Sat Sun\n[year 2027]\noff = 05-01..09-30 summer\n"},
};

static const char *const lines[] = {"1wd before start at 09:00", "1wd after end at 09:00",
				    "0wd before start",          "3wd before end at 23:30",
				    "12wd after start at 00:30", "1d before start at 09:00"};

static struct scratch scratch;
static struct calendars *calendars;

static int load_calendars(void **state)
{
	(void)state;
	struct problems problems = {0};
	scratch_make(&scratch);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		scratch_write(scratch_path(&scratch, files[i][0]), files[i][1], strlen(files[i][1]));
	calendars = calendars_load(scratch.folder, &problems);
	assert_int_equal(problems.n, 0);
	return 0;
}

static int free_calendars(void **state)
{
	(void)state;
	calendars_free(calendars);
	scratch_remove(&scratch);
	return 0;
}

static int64_t due_of(const struct reach_query *query, const struct period *period)
{
	struct reader reader;
	reader_init(&reader, &query->people[0], query->calendars, query->event_zone);
	const struct schedule_query schedule = {.period = period,
						.event_zone = query->event_zone,
						.reader_zone = reader.time.zone,
						.calendar = reader.time.calendar,
						.hours = &reader.time.hours,
						.after_utc = INT64_MIN};
	return schedule_step(&schedule, &query->policy->steps[0]).due_utc;
}

/* Each date of the year, asked for at the very instant of its step. */
static void check_dates(struct reach_query *query)
{
	struct task *task = (struct task *)query->task;
	struct civil date = {.year = 2027, .month = 1, .day = 1}, from, to;
	for (; date.year == 2027; date = civil_add_days(&date, 1)) {
		task->period = (struct period){.has_start = true, .start = date, .end = date, .precision = PERIOD_DAY};
		query->after_utc = query->until_utc = due_of(query, &task->period);
		reach_days(query, &from, &to);
		if (civil_compare(&date, &from) < 0 || civil_compare(&date, &to) > 0)
			fail_msg("'%s' of %04d-%02d-%02d is out of reach in the calendar '%s'",
				 query->policy->steps[0].text, date.year, date.month, date.day,
				 query->people[0].calendar);
	}
}

static void reach__date_of_a_due_step__lies_within(void **state)
{
	(void)state;
	static char moscow[] = "Europe/Moscow", work[] = "09:00-18:00", none[] = "", summer[] = "summer",
		    mondays[] = "mondays", rare[] = "rare";
	char *const names[] = {NULL, none, summer, mondays, rare};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		for (size_t j = 0; j < 2 * sizeof(names) / sizeof(names[0]); j++) {
			struct policy policy = {0};
			struct task task = {0};
			const struct person person = {
				.id = none, .zone = moscow, .calendar = names[j / 2], .work = j % 2 == 0 ? NULL : work};
			struct reach_query query = {.task = &task,
						    .policy = &policy,
						    .people = &person,
						    .n_people = 1,
						    .calendars = calendars,
						    .event_zone = zone_find("Asia/Sakhalin")};
			assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, lines[i], NULL), 0);
			check_dates(&query);
			free(policy.steps);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reach__date_of_a_due_step__lies_within, load_calendars, free_calendars),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
