/* store_turn: messages of which another channel is to be tried when theirs does not get them sent. */
#ifndef DEADLINED_STORE_STORE_TURN_H
#define DEADLINED_STORE_STORE_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_message.h"

/* What became of a step on a channel. */
enum store_fate {
	STORE_FATE_NONE, /* it was never there */
	STORE_FATE_HERE, /* it waits there, or was told there, or dropped for a reason that holds elsewhere too */
	STORE_FATE_GONE, /* it was not told there, and another channel may: its turn was over, the address is no more */
	STORE_FATE_DEAD, /* likewise, because it was refused there */
};
MUSTCHECK int store_turn_fate(struct store *store, const struct store_reminder *reminder, const char *person,
			      const char *channel, enum store_fate *ret_fate, struct err *err);
/* Whether it is here on any channel, for the person or for whoever stands in. */
MUSTCHECK int store_turn_is_here(struct store *store, int64_t task, const char *occurrence, const char *step,
				 const char *person, bool *ret_is_here, struct err *err);

/* The message has the turn until then at most; an earlier end stays. */
MUSTCHECK int store_turn_sooner(struct store *store, int64_t message, int64_t until_utc, struct err *err);
/* The message has the turn until then; -1: for good. */
MUSTCHECK int store_turn_set(struct store *store, int64_t message, int64_t until_utc, struct err *err);

/* Up to max ids of waiting messages whose turn is over, the longest over first; nothing that is in flight. */
MUSTCHECK int store_turn_due(struct store *store, int64_t now_utc, int64_t *ret_ids, size_t max, size_t *ret_n,
			     struct err *err);
/* Every message that is not settled and has a turn that ends, by id. The caller frees the array. */
MUSTCHECK int store_turn_all(struct store *store, int64_t **ret_ids, size_t *ret_n, struct err *err);
/* Brings every end of a turn that lies after latest_utc back to five minutes after now_utc, or after the message is due
 * if that is later: the clock was set back. */
MUSTCHECK int store_turn_clamp(struct store *store, int64_t latest_utc, int64_t now_utc, struct err *err);
/* When the first turn is over, STORE_NEVER when there is none. */
MUSTCHECK int store_turn_next(struct store *store, int64_t *ret_utc, struct err *err);

/* A reminder that is to be told, with the policy of its task. */
struct store_turn_reminder {
	struct store_reminder reminder; /* without task_uid */
	char *policy;
};
struct store_turn {
	int64_t id;
	char *person, *channel, *kind;
	enum message_state state;
	int64_t due_utc;
	int64_t until_utc; /* -1: it has no other channel */
	bool is_urgent;
	bool is_braked;                        /* a brake holds it back */
	struct store_turn_reminder *reminders; /* those not dropped */
	size_t n_reminders;
};
void store_turn_done(struct store_turn *turn);
/* Errors: -ENOENT. */
MUSTCHECK int store_turn_load(struct store *store, int64_t message, struct store_turn *ret_turn, struct err *err);

/* Drops a reminder of a message that waits; the last one takes the message with it. */
MUSTCHECK int store_turn_drop(struct store *store, const struct store_reminder *reminder, const char *person,
			      const char *channel, const char *reason, struct err *err);

#endif
