#include "world.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "base/mem.h"
#include "edits.h"
#include "faults.h"
#include "life.h"

enum {
	WORLD_CALM_S = 18 * 86400, /* longer than any pause, and than any row of days off */
	WORLD_EDIT_GAP_MAX_S = 6 * 86400,
	WORLD_STILL_MAX = 500,     /* passes at one instant */
	WORLD_FAILING_STEP_S = 20, /* while nothing can be written, nobody looks each second */
	WORLD_AUDIT_PASSES = 150,
	WORLD_NEWS_FAULTS = 30, /* of a thousand answers, as many meet with a fault before they are recorded */
};

void world_fail(struct world *world, const char *fmt, ...)
{
	va_list args;
	if (world->failure[0] != '\0')
		return;
	va_start(args, fmt);
	(void)vsnprintf(world->failure, sizeof(world->failure), fmt, args);
	va_end(args);
	trace_say(&world->trace, "BROKEN: %s", world->failure);
}

/* ---- time ------------------------------------------------------------------------------------------------------------ */

void world_advance(struct world *world, int64_t seconds)
{
	world->now.wall_s += seconds;
	world->now.mono_ms += seconds * 1000;
	world->now.up_s += seconds;
	if (world->now.wall_s > world->highest_utc && !world->now.is_unset)
		world->highest_utc = world->now.wall_s;
}

void world_shift_mono(struct world *world, int64_t by_ms)
{
	world->next_fault_mono_ms += by_ms;
	world->lock_until_mono_ms += by_ms;
	world->fault_until_mono_ms += by_ms;
	world->restart_mono_ms += by_ms;
	world->started_mono_ms += by_ms;
	world->unset_until_mono_ms += by_ms;
}

/* Pauses are instants of the wall clock; when it is set back, what was to wait for them may be let go sooner. */
void world_set_clock(struct world *world, int64_t seconds)
{
	struct witness *witness = &world->witness;
	world->now.wall_s += seconds;
	world->wall_shift_s += seconds;
	world->hour_count = 0;
	world->wants_pass = true;
	for (size_t i = 0; i < witness->size && seconds < 0; i++)
		if (witness->items[i] != NULL)
			witness->items[i]->earliest_utc = 0;
	for (size_t i = 0; i < SERVERS && seconds < 0; i++)
		world->servers.items[i].pause_until_utc = 0;
	world_advance(world, 0);
}

static int64_t world_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Seconds until something happens. */
static int64_t world_gap(const struct world *world)
{
	int64_t wall = world->now.wall_s, mono = world->now.mono_ms;
	int64_t gap = world_least(world->next_fault_mono_ms, servers_next_mono_ms(&world->servers)) - mono;
	if (world->is_disk_failing)
		gap = world_least(gap, world->fault_until_mono_ms - mono);
	if (world->is_locked)
		gap = world_least(gap, world->lock_until_mono_ms - mono);
	if (world->app == NULL)
		gap = world_least(gap, world->restart_mono_ms - mono);
	gap = gap > 0 ? (gap + 999) / 1000 : 0;
	if (!world->is_locked)
		gap = world_least(gap, world->next_edit_utc - wall);
	if (world->now.is_unset)
		gap = world_least(gap, (world->unset_until_mono_ms - mono + 999) / 1000);
	if (world->app != NULL)
		gap = world_least(gap, world->wants_pass ? 0 : app_next_wake_utc(world->app) - wall);
	return gap > 0 ? gap : 0;
}

static void world_move(struct world *world)
{
	int64_t gap = world_gap(world);
	if (world->app != NULL && world->last_status != 0)
		gap += dice_between(&world->clock, 1, WORLD_FAILING_STEP_S);
	world->n_still = gap == 0 ? world->n_still + 1 : 0;
	if (world->n_still > WORLD_STILL_MAX)
		world_fail(world, "I8: the daemon does not come to rest");
	world_advance(world, gap);
}

/* ---- life ------------------------------------------------------------------------------------------------------------ */

static void world_edit(struct world *world)
{
	edits_do(world);
	life_mourn(world);
	world->next_edit_utc = world->now.wall_s + dice_between(&world->edits, 60, WORLD_EDIT_GAP_MAX_S);
	world->wants_pass = true;
}

