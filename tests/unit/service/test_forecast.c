#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "office.h"
#include "service/forecast.h"

/* The forecast on a plan of its own; the real channels are there, and nothing may reach them. */

#define CHANNELS "[channel email]\ntype = maildir\npath = mail\n"
#define POLICY(line) "[policy default]\n" line "\n"
#define LIMIT(n) "[limits]\nmessages_per_hour_per_person = " n "\n"

static const char strict[] = LIMIT("5") CHANNELS POLICY("remind = 1d before start at 09:00");
static const char generous[] = LIMIT("50") CHANNELS POLICY("remind = 1d before start at 09:00");
static const char quiet[] = LIMIT("5") CHANNELS POLICY("remind = 20d before start at 09:00");

static struct office office;
static struct instant now;
static int64_t n_looks; /* how often the clock was read: never when there is nothing to look at */
static int64_t step_ms; /* by which it moves each time */

static struct instant read_clock(void *arg)
{
	(void)arg;
	n_looks++;
	now.mono_ms += step_ms;
	return now;
}

static const struct clock test_clock = {.now = read_clock};

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Europe/Moscow", "email");
	now = (struct instant){.wall_s = utc("2025-06-13T20:00"), .mono_ms = 1000};
	n_looks = step_ms = 0;
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

/* Reminded of on 14 June at 06:00 UTC, in ten hours. */
static void add_tasks(int n)
{
	for (int i = 0; i < n; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		(void)office_add_task(&office, &(struct office_task){.uid = uid,
								     .start = "2025-06-15",
								     .zone = "Europe/Moscow",
								     .people = "anna",
								     .planned_until = utc("2025-06-13T19:00")});
	}
}

/* Due a minute ago and waiting. */
static void add_messages(int n)
{
	for (int i = 0; i < n; i++) {
		char step[32];
		(void)snprintf(step, sizeof(step), "step %d", i);
		(void)office_add_message(&office, 1, "anna", "email", step, now.wall_s - 60);
	}
}

static struct problems found;

/* Whether the configuration of that text may be used; what is wrong with it is in found. */
static bool allows(const char *text, bool accepts_volume)
{
	struct problems problems = {0};
	char folder[256];
	assert_non_null(getcwd(folder, sizeof(folder)));
	const char *path = scratch_path(&office.scratch, "deadlined.ini");
	char *whole = mem_printf("[daemon]\ndatabase = plan.db\nzone = Europe/Moscow\nlanguage = en\n"
				 "templates = %s/config/templates\nmessengers = %s/config/messengers\n%s",
				 folder, folder, text);
	scratch_write(path, whole, strlen(whole));
	free(whole);
	struct setup *setup = setup_load(path, &problems);
	problems_print(&problems, stderr);
	assert_non_null(setup);
	problems_done(&found);
	bool is_allowed = forecast_allows(office.store, path, setup, accepts_volume, &test_clock, &found);
	setup_free(setup);
	return is_allowed;
}

static void forecast__more_than_a_limit__is_refused_with_all_one_needs(void **state)
{
	(void)state;
	static const char *const words[] = {"person anna: 9 ", "2025-06-14T09:00:00+03:00",
					    "messages_per_hour_per_person is 5",
					    "9 by '1d before start at 09:00' of [policy default]", "--accept-volume"};
	add_tasks(9);
	assert_false(allows(strict, false));
	assert_int_equal(found.n, 1);
	assert_int_equal(found.items[0].line, 8);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(found.items[0].text, words[i]) == NULL)
			fail_msg("'%s' is not in: %s", words[i], found.items[0].text);
	problems_done(&found);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 0);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM meta WHERE key = 'forecast'"), 0);
}

static void forecast__limit_itself__is_allowed(void **state)
{
	(void)state;
	add_tasks(5);
	assert_true(allows(strict, false));
}

static void forecast__same_policies_and_limits__are_not_looked_at_again(void **state)
{
	(void)state;
	assert_true(allows(strict, false));
	add_tasks(9);
	n_looks = 0;
	assert_true(allows(strict, false));
	assert_int_equal(n_looks, 0);
}

static void forecast__other_limits_or_policies__are_looked_at(void **state)
{
	(void)state;
	add_tasks(9);
	assert_true(allows(generous, false));
	assert_false(allows(strict, false));
	assert_true(allows(quiet, false));
	assert_false(allows(strict, false));
	problems_done(&found);
}

static void forecast__accepted_once__stays_accepted(void **state)
{
	(void)state;
	add_tasks(9);
	assert_true(allows(strict, true));
	assert_int_equal(found.n, 0);
	assert_true(allows(strict, false));
}

static void forecast__time_is_up__starts_all_the_same(void **state)
{
	(void)state;
	add_tasks(9);
	step_ms = 100000;
	assert_true(allows(strict, false));
}

static void forecast__time_is_up_while_too_much_is_ready__is_refused(void **state)
{
	(void)state;
	add_tasks(1);
	add_messages(9);
	step_ms = 100000;
	assert_false(allows("[limits]\nmessages_per_hour = 5\n" CHANNELS, false));
	assert_non_null(strstr(found.items[0].text, "all messages: at least 9 "));
	problems_done(&found);
}

static void forecast__held_by_a_brake__is_not_counted(void **state)
{
	(void)state;
	add_tasks(1);
	add_messages(600);
	assert_false(allows(strict, false));
	problems_done(&found);
	office_run(&office, "INSERT INTO brake VALUES ('person', 'anna', 1, 5, 0, 5)");
	assert_true(allows(strict, false));
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message WHERE state = 'pending'"), 600);
	assert_int_equal(office_number(&office, "SELECT tripped_utc FROM brake"), 5);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(forecast__more_than_a_limit__is_refused_with_all_one_needs),
		WITH_OFFICE(forecast__limit_itself__is_allowed),
		WITH_OFFICE(forecast__same_policies_and_limits__are_not_looked_at_again),
		WITH_OFFICE(forecast__other_limits_or_policies__are_looked_at),
		WITH_OFFICE(forecast__accepted_once__stays_accepted),
		WITH_OFFICE(forecast__time_is_up__starts_all_the_same),
		WITH_OFFICE(forecast__time_is_up_while_too_much_is_ready__is_refused),
		WITH_OFFICE(forecast__held_by_a_brake__is_not_counted),
	};
	(void)log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
