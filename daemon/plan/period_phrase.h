/* period_phrase: how period_parse() sees a phrase; for the period_*.c files alone.
 *
 *     phrase --period_token_split()--> tokens --period_part_parse()--> one or two parts, as far as said
 *            --period_resolve_*()--> first and last day
 *
 * period_parse.c reads what stands around the parts: limits, ranges, fillers. A part is what names one end: "11",
 * "16 октября 2024 года", "Q3". What it leaves unsaid, the other end or the default year must supply; what nobody
 * says is an error, never a guess. Errors point at tokens. */
#ifndef DEADLINED_PLAN_PERIOD_PHRASE_H
#define DEADLINED_PLAN_PERIOD_PHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/period.h"

/* What a word means, whatever its language and case; some carry a value. */
enum period_word {
	WORD_NONE,
	WORD_MONTH,       /* 1..12 */
	WORD_WEEKDAY,     /* 1..7 */
	WORD_SEASON,      /* 1 spring .. 4 winter */
	WORD_ORDINAL,     /* "первый", "third": 1..5, PERIOD_LAST */
	WORD_QUARTER,     /* "квартал", "quarter" */
	WORD_HALF,        /* "полугодие", "half" */
	WORD_THE_HALF,    /* 上半年: 1..2 */
	WORD_WEEK,        /* "неделя", "week" */
	WORD_DECADE,      /* "декада": ten days */
	WORD_THE_DECADE,  /* 中旬: 1..3 */
	WORD_THE_STRETCH, /* 上半月: an enum period_stretch */
	WORD_EDGE,        /* 1 beginning, 2 middle, 3 end */
	WORD_YEAR,        /* "год", "г", 年; 1: 全年, which needs no number */
	WORD_MONTH_UNIT,  /* "месяц", 月 */
	WORD_DAY_UNIT,    /* "число", 日 */
	WORD_DAY,         /* "день", "day" */
	WORD_HOUR_UNIT,   /* and that many minutes */
	WORD_MINUTE_UNIT,
	WORD_HALF_DAY, /* "am", "pm": hours to add, 0 or 12 */
	WORD_Q,        /* letters before a number: Q3 */
	WORD_H,
	WORD_W,
	WORD_T,
	WORD_DAY_PART, /* 下午: its first hour * 100 + its last */
	WORD_NTH,      /* 第 */
	WORD_PIECE,    /* 个 */
	WORD_IN,       /* 1: an hour without its unit may follow */
	WORD_THE,
	WORD_OF,
	WORD_SPAN,  /* "в течение", "during": "года" may follow without its number */
	WORD_FRAME, /* "в период", "в срок" */
	WORD_FROM,
	WORD_TO,
	WORD_UNTIL,  /* a limit; or the end of a range that began with WORD_FROM */
	WORD_BEFORE, /* a limit that stands behind its date: 前; 1: or the end of a range */
	WORD_AND,
	WORD_NEXT_YEAR,
	WORD_NOT,
	WORD_LATER,
	WORD_THAN,
	WORD_INCLUSIVE,
	WORD_REPEAT, /* "ежемесячно": an enum period_repeat_unit */
	WORD_EVERY,  /* "каждый" */
	WORD_TIMES,  /* "раз" */
	WORD_ONCE,
	WORD_WEEKDAYS, /* "понедельникам", "Mondays": 1..7 */
};

enum { PERIOD_LAST = -1, PERIOD_WINTER = 4 };

/* Finds the meaning of a word of len bytes in lower case, with е for ё; false when it has none. */
bool period_words_find(const char *text, size_t len, enum period_word *ret_word, int *ret_value);
/* The known word that a typing mistake most likely meant, or NULL; it is *ret_len bytes long. */
const char *period_words_nearest(const char *text, size_t len, size_t *ret_len);

