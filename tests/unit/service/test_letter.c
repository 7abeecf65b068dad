#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "desk.h"
#include "service/letter.h"
#include "store/store_occurrence.h"
#include "store/store_suspension.h"

static const char config[] =
	"[channel email]\ntype = maildir\npath = mail\n"
	"[policy default]\nremind = 3d 1d before start at 09:00\noverdue = 1d after end at 09:00\n";

static int64_t task;

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-14T06:00");
	office_add_person(&desk.office, "anna", "Asia/Sakhalin", "email");
	task = office_add_task(
		&desk.office,
		&(struct office_task){.uid = "fair", .start = "2025-06-15", .zone = "Asia/Shanghai", .people = "anna"});
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static int64_t add(const char *step)
{
	return office_add_message(&desk.office, task, "anna", "email", step, desk.now.wall_s);
}

/* A letter points into itself, so it is not copied. */
static void write_letter(int64_t id, struct letter *letter)
{
	OK(letter_write(desk.office.store, app_setup(desk.app), id, desk.now.wall_s, letter, ERR));
}

static void letter__message__carries_all_a_channel_needs(void **state)
{
	(void)state;
	int64_t id = add("1d before start at 09:00");
	struct letter letter;
	office_run(&desk.office, "UPDATE message SET attempts = 2 WHERE id = %lld", (long long)id);
	write_letter(id, &letter);
	const struct channel_message *message = &letter.message;
	assert_int_equal(message->id, id);
	assert_string_equal(message->kind, "single");
	assert_string_equal(message->person, "anna");
	assert_string_equal(message->to_address, "anna@email.example.org");
	assert_string_equal(message->to_name, "anna");
	assert_string_equal(message->task_uid, "fair");
	assert_string_equal(message->language, "en");
	assert_non_null(strstr(message->subject, "Title of fair"));
	assert_non_null(strstr(message->text, "Title of fair"));
	assert_null(message->thread_id);
	assert_int_equal(message->attempt, 2);
	assert_int_equal(message->date_utc, desk.now.wall_s);
	assert_int_equal(message->date_offset_s, 11 * 3600);
	letter_done(&letter);
}

static void letter__digest__says_whose_reminders_do_not_arrive(void **state)
{
	(void)state;
	bool is_new = false;
	int64_t id = 0;
	struct letter letter;
	office_add_person(&desk.office, "kate", "UTC", "email");
	office_run(&desk.office, "INSERT INTO part (task, person) VALUES (%lld, 'kate')", (long long)task);
	OK(store_suspension_begin(desk.office.store, "kate", "email", "550 no such user", 5, &is_new, ERR));
	OK(store_message_add(desk.office.store, "anna", "email", "digest", MESSAGE_PENDING, NULL, desk.now.wall_s,
			     desk.now.wall_s, "example.org", 0, &id, ERR));
	write_letter(id, &letter);
	assert_non_null(strstr(letter.message.text, "Title of fair"));
	assert_non_null(strstr(letter.message.text, "Reminders do not arrive:\n• kate: email: 550 no such user\n"));
	letter_done(&letter);
	OK(store_suspension_end(desk.office.store, "kate", NULL, &id, ERR));
	id = office_number(&desk.office, "SELECT max(id) FROM message");
	write_letter(id, &letter);
	assert_null(strstr(letter.message.text, "arrive"));
	letter_done(&letter);
}

/* 1 overdue, 204 today and one that opens soon. */
static int64_t add_crowded_digest(void)
{
	int64_t id = 0;
	for (int i = 0; i < 205; i++)
		office_run(
			&desk.office,
			"INSERT INTO task (uid, title, start_local, end_local, zone) VALUES ('t%03d', 'x', '%s', '%s',"
			" 'UTC'); INSERT INTO part (task, person) VALUES (last_insert_rowid(), 'anna')",
			i, i == 0 ? "2025-06-12" : "2025-06-14", i == 0 ? "2025-06-12" : "2025-06-14");
	OK(store_message_add(desk.office.store, "anna", "email", "digest", MESSAGE_PENDING, NULL, desk.now.wall_s,
			     desk.now.wall_s, "example.org", 0, &id, ERR));
	return id;
}

