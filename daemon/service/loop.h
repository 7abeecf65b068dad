/* loop: the daemon's life: one libevent loop that turns signals, timers, commits of others and results into passes of
 * the app. The only place that reads the clock.
 *
 * One timerfd on the wall clock wakes for the next due instant, and is cancelled by the kernel when the clock is set,
 * so both end in a pass. A foreign commit shows by inotify on the database's folder and is confirmed by its data
 * version. Passes run at a lower priority than sockets: all results of one round of the loop are settled in one commit.
 * Before each pass, and when something happens in that folder, it looks whether the files are still in their place;
 * when one is not, it ends.
 * On SIGTERM or SIGINT nothing more is claimed, transfers have LOOP_GRACE_S to finish, and the loop ends with 0.
 * On SIGHUP the configuration is read anew; with any problem in it, or when it would send too much (forecast.h), the
 * old one stays, whole. */
#ifndef DEADLINED_SERVICE_LOOP_H
#define DEADLINED_SERVICE_LOOP_H

#include <stdbool.h>

#include "base/err.h"
#include "service/place.h"
#include "service/setup.h"
#include "store/store.h"

enum { LOOP_GRACE_S = 30 };

/* What the daemon was started with; all of it is borrowed. */
struct loop_start {
	const char *config;
	bool accepts_volume;       /* no reload is refused for how much it would send */
	bool was_crash;            /* see app_note_crash() */
	int lock;                  /* see lock_take() */
	const struct place *place; /* the files of the database, and its lock */
};

/* Runs the daemon until it is told to stop. store is borrowed, setup is taken. Errors: -EUCLEAN the database is
 * damaged, -ESTALE one of its files, or its lock, is not in its place any more: nothing was sent since that was seen;
 * others when the loop cannot be set up. */
MUSTCHECK int loop_run(struct store *store, struct setup *setup, const struct loop_start *start, struct err *err);

#endif
