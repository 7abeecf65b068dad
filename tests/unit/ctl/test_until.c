#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/until.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

enum { NOW_UTC = 1748592000 /* Friday 2025-05-30 19:00 in Sakhalin */ };

static void until__every_form__is_an_instant_of_the_reader(void **state)
{
	static const struct {
		const char *text, *work, *expected;
	} rows[] = {
		{"2h", "", "2025-05-30T21:00:00+11:00"},
		{"3d", "", "2025-06-02T19:00:00+11:00"},
		{"tomorrow", "", "2025-06-02T09:00:00+11:00"},
		{"завтра", "10:00-18:00", "2025-06-02T10:00:00+11:00"},
		{"明天", "Sat,Sun 11:30-18:00", "2025-05-31T11:30:00+11:00"},
		{"2025-06-15", "", "2025-06-15T09:00:00+11:00"},
		{"15 июня", "08:30-18:00", "2025-06-15T08:30:00+11:00"},
		{"June 15 2025 14:45", "", "2025-06-15T14:45:00+11:00"},
		{"30 мая 19:01", "", "2025-05-30T19:01:00+11:00"},
	};
	const struct session session = {.now_utc = NOW_UTC};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct reader_time reader = {.zone = zone_find("Asia/Sakhalin"), .hours = hours_any()};
		struct err err = {0};
		int64_t until = 0;
		char text[ZONE_TEXT_SIZE];
		assert_int_equal(hours_parse_work(rows[i].work, &reader.hours, &err), 0);
		assert_int_equal(until_parse(&session, rows[i].text, &reader, &until), EX_OK);
		zone_format(reader.zone, until, text);
		assert_string_equal(text, rows[i].expected);
	}
}

static void until__anything_else__is_refused(void **state)
{
	static const char *const rows[] = {"",     "2",       "2x",        "1s",         "400d",       "-2h",
					   "июнь", "2025-Q3", "yesterday", "2025-05-30", "2024-06-15", "30 мая 19:00"};
	const struct session session = {.now_utc = NOW_UTC};
	const struct reader_time reader = {.zone = zone_find("Asia/Sakhalin"), .hours = hours_any()};
	int64_t until = 7;
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		if (until_parse(&session, rows[i], &reader, &until) != EX_DATAERR)
			fail_msg("'%s' was taken", rows[i]);
	assert_int_equal(until, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(until__every_form__is_an_instant_of_the_reader),
		cmocka_unit_test(until__anything_else__is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
