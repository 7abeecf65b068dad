/* store_heard: how far what people write on a channel was heard; and, after a crash, which updates behind that were
 * applied one at a time, and which one was being applied when the process died. */
#ifndef DEADLINED_STORE_STORE_HEARD_H
#define DEADLINED_STORE_STORE_HEARD_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* Behind the last update that was applied, in the service's own words; "" when there was none, or when that was another
 * account at the service. Owned by the caller. */
MUSTCHECK int store_updates_next(struct store *store, const char *channel, const char *account, char **ret_next,
				 struct err *err);
/* In the transaction that applies the updates before it. */
MUSTCHECK int store_updates_save(struct store *store, const char *channel, const char *account, const char *next,
				 struct err *err);

/* ---- one at a time; hash: of the update, which is never kept itself ---- */

/* It is about to be applied: committed before that. kind: as channel_update_name() has it. */
MUSTCHECK int store_heard_mark(struct store *store, const char *channel, const char *hash, const char *kind,
			       struct err *err);
/* Who made it, an id. */
MUSTCHECK int store_heard_whose(struct store *store, const char *channel, const char *hash, const char *person,
				struct err *err);
/* It is applied. */
MUSTCHECK int store_heard_end(struct store *store, const char *channel, const char *hash, struct err *err);
MUSTCHECK int store_heard_is_over(struct store *store, const char *channel, const char *hash, bool *ret_is_over,
				  struct err *err);
/* Whether anything is known of updates of the channel behind the place up to which it was heard. */
MUSTCHECK int store_heard_any(struct store *store, const char *channel, bool *ret_any, struct err *err);

/* All owned by the caller, who frees them with store_heard_done(); person is "" when it was not known yet. */
struct store_heard {
	char *channel, *hash, *kind, *person;
};
/* One that is marked, and not over: 1 when there is any, otherwise 0. */
MUSTCHECK int store_heard_marked(struct store *store, struct store_heard *ret_heard, struct err *err);
void store_heard_done(struct store_heard *heard);
/* It never will be applied: a line of the ledger. */
MUSTCHECK int store_heard_give_up(struct store *store, const struct store_heard *heard, int64_t now_utc,
				  struct err *err);
/* Nobody was applying what is marked. */
MUSTCHECK int store_heard_unmark_all(struct store *store, struct err *err);
/* All of them are behind the channel now. */
MUSTCHECK int store_heard_forget(struct store *store, const char *channel, struct err *err);

#endif
