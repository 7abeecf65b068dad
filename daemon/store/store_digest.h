/* store_digest: when the next digest of a person is, and what only it says. */
#ifndef DEADLINED_STORE_STORE_DIGEST_H
#define DEADLINED_STORE_STORE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strlist.h"
#include "store/store.h"

/* Up to max ids of active people with a digest whose time has come or was never set. */
MUSTCHECK int store_digest_due(struct store *store, int64_t now_utc, size_t max, struct strlist *ret_people,
			       struct err *err);
/* *ret_is_set false: the digest has no time yet. */
MUSTCHECK int store_digest_time(struct store *store, const char *person, bool *ret_is_set, int64_t *ret_utc,
				struct err *err);
MUSTCHECK int store_digest_set(struct store *store, const char *person, int64_t next_utc, struct err *err);
/* Earliest digest of all: 0 when one has no time yet, STORE_NEVER when nobody has one. */
MUSTCHECK int store_digest_next(struct store *store, int64_t *ret_utc, struct err *err);
/* The keys of the occurrences of a task of which a step has fallen due for the person that only the digest says, each
 * once. The caller frees the list. */
MUSTCHECK int store_digest_steps(struct store *store, int64_t task, const char *person, struct strlist *ret_keys,
				 struct err *err);

#endif
