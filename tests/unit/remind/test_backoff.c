#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "remind/backoff.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, NOW = 1750000000 };

static const struct {
	enum backoff_cause cause;
	int64_t pauses_s[10]; /* after failure 1, 2, ...; the last one is the longest */
} growth[] = {
	{BACKOFF_REFUSED,
	 {5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 80 * MINUTE, 160 * MINUTE, 4 * HOUR, 4 * HOUR, 4 * HOUR,
	  4 * HOUR}},
	{BACKOFF_UNREACHABLE, {30, 60, 120, 240, 480, 960, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE}},
	{BACKOFF_UNKNOWN,
	 {30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR}},
};

static void backoff__each_failure__doubles_the_pause_up_to_the_longest(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(growth) / sizeof(growth[0]); row++)
		for (int failure = 1; failure <= 10; failure++) {
			int64_t pause = growth[row].pauses_s[failure - 1], sum = 0;
			for (int64_t id = 1; id <= 500; id++) {
				int64_t waited = backoff_next(growth[row].cause, failure, NOW, id) - NOW;
				assert_in_range(waited, pause * 8 / 10, pause * 12 / 10);
				sum += waited;
			}
			assert_in_range(sum / 500, pause * 97 / 100, pause * 103 / 100);
		}
}

static void backoff__jitter__spreads_messages_and_repeats_itself(void **state)
{
	(void)state;
	int64_t least = INT64_MAX, most = 0;
	for (int64_t id = 1; id <= 500; id++) {
		int64_t waited = backoff_next(BACKOFF_REFUSED, 3, NOW, id) - NOW;
		assert_int_equal(backoff_next(BACKOFF_REFUSED, 3, NOW, id) - NOW, waited);
		least = waited < least ? waited : least;
		most = waited > most ? waited : most;
	}
	assert_in_range(least, 20 * MINUTE * 80 / 100, 20 * MINUTE * 82 / 100);
	assert_in_range(most, 20 * MINUTE * 118 / 100, 20 * MINUTE * 120 / 100);

	/* The same message does not always get the same share. */
	bool differs = false;
	for (int64_t failure = 8; failure < 20; failure++)
		differs = differs ||
			  backoff_next(BACKOFF_REFUSED, failure, NOW, 7) != backoff_next(BACKOFF_REFUSED, 7, NOW, 7);
	assert_true(differs);
}

static void backoff__any_number_of_failures__never_exceeds_a_day(void **state)
{
	(void)state;
	static const int64_t failures[] = {1, 63, 64, 65, 1000000, INT64_MAX};
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		for (int cause = BACKOFF_REFUSED; cause <= BACKOFF_UNKNOWN; cause++)
			assert_in_range(backoff_next((enum backoff_cause)cause, failures[i], NOW, INT64_MAX) - NOW, 1,
					DAY);
}

static void backoff__asked_for_a_pause__is_kept_within_a_second_and_a_day(void **state)
{
	(void)state;
	static const struct {
		int64_t asked_s, waited_s;
	} rows[] = {{1, 1},           {60, 60}, {10072, 10072}, {DAY - 1, DAY - 1}, {DAY, DAY}, {DAY + 1, DAY},
		    {INT64_MAX, DAY}, {0, 1},   {-1, 1},        {INT64_MIN, 1}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(backoff_asked(rows[i].asked_s, NOW), NOW + rows[i].waited_s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backoff__each_failure__doubles_the_pause_up_to_the_longest),
		cmocka_unit_test(backoff__jitter__spreads_messages_and_repeats_itself),
		cmocka_unit_test(backoff__any_number_of_failures__never_exceeds_a_day),
		cmocka_unit_test(backoff__asked_for_a_pause__is_kept_within_a_second_and_a_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
