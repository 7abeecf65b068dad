/* refusal: that a reload was refused, and why, until the daemon works with what is in the file.
 *
 * The loop keeps it in the database, where deadlinectl status finds it however long ago the reload was. */
#ifndef DEADLINED_SERVICE_REFUSAL_H
#define DEADLINED_SERVICE_REFUSAL_H

#include <stdint.h>

#include "conf/problem.h"
#include "store/store.h"

struct refusal {
	char *why; /* NULL: the last reload was not refused */
	int64_t at_utc;
};

/* "FILE:LINE: what is wrong" of the first problem, and how many more there are, without secrets. Returns owned. */
char *refusal_words(const struct problems *problems, const char *config);

/* Keeps refusal in a transaction of its own; {0} takes away what is kept, and writes nothing when nothing is. Errors:
 * those of the store. */
MUSTCHECK int refusal_save(struct store *store, const struct refusal *refusal, struct err *err);
/* Errors: those of the store. */
MUSTCHECK int refusal_load(struct store *store, struct refusal *ret_refusal, struct err *err);
/* Frees the content; {0} is none. */
void refusal_done(struct refusal *refusal);

#endif
