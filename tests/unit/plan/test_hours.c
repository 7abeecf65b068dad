#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/strlist.h"
#include "plan/calendar.h"
#include "plan/hours.h"
#include "scratch.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* ---- calendars ---- */

static struct calendars *countries, *odd;

static struct calendars *load_calendars(const char *folder)
{
	struct problems problems = {0};
	struct calendars *calendars = calendars_load(folder, &problems);
	if (problems.n > 0)
		fail_msg("%s:%u: %s", problems.items[0].file, problems.items[0].line, problems.items[0].text);
	return calendars;
}

static int load_all(void **state)
{
	static struct scratch scratch;
	static const char *const years[] = {"[year 2025]", "[year 2026]", "[year 2027]"};
	(void)state;
	countries = load_calendars("config/calendars");

	scratch_make(&scratch);
	FILE *file = fopen(scratch_path(&scratch, "never.ini"), "w");
	assert_non_null(file);
	for (size_t i = 0; i < ROWS(years); i++)
		(void)fprintf(file, "%s\noff = 01-01..12-31 closed\n", years[i]);
	assert_int_equal(fclose(file), 0);
	odd = load_calendars(scratch.folder);
	scratch_remove(&scratch);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	calendars_free(countries);
	calendars_free(odd);
	return 0;
}

/* "": none */
static const struct calendar *find_calendar(const char *name)
{
	const struct calendar *calendar = calendars_find(countries, name);
	if (calendar == NULL)
		calendar = calendars_find(odd, name);
	if (calendar == NULL && *name != '\0')
		fail_msg("no calendar '%s'", name);
	return calendar;
}

/* ---- readers ---- */

static const char sakhalin[] = "Asia/Sakhalin", shanghai[] = "Asia/Shanghai", moscow[] = "Europe/Moscow";
static const char russia[] = "russia", china[] = "china";
static const char york[] = "America/New_York", berlin[] = "Europe/Berlin", cairo[] = "Africa/Cairo";
static const char apia[] = "Pacific/Apia";
static const char held[] = "quiet hours", closed[] = "outside working hours", off[] = "day off";

/* "2025-04-01T09:00+11", "2025-04-01T09:00:59+11" */
static int64_t utc_of(const char *text)
{
	char local[CIVIL_TEXT_SIZE] = "";
	struct civil civil;
	size_t len = strlen(text) - 3;
	assert_true(len < sizeof(local));
	memcpy(local, text, len);
	assert_true(civil_parse(local, &civil, NULL));
	int offset_s = ((text[len + 1] - '0') * 10 + text[len + 2] - '0') * 3600;
	return civil_to_seconds(&civil) - (text[len] == '-' ? -offset_s : offset_s);
}

static const struct zone *need_zone(const char *name)
{
	const struct zone *zone = zone_find(name);
	if (zone == NULL)
		fail_msg("no zone '%s'", name);
	return zone;
}

static struct reader_time reader_of(const char *zone, const char *calendar, const char *quiet, const char *work)
{
	struct reader_time reader = {
		.zone = need_zone(zone), .calendar = find_calendar(calendar), .hours = hours_any()};
	struct err err = {""};
	if (hours_parse_quiet(quiet, &reader.hours, &err) < 0 || hours_parse_work(work, &reader.hours, &err) < 0)
		fail_msg("%s", err.text);
	return reader;
}

static void check_instant(const struct reader_time *reader, int64_t utc, const char *expected, const char *name)
{
	char text[ZONE_TEXT_SIZE];
	zone_format(reader->zone, utc, text);
	if (utc != (strcmp(expected, "never") == 0 ? INT64_MAX : utc_of(expected)))
		fail_msg("%s: %s, not %s", name, text, expected);
}

/* ---- when a message may leave ---- */

struct open_row {
	const char *name, *zone, *calendar, *quiet, *work, *from, *open, *reason; /* open NULL: at from */
};

static void check_open(const struct open_row *row)
{
	struct reader_time reader = reader_of(row->zone, row->calendar, row->quiet, row->work);
	const char *reason = "untouched";
	int64_t from_utc = utc_of(row->from);
	int64_t open_utc = hours_open_utc(&reader, from_utc, false, &reason);

	check_instant(&reader, open_utc, row->open != NULL ? row->open : row->from, row->name);
	if (row->reason == NULL ? reason != NULL : reason == NULL || strcmp(reason, row->reason) != 0)
		fail_msg("%s: the reason is '%s'", row->name, reason != NULL ? reason : "NULL");
	assert_int_equal(hours_open_utc(&reader, from_utc, false, NULL), open_utc);

	assert_int_equal(hours_open_utc(&reader, from_utc, true, &reason), from_utc);
	assert_null(reason);
}

