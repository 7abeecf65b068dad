#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "period_phrases.h"
#include "period_print.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void period_parse__good_phrase__is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(good_phrases); i++) {
		struct period period;
		struct period_error error;
		char key[PERIOD_KEY_SIZE];
		if (period_parse(good_phrases[i].phrase, 2025, &period, &error) < 0)
			fail_msg("%s: byte %u: %s", good_phrases[i].phrase, error.offset, error.err.text);
		period_key(&period, key);
		const char *precision = period_precision_name(period.precision);
		if (strcmp(key, good_phrases[i].key) != 0 || strcmp(precision, good_phrases[i].precision) != 0)
			fail_msg("%s: %s %s, not %s %s", good_phrases[i].phrase, key, precision, good_phrases[i].key,
				 good_phrases[i].precision);
		assert_int_equal(period.has_start, strncmp(key, "..", 2) != 0);
	}
}

/* The word at which each must stop; "" is the end of the phrase. */
static const struct {
	const char *phrase;
	int default_year;
	const char *word;
} bad[] = {
	/* nothing, or not all of it, is understood */
	{"", 2025, ""},
	{" ", 2025, ""},
	{"скоро", 2025, "скоро"},
	{"апрел 2025", 2025, "апрел"},
	{"июнь 2025 или позже", 2025, "или"},
	{"июнь 2025 2026", 2025, "2026"},
	{"июнь 2025 15", 2025, "15"},
	{"июнь 25", 2025, "25"},
	{"в в июне", 2025, "в"},
	{"июнь 2025!", 2025, "!"},
	{"июнь - - июль", 2025, "-"},
	{"- июнь", 2025, "-"},
	{"июнь -", 2025, ""},
	{"до", 2025, ""},
	{"с 1 июня", 2025, ""},
	{"с 1 июня по", 2025, ""},
	{"понедельник", 2025, ""},
	{"2025 г. г. г.", 2025, "г"},
	{"第", 2025, "第"},
	{"未来", 2025, "未"},
	{"15/06/2025", 2025, "15/06/2025"},
	{"6/15/25", 2025, "6/15/25"},
	{"до 15-06-2025", 2025, "15-06-2025"},
	{"15/06", 2025, "15"},
	{"2025/13", 2025, "13"},
	{"2025/6-15", 2025, "15"},
	{"2025/ 6/15", 2025, "/"},
	{"2025-06-W1", 2025, "W"},
	{"15-июн", 2025, "15"},
	{"15-июн-1800", 2025, "1800"},
	{"15.06 14.00", 2025, "14"},
	{"15.06.2025, 16.07", 2025, "16.07"},
	{"15 июня 10-12", 2025, "10"},
	{"15 июня на 14", 2025, "на"},
	{"15 июня в 25", 2025, "25"},
	{"15 июня в 14 и 15", 2025, "в"},
	{"6月15日晚上12点", 2025, "晚上12点"},
	{"6月15日上午14时", 2025, "上午14时"},
	{"6月15日下午", 2025, "下午"},
	{"до 15 и 16 июня", 2025, "и"},
	{"до начала\tиюня", 2025, "начала\tиюня"},
	{"6月1日至15日前", 2025, "前"},
	{"20250615", 2025, "20250615"},
	{"2025-6", 2025, "6"},
	{"2025 - 06", 2025, "06"},
	{"01. 10. 2025", 2025, "."},
	{"15 июня 14: 00", 2025, "14"},
	{"1.2.3", 2025, "3"},
	{"123", 2025, "123"},
	{"third half of June", 2025, "of"},
	{"до первой половины июня", 2025, "первой половины июня"},
	{"2025-06-12~/2025-06-17", 2025, ""},
	{"2025-06-12~", 2025, ""},
	{"2025-06-15T14:00Z", 2025, "Z"},
	{"2025-06-15T14:00+11:00", 2025, "+"},
	{"15 июня с 14:00 до 16:00", 2025, "с"},
	{"15 июня 14:00-16:00", 2025, "16:00"},
	{"14:00 - 16:00, 15 июня", 2025, "16:00"},
	{"15 June 2 pm to 16:00", 2025, "16:00"},

	/* what is not said */
	{"июнь", 0, "июнь"},
	{"до 1 июня", 0, "1 июня"},
	{"апрель-май", 0, "май"},
	{"в течение года", 0, "года"},
	{"6月", 0, "6月"},
	{"Q3", 0, "Q3"},
	{"июнь", 99999, "июнь"},
	{"11", 2025, "11"},
	{"11-16", 2025, "11"},
	{"декада", 2025, "декада"},
	{"последняя неделя", 2025, "последняя неделя"},
	{"год", 2025, "год"},
	{"начало года", 2025, "года"},
	{"конец 2025", 2025, "конец 2025"},
	{"конец года", 2025, "конец года"},
	{"end of Q2", 2025, "end of Q2"},
	{"第二季度末", 2025, "第二季度末"},
	{"последняя пятница", 2025, "последняя пятница"},
	{"下半月", 2025, "下半月"},
	{"次年1月", 2025, "次年"},
	{"до следующего", 2025, "следующего"},
	{"2025年初", 2025, "初"},
	{"2025年底", 2025, "2025年底"},
	{"до июня", 2025, "июня"},
	{"by 2026", 2025, "2026"},
	{"до 15", 2025, "15"},

	/* impossible */
	{"31 июня", 2025, "31"},
	{"29 февраля 2025", 2025, "29"},
	{"0 июня", 2025, "0"},
	{"32.01.2025", 2025, "32"},
	{"01.13.2025", 2025, "13"},
	{"2025-13", 2025, "13"},
	{"2025-02-30", 2025, "30"},
	{"2025/2/30", 2025, "30"},
	{"2025.13.1", 2025, "13"},
	{"6月31日", 2025, "31"},
	{"13月", 2025, "13"},
	{"1800", 2025, "1800"},
	{"0001-01-01", 2025, "0001"},
	{"9999-12-31", 2025, "9999"},
	{"V квартал", 2025, "V"},
	{"Q5", 2025, "5"},
	{"3 полугодие", 2025, "3"},
	{"4 декада мая", 2025, "4"},
	{"пятый вторник июня", 2025, "пятый"},
	{"6-й вторник июня", 2025, "6-й"},
	{"апрель, июнь", 2025, "июнь"},
	{"I, III кварталы", 2025, "III кварталы"},
	{"15 и 17 июня", 2025, "17 июня"},
	{"май, апрель", 2025, "апрель"},
	{"июнь и 1 июля", 2025, "1 июля"},
	{"5-я неделя ноября", 2025, "5-я"},
	{"5-я неделя июня", 2025, "5-я"},
	{"неделя с 15 июня", 2025, "15"},
	{"week from 18 June", 2025, "18"},
	{"week from June", 2025, "week from June"},
	{"зима 2025", 2025, "зима 2025"},
	{"зимой", 2025, "зимой"},
	{"2025年冬季", 2025, "2025年冬季"},
	{"зима-весна 2026", 2025, "зима"},
	{"осень - зима 2025", 2025, "зима 2025"},
	{"2025-W00", 2025, "00"},
	{"2025-W53", 2025, "53"},
	{"15 июня 24:00", 2025, "24:00"},
	{"15 июня в 14:60", 2025, "14:60"},
	{"15 июня 14:00:30", 2025, "30"},
	{"June 15 at 13 pm", 2025, "pm"},

	/* weekdays that do not fit */
	{"вторник, 16 июня 2025", 2025, "вторник"},
	{"16.06.2025 (вс)", 2025, "вс"},
	{"Sunday 16 June 2025", 2025, "Sunday"},
	{"2025年6月16日星期二", 2025, "星期二"},
	{"с понедельника 16 июня по среду 19 июня", 2025, "среду"},
	{"понедельник, июнь 2025", 2025, "понедельник, июнь 2025"},

	/* inverted, or ends that do not match */
	{"с 16 по 11 октября 2024 года", 2025, "11 октября 2024 года"},
	{"2025-05..2025-04", 2025, "2025-04"},
	{"2025-2024 гг.", 2025, "2024 гг."},
	{"май-апрель", 2025, "апрель"},
	{"июль-март", 2025, "март"},
	{"декабрь-январь 2025", 2025, "январь 2025"},
	{"31 декабря 2025 - 8 января 2025", 2025, "8 января 2025"},
	{"июнь 2024-2025", 2025, "2025"},
	{"лето 2024-2025", 2025, "2025"},
	{"зима 2025-2027", 2025, "2027"},
	{"4-май 2025", 2025, "4"},
	{"April-May 2", 2025, "May 2"},
	{"2025-06-15T10:00/2025-06-15T12:00", 2025, "2025-06-15T10:00"},

	/* repeats have no place here */
	{"ежемесячно", 2025, "ежемесячно"},
	{"каждый понедельник", 2025, "каждый"},
	{"every Monday", 2025, "every"},
	{"每月", 2025, "每"},
	{"по понедельникам", 2025, "понедельникам"},

	/* not text */
	{"июнь \xff", 2025, "\xff"},
	{"\xd0", 2025, "\xd0"},
	{"июнь\n2025", 2025, "\n"},
	{"июнь \u202e2025", 2025, "\u202e"},
};

