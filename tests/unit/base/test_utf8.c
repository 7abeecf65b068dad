#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define WITH_LEN(text) text, sizeof(text) - 1

/* A copy of just that size, so that the sanitizer sees a read beyond it. */
static char *exact(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	return copy;
}

static void utf8_is_valid__follows_rfc_3629(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		bool is_valid;
	} rows[] = {
		{WITH_LEN(""), true},
		{WITH_LEN("plain\t\n"), true},
		{WITH_LEN("день 日 🔥"), true},
		{WITH_LEN("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80"), true},
		{WITH_LEN("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), true},
		{WITH_LEN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true},
		{WITH_LEN("\xef\xbf\xbd"), true},      /* U+FFFD itself */
		{WITH_LEN("a\0b"), false},             /* 0 byte */
		{WITH_LEN("\x80"), false},             /* continuation alone */
		{WITH_LEN("\xc0\xaf"), false},         /* overlong '/' */
		{WITH_LEN("\xc1\xbf"), false},         /* overlong */
		{WITH_LEN("\xe0\x9f\xbf"), false},     /* overlong */
		{WITH_LEN("\xf0\x8f\xbf\xbf"), false}, /* overlong */
		{WITH_LEN("\xed\xa0\x80"), false},     /* surrogate */
		{WITH_LEN("\xed\xbf\xbf"), false},
		{WITH_LEN("\xf4\x90\x80\x80"), false}, /* over U+10FFFF */
		{WITH_LEN("\xf8\x88\x80\x80\x80"), false},
		{WITH_LEN("\xff"), false},
		{WITH_LEN("\xd0"), false}, /* cut short */
		{WITH_LEN("\xe6\x97"), false},
		{WITH_LEN("\xf0\x9f\x94"), false},
		{WITH_LEN("\xd0z"), false},
		{WITH_LEN("\xcf\xf0\xe8\xe2\xe5\xf2"), false}, /* Russian in windows-1251 */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *copy = exact(rows[i].text, rows[i].len);
		if (utf8_is_valid(copy, rows[i].len) != rows[i].is_valid)
			fail_msg("row %zu", i);
		free(copy);
	}
}

static void utf8_next__gives_what_utf8_put_wrote(void **state)
{
	(void)state;
	for (uint32_t c = 1; c <= 0x10ffff; c += c < 0x900 ? 1 : 0x35) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		char bytes[4];
		size_t len = utf8_put(c, bytes);
		const char *p = bytes;
		assert_int_equal(utf8_next(&p, bytes + len), c);
		assert_ptr_equal(p, bytes + len);
		assert_true(utf8_is_valid(bytes, len));
	}
}

static void utf8_next__bad_byte__is_replaced_alone(void **state)
{
	(void)state;
	char *copy = exact("\xe6\x97z\xd0", 4);
	const char *p = copy, *end = copy + 4;
	assert_int_equal(utf8_next(&p, end), 0xfffd);
	assert_int_equal(utf8_next(&p, end), 0xfffd);
	assert_int_equal(utf8_next(&p, end), 'z');
	assert_int_equal(utf8_next(&p, end), 0xfffd);
	assert_ptr_equal(p, end);
	free(copy);
}

static void utf8_find_control__finds_what_must_not_reach_a_header(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		long anywhere, in_lines;
	} rows[] = {
		{"", -1, -1},        {"день — «да» 日\u00a0\u200d", -1, -1},
		{"a\tb", 1, -1},     {"день\nдва", 8, -1},
		{"a\rb", 1, 1},      {"\x1b[m", 0, 0},
		{"ab\x7f", 2, 2},    {"a\xc2\x80", 1, 1},
		{"a\xc2\x9f", 1, 1}, {"a\xc2\xa0", -1, -1},
		{"a\u2028", 1, 1},   {"a\u2029", 1, 1},
		{"a\u202a", 1, 1},   {"a\u202e", 1, 1},
		{"a\u202f", -1, -1}, {"a\u2065", -1, -1},
		{"a\u2066", 1, 1},   {"a\u2069", 1, 1},
		{"a\nb\rc", 1, 3},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(utf8_find_control(rows[i].text, false), rows[i].anywhere);
		assert_int_equal(utf8_find_control(rows[i].text, true), rows[i].in_lines);
	}
}

/* Every byte at every place of a text that is looked at sixteen bytes at a time, and beyond. */
static void utf8_plain__ends_at_the_first_byte_that_is_special(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 40; len++)
		for (size_t at = 0; at < len; at++)
			for (int byte = 0; byte < 256; byte++) {
				char text[40];
				memset(text, at % 2 == 0 ? ' ' : '~', len);
				text[at] = (char)byte;
				bool is_special = byte < ' ' || byte >= 0x7f;
				assert_int_equal(utf8_plain(text, text + len), is_special ? at : len);
			}
}

