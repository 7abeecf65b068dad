#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"

/* A repeating task is never put aside for good, however far its next date seems to be. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 1d before start at 09:00\n";

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "UTC", "email");
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void add_repeating_task(const char *day, const char *rule)
{
	int64_t id = office_add_task(
		&desk.office,
		&(struct office_task){.uid = "t", .start = day, .people = "anna", .planned_until = desk.now.wall_s});
	office_run(&desk.office, "UPDATE task SET rrule = '%s' WHERE id = %lld", rule, (long long)id);
	desk_tick();
}

/* What a pass made of 1970 would stay wrong when the clock is right again. */
static void repeats__clock_not_set_at_boot__the_next_date_is_not_forgotten(void **state)
{
	(void)state;
	add_repeating_task("2025-06-10", "FREQ=WEEKLY");
	int64_t due = office_number(&desk.office, "SELECT next_due_utc FROM task");
	desk.now = (struct instant){.wall_s = 1000, .mono_ms = 20000, .up_s = 20, .is_unset = true};
	desk_crash(config);
	desk.answers_at_once = true;
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT next_due_utc FROM task"), due);
	assert_in_range(app_next_wake_utc(desk.app), 1001, 1060);
	desk.now.is_unset = false;
	desk_move_to("2025-06-09T09:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

/* An impossible clock is believed in the end; when it is set right, all is well again. */
static void repeats__clock_of_1970_believed_for_a_while__the_next_date_is_not_forgotten(void **state)
{
	(void)state;
	add_repeating_task("2025-06-10", "FREQ=WEEKLY");
	desk.now = (struct instant){.wall_s = 1000, .mono_ms = 20000, .up_s = 20};
	desk_crash(config);
	desk.answers_at_once = true;
	desk_tick();
	desk_move(1200);
	desk_tick();
	desk.now.wall_s = utc("2025-06-09T08:59");
	desk_tick();
	desk_move_to("2025-06-09T09:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

static void repeats__first_date_in_ten_years__is_reminded_of(void **state)
{
	(void)state;
	add_repeating_task("2035-06-10", "FREQ=YEARLY");
	int64_t due = utc("2035-06-09T09:00");
	for (int passes = 0; desk.now.wall_s < due && passes < 10000; passes++) {
		desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
		desk_tick();
	}
	assert_int_equal(desk.now.wall_s, due);
	assert_int_equal(desk.n_sendings, 1);
}

static const struct {
	const char *sql;
	bool is_sent;
} rules[] = {
	{"rrule = 'FREQ=WEEKLY;INTERVAL=2'", false},
	{"rrule = 'FREQ=WEEKLY;COUNT=1'", false},
	{"exdate = '2025-06-17'", false},
	{"rrule = 'FREQ=WEEKLY;INTERVAL=2', rdate = '2025-06-17'", true},
	{"rrule = 'FREQ=DAILY'", true},
	{"title = 'x'", true},
};

/* A reminder of 17 June is held overnight; in the night the rule is edited. */
static void repeats__rule_without_a_date__drops_what_is_held_for_it(void **state)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		office_run(&desk.office, "UPDATE person SET quiet = '08:00-12:00'");
		add_repeating_task("2025-06-10", "FREQ=WEEKLY");
		desk_move_to("2025-06-16T09:00");
		desk_tick();
		assert_int_equal(desk_count("pending"), 1);
		office_run(&desk.office, "UPDATE task SET %s", rules[i].sql);
		desk_tick();
		if (desk_count("pending") != rules[i].is_sent)
			fail_msg("%s: %lld wait", rules[i].sql, (long long)desk_count("pending"));
		desk_move_to("2025-06-16T12:00");
		desk_tick();
		if ((desk.n_sendings > 0) != rules[i].is_sent)
			fail_msg("%s: sent %zu times", rules[i].sql, desk.n_sendings);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

/* The rule is put right again before the morning. */
static void repeats__rule_edited_and_back__is_reminded_of(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE person SET quiet = '08:00-12:00'");
	add_repeating_task("2025-06-10", "FREQ=WEEKLY");
	desk_move_to("2025-06-16T09:00");
	desk_tick();
	office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;INTERVAL=2'");
	desk_tick();
	office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=WEEKLY'");
	desk_tick();
	desk_move_to("2025-06-16T12:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(repeats__clock_not_set_at_boot__the_next_date_is_not_forgotten),
		WITH_DESK(repeats__clock_of_1970_believed_for_a_while__the_next_date_is_not_forgotten),
		WITH_DESK(repeats__first_date_in_ten_years__is_reminded_of),
		WITH_DESK(repeats__rule_without_a_date__drops_what_is_held_for_it),
		WITH_DESK(repeats__rule_edited_and_back__is_reminded_of),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
