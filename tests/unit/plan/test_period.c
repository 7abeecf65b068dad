#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "plan/period.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct period june = {true, {2025, 6, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH};
static const struct period day = {true, {2025, 6, 15, 0, 0, 0}, {2025, 6, 15, 0, 0, 0}, PERIOD_DAY};
static const struct period minute = {true, {2025, 6, 15, 14, 5, 0}, {2025, 6, 15, 14, 5, 0}, PERIOD_MINUTE};
static const struct period limit = {false, {.year = 2000, .month = 1, .day = 1}, {2025, 6, 1, 0, 0, 0}, PERIOD_DAY};
static const struct period limit_minute = {false, {2025, 6, 1, 9, 0, 0}, {2025, 6, 1, 9, 0, 0}, PERIOD_MINUTE};

static void period__precision__has_a_name_and_is_found_by_it(void **state)
{
	(void)state;
	static const char *const names[] = {"minute", "day", "week", "month", "quarter", "half-year", "year", "range"};
	assert_int_equal(ROWS(names), PERIOD_PRECISION_MAX);
	for (int i = 0; i < PERIOD_PRECISION_MAX; i++) {
		enum period_precision precision = PERIOD_PRECISION_MAX;
		assert_string_equal(period_precision_name((enum period_precision)i), names[i]);
		assert_true(period_precision_find(names[i], &precision));
		assert_int_equal(precision, i);
	}
	enum period_precision precision = PERIOD_WEEK;
	assert_false(period_precision_find("fortnight", &precision));
	assert_int_equal(precision, PERIOD_WEEK);
}

static void period__key__is_an_iso_interval(void **state)
{
	(void)state;
	static const struct {
		const struct period *period;
		const char *key;
	} rows[] = {
		{&june, "2025-06-01/2025-06-30"},       {&day, "2025-06-15"},
		{&minute, "2025-06-15T14:05"},          {&limit, "../2025-06-01"},
		{&limit_minute, "../2025-06-01T09:00"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		char key[PERIOD_KEY_SIZE];
		period_key(rows[i].period, key);
		assert_string_equal(key, rows[i].key);
	}
}

static void period__key__is_read_back_and_no_phrase_is(void **state)
{
	(void)state;
	static const char *const phrases[] = {"",
					      "2025",
					      "2025-06",
					      "June 2025",
					      "../2025",
					      "2025-6-15",
					      "2025-06-15 14:05",
					      "2025-06-31",
					      "15.06",
					      "2025-06-15/",
					      "2025-06-15/2025-06-15"};
	const struct period *const periods[] = {&june, &day, &minute, &limit, &limit_minute};
	struct period read = {.precision = PERIOD_PRECISION_MAX};
	for (size_t i = 0; i < ROWS(phrases); i++) {
		if (period_parse_key(phrases[i], &read))
			fail_msg("'%s' is taken for a key", phrases[i]);
		assert_int_equal(read.precision, PERIOD_PRECISION_MAX);
	}
	for (size_t i = 0; i < ROWS(periods); i++) {
		char key[PERIOD_KEY_SIZE];
		period_key(periods[i], key);
		assert_true(period_parse_key(key, &read));
		assert_int_equal(read.has_start, periods[i]->has_start);
		assert_int_equal(civil_compare(&read.end, &periods[i]->end), 0);
	}
}

static void period__window__is_what_has_no_exact_date_yet(void **state)
{
	(void)state;
	static const struct {
		const char *phrase;
		bool is_window;
	} rows[] = {
		{"неделя 16 июня", true},
		{"июнь", true},
		{"Q3", true},
		{"I полугодие", true},
		{"2025 год", true},
		{"апрель-май", true},
		{"лето", true},
		{"1-30 июня", true},
		{"15-20 сентября", false},
		{"6月中旬", true},
		{"early June", true},
		{"конец мая - начало июня", true},
		{"15 мая - конец июня", false},

		{"1-29 июня", false},
		{"2-30 июня", false},
		{"30 июня - 31 июля", false},
		{"15 июня", false},
		{"15 июня 14:00", false},
		{"до 30 июня", false},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct period period;
		struct period_error error;
		assert_int_equal(period_parse(rows[i].phrase, 2025, &period, &error), 0);
		if (period_is_window(&period) != rows[i].is_window)
			fail_msg("%s", rows[i].phrase);
	}
}

static void period__instants__are_those_of_its_zone(void **state)
{
	(void)state;
	static const struct {
		const struct period *period;
		const char *zone, *start, *end;
	} rows[] = {
		{&june, "Asia/Sakhalin", "2025-06-01T00:00:00+11:00", "2025-07-01T00:00:00+11:00"},
		{&june, "Europe/Berlin", "2025-06-01T00:00:00+02:00", "2025-07-01T00:00:00+02:00"},
		{&day, "Asia/Shanghai", "2025-06-15T00:00:00+08:00", "2025-06-16T00:00:00+08:00"},
		{&minute, "UTC", "2025-06-15T14:05:00+00:00", "2025-06-15T14:05:00+00:00"},
		{&limit, "Asia/Sakhalin", "2025-06-01T00:00:00+11:00", "2025-06-02T00:00:00+11:00"},
		{&limit_minute, "Asia/Sakhalin", "2025-06-01T09:00:00+11:00", "2025-06-01T09:00:00+11:00"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct zone *zone = zone_find(rows[i].zone);
		char text[ZONE_TEXT_SIZE];
		assert_non_null(zone);
		zone_format(zone, period_start_utc(rows[i].period, zone), text);
		assert_string_equal(text, rows[i].start);
		zone_format(zone, period_end_utc(rows[i].period, zone), text);
		assert_string_equal(text, rows[i].end);
	}
}

static void period__day_that_begins_in_a_gap__begins_after_it(void **state)
{
	(void)state;
	/* Chile moved its clocks from 00:00 to 01:00 on 2025-09-07. */
	static const struct period sunday = {true, {2025, 9, 7, 0, 0, 0}, {2025, 9, 7, 0, 0, 0}, PERIOD_DAY};
	const struct zone *zone = zone_find("America/Santiago");
	char text[ZONE_TEXT_SIZE];
	assert_non_null(zone);
	zone_format(zone, period_start_utc(&sunday, zone), text);
	assert_string_equal(text, "2025-09-07T01:00:00-03:00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(period__precision__has_a_name_and_is_found_by_it),
		cmocka_unit_test(period__key__is_an_iso_interval),
		cmocka_unit_test(period__key__is_read_back_and_no_phrase_is),
		cmocka_unit_test(period__window__is_what_has_no_exact_date_yet),
		cmocka_unit_test(period__instants__are_those_of_its_zone),
		cmocka_unit_test(period__day_that_begins_in_a_gap__begins_after_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
