/* Whose database it is, which version of the schema it has, and how it gets the newest: schema_versions.c has the text of
 * each. */
#include "store/store_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { SCHEMA_APPLICATION_ID = 0x64656164 }; /* "dead" */

static int schema_number(struct store *store, const char *sql, int *ret_value, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_value = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt); /* repeats the code that step returned */
	if (rc == SQLITE_ROW)
		return 0;
	/* "unsupported file format" */
	return store_fail(store, rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc, "reading the schema's version", err);
}

static int schema_execute(struct store *store, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : store_fail(store, rc, "bringing the schema up to date", err);
}

/* The database's own random name is written with its first version. */
static int schema_name_instance(struct store *store, struct err *err)
{
	char sql[128];
	uint64_t random;
	sqlite3_randomness(sizeof(random), &random);
	(void)snprintf(sql, sizeof(sql), "INSERT INTO meta VALUES ('instance', '%016" PRIx64 "')", random);
	return schema_execute(store, sql, err);
}

static int schema_upgrade(struct store *store, int from, struct err *err)
{
	char sql[128];
	int status = 0;
	for (int version = from; version < SCHEMA_VERSION && status == 0; version++)
		status = schema_execute(store, schema_versions[version], err);
	if (status == 0 && from == 0)
		status = schema_name_instance(store, err);
	(void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION_ID,
		       SCHEMA_VERSION);
	return status == 0 ? schema_execute(store, sql, err) : status;
}

/* Ours has our id, and a new one is empty: anything else is somebody's, and must not get our tables. */
static int schema_check_owner(struct store *store, int version, struct err *err)
{
	int application = 0, tables = 0;
	int status = schema_number(store, "PRAGMA application_id", &application, err);
	if (status == 0)
		status = schema_number(store, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (status < 0)
		return status;
	if (application == SCHEMA_APPLICATION_ID && version < 1)
		return err_set(err, -EUCLEAN, "its schema is version %d, which there never was", version);
	bool is_new = version == 0 && application == 0 && tables == 0;
	return application == SCHEMA_APPLICATION_ID || is_new
		       ? 0
		       : err_set(err, -EPROTO, "it is a database of another application");
}

int schema_check(struct store *store, struct err *err)
{
	int version = 0;
	int status = schema_number(store, "PRAGMA user_version", &version, err);
	if (status == 0)
		status = schema_check_owner(store, version, err);
	if (status < 0)
		return status;
	if (version > SCHEMA_VERSION)
		return err_set(err, -EPROTO,
			       "its schema is version %d, this program knows only up to %d: update the program",
			       version, SCHEMA_VERSION);
	if (version < SCHEMA_VERSION && sqlite3_db_readonly(store->db, "main") == 1)
		return err_set(err, -EPROTO,
			       "its schema is version %d, this program needs %d: start deadlined, which upgrades it",
			       version, SCHEMA_VERSION);
	store->version = version;
	return 0;
}

int schema_ensure(struct store *store, struct err *err)
{
	int version = 0;
	if (store->version == SCHEMA_VERSION)
		return 0;
	int status = store_begin(store, err);
	if (status < 0)
		return status;
	/* Another process may have done it while we waited for the lock. */
	status = schema_number(store, "PRAGMA user_version", &version, err);
	if (status == 0 && version < SCHEMA_VERSION)
		status = schema_upgrade(store, version, err);
	if (status < 0) {
		store_rollback(store);
		return status;
	}
	store->version = SCHEMA_VERSION;
	return store_commit(store, err);
}
