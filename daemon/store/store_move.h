/* store_move: how a message passes from one state to the next, and what is written of the attempt to send it. Which
 * state may follow which is decided in remind/outbox.c alone. */
#ifndef DEADLINED_STORE_STORE_MOVE_H
#define DEADLINED_STORE_STORE_MOVE_H

#include <stddef.h>
#include <stdint.h>

#include "store/store_message.h"

/* Writes a move of the state machine, the same for n messages: together they cost two thirds. Every other field but
 * reason stays when it is negative or NULL. *ret_n: how many of them there were in state from. */
struct store_move {
	enum message_state from, to;
	const char *reason;     /* NULL clears it */
	const char *last_reply; /* NULL keeps it */
	int64_t not_before;     /* -1 keeps it */
	int suspect;            /* 1 sets it, -1 clears it, 0 keeps it */
	int add_attempts, add_uncertain, add_crashes;
};
MUSTCHECK int store_message_move(struct store *store, const int64_t *ids, size_t n, const struct store_move *move,
				 size_t *ret_n, struct err *err);

/* The message leaves without the reminders that were dropped before: they are not in it any more. */
MUSTCHECK int store_message_leave_dropped(struct store *store, int64_t id, struct err *err);
/* The reader may have it: tasks that were moved or cancelled while it was in flight are looked at again, for the reader
 * to hear of it. */
MUSTCHECK int store_message_look_again(struct store *store, int64_t id, struct err *err);
/* The peer took it with the reminders that were dropped while it was in flight: they count as told, and likewise. */
MUSTCHECK int store_message_told_dropped(struct store *store, int64_t id, struct err *err);

/* Writes the start of an attempt, numbered on from the last one. */
MUSTCHECK int store_attempt_start(struct store *store, int64_t message, int64_t now_utc, struct err *err);
/* All of them, those as well that do not count among the attempts of the message. */
MUSTCHECK int store_attempt_count(struct store *store, int64_t message, int64_t *ret_n, struct err *err);
/* Writes how the attempt that has no outcome yet ended. */
MUSTCHECK int store_attempt_end(struct store *store, int64_t message, const char *outcome, int64_t code,
				const char *reply, struct err *err);

#endif
