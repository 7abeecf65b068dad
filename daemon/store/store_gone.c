#include "store/store_gone.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/store_priv.h"

/* A date that makes no sense, as SQL can write it, is none. */
static bool store_gone_read(sqlite3_stmt *stmt, struct store_gone *ret_gone)
{
	struct period period;
	char *key = store_text(stmt, 1), *precision = store_text(stmt, 2);
	bool is_date = period_parse_key(key, &period) && period_precision_find(precision, &period.precision);
	if (is_date) {
		*ret_gone = (struct store_gone){.task = {.id = sqlite3_column_int64(stmt, 0),
							 .uid = store_text(stmt, 3),
							 .title = store_text(stmt, 4),
							 .zone = store_text(stmt, 5),
							 .place = mem_dup(""),
							 .note = mem_dup(""),
							 .policy = mem_dup(""),
							 .status = mem_dup("cancelled"),
							 .rrule = mem_dup(""),
							 .rdate = mem_dup(""),
							 .exdate = mem_dup(""),
							 .period = period}};
		(void)snprintf(ret_gone->key, sizeof(ret_gone->key), "%s", key);
	}
	free(precision);
	free(key);
	return is_date;
}

int store_gone_load(struct store *store, int64_t message, struct store_gone **ret_gone, size_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT task, key, precision, uid, title, zone FROM shown_gone WHERE message = ?1";
	struct store_gone *gone = NULL;
	size_t n = 0;
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	while ((status = store_row(store, stmt, "reading which tasks are gone", err)) == 1) {
		gone = mem_grow(gone, n + 1, sizeof(*gone));
		n += store_gone_read(stmt, &gone[n]);
	}
	if (status < 0) {
		while (n > 0)
			task_done(&gone[--n].task);
		free(gone);
		return status;
	}
	*ret_gone = gone;
	*ret_n = n;
	return 0;
}
