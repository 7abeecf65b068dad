#include "service/app.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "remind/backoff.h"
#include "remind/gate.h"
#include "remind/outbox.h"
#include "remind/planner.h"
#include "remind/reader.h"
#include "service/brake.h"
#include "service/letter.h"
#include "store/store_message.h"
#include "store/store_person.h"
#include "store/store_reader.h"
#include "store/store_report.h"
#include "store/store_task.h"

enum {
	APP_PLAN_SLICE = 256,  /* tasks planned in one pass: the loop stays responsive however much is due */
	APP_CLAIM_SLICE = 256, /* messages claimed for one channel in one pass */
	APP_RETRY_S = 2,       /* after a pass that could not be committed */
	APP_CLOCK_BACK_S = 60, /* a clock set back by more is worth a line in the log */
	APP_NEXT_TRY_MAX_S = 4 * 86400,
};

struct app;

/* A channel with the app's own knowledge of it. */
struct app_channel {
	struct app *app;
	struct channel *channel;
	struct gate gate;
	struct app_channel *next; /* older ones, of configurations that were replaced, follow the current ones */
};

struct app_result {
	int64_t id;
	struct channel_result result;
	struct app_channel *from;
	bool is_judged;           /* the gate has heard of it */
	bool is_empty;            /* nothing was left to say */
	enum message_state state; /* filled by settling, said after the commit */
	int64_t next_utc;
};

struct app_claim {
	struct app_channel *channel;
	int64_t ids[APP_CLAIM_SLICE];
	size_t n;
};

struct app {
	struct store *store;
	struct setup *setup;
	struct setup **retired;
	size_t n_retired;
	struct app_channel **channels; /* as in setup->channels */
	struct app_channel *retired_channels;
	struct planner_channel *planner_channels;
	struct transfer *transfer;
	app_wake_cb wake;
	void *wake_arg;

	struct app_result *results; /* came in, not settled yet */
	size_t n_results, size_results;
	struct brake brake;
	int64_t last_wall_s, next_expiry_utc, next_wake_utc;
	int64_t n_sent;
	int failing; /* error of the last pass; said once until it changes */
	bool is_stopping;
	bool has_noticed_policies; /* the plan was made with the policies of setup */
};

/* ---- channels ----------------------------------------------------------------------------------------------------- */

static void app_on_result(void *arg, int64_t message_id, const struct channel_result *result)
{
	struct app_channel *from = arg;
	struct app *app = from->app;
	if (app->n_results == app->size_results) {
		app->size_results = app->size_results * 2 + 16;
		app->results = mem_grow(app->results, app->size_results, sizeof(*app->results));
	}
	struct app_result *entry = &app->results[app->n_results++];
	*entry = (struct app_result){.id = message_id, .result = *result, .from = from};
	if (result->verdict == CHANNEL_THROTTLED)
		entry->result.retry_after_s++; /* our second began before the peer's: asking early is an offence */
	app->wake(app->wake_arg);
}

/* A pause that the server asked for outlives a reload; one that we took because it failed does not: what failed may just
 * have been corrected. */
static void app_inherit_gate(struct gate *gate, struct app_channel *const *old, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(old[i]->channel->name, name) == 0 && old[i]->gate.failures == 0)
			gate->paused_until_utc = old[i]->gate.paused_until_utc;
}

static void app_start_channels(struct app *app, struct app_channel *const *old, size_t n_old, struct instant now)
{
	const struct setup *setup = app->setup;
	app->channels = mem_zero(setup->n_channels, sizeof(struct app_channel *));
	app->planner_channels = mem_zero(setup->n_channels, sizeof(struct planner_channel));
	for (size_t i = 0; i < setup->n_channels; i++) {
		struct channel *channel = setup->channels[i];
		struct app_channel *entry = mem_zero(1, sizeof(*entry));
		*entry = (struct app_channel){.app = app, .channel = channel};
		gate_init(&entry->gate, channel->rate.count, channel->rate.per_s, now.mono_ms);
		app_inherit_gate(&entry->gate, old, n_old, channel->name);
		channel_start(channel, app->transfer, app_on_result, entry);
		app->channels[i] = entry;
		app->planner_channels[i] = (struct planner_channel){.name = channel->name, .domain = channel->domain};
	}
}

