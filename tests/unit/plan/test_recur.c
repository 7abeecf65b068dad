#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/recur.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct civil need_civil(const char *text, bool *ret_has_time)
{
	struct civil civil = {0};
	if (!civil_parse(text, &civil, ret_has_time))
		fail_msg("'%s' is no date", text);
	return civil;
}

static struct period first_at(const char *text)
{
	bool has_time;
	struct period first = {.has_start = true, .start = need_civil(text, &has_time)};
	first.end = first.start;
	first.precision = has_time ? PERIOD_MINUTE : PERIOD_DAY;
	return first;
}

static struct recur *need_recur(const struct period *first, const char *rrule, const char *rdate, const char *exdate,
				const char *zone)
{
	struct recur *recur = NULL;
	struct err err;
	if (recur_new(first, rrule, rdate, exdate, zone_find(zone), &recur, &err) < 0)
		fail_msg("%s: %s", rrule, err.text);
	return recur;
}

/* The starts as one text: dates, or times where they are not midnight. */
static void list_starts(const struct recur *recur, const char *from, const char *to, char text[1000])
{
	struct civil starts[20], from_civil = need_civil(from, NULL), to_civil = need_civil(to, NULL);
	struct err err;
	size_t n = 0, len = 0;
	assert_int_equal(recur_between(recur, &from_civil, &to_civil, ROWS(starts), starts, &n, &err), 0);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		char start[CIVIL_TEXT_SIZE];
		civil_format(&starts[i], start);
		start[starts[i].hour + starts[i].minute > 0 ? 16 : 10] = '\0';
		len += (size_t)snprintf(text + len, 1000 - len, "%s%s", i > 0 ? " " : "", start);
	}
}

