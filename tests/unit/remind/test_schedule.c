#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "remind/schedule.h"
#include "scratch.h"

/* The instants below were worked out with Python's zoneinfo, not with this program. */
static const char sakhalin[] = "Asia/Sakhalin", shanghai[] = "Asia/Shanghai", moscow[] = "Europe/Moscow",
		  new_york[] = "America/New_York", berlin[] = "Europe/Berlin", kiritimati[] = "Pacific/Kiritimati";

static const struct {
	const char *line;
	const char *start, *end; /* start NULL: a limit */
	enum period_precision precision;
	const char *event_zone, *reader_zone;
	const char *due;
} rows[] = {
	/* Only days are known: the same day for every reader, in the reader's morning. */
	{"30d before start at 09:00", "2025-06-01", "2025-06-30", PERIOD_MONTH, shanghai, sakhalin,
	 "2025-05-01T22:00:00Z"},
	{"30d before start at 09:00", "2025-06-01", "2025-06-30", PERIOD_MONTH, shanghai, shanghai,
	 "2025-05-02T01:00:00Z"},
	{"30d before start at 09:00", "2025-06-01", "2025-06-30", PERIOD_MONTH, shanghai, moscow,
	 "2025-05-02T06:00:00Z"},
	{"30d before start at 09:00", "2025-06-01", "2025-06-30", PERIOD_MONTH, shanghai, new_york,
	 "2025-05-02T13:00:00Z"},
	{"1d before end at 17:30", "2025-06-01", "2025-06-30", PERIOD_MONTH, sakhalin, moscow, "2025-06-29T14:30:00Z"},
	{"1d before start", "2025-06-15", "2025-06-15", PERIOD_DAY, sakhalin, new_york, "2025-06-14T13:00:00Z"},
	{"0d before start at 08:00", "2025-06-15", "2025-06-15", PERIOD_DAY, moscow, moscow, "2025-06-15T05:00:00Z"},
	{"2w before end", "2025-04-01", "2025-05-31", PERIOD_RANGE, sakhalin, sakhalin, "2025-05-16T22:00:00Z"},
	{"1d after end at 09:00", "2025-06-01", "2025-06-30", PERIOD_MONTH, moscow, moscow, "2025-07-01T06:00:00Z"},
	/* Exact spans count in the event's zone, whoever reads. */
	{"2h before start", "2025-06-15", "2025-06-15", PERIOD_DAY, sakhalin, new_york, "2025-06-14T11:00:00Z"},
	{"0m before end", "2025-06-01", "2025-06-30", PERIOD_MONTH, sakhalin, moscow, "2025-06-30T13:00:00Z"},
	{"90m after end", "2025-06-01", "2025-06-30", PERIOD_MONTH, sakhalin, moscow, "2025-06-30T14:30:00Z"},
	{"15m before start", "2025-06-15T14:00", "2025-06-15T14:00", PERIOD_MINUTE, shanghai, moscow,
	 "2025-06-15T05:45:00Z"},
	{"0m before end", "2025-06-15T14:00", "2025-06-15T14:00", PERIOD_MINUTE, shanghai, moscow,
	 "2025-06-15T06:00:00Z"},
	/* The minute is known: the event's own time of day without "at", with it the reader's day. */
	{"1d before start", "2025-06-15T14:00", "2025-06-15T14:00", PERIOD_MINUTE, shanghai, new_york,
	 "2025-06-14T06:00:00Z"},
	{"1w before end", "2025-06-15T14:00", "2025-06-15T14:00", PERIOD_MINUTE, shanghai, moscow,
	 "2025-06-08T06:00:00Z"},
	{"1d before start at 09:00", "2025-06-15T01:00", "2025-06-15T01:00", PERIOD_MINUTE, sakhalin, sakhalin,
	 "2025-06-13T22:00:00Z"},
	{"1d before start at 09:00", "2025-06-15T01:00", "2025-06-15T01:00", PERIOD_MINUTE, sakhalin, moscow,
	 "2025-06-13T06:00:00Z"},
	{"1d before start at 09:00", "2025-06-15T22:00", "2025-06-15T22:00", PERIOD_MINUTE, new_york, sakhalin,
	 "2025-06-14T22:00:00Z"},
	/* After the anchor, never before it: the reader's morning may be the event's evening before. */
	{"1d after end at 09:00", "2025-06-30", "2025-06-30", PERIOD_DAY, new_york, sakhalin, "2025-07-01T22:00:00Z"},
	{"1d after end at 09:00", "2025-06-30", "2025-06-30", PERIOD_DAY, new_york, moscow, "2025-07-01T06:00:00Z"},
	{"0d after start at 09:00", "2025-06-15", "2025-06-15", PERIOD_DAY, new_york, sakhalin, "2025-06-15T22:00:00Z"},
	{"0d after end at 09:00", "2025-06-15", "2025-06-15", PERIOD_DAY, moscow, moscow, "2025-06-16T06:00:00Z"},
	{"0d after start at 09:00", "2025-06-15T14:00", "2025-06-15T14:00", PERIOD_MINUTE, moscow, moscow,
	 "2025-06-16T06:00:00Z"},
	{"0d after end at 14:00", "2025-06-15T14:00", "2025-06-15T14:00", PERIOD_MINUTE, moscow, moscow,
	 "2025-06-15T11:00:00Z"},
	{"0d after end at 09:00", "2025-06-15", "2025-06-15", PERIOD_DAY, "Pacific/Pago_Pago", kiritimati,
	 "2025-06-16T19:00:00Z"},
	/* Before the anchor, never after it: the reader's hour may be past the event. */
	{"0d before start at 08:00", "2027-06-30T10:00", "2027-06-30T10:00", PERIOD_MINUTE, sakhalin, moscow,
	 "2027-06-29T05:00:00Z"},
	{"1d before start at 08:00", "2027-06-30T10:00", "2027-06-30T10:00", PERIOD_MINUTE, sakhalin, moscow,
	 "2027-06-29T05:00:00Z"},
	{"0d before end at 18:00", "2027-06-30", "2027-06-30", PERIOD_DAY, sakhalin, moscow, "2027-06-29T15:00:00Z"},
	{"0d before start at 17:00", "2027-06-01", "2027-06-30", PERIOD_MONTH, sakhalin, moscow,
	 "2027-05-31T14:00:00Z"},
	{"0d before start at 09:00", "2027-06-30", "2027-06-30", PERIOD_DAY, moscow, moscow, "2027-06-30T06:00:00Z"},
	{"0d before start at 23:59", "2027-06-30", "2027-06-30", PERIOD_DAY, moscow, moscow, "2027-06-30T20:59:00Z"},
	{"0d before start at 09:00", "2027-06-30T08:59", "2027-06-30T08:59", PERIOD_MINUTE, moscow, moscow,
	 "2027-06-29T06:00:00Z"},
	{"0d before start at 09:00", "2027-06-30T09:00", "2027-06-30T09:00", PERIOD_MINUTE, moscow, moscow,
	 "2027-06-30T06:00:00Z"},
	{"0d before start", "2027-06-30T09:00", "2027-06-30T09:00", PERIOD_MINUTE, sakhalin, moscow,
	 "2027-06-29T22:00:00Z"},
	{"0d before end at 09:00", NULL, "2027-06-30T08:00", PERIOD_MINUTE, sakhalin, moscow, "2027-06-29T06:00:00Z"},
	/* Months end where the shorter month ends. */
	{"1mo before start", "2025-03-31", "2025-03-31", PERIOD_DAY, moscow, moscow, "2025-02-28T06:00:00Z"},
	{"1mo before start", "2024-03-31", "2024-03-31", PERIOD_DAY, moscow, moscow, "2024-02-29T06:00:00Z"},
	{"1mo before start", "2025-05-31", "2025-05-31", PERIOD_DAY, moscow, moscow, "2025-04-30T06:00:00Z"},
	{"12mo before start", "2024-02-29", "2024-02-29", PERIOD_DAY, moscow, moscow, "2023-02-28T06:00:00Z"},
	{"2mo before start", "2025-01-15", "2025-01-15", PERIOD_DAY, moscow, moscow, "2024-11-15T06:00:00Z"},
	{"1mo after end", "2025-01-31", "2025-01-31", PERIOD_DAY, moscow, moscow, "2025-02-28T06:00:00Z"},
	{"1mo before start", "2025-03-31T14:00", "2025-03-31T14:00", PERIOD_MINUTE, shanghai, moscow,
	 "2025-02-28T06:00:00Z"},
	/* A local time that the clocks skip is the first instant after the gap, one that comes twice the first. */
	{"1d before start at 02:30", "2025-03-31", "2025-03-31", PERIOD_DAY, moscow, berlin, "2025-03-30T01:00:00Z"},
	{"1d before start at 03:00", "2025-03-31", "2025-03-31", PERIOD_DAY, moscow, berlin, "2025-03-30T01:00:00Z"},
	{"1d before start at 01:59", "2025-03-31", "2025-03-31", PERIOD_DAY, moscow, berlin, "2025-03-30T00:59:00Z"},
	{"1d before start at 02:30", "2025-10-27", "2025-10-27", PERIOD_DAY, moscow, berlin, "2025-10-26T00:30:00Z"},
	{"1d before start at 03:00", "2025-10-27", "2025-10-27", PERIOD_DAY, moscow, berlin, "2025-10-26T02:00:00Z"},
	{"1d before start at 02:30", "2025-03-10", "2025-03-10", PERIOD_DAY, moscow, new_york, "2025-03-09T07:00:00Z"},
	{"1d before start at 01:30", "2025-11-03", "2025-11-03", PERIOD_DAY, moscow, new_york, "2025-11-02T05:30:00Z"},
	{"1d before start", "2025-03-31T02:30", "2025-03-31T02:30", PERIOD_MINUTE, berlin, moscow,
	 "2025-03-30T01:00:00Z"},
	{"24h before start", "2025-03-30T04:00", "2025-03-30T04:00", PERIOD_MINUTE, berlin, moscow,
	 "2025-03-29T02:00:00Z"},
	{"1d before start", "2025-03-30T04:00", "2025-03-30T04:00", PERIOD_MINUTE, berlin, moscow,
	 "2025-03-29T03:00:00Z"},
	{"0m before end", "2025-03-30", "2025-03-30", PERIOD_DAY, berlin, moscow, "2025-03-30T22:00:00Z"},
	/* A limit has its end for both anchors. */
	{"2d before start at 09:00", NULL, "2025-06-01", PERIOD_DAY, sakhalin, moscow, "2025-05-30T06:00:00Z"},
	{"2d before end at 09:00", NULL, "2025-06-01", PERIOD_DAY, sakhalin, moscow, "2025-05-30T06:00:00Z"},
	{"2h before start", NULL, "2025-06-01", PERIOD_DAY, sakhalin, moscow, "2025-06-01T11:00:00Z"},
	{"2h before end", NULL, "2025-06-01", PERIOD_DAY, sakhalin, moscow, "2025-06-01T11:00:00Z"},
	{"2h before start", NULL, "2025-06-01T18:00", PERIOD_MINUTE, sakhalin, moscow, "2025-06-01T05:00:00Z"},
	{"0d after start at 09:00", NULL, "2025-06-01", PERIOD_DAY, moscow, moscow, "2025-06-02T06:00:00Z"},
	/* The end of all calendars: no instant after it, but an answer. */
	{"0d after end at 09:00", "9999-12-31T23:59", "9999-12-31T23:59", PERIOD_MINUTE, moscow, moscow, NULL},
	{"1d after end at 09:00", "9999-12-31", "9999-12-31", PERIOD_DAY, "UTC", kiritimati, NULL},
	{"1000mo after end", "9999-01-01", "9999-01-01", PERIOD_DAY, "UTC", kiritimati, NULL},
	{"1000mo before start", "0001-01-01", "0001-01-01", PERIOD_DAY, kiritimati, "UTC", NULL},
};

