#include "store/store_audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/store_priv.h"

enum { AUDIT_SMALL = 20000, AUDIT_RESULT_MAX = 8192 };

/* ---- statements that are not kept --------------------------------------------------------------------------------- */

/* NULL on an error, which *ret_status then has. */
static sqlite3_stmt *audit_prepare(struct store *store, const char *sql, int *ret_status, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		return stmt;
	*ret_status = store_fail(store, rc, "preparing a question of the audit", err);
	return NULL;
}

/* The only text of the only row, NULL when there is none; finalizes. */
static int audit_text(struct store *store, sqlite3_stmt *stmt, char **ret_text, struct err *err)
{
	int status = store_row(store, stmt, "auditing", err);
	if (status >= 0)
		*ret_text = status == 1 && sqlite3_column_type(stmt, 0) != SQLITE_NULL ? store_text(stmt, 0) : NULL;
	(void)sqlite3_finalize(stmt); /* repeats the code that step returned */
	return status < 0 ? status : 0;
}

/* Likewise a number, 0 when there is none. */
static int audit_number(struct store *store, sqlite3_stmt *stmt, int64_t *ret_number, struct err *err)
{
	int status = store_one(store, stmt, "auditing", 0, ret_number, err);
	(void)sqlite3_finalize(stmt);
	return status;
}

/* ---- tables ------------------------------------------------------------------------------------------------------- */

/* find_end gives the key of the last row of a slice that begins behind ?1, ?2 rows further on; check looks at the rows
 * behind ?1 up to ?2. Keys repeat in some tables: then a slice is as long as its last key has rows. NOT IN a table's key is a
 * look-up for each row. Messages and reminders may outlive their person: plain SQL deletes people, and what they were told
 * stays. */