/* Frees configurations whose last transfer has ended and whose last result is settled. */
static void app_free_retired(struct app *app)
{
	if (app->n_results != 0)
		return;
	for (const struct app_channel *entry = app->retired_channels; entry != NULL; entry = entry->next)
		if (channel_in_flight(entry->channel) != 0)
			return;
	while (app->retired_channels != NULL) {
		struct app_channel *entry = app->retired_channels;
		app->retired_channels = entry->next;
		free(entry);
	}
	while (app->n_retired > 0)
		setup_free(app->retired[--app->n_retired]);
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
		.brake = {.limit = setup->conf->messages_per_hour},
		.last_wall_s = now.wall_s,
		.next_wake_utc = now.wall_s,
	};
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
		free(app->channels[i]);
	while (app->retired_channels != NULL) {
		struct app_channel *entry = app->retired_channels;
		app->retired_channels = entry->next;
		free(entry);
	}
	free(app->retired);
	free(app->channels);
	free(app->planner_channels);
	free(app->results);
	free(app);
}

/* What was written under a clock that had been ahead must not wait until that clock's time comes. */
static int app_follow_clock(struct app *app, int64_t now_utc, struct err *err)
{
	int64_t n = 0;
	int status = planner_follow_clock(app->store, now_utc, &n, err);
	if (status == 0 && n > 0)
		log_error("%lld tasks were planned under a clock that had been ahead: they are looked at again",
			  (long long)n);
	return status < 0 ? status : store_message_clamp(app->store, now_utc + APP_NEXT_TRY_MAX_S, now_utc, err);
}

int app_start(struct app *app, struct instant now, struct err *err)
{
	size_t recovered = 0;
	int status = store_begin(app->store, err);
	if (status < 0)
		return status;
	status = outbox_recover(app->store, now.wall_s, &recovered, err);
	if (status == 0)
		status = app_follow_clock(app, now.wall_s, err);
	if (status == 0)
		status = store_hours_load(app->store, &app->brake.hours, err);
	if (status < 0) {
		store_rollback(app->store);
		return status;
	}
	if (recovered != 0)
		log_warning(
			"%zu messages were in flight when the daemon died: they are sent again, with the same Message-ID",
			recovered);
	return store_commit(app->store, err);
}

/* ---- one pass ----------------------------------------------------------------------------------------------------- */

static enum outbox_event app_event(enum channel_verdict verdict)
{
	static const enum outbox_event events[] = {
		[CHANNEL_ACCEPTED] = OUTBOX_ACCEPTED,   [CHANNEL_TEMPORARY] = OUTBOX_TEMPORARY,
		[CHANNEL_THROTTLED] = OUTBOX_THROTTLED, [CHANNEL_PERMANENT] = OUTBOX_PERMANENT,
		[CHANNEL_UNKNOWN] = OUTBOX_UNKNOWN,
	};
	return events[verdict];
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
	else if (result->verdict == CHANNEL_THROTTLED)
		gate_pause(gate, backoff_asked(result->retry_after_s, now_utc));
	else
		(void)gate_failed(gate, now_utc, entry->id);
}

/* The peer's code and words, as people quote them; HTTP's words bring their code along. */
static void app_quote(const struct channel_result *result, char *text, size_t size)
{
	if (result->code != 0 && strncmp(result->reply, "HTTP ", 5) != 0)
		(void)snprintf(text, size, "%d %s", result->code, result->reply);
	else
		(void)snprintf(text, size, "%s", result->reply);
}