static void policy_of(struct policy *policy, const char *line)
{
	struct err err = {0};
	*policy = (struct policy){0};
	if (policy_parse_steps(policy, STEP_REMIND, line, &err) != 0)
		fail_msg("%s", err.text);
}

static struct period period_of(const char *start, const char *end, enum period_precision precision)
{
	struct period period = {.has_start = start != NULL, .precision = precision};
	assert_true(start == NULL || civil_parse(start, &period.start, NULL));
	assert_true(civil_parse(end, &period.end, NULL));
	return period;
}

static const struct zone *zone(const char *name)
{
	const struct zone *found = zone_find(name);
	assert_non_null(found);
	return found;
}

static int64_t utc(const char *text)
{
	struct civil civil;
	char plain[CIVIL_TEXT_SIZE];
	(void)snprintf(plain, sizeof(plain), "%.19s", text);
	assert_true(civil_parse(plain, &civil, NULL));
	return civil_to_seconds(&civil);
}

static void schedule__instant__is_where_the_step_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy policy;
		char due[32];
		policy_of(&policy, rows[i].line);
		struct period period = period_of(rows[i].start, rows[i].end, rows[i].precision);
		const struct schedule_query query = {.period = &period,
						     .event_zone = zone(rows[i].event_zone),
						     .reader_zone = zone(rows[i].reader_zone),
						     .after_utc = INT64_MIN};
		int64_t at = schedule_step(&query, &policy.steps[0]).due_utc;
		clock_format_utc(at, due);
		if (rows[i].due != NULL && strcmp(due, rows[i].due) != 0)
			fail_msg("%s of %s in %s, read in %s: %s instead of %s", rows[i].line, rows[i].end,
				 rows[i].event_zone, rows[i].reader_zone, due, rows[i].due);
		free(policy.steps);
	}
}

