/* store_priv: what the files of this room share. */
#ifndef DEADLINED_STORE_STORE_PRIV_H
#define DEADLINED_STORE_STORE_PRIV_H

#include <sqlite3.h>
#include <stddef.h>

#include "base/strlist.h"
#include "store/store.h"

enum { STORE_STATEMENTS = 256 };

/* What is not settled yet; state: the column's name. Written as the index message_unsettled has it, so that it serves.
 * (A list of more than two with IN makes SQLite build a table of it in each row that it checks.) */
#define STORE_OPEN(state) "(" state " = 'pending' OR " state " = 'sending' OR " state " = 'held')"
#define STORE_IS_OPEN STORE_OPEN("state")
/* Its two parts, one behind the other in the index: what is in flight or held, which is little, and what waits, in the
 * order in which it was due. The index has an expression, so that SQLite does not take it for every question about what
 * is pending; and no state is asked for with = here, or SQLite would put it into the expression. */
#define STORE_STARTED(state) STORE_OPEN(state) " AND (" state " = 'pending') = 0"
#define STORE_SENDING(state) STORE_STARTED(state) " AND " state " <> 'held'"
#define STORE_IS_STARTED STORE_STARTED("state")
#define STORE_IS_SENDING STORE_SENDING("state")
#define STORE_IS_HELD STORE_IS_STARTED " AND state <> 'sending'"
#define STORE_IS_WAITING STORE_IS_OPEN " AND (state = 'pending') = 1"

/* What counts tries is no more, whatever SQL has written. */
enum { STORE_COUNTER_MAX = 1000000000 };

/* A reminder that was planned and had nowhere to go. */
#define STORE_IS_UNREACHED "message IS NULL AND dropped IN ('no address', 'address suspended')"

/* Whether its reader has it, or may: the reply was lost, or the process died before it came. */
#define STORE_IS_TOLD "(state = 'sent' OR uncertain > 0 OR crashes > 0)"

/* The SQL that makes each version of the schema of the one before; in schema_versions.c. */
enum { SCHEMA_VERSION = 9 };
extern const char *const schema_versions[SCHEMA_VERSION];
/* Every channel that something waits for. Hops from one to the next through its index, which SQLite would not choose by
 * itself, instead of walking everything that waits. */
#define STORE_NEXT_WAITING "SELECT min(channel) FROM message INDEXED BY message_pending WHERE state = 'pending'"
#define STORE_WITH_WAITING_CHANNELS                                                                                    \
	"WITH RECURSIVE c (name) AS (" STORE_NEXT_WAITING " UNION ALL"                                                 \
	" SELECT (" STORE_NEXT_WAITING " AND channel > name) FROM c WHERE name IS NOT NULL) "

struct store_statement {
	const char *sql; /* key: the address of a literal */
	sqlite3_stmt *stmt;
};

struct store {
	sqlite3 *db;
	char instance[STORE_INSTANCE_SIZE];
	int64_t epoch; /* random for each opening: part of the Message-IDs of the messages added since */
	int version;
	int failure; /* why the last statement could not be prepared */
	bool is_memory;
	bool is_doubtful;  /* a sync of the log has failed, and the log is not in the database yet */
	int64_t bound_utc; /* the transaction has seen that planned_bound is this, or later; 0: it has not looked */
	char damage[256];  /* how damage of the file was met first; "" = it was not */
	struct store_statement statements[STORE_STATEMENTS]; /* hashed by the address of sql */
};

/* The folder may be reached through links (systemd's StateDirectory is one), the file itself may not be one. Returned
 * owned; NULL with *ret_status when the folder cannot be told. */
char *store_resolve(const char *path, int *ret_status, struct err *err);

/* Opens a database file, whatever it holds, with SQLite's flags; it is never a symbolic link. */
MUSTCHECK int store_open_file(const char *path, int flags, int busy_ms, sqlite3 **ret_db, struct err *err);

/* Translates a result code of SQLite, with its words, into an error of this room; damage is remembered. */
int store_fail(struct store *store, int rc, const char *doing, struct err *err);

/* A prepared statement, reset and without bindings. sql must be a literal: its address is the key. NULL on error,
 * which store->failure then holds. */
