#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "desk.h"
#include "disk.h"
#include "service/app_priv.h"
#include "service/audit_priv.h"

/* Letters are written while the disk still writes that they are going to be sent; when it does not keep that, they are not
 * sent, and nothing is lost or done twice. */

static const char config[] = "operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0d 1d before start at 09:00\n";

enum { FOR_EVER = 1000000 };

static int64_t add_task(const char *uid, const char *start, const char *people)
{
	return office_add_task(&desk.office, &(struct office_task){.uid = uid,
								   .start = start,
								   .zone = "Europe/Moscow",
								   .people = people,
								   .planned_until = desk.now.wall_s});
}

/* Reminders of the visit are due now, at nine. */
static int open_desk(void **state)
{
	(void)state;
	disk.n_failing = 0;
	desk_open(config, "2025-06-01T00:00");
	app_free(desk.app);
	desk.is_two_way = true;
	desk_start(config);
	office_add_person(&desk.office, "anna", "Europe/Moscow", "telegram");
	office_add_person(&desk.office, "boris", "Europe/Moscow", "email");
	office_add_person(&desk.office, "op", "Europe/Moscow", "email");
	office_run(&desk.office, "UPDATE address SET address = '101' WHERE person = 'anna'");
	(void)add_task("visit", "2025-06-15", "anna boris");
	(void)add_task("fair", "2025-06-16", "boris");
	desk_tick();
	desk_move_to("2025-06-14T06:00");
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

/* Passes for so long as the app asks for them. */
static void live(int64_t seconds)
{
	int64_t end_utc = desk.now.wall_s + seconds;
	while (desk.now.wall_s < end_utc) {
		assert_int_equal(desk_try(), -EIO);
		assert_true(app_next_wake_utc(desk.app) > desk.now.wall_s);
		desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
	}
}

static void durable__before_anything_is_sent(void **state)
{
	(void)state;
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	assert_true(desk.sendings[0].is_recorded);
	assert_true(desk.sendings[1].is_recorded);
}

static void durable__one_sync_fails__the_log_is_brought_in_and_they_are_sent(void **state)
{
	(void)state;
	disk.n_failing = 1;
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	assert_true(desk.sendings[0].is_recorded);
	assert_int_equal(disk.n_failing, 0);
	assert_int_equal(office_number(&desk.office, "PRAGMA wal_checkpoint"), 0);
	assert_null(app_trouble(desk.app));
}

static void durable__syncs_fail__nothing_is_sent_until_they_do_not(void **state)
{
	(void)state;
	disk.n_failing = FOR_EVER;
	live(30);
	assert_non_null(app_trouble(desk.app));
	assert_int_equal(desk.n_sendings, 0);
	disk.n_failing = 0;
	desk_tick();
	assert_null(app_trouble(desk.app));
	desk_move(2);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk_count("sent"), 2);
	assert_int_equal(office_number(&desk.office, "SELECT sum(attempts) FROM message"), 2);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM attempt WHERE outcome = 'throttled'"), 2);
}

/* The watchman hears of an audit when it is taken. */
static void durable__syncs_fail__no_audit_is_taken(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	desk_tick();
	app_use_audit(desk.app, desk.now);
	desk_move(3600);
	while (desk.app->audit->stage != AUDIT_END)
		OK(desk_try());
	(void)office_add_message(&desk.office, 1, "boris", "email", "sync", desk.now.wall_s);
	disk.n_failing = FOR_EVER;
	live(2);
	assert_int_equal(desk.app->audit->stage, AUDIT_ENDED);
	disk.n_failing = 0;
	desk_tick();
	assert_int_equal(desk.app->audit->stage, AUDIT_RESTS);
}

/* Of what came back in that pass nothing is recorded twice. */
static void durable__syncs_fail__results_are_recorded_once(void **state)
{
	(void)state;
	desk.answers_at_once = false;
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	disk.n_failing = FOR_EVER;
	live(4);
	disk.n_failing = 0;
	desk_tick();
	assert_int_equal(desk_count("dead"), 2);
	assert_int_equal(office_number(&desk.office, "SELECT max(refusals) FROM suspension"), 1);
	desk_move(2);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM attempt WHERE outcome = 'permanent'"), 2);
}

