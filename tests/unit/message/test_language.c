#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message/language.h"

static const struct civil tuesday = {2025, 4, 15, 14, 5, 0};

enum { N_LANGUAGES = 3 };

static const char *const tags[N_LANGUAGES] = {"ru", "en", "zh"};

static struct language *open_language(const char *tag)
{
	struct language *language = NULL;
	struct err err = {0};
	assert_int_equal(language_new(tag, &language, &err), 0);
	return language;
}

static void assert_said(struct buf *out, const char *expected)
{
	assert_string_equal(buf_str(out), expected);
	buf_clear(out);
}

static void language__words_of_three_languages(void **state)
{
	(void)state;
	static const char *const dates[N_LANGUAGES] = {"вторник, 15 апреля 2025 г.", "Tuesday, April 15, 2025",
						       "2025年4月15日星期二"};
	struct buf out;
	buf_init(&out, 1024);
	for (size_t i = 0; i < N_LANGUAGES; i++) {
		struct language *language = open_language(tags[i]);
		assert_string_equal(language_tag(language), tags[i]);
		language_add_date(language, &tuesday, &out);
		assert_said(&out, dates[i]);
		language_free(language);
	}
	buf_done(&out);
}

static void language__period__is_written_in_its_precision(void **state)
{
	(void)state;
	static const struct {
		struct period period;
		const char *expected[N_LANGUAGES];
	} rows[] = {
		{{true, {2025, 6, 15, 14, 0, 0}, {2025, 6, 15, 14, 0, 0}, PERIOD_MINUTE},
		 {"воскресенье, 15 июня 2025 г. в 14:00", "Sunday, June 15, 2025 at 2:00 PM",
		  "2025年6月15日星期日 14:00"}},
		{{true, {2025, 6, 15, 0, 0, 0}, {2025, 6, 15, 0, 0, 0}, PERIOD_DAY},
		 {"воскресенье, 15 июня 2025 г.", "Sunday, June 15, 2025", "2025年6月15日星期日"}},
		{{true, {2025, 6, 9, 0, 0, 0}, {2025, 6, 15, 0, 0, 0}, PERIOD_WEEK},
		 {"9–15 июня 2025 г.", "June 9 – 15, 2025", "2025年6月9日至15日"}},
		{{true, {2025, 6, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH},
		 {"июнь 2025 г.", "June 2025", "2025年6月"}},
		{{true, {2025, 6, 11, 0, 0, 0}, {2025, 6, 20, 0, 0, 0}, PERIOD_MONTH},
		 {"11–20 июня 2025 г.", "June 11 – 20, 2025", "2025年6月11日至20日"}},
		{{true, {2025, 4, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_QUARTER},
		 {"2-й квартал 2025 г.", "2nd quarter 2025", "2025年第2季度"}},
		{{true, {2025, 1, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_HALF_YEAR},
		 {"январь – июнь 2025 г.", "January – June 2025", "2025年1月至6月"}},
		{{true, {2025, 1, 1, 0, 0, 0}, {2025, 12, 31, 0, 0, 0}, PERIOD_YEAR}, {"2025 г.", "2025", "2025年"}},
		{{true, {2025, 4, 1, 0, 0, 0}, {2025, 5, 31, 0, 0, 0}, PERIOD_RANGE},
		 {"апрель – май 2025 г.", "April – May 2025", "2025年4月至5月"}},
		{{true, {2024, 12, 1, 0, 0, 0}, {2025, 1, 31, 0, 0, 0}, PERIOD_RANGE},
		 {"декабрь 2024 г. – январь 2025 г.", "December 2024 – January 2025", "2024年12月至2025年1月"}},
		{{true, {2024, 10, 11, 0, 0, 0}, {2024, 10, 16, 0, 0, 0}, PERIOD_RANGE},
		 {"11–16 октября 2024 г.", "October 11 – 16, 2024", "2024年10月11日至16日"}},
		{{true, {2024, 10, 29, 0, 0, 0}, {2024, 11, 3, 0, 0, 0}, PERIOD_RANGE},
		 {"29 октября – 3 ноября 2024 г.", "October 29 – November 3, 2024", "2024年10月29日至11月3日"}},
		{{false, {0}, {2025, 6, 1, 0, 0, 0}, PERIOD_DAY},
		 {"воскресенье, 1 июня 2025 г.", "Sunday, June 1, 2025", "2025年6月1日星期日"}},
	};
	struct buf out;
	buf_init(&out, 1024);
	for (size_t l = 0; l < N_LANGUAGES; l++) {
		struct language *language = open_language(tags[l]);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			language_add_period(language, &rows[i].period, &out);
			assert_said(&out, rows[i].expected[l]);
		}
		language_free(language);
	}
	buf_done(&out);
}

static void language__days__have_their_plural(void **state)
{
	(void)state;
	static const struct {
		int64_t days;
		const char *expected[N_LANGUAGES];
	} rows[] = {
		{0, {"0 дней", "0 days", "0天"}},         {1, {"1 день", "1 day", "1天"}},
		{2, {"2 дня", "2 days", "2天"}},          {3, {"3 дня", "3 days", "3天"}},
		{5, {"5 дней", "5 days", "5天"}},         {11, {"11 дней", "11 days", "11天"}},
		{21, {"21 день", "21 days", "21天"}},     {22, {"22 дня", "22 days", "22天"}},
		{112, {"112 дней", "112 days", "112天"}},
	};
	struct buf out;
	buf_init(&out, 1024);
	for (size_t l = 0; l < N_LANGUAGES; l++) {
		struct language *language = open_language(tags[l]);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			language_add_days(language, rows[i].days, &out);
			assert_said(&out, rows[i].expected[l]);
		}
		language_free(language);
	}
	buf_done(&out);
}

static void language__short_date__has_no_year(void **state)
{
	(void)state;
	static const char *const expected[N_LANGUAGES] = {"15 апреля", "April 15", "4月15日"};
	struct buf out;
	buf_init(&out, 1024);
	for (size_t l = 0; l < N_LANGUAGES; l++) {
		struct language *language = open_language(tags[l]);
		language_add_short_date(language, &tuesday, &out);
		assert_said(&out, expected[l]);
		language_free(language);
	}
	buf_done(&out);
}

static void language__number__has_its_plural(void **state)
{
	(void)state;
	static const struct {
		const char *tag;
		int64_t number;
		const char *text, *form;
	} rows[] = {
		{"ru", 0, "0", "many"},    {"ru", 1, "1", "one"},        {"ru", 2, "2", "few"},
		{"ru", 5, "5", "many"},    {"ru", 11, "11", "many"},     {"ru", 21, "21", "one"},
		{"ru", 104, "104", "few"}, {"ru", 1234, "1 234", "few"}, {"ru", 12345, "12 345", "many"},
		{"en", 0, "0", "other"},   {"en", 1, "1", "one"},        {"en", 1234, "1,234", "other"},
		{"zh", 1, "1", "other"},   {"ar", 2, "٢", "two"},        {"lv", 0, "0", "zero"},
	};
	struct buf out;
	buf_init(&out, 1024);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct language *language = open_language(rows[i].tag);
		language_add_number(language, rows[i].number, &out);
		assert_said(&out, rows[i].text);
		assert_string_equal(language_plural(language, rows[i].number), rows[i].form);
		language_free(language);
	}
	buf_done(&out);
}

