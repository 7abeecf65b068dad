#include "plan/period_phrase.h"

bool period_count_is(const struct period_token *token)
{
	return token->kind == TOKEN_NUMBER && token->digits <= 2 && token->value < 100;
}

/* What a number or ordinal may count. */
static bool period_count_unit(enum period_word word, enum period_unit *ret_unit)
{
	static const struct {
		enum period_word word;
		enum period_unit unit;
	} units[] = {
		{WORD_QUARTER, UNIT_QUARTER},
		{WORD_HALF, UNIT_HALF},
		{WORD_WEEK, UNIT_WEEK},
		{WORD_DECADE, UNIT_DECADE},
	};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].word == word) {
			*ret_unit = units[i].unit;
			return true;
		}
	return false;
}

static size_t period_count_small_words(const struct period_cursor *cursor, size_t n)
{
	return period_cursor_has(cursor, n, WORD_OF) || period_cursor_has(cursor, n, WORD_IN) ? 1 : 0;
}

/* Does the month stand that many tokens further on? */
static bool period_count_is_of_month(const struct period_cursor *cursor, size_t n)
{
	return period_cursor_has(cursor, n + period_count_small_words(cursor, n), WORD_MONTH);
}

bool period_count_month(struct period_cursor *cursor, struct period_part *part)
{
	if (!period_count_is_of_month(cursor, 0))
		return false;
	cursor->at += period_count_small_words(cursor, 0);
	part->month_token = period_cursor_step(cursor);
	part->month = part->month_token->value;
	period_cursor_skip_dot(cursor);
	(void)period_cursor_take(cursor, WORD_MONTH_UNIT);
	return true;
}

/* The last of what is counted, by its number. */
static int period_count_last(enum period_unit unit)
{
	return unit == UNIT_QUARTER ? 4 : unit == UNIT_HALF ? 2 : unit == UNIT_DECADE ? 3 : PERIOD_LAST;
}

/* "день июня", "пятница июня", 星期五: a day by its place among those of the month. */
static bool period_count_day(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *word = period_cursor_peek(cursor, 0);
	bool is_last_day = part->number == PERIOD_LAST && (word->word == WORD_DAY || word->word == WORD_DAY_UNIT);
	if (!is_last_day && word->word != WORD_WEEKDAY)
		return false;
	(void)period_cursor_step(cursor);
	part->unit = UNIT_DAY;
	if (!is_last_day) {
		part->nth = part->number;
		part->weekday = word->value;
		part->weekday_token = word;
		period_cursor_skip_dot(cursor);
	}
	(void)period_count_month(cursor, part);
	return true;
}

/* 末 behind 第二季度 */
static void period_count_end(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *edge = period_cursor_peek(cursor, 0);
	if (edge->word != WORD_EDGE || !edge->is_cjk || edge->value != 3)
		return;
	(void)period_cursor_step(cursor);
	part->is_end = true;
}

int period_count_behind(struct period_cursor *cursor, struct period_part *part)
{
	if (period_cursor_last(cursor)->word == WORD_ORDINAL && period_cursor_peek(cursor, 0)->is_cjk &&
	    period_cursor_peek(cursor, 0)->value == 1)
		(void)period_cursor_take_kind(cursor, TOKEN_NUMBER); /* 最后一周 */
	(void)period_cursor_take(cursor, WORD_PIECE);
	if (period_count_day(cursor, part))
		return period_year_behind(cursor, part);
	if (period_count_unit(period_cursor_peek(cursor, 0)->word, &part->unit)) {
		(void)period_cursor_step(cursor);
		period_cursor_skip_dot(cursor);
		if (part->number == PERIOD_LAST)
			part->number = period_count_last(part->unit);
		if (part->unit == UNIT_WEEK || part->unit == UNIT_DECADE)
			(void)period_count_month(cursor, part);
		if (part->unit == UNIT_HALF && (part->number == 1 || part->number == 2) &&
		    period_count_month(cursor, part))
			part->unit = UNIT_STRETCH; /* "вторая половина мая" */
		period_count_end(cursor, part);
		return period_year_behind(cursor, part);
	}
	if (part->number != PERIOD_LAST && period_count_month(cursor, part)) {
		part->unit = UNIT_DAY;
		return period_year_behind(cursor, part);
	}
	return period_cursor_fail_here(cursor,
				       "a month, week, quarter, half-year or decade of a month should stand here");
}

