/* The hourly audit: sound work passes, each kind of failure is found, told once, kept for a day; and it is cheap. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "desk.h"
#include "service/audit.h"
#include "service/audit_plan.h"
#include "store/store_channel.h"

enum { HOUR = 3600 };

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 7d 1d before start at 09:00\nremind = 30m before start\n";

static struct office office;
static struct setup *setup;
static struct planner planner;
static struct planner_channel planner_channel = {.name = "email", .domain = "example.org"};
static struct audit_channel channel;
static struct audit *audit;
static int64_t now_utc, n_in_flight;

/* An office of two people and a daemon that has been up since an hour before now. */
static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	desk = (struct desk){0};
	office_open(&office);
	desk.office = office;
	setup = desk_setup(config);
	planner = (struct planner){.policies = setup->policies,
				   .channels = &planner_channel,
				   .n_channels = 1,
				   .catch_up_max_age_s = 7 * 86400,
				   .operator_id = "boss"};
	office_add_person(&office, "anna", "UTC", "email");
	office_add_person(&office, "boss", "UTC", "email");
	now_utc = utc("2025-06-01T00:00");
	n_in_flight = 0;
	channel = (struct audit_channel){.name = "email", .is_free = true, .heard_utc = now_utc};
	audit = audit_new(now_utc, HOUR);
	now_utc += HOUR;
	channel.heard_utc = now_utc;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	audit_free(audit);
	setup_free(setup);
	office_close(&office);
	return 0;
}

static struct audit_view look(void)
{
	return (struct audit_view){.store = office.store,
				   .planner = &planner,
				   .channels = &channel,
				   .n_channels = 1,
				   .n_in_flight = n_in_flight,
				   .may_send = true,
				   .now_utc = now_utc};
}

/* A whole audit, and whether it passed. */
static bool run(void)
{
	bool has_more = true, has_passed = false;
	for (int i = 0; i < 10000 && has_more; i++) {
		const struct audit_view view = look();
		has_more = false;
		OK(store_begin(office.store, ERR));
		OK(audit_step(audit, &view, &has_more, ERR));
		OK(store_commit(office.store, ERR));
	}
	assert_false(has_more);
	assert_true(audit_take(audit, &has_passed));
	assert_false(audit_take(audit, &has_passed));
	return has_passed;
}

static const char *found(void)
{
	static struct store_audit known;
	OK(store_audit_load(office.store, &known, ERR));
	return known.n_findings > 0 ? known.findings[0].text : "";
}

static int64_t n_notices(void)
{
	return office_number(&office, "SELECT count(*) FROM message WHERE kind = 'notice'");
}

static int64_t add_task(const char *uid, const char *start)
{
	return office_add_task(&office, &(struct office_task){.uid = uid,
							      .start = start,
							      .precision = PERIOD_MINUTE,
							      .people = "anna",
							      .planned_until = now_utc});
}

/* What the daemon does in between. */
static void plan(void)
{
	struct store_due due[64];
	size_t n = 0, planned;
	OK(store_begin(office.store, ERR));
	OK(store_task_due(office.store, now_utc, due, 64, &n, ERR));
	for (size_t i = 0; i < n; i++)
		OK(planner_plan(&planner, office.store, &due[i], now_utc, &planned, ERR));
	OK(store_commit(office.store, ERR));
}

static void send_all(void)
{
	office_run(
		&office,
		"UPDATE message SET state = 'sent', attempts = 1 WHERE state = 'pending';"
		"INSERT INTO attempt (message, number, started_utc, outcome) SELECT id, 1, 1, 'accepted' FROM message"
		" WHERE state = 'sent' AND id NOT IN (SELECT message FROM attempt)");
}

static void wait_an_hour(void)
{
	now_utc += HOUR;
	channel.heard_utc = now_utc;
}

/* ---- when ----------------------------------------------------------------------------------------------------------- */

