/* schedule: when each step of a policy is due for one reader. Pure: no clock, no I/O. */
#ifndef DEADLINED_REMIND_SCHEDULE_H
#define DEADLINED_REMIND_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/calendar.h"
#include "plan/hours.h"
#include "plan/period.h"
#include "plan/zone.h"
#include "remind/policy.h"

/* For whom and what a schedule is made. Everything is borrowed. */
struct schedule_query {
	const struct policy *policy;
	const struct period *period;
	const struct zone *event_zone, *reader_zone;
	const struct calendar *calendar; /* the reader's; NULL = Monday to Friday */
	const struct hours *hours;       /* the reader's; NULL = none hold them, as of an urgent task */
	unsigned roles;                  /* the reader's, ROLE_BIT()s; 0 = every step */
	bool is_acknowledged;            /* nothing is overdue or escalated any more */
	int64_t after_utc, until_utc;    /* steps in (after, until] are due */
};

/* How far a step is brought forward, at most: past the longest closure. */
enum { SCHEDULE_FORWARD_DAYS = 60 };

struct schedule_due {
	const struct step *step; /* of the policy */
	int64_t due_utc;
	int64_t own_utc;    /* its own place: later than due_utc where it is brought forward */
	int64_t latest_utc; /* of a step before its anchor: when it still comes in time; else INT64_MAX */
	bool is_again; /* it was to come forward to after_utc or earlier: only for whom it has not reached by then */
};

struct schedule {
	struct schedule_due due[POLICY_STEPS_MAX]; /* earliest first; equal ones in the policy's order */
	size_t n_due;
	int64_t next_utc; /* first step after both instants; INT64_MAX when none is left */
};

/* The steps that are due for the reader, and the next one after both instants. until_utc may lie before after_utc, as
 * after a clock that was set back: then nothing is due. Steps that speak to other roles, that ask for a date which is
 * known, or that are quiet because of an acknowledgement, are left out.
 *
 * m and h count from the first instant of the period or the first one after it, in the event's zone. d, w, mo and wd
 * count calendar days: from the day as it is written in the plan when only days are known, so that "1d before" 15 June
 * is 14 June for every reader; from the reader's own day when the minute is known. wd counts working days of the
 * calendar. A limit without a start has its end for both anchors.
 *
 * A step after the anchor never comes before it: where the reader's morning is still the event's evening before, it
 * waits for the next one. A step before it never comes after the minute, or the day in the event's zone, that it is
 * for: where the reader's hour is past it, or the reader's hours would hold it until then, it comes on the last day on
 * which it is in time. What the hours would bring forward to after_utc or earlier keeps its own day, and is_again: whom
 * it has not reached by then is told late rather than never. */
void schedule(const struct schedule_query *query, struct schedule *ret_schedule);

/* When one step is due by these rules, whether or not it speaks to the reader: for what checks schedule(). */
struct schedule_due schedule_step(const struct schedule_query *query, const struct step *step);

#endif
