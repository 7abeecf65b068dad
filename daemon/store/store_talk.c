#include "store/store_talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/store_priv.h"

/* ---- invitations -------------------------------------------------------------------------------------------------- */

int store_invite_add(struct store *store, const char *hash, const char *person, const char *channel, int64_t until_utc,
		     struct err *err)
{
	static const char sql[] = "INSERT INTO invite (hash, person, channel, until_utc) VALUES (?1, ?2, ?3, ?4)";
	int status = store_invite_end(store, person, channel, err);
	if (status < 0)
		return status;
	return store_exec(store, sql, "writing an invitation", err, "ttti", hash, person, channel, until_utc);
}

int store_invite_find(struct store *store, const char *hash, const char *channel, char **ret_person,
		      int64_t *ret_until_utc, struct err *err)
{
	static const char sql[] = "SELECT i.person, i.until_utc FROM invite i JOIN person p ON p.id = i.person"
				  " WHERE i.hash = ?1 AND i.channel = ?2 AND p.active = 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", hash, channel);
	int status = store_row(store, stmt, "reading an invitation", err);
	if (status < 0)
		return status;
	*ret_person = status == 1 ? store_text(stmt, 0) : NULL;
	*ret_until_utc = status == 1 ? sqlite3_column_int64(stmt, 1) : 0;
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

int store_invite_end(struct store *store, const char *person, const char *channel, struct err *err)
{
	static const char sql[] = "DELETE FROM invite WHERE person = ?1 AND channel = ?2";
	return store_exec(store, sql, "ending an invitation", err, "tt", person, channel);
}

/* ---- questions ---------------------------------------------------------------------------------------------------- */

int store_question_set(struct store *store, const char *person, const char *channel,
		       const struct store_question *question, int64_t until_utc, struct err *err)
{
	static const char sql[] =
		"INSERT OR REPLACE INTO question (person, channel, task, occurrence, until_utc) VALUES (?1, ?2, ?3, ?4, ?5)";
	return store_exec(store, sql, "writing a question", err, "ttiti", person, channel, question->task,
			  question->occurrence, until_utc);
}

int store_question_load(struct store *store, const char *person, const char *channel, int64_t now_utc,
			struct store_question *ret_question, struct err *err)
{
	static const char sql[] =
		"SELECT task, occurrence FROM question WHERE person = ?1 AND channel = ?2 AND until_utc > ?3";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tti", person, channel, now_utc);
	int status = store_row(store, stmt, "reading a question", err);
	if (status < 0)
		return status;
	*ret_question = (struct store_question){0};
	if (status == 1) {
		char *occurrence = store_text(stmt, 1);
		ret_question->task = sqlite3_column_int64(stmt, 0);
		(void)snprintf(ret_question->occurrence, sizeof(ret_question->occurrence), "%s", occurrence);
		free(occurrence);
	}
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

int store_question_end(struct store *store, const char *person, const char *channel, struct err *err)
{
	static const char sql[] = "DELETE FROM question WHERE person = ?1 AND channel = ?2";
	return store_exec(store, sql, "ending a question", err, "tt", person, channel);
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

int store_answered_add(struct store *store, const char *person, const char *channel, enum store_answered_kind kind,
		       int64_t now_utc, int64_t *ret_n, struct err *err)
{
	/* A clock that was set back begins a new hour, too. */
	static const char sql[] =
		"INSERT INTO answered (person, channel, since_utc, answers, presses) VALUES (?1, ?2, ?3, 1 - ?4, ?4)"
		" ON CONFLICT (person, channel) DO UPDATE SET"
		"  answers = iif(since_utc > ?3 - 3600 AND since_utc <= ?3, answers, 0) + 1 - ?4,"
		"  presses = iif(since_utc > ?3 - 3600 AND since_utc <= ?3, presses, 0) + ?4,"
		"  since_utc = iif(since_utc > ?3 - 3600 AND since_utc <= ?3, since_utc, ?3)"
		" RETURNING iif(?4, presses, answers)";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttii", person, channel, now_utc, (int64_t)(kind == STORE_ANSWERED_PRESSES));
	return store_one(store, stmt, "counting an answer", 0, ret_n, err);
}

int store_answered_load(struct store *store, const char *person, const char *channel, int64_t now_utc,
			int64_t *ret_answers, struct err *err)
{
	static const char sql[] = "SELECT answers FROM answered WHERE person = ?1 AND channel = ?2"
				  " AND since_utc > ?3 - 3600 AND since_utc <= ?3";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tti", person, channel, now_utc);
	return store_one(store, stmt, "reading how often somebody was answered", 0, ret_answers, err);
}

int store_hint_due(struct store *store, const char *person, const char *channel, int64_t now_utc, int64_t wait_s,
		   bool *ret_is_due, struct err *err)
{
	static const char sql[] =
		"INSERT INTO answered (person, channel, since_utc, answers, hinted_utc) VALUES (?1, ?2, ?3, 0, ?3)"
		" ON CONFLICT (person, channel) DO UPDATE SET hinted_utc = ?3"
		"  WHERE hinted_utc IS NULL OR hinted_utc <= ?3 - ?4 OR hinted_utc > ?3";
	int64_t changes = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttii", person, channel, now_utc, wait_s);
	int status = store_run(store, stmt, "noting a hint", &changes, err);
	if (status == 0)
		*ret_is_due = changes > 0;
	return status;
}
