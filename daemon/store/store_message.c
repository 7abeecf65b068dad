#include "store/store_message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_priv.h"
#include "store/store_task.h"
#include "store/store_turn.h"

static const char *const message_state_names[] = {"pending", "sending", "sent", "dead", "cancelled", "stale", "held"};

const char *message_state_name(enum message_state state)
{
	return message_state_names[state];
}

bool message_state_find(const char *name, enum message_state *ret_state)
{
	for (unsigned i = 0; i < MESSAGE_STATE_MAX; i++)
		if (strcmp(message_state_names[i], name) == 0) {
			*ret_state = (enum message_state)i;
			return true;
		}
	return false;
}

void store_reminder_done(struct store_reminder *reminder)
{
	free(reminder->task_uid);
	free(reminder->held);
	free(reminder->deputy_for);
}

void store_message_done(struct store_message *message)
{
	free(message->person);
	free(message->channel);
	free(message->kind);
	free(message->reason);
	free(message->last_reply);
	for (size_t i = 0; i < message->n_reminders; i++)
		store_reminder_done(&message->reminders[i]);
	free(message->reminders);
	*message = (struct store_message){0};
}

/* ---- planning ----------------------------------------------------------------------------------------------------- */

int store_reminder_exists(struct store *store, const struct store_reminder *reminder, const char *person,
			  const char *channel, bool *ret_exists, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM reminder WHERE task = ?1 AND occurrence = ?2 AND step = ?3"
				  " AND person = ?4 AND channel = ?5";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "itttt", reminder->task, reminder->occurrence, reminder->step, person, channel);
	int status = store_one(store, stmt, "looking for a reminder", 0, &found, err);
	if (status == 0)
		*ret_exists = found != 0;
	return status;
}

int store_reminder_add(struct store *store, const struct store_reminder *reminder, const char *person,
		       const char *channel, int64_t message, const char *dropped, struct err *err)
{
	static const char sql[] =
		"INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message, dropped, held, deputy_for)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
	return store_exec(store, sql, "planning a reminder", err, "ittttinttt", reminder->task, reminder->occurrence,
			  reminder->step, person, channel, reminder->due_utc, message != 0 ? message : (int64_t)-1,
			  dropped, reminder->held, reminder->deputy_for);
}

int store_message_set_urgent(struct store *store, int64_t id, struct err *err)
{
	static const char sql[] = "UPDATE message SET urgent = 1 WHERE id = ?1";
	return store_exec(store, sql, "marking a message as urgent", err, "i", id);
}

int store_message_hasten(struct store *store, int64_t task, int64_t now_utc, struct err *err)
{
	static const char sql[] =
		"UPDATE message SET urgent = 1, next_channel_utc = next_channel_utc - max(0, due_utc - w.from_utc),"
		"  not_before = min(not_before, w.from_utc), due_utc = min(due_utc, w.from_utc)"
		" FROM (SELECT m.id, CASE WHEN m.not_before IN (m.due_utc, m.held_until_utc) AND NOT EXISTS (SELECT 1"
		"   FROM reminder WHERE message = m.id AND dropped IS NULL AND held = 'snoozed')"
		"   THEN max(?2, min(r.due_utc)) ELSE m.not_before END AS from_utc"
		"  FROM reminder r JOIN message m ON m.id = r.message"
		"  WHERE r.task = ?1 AND r.dropped IS NULL AND " STORE_IS_OPEN
		" GROUP BY m.id) w WHERE message.id = w.id";
	return store_exec(store, sql, "hastening what is urgent now", err, "ii", task, now_utc);
}

int store_thread_root(struct store *store, int64_t task, const char *person, const char *channel, int64_t *ret_message,
		      struct err *err)
{
	static const char sql[] =
		"SELECT message FROM reminder r WHERE task = ?1 AND person = ?2 AND channel = ?3 AND message > 0"
		" AND NOT EXISTS (SELECT 1 FROM reminder WHERE message = r.message AND task <> ?1)"
		" ORDER BY message LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "itt", task, person, channel);
	return store_one(store, stmt, "looking for the first message of a task", 0, ret_message, err);
}

