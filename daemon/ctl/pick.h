/* pick: which occurrence of a task a command speaks of. */
#ifndef DEADLINED_CTL_PICK_H
#define DEADLINED_CTL_PICK_H

#include <stdbool.h>

#include "ctl/session.h"
#include "plan/task.h"

struct pick {
	char date[PERIOD_KEY_SIZE]; /* the key that the rule gives it */
	char key[PERIOD_KEY_SIZE];  /* its key now: another one when it was moved */
	struct civil start;         /* by the rule */
	bool is_first;
};

/* Whether the task has more occurrences than one. */
bool pick_repeats(const struct task *task);

/* The occurrence of a task on the day that phrase names: by its rule or, failing that, where it was moved to. phrase NULL:
 * the latest open one that has begun, or the next one; of a task that does not repeat, its only one. Complains when there
 * is none. Returns an exit status. */
MUSTCHECK int pick_occurrence(struct session *session, const struct task *task, const char *phrase,
			      struct pick *ret_pick);

/* Complains that it does not repeat. Returns EX_DATAERR. */
int pick_fail_single(const struct task *task);

#endif
