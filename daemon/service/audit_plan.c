#include "service/audit_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "plan/zone.h"
#include "remind/occurrences.h"
#include "remind/reach.h"
#include "remind/reader.h"
#include "remind/schedule.h"
#include "store/store_reader.h"

void audit_steps_done(struct audit_steps *steps)
{
	free(steps->items);
	*steps = (struct audit_steps){0};
}

static void audit_steps_add(struct audit_steps *steps, int64_t task, const char *occurrence, const char *person,
			    const struct schedule_due *due)
{
	if (steps->n == AUDIT_STEPS_MAX)
		return;
	steps->items = mem_grow(steps->items, steps->n + 1, sizeof(*steps->items));
	struct audit_step *step = &steps->items[steps->n++];
	*step = (struct audit_step){.task = task, .due_utc = due->due_utc};
	(void)snprintf(step->occurrence, sizeof(step->occurrence), "%s", occurrence);
	(void)snprintf(step->step, sizeof(step->step), "%s", due->step->text);
	(void)snprintf(step->person, sizeof(step->person), "%s", person);
}

/* ---- working it out ----------------------------------------------------------------------------------------------- */

/* What is looked for in one task. */
struct audit_search {
	const struct planner *planner;
	struct store *store;
	const struct task *task;
	const struct policy *policy;
	const struct zone *zone;
	int64_t after_utc, until_utc;
	struct audit_steps *steps;
	int64_t next_utc;
};

static void audit_search_person(struct audit_search *at, const struct occurrence *occurrence, bool is_acknowledged,
				const struct person *person)
{
	struct reader reader;
	struct schedule found;
	reader_init(&reader, person, at->planner->calendars, at->zone);
	const struct schedule_query query = {
		.policy = at->policy,
		.period = &occurrence->period,
		.event_zone = at->zone,
		.reader_zone = reader.time.zone,
		.calendar = reader.time.calendar,
		.hours = at->task->is_urgent ? NULL : &reader.time.hours,
		.roles = person->roles,
		.is_acknowledged = is_acknowledged,
		.after_utc = at->after_utc,
		.until_utc = at->until_utc,
	};
	schedule(&query, &found);
	for (size_t i = 0; i < found.n_due; i++) {
		if (found.due[i].due_utc < at->next_utc)
			at->next_utc = found.due[i].due_utc;
		audit_steps_add(at->steps, at->task->id, occurrence->key, person->id, &found.due[i]);
	}
	if (found.next_utc < at->next_utc)
		at->next_utc = found.next_utc;
}

static int audit_search_occurrences(struct audit_search *at, const struct person *people, size_t n_people,
				    struct err *err)
{
	const struct reach_query query = {
		.task = at->task,
		.policy = at->policy,
		.people = people,
		.n_people = n_people,
		.calendars = at->planner->calendars,
		.event_zone = at->zone,
		.after_utc = at->after_utc,
		.until_utc = at->until_utc,
	};
	struct civil from, to;
	struct occurrence *items = NULL;
	size_t n = 0;
	reach_days(&query, &from, &to);
	int status = occurrences_around(at->store, at->task, &from, &to, &items, &n, err);
	for (size_t i = 0; i < n && status == 0; i++) {
		bool is_acknowledged = false;
		status = store_is_acknowledged(at->store, at->task->id, items[i].key, &is_acknowledged, err);
		for (size_t j = 0; j < n_people && status == 0; j++)
			audit_search_person(at, &items[i], is_acknowledged, &people[j]);
	}
	free(items);
	return status == -EINVAL ? 0 : status;
}

static int audit_search_task(struct audit_search *at, struct err *err)
{
	struct person *people = NULL;
	size_t n_people = 0;
	at->zone = zone_find(at->task->zone);
	at->policy = policies_find(at->planner->policies, at->task->policy);
	if (at->policy == NULL)
		at->policy = policies_find(at->planner->policies, "default");
	if (at->zone == NULL)
		return 0;
	int status = planner_people(at->store, at->task->id, &people, &n_people, err);
	if (status == 0)
		status = audit_search_occurrences(at, people, n_people, err);
	for (size_t i = 0; i < n_people; i++)
		person_done(&people[i]);
	free(people);
	return status;
}

