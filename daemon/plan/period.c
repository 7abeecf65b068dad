#include "plan/period.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const char *const period_names[PERIOD_PRECISION_MAX] = {
	[PERIOD_MINUTE] = "minute", [PERIOD_DAY] = "day",         [PERIOD_WEEK] = "week",
	[PERIOD_MONTH] = "month",   [PERIOD_QUARTER] = "quarter", [PERIOD_HALF_YEAR] = "half-year",
	[PERIOD_YEAR] = "year",     [PERIOD_RANGE] = "range",
};

const char *period_precision_name(enum period_precision precision)
{
	return period_names[precision];
}

bool period_precision_find(const char *name, enum period_precision *ret_precision)
{
	for (int i = 0; i < PERIOD_PRECISION_MAX; i++)
		if (strcmp(period_names[i], name) == 0) {
			*ret_precision = (enum period_precision)i;
			return true;
		}
	return false;
}

void period_key(const struct period *period, char text[PERIOD_KEY_SIZE])
{
	char start[CIVIL_TEXT_SIZE], end[CIVIL_TEXT_SIZE];
	civil_format(&period->start, start);
	civil_format(&period->end, end);

	size_t len = period->precision == PERIOD_MINUTE ? strlen("2025-06-15T14:00") : strlen("2025-06-15");
	start[len] = '\0';
	end[len] = '\0';
	if (!period->has_start)
		(void)snprintf(text, PERIOD_KEY_SIZE, "../%s", end);
	else if (strcmp(start, end) == 0)
		mem_copy_text(text, PERIOD_KEY_SIZE, end);
	else
		(void)snprintf(text, PERIOD_KEY_SIZE, "%s/%s", start, end);
}

bool period_is_whole_months(const struct period *period)
{
	return period->start.day == 1 && period->end.day == civil_days_in_month(period->end.year, period->end.month);
}

bool period_is_window(const struct period *period)
{
	if (!period->has_start || period->precision == PERIOD_MINUTE || period->precision == PERIOD_DAY)
		return false;
	return period->precision != PERIOD_RANGE || period_is_whole_months(period);
}

int64_t period_start_utc(const struct period *period, const struct zone *zone)
{
	return zone_to_utc(zone, period->has_start ? &period->start : &period->end);
}

int64_t period_end_utc(const struct period *period, const struct zone *zone)
{
	if (period->precision == PERIOD_MINUTE)
		return zone_to_utc(zone, &period->end);
	struct civil next = civil_add_days(&period->end, 1);
	return zone_to_utc(zone, &next);
}
