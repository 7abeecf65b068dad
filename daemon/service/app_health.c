/* What the app knows of its own health: what it keeps of each channel for the next start and for those who ask, and the
 * hourly audit with the heartbeat that follows it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/heartbeat.h"
#include "remind/backoff.h"
#include "service/app_priv.h"
#include "store/store_channel.h"

/* ---- channels ----------------------------------------------------------------------------------------------------- */

int app_load_pauses(struct app *app, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++) {
		struct store_channel known;
		status = store_channel_load(app->store, app->channels[i]->channel->name, &known, err);
		if (status < 0)
			break;
		gate_pause(&app->channels[i]->gate, known.paused_until_utc); /* one too long is not believed there */
		store_channel_done(&known);
	}
	return status;
}

/* What the results that came in together say of their channel: the last of each kind counts, and
 * the longest pause. */
static void app_gather_news(struct app_result *entry, int64_t now_utc)
{
	struct app_news *news = &entry->from->news;
	const struct channel_result *result = &entry->result;
	entry->from->heard_utc = now_utc;
	if (result->certificate_until_utc != 0)
		news->certificate_until_utc = result->certificate_until_utc;
	if (result->verdict == CHANNEL_ACCEPTED) {
		*news = (struct app_news){.is_accepted = true,
					  .paused_until_utc = news->paused_until_utc,
					  .certificate_until_utc = news->certificate_until_utc};
	} else if (result->blame == CHANNEL_BLAME_CHANNEL) {
		news->failure = entry;
		bool is_asked = result->verdict == CHANNEL_THROTTLED && result->retry_after_s > 0;
		int64_t asked = backoff_asked(result->retry_after_s, now_utc);
		news->is_failing = news->is_failing || !is_asked;
		if (is_asked && asked > news->paused_until_utc)
			news->paused_until_utc = asked;
	} else if (!news->is_failing &&
		   (result->verdict == CHANNEL_TEMPORARY || result->verdict == CHANNEL_PERMANENT)) {
		news->failure = entry; /* of one message: what was said is worth knowing, and the channel works */
	}
}

/* The database keeps no more than the minute, so it is told once in each. */
static int app_keep_works(struct app *app, struct app_channel *channel, int64_t now_utc, struct err *err)
{
	if (channel->works_minute == now_utc / 60)
		return 0;
	int status = store_channel_note_sent(app->store, channel->channel->name, now_utc, err);
	if (status == 0)
		channel->works_minute = now_utc / 60;
	return status;
}

void app_forget_works(struct app *app)
{
	for (size_t i = 0; i < app->setup->n_channels; i++)
		app->channels[i]->works_minute = 0;
	for (struct app_channel *entry = app->retired_channels; entry != NULL; entry = entry->next)
		entry->works_minute = 0;
}

/* What was said of one message does not take the place of why the channel fails. */
static int app_keep_failure(struct app *app, const char *name, const struct app_news *news, int64_t now_utc,
			    struct err *err)
{
	const struct channel_result *result = &news->failure->result;
	struct store_channel known = {0};
	char words[APP_QUOTE_SIZE];
	if (result->blame != CHANNEL_BLAME_CHANNEL) {
		int status = store_channel_load(app->store, name, &known, err);
		bool is_failing = status == 0 && known.failing_since_utc != 0;
		store_channel_done(&known);
		if (status < 0 || is_failing)
			return status;
	}
	app_quote(result, words);
	return store_channel_note_failure(app->store, name, words, news->is_failing, now_utc, err);
}

static int app_keep_news(struct app *app, struct app_channel *channel, int64_t now_utc, struct err *err)
{
	const struct app_news news = channel->news;
	const char *name = channel->channel->name;
	int status = 0;
	channel->news = (struct app_news){0};
	if (news.is_accepted)
		status = app_keep_works(app, channel, now_utc, err);
	if (news.failure != NULL || news.paused_until_utc != 0)
		app_forget_works(app);
	if (status == 0 && news.failure != NULL)
		status = app_keep_failure(app, name, &news, now_utc, err);
	if (status == 0 && news.paused_until_utc != 0)
		status = store_channel_note_pause(app->store, name, news.paused_until_utc, err);
	if (status == 0 && news.certificate_until_utc != 0)
		status = store_channel_note_certificate(app->store, name, news.certificate_until_utc, err);
	return status;
}

int app_note_channels(struct app *app, int64_t now_utc, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->n_results; i++)
		app_gather_news(&app->results[i], now_utc);
	for (size_t i = 0; i < app->n_results && status == 0; i++)
		status = app_keep_news(app, app->results[i].from, now_utc, err);
	for (size_t i = 0; i < app->n_results; i++)
		app->results[i].from->news = (struct app_news){0};
	return status;
}

/* ---- the audit ---------------------------------------------------------------------------------------------------- */

void app_use_audit(struct app *app, struct instant now)
{
	app->audit = audit_new(now.wall_s, app->setup->conf->scan_interval_s);
}

static bool app_channel_is_free(const struct app_channel *entry, int64_t now_utc)
{
	return channel_in_flight(entry->channel) == 0 && channel_room(entry->channel) != 0 &&
	       gate_next_utc(&entry->gate, now_utc) <= now_utc;
}

int app_audit(struct app *app, struct instant now, bool *ret_more, struct err *err)
{
	const struct planner planner = app_planner(app);
	size_t n = app->setup->n_channels;
	int64_t sent, in_flight;
	if (app->audit == NULL)
		return 0;
	struct audit_channel *channels = mem_zero(n, sizeof(*channels));
	for (size_t i = 0; i < n; i++)
		channels[i] = (struct audit_channel){.name = app->channels[i]->channel->name,
						     .is_free = app_channel_is_free(app->channels[i], now.wall_s),
						     .heard_utc = app->channels[i]->heard_utc};
	app_counts(app, &sent, &in_flight);
	const struct audit_view view = {
		.store = app->store,
		.planner = &planner,
		.channels = channels,
		.n_channels = n,
		.n_in_flight = in_flight,
		.may_send = !app->is_draining && !app_distrusts_clock(app, now),
		.now_utc = now.wall_s,
	};
	int status = audit_step(app->audit, &view, ret_more, err);
	free(channels);
	return status;
}

void app_take_audit(struct app *app)
{
	const char *url = app->setup->conf->heartbeat;
	bool has_passed = false;
	if (app->audit == NULL || !audit_take(app->audit, &has_passed))
		return;
	store_drop_pages(app->store); /* it has read what nobody else will */
	mem_trim();
	if (!has_passed || url == NULL)
		return;
	if (app->heartbeat == NULL && app->transfer != NULL)
		app->heartbeat = heartbeat_new(app->transfer);
	if (app->heartbeat != NULL)
		heartbeat_ping(app->heartbeat, url);
}