static void letter__digest_of_hundreds__counts_all_and_shows_what_its_channel_takes(void **state)
{
	(void)state;
	struct letter letter;
	int64_t id = add_crowded_digest();
	write_letter(id, &letter);
	assert_string_equal(letter.message.subject, "Plan for June 14: 1 overdue, 204 today, 1 this week");
	assert_non_null(strstr(letter.message.text, "Today:\n• x: "));
	assert_non_null(strstr(letter.message.text, "\n… and 4 more\n"));
	assert_non_null(strstr(letter.message.text, "Overdue:\n… and 1 more\n"));
	letter_done(&letter);

	app_setup(desk.app)->channels[0]->text_max = 4096;
	app_setup(desk.app)->channels[0]->text_unit = UTF8_UTF16;
	write_letter(id, &letter);
	assert_in_range(utf8_length(letter.message.text, UTF8_UTF16), 3500, 4000);
	assert_non_null(strstr(letter.message.text, "This week:\n… and 1 more\n"));
	letter_done(&letter);
}

static void letter__digest_of_what_repeats__says_how_many_dates_are_over(void **state)
{
	(void)state;
	struct letter letter;
	int64_t id = add_crowded_digest();
	office_run(&desk.office, "DELETE FROM task WHERE uid LIKE 't%%' AND uid <> 't000'");
	office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=DAILY;COUNT=2' WHERE uid = 't000'");
	write_letter(id, &letter);
	const char *line = strstr(letter.message.text, "June 13, 2025 (UTC+0)\n");
	assert_non_null(line);
	assert_non_null(strstr(line, "\n  Overdue dates: 2\n"));
	letter_done(&letter);
}

static void letter__channel_that_wants_html__gets_it(void **state)
{
	(void)state;
	int64_t id = add("1d before start at 09:00");
	struct letter letter;
	write_letter(id, &letter);
	assert_null(letter.message.html);
	assert_null(letter.message.calendar);
	letter_done(&letter);

	app_setup(desk.app)->channels[0]->wants_html = true;
	write_letter(id, &letter);
	assert_non_null(letter.message.html);
	assert_non_null(strstr(letter.message.html, "<!DOCTYPE html>"));
	assert_non_null(strstr(letter.message.html, "Title of fair"));
	letter_done(&letter);
}

static char *calendar_of(int64_t id)
{
	struct letter letter;
	app_setup(desk.app)->channels[0]->wants_html = true;
	write_letter(id, &letter);
	char *calendar = letter.message.calendar != NULL ? mem_dup(letter.message.calendar) : NULL;
	letter_done(&letter);
	return calendar;
}

static void assert_line(const char *calendar, const char *line)
{
	assert_non_null(calendar);
	if (strstr(calendar, line) == NULL)
		fail_msg("no '%s' in\n%s", line, calendar);
}

static void letter__one_date__is_told_to_calendars_as_it_stands_now(void **state)
{
	(void)state;
	int64_t id = add("1d before start at 09:00");
	char *before = calendar_of(id);
	assert_line(before, "UID:fair@");
	assert_line(before, "\r\nSEQUENCE:0\r\n");
	assert_line(before, "\r\nDTSTART;VALUE=DATE:20250615\r\n");
	office_run(&desk.office, "UPDATE task SET start_local = '2025-06-20', end_local = '2025-06-20'");
	char *after = calendar_of(add("moved 1"));
	assert_line(after, "UID:fair@");
	assert_line(after, "\r\nSEQUENCE:1\r\n");
	assert_line(after, "\r\nDTSTART;VALUE=DATE:20250620\r\n");
	free(before);
	free(after);
}

