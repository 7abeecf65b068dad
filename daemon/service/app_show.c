/* What was sent to a messenger is changed there when its task changes, so that nobody reads an old date or presses a button
 * for what is done.
 *
 * Happy path: a trigger marks what is shown of a changed task as stale, from the moment it is claimed to be sent; a pass
 * takes some of it, as far as new messages leave room, and notes that; after the commit each is written anew and handed to
 * its channel as an edit; the pass after the answers notes that it is shown as it is.
 * Failure modes: what failed for the moment is stale again; what the service does not change any more is forgotten. A
 * task that changes while its edit is under way makes it stale once more; what was under way when the process died
 * is taken again at the start, and after a reload. To edit twice does no harm. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "remind/backoff.h"
#include "service/app_priv.h"
#include "service/letter.h"
#include "store/store_shown.h"

enum { APP_SHOW_SLICE = 8, APP_SHOW_PAUSE_S = 60 };

struct app_editor {
	int64_t ids[APP_SHOW_SLICE]; /* messages whose edit is under way */
	struct channel_result results[APP_SHOW_SLICE];
	size_t n, n_over;              /* how many there are, and how many of them have ended */
	int64_t taken[APP_SHOW_SLICE]; /* by a pass that is not committed, or not durable */
	size_t n_taken;
	bool is_committed; /* that pass was */
	int64_t after;     /* the last one taken: what can never be changed does not keep the others from their turn */
	int64_t waits_since_utc, again_utc;
};

struct app_editor *app_editor_new(const struct channel *channel)
{
	return channel_listens(channel) && channel->can_edit ? mem_zero(1, sizeof(struct app_editor)) : NULL;
}

int app_note_shown(struct app *app, const struct app_result *entry, struct err *err)
{
	if (entry->from->editor == NULL)
		return 0;
	if (entry->state != MESSAGE_SENT || entry->result.remote_id[0] == '\0')
		return store_shown_end(app->store, entry->id, err);
	return store_shown_put(app->store, entry->id, entry->result.remote_id, err);
}

/* ---- in the transaction ------------------------------------------------------------------------------------------- */

static void app_put_off(struct app_editor *editor, int64_t until_utc, int64_t now_utc)
{
	editor->waits_since_utc = now_utc;
	editor->again_utc = until_utc;
}

static int app_settle_edit(struct app *app, struct app_editor *editor, size_t i, int64_t now_utc, struct err *err)
{
	const struct channel_result *result = &editor->results[i];
	if (result->verdict == CHANNEL_ACCEPTED)
		return store_shown_fresh(app->store, editor->ids[i], err);
	if (result->verdict == CHANNEL_PERMANENT && result->blame != CHANNEL_BLAME_CHANNEL)
		return store_shown_end(app->store, editor->ids[i], err);
	app_put_off(editor,
		    result->retry_after_s > 0 ? backoff_asked(result->retry_after_s, now_utc)
					      : now_utc + APP_SHOW_PAUSE_S,
		    now_utc);
	return store_shown_again(app->store, editor->ids[i], err);
}

/* Some at a time: the next when all of them have ended. */
static int app_settle_edits(struct app *app, struct app_editor *editor, int64_t now_utc, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < editor->n && editor->n_over == editor->n && status == 0; i++)
		status = app_settle_edit(app, editor, i, now_utc, err);
	return status;
}

int app_settle_shown(struct app *app, int64_t now_utc, struct err *err)
{
	int status = app->must_show_anew ? store_shown_all_again(app->store, err) : 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++)
		if (app->channels[i]->editor != NULL)
			status = app_settle_edits(app, app->channels[i]->editor, now_utc, err);
	return status;
}

/* Behind the last one taken and, when there are none, from the first on. */
static int app_find_stale(struct app *app, struct app_channel *entry, size_t max, size_t *ret_n, struct err *err)
{
	struct app_editor *editor = entry->editor;
	const char *name = entry->channel->name;
	int status = store_shown_stale(app->store, name, editor->after, editor->taken, max, ret_n, err);
	if (status < 0 || *ret_n > 0 || editor->after == 0)
		return status;
	editor->after = 0;
	return store_shown_stale(app->store, name, 0, editor->taken, max, ret_n, err);
}