/* Every hour of the day, every zone with every other, on ordinary days and on those when clocks change. A day is over when it
 * ends, and a minute when it is there. */
static void check_side(const char *line, const struct period *period, const struct zone *event,
		       const struct zone *reader)
{
	struct policy policy;
	policy_of(&policy, line);
	const struct step *step = &policy.steps[0];
	const struct schedule_query query = {
		.period = period, .event_zone = event, .reader_zone = reader, .after_utc = INT64_MIN};
	int64_t start = period_start_utc(period, event), end = period_end_utc(period, event);
	int64_t due = schedule_step(&query, step).due_utc;
	int64_t anchor = step->is_end ? end : start;
	bool is_in_time = step->is_after                       ? due >= anchor
			  : period->precision == PERIOD_MINUTE ? due <= anchor
							       : due < end;
	if (!is_in_time || due < anchor - 5 * 86400 || due > anchor + 4 * 86400)
		fail_msg("%s of %04d-%02d-%02d, %s read in %s: %lld s from the anchor", line, period->end.year,
			 period->end.month, period->end.day, zone_name(event), zone_name(reader),
			 (long long)(due - anchor));
	free(policy.steps);
}

static void schedule__step__comes_on_its_side_of_the_anchor(void **state)
{
	(void)state;
	static const char *const zones[] = {sakhalin,   shanghai,           moscow, new_york, berlin,
					    kiritimati, "Pacific/Pago_Pago"};
	static const char *const days[] = {"2025-01-31", "2025-03-09",       "2025-03-29",
					   "2025-03-30", "2025-06-15",       "2025-10-26",
					   "2025-11-02", "2025-03-30T10:00", "2025-12-31T23:45"};
	static const char *const sides[] = {"after end", "after start", "before end", "before start"};
	enum { N_ZONES = sizeof(zones) / sizeof(zones[0]), N_DAYS = sizeof(days) / sizeof(days[0]) };
	for (unsigned row = 0; row < N_ZONES * N_ZONES * 24 * N_DAYS * 4 * 2; row++) {
		char line[48];
		unsigned rest = row / (N_ZONES * N_ZONES), day = rest / 24 % N_DAYS;
		bool is_minute = strlen(days[day]) > 10;
		struct period period = period_of(days[day], days[day], is_minute ? PERIOD_MINUTE : PERIOD_DAY);
		(void)snprintf(line, sizeof(line), "%ud %s at %02u:30", rest / 24 / N_DAYS / 4,
			       sides[rest / 24 / N_DAYS % 4], rest % 24);
		check_side(line, &period, zone(zones[row % N_ZONES]), zone(zones[row / N_ZONES % N_ZONES]));
	}
}

