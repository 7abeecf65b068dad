#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "chat.h"
#include "store/store_absence.h"
#include "store/store_ledger.h"
#include "store/store_occurrence.h"
#include "store/store_reader.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, chat_open, chat_close)
#define JUNE "2025-06-01/2025-06-30"

/* ---- buttons ------------------------------------------------------------------------------------------------------ */

static void talk_press__every_verb__acts_once_and_says_so(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		char verb;
		const char *first, *second, *ledger;
	} rows[] = {
		{"done", 'd', "Отмечено: выполнено. Спасибо!", "Уже отмечено как выполненное.",
		 "anna telegram done report"},
		{"acknowledged", 'a', "Принято. О просрочке напоминать больше не будем.", "Уже принято к сведению.",
		 "anna telegram ack report ../2025-05-10"},
		{"tomorrow", 't', "Напомним ещё раз: пятница, 16 мая 2025 г. в 09:00.",
		 "Уже отложено: пятница, 16 мая 2025 г. в 09:00.",
		 "anna telegram snooze report anna 2025-05-16T09:00:00+11:00"},
		{"next week", 'w', "Напомним ещё раз: понедельник, 19 мая 2025 г. в 09:00.",
		 "Уже отложено: понедельник, 19 мая 2025 г. в 09:00.",
		 "anna telegram snooze report anna 2025-05-19T09:00:00+11:00"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i > 0)
			(void)chat_open(state);
		const char *toast = chat_press("100", rows[i].verb, chat.report, "../2025-05-10");
		if (strcmp(toast, rows[i].first) != 0 || strcmp(chat_ledger(), rows[i].ledger) != 0)
			fail_msg("%s: '%s', %s", rows[i].name, toast, chat_ledger());
		toast = chat_press("100", rows[i].verb, chat.report, "../2025-05-10");
		if (strcmp(toast, rows[i].second) != 0 || strcmp(chat_ledger(), rows[i].ledger) != 0)
			fail_msg("%s again: '%s', %s", rows[i].name, toast, chat_ledger());
		assert_int_equal(chat_answers(), 0);
		if (i + 1 < sizeof(rows) / sizeof(rows[0]))
			(void)chat_close(state);
	}
}

/* Who says early that they have seen it still hears of it, also when it is late. */
static void talk_press__acknowledged_early__is_noted_and_takes_nothing_away(void **state)
{
	(void)state;
	int64_t before = office_number(&chat.office, "SELECT count(*) FROM acknowledgement");
	for (int i = 0; i < 2; i++) {
		assert_string_equal(chat_press("100", 'a', chat.call, "2025-05-16T14:30"),
				    i == 0 ? "Принято, спасибо. Напоминания продолжатся, пока дело не выполнено."
					   : "Уже принято к сведению.");
		assert_string_equal(chat_ledger(), "anna telegram seen call anna 2025-05-16T14:30");
	}
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM acknowledgement"), before);
	chat.now_utc = utc("2025-05-17T00:00");
	assert_string_equal(chat_press("100", 'a', chat.call, "2025-05-16T14:30"),
			    "Принято. О просрочке напоминать больше не будем.");
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM acknowledgement"), before + 1);
}

static void talk_press__put_off__a_reminder_comes_then_and_a_later_press_changes_it(void **state)
{
	(void)state;
	(void)chat_press("100", 't', chat.call, "2025-05-16T14:30");
	(void)chat_press("100", 'w', chat.call, "2025-05-16T14:30");
	assert_int_equal(office_number(&chat.office,
				       "SELECT count(*) FROM reminder r JOIN message m ON m.id = r.message"
				       " WHERE r.dropped IS NULL AND m.state = 'pending'"),
			 1);
	assert_int_equal(office_number(&chat.office,
				       "SELECT not_before FROM message m JOIN reminder r ON m.id = r.message"
				       " WHERE r.dropped IS NULL"),
			 utc("2025-05-18T22:00"));
}

