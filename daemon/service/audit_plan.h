/* audit_plan: whether the plan keeps up with the policies: worked out anew from tasks, people and policies, apart from
 * the planner, and compared with what the planner has left in the database.
 *
 * Two comparisons. For any task: its next step, as the planner has marked it, must not come after the next step worked
 * out here; where it does, the task is handed to the planner again. And for tasks with a step in the next hours: which
 * steps fall due for whom is written down, and when their time has passed and they are still right, each must have its
 * reminder. */
#ifndef DEADLINED_SERVICE_AUDIT_PLAN_H
#define DEADLINED_SERVICE_AUDIT_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "plan/period.h"
#include "plan/person.h"
#include "remind/planner.h"
#include "store/store_audit.h"
#include "store/store_message.h"

enum { AUDIT_PLAN_AHEAD_S = 7200, AUDIT_PLAN_LATE_S = 600 };

/* A step that must have a reminder by then. */
struct audit_step {
	int64_t task, due_utc;
	char occurrence[PERIOD_KEY_SIZE], step[STORE_STEP_SIZE], person[PERSON_ID_MAX * 4 + 1];
};
struct audit_steps {
	struct audit_step *items;
	size_t n;
	int64_t after_utc; /* what fell due since then is in it */
};
void audit_steps_done(struct audit_steps *steps);

/* The steps of a task that fall due in (after_utc, until_utc] are added, up to AUDIT_STEPS_MAX of them in all; and the
 * first step of all after after_utc, STORE_NEVER when there is none. A task that makes no sense has none: the planner
 * says so. */
enum { AUDIT_STEPS_MAX = 1024 };
MUSTCHECK int audit_plan_collect(const struct planner *planner, struct store *store, int64_t task, int64_t after_utc,
				 int64_t until_utc, struct audit_steps *steps, int64_t *ret_next_utc, struct err *err);

/* The first comparison. *ret_found (owned; NULL: all is well) says what was missed; a step that is still to come is no
 * more than mended and logged. */
MUSTCHECK int audit_plan_check_next(const struct planner *planner, struct store *store,
				    const struct store_audit_task *task, int64_t now_utc, char **ret_found,
				    struct err *err);

/* The second one, of the steps of one task: steps->items[first] .. [last - 1]. */
MUSTCHECK int audit_plan_check_steps(const struct planner *planner, struct store *store,
				     const struct audit_steps *steps, size_t first, size_t last, int64_t now_utc,
				     char **ret_found, struct err *err);

#endif
