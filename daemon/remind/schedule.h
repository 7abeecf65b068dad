/* schedule: when each step of a policy is due for one reader. Pure: no clock, no I/O. */
#ifndef DEADLINED_REMIND_SCHEDULE_H
#define DEADLINED_REMIND_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/calendar.h"
#include "plan/period.h"
#include "plan/zone.h"
#include "remind/policy.h"

/* The instant of a step for a reader. m and h count from the first instant of the period or the first one after it, in the
 * event's zone. d, w, mo and wd count calendar days: from the day as it is written in the plan when only days are known, so
 * that "1d before" 15 June is 14 June for every reader; from the reader's own day when the minute is known. wd counts
 * working days of calendar; NULL = Monday to Friday. A limit without a start has its end for both anchors. A step after
 * the anchor never comes before it: where the reader's morning is still the event's evening before, it waits for the next
 * one. */
int64_t schedule_instant(const struct step *step, const struct period *period, const struct zone *event_zone,
			 const struct zone *reader_zone, const struct calendar *calendar);

/* For whom and what a schedule is made. Everything is borrowed. */
struct schedule_query {
	const struct policy *policy;
	const struct period *period;
	const struct zone *event_zone, *reader_zone;
	const struct calendar *calendar; /* the reader's; NULL = Monday to Friday */
	unsigned roles;                  /* the reader's, ROLE_BIT()s; 0 = every step */
	bool is_acknowledged;            /* nothing is overdue or escalated any more */
	int64_t after_utc, until_utc;    /* steps in (after, until] are due */
};

struct schedule_due {
	const struct step *step; /* of the policy */
	int64_t due_utc;
};

struct schedule {
	struct schedule_due due[POLICY_STEPS_MAX]; /* earliest first; equal ones in the policy's order */
	size_t n_due;
	int64_t next_utc; /* first step after both instants; INT64_MAX when none is left */
};

/* The steps that are due for the reader, and the next one after both instants. until_utc may lie before after_utc, as
 * after a clock that was set back: then nothing is due. Steps that speak to other roles, that ask for a date which is
 * known, or that are quiet because of an acknowledgement, are left out. */
void schedule(const struct schedule_query *query, struct schedule *ret_schedule);

#endif
