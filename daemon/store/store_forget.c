#include "store/store_forget.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_priv.h"

#define FORGET_MARK "forgotten-"
#define FORGET_REMOVED "'(removed)'"

enum { FORGET_TRUNCATE_TRIES = 6 }; /* each waits for the busy time-out */

void store_forgotten_done(struct store_forgotten *forgotten)
{
	strlist_done(&forgotten->tasks);
}

/* ---- what names them ---------------------------------------------------------------------------------------------- */

static bool forget_is_word_end(const char *text, const char *begin, size_t len)
{
	bool joins_before = begin > text && isalnum((unsigned char)begin[-1]) && isalnum((unsigned char)begin[0]);
	bool joins_behind = isalnum((unsigned char)begin[len - 1]) && isalnum((unsigned char)begin[len]);
	return !joins_before && !joins_behind;
}

/* The id, the name and the addresses, as whole words; "li" is not in "list". */
static bool forget_names(const struct strlist *words, const char *text)
{
	for (size_t i = 0; i < words->n; i++)
		for (const char *at = text; (at = strcasestr(at, words->items[i])) != NULL; at++)
			if (forget_is_word_end(text, at, strlen(words->items[i])))
				return true;
	return false;
}

static void forget_sql_names(sqlite3_context *context, int n, sqlite3_value **values)
{
	const char *text = n == 1 ? (const char *)sqlite3_value_text(values[0]) : NULL;
	sqlite3_result_int(context, text != NULL && forget_names(sqlite3_user_data(context), text));
}

static int forget_read_words(struct store *store, const char *person, struct strlist *words, struct err *err)
{
	static const char sql[] = "SELECT id FROM person WHERE id = ?1 UNION SELECT name FROM person WHERE id = ?1"
				  " UNION SELECT address FROM address WHERE person = ?1";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", person);
	while ((status = store_row(store, stmt, "reading what names a person", err)) == 1) {
		const char *word = (const char *)sqlite3_column_text(stmt, 0);
		if (word[0] != '\0')
			strlist_add(words, word, strlen(word));
	}
	return status == 0 && words->n == 0 ? err_set(err, -ENOENT, "there is no person %s", person) : status;
}

/* ---- before ------------------------------------------------------------------------------------------------------- */

static int forget_texts(struct store *store, sqlite3_stmt *stmt, struct strlist *ret_texts, struct err *err)
{
	int status;
	while ((status = store_row(store, stmt, "looking for a person's traces", err)) == 1) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);
		strlist_add(ret_texts, text, strlen(text));
	}
	return status;
}

int store_forget_is_mark(struct store *store, const char *id, bool *ret_is_mark, struct err *err)
{
	static const char sql[] =
		"SELECT 1 FROM person WHERE id = ?1 AND id LIKE '" FORGET_MARK "%' AND active = 0 AND name = ''";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", id);
	int status = store_one(store, stmt, "looking for a mark", 0, &found, err);
	if (status == 0)
		*ret_is_mark = found != 0;
	return status;
}

int store_forget_tasks(struct store *store, const char *person, struct strlist *ret_uids, struct err *err)
{
	/* Where nobody is responsible, the participants are. */
	static const char sql[] =
		"SELECT DISTINCT t.uid FROM part p JOIN task t ON t.id = p.task WHERE p.person = ?1 AND t.status = 'open'"
		" AND p.role IN ('responsible', 'participant')"
		" AND NOT EXISTS (SELECT 1 FROM part o JOIN person op ON op.id = o.person AND op.active = 1"
		"  WHERE o.task = p.task AND o.person <> ?1 AND (o.role = 'responsible' OR (o.role = 'participant'"
		"   AND NOT EXISTS (SELECT 1 FROM part r WHERE r.task = p.task AND r.role = 'responsible'))))"
		" ORDER BY t.end_local, t.uid";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", person);
	return forget_texts(store, stmt, ret_uids, err);
}

int store_forget_sending(struct store *store, const char *person, int64_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT count(*) FROM message WHERE " STORE_IS_SENDING " AND person = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", person);
	return store_one(store, stmt, "counting messages in flight", 0, ret_n, err);
}

/* ---- forgetting --------------------------------------------------------------------------------------------------- */

