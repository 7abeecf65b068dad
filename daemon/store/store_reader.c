#include "store/store_reader.h"

#include <string.h>

#include "base/mem.h"
#include "store/store_cancellation.h"
#include "store/store_priv.h"

/* ---- acknowledged, snoozed, told ---------------------------------------------------------------------------------- */

int store_is_acknowledged(struct store *store, int64_t task, const char *occurrence, bool *ret_is, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM acknowledgement WHERE task = ?1 AND occurrence = ?2";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "it", task, occurrence);
	int status = store_one(store, stmt, "looking for an acknowledgement", 0, &found, err);
	if (status == 0)
		*ret_is = found != 0;
	return status;
}

int store_acknowledge(struct store *store, int64_t task, const char *occurrence, struct err *err)
{
	static const char sql[] =
		"INSERT INTO acknowledgement (task, occurrence) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
	return store_exec(store, sql, "acknowledging", err, "it", task, occurrence);
}

int store_snoozed_until(struct store *store, int64_t task, const char *person, int64_t now_utc, int64_t *ret_until_utc,
			struct err *err)
{
	/* By the key alone it would walk the reminders of everybody in the task. */
	static const char sql[] = "SELECT max(due_utc) FROM reminder INDEXED BY reminder_person"
				  " WHERE task = ?1 AND person = ?2"
				  " AND step LIKE 'snoozed %' AND due_utc > ?3 AND dropped IS NULL";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "iti", task, person, now_utc);
	return store_one(store, stmt, "looking for a snooze", 0, ret_until_utc, err);
}

int store_told_last(struct store *store, int64_t task, const char *person, char **ret_occurrence, struct err *err)
{
	static const char sql[] =
		"SELECT r.occurrence FROM reminder r INDEXED BY reminder_person JOIN message m ON m.id = r.message"
		" WHERE r.task = ?1 AND r.person = ?2 AND r.dropped IS NULL AND m.state = 'sent'"
		" ORDER BY r.due_utc DESC, m.id DESC LIMIT 1";
	struct strlist found = {0};
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "it", task, person);
	int status = store_all_names(store, stmt, "looking for the latest reminder", &found, err);
	if (status == 0)
		*ret_occurrence = found.n > 0 ? mem_dup(found.items[0]) : NULL;
	strlist_done(&found);
	return status;
}

int store_snooze_clear(struct store *store, int64_t task, const char *person, int64_t until_utc, struct err *err)
{
	static const char drop[] =
		"UPDATE reminder SET dropped = 'snoozed' WHERE task = ?1 AND person = ?2 AND dropped IS NULL AND message IN"
		" (SELECT id FROM message WHERE " STORE_IS_OPEN "   AND (not_before < ?3 OR step LIKE 'snoozed %'))";
	/* Its key must be free when the same instant is asked for again; the ledger knows of the first time. */
	static const char forget[] = "DELETE FROM reminder WHERE task = ?1 AND person = ?2 AND due_utc = ?3"
				     " AND step LIKE 'snoozed %' AND dropped IS NOT NULL";
	int status = store_exec(store, drop, "clearing for a snooze", err, "iti", task, person, until_utc);
	if (status < 0)
		return status;
	return store_exec(store, forget, "clearing for a snooze", err, "iti", task, person, until_utc);
}

int store_ceiling_load(struct store *store, const char *person, const char *day, int64_t *ret_count, struct err *err)
{
	static const char sql[] = "SELECT told_count FROM person WHERE id = ?1 AND told_day = ?2";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", person, day);
	return store_one(store, stmt, "counting a day's messages", 0, ret_count, err);
}

int store_ceiling_add(struct store *store, const char *person, const char *day, struct err *err)
{
	static const char sql[] = "UPDATE person SET told_count = CASE told_day WHEN ?2 THEN told_count + 1 ELSE 1 END,"
				  " told_day = ?2 WHERE id = ?1";
	return store_exec(store, sql, "counting a message", err, "tt", person, day);
}

/* As post_is_alone() says. */
#define IS_ALONE "(step LIKE '" STORE_STEP_CANCELLED "%' OR step LIKE '" STORE_STEP_MOVED "%')"

int store_joinable(struct store *store, const char *person, const char *channel, int64_t not_before, bool only_catch_up,
		   int64_t *ret_message, struct err *err)
{
	static const char sql[] =
		"SELECT id FROM message WHERE state = 'pending' AND channel = ?2 AND not_before BETWEEN ?3 - ?4 * 60 AND ?3"
		" AND person = ?1 AND attempts = 0 AND urgent = 0"
		" AND (kind = 'catch_up' OR (kind IN ('single', 'merged') AND NOT ?4)) AND NOT EXISTS (SELECT 1 FROM"
		"  reminder WHERE message = message.id AND " IS_ALONE ") LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttii", person, channel, not_before, (int64_t)only_catch_up);
	return store_one(store, stmt, "looking for a waiting message", 0, ret_message, err);
}

