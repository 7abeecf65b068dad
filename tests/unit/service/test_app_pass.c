#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "desk.h"
#include "remind/planner.h"

/* What one pass does and leaves to the next, and that an undone one has used up nothing. */

static const char config[] = "operator = anna\n[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0m before start\n";
static const char limited[] = "operator = anna\n[channel email]\ntype = maildir\npath = mail\nrate = 1/h\n"
			      "[policy default]\nremind = 0m before start\n";

static void open_desk(const char *text)
{
	(void)log_set_level(LOG_LEVEL_ERROR);
	desk_open(text, "2025-06-02T03:00");
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
}

static void add_task(const char *uid, const char *people)
{
	(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
								  .start = "2025-06-02T12:00",
								  .precision = PERIOD_MINUTE,
								  .zone = "Europe/Moscow",
								  .people = people,
								  .planned_until = desk.now.wall_s});
}

/* A pass that writes the time, as one does that has claimed something, is undone. */
static void undo_a_pass(void)
{
	office_run(&desk.office, "CREATE TRIGGER full BEFORE INSERT ON meta WHEN new.key = 'seen_utc'"
				 " BEGIN SELECT RAISE(FAIL, 'full'); END");
	assert_int_not_equal(desk_try(), 0);
	office_run(&desk.office, "DROP TRIGGER full");
	assert_int_equal(desk.n_sendings, 0);
	desk_move(2);
}

static void pass__more_digests_are_due_than_it_plans__claims_nothing(void **state)
{
	(void)state;
	open_desk(config);
	desk.room = 2 * PLANNER_DIGESTS;
	for (int i = 0; i < PLANNER_DIGESTS; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "p%d", i);
		office_add_person(&desk.office, id, "Europe/Moscow", "email");
	}
	add_task("t", "anna");
	office_run(&desk.office, "INSERT OR IGNORE INTO part (task, person) SELECT t.id, p.id FROM task t, person p;"
				 "UPDATE person SET digest = 'daily 09:00'");
	desk_tick();
	desk_move_to("2025-06-02T06:00");
	OK(desk_try());
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message WHERE kind = 'digest'"),
			 PLANNER_DIGESTS);
	assert_int_equal(desk.n_sendings, 0);
	assert_int_equal(app_next_wake_utc(desk.app), desk.now.wall_s);
	OK(desk_try());
	assert_int_equal(desk.n_sendings, PLANNER_DIGESTS + 1);
	desk_close();
}

static void pass__undone__warns_of_the_calendars_in_the_next(void **state)
{
	(void)state;
	open_desk(config);
	office_run(&desk.office, "UPDATE person SET calendar = 'atlantis'");
	undo_a_pass();
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	assert_non_null(strstr(desk.sendings[0].text, "atlantis"));
	desk_close();
}

static void pass__undone__has_not_used_up_the_rate(void **state)
{
	(void)state;
	open_desk(limited);
	add_task("t", "anna");
	desk_tick();
	desk_move_to("2025-06-02T09:00");
	undo_a_pass();
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	desk_close();
}

/* What waits behind it is no reason to look again before there is an answer. */
static void pass__failing_channel_has_its_probe_in_flight__comes_to_rest(void **state)
{
	(void)state;
	open_desk(config);
	add_task("t", "anna");
	desk_tick();
	desk_move_to("2025-06-02T09:00");
	desk_tick();
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	desk_tick();
	(void)office_add_message(&desk.office, 1, "anna", "email", "another", desk.now.wall_s);
	desk_move(3600);
	desk_tick();
	assert_int_equal(desk.n_flying, 1);
	assert_int_equal(desk_count("pending"), 1);
	desk_move(1);
	desk_tick();
	assert_true(app_next_wake_utc(desk.app) > desk.now.wall_s + 3600);
	desk_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pass__more_digests_are_due_than_it_plans__claims_nothing),
		cmocka_unit_test(pass__undone__warns_of_the_calendars_in_the_next),
		cmocka_unit_test(pass__undone__has_not_used_up_the_rate),
		cmocka_unit_test(pass__failing_channel_has_its_probe_in_flight__comes_to_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
