#include "remind/planner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "remind/cancellation.h"
#include "remind/moved.h"
#include "remind/notice.h"
#include "remind/occurrences.h"
#include "remind/post.h"
#include "remind/reach.h"
#include "remind/said.h"
#include "remind/schedule.h"
#include "store/store_message.h"
#include "store/store_person.h"
#include "store/store_reader.h"
#include "store/store_turn.h"

enum { PLANNER_CLOCK_BACK_MAX_S = 3 * 3600, PLANNER_LOOK_AGAIN_S = 366 * 86400 };

/* What is being planned: one task, then one occurrence of it. */
struct planner_case {
	struct post post;
	const struct occurrence *occurrence;
	struct person *people;
	size_t n_people;
	bool is_acknowledged;
	bool is_edited;         /* since it was last planned */
	struct strlist noticed; /* ids of those who hear of a new date in this pass */
	int64_t after_utc;
	int64_t planned_until; /* behind it everything is still to be planned */
	int64_t next_utc;      /* earliest next step found so far */
};

const struct planner_channel *planner_find_channel(const struct planner *planner, const char *name)
{
	for (size_t i = 0; i < planner->n_channels; i++)
		if (strcmp(planner->channels[i].name, name) == 0)
			return &planner->channels[i];
	return NULL;
}

/* ---- people ------------------------------------------------------------------------------------------------------- */

static unsigned planner_all_roles(const struct person *people, size_t n)
{
	unsigned all = 0;
	for (size_t i = 0; i < n; i++)
		all |= people[i].roles;
	return all;
}

int planner_people(struct store *store, int64_t task, struct person **ret_people, size_t *ret_n, struct err *err)
{
	int status = store_person_of_task(store, task, ret_people, ret_n, err);
	if (status < 0 || (planner_all_roles(*ret_people, *ret_n) & ROLE_BIT(ROLE_RESPONSIBLE)) != 0)
		return status;
	for (size_t i = 0; i < *ret_n; i++)
		if (((*ret_people)[i].roles & ROLE_BIT(ROLE_PARTICIPANT)) != 0)
			(*ret_people)[i].roles |= ROLE_BIT(ROLE_RESPONSIBLE);
	return 0;
}

static void planner_free_people(struct planner_case *at)
{
	for (size_t i = 0; i < at->n_people; i++)
		person_done(&at->people[i]);
	free(at->people);
	strlist_done(&at->noticed);
}

/* ---- steps -------------------------------------------------------------------------------------------------------- */

/* A reminder before an anchor that has gone by helps nobody. A window is good until it closes. */
static bool planner_is_past_use(const struct planner_case *at, const struct step *step)
{
	const struct period *period = &at->occurrence->period;
	if (step->is_after)
		return false;
	bool is_end = step->is_end || !period->has_start || period_is_window(period);
	int64_t anchor =
		is_end ? period_end_utc(period, at->post.event_zone) : period_start_utc(period, at->post.event_zone);
	return at->post.now_utc - anchor > 86400; /* on the day itself it still says what is going on */
}

/* Drops from the schedule what was asked for before, and reached somebody then. */
static int planner_skip_reached(struct planner_case *at, const struct person *person, struct schedule *steps,
				struct err *err)
{
	const size_t n = steps->n_due;
	int status = 0;
	steps->n_due = 0;
	for (size_t i = 0; i < n && status == 0; i++) {
		bool is_reached = false;
		if (steps->due[i].is_again)
			status = store_turn_is_here(at->post.store, at->post.task->id, at->post.occurrence,
						    steps->due[i].step->text, person->id, &is_reached, err);
		if (!is_reached)
			steps->due[steps->n_due++] = steps->due[i];
	}
	return status;
}

