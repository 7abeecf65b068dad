#include "store/store_task.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_priv.h"

/* Reads one end of a period as it stands in a row. */
static bool store_task_read_civil(sqlite3_stmt *stmt, int column, bool wants_time, struct civil *ret_civil)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	bool has_time = false;
	return text != NULL && civil_parse(text, ret_civil, &has_time) && has_time == wants_time;
}

static int store_task_read_period(sqlite3_stmt *stmt, const char *uid, struct period *ret_period, struct err *err)
{
	struct period period = {0};
	const char *precision = (const char *)sqlite3_column_text(stmt, 7);
	if (precision == NULL || !period_precision_find(precision, &period.precision))
		return err_set(err, -EUCLEAN, "task %s has an unknown precision", uid);

	bool wants_time = period.precision == PERIOD_MINUTE;
	period.has_start = sqlite3_column_type(stmt, 5) != SQLITE_NULL;
	if (!store_task_read_civil(stmt, 6, wants_time, &period.end) ||
	    (period.has_start && !store_task_read_civil(stmt, 5, wants_time, &period.start)))
		return err_set(err, -EUCLEAN, "task %s has an impossible date: write start_local and end_local as %s",
			       uid, wants_time ? "2025-06-15T14:00, precision minute" : "2025-06-15");
	*ret_period = period;
	return 0;
}

int store_task_read(sqlite3_stmt *stmt, struct task *ret_task, struct err *err)
{
	struct task task = {
		.id = sqlite3_column_int64(stmt, 0),
		.uid = store_text(stmt, 1),
		.title = store_text(stmt, 2),
		.place = store_text(stmt, 3),
		.note = store_text(stmt, 4),
		.zone = store_text(stmt, 8),
		.policy = store_text(stmt, 9),
		.status = store_text(stmt, 10),
		.sequence = sqlite3_column_int64(stmt, 11),
		.is_urgent = strcmp((const char *)sqlite3_column_text(stmt, 13), "urgent") == 0,
		.rrule = store_text(stmt, 14),
		.rdate = store_text(stmt, 15),
		.exdate = store_text(stmt, 16),
	};
	int status = store_task_read_period(stmt, task.uid, &task.period, err);
	if (status < 0) {
		task_done(&task);
		return status;
	}
	*ret_task = task;
	return 0;
}

/* The two ends as a row holds them; start is NULL for a limit. */
struct store_task_dates {
	char start_text[CIVIL_TEXT_SIZE], end_text[CIVIL_TEXT_SIZE];
	const char *start, *end;
};

static void store_task_write_dates(const struct period *period, struct store_task_dates *dates)
{
	if (period->precision == PERIOD_MINUTE) {
		civil_format(&period->start, dates->start_text);
		civil_format(&period->end, dates->end_text);
	} else {
		civil_format_date(&period->start, dates->start_text);
		civil_format_date(&period->end, dates->end_text);
	}
	dates->start = period->has_start ? dates->start_text : NULL;
	dates->end = dates->end_text;
}

static const char *store_task_priority(const struct task *task)
{
	return task->is_urgent ? "urgent" : "normal";
}

/* A task that does not repeat may leave its rules NULL. */
static const char *store_task_rule(const char *rule)
{
	return rule != NULL ? rule : "";
}

static int store_task_insert(struct store *store, const struct task *task, const struct store_task_dates *dates,
			     int64_t planned_until, struct err *err)
{
	static const char sql[] =
		"INSERT INTO task (uid, title, place, note, start_local, end_local, precision, zone, policy, priority, rrule,"
		"  rdate, exdate, planned_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
	return store_exec(store, sql, "adding a task", err, "tttttttttttttn", task->uid, task->title, task->place,
			  task->note, dates->start, dates->end, period_precision_name(task->period.precision),
			  task->zone, task->policy, store_task_priority(task), store_task_rule(task->rrule),
			  store_task_rule(task->rdate), store_task_rule(task->exdate), planned_until);
}

