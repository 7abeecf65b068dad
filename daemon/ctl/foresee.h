/* foresee: what will be sent, for the commands that look ahead: the rehearsal of the daemon's own code, on a copy of
 * the database in memory. Nothing is sent and nothing is changed. */
#ifndef DEADLINED_CTL_FORESEE_H
#define DEADLINED_CTL_FORESEE_H

#include "ctl/session.h"
#include "plan/civil.h"
#include "service/rehearse.h"

/* The day that many days after today, in the configured zone. */
struct civil foresee_day(const struct session *session, int days);

/* Calls each for every reminder and digest from one day to another, as rehearse() tells them. The session is opened as
 * SESSION_COPY, and its copy is used up. What goes wrong is printed; returns an exit status. */
MUSTCHECK int foresee(struct session *session, const struct civil *from, const struct civil *to, rehearse_row_cb each,
		      void *arg);

#endif
