#include "store/store_pace.h"

#include <stdio.h>

#include "store/store_priv.h"

#define PACE_READY "state = 'pending' AND person = ?1 AND channel = ?2 AND not_before <= ?3"

int store_pace_look(struct store *store, const struct store_peek *message, int64_t now_utc, struct store_pace *ret_pace,
		    struct err *err)
{
	/* A brake may hold the one kind and not the other: neither waits for the other. The id is that of the row with the
	 * minimum, which needs no sorter as ORDER BY does; of equal ones the first in the index, whose rows follow
	 * their id. */
	static const char sql[] =
		"SELECT coalesce((SELECT address FROM address WHERE person = ?1 AND channel = ?2), ?1),"
		" (SELECT id FROM (SELECT id, min(due_utc) FROM message INDEXED BY message_waiting WHERE " PACE_READY
		"  AND (kind IN ('notice', 'test')) = ?4))";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttii", message->person, message->channel, now_utc, (int64_t)message->is_notice);
	int status = store_row(store, stmt, "looking for what waits for a reader", err);
	if (status < 0)
		return status;
	(void)snprintf(ret_pace->address, sizeof(ret_pace->address), "%s", (const char *)sqlite3_column_text(stmt, 0));
	ret_pace->first = sqlite3_column_int64(stmt, 1);
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_pace_postpone(struct store *store, const struct store_peek *message, int64_t now_utc, int64_t not_before,
			struct err *err)
{
	static const char sql[] = "UPDATE message SET not_before = ?4 WHERE id IN (SELECT id FROM message INDEXED BY"
				  " message_waiting WHERE " PACE_READY ")";
	return store_exec(store, sql, "postponing what waits for a reader", err, "ttii", message->person,
			  message->channel, now_utc, not_before);
}

int store_pace_put_first(struct store *store, const struct store_peek *message, int64_t first, int64_t now_utc,
			 int64_t not_before, struct err *err)
{
	static const char sql[] =
		"UPDATE message SET not_before = CASE id WHEN ?5 THEN ?3 ELSE ?6 END WHERE id IN (SELECT id FROM message"
		" INDEXED BY message_waiting WHERE " PACE_READY " AND (kind IN ('notice', 'test')) = ?4)";
	return store_exec(store, sql, "ordering what waits for a reader", err, "ttiiii", message->person,
			  message->channel, now_utc, (int64_t)message->is_notice, first, not_before);
}
