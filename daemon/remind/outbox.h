/* outbox: the delivery state machine. What was planned is sent at least once, or ends with a reason; see outbox.c. */
#ifndef DEADLINED_REMIND_OUTBOX_H
#define DEADLINED_REMIND_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_message.h"

enum outbox_event {
	OUTBOX_CLAIM,
	OUTBOX_ACCEPTED,
	OUTBOX_TEMPORARY,
	OUTBOX_THROTTLED,
	OUTBOX_PERMANENT,
	OUTBOX_UNKNOWN,
	OUTBOX_RECOVER,    /* found 'sending' at start: the process died */
	OUTBOX_QUARANTINE, /* so for the second time, and it was in flight alone */
	OUTBOX_RELEASE,
	OUTBOX_EMPTY,  /* every reminder in it was dropped */
	OUTBOX_EXPIRE, /* too late to be of use, or tried in vain for too long */
	OUTBOX_PURGE,
	OUTBOX_DROP,
	OUTBOX_EVENT_MAX
};

const char *outbox_event_name(enum outbox_event event);

/* The table: false when the event is not allowed in that state. */
bool outbox_next_state(enum message_state state, enum outbox_event event, enum message_state *ret_next);

/* What became of an attempt. Texts are borrowed. */
struct outbox_result {
	enum outbox_event event; /* OUTBOX_ACCEPTED .. OUTBOX_UNKNOWN */
	bool is_unreachable;     /* for OUTBOX_TEMPORARY: there was no peer to refuse it */
	bool is_empty;           /* for OUTBOX_TEMPORARY: nothing is left to say, so there is no other try */
	int64_t retry_after_s;   /* for OUTBOX_THROTTLED; 0 = nobody said how long */
	int code;
	const char *reply;
};

/* All of these run inside the caller's transaction and return the errors of the store. */

/* At start, before anything is claimed: every message in flight when the process died is tried again, the same
 * Message-ID; at once the first time, later and later when the process dies again. Any of them may be what it died of
 * when was_crash says that it died of a fault of its own; killed from outside, none is, but one that was in flight
 * three times. They are suspect, to be sent one at a time with outbox_claim_suspect(); the one with which it dies again
 * is held. is_same_boot: the machine has not been restarted since; if it was, nothing is suspected. */
struct outbox_recovery {
	size_t n;            /* messages that were in flight */
	int64_t quarantined; /* the one that is held now; 0 = none */
};
MUSTCHECK int outbox_recover(struct store *store, bool is_same_boot, bool was_crash, int64_t now_utc,
			     struct outbox_recovery *ret_recovery, struct err *err);

/* Ends pending messages that were due before cutoff_utc. *ret_n: how many; OUTBOX_BATCH means there may be more.
 * *ret_n_tried: of these, those that were attempted, without notices. */
enum { OUTBOX_BATCH = 256 };
MUSTCHECK int outbox_expire(struct store *store, int64_t cutoff_utc, size_t *ret_n, size_t *ret_n_tried,
			    struct err *err);

/* Says from when on a person who keeps hours may be written to; at most now_utc = now. */
typedef int (*outbox_open_cb)(void *arg, const char *person, int64_t now_utc, int64_t *ret_open_utc, struct err *err);
/* Whether a message may start; asked last, of those that otherwise would. Those that were let through before it are
 * written together at the end: who looks at other messages, or changes them, calls outbox_claim_write() first. */
struct outbox_claiming;
typedef int (*outbox_may_cb)(void *arg, struct outbox_claiming *before, const struct store_peek *message,
			     int64_t now_utc, bool *ret_may, struct err *err);
MUSTCHECK int outbox_claim_write(struct outbox_claiming *claiming, struct err *err);
/* What a claim asks of each message; each may be NULL. */
struct outbox_rules {
	outbox_open_cb open;
	outbox_may_cb may;
};

/* Claims up to max ready messages of a channel: state 'sending', one attempt more. Messages whose reminders were all
 * dropped are cancelled instead; one that comes later than planned, as a retry does, and would now disturb its reader,
 * is postponed until open says they may be written to; one that may not start stays as may left it. A message may be
 * handed to its channel only after the commit. */
MUSTCHECK int outbox_claim(struct store *store, const char *channel, int64_t now_utc, size_t max,
			   const struct outbox_rules *rules, void *arg, int64_t *ret_ids, size_t *ret_n,
			   struct err *err);

/* The same for one suspect message, to be called when nothing is in flight on any channel and nothing else is
 * claimed. */
MUSTCHECK int outbox_claim_suspect(struct store *store, const char *channel, int64_t now_utc,
				   const struct outbox_rules *rules, void *arg, int64_t *ret_ids, size_t *ret_n,
				   struct err *err);

/* The operator lets a held message go, at once. *ret_released is false when it is not held. */
MUSTCHECK int outbox_release(struct store *store, int64_t id, int64_t now_utc, bool *ret_released, struct err *err);

/* The operator gives a held message up. *ret_dropped is false when it is not held. */
MUSTCHECK int outbox_drop(struct store *store, int64_t id, bool *ret_dropped, struct err *err);
/* The operator cancels a message that waits, for that reason. *ret_purged is false when it does not wait any more. */
MUSTCHECK int outbox_purge(struct store *store, int64_t id, const char *reason, bool *ret_purged, struct err *err);

/* A message that waits, or is held, is said by another one instead: it has nothing left to say. *ret_moved is false
 * when it is not in that state any more. */
MUSTCHECK int outbox_give_way(struct store *store, int64_t id, enum message_state state, const char *reason,
			      bool *ret_moved, struct err *err);

/* Writes the result of an attempt and decides what comes next. *ret_state: where the message is now; *ret_next_utc: its
 * next try when that is pending. A message that is no longer 'sending' is left alone; one that somebody deleted counts
 * as cancelled. */
MUSTCHECK int outbox_settle(struct store *store, int64_t id, const struct outbox_result *result, int64_t now_utc,
			    enum message_state *ret_state, int64_t *ret_next_utc, struct err *err);

#endif
