/* store_gone: tasks that were deleted and that a message on a messenger still shows. A trigger notes them, because
 * their reminders go with them. */
#ifndef DEADLINED_STORE_STORE_GONE_H
#define DEADLINED_STORE_STORE_GONE_H

#include <stddef.h>

#include "plan/task.h"
#include "store/store.h"

struct store_gone {
	struct task task; /* uid, title, zone and what its date was; the rest is empty */
	char key[PERIOD_KEY_SIZE];
};

/* Those of a message in which its reader took part. The caller frees each task with task_done() and the array with
 * free(). */
MUSTCHECK int store_gone_load(struct store *store, int64_t message, struct store_gone **ret_gone, size_t *ret_n,
			      struct err *err);

#endif