static int planner_plan_person(struct planner_case *at, const struct person *person, struct err *err)
{
	struct reader reader;
	struct schedule steps;
	struct post_step due[POLICY_STEPS_MAX];
	reader_init(&reader, person, at->post.planner->calendars, at->post.event_zone);
	const struct schedule_query query = {
		.policy = at->post.policy,
		.period = &at->occurrence->period,
		.event_zone = at->post.event_zone,
		.reader_zone = reader.time.zone,
		.calendar = reader.time.calendar,
		.hours = at->post.task->is_urgent ? NULL : &reader.time.hours,
		.roles = person->roles,
		.is_acknowledged = at->is_acknowledged,
		.after_utc = at->after_utc,
		.until_utc = at->post.now_utc,
	};
	schedule(&query, &steps);
	if (steps.next_utc < at->next_utc)
		at->next_utc = steps.next_utc;
	int status = planner_skip_reached(at, person, &steps, err);
	bool is_noticed = strlist_has(&at->noticed, person->id);
	for (size_t i = 0; i < steps.n_due; i++)
		due[i] = (struct post_step){
			.text = steps.due[i].step->text,
			.due_utc = steps.due[i].due_utc,
			.forward_s = steps.due[i].own_utc - steps.due[i].due_utc,
			.latest_utc = steps.due[i].latest_utc,
			.is_digest = steps.due[i].step->is_digest,
			.is_past_use = planner_is_past_use(at, steps.due[i].step),
			.is_noticed = is_noticed && at->post.now_utc - steps.due[i].due_utc > POST_LATE_S,
		};
	return status < 0 || steps.n_due == 0 ? status : post_steps(&at->post, person, due, steps.n_due, err);
}

/* One a month speaks for all tasks of the policy, as people import them by the hundred: the log has each. */
static int planner_tell_no_supervisor(struct planner_case *at, const char *step, struct err *err)
{
	const struct task *task = at->post.task;
	const char *policy = at->post.policy->name;
	log_warning("task=%s step='%s': policy %s speaks to a supervisor, and the task has none", task->uid, step,
		    policy);
	char *key = mem_printf("supervisor of policy %s", policy);
	char *text =
		mem_printf("Task %s (%s): the step '%s' of policy %s speaks to a supervisor, and the task has none. "
			   "Name one with supervisor:ID among its people. This is said once a month for all tasks "
			   "of the policy: the log names each.",
			   task->uid, task->title, step, policy);
	int status = notice_again(at->post.planner, at->post.store, NOTICE_MONTHLY, at->post.event_zone, key, text,
				  at->post.now_utc, err);
	free(text);
	free(key);
	return status;
}

/* A step that speaks to a supervisor, where nobody is one, reaches nobody: the operator hears of it instead. */
static int planner_note_no_supervisor(struct planner_case *at, struct err *err)
{
	struct schedule steps;
	const struct schedule_query query = {
		.policy = at->post.policy,
		.period = &at->occurrence->period,
		.event_zone = at->post.event_zone,
		.reader_zone = at->post.event_zone,
		.roles = ROLE_BIT(ROLE_SUPERVISOR),
		.is_acknowledged = at->is_acknowledged,
		.after_utc = at->after_utc,
		.until_utc = at->post.now_utc,
	};
	int status = 0;
	if (at->n_people == 0 || (planner_all_roles(at->people, at->n_people) & ROLE_BIT(ROLE_SUPERVISOR)) != 0)
		return 0;
	schedule(&query, &steps);
	if (steps.next_utc < at->next_utc)
		at->next_utc = steps.next_utc;
	for (size_t i = 0; i < steps.n_due && status == 0; i++)
		if (steps.due[i].step->roles == ROLE_BIT(ROLE_SUPERVISOR))
			status = planner_tell_no_supervisor(at, steps.due[i].step->text, err);
	return status;
}

static int planner_plan_steps(struct planner_case *at, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < at->n_people && status == 0; i++)
		status = planner_plan_person(at, &at->people[i], err);
	return status < 0 ? status : planner_note_no_supervisor(at, err);
}

/* What an edit dropped before it was sent, and a later one makes right again, is planned as if it had just been missed. */
static int planner_plan_occurrence(struct planner_case *at, const struct occurrence *occurrence, struct err *err)
{
	int64_t after_utc = at->after_utc, revived_utc = STORE_NEVER;
	at->occurrence = occurrence;
	at->post.occurrence = occurrence->key;
	int status =
		store_is_acknowledged(at->post.store, at->post.task->id, occurrence->key, &at->is_acknowledged, err);
	if (status == 0 && at->is_edited)
		status = store_reminder_revive(at->post.store, at->post.task->id, occurrence->key, &revived_utc, err);
	if (revived_utc - 1 < at->after_utc)
		at->after_utc = revived_utc - 1;
	if (status == 0)
		status = planner_plan_steps(at, err);
	at->after_utc = after_utc;
	if (revived_utc != STORE_NEVER) /* by a clock that was set back some of it is still to come */
		at->planned_until = at->post.now_utc;
	return status;
}

