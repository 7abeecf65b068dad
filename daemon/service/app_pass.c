/* One pass of the app: settle, plan, claim, commit, send. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "service/app_priv.h"
#include "store/store_reader.h"
#include "store/store_report.h"
#include "store/store_task.h"

enum {
	APP_PLAN_SLICE = 256, /* tasks planned in one pass: the loop stays responsive however much is due */
	APP_RETRY_S = 2,      /* after a pass that could not be committed */
};

struct planner app_planner(const struct app *app)
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
		status = store_ledger_stamp(app->store, NULL, NULL, now.wall_s, err);
	if (status == 0)
		status = app_watch(app, now, ret_more, err);
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