static void period_parse__bad_phrase__is_refused_at_the_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++) {
		struct period period = {.precision = PERIOD_PRECISION_MAX};
		struct period_error error = {0};
		if (period_parse(bad[i].phrase, bad[i].default_year, &period, &error) != -EINVAL)
			fail_msg("'%s' was taken", bad[i].phrase);
		assert_int_equal(period.precision, PERIOD_PRECISION_MAX);
		size_t len = strlen(bad[i].word);
		const char *at = bad[i].phrase + error.offset;
		if (error.offset > strlen(bad[i].phrase) || error.length != len || strncmp(at, bad[i].word, len) != 0 ||
		    (len == 0 && *at != '\0'))
			fail_msg("'%s': %u+%u '%.*s', not '%s': %s", bad[i].phrase, error.offset, error.length,
				 (int)error.length, at, bad[i].word, error.err.text);
		assert_true(error.err.text[0] != '\0');
		assert_int_equal(utf8_find_control(error.err.text, false), -1);
	}
}

static void period_parse__what_is_no_date__is_answered_with_the_cure(void **state)
{
	(void)state;
	static const struct {
		const char *phrase, *hint;
	} rows[] = {
		{"апрел 2025", "did you mean 'апрель'?"},
		{"15 Сентебря", "did you mean 'сентября'?"},
		{"Febuary 2025", "did you mean 'february'?"},
		{"III квартол", "did you mean 'квартал'?"},
		{"trade fair in June", "words that are no date belong into the title or the note"},
		{"6月展会", "write it like 2027-06-15"},
		{"в конце 2025 года", "name its months, or a limit, as in 'до конца года'"},
		{"end of 2025", "name its months, or a limit, as in 'by the end of the year'"},
		{"2025年底", "name its months, or a limit, as in '年底前'"},
		{"June - end of 2025", "as in 'by the end of the year'"},
		{"декабрь - январь 2026", "of which year is the other end? name both"},
		{"апрель, июнь", "each of them is a task"},
		{"дата", "write it like 2027-06-15"},
		{"от 15 июня", "write it like 2027-06-15"},
		{"06/15/2027", "which is the month? write it like 2027-06-15 or 15.06.2027"},
		{"зимой", "name both, as in 'зима 2026-2027'"},
		{"неделя с 15 июня", "a Sunday, and weeks begin on Monday: leave out 'from'"},
		{"15 июня 2027, 14:00-16:00", "a task has one time: the end of it belongs into the note"},
		{"15 June 2027 from 14:00 to 16:00", "a task has one time: the end of it belongs into the note"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct period period;
		struct period_error error;
		assert_int_equal(period_parse(rows[i].phrase, 2025, &period, &error), -EINVAL);
		if (strstr(error.err.text, rows[i].hint) == NULL)
			fail_msg("%s: %s", rows[i].phrase, error.err.text);
	}
}

static void period_parse__month_in_any_case__is_that_month(void **state)
{
	(void)state;
	static const char *const forms[12][5] = {
		{"январь", "января", "январю", "январём", "январе"},
		{"февраль", "февраля", "февралю", "февралём", "феврале"},
		{"март", "марта", "марту", "мартом", "марте"},
		{"апрель", "апреля", "апрелю", "апрелем", "апреле"},
		{"май", "мая", "маю", "маем", "мае"},
		{"июнь", "июня", "июню", "июнем", "июне"},
		{"июль", "июля", "июлю", "июлем", "июле"},
		{"август", "августа", "августу", "августом", "августе"},
		{"сентябрь", "сентября", "сентябрю", "сентябрём", "сентябре"},
		{"октябрь", "октября", "октябрю", "октябрём", "октябре"},
		{"ноябрь", "ноября", "ноябрю", "ноябрём", "ноябре"},
		{"декабрь", "декабря", "декабрю", "декабрём", "декабре"},
	};
	for (int month = 0; month < 12; month++)
		for (size_t i = 0; i < ROWS(forms[0]); i++) {
			struct period period;
			struct period_error error;
			if (period_parse(forms[month][i], 2025, &period, &error) < 0)
				fail_msg("%s: %s", forms[month][i], error.err.text);
			assert_int_equal(period.start.month, month + 1);
			assert_int_equal(period.precision, PERIOD_MONTH);
		}
}

static void period_parse__every_day_of_nine_years__in_every_script(void **state)
{
	(void)state;
	static const char *const russian[] = {"января", "февраля", "марта",    "апреля",  "мая",    "июня",
					      "июля",   "августа", "сентября", "октября", "ноября", "декабря"};
	static const char *const english[] = {"January", "February", "March",     "April",   "May",      "June",
					      "July",    "August",   "September", "October", "November", "December"};
	for (int64_t n = 18993; n < 18993 + 9 * 365; n++) { /* from 2022-01-01 */
		struct civil civil = civil_from_days(n);
		int y = civil.year, m = civil.month, d = civil.day;
		char phrases[9][64];
		(void)snprintf(phrases[0], sizeof(phrases[0]), "%d %s %d г.", d, russian[m - 1], y);
		(void)snprintf(phrases[1], sizeof(phrases[1]), "%s %d, %d", english[m - 1], d, y);
		(void)snprintf(phrases[2], sizeof(phrases[2]), "%d年%d月%d日", y, m, d);
		(void)snprintf(phrases[3], sizeof(phrases[3]), "%02d.%02d.%d", d, m, y);
		(void)snprintf(phrases[4], sizeof(phrases[4]), "%04d-%02d-%02d", y, m, d);
		(void)snprintf(phrases[5], sizeof(phrases[5]), "%02d.%02d.%02d", d, m, y % 100);
		(void)snprintf(phrases[6], sizeof(phrases[6]), "%d/%d/%d", y, m, d);
		(void)snprintf(phrases[7], sizeof(phrases[7]), "%d-%d-%d", y, m, d);
		(void)snprintf(phrases[8], sizeof(phrases[8]), "%d.%02d.%02d", y, m, d);
		for (size_t i = 0; i < ROWS(phrases); i++) {
			struct period period;
			struct period_error error;
			if (period_parse(phrases[i], 0, &period, &error) < 0)
				fail_msg("%s: %s", phrases[i], error.err.text);
			assert_int_equal(period.precision, PERIOD_DAY);
			assert_int_equal(civil_compare(&period.start, &civil), 0);
			assert_int_equal(civil_compare(&period.end, &civil), 0);
		}
	}
}

static void period_parse__over_long_phrase__is_refused_unread(void **state)
{
	(void)state;
	char phrase[PERIOD_PHRASE_MAX + 2];
	struct period period;
	struct period_error error;
	memset(phrase, ' ', sizeof(phrase));
	memcpy(phrase, "2025-06", 7);
	phrase[PERIOD_PHRASE_MAX] = '\0';
	assert_int_equal(period_parse(phrase, 0, &period, &error), 0);
	phrase[PERIOD_PHRASE_MAX] = ' ';
	phrase[PERIOD_PHRASE_MAX + 1] = '\0';
	assert_int_equal(period_parse(phrase, 0, &period, &error), -EINVAL);
	assert_int_equal(error.offset, PERIOD_PHRASE_MAX);
}

/* ---- whatever the bytes ---- */

static uint64_t random_state;

/* xorshift64*: the same numbers from the same seed everywhere. */
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

/* Whatever is understood is printed so that it is understood as the same again, or with its rule as it stands. */
static void check_printed(const char *phrase, const struct period *period, const char *rrule)
{
	static const char *const languages[] = {"ru", "en", "zh"};
	if (period->end.year > 2999) /* the last winter reaches into a year that no plan may name */
		return;
	char key[PERIOD_KEY_SIZE], again_key[PERIOD_KEY_SIZE], again_rrule[PERIOD_RRULE_SIZE];
	period_key(period, key);
	for (size_t i = 0; i < ROWS(languages); i++) {
		struct period again;
		struct period_error error;
		struct buf printed;
		buf_init(&printed, PERIOD_PHRASE_MAX);
		period_print_repeat(period, rrule, languages[i], &printed);
		bool is_yearly_place = strncmp(rrule, "FREQ=YEARLY;BYMONTH=", strlen("FREQ=YEARLY;BYMONTH=")) == 0;
		if (is_yearly_place) {
			assert_non_null(strstr(buf_str(&printed), rrule));
			buf_done(&printed);
			continue;
		}
		if (period_parse_repeat(buf_str(&printed), 0, &again, again_rrule, &error) < 0)
			fail_msg("'%s' is printed '%s': %s", phrase, buf_str(&printed), error.err.text);
		period_key(&again, again_key);
		if (strcmp(key, again_key) != 0 || strcmp(rrule, again_rrule) != 0 ||
		    again.precision != period->precision)
			fail_msg("'%s' is printed '%s'", phrase, buf_str(&printed));
		buf_done(&printed);
	}
}

/* A repeat is what only the reader of repeats takes. */
static void check_any_repeat(const char *phrase, bool is_single)
{
	struct period period = {.precision = PERIOD_PRECISION_MAX};
	struct period_error error = {0};
	char rrule[PERIOD_RRULE_SIZE] = "?";
	if (period_parse_repeat(phrase, 2025, &period, rrule, &error) == 0) {
		assert_int_equal(rrule[0] == '\0', is_single);
		assert_true(civil_is_valid(&period.start) && civil_is_valid(&period.end));
		assert_true(civil_compare(&period.start, &period.end) <= 0);
		check_printed(phrase, &period, rrule);
	} else {
		assert_false(is_single);
		assert_string_equal(rrule, "?");
		assert_int_equal(period.precision, PERIOD_PRECISION_MAX);
		assert_true(error.offset + error.length <= strlen(phrase));
		assert_true(error.err.text[0] != '\0');
		assert_true(utf8_is_valid(error.err.text, strlen(error.err.text)));
	}
}

/* What must hold of any answer. The phrase stands at the end of its memory, so that reading on is seen. */
static void check_any(const char *bytes, size_t len)
{
	char *phrase = mem_dup_n(bytes, len);
	struct period period = {.precision = PERIOD_PRECISION_MAX}, again;
	struct period_error error = {0};
	char key[PERIOD_KEY_SIZE], second[PERIOD_KEY_SIZE];

	if (period_parse(phrase, 2025, &period, &error) == 0) {
		assert_true(civil_is_valid(&period.start) && civil_is_valid(&period.end));
		assert_true(civil_compare(&period.start, &period.end) <= 0);
		assert_true(period.precision < PERIOD_PRECISION_MAX);
		period_key(&period, key);
		if (!period_parse_key(key, &again))
			fail_msg("'%s' has the key %s, which is refused", phrase, key);
		period_key(&again, second);
		assert_string_equal(key, second);
	} else {
		assert_int_equal(period.precision, PERIOD_PRECISION_MAX);
		assert_true(error.offset + error.length <= strlen(phrase));
		assert_true(error.err.text[0] != '\0');
		assert_true(utf8_is_valid(error.err.text, strlen(error.err.text)));
		assert_int_equal(utf8_find_control(error.err.text, false), -1);
	}
	check_any_repeat(phrase, period.precision < PERIOD_PRECISION_MAX);
	free(phrase);
}

static void period_parse__random_bytes__never_break_it(void **state)
{
	(void)state;
	static const char letters[] = "0125-./: TIQWгмдия";
	random_start("random bytes");
	for (int round = 0; round < 30000; round++) {
		char bytes[PERIOD_PHRASE_MAX + 20];
		size_t len = random_below(round % 2 == 0 ? 12 : sizeof(bytes));
		for (size_t i = 0; i < len; i++)
			bytes[i] = round % 3 == 0 ? (char)(1 + random_below(255))
						  : letters[random_below(sizeof(letters) - 1)];
		check_any(bytes, len);
	}
}

static const char *random_phrase(void)
{
	uint32_t i = random_below(ROWS(good_phrases) + ROWS(good_repeats));
	return i < ROWS(good_phrases) ? good_phrases[i].phrase : good_repeats[i - ROWS(good_phrases)].phrase;
}

/* Puts a piece of another good phrase at a random place, or takes a piece out, or changes a byte. */
static size_t mutate(char *bytes, size_t len, size_t size)
{
	const char *other = random_phrase();
	size_t other_len = strlen(other), from = random_below((uint32_t)other_len), piece = 1 + random_below(6);
	size_t at = random_below((uint32_t)len + 1);
	switch (random_below(3)) {
	case 0:
		if (piece > other_len - from)
			piece = other_len - from;
		if (len + piece > size)
			return len;
		memmove(bytes + at + piece, bytes + at, len - at);
		memcpy(bytes + at, other + from, piece);
		return len + piece;
	case 1:
		if (piece > len - at)
			piece = len - at;
		memmove(bytes + at, bytes + at + piece, len - at - piece);
		return len - piece;
	default:
		if (at < len)
			bytes[at] = (char)(1 + random_below(255));
		return len;
	}
}

static void period_parse__mutated_phrases__never_break_it(void **state)
{
	(void)state;
	random_start("mutated phrases");
	for (int round = 0; round < 30000; round++) {
		char bytes[PERIOD_PHRASE_MAX];
		const char *phrase = random_phrase();
		size_t len = strlen(phrase);
		memcpy(bytes, phrase, len);
		for (uint32_t changes = 1 + random_below(4); changes > 0; changes--)
			len = mutate(bytes, len, sizeof(bytes));
		check_any(bytes, len);
	}
}

static void period_parse__two_phrases_joined__never_break_it(void **state)
{
	(void)state;
	static const char *const joints[] = {"",     " ",    "-",  " - ", "..",   "/",
					     " по ", " до ", ", ", "至",  " of ", " 2025"};
	for (size_t i = 0; i < ROWS(good_phrases); i++)
		for (size_t j = 0; j < ROWS(good_phrases); j++) {
			char bytes[PERIOD_PHRASE_MAX];
			int len = snprintf(bytes, sizeof(bytes), "%s%s%s", good_phrases[i].phrase,
					   joints[(i + j) % ROWS(joints)], good_phrases[j].phrase);
			check_any(bytes, (size_t)len);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(period_parse__good_phrase__is_understood),
		cmocka_unit_test(period_parse__bad_phrase__is_refused_at_the_word),
		cmocka_unit_test(period_parse__what_is_no_date__is_answered_with_the_cure),
		cmocka_unit_test(period_parse__month_in_any_case__is_that_month),
		cmocka_unit_test(period_parse__every_day_of_nine_years__in_every_script),
		cmocka_unit_test(period_parse__over_long_phrase__is_refused_unread),
		cmocka_unit_test(period_parse__random_bytes__never_break_it),
		cmocka_unit_test(period_parse__mutated_phrases__never_break_it),
		cmocka_unit_test(period_parse__two_phrases_joined__never_break_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