/* ---- a task ------------------------------------------------------------------------------------------------------- */

/* The first task of an unknown policy speaks for all of them. */
static int planner_tell_policy(const struct post *post, struct err *err)
{
	const struct task *task = post->task;
	char *key = mem_printf("policy %s", task->policy);
	char *text =
		mem_printf("Task %s (%s) has the policy '%s', as others may have, and there is no [policy %s] in the "
			   "configuration: the default policy is used. Add the section, or name another one with "
			   "deadlinectl edit %s --policy NAME.",
			   task->uid, task->title, task->policy, task->policy, task->uid);
	int status = notice_again(post->planner, post->store, NOTICE_MONTHLY, post->event_zone, key, text,
				  post->now_utc, err);
	free(text);
	free(key);
	return status;
}

static int planner_find_policy(struct post *post, struct err *err)
{
	const struct policies *policies = post->planner->policies;
	const struct task *task = post->task;
	post->policy = policies_find(policies, task->policy);
	if (post->policy != NULL)
		return 0;
	post->policy = policies_find(policies, "default");
	log_warning("task=%s: there is no [policy %s], the default policy is used", task->uid, task->policy);
	return planner_tell_policy(post, err);
}

/* Whether its plan was made before its time. */
static bool planner_is_ahead(const struct store_due *due, int64_t now_utc)
{
	int64_t ahead_s = due->planned_until - now_utc;
	return due->planned_from >= 0 && ahead_s > 0 && ahead_s <= PLANNER_AHEAD_S;
}

/* Whether the facts of before have given all they had by the time the daemon last looked. Of a task that is seen for the
 * first time, or was opened again, they have not. */
static bool planner_has_looked(const struct planner *planner, const struct store_due *due, int64_t after_utc)
{
	return due->is_edited && due->planned_from >= 0 && after_utc < planner->looked_utc;
}

/* From where steps count as new. An edit of what was planned ahead begins where that plan did, but none goes back behind
 * the last look. Otherwise a clock that was set back a little is waited for; one that had been far ahead, so that
 * planned_until lies in a future that never was, is followed. The unique key keeps repeats out. */
static int64_t planner_after(const struct planner *planner, const struct store_due *due, int64_t now_utc)
{
	int64_t ahead_s = due->planned_until - now_utc;
	if (due->planned_until < 0)
		return now_utc;
	if (ahead_s > PLANNER_CLOCK_BACK_MAX_S) {
		log_debug("task=%lld was planned %lld s ahead of the clock: the clock had been wrong",
			  (long long)due->task, (long long)ahead_s);
		return now_utc;
	}
	int64_t after_utc = due->is_edited && planner_is_ahead(due, now_utc) ? due->planned_from : due->planned_until;
	if (!planner_has_looked(planner, due, after_utc))
		return after_utc;
	return planner->looked_utc < now_utc ? planner->looked_utc : now_utc;
}

/* One a day speaks for all, as SQL can write them by the hundred: the log has each, and status counts them. */
static int planner_tell_aside(const struct planner *planner, struct store *store, const char *problem, int64_t now_utc,
			      struct err *err)
{
	char *text =
		mem_printf("A task cannot be planned, so nobody is reminded of it: %s. Correct it with deadlinectl "
			   "edit or, where that cannot read it, with SQL. This is said once a day for all such "
			   "tasks: deadlinectl status counts them.",
			   problem);
	int status = notice_again(planner, store, NOTICE_DAILY, zone_find("UTC"), "unplanned", text, now_utc, err);
	free(text);
	return status;
}

static int planner_put_aside(const struct planner *planner, struct store *store, int64_t task, const char *problem,
			     int64_t now_utc, struct err *err)
{
	log_error("task=%lld is left out of the plan until it is corrected: %s", (long long)task, problem);
	int status = store_task_note_problem(store, task, problem, now_utc, err);
	if (status == 0)
		status = planner_tell_aside(planner, store, problem, now_utc, err);
	return status < 0 ? status : store_task_planned(store, task, now_utc, now_utc, STORE_NEVER, err);
}

