#include "remind/turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "remind/outbox.h"
#include "remind/post.h"
#include "remind/reader.h"
#include "store/store_person.h"
#include "store/store_reader.h"
#include "store/store_turn.h"

enum {
	TURN_LATE_S = 120,    /* a turn that ended longer ago is this process's delay, not the channel's */
	TURN_CHANCE_S = 300,  /* which then has so long to try again */
	TURN_BRAKED_S = 1800, /* how often it is looked whether a brake still holds */
};

/* A message whose turn is over. */
struct turn {
	const struct planner *planner;
	struct store *store;
	int64_t now_utc;
	struct store_turn row;
	struct person person;
	struct reader reader;
	struct order own;
};

/* One of the channels to which its reminders go. */
struct turn_way {
	const struct planner_channel *channel;
	int64_t message; /* that takes them; 0 = none yet */
	int64_t not_before_utc;
	const char *held;
};

/* ---- where to ----------------------------------------------------------------------------------------------------- */

const struct planner_channel *turn_find(const struct planner *planner, const struct order *order, size_t from,
					const struct person *person)
{
	for (size_t i = from; i < order->channels.n; i++) {
		const struct planner_channel *channel = planner_find_channel(planner, order->channels.items[i]);
		if (channel != NULL && person_address(person, channel->name) != NULL)
			return channel;
	}
	return NULL;
}

static const struct order *turn_order(const struct turn *turn, const char *policy_name)
{
	const struct policy *policy = policies_find(turn->planner->policies, policy_name);
	if (turn->own.is_first || turn->own.channels.n > 0)
		return &turn->own;
	return &(policy != NULL ? policy : policies_find(turn->planner->policies, "default"))->order;
}

/* A channel that a reload took out of the order was in front of all of it. */
static const struct planner_channel *turn_next(const struct turn *turn, const struct order *order)
{
	size_t at = order_find(order, turn->row.channel);
	if (!order->is_first)
		return NULL;
	return turn_find(turn->planner, order, at < order->channels.n ? at + 1 : 0, &turn->person);
}

/* ---- going there -------------------------------------------------------------------------------------------------- */

/* Like the message it follows, it waits for its reader's hours, and was due when that was. */
static void turn_set_out(const struct turn *turn, const struct planner_channel *channel, struct turn_way *way)
{
	int64_t from_utc = turn->row.due_utc > turn->now_utc ? turn->row.due_utc : turn->now_utc;
	*way = (struct turn_way){.channel = channel};
	way->not_before_utc = hours_open_utc(&turn->reader.time, from_utc, turn->row.is_urgent, &way->held);
}

/* Whether all its reminders are of that task; 0, a digest, has none. */
static bool turn_is_about(const struct store_turn *row, int64_t task)
{
	for (size_t i = 0; i < row->n_reminders; i++)
		if (row->reminders[i].reminder.task != task)
			return false;
	return task != 0;
}

static int turn_new_message(const struct turn *turn, int64_t task, struct turn_way *way, struct err *err)
{
	const struct store_turn *row = &turn->row;
	const char *channel = way->channel->name;
	bool is_held = way->not_before_utc > turn->now_utc;
	int64_t thread = 0;
	int status = 0;
	if (turn_is_about(row, task))
		status = store_thread_root(turn->store, task, row->person, channel, &thread, err);
	if (status == 0)
		status = store_message_add(turn->store, row->person, channel, row->kind, MESSAGE_PENDING, NULL,
					   is_held ? way->not_before_utc : row->due_utc, way->not_before_utc,
					   way->channel->domain, thread, &way->message, err);
	if (status == 0 && row->is_urgent)
		status = store_message_set_urgent(turn->store, way->message, err);
	return status;
}

/* What is held joins what waits for the same hour. */
static int turn_find_message(const struct turn *turn, const struct store_reminder *reminder, struct turn_way *way,
			     struct err *err)
{
	int status = 0;
	if (way->message != 0)
		return 0;
	if (way->not_before_utc > turn->now_utc && !turn->row.is_urgent && !post_is_alone(reminder->step))
		status = store_joinable(turn->store, turn->row.person, way->channel->name, way->not_before_utc, false,
					&way->message, err);
	if (status < 0)
		return status;
	if (way->message == 0)
		return turn_new_message(turn, reminder->task, way, err);
	return store_join(turn->store, way->message, reminder->task, strcmp(turn->row.kind, "catch_up") == 0, err);
}

static int turn_set_next(const struct turn *turn, const struct order *order, const struct turn_way *way,
			 struct err *err)
{
	int64_t until_utc = order_turn_utc(order, way->channel->name, way->not_before_utc);
	return until_utc != 0 ? store_turn_sooner(turn->store, way->message, until_utc, err) : 0;
}

static void turn_say(const struct turn_way *way, char reason[64 + PERSON_ID_MAX])
{
	(void)snprintf(reason, 64 + PERSON_ID_MAX, "sent by %s instead", way->channel->name);
}

