#include "plan/period_phrase.h"

#include <errno.h>

enum { PERIOD_HALF_YEAR_DAYS = 184 };

static const char *const period_month_names[] = {"January", "February", "March",     "April",   "May",      "June",
						 "July",    "August",   "September", "October", "November", "December"};
static const char *const period_weekday_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
						   "Friday", "Saturday", "Sunday"};

static struct civil period_resolve_day(int year, int month, int day)
{
	return (struct civil){.year = year, .month = month, .day = day};
}

static int period_resolve_fail(const struct period_cursor *cursor, const struct period_part *part, const char *why)
{
	return period_cursor_fail(cursor, part->first, part->last, "%s", why);
}

/* Of the end of a year, which is no date: the cure, in the language of the phrase. */
static int period_resolve_fail_end(const struct period_cursor *cursor, const struct period_part *part)
{
	const char *limit = "до конца года";
	for (const struct period_token *token = part->first; token <= part->last; token++)
		if (token->kind == TOKEN_WORD)
			limit = token->is_ascii ? "by the end of the year" : token->is_cjk ? "年底前" : limit;
	return period_cursor_fail(cursor, part->first, part->last, "name its months, or a limit, as in '%s'", limit);
}

/* Whole months from that one on; a season may reach into the next year. */
static void period_resolve_months(int year, int month, int count, struct period *ret_period)
{
	struct civil first = period_resolve_day(year, month, 1), after = civil_add_months(&first, count);
	ret_period->start = first;
	ret_period->end = civil_add_days(&after, -1);
}

static void period_resolve_week_around(const struct civil *day, struct period *ret_period)
{
	ret_period->start = civil_add_days(day, 1 - civil_weekday(day));
	ret_period->end = civil_add_days(&ret_period->start, 6);
	ret_period->precision = PERIOD_WEEK;
}

/* The week of the month that holds its number-th Thursday. */
static int period_resolve_week_of_month(const struct period_cursor *cursor, const struct period_part *part, int year,
					struct period *ret_period)
{
	struct civil first = period_resolve_day(year, part->month, 1);
	int thursday = 1 + (11 - civil_weekday(&first)) % 7;
	int count = (civil_days_in_month(year, part->month) - thursday) / 7 + 1;
	int number = part->number == PERIOD_LAST ? count : part->number;
	if (number < 1 || number > count)
		return period_cursor_fail(cursor, part->number_token, part->number_token,
					  "%s %d has %d weeks: each belongs to the month of its Thursday",
					  period_month_names[part->month - 1], year, count);
	first.day = thursday + (number - 1) * 7;
	period_resolve_week_around(&first, ret_period);
	return 0;
}

/* ISO 8601: week 1 is the one that holds 4 January. */
static int period_resolve_week_of_year(const struct period_cursor *cursor, const struct period_part *part, int year,
				       struct period *ret_period)
{
	struct civil fourth = period_resolve_day(year, 1, 4),
		     day = civil_add_days(&fourth, 7 * ((int64_t)part->number - 1));
	period_resolve_week_around(&day, ret_period);
	struct civil thursday = civil_add_days(&ret_period->start, 3);
	if (part->number < 1 || thursday.year != year)
		return period_cursor_fail(cursor, part->number_token, part->number_token, "%d has no such week", year);
	return 0;
}

static void period_resolve_decade(const struct period_part *part, int year, struct period *ret_period)
{
	int last = part->number == 3 ? civil_days_in_month(year, part->month) : part->number * 10;
	ret_period->start = period_resolve_day(year, part->month, part->number * 10 - 9);
	ret_period->end = period_resolve_day(year, part->month, last);
}

static void period_resolve_stretch(const struct period_part *part, int year, struct period *ret_period)
{
	static const struct {
		int from, to;
	} days[] = {
		[STRETCH_FIRST_HALF] = {1, 15},
		[STRETCH_SECOND_HALF] = {16, 31},
		[STRETCH_FIRST_DECADES] = {1, 20},
		[STRETCH_LAST_DECADES] = {11, 31},
	};
	int last = civil_days_in_month(year, part->month), to = days[part->number].to;
	ret_period->start = period_resolve_day(year, part->month, days[part->number].from);
	ret_period->end = period_resolve_day(year, part->month, to < last ? to : last);
}

