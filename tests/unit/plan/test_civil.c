#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/civil.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void civil__every_day__counts_up_and_comes_back(void **state)
{
	(void)state;
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct civil day = {.year = 1, .month = 1, .day = 1};
	int weekday = 1;
	for (int64_t n = -719162; n <= 2932896; n++) {
		struct civil back = civil_from_days(n);
		assert_int_equal(civil_to_days(&day), n);
		assert_int_equal(civil_compare(&back, &day), 0);
		assert_int_equal(civil_weekday(&day), weekday);

		weekday = weekday % 7 + 1;
		bool is_leap = day.year % 4 == 0 && (day.year % 100 != 0 || day.year % 400 == 0);
		int length = lengths[day.month - 1] + (day.month == 2 && is_leap ? 1 : 0);
		assert_int_equal(civil_days_in_month(day.year, day.month), length);
		if (++day.day > length) {
			day.day = 1;
			if (++day.month > 12) {
				day.month = 1;
				day.year++;
			}
		}
	}
}

static void civil__known_instants__in_seconds(void **state)
{
	(void)state;
	static const struct {
		struct civil civil;
		int64_t seconds;
	} rows[] = {
		{{1970, 1, 1, 0, 0, 0}, 0},
		{{1969, 12, 31, 23, 59, 59}, -1},
		{{2000, 2, 29, 12, 0, 0}, 951825600},
		{{2025, 4, 1, 9, 0, 0}, 1743498000},
		{{2038, 1, 19, 3, 14, 8}, 2147483648},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct civil back = civil_from_seconds(rows[i].seconds);
		assert_int_equal(civil_to_seconds(&rows[i].civil), rows[i].seconds);
		assert_memory_equal(&back, &rows[i].civil, sizeof(back));
	}
}

static void civil__out_of_the_calendar__stops_at_its_edge(void **state)
{
	(void)state;
	struct civil last = {9999, 12, 31, 23, 59, 59}, first = {.year = 1, .month = 1, .day = 1};
	struct civil late = civil_from_seconds(INT64_MAX), early = civil_from_seconds(INT64_MIN);
	assert_int_equal(civil_compare(&late, &last), 0);
	assert_int_equal(civil_compare(&early, &first), 0);
	assert_int_equal(civil_add_months(&last, 5).month, 12);
	assert_int_equal(civil_add_days(&last, 5).day, 31);
}

static void civil__add_months__keeps_the_day_or_takes_the_last(void **state)
{
	(void)state;
	static const struct {
		struct civil from;
		int months;
		struct civil to;
	} rows[] = {
		{{2025, 1, 31, 9, 0, 0}, 1, {2025, 2, 28, 9, 0, 0}},
		{{2024, 1, 31, 0, 0, 0}, 1, {2024, 2, 29, 0, 0, 0}},
		{{2025, 11, 15, 0, 0, 0}, 3, {2026, 2, 15, 0, 0, 0}},
		{{2025, 3, 31, 0, 0, 0}, -1, {2025, 2, 28, 0, 0, 0}},
		{{2025, 1, 1, 0, 0, 0}, -1, {2024, 12, 1, 0, 0, 0}},
		{{2025, 6, 30, 0, 0, 0}, -12, {2024, 6, 30, 0, 0, 0}},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct civil moved = civil_add_months(&rows[i].from, rows[i].months);
		assert_memory_equal(&moved, &rows[i].to, sizeof(moved));
	}
}

static void civil__add_days__keeps_the_time_of_day(void **state)
{
	(void)state;
	struct civil from = {2024, 2, 28, 9, 30, 1}, want = {2024, 3, 1, 9, 30, 1};
	struct civil moved = civil_add_days(&from, 2);
	assert_memory_equal(&moved, &want, sizeof(moved));
	moved = civil_add_days(&moved, -2);
	assert_memory_equal(&moved, &from, sizeof(moved));
}

static void civil__text__is_written_and_read_back(void **state)
{
	(void)state;
	char text[CIVIL_TEXT_SIZE], date[CIVIL_DATE_SIZE];
	struct civil civil = {2025, 4, 1, 9, 5, 7}, back;
	bool has_time;

	civil_format(&civil, text);
	assert_string_equal(text, "2025-04-01T09:05:07");
	assert_true(civil_parse(text, &back, &has_time));
	assert_true(has_time);
	assert_memory_equal(&back, &civil, sizeof(back));

	civil_format_date(&civil, date);
	assert_string_equal(date, "2025-04-01");
	assert_true(civil_parse(date, &back, &has_time));
	assert_false(has_time);
	assert_int_equal(back.hour, 0);

	assert_true(civil_parse("2025-04-01T09:05", &back, NULL));
	assert_int_equal(back.minute, 5);
	assert_int_equal(back.second, 0);
}

static void civil__anything_else__is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"2025",
		"2025-04",
		"2025-4-1",
		"2025-04-31",
		"2025-02-29",
		"2025-13-01",
		"2025-00-10",
		"0000-01-01",
		"2025-04-01 09:00",
		"2025-04-01T",
		"2025-04-01T9:00",
		"2025-04-01T24:00",
		"2025-04-01T09:60",
		"2025-04-01T09:00:60",
		"2025-04-01T09:00:00Z",
		"2025-04-01T09:00:",
		"2025-04-01x",
		" 2025-04-01",
		"2025/04/01",
		"20250401",
		"+025-04-01",
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct civil civil = {.year = 77};
		bool has_time = true;
		if (civil_parse(rows[i], &civil, &has_time) || civil.year != 77)
			fail_msg("'%s' was read", rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(civil__every_day__counts_up_and_comes_back),
		cmocka_unit_test(civil__known_instants__in_seconds),
		cmocka_unit_test(civil__out_of_the_calendar__stops_at_its_edge),
		cmocka_unit_test(civil__add_months__keeps_the_day_or_takes_the_last),
		cmocka_unit_test(civil__add_days__keeps_the_time_of_day),
		cmocka_unit_test(civil__text__is_written_and_read_back),
		cmocka_unit_test(civil__anything_else__is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
