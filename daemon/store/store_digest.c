#include "store/store_digest.h"

#include <string.h>

#include "store/store_priv.h"

int store_digest_due(struct store *store, int64_t now_utc, size_t max, struct strlist *ret_people, struct err *err)
{
	static const char sql[] = "SELECT id FROM person WHERE digest <> '' AND active = 1"
				  " AND (next_digest_utc IS NULL OR next_digest_utc <= ?1) LIMIT ?2";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", now_utc, (int64_t)max);
	while ((status = store_row(store, stmt, "looking for due digests", err)) == 1) {
		const char *person = (const char *)sqlite3_column_text(stmt, 0);
		strlist_add(ret_people, person, strlen(person));
	}
	return status;
}

int store_digest_time(struct store *store, const char *person, bool *ret_is_set, int64_t *ret_utc, struct err *err)
{
	static const char sql[] = "SELECT next_digest_utc FROM person WHERE id = ?1";
	int64_t utc = -1;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", person);
	int status = store_one(store, stmt, "reading the time of a digest", -1, &utc, err);
	if (status < 0)
		return status;
	*ret_is_set = utc >= 0;
	*ret_utc = utc;
	return 0;
}

int store_digest_set(struct store *store, const char *person, int64_t next_utc, struct err *err)
{
	static const char sql[] = "UPDATE person SET next_digest_utc = ?2 WHERE id = ?1";
	return store_exec(store, sql, "setting the time of a digest", err, "ti", person, next_utc);
}

int store_digest_next(struct store *store, int64_t *ret_utc, struct err *err)
{
	static const char sql[] =
		"SELECT min(coalesce(next_digest_utc, 0)) FROM person WHERE digest <> '' AND active = 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	return stmt == NULL ? store->failure
			    : store_one(store, stmt, "looking for the next digest", STORE_NEVER, ret_utc, err);
}

int store_digest_steps(struct store *store, int64_t task, const char *person, struct strlist *ret_keys, struct err *err)
{
	static const char sql[] = "SELECT DISTINCT occurrence FROM reminder WHERE person = ?1 AND task = ?2"
				  " AND dropped = 'only in the digest'";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ti", person, task);
	return store_all_names(store, stmt, "reading what the digest says", ret_keys, err);
}
