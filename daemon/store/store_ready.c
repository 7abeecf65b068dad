/* What a channel may send next: what waits for nobody's brake. Notices and tests pass every brake. */
#include "store/store_brake.h"
#include "store/store_message.h"
#include "store/store_priv.h"

#define READY_NOTICE "kind IN ('notice', 'test')"
#define READY_HOLDS "SELECT name FROM brake WHERE scope = 'person' AND tripped_utc IS NOT NULL"
/* Everybody for whom anything waits. Hops from one to the next through the index: whoever has a hundred thousand waiting
 * costs no more than whoever has one. */
#define READY_PEOPLE                                                                                                   \
	"WITH RECURSIVE who (person) AS (SELECT min(person) FROM message WHERE state = 'pending' UNION ALL"            \
	"  SELECT (SELECT min(person) FROM message WHERE state = 'pending' AND person > who.person) FROM who"          \
	"  WHERE person IS NOT NULL) "

static sqlite3_stmt *store_ready_statement(struct store *store, const char *const sql[], const char *channel,
					   struct err *err)
{
	enum store_free left = STORE_FREE_ALL;
	int status = store_brake_free(store, channel, &left, err);
	if (status == 0)
		return store_statement(store, sql[left], err);
	store->failure = status;
	return NULL;
}

static int store_ready_ids(struct store *store, const char *sql, const char *channel, int64_t now_utc, int64_t *ret_ids,
			   size_t max, size_t *ret_n, struct err *err)
{
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tii", channel, now_utc, (int64_t)max);
	return store_ids(store, stmt, ret_ids, max, ret_n, err);
}

int store_message_ready(struct store *store, const char *channel, int64_t now_utc, int64_t *ret_ids, size_t max,
			size_t *ret_n, struct err *err)
{
	static const char all[] = "SELECT id FROM message WHERE state = 'pending' AND channel = ?1 AND not_before <= ?2"
				  " ORDER BY not_before DESC LIMIT ?3";
	/* While people are held, enough that are not are mostly among the latest. */
	static const char latest[] =
		"SELECT id FROM (SELECT id, person, kind, not_before FROM message WHERE state = 'pending'"
		"  AND channel = ?1 AND not_before <= ?2 ORDER BY not_before DESC LIMIT ?3 * 8)"
		" WHERE " READY_NOTICE " OR person NOT IN (" READY_HOLDS ")"
		" ORDER BY not_before DESC LIMIT ?3";
	/* Where those who are held have the latest, everybody else is asked for theirs. The plus keeps SQLite from looking
	 * for the notices of a person among all that waits for them. */
	static const char people[] = READY_PEOPLE
		"SELECT id FROM (SELECT id, not_before FROM message WHERE state = 'pending' AND " READY_NOTICE
		"  AND channel = ?1 AND not_before <= ?2 AND +person IN (" READY_HOLDS ")"
		" UNION ALL SELECT m.id, m.not_before FROM who CROSS JOIN message m"
		"  WHERE who.person NOT IN (" READY_HOLDS ") AND m.id IN (SELECT id FROM message"
		"    WHERE state = 'pending' AND person = who.person AND channel = ?1 AND not_before <= ?2"
		"    ORDER BY not_before DESC LIMIT ?3)) ORDER BY not_before DESC LIMIT ?3";
	static const char notices[] = "SELECT id FROM message WHERE state = 'pending' AND " READY_NOTICE
				      " AND channel = ?1 AND not_before <= ?2 ORDER BY not_before DESC LIMIT ?3";
	static const char *const sql[] = {
		[STORE_FREE_ALL] = all, [STORE_FREE_PEOPLE] = latest, [STORE_FREE_NOTICES] = notices};
	enum store_free left = STORE_FREE_ALL;
	int status = store_brake_free(store, channel, &left, err);
	if (status == 0)
		status = store_ready_ids(store, sql[left], channel, now_utc, ret_ids, max, ret_n, err);
	if (status == 0 && left == STORE_FREE_PEOPLE && *ret_n < max)
		status = store_ready_ids(store, people, channel, now_utc, ret_ids, max, ret_n, err);
	return status;
}

int store_message_ready_suspect(struct store *store, const char *channel, int64_t now_utc, int64_t *ret_id,
				struct err *err)
{
	/* Suspects are few: each is held against the brakes. */
	static const char sql[] =
		"SELECT id FROM message m INDEXED BY message_suspect WHERE suspect = 1 AND state = 'pending'"
		" AND channel = ?1 AND not_before <= ?2 AND (" READY_NOTICE " OR NOT EXISTS (SELECT 1 FROM brake b"
		"  WHERE b.tripped_utc IS NOT NULL AND (b.scope = 'all' OR (b.scope = 'channel' AND b.name = m.channel)"
		"    OR (b.scope = 'person' AND b.name = m.person)))) LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ti", channel, now_utc);
	return store_one(store, stmt, "looking for suspect messages", 0, ret_id, err);
}

int store_message_next(struct store *store, const char *channel, int64_t *ret_utc, struct err *err)
{
	static const char all[] = "SELECT min(not_before) FROM message WHERE state = 'pending' AND channel = ?1";
	static const char people[] = READY_PEOPLE
		"SELECT min(at) FROM (SELECT (SELECT min(not_before) FROM message WHERE state = 'pending'"
		"  AND person = who.person AND channel = ?1) AS at FROM who WHERE person NOT IN (" READY_HOLDS ")"
		" UNION ALL SELECT not_before FROM message WHERE state = 'pending' AND " READY_NOTICE
		" AND channel = ?1)";
	static const char notices[] =
		"SELECT min(not_before) FROM message WHERE state = 'pending' AND " READY_NOTICE " AND channel = ?1";
	static const char *const sql[] = {
		[STORE_FREE_ALL] = all, [STORE_FREE_PEOPLE] = people, [STORE_FREE_NOTICES] = notices};
	sqlite3_stmt *stmt = store_ready_statement(store, sql, channel, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", channel);
	return store_one(store, stmt, "looking for the next try", STORE_NEVER, ret_utc, err);
}