static void hours__quiet_hours__hold_until_they_end(void **state)
{
	(void)state;
	static const char night[] = "22:00-08:00";
	static const struct open_row rows[] = {
		{"no hours", sakhalin, "", "", "", "2025-06-08T03:00+11", NULL, NULL},
		{"last second before", sakhalin, "", night, "", "2025-06-08T21:59:59+11", NULL, NULL},
		{"first second", sakhalin, "", night, "", "2025-06-08T22:00+11", "2025-06-09T08:00+11", held},
		{"before midnight", sakhalin, "", night, "", "2025-12-31T23:59:59+11", "2026-01-01T08:00+11", held},
		{"midnight", sakhalin, "", night, "", "2025-06-08T00:00+11", "2025-06-08T08:00+11", held},
		{"last second", sakhalin, "", night, "", "2025-06-08T07:59:59+11", "2025-06-08T08:00+11", held},
		{"end", sakhalin, "", night, "", "2025-06-08T08:00+11", NULL, NULL},
		{"before a nap", sakhalin, "", "13:00-14:00", "", "2025-06-08T12:59+11", NULL, NULL},
		{"in a nap", sakhalin, "", "13:00-14:00", "", "2025-06-08T13:00+11", "2025-06-08T14:00+11", held},
		{"from midnight on", sakhalin, "", "00:00-07:00", "", "2025-06-08T00:00+11", "2025-06-08T07:00+11",
		 held},
		{"until 24:00", sakhalin, "", "20:00-24:00", "", "2025-06-08T20:30+11", "2025-06-09T00:00+11", held},
		{"until 00:00", sakhalin, "", "20:00-00:00", "", "2025-06-08T20:30+11", "2025-06-09T00:00+11", held},
		{"all but a minute", sakhalin, "", "08:01-08:00", "", "2025-06-08T08:01+11", "2025-06-09T08:00+11",
		 held},
		{"Shanghai", shanghai, "", night, "", "2025-06-08T22:30+08", "2025-06-09T08:00+08", held},
		{"Moscow", moscow, "", night, "", "2025-06-08T22:30+03", "2025-06-09T08:00+03", held},
		{"holidays are no night", sakhalin, russia, night, "", "2025-05-09T12:00+11", NULL, NULL},
	};
	for (size_t i = 0; i < ROWS(rows); i++)
		check_open(&rows[i]);
}

