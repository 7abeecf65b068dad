#include "plan/period_phrase.h"

#include <string.h>

/* "в", "in the", "в течение", "в период" */
static void period_parse_lead(struct period_cursor *cursor)
{
	(void)period_cursor_take(cursor, WORD_IN);
	(void)period_cursor_take(cursor, WORD_THE);
	if (period_cursor_take(cursor, WORD_SPAN))
		cursor->is_span = true;
	else
		(void)period_cursor_take(cursor, WORD_FRAME);
}

/* "до", "by", "не позднее", "no later than", and "../" as in the key of a limit. */
bool period_parse_limit_word(struct period_cursor *cursor)
{
	if (period_cursor_has(cursor, 0, WORD_NOT) && period_cursor_has(cursor, 1, WORD_LATER)) {
		cursor->at += 2;
		(void)period_cursor_take(cursor, WORD_THAN);
		return true;
	}
	if (period_cursor_has_kind(cursor, 0, TOKEN_DOTS) && period_cursor_has_kind(cursor, 1, TOKEN_SLASH)) {
		cursor->at += 2;
		return true;
	}
	if (period_cursor_peek(cursor, 0)->is_cjk && period_cursor_take(cursor, WORD_TO)) /* 至6月15日 */
		return true;
	return period_cursor_take(cursor, WORD_UNTIL);
}

static bool period_parse_to(struct period_cursor *cursor, bool has_from)
{
	return period_cursor_take_kind(cursor, TOKEN_DASH) || period_cursor_take_kind(cursor, TOKEN_DOTS) ||
	       period_cursor_take_kind(cursor, TOKEN_SLASH) || period_cursor_take(cursor, WORD_TO) ||
	       (has_from && period_cursor_take(cursor, WORD_UNTIL));
}

/* "апрель, май", "III и IV" */
static bool period_parse_list(struct period_cursor *cursor)
{
	return period_cursor_take_kind(cursor, TOKEN_COMMA) || period_cursor_take(cursor, WORD_AND);
}

/* EDTF has "2025-06-11~/2025-06-20~" for what is only about then. */
static bool period_parse_rough(struct period_cursor *cursor)
{
	const struct period_token *mark = period_cursor_peek(cursor, 0);
	return mark->kind == TOKEN_DASH && mark->is_joined && cursor->phrase->text[mark->offset] == '~' &&
	       period_cursor_take_kind(cursor, TOKEN_DASH);
}

/* Nothing may be left over. */
static int period_parse_end(const struct period_cursor *cursor)
{
	const struct period_token *token = period_cursor_peek(cursor, 0);
	if (token->kind == TOKEN_END)
		return 0;
	if (token->word == WORD_FROM && period_time_is(cursor, 1))
		return period_cursor_fail(cursor, token, token, PERIOD_ONE_TIME);
	return period_cursor_fail(cursor, token, token, "not understood in this place; " PERIOD_CURE);
}

/* Behind "по", "-", "..": the other end. */
static int period_parse_range(struct period_cursor *cursor, const struct period_part *from, int default_year,
			      struct period *ret_period)
{
	struct period_part to;
	cursor->follows_month_day = from->unit == UNIT_DAY && from->is_month_first;
	bool is_next_year = period_cursor_take(cursor, WORD_NEXT_YEAR);
	int rc = period_part_parse(cursor, &to);
	if (rc < 0)
		return rc;
	to.is_next_year = is_next_year;
	cursor->to = to;
	if (from->is_rough && !period_parse_rough(cursor))
		return period_cursor_fail_here(cursor, "both days need their '~'");
	if (!period_cursor_take(cursor, WORD_INCLUSIVE) && period_cursor_peek(cursor, 0)->value == 1)
		(void)period_cursor_take(cursor, WORD_BEFORE);
	rc = period_parse_end(cursor);
	return rc < 0 ? rc : period_resolve_range(cursor, from, &to, default_year, ret_period);
}

static int period_parse_limit(struct period_cursor *cursor, const struct period_part *part, int default_year,
			      struct period *ret_period)
{
	(void)period_cursor_take(cursor, WORD_INCLUSIVE);
	int rc = period_parse_end(cursor);
	return rc < 0 ? rc : period_resolve_limit(cursor, part, default_year, ret_period);
}

int period_parse_phrase(struct period_cursor *cursor, int default_year, struct period *ret_period)
{
	period_parse_lead(cursor);
	cursor->is_limit = period_parse_limit_word(cursor);
	bool has_from = !cursor->is_limit && period_cursor_take(cursor, WORD_FROM);

	struct period_part part;
	int rc = period_part_parse(cursor, &part);
	if (rc < 0)
		return rc;
	cursor->from = part;
	if (period_cursor_take(cursor, WORD_BEFORE) || cursor->is_limit)
		return period_parse_limit(cursor, &part, default_year, ret_period);
	part.is_rough = period_cursor_has_kind(cursor, 1, TOKEN_SLASH) && period_parse_rough(cursor);
	part.is_listed = !has_from && period_parse_list(cursor);
	if (part.is_listed || period_parse_to(cursor, has_from))
		return period_parse_range(cursor, &part, default_year, ret_period);
	rc = period_parse_end(cursor);
	if (rc < 0)
		return rc;
	if (has_from)
		return period_cursor_fail(cursor, period_cursor_peek(cursor, 0), period_cursor_peek(cursor, 0),
					  "the end of the range is missing");
	return period_resolve_one(cursor, &part, default_year, ret_period);
}

/* A repeating date is not one period. */
static int period_parse_refuse_repeat(const struct period_cursor *cursor)
{
	for (size_t i = 0; i < cursor->phrase->n_tokens; i++) {
		const struct period_token *token = &cursor->phrase->tokens[i];
		if (period_repeat_is_marker(token))
			return period_cursor_fail(cursor, token, token,
						  "name one date or one range, not a repeated one");
	}
	return 0;
}

int period_parse(const char *phrase, int default_year, struct period *ret_period, struct period_error *ret_error)
{
	struct period_phrase split;
	int rc = period_token_split(phrase, &split, ret_error);
	if (rc < 0)
		return rc;

	struct period_cursor cursor = {.phrase = &split, .error = ret_error};
	rc = period_parse_refuse_repeat(&cursor);
	return rc < 0 ? rc : period_parse_phrase(&cursor, default_year, ret_period);
}

bool period_parse_key(const char *key, struct period *ret_period)
{
	struct period_error error;
	struct period period;
	char again[PERIOD_KEY_SIZE];
	if (period_parse(key, 0, &period, &error) < 0)
		return false;
	period_key(&period, again);
	if (strcmp(again, key) != 0)
		return false;
	*ret_period = period;
	return true;
}
