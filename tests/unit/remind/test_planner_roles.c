#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "office.h"
#include "remind/planner.h"
#include "store/store_absence.h"

enum { DAY = 86400 };

static const char config[] = "[daemon]\n[channel email]\ntype = maildir\n[channel telegram]\ntype = maildir\n"
			     "[policy default]\nremind = 7d before start at 09:00\n"
			     "remind = 5d before start at 09:00 to watcher\n"
			     "fix_date = 4d before start at 09:00\n"
			     "overdue = 1d after end at 09:00, then every 2d, at most 2\n"
			     "escalate = 2d after end at 09:00\n";

static const struct planner_channel planner_channels[] = {{"email", "example.org"}, {"telegram", "example.org"}};
static const char *const roles[] = {"responsible", "participant", "supervisor", "watcher"};

static struct office office;
static struct policies *policies;
static struct planner planner;
static int64_t morning; /* of the next pass */

static int open_office(void **state)
{
	(void)state;
	struct problems problems = {0};
	office_open(&office);
	morning = utc("2025-05-20T09:00");
	const char *path = scratch_path(&office.scratch, "deadlined.ini");
	scratch_write(path, config, strlen(config));
	struct conf *conf = conf_read(path, &problems);
	policies = policies_load(conf, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	conf_free(conf);
	planner = (struct planner){
		.policies = policies, .channels = planner_channels, .n_channels = 2, .catch_up_max_age_s = 7 * DAY};
	for (size_t i = 0; i < 4; i++)
		office_add_person(&office, roles[i], "UTC", "email");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	policies_free(policies);
	office_close(&office);
	return 0;
}

/* A whole week in June, or a day of it. */
static int64_t add_task(const char *uid, bool is_window)
{
	return office_add_task(&office, &(struct office_task){.uid = uid,
							      .start = "2025-06-09",
							      .end = is_window ? "2025-06-15" : "2025-06-09",
							      .precision = is_window ? PERIOD_WEEK : PERIOD_DAY,
							      .planned_until = utc("2025-05-01")});
}

static void take_part(int64_t task, const char *person, const char *role)
{
	office_run(&office, "INSERT INTO part (task, person, role) VALUES (%lld, '%s', '%s')", (long long)task, person,
		   role);
}

/* Plans each morning up to the day, as a daemon that is up all the time does. */
static void plan_until(const char *last)
{
	for (; morning <= utc(last); morning += DAY) {
		int64_t at = morning;
		struct store_due due[16];
		size_t n = 0, planned = 0;
		OK(store_begin(office.store, ERR));
		OK(store_task_due(office.store, at, due, 16, &n, ERR));
		for (size_t i = 0; i < n; i++)
			OK(planner_plan(&planner, office.store, &due[i], at, &planned, ERR));
		OK(store_commit(office.store, ERR));
	}
}

/* The steps that reach the person, without "at 09:00", by instant. */
static const char *steps_of(const char *person)
{
	return office_text(
		&office,
		"SELECT group_concat(step, ', ') FROM (SELECT replace(step, ' at 09:00', '') AS step FROM reminder"
		" WHERE person = '%s' AND dropped IS NULL ORDER BY due_utc, step)",
		person);
}

static const struct {
	const char *role, *steps;
} speaks[] = {
	{"responsible", "7d before start, fix_date 4d before start, overdue 1d after end, overdue 3d after end"},
	{"participant", "7d before start, overdue 1d after end, overdue 3d after end"},
	{"supervisor", "escalate 2d after end, handoff 5d after end"},
	{"watcher", "7d before start, 5d before start"},
};

static void roles__each__hears_of_its_own_steps(void **state)
{
	(void)state;
	int64_t task = add_task("t", true);
	for (size_t i = 0; i < 4; i++)
		take_part(task, roles[i], roles[i]);
	plan_until("2025-07-20T09:00");
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(steps_of(speaks[i].role), speaks[i].steps);
}

static void roles__nobody_is_responsible__participants_are_asked(void **state)
{
	(void)state;
	int64_t task = add_task("t", true);
	take_part(task, "participant", "participant");
	take_part(task, "watcher", "watcher");
	plan_until("2025-07-20T09:00");
	assert_string_equal(steps_of("participant"), speaks[0].steps);
	assert_string_equal(steps_of("watcher"), speaks[3].steps);
}

static void roles__several_of_one_person__say_each_step_once(void **state)
{
	(void)state;
	int64_t task = add_task("t", true);
	for (size_t i = 0; i < 4; i++)
		take_part(task, "watcher", roles[i]);
	plan_until("2025-07-20T09:00");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder WHERE person = 'watcher'"), 7);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 7);
}

static void roles__exact_day__asks_for_no_date(void **state)
{
	(void)state;
	take_part(add_task("t", false), "responsible", "responsible");
	plan_until("2025-07-20T09:00");
	assert_string_equal(steps_of("responsible"), "7d before start, overdue 1d after end, overdue 3d after end");
}

static void roles__changed_role__counts_from_then_on(void **state)
{
	(void)state;
	int64_t task = add_task("t", true);
	take_part(task, "watcher", "watcher");
	plan_until("2025-06-02T09:00");
	office_run(&office, "UPDATE part SET role = 'supervisor'");
	plan_until("2025-07-20T09:00");
	assert_string_equal(steps_of("watcher"), "7d before start, escalate 2d after end, handoff 5d after end");
}

/* ---- deputies ----------------------------------------------------------------------------------------------------- */

static void away(const char *person, const char *deputy, const char *from, const char *to)
{
	OK(store_begin(office.store, ERR));
	OK(store_deputy_set(office.store, person, deputy, from, to, ERR));
	OK(store_commit(office.store, ERR));
}

static void deputy__stands_in_on_those_days_only(void **state)
{
	(void)state;
	office_add_person(&office, "dan", "UTC", "telegram");
	take_part(add_task("t", true), "responsible", "responsible");
	away("responsible", "dan", "2025-06-03", "2025-06-16");
	plan_until("2025-07-20T09:00");
	assert_string_equal(steps_of("responsible"), "7d before start, overdue 3d after end");
	assert_string_equal(steps_of("dan"), "fix_date 4d before start, overdue 1d after end");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder WHERE person = 'dan'"
						" AND deputy_for = 'responsible' AND channel = 'telegram'"),
			 2);
}

