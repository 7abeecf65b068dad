#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"

/* An edit that is undone before a reminder left must not cost the reminder. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 3d 1d before start at 09:00\n";

/* A task on 15 June whose step of 12 June waits, because the channel has no room. */
static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	desk.answers_at_once = true;
	desk.room = 0;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = utc("2025-06-01T00:00")});
	desk_tick();
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(desk_count("pending"), 1);
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static const struct {
	const char *name, *edit, *undo;
} edits[] = {
	{"moved", "UPDATE task SET start_local = '2025-07-15', end_local = '2025-07-15'",
	 "UPDATE task SET start_local = '2025-06-15', end_local = '2025-06-15'"},
	{"done", "UPDATE task SET status = 'done'", "UPDATE task SET status = 'open'"},
	{"cancelled", "UPDATE task SET status = 'cancelled'", "UPDATE task SET status = 'open'"},
	{"taken out", "DELETE FROM part", "INSERT INTO part (task, person) SELECT id, 'anna' FROM task"},
	{"inactive", "UPDATE person SET active = 0", "UPDATE person SET active = 1"},
	{"without an address", "DELETE FROM address",
	 "INSERT INTO address VALUES ('anna', 'email', 'anna@example.org')"},
};

static void undone__before_it_left__is_sent_once(void **state)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		office_run(&desk.office, "%s", edits[i].edit);
		desk_tick();
		if (desk_count("pending") != 0)
			fail_msg("%s: still waits", edits[i].name);
		office_run(&desk.office, "%s", edits[i].undo);
		desk.room = 9;
		desk_move(60);
		desk_tick();
		desk_tick();
		if (desk.n_sendings != 1)
			fail_msg("%s: sent %zu times", edits[i].name, desk.n_sendings);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void undone__after_it_left__is_not_sent_again(void **state)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		desk.room = 9;
		desk_tick();
		assert_int_equal(desk.n_sendings, 1);
		office_run(&desk.office, "%s", edits[i].edit);
		desk_tick();
		office_run(&desk.office, "%s", edits[i].undo);
		desk_move(60);
		desk_tick();
		desk_tick();
		int64_t copies = office_number(&desk.office, "SELECT count(*) FROM reminder WHERE step LIKE '3d %%'"
							     " AND message IS NOT NULL");
		if (copies != 1)
			fail_msg("%s: %lld copies", edits[i].name, (long long)copies);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

/* A person who never had an address hears of the step that was missed for it, once there is one. */
static void undone__first_address__brings_the_missed_step(void **state)
{
	(void)state;
	office_run(&desk.office,
		   "DELETE FROM address; DELETE FROM reminder; DELETE FROM message;"
		   "UPDATE task SET planned_until = %lld, planned_from = NULL, next_due_utc = NULL",
		   (long long)utc("2025-06-12T05:00"));
	desk.room = 9;
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	assert_string_equal(office_text(&desk.office, "SELECT dropped FROM reminder"), "no address");
	office_run(&desk.office, "INSERT INTO address VALUES ('anna', 'email', 'anna@example.org')");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(undone__before_it_left__is_sent_once),
		WITH_DESK(undone__after_it_left__is_not_sent_again),
		WITH_DESK(undone__first_address__brings_the_missed_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
