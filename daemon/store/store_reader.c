#include "store/store_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_cancellation.h"
#include "store/store_priv.h"

/* The text of the only column of the first row, owned; NULL when there is no row. */
static int store_reader_text(struct store *store, sqlite3_stmt *stmt, const char *doing, char **ret_text,
			     struct err *err)
{
	int status = store_row(store, stmt, doing, err);
	if (status < 0)
		return status;
	bool is_there = status == 1 && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	*ret_text = is_there ? store_text(stmt, 0) : NULL;
	(void)sqlite3_reset(stmt);
	return 0;
}

/* ---- deputies and silences ---------------------------------------------------------------------------------------- */

int store_deputy(struct store *store, const char *person, const char *day, char **ret_deputy, struct err *err)
{
	static const char sql[] = "SELECT d.deputy FROM deputy d JOIN person p ON p.id = d.deputy AND p.active = 1"
				  " WHERE d.person = ?1 AND ?2 BETWEEN d.from_date AND d.to_date LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", person, day);
	return store_reader_text(store, stmt, "looking for a deputy", ret_deputy, err);
}

int store_deputy_set(struct store *store, const char *person, const char *deputy, const char *from_day,
		     const char *to_day, struct err *err)
{
	static const char sql[] = "INSERT INTO deputy (person, deputy, from_date, to_date) VALUES (?1, ?2, ?3, ?4)"
				  " ON CONFLICT (person, from_date) DO UPDATE SET deputy = ?2, to_date = ?4";
	return store_exec(store, sql, "writing a deputy", err, "tttt", person, deputy, from_day, to_day);
}

