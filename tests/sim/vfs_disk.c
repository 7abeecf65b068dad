#include "vfs_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct vfs_disk_file *disk_files; /* deleted ones too, as long as a power loss may bring them back */
static struct vfs_dice disk_dice;

uint64_t vfs_dice_next(struct vfs_dice *dice)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t vfs_dice_roll(struct vfs_dice *dice, uint64_t below)
{
	uint64_t value = vfs_dice_next(dice);
	return below == 0 ? 0 : value % below;
}

/* ---- images ------------------------------------------------------------------------------------------------------- */

static void vfs_image_resize(struct vfs_image *image, int64_t size)
{
	if (size > image->room) {
		int64_t room = image->room < 4096 ? 4096 : image->room;
		while (room < size)
			room *= 2;
		image->bytes = mem_grow(image->bytes, (size_t)room, 1);
		image->room = room;
	}
	if (size > image->size)
		memset(image->bytes + image->size, 0, (size_t)(size - image->size));
	image->size = size;
}

static void vfs_image_write(struct vfs_image *image, const unsigned char *bytes, int64_t len, int64_t offset)
{
	if (len == 0)
		return;
	if (offset + len > image->size)
		vfs_image_resize(image, offset + len);
	memcpy(image->bytes + offset, bytes, (size_t)len);
}

static void vfs_image_copy(struct vfs_image *to, const struct vfs_image *from)
{
	vfs_image_resize(to, from->size);
	if (from->size > 0)
		memcpy(to->bytes, from->bytes, (size_t)from->size);
}

