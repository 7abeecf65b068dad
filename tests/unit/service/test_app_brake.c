#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "desk.h"
#include "service/app_priv.h"

/* The brakes in the app: what stops, what goes on, who hears of it. */

#define CHANNELS "[channel email]\ntype = maildir\npath = mail\n[channel chat]\ntype = maildir\npath = chat\n"
#define POLICIES                                                                                                       \
	"[policy default]\nremind = 3d 1d before start at 09:00\nchannels = email\n"                                   \
	"[policy chat]\nremind = 3d 1d before start at 09:00\nchannels = chat\n"
#define CONFIG(limits) "operator = olga\n[limits]\n" limits CHANNELS POLICIES

static const char open_config[] = CONFIG("messages_per_hour = 1000\nmessages_per_hour_per_person = 1000\n");
static const char all_config[] = CONFIG("messages_per_hour = 3\nmessages_per_hour_per_channel = 1000\n");
static const char channel_config[] = CONFIG("messages_per_hour_per_channel = 3\n");
static const char person_config[] = CONFIG("messages_per_hour_per_person = 3\n");

static int open_desk(void **state)
{
	(void)state;
	desk_open(open_config, "2025-06-01T00:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email chat");
	office_add_person(&desk.office, "chen", "Europe/Moscow", "email chat");
	office_add_person(&desk.office, "olga", "Europe/Moscow", "email");
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static int n_tasks;

/* So many tasks on 15 June, reminded of on 12 and 14 June at 06:00 UTC. */
static void add_tasks(int n, const char *people, const char *policy)
{
	for (int i = 0; i < n; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", n_tasks++);
		(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
									  .start = "2025-06-15",
									  .zone = "Europe/Moscow",
									  .policy = policy,
									  .people = people,
									  .planned_until = utc("2025-06-01")});
	}
}

static void reload(const char *text)
{
	app_reload(desk.app, desk_setup(text), desk.now);
}

/* A day on which all of them fall due. */
static void arrive(const char *text)
{
	reload(text);
	desk_move_to("2025-06-12T06:00");
	desk_tick();
}

static int64_t sent_to(const char *person, const char *kind)
{
	return office_number(&desk.office,
			     "SELECT count(*) FROM message WHERE state = 'sent' AND person = '%s'"
			     " AND (kind = 'notice') = ('%s' = 'notice')",
			     person, kind);
}

/* deadlinectl in another process. */
static void resume(const char *scope, const char *name)
{
	office_run(&desk.office, "DELETE FROM brake WHERE scope = '%s' AND name = '%s'", scope, name);
}

/* ---- a trip ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *config, *scope, *name;
} trips[] = {{all_config, "all", ""}, {channel_config, "channel", "email"}, {person_config, "person", "anna"}};

static void app__limit_reached__stops_until_resumed_over_hours_and_crashes(void **state)
{
	for (size_t i = 0; i < sizeof(trips) / sizeof(trips[0]); i++) {
		add_tasks(10, "anna", "default");
		arrive(trips[i].config);
		assert_int_equal(sent_to("anna", "single"), 3);
		for (int hour = 0; hour < 30; hour++) {
			desk_move(3600);
			desk_crash(trips[i].config);
			desk_tick();
			assert_int_equal(sent_to("anna", "single"), 3);
		}
		resume(trips[i].scope, trips[i].name);
		desk_tick();
		assert_int_equal(sent_to("anna", "single"), 6); /* the next allowance, and it trips again */
		resume(trips[i].scope, trips[i].name);
		reload(open_config);
		desk_tick();
		assert_int_equal(sent_to("anna", "single"), 10);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void app__limit_reached_with_nothing_behind__does_not_trip(void **state)
{
	(void)state;
	add_tasks(3, "anna", "default");
	arrive(all_config);
	desk_move(60);
	desk_tick();
	assert_int_equal(sent_to("anna", "single"), 3);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM brake WHERE tripped_utc IS NOT NULL"), 0);
	assert_int_equal(sent_to("olga", "notice"), 0);
}

static void app__brake_holds__the_operator_hears_of_each_trip_once(void **state)
{
	(void)state;
	add_tasks(10, "anna", "default");
	arrive(all_config);
	for (int i = 0; i < 5; i++) {
		desk_move(1800);
		desk_crash(all_config);
		desk_tick();
	}
	assert_int_equal(sent_to("olga", "notice"), 1);
	const char *text = office_text(&desk.office, "SELECT text FROM notice");
	if (strstr(text, "messages_per_hour = 3") == NULL || strstr(text, "7 more") == NULL)
		fail_msg("%s", text);
	resume("all", "");
	desk_tick();
	assert_int_equal(sent_to("olga", "notice"), 2);
}

