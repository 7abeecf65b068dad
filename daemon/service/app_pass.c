/* One pass of the app: settle, plan, claim, commit, send. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "remind/backoff.h"
#include "remind/notice.h"
#include "remind/outbox.h"
#include "remind/reader.h"
#include "service/app_priv.h"
#include "service/letter.h"
#include "service/warnings.h"
#include "store/store_person.h"
#include "store/store_reader.h"
#include "store/store_report.h"
#include "store/store_task.h"

enum {
	APP_PLAN_SLICE = 256,  /* tasks planned in one pass: the loop stays responsive however much is due */
	APP_CLAIM_SLICE = 256, /* messages claimed for one channel in one pass */
	APP_RETRY_S = 2,       /* after a pass that could not be committed */
	APP_CLOCK_BACK_S = 60, /* a clock set back by more is worth a line in the log */
};

struct app_claim {
	struct app_channel *channel;
	int64_t ids[APP_CLAIM_SLICE];
	size_t n;
};

/* ---- results ------------------------------------------------------------------------------------------------------ */

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

static struct planner app_planner(const struct app *app)
{
	return (struct planner){
		.policies = app->setup->policies,
		.channels = app->planner_channels,
		.n_channels = app->setup->n_channels,
		.calendars = app->setup->calendars,
		.catch_up_max_age_s = app->setup->conf->catch_up_max_age_s,
		.operator_id = app->setup->conf->operator_id,
	};
}

static int app_plan(struct app *app, int64_t now_utc, bool *ret_more, struct err *err)
{
	const struct planner planner = app_planner(app);
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

/* Once a month, from October on, the operator hears of calendars that lack the next year; of this year, in any month. */
static int app_watch_calendars(struct app *app, int64_t now_utc, struct err *err)
{
	const struct setup *setup = app->setup;
	const struct planner planner = app_planner(app);
	const struct civil today = zone_to_civil(setup->zone, now_utc);
	struct strlist warnings = {0};
	int month = today.year * 12 + today.month;
	if (app->watched_month == month)
		return 0;
	int status = warnings_collect(setup->conf, setup->calendars, setup->zone, app->store, now_utc, &warnings, err);
	for (size_t i = 0; i < warnings.n && status == 0; i++) {
		char *key = mem_printf("%04d-%02d %s", today.year, today.month, warnings.items[i]);
		status = notice_once(&planner, app->store, key, warnings.items[i], now_utc, err);
		free(key);
	}
	strlist_done(&warnings);
	app->watched_month = status == 0 ? month : 0;
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

/* Whether a message that comes later than planned may still be sent now. To somebody who is gone it may: letter_write()
 * says so for that message alone, and the pass goes on. */
static int app_open(void *arg, const char *id, int64_t now_utc, int64_t *ret_open_utc, struct err *err)
{
	const struct app *app = arg;
	struct person person;
	struct reader reader;
	const char *why;
	int status = store_person_load(app->store, id, &person, err);
	*ret_open_utc = now_utc;
	if (status < 0)
		return status == -ENOENT ? 0 : status;
	reader_init(&reader, &person, app->setup->calendars, app->setup->zone);
	*ret_open_utc = hours_open_utc(&reader.time, now_utc, false, &why);
	person_done(&person);
	return 0;
}

/* What the channel, its gate and the brake allow, of what is ready: a limit holds nobody up while nothing waits. */
static int app_allow(struct app *app, struct app_channel *entry, struct instant now, unsigned *ret_room,
		     struct err *err)
{
	unsigned room = channel_room(entry->channel);
	int64_t ready_utc = STORE_NEVER;
	room = gate_allow(&entry->gate, room < APP_CLAIM_SLICE ? room : APP_CLAIM_SLICE,
			  channel_in_flight(entry->channel), now.wall_s, now.mono_ms);
	int status = room == 0 ? 0 : store_message_next(app->store, entry->channel->name, &ready_utc, err);
	*ret_room = brake_allow(&app->brake, ready_utc <= now.wall_s ? room : 0, now.wall_s);
	return status;
}

static int app_claim(struct app *app, struct app_claim *claims, struct instant now, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++) {
		struct app_channel *entry = app->channels[i];
		unsigned room = 0;
		claims[i] = (struct app_claim){.channel = entry};
		status = app_allow(app, entry, now, &room, err);
		if (status < 0 || room == 0)
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
		status = app_watch_calendars(app, now.wall_s, err);
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
		for (size_t i = 0; i < app->setup->n_channels; i++)
			if (claims[i].n != 0)
				gate_give_back(&claims[i].channel->gate, (unsigned)claims[i].n);
		app->has_noticed_policies = had_noticed_policies;
		app->watched_month = 0;
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
			app_note_result(claim->channel, claim->ids[i], &result);
			app->results[app->n_results - 1].is_empty = status == -ENOMSG;
			continue;
		}
		if (channel_check_address(channel, letter.message.to_address, &err)) {
			channel_send(channel, &letter.message);
		} else {
			channel_result_set(&result, CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT, 0, err.text);
			app_note_result(claim->channel, claim->ids[i], &result);
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
