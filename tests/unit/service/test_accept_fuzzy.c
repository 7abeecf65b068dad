/* A plan without days: the exact date is asked for before the window opens, reminders count from its first day, nothing
 * is overdue before its last day is over where it takes place; and what becomes of it when the date is set or moved. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stage.h"

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy visit]\nremind = 30d 7d 1d before start at 09:00\n"
			     "fix_date = 45d before start, then every 7d\n"
			     "overdue = 1d after end at 09:00\n";

static const struct {
	const char *uid, *start, *end, *zone;
	enum period_precision precision;
	const char *opens, *is_over; /* in UTC */
	const char *first_asked;     /* 45 days before, 09:00 in Sakhalin */
	const char *reminded;        /* 30 days before */
	const char *overdue; /* the first 09:00 in Sakhalin of the day after the window, once it is over there */
} plan[] = {
	{"visit", "2025-04-01", "2025-05-31", "Asia/Sakhalin", PERIOD_RANGE, "2025-03-31T13:00", "2025-05-31T13:00",
	 "2025-02-14T22:00", "2025-03-01T22:00", "2025-05-31T22:00"},
	{"fair", "2025-06-01", "2025-06-30", "Asia/Shanghai", PERIOD_MONTH, "2025-05-31T16:00", "2025-06-30T16:00",
	 "2025-04-16T22:00", "2025-05-01T22:00", "2025-06-30T22:00"},
	{"mayors", "2025-07-01", "2025-07-31", "Asia/Shanghai", PERIOD_MONTH, "2025-06-30T16:00", "2025-07-31T16:00",
	 "2025-05-16T22:00", "2025-05-31T22:00", "2025-07-31T22:00"},
};
enum { PLAN = sizeof(plan) / sizeof(plan[0]) };

static int open_stage(void **state)
{
	(void)state;
	stage_open(config, "2025-01-15T00:00");
	stage_person("owner", "Asia/Sakhalin", NULL);
	stage_person("guest", "Asia/Sakhalin", NULL);
	for (size_t i = 0; i < PLAN; i++) {
		int64_t id = office_add_task(&stage.office, &(struct office_task){.uid = plan[i].uid,
										  .start = plan[i].start,
										  .end = plan[i].end,
										  .precision = plan[i].precision,
										  .zone = plan[i].zone,
										  .policy = "visit",
										  .people = "guest",
										  .planned_until = stage.now.wall_s});
		office_run(&stage.office, "INSERT INTO part (task, person, role) VALUES (%lld, 'owner', 'responsible')",
			   (long long)id);
	}
	return 0;
}

static int close_stage(void **state)
{
	(void)state;
	stage_close();
	return 0;
}

/* When a message with that step of the task left, and how many did to the person. */
static int64_t sent_at(const char *person, const char *uid, const char *step, size_t *ret_n)
{
	int64_t at = -1;
	char *line = mem_printf("%s: %s", uid, step);
	*ret_n = 0;
	for (size_t i = stage.n_sent; i-- > 0;)
		if (strcmp(stage.sent[i].person, person) == 0 && strstr(stage.sent[i].steps, line) != NULL) {
			at = stage.sent[i].at_utc;
			(*ret_n)++;
		}
	free(line);
	return at;
}