/* Whoever cannot put it off keeps what was to come. */
static void talk_press__fails_half_way__leaves_everything_as_it_was(void **state)
{
	(void)state;
	(void)chat_press("100", 't', chat.call, "2025-05-16T14:30");
	office_run(&chat.office,
		   "CREATE TRIGGER refuse BEFORE INSERT ON reminder BEGIN SELECT RAISE(ABORT, 'refused'); END");
	assert_string_equal(chat_press("100", 'w', chat.call, "2025-05-16T14:30"), "Эта кнопка больше не действует.");
	assert_int_equal(office_number(&chat.office,
				       "SELECT not_before FROM message m JOIN reminder r ON m.id = r.message"
				       " WHERE r.dropped IS NULL"),
			 utc("2025-05-15T22:00"));
	assert_int_equal(office_number(&chat.office, "SELECT presses FROM answered"), 2);
}

static void talk_press__on_what_is_over__says_what_became_of_it(void **state)
{
	(void)state;
	static const struct {
		const char *name, *sql;
		char verb;
		const char *rest, *toast;
	} rows[] = {
		{"done elsewhere", "UPDATE task SET status = 'done' WHERE uid = 'fair'", 'd', JUNE,
		 "此前已标记为完成。"},
		{"cancelled elsewhere", "UPDATE task SET status = 'cancelled' WHERE uid = 'fair'", 't', JUNE,
		 "该事项已取消，无需处理。"},
		{"moved elsewhere",
		 "UPDATE task SET start_local = '2025-07-01', end_local = '2025-07-31' WHERE uid = 'fair'", 'd', JUNE,
		 "日期已有变动，请在最新的消息中操作。"},
		{"deleted elsewhere", "DELETE FROM task WHERE uid = 'fair'", 'd', JUNE, "您的计划中没有这一事项。"},
		{"dated elsewhere",
		 "UPDATE task SET start_local = '2025-06-15', end_local = '2025-06-15', precision = 'day'"
		 " WHERE uid = 'fair'",
		 's', "2025-06-15", "日期已经确定：2025年6月15日星期日。"},
		{"a date it never had", "SELECT 1", 'd', "2025-06-15", "日期已有变动，请在最新的消息中操作。"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i > 0)
			(void)chat_open(state);
		office_run(&chat.office, "%s", rows[i].sql);
		OK(store_ledger_stamp(chat.office.store, "test", "test", 1, ERR));
		const char *toast = chat_press("200", rows[i].verb, chat.fair, rows[i].rest);
		if (strcmp(toast, rows[i].toast) != 0 || chat_ledger()[0] != '\0')
			fail_msg("%s: '%s', %s", rows[i].name, toast, chat_ledger());
		if (i + 1 < sizeof(rows) / sizeof(rows[0]))
			(void)chat_close(state);
	}
}

static void talk_press__who_may__by_role_and_by_deputy(void **state)
{
	(void)state;
	static const char *const gone = "There is no such task in your plan.";
	assert_string_equal(chat_press("300", 'd', chat.fair, JUNE),
			    "You get this for information only: those who take part in the task can change it.");
	/* one that is there, and one that is not, look the same */
	assert_string_equal(chat_press("300", 'd', chat.secret, "2025-05-20"), gone);
	assert_string_equal(chat_press("300", 'd', 4711, "2025-05-20"), gone);
	assert_string_equal(chat_press("400", 'a', chat.fair, JUNE), "Diese Aufgabe gibt es in Ihrem Plan nicht.");
	assert_string_equal(chat_ledger(), "");

	OK(store_deputy_set(chat.office.store, "bo", "carl", "2025-05-15", "2025-05-15", ERR));
	OK(store_deputy_set(chat.office.store, "carl", "dora", "2025-05-15", "2025-05-15", ERR));
	OK(store_ledger_stamp(chat.office.store, "test", "test", 1, ERR));
	assert_string_equal(chat_press("300", 'a', chat.fair, JUNE),
			    "Noted, thank you. Reminders go on until it is done.");
	assert_string_equal(chat_press("400", 't', chat.fair, JUNE),
			    "Sie werden wieder erinnert: Freitag, 16. Mai 2025 um 09:00.");
	assert_string_equal(chat_ledger(), "carl telegram seen fair carl " JUNE
					   "\ndora telegram snooze fair dora 2025-05-16T09:00:00+02:00");
	assert_string_equal(office_text(&chat.office, "SELECT person || ' for ' || deputy_for FROM reminder"
						      " WHERE dropped IS NULL"),
			    "dora for bo");
	chat.now_utc += 86400; /* and the day is over */
	assert_string_equal(chat_press("400", 'd', chat.fair, JUNE), "Diese Aufgabe gibt es in Ihrem Plan nicht.");
}

