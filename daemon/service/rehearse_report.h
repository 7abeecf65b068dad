/* rehearse_report: a rehearsal as deadlined --rehearse prints it. */
#ifndef DEADLINED_SERVICE_REHEARSE_REPORT_H
#define DEADLINED_SERVICE_REHEARSE_REPORT_H

#include <stdbool.h>

#include "base/err.h"
#include "plan/civil.h"
#include "service/rehearse.h"
#include "service/setup.h"

struct table;

/* Two days in order, "2025-01-01..2025-12-31". */
bool rehearse_parse_days(const char *text, struct civil *ret_from, struct civil *ret_to);

/* Rehearses these days on a private copy of the database and prints every message that would be sent as a table, its
 * progress on standard error. setup is taken. deliver: local channels get the messages. Errors: those of the store. */
MUSTCHECK int rehearse_report(struct setup *setup, const struct civil *from, const struct civil *to, bool deliver,
			      struct err *err);

/* The table that --rehearse prints: every message that leaves. arg: the struct table. */
void rehearse_report_headings(struct table *table);
void rehearse_report_row(void *arg, const struct rehearse_row *row);

#endif
