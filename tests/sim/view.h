/* view: a connection of the checker's own, for plain SQL on what is committed, and only for looking. */
#ifndef DEADLINED_SIM_VIEW_H
#define DEADLINED_SIM_VIEW_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VIEW_STATEMENTS = 64 };

struct view {
	sqlite3 *db;
	bool is_broken; /* the last question was not answered: the disk is dead, or fails */
	bool is_corrupt;
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} cache[VIEW_STATEMENTS];
	size_t n;
};

/* False when the file cannot be opened. */
bool view_open(struct view *view, const char *path);
void view_close(struct view *view);

/* A question; sql must be a literal. types: i = int64_t, t = const char *, as with store_bind(). */
sqlite3_stmt *view_ask(struct view *view, const char *sql, const char *types, ...);
/* The next row; false after the last one, and the statement is free again. Every row must be fetched, or view_drop()
 * called: a statement left open keeps the log from starting over. */
bool view_row(struct view *view, sqlite3_stmt *stmt);
void view_drop(sqlite3_stmt *stmt);
/* The number in the first column of the only row that is left of it; absent when there is none. */
int64_t view_number(struct view *view, sqlite3_stmt *stmt, int64_t absent);
/* The text of a column, "" for NULL; valid until the next row. */
const char *view_text(sqlite3_stmt *stmt, int column);

#endif