static void recur__rules_of_a_plan__give_these_days(void **state)
{
	(void)state;
	static const struct {
		const char *first, *rrule, *rdate, *exdate, *from, *to, *starts;
	} rows[] = {
		{"2025-06-10", "", "", "", "2025-01-01", "2026-01-01", "2025-06-10"},
		{"2025-06-10", "", "", "", "2025-06-10", "2025-06-11", "2025-06-10"},
		{"2025-06-10", "", "", "", "2025-06-11", "2026-01-01", ""},
		{"2025-06-10", "", "", "", "2025-01-01", "2025-06-10", ""},

		/* rules */
		{"2025-01-06", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20250120", "", "", "2025-01-01", "2026-01-01",
		 "2025-01-06 2025-01-13 2025-01-20"},
		{"2025-01-01", "FREQ=MONTHLY;INTERVAL=3;UNTIL=20251231", "", "", "2025-01-01", "2027-01-01",
		 "2025-01-01 2025-04-01 2025-07-01 2025-10-01"},
		{"2025-01-31", "FREQ=MONTHLY;COUNT=3", "", "", "2025-01-01", "2027-01-01",
		 "2025-01-31 2025-03-31 2025-05-31"},
		{"2025-01-31", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "", "", "2025-01-01", "2027-01-01",
		 "2025-01-31 2025-02-28 2025-03-31"},
		{"2025-06-02", "FREQ=MONTHLY;BYDAY=1MO;COUNT=3", "", "", "2025-01-01", "2027-01-01",
		 "2025-06-02 2025-07-07 2025-08-04"},
		{"2025-06-27", "freq=monthly;byday=mo,tu,we,th,fr;bysetpos=-1;count=2", "", "", "2025-01-01",
		 "2027-01-01", "2025-06-27 2025-06-30"},
		{"2024-02-29", "FREQ=YEARLY;COUNT=2", "", "", "2024-01-01", "2035-01-01", "2024-02-29 2028-02-29"},
		{"2025-06-10", "FREQ=DAILY;INTERVAL=2", "", "", "2025-06-12", "2025-06-17",
		 "2025-06-12 2025-06-14 2025-06-16"},
		{"2025-06-10", "FREQ=DAILY", "", "", "2099-12-30", "2100-01-02", "2099-12-30 2099-12-31 2100-01-01"},

		/* the week of a Sunday is not the week before; RFC 5545 has this example of WKST */
		{"1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "", "", "1997-01-01", "1998-01-01",
		 "1997-08-05 1997-08-10 1997-08-19 1997-08-24"},
		{"1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "", "", "1997-01-01", "1998-01-01",
		 "1997-08-05 1997-08-17 1997-08-19 1997-08-31"},
		{"2025-02-09", "FREQ=WEEKLY;INTERVAL=5;COUNT=3", "", "", "2025-01-01", "2026-01-01",
		 "2025-02-09 2025-03-16 2025-04-20"},

		{"2026-03-02", "FREQ=WEEKLY;INTERVAL=8;BYDAY=SU;COUNT=3", "", "", "2026-01-01", "2027-01-01",
		 "2026-03-02 2026-03-08 2026-05-03"},

		/* the first occurrence always counts */
		{"2025-06-10", "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=3", "", "", "2025-01-01", "2026-01-01",
		 "2025-06-10 2025-06-15 2025-07-15"},
		{"2025-06-10", "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=1", "", "", "2025-01-01", "2026-01-01", "2025-06-10"},
		{"2025-06-10", "FREQ=DAILY;UNTIL=20250601", "", "", "2025-01-01", "2026-01-01", "2025-06-10"},

		/* added and left out */
		{"2025-06-10", "FREQ=DAILY;COUNT=3", "2025-06-20,20250611,2025-06-01", "", "2025-01-01", "2026-01-01",
		 "2025-06-01 2025-06-10 2025-06-11 2025-06-12 2025-06-20"},
		{"2025-06-10", "FREQ=DAILY;COUNT=3", "", "20250611,2025-06-10", "2025-01-01", "2026-01-01",
		 "2025-06-12"},
		{"2025-06-10", "", "2025-07-01", "2025-06-10,2025-07-01", "2025-01-01", "2026-01-01", ""},
		{"2025-06-10", "FREQ=DAILY;COUNT=2", "20250620T090000", "20250611T090000", "2025-01-01", "2026-01-01",
		 "2025-06-10 2025-06-20"},
		{"2025-06-10T09:00", "FREQ=DAILY;COUNT=3", "2025-06-11T15:00,2025-06-20", "2025-06-12,2025-06-11T10:00",
		 "2025-01-01", "2026-01-01", "2025-06-10T09:00 2025-06-11T09:00 2025-06-11T15:00 2025-06-20T09:00"},

		/* UNTIL includes what begins at it; in UTC it is an instant (Sakhalin is 11 hours ahead) */
		{"2025-06-10T09:00", "FREQ=DAILY;UNTIL=20250612", "", "", "2025-01-01", "2026-01-01",
		 "2025-06-10T09:00 2025-06-11T09:00 2025-06-12T09:00"},
		{"2025-06-10T09:00", "FREQ=DAILY;UNTIL=20250611T090000", "", "", "2025-01-01", "2026-01-01",
		 "2025-06-10T09:00 2025-06-11T09:00"},
		{"2025-06-10T09:00", "FREQ=DAILY;UNTIL=20250611T085959", "", "", "2025-01-01", "2026-01-01",
		 "2025-06-10T09:00"},
		{"2025-06-10T09:00", "FREQ=DAILY;UNTIL=20250610T220000Z", "", "", "2025-01-01", "2026-01-01",
		 "2025-06-10T09:00 2025-06-11T09:00"},
		{"2025-06-10T09:00", "FREQ=DAILY;UNTIL=20250610T215959Z", "", "", "2025-01-01", "2026-01-01",
		 "2025-06-10T09:00"},
		{"2025-06-10", "FREQ=DAILY;UNTIL=20250610T220000Z", "", "", "2025-01-01", "2026-01-01",
		 "2025-06-10 2025-06-11"},
		{"2025-06-10T09:00", "FREQ=DAILY;COUNT=2", "", "20250610T220000Z", "2025-01-01", "2026-01-01",
		 "2025-06-10T09:00"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct period first = first_at(rows[i].first);
		struct recur *recur = need_recur(&first, rows[i].rrule, rows[i].rdate, rows[i].exdate, "Asia/Sakhalin");
		char text[1000];
		list_starts(recur, rows[i].from, rows[i].to, text);
		if (strcmp(text, rows[i].starts) != 0)
			fail_msg("%s %s +%s -%s: %s", rows[i].first, rows[i].rrule, rows[i].rdate, rows[i].exdate,
				 text);
		recur_free(recur);
	}
}

static void recur__clock_changes__leave_the_time_of_day(void **state)
{
	(void)state;
	struct period first = first_at("2026-03-28T02:30");
	struct recur *recur = need_recur(&first, "FREQ=DAILY;COUNT=3", "", "", "Europe/Berlin");
	char text[1000];
	list_starts(recur, "2026-01-01", "2027-01-01", text);
	assert_string_equal(text,
			    "2026-03-28T02:30 2026-03-29T02:30 2026-03-30T02:30"); /* 02:30 is skipped on the 29th */
	recur_free(recur);
}

static void recur__limit__repeats_by_its_end(void **state)
{
	(void)state;
	struct period first = first_at("2025-01-15");
	first.has_start = false;
	first.start = (struct civil){0};
	first.end.hour = 5; /* has no meaning for a day */
	struct recur *recur = need_recur(&first, "FREQ=MONTHLY;COUNT=2", "", "", "UTC");
	char text[1000];
	list_starts(recur, "2025-01-01", "2026-01-01", text);
	assert_string_equal(text, "2025-01-15 2025-02-15");
	recur_free(recur);
}

/* However it is cut into calls, it is the same list. */
static void recur__asked_piece_by_piece__is_the_same_as_at_once(void **state)
{
	(void)state;
	static const char *const rules[] = {
		"FREQ=DAILY;INTERVAL=3",
		"FREQ=DAILY;BYDAY=MO,FR;BYMONTH=2,3",
		"FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO,WE;WKST=WE",
		"FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=-1,1,31",
		"FREQ=YEARLY;INTERVAL=2;BYDAY=20MO,-1FR",
		"FREQ=WEEKLY;COUNT=30",
	};
	struct period first = first_at("2025-01-31T10:00");
	struct civil from = need_civil("2024-12-01", NULL), to = need_civil("2028-01-01", NULL);
	for (size_t i = 0; i < ROWS(rules); i++) {
		struct recur *recur = need_recur(&first, rules[i], "2025-05-05,2026-05-05", "2025-02-03", "UTC");
		struct civil all[500], next = from;
		size_t n_all = 0, n = 0, seen = 0;
		struct err err;
		assert_int_equal(recur_between(recur, &from, &to, ROWS(all), all, &n_all, &err), 0);
		assert_in_range(n_all, 7, ROWS(all) - 1);
		do {
			struct civil piece[3];
			assert_int_equal(recur_between(recur, &next, &to, ROWS(piece), piece, &n, &err), 0);
			for (size_t j = 0; j < n; j++, seen++) {
				assert_in_range(seen, 0, n_all - 1);
				assert_int_equal(civil_compare(&piece[j], &all[seen]), 0);
				next = civil_from_seconds(civil_to_seconds(&piece[j]) + 1);
			}
		} while (n > 0);
		assert_int_equal(seen, n_all);
		recur_free(recur);
	}
}

static void recur__ten_thousand_years__end_in_time(void **state)
{
	(void)state;
	static const struct {
		const char *rrule;
		int rc;
	} rows[] = {
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", -E2BIG},
		{"FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1", 0},
		{"FREQ=DAILY;COUNT=10000", 0},
		{"FREQ=DAILY", 0},
	};
	struct civil from = {9000, 1, 1, 0, 0, 0}, to = {9999, 12, 31, 0, 0, 0}, starts[10];
	struct period first = first_at("2025-01-01");
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct recur *recur = need_recur(&first, rows[i].rrule, "", "", "UTC");
		struct err err = {0};
		size_t n = 77;
		assert_int_equal(recur_between(recur, &from, &to, ROWS(starts), starts, &n, &err), rows[i].rc);
		assert_int_equal(n, rows[i].rc == 0 ? 0 : 77);
		assert_int_equal(err.text[0] != '\0', rows[i].rc < 0);
		recur_free(recur);
	}
}

