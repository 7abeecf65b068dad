#include "faults.h"

#include <string.h>

#include "audit.h"
#include "edits.h"
#include "life.h"
#include "ruin.h"
#include "world.h"

enum { FAULTS_GAP_MAX_S = 14 * 86400, FAULTS_DISK_MAX_S = 900, FAULTS_LOCK_MAX_S = 300 };

/* ---- crashes --------------------------------------------------------------------------------------------------------- */

static void faults_arm_crash(struct world *world)
{
	struct dice *dice = &world->faults;
	static const int64_t reaches[] = {3, 12, 40, 150};
	uint64_t nth = (uint64_t)dice_between(dice, 1, dice_pick(dice, reaches));
	world->is_power_armed = dice_chance(dice, 500);
	vfs_crash_at(nth, world->is_power_armed ? VFS_CRASH_POWER : VFS_CRASH_PROCESS);
	trace_say(&world->trace, "will crash at change %llu", (unsigned long long)nth);
}

static void faults_kill(struct world *world)
{
	life_kill(world, dice_chance(&world->faults, 300) ? VFS_CRASH_POWER : VFS_CRASH_PROCESS);
}

/* ---- the disk -------------------------------------------------------------------------------------------------------- */

static void faults_disk(struct world *world)
{
	static const char *const names[VFS_FAULT_MAX] = {"full", "write", "sync", "read", "busy"};
	struct dice *dice = &world->faults;
	enum vfs_fault fault = (enum vfs_fault)dice_roll(dice, VFS_FAULT_MAX);
	bool is_long = fault == VFS_FAULT_FULL || dice_chance(dice, 300);
	uint64_t times = is_long ? VFS_FOREVER : (uint64_t)dice_between(dice, 1, 6);
	vfs_fault_at(fault, (uint64_t)dice_between(dice, 1, 30), times);
	world->is_disk_failing = true;
	world->fault_until_mono_ms = world->now.mono_ms + dice_between(dice, 1, FAULTS_DISK_MAX_S) * 1000;
	trace_say(&world->trace, "the disk: %s %s", names[fault], is_long ? "for a while" : "a few times");
}

static void faults_fill(struct world *world)
{
	vfs_set_capacity(vfs_size(NULL) + dice_between(&world->faults, 0, 20) * 1024);
	world->is_disk_failing = true;
	world->fault_until_mono_ms = world->now.mono_ms + dice_between(&world->faults, 60, FAULTS_DISK_MAX_S) * 1000;
	trace_say(&world->trace, "the disk has little room");
}

static void faults_lock(struct world *world)
{
	if (world->is_locked)
		return;
	edits_lock(world);
	world->lock_until_mono_ms = world->now.mono_ms + dice_between(&world->faults, 1, FAULTS_LOCK_MAX_S) * 1000;
}

/* ---- time ------------------------------------------------------------------------------------------------------------ */

/* Somebody, or something, sets the clock; later it may be set right. */
static void faults_set_clock(struct world *world)
{
	static const int64_t steps[] = {-3600, 3600, -120, 400, -2 * 86400, 86400, -10 * 86400, 12 * 86400, -5, 7200};
	if (world->now.is_unset)
		return;
	bool is_righting = world->wall_shift_s != 0 && dice_chance(&world->faults, 600);
	int64_t step = is_righting ? -world->wall_shift_s : dice_pick(&world->faults, steps);
	trace_say(&world->trace, "the clock is set by %lld s", (long long)step);
	world_set_clock(world, step);
}

/* A machine without a battery for its clock: it starts in 1970, or some days ago, and is told the time minutes later. */
static void faults_forget_time(struct world *world)
{
	int64_t back = dice_chance(&world->faults, 500) ? world->now.wall_s - 3600 : 3 * 86400;
	life_kill(world, VFS_CRASH_POWER);
	trace_say(&world->trace, "the machine has forgotten the time");
	world->now.is_unset = true;
	world_set_clock(world, -back);
	world->unset_until_mono_ms = world->now.mono_ms + dice_between(&world->faults, 5, 900) * 1000;
}

/* The machine sleeps: the clock goes on, what counts its steps does not. */
static void faults_sleep(struct world *world)
{
	static const int64_t spans[] = {600, 7200, 10 * 3600, 3 * 86400};
	int64_t span = dice_pick(&world->faults, spans);
	trace_say(&world->trace, "the machine sleeps for %lld s", (long long)span);
	world->now.wall_s += span;
	world->now.up_s += span;
	world_advance(world, 0);
	world->wants_pass = true;
}

/* ---- the administrator ----------------------------------------------------------------------------------------------- */

static void faults_restart(struct world *world)
{
	static const int64_t spans[] = {0, 2, 60, 3600, 86400, 6 * 86400};
	life_stop(world);
	world->restart_mono_ms = world->now.mono_ms + dice_pick(&world->faults, spans) * 1000;
}

static void faults_power_cut(struct world *world)
{
	static const int64_t spans[] = {30, 600, 86400, 9 * 86400};
	life_kill(world, VFS_CRASH_POWER);
	world->now.wall_s += dice_pick(&world->faults, spans);
	world_advance(world, 0);
}

/* ---- all ------------------------------------------------------------------------------------------------------------- */

void faults_do(struct world *world)
{
	static void (*const all[])(struct world *) = {
		faults_arm_crash,   faults_arm_crash,
		faults_arm_crash,   faults_arm_crash,
		faults_arm_crash,   faults_arm_crash,
		faults_arm_crash,   faults_arm_crash,
		faults_kill,        faults_kill,
		faults_disk,        faults_disk,
		faults_disk,        faults_fill,
		faults_lock,        faults_set_clock,
		faults_set_clock,   faults_sleep,
		life_reload,        faults_restart,
		faults_power_cut,   ruin,
		faults_forget_time,
	};
	audit(world);
	dice_pick(&world->faults, all)(world);
	world->next_fault_mono_ms = world->now.mono_ms + dice_between(&world->faults, 60, FAULTS_GAP_MAX_S) * 1000;
}

void faults_expire(struct world *world)
{
	if (world->now.is_unset && world->now.mono_ms >= world->unset_until_mono_ms) {
		trace_say(&world->trace, "the machine is told the time");
		world->now.is_unset = false;
		world_set_clock(world, -world->wall_shift_s);
	}
	if (world->is_locked && world->now.mono_ms >= world->lock_until_mono_ms)
		edits_unlock(world);
	if (world->is_disk_failing && world->now.mono_ms >= world->fault_until_mono_ms) {
		vfs_fault_end();
		vfs_set_capacity(-1);
		world->is_disk_failing = false;
		trace_say(&world->trace, "the disk is well again");
	}
}

void faults_end(struct world *world)
{
	vfs_crash_at(0, VFS_CRASH_PROCESS);
	world->lock_until_mono_ms = 0;
	world->unset_until_mono_ms = 0;
	world->fault_until_mono_ms = 0;
	world->is_disk_failing = true;
	faults_expire(world);
}
