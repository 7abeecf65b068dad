/* backoff: when to try again. Pure; the jitter comes from the message's id, so a run can be repeated. */
#ifndef DEADLINED_REMIND_BACKOFF_H
#define DEADLINED_REMIND_BACKOFF_H

#include <stdint.h>

/* Why another try is needed: sets the first pause and the longest one. */
enum backoff_cause {
	BACKOFF_REFUSED,     /* the peer said "not now": 5 min .. 4 h, as mail servers expect (RFC 5321 4.5.4.1) */
	BACKOFF_UNREACHABLE, /* no peer to talk to: 30 s .. 30 min, so that a restarted server is soon used again */
	BACKOFF_UNKNOWN,     /* the reply was lost, it may have been accepted: 30 min .. 4 h */
};

/* Instant of the next try after failure number failures (from 1): the pause doubles with each, with up to 20 % of
 * jitter either way. */
int64_t backoff_next(enum backoff_cause cause, int64_t failures, int64_t now_utc, int64_t id);

/* When a peer asked to wait: at least 1 s, at most a day. */
int64_t backoff_asked(int64_t retry_after_s, int64_t now_utc);

#endif
