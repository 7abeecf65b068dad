/* store_thread: what messengers call the threads in which the messages about one task to one reader stand. For channels
 * whose service has threads; message.thread, which mails use, says for all which messages make one.
 *
 * The first message of a thread that is sent to an address begins it there: a number of one chat means nothing in
 * another. */
#ifndef DEADLINED_STORE_STORE_THREAD_H
#define DEADLINED_STORE_STORE_THREAD_H

#include <stdint.h>

#include "store/store.h"

/* What the thread of the message is called at that address; *ret_remote_id is owned by the caller, NULL when it has not
 * begun there. */
MUSTCHECK int store_thread_load(struct store *store, int64_t message, const char *address, char **ret_remote_id,
				struct err *err);
/* The message was sent to that address without being in a thread: it begins its own, unless another has begun it there
 * meanwhile. Nothing for a message that no reminder is in. */
MUSTCHECK int store_thread_begin(struct store *store, int64_t message, const char *address, const char *remote_id,
				 struct err *err);
/* The thread of the message is not called so any more: the next message begins it anew. */
MUSTCHECK int store_thread_end(struct store *store, int64_t message, const char *remote_id, struct err *err);

#endif