enum period_token_kind {
	TOKEN_END,
	TOKEN_NUMBER,
	TOKEN_WORD,
	TOKEN_DASH,
	TOKEN_DOT,
	TOKEN_DOTS, /* ".." */
	TOKEN_SLASH,
	TOKEN_COLON,
	TOKEN_COMMA,
	TOKEN_OPEN, /* a parenthesis */
	TOKEN_CLOSE,
};

struct period_token {
	enum period_token_kind kind;
	enum period_word word; /* WORD_NONE for what is no word */
	int value;             /* of a number or a word */
	unsigned digits;       /* written; 0 for Roman and Chinese numerals */
	bool is_joined;        /* no blank before it */
	bool is_cjk;
	bool is_ascii;
	unsigned offset, length;
};

struct period_phrase {
	const char *text;
	struct period_token tokens[PERIOD_PHRASE_MAX + 1]; /* the last one is TOKEN_END */
	size_t n_tokens;
};

/* Splits text, which ret_phrase goes on pointing into. */
MUSTCHECK int period_token_split(const char *text, struct period_phrase *ret_phrase, struct period_error *ret_error);

enum period_unit {
	UNIT_NUMBER, /* only a number: the other end says of what */
	UNIT_DAY,
	UNIT_MONTH,
	UNIT_DECADE,      /* number: 1..3 */
	UNIT_STRETCH,     /* number: an enum period_stretch */
	UNIT_WEEK,        /* number: of the month, PERIOD_LAST too; of the year when no month is named */
	UNIT_WEEK_OF_DAY, /* the week around a day */
	UNIT_SEASON,      /* number: 1..4 */
	UNIT_QUARTER,     /* number: 1..4 */
	UNIT_HALF,        /* number: 1..2 */
	UNIT_YEAR,
};

/* Other parts of a month. */
enum period_stretch {
	STRETCH_FIRST_HALF = 1, /* up to the 15th */
	STRETCH_SECOND_HALF,
	STRETCH_FIRST_DECADES, /* up to the 20th */
	STRETCH_LAST_DECADES,
};

struct period_part {
	enum period_unit unit;
	int year, month,
		number; /* 0: not said. number counts the unit; of a day it is the day of the month or PERIOD_LAST */
	int weekday;    /* 0: not said */
	int nth;        /* of the weekdays of its month, PERIOD_LAST too; 0: the weekday is only said as well */
	bool has_time;
	int hour, minute;
	bool is_month_first; /* "June 15" */
	bool is_month_unit;  /* "5月": a bare number before it is a month */
	bool is_end;         /* "конец марта": in a limit its last day */
	bool is_from;        /* "неделя с 3 ноября": begins on that day */
	bool has_both_years; /* "зима 2025-2026" */
	bool is_next_year;   /* 次年1月 */
	bool is_listed;      /* "апрель, май": the other one must be the next */
	bool is_rough;       /* "2025-06-11~": only about then */
	const struct period_token *first, *last, *number_token, *month_token, *weekday_token;
};

/* Where the reading stands. */
struct period_cursor {
	const struct period_phrase *phrase;
	size_t at;
	bool is_limit;               /* after "до": "конец года" names a day */
	bool is_span;                /* after "в течение": "года" needs no number */
	bool follows_month_day;      /* after "June 1 -": a bare "15" may follow, with its year */
	struct period_part from, to; /* what period_parse_phrase() has read, without what they lend each other; unless
				      * it was a range, to.first is NULL */
	struct period_error *error;
};

/* The token that many places further on; TOKEN_END from the end on. */
const struct period_token *period_cursor_peek(const struct period_cursor *cursor, size_t n);
bool period_cursor_has(const struct period_cursor *cursor, size_t n, enum period_word word);
bool period_cursor_has_kind(const struct period_cursor *cursor, size_t n, enum period_token_kind kind);
/* The same of the next token, which is then left behind if it is so. */
bool period_cursor_take(struct period_cursor *cursor, enum period_word word);
bool period_cursor_take_kind(struct period_cursor *cursor, enum period_token_kind kind);
/* Steps over the next token and returns it. */
const struct period_token *period_cursor_step(struct period_cursor *cursor);
/* The token stepped over last. */
const struct period_token *period_cursor_last(const struct period_cursor *cursor);

