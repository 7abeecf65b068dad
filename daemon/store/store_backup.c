#include "store/store_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "store/store_priv.h"

enum {
	BACKUP_SLICE = 256,    /* pages: the disk is not flooded with more than 1 MB that others must wait behind */
	BACKUP_BUSY_MS = 5000, /* for opening; once it reads it waits for nobody */
	BACKUP_OPS = 200000,   /* steps of SQLite's machine between two looks at is_cancelled: a few milliseconds */
};

/* ---- checking ----------------------------------------------------------------------------------------------------- */

struct backup_watch {
	store_cancel_cb is_cancelled;
	void *arg;
};

static int backup_on_progress(void *arg)
{
	const struct backup_watch *watch = arg;
	return watch->is_cancelled != NULL && watch->is_cancelled(watch->arg);
}

static int backup_fail(struct store *file, int rc, const char *doing, struct err *err)
{
	return rc == SQLITE_INTERRUPT ? err_set(err, -ECANCELED, "given up") : store_fail(file, rc, doing, err);
}

/* A check that could not get a page, for want of memory or because reading failed, says so among what it calls damage; at
 * times with SQLite's code. */
static bool backup_is_unread(const char *line)
{
	int code = SQLITE_CORRUPT;
	const char *told = strstr(line, "error code=");
	if (told != NULL)
		(void)sscanf(told, "error code=%d", &code); /* else it stays what it is */
	else if (strstr(line, "failed to get page") != NULL)
		return true;
	return (code & 0xff) != SQLITE_CORRUPT;
}

/* "*** in database main ***", and what it is in the next line; or that alone. */
static int backup_say_damage(const char *text, struct err *err)
{
	const char *next = strchr(text, '\n');
	const char *line = text[0] == '*' && next != NULL ? next + 1 : text;
	if (backup_is_unread(line))
		return err_set(err, -EIO, "it could not be read: %.*s", (int)strcspn(line, "\n"), line);
	return err_set(err, -EUCLEAN, "it is malformed: %.*s", (int)strcspn(line, "\n"), line);
}

/* The first line of a check; "ok" is the whole answer of a sound file. */
static int backup_check(struct store *file, bool is_quick, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *sql = is_quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)";
	int rc = sqlite3_prepare_v2(file->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	const char *line = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	int status = 0;
	if (line == NULL)
		status = backup_fail(file, rc, "checking it", err);
	else if (strcmp(line, "ok") != 0)
		status = backup_say_damage(line, err);
	(void)sqlite3_finalize(stmt);
	return status;
}

static int backup_number(struct store *file, const char *sql, int64_t *ret_number, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(file->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt); /* repeats the code of step */
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : backup_fail(file, rc, "reading it", err);
}

int store_inspect(const char *path, bool is_quick, store_cancel_cb is_cancelled, void *arg, struct err *err)
{
	struct store file = {0};
	struct backup_watch watch = {is_cancelled, arg};
	int status = store_open_file(path, SQLITE_OPEN_READONLY, BACKUP_BUSY_MS, &file.db, err);
	if (status == 0) {
		sqlite3_progress_handler(file.db, BACKUP_OPS, backup_on_progress, &watch);
		status = backup_check(&file, is_quick, err);
	}
	(void)sqlite3_close_v2(file.db);
	if (status < 0)
		err_prefix(err, "%s", path);
	return status;
}

/* Ours, and of a version we know. Written or not, the copy is open for writing: only then an older schema is welcome. */
static int backup_check_owner(struct store *file, struct err *err)
{
	int status = schema_check(file, err);
	return status == 0 && file->version == 0 ? err_set(err, -EPROTO, "there is nothing in it") : status;
}

