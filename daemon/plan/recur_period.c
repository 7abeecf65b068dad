#include "plan/recur.h"

static struct period recur_period_months(const struct civil *start, int months, enum period_precision precision)
{
	struct period period = {.has_start = true, .start = *start, .precision = precision};
	period.start.day = 1;
	if (precision != PERIOD_RANGE)
		period.start.month -= (period.start.month - 1) % months;
	struct civil after = civil_add_months(&period.start, months);
	period.end = civil_add_days(&after, -1);
	return period;
}

/* How many whole months a range is, or 0. */
static int recur_period_whole_months(const struct period *range)
{
	const struct civil *start = &range->start, *end = &range->end;
	if (!period_is_whole_months(range))
		return 0;
	return (end->year - start->year) * 12 + end->month - start->month + 1;
}

static struct period recur_period_days(const struct period *first, const struct civil *start)
{
	struct period period = *first;
	int64_t days = first->has_start ? civil_to_days(&first->end) - civil_to_days(&first->start) : 0;
	period.start = *start;
	period.end = civil_add_days(start, days);
	return period;
}

/* Of a part of a month, which ends where it began to: on that day of the month, or on the last one. */
static struct period recur_period_stretch(const struct period *first, const struct civil *start)
{
	const struct civil *from = &first->start, *to = &first->end;
	struct period period = recur_period_days(first, start);
	if (start->day != from->day)
		return period;
	struct civil month = {.year = start->year, .month = start->month, .day = 1};
	period.end = civil_add_months(&month, (to->year - from->year) * 12 + to->month - from->month);
	int last = civil_days_in_month(period.end.year, period.end.month);
	bool is_last = to->day == civil_days_in_month(to->year, to->month);
	period.end.day = is_last || to->day > last ? last : to->day;
	return period;
}

struct period recur_period(const struct period *first, const struct civil *start)
{
	struct civil day = civil_from_days(civil_to_days(start)),
		     monday = civil_add_days(&day, 1 - civil_weekday(&day));
	int months = recur_period_whole_months(first);
	switch (first->precision) {
	case PERIOD_MINUTE:
		return recur_period_days(first, start);
	case PERIOD_WEEK:
		return recur_period_days(first, &monday);
	case PERIOD_MONTH:
		return months == 1 ? recur_period_months(&day, 1, first->precision) : recur_period_stretch(first, &day);
	case PERIOD_QUARTER:
		return recur_period_months(&day, 3, first->precision);
	case PERIOD_HALF_YEAR:
		return recur_period_months(&day, 6, first->precision);
	case PERIOD_YEAR:
		return recur_period_months(&day, 12, first->precision);
	case PERIOD_RANGE:
		if (months > 0 && day.day == 1)
			return recur_period_months(&day, months, first->precision);
		return recur_period_days(first, &day);
	case PERIOD_DAY:
	case PERIOD_PRECISION_MAX:
		break;
	}
	return recur_period_days(first, &day);
}
