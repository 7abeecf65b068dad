/* period_repeat: a repeat as its words say it, for the period_*.c files that read it. */
#ifndef DEADLINED_PLAN_PERIOD_REPEAT_H
#define DEADLINED_PLAN_PERIOD_REPEAT_H

#include <stdbool.h>

#include "plan/period.h"

enum period_repeat_unit {
	REPEAT_DAY,
	REPEAT_WEEK,
	REPEAT_MONTH,
	REPEAT_QUARTER,
	REPEAT_HALF,
	REPEAT_YEAR,
};

struct period_repeat {
	enum period_repeat_unit unit;
	int weekday;   /* of REPEAT_WEEK: 1..7, or 0 for the week as a whole */
	int month;     /* of REPEAT_YEAR: whose nth weekday or last day it is, or 0 for the date of the first one */
	int nth;       /* of a month: which of its weekdays, 1..4 or PERIOD_LAST, or 0 for none */
	int day;       /* of a month: 1..31, PERIOD_LAST, or 0 for the month as a whole */
	bool is_limit; /* "до 15 числа каждого месяца" */
	bool has_time;
	int hour, minute;
};

/* Not every month has the days behind this one, nor more of a weekday. */
enum { PERIOD_REPEAT_DAY_MAX = 28, PERIOD_REPEAT_NTH_MAX = 4 };

/* Is the window made of whole units, as the months, quarters, half-years and years of a repeat must lie in it? Always
 * true of days, weeks and a day of the month. */
bool period_repeat_fits(const struct period_repeat *repeat, const struct period *window);
/* The first occurrence that begins within the window; false when none does. The window fits. */
bool period_repeat_first(const struct period_repeat *repeat, const struct period *window, struct period *ret_first);
/* The rule of occurrences until that day; until is NULL when they go on. */
void period_repeat_rule(const struct period_repeat *repeat, const struct civil *until, char rrule[PERIOD_RRULE_SIZE]);

#endif
