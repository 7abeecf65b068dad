#include "store/store_daily.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/store_backup.h"

#define DAILY_PREFIX "deadlined-"
#define DAILY_PATTERN "deadlined-0000-00-00"
#define DAILY_ENDING ".db"

enum {
	DAILY_PREFIX_LEN = sizeof(DAILY_PREFIX) - 1,
	DAILY_DAY_LEN = 10,
	DAILY_PATTERN_LEN = sizeof(DAILY_PATTERN) - 1,
	DAILY_ENDING_LEN = sizeof(DAILY_ENDING) - 1,
	DAILY_INSTANCE_LEN = STORE_INSTANCE_SIZE - 1,
};

void store_daily_name(const char *day, char name[STORE_DAILY_SIZE])
{
	(void)snprintf(name, STORE_DAILY_SIZE, DAILY_PREFIX "%s.db", day);
}

char *store_daily_path(const char *folder, const char *day, const char *instance, bool *ret_may_replace)
{
	struct stat file;
	char name[STORE_DAILY_SIZE];
	store_daily_name(day, name);
	char *path = mem_printf("%s/%s", folder, name);
	*ret_may_replace = lstat(path, &file) == 0;
	if (!store_copy_is_foreign(path, instance))
		return path;
	free(path);
	return mem_printf("%s/" DAILY_PREFIX "%s-%s" DAILY_ENDING, folder, day, instance);
}

/* How much of name is that of a daily copy, 0 when it begins with none; 0 in the pattern stands for a digit. */
static size_t daily_len(const char *name)
{
	size_t len = DAILY_PATTERN_LEN;
	for (size_t i = 0; i < DAILY_PATTERN_LEN; i++) {
		bool is_digit = name[i] >= '0' && name[i] <= '9';
		if (DAILY_PATTERN[i] == '0' ? !is_digit : name[i] != DAILY_PATTERN[i])
			return 0;
	}
	if (name[len] == '-' && strspn(name + len + 1, "0123456789abcdef") == DAILY_INSTANCE_LEN)
		len += 1 + DAILY_INSTANCE_LEN;
	return strncmp(name + len, DAILY_ENDING, DAILY_ENDING_LEN) == 0 ? len + DAILY_ENDING_LEN : 0;
}

static bool daily_is_after(const char *name, const char *today)
{
	return strncmp(name + DAILY_PREFIX_LEN, today, DAILY_DAY_LEN) > 0;
}

static int daily_compare(const void *left, const void *right, void *arg)
{
	const char *a = *(const char *const *)left, *b = *(const char *const *)right, *today = arg;
	bool is_a_after = daily_is_after(a, today), is_b_after = daily_is_after(b, today);
	if (is_a_after != is_b_after)
		return is_a_after ? 1 : -1;
	return strcmp(b, a);
}

/* The names in folder that are_whole: daily copies; otherwise what was left of unfinished ones, which have more behind
 * their name. */
static int daily_read(const char *folder, bool are_whole, struct strlist *ret_names, struct err *err)
{
	const struct dirent *entry;
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return errno == ENOENT ? 0 : err_set(err, -errno, "folder %s: %s", folder, strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		size_t len = daily_len(entry->d_name);
		if (len > 0 && entry->d_name[len] == (are_whole ? '\0' : '.'))
			strlist_add(ret_names, entry->d_name, strlen(entry->d_name));
	}
	(void)closedir(dir); /* only read */
	return 0;
}

int store_daily_list(const char *folder, const char *today, struct strlist *ret_names, struct err *err)
{
	char day[DAILY_DAY_LEN + 1];
	(void)snprintf(day, sizeof(day), "%s", today);
	int status = daily_read(folder, true, ret_names, err);
	if (ret_names->n > 1)
		qsort_r(ret_names->items, ret_names->n, sizeof(ret_names->items[0]), daily_compare, day);
	return status;
}

