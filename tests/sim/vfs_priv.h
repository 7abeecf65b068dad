/* vfs_priv: the files of the simulated disk and what becomes of them in a crash; shared by vfs.c and vfs_disk.c only.
 * vfs_disk knows nothing of SQLite, vfs.c nothing of images. */
#ifndef DEADLINED_SIM_VFS_PRIV_H
#define DEADLINED_SIM_VFS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VFS_SECTOR = 512 };

/* Chance: a splitmix64 of its own for each purpose, so that one more fault does not move everything after it. */
struct vfs_dice {
	uint64_t state;
};
uint64_t vfs_dice_next(struct vfs_dice *dice);
/* 0 .. below - 1; 0 for below 0. */
uint64_t vfs_dice_roll(struct vfs_dice *dice, uint64_t below);

struct vfs_image {
	unsigned char *bytes;
	int64_t size, room;
};

/* A write, or a truncation (bytes NULL) to offset. */
struct vfs_change {
	int64_t offset, len;
	unsigned char *bytes;
};

struct vfs_shm;

struct vfs_disk_file {
	struct vfs_disk_file *next;
	char *path;                 /* NULL: a temporary file, which no crash leaves behind */
	unsigned refs;              /* handles, and one for the disk's own list */
	bool is_durable;            /* its name survives a power loss */
	bool is_deleted;            /* nobody finds it any more, but a power loss may bring it back */
	struct vfs_image now;       /* as readers see it */
	struct vfs_image synced;    /* as the platters have it */
	struct vfs_change *changes; /* from synced to now, oldest first */
	size_t n_changes, changes_room;
	struct vfs_shm *shm; /* of vfs.c */
};

/* Forgets all files; those still held stay readable for their holders. */
void vfs_disk_reset(uint64_t seed);

/* NULL: there is none. Not held. */
struct vfs_disk_file *vfs_disk_find(const char *path);
/* By the last part of the path. */
struct vfs_disk_file *vfs_disk_find_name(const char *name);
/* A new, empty file, held. */
struct vfs_disk_file *vfs_disk_create(const char *path);
void vfs_disk_hold(struct vfs_disk_file *file);
void vfs_disk_release(struct vfs_disk_file *file);

/* Bytes copied, fewer at the end of the file. */
int64_t vfs_disk_read(const struct vfs_disk_file *file, void *bytes, int64_t len, int64_t offset);
void vfs_disk_write(struct vfs_disk_file *file, const void *bytes, int64_t len, int64_t offset);
/* Its first sectors: none, some or all of them, by chance. */
void vfs_disk_write_part(struct vfs_disk_file *file, const void *bytes, int64_t len, int64_t offset);
void vfs_disk_truncate(struct vfs_disk_file *file, int64_t size);
void vfs_disk_sync(struct vfs_disk_file *file);
/* A sync that fails: each change reaches the platters or never will. */
void vfs_disk_sync_badly(struct vfs_disk_file *file);
void vfs_disk_delete(struct vfs_disk_file *file, bool is_durable);
void vfs_disk_flip_bit(struct vfs_disk_file *file, int64_t offset, unsigned bit);

void vfs_disk_lose_power(void);

/* Bytes of all files. */
int64_t vfs_disk_size(void);
uint64_t vfs_disk_hash(void);

#endif
