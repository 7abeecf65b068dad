#include "service/app.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "channel/heartbeat.h"
#include "remind/notice.h"
#include "remind/outbox.h"
#include "service/app_priv.h"
#include "store/store_report.h"
#include "store/store_task.h"

/* ---- channels ----------------------------------------------------------------------------------------------------- */

void app_note_result(struct app_channel *from, int64_t message_id, const struct channel_result *result)
{
	struct app *app = from->app;
	if (app->n_results == app->size_results) {
		app->size_results = app->size_results * 2 + 16;
		app->results = mem_grow(app->results, app->size_results, sizeof(*app->results));
	}
	struct app_result *entry = &app->results[app->n_results++];
	*entry = (struct app_result){
		.id = message_id, .result = *result, .from = from, .address = app_address_end(from, message_id)};
	if (result->retry_after_s > 0)
		entry->result.retry_after_s++; /* our second began before the peer's: asking early is an offence */
	app->wake(app->wake_arg);
}

/* An answer to somebody has no row: it is given once, or not. What the server asks for by it holds for all. */
static void app_on_result(void *arg, int64_t message_id, const struct channel_result *result)
{
	struct app_channel *from = arg;
	if (message_id != 0 && result->act == CHANNEL_SEND) {
		app_note_result(from, message_id, result);
		return;
	}
	if (result->verdict != CHANNEL_ACCEPTED)
		log_info("channel=%s %s: %s: %s", from->channel->name, channel_act_name(result->act),
			 channel_verdict_name(result->verdict), result->reply);
	if (result->verdict == CHANNEL_THROTTLED && result->blame == CHANNEL_BLAME_CHANNEL &&
	    result->retry_after_s > 0 && result->retry_after_s >= from->asked_s)
		from->asked_s = result->retry_after_s + 1; /* as in app_note_result() */
	if (result->act == CHANNEL_EDIT)
		app_note_edit(from, message_id, result);
	from->app->wake(from->app->wake_arg); /* there is room for what waited */
}

static void app_inherit_gates(struct app_channel *entry, struct app_channel *const *old, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(old[i]->channel->name, entry->channel->name) != 0)
			continue;
		gate_inherit(&entry->gate, &old[i]->gate);
		gate_each_inherit(&entry->each, &old[i]->each);
	}
}

static void app_start_channels(struct app *app, struct app_channel *const *old, size_t n_old, struct instant now)
{
	const struct setup *setup = app->setup;
	app->channels = mem_zero(setup->n_channels, sizeof(struct app_channel *));
	app->planner_channels = mem_zero(setup->n_channels, sizeof(struct planner_channel));
	for (size_t i = 0; i < setup->n_channels; i++) {
		struct channel *channel = setup->channels[i];
		struct app_channel *entry = mem_zero(1, sizeof(*entry));
		*entry = (struct app_channel){.app = app, .channel = channel, .setup = setup, .heard_utc = now.wall_s};
		gate_init(&entry->gate, channel->rate.count, channel->rate.per_s, now.mono_ms);
		gate_each_init(&entry->each, channel->rate_each.count, channel->rate_each.per_s);
		app_inherit_gates(entry, old, n_old);
		entry->listener = app_listener_new(channel);
		entry->editor = app_editor_new(channel);
		entry->threads = app_threads_new(channel);
		entry->flights = app_flights_new();
		channel_start(channel, app->transfer, app_on_result, entry);
		app->channels[i] = entry;
		app->planner_channels[i] = (struct planner_channel){.name = channel->name, .domain = channel->domain};
	}
}

static void app_channel_free(struct app_channel *entry)
{
	app_listener_free(entry->listener);
	free(entry->editor);
	app_threads_free(entry->threads);
	app_flights_free(entry->flights);
	gate_each_done(&entry->each);
	free(entry);
}

static bool app_is_in_use(const struct app *app, const struct setup *retired)
{
	for (const struct app_channel *entry = app->retired_channels; entry != NULL; entry = entry->next)
		if (entry->setup == retired && channel_in_flight(entry->channel) != 0)
			return true;
	return false;
}

static void app_free_channels_of(struct app *app, const struct setup *retired)
{
	struct app_channel **link = &app->retired_channels;
	while (*link != NULL) {
		struct app_channel *entry = *link;
		if (entry->setup != retired) {
			link = &entry->next;
			continue;
		}
		*link = entry->next;
		app_channel_free(entry);
	}
}