/* As many as may start by the channel's rate, which they use up like new messages; none beside a suspect. */
static int app_take_stale(struct app *app, struct app_channel *entry, size_t n_claimed, struct instant now,
			  struct err *err)
{
	struct app_editor *editor = entry->editor;
	size_t room = channel_room(entry->channel), kept = app_n_answers(entry) + n_claimed, n = 0;
	size_t max = room > kept ? room - kept : 0;
	bool is_put_off = editor->again_utc > now.wall_s && editor->waits_since_utc <= now.wall_s;
	bool was_kept_from_it =
		editor->n_taken > 0; /* by a disk that did not keep the pass: they are still to be made */
	if (max == 0 || app->is_draining || editor->n_over < editor->n || is_put_off || was_kept_from_it)
		return 0;
	int status = app_find_stale(app, entry, max < APP_SHOW_SLICE ? max : APP_SHOW_SLICE, &n, err);
	if (status < 0 || n == 0)
		return status;
	editor->n_taken = gate_allow(&entry->gate, (unsigned)n, channel_in_flight(entry->channel) + (unsigned)n_claimed,
				     now.wall_s, now.mono_ms);
	gate_take(&entry->gate, (unsigned)editor->n_taken);
	if (editor->n_taken < n)
		app_put_off(editor, gate_next_utc(&entry->gate, now.wall_s), now.wall_s);
	for (size_t i = 0; i < editor->n_taken && status == 0; i++) {
		editor->after = editor->taken[i];
		status = store_shown_take(app->store, editor->taken[i], err);
	}
	return status;
}

int app_show(struct app *app, const struct app_claim *claims, struct instant now, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++) {
		struct app_channel *entry = app->channels[i];
		if (entry->editor == NULL)
			continue;
		for (size_t j = 0; j < claims[i].n && status == 0; j++)
			status = store_shown_begin(app->store, claims[i].ids[j], err);
		if (status == 0)
			status = app_take_stale(app, entry, claims[i].n, now, err);
	}
	return status;
}

/* How the edits before ended is in the database by then, and not to be written over those that were taken since. */
void app_keep_shown(struct app *app)
{
	app->must_show_anew = false;
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		struct app_editor *editor = app->channels[i]->editor;
		if (editor == NULL)
			continue;
		if (editor->n_over == editor->n)
			editor->n = editor->n_over = 0;
		editor->is_committed = editor->n_taken > 0;
	}
}

void app_unshow(struct app *app)
{
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		struct app_channel *entry = app->channels[i];
		if (entry->editor == NULL || entry->editor->is_committed)
			continue;
		gate_give_back(&entry->gate, (unsigned)entry->editor->n_taken);
		entry->editor->n_taken = 0;
	}
}

/* ---- after the commit --------------------------------------------------------------------------------------------- */

void app_note_edit(struct app_channel *from, int64_t message, const struct channel_result *result)
{
	struct app_editor *editor = from->editor;
	for (size_t i = 0; i < editor->n; i++) {
		if (editor->ids[i] != message)
			continue;
		editor->results[i] = *result;
		editor->n_over++;
	}
	from->app->wake(from->app->wake_arg);
}

/* A message that nothing is left to say of is not edited any more. */
static void app_edit_message(struct app *app, struct app_channel *entry, int64_t message, int64_t now_utc)
{
	struct letter letter;
	struct err err = {0};
	int status = letter_write_edit(app->store, app->setup, message, now_utc, &letter, &err);
	if (status == 0) {
		channel_send(entry->channel, &letter.message);
		letter_done(&letter);
		return;
	}
	struct channel_result result;
	bool is_gone = status == -ENOMSG || status == -ENODATA || status == -ENOENT;
	channel_result_set(&result, is_gone ? CHANNEL_PERMANENT : CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, 0,
			   err.text);
	app_note_edit(entry, message, &result);
}

void app_edit(struct app *app, int64_t now_utc)
{
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		struct app_channel *entry = app->channels[i];
		struct app_editor *editor = entry->editor;
		if (editor == NULL || editor->n > 0)
			continue;
		memcpy(editor->ids, editor->taken, sizeof(editor->ids));
		editor->n = editor->n_taken;
		editor->n_taken = 0;
		editor->is_committed = false;
		for (size_t j = 0; j < editor->n; j++)
			app_edit_message(app, entry, editor->ids[j], now_utc);
	}
}

int64_t app_show_wake(const struct app *app, int64_t now_utc)
{
	int64_t wake = STORE_NEVER;
	for (size_t i = 0; i < app->setup->n_channels; i++) {
		const struct app_editor *editor = app->channels[i]->editor;
		if (editor != NULL && editor->again_utc > now_utc && editor->again_utc < wake)
			wake = editor->again_utc;
	}
	return wake;
}

unsigned app_n_edits(const struct app_channel *entry)
{
	return entry->editor != NULL ? (unsigned)entry->editor->n_taken : 0;
}
