/* scratch_file: a folder of its own for a target that reads files, gone when the program ends. */
#ifndef DEADLINED_TESTS_FUZZ_SCRATCH_FILE_H
#define DEADLINED_TESTS_FUZZ_SCRATCH_FILE_H

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static char scratch_folder[32];

static inline int scratch_remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void scratch_remove(void)
{
	(void)nftw(scratch_folder, scratch_remove_entry, 16,
		   FTW_DEPTH | FTW_PHYS); /* what is left is a folder in /tmp */
}

/* Path of a file in the folder, which the first call makes; owned. */
static inline char *scratch_file(const char *name)
{
	if (scratch_folder[0] == '\0') {
		(void)snprintf(scratch_folder, sizeof(scratch_folder), "/tmp/deadlined-fuzz.XXXXXX");
		FUZZ_NEED(mkdtemp(scratch_folder) != NULL && atexit(scratch_remove) == 0, scratch_folder);
	}
	return mem_printf("%s/%s", scratch_folder, name);
}

static inline void scratch_write(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wbe");
	FUZZ_NEED(file != NULL, path);
	FUZZ_NEED(fwrite(bytes, 1, len, file) == len, path);
	FUZZ_NEED(fclose(file) == 0, path);
}

#endif
