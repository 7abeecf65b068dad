/* store_absence: who stands in for whom, and what was silenced. */
#ifndef DEADLINED_STORE_STORE_ABSENCE_H
#define DEADLINED_STORE_STORE_ABSENCE_H

#include <stdint.h>

#include "store/store.h"

/* Who stands in for person on that day ("2025-04-01"); NULL when nobody does. Returned owned. */
MUSTCHECK int store_deputy(struct store *store, const char *person, const char *day, char **ret_deputy,
			   struct err *err);
MUSTCHECK int store_deputy_set(struct store *store, const char *person, const char *deputy, const char *from_day,
			       const char *to_day, struct err *err);
/* Calls each for every deputy, by person and day; stops at its first negative result and returns it. */
struct store_deputy {
	const char *person, *deputy, *from_day, *to_day;
};
typedef int (*store_deputy_cb)(void *arg, const struct store_deputy *deputy);
MUSTCHECK int store_deputy_each(struct store *store, store_deputy_cb each, void *arg, struct err *err);

/* Why reminders of the task to the person are silenced at now_utc ("silenced by A: reason"); NULL when they are not.
 * Returned owned. */
MUSTCHECK int store_silence(struct store *store, int64_t task, const char *person, int64_t now_utc, char **ret_why,
			    struct err *err);
/* task 0 = every task, person NULL = everybody; not both. Drops what waits. */
MUSTCHECK int store_silence_add(struct store *store, int64_t task, const char *person, int64_t until_utc,
				const char *reason, const char *author, struct err *err);

#endif
