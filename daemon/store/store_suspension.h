/* store_suspension: addresses that refuse every message, and are left in peace until they change. */
#ifndef DEADLINED_STORE_STORE_SUSPENSION_H
#define DEADLINED_STORE_STORE_SUSPENSION_H

#include <stdint.h>

#include "store/store.h"

/* Counts that the message was refused for good by its recipient. *ret_refusals: how many there are in a row now. */
MUSTCHECK int store_suspension_refused(struct store *store, int64_t message, int64_t *ret_refusals, struct err *err);
/* The message was accepted: the count begins anew. */
MUSTCHECK int store_suspension_accepted(struct store *store, int64_t message, struct err *err);

/* Sends nothing more to the address the message went to, for a reason in words; what waits for it is dropped. */
MUSTCHECK int store_suspension_begin(struct store *store, int64_t message, const char *reason, struct err *err);
/* Uses a person's addresses again, on one channel or, with NULL, on all; what was dropped and is not too late is planned
 * anew. *ret_n: how many were suspended. */
MUSTCHECK int store_suspension_end(struct store *store, const char *person, const char *channel, int64_t *ret_n,
				   struct err *err);

#endif
