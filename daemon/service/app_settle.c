/* The first thing of a pass: what came back from the channels is recorded, and said once it is committed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "remind/backoff.h"
#include "remind/notice.h"
#include "remind/outbox.h"
#include "remind/turn.h"
#include "service/app_priv.h"
#include "store/store_brake.h"
#include "store/store_channel.h"
#include "store/store_suspension.h"

static enum outbox_event app_event(enum channel_verdict verdict)
{
	static const enum outbox_event events[] = {
		[CHANNEL_ACCEPTED] = OUTBOX_ACCEPTED,   [CHANNEL_TEMPORARY] = OUTBOX_TEMPORARY,
		[CHANNEL_THROTTLED] = OUTBOX_THROTTLED, [CHANNEL_PERMANENT] = OUTBOX_PERMANENT,
		[CHANNEL_UNKNOWN] = OUTBOX_UNKNOWN,
	};
	return events[verdict];
}

/* What the server of a channel that a reload has replaced asks for, it asks of the one in its place, too. */
static void app_pause(struct app_channel *from, int64_t until_utc)
{
	const struct app *app = from->app;
	gate_pause(&from->gate, until_utc);
	for (size_t i = 0; i < app->setup->n_channels; i++)
		if (strcmp(app->channels[i]->channel->name, from->channel->name) == 0)
			gate_pause(&app->channels[i]->gate, until_utc);
}

/* Edits and answers have no result in the pass; a wait that was asked for by one is kept all the same. */
static int app_heed(struct app *app, struct app_channel *from, int64_t now_utc, struct err *err)
{
	int64_t until_utc = backoff_asked(from->asked_s, now_utc);
	if (from->asked_s == 0)
		return 0;
	app_pause(from, until_utc);
	return store_channel_note_pause(app->store, from->channel->name, until_utc, err);
}

static int app_heed_all(struct app *app, int64_t now_utc, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++)
		status = app_heed(app, app->channels[i], now_utc, err);
	for (struct app_channel *from = app->retired_channels; from != NULL && status == 0; from = from->next)
		status = app_heed(app, from, now_utc, err);
	return status;
}

/* It is in the database. */
static void app_has_heeded(struct app *app)
{
	for (size_t i = 0; i < app->setup->n_channels; i++)
		app->channels[i]->asked_s = 0;
	for (struct app_channel *from = app->retired_channels; from != NULL; from = from->next)
		from->asked_s = 0;
}

/* What a result says about the server, for the messages that wait behind it. */
static void app_judge(struct app_result *entry, int64_t now_utc)
{
	struct gate *gate = &entry->from->gate;
	const struct channel_result *result = &entry->result;
	entry->is_judged = true;
	if (result->verdict == CHANNEL_ACCEPTED)
		gate_succeeded(gate);
	else if (result->blame != CHANNEL_BLAME_CHANNEL)
		return;
	else if (result->verdict == CHANNEL_THROTTLED && result->retry_after_s > 0)
		app_pause(entry->from, backoff_asked(result->retry_after_s, now_utc));
	else
		(void)gate_failed(gate, now_utc, entry->id);
}

/* HTTP's words bring their code along. */
void app_quote(const struct channel_result *result, char text[APP_QUOTE_SIZE])
{
	if (result->code != 0 && strncmp(result->reply, "HTTP ", 5) != 0)
		(void)snprintf(text, APP_QUOTE_SIZE, "%d %s", result->code, result->reply);
	else
		(void)snprintf(text, APP_QUOTE_SIZE, "%s", result->reply);
}

