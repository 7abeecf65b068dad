/* pick: which occurrence of a task a command speaks of, with words for what is wrong. */
#ifndef DEADLINED_CTL_PICK_H
#define DEADLINED_CTL_PICK_H

#include "ctl/session.h"
#include "plan/task.h"
#include "remind/pick.h"

/* The occurrence of a task on the day that phrase names: by its rule or, failing that, where it was moved to. phrase
 * NULL: the latest open one that has begun, or the next one; of a task that does not repeat, its only one. Complains
 * when there is none. Returns an exit status. */
MUSTCHECK int pick_occurrence(struct session *session, const struct task *task, const char *phrase,
			      struct pick *ret_pick);

#endif