/* ---- hours ---------------------------------------------------------------------------------------------------------- */

/* Read in Moscow. 6 December 2026 is a Sunday. */
static const struct {
	const char *line, *start, *quiet, *work;
	const char *due;
} held[] = {
	{"1d before start at 09:00", "2026-12-06T14:00", "", "09:00-18:00", "2026-12-04T06:00:00Z"},
	{"2d before start at 09:00", "2026-12-06T14:00", "", "09:00-18:00", "2026-12-04T06:00:00Z"},
	{"1d before start at 09:00", "2026-12-06", "", "09:00-18:00", "2026-12-04T06:00:00Z"},
	{"0d before start at 09:00", "2026-12-06", "", "09:00-18:00", "2026-12-04T06:00:00Z"},
	{"2h before start", "2026-12-06T14:00", "", "09:00-18:00", "2026-12-04T09:00:00Z"},
	{"0m before start", "2026-12-06T14:00", "", "09:00-18:00", "2026-12-04T11:00:00Z"},
	{"1d before start at 09:00", "2026-12-06T14:00", "", "", "2026-12-05T06:00:00Z"},
	/* It is held, but not too long. */
	{"1d before start at 09:00", "2026-12-07T14:00", "", "09:00-18:00", "2026-12-06T06:00:00Z"},
	{"1d before start at 20:00", "2026-12-02T14:00", "", "09:00-18:00", "2026-12-01T17:00:00Z"},
	{"1d before start at 20:00", "2026-12-02T14:00", "19:00-08:00", "", "2026-12-01T17:00:00Z"},
	/* The evening before is held until the morning after. */
	{"1d before start at 20:00", "2026-12-07T08:30", "", "09:00-18:00", "2026-12-03T17:00:00Z"},
	{"1d before start at 20:00", "2026-12-02T07:30", "19:00-08:00", "", "2026-11-30T17:00:00Z"},
	{"15m before start", "2026-12-02T07:30", "22:00-08:00", "", "2026-12-01T04:15:00Z"},
	/* Only on one day of the week, and never. */
	{"1d before start at 09:00", "2026-12-06T14:00", "", "Tue 09:00-10:00", "2026-12-01T06:00:00Z"},
	{"1d before start at 09:00", "2026-12-06T14:00", "22:00-08:00", "Tue 03:00-04:00", "2026-12-05T06:00:00Z"},
	/* What comes after waits. */
	{"1d after end at 09:00", "2026-12-04T14:00", "", "09:00-18:00", "2026-12-05T06:00:00Z"},
	{"0m before end", "2026-12-05", "", "09:00-18:00", "2026-12-05T21:00:00Z"},
};

