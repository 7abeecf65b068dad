/* suspend: what becomes of an address. One that refuses every message is left in peace, and the operator hears of it:
 * mail servers take who goes on for a spammer, and the person is not reached anyway. */
#ifndef DEADLINED_REMIND_SUSPEND_H
#define DEADLINED_REMIND_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

#include "remind/planner.h"
#include "store/store.h"

enum { SUSPEND_AFTER = 3 }; /* messages in a row that the recipient's side refused for good */

/* Notes that a message was refused for good because of its recipient, with reply in the server's words. The operator
 * hears of the first in a row; the SUSPEND_AFTER-th suspends the address. Runs inside the caller's transaction. Errors:
 * those of the store. */
MUSTCHECK int suspend_refused(const struct planner *planner, struct store *store, int64_t message, const char *reply,
			      int64_t now_utc, struct err *err);

/* So many different addresses of a channel were refused for good in a row that the channel may be at fault: this
 * refusal, with reply in the server's words, counts for no address, and the operator hears of it once a day. Runs
 * inside the caller's transaction. Errors: those of the store. */
MUSTCHECK int suspend_none(const struct planner *planner, struct store *store, const char *channel, int n_addresses,
			   const char *reply, int64_t now_utc, struct err *err);

/* The other side says by itself that nothing reaches the person there any more (they have blocked the bot): suspends
 * the address at once, and tells the operator. Runs inside the caller's transaction. Errors: those of the store. */
MUSTCHECK int suspend_gone(const struct planner *planner, struct store *store, const char *person, const char *channel,
			   const char *why, int64_t now_utc, struct err *err);

/* The service names the address that has taken the place of the one the message went to, as when a chat becomes
 * another: it is written down, with a line in the ledger. *ret_has_moved: the message may go there at once; false when
 * the address is no new one, or was followed often enough, so that the message has been refused like any other. */
enum { SUSPEND_MOVES_MAX = 3 }; /* new addresses that one message follows */
MUSTCHECK int suspend_moved(struct store *store, int64_t message, const char *address, int64_t now_utc,
			    bool *ret_has_moved, struct err *err);

#endif