static const struct {
	const char *name, *find_end, *check;
} audit_tables[STORE_AUDIT_TABLES] = {
	[STORE_AUDIT_MESSAGES] =
		{
			"messages",
			"SELECT id FROM message WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2",
			"SELECT 'message ' || id || CASE"
			"  WHEN state = 'sent' AND accepted = 0 THEN ' counts as sent, and no server accepted it'"
			"  WHEN state <> 'sent' AND accepted > 0 THEN ' was accepted, and is ' || state"
			"  WHEN accepted > 1 THEN ' was accepted ' || accepted || ' times'"
			"  WHEN state = 'sending' AND open <> 1 THEN ' is being sent, and has ' || open || ' open attempts'"
			"  WHEN state <> 'sending' AND open > 0 THEN ' is ' || state || ', and has an open attempt'"
			"  WHEN attempts <> n - throttled THEN ' counts ' || attempts || ' attempts, and ' ||"
			"    (n - throttled) || ' are written down'"
			"  WHEN state IN ('dead', 'cancelled', 'stale') AND reason IS NULL THEN"
			"    ' is ' || state || ', and nothing says why'"
			"  END AS found FROM"
			" (SELECT m.id, m.state, m.reason, m.attempts, count(a.number) AS n,"
			"   coalesce(sum(a.outcome = 'accepted'), 0) AS accepted,"
			"   coalesce(sum(a.outcome = 'throttled'), 0) AS throttled,"
			"   sum(a.number IS NOT NULL AND a.outcome IS NULL) AS open"
			"  FROM message m LEFT JOIN attempt a ON a.message = m.id"
			"  WHERE m.id > ?1 AND m.id <= ?2 GROUP BY m.id)"
			" WHERE found IS NOT NULL LIMIT 1",
		},
	[STORE_AUDIT_ATTEMPTS] =
		{
			"attempts",
			"SELECT message FROM attempt WHERE message > ?1 ORDER BY message LIMIT 1 OFFSET ?2",
			"SELECT 'an attempt is of message ' || message || ', which is not there' FROM attempt"
			" WHERE message > ?1 AND message <= ?2 AND message NOT IN (SELECT id FROM message) LIMIT 1",
		},
	[STORE_AUDIT_REMINDERS] =
		{
			"reminders",
			"SELECT task FROM reminder WHERE task > ?1 ORDER BY task LIMIT 1 OFFSET ?2",
			"SELECT 'a reminder of task ' || task || ' (' || occurrence || ', ' || step || ', ' || person ||"
			" ') refers to a task or a message that is not there' FROM reminder"
			" WHERE task > ?1 AND task <= ?2 AND (task NOT IN (SELECT id FROM task)"
			"  OR (message IS NOT NULL AND message NOT IN (SELECT id FROM message))) LIMIT 1",
		},
	[STORE_AUDIT_PARTS] =
		{
			"parts",
			"SELECT task FROM part WHERE task > ?1 ORDER BY task LIMIT 1 OFFSET ?2",
			"SELECT person || ' takes part in task ' || task || ', and one of them is not there' FROM part"
			" WHERE task > ?1 AND task <= ?2 AND (task NOT IN (SELECT id FROM task)"
			"  OR person NOT IN (SELECT id FROM person)) LIMIT 1",
		},
	[STORE_AUDIT_OCCURRENCES] =
		{
			"occurrences",
			"SELECT task FROM occurrence WHERE task > ?1 ORDER BY task LIMIT 1 OFFSET ?2",
			"SELECT 'the date ' || date || ' is of task ' || task || ', which is not there' FROM occurrence"
			" WHERE task > ?1 AND task <= ?2 AND task NOT IN (SELECT id FROM task) LIMIT 1",
		},
	[STORE_AUDIT_ACKNOWLEDGEMENTS] =
		{
			"acknowledgements",
			"SELECT task FROM acknowledgement WHERE task > ?1 ORDER BY task LIMIT 1 OFFSET ?2",
			"SELECT 'task ' || task || ' was acknowledged, and is not there' FROM acknowledgement"
			" WHERE task > ?1 AND task <= ?2 AND task NOT IN (SELECT id FROM task) LIMIT 1",
		},
	[STORE_AUDIT_SILENCES] =
		{
			"silences",
			"SELECT id FROM silence WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2",
			"SELECT 'silence ' || id || ' is of a task or a person that is not there' FROM silence"
			" WHERE id > ?1 AND id <= ?2 AND ((task IS NOT NULL AND task NOT IN (SELECT id FROM task))"
			"  OR (person IS NOT NULL AND person NOT IN (SELECT id FROM person))) LIMIT 1",
		},
	[STORE_AUDIT_NOTICES] =
		{
			"notices",
			"SELECT message FROM notice WHERE message > ?1 ORDER BY message LIMIT 1 OFFSET ?2",
			"SELECT 'a notice is of message ' || message || ', which is not there' FROM notice"
			" WHERE message > ?1 AND message <= ?2 AND message NOT IN (SELECT id FROM message) LIMIT 1",
		},
};

const char *store_audit_table_name(enum store_audit_table table)
{
	return audit_tables[table].name;
}

static int audit_find_end(struct store *store, enum store_audit_table table, int64_t rows, int64_t cursor,
			  int64_t *ret_end, struct err *err)
{
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, audit_tables[table].find_end, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "ii", cursor, rows - 1);
	return audit_number(store, stmt, ret_end, err);
}

int store_audit_slice(struct store *store, enum store_audit_table table, int64_t rows, int64_t *cursor,
		      bool *ret_is_end, char **ret_found, struct err *err)
{
	int64_t end = 0;
	int status = audit_find_end(store, table, rows, *cursor, &end, err);
	if (status < 0)
		return status;
	sqlite3_stmt *stmt = audit_prepare(store, audit_tables[table].check, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "ii", *cursor, end != 0 ? end : INT64_MAX);
	status = audit_text(store, stmt, ret_found, err);
	if (status < 0)
		return status;
	*cursor = end;
	*ret_is_end = end == 0;
	return 0;
}

