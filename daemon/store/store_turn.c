#include "store/store_turn.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/store_priv.h"
#include "store/store_task.h"

#define TURN_WAITS "next_channel_utc IS NOT NULL AND " STORE_IS_OPEN " AND state <> 'sending'"

/* As enum store_fate counts them. */
#define TURN_FATE                                                                                                      \
	"CASE WHEN dropped LIKE 'sent by % instead' OR dropped IN ('no address', 'address suspended') THEN 2"          \
	"  WHEN dropped IS NULL AND (SELECT state FROM message WHERE id = reminder.message) = 'dead' THEN 3 ELSE 1 END"

int store_turn_fate(struct store *store, const struct store_reminder *reminder, const char *person, const char *channel,
		    enum store_fate *ret_fate, struct err *err)
{
	static const char sql[] = "SELECT " TURN_FATE " FROM reminder WHERE task = ?1 AND occurrence = ?2 AND step = ?3"
				  " AND person = ?4 AND channel = ?5";
	static const enum store_fate fates[] = {STORE_FATE_NONE, STORE_FATE_HERE, STORE_FATE_GONE, STORE_FATE_DEAD};
	int64_t fate = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "itttt", reminder->task, reminder->occurrence, reminder->step, person, channel);
	int status = store_one(store, stmt, "looking for a reminder", 0, &fate, err);
	if (status == 0)
		*ret_fate = fates[fate];
	return status;
}

int store_turn_is_here(struct store *store, int64_t task, const char *occurrence, const char *step, const char *person,
		       bool *ret_is_here, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM reminder WHERE task = ?1 AND occurrence = ?2 AND step = ?3"
				  " AND (person = ?4 OR deputy_for = ?4) AND " TURN_FATE " = 1 LIMIT 1";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ittt", task, occurrence, step, person);
	int status = store_one(store, stmt, "looking for a reminder", 0, &found, err);
	if (status == 0)
		*ret_is_here = found != 0;
	return status;
}

int store_turn_sooner(struct store *store, int64_t message, int64_t until_utc, struct err *err)
{
	static const char sql[] =
		"UPDATE message SET next_channel_utc = min(coalesce(next_channel_utc, ?2), ?2) WHERE id = ?1";
	return store_exec(store, sql, "giving a message its turn", err, "ii", message, until_utc);
}

int store_turn_set(struct store *store, int64_t message, int64_t until_utc, struct err *err)
{
	static const char sql[] = "UPDATE message SET next_channel_utc = ?2 WHERE id = ?1";
	return store_exec(store, sql, "giving a message its turn", err, "in", message, until_utc);
}

int store_turn_due(struct store *store, int64_t now_utc, int64_t *ret_ids, size_t max, size_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT id FROM message INDEXED BY message_next_channel WHERE " TURN_WAITS
				  " AND next_channel_utc <= ?1 ORDER BY next_channel_utc LIMIT ?2";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", now_utc, (int64_t)max);
	return store_ids(store, stmt, ret_ids, max, ret_n, err);
}

int store_turn_all(struct store *store, int64_t **ret_ids, size_t *ret_n, struct err *err)
{
	static const char sql[] = "SELECT id FROM message INDEXED BY message_next_channel"
				  " WHERE next_channel_utc IS NOT NULL AND " STORE_IS_OPEN " ORDER BY id";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	return stmt == NULL ? store->failure
			    : store_all_ids(store, stmt, "looking for messages that turn", ret_ids, ret_n, err);
}

int store_turn_clamp(struct store *store, int64_t latest_utc, int64_t now_utc, struct err *err)
{
	/* What waits for its reader for longer than that has its turn after it; the rest has time for one try more. */
	static const char sql[] =
		"UPDATE message SET next_channel_utc = max(?2, due_utc) + 300 WHERE next_channel_utc IS NOT NULL AND " STORE_IS_OPEN
		" AND next_channel_utc > ?1 AND next_channel_utc > max(?2, due_utc) + 86400";
	return store_exec(store, sql, "bringing turns back", err, "ii", latest_utc, now_utc);
}