static void fuzzy__windows_without_days__ask_remind_and_nag_at_their_time(void **state)
{
	(void)state;
	stage_live("2025-08-15T00:00");
	for (size_t i = 0; i < PLAN; i++) {
		size_t n = 0;
		assert_int_equal(sent_at("owner", plan[i].uid, "fix_date 45d", &n), utc(plan[i].first_asked));
		(void)sent_at("owner", plan[i].uid, "fix_date", &n);
		assert_int_equal(n, 7); /* 45, 38, 31, 24, 17, 10 and 3 days before */
		for (size_t j = 0; j < stage.n_sent; j++)
			if (strstr(stage.sent[j].steps, "fix_date") != NULL &&
			    strstr(stage.sent[j].steps, plan[i].uid) != NULL)
				assert_true(stage.sent[j].at_utc < utc(plan[i].opens));
		(void)sent_at("guest", plan[i].uid, "fix_date", &n);
		assert_int_equal(n, 0);
		assert_int_equal(sent_at("owner", plan[i].uid, "30d before start at 09:00", &n), utc(plan[i].reminded));
		assert_int_equal(n, 1);
		assert_int_equal(sent_at("guest", plan[i].uid, "overdue", &n), utc(plan[i].overdue));
		assert_int_equal(n, 1);
		assert_true(utc(plan[i].overdue) >= utc(plan[i].is_over));
	}
}

/* A reader far in the east has their morning of the day after while the event's last day still lasts. */
static void fuzzy__reader_ahead_of_the_event__is_not_told_overdue_too_early(void **state)
{
	(void)state;
	stage_person("kiri", "Pacific/Kiritimati", NULL);
	(void)office_add_task(&stage.office, &(struct office_task){.uid = "ny",
								   .start = "2025-03-01",
								   .end = "2025-03-31",
								   .precision = PERIOD_MONTH,
								   .zone = "America/New_York",
								   .policy = "visit",
								   .people = "kiri",
								   .planned_until = stage.now.wall_s});
	size_t n = 0;
	stage_live("2025-04-05T00:00");
	/* 1 April 09:00 there is 31 March 19:00 UTC, the window ends on 1 April at 04:00 UTC: the next morning, then. */
	assert_int_equal(sent_at("kiri", "ny", "overdue", &n), utc("2025-04-01T19:00"));
	assert_int_equal(n, 1);
}

static void set_date(const char *uid, const char *day)
{
	office_run(&stage.office,
		   "UPDATE task SET start_local = '%s', end_local = '%s', precision = 'day' WHERE uid = '%s'", day, day,
		   uid);
}

static void fuzzy__date_is_set__only_the_new_schedule_remains_and_one_notice(void **state)
{
	(void)state;
	stage_live("2025-05-10T00:00"); /* the fair: asked three times, reminded 30 days before */
	size_t before = stage.n_sent;
	set_date("fair", "2025-06-20");
	office_run(&stage.office, "UPDATE task SET status = 'done' WHERE uid <> 'fair'");
	stage_live("2025-07-15T00:00");
	size_t n = 0;
	assert_int_equal(sent_at("owner", "fair", "moved", &n), utc("2025-05-10T00:00"));
	assert_int_equal(n, 1);
	(void)sent_at("guest", "fair", "moved", &n);
	assert_int_equal(n, 1);
	for (size_t i = before; i < stage.n_sent; i++)
		assert_null(strstr(stage.sent[i].steps, "fix_date"));
	assert_int_equal(sent_at("owner", "fair", "7d before start at 09:00", &n), utc("2025-06-12T22:00"));
	assert_int_equal(sent_at("owner", "fair", "overdue", &n), utc("2025-06-20T22:00"));
	assert_int_equal(stage.n_sent, before + 2 * 5); /* the notice, 30d, 7d, 1d and overdue, for two people */
}

/* A step of the new schedule that would have been due before the date was set was never missed: the notice says it all. */
static void fuzzy__date_is_set_late__brings_the_notice_and_no_catch_up(void **state)
{
	(void)state;
	stage_live("2025-05-28T12:00");
	size_t before = stage.n_sent;
	set_date("fair", "2025-06-03"); /* 7 days before: the morning of the 27th */
	stage_live("2025-05-29T12:00");
	for (size_t i = before; i < stage.n_sent; i++)
		if (strstr(stage.sent[i].steps, "fair") != NULL) {
			assert_string_equal(stage.sent[i].steps, "fair: moved 1");
			assert_string_equal(stage.sent[i].kind, "single");
		}
	assert_int_equal(stage_count("owner", "fair: moved"), 1);
}

