/* What a pass looks after besides reminders: rules that have changed, what the operator is to hear of, the old end of the
 * queue, whose turn it is, what is removed, the daily copy, the audit. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "remind/notice.h"
#include "remind/outbox.h"
#include "remind/turn.h"
#include "service/app_priv.h"
#include "service/upkeep.h"
#include "service/warnings.h"
#include "store/store_task.h"

/* Once a day: they were tried, and somebody may have waited for them. */
static int app_tell_stale(struct app *app, size_t n_tried, int64_t now_utc, struct err *err)
{
	const struct planner planner = app_planner(app);
	if (n_tried == 0)
		return 0;
	char *text =
		mem_printf("%zu %s tried in vain until too late to be of use; see deadlinectl queue --state stale. "
			   "Of more today only the log tells.",
			   n_tried, num_word((int64_t)n_tried, "message was", "messages were"));
	int status = notice_again(&planner, app->store, NOTICE_DAILY, app->setup->zone, "stale", text, now_utc, err);
	free(text);
	return status;
}

/* Old ends of the queue are looked at once a scan, not every pass. */
static int app_expire(struct app *app, int64_t now_utc, bool *ret_more, struct err *err)
{
	size_t n = 0, n_tried = 0;
	if (now_utc < app->next_expiry_utc && app->next_expiry_utc - now_utc <= app->setup->conf->scan_interval_s)
		return 0;
	int status = outbox_expire(app->store, now_utc - app->setup->conf->catch_up_max_age_s, &n, &n_tried, err);
	if (status == 0 && n != 0)
		log_warning("%zu %s too late to be of use; see deadlinectl queue --state stale", n,
			    num_word((int64_t)n, "message became", "messages became"));
	if (status == 0)
		status = app_tell_stale(app, n_tried, now_utc, err);
	if (status == 0 && n == OUTBOX_BATCH)
		*ret_more = true;
	else if (status == 0)
		app->next_expiry_utc = now_utc + app->setup->conf->scan_interval_s;
	return status;
}

/* Before anything is claimed: what another channel is to say is not sent here once more. */
static int app_turn(struct app *app, int64_t now_utc, bool *ret_more, struct err *err)
{
	const struct planner planner = app_planner(app);
	size_t n = 0;
	int status = turn_due(&planner, app->store, now_utc, &n, err);
	*ret_more = *ret_more || n == TURN_BATCH;
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
	for (size_t i = 0; i < warnings.n && status == 0; i++)
		status = notice_again(&planner, app->store, NOTICE_MONTHLY, setup->zone, warnings.items[i],
				      warnings.items[i], now_utc, err);
	strlist_done(&warnings);
	app->watched_month = status == 0 ? month : 0;
	return status;
}

/* What the plan was made by: policies, working days, the rules of the time zones. */
static uint64_t app_rules_print(const struct app *app)
{
	uint64_t print = policies_fingerprint(app->setup->policies);
	print = hash_mix(print ^ calendars_fingerprint(app->setup->calendars));
	return hash_mix(print ^ zone_rules_fingerprint());
}

static uint64_t app_channels_print(const struct app *app)
{
	uint64_t print = 0;
	for (size_t i = 0; i < app->setup->n_channels; i++)
		print = hash_mix(print ^ hash_text(app->setup->channels[i]->name));
	return print;
}

/* What the plan was made by is kept under a key; when it is another now, some tasks are looked at once more. */
static int app_follow_print(struct app *app, const char *key, uint64_t now,
			    int (*replan)(struct store *store, struct err *err), struct err *err)
{
	char print[24];
	char *known = NULL;
	(void)snprintf(print, sizeof(print), "%016" PRIx64, now);
	int status = store_meta_load(app->store, key, &known, err);
	if (status == 0 && (known == NULL || strcmp(known, print) != 0)) {
		status = replan(app->store, err);
		if (status == 0)
			status = store_meta_save(app->store, key, print, err);
	}
	free(known);
	return status;
}

/* Rules make steps of any task due or undue; other channels reach people who had no address. */
static int app_notice_rules(struct app *app, struct err *err)
{
	if (app->has_noticed_rules)
		return 0;
	int status = app_follow_print(app, "rules", app_rules_print(app), store_task_replan_all, err);
	if (status == 0)
		status = app_follow_print(app, "channels", app_channels_print(app), store_task_replan_unreached, err);
	app->has_noticed_rules = status == 0;
	return status;
}

