/* notice: what the operator must know, said once: in the log, and to the person who is the operator on every channel
 * they have. */
#ifndef DEADLINED_REMIND_NOTICE_H
#define DEADLINED_REMIND_NOTICE_H

#include <stdint.h>

#include "plan/zone.h"
#include "remind/planner.h"
#include "store/store.h"

/* Says text to the planner's operator unless key was said before; key is kept in the database ("calendars 2025-11"). An
 * operator who is unknown or cannot be reached is logged. Runs inside the caller's transaction. Errors: those of the
 * store. */
MUSTCHECK int notice_once(const struct planner *planner, struct store *store, const char *key, const char *text,
			  int64_t now_utc, struct err *err);

/* How often what goes on is said again: as much of the date as is part of the key. */
enum notice_span { NOTICE_MONTHLY = sizeof("2025-11") - 1, NOTICE_DAILY = sizeof("2025-11-30") - 1 };
/* The same, once in each month or day of the zone. */
MUSTCHECK int notice_again(const struct planner *planner, struct store *store, enum notice_span span,
			   const struct zone *zone, const char *key, const char *text, int64_t now_utc,
			   struct err *err);

#endif
