/* until: an instant to come, as snooze and silence take it. */
#ifndef DEADLINED_CTL_UNTIL_H
#define DEADLINED_CTL_UNTIL_H

#include <stdint.h>

#include "ctl/session.h"
#include "plan/hours.h"

/* "2h", "3d": from now on; "tomorrow", "завтра", "明天": when work begins on the reader's next working day; otherwise a
 * date, in the reader's zone: a minute, or a day, which means when work begins then (09:00 without working hours).
 * Complains about anything else, and about what is over. Returns an exit status. */
MUSTCHECK int until_parse(const struct session *session, const char *text, const struct reader_time *reader,
			  int64_t *ret_utc);

#endif
