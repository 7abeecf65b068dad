#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "remind/reader.h"

static struct calendars *calendars;
static struct person person;

static int load_calendars(void **state)
{
	(void)state;
	struct problems problems = {0};
	calendars = calendars_load("config/calendars", &problems);
	problems_print(&problems, stderr);
	return problems.n == 0 ? 0 : -1;
}

static int free_calendars(void **state)
{
	(void)state;
	person_done(&person);
	calendars_free(calendars);
	return 0;
}

static char *dup_or_null(const char *text)
{
	return text != NULL ? mem_dup(text) : NULL;
}

/* Its person lives until the next call. */
static struct reader reader_of(const char *zone, const char *calendar, const char *quiet, const char *work,
			       const char *digest)
{
	struct reader reader;
	person_done(&person);
	person = (struct person){
		.id = mem_dup("p"),
		.zone = mem_dup(zone),
		.calendar = dup_or_null(calendar),
		.quiet = dup_or_null(quiet),
		.work = dup_or_null(work),
		.digest = dup_or_null(digest),
	};
	reader_init(&reader, &person, calendars, zone_find("Europe/Moscow"));
	assert_ptr_equal(reader.person, &person);
	return reader;
}

static void reader__everything_set__is_read(void **state)
{
	(void)state;
	struct reader reader =
		reader_of("Asia/Sakhalin", "russia", "22:00-08:00", "Mon-Fri 09:00-18:00", "weekly Mon 08:30");
	assert_string_equal(zone_name(reader.time.zone), "Asia/Sakhalin");
	assert_ptr_equal(reader.time.calendar, calendars_find(calendars, "russia"));
	assert_int_equal(reader.time.hours.quiet_from_minute, 22 * 60);
	assert_int_equal(reader.time.hours.work_to_minute, 18 * 60);
	assert_int_equal(reader.time.hours.work_days, 0x1f);
	assert_true(reader.digest.is_weekly);
	assert_int_equal(reader.digest.minute, 8 * 60 + 30);
}

/* As of a row that came by SQL, or a person made by hand. */
static void reader__nothing_set__is_always_open_and_has_no_digest(void **state)
{
	(void)state;
	const char *const texts[] = {"", NULL};
	for (int i = 0; i < 2; i++) {
		struct reader reader = reader_of("UTC", texts[i], texts[i], texts[i], texts[i]);
		assert_null(reader.time.calendar);
		assert_int_equal(hours_open_utc(&reader.time, 1748736000, false, NULL), 1748736000);
		assert_int_equal(reader.digest.minute, -1);
	}
}

static const struct {
	const char *zone, *calendar, *quiet, *work, *digest;
} bad[] = {
	{"Asia/Atlantis", "russia", "22:00-08:00", "09:00-18:00", "daily 09:00"},
	{"Asia/Sakhalin", "atlantis", "22:00-08:00", "09:00-18:00", "daily 09:00"},
	{"Asia/Sakhalin", "russia", "late", "09:00-18:00", "daily 09:00"},
	{"Asia/Sakhalin", "russia", "22:00-08:00", "always", "daily 09:00"},
	{"Asia/Sakhalin", "russia", "22:00-08:00", "09:00-18:00", "sometimes"},
	{"Asia/Sakhalin", "russia", "08:00-20:00", "09:00-18:00", "daily 09:00"}, /* no minute is left */
};

/* What is wrong is left out, the rest counts. */
static void reader__bad_row__loses_what_is_wrong_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct reader reader =
			reader_of(bad[i].zone, bad[i].calendar, bad[i].quiet, bad[i].work, bad[i].digest);
		assert_string_equal(zone_name(reader.time.zone), i == 0 ? "Europe/Moscow" : "Asia/Sakhalin");
		assert_int_equal(reader.time.calendar == NULL, i == 1);
		assert_int_equal(reader.time.hours.quiet_from_minute, i == 2 || i == 5 ? -1 : 22 * 60);
		assert_int_equal(reader.time.hours.work_from_minute, i == 3 || i == 5 ? -1 : 9 * 60);
		assert_int_equal(reader.digest.minute, i == 4 ? -1 : 9 * 60);
	}
}

/* 2025-06-01T00:00:00Z and the second before. */
static void reader__day__is_the_readers_own(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		int64_t utc;
		const char *day;
	} rows[] = {
		{"UTC", 1748736000, "2025-06-01"},
		{"UTC", 1748735999, "2025-05-31"},
		{"Asia/Sakhalin", 1748735999, "2025-06-01"},
		{"America/New_York", 1748736000, "2025-05-31"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char day[CIVIL_DATE_SIZE];
		struct reader reader = reader_of(rows[i].zone, "", "", "", "");
		reader_day(&reader, rows[i].utc, day);
		assert_string_equal(day, rows[i].day);
	}
}

static void reader__no_calendars_at_all__is_monday_to_friday(void **state)
{
	(void)state;
	struct reader reader = reader_of("UTC", "russia", "", "09:00-18:00", "");
	reader_init(&reader, &person, NULL, zone_find("UTC"));
	assert_null(reader.time.calendar);
	/* Saturday 31 May 2025, noon: Monday 09:00. */
	assert_int_equal(hours_open_utc(&reader.time, 1748692800, false, NULL), 1748854800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader__everything_set__is_read),
		cmocka_unit_test(reader__nothing_set__is_always_open_and_has_no_digest),
		cmocka_unit_test(reader__bad_row__loses_what_is_wrong_and_nothing_else),
		cmocka_unit_test(reader__day__is_the_readers_own),
		cmocka_unit_test(reader__no_calendars_at_all__is_monday_to_friday),
	};
	return cmocka_run_group_tests(tests, load_calendars, free_calendars);
}