/* What a recipient refuses is told with its address. Of the rest, the operator hears once a day for each channel and code. */
static int app_tell_dead(struct app *app, const struct app_result *entry, const char *reply, int64_t now_utc,
			 struct err *err)
{
	const struct planner planner = app_planner(app);
	const struct channel_result *result = &entry->result;
	if (result->verdict == CHANNEL_PERMANENT && result->blame == CHANNEL_BLAME_RECIPIENT)
		return 0;
	const char *channel = entry->from->channel->name;
	char *key = mem_printf("dead %s %d", channel, result->code);
	char *text = mem_printf("a message on channel %s has ended and is not known to have arrived: %s. See "
				"deadlinectl queue --state dead; of more such today only the log tells.",
				channel, reply);
	int status = notice_again(&planner, app->store, NOTICE_DAILY, app->setup->zone, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

static int app_settle_one(struct app *app, struct app_result *entry, int64_t now_utc, struct err *err)
{
	const struct planner planner = app_planner(app);
	bool has_other_address = false;
	char reply[APP_QUOTE_SIZE];
	app_quote(&entry->result, reply);
	if (!entry->is_judged)
		app_judge(entry, now_utc);
	int status = app_address_follow(app, entry, now_utc, &has_other_address, err);
	const bool goes_again = has_other_address || app_thread_is_refused(entry);
	const struct outbox_result result = {
		.event = goes_again ? OUTBOX_TEMPORARY : app_event(entry->result.verdict),
		.is_unreachable = entry->result.blame == CHANNEL_BLAME_CHANNEL && entry->result.code == 0,
		.is_empty = entry->is_empty,
		.retry_after_s = entry->result.retry_after_s,
		.code = entry->result.code,
		.reply = reply,
	};
	if (status == 0)
		status = outbox_settle(app->store, entry->id, &result, now_utc, &entry->state, &entry->next_utc, err);
	if (status == 0 && result.event == OUTBOX_THROTTLED)
		status = store_brake_give_back(app->store, entry->id, err);
	if (status == 0 && goes_again && entry->state == MESSAGE_PENDING) {
		entry->next_utc = now_utc;
		status = store_message_postpone(app->store, entry->id, now_utc, err);
	}
	if (status == 0)
		status = app_note_shown(app, entry, err);
	if (status == 0)
		status = app_note_thread(app, entry, err);
	if (status == 0 && entry->state == MESSAGE_DEAD)
		status = app_tell_dead(app, entry, reply, now_utc, err);
	if (status == 0)
		status = app_address_judge(app, entry, reply, now_utc, err);
	return status == 0 && entry->state == MESSAGE_DEAD ? turn_dead(&planner, app->store, entry->id, now_utc, err)
							   : status;
}

int app_settle(struct app *app, int64_t now_utc, struct err *err)
{
	int64_t n_refusals = 0;
	int status = app_heed_all(app, now_utc, err);
	if (status < 0 || app->n_results == 0)
		return status;
	status = store_suspension_count(app->store, &n_refusals, err);
	app->has_refusals = n_refusals > 0;
	for (size_t i = 0; i < app->n_results && status == 0; i++)
		status = app_settle_one(app, &app->results[i], now_utc, err);
	return status == 0 ? app_note_channels(app, now_utc, err) : status;
}

void app_announce(struct app *app)
{
	log_gather();
	for (size_t i = 0; i < app->n_results; i++) {
		const struct app_result *entry = &app->results[i];
		char next[32] = "";
		if (entry->state == MESSAGE_PENDING)
			clock_format_utc(entry->next_utc, next);
		app->n_sent += entry->state == MESSAGE_SENT;
		void (*say)(const char *, ...) = entry->state == MESSAGE_SENT ? log_info : log_warning;
		char reply[APP_QUOTE_SIZE];
		app_quote(&entry->result, reply);
		say("message=%lld channel=%s %s: %s: %s%s%s%s", (long long)entry->id, entry->from->channel->name,
		    message_state_name(entry->state), channel_verdict_name(entry->result.verdict), reply,
		    next[0] != '\0' ? ", next try " : "", next,
		    next[0] != '\0' && app_thread_is_refused(entry) ? " without its thread" : "");
		app_thread_end(entry);
	}
	log_release();
	app->n_results = 0;
	app_has_heeded(app);
}
