#include "plan/hours.h"

#include <stddef.h>

#include "plan/calendar.h"

enum {
	HOURS_MORNING_MINUTE = 9 * 60,
	HOURS_DAYS_MAX = 400, /* a year and its longest holidays: what is not found by then doesn't exist */
};

static bool hours_has_quiet(const struct hours *hours)
{
	return hours->quiet_from_minute >= 0;
}

static bool hours_has_work(const struct hours *hours)
{
	return hours->work_from_minute >= 0 || hours->work_days != 0;
}

bool hours_are_any(const struct hours *hours)
{
	return !hours_has_quiet(hours) && !hours_has_work(hours);
}

static struct civil hours_today(const struct reader_time *reader, int64_t utc)
{
	struct civil today = zone_to_civil(reader->zone, utc);
	today.hour = today.minute = today.second = 0;
	return today;
}

/* That many minutes after midnight of the date by the clock on the wall; minutes past 24:00 are the next day's. */
static int64_t hours_utc(const struct reader_time *reader, const struct civil *date, int minute)
{
	struct civil at = civil_add_days(date, minute / HOURS_DAY_MINUTES);
	at.hour = minute % HOURS_DAY_MINUTES / 60;
	at.minute = minute % 60;
	return zone_to_utc(reader->zone, &at);
}

/* Samoa had no 30 December 2011: such a date is nobody's day. */
static bool hours_has_day(const struct reader_time *reader, const struct civil *date)
{
	return hours_utc(reader, date, 0) < hours_utc(reader, date, HOURS_DAY_MINUTES);
}

static bool hours_is_working_day(const struct reader_time *reader, const struct civil *date)
{
	unsigned named = reader->hours.work_days;
	bool is_working =
		(named >> (civil_weekday(date) - 1) & 1) != 0 && calendar_holiday(reader->calendar, date) == NULL;
	if (named == 0)
		is_working = calendar_is_working(reader->calendar, date);
	return is_working && hours_has_day(reader, date);
}

/* at, or the end of the quiet hours that began on the date when they hold at. */
static int64_t hours_after_quiet_of(const struct reader_time *reader, const struct civil *date, int64_t at_utc)
{
	int from = reader->hours.quiet_from_minute, to = reader->hours.quiet_to_minute;
	if (to < from)
		to += HOURS_DAY_MINUTES;
	if (at_utc < hours_utc(reader, date, from))
		return at_utc;
	int64_t end_utc = hours_utc(reader, date, to);
	return at_utc < end_utc ? end_utc : at_utc;
}

static int64_t hours_after_quiet(const struct reader_time *reader, const struct civil *date, int64_t at_utc)
{
	if (!hours_has_quiet(&reader->hours))
		return at_utc;
	struct civil eve = civil_add_days(date, -1);
	return hours_after_quiet_of(reader, date, hours_after_quiet_of(reader, &eve, at_utc));
}

/* The first open instant of the date, not before from_utc; false when there is none. */
static bool hours_open_on(const struct reader_time *reader, const struct civil *date, int64_t from_utc,
			  int64_t *ret_utc)
{
	const struct hours *hours = &reader->hours;
	if (hours_has_work(hours) && !hours_is_working_day(reader, date))
		return false;

	bool is_whole_day = hours->work_from_minute < 0;
	int64_t begin_utc = hours_utc(reader, date, is_whole_day ? 0 : hours->work_from_minute);
	int64_t end_utc = hours_utc(reader, date, is_whole_day ? HOURS_DAY_MINUTES : hours->work_to_minute);
	int64_t utc = hours_after_quiet(reader, date, from_utc > begin_utc ? from_utc : begin_utc);
	if (utc >= end_utc)
		return false;
	*ret_utc = utc;
	return true;
}

static const char *hours_reason(const struct reader_time *reader, const struct civil *date, int64_t utc)
{
	if (hours_has_work(&reader->hours) && !hours_is_working_day(reader, date))
		return "day off";
	return hours_after_quiet(reader, date, utc) > utc ? "quiet hours" : "outside working hours";
}

int64_t hours_open_utc(const struct reader_time *reader, int64_t from_utc, bool is_urgent, const char **ret_reason)
{
	const char *reason = NULL;
	int64_t utc = from_utc;
	bool is_open = is_urgent || hours_are_any(&reader->hours);
	struct civil today = hours_today(reader, from_utc);

	for (int days = 0; !is_open && days <= HOURS_DAYS_MAX; days++) {
		struct civil date = civil_add_days(&today, days);
		is_open = hours_open_on(reader, &date, from_utc, &utc);
	}
	if (utc != from_utc)
		reason = hours_reason(reader, &today, from_utc);
	if (ret_reason != NULL)
		*ret_reason = reason;
	return utc;
}

/* Is this working day the digest's weekday, or the first working day after it? */
static bool hours_is_weekly_day(const struct reader_time *reader, const struct civil *date, int weekday)
{
	for (int back = 0; back < 7; back++) {
		struct civil day = civil_add_days(date, -back);
		if (back > 0 && hours_is_working_day(reader, &day))
			return false;
		if (civil_weekday(&day) == weekday)
			return true;
	}
	return false;
}

int64_t hours_next_digest_utc(const struct reader_time *reader, const struct digest_time *digest, int64_t after_utc)
{
	struct civil today = hours_today(reader, after_utc);
	for (int days = 0; digest->minute >= 0 && days <= HOURS_DAYS_MAX; days++) {
		struct civil date = civil_add_days(&today, days);
		int64_t due_utc = hours_utc(reader, &date, digest->minute);
		if (due_utc <= after_utc || !hours_is_working_day(reader, &date))
			continue;
		if (!digest->is_weekly || hours_is_weekly_day(reader, &date, digest->weekday))
			return due_utc;
	}
	return INT64_MAX;
}

int64_t hours_tomorrow_morning_utc(const struct reader_time *reader, int64_t now_utc)
{
	int minute = reader->hours.work_from_minute >= 0 ? reader->hours.work_from_minute : HOURS_MORNING_MINUTE;
	struct civil today = hours_today(reader, now_utc);
	for (int days = 1; days <= HOURS_DAYS_MAX; days++) {
		struct civil date = civil_add_days(&today, days);
		if (hours_is_working_day(reader, &date))
			return hours_utc(reader, &date, minute);
	}
	struct civil tomorrow = civil_add_days(&today, 1);
	return hours_utc(reader, &tomorrow, minute);
}

int64_t hours_next_morning_utc(const struct reader_time *reader, int64_t now_utc)
{
	struct civil today = hours_today(reader, now_utc);
	struct civil tomorrow = civil_add_days(&today, 1);
	bool is_any_day = reader->calendar == NULL && !hours_has_work(&reader->hours);
	return is_any_day ? hours_utc(reader, &tomorrow, HOURS_MORNING_MINUTE)
			  : hours_tomorrow_morning_utc(reader, now_utc);
}
