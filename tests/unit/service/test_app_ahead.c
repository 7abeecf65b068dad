#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"
#include "remind/planner.h"

/* What falls due soon is planned before its instant, and nobody can tell: it leaves at its instant, and every edit until
 * then counts. */

static const char config[] = "[limits]\nmessages_per_hour_per_person = 1000\n"
			     "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 1h before start\n"
			     "[policy other]\nremind = 2h before start\n"
			     "[policy both]\nremind = 1h before start\nremind = 1h before end\n";

static void add_task(const char *uid, const char *start)
{
	(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
								  .start = start,
								  .precision = PERIOD_MINUTE,
								  .people = "anna",
								  .planned_until = utc("2025-06-01T00:00")});
}

/* A task whose reminder is due at noon. */
static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-12T11:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "UTC", "email");
	office_add_person(&desk.office, "boris", "UTC", "email");
	add_task("t", "2025-06-12T13:00");
	desk_tick();
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void move_to_window(void)
{
	desk_move_to("2025-06-12T12:00");
	desk_move(-PLANNER_AHEAD_S);
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
}

/* Goes on as the loop would until that instant. */
static void run_until(const char *end)
{
	while (app_next_wake_utc(desk.app) <= utc(end)) {
		if (app_next_wake_utc(desk.app) > desk.now.wall_s)
			desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
		desk_tick();
	}
	desk_move_to(end);
	desk_tick();
}

