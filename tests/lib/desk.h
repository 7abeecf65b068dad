/* desk: an app with fake channels and a clock that the test holds, on a real database in a folder of its own.
 *
 * The fake channels write down every message that is handed to them and whether its claim was committed by then; they
 * answer when the test says so, or at once; when the test wants it, they hear what it says. A crash frees the app without settling anything and starts a new one. */
#ifndef DEADLINED_TESTS_DESK_H
#define DEADLINED_TESTS_DESK_H

#include "channel/listen.h"
#include "office.h"
#include "service/app.h"

enum { DESK_SENDINGS_MAX = 4096, DESK_FLYING_MAX = 512 };

struct desk_sending {
	int64_t id;
	char channel[16], to_address[64], message_id[STORE_MESSAGE_ID_SIZE], key[80];
	bool is_recorded; /* its claim was in the database, for others to see, and on the disk */
	enum channel_act act;
	char remote_id[16], thread[16], answer_id[16], subject[200], text[600], buttons[300]; /* "label=data|..." */
};

struct desk {
	struct office office;
	struct app *app;
	struct instant now;
	int n_wakes;

	struct desk_sending sendings[DESK_SENDINGS_MAX];
	size_t n_sendings;
	struct {
		struct channel *channel;
		int64_t id;
		enum channel_act act;
	} flying[DESK_FLYING_MAX];
	size_t n_flying;
	unsigned room;       /* messages in flight that a channel allows */
	bool has_left;       /* what is in flight may have been accepted */
	unsigned n_channels; /* made and not freed */
	bool answers_at_once;
	bool recalls;     /* what is in flight has not begun, and can be taken back */
	bool has_threads; /* of a channel "telegram" made from now on: what it calls them is "t" and the first message */
	bool is_two_way;  /* a channel "telegram" made from now on has buttons, can edit and listens */
	struct {
		channel_updates_cb cb; /* NULL: nobody listens */
		void *arg;
		char next[16];
		unsigned n;
	} listening; /* of the channel that asked last */
};

static struct desk desk;

/* ---- the fake channel --------------------------------------------------------------------------------------------- */

struct desk_channel {
	struct channel channel;
	bool is_stopped;
};

/* Takes what is in flight at that place and answers it. */
static inline void desk_finish(size_t at, const struct channel_result *result)
{
	struct channel *channel = desk.flying[at].channel;
	int64_t id = desk.flying[at].id;
	struct channel_result copy = *result;
	copy.act = desk.flying[at].act;
	if (channel->can_edit && copy.act == CHANNEL_SEND)
		(void)snprintf(copy.remote_id, sizeof(copy.remote_id), "r%lld", (long long)id);
	if (channel->has_threads && copy.act == CHANNEL_SEND && copy.verdict == CHANNEL_ACCEPTED)
		(void)snprintf(copy.thread_remote_id, sizeof(copy.thread_remote_id), "t%lld", (long long)id);
	desk.flying[at] = desk.flying[--desk.n_flying];
	channel_finish(channel, id, &copy);
}

static inline struct channel_result desk_result(enum channel_verdict verdict, enum channel_blame blame)
{
	struct channel_result result;
	channel_result_set(&result, verdict, blame, 0, "said the fake");
	return result;
}

