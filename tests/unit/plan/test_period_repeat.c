#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "period_phrases.h"
#include "plan/period.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void period_repeat__good_phrase__is_first_occurrence_and_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(good_repeats); i++) {
		const char *phrase = good_repeats[i].phrase;
		struct period period;
		struct period_error error;
		char rrule[PERIOD_RRULE_SIZE], key[PERIOD_KEY_SIZE];
		if (period_parse_repeat(phrase, 2025, &period, rrule, &error) < 0)
			fail_msg("%s: byte %u: %s", phrase, error.offset, error.err.text);
		period_key(&period, key);
		const char *precision = period_precision_name(period.precision);
		if (strcmp(key, good_repeats[i].key) != 0 || strcmp(precision, good_repeats[i].precision) != 0 ||
		    strcmp(rrule, good_repeats[i].rrule) != 0)
			fail_msg("%s: %s %s %s", phrase, key, precision, rrule);
		assert_int_equal(period_parse(phrase, 2025, &period, &error), -EINVAL);
	}
}

static void period_repeat__single_period__has_no_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(good_phrases); i++) {
		struct period period, single;
		struct period_error error;
		char rrule[PERIOD_RRULE_SIZE] = "?";
		assert_int_equal(period_parse_repeat(good_phrases[i].phrase, 2025, &period, rrule, &error), 0);
		assert_int_equal(period_parse(good_phrases[i].phrase, 2025, &single, &error), 0);
		assert_string_equal(rrule, "");
		assert_int_equal(civil_compare(&period.start, &single.start), 0);
		assert_int_equal(civil_compare(&period.end, &single.end), 0);
		assert_int_equal(period.precision, single.precision);
	}
}