static void talk_press__one_date_of_a_repeating_task__is_done_alone(void **state)
{
	(void)state;
	assert_string_equal(chat_press("100", 'd', chat.weekly, "2025-05-12"), "Отмечено: выполнено. Спасибо!");
	assert_string_equal(chat_task_status("weekly"), "open");
	assert_string_equal(chat_press("100", 'd', chat.weekly, "2025-05-12"),
			    "С этой датой всё решено, ничего делать не нужно.");
	assert_string_equal(chat_ledger(), "anna telegram done weekly 2025-05-12");
	assert_string_equal(chat_press("100", 'd', chat.weekly, "2025-05-13"),
			    "Дата с тех пор изменилась. Пожалуйста, ответьте на последнее сообщение об этом деле.");
	/* one that was moved has the key of its new date, and no more that of its rule */
	const struct period moved = {true, {2025, 5, 21, 0, 0, 0}, {2025, 5, 21, 0, 0, 0}, PERIOD_DAY};
	OK(store_occurrence_set(chat.office.store, chat.weekly, "2025-05-19", "open", &moved, ERR));
	OK(store_ledger_stamp(chat.office.store, "test", "test", 1, ERR));
	assert_string_equal(chat_press("100", 'd', chat.weekly, "2025-05-19"),
			    "Дата с тех пор изменилась. Пожалуйста, ответьте на последнее сообщение об этом деле.");
	assert_string_equal(chat_press("100", 'd', chat.weekly, "2025-05-21"), "Отмечено: выполнено. Спасибо!");
	assert_string_equal(office_text(&chat.office, "SELECT group_concat(date || status) FROM occurrence"),
			    "2025-05-12done,2025-05-19done");
}

static void talk_press__data_nobody_wrote__makes_no_sense(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		" ",
		"d",
		"d 1",
		"d 1 ",
		"d  1 2025-06-15",
		"d 0 2025-06-15",
		"d -1 2025-06-15",
		"d 01x 2025-06-15",
		"d 99999999999999999999 2025-06-15",
		"x 1 2025-06-15",
		"D 1 2025-06-15",
		"done 1 2025-06-15",
		"d 1 June",
		"d 1 2025-06-15 2025-06-16",
		"d 1 2025-06-15'--",
		"d 1 2025-06-15\n",
		"y 1 2025-06-15",
		"y 1 2025-06-15 завтра",
		"y 1 2025-06-15 2025-6-15",
		"y 1 2025-06-15 2025-02-30",
		"y 1 2025-06-15 2025-06-15 2025-06-15",
		"d 1 000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		chat_hear(CHANNEL_UPDATE_BUTTON, "telegram", "300", "300", rows[i]);
		if (chat.reply.toast == NULL || strcmp(chat.reply.toast, "This button is of no use any more.") != 0)
			fail_msg("'%s': %s", rows[i], chat.reply.toast != NULL ? chat.reply.toast : "nothing");
	}
	assert_string_equal(chat_ledger(), "");
}

static void talk_press__rows_that_make_no_sense__are_no_error(void **state)
{
	(void)state;
	office_run(&chat.office, "UPDATE task SET zone = 'Mars/Olympus' WHERE uid IN ('weekly', 'call')");
	assert_string_equal(chat_press("100", 'd', chat.weekly, "2025-05-12"), "Эта кнопка больше не действует.");
	assert_string_equal(chat_press("100", 't', chat.call, "2025-05-16T14:30"), "Эта кнопка больше не действует.");
	office_run(&chat.office, "UPDATE person SET zone = 'Mars/Olympus' WHERE id = 'anna'");
	assert_string_equal(chat_press("100", 'd', chat.report, "../2025-05-10"), "done");
	office_run(&chat.office, "INSERT INTO deputy VALUES ('bo', 'ghost', '2025-05-15', '2025-05-15')");
	assert_string_equal(chat_press("300", 'd', chat.fair, JUNE),
			    "You get this for information only: those who take part in the task can change it.");
	office_run(&chat.office, "PRAGMA ignore_check_constraints = ON; UPDATE task SET title = '' WHERE uid = 'fair'");
	assert_string_equal(chat_press("200", 'y', chat.fair, JUNE " 2025-06-15"), "该按钮已失效。");
	assert_string_equal(chat_press("200", 'a', chat.fair, JUNE), "已记录，谢谢。完成之前仍会提醒您。");
	office_run(&chat.office, "UPDATE task SET end_local = '2025-99-99' WHERE uid = 'fair'");
	(void)chat_press("200", 'd', chat.fair, JUNE);
}

