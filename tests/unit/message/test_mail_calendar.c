#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "message/mail_calendar.h"

static char *lend(const char *text)
{
	return (char *)(uintptr_t)text; /* a task owns its texts elsewhere; here nothing frees or changes them */
}

static struct task task_sample(void)
{
	return (struct task){
		.uid = lend("fair-2025"),
		.title = lend("Fair"),
		.place = lend(""),
		.note = lend(""),
		.zone = lend("Asia/Shanghai"),
		.status = lend("open"),
		.rrule = lend(""),
		.rdate = lend(""),
		.sequence = 3,
		.period = {true, {2025, 6, 1, 0, 0, 0}, {2025, 6, 30, 0, 0, 0}, PERIOD_MONTH},
	};
}

static struct mail_event event_of(const struct task *task, const char *date)
{
	return (struct mail_event){.task = task, .date = date, .instance = "0123456789abcdef", .now_utc = 1744675200};
}

static char *written(const struct task *task, const char *date)
{
	struct mail_event event = event_of(task, date);
	return mail_calendar(&event);
}

static void assert_has(const char *calendar, const char *line)
{
	char *whole = mem_printf("\r\n%s\r\n", line);
	if (strstr(calendar, whole) == NULL)
		fail_msg("no line '%s' in\n%s", line, calendar);
	free(whole);
}

static void mail_calendar__month__is_golden(void **state)
{
	(void)state;
	struct task task = task_sample();
	char *calendar = written(&task, NULL);
	assert_string_equal(calendar, "BEGIN:VCALENDAR\r\n"
				      "PRODID:-//deadlined//deadlined//EN\r\n"
				      "VERSION:2.0\r\n"
				      "METHOD:PUBLISH\r\n"
				      "BEGIN:VEVENT\r\n"
				      "UID:fair-2025@0123456789abcdef.deadlined\r\n"
				      "DTSTAMP:20250415T000000Z\r\n"
				      "SEQUENCE:3\r\n"
				      "DTSTART;VALUE=DATE:20250601\r\n"
				      "DTEND;VALUE=DATE:20250701\r\n"
				      "SUMMARY:Fair\r\n"
				      "TRANSP:TRANSPARENT\r\n"
				      "END:VEVENT\r\n"
				      "END:VCALENDAR\r\n");
	struct mail_event event = event_of(&task, NULL);
	assert_string_equal(mail_calendar_method(&event), "PUBLISH");
	free(calendar);
}

static void mail_calendar__period__is_days_or_an_instant(void **state)
{
	(void)state;
	static const struct {
		struct period period;
		const char *zone, *start, *end;
	} rows[] = {
		{{true, {2025, 12, 31, 0, 0, 0}, {2025, 12, 31, 0, 0, 0}, PERIOD_DAY},
		 "Asia/Sakhalin",
		 "DTSTART;VALUE=DATE:20251231",
		 "DTEND;VALUE=DATE:20260101"},
		{{false, {0}, {2024, 2, 28, 0, 0, 0}, PERIOD_DAY},
		 "UTC",
		 "DTSTART;VALUE=DATE:20240228",
		 "DTEND;VALUE=DATE:20240229"},
		{{true, {2025, 4, 15, 14, 30, 0}, {2025, 4, 15, 14, 30, 0}, PERIOD_MINUTE},
		 "Asia/Shanghai",
		 "DTSTART:20250415T063000Z",
		 NULL},
		{{false, {0}, {2025, 1, 1, 2, 0, 0}, PERIOD_MINUTE}, "Asia/Sakhalin", "DTSTART:20241231T150000Z", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct task task = task_sample();
		task.period = rows[i].period;
		task.zone = lend(rows[i].zone);
		char *calendar = written(&task, NULL);
		assert_has(calendar, rows[i].start);
		if (rows[i].end != NULL)
			assert_has(calendar, rows[i].end);
		else
			assert_null(strstr(calendar, "DTEND"));
		free(calendar);
	}
}

static void mail_calendar__uid__is_one_for_each_date_whatever_else_changes(void **state)
{
	(void)state;
	struct task task = task_sample();
	char *date = written(&task, "2025-06-01");
	assert_has(date, "UID:fair-2025/2025-06-01@0123456789abcdef.deadlined");
	task.period.end.day = 15;
	task.title = lend("Another title");
	task.sequence = 4;
	char *moved = written(&task, "2025-06-01");
	assert_has(moved, "UID:fair-2025/2025-06-01@0123456789abcdef.deadlined");
	assert_has(moved, "SEQUENCE:4");
	free(date);
	free(moved);
}

/* The series goes on at another hour, or becomes one of whole days: the event in the reader's calendar is the same. */
static void mail_calendar__uid__is_of_the_day_unless_a_day_can_have_two(void **state)
{
	static const char *const dates[] = {"2025-06-09", "2025-06-09T10:00", "2025-06-09T15:00/2025-06-09T16:00",
					    "../2025-06-09"};
	(void)state;
	struct task task = task_sample();
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		char *calendar = written(&task, dates[i]);
		assert_has(calendar, "UID:fair-2025/2025-06-09@0123456789abcdef.deadlined");
		free(calendar);
	}
	task.rdate = lend("2025-06-09T17:00");
	char *calendar = written(&task, "2025-06-09T17:00");
	assert_has(calendar, "UID:fair-2025/2025-06-09T17:00@0123456789abcdef.deadlined");
	free(calendar);
}

