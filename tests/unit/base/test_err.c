#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"

static void err_set__keeps_the_words_and_returns_the_code(void **state)
{
	(void)state;
	struct err err;
	assert_int_equal(err_set(&err, -EINVAL, "unknown zone '%s'", "x"), -EINVAL);
	assert_string_equal(err.text, "unknown zone 'x'");
	assert_int_equal(err_set(NULL, -EIO, "nobody listens"), -EIO);
}

static void err_prefix__puts_the_context_in_front(void **state)
{
	(void)state;
	struct err err;
	(void)err_set(&err, -EINVAL, "no such %s", "file");
	err_prefix(&err, "line %d", 5);
	err_prefix(&err, "%s", "x.csv");
	assert_string_equal(err.text, "x.csv: line 5: no such file");
	err_prefix(NULL, "nobody listens");
}

static void err__long_text__is_cut_at_a_whole_character(void **state)
{
	(void)state;
	char text[1001] = "x";
	for (size_t i = 1; i < 999; i += 2)
		memcpy(text + i, "д", 2);

	struct err err;
	(void)err_set(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	(void)err_set(&err, -EINVAL, "y%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 2);
	assert_true(utf8_is_valid(err.text, strlen(err.text)));
	for (int i = 0; i < 3; i++) {
		err_prefix(&err, "%d", i);
		assert_true(utf8_is_valid(err.text, strlen(err.text)));
	}
	assert_memory_equal(err.text, "2: 1: 0: yx", 11);
	err_prefix(&err, "%s", text);
	assert_true(utf8_is_valid(err.text, strlen(err.text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_set__keeps_the_words_and_returns_the_code),
		cmocka_unit_test(err_prefix__puts_the_context_in_front),
		cmocka_unit_test(err__long_text__is_cut_at_a_whole_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
