/* What somebody decided counts at once: done, moved, acknowledged, silenced and snoozed mean quiet, whatever waits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "remind/planner.h"
#include "stage.h"
#include "store/store_absence.h"
#include "store/store_reader.h"

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 3d 1d before start at 09:00\n"
			     "overdue = 1d 3d 7d after end at 09:00, then every 7d, at most 5\n"
			     "escalate = 2d after end at 09:00\n";

/* Task t is due on 14 May 2025 in Sakhalin, where 09:00 is 22:00 UTC of the day before. */
static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-05-01T00:00");
	office_add_person(&stage.office, "anna", "Asia/Sakhalin", "email telegram");
	stage_person("boss", "Asia/Sakhalin", NULL);
	(void)office_add_task(&stage.office, &(struct office_task){.uid = "t",
								   .start = "2025-05-14",
								   .zone = "Asia/Sakhalin",
								   .people = "anna",
								   .planned_until = stage.now.wall_s});
	office_run(&stage.office, "INSERT INTO part (task, person, role) VALUES (1, 'boss', 'supervisor')");
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

static const struct {
	const char *sql;
	size_t notices; /* to anna, who was told the old date on both channels */
} edits[] = {
	{"UPDATE task SET status = 'done'", 0},
	{"UPDATE task SET status = 'cancelled'", 0},
	{"UPDATE task SET start_local = '2025-06-14', end_local = '2025-06-14'", 2},
	{"DELETE FROM task", 0},
};

/* Retrying on one channel, held on the other, merged with another task, and an escalation due in two seconds. */
static void quiet__done_or_moved__nothing_of_the_old_schedule_leaves(void **state)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		for (int is_restarted = 0; is_restarted < 2; is_restarted++) {
			stage_live("2025-05-13T00:00");
			assert_int_equal(stage.n_sent, 4);
			stage.verdict = CHANNEL_TEMPORARY;
			stage_live("2025-05-14T22:10"); /* overdue 1d: refused, waits for its next try */
			office_run(&stage.office, "UPDATE message SET state = 'held' WHERE state = 'pending'"
						  " AND channel = 'telegram'");
			stage.verdict = CHANNEL_ACCEPTED;
			stage_live("2025-05-14T22:10");
			stage_clock(utc("2025-05-15T21:59:58")); /* nobody looked; "2d after end" is two seconds away */
			size_t before = stage.n_sent;
			office_run(&stage.office, "%s WHERE uid = 't'", edits[i].sql);
			if (is_restarted) {
				stage_down();
				stage_up();
			}
			office_run(&stage.office, "UPDATE message SET state = 'pending' WHERE state = 'held'");
			stage_live("2025-06-01T00:00");
			if (stage.n_sent != before + edits[i].notices) {
				stage_print();
				fail_msg("%s: %zu messages", edits[i].sql, stage.n_sent - before);
			}
			assert_int_equal(stage_count("anna", "moved"), edits[i].notices);
			(void)close_stage(state);
			(void)open_stage(state);
		}
	}
}

/* The row of deadlinectl's ack, done in one transaction. */
static void acknowledge(void)
{
	OK(store_begin(stage.office.store, ERR));
	OK(store_acknowledge(stage.office.store, 1, "2025-05-14", ERR));
	OK(store_commit(stage.office.store, ERR));
}

static void quiet__acknowledged__ends_overdue_and_escalation_at_once(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE person SET work = 'Mon-Fri 09:00-18:00' WHERE id = 'boss'");
	stage_live("2025-05-15T21:00"); /* told it is overdue on Thursday; the boss would hear on Friday */
	assert_int_equal(stage_count("anna", "overdue 1d after end"), 2);
	acknowledge();
	acknowledge();
	stage_live("2025-05-16T00:00");
	stage_down_until("2025-05-16T01:00");
	stage_live("2025-08-01T00:00");
	assert_int_equal(stage_count("anna", "overdue"), 2);
	assert_int_equal(stage_count("boss", NULL), 0);
}

static void quiet__acknowledged_while_it_is_held__is_dropped_from_the_queue(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE person SET work = 'Mon-Tue 09:00-18:00'");
	stage_live("2025-05-16T00:00"); /* overdue and escalation wait for Monday */
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM message WHERE state = 'pending'"), 3);
	acknowledge();
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM message WHERE state = 'pending'"), 0);
	stage_live("2025-06-30T00:00");
	assert_int_equal(stage_count("anna", "overdue"), 0);
	assert_int_equal(stage_count("boss", NULL), 0);
}

