/* suspend: an address that refuses every message is left in peace, and the operator hears of it: mail servers take who goes
 * on for a spammer, and the person is not reached anyway. */
#ifndef DEADLINED_REMIND_SUSPEND_H
#define DEADLINED_REMIND_SUSPEND_H

#include <stdint.h>

#include "remind/planner.h"
#include "store/store.h"

enum { SUSPEND_AFTER = 3 }; /* messages in a row that the recipient's side refused for good */

/* Notes that a message was refused for good because of its recipient, with reply in the server's words, and suspends the
 * address when it was the SUSPEND_AFTER-th in a row. Runs inside the caller's transaction. Errors: those of the store. */
MUSTCHECK int suspend_refused(const struct planner *planner, struct store *store, int64_t message, const char *reply,
			      int64_t now_utc, struct err *err);

/* The other side says by itself that nothing reaches the person there any more (they have blocked the bot): suspends the
 * address at once, and tells the operator. Runs inside the caller's transaction. Errors: those of the store. */
MUSTCHECK int suspend_gone(const struct planner *planner, struct store *store, const char *person, const char *channel,
			   const char *why, int64_t now_utc, struct err *err);

#endif
