/* reach: between which days the dates of a task lie whose steps may be due now; generous, because a date too many only
 * costs time, and one that is left out is a reminder that never comes. */
#ifndef DEADLINED_REMIND_REACH_H
#define DEADLINED_REMIND_REACH_H

#include <stddef.h>
#include <stdint.h>

#include "plan/calendar.h"
#include "plan/person.h"
#include "plan/task.h"
#include "plan/zone.h"
#include "remind/policy.h"

/* Everything is borrowed. */
struct reach_query {
	const struct task *task;
	const struct policy *policy;
	const struct person *people;
	size_t n_people;
	const struct calendars *calendars; /* may be NULL */
	const struct zone *event_zone;
	int64_t after_utc, until_utc; /* steps in (after, until] are due */
};

/* The first and the last day on which such a date may start. Working days are counted in the calendars of the people,
 * with their closures. */
void reach_days(const struct reach_query *query, struct civil *ret_from, struct civil *ret_to);

#endif