static void letter__date_of_a_repeating_task__keeps_its_uid_when_it_is_moved(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=DAILY;COUNT=5'");
	int64_t id = add("1d before start at 09:00");
	office_run(&desk.office, "UPDATE reminder SET occurrence = '2025-06-16'");
	char *ruled = calendar_of(id);
	assert_line(ruled, "UID:fair/2025-06-16@");
	const struct period later = {true, {2025, 6, 25, 0, 0, 0}, {2025, 6, 25, 0, 0, 0}, PERIOD_DAY};
	OK(store_occurrence_set(desk.office.store, task, "2025-06-16", "open", &later, ERR));
	office_run(&desk.office, "UPDATE reminder SET occurrence = '2025-06-25', dropped = NULL");
	char *moved = calendar_of(id);
	assert_line(moved, "UID:fair/2025-06-16@");
	assert_line(moved, "DTSTART;VALUE=DATE:20250625");
	office_run(&desk.office, "UPDATE reminder SET occurrence = '2025-07-25', dropped = NULL");
	assert_null(calendar_of(id)); /* a date the task has no more */
	free(ruled);
	free(moved);
}

/* It repeats no more: what is off is the entry of that date, not that of the task. */
static void letter__date_of_what_repeated__leaves_the_calendar(void **state)
{
	(void)state;
	int64_t id = add("cancelled 1");
	office_run(&desk.office, "UPDATE reminder SET occurrence = '2025-06-22'");
	char *gone = calendar_of(id);
	assert_line(gone, "METHOD:CANCEL");
	assert_line(gone, "UID:fair/2025-06-22@");
	office_run(&desk.office, "UPDATE task SET status = 'cancelled'");
	char *whole = calendar_of(add("cancelled 2"));
	assert_line(whole, "UID:fair@");
	free(gone);
	free(whole);
}

static void letter__several_dates__have_no_calendar(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=DAILY;COUNT=5'");
	int64_t id = add("1d before start at 09:00");
	office_run(&desk.office,
		   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
		   " VALUES (%lld, '2025-06-16', '1d before start at 09:00', 'anna', 'email', %lld, %lld);"
		   "UPDATE message SET kind = 'merged'",
		   (long long)task, (long long)desk.now.wall_s, (long long)id);
	assert_null(calendar_of(id));
}

static char *reply_of(int64_t id)
{
	struct letter letter;
	app_setup(desk.app)->channels[0]->wants_reply_to = true;
	write_letter(id, &letter);
	char *address = mem_dup(letter.message.reply_to_address != NULL ? letter.message.reply_to_address : "");
	assert_int_equal(letter.message.reply_to_address != NULL, letter.message.reply_to_name != NULL);
	letter_done(&letter);
	return address;
}

static void letter__answers__go_to_the_one_responsible(void **state)
{
	(void)state;
	static const struct {
		const char *change, *address;
	} rows[] = {
		{"SELECT 1", ""}, /* anna takes part, nobody is responsible */
		{"INSERT INTO part SELECT id, 'boris', 'responsible' FROM task", "boris@email.example.org"},
		{"UPDATE person SET active = 0 WHERE id = 'boris'", ""},
		{"UPDATE person SET active = 1 WHERE id = 'boris'", "boris@email.example.org"},
		{"INSERT INTO suspension (person, channel, refusals, reason) VALUES ('boris', 'email', 3, 'gone')", ""},
		{"DELETE FROM suspension", "boris@email.example.org"},
		{"INSERT INTO part SELECT id, 'chen', 'responsible' FROM task", ""}, /* two: neither is preferred */
		{"DELETE FROM address WHERE person = 'chen'", "boris@email.example.org"},
		{"UPDATE part SET person = 'dora' WHERE person = 'boris'", ""}, /* not on this channel */
		{"DELETE FROM part WHERE role = 'responsible'", ""},
		{"UPDATE part SET role = 'responsible'", ""}, /* the reader does not write to herself */
	};
	int64_t id = add("1d before start at 09:00");
	office_add_person(&desk.office, "boris", "UTC", "email");
	office_add_person(&desk.office, "chen", "UTC", "email");
	office_add_person(&desk.office, "dora", "UTC", "telegram");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		office_run(&desk.office, "%s", rows[i].change);
		char *address = reply_of(id);
		if (strcmp(address, rows[i].address) != 0)
			fail_msg("after %s: '%s' instead of '%s'", rows[i].change, address, rows[i].address);
		free(address);
	}
}

