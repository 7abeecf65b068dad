/* civil: dates and times of day as people write them, without a zone. The proleptic Gregorian calendar. */
#ifndef DEADLINED_PLAN_CIVIL_H
#define DEADLINED_PLAN_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

struct civil {
	int year;  /* 1..9999 */
	int month; /* 1..12 */
	int day;   /* 1..31 */
	int hour, minute, second;
};

enum { CIVIL_DATE_SIZE = 11, CIVIL_TEXT_SIZE = 20 };

bool civil_is_valid(const struct civil *civil);
int civil_days_in_month(int year, int month);

/* Days since 1970-01-01, and back (time of day 0). Here and below, what would leave the years 1..9999 stops at their
 * first or last day or second. */
int64_t civil_to_days(const struct civil *civil);
struct civil civil_from_days(int64_t days);

/* Seconds since 1970-01-01T00:00:00 as if the civil time were UTC, and back. */
int64_t civil_to_seconds(const struct civil *civil);
struct civil civil_from_seconds(int64_t seconds);

/* The same time of day that many days later (or earlier). */
struct civil civil_add_days(const struct civil *civil, int64_t days);
/* The same day of the month that many months later; the last day where the month is shorter. */
struct civil civil_add_months(const struct civil *civil, int months);
/* 1 = Monday .. 7 = Sunday (ISO 8601). */
int civil_weekday(const struct civil *civil);
/* <0, 0, >0 */
int civil_compare(const struct civil *a, const struct civil *b);

/* "2025-04-01" */
void civil_format_date(const struct civil *civil, char text[CIVIL_DATE_SIZE]);
/* "2025-04-01T09:00:00" */
void civil_format(const struct civil *civil, char text[CIVIL_TEXT_SIZE]);
/* Reads what the two above write, and "2025-04-01T09:00"; false for anything else. *ret_has_time may be NULL. */
bool civil_parse(const char *text, struct civil *ret_civil, bool *ret_has_time);

#endif
