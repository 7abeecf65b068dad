/* act: what people do with a task, from whichever side they come: close it or open it again, put it off, give it
 * another date, put it into the plan.
 *
 * All of these run inside the caller's transaction; the triggers of the schema drop what is not to be said any more and
 * write the ledger, which the caller stamps. */
#ifndef DEADLINED_REMIND_ACT_H
#define DEADLINED_REMIND_ACT_H

#include <stdint.h>

#include "plan/person.h"
#include "plan/task.h"
#include "plan/zone.h"
#include "remind/pick.h"
#include "remind/planner.h"
#include "store/store_task.h"

/* Adds or changes a task, as store_task_put(); what was said of its single dates follows its rule. Errors: those of the
 * store; -EINVAL a rule that cannot be read. */
MUSTCHECK int act_put(struct store *store, const struct task *task, int64_t now_utc, int64_t *ret_id,
		      enum store_change *ret_change, struct err *err);

/* Gives one occurrence that status, "done", "cancelled" or "open" again; a task that does not repeat gets it itself.
 * Errors: those of the store. */
MUSTCHECK int act_close(struct store *store, const struct task *task, const struct pick *pick, const char *status,
			struct err *err);

/* Gives one occurrence another date; of a task that does not repeat *task has it then. Errors: those of the store;
 * -EEXIST another occurrence has that date, or had it. */
MUSTCHECK int act_move(struct store *store, struct task *task, const struct pick *pick, const struct period *period,
		       int64_t now_utc, struct err *err);

/* What reader, who is the person or stands in for them, would hear of the task before until_utc is dropped, and one
 * reminder comes then. zone: that of the reader, for the ledger. Errors: as planner_snooze(). */
MUSTCHECK int act_snooze(const struct planner *planner, struct store *store, const struct task *task, const char *key,
			 const struct person *person, const char *reader, const struct zone *zone, int64_t until_utc,
			 int64_t now_utc, struct err *err);

#endif
