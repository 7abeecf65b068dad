#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "plan/calendar.h"
#include "scratch.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Every day of the years whose decrees are known, w = worked: the calendars that both countries published, and not what
 * config/calendars/ makes of them. The totals are those that the authorities name. */
static const struct {
	const char *name;
	int year, worked;
	const char *months[12];
} known_years[] = {
	{"russia",
	 2025,
	 247,
	 {"--------ww--wwwww--wwwww--wwwww", "--wwwww--wwwww--wwwww--wwwww", "--wwwww--wwwww--wwwww--wwwww--w",
	  "wwww--wwwww--wwwww--wwwww--www", "----www----wwwww--wwwww--wwwww-", "-wwwww--www----wwwww--wwwww--w",
	  "wwww--wwwww--wwwww--wwwww--wwww", "w--wwwww--wwwww--wwwww--wwwww--", "wwwww--wwwww--wwwww--wwwww--ww",
	  "www--wwwww--wwwww--wwwww--wwwww", "w---www--wwwww--wwwww--wwwww--", "wwwww--wwwww--wwwww--wwwww--ww-"}},
	{"russia",
	 2026,
	 247,
	 {"-----------wwwww--wwwww--wwwww-", "-wwwww--wwwww--wwwww---wwww-", "-wwwww---wwww--wwwww--wwwww--ww",
	  "www--wwwww--wwwww--wwwww--wwww", "---wwwww---wwww--wwwww--wwwww--", "wwwww--wwww---wwwww--wwwww--ww",
	  "www--wwwww--wwwww--wwwww--wwwww", "--wwwww--wwwww--wwwww--wwwww--w", "wwww--wwwww--wwwww--wwwww--www",
	  "ww--wwwww--wwwww--wwwww--wwwww-", "-ww-ww--wwwww--wwwww--wwwww--w", "wwww--wwwww--wwwww--wwwww--www-"}},
	{"china",
	 2025,
	 248,
	 {"-ww--wwwww--wwwww--wwwww-ww----", "----wwww-wwwww--wwwww--wwwww", "--wwwww--wwwww--wwwww--wwwww--w",
	  "www---wwwww--wwwww--wwwww-wwww", "-----wwww--wwwww--wwwww--wwwww-", "--wwww--wwwww--wwwww--wwwww--w",
	  "wwww--wwwww--wwwww--wwwww--wwww", "w--wwwww--wwwww--wwwww--wwwww--", "wwwww--wwwww--wwwww--wwwww-www",
	  "--------www-wwwww--wwwww--wwwww", "--wwwww--wwwww--wwwww--wwwww--", "wwwww--wwwww--wwwww--wwwww--www"}},
	{"china",
	 2026,
	 248,
	 {"---wwwwww--wwwww--wwwww--wwwww-", "-wwwww--wwwwww---------wwwww", "-wwwww--wwwww--wwwww--wwwww--ww",
	  "www---wwww--wwwww--wwwww--wwww", "-----wwww-wwwww--wwwww--wwwww--", "wwwww--wwwww--wwww---wwwww--ww",
	  "www--wwwww--wwwww--wwwww--wwwww", "--wwwww--wwwww--wwwww--wwwww--w", "wwww--wwwww--wwwww-wwwww---www",
	  "-------www-wwwww--wwwww--wwwww-", "-wwwww--wwwww--wwwww--wwwww--w", "wwww--wwwww--wwwww--wwwww--wwww"}},
};

static struct calendars *shipped;

static int load_shipped(void **state)
{
	(void)state;
	struct problems problems = {0};
	shipped = calendars_load("config/calendars", &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	problems_done(&problems);
	return 0;
}

static int free_shipped(void **state)
{
	(void)state;
	calendars_free(shipped);
	return 0;
}

static struct civil day(int year, int month, int number)
{
	return (struct civil){.year = year, .month = month, .day = number};
}

static const struct calendar *need_calendar(const char *name)
{
	const struct calendar *calendar = calendars_find(shipped, name);
	assert_non_null(calendar);
	return calendar;
}

static void calendar__every_day_of_2025_and_2026__as_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(known_years); i++) {
		const struct calendar *calendar = need_calendar(known_years[i].name);
		int worked = 0;
		for (int month = 1; month <= 12; month++) {
			const char *days = known_years[i].months[month - 1];
			assert_int_equal(strlen(days), civil_days_in_month(known_years[i].year, month));
			for (int number = 1; days[number - 1] != '\0'; number++) {
				struct civil date = day(known_years[i].year, month, number);
				bool is_working = calendar_is_working(calendar, &date);
				if (is_working != (days[number - 1] == 'w'))
					fail_msg("%s %d-%02d-%02d is %s", known_years[i].name, date.year, month, number,
						 is_working ? "worked" : "off");
				worked += is_working;
				if (is_working)
					assert_null(calendar_holiday(calendar, &date));
				else if (civil_weekday(&date) <= 5)
					assert_non_null(calendar_holiday(calendar, &date));
			}
		}
		assert_int_equal(worked, known_years[i].worked);
		assert_true(calendar_has_year(calendar, known_years[i].year));
	}
}

