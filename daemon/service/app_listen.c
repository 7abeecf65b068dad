/* What people write on a channel: asked for by one long call after the other, applied in a pass, answered after its
 * commit.
 *
 * Happy path: app_listen() asks; what comes is kept until the next pass, whose app_hear() applies all of it and notes in the
 * same transaction from where to ask on; after the commit app_answer() tells those who pressed a button, and app_listen()
 * asks again. A pass that is undone leaves what was heard for the next one, and a process that dies hears it again: one
 * at a time when it has crashed, by app_hear_alone().
 * Failure modes: a service that holds no call is asked once a second; a call that fails is repeated ever later, or when the
 * service says, and one of the database's own a minute later; while answers wait for room nothing is asked; the operator
 * is told, once a day, when somebody else listens to the same account, or when it has failed for long. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "remind/backoff.h"
#include "remind/notice.h"
#include "service/app_listener.h"
#include "store/store_channel.h"
#include "store/store_heard.h"

enum {
	APP_LISTEN_PAUSE_MAX_S = 60,
	APP_LISTEN_NOTE_AFTER_S = 5 * 60,  /* failing for so long, status says it */
	APP_LISTEN_TELL_AFTER_S = 15 * 60, /* and the operator hears of it */
	APP_LISTEN_CONFLICT = 409,         /* of HTTP: somebody else listens */
};

struct app_listener *app_listener_new(const struct channel *channel)
{
	return channel_listens(channel) ? mem_zero(1, sizeof(struct app_listener)) : NULL;
}

static void app_forget_replies(struct app_listener *listener)
{
	if (listener->replies == NULL)
		return;
	for (size_t i = 0; i < listener->updates.n; i++)
		talk_reply_done(&listener->replies[i]);
	free(listener->replies);
	listener->replies = NULL;
	listener->is_applied = listener->is_committed = false;
}

void app_make_replies(struct app_listener *listener)
{
	if (listener->replies == NULL)
		listener->replies = mem_zero(listener->updates.n, sizeof(*listener->replies));
}

static void app_answer_done(struct app_answer *answer)
{
	free(answer->id);
	free(answer->chat);
	free(answer->text);
}

void app_listener_free(struct app_listener *listener)
{
	if (listener == NULL)
		return;
	app_forget_replies(listener);
	if (listener->has_heard)
		channel_updates_done(&listener->updates);
	for (size_t i = 0; i < listener->n_answers; i++)
		app_answer_done(&listener->answers[i]);
	free(listener->answers);
	free(listener->next);
	free(listener->problem);
	free(listener);
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

static void app_on_updates(void *arg, struct channel_updates *updates, const struct channel_result *failure)
{
	struct app_channel *entry = arg;
	struct app_listener *listener = entry->listener;
	listener->is_asking = false;
	listener->has_failed = failure != NULL;
	if (failure != NULL) {
		listener->failure = *failure;
	} else {
		listener->updates = *updates;
		*updates = (struct channel_updates){0};
		listener->has_heard = true;
	}
	entry->app->wake(entry->app->wake_arg);
}

/* After a crash the first that people wrote may be its cause; and some of it may have been applied by itself already. */
static bool app_read_next(struct app *app, struct app_channel *entry)
{
	struct app_listener *listener = entry->listener;
	const char *name = entry->channel->name;
	bool has_some = false;
	struct err err;
	if (listener->next != NULL)
		return true;
	channel_account(entry->channel, listener->account);
	int status = store_heard_any(app->store, name, &has_some, &err);
	if (status == 0)
		status = store_updates_next(app->store, name, listener->account, &listener->next, &err);
	listener->is_wary = app->hears_alone || has_some;
	if (status < 0)
		log_warning("channel=%s: nothing is heard: %s", name, err.text);
	return status == 0;
}

/* Not before everything that was heard is answered: people may press faster than answers leave. A pause that began by a clock
 * which has been set back since is over. */
static bool app_may_ask(const struct app_listener *listener, int64_t now_utc)
{
	bool is_pause = listener->again_utc > now_utc && listener->asked_utc <= now_utc;
	bool is_busy = listener->is_asking || listener->has_heard || listener->has_failed;
	return !is_busy && !is_pause && listener->n_answers == 0;
}

void app_listen(struct app *app, int64_t now_utc)
{
	for (size_t i = 0; i < app->setup->n_channels && !app->is_stopping; i++) {
		struct app_channel *entry = app->channels[i];
		struct app_listener *listener = entry->listener;
		if (listener == NULL || !app_may_ask(listener, now_utc))
			continue;
		listener->asked_utc = now_utc;
		listener->is_asking = app_read_next(app, entry);
		if (!listener->is_asking) {
			listener->again_utc = now_utc + APP_LISTEN_PAUSE_MAX_S;
			continue;
		}
		channel_listen(entry->channel, listener->next, app_on_updates, entry);
	}
}

int64_t app_listen_wake(const struct app *app)
{
	int64_t wake = STORE_NEVER;
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		const struct app_listener *listener = app->channels[i]->listener;
		if (listener != NULL && !listener->is_asking && listener->n_answers == 0 && listener->again_utc < wake)
			wake = listener->again_utc;
	}
	return wake;
}

