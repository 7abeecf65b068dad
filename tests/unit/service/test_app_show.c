#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "desk.h"

/* What is shown on a messenger follows its task, whoever it is shown to by then and whatever fails meanwhile. */

static const char config[] = "operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0d 1d before start at 09:00\n";

static int64_t add_task(const char *uid, const char *start, const char *people)
{
	return office_add_task(&desk.office, &(struct office_task){.uid = uid,
								   .start = start,
								   .zone = "Europe/Moscow",
								   .people = people,
								   .planned_until = desk.now.wall_s});
}

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	app_free(desk.app);
	desk.is_two_way = true;
	desk_start(config);
	office_add_person(&desk.office, "anna", "Europe/Moscow", "telegram");
	office_add_person(&desk.office, "op", "Europe/Moscow", "email");
	(void)add_task("visit", "2025-06-15", "anna");
	desk_tick();
	desk_move_to("2025-06-14T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void answer(void)
{
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
}

static void finish(const char *uid)
{
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid = '%s'", uid);
	desk_tick();
}

static size_t edits(void)
{
	size_t n = 0;
	for (size_t i = 0; i < desk.n_sendings; i++)
		n += desk.sendings[i].act == CHANNEL_EDIT;
	return n;
}

static void shown__task_changes_while_its_message_is_under_way__is_edited_once_it_is_there(void **state)
{
	(void)state;
	finish("visit");
	assert_int_equal(edits(), 0);
	answer();
	assert_int_equal(edits(), 1);
	answer();
	desk_move(3600);
	desk_tick();
	assert_int_equal(edits(), 1);
}

/* The services count the messages of each chat: the same number is another message there. */
static void shown__reader_has_another_chat__nothing_is_changed_in_it(void **state)
{
	(void)state;
	answer();
	office_run(&desk.office, "UPDATE address SET address = '-100777' WHERE person = 'anna'");
	finish("visit");
	assert_int_equal(edits(), 0);
}

static void shown__reader_left__does_not_hear_of_the_new_date(void **state)
{
	(void)state;
	answer();
	office_run(&desk.office, "UPDATE person SET active = 0 WHERE id = 'anna'");
	finish("visit");
	assert_int_equal(edits(), 0);
}

static void shown__reader_takes_no_part_any_more__does_not_hear_of_the_new_date(void **state)
{
	(void)state;
	answer();
	office_run(&desk.office, "DELETE FROM part");
	finish("visit");
	assert_int_equal(edits(), 0);
}

static void shown__clock_is_set_back_after_a_failure__is_tried_again_soon(void **state)
{
	(void)state;
	answer();
	finish("visit");
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	desk_tick();
	desk_move(-7200);
	desk_tick();
	desk_move(60);
	desk_tick();
	assert_int_equal(edits(), 2);
}

/* More of them than are changed at a time. */
static void shown__some_can_never_be_changed__the_others_are(void **state)
{
	enum { BROKEN = 8 };
	(void)state;
	answer();
	for (int i = 0; i < BROKEN; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		(void)add_task(uid, "2025-06-16", "anna");
	}
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	answer();
	(void)add_task("last", "2025-06-17", "anna");
	desk_move_to("2025-06-16T06:00");
	desk_tick();
	answer();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown"), desk_count("sent"));
	office_run(&desk.office, "UPDATE task SET title = 'Fair' WHERE uid LIKE 't_'");
	desk_tick();
	for (int i = 0; i < 3; i++) {
		desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
		desk_move(60);
		desk_tick();
	}
	size_t before = desk.n_sendings;
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid = 'last'");
	bool is_shown = false;
	for (int i = 0; i < 4; i++) {
		desk_tick();
		for (size_t j = before; j < desk.n_sendings; j++)
			is_shown = is_shown || strstr(desk.sendings[j].subject, "last") != NULL;
		desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
		desk_tick();
		desk_move(60);
	}
	assert_true(is_shown);
}

static void shown__much_is_to_be_changed__new_messages_have_precedence(void **state)
{
	(void)state;
	answer();
	desk.room = 1;
	(void)add_task("second", "2025-06-16", "anna");
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	answer();
	(void)add_task("third", "2025-06-17", "anna");
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid <> 'third'");
	desk_move_to("2025-06-16T06:00");
	desk_tick();
	assert_int_equal(desk.sendings[desk.n_sendings - 1].act, CHANNEL_SEND);
	for (int i = 0; i < 3; i++)
		answer();
	assert_int_equal(edits(), 2);
}

static void shown__edit_took_the_last_room__message_that_waits_goes_as_soon_as_it_is_over(void **state)
{
	(void)state;
	answer();
	desk.room = 1;
	finish("visit");
	assert_int_equal(edits(), 1);
	(void)add_task("second", "2025-06-15", "anna");
	desk_tick();
	desk_move_to("2025-06-14T06:10");
	desk_tick();
	size_t before = desk.n_sendings;
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_true(desk.n_wakes > 0);
	desk_tick();
	assert_true(desk.n_sendings >= before);
}

static void shown__reload_while_an_edit_is_under_way__edits_again_by_the_new_channel(void **state)
{
	(void)state;
	answer();
	finish("visit");
	app_reload(desk.app, desk_setup(config), desk.now);
	desk_tick();
	assert_int_equal(edits(), 2);
	answer(); /* both: the old channel goes */
	assert_int_equal(desk.n_channels, 2);
	desk_move(3600);
	desk_tick();
	assert_int_equal(edits(), 2);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown WHERE stale > 0"), 0);
}

static void shown__pass_cannot_be_committed__is_edited_once_by_a_later_one(void **state)
{
	(void)state;
	answer();
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid = 'visit'");
	office_run(&desk.office, "BEGIN IMMEDIATE");
	assert_int_equal(desk_try(), -EBUSY);
	assert_int_equal(edits(), 0);
	office_run(&desk.office, "ROLLBACK");
	desk_move(2);
	desk_tick();
	assert_int_equal(edits(), 1);
	office_run(&desk.office, "BEGIN IMMEDIATE");
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(desk_try(), -EBUSY);
	office_run(&desk.office, "ROLLBACK");
	desk_move(2);
	desk_tick();
	assert_int_equal(edits(), 1);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown WHERE stale > 0"), 0);
}

static void shown__more_changes_while_some_are_under_way__waits_for_these(void **state)
{
	(void)state;
	answer();
	(void)add_task("second", "2025-06-16", "anna");
	(void)add_task("third", "2025-06-16", "anna");
	(void)add_task("fourth", "2025-06-16", "anna");
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	answer();
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid IN ('visit', 'second')");
	desk_tick();
	size_t before = edits();
	finish("third");
	finish("fourth");
	assert_int_equal(edits(), before);
	answer();
	assert_int_equal(edits(), before + 2);
	answer();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown WHERE stale > 0"), 0);
}

/* What was missed comes as one message. */
static void shown__one_of_several_is_over__goes_and_the_last_is_said_to_be_over(void **state)
{
	(void)state;
	answer();
	desk_crash(config);
	(void)add_task("second", "2025-06-16", "anna");
	(void)add_task("third", "2025-06-16", "anna");
	desk_move_to("2025-06-15T18:00");
	desk_tick();
	const struct desk_sending *message = &desk.sendings[desk.n_sendings - 1];
	assert_non_null(strstr(message->text, "second"));
	assert_non_null(strstr(message->text, "third"));
	answer();
	finish("second");
	message = &desk.sendings[desk.n_sendings - 1];
	assert_int_equal(message->act, CHANNEL_EDIT);
	assert_null(strstr(message->text, "second"));
	assert_non_null(strstr(message->text, "third"));
	answer();
	finish("visit");
	answer();
	finish("third");
	message = &desk.sendings[desk.n_sendings - 1];
	assert_int_equal(message->act, CHANNEL_EDIT);
	assert_string_equal(message->subject, "Done: Title of third");
	const char *second = strstr(message->text, "Done: Title of second");
	assert_non_null(second);
	assert_non_null(strstr(second, "\nThis task is done"));
	assert_string_equal(message->buttons, "");
	assert_null(strstr(message->text, "Done: Title of third"));
}

/* The end of a date under which it was told before is not said besides. */
static void shown__task_of_two_dates_is_over__is_named_once(void **state)
{
	(void)state;
	answer();
	desk_crash(config);
	(void)add_task("second", "2025-06-16", "anna");
	desk_move_to("2025-06-15T18:00");
	desk_tick();
	answer();
	office_run(&desk.office, "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
				 " SELECT task, '2025-06-01', 'before', person, channel, due_utc, message FROM reminder"
				 " WHERE task = (SELECT id FROM task WHERE uid = 'second') LIMIT 1");
	finish("visit");
	answer();
	office_run(&desk.office, "UPDATE task SET status = 'cancelled' WHERE uid = 'second'");
	desk_tick();
	const struct desk_sending *message = &desk.sendings[desk.n_sendings - 1];
	assert_int_equal(message->act, CHANNEL_EDIT);
	assert_string_equal(message->subject, "Cancelled: Title of second");
	assert_null(strstr(message->text, "Cancelled: "));
}

static void shown__task_moves__says_both_dates(void **state)
{
	(void)state;
	answer();
	desk_move(7200);
	office_run(&desk.office, "UPDATE task SET start_local = '2025-06-16', end_local = '2025-06-16'");
	desk_tick();
	const struct desk_sending *edit = NULL;
	for (size_t i = 0; i < desk.n_sendings; i++)
		edit = desk.sendings[i].act == CHANNEL_EDIT ? &desk.sendings[i] : edit;
	assert_non_null(edit);
	assert_non_null(strstr(edit->text, "new date"));
	assert_non_null(strstr(edit->text, "June 16, 2025"));
	assert_non_null(strstr(edit->text, "Previous date: Sunday, June 15, 2025\n"));
	assert_null(strstr(edit->text, "later than it should"));
}

static void shown__task_is_deleted__is_said_to_be_over(void **state)
{
	(void)state;
	answer();
	desk_move(7200);
	office_run(&desk.office, "DELETE FROM task WHERE uid = 'visit'");
	desk_tick();
	const struct desk_sending *message = &desk.sendings[desk.n_sendings - 1];
	assert_int_equal(message->act, CHANNEL_EDIT);
	assert_string_equal(message->subject, "Not in the plan any more: Title of visit");
	assert_int_equal(strncmp(message->text, "Title of visit\n", strlen("Title of visit\n")), 0);
	assert_non_null(strstr(message->text, "June 15, 2025"));
	assert_non_null(strstr(message->text, "In the plan: visit"));
	assert_null(strstr(message->text, "later than it should"));
	assert_string_equal(message->buttons, "");
	answer();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown WHERE stale > 0"), 0);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown_gone"), 1);
	office_run(&desk.office, "DELETE FROM shown");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown_gone"), 0);
}

