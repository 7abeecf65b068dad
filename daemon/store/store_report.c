#include "store/store_report.h"

#include <stdlib.h>

#include "store/store_digest.h"
#include "store/store_priv.h"
#include "store/store_task.h"

static void store_plan_read(sqlite3_stmt *stmt, struct store_plan_row *row)
{
	const char *state = (const char *)sqlite3_column_text(stmt, 11);
	*row = (struct store_plan_row){
		.message = sqlite3_column_int64(stmt, 0),
		.due_utc = sqlite3_column_int64(stmt, 1),
		.not_before = sqlite3_column_int64(stmt, 2),
		.task = (const char *)sqlite3_column_text(stmt, 3),
		.occurrence = (const char *)sqlite3_column_text(stmt, 4),
		.step = (const char *)sqlite3_column_text(stmt, 5),
		.person = (const char *)sqlite3_column_text(stmt, 6),
		.channel = (const char *)sqlite3_column_text(stmt, 7),
		.held = (const char *)sqlite3_column_text(stmt, 8),
		.dropped = (const char *)sqlite3_column_text(stmt, 9),
		.deputy_for = (const char *)sqlite3_column_text(stmt, 10),
		.state = MESSAGE_CANCELLED,
		.reason = (const char *)sqlite3_column_text(stmt, 12),
	};
	if (state != NULL)
		(void)message_state_find(state, &row->state); /* CHECK keeps the set */
}

