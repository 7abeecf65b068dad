/* recur: the dates of a repeating task: RRULE, RDATE and EXDATE of RFC 5545, by libical.
 *
 * The unit is the day: an occurrence begins on a day, at the time of day of the first one. Local time is iterated, not
 * instants, so a meeting at 10:00 stays at 10:00 whatever the clocks do; zone_to_utc() says when that is.
 *
 * - The first occurrence always counts, also when the rule would not name it, and is one of COUNT.
 * - FREQ is DAILY, WEEKLY, MONTHLY or YEARLY. What libical 3.0.16 gets wrong or crashes on is refused by recur_check().
 * - No rule begins before the year 1583 or goes beyond 2582, where libical ends. */
#ifndef DEADLINED_PLAN_RECUR_H
#define DEADLINED_PLAN_RECUR_H

#include <stddef.h>

#include "base/err.h"
#include "plan/period.h"

struct recur;

enum { RECUR_TEXT_MAX = 500, RECUR_DATES_MAX = 1000 };

/* Is the rule ("FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20251231") one that is understood? Names may be in small letters.
 * Error: -EINVAL, err names the part that is wrong and what would be right. */
MUSTCHECK int recur_check(const char *rrule, struct err *err);

/* first: the first occurrence; rrule "" is none. rdate and exdate: dates or times separated by commas, "2025-06-10" or
 * "20250610", "2025-06-10T14:00", "20250610T140000", with a Z for UTC; "" is none. zone is that of the task, borrowed:
 * times in UTC are turned into its local time. An EXDATE without a time leaves out whatever begins on that day. Errors:
 * as the check, -EINVAL for such a date, and for a rule that fits no day at all. */
MUSTCHECK int recur_new(const struct period *first, const char *rrule, const char *rdate, const char *exdate,
			const struct zone *zone, struct recur **ret_recur, struct err *err);
void recur_free(struct recur *recur);

/* Whether the rule ends before the first occurrence, which is then the only one. */
bool recur_ends_early(const struct recur *recur);

/* The starts of the occurrences with from <= start < to, in order and each once; at most max of them, so that a caller
 * who gets max goes on from behind the last. Errors: -E2BIG when the rule is so dense, or the years are so many, that
 * this cannot be answered in reasonable time; nothing is set then. */
MUSTCHECK int recur_between(const struct recur *recur, const struct civil *from, const struct civil *to, size_t max,
			    struct civil *ret_starts, size_t *ret_n, struct err *err);

/* The occurrence that begins at start, of a task whose first one is given. A week, month, quarter, half-year or year is
 * the one that holds start; a range of whole months has as many months, any other as many days; a minute is a minute,
 * and a limit stays a limit. */
struct period recur_period(const struct period *first, const struct civil *start);

#endif