int store_joinable_held(struct store *store, const char *person, const char *channel, int64_t not_before,
			int64_t *ret_message, struct err *err)
{
	/* What is held was written down before what falls due now, so it is among the first; a crowd that is due at the
	 * same instant is not searched. */
	static const char sql[] =
		"SELECT id FROM (SELECT id FROM message WHERE state = 'pending' AND person = ?1 AND channel = ?2"
		"  AND not_before = ?3 AND attempts = 0 AND urgent = 0 AND kind IN ('single', 'merged', 'catch_up')"
		"  ORDER BY id LIMIT 16) m"
		" WHERE EXISTS (SELECT 1 FROM reminder WHERE message = m.id AND held IS NOT NULL AND dropped IS NULL"
		"  AND NOT " IS_ALONE ") LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tti", person, channel, not_before);
	return store_one(store, stmt, "looking for a held message", 0, ret_message, err);
}

int store_join(struct store *store, int64_t message, int64_t task, bool is_catch_up, struct err *err)
{
	static const char sql[] =
		"UPDATE message SET thread = CASE WHEN EXISTS (SELECT 1 FROM reminder WHERE message = ?1 AND task <> ?3)"
		"  THEN NULL ELSE thread END,"
		" kind = CASE WHEN ?2 OR kind = 'catch_up' THEN 'catch_up' ELSE 'merged' END WHERE id = ?1";
	return store_exec(store, sql, "merging reminders", err, "iii", message, (int64_t)is_catch_up, task);
}

int store_told_other_date(struct store *store, int64_t task, const char *current_key, const char *date,
			  struct strlist *ret_people, struct err *err)
{
	/* With max(), SQLite takes the other columns from the row of the latest message (lang_select, bare columns). */
	static const char sql[] =
		"SELECT coalesce(deputy_for, person), occurrence, max(message) FROM reminder WHERE task = ?1"
		" AND ((?3 IS NULL AND occurrence NOT IN (SELECT date FROM cancellation WHERE task = ?1 UNION"
		"   SELECT m.key FROM moved_to m JOIN cancellation c USING (task, date) WHERE task = ?1))"
		"  OR occurrence IN (?2, ?3)"
		"   OR occurrence IN (SELECT key FROM moved_to WHERE task = ?1 AND date = ?3))"
		" AND (SELECT " STORE_IS_TOLD " OR (" STORE_IS_OPEN " AND step LIKE '" STORE_STEP_MOVED
		"%' AND dropped IS NULL)"
		"  FROM message WHERE id = reminder.message)"
		" GROUP BY 1, channel HAVING occurrence <> ?2";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "itt", task, current_key, date);
	while ((status = store_row(store, stmt, "looking for people told an old date", err)) == 1) {
		const char *person = (const char *)sqlite3_column_text(stmt, 0);
		if (!strlist_has(ret_people, person))
			strlist_add(ret_people, person, strlen(person));
	}
	return status;
}

#define OPEN_DATES                                                                                                     \
	"task = ?1 AND dropped IS NULL AND step NOT LIKE '" STORE_STEP_CANCELLED "%' AND EXISTS"                       \
	" (SELECT 1 FROM message m WHERE m.id = reminder.message AND " STORE_OPEN("m.state") ")"

int store_open_dates(struct store *store, int64_t task, struct strlist *ret_keys, struct err *err)
{
	static const char sql[] = "SELECT DISTINCT occurrence FROM reminder WHERE " OPEN_DATES;
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", task);
	while ((status = store_row(store, stmt, "looking for open dates", err)) == 1) {
		const char *key = (const char *)sqlite3_column_text(stmt, 0);
		strlist_add(ret_keys, key, strlen(key));
	}
	return status;
}

int store_drop_date(struct store *store, int64_t task, const char *key, struct err *err)
{
	static const char sql[] = "UPDATE reminder SET dropped = 'task moved' WHERE " OPEN_DATES " AND occurrence = ?2";
	return store_exec(store, sql, "dropping a date", err, "it", task, key);
}

/* The message of such a reminder is cancelled, or it never had one. */
#define REVIVED_PARTS "SELECT p.id FROM part JOIN person p ON p.id = part.person AND p.active = 1 WHERE part.task = ?1"
#define REVIVED                                                                                                        \
	"FROM reminder WHERE task = ?1 AND occurrence = ?2 AND dropped IN ('task moved', 'task done',"                 \
	" 'task cancelled', 'takes no part', 'no address', 'address suspended', 'person inactive')"                    \
	" AND step NOT LIKE '" STORE_STEP_CANCELLED "%'"                                                               \
	" AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = reminder.message AND m.state <> 'cancelled')"           \
	" AND (person IN (" REVIVED_PARTS ") OR deputy_for IN (" REVIVED_PARTS "))"                                    \
	" AND EXISTS (SELECT 1 FROM address a WHERE a.person = reminder.person"                                        \
	"  AND reminder.channel IN ('', a.channel) AND NOT EXISTS (SELECT 1 FROM suspension s"                         \
	"   WHERE s.person = a.person AND s.channel = a.channel AND s.reason IS NOT NULL))"

