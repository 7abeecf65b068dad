#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/recur.h"
#include "plan/role.h"
#include "remind/reader.h"
#include "remind/schedule.h"
#include "store/store_task.h"
#include "world.h"

enum {
	EXPECT_REACH_DAYS = 120,
	EXPECT_OCCURRENCES_MAX = 256,
	EXPECT_KEPT_S = 80 * 86400, /* less than any message is kept */
};

/* One task, as it stands in the database. */
struct expect_case {
	struct world *world;
	struct task task;
	const struct zone *zone;
	const struct policy *policy;
	int64_t after_utc, until_utc;
	char key[PERIOD_KEY_SIZE]; /* of the occurrence being looked at */
	const struct period *period;
	bool is_acknowledged, has_responsible;
};

/* ---- one step of one reader ------------------------------------------------------------------------------------------ */

/* It may have gone to whoever stands in for the person. */
static int64_t expect_count(struct expect_case *at, const char *person, const char *step, const char *channel)
{
	static const char sql[] =
		"SELECT count(*) FROM reminder WHERE task = ?1 AND occurrence = ?2 AND step = ?3 AND (?5 = '' OR channel = ?5)"
		" AND (person = ?4 OR deputy_for = ?4 OR person IN (SELECT deputy FROM deputy))";
	struct view *view = &at->world->view;
	return view_number(view, view_ask(view, sql, "itttt", at->task.id, at->key, step, person, channel), 0);
}

static bool expect_has_deputy(struct expect_case *at, const char *person)
{
	static const char sql[] = "SELECT 1 FROM deputy WHERE person = ?1 LIMIT 1";
	return view_number(&at->world->view, view_ask(&at->world->view, sql, "t", person), 0) != 0;
}

static void expect_missing(struct expect_case *at, const char *person, const struct step *step, int64_t due_utc,
			   const char *channel)
{
	if (!at->world->view.is_broken)
		world_fail(at->world, "I1: task %s %s: '%s' for %s on %s was due %lld s ago and is not there",
			   at->task.uid, at->key, step->text, person, channel[0] != '\0' ? channel : "any channel",
			   (long long)(at->until_utc - due_utc));
}

static bool expect_is_usable(struct expect_case *at, const char *person, const char *channel)
{
	static const char sql[] =
		"SELECT 1 FROM address a WHERE person = ?1 AND channel = ?2 AND NOT EXISTS (SELECT 1 FROM"
		" suspension s WHERE s.person = ?1 AND s.channel = ?2 AND s.reason IS NOT NULL)";
	return view_number(&at->world->view, view_ask(&at->world->view, sql, "tt", person, channel), 0) != 0;
}

static void expect_all_channels(struct expect_case *at, const char *person, const struct order *order,
				const struct step *step, int64_t due_utc)
{
	const struct setup *setup = app_setup(at->world->app);
	for (size_t i = 0; i < setup->n_channels; i++) {
		const char *channel = setup->channels[i]->name;
		if (order_has(order, channel) && expect_is_usable(at, person, channel) &&
		    expect_count(at, person, step->text, channel) == 0)
			expect_missing(at, person, step, due_utc, channel);
	}
}

/* How many of its rows there are; what was written under another order, before the last change, may be left out. */
static int64_t expect_rows(struct expect_case *at, const char *sql, const char *person, const struct step *step,
			   const char *channel)
{
	struct view *view = &at->world->view;
	return view_number(view,
			   view_ask(view, sql, "itttti", at->task.id, at->key, step->text, person, channel,
				    at->world->tasks[at->task.id].since_message),
			   0);
}