int store_deputy_each(struct store *store, store_deputy_cb each, void *arg, struct err *err)
{
	static const char sql[] = "SELECT person, deputy, from_date, to_date FROM deputy ORDER BY person, from_date";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	while ((status = store_row(store, stmt, "listing deputies", err)) == 1) {
		const struct store_deputy deputy = {
			.person = (const char *)sqlite3_column_text(stmt, 0),
			.deputy = (const char *)sqlite3_column_text(stmt, 1),
			.from_day = (const char *)sqlite3_column_text(stmt, 2),
			.to_day = (const char *)sqlite3_column_text(stmt, 3),
		};
		status = each(arg, &deputy);
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

int store_silence(struct store *store, int64_t task, const char *person, int64_t now_utc, char **ret_why,
		  struct err *err)
{
	static const char sql[] =
		"SELECT 'silenced by ' || author || ': ' || reason, max(until_utc) FROM silence WHERE until_utc > ?3"
		" AND (task IS NULL OR task = ?1) AND (person IS NULL OR person = ?2)";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "iti", task, person, now_utc);
	return store_reader_text(store, stmt, "looking for a silence", ret_why, err);
}

int store_silence_add(struct store *store, int64_t task, const char *person, int64_t until_utc, const char *reason,
		      const char *author, struct err *err)
{
	static const char sql[] =
		"INSERT INTO silence (task, person, until_utc, reason, author) VALUES (?1, ?2, ?3, ?4, ?5)";
	return store_exec(store, sql, "writing a silence", err, "ntitt", task != 0 ? task : (int64_t)-1, person,
			  until_utc, reason, author);
}

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
#define IS_ALONE "(step LIKE 'cancelled %' OR step LIKE 'moved %')"

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
		" AND (?3 IS NULL OR occurrence IN (?2, ?3)"
		"   OR occurrence IN (SELECT key FROM moved_to WHERE task = ?1 AND date = ?3))"
		" AND (SELECT " STORE_IS_TOLD " FROM message WHERE id = reminder.message)"
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

/* ---- digests ------------------------------------------------------------------------------------------------------ */

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

#define OPEN_DATES                                                                                                     \
	"task = ?1 AND dropped IS NULL AND step NOT LIKE 'cancelled %' AND EXISTS"                                     \
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
	" AND step NOT LIKE 'cancelled %'"                                                                             \
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

int store_reminder_unsaid(struct store *store, int64_t task, int64_t now_utc, int64_t *ret_due_utc, struct err *err)
{
	static const char sql[] =
		"SELECT min(r.due_utc) FROM reminder r JOIN message m ON m.id = r.message WHERE r.task = ?1"
		" AND r.dropped = 'task moved' AND r.step NOT LIKE 'moved %' AND r.due_utc <= ?2"
		" AND m.state <> 'sent' AND m.not_before > ?2 AND m.uncertain = 0 AND m.crashes = 0";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", task, now_utc);
	return store_one(store, stmt, "looking for what an edit dropped unsaid", STORE_NEVER, ret_due_utc, err);
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

/* ---- single occurrences ------------------------------------------------------------------------------------------- */

static void store_occurrence_read(sqlite3_stmt *stmt, struct store_occurrence *ret_item)
{
	const char *status = (const char *)sqlite3_column_text(stmt, 1);
	const char *start = (const char *)sqlite3_column_text(stmt, 2),
		   *end = (const char *)sqlite3_column_text(stmt, 3);
	const char *precision = (const char *)sqlite3_column_text(stmt, 4);
	*ret_item = (struct store_occurrence){.is_open = strcmp(status, "open") == 0,
					      .is_cancelled = strcmp(status, "cancelled") == 0};
	(void)snprintf(ret_item->date, sizeof(ret_item->date), "%s", (const char *)sqlite3_column_text(stmt, 0));
	struct period *period = &ret_item->period;
	period->has_start = start != NULL && civil_parse(start, &period->start, NULL);
	ret_item->is_moved = end != NULL && precision != NULL && civil_parse(end, &period->end, NULL) &&
			     period_precision_find(precision, &period->precision);
}

int store_occurrences(struct store *store, int64_t task, struct store_occurrence **ret_items, size_t *ret_n,
		      struct err *err)
{
	static const char sql[] =
		"SELECT date, status, start_local, end_local, precision FROM occurrence WHERE task = ?1 ORDER BY date";
	struct store_occurrence *items = NULL;
	size_t n = 0;
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", task);
	while ((status = store_row(store, stmt, "reading occurrences", err)) == 1) {
		items = mem_grow(items, n + 1, sizeof(*items));
		store_occurrence_read(stmt, &items[n++]);
	}
	if (status < 0) {
		free(items);
		return status;
	}
	*ret_items = items;
	*ret_n = n;
	return 0;
}

int store_said_dates(struct store *store, int64_t task, struct strlist *ret_dates, struct err *err)
{
	static const char sql[] =
		"SELECT date FROM occurrence WHERE task = ?1 UNION SELECT occurrence FROM acknowledgement"
		" WHERE task = ?1 AND occurrence NOT IN (SELECT key FROM moved_to WHERE task = ?1)";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", task);
	while ((status = store_row(store, stmt, "reading occurrences", err)) == 1) {
		const char *date = (const char *)sqlite3_column_text(stmt, 0);
		strlist_add(ret_dates, date, strlen(date));
	}
	return status;
}

int store_said_rename(struct store *store, int64_t task, const char *date, const char *other, struct err *err)
{
	static const char *const all[] = {
		"UPDATE OR REPLACE occurrence SET date = ?3 WHERE task = ?1 AND date = ?2",
		"UPDATE OR REPLACE moved_to SET date = ?3 WHERE task = ?1 AND date = ?2",
		"INSERT OR IGNORE INTO moved_to (task, date, key) VALUES (?1, ?3, ?2)",
		"UPDATE OR REPLACE cancellation SET date = ?3 WHERE task = ?1 AND date = ?2",
		"UPDATE OR REPLACE acknowledgement SET occurrence = ?3 WHERE task = ?1 AND occurrence = ?2",
	};
	int status = 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && status == 0; i++) {
		sqlite3_stmt *stmt = store_statement(store, all[i], err);
		if (stmt == NULL)
			return store->failure;
		store_bind(stmt, "itt", task, date, other);
		status = store_run(store, stmt, "noting another hour", NULL, err);
	}
	return status;
}

int store_occurrence_set(struct store *store, int64_t task, const char *date, const char *status,
			 const struct period *period, struct err *err)
{
	static const char sql[] =
		"INSERT INTO occurrence (task, date, status, start_local, end_local, precision, moved_key)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (task, date) DO UPDATE SET status = ?3,"
		" start_local = CASE WHEN ?5 IS NULL THEN start_local ELSE ?4 END, end_local = coalesce(?5, end_local),"
		" precision = coalesce(?6, precision), moved_key = coalesce(?7, moved_key)";
	char start[CIVIL_TEXT_SIZE], end[CIVIL_TEXT_SIZE], key[PERIOD_KEY_SIZE];
	if (period != NULL) {
		civil_format(&period->start, start);
		civil_format(&period->end, end);
		period_key(period, key);
	}
	return store_exec(store, sql, "changing an occurrence", err, "itttttt", task, date, status,
			  period != NULL && period->has_start ? start : NULL, period != NULL ? end : NULL,
			  period != NULL ? period_precision_name(period->precision) : NULL,
			  period != NULL ? key : NULL);
}

int store_occurrences_close_from(struct store *store, int64_t task, const char *date, const char *status,
				 struct err *err)
{
	/* A moved occurrence belongs where the rule had it, wherever it lies now. */
	static const char drop[] =
		"UPDATE reminder SET dropped = 'task ' || ?3 WHERE task = ?1 AND dropped IS NULL AND step NOT LIKE 'cancelled %'"
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
