#include "store/store_heard.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/store_priv.h"

/* ---- how far a channel was heard ---------------------------------------------------------------------------------- */

int store_updates_next(struct store *store, const char *channel, const char *account, char **ret_next, struct err *err)
{
	static const char sql[] = "SELECT updates_next FROM channel WHERE name = ?1 AND updates_account = ?2";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", channel, account);
	int status = store_row(store, stmt, "reading how far a channel was heard", err);
	if (status < 0)
		return status;
	*ret_next = status == 1 ? store_text(stmt, 0) : mem_dup("");
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

int store_updates_save(struct store *store, const char *channel, const char *account, const char *next, struct err *err)
{
	static const char sql[] = "INSERT INTO channel (name, updates_account, updates_next) VALUES (?1, ?2, ?3)"
				  " ON CONFLICT (name) DO UPDATE SET updates_account = ?2, updates_next = ?3";
	return store_exec(store, sql, "writing how far a channel was heard", err, "ttt", channel, account, next);
}

/* ---- one at a time ------------------------------------------------------------------------------------------------ */

int store_heard_mark(struct store *store, const char *channel, const char *hash, const char *kind, struct err *err)
{
	static const char sql[] = "INSERT INTO heard (channel, hash, kind, is_over) VALUES (?1, ?2, ?3, 0)"
				  " ON CONFLICT (channel, hash) DO NOTHING";
	return store_exec(store, sql, "marking an update", err, "ttt", channel, hash, kind);
}

int store_heard_whose(struct store *store, const char *channel, const char *hash, const char *person, struct err *err)
{
	static const char sql[] = "UPDATE heard SET person = ?3 WHERE channel = ?1 AND hash = ?2";
	return store_exec(store, sql, "writing whose an update is", err, "ttt", channel, hash, person);
}

int store_heard_end(struct store *store, const char *channel, const char *hash, struct err *err)
{
	static const char sql[] = "UPDATE heard SET is_over = 1 WHERE channel = ?1 AND hash = ?2";
	return store_exec(store, sql, "ending an update", err, "tt", channel, hash);
}

int store_heard_is_over(struct store *store, const char *channel, const char *hash, bool *ret_is_over, struct err *err)
{
	static const char sql[] = "SELECT is_over FROM heard WHERE channel = ?1 AND hash = ?2";
	int64_t is_over = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", channel, hash);
	int status = store_one(store, stmt, "looking for an update", 0, &is_over, err);
	if (status == 0)
		*ret_is_over = is_over != 0;
	return status;
}

int store_heard_any(struct store *store, const char *channel, bool *ret_any, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM heard WHERE channel = ?1 LIMIT 1";
	int64_t any = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", channel);
	int status = store_one(store, stmt, "looking for updates", 0, &any, err);
	if (status == 0)
		*ret_any = any != 0;
	return status;
}

/* ---- after a death ------------------------------------------------------------------------------------------------ */

int store_heard_marked(struct store *store, struct store_heard *ret_heard, struct err *err)
{
	static const char sql[] = "SELECT channel, hash, kind, person FROM heard WHERE is_over = 0 LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	int status = store_row(store, stmt, "looking for a marked update", err);
	if (status != 1)
		return status;
	*ret_heard = (struct store_heard){.channel = store_text(stmt, 0),
					  .hash = store_text(stmt, 1),
					  .kind = store_text(stmt, 2),
					  .person = store_text(stmt, 3)};
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 1;
}

void store_heard_done(struct store_heard *heard)
{
	free(heard->channel);
	free(heard->hash);
	free(heard->kind);
	free(heard->person);
	*heard = (struct store_heard){0};
}

int store_heard_give_up(struct store *store, const struct store_heard *heard, int64_t now_utc, struct err *err)
{
	static const char sql[] = "INSERT INTO ledger (at_utc, who, through, action, person, detail)"
				  " VALUES (?1, 'deadlined', ?2, 'pass over', nullif(?3, ''), ?4)";
	int status = store_heard_end(store, heard->channel, heard->hash, err);
	if (status < 0)
		return status;
	return store_exec(store, sql, "writing the ledger", err, "ittt", now_utc, heard->channel, heard->person,
			  heard->kind);
}

int store_heard_unmark_all(struct store *store, struct err *err)
{
	static const char sql[] = "DELETE FROM heard WHERE is_over = 0";
	return store_exec(store, sql, "unmarking updates", err, "");
}

int store_heard_forget(struct store *store, const char *channel, struct err *err)
{
	static const char sql[] = "DELETE FROM heard WHERE channel = ?1";
	return store_exec(store, sql, "forgetting updates", err, "t", channel);
}
