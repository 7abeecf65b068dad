/* reader: a person as the planner sees them: where they live, when they may be written to, which days they work. */
#ifndef DEADLINED_REMIND_READER_H
#define DEADLINED_REMIND_READER_H

#include "plan/calendar.h"
#include "plan/hours.h"
#include "plan/person.h"
#include "plan/zone.h"

struct reader {
	const struct person *person; /* borrowed */
	struct reader_time time;
	struct digest_time digest; /* minute -1: none */
};

/* Makes a reader of a person. What a row written by SQL says wrongly (an unknown zone or calendar, hours that cannot be
 * read) is logged as an error and replaced: the zone by fallback_zone, the rest by none; nobody loses a reminder for
 * it. calendars may be NULL. */
void reader_init(struct reader *reader, const struct person *person, const struct calendars *calendars,
		 const struct zone *fallback_zone);

/* The reader's own day at that instant, as "2025-04-01". */
void reader_day(const struct reader *reader, int64_t utc, char text[CIVIL_DATE_SIZE]);

#endif
