#include "remind/post.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "remind/notice.h"
#include "store/store_absence.h"
#include "store/store_message.h"
#include "store/store_person.h"
#include "store/store_reader.h"
#include "store/store_turn.h"

enum { POST_DEPUTIES_MAX = 8 };

/* To whom the steps of one person go, and when. */
struct post_route {
	struct person deputy; /* owned; empty when nobody stands in */
	const struct person *reader;
	const char *deputy_for; /* id of the absent person */
	struct reader hours;
	int64_t not_before_utc;
	const char *held; /* why not at once */
	char *silenced;   /* owned; why not at all */
	const struct order *order;
	struct order own; /* owned; of the reader */
	char day[CIVIL_DATE_SIZE];
};

/* ---- whom and when ------------------------------------------------------------------------------------------------ */

static void post_set_reader(const struct post *post, const struct person *person, struct post_route *route)
{
	route->reader = person;
	reader_init(&route->hours, person, post->planner->calendars, post->event_zone);
	reader_day(&route->hours, post->now_utc, route->day);
}

/* A deputy who is away, too, has one of their own; where that leads back, the last one hears it. */
static int post_find_deputy(struct post *post, const struct person *person, struct post_route *route, struct err *err)
{
	post_set_reader(post, person, route);
	for (int i = 0; i < POST_DEPUTIES_MAX; i++) {
		char *id = NULL;
		struct person deputy;
		int status = store_deputy(post->store, route->reader->id, route->day, &id, err);
		if (status < 0 || id == NULL || strcmp(id, person->id) == 0) {
			free(id);
			return status;
		}
		status = store_person_load(post->store, id, &deputy, err);
		free(id);
		if (status < 0)
			return status;
		person_done(&route->deputy);
		route->deputy = deputy;
		route->deputy_for = person->id;
		post_set_reader(post, &route->deputy, route);
	}
	return 0;
}

static void post_hold(struct post_route *route, int64_t until_utc, const char *why)
{
	if (until_utc > route->not_before_utc) {
		route->not_before_utc = until_utc;
		route->held = why;
	}
}

/* The later of several holds counts; what it ends in must be inside the reader's hours, too. */
static void post_hold_for_hours(const struct post *post, struct post_route *route)
{
	const char *why = NULL;
	int64_t open = hours_open_utc(&route->hours.time, route->not_before_utc, post->task->is_urgent, &why);
	post_hold(route, open, route->held != NULL ? route->held : why);
}

/* Until when all of the steps are of use; what none of them is in time for any more holds nothing up. */
static int64_t post_latest(const struct post *post, const struct post_step *steps, size_t n)
{
	int64_t latest_utc = INT64_MAX;
	for (size_t i = 0; i < n; i++)
		if (steps[i].latest_utc >= post->now_utc && steps[i].latest_utc < latest_utc)
			latest_utc = steps[i].latest_utc;
	return latest_utc;
}

/* A message too many today is better than one that comes when its event is over. */
static int post_hold_for_ceiling(struct post *post, struct post_route *route, int64_t latest_utc, struct err *err)
{
	int64_t told = 0;
	if (route->reader->ceiling == 0 || post->task->is_urgent)
		return 0;
	int status = store_ceiling_load(post->store, route->reader->id, route->day, &told, err);
	int64_t morning_utc = hours_next_morning_utc(&route->hours.time, post->now_utc);
	if (status == 0 && told >= route->reader->ceiling &&
	    hours_open_utc(&route->hours.time, morning_utc, false, NULL) <= latest_utc)
		post_hold(route, morning_utc, "daily ceiling");
	return status;
}

static int post_find_route(struct post *post, const struct person *person, int64_t latest_utc, struct post_route *route,
			   struct err *err)
{
	int64_t snoozed = 0, meant_utc = post->not_before_utc > post->now_utc ? post->not_before_utc : post->now_utc;
	*route = (struct post_route){.not_before_utc = post->now_utc};
	int status = post_find_deputy(post, person, route, err);
	if (status == 0)
		status =
			store_silence(post->store, post->task->id, route->reader->id, meant_utc, &route->silenced, err);
	if (status == 0)
		status = store_snoozed_until(post->store, post->task->id, route->reader->id, post->now_utc, &snoozed,
					     err);
	if (status < 0)
		return status;
	post_hold(route, snoozed, "snoozed");
	post_hold(route, post->not_before_utc, "snoozed");
	status = post_hold_for_ceiling(post, route, latest_utc, err);
	post_hold_for_hours(post, route);
	return status;
}

/* ---- one channel -------------------------------------------------------------------------------------------------- */

