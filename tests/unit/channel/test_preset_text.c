/* The small templates: names, escapes by place, cutting. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_text.h"

#define BREAK "\u200b"

static struct strlist names;

static int set_up(void **state)
{
	(void)state;
	preset_names_add(&names);
	strlist_add(&names, "token", 5);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	strlist_done(&names);
	return 0;
}

static void preset_text__bad_template__is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *source, *words;
	} rows[] = {
		{"{{txt}}", "did you mean {{text}}?"},
		{"{{nothing_like_it_at_all}}", "unknown name"},
		{"a {{text", "without '}}'"},
		{"{{}}", "is not a name"},
		{"{{to address}}", "is not a name"},
		{"{{{text}}}", "unknown name"},
		{"a\\b", "backslash"},
		{"a\\", "backslash"},
		{"{{?txt}}", "did you mean {{text}}?"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_text text;
		struct err err = {0};
		if (preset_text_compile(rows[i].source, &names, &text, &err) == 0)
			fail_msg("%s was taken", rows[i].source);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].source, err.text);
	}
}

static char *render(const char *source, const char *value, enum preset_escape escape)
{
	struct preset_text text;
	struct preset_values values = {.items = {[PRESET_TEXT] = value}};
	struct buf out;
	buf_init(&out, 4096);
	assert_int_equal(preset_text_compile(source, &names, &text, NULL), 0);
	preset_text_add(&text, &values, escape, &out);
	preset_text_done(&text);
	return buf_take(&out);
}

static void preset_text__value__is_escaped_for_its_place(void **state)
{
	(void)state;
	static const struct {
		enum preset_escape escape;
		const char *source, *value, *want;
	} rows[] = {
		{PRESET_PLAIN, "a\\n\\t\\\\{{ text }}", "\"x\"", "a\n\t\\\"x\""},
		{PRESET_PLAIN, "{{text}}", "bad \xff\xfe bytes", "bad \xef\xbf\xbd\xef\xbf\xbd bytes"},
		{PRESET_PLAIN, "{{text}}", "{{token}}", "{{token}}"},
		{PRESET_PLAIN, "{x}{{text}}}", "1", "{x}1}"},
		{PRESET_TELEGRAM_HTML, "<b>{{text}}</b>", "a<b>&\"c' я", "<b>a&lt;b&gt;&amp;&quot;c' я</b>"},
		{PRESET_HEADER, "Bearer {{text}}", "a\r\nX: y\tz\x7f", "Bearer a  X: y z "},
		{PRESET_PATH, "/a/{{text}}/c", "../x?y#z !room:host@me%", "/a/..%2Fx%3Fy%23z%20%21room:host@me%25/c"},
		{PRESET_HTML, "<p>{{text}}</p>", "a<b>&'\"\nc", "<p>a&lt;b&gt;&amp;&#39;&quot;<br>c</p>"},
		{PRESET_SLACK, "*{{text}}*", "<!channel> & \"x\"", "*&lt;!channel&gt; &amp; \"x\"*"},
		{PRESET_JSON, "[\"{{text}}\"]", "a\"\\\n\t\x01я", "[\"a\\\"\\\\\\n\\t\\u0001я\"]"},
		{PRESET_MARKDOWN, "**{{text}}**", "a*b_c`d [x](y) <z> & |~",
		 "**a\\*b\\_c\\`d \\[x\\](y) \\<z\\> \\& \\|\\~**"},
		{PRESET_MARKDOWN, "{{text}}", "# a - b\n- c\n 12. d 1. e\n+ f",
		 "\\# a - b\n\\- c\n 12\\. d 1. e\n\\+ f"},
		{PRESET_MARKDOWN, "{{text}}", "see https://x.org/a_b_c*d, @here 2025-04-01",
		 "see https://x.org/a_b_c*d, @\xe2\x80\x8bhere 2025-04-01"},
		{PRESET_CARD, "{{text}}", "a*\n- b", "a\\*\n\n\\- b"},
		{PRESET_LINE, "{{text}}", "a\r\n\n  b\tc  d", "a b c d"},
		{PRESET_MENTIONS, "{{text}}", "（@all），@here\u3000@a я@a -@a +@a .@a _@a",
		 "（@" BREAK "all），@" BREAK "here\u3000@" BREAK "a я@" BREAK "a -@" BREAK "a +@" BREAK "a .@" BREAK
		 "a _@" BREAK "a"},
		{PRESET_MARKDOWN, "{{text}}", "\u3000@**all** a1@b.org", "\u3000@" BREAK "\\*\\*all\\*\\* a1@b.org"},
		{PRESET_MENTIONS, "{{text}}", "https://u@x.org/@b?c=@d 见https://x.org（@all https://x.org/@**all**",
		 "https://u@x.org/@b?c=@d 见https://x.org（@" BREAK "all https://x.org/@" BREAK "**all**"},
		{PRESET_MENTIONS, "{{text}}", "@all a@b.org <at id=1> *b*",
		 "@\xe2\x80\x8b"
		 "all a@b.org <\xe2\x80\x8b"
		 "at id=1> *b*"},
		{PRESET_QUERY, "?a={{text}}", "1&b=2+3:@я", "?a=1%26b%3D2%2B3%3A%40%D1%8F"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = render(rows[i].source, rows[i].value, rows[i].escape);
		assert_string_equal(got, rows[i].want);
		free(got);
	}
}

static void preset_text__name_without_value__makes_it_incomplete(void **state)
{
	(void)state;
	struct preset_text text;
	struct preset_values values = {.items = {[PRESET_TEXT] = "x"}};
	assert_int_equal(preset_text_compile("{{text}} {{token}} {{text}}", &names, &text, NULL), 0);
	assert_false(preset_text_is_complete(&text, &values));
	assert_int_equal(preset_text_uses(&text, PRESET_TEXT), 2);
	assert_int_equal(preset_text_uses(&text, PRESET_SUBJECT), 0);
	values.items[PRESET_NAME_MAX] = "secret";
	assert_true(preset_text_is_complete(&text, &values));
	preset_text_done(&text);
}

static void preset_text__condition__asks_for_a_value_and_shows_none(void **state)
{
	(void)state;
	struct preset_text text;
	struct preset_values values = {.items = {[PRESET_TEXT] = "x"}};
	struct buf out;
	buf_init(&out, 100);
	assert_int_equal(preset_text_compile("{{?token}}a{{? text }}b", &names, &text, NULL), 0);
	assert_false(preset_text_is_complete(&text, &values));
	values.items[PRESET_NAME_MAX] = "secret";
	assert_true(preset_text_is_complete(&text, &values));
	assert_int_equal(preset_text_uses(&text, PRESET_TEXT), 0);
	preset_text_add(&text, &values, PRESET_PLAIN, &out);
	assert_string_equal(buf_str(&out), "ab");
	buf_done(&out);
	preset_text_done(&text);
}

static void preset_text__long_message__is_cut_at_whole_characters(void **state)
{
	(void)state;
	static const struct {
		const char *source, *subject, *text;
		size_t max;
		enum utf8_unit unit;
		const char *want; /* NULL: refused */
	} rows[] = {
		{"{{subject}}:{{text}}", "ab", "cdef", 7, UTF8_UTF16, "ab:cdef"},
		{"{{subject}}:{{text}}", "ab", "cdefg", 7, UTF8_UTF16, "ab:cde…"},
		{"{{text}}", "", "a😀😀b", 4, UTF8_UTF16, "a😀…"},
		{"{{text}}", "", "a😀😀b", 5, UTF8_UTF16, "a😀…"},
		{"{{text}}", "", "a😀😀bcd", 5, UTF8_CODE_POINTS, "a😀😀b…"},
		{"{{text}}", "", "яяяя", 7, UTF8_BYTES, "яя…"},
		{"{{text}}|{{text}}", "", "abcd", 7, UTF8_UTF16, "ab…|ab…"},
		{"{{text}}", "", "<<<<", 3, UTF8_UTF16, "&lt;&lt;…"}, /* counted before escaping */
		{"{{subject}}:{{text}}", "abcdef", "gh", 4, UTF8_UTF16, "ab…:"},
		{"{{subject}}:{{text}}", "abcdef", "gh", 2, UTF8_BYTES, ":"},
		{"12345{{text}}", "", "x", 4, UTF8_UTF16, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_text text;
		struct preset_values values = {
			.items = {[PRESET_SUBJECT] = rows[i].subject, [PRESET_TEXT] = rows[i].text}};
		struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(preset_text_compile(rows[i].source, &names, &text, NULL), 0);
		int r = preset_text_add_cut(&text, &values, PRESET_TELEGRAM_HTML, rows[i].max, rows[i].unit, &out,
					    NULL);
		assert_int_equal(r == 0, rows[i].want != NULL);
		if (r == 0)
			assert_string_equal(buf_str(&out), rows[i].want);
		buf_done(&out);
		preset_text_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preset_text__bad_template__is_refused),
		cmocka_unit_test(preset_text__value__is_escaped_for_its_place),
		cmocka_unit_test(preset_text__name_without_value__makes_it_incomplete),
		cmocka_unit_test(preset_text__condition__asks_for_a_value_and_shows_none),
		cmocka_unit_test(preset_text__long_message__is_cut_at_whole_characters),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