static int daily_remove(const char *folder, const struct strlist *names, size_t from, struct err *err)
{
	int status = 0;
	for (size_t i = from; i < names->n; i++) {
		char *path = mem_printf("%s/%s", folder, names->items[i]);
		struct stat file;
		if (lstat(path, &file) == 0 && S_ISREG(file.st_mode) && unlink(path) < 0)
			status = err_set(err, -errno, "%s cannot be removed: %s", path, strerror(errno));
		free(path);
	}
	return status;
}

static void daily_leave_foreign(const char *folder, const char *instance, const struct strlist *names,
				struct strlist *ret_own)
{
	for (size_t i = 0; i < names->n; i++) {
		char *path = mem_printf("%s/%s", folder, names->items[i]);
		if (!store_copy_is_foreign(path, instance))
			strlist_add(ret_own, names->items[i], strlen(names->items[i]));
		free(path);
	}
}

int store_daily_prune(const char *folder, const char *today, const char *instance, int64_t keep, struct err *err)
{
	struct strlist names = {0}, own = {0}, rests = {0};
	int status = store_daily_list(folder, today, &names, err);
	if (status == 0)
		status = daily_read(folder, false, &rests, err);
	if (status == 0 && names.n > (uint64_t)keep) {
		daily_leave_foreign(folder, instance, &names, &own);
		status = daily_remove(folder, &own, (size_t)keep, err);
	}
	if (status == 0)
		status = daily_remove(folder, &rests, 0, err);
	strlist_done(&rests);
	strlist_done(&own);
	strlist_done(&names);
	return status;
}

/* ---- was there a database ----------------------------------------------------------------------------------------- */

/* The name of a damaged file of this database that was set aside; owned, NULL when there is none. */
static char *daily_find_damaged(const char *database)
{
	const char *slash = strrchr(database, '/');
	char *folder = slash == NULL ? mem_dup(".") : mem_dup_n(database, (size_t)(slash - database) + 1);
	char *prefix = mem_printf("%s.corrupt-", slash == NULL ? database : slash + 1), *found = NULL;
	const struct dirent *entry;
	DIR *dir = opendir(folder);
	while (dir != NULL && found == NULL && (entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			found = mem_dup(entry->d_name);
	if (dir != NULL)
		(void)closedir(dir); /* only read */
	free(prefix);
	free(folder);
	return found;
}

static bool daily_has_bytes(const char *path)
{
	struct stat file;
	return lstat(path, &file) == 0 && file.st_size > 0;
}

/* The name of the latest copy of this database, or of one that does not say of what; borrowed, NULL when there is none. */
static const char *daily_find_copy(const char *folder, const struct strlist *names, const char *database)
{
	const char *found = NULL;
	for (size_t i = 0; i < names->n && found == NULL; i++) {
		char *path = mem_printf("%s/%s", folder, names->items[i]);
		if (!store_copy_is_elsewhere(path, database))
			found = names->items[i];
		free(path);
	}
	return found;
}

int store_check_first(const char *database, const char *backup_dir, const char *today, struct err *err)
{
	struct strlist names = {0};
	if (daily_has_bytes(database))
		return 0;
	char *damaged = daily_find_damaged(database), *log = mem_printf("%s-wal", database);
	int status = store_daily_list(backup_dir, today, &names, err);
	const char *copy = daily_find_copy(backup_dir, &names, database);
	const char *rest = copy != NULL ? copy : damaged != NULL ? damaged : daily_has_bytes(log) ? log : NULL;
	if (status == 0 && rest != NULL)
		status = err_set(
			err, -EUCLEAN,
			"database %s is missing or empty, but there was one: %s is there. 'deadlinectl recover' "
			"puts the latest copy in its place; to begin with an empty one, move %s away%s",
			database, rest, rest, copy != NULL ? ", or set another backup_dir" : "");
	strlist_done(&names);
	free(log);
	free(damaged);
	return status;
}
