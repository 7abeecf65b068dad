/* forecast: whether a configuration would send more than its own limits in the first 24 hours: a wrong policy is found
 * before the first message of it leaves, not by the brake.
 *
 * The live code runs over a private copy of the database, with its brakes lifted and without writing a message. It runs
 * when policies, channels or limits are others than those that passed last, so a restart after days of standstill is
 * never refused; and not for long: a database that is too large for that is left to the brakes, and the log says so. */
#ifndef DEADLINED_SERVICE_FORECAST_H
#define DEADLINED_SERVICE_FORECAST_H

#include <stdbool.h>

#include "base/clock.h"
#include "conf/problem.h"
#include "service/setup.h"
#include "store/store.h"

/* Whether the daemon may work with setup, which was read from the file config; why not is added to problems. With
 * accepts_volume it always may. What could not be found out is logged, and refuses nothing. */
bool forecast_allows(struct store *store, const char *config, const struct setup *setup, bool accepts_volume,
		     const struct clock *clock, struct problems *problems);

#endif
