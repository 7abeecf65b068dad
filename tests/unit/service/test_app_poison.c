#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "desk.h"

/* A message that makes the process crash is found, put aside, and the others go on. The crash is played: the app is
 * thrown away while the message is with its channel. A stop in good order is no crash. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n[channel telegram]\ntype = maildir\npath = "
			     "mail\n[policy default]\nremind = 0m before start\n";

enum { PEOPLE = 12 };

static void add_plan(void)
{
	for (int i = 0; i < PEOPLE; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "p%d", i);
		office_add_person(&desk.office, id, "Europe/Moscow", i % 2 == 0 ? "email" : "telegram");
		(void)office_add_task(&desk.office, &(struct office_task){.uid = id,
									  .start = "2025-06-15T12:00",
									  .precision = PERIOD_MINUTE,
									  .zone = "Europe/Moscow",
									  .people = id,
									  .planned_until = desk.now.wall_s});
	}
}

static void crash(void)
{
	app_free(desk.app);
	office_reopen(&desk.office);
	desk.app = app_new(desk.office.store, desk_setup(config), NULL, desk.now, desk_wake, NULL);
	app_note_crash(desk.app);
	OK(app_start(desk.app, desk.now, ERR));
}

static bool is_flying(int64_t id)
{
	for (size_t i = 0; i < desk.n_flying; i++)
		if (desk.flying[i].id == id)
			return true;
	return false;
}

static void poison__among_others__ends_held_and_all_others_are_sent(void **state)
{
	(void)state;
	int crashes = 0;
	const int64_t poison = 5;
	desk_open(config, "2025-06-15T08:00");
	add_plan();
	desk_move_to("2025-06-15T09:00");
	for (int round = 0; round < 1000 && desk_count("sent") < PEOPLE - 1; round++) {
		OK(desk_try());
		if (is_flying(poison)) {
			crash();
			crashes++;
		} else if (desk.n_flying > 0) {
			struct channel_result result = desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
			assert_true(crashes == 0 || desk.n_flying == 1); /* one suspect at a time */
			desk_finish(0, &result);
		} else {
			desk_move(60);
		}
	}
	assert_int_equal(crashes, 2);
	assert_int_equal(desk_count("sent"), PEOPLE - 1);
	assert_int_equal(desk_count("held"), 1);
	assert_string_equal(office_state(&desk.office, poison), "held");
	desk_close();
}

static void poison__suspects_waiting__do_not_spin_the_app(void **state)
{
	(void)state;
	desk_open(config, "2025-06-15T08:00");
	add_plan();
	desk_move_to("2025-06-15T09:00");
	OK(desk_try());
	crash();
	OK(desk_try());
	assert_int_equal(desk.n_flying, 1);
	assert_true(app_next_wake_utc(desk.app) > desk.now.wall_s);
	desk_close();
}

static void poison__killed_and_not_crashed__goes_on_at_full_speed(void **state)
{
	(void)state;
	desk_open(config, "2025-06-15T08:00");
	add_plan();
	desk_move_to("2025-06-15T09:00");
	OK(desk_try());
	desk_crash(config);
	OK(desk_try());
	assert_int_equal(desk.n_flying, PEOPLE);
	desk_close();
}

/* A stop in good order, as often as it may be, whose messages did not get their results in time. */
static void stop(bool has_left)
{
	desk.has_left = has_left;
	app_stop(desk.app);
	OK(app_abandon(desk.app, desk.now, ERR));
	assert_int_equal(desk_count("sending"), 0);
	desk_crash(config);
	desk_move(86400);
	OK(desk_try());
}

static void stopped__before_anything_left__waits_as_it_was(void **state)
{
	(void)state;
	enum log_level level = log_set_level(LOG_LEVEL_ERROR);
	desk_open(config, "2025-06-15T08:00");
	add_plan();
	desk_move_to("2025-06-15T09:00");
	OK(desk_try());
	for (int i = 0; i < 6; i++) {
		assert_int_equal(desk.n_flying, PEOPLE);
		assert_int_equal(office_number(&desk.office, "SELECT sum(attempts) FROM message"), PEOPLE);
		stop(false);
	}
	assert_int_equal(office_number(&desk.office, "SELECT sum(crashes + uncertain + suspect) FROM message"), 0);
	(void)log_set_level(level);
	desk_close();
}

static void stopped__after_it_may_have_left__waits_long_and_is_never_held(void **state)
{
	(void)state;
	enum log_level level = log_set_level(LOG_LEVEL_ERROR);
	desk_open(config, "2025-06-15T08:00");
	add_plan();
	desk_move_to("2025-06-15T09:00");
	OK(desk_try());
	int64_t stopped_utc = desk.now.wall_s;
	stop(true);
	assert_int_equal(office_number(&desk.office, "SELECT sum(crashes + suspect) FROM message"), 0);
	assert_int_equal(office_number(&desk.office, "SELECT sum(uncertain) FROM message"), PEOPLE);
	assert_true(office_number(&desk.office, "SELECT min(not_before) FROM message") >= stopped_utc + 1440);
	assert_int_equal(desk.n_flying, PEOPLE);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk_count("sent"), PEOPLE);
	(void)log_set_level(level);
	desk_close();
}

static void stopped__with_results_that_wait__records_them_as_they_are(void **state)
{
	(void)state;
	desk_open(config, "2025-06-15T08:00");
	add_plan();
	desk_move_to("2025-06-15T09:00");
	OK(desk_try());
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	int64_t sent, in_flight;
	app_stop(desk.app);
	OK(app_abandon(desk.app, desk.now, ERR));
	app_counts(desk.app, &sent, &in_flight);
	assert_int_equal(sent, PEOPLE); /* each once */
	assert_int_equal(desk_count("sent"), PEOPLE);
	desk_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poison__among_others__ends_held_and_all_others_are_sent),
		cmocka_unit_test(poison__suspects_waiting__do_not_spin_the_app),
		cmocka_unit_test(poison__killed_and_not_crashed__goes_on_at_full_speed),
		cmocka_unit_test(stopped__before_anything_left__waits_as_it_was),
		cmocka_unit_test(stopped__after_it_may_have_left__waits_long_and_is_never_held),
		cmocka_unit_test(stopped__with_results_that_wait__records_them_as_they_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
