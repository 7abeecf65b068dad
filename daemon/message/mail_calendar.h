/* mail_calendar: the date of a task as iCalendar (RFC 5545), for the reader's own calendar to take over.
 *
 * Each date is an event with a UID of its own, the same in every message about it, so that a later one replaces an
 * earlier one instead of standing beside it, also when its series goes on at another hour. It takes no time of the
 * reader's day, and it does not remind: that is our work. */
#ifndef DEADLINED_MESSAGE_MAIL_CALENDAR_H
#define DEADLINED_MESSAGE_MAIL_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/task.h"

/* Everything is borrowed. */
struct mail_event {
	const struct task *task;    /* with the period of the date */
	const char *date;           /* of a repeating task: which one, however often it was moved; NULL for any other */
	bool is_cancelled;          /* that date is, though the task may not be */
	const char *organizer_name; /* may be NULL or "" */
	const char *organizer_address; /* as mail_check_address() allows it; NULL: not said, though RFC 5546 wants it */
	const char *instance;          /* of the database: other offices may have a task of the same uid */
	int64_t now_utc;
};

/* "PUBLISH", or "CANCEL" when the task or that date of it is cancelled. */
const char *mail_calendar_method(const struct mail_event *event);

/* Lines end in CRLF and are folded; returned owned. A minute is an instant in UTC, whatever is longer a span of days,
 * a limit its last day. NULL when the task's zone is not known. */
char *mail_calendar(const struct mail_event *event);

#endif
