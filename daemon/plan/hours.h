/* hours: when a person may be written to. Quiet hours, working hours and the time of the digest, all in the person's
 * own zone and by the person's working calendar. No clock: every question is asked about an instant.
 *
 * The edges of a window are local times of a day and fall on an instant as zone.h has it: in a gap on the first instant
 * after it, where the hour comes twice on the first of the two. A day is a working day by the calendar; a person who
 * names days of the week works on these, less the calendar's holidays: a named Saturday is worked though the country
 * rests, a working day moved to a Saturday that is not named isn't. */
#ifndef DEADLINED_PLAN_HOURS_H
#define DEADLINED_PLAN_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/zone.h"

struct calendar;

enum { HOURS_DAY_MINUTES = 24 * 60 };

/* Minutes count from local midnight; a window holds its from and not its to. */
struct hours {
	int quiet_from_minute, quiet_to_minute; /* -1 none; may span midnight, to <= HOURS_DAY_MINUTES */
	int work_from_minute, work_to_minute;   /* -1: any time of day; from < to */
	unsigned work_days;                     /* bit 0 = Monday; 0 = by the calendar */
};

/* The hours of a person who set none: always open. */
struct hours hours_any(void);
bool hours_are_any(const struct hours *hours);

/* Reads "22:00-08:00", or "" for none, into the quiet hours; the working hours stay as they are.
 * Errors, here and below: -EINVAL, err names the word that is wrong and shows the right form; nothing is changed
 * then. */
MUSTCHECK int hours_parse_quiet(const char *text, struct hours *hours, struct err *err);

/* Reads "09:00-18:00" (on the calendar's working days), "Mon-Fri 09:00-18:00", "Mon,Wed,Fri 10:00-16:00", "Sun-Thu" (at
 * any time of these days), or "" for none, into the working hours; the quiet hours stay as they are. */
MUSTCHECK int hours_parse_work(const char *text, struct hours *hours, struct err *err);

/* To be asked when both have been read. Error: -EINVAL when the quiet hours leave not one minute of any day. */
MUSTCHECK int hours_check(const struct hours *hours, struct err *err);

struct digest_time {
	bool is_weekly;
	int weekday; /* 1 = Monday .. 7 = Sunday; 0 when daily */
	int minute;  /* -1: no digest */
};

/* Reads "daily 09:00", "weekly Mon 09:00", or "" for none. */
MUSTCHECK int hours_parse_digest(const char *text, struct digest_time *ret_digest, struct err *err);

/* All borrowed; they must outlive it. */
struct reader_time {
	const struct zone *zone;
	const struct calendar *calendar; /* NULL: Monday to Friday */
	struct hours hours;
};

/* The first instant not before from_utc at which this person may be written to: outside the quiet hours, and when
 * working hours are set inside them on a working day. An urgent message passes both. *ret_reason (may be NULL) says in
 * static text what keeps from_utc closed: "day off", "quiet hours" or "outside working hours", the first of them that
 * holds; NULL when from_utc itself is open. Hours that hours_check() refuses, or a calendar without working days, hold
 * nothing: when 400 days bring no open instant, from_utc is the answer. */
int64_t hours_open_utc(const struct reader_time *reader, int64_t from_utc, bool is_urgent, const char **ret_reason);

/* When the first digest after after_utc is due, INT64_MAX when none is within 400 days. Daily: on every working day.
 * Weekly: on that weekday, or on the next working day when it is a day off; weeks that meet on one day give one digest.
 * Quiet and working hours don't move it; they hold the digest like any message. */
int64_t hours_next_digest_utc(const struct reader_time *reader, const struct digest_time *digest, int64_t after_utc);

/* When work begins, or 09:00 when no hours are set, on the first working day after the reader's today. Tomorrow when
 * 400 days bring no working day. Quiet hours don't move it. */
int64_t hours_tomorrow_morning_utc(const struct reader_time *reader, int64_t now_utc);
/* The same, but 09:00 of the next day, whichever it is, for who has neither working hours nor a calendar. */
int64_t hours_next_morning_utc(const struct reader_time *reader, int64_t now_utc);

#endif
