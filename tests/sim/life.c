#include "life.h"

#include <errno.h>
#include <stdlib.h>

#include "audit.h"
#include "edits.h"
#include "expect.h"
#include "invariants.h"
#include "world.h"

enum {
	LIFE_BUSY_MS = 50,
	LIFE_RESTART_S = 15,
	LIFE_GRACE_S = 30,
	LIFE_TRIES_MAX = 200, /* passes and starts at one instant */
};

/* ---- connections ----------------------------------------------------------------------------------------------------- */

/* Nothing is wrong with the disk at this moment. */
static void life_must(bool is_good, const char *what)
{
	if (is_good)
		return;
	(void)printf("the world itself is broken: %s\n", what);
	abort();
}

void life_open_others(struct world *world)
{
	struct err err = {0};
	vfs_fault_end();
	vfs_set_capacity(-1);
	world->is_disk_failing = false;
	life_must(store_open(world->database, STORE_WRITE, LIFE_BUSY_MS, &world->desk, &err) == 0, err.text);
	life_must(sqlite3_open_v2(world->database, &world->sql, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
			  sqlite3_busy_timeout(world->sql, LIFE_BUSY_MS) == SQLITE_OK &&
			  view_open(&world->view, world->database),
		  "others cannot open the database");
	edits_count(world);
}

void life_close_others(struct world *world)
{
	view_close(&world->view);
	(void)sqlite3_close_v2(world->sql);
	store_close(world->desk);
	world->sql = NULL;
	world->desk = NULL;
	world->is_locked = false;
}

/* ---- start ----------------------------------------------------------------------------------------------------------- */

static void life_wake(void *arg)
{
	((struct world *)arg)->wants_pass = true;
}

void life_forget(struct world *world)
{
	app_free(world->app);
	store_close(world->store);
	world->app = NULL;
	world->store = NULL;
	world->wants_pass = false;
}

int life_try(struct world *world, struct err *err)
{
	int status = store_open(world->database, STORE_WRITE, LIFE_BUSY_MS, &world->store, err);
	if (status < 0)
		return status;
	world->app = app_new(world->store, config_setup(&world->config, world->folder, &world->servers), NULL,
			     world->now, life_wake, world);
	if (world->is_own_fault)
		app_note_crash(world->app);
	return app_start(world->app, world->now, err);
}

void life_start(struct world *world)
{
	struct err err = {0};
	if (world->app != NULL)
		return;
	int status = life_try(world, &err);
	trace_say(&world->trace, "start: %d", status);
	if (status == 0) {
		world->is_own_fault = false;
		world->started_mono_ms = world->now.mono_ms;
		servers_boot(&world->servers, false);
		world->wants_pass = true;
		return;
	}
	life_forget(world);
	if (status == -EUCLEAN && !vfs_is_dead())
		world_fail(world, "I10: the start finds a damaged database: %s", err.text);
	world->restart_mono_ms = world->now.mono_ms + LIFE_RESTART_S * 1000;
	life_mourn(world);
}

/* ---- work ------------------------------------------------------------------------------------------------------------ */

/* Under a clock that nothing has set since the start, and that is behind, nothing is planned. */
static void life_note_pass(struct world *world)
{
	world->last_pass_utc = world->now.wall_s;
	if (!world->now.is_unset || world->now.wall_s > world->looked_utc)
		world->looked_utc = world->now.wall_s;
}

void life_pass(struct world *world)
{
	struct err err = {0};
	world->wants_pass = false;
	world->n_passes++;
	world->last_status = app_tick(world->app, world->now, &err);
	if (world->last_status != 0)
		trace_say(&world->trace, "pass: %d", world->last_status);
	trace_mix(&world->trace, (uint64_t)app_next_wake_utc(world->app));
	if (vfs_is_dead()) {
		life_mourn(world);
		return;
	}
	if (world->last_status != 0 && !world->is_disk_failing && !world->is_locked)
		world_fail(world, "I8: nothing is wrong with the disk, and a pass ends with %d: %s", world->last_status,
			   err.text);
	if (world->last_status == 0)
		life_note_pass(world);
	if (world->last_status == -EUCLEAN)
		world_fail(world, "I10: a pass finds a damaged database: %s", err.text);
	invariants_check_pass(world);
}

void life_reload(struct world *world)
{
	expect_change_all(world);
	config_draw(&world->config);
	trace_say(&world->trace, "reload");
	world->hour_count = 0;
	if (world->app != NULL)
		app_reload(world->app, config_setup(&world->config, world->folder, &world->servers), world->now);
	world->wants_pass = true;
}

/* ---- end ------------------------------------------------------------------------------------------------------------- */

/* What does not end in time. Of these, too, the servers may take some all the same. */
static void life_abandon(struct world *world)
{
	struct err err;
	int status = app_abandon(world->app, world->now, &err);
	trace_say(&world->trace, "given up: %d", status);
	if (status == -EUCLEAN && !vfs_is_dead())
		world_fail(world, "I10: the end finds a damaged database: %s", err.text);
}

void life_stop(struct world *world)
{
	if (world->app == NULL)
		return;
	trace_say(&world->trace, "stop");
	app_stop(world->app);
	for (int i = 0; i < LIFE_GRACE_S && world->app != NULL; i++) {
		(void)servers_run(&world->servers);
		life_pass(world);
		if (world->app == NULL || app_is_idle(world->app))
			break;
		world_advance(world, 1);
	}
	if (world->app == NULL)
		return;
	life_abandon(world);
	servers_death(&world->servers);
	invariants_on_death(world);
	life_forget(world);
	life_mourn(world);
}

/* Everything that was only in memory is gone; the disk is what it is. */
static void life_bury(struct world *world, bool is_machine)
{
	servers_death(&world->servers);
	invariants_on_death(world);
	life_forget(world);
	life_close_others(world);
	vfs_restart();
	world->n_crashes++;
	if (is_machine) {
		int64_t boot_ms = 10000 - world->now.mono_ms;
		world->now.mono_ms = 10000;
		world->now.up_s = 10;
		world_shift_mono(world, boot_ms);
		servers_boot(&world->servers, true);
	}
	life_open_others(world);
	if (is_machine)
		audit_pages(world);
	world->is_own_fault = !is_machine && dice_chance(&world->faults, 300);
	world->restart_mono_ms = world->now.mono_ms + dice_between(&world->faults, 0, LIFE_RESTART_S) * 1000;
}

void life_mourn(struct world *world)
{
	if (!vfs_is_dead())
		return;
	trace_say(&world->trace, "the %s dies", world->is_power_armed ? "machine" : "daemon");
	life_bury(world, world->is_power_armed);
}

void life_kill(struct world *world, enum vfs_crash kind)
{
	world->is_power_armed = kind == VFS_CRASH_POWER;
	vfs_crash_now(kind);
	life_mourn(world);
}

void life_end(struct world *world)
{
	life_forget(world);
	life_close_others(world);
}
