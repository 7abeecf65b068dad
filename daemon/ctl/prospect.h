/* prospect: what there is to say of a task that is kept: that nobody will hear of it, or for how long. */
#ifndef DEADLINED_CTL_PROSPECT_H
#define DEADLINED_CTL_PROSPECT_H

#include "ctl/session.h"
#include "plan/task.h"

/* Prints to stderr why nobody will be reminded of the open task, when that is so. What cannot be told is printed, too:
 * the task is committed, and so this is no failure. */
void prospect_warn(struct session *session, const char *uid);

/* Whether the phrase (NULL for none) leaves it to the year in which it is read how long the task repeats: the rule that
 * a phrase makes ends with the window that the phrase names, or with the year. *ret_until: its last day. */
bool prospect_find_bound(const char *when, const struct task *task, int64_t now_utc, struct civil *ret_until);

/* Prints to stderr until when the task repeats, when the phrase that it was given (NULL for none) leaves that to the
 * year in which it is read. */
void prospect_tell_bound(const struct session *session, const char *when, const struct task *task);

#endif
