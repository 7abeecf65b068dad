#include "ctl/policy_view.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "remind/occurrences.h"
#include "remind/planner.h"
#include "remind/reader.h"

enum { POLICY_VIEW_TEXT_MAX = 256 };

int policy_view_load(const struct session *session, struct policy_view *ret_view)
{
	struct problems problems = {0};
	*ret_view = (struct policy_view){.policies = policies_load(session->conf, &problems)};
	if (access(session->conf->calendars, R_OK | X_OK) == 0)
		ret_view->calendars = calendars_load(session->conf->calendars, &problems);
	int status = problems.n != 0 ? EX_CONFIG : EX_OK;
	problems_print(&problems, stderr);
	problems_done(&problems);
	return status;
}

void policy_view_done(struct policy_view *view)
{
	policies_free(view->policies);
	calendars_free(view->calendars);
}

const struct policy *policy_view_of(const struct policy_view *view, const struct task *task)
{
	const struct policy *policy = policies_find(view->policies, task->policy);
	return policy != NULL ? policy : policies_find(view->policies, "default");
}

/* ---- words -------------------------------------------------------------------------------------------------------- */

char *policy_view_words(const struct step *step)
{
	static const char *const units[] = {
		[STEP_MINUTES] = "minute", [STEP_HOURS] = "hour",   [STEP_DAYS] = "day",
		[STEP_WEEKS] = "week",     [STEP_MONTHS] = "month", [STEP_WORKING_DAYS] = "working day",
	};
	static const char *const kinds[] = {
		[STEP_REMIND] = "reminds",
		[STEP_FIX_DATE] = "asks for the exact date",
		[STEP_OVERDUE] = "says that it is overdue",
		[STEP_HANDOFF] = "asks for a decision, and then no more,",
		[STEP_ESCALATE] = "turns to those above",
	};
	struct buf words;
	buf_init(&words, POLICY_VIEW_TEXT_MAX);
	buf_printf(&words, "%s ", kinds[step->kind]);
	if (step->count == 0)
		buf_printf(&words, "at the %s", step->is_end ? "end" : "start");
	else
		buf_printf(&words, "%d %s%s %s the %s", step->count, units[step->unit], num_word(step->count, "", "s"),
			   step->is_after ? "after" : "before", step->is_end ? "end" : "start");
	if (step->at_minute >= 0)
		buf_printf(&words, " at %02d:%02d%s", step->at_minute / 60, step->at_minute % 60,
			   step->is_event_time ? " where it takes place" : "");
	return buf_take(&words);
}

char *policy_view_roles(unsigned roles)
{
	struct buf words;
	buf_init(&words, POLICY_VIEW_TEXT_MAX);
	for (unsigned role = 0; role < ROLE_MAX; role++)
		if ((roles & ROLE_BIT(role)) != 0)
			buf_printf(&words, "%s%s", words.len > 0 ? ", " : "", role_name((enum role)role));
	return words.len > 0 ? buf_take(&words) : mem_dup("nobody");
}

/* ---- what it means for the people of a task ----------------------------------------------------------------------- */

struct policy_view_case {
	const struct policy_view *view;
	const struct policy *policy;
	const struct zone *event_zone;
	bool is_urgent;
	struct occurrence occurrence;
	policy_view_cb each;
	void *arg;
};

static void policy_view_person(const struct policy_view_case *at, const struct person *person)
{
	struct reader reader;
	struct schedule steps;
	reader_init(&reader, person, at->view->calendars, at->event_zone);
	const struct schedule_query query = {
		.policy = at->policy,
		.period = &at->occurrence.period,
		.event_zone = at->event_zone,
		.reader_zone = reader.time.zone,
		.calendar = reader.time.calendar,
		.hours = at->is_urgent ? NULL : &reader.time.hours,
		.roles = person->roles,
		.after_utc = INT64_MIN,
		.until_utc = INT64_MAX,
	};
	schedule(&query, &steps);
	for (size_t i = 0; i < steps.n_due; i++) {
		const struct policy_view_row row = {
			.occurrence = at->occurrence.key,
			.person = person,
			.zone = reader.time.zone,
			.step = steps.due[i].step,
			.due_utc = steps.due[i].due_utc,
		};
		at->each(at->arg, &row);
	}
}

/* The next occurrence, or the task's own date when none is left. */
static int policy_view_occurrence(struct policy_view_case *at, struct store *store, const struct task *task,
				  int64_t now_utc, struct err *err)
{
	struct occurrence *items = NULL;
	size_t n = 0;
	struct civil today = zone_to_civil(at->event_zone, now_utc);
	int status = occurrences_around(store, task, &today, &today, &items, &n, err);
	if (status < 0)
		return status;
	at->occurrence.period = task->period;
	period_key(&task->period, at->occurrence.key);
	if (n > 0)
		at->occurrence = items[0];
	free(items);
	return 0;
}

int policy_view_each(const struct policy_view *view, struct store *store, const struct task *task, int64_t now_utc,
		     policy_view_cb each, void *arg, struct err *err)
{
	struct person *people = NULL;
	size_t n = 0;
	struct policy_view_case at = {
		.view = view,
		.policy = policy_view_of(view, task),
		.event_zone = zone_find(task->zone),
		.is_urgent = task->is_urgent,
		.each = each,
		.arg = arg,
	};
	if (at.event_zone == NULL)
		return err_set(err, -EINVAL, "task %s is in the unknown zone '%s'", task->uid, task->zone);
	int status = policy_view_occurrence(&at, store, task, now_utc, err);
	if (status == 0)
		status = planner_people(store, task->id, &people, &n, err);
	for (size_t i = 0; i < n; i++) {
		policy_view_person(&at, &people[i]);
		person_done(&people[i]);
	}
	free(people);
	return status;
}
