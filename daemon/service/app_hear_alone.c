/* What people wrote, applied one at a time: after a crash, because one of them may be its cause, and would be heard again
 * at every start.
 *
 * Happy path: before each pass, app_hear_alone() marks the next update of a channel, commits, applies it, commits, and ends
 * the mark with that; the pass in which none is left notes from where to ask on, and from then on they are applied in passes
 * again.
 * Failure modes: when the process crashes once more, the update whose mark stands was the cause. app_recover_updates() gives
 * it up: the ledger has it, the operator hears of it, and it is passed over when it is heard again, as is what was applied.
 * A process that ends otherwise, or a machine that was started anew, blames none. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "channel/signature.h"
#include "remind/notice.h"
#include "service/app_listener.h"
#include "store/store_heard.h"
#include "store/store_person.h"

enum { APP_UPDATE_MAX = 1 << 20 };

/* Ends the transaction that status says the fate of. */
static int app_conclude(struct store *store, int status, struct err *err)
{
	if (status == 0)
		return store_commit(store, err);
	store_rollback(store);
	return status;
}

/* ---- which update it is ------------------------------------------------------------------------------------------- */

static bool app_is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool app_is_same_update(const struct channel_update *a, const struct channel_update *b)
{
	return a->kind == b->kind && app_is_same_text(a->sender, b->sender) && app_is_same_text(a->chat, b->chat) &&
	       app_is_same_text(a->text, b->text) && app_is_same_text(a->answer_id, b->answer_id) &&
	       app_is_same_text(a->message_id, b->message_id);
}

static void app_add_text(struct buf *out, const char *text)
{
	if (text == NULL)
		buf_add_str(out, "- ");
	else
		buf_printf(out, "%zu %s ", strlen(text), text);
}

/* Services give updates in the same order each time, so those that are alike are told apart by how many came before. */
static void app_hash_update(const struct app_listener *listener, size_t at, char ret_hash[SIGNATURE_HASH_SIZE])
{
	const struct channel_update *update = &listener->updates.items[at];
	size_t n = 0;
	struct buf text;
	for (size_t i = 0; i < at; i++)
		n += app_is_same_update(&listener->updates.items[i], update);
	buf_init(&text, APP_UPDATE_MAX);
	buf_printf(&text, "%zu %s %s ", n, listener->account, channel_update_name(update->kind));
	app_add_text(&text, update->sender);
	app_add_text(&text, update->chat);
	app_add_text(&text, update->text);
	app_add_text(&text, update->answer_id);
	app_add_text(&text, update->message_id);
	signature_hash(buf_str(&text), ret_hash);
	buf_done(&text);
}

/* ---- one at a time ------------------------------------------------------------------------------------------------ */

static int app_mark(struct app *app, const struct app_channel *entry, const struct channel_update *update,
		    const char *hash, bool *ret_is_over, struct err *err)
{
	const char *name = entry->channel->name;
	int status = store_begin(app->store, err);
	if (status < 0)
		return status;
	status = store_heard_is_over(app->store, name, hash, ret_is_over, err);
	if (status == 0)
		status = store_heard_mark(app->store, name, hash, channel_update_name(update->kind), err);
	return app_conclude(app->store, status, err);
}

/* After the mark, and in a commit of its own: to look for the sender may already be what kills. */
static int app_note_sender(struct app *app, const struct app_channel *entry, const struct channel_update *update,
			   const char *hash, struct err *err)
{
	const char *name = entry->channel->name;
	struct strlist people = {0};
	int status = store_begin(app->store, err);
	if (status < 0)
		return status;
	status = store_address_owners(app->store, name, update->sender, true, &people, err);
	if (status == 0 && people.n > 0)
		status = store_heard_whose(app->store, name, hash, people.items[0], err);
	strlist_done(&people);
	return app_conclude(app->store, status, err);
}

static int app_apply_alone(struct app *app, const struct app_channel *entry, size_t at, const char *hash,
			   int64_t now_utc, struct err *err)
{
	struct app_listener *listener = entry->listener;
	const struct planner planner = app_planner(app);
	const struct talk talk = app_talk(app, &planner, entry->channel);
	int status = store_begin(app->store, err);
	if (status < 0)
		return status;
	app_make_replies(listener);
	status = talk_hear(&talk, entry->channel->name, &listener->updates.items[at], now_utc, &listener->replies[at],
			   err);
	if (status == 0)
		status = store_heard_end(app->store, entry->channel->name, hash, err);
	status = app_conclude(app->store, status, err);
	if (status < 0)
		talk_reply_done(&listener->replies[at]);
	return status;
}

static int app_hear_next(struct app *app, const struct app_channel *entry, int64_t now_utc, struct err *err)
{
	struct app_listener *listener = entry->listener;
	const size_t at = listener->n_alone;
	const struct channel_update *update = &listener->updates.items[at];
	char hash[SIGNATURE_HASH_SIZE];
	bool is_over = false;
	app_hash_update(listener, at, hash);
	int status = app_mark(app, entry, update, hash, &is_over, err);
	if (status == 0 && !is_over)
		status = app_note_sender(app, entry, update, hash, err);
	if (status == 0 && !is_over)
		status = app_apply_alone(app, entry, at, hash, now_utc, err);
	if (status == 0)
		listener->n_alone++;
	return status;
}

static bool app_has_next(const struct app_listener *listener)
{
	return listener != NULL && listener->is_wary && listener->has_heard && listener->n_alone < listener->updates.n;
}

bool app_hears_on(const struct app *app, struct instant now)
{
	bool is_working = !app->is_stopping && !app_distrusts_clock(app, now);
	for (size_t i = 0; i < app->setup->n_channels && is_working; i++)
		if (app_has_next(app->channels[i]->listener))
			return true;
	return false;
}

int app_hear_alone(struct app *app, struct instant now, struct err *err)
{
	int status = 0;
	bool is_working = app_hears_on(app, now);
	for (size_t i = 0; i < app->setup->n_channels && is_working && status == 0; i++)
		if (app_has_next(app->channels[i]->listener))
			status = app_hear_next(app, app->channels[i], now.wall_s, err);
	return status;
}

/* ---- after a death ------------------------------------------------------------------------------------------------ */

static int app_give_up(struct app *app, const struct store_heard *heard, int64_t now_utc, struct err *err)
{
	const struct planner planner = app_planner(app);
	const bool is_button = strcmp(heard->kind, channel_update_name(CHANNEL_UPDATE_BUTTON)) == 0;
	const char *person = heard->person[0] != '\0' ? heard->person : "somebody";
	char *key = mem_printf("update %s %s", heard->channel, heard->hash);
	char *text = mem_printf(
		"channel %s: %s %s %s is passed over: the daemon died twice while applying it. Nothing was done "
		"of it; ask them what they wanted.",
		heard->channel, is_button ? "a button that" : "what", person, is_button ? "pressed" : "wrote");
	int status = store_heard_give_up(app->store, heard, now_utc, err);
	if (status == 0)
		status = notice_once(&planner, app->store, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

int app_recover_updates(struct app *app, bool is_same_boot, int64_t now_utc, bool *ret_is_blamed, struct err *err)
{
	struct store_heard heard = {0};
	int status;
	*ret_is_blamed = false;
	app->hears_alone = app->was_crash && is_same_boot;
	if (!app->hears_alone)
		return store_heard_unmark_all(app->store, err);
	while ((status = store_heard_marked(app->store, &heard, err)) == 1) {
		*ret_is_blamed = true;
		status = app_give_up(app, &heard, now_utc, err);
		store_heard_done(&heard);
		if (status < 0)
			break;
	}
	return status;
}