static void hours__working_hours__hold_until_a_working_day(void **state)
{
	(void)state;
	static const char office[] = "09:00-18:00", named[] = "Mon-Fri 09:00-18:00";
	static const struct open_row rows[] = {
		{"Friday at work", sakhalin, "", "", named, "2025-06-06T17:59:59+11", NULL, NULL},
		{"Friday evening", sakhalin, "", "", named, "2025-06-06T18:00+11", "2025-06-09T09:00+11", closed},
		{"Saturday", sakhalin, "", "", named, "2025-06-07T12:00+11", "2025-06-09T09:00+11", off},
		{"Sunday night", sakhalin, "", "", named, "2025-06-08T23:59:59+11", "2025-06-09T09:00+11", off},
		{"Monday morning", sakhalin, "", "", named, "2025-06-09T08:59:59+11", "2025-06-09T09:00+11", closed},
		{"no calendar, no days", sakhalin, "", "", office, "2025-06-07T12:00+11", "2025-06-09T09:00+11", off},
		{"New York", york, "", "", office, "2025-06-06T18:00-04", "2025-06-09T09:00-04", closed},
		{"three days", sakhalin, "", "", "Mon,Wed,Fri 10:00-16:00", "2025-06-09T16:00+11",
		 "2025-06-11T10:00+11", closed},
		{"other days", sakhalin, "", "", "Mon,Wed,Fri 10:00-16:00", "2025-06-10T12:00+11",
		 "2025-06-11T10:00+11", off},
		{"days at any time", sakhalin, "", "", "Mon-Fri", "2025-06-07T12:00+11", "2025-06-09T00:00+11", off},
		{"Sunday to Thursday", sakhalin, "", "", "Sun-Thu 09:00-18:00", "2025-06-05T19:00+11",
		 "2025-06-08T09:00+11", closed},
		{"to the end of the day", sakhalin, "", "", "18:00-24:00", "2025-06-06T23:59:59+11", NULL, NULL},

		{"eve of 1 May", sakhalin, russia, "", office, "2025-04-30T18:00+11", "2025-05-05T09:00+11", closed},
		{"1 May", sakhalin, russia, "", office, "2025-05-01T10:00+11", "2025-05-05T09:00+11", off},
		{"eve of 8 May", moscow, russia, "", office, "2025-05-07T18:00+03", "2025-05-12T09:00+03", closed},
		{"holidays of who names days", sakhalin, russia, "", named, "2025-05-08T10:00+11",
		 "2025-05-12T09:00+11", off},
		{"New Year", sakhalin, russia, "", office, "2025-01-01T00:00+11", "2025-01-09T09:00+11", off},
		{"moved Saturday", sakhalin, russia, "", office, "2025-11-01T10:00+11", NULL, NULL},
		{"before it", sakhalin, russia, "", office, "2025-10-31T18:30+11", "2025-11-01T09:00+11", closed},
		{"after it", sakhalin, russia, "", office, "2025-11-01T18:00+11", "2025-11-05T09:00+11", closed},
		{"not of who names days", sakhalin, russia, "", named, "2025-10-31T18:30+11", "2025-11-05T09:00+11",
		 closed},
		{"ordinary Saturday", sakhalin, russia, "", office, "2025-10-25T10:00+11", "2025-10-27T09:00+11", off},
		{"Saturdays by name", sakhalin, russia, "", "Mon-Sat 09:00-18:00", "2025-10-24T18:30+11",
		 "2025-10-25T09:00+11", closed},
		{"Saturdays by name, but a holiday", sakhalin, russia, "", "Mon-Sat 09:00-18:00", "2025-01-03T12:00+11",
		 "2025-01-09T09:00+11", off},

		{"make-up Sunday", shanghai, china, "", office, "2025-09-27T12:00+08", "2025-09-28T09:00+08", off},
		{"National Day", shanghai, china, "", office, "2025-09-30T18:00+08", "2025-10-09T09:00+08", closed},
		{"make-up Saturday", shanghai, china, "", office, "2025-10-10T19:00+08", "2025-10-11T09:00+08", closed},
		{"Spring Festival", shanghai, china, "", office, "2025-01-29T12:00+08", "2025-02-05T09:00+08", off},
		{"both neighbours of it", shanghai, china, "", office, "2025-01-25T12:00+08", "2025-01-26T09:00+08",
		 off},
		{"China's holiday in Russia", sakhalin, russia, "", office, "2025-10-01T12:00+11", NULL, NULL},
	};
	for (size_t i = 0; i < ROWS(rows); i++)
		check_open(&rows[i]);
}

static void hours__quiet_and_working_hours__must_both_be_open(void **state)
{
	(void)state;
	static const char late[] = "18:00-10:00", office[] = "Mon-Fri 09:00-18:00";
	static const struct open_row rows[] = {
		{"at work, still quiet", sakhalin, "", late, office, "2025-06-09T09:00+11", "2025-06-09T10:00+11",
		 held},
		{"open", sakhalin, "", late, office, "2025-06-09T10:00+11", NULL, NULL},
		{"both end", sakhalin, "", late, office, "2025-06-09T18:00+11", "2025-06-10T10:00+11", held},
		{"over the weekend", sakhalin, "", late, office, "2025-06-06T18:00+11", "2025-06-09T10:00+11", held},
		{"weekend", sakhalin, "", late, office, "2025-06-07T23:00+11", "2025-06-09T10:00+11", off},
		{"lunch", sakhalin, "", "12:00-13:00", office, "2025-06-09T12:10+11", "2025-06-09T13:00+11", held},
		{"quiet until past the end", sakhalin, "", "17:00-19:00", office, "2025-06-09T17:30+11",
		 "2025-06-10T09:00+11", held},
		{"after both", sakhalin, "", "17:00-19:00", office, "2025-06-09T20:00+11", "2025-06-10T09:00+11",
		 closed},
		{"any time of the days", sakhalin, "", "22:00-08:00", "Mon-Fri", "2025-06-06T22:00+11",
		 "2025-06-09T08:00+11", held},
		{"Friday's night is Saturday's morning", sakhalin, "", "22:00-08:00", "Sat 00:00-12:00",
		 "2025-06-06T21:00+11", "2025-06-07T08:00+11", off},
		{"both sides of midnight", sakhalin, "", "13:00-12:00", "09:00-18:00", "2025-06-09T13:00+11",
		 "2025-06-10T12:00+11", held},
	};
	for (size_t i = 0; i < ROWS(rows); i++)
		check_open(&rows[i]);
}

