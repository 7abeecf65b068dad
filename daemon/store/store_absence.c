#include "store/store_absence.h"

#include "store/store_priv.h"

/* The text of the only column of the first row, owned; NULL when there is no row. */
static int store_absence_text(struct store *store, sqlite3_stmt *stmt, const char *doing, char **ret_text,
			      struct err *err)
{
	int status = store_row(store, stmt, doing, err);
	if (status < 0)
		return status;
	bool is_there = status == 1 && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	*ret_text = is_there ? store_text(stmt, 0) : NULL;
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_deputy(struct store *store, const char *person, const char *day, char **ret_deputy, struct err *err)
{
	static const char sql[] = "SELECT d.deputy FROM deputy d JOIN person p ON p.id = d.deputy AND p.active = 1"
				  " WHERE d.person = ?1 AND ?2 BETWEEN d.from_date AND d.to_date LIMIT 1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "tt", person, day);
	return store_absence_text(store, stmt, "looking for a deputy", ret_deputy, err);
}

int store_deputy_set(struct store *store, const char *person, const char *deputy, const char *from_day,
		     const char *to_day, struct err *err)
{
	static const char sql[] = "INSERT INTO deputy (person, deputy, from_date, to_date) VALUES (?1, ?2, ?3, ?4)"
				  " ON CONFLICT (person, from_date) DO UPDATE SET deputy = ?2, to_date = ?4";
	return store_exec(store, sql, "writing a deputy", err, "tttt", person, deputy, from_day, to_day);
}

int store_deputy_each(struct store *store, store_deputy_cb each, void *arg, struct err *err)
{
	static const char sql[] = "SELECT person, deputy, from_date, to_date FROM deputy ORDER BY person, from_date";
	int status;
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	while ((status = store_row(store, stmt, "listing deputies", err)) == 1) {
		const struct store_deputy deputy = {
			.person = (const char *)sqlite3_column_text(stmt, 0),
			.deputy = (const char *)sqlite3_column_text(stmt, 1),
			.from_day = (const char *)sqlite3_column_text(stmt, 2),
			.to_day = (const char *)sqlite3_column_text(stmt, 3),
		};
		status = each(arg, &deputy);
		if (status < 0) {
			(void)sqlite3_reset(stmt);
			return status;
		}
	}
	return status;
}

int store_silence(struct store *store, int64_t task, const char *person, int64_t now_utc, char **ret_why,
		  struct err *err)
{
	static const char sql[] =
		"SELECT 'silenced by ' || author || ': ' || reason, max(until_utc) FROM silence WHERE until_utc > ?3"
		" AND (task IS NULL OR task = ?1) AND (person IS NULL OR person = ?2)";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "iti", task, person, now_utc);
	return store_absence_text(store, stmt, "looking for a silence", ret_why, err);
}

int store_silence_add(struct store *store, int64_t task, const char *person, int64_t until_utc, const char *reason,
		      const char *author, struct err *err)
{
	static const char sql[] =
		"INSERT INTO silence (task, person, until_utc, reason, author) VALUES (?1, ?2, ?3, ?4, ?5)";
	return store_exec(store, sql, "writing a silence", err, "ntitt", task != 0 ? task : (int64_t)-1, person,
			  until_utc, reason, author);
}
