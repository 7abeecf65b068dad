/* One pass of the app: settle, plan, claim, commit, send. While the disk writes the commit, letters are written to what was
 * claimed; nothing leaves before it is durable. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "service/app_priv.h"
#include "store/store_digest.h"
#include "store/store_ledger.h"
#include "store/store_report.h"
#include "store/store_task.h"
#include "store/store_turn.h"

enum {
	APP_PLAN_SLICE = 256,    /* tasks planned in one pass: the loop stays responsive however much is due */
	APP_AHEAD_SLICE = 64,    /* of those whose time is still to come: what is being sent goes on beside it */
	APP_STAMP_SLICE = 4096,  /* ledger rows of others' edits */
	APP_RETRY_S = 2,         /* after a pass that could not be committed */
	APP_SAY_AFTER_MS = 2000, /* another writer is soon done, mostly */
	APP_SAY_AGAIN_MS = 60 * 1000,
	APP_TELL_AFTER_S = 60, /* trouble that lasted so long is the operator's business */
	APP_DOUBT_S = 10,      /* how often a clock that is not believed is looked at */
};

struct planner app_planner(const struct app *app)
{
	return (struct planner){
		.policies = app->setup->policies,
		.channels = app->planner_channels,
		.n_channels = app->setup->n_channels,
		.calendars = app->setup->calendars,
		.catch_up_max_age_s = app->setup->conf->catch_up_max_age_s,
		.looked_utc = app->looked_utc,
		.operator_id = app->setup->conf->operator_id,
		.logged = app->logged,
	};
}

/* Up to max tasks that are due until then. */
static int app_plan_tasks(struct app *app, const struct planner *planner, int64_t now_utc, int64_t until_utc,
			  size_t max, size_t *ret_n, struct err *err)
{
	struct store_due due[APP_PLAN_SLICE];
	int status = store_task_due(app->store, until_utc, due, max, ret_n, err);
	for (size_t i = 0; i < *ret_n && status == 0; i++) {
		size_t planned = 0;
		status = planner_plan(planner, app->store, &due[i], now_utc, &planned, err);
	}
	return status;
}

/* *ret_more: more may be due. */
static int app_plan(struct app *app, int64_t now_utc, bool *ret_more, struct err *err)
{
	const struct planner planner = app_planner(app);
	size_t n_due = 0, n_ahead = 0, n_digests = 0;
	int64_t next_utc = 0;
	int status = store_task_next_due(app->store, &next_utc, err);
	if (status == 0 && next_utc <= now_utc)
		status = app_plan_tasks(app, &planner, now_utc, now_utc, APP_PLAN_SLICE, &n_due, err);
	if (status == 0 && next_utc <= now_utc + PLANNER_AHEAD_S && n_due < APP_PLAN_SLICE)
		status = app_plan_tasks(app, &planner, now_utc, now_utc + PLANNER_AHEAD_S, APP_AHEAD_SLICE, &n_ahead,
					err);
	if (status == 0)
		status = planner_plan_digests(&planner, app->store, now_utc, &n_digests, err);
	*ret_more = n_due == APP_PLAN_SLICE || n_digests == PLANNER_DIGESTS;
	return status;
}

/* The pass is committed, whether or not the disk keeps it: what it has recorded is not recorded again. */
static void app_keep_pass(struct app *app, struct instant now)
{
	app_keep_clock(app, now);
	app_keep_heard(app);
	app_keep_shown(app);
	app_keep_told(app);
	app_each_close(app, true);
}

/* Nothing of the pass is in the database, so nothing is remembered of it. */
static void app_undo_pass(struct app *app, const struct app_claim *claims)
{
	store_rollback(app->store);
	app_unnotice_clock(app);
	brake_forget(&app->brake);
	audit_forget(app->audit);
	app_forget_works(app);
	app_unhear(app);
	app_unshow(app);
	app_each_close(app, false);
	for (size_t i = 0; i < app->setup->n_channels; i++)
		if (claims[i].n != 0)
			gate_give_back(&claims[i].channel->gate, (unsigned)claims[i].n);
	app->has_noticed_rules = false;
	app->watched_month = 0;
}

/* Everything a pass writes, as one transaction. By a clock that is not believed nothing is planned. Nothing is claimed while
 * more is due: what was missed is to reach each reader as one message, however many tasks it is of. */
