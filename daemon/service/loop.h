/* loop: the daemon's life: one libevent loop that turns signals, timers, commits of others and results into passes of the
 * app. The only place that reads the clock.
 *
 * One timerfd on the wall clock wakes for the next due instant, and is cancelled by the kernel when the clock is set, so
 * both end in a pass. A foreign commit shows by inotify on the database's folder and is confirmed by its data version.
 * Passes run at a lower priority than sockets: all results of one round of the loop are settled in one commit.
 * On SIGTERM or SIGINT nothing more is claimed, transfers have LOOP_GRACE_S to finish, and the loop ends with 0.
 * On SIGHUP the configuration is read anew; with any problem in it, or when it would send too much (forecast.h), the old one
 * stays, whole. */
#ifndef DEADLINED_SERVICE_LOOP_H
#define DEADLINED_SERVICE_LOOP_H

#include <stdbool.h>

#include "base/err.h"
#include "service/setup.h"
#include "store/store.h"

enum { LOOP_GRACE_S = 30 };

/* Runs the daemon until it is told to stop. store is borrowed, setup is taken. accepts_volume: no reload is
 * refused for how much it would send. was_crash: see app_note_crash(). Errors: -EUCLEAN the database is damaged,
 * others when the loop cannot be set up. */
MUSTCHECK int loop_run(struct store *store, struct setup *setup, const char *config, bool accepts_volume,
		       bool was_crash, struct err *err);

#endif
