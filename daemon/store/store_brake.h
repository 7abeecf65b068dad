/* store_brake: how many sends were started in an hour, by scope, and which scope is stopped since when. One of which
 * certainly nothing left counts no more.
 *
 * The table is the only truth: it is read and written in the transaction that claims, so a pass that fails leaves no
 * trace, and a resume by another process counts from the next pass on. What a stopped scope holds back is left out by
 * store_message_ready() and store_message_next(); notices to the operator and tests are never held back. */
#ifndef DEADLINED_STORE_STORE_BRAKE_H
#define DEADLINED_STORE_STORE_BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/person.h"
#include "store/store.h"

/* Whose messages are counted: everybody's, those of a channel, those to a person. */
enum store_scope { STORE_SCOPE_ALL, STORE_SCOPE_CHANNEL, STORE_SCOPE_PERSON, STORE_SCOPE_MAX };

/* "all", "channel", "person": as in the schema's CHECK */
const char *store_scope_name(enum store_scope scope);
bool store_scope_find(const char *name, enum store_scope *ret_scope);

struct store_brake {
	enum store_scope scope;
	char name[PERSON_ID_MAX * 4 + 1]; /* of the channel or the person, "" for all */
	int64_t hour;                     /* UTC seconds / 3600 */
	int64_t count, count_before;      /* sends started in that hour, and in the one before */
	int64_t tripped_utc;              /* stopped since then; STORE_NEVER: it is not */
};

/* Counts of zero when there is no row. */
MUSTCHECK int store_brake_load(struct store *store, enum store_scope scope, const char *name,
			       struct store_brake *ret_brake, struct err *err);
MUSTCHECK int store_brake_save(struct store *store, const struct store_brake *brake, struct err *err);
/* Nothing left of the last attempt for a message: in the hour in which it was counted it counts no more. A brake that
 * has tripped meanwhile stays so, and rows read before are not valid any more. */
MUSTCHECK int store_brake_give_back(struct store *store, int64_t message, struct err *err);
/* Releases it: the scope goes on, and its count begins anew. With all, so do those of the channels: one that had as
 * much to send would otherwise stop at once. */
MUSTCHECK int store_brake_remove(struct store *store, enum store_scope scope, const char *name, struct err *err);
/* Releases every brake, and forgets all counts. */
MUSTCHECK int store_brake_remove_all(struct store *store, struct err *err);
/* Forgets counts of hours before that one. */
MUSTCHECK int store_brake_prune(struct store *store, int64_t hour, struct err *err);

/* Calls each for every row, by scope and name; borrowed. Stops at its first negative result and returns it. */
typedef int (*store_brake_cb)(void *arg, const struct store_brake *brake);
MUSTCHECK int store_brake_each(struct store *store, store_brake_cb each, void *arg, struct err *err);

/* How many brakes of a scope hold. */
MUSTCHECK int store_brake_count(struct store *store, enum store_scope scope, int64_t *ret_n, struct err *err);

/* How many messages of a scope are ready and would be held back if it was stopped; counting ends at max. */
MUSTCHECK int store_brake_waiting(struct store *store, enum store_scope scope, const char *name, int64_t now_utc,
				  int64_t max, int64_t *ret_n, struct err *err);
/* Up to max ids of them. */
MUSTCHECK int store_brake_ids(struct store *store, enum store_scope scope, const char *name, int64_t now_utc,
			      int64_t *ret_ids, size_t max, size_t *ret_n, struct err *err);

/* Which steps of which policies were sent most in (from_utc, to_utc], or wait to be: calls each for up to max of them,
 * the greatest number first; "" for what is of no task. Stops at its first negative result and returns it. */
typedef int (*store_cause_cb)(void *arg, const char *policy, const char *step, int64_t n);
MUSTCHECK int store_brake_causes(struct store *store, enum store_scope scope, const char *name, int64_t from_utc,
				 int64_t to_utc, int max, store_cause_cb each, void *arg, struct err *err);

/* What the brakes that hold leave of a channel's messages. */
enum store_free {
	STORE_FREE_ALL,     /* everything: no brake holds */
	STORE_FREE_PEOPLE,  /* all but what goes to people whose brake holds */
	STORE_FREE_NOTICES, /* nothing but notices and tests */
};
MUSTCHECK int store_brake_free(struct store *store, const char *channel, enum store_free *ret_free, struct err *err);

#endif
