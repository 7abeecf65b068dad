/* warnings: what is not wrong yet and will be, said in time: calendars of people that end before the year does, an
 * operator whom nobody knows, texts that are longer than a messenger takes, languages of people without templates,
 * folders that are missing or that others may write to, files among the templates that nothing uses, channels and
 * policies that people and tasks have and the configuration has not. */
#ifndef DEADLINED_SERVICE_WARNINGS_H
#define DEADLINED_SERVICE_WARNINGS_H

#include <stdint.h>
#include <stdio.h>

#include "base/strlist.h"
#include "conf/conf.h"
#include "plan/calendar.h"
#include "service/setup.h"
#include "store/store.h"

/* Appends a sentence for every calendar in use that has no data for the current year of zone or, from October on, for
 * the next, and for an operator who is no person. calendars may be NULL. Errors: those of the store. */
MUSTCHECK int warnings_collect(const struct conf *conf, const struct calendars *calendars, const struct zone *zone,
			       struct store *store, int64_t now_utc, struct strlist *warnings, struct err *err);

/* Prints all of them, each in a line "FILE: warning: ...", with the line behind FILE where there is one. A database
 * that does not exist yet has none; one that cannot be read is a warning, too. */
void warnings_print(const struct setup *setup, int64_t now_utc, FILE *out);

#endif
