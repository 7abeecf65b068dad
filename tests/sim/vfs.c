#include "vfs.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vfs_priv.h"

enum {
	VFS_PATH_MAX = 1024,
	VFS_PAGE_SECTOR = 4096,  /* what SQLite's own VFS for Unix tells of the sector size */
	VFS_SHM_WRITER = 1 << 0, /* the lock of the one who writes the log: WAL_WRITE_LOCK */
};

/* The index of a write-ahead log, as its connections share it. */
struct vfs_shm {
	unsigned refs;
	int n_regions;
	void **regions;
};

struct vfs_handle {
	sqlite3_file base; /* first: SQLite knows only this */
	struct vfs_handle *next;
	struct vfs_disk_file *file;
	unsigned boot; /* in which it was opened */
	bool is_deleted_on_close;
	int lock; /* SQLITE_LOCK_... */
	struct vfs_shm *shm;
	unsigned shm_shared, shm_exclusive; /* bits of slots */
};

struct vfs_schedule {
	uint64_t wait;  /* operations until the first failure, that one counted; 0: none */
	uint64_t times; /* failures to come */
	unsigned per_million;
};

static struct {
	struct vfs_handle *handles;
	unsigned boot;
	bool is_dead;
	uint64_t crash_wait; /* changes until the crash, that one counted; 0: none */
	enum vfs_crash crash_kind;
	struct vfs_schedule faults[VFS_FAULT_MAX];
	int64_t capacity;
	struct vfs_dice bytes, chance;
	struct vfs_stats stats;
} vfs = {.capacity = -1};

/* ---- crashes and faults ------------------------------------------------------------------------------------------- */

void vfs_crash_at(uint64_t nth, enum vfs_crash kind)
{
	vfs.crash_wait = nth;
	vfs.crash_kind = kind;
}

void vfs_crash_now(enum vfs_crash kind)
{
	if (vfs.is_dead)
		return;
	vfs.is_dead = true;
	vfs.crash_wait = 0;
	vfs.stats.crashes++;
	if (kind == VFS_CRASH_POWER)
		vfs_disk_lose_power();
}

bool vfs_is_dead(void)
{
	return vfs.is_dead;
}

void vfs_restart(void)
{
	for (struct vfs_handle *handle = vfs.handles; handle != NULL; handle = handle->next)
		handle->file->shm = NULL; /* the handles that share it free it */
	vfs.boot++;
	vfs.is_dead = false;
	vfs.crash_wait = 0;
}

void vfs_fault_at(enum vfs_fault fault, uint64_t nth, uint64_t times)
{
	assert(nth > 0 || times == 0);
	vfs.faults[fault].wait = times == 0 ? 0 : nth;
	vfs.faults[fault].times = times;
}

void vfs_fault_chance(enum vfs_fault fault, unsigned per_million)
{
	vfs.faults[fault].per_million = per_million;
}

void vfs_fault_end(void)
{
	memset(vfs.faults, 0, sizeof(vfs.faults));
}

void vfs_set_capacity(int64_t bytes)
{
	vfs.capacity = bytes;
}

static bool vfs_schedule_strikes(struct vfs_schedule *schedule)
{
	if (schedule->wait > 1) {
		schedule->wait--;
	} else if (schedule->wait == 1) {
		if (schedule->times != VFS_FOREVER && --schedule->times == 0)
			schedule->wait = 0;
		return true;
	}
	return schedule->per_million > 0 && vfs_dice_roll(&vfs.chance, 1000000) < schedule->per_million;
}

static bool vfs_fault_strikes(enum vfs_fault fault)
{
	bool strikes = vfs_schedule_strikes(&vfs.faults[fault]);
	vfs.stats.faults += strikes;
	return strikes;
}

static bool vfs_is_alive(const struct vfs_handle *handle)
{
	return !vfs.is_dead && handle->boot == vfs.boot;
}

/* Counts a change and tells whether it is the one in which everything ends. */
static bool vfs_crash_is_due(void)
{
	vfs.stats.changes++;
	return vfs.crash_wait > 0 && --vfs.crash_wait == 0;
}

/* Of what a process was doing as it died, all was done or nothing; what was written without a sync is lost or not by the
 * rules of a power loss, so there all of it was begun. */
static bool vfs_crash_comes_after(void)
{
	return vfs.crash_kind == VFS_CRASH_POWER || vfs_dice_roll(&vfs.chance, 2) == 0;
}

/* ---- reading and writing ------------------------------------------------------------------------------------------ */

static int vfs_read(sqlite3_file *base, void *bytes, int len, sqlite3_int64 offset)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	vfs.stats.reads++;
	if (vfs_fault_strikes(VFS_FAULT_READ))
		return SQLITE_IOERR_READ;
	int64_t n = vfs_disk_read(handle->file, bytes, len, offset);
	if (n == len)
		return SQLITE_OK;
	memset((char *)bytes + n, 0, (size_t)(len - n));
	return SQLITE_IOERR_SHORT_READ;
}