static int app_settle(struct app *app, int64_t now_utc, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->n_results && status == 0; i++) {
		struct app_result *entry = &app->results[i];
		char reply[sizeof(entry->result.reply) + 16];
		app_quote(&entry->result, reply, sizeof(reply));
		if (!entry->is_judged)
			app_judge(entry, now_utc);
		const struct outbox_result result = {
			.event = app_event(entry->result.verdict),
			.is_unreachable = entry->result.blame == CHANNEL_BLAME_CHANNEL && entry->result.code == 0,
			.is_empty = entry->is_empty,
			.retry_after_s = entry->result.retry_after_s,
			.code = entry->result.code,
			.reply = reply,
		};
		status = outbox_settle(app->store, entry->id, &result, now_utc, &entry->state, &entry->next_utc, err);
	}
	return status;
}

static int app_plan(struct app *app, int64_t now_utc, bool *ret_more, struct err *err)
{
	const struct planner planner = {
		.policies = app->setup->policies,
		.channels = app->planner_channels,
		.n_channels = app->setup->n_channels,
		.calendars = app->setup->calendars,
		.catch_up_max_age_s = app->setup->conf->catch_up_max_age_s,
	};
	struct store_due due[APP_PLAN_SLICE];
	size_t n = 0;
	int status = store_task_due(app->store, now_utc, due, APP_PLAN_SLICE, &n, err);
	for (size_t i = 0; i < n && status == 0; i++) {
		size_t planned = 0;
		status = planner_plan(&planner, app->store, &due[i], now_utc, &planned, err);
	}
	size_t n_digests = 0;
	if (status == 0)
		status = planner_plan_digests(&planner, app->store, now_utc, &n_digests, err);
	*ret_more = n == APP_PLAN_SLICE || n_digests == PLANNER_DIGESTS;
	return status;
}

/* Old ends of the queue are looked at once a scan, not every pass. */
static int app_expire(struct app *app, int64_t now_utc, bool *ret_more, struct err *err)
{
	size_t n = 0;
	if (now_utc < app->next_expiry_utc && app->next_expiry_utc - now_utc <= app->setup->conf->scan_interval_s)
		return 0;
	int status = outbox_expire(app->store, now_utc - app->setup->conf->catch_up_max_age_s, &n, err);
	if (status == 0 && n != 0)
		log_warning("%zu messages became too late to be of use; see deadlinectl queue --state stale", n);
	if (status == 0 && n == OUTBOX_BATCH)
		*ret_more = true;
	else if (status == 0)
		app->next_expiry_utc = now_utc + app->setup->conf->scan_interval_s;
	return status;
}

static int app_notice_clock(struct app *app, int64_t now_utc, struct err *err)
{
	if (now_utc >= app->last_wall_s - APP_CLOCK_BACK_S)
		return 0;
	log_warning("the clock was set back by %lld s", (long long)(app->last_wall_s - now_utc));
	return app_follow_clock(app, now_utc, err);
}

/* Steps that a change of the policies made due or undue are found by looking at every task once more. */
static int app_notice_policies(struct app *app, struct err *err)
{
	char print[24];
	char *known = NULL;
	if (app->has_noticed_policies)
		return 0;
	(void)snprintf(print, sizeof(print), "%016" PRIx64, policies_fingerprint(app->setup->policies));
	int status = store_meta_load(app->store, "policies", &known, err);
	if (status == 0 && (known == NULL || strcmp(known, print) != 0)) {
		status = store_task_replan_all(app->store, err);
		if (status == 0)
			status = store_meta_save(app->store, "policies", print, err);
	}
	free(known);
	app->has_noticed_policies = status == 0;
	return status;
}

/* Whether a message that comes later than planned may still be sent now. */
static int app_open(void *arg, const char *id, int64_t now_utc, int64_t *ret_open_utc, struct err *err)
{
	const struct app *app = arg;
	struct person person;
	struct reader reader;
	const char *why;
	int status = store_person_load(app->store, id, &person, err);
	if (status < 0)
		return status;
	reader_init(&reader, &person, app->setup->calendars, app->setup->zone);
	*ret_open_utc = hours_open_utc(&reader.time, now_utc, false, &why);
	person_done(&person);
	return 0;
}

