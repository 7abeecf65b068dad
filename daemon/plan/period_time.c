#include "plan/period_phrase.h"

/* Is the token n further on a number of one or two written digits? */
static bool period_time_is_number(const struct period_cursor *cursor, size_t n)
{
	const struct period_token *token = period_cursor_peek(cursor, n);
	return token->kind == TOKEN_NUMBER && (token->digits == 1 || token->digits == 2);
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
	(void)period_cursor_step(cursor);
	(void)period_cursor_take_kind(cursor, TOKEN_DOT);
	if (period_time_is_number(cursor, 0) && period_cursor_has(cursor, 1, WORD_MINUTE_UNIT)) {
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

int period_time_parse(struct period_cursor *cursor, struct period_part *part)
{
	size_t before = cursor->at;
	(void)period_cursor_take_kind(cursor, TOKEN_COMMA);
	bool is_iso = period_cursor_peek(cursor, 0)->is_joined && period_cursor_peek(cursor, 1)->is_joined;
	bool is_announced = period_cursor_take(cursor, WORD_IN) || (is_iso && period_cursor_take(cursor, WORD_T));
	const struct period_token *first = period_cursor_peek(cursor, 0);
	int rc = 0;

	part->hour = part->minute = 0;
	if (!period_time_is_number(cursor, 0)) {
		cursor->at = before;
		return 0;
	}
	if (period_time_has_joined(cursor, 1, TOKEN_COLON) ||
	    (is_announced && period_time_has_joined(cursor, 1, TOKEN_DOT))) {
		rc = period_time_digits(cursor, part);
	} else if (period_cursor_has(cursor, 1, WORD_HOUR_UNIT)) {
		period_time_words(cursor, part);
	} else if (period_cursor_has(cursor, 1, WORD_HALF_DAY)) {
		part->hour = period_cursor_step(cursor)->value;
		rc = period_time_half_day(cursor, part);
	} else {
		cursor->at = before;
		return 0;
	}
	if (rc < 0)
		return rc;
	if (part->hour > 23 || part->minute > 59)
		return period_cursor_fail(cursor, first, period_cursor_last(cursor), "there is no such time of day");
	part->has_time = true;
	return period_time_refuse_second(cursor);
}
