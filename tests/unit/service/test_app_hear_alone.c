#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "desk.h"

/* What somebody wrote makes the process crash: it is found, passed over and told of, and the others are heard, each once.
 * The crash is played: a trigger lets the update fail inside of its transaction, and the app is thrown away there. */

static const char config[] = "operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0d before start at 09:00\n";

static const char poison[] = "CREATE TRIGGER poison BEFORE UPDATE OF status ON task WHEN new.uid = 'fair' BEGIN"
			     " SELECT zeroblob(2000000000); END";

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	app_free(desk.app);
	desk.is_two_way = true;
	desk_start(config);
	office_add_person(&desk.office, "anna", "Europe/Moscow", "telegram");
	office_add_person(&desk.office, "op", "Europe/Moscow", "email");
	office_run(&desk.office, "UPDATE address SET address = '101' WHERE person = 'anna'");
	const char *const uids[] = {"visit", "fair", "talks"};
	for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++)
		(void)office_add_task(&desk.office, &(struct office_task){.uid = uids[i],
									  .start = "2025-06-15",
									  .zone = "Europe/Moscow",
									  .people = "anna",
									  .planned_until = desk.now.wall_s});
	desk_tick();
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void restart(bool is_crash)
{
	app_free(desk.app);
	desk.listening.cb = NULL;
	office_reopen(&desk.office);
	desk.app = app_new(desk.office.store, desk_setup(config), NULL, desk.now, desk_wake, NULL);
	if (is_crash)
		app_note_crash(desk.app);
	OK(app_start(desk.app, desk.now, ERR));
	OK(desk_try());
}

/* The service gives all that it has: "Done" under the messages of these tasks. */
static void hear(const char *const *uids, size_t n, const char *next)
{
	struct channel_updates updates = {.items = mem_zero(n, sizeof(struct channel_update)), .n = n};
	channel_updates_cb cb = desk.listening.cb;
	assert_non_null(cb);
	for (size_t i = 0; i < n; i++)
		updates.items[i] = (struct channel_update){
			.kind = CHANNEL_UPDATE_BUTTON,
			.sender = mem_dup("101"),
			.chat = mem_dup("101"),
			.text = mem_printf("d %lld 2025-06-15",
					   (long long)office_number(&desk.office,
								    "SELECT id FROM task WHERE uid = '%s'", uids[i])),
			.answer_id = mem_printf("cb-%zu", i)};
	updates.next = mem_dup(next);
	desk.listening.cb = NULL;
	cb(desk.listening.arg, &updates, NULL);
}

static const char *const all[] = {"visit", "fair", "talks"};

static const char *done(void)
{
	return office_text(&desk.office, "SELECT coalesce(group_concat(uid), '') FROM (SELECT uid FROM task"
					 " WHERE status = 'done' ORDER BY uid)");
}

static int64_t ledger(const char *action)
{
	return office_number(&desk.office, "SELECT count(*) FROM ledger WHERE action = '%s'", action);
}

static int64_t marks(void)
{
	return office_number(&desk.office, "SELECT count(*) FROM heard");
}

/* Until a pass fails, as the one does in which the process would die; false: none does. */
static bool dies(void)
{
	for (int i = 0; i < 20; i++) {
		int status = desk_try();
		if (status < 0) {
			assert_int_equal(status, -EIO);
			return true;
		}
	}
	return false;
}

static void hear_alone__no_crash_before__marks_nothing(void **state)
{
	(void)state;
	restart(false);
	hear(all, 3, "8");
	OK(desk_try());
	assert_int_equal(marks(), 0);
	assert_string_equal(done(), "fair,talks,visit");
}

static void hear_alone__update_that_kills__is_passed_over_and_the_others_are_applied_once(void **state)
{
	(void)state;
	office_run(&desk.office, "%s", poison);
	hear(all, 3, "8");
	assert_true(dies());
	assert_string_equal(done(), "");
	restart(true);
	hear(all, 3, "8");
	assert_true(dies());
	assert_string_equal(done(), "visit"); /* it came before, and is committed */
	assert_int_equal(marks(), 2);
	restart(true);
	assert_string_equal(desk.listening.next, "");
	hear(all, 3, "8");
	desk_tick();
	assert_string_equal(done(), "talks,visit");
	assert_int_equal(ledger("done"), 2);
	assert_int_equal(ledger("pass over"), 1);
	assert_string_equal(
		office_text(&desk.office, "SELECT person || through FROM ledger WHERE action = 'pass over'"),
		"annatelegram");
	assert_string_equal(
		office_text(&desk.office, "SELECT substr(text, 1, 52) FROM notice WHERE text LIKE 'channel%%'"),
		"channel telegram: a button that anna pressed is pass");
	assert_int_equal(marks(), 0);
	assert_string_equal(desk.listening.next, "8");
	restart(true);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice"), 1);
}