void app_free_retired(struct app *app)
{
	size_t n_kept = 0, n = app->n_retired;
	if (app->n_results != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct setup *retired = app->retired[i];
		if (app_is_in_use(app, retired)) {
			app->retired[n_kept++] = retired;
			continue;
		}
		app_free_channels_of(app, retired);
		setup_free(retired);
	}
	app->n_retired = n_kept;
	if (n_kept < n)
		mem_trim();
}

/* ---- making and ending -------------------------------------------------------------------------------------------- */

struct app *app_new(struct store *store, struct setup *setup, struct transfer *transfer, struct instant now,
		    app_wake_cb wake, void *wake_arg)
{
	struct app *app = mem_zero(1, sizeof(*app));
	*app = (struct app){
		.store = store,
		.setup = setup,
		.transfer = transfer,
		.wake = wake,
		.wake_arg = wake_arg,
		.last_wall_s = now.wall_s,
		.last_up_s = now.up_s,
		.next_wake_utc = now.wall_s,
		.must_show_anew = true,
		.ahead_min = 1,
	};
	brake_set_limits(&app->brake, setup->conf);
	app_start_channels(app, NULL, 0, now);
	return app;
}

void app_free(struct app *app)
{
	if (app == NULL)
		return;
	size_t n = app->setup->n_channels;
	setup_free(app->setup); /* gives up what is in flight: no callback comes after this */
	while (app->n_retired > 0)
		setup_free(app->retired[--app->n_retired]);
	for (size_t i = 0; i < n; i++)
		app_channel_free(app->channels[i]);
	while (app->retired_channels != NULL) {
		struct app_channel *entry = app->retired_channels;
		app->retired_channels = entry->next;
		app_channel_free(entry);
	}
	brake_done(&app->brake);
	audit_free(app->audit);
	heartbeat_free(app->heartbeat);
	free(app->retired);
	free(app->channels);
	free(app->planner_channels);
	free(app->results);
	free(app->template_problem);
	if (app->logged != NULL)
		strlist_done(app->logged);
	free(app->logged);
	free(app);
}

