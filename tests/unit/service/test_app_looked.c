#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"

/* Until when the plan was complete is known in the process, and, of one that was stopped, in the next. */

#define CHANNEL "[channel email]\ntype = maildir\npath = mail\n"
static const char config[] = CHANNEL "[policy default]\nremind = 7d before start at 09:00\n";
static const char other[] = CHANNEL "[policy default]\nremind = 14d 7d before start at 09:00\n";

/* By the other policy its first step is due on 1 June, 09:00. */
static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-05-20T11:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "UTC", "email");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .people = "anna",
								  .planned_until = utc("2025-05-01T00:00")});
	desk_tick();
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void move_to(const char *to)
{
	desk_move_to(to);
	desk_tick();
}

static void stop(void)
{
	app_stop(desk.app);
	desk_tick();
	assert_true(app_is_idle(desk.app));
}

static void looked__reload_with_other_steps__sends_nothing_of_the_past(void **state)
{
	(void)state;
	move_to("2025-06-04T12:00");
	app_reload(desk.app, desk_setup(other), desk.now);
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	move_to("2025-06-08T09:00");
	assert_int_equal(desk.n_sendings, 1);
}

static void looked__stopped_and_started_with_other_steps__sends_nothing_of_the_past(void **state)
{
	(void)state;
	move_to("2025-06-04T12:00");
	stop();
	desk_crash(other);
	move_to("2025-06-04T12:01");
	assert_int_equal(desk.n_sendings, 0);
}

static void looked__stopped_before_a_step_of_the_other_policy__catches_up(void **state)
{
	(void)state;
	move_to("2025-05-31T12:00");
	stop();
	desk_crash(other);
	move_to("2025-06-04T12:00");
	assert_int_equal(desk.n_sendings, 1);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message WHERE kind = 'catch_up'"), 1);
}

/* A pass that is not recorded has looked at nothing. */
static void looked__nothing_could_be_recorded_meanwhile__catches_up(void **state)
{
	(void)state;
	move_to("2025-05-31T12:00");
	office_run(&desk.office, "BEGIN IMMEDIATE");
	desk_move_to("2025-06-04T12:00");
	assert_true(desk_try() < 0);
	office_run(&desk.office, "UPDATE task SET next_due_utc = NULL; COMMIT");
	app_reload(desk.app, desk_setup(other), desk.now);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(looked__reload_with_other_steps__sends_nothing_of_the_past),
		WITH_DESK(looked__stopped_and_started_with_other_steps__sends_nothing_of_the_past),
		WITH_DESK(looked__stopped_before_a_step_of_the_other_policy__catches_up),
		WITH_DESK(looked__nothing_could_be_recorded_meanwhile__catches_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
