#include "base/recode.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum {
	RECODE_ESCAPE_MAX = 12,    /* the longest: a pair of \uXXXX */
	RECODE_BACKSLASHES_MAX = 8 /* for each byte of a value: JSON in JSON in JSON has 7 before a quotation mark */
};

#define RECODE_MARKS "\\%&+"

bool recode_is_escaped(const char *text)
{
	return strpbrk(text, RECODE_MARKS) != NULL;
}

/* ---- escapes ------------------------------------------------------------------------------------------------------ */

/* Reads n hexadecimal digits; false when there are not so many. */
static bool recode_hex(const char *text, size_t n, uint32_t *ret_number)
{
	uint32_t number = 0;
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		if (c >= '0' && c <= '9')
			number = number * 16 + (uint32_t)(c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			number = number * 16 + (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret_number = number;
	return true;
}

/* A backslash, "u" and four digits, twice for what is over U+FFFF. Returns the bytes read, 0 = it is none. */
static size_t recode_json(const char *text, char out[4], size_t *ret_n)
{
	uint32_t unit, low;
	if (strncmp(text, "\\u", 2) != 0 || !recode_hex(text + 2, 4, &unit))
		return 0;
	if (unit < 0xd800 || unit >= 0xe000) {
		*ret_n = utf8_put(unit, out);
		return 6;
	}
	if (strncmp(text + 6, "\\u", 2) != 0 || !recode_hex(text + 8, 4, &low))
		return 0;
	*ret_n = utf8_put(0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff), out);
	return 12;
}

/* A number of &#N; or &#xH;, which is a character. Returns the bytes read, 0 = it is none. */
static size_t recode_number(const char *text, char out[4], size_t *ret_n)
{
	bool is_hex = text[2] == 'x' || text[2] == 'X';
	size_t at = is_hex ? 3 : 2;
	uint32_t number = 0, digit;
	while (at < RECODE_ESCAPE_MAX - 1 && recode_hex(text + at, 1, &digit) && (is_hex || digit < 10)) {
		number = number * (is_hex ? 16 : 10) + digit;
		at++;
	}
	if (text[at] != ';' || number == 0 || number > 0x10ffff || (number >= 0xd800 && number < 0xe000))
		return 0;
	*ret_n = utf8_put(number, out);
	return at + 1;
}

static size_t recode_html(const char *text, char out[4], size_t *ret_n)
{
	static const struct {
		const char *entity;
		char c;
	} rows[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
	if (text[1] == '#')
		return recode_number(text, out, ret_n);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].entity);
		if (text[1] != rows[i].entity[1] || strncmp(text, rows[i].entity, len) != 0)
			continue;
		out[0] = rows[i].c;
		*ret_n = 1;
		return len;
	}
	return 0;
}

/* What the escape at text stands for. Returns the bytes it has, 0 = it is none. */
static size_t recode_unescape(const char *text, char out[4], size_t *ret_n)
{
	uint32_t byte;
	*ret_n = 1;
	switch (text[0]) {
	case '%':
		if (!recode_hex(text + 1, 2, &byte))
			return 0;
		out[0] = (char)byte;
		return 3;
	case '+':
		out[0] = ' ';
		return 1;
	case '&':
		return recode_html(text, out, ret_n);
	default:
		return recode_json(text, out, ret_n);
	}
}

/* Reads what stands for the beginning of value; *ret_n bytes of it. A backslash is also before a character that stands
 * for itself; more than one where JSON stands inside of JSON. Returns the bytes read, 0 = something else stands there. */
static size_t recode_step(const char *text, const char *value, size_t *ret_n)
{
	char out[4];
	size_t len = recode_unescape(text, out, ret_n);
	if (len != 0 && strncmp(out, value, *ret_n) == 0)
		return len;
	*ret_n = text[0] == value[0]; /* 0 at the end of text, too */
	return *ret_n == 1 || (text[0] == '\\' && text[1] != 'u' && text[1] != '\0');
}

size_t recode_match(const char *text, const char *value, bool *ret_is_cut)
{
	const char *at = text, *rest = value, *mark = NULL;
	size_t len = 1, n, skipped = 0;
	*ret_is_cut = false;
	if (*text != *value && strchr(RECODE_MARKS, *text) == NULL)
		return 0; /* nearly everywhere */
	while (*rest != '\0' && len != 0) {
		mark = *at != '\0' && strchr(RECODE_MARKS, *at) != NULL ? at : mark;
		len = recode_step(at, rest, &n);
		skipped += n == 0;
		if (skipped > (size_t)(rest - value) * RECODE_BACKSLASHES_MAX)
			len = 0; /* whoever asks at each byte of a text reads it once, not once for each byte of it */
		at += len;
		rest += n;
	}
	bool is_end = *at == '\0' || (mark != NULL && strnlen(mark, RECODE_ESCAPE_MAX) < RECODE_ESCAPE_MAX);
	*ret_is_cut = len == 0 && rest != value && is_end;
	return len != 0 ? (size_t)(at - text) : 0;
}

/* ---- base64 ------------------------------------------------------------------------------------------------------- */

char *recode_base64(const char *value, unsigned form)
{
	static const char *const ends[] = {"+/", "-_"};
	static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(value), before = form % 3 * 8, n = 0; /* bits of what stands before */
	char *text = mem_zero(len * 2 + 1, 1);
	for (size_t bit = (before + 5) / 6 * 6 - before; bit + 6 <= len * 8; bit += 6) {
		size_t byte = bit / 8;
		unsigned pair = (unsigned)(unsigned char)value[byte] << 8 | (unsigned char)value[byte + 1];
		unsigned six = pair >> (10 - bit % 8) & 63;
		text[n++] = six < 62 ? common[six] : ends[form / 3][six - 62];
	}
	return text;
}