static void letter__urgent__says_so(void **state)
{
	(void)state;
	int64_t id = add("1d before start at 09:00");
	struct letter letter;
	write_letter(id, &letter);
	assert_false(letter.message.is_urgent);
	letter_done(&letter);
	OK(store_message_set_urgent(desk.office.store, id, ERR));
	write_letter(id, &letter);
	assert_true(letter.message.is_urgent);
	letter_done(&letter);
}

static void letter__key__is_short_plain_and_the_same_every_time(void **state)
{
	(void)state;
	int64_t id = add("1d before start at 09:00");
	struct letter first, other, again;
	write_letter(id, &first);
	write_letter(add("3d before start at 09:00"), &other);
	desk_move(3600);
	write_letter(id, &again);
	assert_string_equal(again.message.key, first.message.key);
	assert_string_equal(again.message.message_id, first.message.message_id);
	assert_string_not_equal(other.message.key, first.message.key);
	size_t len = strlen(first.message.key);
	assert_in_range(len, 1, 64);
	assert_int_equal(strspn(first.message.key, "0123456789abcdefghijklmnopqrstuvwxyz.-"), len);
	assert_string_equal(other.message.thread_id, first.message.message_id);
	letter_done(&first);
	letter_done(&other);
	letter_done(&again);
}

/* 4 November is a day off in Russia and worked in China. */
static void letter__day_off__is_that_of_both_or_of_one_place(void **state)
{
	(void)state;
	static const struct {
		const char *calendar, *zone, *event, *expected;
	} rows[] = {
		{"russia", "Asia/Shanghai", "Asia/Sakhalin", "falls on a day off (National Unity Day)."},
		{"", "Europe/Moscow", "Asia/Sakhalin", "falls on a day off (National Unity Day)."},
		{"china", "Asia/Shanghai", "Asia/Sakhalin", "falls on a day off there (National Unity Day)."},
		{"", "America/New_York", "Asia/Sakhalin", "falls on a day off there (National Unity Day)."},
		{"russia", "Asia/Sakhalin", "Asia/Shanghai", "falls on a day off where you are (National Unity"},
		{"", "Asia/Sakhalin", "Asia/Shanghai", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct letter letter;
		office_run(&desk.office, "UPDATE person SET language = 'eo', calendar = '%s', zone = '%s'",
			   rows[i].calendar, rows[i].zone);
		office_run(&desk.office,
			   "UPDATE task SET zone = '%s', start_local = '2025-11-04', end_local = '2025-11-04'",
			   rows[i].event);
		char *step = mem_printf("%zud before start at 09:00", i + 1);
		write_letter(add(step), &letter);
		bool is_said = rows[i].expected != NULL && strstr(letter.message.text, rows[i].expected) != NULL;
		if (rows[i].expected != NULL ? !is_said : strstr(letter.message.text, "day off") != NULL)
			fail_msg("row %zu:\n%s", i, letter.message.text);
		letter_done(&letter);
		free(step);
	}
}

static void letter__overdue_step__has_its_own_words(void **state)
{
	(void)state;
	desk_move_to("2025-06-16T00:00");
	struct letter remind, overdue;
	write_letter(add("1d before start at 09:00"), &remind);
	write_letter(add("overdue 1d after end at 09:00"), &overdue);
	assert_string_not_equal(remind.message.text, overdue.message.text);
	letter_done(&remind);
	letter_done(&overdue);
}

/* Held over a holiday, two dates of a daily task are two things to be told of. */
static void letter__two_dates_of_one_task__are_both_named(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=DAILY;COUNT=5'");
	int64_t id = add("1d before start at 09:00");
	office_run(&desk.office,
		   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
		   " VALUES (%lld, '2025-06-16', '1d before start at 09:00', 'anna', 'email', %lld, %lld);"
		   "UPDATE message SET kind = 'merged'",
		   (long long)task, (long long)desk.now.wall_s, (long long)id);
	struct letter letter;
	write_letter(id, &letter);
	assert_int_equal(letter.n_items, 2);
	assert_non_null(strstr(letter.message.text, "June 15"));
	assert_non_null(strstr(letter.message.text, "June 16"));
	letter_done(&letter);
}

static void letter__language_without_templates__falls_back(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE person SET language = 'eo'");
	struct letter letter;
	write_letter(add("1d before start at 09:00"), &letter);
	assert_string_equal(letter.message.language, "en");
	letter_done(&letter);
	office_run(&desk.office, "UPDATE person SET language = 'ru'");
	write_letter(add("3d before start at 09:00"), &letter);
	assert_string_equal(letter.message.language, "ru");
	letter_done(&letter);
}

static const char *const hostile[] = {"'x' || char(13, 10) || 'Bcc: everybody@example.org'",
				      "char(27) || '[2J{{{title}}}'", "CAST(x'ff00fe' AS TEXT)",
				      "replace(hex(zeroblob(250)), '0', 'я')", "'<b>' || char(8238) || '&amp;'"};

static void letter__hostile_title__adds_no_line_to_the_subject(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		char step[32];
		office_run(&desk.office, "UPDATE task SET title = %s, place = title, note = title", hostile[i]);
		(void)snprintf(step, sizeof(step), "%zud before start", i);
		struct letter letter;
		write_letter(add(step), &letter);
		for (const char *c = letter.message.subject; *c != '\0'; c++)
			assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
		assert_null(strstr(letter.message.text, "\r"));
		assert_null(strstr(letter.message.text, "\x1b"));
		letter_done(&letter);
	}
}

