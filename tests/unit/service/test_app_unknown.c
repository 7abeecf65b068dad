#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"

/* Whoever may have been told a date, because the reply was lost, hears that it is not so any more. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 3d 1d before start at 09:00\n";

/* A task on 15 June whose step of 12 June is in flight. */
static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
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

static void lose_reply(void)
{
	desk_answer(CHANNEL_UNKNOWN, CHANNEL_BLAME_MESSAGE);
	desk_tick();
}

static void die(void)
{
	desk_crash(config);
	desk_tick();
}

static const struct {
	const char *sql, *step;
} edits[] = {
	{"UPDATE task SET start_local = '2025-07-15', end_local = '2025-07-15'", "moved 1"},
	{"UPDATE task SET status = 'cancelled'", "cancelled 1"},
};
static void (*const losses[])(void) = {lose_reply, die};

static void check_told(size_t edit, size_t loss, bool is_first)
{
	if (is_first)
		office_run(&desk.office, "%s", edits[edit].sql);
	desk_tick();
	losses[loss]();
	if (!is_first)
		office_run(&desk.office, "%s", edits[edit].sql);
	desk_move(60);
	desk_tick();
	if (office_number(&desk.office,
			  "SELECT count(*) FROM reminder r JOIN message m ON m.id = r.message"
			  " WHERE m.state = 'sending' AND step = '%s'",
			  edits[edit].step) != 1)
		fail_msg("%s, %s: nobody hears of it", edits[edit].step, is_first ? "then lost" : "after the loss");
}

static void unknown__moved_or_cancelled__is_told(void **state)
{
	for (size_t edit = 0; edit < 2; edit++)
		for (size_t loss = 0; loss < 2; loss++)
			for (int is_first = 0; is_first < 2; is_first++) {
				check_told(edit, loss, is_first != 0);
				(void)close_desk(state);
				(void)open_desk(state);
			}
}

/* A server that refused it has it not. */
static void refused__moved__is_not_told(void **state)
{
	(void)state;
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	office_run(&desk.office, "%s", edits[0].sql);
	desk_move(60);
	desk_tick();
	assert_int_equal(desk_count("sending"), 0);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(unknown__moved_or_cancelled__is_told),
		WITH_DESK(refused__moved__is_not_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
