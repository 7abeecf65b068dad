#include "plan/period_phrase.h"

/* "3" behind Q, H or W. */
static int period_part_letter(struct period_cursor *cursor, struct period_part *part)
{
	enum period_word letter = period_cursor_step(cursor)->word;
	part->unit = letter == WORD_Q ? UNIT_QUARTER : letter == WORD_H ? UNIT_HALF : UNIT_WEEK;
	part->number_token = period_cursor_step(cursor);
	part->number = part->number_token->value;
	return period_year_behind(cursor, part);
}

static bool period_part_is_letter(const struct period_cursor *cursor, size_t n)
{
	const struct period_token *letter = period_cursor_peek(cursor, n), *number = period_cursor_peek(cursor, n + 1);
	return (letter->word == WORD_Q || letter->word == WORD_H || letter->word == WORD_W) &&
	       number->kind == TOKEN_NUMBER && number->is_joined && number->digits >= 1 && number->digits <= 2;
}

static bool period_part_is_iso(const struct period_cursor *cursor)
{
	const struct period_token *dash = period_cursor_peek(cursor, 0), *next = period_cursor_peek(cursor, 1);
	if (dash->kind != TOKEN_DASH || !dash->is_joined || !next->is_joined)
		return false;
	return (next->kind == TOKEN_NUMBER && next->digits == 2) || period_part_is_letter(cursor, 1);
}

/* "/6" behind a year */
static bool period_part_is_slash_month(const struct period_cursor *cursor)
{
	const struct period_token *slash = period_cursor_peek(cursor, 0), *month = period_cursor_peek(cursor, 1);
	return slash->kind == TOKEN_SLASH && slash->is_joined && month->kind == TOKEN_NUMBER && month->is_joined &&
	       (month->digits == 1 || month->digits == 2);
}

/* "-06", "-W14" or "/6" behind a year. */
static int period_part_iso(struct period_cursor *cursor, struct period_part *part)
{
	(void)period_cursor_step(cursor);
	if (period_part_is_letter(cursor, 0))
		return period_part_letter(cursor, part);

	part->unit = UNIT_MONTH;
	part->month_token = period_cursor_step(cursor);
	part->month = part->month_token->value;
	if (!period_part_is_iso(cursor))
		return 0;
	(void)period_cursor_step(cursor);
	return period_cursor_fail_here(cursor, "a day should stand here");
}

static bool period_part_is_joined_number(const struct period_cursor *cursor, size_t n)
{
	const struct period_token *token = period_cursor_peek(cursor, n);
	return token->kind == TOKEN_NUMBER && token->is_joined && (token->digits == 1 || token->digits == 2);
}

/* "/6/": a number between two marks of a kind, from the token n on. */
static bool period_part_is_between(const struct period_cursor *cursor, size_t n)
{
	const struct period_token *mark = period_cursor_peek(cursor, n), *again = period_cursor_peek(cursor, n + 2);
	bool is_mark = mark->kind == TOKEN_DASH || mark->kind == TOKEN_SLASH || mark->kind == TOKEN_DOT;
	return is_mark && mark->is_joined && period_part_is_joined_number(cursor, n + 1) && again->kind == mark->kind &&
	       again->is_joined;
}

/* "-06-15", "/6/15" or ".6.15" behind a year. */
static void period_part_month_day(struct period_cursor *cursor, struct period_part *part)
{
	(void)period_cursor_step(cursor);
	part->month_token = period_cursor_step(cursor);
	part->month = part->month_token->value;
	(void)period_cursor_step(cursor);
	part->unit = UNIT_DAY;
	part->number_token = period_cursor_step(cursor);
	part->number = part->number_token->value;
}

static int period_part_year(struct period_cursor *cursor, struct period_part *part)
{
	int rc = period_year_take(cursor, part);
	if (rc < 0)
		return rc;

	part->unit = UNIT_YEAR;
	if (period_part_is_between(cursor, 0) && period_part_is_joined_number(cursor, 3)) {
		period_part_month_day(cursor, part);
		return 0;
	}
	if (period_part_is_iso(cursor) || period_part_is_slash_month(cursor))
		return period_part_iso(cursor, part);
	if (period_part_is_letter(cursor, 0))
		return period_part_letter(cursor, part);

	bool is_chinese = period_cursor_has(cursor, 0, WORD_YEAR) && period_cursor_peek(cursor, 0)->is_cjk;
	period_year_skip_words(cursor);
	return is_chinese ? period_count_in_year(cursor, part) : 0;
}

