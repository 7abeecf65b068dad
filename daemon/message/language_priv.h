/* What the files of language share: the formatters of one language, opened once, and the way from ICU's UTF-16. */
#ifndef DEADLINED_MESSAGE_LANGUAGE_PRIV_H
#define DEADLINED_MESSAGE_LANGUAGE_PRIV_H

#include <stdbool.h>

#include <unicode/udat.h>
#include <unicode/udateintervalformat.h>
#include <unicode/uloc.h>
#include <unicode/ulistformatter.h>
#include <unicode/unumberformatter.h>
#include <unicode/upluralrules.h>
#include <unicode/ureldatefmt.h>

#include "message/language.h"

enum { LANGUAGE_TEXT_MAX = 256 }; /* UTF-16 units of one date, span or name */

enum language_date {
	LANGUAGE_DAY,
	LANGUAGE_MOMENT,
	LANGUAGE_SHORT_DAY,
	LANGUAGE_MONTH,
	LANGUAGE_QUARTER,
	LANGUAGE_YEAR,
	LANGUAGE_DATE_MAX
};

enum language_interval { LANGUAGE_DAYS, LANGUAGE_MONTHS, LANGUAGE_INTERVAL_MAX };

enum { LANGUAGE_UNIT_DAY, LANGUAGE_UNIT_HOUR, LANGUAGE_UNIT_MINUTE, LANGUAGE_UNIT_SECOND, LANGUAGE_UNIT_MAX };

struct language_places; /* what was looked up of zones */
struct language_memo;   /* what was formatted */

/* What makes a text: the formatter, and one or two numbers. */
struct language_key {
	int form;
	int64_t first, second;
};

/* The forms of a key; from each on, the formatters of its kind are counted. */
enum {
	LANGUAGE_FORM_DATE = 0,
	LANGUAGE_FORM_INTERVAL = 32,
	LANGUAGE_FORM_UNIT = 64,
	LANGUAGE_FORM_RELATIVE = 96,
	LANGUAGE_FORM_SPAN = 128,
};

struct language {
	char *tag;
	char locale[ULOC_FULLNAME_CAPACITY];
	UDateFormat *dates[LANGUAGE_DATE_MAX];
	UDateIntervalFormat *intervals[LANGUAGE_INTERVAL_MAX];
	UNumberFormatter *units[LANGUAGE_UNIT_MAX];
	UFormattedNumber *number; /* room for one result */
	URelativeDateTimeFormatter *relative;
	UNumberFormatter *plain; /* a bare number */
	UPluralRules *plurals;
	UListFormatter *list;  /* of a span's units */
	UListFormatter *names; /* "A, B and C" */
	struct language_places *places;
	struct language_memo *memo;
};

/* Appends what ICU wrote; false when ICU failed or the text did not fit, and then nothing is appended. Odd blanks in
 * text become ordinary ones. */
bool language_add_utf16(struct buf *out, UChar *text, int32_t len, UErrorCode status);

/* Appends what was remembered; false when nothing was. */
bool language_recall(const struct language *language, const struct language_key *key, struct buf *out);
/* Remembers what out holds from there on. */
void language_remember(const struct language *language, const struct language_key *key, const struct buf *out,
		       size_t from);

struct language_memo *language_memo_new(void);
void language_memo_free(struct language_memo *memo);

struct language_places *language_places_new(void);
void language_places_free(struct language_places *places);

#endif
