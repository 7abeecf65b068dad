/* import_remark: what an import says of tasks that it wrote and of which nobody will hear: how many, and which is the
 * first. */
#ifndef DEADLINED_CTL_IMPORT_REMARK_H
#define DEADLINED_CTL_IMPORT_REMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/task.h"

enum { IMPORT_REMARK_DETAIL_SIZE = TASK_UID_MAX + 8 };

struct import_remark {
	size_t n;
	const char *file; /* of the first, borrowed */
	unsigned line;
	char uid[TASK_UID_MAX + 1];
	char detail[IMPORT_REMARK_DETAIL_SIZE]; /* of the first; "" = none */
};

/* Counts a task; the first one is kept with its place, and with what there is to say of it, NULL for nothing. */
void import_remark_add(struct import_remark *remark, const char *file, unsigned line, const char *uid,
		       const char *detail);

/* Prints to stderr "2 of the tasks WORDS (first: FILE:LINE UID, DETAIL)", with the word for one or for more; nothing
 * for none. */
void import_remark_print(const struct import_remark *remark, const char *one, const char *more);

/* Has every date of the task passed? Of a rule only the next ten years are looked at; what cannot be told has not. */
bool import_remark_is_past(const struct task *task, int64_t now_utc);

#endif
