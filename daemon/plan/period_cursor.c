#include "plan/period_phrase.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct period_token *period_cursor_peek(const struct period_cursor *cursor, size_t n)
{
	size_t last = cursor->phrase->n_tokens - 1;
	return &cursor->phrase->tokens[n < last - cursor->at ? cursor->at + n : last];
}

bool period_cursor_has(const struct period_cursor *cursor, size_t n, enum period_word word)
{
	return period_cursor_peek(cursor, n)->word == word;
}

bool period_cursor_has_kind(const struct period_cursor *cursor, size_t n, enum period_token_kind kind)
{
	return period_cursor_peek(cursor, n)->kind == kind;
}

const struct period_token *period_cursor_step(struct period_cursor *cursor)
{
	const struct period_token *token = period_cursor_peek(cursor, 0);
	if (token->kind != TOKEN_END)
		cursor->at++;
	return token;
}

bool period_cursor_take(struct period_cursor *cursor, enum period_word word)
{
	if (!period_cursor_has(cursor, 0, word))
		return false;
	(void)period_cursor_step(cursor);
	return true;
}

bool period_cursor_take_kind(struct period_cursor *cursor, enum period_token_kind kind)
{
	if (!period_cursor_has_kind(cursor, 0, kind))
		return false;
	(void)period_cursor_step(cursor);
	return true;
}

const struct period_token *period_cursor_last(const struct period_cursor *cursor)
{
	return &cursor->phrase->tokens[cursor->at > 0 ? cursor->at - 1 : 0];
}

int period_cursor_fail(const struct period_cursor *cursor, const struct period_token *first,
		       const struct period_token *last, const char *fmt, ...)
{
	struct period_error *error = cursor->error;
	error->day = (struct civil){0};
	error->offset = first->offset;
	error->length = last->offset + last->length - first->offset;

	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(error->err.text, sizeof(error->err.text), fmt, args);
	va_end(args);
	if (error->length == 0)
		err_prefix(&error->err, "at the end");
	else
		err_prefix(&error->err, "'%.*s'", (int)error->length, cursor->phrase->text + error->offset);
	for (char *at = error->err.text; (at = strchr(at, '\t')) != NULL;)
		*at = ' '; /* a blank of the phrase; a message has no control characters */
	return -EINVAL;
}

int period_cursor_fail_here(const struct period_cursor *cursor, const char *why)
{
	const struct period_token *token = period_cursor_peek(cursor, 0);
	return period_cursor_fail(cursor, token, token, "%s", why);
}

void period_cursor_skip_dot(struct period_cursor *cursor)
{
	if (period_cursor_peek(cursor, 0)->is_joined)
		(void)period_cursor_take_kind(cursor, TOKEN_DOT);
}