static struct hours hours_of(const char *quiet, const char *work)
{
	struct hours hours = hours_any();
	assert_int_equal(hours_parse_quiet(quiet, &hours, NULL), 0);
	assert_int_equal(hours_parse_work(work, &hours, NULL), 0);
	return hours;
}

static void schedule__held_past_its_use__is_brought_forward(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		struct policy policy;
		char due[32];
		const struct hours hours = hours_of(held[i].quiet, held[i].work);
		bool is_minute = strlen(held[i].start) > 10;
		struct period period = period_of(held[i].start, held[i].start, is_minute ? PERIOD_MINUTE : PERIOD_DAY);
		const struct schedule_query query = {.period = &period,
						     .event_zone = zone(moscow),
						     .reader_zone = zone(moscow),
						     .hours = &hours,
						     .after_utc = INT64_MIN};
		policy_of(&policy, held[i].line);
		clock_format_utc(schedule_step(&query, &policy.steps[0]).due_utc, due);
		if (strcmp(due, held[i].due) != 0)
			fail_msg("%s of %s, quiet '%s' work '%s': %s instead of %s", held[i].line, held[i].start,
				 held[i].quiet, held[i].work, due, held[i].due);
		free(policy.steps);
	}
}

/* A closure that a step can be brought forward past from any of its days, and one that is too long for that. */
static const char closures[] = "[calendar]\n[year 2026]\noff = 03-01..04-25 spring\noff = 06-01..08-31 summer\n";

