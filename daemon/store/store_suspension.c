#include "store/store_suspension.h"

#include <stdlib.h>

#include "store/store_priv.h"

int store_suspension_refused(struct store *store, int64_t message, int64_t *ret_refusals, struct err *err)
{
	static const char sql[] = "INSERT INTO suspension (person, channel, refusals)"
				  " SELECT a.person, a.channel, 1 FROM message m JOIN address a"
				  "  ON a.person = m.person AND a.channel = m.channel WHERE m.id = ?1"
				  " ON CONFLICT (person, channel) DO UPDATE SET refusals = refusals + 1"
				  " RETURNING refusals";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	return store_one(store, stmt, "counting a refusal", 0, ret_refusals, err);
}

int store_suspension_count(struct store *store, int64_t *ret_n, struct err *err)
{
	sqlite3_stmt *stmt = store_statement(store, "SELECT count(*) FROM suspension", err);
	return stmt == NULL ? store->failure : store_one(store, stmt, "counting refusals", 0, ret_n, err);
}

int store_suspension_accepted(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "DELETE FROM suspension WHERE reason IS NULL AND (person, channel) ="
				  " (SELECT person, channel FROM message WHERE id = ?1)";
	return store_exec(store, sql, "forgetting refusals", err, "i", message);
}

/* What waits and has no other channel to go to is dropped; the rest is to go there now. */
static int store_suspension_drop_waiting(struct store *store, const char *person, const char *channel, struct err *err)
{
	static const char turn[] = "UPDATE message SET next_channel_utc = 0 WHERE next_channel_utc IS NOT NULL"
				   " AND " STORE_IS_OPEN " AND person = ?1 AND channel = ?2";
	static const char drop[] =
		"UPDATE reminder SET dropped = 'address suspended' WHERE dropped IS NULL AND person = ?1 AND channel = ?2"
		" AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN "  AND state <> 'sending'"
		"  AND next_channel_utc IS NULL)";
	static const char *const both[] = {turn, drop};
	int status = 0;
	for (size_t i = 0; i < 2 && status == 0; i++) {
		status = store_exec(store, both[i], "dropping what waits for a suspended address", err, "tt", person,
				    channel);
	}
	return status;
}

int store_suspension_begin(struct store *store, const char *person, const char *channel, const char *reason,
			   int64_t now_utc, bool *ret_is_new, struct err *err)
{
	static const char sql[] = "INSERT INTO suspension (person, channel, refusals, reason, since_utc)"
				  " SELECT person, channel, 0, ?3, ?4 FROM address WHERE person = ?1 AND channel = ?2"
				  " ON CONFLICT (person, channel) DO UPDATE SET reason = ?3, since_utc = ?4"
				  " WHERE reason IS NULL";
	int64_t n = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttti", person, channel, reason, now_utc);
	int status = store_run(store, stmt, "suspending an address", &n, err);
	if (status == 0 && n > 0)
		status = store_suspension_drop_waiting(store, person, channel, err);
	if (status == 0)
		*ret_is_new = n > 0;
	return status;
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

static int store_suspension_read(struct store *store, sqlite3_stmt *stmt, store_suspension_cb each, void *arg,
				 struct err *err)
{
	int status;
	while ((status = store_row(store, stmt, "reading suspended addresses", err)) == 1) {
		char *name = store_text(stmt, 1), *reason = store_text(stmt, 3);
		const struct store_suspension row = {
			.person = (const char *)sqlite3_column_text(stmt, 0),
			.name = name,
			.channel = (const char *)sqlite3_column_text(stmt, 2),
			.reason = reason,
			.since_utc = sqlite3_column_int64(stmt, 4),
			.is_reached = sqlite3_column_int(stmt, 5) != 0,
		};
		status = each(arg, &row);
		free(name);
		free(reason);
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

#define SUSPENSION_COLUMNS                                                                                             \
	"s.person, p.name, s.channel, s.reason, coalesce(s.since_utc, 0),"                                             \
	" EXISTS (SELECT 1 FROM address a WHERE a.person = s.person AND NOT EXISTS (SELECT 1 FROM suspension other"    \
	"  WHERE other.person = a.person AND other.channel = a.channel AND other.reason IS NOT NULL)) "

int store_suspension_each(struct store *store, store_suspension_cb each, void *arg, struct err *err)
{
	static const char sql[] = "SELECT " SUSPENSION_COLUMNS
				  "FROM suspension s JOIN person p ON p.id = s.person WHERE s.reason IS NOT NULL"
				  " ORDER BY s.person, s.channel";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	return stmt == NULL ? store->failure : store_suspension_read(store, stmt, each, arg, err);
}

int store_suspension_each_near(struct store *store, const char *person, store_suspension_cb each, void *arg,
			       struct err *err)
{
	/* Suspensions are few: from them to the tasks, and not the other way round. */
	static const char sql[] =
		"SELECT " SUSPENSION_COLUMNS "FROM suspension s JOIN person p ON p.id = s.person AND p.active = 1"
		" WHERE s.reason IS NOT NULL AND s.person <> ?1 AND EXISTS (SELECT 1 FROM part theirs"
		"  JOIN task t ON t.id = theirs.task AND t.status = 'open' JOIN part mine ON mine.task = theirs.task"
		"  WHERE theirs.person = s.person AND theirs.role <> 'watcher' AND mine.person = ?1"
		"   AND (mine.role = 'responsible' OR (mine.role = 'participant' AND NOT EXISTS (SELECT 1 FROM part r"
		"    WHERE r.task = mine.task AND r.role = 'responsible'))))"
		" ORDER BY s.person, s.channel";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", person);
	return store_suspension_read(store, stmt, each, arg, err);
}