static inline void desk_send(struct channel *channel, const struct channel_message *message)
{
	assert_true(desk.n_sendings < DESK_SENDINGS_MAX && desk.n_flying < DESK_FLYING_MAX);
	assert_true(channel->in_flight <= desk.room); /* this one is counted */
	struct desk_sending *sending = &desk.sendings[desk.n_sendings++];
	*sending = (struct desk_sending){.id = message->id};
	(void)snprintf(sending->channel, sizeof(sending->channel), "%s", channel->name);
	(void)snprintf(sending->to_address, sizeof(sending->to_address), "%s", message->to_address);
	(void)snprintf(sending->message_id, sizeof(sending->message_id), "%s", message->message_id);
	(void)snprintf(sending->key, sizeof(sending->key), "%s", message->key);
	sending->act = message->act;
	(void)snprintf(sending->subject, sizeof(sending->subject), "%s", message->subject);
	(void)snprintf(sending->text, sizeof(sending->text), "%s", message->text);
	(void)snprintf(sending->remote_id, sizeof(sending->remote_id), "%s",
		       message->remote_id != NULL ? message->remote_id : "");
	(void)snprintf(sending->thread, sizeof(sending->thread), "%s",
		       message->thread_remote_id != NULL ? message->thread_remote_id : "");
	(void)snprintf(sending->answer_id, sizeof(sending->answer_id), "%s",
		       message->answer_id != NULL ? message->answer_id : "");
	for (size_t i = 0, at = 0; i < message->n_buttons; i++)
		at += (size_t)snprintf(sending->buttons + at, sizeof(sending->buttons) - at, "%s=%s|",
				       message->buttons[i].label, message->buttons[i].data);
	sending->is_recorded = store_is_durable(desk.office.store) &&
			       office_number(&desk.office,
					     "SELECT count(*) FROM message m JOIN attempt a ON a.message = m.id"
					     " WHERE m.id = %lld AND m.state = 'sending' AND a.outcome IS NULL",
					     (long long)message->id) == 1;
	desk.flying[desk.n_flying].act = message->act;
	desk.flying[desk.n_flying].channel = channel;
	desk.flying[desk.n_flying++].id = message->id;
	if (desk.answers_at_once) {
		struct channel_result result = desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
		desk_finish(desk.n_flying - 1, &result);
	}
}

static inline bool desk_check_address(const struct channel *channel, const char *address, struct err *err)
{
	(void)channel;
	return strncmp(address, "bad", 3) != 0 || err_set(err, 0, "a bad address") != 0;
}

static inline unsigned desk_room(const struct channel *channel)
{
	bool is_stopped = ((const struct desk_channel *)channel)->is_stopped;
	return is_stopped || channel->in_flight >= desk.room ? 0 : desk.room - channel->in_flight;
}

static inline bool desk_may_have(const struct channel *channel, int64_t message_id)
{
	for (size_t i = 0; i < desk.n_flying; i++)
		if (desk.flying[i].channel == channel && desk.flying[i].id == message_id)
			return desk.has_left;
	return false;
}

static inline void desk_listen(struct channel *channel, const char *next, channel_updates_cb cb, void *arg)
{
	(void)channel;
	assert_null(desk.listening.cb);
	desk.listening.cb = cb;
	desk.listening.arg = arg;
	desk.listening.n++;
	(void)snprintf(desk.listening.next, sizeof(desk.listening.next), "%s", next != NULL ? next : "");
}

/* One update, as from the service; what is NULL is not there. */
static inline void desk_hear(enum channel_update_kind kind, const char *sender, const char *chat, const char *text,
			     const char *answer_id, const char *next)
{
	struct channel_updates updates = {.items = mem_zero(1, sizeof(struct channel_update)), .n = 1};
	channel_updates_cb cb = desk.listening.cb;
	updates.items[0] = (struct channel_update){.kind = kind,
						   .sender = mem_dup(sender),
						   .chat = mem_dup(chat),
						   .text = mem_dup(text),
						   .answer_id = answer_id != NULL ? mem_dup(answer_id) : NULL};
	updates.next = next != NULL ? mem_dup(next) : NULL;
	assert_non_null(cb);
	desk.listening.cb = NULL;
	cb(desk.listening.arg, &updates, NULL);
}

static inline void desk_recall(struct channel *channel, channel_recall_cb is_over, void *arg)
{
	const struct channel_result result = desk_result(CHANNEL_THROTTLED, CHANNEL_BLAME_MESSAGE);
	for (size_t i = desk.n_flying; i-- > 0 && desk.recalls;)
		if (desk.flying[i].channel == channel && is_over(arg, desk.flying[i].id))
			desk_finish(i, &result);
}

static inline void desk_stop_channel(struct channel *channel)
{
	((struct desk_channel *)channel)->is_stopped = true;
	if (channel->listens)
		desk.listening.cb = NULL;
}

static inline void desk_free_channel(struct channel *channel)
{
	for (size_t i = desk.n_flying; i-- > 0;)
		if (desk.flying[i].channel == channel)
			desk.flying[i] = desk.flying[--desk.n_flying];
	desk.n_channels--;
	free(channel);
}

