#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "desk.h"

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 3d 1d before start at 09:00\n";

/* Tasks on 15 June, reminded of on 12 and 14 June at 06:00 UTC. */
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

static void add_tasks(int n)
{
	for (int i = 0; i < n; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
									  .start = "2025-06-15",
									  .zone = "Europe/Moscow",
									  .people = "anna",
									  .planned_until = utc("2025-06-01")});
	}
}

static void app__due_step__is_claimed_committed_and_only_then_sent(void **state)
{
	(void)state;
	add_tasks(1);
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	desk_move_to("2025-06-12T05:59:59");
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	assert_int_equal(app_next_wake_utc(desk.app), utc("2025-06-12T06:00"));
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	assert_true(desk.sendings[0].is_recorded);
	assert_string_equal(desk.sendings[0].to_address, "anna@email.example.org");
	assert_true(strlen(desk.sendings[0].key) > 0);
	assert_string_equal(office_state(&desk.office, desk.sendings[0].id), "sending");
}

static void app__result__wakes_the_loop_and_is_settled_by_the_next_pass(void **state)
{
	(void)state;
	int64_t sent = 0, in_flight = 0;
	add_tasks(1);
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	app_counts(desk.app, &sent, &in_flight);
	assert_int_equal(in_flight, 1);
	assert_false(app_is_idle(desk.app));
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(desk.n_wakes, 1);
	assert_string_equal(office_state(&desk.office, 1), "sending");
	assert_false(app_is_idle(desk.app));
	desk_tick();
	assert_string_equal(office_state(&desk.office, 1), "sent");
	assert_true(app_is_idle(desk.app));
	app_counts(desk.app, &sent, &in_flight);
	assert_int_equal(sent, 1);
	assert_int_equal(in_flight, 0);
	assert_int_equal(app_next_wake_utc(desk.app), utc("2025-06-13T06:00")); /* the next scan */
	desk_move_to("2025-06-14T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
}

/* A server that answers nothing wakes nobody up: what is due next is looked for as soon as a pass moved nothing. */
static void app__under_way__is_looked_after_each_second_while_something_moves(void **state)
{
	(void)state;
	struct channel_result result = desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	add_tasks(2);
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(app_next_wake_utc(desk.app), desk.now.wall_s + 1);
	desk_finish(0, &result);
	desk_tick();
	assert_int_equal(app_next_wake_utc(desk.app), desk.now.wall_s + 1);
	desk_move(1);
	desk_tick();
	assert_int_equal(app_next_wake_utc(desk.app), desk.now.wall_s + 86400);
	desk_finish(0, &result);
	desk_tick();
	assert_int_equal(desk_count("sent"), 2);
	assert_int_equal(app_next_wake_utc(desk.app), desk.now.wall_s + 86400);
}

static void app__result_from_inside_send__is_settled_too(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	add_tasks(5);
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(desk_count("sent"), 5);
}

static void app__retry__keeps_message_id_and_key(void **state)
{
	(void)state;
	static const enum channel_verdict verdicts[] = {CHANNEL_TEMPORARY, CHANNEL_UNKNOWN, CHANNEL_THROTTLED};
	add_tasks(1);
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	for (size_t i = 0; i < 3; i++) {
		desk_answer(verdicts[i], CHANNEL_BLAME_MESSAGE);
		desk_tick();
		assert_int_equal(desk.n_sendings, i + 1);
		desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
		desk_tick();
		assert_int_equal(desk.n_sendings, i + 2);
		assert_string_equal(desk.sendings[i + 1].message_id, desk.sendings[0].message_id);
		assert_string_equal(desk.sendings[i + 1].key, desk.sendings[0].key);
	}
	desk_crash(config);
	desk_tick();
	assert_int_equal(desk.n_sendings, 5);
	assert_string_equal(desk.sendings[4].message_id, desk.sendings[0].message_id);
}

static void app__database_locked__nothing_is_sent_and_results_are_kept(void **state)
{
	(void)state;
	add_tasks(3);
	desk.room = 1;
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	office_run(&desk.office, "BEGIN IMMEDIATE");
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(desk_try(), -EBUSY);
		assert_true(app_next_wake_utc(desk.app) > desk.now.wall_s);
		assert_true(app_next_wake_utc(desk.app) <= desk.now.wall_s + 5);
		assert_int_equal(desk.n_sendings, 1);
		assert_false(app_is_idle(desk.app));
		desk_move(2);
	}
	office_run(&desk.office, "ROLLBACK");
	OK(desk_try());
	assert_string_equal(office_state(&desk.office, desk.sendings[0].id), "sent");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM attempt WHERE outcome = 'accepted'"), 1);
	assert_int_equal(desk.n_sendings, 2);
	assert_int_not_equal(desk.sendings[1].id, desk.sendings[0].id);
}

static void app__locked_before_anything_is_due__sends_when_it_is_free(void **state)
{
	(void)state;
	add_tasks(1);
	desk_move_to("2025-06-12T06:00");
	office_run(&desk.office, "BEGIN IMMEDIATE");
	assert_int_equal(desk_try(), -EBUSY);
	office_run(&desk.office, "ROLLBACK");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

static void app__person_is_gone__holds_up_that_message_alone(void **state)
{
	(void)state;
	add_tasks(1);
	office_add_person(&desk.office, "boris", "Europe/Moscow", "email");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "b",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "boris",
								  .planned_until = utc("2025-06-01")});
	desk.room = 0;
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	office_run(&desk.office, "PRAGMA foreign_keys = OFF");
	office_run(&desk.office, "UPDATE message SET person = 'gone' WHERE person = 'anna'");
	desk.room = 5;
	desk_move(60); /* late, so its reader's hours are asked for */
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	assert_string_equal(desk.sendings[0].to_address, "boris@email.example.org");
}

