#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "plan/zone.h"
#include "zone_vectors.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct zone *need_zone(const char *name)
{
	const struct zone *zone = zone_find(name);
	if (zone == NULL)
		fail_msg("no zone '%s'", name);
	return zone;
}

static void zone__every_change_of_2024_to_2030__as_zoneinfo_has_it(void **state)
{
	(void)state;
	assert_true(ROWS(zone_offsets) > 100);
	for (size_t i = 0; i < ROWS(zone_offsets); i++) {
		int offset_s = zone_offset_s(need_zone(zone_offsets[i].zone), zone_offsets[i].utc);
		if (offset_s != zone_offsets[i].offset_s)
			fail_msg("%s at %lld: %d, not %d", zone_offsets[i].zone, (long long)zone_offsets[i].utc,
				 offset_s, zone_offsets[i].offset_s);
	}
	for (size_t i = ROWS(zone_offsets); i-- > 0;) /* and with the memory in another order */
		assert_int_equal(zone_offset_s(need_zone(zone_offsets[i].zone), zone_offsets[i].utc),
				 zone_offsets[i].offset_s);
}

static void zone__local_time_in_gap_or_overlap__is_first_after_or_first_of_two(void **state)
{
	(void)state;
	assert_true(ROWS(zone_locals) > 250);
	for (size_t i = 0; i < ROWS(zone_locals); i++) {
		struct civil civil;
		assert_true(civil_parse(zone_locals[i].local, &civil, NULL));
		int64_t utc = zone_to_utc(need_zone(zone_locals[i].zone), &civil);
		if (utc != zone_locals[i].utc)
			fail_msg("%s %s: %lld, not %lld", zone_locals[i].zone, zone_locals[i].local, (long long)utc,
				 (long long)zone_locals[i].utc);
	}
}

static void zone__every_hour_of_a_year__comes_back(void **state)
{
	(void)state;
	static const char *const names[] = {"Asia/Sakhalin", "Europe/Berlin", "Australia/Lord_Howe",
					    "Africa/Casablanca"};
	for (size_t i = 0; i < ROWS(names); i++) {
		const struct zone *zone = need_zone(names[i]);
		for (int64_t utc = 1735689600; utc < 1735689600 + 365 * 86400; utc += 1800) {
			struct civil civil = zone_to_civil(zone, utc), again;
			int64_t back = zone_to_utc(zone, &civil);
			again = zone_to_civil(zone, back);
			assert_true(back <= utc && utc - back <= 3600); /* the first of two at most */
			assert_int_equal(civil_compare(&again, &civil), 0);
		}
	}
}

static void zone__a_day_that_samoa_skipped__is_the_next_midnight(void **state)
{
	(void)state;
	const struct zone *apia = need_zone("Pacific/Apia");
	struct civil skipped = {2011, 12, 30, 12, 0, 0}, next = {2011, 12, 31, 0, 0, 0};
	assert_int_equal(zone_to_utc(apia, &skipped), 1325239200);
	assert_int_equal(zone_to_utc(apia, &next), 1325239200);
}

