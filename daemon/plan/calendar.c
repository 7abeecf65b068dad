#include "plan/calendar.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strlist.h"
#include "conf/ini.h"

enum { CALENDAR_DAYS = 366, CALENDAR_WEEKEND_PRESET = 1 << 5 | 1 << 6, CALENDAR_SEARCH_MAX = 20000 };
enum { CALENDAR_EVERY_YEAR = 0, CALENDAR_LEAP_YEAR = 2000 };

/* What a file says of single days: index is the day of the year, counted from 0; of every year, that of a leap year. */
struct calendar_year {
	int year;
	bool is_worked[CALENDAR_DAYS]; /* on a weekend, to make up for another day */
	char *off[CALENDAR_DAYS];      /* reason, owned; NULL = nothing said */
};

/* What the reasons are called in another language. */
struct calendar_names {
	char *language;
	struct strlist reasons, names; /* of the same length */
};

struct calendar {
	char *name;
	char *language; /* of the reasons; NULL = not said */
	struct calendar_names *names;
	size_t n_names;
	struct strlist zones;
	unsigned weekend; /* bit 0 = Monday */
	struct calendar_year **years;
	size_t n_years;
};

struct calendars {
	struct calendar **items;
	size_t n;
};

/* ---- asking ------------------------------------------------------------------------------------------------------- */

static size_t calendar_day_of_year(const struct civil *date)
{
	const struct civil first = {.year = date->year, .month = 1, .day = 1};
	return (size_t)(civil_to_days(date) - civil_to_days(&first));
}

static const struct calendar_year *calendar_year(const struct calendar *calendar, int year)
{
	for (size_t i = 0; calendar != NULL && i < calendar->n_years; i++)
		if (calendar->years[i]->year == year)
			return calendar->years[i];
	return NULL;
}

const char *calendar_holiday(const struct calendar *calendar, const struct civil *date)
{
	struct civil day = *date;
	const struct calendar_year *year = calendar_year(calendar, date->year);
	if (year == NULL) {
		year = calendar_year(calendar, CALENDAR_EVERY_YEAR);
		day.year = CALENDAR_LEAP_YEAR;
	}
	return year != NULL ? year->off[calendar_day_of_year(&day)] : NULL;
}

bool calendar_is_working(const struct calendar *calendar, const struct civil *date)
{
	const struct calendar_year *year = calendar_year(calendar, date->year);
	unsigned weekend = calendar != NULL ? calendar->weekend : CALENDAR_WEEKEND_PRESET;
	if (calendar_holiday(calendar, date) != NULL)
		return false;
	if (year != NULL && year->is_worked[calendar_day_of_year(date)])
		return true;
	return (weekend >> (civil_weekday(date) - 1) & 1) == 0;
}

struct civil calendar_add_working_days(const struct calendar *calendar, const struct civil *date, int n)
{
	struct civil day = *date;
	int direction = n < 0 ? -1 : 1;
	int left = n * direction;
	for (int tries = 0; left > 0 && tries < CALENDAR_SEARCH_MAX; tries++) {
		day = civil_add_days(&day, direction);
		left -= calendar_is_working(calendar, &day);
	}
	return day;
}

/* Whether that is the language wanted, of which "de-AT" gets "de". */
static bool calendar_speaks(const char *language, const char *wanted)
{
	size_t len = strlen(language);
	return strncasecmp(language, wanted, len) == 0 && (wanted[len] == '\0' || strchr("-_", wanted[len]) != NULL);
}

static const char *calendar_translate(const struct calendar_names *names, const char *reason)
{
	for (size_t i = 0; i < names->reasons.n; i++)
		if (strcmp(names->reasons.items[i], reason) == 0)
			return names->names.items[i];
	return "";
}

const char *calendar_holiday_name(const struct calendar *calendar, const struct civil *date, const char *language)
{
	const char *reason = calendar_holiday(calendar, date);
	if (reason == NULL || calendar->language == NULL || calendar_speaks(calendar->language, language))
		return reason;
	for (size_t i = 0; i < calendar->n_names; i++)
		if (calendar_speaks(calendar->names[i].language, language))
			return calendar_translate(&calendar->names[i], reason);
	return "";
}

bool calendar_has_year(const struct calendar *calendar, int year)
{
	return calendar_year(calendar, year) != NULL;
}

bool calendar_has_every_year(const struct calendar *calendar)
{
	return calendar_has_year(calendar, CALENDAR_EVERY_YEAR);
}

const struct calendar *calendars_find(const struct calendars *calendars, const char *name)
{
	for (size_t i = 0; i < calendars->n; i++)
		if (strcmp(calendars->items[i]->name, name) == 0)
			return calendars->items[i];
	return NULL;
}