static int period_resolve_week_of_day(const struct period_cursor *cursor, const struct period_part *part,
				      const struct civil *day, struct period *ret_period)
{
	if (part->is_from && civil_weekday(day) != 1)
		return period_cursor_fail(
			cursor, part->number_token, part->number_token,
			"a %s, and weeks begin on Monday: leave out 'from' for the week that holds this "
			"day, or name the last day as well",
			period_weekday_names[civil_weekday(day) - 1]);
	period_resolve_week_around(day, ret_period);
	return 0;
}

/* "последняя пятница июня": the day of the month; above its last one when there are fewer. */
static int period_resolve_nth_weekday(const struct period_part *part, int year, int last)
{
	struct civil first = period_resolve_day(year, part->month, 1);
	int day = 1 + (part->weekday - civil_weekday(&first) + 7) % 7;
	return part->nth == PERIOD_LAST ? day + (last - day) / 7 * 7 : day + (part->nth - 1) * 7;
}

static int period_resolve_date(const struct period_cursor *cursor, const struct period_part *part, int year,
			       struct period *ret_period)
{
	int last = civil_days_in_month(year, part->month);
	int number = part->nth != 0                ? period_resolve_nth_weekday(part, year, last)
		     : part->number == PERIOD_LAST ? last
						   : part->number;
	if (number < 1 || number > last)
		return period_cursor_fail(cursor, part->number_token, part->number_token, "%s %d has %d %s",
					  period_month_names[part->month - 1], year, part->nth != 0 ? 4 : last,
					  part->nth != 0 ? "of them" : "days");
	struct civil day = period_resolve_day(year, part->month, number);
	day.hour = part->hour;
	day.minute = part->minute;
	if (part->unit == UNIT_WEEK_OF_DAY)
		return period_resolve_week_of_day(cursor, part, &day, ret_period);
	ret_period->start = ret_period->end = day;
	ret_period->precision = part->has_time ? PERIOD_MINUTE : PERIOD_DAY;
	return 0;
}

/* Is what the part says within its bounds: a month, a number of quarters? */
static int period_resolve_check(const struct period_cursor *cursor, const struct period_part *part)
{
	bool needs_month = part->unit == UNIT_DAY || part->unit == UNIT_WEEK_OF_DAY || part->unit == UNIT_DECADE ||
			   part->unit == UNIT_STRETCH;
	if (part->unit == UNIT_NUMBER || (needs_month && part->month == 0 && part->month_token == NULL))
		return period_resolve_fail(cursor, part, "of which month?");
	if (part->month_token != NULL && (part->month < 1 || part->month > 12))
		return period_cursor_fail(cursor, part->month_token, part->month_token, "a month is 1 to 12");

	if (part->unit == UNIT_SEASON && part->number == PERIOD_WINTER && !part->has_both_years)
		return period_resolve_fail(
			cursor, part, "winter lies in two years: name both, as in 'зима 2026-2027', or its months");

	int most = part->unit == UNIT_QUARTER ? 4 : part->unit == UNIT_HALF ? 2 : part->unit == UNIT_DECADE ? 3 : 0;
	if (most != 0 && (part->number < 1 || part->number > most))
		return period_cursor_fail(cursor, part->number_token, part->number_token, "must be 1 to %d", most);
	if (part->unit == UNIT_WEEK && part->month == 0 && part->number == PERIOD_LAST)
		return period_resolve_fail(cursor, part, "of which month?");
	return 0;
}

