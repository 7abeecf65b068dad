/* prospect: a task that is kept, and of which nobody will hear. */
#ifndef DEADLINED_CTL_PROSPECT_H
#define DEADLINED_CTL_PROSPECT_H

#include "ctl/session.h"

/* Prints to stderr why nobody will be reminded of the open task, when that is so. What cannot be told is printed, too: the
 * task is committed, and so this is no failure. */
void prospect_warn(struct session *session, const char *uid);

#endif
