/* rehearse_report: a rehearsal as deadlined --rehearse prints it. */
#ifndef DEADLINED_SERVICE_REHEARSE_REPORT_H
#define DEADLINED_SERVICE_REHEARSE_REPORT_H

#include <stdbool.h>

#include "base/err.h"
#include "plan/civil.h"
#include "service/setup.h"

/* Two days in order, "2025-01-01..2025-12-31". */
bool rehearse_parse_days(const char *text, struct civil *ret_from, struct civil *ret_to);

/* Rehearses these days on a private copy of the database and prints every message that would be sent as a table, its
 * progress on standard error. setup is taken. deliver: local channels get the messages. Errors: those of the store. */
MUSTCHECK int rehearse_report(struct setup *setup, const struct civil *from, const struct civil *to, bool deliver,
			      struct err *err);

#endif