/* I12: on one channel at a time, and on the next one as soon as those before have given up. */
static void expect_first_channel(struct expect_case *at, const char *person, const struct order *order,
				 const struct step *step)
{
	static const char any[] = "SELECT count(*) FROM reminder r WHERE task = ?1 AND occurrence = ?2 AND step = ?3"
				  " AND person = ?4 AND channel = ?5";
	static const char live[] =
		"SELECT count(*) FROM reminder r JOIN message m ON m.id = r.message WHERE task = ?1 AND occurrence = ?2"
		" AND step = ?3 AND r.person = ?4 AND (?5 = '' OR m.id > ?6) AND dropped IS NULL"
		" AND state IN ('pending', 'sending', 'held', 'sent')";
	static const char over[] =
		"SELECT count(*) FROM reminder r WHERE task = ?1 AND occurrence = ?2 AND step = ?3 AND person = ?4"
		" AND channel = ?5 AND message > ?6 AND (dropped LIKE 'sent by % instead' OR dropped IN ('no address', 'address suspended')"
		"  OR (SELECT state FROM message WHERE id = r.message) = 'dead')";
	int64_t n_live = expect_rows(at, live, person, step, "since");
	if (n_live > 1 && !at->world->view.is_broken)
		world_fail(at->world, "I12: task %s %s: '%s' for %s is on %lld channels at once", at->task.uid, at->key,
			   step->text, person, (long long)n_live);
	bool is_told = expect_rows(at, live, person, step, "") > 0;
	for (size_t i = 0; i + 1 < order->channels.n && !is_told; i++) {
		const char *channel = order->channels.items[i], *next = order->channels.items[i + 1];
		if (expect_rows(at, over, person, step, channel) != 0 && expect_is_usable(at, person, next) &&
		    expect_rows(at, any, person, step, next) == 0 && !at->world->view.is_broken)
			world_fail(at->world, "I12: task %s %s: '%s' for %s is given up on %s, and is not on %s",
				   at->task.uid, at->key, step->text, person, channel, next);
	}
}

/* A row on each channel of the order that the reader has, or on the first that works; one that says so where there is
 * none. */
static void expect_due(struct expect_case *at, const struct person *reader, const struct schedule_due *due)
{
	const char *person = reader->id;
	const struct step *step = due->step;
	struct order own;
	if (expect_count(at, person, step->text, "") == 0) {
		expect_missing(at, person, step, due->due_utc, "");
		return;
	}
	if (due->is_again || expect_has_deputy(at, person)) /* it may have come before the order was what it is */
		return;
	const struct order *order = order_of(reader, &at->policy->order, &own);
	if (order->is_first)
		expect_first_channel(at, person, order, step);
	else
		expect_all_channels(at, person, order, step, due->due_utc);
	order_done(&own);
}

/* Whom a step speaks to, and whether it still has something to say. */
static bool expect_speaks(const struct expect_case *at, const struct step *step, const struct person *person)
{
	bool is_late = step->kind == STEP_OVERDUE || step->kind == STEP_HANDOFF || step->kind == STEP_ESCALATE;
	const struct period *period = at->period;
	struct civil after = civil_add_days(&period->end, 1);
	bool are_days = period->precision == PERIOD_RANGE && (period->start.day != 1 || after.day != 1);
	bool is_date_known = period->precision == PERIOD_MINUTE || period->precision == PERIOD_DAY || are_days;
	return (step->roles & person->roles) != 0 && !(is_late && at->is_acknowledged) &&
	       !(step->kind == STEP_FIX_DATE && is_date_known);
}

/* Not by schedule(): what is due must not be decided by what is on trial. */
static void expect_reader(struct expect_case *at, const struct person *person)
{
	struct reader reader;
	reader_init(&reader, person, app_setup(at->world->app)->calendars, at->zone);
	const struct schedule_query query = {.period = at->period,
					     .event_zone = at->zone,
					     .reader_zone = reader.time.zone,
					     .calendar = reader.time.calendar,
					     .hours = at->task.is_urgent ? NULL : &reader.time.hours,
					     .after_utc = at->after_utc};
	for (size_t i = 0; i < at->policy->n_steps && at->world->failure[0] == '\0'; i++) {
		const struct step *step = &at->policy->steps[i];
		const struct schedule_due due = schedule_step(&query, step);
		if (due.due_utc > at->after_utc && due.due_utc <= at->until_utc && expect_speaks(at, step, person))
			expect_due(at, person, &due);
	}
}

