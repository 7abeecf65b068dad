#include "store/store_shown.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/store_priv.h"

int store_shown_begin(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "INSERT OR REPLACE INTO shown (message, remote_id, stale) VALUES (?1, '', 0)";
	return store_exec(store, sql, "writing what is going to be shown", err, "i", message);
}

int store_shown_put(struct store *store, int64_t message, const char *remote_id, struct err *err)
{
	static const char sql[] = "UPDATE shown SET remote_id = ?2 WHERE message = ?1";
	return store_exec(store, sql, "writing what is shown", err, "it", message, remote_id);
}

int store_shown_load(struct store *store, int64_t message, char ret_remote_id[STORE_REMOTE_ID_SIZE], struct err *err)
{
	static const char sql[] = "SELECT remote_id FROM shown WHERE message = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	int status = store_row(store, stmt, "reading what is shown", err);
	if (status < 0)
		return status;
	char *id = status == 1 ? store_text(stmt, 0) : mem_dup("");
	(void)snprintf(ret_remote_id, STORE_REMOTE_ID_SIZE, "%s", id);
	free(id);
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

int store_shown_is_theirs(struct store *store, int64_t message, int64_t task, bool *ret_is, struct err *err)
{
	static const char sql[] =
		"SELECT 1 FROM reminder r JOIN person p ON p.id = r.person AND p.active = 1 JOIN part ON part.task = r.task"
		" AND part.person = coalesce(r.deputy_for, r.person) WHERE r.message = ?1 AND r.task = ?2";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", message, task);
	int status = store_one(store, stmt, "reading who takes part in what is shown", 0, &found, err);
	if (status == 0)
		*ret_is = found != 0;
	return status;
}

int store_shown_stale(struct store *store, const char *channel, int64_t after, int64_t *ret_messages, size_t max,
		      size_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT s.message FROM shown s CROSS JOIN message m ON m.id = s.message"
				  " WHERE s.stale > 0 AND s.stale = 1 AND s.message > ?2 AND s.remote_id <> ''"
				  "  AND m.channel = ?1 ORDER BY s.message LIMIT ?3";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tii", channel, after, (int64_t)max);
	return store_ids(store, stmt, ret_messages, max, ret_n, err);
}

int store_shown_take(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "UPDATE shown SET stale = 2 WHERE message = ?1";
	return store_exec(store, sql, "writing what is shown", err, "i", message);
}

int store_shown_fresh(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "UPDATE shown SET stale = 0 WHERE message = ?1 AND stale = 2";
	return store_exec(store, sql, "writing what is shown", err, "i", message);
}

int store_shown_again(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "UPDATE shown SET stale = 1 WHERE message = ?1 AND stale = 2";
	return store_exec(store, sql, "writing what is shown", err, "i", message);
}

int store_shown_all_again(struct store *store, struct err *err)
{
	static const char sql[] = "UPDATE shown SET stale = 1 WHERE stale > 0 AND stale = 2";
	return store_exec(store, sql, "writing what is shown", err, "");
}

int store_shown_end(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "DELETE FROM shown WHERE message = ?1";
	return store_exec(store, sql, "forgetting what is shown", err, "i", message);
}