static bool period_part_is_dotted(const struct period_cursor *cursor, size_t n)
{
	const struct period_token *dot = period_cursor_peek(cursor, n), *number = period_cursor_peek(cursor, n + 1);
	return dot->kind == TOKEN_DOT && dot->is_joined && number->kind == TOKEN_NUMBER && number->is_joined &&
	       number->digits != 0;
}

/* The year of a date in figures may have two of them. */
static int period_part_short_year(struct period_cursor *cursor, struct period_part *part)
{
	if (period_cursor_peek(cursor, 0)->digits != 2)
		return period_year_take(cursor, part);
	part->year = 2000 + period_cursor_step(cursor)->value;
	return 0;
}

/* "01.10.2025", "09.05.25", "01.10", "10.2025" */
static int period_part_dotted(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *first = period_cursor_step(cursor);
	(void)period_cursor_step(cursor);
	bool is_month = period_year_is(period_cursor_peek(cursor, 0));
	part->unit = is_month ? UNIT_MONTH : UNIT_DAY;
	part->number_token = first;
	part->number = is_month ? 0 : first->value;
	part->month_token = is_month ? first : period_cursor_step(cursor);
	part->month = part->month_token->value;

	if (is_month || period_part_is_dotted(cursor, 0)) {
		if (!is_month)
			(void)period_cursor_step(cursor);
		const struct period_token *year = period_cursor_peek(cursor, 0);
		if (year->digits != 2 && !period_year_is(year))
			return period_cursor_fail_here(cursor, "a year of four digits should stand here");
		int rc = period_part_short_year(cursor, part);
		if (rc < 0)
			return rc;
		period_year_skip_words(cursor);
		return 0;
	}
	return period_year_behind(cursor, part);
}

/* "июнь 2025", "June 2025", "June 15, 2025" */
static int period_part_month(struct period_cursor *cursor, struct period_part *part)
{
	(void)period_count_month(cursor, part);
	const struct period_token *next = period_cursor_peek(cursor, 0);
	part->unit = UNIT_MONTH;
	if (part->month_token->is_ascii && next->kind == TOKEN_NUMBER && (next->digits == 1 || next->digits == 2) &&
	    !period_cursor_has_kind(cursor, 1, TOKEN_COLON)) {
		part->unit = UNIT_DAY;
		part->is_month_first = true;
		part->number_token = period_cursor_step(cursor);
		part->number = part->number_token->value;
	}
	return period_year_behind(cursor, part);
}

static int period_part_date(struct period_cursor *cursor, struct period_part *part);

/* Whose end is a day, in a limit: "года", "Q3", 2025. */
static bool period_part_is_long(const struct period_cursor *cursor)
{
	const struct period_token *next = period_cursor_peek(cursor, 0);
	if (cursor->is_limit)
		return next->word != WORD_EDGE;
	return next->kind == TOKEN_NUMBER || next->word == WORD_YEAR || next->word == WORD_Q || next->word == WORD_H ||
	       next->word == WORD_ORDINAL || next->word == WORD_SEASON;
}

/* "начало марта", "mid-June"; in a limit also "конец квартала", which is a day as well. */
static int period_part_edge(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *edge = period_cursor_step(cursor);
	if (period_cursor_peek(cursor, 0)->is_joined && period_cursor_has(cursor, 1, WORD_MONTH))
		(void)period_cursor_take_kind(cursor, TOKEN_DASH);
	(void)period_cursor_take(cursor, WORD_OF);
	(void)period_cursor_take(cursor, WORD_THE);

	part->is_end = edge->value == 3;
	if (part->is_end && period_part_is_long(cursor)) {
		cursor->is_span = true; /* "до конца года" */
		return period_part_date(cursor, part);
	}
	part->unit = UNIT_DECADE;
	part->number = edge->value;
	part->number_token = edge;
	(void)period_count_month(cursor, part);
	return period_year_behind(cursor, part);
}

