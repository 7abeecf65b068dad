#include "store/store_wal.h"

#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_sync.h"

enum { WAL_PIECE = 64 * 1024, WAL_FRAME_HEAD = 24, WAL_WRITE_LOCK = 0 };

/* Stands behind the file of the VFS below, which keeps its methods but for those that are ours. */
struct wal_file {
	sqlite3_io_methods methods;
	const sqlite3_io_methods *below;
	struct wal_file *log;      /* of a database: its log, while that is open */
	struct wal_file *database; /* of a log */
	char *piece;               /* of a log: not written yet */
	size_t len;
	sqlite3_int64 at;           /* where piece begins */
	bool ends_commit;           /* the page to come does */
	bool leaves_sync, has_left; /* the next one; one that has not ended */
	struct store_sync left;
	int left_rc; /* of those that ended, the first that failed; nobody has asked for it yet */
};

static struct {
	pthread_once_t once;
	sqlite3_vfs vfs, *below;
	size_t offset; /* of struct wal_file in a file */
} wal = {.once = PTHREAD_ONCE_INIT};

static struct wal_file *wal_of(sqlite3_file *file)
{
	return (struct wal_file *)(void *)((char *)file + wal.offset);
}

/* ---- the log ------------------------------------------------------------------------------------------------------ */

static void wal_end_left(struct wal_file *log)
{
	if (!log->has_left)
		return;
	int rc = store_sync_end(&log->left);
	log->has_left = false;
	if (log->left_rc == SQLITE_OK)
		log->left_rc = rc;
}

static int wal_flush(sqlite3_file *file)
{
	struct wal_file *log = wal_of(file);
	size_t len = log->len;
	log->len = 0;
	return len == 0 ? SQLITE_OK : log->below->xWrite(file, log->piece, (int)len, log->at);
}

static int wal_gather(sqlite3_file *file, const void *bytes, size_t len, sqlite3_int64 at)
{
	struct wal_file *log = wal_of(file);
	bool fits = at == log->at + (sqlite3_int64)log->len && log->len + len <= WAL_PIECE;
	int rc = fits ? SQLITE_OK : wal_flush(file);
	if (rc != SQLITE_OK)
		return rc;
	if (len > WAL_PIECE)
		return log->below->xWrite(file, bytes, (int)len, at);
	if (log->len == 0)
		log->at = at;
	memcpy(log->piece + log->len, bytes, len);
	log->len += len;
	return SQLITE_OK;
}

/* The head of the frame that ends a commit tells how many pages the database has then; of the others that is 0.
 * (sqlite.org/fileformat2.html#walformat) */
static int wal_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	static const char none[4] = {0};
	struct wal_file *log = wal_of(file);
	wal_end_left(log);
	bool is_head = len == WAL_FRAME_HEAD, is_end = !is_head && log->ends_commit;
	log->ends_commit = is_head && memcmp((const char *)bytes + 4, none, sizeof(none)) != 0;
	int rc = wal_gather(file, bytes, (size_t)len, at);
	return rc == SQLITE_OK && is_end ? wal_flush(file) : rc;
}

static int wal_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	int rc = wal_flush(file);
	return rc == SQLITE_OK ? wal_of(file)->below->xRead(file, bytes, len, at) : rc;
}

static int wal_sync(sqlite3_file *file, int flags)
{
	struct wal_file *log = wal_of(file);
	wal_end_left(log);
	int rc = wal_flush(file);
	if (rc != SQLITE_OK || !log->leaves_sync)
		return rc == SQLITE_OK ? log->below->xSync(file, flags) : rc;
	log->leaves_sync = false;
	log->has_left = true;
	log->left = (struct store_sync){.file = file, .run = log->below->xSync, .flags = flags};
	store_sync_begin(&log->left);
	return SQLITE_OK;
}