int store_plan_each(struct store *store, store_plan_cb each, void *arg, struct err *err)
{
	static const char sql[] =
		"SELECT coalesce(m.id, 0), r.due_utc, coalesce(m.not_before, r.due_utc) AS at, t.uid, r.occurrence, r.step,"
		"  r.person, r.channel, r.held, r.dropped, r.deputy_for, m.state, m.reason"
		" FROM reminder r JOIN task t ON t.id = r.task LEFT JOIN message m ON m.id = r.message"
		" UNION ALL SELECT id, due_utc, not_before, '', '', kind, person, channel, NULL, NULL, NULL, state, reason"
		"  FROM message WHERE kind IN ('digest', 'notice', 'test')"
		" ORDER BY 3, 7, 8, 4, 6";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	while ((status = store_row(store, stmt, "listing the plan", err)) == 1) {
		struct store_plan_row row;
		store_plan_read(stmt, &row);
		status = each(arg, &row);
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

static int store_count_states(struct store *store, struct store_counts *counts, struct err *err)
{
	static const char sql[] = "SELECT state, n FROM tally";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	while ((status = store_row(store, stmt, "counting messages", err)) == 1) {
		enum message_state state;
		if (message_state_find((const char *)sqlite3_column_text(stmt, 0), &state))
			counts->n[state] = sqlite3_column_int64(stmt, 1);
	}
	return status;
}

int store_count(struct store *store, struct store_counts *ret_counts, struct err *err)
{
	static const char oldest[] =
		"SELECT min(at) FROM (SELECT min(due_utc) AS at FROM message WHERE " STORE_IS_WAITING
		" UNION ALL SELECT min(due_utc) FROM message WHERE " STORE_IS_SENDING ")";
	static const char next_try[] = STORE_WITH_WAITING_CHANNELS
		"SELECT min((SELECT min(not_before) FROM message WHERE state = 'pending' AND channel = name)) FROM c"
		" WHERE name IS NOT NULL";
	struct store_counts counts = {0};
	int64_t next_due = STORE_NEVER, next_digest = STORE_NEVER;
	int status = store_count_states(store, &counts, err);
	sqlite3_stmt *stmt = status == 0 ? store_statement(store, oldest, err) : NULL;
	if (stmt == NULL)
		return status < 0 ? status : store->failure;
	status = store_one(store, stmt, "looking for the oldest message", STORE_NEVER, &counts.oldest_unsent_due_utc,
			   err);
	stmt = status == 0 ? store_statement(store, next_try, err) : NULL;
	if (stmt == NULL)
		return status < 0 ? status : store->failure;
	status = store_one(store, stmt, "looking for the next try", STORE_NEVER, &counts.next_wake_utc, err);
	if (status == 0)
		status = store_task_next_due(store, &next_due, err);
	if (status == 0)
		status = store_digest_next(store, &next_digest, err);
	if (status < 0)
		return status;
	next_due = next_digest < next_due ? next_digest : next_due;
	if (next_due < counts.next_wake_utc)
		counts.next_wake_utc = next_due;
	*ret_counts = counts;
	return 0;
}

int store_unreached_load(struct store *store, int64_t since_utc, struct store_unreached *ret_unreached, struct err *err)
{
	/* With max() the other columns are those of its row. */
	static const char sql[] =
		"SELECT count(*), max(r.due_utc), t.uid, r.person, r.dropped FROM reminder r JOIN task t ON t.id = r.task"
		" WHERE " STORE_IS_UNREACHED " AND r.due_utc > ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", since_utc);
	int status = store_row(store, stmt, "counting the steps that reached nobody", err);
	if (status < 0)
		return status;
	*ret_unreached = (struct store_unreached){.n = sqlite3_column_int64(stmt, 0)};
	if (ret_unreached->n > 0) {
		ret_unreached->task = store_text(stmt, 2);
		ret_unreached->person = store_text(stmt, 3);
		ret_unreached->reason = store_text(stmt, 4);
	}
	(void)sqlite3_reset(stmt);
	return 0;
}

void store_unreached_done(struct store_unreached *unreached)
{
	free(unreached->task);
	free(unreached->person);
	free(unreached->reason);
	*unreached = (struct store_unreached){0};
}

int store_unplanned_load(struct store *store, struct store_unplanned *ret_unplanned, struct err *err)
{
	/* Its line is of the instant until which it was planned last, and it was not changed since, as it may have been within
	 * that second. With min() the other columns are those of its row. */
	static const char sql[] =
		"SELECT count(DISTINCT l.task), min(l.id), l.task, l.detail FROM ledger l INDEXED BY ledger_problem"
		" CROSS JOIN task t ON t.uid = l.task WHERE l.action = 'problem' AND t.status = 'open'"
		"  AND t.next_due_utc = ?1 AND t.planned_until = l.at_utc AND NOT EXISTS (SELECT 1 FROM ledger"
		"   WHERE id > l.id AND task = l.task AND action IN ('move', 'edit'))";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", STORE_NEVER);
	int status = store_row(store, stmt, "counting the tasks that cannot be planned", err);
	if (status < 0)
		return status;
	*ret_unplanned = (struct store_unplanned){.n = sqlite3_column_int64(stmt, 0)};
	if (ret_unplanned->n > 0) {
		ret_unplanned->task = store_text(stmt, 2);
		ret_unplanned->problem = store_text(stmt, 3);
	}
	(void)sqlite3_reset(stmt);
	return 0;
}

void store_unplanned_done(struct store_unplanned *unplanned)
{
	free(unplanned->task);
	free(unplanned->problem);
	*unplanned = (struct store_unplanned){0};
}

int store_died_load(struct store *store, int64_t since_utc, struct store_died *ret_died, struct err *err)
{
	/* With min() the other columns are those of its row. */
	static const char sql[] =
		"SELECT count(*), min(at), person, channel, last_reply FROM (SELECT person, channel, last_reply,"
		"  (SELECT max(started_utc) FROM attempt WHERE message = m.id) AS at FROM message m WHERE state = 'dead')"
		" WHERE at > ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", since_utc);
	int status = store_row(store, stmt, "counting the messages that are dead", err);
	if (status < 0)
		return status;
	*ret_died = (struct store_died){.n = sqlite3_column_int64(stmt, 0)};
	if (ret_died->n > 0) {
		ret_died->person = store_text(stmt, 2);
		ret_died->channel = store_text(stmt, 3);
		ret_died->reply = store_text(stmt, 4);
	}
	(void)sqlite3_reset(stmt);
	return 0;
}

void store_died_done(struct store_died *died)
{
	free(died->person);
	free(died->channel);
	free(died->reply);
	*died = (struct store_died){0};
}