static int planner_list_occurrences(const struct planner_case *at, struct occurrence **ret_items, size_t *ret_n,
				    struct err *err)
{
	const struct task *task = at->post.task;
	const struct reach_query query = {
		.task = task,
		.policy = at->post.policy,
		.people = at->people,
		.n_people = at->n_people,
		.calendars = at->post.planner->calendars,
		.event_zone = at->post.event_zone,
		.after_utc = at->after_utc,
		.until_utc = at->post.now_utc,
	};
	struct civil from, to;
	reach_days(&query, &from, &to);
	return occurrences_around(at->post.store, task, &from, &to, ret_items, ret_n, err);
}

static bool planner_is_cancelled(const struct task *task)
{
	return strcmp(task->status, "cancelled") == 0;
}

/* How much earlier its date is now, with days to spare for steps that count working days; 0 when it is not. */
static int64_t planner_earlier_s(const struct planner_case *at, const struct store_unsaid *unsaid)
{
	enum { SPARE_S = 7 * 86400 };
	const struct zone *zone = at->post.event_zone;
	struct period was, is = at->post.task->period;
	if (!period_parse_key(unsaid->key, &was) ||
	    (task_repeats(at->post.task) && !period_parse_key(unsaid->moved_key, &is)))
		return 0;
	int64_t by_start = period_start_utc(&was, zone) - period_start_utc(&is, zone);
	int64_t by_end = period_end_utc(&was, zone) - period_end_utc(&is, zone);
	int64_t earlier_s = by_start > by_end ? by_start : by_end;
	return earlier_s > 0 ? earlier_s + SPARE_S : 0;
}

/* Whose reminder the edit has dropped before it was sent, as it waited for their hours, its channel or its instant, hears of
 * the date that took its place: its steps of that time count as new; of an earlier date, those which have gone by. */
static int planner_follow_unsaid(struct planner_case *at, struct err *err)
{
	const struct post *post = &at->post;
	struct store_unsaid unsaid;
	int status =
		store_reminder_unsaid(post->store, post->task->id, post->now_utc - post->planner->catch_up_max_age_s,
				      post->now_utc + PLANNER_AHEAD_S, &unsaid, err);
	if (status < 0 || unsaid.due_utc == STORE_NEVER)
		return status;
	int64_t from_utc = unsaid.due_utc - planner_earlier_s(at, &unsaid) - 1;
	if (from_utc < at->after_utc) {
		at->after_utc = from_utc;
		at->planned_until = post->now_utc;
	}
	return 0;
}

static int planner_plan_dates(struct planner_case *at, struct err *err)
{
	struct occurrence *occurrences = NULL;
	size_t n = 0;
	int status = at->is_edited ? planner_follow_unsaid(at, err) : 0;
	if (status == 0)
		status = planner_list_occurrences(at, &occurrences, &n, err);
	for (size_t i = 0; i < n && status == 0; i++)
		status = planner_plan_occurrence(at, &occurrences[i], err);
	free(occurrences);
	return status;
}

/* Whoever knows a date hears of the new one, or that it is off. */
static int planner_tell_edited(struct planner_case *at, struct err *err)
{
	int status = said_follow_rule(at->post.store, at->post.task, at->post.now_utc, err);
	if (status == 0 && !planner_is_cancelled(at->post.task))
		status = moved_tell(&at->post, at->people, at->n_people, &at->noticed, err);
	return status < 0 ? status : cancellation_tell(&at->post, at->people, at->n_people, err);
}

static int planner_plan_task(struct planner_case *at, struct err *err)
{
	int status = planner_people(at->post.store, at->post.task->id, &at->people, &at->n_people, err);
	if (status == 0 && at->is_edited)
		status = planner_tell_edited(at, err);
	if (status == 0 && at->is_edited && at->post.task->is_urgent)
		status = store_message_hasten(at->post.store, at->post.task->id, at->post.now_utc, err);
	if (status == 0 && !planner_is_cancelled(at->post.task))
		status = planner_plan_dates(at, err);
	planner_free_people(at);
	return status;
}

/* What an edit has dropped of the plan is not lost when the new plan cannot be made. A task that is new has lost nothing. */
static int planner_plan_edited(struct planner_case *at, struct err *err)
{
	int status = store_savepoint(at->post.store, err);
	return status == 0 ? store_savepoint_end(at->post.store, planner_plan_task(at, err), err) : status;
}

