/* task: plain facts of what must be done by when, and of whom it concerns. No behaviour but freeing. */
#ifndef DEADLINED_PLAN_TASK_H
#define DEADLINED_PLAN_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/period.h"

/* Characters, as the schema counts them. */
enum { TASK_UID_MAX = 128, TASK_TITLE_MAX = 500, TASK_PLACE_MAX = 200, TASK_NOTE_MAX = 4000 };

struct task {
	int64_t id; /* row */
	char *uid;
	char *title;
	char *place; /* "" when not given, note likewise */
	char *note;
	struct period period;
	char *zone; /* the event's zone */
	char *policy;
	char *status;     /* "open", "done", "cancelled" */
	int64_t sequence; /* raised by every change of a date */
	bool is_urgent;   /* passes quiet and working hours */
	char *rrule;      /* RFC 5545 recurrence of the period's start, "" when it does not repeat */
	char *rdate;      /* dates added, dates left out, separated by commas */
	char *exdate;
};

/* Whether it has more occurrences than one. */
bool task_repeats(const struct task *task);
/* Whether it is neither done nor cancelled. */
bool task_is_open(const struct task *task);

void task_done(struct task *task);

#endif