static void audit_step__between_two__does_nothing(void **state)
{
	(void)state;
	bool has_more = false, has_passed;
	now_utc -= 1;
	struct audit_view view = look();
	OK(audit_step(audit, &view, &has_more, ERR));
	assert_false(has_more);
	now_utc += 1;
	assert_true(run());
	now_utc += HOUR - 1;
	view = look();
	int64_t version = office_number(&office, "PRAGMA data_version");
	OK(audit_step(audit, &view, &has_more, ERR));
	assert_false(has_more || audit_take(audit, &has_passed));
	assert_int_equal(office_number(&office, "PRAGMA data_version"), version);
	now_utc += 1;
	assert_true(run());
}

static void audit_step__clock_set_back__does_not_wait_for_the_old_time(void **state)
{
	(void)state;
	assert_true(run());
	now_utc -= 5 * HOUR;
	assert_true(run());
}

static void audit_step__end_not_committed__ends_again(void **state)
{
	(void)state;
	bool has_more = true, has_passed = false;
	while (has_more) {
		const struct audit_view view = look();
		has_more = false;
		OK(store_begin(office.store, ERR));
		OK(audit_step(audit, &view, &has_more, ERR));
		if (has_more)
			OK(store_commit(office.store, ERR));
	}
	store_rollback(office.store);
	assert_true(run());
	assert_false(audit_take(audit, &has_passed));
	assert_int_equal(office_number(&office, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'audit'"),
			 now_utc);
}

/* ---- the tables ----------------------------------------------------------------------------------------------------- */

static void audit_step__broken_row__is_told_once_and_kept_for_a_day(void **state)
{
	(void)state;
	int64_t task = add_task("t", "2025-12-01T10:00");
	plan();
	int64_t message = office_add_message(&office, task, "anna", "email", "x", now_utc);
	office_run(&office, "UPDATE message SET state = 'sent'");
	assert_false(run());
	assert_non_null(strstr(found(), "counts as sent, and no server accepted it"));
	assert_int_equal(n_notices(), 1);
	assert_non_null(strstr(office_text(&office, "SELECT text FROM notice"), "message 1 counts as sent"));
	send_all();
	wait_an_hour();
	assert_false(run());
	assert_int_equal(n_notices(), 1);

	office_run(&office,
		   "UPDATE message SET attempts = 1 WHERE id = %lld;"
		   "INSERT OR IGNORE INTO attempt VALUES (%lld, 1, 1, 'accepted', 250, '')",
		   (long long)message, (long long)message);
	for (int i = 0; i < 23; i++) {
		wait_an_hour();
		assert_false(run());
	}
	wait_an_hour();
	wait_an_hour();
	assert_true(run());
	assert_string_equal(found(), "");
	assert_int_equal(n_notices(), 1);
}

static void audit_step__restart__knows_what_was_found(void **state)
{
	(void)state;
	office_run(&office, "INSERT INTO part VALUES (77, 'anna', 'watcher')");
	assert_false(run());
	office_run(&office, "DELETE FROM part WHERE task = 77");
	send_all();
	audit_free(audit);
	audit = audit_new(now_utc, 60);
	now_utc += 60;
	assert_false(run());
	assert_int_equal(n_notices(), 1);
}

/* ---- progress ------------------------------------------------------------------------------------------------------- */

static void audit_step__planner_stuck__is_found_within_two_hours(void **state)
{
	(void)state;
	(void)add_task("t", "2025-06-01T04:00");
	plan();
	assert_true(run());
	now_utc = utc("2025-06-01T03:31"); /* its step is due since 03:30 and nobody plans it */
	assert_true(run());
	now_utc = utc("2025-06-01T04:31");
	assert_false(run());
	assert_non_null(strstr(found(), "t has waited for an hour to be planned"));
}

static void audit_step__edit_never_planned__is_found(void **state)
{
	(void)state;
	(void)add_task("new", "2025-12-01T10:00");
	now_utc += 60;
	assert_true(run());
	wait_an_hour();
	assert_false(run());
	assert_non_null(strstr(found(), "new has waited"));
}

/* Another edit every hour, each planned within a second of it: nothing waits. */
static void audit_step__edited_just_now_each_time__is_no_failure(void **state)
{
	(void)state;
	int64_t task = add_task("t", "2025-12-01T10:00");
	for (int i = 0; i < 5; i++) {
		office_run(&office, "UPDATE task SET title = 'edit %d' WHERE id = %lld", i, (long long)task);
		assert_true(run());
		plan();
		wait_an_hour();
	}
}

static void add_ready_message(void)
{
	int64_t task = add_task("t", "2025-12-01T10:00");
	plan();
	(void)office_add_message(&office, task, "anna", "email", "x", now_utc - 2 * HOUR);
}

static void audit_step__message_ready_and_nothing_keeps_it__is_found(void **state)
{
	(void)state;
	add_ready_message();
	now_utc += 60;
	assert_true(run());
	now_utc += HOUR;
	assert_false(run());
	assert_non_null(strstr(found(), "message 1 could have left by channel email"));
}

/* A pause or a rate keeps it; or the channel has just been heard of; or a machine slept, and all is made up for at once. */
static void audit_step__message_ready_for_a_reason__is_no_failure(void **state)
{
	(void)state;
	add_ready_message();
	now_utc += 60;
	assert_true(run());
	now_utc += HOUR;
	channel.is_free = false;
	assert_true(run());
	now_utc += HOUR;
	channel.is_free = true;
	assert_true(run());
	wait_an_hour();
	assert_true(run());
	now_utc += 10 * HOUR;
	office_run(&office, "UPDATE message SET not_before = %lld", (long long)now_utc - 9 * HOUR);
	channel.heard_utc = now_utc; /* that of the pass before */
	assert_true(run());
}

static void audit_step__sending_and_not_in_flight__is_found(void **state)
{
	(void)state;
	int64_t task = add_task("t", "2025-12-01T10:00");
	plan();
	(void)office_add_message(&office, task, "anna", "email", "x", now_utc);
	office_run(
		&office,
		"UPDATE message SET state = 'sending', attempts = 1; INSERT INTO attempt (message, number, started_utc)"
		" VALUES (1, 1, %lld)",
		(long long)now_utc);
	n_in_flight = 1;
	assert_true(run());
	wait_an_hour();
	n_in_flight = 0;
	assert_false(run());
	assert_non_null(strstr(found(), "1 message counts as being sent, and 0 are"));
}

static void audit_step__under_way_for_hours__is_found(void **state)
{
	(void)state;
	int64_t task = add_task("t", "2025-12-01T10:00");
	plan();
	(void)office_add_message(&office, task, "anna", "email", "x", now_utc);
	office_run(
		&office,
		"UPDATE message SET state = 'sending', attempts = 1; INSERT INTO attempt (message, number, started_utc)"
		" VALUES (1, 1, %lld)",
		(long long)now_utc - 2 * HOUR - 1);
	n_in_flight = 1;
	assert_true(run()); /* the machine may have slept */
	wait_an_hour();
	assert_false(run());
	assert_non_null(strstr(found(), "message 1 has been under way for hours"));
}

/* ---- the plan ------------------------------------------------------------------------------------------------------- */

static void audit_step__reminder_lost__is_found(void **state)
{
	(void)state;
	int64_t task = add_task("t", "2025-06-01T02:30");
	plan();
	assert_true(run()); /* at 01:00: the step of 02:00 is due within the next hours */
	now_utc = utc("2025-06-01T02:00");
	plan();
	send_all();
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder"), 1);
	office_run(&office, "DELETE FROM reminder WHERE task = %lld", (long long)task);
	now_utc = utc("2025-06-01T02:15");
	wait_an_hour();
	assert_false(run());
	assert_non_null(
		strstr(found(), "'30m before start' was due for anna at 2025-06-01T02:00:00Z, and was never planned"));
}

static void audit_step__reminder_kept_by_any_way__passes(void **state)
{
	(void)state;
	static const char *const edits[] = {
		"SELECT 1",
		"UPDATE task SET status = 'done'",
		"UPDATE task SET start_local = '2025-06-01T05:00', end_local = '2025-06-01T05:00'",
		"DELETE FROM part",
		"DELETE FROM task",
		"UPDATE person SET active = 0 WHERE id = 'anna'",
		"DELETE FROM address WHERE person = 'anna'",
		"INSERT INTO deputy VALUES ('anna', 'boss', '2025-05-01', '2025-07-01')",
		"INSERT INTO silence (person, until_utc, reason, author) VALUES ('anna', 1900000000, 'r', 'a')",
	};
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		(void)add_task("t", "2025-06-01T02:30");
		plan();
		assert_true(run());
		office_run(&office, "%s", edits[i]);
		now_utc = utc("2025-06-01T02:00");
		plan();
		send_all();
		now_utc = utc("2025-06-01T03:15");
		channel.heard_utc = now_utc;
		if (!run())
			fail_msg("%s: %s", edits[i], found());
		(void)tear_down(state);
		(void)set_up(state);
	}
}