int store_turn_next(struct store *store, int64_t *ret_utc, struct err *err)
{
	static const char sql[] =
		"SELECT next_channel_utc FROM message INDEXED BY message_next_channel WHERE " TURN_WAITS
		" ORDER BY next_channel_utc LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	return stmt == NULL ? store->failure
			    : store_one(store, stmt, "looking for the next turn", STORE_NEVER, ret_utc, err);
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

void store_turn_done(struct store_turn *turn)
{
	free(turn->person);
	free(turn->channel);
	free(turn->kind);
	for (size_t i = 0; i < turn->n_reminders; i++) {
		free(turn->reminders[i].reminder.held);
		free(turn->reminders[i].reminder.deputy_for);
		free(turn->reminders[i].policy);
	}
	free(turn->reminders);
	*turn = (struct store_turn){0};
}

static int store_turn_read_reminders(struct store *store, struct store_turn *turn, struct err *err)
{
	static const char sql[] =
		"SELECT r.task, r.occurrence, r.step, r.due_utc, r.held, r.deputy_for, t.policy FROM reminder r"
		" JOIN task t ON t.id = r.task WHERE r.message = ?1 AND r.dropped IS NULL"
		" ORDER BY r.due_utc DESC, r.task, r.step";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", turn->id);
	while ((status = store_row(store, stmt, "reading the reminders of a message", err)) == 1) {
		turn->reminders = mem_grow(turn->reminders, turn->n_reminders + 1, sizeof(*turn->reminders));
		struct store_turn_reminder *item = &turn->reminders[turn->n_reminders++];
		*item = (struct store_turn_reminder){.policy = store_text(stmt, 6)};
		store_reminder_read(stmt, 0, &item->reminder);
	}
	return status;
}

int store_turn_load(struct store *store, int64_t message, struct store_turn *ret_turn, struct err *err)
{
	static const char sql[] =
		"SELECT person, channel, kind, state, due_utc, coalesce(next_channel_utc, -1), urgent,"
		" EXISTS (SELECT 1 FROM brake b WHERE b.tripped_utc IS NOT NULL AND (b.scope = 'all'"
		"  OR (b.scope = 'channel' AND b.name = m.channel) OR (b.scope = 'person' AND b.name = m.person)))"
		" FROM message m WHERE id = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", message);
	int status = store_row(store, stmt, "reading a message", err);
	if (status == 0)
		return err_set(err, -ENOENT, "there is no message %lld", (long long)message);
	if (status < 0)
		return status;
	struct store_turn turn = {
		.id = message,
		.person = store_text(stmt, 0),
		.channel = store_text(stmt, 1),
		.kind = store_text(stmt, 2),
		.due_utc = sqlite3_column_int64(stmt, 4),
		.until_utc = sqlite3_column_int64(stmt, 5),
		.is_urgent = sqlite3_column_int(stmt, 6) != 0,
		.is_braked = sqlite3_column_int(stmt, 7) != 0,
	};
	(void)message_state_find((const char *)sqlite3_column_text(stmt, 3), &turn.state); /* CHECK keeps the set */
	(void)sqlite3_reset(stmt);
	status = store_turn_read_reminders(store, &turn, err);
	if (status < 0)
		store_turn_done(&turn);
	else
		*ret_turn = turn;
	return status;
}

int store_turn_drop(struct store *store, const struct store_reminder *reminder, const char *person, const char *channel,
		    const char *reason, struct err *err)
{
	static const char sql[] =
		"UPDATE reminder SET dropped = ?6 WHERE task = ?1 AND occurrence = ?2 AND step = ?3 AND person = ?4"
		" AND channel = ?5 AND dropped IS NULL";
	return store_exec(store, sql, "dropping a reminder", err, "ittttt", reminder->task, reminder->occurrence,
			  reminder->step, person, channel, reason);
}
