#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "office.h"
#include "service/brake.h"
#include "store/store_report.h"

enum { HOUR = 3600 };

static const int64_t noon = INT64_C(486111) * HOUR; /* the start of an hour */

/* Starts all that is allowed of wanted; how many. */
static unsigned go(struct brake *brake, unsigned wanted, int64_t at)
{
	unsigned n = brake_allow(brake, wanted, at);
	brake_count(brake, n, at);
	return n;
}

static void brake__up_to_the_limit__lets_all_through(void **state)
{
	(void)state;
	struct brake brake = {.limit = 10};
	assert_int_equal(brake_allow(&brake, 4, noon), 4);
	assert_int_equal(brake_allow(&brake, 99, noon), 10); /* asking counts nothing */
	assert_int_equal(go(&brake, 4, noon), 4);
	assert_int_equal(go(&brake, 4, noon + 10), 4);
	assert_false(brake.is_on);
	assert_int_equal(go(&brake, 4, noon + 20), 2);
	assert_int_equal(go(&brake, 4, noon + 30), 0);
	assert_true(brake.is_on);
	assert_int_equal(go(&brake, 0, noon + 30), 0);
	assert_true(brake.is_on);
	assert_int_equal(go(&brake, 0, noon + 3 * HOUR), 0); /* nothing waits any more, and much would be allowed */
	assert_false(brake.is_on);
}

static const struct {
	int64_t after_s; /* since the hour in which all was sent began */
	unsigned allowed;
} slides[] = {{HOUR - 1, 0},       {HOUR, 0},      {HOUR + HOUR / 4, 3}, {HOUR + HOUR / 2, 5},
	      {2 * HOUR - 36, 10}, {2 * HOUR, 10}, {50 * HOUR, 10}};

static void brake__the_hour_slides__what_was_sent_counts_less_and_less(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(slides) / sizeof(slides[0]); i++) {
		struct brake brake = {.limit = 10};
		assert_int_equal(go(&brake, 10, noon + 1800), 10);
		unsigned allowed = brake_allow(&brake, 100, noon + slides[i].after_s);
		if (allowed != slides[i].allowed)
			fail_msg("%lld s later: %u", (long long)slides[i].after_s, allowed);
	}
}

/* Ever more waits than may go, for many hours. */
static void brake__flood__is_kept_to_the_limit_in_the_long_run(void **state)
{
	(void)state;
	struct brake brake = {.limit = 100};
	int64_t sent = 0;
	for (int64_t minute = 0; minute < 100 * 60; minute++) {
		sent += go(&brake, 1000000, noon + minute * 60);
		assert_true(sent <= 100 * (minute / 60 + 2));
	}
	assert_in_range(sent, 100 * 90, 100 * 101);
}

static void brake__count__survives_a_restart(void **state)
{
	(void)state;
	struct office office;
	struct brake brake = {.limit = 10}, again = {.limit = 10};
	office_open(&office);
	OK(store_hours_load(office.store, &again.hours, ERR));
	assert_int_equal(again.hours.hour + again.hours.count + again.hours.count_before, 0);
	(void)go(&brake, 7, noon - 10);
	(void)go(&brake, 2, noon + 10);
	OK(store_hours_save(office.store, &brake.hours, ERR));
	office_reopen(&office);
	OK(store_hours_load(office.store, &again.hours, ERR));
	for (int64_t later = 10; later < 2 * HOUR; later += 100)
		assert_int_equal(brake_allow(&again, 50, noon + later), brake_allow(&brake, 50, noon + later));
	office_close(&office);
}

static void brake__limit_changed__holds_at_once(void **state)
{
	(void)state;
	struct brake brake = {.limit = 10};
	(void)go(&brake, 8, noon);
	brake.limit = 5;
	assert_int_equal(brake_allow(&brake, 9, noon), 0);
	brake.limit = 20;
	assert_int_equal(brake_allow(&brake, 99, noon), 12);
	assert_false(brake.is_on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brake__up_to_the_limit__lets_all_through),
		cmocka_unit_test(brake__the_hour_slides__what_was_sent_counts_less_and_less),
		cmocka_unit_test(brake__flood__is_kept_to_the_limit_in_the_long_run),
		cmocka_unit_test(brake__count__survives_a_restart),
		cmocka_unit_test(brake__limit_changed__holds_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
