/* store_shown: which messages on a messenger still look as they were sent, and which have a task that has changed
 * since. */
#ifndef DEADLINED_STORE_STORE_SHOWN_H
#define DEADLINED_STORE_STORE_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

enum { STORE_REMOTE_ID_SIZE = 128 };

/* The message is about to be sent: a task of it that changes from now on makes it stale. */
MUSTCHECK int store_shown_begin(struct store *store, int64_t message, struct err *err);
/* It was sent, and the service calls it so; nothing when it is not to be changed any more. */
MUSTCHECK int store_shown_put(struct store *store, int64_t message, const char *remote_id, struct err *err);
/* *ret_remote_id is "" when the message is not known to be shown. */
MUSTCHECK int store_shown_load(struct store *store, int64_t message, char ret_remote_id[STORE_REMOTE_ID_SIZE],
			       struct err *err);
/* Whether its reader, or the one they stand in for, still takes part in that task of it, and the reader is still
 * there. */
MUSTCHECK int store_shown_is_theirs(struct store *store, int64_t message, int64_t task, bool *ret_is, struct err *err);
/* Up to max messages of a channel behind that one whose task has changed since, the oldest first. */
MUSTCHECK int store_shown_stale(struct store *store, const char *channel, int64_t after, int64_t *ret_messages,
				size_t max, size_t *ret_n, struct err *err);
/* A stale one is being changed. */
MUSTCHECK int store_shown_take(struct store *store, int64_t message, struct err *err);
/* One that was being changed is shown as it is now, unless it has become stale again meanwhile. */
MUSTCHECK int store_shown_fresh(struct store *store, int64_t message, struct err *err);
/* One that was being changed, and was not, is stale. */
MUSTCHECK int store_shown_again(struct store *store, int64_t message, struct err *err);
/* Likewise all that were being changed, by a process that has died. */
MUSTCHECK int store_shown_all_again(struct store *store, struct err *err);
/* It cannot be changed any more. */
MUSTCHECK int store_shown_end(struct store *store, int64_t message, struct err *err);

#endif
