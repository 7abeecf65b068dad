/* store_channel: what the daemon must not forget of a channel when it ends: the pause its server asked for, when it
 * last worked, what went wrong last and since when, and how long its server's certificate lasts. */
#ifndef DEADLINED_STORE_STORE_CHANNEL_H
#define DEADLINED_STORE_STORE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strlist.h"
#include "store/store.h"

struct store_channel {
	int64_t paused_until_utc;  /* because its server asked for it; 0 = it did not. Below, 0 = never, or not known */
	int64_t sent_utc;          /* last message accepted, to the minute */
	int64_t failed_utc;        /* last failure of the server, to the minute */
	char *failure;             /* what it said then; "" when it never failed */
	int64_t failing_since_utc; /* first failure since it last accepted a message */
	int64_t unheard_since_utc; /* what people write is not to be had since then */
	char *unheard_reason;      /* as its server, or we, said last; "" when it is */
	int64_t certificate_until_utc;
};

void store_channel_done(struct store_channel *channel);

/* All zero for a channel of which nothing is known. The caller frees it with store_channel_done(). */
MUSTCHECK int store_channel_load(struct store *store, const char *name, struct store_channel *ret_channel,
				 struct err *err);

/* The server accepted a message: it works. A pause stays that is not over, unless it lies more than a day ahead.
 * Written once a minute at most. */
MUSTCHECK int store_channel_note_sent(struct store *store, const char *name, int64_t now_utc, struct err *err);
/* The server failed, in its words or ours. Written once a minute at most, unless the words change. is_failing is false
 * for one that works and only asks for a pause, or refuses one message. */
MUSTCHECK int store_channel_note_failure(struct store *store, const char *name, const char *failure, bool is_failing,
					 int64_t now_utc, struct err *err);
/* The server does not tell what people write, in its words or ours, and has not since then. Written when it is new, or
 * the words change; the instant that is known already stays. */
MUSTCHECK int store_channel_note_unheard(struct store *store, const char *name, int64_t since_utc, const char *reason,
					 struct err *err);
/* The server tells it again. */
MUSTCHECK int store_channel_note_heard(struct store *store, const char *name, struct err *err);
/* The longer of two pauses counts, but for one that lies more than a day further ahead: the clock was wrong then. */
MUSTCHECK int store_channel_note_pause(struct store *store, const char *name, int64_t until_utc, struct err *err);
/* The clock was set back by so much: every pause lasts as long as it would have without that. */
MUSTCHECK int store_channel_shift_pauses(struct store *store, int64_t back_s, struct err *err);
/* Written when it differs from what is known. */
MUSTCHECK int store_channel_note_certificate(struct store *store, const char *name, int64_t until_utc, struct err *err);

/* Names of the channels that have messages waiting, sorted; the caller frees the list. */
MUSTCHECK int store_channel_waiting(struct store *store, struct strlist *ret_names, struct err *err);

#endif
