/* Downtime: nothing is lost, nothing comes twice, and nobody is flooded. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"

static const char config[] =
	"[channel email]\ntype = maildir\npath = mail\n"
	"[policy meeting]\nremind = 2h before start\n"
	"[policy old]\noverdue = 1d 3d 7d after end at 09:30, then every 7d, at most 60\n"
	"[policy default]\nremind = 7d 3d 1d before start at 09:00\noverdue = 1d after end at 09:00\n";

static const char *const people[] = {"anna", "boris", "chen", "dora"};

/* All of it lies in Sakhalin: 09:00 there on Tuesday 20 May 2025 is 22:00 UTC of the 19th. */
static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-05-18T03:00");
	for (int i = 0; i < 4; i++)
		stage_person(people[i], "Asia/Sakhalin", NULL);
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

static void add_task(const char *uid, const char *start, const char *policy, const char *person)
{
	(void)office_add_task(&stage.office, &(struct office_task){.uid = uid,
								   .start = start,
								   .zone = "Asia/Sakhalin",
								   .policy = policy,
								   .people = person,
								   .planned_until = stage.now.wall_s});
}

/* 40 reminders due from 09:00 to 10:57 (a meeting two hours later), 30 old tasks that are 7 to 312 days overdue. */
static void make_plan(void)
{
	char uid[16], text[CIVIL_TEXT_SIZE];
	struct civil first = {2025, 5, 20, 11, 0, 0}, today = {2025, 5, 20, 0, 0, 0};
	for (int i = 0; i < 40; i++) {
		struct civil start = civil_from_seconds(civil_to_seconds(&first) + i * 180);
		civil_format(&start, text);
		(void)snprintf(uid, sizeof(uid), "m%02d", i);
		add_task(uid, text, "meeting", people[i % 4]);
	}
	for (int i = 0; i < 30; i++) {
		struct civil end = civil_add_days(&today, -(7 + i * 305 / 29));
		civil_format_date(&end, text);
		(void)snprintf(uid, sizeof(uid), "old%02d", i);
		add_task(uid, text, "old", people[i % 4]);
	}
}

static void downtime__forty_due_reminders_and_thirty_old_tasks__come_once_and_in_one_message_each(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE person SET digest = 'daily 09:00'");
	make_plan();
	stage_live(
		"2025-05-19T21:55"); /* 08:55: what the old tasks' own steps and the digest of the 19th said is past */
	size_t before = stage.n_sent;
	stage_down_until("2025-05-20T00:05"); /* 11:05 */
	stage_live("2025-05-20T00:10");

	for (int i = 0; i < 4; i++) {
		size_t n_catch_up = 0, n_digest = 0;
		for (size_t j = before; j < stage.n_sent; j++)
			if (strcmp(stage.sent[j].person, people[i]) == 0) {
				n_catch_up += strcmp(stage.sent[j].kind, "catch_up") == 0;
				n_digest += strcmp(stage.sent[j].kind, "digest") == 0;
				if (strcmp(stage.sent[j].kind, "catch_up") == 0)
					assert_non_null(strstr(stage.sent[j].text, "late"));
			}
		assert_int_equal(n_catch_up, 1);
		assert_int_equal(n_digest, 1);
	}
	assert_int_equal(stage.n_sent, before + 8);
	for (int i = 0; i < 40; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "m%02d:", i);
		if (stage_count(NULL, uid) != 1)
			fail_msg("%s came %zu times", uid, stage_count(NULL, uid));
	}

	stage_down_until("2025-05-20T00:20");
	stage_live("2025-05-20T00:30");
	assert_int_equal(stage.n_sent, before + 8);
}

/* A minute is no downtime: a step is said as planned, not as a late one. */
static void downtime__restart_within_a_minute__is_not_noticed(void **state)
{
	(void)state;
	add_task("t", "2025-05-20T11:00", "meeting", "anna");
	stage_live("2025-05-19T21:59:30");
	stage_down_until("2025-05-19T22:00:30");
	stage_live("2025-05-20T00:30");
	STAGE_EXPECT({"2025-05-19T22:00:30", "anna", "single", "t: 2h before start"});
}

/* EVIDENCE: every reminder of the outage is marked late, the one of its last minutes, too. */
static void downtime__step_due_five_minutes_before_the_start__is_marked_late(void **state)
{
	(void)state;
	add_task("t", "2025-05-20T13:00", "meeting", "anna");
	stage_live("2025-05-19T21:55");
	stage_down_until("2025-05-20T00:05");
	stage_live("2025-05-20T00:30");
	STAGE_EXPECT({"2025-05-20T00:05", "anna", "catch_up", "t: 2h before start"});
	assert_non_null(strstr(stage.sent[0].text, "late"));
}

