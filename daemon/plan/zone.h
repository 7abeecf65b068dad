/* zone: IANA time zones; libical reads the system's tzdata, so that a tzdata update of Debian is enough.
 *
 * A local time that a clock change skips means the first instant after the gap; one that happens twice means the
 * first of the two. Instants outside the years 1..9999 count as the nearest one inside.
 *
 * With libical 3.0.16 every zone agrees with Python's zoneinfo from 2023 on. Some of its older changes are wrong (Cairo
 * before 1995, Easter Island in 2022). */
#ifndef DEADLINED_PLAN_ZONE_H
#define DEADLINED_PLAN_ZONE_H

#include <stdint.h>

#include "plan/civil.h"

struct zone;

/* The zone of that name ("Asia/Sakhalin", "UTC"), or NULL when there is none. Lives as long as the process. */
const struct zone *zone_find(const char *name);
const char *zone_name(const struct zone *zone);

/* A number that changes with the release of the system's tzdata ("2025b"); 0 when that cannot be told. */
uint64_t zone_rules_fingerprint(void);

/* Seconds east of UTC at that instant. */
int zone_offset_s(const struct zone *zone, int64_t utc);
struct civil zone_to_civil(const struct zone *zone, int64_t utc);
int64_t zone_to_utc(const struct zone *zone, const struct civil *civil);

/* "2025-04-01T09:00:00+11:00" into text. */
enum { ZONE_TEXT_SIZE = 32 };
void zone_format(const struct zone *zone, int64_t utc, char text[ZONE_TEXT_SIZE]);

#endif
