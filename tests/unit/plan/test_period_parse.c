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
#include "plan/period.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* The year given with each phrase is 2025 except where a test says otherwise. */
static const struct {
	const char *phrase, *key, *precision;
} good[] = {
	/* ISO 8601 and EDTF */
	{"2025", "2025-01-01/2025-12-31", "year"},
	{"2025-06", "2025-06-01/2025-06-30", "month"},
	{"2024-02", "2024-02-01/2024-02-29", "month"},
	{"2025-Q3", "2025-07-01/2025-09-30", "quarter"},
	{"2025-W14", "2025-03-31/2025-04-06", "week"},
	{"2026-W01", "2025-12-29/2026-01-04", "week"},
	{"2026-W53", "2026-12-28/2027-01-03", "week"},
	{"2025-06-15", "2025-06-15", "day"},
	{"2025-06-15T14:00", "2025-06-15T14:00", "minute"},
	{"2025-06-15T14:00:00", "2025-06-15T14:00", "minute"},
	{"2025-06-15 14:00", "2025-06-15T14:00", "minute"},
	{"2025-04..2025-05", "2025-04-01/2025-05-31", "range"},
	{"2025-04/2025-05", "2025-04-01/2025-05-31", "range"},
	{"2025-06-01..2025-06-20", "2025-06-01/2025-06-20", "range"},
	{"2025-06-01/2025-06-20", "2025-06-01/2025-06-20", "range"},
	{"2025-06-01/2025-06-01", "2025-06-01", "day"},
	{"2025-Q1..2025-Q2", "2025-01-01/2025-06-30", "range"},
	{"2025-W14..2025-W15", "2025-03-31/2025-04-13", "range"},
	{"../2025-06-01", "../2025-06-01", "day"},
	{"../2025-06-01T14:00", "../2025-06-01T14:00", "minute"},

	/* days */
	{"15 июня 2025", "2025-06-15", "day"},
	{"15 июня", "2025-06-15", "day"},
	{"1-го июня 2025 года", "2025-06-01", "day"},
	{"первого июня", "2025-06-01", "day"},
	{"15 ИЮНЯ 2025 Г.", "2025-06-15", "day"},
	{"15 июн. 2025 г.", "2025-06-15", "day"},
	{"01.10.2025", "2025-10-01", "day"},
	{"1.10.2025г.", "2025-10-01", "day"},
	{"09.05.25", "2025-05-09", "day"},
	{"09.05", "2025-05-09", "day"},
	{"29 февраля 2024", "2024-02-29", "day"},
	{"June 15, 2025", "2025-06-15", "day"},
	{"June 15th 2025", "2025-06-15", "day"},
	{"15 June 2025", "2025-06-15", "day"},
	{"the 15th of June, 2025", "2025-06-15", "day"},
	{"on the 2nd of June", "2025-06-02", "day"},
	{"Sept. 3, 2025", "2025-09-03", "day"},
	{"2025年6月15日", "2025-06-15", "day"},
	{"6月15号", "2025-06-15", "day"},
	{"二〇二五年六月十五日", "2025-06-15", "day"},
	{"十二月二十三日", "2025-12-23", "day"},
	{"２０２５年６月１５日", "2025-06-15", "day"},

	/* weekdays that fit */
	{"в понедельник, 16 июня 2025", "2025-06-16", "day"},
	{"16 июня 2025 (пн)", "2025-06-16", "day"},
	{"16.06.2025, понедельник", "2025-06-16", "day"},
	{"со вторника 17 июня по пятницу 20 июня", "2025-06-17/2025-06-20", "range"},
	{"Monday, June 16, 2025", "2025-06-16", "day"},
	{"2025年6月16日（星期一）", "2025-06-16", "day"},
	{"2025年6月22日周日", "2025-06-22", "day"},

	/* times */
	{"15 июня 2025 в 14:00", "2025-06-15T14:00", "minute"},
	{"15 июня 2025 г., в 14.30", "2025-06-15T14:30", "minute"},
	{"15 июня 2025 г. в 9 часов 5 минут", "2025-06-15T09:05", "minute"},
	{"15 июня в 14 ч.", "2025-06-15T14:00", "minute"},
	{"в 14:00 15 июня 2025", "2025-06-15T14:00", "minute"},
	{"16.06.2025 (пн) 14:00", "2025-06-16T14:00", "minute"},
	{"June 15, 2025 at 2 pm", "2025-06-15T14:00", "minute"},
	{"June 15 12:30 am", "2025-06-15T00:30", "minute"},
	{"15 June 2025, 12 pm", "2025-06-15T12:00", "minute"},
	{"at 14:00 on 15 June 2025", "2025-06-15T14:00", "minute"},
	{"2025年6月15日14点30分", "2025-06-15T14:30", "minute"},
	{"2025年6月15日 14：30", "2025-06-15T14:30", "minute"},

	/* ranges of days */
	{"с 11 по 16 октября 2024 года", "2024-10-11/2024-10-16", "range"},
	{"c 11 по 16 октября 2024 года", "2024-10-11/2024-10-16", "range"}, /* a Latin c */
	{"в период с 11 по 16 октября", "2025-10-11/2025-10-16", "range"},
	{"с 11 до 16 октября включительно", "2025-10-11/2025-10-16", "range"},
	{"16-17 мая", "2025-05-16/2025-05-17", "range"},
	{"16 – 17 мая 2025 г.", "2025-05-16/2025-05-17", "range"},
	{"27 октября - 3 ноября", "2025-10-27/2025-11-03", "range"},
	{"27 октября 2025 — 3 ноября 2025", "2025-10-27/2025-11-03", "range"},
	{"01.10.2025 - 15.10.2025", "2025-10-01/2025-10-15", "range"},
	{"01.10.2025-15.10.2025", "2025-10-01/2025-10-15", "range"},
	{"01.10-15.10.2025", "2025-10-01/2025-10-15", "range"},
	{"01-15.10.2025", "2025-10-01/2025-10-15", "range"},
	{"с 25.12.2024 по 08.01.2025", "2024-12-25/2025-01-08", "range"},
	{"16-16 мая", "2025-05-16", "day"},
	{"June 1-15, 2025", "2025-06-01/2025-06-15", "range"},
	{"June 1 - July 15, 2025", "2025-06-01/2025-07-15", "range"},
	{"from June 1 until June 15", "2025-06-01/2025-06-15", "range"},
	{"11 to 16 October 2024", "2024-10-11/2024-10-16", "range"},
	{"6月1日至15日", "2025-06-01/2025-06-15", "range"},
	{"6月1-15日", "2025-06-01/2025-06-15", "range"},
	{"2025年6月28日～7月3日", "2025-06-28/2025-07-03", "range"},
	{"从6月1日到7月15日", "2025-06-01/2025-07-15", "range"},
	{"15 мая - июнь 2025", "2025-05-15/2025-06-30", "range"},

	/* ranges that cross the new year */
	{"31 декабря - 8 января", "2025-12-31/2026-01-08", "range"},
	{"31 декабря 2024 - 8 января", "2024-12-31/2025-01-08", "range"},
	{"31 декабря - 8 января 2025", "2024-12-31/2025-01-08", "range"},
	{"декабрь-февраль", "2025-12-01/2026-02-28", "range"},
	{"октябрь 2025 - март", "2025-10-01/2026-03-31", "range"},
	{"декабрь 2025 - январь 2026", "2025-12-01/2026-01-31", "range"},

	/* months */
	{"июнь 2025", "2025-06-01/2025-06-30", "month"},
	{"в июне", "2025-06-01/2025-06-30", "month"},
	{"в июне месяце 2025 года", "2025-06-01/2025-06-30", "month"},
	{"в течение июня", "2025-06-01/2025-06-30", "month"},
	{"06.2025", "2025-06-01/2025-06-30", "month"},
	{"June 2025", "2025-06-01/2025-06-30", "month"},
	{"in June", "2025-06-01/2025-06-30", "month"},
	{"2025年6月", "2025-06-01/2025-06-30", "month"},
	{"6月", "2025-06-01/2025-06-30", "month"},
	{"апрель-май 2025", "2025-04-01/2025-05-31", "range"},
	{"апрель-май 2025 г.", "2025-04-01/2025-05-31", "range"},
	{"апрель-май 2025 года", "2025-04-01/2025-05-31", "range"},
	{"  апрель \t–\u00a0май  2025  ", "2025-04-01/2025-05-31", "range"},
	{"в апреле-мае", "2025-04-01/2025-05-31", "range"},
	{"с апреля по май 2025", "2025-04-01/2025-05-31", "range"},
	{"сентябрь-декабрь 2025г", "2025-09-01/2025-12-31", "range"},
	{"январь-март 2025", "2025-01-01/2025-03-31", "range"},
	{"April-May", "2025-04-01/2025-05-31", "range"},
	{"from April to May 2025", "2025-04-01/2025-05-31", "range"},
	{"2025年4月至5月", "2025-04-01/2025-05-31", "range"},
	{"2025年4-5月", "2025-04-01/2025-05-31", "range"},
	{"2025年11月至2026年2月", "2025-11-01/2026-02-28", "range"},

	/* quarters, half-years, years */
	{"I квартал", "2025-01-01/2025-03-31", "quarter"},
	{"IV квартал 2025 г.", "2025-10-01/2025-12-31", "quarter"},
	{"Ⅲ квартал", "2025-07-01/2025-09-30", "quarter"},
	{"во 2-м квартале 2025 года", "2025-04-01/2025-06-30", "quarter"},
	{"первый квартал 2025", "2025-01-01/2025-03-31", "quarter"},
	{"4 кв. 2025", "2025-10-01/2025-12-31", "quarter"},
	{"I-II кварталы 2025 года", "2025-01-01/2025-06-30", "range"},
	{"Q3 2025", "2025-07-01/2025-09-30", "quarter"},
	{"q3", "2025-07-01/2025-09-30", "quarter"},
	{"2025 Q3", "2025-07-01/2025-09-30", "quarter"},
	{"Q1-Q2 2025", "2025-01-01/2025-06-30", "range"},
	{"the third quarter of 2025", "2025-07-01/2025-09-30", "quarter"},
	{"第三季度", "2025-07-01/2025-09-30", "quarter"},
	{"2025年三季度", "2025-07-01/2025-09-30", "quarter"},
	{"2 полугодие", "2025-07-01/2025-12-31", "half-year"},
	{"в первом полугодии 2025 года", "2025-01-01/2025-06-30", "half-year"},
	{"II полугодие 2025", "2025-07-01/2025-12-31", "half-year"},
	{"second half of 2025", "2025-07-01/2025-12-31", "half-year"},
	{"H1 2025", "2025-01-01/2025-06-30", "half-year"},
	{"上半年", "2025-01-01/2025-06-30", "half-year"},
	{"2025年下半年", "2025-07-01/2025-12-31", "half-year"},
	{"2026 год", "2026-01-01/2026-12-31", "year"},
	{"в 2026 году", "2026-01-01/2026-12-31", "year"},
	{"в течение года", "2025-01-01/2025-12-31", "year"},
	{"в течение 2026 года", "2026-01-01/2026-12-31", "year"},
	{"during the year", "2025-01-01/2025-12-31", "year"},
	{"2026年", "2026-01-01/2026-12-31", "year"},
	{"2026年全年", "2026-01-01/2026-12-31", "year"},
	{"全年", "2025-01-01/2025-12-31", "year"},
	{"2024-2025 гг.", "2024-01-01/2025-12-31", "range"},
	{"2024–2025 г.г.", "2024-01-01/2025-12-31", "range"},
	{"2024-2025年", "2024-01-01/2025-12-31", "range"},

	/* weeks, decades, edges of a month, seasons */
	{"2-я неделя ноября", "2025-11-10/2025-11-16", "week"},
	{"1 неделя июня 2026", "2026-06-01/2026-06-07", "week"},
	{"вторая неделя ноября 2025 года", "2025-11-10/2025-11-16", "week"},
	{"последняя неделя ноября", "2025-11-24/2025-11-30", "week"},
	{"the 2nd week of November", "2025-11-10/2025-11-16", "week"},
	{"last week of June 2025", "2025-06-30/2025-07-06", "week"},
	{"2-3 недели ноября", "2025-11-10/2025-11-23", "range"},
	{"11月第二周", "2025-11-10/2025-11-16", "week"},
	{"14-я неделя 2025 года", "2025-03-31/2025-04-06", "week"},
	{"第14周", "2025-03-31/2025-04-06", "week"},
	{"the week of 3 November", "2025-11-03/2025-11-09", "week"},
	{"the week of November 5, 2025", "2025-11-03/2025-11-09", "week"},
	{"неделя с 3 ноября", "2025-11-03/2025-11-09", "week"},
	{"третья декада мая", "2025-05-21/2025-05-31", "range"},
	{"1-я декада мая 2025", "2025-05-01/2025-05-10", "range"},
	{"II декада февраля", "2025-02-11/2025-02-20", "range"},
	{"последняя декада февраля", "2025-02-21/2025-02-28", "range"},
	{"6月上旬", "2025-06-01/2025-06-10", "range"},
	{"6月中旬", "2025-06-11/2025-06-20", "range"},
	{"2025年2月下旬", "2025-02-21/2025-02-28", "range"},
	{"6月上旬至中旬", "2025-06-01/2025-06-20", "range"},
	{"6月底", "2025-06-21/2025-06-30", "range"},
	{"начало марта", "2025-03-01/2025-03-10", "range"},
	{"середина июня", "2025-06-11/2025-06-20", "range"},
	{"в середине июня 2025 г.", "2025-06-11/2025-06-20", "range"},
	{"конец марта", "2025-03-21/2025-03-31", "range"},
	{"конец мая - начало июня", "2025-05-21/2025-06-10", "range"},
	{"начало - середина июня", "2025-06-01/2025-06-20", "range"},
	{"mid-June", "2025-06-11/2025-06-20", "range"},
	{"early June 2025", "2025-06-01/2025-06-10", "range"},
	{"at the end of June", "2025-06-21/2025-06-30", "range"},
	{"весна 2025", "2025-03-01/2025-05-31", "range"},
	{"летом 2025 года", "2025-06-01/2025-08-31", "range"},
	{"осенью", "2025-09-01/2025-11-30", "range"},
	{"зима 2025", "2025-12-01/2026-02-28", "range"},
	{"зима 2025-2026", "2025-12-01/2026-02-28", "range"},
	{"winter 2023/24", "2023-12-01/2024-02-29", "range"},
	{"весна-лето 2025", "2025-03-01/2025-08-31", "range"},
	{"in the summer of 2025", "2025-06-01/2025-08-31", "range"},
	{"2025年夏季", "2025-06-01/2025-08-31", "range"},

	/* limits */
	{"до 1 июня", "../2025-06-01", "day"},
	{"до 1 июня 2025 г. включительно", "../2025-06-01", "day"},
	{"до 01.06.2025", "../2025-06-01", "day"},
	{"не позднее 15 мая", "../2025-05-15", "day"},
	{"не позже чем 15 мая", "../2025-05-15", "day"},
	{"к 9 мая", "../2025-05-09", "day"},
	{"к 14:00 9 мая", "../2025-05-09T14:00", "minute"},
	{"в срок до 25 декабря 2025", "../2025-12-25", "day"},
	{"до пятницы, 20 июня", "../2025-06-20", "day"},
	{"до конца марта", "../2025-03-31", "day"},
	{"к концу I квартала 2025 года", "../2025-03-31", "day"},
	{"до конца года", "../2025-12-31", "day"},
	{"до конца 2026 года", "../2026-12-31", "day"},
	{"by June 15", "../2025-06-15", "day"},
	{"no later than June 15, 2025", "../2025-06-15", "day"},
	{"by the end of June", "../2025-06-30", "day"},
	{"6月15日前", "../2025-06-15", "day"},
	{"在6月15日之前", "../2025-06-15", "day"},
	{"截至2025年6月15日", "../2025-06-15", "day"},
	{"6月底前", "../2025-06-30", "day"},
	{"2026年底前", "../2026-12-31", "day"},
};