/* Its key keeps a step from going to one channel twice. */
static int turn_move_reminder(const struct turn *turn, struct store_turn_reminder *item, struct turn_way *way,
			      struct err *err)
{
	const struct order *order = turn_order(turn, item->policy);
	struct store_reminder copy = item->reminder;
	char reason[64 + PERSON_ID_MAX];
	bool exists = false;
	if (way->held != NULL)
		copy.held = (char *)way->held;
	int status = store_reminder_exists(turn->store, &copy, turn->row.person, way->channel->name, &exists, err);
	if (status == 0 && !exists)
		status = turn_find_message(turn, &copy, way, err);
	if (status == 0 && !exists)
		status = store_reminder_add(turn->store, &copy, turn->row.person, way->channel->name, way->message,
					    NULL, err);
	if (status == 0 && !exists)
		status = turn_set_next(turn, order, way, err);
	turn_say(way, reason);
	if (status == 0 && turn->row.state != MESSAGE_DEAD)
		status = store_turn_drop(turn->store, &copy, turn->row.person, turn->row.channel, reason, err);
	return status;
}

static int turn_move_reminders(struct turn *turn, struct err *err)
{
	int status = 0;
	for (size_t c = 0; c < turn->planner->n_channels && status == 0; c++) {
		const struct planner_channel *channel = &turn->planner->channels[c];
		struct turn_way way;
		turn_set_out(turn, channel, &way);
		for (size_t i = 0; i < turn->row.n_reminders && status == 0; i++) {
			struct store_turn_reminder *item = &turn->row.reminders[i];
			const struct planner_channel *next = turn_next(turn, turn_order(turn, item->policy));
			if (next != NULL && next == channel)
				status = turn_move_reminder(turn, item, &way, err);
		}
		if (status == 0 && way.message != 0)
			log_info("message=%lld channel=%s is not sent there: it goes by %s as message=%lld",
				 (long long)turn->row.id, turn->row.channel, channel->name, (long long)way.message);
	}
	return status;
}

/* ---- what stays --------------------------------------------------------------------------------------------------- */

/* Written down as a step that reaches nobody: should an address come, it is planned anew. */
static int turn_drop_reminder(const struct turn *turn, const struct store_turn_reminder *item, const char *reason,
			      struct err *err)
{
	bool exists = false;
	const char *person = turn->row.person;
	int status = store_turn_drop(turn->store, &item->reminder, person, turn->row.channel, reason, err);
	if (status == 0)
		status = store_reminder_exists(turn->store, &item->reminder, person, "", &exists, err);
	if (status < 0 || exists)
		return status;
	log_warning("task=%lld person=%s step='%s': no other address to go to", (long long)item->reminder.task, person,
		    item->reminder.step);
	return store_reminder_add(turn->store, &item->reminder, person, "", 0, reason, err);
}

static bool turn_is_suspended(const struct turn *turn)
{
	for (size_t i = 0; i < turn->person.n_addresses; i++)
		if (strcmp(turn->person.addresses[i].channel, turn->row.channel) == 0)
			return turn->person.addresses[i].is_suspended;
	return false;
}

/* The earlier of two ends of a turn; 0 is none. */
static int64_t turn_sooner(int64_t a_utc, int64_t b_utc)
{
	return a_utc == 0 || (b_utc != 0 && b_utc < a_utc) ? b_utc : a_utc;
}

/* Without another channel to go to, it waits for its own as long as that has an address. */
static int turn_keep_reminders(const struct turn *turn, struct err *err)
{
	bool is_usable = person_address(&turn->person, turn->row.channel) != NULL;
	int64_t until_utc = 0;
	int status = 0;
	for (size_t i = 0; i < turn->row.n_reminders && status == 0; i++) {
		const struct store_turn_reminder *item = &turn->row.reminders[i];
		const struct order *order = turn_order(turn, item->policy);
		if (turn_next(turn, order) != NULL)
			continue;
		if (!is_usable)
			status = turn_drop_reminder(turn, item,
						    turn_is_suspended(turn) ? "address suspended" : "no address", err);
		else if (order->is_first)
			until_utc = turn_sooner(until_utc, order_turn_utc(order, turn->row.channel, turn->now_utc));
	}
	return status == 0 ? store_turn_set(turn->store, turn->row.id, until_utc != 0 ? until_utc : -1, err) : status;
}

/* ---- a digest ----------------------------------------------------------------------------------------------------- */

static int turn_digest(const struct turn *turn, struct err *err)
{
	const struct order *order = turn_order(turn, "default");
	const struct planner_channel *channel = turn_next(turn, order);
	bool is_open = turn->row.state != MESSAGE_DEAD, is_moved = false;
	char reason[64 + PERSON_ID_MAX];
	struct turn_way way;
	if (channel == NULL)
		return store_turn_set(turn->store, turn->row.id, -1, err);
	turn_set_out(turn, channel, &way);
	turn_say(&way, reason);
	int status = turn_new_message(turn, 0, &way, err);
	if (status == 0)
		status = turn_set_next(turn, order, &way, err);
	if (status == 0 && is_open)
		status = outbox_give_way(turn->store, turn->row.id, turn->row.state, reason, &is_moved, err);
	return status;
}

