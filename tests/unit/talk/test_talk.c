#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "chat.h"
#include "store/store_person.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, chat_open, chat_close)
#define JUNE "2025-06-01/2025-06-30"

/* ---- who is heard ------------------------------------------------------------------------------------------------- */

static void talk_hear__somebody_unknown__learns_nothing_and_changes_nothing(void **state)
{
	(void)state;
	char long_address[400];
	(void)memset(long_address, '1', sizeof(long_address));
	long_address[sizeof(long_address) - 1] = '\0';
	const char *done = mem_dup(chat_data('d', chat.fair, JUNE));
	const struct {
		const char *name, *channel, *sender, *where, *toast;
	} rows[] = {
		{"a stranger", "telegram", "999", "999", ""},
		{"a stranger in the desk's group", "telegram", "999", "-500",
		 "Only people of the plan can press this."},
		{"a stranger who says they are in anna's chat", "telegram", "999", "100",
		 "Эту кнопку могут нажимать только участники плана."},
		{"somebody who left", "telegram", "600", "600", ""},
		{"anna in a group nobody knows", "telegram", "100", "-777", ""},
		{"anna's address on another channel", "max", "100", "100", ""},
		{"the desk's own number as sender in a strange chat", "telegram", "-500", "999", ""},
		{"anna in the chat of somebody who left", "telegram", "100", "600", ""},
		{"nobody", "telegram", "", "", NULL},
		{"no chat", "telegram", "100", "", NULL},
		{"an address with a control character", "telegram", "100\n", "100\n", NULL},
		{"an address without end", "telegram", long_address, long_address, NULL},
		{"SQL", "telegram", "100' OR '1'='1", "100' OR '1'='1", ""},
	};
	static const char *const texts[] = {"/start", "/start wrong-word_0123456789AB", "/today", "/task fair", "hello",
					    "15 июня"};
	int64_t before = chat_state();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
			chat_hear(CHANNEL_UPDATE_TEXT, rows[i].channel, rows[i].sender, rows[i].where, texts[t]);
			if (chat.reply.toast != NULL || chat.reply.say != NULL || chat_state() != before)
				fail_msg("%s, %s", rows[i].name, texts[t]);
		}
		chat_hear(CHANNEL_UPDATE_BUTTON, rows[i].channel, rows[i].sender, rows[i].where, done);
		const char *toast = chat.reply.toast, *expected = rows[i].toast;
		bool is_as_expected =
			toast != NULL && expected != NULL ? strcmp(toast, expected) == 0 : toast == expected;
		if (!is_as_expected || chat.reply.say != NULL || chat_state() != before)
			fail_msg("%s, a button: %s", rows[i].name, toast);
	}
	assert_string_equal(chat_task_status("fair"), "open");
	free((char *)done);
}

/* One byte more than the longest address is not heard, though the database, which counts characters, takes it. */
static void talk_hear__long_sender__is_heard_up_to_the_longest_address(void **state)
{
	(void)state;
	char address[PERSON_ADDRESS_MAX + 2];
	for (size_t len = PERSON_ADDRESS_MAX; len <= PERSON_ADDRESS_MAX + 1; len++) {
		(void)memset(address, '1', len);
		(void)memcpy(address + len - 2, "é", sizeof("é"));
		office_run(&chat.office, "UPDATE address SET address = '%s' WHERE person = 'anna'", address);
		(void)chat_press(address, 'd', chat.call, "2025-05-16T14:30");
		if ((chat.reply.toast != NULL) != (len == PERSON_ADDRESS_MAX))
			fail_msg("%zu bytes", len);
	}
}

static void talk_hear__edited_by_others_before__is_not_the_sender_s(void **state)
{
	(void)state;
	office_run(&chat.office, "UPDATE task SET status = 'done' WHERE uid = 'report'");
	(void)chat_press("100", 'd', chat.call, "2025-05-16T14:30");
	assert_string_equal(chat_ledger(), "- sql done report\nanna telegram done call");
}

