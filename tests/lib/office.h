/* office: a database for tests, with the few people and tasks they need, written by the store and looked at, or
 * changed, by plain SQL over a connection of its own, as an administrator's sqlite3 would. */
#ifndef DEADLINED_TESTS_OFFICE_H
#define DEADLINED_TESTS_OFFICE_H

#include <sqlite3.h>

#include "base/mem.h"
#include "plan/civil.h"
#include "scratch.h"
#include "store/store_message.h"
#include "store/store_person.h"
#include "store/store_task.h"

struct office {
	struct scratch scratch;
	struct store *store;
	sqlite3 *sql; /* somebody else's connection; foreign keys are not enforced there, as in sqlite3(1) */
};

static inline int64_t utc(const char *text)
{
	struct civil civil;
	bool has_time = false;
	char plain[24] = "";
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(text, "Z"), text);
	assert_true(civil_parse(plain, &civil, &has_time));
	return civil_to_seconds(&civil);
}

static struct err office_err;

/* Fails the test with the words of the store: OK(store_begin(office.store, ERR)); */
#define ERR (&office_err)
#define OK(call)                                                                                                       \
	do {                                                                                                           \
		int ok_status_ = (call);                                                                               \
		if (ok_status_ != 0)                                                                                   \
			fail_msg("%s:%d: %s: %d %s", __FILE__, __LINE__, #call, ok_status_, office_err.text);          \
	} while (0)

static inline void office_open_sql(struct office *office)
{
	assert_int_equal(sqlite3_open_v2(office->scratch.database, &office->sql, SQLITE_OPEN_READWRITE, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(office->sql, 2000), SQLITE_OK);
}

static inline void office_open(struct office *office)
{
	*office = (struct office){0};
	scratch_make(&office->scratch);
	OK(store_open(office->scratch.database, STORE_WRITE, 50, &office->store, ERR));
	office_open_sql(office);
}

static inline void office_close(struct office *office)
{
	store_close(office->store);
	assert_int_equal(sqlite3_close(office->sql), SQLITE_OK);
	scratch_remove(&office->scratch);
}

/* As after kill -9: what was not committed is gone. */
static inline void office_reopen(struct office *office)
{
	store_close(office->store);
	OK(store_open(office->scratch.database, STORE_WRITE, 50, &office->store, ERR));
}

__attribute__((format(printf, 2, 3))) static inline void office_run(struct office *office, const char *fmt, ...)
{
	char *message = NULL;
	va_list args;
	va_start(args, fmt);
	char *sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (sqlite3_exec(office->sql, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_free(sql);
}

/* The only integer that a query gives; -1 for NULL or no row. */
__attribute__((format(printf, 2, 3))) static inline int64_t office_number(struct office *office, const char *fmt, ...)
{
	sqlite3_stmt *stmt = NULL;
	va_list args;
	va_start(args, fmt);
	char *sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (sqlite3_prepare_v2(office->sql, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(office->sql));
	bool is_there = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	int64_t number = is_there ? sqlite3_column_int64(stmt, 0) : -1;
	(void)sqlite3_finalize(stmt);
	sqlite3_free(sql);
	return number;
}

/* The only text that a query gives, "" for NULL or no row; valid until the next call. */
__attribute__((format(printf, 2, 3))) static inline const char *office_text(struct office *office, const char *fmt, ...)
{
	static char text[1024];
	sqlite3_stmt *stmt = NULL;
	va_list args;
	va_start(args, fmt);
	char *sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (sqlite3_prepare_v2(office->sql, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(office->sql));
	bool is_there = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	(void)snprintf(text, sizeof(text), "%s", is_there ? (const char *)sqlite3_column_text(stmt, 0) : "");
	(void)sqlite3_finalize(stmt);
	sqlite3_free(sql);
	return text;
}

/* A person with one address on each of the channels, which blanks separate; "" = none. */
static inline void office_add_person(struct office *office, const char *id, const char *zone, const char *channels)
{
	struct person person = {
		.id = mem_dup(id), .name = mem_dup(id), .language = mem_dup("en"), .zone = mem_dup(zone)};
	struct strlist names = {0};
	enum store_change change;
	strlist_add_words(&names, channels);
	for (size_t i = 0; i < names.n; i++) {
		char *address = mem_printf("%s@%s.example.org", id, names.items[i]);
		person_add_address(&person, names.items[i], address);
		free(address);
	}
	OK(store_person_put(office->store, &person, (const char *const *)names.items, names.n, &change, ERR));
	strlist_done(&names);
	person_done(&person);
}

struct office_task {
	const char *uid, *start, *end;      /* start NULL: a limit; end NULL: as start */
	enum period_precision precision;    /* 0: a day or, where a time is given, a minute */
	const char *zone, *policy, *people; /* NULL: UTC, default, nobody */
	int64_t planned_until;
};

/* Puts the task into the database; its row. */
static inline int64_t office_add_task(struct office *office, const struct office_task *row)
{
	int64_t id = 0;
	bool is_changed = false;
	enum store_change change;
	struct strlist people = {0};
	struct task task = {
		.uid = mem_dup(row->uid),
		.title = mem_printf("Title of %s", row->uid),
		.place = mem_dup(""),
		.note = mem_dup(""),
		.period = {.has_start = row->start != NULL, .precision = row->precision},
		.zone = mem_dup(row->zone != NULL ? row->zone : "UTC"),
		.policy = mem_dup(row->policy != NULL ? row->policy : "default"),
		.status = mem_dup("open"),
	};
	bool has_time = false;
	if (row->start != NULL)
		assert_true(civil_parse(row->start, &task.period.start, NULL));
	assert_true(civil_parse(row->end != NULL ? row->end : row->start, &task.period.end, &has_time));
	if (row->precision == PERIOD_MINUTE && !has_time)
		task.period.precision = PERIOD_DAY;
	OK(store_task_put(office->store, &task, row->planned_until, &id, &change, ERR));
	strlist_add_words(&people, row->people != NULL ? row->people : "");
	OK(store_task_set_people(office->store, id, &people, &is_changed, ERR));
	strlist_done(&people);
	task_done(&task);
	return id;
}

/* A message in the outbox with one reminder of the task in it; its row. */
static inline int64_t office_add_message(struct office *office, int64_t task, const char *person, const char *channel,
					 const char *step, int64_t due_utc)
{
	struct store_reminder reminder = {.task = task, .occurrence = "2025-06-15", .due_utc = due_utc};
	int64_t id = 0, thread = 0;
	(void)snprintf(reminder.step, sizeof(reminder.step), "%s", step);
	OK(store_thread_root(office->store, task, person, channel, &thread, ERR));
	OK(store_message_add(office->store, person, channel, "single", MESSAGE_PENDING, NULL, due_utc, due_utc,
			     "example.org", thread, &id, ERR));
	OK(store_reminder_add(office->store, &reminder, person, channel, id, NULL, ERR));
	return id;
}

static inline const char *office_state(struct office *office, int64_t message)
{
	return office_text(office, "SELECT state FROM message WHERE id = %lld", (long long)message);
}

#endif