static void hours__clock_changes__move_an_edge_to_the_first_instant_after_the_gap(void **state)
{
	(void)state;
	static const struct open_row rows[] = {
		{"ends in the gap", berlin, "", "22:00-02:30", "", "2025-03-29T23:00+01", "2025-03-30T03:00+02", held},
		{"begins in the gap", berlin, "", "02:30-06:00", "", "2025-03-30T03:00+02", "2025-03-30T06:00+02",
		 held},
		{"before that", berlin, "", "02:30-06:00", "", "2025-03-30T01:59:59+01", NULL, NULL},
		{"lies in the gap", berlin, "", "02:10-02:50", "", "2025-03-30T03:00+02", NULL, NULL},
		{"work begins in the gap", berlin, "", "", "Sun 02:30-05:00", "2025-03-30T00:00+01",
		 "2025-03-30T03:00+02", closed},
		{"work lies in the gap", berlin, "", "", "Sun 02:10-02:50", "2025-03-30T00:00+01",
		 "2025-04-06T02:10+02", closed},
		{"a hole in the gap", berlin, "", "02:40-02:20", "", "2025-03-30T01:00+01", "2025-03-31T02:20+02",
		 held},
		{"ends at the first of two", berlin, "", "22:00-02:30", "", "2025-10-25T23:00+02",
		 "2025-10-26T02:30+02", held},
		{"stays ended", berlin, "", "22:00-02:30", "", "2025-10-26T02:15+01", NULL, NULL},
		{"begins at the first of two", berlin, "", "02:30-06:00", "", "2025-10-26T02:15+01",
		 "2025-10-26T06:00+01", held},
		{"short night", berlin, "", "22:00-08:00", "", "2025-03-29T22:00+01", "2025-03-30T08:00+02", held},
		{"long night", berlin, "", "22:00-08:00", "", "2025-10-25T22:00+02", "2025-10-26T08:00+01", held},
		{"New York in March", york, "", "22:00-08:00", "", "2025-03-08T23:00-05", "2025-03-09T08:00-04", held},
		{"New York in November", york, "", "22:00-01:30", "", "2025-11-01T23:00-04", "2025-11-02T01:30-04",
		 held},
		{"New York over a weekend", york, "", "", "09:00-18:00", "2025-03-07T18:00-05", "2025-03-10T09:00-04",
		 closed},
		{"Moscow in 2014", moscow, "", "22:00-01:30", "", "2014-10-25T23:00+04", "2014-10-26T01:30+04", held},
		{"Sakhalin in 2016", sakhalin, "", "22:00-02:30", "", "2016-03-26T23:00+10", "2016-03-27T03:00+11",
		 held},
		{"no midnight", cairo, "", "", "Fri", "2025-04-24T12:00+02", "2025-04-25T01:00+03", off},
		{"before a second last hour", cairo, "", "", "Thu", "2025-10-30T23:30+02", NULL, NULL},
		{"a day that Samoa skipped", apia, "", "", "Fri 09:00-18:00", "2011-12-29T12:00-10",
		 "2012-01-06T09:00+14", off},
	};
	for (size_t i = 0; i < ROWS(rows); i++)
		check_open(&rows[i]);
}

static void hours__nothing_ever_open__holds_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *name, *calendar, *quiet, *work;
	} rows[] = {
		{"quiet all day", "", "00:00-24:00", ""},
		{"quiet all work", "", "18:00-10:00", "09:00-10:00"},
		{"quiet around an hour", "", "11:00-10:00", "11:00-12:00"},
		{"never a working day", "never", "", "09:00-18:00"},
	};
	static const int64_t instants[] = {1749384000, 1751328000, INT64_MAX};
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t k = 0; k < ROWS(instants); k++) {
			struct reader_time reader = reader_of(sakhalin, rows[i].calendar, rows[i].quiet, rows[i].work);
			const char *reason = "untouched";
			if (hours_open_utc(&reader, instants[k], false, &reason) != instants[k] || reason != NULL)
				fail_msg("%s", rows[i].name);
		}
}

static void hours__instants_outside_the_calendar__come_to_an_end(void **state)
{
	(void)state;
	static const int64_t instants[] = {INT64_MIN, INT64_MIN / 2, INT64_MAX / 2, INT64_MAX};
	struct reader_time reader = reader_of(sakhalin, "", "22:00-08:00", "Mon-Fri 09:00-18:00");
	struct digest_time weekly = {.is_weekly = true, .weekday = 3, .minute = 540};
	for (size_t i = 0; i < ROWS(instants); i++) {
		assert_true(hours_open_utc(&reader, instants[i], false, NULL) >= instants[i]);
		assert_true(hours_next_digest_utc(&reader, &weekly, instants[i]) > instants[i] ||
			    instants[i] == INT64_MAX);
		(void)hours_tomorrow_morning_utc(&reader, instants[i]);
	}
}

