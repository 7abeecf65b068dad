#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "channel/signature.h"
#include "chat.h"
#include "store/store_ledger.h"
#include "store/store_talk.h"
#include "talk/invite.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, chat_open, chat_close)

static char start[100]; /* "/start WORD" */

static void invite(const char *person, const char *channel, int64_t until_utc)
{
	char word[INVITE_WORD_SIZE];
	OK(store_begin(chat.office.store, ERR));
	OK(invite_new(chat.office.store, person, channel, until_utc, word, ERR));
	OK(store_ledger_stamp(chat.office.store, "test", "test", 1, ERR));
	OK(store_commit(chat.office.store, ERR));
	(void)snprintf(start, sizeof(start), "/start %s", word);
}

static const char *address(const char *person, const char *channel)
{
	return office_text(&chat.office, "SELECT address FROM address WHERE person = '%s' AND channel = '%s'", person,
			   channel);
}

static int64_t invites(void)
{
	return office_number(&chat.office, "SELECT count(*) FROM invite");
}

static void invite_new__word__has_128_bits_and_only_its_hash_is_kept(void **state)
{
	(void)state;
	char first[100], hash[SIGNATURE_HASH_SIZE];
	invite("new", "telegram", chat.now_utc + 60);
	(void)snprintf(first, sizeof(first), "%s", start);
	assert_int_equal(strlen(start), strlen("/start ") + 22);
	assert_int_equal(strspn(start + 7, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"), 22);
	signature_hash(start + 7, hash);
	assert_string_equal(office_text(&chat.office, "SELECT hash FROM invite"), hash);
	assert_int_equal(strlen(hash), 64);
	invite("new", "telegram", chat.now_utc + 60);
	assert_string_not_equal(first, start);
	assert_int_equal(invites(), 1);
	assert_string_equal(office_text(&chat.office, "SELECT action || ' ' || person || ' ' || detail FROM ledger"
						      " ORDER BY id DESC LIMIT 1"),
			    "invite new telegram");
	/* FIPS 180-2, appendix B.1 */
	signature_hash("abc", hash);
	assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void talk_enrol__right_word__takes_the_chat_once(void **state)
{
	(void)state;
	invite("new", "telegram", chat.now_utc + 60);
	chat_write("700", start);
	assert_string_equal(address("new", "telegram"), "700");
	assert_int_equal(invites(), 0);
	assert_null(chat.reply.say);
	assert_string_equal(chat_ledger(), "new telegram enrol new telegram");
	chat_assert_has(chat_answer(), "new: Reminders will come here | Good day, new!");
	assert_string_equal(office_text(&chat.office, "SELECT channel || state FROM message"), "telegrampending");
	/* forwarded, and used again */
	int64_t before = chat_state();
	chat_write("701", start);
	assert_null(chat.reply.say);
	assert_int_equal(chat_state(), before);
	assert_string_equal(address("new", "telegram"), "700");
	/* by the same person it is only a question for help */
	chat_write("700", start);
	chat_assert_has(chat_answer(), "new: What you can ask for");
	assert_string_equal(chat_ledger(), "new telegram enrol new telegram");
}

static void talk_enrol__in_every_language__is_welcomed(void **state)
{
	(void)state;
	static const struct {
		const char *person, *answer;
	} rows[] = {
		{"anna", "anna: Напоминания будут приходить сюда | Здравствуйте, anna!"},
		{"bo", "bo: 今后在此接收提醒 | 您好，bo！"},
		{"carl", "carl: Reminders will come here | Good day, carl!"},
		{"dora", "dora: Erinnerungen kommen künftig hierher | Guten Tag, dora!"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char sender[16];
		(void)snprintf(sender, sizeof(sender), "80%zu", i);
		invite(rows[i].person, "telegram", chat.now_utc + 60);
		chat_write(sender, start);
		assert_string_equal(address(rows[i].person, "telegram"), sender);
		chat_assert_has(chat_answer(), rows[i].answer);
	}
}

static void talk_enrol__new_chat__replaces_the_old_one_which_is_heard_no_more(void **state)
{
	(void)state;
	office_run(&chat.office, "INSERT INTO suspension (person, channel, refusals, reason)"
				 " VALUES ('anna', 'telegram', 3, 'blocked')");
	OK(store_question_set(chat.office.store, "anna", "telegram",
			      &(struct store_question){.task = chat.fair, .occurrence = "2025-06-01/2025-06-30"},
			      chat.now_utc + 60, ERR));
	invite("anna", "telegram", chat.now_utc + 60);
	chat_write("700", start);
	assert_string_equal(address("anna", "telegram"), "700");
	assert_string_equal(chat_ledger(), "anna telegram enrol anna telegram");
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM suspension"), 0);
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM question"), 0);
	int64_t before = chat_state();
	chat_write("100", "/today");
	assert_int_equal(chat_state(), before);
	invite("anna", "telegram", chat.now_utc + 60);
	chat_write("701", start);
	assert_string_equal(chat_ledger(), "anna telegram enrol anna telegram\n"
					   "anna telegram enrol anna telegram: in place of another address");
}

static void talk_enrol__that_cannot_be__says_why(void **state)
{
	(void)state;
	static const struct {
		const char *name, *sender, *where, *say, *ledger;
		int64_t wait_s;
		bool is_kept;
	} rows[] = {
		{"too late", "700", "700",
		 "This invitation has run out\n\nPlease ask whoever keeps the plan for a new one.\n",
		 "new telegram enrol new telegram: refused, the invitation had run out", 60, false},
		{"in a group", "700", "-701", "Please open invitations in a private chat\n\n",
		 "new telegram enrol new telegram: refused, the invitation was shown in a group and is void", 0, false},
		{"in the desk's group", "700", "-500", "Please open invitations in a private chat\n\n",
		 "new telegram enrol new telegram: refused, the invitation was shown in a group and is void", 0, false},
		{"by somebody else", "100", "100", "Эта учётная запись занята\n\n",
		 "new telegram enrol new telegram: refused, the account is somebody else's", 0, true},
		{"by somebody who left", "600", "600", "This account belongs to somebody else\n\n",
		 "new telegram enrol new telegram: refused, the account is somebody else's", 0, true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i > 0)
			(void)chat_open(state);
		invite("new", "telegram", chat.now_utc + 60);
		chat.now_utc += rows[i].wait_s;
		chat_hear(CHANNEL_UPDATE_TEXT, "telegram", rows[i].sender, rows[i].where, start);
		if (chat.reply.say == NULL || strncmp(chat.reply.say, rows[i].say, strlen(rows[i].say)) != 0 ||
		    strcmp(chat_ledger(), rows[i].ledger) != 0 || invites() != rows[i].is_kept)
			fail_msg("%s: %s; %s", rows[i].name, chat.reply.say, chat_ledger());
		assert_string_equal(address("new", "telegram"), "");
		assert_int_equal(chat_answers(), 0);
		if (i + 1 < sizeof(rows) / sizeof(rows[0]))
			(void)chat_close(state);
	}
}

static void talk_enrol__what_is_no_invitation__is_silence(void **state)
{
	(void)state;
	char wrong[100], more[120];
	invite("new", "telegram", chat.now_utc + 60);
	(void)snprintf(wrong, sizeof(wrong), "%s", start);
	wrong[strlen(wrong) - 2] = wrong[strlen(wrong) - 2] == 'A' ? 'B' : 'A';
	(void)snprintf(more, sizeof(more), "%s x", start);
	const struct {
		const char *name, *channel, *text;
	} rows[] = {
		{"a wrong word", "telegram", wrong},
		{"another channel", "max", start},
		{"more words", "telegram", more},
		{"the word alone", "telegram", start + 7},
		{"no word", "telegram", "/start "},
		{"no blank", "telegram", "/startx"},
		{"SQL", "telegram", "/start ' OR 1=1 --"},
		{"a hash", "telegram", "/start e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	};
	int64_t before = chat_state();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		chat_hear(CHANNEL_UPDATE_TEXT, rows[i].channel, "700", "700", rows[i].text);
		if (chat.reply.say != NULL || chat.reply.toast != NULL || chat_state() != before)
			fail_msg("%s", rows[i].name);
	}
	chat_hear(CHANNEL_UPDATE_BUTTON, "telegram", "700", "700", start); /* a button brings nobody */
	assert_int_equal(chat_state(), before);
	office_run(&chat.office, "UPDATE person SET active = 0 WHERE id = 'new'");
	before = chat_state();
	chat_write("700", start);
	assert_null(chat.reply.say);
	assert_int_equal(chat_state(), before);
	assert_string_equal(address("new", "telegram"), "");
}

static void talk_enrol__name_of_the_bot__may_follow_the_command(void **state)
{
	(void)state;
	char text[120];
	invite("new", "telegram", chat.now_utc + 60);
	chat.talk.bot = "Office_bot";
	(void)snprintf(text, sizeof(text), "/start@other_bot %s", start + 7);
	chat_write("700", text);
	assert_int_equal(invites(), 1);
	(void)snprintf(text, sizeof(text), "/start@office_bot %s", start + 7);
	chat_write("700", text);
	assert_string_equal(address("new", "telegram"), "700");
}

/* ---- leaving ------------------------------------------------------------------------------------------------------ */

static int64_t suspended(const char *person)
{
	return office_number(&chat.office, "SELECT count(*) FROM suspension WHERE person = '%s' AND reason IS NOT NULL",
			     person);
}

static void talk_gone__blocked__is_left_in_peace_and_the_operator_told_once(void **state)
{
	(void)state;
	chat_hear(CHANNEL_UPDATE_GONE, "telegram", "100", "100", "");
	assert_int_equal(suspended("anna"), 1);
	assert_string_equal(chat_ledger(), "anna telegram suspend anna telegram");
	chat_hear(CHANNEL_UPDATE_GONE, "telegram", "100", "100", "");
	assert_string_equal(chat_ledger(), "anna telegram suspend anna telegram");
	assert_int_equal(office_number(&chat.office, "SELECT count(*) FROM message WHERE person = 'operator'"), 1);
	assert_int_equal(chat_answers(), 0);

	chat_hear(CHANNEL_UPDATE_BACK, "telegram", "100", "100", "");
	assert_int_equal(suspended("anna"), 0);
	chat_hear(CHANNEL_UPDATE_BACK, "telegram", "100", "100", "");
	assert_string_equal(chat_ledger(), "anna telegram suspend anna telegram\nanna telegram release anna telegram");
}

static void talk_gone__group_that_threw_us_out__is_the_desk_s_and_not_the_sender_s(void **state)
{
	(void)state;
	chat_hear(CHANNEL_UPDATE_GONE, "telegram", "100", "-500", "");
	assert_int_equal(suspended("anna"), 0);
	assert_int_equal(suspended("desk"), 1);
	int64_t before = chat_state();
	chat_hear(CHANNEL_UPDATE_GONE, "telegram", "999", "999", "");
	chat_hear(CHANNEL_UPDATE_BACK, "telegram", "999", "999", "");
	chat_hear(CHANNEL_UPDATE_GONE, "telegram", "600", "600", "");
	chat_hear(CHANNEL_UPDATE_GONE, "max", "100", "100", "");
	assert_int_equal(chat_state(), before);
}

static void talk_hear__who_writes_again__is_written_to_again(void **state)
{
	(void)state;
	chat_hear(CHANNEL_UPDATE_GONE, "telegram", "100", "100", "");
	chat_hear(CHANNEL_UPDATE_TEXT, "telegram", "100", "-500", "/help"); /* that says nothing of the private chat */
	assert_int_equal(suspended("anna"), 1);
	assert_int_equal(chat_answers(), 0);
	chat_write("100", "/help");
	assert_int_equal(suspended("anna"), 0);
	chat_assert_has(chat_answer(), "anna: Что можно спросить");
	assert_string_equal(chat_ledger(), "anna telegram suspend anna telegram\nanna telegram release anna telegram");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(invite_new__word__has_128_bits_and_only_its_hash_is_kept),
		TEST(talk_enrol__right_word__takes_the_chat_once),
		TEST(talk_enrol__in_every_language__is_welcomed),
		TEST(talk_enrol__new_chat__replaces_the_old_one_which_is_heard_no_more),
		TEST(talk_enrol__that_cannot_be__says_why),
		TEST(talk_enrol__what_is_no_invitation__is_silence),
		TEST(talk_enrol__name_of_the_bot__may_follow_the_command),
		TEST(talk_gone__blocked__is_left_in_peace_and_the_operator_told_once),
		TEST(talk_gone__group_that_threw_us_out__is_the_desk_s_and_not_the_sender_s),
		TEST(talk_hear__who_writes_again__is_written_to_again),
	};
	return cmocka_run_group_tests(tests, NULL, chat_free_catalog);
}