static int app_claim(struct app *app, struct app_claim *claims, struct instant now, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++) {
		struct app_channel *entry = app->channels[i];
		unsigned room = channel_room(entry->channel);
		claims[i] = (struct app_claim){.channel = entry};
		room = gate_allow(&entry->gate, room < APP_CLAIM_SLICE ? room : APP_CLAIM_SLICE,
				  channel_in_flight(entry->channel), now.wall_s, now.mono_ms);
		room = room == 0 ? 0 : brake_allow(&app->brake, room, now.wall_s);
		if (room == 0)
			continue;
		status = outbox_claim(app->store, entry->channel->name, now.wall_s, room, app_open, app, claims[i].ids,
				      &claims[i].n, err);
		gate_take(&entry->gate, (unsigned)claims[i].n);
		brake_count(&app->brake, (unsigned)claims[i].n, now.wall_s);
	}
	return status;
}

static size_t app_claimed(const struct app *app, const struct app_claim *claims)
{
	size_t n = 0;
	for (size_t i = 0; i < app->setup->n_channels; i++)
		n += claims[i].n;
	return n;
}

/* Everything a pass writes, as one transaction. Nothing is claimed while there is more to plan: what was missed is to
 * reach each reader as one message, however many tasks it is of. */
static int app_write(struct app *app, struct app_claim *claims, struct instant now, bool *ret_more, struct err *err)
{
	const struct brake before = app->brake;
	const bool had_noticed_policies = app->has_noticed_policies;
	bool has_unplanned = false;
	int status = store_begin(app->store, err);
	if (status < 0)
		return status;
	status = app_settle(app, now.wall_s, err);
	if (status == 0)
		status = app_notice_clock(app, now.wall_s, err);
	if (status == 0)
		status = store_ledger_stamp(app->store, NULL, NULL, now.wall_s, err);
	if (status == 0)
		status = app_notice_policies(app, err);
	if (status == 0 && !app->is_stopping)
		status = app_expire(app, now.wall_s, ret_more, err);
	if (status == 0 && !app->is_stopping)
		status = app_plan(app, now.wall_s, &has_unplanned, err);
	*ret_more = *ret_more || has_unplanned;
	if (status == 0 && !app->is_stopping && !has_unplanned)
		status = app_claim(app, claims, now, err);
	if (status == 0 && app_claimed(app, claims) != 0)
		status = store_hours_save(app->store, &app->brake.hours, err);
	if (status == 0)
		status = store_commit(app->store, err);
	if (status < 0) {
		store_rollback(app->store);
		app->brake = before;
		app->has_noticed_policies = had_noticed_policies;
	}
	return status;
}

static void app_announce(struct app *app)
{
	for (size_t i = 0; i < app->n_results; i++) {
		const struct app_result *entry = &app->results[i];
		char next[32] = "";
		if (entry->state == MESSAGE_PENDING)
			clock_format_utc(entry->next_utc, next);
		app->n_sent += entry->state == MESSAGE_SENT;
		void (*say)(const char *, ...) = entry->state == MESSAGE_SENT ? log_info : log_warning;
		char reply[sizeof(entry->result.reply) + 16];
		app_quote(&entry->result, reply, sizeof(reply));
		say("message=%lld channel=%s %s: %s: %s%s%s", (long long)entry->id, entry->from->channel->name,
		    message_state_name(entry->state), channel_verdict_name(entry->result.verdict), reply,
		    next[0] != '\0' ? ", next try " : "", next);
	}
	app->n_results = 0;
}