/* The days of a checked part in that year. */
static int period_resolve_in_year(const struct period_cursor *cursor, const struct period_part *part, int year,
				  struct period *ret_period)
{
	*ret_period = (struct period){.has_start = true, .precision = PERIOD_RANGE};
	switch (part->unit) {
	case UNIT_NUMBER:
	case UNIT_DAY:
	case UNIT_WEEK_OF_DAY:
		return period_resolve_date(cursor, part, year, ret_period);
	case UNIT_WEEK:
		return part->month != 0 ? period_resolve_week_of_month(cursor, part, year, ret_period)
					: period_resolve_week_of_year(cursor, part, year, ret_period);
	case UNIT_DECADE:
		period_resolve_decade(part, year, ret_period);
		ret_period->precision = PERIOD_MONTH;
		return 0;
	case UNIT_STRETCH:
		period_resolve_stretch(part, year, ret_period);
		ret_period->precision = PERIOD_MONTH;
		return 0;
	case UNIT_MONTH:
		period_resolve_months(year, part->month, 1, ret_period);
		ret_period->precision = PERIOD_MONTH;
		return 0;
	case UNIT_SEASON:
		period_resolve_months(year, part->number * 3, 3, ret_period);
		return 0;
	case UNIT_QUARTER:
		period_resolve_months(year, part->number * 3 - 2, 3, ret_period);
		ret_period->precision = PERIOD_QUARTER;
		return 0;
	case UNIT_HALF:
		period_resolve_months(year, part->number * 6 - 5, 6, ret_period);
		ret_period->precision = PERIOD_HALF_YEAR;
		return 0;
	case UNIT_YEAR:
		period_resolve_months(year, 1, 12, ret_period);
		ret_period->precision = PERIOD_YEAR;
		return 0;
	}
	return -EINVAL;
}

static int period_resolve_weekday(const struct period_cursor *cursor, const struct period_part *part,
				  const struct civil *day)
{
	int weekday = civil_weekday(day);
	if (part->weekday == 0 || part->weekday == weekday)
		return 0;
	char date[CIVIL_DATE_SIZE];
	civil_format_date(day, date);
	int rc = period_cursor_fail(cursor, part->weekday_token, part->weekday_token, "%s is a %s", date,
				    period_weekday_names[weekday - 1]);
	cursor->error->day = *day;
	return rc;
}

/* The year that is used where none is named. */
static int period_resolve_default(const struct period_cursor *cursor, const struct period_part *part, int default_year,
				  int *ret_year)
{
	if (default_year == 0)
		return period_resolve_fail(cursor, part, "of which year?");
	if (default_year < PERIOD_YEAR_MIN || default_year > PERIOD_YEAR_MAX)
		return period_cursor_fail(cursor, part->first, part->last,
					  "taken to be of the year %d: it must be %d to %d", default_year,
					  PERIOD_YEAR_MIN, PERIOD_YEAR_MAX);
	*ret_year = default_year;
	return 0;
}

static int period_resolve_part(const struct period_cursor *cursor, const struct period_part *part, int default_year,
			       struct period *ret_period)
{
	int year = part->year;
	int rc = period_resolve_check(cursor, part);
	if (rc == 0 && year == 0)
		rc = period_resolve_default(cursor, part, default_year, &year);
	struct period period;
	if (rc == 0)
		rc = period_resolve_in_year(cursor, part, year, &period);
	if (rc == 0)
		rc = period_resolve_weekday(cursor, part, &period.start);
	if (rc == 0)
		*ret_period = period;
	return rc;
}

int period_resolve_one(const struct period_cursor *cursor, const struct period_part *part, int default_year,
		       struct period *ret_period)
{
	if (part->is_end && part->unit != UNIT_DECADE)
		return period_resolve_fail_end(cursor, part);
	return period_resolve_part(cursor, part, default_year, ret_period);
}

int period_resolve_limit(const struct period_cursor *cursor, const struct period_part *part, int default_year,
			 struct period *ret_period)
{
	if (part->unit == UNIT_NUMBER)
		return period_resolve_fail(cursor, part, "of which month?");
	if (part->unit != UNIT_DAY && !part->is_end)
		return period_resolve_fail(cursor, part,
					   "a limit needs a day, or the end of something: its first day or its last?");

