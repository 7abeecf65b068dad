/* store_retain: what is over for long enough goes, a slice at a time: messages that were sent, given up, cancelled or
 * became stale, with their attempts, their notices and the reminders of closed tasks.
 *
 * It must not change what is decided later. Of an open task there stay
 *   - every reminder's key, so that no step is planned twice; it says what became of it instead of naming its message;
 *   - the first message to each reader on each channel, which later ones answer to; of a closed task, while there are
 *     any;
 *   - the last one that was sent to each reader, and for each date that is not long past, so that who was told a date
 *     hears of a new one. */
#ifndef DEADLINED_STORE_STORE_RETAIN_H
#define DEADLINED_STORE_STORE_RETAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* In the place of a reminder's message: "sent" or another state, and this. */
#define STORE_RETAINED " (details removed)"

struct store_retain {
	int64_t cutoff_utc;     /* what was over before goes */
	const char *cutoff_day; /* of it, "2025-01-31" */
	int64_t after;          /* id of the last message looked at; 0 to begin, moved on by each slice */
	int64_t n_removed;      /* added to */
	bool is_done;           /* there is nothing more to look at */
};

/* One slice, in the caller's transaction. A private copy in memory keeps everything: it is a rehearsal's. */
MUSTCHECK int store_retain(struct store *store, struct store_retain *retain, struct err *err);

#endif
