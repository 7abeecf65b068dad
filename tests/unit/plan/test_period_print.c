#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "period_phrases.h"
#include "period_print.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char *const languages[] = {"ru", "en", "zh"};

static struct buf printed;

static int set_up(void **state)
{
	(void)state;
	buf_init(&printed, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&printed);
	return 0;
}

static void need_same(const char *what, const struct period *a, const struct period *b)
{
	char a_key[PERIOD_KEY_SIZE], b_key[PERIOD_KEY_SIZE];
	period_key(a, a_key);
	period_key(b, b_key);
	if (strcmp(a_key, b_key) != 0 || a->precision != b->precision || a->has_start != b->has_start)
		fail_msg("'%s' is %s %s, not %s %s", what, b_key, period_precision_name(b->precision), a_key,
			 period_precision_name(a->precision));
}

/* Prints, reads back, and leaves what was printed in the buffer. */
static void need_road_back(const struct period *period, const char *rrule, const char *language)
{
	struct period again;
	struct period_error error;
	char again_rrule[PERIOD_RRULE_SIZE];
	buf_clear(&printed);
	period_print_repeat(period, rrule, language, &printed);
	const char *text = buf_str(&printed);
	if (period_parse_repeat(text, 0, &again, again_rrule, &error) < 0)
		fail_msg("'%s' is refused at byte %u: %s", text, error.offset, error.err.text);
	need_same(text, period, &again);
	if (strcmp(rrule, again_rrule) != 0)
		fail_msg("'%s' is %s, not %s", text, again_rrule, rrule);
}

