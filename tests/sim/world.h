/* world: an office with its plan, the daemon that serves it, the servers it talks to, a clock and a disk, all simulated
 * but the daemon; and what goes wrong with each of them. One seed is one story.
 *
 * Happy path: world_new(), world_live() a year, world_calm() some days in which nothing goes wrong any more, world_free().
 * After every step the invariants are checked; the first that is broken ends the story, and failure says which. */
#ifndef DEADLINED_SIM_WORLD_H
#define DEADLINED_SIM_WORLD_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "config.h"
#include "dice.h"
#include "server.h"
#include "service/app.h"
#include "store/store.h"
#include "trace.h"
#include "view.h"
#include "witness.h"

enum { WORLD_PEOPLE = 7, WORLD_TASKS_MAX = 64, WORLD_FAILURE_SIZE = 400 };

/* What is remembered of a task, to know from when on its present facts must have been followed. */
struct world_task {
	int64_t since_utc; /* planned until then by the facts of before; -1: the next pass sees it for the first time */
	int64_t since_message;       /* the last one of then */
	bool is_known[WORLD_PEOPLE]; /* a server took a message to that person, or their deputy, about it */
};

struct world {
	uint64_t seed;
	struct trace trace;
	struct instant now;
	int64_t begin_utc, end_utc;
	char folder[64]; /* on the real disk: configuration and secrets */
	char database[128];
	int n_restores; /* each restored backup is a new file */

	struct store *store; /* the daemon's */
	struct app *app;     /* NULL while it is down */
	struct config config;
	int last_status;       /* of the last pass */
	int64_t last_pass_utc; /* the last one that was committed */
	int64_t looked_utc;    /* the same, under a clock that the daemon could believe: it has planned what was due */
	int64_t started_mono_ms; /* the last start that succeeded */
	int64_t n_passes;        /* since the beginning */
	bool wants_pass;         /* the app has asked for one */
	bool is_calm;

	struct store *desk; /* deadlinectl's */
	sqlite3 *sql;       /* somebody's sqlite3; the one that locks the others out */
	struct view view;   /* the checker's */

	struct servers servers;
	struct witness witness;
	struct world_task tasks[WORLD_TASKS_MAX + 1]; /* by row */
	int n_tasks;
	int n_people;
	int64_t hours_edited_utc; /* when somebody last changed when they may be written to */

	struct dice edits, faults, clock; /* what people do; what breaks; how time goes */
	int64_t next_edit_utc, next_fault_mono_ms, lock_until_mono_ms, fault_until_mono_ms, restart_mono_ms;
	int64_t unset_until_mono_ms; /* the clock, wrong since the machine was started, is set right then */
	int64_t next_visit_mono_ms;  /* of the operator, in the calm at the end */
	int n_still;                 /* steps in which no time has gone by */
	bool is_own_fault;           /* the daemon died of a fault of its own, as far as systemd knows */
	bool is_power_armed;         /* the crash that is to come is the machine's */
	bool is_locked;
	bool is_disk_failing;
	bool is_watching_ruin; /* the database is damaged, and the daemon is to notice */
	bool has_backup;
	int64_t wall_shift_s; /* how far the clock was set in all */
	int64_t highest_utc;  /* the latest instant the clock has ever shown */

	int64_t hour, hour_count; /* hand-overs in a clock hour */

	size_t n_audits, n_crashes, n_messages;
	char failure[WORLD_FAILURE_SIZE]; /* "" while every promise is kept */
};

/* Owned. */
struct world *world_new(uint64_t seed, int years, bool is_loud);
void world_free(struct world *world);
void world_live(struct world *world);
void world_calm(struct world *world);

/* Time goes by. */
void world_advance(struct world *world, int64_t seconds);
/* Somebody sets the wall clock. */
void world_set_clock(struct world *world, int64_t seconds);
/* The machine has booted: its monotonic clock begins anew. */
void world_shift_mono(struct world *world, int64_t by_ms);

/* Says what is wrong; the first time counts. */
void world_fail(struct world *world, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