/* ---- applying ----------------------------------------------------------------------------------------------------- */

static int64_t app_listen_pause_s(const struct app_listener *listener, int64_t now_utc)
{
	const struct channel_result *failure = &listener->failure;
	int64_t pause = listener->failures < 6 ? (int64_t)1 << listener->failures : APP_LISTEN_PAUSE_MAX_S;
	int64_t asked = failure->retry_after_s > 0 ? backoff_asked(failure->retry_after_s, now_utc) - now_utc : 0;
	return asked > pause ? asked : pause;
}

static void app_set_problem(const struct app_channel *entry, const char *words)
{
	struct app_listener *listener = entry->listener;
	const bool is_conflict = listener->failure.code == APP_LISTEN_CONFLICT;
	free(listener->problem);
	listener->problem = mem_printf(
		"channel %s is not heard: %s%s", entry->channel->name,
		is_conflict ? "another program, or another deadlined, listens to the same account, and only one "
			      "can. The service says: "
			    : "for a quarter of an hour the service has not told what people write: ",
		words);
}

static int app_mind_failure(struct app *app, const struct app_channel *entry, int64_t now_utc, struct err *err)
{
	struct app_listener *listener = entry->listener;
	char words[APP_QUOTE_SIZE];
	if (!listener->has_failed)
		return 0;
	listener->has_failed = false;
	if (listener->failures++ == 0)
		listener->failing_since_utc = now_utc;
	listener->again_utc = now_utc + app_listen_pause_s(listener, now_utc);
	app_quote(&listener->failure, words);
	log_warning("channel=%s: listening failed, again in %" PRId64 " s: %s", entry->channel->name,
		    listener->again_utc - now_utc, words);
	int64_t failing_s = now_utc - listener->failing_since_utc;
	if (listener->failure.code == APP_LISTEN_CONFLICT || failing_s >= APP_LISTEN_TELL_AFTER_S)
		app_set_problem(entry, words);
	if (failing_s < APP_LISTEN_NOTE_AFTER_S)
		return 0;
	return store_channel_note_unheard(app->store, entry->channel->name, listener->failing_since_utc, words, err);
}

/* Once a day. */
static int app_tell_problem(struct app *app, const struct app_channel *entry, int64_t now_utc, struct err *err)
{
	const struct app_listener *listener = entry->listener;
	const struct planner planner = app_planner(app);
	if (listener->problem == NULL)
		return 0;
	char *key = mem_printf("listening %s", entry->channel->name);
	int status = notice_again(&planner, app->store, NOTICE_DAILY, app->setup->zone, key, listener->problem, now_utc,
				  err);
	free(key);
	return status;
}

struct talk app_talk(const struct app *app, const struct planner *planner, const struct channel *channel)
{
	return (struct talk){.store = app->store,
			     .planner = planner,
			     .catalog = app->setup->catalog,
			     .default_language = app->setup->conf->language,
			     .default_zone = app->setup->zone,
			     .bot = channel->bot,
			     .text_max = channel->text_max,
			     .text_unit = channel->text_unit};
}

/* From where to ask on, once all of it is applied, and that there was something to hear. */
static int app_save_next(struct app *app, const struct app_channel *entry, struct err *err)
{
	const struct app_listener *listener = entry->listener;
	const char *name = entry->channel->name, *next = listener->updates.next;
	int status = next != NULL ? store_updates_save(app->store, name, listener->account, next, err) : 0;
	if (status == 0)
		status = store_channel_note_heard(app->store, name, err);
	if (status == 0 && listener->n_alone > 0)
		status = store_heard_forget(app->store, name, err);
	return status;
}

static int app_apply(struct app *app, const struct app_channel *entry, int64_t now_utc, struct err *err)
{
	struct app_listener *listener = entry->listener;
	const struct planner planner = app_planner(app);
	const struct talk talk = app_talk(app, &planner, entry->channel);
	int status = 0;
	if (!listener->has_heard || (listener->is_wary && listener->n_alone < listener->updates.n))
		return 0;
	if (listener->is_applied) /* and not answered, as the disk did not keep it then */
		return 0;
	app_make_replies(listener);
	for (size_t i = listener->n_alone; i < listener->updates.n && status == 0; i++)
		status = talk_hear(&talk, entry->channel->name, &listener->updates.items[i], now_utc,
				   &listener->replies[i], err);
	if (status == 0)
		status = app_save_next(app, entry, err);
	listener->is_applied = status == 0;
	return status;
}

