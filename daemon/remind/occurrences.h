/* occurrences: the dates of a task that matter around an instant: the one of an ordinary task, those of a repeating one
 * that are near, each as it was moved, none that is done or cancelled by itself. */
#ifndef DEADLINED_REMIND_OCCURRENCES_H
#define DEADLINED_REMIND_OCCURRENCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/task.h"
#include "store/store.h"

struct occurrence {
	char key[PERIOD_KEY_SIZE]; /* of the period: it names the occurrence in reminders */
	struct period period;
};

/* The open occurrences whose start lies in the days from .. to, moved ones that end in them or later, and the first one
 * the rule gives after that; of an ordinary task its only one, wherever it lies. The caller frees the array.
 * Errors: those of the store; -EINVAL a rule that cannot be read. */
MUSTCHECK int occurrences_around(struct store *store, const struct task *task, const struct civil *from,
				 const struct civil *to, struct occurrence **ret_items, size_t *ret_n, struct err *err);

/* The period of the occurrence with that key: false when the task has no such occurrence any more. Errors as above. */
MUSTCHECK int occurrences_find(struct store *store, const struct task *task, const char *key, bool *ret_found,
			       struct period *ret_period, struct err *err);

/* Whether the rule of a repeating task gives anything on that day or later; true when that cannot be told. */
bool occurrences_go_on(const struct task *task, const struct civil *day);

#endif
