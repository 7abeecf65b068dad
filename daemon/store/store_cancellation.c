#include "store/store_cancellation.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/store_message.h"
#include "store/store_priv.h"

/* The date by the rule of what a reminder is about. */
#define CANCELLATION_DATE                                                                                              \
	"coalesce((SELECT m.date FROM moved_to m WHERE m.task = r.task AND m.key = r.occurrence), r.occurrence)"

int store_cancellations(struct store *store, int64_t task, struct store_cancellation **ret_items, size_t *ret_n,
			struct err *err)
{
	static const char sql[] = "SELECT date, sequence FROM cancellation WHERE task = ?1 ORDER BY date";
	struct store_cancellation *items = NULL;
	size_t n = 0;
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", task);
	while ((status = store_row(store, stmt, "reading what was cancelled", err)) == 1) {
		items = mem_grow(items, n + 1, sizeof(*items));
		items[n] = (struct store_cancellation){.sequence = sqlite3_column_int64(stmt, 1)};
		(void)snprintf(items[n].date, sizeof(items[n].date), "%s", (const char *)sqlite3_column_text(stmt, 0));
		n++;
	}
	if (status < 0) {
		free(items);
		return status;
	}
	*ret_items = items;
	*ret_n = n;
	return 0;
}

static int store_cancellation_run(struct store *store, const char *const *sql, size_t n, int64_t task, const char *date,
				  struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < n && status == 0; i++) {
		status = store_exec(store, sql[i], "noting what was cancelled", err, "it", task, date);
	}
	return status;
}

int store_cancel_date(struct store *store, int64_t task, const char *date, struct err *err)
{
	static const char *const both[] = {
		"UPDATE task SET sequence = sequence + 1 WHERE id = ?1"
		" AND NOT EXISTS (SELECT 1 FROM cancellation WHERE task = ?1 AND date = ?2)",
		"INSERT OR IGNORE INTO cancellation SELECT id, ?2, sequence FROM task WHERE id = ?1",
	};
	return store_cancellation_run(store, both, 2, task, date, err);
}

int store_uncancel_date(struct store *store, int64_t task, const char *date, struct err *err)
{
	static const char *const all[] = {
		"UPDATE task SET sequence = sequence + 1 WHERE id = ?1"
		" AND EXISTS (SELECT 1 FROM cancellation WHERE task = ?1 AND date = ?2)",
		"DELETE FROM cancellation WHERE task = ?1 AND date = ?2",
		"UPDATE reminder SET dropped = 'task reopened' WHERE task = ?1 AND occurrence = ?2"
		" AND step LIKE '" STORE_STEP_CANCELLED "%' AND dropped IS NULL"
		" AND message IN (SELECT id FROM message WHERE " STORE_IS_OPEN ")",
	};
	return store_cancellation_run(store, all, 3, task, date, err);
}

int store_told_dates(struct store *store, int64_t task, bool by_date, struct store_told **ret_items, size_t *ret_n,
		     struct err *err)
{
	/* With max(), SQLite takes the other columns from the row of the latest message (lang_select, bare columns). */
	static const char sql[] =
		"SELECT coalesce(r.deputy_for, r.person), CASE WHEN ?2 OR " CANCELLATION_DATE
		" IN (SELECT date FROM cancellation WHERE task = ?1) THEN " CANCELLATION_DATE
		" ELSE '' END, r.occurrence,"
		" r.step, max(r.message), sum(r.step LIKE '" STORE_STEP_MOVED "%') FROM reminder r WHERE r.task = ?1"
		" AND (SELECT " STORE_IS_TOLD " FROM message WHERE id = r.message)"
		" GROUP BY 1, 2 HAVING r.step NOT LIKE '" STORE_STEP_CANCELLED "%' ORDER BY 2, 1";
	struct store_told *items = NULL;
	size_t n = 0;
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", task, (int64_t)by_date);
	while ((status = store_row(store, stmt, "looking for people who were told a date", err)) == 1) {
		items = mem_grow(items, n + 1, sizeof(*items));
		struct store_told *item = &items[n++];
		(void)snprintf(item->person, sizeof(item->person), "%s", (const char *)sqlite3_column_text(stmt, 0));
		(void)snprintf(item->date, sizeof(item->date), "%s", (const char *)sqlite3_column_text(stmt, 1));
		(void)snprintf(item->key, sizeof(item->key), "%s", (const char *)sqlite3_column_text(stmt, 2));
		item->message = sqlite3_column_int64(stmt, 4);
		item->was_moved_to = sqlite3_column_int64(stmt, 5) > 0;
	}
	if (status < 0) {
		free(items);
		return status;
	}
	*ret_items = items;
	*ret_n = n;
	return 0;
}