/* "6月", and what may follow it: 中旬, 底, 第二周, 15日. */
static int period_count_chinese(struct period_cursor *cursor, struct period_part *part)
{
	part->month_token = period_cursor_step(cursor);
	part->month = part->month_token->value;
	(void)period_cursor_step(cursor);

	const struct period_token *next = period_cursor_peek(cursor, 0);
	if (next->word == WORD_THE_STRETCH) {
		part->unit = UNIT_STRETCH;
		part->number = next->value;
		part->number_token = period_cursor_step(cursor);
		return 0;
	}
	if (next->word == WORD_THE_DECADE || (next->word == WORD_EDGE && next->is_cjk)) {
		part->unit = UNIT_DECADE;
		part->number = next->value;
		part->is_end = next->word == WORD_EDGE && next->value == 3;
		part->number_token = period_cursor_step(cursor);
		return 0;
	}
	if (next->word == WORD_ORDINAL) {
		part->number_token = period_cursor_step(cursor);
		part->number = next->value;
		return period_count_behind(cursor, part);
	}
	size_t ahead = next->word == WORD_NTH ? 1 : 0;
	if (!period_count_is(period_cursor_peek(cursor, ahead))) {
		part->unit = UNIT_MONTH;
		part->is_month_unit = true;
		return 0;
	}
	cursor->at += ahead;
	part->number_token = period_cursor_step(cursor);
	part->number = part->number_token->value;
	if (ahead != 0 || period_cursor_has(cursor, 0, WORD_WEEK))
		return period_count_behind(cursor, part);
	part->unit = UNIT_DAY;
	part->is_month_first = true;
	(void)period_cursor_take(cursor, WORD_DAY_UNIT);
	return 0;
}

int period_count_parse(struct period_cursor *cursor, struct period_part *part)
{
	if (period_cursor_peek(cursor, 1)->word == WORD_MONTH_UNIT)
		return period_count_chinese(cursor, part);

	part->number_token = period_cursor_step(cursor);
	part->number = part->number_token->value;
	enum period_unit unit;
	if (period_count_unit(period_cursor_peek(cursor, 0)->word, &unit))
		return period_count_behind(cursor, part);
	if (period_cursor_take(cursor, WORD_DAY_UNIT)) {
		part->unit = UNIT_DAY;
		return 0;
	}
	if (period_count_is_of_month(cursor, 1) && period_count_day(cursor, part))
		return period_year_behind(cursor, part); /* "2-й вторник июня" */
	if (period_count_month(cursor, part)) {
		part->unit = UNIT_DAY;
		return period_year_behind(cursor, part);
	}
	part->unit = UNIT_NUMBER;
	return cursor->follows_month_day ? period_year_behind(cursor, part) : 0;
}

int period_count_in_year(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *next = period_cursor_peek(cursor, 0);
	if (next->word == WORD_EDGE && next->is_cjk) {
		(void)period_cursor_step(cursor);
		if (next->value != 3)
			return period_cursor_fail(cursor, next, next, "which months of the year?");
		part->is_end = true;
		return 0;
	}
	if (next->word == WORD_THE_HALF || next->word == WORD_SEASON) {
		part->unit = next->word == WORD_SEASON ? UNIT_SEASON : UNIT_HALF;
		part->number_token = period_cursor_step(cursor);
		part->number = next->value;
		period_count_end(cursor, part);
		return 0;
	}
	if (next->word == WORD_NTH && period_count_is(period_cursor_peek(cursor, 1))) {
		(void)period_cursor_step(cursor);
		part->number_token = period_cursor_step(cursor);
		part->number = part->number_token->value;
		return period_count_behind(cursor, part);
	}
	return period_count_is(next) ? period_count_parse(cursor, part) : 0;
}
