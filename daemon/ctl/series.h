/* series: ends a repeating task before one of its occurrences. */
#ifndef DEADLINED_CTL_SERIES_H
#define DEADLINED_CTL_SERIES_H

#include "ctl/pick.h"

/* Cuts the rule and the added dates, so that pick, which is not the first, and what follows it are gone; drops what
 * waits of them, as "task STATUS" ("done" or "cancelled"). task is changed likewise. Inside the transaction that is
 * open. Returns an exit status. */
MUSTCHECK int series_end(struct session *session, struct task *task, const struct pick *pick, const char *status);

#endif
