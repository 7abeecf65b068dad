#include "store/store_occurrence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_priv.h"

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
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && status == 0; i++)
		status = store_exec(store, all[i], "noting another hour", err, "itt", task, date, other);
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

int store_key_is_taken(struct store *store, int64_t task, const char *date, const char *key, bool *ret_is_taken,
		       struct err *err)
{
	static const char sql[] =
		"SELECT EXISTS (SELECT 1 FROM occurrence WHERE task = ?1 AND date = ?3 AND ?3 <> ?2)"
		" OR EXISTS (SELECT 1 FROM moved_to WHERE task = ?1 AND key = ?3 AND date <> ?2)"
		" OR (?3 <> ?2 AND EXISTS (SELECT 1 FROM reminder WHERE task = ?1 AND occurrence = ?3)"
		"  AND NOT EXISTS (SELECT 1 FROM moved_to WHERE task = ?1 AND date = ?2 AND key = ?3))";
	int64_t is_taken = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "itt", task, date, key);
	int status = store_one(store, stmt, "looking for a date", 0, &is_taken, err);
	if (status == 0)
		*ret_is_taken = is_taken != 0;
	return status;
}