/* Nothing is written for a row that would stay the same. */
static int store_task_update(struct store *store, int64_t id, const struct task *task,
			     const struct store_task_dates *dates, enum store_change *ret_change, struct err *err)
{
	static const char sql[] =
		"UPDATE task SET title = ?2, place = ?3, note = ?4, start_local = ?5, end_local = ?6, precision = ?7,"
		"  zone = ?8, policy = ?9, priority = ?10, rrule = ?11, rdate = ?12, exdate = ?13"
		" WHERE id = ?1 AND (title <> ?2 OR place <> ?3 OR note <> ?4 OR start_local IS NOT ?5 OR end_local <> ?6"
		"  OR precision <> ?7 OR zone <> ?8 OR policy <> ?9 OR priority <> ?10 OR rrule <> ?11 OR rdate <> ?12"
		"  OR exdate <> ?13)";
	int64_t changes = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "itttttttttttt", id, task->title, task->place, task->note, dates->start, dates->end,
		   period_precision_name(task->period.precision), task->zone, task->policy, store_task_priority(task),
		   store_task_rule(task->rrule), store_task_rule(task->rdate), store_task_rule(task->exdate));
	int status = store_run(store, stmt, "changing a task", &changes, err);
	if (status == 0)
		*ret_change = changes > 0 ? STORE_CHANGED : STORE_UNCHANGED;
	return status;
}

static int store_task_find_id(struct store *store, const char *uid, int64_t *ret_id, struct err *err)
{
	static const char sql[] = "SELECT id FROM task WHERE uid = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", uid);
	return store_one(store, stmt, "looking for a task", 0, ret_id, err);
}

int store_task_put(struct store *store, const struct task *task, int64_t planned_until_utc, int64_t *ret_id,
		   enum store_change *ret_change, struct err *err)
{
	struct store_task_dates dates;
	enum store_change change = STORE_ADDED;
	int64_t id = 0;
	store_task_write_dates(&task->period, &dates);
	int status = store_task_find_id(store, task->uid, &id, err);
	if (status < 0)
		return status;
	if (id != 0) {
		status = store_task_update(store, id, task, &dates, &change, err);
	} else {
		status = store_task_insert(store, task, &dates, planned_until_utc, err);
		if (status == 0)
			status = store_task_find_id(store, task->uid, &id, err); /* the ledger's trigger inserts too */
	}
	if (status < 0)
		return status;
	*ret_id = id;
	*ret_change = change;
	return 0;
}

int store_task_set_status(struct store *store, int64_t task, const char *status, struct err *err)
{
	static const char sql[] = "UPDATE task SET status = ?2 WHERE id = ?1";
	return store_exec(store, sql, "closing a task", err, "it", task, status);
}

static int store_task_read_one(struct store *store, sqlite3_stmt *stmt, struct task *ret_task, struct err *err)
{
	int status = store_row(store, stmt, "reading a task", err);
	if (status == 0)
		return err_set(err, -ENOENT, "there is no such task");
	if (status < 0)
		return status;
	status = store_task_read(stmt, ret_task, err);
	(void)sqlite3_reset(stmt);
	return status;
}

int store_task_find(struct store *store, const char *uid, struct task *ret_task, struct err *err)
{
	static const char sql[] = "SELECT " STORE_TASK_COLUMNS "FROM task WHERE uid = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", uid);
	return store_task_read_one(store, stmt, ret_task, err);
}

int store_task_load(struct store *store, int64_t id, struct task *ret_task, struct err *err)
{
	static const char sql[] = "SELECT " STORE_TASK_COLUMNS "FROM task WHERE id = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", id);
	return store_task_read_one(store, stmt, ret_task, err);
}

int store_task_next_step(struct store *store, int64_t id, int64_t *ret_utc, struct err *err)
{
	static const char sql[] = "SELECT next_due_utc FROM task WHERE id = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", id);
	return store_one(store, stmt, "reading the next step of a task", -1, ret_utc, err);
}

int store_task_messages(struct store *store, int64_t id, int64_t **ret_ids, size_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT DISTINCT message FROM reminder WHERE task = ?1 AND message IS NOT NULL"
				  " ORDER BY message";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", id);
	return store_all_ids(store, stmt, "looking for the messages of a task", ret_ids, ret_n, err);
}

int store_task_last(struct store *store, int64_t *ret_id, struct err *err)
{
	static const char sql[] = "SELECT max(id) FROM task";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	return stmt == NULL ? store->failure : store_one(store, stmt, "reading the last task", 0, ret_id, err);
}

