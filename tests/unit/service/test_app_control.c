#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include <sys/stat.h>

#include "desk.h"
#include "service/app_priv.h"

/* What holds the app back or changes it: reload, rate, gate, the clock. */

#define CHANNEL "[channel email]\ntype = maildir\npath = mail\n"
#define POLICY "[policy default]\nremind = 3d 1d before start at 09:00\n"

static const char config[] = CHANNEL POLICY;

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void add_task(const char *uid, const char *day, const char *planned_until)
{
	(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
								  .start = day,
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = utc(planned_until)});
}

/* So many tasks on 15 June, reminded of on 12 and 14 June at 06:00 UTC; their messages wait at 06:00 on the 12th. */
static void add_tasks(int n)
{
	for (int i = 0; i < n; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		add_task(uid, "2025-06-15", "2025-06-01");
	}
	desk_move_to("2025-06-12T06:00");
}

static void reload(const char *text)
{
	app_reload(desk.app, desk_setup(text), desk.now);
}

/* ---- reload ------------------------------------------------------------------------------------------------------- */

static void app__reload__keeps_what_is_in_flight_and_settles_it(void **state)
{
	(void)state;
	add_tasks(2);
	desk.room = 1;
	desk_tick();
	int64_t in_flight = 0, sent = 0;
	reload(config);
	desk_tick(); /* the new channel has room of its own */
	assert_int_equal(desk.n_sendings, 2);
	assert_int_not_equal(desk.sendings[0].id, desk.sendings[1].id);
	app_counts(desk.app, &sent, &in_flight);
	assert_int_equal(in_flight, 2);
	reload(config);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	assert_int_equal(desk.n_channels, 3);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk_count("sent"), 2);
	assert_true(app_is_idle(desk.app));
	assert_int_equal(desk.n_channels, 1); /* the old ones have gone */
}

static void app__reload__only_what_is_in_use_stays(void **state)
{
	(void)state;
	add_tasks(1);
	desk_tick();
	for (int i = 0; i < 5; i++) {
		reload(config);
		desk_tick();
		assert_int_equal(desk.n_channels, 2);
	}
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk_count("sent"), 1);
	assert_int_equal(desk.n_channels, 1);
}

static void app__reload__tries_a_failed_channel_again_at_once(void **state)
{
	(void)state;
	add_tasks(3);
	desk.room = 1;
	desk_tick();
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	reload(config);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
}

