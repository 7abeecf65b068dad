#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

static void clock_format_utc__writes_iso_8601(void **state)
{
	(void)state;
	static const struct {
		int64_t utc;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{1743498000, "2025-04-01T09:00:00Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{-1, "1969-12-31T23:59:59Z"},
		{253402300799, "9999-12-31T23:59:59Z"},
		{INT64_MAX, "-"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];
		clock_format_utc(rows[i].utc, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void clock_system__goes_forward(void **state)
{
	(void)state;
	struct clock clock = clock_system();
	struct instant first = clock_now(&clock), second = clock_now(&clock);
	assert_true(first.wall_s > 1735689600); /* this was written after 2025 began */
	assert_true(first.mono_ms > 0);
	assert_true(second.mono_ms >= first.mono_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_format_utc__writes_iso_8601),
		cmocka_unit_test(clock_system__goes_forward),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