static void period_parse__good_phrase__is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(good); i++) {
		struct period period;
		struct period_error error;
		char key[PERIOD_KEY_SIZE];
		if (period_parse(good[i].phrase, 2025, &period, &error) < 0)
			fail_msg("%s: byte %u: %s", good[i].phrase, error.offset, error.err.text);
		period_key(&period, key);
		const char *precision = period_precision_name(period.precision);
		if (strcmp(key, good[i].key) != 0 || strcmp(precision, good[i].precision) != 0)
			fail_msg("%s: %s %s, not %s %s", good[i].phrase, key, precision, good[i].key,
				 good[i].precision);
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
	{"15/06/2025", 2025, "/"},
	{"2025/06/15", 2025, "/"},
	{"20250615", 2025, "20250615"},
	{"2025-6", 2025, "6"},
	{"2025 - 06", 2025, "06"},
	{"01. 10. 2025", 2025, "."},
	{"15 июня 14: 00", 2025, "14"},
	{"1.2.3", 2025, "3"},
	{"123", 2025, "123"},
	{"second half of June", 2025, "of"},
	{"2025-06-15T14:00Z", 2025, "Z"},
	{"2025-06-15T14:00+11:00", 2025, "+"},
	{"15 июня с 14:00 до 16:00", 2025, "с"},

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
	{"6月31日", 2025, "31"},
	{"13月", 2025, "13"},
	{"1800", 2025, "1800"},
	{"0001-01-01", 2025, "0001"},
	{"9999-12-31", 2025, "9999"},
	{"V квартал", 2025, "V"},
	{"Q5", 2025, "5"},
	{"3 полугодие", 2025, "3"},
	{"4 декада мая", 2025, "4"},
	{"5-я неделя ноября", 2025, "5-я"},
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
	{"每月", 2025, "每月"},

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
	}
}

