#include "store/store_suspension.h"

#include "store/store_priv.h"

int store_suspension_refused(struct store *store, int64_t message, int64_t *ret_refusals, struct err *err)
{
	static const char sql[] = "INSERT INTO suspension (person, channel, refusals)"
				  " SELECT person, channel, 1 FROM message WHERE id = ?1"
				  " ON CONFLICT (person, channel) DO UPDATE SET refusals = refusals + 1"
				  " RETURNING refusals";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	return store_one(store, stmt, "counting a refusal", 0, ret_refusals, err);
}

int store_suspension_accepted(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "DELETE FROM suspension WHERE reason IS NULL AND (person, channel) ="
				  " (SELECT person, channel FROM message WHERE id = ?1)";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	return store_run(store, stmt, "forgetting refusals", NULL, err);
}

static int store_suspension_drop_waiting(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] =
		"UPDATE reminder SET dropped = 'address suspended' WHERE dropped IS NULL AND (person, channel) ="
		"  (SELECT person, channel FROM message WHERE id = ?1)"
		" AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN "  AND state <> 'sending')";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	return store_run(store, stmt, "dropping what waits for a suspended address", NULL, err);
}

int store_suspension_begin(struct store *store, int64_t message, const char *reason, struct err *err)
{
	static const char sql[] = "UPDATE suspension SET reason = ?2 WHERE (person, channel) ="
				  " (SELECT person, channel FROM message WHERE id = ?1)";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "it", message, reason);
	int status = store_run(store, stmt, "suspending an address", NULL, err);
	return status == 0 ? store_suspension_drop_waiting(store, message, err) : status;
}

int store_suspension_end(struct store *store, const char *person, const char *channel, int64_t *ret_n, struct err *err)
{
	static const char sql[] =
		"DELETE FROM suspension WHERE person = ?1 AND channel = coalesce(?2, channel) AND reason IS NOT NULL";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", person, channel);
	return store_run(store, stmt, "using an address again", ret_n, err);
}
