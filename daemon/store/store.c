#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "store/store_priv.h"
#include "store/store_wal.h"

enum { STORE_HEADER_SIZE = 100 };

int store_fail(struct store *store, int rc, const char *doing, struct err *err)
{
	int code;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		code = -EBUSY;
		break;
	case SQLITE_FULL:
		code = -ENOSPC;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		code = -EUCLEAN;
		break;
	case SQLITE_CONSTRAINT:
		code = -EEXIST;
		break;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		code = -EACCES;
		break;
	default:
		code = -EIO;
	}
	const char *words = store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc);
	if (code == -EUCLEAN && store->damage[0] == '\0')
		(void)snprintf(store->damage, sizeof(store->damage), "%s: %s", doing, words);
	return err_set(err, code, "%s: %s", doing, words);
}

/* ---- statements --------------------------------------------------------------------------------------------------- */

sqlite3_stmt *store_statement(struct store *store, const char *sql, struct err *err)
{
	size_t slot = ((uintptr_t)sql >> 3) % STORE_STATEMENTS;
	for (size_t tries = 0; tries < STORE_STATEMENTS; tries++) {
		struct store_statement *entry = &store->statements[slot];
		if (entry->sql == sql) {
			(void)sqlite3_reset(entry->stmt); /* the error of an earlier run was reported then */
			(void)sqlite3_clear_bindings(entry->stmt);
			return entry->stmt;
		}
		if (entry->sql == NULL) {
			int rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &entry->stmt, NULL);
			if (rc != SQLITE_OK) {
				/* The statements are right, so what they name was lost from the schema. */
				store->failure = store_fail(store, rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc,
							    "preparing a statement", err);
				return NULL;
			}
			entry->sql = sql;
			return entry->stmt;
		}
		slot = (slot + 1) % STORE_STATEMENTS;
	}
	store->failure = err_set(
		err, -EIO, "more statements than STORE_STATEMENTS"); /* our own bug; the tests use every statement */
	return NULL;
}

static void store_bind_args(sqlite3_stmt *stmt, const char *types, va_list args)
{
	for (int column = 1; types[column - 1] != '\0'; column++) {
		int rc;
		if (types[column - 1] == 't') {
			rc = sqlite3_bind_text(stmt, column, va_arg(args, const char *), -1, SQLITE_STATIC);
		} else {
			int64_t value = va_arg(args, int64_t);
			bool is_null = types[column - 1] == 'n' && value < 0;
			rc = is_null ? sqlite3_bind_null(stmt, column) : sqlite3_bind_int64(stmt, column, value);
		}
		assert(rc == SQLITE_OK || rc == SQLITE_NOMEM);
		(void)rc;
	}
}

void store_bind(sqlite3_stmt *stmt, const char *types, ...)
{
	va_list args;
	va_start(args, types);
	store_bind_args(stmt, types, args);
	va_end(args);
}

