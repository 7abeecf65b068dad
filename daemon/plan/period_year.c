#include "plan/period_phrase.h"

bool period_year_is(const struct period_token *token)
{
	return token->kind == TOKEN_NUMBER && (token->digits == 4 || (token->digits == 0 && token->value >= 1000));
}

void period_year_skip_words(struct period_cursor *cursor)
{
	for (int i = 0; i < 2 && period_cursor_take(cursor, WORD_YEAR); i++)
		period_cursor_skip_dot(cursor);
}

int period_year_take(struct period_cursor *cursor, struct period_part *part)
{
	const struct period_token *token = period_cursor_step(cursor);
	if (token->value < PERIOD_YEAR_MIN || token->value > PERIOD_YEAR_MAX)
		return period_cursor_fail(cursor, token, token, "the year must be %d to %d", PERIOD_YEAR_MIN,
					  PERIOD_YEAR_MAX);
	part->year = token->value;
	return 0;
}

int period_year_behind(struct period_cursor *cursor, struct period_part *part)
{
	size_t before = cursor->at;
	(void)period_cursor_take_kind(cursor, TOKEN_COMMA);
	(void)period_cursor_take(cursor, WORD_OF);
	if (part->year != 0 || !period_year_is(period_cursor_peek(cursor, 0))) {
		cursor->at = before;
		return 0;
	}
	int rc = period_year_take(cursor, part);
	if (rc < 0)
		return rc;
	period_year_skip_words(cursor);
	return 0;
}