static void audit_step__next_step_forgotten__is_planned_anew(void **state)
{
	(void)state;
	int64_t task = add_task("t", "2025-06-01T09:30");
	plan();
	office_run(&office, "UPDATE task SET next_due_utc = %lld WHERE id = %lld", (long long)STORE_NEVER,
		   (long long)task);
	assert_true(run()); /* it is still to come: mended and no more */
	plan();
	assert_int_equal(office_number(&office, "SELECT next_due_utc FROM task"), utc("2025-06-01T09:00"));

	office_run(&office, "UPDATE task SET next_due_utc = %lld WHERE id = %lld", (long long)STORE_NEVER,
		   (long long)task);
	now_utc = utc("2025-06-01T09:30");
	channel.heard_utc = now_utc;
	assert_false(run());
	assert_non_null(strstr(found(), "task 1: its step of 2025-06-01T09:00:00Z was passed over"));
	plan();
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder"), 1);
}

/* Every task gets its turn, however many there are. */
static void audit_step__many_tasks__each_gets_its_turn(void **state)
{
	(void)state;
	for (int i = 0; i < 150; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		(void)add_task(uid, "2025-12-01T10:00");
	}
	for (int i = 0; i < 3; i++)
		plan();
	office_run(&office, "UPDATE task SET next_due_utc = %lld WHERE id IN (70, 140)", (long long)STORE_NEVER);
	for (int i = 0; i < 3; i++) {
		assert_true(run());
		wait_an_hour();
	}
	assert_int_equal(office_number(&office, "SELECT count(*) FROM task WHERE next_due_utc IS NULL"), 2);
}