/* "лето 2025", "зима 2025-2026", "winter 2025/26" */
static int period_part_season(struct period_cursor *cursor, struct period_part *part)
{
	part->unit = UNIT_SEASON;
	part->number_token = period_cursor_step(cursor);
	part->number = part->number_token->value;
	int rc = period_year_behind(cursor, part);
	if (rc < 0 || part->number != PERIOD_WINTER || part->year == 0)
		return rc;

	const struct period_token *mark = period_cursor_peek(cursor, 0), *next = period_cursor_peek(cursor, 1);
	bool is_next = (next->digits == 4 && next->value == part->year + 1) ||
		       (next->digits == 2 && next->value == (part->year + 1) % 100);
	if ((mark->kind == TOKEN_DASH || mark->kind == TOKEN_SLASH) && is_next) {
		(void)period_cursor_step(cursor);
		(void)period_cursor_step(cursor);
		period_year_skip_words(cursor);
		part->has_both_years = true;
	}
	return 0;
}

/* "the week of 3 November", "неделя с 3 ноября", "week 14 of 2025" */
static int period_part_week(struct period_cursor *cursor, struct period_part *part)
{
	(void)period_cursor_step(cursor);
	bool is_of_day = period_cursor_take(cursor, WORD_OF);
	part->is_from = !is_of_day && period_cursor_take(cursor, WORD_FROM);
	(void)period_cursor_take(cursor, WORD_THE);

	int rc = period_part_date(cursor, part);
	if (rc < 0)
		return rc;
	if (part->unit == UNIT_DAY) {
		part->unit = UNIT_WEEK_OF_DAY;
		return 0;
	}
	if (part->unit != UNIT_NUMBER || is_of_day || part->is_from)
		return period_cursor_fail(cursor, part->first, period_cursor_last(cursor),
					  "name a day of the week, as in 'the week of 3 November'");
	part->unit = UNIT_WEEK;
	return period_year_behind(cursor, part);
}

/* A year without its number, where that is clear: "в течение года", 全年. */
static int period_part_bare_year(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *word = period_cursor_step(cursor);
	part->unit = UNIT_YEAR;
	if (word->is_cjk && period_cursor_has(cursor, 0, WORD_EDGE))
		return period_count_in_year(cursor, part); /* 年底前 */
	if (word->value == 0 && !cursor->is_span)
		return period_cursor_fail(cursor, word, word, "which year?");
	return 0;
}

/* "06/15/2027", "15-06-27": some write the month first, some the day. */
static bool period_part_is_either(const struct period_cursor *cursor)
{
	const struct period_token *year = period_cursor_peek(cursor, 4);
	return period_part_is_between(cursor, 1) && !period_cursor_has_kind(cursor, 1, TOKEN_DOT) &&
	       year->kind == TOKEN_NUMBER && year->is_joined && (year->digits == 2 || year->digits == 4);
}

/* "15-Jun-2027", "15-июн-27" */
static bool period_part_is_dashed(const struct period_cursor *cursor)
{
	for (size_t i = 1; i <= 4; i++)
		if (!period_cursor_peek(cursor, i)->is_joined)
			return false;
	unsigned digits = period_cursor_peek(cursor, 4)->digits;
	return period_cursor_has_kind(cursor, 1, TOKEN_DASH) && period_cursor_has(cursor, 2, WORD_MONTH) &&
	       period_cursor_has_kind(cursor, 3, TOKEN_DASH) && (digits == 2 || digits == 4);
}

static int period_part_dashed(struct period_cursor *cursor, struct period_part *part)
{
	part->unit = UNIT_DAY;
	part->number_token = period_cursor_step(cursor);
	part->number = part->number_token->value;
	(void)period_cursor_step(cursor);
	part->month_token = period_cursor_step(cursor);
	part->month = part->month_token->value;
	(void)period_cursor_step(cursor);
	return period_part_short_year(cursor, part);
}

