#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hash.h"

static void hash_text__is_fnv_1a(void **state)
{
	(void)state;
	/* the draft's own vectors */
	assert_true(hash_text("") == 0xcbf29ce484222325u);
	assert_true(hash_text("a") == 0xaf63dc4c8601ec8cu);
	assert_true(hash_text("foobar") == 0x85944171f73967e8u);
}

static void hash_mix__is_splitmix64(void **state)
{
	(void)state;
	/* The generator's first values from seed 0: its state grows by the constant that hash_mix() adds. */
	assert_true(hash_mix(0) == 0xe220a8397b1dcdafu);
	assert_true(hash_mix(0x9e3779b97f4a7c15u) == 0x6e789e6aa1b965f4u);
}

static void hash_random_hex__fills_with_digits_and_ends_the_text(void **state)
{
	(void)state;
	char text[34], other[34];
	memset(text, '#', sizeof(text));
	assert_int_equal(hash_random_hex(text, 33), 0);
	assert_int_equal(strlen(text), 32);
	assert_int_equal(strspn(text, "0123456789abcdef"), 32);
	assert_int_equal(text[33], '#');

	assert_int_equal(hash_random_hex(other, 33), 0);
	assert_string_not_equal(text, other);
	assert_int_equal(hash_random_hex(text, 1), 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_text__is_fnv_1a),
		cmocka_unit_test(hash_mix__is_splitmix64),
		cmocka_unit_test(hash_random_hex__fills_with_digits_and_ends_the_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