int audit_plan_collect(const struct planner *planner, struct store *store, int64_t task_id, int64_t after_utc,
		       int64_t until_utc, struct audit_steps *steps, int64_t *ret_next_utc, struct err *err)
{
	struct task task;
	int status = store_task_load(store, task_id, &task, err);
	*ret_next_utc = STORE_NEVER;
	if (status == -EUCLEAN || status == -ENOENT)
		return 0;
	if (status < 0)
		return status;
	struct audit_search at = {
		.planner = planner,
		.store = store,
		.task = &task,
		.after_utc = after_utc,
		.until_utc = until_utc,
		.steps = steps,
		.next_utc = STORE_NEVER,
	};
	status = audit_search_task(&at, err);
	*ret_next_utc = at.next_utc;
	task_done(&task);
	return status;
}

/* ---- comparing it ------------------------------------------------------------------------------------------------- */

int audit_plan_check_next(const struct planner *planner, struct store *store, const struct store_audit_task *task,
			  int64_t now_utc, char **ret_found, struct err *err)
{
	struct audit_steps none = {0};
	char at[32];
	int64_t next_utc = STORE_NEVER;
	*ret_found = NULL;
	int status = audit_plan_collect(planner, store, task->id, task->planned_until, task->planned_until, &none,
					&next_utc, err);
	audit_steps_done(&none);
	if (status < 0 || next_utc >= task->next_due_utc)
		return status;
	clock_format_utc(next_utc, at);
	status = store_audit_replan(store, task->id, err);
	if (status == 0 && next_utc < now_utc - AUDIT_PLAN_LATE_S)
		*ret_found = mem_printf("task %lld: its step of %s was passed over; it is planned now",
					(long long)task->id, at);
	else if (status == 0)
		log_warning("task=%lld: its step of %s would have been planned too late: it is looked at again",
			    (long long)task->id, at);
	return status;
}

static const struct audit_step *audit_steps_find(const struct audit_steps *steps, const struct audit_step *wanted)
{
	for (size_t i = 0; i < steps->n; i++)
		if (steps->items[i].due_utc == wanted->due_utc &&
		    strcmp(steps->items[i].occurrence, wanted->occurrence) == 0 &&
		    strcmp(steps->items[i].step, wanted->step) == 0 &&
		    strcmp(steps->items[i].person, wanted->person) == 0)
			return &steps->items[i];
	return NULL;
}

static int audit_check_step(struct store *store, const struct audit_step *step, char **ret_found, struct err *err)
{
	bool has = false;
	char at[32];
	int status = store_audit_has_reminder(store, step->task, step->occurrence, step->step, step->person, &has, err);
	if (status < 0 || has)
		return status;
	clock_format_utc(step->due_utc, at);
	*ret_found = mem_printf("task %lld (%s): '%s' was due for %s at %s, and was never planned",
				(long long)step->task, step->occurrence, step->step, step->person, at);
	return 0;
}

/* Edits since then may have made a step undue: only what is still worked out the same counts, and only when the planner has
 * been there. */
int audit_plan_check_steps(const struct planner *planner, struct store *store, const struct audit_steps *steps,
			   size_t first, size_t last, int64_t now_utc, char **ret_found, struct err *err)
{
	struct store_audit_task task;
	struct audit_steps again = {0};
	int64_t next_utc;
	*ret_found = NULL;
	int status = store_audit_task(store, steps->items[first].task, &task, err);
	if (status < 0 || task.id == 0)
		return status;
	int64_t until_utc =
		now_utc - AUDIT_PLAN_LATE_S < task.planned_until ? now_utc - AUDIT_PLAN_LATE_S : task.planned_until;
	status = audit_plan_collect(planner, store, task.id, steps->after_utc, until_utc, &again, &next_utc, err);
	for (size_t i = first; i < last && status == 0 && *ret_found == NULL; i++)
		if (steps->items[i].due_utc <= until_utc && audit_steps_find(&again, &steps->items[i]) != NULL)
			status = audit_check_step(store, &steps->items[i], ret_found, err);
	audit_steps_done(&again);
	return status;
}