static void app__room_of_the_channel__is_kept(void **state)
{
	(void)state;
	desk.room = 2;
	add_tasks(5);
	desk_move_to("2025-06-12T06:00");
	for (size_t sent = 2; sent <= 5; sent += 2) {
		desk_tick();
		assert_int_equal(desk.n_flying, 2);
		assert_int_equal(desk.n_sendings, sent);
		desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	}
	desk_tick();
	assert_int_equal(desk.n_sendings, 5);
}

static void app__crash__sends_what_was_in_flight_again_and_nothing_else(void **state)
{
	(void)state;
	desk.room = 2;
	add_tasks(3);
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	struct channel_result accepted = desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	int64_t settled = desk.flying[0].id, flying = desk.flying[1].id;
	desk_finish(0, &accepted);
	desk.room = 1;
	desk_tick();
	assert_string_equal(office_state(&desk.office, settled), "sent");
	desk_crash(config);
	assert_string_equal(office_state(&desk.office, flying), "pending");
	size_t before = desk.n_sendings;
	desk.answers_at_once = true;
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 2);
	assert_int_equal(desk_count("sent"), 3);
	assert_int_equal(office_number(&desk.office, "SELECT sum(crashes) FROM message"), 1);
}

static void app__crash_after_acceptance__costs_one_copy_of_each_in_flight(void **state)
{
	(void)state;
	add_tasks(3);
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_crash(config);
	desk.answers_at_once = true;
	desk_tick();
	assert_int_equal(desk.n_sendings, 6);
	assert_int_equal(desk_count("sent"), 3);
}

static void app__address_that_cannot_be_used__is_dead_and_the_rest_is_sent(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	office_add_person(&desk.office, "bad", "Europe/Moscow", "email");
	add_tasks(1);
	office_run(&desk.office, "INSERT INTO part (task, person) VALUES (1, 'bad')");
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(desk_count("dead"), 1);
	assert_int_equal(desk_count("sent"), 1);
	assert_int_equal(desk.n_sendings, 1);
}

static void app__letter_that_cannot_be_written__is_tried_again(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	add_tasks(1);
	office_run(&desk.office, "DROP TRIGGER address_removed");
	desk_move_to("2025-06-12T06:00");
	desk.room = 0;
	desk_tick();
	office_run(&desk.office, "DELETE FROM address");
	desk.room = 9;
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	assert_int_equal(desk_count("pending"), 1);
	office_run(&desk.office, "INSERT INTO address VALUES ('anna', 'email', 'anna@new.example.org')");
	desk_move(3600);
	desk_tick();
	assert_int_equal(desk_count("sent"), 1);
	assert_string_equal(desk.sendings[0].to_address, "anna@new.example.org");
}

static void app__waiting_too_long__is_stale_and_not_sent(void **state)
{
	(void)state;
	add_tasks(1);
	desk.room = 0;
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	desk_move_to("2025-06-13T06:00");
	desk_tick();
	assert_int_equal(desk_count("pending"), 1);
	desk_move_to("2025-06-14T06:00");
	desk_tick();
	desk_move_to("2025-06-20T06:00");
	desk_tick();
	desk.room = 9;
	desk_tick();
	assert_int_equal(desk_count("stale"), 1);
	assert_int_equal(desk_count("pending") + desk_count("sending"), 1); /* that of 14 June */
}

static void app__stopped__lets_finish_what_is_in_flight_and_claims_nothing(void **state)
{
	(void)state;
	add_tasks(3);
	desk.room = 1;
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	app_stop(desk.app);
	desk_tick();
	assert_false(app_is_idle(desk.app));
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_true(app_is_idle(desk.app));
	assert_int_equal(desk.n_sendings, 1);
	assert_int_equal(desk_count("sent"), 1);
	assert_int_equal(desk_count("pending"), 2);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(app__due_step__is_claimed_committed_and_only_then_sent),
		WITH_DESK(app__result__wakes_the_loop_and_is_settled_by_the_next_pass),
		WITH_DESK(app__under_way__is_looked_after_each_second_while_something_moves),
		WITH_DESK(app__result_from_inside_send__is_settled_too),
		WITH_DESK(app__retry__keeps_message_id_and_key),
		WITH_DESK(app__database_locked__nothing_is_sent_and_results_are_kept),
		WITH_DESK(app__locked_before_anything_is_due__sends_when_it_is_free),
		WITH_DESK(app__person_is_gone__holds_up_that_message_alone),
		WITH_DESK(app__room_of_the_channel__is_kept),
		WITH_DESK(app__crash__sends_what_was_in_flight_again_and_nothing_else),
		WITH_DESK(app__crash_after_acceptance__costs_one_copy_of_each_in_flight),
		WITH_DESK(app__address_that_cannot_be_used__is_dead_and_the_rest_is_sent),
		WITH_DESK(app__letter_that_cannot_be_written__is_tried_again),
		WITH_DESK(app__waiting_too_long__is_stale_and_not_sent),
		WITH_DESK(app__stopped__lets_finish_what_is_in_flight_and_claims_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
