#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/num.h"

static void num_parse__takes_the_whole_text_or_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t min, max;
		int code;
		int64_t value;
	} rows[] = {
		{"0", 0, 10, 0, 0},
		{"10", 0, 10, 0, 10},
		{"007", 0, 10, 0, 7},
		{"-5", -5, 5, 0, -5},
		{"-6", -5, 5, -ERANGE, 0},
		{"11", 0, 10, -ERANGE, 0},
		{"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
		{"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
		{"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"99999999999999999999999999", 0, INT64_MAX, -ERANGE, 0},
		{"", 0, 10, -EINVAL, 0},
		{"-", -5, 5, -EINVAL, 0},
		{"--5", -5, 5, -EINVAL, 0},
		{"+5", 0, 10, -EINVAL, 0},
		{" 5", 0, 10, -EINVAL, 0},
		{"5 ", 0, 10, -EINVAL, 0},
		{"5x", 0, 10, -EINVAL, 0},
		{"0x5", 0, 10, -EINVAL, 0},
		{"5.0", 0, 10, -EINVAL, 0},
		{"٥", 0, 10, -EINVAL, 0}, /* an Arabic five */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t value = 4711;
		struct err err = {0};
		assert_int_equal(num_parse(rows[i].text, rows[i].min, rows[i].max, &value, &err), rows[i].code);
		assert_int_equal(value, rows[i].code == 0 ? rows[i].value : 4711);
		assert_int_equal(err.text[0] != '\0', rows[i].code != 0);
	}
}

static void num_parse__range__is_said(void **state)
{
	(void)state;
	int64_t value;
	struct err err;
	assert_int_equal(num_parse("7", -1, 5, &value, &err), -ERANGE);
	assert_string_equal(err.text, "'7' is out of range: give -1 to 5");
	assert_int_equal(num_parse("7", -1, 5, &value, NULL), -ERANGE);
}

static void num_parse_duration__takes_a_number_with_its_unit(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t min, max;
		int code;
		int64_t seconds;
	} rows[] = {
		{"90s", 0, 1000000, 0, 90},
		{"15m", 0, 1000000, 0, 900},
		{"36h", 0, 1000000, 0, 129600},
		{"7d", 0, 1000000, 0, 604800},
		{"1w", 0, 1000000, 0, 604800},
		{"0s", 0, 10, 0, 0},
		{"0d", 1, 10, -ERANGE, 0},
		{"1m", 60, 60, 0, 60},
		{"59s", 60, 60, -ERANGE, 0},
		{"61s", 60, 60, -ERANGE, 0},
		{"2m", 60, 60, -ERANGE, 0},
		{"9223372036854775807w", 0, INT64_MAX, -ERANGE, 0},
		{"9223372036854775808s", 0, INT64_MAX, -ERANGE, 0},
		{"9223372036854775807s", 0, INT64_MAX, 0, INT64_MAX},
		{"60", 0, 100, -EINVAL, 0},
		{"", 0, 100, -EINVAL, 0},
		{"s", 0, 100, -EINVAL, 0},
		{"-5s", 0, 100, -EINVAL, 0},
		{" 5s", 0, 100, -EINVAL, 0},
		{"5 s", 0, 100, -EINVAL, 0},
		{"5s ", 0, 100, -EINVAL, 0},
		{"5S", 0, 100, -EINVAL, 0},
		{"5mo", 0, 100, -EINVAL, 0},
		{"5ms", 0, 100, -EINVAL, 0},
		{"1h30m", 0, 100000, -EINVAL, 0},
		{"1.5h", 0, 100000, -EINVAL, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t seconds = 4711;
		struct err err = {0};
		assert_int_equal(num_parse_duration_s(rows[i].text, rows[i].min, rows[i].max, &seconds, &err),
				 rows[i].code);
		assert_int_equal(seconds, rows[i].code == 0 ? rows[i].seconds : 4711);
		assert_int_equal(err.text[0] != '\0', rows[i].code != 0);
	}
}

static void num_parse_duration__what_would_be_right__is_said(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"60", "'60' has no unit: write 60s, 60m, 60h or 60d"},
		{"5y", "'5y' has an unknown unit: give s, m, h, d or w, as in 15m"},
		{"soon", "'soon' is not a duration: give a number and a unit, like 30s, 15m, 36h, 7d"},
		{"99w", "'99w' is out of range: give 90s to 1w"},
		{"1s", "'1s' is out of range: give 90s to 1w"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t seconds;
		struct err err;
		assert_true(num_parse_duration_s(rows[i].text, 90, 604800, &seconds, &err) < 0);
		assert_string_equal(err.text, rows[i].words);
	}
	struct err err;
	int64_t seconds;
	assert_int_equal(num_parse_duration_s("2d", 0, 86400, &seconds, &err), -ERANGE);
	assert_string_equal(err.text, "'2d' is out of range: give 0s to 1d");
}

static void num_edit_distance__counts_edits_up_to_a_limit(void **state)
{
	(void)state;
	static const char long_word[] = "1234567890123456789012345678901234567890123456789012345678901234";
	static const struct {
		const char *a, *b;
		unsigned limit, distance;
	} rows[] = {
		{"", "", 9, 0},
		{"", "abc", 9, 3},
		{"abc", "", 9, 3},
		{"zone", "zone", 9, 0},
		{"zone", "zon", 9, 1},
		{"zon", "zone", 9, 1},
		{"zome", "zone", 9, 1},
		{"zoen", "zone", 9, 1}, /* swapped neighbours */
		{"ozne", "zone", 9, 1},
		{"scan_intervall", "scan_interval", 9, 1},
		{"kitten", "sitting", 9, 3},
		{"abcdef", "uvwxyz", 9, 6},
		{"abcdef", "uvwxyz", 4, 4},
		{long_word, long_word, 5, 5}, /* 64 bytes: too long to be a keyword */
		{long_word + 1, long_word + 1, 5, 0},
		{"a", long_word, 5, 5},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(num_edit_distance(rows[i].a, rows[i].b, rows[i].limit), rows[i].distance);
}

static void num_word__count__takes_its_form(void **state)
{
	(void)state;
	assert_string_equal(num_word(0, "message", "messages"), "messages");
	assert_string_equal(num_word(1, "message", "messages"), "message");
	assert_string_equal(num_word(2, "message", "messages"), "messages");
	assert_string_equal(num_word(21, "message", "messages"), "messages");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(num_parse__takes_the_whole_text_or_nothing),
		cmocka_unit_test(num_parse__range__is_said),
		cmocka_unit_test(num_parse_duration__takes_a_number_with_its_unit),
		cmocka_unit_test(num_parse_duration__what_would_be_right__is_said),
		cmocka_unit_test(num_edit_distance__counts_edits_up_to_a_limit),
		cmocka_unit_test(num_word__count__takes_its_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