static void hear_alone__everything_is_applied__is_answered_and_then_heard_in_passes(void **state)
{
	(void)state;
	restart(true);
	hear(all, 3, "8");
	OK(desk_try());
	assert_string_equal(done(), "visit"); /* the loop goes round between two of them */
	assert_true(app_next_wake_utc(desk.app) <= desk.now.wall_s);
	desk_tick();
	assert_string_equal(done(), "fair,talks,visit");
	size_t answers = 0;
	for (size_t i = 0; i < desk.n_sendings; i++)
		answers += desk.sendings[i].act == CHANNEL_ANSWER;
	assert_int_equal(answers, 3);
	office_run(&desk.office, "UPDATE task SET status = 'open'");
	hear(all, 3, "9");
	OK(desk_try());
	assert_string_equal(done(), "fair,talks,visit");
	assert_string_equal(desk.listening.next, "9");
}

/* "/help", as often as that, which is answered by a message each time. */
static void hear_help(size_t n)
{
	struct channel_updates updates = {.items = mem_zero(n, sizeof(struct channel_update)), .n = n};
	channel_updates_cb cb = desk.listening.cb;
	assert_non_null(cb);
	for (size_t i = 0; i < n; i++)
		updates.items[i] = (struct channel_update){.kind = CHANNEL_UPDATE_TEXT,
							   .sender = mem_dup("101"),
							   .chat = mem_dup("101"),
							   .text = mem_dup("/help")};
	updates.next = mem_dup("8");
	desk.listening.cb = NULL;
	cb(desk.listening.arg, &updates, NULL);
}

static int64_t helped(void)
{
	return office_number(&desk.office, "SELECT count(*) FROM message WHERE person = 'anna'");
}

static void hear_alone__same_words_twice__are_both_heard(void **state)
{
	(void)state;
	restart(true);
	hear_help(2);
	desk_tick();
	assert_int_equal(helped(), 2);
}

static void hear_alone__ends_in_the_middle__goes_on_behind_what_was_applied(void **state)
{
	for (int is_crash = 0; is_crash < 2; is_crash++) {
		if (is_crash != 0) {
			assert_int_equal(close_desk(state), 0);
			assert_int_equal(open_desk(state), 0);
		}
		restart(true);
		hear_help(3);
		OK(desk_try());
		assert_int_equal(helped(), 1);
		restart(is_crash != 0);
		hear_help(3);
		desk_tick();
		assert_int_equal(helped(), 3);
		assert_int_equal(ledger("pass over"), 0);
	}
}

/* Ended by somebody, or with the machine: nothing says that the update was the cause. */
static void hear_alone__process_did_not_crash__blames_nobody(void **state)
{
	for (int is_new_boot = 0; is_new_boot < 2; is_new_boot++) {
		if (is_new_boot != 0) {
			assert_int_equal(close_desk(state), 0);
			assert_int_equal(open_desk(state), 0);
		}
		office_run(&desk.office, "%s", poison);
		restart(true);
		hear(all, 3, "8");
		assert_true(dies());
		if (is_new_boot != 0)
			desk.now.up_s = -3600; /* it was started an hour from when it was before */
		restart(is_new_boot != 0);
		assert_int_equal(ledger("pass over"), 0);
		office_run(&desk.office, "DROP TRIGGER poison");
		hear(all, 3, "8");
		desk_tick();
		assert_string_equal(done(), "fair,talks,visit");
		assert_int_equal(ledger("done"), 3); /* the one that was applied alone is not again */
	}
}

static void hear_alone__update_is_to_blame__no_message_is(void **state)
{
	(void)state;
	office_run(&desk.office,
		   "INSERT INTO message (person, channel, kind, state, not_before, due_utc, domain)"
		   " VALUES ('op', 'email', 'notice', 'pending', %lld, %lld, 'example.org')",
		   (long long)desk.now.wall_s, (long long)desk.now.wall_s);
	office_run(&desk.office, "INSERT INTO notice (message, text) SELECT id, 'Look.' FROM message");
	OK(desk_try());
	assert_int_equal(desk_count("sending"), 1);
	restart(true); /* it is suspect now, and in flight alone when the update kills */
	desk_move(600);
	office_run(&desk.office, "%s", poison);
	OK(desk_try());
	assert_int_equal(desk_count("sending"), 1);
	hear(all, 3, "8");
	assert_true(dies());
	restart(true);
	assert_int_equal(ledger("pass over"), 1);
	assert_int_equal(desk_count("held"), 0);
}

static void hear_alone__reload_in_the_middle__applies_the_rest_alone(void **state)
{
	(void)state;
	restart(true);
	hear(all, 3, "8");
	OK(desk_try());
	assert_string_equal(done(), "visit");
	app_reload(desk.app, desk_setup(config), desk.now);
	OK(desk_try());
	hear(all, 3, "8");
	desk_tick();
	assert_string_equal(done(), "fair,talks,visit");
	assert_int_equal(ledger("done"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hear_alone__no_crash_before__marks_nothing),
		TEST(hear_alone__update_that_kills__is_passed_over_and_the_others_are_applied_once),
		TEST(hear_alone__everything_is_applied__is_answered_and_then_heard_in_passes),
		TEST(hear_alone__same_words_twice__are_both_heard),
		TEST(hear_alone__ends_in_the_middle__goes_on_behind_what_was_applied),
		TEST(hear_alone__process_did_not_crash__blames_nobody),
		TEST(hear_alone__update_is_to_blame__no_message_is),
		TEST(hear_alone__reload_in_the_middle__applies_the_rest_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
