/* store_forget: removes a person from the database for good.
 *
 * What tells who they are goes: the person, addresses, parts, deputies, silences, brakes; what servers said of them;
 * the words of notices and of the ledger that name them. What says what became of a task stays, under a mark that says
 * nothing ("forgotten-3"): when something was sent, by which channel, by which step. The mark is an inactive person
 * with no name. The words of tasks are the office's: they are counted, not changed. */
#ifndef DEADLINED_STORE_STORE_FORGET_H
#define DEADLINED_STORE_STORE_FORGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strlist.h"
#include "store/store.h"

enum { STORE_MARK_SIZE = 40, STORE_FORGET_KINDS = 15 };

struct store_forgotten {
	char mark[STORE_MARK_SIZE];
	struct {
		const char *what; /* "addresses", "attempts whose reply was removed" ... */
		int64_t n;
	} kinds[STORE_FORGET_KINDS];
	struct strlist tasks; /* uids of those that name them in title, place or note */
};

void store_forgotten_done(struct store_forgotten *forgotten);

/* Whether id is such a mark. */
MUSTCHECK int store_forget_is_mark(struct store *store, const char *id, bool *ret_is_mark, struct err *err);
/* Uids of open tasks that nobody else would answer for, to be handed over first. */
MUSTCHECK int store_forget_tasks(struct store *store, const char *person, struct strlist *ret_uids, struct err *err);
/* Messages to them that are being sent: what their server will say of them is still to be written. */
MUSTCHECK int store_forget_sending(struct store *store, const char *person, int64_t *ret_n, struct err *err);

/* In the caller's transaction, which secure_delete then holds for. Errors: -ENOENT. The caller frees *ret_forgotten. */
MUSTCHECK int store_forget(struct store *store, const char *person, struct store_forgotten *ret_forgotten,
			   struct err *err);

/* After the commit: writes the file anew and empties the log, so that no byte of what was deleted, then or before, is
 * left in either. Errors: -EBUSY somebody reads or writes for too long; it may be repeated at any time. */
MUSTCHECK int store_forget_clean(struct store *store, struct err *err);

#endif
