/* policy: who hears how long before or after a deadline, as an administrator writes it.
 *
 *     remind   = 30d 7d 1d before start at 09:00
 *     remind   = 2h 0m before end
 *     overdue  = 1d 3d 7d after end at 09:00
 *     channels = email telegram
 *
 * A lead is a number and a unit: m h are exact spans, d w mo go by the calendar. "at" gives d, w and mo a time of day in
 * the reader's zone. Without it they keep the event's own time of day where one is known, and mean 09:00 where only days
 * are. */
#ifndef DEADLINED_REMIND_POLICY_H
#define DEADLINED_REMIND_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strlist.h"
#include "conf/conf.h"
#include "conf/problem.h"

enum step_kind { STEP_REMIND, STEP_OVERDUE };
enum step_unit { STEP_MINUTES, STEP_HOURS, STEP_DAYS, STEP_WEEKS, STEP_MONTHS };

enum { POLICY_STEPS_MAX = 64, STEP_TEXT_SIZE = 64, STEP_DEFAULT_AT_MINUTE = 9 * 60 };

struct step {
	enum step_kind kind;
	int count; /* 0..1000 units */
	enum step_unit unit;
	bool is_after; /* after the anchor, not before it */
	bool is_end;   /* the anchor is the period's end, not its start */
	int at_minute; /* of the reader's day; -1 = not given */
	char text[STEP_TEXT_SIZE]; /* "30d before start at 09:00", "overdue 1d after end": its identity in the ledger */
};

struct policy {
	char *name;
	struct step *steps;
	size_t n_steps;
	struct strlist channels; /* empty = every channel */
};

struct policies;

/* Compiles every [policy NAME] of conf. Unknown keys, steps that cannot be read and channels that conf does not have are
 * added to problems with their line. Returns owned, never NULL. */
struct policies *policies_load(const struct conf *conf, struct problems *problems);
void policies_free(struct policies *policies);

/* The policy of that name; NULL when the configuration has none. "default" is always there: without a section of its
 * own it reminds 7d and 1d before start and 1d after end, at 09:00, on every channel. */
const struct policy *policies_find(const struct policies *policies, const char *name);
/* Nearest name to what was typed, or NULL: for "did you mean". */
const char *policies_nearest(const struct policies *policies, const char *typed);

/* Changes when any policy changes: the daemon then looks at every task again. */
uint64_t policies_fingerprint(const struct policies *policies);

/* Reads one line of steps, as "30d 7d before start at 09:00", and appends them. Errors: -EINVAL, nothing is added. */
MUSTCHECK int policy_parse_steps(struct policy *policy, enum step_kind kind, const char *text, struct err *err);

#endif