/* ---- digests ---- */

struct digest_row {
	const char *name, *zone, *calendar, *work, *digest, *after, *due; /* one after the other */
};

static void check_digest(const struct digest_row *row)
{
	struct reader_time reader = reader_of(row->zone, row->calendar, "", row->work);
	struct digest_time digest;
	assert_int_equal(hours_parse_digest(row->digest, &digest, NULL), 0);
	int64_t utc = utc_of(row->after);
	struct strlist due = {0};
	strlist_add_words(&due, row->due);
	for (size_t i = 0; i < due.n; i++) {
		utc = hours_next_digest_utc(&reader, &digest, utc);
		check_instant(&reader, utc, due.items[i], row->name);
	}
	strlist_done(&due);
}

static void hours__digest__comes_on_working_days(void **state)
{
	(void)state;
	static const char daily[] = "daily 09:00";
	static const struct digest_row rows[] = {
		{"none", sakhalin, "", "", "", "2025-06-09T08:59:59+11", "never"},
		{"strictly after", sakhalin, "", "", daily, "2025-06-09T08:59:59+11",
		 "2025-06-09T09:00+11 2025-06-10T09:00+11"},
		{"weekend", sakhalin, "", "", daily, "2025-06-06T09:00+11", "2025-06-09T09:00+11 2025-06-10T09:00+11"},
		{"May", sakhalin, russia, "", daily, "2025-04-30T09:00+11",
		 "2025-05-05T09:00+11 2025-05-06T09:00+11 2025-05-07T09:00+11 2025-05-12T09:00+11"},
		{"moved Saturday", sakhalin, russia, "09:00-18:00", daily, "2025-10-30T09:00+11",
		 "2025-10-31T09:00+11 2025-11-01T09:00+11 2025-11-05T09:00+11"},
		{"October in China", shanghai, china, "", daily, "2025-09-27T09:00+08",
		 "2025-09-28T09:00+08 2025-09-29T09:00+08 2025-09-30T09:00+08 2025-10-09T09:00+08"},
		{"days of one's own", sakhalin, russia, "Mon,Wed,Fri 10:00-16:00", daily, "2025-04-29T12:00+11",
		 "2025-04-30T09:00+11 2025-05-05T09:00+11 2025-05-07T09:00+11 2025-05-12T09:00+11"},
		{"midnight", sakhalin, "", "", "daily 00:00", "2025-06-08T23:59:59+11",
		 "2025-06-09T00:00+11 2025-06-10T00:00+11"},
		{"across March", york, "", "", daily, "2025-03-07T09:00-05", "2025-03-10T09:00-04 2025-03-11T09:00-04"},

		{"weekly", sakhalin, "", "", "weekly Mon 09:00", "2025-06-09T08:59:59+11",
		 "2025-06-09T09:00+11 2025-06-16T09:00+11 2025-06-23T09:00+11"},
		{"Monday off", sakhalin, russia, "", "weekly Mon 09:00", "2025-10-27T09:00+11",
		 "2025-11-05T09:00+11 2025-11-10T09:00+11"},
		{"Thursdays of May", sakhalin, russia, "", "weekly Thu 09:00", "2025-04-24T09:00+11",
		 "2025-05-05T09:00+11 2025-05-12T09:00+11 2025-05-15T09:00+11"},
		{"after the day itself, while it's off", sakhalin, russia, "", "weekly Thu 09:00",
		 "2025-05-03T12:00+11", "2025-05-05T09:00+11 2025-05-12T09:00+11"},
		{"Saturdays", sakhalin, russia, "", "weekly Sat 09:00", "2025-10-20T09:00+11",
		 "2025-10-27T09:00+11 2025-11-01T09:00+11 2025-11-10T09:00+11"},
		{"two weeks meet", shanghai, china, "", "weekly Wed 09:00", "2025-09-24T09:00+08",
		 "2025-10-09T09:00+08 2025-10-15T09:00+08"},
		{"weekly by days of one's own", sakhalin, "", "Tue,Thu", "weekly Fri 09:00", "2025-06-09T09:00+11",
		 "2025-06-10T09:00+11 2025-06-17T09:00+11"},
		{"one day a week, six days later", sakhalin, "", "Tue", "weekly Wed 09:00", "2025-06-10T09:00+11",
		 "2025-06-17T09:00+11 2025-06-24T09:00+11"},
		{"never a working day", sakhalin, "never", "", daily, "2025-06-09T09:00+11", "never"},
		{"skipped day", apia, "", "Mon-Sun", daily, "2011-12-29T09:00-10",
		 "2011-12-31T09:00+14 2012-01-01T09:00+14"},
		{"skipped Friday", apia, "", "Mon-Sun", "weekly Fri 09:00", "2011-12-23T09:00-10",
		 "2011-12-31T09:00+14 2012-01-06T09:00+14"},
	};
	for (size_t i = 0; i < ROWS(rows); i++)
		check_digest(&rows[i]);
}