	struct period period;
	int rc = period_resolve_part(cursor, part, default_year, &period);
	if (rc < 0)
		return rc;
	period.has_start = false;
	period.start = period.end;
	period.precision = part->has_time ? PERIOD_MINUTE : PERIOD_DAY;
	*ret_period = period;
	return 0;
}

/* Two ends as they are after each has lent the other what only one of them says. */
struct period_ends {
	struct period_part from, to;
};

/* "11" in "11-16 октября", "I" in "I-II кварталы", "4" in "4-5月": a number takes its meaning from the other end. */
static void period_resolve_lend_unit(struct period_ends *ends)
{
	struct period_part *from = &ends->from, *to = &ends->to;
	if (to->unit == UNIT_NUMBER && from->unit == UNIT_DAY && from->is_month_first)
		to->unit = UNIT_DAY;
	if (from->unit != UNIT_NUMBER)
		return;
	switch (to->unit) {
	case UNIT_MONTH:
		if (to->is_month_unit) {
			from->unit = UNIT_MONTH;
			from->month = from->number;
			from->month_token = from->number_token;
		}
		break;
	case UNIT_DAY:
	case UNIT_QUARTER:
	case UNIT_HALF:
	case UNIT_DECADE:
	case UNIT_WEEK:
		if (!to->is_month_first)
			from->unit = to->unit;
		break;
	default:
		break;
	}
}

static void period_resolve_lend_month(struct period_part *to, const struct period_part *from)
{
	if (to->unit != from->unit ||
	    (to->unit != UNIT_DAY && to->unit != UNIT_DECADE && to->unit != UNIT_STRETCH && to->unit != UNIT_WEEK))
		return;
	if (to->month_token != NULL || from->month_token == NULL)
		return;
	to->month = from->month;
	to->month_token = from->month_token;
}

static bool period_resolve_is_part_of_month(const struct period_part *part)
{
	return part->unit == UNIT_DECADE || part->unit == UNIT_STRETCH;
}

static bool period_resolve_is_small(const struct period_part *part)
{
	return part->unit == UNIT_DAY || part->unit == UNIT_MONTH || period_resolve_is_part_of_month(part);
}

/* "15 мая - июнь" is clear, "April-May 2" more likely a slip. */
static bool period_resolve_may_mix(const struct period_part *from, const struct period_part *to)
{
	return from->unit == to->unit ||
	       (period_resolve_is_small(from) && period_resolve_is_small(to) && !to->is_month_first);
}

static int period_resolve_share(const struct period_cursor *cursor, struct period_ends *ends)
{
	period_resolve_lend_unit(ends);
	period_resolve_lend_month(&ends->from, &ends->to);
	period_resolve_lend_month(&ends->to, &ends->from);

	const struct period_part *parts[] = {&ends->from, &ends->to};
	for (int i = 0; i < 2; i++) {
		if (parts[i]->has_time)
			return period_resolve_fail(cursor, parts[i],
						   "a range is made of whole days: leave the time out");
		if (parts[i]->is_end && parts[i]->unit != UNIT_DECADE)
			return period_resolve_fail_end(cursor, parts[i]);
		if (parts[i]->unit == UNIT_NUMBER)
			return period_resolve_fail(cursor, parts[i], "the number of what?");
	}
	if (!period_resolve_may_mix(&ends->from, &ends->to))
		return period_resolve_fail(cursor, &ends->to, "both ends of a range must be of one kind");
	return 0;
}

/* "конец мая - начало июня", "late May - June": both ends are only about then. */
static bool period_resolve_is_rough(const struct period_ends *ends)
{
	bool is_part = period_resolve_is_part_of_month(&ends->from) || period_resolve_is_part_of_month(&ends->to);
	return ends->from.is_rough || (is_part && ends->from.unit != UNIT_DAY && ends->to.unit != UNIT_DAY);
}