/* A commit is never left here: see wal_write(). */
static int wal_close(sqlite3_file *file)
{
	struct wal_file *log = wal_of(file);
	wal_end_left(log);
	log->database->log = NULL;
	free(log->piece);
	return log->below->xClose(file);
}

/* ---- the database ------------------------------------------------------------------------------------------------- */

static int wal_shm_lock(sqlite3_file *file, int first, int n, int flags)
{
	const int gives_up_writing = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;
	struct wal_file *database = wal_of(file);
	if (database->log != NULL && flags == gives_up_writing && first == WAL_WRITE_LOCK)
		database->log->len = 0;
	return database->below->xShmLock(file, first, n, flags);
}

/* ---- opening ------------------------------------------------------------------------------------------------------ */

static void wal_take_log(const char *name, sqlite3_file *file)
{
	struct wal_file *log = wal_of(file);
	*log = (struct wal_file){
		.methods = *file->pMethods,
		.below = file->pMethods,
		.database = wal_of(sqlite3_database_file_object(name)),
		.piece = mem_alloc(WAL_PIECE),
	};
	log->methods.xClose = wal_close;
	log->methods.xRead = wal_read;
	log->methods.xWrite = wal_write;
	log->methods.xSync = wal_sync;
	log->database->log = log;
	file->pMethods = &log->methods;
}

static void wal_take_database(sqlite3_file *file)
{
	struct wal_file *database = wal_of(file);
	*database = (struct wal_file){.methods = *file->pMethods, .below = file->pMethods};
	database->methods.xShmLock = wal_shm_lock;
	file->pMethods = &database->methods;
}

static int wal_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	(void)vfs;
	int rc = wal.below->xOpen(wal.below, name, file, flags, ret_flags);
	if (rc != SQLITE_OK)
		return rc;
	if ((flags & SQLITE_OPEN_WAL) != 0)
		wal_take_log(name, file);
	else if ((flags & SQLITE_OPEN_MAIN_DB) != 0 && file->pMethods->iVersion >= 2)
		wal_take_database(file);
	return SQLITE_OK;
}

static void wal_register(void)
{
	const size_t align = _Alignof(max_align_t);
	wal.below = sqlite3_vfs_find(NULL);
	wal.offset = ((size_t)wal.below->szOsFile + align - 1) / align * align;
	wal.vfs = *wal.below;
	wal.vfs.zName = "deadlined";
	wal.vfs.szOsFile = (int)(wal.offset + sizeof(struct wal_file));
	wal.vfs.xOpen = wal_open;
	int rc = sqlite3_vfs_register(&wal.vfs, 0);
	assert(rc == SQLITE_OK);
	(void)rc;
}

const char *store_wal_vfs(void)
{
	(void)pthread_once(&wal.once, wal_register); /* fails only for what is no pthread_once_t */
	return wal.vfs.zName;
}

/* ---- syncs that are left ------------------------------------------------------------------------------------------ */

/* The log of a connection; NULL when it has none, or is not of this VFS. */
static struct wal_file *wal_log(sqlite3 *db)
{
	sqlite3_vfs *vfs = NULL;
	sqlite3_file *database = NULL;
	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs) != SQLITE_OK || vfs != &wal.vfs ||
	    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &database) != SQLITE_OK)
		return NULL;
	return wal_of(database)->log;
}

void store_wal_leave_sync(sqlite3 *db, bool leaves)
{
	struct wal_file *log = wal_log(db);
	if (log != NULL)
		log->leaves_sync = leaves;
}

bool store_wal_is_synced(sqlite3 *db)
{
	const struct wal_file *log = wal_log(db);
	return log == NULL || !log->has_left || store_sync_is_over(&log->left);
}

int store_wal_end_sync(sqlite3 *db)
{
	struct wal_file *log = wal_log(db);
	if (log == NULL)
		return SQLITE_OK;
	wal_end_left(log);
	int rc = log->left_rc;
	log->left_rc = SQLITE_OK;
	return rc;
}