int store_run(struct store *store, sqlite3_stmt *stmt, const char *doing, int64_t *ret_changes, struct err *err)
{
	int rc = sqlite3_step(stmt);
	int64_t changes = sqlite3_changes64(store->db);
	(void)sqlite3_reset(stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return store_fail(store, rc, doing, err);
	if (ret_changes != NULL)
		*ret_changes = changes;
	return 0;
}

int store_exec(struct store *store, const char *sql, const char *doing, struct err *err, const char *types, ...)
{
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	va_list args;
	va_start(args, types);
	store_bind_args(stmt, types, args);
	va_end(args);
	return store_run(store, stmt, doing, NULL, err);
}

int store_row(struct store *store, sqlite3_stmt *stmt, const char *doing, struct err *err)
{
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	int status = rc == SQLITE_DONE ? 0 : store_fail(store, rc, doing, err);
	(void)sqlite3_reset(stmt);
	return status;
}

int store_one(struct store *store, sqlite3_stmt *stmt, const char *doing, int64_t absent, int64_t *ret_value,
	      struct err *err)
{
	int status = store_row(store, stmt, doing, err);
	if (status < 0)
		return status;
	*ret_value =
		status == 1 && sqlite3_column_type(stmt, 0) != SQLITE_NULL ? sqlite3_column_int64(stmt, 0) : absent;
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_names(struct store *store, const char *sql, const char *doing, struct strlist *ret_names, struct err *err)
{
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	return stmt == NULL ? store->failure : store_all_names(store, stmt, doing, ret_names, err);
}

int store_all_names(struct store *store, sqlite3_stmt *stmt, const char *doing, struct strlist *ret_names,
		    struct err *err)
{
	struct strlist names = {0};
	int status;
	while ((status = store_row(store, stmt, doing, err)) == 1) {
		char *name = store_text(stmt, 0);
		strlist_add(&names, name, strlen(name));
		free(name);
	}
	if (status < 0)
		strlist_done(&names);
	else
		*ret_names = names;
	return status;
}

int store_all_ids(struct store *store, sqlite3_stmt *stmt, const char *doing, int64_t **ret_ids, size_t *ret_n,
		  struct err *err)
{
	int64_t *ids = NULL;
	size_t n = 0;
	int status;
	while ((status = store_row(store, stmt, doing, err)) == 1) {
		ids = mem_grow(ids, n + 1, sizeof(*ids));
		ids[n++] = sqlite3_column_int64(stmt, 0);
	}
	if (status < 0) {
		free(ids);
		return status;
	}
	*ret_ids = ids;
	*ret_n = n;
	return 0;
}

char *store_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	if (text == NULL)
		return mem_dup("");
	size_t len = strlen(text);
	return utf8_is_valid(text, len) ? mem_dup_n(text, len) : utf8_dup_clean(text, len);
}

/* ---- opening ------------------------------------------------------------------------------------------------------ */

char *store_resolve(const char *path, int *ret_status, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? mem_dup(".") : mem_dup_n(path, slash == path ? 1 : (size_t)(slash - path));
	char *real = realpath(folder, NULL), *resolved = NULL;
	if (real == NULL)
		*ret_status = err_set(err, -errno, "folder %s: %s", folder, strerror(errno));
	else
		resolved = mem_printf("%s/%s", strcmp(real, "/") == 0 ? "" : real, slash == NULL ? path : slash + 1);
	free(real);
	free(folder);
	return resolved;
}

/* Makes the file that is not there yet, for the owner of its folder: what root makes must be of use to the daemon. SQLite
 * gives the log and the shared memory to whom the database belongs. */
static int store_make_file(const char *path, struct err *err)
{
	struct stat folder;
	char *name = mem_dup_n(path, (size_t)(strrchr(path, '/') - path));
	int found = stat(name[0] != '\0' ? name : "/", &folder);
	free(name);
	if (geteuid() != 0 || found < 0 || folder.st_uid == 0)
		return 0; /* SQLite makes it */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), code = 0;
	if (fd < 0)
		return errno == EEXIST ? 0 : err_set(err, -errno, "%s", strerror(errno));
	if (fchown(fd, folder.st_uid, folder.st_gid) < 0)
		code = err_set(err, -errno, "it cannot be given to the owner of its folder: %s", strerror(errno));
	(void)close(fd); /* nothing was written */
	return code;
}

/* SQLite takes a file that is shorter than its header for an empty database, and would write over it. By its second name
 * a file has another log and another lock. */
static int store_check_file(const char *path, int flags, struct err *err)
{
	struct stat status;
	if (lstat(path, &status) < 0) {
		bool may_be_made = errno == ENOENT && (flags & SQLITE_OPEN_CREATE) != 0;
		return may_be_made ? store_make_file(path, err) : err_set(err, -errno, "%s", strerror(errno));
	}
	if (S_ISREG(status.st_mode) && status.st_nlink > 1 && (flags & SQLITE_OPEN_READWRITE) != 0)
		return err_set(
			err, -EACCES,
			"it has %lu names, and is safe under one alone: remove the others, find -samefile shows them",
			(unsigned long)status.st_nlink);
	if (S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size < STORE_HEADER_SIZE)
		return err_set(err, -EUCLEAN, "it is no database");
	return 0;
}

int store_open_file(const char *path, int flags, int busy_ms, sqlite3 **ret_db, struct err *err)
{
	struct store opening = {0};
	int status = -EIO;
	char *real = store_resolve(path, &status, err);
	if (real == NULL)
		return status;
	status = store_check_file(real, flags, err);
	if (status < 0) {
		free(real);
		return status;
	}

	int rc = sqlite3_open_v2(real, &opening.db,
				 flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX,
				 (flags & SQLITE_OPEN_READWRITE) != 0 ? store_wal_vfs() : NULL);
	free(real);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(opening.db, busy_ms);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(opening.db,
				  "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY",
				  NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		status = store_fail(&opening, rc, "opening it", err);
		(void)sqlite3_close_v2(opening.db);
		return status;
	}
	*ret_db = opening.db;
	return 0;
}

/* Copies the file, as it stands, into a private database: in memory, and what is too large for that in a temporary file
 * that has no name. */