static void utf8_is_valid__looks_at_every_byte(void **state)
{
	(void)state;
	for (size_t at = 0; at < 40; at++)
		for (int byte = 0; byte < 256; byte++) {
			char text[40];
			memset(text, at % 2 == 0 ? '\x01' : '\x7f', sizeof(text));
			text[at] = (char)byte;
			assert_int_equal(utf8_is_valid(text, sizeof(text)), byte > 0 && byte < 0x80);
		}
}

static void utf8_length__counts_in_the_unit_asked_for(void **state)
{
	(void)state;
	static const char text[] = "a😀é";
	assert_int_equal(utf8_length(text, UTF8_BYTES), 7);
	assert_int_equal(utf8_length(text, UTF8_CODE_POINTS), 3);
	assert_int_equal(utf8_length(text, UTF8_UTF16), 4);
	assert_int_equal(utf8_length("", UTF8_UTF16), 0);
}

static void utf8_prefix__never_splits_a_character(void **state)
{
	(void)state;
	static const struct {
		size_t max;
		enum utf8_unit unit;
		size_t bytes;
	} rows[] = {
		{0, UTF8_BYTES, 0},       {1, UTF8_BYTES, 1},       {2, UTF8_BYTES, 1},       {4, UTF8_BYTES, 1},
		{5, UTF8_BYTES, 5},       {6, UTF8_BYTES, 5},       {7, UTF8_BYTES, 7},       {9, UTF8_BYTES, 7},
		{1, UTF8_CODE_POINTS, 1}, {2, UTF8_CODE_POINTS, 5}, {3, UTF8_CODE_POINTS, 7}, {1, UTF8_UTF16, 1},
		{2, UTF8_UTF16, 1},       {3, UTF8_UTF16, 5},       {4, UTF8_UTF16, 7},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(utf8_prefix("a😀é", rows[i].max, rows[i].unit), rows[i].bytes);
}

/* As one would count, though most of it is not looked at character by character. */
static void utf8_length_and_prefix__long_text__are_as_counted_one_by_one(void **state)
{
	static const char text[] =
		"A long line of ASCII, then \xd0\x94\xd0\xb0, then \xf0\x9f\x98\x80 and \x01 more of it";
	(void)state;
	for (int unit = UTF8_BYTES; unit <= UTF8_UTF16; unit++) {
		const char *p = text, *end = text + sizeof(text) - 1;
		for (size_t length = 0; p < end;) {
			const char *start = p;
			uint32_t c = utf8_next(&p, end);
			size_t bytes = (size_t)(p - start);
			size_t units = unit == UTF8_BYTES ? bytes : unit == UTF8_UTF16 && c >= 0x10000 ? 2 : 1;
			assert_int_equal(utf8_length(start, (enum utf8_unit)unit),
					 utf8_length(text, (enum utf8_unit)unit) - length);
			for (size_t i = 0; i < units; i++)
				assert_int_equal(utf8_prefix(text, length + i, (enum utf8_unit)unit), start - text);
			length += units;
		}
	}
}

static void utf8_trim_partial__takes_only_what_is_cut(void **state)
{
	(void)state;
	static const struct {
		const char *text, *trimmed;
	} rows[] = {
		{"", ""},
		{"abc", "abc"},
		{"aд", "aд"},
		{"a\xd0", "a"},
		{"日", "日"},
		{"a\xe6\x97", "a"},
		{"a\xe6", "a"},
		{"🔥", "🔥"},
		{"a\xf0\x9f\x94", "a"},
		{"a\xf0\x9f", "a"},
		{"a\xf0", "a"},
		{"\xf0", ""},
		{"\x80\x80", "\x80\x80"}, /* never was a character */
		{"a\x80\x80\x80\x80", "a\x80\x80\x80\x80"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[16];
		memcpy(text, rows[i].text, strlen(rows[i].text) + 1);
		utf8_trim_partial(text);
		assert_string_equal(text, rows[i].trimmed);
	}
}

static void utf8_is_ascii__ends_at_127(void **state)
{
	(void)state;
	assert_true(utf8_is_ascii(""));
	assert_true(utf8_is_ascii("a\x7f"));
	assert_false(utf8_is_ascii("a\x80"));
	assert_false(utf8_is_ascii("aé"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_valid__follows_rfc_3629),
		cmocka_unit_test(utf8_next__gives_what_utf8_put_wrote),
		cmocka_unit_test(utf8_next__bad_byte__is_replaced_alone),
		cmocka_unit_test(utf8_find_control__finds_what_must_not_reach_a_header),
		cmocka_unit_test(utf8_is_valid__looks_at_every_byte),
		cmocka_unit_test(utf8_plain__ends_at_the_first_byte_that_is_special),
		cmocka_unit_test(utf8_length__counts_in_the_unit_asked_for),
		cmocka_unit_test(utf8_prefix__never_splits_a_character),
		cmocka_unit_test(utf8_length_and_prefix__long_text__are_as_counted_one_by_one),
		cmocka_unit_test(utf8_trim_partial__takes_only_what_is_cut),
		cmocka_unit_test(utf8_is_ascii__ends_at_127),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
