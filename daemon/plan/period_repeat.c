#include "plan/period_repeat.h"

#include <stdio.h>

#include "plan/period_phrase.h"

/* The rule of each unit; its months, 0 for less. */
static const struct {
	const char *rule;
	int months;
	enum period_precision precision;
} period_repeat_units[] = {
	[REPEAT_DAY] = {"FREQ=DAILY", 0, PERIOD_DAY},
	[REPEAT_WEEK] = {"FREQ=WEEKLY", 0, PERIOD_WEEK},
	[REPEAT_MONTH] = {"FREQ=MONTHLY", 1, PERIOD_MONTH},
	[REPEAT_QUARTER] = {"FREQ=MONTHLY;INTERVAL=3", 3, PERIOD_QUARTER},
	[REPEAT_HALF] = {"FREQ=MONTHLY;INTERVAL=6", 6, PERIOD_HALF_YEAR},
	[REPEAT_YEAR] = {"FREQ=YEARLY", 12, PERIOD_YEAR},
};

static const char *const period_repeat_days[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

/* Does the repeat fill whole months, or only a day of them? */
static int period_repeat_months(const struct period_repeat *repeat)
{
	return repeat->day != 0 || repeat->nth != 0 ? 0 : period_repeat_units[repeat->unit].months;
}

bool period_repeat_fits(const struct period_repeat *repeat, const struct period *window)
{
	int months = period_repeat_months(repeat);
	if (months == 0)
		return true;
	struct civil after = civil_add_days(&window->end, 1);
	return window->start.day == 1 && (window->start.month - 1) % months == 0 && after.day == 1 &&
	       (after.month - 1) % months == 0;
}

static struct civil period_repeat_first_weekday(const struct civil *from, int weekday)
{
	return civil_add_days(from, (weekday - civil_weekday(from) + 7) % 7);
}

static struct civil period_repeat_first_day_of_month(const struct civil *from, int day)
{
	struct civil first = *from;
	if (day == PERIOD_LAST) {
		first.day = civil_days_in_month(first.year, first.month);
		return first;
	}
	first.day = 1;
	if (from->day > day)
		first = civil_add_months(&first, 1);
	first.day = day;
	return first;
}

static struct civil period_repeat_nth_of_month(const struct civil *month, int weekday, int nth)
{
	struct civil first = *month;
	first.day = 1;
	first = period_repeat_first_weekday(&first, weekday);
	int last = civil_days_in_month(first.year, first.month);
	first.day += nth == PERIOD_LAST ? (last - first.day) / 7 * 7 : (nth - 1) * 7;
	return first;
}

static struct civil period_repeat_first_nth(const struct civil *from, int weekday, int nth)
{
	struct civil day = period_repeat_nth_of_month(from, weekday, nth), next = civil_add_months(from, 1);
	return civil_compare(&day, from) >= 0 ? day : period_repeat_nth_of_month(&next, weekday, nth);
}

bool period_repeat_first(const struct period_repeat *repeat, const struct period *window, struct period *ret_first)
{
	int months = period_repeat_months(repeat);
	struct period first = {.has_start = !repeat->is_limit, .start = window->start, .precision = PERIOD_DAY};
	if (repeat->unit == REPEAT_WEEK)
		first.start = period_repeat_first_weekday(&window->start, repeat->weekday != 0 ? repeat->weekday : 1);
	if (repeat->nth != 0)
		first.start = period_repeat_first_nth(&window->start, repeat->weekday, repeat->nth);
	if (repeat->day != 0)
		first.start = period_repeat_first_day_of_month(&window->start, repeat->day);
	if (civil_compare(&first.start, &window->end) > 0)
		return false;

	first.end = first.start;
	if (months != 0) {
		struct civil after = civil_add_months(&first.start, months);
		first.end = civil_add_days(&after, -1);
		first.precision = period_repeat_units[repeat->unit].precision;
	} else if (repeat->unit == REPEAT_WEEK && repeat->weekday == 0) {
		first.end = civil_add_days(&first.start, 6);
		first.precision = PERIOD_WEEK;
	} else if (repeat->has_time) {
		first.start.hour = first.end.hour = repeat->hour;
		first.start.minute = first.end.minute = repeat->minute;
		first.precision = PERIOD_MINUTE;
	}
	*ret_first = first;
	return true;
}

void period_repeat_rule(const struct period_repeat *repeat, const struct civil *until, char rrule[PERIOD_RRULE_SIZE])
{
	char month[24] = "", by[32] = "";
	if (repeat->month != 0)
		(void)snprintf(month, sizeof(month), ";BYMONTH=%d", repeat->month);
	if (repeat->nth != 0)
		(void)snprintf(by, sizeof(by), ";BYDAY=%d%s", repeat->nth, period_repeat_days[repeat->weekday - 1]);
	else if (repeat->weekday != 0)
		(void)snprintf(by, sizeof(by), ";BYDAY=%s", period_repeat_days[repeat->weekday - 1]);
	else if (repeat->day != 0)
		(void)snprintf(by, sizeof(by), ";BYMONTHDAY=%d", repeat->day);
	int len = snprintf(rrule, PERIOD_RRULE_SIZE, "%s%s%s", period_repeat_units[repeat->unit].rule, month, by);
	if (until != NULL)
		(void)snprintf(rrule + len, PERIOD_RRULE_SIZE - (size_t)len, ";UNTIL=%04d%02d%02d%s", until->year,
			       until->month, until->day, repeat->has_time ? "T235959" : "");
}
