#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool view_open(struct view *view, const char *path)
{
	*view = (struct view){0};
	int rc = sqlite3_open_v2(path, &view->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(view->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	return rc == SQLITE_OK;
}

void view_close(struct view *view)
{
	for (size_t i = 0; i < view->n; i++)
		(void)sqlite3_finalize(view->cache[i].stmt);
	(void)sqlite3_close_v2(view->db);
	*view = (struct view){0};
}

/* A mistake in our own SQL is not a finding. */
static void view_judge(struct view *view, int rc, const char *sql)
{
	if ((rc & 0xff) == SQLITE_ERROR || (rc & 0xff) == SQLITE_MISUSE || (rc & 0xff) == SQLITE_RANGE) {
		(void)printf("%s: %s\n", sql, sqlite3_errmsg(view->db));
		abort();
	}
	view->is_broken = rc != SQLITE_OK;
	view->is_corrupt = view->is_corrupt || (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

static sqlite3_stmt *view_find(struct view *view, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	for (size_t i = 0; i < view->n; i++)
		if (view->cache[i].sql == sql)
			return view->cache[i].stmt;
	int rc = sqlite3_prepare_v3(view->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	view_judge(view, rc, sql);
	if (rc != SQLITE_OK)
		return NULL;
	if (view->n == VIEW_STATEMENTS)
		abort();
	view->cache[view->n].sql = sql;
	view->cache[view->n++].stmt = stmt;
	return stmt;
}

sqlite3_stmt *view_ask(struct view *view, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt = view_find(view, sql);
	va_list args;
	if (stmt == NULL)
		return NULL;
	(void)sqlite3_reset(stmt);
	va_start(args, types);
	for (int column = 1; types[column - 1] != '\0'; column++)
		if (types[column - 1] == 't')
			(void)sqlite3_bind_text(stmt, column, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
		else
			(void)sqlite3_bind_int64(stmt, column, va_arg(args, int64_t));
	va_end(args);
	return stmt;
}

bool view_row(struct view *view, sqlite3_stmt *stmt)
{
	if (stmt == NULL)
		return false;
	int rc = sqlite3_step(stmt);
	view_judge(view, rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc, sqlite3_sql(stmt));
	if (rc != SQLITE_ROW)
		(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW;
}

void view_drop(sqlite3_stmt *stmt)
{
	(void)sqlite3_reset(stmt); /* NULL is legal */
}

int64_t view_number(struct view *view, sqlite3_stmt *stmt, int64_t absent)
{
	int64_t number = absent;
	if (!view_row(view, stmt))
		return absent;
	if (sqlite3_column_type(stmt, 0) != SQLITE_NULL)
		number = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return number;
}

const char *view_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	return text != NULL ? text : "";
}
