/* policy: who hears how long before or after a deadline, as an administrator writes it.
 *
 *     remind   = 30d 7d 1d before start at 09:00
 *     remind   = 3wd before end at 10:00 to responsible
 *     fix_date = 45d before start, then every 7d
 *     overdue  = 1d 3d 7d after end, then every 7d, at most 8
 *     escalate = 2wd after end to supervisor
 *     channels = email telegram
 *
 * What a line may say stands in step.h, what channels may say in order.h. */
#ifndef DEADLINED_REMIND_POLICY_H
#define DEADLINED_REMIND_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conf/problem.h"
#include "remind/order.h"
#include "remind/step.h"

struct policy {
	char *name;
	struct step *steps;
	size_t n_steps;
	struct order order;
};

struct policies;

/* Compiles every [policy NAME] of conf. Unknown keys, steps that cannot be read and channels that conf does not have
 * are added to problems with their line. Returns owned, never NULL. */
struct policies *policies_load(const struct conf *conf, struct problems *problems);
void policies_free(struct policies *policies);

/* The policy of that name; NULL when the configuration has none. "default" is always there: without a section of its
 * own it reminds 7d and 1d before start and 1d after end, at 09:00, on every channel. */
const struct policy *policies_find(const struct policies *policies, const char *name);
/* Nearest name to what was typed, or NULL: for "did you mean". */
const char *policies_nearest(const struct policies *policies, const char *typed);

/* Changes when any policy changes: the daemon then looks at every task again. */
uint64_t policies_fingerprint(const struct policies *policies);

/* Reads one line of steps, see step.h, and appends them. Errors: -EINVAL, nothing is added. */
MUSTCHECK int policy_parse_steps(struct policy *policy, enum step_kind kind, const char *text, struct err *err);

#endif