static int app_write(struct app *app, struct app_claim *claims, struct instant now, bool *ret_more, struct err *err)
{
	const size_t n_results = app->n_results;
	const bool is_working = !app->is_stopping && !app_distrusts_clock(app, now);
	size_t n_stamped = 0;
	bool has_unplanned = false;
	app_each_end(app, now);
	int status = store_begin(app->store, err);
	if (status < 0)
		return status;
	status = app_notice_clock(app, now, err);
	if (status == 0)
		status = app_settle(app, now.wall_s, err);
	if (status == 0)
		status = store_ledger_stamp_some(app->store, APP_STAMP_SLICE, now.wall_s, &n_stamped, err);
	if (status == 0)
		status = app_watch(app, now, ret_more, err);
	if (status == 0 && is_working)
		status = app_hear(app, now.wall_s, err);
	if (status == 0 && is_working)
		status = app_plan(app, now.wall_s, &has_unplanned, err);
	if (status == 0)
		status = app_settle_shown(app, now.wall_s, err);
	*ret_more = *ret_more || has_unplanned || n_stamped == APP_STAMP_SLICE;
	if (status == 0 && is_working && !has_unplanned)
		status = app_claim(app, claims, now, err);
	if (status == 0 && is_working && !has_unplanned && !app->only_counts)
		status = app_show(app, claims, now, err);
	app->has_looked = is_working && !has_unplanned;
	if (status == 0 && (app_claimed(app, claims) != 0 || n_results != 0))
		status = app_note_time(app, now.wall_s, err);
	if (status == 0 && app->is_stopping)
		status = app_note_look(app, err);
	if (status == 0) /* letters are what can be written meanwhile */
		status = app_claimed(app, claims) >= app->ahead_min ? store_commit_ahead(app->store, err)
								    : store_commit(app->store, err);
	if (status == 0)
		app_keep_pass(app, now);
	else
		app_undo_pass(app, claims);
	return status;
}

/* ---- when to come again ------------------------------------------------------------------------------------------- */

static int64_t app_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When a channel has something to send and may. What waits for a result is woken by it. */
static int app_channel_wake(struct app *app, const struct app_channel *entry, int64_t now_utc, int64_t *ret_utc,
			    struct err *err)
{
	bool is_probing = entry->gate.failures > 0 && channel_in_flight(entry->channel) > 0;
	int64_t ready = STORE_NEVER, open = gate_next_utc(&entry->gate, now_utc);
	*ret_utc = STORE_NEVER;
	if (channel_room(entry->channel) == 0 || is_probing)
		return 0;
	int status = store_message_next(app->store, entry->channel->name, &ready, err);
	if (status == 0)
		*ret_utc = ready > open ? ready : open;
	return status;
}

static int app_channels_wake(struct app *app, struct instant now, int64_t *ret_utc, struct err *err)
{
	int64_t at = 0;
	int status = 0;
	*ret_utc = STORE_NEVER;
	if (app->is_draining)
		return 0;
	for (size_t i = 0; i < app->setup->n_channels && status == 0; i++) {
		status = app_channel_wake(app, app->channels[i], now.wall_s, &at, err);
		*ret_utc = app_earlier(*ret_utc, at);
	}
	return status;
}

/* The earliest of what is to plan, to collect, to send and to turn to another channel. */
static int app_find_wake(struct app *app, struct instant now, int64_t *ret_utc, struct err *err)
{
	int64_t task = 0, digest = 0, channel = 0, turn = 0;
	int status = store_begin_reading(app->store, err);
	if (status < 0)
		return status;
	status = store_task_next_due(app->store, &task, err);
	if (status == 0)
		status = store_digest_next(app->store, &digest, err);
	if (status == 0)
		status = app_channels_wake(app, now, &channel, err);
	if (status == 0)
		status = store_turn_next(app->store, &turn, err);
	store_end_reading(app->store);
	task = task == STORE_NEVER ? task : task - PLANNER_AHEAD_S;
	*ret_utc = app_earlier(app_earlier(task, turn), app_earlier(digest, channel));
	*ret_utc = app_earlier(*ret_utc, app_earlier(app_listen_wake(app), app_show_wake(app, now.wall_s)));
	return status;
}

/* A pass that moved something, while more is under way, is soon followed by one that is woken by a result: what is due next
 * is looked for when things calm down, and meanwhile there is a pass in every second anyway. */
static int app_plan_wake(struct app *app, bool has_more, bool has_moved, struct instant now, struct err *err)
{
	int64_t next = now.wall_s + app->setup->conf->scan_interval_s, at = 0, sent, in_flight;
	int status = 0;
	app_counts(app, &sent, &in_flight);
	if (has_more || app->n_results != 0) {
		next = now.wall_s;
	} else if (has_moved && in_flight != 0) {
		next = now.wall_s + 1;
	} else if (app_distrusts_clock(app, now)) {
		next = app_earlier(next, now.wall_s + APP_DOUBT_S);
	} else if (!app->is_stopping) {
		status = app_find_wake(app, now, &at, err);
		next = app_earlier(next, at);
	}
	app->next_wake_utc = next;
	return status;
}