int store_message_add(struct store *store, const char *person, const char *channel, const char *kind,
		      enum message_state state, const char *reason, int64_t due_utc, int64_t not_before,
		      const char *domain, int64_t thread, int64_t *ret_id, struct err *err)
{
	/* No row in person, no value: that fails as the key would. OR FAIL: it is one row, which is there or not, so there is
	 * nothing that SQLite would have to keep for taking it back. */
	static const char sql[] =
		"INSERT OR FAIL INTO message (person, channel, kind, state, reason, due_utc, not_before, domain, thread, epoch)"
		" VALUES ((SELECT id FROM person WHERE id = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
	int status = store_exec(store, sql, "adding a message", err, "tttttiitni", person, channel, kind,
				message_state_name(state), reason, due_utc, not_before, domain,
				thread != 0 ? thread : (int64_t)-1, store->epoch);
	if (status == 0)
		*ret_id = sqlite3_last_insert_rowid(store->db);
	return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

#define MESSAGE_COLUMNS                                                                                                \
	"m.id, m.person, m.channel, m.kind, m.state, m.reason, m.last_reply, m.due_utc, m.not_before, m.attempts,"     \
	" m.uncertain, m.crashes, m.domain, m.thread, root.domain, m.urgent, m.epoch, root.epoch, m.suspect "
#define MESSAGE_FROM "FROM message m LEFT JOIN message root ON root.id = m.thread "

/* Messages of before there were epochs keep the identity they had. */
void store_message_write_id(const struct store *store, int64_t id, int64_t epoch, const char *domain, char *text)
{
	if (epoch == 0)
		(void)snprintf(text, STORE_MESSAGE_ID_SIZE, "m%lld.%s@%s", (long long)id, store->instance, domain);
	else
		(void)snprintf(text, STORE_MESSAGE_ID_SIZE, "m%lld.%08llx.%s@%s", (long long)id,
			       (unsigned long long)epoch, store->instance, domain);
}

static char *store_reminder_text_or_null(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt, column) == SQLITE_NULL ? NULL : store_text(stmt, column);
}

void store_reminder_read(sqlite3_stmt *stmt, int column, struct store_reminder *ret_reminder)
{
	*ret_reminder = (struct store_reminder){
		.task = sqlite3_column_int64(stmt, column),
		.due_utc = sqlite3_column_int64(stmt, column + 3),
		.held = store_reminder_text_or_null(stmt, column + 4),
		.deputy_for = store_reminder_text_or_null(stmt, column + 5),
	};
	mem_copy_text(ret_reminder->occurrence, sizeof(ret_reminder->occurrence),
		      (const char *)sqlite3_column_text(stmt, column + 1));
	mem_copy_text(ret_reminder->step, sizeof(ret_reminder->step),
		      (const char *)sqlite3_column_text(stmt, column + 2));
}

int store_reminder_compare(const void *left, const void *right)
{
	const struct store_reminder *a = left, *b = right;
	if (a->due_utc != b->due_utc)
		return a->due_utc > b->due_utc ? -1 : 1;
	if (a->task != b->task)
		return a->task < b->task ? -1 : 1;
	int order = strcmp(a->step, b->step);
	return order != 0 ? order : strcmp(a->occurrence, b->occurrence);
}

/* Mostly there is one, for which SQLite would set up a table to sort it in. */
static int store_message_read_reminders(struct store *store, struct store_message *message, struct err *err)
{
	static const char sql[] = "SELECT uid, " STORE_REMINDER_COLUMNS STORE_REMINDER_FROM;
	bool is_settled = message->state != MESSAGE_PENDING && message->state != MESSAGE_SENDING;
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", message->id, (int64_t)is_settled);
	while ((status = store_row(store, stmt, "reading the reminders of a message", err)) == 1) {
		message->reminders =
			mem_grow(message->reminders, message->n_reminders + 1, sizeof(*message->reminders));
		struct store_reminder *reminder = &message->reminders[message->n_reminders++];
		store_reminder_read(stmt, 1, reminder);
		reminder->task_uid = store_text(stmt, 0);
	}
	if (message->n_reminders > 1)
		qsort(message->reminders, message->n_reminders, sizeof(*message->reminders), store_reminder_compare);
	return status;
}

static int64_t store_message_counter(sqlite3_stmt *stmt, int column)
{
	int64_t n = sqlite3_column_int64(stmt, column);
	return n < 0 ? 0 : n > STORE_COUNTER_MAX ? STORE_COUNTER_MAX : n;
}