static void language__list__is_joined_as_people_do(void **state)
{
	(void)state;
	static const char *const items[] = {"А", "Б", "В"};
	static const char *const expected[N_LANGUAGES][4] = {
		{"", "А", "А и Б", "А, Б и В"}, {"", "А", "А and Б", "А, Б, and В"}, {"", "А", "А和Б", "А、Б和В"}};
	struct buf out;
	buf_init(&out, 4096);
	for (size_t l = 0; l < N_LANGUAGES; l++) {
		struct language *language = open_language(tags[l]);
		for (size_t n = 0; n <= 3; n++) {
			language_add_list(language, items, n, &out);
			assert_said(&out, expected[l][n]);
		}
		language_free(language);
	}

	char longest[1201] = "";
	memset(longest, 'n', sizeof(longest) - 1);
	const char *const two[] = {longest, "\xff"};
	struct language *language = open_language("en");
	language_add_list(language, two, 2, &out); /* not valid: joined all the same */
	assert_int_equal(out.len, 1203);
	buf_clear(&out);
	language_add_list(language, (const char *const[]){longest, longest}, 2, &out);
	assert_int_equal(out.len, 2405);
	buf_done(&out);
	language_free(language);
}

static void language__span__has_its_two_largest_units(void **state)
{
	(void)state;
	static const struct {
		int64_t seconds;
		const char *russian, *english;
	} rows[] = {
		{0, "0 секунд", "0 seconds"},
		{59, "59 секунд", "59 seconds"},
		{60, "1 минута", "1 minute"},
		{3599, "59 минут 59 секунд", "59 minutes, 59 seconds"},
		{3600, "1 час", "1 hour"},
		{3659, "1 час", "1 hour"},
		{8100, "2 часа 15 минут", "2 hours, 15 minutes"},
		{-8100, "2 часа 15 минут", "2 hours, 15 minutes"},
		{3 * 86400, "3 дня", "3 days"},
		{3 * 86400 + 3600 * 5, "3 дня 5 часов", "3 days, 5 hours"},
	};
	struct language *russian = open_language("ru"), *english = open_language("en");
	struct buf out;
	buf_init(&out, 1024);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		language_add_span(russian, rows[i].seconds, &out);
		assert_said(&out, rows[i].russian);
		language_add_span(english, rows[i].seconds, &out);
		assert_said(&out, rows[i].english);
	}
	buf_done(&out);
	language_free(russian);
	language_free(english);
}