int app_hear(struct app *app, int64_t now_utc, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++) {
		const struct app_channel *entry = app->channels[i];
		if (entry->listener == NULL)
			continue;
		status = app_mind_failure(app, entry, now_utc, err);
		if (status == 0)
			status = app_tell_problem(app, entry, now_utc, err);
		if (status == 0)
			status = app_apply(app, entry, now_utc, err);
	}
	return status;
}

void app_keep_heard(struct app *app)
{
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		struct app_listener *listener = app->channels[i]->listener;
		if (listener != NULL)
			listener->is_committed = listener->is_applied;
	}
}

/* What was applied one at a time, or by a pass before this one, is in the database, and will be answered. */
void app_unhear(struct app *app)
{
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		struct app_listener *listener = app->channels[i]->listener;
		if (listener == NULL || listener->replies == NULL || listener->is_committed)
			continue;
		for (size_t k = listener->n_alone; k < listener->updates.n; k++)
			talk_reply_done(&listener->replies[k]);
		listener->is_applied = false;
	}
}

bool app_has_heard(const struct app *app)
{
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		const struct app_listener *listener = app->channels[i]->listener;
		if (listener != NULL && listener->is_applied && listener->updates.n > 0)
			return true;
	}
	return false;
}

/* ---- answering ---------------------------------------------------------------------------------------------------- */

static void app_queue_answer(struct app_listener *listener, const char *id, const char *chat, const char *text)
{
	listener->answers = mem_grow(listener->answers, listener->n_answers + 1, sizeof(*listener->answers));
	listener->answers[listener->n_answers++] = (struct app_answer){
		.id = id != NULL ? mem_dup(id) : NULL, .chat = mem_dup(chat), .text = mem_dup(text)};
}

/* What was applied is committed: it is answered, and over. */
static void app_take_replies(struct app_listener *listener, int64_t now_utc)
{
	if (!listener->is_applied)
		return;
	for (size_t i = 0; i < listener->updates.n; i++) {
		const struct channel_update *update = &listener->updates.items[i];
		const struct talk_reply *reply = &listener->replies[i];
		if (update->answer_id != NULL && reply->toast != NULL)
			app_queue_answer(listener, update->answer_id, update->chat, reply->toast);
		if (reply->say != NULL)
			app_queue_answer(listener, NULL, update->chat, reply->say);
	}
	app_forget_replies(listener);
	if (listener->updates.next != NULL) {
		free(listener->next);
		listener->next = mem_dup(listener->updates.next);
	}
	listener->is_wary = listener->is_wary && listener->updates.n == 0;
	listener->n_alone = 0;
	bool does_not_hold = listener->updates.n == 0 && listener->asked_utc == now_utc;
	channel_updates_done(&listener->updates);
	listener->has_heard = false;
	listener->failures = 0;
	listener->again_utc = does_not_hold ? now_utc + 1 : 0;
}

static void app_give_answer(struct app_channel *entry, const struct app_answer *answer, int64_t now_utc)
{
	const bool is_button = answer->id != NULL;
	const struct channel_message message = {
		.kind = "notice",
		.person = "",
		.to_address = answer->chat,
		.to_name = "",
		.subject = is_button ? "" : answer->text,
		.text = is_button ? answer->text : "",
		.language = "",
		.message_id = "",
		.key = "",
		.date_utc = now_utc,
		.act = is_button ? CHANNEL_ANSWER : CHANNEL_SEND,
		.answer_id = answer->id,
	};
	channel_send(entry->channel, &message);
}

void app_answer(struct app *app, int64_t now_utc)
{
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		struct app_channel *entry = app->channels[i];
		struct app_listener *listener = entry->listener;
		size_t n = 0;
		if (listener == NULL)
			continue;
		free(listener->problem); /* it was told */
		listener->problem = NULL;
		app_take_replies(listener, now_utc);
		for (; n < listener->n_answers && channel_room(entry->channel) > app_n_edits(entry); n++) {
			app_give_answer(entry, &listener->answers[n], now_utc);
			app_answer_done(&listener->answers[n]);
		}
		listener->n_answers -= n;
		if (n > 0)
			memmove(listener->answers, listener->answers + n,
				listener->n_answers * sizeof(*listener->answers));
	}
}

unsigned app_n_answers(const struct app_channel *entry)
{
	const struct app_listener *listener = entry->listener;
	size_t n = listener != NULL ? listener->n_answers : 0;
	if (listener != NULL && listener->replies != NULL)
		n += listener->updates.n;
	return (unsigned)n;
}
