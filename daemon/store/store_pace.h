/* store_pace: what waits for one reader on a channel that must not write to them too fast. Inside the transaction that
 * claims. */
#ifndef DEADLINED_STORE_STORE_PACE_H
#define DEADLINED_STORE_STORE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/person.h"
#include "store/store_message.h"

struct store_pace {
	char address[PERSON_ADDRESS_MAX + 1]; /* of the reader; their id when they have none any more */
	int64_t first; /* of what is ready for them on that channel: what was due first, notices and all else apart */
};
/* For a message that is ready. */
MUSTCHECK int store_pace_look(struct store *store, const struct store_peek *message, int64_t now_utc,
			      struct store_pace *ret_pace, struct err *err);
/* Sets the next try of all that is ready for the reader of a message on its channel. */
MUSTCHECK int store_pace_postpone(struct store *store, const struct store_peek *message, int64_t now_utc,
				  int64_t not_before, struct err *err);
/* The same for all of the message's kind but that which is first: store_message_ready(), for which the newest come
 * first, gives it before anything else. */
MUSTCHECK int store_pace_put_first(struct store *store, const struct store_peek *message, int64_t first,
				   int64_t now_utc, int64_t not_before, struct err *err);

#endif