static void language__relative_days__are_what_people_say(void **state)
{
	(void)state;
	static const struct {
		int64_t days;
		const char *expected[N_LANGUAGES];
	} rows[] = {
		{-5, {"5 дней назад", "5 days ago", "5天前"}},
		{-1, {"вчера", "yesterday", "昨天"}},
		{0, {"сегодня", "today", "今天"}},
		{1, {"завтра", "tomorrow", "明天"}},
		{2, {"послезавтра", "in 2 days", "后天"}},
		{3, {"через 3 дня", "in 3 days", "3天后"}},
		{30, {"через 30 дней", "in 30 days", "30天后"}},
	};
	struct buf out;
	buf_init(&out, 1024);
	for (size_t l = 0; l < N_LANGUAGES; l++) {
		struct language *language = open_language(tags[l]);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			language_add_relative_days(language, rows[i].days, &out);
			assert_said(&out, rows[i].expected[l]);
		}
		language_free(language);
	}
	buf_done(&out);
}

static void language__relative_seconds__are_for_the_day_itself(void **state)
{
	(void)state;
	static const struct {
		int64_t seconds;
		const char *expected;
	} rows[] = {
		{0, "сейчас"},
		{29, "сейчас"},
		{-29, "сейчас"},
		{30, "через 1 минуту"},
		{-60, "1 минуту назад"},
		{3595, "через 1 час"},
		{3540, "через 59 минут"},
		{-5400, "90 минут назад"},
		{7140, "через 119 минут"},
		{7200, "через 2 часа"},
		{10500, "через 3 часа"},
		{10400, "через 2 часа"},
		{-18000, "5 часов назад"},
	};
	struct language *language = open_language("ru");
	struct buf out;
	buf_init(&out, 1024);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		language_add_relative_seconds(language, rows[i].seconds, &out);
		assert_said(&out, rows[i].expected);
	}
	buf_done(&out);
	language_free(language);
}

static void language__zone__has_place_and_offset(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		const char *expected[N_LANGUAGES];
	} rows[] = {
		{"Asia/Sakhalin", {"о-в Сахалин (UTC+11)", "Sakhalin (UTC+11)", "萨哈林 (UTC+11)"}},
		{"Asia/Shanghai", {"Шанхай (UTC+8)", "Shanghai (UTC+8)", "上海 (UTC+8)"}},
		{"Europe/Moscow", {"Москва (UTC+3)", "Moscow (UTC+3)", "莫斯科 (UTC+3)"}},
		{"Asia/Kolkata", {"Калькутта (UTC+5:30)", "Kolkata (UTC+5:30)", "加尔各答 (UTC+5:30)"}},
		{"America/St_Johns", {"Сент-Джонс (UTC-2:30)", "St. John’s (UTC-2:30)", "圣约翰斯 (UTC-2:30)"}},
		{"Europe/London", {"Лондон (UTC+1)", "London (UTC+1)", "伦敦 (UTC+1)"}},
		{"UTC", {"UTC+0", "UTC+0", "UTC+0"}},
		{"Etc/GMT-5", {"UTC+5", "UTC+5", "UTC+5"}},
	};
	struct buf out;
	buf_init(&out, 1024);
	for (size_t l = 0; l < N_LANGUAGES; l++) {
		struct language *language = open_language(tags[l]);
		for (size_t again = 0; again < 2; again++) /* looked up, then remembered */
			for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
				const struct zone *zone = zone_find(rows[i].zone);
				assert_non_null(zone);
				language_add_zone(language, zone, 1750000000, &out); /* 2025-06-15 */
				assert_said(&out, rows[i].expected[l]);
			}
		language_free(language);
	}
	buf_done(&out);
}

static void language__offset__is_that_of_the_instant(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1024);
	const struct zone *zone = zone_find("Europe/Berlin");
	language_add_offset(zone, 1735689600, &out); /* January */
	assert_said(&out, "UTC+1");
	language_add_offset(zone, 1750000000, &out); /* June */
	assert_said(&out, "UTC+2");
	buf_done(&out);
}

static void language__tag_without_data__is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {"",       "zz",  "qqq",   "russian", "r",    "ru_",
					   "en--US", "und", "../ru", "ru ",     "xx-CN"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct language *language = NULL;
		struct err err = {0};
		assert_int_equal(language_new(rows[i], &language, &err), -EINVAL);
		assert_null(language);
		assert_non_null(strstr(err.text, rows[i]));
	}
}

