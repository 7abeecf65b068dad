#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "desk.h"

/* What the app does when somebody sets the clock, or when it was wrong at boot. */

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 3d 1d before start at 09:00\n";

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

/* On a day in Moscow; its steps are due at 06:00 UTC three days and one day before. */
static void add_task(const char *uid, const char *day)
{
	(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
								  .start = day,
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = desk.now.wall_s});
}

/* A clock that is set moves the wall time alone. */
static void set_clock(const char *to)
{
	desk.now.wall_s = utc(to);
}

/* The clock is right again while the daemon runs, or by the time it starts again. */
static void correct_clock(const char *to, bool is_restart)
{
	set_clock(to);
	if (is_restart)
		desk_crash(config);
}

static void app__clock_had_been_years_ahead__new_tasks_are_reminded_of_all_the_same(void **state)
{
	for (int is_restart = 0; is_restart <= 1; is_restart++) {
		set_clock("2030-01-01T00:00");
		desk_tick();
		add_task("new", "2025-06-15");
		desk_tick();
		correct_clock("2025-06-01T10:00", is_restart != 0);
		desk_tick();
		assert_int_equal(desk.n_sendings, 0);
		desk_move_to("2025-06-12T06:00");
		desk_tick();
		if (desk.n_sendings != 1)
			fail_msg("restart %d: nobody was reminded", is_restart);
		desk_move_to("2025-06-14T06:00");
		desk_tick();
		assert_int_equal(desk.n_sendings, 2);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void app__clock_had_been_a_day_ahead__nothing_is_sent_twice_and_nothing_lost(void **state)
{
	for (int is_restart = 0; is_restart <= 1; is_restart++) {
		add_task("t", "2025-06-15");
		desk_tick();
		set_clock("2025-06-12T12:00"); /* in truth it is the 11th */
		desk_tick();
		assert_int_equal(desk.n_sendings, 1);
		correct_clock("2025-06-11T12:00", is_restart != 0);
		desk_tick();
		desk_move_to("2025-06-12T06:00");
		desk_tick();
		assert_int_equal(desk.n_sendings, 1);
		desk_move_to("2025-06-14T06:00");
		desk_tick();
		assert_int_equal(desk.n_sendings, 2);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void app__retry_from_a_wrong_clock__does_not_wait_for_its_day(void **state)
{
	for (int is_restart = 0; is_restart <= 1; is_restart++) {
		add_task("t", "2025-06-15");
		desk_move_to("2025-06-12T06:00");
		desk.answers_at_once = false;
		desk_tick();
		set_clock("2025-06-18T00:00");
		desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
		OK(desk_try()); /* the next try is written for the 18th */
		correct_clock("2025-06-12T07:00", is_restart != 0);
		desk_tick();
		for (int hour = 0; hour < 24 && desk.n_sendings == 1; hour++) {
			desk_move(3600);
			desk_tick();
		}
		if (desk.n_sendings != 2)
			fail_msg("restart %d: it was not tried again", is_restart);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static const struct {
	const char *name;
	int64_t ahead_s;
} wrongs[] = {{"an hour", 3600}, {"11 hours", 11 * 3600}, {"3 days", 3 * 86400}, {"6 days", 6 * 86400}};

/* Minutes until the next message leaves. */
static int64_t minutes_until_sent(void)
{
	size_t had = desk.n_sendings;
	int64_t minutes = 0;
	desk_tick();
	for (; desk.n_sendings == had && minutes < 9000; minutes++) {
		desk_move(60);
		desk_tick();
	}
	return minutes;
}

/* A message of the right time is answered by a clock that is ahead, which is then set back by so much. */
static void answer_ahead(size_t row, bool is_restart, enum channel_verdict verdict, enum channel_blame blame)
{
	add_task("t", "2025-06-15");
	desk_move_to("2025-06-12T06:00");
	desk.answers_at_once = false;
	desk_tick();
	desk.now.wall_s += wrongs[row].ahead_s;
	struct channel_result result = desk_result(verdict, blame);
	result.retry_after_s = 300;
	desk_finish(0, &result);
	desk_tick();
	desk.answers_at_once = true;
	desk_move(120);
	desk.now.wall_s -= wrongs[row].ahead_s;
	if (is_restart)
		desk_crash(config);
}

/* Five minutes have begun two minutes ago. A start does not know of those; one that finds the clock days behind waits ten
 * minutes before it believes that. */
static void check_rest_of_five_minutes(size_t row, bool is_restart)
{
	int64_t minutes = minutes_until_sent();
	int64_t most = !is_restart ? 4 : wrongs[row].ahead_s > 86400 ? 6 + 11 : 6;
	if (minutes < 2 || minutes > most)
		fail_msg("%s back, restart %d: after %lld min", wrongs[row].name, is_restart, (long long)minutes);
}

static void app__clock_set_back__a_retry_waits_no_longer_than_without_that(void **state)
{
	for (size_t i = 0; i < 2 * sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const bool is_restart = i % 2 != 0;
		answer_ahead(i / 2, is_restart, CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
		check_rest_of_five_minutes(i / 2, is_restart);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void app__clock_set_back__a_channel_that_failed_is_tried_as_soon(void **state)
{
	for (size_t row = 0; row < sizeof(wrongs) / sizeof(wrongs[0]); row++) {
		answer_ahead(row, false, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
		(void)office_add_message(&desk.office, 1, "anna", "email", "fresh", desk.now.wall_s);
		int64_t minutes = minutes_until_sent();
		if (minutes > 1)
			fail_msg("%s back: after %lld min", wrongs[row].name, (long long)minutes);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void app__clock_set_back__a_pause_that_was_asked_for_is_as_long(void **state)
{
	for (size_t i = 0; i < 2 * sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const bool is_restart = i % 2 != 0;
		answer_ahead(i / 2, is_restart, CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
		check_rest_of_five_minutes(i / 2, is_restart);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

/* The pass that finds it cannot be committed: the next one follows the same step, and no further. */
static void app__clock_set_back__a_pass_that_is_undone_shifts_nothing_twice(void **state)
{
	(void)state;
	answer_ahead(1, false, CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	office_run(&desk.office, "BEGIN IMMEDIATE");
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(desk_try(), 0);
	office_run(&desk.office,
		   "ROLLBACK; CREATE TRIGGER full BEFORE UPDATE ON message BEGIN SELECT RAISE(FAIL, 'full'); END");
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(desk_try(), 0);
	office_run(&desk.office, "DROP TRIGGER full");
	(void)office_add_message(&desk.office, 1, "anna", "email", "fresh", desk.now.wall_s);
	check_rest_of_five_minutes(1, false);
}

static void app__pass_that_is_undone__has_not_noted_the_time(void **state)
{
	(void)state;
	add_task("t", "2025-06-03");
	desk_move_to("2025-06-02T06:00");
	office_run(&desk.office, "CREATE TRIGGER full AFTER INSERT ON meta WHEN new.key = 'seen_utc'"
				 " BEGIN SELECT RAISE(FAIL, 'full'); END");
	assert_int_not_equal(desk_try(), 0);
	assert_int_equal(desk.n_sendings, 0);
	office_run(&desk.office, "DROP TRIGGER full");
	desk_move(2);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	assert_int_equal(office_number(&desk.office, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'seen_utc'"),
			 desk.now.wall_s);
}

static void app__started_again_after_the_clock_was_set_back__shifts_nothing_twice(void **state)
{
	(void)state;
	answer_ahead(1, false, CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	for (int i = 0; i < 3; i++)
		desk_crash(config);
	check_rest_of_five_minutes(1, false);
}

static void app__clock_before_everything__plans_nothing_new_and_recovers(void **state)
{
	(void)state;
	add_task("t", "2025-06-15");
	desk_tick();
	set_clock("1970-01-01T00:10");
	desk_crash(config);
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	set_clock("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

static void app__an_hour_back__repeats_and_skips_nothing(void **state)
{
	(void)state;
	add_task("t", "2025-06-15");
	add_task("u", "2025-06-16");
	desk_move_to("2025-06-12T06:00:30");
	desk_tick();
	set_clock("2025-06-12T05:00:30");
	for (int minute = 0; minute < 4 * 1440; minute += 30) {
		desk_tick();
		desk_move(1800);
	}
	assert_int_equal(desk.n_sendings, 4);
}

/* By the clock of before, the next look for what is too old lies days ahead. */
static void app__clock_set_back__what_is_too_old_is_found_all_the_same(void **state)
{
	(void)state;
	desk.room = 0;
	desk_tick();
	set_clock("2025-06-12T00:00");
	desk_tick();
	set_clock("2025-06-09T00:00");
	add_task("t", "2025-09-15");
	(void)office_add_message(&desk.office, 1, "anna", "email", "old", utc("2025-05-30T00:00"));
	desk_tick();
	assert_int_equal(desk_count("stale"), 1);
}

/* Longer than any retry: New Year's holidays. */
static void app__clock_set_back__does_not_wake_a_reader_who_rests(void **state)
{
	for (int is_restart = 0; is_restart <= 1; is_restart++) {
		add_task("t", "2025-06-15");
		desk_move_to("2025-06-12T06:00");
		desk.room = 0;
		desk_tick();
		office_run(
			&desk.office,
			"UPDATE person SET quiet = '08:00-20:00'; UPDATE message SET not_before = not_before + 9 * 86400");
		desk.room = 9;
		desk.now.wall_s -= 120;
		if (is_restart != 0)
			desk_crash(config);
		desk_tick();
		desk_move(300);
		desk_tick();
		assert_int_equal(desk.n_sendings, 0);
		desk_move_to("2025-06-12T17:00"); /* 20:00 in Moscow */
		desk_tick();
		assert_int_equal(desk.n_sendings, 1);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

/* ---- a clock that cannot be right --------------------------------------------------------------------------------- */

static void sit_through_seconds(int64_t seconds)
{
	desk_move(seconds);
	desk_tick();
}

static void app__started_in_1970__sends_nothing_until_the_clock_is_set(void **state)
{
	(void)state;
	add_task("t", "2025-06-03");
	desk_tick();
	(void)office_add_message(&desk.office, 1, "anna", "email", "of 1970", 500);
	desk.now.wall_s = 1000;
	desk_crash(config);
	desk.answers_at_once = true;
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	assert_in_range(app_next_wake_utc(desk.app), 1001, 1060);
	set_clock("2025-06-01T00:01");
	desk_tick();
	assert_int_equal((int64_t)desk.n_sendings + desk_count("stale"), 1);
}

static void app__started_days_before_the_last_message__waits_ten_minutes(void **state)
{
	(void)state;
	add_task("t", "2025-06-11");
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	add_task("u", "2025-06-06");
	(void)office_add_message(&desk.office, 1, "anna", "email", "ready", utc("2025-06-05T05:00"));
	set_clock("2025-06-05T05:45");
	desk_crash(config);
	desk.answers_at_once = true;
	sit_through_seconds(0);
	sit_through_seconds(590);
	assert_int_equal(desk.n_sendings, 1);
	sit_through_seconds(11);
	assert_int_equal(desk.n_sendings, 2);
	desk_move_to("2025-06-05T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 3);
}

static void app__clock_not_set_since_boot__sends_nothing_yet(void **state)
{
	(void)state;
	add_task("t", "2025-06-11");
	desk.now.is_unset = true;
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 0);
	assert_true(app_next_wake_utc(desk.app) > desk.now.wall_s);
	desk.now.is_unset = false;
	desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

static void app__clock_set_back_while_running__goes_on_sending(void **state)
{
	(void)state;
	add_task("t", "2025-06-11");
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	set_clock("2025-06-05T05:00");
	desk_tick();
	add_task("u", "2025-06-06");
	desk_move_to("2025-06-05T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(app__clock_had_been_years_ahead__new_tasks_are_reminded_of_all_the_same),
		WITH_DESK(app__clock_had_been_a_day_ahead__nothing_is_sent_twice_and_nothing_lost),
		WITH_DESK(app__retry_from_a_wrong_clock__does_not_wait_for_its_day),
		WITH_DESK(app__clock_set_back__a_retry_waits_no_longer_than_without_that),
		WITH_DESK(app__clock_set_back__a_channel_that_failed_is_tried_as_soon),
		WITH_DESK(app__clock_set_back__a_pause_that_was_asked_for_is_as_long),
		WITH_DESK(app__clock_set_back__a_pass_that_is_undone_shifts_nothing_twice),
		WITH_DESK(app__pass_that_is_undone__has_not_noted_the_time),
		WITH_DESK(app__started_again_after_the_clock_was_set_back__shifts_nothing_twice),
		WITH_DESK(app__clock_before_everything__plans_nothing_new_and_recovers),
		WITH_DESK(app__clock_set_back__what_is_too_old_is_found_all_the_same),
		WITH_DESK(app__clock_set_back__does_not_wake_a_reader_who_rests),
		WITH_DESK(app__an_hour_back__repeats_and_skips_nothing),
		WITH_DESK(app__started_in_1970__sends_nothing_until_the_clock_is_set),
		WITH_DESK(app__started_days_before_the_last_message__waits_ten_minutes),
		WITH_DESK(app__clock_not_set_since_boot__sends_nothing_yet),
		WITH_DESK(app__clock_set_back_while_running__goes_on_sending),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
