#include "edits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "plan/civil.h"
#include "plan/period.h"
#include "plan/zone.h"
#include "remind/outbox.h"
#include "store/store_brake.h"
#include "store/store_ledger.h"
#include "store/store_task.h"
#include "world.h"

static const char *const edits_zones[] = {"Asia/Sakhalin",    "Asia/Shanghai", "Europe/Moscow",
					  "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"};

/* What the disk refuses is simply not done. */
static bool edits_run(struct world *world, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	int rc = sqlite3_exec(world->sql, sql, NULL, NULL, NULL);
	trace_say(&world->trace, "sql %d: %.340s", rc, sql);
	if (rc == SQLITE_ERROR || rc == SQLITE_CONSTRAINT) {
		(void)printf("%s: %s\n", sql, sqlite3_errmsg(world->sql));
		abort(); /* our own text */
	}
	if (rc != SQLITE_OK && sqlite3_get_autocommit(world->sql) == 0)
		(void)sqlite3_exec(world->sql, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_free(sql);
	return rc == SQLITE_OK;
}

void edits_count(struct world *world)
{
	static const char sql[] = "SELECT max(id) FROM task";
	int64_t n = view_number(&world->view, view_ask(&world->view, sql, ""), world->n_tasks);
	if (n > WORLD_TASKS_MAX)
		abort();
	world->n_tasks = (int)n;
}

/* ---- dates ----------------------------------------------------------------------------------------------------------- */

struct edits_date {
	char start[CIVIL_TEXT_SIZE], end[CIVIL_TEXT_SIZE]; /* start "" for a limit */
	const char *precision;
};

static void edits_format(const struct civil *civil, bool has_time, char text[CIVIL_TEXT_SIZE])
{
	if (has_time)
		civil_format(civil, text);
	else
		civil_format_date(civil, text);
}

/* A whole unit of months that holds the day. */
static void edits_months(struct civil day, int months, struct edits_date *date)
{
	day.day = 1;
	day.month = (day.month - 1) / months * months + 1;
	struct civil end = civil_add_months(&day, months);
	end = civil_add_days(&end, -1);
	edits_format(&day, false, date->start);
	edits_format(&end, false, date->end);
}

static void edits_draw_date(struct world *world, bool is_repeating, struct edits_date *date)
{
	static const char *const names[] = {"minute",    "day",  "week",  "month", "quarter",
					    "half-year", "year", "range", "day",   "minute"};
	static const int months[] = {0, 0, 0, 1, 3, 6, 12};
	struct dice *dice = &world->edits;
	unsigned kind = is_repeating ? dice_roll(dice, 2) : dice_roll(dice, 10);
	int64_t at_utc = world->now.wall_s + dice_between(dice, -5, 150) * 86400;
	struct civil day = zone_to_civil(zone_find("UTC"), at_utc), end;
	bool is_minute = kind == 0 || kind == 9;
	date->precision = names[kind];
	day.hour = is_minute ? (int)dice_roll(dice, 24) : 0;
	day.minute = is_minute && dice_chance(dice, 500) ? 30 : 0;
	day.second = 0;
	end = day;
	if (kind == 2)
		day = civil_add_days(&day, 1 - civil_weekday(&day));
	if (kind == 2 || kind == 7)
		end = civil_add_days(&day, kind == 2 ? 6 : (int)dice_between(dice, 2, 60));
	edits_format(&day, is_minute, date->start);
	edits_format(&end, is_minute, date->end);
	if (kind >= 3 && kind <= 6)
		edits_months(day, months[kind], date);
	if (kind == 1 && !is_repeating && dice_chance(dice, 300))
		date->start[0] = '\0';
}

/* ---- tasks ----------------------------------------------------------------------------------------------------------- */

static void edits_add_people(struct world *world)
{
	static const char *const roles[] = {"responsible", "participant", "participant", "supervisor", "watcher"};
	int n = 1 + (int)dice_roll(&world->edits, 4);
	for (int i = 0; i < n; i++)
		(void)edits_run(world,
				"INSERT INTO part (task, person, role) VALUES ((SELECT max(id) FROM task), 'p%u', '%s')"
				" ON CONFLICT DO NOTHING",
				dice_roll(&world->edits, (unsigned)world->n_people), dice_pick(&world->edits, roles));
}

static void edits_add_task(struct world *world)
{
	static const char *const policies[] = {"default", "visit", "meeting", "report", "default"};
	static const char *const rules[] = {"FREQ=WEEKLY;COUNT=9", "FREQ=MONTHLY;COUNT=5",
					    "FREQ=DAILY;INTERVAL=10;COUNT=8"};
	struct dice *dice = &world->edits;
	struct edits_date date;
	bool is_repeating = dice_chance(dice, 200), knows_past = dice_chance(dice, 800);
	char planned[32] = "NULL";
	if (world->n_tasks >= WORLD_TASKS_MAX - 1)
		return;
	edits_draw_date(world, is_repeating, &date);
	if (knows_past)
		(void)snprintf(planned, sizeof(planned), "%lld", (long long)world->now.wall_s);
	if (!edits_run(world, "BEGIN IMMEDIATE"))
		return;
	world->tasks[world->n_tasks + 1].since_utc = knows_past ? world->now.wall_s : -1;
	(void)edits_run(
		world,
		"INSERT INTO task (uid, title, start_local, end_local, precision, zone, policy, priority, rrule,"
		" planned_until) VALUES ('t%d', 'Title of %u', nullif('%s', ''), '%s', '%s', '%s', '%s', '%s', '%s', %s)",
		world->n_tasks + 1, dice_roll(dice, 1000), date.start, date.end, date.precision,
		dice_pick(dice, edits_zones), dice_pick(dice, policies), dice_chance(dice, 80) ? "urgent" : "normal",
		is_repeating ? dice_pick(dice, rules) : "", planned);
	edits_add_people(world);
	if (sqlite3_get_autocommit(world->sql) == 0)
		(void)edits_run(world, "COMMIT");
	edits_count(world);
}

static int64_t edits_task(struct world *world)
{
	return world->n_tasks == 0 ? 0 : 1 + dice_roll(&world->edits, (unsigned)world->n_tasks);
}

/* By the store, as deadlinectl writes. */
static void edits_set_status(struct world *world, int64_t task, const char *status)
{
	int code = store_begin(world->desk, NULL);
	if (code == 0)
		code = store_task_set_status(world->desk, task, status, NULL);
	if (code == 0)
		code = store_ledger_stamp(world->desk, "p1", "deadlinectl", world->now.wall_s, NULL);
	if (code == 0)
		code = store_commit(world->desk, NULL);
	else
		store_rollback(world->desk);
	trace_say(&world->trace, "deadlinectl %d: task %lld %s", code, (long long)task, status);
}

static bool edits_is_open(struct world *world, int64_t task)
{
	static const char sql[] = "SELECT 1 FROM task WHERE id = ?1 AND status = 'open'";
	return view_number(&world->view, view_ask(&world->view, sql, "i", task), 0) != 0;
}

static void edits_close_task(struct world *world)
{
	static const char *const statuses[] = {"done", "done", "cancelled", "open"};
	int64_t task = edits_task(world);
	const char *status = dice_pick(&world->edits, statuses);
	bool was_open = edits_is_open(world, task);
	expect_change(world, task);
	if (dice_chance(&world->edits, 500))
		edits_set_status(world, task, status);
	else
		(void)edits_run(world, "UPDATE task SET status = '%s' WHERE id = %lld", status, (long long)task);
	if (!was_open && edits_is_open(world, task))
		expect_open(world, task);
}

static void edits_move_task(struct world *world)
{
	int64_t task = edits_task(world);
	struct edits_date date;
	edits_draw_date(world, false, &date);
	expect_change(world, task);
	(void)edits_run(world,
			"UPDATE task SET start_local = nullif('%s', ''), end_local = '%s', precision = '%s'"
			" WHERE id = %lld AND rrule = ''",
			date.start, date.end, date.precision, (long long)task);
}

static void edits_describe_task(struct world *world)
{
	static const char *const columns[] = {"title = 'Another title'", "policy = 'visit'", "policy = 'meeting'",
					      "priority = 'urgent'",     "note = 'noted'",   "zone = 'Asia/Shanghai'"};
	int64_t task = edits_task(world);
	expect_change(world, task);
	(void)edits_run(world, "UPDATE task SET %s WHERE id = %lld", dice_pick(&world->edits, columns),
			(long long)task);
}

static void edits_change_people(struct world *world)
{
	int64_t task = edits_task(world);
	unsigned person = dice_roll(&world->edits, (unsigned)world->n_people);
	expect_change(world, task);
	if (dice_chance(&world->edits, 500))
		(void)edits_run(world, "DELETE FROM part WHERE task = %lld AND person = 'p%u'", (long long)task,
				person);
	else
		(void)edits_run(world, "INSERT INTO part (task, person) VALUES (%lld, 'p%u') ON CONFLICT DO NOTHING",
				(long long)task, person);
}

/* Of a date whose hour the series has changed since, nobody can say anything any more. */
#define EDITS_HAS_ITS_HOUR                                                                                             \
	" AND CASE substr(r.occurrence, 11, 1) WHEN 'T' THEN substr(r.occurrence, 11, 6) ELSE '' END"                  \
	" = substr(coalesce(t.start_local, t.end_local), 11, 6)"

/* What was last said of a task is the date that somebody speaks about. */
static void edits_one_date(struct world *world)
{
	static const char *const edits[] = {
		"INSERT INTO acknowledgement SELECT r.task, r.occurrence FROM reminder r WHERE r.task = %lld"
		" ORDER BY r.due_utc DESC LIMIT 1 ON CONFLICT DO NOTHING",
		"INSERT INTO occurrence (task, date, status) SELECT r.task, r.occurrence, 'done' FROM reminder r JOIN task t"
		" ON t.id = r.task AND t.rrule <> ''" EDITS_HAS_ITS_HOUR
		" WHERE r.task = %lld ORDER BY r.due_utc DESC LIMIT 1"
		" ON CONFLICT DO NOTHING",
		"INSERT INTO occurrence (task, date, status) SELECT r.task, r.occurrence, 'cancelled' FROM reminder r JOIN task t"
		" ON t.id = r.task AND t.rrule <> ''" EDITS_HAS_ITS_HOUR
		" WHERE r.task = %lld ORDER BY r.due_utc DESC LIMIT 1"
		" ON CONFLICT (task, date) DO UPDATE SET status = 'cancelled'",
		"INSERT INTO occurrence (task, date, status, start_local, end_local, precision, moved_key) SELECT r.task,"
		" r.occurrence, 'open', date(r.occurrence, '+3 days'), date(r.occurrence, '+3 days'), 'day',"
		" date(r.occurrence, '+3 days') FROM reminder r JOIN task t ON t.id = r.task AND t.rrule <> ''"
		" AND t.precision = 'day' WHERE r.task = %lld AND length(r.occurrence) = 10 ORDER BY r.due_utc DESC LIMIT 1"
		" ON CONFLICT DO NOTHING",
	};
	int64_t task = edits_task(world);
	expect_change(world, task);
	(void)edits_run(world, dice_pick(&world->edits, edits), (long long)task);
}

/* Of those that are closed, the one that is most ahead. */
static void edits_reopen_date(struct world *world)
{
	static const char latest[] =
		"SELECT o.task FROM occurrence o JOIN task t ON t.id = o.task AND t.status = 'open' AND t.rrule <> ''"
		" WHERE o.status <> 'open' ORDER BY o.date DESC LIMIT 1";
	int64_t task = view_number(&world->view, view_ask(&world->view, latest, ""), 0);
	if (task == 0)
		return;
	expect_change(world, task);
	if (edits_run(world,
		      "UPDATE occurrence SET status = 'open' WHERE task = %lld AND date = (SELECT max(date)"
		      " FROM occurrence WHERE task = %lld AND status <> 'open')",
		      (long long)task, (long long)task))
		expect_open(world, task);
}

/* A date that somebody knows is taken out, the series goes at another pace or at another hour, or is whole again. */
static void edits_change_rule(struct world *world)
{
	static const char *const edits[] = {
		"exdate = coalesce((SELECT r.occurrence FROM reminder r WHERE r.task = task.id AND r.occurrence NOT IN"
		" (SELECT key FROM moved_to WHERE task = r.task) ORDER BY r.due_utc DESC LIMIT 1), '')",
		"exdate = ''",
		"exdate = '', rrule = 'FREQ=WEEKLY;INTERVAL=2;COUNT=6'",
		"exdate = '', rrule = 'FREQ=DAILY;INTERVAL=10;COUNT=8'",
		"exdate = '', start_local = substr(start_local, 1, 10) || 'T05:00', end_local = substr(end_local, 1, 10)"
		" || 'T05:00', precision = 'minute'",
	};
	int64_t task = edits_task(world);
	expect_change(world, task);
	(void)edits_run(world, "UPDATE task SET %s WHERE id = %lld AND rrule <> ''", dice_pick(&world->edits, edits),
			(long long)task);
}

static void edits_silence(struct world *world)
{
	int64_t task = edits_task(world), until = world->now.wall_s + dice_between(&world->edits, 1, 10) * 86400;
	(void)edits_run(
		world,
		"INSERT INTO silence (task, person, until_utc, reason, author) VALUES (%lld, %s, %lld, 'trip', 'p1')",
		(long long)task, dice_chance(&world->edits, 500) ? "NULL" : "'p2'", (long long)until);
}

/* ---- people ---------------------------------------------------------------------------------------------------------- */

static const char *const edits_quiet[] = {"", "22:00-08:00", "23:30-06:30", "", "12:00-13:00"};
static const char *const edits_work[] = {"", "", "09:00-18:00", "Mon-Fri 09:00-18:00", "Mon,Wed,Fri 10:00-16:00"};
static const char *const edits_digest[] = {"", "", "", "weekly Mon 08:30", "daily 09:00"};

static const char *const edits_channels[] = {
	"",        "", "", "first that works: telegram, email, next after 10m", "first that works: email, telegram",
	"telegram"};

static void edits_add_person(struct world *world, int i)
{
	static const char *const languages[] = {"en", "ru", "zh"};
	static const char *const calendars[] = {"", "russia", "china", ""};
	struct dice *dice = &world->edits;
	const char *prefix = i == 5 ? "gone" : i == 6 ? "bad" : "";
	(void)edits_run(
		world,
		"INSERT INTO person (id, name, language, zone, calendar, quiet, work, digest, ceiling, channels)"
		" VALUES ('p%d', 'Person %d', '%s', '%s', '%s', '%s', '%s', '%s', %d, '%s')",
		i, i, dice_pick(dice, languages), dice_pick(dice, edits_zones), dice_pick(dice, calendars),
		dice_pick(dice, edits_quiet), dice_pick(dice, edits_work), dice_pick(dice, edits_digest),
		dice_chance(dice, 150) ? 3 : 0, dice_pick(dice, edits_channels));
	(void)edits_run(world, "INSERT INTO address VALUES ('p%d', 'email', '%sp%d@example.org')", i, prefix, i);
	if (dice_chance(dice, 600))
		(void)edits_run(world, "INSERT INTO address VALUES ('p%d', 'telegram', '10000%d')", i, i);
}

static void edits_change_person(struct world *world)
{
	struct dice *dice = &world->edits;
	char id[8];
	(void)snprintf(id, sizeof(id), "p%u", dice_roll(dice, (unsigned)world->n_people));
	expect_change_person(world, id);
	world->hours_edited_utc = world->now.wall_s;
	switch (dice_roll(dice, 7)) {
	case 0:
		(void)edits_run(world, "UPDATE person SET quiet = '%s', work = '%s' WHERE id = '%s'",
				dice_pick(dice, edits_quiet), dice_pick(dice, edits_work), id);
		break;
	case 1:
		(void)edits_run(world, "UPDATE person SET zone = '%s' WHERE id = '%s'", dice_pick(dice, edits_zones),
				id);
		break;
	case 2:
		(void)edits_run(world, "UPDATE person SET digest = '%s' WHERE id = '%s'", dice_pick(dice, edits_digest),
				id);
		break;
	case 3:
		(void)edits_run(world, "UPDATE person SET active = 1 - active WHERE id = '%s' AND id <> 'p0'", id);
		break;
	case 4:
		(void)edits_run(world, "UPDATE person SET channels = '%s' WHERE id = '%s'",
				dice_pick(dice, edits_channels), id);
		break;
	case 5:
		(void)edits_run(world, "DELETE FROM address WHERE person = '%s' AND channel = 'telegram'", id);
		break;
	default:
		(void)edits_run(world, "INSERT INTO address VALUES ('%s', 'telegram', '2000') ON CONFLICT DO NOTHING",
				id);
		break;
	}
}

static void edits_stand_in(struct world *world)
{
	unsigned person = dice_roll(&world->edits, (unsigned)world->n_people);
	unsigned deputy =
		(person + 1 + dice_roll(&world->edits, (unsigned)world->n_people - 1)) % (unsigned)world->n_people;
	char from[CIVIL_TEXT_SIZE], to[CIVIL_TEXT_SIZE];
	struct civil day = zone_to_civil(zone_find("UTC"), world->now.wall_s);
	civil_format_date(&day, from);
	day = civil_add_days(&day, (int)dice_between(&world->edits, 3, 20));
	civil_format_date(&day, to);
	(void)edits_run(world, "INSERT INTO deputy VALUES ('p%u', 'p%u', '%s', '%s') ON CONFLICT DO NOTHING", person,
			deputy, from, to);
}

/* ---- the operator ---------------------------------------------------------------------------------------------------- */

static int edits_release(struct world *world, struct err *err)
{
	static const char held[] = "SELECT id FROM message WHERE state = 'held'";
	static const char brakes[] = "SELECT scope, name FROM brake WHERE tripped_utc IS NOT NULL";
	struct view *view = &world->view;
	int status = 0;
	sqlite3_stmt *stmt = view_ask(view, brakes, "");
	while (status == 0 && view_row(view, stmt)) {
		enum store_scope scope = STORE_SCOPE_ALL;
		(void)store_scope_find(view_text(stmt, 0), &scope); /* CHECK keeps the set */
		trace_say(&world->trace, "the operator resumes %s %s", view_text(stmt, 0), view_text(stmt, 1));
		status = store_brake_remove(world->desk, scope, view_text(stmt, 1), err);
		world->hour_count = 0;
	}
	view_drop(stmt);
	stmt = view_ask(view, held, "");
	while (status == 0 && view_row(view, stmt)) {
		bool is_released = false;
		trace_say(&world->trace, "the operator releases message %lld",
			  (long long)sqlite3_column_int64(stmt, 0));
		status = outbox_release(world->desk, sqlite3_column_int64(stmt, 0), world->now.wall_s, &is_released,
					err);
	}
	view_drop(stmt);
	return status;
}

void edits_operate(struct world *world)
{
	struct err err = {0};
	int status = store_begin(world->desk, &err);
	if (status == 0)
		status = edits_release(world, &err);
	if (status == 0)
		status = store_commit(world->desk, &err);
	else
		store_rollback(world->desk);
	if (status != 0)
		trace_say(&world->trace, "the operator is told: %s", err.text);
	world->wants_pass = true;
}

/* ---- all ------------------------------------------------------------------------------------------------------------- */

void edits_begin(struct world *world)
{
	world->n_people = (int)dice_between(&world->edits, 3, WORLD_PEOPLE);
	int n = (int)dice_between(&world->edits, 4, 10);
	for (int i = 0; i < world->n_people; i++)
		edits_add_person(world, i);
	for (int i = 0; i < n; i++)
		edits_add_task(world);
}

void edits_do(struct world *world)
{
	static void (*const all[])(struct world *) = {
		edits_add_task,      edits_add_task,      edits_add_task, edits_close_task,    edits_close_task,
		edits_move_task,     edits_move_task,     edits_one_date, edits_describe_task, edits_change_people,
		edits_change_person, edits_change_person, edits_silence,  edits_stand_in,      edits_operate,
		edits_change_rule,   edits_reopen_date,
	};
	dice_pick(&world->edits, all)(world);
}

void edits_lock(struct world *world)
{
	world->is_locked = edits_run(world, "BEGIN EXCLUSIVE");
}

void edits_unlock(struct world *world)
{
	world->is_locked = false;
	(void)edits_run(world, "ROLLBACK");
}