/* ---- a message ---------------------------------------------------------------------------------------------------- */

static int turn_message(struct turn *turn, struct err *err)
{
	if (strcmp(turn->row.kind, "digest") == 0)
		return turn_digest(turn, err);
	int status = turn_move_reminders(turn, err);
	return status == 0 && turn->row.state != MESSAGE_DEAD ? turn_keep_reminders(turn, err) : status;
}

/* 0: it turns now; else when it is looked at again. */
static int64_t turn_put_off_utc(const struct turn *turn)
{
	bool is_usable = person_address(&turn->person, turn->row.channel) != NULL;
	if (turn->row.state == MESSAGE_DEAD)
		return 0;
	if (turn->row.is_braked)
		return turn->now_utc + TURN_BRAKED_S;
	return is_usable && turn->now_utc - turn->row.until_utc > TURN_LATE_S ? turn->now_utc + TURN_CHANCE_S : 0;
}

static int turn_loaded(struct turn *turn, struct err *err)
{
	int64_t put_off_utc = turn_put_off_utc(turn);
	if (put_off_utc != 0)
		return store_turn_set(turn->store, turn->row.id, put_off_utc, err);
	static const struct order none;
	(void)order_of(&turn->person, &none, &turn->own);
	reader_init(&turn->reader, &turn->person, turn->planner->calendars, zone_find("UTC"));
	int status = turn_message(turn, err);
	order_done(&turn->own);
	return status;
}

static int turn_one(const struct planner *planner, struct store *store, int64_t id, int64_t now_utc, struct err *err)
{
	struct turn turn = {.planner = planner, .store = store, .now_utc = now_utc};
	int status = store_turn_load(store, id, &turn.row, err);
	if (status < 0 || turn.row.until_utc < 0) {
		store_turn_done(&turn.row);
		return status;
	}
	status = store_person_load(store, turn.row.person, &turn.person, err);
	if (status == 0)
		status = turn_loaded(&turn, err);
	else if (status == -ENOENT) /* deleted: nobody is left to be told */
		status = store_turn_set(store, id, -1, err);
	person_done(&turn.person);
	store_turn_done(&turn.row);
	return status;
}

int turn_due(const struct planner *planner, struct store *store, int64_t now_utc, size_t *ret_n, struct err *err)
{
	int64_t ids[TURN_BATCH];
	size_t n = 0;
	int status = store_turn_due(store, now_utc, ids, TURN_BATCH, &n, err);
	for (size_t i = 0; i < n && status == 0; i++)
		status = turn_one(planner, store, ids[i], now_utc, err);
	if (status == 0)
		*ret_n = n;
	return status;
}

int turn_dead(const struct planner *planner, struct store *store, int64_t message, int64_t now_utc, struct err *err)
{
	return turn_one(planner, store, message, now_utc, err);
}

/* ---- looking ahead ------------------------------------------------------------------------------------------------ */

static void turn_add_ahead(const struct turn *turn, const char *policy, struct strlist *channels)
{
	const struct planner_channel *next = turn_next(turn, turn_order(turn, policy));
	if (next != NULL && !strlist_has(channels, next->name))
		strlist_add(channels, next->name, strlen(next->name));
}

static int turn_look_ahead(struct turn *turn, int64_t task, struct turn_ahead *ahead, struct err *err)
{
	static const struct order none;
	const struct store_turn *row = &turn->row;
	int status = store_person_load(turn->store, row->person, &turn->person, err);
	if (status < 0)
		return status == -ENOENT ? 0 : status;
	(void)order_of(&turn->person, &none, &turn->own);
	if (strcmp(row->kind, "digest") == 0)
		turn_add_ahead(turn, "default", &ahead->channels);
	for (size_t i = 0; i < row->n_reminders; i++)
		if (task == 0 || row->reminders[i].reminder.task == task)
			turn_add_ahead(turn, row->reminders[i].policy, &ahead->channels);
	order_done(&turn->own);
	person_done(&turn->person);
	return 0;
}

int turn_look(const struct planner *planner, struct store *store, int64_t message, int64_t task,
	      struct turn_ahead *ret_ahead, struct err *err)
{
	struct turn turn = {.planner = planner, .store = store};
	int status = store_turn_load(store, message, &turn.row, err);
	if (status < 0)
		return status;
	struct turn_ahead ahead = {.at_utc = turn.row.until_utc, .is_braked = turn.row.is_braked};
	if (turn.row.until_utc >= 0)
		status = turn_look_ahead(&turn, task, &ahead, err);
	store_turn_done(&turn.row);
	if (status < 0)
		turn_ahead_done(&ahead);
	else
		*ret_ahead = ahead;
	return status;
}

void turn_ahead_done(struct turn_ahead *ahead)
{
	strlist_done(&ahead->channels);
	*ahead = (struct turn_ahead){0};
}