static const struct channel_ops desk_ops = {
	.type = "fake",
	.check_address = desk_check_address,
	.send = desk_send,
	.room = desk_room,
	.may_have = desk_may_have,
	.recall = desk_recall,
	.listen = desk_listen,
	.stop = desk_stop_channel,
	.free = desk_free_channel,
};

/* ---- the app ------------------------------------------------------------------------------------------------------ */

/* What a configuration of this text and the usual folders makes, its channels replaced by fake ones. */
static inline struct setup *desk_setup(const char *text)
{
	struct problems problems = {0};
	char folder[256];
	assert_non_null(getcwd(folder, sizeof(folder)));
	const char *path = scratch_path(&desk.office.scratch, "deadlined.ini");
	char *whole = mem_printf("[daemon]\ndatabase = plan.db\nstate_dir = .\nzone = Europe/Moscow\nlanguage = en\n"
				 "templates = %s/config/templates\nmessengers = %s/config/messengers\n"
				 "scan_interval = 1d\n%s",
				 folder, folder, text);
	scratch_write(path, whole, strlen(whole));
	free(whole);
	struct setup *setup = setup_load(path, &problems);
	problems_print(&problems, stderr);
	assert_non_null(setup);
	for (size_t i = 0; i < setup->n_channels; i++) {
		struct channel *real = setup->channels[i];
		struct desk_channel *fake = mem_zero(1, sizeof(*fake));
		const bool is_telegram = strcmp(real->name, "telegram") == 0;
		const bool is_two_way = desk.is_two_way && is_telegram;
		fake->channel = (struct channel){.ops = &desk_ops,
						 .name = mem_dup(real->name),
						 .domain = mem_dup("example.org"),
						 .rate = real->rate,
						 .rate_each = real->rate_each,
						 .has_threads = desk.has_threads && is_telegram,
						 .has_buttons = is_two_way,
						 .can_edit = is_two_way,
						 .can_answer = is_two_way,
						 .listens = is_two_way};
		channel_free(real);
		setup->channels[i] = &fake->channel;
		desk.n_channels++;
	}
	return setup;
}

static inline void desk_wake(void *arg)
{
	(void)arg;
	desk.n_wakes++;
}

static inline void desk_start(const char *text)
{
	desk.app = app_new(desk.office.store, desk_setup(text), NULL, desk.now, desk_wake, NULL);
	OK(app_start(desk.app, desk.now, ERR));
}

static inline void desk_open(const char *text, const char *now)
{
	desk = (struct desk){.now = {.wall_s = utc(now), .mono_ms = 1000}, .room = 64};
	office_open(&desk.office);
	desk_start(text);
}

static inline void desk_close(void)
{
	app_free(desk.app);
	office_close(&desk.office);
}

/* kill -9: what is in flight and what is not settled yet is lost; the new process starts at once. */
static inline void desk_crash(const char *text)
{
	app_free(desk.app);
	desk.listening.cb = NULL;
	assert_int_equal(desk.n_flying, 0);
	office_reopen(&desk.office);
	desk_start(text);
}

static inline void desk_move(int64_t seconds)
{
	desk.now.wall_s += seconds;
	desk.now.mono_ms += seconds * 1000;
	desk.now.up_s += seconds;
}

static inline void desk_move_to(const char *to)
{
	desk_move(utc(to) - desk.now.wall_s);
}

static inline int desk_try(void)
{
	return app_tick(desk.app, desk.now, ERR);
}

/* Passes until the app has nothing more to do at this instant. */
static inline void desk_tick(void)
{
	for (int i = 0; i < 100; i++) {
		desk.n_wakes = 0;
		OK(desk_try());
		if (desk.n_wakes == 0 && app_next_wake_utc(desk.app) > desk.now.wall_s)
			return;
	}
	fail_msg("the app does not come to rest");
}

/* Everything in flight gets this answer. */
static inline void desk_answer(enum channel_verdict verdict, enum channel_blame blame)
{
	struct channel_result result = desk_result(verdict, blame);
	while (desk.n_flying > 0)
		desk_finish(desk.n_flying - 1, &result);
}

static inline int64_t desk_count(const char *state)
{
	return office_number(&desk.office, "SELECT count(*) FROM message WHERE state = '%s'", state);
}

#endif