/* Of the holidays of the law those that have the same day every year. 2032 is a leap year. */
static void calendar__year_without_data__has_weekends_and_fixed_holidays(void **state)
{
	(void)state;
	static const struct {
		const char *name, *fixed;
	} rows[] = {{"russia", "01-01 01-02 01-03 01-04 01-05 01-06 01-07 01-08 02-23 03-08 05-01 05-09 06-12 11-04"},
		    {"china", "01-01 05-01 05-02 10-01 10-02 10-03"},
		    {NULL, ""}};
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct calendar *calendar = rows[i].name != NULL ? need_calendar(rows[i].name) : NULL;
		struct civil first = day(2031, 1, 1);
		assert_false(calendar_has_year(calendar, 2031));
		assert_int_equal(calendar_has_every_year(calendar), calendar != NULL);
		for (int n = 0; n < 365 + 366; n++) {
			char text[CIVIL_DATE_SIZE];
			struct civil date = civil_add_days(&first, n);
			civil_format_date(&date, text);
			bool is_fixed = strstr(rows[i].fixed, text + strlen("2031-")) != NULL;
			if (calendar_is_working(calendar, &date) != (civil_weekday(&date) <= 5 && !is_fixed) ||
			    (calendar_holiday(calendar, &date) != NULL) != is_fixed)
				fail_msg("%s in '%s'", text, rows[i].name);
		}
	}
}

static void calendar__working_days_are_counted__over_holidays_and_moved_days(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int year, month, day, n;
		const char *expected;
	} rows[] = {
		{"russia", 2025, 4, 30, 1, "2025-05-05"},  {"russia", 2025, 5, 5, -1, "2025-04-30"},
		{"russia", 2025, 10, 31, 1, "2025-11-01"}, {"russia", 2025, 10, 31, 2, "2025-11-05"},
		{"russia", 2025, 11, 5, -2, "2025-10-31"}, {"russia", 2025, 12, 30, 1, "2026-01-12"},
		{"russia", 2026, 1, 12, -1, "2025-12-30"}, {"russia", 2025, 1, 4, 0, "2025-01-04"},
		{"russia", 2025, 1, 4, 1, "2025-01-09"},   {"russia", 2025, 1, 4, -1, "2024-12-31"},
		{"russia", 2025, 1, 8, 247, "2025-12-30"}, {"china", 2025, 1, 27, 1, "2025-02-05"},
		{"china", 2025, 2, 5, -2, "2025-01-26"},   {"china", 2025, 9, 30, 3, "2025-10-11"},
		{"china", 2026, 2, 13, 2, "2026-02-24"},   {NULL, 2025, 5, 2, 1, "2025-05-05"},
		{NULL, 2025, 5, 5, -1, "2025-05-02"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct calendar *calendar = rows[i].name != NULL ? need_calendar(rows[i].name) : NULL;
		struct civil date = day(rows[i].year, rows[i].month, rows[i].day);
		date.hour = 9;
		struct civil moved = calendar_add_working_days(calendar, &date, rows[i].n);
		char text[CIVIL_DATE_SIZE];
		civil_format_date(&moved, text);
		assert_string_equal(text, rows[i].expected);
		assert_int_equal(moved.hour, 9);
	}
}

static void calendar__reason_of_a_day_off__is_what_the_file_says(void **state)
{
	(void)state;
	const struct civil russia_day = day(2025, 6, 12), moved = day(2025, 5, 8), sunday = day(2025, 2, 23);
	const struct civil festival = day(2026, 2, 20), weekend = day(2025, 6, 14), saturday = day(2025, 11, 1);
	assert_string_equal(calendar_holiday(need_calendar("russia"), &russia_day), "День России");
	assert_string_equal(calendar_holiday(need_calendar("russia"), &moved), "Выходной за 23 февраля");
	assert_string_equal(calendar_holiday(need_calendar("russia"), &sunday), "День защитника Отечества");
	assert_string_equal(calendar_holiday(need_calendar("china"), &festival), "春节");
	assert_null(calendar_holiday(need_calendar("russia"), &weekend));
	assert_null(calendar_holiday(need_calendar("russia"), &saturday));
	assert_null(calendar_holiday(NULL, &russia_day));
}