/* Day by day, as a person would look for it. */
static int64_t look_back(const struct schedule_query *query, const char *due_day, int hour, int64_t latest)
{
	const struct reader_time reader = {
		.zone = query->reader_zone, .calendar = query->calendar, .hours = *query->hours};
	struct civil own;
	assert_true(civil_parse(due_day, &own, NULL));
	own.hour = hour;
	for (int days = 0; days <= SCHEDULE_FORWARD_DAYS; days++) {
		struct civil at = civil_add_days(&own, -days);
		int64_t utc = zone_to_utc(query->reader_zone, &at);
		if (hours_open_utc(&reader, utc, false, NULL) <= latest)
			return utc;
	}
	return zone_to_utc(query->reader_zone, &own);
}

static void check_closure(struct schedule_query *query, const struct civil *date, int hour)
{
	struct policy policy;
	struct period period = {.has_start = true, .start = *date, .end = *date, .precision = PERIOD_MINUTE};
	char line[48], day[CIVIL_DATE_SIZE];
	struct civil eve = civil_add_days(date, -1);
	civil_format_date(&eve, day);
	(void)snprintf(line, sizeof(line), "1d before start at %02d:00", hour);
	policy_of(&policy, line);
	query->period = &period;
	int64_t due = schedule_step(query, &policy.steps[0]).due_utc;
	int64_t wanted = look_back(query, day, hour, period_start_utc(&period, query->event_zone));
	if (due != wanted)
		fail_msg("%s of the day after %s: %lld s off", line, day, (long long)(due - wanted));
	free(policy.steps);
}

static void schedule__closed_for_long__is_brought_forward_to_the_last_day_in_time(void **state)
{
	(void)state;
	struct scratch scratch;
	struct problems problems = {0};
	scratch_make(&scratch);
	scratch_write(scratch_path(&scratch, "closed.ini"), closures, strlen(closures));
	struct calendars *calendars = calendars_load(scratch.folder, &problems);
	assert_int_equal(problems.n, 0);
	static const char *const works[] = {"09:00-18:00", "Tue 10:00-11:00", "Mon,Thu 20:00-22:00"};
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		const struct hours hours = hours_of("21:00-08:00", works[i]);
		struct schedule_query query = {.event_zone = zone(moscow),
					       .reader_zone = zone(berlin),
					       .calendar = calendars_find(calendars, "closed"),
					       .hours = &hours,
					       .after_utc = INT64_MIN};
		struct civil date = {.year = 2026, .month = 1, .day = 1, .hour = 8};
		for (int n = 0; date.year == 2026; date = civil_add_days(&date, 1), n++)
			check_closure(&query, &date, n % 24);
	}
	calendars_free(calendars);
	scratch_remove(&scratch);
}

/* On Saturday the task is new, or the hours are: what was to come on Friday comes on its own day, and who heard it on Friday
 * is asked for again there. */
