#include "store/store_notice.h"

#include <stdlib.h>

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

int store_notice_add_answer(struct store *store, int64_t message, const char *subject, const char *text,
			    const char *buttons, struct err *err)
{
	static const char sql[] = "INSERT INTO notice (message, text, subject, buttons) VALUES (?1, ?2, ?3, ?4)";
	return store_exec(store, sql, "writing an answer", err, "ittt", message, text, subject, buttons);
}

int store_notice_load_answer(struct store *store, int64_t message, struct store_answer *ret_answer, struct err *err)
{
	static const char sql[] = "SELECT subject, text, buttons FROM notice WHERE message = ?1 AND subject <> ''";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	int status = store_row(store, stmt, "reading an answer", err);
	if (status < 0)
		return status;
	*ret_answer = (struct store_answer){0};
	if (status == 1)
		*ret_answer = (struct store_answer){store_text(stmt, 0), store_text(stmt, 1), store_text(stmt, 2)};
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

void store_answer_done(struct store_answer *answer)
{
	free(answer->subject);
	free(answer->text);
	free(answer->buttons);
	*answer = (struct store_answer){0};
}
