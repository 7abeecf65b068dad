#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "talk/talk_priv.h"

static const struct period june = {true, {2025, 6, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH};
static const struct period spring = {true, {2025, 4, 1, 0, 0, 0}, {2025, 5, 31, 0, 0, 0}, PERIOD_RANGE};
static const struct period winter = {true, {2025, 12, 1, 0, 0, 0}, {2026, 1, 31, 0, 0, 0}, PERIOD_RANGE};
static const struct period december = {true, {2026, 12, 1, 0, 0, 0}, {2026, 12, 31, 0, 0, 0}, PERIOD_MONTH};

static void talk_date_read__what_people_write__is_the_date_they_mean(void **state)
{
	(void)state;
	static const struct {
		const struct period *window;
		const char *now, *text;
		enum talk_reading reading;
		const char *key;
	} rows[] = {
		/* as it may be written */
		{&june, "2025-05-01", "15 июня", TALK_READ_DATE, "2025-06-15"},
		{&june, "2025-05-01", " 15 ИЮНЯ!\n", TALK_READ_DATE, "2025-06-15"},
		{&june, "2025-05-01", "15 июня.", TALK_READ_DATE, "2025-06-15"},
		{&june, "2025-05-01", "15 июня в 14:00", TALK_READ_DATE, "2025-06-15T14:00"},
		{&june, "2025-05-01", "15", TALK_READ_DATE, "2025-06-15"},
		{&june, "2025-05-01", "5 числа", TALK_READ_DATE, "2025-06-05"},
		{&june, "2025-05-01", "6月15日", TALK_READ_DATE, "2025-06-15"},
		{&june, "2025-05-01", "6月15日14:00", TALK_READ_DATE, "2025-06-15T14:00"},
		{&june, "2025-05-01", "15号", TALK_READ_DATE, "2025-06-15"},
		{&june, "2025-05-01", "June 15th at 14:00", TALK_READ_DATE, "2025-06-15T14:00"},
		{&june, "2025-05-01", "15. Juni 2025, 14:00 Uhr", TALK_READ_DATE, "2025-06-15T14:00"},
		{&june, "2025-05-01", "15.06.", TALK_READ_DATE, "2025-06-15"},
		{&june, "2025-05-01", "15.06. um 14:00 Uhr", TALK_READ_DATE, "2025-06-15T14:00"},
		{&june, "2025-05-01", "2025-06-15", TALK_READ_DATE, "2025-06-15"},
		{&june, "2025-05-01", "15-17 июня", TALK_READ_DATE, "2025-06-15/2025-06-17"},
		/* from today on, in the event's zone: it is the 2nd there */
		{&june, "2025-05-01T16:00", "сегодня", TALK_READ_DATE, "2025-05-02"},
		{&june, "2025-05-01T15:59", "Сегодня", TALK_READ_DATE, "2025-05-01"},
		{&june, "2025-05-01", "завтра в 10:00", TALK_READ_DATE, "2025-05-02T10:00"},
		{&june, "2025-05-01", "Послезавтра", TALK_READ_DATE, "2025-05-03"},
		{&june, "2025-05-01", "Tomorrow!", TALK_READ_DATE, "2025-05-02"},
		{&june, "2025-05-01", "the day after tomorrow", TALK_READ_DATE, "2025-05-03"},
		{&june, "2025-05-01", "morgen um 10:00 Uhr", TALK_READ_DATE, "2025-05-02T10:00"},
		{&june, "2025-05-01", "ÜBERMORGEN", TALK_READ_DATE, "2025-05-03"},
		{&june, "2025-05-01", "明天14:00", TALK_READ_DATE, "2025-05-02T14:00"},
		{&june, "2025-05-01", "后天。", TALK_READ_DATE, "2025-05-03"},
		{&december, "2026-11-23", "明天 14:00", TALK_READ_DATE, "2026-11-24T14:00"},
		{&december, "2026-11-23", "через неделю", TALK_READ_DATE, "2026-11-30"},
		{&december, "2026-11-23", "через две недели в 14:00", TALK_READ_DATE, "2026-12-07T14:00"},
		{&december, "2026-11-23", "Через 10 дней", TALK_READ_DATE, "2026-12-03"},
		{&december, "2026-11-23", "in 3 weeks", TALK_READ_DATE, "2026-12-14"},
		{&december, "2026-11-23", "in 3 Tagen um 9 Uhr", TALK_READ_DATE, "2026-11-26T09:00"},
		{&december, "2026-11-23", "3天后", TALK_READ_DATE, "2026-11-26"},
		{&december, "2026-11-23", "in 30 years", TALK_READ_NOTHING, NULL},
		/* days of the week, from a Monday on */
		{&december, "2026-11-23", "во вторник", TALK_READ_DATE, "2026-11-24"},
		{&december, "2026-11-23", "в понедельник", TALK_READ_DATE, "2026-11-30"},
		{&december, "2026-11-23", "В следующую пятницу в 10:00", TALK_READ_DATE, "2026-12-04T10:00"},
		{&december, "2026-11-23", "в эту пятницу", TALK_READ_DATE, "2026-11-27"},
		{&december, "2026-11-23", "Sunday", TALK_READ_DATE, "2026-11-29"},
		{&december, "2026-11-23", "on Tuesday at 14:00", TALK_READ_DATE, "2026-11-24T14:00"},
		{&december, "2026-11-23", "next Tuesday", TALK_READ_DATE, "2026-12-01"},
		{&december, "2026-11-23", "am Dienstag um 14 Uhr", TALK_READ_DATE, "2026-11-24T14:00"},
		{&december, "2026-11-23", "nächsten Dienstag", TALK_READ_DATE, "2026-12-01"},
		{&december, "2026-11-23", "周五", TALK_READ_DATE, "2026-11-27"},
		{&december, "2026-11-23", "下周一", TALK_READ_DATE, "2026-11-30"},
		{&december, "2026-11-23", "下个星期天14:00", TALK_READ_DATE, "2026-12-06T14:00"},
		{&december, "2026-11-27", "本周三", TALK_READ_PAST, "2026-11-25"},
		{&december, "2026-11-23", "вторник и среда", TALK_READ_NOTHING, NULL},
		{&december, "2026-11-23", "вторника", TALK_READ_NOTHING, NULL},
		/* German, which plan/period has not */
		{&december, "2026-11-23", "am 15. Dezember", TALK_READ_DATE, "2026-12-15"},
		{&december, "2026-11-23", "15. Dezember, 14:30", TALK_READ_DATE, "2026-12-15T14:30"},
		{&december, "2026-11-23", "15. Dez. um 14 Uhr", TALK_READ_DATE, "2026-12-15T14:00"},
		{&december, "2026-11-23", "15. Dezember 14.30 Uhr", TALK_READ_DATE, "2026-12-15T14:30"},
		{&december, "2026-11-23", "15. bis 20. Dezember", TALK_READ_DATE, "2026-12-15/2026-12-20"},
		{&december, "2026-11-23", "vom 15. bis 20. Dezember", TALK_READ_DATE, "2026-12-15/2026-12-20"},
		{&december, "2026-11-23", "Dienstag, 15. Dezember", TALK_READ_DATE, "2026-12-15"},
		{&december, "2026-11-23", "Mi, 15. Dezember", TALK_READ_WEEKDAY, "2026-12-15"},
		{&december, "2026-11-23", "am 15.", TALK_READ_DATE, "2026-12-15"},
		{&december, "2026-11-23", "bis 15. Dezember", TALK_READ_VAGUE, NULL},
		{&december, "2026-11-23", "Mitte Dezember", TALK_READ_VAGUE, NULL},
		{&december, "2026-11-23", "Ende Dezember", TALK_READ_VAGUE, NULL},
		{&december, "2026-11-23", "December 15 at 9:00 am", TALK_READ_DATE, "2026-12-15T09:00"},
		{&december, "2026-11-23", "morgen um 9", TALK_READ_DATE, "2026-11-24T09:00"},
		{&december, "2026-11-23", "um 14 am 15.", TALK_READ_NOTHING, NULL},
		/* hours as they are said */
		{&december, "2026-11-23", "20 декабря в 3 часа дня", TALK_READ_DATE, "2026-12-20T15:00"},
		{&december, "2026-11-23", "завтра в 9 утра", TALK_READ_DATE, "2026-11-24T09:00"},
		{&december, "2026-11-23", "в пятницу, в 7 вечера", TALK_READ_DATE, "2026-11-27T19:00"},
		{&december, "2026-11-23", "завтра в 12 дня", TALK_READ_DATE, "2026-11-24T12:00"},
		{&december, "2026-11-23", "завтра в 1 час ночи", TALK_READ_DATE, "2026-11-24T01:00"},
		{&december, "2026-11-23", "завтра в 15 часов дня", TALK_READ_NOTHING, NULL},
		{&december, "2026-11-23", "через 3 дня", TALK_READ_DATE, "2026-11-26"},
		{&december, "2026-11-23", "послезавтра в 10", TALK_READ_DATE, "2026-11-25T10:00"},
		{&december, "2026-11-23", "завтра 14-00", TALK_READ_DATE, "2026-11-24T14:00"},
		{&december, "2026-11-23", "明天下午3点", TALK_READ_DATE, "2026-11-24T15:00"},
		{&december, "2026-11-23", "下周一上午9点半", TALK_READ_DATE, "2026-11-30T09:30"},
		{&december, "2026-11-23", "on Friday at 3 pm", TALK_READ_DATE, "2026-11-27T15:00"},
		/* with the day first where it cannot be the month */
		{&december, "2026-11-23", "20/12/2026", TALK_READ_DATE, "2026-12-20"},
		{&december, "2026-11-23", "20/12/2026 14:00", TALK_READ_DATE, "2026-12-20T14:00"},
		{&december, "2026-11-23", "05/12/2026", TALK_READ_NOTHING, NULL},
		{&december, "2026-11-23", "20/13/2026", TALK_READ_NOTHING, NULL},
		/* in the year that is meant */
		{&june, "2024-05-01", "15 июня", TALK_READ_DATE, "2025-06-15"},
		{&june, "2024-05-01", "15 июля", TALK_READ_DATE, "2025-07-15"},
		{&winter, "2024-12-20", "15 января", TALK_READ_DATE, "2026-01-15"},
		{&winter, "2024-12-20", "15 декабря", TALK_READ_DATE, "2025-12-15"},
		{&winter, "2025-12-20", "15 января", TALK_READ_DATE, "2026-01-15"},
		{&winter, "2024-12-20", "15 января 2025", TALK_READ_DATE, "2025-01-15"},
		{&spring, "2025-05-20", "15 марта", TALK_READ_DATE, "2026-03-15"},
		/* and of that year even when the weekday would suit another */
		{&december, "2026-11-23", "15 декабря, вторник", TALK_READ_DATE, "2026-12-15"},
		{&december, "2026-11-23", "15 декабря, среда", TALK_READ_WEEKDAY, "2026-12-15"},
		{&december, "2026-11-23", "15 декабря 2026, среда", TALK_READ_WEEKDAY, "2026-12-15"},
		{&december, "2026-11-23", "12月15日（周三）", TALK_READ_WEEKDAY, "2026-12-15"},
		{&december, "2026-11-23", "Tuesday, November 25", TALK_READ_WEEKDAY, "2026-11-25"},
		{&december, "2026-11-23", "Wednesday, November 25", TALK_READ_DATE, "2026-11-25"},
		{&winter, "2025-11-20", "пятница 12 февраля", TALK_READ_WEEKDAY, "2026-02-12"},
		{&winter, "2025-11-20", "пятница 16 января", TALK_READ_DATE, "2026-01-16"},
		{&june, "2026-02-20", "пятница 27 февраля", TALK_READ_DATE, "2026-02-27"},
		/* that cannot be */
		{&spring, "2025-05-20", "15 апреля", TALK_READ_PAST, "2025-04-15"},
		{&june, "2025-05-01", "15 июня 2024", TALK_READ_PAST, "2024-06-15"},
		{&june, "2025-05-01", "июнь", TALK_READ_VAGUE, NULL},
		{&june, "2025-05-01", "1-30 июня", TALK_READ_VAGUE, NULL},
		{&june, "2025-05-01", "до 15 июня", TALK_READ_VAGUE, NULL},
		{&june, "2025-05-01", "2-я неделя июня", TALK_READ_VAGUE, NULL},
		{&june, "2025-05-01", "середина июня", TALK_READ_VAGUE, NULL},
		{&june, "2025-05-01", "6月中旬", TALK_READ_VAGUE, NULL},
		{&june, "2025-05-01", "31", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "0", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "115", TALK_READ_NOTHING, NULL},
		{&spring, "2025-05-01", "15", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "31 июня", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "завтрак", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "каждый понедельник", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "да", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "15 \xe2\x80\xae июня", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01", "\xff\xfe\x80", TALK_READ_NOTHING, NULL},
		{&june, "2025-05-01",
		 "mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi "
		 "mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi mi",
		 TALK_READ_NOTHING, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char key[PERIOD_KEY_SIZE] = "";
		struct period date = {0};
		enum talk_reading reading = talk_date_read(rows[i].text, rows[i].window, zone_find("Asia/Shanghai"),
							   utc(rows[i].now), &date);
		if (reading == TALK_READ_DATE || reading == TALK_READ_PAST || reading == TALK_READ_WEEKDAY)
			period_key(&date, key);
		if (reading != rows[i].reading || strcmp(key, rows[i].key != NULL ? rows[i].key : "") != 0)
			fail_msg("'%s' on %s: %d %s", rows[i].text, rows[i].now, (int)reading, key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(talk_date_read__what_people_write__is_the_date_they_mean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