int store_task_doubles(struct store *store, int64_t last, store_task_double_cb each, void *arg, struct err *err)
{
	static const char sql[] =
		"SELECT a.uid, min(b.uid) FROM task a JOIN task b ON b.title = a.title AND b.end_local = a.end_local"
		" AND b.start_local IS a.start_local AND b.zone = a.zone AND b.status = 'open' AND b.id <= ?1"
		" WHERE a.id > ?1 AND a.status = 'open' GROUP BY a.id";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", last);
	while ((status = store_row(store, stmt, "looking for tasks that are there twice", err)) == 1) {
		char *uid = store_text(stmt, 0), *other = store_text(stmt, 1);
		status = each(arg, uid, other);
		free(other);
		free(uid);
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

int store_task_each(struct store *store, bool all, store_task_cb each, void *arg, struct err *err)
{
	static const char sql[] =
		"SELECT " STORE_TASK_COLUMNS "FROM task WHERE status = 'open' OR ?1 ORDER BY end_local, uid";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", (int64_t)all);
	while ((status = store_row(store, stmt, "listing tasks", err)) == 1) {
		struct task task;
		status = store_task_read(stmt, &task, err);
		if (status == 0) {
			bool is_planned = sqlite3_column_type(stmt, 12) != SQLITE_NULL;
			status = each(arg, &task, is_planned ? sqlite3_column_int64(stmt, 12) : -1);
			task_done(&task);
		}
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

/* An instant of the planner's, -1 for NULL. */
static int64_t store_task_mark(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt, column) != SQLITE_NULL ? sqlite3_column_int64(stmt, column) : -1;
}

int store_task_due(struct store *store, int64_t now_utc, struct store_due *ret_due, size_t max, size_t *ret_n,
		   struct err *err)
{
	/* In an index NULL sorts before every number, so one range holds both; SQLite needs it said in two. */
	static const char sql[] =
		"SELECT id, next_due_utc, planned_until, planned_from FROM task WHERE status = 'open'"
		"  AND next_due_utc IS NULL"
		" UNION ALL"
		" SELECT id, next_due_utc, planned_until, planned_from FROM task WHERE status = 'cancelled'"
		"  AND next_due_utc IS NULL"
		" UNION ALL"
		" SELECT id, next_due_utc, planned_until, planned_from FROM task WHERE status = 'open'"
		"  AND next_due_utc <= ?1 LIMIT ?2";
	size_t n = 0;
	int64_t next_utc = 0;
	int status = store_task_next_due(store, &next_utc, err);
	if (status < 0)
		return status;
	if (next_utc > now_utc) { /* as in nearly every scan */
		*ret_n = 0;
		return 0;
	}
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", now_utc, (int64_t)max);
	while ((status = store_row(store, stmt, "looking for due tasks", err)) == 1 && n < max)
		ret_due[n++] = (struct store_due){
			.task = sqlite3_column_int64(stmt, 0),
			.due_utc = sqlite3_column_int64(stmt, 1),
			.is_edited = sqlite3_column_type(stmt, 1) == SQLITE_NULL,
			.planned_until = store_task_mark(stmt, 2),
			.planned_from = store_task_mark(stmt, 3),
		};
	if (status >= 0)
		*ret_n = n;
	return status < 0 ? status : 0;
}

/* No task waits for its next step that was planned further than to this instant: meta keeps it, an hour ahead so that it is
 * seldom written. Where it is not yet, the next start looks at every task, and puts it there. */
#define TASK_BOUND "key = 'planned_bound' AND CAST(value AS INTEGER) "

static int store_task_raise_bound(struct store *store, int64_t planned_until, struct err *err)
{
	static const char sql[] = "UPDATE meta SET value = ?1 + 3600 WHERE " TASK_BOUND "< ?1";
	if (store->bound_utc >= planned_until) /* as for all tasks of a pass but the first */
		return 0;
	int status = store_exec(store, sql, "keeping how far is planned", err, "i", planned_until);
	if (status == 0 && sqlite3_get_autocommit(store->db) == 0)
		store->bound_utc = planned_until;
	return status;
}

static int store_task_is_bound(struct store *store, int64_t latest_utc, int64_t *ret_is_bound, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM meta WHERE " TASK_BOUND "<= ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", latest_utc);
	return store_one(store, stmt, "looking how far is planned", 0, ret_is_bound, err);
}

static int store_task_set_bound(struct store *store, int64_t latest_utc, struct err *err)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRId64, latest_utc);
	store->bound_utc = 0;
	return store_meta_save(store, "planned_bound", text, err);
}

int store_task_planned(struct store *store, int64_t task, int64_t planned_from, int64_t planned_until,
		       int64_t next_due_utc, struct err *err)
{
	static const char sql[] =
		"UPDATE task SET planned_from = ?2, planned_until = ?3, next_due_utc = ?4 WHERE id = ?1";
	int status = store_task_raise_bound(store, planned_until, err);
	if (status < 0)
		return status;
	return store_exec(store, sql, "marking a task as planned", err, "iiii", task, planned_from, planned_until,
			  next_due_utc);
}

int store_task_rest(struct store *store, int64_t task, struct err *err)
{
	static const char sql[] = "UPDATE task SET next_due_utc = ?2 WHERE id = ?1";
	return store_exec(store, sql, "laying a task to rest", err, "ii", task, STORE_NEVER);
}

int store_task_next_due(struct store *store, int64_t *ret_utc, struct err *err)
{
	/* The first of the index: NULL, which is at once, sorts before every instant. */
	static const char sql[] =
		"SELECT min(utc) FROM (SELECT 0 AS utc FROM (SELECT 1 FROM task WHERE status = 'cancelled'"
		"   AND next_due_utc IS NULL LIMIT 1)"
		"  UNION ALL SELECT utc FROM (SELECT coalesce(next_due_utc, 0) AS utc FROM task WHERE status = 'open'"
		"   ORDER BY next_due_utc LIMIT 1))";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	return stmt == NULL ? store->failure
			    : store_one(store, stmt, "looking for the next due task", STORE_NEVER, ret_utc, err);
}

int store_task_replan_all(struct store *store, struct err *err)
{
	static const char sql[] = "UPDATE task SET next_due_utc = NULL WHERE status = 'open'";
	return store_exec(store, sql, "marking the plan for a new look", err, "");
}

int store_task_policies(struct store *store, struct strlist *ret_policies, struct err *err)
{
	return store_names(store, "SELECT DISTINCT policy FROM task WHERE status = 'open' ORDER BY policy",
			   "reading the policies of tasks", ret_policies, err);
}

int store_task_replan_unreached(struct store *store, struct err *err)
{
	static const char sql[] = "UPDATE task SET next_due_utc = NULL WHERE status = 'open' AND id IN"
				  " (SELECT task FROM reminder WHERE " STORE_IS_UNREACHED ")";
	return store_exec(store, sql, "marking what found no address", err, "");
}

/* *ret_n: how many tasks. */
static int store_task_mark_ahead(struct store *store, int64_t latest_utc, int64_t *ret_n, struct err *err)
{
	static const char sql[] = "UPDATE task SET next_due_utc = NULL WHERE status = 'open' AND planned_until > ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", latest_utc);
	int status = store_run(store, stmt, "marking what was planned ahead for a new look", ret_n, err);
	return status == 0 ? store_task_set_bound(store, latest_utc, err) : status;
}

