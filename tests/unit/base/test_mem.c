#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static void mem_copy_text__too_long__is_cut_and_ends(void **state)
{
	(void)state;
	static const struct {
		const char *text, *copy;
	} rows[] = {{"", ""}, {"abc", "abc"}, {"abcd", "abcd"}, {"abcde", "abcd"}, {"abcdefgh", "abcd"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char to[] = "......";
		mem_copy_text(to, 5, rows[i].text);
		assert_string_equal(to, rows[i].copy);
		assert_int_equal(to[5], '.');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mem_copy_text__too_long__is_cut_and_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
