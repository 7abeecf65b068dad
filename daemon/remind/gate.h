/* gate: whether a channel may send now: the rate its administrator allows, and the pause after its server failed.
 *
 * A server that fails is asked by one message at a time, ever more slowly, until it accepts one; so an outage of days
 * costs a few connections and not one per waiting message. Pure: instants come from the caller. */
#ifndef DEADLINED_REMIND_GATE_H
#define DEADLINED_REMIND_GATE_H

#include <stdint.h>

struct gate {
	int64_t rate_count, rate_per_s; /* rate_count messages in rate_per_s seconds; 0 = no limit */
	int64_t tokens;                 /* allowance saved up */
	int64_t filled_mono_ms;
	int64_t failures;         /* of the server, in a row */
	int64_t asked_until_utc;  /* the server asked not to be asked before; nothing but time ends that */
	int64_t failed_until_utc; /* our own pause after it failed; its next success ends that */
};

/* rate_count 0 = no limit. Only a tenth of rate_count, or one message, may start at once after a rest; so no period
 * sees more than the rate and a tenth. Rates a second are the exception: passes may be a second apart, so a whole
 * second's messages may start at once, and a second that begins with a rest may see twice as many. */
void gate_init(struct gate *gate, int64_t rate_count, int64_t rate_per_s, int64_t now_mono_ms);
/* After gate_init(), for a channel that takes the place of another: what it has used up of an unchanged rate, and a
 * pause that the server asked for. Our own pause is over: what failed may just have been corrected. */
void gate_inherit(struct gate *gate, const struct gate *old);

/* How many of wanted messages may start now. */
unsigned gate_allow(struct gate *gate, unsigned wanted, unsigned in_flight, int64_t now_utc, int64_t now_mono_ms);
/* Takes the allowance of n messages that are started. */
void gate_take(struct gate *gate, unsigned n);
/* Undoes gate_take() for messages that were not started after all. */
void gate_give_back(struct gate *gate, unsigned n);

/* The server accepted a message: it works again. That may have been under way when it asked for a pause, which
 * stays. */
void gate_succeeded(struct gate *gate);
/* The server failed: no message until the returned instant. id seeds the jitter. */
int64_t gate_failed(struct gate *gate, int64_t now_utc, int64_t id);
/* The server asked for a pause. */
void gate_pause(struct gate *gate, int64_t until_utc);

/* The clock was set back by so much, forward if negative: a pause lasts as long as it would have without that. */
void gate_follow_clock(struct gate *gate, int64_t back_s);

/* Earliest instant at which gate_allow() may give more than now. now_utc when it is open. */
int64_t gate_next_utc(const struct gate *gate, int64_t now_utc);

#endif
