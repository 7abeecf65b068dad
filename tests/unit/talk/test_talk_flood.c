#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "chat.h"

/* Whoever writes or presses without end fills nobody's box, nor the database. */

enum { FLOOD = 300, ENOUGH = 60, ENOUGH_PRESSES = 240 };

static int64_t rows(const char *table)
{
	return office_number(&chat.office, "SELECT count(*) FROM %s", table);
}

static void flood__blocked_and_allowed_in_turn__operator_is_told_once_a_day(void **state)
{
	(void)state;
	for (int day = 1; day <= 2; day++) {
		for (int i = 0; i < FLOOD; i++) {
			chat.now_utc++;
			chat_hear(CHANNEL_UPDATE_GONE, "telegram", "100", "100", "");
			if (i % 2 == 0)
				chat_hear(CHANNEL_UPDATE_BACK, "telegram", "100", "100", "");
			else
				chat_write("100", "hello");
		}
		assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM notice WHERE subject = ''"), day);
		assert_int_equal(rows("suspension"), 0);
		assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM ledger WHERE person = 'anna'"),
				 day * (ENOUGH - 1)); /* and a hint */
		chat.now_utc += 86400;
	}
}

static void flood__put_off_to_and_fro__waits_as_one_message(void **state)
{
	(void)state;
	for (int i = 0; i < FLOOD; i++) {
		chat.now_utc++;
		(void)chat_press("100", i % 2 == 0 ? 't' : 'w', chat.call, "2025-05-16T14:30");
	}
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM message WHERE state = 'pending'"), 1);
	assert_true(rows("reminder") < 10);
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM ledger WHERE who = 'anna'"), ENOUGH_PRESSES);
	chat_assert_has(chat_press("100", 't', chat.call, "2025-05-16T14:30"), "повторите позже");
	assert_string_equal(chat_press("200", 'd', chat.report, "../2025-05-10"), "已标记为完成，谢谢！");
	chat.now_utc += 3600;
	chat_assert_has(chat_press("100", 'd', chat.call, "2025-05-16T14:30"), "выполнено");
}

/* Nothing can be looked for then, or the plan would be missed. */
static void flood__week_asked_for_without_end__is_not_even_collected(void **state)
{
	(void)state;
	for (int i = 0; i < FLOOD; i++) {
		if (i == 100)
			office_run(&chat.office, "DROP TABLE occurrence");
		chat_write("100", "/week");
		chat_write("100", "/task fair");
	}
	assert_int_equal(chat_answers(), 60);
}

static void flood__questions_to_and_fro__ask_no_more_than_may_be_answered(void **state)
{
	(void)state;
	for (int i = 0; i < FLOOD; i++)
		(void)chat_press("100", i % 2 == 0 ? 's' : 'n', chat.fair, "2025-06-01/2025-06-30");
	assert_true(rows("message") <= 60);
	assert_int_equal(rows("question"), 1);
}

/* Thirty dates of windows are set in the chat, as at a desk that goes through the plan of a year, among much else. */
static void flood__dates_of_many_windows__are_all_answered(void **state)
{
	(void)state;
	for (int i = 0; i < ENOUGH; i++)
		chat_write("400", "/help");
	for (int i = 0; i < 30; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "win%d", i);
		int64_t id = office_add_task(&chat.office, &(struct office_task){.uid = uid,
										 .start = "2025-06-01",
										 .end = "2025-06-30",
										 .precision = PERIOD_MONTH,
										 .zone = "Asia/Sakhalin",
										 .people = "dora"});
		chat.now_utc += 30;
		(void)chat_press("400", 's', id, "2025-06-01/2025-06-30");
		chat_assert_has(chat_answer(), "Wann genau");
		chat_write("400", "15. Juni");
		chat_assert_has(chat_answer(), "15. Juni");
		(void)chat_press("400", 'y', id, "2025-06-01/2025-06-30 2025-06-15");
		assert_string_equal(chat_task_end(uid), "2025-06-15 2025-06-15 day");
	}
}

/* Who types without end is told so once. */
static void flood__texts_for_a_question__end_with_a_word(void **state)
{
	(void)state;
	(void)chat_press("100", 's', chat.fair, "2025-06-01/2025-06-30");
	for (int i = 0; i < FLOOD; i++)
		chat_write("100", "who knows");
	assert_int_equal(chat_answers(), 1 + ENOUGH_PRESSES);
	chat_assert_has(chat_answer(), "запросов за этот час");
	assert_int_equal(rows("question"), 1);
	chat.now_utc += 3600;
	chat_write("100", "15 июня");
	chat_assert_has(chat_answer(), "15 июня");
}

static void flood__strangers__leave_no_row(void **state)
{
	(void)state;
	int64_t before = chat_state();
	for (int i = 0; i < FLOOD; i++) {
		char sender[16];
		(void)snprintf(sender, sizeof(sender), "%d", 100000 + i);
		chat_write(sender, "/start AAAAAAAAAAAAAAAAAAAAAA");
		chat_write(sender, "/task fair");
		(void)chat_press(sender, 'd', chat.fair, "2025-06-01/2025-06-30");
	}
	assert_int_equal(chat_state(), before);
}

static void flood__text_of_a_megabyte__is_no_more_than_any_other(void **state)
{
	(void)state;
	enum { MEGABYTE = 1024 * 1024 };
	char *text = mem_alloc(MEGABYTE + 1);
	(void)memset(text, 'x', MEGABYTE);
	text[MEGABYTE] = '\0';
	chat_write("100", text);
	(void)memcpy(text, "/task ", 6);
	chat_write("100", text);
	(void)memcpy(text, "/start ", 7);
	chat_write("100", text);
	chat_hear(CHANNEL_UPDATE_BUTTON, "telegram", "100", "100", text);
	free(text);
	assert_true(office_number(&chat.office, "SELECT max(length(text)) FROM notice") < 4096);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, chat_open, chat_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flood__blocked_and_allowed_in_turn__operator_is_told_once_a_day),
		TEST(flood__put_off_to_and_fro__waits_as_one_message),
		TEST(flood__week_asked_for_without_end__is_not_even_collected),
		TEST(flood__questions_to_and_fro__ask_no_more_than_may_be_answered),
		TEST(flood__dates_of_many_windows__are_all_answered),
		TEST(flood__texts_for_a_question__end_with_a_word),
		TEST(flood__strangers__leave_no_row),
		TEST(flood__text_of_a_megabyte__is_no_more_than_any_other),
	};
	return cmocka_run_group_tests(tests, NULL, chat_free_catalog);
}