static void app__reload__keeps_a_pause_that_the_server_asked_for(void **state)
{
	(void)state;
	add_tasks(3);
	desk.room = 1;
	desk_tick();
	desk_answer(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	reload(config);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

static void app__new_policies__are_planned_with_even_if_the_first_try_fails(void **state)
{
	(void)state;
	add_task("t", "2025-06-15", "2025-06-01");
	desk_tick();
	reload(CHANNEL "[policy default]\nremind = 10d before start at 09:00\n");
	/* A commit that fails late: everything was written, then the constraint stops it. */
	office_run(&desk.office, "CREATE TRIGGER full BEFORE INSERT ON meta WHEN new.key = 'rules' BEGIN"
				 " SELECT raise(ROLLBACK, 'disk full'); END");
	assert_true(desk_try() < 0);
	office_run(&desk.office, "DROP TRIGGER full");
	desk_tick();
	assert_int_equal(app_next_wake_utc(desk.app), utc("2025-06-02T00:00"));
	desk_move_to("2025-06-05T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

/* Three working days before Monday the 16th, in a country that takes Thursday the 12th off or not. */
static void app__new_days_off__are_planned_with_after_a_reload(void **state)
{
	(void)state;
	static const char worked[] = "[calendar]\nzones = Europe/Moscow\n[year 2025]\noff = 01-01 New Year\n",
			  off[] = "[calendar]\nzones = Europe/Moscow\n[year 2025]\noff = 01-01 New Year\n"
				  "off = 06-12 Russia Day\n";
	static const char text[] =
		"calendars = calendars\n" CHANNEL "[policy default]\nremind = 3wd before start at 09:00\n";
	const char *file = scratch_path(&desk.office.scratch, "calendars");
	assert_int_equal(mkdir(file, 0700), 0);
	file = scratch_path(&desk.office.scratch, "calendars/russia.ini");
	scratch_write(file, worked, strlen(worked));
	reload(text);
	office_run(&desk.office, "UPDATE person SET calendar = 'russia'");
	add_task("t", "2025-06-16", "2025-06-01");
	desk_move_to("2025-06-10T00:00");
	desk_tick();
	file = scratch_path(&desk.office.scratch, "calendars/russia.ini");
	scratch_write(file, off, strlen(off));
	reload(text);
	desk_tick();
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

static void app__pass_that_fails_at_its_end__forgets_no_policy(void **state)
{
	(void)state;
	add_tasks(1);
	desk_move_to("2025-06-01T00:00");
	desk_tick();
	add_task("u", "2025-06-04", "2025-06-01");
	reload(CHANNEL "[policy default]\nremind = 10d 3d before start at 09:00\n");
	desk_move_to("2025-06-01T06:00");
	office_run(&desk.office,
		   "CREATE TRIGGER full BEFORE INSERT ON attempt BEGIN SELECT raise(ROLLBACK, 'disk full'); END");
	assert_true(desk_try() < 0); /* the claim of u's message fails, after the policies were noticed */
	assert_int_equal(desk.n_sendings, 0);
	office_run(&desk.office, "DROP TRIGGER full");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	desk_move_to("2025-06-05T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 2); /* t's new step */
}

/* ---- rate ---------------------------------------------------------------------------------------------------------- */

static const char rated[] = "[channel email]\ntype = maildir\npath = mail\nrate = 2/m\n" POLICY;

static void app__rate_of_a_channel__is_kept(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	reload(rated);
	add_tasks(6);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	int64_t start = desk.now.wall_s;
	while (desk.n_sendings < 6) {
		int64_t next = app_next_wake_utc(desk.app);
		assert_in_range(next - desk.now.wall_s, 1, 30);
		desk_move(next - desk.now.wall_s);
		desk_tick();
		assert_true((int64_t)desk.n_sendings <= 1 + (desk.now.wall_s - start) / 30);
	}
	assert_int_equal(desk.now.wall_s - start, 150);
}

static void app__reload__brings_no_new_allowance_of_the_same_rate(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	reload(rated);
	add_tasks(6);
	for (int i = 0; i < 5; i++) {
		desk_tick();
		assert_int_equal(desk.n_sendings, 1);
		reload(rated);
	}
	desk_move(30);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
}

static void app__pass_that_fails__uses_up_no_rate(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	reload(rated);
	add_tasks(1);
	office_run(&desk.office, "CREATE TRIGGER full BEFORE INSERT ON brake BEGIN"
				 " SELECT raise(ROLLBACK, 'disk full'); END");
	assert_true(desk_try() < 0);
	office_run(&desk.office, "DROP TRIGGER full");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

/* ---- the gate ----------------------------------------------------------------------------------------------------- */

static void app__server_fails__is_probed_by_one_message_until_it_accepts(void **state)
{
	(void)state;
	add_tasks(5);
	desk.room = 2;
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	desk_tick();
	for (size_t probe = 3; probe <= 6; probe++) {
		assert_int_equal(desk.n_flying, 0);
		assert_true(app_next_wake_utc(desk.app) > desk.now.wall_s);
		desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
		desk_tick();
		if (desk.n_flying == 0) { /* a message's own pause may be longer than the server's */
			desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
			desk_tick();
		}
		assert_int_equal(desk.n_sendings, probe);
		assert_int_equal(desk.n_flying, 1);
		desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
		desk_tick();
	}
	desk_move(3600);
	desk_tick();
	assert_int_equal(desk.n_flying, 1);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk.n_flying, 2);
}

static void app__one_recipient_fails__nobody_else_waits(void **state)
{
	(void)state;
	add_tasks(3);
	desk.room = 1;
	desk_tick();
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_RECIPIENT);
	desk_tick();
	assert_int_equal(desk.n_flying, 1);
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk.n_sendings, 3);
}

static const struct {
	int64_t asked_s, waits_s;
} pauses[] = {
	{1, 2}, {60, 61}, {10072, 10073}, {86400, 86400}, {30 * 86400, 86400}}; /* a second more: ours had begun */

static void app__server_asks_to_wait__everybody_waits_but_a_day_at_most(void **state)
{
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		add_tasks(2);
		desk.room = 1;
		desk_tick();
		assert_int_equal(desk.n_sendings, 1);
		struct channel_result result = desk_result(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
		result.retry_after_s = pauses[i].asked_s;
		desk_finish(0, &result);
		desk_tick();
		assert_int_equal(desk.n_sendings, 1);
		desk_move(pauses[i].waits_s - 1);
		desk_tick();
		if (desk.n_sendings != 1)
			fail_msg("asked to wait %lld s, sent before", (long long)pauses[i].asked_s);
		desk_move(1);
		desk_tick();
		assert_int_equal(desk.n_sendings, 2);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(app__reload__keeps_what_is_in_flight_and_settles_it),
		WITH_DESK(app__reload__only_what_is_in_use_stays),
		WITH_DESK(app__reload__tries_a_failed_channel_again_at_once),
		WITH_DESK(app__reload__keeps_a_pause_that_the_server_asked_for),
		WITH_DESK(app__new_policies__are_planned_with_even_if_the_first_try_fails),
		WITH_DESK(app__new_days_off__are_planned_with_after_a_reload),
		WITH_DESK(app__pass_that_fails_at_its_end__forgets_no_policy),
		WITH_DESK(app__rate_of_a_channel__is_kept),
		WITH_DESK(app__reload__brings_no_new_allowance_of_the_same_rate),
		WITH_DESK(app__pass_that_fails__uses_up_no_rate),
		WITH_DESK(app__server_fails__is_probed_by_one_message_until_it_accepts),
		WITH_DESK(app__one_recipient_fails__nobody_else_waits),
		WITH_DESK(app__server_asks_to_wait__everybody_waits_but_a_day_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