static void store_message_read(const struct store *store, sqlite3_stmt *stmt, struct store_message *ret_message)
{
	*ret_message = (struct store_message){
		.id = sqlite3_column_int64(stmt, 0),
		.person = store_text(stmt, 1),
		.channel = store_text(stmt, 2),
		.kind = store_text(stmt, 3),
		.reason = store_text(stmt, 5),
		.last_reply = store_text(stmt, 6),
		.due_utc = sqlite3_column_int64(stmt, 7),
		.not_before = sqlite3_column_int64(stmt, 8),
		.attempts = store_message_counter(stmt, 9),
		.uncertain = store_message_counter(stmt, 10),
		.crashes = store_message_counter(stmt, 11),
		.is_urgent = sqlite3_column_int(stmt, 15) != 0,
		.is_suspect = sqlite3_column_int(stmt, 18) != 0,
	};
	(void)message_state_find((const char *)sqlite3_column_text(stmt, 4),
				 &ret_message->state); /* CHECK keeps the set */
	store_message_write_id(store, ret_message->id, sqlite3_column_int64(stmt, 16),
			       (const char *)sqlite3_column_text(stmt, 12), ret_message->message_id);
	if (sqlite3_column_type(stmt, 14) != SQLITE_NULL)
		store_message_write_id(store, sqlite3_column_int64(stmt, 13), sqlite3_column_int64(stmt, 17),
				       (const char *)sqlite3_column_text(stmt, 14), ret_message->thread_id);
}

int store_message_load(struct store *store, int64_t id, struct store_message *ret_message, struct err *err)
{
	static const char sql[] = "SELECT " MESSAGE_COLUMNS MESSAGE_FROM "WHERE m.id = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", id);
	int status = store_row(store, stmt, "reading a message", err);
	if (status == 0)
		return err_set(err, -ENOENT, "there is no message %lld", (long long)id);
	if (status < 0)
		return status;

	struct store_message message;
	store_message_read(store, stmt, &message);
	(void)sqlite3_reset(stmt);
	status = store_message_read_reminders(store, &message, err);
	if (status < 0)
		store_message_done(&message);
	else
		*ret_message = message;
	return status;
}