static void talk_hear__desk_chat__members_act_for_the_desk_and_answers_are_private(void **state)
{
	(void)state;
	/* dora takes no part, but the desk does, whose chat she is in. */
	chat_hear(CHANNEL_UPDATE_BUTTON, "telegram", "400", "-500", chat_data('d', chat.call, "2025-05-16T14:30"));
	assert_string_equal(chat.reply.toast, "Als erledigt vermerkt. Vielen Dank!");
	assert_string_equal(chat_ledger(), "dora telegram done call");
	chat_hear(CHANNEL_UPDATE_BUTTON, "telegram", "400", "-500", chat_data('d', chat.report, "../2025-05-10"));
	assert_string_equal(chat.reply.toast, "Diese Aufgabe gibt es in Ihrem Plan nicht.");
	assert_string_equal(chat_task_status("report"), "open");
	/* the desk itself is no sender */
	chat_hear(CHANNEL_UPDATE_BUTTON, "telegram", "400", "400", chat_data('d', chat.fair, JUNE));
	assert_string_equal(chat.reply.toast, "Diese Aufgabe gibt es in Ihrem Plan nicht.");
	chat_hear(CHANNEL_UPDATE_TEXT, "telegram", "100", "-500", "/today@the_bot");
	assert_int_equal(chat_answers(), 1);
	chat_assert_has(chat_answer(), "anna: План на 15 мая");
	/* people speak to each other there */
	chat_hear(CHANNEL_UPDATE_TEXT, "telegram", "100", "-500", "see you on 15 June");
	chat_hear(CHANNEL_UPDATE_TEXT, "telegram", "100", "-500", "/roll@another_bot");
	assert_int_equal(chat_answers(), 1);
}

static void talk_hear__command_for_another_bot__is_not_ours(void **state)
{
	(void)state;
	static const char *const others[] = {"/today@other_bot", "/task@the fair", "/help@the_bots", "/help@"};
	chat.talk.bot = "The_bot";
	int64_t before = chat_state();
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		chat_hear(CHANNEL_UPDATE_TEXT, "telegram", "100", "-500", others[i]);
		chat_write("100", others[i]);
	}
	assert_int_equal(chat_state(), before);
	chat_hear(CHANNEL_UPDATE_TEXT, "telegram", "100", "-500", "/task@the_BOT fair");
	chat_write("100", "/today");
	assert_int_equal(chat_answers(), 2);
}

static void talk_hear__two_people_of_one_account__act_for_both(void **state)
{
	(void)state;
	OK(store_address_set(chat.office.store, "dora", "telegram", "100", ERR));
	chat_set_people(chat.secret, "dora");
	assert_string_equal(chat_press("100", 'd', chat.secret, "2025-05-20"), "Отмечено: выполнено. Спасибо!");
	assert_string_equal(chat_press("100", 'd', chat.call, "2025-05-16T14:30"), "Отмечено: выполнено. Спасибо!");
}

static void talk_hear__more_than_enough__is_not_answered_without_end(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++)
		chat_write("100", "/help");
	assert_int_equal(chat_answers(), 60);
	chat_write("200", "/help");
	assert_int_equal(chat_answers(), 61);
	chat.now_utc += 3600;
	chat_write("100", "/help");
	assert_int_equal(chat_answers(), 62);
}

/* ---- what is written ---------------------------------------------------------------------------------------------- */

/* How many tasks the answer has, each behind a bullet. */
#define TOLD "SELECT (SELECT length(text) - length(replace(text, '•', '')) FROM notice)"

static void talk_command__week_of_many_tasks__counts_those_it_has_no_room_for(void **state)
{
	(void)state;
	enum { MANY = 60, ROOM = 1500 };
	for (int i = 0; i < MANY; i++) {
		char uid[20];
		(void)snprintf(uid, sizeof(uid), "many-%02d", i);
		(void)office_add_task(&chat.office, &(struct office_task){.uid = uid,
									  .start = "2025-05-10",
									  .precision = PERIOD_DAY,
									  .zone = "UTC",
									  .people = "anna"});
	}
	chat.talk.text_max = ROOM;
	chat.talk.text_unit = UTF8_UTF16;
	chat_write("100", "/week");
	assert_true(office_number(&chat.office, "SELECT length(subject) + length(text) FROM notice") < ROOM);
	/* those that it has, and those that it counts: 62 are overdue, two are to come */
	assert_true(office_number(&chat.office, TOLD) > 5);
	assert_int_equal(office_number(&chat.office, TOLD " + (SELECT CAST(substr(text, instr(text, '… и ещё ') + 8)"
							  " AS INTEGER) FROM notice)"),
			 MANY + 4);
}

