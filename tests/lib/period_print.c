/* What is printed is read back before it is handed over: a period that has no words of its own (a week that begins on a
 * Wednesday, the year 1812), is printed in ISO 8601. */
#include "period_print.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "period_language.h"
#include "plan/period_phrase.h"
#include "plan/period_repeat.h"

_Static_assert((int)CLAUSE_DAY == (int)REPEAT_DAY && (int)CLAUSE_YEAR == (int)REPEAT_YEAR,
	       "clauses begin with the units");

static enum period_shape period_print_range_shape(const struct period *period)
{
	const struct civil *start = &period->start, *end = &period->end;
	bool is_same_year = start->year == end->year, is_same_month = is_same_year && start->month == end->month;
	if (period_is_whole_months(period) && !is_same_month) {
		if (!is_same_year && start->month == 1 && end->month == 12)
			return SHAPE_YEARS;
		return is_same_year ? SHAPE_MONTHS : SHAPE_MONTHS_ACROSS;
	}
	return is_same_month ? SHAPE_MONTH_DAYS : is_same_year ? SHAPE_DAYS : SHAPE_DAYS_ACROSS;
}

/* A month, or only some days of it. */
static enum period_shape period_print_month_shape(const struct period *period)
{
	enum { HALF_DAYS = 16 };
	const struct civil *start = &period->start, *end = &period->end;
	if (start->year != end->year || start->month != end->month)
		return SHAPE_STRETCHES;
	if (period_is_whole_months(period))
		return SHAPE_MONTH;
	return end->day - start->day < HALF_DAYS ? SHAPE_STRETCH : SHAPE_STRETCHES;
}

static enum period_shape period_print_shape(const struct period *period)
{
	static const enum period_shape shapes[PERIOD_PRECISION_MAX] = {
		[PERIOD_MINUTE] = SHAPE_MINUTE,       [PERIOD_DAY] = SHAPE_DAY,
		[PERIOD_WEEK] = SHAPE_WEEK,           [PERIOD_QUARTER] = SHAPE_QUARTER,
		[PERIOD_HALF_YEAR] = SHAPE_HALF_YEAR, [PERIOD_YEAR] = SHAPE_YEAR,
	};
	if (!period->has_start)
		return period->precision == PERIOD_MINUTE ? SHAPE_LIMIT_MINUTE : SHAPE_LIMIT_DAY;
	if (period->precision == PERIOD_MONTH)
		return period_print_month_shape(period);
	return period->precision == PERIOD_RANGE ? period_print_range_shape(period) : shapes[period->precision];
}

static const char *period_print_ordinal_end(int day)
{
	if (day / 10 == 1 || day % 10 == 0 || day % 10 > 3)
		return "th";
	return day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : "rd";
}

/* The quarter or half-year that a month begins. */
static int period_print_unit(const struct civil *civil, enum period_precision precision)
{
	return precision == PERIOD_HALF_YEAR ? (civil->month - 1) / 6 + 1 : (civil->month - 1) / 3 + 1;
}

static void period_print_week(char letter, const struct civil *day, struct buf *out)
{
	struct civil thursday = civil_add_days(day, 4 - civil_weekday(day));
	struct civil first = {.year = thursday.year, .month = 1, .day = 1};
	int week = (int)((civil_to_days(&thursday) - civil_to_days(&first)) / 7) + 1;
	if (letter == 'i')
		buf_printf(out, "%d", thursday.year);
	else
		buf_printf(out, letter == 'k' ? "%02d" : "%d", week);
}

/* The part of a month at that end of the period. */
static const char *period_print_stretch(const struct period_language *language, const struct period *period,
					bool is_end)
{
	enum { BEGINNING, MIDDLE, END, FIRST_HALF, SECOND_HALF };
	int first = period->start.day, last = period->end.day;
	bool is_half = first == 1 && last == 15 && period_print_month_shape(period) == SHAPE_STRETCH;
	int which;
	if (is_end)
		which = last == 15 ? FIRST_HALF : last <= 10 ? BEGINNING : last <= 20 ? MIDDLE : END;
	else
		which = is_half       ? FIRST_HALF
			: first == 16 ? SECOND_HALF
			: first == 1  ? BEGINNING
			: first <= 11 ? MIDDLE
				      : END;
	return language->stretches[which];
}

