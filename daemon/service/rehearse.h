/* rehearse: the live code on a virtual clock and on a copy of the database in memory: every message that would be sent
 * between two days, without sending one or changing a byte.
 *
 * The rehearsal begins with the plan as it stands, an empty outbox and every earlier step behind it. Each channel is
 * replaced by one that notes the message and accepts it; with deliver, local channels get it for real. */
#ifndef DEADLINED_SERVICE_REHEARSE_H
#define DEADLINED_SERVICE_REHEARSE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "plan/civil.h"
#include "service/setup.h"
#include "store/store.h"

/* Rehearses the days from .. to, both included, in the configured zone, and prints a table to out; progress goes to
 * progress (may be NULL). store: a STORE_MEMORY one, borrowed. setup is taken. Errors: those of the store. */
MUSTCHECK int rehearse(struct store *store, struct setup *setup, const struct civil *from, const struct civil *to,
		       bool deliver, FILE *out, FILE *progress, struct err *err);

#endif