static int store_load_copy(struct store *store, const char *path, int busy_ms, struct err *err)
{
	sqlite3 *file = NULL;
	int status = store_open_file(path, SQLITE_OPEN_READONLY, busy_ms, &file, err);
	if (status < 0)
		return status;

	int rc = sqlite3_open_v2("", &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				 NULL);
	sqlite3_backup *backup = rc == SQLITE_OK ? sqlite3_backup_init(store->db, "main", file, "main") : NULL;
	if (backup != NULL) {
		(void)sqlite3_backup_step(backup, -1); /* its code comes again from finish */
		rc = sqlite3_backup_finish(backup);
	} else if (rc == SQLITE_OK) {
		rc = sqlite3_errcode(store->db);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(store->db,
				  "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;"
				  "PRAGMA cache_size = -65536",
				  NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		status = store_fail(store, rc, "copying it", err);
	(void)sqlite3_close_v2(file);
	return status;
}

static int store_set_durable(struct store *store, struct err *err)
{
	static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
				      "PRAGMA journal_size_limit = 16777216";
	int rc = sqlite3_exec(store->db, pragmas, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : store_fail(store, rc, "setting it to write-ahead logging", err);
}

/* SQLite's generator, seeded by its VFS, so that a simulated disk decides chance, too. */
static void store_begin_epoch(struct store *store)
{
	uint32_t random;
	sqlite3_randomness(sizeof(random), &random);
	store->epoch = (int64_t)(random >> 4) | 1 << 28; /* never 0, which is of before there were epochs */
}

static int store_prepare(struct store *store, const char *path, enum store_mode mode, int busy_ms, struct err *err)
{
	char *instance = NULL;
	int flags = mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int status = mode == STORE_MEMORY ? store_load_copy(store, path, busy_ms, err)
					  : store_open_file(path, flags, busy_ms, &store->db, err);
	if (status == 0)
		status = schema_check(store, err);
	if (status == 0 && mode == STORE_WRITE)
		status = store_set_durable(store, err);
	if (status == 0)
		status = schema_ensure(store, err);
	if (status < 0)
		return status;

	status = store_meta_load(store, "instance", &instance, err);
	if (status == 0 && instance == NULL)
		status = err_set(err, -EUCLEAN, "the database has lost its name (table meta)");
	if (status == 0)
		(void)snprintf(store->instance, sizeof(store->instance), "%s", instance);
	free(instance);
	store_begin_epoch(store);
	return status;
}

int store_open(const char *path, enum store_mode mode, int busy_ms, struct store **ret_store, struct err *err)
{
	struct store *store = mem_zero(1, sizeof(*store));
	store->is_memory = mode == STORE_MEMORY;
	int status = store_prepare(store, path, mode, busy_ms, err);
	if (status < 0) {
		err_prefix(err, "database %s", path);
		store_close(store);
		return status;
	}
	*ret_store = store;
	return 0;
}

void store_set_busy(struct store *store, int busy_ms)
{
	(void)sqlite3_busy_timeout(store->db, busy_ms); /* fails only for a connection that is none */
}

void store_leave_files(struct store *store)
{
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
				NULL); /* fails only for an unknown option */
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < STORE_STATEMENTS; i++)
		(void)sqlite3_finalize(store->statements[i].stmt);
	(void)sqlite3_close_v2(store->db); /* an open transaction is rolled back */
	free(store);
}

const char *store_instance(const struct store *store)
{
	return store->instance;
}

int store_schema_version(const struct store *store)
{
	return store->version;
}

void store_drop_pages(struct store *store)
{
	(void)sqlite3_db_release_memory(store->db); /* always SQLITE_OK */
}

int store_data_version(struct store *store, int64_t *ret_version, struct err *err)
{
	static const char sql[] = "PRAGMA data_version";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	return stmt == NULL ? store->failure
			    : store_one(store, stmt, "looking for commits of others", 0, ret_version, err);
}

int store_shrink_log(struct store *store, struct err *err)
{
	int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_OK ? 0 : store_fail(store, rc, "emptying the write-ahead log", err);
}

int store_meta_load(struct store *store, const char *key, char **ret_value, struct err *err)
{
	static const char sql[] = "SELECT value FROM meta WHERE key = ?1";
	sqlite3_stmt *stmt = store_statement(store, sql, err);
	if (stmt == NULL)
		return store->failure;
	store_bind(stmt, "t", key);
	int status = store_row(store, stmt, "reading a kept value", err);
	if (status < 0)
		return status;
	*ret_value = status == 1 ? store_text(stmt, 0) : NULL;
	(void)sqlite3_reset(stmt);
	return 0;
}

int store_meta_save(struct store *store, const char *key, const char *value, struct err *err)
{
	static const char sql[] = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
	return store_exec(store, sql, "keeping a value", err, "tt", key, value);
}

int store_rewind(struct store *store, int64_t from_utc, struct err *err)
{
	static const char forget[] = "DELETE FROM reminder; DELETE FROM attempt; DELETE FROM message;"
				     "UPDATE person SET next_digest_utc = NULL, told_day = '', told_count = 0;"
				     "DELETE FROM suspension; DELETE FROM brake; DELETE FROM channel;"
				     "DELETE FROM meta WHERE key IN ('seen_utc', 'looked_utc', 'boot_utc');";
	static const char sql[] = "UPDATE task SET planned_until = ?1, next_due_utc = NULL";
	assert(store->is_memory);
	int rc = sqlite3_exec(store->db, forget, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return store_fail(store, rc, "emptying the copy", err);
	return store_exec(store, sql, "setting the copy back", err, "i", from_utc);
}