static void shown__task_is_deleted_under_way__is_edited_once_it_is_there(void **state)
{
	(void)state;
	office_run(&desk.office, "DELETE FROM task WHERE uid = 'visit'");
	desk_tick();
	assert_int_equal(edits(), 0);
	answer();
	const struct desk_sending *message = &desk.sendings[desk.n_sendings - 1];
	assert_int_equal(message->act, CHANNEL_EDIT);
	assert_string_equal(message->subject, "Not in the plan any more: Title of visit");
}

static void shown__deleted_beside_another__goes_and_is_said_in_the_end(void **state)
{
	(void)state;
	answer();
	desk_crash(config);
	(void)add_task("second", "2025-06-16", "anna");
	desk_move_to("2025-06-15T18:00");
	desk_tick();
	answer();
	office_run(&desk.office, "DELETE FROM task WHERE uid = 'second'");
	desk_tick();
	const struct desk_sending *message = &desk.sendings[desk.n_sendings - 1];
	assert_int_equal(message->act, CHANNEL_EDIT);
	assert_null(strstr(message->text, "second"));
	assert_non_null(strstr(message->text, "visit"));
	answer();
	finish("visit");
	answer();
	message = &desk.sendings[desk.n_sendings - 1];
	assert_int_equal(message->act, CHANNEL_EDIT);
	assert_string_equal(message->subject, "Done: Title of visit");
	assert_non_null(strstr(message->text, "Not in the plan any more: Title of second"));
}

