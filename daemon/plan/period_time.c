#include "plan/period_phrase.h"

/* Is the token n further on a number of one or two written digits? */
static bool period_time_is_number(const struct period_cursor *cursor, size_t n)
{
	const struct period_token *token = period_cursor_peek(cursor, n);
	return token->kind == TOKEN_NUMBER && (token->digits == 1 || token->digits == 2);
}

/* 三 in 三点 as well. */
static bool period_time_is_hour(const struct period_cursor *cursor, size_t n)
{
	const struct period_token *token = period_cursor_peek(cursor, n);
	return period_time_is_number(cursor, n) || (token->kind == TOKEN_NUMBER && token->is_cjk);
}

static bool period_time_has_joined(const struct period_cursor *cursor, size_t n, enum period_token_kind kind)
{
	const struct period_token *mark = period_cursor_peek(cursor, n), *number = period_cursor_peek(cursor, n + 1);
	return mark->kind == kind && mark->is_joined && number->kind == TOKEN_NUMBER && number->is_joined &&
	       number->digits == 2;
}

/* "2 pm", "2:30 pm" */
static int period_time_half_day(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *word = period_cursor_peek(cursor, 0);
	if (!period_cursor_take(cursor, WORD_HALF_DAY))
		return 0;
	if (part->hour < 1 || part->hour > 12)
		return period_cursor_fail(cursor, word, word, "the hour before it must be 1 to 12");
	part->hour = part->hour % 12 + word->value;
	return 0;
}

/* "14:00", "14:00:00", "14.00" */
static int period_time_digits(struct period_cursor *cursor, struct period_part *part)
{
	part->hour = period_cursor_step(cursor)->value;
	(void)period_cursor_step(cursor);
	part->minute = period_cursor_step(cursor)->value;
	if (period_time_has_joined(cursor, 0, TOKEN_COLON)) {
		(void)period_cursor_step(cursor);
		const struct period_token *seconds = period_cursor_step(cursor);
		if (seconds->value != 0)
			return period_cursor_fail(cursor, seconds, seconds, "a deadline has no seconds");
	}
	return period_time_half_day(cursor, part);
}

/* "14 часов 30 минут", "14点30分" */
static void period_time_words(struct period_cursor *cursor, struct period_part *part)
{
	part->hour = period_cursor_step(cursor)->value;
	part->minute = period_cursor_step(cursor)->value;
	(void)period_cursor_take_kind(cursor, TOKEN_DOT);
	if (period_time_is_hour(cursor, 0) && period_cursor_has(cursor, 1, WORD_MINUTE_UNIT)) {
		part->minute = period_cursor_step(cursor)->value;
		(void)period_cursor_step(cursor);
		(void)period_cursor_take_kind(cursor, TOKEN_DOT);
	}
}

bool period_time_is(const struct period_cursor *cursor, size_t n)
{
	return period_time_is_number(cursor, n) && period_time_has_joined(cursor, n + 1, TOKEN_COLON);
}

/* "-16:00", "до 16:00" behind the first time. */
static int period_time_refuse_second(const struct period_cursor *cursor)
{
	const struct period_token *mark = period_cursor_peek(cursor, 0);
	bool is_to = mark->kind == TOKEN_DASH || mark->kind == TOKEN_DOTS || mark->word == WORD_TO ||
		     mark->word == WORD_UNTIL;
	if (!is_to || !period_time_is(cursor, 1))
		return 0;
	return period_cursor_fail(cursor, period_cursor_peek(cursor, 1), period_cursor_peek(cursor, 3),
				  PERIOD_ONE_TIME);
}

/* 下午3点 is 15:00. */
static int period_time_day_part(const struct period_cursor *cursor, const struct period_token *word,
				struct period_part *part)
{
	int first = word->value / 100, last = word->value % 100;
	if (part->hour < first)
		part->hour += 12;
	if (part->hour < first || part->hour > last)
		return period_cursor_fail(cursor, word, period_cursor_last(cursor), "there is no such time of day");
	return 0;
}

/* "15.06.2025 14.00", "15 июня 14-30": behind a date that lacks nothing more, these are no date and no range. is_apart: a
 * comma stands between, so "15.06.2025, 16.07" may be two dates. */
static bool period_time_is_behind_date(const struct period_cursor *cursor, const struct period_part *part,
				       bool is_apart)
{
	bool is_complete = part->unit == UNIT_DAY && part->month_token != NULL &&
			   (part->year != 0 || part->month_token->kind == TOKEN_WORD);
	int minute = period_cursor_peek(cursor, 2)->value;
	bool is_no_month = minute == 0 || minute > 12, is_no_hour = minute == 0 || minute > 24;
	return is_complete && ((period_time_has_joined(cursor, 1, TOKEN_DOT) && (is_no_month || !is_apart)) ||
			       (period_time_has_joined(cursor, 1, TOKEN_DASH) && is_no_hour));
}

/* "14" in "15 июня в 14" */
static bool period_time_is_bare_hour(const struct period_cursor *cursor, const struct period_part *part)
{
	return part->unit == UNIT_DAY && period_cursor_last(cursor)->word == WORD_IN &&
	       period_cursor_last(cursor)->value == 1 && period_cursor_has_kind(cursor, 1, TOKEN_END);
}

/* Reads the time whose number is next, if it is one. */
static int period_time_take(struct period_cursor *cursor, struct period_part *part, bool is_announced, bool is_apart)
{
	part->has_time = true;
	if (period_time_has_joined(cursor, 1, TOKEN_COLON) ||
	    (is_announced && period_time_has_joined(cursor, 1, TOKEN_DOT)) ||
	    period_time_is_behind_date(cursor, part, is_apart))
		return period_time_digits(cursor, part);
	if (period_cursor_has(cursor, 1, WORD_HOUR_UNIT)) {
		period_time_words(cursor, part);
		return 0;
	}
	if (period_cursor_has(cursor, 1, WORD_HALF_DAY) || period_time_is_bare_hour(cursor, part)) {
		part->hour = period_cursor_step(cursor)->value;
		return period_time_half_day(cursor, part);
	}
	part->has_time = false;
	return 0;
}

int period_time_parse(struct period_cursor *cursor, struct period_part *part)
{
	size_t before = cursor->at;
	bool has_comma = period_cursor_take_kind(cursor, TOKEN_COMMA);
	bool is_iso = period_cursor_peek(cursor, 0)->is_joined && period_cursor_peek(cursor, 1)->is_joined;
	bool is_announced = period_cursor_take(cursor, WORD_IN) || (is_iso && period_cursor_take(cursor, WORD_T));
	const struct period_token *day_part = period_cursor_peek(cursor, 0);
	bool has_day_part = period_cursor_take(cursor, WORD_DAY_PART);
	const struct period_token *first = period_cursor_peek(cursor, 0);

	part->hour = part->minute = 0;
	int rc = period_time_is_hour(cursor, 0) ? period_time_take(cursor, part, is_announced, has_comma) : 0;
	if (rc == 0 && !part->has_time)
		cursor->at = before;
	if (rc < 0 || !part->has_time)
		return rc;
	if (has_day_part)
		rc = period_time_day_part(cursor, day_part, part);
	if (rc < 0)
		return rc;
	if (part->hour > 23 || part->minute > 59)
		return period_cursor_fail(cursor, first, period_cursor_last(cursor), "there is no such time of day");
	return period_time_refuse_second(cursor);
}