static void recur__bad_rule__is_refused_by_the_part(void **state)
{
	(void)state;
	static const struct {
		const char *rrule, *words;
	} rows[] = {
		{"", "NAME=VALUE"},
		{"DAILY", "'DAILY' must be NAME=VALUE"},
		{"RRULE:FREQ=DAILY", "'RRULE:FREQ'"},
		{"FREQ=DAILY;", "'' must be NAME=VALUE"},
		{"INTERVAL=2", "FREQ is missing"},
		{"FREQ=", "FREQ: '' must be"},
		{"FREQ=HOURLY", "FREQ: 'HOURLY' must be DAILY, WEEKLY, MONTHLY or YEARLY"},
		{"FREQ=SECONDLY", "FREQ: 'SECONDLY'"},
		{"FREQ=DAILY;FREQ=WEEKLY", "FREQ stands twice"},
		{"FREQ=DAILY;INTERVAL=2x", "INTERVAL"},
		{"FREQ=DAILY;INTERVAL=0", "INTERVAL"},
		{"FREQ=DAILY;INTERVAL=65537", "INTERVAL"},
		{"FREQ=DAILY;INTERVAL=-1", "INTERVAL"},
		{"FREQ=DAILY;COUNT=", "COUNT"},
		{"FREQ=DAILY;COUNT=0", "COUNT"},
		{"FREQ=DAILY;COUNT=999999999999", "COUNT"},
		{"FREQ=DAILY;COUNT=3;UNTIL=20251231", "exclude each other"},
		{"FREQ=DAILY;UNTIL=20251231;COUNT=3", "exclude each other"},
		{"FREQ=DAILY;UNTIL=2025", "UNTIL: '2025'"},
		{"FREQ=DAILY;UNTIL=20250231", "UNTIL"},
		{"FREQ=DAILY;UNTIL=20251231Z", "UNTIL"},
		{"FREQ=DAILY;UNTIL=20251231T250000", "UNTIL"},
		{"FREQ=WEEKLY;BYDAY=", "BYDAY: ''"},
		{"FREQ=WEEKLY;BYDAY=MON", "BYDAY: 'MON'"},
		{"FREQ=WEEKLY;BYDAY=MO,", "BYDAY: ''"},
		{"FREQ=WEEKLY;BYDAY=MO,MO", "BYDAY: MO stands twice"},
		{"FREQ=WEEKLY;BYDAY=1MO", "a number needs FREQ=MONTHLY or YEARLY"},
		{"FREQ=MONTHLY;BYDAY=0MO", "BYDAY"},
		{"FREQ=MONTHLY;BYDAY=54MO", "BYDAY"},
		{"FREQ=MONTHLY;BYDAY=1234567890MO", "BYDAY"},
		{"FREQ=WEEKLY;WKST=XX", "WKST: 'XX'"},
		{"FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"},
		{"FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY: 0"},
		{"FREQ=MONTHLY;BYMONTHDAY=5,05", "stands twice"},
		{"FREQ=MONTHLY;BYMONTH=13", "BYMONTH"},
		{"FREQ=MONTHLY;BYMONTH=-1", "BYMONTH"},
		{"FREQ=MONTHLY;BYMONTH=2L", "BYMONTH"},
		{"FREQ=DAILY;BYMONTHDAY=-1", "BYMONTHDAY"},
		{"FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"},
		{"FREQ=YEARLY;BYMONTHDAY=1", "with BYMONTH"},
		{"FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY"},
		{"FREQ=YEARLY;BYYEARDAY=1;BYMONTH=1", "BYYEARDAY"},
		{"FREQ=DAILY;BYDAY=MO;BYSETPOS=1", "BYSETPOS"},
		{"FREQ=MONTHLY;BYMONTHDAY=-1,5;BYSETPOS=1", "BYSETPOS"},
		{"FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO is not supported"},
		{"FREQ=DAILY;BYHOUR=9", "BYHOUR: an occurrence has the time of day of the first one"},
		{"FREQ=DAILY;BYSECOND=1", "BYSECOND"},
		{"FREQ=DAILY;RSCALE=HEBREW", "'RSCALE'"},
		{"FREQ=DAILY; COUNT=3", "byte 12"},
		{"FREQ=DAILY\nCOUNT=3", "byte 11"},
		{"FREQ=ежедневно", "byte 6"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct err err = {0};
		if (recur_check(rows[i].rrule, &err) != -EINVAL)
			fail_msg("'%s' was taken", rows[i].rrule);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("'%s': %s", rows[i].rrule, err.text);
		assert_int_equal(recur_check(rows[i].rrule, NULL), -EINVAL);
	}
	char long_rule[RECUR_TEXT_MAX + 2];
	memset(long_rule, 'A', sizeof(long_rule) - 1);
	long_rule[sizeof(long_rule) - 1] = '\0';
	assert_int_equal(recur_check(long_rule, NULL), -EINVAL);
}

static void recur__rule_that_fits_no_day__is_refused(void **state)
{
	(void)state;
	static const char *const rules[] = {
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31",
		"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=MO"} /* the first is a Wednesday */;
	struct period first = first_at("2025-01-01");
	for (size_t i = 0; i < ROWS(rules); i++) {
		struct recur *recur = NULL;
		struct err err = {0};
		assert_int_equal(recur_check(rules[i], &err), 0);
		assert_int_equal(recur_new(&first, rules[i], "", "", zone_find("UTC"), &recur, &err), -EINVAL);
		assert_null(recur);
		assert_non_null(strstr(err.text, "no day fits"));
	}
}

static void recur__exdate_in_utc__finds_what_a_gap_swallows(void **state)
{
	(void)state;
	char text[1000];
	struct period first = first_at("2027-03-27T02:30");
	struct recur *recur =
		need_recur(&first, "FREQ=DAILY;COUNT=4", "", "20270328T010000Z,20270329T010000Z", "Europe/Berlin");
	list_starts(recur, "2027-03-27", "2027-04-10", text);
	assert_string_equal(text, "2027-03-27T02:30 2027-03-29T02:30 2027-03-30T02:30");
	recur_free(recur);
}

static void recur__count__takes_the_first_window_once(void **state)
{
	(void)state;
	char text[1000];
	struct period first = {true, {2027, 1, 1, 0, 0, 0}, {2027, 1, 31, 0, 0, 0}, PERIOD_MONTH};
	struct recur *recur = need_recur(&first, "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=3", "", "", "Europe/Berlin");
	list_starts(recur, "2027-01-01", "2028-01-01", text);
	assert_string_equal(text, "2027-01-01 2027-02-15 2027-03-15");
	recur_free(recur);
}

static void recur__rule_that_ends_early__is_known(void **state)
{
	(void)state;
	static const struct {
		const char *rrule;
		bool is_early;
	} rules[] = {{"FREQ=WEEKLY;UNTIL=20261201", true},
		     {"FREQ=WEEKLY;UNTIL=20270109", true},
		     {"FREQ=WEEKLY;UNTIL=20270110", false},
		     {"FREQ=WEEKLY;UNTIL=20270110T080000", true},
		     {"FREQ=WEEKLY;COUNT=1", false},
		     {"FREQ=WEEKLY", false},
		     {"", false}};
	struct period first = first_at("2027-01-10T09:00");
	for (size_t i = 0; i < ROWS(rules); i++) {
		struct recur *recur = need_recur(&first, rules[i].rrule, "", "", "UTC");
		if (recur_ends_early(recur) != rules[i].is_early)
			fail_msg("%s", rules[i].rrule);
		recur_free(recur);
	}
}

static int check_dates(const char *dates, struct err *err)
{
	struct period first = first_at("2025-01-15");
	struct recur *recur = NULL;
	int status = recur_new(&first, "", dates, "", zone_find("UTC"), &recur, err);
	recur_free(recur);
	recur = NULL;
	int left_out = recur_new(&first, "", "", dates, zone_find("UTC"), &recur, err);
	recur_free(recur);
	assert_int_equal(status, left_out);
	return status;
}

static void recur__dates__are_read_or_refused_as_a_whole(void **state)
{
	(void)state;
	static const char *const good[] = {"",
					   "2025-06-10",
					   "20250610",
					   "2025-06-10T14:00",
					   "20250610T140000Z,2025-06-11",
					   "2025-06-10T14:00:00Z"};
	static const char *const bad[] = {
		",",          "2025-06-10,",      ",2025-06-10",      "2025-06-10,,2025-06-11",
		"2025-06-31", "2025-06-10Z",      "2025-06-10 ",      "10.06.2025",
		"20250610T1", "20250610T140000X", "2025-06-10T14",    "20250610140000",
		"2025-0610",  "202506100",        "2025-06-10T99:00", "Z"};
	struct err err;
	for (size_t i = 0; i < ROWS(good); i++)
		if (check_dates(good[i], &err) < 0)
			fail_msg("%s: %s", good[i], err.text);
	for (size_t i = 0; i < ROWS(bad); i++)
		if (check_dates(bad[i], &err) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);

	char many[(RECUR_DATES_MAX + 1) * 9 + 1] = "";
	for (int i = 0; i <= RECUR_DATES_MAX; i++)
		memcpy(many + i * 9, "20250610,", 9);
	many[RECUR_DATES_MAX * 9 + 8] = '\0';
	assert_int_equal(check_dates(many, &err), -EINVAL);
	many[RECUR_DATES_MAX * 9 - 1] = '\0';
	assert_int_equal(check_dates(many, &err), 0);
}

static void recur_period__keeps_precision_and_length(void **state)
{
	(void)state;
	static const struct {
		const char *first, *start, *key, *precision;
	} rows[] = {
		{"2025-01", "2025-02-01", "2025-02-01/2025-02-28", "month"},
		{"2025-01", "2025-02-15", "2025-02-01/2025-02-28", "month"},
		{"mid-June 2025", "2026-06-11", "2026-06-11/2026-06-20", "month"},
		{"late February 2025", "2028-02-21", "2028-02-21/2028-02-29", "month"},
		{"late February 2028", "2029-02-21", "2029-02-21/2029-02-28", "month"},
		{"late May 2025 - early June 2025", "2026-05-21", "2026-05-21/2026-06-10", "month"},
		{"mid-June 2025", "2026-06-12", "2026-06-12/2026-06-21", "month"},
		{"2025-Q1", "2025-04-01", "2025-04-01/2025-06-30", "quarter"},
		{"2025-H1", "2025-07-01", "2025-07-01/2025-12-31", "half-year"},
		{"2024", "2025-01-01", "2025-01-01/2025-12-31", "year"},
		{"2025-W02", "2025-01-13", "2025-01-13/2025-01-19", "week"},
		{"2025-W02", "2025-01-15", "2025-01-13/2025-01-19", "week"},
		{"2025-06-10", "2025-07-10", "2025-07-10", "day"},
		{"2025-06-10T14:00", "2025-07-10T14:00", "2025-07-10T14:00", "minute"},
		{"2025-06-10/2025-06-12", "2025-07-31", "2025-07-31/2025-08-02", "range"},
		{"2025-04/2025-05", "2026-04-01", "2026-04-01/2026-05-31", "range"},
		{"2024-12/2025-02", "2023-12-01", "2023-12-01/2024-02-29", "range"},
		{"2024-12/2025-02", "2023-12-05", "2023-12-05/2024-03-03", "range"},
		{"../2025-01-15", "2025-02-15", "../2025-02-15", "day"},
		{"../2025-01-15T18:00", "2025-02-15T18:00", "../2025-02-15T18:00", "minute"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct period first, period;
		struct period_error error;
		char key[PERIOD_KEY_SIZE];
		struct civil start = need_civil(rows[i].start, NULL);
		assert_int_equal(period_parse(rows[i].first, 0, &first, &error), 0);
		period = recur_period(&first, &start);
		period_key(&period, key);
		assert_string_equal(key, rows[i].key);
		assert_string_equal(period_precision_name(period.precision), rows[i].precision);
		assert_int_equal(period.has_start, first.has_start);
	}
}

/* What the phrases of repeats turn into is what this file can count. */
static void recur__rules_of_phrases__are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *phrase;
		size_t n;
		const char *last;
	} rows[] = {
		{"ежедневно", 365, "2025-12-31"},
		{"еженедельно", 52, "2025-12-29/2026-01-04"},
		{"ежемесячно", 12, "2025-12-01/2025-12-31"},
		{"ежеквартально", 4, "2025-10-01/2025-12-31"},
		{"каждое полугодие", 2, "2025-07-01/2025-12-31"},
		{"ежегодно", 75, "2099-01-01/2099-12-31"},
		{"ежегодно 9 мая", 75, "2099-05-09"},
		{"every year in late February", 75, "2099-02-21/2099-02-28"},
		{"ежегодно в 2025-2027 гг.", 3, "2027-01-01/2027-12-31"},
		{"по средам", 53, "2025-12-31"},
		{"по средам в 23:59", 53, "2025-12-31T23:59"},
		{"в последний день каждого месяца", 12, "2025-12-31"},
		{"последняя пятница каждого месяца", 12, "2025-12-26"},
		{"1-я среда каждого месяца с 2 января по 31 мая", 4, "2025-05-07"},
		{"ежемесячно до 15 числа", 12, "../2025-12-15"},
		{"every Monday in June", 5, "2025-06-30"},
	};
	struct civil from = {1900, 1, 1, 0, 0, 0}, to = {2100, 1, 1, 0, 0, 0}, starts[400];
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct period first, last;
		struct period_error error;
		struct err err;
		char rrule[PERIOD_RRULE_SIZE], key[PERIOD_KEY_SIZE];
		size_t n = 0;
		assert_int_equal(period_parse_repeat(rows[i].phrase, 2025, &first, rrule, &error), 0);
		struct recur *recur = need_recur(&first, rrule, "", "", "Asia/Sakhalin");
		assert_int_equal(recur_between(recur, &from, &to, ROWS(starts), starts, &n, &err), 0);
		if (n != rows[i].n)
			fail_msg("%s: %zu times", rows[i].phrase, n);
		last = recur_period(&first, &starts[n - 1]);
		period_key(&last, key);
		assert_string_equal(key, rows[i].last);
		recur_free(recur);
	}
}