static void shown__reader_takes_no_part_any_more__does_not_hear_that_it_is_deleted(void **state)
{
	(void)state;
	answer();
	size_t before = edits();
	office_run(&desk.office, "DELETE FROM part WHERE person = 'anna'; DELETE FROM task WHERE uid = 'visit'");
	desk_tick();
	assert_int_equal(edits(), before);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown WHERE stale > 0"), 0);
}

/* What may have killed the process is sent alone. */
static void shown__message_is_suspected__nothing_is_edited_beside_it(void **state)
{
	(void)state;
	answer();
	(void)add_task("second", "2025-06-16", "anna");
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	app_free(desk.app);
	desk.listening.cb = NULL;
	office_reopen(&desk.office);
	desk.app = app_new(desk.office.store, desk_setup(config), NULL, desk.now, desk_wake, NULL);
	app_note_crash(desk.app);
	OK(app_start(desk.app, desk.now, ERR));
	desk_move(600);
	finish("visit");
	assert_int_equal(desk.n_flying, 1);
	assert_int_equal(desk.flying[0].act, CHANNEL_SEND);
	assert_int_equal(edits(), 0);
	answer();
	assert_int_equal(edits(), 1);
}

/* The whole channel fails: that says nothing of the message. */
static void shown__credentials_are_refused__is_tried_until_they_are_not(void **state)
{
	(void)state;
	answer();
	finish("visit");
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_CHANNEL);
	desk_tick();
	desk_move(60);
	desk_tick();
	assert_int_equal(edits(), 2);
}

