#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void buf__empty__is_a_string(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10);
	assert_string_equal(buf_str(&buf), "");
	assert_int_equal(buf.len, 0);
	char *taken = buf_take(&buf);
	assert_string_equal(taken, "");
	free(taken);
	buf_done(&buf);
}

static void buf__additions__are_joined(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	buf_add_str(&buf, "a");
	buf_add_char(&buf, 'b');
	buf_printf(&buf, "%d%s", 12, "c");
	buf_add(&buf, "d\0e", 3);
	buf_add(&buf, NULL, 0);
	assert_int_equal(buf.len, 8);
	assert_memory_equal(buf_str(&buf), "ab12cd\0e", 9);

	char *taken = buf_take(&buf);
	assert_memory_equal(taken, "ab12cd\0e", 9);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.max, 100);
	free(taken);
	buf_done(&buf);
}

static void buf__growing__keeps_every_byte(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100000);
	for (size_t i = 0; i < 100000; i++)
		buf_add_char(&buf, (char)('a' + i % 26));
	assert_false(buf.is_over);
	assert_int_equal(buf.len, 100000);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(buf.data[i], 'a' + (int)(i % 26));
	assert_int_equal(buf.data[100000], 0);
	buf_done(&buf);
	assert_null(buf.data);
}

static void buf__over_its_maximum__takes_nothing_more(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 5);
	buf_add_str(&buf, "12345");
	assert_false(buf.is_over);
	buf_add(&buf, "", 0);
	assert_false(buf.is_over);
	buf_add_str(&buf, "6");
	assert_true(buf.is_over);
	buf_clear(&buf);
	assert_false(buf.is_over);

	buf_add_str(&buf, "1");
	buf_printf(&buf, "%s", "23456");
	assert_true(buf.is_over);
	assert_string_equal(buf_str(&buf), "1"); /* not a part of it */
	buf_add_str(&buf, "2");
	assert_string_equal(buf_str(&buf), "1"); /* nor what would fit, or there would be a hole */
	buf_done(&buf);
	assert_false(buf.is_over);
	assert_int_equal(buf.max, 5);
}

/* What just fits, what just does not, and what needs several times as much. */
static void buf_printf__is_whole_however_much_room_there_is(void **state)
{
	(void)state;
	for (int len = 0; len < 5000; len++) {
		struct buf buf;
		buf_init(&buf, 10000);
		buf_add_str(&buf, "a");
		buf_printf(&buf, "%*s%s", len, "", "b");
		assert_int_equal(buf.len, len + 2);
		assert_int_equal(strlen(buf.data), len + 2);
		assert_int_equal(buf.data[len + 1], 'b');
		buf_done(&buf);
	}
}

static void buf_consume__takes_from_the_front_and_stays_over(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 6);
	buf_consume(&buf, 3);
	assert_string_equal(buf_str(&buf), "");

	buf_add_str(&buf, "abcdef");
	buf_consume(&buf, 0);
	buf_consume(&buf, 2);
	assert_string_equal(buf_str(&buf), "cdef");
	buf_add_str(&buf, "gh");
	assert_string_equal(buf_str(&buf), "cdefgh");
	buf_add_str(&buf, "i");
	buf_consume(&buf, 100);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf_str(&buf), "");
	assert_true(buf.is_over); /* the "i" is lost, and somebody must be told */
	buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf__empty__is_a_string),
		cmocka_unit_test(buf__additions__are_joined),
		cmocka_unit_test(buf__growing__keeps_every_byte),
		cmocka_unit_test(buf__over_its_maximum__takes_nothing_more),
		cmocka_unit_test(buf_printf__is_whole_however_much_room_there_is),
		cmocka_unit_test(buf_consume__takes_from_the_front_and_stays_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