static bool vfs_has_room(const struct vfs_handle *handle, int64_t end)
{
	int64_t more = end - handle->file->now.size;
	return vfs.capacity < 0 || more <= 0 || vfs_disk_size() + more <= vfs.capacity;
}

static int vfs_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 offset)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	vfs.stats.writes++;
	if (vfs_crash_is_due()) {
		if (vfs.crash_kind == VFS_CRASH_POWER)
			vfs_disk_write(handle->file, bytes, len, offset);
		else
			vfs_disk_write_part(handle->file, bytes, len, offset);
		vfs_crash_now(vfs.crash_kind);
		return SQLITE_IOERR;
	}
	if (vfs_fault_strikes(VFS_FAULT_WRITE))
		return SQLITE_IOERR_WRITE;
	if (!vfs_has_room(handle, offset + len)) {
		vfs.stats.faults++;
		return SQLITE_FULL;
	}
	if (vfs_fault_strikes(VFS_FAULT_FULL)) {
		vfs_disk_write_part(handle->file, bytes, len, offset);
		return SQLITE_FULL;
	}
	vfs_disk_write(handle->file, bytes, len, offset);
	return SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	vfs.stats.truncates++;
	bool is_crash = vfs_crash_is_due();
	if (!is_crash || vfs_crash_comes_after())
		vfs_disk_truncate(handle->file, size);
	if (is_crash)
		vfs_crash_now(vfs.crash_kind);
	return is_crash ? SQLITE_IOERR : SQLITE_OK;
}

static int vfs_sync(sqlite3_file *base, int flags)
{
	(void)flags;
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	vfs.stats.syncs++;
	if (vfs_crash_is_due()) {
		vfs_crash_now(vfs.crash_kind);
		return SQLITE_IOERR;
	}
	if (vfs_fault_strikes(VFS_FAULT_SYNC)) {
		vfs_disk_sync_badly(handle->file);
		return SQLITE_IOERR_FSYNC;
	}
	vfs_disk_sync(handle->file);
	return SQLITE_OK;
}

static int vfs_file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	*ret_size = handle->file->now.size;
	return SQLITE_OK;
}

/* ---- locks -------------------------------------------------------------------------------------------------------- */

/* The strongest lock that another connection has on the file. */
static int vfs_lock_of_others(const struct vfs_handle *handle)
{
	int strongest = SQLITE_LOCK_NONE;
	for (const struct vfs_handle *other = vfs.handles; other != NULL; other = other->next)
		if (other != handle && other->file == handle->file && vfs_is_alive(other) && other->lock > strongest)
			strongest = other->lock;
	return strongest;
}

/* The states of sqlite3.c: to exclude the others, one first keeps new readers out (PENDING) and then waits for the old. */
static int vfs_lock(sqlite3_file *base, int lock)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	vfs.stats.locks++;
	if (handle->lock >= lock)
		return SQLITE_OK;
	if (lock >= SQLITE_LOCK_RESERVED && vfs_fault_strikes(VFS_FAULT_BUSY))
		return SQLITE_BUSY;
	int others = vfs_lock_of_others(handle);
	if (others >= (lock == SQLITE_LOCK_SHARED ? SQLITE_LOCK_PENDING : SQLITE_LOCK_RESERVED))
		return SQLITE_BUSY;
	if (lock == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
		handle->lock = SQLITE_LOCK_PENDING;
		return SQLITE_BUSY;
	}
	handle->lock = lock;
	return SQLITE_OK;
}

static int vfs_unlock(sqlite3_file *base, int lock)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	if (handle->lock > lock)
		handle->lock = lock;
	return SQLITE_OK;
}

static int vfs_check_reserved_lock(sqlite3_file *base, int *ret_is_reserved)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	*ret_is_reserved = handle->lock >= SQLITE_LOCK_RESERVED || vfs_lock_of_others(handle) >= SQLITE_LOCK_RESERVED;
	return SQLITE_OK;
}

/* ---- shared memory ------------------------------------------------------------------------------------------------ */

static struct vfs_shm *vfs_shm_attach(struct vfs_handle *handle)
{
	if (handle->shm == NULL) {
		if (handle->file->shm == NULL)
			handle->file->shm = mem_zero(1, sizeof(*handle->file->shm));
		handle->shm = handle->file->shm;
		handle->shm->refs++;
	}
	return handle->shm;
}

static void vfs_shm_detach(struct vfs_handle *handle)
{
	struct vfs_shm *shm = handle->shm;
	handle->shm = NULL;
	handle->shm_shared = handle->shm_exclusive = 0;
	if (shm == NULL || --shm->refs > 0)
		return;
	if (handle->file->shm == shm)
		handle->file->shm = NULL;
	for (int i = 0; i < shm->n_regions; i++)
		free(shm->regions[i]);
	free(shm->regions);
	free(shm);
}

