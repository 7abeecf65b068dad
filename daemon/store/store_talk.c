#include "store/store_talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_ledger.h"
#include "store/store_priv.h"

/* ---- whose an address is ------------------------------------------------------------------------------------------ */

int store_address_owners(struct store *store, const char *channel, const char *address, bool only_active,
			 struct strlist *ret_people, struct err *err)
{
	static const char sql[] = "SELECT p.id FROM address a JOIN person p ON p.id = a.person"
				  " WHERE a.channel = ?1 AND a.address = ?2 AND p.active >= ?3 ORDER BY p.id";
	struct strlist people = {0};
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tti", channel, address, (int64_t)only_active);
	while ((status = store_row(store, stmt, "reading whose an address is", err)) == 1) {
		char *id = store_text(stmt, 0);
		strlist_add(&people, id, strlen(id));
		free(id);
	}
	if (status < 0) {
		strlist_done(&people);
		return status;
	}
	*ret_people = people;
	return 0;
}

int store_address_set(struct store *store, const char *person, const char *channel, const char *address,
		      struct err *err)
{
	static const char sql[] = "INSERT INTO address (person, channel, address) VALUES (?1, ?2, ?3)"
				  " ON CONFLICT (person, channel) DO UPDATE SET address = ?3";
	return store_exec(store, sql, "writing an address", err, "ttt", person, channel, address);
}

int store_address_is_suspended(struct store *store, const char *person, const char *channel, bool *ret_is,
			       struct err *err)
{
	static const char sql[] = "SELECT 1 FROM suspension WHERE person = ?1 AND channel = ?2 AND reason IS NOT NULL";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", person, channel);
	int status = store_one(store, stmt, "reading whether an address is suspended", 0, &found, err);
	if (status == 0)
		*ret_is = found != 0;
	return status;
}

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