static void post_reminder(const struct post *post, const struct post_route *route, const struct post_step *step,
			  struct store_reminder *ret_reminder)
{
	*ret_reminder = (struct store_reminder){
		.task = post->task->id,
		.due_utc = step->due_utc,
		.held = (char *)route->held,
		.deputy_for = (char *)route->deputy_for,
	};
	mem_copy_text(ret_reminder->occurrence, sizeof(ret_reminder->occurrence), post->occurrence);
	mem_copy_text(ret_reminder->step, sizeof(ret_reminder->step), step->text);
}

/* Since when it grows old: not before its own place. */
static int64_t post_old_since(const struct post *post, const struct post_step *step)
{
	int64_t own_utc = step->due_utc + step->forward_s;
	return own_utc < post->now_utc ? own_utc : post->now_utc;
}

static const char *post_stale_reason(const struct post *post, const struct post_step *step)
{
	if (post->now_utc - post_old_since(post, step) > post->planner->catch_up_max_age_s)
		return "missed for longer than catch_up_max_age";
	return step->is_past_use ? "the moment it was for has passed" : NULL;
}

/* What is held is due when the hold ends: waiting for its reader does not make it old. */
static int64_t post_message_due(const struct post *post, const struct post_route *route, const struct post_step *step)
{
	return route->not_before_utc > post->now_utc ? route->not_before_utc : post_old_since(post, step);
}

/* The message has its channel's span, and then it is the next one's turn. */
static int post_set_turn(struct post *post, const struct post_route *route, const char *channel, int64_t message,
			 struct err *err)
{
	int64_t turn_utc = order_turn_utc(route->order, channel, route->not_before_utc);
	return turn_utc != 0 ? store_turn_sooner(post->store, message, turn_utc, err) : 0;
}

static int post_new_message(struct post *post, const struct post_route *route, const struct planner_channel *channel,
			    const struct post_step *step, bool is_missed, int64_t *ret_message, struct err *err)
{
	const char *stale = post_stale_reason(post, step);
	int64_t thread = 0;
	int status = store_thread_root(post->store, post->task->id, route->reader->id, channel->name, &thread, err);
	if (status == 0)
		status = store_message_add(
			post->store, route->reader->id, channel->name, is_missed ? "catch_up" : "single",
			stale != NULL ? MESSAGE_STALE : MESSAGE_PENDING, stale, post_message_due(post, route, step),
			route->not_before_utc, channel->domain, thread, ret_message, err);
	if (status == 0 && post->task->is_urgent)
		status = store_message_set_urgent(post->store, *ret_message, err);
	if (status == 0 && stale == NULL && route->reader->ceiling > 0)
		status = store_ceiling_add(post->store, route->reader->id, route->day, err);
	if (status == 0 && stale == NULL)
		status = post_set_turn(post, route, channel->name, *ret_message, err);
	post->planned += status == 0;
	return status;
}

bool post_is_alone(const char *step)
{
	return strncmp(step, STORE_STEP_MOVED, strlen(STORE_STEP_MOVED)) == 0 ||
	       strncmp(step, STORE_STEP_CANCELLED, strlen(STORE_STEP_CANCELLED)) == 0;
}

static bool post_is_late(const struct post *post, const struct post_step *step)
{
	return post->now_utc - step->due_utc > POST_LATE_S;
}

/* Late because nobody looked; and not because the facts of then were others. */
static bool post_is_missed(const struct post *post, const struct post_step *step)
{
	return post_is_late(post, step) && step->due_utc > post->planner->looked_utc;
}

/* The message for a step: one that waits for the same hour, or a new one. */
static int post_message(struct post *post, const struct post_route *route, const struct planner_channel *channel,
			const struct post_step *step, int64_t *ret_message, struct err *err)
{
	bool is_missed = post_is_missed(post, step);
	bool is_held = route->not_before_utc > post->now_utc;
	int64_t waiting = 0;
	int status = 0;
	if (post->task->is_urgent || post_is_alone(step->text) || post_stale_reason(post, step) != NULL)
		return post_new_message(post, route, channel, step, is_missed, ret_message, err);
	if (is_held || post_is_late(post, step))
		status = store_joinable(post->store, route->reader->id, channel->name, route->not_before_utc,
					is_missed && !is_held, &waiting, err);
	if (status == 0 && waiting == 0 && !is_held)
		status = store_joinable_held(post->store, route->reader->id, channel->name, route->not_before_utc,
					     &waiting, err);
	if (status < 0)
		return status;
	if (waiting == 0)
		return post_new_message(post, route, channel, step, is_missed, ret_message, err);
	*ret_message = waiting;
	status = store_join(post->store, waiting, post->task->id, is_missed, err);
	return status == 0 ? post_set_turn(post, route, channel->name, waiting, err) : status;
}