/* Of each task the latest step, all of them in one message; the others are written down. */
static void downtime__several_steps_of_several_tasks__fold_into_one(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		add_task(uid, "2025-05-26", "default", "anna");
	}
	stage_live("2025-05-18T20:00"); /* before "7d before", 19 May */
	stage_down_until("2025-05-23T00:05");
	stage_live("2025-05-23T01:00");
	assert_int_equal(stage.n_sent, 1);
	assert_string_equal(stage.sent[0].kind, "catch_up");
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM reminder WHERE message IS NOT NULL"), 10);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM reminder WHERE"
						      " dropped = 'a later step replaced it'"
						      " AND step = '7d before start at 09:00'"),
			 10);
	stage_live("2025-05-28T01:00");
	assert_int_equal(stage_count(NULL, "t0: 1d before start at 09:00"), 1);
	assert_int_equal(stage_count(NULL, "t0: 3d before start at 09:00"), 1);
	assert_int_equal(stage_count(NULL, "t0: 7d before start at 09:00"), 0);
}

/* More than the daemon plans in one pass: still one message. */
static void downtime__more_tasks_than_one_pass_plans__still_fold_into_one(void **state)
{
	(void)state;
	OK(store_begin(stage.office.store, ERR));
	for (int i = 0; i < 300; i++) {
		char uid[16];
		(void)snprintf(uid, sizeof(uid), "t%03d", i);
		add_task(uid, "2025-05-20", "default", "anna");
	}
	OK(store_commit(stage.office.store, ERR));
	stage_live("2025-05-18T20:00");
	stage_down_until("2025-05-19T10:00");
	stage_live("2025-05-19T11:00");
	assert_int_equal(stage.n_sent, 1);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM reminder WHERE message IS NOT NULL"), 300);
}

/* catch_up_max_age is 7d when nothing is said. */
static void downtime__older_than_the_longest_age__is_stale_counted_and_not_sent(void **state)
{
	(void)state;
	add_task("t", "2025-05-26", "default", "anna");
	add_task("u", "2025-07-26", "default", "anna");
	stage_live("2025-05-18T20:00");
	stage_down_until("2025-06-10T00:00");
	stage_live("2025-06-11T00:00");
	assert_int_equal(stage.n_sent, 0);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM message WHERE state = 'stale'"), 1);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM reminder"), 4);
	assert_int_equal(office_number(&stage.office, "SELECT n FROM tally WHERE state = 'stale'"), 1);
	stage_live("2025-07-30T00:00");
	assert_int_equal(stage_count(NULL, "u:"), 4);
}

/* A moment that has passed needs no reminder of it, though it is young enough. */
static void downtime__past_use__is_stale(void **state)
{
	(void)state;
	add_task("t", "2025-05-20T11:00", "meeting", "anna");
	stage_live("2025-05-19T21:00");
	stage_down_until("2025-05-22T00:00");
	stage_live("2025-05-22T01:00");
	assert_int_equal(stage.n_sent, 0);
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM message WHERE state = 'stale'"), 1);
}

/* Rows that plain SQL wrote years ago, never seen by a daemon. */
static void downtime__first_start_on_an_old_database__floods_nobody(void **state)
{
	(void)state;
	stage_down();
	for (int i = 0; i < 200; i++)
		office_run(&stage.office,
			   "INSERT INTO task (uid, title, start_local, end_local, zone) VALUES ('t%d', 'x',"
			   " date('2025-05-21', '-%d days'), date('2025-05-21', '-%d days'), 'Asia/Sakhalin');"
			   "INSERT INTO part (task, person) VALUES (last_insert_rowid(), '%s')",
			   i, i * 3, i * 3, people[i % 4]);
	office_run(&stage.office, "UPDATE person SET digest = 'daily 09:00'");
	stage_up();
	stage_live("2025-05-18T20:00");
	assert_int_equal(stage.n_sent, 0);
	stage_live("2025-05-18T22:30"); /* the digest of 19 May, and the step of the task of 18 May */
	assert_int_equal(stage_count_kind(NULL, "digest"), 4);
	assert_true(stage.n_sent <= 4 + 1);
	stage_live("2025-05-25T00:00");
	assert_int_equal(stage_count(NULL, "t0: "), 2); /* 21 May: the day before, and the day after */
	assert_int_equal(stage_count(NULL, "t3: "), 0); /* 12 May */
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(downtime__forty_due_reminders_and_thirty_old_tasks__come_once_and_in_one_message_each),
		WITH_STAGE(downtime__restart_within_a_minute__is_not_noticed),
		WITH_STAGE(downtime__step_due_five_minutes_before_the_start__is_marked_late),
		WITH_STAGE(downtime__several_steps_of_several_tasks__fold_into_one),
		WITH_STAGE(downtime__more_tasks_than_one_pass_plans__still_fold_into_one),
		WITH_STAGE(downtime__older_than_the_longest_age__is_stale_counted_and_not_sent),
		WITH_STAGE(downtime__past_use__is_stale),
		WITH_STAGE(downtime__first_start_on_an_old_database__floods_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
