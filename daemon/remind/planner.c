#include "remind/planner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "plan/person.h"
#include "remind/schedule.h"
#include "store/store_message.h"
#include "store/store_person.h"

enum { PLANNER_CLOCK_BACK_MAX_S = 3 * 3600 };

/* What is being planned: one task for one person. */
struct planner_case {
	const struct planner *planner;
	struct store *store;
	const struct task *task;
	const struct person *person;
	const struct policy *policy;
	const struct schedule *schedule;
	char occurrence[PERIOD_KEY_SIZE];
	int64_t now_utc;
	size_t planned;
};

static void planner_reminder(const struct planner_case *at, const struct schedule_due *due,
			     struct store_reminder *ret_reminder)
{
	*ret_reminder = (struct store_reminder){.task = at->task->id, .due_utc = due->due_utc};
	(void)snprintf(ret_reminder->occurrence, sizeof(ret_reminder->occurrence), "%s", at->occurrence);
	(void)snprintf(ret_reminder->step, sizeof(ret_reminder->step), "%s", due->step->text);
}

/* Adds the message for the latest of the due steps that were not planned before. */
static int planner_add_message(struct planner_case *at, const struct planner_channel *channel, int64_t due_utc,
			       int64_t *ret_message, struct err *err)
{
	bool is_stale = at->now_utc - due_utc > at->planner->catch_up_max_age_s;
	int64_t thread = 0;
	int status = store_thread_root(at->store, at->task->id, at->person->id, channel->name, &thread, err);
	if (status == 0)
		status = store_message_add(at->store, at->person->id, channel->name, "single",
					   is_stale ? MESSAGE_STALE : MESSAGE_PENDING,
					   is_stale ? "missed for longer than catch_up_max_age" : NULL, due_utc, at->now_utc,
					   channel->domain, thread, ret_message, err);
	at->planned += status == 0;
	return status;
}

/* Latest first: the first new step makes the message, those due at the same instant join it, older ones are dropped. */
static int planner_plan_channel(struct planner_case *at, const struct planner_channel *channel, struct err *err)
{
	int64_t message = 0, message_due = 0;
	int status = 0;
	for (size_t i = at->schedule->n_due; i-- > 0 && status == 0;) {
		const struct schedule_due *due = &at->schedule->due[i];
		struct store_reminder reminder;
		bool exists = false;
		planner_reminder(at, due, &reminder);
		status = store_reminder_exists(at->store, &reminder, at->person->id, channel->name, &exists, err);
		if (status < 0 || exists)
			continue;
		if (message == 0) {
			status = planner_add_message(at, channel, due->due_utc, &message, err);
			message_due = due->due_utc;
		}
		bool joins = due->due_utc == message_due;
		if (status == 0)
			status = store_reminder_add(at->store, &reminder, at->person->id, channel->name,
						    joins ? message : 0, joins ? NULL : "a later step replaced it", err);
	}
	return status;
}

/* Nobody is left out silently: a person without an address gets a line in the ledger of reminders, and the log one. */
static int planner_note_unreachable(struct planner_case *at, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < at->schedule->n_due && status == 0; i++) {
		struct store_reminder reminder;
		bool exists = false;
		planner_reminder(at, &at->schedule->due[i], &reminder);
		status = store_reminder_exists(at->store, &reminder, at->person->id, "", &exists, err);
		if (status < 0 || exists)
			continue;
		log_warning("task=%s person=%s step='%s': no address on any channel of policy %s", at->task->uid,
			    at->person->id, reminder.step, at->policy->name);
		status = store_reminder_add(at->store, &reminder, at->person->id, "", 0, "no address", err);
	}
	return status;
}

static int planner_plan_person(struct planner_case *at, struct err *err)
{
	const struct planner *planner = at->planner;
	bool is_reached = false;
	int status = 0;
	for (size_t i = 0; i < planner->n_channels && status == 0; i++) {
		const struct planner_channel *channel = &planner->channels[i];
		bool is_listed = at->policy->channels.n == 0 || strlist_has(&at->policy->channels, channel->name);
		if (!is_listed || person_address(at->person, channel->name) == NULL)
			continue;
		is_reached = true;
		status = planner_plan_channel(at, channel, err);
	}
	if (status == 0 && !is_reached)
		status = planner_note_unreachable(at, err);
	return status;
}