/* In this order. ?1 the person, ?2 the mark; names_person() knows what else names them. */
static const struct {
	const char *what; /* NULL: part of the row before */
	const char *sql;
} forget_rows[] = {
	{"messages not yet sent, cancelled",
	 "UPDATE message SET state = 'cancelled', reason = 'person forgotten' WHERE person = ?1"
	 " AND state IN ('pending', 'held')"},
	{"reminders not yet sent, dropped",
	 "UPDATE reminder SET dropped = 'person forgotten' WHERE person = ?1 AND dropped IS NULL AND message IN"
	 " (SELECT id FROM message WHERE state IN ('pending', 'sending', 'cancelled') AND person = ?1)"},
	{"parts in tasks", "DELETE FROM part WHERE person = ?1"},
	{"addresses", "DELETE FROM address WHERE person = ?1"},
	{NULL, "DELETE FROM invite WHERE person = ?1"},
	{NULL, "DELETE FROM question WHERE person = ?1"},
	{NULL, "DELETE FROM answered WHERE person = ?1"},
	{NULL, "DELETE FROM shown WHERE message IN (SELECT id FROM message WHERE person = ?1)"},
	{NULL, "DELETE FROM shown_gone WHERE names_person(title)"},
	{NULL, "DELETE FROM thread WHERE message IN (SELECT id FROM message WHERE person = ?1)"},
	{"deputies and absences", "DELETE FROM deputy WHERE ?1 IN (person, deputy)"},
	{"silences", "DELETE FROM silence WHERE person = ?1"},
	{"silences of others that name them, their words removed",
	 "UPDATE silence SET author = CASE author WHEN ?1 THEN ?2 WHEN names_person(author) THEN " FORGET_REMOVED
	 " ELSE author END, reason = CASE WHEN names_person(reason) THEN " FORGET_REMOVED " ELSE reason END"
	 " WHERE names_person(author) OR names_person(reason)"},
	{"notices, their text removed",
	 "UPDATE notice SET text = " FORGET_REMOVED ", subject = CASE subject WHEN '' THEN '' ELSE " FORGET_REMOVED
	 " END, buttons = '' WHERE names_person(text) OR names_person(subject)"
	 " OR message IN (SELECT id FROM message WHERE person = ?1)"},
	{"attempts, the server's words removed",
	 "UPDATE attempt SET reply = " FORGET_REMOVED " WHERE reply IS NOT NULL AND (names_person(reply)"
	 " OR message IN (SELECT id FROM message WHERE person = ?1))"},
	{"messages of the history, now of " FORGET_MARK "N",
	 "UPDATE message SET person = CASE person WHEN ?1 THEN ?2 ELSE person END,"
	 " last_reply = CASE WHEN person = ?1 THEN NULL WHEN names_person(last_reply) THEN " FORGET_REMOVED
	 " ELSE last_reply END, reason = CASE WHEN names_person(reason) THEN " FORGET_REMOVED " ELSE reason END"
	 " WHERE person = ?1 OR names_person(last_reply) OR names_person(reason)"},
	{"reminders of the history, now of " FORGET_MARK "N",
	 "UPDATE reminder SET person = CASE person WHEN ?1 THEN ?2 ELSE person END,"
	 " deputy_for = CASE deputy_for WHEN ?1 THEN ?2 ELSE deputy_for END,"
	 " dropped = CASE WHEN names_person(dropped) THEN " FORGET_REMOVED " ELSE dropped END"
	 " WHERE person = ?1 OR deputy_for = ?1 OR names_person(dropped)"},
	{"lines of the ledger, now of " FORGET_MARK "N or their words removed",
	 "UPDATE ledger SET person = CASE person WHEN ?1 THEN ?2 ELSE person END,"
	 " who = CASE who WHEN ?1 THEN ?2 ELSE who END,"
	 " detail = CASE WHEN names_person(detail) THEN " FORGET_REMOVED " ELSE detail END"
	 " WHERE person = ?1 OR who = ?1 OR names_person(detail)"},
	{"notes of what the operator was told", "DELETE FROM meta WHERE key LIKE 'notice %' AND names_person(key)"},
	{"words of servers on channels and addresses, removed",
	 "UPDATE channel SET failure = " FORGET_REMOVED " WHERE names_person(failure)"},
	{NULL, "UPDATE suspension SET reason = " FORGET_REMOVED " WHERE names_person(reason)"},
	{"the person", "DELETE FROM person WHERE id = ?1"},
};

