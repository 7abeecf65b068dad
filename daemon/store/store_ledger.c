#include "store/store_ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_priv.h"
#include "store/store_retain.h"

static const char *store_ledger_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	return text != NULL ? text : "";
}

/* Goes on after a row that each has seen; what the statement holds is given back when it wants no more. */
static int store_ledger_next(sqlite3_stmt *stmt, int status)
{
	if (status < 0)
		(void)sqlite3_reset(stmt);
	return status;
}

int store_ledger_each(struct store *store, const char *uid, store_ledger_cb each, void *arg, struct err *err)
{
	static const char sql[] =
		"SELECT at_utc, who, through, action, person, detail FROM ledger WHERE task = ?1 OR (task IS NULL AND person IN"
		"  (SELECT p.person FROM part p JOIN task t ON t.id = p.task WHERE t.uid = ?1))"
		" ORDER BY id";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", uid);
	while ((status = store_row(store, stmt, "reading the ledger", err)) == 1) {
		const struct store_ledger_row row = {
			.at_utc = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? STORE_NEVER
									      : sqlite3_column_int64(stmt, 0),
			.who = store_ledger_text(stmt, 1),
			.through = store_ledger_text(stmt, 2),
			.action = store_ledger_text(stmt, 3),
			.person = store_ledger_text(stmt, 4),
			.detail = store_ledger_text(stmt, 5),
		};
		status = store_ledger_next(stmt, each(arg, &row));
		if (status < 0)
			return status;
	}
	return status;
}

/* Of an old message only its state is left, in the place of a reason. */
static void store_history_read_retained(struct store_history_row *row)
{
	size_t len = strlen(row->dropped), end = strlen(STORE_RETAINED);
	if (row->message != 0 || len <= end || strcmp(row->dropped + len - end, STORE_RETAINED) != 0)
		return;
	char *name = mem_dup_n(row->dropped, len - end);
	if (message_state_find(name, &row->state)) {
		row->reason = "details removed";
		row->dropped = "";
	}
	free(name);
}

static void store_history_read(sqlite3_stmt *stmt, struct store_history_row *ret_row)
{
	*ret_row = (struct store_history_row){
		.message = sqlite3_column_int64(stmt, 0),
		.due_utc = sqlite3_column_int64(stmt, 1),
		.not_before = sqlite3_column_int64(stmt, 2),
		.occurrence = store_ledger_text(stmt, 3),
		.step = store_ledger_text(stmt, 4),
		.person = store_ledger_text(stmt, 5),
		.channel = store_ledger_text(stmt, 6),
		.held = store_ledger_text(stmt, 7),
		.dropped = store_ledger_text(stmt, 8),
		.deputy_for = store_ledger_text(stmt, 9),
		.kind = store_ledger_text(stmt, 10),
		.reason = store_ledger_text(stmt, 11),
		.state = MESSAGE_CANCELLED,
		.n_others = sqlite3_column_int64(stmt, 13),
	};
	(void)message_state_find(store_ledger_text(stmt, 12), &ret_row->state); /* CHECK keeps the set */
	store_history_read_retained(ret_row);
}

int store_history_each(struct store *store, int64_t task, store_history_cb each, void *arg, struct err *err)
{
	static const char sql[] =
		"SELECT coalesce(m.id, 0), r.due_utc, coalesce(m.not_before, r.due_utc), r.occurrence, r.step, r.person, r.channel,"
		"  r.held, r.dropped, r.deputy_for, m.kind, m.reason, m.state,"
		"  max(0, (SELECT count(*) - 1 FROM reminder o WHERE o.message = m.id))"
		" FROM reminder r LEFT JOIN message m ON m.id = r.message WHERE r.task = ?1"
		" ORDER BY r.due_utc, r.person, r.channel, r.step";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", task);
	while ((status = store_row(store, stmt, "reading the reminders of a task", err)) == 1) {
		struct store_history_row row;
		store_history_read(stmt, &row);
		status = store_ledger_next(stmt, each(arg, &row));
		if (status < 0)
			return status;
	}
	return status;
}

int store_attempt_each(struct store *store, int64_t message, store_attempt_cb each, void *arg, struct err *err)
{
	static const char sql[] = "SELECT number, started_utc, coalesce(code, 0), outcome, reply FROM attempt"
				  " WHERE message = ?1 ORDER BY number";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	while ((status = store_row(store, stmt, "reading attempts", err)) == 1) {
		const struct store_attempt_row row = {
			.number = sqlite3_column_int64(stmt, 0),
			.started_utc = sqlite3_column_int64(stmt, 1),
			.code = sqlite3_column_int64(stmt, 2),
			.outcome = store_ledger_text(stmt, 3),
			.reply = store_ledger_text(stmt, 4),
		};
		status = store_ledger_next(stmt, each(arg, &row));
		if (status < 0)
			return status;
	}
	return status;
}