static const struct policy *planner_policy(const struct planner *planner, const struct task *task)
{
	const struct policy *policy = policies_find(planner->policies, task->policy);
	if (policy != NULL)
		return policy;
	log_warning("task=%s: there is no [policy %s], the default policy is used", task->uid, task->policy);
	return policies_find(planner->policies, "default");
}

/* Plans for everybody; *ret_next_utc: the next step of any of them. */
static int planner_plan_people(struct planner_case *at, const struct zone *event_zone, int64_t after_utc,
			       int64_t *ret_next_utc, struct err *err)
{
	struct person *people = NULL;
	size_t n = 0;
	int64_t next = STORE_NEVER;
	int status = store_person_of_task(at->store, at->task->id, &people, &n, err);
	for (size_t i = 0; i < n && status == 0; i++) {
		const struct zone *zone = zone_find(people[i].zone);
		struct schedule steps;
		if (zone == NULL) {
			log_error("person=%s: unknown zone '%s', the event's zone is used", people[i].id, people[i].zone);
			zone = event_zone;
		}
		schedule(at->policy, &at->task->period, event_zone, zone, after_utc, at->now_utc, &steps);
		if (steps.next_utc < next)
			next = steps.next_utc;
		at->person = &people[i];
		at->schedule = &steps;
		if (steps.n_due != 0)
			status = planner_plan_person(at, err);
	}
	for (size_t i = 0; i < n; i++)
		person_done(&people[i]);
	free(people);
	if (status == 0)
		*ret_next_utc = next;
	return status;
}

/* From where steps count as new. A clock that was set back a little is waited for; one that had been far ahead, so that
 * planned_until lies in a future that never was, is followed, and the unique key keeps repeats out. */
static int64_t planner_after(const struct store_due *due, int64_t now_utc)
{
	if (due->planned_until < 0)
		return now_utc;
	if (due->planned_until - now_utc > PLANNER_CLOCK_BACK_MAX_S) {
		log_error("task=%lld was planned %lld s ahead of the clock: the clock had been wrong", (long long)due->task,
			  (long long)(due->planned_until - now_utc));
		return now_utc;
	}
	return due->planned_until;
}

static int planner_put_aside(struct store *store, int64_t task, const char *problem, int64_t now_utc, struct err *err)
{
	log_error("task=%lld is left out of the plan until it is corrected: %s", (long long)task, problem);
	int status = store_task_note_problem(store, task, problem, now_utc, err);
	return status < 0 ? status : store_task_planned(store, task, now_utc, STORE_NEVER, err);
}

int planner_plan(const struct planner *planner, struct store *store, const struct store_due *due, int64_t now_utc,
		 size_t *ret_planned, struct err *err)
{
	struct task task;
	struct err problem = {0};
	int status = store_task_load(store, due->task, &task, &problem);
	if (status == -EUCLEAN)
		return planner_put_aside(store, due->task, problem.text, now_utc, err);
	if (status < 0)
		return err_set(err, status, "%s", problem.text);

	const struct zone *zone = zone_find(task.zone);
	int64_t after = planner_after(due, now_utc), next = STORE_NEVER;
	struct planner_case at = {.planner = planner, .store = store, .task = &task, .now_utc = now_utc};
	if (zone == NULL) {
		(void)err_set(&problem, 0, "task %s is in the unknown zone '%s'", task.uid, task.zone);
		status = planner_put_aside(store, task.id, problem.text, now_utc, err);
	} else {
		at.policy = planner_policy(planner, &task);
		period_key(&task.period, at.occurrence);
		status = planner_plan_people(&at, zone, after, &next, &problem);
		if (status == 0)
			status = store_task_planned(store, task.id, after > now_utc ? after : now_utc, next, err);
		else if (status == -EEXIST) /* a row that only SQL could write, as an id with a 0 byte in it */
			status = planner_put_aside(store, task.id, problem.text, now_utc, err);
		else
			(void)err_set(err, status, "%s", problem.text);
	}
	task_done(&task);
	if (status == 0)
		*ret_planned = at.planned;
	return status;
}