/* Steps over the "." of an abbreviation, if there is one. */
void period_cursor_skip_dot(struct period_cursor *cursor);

/* Fills the error with the place of these tokens (one and the same for a single word), quotes them and says why. */
int period_cursor_fail(const struct period_cursor *cursor, const struct period_token *first,
		       const struct period_token *last, const char *fmt, ...) PRINTF(4, 5);
/* The same at the next token. */
int period_cursor_fail_here(const struct period_cursor *cursor, const char *why);

/* Reads the whole of the cursor's phrase as one period. */
MUSTCHECK int period_parse_phrase(struct period_cursor *cursor, int default_year, struct period *ret_period);
/* Steps over what makes a limit of the date behind it: "до", "не позднее", "by". */
bool period_parse_limit_word(struct period_cursor *cursor);

/* Does the token make a phrase a repeat? */
bool period_repeat_is_marker(const struct period_token *token);

/* Reads one part at the cursor. */
MUSTCHECK int period_part_parse(struct period_cursor *cursor, struct period_part *ret_part);

bool period_year_is(const struct period_token *token);
/* Reads the number of a year. */
MUSTCHECK int period_year_take(struct period_cursor *cursor, struct period_part *part);
/* Reads the year behind a part, if there is one: "2025 г.", ", 2025", "of 2025". */
MUSTCHECK int period_year_behind(struct period_cursor *cursor, struct period_part *part);
/* Steps over "г.", "гг.", "года", 年. */
void period_year_skip_words(struct period_cursor *cursor);

/* Is it a number, but no year: written with one or two digits, or Roman or Chinese? */
bool period_count_is(const struct period_token *token);
/* Reads such a number and what makes sense of it: "15 июня", "3 квартал", "6月"; or leaves it bare. */
MUSTCHECK int period_count_parse(struct period_cursor *cursor, struct period_part *part);
/* Reads what part->number counts: "квартал", "неделя ноября", "июня". */
MUSTCHECK int period_count_behind(struct period_cursor *cursor, struct period_part *part);
/* Reads the month that a day, week or decade belongs to, if it is said: "ноября", "of November". */
bool period_count_month(struct period_cursor *cursor, struct period_part *part);
/* Reads a part of a year as Chinese has it behind 2025年, if there is one. */
MUSTCHECK int period_count_in_year(struct period_cursor *cursor, struct period_part *part);

/* Reads the time of day at the cursor, if there is one, into part. */
MUSTCHECK int period_time_parse(struct period_cursor *cursor, struct period_part *part);

/* Is a time like 14:00 what stands that many tokens further on? */
bool period_time_is(const struct period_cursor *cursor, size_t n);

/* What to do about a phrase, for its error. */
#define PERIOD_CURE                                                                                                    \
	"write it like 2027-06-15, 15.06.2027, June 2027 or 'апрель-май 2027'; words that are no date"        \
	" belong into the title or the note"
#define PERIOD_ONE_TIME "a task has one time: the end of it belongs into the note"

/* The period that the parts mean. cursor says where errors go. */
MUSTCHECK int period_resolve_one(const struct period_cursor *cursor, const struct period_part *part, int default_year,
				 struct period *ret_period);
MUSTCHECK int period_resolve_limit(const struct period_cursor *cursor, const struct period_part *part, int default_year,
				   struct period *ret_period);
MUSTCHECK int period_resolve_range(const struct period_cursor *cursor, const struct period_part *from,
				   const struct period_part *to, int default_year, struct period *ret_period);

/* A year that a plan may name; others are more likely a slip. */
enum { PERIOD_YEAR_MIN = 1900, PERIOD_YEAR_MAX = 2999 };

#endif
