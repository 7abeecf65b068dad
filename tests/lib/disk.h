/* disk: the real one, on which syncs of write-ahead logs fail when a test says so. */
#ifndef DEADLINED_TESTS_DISK_H
#define DEADLINED_TESTS_DISK_H

#include <sqlite3.h>

static struct {
	sqlite3_vfs vfs, *below;
	sqlite3_io_methods methods;
	int (*sync)(sqlite3_file *file, int flags);
	int n_failing; /* of the next syncs */
	int n_syncs;
} disk;

static inline int disk_sync(sqlite3_file *file, int flags)
{
	disk.n_syncs++;
	if (disk.n_failing == 0)
		return disk.sync(file, flags);
	disk.n_failing--;
	return SQLITE_IOERR_FSYNC;
}

static inline int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	(void)vfs;
	int rc = disk.below->xOpen(disk.below, name, file, flags, ret_flags);
	if (rc != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0)
		return rc;
	disk.methods = *file->pMethods;
	disk.sync = file->pMethods->xSync;
	disk.methods.xSync = disk_sync;
	file->pMethods = &disk.methods;
	return SQLITE_OK;
}

/* For the whole program, before the first database is opened. */
static inline void disk_register(void)
{
	disk.below = sqlite3_vfs_find(NULL);
	disk.vfs = *disk.below;
	disk.vfs.zName = "flaky";
	disk.vfs.xOpen = disk_open;
	assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

#endif