int store_answered_add(struct store *store, const char *person, const char *channel, int64_t now_utc,
		       int64_t *ret_answers, struct err *err)
{
	/* A clock that was set back begins a new hour, too. */
	static const char sql[] =
		"INSERT INTO answered (person, channel, since_utc, answers) VALUES (?1, ?2, ?3, 1)"
		" ON CONFLICT (person, channel) DO UPDATE SET"
		"  answers = CASE WHEN since_utc > ?3 - 3600 AND since_utc <= ?3 THEN answers + 1 ELSE 1 END,"
		"  since_utc = CASE WHEN since_utc > ?3 - 3600 AND since_utc <= ?3 THEN since_utc ELSE ?3 END"
		" RETURNING answers";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tti", person, channel, now_utc);
	return store_one(store, stmt, "counting an answer", 0, ret_answers, err);
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

/* ---- what is shown ------------------------------------------------------------------------------------------------ */

int store_shown_begin(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "INSERT OR REPLACE INTO shown (message, remote_id, stale) VALUES (?1, '', 0)";
	return store_exec(store, sql, "writing what is going to be shown", err, "i", message);
}

int store_shown_put(struct store *store, int64_t message, const char *remote_id, struct err *err)
{
	static const char sql[] = "UPDATE shown SET remote_id = ?2 WHERE message = ?1";
	return store_exec(store, sql, "writing what is shown", err, "it", message, remote_id);
}

int store_shown_load(struct store *store, int64_t message, char ret_remote_id[STORE_REMOTE_ID_SIZE], struct err *err)
{
	static const char sql[] = "SELECT remote_id FROM shown WHERE message = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	int status = store_row(store, stmt, "reading what is shown", err);
	if (status < 0)
		return status;
	char *id = status == 1 ? store_text(stmt, 0) : mem_dup("");
	(void)snprintf(ret_remote_id, STORE_REMOTE_ID_SIZE, "%s", id);
	free(id);
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

int store_shown_is_theirs(struct store *store, int64_t message, int64_t task, bool *ret_is, struct err *err)
{
	static const char sql[] =
		"SELECT 1 FROM reminder r JOIN person p ON p.id = r.person AND p.active = 1 JOIN part ON part.task = r.task"
		" AND part.person = coalesce(r.deputy_for, r.person) WHERE r.message = ?1 AND r.task = ?2";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", message, task);
	int status = store_one(store, stmt, "reading who takes part in what is shown", 0, &found, err);
	if (status == 0)
		*ret_is = found != 0;
	return status;
}

int store_shown_stale(struct store *store, const char *channel, int64_t after, int64_t *ret_messages, size_t max,
		      size_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT s.message FROM shown s CROSS JOIN message m ON m.id = s.message"
				  " WHERE s.stale > 0 AND s.stale = 1 AND s.message > ?2 AND s.remote_id <> ''"
				  "  AND m.channel = ?1 ORDER BY s.message LIMIT ?3";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tii", channel, after, (int64_t)max);
	return store_ids(store, stmt, ret_messages, max, ret_n, err);
}

int store_shown_take(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "UPDATE shown SET stale = 2 WHERE message = ?1";
	return store_exec(store, sql, "writing what is shown", err, "i", message);
}

int store_shown_fresh(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "UPDATE shown SET stale = 0 WHERE message = ?1 AND stale = 2";
	return store_exec(store, sql, "writing what is shown", err, "i", message);
}

int store_shown_again(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "UPDATE shown SET stale = 1 WHERE message = ?1 AND stale = 2";
	return store_exec(store, sql, "writing what is shown", err, "i", message);
}

int store_shown_all_again(struct store *store, struct err *err)
{
	static const char sql[] = "UPDATE shown SET stale = 1 WHERE stale > 0 AND stale = 2";
	return store_exec(store, sql, "writing what is shown", err, "");
}

int store_shown_end(struct store *store, int64_t message, struct err *err)
{
	static const char sql[] = "DELETE FROM shown WHERE message = ?1";
	return store_exec(store, sql, "forgetting what is shown", err, "i", message);
}

/* ---- who has seen a task ------------------------------------------------------------------------------------------ */

/* As the index ledger_end has it. */
#define TALK_ENDS "action IN ('done', 'cancel', 'delete', 'seen')"

int store_seen_note(struct store *store, const char *uid, const char *occurrence, const char *person, bool *ret_is_new,
		    struct err *err)
{
	static const char sql[] = "SELECT 1 FROM ledger WHERE task = ?1 AND " TALK_ENDS
				  " AND action = 'seen' AND person = ?2 AND detail = ?3";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttt", uid, person, occurrence);
	int status = store_one(store, stmt, "looking who has seen a task", 0, &found, err);
	if (status == 0 && found == 0)
		status = store_ledger_add(store, "seen", uid, person, occurrence, err);
	if (status == 0)
		*ret_is_new = found == 0;
	return status;
}

/* ---- who closed a task -------------------------------------------------------------------------------------------- */

int store_closing_load(struct store *store, const char *uid, const char *occurrence, struct store_closing *ret_closing,
		       struct err *err)
{
	/* The detail of a date's end is its key, or begins with it ("KEY and all that follow"). */
	static const char sql[] =
		"SELECT l.action, coalesce(nullif(p.name, ''), p.id, ''), coalesce(l.at_utc, 0), l.id FROM ledger l"
		" LEFT JOIN person p ON p.id = l.who AND l.through <> 'deadlinectl'"
		" WHERE l.task = ?1 AND l." TALK_ENDS " AND l.action <> 'seen'"
		"  AND (?2 IS NULL OR l.detail IS NULL OR l.action = 'delete' OR l.detail = ?2"
		"   OR substr(l.detail, 1, length(?2) + 1) = ?2 || ' ')"
		" ORDER BY l.id DESC LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", uid, occurrence);
	int status = store_row(store, stmt, "reading who closed a task", err);
	if (status < 0)
		return status;
	*ret_closing = (struct store_closing){0};
	if (status == 1)
		*ret_closing = (struct store_closing){.action = store_text(stmt, 0),
						      .who = store_text(stmt, 1),
						      .at_utc = sqlite3_column_int64(stmt, 2),
						      .line = sqlite3_column_int64(stmt, 3)};
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}

void store_closing_done(struct store_closing *closing)
{
	free(closing->action);
	free(closing->who);
	*closing = (struct store_closing){0};
}