static void language__any_language_of_icu__is_taken(void **state)
{
	(void)state;
	static const struct {
		const char *tag, *days, *date;
	} rows[] = {
		{"ja", "3 日", "2025年4月15日火曜日"},
		{"de", "3 Tage", "Dienstag, 15. April 2025"},
		{"zh-Hant-TW", "3 天", "2025年4月15日 星期二"},
		{"th", "3 วัน", "วันอังคารที่ 15 เมษายน 2025"}, /* not the year 2568 of the Buddhist calendar */
	};
	struct buf out;
	buf_init(&out, 1024);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct language *language = open_language(rows[i].tag);
		language_add_days(language, 3, &out);
		assert_said(&out, rows[i].days);
		language_add_date(language, &tuesday, &out);
		assert_said(&out, rows[i].date);
		language_free(language);
	}
	buf_done(&out);
}

static void language__odd_spaces__become_ordinary_ones(void **state)
{
	(void)state;
	static const char *const odd[] = {"\u00a0", "\u2009", "\u202f"};
	static const struct period months = {true, {2025, 4, 1, 0, 0, 0}, {2025, 5, 31, 0, 0, 0}, PERIOD_RANGE};
	static const char *const all[] = {"ru", "en", "zh", "fr", "de", "uk", "pl"};
	struct buf out;
	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct language *language = open_language(all[i]);
		language_add_period(language, &months, &out);
		language_add_date(language, &tuesday, &out);
		language_add_days(language, 12345, &out);
		language_add_relative_days(language, 30, &out);
		language_free(language);
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_null(strstr(buf_str(&out), odd[i]));
	buf_done(&out);
}

/* Everything that is remembered, for one number; the same number as a day, a span, a year ... is another text. */
static void say_all(const struct language *language, int64_t n, struct buf *out)
{
	struct civil day = civil_from_days(20000 + n), end = civil_from_days(20000 + n + n % 40);
	const struct period range = {.has_start = true, .start = day, .end = end, .precision = PERIOD_RANGE};
	language_add_date(language, &day, out);
	language_add_short_date(language, &day, out);
	language_add_period(language, &range, out);
	language_add_days(language, n, out);
	language_add_span(language, n * 3600 + n % 7, out);
	language_add_span(language, n, out);
	language_add_relative_days(language, n - 100, out);
	language_add_relative_seconds(language, n * 60, out);
}

static void language__what_is_remembered__is_what_was_asked(void **state)
{
	(void)state;
	enum { NUMBERS = 600 }; /* far more texts than are remembered */
	struct language *old = open_language("ru");
	struct buf said, expected;
	buf_init(&said, 4096);
	buf_init(&expected, 4096);
	for (int round = 0; round < 2; round++)
		for (int64_t n = 0; n < NUMBERS; n += round == 0 ? 1 : 97) {
			buf_clear(&said);
			buf_clear(&expected);
			say_all(old, n, &said);
			say_all(old, n, &said);
			struct language *fresh = open_language("ru");
			say_all(fresh, n, &expected);
			language_free(fresh);
			assert_int_equal(said.len, 2 * expected.len);
			assert_memory_equal(said.data, expected.data, expected.len);
			assert_memory_equal(said.data + expected.len, expected.data, expected.len);
			n += round == 0 ? 16 : 0; /* a language takes its time to open */
		}
	for (int64_t n = 0; n < 3000; n++) { /* two texts of one number, wherever their places fall together */
		const struct civil day = civil_from_days(n);
		buf_clear(&said);
		language_add_date(old, &day, &said);
		assert_non_null(strstr(buf_str(&said), " г."));
		buf_clear(&said);
		language_add_short_date(old, &day, &said);
		assert_null(strstr(buf_str(&said), " г."));
	}
	language_free(old);
	buf_done(&said);
	buf_done(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(language__words_of_three_languages),
		cmocka_unit_test(language__period__is_written_in_its_precision),
		cmocka_unit_test(language__days__have_their_plural),
		cmocka_unit_test(language__short_date__has_no_year),
		cmocka_unit_test(language__number__has_its_plural),
		cmocka_unit_test(language__list__is_joined_as_people_do),
		cmocka_unit_test(language__span__has_its_two_largest_units),
		cmocka_unit_test(language__relative_days__are_what_people_say),
		cmocka_unit_test(language__relative_seconds__are_for_the_day_itself),
		cmocka_unit_test(language__zone__has_place_and_offset),
		cmocka_unit_test(language__offset__is_that_of_the_instant),
		cmocka_unit_test(language__tag_without_data__is_refused),
		cmocka_unit_test(language__any_language_of_icu__is_taken),
		cmocka_unit_test(language__odd_spaces__become_ordinary_ones),
		cmocka_unit_test(language__what_is_remembered__is_what_was_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
