/* brake: the limit on messages an hour, over all channels, that keeps a mistake from becoming a hundred thousand mails.
 *
 * The hour slides: what was sent in the last clock hour counts less and less as this one goes on. The count is kept in
 * the database, so a restart does not release the brake. */
#ifndef DEADLINED_SERVICE_BRAKE_H
#define DEADLINED_SERVICE_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store_report.h"

struct brake {
	struct store_hours hours;
	int64_t limit; /* messages an hour */
	bool is_on;    /* reached while something waits; said once */
};

/* How many messages may still start now, of wanted; 0 is wanted while nothing is ready. Logs once when the limit holds
 * something back and when it is left again. */
unsigned brake_allow(struct brake *brake, unsigned wanted, int64_t now_utc);
void brake_count(struct brake *brake, unsigned started, int64_t now_utc);

#endif