/* ---- when nothing can be recorded --------------------------------------------------------------------------------- */

/* Once it lasts, when the reason changes, and once a minute, however often it comes and goes. */
static void app_say_trouble(struct trouble *trouble, int status, const struct err *err, int64_t mono_ms)
{
	int64_t lasted_ms = mono_ms - trouble->since.mono_ms;
	if (lasted_ms < APP_SAY_AFTER_MS ||
	    (trouble->said_status == status && mono_ms - trouble->said_mono_ms < APP_SAY_AGAIN_MS))
		return;
	log_error("nothing can be recorded, so nothing is sent, for %lld s now: %s; trying again",
		  (long long)lasted_ms / 1000, err->text);
	trouble->is_said = true;
	trouble->said_status = status;
	trouble->said_mono_ms = mono_ms;
}

static int app_fail(struct app *app, int status, const struct err *err, struct instant now)
{
	struct trouble *trouble = &app->trouble;
	if (status == -EUCLEAN)
		return status;
	if (trouble->status == 0 && trouble->lasted_s == 0) { /* what comes back before it is told has never ended */
		trouble->since = now;
		trouble->is_said = false;
	}
	app_say_trouble(trouble, status, err, now.mono_ms);
	trouble->status = status;
	trouble->err = *err;
	app->next_wake_utc = now.wall_s + APP_RETRY_S;
	return status;
}

/* What lasted long enough to be felt, the operator hears of in the next pass. */
static void app_recover(struct app *app, struct instant now)
{
	struct trouble *trouble = &app->trouble;
	int64_t lasted_s = (now.mono_ms - trouble->since.mono_ms) / 1000;
	if (trouble->status == 0)
		return;
	if (trouble->is_said)
		log_info("recording works again, after %lld s", (long long)lasted_s);
	trouble->status = 0;
	trouble->lasted_s = lasted_s >= APP_TELL_AFTER_S ? lasted_s : 0;
	if (trouble->lasted_s != 0)
		app->next_wake_utc = now.wall_s;
}

const char *app_trouble(const struct app *app)
{
	return app->trouble.status != 0 ? app->trouble.err.text : NULL;
}

int64_t app_trouble_utc(const struct app *app)
{
	return app->trouble.status != 0 ? app->trouble.since.wall_s : 0;
}

/* A log that has grown takes room which the next commit may need. */
static void app_make_room(struct app *app)
{
	struct err err;
	if (app->trouble.status == -ENOSPC && store_shrink_log(app->store, &err) < 0)
		log_debug("%s", err.text);
}

/* Results are recorded in any case, and said; but nothing new leaves on the strength of what power may take away. */
static int app_make_durable(struct app *app, struct app_claim *claims, struct instant now, struct err *err)
{
	app_write_ahead(app, claims, now.wall_s);
	int status = store_make_durable(app->store, err);
	if (status == 0)
		return 0;
	app_announce(app);
	app_hold_back(app, claims);
	return status;
}

/* What the pass has decided is done. */
static void app_act(struct app *app, struct app_claim *claims, struct instant now)
{
	app_trust_clock(app, now);
	app_announce(app);
	app_take_audit(app);
	app_resume(app);
	if (app_has_heard(app)) /* no other connection has committed it */
		app_recall(app);
	app_answer(app, now.wall_s);
	app_edit(app, now.wall_s);
	for (size_t i = 0; i < app->setup->n_channels; i++)
		app_send(app, &claims[i], now.wall_s);
	app_listen(app, now.wall_s);
	app_free_retired(app);
}

int app_tick(struct app *app, struct instant now, struct err *err)
{
	struct app_claim *claims = mem_zero(app->setup->n_channels, sizeof(*claims));
	bool has_more = false, has_moved = app->n_results != 0;
	app_make_room(app);
	int status = app_hear_alone(app, now, err);
	if (status == 0)
		status = app_write(app, claims, now, &has_more, err);
	if (status == 0)
		status = app_make_durable(app, claims, now, err);
	if (status == 0) {
		if (app->has_looked)
			app->looked_utc = now.wall_s;
		has_moved = has_moved || app_claimed(app, claims) != 0;
		app_act(app, claims, now);
		status = app_plan_wake(app, has_more || app_hears_on(app, now), has_moved, now, err);
	}
	if (status == 0 && !app->is_stopping) /* then there may be nothing to record */
		app_recover(app, now);
	free(claims);
	return status < 0 ? app_fail(app, status, err, now) : 0;
}

int64_t app_next_wake_utc(const struct app *app)
{
	return app->next_wake_utc;
}