/* 1d 3d 7d 14d 21d, then the supervisor once at 28d, then silence. The escalation is a line of its own. */
static void quiet__overdue__backs_off_hands_over_once_and_falls_silent(void **state)
{
	(void)state;
	stage_live("2026-05-01T00:00");
	static const char *const days[] = {"2025-05-14T22:00", "2025-05-16T22:00", "2025-05-20T22:00",
					   "2025-05-27T22:00", "2025-06-03T22:00"};
	size_t n = 0;
	for (size_t i = 0; i < stage.n_sent; i++)
		if (strcmp(stage.sent[i].channel, "email") == 0 && strcmp(stage.sent[i].person, "anna") == 0 &&
		    strstr(stage.sent[i].steps, "overdue") != NULL) {
			assert_true(n < 5);
			assert_int_equal(stage.sent[i].at_utc, utc(days[n++]));
		}
	assert_int_equal(n, 5);
	assert_int_equal(stage_count("boss", NULL), 2);
	assert_int_equal(stage_count("boss", "t: escalate 2d after end"), 1);
	assert_int_equal(stage_count("boss", "t: handoff 28d after end"), 1);
	assert_int_equal(stage.sent[stage.n_sent - 1].at_utc, utc("2025-06-10T22:00"));
	assert_non_null(strstr(stage.sent[stage.n_sent - 1].text, "anna")); /* whom to ask */
}

static void silence(int64_t task, const char *person, const char *until)
{
	OK(store_begin(stage.office.store, ERR));
	OK(store_silence_add(stage.office.store, task, person, utc(until), "on holiday", "boss", ERR));
	OK(store_commit(stage.office.store, ERR));
}

static void quiet__silence__drops_with_its_reason_until_it_ends(void **state)
{
	(void)state;
	stage_live("2025-05-09T00:00");
	silence(1, "anna", "2025-05-12T00:00");
	stage_live("2025-05-13T00:00");
	assert_int_equal(stage_count("anna", "3d before"), 0);
	assert_int_equal(stage_count("anna", "1d before"), 2);
	assert_string_equal(office_text(&stage.office, "SELECT DISTINCT dropped FROM reminder WHERE step LIKE '3d%%'"),
			    "silenced by boss: on holiday");
}

