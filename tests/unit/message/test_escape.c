#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "message/escape.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void assert_escaped(enum escape escape, const char *text, const char *expected)
{
	struct buf out;
	buf_init(&out, 4096);
	escape_add(escape, text, strlen(text), &out);
	if (strcmp(buf_str(&out), expected) != 0)
		fail_msg("%s: '%s' became '%s', not '%s'", escape_name(escape), text, buf_str(&out), expected);
	buf_done(&out);
}

static void escape_add__every_place__reads_the_text_it_was(void **state)
{
	(void)state;
	static const struct row {
		enum escape escape;
		const char *text, *expected;
	} rows[] = {
		{ESCAPE_PLAIN, "<b>\n\t\\ & \"", "<b>\n\t\\ & \""},
		{ESCAPE_HTML, "<b> & 'x' \"y\" Юг", "&lt;b&gt; &amp; &#39;x&#39; &quot;y&quot; Юг"},
		{ESCAPE_TELEGRAM_HTML, "<b> & 'x' \"y\"", "&lt;b&gt; &amp; 'x' &quot;y&quot;"},
		{ESCAPE_SLACK, "<@U1> & *x* \"y\"", "&lt;@U1&gt; &amp; *x* \"y\""},
		{ESCAPE_JSON,
		 "a\"b\\c\nd\te\rf\x01\x1f"
		 "g\x7fh/й",
		 "a\\\"b\\\\c\\nd\\te\\rf\\u0001\\u001fg\\u007fh/й"},
		{ESCAPE_JSON, "\xe2\x80\xa8 \xe2\x80\xae", "\\u2028 \\u202e"},
		{ESCAPE_HEADER, "a\r\nBcc: b\x7f\xe2\x80\xa8ю", "a  Bcc: b  ю"},
		{ESCAPE_URL, "a b/ü?~-._", "a%20b%2F%C3%BC%3F~-._"},
		{ESCAPE_TELEGRAM_MARKDOWN, "_*[]()~`>#+-=|{}.!\\ ок",
		 "\\_\\*\\[\\]\\(\\)\\~\\`\\>\\#\\+\\-\\=\\|\\{\\}\\.\\!\\\\ ок"},
		{ESCAPE_MARKDOWN, "*a* _b_ [c](d) `e` ~f~ |g| <h> & \\",
		 "\\*a\\* \\_b\\_ \\[c\\](d) \\`e\\` \\~f\\~ \\|g\\| &lt;h> &amp; \\\\"},
		{ESCAPE_DISCORD, "<@1> & *a*", "\\<@1> & \\*a\\*"},
		/* marks of a line stand at its start alone */
		{ESCAPE_MARKDOWN, "# a # b", "\\# a # b"},
		{ESCAPE_MARKDOWN, "a\n - b - c\n+ d\n> e", "a\n \\- b - c\n\\+ d\n\\> e"},
		{ESCAPE_MARKDOWN, "15. April 2025. Ok)\n2) x (3) .", "15\\. April 2025. Ok)\n2\\) x (3) ."},
		{ESCAPE_MARKDOWN, "2025-06-01, 1.5", "2025-06-01, 1.5"},
		{ESCAPE_MARKDOWN, "1.5", "1\\.5"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_escaped(rows[i].escape, rows[i].text, rows[i].expected);
	for (int i = 0; i < ESCAPE_MAX; i++)
		assert_escaped((enum escape)i, "", "");
}

static void escape_find__names__are_those_of_the_escapes(void **state)
{
	(void)state;
	for (int i = 0; i < ESCAPE_MAX; i++)
		assert_int_equal(escape_find(escape_name((enum escape)i)), i);
	assert_int_equal(escape_find("htm"), ESCAPE_MAX);
	assert_int_equal(escape_find(""), ESCAPE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escape_add__every_place__reads_the_text_it_was),
		cmocka_unit_test(escape_find__names__are_those_of_the_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