static int vfs_shm_map(sqlite3_file *base, int index, int size, int is_extending, void volatile **ret_region)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	*ret_region = NULL;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	struct vfs_shm *shm = vfs_shm_attach(handle);
	while (is_extending && shm->n_regions <= index) {
		shm->regions = mem_grow(shm->regions, (size_t)shm->n_regions + 1, sizeof(*shm->regions));
		shm->regions[shm->n_regions++] = mem_zero(1, (size_t)size);
	}
	if (index < shm->n_regions)
		*ret_region = shm->regions[index];
	return SQLITE_OK;
}

static int vfs_shm_lock(sqlite3_file *base, int first, int n, int flags)
{
	struct vfs_handle *handle = (struct vfs_handle *)base;
	if (!vfs_is_alive(handle))
		return SQLITE_IOERR;
	unsigned slots = ((1U << n) - 1) << first;
	if ((flags & SQLITE_SHM_UNLOCK) != 0) {
		handle->shm_shared &= ~slots;
		handle->shm_exclusive &= ~slots;
		return SQLITE_OK;
	}
	vfs.stats.locks++;
	bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
	if (is_exclusive && (slots & VFS_SHM_WRITER) != 0 && vfs_fault_strikes(VFS_FAULT_BUSY))
		return SQLITE_BUSY;
	for (const struct vfs_handle *other = vfs.handles; other != NULL; other = other->next) {
		unsigned bars = other->shm_exclusive | (is_exclusive ? other->shm_shared : 0);
		if (other != handle && other->shm == handle->shm && (bars & slots) != 0)
			return SQLITE_BUSY;
	}
	if (is_exclusive)
		handle->shm_exclusive |= slots;
	else
		handle->shm_shared |= slots;
	return SQLITE_OK;
}

static void vfs_shm_barrier(sqlite3_file *base)
{
	(void)base; /* one thread */
}

static int vfs_shm_unmap(sqlite3_file *base, int is_deleting)
{
	(void)is_deleting; /* the last to leave takes it along in any case: whoever comes next could not trust it */
	vfs_shm_detach((struct vfs_handle *)base);
	return SQLITE_OK;
}

/* ---- handles ------------------------------------------------------------------------------------------------------ */

static int vfs_close(sqlite3_file *base)
{
	struct vfs_handle *handle = (struct vfs_handle *)base, **link = &vfs.handles;
	while (*link != handle)
		link = &(*link)->next;
	*link = handle->next;
	vfs_shm_detach(handle);
	if (handle->is_deleted_on_close && handle->file->path != NULL && vfs_is_alive(handle))
		vfs_disk_delete(handle->file, false);
	vfs_disk_release(handle->file);
	return SQLITE_OK;
}

