/* store_lost: what a damaged database still knows that a copy of it, made before, does not. */
#ifndef DEADLINED_STORE_STORE_LOST_H
#define DEADLINED_STORE_STORE_LOST_H

#include <stdint.h>

#include "store/store.h"

/* A message that was sent after the copy was made, or whose sending the copy does not know of: it may be sent again.
 * Texts are borrowed for the call. */
struct store_lost_message {
	int64_t id, at_utc;
	const char *person, *channel;
	const char *tasks; /* uids, comma-separated; "" when it is of none */
};
/* A line of the ledger that the copy lacks. */
struct store_lost_edit {
	int64_t at_utc; /* STORE_NEVER: not known */
	const char *who, *action, *task, *person, *detail;
};

struct store_lost_view {
	void (*on_message)(void *arg, const struct store_lost_message *message);
	void (*on_edit)(void *arg, const struct store_lost_edit *edit);
	void *arg;
};

/* Compares the two files row by row, messages first, the latest last. *ret_n_unreadable: rows that may be among them
 * and cannot be read any more. Errors: the damaged file cannot be read at all, or the copy cannot. */
MUSTCHECK int store_lost(const char *damaged, const char *copy, const struct store_lost_view *view,
			 int64_t *ret_n_unreadable, struct err *err);

/* The highest sequence of a task in the damaged file, -1 when that cannot be read. */
int64_t store_lost_sequence(const char *damaged);
/* A copy does not know which sequences calendars have seen since: raises those of all tasks above that one, or, when it
 * is -1, above what they can have been. */
MUSTCHECK int store_lost_raise(struct store *store, int64_t sequence, struct err *err);

#endif
