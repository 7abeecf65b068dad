#include "channel/preset_escape.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/signature.h"

enum { PRESET_WORD_BYTES = 45 }; /* of an encoded word: 60 characters in base64, 72 with "=?UTF-8?B?" and "?=" */

/* A zero-width space: what stands behind it is a word of its own, and nothing is seen of it. */
static const char preset_break[] = "\xe2\x80\x8b";

/* RFC 3986: unreserved characters stay everywhere; ":" and "@" may stand in a path as they are, and Telegram's tokens
 * have a colon there. */
static void preset_add_percent(struct buf *out, const char *bytes, size_t len, const char *extra)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];
		bool is_safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			       (c != '\0' && (strchr("-._~", c) != NULL || strchr(extra, c) != NULL));
		if (is_safe)
			buf_add_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

/* What an escape puts in the place of a character. */
static const struct preset_entity {
	enum preset_escape escape;
	uint32_t c;
	const char *text;
} preset_entities[] = {
	{PRESET_TELEGRAM_HTML, '&', "&amp;"}, {PRESET_TELEGRAM_HTML, '<', "&lt;"},
	{PRESET_TELEGRAM_HTML, '>', "&gt;"},  {PRESET_TELEGRAM_HTML, '"', "&quot;"},
	{PRESET_HTML, '&', "&amp;"},          {PRESET_HTML, '<', "&lt;"},
	{PRESET_HTML, '>', "&gt;"},           {PRESET_HTML, '"', "&quot;"},
	{PRESET_HTML, '\'', "&#39;"},         {PRESET_HTML, '\n', "<br>"},
	{PRESET_SLACK, '&', "&amp;"},         {PRESET_SLACK, '<', "&lt;"},
	{PRESET_SLACK, '>', "&gt;"},          {PRESET_JSON, '"', "\\\""},
	{PRESET_JSON, '\\', "\\\\"},          {PRESET_JSON, '\n', "\\n"},
	{PRESET_JSON, '\t', "\\t"},
};

static const char *preset_entity(uint32_t c, enum preset_escape escape)
{
	for (size_t i = 0; i < sizeof(preset_entities) / sizeof(preset_entities[0]); i++)
		if (preset_entities[i].escape == escape && preset_entities[i].c == c)
			return preset_entities[i].text;
	return NULL;
}

static void preset_escape_char(struct buf *out, uint32_t c, enum preset_escape escape)
{
	char bytes[4];
	size_t len = utf8_put(c, bytes);
	const char *entity = preset_entity(c, escape);

	if (escape == PRESET_PATH || escape == PRESET_QUERY)
		preset_add_percent(out, bytes, len, escape == PRESET_PATH ? ":@" : "");
	else if (escape == PRESET_HEADER && utf8_is_control(c))
		buf_add_char(out, ' ');
	else if (escape == PRESET_JSON && c < ' ' && entity == NULL)
		buf_printf(out, "\\u%04x", (unsigned)c);
	else if (entity != NULL)
		buf_add_str(out, entity);
	else
		buf_add(out, bytes, len);
}

/* What came before a character of running text. */
struct preset_line {
	bool is_start;  /* nothing but blanks since the line began */
	bool is_number; /* nothing but digits */
	bool is_word;   /* a letter, a digit or what stands inside of mail addresses */
};

static void preset_line_next(struct preset_line *line, uint32_t c)
{
	bool is_digit = c >= '0' && c <= '9';
	line->is_number = is_digit && (line->is_start || line->is_number);
	line->is_start = c == '\n' || (line->is_start && (c == ' ' || c == '\t'));
	line->is_word = c >= 0x80 || (c != 0 && (isalnum((int)c) || strchr("._-+", (int)c) != NULL));
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
			preset_escape_char(out, is_blank ? ' ' : c, PRESET_PLAIN);
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
			for (const char *url_end = value + url; value < url_end;)
				preset_escape_char(out, utf8_next(&value, end), PRESET_PLAIN);
			line = (struct preset_line){.is_word = true};
			continue;
		}
		uint32_t c = utf8_next(&value, end);
		if (escape != PRESET_MENTIONS && preset_is_markup(c, &line))
			buf_add_char(out, '\\');
		if (escape == PRESET_CARD && c == '\n')
			buf_add_char(out, '\n');
		preset_escape_char(out, c, PRESET_PLAIN);
		if ((c == '@' && !line.is_word) || (c == '<' && escape == PRESET_MENTIONS))
			buf_add_str(out, preset_break);
		preset_line_next(&line, c);
	}
}

/* How many bytes at the start of value no escape but the percent ones would change. */
static size_t preset_untouched(const char *value, const char *end, enum preset_escape escape)
{
	if (escape == PRESET_PATH || escape == PRESET_QUERY)
		return 0;
	size_t plain = utf8_plain(value, end), before = strcspn(value, "&<>\"'\\");
	return before < plain ? before : plain;
}

void preset_escape_add(struct buf *out, const char *value, enum preset_escape escape)
{
	if (escape == PRESET_LINE) {
		preset_add_line(out, value);
		return;
	}
	if (escape == PRESET_MARKDOWN || escape == PRESET_CARD || escape == PRESET_MENTIONS) {
		preset_add_running(out, value, escape);
		return;
	}
	const char *end = value + strlen(value);
	while (value < end) {
		size_t run = preset_untouched(value, end, escape);
		buf_add(out, value, run);
		value += run;
		if (value < end)
			preset_escape_char(out, utf8_next(&value, end), escape);
	}
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