static void talk_command__today_and_week__tell_the_person_s_own(void **state)
{
	(void)state;
	chat_write("100", "/today");
	chat_assert_has(chat_answer(), "anna: План на 15 мая");
	chat_assert_has(chat_answer(), "Title of report");
	assert_null(strstr(chat_answer(), "Title of call"));
	assert_null(strstr(chat_answer(), "Title of secret"));
	chat_write("100", "  /Week@the_bot  ");
	chat_assert_has(chat_answer(), "Title of call");
	chat_assert_has(chat_answer(), "Title of report");
	chat_write("400", "/today");
	assert_string_equal(chat_answer(),
			    "dora: Für heute nichts | Nichts ist überfällig, und heute ist nichts fällig. "
			    "/week zeigt den Rest der Woche.\n");
	chat_write("400", "/week");
	chat_assert_has(chat_answer(), "dora: ");
	chat_write("200", "/today");
	chat_assert_has(chat_answer(), "bo: ");
	chat_assert_has(chat_answer(), "Title of report");
}

static void talk_command__today__counts_what_there_is_no_room_for(void **state)
{
	(void)state;
	for (int i = 0; i < 250; i++)
		office_run(&chat.office,
			   "INSERT INTO task (uid, title, start_local, end_local, zone) VALUES ('t%d', 'x', '%s', '%s',"
			   " 'Asia/Sakhalin'); INSERT INTO part (task, person) VALUES (last_insert_rowid(), 'anna')",
			   i, i < 220 ? "2025-05-15" : "2025-05-16", i < 220 ? "2025-05-15" : "2025-05-16");
	chat_write("100", "/today");
	chat_assert_has(chat_answer(), "anna: План на 15 мая: 2 просрочено, 220 сегодня | ");
	chat_assert_has(chat_answer(), "Просрочено:\n… и ещё 2\n");
	chat_write("100", "/week");
	chat_assert_has(chat_answer(), "220 сегодня, 31 на этой неделе");
}

/* More lies ahead in the week than there is room for in all. */
static void talk_command__today__tells_what_is_overdue_before_a_full_week(void **state)
{
	(void)state;
	for (int i = 0; i < 250; i++)
		office_run(
			&chat.office,
			"INSERT INTO task (uid, title, start_local, end_local, zone) VALUES ('t%d', 'late %d', '%s', '%s',"
			" 'Asia/Sakhalin'); INSERT INTO part (task, person) VALUES (last_insert_rowid(), 'dora')",
			i, i, i < 5 ? "2025-05-12" : "2025-05-18", i < 5 ? "2025-05-12" : "2025-05-18");
	chat_write("400", "/today");
	chat_assert_has(chat_answer(), "late 4");
	chat_assert_has(chat_answer(), "5 überfällig");
	assert_null(strstr(chat_answer(), "late 5"));
}

static void talk_command__task__tells_it_to_those_who_have_a_part_in_it(void **state)
{
	(void)state;
	char number[40], none[40];
	static const char *const no_task = "carl: There is no such task in your plan | ";
	(void)snprintf(number, sizeof(number), "/task %lld", (long long)chat.fair);
	(void)snprintf(none, sizeof(none), "/task %lld", (long long)chat.secret);
	chat_write("100", "/task fair");
	chat_assert_has(chat_answer(), "anna: Title of fair | Title of fair: июнь 2025 г.");
	chat_assert_has(chat_buttons(), "[\"Готово\",\"d 1 " JUNE "\"]");
	chat_assert_has(chat_buttons(), "[\"Назначить дату\",\"s 1 " JUNE "\"]");
	chat_write("300", number);
	chat_assert_has(chat_answer(), "carl: Title of fair | Title of fair: June 2025");
	assert_string_equal(chat_buttons(), "");
	static const char *const names[] = {"/task nothing", "/task secret", "/task 4711", "/task 0", "/task ' OR 1=1"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		chat_write("300", names[i]);
		chat_assert_has(chat_answer(), no_task);
	}
	chat_write("300", none);
	chat_assert_has(chat_answer(), no_task);
	chat_write("100", "/task report");
	chat_assert_has(chat_buttons(), "[\"Принято\",\"a 3 ../2025-05-10\"]");
	chat_write("100", "/task weekly");
	chat_assert_has(chat_buttons(), "[\"Готово\",\"d 4 2025-05-12\"]");
	(void)chat_press("200", 'd', chat.fair, JUNE);
	chat_write("100", "/task fair");
	chat_assert_has(
		chat_answer(),
		"anna: Выполнено: Title of fair | Title of fair\nДело выполнено. bo, четверг, 15 мая 2025 г. в 12:00");
	assert_string_equal(chat_buttons(), "");
}