static void shown__message_is_refused__leaves_nothing_behind(void **state)
{
	(void)state;
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown"), 0);
}

static void shown__more_than_the_rate_allows__is_edited_at_that_rate(void **state)
{
	(void)state;
	answer();
	for (int i = 0; i < 4; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		(void)add_task(uid, "2025-06-16", "anna");
	}
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	answer();
	app_reload(desk.app,
		   desk_setup("operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			      "[channel telegram]\ntype = maildir\npath = mail\nrate = 1/m\n"
			      "[policy default]\nremind = 0d 1d before start at 09:00\n"),
		   desk.now);
	desk_move(3600);
	desk_tick();
	office_run(&desk.office, "UPDATE task SET title = 'Fair' WHERE uid LIKE 't_'");
	office_run(&desk.office, "CREATE TRIGGER no BEFORE UPDATE ON shown WHEN new.stale = 2 BEGIN"
				 " SELECT RAISE(ABORT, 'no'); END");
	assert_true(desk_try() < 0);
	office_run(&desk.office, "DROP TRIGGER no");
	desk_move(60);
	for (size_t i = 1; i <= 4; i++) {
		desk_tick();
		answer();
		assert_int_equal(edits(), i);
		int64_t wait = app_next_wake_utc(desk.app) - desk.now.wall_s;
		assert_true(i == 4 || wait <= 60);
		desk_move(60);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shown__task_changes_while_its_message_is_under_way__is_edited_once_it_is_there),
		TEST(shown__reader_has_another_chat__nothing_is_changed_in_it),
		TEST(shown__reader_left__does_not_hear_of_the_new_date),
		TEST(shown__reader_takes_no_part_any_more__does_not_hear_of_the_new_date),
		TEST(shown__clock_is_set_back_after_a_failure__is_tried_again_soon),
		TEST(shown__some_can_never_be_changed__the_others_are),
		TEST(shown__much_is_to_be_changed__new_messages_have_precedence),
		TEST(shown__edit_took_the_last_room__message_that_waits_goes_as_soon_as_it_is_over),
		TEST(shown__reload_while_an_edit_is_under_way__edits_again_by_the_new_channel),
		TEST(shown__pass_cannot_be_committed__is_edited_once_by_a_later_one),
		TEST(shown__more_changes_while_some_are_under_way__waits_for_these),
		TEST(shown__one_of_several_is_over__goes_and_the_last_is_said_to_be_over),
		TEST(shown__task_of_two_dates_is_over__is_named_once),
		TEST(shown__task_moves__says_both_dates),
		TEST(shown__task_is_deleted__is_said_to_be_over),
		TEST(shown__task_is_deleted_under_way__is_edited_once_it_is_there),
		TEST(shown__deleted_beside_another__goes_and_is_said_in_the_end),
		TEST(shown__reader_takes_no_part_any_more__does_not_hear_that_it_is_deleted),
		TEST(shown__message_is_suspected__nothing_is_edited_beside_it),
		TEST(shown__credentials_are_refused__is_tried_until_they_are_not),
		TEST(shown__message_is_refused__leaves_nothing_behind),
		TEST(shown__more_than_the_rate_allows__is_edited_at_that_rate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