int store_ledger_stamp(struct store *store, const char *who, const char *through, int64_t now_utc, struct err *err)
{
	static const char sql[] =
		"UPDATE ledger SET at_utc = ?1, who = coalesce(?2, who), through = coalesce(?3, through)"
		" WHERE at_utc IS NULL";
	return store_exec(store, sql, "stamping the ledger", err, "itt", now_utc, who, who != NULL ? through : NULL);
}

int store_ledger_stamp_some(struct store *store, size_t max, int64_t now_utc, size_t *ret_n, struct err *err)
{
	/* Mostly there is nothing to stamp, and looking costs a tenth of an update that finds nothing. */
	static const char look[] = "SELECT 1 FROM ledger WHERE at_utc IS NULL LIMIT 1";
	static const char sql[] = "UPDATE ledger SET at_utc = ?1 WHERE id IN"
				  " (SELECT id FROM ledger WHERE at_utc IS NULL ORDER BY id LIMIT ?2)";
	int64_t n = 0, is_there = 0;
	*ret_n = 0;
	sqlite3_stmt *stmt = store_statement(store, look, err);
	if (stmt == NULL)
		return store->failure;
	int status = store_one(store, stmt, "looking into the ledger", 0, &is_there, err);
	if (status < 0 || is_there == 0)
		return status;
	stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", now_utc, (int64_t)max);
	status = store_run(store, stmt, "stamping the ledger", &n, err);
	if (status == 0)
		*ret_n = (size_t)n;
	return status;
}

int store_ledger_add(struct store *store, const char *action, const char *task, const char *person, const char *detail,
		     struct err *err)
{
	static const char sql[] = "INSERT INTO ledger (action, task, person, detail) VALUES (?1, ?2, ?3, ?4)";
	return store_exec(store, sql, "writing the ledger", err, "tttt", action, task, person, detail);
}

/* As the index ledger_end has it. */
#define LEDGER_ENDS "action IN ('done', 'cancel', 'delete', 'seen')"

int store_seen_note(struct store *store, const char *uid, const char *occurrence, const char *person, bool *ret_is_new,
		    struct err *err)
{
	static const char sql[] = "SELECT 1 FROM ledger WHERE task = ?1 AND " LEDGER_ENDS
				  " AND action = 'seen' AND person = ?2 AND detail = ?3";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttt", uid, person, occurrence);
	int status = store_one(store, stmt, "looking who has seen a task", 0, &found, err);
	if (status == 0 && found == 0)
		status = store_ledger_add(store, "seen", uid, person, occurrence, err);
	if (status == 0)
		*ret_is_new = found == 0;
	return status;
}

int store_closing_load(struct store *store, const char *uid, const char *occurrence, struct store_closing *ret_closing,
		       struct err *err)
{
	/* The detail of a date's end is its key, or begins with it ("KEY and all that follow"). */
	static const char sql[] =
		"SELECT l.action, coalesce(nullif(p.name, ''), p.id, ''), coalesce(l.at_utc, 0), l.id FROM ledger l"
		" LEFT JOIN person p ON p.id = l.who AND l.through <> 'deadlinectl'"
		" WHERE l.task = ?1 AND l." LEDGER_ENDS " AND l.action <> 'seen'"
		"  AND (?2 IS NULL OR l.detail IS NULL OR l.action = 'delete' OR l.detail = ?2"
		"   OR substr(l.detail, 1, length(?2) + 1) = ?2 || ' ')"
		" ORDER BY l.id DESC LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", uid, occurrence);
	int status = store_row(store, stmt, "reading who closed a task", err);
	if (status < 0)
		return status;
	*ret_closing = (struct store_closing){0};
	if (status == 1)
		*ret_closing = (struct store_closing){.action = store_text(stmt, 0),
						      .who = store_text(stmt, 1),
						      .at_utc = sqlite3_column_int64(stmt, 2),
						      .line = sqlite3_column_int64(stmt, 3)};
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

void store_closing_done(struct store_closing *closing)
{
	free(closing->action);
	free(closing->who);
	*closing = (struct store_closing){0};
}
