#include "base/utf8.h"

#include <endian.h>
#include <string.h>

#include "base/mem.h"

uint32_t utf8_next(const char **text, const char *end)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)*text;
	size_t left = (size_t)(end - *text);
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf8 ? 0 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;

	(*text)++;
	if (len == 1)
		return p[0];
	if (len == 0 || len > left)
		return 0xfffd;

	uint32_t c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0xfffd;
	*text += len - 1;
	return c;
}

size_t utf8_put(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)(0xf00 >> len | c);
	return len;
}

/* Sixteen bytes, which compilers look at in one instruction where the machine has such. */
typedef unsigned char utf8_bytes __attribute__((vector_size(16)));
typedef uint64_t utf8_words __attribute__((vector_size(16)));

/* The bytes that are not from first to last: all their bits are set, and no others. */
static utf8_words utf8_beyond(const char *text, unsigned char first, unsigned char last)
{
	utf8_bytes bytes;
	memcpy(&bytes, text, sizeof(bytes));
	return (utf8_words)(bytes - first > (unsigned char)(last - first));
}

static size_t utf8_first_byte(utf8_words set)
{
	size_t bits =
		set[0] != 0 ? (size_t)__builtin_ctzll(le64toh(set[0])) : 64 + (size_t)__builtin_ctzll(le64toh(set[1]));
	return bits / 8;
}

/* How many bytes text begins with, up to end, that are from first to last. */
static inline size_t utf8_run(const char *text, const char *end, unsigned char first, unsigned char last)
{
	const char *p = text;
	for (; end - p >= (ptrdiff_t)sizeof(utf8_bytes); p += sizeof(utf8_bytes)) {
		utf8_words beyond = utf8_beyond(p, first, last);
		if ((beyond[0] | beyond[1]) != 0)
			return (size_t)(p - text) + utf8_first_byte(beyond);
	}
	while (p < end && (unsigned char)*p >= first && (unsigned char)*p <= last)
		p++;
	return (size_t)(p - text);
}

size_t utf8_plain(const char *text, const char *end)
{
	return utf8_run(text, end, ' ', '~');
}

bool utf8_is_valid(const char *text, size_t len)
{
	static const char replacement[] = "\xef\xbf\xbd";
	const char *end = text + len;
	while ((text += utf8_run(text, end, 1, 0x7f)) < end) {
		const char *start = text;
		uint32_t c = utf8_next(&text, end);
		if (c == 0)
			return false;
		if (c == 0xfffd && (text - start != 3 || memcmp(start, replacement, 3) != 0))
			return false;
	}
	return true;
}

bool utf8_is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

char *utf8_dup_clean(const char *text, size_t len)
{
	char *clean = mem_alloc(len * 3 + 1), *out = clean;
	for (const char *end = text + len; text < end;)
		out += utf8_put(utf8_next(&text, end), out);
	*out = '\0';
	return clean;
}

bool utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

long utf8_find_control(const char *text, bool allow_lines)
{
	const char *p = text, *end = text + strlen(text);
	while ((p += utf8_plain(p, end)) < end) {
		const char *start = p;
		uint32_t c = utf8_next(&p, end);
		if (utf8_is_control(c) && !(allow_lines && (c == '\n' || c == '\t')))
			return start - text;
	}
	return -1;
}

static size_t utf8_units(uint32_t c, size_t bytes, enum utf8_unit unit)
{
	switch (unit) {
	case UTF8_BYTES:
		return bytes;
	case UTF8_UTF16:
		return c >= 0x10000 ? 2 : 1;
	case UTF8_CODE_POINTS:
		break;
	}
	return 1;
}

size_t utf8_length(const char *text, enum utf8_unit unit)
{
	const char *p = text, *end = text + strlen(text);
	size_t length = 0, plain;
	while (plain = utf8_plain(p, end), length += plain, (p += plain) < end) {
		const char *start = p;
		uint32_t c = utf8_next(&p, end);
		length += utf8_units(c, (size_t)(p - start), unit);
	}
	return length;
}

size_t utf8_prefix(const char *text, size_t max, enum utf8_unit unit)
{
	const char *p = text, *end = text + strlen(text);
	size_t length = 0, plain;
	while (plain = utf8_plain(p, end), length += plain, length <= max && (p += plain) < end) {
		const char *start = p;
		uint32_t c = utf8_next(&p, end);
		size_t units = utf8_units(c, (size_t)(p - start), unit);
		if (length + units > max)
			return (size_t)(start - text);
		length += units;
	}
	return (size_t)(p - text) + (length > max ? plain - (length - max) : 0);
}

void utf8_trim_partial(char *text)
{
	size_t len = strlen(text);
	size_t back = 0;
	while (back < 3 && back < len && ((unsigned char)text[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back == len)
		return;

	unsigned char lead = (unsigned char)text[len - 1 - back];
	size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	if (back < want)
		text[len - 1 - back] = '\0';
}