/* One %x, in small letters whichever end it is. */
static void period_print_part(char letter, const struct period_language *language, const struct period *period,
			      bool is_end, struct buf *out)
{
	const struct civil *civil = is_end ? &period->end : &period->start;
	enum period_precision precision = period->precision;
	static const char *const roman[] = {"", "I", "II", "III", "IV"};
	switch (letter) {
	case 'y':
		buf_printf(out, "%04d", civil->year);
		return;
	case 'm':
		buf_printf(out, "%d", civil->month);
		return;
	case 'd':
		buf_printf(out, "%d", civil->day);
		return;
	case 'o':
		buf_printf(out, "%02d", civil->month);
		return;
	case 'a':
		buf_printf(out, "%02d", civil->day);
		return;
	case 'n':
		buf_add_str(out, language->names[civil->month - 1]);
		return;
	case 'g':
		buf_add_str(out, language->genitives[civil->month - 1]);
		return;
	case 'p':
		buf_add_str(out, language->prepositionals[civil->month - 1]);
		return;
	case 'u':
		buf_printf(out, "%d", period_print_unit(civil, precision));
		return;
	case 'r':
		buf_add_str(out, roman[period_print_unit(civil, precision)]);
		return;
	case 'x':
		buf_add_str(out, civil->month <= 6 ? "上" : "下");
		return;
	case 'e':
		buf_printf(out, "%d%s", civil->day, period_print_ordinal_end(civil->day));
		return;
	case 's':
		buf_add_str(out, period_print_stretch(language, period, is_end));
		return;
	case 't':
		buf_printf(out, "%02d:%02d", civil->hour, civil->minute);
		return;
	default:
		period_print_week(letter, civil, out);
	}
}

static void period_print_template(const char *template, const struct period_language *language,
				  const struct period *period, struct buf *out)
{
	for (const char *at = template; *at != '\0'; at++) {
		if (*at != '%') {
			buf_add_char(out, *at);
			continue;
		}
		at++;
		bool is_end = isupper((unsigned char)*at);
		period_print_part((char)tolower((unsigned char)*at), language, period, is_end, out);
	}
}

static bool period_print_is_same(const struct period *a, const struct period *b)
{
	return a->has_start == b->has_start && a->precision == b->precision &&
	       civil_compare(&a->start, &b->start) == 0 && civil_compare(&a->end, &b->end) == 0;
}

/* Does the phrase mean that period and rule? */
static bool period_print_reads_back(const struct buf *phrase, const struct period *period, const char *rrule)
{
	struct period again;
	struct period_error error;
	char again_rrule[PERIOD_RRULE_SIZE];
	return period_parse_repeat(buf_str(phrase), 0, &again, again_rrule, &error) == 0 &&
	       period_print_is_same(period, &again) && strcmp(rrule, again_rrule) == 0;
}

void period_print(const struct period *period, const char *language, struct buf *out)
{
	const struct period_language *candidates[] = {period_language_find(language), period_language_iso()};
	struct buf phrase;
	buf_init(&phrase, PERIOD_PHRASE_MAX);
	bool is_good = false;
	for (int i = 0; i < 2 && !is_good; i++) {
		buf_clear(&phrase);
		period_print_template(candidates[i]->shapes[period_print_shape(period)], candidates[i], period,
				      &phrase);
		is_good = period_print_reads_back(&phrase, period, "");
	}
	char key[PERIOD_KEY_SIZE];
	period_key(period, key);
	buf_add_str(out, is_good ? buf_str(&phrase) : key);
	buf_done(&phrase);
}

/* "во второй вторник каждого месяца" */
static void period_print_nth(const struct period_language *language, const struct period_repeat *repeat,
			     struct buf *out)
{
	int last = PERIOD_REPEAT_NTH_MAX, nth = repeat->nth == PERIOD_LAST ? last : repeat->nth - 1;
	buf_add_str(out, language->nths[nth][language->genders[repeat->weekday - 1]]);
	buf_add_str(out, language->days[repeat->weekday - 1]);
	buf_add_str(out, language->clauses[CLAUSE_OF_MONTH]);
}

static void period_print_clause(const struct period_language *language, const struct period_repeat *repeat,
				struct buf *out)
{
	struct period on = {.start = {.day = repeat->day, .hour = repeat->hour, .minute = repeat->minute}};
	enum period_clause_shape shape = (enum period_clause_shape)repeat->unit;
	if (repeat->day == PERIOD_LAST)
		shape = repeat->is_limit ? CLAUSE_UNTIL_LAST_DAY : CLAUSE_ON_LAST_DAY;
	else if (repeat->day != 0)
		shape = repeat->is_limit ? CLAUSE_UNTIL_DAY : CLAUSE_ON_DAY;
	if (repeat->nth != 0)
		period_print_nth(language, repeat, out);
	else if (repeat->weekday != 0)
		buf_add_str(out, language->weekdays[repeat->weekday - 1]);
	else
		period_print_template(language->clauses[shape], language, &on, out);
	if (repeat->has_time)
		period_print_template(language->clauses[CLAUSE_TIME], language, &on, out);
}

