#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"

/* What one life of the daemon, or of its configuration, hands on to the next. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n";

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	office_add_person(&desk.office, "anna", "UTC", "email");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2030-01-01",
								  .people = "anna",
								  .planned_until = desk.now.wall_s});
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void succession__asked_to_wait_after_a_reload__the_new_channel_waits_too(void **state)
{
	(void)state;
	(void)office_add_message(&desk.office, 1, "anna", "email", "first", desk.now.wall_s);
	desk_tick();
	assert_int_equal(desk.n_flying, 1);
	app_reload(desk.app, desk_setup(config), desk.now);
	struct channel_result result = desk_result(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	result.retry_after_s = 3600;
	desk_finish(0, &result);
	(void)office_add_message(&desk.office, 1, "anna", "email", "second", desk.now.wall_s);
	desk_tick();
	desk_move(3600);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	desk_move(2);
	desk_tick();
	assert_true(desk.n_sendings > 1);
}

/* A commit syncs what the dead process wrote and did not sync; without anything to write there is no commit. */
static void succession__every_start__commits_something(void **state)
{
	(void)state;
	for (int64_t starts = 1; starts < 4; starts++) {
		int64_t before = office_number(&desk.office, "PRAGMA data_version");
		assert_int_equal(office_number(&desk.office, "SELECT value FROM meta WHERE key = 'starts'"), starts);
		desk_crash(config);
		assert_int_not_equal(office_number(&desk.office, "PRAGMA data_version"), before);
	}
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(succession__asked_to_wait_after_a_reload__the_new_channel_waits_too),
		WITH_DESK(succession__every_start__commits_something),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