static void schedule__brought_forward_into_the_past__keeps_its_own_day(void **state)
{
	(void)state;
	struct policy policy;
	struct schedule due;
	const struct hours hours = hours_of("", "09:00-18:00");
	struct period period = period_of("2026-12-06T14:00", "2026-12-06T14:00", PERIOD_MINUTE);
	policy_of(&policy, "1d before start at 13:00");
	struct schedule_query query = {.policy = &policy,
				       .period = &period,
				       .event_zone = zone(moscow),
				       .reader_zone = zone(moscow),
				       .hours = &hours,
				       .after_utc = utc("2026-12-03T00:00:00"),
				       .until_utc = utc("2026-12-04T10:00:00")};
	schedule(&query, &due);
	assert_int_equal(due.n_due, 1);
	assert_int_equal(due.due[0].due_utc, utc("2026-12-04T10:00:00"));
	assert_int_equal(due.due[0].own_utc, utc("2026-12-05T10:00:00"));
	assert_false(due.due[0].is_again);
	assert_int_equal(due.next_utc, utc("2026-12-05T10:00:00"));
	query.after_utc = utc("2026-12-05T07:00:00");
	query.until_utc = utc("2026-12-05T11:00:00");
	schedule(&query, &due);
	assert_int_equal(due.n_due, 1);
	assert_int_equal(due.due[0].due_utc, utc("2026-12-05T10:00:00"));
	assert_int_equal(due.due[0].own_utc, utc("2026-12-05T10:00:00"));
	assert_true(due.due[0].is_again);
	assert_int_equal(due.next_utc, INT64_MAX);
	query.hours = NULL;
	schedule(&query, &due);
	assert_int_equal(due.n_due, 1);
	assert_false(due.due[0].is_again);
	free(policy.steps);
}

/* ---- windows ------------------------------------------------------------------------------------------------------
 */

static const char steps[] = "3d 2d 1d 0d before start at 09:00"; /* 12, 13, 14, 15 June, 06:00 UTC */

static const struct {
	const char *name, *after, *until;
	size_t n_due;
	const char *first, *next; /* NULL: none */
} windows[] = {
	{"before all", "2025-06-01T00:00:00", "2025-06-02T00:00:00", 0, NULL, "2025-06-12T06:00:00"},
	{"ends at a step", "2025-06-01T00:00:00", "2025-06-12T06:00:00", 1, "2025-06-12T06:00:00",
	 "2025-06-13T06:00:00"},
	{"ends just before it", "2025-06-01T00:00:00", "2025-06-12T05:59:59", 0, NULL, "2025-06-12T06:00:00"},
	{"begins at a step", "2025-06-12T06:00:00", "2025-06-12T06:00:01", 0, NULL, "2025-06-13T06:00:00"},
	{"begins just before it", "2025-06-12T05:59:59", "2025-06-12T06:00:00", 1, "2025-06-12T06:00:00",
	 "2025-06-13T06:00:00"},
	{"several", "2025-06-12T06:00:00", "2025-06-14T20:00:00", 2, "2025-06-13T06:00:00", "2025-06-15T06:00:00"},
	{"all", "2025-01-01T00:00:00", "2025-12-31T00:00:00", 4, "2025-06-12T06:00:00", NULL},
	{"after all", "2025-06-15T06:00:00", "2025-12-31T00:00:00", 0, NULL, NULL},
	{"empty", "2025-06-13T06:00:00", "2025-06-13T06:00:00", 0, NULL, "2025-06-14T06:00:00"},
	{"clock set back", "2025-06-13T06:00:00", "2025-06-12T00:00:00", 0, NULL, "2025-06-14T06:00:00"},
	{"clock set back over all", "2025-06-20T00:00:00", "2025-06-01T00:00:00", 0, NULL, NULL},
};

static void schedule__window__holds_what_is_after_its_start_up_to_its_end(void **state)
{
	(void)state;
	struct policy policy;
	policy_of(&policy, steps);
	struct period period = period_of("2025-06-15", "2025-06-15", PERIOD_DAY);
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct schedule due;
		const struct schedule_query query = {.policy = &policy,
						     .period = &period,
						     .event_zone = zone(moscow),
						     .reader_zone = zone(moscow),
						     .after_utc = utc(windows[i].after),
						     .until_utc = utc(windows[i].until)};
		schedule(&query, &due);
		if (due.n_due != windows[i].n_due)
			fail_msg("%s: %zu due", windows[i].name, due.n_due);
		if (due.n_due > 0)
			assert_int_equal(due.due[0].due_utc, utc(windows[i].first));
		assert_int_equal(due.next_utc, windows[i].next != NULL ? utc(windows[i].next) : INT64_MAX);
	}
	free(policy.steps);
}

