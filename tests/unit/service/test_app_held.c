#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"

/* Waiting for its reader does not make a message old: what is held for longer than catch_up_max_age is sent all the same. */

static const char config[] = "[limits]\ncatch_up_max_age = 1h\n[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 1d before start at 22:00\n";

static void held__longer_than_catch_up_max_age__is_sent_when_the_night_is_over(void **state)
{
	(void)state;
	desk_open(config, "2025-06-14T12:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	office_run(&desk.office, "UPDATE person SET quiet = '21:00-09:00'");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = utc("2025-06-14T12:00")});
	static const char *const instants[] = {"2025-06-14T19:00", "2025-06-15T00:30", "2025-06-15T05:59"};
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		desk_move_to(instants[i]);
		desk_crash(config); /* a start looks for what is too old at once */
		desk.answers_at_once = true;
		desk_tick();
		assert_int_equal(desk.n_sendings, 0);
		assert_int_equal(desk_count("pending"), 1);
	}
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	assert_int_equal(desk_count("stale"), 0);
	desk_close();
}

/* A reminder of the evening goes to anna, at 22:00 in Moscow. */
static void send_before_the_night(const char *quiet)
{
	desk_open(config, "2025-06-14T12:00");
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	office_run(&desk.office, "UPDATE person SET quiet = '%s'", quiet);
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = utc("2025-06-14T12:00")});
	desk_move_to("2025-06-14T19:00");
	desk_tick();
	assert_int_equal(desk.n_flying, 1);
}

/* A server that asks for a pause costs no attempt, and the next try is one all the same: it may fall into the night. */
static void held__throttled_into_the_night__is_sent_when_the_night_is_over(void **state)
{
	(void)state;
	send_before_the_night("23:00-09:00");
	struct channel_result result = desk_result(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	result.retry_after_s = 2 * 3600;
	desk_finish(0, &result);
	desk_tick();
	desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	desk_close();
}

/* The clock of what grows too old stands still meanwhile, after a try that failed as before the first. */
static void held__retry_in_a_night_longer_than_catch_up_max_age__is_sent_when_it_is_over(void **state)
{
	(void)state;
	send_before_the_night("22:04-09:00");
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	desk.answers_at_once = true;
	static const char *const instants[] = {"2025-06-14T19:50", "2025-06-15T00:30", "2025-06-15T06:00"};
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		assert_int_equal(desk.n_sendings, 1);
		desk_move_to(instants[i]);
		desk_crash(config);
		desk.answers_at_once = true;
		desk_tick();
	}
	assert_int_equal(desk.n_sendings, 2);
	assert_int_equal(desk_count("sent"), 1);
	desk_close();
}

/* The hours of now count, also for what was planned by others and is due this very second: they were changed, or the clock
 * was set back and the hold forgotten. */
static void held__hours_changed_while_it_waits__follows_the_new_ones(void **state)
{
	(void)state;
	desk_open(config, "2025-06-14T12:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .people = "anna",
								  .planned_until = desk.now.wall_s});
	(void)office_add_message(&desk.office, 1, "anna", "email", "one of before", utc("2025-06-14T20:00"));
	office_run(&desk.office, "UPDATE person SET quiet = '21:00-09:00'");
	desk_move_to("2025-06-14T20:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	assert_true(desk.n_sendings > 0);
	desk_close();
}

/* Two tasks in one message, which waits for the morning; desk.now is 23:00 in Moscow. */
static void hold_two_tasks(void)
{
	desk_open(config, "2025-06-14T12:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	office_run(&desk.office, "UPDATE person SET quiet = '21:00-09:00'");
	for (int i = 0; i < 2; i++)
		(void)office_add_task(&desk.office, &(struct office_task){.uid = i == 0 ? "t" : "u",
									  .start = "2025-06-15",
									  .zone = "Europe/Moscow",
									  .people = "anna",
									  .planned_until = utc("2025-06-14T12:00")});
	desk_move_to("2025-06-14T20:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	assert_int_equal(desk_count("pending"), 1);
}

static void held__made_urgent__goes_at_once_with_what_it_was_merged_with(void **state)
{
	(void)state;
	hold_two_tasks();
	office_run(&desk.office, "UPDATE task SET priority = 'urgent' WHERE uid = 'u'");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	assert_int_equal(desk_count("sent"), 1);
	desk_close();
}

static void held__made_urgent_after_a_hold_at_the_claim__goes_at_once(void **state)
{
	(void)state;
	hold_two_tasks();
	/* as the claim leaves what was refused before the night */
	office_run(&desk.office, "UPDATE message SET held_until_utc = not_before, due_utc = %lld, attempts = 1",
		   (long long)utc("2025-06-14T19:00"));
	office_run(&desk.office, "UPDATE task SET priority = 'urgent' WHERE uid = 'u'");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	desk_close();
}

static void held__urgent_and_refused__waits_for_its_next_try_alone(void **state)
{
	(void)state;
	hold_two_tasks();
	desk.answers_at_once = false;
	office_run(&desk.office, "UPDATE task SET priority = 'urgent' WHERE uid = 'u'");
	desk_tick();
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	office_run(&desk.office, "UPDATE task SET note = 'look' WHERE uid = 'u'");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1); /* an edit shortens no back-off */
	desk_move(3600);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2); /* nor does the night lengthen it */
	desk_close();
}

static void held__snoozed_and_made_urgent__stays_snoozed(void **state)
{
	(void)state;
	hold_two_tasks();
	office_run(&desk.office, "UPDATE reminder SET held = 'snoozed' WHERE task = 1");
	office_run(&desk.office, "UPDATE task SET priority = 'urgent'");
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	desk_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held__longer_than_catch_up_max_age__is_sent_when_the_night_is_over),
		cmocka_unit_test(held__retry_in_a_night_longer_than_catch_up_max_age__is_sent_when_it_is_over),
		cmocka_unit_test(held__made_urgent__goes_at_once_with_what_it_was_merged_with),
		cmocka_unit_test(held__made_urgent_after_a_hold_at_the_claim__goes_at_once),
		cmocka_unit_test(held__urgent_and_refused__waits_for_its_next_try_alone),
		cmocka_unit_test(held__snoozed_and_made_urgent__stays_snoozed),
		cmocka_unit_test(held__hours_changed_while_it_waits__follows_the_new_ones),
		cmocka_unit_test(held__throttled_into_the_night__is_sent_when_the_night_is_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