/* ---- the date ----------------------------------------------------------------------------------------------------- */

static void talk_date__asked_told_confirmed__is_set(void **state)
{
	(void)state;
	assert_string_equal(chat_press("100", 's', chat.fair, JUNE), "Напишите дату сюда, например: 15 июня.");
	assert_string_equal(chat_answer(), "anna: Title of fair | Какая точная дата? Пока в плане: июнь 2025 г.\n\n"
					   "Ответьте здесь, например: 15 июня или 15 июня в 14:00.\n\n"
					   "Дата указывается по времени места проведения: Шанхай (UTC+8).\n");
	assert_string_equal(chat_press("100", 's', chat.fair, JUNE), "Напишите дату сюда, например: 15 июня.");
	assert_int_equal(chat_answers(), 1);
	chat_write("100", "когда-нибудь");
	chat_assert_has(chat_answer(), "Не удалось понять дату.");
	assert_string_equal(chat_buttons(), "");
	chat_write("100", "15 июня");
	chat_assert_has(chat_answer(), "Дата: воскресенье, 15 июня 2025 г.\nВсё верно?");
	char yes[100];
	(void)snprintf(yes, sizeof(yes), "[[\"Да\",\"y %lld " JUNE " 2025-06-15\"],[\"Нет\",\"n %lld " JUNE "\"]]",
		       (long long)chat.fair, (long long)chat.fair);
	assert_string_equal(chat_buttons(), yes);
	assert_string_equal(chat_task_end("fair"), "2025-06-01 2025-06-30 month");
	assert_string_equal(chat_press("100", 'n', chat.fair, JUNE), "Напишите другую дату, например: 15 июня.");
	chat_write("100", "16 июня в 10:30");
	chat_assert_has(chat_answer(), "Дата: понедельник, 16 июня 2025 г. в 10:30\nВсё верно?");
	assert_string_equal(chat_ledger(), "");
	assert_string_equal(chat_press("100", 'y', chat.fair, JUNE " 2025-06-16T10:30"),
			    "Спасибо! Дата назначена: понедельник, 16 июня 2025 г. в 10:30");
	assert_string_equal(chat_task_end("fair"), "2025-06-16T10:30:00 2025-06-16T10:30:00 minute");
	assert_string_equal(chat_ledger(), "anna telegram move fair 2025-06-16T10:30:00/2025-06-16T10:30:00");
	/* pressed again, and the older one, too */
	assert_string_equal(chat_press("100", 'y', chat.fair, JUNE " 2025-06-16T10:30"),
			    "Дата уже назначена: понедельник, 16 июня 2025 г. в 10:30");
	chat_assert_has(chat_press("100", 'y', chat.fair, JUNE " 2025-06-15"), "Дата с тех пор изменилась.");
	assert_string_equal(chat_task_end("fair"), "2025-06-16T10:30:00 2025-06-16T10:30:00 minute");
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM question"), 0);
	int64_t answers = chat_answers();
	chat_write("100", "17 июня"); /* nothing was asked */
	assert_int_equal(chat_answers(), answers + 1);
	chat_assert_has(chat_answer(), "anna: К сожалению, это непонятно");
}

/* The date that the button speaks of is the one that is asked for. */
static void talk_date__asked_for_another_date_of_the_task__asks_again(void **state)
{
	(void)state;
	office_run(&chat.office, "UPDATE task SET rrule = 'FREQ=MONTHLY' WHERE uid = 'fair'");
	(void)chat_press("100", 's', chat.fair, JUNE);
	assert_int_equal(chat_answers(), 1);
	(void)chat_press("100", 's', chat.fair, "2025-07-01/2025-07-31");
	assert_int_equal(chat_answers(), 2);
	chat_assert_has(chat_answer(), "Пока в плане: июль 2025 г.");
}

