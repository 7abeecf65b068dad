/* digest: what one person has before them on a day: what is overdue, due today, due this week, and which windows
 * open. */
#ifndef DEADLINED_REMIND_DIGEST_H
#define DEADLINED_REMIND_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/task.h"
#include "remind/reader.h"
#include "store/store.h"

enum digest_section { DIGEST_OVERDUE, DIGEST_TODAY, DIGEST_WEEK, DIGEST_OPENING, DIGEST_SECTION_MAX };

enum { DIGEST_ITEMS_MAX = 200, DIGEST_OPENING_DAYS = 7, DIGEST_UNREACHABLE_MAX = 20 };

struct digest_item {
	struct task task; /* with the occurrence's own period */
	enum digest_section section;
	size_t n_overdue_dates; /* of a repeating task: it is the latest of so many */
};

/* Somebody who takes part in a task the reader answers for, and is not written to on a channel any more. */
struct digest_unreachable {
	char *name, *channel, *why;
	bool is_reached; /* on another channel */
};

struct digest {
	struct digest_item *items; /* by section, then by end */
	size_t n_items;
	size_t n_left_out[DIGEST_SECTION_MAX];  /* over DIGEST_ITEMS_MAX */
	struct digest_unreachable *unreachable; /* by person and channel, up to DIGEST_UNREACHABLE_MAX */
	size_t n_unreachable;
};

/* Collects the digest of the reader's day at now_utc, its sections up to last: days are the reader's, dates as they are
 * written in the plan. A task is in one section only, the most pressing; one that no date brings in is there from a
 * step "in digest" on. The overdue dates of a repeating task are one item. What is overdue for the longest is left out
 * first; only of what is asked for is anything left out. Errors: those of the store. */
MUSTCHECK int digest_collect(struct store *store, const struct reader *reader, enum digest_section last,
			     int64_t now_utc, struct digest *ret_digest, struct err *err);
void digest_done(struct digest *digest);

#endif
