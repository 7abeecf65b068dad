#include "ctl/prospect.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/output.h"
#include "ctl/policy_view.h"
#include "remind/planner.h"
#include "store/store_task.h"

struct prospect {
	int64_t now_utc;
	size_t n_steps, n_ahead;
};

static void prospect_count(void *arg, const struct policy_view_row *row)
{
	struct prospect *prospect = arg;
	prospect->n_steps++;
	prospect->n_ahead += row->due_utc > prospect->now_utc;
}

static int prospect_people(struct session *session, const struct task *task, size_t *ret_n, struct err *err)
{
	struct person *people = NULL;
	size_t n = 0;
	int status = planner_people(session->store, task->id, &people, &n, err);
	for (size_t i = 0; i < n; i++)
		person_done(&people[i]);
	free(people);
	*ret_n = n;
	return status;
}

/* Of a task that repeats, only the next date is looked at here: later ones have steps ahead. */
static void prospect_tell(const struct prospect *prospect, const struct policy *policy, const struct task *task)
{
	if (prospect->n_steps == 0)
		output_complain("no step of policy %s speaks to those who take part: nobody will be reminded",
				policy->name);
	else if (prospect->n_ahead == 0 && task->rrule[0] == '\0')
		output_complain("every step of policy %s lies in the past: nobody will be reminded", policy->name);
}

static void prospect_check_steps(struct session *session, const struct task *task)
{
	struct prospect prospect = {.now_utc = session->now_utc};
	struct policy_view view = {0};
	struct err err = {0};
	int status = policy_view_load(session, &view);
	if (status == EX_OK) {
		status = policy_view_each(&view, session->store, task, session->now_utc, prospect_count, &prospect,
					  &err);
		if (status < 0)
			(void)session_fail(status, &err);
		else
			prospect_tell(&prospect, policy_view_of(&view, task), task);
	}
	policy_view_done(&view);
}

void prospect_warn(struct session *session, const char *uid)
{
	struct task task = {0};
	struct err err = {0};
	size_t n_people = 0;
	int status = store_task_find(session->store, uid, &task, &err);
	if (status == 0)
		status = prospect_people(session, &task, &n_people, &err);
	if (status < 0)
		(void)session_fail(status, &err);
	else if (strcmp(task.status, "open") == 0 && n_people == 0)
		output_complain("nobody takes part: nobody will be reminded");
	else if (strcmp(task.status, "open") == 0)
		prospect_check_steps(session, &task);
	task_done(&task);
}
