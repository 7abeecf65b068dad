/* moved: whoever was told a date that is another by now hears of the new one, once for each move, in the same thread.
 *
 * Happy path: a task was edited; each person who was last told of another date of it than it has gets one reminder of
 * the step STORE_STEP_MOVED. Of a repeating task that goes for each date that was moved by itself.
 * An edit of its rule takes dates away: what waits for them is dropped. Was somebody told of one that is not over, then
 * the only date that the rule gives on that day takes its place (the hour was changed); without one, or when that one
 * had been told beside it or is over, it is noted as cancelled, see cancellation.h.
 * A task that repeats no more keeps its first date: the others are noted as cancelled by a trigger. A date that is over
 * is news only while somebody waits for another one. */
#ifndef DEADLINED_REMIND_MOVED_H
#define DEADLINED_REMIND_MOVED_H

#include <stddef.h>

#include "base/strlist.h"
#include "plan/person.h"
#include "remind/post.h"

/* post: of the task, which is not cancelled, without an occurrence. people: who takes part. Adds to *ret_noticed the
 * ids of those who hear of a new date of the whole task. Errors: those of the store; -EINVAL a rule that cannot be
 * read. */
MUSTCHECK int moved_tell(struct post *post, const struct person *people, size_t n_people, struct strlist *ret_noticed,
			 struct err *err);

#endif
