/* store_suspension: addresses that refuse every message, and are left in peace until they change. */
#ifndef DEADLINED_STORE_STORE_SUSPENSION_H
#define DEADLINED_STORE_STORE_SUSPENSION_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* Counts that the message was refused for good by its recipient. *ret_refusals: how many there are in a row now; 0 when
 * its address was taken away meanwhile. */
MUSTCHECK int store_suspension_refused(struct store *store, int64_t message, int64_t *ret_refusals, struct err *err);
/* How many addresses have refused the last message to them. */
MUSTCHECK int store_suspension_count(struct store *store, int64_t *ret_n, struct err *err);
/* The message was accepted: the count begins anew. */
MUSTCHECK int store_suspension_accepted(struct store *store, int64_t message, struct err *err);

/* Sends nothing more to that address, for a reason in words; what waits for it goes to the next channel, where it has
 * one (see store_turn.h), and is dropped where it has not. *ret_is_new is false when it was suspended already, or is
 * not there. */
MUSTCHECK int store_suspension_begin(struct store *store, const char *person, const char *channel, const char *reason,
				     int64_t now_utc, bool *ret_is_new, struct err *err);
/* Uses a person's addresses again, on one channel or, with NULL, on all; what was dropped and is not too late is
 * planned anew. *ret_n: how many were suspended. */
MUSTCHECK int store_suspension_end(struct store *store, const char *person, const char *channel, int64_t *ret_n,
				   struct err *err);

/* A suspended address. Texts are borrowed for the call. */
struct store_suspension {
	const char *person, *name, *channel, *reason;
	int64_t since_utc; /* 0 = not known */
	bool is_reached;   /* the person has another address, which is in use */
};
/* Calls each for every one, by person and channel; stops at its first negative result and returns it. */
typedef int (*store_suspension_cb)(void *arg, const struct store_suspension *row);
MUSTCHECK int store_suspension_each(struct store *store, store_suspension_cb each, void *arg, struct err *err);
/* The same for those of people who take part in open tasks that this person answers for. */
MUSTCHECK int store_suspension_each_near(struct store *store, const char *person, store_suspension_cb each, void *arg,
					 struct err *err);

#endif
