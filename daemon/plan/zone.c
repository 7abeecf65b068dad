/* libical's own conversion of local times takes the instant before a gap and the second of two, and a time that has
 * gone through one gap stays shifted. So it is asked one thing only: the offset at an instant of UTC. Everything else
 * follows from stretches of constant offset, which are found once and remembered. */
#include "plan/zone.h"

#include <libical/ical.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum {
	ZONE_NAME_MAX = 64,
	ZONE_DAY_S = 86400,
	ZONE_STEP_S = ZONE_DAY_S,        /* no zone has changed its clocks twice within a day */
	ZONE_REACH_S = 200 * ZONE_DAY_S, /* how far a stretch is followed: past the next change of an ordinary zone */
	ZONE_STRETCHES = 8,
	ZONE_LISTED_LAST = 2100, /* behind every change that tzdata lists by its date */
	ZONE_RULES_FIRST = 2027, /* among these years are ordinary ones that begin on each day of the week */
	ZONE_RULES_LAST = 2037,  /* behind it libical follows the rules of some zones wrongly */
};

/* Years with the same days: where the changes of one are not those of the other, tzdata lists them by their dates. */
enum { ZONE_TWIN_A = 2039, ZONE_TWIN_B = 2050 };

enum zone_changes { ZONE_CHANGES_UNKNOWN, ZONE_CHANGES_BY_RULE, ZONE_CHANGES_LISTED };

/* from <= t < to: local time is UTC + offset_s. */
struct zone_stretch {
	int64_t from, to;
	int offset_s;
};

struct zone_cache {
	struct zone_stretch stretches[ZONE_STRETCHES]; /* {0}: from == to holds nothing */
	size_t latest;
	size_t next; /* to be overwritten */
	enum zone_changes changes;
};

struct zone {
	char *name;
	icaltimezone *ical;
	struct zone_cache *cache;
	struct zone *next;
};

static struct zone *zone_known; /* every zone asked for so far; libical keeps its own for ever, too */

/* Letters, digits and "_+-", in parts separated by "/" that begin with a letter: nothing that leads out of the zone
 * directory. "right/..." counts leap seconds, which is not our time; "posix/..." repeats the plain names. */
static bool zone_is_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	if (strlen(name) > ZONE_NAME_MAX || strncmp(name, "right/", 6) == 0 || strncmp(name, "posix", 5) == 0)
		return false;

	for (const char *part = name;; part++) {
		if (*part == '\0' || strchr(letters, *part) == NULL)
			return false;
		part += strspn(part, letters);
		part += strspn(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-");
		if (*part == '\0')
			return true;
		if (*part != '/')
			return false;
	}
}

static struct zone *zone_load(const char *name)
{
	if (!zone_is_name(name))
		return NULL;

	icalerror_set_errors_are_fatal(0); /* an unknown name must not end the process */
	icalerror_set_error_state(ICAL_NEWFAILED_ERROR, ICAL_ERROR_FATAL); /* but want of memory must, as in mem.h */
	icaltimezone *ical = icaltimezone_get_builtin_timezone(name);
	if (ical == NULL)
		return NULL;
	/* libical reads the file of a zone only now, and would take one that it cannot read for UTC, without a word */
	if (ical != icaltimezone_get_utc_timezone() && icaltimezone_get_component(ical) == NULL) {
		mem_check_errno();
		return NULL;
	}

	struct zone *zone = mem_zero(1, sizeof(*zone));
	zone->name = mem_dup(name);
	zone->ical = ical;
	zone->cache = mem_zero(1, sizeof(*zone->cache));
	zone->next = zone_known;
	zone_known = zone;
	return zone;
}

const struct zone *zone_find(const char *name)
{
	for (const struct zone *zone = zone_known; zone != NULL; zone = zone->next)
		if (strcmp(zone->name, name) == 0)
			return zone;
	return zone_load(name);
}

uint64_t zone_rules_fingerprint(void)
{
	char version[64] = "";
	FILE *rules = fopen("/usr/share/zoneinfo/tzdata.zi", "re"); /* its first line: "# version 2025b" */
	if (rules == NULL)
		return 0;
	bool is_read = fgets(version, sizeof(version), rules) != NULL;
	(void)fclose(rules); /* only read */
	return is_read ? hash_text(version) : 0;
}

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

static bool zone_is_leap(int year)
{
	return civil_days_in_month(year, 2) == 29;
}

static int zone_ask_libical(const struct zone *zone, const struct civil *civil)
{
	struct icaltimetype time = {
		.year = civil->year,
		.month = civil->month,
		.day = civil->day,
		.hour = civil->hour,
		.minute = civil->minute,
		.second = civil->second,
	};
	return icaltimezone_get_utc_offset_of_utc_time(zone->ical, &time, NULL);
}

static enum zone_changes zone_look_at_changes(const struct zone *zone)
{
	struct civil a = {.year = ZONE_TWIN_A, .month = 1, .day = 1, .hour = 12}, b = a;
	b.year = ZONE_TWIN_B;
	for (; a.year == ZONE_TWIN_A; a = civil_add_days(&a, 1), b = civil_add_days(&b, 1))
		if (zone_ask_libical(zone, &a) != zone_ask_libical(zone, &b))
			return ZONE_CHANGES_LISTED;
	return ZONE_CHANGES_BY_RULE;
}

