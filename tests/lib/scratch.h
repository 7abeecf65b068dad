/* scratch: a folder of its own for a test, gone afterwards, and files in it. */
#ifndef DEADLINED_TESTS_SCRATCH_H
#define DEADLINED_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
	char folder[64];
	char database[96]; /* the place for one; nothing is there */
};

static inline void scratch_make(struct scratch *scratch)
{
	(void)snprintf(scratch->folder, sizeof(scratch->folder), "/tmp/deadlined-test.XXXXXX");
	assert_non_null(mkdtemp(scratch->folder));
	(void)snprintf(scratch->database, sizeof(scratch->database), "%s/plan.db", scratch->folder);
}

static inline int scratch_remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void scratch_remove(struct scratch *scratch)
{
	assert_int_equal(nftw(scratch->folder, scratch_remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Path of a file in the folder; valid until the next call. */
static inline const char *scratch_path(const struct scratch *scratch, const char *name)
{
	static char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", scratch->folder, name);
	return path;
}

static inline void scratch_write(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* The whole file, with a 0 behind it; the caller frees it. Closing a file ends this process's locks on it, so never
 * read a database that is open. */
static inline char *scratch_read(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	long len = ftell(file);
	assert_true(len >= 0);
	rewind(file);
	char *bytes = malloc((size_t)len + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)len, file), len);
	bytes[len] = '\0';
	(void)fclose(file);
	if (ret_len != NULL)
		*ret_len = (size_t)len;
	return bytes;
}

#endif