static void durable__syncs_fail__what_people_wrote_is_applied_once_and_answered(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	desk_tick();
	desk_hear(CHANNEL_UPDATE_BUTTON, "101", "101", "d 1 2025-06-15", "cb-1", "8");
	size_t before = desk.n_sendings;
	desk_move_to("2025-06-15T06:00"); /* boris is to hear of the fair */
	disk.n_failing = FOR_EVER;
	live(4);
	assert_int_equal(desk.n_sendings, before);
	assert_null(desk.listening.cb); /* the service would forget what it told */
	disk.n_failing = 0;
	desk_tick();
	assert_string_equal(desk.sendings[before].answer_id, "cb-1");
	assert_string_equal(desk.listening.next, "8");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM ledger WHERE action = 'done'"), 1);
}

/* Only the last pass of all takes back what the button has made useless: that has its result, and gets no other. */
static void durable__kept_by_the_disk_only_at_the_end__what_is_taken_back_is_settled_once(void **state)
{
	(void)state;
	desk.recalls = true;
	desk_tick();
	assert_int_equal(desk.n_flying, 2);
	desk_hear(CHANNEL_UPDATE_BUTTON, "101", "101", "d 1 2025-06-15", "cb-1", "8");
	desk_move_to("2025-06-15T06:00"); /* boris is to hear of the fair */
	disk.n_failing = FOR_EVER;
	assert_int_equal(desk_try(), -EIO);
	disk.n_failing = 0;
	app_stop(desk.app);
	desk.n_wakes = 0; /* one for each result */
	OK(app_abandon(desk.app, desk.now, ERR));
	assert_int_equal(desk_count("cancelled"), 2);
	assert_int_equal(desk.n_wakes, 2);
}

/* Also when something else changes until then. */
static void durable__syncs_fail__edits_are_made_later(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	(void)add_task("call", "2025-06-16", "anna");
	desk_tick();
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown"), 3);
	size_t before = desk.n_sendings;
	desk_move_to("2025-06-16T06:00"); /* there is to be told of the call and the fair */
	office_run(&desk.office, "UPDATE task SET title = 'Visitors' WHERE uid = 'visit'");
	disk.n_failing = FOR_EVER;
	live(4);
	assert_int_equal(desk.n_sendings, before);
	disk.n_failing = 0;
	office_run(&desk.office, "UPDATE task SET title = 'Call' WHERE uid = 'call'");
	desk_tick();
	desk_move(60);
	desk_tick();
	size_t n_visitors = 0;
	for (size_t i = before; i < desk.n_sendings; i++)
		n_visitors += desk.sendings[i].act == CHANNEL_EDIT && strstr(desk.sendings[i].text, "Visitors") != NULL;
	assert_int_equal(n_visitors, 2);
	assert_int_equal(office_number(&desk.office, "SELECT max(stale) FROM shown"), 0);
}

/* The next pass can begin, and fails at the end, when it claims. */
static void pass_undone(void)
{
	office_run(&desk.office, "CREATE TRIGGER full BEFORE UPDATE ON message WHEN old.state = 'sending'"
				 " BEGIN SELECT RAISE(FAIL, 'full'); END");
	assert_true(desk_try() < 0);
	office_run(&desk.office, "DROP TRIGGER full");
	desk_move(2);
}

static void durable__syncs_fail_and_a_pass_is_undone__what_people_wrote_is_applied_once(void **state)
{
	(void)state;
	desk_hear(CHANNEL_UPDATE_TEXT, "101", "101", "/today", NULL, "7");
	disk.n_failing = FOR_EVER;
	live(2);
	disk.n_failing = 0;
	pass_undone();
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice WHERE subject <> ''"), 1);
	assert_string_equal(desk.listening.next, "7");
}

static size_t n_edits(void)
{
	size_t n = 0;
	for (size_t i = 0; i < desk.n_sendings; i++)
		n += desk.sendings[i].act == CHANNEL_EDIT;
	return n;
}

static void durable__syncs_fail_and_a_pass_is_undone__edits_are_made(void **state)
{
	(void)state;
	desk.answers_at_once = true;
	desk_tick();
	desk_move_to("2025-06-15T06:00"); /* boris is to hear of the fair */
	office_run(&desk.office, "UPDATE task SET title = 'Visitors' WHERE uid = 'visit'");
	disk.n_failing = FOR_EVER;
	live(2);
	disk.n_failing = 0;
	pass_undone();
	desk_tick();
	assert_int_equal(n_edits(), 1);
	assert_int_equal(office_number(&desk.office, "SELECT max(stale) FROM shown"), 0);
}

