/* said: what was said of single dates of a series - done, cancelled, moved, seen to - goes with them when the rule
 * gives them another hour.
 *
 * Each is noted under the key that the rule gave the date. After an edit of the rule that key may be gone: the only
 * date on its day of which nothing was said takes what was said over, so that what is done stays done. Where there is
 * none, or it is not clear which, what was said stays where it is. */
#ifndef DEADLINED_REMIND_SAID_H
#define DEADLINED_REMIND_SAID_H

#include <stdint.h>

#include "plan/task.h"
#include "store/store.h"

/* Of the dates of the last year and those ahead; of a task that does not repeat there is nothing to do. In the caller's
 * transaction. Errors: those of the store; -EINVAL a rule that cannot be read. */
MUSTCHECK int said_follow_rule(struct store *store, const struct task *task, int64_t now_utc, struct err *err);

#endif