static void fuzzy__notice__goes_to_those_who_were_told_in_their_thread(void **state)
{
	(void)state;
	stage_live("2025-05-10T00:00");
	stage_person("later", "Asia/Sakhalin", NULL);
	office_run(&stage.office, "INSERT INTO part (task, person) SELECT id, 'later' FROM task WHERE uid = 'fair'");
	set_date("fair", "2025-06-20");
	stage_live("2025-05-10T01:00");
	assert_int_equal(stage_count("later", "moved"), 0);
	assert_int_equal(stage_count(NULL, "fair: moved"), 2);
	const char *root = NULL, *thread = NULL;
	for (size_t i = 0; i < stage.n_sent; i++) {
		if (strcmp(stage.sent[i].person, "owner") != 0 || strstr(stage.sent[i].steps, "fair") == NULL)
			continue;
		root = root == NULL ? stage.sent[i].message_id : root;
		thread = strstr(stage.sent[i].steps, "moved") != NULL ? stage.sent[i].thread_id : thread;
	}
	assert_string_equal(thread, root);
}

static void fuzzy__moved_twice_before_anybody_looks__is_one_notice(void **state)
{
	(void)state;
	stage_live("2025-05-10T00:00");
	set_date("fair", "2025-06-20");
	set_date("fair", "2025-06-21");
	stage_live("2025-05-11T00:00");
	assert_int_equal(stage_count("owner", "fair: moved"), 1);
	assert_non_null(strstr(stage.sent[stage.n_sent - 1].text, "21"));
}

static void fuzzy__moved_there_and_back_and_there_again__is_told_each_time(void **state)
{
	(void)state;
	stage_live("2025-05-10T00:00");
	set_date("fair", "2025-06-20");
	stage_live("2025-05-11T00:00");
	set_date("fair", "2025-06-22");
	stage_live("2025-05-12T00:00");
	set_date("fair", "2025-06-20");
	stage_live("2025-05-13T00:00");
	assert_int_equal(stage_count("owner", "fair: moved"), 3);
	set_date("fair", "2025-06-22");
	stage_live("2025-05-14T00:00");
	assert_int_equal(stage_count("owner", "fair: moved"), 4);
	stage_live("2025-06-30T00:00");
	assert_int_equal(stage_count("owner", "fair: 7d before start"), 1);
	assert_int_equal(stage_count("owner", "fair: 1d before start"), 1);
}

static void fuzzy__moved_back_before_the_step__reminds_as_if_nothing_had_been(void **state)
{
	(void)state;
	stage_live("2025-02-01T00:00");
	set_date("fair", "2025-06-20");
	stage_live("2025-02-02T00:00");
	set_date("fair", "2025-07-20");
	stage_live("2025-02-03T00:00");
	set_date("fair", "2025-06-20");
	office_run(&stage.office, "UPDATE task SET status = 'done' WHERE uid <> 'fair'");
	stage_live("2025-07-30T00:00");
	assert_int_equal(stage_count("owner", "moved"), 0);
	assert_int_equal(stage_count("owner", NULL), 4);
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(fuzzy__windows_without_days__ask_remind_and_nag_at_their_time),
		WITH_STAGE(fuzzy__reader_ahead_of_the_event__is_not_told_overdue_too_early),
		WITH_STAGE(fuzzy__date_is_set__only_the_new_schedule_remains_and_one_notice),
		WITH_STAGE(fuzzy__date_is_set_late__brings_the_notice_and_no_catch_up),
		WITH_STAGE(fuzzy__notice__goes_to_those_who_were_told_in_their_thread),
		WITH_STAGE(fuzzy__moved_twice_before_anybody_looks__is_one_notice),
		WITH_STAGE(fuzzy__moved_there_and_back_and_there_again__is_told_each_time),
		WITH_STAGE(fuzzy__moved_back_before_the_step__reminds_as_if_nothing_had_been),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