/* Their words change with each call, so these are no kept statements. */
static int forget_run(struct store *store, const char *sql, const char *person, const char *mark, int64_t *ret_n,
		      struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_text(stmt, 1, person, -1, SQLITE_STATIC); /* fails where there is no such ?N */
		(void)sqlite3_bind_text(stmt, 2, mark, -1, SQLITE_STATIC);
		rc = sqlite3_step(stmt);
	}
	*ret_n = sqlite3_changes64(store->db);
	int status = rc == SQLITE_DONE ? 0 : store_fail(store, rc, "forgetting a person", err);
	(void)sqlite3_finalize(stmt);
	return status;
}

static int forget_add_mark(struct store *store, char mark[STORE_MARK_SIZE], struct err *err)
{
	static const char sql[] =
		"SELECT coalesce(max(CAST(substr(id, length('" FORGET_MARK "') + 1) AS INTEGER)), 0) + 1 FROM person"
		" WHERE id LIKE '" FORGET_MARK "%'";
	static const char add[] =
		"INSERT INTO person (id, name, language, zone, active) VALUES (?1, '', 'en', 'UTC', 0)";
	int64_t number = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	int status = store_one(store, stmt, "looking for a mark", 1, &number, err);
	if (status < 0)
		return status;
	(void)snprintf(mark, STORE_MARK_SIZE, FORGET_MARK "%" PRId64, number);
	return store_exec(store, add, "adding a mark", err, "t", mark);
}

static int forget_find_words_of_tasks(struct store *store, struct strlist *ret_uids, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(store->db,
				    "SELECT uid FROM task WHERE names_person(uid) OR names_person(title) OR"
				    " names_person(place) OR names_person(note) ORDER BY id",
				    -1, &stmt, NULL);
	if (rc != SQLITE_OK)
		return store_fail(store, rc, "looking for a person's traces", err);
	int status = forget_texts(store, stmt, ret_uids, err);
	(void)sqlite3_finalize(stmt);
	return status;
}

static int forget_rows_of(struct store *store, const char *person, struct store_forgotten *forgotten, struct err *err)
{
	int status = forget_add_mark(store, forgotten->mark, err);
	size_t kind = 0;
	for (size_t i = 0; i < sizeof(forget_rows) / sizeof(forget_rows[0]) && status == 0; i++) {
		int64_t n = 0;
		status = forget_run(store, forget_rows[i].sql, person, forgotten->mark, &n, err);
		if (forget_rows[i].what != NULL)
			forgotten->kinds[kind++].what = forget_rows[i].what;
		forgotten->kinds[kind - 1].n += n;
	}
	return status == 0 ? forget_find_words_of_tasks(store, &forgotten->tasks, err) : status;
}

int store_forget(struct store *store, const char *person, struct store_forgotten *ret_forgotten, struct err *err)
{
	struct store_forgotten forgotten = {0};
	struct strlist words = {0};
	int status = forget_read_words(store, person, &words, err);
	int rc = SQLITE_OK;
	if (status == 0)
		rc = sqlite3_exec(store->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL);
	if (status == 0 && rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(store->db, "names_person", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, &words,
						forget_sql_names, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		status = store_fail(store, rc, "preparing to forget", err);
	if (status == 0)
		status = forget_rows_of(store, person, &forgotten, err);
	(void)sqlite3_create_function_v2(store->db, "names_person", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL,
					 NULL); /* takes it away */
	strlist_done(&words);
	if (status < 0)
		store_forgotten_done(&forgotten);
	else
		*ret_forgotten = forgotten;
	return status;
}

/* ---- cleaning ----------------------------------------------------------------------------------------------------- */

static int forget_truncate(struct store *store, struct err *err)
{
	for (int i = 0; i < FORGET_TRUNCATE_TRIES; i++) {
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(store->db, "PRAGMA wal_checkpoint(TRUNCATE)", -1, &stmt, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(stmt);
		bool is_busy = rc == SQLITE_ROW && sqlite3_column_int(stmt, 0) != 0;
		(void)sqlite3_finalize(stmt);
		if (rc != SQLITE_ROW)
			return store_fail(store, rc, "emptying the log", err);
		if (!is_busy)
			return 0;
	}
	return err_set(err, -EBUSY, "emptying the log: somebody reads or writes the database all the time");
}

/* What is written anew is too much for memory. */
int store_forget_clean(struct store *store, struct err *err)
{
	int rc = sqlite3_exec(store->db, "PRAGMA secure_delete = ON; PRAGMA temp_store = FILE; VACUUM", NULL, NULL,
			      NULL);
	return rc == SQLITE_OK ? forget_truncate(store, err) : store_fail(store, rc, "writing the file anew", err);
}