int store_reminder_revive(struct store *store, int64_t task, const char *occurrence, int64_t *ret_from_utc,
			  struct err *err)
{
	static const char first[] = "SELECT min(due_utc) " REVIVED;
	static const char forget[] = "DELETE " REVIVED;
	sqlite3_stmt *stmt = store_statement(store, first, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "it", task, occurrence);
	int status = store_one(store, stmt, "looking for dropped reminders", STORE_NEVER, ret_from_utc, err);
	if (status < 0 || *ret_from_utc == STORE_NEVER)
		return status;
	return store_exec(store, forget, "planning dropped reminders anew", err, "it", task, occurrence);
}

static void store_unsaid_read(sqlite3_stmt *stmt, struct store_unsaid *ret_unsaid)
{
	const char *moved = (const char *)sqlite3_column_text(stmt, 2);
	*ret_unsaid = (struct store_unsaid){.due_utc = sqlite3_column_int64(stmt, 0)};
	mem_copy_text(ret_unsaid->key, sizeof(ret_unsaid->key), (const char *)sqlite3_column_text(stmt, 1));
	mem_copy_text(ret_unsaid->moved_key, sizeof(ret_unsaid->moved_key), moved != NULL ? moved : "");
}

int store_reminder_unsaid(struct store *store, int64_t task, int64_t after_utc, int64_t until_utc,
			  struct store_unsaid *ret_unsaid, struct err *err)
{
	static const char sql[] =
		"SELECT r.due_utc, r.occurrence, (SELECT coalesce(o.moved_key, o.date) FROM occurrence o"
		"  WHERE o.task = ?1 AND o.status = 'open' AND (o.date = r.occurrence OR o.date IN"
		"   (SELECT date FROM moved_to WHERE task = ?1 AND key = r.occurrence)) LIMIT 1)"
		" FROM reminder r JOIN message m ON m.id = r.message WHERE r.task = ?1"
		" AND r.dropped = 'task moved' AND r.step NOT LIKE '" STORE_STEP_MOVED
		"%' AND r.due_utc <= ?3 AND m.due_utc > ?2"
		" AND m.state IN ('pending', 'held', 'cancelled') AND m.uncertain = 0 AND m.crashes = 0"
		" AND NOT EXISTS (SELECT 1 FROM reminder n WHERE n.task = ?1 AND n.person = r.person"
		"  AND n.message > r.message AND n.dropped IS NULL) ORDER BY r.due_utc LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "iii", task, after_utc, until_utc);
	int status = store_row(store, stmt, "looking for what an edit dropped unsaid", err);
	if (status < 0)
		return status;
	*ret_unsaid = (struct store_unsaid){.due_utc = STORE_NEVER};
	if (status == 1)
		store_unsaid_read(stmt, ret_unsaid);
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_tasks_of(struct store *store, const char *person, int64_t **ret_ids, size_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT DISTINCT t.id FROM part JOIN task t ON t.id = part.task"
				  " WHERE part.person = ?1 AND t.status = 'open' ORDER BY t.end_local, t.id";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", person);
	return store_all_ids(store, stmt, "reading a person's tasks", ret_ids, ret_n, err);
}

int store_occurrences_close_from(struct store *store, int64_t task, const char *date, const char *status,
				 struct err *err)
{
	/* A moved occurrence belongs where the rule had it, wherever it lies now. */
	static const char drop[] =
		"UPDATE reminder SET dropped = 'task ' || ?3 WHERE task = ?1 AND dropped IS NULL"
		" AND step NOT LIKE '" STORE_STEP_CANCELLED "%'"
		" AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ")"
		" AND coalesce((SELECT o.date FROM occurrence o WHERE o.task = ?1 AND o.moved_key = reminder.occurrence),"
		"  occurrence) >= ?2";
	static const char close[] =
		"UPDATE occurrence SET status = ?3 WHERE task = ?1 AND date >= ?2 AND status = 'open'";
	static const char note[] =
		"INSERT INTO occurrence (task, date, status) SELECT DISTINCT task, occurrence, 'done' FROM reminder"
		" WHERE task = ?1 AND occurrence >= ?2 AND ?3 = 'done' AND message IN (SELECT id FROM message WHERE"
		"  state = 'sending' OR " STORE_IS_TOLD ")"
		" AND occurrence NOT IN (SELECT key FROM moved_to WHERE task = ?1)"
		" AND occurrence NOT IN (SELECT date FROM occurrence WHERE task = ?1)";
	static const char *const all[] = {drop, close, note};
	int result = 0;
	for (size_t i = 0; i < 3 && result == 0; i++) {
		result = store_exec(store, all[i], "closing occurrences", err, "itt", task, date, status);
	}
	return result;
}