int store_audit_people(struct store *store, char **ret_found, struct err *err)
{
	static const char sql[] =
		"SELECT 'an address on channel ' || channel || ' is of ' || person || ', who is not there' FROM address"
		"  WHERE person NOT IN (SELECT id FROM person)"
		" UNION ALL SELECT person || ' and ' || deputy || ' are deputies, and one of them is not there'"
		"  FROM deputy WHERE person NOT IN (SELECT id FROM person) OR deputy NOT IN (SELECT id FROM person)"
		" UNION ALL SELECT 'an address of ' || person || ' is suspended, and that person is not there'"
		"  FROM suspension WHERE person NOT IN (SELECT id FROM person) LIMIT 1";
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, sql, &status, err);
	return stmt == NULL ? status : audit_text(store, stmt, ret_found, err);
}

/* Which of the two ways of counting is asked for costs a look at the first AUDIT_SMALL rows. */
static int audit_is_small(struct store *store, bool *ret_is_small, struct err *err)
{
	static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM message LIMIT ?1)";
	int64_t n = 0;
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, sql, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "i", (int64_t)AUDIT_SMALL);
	status = audit_number(store, stmt, &n, err);
	if (status == 0)
		*ret_is_small = n < AUDIT_SMALL;
	return status;
}

int store_audit_tally(struct store *store, char **ret_found, struct err *err)
{
	static const char all[] =
		"SELECT 'the tally counts ' || t.n || iif(t.n = 1, ' message', ' messages') || ' as ' || t.state || ', and '"
		"  || coalesce(c.n, 0) || iif(c.n = 1, ' is', ' are')"
		" FROM tally t LEFT JOIN (SELECT state, count(*) AS n FROM message GROUP BY state) c ON c.state = t.state"
		" WHERE t.n <> coalesce(c.n, 0) LIMIT 1";
	static const char open[] =
		"WITH c (state, n) AS (SELECT 'pending', count(*) FROM (SELECT 1 FROM message WHERE state IN"
		"   ('pending', 'sending', 'held') AND state = 'pending' LIMIT ?1)"
		"  UNION ALL SELECT 'sending', count(*) FROM (SELECT 1 FROM message WHERE state IN"
		"   ('pending', 'sending', 'held') AND state = 'sending' LIMIT ?1)"
		"  UNION ALL SELECT 'held', count(*) FROM (SELECT 1 FROM message WHERE state IN"
		"   ('pending', 'sending', 'held') AND state = 'held' LIMIT ?1))"
		" SELECT 'the tally counts ' || t.n || iif(t.n = 1, ' message', ' messages') || ' as ' || t.state || ', and '"
		"  || c.n || ' or more are'"
		"  FROM c JOIN tally t ON t.state = c.state WHERE t.n <> c.n AND (c.n < ?1 OR t.n < ?1) LIMIT 1";
	bool is_small = false;
	int status = audit_is_small(store, &is_small, err);
	if (status < 0)
		return status;
	sqlite3_stmt *stmt = audit_prepare(store, is_small ? all : open, &status, err);
	if (stmt == NULL)
		return status;
	if (!is_small)
		store_bind(stmt, "i", (int64_t)AUDIT_SMALL);
	return audit_text(store, stmt, ret_found, err);
}

/* ---- progress ----------------------------------------------------------------------------------------------------- */

/* A row of id, mark and name; finalizes. */
static int audit_wait(struct store *store, const char *sql, int64_t now_utc, struct store_audit_wait *ret_wait,
		      struct err *err)
{
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, sql, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "i", now_utc);
	*ret_wait = (struct store_audit_wait){0};
	status = store_row(store, stmt, "looking for what waits", err);
	if (status == 1) {
		char *name = store_text(stmt, 2);
		ret_wait->id = sqlite3_column_int64(stmt, 0);
		ret_wait->mark = sqlite3_column_int64(stmt, 1);
		(void)snprintf(ret_wait->name, sizeof(ret_wait->name), "%s", name);
		free(name);
	}
	(void)sqlite3_finalize(stmt);
	return status < 0 ? status : 0;
}

