#include "store/store_letter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/store_priv.h"

void store_letter_done(struct store_letter *letter)
{
	for (size_t i = 0; i < letter->n_parts; i++) {
		store_reminder_done(&letter->parts[i].reminder);
		task_done(&letter->parts[i].task);
	}
	free(letter->parts);
	free(letter->channel);
	free(letter->kind);
	person_done(&letter->reader);
	*letter = (struct store_letter){0};
}

/* ---- the message and its reader ----------------------------------------------------------------------------------- */

enum letter_column {
	LETTER_CHANNEL,
	LETTER_KIND,
	LETTER_ATTEMPTS,
	LETTER_DUE,
	LETTER_URGENT,
	LETTER_SETTLED,
	LETTER_EPOCH,
	LETTER_DOMAIN,
	LETTER_ROOT,
	LETTER_ROOT_EPOCH,
	LETTER_ROOT_DOMAIN,
	LETTER_PERSON,
	LETTER_NAME,
	LETTER_LANGUAGE,
	LETTER_ZONE,
	LETTER_CALENDAR,
	LETTER_ADDRESS,
};

/* Whom a channel has been suspended for has no address on it. */
static const char store_letter_sql[] =
	"SELECT m.channel, m.kind, m.attempts, m.due_utc, m.urgent, m.state NOT IN ('pending', 'sending'), m.epoch, m.domain,"
	"  root.id, root.epoch, root.domain, p.id, p.name, p.language, p.zone, p.calendar, a.address"
	" FROM message m JOIN person p ON p.id = m.person LEFT JOIN message root ON root.id = m.thread"
	" LEFT JOIN address a ON a.person = m.person AND a.channel = m.channel AND NOT EXISTS (SELECT 1 FROM suspension s"
	"   WHERE s.person = m.person AND s.channel = m.channel AND s.reason IS NOT NULL) WHERE m.id = ?1";

static void store_letter_read_reader(sqlite3_stmt *stmt, struct store_letter *letter)
{
	letter->reader = (struct person){
		.id = store_text(stmt, LETTER_PERSON),
		.name = store_text(stmt, LETTER_NAME),
		.language = store_text(stmt, LETTER_LANGUAGE),
		.zone = store_text(stmt, LETTER_ZONE),
		.calendar = store_text(stmt, LETTER_CALENDAR),
	};
	if (sqlite3_column_type(stmt, LETTER_ADDRESS) != SQLITE_NULL) {
		char *address = store_text(stmt, LETTER_ADDRESS);
		person_add_address(&letter->reader, letter->channel, address);
		free(address);
	}
}

static void store_letter_read(const struct store *store, sqlite3_stmt *stmt, int64_t id, struct store_letter *letter)
{
	*letter = (struct store_letter){
		.id = id,
		.channel = store_text(stmt, LETTER_CHANNEL),
		.kind = store_text(stmt, LETTER_KIND),
		.attempts = sqlite3_column_int64(stmt, LETTER_ATTEMPTS),
		.due_utc = sqlite3_column_int64(stmt, LETTER_DUE),
		.is_urgent = sqlite3_column_int(stmt, LETTER_URGENT) != 0,
	};
	store_message_write_id(store, id, sqlite3_column_int64(stmt, LETTER_EPOCH),
			       (const char *)sqlite3_column_text(stmt, LETTER_DOMAIN), letter->message_id);
	if (sqlite3_column_type(stmt, LETTER_ROOT) != SQLITE_NULL)
		store_message_write_id(store, sqlite3_column_int64(stmt, LETTER_ROOT),
				       sqlite3_column_int64(stmt, LETTER_ROOT_EPOCH),
				       (const char *)sqlite3_column_text(stmt, LETTER_ROOT_DOMAIN), letter->thread_id);
	store_letter_read_reader(stmt, letter);
}

/* ---- its reminders and their tasks -------------------------------------------------------------------------------- */