static void period_repeat__bad_phrase__is_refused_at_the_word(void **state)
{
	(void)state;
	static const struct {
		const char *phrase;
		int default_year;
		const char *word;
	} rows[] = {
		{"ежемесячно", 0, "ежемесячно"},
		{"каждый понедельник в 10:00", 0, "каждый понедельник в 10:00"},
		{"ежегодно 15 июня", 0, "15 июня"},
		{"каждый", 2025, ""},
		{"каждый июнь", 2025, "июнь"},
		{"every 2 weeks", 2025, "2"},
		{"每15日", 2025, "15"},
		{"ежемесячно ежегодно", 2025, "ежегодно"},
		{"каждый понедельник, каждую среду", 2025, "каждую"},
		{"июнь ежемесячно 2025", 2025, "2025"},
		{"ежемесячно скоро", 2025, "скоро"},
		{"ежемесячно в", 2025, ""},
		{"ежемесячно 2025 2026", 2025, "2026"},
		{"every second Tuesday", 2025, "second"},
		{"каждый второй вторник", 2025, "второй"},
		{"пятый вторник каждого месяца", 2025, "пятый"},
		{"до последней пятницы каждого месяца", 2025, "до последней пятницы каждого месяца"},
		{"последняя пятница каждой недели", 2025, "последняя пятница"},
		{"2 раза в год", 2025, "раза"},
		{"ежемесячно 15 июня", 2025, "15 июня"},
		{"15 июня ежемесячно", 2025, "15 июня"},
		{"monthly on the 15th of June", 2025, "on the 15th of June"},
		{"15 числа", 2025, "15 числа"},
		{"15 числа каждого года", 2025, "15 числа"},
		{"15 числа каждый понедельник", 2025, "15 числа"},
		{"1-15 числа каждого месяца", 2025, ""},
		{"с 1 по 15 числа каждого месяца", 2025, ""},
		{"29 числа каждого месяца", 2025, "29"},
		{"каждое 31 число", 2025, "31"},
		{"32 числа каждого месяца", 2025, "32"},
		{"0 числа каждого месяца", 2025, "0"},
		{"ежемесячно в 10:00", 2025, "ежемесячно в 10:00"},
		{"еженедельно в 10:00", 2025, "еженедельно в 10:00"},
		{"каждый понедельник в 25:00", 2025, "25:00"},
		{"до каждого понедельника", 2025, "до каждого понедельника"},
		{"ежемесячно до 15 июня", 2025, "до 15 июня"},
		{"каждый понедельник до конца июня", 2025, "до конца июня"},
		{"каждый понедельник 16 июня", 2025, "16 июня"},
		{"ежемесячно с 15 марта по 31 мая", 2025, "с 15 марта по 31 мая"},
		{"ежемесячно с 1 марта по 15 мая", 2025, "с 1 марта по 15 мая"},
		{"ежеквартально с февраля по июнь", 2025, "с февраля по июнь"},
		{"каждый понедельник с 3 по 5 июня", 2025, "с 3 по 5 июня"},
		{"15 числа каждого месяца с 16 июня по 14 июля", 2025, "с 16 июня по 14 июля"},
		{"ежегодно 31 июня", 2025, "31"},
		{"ежемесячно 1800", 2025, "1800"},
		{"вторая неделя ноября ежегодно", 2025, "вторая неделя ноября"},
		{"на последней неделе июня ежегодно", 2025, "последней неделе июня"},
		{"week of 3 November, every year", 2025, "week of 3 November"},
		{"2025-W14, ежегодно", 2025, "2025-W14"},
		{"每年6月第二周", 2025, "6月第二周"},
		{"1-2 неделя ноября, ежегодно", 2025, "1-2 неделя ноября"},
		{"с первого понедельника июня по 30 июня ежегодно", 2025, "первого понедельника июня по 30 июня"},
		{"с 2 июня по последнюю пятницу июня ежегодно", 2025, "2 июня по последнюю пятницу июня"},
		{"с 15 января до конца февраля ежегодно", 2025, "15 января до конца февраля"},
		{"с 15 по последний день февраля ежегодно", 2025, "15 по последний день февраля"},
		{"пятый понедельник июня ежегодно", 2025, "пятый"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct period period = {.precision = PERIOD_PRECISION_MAX};
		struct period_error error = {0};
		char rrule[PERIOD_RRULE_SIZE] = "?";
		const char *phrase = rows[i].phrase;
		if (period_parse_repeat(phrase, rows[i].default_year, &period, rrule, &error) != -EINVAL)
			fail_msg("'%s' was taken: %s", phrase, rrule);
		assert_int_equal(period.precision, PERIOD_PRECISION_MAX);
		assert_string_equal(rrule, "?");
		size_t len = strlen(rows[i].word);
		if (error.offset > strlen(phrase) || error.length != len ||
		    strncmp(phrase + error.offset, rows[i].word, len) != 0)
			fail_msg("'%s': %u+%u '%.*s', not '%s': %s", phrase, error.offset, error.length,
				 (int)error.length, phrase + error.offset, rows[i].word, error.err.text);
		assert_true(error.err.text[0] != '\0');
	}
}

static void period_repeat__yearly_week__is_told_what_to_name_instead(void **state)
{
	(void)state;
	struct period period;
	struct period_error error;
	char rrule[PERIOD_RRULE_SIZE];
	assert_int_equal(period_parse_repeat("вторая неделя ноября ежегодно", 2027, &period, rrule, &error), -EINVAL);
	assert_non_null(strstr(error.err.text, "falls on other dates every year: name a day, as in"));
	assert_int_equal(period_parse_repeat("second Monday of November, every year", 2027, &period, rrule, &error), 0);
	assert_int_equal(period_parse_repeat("8-14 November, every year", 2027, &period, rrule, &error), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(period_repeat__good_phrase__is_first_occurrence_and_rule),
		cmocka_unit_test(period_repeat__single_period__has_no_rule),
		cmocka_unit_test(period_repeat__bad_phrase__is_refused_at_the_word),
		cmocka_unit_test(period_repeat__yearly_week__is_told_what_to_name_instead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