static void talk_date__in_every_language__is_understood(void **state)
{
	(void)state;
	static const struct {
		const char *sender, *text, *answer;
	} rows[] = {
		{"200", "6月15日", "bo: Title of fair | 日期：2025年6月15日星期日。是否正确？"},
		{"200", "6月15日。", "bo: Title of fair | 日期：2025年6月15日星期日。是否正确？"},
		{"200", "15日", "bo: Title of fair | 日期：2025年6月15日星期日。是否正确？"},
		{"200", "明天",
		 "bo: Title of fair | 日期：2025年5月16日星期五。计划中原为：2025年6月。新日期是否正确？"},
		{"200", "June 15", "bo: Title of fair | 日期：2025年6月15日星期日。是否正确？"},
		{"200", "15 июня", "bo: Title of fair | 日期：2025年6月15日星期日。是否正确？"},
		{"200", "6月", "bo: Title of fair | 这还不是具体日期。"},
		{"200", "2025年1月15日", "bo: Title of fair | 该日期已过：2025年1月15日星期三。"},
		{"200", "您好", "bo: Title of fair | 抱歉，未能识别日期。"},
		{"400", "15. Juni", "dora: Title of fair | Das Datum: Sonntag, 15. Juni 2025. Ist das richtig?"},
		{"400", "am 15.06.", "dora: Title of fair | Das Datum: Sonntag, 15. Juni 2025. Ist das richtig?"},
		{"400", "15.06.", "dora: Title of fair | Das Datum: Sonntag, 15. Juni 2025. Ist das richtig?"},
		{"400", "15.06.2025 um 14:00 Uhr",
		 "dora: Title of fair | Das Datum: Sonntag, 15. Juni 2025 um 14:00. Ist das richtig?"},
		{"400", "Übermorgen",
		 "dora: Title of fair | Das Datum: Samstag, 17. Mai 2025. Im Plan stand: Juni 2025."},
		{"400", "Juni", "dora: Title of fair | Das ist noch kein genaues Datum."},
		{"400", "gestern", "dora: Title of fair | Darin war leider kein Datum zu erkennen."},
	};
	chat_set_people(chat.fair, "bo dora");
	(void)chat_press("200", 's', chat.fair, JUNE);
	(void)chat_press("400", 's', chat.fair, JUNE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		chat_write(rows[i].sender, rows[i].text);
		if (strncmp(chat_answer(), rows[i].answer, strlen(rows[i].answer)) != 0)
			fail_msg("%s:\n%s\nwanted:\n%s", rows[i].text, chat_answer(), rows[i].answer);
	}
}

static void talk_date__question_that_is_over__is_no_question(void **state)
{
	(void)state;
	static const char *const ends[] = {
		"UPDATE task SET status = 'done' WHERE uid = 'fair'",
		"DELETE FROM task WHERE uid = 'fair'",
		("UPDATE task SET start_local = '2025-06-15', end_local = '2025-06-15', precision = 'day'"
		 " WHERE uid = 'fair'"),
		"DELETE FROM part WHERE person = 'anna'",
		"UPDATE part SET role = 'watcher' WHERE person = 'anna'",
		"UPDATE task SET zone = 'Mars/Olympus' WHERE uid = 'fair'",
	};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (i > 0)
			(void)chat_open(state);
		(void)chat_press("100", 's', chat.fair, JUNE);
		office_run(&chat.office, "%s", ends[i]);
		chat_write("100", "15 июня");
		if (strstr(chat_answer(), "К сожалению, это непонятно") == NULL)
			fail_msg("%s: %s", ends[i], chat_answer());
		assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM question"), 0);
		(void)chat_close(state);
	}
	(void)chat_open(state);
	(void)chat_press("100", 's', chat.fair, JUNE);
	chat.now_utc += 86400;
	chat_write("100", "15 июня");
	chat_assert_has(chat_answer(), "К сожалению, это непонятно");
}

