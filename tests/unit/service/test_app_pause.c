#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "desk.h"

/* How long a server asked to wait, it is left in peace, whatever happens meanwhile. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0m before start\n";
static const char without[] = "[channel email]\ntype = maildir\npath = mail\n"
			      "[policy default]\nremind = 0m before start\n";

enum { ASKED_S = 600 };

static int n_tasks;

/* A message on telegram that is due; it is handed over unless the channel is paused. */
static void add_message_to(const char *person)
{
	char uid[16];
	(void)snprintf(uid, sizeof(uid), "t%d", n_tasks++);
	(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
								  .start = "2025-06-01T12:00",
								  .precision = PERIOD_MINUTE,
								  .zone = "Europe/Moscow",
								  .people = person,
								  .planned_until = utc("2025-06-01T08:00")});
	desk_tick();
}

static void add_message(void)
{
	add_message_to("anna");
}

static int open_desk(void **state)
{
	(void)state;
	(void)log_set_level(LOG_LEVEL_ERROR);
	desk_open(config, "2025-06-01T09:00");
	app_free(desk.app);
	desk.is_two_way = true;
	desk_start(config);
	office_add_person(&desk.office, "anna", "Europe/Moscow", "telegram");
	add_message();
	assert_int_equal(desk.n_flying, 1);
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void answer(size_t at, enum channel_verdict verdict)
{
	struct channel_result result = desk_result(verdict, CHANNEL_BLAME_CHANNEL);
	result.retry_after_s = ASKED_S;
	desk_finish(at, &result);
	desk_tick();
}

static void reload(const char *text)
{
	app_reload(desk.app, desk_setup(text), desk.now);
	desk_tick();
}

/* Nothing more is handed over before the time is over that was asked for just now, and then something is. */
static void assert_left_in_peace(void)
{
	size_t n = desk.n_sendings;
	desk_move(ASKED_S / 2);
	add_message();
	desk_move(ASKED_S / 2 - 1);
	desk_tick();
	assert_int_equal(desk.n_sendings, n);
	desk_move(2);
	desk_tick();
	assert_true(desk.n_sendings > n);
}

static void pause__another_message_is_accepted_meanwhile__stays(void **state)
{
	(void)state;
	add_message();
	assert_int_equal(desk.n_flying, 2);
	answer(0, CHANNEL_THROTTLED);
	answer(0, CHANNEL_ACCEPTED);
	assert_left_in_peace();
}

static void pause__another_message_is_accepted_meanwhile__outlives_the_process(void **state)
{
	(void)state;
	add_message();
	answer(0, CHANNEL_THROTTLED);
	answer(0, CHANNEL_ACCEPTED);
	desk_crash(config);
	assert_left_in_peace();
}

static void pause__asked_for_after_a_failure__outlives_a_reload(void **state)
{
	(void)state;
	answer(0, CHANNEL_TEMPORARY);
	desk_move(3600);
	desk_tick();
	assert_int_equal(desk.n_flying, 1);
	answer(0, CHANNEL_THROTTLED);
	reload(config);
	assert_left_in_peace();
}

static void pause__channel_was_left_out_for_a_while__stays(void **state)
{
	(void)state;
	answer(0, CHANNEL_THROTTLED);
	reload(without);
	reload(config);
	assert_left_in_peace();
}

/* Too many, and no word of when to come back. */
static void turn_away(size_t at)
{
	struct channel_result result = desk_result(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	result.retry_after_s = 0;
	desk_finish(at, &result);
	desk_tick();
}

/* Nothing is handed over for at_least_s, and then something is. */
static void assert_waits(int64_t at_least_s)
{
	size_t n = desk.n_sendings;
	desk_move(at_least_s);
	desk_tick();
	assert_int_equal(desk.n_sendings, n);
	desk_move(at_least_s / 2 + 1);
	desk_tick();
	assert_int_equal(desk.n_sendings, n + 1);
}

static void pause__asked_for_without_a_time__is_longer_each_time_and_costs_no_attempt(void **state)
{
	(void)state;
	for (int64_t wait_s = 240; wait_s < 1000; wait_s *= 2) {
		turn_away(0);
		assert_waits(wait_s - 1);
	}
	assert_int_equal(office_number(&desk.office, "SELECT max(attempts) FROM message"), 1);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM meta WHERE key LIKE 'failing %%'"), 1);
}

/* For span_s, what goes to anna is turned away, and the rest accepted. */
static void turn_anna_away(int64_t span_s)
{
	enum { STEP_S = 10 };
	for (int64_t passed_s = 0; passed_s < span_s; passed_s += STEP_S) {
		while (desk.n_flying > 0)
			if (office_number(&desk.office,
					  "SELECT count(*) FROM message WHERE id = %lld AND person = 'anna'",
					  (long long)desk.flying[0].id) == 1)
				turn_away(0);
			else
				answer(0, CHANNEL_ACCEPTED);
		desk_move(STEP_S);
		desk_tick();
	}
}

static void pause__asked_for_without_a_time_to_one_reader__keeps_nobody_else_waiting(void **state)
{
	(void)state;
	office_add_person(&desk.office, "boris", "Europe/Moscow", "telegram");
	for (int64_t n_sent = 1; n_sent <= 12; n_sent++) {
		add_message_to("boris");
		turn_anna_away(300);
		assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message WHERE person = 'boris'"
							     " AND state = 'sent'"),
				 n_sent);
	}
	assert_int_equal(office_number(&desk.office, "SELECT attempts FROM message WHERE person = 'anna'"), 0);
	assert_true(office_number(&desk.office, "SELECT count(*) FROM attempt WHERE outcome = 'throttled'") > 3);
}

