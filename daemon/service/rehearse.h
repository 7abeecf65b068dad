/* rehearse: the live code on a virtual clock and on a copy of the database in memory: every message that would be sent
 * in a span of time, without sending one or changing a byte. `deadlined --rehearse` and `deadlinectl plan` both come
 * here.
 *
 * A span that begins on a past day is rehearsed as if it began now: with the plan as it stands, an empty outbox and
 * every earlier step behind it. Any other goes on from today's outbox, and nothing before now is told. Each channel is
 * replaced by one that notes the message and accepts it; with deliver, local channels get it for real. No brake cuts it
 * off: what would trip is logged at the end. */
#ifndef DEADLINED_SERVICE_REHEARSE_H
#define DEADLINED_SERVICE_REHEARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "plan/civil.h"
#include "service/brake.h"
#include "service/setup.h"
#include "store/store.h"

/* What would become of a reminder. Texts are borrowed for the call. */
struct rehearse_row {
	int64_t at_utc;                       /* when it leaves; when it was due, for one that is dropped */
	const char *zone;                     /* the recipient's */
	const char *task, *occurrence, *step; /* task and occurrence "" for a digest */
	const char *person, *channel;
	const char *deputy_for; /* the absent person it is meant for, "" when it is for the recipient */
	const char *language;   /* of the message; of the person for one that is dropped */
	const char *state;      /* "planned", "held" or "dropped" */
	const char *reason;     /* why it is held or dropped, "" for "planned" */
};
typedef void (*rehearse_row_cb)(void *arg, const struct rehearse_row *row);

struct rehearse_span {
	struct civil from, to; /* days, both included, in the configured zone */
	int64_t now_utc;
	bool is_watched; /* a daemon works with the database: all that was due by now has been planned */
	bool deliver;
	FILE *progress; /* may be NULL */
};

/* Rehearses the span and calls each for every reminder and digest in it, by instant. *ret_messages: how many messages.
 * store: a STORE_MEMORY one, borrowed. setup is taken. Errors: those of the store. */
MUSTCHECK int rehearse(struct store *store, struct setup *setup, const struct rehearse_span *span, rehearse_row_cb each,
		       void *arg, int64_t *ret_messages, struct err *err);

/* What leaves until an instant, against the limits of the brakes. */
struct rehearse_volume {
	struct brake_excess *excesses; /* owned: where a limit would be passed, the first first */
	size_t n_excesses;
	bool is_cut; /* it took too long: what comes later is not known */
};
/* Counts what would be sent from now to until, without writing a message, for about max_ms of the clock; soon after a
 * limit is passed it ends. The caller frees the excesses. store and setup as above. Errors: those of the store. */
MUSTCHECK int rehearse_volume(struct store *store, struct setup *setup, int64_t now_utc, int64_t until_utc,
			      const struct clock *clock, int64_t max_ms, struct rehearse_volume *ret_volume,
			      struct err *err);

#endif
