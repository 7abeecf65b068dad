/* period: when something is due, with the precision it was given in.
 *
 * "June 2025" is 2025-06-01 .. 2025-06-30, precision month; "2025-06-15T14:00" is one minute. A period is civil time:
 * it belongs to a zone that stands beside it, and is over when its last day (or its minute) ends there. */
#ifndef DEADLINED_PLAN_PERIOD_H
#define DEADLINED_PLAN_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/civil.h"
#include "plan/zone.h"

enum period_precision {
	PERIOD_MINUTE,
	PERIOD_DAY,
	PERIOD_WEEK,
	PERIOD_MONTH,
	PERIOD_QUARTER,
	PERIOD_HALF_YEAR,
	PERIOD_YEAR,
	PERIOD_RANGE,
	PERIOD_PRECISION_MAX
};

/* "minute", "day", "week", "month", "quarter", "half-year", "year", "range" */
const char *period_precision_name(enum period_precision precision);
bool period_precision_find(const char *name, enum period_precision *ret_precision);

struct period {
	bool has_start;     /* false for a limit ("by 1 June"): the window has only an end */
	struct civil start; /* first day, time 00:00; or the minute */
	struct civil end;   /* last day, time 00:00; or the minute, equal to start */
	enum period_precision precision;
};

/* Where in the phrase it stopped making sense. */
struct period_error {
	unsigned offset;  /* bytes from the start of the phrase */
	unsigned length;  /* bytes of the word that is wrong; 0 at the end of the phrase */
	struct err err;   /* what is wrong and what would be right */
	struct civil day; /* the date whose weekday is not the one that was named; its year is 0 for any other fault */
};

/* Bytes of a phrase that are looked at; a longer one is an error. */
enum { PERIOD_PHRASE_MAX = 200 };

/* Reads a phrase in Russian, English or Chinese, or ISO 8601. default_year: the year of a phrase that names none; 0 = a
 * year must be named. Nothing is guessed: a phrase that is not understood to its last word is an error. The phrase may
 * be any bytes. A repeated date is an error: see period_parse_repeat().
 *
 * What the words mean:
 * - Weeks are Monday..Sunday, and belong to the month of their Thursday, as ISO 8601 has it for years: so is meant "the
 *   2nd week of November", and 2025-W14. "The week of 3 November" is the one that holds that day, "the week from 3
 *   November" begins with it, which must be a Monday.
 * - The decades of a month ("третья декада мая", 5月下旬) are 1..10, 11..20 and 21..last. Its beginning, middle and end
 *   ("начало марта", "mid-June") are the same. Its halves are 1..15 and 16..last. All of them are windows of the
 *   precision month: on which of these days, nobody has said.
 * - Seasons are whole months: spring 2025 is March..May. Winter needs both its years ("зима 2025-2026").
 * - "Last Friday of June" and "последний день июня" are days. Two that are listed ("апрель, май", 4、5月) are the range
 *   of both, if one follows the other at once.
 * - A time may stand with a dot behind a whole date: "15.06.2025 14.00". 下午3点 is 15:00.
 * - Of three numbers the year may stand first, as in 2025/6/15 and 2025-6-15; "06/15/2025" is an error.
 * - Both ends of a range lie in the one year that is named or given. Where that would put the end before the start, the
 *   range crosses the new year, if it then lasts at most half a year ("31 декабря - 8 января"): the year is the
 *   start's. Only a year that stands behind the second of two days is the end's, and behind the second of two months
 *   ("декабрь-январь 2025") it could be either and is an error.
 * - A limit ("до 1 июня", "by June 1", 6月1日前) includes its day. It must name a day or the end of something ("до
 *   конца марта"): "до июня" could mean either end of June and is an error. Nowhere else is the end of a year, a half
 *   or a quarter understood: it may be its last month or its last days.
 *
 * Precision: one minute, day, week, month, quarter, half-year or year is called so; so is a limit by its end (minute or
 * day); a range of one day is a day. A part of a month is a month with narrower bounds, and so is what lasts from one
 * such part to another ("конец мая - начало июня", or in EDTF 2025-05-21~/2025-06-10~), unless it makes up whole
 * months. Anything else is a range, "январь-март" and a season too.
 *
 * Errors: -EINVAL with *ret_error filled (never NULL); *ret_period is untouched then. */
MUSTCHECK int period_parse(const char *phrase, int default_year, struct period *ret_period,
			   struct period_error *ret_error);

/* The same, and repeats: "ежемесячно", "каждый понедельник", "quarterly", 每周一, "15 числа каждого месяца". ret_rrule is
 * then an RFC 5545 rule that ends with the year, or goes on if it is yearly, and *ret_period its first occurrence; it
 * is "" for a single period.
 *
 * - The year, or another window made of whole units, may stand before or behind: "ежемесячно в 2025 году", "every
 *   Monday in June", 2025年每月. An occurrence belongs to the window in which it begins.
 * - A unit repeats as a whole: "monthly" begins with the month of January, "weekly" with the first Monday's week. A
 *   weekday, or a day of the month up to 28 or the last, is a day; it may have a time. "ежемесячно до 15 числа" is a
 *   limit. "30 числа каждого месяца" is an error, as February has none. "Second Tuesday of every month" is a day, too;
 *   "every second Tuesday" may be every other one and is an error.
 * - Beside a yearly repeat stands its date: "ежегодно 15 июня", "every year in June". It goes on from the year that is
 *   named or given, and ends only with a window of several years: "yearly in 2025-2027". A weekday of a month and the
 *   last day of February keep their place in the month: "last Friday of June, every year" has
 *   FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR. A week, or a range that begins or ends so, is an error: no rule gives it for
 *   every year. */
enum { PERIOD_RRULE_SIZE = 80 };
MUSTCHECK int period_parse_repeat(const char *phrase, int default_year, struct period *ret_period,
				  char ret_rrule[PERIOD_RRULE_SIZE], struct period_error *ret_error);

/* The identity of the period as an ISO 8601 interval: "2025-06-01/2025-06-30", "2025-06-15", "2025-06-15T14:00",
 * "../2025-06-01" for a limit. */
enum { PERIOD_KEY_SIZE = 40 };
void period_key(const struct period *period, char text[PERIOD_KEY_SIZE]);
/* Reads a period as period_key() writes it, and no phrase besides. A window comes back with the days that it has,
 * whatever it was called. */
bool period_parse_key(const char *key, struct period *ret_period);

/* Does it begin with the first day of a month and end with the last one of a month? It has a start. */
bool period_is_whole_months(const struct period *period);
/* Is its exact date still to be set? So it is of a week, a month or a part of it, a quarter, half a year, a year, and
 * of a range of whole months ("April-May"). A limit, a day, a minute, and days from one to another ("11-16 October")
 * are when it takes place. */
bool period_is_window(const struct period *period);

/* The first instant of the period (of its end when it has no start) and the first instant after it, which for a minute
 * is the minute itself: at end_utc the deadline has passed. */
int64_t period_start_utc(const struct period *period, const struct zone *zone);
int64_t period_end_utc(const struct period *period, const struct zone *zone);

#endif
