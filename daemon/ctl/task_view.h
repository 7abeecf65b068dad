/* task_view: what list and show print of a task. */
#ifndef DEADLINED_CTL_TASK_VIEW_H
#define DEADLINED_CTL_TASK_VIEW_H

#include <jansson.h>
#include <stdint.h>

#include "base/strlist.h"
#include "ctl/output.h"
#include "ctl/session.h"
#include "plan/task.h"

/* The JSON object of a task: uid, title, start, end, precision, zone, place, note, policy, status, people (ids),
 * roles (by id, from parts as store_task_parts() gives them), priority, rrule (null = does not repeat), occurrence
 * (start, end and precision of now; null = does not repeat) and next_due, which is null when the daemon has not planned
 * the task yet or nothing is left to come. */
json_t *task_view_json(const struct session *session, const struct task *task, const struct period *now,
		       const struct strlist *people, const struct strlist *parts, int64_t next_due_utc);

/* The date of a task that matters now: of a repeating one the next open one that is not over, when it is over the last
 * open one of a year back, or else its first. Errors: those of the store. */
MUSTCHECK int task_view_now(const struct session *session, const struct task *task, struct period *ret_now,
			    struct err *err);
/* That date for people: "2025-04-01", and of a repeating task "2025-04-01, repeats". */
void task_view_when(const struct task *task, const struct period *now, char text[OUTPUT_PERIOD_SIZE]);

/* When the next reminder is due, for people: "2025-04-01 09:00 +11:00", "not planned yet", "-". */
void task_view_next(const struct session *session, const struct task *task, int64_t next_due_utc,
		    char text[OUTPUT_TIME_SIZE]);

#endif