static void calendar__name_of_a_holiday__is_in_the_readers_language(void **state)
{
	(void)state;
	static const struct {
		const char *calendar, *language, *expected;
	} rows[] = {
		{"russia", "ru", "Праздник Весны и Труда"},
		{"russia", "ru-KZ", "Праздник Весны и Труда"},
		{"russia", "en_GB", "Spring and Labour Day"},
		{"russia", "DE-at", "Tag des Frühlings und der Arbeit"},
		{"russia", "zh", "春天与劳动节"},
		{"russia", "rue", ""},
		{"china", "zh-TW", "劳动节"},
		{"china", "ru", "День труда"},
		{"china", "fr", ""},
	};
	const struct civil first = day(2025, 5, 1), worked = day(2025, 5, 14);
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct calendar *calendar = need_calendar(rows[i].calendar);
		assert_string_equal(calendar_holiday_name(calendar, &first, rows[i].language), rows[i].expected);
		assert_null(calendar_holiday_name(calendar, &worked, rows[i].language));
	}
	assert_null(calendar_holiday_name(NULL, &first, "en"));
}

static void calendar__every_shipped_holiday__has_a_name_in_every_language(void **state)
{
	(void)state;
	static const char *const languages[] = {"en", "de", "ru", "zh"};
	for (size_t i = 0; i < ROWS(known_years); i++) {
		const struct civil first = day(known_years[i].year, 1, 1);
		for (int n = 0; n < 365; n++) {
			struct civil date = civil_add_days(&first, n);
			for (size_t l = 0; l < ROWS(languages); l++) {
				const char *name =
					calendar_holiday_name(need_calendar(known_years[i].name), &date, languages[l]);
				if (name != NULL && name[0] == '\0')
					fail_msg("%s %d-%02d-%02d has no name in '%s'", known_years[i].name, date.year,
						 date.month, date.day, languages[l]);
			}
		}
	}
}

/* A file that does not say its language has one name for everybody. */
static void calendar__without_a_language__says_what_it_says(void **state)
{
	(void)state;
	static const char text[] = "[year 2025]\noff = 01-01 New Year\n";
	struct scratch scratch;
	struct problems problems = {0};
	scratch_make(&scratch);
	scratch_write(scratch_path(&scratch, "own.ini"), text, strlen(text));
	struct calendars *calendars = calendars_load(scratch.folder, &problems);
	const struct civil first = day(2025, 1, 1);
	assert_int_equal(problems.n, 0);
	assert_string_equal(calendar_holiday_name(calendars_find(calendars, "own"), &first, "zh"), "New Year");
	calendars_free(calendars);
	scratch_remove(&scratch);
}

static void calendars__are_found__by_name_and_by_zone(void **state)
{
	(void)state;
	assert_null(calendars_find(shipped, "Russia"));
	assert_null(calendars_find(shipped, ""));
	assert_non_null(calendars_find(shipped, "china"));
	assert_non_null(calendars_find(shipped, "russia"));
	assert_string_equal(calendars_nearest(shipped, "rusia"), "russia");
	assert_null(calendars_nearest(shipped, "elsewhere"));
	assert_ptr_equal(calendars_of_zone(shipped, "Asia/Sakhalin"), need_calendar("russia"));
	assert_ptr_equal(calendars_of_zone(shipped, "Asia/Shanghai"), need_calendar("china"));
	assert_ptr_equal(calendars_of_zone(shipped, "Asia/Harbin"), need_calendar("china"));
	assert_null(calendars_of_zone(shipped, "Europe/Berlin"));
}