static void zone__unknown_or_unsafe_name__is_refused(void **state)
{
	(void)state;
	static const char *const names[] = {
		"",
		"Nope/Zone",
		"Asia",
		"Europe/",
		"/Europe/Berlin",
		"../zoneinfo/Europe/Paris",
		"Europe/../Europe/Paris",
		"Europe//Berlin",
		"/etc/localtime",
		"/usr/share/zoneinfo/Europe/Berlin",
		"./Europe/Berlin",
		"europe/berlin",
		"right/Europe/Berlin",
		"posix/Europe/Berlin",
		"posixrules",
		"zone.tab",
		"leapseconds",
		"tzdata.zi",
		"Europe/Berlin ",
		" UTC",
		"UTC+3",
		"MSK",
		"+03:00",
		"Europe\\Berlin",
		"Europe/Berlin\n",
		"Европа/Москва",
		"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	for (size_t i = 0; i < ROWS(names); i++)
		if (zone_find(names[i]) != NULL)
			fail_msg("'%s' was taken for a zone", names[i]);
}

static void zone__known_name__is_one_zone_for_ever(void **state)
{
	(void)state;
	static const char *const names[] = {
		"UTC",
		"Etc/UTC",
		"Etc/GMT-11",
		"Asia/Sakhalin",
		"America/Argentina/Buenos_Aires",
		"America/Port-au-Prince",
		"Europe/Kiev",
		"Europe/Kyiv",
	};
	for (size_t i = 0; i < ROWS(names); i++) {
		const struct zone *zone = need_zone(names[i]);
		assert_ptr_equal(zone, zone_find(names[i]));
		assert_string_equal(zone_name(zone), names[i]);
	}
}

static void zone__text__has_the_offset(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		int64_t utc;
		const char *text;
	} rows[] = {
		{"UTC", 0, "1970-01-01T00:00:00+00:00"},
		{"Asia/Sakhalin", 1743462000, "2025-04-01T10:00:00+11:00"},
		{"America/New_York", 1743462000, "2025-03-31T19:00:00-04:00"},
		{"America/St_Johns", 1735689600, "2024-12-31T20:30:00-03:30"},
		{"Asia/Kathmandu", 1735689600, "2025-01-01T05:45:00+05:45"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		char text[ZONE_TEXT_SIZE];
		zone_format(need_zone(rows[i].zone), rows[i].utc, text);
		assert_string_equal(text, rows[i].text);
	}
}

/* As Python's zoneinfo has them. */
static void zone__far_years__keep_the_rules_of_today(void **state)
{
	(void)state;
	static const struct {
		const char *zone, *utc;
		int offset_s;
	} rows[] = {
		{"America/St_Johns", "2038-07-01T12:00:00", -9000},
		{"America/St_Johns", "2038-12-01T12:00:00", -12600},
		{"Australia/Lord_Howe", "2040-04-01T12:00:00", 37800},
		{"America/Nuuk", "2040-03-25T00:59:59", -7200},
		{"America/Nuuk", "2040-03-25T01:00:00", -3600},
		{"Europe/Berlin", "2040-03-25T00:59:59", 3600},
		{"Europe/Berlin", "2040-03-25T01:00:00", 7200},
		{"Europe/Berlin", "2040-02-29T12:00:00", 3600},
		{"Asia/Sakhalin", "2040-07-01T12:00:00", 39600},
		{"Africa/Casablanca", "2040-10-01T12:00:00", 0},
		{"Africa/Casablanca", "2040-11-01T12:00:00", 3600},
		{"Asia/Gaza", "2038-09-25T02:00:00", 7200},
		{"Pacific/Chatham", "2041-04-06T14:00:00", 45900},
		{"Europe/Berlin", "2128-12-31T12:00:00", 3600},
		{"Europe/Berlin", "2129-01-01T12:00:00", 3600},
		{"Europe/Berlin", "2400-02-29T12:00:00", 3600},
		{"Europe/Berlin", "4000-07-01T12:00:00", 7200},
		{"Europe/Berlin", "5001-03-29T00:59:59", 3600},
		{"Europe/Berlin", "5001-03-29T01:00:00", 7200},
		{"Australia/Sydney", "3000-12-31T12:00:00", 39600},
		{"Australia/Sydney", "3001-01-01T12:00:00", 39600},
		{"Australia/Sydney", "7626-07-01T12:00:00", 36000},
		{"America/New_York", "2583-07-01T12:00:00", -14400},
		{"America/New_York", "9998-12-01T12:00:00", -18000},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct civil utc;
		assert_true(civil_parse(rows[i].utc, &utc, NULL));
		int offset_s = zone_offset_s(need_zone(rows[i].zone), civil_to_seconds(&utc));
		if (offset_s != rows[i].offset_s)
			fail_msg("%s %s: %d", rows[i].zone, rows[i].utc, offset_s);
	}
}

static void zone__instants_outside_the_calendar__stop_at_its_edge(void **state)
{
	(void)state;
	const struct zone *zone = need_zone("Asia/Sakhalin");
	char text[ZONE_TEXT_SIZE];
	assert_int_equal(zone_to_civil(zone, INT64_MAX).year, 9999);
	assert_int_equal(zone_to_civil(zone, INT64_MIN).year, 1);
	zone_format(zone, INT64_MAX, text);
	assert_int_equal(strlen(text), strlen("9999-12-31T23:59:59+11:00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zone__every_change_of_2024_to_2030__as_zoneinfo_has_it),
		cmocka_unit_test(zone__local_time_in_gap_or_overlap__is_first_after_or_first_of_two),
		cmocka_unit_test(zone__every_hour_of_a_year__comes_back),
		cmocka_unit_test(zone__a_day_that_samoa_skipped__is_the_next_midnight),
		cmocka_unit_test(zone__unknown_or_unsafe_name__is_refused),
		cmocka_unit_test(zone__known_name__is_one_zone_for_ever),
		cmocka_unit_test(zone__text__has_the_offset),
		cmocka_unit_test(zone__far_years__keep_the_rules_of_today),
		cmocka_unit_test(zone__instants_outside_the_calendar__stop_at_its_edge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
