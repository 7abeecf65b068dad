/* turn: of the channels on which somebody may be told, which one has its turn.
 *
 * Happy path: post.h gives a message to the first channel of the order on which the person can be reached, and it is
 * sent. It goes to the next one when it dies there, when the address is suspended or taken away, or when it is not sent
 * within the span of the order: what waits on the first is dropped in the same transaction, so that it is never on two
 * at once. What is in flight stays where it is until it comes back; what was accepted stays for good; after the last
 * channel nothing more follows. What a brake holds back is the operator's and does not turn; and when it is this
 * process that was late, the channel is given another chance first. */
#ifndef DEADLINED_REMIND_TURN_H
#define DEADLINED_REMIND_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remind/order.h"
#include "remind/planner.h"

/* The first channel in the order, from its place `from` on, on which the person can be reached; NULL: there is none. */
const struct planner_channel *turn_find(const struct planner *planner, const struct order *order, size_t from,
					const struct person *person);

/* All of these run inside the caller's transaction and return the errors of the store. */

/* Turns what is due to, up to TURN_BATCH messages. *ret_n: how many it looked at; TURN_BATCH means there may be
 * more. */
enum { TURN_BATCH = 256 };
MUSTCHECK int turn_due(const struct planner *planner, struct store *store, int64_t now_utc, size_t *ret_n,
		       struct err *err);

/* A message has died: what it was to say is said by the next channel, where it has one. */
MUSTCHECK int turn_dead(const struct planner *planner, struct store *store, int64_t message, int64_t now_utc,
			struct err *err);

/* What will become of a message that is not settled yet. */
struct turn_ahead {
	struct strlist channels; /* to which it turns; empty: it does not */
	int64_t at_utc;          /* not before then, as long as it is not sent; in the past: at once */
	bool is_braked;          /* not before the brake that holds it back lets go */
};
/* task: only where its reminders go; 0: all of the message. Of planner, only policies and channels are needed. The
 * caller frees it with turn_ahead_done(). */
MUSTCHECK int turn_look(const struct planner *planner, struct store *store, int64_t message, int64_t task,
			struct turn_ahead *ret_ahead, struct err *err);
void turn_ahead_done(struct turn_ahead *ahead);

#endif