/* ---- one occurrence -------------------------------------------------------------------------------------------------- */

static unsigned expect_roles(const struct expect_case *at, const char *words)
{
	static const struct {
		const char *name;
		enum role role;
	} roles[] = {{"responsible", ROLE_RESPONSIBLE},
		     {"participant", ROLE_PARTICIPANT},
		     {"supervisor", ROLE_SUPERVISOR},
		     {"watcher", ROLE_WATCHER}};
	unsigned all = 0;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strstr(words, roles[i].name) != NULL)
			all |= ROLE_BIT(roles[i].role);
	if (!at->has_responsible && (all & ROLE_BIT(ROLE_PARTICIPANT)) != 0)
		all |= ROLE_BIT(ROLE_RESPONSIBLE);
	return all;
}

static void expect_occurrence(struct expect_case *at, const struct period *period)
{
	static const char acknowledged[] = "SELECT 1 FROM acknowledgement WHERE task = ?1 AND occurrence = ?2";
	static const char people[] =
		"SELECT p.id, p.zone, p.calendar, group_concat(part.role), p.channels, p.quiet, p.work FROM part JOIN person p ON p.id = part.person"
		" WHERE part.task = ?1 AND p.active = 1 GROUP BY p.id";
	struct view *view = &at->world->view;
	at->period = period;
	period_key(period, at->key);
	at->is_acknowledged = view_number(view, view_ask(view, acknowledged, "it", at->task.id, at->key), 0) != 0;
	sqlite3_stmt *stmt = view_ask(view, people, "i", at->task.id);
	while (view_row(view, stmt)) {
		const struct person person = {.id = (char *)view_text(stmt, 0),
					      .zone = (char *)view_text(stmt, 1),
					      .calendar = (char *)view_text(stmt, 2),
					      .channels = (char *)view_text(stmt, 4),
					      .quiet = (char *)view_text(stmt, 5),
					      .work = (char *)view_text(stmt, 6),
					      .roles = expect_roles(at, view_text(stmt, 3))};
		expect_reader(at, &person);
	}
}

/* ---- one task -------------------------------------------------------------------------------------------------------- */

static void expect_ruled(struct expect_case *at)
{
	static const char said[] = "SELECT 1 FROM occurrence WHERE task = ?1 AND date = ?2"
				   " AND (status <> 'open' OR moved_key IS NOT NULL)";
	static struct civil starts[EXPECT_OCCURRENCES_MAX];
	struct recur *recur = NULL;
	size_t n = 0;
	struct civil from = zone_to_civil(at->zone, at->after_utc), to = zone_to_civil(at->zone, at->until_utc);
	from = civil_add_days(&from, -EXPECT_REACH_DAYS);
	to = civil_add_days(&to, EXPECT_REACH_DAYS);
	if (recur_new(&at->task.period, at->task.rrule, at->task.rdate, at->task.exdate, at->zone, &recur, NULL) < 0)
		return;
	int status = recur_between(recur, &from, &to, EXPECT_OCCURRENCES_MAX, starts, &n, NULL);
	for (size_t i = 0; i < n && status == 0; i++) {
		char key[PERIOD_KEY_SIZE];
		struct period period = recur_period(&at->task.period, &starts[i]);
		period_key(&period, key);
		if (view_number(&at->world->view, view_ask(&at->world->view, said, "it", at->task.id, key), 0) == 0)
			expect_occurrence(at, &period);
	}
	recur_free(recur);
}

static void expect_dates(struct expect_case *at)
{
	static const char responsible[] = "SELECT 1 FROM part JOIN person p ON p.id = part.person WHERE part.task = ?1"
					  " AND p.active = 1 AND part.role = 'responsible' LIMIT 1";
	struct view *view = &at->world->view;
	at->zone = zone_find(at->task.zone);
	at->policy = policies_find(app_setup(at->world->app)->policies, at->task.policy);
	at->has_responsible = view_number(view, view_ask(view, responsible, "i", at->task.id), 0) != 0;
	if (at->task.rrule[0] == '\0')
		expect_occurrence(at, &at->task.period);
	else
		expect_ruled(at);
}