const struct calendar *calendars_of_zone(const struct calendars *calendars, const char *zone)
{
	for (size_t i = 0; i < calendars->n; i++)
		if (strlist_has(&calendars->items[i]->zones, zone))
			return calendars->items[i];
	return NULL;
}

const char *calendars_nearest(const struct calendars *calendars, const char *typed)
{
	const char **names = mem_zero(calendars->n, sizeof(*names));
	for (size_t i = 0; i < calendars->n; i++)
		names[i] = calendars->items[i]->name;
	const char *nearest = strlist_nearest(typed, names, calendars->n);
	free(names);
	return nearest;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* Where a problem lies. */
struct calendar_place {
	struct problems *problems;
	const char *file;
	unsigned line;
};

/* "01-08" of that year. */
static bool calendar_read_day(const char *text, int year, struct civil *ret_date)
{
	char iso[16];
	(void)snprintf(iso, sizeof(iso), "%04d-%.5s", year, text);
	return civil_parse(iso, ret_date, NULL);
}

/* Reads "MM-DD" or "MM-DD..MM-DD" and what follows it. */
static bool calendar_read_span(const struct calendar_place *place, const char *text, const struct calendar_year *of,
			       struct civil *ret_from, struct civil *ret_to, const char **ret_rest)
{
	const int year = of->year != CALENDAR_EVERY_YEAR ? of->year : CALENDAR_LEAP_YEAR;
	size_t len = strcspn(text, " \t");
	bool is_span = len == 12 && strncmp(text + 5, "..", 2) == 0;
	bool is_read = (len == 5 || is_span) && calendar_read_day(text, year, ret_from) &&
		       calendar_read_day(is_span ? text + 7 : text, year, ret_to);
	if (!is_read || civil_compare(ret_from, ret_to) > 0) {
		char number[16] = "a year";
		if (of->year != CALENDAR_EVERY_YEAR)
			(void)snprintf(number, sizeof(number), "%d", year);
		problems_add(place->problems, place->file, place->line,
			     "'%s' does not begin with days of %s: write 01-08 or 01-01..01-08", text, number);
		return false;
	}
	*ret_rest = text + len + strspn(text + len, " \t");
	return true;
}

static void calendar_read_off(struct calendar_year *year, const struct calendar_place *place, const char *text)
{
	struct civil from, to;
	const char *reason;
	if (!calendar_read_span(place, text, year, &from, &to, &reason))
		return;
	if (*reason == '\0') {
		problems_add(place->problems, place->file, place->line,
			     "off: say why behind the days: off = %s New Year", text);
		return;
	}
	for (size_t day = calendar_day_of_year(&from); day <= calendar_day_of_year(&to); day++) {
		if (year->off[day] != NULL || year->is_worked[day]) {
			problems_add(place->problems, place->file, place->line, "off: a day of '%s' is named already",
				     text);
			return;
		}
		year->off[day] = mem_dup(reason);
	}
}

/* Only a day of the weekend can be moved to be worked; another is a slip of the pen. */
static void calendar_read_work(struct calendar_year *year, unsigned weekend, const struct calendar_place *place,
			       const char *text)
{
	struct civil from, to;
	const char *rest;
	if (!calendar_read_span(place, text, year, &from, &to, &rest))
		return;
	for (struct civil date = from; civil_compare(&date, &to) <= 0; date = civil_add_days(&date, 1)) {
		size_t day = calendar_day_of_year(&date);
		bool is_weekend = (weekend >> (civil_weekday(&date) - 1) & 1) != 0;
		if (year->off[day] != NULL || !is_weekend) {
			problems_add(place->problems, place->file, place->line, "work: a day of '%s' is %s", text,
				     is_weekend ? "off, too" : "worked anyway, being none of the weekend");
			return;
		}
		year->is_worked[day] = true;
	}
}

static struct calendar_year *calendar_add_year(struct calendar *calendar, int number)
{
	struct calendar_year *year = mem_zero(1, sizeof(*year));
	year->year = number;
	calendar->years = mem_grow(calendar->years, calendar->n_years + 1, sizeof(struct calendar_year *));
	calendar->years[calendar->n_years++] = year;
	return year;
}

static void calendar_read_days(const struct calendar *calendar, struct calendar_year *year,
			       const struct ini_section *section, struct problems *problems)
{
	bool is_every = year->year == CALENDAR_EVERY_YEAR;
	for (size_t i = 0; i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		const struct calendar_place place = {.problems = problems, .file = section->file, .line = entry->line};
		if (strcmp(entry->key, "off") == 0)
			calendar_read_off(year, &place, entry->value);
		else if (strcmp(entry->key, "work") == 0 && !is_every)
			calendar_read_work(year, calendar->weekend, &place, entry->value);
		else
			problems_add(problems, section->file, entry->line, "unknown key '%s': %s", entry->key,
				     is_every ? "[every year] has off" : "a year has off and work");
	}
}

static void calendar_read_year(struct calendar *calendar, const struct ini_section *section, struct problems *problems)
{
	struct err err;
	int64_t number = 0;
	if (section->name == NULL || num_parse(section->name, 1900, 2999, &number, &err) < 0) {
		problems_add(problems, section->file, section->line, "write the year like [year 2025]");
		return;
	}
	calendar_read_days(calendar, calendar_add_year(calendar, (int)number), section, problems);
}

static void calendar_read_weekend(struct calendar *calendar, const struct calendar_place *place, const char *text)
{
	static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	struct strlist words = {0};
	unsigned weekend = 0;
	strlist_add_words(&words, text);
	for (size_t i = 0; i < words.n; i++) {
		unsigned day = 0;
		while (day < 7 && strcmp(words.items[i], names[day]) != 0)
			day++;
		if (day == 7)
			problems_add(place->problems, place->file, place->line,
				     "weekend: '%s' is no day: write Mon, Tue, Wed, Thu, Fri, Sat or Sun",
				     words.items[i]);
		else
			weekend |= 1u << day;
	}
	strlist_done(&words);
	if (weekend == 0x7f)
		problems_add(place->problems, place->file, place->line, "weekend: no day is left to work on");
	else
		calendar->weekend = weekend;
}

static void calendar_read_language(struct calendar *calendar, const struct calendar_place *place, const char *text)
{
	if (text[0] == '\0' || strcspn(text, " \t,") != strlen(text)) {
		problems_add(place->problems, place->file, place->line,
			     "language: '%s' is not one tag of a language: write ru or zh", text);
		return;
	}
	free(calendar->language);
	calendar->language = mem_dup(text);
}

static void calendar_read_head(struct calendar *calendar, const struct ini_section *section, struct problems *problems)
{
	for (size_t i = 0; i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		const struct calendar_place place = {.problems = problems, .file = section->file, .line = entry->line};
		if (strcmp(entry->key, "zones") == 0)
			strlist_add_words(&calendar->zones, entry->value);
		else if (strcmp(entry->key, "weekend") == 0)
			calendar_read_weekend(calendar, &place, entry->value);
		else if (strcmp(entry->key, "language") == 0)
			calendar_read_language(calendar, &place, entry->value);
		else
			problems_add(problems, section->file, entry->line,
				     "unknown key '%s': [calendar] has language, zones and weekend", entry->key);
	}
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

static bool calendar_has_reason(const struct calendar *calendar, const char *reason)
{
	for (size_t i = 0; i < calendar->n_years; i++)
		for (size_t day = 0; day < CALENDAR_DAYS; day++)
			if (calendar->years[i]->off[day] != NULL && strcmp(calendar->years[i]->off[day], reason) == 0)
				return true;
	return false;
}

static void calendar_read_name(const struct calendar *calendar, struct calendar_names *names,
			       const struct calendar_place *place, const struct ini_entry *entry)
{
	if (strlist_has(&names->reasons, entry->key))
		problems_add(place->problems, place->file, place->line, "'%s' has a name in '%s' already", entry->key,
			     names->language);
	else if (!calendar_has_reason(calendar, entry->key))
		problems_add(place->problems, place->file, place->line,
			     "no day is off for '%s': write it as behind the days of 'off', or remove the line",
			     entry->key);
	else if (entry->value[0] == '\0')
		problems_add(place->problems, place->file, place->line, "say what '%s' is called in '%s'", entry->key,
			     names->language);
	else {
		strlist_add(&names->reasons, entry->key, strlen(entry->key));
		strlist_add(&names->names, entry->value, strlen(entry->value));
	}
}

static void calendar_read_names(struct calendar *calendar, const struct ini_section *section, struct problems *problems)
{
	if (section->name == NULL || calendar->language == NULL) {
		problems_add(problems, section->file, section->line,
			     section->name == NULL
				     ? "write the language like [names en]"
				     : "say in [calendar] which language these are translated from: language = ru");
		return;
	}
	calendar->names = mem_grow(calendar->names, calendar->n_names + 1, sizeof(*calendar->names));
	struct calendar_names *names = &calendar->names[calendar->n_names++];
	*names = (struct calendar_names){.language = mem_dup(section->name)};
	for (size_t i = 0; i < section->n_entries; i++) {
		const struct calendar_place place = {
			.problems = problems, .file = section->file, .line = section->entries[i].line};
		calendar_read_name(calendar, names, &place, &section->entries[i]);
	}
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

enum calendar_pass { CALENDAR_PASS_HEAD, CALENDAR_PASS_YEARS, CALENDAR_PASS_NAMES, CALENDAR_PASS_MAX };

static void calendar_read_section(struct calendar *calendar, const struct ini_section *section, enum calendar_pass pass,
				  struct problems *problems)
{
	bool is_head = strcmp(section->kind, "calendar") == 0 && section->name == NULL;
	bool is_every =
		strcmp(section->kind, "every") == 0 && section->name != NULL && strcmp(section->name, "year") == 0;
	bool is_year = strcmp(section->kind, "year") == 0, is_names = strcmp(section->kind, "names") == 0;
	if (is_head && pass == CALENDAR_PASS_HEAD)
		calendar_read_head(calendar, section, problems);
	else if (is_year && pass == CALENDAR_PASS_YEARS)
		calendar_read_year(calendar, section, problems);
	else if (is_every && pass == CALENDAR_PASS_YEARS)
		calendar_read_days(calendar, calendar_add_year(calendar, CALENDAR_EVERY_YEAR), section, problems);
	else if (is_names && pass == CALENDAR_PASS_NAMES)
		calendar_read_names(calendar, section, problems);
	else if (!is_head && !is_year && !is_every && !is_names && pass == CALENDAR_PASS_HEAD)
		problems_add(problems, section->file, section->line,
			     "unknown section: a calendar has [calendar], [year 2025], [every year] and [names en]");
}

/* The years are read when the weekend is known, and the names when the days are, wherever that stands. */
static struct calendar *calendar_read(const char *file, const char *name, struct problems *problems)
{
	struct ini *ini = ini_read(file, problems);
	struct calendar *calendar = mem_zero(1, sizeof(*calendar));
	size_t n = ini != NULL ? ini->n_sections : 0;
	calendar->name = mem_dup_n(name, strlen(name) - strlen(".ini"));
	calendar->weekend = CALENDAR_WEEKEND_PRESET;
	for (int pass = 0; pass < CALENDAR_PASS_MAX; pass++)
		for (size_t i = 0; i < n; i++)
			calendar_read_section(calendar, &ini->sections[i], (enum calendar_pass)pass, problems);
	ini_free(ini);
	return calendar;
}

static int calendar_is_ini(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return len > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 4, ".ini") == 0;
}

struct calendars *calendars_load(const char *folder, struct problems *problems)
{
	struct calendars *calendars = mem_zero(1, sizeof(*calendars));
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, calendar_is_ini, alphasort);
	if (n < 0) {
		mem_check_errno();
		problems_add(problems, folder, 0, "cannot be read as a folder of calendars: %s", strerror(errno));
		return calendars;
	}
	calendars->items = mem_zero((size_t)n, sizeof(struct calendar *));
	for (int i = 0; i < n; i++) {
		char *file = mem_printf("%s/%s", folder, entries[i]->d_name);
		calendars->items[calendars->n++] = calendar_read(file, entries[i]->d_name, problems);
		free(file);
		free(entries[i]);
	}
	free(entries);
	return calendars;
}

static uint64_t calendar_year_print(const struct calendar_year *year)
{
	uint64_t print = hash_mix((uint64_t)year->year);
	for (uint64_t day = 0; day < CALENDAR_DAYS; day++)
		if (year->is_worked[day] || year->off[day] != NULL)
			print = hash_mix(print ^ (day << 1 | year->is_worked[day]));
	return print;
}

uint64_t calendars_fingerprint(const struct calendars *calendars)
{
	uint64_t print = 0;
	for (size_t i = 0; calendars != NULL && i < calendars->n; i++) {
		const struct calendar *calendar = calendars->items[i];
		print = hash_mix(print ^ hash_text(calendar->name));
		print = hash_mix(print ^ calendar->weekend);
		for (size_t j = 0; j < calendar->zones.n; j++)
			print = hash_mix(print ^ hash_text(calendar->zones.items[j]));
		for (size_t j = 0; j < calendar->n_years; j++)
			print = hash_mix(print ^ calendar_year_print(calendar->years[j]));
	}
	return print;
}

static void calendar_free(struct calendar *calendar)
{
	for (size_t i = 0; i < calendar->n_years; i++) {
		for (size_t day = 0; day < CALENDAR_DAYS; day++)
			free(calendar->years[i]->off[day]);
		free(calendar->years[i]);
	}
	for (size_t i = 0; i < calendar->n_names; i++) {
		free(calendar->names[i].language);
		strlist_done(&calendar->names[i].reasons);
		strlist_done(&calendar->names[i].names);
	}
	free(calendar->names);
	free(calendar->language);
	free(calendar->years);
	strlist_done(&calendar->zones);
	free(calendar->name);
	free(calendar);
}

void calendars_free(struct calendars *calendars)
{
	if (calendars == NULL)
		return;
	for (size_t i = 0; i < calendars->n; i++)
		calendar_free(calendars->items[i]);
	free(calendars->items);
	free(calendars);
}