static void app_send(struct app *app, const struct app_claim *claim, int64_t now_utc)
{
	for (size_t i = 0; i < claim->n; i++) {
		struct channel *channel = claim->channel->channel;
		struct letter letter;
		struct err err = {0};
		struct channel_result result;
		int status = letter_write(app->store, app->setup, claim->ids[i], now_utc, &letter, &err);
		if (status < 0) {
			channel_result_set(&result, CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, 0, err.text);
			app_on_result(claim->channel, claim->ids[i], &result);
			app->results[app->n_results - 1].is_empty = status == -ENOMSG;
			continue;
		}
		if (channel_check_address(channel, letter.message.to_address, &err)) {
			channel_send(channel, &letter.message);
		} else {
			channel_result_set(&result, CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT, 0, err.text);
			app_on_result(claim->channel, claim->ids[i], &result);
		}
		letter_done(&letter);
	}
}

/* ---- when to come again ------------------------------------------------------------------------------------------- */

static int64_t app_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int app_plan_wake(struct app *app, bool has_more, int64_t now_utc, struct err *err)
{
	int64_t next = now_utc + app->setup->conf->scan_interval_s, at = 0;
	if (has_more || app->n_results != 0) {
		app->next_wake_utc = now_utc;
		return 0;
	}
	int status = app->is_stopping ? 0 : store_task_next_due(app->store, &at, err);
	if (status == 0 && !app->is_stopping)
		next = app_earlier(next, at);
	if (status == 0 && !app->is_stopping)
		status = store_digest_next(app->store, &at, err);
	if (status == 0 && !app->is_stopping)
		next = app_earlier(next, at);
	for (size_t i = 0; i < app->setup->n_channels && status == 0 && !app->is_stopping; i++) {
		struct app_channel *entry = app->channels[i];
		if (channel_room(entry->channel) == 0)
			continue; /* a result will wake us */
		status = store_message_next(app->store, entry->channel->name, &at, err);
		int64_t open = gate_next_utc(&entry->gate, now_utc);
		at = at > open ? at : open;
		if (status == 0 && !app->brake.is_on &&
		    !(entry->gate.failures > 0 && channel_in_flight(entry->channel) > 0))
			next = app_earlier(next, at);
	}
	app->next_wake_utc = next;
	return status;
}

/* Says a failure once, and again when it changes. */
static int app_fail(struct app *app, int status, const struct err *err, int64_t now_utc)
{
	if (status == -EUCLEAN)
		return status;
	if (app->failing != status)
		log_error("nothing can be recorded, so nothing is sent: %s; trying again", err->text);
	app->failing = status;
	app->next_wake_utc = now_utc + APP_RETRY_S;
	return status;
}

int app_tick(struct app *app, struct instant now, struct err *err)
{
	struct app_claim *claims = mem_zero(app->setup->n_channels, sizeof(*claims));
	bool has_more = false;
	int status = app_write(app, claims, now, &has_more, err);
	if (status == 0) {
		if (app->failing != 0)
			log_info("recording works again");
		app->failing = 0;
		app->last_wall_s = now.wall_s;
		app_announce(app);
		for (size_t i = 0; i < app->setup->n_channels; i++)
			app_send(app, &claims[i], now.wall_s);
		app_free_retired(app);
		status = app_plan_wake(app, has_more, now.wall_s, err);
	}
	free(claims);
	return status < 0 ? app_fail(app, status, err, now.wall_s) : 0;
}

int64_t app_next_wake_utc(const struct app *app)
{
	return app->next_wake_utc;
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

void app_reload(struct app *app, struct setup *setup, struct instant now)
{
	struct setup *old = app->setup;
	struct app_channel **old_channels = app->channels;
	app_keep(&setup->conf->database, old->conf->database, "database");
	app_keep(&setup->conf->state_dir, old->conf->state_dir, "state_dir");

	free(app->planner_channels);
	app->setup = setup;
	app->has_noticed_policies = false;
	app->brake.limit = setup->conf->messages_per_hour;
	app_start_channels(app, old_channels, old->n_channels, now);

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

void app_stop(struct app *app)
{
	app->is_stopping = true;
	for (size_t i = 0; i < app->setup->n_channels; i++)
		channel_stop(app->setup->channels[i]);
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
