#include "store/store_person.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/role.h"
#include "store/store_priv.h"

/* A row an address; the people come out one by one. */
#define PERSON_COLUMNS                                                                                                 \
	"p.id, p.name, p.language, p.zone, p.active, a.channel, a.address, p.calendar, p.quiet, p.work, p.digest,"     \
	" p.ceiling, (SELECT 1 FROM suspension s WHERE s.person = a.person AND s.channel = a.channel"                  \
	" AND s.reason IS NOT NULL), p.channels "

enum { PERSON_ROLE = 14 }; /* the column behind them, where people are read for a task */

static void store_person_start(sqlite3_stmt *stmt, struct person *person)
{
	*person = (struct person){
		.id = mem_dup((const char *)sqlite3_column_text(stmt, 0)),
		.name = store_text(stmt, 1),
		.language = store_text(stmt, 2),
		.zone = store_text(stmt, 3),
		.calendar = store_text(stmt, 7),
		.quiet = store_text(stmt, 8),
		.work = store_text(stmt, 9),
		.digest = store_text(stmt, 10),
		.ceiling = sqlite3_column_int64(stmt, 11),
		.is_active = sqlite3_column_int(stmt, 4) != 0,
		.channels = store_text(stmt, 13),
	};
}

/* Whether it is the first role that the person has: the others have the same addresses. */
static bool store_person_add_role(sqlite3_stmt *stmt, struct person *person)
{
	enum role role = ROLE_WATCHER;
	if (sqlite3_column_count(stmt) <= PERSON_ROLE)
		return true;
	(void)role_find((const char *)sqlite3_column_text(stmt, PERSON_ROLE), &role); /* CHECK keeps the set */
	person->roles |= ROLE_BIT(role);
	return person->roles == ROLE_BIT(role);
}

/* Starts a person when the row names another one than people[*n - 1], then adds the row's address. */
static void store_person_add_row(sqlite3_stmt *stmt, struct person **people, size_t *n)
{
	const char *id = (const char *)sqlite3_column_text(stmt, 0);
	if (*n == 0 || strcmp((*people)[*n - 1].id, id) != 0) {
		*people = mem_grow(*people, *n + 1, sizeof(**people));
		store_person_start(stmt, &(*people)[(*n)++]);
	}
	struct person *person = &(*people)[*n - 1];
	if (store_person_add_role(stmt, person) && sqlite3_column_type(stmt, 5) != SQLITE_NULL) {
		char *channel = store_text(stmt, 5), *address = store_text(stmt, 6);
		person_add_address(person, channel, address);
		person->addresses[person->n_addresses - 1].is_suspended = sqlite3_column_int(stmt, 12) != 0;
		free(channel);
		free(address);
	}
}

static void store_person_free_all(struct person *people, size_t n)
{
	for (size_t i = 0; i < n; i++)
		person_done(&people[i]);
	free(people);
}

static int store_person_collect(struct store *store, sqlite3_stmt *stmt, struct person **ret_people, size_t *ret_n,
				struct err *err)
{
	struct person *people = NULL;
	size_t n = 0;
	int status;
	while ((status = store_row(store, stmt, "reading people", err)) == 1)
		store_person_add_row(stmt, &people, &n);
	if (status < 0) {
		store_person_free_all(people, n);
		return status;
	}
	*ret_people = people;
	*ret_n = n;
	return 0;
}

int store_person_of_task(struct store *store, int64_t task, struct person **ret_people, size_t *ret_n, struct err *err)
{
	/* In the order of the keys, so that nothing is sorted; the addresses come once for each role. */
	static const char sql[] = "SELECT " PERSON_COLUMNS ", part.role FROM part JOIN person p ON p.id = part.person"
				  " LEFT JOIN address a ON a.person = p.id WHERE part.task = ?1 AND p.active = 1"
				  " ORDER BY part.person, part.role, a.channel";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "i", task);
	return store_person_collect(store, stmt, ret_people, ret_n, err);
}