static int store_letter_read_part(sqlite3_stmt *stmt, struct store_letter *letter, struct err *err)
{
	struct store_letter_part part;
	int status = store_task_read(stmt, &part.task, err);
	if (status < 0)
		return status;
	store_reminder_read(stmt, STORE_TASK_N_COLUMNS, &part.reminder);
	letter->parts = mem_grow(letter->parts, letter->n_parts + 1, sizeof(*letter->parts));
	letter->parts[letter->n_parts++] = part;
	return 0;
}

static int store_letter_read_parts(struct store *store, bool is_settled, struct store_letter *letter, struct err *err)
{
	static const char sql[] = "SELECT " STORE_TASK_COLUMNS ", " STORE_REMINDER_COLUMNS STORE_REMINDER_FROM;
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ii", letter->id, (int64_t)is_settled);
	while ((status = store_row(store, stmt, "reading what a message is about", err)) == 1) {
		status = store_letter_read_part(stmt, letter, err);
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	if (letter->n_parts > 1)
		qsort(letter->parts, letter->n_parts, sizeof(*letter->parts), store_reminder_compare);
	return status;
}

int store_letter_load(struct store *store, int64_t id, struct store_letter *ret_letter, struct err *err)
{
	struct store_letter letter;
	sqlite3_stmt *stmt = store_statement(store, store_letter_sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", id);
	int status = store_row(store, stmt, "reading a message and its reader", err);
	if (status == 0)
		return err_set(err, -ENOENT, "there is no message %lld, or nobody to read it", (long long)id);
	if (status < 0)
		return status;

	bool is_settled = sqlite3_column_int(stmt, LETTER_SETTLED) != 0;
	store_letter_read(store, stmt, id, &letter);
	(void)sqlite3_reset(stmt);
	status = store_letter_read_parts(store, is_settled, &letter, err);
	if (status < 0)
		store_letter_done(&letter);
	else
		*ret_letter = letter;
	return status;
}

/* ---- what they knew before ---------------------------------------------------------------------------------------- */

#define LETTER_DATES "SELECT date FROM moved_to WHERE task = ?1 AND key = ?2"
#define LETTER_DAY(key) "substr(ltrim(" key ", './'), 1, 10)"

int store_letter_told_before(struct store *store, const struct store_letter *letter,
			     const struct store_letter_part *part, char ret_key[PERIOD_KEY_SIZE], struct err *err)
{
	/* Two questions in one, each with an index of its own: a task may be everybody's. */
	static const char sql[] =
		"SELECT occurrence FROM ("
		"  SELECT occurrence, message FROM reminder INDEXED BY reminder_person"
		"   WHERE person = ?4 AND task = ?1 AND deputy_for IS NULL"
		"  UNION ALL SELECT occurrence, message FROM reminder INDEXED BY reminder_deputy"
		"   WHERE deputy_for = ?4 AND task = ?1) told"
		" WHERE occurrence <> ?2 AND message <> ?3"
		" AND (SELECT " STORE_IS_TOLD " FROM message WHERE id = told.message)"
		" AND (NOT ?5 OR occurrence IN (" LETTER_DATES ")"
		"  OR occurrence IN (SELECT key FROM moved_to WHERE task = ?1 AND date IN (" LETTER_DATES "))"
		"  OR (NOT EXISTS (" LETTER_DATES
		") AND " LETTER_DAY("occurrence") " = " LETTER_DAY("?2") "))"
									 " ORDER BY message DESC LIMIT 1";
	const struct store_reminder *reminder = &part->reminder;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ititi", part->task.id, reminder->occurrence, letter->id,
		   reminder->deputy_for != NULL ? reminder->deputy_for : letter->reader.id,
		   (int64_t)task_repeats(&part->task));
	int status = store_row(store, stmt, "looking for the date that was told before", err);
	if (status < 0)
		return status;
	(void)snprintf(ret_key, PERIOD_KEY_SIZE, "%s", status == 1 ? (const char *)sqlite3_column_text(stmt, 0) : "");
	(void)sqlite3_reset(stmt); /* repeats the code of the step */
	return 0;
}
