/* store_cancellation: what was cancelled, and who knew its date. */
#ifndef DEADLINED_STORE_STORE_CANCELLATION_H
#define DEADLINED_STORE_STORE_CANCELLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/period.h"
#include "plan/person.h"
#include "store/store.h"

struct store_cancellation {
	char date[PERIOD_KEY_SIZE]; /* of a repeating task, by its rule; "" for the whole task */
	int64_t sequence;           /* names it: a later one of the same date has a higher number */
};
/* What was cancelled of a task, the whole of it first; the caller frees the array. A date that the rule gives again
 * since then may be among them. */
MUSTCHECK int store_cancellations(struct store *store, int64_t task, struct store_cancellation **ret_items,
				  size_t *ret_n, struct err *err);
/* A date that the rule of a repeating task does not give any more counts as cancelled; nothing changes when it is
 * so. */
MUSTCHECK int store_cancel_date(struct store *store, int64_t task, const char *date, struct err *err);
/* The rule gives it again: what has not left of its cancellation is dropped. */
MUSTCHECK int store_uncancel_date(struct store *store, int64_t task, const char *date, struct err *err);

struct store_told {
	char person[PERSON_ID_MAX * 4 + 1];
	char date[PERIOD_KEY_SIZE]; /* as above */
	char key[PERIOD_KEY_SIZE];  /* of the date as they were told it last, wherever it had been moved */
	int64_t message;            /* that told it */
	bool was_moved_to;          /* a notice of a move was among what told it */
};
/* Who was last told of which date that it is to be, in person or by their deputy: what was sent, or may have been,
 * tells it, until a later message tells that it was cancelled. by_date: of each date of a repeating task, otherwise of
 * the only one, and date is "", but for those of when it repeated that are noted as cancelled. In the order of the
 * dates; the caller frees the array. */
MUSTCHECK int store_told_dates(struct store *store, int64_t task, bool by_date, struct store_told **ret_items,
			       size_t *ret_n, struct err *err);

#endif