/* ---- certificates --------------------------------------------------------------------------------------------------- */

static void audit_step__certificate_ends_in_two_weeks__operator_hears_once(void **state)
{
	(void)state;
	OK(store_channel_note_certificate(office.store, "email", now_utc + 14 * 86400 + 60, ERR));
	assert_true(run());
	assert_int_equal(n_notices(), 0);
	for (int i = 0; i < 3; i++) {
		wait_an_hour();
		assert_true(run());
		assert_int_equal(n_notices(), 1);
		send_all();
	}
	assert_non_null(strstr(office_text(&office, "SELECT text FROM notice"),
			       "The certificate of the server of channel email ends"));
	OK(store_channel_note_certificate(office.store, "email", now_utc + 3 * 86400, ERR));
	wait_an_hour();
	assert_true(run());
	assert_int_equal(n_notices(), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(audit_step__between_two__does_nothing),
		TEST(audit_step__clock_set_back__does_not_wait_for_the_old_time),
		TEST(audit_step__end_not_committed__ends_again),
		TEST(audit_step__broken_row__is_told_once_and_kept_for_a_day),
		TEST(audit_step__restart__knows_what_was_found),
		TEST(audit_step__planner_stuck__is_found_within_two_hours),
		TEST(audit_step__edit_never_planned__is_found),
		TEST(audit_step__edited_just_now_each_time__is_no_failure),
		TEST(audit_step__message_ready_and_nothing_keeps_it__is_found),
		TEST(audit_step__message_ready_for_a_reason__is_no_failure),
		TEST(audit_step__sending_and_not_in_flight__is_found),
		TEST(audit_step__under_way_for_hours__is_found),
		TEST(audit_step__reminder_lost__is_found),
		TEST(audit_step__reminder_kept_by_any_way__passes),
		TEST(audit_step__next_step_forgotten__is_planned_anew),
		TEST(audit_step__many_tasks__each_gets_its_turn),
		TEST(audit_step__certificate_ends_in_two_weeks__operator_hears_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
