/* edit_occurrence: moves one date of a repeating task, or that and all that follow. */
#ifndef DEADLINED_CTL_EDIT_OCCURRENCE_H
#define DEADLINED_CTL_EDIT_OCCURRENCE_H

#include "ctl/args.h"
#include "ctl/session.h"
#include "plan/task.h"

/* Carries out edit --occurrence, inside the transaction that is open, and ends it. Prints what came of it. Returns an
 * exit status. */
MUSTCHECK int edit_occurrence(struct session *session, const struct args *args, struct task *task);

#endif