/* In the end somebody comes every day; before, now and then. */
static void world_operate(struct world *world)
{
	if (world->now.mono_ms < world->next_visit_mono_ms)
		return;
	edits_operate(world);
	world->next_visit_mono_ms = world->now.mono_ms + 86400 * 1000;
}

static void world_step(struct world *world)
{
	world_move(world);
	faults_expire(world);
	bool has_news = servers_run(&world->servers) > 0;
	bool is_moment = has_news && dice_chance(&world->faults, WORLD_NEWS_FAULTS);
	world->wants_pass = world->wants_pass || has_news;
	if (!world->is_calm && (is_moment || world->now.mono_ms >= world->next_fault_mono_ms))
		faults_do(world);
	if (!world->is_calm && !world->is_locked && world->now.wall_s >= world->next_edit_utc)
		world_edit(world);
	if (world->is_calm)
		world_operate(world);
	if (world->app == NULL && world->now.mono_ms >= world->restart_mono_ms)
		life_start(world);
	if (world->app != NULL && (world->wants_pass || world->now.wall_s >= app_next_wake_utc(world->app)))
		life_pass(world);
	if (world->n_passes % WORLD_AUDIT_PASSES == 0)
		audit(world);
}

void world_live(struct world *world)
{
	while (world->now.wall_s < world->end_utc && world->failure[0] == '\0')
		world_step(world);
}

void world_calm(struct world *world)
{
	if (world->failure[0] != '\0')
		return;
	trace_say(&world->trace, "from here on nothing goes wrong");
	faults_end(world);
	world->is_calm = true;
	world->servers.is_kind = true;
	world->next_edit_utc = world->next_fault_mono_ms = INT64_MAX;
	world->next_visit_mono_ms = world->now.mono_ms;
	world->end_utc = world->now.wall_s + WORLD_CALM_S;
	world_live(world);
	if (world->last_status != 0)
		world_fail(world, "I8: nothing goes wrong any more, and a pass ends with %d", world->last_status);
	audit(world);
	audit_pages(world);
	audit_is_at_rest(world);
	trace_mix(&world->trace, vfs_hash());
}

/* ---- beginning and end ----------------------------------------------------------------------------------------------- */

static void world_seed(struct world *world)
{
	dice_seed(&world->edits, world->seed, "edits");
	dice_seed(&world->faults, world->seed, "faults");
	dice_seed(&world->clock, world->seed, "clock");
	dice_seed(&world->config.dice, world->seed, "config");
	servers_init(&world->servers, world);
	vfs_reset(world->seed);
}

struct world *world_new(uint64_t seed, int years, bool is_loud)
{
	static const char *const zones[] = {"Asia/Sakhalin", "Europe/Moscow", "America/New_York", "UTC"};
	struct world *world = mem_zero(1, sizeof(*world));
	world->seed = seed;
	world_seed(world);
	trace_init(&world->trace, &world->now.wall_s, is_loud);
	world->begin_utc =
		1735646400 + dice_between(&world->clock, 0, 8 * 366) * 86400; /* a day from 31 December 2024 on */
	world->now = (struct instant){.wall_s = world->begin_utc, .mono_ms = 10000, .up_s = 10};
	world->end_utc = world->begin_utc + (int64_t)years * 366 * 86400;
	world->highest_utc = world->begin_utc;
	world->config.zone = dice_pick(&world->clock, zones);
	(void)snprintf(world->folder, sizeof(world->folder), "/tmp/deadlined-sim.XXXXXX");
	if (mkdtemp(world->folder) == NULL)
		abort();
	(void)snprintf(world->database, sizeof(world->database), "%s/plan.db", world->folder);
	config_draw(&world->config);
	life_open_others(world);
	edits_begin(world);
	world->next_edit_utc = world->now.wall_s + 3600;
	world->next_fault_mono_ms = world->now.mono_ms + 86400 * 1000;
	return world;
}

static int world_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void world_free(struct world *world)
{
	life_end(world);
	witness_done(&world->witness);
	(void)nftw(world->folder, world_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(world);
}
