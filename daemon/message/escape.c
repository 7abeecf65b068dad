#include "message/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

static const char *const escape_names[ESCAPE_MAX] = {
	[ESCAPE_PLAIN] = "plain",       [ESCAPE_HTML] = "html",       [ESCAPE_TELEGRAM_HTML] = "telegram-html",
	[ESCAPE_JSON] = "json",         [ESCAPE_HEADER] = "header",   [ESCAPE_URL] = "url",
	[ESCAPE_MARKDOWN] = "markdown", [ESCAPE_DISCORD] = "discord", [ESCAPE_TELEGRAM_MARKDOWN] = "telegram-markdown",
	[ESCAPE_SLACK] = "slack",
};

const char *escape_name(enum escape escape)
{
	return escape_names[escape];
}

enum escape escape_find(const char *name)
{
	int i = 0;
	while (i < ESCAPE_MAX && strcmp(escape_names[i], name) != 0)
		i++;
	return (enum escape)i;
}

/* ---- what is special where --------------------------------------------------------------------------------- */

#define ESCAPE_IN(escape) (1u << ESCAPE_##escape)
#define ESCAPE_IN_MARKDOWN (ESCAPE_IN(MARKDOWN) | ESCAPE_IN(DISCORD))
#define ESCAPE_IN_ENTITIES (ESCAPE_IN(HTML) | ESCAPE_IN(TELEGRAM_HTML) | ESCAPE_IN(SLACK))

/* Some controls are not ASCII: these two look at every other character as well. */
#define ESCAPE_OF_CONTROLS (ESCAPE_IN(JSON) | ESCAPE_IN(HEADER))

/* https://core.telegram.org/bots/api#markdownv2-style lists its own; '-' and the like matter to the other Markdown at
 * the start of a line only. */
static const uint16_t escape_specials[256] = {
	/* clang-format off */
	[0 ... 0x1f] = ESCAPE_OF_CONTROLS, [0x7f ... 0xff] = ESCAPE_OF_CONTROLS,
	['&'] = ESCAPE_IN_ENTITIES | ESCAPE_IN(MARKDOWN),
	['<'] = ESCAPE_IN_ENTITIES | ESCAPE_IN_MARKDOWN,
	['>'] = ESCAPE_IN_ENTITIES | ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['"'] = ESCAPE_IN(HTML) | ESCAPE_IN(TELEGRAM_HTML) | ESCAPE_IN(JSON),
	['\''] = ESCAPE_IN(HTML),
	['\\'] = ESCAPE_IN(JSON) | ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['`'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['*'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['_'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['['] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	[']'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['~'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['|'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['#'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['+'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['-'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['.'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	[')'] = ESCAPE_IN_MARKDOWN | ESCAPE_IN(TELEGRAM_MARKDOWN),
	['('] = ESCAPE_IN(TELEGRAM_MARKDOWN), ['{'] = ESCAPE_IN(TELEGRAM_MARKDOWN), ['}'] = ESCAPE_IN(TELEGRAM_MARKDOWN),
	['='] = ESCAPE_IN(TELEGRAM_MARKDOWN), ['!'] = ESCAPE_IN(TELEGRAM_MARKDOWN),
	/* clang-format on */
};

/* The first character from text on that may not stay as it is; end when all may. */
static const char *escape_find_special(enum escape escape, const char *text, const char *end)
{
	while (text < end && (escape_specials[(unsigned char)*text] & 1u << escape) == 0)
		text++;
	return text;
}

/* ---- one character ------------------------------------------------------------------------------------------- */

static const char *escape_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return "&#39;";
	}
}

static void escape_add_json(uint32_t c, struct buf *out)
{
	static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt";
	const char *known = c < 0x80 && c != 0 ? strchr(from, (int)c) : NULL;
	char utf8[4];
	if (known != NULL)
		buf_add(out, (const char[]){'\\', to[known - from]}, 2);
	else if (utf8_is_control(c))
		buf_printf(out, "\\u%04x", (unsigned)c); /* every control is below U+10000 */
	else
		buf_add(out, utf8, utf8_put(c, utf8));
}

/* Blanks and digits alone stand between the start of the line and at. */
static bool escape_is_first_in_line(const char *text, const char *at, bool are_digits_allowed)
{
	const char *p = at;
	while (are_digits_allowed && p > text && p[-1] >= '0' && p[-1] <= '9')
		p--;
	if (are_digits_allowed && p == at)
		return false;
	while (p > text && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return p == text || p[-1] == '\n';
}

/* A heading, a quotation and the items of lists are marked at the start of a line; "1." and "1)" are items, too. */
static bool escape_needs_no_mark(const char *text, const char *at)
{
	if (*at == '.' || *at == ')')
		return !escape_is_first_in_line(text, at, true);
	return strchr("#>+-", *at) != NULL && !escape_is_first_in_line(text, at, false);
}

/* Adds the character at *at, which is special, and goes behind it. */
static void escape_add_special(enum escape escape, const char *text, const char **at, const char *end, struct buf *out)
{
	const char *start = *at;
	if ((ESCAPE_OF_CONTROLS >> escape & 1) != 0) {
		uint32_t c = utf8_next(at, end);
		if (escape == ESCAPE_JSON)
			escape_add_json(c, out);
		else if (utf8_is_control(c))
			buf_add_char(out, ' ');
		else
			buf_add(out, start, (size_t)(*at - start));
		return;
	}
	bool is_markdown = (ESCAPE_IN_MARKDOWN >> escape & 1) != 0;
	bool is_entity = (ESCAPE_IN_ENTITIES >> escape & 1) != 0 ||
			 (escape == ESCAPE_MARKDOWN && (*start == '<' || *start == '&'));
	*at = start + 1;
	if (is_entity) {
		buf_add_str(out, escape_entity(*start));
		return;
	}
	if (!is_markdown || !escape_needs_no_mark(text, start))
		buf_add_char(out, '\\');
	buf_add_char(out, *start);
}

static void escape_add_url(const char *text, size_t len, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool is_unreserved = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
				     c == '-' || c == '.' || c == '_' || c == '~'; /* RFC 3986 2.3 */
		if (is_unreserved)
			buf_add_char(out, (char)c);
		else
			buf_add(out, (const char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
	}
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

void escape_add(enum escape escape, const char *text, size_t len, struct buf *out)
{
	const char *end = text + len, *p = text;
	if (escape == ESCAPE_URL) {
		escape_add_url(text, len, out);
		return;
	}
	while (p < end) {
		const char *special = escape == ESCAPE_PLAIN ? end : escape_find_special(escape, p, end);
		buf_add(out, p, (size_t)(special - p));
		p = special;
		if (p < end)
			escape_add_special(escape, text, &p, end, out);
	}
}