static void quiet__silence__of_a_task_or_a_person_counts_for_all_of_it(void **state)
{
	(void)state;
	for (int is_person = 0; is_person < 2; is_person++) {
		silence(is_person ? 0 : 1, is_person ? "anna" : NULL, "2025-05-15T21:00");
		stage_live("2025-05-16T00:00");
		assert_int_equal(stage_count("anna", NULL), 0);
		assert_int_equal(stage_count("boss", "escalate"), 1);
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

static void quiet__silence__drops_what_is_held(void **state)
{
	(void)state;
	office_run(&stage.office, "UPDATE person SET work = 'Mon-Fri 09:00-18:00', calendar = 'russia'");
	stage_live("2025-05-11T00:00"); /* "3d before" was on Sunday 11 May, waits for Monday */
	assert_int_equal(stage.n_sent, 0);
	silence(1, NULL, "2025-05-12T12:00");
	stage_live("2025-05-12T12:00");
	assert_int_equal(stage.n_sent, 0);
}

static void snooze(const char *until)
{
	struct task task;
	struct person person;
	const struct planner_channel channels[] = {{"email", "example.org"}, {"telegram", "example.org"}};
	const struct planner planner = {.policies = app_setup(stage.app)->policies,
					.calendars = app_setup(stage.app)->calendars,
					.channels = channels,
					.n_channels = 2,
					.catch_up_max_age_s = 7 * 86400};
	OK(store_begin(stage.office.store, ERR));
	OK(store_task_load(stage.office.store, 1, &task, ERR));
	OK(store_person_load(stage.office.store, "anna", &person, ERR));
	OK(planner_snooze(&planner, stage.office.store, &task, "2025-05-14", &person, utc(until), stage.now.wall_s,
			  ERR));
	OK(store_commit(stage.office.store, ERR));
	task_done(&task);
	person_done(&person);
}

static void quiet__snoozed__holds_and_reminds_at_the_instant(void **state)
{
	(void)state;
	stage_live("2025-05-11T00:00");
	size_t before = stage.n_sent; /* "3d before" */
	snooze("2025-05-13T05:00");
	stage_live("2025-05-13T04:59:59"); /* "1d before" fell due meanwhile */
	assert_int_equal(stage.n_sent, before);
	stage_live("2025-05-13T05:00");
	assert_int_equal(stage.n_sent, before + 2); /* one on each channel */
	assert_non_null(strstr(stage.sent[before].steps, "snoozed until"));
	assert_non_null(strstr(stage.sent[before].steps, "1d before start at 09:00"));
	stage_live("2025-05-15T00:00");
	assert_int_equal(stage.n_sent, before + 4); /* overdue as ever */
	assert_int_equal(stage_count("boss", NULL), 0);
}

/* A day of quiet takes nothing from what was put off until later, whichever of them was said first. */
static void quiet__snoozed_behind_a_silence__reminds_at_the_instant(void **state)
{
	for (int is_silenced_first = 0; is_silenced_first < 2; is_silenced_first++) {
		stage_live("2025-05-11T00:00");
		size_t before = stage_count("anna", NULL);
		if (is_silenced_first)
			silence(1, "anna", "2025-05-12T05:00");
		snooze("2025-05-16T05:00");
		if (!is_silenced_first)
			silence(1, "anna", "2025-05-12T05:00");
		stage_live("2025-05-16T04:59:59");
		assert_int_equal(stage_count("anna", NULL), before);
		stage_live("2025-05-16T05:00");
		assert_int_equal(stage_count("anna", "snoozed until"), 2);
		(void)close_stage(state);
		(void)open_stage(state);
	}
}

/* Other tasks go on, a restart changes nothing, and a long one is not forgotten. */
static void quiet__snoozed_for_ten_days__outlives_a_restart(void **state)
{
	(void)state;
	(void)office_add_task(&stage.office, &(struct office_task){.uid = "u",
								   .start = "2025-05-14",
								   .zone = "Asia/Sakhalin",
								   .people = "anna",
								   .planned_until = stage.now.wall_s});
	stage_live("2025-05-11T00:00");
	snooze("2025-05-21T05:00");
	stage_down_until("2025-05-11T01:00");
	stage_live("2025-05-14T00:00");
	assert_int_equal(stage_count("anna", "t:"), 2);
	assert_int_equal(stage_count("anna", "u:"), 4);
	stage_down_until("2025-05-14T01:00");
	stage_live("2025-05-21T04:59:59");
	assert_int_equal(stage_count("anna", "t:"), 2);
	stage_live("2025-05-21T05:00");
	assert_int_equal(stage_count("anna", "t:"), 4);
}

/* Of a task that is written down when it is too late to be told earlier: held until 12 January, over a restart. */
static void quiet__long_holidays__hold_over_a_restart(void **state)
{
	(void)state;
	stage_person("ivan", "Asia/Sakhalin", "work = '09:00-18:00', calendar = 'russia'");
	stage_live("2025-12-30T12:00");
	(void)office_add_task(&stage.office, &(struct office_task){.uid = "u",
								   .start = "2026-01-02",
								   .zone = "Asia/Sakhalin",
								   .people = "ivan",
								   .planned_until = stage.now.wall_s});
	stage_live(
		"2025-12-31T01:00"); /* "1d before", on 1 January, waits for the 12th: 9 January is a day off in 2026 */
	stage_live("2026-01-02T00:00");
	assert_int_equal(office_number(&stage.office, "SELECT count(*) FROM message WHERE person = 'ivan'"
						      " AND state = 'pending'"),
			 1);
	size_t before = stage_count("ivan", NULL);
	stage_down();
	stage_up();
	stage_live("2026-01-11T21:59:59");
	assert_int_equal(stage_count("ivan", NULL), before);
	stage_live("2026-01-11T22:00");
	assert_int_equal(stage_count("ivan", NULL), before + 1);
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(quiet__done_or_moved__nothing_of_the_old_schedule_leaves),
		WITH_STAGE(quiet__acknowledged__ends_overdue_and_escalation_at_once),
		WITH_STAGE(quiet__acknowledged_while_it_is_held__is_dropped_from_the_queue),
		WITH_STAGE(quiet__overdue__backs_off_hands_over_once_and_falls_silent),
		WITH_STAGE(quiet__silence__drops_with_its_reason_until_it_ends),
		WITH_STAGE(quiet__silence__of_a_task_or_a_person_counts_for_all_of_it),
		WITH_STAGE(quiet__silence__drops_what_is_held),
		WITH_STAGE(quiet__snoozed__holds_and_reminds_at_the_instant),
		WITH_STAGE(quiet__snoozed_behind_a_silence__reminds_at_the_instant),
		WITH_STAGE(quiet__snoozed_for_ten_days__outlives_a_restart),
		WITH_STAGE(quiet__long_holidays__hold_over_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
