/* audit: the daemon's doubts about itself. Once an hour it looks at its own database and asks whether what must hold
 * does hold, and whether work goes on: AUDIT in deadlined(8) says what is looked at.
 *
 * Happy path: audit_step() is called in every pass, inside its transaction, and does nothing but once an hour. Then it
 * looks at a slice of the work each time it is called, asks to be called again at once, and in the end writes what it
 * found and tells the operator. After the commit audit_take() hands the verdict out.
 * Large tables are looked at in turns: so many rows an hour, from where the last audit ended.
 * Failure modes: a pass that cannot be committed has not ended the audit; its end is tried again. */
#ifndef DEADLINED_SERVICE_AUDIT_H
#define DEADLINED_SERVICE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remind/planner.h"
#include "store/store_audit.h"

enum {
	AUDIT_EVERY_S = 3600,
	AUDIT_CERTIFICATE_S = 14 * 86400, /* the operator hears of a certificate's end so long before it */
};

/* What the daemon knows of a channel beyond the database. */
struct audit_channel {
	const char *name;
	bool is_free;      /* neither a pause nor a rate nor a message under way keeps the next one waiting */
	int64_t heard_utc; /* last result */
};

/* Everything borrowed for the call. */
struct audit_view {
	struct store *store;
	const struct planner *planner;
	const struct audit_channel *channels;
	size_t n_channels;
	int64_t n_in_flight;
	bool may_send; /* neither stopping nor in doubt of the clock */
	int64_t now_utc;
};

struct audit;

/* The first audit comes first_after_s after now, if the daemon wakes up then. Returns owned. */
struct audit *audit_new(int64_t now_utc, int64_t first_after_s);
void audit_free(struct audit *audit);

/* *ret_more is set while there is more to look at. Errors: those of the store. */
MUSTCHECK int audit_step(struct audit *audit, const struct audit_view *view, bool *ret_more, struct err *err);

/* The pass was undone: what the database holds of the audit is read again, and what it lost is written again. NULL is
 * legal. */
void audit_forget(struct audit *audit);

/* After the commit: true once for every audit that has ended; it is logged. *ret_has_passed: nothing was found, by this
 * one or in the day before. */
bool audit_take(struct audit *audit, bool *ret_has_passed);

#endif