/* Whether the planner has looked at the task since its facts changed. */
static bool expect_is_planned(struct world *world, int64_t task)
{
	static const char sql[] =
		"SELECT 1 FROM task WHERE id = ?1 AND status = 'open' AND next_due_utc > ?2 AND planned_until IS NOT NULL";
	return view_number(&world->view, view_ask(&world->view, sql, "ii", task, world->last_pass_utc), 0) != 0;
}

static int64_t expect_planned_until(struct world *world, int64_t task)
{
	static const char sql[] = "SELECT planned_until FROM task WHERE id = ?1";
	return view_number(&world->view, view_ask(&world->view, sql, "i", task), -1);
}

static void expect_task(struct world *world, int64_t task)
{
	struct expect_case at = {.world = world, .until_utc = world->last_pass_utc};
	if (world->app == NULL || world->failure[0] != '\0' || !expect_is_planned(world, task))
		return;
	if (world->tasks[task].since_utc < 0) {
		world->tasks[task].since_utc = expect_planned_until(world, task);
		return;
	}
	at.after_utc = world->tasks[task].since_utc;
	if (at.after_utc >= at.until_utc || store_task_load(world->desk, task, &at.task, NULL) < 0)
		return;
	expect_dates(&at);
	task_done(&at.task);
}

/* ---- what was cancelled ---------------------------------------------------------------------------------------------- */

/* The end of what they were told, by its key alone. */
static bool expect_is_ahead(struct world *world, const struct zone *zone, const char *key)
{
	const char *slash = strchr(key, '/');
	struct civil end;
	bool has_time = false;
	if (!civil_parse(slash != NULL ? slash + 1 : key, &end, &has_time))
		return false;
	if (!has_time)
		end = civil_add_days(&end, 1);
	return zone_to_utc(zone, &end) > world->highest_utc; /* whatever the clock said when it was looked at */
}

/* A row on any channel, sent or with the reason why not, to the person or whoever stands in. */
static bool expect_is_told_off(struct world *world, int64_t task, const char *person, int64_t after_message)
{
	static const char sql[] =
		"SELECT 1 FROM reminder WHERE task = ?1 AND step LIKE 'cancelled %' AND (person = ?2 OR deputy_for = ?2"
		" OR person IN (SELECT deputy FROM deputy)) AND (message IS NULL OR message > ?3) LIMIT 1";
	return view_number(&world->view, view_ask(&world->view, sql, "iti", task, person, after_message), 0) != 0;
}

/* Of a task that does not repeat: the last message to each of its people decides what they know. Of older ones later ones
 * may be gone: old messages about a closed task are removed. */
static void expect_cancelled(struct world *world, int64_t task)
{
	static const char planned[] = "SELECT 1 FROM task WHERE id = ?1 AND status = 'cancelled' AND rrule = ''"
				      " AND next_due_utc IS NOT NULL";
	static const char zones[] = "SELECT zone FROM task WHERE id = ?1";
	static const char told[] =
		"SELECT coalesce(r.deputy_for, r.person) AS who, r.occurrence, r.step, max(r.message) FROM reminder r"
		" JOIN message m ON m.id = r.message AND m.state = 'sent' JOIN person p"
		" ON p.id = coalesce(r.deputy_for, r.person) AND p.active = 1 WHERE r.task = ?1 AND EXISTS (SELECT 1 FROM part"
		"  WHERE task = ?1 AND person = p.id) GROUP BY who HAVING r.step NOT LIKE 'cancelled %' AND m.due_utc > ?2";
	struct view *view = &world->view;
	if (view_number(view, view_ask(view, planned, "i", task), 0) == 0)
		return;
	sqlite3_stmt *stmt = view_ask(view, zones, "i", task);
	const struct zone *zone = view_row(view, stmt) ? zone_find(view_text(stmt, 0)) : NULL;
	view_drop(stmt);
	stmt = view_ask(view, told, "ii", task, world->highest_utc - EXPECT_KEPT_S);
	while (zone != NULL && view_row(view, stmt))
		if (expect_is_ahead(world, zone, view_text(stmt, 1)) &&
		    !expect_is_told_off(world, task, view_text(stmt, 0), sqlite3_column_int64(stmt, 3)) &&
		    !view->is_broken)
			world_fail(world, "I13: task %lld is cancelled, %s knows its date %s and does not hear of it",
				   (long long)task, view_text(stmt, 0), view_text(stmt, 1));
}