static const struct {
	const char *sql;
	int status;
} gone[] = {
	{"DELETE FROM message", -ENOENT},
	{"DELETE FROM reminder", -ENOMSG},
	{"UPDATE reminder SET dropped = 'x'; UPDATE message SET state = 'sending'", -ENOMSG},
	{"DELETE FROM address", -ENODATA},
	{"DROP TRIGGER person_gone; DELETE FROM person", -ENOENT},
	{"DELETE FROM task", -ENOMSG},
	{"UPDATE task SET end_local = '2025-02-30', start_local = NULL; UPDATE reminder SET dropped = NULL;"
	 "UPDATE message SET state = 'sending'",
	 -EUCLEAN},
};

static void letter__something_gone__is_an_error_with_words(void **state)
{
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		struct letter letter;
		struct err err = {0};
		int64_t id = add("1d before start at 09:00");
		office_run(&desk.office, "%s", gone[i].sql);
		int status = letter_write(desk.office.store, app_setup(desk.app), id, desk.now.wall_s, &letter, &err);
		if (status != gone[i].status || err.text[0] == '\0')
			fail_msg("%s: %d '%s'", gone[i].sql, status, err.text);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(letter__message__carries_all_a_channel_needs),
		WITH_DESK(letter__digest__says_whose_reminders_do_not_arrive),
		WITH_DESK(letter__digest_of_hundreds__counts_all_and_shows_what_its_channel_takes),
		WITH_DESK(letter__digest_of_what_repeats__says_how_many_dates_are_over),
		WITH_DESK(letter__channel_that_wants_html__gets_it),
		WITH_DESK(letter__one_date__is_told_to_calendars_as_it_stands_now),
		WITH_DESK(letter__date_of_a_repeating_task__keeps_its_uid_when_it_is_moved),
		WITH_DESK(letter__several_dates__have_no_calendar),
		WITH_DESK(letter__date_of_what_repeated__leaves_the_calendar),
		WITH_DESK(letter__answers__go_to_the_one_responsible),
		WITH_DESK(letter__urgent__says_so),
		WITH_DESK(letter__key__is_short_plain_and_the_same_every_time),
		WITH_DESK(letter__day_off__is_that_of_both_or_of_one_place),
		WITH_DESK(letter__overdue_step__has_its_own_words),
		WITH_DESK(letter__two_dates_of_one_task__are_both_named),
		WITH_DESK(letter__language_without_templates__falls_back),
		WITH_DESK(letter__hostile_title__adds_no_line_to_the_subject),
		WITH_DESK(letter__something_gone__is_an_error_with_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