/* A repeating task may begin, or go on, beyond what was searched. What would give it people is an edit. */
static bool planner_may_go_on(const struct planner_case *at)
{
	const struct civil today = zone_to_civil(at->post.event_zone, at->post.now_utc);
	return task_repeats(at->post.task) && at->n_people > 0 && occurrences_go_on(at->post.task, &today);
}

/* A row that only SQL could write must not stop the others: it is put aside, with a line for the operator. */
static int planner_plan_loaded(const struct planner *planner, struct store *store, const struct task *task,
			       const struct store_due *due, int64_t now_utc, size_t *ret_planned, struct err *err)
{
	const int64_t at_utc = due->due_utc > now_utc ? due->due_utc : now_utc;
	struct err problem = {0};
	struct planner_case at = {
		.post = {.planner = planner,
			 .store = store,
			 .task = task,
			 .now_utc = at_utc,
			 .event_zone = zone_find(task->zone)},
		.is_edited = due->is_edited,
		.after_utc = planner_after(planner, due, at_utc),
		.next_utc = STORE_NEVER,
	};
	at.planned_until = at.after_utc > at_utc ? at.after_utc : at_utc;
	if (at.post.event_zone == NULL) {
		(void)err_set(&problem, 0, "task %s is in the unknown zone '%s'", task->uid, task->zone);
		return planner_put_aside(planner, store, task->id, problem.text, now_utc, err);
	}
	int status = planner_find_policy(&at.post, &problem);
	if (status == 0)
		status = due->is_edited && due->planned_until >= 0 ? planner_plan_edited(&at, &problem)
								   : planner_plan_task(&at, &problem);
	if (status == -EEXIST || status == -EINVAL || status == -ENOENT)
		return planner_put_aside(planner, store, task->id, problem.text, now_utc, err);
	if (status < 0)
		return err_set(err, status, "%s", problem.text);
	*ret_planned = at.post.planned;
	if (planner_is_cancelled(task))
		return store_task_rest(store, task->id, err);
	if (at.next_utc == STORE_NEVER && planner_may_go_on(&at))
		at.next_utc = at_utc + PLANNER_LOOK_AGAIN_S;
	return store_task_planned(store, task->id, planner_is_ahead(due, now_utc) ? due->planned_from : at.after_utc,
				  at.planned_until, at.next_utc, err);
}

int planner_plan(const struct planner *planner, struct store *store, const struct store_due *due, int64_t now_utc,
		 size_t *ret_planned, struct err *err)
{
	struct task task;
	struct err problem = {0};
	*ret_planned = 0;
	int status = store_task_load(store, due->task, &task, &problem);
	if (status == -EUCLEAN)
		return planner_put_aside(planner, store, due->task, problem.text, now_utc, err);
	if (status < 0)
		return err_set(err, status, "%s", problem.text);
	status = planner_plan_loaded(planner, store, &task, due, now_utc, ret_planned, err);
	task_done(&task);
	return status;
}

int planner_follow_clock(struct store *store, int64_t now_utc, int64_t *ret_n, struct err *err)
{
	return store_task_replan_ahead(store, now_utc + PLANNER_CLOCK_BACK_MAX_S, now_utc, ret_n, err);
}

/* ---- snooze ------------------------------------------------------------------------------------------------------- */

int planner_snooze(const struct planner *planner, struct store *store, const struct task *task, const char *key,
		   const struct person *person, int64_t until_utc, int64_t now_utc, struct err *err)
{
	char text[STORE_STEP_SIZE], until[32];
	struct post post = {
		.planner = planner,
		.store = store,
		.task = task,
		.occurrence = key,
		.event_zone = zone_find(task->zone),
		.now_utc = now_utc,
		.not_before_utc = until_utc,
	};
	if (post.event_zone == NULL)
		return err_set(err, -ENOENT, "task %s is in the unknown zone '%s'", task->uid, task->zone);
	clock_format_utc(until_utc, until);
	(void)snprintf(text, sizeof(text), "snoozed until %s", until);
	const struct post_step step = {.text = text, .due_utc = until_utc};
	int status = planner_find_policy(&post, err);
	return status == 0 ? post_steps(&post, person, &step, 1, err) : status;
}