static void period_print__known_shapes__read_naturally(void **state)
{
	(void)state;
	static const struct {
		const char *phrase, *ru, *en, *zh, *iso;
	} rows[] = {
		{"2025-06-15T14:00", "15 июня 2025 года в 14:00", "15 June 2025 at 14:00", "2025年6月15日14:00",
		 "2025-06-15T14:00"},
		{"2025-06-15", "15 июня 2025 года", "15 June 2025", "2025年6月15日", "2025-06-15"},
		{"2025-W14", "неделя с 31 марта 2025 года", "the week of 31 March 2025", "2025年第14周", "2025-W14"},
		{"2026-W01", "неделя с 29 декабря 2025 года", "the week of 29 December 2025", "2026年第1周",
		 "2026-W01"},
		{"2025-06", "июнь 2025 года", "June 2025", "2025年6月", "2025-06"},
		{"начало июня", "начало июня 2025 года", "early June 2025", "2025年6月上旬", "2025-06-01~/2025-06-10~"},
		{"6月中旬", "середина июня 2025 года", "mid-June 2025", "2025年6月中旬", "2025-06-11~/2025-06-20~"},
		{"end of February", "конец февраля 2025 года", "late February 2025", "2025年2月下旬",
		 "2025-02-21~/2025-02-28~"},
		{"first half of June", "первая половина июня 2025 года", "the first half of June 2025",
		 "2025年6月上半月", "2025-06-01~/2025-06-15~"},
		{"6月下半月", "вторая половина июня 2025 года", "the second half of June 2025", "2025年6月下半月",
		 "2025-06-16~/2025-06-30~"},
		{"5月中下旬", "середина мая 2025 года – конец мая 2025 года", "mid-May 2025 – late May 2025",
		 "2025年5月中旬至2025年5月下旬", "2025-05-11~/2025-05-31~"},
		{"конец декабря - начало января", "конец декабря 2025 года – начало января 2026 года",
		 "late December 2025 – early January 2026", "2025年12月下旬至2026年1月上旬", "2025-12-21~/2026-01-10~"},
		{"2025-Q3", "III квартал 2025 года", "Q3 2025", "2025年第3季度", "2025-Q3"},
		{"H2 2025", "II полугодие 2025 года", "H2 2025", "2025年下半年", "2025-H2"},
		{"2025", "2025 год", "2025", "2025年", "2025"},
		{"2024-2025 гг.", "2024–2025 годы", "2024–2025", "2024年至2025年", "2024-01-01/2025-12-31"},
		{"апрель-май 2025", "апрель–май 2025 года", "April–May 2025", "2025年4月至5月",
		 "2025-04-01/2025-05-31"},
		{"январь-декабрь 2025", "январь–декабрь 2025 года", "January–December 2025", "2025年1月至12月",
		 "2025-01-01/2025-12-31"},
		{"зима 2025-2026", "декабрь 2025 года – февраль 2026 года", "December 2025 – February 2026",
		 "2025年12月至2026年2月", "2025-12-01/2026-02-28"},
		{"с 11 по 16 октября 2024 года", "11–16 октября 2024 года", "11–16 October 2024",
		 "2024年10月11日至16日", "2024-10-11/2024-10-16"},
		{"2025-06-01/2025-06-30", "1–30 июня 2025 года", "1–30 June 2025", "2025年6月1日至30日",
		 "2025-06-01/2025-06-30"},
		{"27 октября - 3 ноября", "27 октября – 3 ноября 2025 года", "27 October – 3 November 2025",
		 "2025年10月27日至11月3日", "2025-10-27/2025-11-03"},
		{"31 декабря - 8 января", "31 декабря 2025 года – 8 января 2026 года",
		 "31 December 2025 – 8 January 2026", "2025年12月31日至2026年1月8日", "2025-12-31/2026-01-08"},
		{"до 1 июня", "не позднее 1 июня 2025 года", "by 1 June 2025", "不晚于2025年6月1日", "../2025-06-01"},
		{"к 14:00 9 мая", "не позднее 9 мая 2025 года в 14:00", "by 9 May 2025 at 14:00",
		 "不晚于2025年5月9日14:00", "../2025-05-09T14:00"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *expected[] = {rows[i].ru, rows[i].en, rows[i].zh, rows[i].iso};
		static const char *const names[] = {"ru", "en", "zh", "de"};
		struct period period;
		struct period_error error;
		assert_int_equal(period_parse(rows[i].phrase, 2025, &period, &error), 0);
		for (size_t j = 0; j < ROWS(names); j++) {
			buf_clear(&printed);
			period_print(&period, names[j], &printed);
			assert_string_equal(buf_str(&printed), expected[j]);
			need_road_back(&period, "", names[j]);
		}
	}
}

static void period_print__repeats__read_naturally(void **state)
{
	(void)state;
	static const struct {
		const char *phrase, *ru, *en, *zh;
	} rows[] = {
		{"daily", "ежедневно в 2025 году", "every day in 2025", "2025年每天"},
		{"weekly", "еженедельно в 2025 году", "every week in 2025", "2025年每周"},
		{"monthly", "ежемесячно в 2025 году", "every month in 2025", "2025年每月"},
		{"quarterly", "ежеквартально в 2025 году", "every quarter in 2025", "2025年每季度"},
		{"every half-year", "каждое полугодие в 2025 году", "every half-year in 2025", "2025年每半年"},
		{"yearly", "2025 год, ежегодно", "2025, every year", "2025年，每年"},
		{"yearly in 2025-2027", "ежегодно в 2025–2027 годах", "every year in 2025–2027", "2025年至2027年每年"},
		{"по средам", "каждую среду в 2025 году", "every Wednesday in 2025", "2025年每周三"},
		{"every Monday at 2 pm", "каждый понедельник в 14:00 в 2025 году", "every Monday at 14:00 in 2025",
		 "2025年每周一14:00"},
		{"every Monday in June", "каждый понедельник в июне 2025 года", "every Monday in June 2025",
		 "2025年6月每周一"},
		{"daily, April-May", "ежедневно с апреля по май 2025 года", "every day from April to May 2025",
		 "2025年4月至5月每天"},
		{"monthly, November-February", "ежемесячно с ноября 2025 года по февраль 2026 года",
		 "every month from November 2025 to February 2026", "2025年11月至2026年2月每月"},
		{"daily 11-16 October", "ежедневно с 11 по 16 октября 2025 года",
		 "every day from 11 to 16 October 2025", "2025年10月11日至16日每天"},
		{"every Monday 9 June - 31 August", "каждый понедельник с 9 июня по 31 августа 2025 года",
		 "every Monday from 9 June to 31 August 2025", "2025年6月9日至8月31日每周一"},
		{"daily, 31 December - 8 January", "ежедневно с 31 декабря 2025 года по 8 января 2026 года",
		 "every day from 31 December 2025 to 8 January 2026", "2025年12月31日至2026年1月8日每天"},
		{"monthly on the 22nd", "22 числа каждого месяца в 2025 году", "on the 22nd of every month in 2025",
		 "2025年每月22日"},
		{"by the 11th of every month", "не позднее 11 числа каждого месяца в 2025 году",
		 "by the 11th of every month in 2025", "2025年每月不晚于11日"},
		{"последний день каждого месяца", "в последний день каждого месяца в 2025 году",
		 "on the last day of every month in 2025", "2025年每月最后一天"},
		{"не позднее последнего дня каждого месяца", "не позднее последнего дня каждого месяца в 2025 году",
		 "by the last day of every month in 2025", "2025年每月不晚于最后一天"},
		{"last Friday of every month", "в последнюю пятницу каждого месяца в 2025 году",
		 "on the last Friday of every month in 2025", "2025年每月最后一个周五"},
		{"второе воскресенье каждого месяца в 12:00",
		 "во второе воскресенье каждого месяца в 12:00 в 2025 году",
		 "on the second Sunday of every month at 12:00 in 2025", "2025年每月第二个周日12:00"},
		{"annually on June 15", "15 июня 2025 года, ежегодно", "15 June 2025, every year",
		 "2025年6月15日，每年"},
		{"ежегодно до 1 июня", "не позднее 1 июня 2025 года, ежегодно", "by 1 June 2025, every year",
		 "不晚于2025年6月1日，每年"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *expected[] = {rows[i].ru, rows[i].en, rows[i].zh};
		struct period period;
		struct period_error error;
		char rrule[PERIOD_RRULE_SIZE];
		if (period_parse_repeat(rows[i].phrase, 2025, &period, rrule, &error) < 0)
			fail_msg("%s: %s", rows[i].phrase, error.err.text);
		for (size_t j = 0; j < ROWS(languages); j++) {
			need_road_back(&period, rrule, languages[j]);
			assert_string_equal(buf_str(&printed), expected[j]);
		}
	}
}

static void period_print__every_phrase_of_a_plan__comes_back_in_each_language(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(good_phrases) + ROWS(good_repeats); i++) {
		const char *phrase =
			i < ROWS(good_phrases) ? good_phrases[i].phrase : good_repeats[i - ROWS(good_phrases)].phrase;
		struct period period;
		struct period_error error;
		char rrule[PERIOD_RRULE_SIZE], key[PERIOD_KEY_SIZE];
		assert_int_equal(period_parse_repeat(phrase, 2025, &period, rrule, &error), 0);
		period_key(&period, key);
		for (size_t j = 0; j < ROWS(languages); j++) {
			need_road_back(&period, rrule, languages[j]);
			assert_string_not_equal(buf_str(&printed), key); /* words, and not the way out */
		}
	}
}

/* ---- random periods ---- */

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 32) % limit;
}