static void hours__two_weeks_across_march__one_digest_per_working_day_at_nine(void **state)
{
	(void)state;
	static const char *const zones[] = {sakhalin, shanghai, moscow, york, berlin};
	const struct digest_time digest = {.minute = 9 * 60};
	for (size_t i = 0; i < ROWS(zones); i++) {
		struct reader_time reader = reader_of(zones[i], "", "22:00-08:00", "09:00-18:00");
		struct civil from = {.year = 2026, .month = 3, .day = 1}, to = civil_add_days(&from, 14);
		int64_t until_utc = zone_to_utc(reader.zone, &to);
		int n = 0;
		for (int64_t utc = zone_to_utc(reader.zone, &from) - 1;; n++) {
			utc = hours_next_digest_utc(&reader, &digest, utc);
			if (utc >= until_utc)
				break;
			struct civil at = zone_to_civil(reader.zone, utc);
			assert_int_equal(at.hour * 3600 + at.minute * 60 + at.second, 9 * 3600);
			assert_true(civil_weekday(&at) <= 5);
			assert_int_equal(hours_open_utc(&reader, utc, false, NULL), utc);
		}
		assert_int_equal(n, 10);
	}
}

static void hours__every_minute_of_a_year__one_digest_a_day_and_a_week(void **state)
{
	(void)state;
	static const char *const zones[] = {berlin, york, cairo, "Australia/Lord_Howe", "America/Santiago"};
	for (size_t i = 0; i < ROWS(zones); i++)
		for (int minute = 0; minute < HOURS_DAY_MINUTES; minute += minute < 200 ? 10 : 307) {
			struct reader_time reader = reader_of(zones[i], "", "", "Mon-Sun");
			struct digest_time daily = {.minute = minute};
			struct digest_time weekly = {.is_weekly = true, .weekday = 7, .minute = minute};
			struct civil day = {.year = 2025, .month = 1, .day = 5};
			int64_t utc = zone_to_utc(reader.zone, &day) - 1, weekly_utc = utc;
			for (int n = 0; n < 364; n++) {
				utc = hours_next_digest_utc(&reader, &daily, utc);
				struct civil at = zone_to_civil(reader.zone, utc);
				assert_int_equal(civil_to_days(&at), civil_to_days(&day) + n);
				if (n % 7 == 0)
					weekly_utc = hours_next_digest_utc(&reader, &weekly, weekly_utc);
				if (n % 7 == 0)
					assert_int_equal(weekly_utc, utc);
			}
		}
}

/* ---- tomorrow morning ---- */