static void period_parse__misspelt_word__is_answered_with_the_nearest(void **state)
{
	(void)state;
	static const struct {
		const char *phrase, *hint;
	} rows[] = {
		{"апрел 2025", "did you mean 'апрель'?"},
		{"15 Сентебря", "did you mean 'сентября'?"},
		{"Febuary 2025", "did you mean 'february'?"},
		{"III квартол", "did you mean 'квартал'?"},
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
		char phrases[6][64];
		(void)snprintf(phrases[0], sizeof(phrases[0]), "%d %s %d г.", d, russian[m - 1], y);
		(void)snprintf(phrases[1], sizeof(phrases[1]), "%s %d, %d", english[m - 1], d, y);
		(void)snprintf(phrases[2], sizeof(phrases[2]), "%d年%d月%d日", y, m, d);
		(void)snprintf(phrases[3], sizeof(phrases[3]), "%02d.%02d.%d", d, m, y);
		(void)snprintf(phrases[4], sizeof(phrases[4]), "%04d-%02d-%02d", y, m, d);
		(void)snprintf(phrases[5], sizeof(phrases[5]), "%02d.%02d.%02d", d, m, y % 100);
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

/* What must hold of any answer. The phrase stands at the end of its memory, so that reading on is seen. */
static void check_any(const char *bytes, size_t len)
{
	char *phrase = mem_dup_n(bytes, len);
	struct period period = {.precision = PERIOD_PRECISION_MAX}, again;
	struct period_error error = {0}, no_error;
	char key[PERIOD_KEY_SIZE], second[PERIOD_KEY_SIZE];

	if (period_parse(phrase, 2025, &period, &error) == 0) {
		assert_true(civil_is_valid(&period.start) && civil_is_valid(&period.end));
		assert_true(civil_compare(&period.start, &period.end) <= 0);
		assert_true(period.precision < PERIOD_PRECISION_MAX);
		period_key(&period, key);
		if (period_parse(key, 0, &again, &no_error) < 0)
			fail_msg("'%s' has the key %s, which is refused: %s", phrase, key, no_error.err.text);
		period_key(&again, second);
		assert_string_equal(key, second);
	} else {
		assert_int_equal(period.precision, PERIOD_PRECISION_MAX);
		assert_true(error.offset + error.length <= strlen(phrase));
		assert_true(error.err.text[0] != '\0');
		assert_true(utf8_is_valid(error.err.text, strlen(error.err.text)));
		assert_int_equal(utf8_find_control(error.err.text, false), -1);
	}
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

/* Puts a piece of another good phrase at a random place, or takes a piece out, or changes a byte. */
static size_t mutate(char *bytes, size_t len, size_t size)
{
	const char *other = good[random_below(ROWS(good))].phrase;
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
	for (int round = 0; round < 60000; round++) {
		char bytes[PERIOD_PHRASE_MAX];
		const char *phrase = good[random_below(ROWS(good))].phrase;
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
	for (size_t i = 0; i < ROWS(good); i++)
		for (size_t j = 0; j < ROWS(good); j++) {
			char bytes[PERIOD_PHRASE_MAX];
			int len = snprintf(bytes, sizeof(bytes), "%s%s%s", good[i].phrase,
					   joints[(i + j) % ROWS(joints)], good[j].phrase);
			check_any(bytes, (size_t)len);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(period_parse__good_phrase__is_understood),
		cmocka_unit_test(period_parse__bad_phrase__is_refused_at_the_word),
		cmocka_unit_test(period_parse__misspelt_word__is_answered_with_the_nearest),
		cmocka_unit_test(period_parse__month_in_any_case__is_that_month),
		cmocka_unit_test(period_parse__every_day_of_nine_years__in_every_script),
		cmocka_unit_test(period_parse__over_long_phrase__is_refused_unread),
		cmocka_unit_test(period_parse__random_bytes__never_break_it),
		cmocka_unit_test(period_parse__mutated_phrases__never_break_it),
		cmocka_unit_test(period_parse__two_phrases_joined__never_break_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