/* What an administrator may get wrong; the line with the fault, and words of what is said. */
static void calendars__bad_file__is_complained_of_by_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} rows[] = {
		{"[year 2025]\noff = 13-01 x\n", 2, "does not begin with days of 2025"},
		{"[year 2025]\noff = 02-29 x\n", 2, "does not begin with days of 2025"},
		{"[year 2025]\noff = 1-1 x\n", 2, "does not begin with days"},
		{"[year 2025]\noff = 01-08..01-01 x\n", 2, "does not begin with days"},
		{"[year 2025]\noff = 01-01-01-08 x\n", 2, "does not begin with days"},
		{"[year 2025]\noff = 01-01..01-08..01-09 x\n", 2, "does not begin with days"},
		{"[year 2025]\noff = 01-01x x\n", 2, "does not begin with days"},
		{"[year 2025]\n\noff = 01-01\n", 3, "say why"},
		{"[year 2025]\noff = 01-01 x\noff = 01-01..01-02 y\n", 3, "is named already"},
		{"[year 2025]\noff = 01-04 x\nwork = 01-04\n", 3, "is off, too"},
		{"[year 2025]\nwork = 01-04\noff = 01-04 x\n", 3, "is named already"},
		{"[year 2025]\nwork = 01-06\n", 2, "is worked anyway"},
		{"[year 2025]\nwork = 01-06\n[calendar]\nweekend = Mon\n", 0, NULL},
		{"[year 2025]\nwork = 01-04\n[calendar]\nweekend = Mon\n", 2, "is worked anyway"},
		{"[year 2025]\nholiday = 01-04\n", 2, "unknown key 'holiday'"},
		{"[every year]\noff = 02-30 x\n", 2, "does not begin with days of a year"},
		{"[every year]\noff = 02-29 x\n[year 2025]\n[every year]\n", 4, ""},
		{"[every year]\nwork = 01-04\n", 2, "[every year] has off"},
		{"[every]\noff = 01-04 x\n", 1, "[every year]"},
		{"[calendar]\nlanguage = ru\n[every year]\noff = 02-29 x\n[names en]\nx = y\n", 0, NULL},
		{"[year]\n", 1, "[year 2025]"},
		{"[year 25]\n", 1, "[year 2025]"},
		{"[year 2025]\n[year 2025]\n", 2, "2025"},
		{"[years 2025]\n", 1, "unknown section"},
		{"[calendar]\nweekend = Sat So\n", 2, "'So' is no day"},
		{"[calendar]\nweekend = Mon Tue Wed Thu Fri Sat Sun\n", 2, "no day is left"},
		{"[calendar]\nzone = x\n", 2, "unknown key 'zone'"},
		{"[calendar]\nlanguage = ru en\n", 2, "not one tag"},
		{"[calendar]\nlanguage = ru\n[year 2025]\noff = 01-01 x\n[names]\nx = y\n", 5, "[names en]"},
		{"[year 2025]\noff = 01-01 x\n[names en]\nx = y\n", 3, "language = ru"},
		{"[names en]\nz = y\n[calendar]\nlanguage = ru\n[year 2025]\noff = 01-01 x\n", 2,
		 "no day is off for 'z'"},
		{"[calendar]\nlanguage = ru\n[year 2025]\noff = 01-01 x\n[names en]\nx =\n", 6, "what 'x' is called"},
		{"[calendar]\nlanguage = ru\n[year 2025]\noff = 01-01 x\n[names en]\nx = y\nx = z\n", 7, "already"},
		{"off = 01-01 x\n", 1, ""},
		{"[year 2025]\noff 01-01\n", 2, ""},
	};
	struct scratch scratch;
	scratch_make(&scratch);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct problems problems = {0};
		scratch_write(scratch_path(&scratch, "test.ini"), rows[i].text, strlen(rows[i].text));
		struct calendars *calendars = calendars_load(scratch.folder, &problems);
		assert_non_null(calendars_find(calendars, "test"));
		if (problems.n != (rows[i].words != NULL ? 1 : 0))
			fail_msg("%s: %zu problems", rows[i].text, problems.n);
		if (rows[i].words != NULL &&
		    (problems.items[0].line != rows[i].line || strstr(problems.items[0].text, rows[i].words) == NULL))
			fail_msg("%s: line %u: %s", rows[i].text, problems.items[0].line, problems.items[0].text);
		if (rows[i].words != NULL)
			assert_string_equal(problems.items[0].file, scratch_path(&scratch, "test.ini"));
		calendars_free(calendars);
		problems_done(&problems);
	}
	scratch_remove(&scratch);
}