static void talk_date__forged_yes__sets_no_other_date_than_an_exact_one_of_a_window(void **state)
{
	(void)state;
	assert_string_equal(chat_press("100", 'y', chat.fair, JUNE " 2025-07-01/2025-07-31"),
			    "Эта кнопка больше не действует.");
	assert_string_equal(chat_press("100", 'y', chat.fair, JUNE " ../2025-07-31"),
			    "Эта кнопка больше не действует.");
	chat_assert_has(chat_press("100", 'y', chat.call, "2025-05-16T14:30 2025-07-01"), "Дата уже назначена:");
	chat_assert_has(chat_press("100", 'y', chat.report, "../2025-05-10 2025-07-01"), "Дата уже назначена:");
	chat_assert_has(chat_press("300", 'y', chat.fair, JUNE " 2025-06-15"), "You get this for information only");
	chat_assert_has(chat_press("400", 'y', chat.fair, JUNE " 2025-06-15"), "gibt es in Ihrem Plan nicht");
	assert_string_equal(chat_ledger(), "");
	/* several days are a date, too */
	chat_assert_has(chat_press("100", 'y', chat.fair, JUNE " 2025-06-11/2025-06-16"), "Дата назначена: 11");
	assert_string_equal(chat_task_end("fair"), "2025-06-11 2025-06-16 range");
}

static void talk_date__of_one_date_of_a_repeating_task__moves_that_alone(void **state)
{
	(void)state;
	office_run(&chat.office, "UPDATE task SET rrule = 'FREQ=MONTHLY', zone = 'Asia/Sakhalin' WHERE uid = 'fair'");
	OK(store_ledger_stamp(chat.office.store, "test", "test", 1, ERR));
	(void)chat_press("100", 's', chat.fair, "2025-07-01/2025-07-31");
	chat_write("100", "15");
	chat_assert_has(chat_answer(), "Дата: вторник, 15 июля 2025 г.\nВсё верно?");
	chat_assert_has(chat_press("100", 'y', chat.fair, "2025-07-01/2025-07-31 2025-07-15"),
			"Дата назначена: вторник, 15 июля 2025 г.");
	assert_string_equal(chat_task_end("fair"), "2025-06-01 2025-06-30 month");
	assert_string_equal(office_text(&chat.office, "SELECT date || ' ' || moved_key FROM occurrence"),
			    "2025-07-01/2025-07-31 2025-07-15");
	assert_string_equal(chat_ledger(), "anna telegram move fair 2025-07-01/2025-07-31 to 2025-07-15");
	/* another date of the task must not have the same one */
	chat_assert_has(chat_press("100", 'y', chat.fair, "2025-06-01/2025-06-30 2025-07-15"), "Напишите другую дату");
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM occurrence"), 1);
}

/* ---- under a message ---------------------------------------------------------------------------------------------- */

static const char *buttons_of(const char *person, const char *uid, const char *key)
{
	static char text[400];
	struct talk_buttons buttons;
	struct person reader;
	struct task task;
	OK(store_person_load(chat.office.store, person, &reader, ERR));
	OK(store_task_find(chat.office.store, uid, &task, ERR));
	OK(talk_buttons(&chat.talk, &reader, &task, key, chat.now_utc, &buttons, ERR));
	text[0] = '\0';
	for (size_t i = 0; i < buttons.n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s=%c", i > 0 ? " " : "",
			       buttons.items[i].label, buttons.items[i].data[0]);
	talk_buttons_done(&buttons);
	task_done(&task);
	person_done(&reader);
	return text;
}

