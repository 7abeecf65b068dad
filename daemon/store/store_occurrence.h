/* store_occurrence: what was said of single occurrences of a repeating task: over, or another date than the rule
 * gives. */
#ifndef DEADLINED_STORE_STORE_OCCURRENCE_H
#define DEADLINED_STORE_STORE_OCCURRENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strlist.h"
#include "plan/period.h"
#include "store/store.h"

struct store_occurrence {
	char date[PERIOD_KEY_SIZE]; /* the key its rule gives it */
	bool is_open, is_cancelled;
	bool is_moved;
	struct period period; /* when it was moved */
};
/* All of them, by date; the caller frees the array. */
MUSTCHECK int store_occurrences(struct store *store, int64_t task, struct store_occurrence **ret_items, size_t *ret_n,
				struct err *err);
/* Adds the dates of the task, as its rule gave them then, that are noted here or were acknowledged. */
MUSTCHECK int store_said_dates(struct store *store, int64_t task, struct strlist *ret_dates, struct err *err);
/* What is noted of that date is of the other one from now on, which has nothing yet; who was told the former knows the
 * latter. That alone ends no reminder, and is no line in the ledger. */
MUSTCHECK int store_said_rename(struct store *store, int64_t task, const char *date, const char *other,
				struct err *err);
/* status "open", "done" or "cancelled"; period NULL = not moved. */
MUSTCHECK int store_occurrence_set(struct store *store, int64_t task, const char *date, const char *status,
				   const struct period *period, struct err *err);
/* Whether that key is, or was, of another occurrence of the task than the one that the rule gives as date. */
MUSTCHECK int store_key_is_taken(struct store *store, int64_t task, const char *date, const char *key,
				 bool *ret_is_taken, struct err *err);

#endif