static enum period_precision period_resolve_precision(const struct period_ends *ends, const struct period *period)
{
	const struct civil *start = &period->start, *end = &period->end;
	if (civil_compare(start, end) == 0)
		return PERIOD_DAY;
	if (!period_resolve_is_rough(ends))
		return PERIOD_RANGE;
	bool is_one_month = start->year == end->year && start->month == end->month;
	return is_one_month || !period_is_whole_months(period) ? PERIOD_MONTH : PERIOD_RANGE;
}

/* Both ends in these years. A range is inverted when either day of one end lies before that of the other: "15-14 мая",
 * but also "15 мая - май", which begins where it ends. */
static int period_resolve_ends(const struct period_cursor *cursor, const struct period_ends *ends, int from_year,
			       int to_year, struct period *ret_period, bool *ret_is_inverted)
{
	struct period from, to;
	int rc = period_resolve_check(cursor, &ends->from);
	if (rc == 0)
		rc = period_resolve_check(cursor, &ends->to);
	if (rc == 0)
		rc = period_resolve_in_year(cursor, &ends->from, from_year, &from);
	if (rc == 0)
		rc = period_resolve_in_year(cursor, &ends->to, to_year, &to);
	if (rc < 0)
		return rc;
	*ret_is_inverted = civil_compare(&to.start, &from.start) < 0 || civil_compare(&to.end, &from.end) < 0;
	struct civil next = civil_add_days(&from.end, 1);
	bool is_next = ends->from.unit == ends->to.unit && civil_compare(&next, &to.start) == 0;
	if (ends->from.is_listed && !*ret_is_inverted && !is_next)
		return period_resolve_fail(cursor, &ends->to,
					   "does not follow at once on what stands before it: each of them is a task");
	*ret_period = (struct period){.has_start = true, .start = from.start, .end = to.end};
	ret_period->precision = period_resolve_precision(ends, ret_period);
	return 0;
}

/* The range that crosses the new year, if it is one: see period.h. */
static int period_resolve_crossing(const struct period_cursor *cursor, const struct period_ends *ends, int from_year,
				   int to_year, struct period *ret_period)
{
	static const char why[] = "the range would end before it begins";
	bool are_days = ends->from.unit == UNIT_DAY && ends->to.unit == UNIT_DAY;
	if (ends->to.year == 0)
		to_year = from_year + 1;
	else if (ends->from.year == 0 && are_days)
		from_year = to_year - 1;
	else
		return period_resolve_fail(cursor, &ends->to,
					   ends->from.year == 0 ? "of which year is the other end? name both" : why);

	struct period period;
	bool is_inverted;
	int rc = period_resolve_ends(cursor, ends, from_year, to_year, &period, &is_inverted);
	if (rc < 0)
		return rc;
	int64_t days = civil_to_days(&period.end) - civil_to_days(&period.start) + 1;
	if (is_inverted || days > PERIOD_HALF_YEAR_DAYS)
		return period_resolve_fail(cursor, &ends->to, why);
	*ret_period = period;
	return 0;
}

int period_resolve_range(const struct period_cursor *cursor, const struct period_part *from,
			 const struct period_part *to, int default_year, struct period *ret_period)
{
	struct period_ends ends = {.from = *from, .to = *to};
	int rc = period_resolve_share(cursor, &ends);
	if (rc < 0)
		return rc;

	int from_year = from->year != 0 ? from->year : to->year;
	if (from_year == 0)
		rc = period_resolve_default(cursor, to, default_year, &from_year);
	if (rc < 0)
		return rc;
	int to_year = to->year != 0 ? to->year : to->is_next_year ? from_year + 1 : from_year;

	struct period period;
	bool is_inverted;
	rc = period_resolve_ends(cursor, &ends, from_year, to_year, &period, &is_inverted);
	if (rc == 0 && is_inverted)
		rc = period_resolve_crossing(cursor, &ends, from_year, to_year, &period);
	if (rc == 0)
		rc = period_resolve_weekday(cursor, &ends.from, &period.start);
	if (rc == 0)
		rc = period_resolve_weekday(cursor, &ends.to, &period.end);
	if (rc == 0)
		*ret_period = period;
	return rc;
}