static void mail_calendar__cancelled_task__takes_the_date_back(void **state)
{
	(void)state;
	struct task task = task_sample();
	task.status = lend("cancelled");
	char *calendar = written(&task, NULL);
	assert_has(calendar, "METHOD:CANCEL");
	assert_has(calendar, "STATUS:CANCELLED");
	assert_has(calendar, "UID:fair-2025@0123456789abcdef.deadlined");
	struct mail_event event = event_of(&task, NULL);
	assert_string_equal(mail_calendar_method(&event), "CANCEL");
	free(calendar);
}

static void mail_calendar__cancelled_date_of_an_open_task__takes_that_date_back(void **state)
{
	(void)state;
	struct task task = task_sample();
	struct mail_event event = event_of(&task, "2025-06-09");
	event.is_cancelled = true;
	char *calendar = mail_calendar(&event);
	assert_has(calendar, "METHOD:CANCEL");
	assert_has(calendar, "STATUS:CANCELLED");
	assert_has(calendar, "UID:fair-2025/2025-06-09@0123456789abcdef.deadlined");
	assert_string_equal(mail_calendar_method(&event), "CANCEL");
	free(calendar);
}

/* Who it is from, as a calendar wants to know: a line of its own, whatever is in the name. */
static void mail_calendar__organizer__is_the_sender(void **state)
{
	(void)state;
	static const struct {
		const char *name, *address, *line;
	} rows[] = {
		{NULL, "plan@example.org", "ORGANIZER:mailto:plan@example.org"},
		{"", "plan+due@example.org", "ORGANIZER:mailto:plan%2Bdue@example.org"},
		{"Office", "plan@bücher.example", "ORGANIZER;CN=Office:mailto:plan@xn--bcher-kva.example"},
		{"Office: \"plan\"; x", "p@example.org", "ORGANIZER;CN=\"Office: 'plan'; x\":mailto:p@example.org"},
		{"A\r\nSTATUS:CANCELLED", "p@example.org", "ORGANIZER;CN=\"A  STATUS:CANCELLED\":mailto:p@example.org"},
		{"Отдел", "p@example.org", "ORGANIZER;CN=Отдел:mailto:p@example.org"},
	};
	struct task task = task_sample();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mail_event event = event_of(&task, NULL);
		event.organizer_name = rows[i].name;
		event.organizer_address = rows[i].address;
		for (int is_cancelled = 0; is_cancelled < 2; is_cancelled++) {
			event.is_cancelled = is_cancelled != 0;
			char *calendar = mail_calendar(&event);
			assert_has(calendar, rows[i].line);
			free(calendar);
		}
	}
}

static void mail_calendar__urgent__has_the_highest_priority(void **state)
{
	(void)state;
	struct task task = task_sample();
	task.is_urgent = true;
	char *calendar = written(&task, NULL);
	assert_has(calendar, "PRIORITY:1");
	free(calendar);
}

static void mail_calendar__hostile_text__stays_text(void **state)
{
	(void)state;
	struct task task = task_sample();
	task.title = lend("a;b,c\\d\r\nATTENDEE:mailto:x@example.org\x01\te");
	task.uid = lend("u\r\nMETHOD:CANCEL");
	task.note = lend("one\ntwo");
	char *calendar = written(&task, NULL);
	assert_has(calendar, "SUMMARY:a\\;b\\,c\\\\d \\nATTENDEE:mailto:x@example.org  e");
	assert_has(calendar, "DESCRIPTION:one\\ntwo");
	assert_has(calendar, "METHOD:PUBLISH");
	assert_null(strstr(calendar, "\r\nMETHOD:CANCEL"));
	assert_null(strstr(calendar, "\r\nATTENDEE"));
	free(calendar);
}

static void mail_calendar__long_text__is_folded_between_letters(void **state)
{
	(void)state;
	struct task task = task_sample();
	char title[600] = "";
	for (size_t i = 0; i < 500; i += 2)
		memcpy(title + i, "ж", 2);
	task.title = title;
	char *calendar = written(&task, NULL);
	for (const char *line = calendar; *line != '\0'; line = strstr(line, "\r\n") + 2) {
		assert_in_range(strcspn(line, "\r"), 1, 75);
		assert_int_not_equal((unsigned char)line[line[0] == ' '] & 0xc0, 0x80);
	}
	free(calendar);
}

static void mail_calendar__unknown_zone__is_none(void **state)
{
	(void)state;
	struct task task = task_sample();
	task.zone = lend("Nowhere/City");
	assert_null(written(&task, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_calendar__month__is_golden),
		cmocka_unit_test(mail_calendar__period__is_days_or_an_instant),
		cmocka_unit_test(mail_calendar__uid__is_one_for_each_date_whatever_else_changes),
		cmocka_unit_test(mail_calendar__uid__is_of_the_day_unless_a_day_can_have_two),
		cmocka_unit_test(mail_calendar__cancelled_task__takes_the_date_back),
		cmocka_unit_test(mail_calendar__cancelled_date_of_an_open_task__takes_that_date_back),
		cmocka_unit_test(mail_calendar__organizer__is_the_sender),
		cmocka_unit_test(mail_calendar__urgent__has_the_highest_priority),
		cmocka_unit_test(mail_calendar__hostile_text__stays_text),
		cmocka_unit_test(mail_calendar__long_text__is_folded_between_letters),
		cmocka_unit_test(mail_calendar__unknown_zone__is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
