/* digest: what one person has before them on a day: what is overdue, due today, due this week, and which windows open. */
#ifndef DEADLINED_REMIND_DIGEST_H
#define DEADLINED_REMIND_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "plan/task.h"
#include "remind/reader.h"
#include "store/store.h"

enum digest_section { DIGEST_OVERDUE, DIGEST_TODAY, DIGEST_WEEK, DIGEST_OPENING, DIGEST_SECTION_MAX };

enum { DIGEST_ITEMS_MAX = 200, DIGEST_OPENING_DAYS = 7 };

struct digest_item {
	struct task task; /* with the occurrence's own period */
	enum digest_section section;
};

struct digest {
	struct digest_item *items; /* by section, then by end */
	size_t n_items;
	size_t n_left_out; /* over DIGEST_ITEMS_MAX */
};

/* Collects the digest of the reader's day at now_utc: days are the reader's, dates as they are written in the plan. A task
 * is in one section only, the most pressing. Errors: those of the store. */
MUSTCHECK int digest_collect(struct store *store, const struct reader *reader, int64_t now_utc,
			     struct digest *ret_digest, struct err *err);
void digest_done(struct digest *digest);

#endif
