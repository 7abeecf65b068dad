/* pick: which occurrence of a task somebody speaks of: by the day, by its key, or the one that is on now. */
#ifndef DEADLINED_REMIND_PICK_H
#define DEADLINED_REMIND_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/task.h"
#include "store/store.h"

struct pick {
	char date[PERIOD_KEY_SIZE]; /* the key that the rule gives it */
	char key[PERIOD_KEY_SIZE];  /* its key now: another one when it was moved */
	struct civil start;         /* by the rule */
	struct period period;       /* as it is now */
	bool is_first;
	bool is_open; /* neither it nor the task is done or cancelled */
};

/* Errors of all: those of the store; -ENOENT there is no such occurrence; -EINVAL its zone is not known, or its rule
 * cannot be read. The one of a task that does not repeat is found by whatever day; it is the current one, open or
 * not. */

/* By its rule or, failing that, where it was moved to: the one that begins on the day, or else the latest that holds
 * it. */
MUSTCHECK int pick_on_day(struct store *store, const struct task *task, const struct civil *day, struct pick *ret_pick,
			  struct err *err);
/* The latest open one that has begun, or else the next one. */
MUSTCHECK int pick_current(struct store *store, const struct task *task, int64_t now_utc, struct pick *ret_pick,
			   struct err *err);
/* The next open one that is not over, or else the current one. */
MUSTCHECK int pick_next(struct store *store, const struct task *task, int64_t now_utc, struct pick *ret_pick,
			struct err *err);
/* The one that the person was reminded of last, when it is open; otherwise the next one. */
MUSTCHECK int pick_told(struct store *store, const struct task *task, const char *person, int64_t now_utc,
			struct pick *ret_pick, struct err *err);
/* The one that has that key now. */
MUSTCHECK int pick_by_key(struct store *store, const struct task *task, const char *key, struct pick *ret_pick,
			  struct err *err);

#endif