static void app__dozens_of_people_are_stopped__the_operator_is_not_flooded(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		char person[16];
		(void)snprintf(person, sizeof(person), "p%d", i);
		office_add_person(&desk.office, person, "Europe/Moscow", "email");
		add_tasks(5, person, "default");
	}
	arrive(person_config);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM brake WHERE tripped_utc IS NOT NULL"), 40);
	assert_int_equal(sent_to("olga", "notice"), 20);
	assert_int_equal(
		office_number(&desk.office, "SELECT count(*) FROM notice WHERE text LIKE '%%Of further ones%%'"), 1);
}

/* What arrive() logs; owned. */
static char *arrive_logged(const char *text)
{
	int before = dup(STDERR_FILENO);
	int file = open(scratch_path(&desk.office.scratch, "log"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(before >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
	arrive(text);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	assert_int_equal(close(before) + close(file), 0);
	return scratch_read(scratch_path(&desk.office.scratch, "log"), NULL);
}

/* However many of their messages wait in that second, and though the log alone has those after the first 20. */
static void app__dozens_of_people_are_stopped__the_log_has_each_once(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		char person[16];
		(void)snprintf(person, sizeof(person), "p%d", 10 + i);
		office_add_person(&desk.office, person, "Europe/Moscow", "email");
		add_tasks(8, person, "default");
	}
	char *log = arrive_logged(person_config);
	for (int i = 0; i < 30; i++) {
		char line[64];
		(void)snprintf(line, sizeof(line), "The brake on person p%d ", 10 + i);
		const char *first = strstr(log, line);
		assert_non_null(first);
		assert_null(strstr(first + 1, line));
	}
	free(log);
}

static void app__operator_is_the_flooded_one__hears_of_it_all_the_same(void **state)
{
	for (size_t i = 0; i < sizeof(trips) / sizeof(trips[0]); i++) {
		add_tasks(10, "olga", "default");
		arrive(trips[i].config);
		assert_int_equal(sent_to("olga", "single"), 3);
		assert_int_equal(sent_to("olga", "notice"), 1);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void app__brake_holds__the_daemon_sleeps(void **state)
{
	for (size_t i = 0; i < sizeof(trips) / sizeof(trips[0]); i++) {
		add_tasks(10, "anna", "default");
		arrive(trips[i].config);
		assert_int_equal(app_next_wake_utc(desk.app), utc("2025-06-13T06:00")); /* the scan */
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void app__pass_that_fails__trips_and_counts_nothing(void **state)
{
	(void)state;
	add_tasks(10, "anna", "default");
	reload(all_config);
	desk_move_to("2025-06-12T06:00");
	office_run(&desk.office, "CREATE TRIGGER full BEFORE INSERT ON notice BEGIN"
				 " SELECT raise(ROLLBACK, 'disk full'); END");
	for (int i = 0; i < 5; i++)
		assert_true(desk_try() < 0);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM brake"), 0);
	assert_int_equal(desk.n_sendings, 0);
	office_run(&desk.office, "DROP TRIGGER full");
	desk_tick();
	assert_int_equal(sent_to("anna", "single"), 3);
	assert_int_equal(sent_to("olga", "notice"), 1);
}

/* Everything that was claimed gets that answer; then the clock goes on by as much. */
static void answer_all(enum channel_verdict verdict, int64_t seconds)
{
	OK(desk_try());
	desk_answer(verdict, CHANNEL_BLAME_MESSAGE);
	OK(desk_try());
	desk_answer(verdict, CHANNEL_BLAME_MESSAGE);
	desk_move(seconds);
}

static void app__nothing_ever_left__no_brake_trips(void **state)
{
	(void)state;
	desk.answers_at_once = false;
	add_tasks(2, "anna", "default");
	reload(all_config);
	desk_move_to("2025-06-12T06:00");
	for (int i = 0; i < 50; i++)
		answer_all(CHANNEL_THROTTLED, 90);
	assert_true(desk.n_sendings >= 100);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM brake WHERE tripped_utc IS NOT NULL"), 0);
	OK(desk_try());
	assert_true(office_number(&desk.office, "SELECT max(count + count_before) FROM brake") <= 2);
	for (int i = 0; i < 5; i++)
		answer_all(CHANNEL_ACCEPTED, 90);
	assert_int_equal(sent_to("anna", "single"), 2);
	assert_int_equal(office_number(&desk.office, "SELECT min(count) * 10 + max(count) FROM brake"
						     " WHERE name <> 'chat'"),
			 22);
}

static void app__what_may_have_left__trips_as_ever(void **state)
{
	static const enum channel_verdict verdicts[] = {CHANNEL_TEMPORARY, CHANNEL_UNKNOWN, CHANNEL_PERMANENT};
	for (size_t i = 0; i < 3; i++) {
		desk.answers_at_once = false;
		add_tasks(10, "anna", "default");
		reload(all_config);
		desk_move_to("2025-06-12T06:00");
		for (int j = 0; j < 4; j++)
			answer_all(verdicts[i], 30);
		assert_int_equal(
			office_number(&desk.office, "SELECT count(*) FROM brake WHERE tripped_utc IS NOT NULL"), 1);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

/* ---- who is not held ---------------------------------------------------------------------------------------------- */

static void app__persons_brake__holds_nobody_else(void **state)
{
	(void)state;
	add_tasks(1000, "anna", "default"); /* more than any pass claims, and all before the others */
	arrive(person_config);
	assert_int_equal(sent_to("anna", "single"), 3);
	add_tasks(2, "chen", "default");
	add_tasks(1, "anna chen", "chat");
	desk_move(60);
	desk_tick();
	assert_int_equal(sent_to("chen", "single"), 3);
	assert_int_equal(sent_to("anna", "single"), 3); /* on no channel */
}

static void app__channels_brake__leaves_the_other_channel_alone(void **state)
{
	(void)state;
	add_tasks(10, "anna", "default");
	add_tasks(2, "anna", "chat");
	arrive(channel_config);
	assert_int_equal(sent_to("anna", "single"), 5);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message WHERE state = 'pending'"
						     " AND channel = 'chat'"),
			 0);
}

static void app__done_while_the_brake_holds__is_not_sent_after_it(void **state)
{
	(void)state;
	add_tasks(5, "anna", "default");
	arrive(all_config);
	office_run(&desk.office, "UPDATE task SET status = 'done'");
	resume("all", "");
	desk_tick();
	assert_int_equal(sent_to("anna", "single"), 3);
	assert_int_equal(desk_count("cancelled"), 2);
}

static void app__held_for_longer_than_it_is_of_use__becomes_stale(void **state)
{
	(void)state;
	add_tasks(5, "anna", "default");
	arrive(all_config);
	for (int day = 0; day < 9; day++) {
		desk_move(86400);
		desk_tick();
	}
	assert_true(desk_count("stale") >= 2);
}

static void app__lifted__holds_nothing(void **state)
{
	(void)state;
	add_tasks(10, "anna", "default");
	reload(all_config);
	app_lift_brakes(desk.app);
	desk_move_to("2025-06-12T06:00");
	desk_tick();
	assert_int_equal(sent_to("anna", "single"), 10);
	assert_int_equal(sent_to("olga", "notice"), 0);
	assert_int_equal(app_brakes(desk.app)->n_excesses, 1);
	assert_int_equal(app_brakes(desk.app)->excesses[0].peak, 10);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(app__limit_reached__stops_until_resumed_over_hours_and_crashes),
		WITH_DESK(app__limit_reached_with_nothing_behind__does_not_trip),
		WITH_DESK(app__brake_holds__the_operator_hears_of_each_trip_once),
		WITH_DESK(app__dozens_of_people_are_stopped__the_operator_is_not_flooded),
		WITH_DESK(app__dozens_of_people_are_stopped__the_log_has_each_once),
		WITH_DESK(app__operator_is_the_flooded_one__hears_of_it_all_the_same),
		WITH_DESK(app__brake_holds__the_daemon_sleeps),
		WITH_DESK(app__pass_that_fails__trips_and_counts_nothing),
		WITH_DESK(app__nothing_ever_left__no_brake_trips),
		WITH_DESK(app__what_may_have_left__trips_as_ever),
		WITH_DESK(app__persons_brake__holds_nobody_else),
		WITH_DESK(app__channels_brake__leaves_the_other_channel_alone),
		WITH_DESK(app__done_while_the_brake_holds__is_not_sent_after_it),
		WITH_DESK(app__held_for_longer_than_it_is_of_use__becomes_stale),
		WITH_DESK(app__lifted__holds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
