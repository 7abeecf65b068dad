/* upkeep: what takes long and must not hold the loop up: the daily copy of the database, and the look through a large
 * one at the start.
 *
 * One thread, one job at a time, and no store, log or setup of the loop's in it: a job gets copies of what it needs and
 * opens connections of its own, which SQLite keeps apart. Its result is collected by a later pass.
 * Happy path: the first pass of a day finds that no copy of the day is noted, and starts one; a pass a second later or
 * more notes that it was made.
 * Failure modes: a copy that fails is tried again after an hour, and the operator hears of it once a day; a copy that
 * is damaged because the database is ends the daemon.
 * On shutdown: upkeep_free() gives the job up, which takes some milliseconds. */
#ifndef DEADLINED_SERVICE_UPKEEP_H
#define DEADLINED_SERVICE_UPKEEP_H

#include <stdint.h>

#include "base/err.h"
#include "remind/planner.h"
#include "service/setup.h"
#include "store/store.h"

struct upkeep;

struct upkeep *upkeep_new(void);
/* Gives up a job that runs; NULL is legal. */
void upkeep_free(struct upkeep *upkeep);

/* Once, before the first pass: looks through the database for damage, at once when it is small, in the thread when it
 * is large. Errors: -EUCLEAN it is damaged; what else goes wrong is logged. */
MUSTCHECK int upkeep_start(struct upkeep *upkeep, const struct conf *conf, struct err *err);

/* In the transaction of every pass: collects what a job has found, and starts one that is due. Errors: -EUCLEAN the
 * database is damaged; others: those of the store. */
MUSTCHECK int upkeep_watch(struct upkeep *upkeep, const struct planner *planner, const struct setup *setup,
			   struct store *store, int64_t now_utc, struct err *err);

/* When a pass should look for the result of a job; STORE_NEVER while none runs. */
int64_t upkeep_next_utc(const struct upkeep *upkeep, int64_t now_utc);

#endif
