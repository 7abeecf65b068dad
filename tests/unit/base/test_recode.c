#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/recode.h"

#define VALUE "Ab \"c\\d/é😀&<"

static void recode_match__escaped_text__stands_for_the_value(void **state)
{
	(void)state;
	static const char *const rows[] = {
		VALUE,
		"Ab \\\"c\\\\d/é😀&<",                                     /* JSON */
		"Ab \\u0022c\\\\d\\/\\u00e9\\uD83d\\ude00\\u0026\\u003C", /* JSON, as careful as it may be */
		"Ab \\\\\\\"c\\\\\\\\d\\\\/é😀&<",                         /* JSON inside of JSON */
		"Ab \\\\\\\\\\\\\\\"c\\\\\\\\\\\\\\\\d\\\\\\\\/é😀&<",     /* and that inside of JSON */
		"Ab%20%22c%5Cd%2f%C3%A9%f0%9f%98%80%26%3C",               /* an address */
		"Ab+%22c%5cd/%c3%a9%F0%9F%98%80&<",                       /* a form */
		"Ab &quot;c\\d/é😀&amp;&lt;",                              /* a web page */
		"Ab &#34;c\\d/é😀&amp;&lt;",
		"&#65;&#x62;&#32;&#034;c&#x5C;d&#47;&#233;&#X1f600;&#38;&#60;",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_cut = true;
		char *text = mem_printf("%s and more", rows[i]);
		if (recode_match(text, VALUE, &is_cut) != strlen(rows[i]) || is_cut)
			fail_msg("row %zu: %s", i, rows[i]);
		free(text);
	}
}

static void recode_match__other_text__does_not(void **state)
{
	(void)state;
	static const char *const rows[] = {"Abc", "Ab%2", "\\u0041B ", "\\u004", "\\ud83d", "&ampl;b", "%zz", "x", "B"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_cut;
		char *text = mem_printf("%s and so on and on", rows[i]);
		if (recode_match(text, VALUE, &is_cut) != 0 || is_cut)
			fail_msg("row %zu: %s", i, rows[i]);
		free(text);
	}
}

static void recode_match__text_that_ends_within_the_value__is_cut(void **state)
{
	(void)state;
	static const char whole[] = "Ab%20\\\"c\\\\d/\\u00e9\\ud83d\\ude00&amp;<";
	for (size_t len = 1; len < strlen(whole); len++) {
		bool is_cut;
		char *text = mem_dup_n(whole, len);
		assert_int_equal(recode_match(text, VALUE, &is_cut), 0);
		if (!is_cut)
			fail_msg("%s", text);
		free(text);
	}
}

static void recode_match__backslashes__are_skipped_only_within_the_value_and_not_without_end(void **state)
{
	(void)state;
	char text[64] = "A";
	bool is_cut;
	assert_int_equal(recode_match("\\Ab", "Ab", &is_cut), 0);
	memset(text + 1, '\\', 40);
	text[41] = 'b';
	assert_int_equal(recode_match(text, "Ab", &is_cut), 0);
	assert_int_equal(recode_match(text + 33, "\\b", &is_cut), 9);
}

static void recode_base64__core__is_in_the_base64_of_any_text_with_the_value(void **state)
{
	(void)state;
	static const char *const rows[RECODE_BASE64_FORMS] = {
		"Pz8/c2VjcmV0fn5+", /* of the value alone */
		"8/P3NlY3JldH5+f",  /* in eD8/P3NlY3JldH5+fg==, with one byte before it */
		"/Pz9zZWNyZXR+fn",  /* in eHg/Pz9zZWNyZXR+fn4=, with two */
		"Pz8_c2VjcmV0fn5-", "8_P3NlY3JldH5-f", "_Pz9zZWNyZXR-fn",
	};
	for (unsigned form = 0; form < RECODE_BASE64_FORMS; form++) {
		char *core = recode_base64("???secret~~~", form);
		assert_string_equal(core, rows[form]);
		mem_free_secret(core);
	}
	char *none = recode_base64("", 2);
	assert_string_equal(none, "");
	mem_free_secret(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recode_match__escaped_text__stands_for_the_value),
		cmocka_unit_test(recode_match__other_text__does_not),
		cmocka_unit_test(recode_match__text_that_ends_within_the_value__is_cut),
		cmocka_unit_test(recode_match__backslashes__are_skipped_only_within_the_value_and_not_without_end),
		cmocka_unit_test(recode_base64__core__is_in_the_base64_of_any_text_with_the_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
