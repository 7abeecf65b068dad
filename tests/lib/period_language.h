/* period_language: the words that period_print prints periods in.
 *
 * A phrase is a template in which %x stands for a part of the period: a small letter for its start, a capital one for its
 * end. y year, m month and d day as numbers, o and a the same in two digits, n the name of the month and g and p its
 * genitive and prepositional case, u the number of the quarter or half-year, r the same in Roman, x 上 or 下, k the ISO
 * week in two digits, w the same without, and i its year, e an English ordinal of the day, t the time of day, s the part
 * of its month that begins or ends there. */
#ifndef DEADLINED_TEST_PERIOD_LANGUAGE_H
#define DEADLINED_TEST_PERIOD_LANGUAGE_H

#include <stdbool.h>

enum period_shape {
	SHAPE_MINUTE,
	SHAPE_DAY,
	SHAPE_WEEK,
	SHAPE_MONTH,
	SHAPE_QUARTER,
	SHAPE_HALF_YEAR,
	SHAPE_YEAR,
	SHAPE_YEARS,
	SHAPE_MONTHS,        /* of one year */
	SHAPE_MONTHS_ACROSS, /* the new year */
	SHAPE_MONTH_DAYS,    /* of one month */
	SHAPE_DAYS,          /* of one year */
	SHAPE_DAYS_ACROSS,   /* the new year */
	SHAPE_STRETCH,       /* a part of a month */
	SHAPE_STRETCHES,     /* from one such part to another */
	SHAPE_LIMIT_DAY,
	SHAPE_LIMIT_MINUTE,
	SHAPE_MAX
};

enum { PERIOD_STRETCHES = 5 };

enum period_clause_shape {
	CLAUSE_DAY, /* the first six in the order of enum period_repeat_unit */
	CLAUSE_WEEK,
	CLAUSE_MONTH,
	CLAUSE_QUARTER,
	CLAUSE_HALF,
	CLAUSE_YEAR,
	CLAUSE_ON_DAY,
	CLAUSE_UNTIL_DAY,
	CLAUSE_ON_LAST_DAY,
	CLAUSE_UNTIL_LAST_DAY,
	CLAUSE_OF_MONTH,    /* follows a weekday of the month */
	CLAUSE_TIME,        /* follows any of them */
	CLAUSE_BESIDE_DATE, /* follows the date that comes back every year */
	CLAUSE_MAX
};

struct period_language {
	const char *name;
	const char *shapes[SHAPE_MAX];
	const char
		*stretches[PERIOD_STRETCHES]; /* the beginning, middle and end of a month, its first and second half */
	const char *names[12], *genitives[12], *prepositionals[12];
	const char *clauses[CLAUSE_MAX]; /* NULL in a language without words, and so are the next two */
	const char *weekdays[7];
	const char *nths[5][3]; /* "в первый ", to the 4th and the last; their three genders */
	const char *days[7];    /* the weekdays behind them */
	int genders[7];
	const char *windows[SHAPE_MAX]; /* that a repeat may be meant in; NULL for the others */
	bool is_window_first;
};

/* The language of that name, or ISO 8601. */
const struct period_language *period_language_find(const char *name);
/* ISO 8601, the language without words. */
const struct period_language *period_language_iso(void);

#endif
