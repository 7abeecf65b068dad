#include "channel/preset_escape.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "channel/signature.h"
#include "message/escape.h"

enum { PRESET_WORD_BYTES = 45 }; /* of an encoded word: 60 characters in base64, 72 with "=?UTF-8?B?" and "?=" */

/* A zero-width space: what stands behind it is a word of its own, and nothing is seen of it. */
static const char preset_break[] = "\xe2\x80\x8b";

static void preset_add_char(struct buf *out, uint32_t c)
{
	char bytes[4];
	buf_add(out, bytes, utf8_put(c, bytes));
}

/* What came before a character of running text. */
struct preset_line {
	bool is_start;  /* nothing but blanks since the line began */
	bool is_number; /* nothing but digits */
	bool is_word;   /* a letter or digit of ASCII: a '@' behind it is one of a mail address, and calls nobody */
};

static void preset_line_next(struct preset_line *line, uint32_t c)
{
	bool is_digit = c >= '0' && c <= '9';
	line->is_number = is_digit && (line->is_start || line->is_number);
	line->is_start = c == '\n' || (line->is_start && (c == ' ' || c == '\t'));
	line->is_word = c < 0x80 && isalnum((int)c);
}

/* How many bytes of text are an address of the web, which services find by themselves: a backslash would break it. */
static size_t preset_url_length(const char *text)
{
	if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0)
		return 0;
	return strcspn(text, " \t\n<>\"`|[]");
}

/* CommonMark: some characters are markup anywhere, some only where a line begins. */
static bool preset_is_markup(uint32_t c, const struct preset_line *line)
{
	if (c == 0 || c >= 0x80)
		return false;
	return strchr("\\`*_~[]<>|&", (int)c) != NULL || (line->is_start && strchr("#+-=", (int)c) != NULL) ||
	       (line->is_number && (c == '.' || c == ')'));
}

static void preset_add_line(struct buf *out, const char *value)
{
	const char *end = value + strlen(value);
	bool is_blank = false;
	while (value < end) {
		uint32_t c = utf8_next(&value, end);
		bool was_blank = is_blank;
		is_blank = c == ' ' || utf8_is_control(c);
		if (!is_blank || !was_blank)
			preset_add_char(out, is_blank ? ' ' : c);
	}
}

/* An address of the web stays as it is, but for what some services take for a call even there. */
static void preset_add_url(struct buf *out, const char *url, size_t len)
{
	const char *end = url + len;
	uint32_t last = 0;
	while (url < end) {
		uint32_t c = utf8_next(&url, end);
		preset_add_char(out, c);
		if (c == '@' && (last >= 0x80 || *url == '*'))
			buf_add_str(out, preset_break);
		last = c;
	}
}

/* Running text for Markdown and PRESET_MENTIONS, where it matters what stands before a character. */
static void preset_add_running(struct buf *out, const char *value, enum preset_escape escape)
{
	const char *end = value + strlen(value);
	struct preset_line line = {.is_start = true};
	while (value < end) {
		size_t url = line.is_word ? 0 : preset_url_length(value);
		if (url != 0) {
			preset_add_url(out, value, url);
			value += url;
			line = (struct preset_line){.is_word = true};
			continue;
		}
		uint32_t c = utf8_next(&value, end);
		if (escape != PRESET_MENTIONS && preset_is_markup(c, &line))
			buf_add_char(out, '\\');
		if (escape == PRESET_CARD && c == '\n')
			buf_add_char(out, '\n');
		preset_add_char(out, c);
		if ((c == '@' && !line.is_word) || (c == '<' && escape == PRESET_MENTIONS))
			buf_add_str(out, preset_break);
		preset_line_next(&line, c);
	}
}

/* For an escape that looks at each character alone; special are those it changes. Most of a text is none. */
static void preset_add_special(struct buf *out, const char *value, enum escape escape, const char *special)
{
	for (;;) {
		size_t len = strcspn(value, special);
		buf_add(out, value, len);
		value += len;
		if (*value == '\0')
			return;
		escape_add(escape, value++, 1, out);
	}
}

/* Escapes what stands between the characters of apart, and puts between in the place of each; NULL: they stay. */
static void preset_add_apart(struct buf *out, const char *value, enum escape escape, const char *apart,
			     const char *between)
{
	for (;;) {
		size_t len = strcspn(value, apart);
		escape_add(escape, value, len, out);
		if (value[len] == '\0')
			return;
		buf_add(out, between != NULL ? between : value + len, between != NULL ? strlen(between) : 1);
		value += len + 1;
	}
}

static void preset_add_valid(struct buf *out, const char *value, enum preset_escape escape)
{
	static const enum escape simple[] = {
		[PRESET_PLAIN] = ESCAPE_PLAIN,
		[PRESET_JSON] = ESCAPE_JSON,
		[PRESET_HEADER] = ESCAPE_HEADER,
		[PRESET_QUERY] = ESCAPE_URL,
	};
	switch (escape) {
	case PRESET_TELEGRAM_HTML:
		preset_add_special(out, value, ESCAPE_TELEGRAM_HTML, "&<>\"");
		break;
	case PRESET_SLACK:
		preset_add_special(out, value, ESCAPE_SLACK, "&<>");
		break;
	case PRESET_LINE:
		preset_add_line(out, value);
		break;
	case PRESET_MARKDOWN:
	case PRESET_CARD:
	case PRESET_MENTIONS:
		preset_add_running(out, value, escape);
		break;
	case PRESET_HTML:
		preset_add_apart(out, value, ESCAPE_HTML, "\n", "<br>");
		break;
	case PRESET_PATH: /* both may stand there (RFC 3986 3.3), and Telegram's tokens have a colon */
		preset_add_apart(out, value, ESCAPE_URL, ":@", NULL);
		break;
	default:
		escape_add(simple[escape], value, strlen(value), out);
	}
}

void preset_escape_add(struct buf *out, const char *value, enum preset_escape escape)
{
	size_t len = strlen(value);
	char *clean = utf8_is_valid(value, len) ? NULL : utf8_dup_clean(value, len);
	preset_add_valid(out, clean != NULL ? clean : value, escape);
	mem_free_secret(clean); /* it may be one */
}

void preset_encode_words(struct buf *out, const char *line)
{
	const char *p = line;
	while (*p != '\0' && (unsigned char)*p < 0x80)
		p++;
	if (*p == '\0') {
		buf_add_str(out, line);
		return;
	}
	for (bool is_first = true; *line != '\0'; is_first = false) {
		size_t len = utf8_prefix(line, PRESET_WORD_BYTES, UTF8_BYTES);
		buf_add_str(out, is_first ? "=?UTF-8?B?" : " =?UTF-8?B?");
		signature_add_base64(out, line, len);
		buf_add_str(out, "?=");
		line += len;
	}
}
