/* Every clock change of 2024-2030 in a dozen zones: a step at a local time that is skipped or comes twice leaves once,
 * and at the right second. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"
#include "step_vectors.h"

enum { VECTORS = sizeof(step_vectors) / sizeof(step_vectors[0]), ZONES = sizeof(step_zones) / sizeof(step_zones[0]) };

/* A policy for every minute that occurs. */
static char *make_config(void)
{
	bool is_there[1440] = {false};
	char *config = mem_dup("[channel email]\ntype = maildir\npath = mail\n");
	for (size_t i = 0; i < VECTORS; i++) {
		int minute = step_vectors[i].minute;
		if (is_there[minute])
			continue;
		is_there[minute] = true;
		char *longer = mem_printf("%s[policy m%d]\nremind = 1d before start at %02d:%02d\n", config, minute,
					  minute / 60, minute % 60);
		free(config);
		config = longer;
	}
	return config;
}

/* Each on the day after the change, so that "1d before" is the day itself. */
static void make_tasks(void)
{
	OK(store_begin(stage.office.store, ERR));
	for (size_t i = 0; i < VECTORS; i++) {
		char uid[24], person[24], policy[24], start[CIVIL_DATE_SIZE];
		struct civil day;
		assert_true(civil_parse(step_vectors[i].day, &day, NULL));
		day = civil_add_days(&day, 1);
		civil_format_date(&day, start);
		(void)snprintf(uid, sizeof(uid), "v%03zu", i);
		(void)snprintf(person, sizeof(person), "z%d", step_vectors[i].zone);
		(void)snprintf(policy, sizeof(policy), "m%d", step_vectors[i].minute);
		(void)office_add_task(&stage.office, &(struct office_task){.uid = uid,
									   .start = start,
									   .policy = policy,
									   .people = person,
									   .planned_until = stage.now.wall_s});
	}
	OK(store_commit(stage.office.store, ERR));
}

/* Passes around a row, none after the next row. */
static void pass_around(size_t row)
{
	static const int offsets_s[] = {-3600, -1, 0, 1800, 3600, 7200};
	int64_t next_utc = row + 1 < VECTORS ? step_vectors[row + 1].utc : INT64_MAX;
	for (size_t i = 0; i < sizeof(offsets_s) / sizeof(offsets_s[0]); i++) {
		int64_t at_utc = step_vectors[row].utc + offsets_s[i];
		if (at_utc < stage.now.wall_s || at_utc > next_utc)
			continue;
		stage_clock(at_utc);
		stage_rest();
	}
}

static void clock_change__step_in_a_gap_or_an_hour_that_comes_twice__leaves_once_at_its_second(void **state)
{
	(void)state;
	char *config = make_config();
	stage_open(config, "2024-01-01T00:00");
	for (size_t i = 0; i < ZONES; i++) {
		char person[24];
		(void)snprintf(person, sizeof(person), "z%zu", i);
		stage_person(person, step_zones[i], NULL);
	}
	make_tasks();
	for (size_t i = 0; i < VECTORS; i++)
		pass_around(i);
	assert_int_equal(stage.n_sent, VECTORS);
	for (size_t i = 0; i < stage.n_sent; i++) {
		size_t row = (size_t)strtoul(stage.sent[i].steps + 1, NULL, 10);
		assert_string_equal(stage.sent[i].kind, "single");
		if (stage.sent[i].at_utc != step_vectors[row].utc)
			fail_msg("%s on %s at minute %d left %lld s late", step_zones[step_vectors[row].zone],
				 step_vectors[row].day, step_vectors[row].minute,
				 (long long)(stage.sent[i].at_utc - step_vectors[row].utc));
	}
	assert_int_equal(office_number(&stage.office, "SELECT count(DISTINCT task) FROM reminder"), VECTORS);
	stage_close();
	free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_change__step_in_a_gap_or_an_hour_that_comes_twice__leaves_once_at_its_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
