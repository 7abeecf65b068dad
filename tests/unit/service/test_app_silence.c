#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"
#include "store/store_absence.h"
#include "store/store_reader.h"

/* A silence, or a snooze, holds for what is in flight when it begins, too: it is not tried again. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 3d before start at 09:00\n"
			     "channels = first that works: email, telegram, next after 1h\n";

/* A task on 15 June whose step of 12 June is in flight. */
static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email telegram");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = utc("2025-06-01T00:00")});
	desk_tick();
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(desk.n_flying, 1);
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void silence(void)
{
	OK(store_silence_add(desk.office.store, 1, NULL, utc("2025-06-14T06:00"), "rest", "x", ERR));
}

static void snooze(void)
{
	OK(store_snooze_clear(desk.office.store, 1, "anna", utc("2025-06-14T06:00"), ERR));
}

static void (*const rests[])(void) = {silence, snooze};

static const struct {
	enum channel_verdict verdict;
	enum channel_blame blame;
} failures[] = {
	{CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE},
	{CHANNEL_THROTTLED, CHANNEL_BLAME_MESSAGE},
	{CHANNEL_UNKNOWN, CHANNEL_BLAME_MESSAGE},
	{CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT},
};

static void rest__begins_in_flight__what_fails_is_not_tried_again(void **state)
{
	for (size_t rest = 0; rest < 2; rest++)
		for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
			rests[rest]();
			desk_answer(failures[i].verdict, failures[i].blame);
			desk_tick();
			desk_move(2 * 3600);
			desk_tick();
			if (desk.n_sendings != 1 || desk_count("pending") != 0)
				fail_msg("%zu, %s: tried again", rest, channel_verdict_name(failures[i].verdict));
			(void)close_desk(state);
			(void)open_desk(state);
		}
}

static void rest__begins_in_flight__what_is_accepted_was_told(void **state)
{
	for (size_t rest = 0; rest < 2; rest++) {
		rests[rest]();
		desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
		desk_tick();
		assert_int_equal(desk_count("sent"), 1);
		assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM reminder WHERE dropped IS NULL"), 1);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(rest__begins_in_flight__what_fails_is_not_tried_again),
		WITH_DESK(rest__begins_in_flight__what_is_accepted_was_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