/* Whether the rule gives the date, whatever was said of it since. */
static bool expect_is_given(const struct expect_case *at, const char *key)
{
	struct recur *recur = NULL;
	struct civil start, found;
	char given[PERIOD_KEY_SIZE];
	size_t n = 0;
	if (!civil_parse(key, &start, NULL) ||
	    recur_new(&at->task.period, at->task.rrule, at->task.rdate, at->task.exdate, at->zone, &recur, NULL) < 0)
		return true;
	struct civil end = civil_from_seconds(civil_to_seconds(&start) + 1);
	int status = recur_between(recur, &start, &end, 1, &found, &n, NULL);
	recur_free(recur);
	if (status < 0 || n == 0)
		return status < 0;
	struct period period = recur_period(&at->task.period, &found);
	period_key(&period, given);
	return strcmp(given, key) == 0;
}

/* Likewise that the day of a series which they know has another hour, or no date any more. */
static void expect_ruled_out(struct expect_case *at)
{
	static const char told[] =
		"SELECT coalesce(r.deputy_for, r.person) AS who, r.occurrence, r.step, max(r.message) FROM reminder r"
		" JOIN message m ON m.id = r.message AND m.state = 'sent' JOIN person p"
		" ON p.id = coalesce(r.deputy_for, r.person) AND p.active = 1 WHERE r.task = ?1 AND EXISTS (SELECT 1 FROM part"
		"  WHERE task = ?1 AND person = p.id)"
		" AND r.occurrence NOT IN (SELECT key FROM moved_to WHERE task = ?1)"
		" AND r.occurrence NOT IN (SELECT date FROM occurrence WHERE task = ?1)"
		" GROUP BY who, substr(r.occurrence, 1, 10) HAVING r.step NOT LIKE 'cancelled %' AND m.due_utc > ?2";
	static const char moved[] =
		"SELECT 1 FROM reminder WHERE task = ?1 AND step LIKE 'moved %' AND (person = ?2 OR deputy_for = ?2"
		" OR person IN (SELECT deputy FROM deputy)) AND (message IS NULL OR message > ?3) LIMIT 1";
	struct world *world = at->world;
	struct view *view = &world->view;
	sqlite3_stmt *stmt = view_ask(view, told, "ii", at->task.id, world->highest_utc - EXPECT_KEPT_S);
	while (view_row(view, stmt)) {
		const char *who = view_text(stmt, 0), *key = view_text(stmt, 1);
		int64_t message = sqlite3_column_int64(stmt, 3);
		if (expect_is_ahead(world, at->zone, key) && !expect_is_given(at, key) &&
		    !expect_is_told_off(world, at->task.id, who, message) &&
		    view_number(view, view_ask(view, moved, "iti", at->task.id, who, message), 0) == 0 &&
		    !view->is_broken)
			world_fail(
				world,
				"I13: the rule of task %lld does not give %s any more, %s knows it and hears nothing",
				(long long)at->task.id, key, who);
	}
}

