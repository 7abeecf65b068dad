#include "store/store_retain.h"

#include <string.h>

#include "store/store_message.h"
#include "store/store_priv.h"

enum { RETAIN_SLICE = 256 };

struct retain_row {
	int64_t id;
	bool is_old, is_removable;
};

/* The last day of an occurrence's key: "2025-06-15", "2025-06-01/2025-06-30", "../2025-06-30". */
#define RETAIN_LAST_DAY                                                                                                \
	"substr(r.occurrence, CASE instr(r.occurrence, '/') WHEN 0 THEN 1 ELSE instr(r.occurrence, '/') + 1 END)"
#define RETAIN_SAME "y.person = r.person AND y.task = r.task AND y.channel = r.channel"
/* The first message to a reader is what the later ones answer to. Each of the questions is one look into an index. */
#define RETAIN_FIRST                                                                                                   \
	"NOT EXISTS (SELECT 1 FROM reminder y WHERE " RETAIN_SAME " AND y.message < m.id) AND (t.status = 'open'"      \
	" OR EXISTS (SELECT 1 FROM reminder y WHERE " RETAIN_SAME " AND y.message > m.id))"
#define RETAIN_LAST                                                                                                    \
	"t.status = 'open' AND m.state = 'sent' AND NOT EXISTS (SELECT 1 FROM reminder y JOIN message ym"              \
	" ON ym.id = y.message WHERE " RETAIN_SAME " AND y.message > m.id AND ym.state = 'sent'"                       \
	" AND y.deputy_for IS r.deputy_for AND (" RETAIN_LAST_DAY " < ?3 OR y.occurrence = r.occurrence))"
#define RETAIN_NEEDED                                                                                                  \
	"EXISTS (SELECT 1 FROM reminder r JOIN task t ON t.id = r.task WHERE r.message = m.id AND ((" RETAIN_FIRST     \
	") OR (" RETAIN_LAST ")))"

static int retain_look(struct store *store, const struct store_retain *retain, struct retain_row *rows, size_t *ret_n,
		       struct err *err)
{
	static const char sql[] =
		"SELECT m.id, m.is_old, CASE WHEN m.is_old AND m.state IN ('sent', 'dead', 'cancelled', 'stale')"
		"  THEN NOT " RETAIN_NEEDED " ELSE 0 END FROM (SELECT id, state, max(due_utc, not_before,"
		"  coalesce((SELECT max(started_utc) FROM attempt WHERE message = message.id), 0)) < ?2 AS is_old"
		"  FROM message WHERE id > ?1 ORDER BY id LIMIT ?4) m";
	size_t n = 0;
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "iiti", retain->after, retain->cutoff_utc, retain->cutoff_day, (int64_t)RETAIN_SLICE);
	while ((status = store_row(store, stmt, "looking for old messages", err)) == 1)
		rows[n++] = (struct retain_row){
			.id = sqlite3_column_int64(stmt, 0),
			.is_old = sqlite3_column_int(stmt, 1) != 0,
			.is_removable = sqlite3_column_int(stmt, 2) != 0,
		};
	*ret_n = n;
	return status;
}

static int retain_run(struct store *store, const char *sql, int64_t id, struct err *err)
{
	return store_exec(store, sql, "removing an old message", err, "i", id);
}

/* What an edit had dropped before it was sent keeps its reason: undone, it is planned again. When the notice of a
 * cancellation goes, so does all that its reader was told before: else it would seem that they do not know. */
static int retain_remove(struct store *store, int64_t id, struct err *err)
{
	static const char known[] =
		"DELETE FROM reminder WHERE task IN (SELECT c.task FROM reminder c JOIN task t ON t.id = c.task"
		"  AND t.status <> 'open' WHERE c.message = ?1 AND c.step LIKE '" STORE_STEP_CANCELLED
		"%') AND message < ?1"
		" AND coalesce(deputy_for, person) IN (SELECT coalesce(deputy_for, person) FROM reminder WHERE message = ?1)";
	static const char closed[] = "DELETE FROM reminder WHERE message = ?1"
				     " AND (SELECT status FROM task WHERE id = reminder.task) <> 'open'";
	static const char keys[] =
		"UPDATE reminder SET message = NULL, dropped = (SELECT CASE WHEN reminder.dropped IS NULL OR"
		" m.state <> 'cancelled' THEN m.state || '" STORE_RETAINED "' ELSE reminder.dropped END"
		" FROM message m WHERE m.id = ?1) WHERE message = ?1";
	static const char attempts[] = "DELETE FROM attempt WHERE message = ?1";
	static const char message[] = "DELETE FROM message WHERE id = ?1";
	int status = retain_run(store, known, id, err);
	if (status == 0)
		status = retain_run(store, closed, id, err);
	if (status == 0)
		status = retain_run(store, keys, id, err);
	if (status == 0)
		status = retain_run(store, attempts, id, err);
	return status == 0 ? retain_run(store, message, id, err) : status;
}

/* Numbers grow with time, so a slice of nothing old ends the search; what is late in there has its turn later. */
int store_retain(struct store *store, struct store_retain *retain, struct err *err)
{
	struct retain_row rows[RETAIN_SLICE];
	size_t n = 0;
	bool has_old = false;
	if (store->is_memory) {
		retain->is_done = true;
		return 0;
	}
	int status = retain_look(store, retain, rows, &n, err);
	for (size_t i = 0; i < n && status == 0; i++) {
		has_old = has_old || rows[i].is_old;
		if (rows[i].is_removable) {
			status = retain_remove(store, rows[i].id, err);
			retain->n_removed += status == 0;
		}
	}
	if (status < 0)
		return status;
	if (n > 0)
		retain->after = rows[n - 1].id;
	retain->is_done = n < RETAIN_SLICE || !has_old;
	return 0;
}