static void vfs_image_change(struct vfs_image *image, const struct vfs_change *change)
{
	if (change->bytes == NULL)
		vfs_image_resize(image, change->offset);
	else
		vfs_image_write(image, change->bytes, change->len, change->offset);
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

static void vfs_disk_forget_changes(struct vfs_disk_file *file)
{
	for (size_t i = 0; i < file->n_changes; i++)
		free(file->changes[i].bytes);
	file->n_changes = 0;
}

void vfs_disk_release(struct vfs_disk_file *file)
{
	assert(file->refs > 0);
	if (--file->refs > 0)
		return;
	assert(file->shm == NULL);
	vfs_disk_forget_changes(file);
	free(file->changes);
	free(file->now.bytes);
	free(file->synced.bytes);
	free(file->path);
	free(file);
}

void vfs_disk_hold(struct vfs_disk_file *file)
{
	file->refs++;
}

/* Takes it from the list for good. */
static void vfs_disk_drop(struct vfs_disk_file *file)
{
	struct vfs_disk_file **link = &disk_files;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	file->is_deleted = true;
	vfs_disk_release(file);
}

void vfs_disk_reset(uint64_t seed)
{
	while (disk_files != NULL)
		vfs_disk_drop(disk_files);
	disk_dice.state = seed;
}

struct vfs_disk_file *vfs_disk_find(const char *path)
{
	for (struct vfs_disk_file *file = disk_files; file != NULL; file = file->next)
		if (!file->is_deleted && strcmp(file->path, path) == 0)
			return file;
	return NULL;
}

static const char *vfs_disk_name(const struct vfs_disk_file *file)
{
	const char *slash = strrchr(file->path, '/');
	return slash != NULL ? slash + 1 : file->path;
}

struct vfs_disk_file *vfs_disk_find_name(const char *name)
{
	for (struct vfs_disk_file *file = disk_files; file != NULL; file = file->next)
		if (!file->is_deleted && strcmp(vfs_disk_name(file), name) == 0)
			return file;
	return NULL;
}

struct vfs_disk_file *vfs_disk_create(const char *path)
{
	struct vfs_disk_file *file = mem_zero(1, sizeof(*file));
	file->refs = 1;
	if (path == NULL)
		return file;
	file->path = mem_dup(path);
	file->refs++;
	file->next = disk_files;
	disk_files = file;
	return file;
}

/* Names made and deleted so far stay so. */
static void vfs_disk_sync_folder(void)
{
	for (struct vfs_disk_file *file = disk_files, *next; file != NULL; file = next) {
		next = file->next;
		file->is_durable = true;
		if (file->is_deleted)
			vfs_disk_drop(file);
	}
}

void vfs_disk_delete(struct vfs_disk_file *file, bool is_durable)
{
	file->is_deleted = true;
	if (is_durable)
		vfs_disk_sync_folder();
}

int64_t vfs_disk_read(const struct vfs_disk_file *file, void *bytes, int64_t len, int64_t offset)
{
	int64_t rest = file->now.size - offset;
	int64_t n = rest < len ? rest : len;
	if (n <= 0)
		return 0;
	memcpy(bytes, file->now.bytes + offset, (size_t)n);
	return n;
}

static struct vfs_change *vfs_disk_note(struct vfs_disk_file *file)
{
	if (file->n_changes == file->changes_room) {
		file->changes_room = file->changes_room == 0 ? 8 : file->changes_room * 2;
		file->changes = mem_grow(file->changes, file->changes_room, sizeof(*file->changes));
	}
	return &file->changes[file->n_changes++];
}

void vfs_disk_write(struct vfs_disk_file *file, const void *bytes, int64_t len, int64_t offset)
{
	if (len == 0)
		return;
	vfs_image_write(&file->now, bytes, len, offset);
	if (file->path == NULL)
		return;
	struct vfs_change *change = vfs_disk_note(file);
	*change = (struct vfs_change){.offset = offset, .len = len, .bytes = mem_alloc((size_t)len)};
	memcpy(change->bytes, bytes, (size_t)len);
}

/* How much of len bytes at offset lies before the n-th next border of a sector. */
static int64_t vfs_disk_sectors(int64_t offset, int64_t len, int64_t n)
{
	int64_t part = n == 0 ? 0 : (offset / VFS_SECTOR + n) * VFS_SECTOR - offset;
	return part < len ? part : len;
}

static int64_t vfs_disk_count_sectors(int64_t offset, int64_t len)
{
	return (offset + len + VFS_SECTOR - 1) / VFS_SECTOR - offset / VFS_SECTOR;
}

void vfs_disk_write_part(struct vfs_disk_file *file, const void *bytes, int64_t len, int64_t offset)
{
	int64_t all = vfs_disk_count_sectors(offset, len);
	int64_t n = (int64_t)vfs_dice_roll(&disk_dice, (uint64_t)all + 1);
	vfs_disk_write(file, bytes, vfs_disk_sectors(offset, len, n), offset);
}

void vfs_disk_truncate(struct vfs_disk_file *file, int64_t size)
{
	vfs_image_resize(&file->now, size);
	if (file->path != NULL)
		*vfs_disk_note(file) = (struct vfs_change){.offset = size};
}

void vfs_disk_sync(struct vfs_disk_file *file)
{
	for (size_t i = 0; i < file->n_changes; i++)
		vfs_image_change(&file->synced, &file->changes[i]);
	vfs_disk_forget_changes(file);
	if (file->path != NULL && !file->is_deleted && !file->is_durable)
		vfs_disk_sync_folder();
}

void vfs_disk_flip_bit(struct vfs_disk_file *file, int64_t offset, unsigned bit)
{
	unsigned char mask = (unsigned char)(1U << bit);
	file->now.bytes[offset] ^= mask;
	if (offset < file->synced.size)
		file->synced.bytes[offset] ^= mask;
	for (size_t i = 0; i < file->n_changes; i++) {
		struct vfs_change *change = &file->changes[i];
		if (change->bytes != NULL && offset >= change->offset && offset < change->offset + change->len)
			change->bytes[offset - change->offset] ^= mask;
	}
}

/* ---- damage ------------------------------------------------------------------------------------------------------- */

/* What is left of changes that nobody waited for. */
enum vfs_rest { VFS_REST_NOTHING, VFS_REST_ALL, VFS_REST_SOME, VFS_REST_TORN, VFS_REST_MAX };

static void vfs_disk_tear(struct vfs_image *image, const struct vfs_change *change)
{
	int64_t n = vfs_disk_count_sectors(change->offset, change->len);
	for (int64_t i = 0; i < n; i++) {
		int64_t from = vfs_disk_sectors(change->offset, change->len, i);
		int64_t to = vfs_disk_sectors(change->offset, change->len, i + 1);
		if (vfs_dice_roll(&disk_dice, 2) == 0)
			vfs_image_write(image, change->bytes + from, to - from, change->offset + from);
	}
}

/* A lost write behind the end may still have made the file longer: file systems tell size and bytes apart. */
static void vfs_disk_lose(struct vfs_image *image, const struct vfs_change *change)
{
	if (change->bytes != NULL && change->offset + change->len > image->size && vfs_dice_roll(&disk_dice, 4) == 0)
		vfs_image_resize(image, change->offset + change->len);
}

static void vfs_disk_settle(struct vfs_disk_file *file, enum vfs_rest rest)
{
	for (size_t i = 0; i < file->n_changes && rest != VFS_REST_NOTHING; i++) {
		const struct vfs_change *change = &file->changes[i];
		bool is_torn = rest == VFS_REST_TORN && change->bytes != NULL && vfs_dice_roll(&disk_dice, 2) == 0;
		if (is_torn)
			vfs_disk_tear(&file->synced, change);
		else if (rest == VFS_REST_ALL || vfs_dice_roll(&disk_dice, 2) == 0)
			vfs_image_change(&file->synced, change);
		else
			vfs_disk_lose(&file->synced, change);
	}
	vfs_disk_forget_changes(file);
}

void vfs_disk_sync_badly(struct vfs_disk_file *file)
{
	vfs_disk_settle(file, (enum vfs_rest)vfs_dice_roll(&disk_dice, VFS_REST_MAX));
}

static bool vfs_disk_happened(enum vfs_rest rest)
{
	return rest == VFS_REST_ALL || (rest != VFS_REST_NOTHING && vfs_dice_roll(&disk_dice, 2) == 0);
}

/* Of several files of one name, of which all but the newest were deleted, one can be there: the list has the newest
 * first. */
static bool vfs_disk_is_there(struct vfs_disk_file *file, enum vfs_rest rest)
{
	bool was_made = file->is_durable || vfs_disk_happened(rest);
	bool was_deleted = file->is_deleted && vfs_disk_happened(rest);
	if (!was_made || was_deleted)
		return false;
	for (struct vfs_disk_file *newer = disk_files; newer != file; newer = newer->next)
		if (strcmp(newer->path, file->path) == 0)
			return false;
	return true;
}

void vfs_disk_lose_power(void)
{
	enum vfs_rest rest = (enum vfs_rest)vfs_dice_roll(&disk_dice, VFS_REST_MAX);
	for (struct vfs_disk_file *file = disk_files, *next; file != NULL; file = next) {
		next = file->next;
		if (!vfs_disk_is_there(file, rest)) {
			vfs_disk_drop(file);
			continue;
		}
		vfs_disk_settle(file, rest);
		vfs_image_copy(&file->now, &file->synced);
		file->is_deleted = false;
		file->is_durable = true;
	}
}

/* ---- looking ------------------------------------------------------------------------------------------------------ */

int64_t vfs_disk_size(void)
{
	int64_t size = 0;
	for (const struct vfs_disk_file *file = disk_files; file != NULL; file = file->next)
		size += file->is_deleted ? 0 : file->now.size;
	return size;
}

static uint64_t vfs_disk_mix(uint64_t hash, uint64_t word)
{
	struct vfs_dice dice = {.state = hash ^ word};
	return vfs_dice_next(&dice);
}

static uint64_t vfs_disk_hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t), from += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, from, sizeof(word));
		hash = vfs_disk_mix(hash, word);
	}
	uint64_t word = len;
	for (; len > 0; len--)
		word = word << 8 | *from++;
	return vfs_disk_mix(hash, word);
}

/* The sum does not depend on the order in which files were made. */
uint64_t vfs_disk_hash(void)
{
	uint64_t sum = 0;
	for (const struct vfs_disk_file *file = disk_files; file != NULL; file = file->next) {
		if (file->is_deleted)
			continue;
		uint64_t hash = vfs_disk_hash_bytes(0, vfs_disk_name(file), strlen(vfs_disk_name(file)));
		sum += vfs_disk_hash_bytes(hash, file->now.bytes, (size_t)file->now.size);
	}
	return sum;
}