int store_audit_unplanned(struct store *store, int64_t now_utc, struct store_audit_wait *ret_edited,
			  struct store_audit_wait *ret_due, struct err *err)
{
	static const char edited[] =
		"SELECT * FROM (SELECT id, coalesce(planned_until, -1), uid FROM task WHERE status = 'open'"
		"  AND next_due_utc IS NULL AND ?1 IS NOT NULL ORDER BY id LIMIT 1)"
		" UNION ALL SELECT * FROM (SELECT id, coalesce(planned_until, -1), uid FROM task"
		"  WHERE status = 'cancelled' AND next_due_utc IS NULL ORDER BY id LIMIT 1) LIMIT 1";
	static const char due[] = "SELECT id, coalesce(planned_until, -1), uid FROM task WHERE status = 'open'"
				  " AND next_due_utc <= ?1 ORDER BY next_due_utc, id LIMIT 1";
	int status = audit_wait(store, edited, now_utc, ret_edited, err);
	return status == 0 ? audit_wait(store, due, now_utc, ret_due, err) : status;
}

int store_audit_digest(struct store *store, int64_t now_utc, struct store_audit_wait *ret_person, struct err *err)
{
	static const char sql[] = "SELECT 1, next_digest_utc, id FROM person WHERE digest <> '' AND active = 1"
				  " AND next_digest_utc <= ?1 ORDER BY next_digest_utc, id LIMIT 1";
	return audit_wait(store, sql, now_utc, ret_person, err);
}

int store_audit_ready(struct store *store, const char *channel, int64_t before_utc, int64_t *ret_message,
		      struct err *err)
{
	static const char sql[] =
		"SELECT id FROM (SELECT id, person FROM message WHERE state = 'pending' AND channel = ?1"
		"  AND not_before < ?2 ORDER BY not_before LIMIT ?3) AS m WHERE NOT EXISTS (SELECT 1 FROM brake"
		"   WHERE tripped_utc IS NOT NULL AND (scope = 'all' OR (scope = 'channel' AND name = ?1)"
		"    OR (scope = 'person' AND name = m.person))) LIMIT 1";
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, sql, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "tii", channel, before_utc, (int64_t)AUDIT_SMALL);
	return audit_number(store, stmt, ret_message, err);
}

int store_audit_sending(struct store *store, int64_t before_utc, int64_t *ret_n, int64_t *ret_message, struct err *err)
{
#define AUDIT_SENDING "FROM message m WHERE " STORE_SENDING("m.state")
	static const char count[] = "SELECT count(*) " AUDIT_SENDING;
	static const char old[] = "SELECT m.id " AUDIT_SENDING " AND EXISTS (SELECT 1 FROM attempt a"
				  " WHERE a.message = m.id AND a.outcome IS NULL AND a.started_utc < ?1) LIMIT 1";
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, count, &status, err);
	if (stmt == NULL)
		return status;
	status = audit_number(store, stmt, ret_n, err);
	stmt = status == 0 ? audit_prepare(store, old, &status, err) : NULL;
	if (stmt == NULL)
		return status;
	store_bind(stmt, "i", before_utc);
	return audit_number(store, stmt, ret_message, err);
}

/* ---- the plan ----------------------------------------------------------------------------------------------------- */

static void audit_read_task(sqlite3_stmt *stmt, struct store_audit_task *ret_task)
{
	*ret_task = (struct store_audit_task){
		.id = sqlite3_column_int64(stmt, 0),
		.planned_until = sqlite3_column_int64(stmt, 1),
		.next_due_utc = sqlite3_column_int64(stmt, 2),
	};
}

int store_audit_tasks(struct store *store, const struct store_audit_task *after, int64_t latest_utc,
		      struct store_audit_task *ret_tasks, size_t max, size_t *ret_n, struct err *err)
{
	static const char sql[] =
		"SELECT id, planned_until, next_due_utc FROM task WHERE status = 'open'"
		" AND (next_due_utc, id) > (?1, ?2) AND next_due_utc <= ?3 AND planned_until IS NOT NULL"
		" ORDER BY next_due_utc, id LIMIT ?4";
	size_t n = 0;
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, sql, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "iiii", after->next_due_utc, after->id, latest_utc, (int64_t)max);
	while (n < max && (status = store_row(store, stmt, "choosing tasks", err)) == 1)
		audit_read_task(stmt, &ret_tasks[n++]);
	(void)sqlite3_finalize(stmt);
	if (status < 0)
		return status;
	*ret_n = n;
	return 0;
}