static void ahead__soon_due__is_in_the_outbox_and_leaves_at_its_instant(void **state)
{
	(void)state;
	assert_int_equal(app_next_wake_utc(desk.app), utc("2025-06-12T12:00") - PLANNER_AHEAD_S);
	assert_int_equal(desk_count("pending"), 0);
	move_to_window();
	assert_int_equal(desk_count("pending"), 1);
	assert_int_equal(office_number(&desk.office, "SELECT due_utc FROM message"), utc("2025-06-12T12:00"));
	assert_int_equal(app_next_wake_utc(desk.app), utc("2025-06-12T12:00"));
	desk_move_to("2025-06-12T11:59:59");
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	desk_move_to("2025-06-12T12:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	run_until("2025-06-13T12:00");
	assert_int_equal(desk.n_sendings, 1);
}

/* What happens two seconds before, and how often anna hears of the task then, and when for the first time. */
static const struct {
	const char *edit;
	size_t n;
	const char *first;
} edits[] = {
	{"UPDATE task SET title = 'Another title'", 1, "2025-06-12T12:00"},
	{"UPDATE task SET status = 'done'", 0, NULL},
	{"UPDATE task SET status = 'cancelled'", 0, NULL},
	{"UPDATE task SET status = 'cancelled'; UPDATE task SET status = 'open'", 1, "2025-06-12T12:00"},
	{"DELETE FROM task", 0, NULL},
	{"DELETE FROM part", 0, NULL},
	{"DELETE FROM part; INSERT INTO part (task, person) VALUES (1, 'anna')", 1, "2025-06-12T12:00"},
	{"UPDATE person SET active = 0 WHERE id = 'anna'", 0, NULL},
	{"INSERT INTO silence (person, until_utc, reason, author) VALUES ('anna', 4000000000, 'leave', 'olga')", 0,
	 NULL},
	{"UPDATE task SET start_local = '2025-06-12T13:30', end_local = '2025-06-12T13:30'", 1, "2025-06-12T12:30"},
	{"UPDATE task SET start_local = '2025-06-12T12:59', end_local = '2025-06-12T12:59'", 1, "2025-06-12T11:59:58"},
	{"UPDATE task SET start_local = '2025-06-12T13:30', end_local = '2025-06-12T13:30';"
	 "UPDATE task SET start_local = '2025-06-12T13:00', end_local = '2025-06-12T13:00'",
	 1, "2025-06-12T12:00"},
	{"UPDATE person SET quiet = '11:00-15:00' WHERE id = 'anna'", 1, "2025-06-12T15:00"},
};

static void ahead__edit_meanwhile__counts(void **state)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		move_to_window();
		assert_int_equal(desk_count("pending"), 1);
		desk_move_to("2025-06-12T11:59:58");
		office_run(&desk.office, "%s", edits[i].edit);
		desk_tick();
		if (edits[i].first != NULL && utc(edits[i].first) > desk.now.wall_s) {
			run_until(edits[i].first);
			desk_move(-1);
			if (desk.n_sendings != 1)
				fail_msg("%s: sent %zu times by %s", edits[i].edit, desk.n_sendings, edits[i].first);
		}
		desk_move_to("2025-06-12T15:00");
		desk_tick();
		if (desk.n_sendings != edits[i].n)
			fail_msg("%s: sent %zu times", edits[i].edit, desk.n_sendings);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

/* The step that an edit puts between now and what was planned ahead is new, though the plan is beyond it. */
static void ahead__edit_makes_a_step_due_before_what_was_planned__it_is_sent(void **state)
{
	(void)state;
	move_to_window();
	office_run(&desk.office,
		   "UPDATE task SET start_local = '2025-06-12T13:59:55', end_local = '2025-06-12T13:59:55',"
		   " policy = 'other'");
	desk_tick();
	desk_move_to("2025-06-12T11:59:54");
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	desk_move_to("2025-06-12T11:59:55");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	run_until("2025-06-12T12:00");
	assert_int_equal(desk.n_sendings, 1);
	run_until("2025-06-12T14:00");
	assert_int_equal(desk.n_sendings, 1);
}

static void ahead__person_who_comes_meanwhile__hears_of_it_too(void **state)
{
	(void)state;
	move_to_window();
	office_run(&desk.office, "INSERT INTO part (task, person) VALUES (1, 'boris')");
	desk_tick();
	run_until("2025-06-12T12:00");
	assert_int_equal(desk.n_sendings, 2);
	assert_string_not_equal(desk.sendings[0].to_address, desk.sendings[1].to_address);
}

static void ahead__process_dies_meanwhile__leaves_at_its_instant_once(void **state)
{
	(void)state;
	move_to_window();
	desk_crash(config);
	desk_tick();
	run_until("2025-06-13T12:00");
	assert_int_equal(desk.n_sendings, 1);
}

/* What could not be sent to anybody is planned anew once it can, also when the clock says that it is still to come. */
static void ahead__clock_set_back_and_an_address_given__leaves_at_its_instant(void **state)
{
	(void)state;
	office_run(&desk.office, "DELETE FROM address WHERE person = 'anna'");
	desk_move_to("2025-06-12T12:00");
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM reminder WHERE dropped = 'no address'"), 1);
	desk_move(-1800);
	desk_tick();
	office_run(&desk.office, "INSERT INTO address VALUES ('anna', 'email', 'anna@example.org')");
	desk_tick();
	run_until("2025-06-12T11:59:59");
	assert_int_equal(desk.n_sendings, 0);
	run_until("2025-06-12T12:00");
	assert_int_equal(desk.n_sendings, 1);
	run_until("2025-06-12T12:30");
	assert_int_equal(desk.n_sendings, 1);
}

/* A clock that is set back behind what was planned: it waits for its instant, and comes once. */
static void ahead__clock_set_back_meanwhile__leaves_at_its_instant_once(void **state)
{
	(void)state;
	move_to_window();
	desk.now.wall_s -= 300;
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	run_until("2025-06-12T11:59:59");
	assert_int_equal(desk.n_sendings, 0);
	run_until("2025-06-13T12:00");
	assert_int_equal(desk.n_sendings, 1);
}

/* Whatever else is planned ahead, what is due leaves in the same pass. */
static void ahead__crowd_to_come__holds_nobody_up(void **state)
{
	(void)state;
	enum { CROWD = 300 };
	for (int i = 0; i < CROWD; i++) {
		char uid[24];
		(void)snprintf(uid, sizeof(uid), "crowd%d", i);
		add_task(uid, "2025-06-12T13:00:05");
	}
	desk_tick();
	desk_move_to("2025-06-12T12:00");
	OK(desk_try());
	assert_int_equal(desk.n_sendings, 1);
	assert_in_range(desk_count("pending"), 1, CROWD - 1);
	desk_tick();
	assert_int_equal(desk_count("pending"), CROWD);
	assert_int_equal(desk.n_sendings, 1);
	desk.room = 9999;
	run_until("2025-06-12T12:00:05");
	assert_int_equal(desk.n_sendings, CROWD + 1);
}

/* Two steps of a task in one window: each at its own instant. */
static void ahead__two_instants_in_a_row__are_two_messages(void **state)
{
	(void)state;
	add_task("u", "2025-06-12T13:00:03");
	desk_tick();
	move_to_window();
	desk_move(3);
	desk_tick();
	assert_int_equal(desk_count("pending"), 2);
	desk_move_to("2025-06-12T12:00:02");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	desk_move(1);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
}

/* Two plans of one task, one behind the other: an edit goes back to where the first began. */
static void ahead__planned_twice_and_edited__misses_nothing_in_between(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE task SET end_local = '2025-06-12T13:00:05', policy = 'both'");
	desk_tick();
	move_to_window();
	desk_move(5);
	desk_tick();
	assert_int_equal(desk_count("pending"), 2);
	office_run(&desk.office, "UPDATE task SET start_local = '2025-06-12T12:59', end_local = '2025-06-12T14:00'");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	run_until("2025-06-12T12:59");
	assert_int_equal(desk.n_sendings, 1);
	run_until("2025-06-12T13:00");
	assert_int_equal(desk.n_sendings, 2);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(ahead__soon_due__is_in_the_outbox_and_leaves_at_its_instant),
		WITH_DESK(ahead__edit_meanwhile__counts),
		WITH_DESK(ahead__edit_makes_a_step_due_before_what_was_planned__it_is_sent),
		WITH_DESK(ahead__person_who_comes_meanwhile__hears_of_it_too),
		WITH_DESK(ahead__process_dies_meanwhile__leaves_at_its_instant_once),
		WITH_DESK(ahead__clock_set_back_meanwhile__leaves_at_its_instant_once),
		WITH_DESK(ahead__clock_set_back_and_an_address_given__leaves_at_its_instant),
		WITH_DESK(ahead__crowd_to_come__holds_nobody_up),
		WITH_DESK(ahead__two_instants_in_a_row__are_two_messages),
		WITH_DESK(ahead__planned_twice_and_edited__misses_nothing_in_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