/* Whether the rule gives another hour of that day, and only one, of which nothing is noted. */
static bool expect_has_other_hour(const struct expect_case *at, const char *key)
{
	static const char said[] = "SELECT 1 FROM occurrence WHERE task = ?1 AND date = ?2";
	struct recur *recur = NULL;
	struct civil day, starts[2];
	char given[PERIOD_KEY_SIZE], date[CIVIL_DATE_SIZE] = "";
	size_t n = 0;
	(void)snprintf(date, sizeof(date), "%.10s", key);
	if (!civil_parse(date, &day, NULL) ||
	    recur_new(&at->task.period, at->task.rrule, at->task.rdate, at->task.exdate, at->zone, &recur, NULL) < 0)
		return false;
	struct civil end = civil_add_days(&day, 1);
	int status = recur_between(recur, &day, &end, 2, starts, &n, NULL);
	recur_free(recur);
	if (status < 0 || n != 1)
		return false;
	struct period period = recur_period(&at->task.period, &starts[0]);
	period_key(&period, given);
	return strcmp(given, key) != 0 &&
	       view_number(&at->world->view, view_ask(&at->world->view, said, "it", at->task.id, given), 0) == 0;
}

static void expect_said(struct expect_case *at)
{
	static const char said[] = "SELECT date FROM occurrence WHERE task = ?1 AND date > ?2";
	char from[CIVIL_TEXT_SIZE];
	struct view *view = &at->world->view;
	struct civil day = zone_to_civil(at->zone, at->world->now.wall_s);
	day = civil_add_days(&day, -300);
	civil_format_date(&day, from);
	sqlite3_stmt *stmt = view_ask(view, said, "it", at->task.id, from);
	while (view_row(view, stmt))
		if (expect_has_other_hour(at, view_text(stmt, 0)) && !view->is_broken)
			world_fail(at->world,
				   "I14: task %lld: what was said of %s is of no date, though its day has one",
				   (long long)at->task.id, view_text(stmt, 0));
}

static void expect_rule(struct world *world, int64_t task)
{
	struct expect_case at = {.world = world};
	if (!expect_is_planned(world, task) || store_task_load(world->desk, task, &at.task, NULL) < 0)
		return;
	at.zone = zone_find(at.task.zone);
	if (at.task.rrule[0] != '\0') {
		expect_ruled_out(&at);
		expect_said(&at);
	}
	task_done(&at.task);
}

void expect_all(struct world *world)
{
	for (int64_t task = 1; task <= world->n_tasks; task++) {
		expect_task(world, task);
		if (world->app == NULL || world->failure[0] != '\0')
			continue;
		expect_cancelled(world, task);
		expect_rule(world, task);
	}
}

/* What the new facts make due at an instant by which the daemon had looked is nothing that it missed: when this very task
 * was planned last makes no difference. A clock that was set back leaves it unknown: from the next plan on. */
static int64_t expect_since(struct world *world, int64_t task)
{
	int64_t until = expect_planned_until(world, task), looked = world->looked_utc;
	if (until < 0 || world->view.is_broken || looked > world->now.wall_s)
		return -1;
	return until > looked ? until : looked;
}

void expect_open(struct world *world, int64_t task)
{
	int64_t until = expect_planned_until(world, task);
	world->tasks[task].since_utc = world->view.is_broken ? -1 : until;
}

void expect_change(struct world *world, int64_t task)
{
	expect_task(world, task);
	world->tasks[task].since_utc = expect_since(world, task);
	world->tasks[task].since_message =
		view_number(&world->view, view_ask(&world->view, "SELECT max(id) FROM message", ""), 0);
}

void expect_change_all(struct world *world)
{
	for (int64_t task = 1; task <= world->n_tasks; task++)
		expect_change(world, task);
}

void expect_change_person(struct world *world, const char *person)
{
	static const char sql[] = "SELECT 1 FROM part WHERE task = ?1 AND person = ?2 LIMIT 1";
	for (int64_t task = 1; task <= world->n_tasks; task++)
		if (view_number(&world->view, view_ask(&world->view, sql, "it", task, person), 0) != 0)
			expect_change(world, task);
}
