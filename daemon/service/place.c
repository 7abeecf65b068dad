#include "service/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

enum { PLACE_FILES_MAX = 4 }; /* a database has no more, with its lock */

enum place_state { PLACE_KEPT, PLACE_GONE, PLACE_OTHER };

struct place_file {
	char *path;
	const char *suffix;
	dev_t device;
	ino_t inode;
};

struct place {
	struct place_file files[PLACE_FILES_MAX];
	size_t n;
};

struct place *place_new(void)
{
	return mem_zero(1, sizeof(struct place));
}

void place_free(struct place *place)
{
	if (place == NULL)
		return;
	for (size_t i = 0; i < place->n; i++)
		free(place->files[i].path);
	free(place);
}

void place_add(struct place *place, const char *path, const char *suffix)
{
	struct stat now;
	char *file = mem_printf("%s%s", path, suffix);
	if (place->n == PLACE_FILES_MAX || stat(file, &now) < 0) {
		free(file);
		return;
	}
	place->files[place->n++] =
		(struct place_file){.path = file, .suffix = suffix, .device = now.st_dev, .inode = now.st_ino};
}

/* A file that cannot be looked at, as when its folder was closed to us, is no proof of anything. */
static enum place_state place_look(const struct place_file *file)
{
	struct stat now;
	if (stat(file->path, &now) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ESTALE ? PLACE_GONE : PLACE_KEPT;
	return now.st_dev == file->device && now.st_ino == file->inode ? PLACE_KEPT : PLACE_OTHER;
}

int place_check(const struct place *place, struct err *err)
{
	for (size_t i = 0; i < place->n; i++) {
		enum place_state state = place_look(&place->files[i]);
		if (state != PLACE_KEPT)
			return err_set(
				err, -ESTALE,
				"%s was %s while deadlined worked with it, so nothing more is sent: stop deadlined "
				"before its files are moved, removed or restored",
				place->files[i].path, state == PLACE_GONE ? "removed" : "replaced");
	}
	return 0;
}

bool place_lacks_only(const struct place *place, const char *suffix)
{
	bool is_lacking = false;
	for (size_t i = 0; i < place->n; i++) {
		const struct place_file *file = &place->files[i];
		enum place_state state = place_look(file);
		bool is_it = strcmp(file->suffix, suffix) == 0;
		if (state != (is_it ? PLACE_GONE : PLACE_KEPT))
			return false;
		is_lacking = is_lacking || is_it;
	}
	return is_lacking;
}
