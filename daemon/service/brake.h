/* brake: the limits on messages an hour that keep a mistake from becoming a hundred thousand mails: to one person, on
 * one channel, in all.
 *
 * What starts is counted, and given back when it turns out that nothing of it left: a server that asks for a pause
 * again and again trips nothing. The hour slides: what was sent in the last clock hour counts less and less as this one
 * goes on. When a limit is reached and more is ready, the brake trips: that scope stops, over restarts and the hour's
 * end, until the operator releases it with "deadlinectl brake resume". Counts and trips live in the database
 * (store_brake.h), here are only the limits. */
#ifndef DEADLINED_SERVICE_BRAKE_H
#define DEADLINED_SERVICE_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "store/store_brake.h"

/* A limit that was passed while the brakes were lifted. */
struct brake_excess {
	enum store_scope scope;
	char name[PERSON_ID_MAX * 4 + 1];
	int64_t at_utc; /* when it was passed first */
	int64_t peak;   /* the most messages in any sliding hour */
	int64_t limit;
};
enum {
	BRAKE_EXCESSES_MAX = 32,
	BRAKE_COUNT_MAX = 10000, /* how far what waits is counted while the loop stands still */
};

struct brake {
	int64_t limits[STORE_SCOPE_MAX];
	int64_t pruned_hour; /* counts of earlier hours have been forgotten */

	struct store_brake *counted; /* of all and of channels: read in this transaction, not written yet */
	size_t n_counted, size_counted;

	bool is_lifted; /* it counts and holds nothing back: a rehearsal */
	struct brake_excess *excesses;
	size_t n_excesses; /* those after the first BRAKE_EXCESSES_MAX are not kept */
};

/* The limit of a scope, and the key of [limits] that sets it. */
int64_t brake_limit(const struct conf *conf, enum store_scope scope);
const char *brake_limit_key(enum store_scope scope);

void brake_set_limits(struct brake *brake, const struct conf *conf);
void brake_done(struct brake *brake);

/* How many messages were started in the hour that ends now. */
int64_t brake_sent(const struct store_brake *row, int64_t now_utc);

/* What keeps a message from starting. */
struct brake_stop {
	struct store_brake row;
	bool is_new; /* it has tripped by this message, and had not before */
};

/* A message is about to start: counts it, or trips a brake. *ret_may: whether it may; *ret_stop: when not, the brake
 * that holds it. Runs inside the transaction that claims the message; what it counts, brake_write() writes. Errors:
 * those of the store. */
MUSTCHECK int brake_take(struct brake *brake, struct store *store, const char *channel, const char *person,
			 int64_t now_utc, bool *ret_may, struct brake_stop *ret_stop, struct err *err);

/* Writes what was counted since the transaction began: the last thing in it that concerns brakes. */
MUSTCHECK int brake_write(struct brake *brake, struct store *store, struct err *err);
/* The transaction was rolled back: nothing was counted in it. */
void brake_forget(struct brake *brake);

/* "all messages", "channel email", "person anna". Returns owned. */
char *brake_describe(enum store_scope scope, const char *name);

/* What the operator is told when it trips; waiting: how many messages it holds back; is_last: no further one of its
 * scope is told by a message. Returns owned. */
char *brake_notice(const struct brake *brake, const struct store_brake *row, int64_t waiting, bool is_last);

/* Logs what would have tripped while the brakes were lifted. */
void brake_report(const struct brake *brake);

#endif
