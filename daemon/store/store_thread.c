#include "store/store_thread.h"

#include "store/store_priv.h"

int store_thread_load(struct store *store, int64_t message, const char *address, char **ret_remote_id, struct err *err)
{
	static const char sql[] =
		"SELECT t.remote_id FROM message m JOIN thread t ON t.message = coalesce(m.thread, m.id)"
		" WHERE m.id = ?1 AND t.address = ?2";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "it", message, address);
	int status = store_row(store, stmt, "reading what a thread is called", err);
	if (status < 0)
		return status;
	*ret_remote_id = status == 1 ? store_text(stmt, 0) : NULL;
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

int store_thread_begin(struct store *store, int64_t message, const char *address, const char *remote_id,
		       struct err *err)
{
	static const char sql[] =
		"INSERT INTO thread (message, address, remote_id) SELECT root.id, ?2, ?3 FROM message m"
		" JOIN message root ON root.id = coalesce(m.thread, m.id)"
		" WHERE m.id = ?1 AND EXISTS (SELECT 1 FROM reminder WHERE message = m.id)"
		" ON CONFLICT (message) DO UPDATE SET address = ?2, remote_id = ?3 WHERE address <> ?2";
	return store_exec(store, sql, "writing what a thread is called", err, "itt", message, address, remote_id);
}

int store_thread_end(struct store *store, int64_t message, const char *remote_id, struct err *err)
{
	static const char sql[] = "DELETE FROM thread WHERE remote_id = ?2"
				  " AND message = (SELECT coalesce(thread, id) FROM message WHERE id = ?1)";
	return store_exec(store, sql, "forgetting what a thread is called", err, "it", message, remote_id);
}