/* How an edit ended is recorded in the very pass that takes the next one of the same message. */
static void durable__syncs_fail__edit_that_fails_then_is_tried_again(void **state)
{
	(void)state;
	desk_tick();
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	desk_move_to("2025-06-15T06:00"); /* boris is to hear of the fair, as soon as there is room */
	desk.room = 0;
	desk_tick();
	desk.room = 64;
	office_run(&desk.office, "UPDATE message SET not_before = %lld WHERE state = 'pending'",
		   (long long)desk.now.wall_s + 60);
	office_run(&desk.office, "UPDATE task SET title = 'Visitors' WHERE uid = 'visit'");
	desk_tick();
	assert_int_equal(n_edits(), 1);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	office_run(&desk.office, "UPDATE task SET title = 'Guests' WHERE uid = 'visit'");
	desk_move(60);
	disk.n_failing = FOR_EVER;
	live(2);
	disk.n_failing = 0;
	desk_tick();
	assert_int_equal(n_edits(), 2);
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	desk_tick();
	desk_move(60);
	desk_tick();
	assert_int_equal(n_edits(), 3);
}

static size_t n_on_telegram(enum channel_act act)
{
	size_t n = 0;
	for (size_t i = 0; i < desk.n_flying; i++)
		n += desk.flying[i].act == act && strcmp(desk.flying[i].channel->name, "telegram") == 0;
	return n;
}

/* One edit is taken by a pass that the disk does not keep; from then on it does. */
static void keep_an_edit(void)
{
	desk.answers_at_once = true;
	desk_tick();
	desk.answers_at_once = false;
	desk_move(60);
	office_run(&desk.office, "UPDATE task SET title = 'Visitors' WHERE uid = 'visit'");
	(void)office_add_message(&desk.office, 1, "boris", "email", "sync", desk.now.wall_s);
	disk.n_failing = FOR_EVER;
	live(2);
	disk.n_failing = 0;
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown WHERE stale = 2"), 1);
}

/* A channel takes it for a fault of ours, and aborts, when it is handed more than it has room for. */
static void durable__edits_are_kept__new_messages_leave_them_room(void **state)
{
	(void)state;
	desk.room = 2;
	keep_an_edit();
	for (int i = 0; i < 5; i++) {
		char step[16];
		(void)snprintf(step, sizeof(step), "s%d", i);
		(void)office_add_message(&desk.office, 1, "anna", "telegram", step, desk.now.wall_s);
	}
	OK(desk_try());
	assert_int_equal(n_on_telegram(CHANNEL_EDIT), 1);
	assert_int_equal(n_on_telegram(CHANNEL_SEND), 1);
}

static void durable__edits_are_kept__answers_leave_them_room(void **state)
{
	(void)state;
	desk.room = 1;
	keep_an_edit();
	desk_hear(CHANNEL_UPDATE_BUTTON, "101", "101", "d 1 2025-06-15", "cb-1", "8");
	OK(desk_try());
	assert_int_equal(n_on_telegram(CHANNEL_EDIT), 1);
	assert_int_equal(n_on_telegram(CHANNEL_ANSWER), 0);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	OK(desk_try());
	assert_int_equal(n_on_telegram(CHANNEL_ANSWER), 1);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
	const struct CMUnitTest tests[] = {
		ROW(durable__before_anything_is_sent),
		ROW(durable__one_sync_fails__the_log_is_brought_in_and_they_are_sent),
		ROW(durable__syncs_fail__nothing_is_sent_until_they_do_not),
		ROW(durable__syncs_fail__no_audit_is_taken),
		ROW(durable__syncs_fail__results_are_recorded_once),
		ROW(durable__syncs_fail__what_people_wrote_is_applied_once_and_answered),
		ROW(durable__kept_by_the_disk_only_at_the_end__what_is_taken_back_is_settled_once),
		ROW(durable__syncs_fail__edits_are_made_later),
		ROW(durable__syncs_fail_and_a_pass_is_undone__what_people_wrote_is_applied_once),
		ROW(durable__syncs_fail_and_a_pass_is_undone__edits_are_made),
		ROW(durable__syncs_fail__edit_that_fails_then_is_tried_again),
		ROW(durable__edits_are_kept__new_messages_leave_them_room),
		ROW(durable__edits_are_kept__answers_leave_them_room),
	};
	disk_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
