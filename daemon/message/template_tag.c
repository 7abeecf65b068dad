#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message/template_priv.h"

static bool template_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void template_move_place(struct template_place *place, const char *from, const char *to)
{
	for (const char *p = from; p < to; p++) {
		if (*p == '\n') {
			place->line++;
			place->column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) { /* a character counts once */
			place->column++;
		}
	}
}

struct template_place template_find_place(const struct template_reader *reader, const char *at)
{
	struct template_place place = {.line = 1, .column = 1};
	template_move_place(&place, reader->text, at);
	return place;
}

int template_fail(const struct template_reader *reader, const char *at, const char *fmt, ...)
{
	if (reader->ret_place != NULL)
		*reader->ret_place = template_find_place(reader, at);
	struct err what;
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(what.text, sizeof(what.text), fmt, args);
	va_end(args);
	return err_set(reader->err, -EINVAL, "%s", what.text);
}

static struct template_span template_trim(const char *start, const char *end)
{
	while (start < end && template_is_blank(*start))
		start++;
	while (end > start && template_is_blank(end[-1]))
		end--;
	return (struct template_span){.start = start, .len = (size_t)(end - start)};
}

/* Where the closing delimiter stands, with mark (unless 0) right before it; NULL when nowhere. */
static const char *template_find_close(const struct template_reader *reader, const char *from, char mark)
{
	const char *p = from;
	while ((p = memmem(p, (size_t)(reader->end - p), reader->close.start, reader->close.len)) != NULL) {
		if (mark == '\0' || (p > from && p[-1] == mark))
			return p;
		p++;
	}
	return NULL;
}

static int template_set_delimiters(struct template_reader *reader, const struct template_tag *tag)
{
	const char *p = tag->name.start, *end = p + tag->name.len, *middle = p;
	while (middle < end && !template_is_blank(*middle))
		middle++;
	struct template_span open = {.start = p, .len = (size_t)(middle - p)};
	struct template_span close = template_trim(middle, end);
	if (open.len == 0 || close.len == 0)
		return template_fail(reader, tag->start,
				     "give two delimiters with a blank between, as in {{=<%% %%>=}}");
	for (p = open.start; p < end; p++)
		if (*p == '=' || (p >= close.start && template_is_blank(*p)))
			return template_fail(reader, tag->start, "a delimiter may not hold a blank or an equals sign");
	reader->open = open;
	reader->close = close;
	return 0;
}

/* True for names that are read from the data: they are walked at their dots. */
static bool template_is_lookup(const struct template_tag *tag)
{
	return tag->is_dynamic || tag->sigil == '\0' || tag->sigil == '&' || tag->sigil == '#' || tag->sigil == '^';
}

static int template_check_name(const struct template_reader *reader, const struct template_tag *tag)
{
	const char *name = tag->name.start, *end = name + tag->name.len;
	if (tag->name.len == 0)
		return template_fail(reader, tag->start, "the tag has no name");
	for (const char *p = name; p < end; p++)
		if (template_is_blank(*p))
			return template_fail(reader, tag->start, "the name '%.*s' has a blank in it",
					     (int)tag->name.len, name);
	if (!template_is_lookup(tag) || (tag->name.len == 1 && *name == '.'))
		return 0;
	for (const char *p = name; p < end; p++)
		if (*p == '.' && (p == name || p + 1 == end || p[1] == '.'))
			return template_fail(reader, tag->start, "the name '%.*s' has a misplaced dot",
					     (int)tag->name.len, name);
	return 0;
}

int template_read_tag(struct template_reader *reader, const char *start, struct template_tag *ret_tag)
{
	const char *p = start + reader->open.len;
	while (p < reader->end && template_is_blank(*p))
		p++;
	struct template_tag tag = {.start = start};
	if (p < reader->end && strchr("!=#^/><$&{", *p) != NULL)
		tag.sigil = *p++;

	char mark = tag.sigil == '{' ? '}' : tag.sigil == '=' ? '=' : '\0';
	const char *close = template_find_close(reader, p, mark);
	if (close == NULL)
		return template_fail(reader, start, "the tag is not closed: %.1s%.*s is missing", &mark,
				     (int)reader->close.len, reader->close.start);
	tag.after = close + reader->close.len;
	tag.name = template_trim(p, close - (mark != '\0'));
	if (tag.sigil == '{')
		tag.sigil = '&';

	if ((tag.sigil == '>' || tag.sigil == '<' || tag.sigil == '/') && tag.name.len > 0 && *tag.name.start == '*') {
		tag.is_dynamic = true;
		tag.name = template_trim(tag.name.start + 1, tag.name.start + tag.name.len);
	}
	int r = tag.sigil == '!'   ? 0
		: tag.sigil == '=' ? template_set_delimiters(reader, &tag)
				   : template_check_name(reader, &tag);
	if (r == 0)
		*ret_tag = tag;
	return r;
}
