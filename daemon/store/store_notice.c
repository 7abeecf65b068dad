#include "store/store_notice.h"

#include <errno.h>

#include "base/mem.h"
#include "store/store_priv.h"

int store_notice_add(struct store *store, int64_t message, const char *text, struct err *err)
{
	static const char sql[] = "INSERT INTO notice (message, text) VALUES (?1, ?2)";
	return store_exec(store, sql, "writing a notice", err, "it", message, text);
}

int store_notice_load(struct store *store, int64_t message, char **ret_text, struct err *err)
{
	static const char sql[] = "SELECT text FROM notice WHERE message = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	int status = store_row(store, stmt, "reading a notice", err);
	if (status < 0)
		return status;
	*ret_text = status == 1 ? store_text(stmt, 0) : mem_dup("");
	(void)sqlite3_reset(stmt);
	return 0;
}
