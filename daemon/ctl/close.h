/* close: what done and cancel have in common. */
#ifndef DEADLINED_CTL_CLOSE_H
#define DEADLINED_CTL_CLOSE_H

#include "ctl/args.h"
#include "ctl/session.h"

#define CLOSE_OPTIONS                                                                                                  \
	{"--occurrence", "DATE", "of a repeating task, only the one on that day"},                                     \
	{                                                                                                              \
		"--following", NULL, "with --occurrence: and all that follow it"                                       \
	}

/* Gives every task named by an operand that status ("done" or "cancelled"), all of them or none; with --occurrence only
 * that occurrence of the one task named. Returns an exit status. */
MUSTCHECK int close_run(struct session *session, const struct args *args, const char *task_status);

#endif