static int store_person_find(struct store *store, const char *sql, const char *id, struct person *ret_person,
			     struct err *err)
{
	struct person *people = NULL;
	size_t n = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", id);
	int status = store_person_collect(store, stmt, &people, &n, err);
	if (status < 0)
		return status;
	if (n == 0)
		status = err_set(err, -ENOENT, "there is no person '%s'", id);
	else
		*ret_person = people[0];
	free(people);
	return status;
}

int store_person_load(struct store *store, const char *id, struct person *ret_person, struct err *err)
{
	static const char sql[] =
		"SELECT " PERSON_COLUMNS
		"FROM person p LEFT JOIN address a ON a.person = p.id WHERE p.id = ?1 ORDER BY a.channel";
	return store_person_find(store, sql, id, ret_person, err);
}

int store_person_load_hours(struct store *store, const char *id, struct person *ret_person, struct err *err)
{
	static const char sql[] = "SELECT zone, calendar, quiet, work FROM person WHERE id = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", id);
	int status = store_row(store, stmt, "reading somebody's hours", err);
	if (status == 0)
		return err_set(err, -ENOENT, "there is no person '%s'", id);
	if (status < 0)
		return status;
	*ret_person = (struct person){
		.id = mem_dup(id),
		.zone = store_text(stmt, 0),
		.calendar = store_text(stmt, 1),
		.quiet = store_text(stmt, 2),
		.work = store_text(stmt, 3),
	};
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_person_exists(struct store *store, const char *id, bool *ret_exists, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM person WHERE id = ?1";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", id);
	int status = store_one(store, stmt, "looking for a person", 0, &found, err);
	if (status == 0)
		*ret_exists = found != 0;
	return status;
}

int store_person_each(struct store *store, store_person_cb each, void *arg, struct err *err)
{
	static const char sql[] = "SELECT " PERSON_COLUMNS
				  "FROM person p LEFT JOIN address a ON a.person = p.id ORDER BY p.id, a.channel";
	struct person *people = NULL;
	size_t n = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	int status = store_person_collect(store, stmt, &people, &n, err);
	for (size_t i = 0; i < n && status == 0; i++)
		status = each(arg, &people[i]);
	store_person_free_all(people, n);
	return status;
}

/* A person without hours of their own may leave them NULL. */
static const char *store_person_given(const char *text)
{
	return text != NULL ? text : "";
}

static int store_person_write(struct store *store, const struct person *person, int64_t *ret_changes, struct err *err)
{
	static const char sql[] =
		"INSERT INTO person (id, name, language, zone, calendar, quiet, work, digest, ceiling, channels)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT (id) DO UPDATE SET name = ?2, language = ?3, zone = ?4, calendar = ?5, quiet = ?6, work = ?7,"
		"  digest = ?8, ceiling = ?9, channels = ?10"
		" WHERE name <> ?2 OR language <> ?3 OR zone <> ?4 OR calendar <> ?5 OR quiet <> ?6 OR work <> ?7"
		"  OR digest <> ?8 OR ceiling <> ?9 OR channels <> ?10";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttttttttit", person->id, person->name, person->language, person->zone,
		   store_person_given(person->calendar), store_person_given(person->quiet),
		   store_person_given(person->work), store_person_given(person->digest), person->ceiling,
		   store_person_given(person->channels));
	return store_run(store, stmt, "writing a person", ret_changes, err);
}

static int store_person_write_address(struct store *store, const char *person, const char *channel, const char *address,
				      int64_t *ret_changes, struct err *err)
{
	static const char put[] = "INSERT INTO address (person, channel, address) VALUES (?1, ?2, ?3)"
				  " ON CONFLICT (person, channel) DO UPDATE SET address = ?3 WHERE address <> ?3";
	static const char drop[] = "DELETE FROM address WHERE person = ?1 AND channel = ?2";
	sqlite3_stmt *stmt = store_statement(store, address != NULL ? put : drop, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, address != NULL ? "ttt" : "tt", person, channel, address);
	return store_run(store, stmt, "writing an address", ret_changes, err);
}