/* 2028 is a leap year. */
static void recur__yearly_place_in_a_month__is_kept_every_year(void **state)
{
	(void)state;
	static const struct {
		const char *phrase, *rrule, *dates;
	} rows[] = {
		{"последняя пятница июня ежегодно", "FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR",
		 "2027-06-25 2028-06-30 2029-06-29 2030-06-28"},
		{"ежегодно в последнюю пятницу июня", "FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR",
		 "2027-06-25 2028-06-30 2029-06-29 2030-06-28"},
		{"последняя пятница июня каждого года", "FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR",
		 "2027-06-25 2028-06-30 2029-06-29 2030-06-28"},
		{"last Friday of June, every year", "FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR",
		 "2027-06-25 2028-06-30 2029-06-29 2030-06-28"},
		{"6月最后一个星期五，每年", "FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR",
		 "2027-06-25 2028-06-30 2029-06-29 2030-06-28"},
		{"every year on the second Tuesday of June", "FREQ=YEARLY;BYMONTH=6;BYDAY=2TU",
		 "2027-06-08 2028-06-13 2029-06-12 2030-06-11"},
		{"annually on the second Tuesday of June 2028 at 2 pm", "FREQ=YEARLY;BYMONTH=6;BYDAY=2TU",
		 "2028-06-13T14:00 2029-06-12T14:00 2030-06-11T14:00"},
		{"ежегодно до последней пятницы июня", "FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR",
		 "../2027-06-25 ../2028-06-30 ../2029-06-29 ../2030-06-28"},
		{"последний день февраля ежегодно", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
		 "2027-02-28 2028-02-29 2029-02-28 2030-02-28"},
		{"до конца февраля ежегодно", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
		 "../2027-02-28 ../2028-02-29 ../2029-02-28 ../2030-02-28"},
		{"每年2月底前", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
		 "../2027-02-28 ../2028-02-29 ../2029-02-28 ../2030-02-28"},
		{"конец февраля ежегодно", "FREQ=YEARLY",
		 "2027-02-21/2027-02-28 2028-02-21/2028-02-29 2029-02-21/2029-02-28 2030-02-21/2030-02-28"},
		{"с 1 по последний день февраля ежегодно", "FREQ=YEARLY",
		 "2027-02-01/2027-02-28 2028-02-01/2028-02-29 2029-02-01/2029-02-28 2030-02-01/2030-02-28"},
		{"последний день июня ежегодно", "FREQ=YEARLY", "2027-06-30 2028-06-30 2029-06-30 2030-06-30"},
		{"пятница 25 июня ежегодно", "FREQ=YEARLY", "2027-06-25 2028-06-25 2029-06-25 2030-06-25"},
	};
	struct civil from = {2027, 1, 1, 0, 0, 0}, to = {2031, 1, 1, 0, 0, 0}, starts[9];
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct period first;
		struct period_error error;
		struct err err;
		char rrule[PERIOD_RRULE_SIZE];
		size_t n = 0;
		if (period_parse_repeat(rows[i].phrase, 2027, &first, rrule, &error) < 0)
			fail_msg("%s: %s", rows[i].phrase, error.err.text);
		assert_string_equal(rrule, rows[i].rrule);
		struct recur *recur = need_recur(&first, rrule, "", "", "Europe/Moscow");
		assert_int_equal(recur_between(recur, &from, &to, ROWS(starts), starts, &n, &err), 0);
		char dates[ROWS(starts) * PERIOD_KEY_SIZE] = "";
		for (size_t j = 0; j < n; j++) {
			struct period occurrence = recur_period(&first, &starts[j]);
			char key[PERIOD_KEY_SIZE];
			period_key(&occurrence, key);
			(void)strcat(strcat(dates, j == 0 ? "" : " "), key);
		}
		assert_string_equal(dates, rows[i].dates);
		recur_free(recur);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recur__rules_of_a_plan__give_these_days),
		cmocka_unit_test(recur__clock_changes__leave_the_time_of_day),
		cmocka_unit_test(recur__limit__repeats_by_its_end),
		cmocka_unit_test(recur__asked_piece_by_piece__is_the_same_as_at_once),
		cmocka_unit_test(recur__ten_thousand_years__end_in_time),
		cmocka_unit_test(recur__bad_rule__is_refused_by_the_part),
		cmocka_unit_test(recur__rule_that_fits_no_day__is_refused),
		cmocka_unit_test(recur__exdate_in_utc__finds_what_a_gap_swallows),
		cmocka_unit_test(recur__count__takes_the_first_window_once),
		cmocka_unit_test(recur__rule_that_ends_early__is_known),
		cmocka_unit_test(recur__dates__are_read_or_refused_as_a_whole),
		cmocka_unit_test(recur_period__keeps_precision_and_length),
		cmocka_unit_test(recur__rules_of_phrases__are_understood),
		cmocka_unit_test(recur__yearly_place_in_a_month__is_kept_every_year),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