sqlite3_stmt *store_statement(struct store *store, const char *sql, struct err *err);

/* Binds by the letters of types: i = int64_t, t = const char * (NULL binds NULL), n = int64_t where a negative value
 * binds NULL; borrowed until the statement is reset. */
void store_bind(sqlite3_stmt *stmt, const char *types, ...);

/* Runs a statement that returns no row. *ret_changes (may be NULL): rows changed. */
MUSTCHECK int store_run(struct store *store, sqlite3_stmt *stmt, const char *doing, int64_t *ret_changes,
			struct err *err);

/* Prepares, binds and runs a statement that returns no row; sql is for store_statement(), types for store_bind(), ""
 * when it has nothing to bind. */
MUSTCHECK int store_exec(struct store *store, const char *sql, const char *doing, struct err *err, const char *types,
			 ...);

/* Steps to the next row: 1 = there is one, 0 = no more (the statement is reset then), negative = error (reset too). */
MUSTCHECK int store_row(struct store *store, sqlite3_stmt *stmt, const char *doing, struct err *err);

/* The only integer of the only row; absent when there is no row or it is NULL. */
MUSTCHECK int store_one(struct store *store, sqlite3_stmt *stmt, const char *doing, int64_t absent, int64_t *ret_value,
			struct err *err);

/* The texts of the first column of all rows; the caller frees the list, which is left alone after an error. */
MUSTCHECK int store_all_names(struct store *store, sqlite3_stmt *stmt, const char *doing, struct strlist *ret_names,
			      struct err *err);
/* The same of a statement without arguments; sql is for store_statement(). */
MUSTCHECK int store_names(struct store *store, const char *sql, const char *doing, struct strlist *ret_names,
			  struct err *err);

/* The first integers of up to max rows. */
MUSTCHECK int store_ids(struct store *store, sqlite3_stmt *stmt, int64_t *ret_ids, size_t max, size_t *ret_n,
			struct err *err);

/* The first integers of all rows, in an array that the caller frees. */
MUSTCHECK int store_all_ids(struct store *store, sqlite3_stmt *stmt, const char *doing, int64_t **ret_ids,
			    size_t *ret_n, struct err *err);

/* Text of a column as an owned copy, "" for NULL; bytes that are no UTF-8 become U+FFFD, so that no bad row can stop a
 * message. */
char *store_text(sqlite3_stmt *stmt, int column);

/* ---- rows that several statements read ---- */

struct store_reminder;
struct task;

/* What store_task_read() reads: the first columns of a statement. Errors: -EUCLEAN an impossible date. */
#define STORE_TASK_COLUMNS                                                                                             \
	"id, uid, title, place, note, start_local, end_local, precision, zone, policy, status, sequence,"              \
	" next_due_utc, priority, rrule, rdate, exdate "
enum { STORE_TASK_N_COLUMNS = 17 };
MUSTCHECK int store_task_read(sqlite3_stmt *stmt, struct task *ret_task, struct err *err);

/* Of the message ?1: those that were not dropped, or all when ?2 says that it is settled. */
#define STORE_REMINDER_COLUMNS "reminder.task, occurrence, step, due_utc, held, deputy_for "
#define STORE_REMINDER_FROM                                                                                            \
	"FROM reminder JOIN task ON task.id = reminder.task WHERE message = ?1 AND (dropped IS NULL OR ?2) "
/* Reads those columns, from that one on; task_uid is not among them. */
void store_reminder_read(sqlite3_stmt *stmt, int column, struct store_reminder *ret_reminder);
void store_reminder_done(struct store_reminder *reminder);
/* For qsort(): the latest first. */
int store_reminder_compare(const void *left, const void *right);

/* The Message-ID of a message, as its columns id, epoch and domain make it; size: STORE_MESSAGE_ID_SIZE. */
void store_message_write_id(const struct store *store, int64_t id, int64_t epoch, const char *domain, char *text);

/* Whether the file is one of ours, or new, and of a version this program knows. Nothing is written. Errors: -EPROTO. */
MUSTCHECK int schema_check(struct store *store, struct err *err);
/* Creates the schema or brings it up to this program's version; after schema_check(). */
MUSTCHECK int schema_ensure(struct store *store, struct err *err);

#endif
