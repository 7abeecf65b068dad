/* calendar: which days are worked in a country: weekends, public holidays, and the working days moved onto a weekend.
 *
 * A file of config/calendars/ is one calendar, by year; a year it does not have has weekends and what is off every
 * year, if the file says that. Administrators edit these files when a government publishes the next year. */
#ifndef DEADLINED_PLAN_CALENDAR_H
#define DEADLINED_PLAN_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/problem.h"
#include "plan/civil.h"

struct calendar;
struct calendars;

/* Reads every *.ini of folder; the file's name is the calendar's. Everything wrong is added to problems with its line.
 * Returns owned, never NULL. */
struct calendars *calendars_load(const char *folder, struct problems *problems);
void calendars_free(struct calendars *calendars);

/* A number that changes when any day of any of them does; 0 for NULL. */
uint64_t calendars_fingerprint(const struct calendars *calendars);

/* The calendar of that name, or NULL. All of these live as long as calendars. */
const struct calendar *calendars_find(const struct calendars *calendars, const char *name);
/* The calendar that holds where a time zone is kept ("Asia/Sakhalin"), or NULL. */
const struct calendar *calendars_of_zone(const struct calendars *calendars, const char *zone);
/* Nearest name to what was typed, or NULL: for "did you mean". */
const char *calendars_nearest(const struct calendars *calendars, const char *typed);

/* NULL for calendar means Monday to Friday in all of these. */

bool calendar_is_working(const struct calendar *calendar, const struct civil *date);
/* The working day that comes n working days after date, or before it when n is negative; date itself for 0. Keeps the
 * time of day. */
struct civil calendar_add_working_days(const struct calendar *calendar, const struct civil *date, int n);
/* Why the file says that a day is off ("День России"), be it on a weekend or not; NULL for every other day. */
const char *calendar_holiday(const struct calendar *calendar, const struct civil *date);
/* The same in the reader's language ("de-AT" gets "de"): as the file writes it if that is its language, or it names
 * none, or else the translation in [names de]; "" when that language has no name for it, NULL when it is no such
 * day. */
const char *calendar_holiday_name(const struct calendar *calendar, const struct civil *date, const char *language);
/* Whether the file has that year. */
bool calendar_has_year(const struct calendar *calendar, int year);
/* Whether it says what is off in years that it does not have. */
bool calendar_has_every_year(const struct calendar *calendar);

#endif