int store_person_put(struct store *store, const struct person *person, const char *const *channels, size_t n,
		     enum store_change *ret_change, struct err *err)
{
	bool exists = false;
	int64_t changes = 0, total = 0;
	int status = store_person_exists(store, person->id, &exists, err);
	if (status == 0)
		status = store_person_write(store, person, &total, err);
	for (size_t i = 0; i < n && status == 0; i++) {
		const char *address = person_address(person, channels[i]);
		status = store_person_write_address(store, person->id, channels[i], address, &changes, err);
		total += changes;
	}
	if (status == 0)
		*ret_change = !exists ? STORE_ADDED : total > 0 ? STORE_CHANGED : STORE_UNCHANGED;
	return status;
}

int store_person_readdress(struct store *store, const char *person, const char *channel, const char *address,
			   int64_t now_utc, bool *ret_is_new, struct err *err)
{
	static const char put[] =
		"UPDATE address SET address = ?3 WHERE person = ?1 AND channel = ?2 AND address <> ?3";
	/* With its instant: others' lines, which have none yet, are not ours to stamp. */
	static const char note[] = "INSERT INTO ledger (at_utc, through, action, person, detail)"
				   " VALUES (?1, ?2, 'address', ?3, 'the service gave a new one')";
	int64_t changes = 0;
	sqlite3_stmt *stmt = store_statement(store, put, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "ttt", person, channel, address);
	int status = store_run(store, stmt, "writing a new address", &changes, err);
	if (status < 0 || changes == 0) {
		*ret_is_new = false;
		return status;
	}
	*ret_is_new = true;
	return store_exec(store, note, "writing the ledger", err, "itt", now_utc, channel, person);
}

int store_person_calendars(struct store *store, struct strlist *ret_calendars, struct err *err)
{
	return store_names(store,
			   "SELECT DISTINCT calendar FROM person WHERE calendar <> '' AND active = 1 ORDER BY calendar",
			   "reading the calendars of people", ret_calendars, err);
}

int store_person_channels(struct store *store, struct strlist *ret_channels, struct err *err)
{
	return store_names(store, "SELECT DISTINCT channel FROM address ORDER BY channel",
			   "reading the channels of people", ret_channels, err);
}

int store_address_owners(struct store *store, const char *channel, const char *address, bool only_active,
			 struct strlist *ret_people, struct err *err)
{
	static const char sql[] = "SELECT p.id FROM address a JOIN person p ON p.id = a.person"
				  " WHERE a.channel = ?1 AND a.address = ?2 AND p.active >= ?3 ORDER BY p.id";
	struct strlist people = {0};
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tti", channel, address, (int64_t)only_active);
	while ((status = store_row(store, stmt, "reading whose an address is", err)) == 1) {
		char *id = store_text(stmt, 0);
		strlist_add(&people, id, strlen(id));
		free(id);
	}
	if (status < 0) {
		strlist_done(&people);
		return status;
	}
	*ret_people = people;
	return 0;
}

int store_address_set(struct store *store, const char *person, const char *channel, const char *address,
		      struct err *err)
{
	static const char sql[] = "INSERT INTO address (person, channel, address) VALUES (?1, ?2, ?3)"
				  " ON CONFLICT (person, channel) DO UPDATE SET address = ?3";
	return store_exec(store, sql, "writing an address", err, "ttt", person, channel, address);
}

int store_address_is_suspended(struct store *store, const char *person, const char *channel, bool *ret_is,
			       struct err *err)
{
	static const char sql[] = "SELECT 1 FROM suspension WHERE person = ?1 AND channel = ?2 AND reason IS NOT NULL";
	int64_t found = 0;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", person, channel);
	int status = store_one(store, stmt, "reading whether an address is suspended", 0, &found, err);
	if (status == 0)
		*ret_is = found != 0;
	return status;
}