/* Has the messages changed that are shown. */
static void begin_edits(size_t n)
{
	desk_tick();
	office_run(&desk.office, "UPDATE task SET title = 'New'");
	desk_tick();
	assert_int_equal(desk.n_flying, n);
	assert_int_equal(desk.flying[n - 1].act, CHANNEL_EDIT);
}

/* Shows a message, and has it changed. */
static void begin_edit(void)
{
	answer(0, CHANNEL_ACCEPTED);
	begin_edits(1);
}

static void pause__asked_for_by_an_edit__holds_for_messages(void **state)
{
	(void)state;
	begin_edit();
	answer(0, CHANNEL_THROTTLED);
	assert_left_in_peace();
}

/* The answers come before a pass keeps what they ask for. */
static void pause__asked_for_by_two_edits__lasts_for_the_longer_one(void **state)
{
	(void)state;
	static const int64_t asked_s[] = {ASKED_S, ASKED_S / 10};
	add_message();
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	begin_edits(2);
	for (size_t i = 0; i < 2; i++) {
		struct channel_result result = desk_result(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
		result.retry_after_s = asked_s[i];
		desk_finish(0, &result);
	}
	desk_tick();
	assert_left_in_peace();
}

static void pause__asked_for_by_an_edit__outlives_the_process(void **state)
{
	(void)state;
	begin_edit();
	answer(0, CHANNEL_THROTTLED);
	desk_crash(config);
	assert_left_in_peace();
}

static void pause__asked_for_by_an_edit_of_the_channel_before__holds_for_the_new_one(void **state)
{
	(void)state;
	begin_edit();
	reload(config);
	answer(0, CHANNEL_THROTTLED); /* the older one */
	while (desk.n_flying > 0)
		answer(0, CHANNEL_ACCEPTED);
	assert_left_in_peace();
}

static void pause__asked_for_by_an_edit_and_not_recorded__is_by_the_next_pass(void **state)
{
	(void)state;
	begin_edit();
	struct channel_result result = desk_result(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	result.retry_after_s = ASKED_S;
	office_run(&desk.office, "CREATE TRIGGER refuse BEFORE UPDATE ON shown BEGIN"
				 " SELECT RAISE(ABORT, 'refused'); END");
	desk_finish(0, &result);
	assert_true(desk_try() < 0);
	office_run(&desk.office, "DROP TRIGGER refuse");
	desk_tick();
	desk_crash(config);
	assert_left_in_peace();
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(pause__another_message_is_accepted_meanwhile__stays),
		WITH_DESK(pause__another_message_is_accepted_meanwhile__outlives_the_process),
		WITH_DESK(pause__asked_for_after_a_failure__outlives_a_reload),
		WITH_DESK(pause__channel_was_left_out_for_a_while__stays),
		WITH_DESK(pause__asked_for_without_a_time__is_longer_each_time_and_costs_no_attempt),
		WITH_DESK(pause__asked_for_without_a_time_to_one_reader__keeps_nobody_else_waiting),
		WITH_DESK(pause__asked_for_by_an_edit__holds_for_messages),
		WITH_DESK(pause__asked_for_by_two_edits__lasts_for_the_longer_one),
		WITH_DESK(pause__asked_for_by_an_edit__outlives_the_process),
		WITH_DESK(pause__asked_for_by_an_edit_of_the_channel_before__holds_for_the_new_one),
		WITH_DESK(pause__asked_for_by_an_edit_and_not_recorded__is_by_the_next_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