static int app_tell_trouble(struct app *app, struct err *err)
{
	const struct planner planner = app_planner(app);
	const struct trouble *trouble = &app->trouble;
	char since[32];
	if (trouble->lasted_s == 0 || trouble->status != 0)
		return 0;
	clock_format_utc(trouble->since.wall_s, since);
	char *key = mem_printf("trouble %s", since);
	char *text =
		mem_printf("from %s on nothing could be recorded for %lld s, so nothing was sent: %s. It works again, "
			   "and what was due is sent late.",
			   since, (long long)trouble->lasted_s, trouble->err.text);
	int status = notice_once(&planner, app->store, key, text, app->last_wall_s, err);
	free(text);
	free(key);
	return status;
}

/* Once a day for each kind of message in each language: "en/reminder: text: ..." says which. */
static int app_tell_template(struct app *app, int64_t now_utc, struct err *err)
{
	const struct planner planner = app_planner(app);
	if (app->template_problem == NULL)
		return 0;
	char *key = mem_printf("template %.*s", (int)strcspn(app->template_problem, ":"), app->template_problem);
	char *text = mem_printf("a template failed: %s. The message was sent all the same, if need be with the bare "
				"facts. deadlined --check looks at all templates.",
				app->template_problem);
	int status = notice_again(&planner, app->store, NOTICE_DAILY, app->setup->zone, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

void app_keep_told(struct app *app)
{
	app->trouble.lasted_s = 0;
	free(app->template_problem);
	app->template_problem = NULL;
}

/* Once a day, a slice a pass. A pass that is undone leaves its slice for the next day. */
static int app_retain(struct app *app, int64_t now_utc, bool *ret_more, struct err *err)
{
	const struct setup *setup = app->setup;
	struct store_retain *retain = &app->retain;
	const struct civil today = zone_to_civil(setup->zone, now_utc);
	const struct civil cutoff = zone_to_civil(setup->zone, now_utc - setup->conf->keep_s);
	char day[CIVIL_DATE_SIZE], cutoff_day[CIVIL_DATE_SIZE];
	civil_format_date(&today, day);
	if (strcmp(day, app->retained_day) == 0)
		return 0;
	civil_format_date(&cutoff, cutoff_day);
	retain->cutoff_utc = now_utc - setup->conf->keep_s;
	retain->cutoff_day = cutoff_day;
	int status = store_retain(app->store, retain, err);
	retain->cutoff_day = NULL;
	if (status < 0)
		return status;
	if (!retain->is_done) {
		*ret_more = true;
		return 0;
	}
	if (retain->n_removed > 0)
		log_info("%lld %s over for longer than keep and removed", (long long)retain->n_removed,
			 num_word(retain->n_removed, "message was", "messages were"));
	*retain = (struct store_retain){0};
	(void)snprintf(app->retained_day, sizeof(app->retained_day), "%s", day);
	return 0;
}

static int app_keep_up(struct app *app, int64_t now_utc, struct err *err)
{
	const struct planner planner = app_planner(app);
	return app->upkeep == NULL ? 0 : upkeep_watch(app->upkeep, &planner, app->setup, app->store, now_utc, err);
}

int app_watch(struct app *app, struct instant now, bool *ret_more, struct err *err)
{
	const bool is_working = !app->is_stopping && !app_distrusts_clock(app, now);
	int status = app_notice_rules(app, err);
	if (status == 0)
		status = app_tell_trouble(app, err);
	if (status == 0)
		status = app_tell_template(app, now.wall_s, err);
	if (status == 0 && is_working)
		status = app_expire(app, now.wall_s, ret_more, err);
	if (status == 0 && is_working)
		status = app_turn(app, now.wall_s, ret_more, err);
	if (status == 0 && is_working)
		status = app_watch_calendars(app, now.wall_s, err);
	if (status == 0 && is_working)
		status = app_retain(app, now.wall_s, ret_more, err);
	if (status == 0 && is_working)
		status = app_keep_up(app, now.wall_s, err);
	if (status == 0 && is_working)
		status = app_audit(app, now, ret_more, err);
	return status;
}