static void hours__tomorrow_morning__is_when_the_next_working_day_begins(void **state)
{
	(void)state;
	static const struct {
		const char *name, *zone, *calendar, *work, *now, *morning;
	} rows[] = {
		{"at nine", sakhalin, "", "", "2025-06-09T12:00+11", "2025-06-10T09:00+11"},
		{"with the work", sakhalin, "", "08:30-17:00", "2025-06-09T12:00+11", "2025-06-10T08:30+11"},
		{"before dawn", sakhalin, "", "", "2025-06-10T00:00+11", "2025-06-11T09:00+11"},
		{"before midnight", sakhalin, "", "", "2025-06-09T23:59:59+11", "2025-06-10T09:00+11"},
		{"Friday", sakhalin, "", "", "2025-06-06T12:00+11", "2025-06-09T09:00+11"},
		{"Sunday", sakhalin, "", "", "2025-06-08T12:00+11", "2025-06-09T09:00+11"},
		{"May", sakhalin, russia, "", "2025-05-07T12:00+11", "2025-05-12T09:00+11"},
		{"moved Saturday", sakhalin, russia, "", "2025-10-31T12:00+11", "2025-11-01T09:00+11"},
		{"from it", sakhalin, russia, "", "2025-11-01T12:00+11", "2025-11-05T09:00+11"},
		{"October in China", shanghai, china, "", "2025-09-30T12:00+08", "2025-10-09T09:00+08"},
		{"days of one's own", sakhalin, "", "Tue,Thu 10:00-16:00", "2025-06-05T12:00+11",
		 "2025-06-10T10:00+11"},
		{"days at any time", sakhalin, "", "Tue,Thu", "2025-06-05T12:00+11", "2025-06-10T09:00+11"},
		{"across March", york, "", "", "2025-03-07T12:00-05", "2025-03-10T09:00-04"},
		{"in the gap", berlin, "", "Sun 02:30-05:00", "2025-03-29T12:00+01", "2025-03-30T03:00+02"},
		{"first of two", berlin, "", "Sun 02:30-05:00", "2025-10-25T12:00+02", "2025-10-26T02:30+02"},
		{"never a working day", sakhalin, "never", "", "2025-06-06T12:00+11", "2025-06-07T09:00+11"},
		{"the reader's today, not ours", york, "", "", "2025-06-09T23:00-04", "2025-06-10T09:00-04"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct reader_time reader = reader_of(rows[i].zone, rows[i].calendar, "", rows[i].work);
		check_instant(&reader, hours_tomorrow_morning_utc(&reader, utc_of(rows[i].now)), rows[i].morning,
			      rows[i].name);
	}
}

static void hours__next_morning__is_any_days_for_who_works_by_no_calendar(void **state)
{
	(void)state;
	static const struct {
		const char *name, *calendar, *work, *morning;
	} rows[] = {
		{"Friday", "", "", "2025-06-07T09:00+11"},
		{"with a calendar", russia, "", "2025-06-09T09:00+11"},
		{"with hours", "", "10:00-16:00", "2025-06-09T10:00+11"},
		{"with days", "", "Tue,Thu", "2025-06-10T09:00+11"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct reader_time reader = reader_of(sakhalin, rows[i].calendar, "", rows[i].work);
		check_instant(&reader, hours_next_morning_utc(&reader, utc_of("2025-06-06T12:00+11")), rows[i].morning,
			      rows[i].name);
	}
}

/* ---- whatever the hours ---- */

static uint64_t random_state;

/* xorshift64*: the same numbers from the same seed everywhere. */
static int random_below(int limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (int)(((random_state * UINT64_C(2685821657736338717)) >> 32) % (uint64_t)limit);
}

static void random_start(const char *test)
{
	const char *given = getenv("SEED");
	random_state = given != NULL ? strtoull(given, NULL, 10) | 1 : 20251101;
	print_message("%s: SEED=%" PRIu64 "\n", test, random_state);
}

static struct hours random_hours(void)
{
	struct hours hours = hours_any();
	int step = random_below(2) != 0 ? 30 : 1;
	int many = HOURS_DAY_MINUTES / step;
	if (random_below(4) != 0) {
		hours.quiet_from_minute = random_below(many) * step;
		hours.quiet_to_minute = (hours.quiet_from_minute / step + 1 + random_below(many - 1)) % many * step;
	}
	if (random_below(4) != 0) {
		hours.work_from_minute = random_below(many) * step;
		hours.work_to_minute =
			hours.work_from_minute + (1 + random_below(many - hours.work_from_minute / step)) * step;
	}
	if (random_below(3) == 0)
		hours.work_days = 1U + (unsigned)random_below(127);
	return hours;
}

static struct reader_time random_reader(void)
{
	static const char *const zones[] = {
		sakhalin, shanghai, moscow, york, berlin, cairo, "Australia/Lord_Howe", "America/Santiago"};
	static const char *const names[] = {"", russia, china};
	return (struct reader_time){
		.zone = need_zone(zones[random_below((int)ROWS(zones))]),
		.calendar = find_calendar(names[random_below((int)ROWS(names))]),
		.hours = random_hours(),
	};
}

/* In 2025 or 2026, half of the time within three days of a change of the clocks when the zone has one. */
static int64_t random_instant(const struct zone *zone)
{
	int64_t utc = 1735689600 + (int64_t)random_below(2 * 365 * 86400 - 1);
	if (random_below(2) != 0)
		return utc;
	for (int days = 0; days < 300; days++, utc += 86400)
		if (zone_offset_s(zone, utc) != zone_offset_s(zone, utc + 86400))
			return utc + random_below(5 * 86400) - 3 * 86400;
	return utc;
}

/* Open by the clock on the wall, read minute by minute, by another road than the code's: edges that come twice count the
 * first time, so the wall clock here never goes back. */
static bool is_open_by_wall(const struct reader_time *reader, int64_t wall_s)
{
	const struct hours *hours = &reader->hours;
	struct civil at = civil_from_seconds(wall_s);
	int minute = at.hour * 60 + at.minute;
	int from = hours->quiet_from_minute, to = hours->quiet_to_minute;
	bool is_quiet = from >= 0 && (from < to ? minute >= from && minute < to : minute >= from || minute < to);
	bool is_day = calendar_is_working(reader->calendar, &at);
	if (hours->work_days != 0)
		is_day = (hours->work_days & (1U << (civil_weekday(&at) - 1))) != 0 &&
			 calendar_holiday(reader->calendar, &at) == NULL;
	bool is_bound = hours->work_from_minute >= 0 || hours->work_days != 0;
	bool is_hour =
		hours->work_from_minute < 0 || (minute >= hours->work_from_minute && minute < hours->work_to_minute);
	return !is_quiet && (!is_bound || (is_day && is_hour));
}

static int64_t wall_of(const struct zone *zone, int64_t utc)
{
	struct civil civil = zone_to_civil(zone, utc);
	return civil_to_seconds(&civil);
}

static int64_t latest_wall(const struct zone *zone, int64_t utc, int64_t latest_s)
{
	int64_t wall_s = wall_of(zone, utc);
	return wall_s > latest_s ? wall_s : latest_s;
}

/* Nothing is open from from_utc to open_utc, and open_utc is, as far as six days are looked at. */
static void check_by_minutes(const struct reader_time *reader, int64_t from_utc, int64_t open_utc)
{
	int64_t wall_s = INT64_MIN;
	for (int64_t utc = from_utc - 4 * 3600; utc <= from_utc; utc += 60)
		wall_s = latest_wall(reader->zone, utc, wall_s);

	int64_t end_utc = open_utc - from_utc < 6 * 86400 ? open_utc : from_utc + 6 * 86400;
	for (int64_t utc = from_utc; utc < end_utc; utc += 60 - utc % 60) {
		wall_s = latest_wall(reader->zone, utc, wall_s);
		if (is_open_by_wall(reader, wall_s))
			fail_msg("%" PRId64 " is open already, not first %" PRId64, utc, open_utc);
	}
	wall_s = latest_wall(reader->zone, open_utc, wall_s);
	if (!is_open_by_wall(reader, wall_s))
		fail_msg("%" PRId64 " is not open (from %" PRId64 ")", open_utc, from_utc);
}

static void hours__random_hours__first_open_minute_as_counted_on_the_wall(void **state)
{
	(void)state;
	random_start("open");
	int n_held = 0, n_refused = 0;
	for (int i = 0; i < 1500; i++) {
		struct reader_time reader = random_reader();
		int64_t from_utc = random_instant(reader.zone);
		const char *reason = "untouched";
		int64_t open_utc = hours_open_utc(&reader, from_utc, false, &reason);
		assert_true(open_utc >= from_utc);
		if (hours_check(&reader.hours, NULL) < 0) {
			assert_int_equal(open_utc, from_utc);
			n_refused++;
			continue;
		}
		assert_int_equal(open_utc == from_utc, reason == NULL);
		check_by_minutes(&reader, from_utc, open_utc);
		assert_int_equal(hours_open_utc(&reader, open_utc, false, NULL), open_utc);

		int64_t later_utc = from_utc + random_below(2 * 86400);
		assert_true(hours_open_utc(&reader, later_utc, false, NULL) >= open_utc);
		n_held += open_utc > from_utc;
	}
	assert_true(n_held > 300 && n_refused > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours__quiet_hours__hold_until_they_end),
		cmocka_unit_test(hours__working_hours__hold_until_a_working_day),
		cmocka_unit_test(hours__quiet_and_working_hours__must_both_be_open),
		cmocka_unit_test(hours__clock_changes__move_an_edge_to_the_first_instant_after_the_gap),
		cmocka_unit_test(hours__nothing_ever_open__holds_nothing),
		cmocka_unit_test(hours__instants_outside_the_calendar__come_to_an_end),
		cmocka_unit_test(hours__digest__comes_on_working_days),
		cmocka_unit_test(hours__two_weeks_across_march__one_digest_per_working_day_at_nine),
		cmocka_unit_test(hours__every_minute_of_a_year__one_digest_a_day_and_a_week),
		cmocka_unit_test(hours__tomorrow_morning__is_when_the_next_working_day_begins),
		cmocka_unit_test(hours__next_morning__is_any_days_for_who_works_by_no_calendar),
		cmocka_unit_test(hours__random_hours__first_open_minute_as_counted_on_the_wall),
	};
	return cmocka_run_group_tests(tests, load_all, free_all);
}
