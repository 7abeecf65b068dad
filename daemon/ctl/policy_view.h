/* policy_view: policies in words, and what their steps mean for the people of a task. */
#ifndef DEADLINED_CTL_POLICY_VIEW_H
#define DEADLINED_CTL_POLICY_VIEW_H

#include "ctl/session.h"
#include "plan/calendar.h"
#include "plan/person.h"
#include "plan/task.h"
#include "remind/policy.h"
#include "remind/schedule.h"

struct policy_view {
	struct policies *policies;
	struct calendars *calendars; /* NULL: there is no folder of them */
};

/* Reads policies and calendars; every problem is printed. The session has its configuration. Returns an exit status;
 * policy_view_done() after any. */
MUSTCHECK int policy_view_load(const struct session *session, struct policy_view *ret_view);
void policy_view_done(struct policy_view *view);

/* The policy that the task names, or the default one. */
const struct policy *policy_view_of(const struct policy_view *view, const struct task *task);

/* "30 days before the start at 09:00", "asks for the exact date 45 days before the start". Returns owned. */
char *policy_view_words(const struct step *step);
/* "responsible, watcher"; "nobody". Returns owned. */
char *policy_view_roles(unsigned roles);

/* One step of a task for one person. Everything is borrowed for the call. */
struct policy_view_row {
	const char *occurrence;
	const struct person *person; /* with the roles they have in the task */
	const struct zone *zone;     /* the person's */
	const struct step *step;
	int64_t due_utc;
};
typedef void (*policy_view_cb)(void *arg, const struct policy_view_row *row);

/* Calls each for every step of the task's policy that speaks to each of its people, by person and instant; of a
 * repeating task for the occurrence that is next at now_utc. Errors: those of the store; -EINVAL the task makes no
 * sense. */
MUSTCHECK int policy_view_each(const struct policy_view *view, struct store *store, const struct task *task,
			       int64_t now_utc, policy_view_cb each, void *arg, struct err *err);

#endif