static void random_start(const char *test)
{
	const char *given = getenv("SEED");
	random_state = given != NULL ? strtoull(given, NULL, 10) | 1 : 20250601;
	print_message("%s: SEED=%" PRIu64 "\n", test, random_state);
}

static struct civil random_day(int first_year, int last_year)
{
	struct civil civil = {.year = first_year + (int)random_below((uint32_t)(last_year - first_year + 1)),
			      .month = 1 + (int)random_below(12)};
	civil.day = 1 + (int)random_below((uint32_t)civil_days_in_month(civil.year, civil.month));
	return civil;
}

static struct period random_months(int months, enum period_precision precision)
{
	struct period period = {.has_start = true, .start = random_day(1900, 2995), .precision = precision};
	period.start.day = 1;
	period.start.month -= (period.start.month - 1) % (months > 12 ? 1 : months);
	struct civil after = civil_add_months(&period.start, months);
	period.end = civil_add_days(&after, -1);
	return period;
}

static struct period random_days(int days, enum period_precision precision)
{
	struct period period = {.has_start = true, .start = random_day(1900, 2995), .precision = precision};
	if (precision == PERIOD_WEEK)
		period.start = civil_add_days(&period.start, 1 - civil_weekday(&period.start));
	period.end = civil_add_days(&period.start, days - 1);
	return period;
}

static struct period random_day_or_minute(void)
{
	bool has_time = random_below(2) == 0;
	struct period period = random_days(1, has_time ? PERIOD_MINUTE : PERIOD_DAY);
	period.has_start = random_below(2) == 0;
	period.start.hour = has_time ? (int)random_below(24) : 0;
	period.start.minute = has_time ? (int)random_below(60) : 0;
	period.end = period.start;
	return period;
}

static struct period random_period(void)
{
	switch (random_below(9)) {
	case 0:
		return random_months(1, PERIOD_MONTH);
	case 1:
		return random_months(3, PERIOD_QUARTER);
	case 2:
		return random_months(6, PERIOD_HALF_YEAR);
	case 3:
		return random_months(12, PERIOD_YEAR);
	case 4:
		return random_months(2 + (int)random_below(40), PERIOD_RANGE);
	case 5:
		return random_days(2 + (int)random_below(random_below(2) == 0 ? 40 : 800), PERIOD_RANGE);
	case 6:
		return random_days(7, PERIOD_WEEK);
	case 7:
		return random_days(2 + (int)random_below(27), PERIOD_MONTH);
	default:
		return random_day_or_minute();
	}
}

static void period_print__random_periods__come_back(void **state)
{
	(void)state;
	random_start("random periods");
	for (int round = 0; round < 4000; round++) {
		struct period period = random_period();
		for (size_t j = 0; j < ROWS(languages); j++)
			need_road_back(&period, "", languages[j]);
		need_road_back(&period, "", "iso");
	}
}

