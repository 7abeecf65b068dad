/* close: what done and cancel have in common. */
#ifndef DEADLINED_CTL_CLOSE_H
#define DEADLINED_CTL_CLOSE_H

#include "ctl/args.h"
#include "ctl/session.h"

/* Gives every task named by an operand that status, all of them or none. Returns an exit status. */
MUSTCHECK int close_tasks(struct session *session, const struct args *args, const char *task_status);

#endif
