/* cancellation: whoever knows a date hears once that it is off.
 *
 * Happy path: a task, or one date of a repeating task, was cancelled; each person who was told of it, and whose date is
 * not over, gets one reminder of the step STORE_STEP_CANCELLED, a message of its own; hours, deputies, silences and
 * channels are those of every reminder.
 * Quiet stay: what is done; a date that nobody was told, or that is over; whoever was told already, until they are told
 * of the task anew; what was cancelled before the database knew of cancellations. What has not left when the task is
 * opened again is dropped by a trigger. */
#ifndef DEADLINED_REMIND_CANCELLATION_H
#define DEADLINED_REMIND_CANCELLATION_H

#include <stddef.h>

#include "plan/person.h"
#include "remind/post.h"

/* post: of the task, without an occurrence. people: who takes part. Errors: those of the store. */
MUSTCHECK int cancellation_tell(struct post *post, const struct person *people, size_t n_people, struct err *err);

#endif