/* The message that the steps of one pass share on a channel; 0 = none yet. */
struct post_shared {
	int64_t message, due_utc;
};

static int post_step(struct post *post, const struct post_route *route, const struct planner_channel *channel,
		     const struct post_step *step, struct post_shared *shared, struct err *err)
{
	struct store_reminder reminder;
	int status = 0;
	/* The digest of a deputy has their own tasks: what it would say of somebody else's is a message. */
	const bool is_in_digest = step->is_digest && route->deputy_for == NULL;
	const char *dropped = route->silenced != NULL ? route->silenced
			      : is_in_digest          ? "only in the digest"
			      : step->is_noticed      ? "the notice of the new date says it"
						      : NULL;
	post_reminder(post, route, step, &reminder);
	if (dropped == NULL && shared->message == 0) {
		status = post_message(post, route, channel, step, &shared->message, err);
		shared->due_utc = step->due_utc;
	} else if (dropped == NULL && step->due_utc != shared->due_utc) {
		dropped = "a later step replaced it";
	}
	if (status < 0)
		return status;
	return store_reminder_add(post->store, &reminder, route->reader->id, channel->name,
				  dropped == NULL ? shared->message : 0, dropped, err);
}

/* Latest first: the first new step makes or finds the message, those due at the same instant join it, older ones are
 * written down as replaced. */
static int post_channel(struct post *post, const struct post_route *route, const struct planner_channel *channel,
			const struct post_step *steps, size_t n, struct err *err)
{
	struct post_shared shared = {0};
	int status = 0;
	for (size_t i = n; i-- > 0 && status == 0;) {
		struct store_reminder reminder;
		bool exists = false;
		post_reminder(post, route, &steps[i], &reminder);
		status = store_reminder_exists(post->store, &reminder, route->reader->id, channel->name, &exists, err);
		if (status == 0 && !exists)
			status = post_step(post, route, channel, &steps[i], &shared, err);
	}
	return status;
}

/* ---- the first channel that works --------------------------------------------------------------------------------- */

/* What is on one of them, or was there for good, goes nowhere else, whichever comes first in the order by now. Otherwise
 * *ret_fate is that on the last one which has had it. */
static int post_find_fate(struct post *post, const struct post_route *route, const struct post_step *step,
			  enum store_fate *ret_fate, struct err *err)
{
	const struct strlist *names = &route->order->channels;
	struct store_reminder reminder;
	int status = 0;
	post_reminder(post, route, step, &reminder);
	*ret_fate = STORE_FATE_NONE;
	for (size_t i = 0; i < names->n && status == 0 && *ret_fate != STORE_FATE_HERE; i++) {
		enum store_fate fate = STORE_FATE_NONE;
		status = store_turn_fate(post->store, &reminder, route->reader->id, names->items[i], &fate, err);
		if (fate != STORE_FATE_NONE)
			*ret_fate = fate;
	}
	return status;
}

/* A channel of the order: the steps that are not placed yet go there, when it works and has not failed them before. */
static int post_try_channel(struct post *post, const struct post_route *route, const struct planner_channel *channel,
			    const struct post_step *steps, size_t n, enum store_fate *fates, struct err *err)
{
	struct post_shared shared = {0};
	int status = 0;
	for (size_t i = n; i-- > 0 && status == 0;) {
		struct store_reminder reminder;
		enum store_fate fate = STORE_FATE_NONE;
		if (fates[i] == STORE_FATE_HERE)
			continue;
		post_reminder(post, route, &steps[i], &reminder);
		status = store_turn_fate(post->store, &reminder, route->reader->id, channel->name, &fate, err);
		if (status < 0 || fate != STORE_FATE_NONE)
			continue;
		fates[i] = STORE_FATE_HERE;
		status = post_step(post, route, channel, &steps[i], &shared, err);
	}
	return status;
}

/* A channel of the route on which the reader has an address that is not in use; NULL when there is none. */
static const char *post_find_suspended(const struct post *post, const struct post_route *route)
{
	for (size_t i = 0; i < route->reader->n_addresses; i++) {
		const struct person_address *address = &route->reader->addresses[i];
		if (address->is_suspended && order_has(route->order, address->channel) &&
		    planner_find_channel(post->planner, address->channel) != NULL)
			return address->channel;
	}
	return NULL;
}