int store_message_each(struct store *store, enum message_state state, store_message_cb each, void *arg, struct err *err)
{
	static const char sql[] =
		"SELECT " MESSAGE_COLUMNS MESSAGE_FROM "WHERE ?1 IS NULL OR m.state = ?1 ORDER BY m.id";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", state == MESSAGE_STATE_MAX ? NULL : message_state_name(state));
	while ((status = store_row(store, stmt, "listing messages", err)) == 1) {
		struct store_message message;
		store_message_read(store, stmt, &message);
		status = store_message_read_reminders(store, &message, err);
		if (status == 0)
			status = each(arg, &message);
		store_message_done(&message);
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

int store_ids(struct store *store, sqlite3_stmt *stmt, int64_t *ret_ids, size_t max, size_t *ret_n, struct err *err)
{
	size_t n = 0;
	int status;
	while ((status = store_row(store, stmt, "looking for messages", err)) == 1 && n < max)
		ret_ids[n++] = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	if (status < 0)
		return status;
	*ret_n = n;
	return 0;
}

int store_message_has_suspects(struct store *store, bool *ret_has, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM message INDEXED BY message_suspect WHERE suspect = 1"
				  " AND state IN ('pending', 'sending') LIMIT 1";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	int status = store_one(store, stmt, "looking for suspect messages", 0, &found, err);
	if (status == 0)
		*ret_has = found != 0;
	return status;
}

int store_message_clear_suspects(struct store *store, struct err *err)
{
	static const char sql[] = "UPDATE message SET suspect = 0 WHERE suspect = 1 AND state <> 'held'";
	return store_exec(store, sql, "clearing suspects", err, "");
}

int store_message_sending(struct store *store, int64_t *ret_ids, size_t max, size_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT id FROM message WHERE " STORE_IS_SENDING " LIMIT ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", (int64_t)max);
	return store_ids(store, stmt, ret_ids, max, ret_n, err);
}

int store_message_overdue(struct store *store, int64_t cutoff_utc, int64_t *ret_ids, size_t max, size_t *ret_n,
			  struct err *err)
{
	static const char sql[] =
		"SELECT id FROM message WHERE " STORE_IS_WAITING " AND due_utc < ?1 AND held_until_utc < ?1"
		" ORDER BY due_utc LIMIT ?2";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", cutoff_utc, (int64_t)max);
	return store_ids(store, stmt, ret_ids, max, ret_n, err);
}

int store_message_shift(struct store *store, int64_t back_s, int64_t now_utc, struct err *err)
{
	static const char sql[] = STORE_WITH_WAITING_CHANNELS
		"UPDATE message SET not_before = max(not_before - ?1, due_utc, ?2) WHERE id IN (SELECT m.id FROM c"
		" CROSS JOIN message m INDEXED BY message_pending WHERE m.state = 'pending' AND m.channel = c.name"
		" AND m.not_before > ?2 AND m.not_before > m.due_utc)";
	return store_exec(store, sql, "bringing next tries back", err, "ii", back_s, now_utc);
}

int store_message_clamp(struct store *store, int64_t latest_utc, int64_t now_utc, struct err *err)
{
	/* Channel by channel, through the index that has the times in order: at a start there may be a lot that waits. */
	static const char sql[] = STORE_WITH_WAITING_CHANNELS
		"UPDATE message SET not_before = max(?2, due_utc) WHERE id IN (SELECT m.id FROM c CROSS JOIN message m"
		" INDEXED BY message_pending WHERE m.state = 'pending' AND m.channel = c.name AND m.not_before > ?1"
		" AND m.not_before > max(?2, m.due_utc))";
	int status = store_exec(store, sql, "bringing next tries back", err, "ii", latest_utc, now_utc - 1);
	return status == 0 ? store_turn_clamp(store, latest_utc, now_utc, err) : status;
}

static void store_message_read_peek(sqlite3_stmt *stmt, int64_t id, struct store_peek *peek)
{
	const char *kind = (const char *)sqlite3_column_text(stmt, 1);
	bool is_notice = strcmp(kind, "notice") == 0 || strcmp(kind, "test") == 0;
	bool is_read = strcmp(kind, "digest") == 0 && sqlite3_column_int(stmt, 11) != 0; /* nobody who has left does */
	*peek = (struct store_peek){
		.id = id,
		.is_live = is_notice || is_read,
		.is_urgent = sqlite3_column_int(stmt, 2) != 0,
		.is_notice = is_notice,
		.has_hours = sqlite3_column_int(stmt, 12) != 0,
		.due_utc = sqlite3_column_int64(stmt, 3),
		.not_before = sqlite3_column_int64(stmt, 4),
		.attempts = store_message_counter(stmt, 5),
		.uncertain = store_message_counter(stmt, 6),
	};
	(void)message_state_find((const char *)sqlite3_column_text(stmt, 0), &peek->state); /* CHECK keeps the set */
	(void)snprintf(peek->person, sizeof(peek->person), "%s", (const char *)sqlite3_column_text(stmt, 7));
	(void)snprintf(peek->channel, sizeof(peek->channel), "%s", (const char *)sqlite3_column_text(stmt, 8));
}

int store_message_peek(struct store *store, int64_t id, struct store_peek *ret_peek, struct err *err)
{
	/* A row for each reminder, of which there mostly is one, and one row for none. */
	static const char sql[] =
		"SELECT m.state, m.kind, m.urgent, m.due_utc, m.not_before, m.attempts, m.uncertain, m.person, m.channel,"
		" r.message IS NOT NULL, r.dropped IS NOT NULL, p.active, p.quiet <> '' OR p.work <> '' FROM message m"
		" LEFT JOIN person p ON p.id = m.person LEFT JOIN reminder r ON r.message = m.id WHERE m.id = ?1";
	struct store_peek peek;
	int status;
	size_t n = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", id);
	while ((status = store_row(store, stmt, "looking into a message", err)) == 1) {
		if (n++ == 0)
			store_message_read_peek(stmt, id, &peek);
		bool is_there = sqlite3_column_int(stmt, 9) != 0, is_dropped = sqlite3_column_int(stmt, 10) != 0;
		peek.is_live = peek.is_live || (is_there && !is_dropped);
		peek.has_dropped = peek.has_dropped || is_dropped;
	}
	if (status == 0 && n == 0)
		return err_set(err, -ENOENT, "there is no message %lld", (long long)id);
	if (status == 0)
		*ret_peek = peek;
	return status;
}

int store_message_address(struct store *store, int64_t id, char **ret_address, struct err *err)
{
	static const char sql[] = "SELECT a.address FROM message m JOIN address a ON a.person = m.person"
				  " AND a.channel = m.channel WHERE m.id = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", id);
	int status = store_row(store, stmt, "reading where a message goes", err);
	if (status < 0)
		return status;
	*ret_address = status == 1 ? store_text(stmt, 0) : NULL;
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_message_hold(struct store *store, int64_t id, int64_t until_utc, struct err *err)
{
	static const char sql[] =
		"UPDATE message SET not_before = ?2, held_until_utc = ?2 WHERE id = ?1 AND state = 'pending'";
	return store_exec(store, sql, "holding a message", err, "ii", id, until_utc);
}

int store_message_postpone(struct store *store, int64_t id, int64_t not_before, struct err *err)
{
	static const char sql[] = "UPDATE message SET not_before = ?2 WHERE id = ?1 AND state = 'pending'";
	return store_exec(store, sql, "postponing a message", err, "ii", id, not_before);
}
