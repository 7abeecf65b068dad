#include "store/store_move.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/store_priv.h"

/* The ids as json_each() reads them; the caller frees it. */
static char *store_message_list(const int64_t *ids, size_t n)
{
	enum { ID_SIZE = 21 };
	char *list = mem_alloc(n * ID_SIZE + 2), *end = list;
	for (size_t i = 0; i < n; i++)
		end += snprintf(end, ID_SIZE + 1, "%c%lld", i == 0 ? '[' : ',', (long long)ids[i]);
	end[0] = ']';
	end[1] = '\0';
	return list;
}

/* All but ?1, which says of what messages. */
static int store_message_run_move(struct store *store, sqlite3_stmt *stmt, const struct store_move *move,
				  size_t *n_moved, struct err *err)
{
	int64_t changes = 0;
	(void)sqlite3_bind_text(stmt, 2, message_state_name(move->from), -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 3, message_state_name(move->to), -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 4, move->reason, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 5, move->last_reply, -1, SQLITE_STATIC);
	if (move->not_before >= 0)
		(void)sqlite3_bind_int64(stmt, 6, move->not_before);
	(void)sqlite3_bind_int64(stmt, 7, move->add_attempts);
	(void)sqlite3_bind_int64(stmt, 8, move->add_uncertain);
	(void)sqlite3_bind_int64(stmt, 9, move->add_crashes);
	(void)sqlite3_bind_int64(stmt, 10, move->suspect);
	(void)sqlite3_bind_int64(stmt, 11, STORE_COUNTER_MAX);
	int status = store_run(store, stmt, "moving messages", &changes, err);
	if (status == 0)
		*n_moved += (size_t)changes;
	return status;
}

/* One more of a counter past all sense, as SQL can write it, would be REAL, which STRICT refuses: no row stops the others.
 * OR FAIL: what fails is taken back with the transaction, so SQLite need not keep what it changes. */
#define MESSAGE_MOVE                                                                                                   \
	"UPDATE OR FAIL message SET state = ?3, reason = ?4, last_reply = coalesce(?5, last_reply),"                   \
	" not_before = coalesce(?6, not_before), attempts = min(max(attempts, 0), ?11) + ?7,"                          \
	" uncertain = min(max(uncertain, 0), ?11) + ?8, crashes = min(max(crashes, 0), ?11) + ?9,"                     \
	" suspect = CASE ?10 WHEN 0 THEN suspect ELSE ?10 > 0 END "

static int store_message_move_each(struct store *store, const int64_t *ids, size_t n, const struct store_move *move,
				   size_t *n_moved, struct err *err)
{
	static const char sql[] = MESSAGE_MOVE "WHERE id = ?1 AND state = ?2";
	int status = 0;
	for (size_t i = 0; i < n && status == 0; i++) {
		sqlite3_stmt *stmt = store_statement(store, sql, err);
		if (stmt == NULL)
			return store->failure;
		store_bind(stmt, "i", ids[i]);
		status = store_message_run_move(store, stmt, move, n_moved, err);
	}
	return status;
}

static int store_message_move_many(struct store *store, const int64_t *ids, size_t n, const struct store_move *move,
				   size_t *n_moved, struct err *err)
{
	/* The plus keeps SQLite from comparing the bound state with those of the indexes, for which it would prepare this
	 * anew each time. */
	static const char sql[] = MESSAGE_MOVE "WHERE id IN (SELECT value FROM json_each(?1)) AND +state = ?2";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	char *list = store_message_list(ids, n);
	store_bind(stmt, "t", list);
	int status = store_message_run_move(store, stmt, move, n_moved, err);
	free(list);
	return status;
}

int store_message_move(struct store *store, const int64_t *ids, size_t n, const struct store_move *move, size_t *ret_n,
		       struct err *err)
{
	enum { MANY = 8 }; /* from so many on, they pay for the two tables that SQLite makes of them */
	size_t n_moved = 0;
	int status = n < MANY ? store_message_move_each(store, ids, n, move, &n_moved, err)
			      : store_message_move_many(store, ids, n, move, &n_moved, err);
	if (status == 0)
		*ret_n = n_moved;
	return status;
}

int store_message_leave_dropped(struct store *store, int64_t id, struct err *err)
{
	static const char sql[] = "UPDATE reminder SET message = NULL WHERE message = ?1 AND dropped IS NOT NULL";
	return store_exec(store, sql, "taking dropped reminders out of a message", err, "i", id);
}

int store_message_look_again(struct store *store, int64_t id, struct err *err)
{
	static const char sql[] = "UPDATE task SET next_due_utc = NULL WHERE id IN (SELECT task FROM reminder"
				  " WHERE message = ?1 AND dropped IN ('task moved', 'task cancelled'))";
	return store_exec(store, sql, "looking again at what was moved", err, "i", id);
}

int store_message_told_dropped(struct store *store, int64_t id, struct err *err)
{
	/* Mostly there are none, and looking costs less than an update that finds nothing. */
	static const char any[] = "SELECT 1 FROM reminder WHERE message = ?1 AND dropped IS NOT NULL LIMIT 1";
	static const char tell[] = "UPDATE reminder SET dropped = NULL WHERE message = ?1 AND dropped IS NOT NULL";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, any, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", id);
	int status = store_one(store, stmt, "looking for dropped reminders", 0, &found, err);
	if (status == 0 && found != 0)
		status = store_message_look_again(store, id, err);
	if (status < 0 || found == 0)
		return status;
	return store_exec(store, tell, "noting that dropped reminders were told", err, "i", id);
}

int store_attempt_start(struct store *store, int64_t message, int64_t now_utc, struct err *err)
{
	static const char sql[] = "INSERT INTO attempt (message, number, started_utc) VALUES"
				  " (?1, (SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE message = ?1"
				  " AND number < ?3), ?2)";
	return store_exec(store, sql, "noting an attempt", err, "iii", message, now_utc, (int64_t)STORE_COUNTER_MAX);
}

int store_attempt_count(struct store *store, int64_t message, int64_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT count(*) FROM attempt WHERE message = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	return store_one(store, stmt, "counting attempts", 0, ret_n, err);
}

int store_attempt_end(struct store *store, int64_t message, const char *outcome, int64_t code, const char *reply,
		      struct err *err)
{
	static const char sql[] = "UPDATE OR FAIL attempt SET outcome = ?2, code = ?3, reply = ?4"
				  " WHERE message = ?1 AND outcome IS NULL";
	return store_exec(store, sql, "noting how an attempt ended", err, "itnt", message, outcome,
			  code != 0 ? code : (int64_t)-1, reply);
}
