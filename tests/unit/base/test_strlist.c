#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/strlist.h"

static void strlist__words__are_split_at_blanks_tabs_and_commas(void **state)
{
	(void)state;
	struct strlist list = {0};
	strlist_add_words(&list, "");
	strlist_add_words(&list, " \t,, ");
	assert_int_equal(list.n, 0);
	strlist_add_words(&list, "  email, telegram\tпочта,x ");
	assert_int_equal(list.n, 4);
	assert_string_equal(list.items[0], "email");
	assert_string_equal(list.items[1], "telegram");
	assert_string_equal(list.items[2], "почта");
	assert_string_equal(list.items[3], "x");

	strlist_add(&list, "cut here", 3);
	assert_string_equal(list.items[4], "cut");
	assert_true(strlist_has(&list, "cut"));
	assert_false(strlist_has(&list, "cut here"));
	assert_false(strlist_has(&list, "emai"));

	strlist_done(&list);
	assert_int_equal(list.n, 0);
	assert_false(strlist_has(&list, "cut"));
	strlist_done(&list);
}

static void strlist_nearest__finds_typing_mistakes_only(void **state)
{
	(void)state;
	static const char *const words[] = {"zone", "language", "scan_interval", "tls", "to", "state_dir"};
	static const struct {
		const char *typed, *nearest;
	} rows[] = {
		{"zone", "zone"},
		{"zoen", "zone"},
		{"Zone", "zone"},
		{"tsl", "tls"},
		{"tl", "tls"},
		{"scan_intervall", "scan_interval"},
		{"scaninterval", "scan_interval"},
		{"lang", NULL},
		{"langage", "language"},
		{"foo", NULL},
		{"", NULL},
		{"xyz", NULL},
		{"statedirectory", NULL},
		{"a_word_of_more_than_63_bytes_that_nobody_can_have_meant_to_write_as_a_key", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *nearest = strlist_nearest(rows[i].typed, words, sizeof(words) / sizeof(words[0]));
		if (rows[i].nearest == NULL)
			assert_null(nearest);
		else
			assert_string_equal(nearest, rows[i].nearest);
	}
	assert_null(strlist_nearest("zone", words, 0));
}

static void strlist_nearest__of_equals__is_the_first(void **state)
{
	(void)state;
	static const char *const words[] = {"mail", "rail", "hail"};
	assert_string_equal(strlist_nearest("nail", words, 3), "mail");
	assert_string_equal(strlist_nearest("hail", words, 3), "hail");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strlist__words__are_split_at_blanks_tabs_and_commas),
		cmocka_unit_test(strlist_nearest__finds_typing_mistakes_only),
		cmocka_unit_test(strlist_nearest__of_equals__is_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