int store_audit_task(struct store *store, int64_t id, struct store_audit_task *ret_task, struct err *err)
{
	static const char sql[] = "SELECT id, planned_until, next_due_utc FROM task WHERE id = ?1 AND status = 'open'"
				  " AND planned_until IS NOT NULL AND next_due_utc IS NOT NULL";
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, sql, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "i", id);
	status = store_row(store, stmt, "looking at a task", err);
	if (status >= 0)
		*ret_task = (struct store_audit_task){0};
	if (status == 1)
		audit_read_task(stmt, ret_task);
	(void)sqlite3_finalize(stmt);
	return status < 0 ? status : 0;
}

int store_audit_replan(struct store *store, int64_t id, struct err *err)
{
	static const char sql[] = "UPDATE task SET next_due_utc = NULL WHERE id = ?1";
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, sql, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "i", id);
	status = store_run(store, stmt, "having a task planned anew", NULL, err);
	(void)sqlite3_finalize(stmt);
	return status;
}

int store_audit_has_reminder(struct store *store, int64_t task, const char *occurrence, const char *step,
			     const char *person, bool *ret_has, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM reminder WHERE task = ?1 AND occurrence = ?2 AND step = ?3"
				  " AND (person = ?4 OR deputy_for = ?4) LIMIT 1";
	int64_t found = 0;
	int status = 0;
	sqlite3_stmt *stmt = audit_prepare(store, sql, &status, err);
	if (stmt == NULL)
		return status;
	store_bind(stmt, "ittt", task, occurrence, step, person);
	status = audit_number(store, stmt, &found, err);
	if (status == 0)
		*ret_has = found != 0;
	return status;
}

/* ---- the result --------------------------------------------------------------------------------------------------- */

/* A line is "KIND SEEN_UTC TEXT"; what cannot be read is left out. */
static void audit_parse_finding(const char *line, struct store_audit *audit)
{
	struct store_audit_finding finding = {0};
	char seen[24] = "";
	int at = 0;
	if (audit->n_findings < STORE_AUDIT_FINDINGS && sscanf(line, "%23s %23s %n", finding.kind, seen, &at) == 2 &&
	    at > 0 && num_parse(seen, 0, STORE_NEVER, &finding.seen_utc, NULL) == 0) {
		(void)snprintf(finding.text, sizeof(finding.text), "%s", line + at);
		audit->findings[audit->n_findings++] = finding;
	}
}

int store_audit_load(struct store *store, struct store_audit *ret_audit, struct err *err)
{
	struct store_audit audit = {0};
	char *text = NULL;
	int status = store_meta_load(store, "audit", &text, err);
	if (status < 0)
		return status;
	char *rest = text;
	const char *line = strsep(&rest, "\n");
	if (line != NULL && sscanf(line, "%" SCNd64 " %" SCNd64, &audit.done_utc, &audit.started_utc) == 2)
		while ((line = strsep(&rest, "\n")) != NULL)
			audit_parse_finding(line, &audit);
	free(text);
	*ret_audit = audit;
	return 0;
}

int store_audit_save(struct store *store, const struct store_audit *audit, struct err *err)
{
	struct buf text;
	buf_init(&text, AUDIT_RESULT_MAX);
	buf_printf(&text, "%" PRId64 " %" PRId64, audit->done_utc, audit->started_utc);
	for (size_t i = 0; i < audit->n_findings; i++)
		buf_printf(&text, "\n%s %" PRId64 " %s", audit->findings[i].kind, audit->findings[i].seen_utc,
			   audit->findings[i].text);
	int status = store_meta_save(store, "audit", buf_str(&text), err);
	buf_done(&text);
	return status;
}
