#include "store/store_brake.h"

#include <stdio.h>
#include <string.h>

#include "store/store_priv.h"

static const char *const store_scope_names[] = {"all", "channel", "person"};

const char *store_scope_name(enum store_scope scope)
{
	return store_scope_names[scope];
}

bool store_scope_find(const char *name, enum store_scope *ret_scope)
{
	for (unsigned i = 0; i < STORE_SCOPE_MAX; i++)
		if (strcmp(store_scope_names[i], name) == 0) {
			*ret_scope = (enum store_scope)i;
			return true;
		}
	return false;
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

/* hour, count, count_before and tripped_utc stand from that column on. */
static void store_brake_read(sqlite3_stmt *stmt, int column, struct store_brake *brake)
{
	bool is_tripped = sqlite3_column_type(stmt, column + 3) != SQLITE_NULL;
	brake->hour = sqlite3_column_int64(stmt, column);
	brake->count = sqlite3_column_int64(stmt, column + 1);
	brake->count_before = sqlite3_column_int64(stmt, column + 2);
	brake->tripped_utc = is_tripped ? sqlite3_column_int64(stmt, column + 3) : STORE_NEVER;
}

int store_brake_load(struct store *store, enum store_scope scope, const char *name, struct store_brake *ret_brake,
		     struct err *err)
{
	static const char sql[] = "SELECT hour, count, count_before, tripped_utc FROM brake"
				  " WHERE scope = ?1 AND name = ?2";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", store_scope_name(scope), name);
	int status = store_row(store, stmt, "reading a brake", err);
	if (status < 0)
		return status;
	*ret_brake = (struct store_brake){.scope = scope, .tripped_utc = STORE_NEVER};
	(void)snprintf(ret_brake->name, sizeof(ret_brake->name), "%s", name);
	if (status == 1)
		store_brake_read(stmt, 0, ret_brake);
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_brake_save(struct store *store, const struct store_brake *brake, struct err *err)
{
	static const char sql[] =
		"INSERT INTO brake (scope, name, hour, count, count_before, tripped_utc) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT (scope, name) DO UPDATE SET hour = ?3, count = ?4, count_before = ?5, tripped_utc = ?6";
	bool is_tripped = brake->tripped_utc != STORE_NEVER;
	return store_exec(store, sql, "writing a brake", err, "ttiiin", store_scope_name(brake->scope), brake->name,
			  brake->hour, brake->count, brake->count_before,
			  is_tripped ? brake->tripped_utc : (int64_t)-1);
}

int store_brake_give_back(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] =
		"UPDATE brake SET count = max(count - (brake.hour = it.hour), 0),"
		" count_before = max(count_before - (brake.hour = it.hour + 1), 0)"
		" FROM (SELECT m.channel, m.person, a.started_utc / 3600 AS hour FROM message m"
		"  JOIN attempt a ON a.message = m.id WHERE m.id = ?1 AND m.kind NOT IN ('notice', 'test')"
		"  ORDER BY a.number DESC LIMIT 1) AS it"
		" WHERE (brake.scope = 'all' AND brake.name = '') OR (brake.scope = 'channel' AND brake.name = it.channel)"
		"  OR (brake.scope = 'person' AND brake.name = it.person)";
	return store_exec(store, sql, "giving back what a brake counted", err, "i", message);
}

int store_brake_remove(struct store *store, enum store_scope scope, const char *name, struct err *err)
{
	static const char sql[] = "DELETE FROM brake WHERE (scope = ?1 AND name = ?2)"
				  " OR (?1 = 'all' AND scope = 'channel' AND tripped_utc IS NULL)";
	return store_exec(store, sql, "releasing a brake", err, "tt", store_scope_name(scope), name);
}

int store_brake_remove_all(struct store *store, struct err *err)
{
	static const char sql[] = "DELETE FROM brake";
	return store_exec(store, sql, "releasing the brakes", err, "");
}

int store_brake_prune(struct store *store, int64_t hour, struct err *err)
{
	static const char sql[] = "DELETE FROM brake WHERE hour < ?1 AND tripped_utc IS NULL";
	return store_exec(store, sql, "forgetting old counts", err, "i", hour);
}

int store_brake_each(struct store *store, store_brake_cb each, void *arg, struct err *err)
{
	static const char sql[] = "SELECT scope, name, hour, count, count_before, tripped_utc FROM brake"
				  " ORDER BY scope, name";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	while ((status = store_row(store, stmt, "listing the brakes", err)) == 1) {
		struct store_brake brake;
		(void)store_scope_find((const char *)sqlite3_column_text(stmt, 0),
				       &brake.scope); /* CHECK keeps the set */
		(void)snprintf(brake.name, sizeof(brake.name), "%s", (const char *)sqlite3_column_text(stmt, 1));
		store_brake_read(stmt, 2, &brake);
		status = each(arg, &brake);
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

int store_brake_count(struct store *store, enum store_scope scope, int64_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT count(*) FROM brake WHERE scope = ?1 AND tripped_utc IS NOT NULL";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", store_scope_name(scope));
	return store_one(store, stmt, "counting the brakes", 0, ret_n, err);
}

/* ---- what waits --------------------------------------------------------------------------------------------------- */

#define BRAKE_WAITS "state = 'pending' AND kind NOT IN ('notice', 'test') AND not_before <= ?2"

/* Asks of the messages of a scope that wait: each has an index to walk along. */
static sqlite3_stmt *store_brake_ask(struct store *store, enum store_scope scope, const char *const sql[],
				     const char *name, int64_t now_utc, int64_t max, struct err *err)
{
	sqlite3_stmt *stmt = store_statement(store, sql[scope], err);
	if (stmt != NULL)
		store_bind(stmt, "tii", name, now_utc, max);
	return stmt;
}

int store_brake_waiting(struct store *store, enum store_scope scope, const char *name, int64_t now_utc, int64_t max,
			int64_t *ret_n, struct err *err)
{
	static const char all[] = "SELECT count(*) FROM (SELECT 1 FROM message WHERE " BRAKE_WAITS " LIMIT ?3)";
	static const char channel[] =
		"SELECT count(*) FROM (SELECT 1 FROM message WHERE " BRAKE_WAITS " AND channel = ?1 LIMIT ?3)";
	static const char person[] =
		"SELECT count(*) FROM (SELECT 1 FROM message WHERE " BRAKE_WAITS " AND person = ?1 LIMIT ?3)";
	static const char *const sql[] = {all, channel, person};
	sqlite3_stmt *stmt = store_brake_ask(store, scope, sql, name, now_utc, max, err);
	return stmt == NULL ? store->failure : store_one(store, stmt, "counting what waits", 0, ret_n, err);
}

int store_brake_ids(struct store *store, enum store_scope scope, const char *name, int64_t now_utc, int64_t *ret_ids,
		    size_t max, size_t *ret_n, struct err *err)
{
	static const char all[] = "SELECT id FROM message WHERE " BRAKE_WAITS " LIMIT ?3";
	static const char channel[] = "SELECT id FROM message WHERE " BRAKE_WAITS " AND channel = ?1 LIMIT ?3";
	static const char person[] = "SELECT id FROM message WHERE " BRAKE_WAITS " AND person = ?1 LIMIT ?3";
	static const char *const sql[] = {all, channel, person};
	sqlite3_stmt *stmt = store_brake_ask(store, scope, sql, name, now_utc, (int64_t)max, err);
	return stmt == NULL ? store->failure : store_ids(store, stmt, ret_ids, max, ret_n, err);
}

int store_brake_causes(struct store *store, enum store_scope scope, const char *name, int64_t from_utc, int64_t to_utc,
		       int max, store_cause_cb each, void *arg, struct err *err)
{
	static const char sql[] =
		"SELECT coalesce(t.policy, ''), coalesce(r.step, ''), count(*) FROM (SELECT message, started_utc AS at"
		"    FROM attempt WHERE outcome IS NOT 'throttled' UNION ALL SELECT id, not_before FROM message WHERE state = 'pending') AS start"
		" JOIN message m ON m.id = start.message LEFT JOIN reminder r ON r.message = m.id"
		" LEFT JOIN task t ON t.id = r.task"
		" WHERE start.at > ?3 AND start.at <= ?4 AND m.kind NOT IN ('notice', 'test')"
		"   AND (?1 = 'all' OR (?1 = 'channel' AND m.channel = ?2) OR (?1 = 'person' AND m.person = ?2))"
		" GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?5";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttiii", store_scope_name(scope), name, from_utc, to_utc, (int64_t)max);
	while ((status = store_row(store, stmt, "looking for what was sent most", err)) == 1) {
		status = each(arg, (const char *)sqlite3_column_text(stmt, 0),
			      (const char *)sqlite3_column_text(stmt, 1), sqlite3_column_int64(stmt, 2));
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

/* ---- what is left ------------------------------------------------------------------------------------------------- */

int store_brake_free(struct store *store, const char *channel, enum store_free *ret_free, struct err *err)
{
	/* By scope, so that people, who may be many, come last and only the first of them is looked at. */
	static const char sql[] = "SELECT scope, name FROM brake WHERE tripped_utc IS NOT NULL ORDER BY scope";
	enum store_free left = STORE_FREE_ALL;
	int status = 1;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	while (left == STORE_FREE_ALL && (status = store_row(store, stmt, "looking at the brakes", err)) == 1) {
		const char *scope = (const char *)sqlite3_column_text(stmt, 0);
		const char *name = (const char *)sqlite3_column_text(stmt, 1);
		if (strcmp(scope, "person") == 0)
			left = STORE_FREE_PEOPLE;
		else if (strcmp(scope, "all") == 0 || strcmp(name, channel) == 0)
			left = STORE_FREE_NOTICES;
	}
	(void)sqlite3_reset(stmt);
	if (status < 0)
		return status;
	*ret_free = left;
	return 0;
}
