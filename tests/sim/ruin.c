#include "ruin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "life.h"
#include "world.h"

enum { RUIN_PAGE_SIZE = 4096, RUIN_HEADER_SIZE = 100, RUIN_PAGES_MAX = 64, RUIN_PASSES = 3 };

/* A whole copy, page by page, as a backup makes it. */
static bool ruin_copy(const char *from, const char *to)
{
	sqlite3 *source = NULL, *target = NULL;
	int rc = sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(to, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	bool is_whole = false;
	if (rc == SQLITE_OK) /* or its journal might come back after a power cut */
		rc = sqlite3_exec(target, "PRAGMA synchronous = EXTRA", NULL, NULL, NULL);
	sqlite3_backup *backup = rc == SQLITE_OK ? sqlite3_backup_init(target, "main", source, "main") : NULL;
	if (backup != NULL) {
		is_whole = sqlite3_backup_step(backup, -1) == SQLITE_DONE; /* not so when somebody holds a lock */
		rc = sqlite3_backup_finish(backup);
	}
	(void)sqlite3_close_v2(target);
	(void)sqlite3_close_v2(source);
	return rc == SQLITE_OK && is_whole;
}

static void ruin_name(const struct world *world, const char *name, int n, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/%s-%d.db", world->folder, name, n);
}

static void ruin_keep(struct world *world)
{
	char path[128];
	ruin_name(world, "backup", world->n_restores, path, sizeof(path));
	world->has_backup = ruin_copy(world->database, path);
	trace_say(&world->trace, "a backup is made: %d", (int)world->has_backup);
}

/* Where the trees of what every pass looks at begin. */
static size_t ruin_find_pages(struct world *world, int64_t *pages)
{
	static const char sql[] = "SELECT rootpage FROM sqlite_schema WHERE tbl_name IN ('task', 'message', 'meta')";
	size_t n = 0;
	sqlite3_stmt *stmt = view_ask(&world->view, sql, "");
	while (view_row(&world->view, stmt))
		if (n < RUIN_PAGES_MAX)
			pages[n++] = sqlite3_column_int64(stmt, 0);
	return n;
}

/* What kind of page it is stands in its first byte: two bits that are turned over make it none. */
static void ruin_spoil(struct world *world, const int64_t *pages, size_t n)
{
	const char *name = strrchr(world->database, '/') + 1;
	for (size_t i = 0; i < n; i++)
		for (int bits = 0; bits < 2; bits++)
			(void)vfs_flip_bit(name, (pages[i] - 1) * RUIN_PAGE_SIZE +
							 (pages[i] == 1 ? RUIN_HEADER_SIZE : 0) + bits * 5);
}

/* The daemon must find it out by itself, and hand nothing over. */
static void ruin_watch(struct world *world)
{
	struct err err = {0};
	world->is_watching_ruin = true;
	int status = life_try(world, &err);
	for (int i = 0; i < RUIN_PASSES && status == 0; i++)
		status = app_tick(world->app, world->now, &err);
	world->is_watching_ruin = false;
	trace_say(&world->trace, "the daemon on a damaged database: %d", status);
	/* A version that is none of ours may be damage or the future: either way it ends with the same status. */
	if (status != -EUCLEAN && status != -EPROTO)
		world_fail(world, "I10: the database is damaged, and the daemon goes on: %d", status);
	life_forget(world);
}

static void ruin_restore(struct world *world)
{
	char path[128];
	ruin_name(world, "backup", world->n_restores, path, sizeof(path));
	world->n_restores++;
	ruin_name(world, "plan", world->n_restores, world->database, sizeof(world->database));
	if (!ruin_copy(path, world->database))
		abort();
	world->has_backup = false;
	world->hour_count = 0;
	witness_restore(&world->witness);
	for (int i = 0; i <= WORLD_TASKS_MAX; i++)
		world->tasks[i].since_utc = -1;
	for (size_t i = 0; i < SERVERS; i++)
		world->servers.items[i].pause_until_utc = 0;
	life_open_others(world);
	world->restart_mono_ms = world->now.mono_ms;
}

void ruin(struct world *world)
{
	int64_t pages[RUIN_PAGES_MAX];
	if (world->is_disk_failing)
		return; /* one thing at a time: the daemon could not tell the two apart */
	vfs_crash_at(0, VFS_CRASH_PROCESS);
	if (!world->has_backup) {
		ruin_keep(world);
		return;
	}
	life_stop(world);
	if (world->app != NULL || world->is_locked)
		return;
	size_t n = ruin_find_pages(world, pages);
	life_close_others(world);
	ruin_spoil(world, pages, n);
	ruin_watch(world);
	ruin_restore(world);
}
