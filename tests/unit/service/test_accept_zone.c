/* A person who moves to another zone: what is to come follows the new one, every step is said once, none is lost. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 7d 3d 1d before start at 09:00\n";

static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-06-01T00:00");
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

static void add_task(const char *zone)
{
	stage_person("reader", zone, NULL);
	(void)office_add_task(&stage.office, &(struct office_task){.uid = "fair",
								   .start = "2025-06-20",
								   .end = "2025-06-20",
								   .precision = PERIOD_DAY,
								   .zone = "Asia/Sakhalin",
								   .policy = "default",
								   .people = "reader",
								   .planned_until = stage.now.wall_s});
}

static void move(const char *zone)
{
	office_run(&stage.office, "UPDATE person SET zone = '%s' WHERE id = 'reader'", zone);
}

static void expect_sent(const char *const *instants, size_t n)
{
	assert_int_equal(stage.n_sent, n);
	for (size_t i = 0; i < n; i++)
		if (stage.sent[i].at_utc != utc(instants[i]))
			fail_msg("message %zu left %lld s after %s", i,
				 (long long)(stage.sent[i].at_utc - utc(instants[i])), instants[i]);
}
#define EXPECT_SENT(...)                                                                                               \
	expect_sent((const char *const[]){__VA_ARGS__},                                                                \
		    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* 09:00 comes once more on the day of the step, eight hours later: it has been said. */
static void zone__moved_west_after_a_step__is_not_told_again_and_then_in_the_new_zone(void **state)
{
	(void)state;
	add_task("Asia/Sakhalin");
	stage_live("2025-06-12T23:00");
	EXPECT_SENT("2025-06-12T22:00");
	move("Europe/Moscow");
	stage_live("2025-06-21T00:00");
	EXPECT_SENT("2025-06-12T22:00", "2025-06-17T06:00", "2025-06-19T06:00");
}

/* 09:00 had passed in the new zone when the reader moved: it is said at once. */
static void zone__moved_east_over_a_step__is_told_late_and_once(void **state)
{
	(void)state;
	add_task("Europe/Moscow");
	stage_live("2025-06-13T00:00");
	EXPECT_SENT();
	move("Asia/Sakhalin");
	stage_live("2025-06-21T00:00");
	EXPECT_SENT("2025-06-13T00:00", "2025-06-16T22:00", "2025-06-18T22:00");
}

static void zone__moved_long_before__counts_from_the_new_zone_alone(void **state)
{
	(void)state;
	add_task("Asia/Sakhalin");
	stage_live("2025-06-05T00:00");
	move("America/New_York");
	stage_live("2025-06-21T00:00");
	EXPECT_SENT("2025-06-13T13:00", "2025-06-17T13:00", "2025-06-19T13:00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)
		ROW(zone__moved_west_after_a_step__is_not_told_again_and_then_in_the_new_zone),
		ROW(zone__moved_east_over_a_step__is_told_late_and_once),
		ROW(zone__moved_long_before__counts_from_the_new_zone_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