static void calendars__other_weekend__and_other_files(void **state)
{
	(void)state;
	static const char text[] = "[calendar]\nweekend = Fri Sat\n[year 2025]\noff = 01-01 New Year\nwork = 01-03\n";
	struct scratch scratch;
	struct problems problems = {0};
	scratch_make(&scratch);
	scratch_write(scratch_path(&scratch, "egypt.ini"), text, strlen(text));
	scratch_write(scratch_path(&scratch, "notes.txt"), "x", 1);
	scratch_write(scratch_path(&scratch, ".hidden.ini"), "x", 1);
	struct calendars *calendars = calendars_load(scratch.folder, &problems);
	assert_int_equal(problems.n, 0);
	assert_null(calendars_find(calendars, "notes"));
	assert_null(calendars_find(calendars, ".hidden"));

	const struct calendar *egypt = calendars_find(calendars, "egypt");
	struct civil thursday = day(2025, 1, 2), friday = day(2025, 1, 3), saturday = day(2025, 1, 4),
		     sunday = day(2025, 1, 5), leap = day(2024, 12, 31);
	assert_true(calendar_is_working(egypt, &thursday));
	assert_true(calendar_is_working(egypt, &friday));
	assert_false(calendar_is_working(egypt, &saturday));
	assert_true(calendar_is_working(egypt, &sunday));
	assert_true(calendar_is_working(egypt, &leap));
	calendars_free(calendars);
	scratch_remove(&scratch);

	calendars = calendars_load(scratch.folder, &problems); /* gone */
	assert_int_equal(problems.n, 1);
	assert_null(calendars_nearest(calendars, "russia"));
	calendars_free(calendars);
	problems_done(&problems);
	calendars_free(NULL);
}

/* The last day of a leap year has its place, too. */
static void calendar__leap_year__has_its_last_day(void **state)
{
	(void)state;
	static const char text[] = "[year 2024]\noff = 02-29 leap\noff = 12-31 last\n";
	struct scratch scratch;
	struct problems problems = {0};
	scratch_make(&scratch);
	scratch_write(scratch_path(&scratch, "leap.ini"), text, strlen(text));
	struct calendars *calendars = calendars_load(scratch.folder, &problems);
	const struct calendar *calendar = calendars_find(calendars, "leap");
	struct civil leap = day(2024, 2, 29), march = day(2024, 3, 1), last = day(2024, 12, 31);
	assert_int_equal(problems.n, 0);
	assert_string_equal(calendar_holiday(calendar, &leap), "leap");
	assert_null(calendar_holiday(calendar, &march));
	assert_string_equal(calendar_holiday(calendar, &last), "last");
	calendars_free(calendars);
	scratch_remove(&scratch);
}

static uint64_t print_of(const char *text)
{
	struct scratch scratch;
	struct problems problems = {0};
	scratch_make(&scratch);
	scratch_write(scratch_path(&scratch, "one.ini"), text, strlen(text));
	struct calendars *calendars = calendars_load(scratch.folder, &problems);
	assert_int_equal(problems.n, 0);
	uint64_t print = calendars_fingerprint(calendars);
	calendars_free(calendars);
	scratch_remove(&scratch);
	return print;
}

static void calendars__fingerprint__changes_with_any_day(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"[year 2025]\noff = 06-12 feast\n",
		"[year 2025]\noff = 06-13 feast\n",
		"[year 2026]\noff = 06-12 feast\n",
		"[year 2025]\noff = 06-12 feast\nwork = 06-14\n",
		"[calendar]\nzones = Asia/Sakhalin\n[year 2025]\noff = 06-12 feast\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(print_of(texts[i]) == print_of(texts[i]));
		for (size_t j = 0; j < i; j++)
			assert_false(print_of(texts[i]) == print_of(texts[j]));
	}
	assert_true(calendars_fingerprint(NULL) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calendar__every_day_of_2025_and_2026__as_published),
		cmocka_unit_test(calendar__year_without_data__has_weekends_and_fixed_holidays),
		cmocka_unit_test(calendar__working_days_are_counted__over_holidays_and_moved_days),
		cmocka_unit_test(calendar__reason_of_a_day_off__is_what_the_file_says),
		cmocka_unit_test(calendar__name_of_a_holiday__is_in_the_readers_language),
		cmocka_unit_test(calendar__every_shipped_holiday__has_a_name_in_every_language),
		cmocka_unit_test(calendar__without_a_language__says_what_it_says),
		cmocka_unit_test(calendars__are_found__by_name_and_by_zone),
		cmocka_unit_test(calendars__bad_file__is_complained_of_by_line),
		cmocka_unit_test(calendars__other_weekend__and_other_files),
		cmocka_unit_test(calendar__leap_year__has_its_last_day),
		cmocka_unit_test(calendars__fingerprint__changes_with_any_day),
	};
	return cmocka_run_group_tests(tests, load_shipped, free_shipped);
}