static int period_part_number(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *token = period_cursor_peek(cursor, 0);
	if (period_year_is(token))
		return period_part_year(cursor, part);
	if (period_part_is_either(cursor))
		return period_cursor_fail(cursor, token, period_cursor_peek(cursor, 4),
					  "which is the month? write it like 2027-06-15 or 15.06.2027");
	if (token->digits != 0 && period_part_is_dotted(cursor, 1))
		return period_part_dotted(cursor, part);
	if (token->digits != 0 && period_part_is_dashed(cursor))
		return period_part_dashed(cursor, part);
	if (period_count_is(token))
		return period_count_parse(cursor, part);
	return period_cursor_fail_here(cursor, "neither a day nor a year");
}

static int period_part_date(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *token = period_cursor_peek(cursor, 0);
	if (token->kind == TOKEN_NUMBER)
		return period_part_number(cursor, part);
	if (period_part_is_letter(cursor, 0) && token->word != WORD_W)
		return period_part_letter(cursor, part);
	switch (token->word) {
	case WORD_MONTH:
		return period_part_month(cursor, part);
	case WORD_ORDINAL:
		part->number_token = period_cursor_step(cursor);
		part->number = token->value;
		return period_count_behind(cursor, part);
	case WORD_EDGE:
		return period_part_edge(cursor, part);
	case WORD_SEASON:
		return period_part_season(cursor, part);
	case WORD_WEEK:
		return period_part_week(cursor, part);
	case WORD_THE_HALF:
	case WORD_NTH:
		return period_count_in_year(cursor, part);
	case WORD_THE_DECADE:
		part->unit = UNIT_DECADE;
		part->number_token = period_cursor_step(cursor);
		part->number = token->value;
		return 0;
	case WORD_YEAR:
		return period_part_bare_year(cursor, part);
	default:
		return period_cursor_fail_here(cursor, "a day, month, quarter or year should stand here");
	}
}

/* "понедельник,", "(Mon)": true when one was read. */
static bool period_part_weekday(struct period_cursor *cursor, struct period_part *part)
{
	size_t before = cursor->at;
	(void)period_cursor_take_kind(cursor, TOKEN_COMMA);
	bool is_open = period_cursor_take_kind(cursor, TOKEN_OPEN);
	const struct period_token *word = period_cursor_peek(cursor, 0);
	if (word->word != WORD_WEEKDAY) {
		cursor->at = before;
		return false;
	}
	(void)period_cursor_step(cursor);
	period_cursor_skip_dot(cursor);
	if (is_open && !period_cursor_take_kind(cursor, TOKEN_CLOSE)) {
		cursor->at = before;
		return false;
	}
	part->weekday = word->value;
	part->weekday_token = word;
	return true;
}

/* What may stand before a date: a weekday or a time. */
static int period_part_before(struct period_cursor *cursor, struct period_part *part)
{
	if (period_part_weekday(cursor, part))
		(void)period_cursor_take_kind(cursor, TOKEN_COMMA);
	int rc = period_time_parse(cursor, part);
	if (rc < 0)
		return rc;
	if (part->has_time) {
		(void)period_cursor_take_kind(cursor, TOKEN_COMMA);
		(void)period_cursor_take(cursor, WORD_IN);
	}
	(void)period_cursor_take(cursor, WORD_THE);
	return 0;
}

int period_part_parse(struct period_cursor *cursor, struct period_part *ret_part)
{
	(void)period_cursor_take(cursor, WORD_THE);
	struct period_part part = {.first = period_cursor_peek(cursor, 0)};
	int rc = period_part_before(cursor, &part);
	if (rc < 0)
		return rc;
	rc = period_part_date(cursor, &part);
	if (rc < 0)
		return rc;

	if (part.unit == UNIT_DAY) {
		if (part.weekday == 0)
			(void)period_part_weekday(cursor, &part);
		if (!part.has_time) {
			rc = period_time_parse(cursor, &part);
			if (rc < 0)
				return rc;
		}
	}
	part.last = period_cursor_last(cursor);
	if (part.unit != UNIT_DAY && (part.has_time || part.weekday != 0))
		return period_cursor_fail(cursor, part.first, part.last,
					  "a time or a weekday needs a full date beside it");
	*ret_part = part;
	return 0;
}
