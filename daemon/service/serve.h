/* serve: what stands around the loop: the lock on the database, the look whether there should be one, its opening, and
 * the question whether the configuration would send too much. */
#ifndef DEADLINED_SERVICE_SERVE_H
#define DEADLINED_SERVICE_SERVE_H

#include <stdbool.h>

#include "base/err.h"
#include "service/setup.h"

/* A SIGHUP that comes from now on, during the start, waits until the loop can take it. */
void serve_hold_reload(void);

/* Runs the daemon until it is told to stop. setup is taken; config is the file it came from. accepts_volume: a forecast
 * of more messages than the limits allow does not matter.
 * Errors: -EBUSY another daemon works on the database; -EUCLEAN it is damaged, or gone; -EOVERFLOW the configuration
 * would send too much, and why was printed; others: those of the store, the lock and the loop. */
MUSTCHECK int serve(struct setup *setup, const char *config, bool accepts_volume, struct err *err);

#endif