static int backup_verify(const char *path, struct backup_watch *watch, struct store_copied *ret_copied, struct err *err)
{
	struct store file = {0};
	int status = store_open_file(path, SQLITE_OPEN_READWRITE, BACKUP_BUSY_MS, &file.db, err);
	if (status == 0) {
		sqlite3_progress_handler(file.db, BACKUP_OPS, backup_on_progress, watch);
		status = backup_check_owner(&file, err);
	}
	if (status == 0)
		status = backup_check(&file, false, err);
	if (status == 0)
		status = backup_number(&file, "SELECT count(*) FROM pragma_foreign_key_check", &ret_copied->n_dangling,
				       err);
	ret_copied->schema = file.version;
	(void)sqlite3_close_v2(file.db);
	return status;
}

/* ---- copying ------------------------------------------------------------------------------------------------------ */

struct backup {
	const struct store_copy *copy;
	struct backup_watch watch;
	struct store source, target;
	char *temporary; /* owned */
	int fd;          /* of it */
};

/* Its first read fixes what the copy is of. */
static int backup_open_source(struct backup *backup, struct err *err)
{
	int64_t pages = 0;
	int status = store_open_file(backup->copy->from, SQLITE_OPEN_READONLY, BACKUP_BUSY_MS, &backup->source.db, err);
	if (status < 0)
		return status;
	int rc = sqlite3_exec(backup->source.db, "BEGIN", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return backup_fail(&backup->source, rc, "reading it", err);
	return backup_number(&backup->source, "SELECT count(*) FROM sqlite_schema", &pages, err);
}

/* Nothing of the copy is worth a journal or a sync of SQLite's own: cut off, it is thrown away. */
static int backup_open_target(struct backup *backup, struct err *err)
{
	backup->temporary = mem_printf("%s.XXXXXX", backup->copy->to);
	backup->fd = mkostemp(backup->temporary, O_CLOEXEC);
	if (backup->fd < 0) {
		int status = err_set(err, -errno, "%s cannot be made: %s", backup->copy->to, strerror(errno));
		free(backup->temporary);
		backup->temporary = NULL;
		return status;
	}
	int status = store_open_file(backup->temporary, SQLITE_OPEN_READWRITE, BACKUP_BUSY_MS, &backup->target.db, err);
	if (status < 0)
		return status;
	int rc = sqlite3_exec(backup->target.db,
			      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF",
			      NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : backup_fail(&backup->target, rc, "writing it", err);
}

static int backup_sync(const struct backup *backup, struct err *err)
{
	return fdatasync(backup->fd) == 0 ? 0 : err_set(err, -errno, "writing it: %s", strerror(errno));
}

static int backup_pages(struct backup *backup, struct err *err)
{
	sqlite3_backup *pages = sqlite3_backup_init(backup->target.db, "main", backup->source.db, "main");
	if (pages == NULL)
		return backup_fail(&backup->target, sqlite3_errcode(backup->target.db), "copying it", err);
	int rc, status = 0;
	while ((rc = sqlite3_backup_step(pages, BACKUP_SLICE)) == SQLITE_OK && status == 0) {
		status = backup_sync(backup, err);
		if (status == 0 && backup_on_progress(&backup->watch) != 0)
			status = err_set(err, -ECANCELED, "given up");
	}
	int finish = sqlite3_backup_finish(pages);
	rc = rc != SQLITE_OK && rc != SQLITE_DONE ? rc : finish;
	return status < 0 || rc == SQLITE_OK ? status : backup_fail(&backup->target, rc, "copying it", err);
}

/* It says what it is a copy of, and is one file: no log beside it. */
static int backup_stamp(struct backup *backup, struct err *err)
{
	int status = backup_check_owner(&backup->target, err);
	if (status < 0)
		return status;
	char *sql = sqlite3_mprintf("PRAGMA journal_mode = DELETE; INSERT INTO meta VALUES ('copied_utc', '%lld'),"
				    " ('copied_from', %Q) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
				    (long long)backup->copy->now_utc, backup->copy->from);
	int rc = sql == NULL ? SQLITE_NOMEM : sqlite3_exec(backup->target.db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	return rc == SQLITE_OK ? 0 : backup_fail(&backup->target, rc, "writing it", err);
}

/* What is checked is what a later reader gets: from the disk, as far as the system lets us ask for that. */
static int backup_settle(struct backup *backup, struct store_copied *ret_copied, struct err *err)
{
	struct stat file;
	(void)sqlite3_close_v2(backup->target.db);
	backup->target.db = NULL;
	int status = backup_sync(backup, err);
	if (status == 0)
		(void)posix_fadvise(backup->fd, 0, 0, POSIX_FADV_DONTNEED); /* only advice */
	if (status == 0)
		status = backup_verify(backup->temporary, &backup->watch, ret_copied, err);
	if (status == 0 && (fstat(backup->fd, &file) < 0 || fsync(backup->fd) < 0))
		status = err_set(err, -errno, "writing it: %s", strerror(errno));
	if (status == 0)
		ret_copied->size = file.st_size;
	return status;
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

/* The folder keeps the name only once it is on the disk itself. */
static int backup_sync_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? mem_dup(".") : mem_dup_n(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = fd >= 0 && fsync(fd) == 0 ? 0 : err_set(err, -errno, "folder %s: %s", folder, strerror(errno));
	if (fd >= 0)
		(void)close(fd); /* only synced */
	free(folder);
	return status;
}

int store_give_name(const char *temporary, const char *name, bool may_replace, struct err *err)
{
	int failed = renameat2(AT_FDCWD, temporary, AT_FDCWD, name, may_replace ? 0 : RENAME_NOREPLACE);
	if (failed != 0 && errno == EINVAL && !may_replace) { /* a file system without that flag, as NFS */
		failed = link(temporary, name);
		if (failed == 0)
			(void)unlink(temporary); /* the other name of the same file */
	}
	if (failed != 0)
		return err_set(err, -errno, "%s cannot be named %s: %s", temporary, name, strerror(errno));
	return backup_sync_folder(name, err);
}

/* Not the database, none of the files beside it that SQLite or we know it by. */
static bool backup_is_of_database(const struct store_copy *copy, const struct stat *target)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".lock"};
	bool is_of_it = false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && !is_of_it; i++) {
		struct stat file;
		char *path = mem_printf("%s%s", copy->from, endings[i]);
		is_of_it = (target != NULL && stat(path, &file) == 0 && file.st_dev == target->st_dev &&
			    file.st_ino == target->st_ino) ||
			   strcmp(path, copy->to) == 0;
		free(path);
	}
	return is_of_it;
}

static int backup_check_name(const struct store_copy *copy, struct err *err)
{
	struct stat file;
	bool is_there = lstat(copy->to, &file) == 0;
	if (backup_is_of_database(copy, is_there ? &file : NULL))
		return err_set(err, -EINVAL, "%s belongs to the database itself: give the copy another name", copy->to);
	if (!is_there)
		return errno == ENOENT ? 0 : err_set(err, -errno, "%s: %s", copy->to, strerror(errno));
	if (!S_ISREG(file.st_mode))
		return err_set(err, -EINVAL, "%s is %s, which a copy must not replace", copy->to,
			       S_ISLNK(file.st_mode)   ? "a symbolic link"
			       : S_ISDIR(file.st_mode) ? "a folder"
						       : "no regular file");
	return copy->may_replace ? 0 : err_set(err, -EEXIST, "%s is there already", copy->to);
}

static int backup_run(const struct store_copy *copy, struct store_copied *ret_copied, struct err *err)
{
	struct backup backup = {.copy = copy, .watch = {copy->is_cancelled, copy->arg}, .fd = -1};
	struct store_copied copied = {0};
	int status = backup_check_name(copy, err);
	if (status < 0)
		return status;
	status = backup_open_source(&backup, err);
	if (status < 0)
		err_prefix(err, "%s", copy->from);
	if (status == 0)
		status = backup_open_target(&backup, err);
	if (status == 0)
		status = backup_pages(&backup, err);
	(void)sqlite3_close_v2(backup.source.db); /* the log may be cut again: the check takes the longest */
	if (status == 0)
		status = backup_stamp(&backup, err);
	if (status == 0)
		status = backup_settle(&backup, &copied, err);
	if (status < 0 && backup.temporary != NULL)
		err_prefix(err, "the copy %s", copy->to);
	if (status == 0)
		status = store_give_name(backup.temporary, copy->to, copy->may_replace, err);
	(void)sqlite3_close_v2(backup.target.db);
	if (backup.fd >= 0)
		(void)close(backup.fd); /* synced, or thrown away */
	if (status < 0 && backup.temporary != NULL)
		(void)unlink(backup.temporary); /* gone already when only its folder could not be synced */
	free(backup.temporary);
	if (status == 0)
		*ret_copied = copied;
	return status;
}

int store_copy(const struct store_copy *copy, struct store_copied *ret_copied, struct err *err)
{
	struct store_copy real = *copy;
	int status = 0;
	char *from = store_resolve(copy->from, &status, err), *to = NULL;
	if (from != NULL)
		to = store_resolve(copy->to, &status, err);
	real.from = from;
	real.to = to;
	if (to != NULL)
		status = backup_run(&real, ret_copied, err);
	free(to);
	free(from);
	return status;
}

int store_copy_time(const char *path, int64_t *ret_utc, struct err *err)
{
	struct store file = {0};
	*ret_utc = -1;
	int status = store_open_file(path, SQLITE_OPEN_READONLY, BACKUP_BUSY_MS, &file.db, err);
	if (status == 0)
		status = backup_number(
			&file, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'copied_utc' AND value <> ''",
			ret_utc, err);
	(void)sqlite3_close_v2(file.db);
	if (status < 0)
		err_prefix(err, "%s", path);
	return status;
}

static char *backup_meta(sqlite3 *db, const char *key)
{
	sqlite3_stmt *stmt = NULL;
	char *value = NULL;
	if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = ?1 AND value <> ''", -1, &stmt, NULL) ==
		    SQLITE_OK &&
	    sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		value = store_text(stmt, 0);
	(void)sqlite3_finalize(stmt); /* what cannot be read says nothing */
	return value;
}

void store_copy_origin(const char *file, struct store_origin *ret_origin)
{
	struct store copy = {0};
	struct stat kind;
	struct err err;
	*ret_origin = (struct store_origin){0};
	if (stat(file, &kind) < 0 || !S_ISREG(kind.st_mode))
		return;
	if (store_open_file(file, SQLITE_OPEN_READONLY, BACKUP_BUSY_MS, &copy.db, &err) == 0) {
		char *instance = backup_meta(copy.db, "instance");
		if (instance != NULL)
			(void)snprintf(ret_origin->instance, sizeof(ret_origin->instance), "%s", instance);
		free(instance);
		ret_origin->database = backup_meta(copy.db, "copied_from");
	}
	(void)sqlite3_close_v2(copy.db);
}

bool store_copy_is_foreign(const char *file, const char *instance)
{
	struct store_origin origin;
	store_copy_origin(file, &origin);
	free(origin.database);
	return instance[0] != '\0' && origin.instance[0] != '\0' && strcmp(origin.instance, instance) != 0;
}

bool store_copy_is_elsewhere(const char *file, const char *database)
{
	struct store_origin origin;
	struct err err;
	int status = 0;
	char *path = store_resolve(database, &status, &err);
	store_copy_origin(file, &origin);
	bool is_elsewhere = path != NULL && origin.database != NULL && strcmp(origin.database, path) != 0;
	free(origin.database);
	free(path);
	return is_elsewhere;
}

/* ---- noted in the database ---------------------------------------------------------------------------------------- */

int store_backup_last(struct store *store, int64_t *ret_utc, struct err *err)
{
	char *text = NULL;
	int64_t utc = -1;
	int status = store_meta_load(store, "backup_utc", &text, err);
	if (status == 0 && text != NULL && num_parse(text, 0, STORE_NEVER, &utc, NULL) < 0)
		utc = -1; /* somebody wrote something else: then none is known */
	free(text);
	if (status == 0)
		*ret_utc = utc;
	return status;
}

int store_backup_note(struct store *store, int64_t utc, struct err *err)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRId64, utc);
	return store_meta_save(store, "backup_utc", text, err);
}
