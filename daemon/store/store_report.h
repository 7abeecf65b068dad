/* store_report: what a look at the whole outbox shows: the plan and the counts. */
#ifndef DEADLINED_STORE_STORE_REPORT_H
#define DEADLINED_STORE_STORE_REPORT_H

#include <stdint.h>

#include "store/store_message.h"

/* What became of a planned reminder, or of a digest, which has no task. Texts are borrowed for the call. */
struct store_plan_row {
	int64_t message; /* 0 = none */
	int64_t due_utc, not_before;
	const char *task, *occurrence, *step; /* "" for a digest; its step is "digest" */
	const char *person, *channel;
	const char *held, *dropped; /* NULL, or why */
	const char *deputy_for;     /* NULL, or for whom */
	enum message_state state;   /* of the message; MESSAGE_CANCELLED when there is none */
	const char *reason;         /* of the message's state; NULL when there is none */
};
/* Calls each for every reminder and digest, by instant. Stops at its first negative result and returns it. */
typedef int (*store_plan_cb)(void *arg, const struct store_plan_row *row);
MUSTCHECK int store_plan_each(struct store *store, store_plan_cb each, void *arg, struct err *err);

struct store_counts {
	int64_t n[MESSAGE_STATE_MAX];
	int64_t oldest_unsent_due_utc; /* STORE_NEVER when everything due was sent */
	int64_t next_wake_utc;         /* next step or next try; STORE_NEVER when there is none */
};
/* Costs a few look-ups however long the queue is. */
MUSTCHECK int store_count(struct store *store, struct store_counts *ret_counts, struct err *err);

/* Messages that are dead: refused for good, or their fate unknown. */
struct store_died {
	int64_t n;
	char *person, *channel, *reply; /* of the first of them; owned, NULL when there is none */
};
/* Those whose last attempt began after since_utc, along an index. */
MUSTCHECK int store_died_load(struct store *store, int64_t since_utc, struct store_died *ret_died, struct err *err);
void store_died_done(struct store_died *died);

/* Steps that found no address for their reader, or none in use. */
struct store_unreached {
	int64_t n;
	char *task, *person, *reason; /* of the latest: uid, id and "no address", say; owned, NULL when there is none */
};
/* Those that were due after since_utc, along an index. */
MUSTCHECK int store_unreached_load(struct store *store, int64_t since_utc, struct store_unreached *ret_unreached,
				   struct err *err);
void store_unreached_done(struct store_unreached *unreached);

/* Open tasks that the planner has put aside until they are corrected. */
struct store_unplanned {
	int64_t n;
	char *task, *problem; /* of the first: its uid, and why; owned, NULL when there is none */
};
MUSTCHECK int store_unplanned_load(struct store *store, struct store_unplanned *ret_unplanned, struct err *err);
void store_unplanned_done(struct store_unplanned *unplanned);

#endif