static void talk_buttons__under_a_message__are_those_that_help(void **state)
{
	(void)state;
	assert_string_equal(buttons_of("anna", "call", "2025-05-16T14:30"),
			    "Готово=d Принято=a Завтра=t На следующей неделе=w");
	assert_string_equal(buttons_of("bo", "fair", JUNE), "已完成=d 已知悉=a 明天=t 下周=w 确定日期=s");
	assert_string_equal(buttons_of("desk", "fair", JUNE),
			    "Done=d Acknowledge=a Tomorrow=t Next week=w Set the date=s");
	assert_string_equal(buttons_of("carl", "fair", JUNE), "");
	assert_string_equal(buttons_of("dora", "fair", JUNE), "");
	assert_string_equal(buttons_of("anna", "fair", "2025-05-01/2025-05-31"), "");
	OK(store_deputy_set(chat.office.store, "bo", "dora", "2025-05-15", "2025-05-16", ERR));
	assert_string_equal(buttons_of("dora", "report", "../2025-05-10"),
			    "Erledigt=d Zur Kenntnis genommen=a Morgen=t Nächste Woche=w");
	OK(store_acknowledge(chat.office.store, chat.report, "../2025-05-10", ERR));
	assert_string_equal(buttons_of("dora", "report", "../2025-05-10"), "Erledigt=d Morgen=t Nächste Woche=w");
	OK(store_task_set_status(chat.office.store, chat.report, "done", ERR));
	assert_string_equal(buttons_of("dora", "report", "../2025-05-10"), "");
	office_run(&chat.office,
		   "UPDATE task SET start_local = '2025-06-11', end_local = '2025-06-16', precision = 'range'"
		   " WHERE uid = 'fair'"); /* a visit takes its days */
	assert_string_equal(buttons_of("desk", "fair", "2025-06-11/2025-06-16"),
			    "Done=d Acknowledge=a Tomorrow=t Next week=w");
	chat_assert_has(chat_press("100", 's', chat.fair, "2025-06-11/2025-06-16"), "Дата уже назначена:");
}

static void talk_buttons__longest_data__fit_or_are_left_out(void **state)
{
	(void)state;
	office_run(&chat.office, "UPDATE task SET id = 9223372036854775807 WHERE uid = 'fair'");
	office_run(&chat.office, "UPDATE part SET task = 9223372036854775807 WHERE task = %lld", (long long)chat.fair);
	assert_string_equal(buttons_of("bo", "fair", JUNE), "已完成=d 已知悉=a 明天=t 下周=w 确定日期=s");
	(void)chat_press("200", 's', INT64_MAX, JUNE);
	chat_write("200", "6月15日");
	chat_assert_has(chat_buttons(), "y 9223372036854775807 " JUNE " 2025-06-15");
	chat_write("200", "6月11日-16日");
	assert_null(strstr(chat_buttons(), "y 9223372036854775807"));
	chat_assert_has(chat_buttons(), "n 9223372036854775807 " JUNE);
}

static void talk_buttons__of_a_row__are_read_back(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		size_t n;
	} rows[] = {
		{"[[\"Да\",\"y 1 2\"],[\"Нет\",\"n 1 2\"]]", 2},
		{"", 0},
		{"[]", 0},
		{"{}", 0},
		{"[[\"a\"],[\"a\",1],1,[\"a\",\"b\"]]", 1},
		{"[[\"a\",\"12345678901234567890123456789012345678901234567890123456789012345\"]]", 0},
		{"[[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"]]", 5},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct talk_buttons buttons;
		talk_buttons_parse(rows[i].json, &buttons);
		assert_int_equal(buttons.n, rows[i].n);
		talk_buttons_done(&buttons);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(talk_press__every_verb__acts_once_and_says_so),
		TEST(talk_press__acknowledged_early__is_noted_and_takes_nothing_away),
		TEST(talk_press__put_off__a_reminder_comes_then_and_a_later_press_changes_it),
		TEST(talk_press__fails_half_way__leaves_everything_as_it_was),
		TEST(talk_press__on_what_is_over__says_what_became_of_it),
		TEST(talk_press__who_may__by_role_and_by_deputy),
		TEST(talk_press__one_date_of_a_repeating_task__is_done_alone),
		TEST(talk_press__data_nobody_wrote__makes_no_sense),
		TEST(talk_press__rows_that_make_no_sense__are_no_error),
		TEST(talk_date__asked_told_confirmed__is_set),
		TEST(talk_date__asked_for_another_date_of_the_task__asks_again),
		TEST(talk_date__in_every_language__is_understood),
		TEST(talk_date__question_that_is_over__is_no_question),
		TEST(talk_date__forged_yes__sets_no_other_date_than_an_exact_one_of_a_window),
		TEST(talk_date__of_one_date_of_a_repeating_task__moves_that_alone),
		TEST(talk_buttons__under_a_message__are_those_that_help),
		TEST(talk_buttons__longest_data__fit_or_are_left_out),
		TEST(talk_buttons__of_a_row__are_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, chat_free_catalog);
}
