#include "store/store_lost.h"

#include <errno.h>

#include "base/mem.h"
#include "store/store_priv.h"

enum {
	LOST_BUSY_MS = 5000,
	LOST_ROWS_MAX = 1000000,     /* a damaged last number may be anything */
	LOST_SEQUENCE_MAX = 1000000, /* likewise */
	LOST_SEQUENCE_STEP = 1000,   /* nobody moves a task so often between two copies */
};

struct lost {
	struct store damaged, copy;
	const struct store_lost_view *view;
	int64_t n_unreadable;
};

static const char *lost_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	return text != NULL ? text : "";
}

static int lost_number(struct store *file, const char *sql, int64_t *ret_number, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(file->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt); /* repeats the code of step */
	return rc == SQLITE_ROW ? 0 : store_fail(file, rc, "reading it", err);
}

static void lost_show_message(struct lost *lost, sqlite3_stmt *stmt)
{
	const struct store_lost_message message = {
		.id = sqlite3_column_int64(stmt, 0),
		.at_utc = sqlite3_column_int64(stmt, 3),
		.person = lost_text(stmt, 1),
		.channel = lost_text(stmt, 2),
		.tasks = lost_text(stmt, 4),
	};
	lost->view->on_message(lost->view->arg, &message);
}

static void lost_show_edit(struct lost *lost, sqlite3_stmt *stmt)
{
	const struct store_lost_edit edit = {
		.at_utc = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? STORE_NEVER : sqlite3_column_int64(stmt, 0),
		.who = lost_text(stmt, 1),
		.action = lost_text(stmt, 2),
		.task = lost_text(stmt, 3),
		.person = lost_text(stmt, 4),
		.detail = lost_text(stmt, 5),
	};
	lost->view->on_edit(lost->view->arg, &edit);
}

/* One row at a time: a page that cannot be read costs its own rows alone. */
static void lost_look(struct lost *lost, sqlite3_stmt *stmt, int64_t id, void (*show)(struct lost *, sqlite3_stmt *))
{
	(void)sqlite3_bind_int64(stmt, 1, id);
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		show(lost, stmt);
	else if (rc != SQLITE_DONE)
		lost->n_unreadable++;
	(void)sqlite3_reset(stmt); /* repeats the code of step */
}

/* Every row of the damaged file with a number above what the copy has. */
static int lost_younger(struct lost *lost, sqlite3_stmt *stmt, const char *last,
			void (*show)(struct lost *, sqlite3_stmt *), struct err *err)
{
	int64_t from = 0, to = 0;
	int status = lost_number(&lost->copy, last, &from, err);
	if (status < 0)
		return status;
	status = lost_number(&lost->damaged, last, &to, err);
	if (status < 0) {
		lost->n_unreadable++;
		return 0;
	}
	to = to - from > LOST_ROWS_MAX ? from + LOST_ROWS_MAX : to;
	for (int64_t id = from + 1; id <= to; id++)
		lost_look(lost, stmt, id, show);
	return 0;
}

/* What the copy still means to send. */
static int lost_unsent(struct lost *lost, sqlite3_stmt *stmt, struct err *err)
{
	static const char sql[] = "SELECT id FROM message WHERE " STORE_IS_OPEN " ORDER BY id";
	sqlite3_stmt *ids = NULL;
	int rc = sqlite3_prepare_v2(lost->copy.db, sql, -1, &ids, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(ids);
		if (rc == SQLITE_ROW)
			lost_look(lost, stmt, sqlite3_column_int64(ids, 0), lost_show_message);
	}
	int status = rc == SQLITE_DONE ? 0 : store_fail(&lost->copy, rc, "reading it", err);
	(void)sqlite3_finalize(ids);
	return status;
}

static int lost_messages(struct lost *lost, struct err *err)
{
	static const char sql[] =
		"SELECT id, person, channel,"
		" coalesce((SELECT max(started_utc) FROM attempt WHERE message = m.id), not_before),"
		" (SELECT group_concat(DISTINCT t.uid) FROM reminder r JOIN task t ON t.id = r.task WHERE r.message = m.id)"
		" FROM message m WHERE id = ?1 AND state = 'sent'";
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v2(lost->damaged.db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		lost->n_unreadable++;
		return 0;
	}
	int status = lost_unsent(lost, stmt, err);
	if (status == 0)
		status = lost_younger(lost, stmt, "SELECT max(seq) FROM sqlite_sequence WHERE name = 'message'",
				      lost_show_message, err);
	(void)sqlite3_finalize(stmt);
	return status;
}

static int lost_edits(struct lost *lost, struct err *err)
{
	static const char sql[] = "SELECT at_utc, who, action, task, person, detail FROM ledger WHERE id = ?1";
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v2(lost->damaged.db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		lost->n_unreadable++;
		return 0;
	}
	int status = lost_younger(lost, stmt, "SELECT max(id) FROM ledger", lost_show_edit, err);
	(void)sqlite3_finalize(stmt);
	return status;
}

int store_lost(const char *damaged, const char *copy, const struct store_lost_view *view, int64_t *ret_n_unreadable,
	       struct err *err)
{
	struct lost lost = {.view = view};
	int64_t n_tables = 0;
	int status = store_open_file(damaged, SQLITE_OPEN_READONLY, LOST_BUSY_MS, &lost.damaged.db, err);
	if (status == 0)
		status = lost_number(&lost.damaged, "SELECT count(*) FROM sqlite_schema", &n_tables, err);
	if (status == 0)
		status = store_open_file(copy, SQLITE_OPEN_READONLY, LOST_BUSY_MS, &lost.copy.db, err);
	if (status == 0)
		status = lost_messages(&lost, err);
	if (status == 0)
		status = lost_edits(&lost, err);
	(void)sqlite3_close_v2(lost.damaged.db);
	(void)sqlite3_close_v2(lost.copy.db);
	if (status == 0)
		*ret_n_unreadable = lost.n_unreadable;
	return status;
}

int64_t store_lost_sequence(const char *damaged)
{
	struct store file = {0};
	struct err err = {0};
	int64_t sequence = -1;
	if (store_open_file(damaged, SQLITE_OPEN_READONLY, LOST_BUSY_MS, &file.db, &err) < 0 ||
	    lost_number(&file, "SELECT coalesce(max(sequence), 0) FROM task", &sequence, &err) < 0)
		sequence = -1;
	(void)sqlite3_close_v2(file.db);
	return sequence <= LOST_SEQUENCE_MAX ? sequence : -1;
}

int store_lost_raise(struct store *store, int64_t sequence, struct err *err)
{
	static const char above[] = "UPDATE task SET sequence = max(sequence, ?1) + 1";
	static const char far_above[] = "UPDATE task SET sequence = sequence + ?1";
	return sequence >= 0 ? store_exec(store, above, "raising sequences", err, "i", sequence)
			     : store_exec(store, far_above, "raising sequences", err, "i", (int64_t)LOST_SEQUENCE_STEP);
}