static void schedule__due_steps__come_earliest_first_and_ties_as_written(void **state)
{
	(void)state;
	static const char *const order[] = {"7d before start at 09:00", "1w before end at 09:00",
					    "3d before start at 08:00", "3d before start at 09:00", "72h before end"};
	struct policy policy;
	struct schedule due;
	policy_of(&policy, "72h before end");
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "3d 7d before start at 09:00", NULL), 0);
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "3d before start at 08:00", NULL), 0);
	assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, "1w before end at 09:00", NULL), 0);
	struct period period = period_of("2025-06-15", "2025-06-15", PERIOD_DAY);
	const struct schedule_query query = {.policy = &policy,
					     .period = &period,
					     .event_zone = zone(moscow),
					     .reader_zone = zone(moscow),
					     .after_utc = 0,
					     .until_utc = utc("2026-01-01T00:00:00")};
	schedule(&query, &due);
	assert_int_equal(due.n_due, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(due.due[i].step->text, order[i]);
	assert_int_equal(due.due[0].due_utc, due.due[1].due_utc);
	free(policy.steps);
}

static void schedule__most_steps__all_fit(void **state)
{
	(void)state;
	struct policy policy = {0};
	struct schedule due;
	for (int i = 1; i <= POLICY_STEPS_MAX; i++) {
		char line[32];
		(void)snprintf(line, sizeof(line), "%dd before start", i);
		assert_int_equal(policy_parse_steps(&policy, STEP_REMIND, line, NULL), 0);
	}
	struct period period = period_of("2025-06-15", "2025-06-15", PERIOD_DAY);
	const struct schedule_query query = {.policy = &policy,
					     .period = &period,
					     .event_zone = zone(moscow),
					     .reader_zone = zone(moscow),
					     .after_utc = 0,
					     .until_utc = utc("2026-01-01T00:00:00")};
	schedule(&query, &due);
	assert_int_equal(due.n_due, POLICY_STEPS_MAX);
	for (size_t i = 1; i < due.n_due; i++)
		assert_true(due.due[i - 1].due_utc < due.due[i].due_utc);
	free(policy.steps);
}

static void schedule__fix_date__is_asked_of_windows_only(void **state)
{
	(void)state;
	static const struct {
		const char *start, *end;
		enum period_precision precision;
		size_t n_due;
	} dates[] = {
		{"2025-06-01", "2025-06-30", PERIOD_MONTH, 1}, {"2025-06-16", "2025-06-22", PERIOD_WEEK, 1},
		{"2025-06-01", "2025-07-31", PERIOD_RANGE, 1}, {"2025-06-15", "2025-06-20", PERIOD_RANGE, 0},
		{"2025-06-15", "2025-06-15", PERIOD_DAY, 0},   {NULL, "2025-06-15", PERIOD_DAY, 0},
	};
	struct policy policy = {0};
	assert_int_equal(policy_parse_steps(&policy, STEP_FIX_DATE, "5d before start", NULL), 0);
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		struct schedule due;
		struct period period = period_of(dates[i].start, dates[i].end, dates[i].precision);
		const struct schedule_query query = {.policy = &policy,
						     .period = &period,
						     .event_zone = zone(moscow),
						     .reader_zone = zone(moscow),
						     .after_utc = 0,
						     .until_utc = utc("2026-01-01T00:00:00")};
		schedule(&query, &due);
		if (due.n_due != dates[i].n_due)
			fail_msg("%s..%s: %zu", dates[i].start, dates[i].end, due.n_due);
	}
	free(policy.steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schedule__instant__is_where_the_step_says),
		cmocka_unit_test(schedule__step__comes_on_its_side_of_the_anchor),
		cmocka_unit_test(schedule__held_past_its_use__is_brought_forward),
		cmocka_unit_test(schedule__closed_for_long__is_brought_forward_to_the_last_day_in_time),
		cmocka_unit_test(schedule__brought_forward_into_the_past__keeps_its_own_day),
		cmocka_unit_test(schedule__window__holds_what_is_after_its_start_up_to_its_end),
		cmocka_unit_test(schedule__due_steps__come_earliest_first_and_ties_as_written),
		cmocka_unit_test(schedule__most_steps__all_fit),
		cmocka_unit_test(schedule__fix_date__is_asked_of_windows_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