static int store_task_mark_digests(struct store *store, int64_t now_utc, struct err *err)
{
	static const char sql[] =
		"UPDATE person SET next_digest_utc = NULL WHERE digest <> '' AND next_digest_utc > ?1";
	return store_exec(store, sql, "marking digests for a new look", err, "i", now_utc);
}

int store_task_replan_ahead(struct store *store, int64_t latest_utc, int64_t now_utc, int64_t *ret_n, struct err *err)
{
	int64_t n = 0, is_bound = 0;
	int status = store_task_is_bound(store, latest_utc, &is_bound, err);
	if (status == 0 && is_bound == 0)
		status = store_task_mark_ahead(store, latest_utc, &n, err);
	if (status == 0 && n > 0)
		status = store_task_mark_digests(store, now_utc, err);
	if (status == 0)
		*ret_n = n;
	return status;
}

int store_task_note_problem(struct store *store, int64_t task, const char *problem, int64_t now_utc, struct err *err)
{
	static const char sql[] =
		"INSERT INTO ledger (at_utc, who, through, action, task, detail)"
		" VALUES (?2, 'deadlined', 'planner', 'problem', (SELECT uid FROM task WHERE id = ?1), ?3)";
	return store_exec(store, sql, "writing the ledger", err, "iit", task, now_utc, problem);
}