/* The last year up to which libical is believed. */
static int zone_last_year(const struct zone *zone)
{
	if (zone->cache->changes == ZONE_CHANGES_UNKNOWN)
		zone->cache->changes = zone_look_at_changes(zone);
	return zone->cache->changes == ZONE_CHANGES_LISTED ? ZONE_LISTED_LAST : ZONE_RULES_LAST;
}

/* The same day of a year in which it is the same day of the week, so that rules like "the last Sunday in March" mean the
 * same days. libical lists every change up to the year it is asked for, which takes it seconds for a far one, and knows
 * none from 2583 on. */
static struct civil zone_near(const struct civil *civil, int last_year)
{
	struct civil day = *civil;
	if (day.month == 2 && day.day == 29)
		day.day = 28; /* no clock is changed on it */
	const int weekday = civil_weekday(&day);
	for (day.year = last_year - (ZONE_RULES_LAST - ZONE_RULES_FIRST); day.year < last_year; day.year++)
		if (!zone_is_leap(day.year) && civil_weekday(&day) == weekday)
			break;
	return day;
}

static int zone_ask(const struct zone *zone, int64_t utc)
{
	struct civil civil = civil_from_seconds(utc);
	if (civil.year > ZONE_RULES_LAST) {
		int last_year = zone_last_year(zone);
		if (civil.year > last_year)
			civil = zone_near(&civil, last_year);
	}
	return zone_ask_libical(zone, &civil);
}

/* The first instant with the offset of high; the offset changes once between low and high. */
static int64_t zone_find_change(const struct zone *zone, int64_t low, int64_t high)
{
	int offset_s = zone_ask(zone, high);
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (zone_ask(zone, middle) == offset_s)
			high = middle;
		else
			low = middle;
	}
	return high;
}

static struct zone_stretch zone_measure(const struct zone *zone, int64_t utc)
{
	struct zone_stretch stretch = {.from = utc, .to = utc + 1, .offset_s = zone_ask(zone, utc)};

	while (stretch.to < utc + ZONE_REACH_S) {
		int64_t after = stretch.to + ZONE_STEP_S;
		if (zone_ask(zone, after) != stretch.offset_s) {
			stretch.to = zone_find_change(zone, stretch.to - 1, after);
			break;
		}
		stretch.to = after + 1;
	}
	while (stretch.from > utc - ZONE_REACH_S) {
		int64_t before = stretch.from - ZONE_STEP_S;
		if (zone_ask(zone, before) != stretch.offset_s) {
			stretch.from = zone_find_change(zone, before, stretch.from);
			break;
		}
		stretch.from = before;
	}
	return stretch;
}

static const struct zone_stretch *zone_stretch_at(const struct zone *zone, int64_t utc)
{
	struct zone_cache *cache = zone->cache;
	const struct zone_stretch *latest = &cache->stretches[cache->latest];
	if (latest->from <= utc && utc < latest->to)
		return latest;

	for (size_t i = 0; i < ZONE_STRETCHES; i++)
		if (cache->stretches[i].from <= utc && utc < cache->stretches[i].to) {
			cache->latest = i;
			return &cache->stretches[i];
		}

	cache->latest = cache->next;
	cache->next = (cache->next + 1) % ZONE_STRETCHES;
	cache->stretches[cache->latest] = zone_measure(zone, utc);
	return &cache->stretches[cache->latest];
}

/* What lies outside the calendar counts as its edge, as in civil_from_seconds(). */
static int64_t zone_clamp(int64_t utc)
{
	struct civil civil = civil_from_seconds(utc);
	return civil_to_seconds(&civil);
}

int zone_offset_s(const struct zone *zone, int64_t utc)
{
	const int64_t far = INT64_C(1) << 36; /* some 2000 years: no need to look closer at ordinary instants */
	return zone_stretch_at(zone, utc < -far || utc > far ? zone_clamp(utc) : utc)->offset_s;
}

struct civil zone_to_civil(const struct zone *zone, int64_t utc)
{
	int offset_s = zone_offset_s(zone, utc);
	return civil_from_seconds(zone_clamp(utc) + offset_s);
}

int64_t zone_to_utc(const struct zone *zone, const struct civil *civil)
{
	/* A day away on either side are the offsets before and after a change that could concern this time. */
	int64_t local = civil_to_seconds(civil);
	int64_t with_before = local - zone_offset_s(zone, local - ZONE_DAY_S);
	int64_t with_after = local - zone_offset_s(zone, local + ZONE_DAY_S);
	bool before_is_right = with_before + zone_offset_s(zone, with_before) == local;
	bool after_is_right = with_after + zone_offset_s(zone, with_after) == local;

	if (before_is_right && after_is_right)
		return with_before < with_after ? with_before : with_after;
	if (before_is_right)
		return with_before;
	if (after_is_right)
		return with_after;
	return zone_find_change(zone, with_after, with_before);
}

void zone_format(const struct zone *zone, int64_t utc, char text[ZONE_TEXT_SIZE])
{
	struct civil civil = zone_to_civil(zone, utc);
	civil_format(&civil, text);

	int offset_s = zone_offset_s(zone, utc);
	unsigned minutes = (unsigned)abs(offset_s) / 60;
	size_t len = strlen(text);
	(void)snprintf(text + len, ZONE_TEXT_SIZE - len, "%c%02u:%02u", offset_s < 0 ? '-' : '+', minutes / 60,
		       minutes % 60);
}