static void period_print_within(const struct period_language *language, const struct period_repeat *repeat,
				const struct period *window, struct buf *out)
{
	const char *template = language->windows[period_print_shape(window)];
	if (template == NULL)
		return;
	if (language->is_window_first)
		period_print_template(template, language, window, out);
	period_print_clause(language, repeat, out);
	if (!language->is_window_first)
		period_print_template(template, language, window, out);
}

/* The windows that a rule may have come from, most likely first: only its end and its first occurrence are known. */
enum { PERIOD_PRINT_WINDOWS = 5 };
static struct period period_print_window(int which, const struct civil *first, const struct civil *until)
{
	struct period window = {.has_start = true, .start = *first, .end = *until, .precision = PERIOD_RANGE};
	window.start.hour = window.start.minute = 0;
	if (which == 0 || which == 2)
		window.start.year = until->year;
	if (which == 2)
		window.start.month = until->month;
	if (which < 2)
		window.start.month = 1;
	if (which < 4)
		window.start.day = 1;
	else if (civil_compare(&window.start, &window.end) == 0)
		window.start = civil_add_days(&window.start, -1); /* a window is never one day */
	if (which == 0)
		window.precision = PERIOD_YEAR;
	if (which == 2)
		window.precision = PERIOD_MONTH;
	return window;
}

/* "15 июня 2025 года, ежегодно" */
static bool period_print_beside_date(const struct period_language *language, const struct period *first,
				     const char *rrule, struct buf *phrase)
{
	buf_clear(phrase);
	period_print(first, language->name, phrase);
	buf_add_str(phrase, language->clauses[CLAUSE_BESIDE_DATE]);
	return period_print_reads_back(phrase, first, rrule);
}

/* Reads a rule of period_repeat_rule() back; false for any other. */
static bool period_print_read_rule(const char *rrule, const struct period *first, struct period_repeat *ret_repeat,
				   struct civil *ret_until)
{
	struct period_repeat repeat = {
		.is_limit = !first->has_start,
		.has_time = first->precision == PERIOD_MINUTE,
		.hour = first->start.hour,
		.minute = first->start.minute,
	};
	struct civil until = {0};
	const char *at = strstr(rrule, ";UNTIL=");
	if (at == NULL || sscanf(at, ";UNTIL=%4d%2d%2d", &until.year, &until.month, &until.day) != 3 ||
	    !civil_is_valid(&until))
		return false;

	/* The first occurrence leaves few rules to try: one of them is written like this, or none. */
	int weekday = civil_weekday(&first->start), nth = (first->start.day - 1) / 7 + 1;
	const int days[] = {0, first->start.day, PERIOD_LAST, 0, 0}, nths[] = {0, 0, 0, nth, PERIOD_LAST},
		  weekdays[] = {0, weekday, 0, 0, 0};
	char text[PERIOD_RRULE_SIZE];
	for (int unit = 0; unit <= REPEAT_YEAR; unit++)
		for (int i = 0; i < 5; i++) {
			repeat.unit = (enum period_repeat_unit)unit;
			repeat.day = unit == REPEAT_MONTH ? days[i] : 0;
			repeat.nth = unit == REPEAT_MONTH ? nths[i] : 0;
			repeat.weekday = repeat.nth != 0 ? weekday : unit == REPEAT_WEEK ? weekdays[i] : 0;
			period_repeat_rule(&repeat, &until, text);
			if (strcmp(text, rrule) == 0) {
				*ret_repeat = repeat;
				*ret_until = until;
				return true;
			}
		}
	return false;
}

/* True when the words were found, and are in phrase. */
static bool period_print_in_words(const struct period_language *language, const struct period *first, const char *rrule,
				  struct buf *phrase)
{
	struct period_repeat repeat;
	struct civil until;
	if (language->clauses[CLAUSE_DAY] == NULL)
		return false;
	if (!period_print_read_rule(rrule, first, &repeat, &until))
		return period_print_beside_date(language, first, rrule, phrase);
	for (int i = 0; i < PERIOD_PRINT_WINDOWS; i++) {
		struct period window = period_print_window(i, &first->start, &until);
		buf_clear(phrase);
		if (civil_compare(&window.start, &window.end) < 0)
			period_print_within(language, &repeat, &window, phrase);
		if (period_print_reads_back(phrase, first, rrule))
			return true;
	}
	return false;
}

void period_print_repeat(const struct period *first, const char *rrule, const char *language, struct buf *out)
{
	if (rrule[0] == '\0') {
		period_print(first, language, out);
		return;
	}
	struct buf phrase;
	buf_init(&phrase, PERIOD_PHRASE_MAX);
	if (period_print_in_words(period_language_find(language), first, rrule, &phrase)) {
		buf_add_str(out, buf_str(&phrase));
	} else {
		period_print(first, "iso", out);
		buf_printf(out, " RRULE:%s", rrule);
	}
	buf_done(&phrase);
}