static int vfs_file_control(sqlite3_file *base, int op, void *arg)
{
	(void)base;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int vfs_sector_size(sqlite3_file *base)
{
	(void)base;
	return VFS_PAGE_SECTOR;
}

/* As on Unix: a torn write leaves alone what lies beside it. */
static int vfs_device_characteristics(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods vfs_methods = {
	.iVersion = 2,
	.xClose = vfs_close,
	.xRead = vfs_read,
	.xWrite = vfs_write,
	.xTruncate = vfs_truncate,
	.xSync = vfs_sync,
	.xFileSize = vfs_file_size,
	.xLock = vfs_lock,
	.xUnlock = vfs_unlock,
	.xCheckReservedLock = vfs_check_reserved_lock,
	.xFileControl = vfs_file_control,
	.xSectorSize = vfs_sector_size,
	.xDeviceCharacteristics = vfs_device_characteristics,
	.xShmMap = vfs_shm_map,
	.xShmLock = vfs_shm_lock,
	.xShmBarrier = vfs_shm_barrier,
	.xShmUnmap = vfs_shm_unmap,
};

/* Held; NULL when it may not be made, or is there and should not. */
static struct vfs_disk_file *vfs_open_file(const char *path, int flags)
{
	struct vfs_disk_file *file = path != NULL ? vfs_disk_find(path) : NULL;
	if (file == NULL)
		return (flags & SQLITE_OPEN_CREATE) != 0 || path == NULL ? vfs_disk_create(path) : NULL;
	if ((flags & SQLITE_OPEN_EXCLUSIVE) != 0)
		return NULL;
	vfs_disk_hold(file);
	return file;
}

static int vfs_open(sqlite3_vfs *self, const char *path, sqlite3_file *base, int flags, int *ret_flags)
{
	(void)self;
	struct vfs_handle *handle = (struct vfs_handle *)base;
	base->pMethods = NULL;
	if (vfs.is_dead)
		return SQLITE_IOERR;
	vfs.stats.opens++;
	struct vfs_disk_file *file = vfs_open_file(path, flags);
	if (file == NULL)
		return SQLITE_CANTOPEN;
	*handle = (struct vfs_handle){
		.base.pMethods = &vfs_methods,
		.next = vfs.handles,
		.file = file,
		.boot = vfs.boot,
		.is_deleted_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
	};
	vfs.handles = handle;
	if (ret_flags != NULL)
		*ret_flags = flags;
	return SQLITE_OK;
}

/* ---- the disk as a whole ------------------------------------------------------------------------------------------ */

static int vfs_delete(sqlite3_vfs *self, const char *path, int is_durable)
{
	(void)self;
	if (vfs.is_dead)
		return SQLITE_IOERR;
	vfs.stats.deletes++;
	struct vfs_disk_file *file = vfs_disk_find(path);
	bool is_crash = vfs_crash_is_due();
	if (file != NULL && (!is_crash || vfs_crash_comes_after()))
		vfs_disk_delete(file, is_durable != 0 && !is_crash);
	if (is_crash) {
		vfs_crash_now(vfs.crash_kind);
		return SQLITE_IOERR;
	}
	return file != NULL ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

/* As on Unix, an empty file does not count as being there. */
static int vfs_access(sqlite3_vfs *self, const char *path, int flags, int *ret_is_there)
{
	(void)self;
	if (vfs.is_dead)
		return SQLITE_IOERR;
	const struct vfs_disk_file *file = vfs_disk_find(path);
	*ret_is_there = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->now.size > 0);
	return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *self, const char *path, int room, char *full)
{
	(void)self;
	(void)sqlite3_snprintf(room, full, "%s%s", path[0] == '/' ? "" : "/", path);
	return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *self, int len, char *bytes)
{
	(void)self;
	for (int i = 0; i < len; i++)
		bytes[i] = (char)vfs_dice_next(&vfs.bytes);
	return len;
}

static int vfs_sleep(sqlite3_vfs *self, int us)
{
	(void)self;
	vfs.stats.sleeps++;
	vfs.stats.slept_us += (uint64_t)us;
	return us;
}

/* Milliseconds since noon of the day -4713-11-24. */
static int vfs_current_time_ms(sqlite3_vfs *self, sqlite3_int64 *ret_ms)
{
	(void)self;
	*ret_ms = 210866760000000 + 1735689600000; /* 1970-01-01, and from there to 2025-01-01 */
	return SQLITE_OK;
}

static int vfs_current_time(sqlite3_vfs *self, double *ret_days)
{
	sqlite3_int64 ms;
	(void)vfs_current_time_ms(self, &ms);
	*ret_days = (double)ms / 86400000.0;
	return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *self, int room, char *text)
{
	(void)self;
	(void)room;
	(void)text;
	return 0;
}

void vfs_register(void)
{
	static sqlite3_vfs self = {
		.iVersion = 2,
		.szOsFile = sizeof(struct vfs_handle),
		.mxPathname = VFS_PATH_MAX,
		.zName = "deadlined-sim",
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_pathname,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_current_time,
		.xGetLastError = vfs_last_error,
		.xCurrentTimeInt64 = vfs_current_time_ms,
	};
	int rc = sqlite3_vfs_register(&self, 1);
	assert(rc == SQLITE_OK);
	(void)rc;
}

void vfs_reset(uint64_t seed)
{
	vfs_restart();
	vfs_fault_end();
	vfs.capacity = -1;
	memset(&vfs.stats, 0, sizeof(vfs.stats));
	vfs.bytes.state = seed ^ 0x6279746573;
	vfs.chance.state = seed ^ 0x6368616e6365;
	vfs_disk_reset(seed);
	sqlite3_randomness(0, NULL);
}

/* ---- looking ------------------------------------------------------------------------------------------------------ */

int64_t vfs_flip_bit(const char *name, int64_t at)
{
	struct vfs_disk_file *file = vfs_disk_find_name(name);
	if (file == NULL || file->now.size == 0 || at >= file->now.size)
		return -1;
	int64_t offset = at >= 0 ? at : (int64_t)vfs_dice_roll(&vfs.chance, (uint64_t)file->now.size);
	vfs_disk_flip_bit(file, offset, (unsigned)vfs_dice_roll(&vfs.chance, 8));
	return offset;
}

struct vfs_stats vfs_stats(void)
{
	return vfs.stats;
}

int64_t vfs_size(const char *name)
{
	if (name == NULL)
		return vfs_disk_size();
	const struct vfs_disk_file *file = vfs_disk_find_name(name);
	return file != NULL ? file->now.size : -1;
}

uint64_t vfs_hash(void)
{
	return vfs_disk_hash();
}