/* The day is the absent person's own: the morning of the 2nd in Sakhalin is the evening of the 1st in UTC. */
static void deputy__day__is_the_absent_persons(void **state)
{
	(void)state;
	office_add_person(&office, "far", "Asia/Sakhalin", "email");
	office_add_person(&office, "dan", "UTC", "email");
	take_part(add_task("t", false), "far", "participant");
	away("far", "dan", "2025-06-02", "2025-06-02");
	morning = utc("2025-05-20T22:00");
	plan_until("2025-06-03T09:00");
	assert_string_equal(steps_of("dan"), "7d before start");
	assert_string_equal(steps_of("far"), "");
}

static void deputy__who_takes_part_too__hears_it_once(void **state)
{
	(void)state;
	int64_t task = add_task("t", false);
	take_part(task, "responsible", "responsible");
	take_part(task, "participant", "participant");
	away("responsible", "participant", "2025-06-01", "2025-06-30");
	plan_until("2025-06-03T09:00");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 1);
	assert_string_equal(steps_of("participant"), "7d before start");
}

static void deputy__who_is_inactive__does_not_swallow_it(void **state)
{
	(void)state;
	office_add_person(&office, "dan", "UTC", "email");
	take_part(add_task("t", false), "responsible", "responsible");
	away("responsible", "dan", "2025-06-01", "2025-06-30");
	office_run(&office, "UPDATE person SET active = 0 WHERE id = 'dan'");
	plan_until("2025-06-03T09:00");
	assert_string_equal(steps_of("responsible"), "7d before start");
}

static void deputy__deputies_are_away_too__the_last_one_there_hears_it(void **state)
{
	(void)state;
	office_add_person(&office, "dan", "UTC", "email");
	take_part(add_task("t", false), "responsible", "responsible");
	away("responsible", "participant", "2025-06-01", "2025-06-30");
	away("participant", "dan", "2025-06-01", "2025-06-30");
	plan_until("2025-06-03T09:00");
	assert_string_equal(steps_of("dan"), "7d before start");
	assert_string_equal(office_text(&office, "SELECT deputy_for FROM reminder WHERE person = 'dan'"),
			    "responsible");
}

static void deputy__two_who_stand_in_for_each_other__lose_nothing(void **state)
{
	(void)state;
	take_part(add_task("t", false), "responsible", "responsible");
	away("responsible", "participant", "2025-06-01", "2025-06-30");
	away("participant", "responsible", "2025-06-01", "2025-06-30");
	plan_until("2025-06-03T09:00");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message WHERE state = 'pending'"), 1);
	assert_string_equal(office_text(&office, "SELECT person || ' for ' || deputy_for FROM reminder"),
			    "participant for responsible");
}

static void deputy__who_was_told_the_old_date__is_told_the_new_one(void **state)
{
	(void)state;
	take_part(add_task("t", false), "responsible", "responsible");
	away("responsible", "participant", "2025-06-01", "2025-06-30");
	plan_until("2025-06-03T09:00");
	office_run(&office, "UPDATE message SET state = 'sent'");
	office_run(&office, "UPDATE task SET start_local = '2025-06-20', end_local = '2025-06-20'");
	plan_until("2025-06-04T09:00");
	assert_string_equal(steps_of("participant"), "7d before start, moved 1");
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(roles__each__hears_of_its_own_steps),
		WITH_OFFICE(roles__nobody_is_responsible__participants_are_asked),
		WITH_OFFICE(roles__several_of_one_person__say_each_step_once),
		WITH_OFFICE(roles__exact_day__asks_for_no_date),
		WITH_OFFICE(roles__changed_role__counts_from_then_on),
		WITH_OFFICE(deputy__stands_in_on_those_days_only),
		WITH_OFFICE(deputy__day__is_the_absent_persons),
		WITH_OFFICE(deputy__who_takes_part_too__hears_it_once),
		WITH_OFFICE(deputy__who_is_inactive__does_not_swallow_it),
		WITH_OFFICE(deputy__deputies_are_away_too__the_last_one_there_hears_it),
		WITH_OFFICE(deputy__two_who_stand_in_for_each_other__lose_nothing),
		WITH_OFFICE(deputy__who_was_told_the_old_date__is_told_the_new_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