static void period_print__random_repeats__come_back(void **state)
{
	(void)state;
	static const char *const clauses[] = {"daily",
					      "weekly",
					      "monthly",
					      "quarterly",
					      "every half-year",
					      "yearly",
					      "every Sunday",
					      "every Monday at 9:05",
					      "monthly on the 1st",
					      "monthly on the 28th",
					      "by the 10th of every month",
					      "on the third Wednesday of every month",
					      "on the last Sunday of every month at 9:05",
					      "by the last day of every month",
					      "daily at 0:00"};
	random_start("random repeats");
	int taken = 0;
	for (int round = 0; round < 4000; round++) {
		struct period window = random_period(), first;
		struct period_error error;
		char phrase[PERIOD_PHRASE_MAX], rrule[PERIOD_RRULE_SIZE];
		buf_clear(&printed);
		period_print(&window, "en", &printed);
		(void)snprintf(phrase, sizeof(phrase), "%s, %s", clauses[random_below(ROWS(clauses))],
			       buf_str(&printed));
		if (period_parse_repeat(phrase, 0, &first, rrule, &error) < 0)
			continue; /* no whole quarter in it, or no Sunday */
		taken++;
		for (size_t j = 0; j < ROWS(languages); j++)
			need_road_back(&first, rrule, languages[j]);
	}
	assert_true(taken > 1000);
}

static void period_print__what_has_no_words__is_the_key(void **state)
{
	(void)state;
	static const struct {
		const char *start, *end;
		enum period_precision precision;
		const char *text;
	} rows[] = {
		{"2025-06-04", "2025-06-10", PERIOD_WEEK, "2025-06-04/2025-06-10"},
		{"2025-06-02", "2025-06-30", PERIOD_MONTH, "2025-06-02~/2025-06-30~"},
		{"2025-06-01", "2025-07-31", PERIOD_MONTH, "2025-06-01/2025-07-31"},
		{"2025-02-01", "2025-04-30", PERIOD_QUARTER, "2025-02-01/2025-04-30"},
		{"1812-09-07", "1812-09-07", PERIOD_DAY, "1812-09-07"},
		{"9999-01-01", "9999-12-31", PERIOD_YEAR, "9999-01-01/9999-12-31"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct period period = {.has_start = true, .precision = rows[i].precision};
		assert_true(civil_parse(rows[i].start, &period.start, NULL));
		assert_true(civil_parse(rows[i].end, &period.end, NULL));
		buf_clear(&printed);
		period_print(&period, "ru", &printed);
		assert_string_equal(buf_str(&printed), rows[i].text);
	}
}

static void period_print__rule_without_words__stands_as_it_is(void **state)
{
	(void)state;
	static const char *const rules[] = {
		"FREQ=WEEKLY;INTERVAL=2;UNTIL=20251231",
		"FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20251231",
		"FREQ=WEEKLY;BYDAY=MO",
		"FREQ=WEEKLY;BYDAY=TU;UNTIL=20251231",
		"FREQ=WEEKLY;BYDAY=MO;UNTIL=20259999",
		"rubbish;UNTIL=x",
		"FREQ=WEEKLY;BYDAY=MO;UNTIL=20241231",
		"FREQ=YEARLY;UNTIL=20251231",
		"FREQ=DAILY",
	};
	struct period first = {.has_start = true,
			       .start = {2025, 1, 6, 0, 0, 0},
			       .end = {2025, 1, 6, 0, 0, 0},
			       .precision = PERIOD_DAY};
	for (size_t i = 0; i < ROWS(rules); i++) {
		char expected[200];
		(void)snprintf(expected, sizeof(expected), "2025-01-06 RRULE:%s", rules[i]);
		buf_clear(&printed);
		period_print_repeat(&first, rules[i], "ru", &printed);
		assert_string_equal(buf_str(&printed), expected);
	}
}

static void period_print__yearly_weekday__stands_with_its_rule(void **state)
{
	(void)state;
	struct period first;
	struct period_error error;
	char rrule[PERIOD_RRULE_SIZE];
	assert_int_equal(period_parse_repeat("last Friday of June, every year", 2027, &first, rrule, &error), 0);
	for (size_t i = 0; i < ROWS(languages); i++) {
		buf_clear(&printed);
		period_print_repeat(&first, rrule, languages[i], &printed);
		assert_string_equal(buf_str(&printed), "2027-06-25 RRULE:FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(period_print__known_shapes__read_naturally),
		cmocka_unit_test(period_print__repeats__read_naturally),
		cmocka_unit_test(period_print__every_phrase_of_a_plan__comes_back_in_each_language),
		cmocka_unit_test(period_print__random_periods__come_back),
		cmocka_unit_test(period_print__random_repeats__come_back),
		cmocka_unit_test(period_print__what_has_no_words__is_the_key),
		cmocka_unit_test(period_print__rule_without_words__stands_as_it_is),
		cmocka_unit_test(period_print__yearly_weekday__stands_with_its_rule),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