/* suspended: as post_find_suspended() gives it. Returned owned. */
static char *post_say_unreachable(const struct post *post, const struct post_route *route, const char *step,
				  const char *suspended)
{
	const struct task *task = post->task;
	char *head = mem_printf("Task %s (%s): the step '%s' did not reach %s (%s), ", task->uid, task->title, step,
				route->reader->name, route->reader->id);
	char *text = suspended == NULL
			     ? mem_printf("%swho has no address on any channel of policy %s. Import one, or look at "
					  "the names of the [channel ...] sections; deadlinectl status counts such "
					  "steps.",
					  head, post->policy->name)
			     : mem_printf("%swhose address on %s is suspended, with no other in use on any channel of "
					  "policy %s; deadlinectl status says why. Ask them to write to the bot again, "
					  "correct the address, or see deadlinectl release --help: such steps are then "
					  "sent if it is not too late.",
					  head, suspended, post->policy->name);
	free(head);
	return text;
}

/* One a day speaks for all: the log has each, and status counts them. */
static int post_tell_unreachable(struct post *post, const struct post_route *route, const char *step,
				 const char *suspended, struct err *err)
{
	char *text = post_say_unreachable(post, route, step, suspended);
	int status = notice_again(post->planner, post->store, NOTICE_DAILY, post->event_zone, "unreached", text,
				  post->now_utc, err);
	free(text);
	return status;
}

/* Nobody is left out silently. */
static int post_note_unreachable(struct post *post, const struct post_route *route, const struct post_step *steps,
				 size_t n, struct err *err)
{
	const char *suspended = post_find_suspended(post, route);
	const char *reason = suspended != NULL ? "address suspended" : "no address";
	int status = 0;
	for (size_t i = 0; i < n && status == 0; i++) {
		struct store_reminder reminder;
		bool exists = false;
		post_reminder(post, route, &steps[i], &reminder);
		status = store_reminder_exists(post->store, &reminder, route->reader->id, "", &exists, err);
		if (status < 0 || exists)
			continue;
		log_warning("task=%s person=%s step='%s': %s on any channel of policy %s", post->task->uid,
			    route->reader->id, reminder.step, suspended != NULL ? "no address in use" : "no address",
			    post->policy->name);
		status = store_reminder_add(post->store, &reminder, route->reader->id, "", 0, reason, err);
		if (status == 0)
			status = post_tell_unreachable(post, route, reminder.step, suspended, err);
	}
	return status;
}

static int post_first(struct post *post, const struct post_route *route, const struct post_step *steps, size_t n,
		      struct err *err)
{
	const struct strlist *names = &route->order->channels;
	enum store_fate fates[POLICY_STEPS_MAX] = {STORE_FATE_NONE};
	int status = 0;
	assert(n <= POLICY_STEPS_MAX);
	for (size_t i = 0; i < n && status == 0; i++)
		status = post_find_fate(post, route, &steps[i], &fates[i], err);
	for (size_t i = 0; i < names->n && status == 0; i++) {
		const struct planner_channel *channel = planner_find_channel(post->planner, names->items[i]);
		if (channel != NULL && person_address(route->reader, channel->name) != NULL)
			status = post_try_channel(post, route, channel, steps, n, fates, err);
	}
	for (size_t i = 0; i < n && status == 0; i++)
		if (fates[i] != STORE_FATE_HERE && fates[i] != STORE_FATE_DEAD)
			status = post_note_unreachable(post, route, &steps[i], 1, err);
	return status;
}

static int post_all(struct post *post, const struct post_route *route, const struct post_step *steps, size_t n,
		    struct err *err)
{
	bool is_reached = false;
	int status = 0;
	for (size_t i = 0; i < post->planner->n_channels && status == 0; i++) {
		const struct planner_channel *channel = &post->planner->channels[i];
		if (!order_has(route->order, channel->name) || person_address(route->reader, channel->name) == NULL)
			continue;
		is_reached = true;
		status = post_channel(post, route, channel, steps, n, err);
	}
	return status == 0 && !is_reached ? post_note_unreachable(post, route, steps, n, err) : status;
}

bool post_is_over(const struct post *post, const char *key)
{
	struct period period;
	return period_parse_key(key, &period) && period_end_utc(&period, post->event_zone) <= post->now_utc;
}

int post_steps(struct post *post, const struct person *person, const struct post_step *steps, size_t n, struct err *err)
{
	struct post_route route;
	int status = post_find_route(post, person, post_latest(post, steps, n), &route, err);
	if (status == 0) {
		route.order = order_of(route.reader, &post->policy->order, &route.own);
		status = (route.order->is_first ? post_first : post_all)(post, &route, steps, n, err);
	}
	order_done(&route.own);
	person_done(&route.deputy);
	free(route.silenced);
	return status;
}