static int app_recover_outbox(struct app *app, bool is_same_boot, int64_t now_utc, struct err *err)
{
	const struct planner planner = app_planner(app);
	struct outbox_recovery recovery;
	int status = outbox_recover(app->store, is_same_boot, app->was_crash, now_utc, &recovery, err);
	if (status == 0 && recovery.n != 0)
		log_warning("%zu %s in flight when the daemon died: sent again, with the same Message-ID", recovery.n,
			    num_word((int64_t)recovery.n, "message was", "messages were"));
	if (status < 0 || recovery.quarantined == 0)
		return status;
	char *key = mem_printf("quarantined %lld %lld", (long long)recovery.quarantined, (long long)now_utc);
	char *text = mem_printf("message %lld is held back: the daemon died twice while sending it. Look at it with "
				"deadlinectl queue, then deadlinectl release %lld, or deadlinectl release --drop %lld.",
				(long long)recovery.quarantined, (long long)recovery.quarantined,
				(long long)recovery.quarantined);
	status = notice_once(&planner, app->store, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

int app_start(struct app *app, struct instant now, struct err *err)
{
	bool is_same_boot = false, is_update = false;
	int status = store_begin(app->store, err);
	if (status < 0)
		return status;
	status = app_start_clock(app, now, &is_same_boot, err);
	if (status == 0)
		status = app_recover_updates(app, is_same_boot, now.wall_s, &is_update, err);
	if (status == 0) /* when the cause is known, no message is suspected */
		status = app_recover_outbox(app, is_same_boot && !is_update, now.wall_s, err);
	if (status == 0)
		status = app_load_pauses(app, err);
	if (status < 0) {
		store_rollback(app->store);
		return status;
	}
	app->has_suspects = true; /* the first pass looks */
	return store_commit(app->store, err);
}

void app_note_crash(struct app *app)
{
	app->was_crash = true;
}

void app_use_upkeep(struct app *app, struct upkeep *upkeep)
{
	app->upkeep = upkeep;
}

void app_write_ahead_from(struct app *app, size_t n_letters)
{
	app->ahead_min = n_letters;
}

/* ---- reload and stop ---------------------------------------------------------------------------------------------- */

static void app_keep(char **value, const char *old, const char *key)
{
	if (strcmp(*value, old) == 0)
		return;
	log_warning("%s: the change from %s to %s takes a restart", key, old, *value);
	free(*value);
	*value = mem_dup(old);
}

/* Of a channel that was left out for a while, its server may have asked for one before. */
static void app_reload_pauses(struct app *app)
{
	struct err err;
	if (app_load_pauses(app, &err) < 0)
		log_warning("channels that come back do not wait as long as their servers asked for: %s", err.text);
}

void app_reload(struct app *app, struct setup *setup, struct instant now)
{
	struct setup *old = app->setup;
	struct app_channel **old_channels = app->channels;
	app_keep(&setup->conf->database, old->conf->database, "database");
	app_keep(&setup->conf->state_dir, old->conf->state_dir, "state_dir");

	free(app->planner_channels);
	app->setup = setup;
	app->has_noticed_rules = false;
	app->must_show_anew = true;
	brake_set_limits(&app->brake, setup->conf);
	app_start_channels(app, old_channels, old->n_channels, now);
	app_reload_pauses(app);

	for (size_t i = 0; i < old->n_channels; i++) {
		channel_stop(old_channels[i]->channel);
		old_channels[i]->next = app->retired_channels;
		app->retired_channels = old_channels[i];
	}
	free(old_channels);
	app->retired = mem_grow(app->retired, app->n_retired + 1, sizeof(struct setup *));
	app->retired[app->n_retired++] = old;
	app->next_wake_utc = now.wall_s;
}

void app_lift_brakes(struct app *app)
{
	app->brake.is_lifted = true;
}

void app_only_count(struct app *app)
{
	app->only_counts = true;
}

void app_log_once(struct app *app)
{
	app->logged = mem_zero(1, sizeof(*app->logged));
}

const struct brake *app_brakes(const struct app *app)
{
	return &app->brake;
}

void app_stop(struct app *app)
{
	app->is_stopping = true;
	for (size_t i = 0; i < app->setup->n_channels; i++)
		channel_stop(app->setup->channels[i]);
}

/* Of the channels that have the name, the one that has it under way; any of them when it certainly has not left. NULL: there
 * is none. */
static struct app_channel *app_carrier(const struct app *app, const char *name, int64_t id, bool *ret_may_have)
{
	struct app_channel *found = NULL;
	*ret_may_have = false;
	for (size_t i = 0; i < app->setup->n_channels && !*ret_may_have; i++)
		if (strcmp(app->channels[i]->channel->name, name) == 0) {
			found = app->channels[i];
			*ret_may_have = channel_may_have(found->channel, id);
		}
	for (struct app_channel *entry = app->retired_channels; entry != NULL && !*ret_may_have; entry = entry->next)
		if (strcmp(entry->channel->name, name) == 0) {
			found = entry;
			*ret_may_have = channel_may_have(entry->channel, id);
		}
	return found;
}

static int app_abandon_one(struct app *app, int64_t id, struct err *err)
{
	struct store_peek message;
	struct channel_result result;
	bool may_have;
	int status = store_message_peek(app->store, id, &message, err);
	if (status < 0)
		return status;
	struct app_channel *carrier = app_carrier(app, message.channel, id, &may_have);
	if (carrier == NULL)
		return 0;
	channel_result_set(&result, may_have ? CHANNEL_UNKNOWN : CHANNEL_THROTTLED, CHANNEL_BLAME_MESSAGE, 0,
			   may_have ? "sent, but the service was stopped before the reply"
				    : "not sent: the service was stopped before");
	app_note_result(carrier, id, &result);
	return 0;
}

/* What came back is recorded, that of passes which do so as well; then what is 'sending' has no result. */
int app_abandon(struct app *app, struct instant now, struct err *err)
{
	int64_t ids[OUTBOX_BATCH];
	int status;
	do {
		size_t n = 0;
		do {
			status = app_tick(app, now, err);
		} while (status == 0 && app->n_results != 0);
		if (status == 0)
			status = store_message_sending(app->store, ids, OUTBOX_BATCH, &n, err);
		for (size_t i = 0; i < n && status == 0; i++)
			status = app_abandon_one(app, ids[i], err);
	} while (status == 0 && app->n_results != 0);
	return status;
}

bool app_is_idle(const struct app *app)
{
	int64_t sent, in_flight;
	app_counts(app, &sent, &in_flight);
	return in_flight == 0 && app->n_results == 0;
}

const struct setup *app_setup(const struct app *app)
{
	return app->setup;
}

void app_counts(const struct app *app, int64_t *ret_sent, int64_t *ret_in_flight)
{
	*ret_sent = app->n_sent;
	*ret_in_flight = 0;
	for (size_t i = 0; i < app->setup->n_channels; i++)
		*ret_in_flight += channel_in_flight(app->setup->channels[i]);
	for (const struct app_channel *entry = app->retired_channels; entry != NULL; entry = entry->next)
		*ret_in_flight += channel_in_flight(entry->channel);
}