static void talk_command__help_and_what_is_none__name_the_commands(void **state)
{
	(void)state;
	static const char *const helps[] = {"/help", "/start", "/HELP@bot", "/task", "/task  ", "/start wrong_word"};
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
		chat_write("300", helps[i]);
		chat_assert_has(chat_answer(), "carl: What you can ask for | /today");
		assert_int_equal(chat_answers(), i + 1);
	}
	static const char *const others[] = {"hello", "", "/", "/todayish", "/tod", "15 June", "\xff\xfe", "/task\xff"};
	int64_t answers = chat_answers();
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		chat_write("300", others[i]);
	assert_int_equal(chat_answers(), answers + 1);
	chat_assert_has(chat_answer(), "carl: Sorry, that was not understood | /today");
	chat.now_utc += 3600;
	chat_write("300", "hello");
	assert_int_equal(chat_answers(), answers + 2);
}

/* Nothing of what was written comes back, and no title can pretend to be anything else. */
static void talk_hear__enormous_and_odd_texts__are_borne(void **state)
{
	(void)state;
	enum { SIZE = 300000 };
	char *huge = mem_zero(SIZE + 1, 1);
	(void)memset(huge, 'x', SIZE);
	(void)chat_press("100", 's', chat.fair, JUNE);
	chat_write("100", huge);
	chat_assert_has(chat_answer(), "Не удалось понять дату.");
	assert_true(strlen(chat_answer()) < 400);
	huge[0] = '/';
	chat_write("100", huge);
	(void)memcpy(huge, "/task ", 6);
	chat_write("100", huge);
	(void)memcpy(huge, "/start ", 7);
	chat_write("999", huge);
	chat_hear(CHANNEL_UPDATE_BUTTON, "telegram", "100", "100", huge);
	assert_string_equal(chat.reply.toast, "Эта кнопка больше не действует.");
	free(huge);
	chat_write("100", "15\xe2\x80\xae июня\x01");
	chat_assert_has(chat_answer(), "Не удалось понять дату.");
	office_run(&chat.office, "UPDATE task SET title = 'A' || char(10, 8238, 7) || 'B' WHERE uid = 'fair'");
	chat_write("100", "/task fair");
	chat_assert_has(chat_answer(), "anna: A   B | A   B: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(talk_hear__somebody_unknown__learns_nothing_and_changes_nothing),
		TEST(talk_hear__long_sender__is_heard_up_to_the_longest_address),
		TEST(talk_hear__edited_by_others_before__is_not_the_sender_s),
		TEST(talk_hear__desk_chat__members_act_for_the_desk_and_answers_are_private),
		TEST(talk_hear__command_for_another_bot__is_not_ours),
		TEST(talk_hear__two_people_of_one_account__act_for_both),
		TEST(talk_hear__more_than_enough__is_not_answered_without_end),
		TEST(talk_command__week_of_many_tasks__counts_those_it_has_no_room_for),
		TEST(talk_command__today_and_week__tell_the_person_s_own),
		TEST(talk_command__today__counts_what_there_is_no_room_for),
		TEST(talk_command__today__tells_what_is_overdue_before_a_full_week),
		TEST(talk_command__task__tells_it_to_those_who_have_a_part_in_it),
		TEST(talk_command__help_and_what_is_none__name_the_commands),
		TEST(talk_hear__enormous_and_odd_texts__are_borne),
	};
	return cmocka_run_group_tests(tests, NULL, chat_free_catalog);
}
