#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "office.h"
#include "remind/planner.h"
#include "store/store_report.h"

enum { HOUR = 3600, DAY = 86400, MAX_AGE = 7 * DAY };

static const char config[] =
	"[daemon]\n[channel email]\ntype = maildir\n[channel telegram]\ntype = maildir\n"
	"[policy visit]\nremind = 7d 3d 1d before start at 09:00\noverdue = 1d after end at 09:00\n"
	"[policy talk]\nremind = 1d before start at 09:00\nchannels = telegram\n"
	"[policy twin]\nremind = 1d before start at 09:00\nremind = 1d before end at 09:00\n"
	"[policy default]\nremind = 2d before start at 09:00\n";

static const struct planner_channel planner_channels[] = {{"email", "mail.example.org"}, {"telegram", "example.org"}};

static struct office office;
static struct policies *policies;
static struct planner planner;

static int open_office(void **state)
{
	(void)state;
	struct problems problems = {0};
	office_open(&office);
	const char *path = scratch_path(&office.scratch, "deadlined.ini");
	scratch_write(path, config, strlen(config));
	struct conf *conf = conf_read(path, &problems);
	policies = policies_load(conf, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	conf_free(conf);
	planner = (struct planner){
		.policies = policies, .channels = planner_channels, .n_channels = 2, .catch_up_max_age_s = MAX_AGE};
	office_add_person(&office, "anna", "Europe/Moscow", "email");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	policies_free(policies);
	office_close(&office);
	return 0;
}

/* Plans whatever the store says is due, as a pass does; how many messages came of it. */
static size_t plan(const char *at)
{
	struct store_due due[64];
	size_t n = 0, total = 0;
	OK(store_begin(office.store, ERR));
	OK(store_task_due(office.store, utc(at), due, 64, &n, ERR));
	for (size_t i = 0; i < n; i++) {
		size_t planned = 0;
		OK(planner_plan(&planner, office.store, &due[i], utc(at), &planned, ERR));
		total += planned;
	}
	OK(store_commit(office.store, ERR));
	return total;
}

/* A day in Moscow: 09:00 there is 06:00 UTC. */
static int64_t add_task(const char *uid, const char *day, const char *policy, const char *people,
			const char *planned_until)
{
	return office_add_task(&office, &(struct office_task){.uid = uid,
							      .start = day,
							      .zone = "Europe/Moscow",
							      .policy = policy,
							      .people = people,
							      .planned_until = utc(planned_until)});
}

static int64_t count(const char *where)
{
	return office_number(&office, "SELECT count(*) FROM %s", where);
}

static int64_t next_due(const char *uid)
{
	return office_number(&office, "SELECT next_due_utc FROM task WHERE uid = '%s'", uid);
}

static void planner__step_that_falls_due__makes_one_message_and_moves_the_marks(void **state)
{
	(void)state;
	(void)add_task("t", "2025-06-15", "visit", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-01T10:00"), 0);
	assert_int_equal(next_due("t"), utc("2025-06-08T06:00"));
	assert_int_equal(plan("2025-06-08T05:59:59"), 0);
	assert_int_equal(plan("2025-06-08T06:00"), 1);
	assert_int_equal(next_due("t"), utc("2025-06-12T06:00"));
	assert_int_equal(office_number(&office, "SELECT planned_until FROM task"), utc("2025-06-08T06:00"));
	assert_int_equal(
		office_number(&office,
			      "SELECT count(*) FROM message m JOIN reminder r ON r.message = m.id WHERE"
			      " m.person = 'anna' AND m.channel = 'email' AND m.kind = 'single' AND"
			      " m.state = 'pending' AND m.due_utc = %lld AND m.not_before = m.due_utc AND"
			      " m.domain = 'mail.example.org' AND r.due_utc = m.due_utc AND r.dropped IS NULL AND"
			      " r.step = '7d before start at 09:00' AND r.occurrence = '2025-06-15'",
			      (long long)utc("2025-06-08T06:00")),
		1);
	assert_int_equal(plan("2025-06-12T06:00"), 1);
	assert_int_equal(plan("2025-06-14T06:00"), 1);
	assert_int_equal(plan("2025-06-16T06:00"), 1);
	assert_int_equal(next_due("t"), STORE_NEVER);
	assert_int_equal(count("message"), 4);
	assert_int_equal(count("reminder"), 4);
}

static void planner__planned_twice__makes_no_duplicates(void **state)
{
	(void)state;
	struct store_due due = {.task = add_task("t", "2025-06-15", "visit", "anna", "2025-06-01"),
				.planned_until = utc("2025-06-01")};
	size_t planned = 0;
	for (int i = 0; i < 3; i++) {
		OK(planner_plan(&planner, office.store, &due, utc("2025-06-08T07:00"), &planned, ERR));
		assert_int_equal(planned, i == 0);
	}
	office_run(&office, "UPDATE task SET next_due_utc = NULL, planned_until = 0");
	assert_int_equal(plan("2025-06-08T07:00"), 0);
	assert_int_equal(count("message"), 1);
}

static void planner__edited_and_cannot_be_planned__keeps_what_was_planned(void **state)
{
	(void)state;
	office_add_person(&office, "boris", "Europe/Moscow", "email");
	(void)add_task("t", "2025-06-15", "visit", "anna boris", "2025-06-01");
	assert_int_equal(plan("2025-06-08T06:00"), 2);
	office_run(&office, "UPDATE message SET state = 'sent';"
			    "UPDATE task SET start_local = '2025-06-16', end_local = '2025-06-16';"
			    "CREATE TRIGGER refuse BEFORE INSERT ON reminder WHEN new.person = 'boris'"
			    " BEGIN SELECT RAISE(ABORT, 'refused'); END");
	assert_int_equal(plan("2025-06-08T07:00"), 0);
	assert_int_equal(count("ledger WHERE action = 'problem'"), 1);
	assert_int_equal(count("reminder"), 2); /* anna has not been told of the new date either */
}

static void planner__new_task__is_not_reminded_of_its_past(void **state)
{
	(void)state;
	(void)add_task("put", "2025-06-15", "visit", "anna", "2025-06-13");
	office_run(&office, "INSERT INTO task (uid, title, start_local, end_local, zone, policy) VALUES"
			    " ('sql', 'By hand', '2025-06-15', '2025-06-15', 'Europe/Moscow', 'visit');"
			    "INSERT INTO part (task, person) SELECT id, 'anna' FROM task WHERE uid = 'sql'");
	assert_int_equal(plan("2025-06-13T12:00"), 0);
	assert_int_equal(count("reminder"), 0);
	assert_int_equal(next_due("put"), utc("2025-06-14T06:00"));
	assert_int_equal(next_due("sql"), utc("2025-06-14T06:00"));
	assert_int_equal(plan("2025-06-14T06:00"), 2);
}

static void planner__missed_steps__only_the_latest_is_sent(void **state)
{
	(void)state;
	(void)add_task("t", "2025-06-15", "visit", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-13T00:00"), 1);
	assert_string_equal(office_text(&office, "SELECT step FROM reminder WHERE message IS NOT NULL"),
			    "3d before start at 09:00");
	assert_string_equal(office_text(&office, "SELECT step || ': ' || dropped FROM reminder WHERE message IS NULL"),
			    "7d before start at 09:00: a later step replaced it");
	assert_string_equal(office_text(&office, "SELECT state FROM message"), "pending");
}

static const struct {
	const char *back_at, *state; /* the step was due at 2025-06-14T06:00 */
} ages[] = {{"2025-06-14T07:00", "pending"},
	    {"2025-06-15T20:00", "pending"},  /* on the day itself it still says what is going on */
	    {"2025-06-16T21:00:01", "stale"}, /* a day after its end in Moscow it helps nobody */
	    {"2026-06-21T06:00", "stale"}};

static void planner__missed_for_too_long__is_stale_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		char uid[8];
		(void)snprintf(uid, sizeof(uid), "t%zu", i);
		(void)add_task(uid, "2025-06-15", "twin", "anna", "2025-06-01");
		assert_int_equal(plan(ages[i].back_at), 1);
		int64_t id = office_number(&office, "SELECT max(id) FROM message");
		assert_string_equal(office_state(&office, id), ages[i].state);
		assert_int_equal(
			office_number(&office, "SELECT reason IS NOT NULL FROM message WHERE id = %lld", (long long)id),
			strcmp(ages[i].state, "stale") == 0);
	}
}

static void planner__missed_in_an_open_window__is_of_use_until_it_closes(void **state)
{
	(void)state;
	static const char *const backs[][2] = {{"2025-06-05T06:00", "pending"}, {"2025-06-09T21:00:01", "stale"}};
	for (size_t i = 0; i < 2; i++) {
		char uid[8];
		(void)snprintf(uid, sizeof(uid), "w%zu", i);
		(void)office_add_task(&office, &(struct office_task){.uid = uid,
								     .start = "2025-06-02",
								     .end = "2025-06-08",
								     .precision = PERIOD_WEEK,
								     .zone = "Europe/Moscow",
								     .policy = "talk",
								     .people = "anna",
								     .planned_until = utc("2025-05-25")});
		office_run(&office, "INSERT OR IGNORE INTO address VALUES ('anna', 'telegram', '1')");
		assert_int_equal(plan(backs[i][0]), 1);
		assert_string_equal(office_state(&office, office_number(&office, "SELECT max(id) FROM message")),
				    backs[i][1]);
	}
}

/* "11-16 June" is when it takes place: in its last days nobody needs to hear that it comes. */
static void planner__missed_in_days_that_have_begun__is_of_use_on_the_first(void **state)
{
	(void)state;
	static const char *const backs[][2] = {{"2025-06-11T20:00", "pending"}, {"2025-06-11T21:00:01", "stale"}};
	for (size_t i = 0; i < 2; i++) {
		char uid[8];
		(void)snprintf(uid, sizeof(uid), "d%zu", i);
		(void)office_add_task(&office, &(struct office_task){.uid = uid,
								     .start = "2025-06-11",
								     .end = "2025-06-16",
								     .precision = PERIOD_RANGE,
								     .zone = "Europe/Moscow",
								     .people = "anna",
								     .planned_until = utc("2025-06-01")});
		assert_int_equal(plan(backs[i][0]), 1);
		assert_string_equal(office_state(&office, office_number(&office, "SELECT max(id) FROM message")),
				    backs[i][1]);
	}
}

static void planner__reader_who_does_not_work_before_the_date__hears_while_they_do(void **state)
{
	(void)state;
	office_run(&office, "UPDATE person SET work = '09:00-18:00'");
	(void)add_task("sunday", "2025-06-15", "visit", "anna", "2025-06-12T12:00");
	assert_int_equal(plan("2025-06-13T05:59:59"), 0);
	assert_int_equal(plan("2025-06-13T06:00"), 1); /* Friday */
	assert_int_equal(plan("2025-06-14T06:00"), 0); /* asked for again */
	assert_int_equal(count("reminder"), 1);
	(void)add_task("late", "2025-06-15", "visit", "anna", "2025-06-13T12:00");
	office_run(&office, "UPDATE task SET priority = 'urgent' WHERE uid = 'late'");
	assert_int_equal(plan("2025-06-13T12:00"), 0);
	assert_int_equal(plan("2025-06-14T06:00"), 1);
}

/* Monday 08:00: "1d before" comes on Friday 09:00, and is asked for again on Sunday 09:00. */
static const struct {
	const char *name, *before_friday, *before_saturday; /* what happens */
	size_t n_again;                                     /* messages from Saturday on */
} agains[] = {
	{"nothing", "", "", 0},
	{"a channel linked", "", "INSERT INTO address VALUES ('anna', 'telegram', '1')", 0},
	{"the channel changed", "",
	 "INSERT INTO address VALUES ('anna', 'telegram', '1');"
	 "DELETE FROM address WHERE person = 'anna' AND channel = 'email'",
	 0},
	{"away from Saturday", "",
	 "INSERT INTO deputy (person, from_date, to_date, deputy)"
	 " VALUES ('anna', '2025-06-14', '2025-06-20', 'boris')",
	 0},
	{"back on Sunday",
	 "INSERT INTO deputy (person, from_date, to_date, deputy)"
	 " VALUES ('anna', '2025-06-10', '2025-06-14', 'boris')",
	 "", 0},
	{"had no address", "DELETE FROM address WHERE person = 'anna'",
	 "INSERT INTO address VALUES ('anna', 'telegram', '1')", 1},
	{"was refused", "",
	 "UPDATE message SET state = 'dead', reason = 'refused';"
	 "INSERT INTO address VALUES ('anna', 'telegram', '1')",
	 1},
	{"takes part since", "DELETE FROM part WHERE person = 'anna'",
	 "INSERT INTO part (task, person) SELECT id, 'anna' FROM task", 1},
};

static void planner__brought_forward_and_asked_again__comes_to_whom_it_did_not_reach(void **state)
{
	for (size_t i = 0; i < sizeof(agains) / sizeof(agains[0]); i++) {
		office_add_person(&office, "boris", "Europe/Moscow", "email");
		office_run(&office, "UPDATE person SET work = '09:00-18:00' WHERE id = 'anna'");
		(void)office_add_task(&office, &(struct office_task){.uid = "t",
								     .start = "2025-06-16T08:00",
								     .precision = PERIOD_MINUTE,
								     .zone = "Europe/Moscow",
								     .policy = "visit",
								     .people = "anna",
								     .planned_until = utc("2025-06-10T12:00")});
		office_run(&office, "%s", agains[i].before_friday);
		(void)plan("2025-06-13T06:00");
		office_run(&office, "UPDATE message SET state = 'sent'");
		office_run(&office, "%s", agains[i].before_saturday);
		size_t n_again = plan("2025-06-14T10:00") + plan("2025-06-15T06:00");
		if (n_again != agains[i].n_again)
			fail_msg("%s: %zu messages more", agains[i].name, n_again);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void planner__brought_forward_and_missed__is_as_old_as_on_its_own_day(void **state)
{
	(void)state;
	planner.catch_up_max_age_s = DAY;
	office_run(&office, "UPDATE person SET work = '09:00-18:00'");
	(void)add_task("sunday", "2025-06-15", "visit", "anna", "2025-06-12T12:00");
	assert_int_equal(plan("2025-06-15T05:00"), 1); /* from Friday 06:00, or Saturday 06:00 */
	assert_string_equal(office_text(&office, "SELECT state FROM message"), "pending");
	(void)add_task("again", "2025-06-15", "visit", "anna", "2025-06-12T12:00");
	assert_int_equal(plan("2025-06-15T07:00"), 1);
	assert_string_equal(office_text(&office, "SELECT state FROM message ORDER BY id DESC"), "stale");
}

static void planner__steps_at_the_same_instant__share_a_message(void **state)
{
	(void)state;
	(void)add_task("t", "2025-06-15", "twin", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-14T06:00"), 1);
	assert_int_equal(count("reminder WHERE message = 1 AND dropped IS NULL"), 2);
}

static void planner__everybody__is_reached_on_the_policys_channels(void **state)
{
	(void)state;
	office_add_person(&office, "boris", "Europe/Moscow", "email telegram");
	office_add_person(&office, "chen", "Asia/Shanghai", "telegram");
	office_add_person(&office, "gone", "Europe/Moscow", "email");
	office_run(&office, "UPDATE person SET active = 0 WHERE id = 'gone'");
	(void)add_task("t", "2025-06-15", "visit", "anna boris chen gone", "2025-06-01");
	(void)add_task("u", "2025-06-15", "talk", "anna boris", "2025-06-01");
	assert_int_equal(plan("2025-06-08T01:00"), 1); /* chen's morning */
	assert_int_equal(next_due("t"), utc("2025-06-08T06:00"));
	assert_int_equal(plan("2025-06-08T06:00"), 3); /* anna's, and boris's on both */
	assert_int_equal(plan("2025-06-08T07:00"), 0);
	(void)plan("2025-06-14T06:00");
	assert_int_equal(
		count("message m, reminder r, task t WHERE r.message = m.id AND t.id = r.task AND t.uid = 'u'"), 1);
	assert_int_equal(count("message WHERE person = 'gone'"), 0);
}

static void planner__nobody_without_an_address__is_left_out_silently(void **state)
{
	(void)state;
	office_add_person(&office, "boris", "Europe/Moscow", "");
	(void)add_task("t", "2025-06-15", "visit", "boris", "2025-06-01");
	(void)add_task("u", "2025-06-15", "talk", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-14T06:00"), 0);
	assert_int_equal(count("reminder WHERE person = 'boris' AND message IS NULL AND dropped = 'no address'"), 3);
	assert_int_equal(count("reminder WHERE person = 'anna' AND message IS NULL AND dropped = 'no address'"), 1);
	/* An address that comes later serves the steps to come. */
	office_run(&office, "INSERT INTO address VALUES ('boris', 'email', 'boris@example.org')");
	assert_int_equal(plan("2025-06-16T06:00"), 1);
}

static const struct {
	const char *sql, *problem;
} bad_rows[] = {
	{"UPDATE task SET start_local = '2025-02-30', end_local = '2025-02-30' WHERE uid = 'bad'", "impossible date"},
	{"UPDATE task SET end_local = '2025-06-15T99:00', start_local = NULL WHERE uid = 'bad'", "impossible date"},
	{"UPDATE task SET end_local = '2025-06-15 and more' WHERE uid = 'bad'", "impossible date"},
	{"UPDATE task SET precision = 'minute' WHERE uid = 'bad'", "impossible date"},
	{"UPDATE task SET zone = 'Asia/Atlantis' WHERE uid = 'bad'", "Asia/Atlantis"},
	{"UPDATE task SET zone = '' WHERE uid = 'bad'", "zone"},
	{"PRAGMA ignore_check_constraints = 1; UPDATE task SET precision = 'eon' WHERE uid = 'bad'", "precision"},
	{"UPDATE person SET id = 'an' || char(0) || 'na' WHERE id = 'odd'", "constraint"},
};

static void expect_unplanned(int64_t n, const char *problem)
{
	struct store_unplanned unplanned;
	OK(store_unplanned_load(office.store, &unplanned, ERR));
	if (unplanned.n != n ||
	    (n > 0 && (strcmp(unplanned.task, "bad") != 0 || strstr(unplanned.problem, problem) == NULL)))
		fail_msg("%lld: %s: %s", (long long)unplanned.n, unplanned.task, unplanned.problem);
	store_unplanned_done(&unplanned);
}

static void planner__bad_row__is_put_aside_with_a_line_and_the_rest_goes_on(void **state)
{
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
		office_add_person(&office, "odd", "Europe/Moscow", "email");
		(void)add_task("bad", "2025-06-15", "visit", "odd", "2025-06-01");
		(void)add_task("good", "2025-06-15", "visit", "anna", "2025-06-01");
		assert_int_equal(plan("2025-06-01T12:00"), 0);
		office_run(&office, "PRAGMA foreign_keys = 1; %s; PRAGMA ignore_check_constraints = 0",
			   bad_rows[i].sql);
		if (plan("2025-06-08T06:00") != 1)
			fail_msg("%s: the good task was not planned", bad_rows[i].sql);
		if (count("ledger WHERE action = 'problem' AND task = 'bad' AND at_utc IS NOT NULL") != 1)
			fail_msg("%s: nothing in the ledger", bad_rows[i].sql);
		const char *detail = office_text(&office, "SELECT detail FROM ledger WHERE action = 'problem'");
		if (strstr(detail, bad_rows[i].problem) == NULL)
			fail_msg("%s: %s", bad_rows[i].sql, detail);
		assert_int_equal(next_due("bad"), STORE_NEVER);
		expect_unplanned(1, bad_rows[i].problem);

		/* It is not looked at again until somebody corrects it, and then goes on. */
		assert_int_equal(plan("2025-06-08T07:00"), 0);
		assert_int_equal(count("ledger WHERE action = 'problem'"), 1);
		office_run(&office,
			   "UPDATE task SET start_local = '2025-06-16', end_local = '2025-06-16', precision = 'day',"
			   " zone = 'Europe/Moscow' WHERE uid = 'bad'; UPDATE person SET id = 'odd' WHERE"
			   " id NOT IN ('anna', 'odd')");
		assert_int_equal(plan("2025-06-09T06:00"), 1);
		expect_unplanned(0, NULL);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void planner__person_in_an_unknown_zone__is_reminded_in_the_events(void **state)
{
	(void)state;
	office_run(&office, "UPDATE person SET zone = 'Asia/Atlantis'");
	(void)add_task("t", "2025-06-15", "visit", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-08T06:00"), 1);
}

static void planner__unknown_policy__uses_the_default_one(void **state)
{
	(void)state;
	(void)add_task("t", "2025-06-15", "vist", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-13T06:00"), 1);
	assert_string_equal(office_text(&office, "SELECT step FROM reminder"), "2d before start at 09:00");
}

/* As any edit does: the daemon looks at the task again. */
static void touch(void)
{
	office_run(&office, "UPDATE task SET next_due_utc = NULL");
}

static void planner__clock_set_back_a_little__waits_for_it_and_repeats_nothing(void **state)
{
	(void)state;
	(void)add_task("t", "2025-06-15", "visit", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-08T06:30"), 1);
	touch();
	assert_int_equal(plan("2025-06-08T04:00"), 0);
	assert_int_equal(office_number(&office, "SELECT planned_until FROM task"), utc("2025-06-08T06:30"));
	assert_int_equal(next_due("t"), utc("2025-06-12T06:00"));
	touch();
	assert_int_equal(plan("2025-06-08T06:30"), 0);
	assert_int_equal(plan("2025-06-12T06:00"), 1);
	assert_int_equal(count("message"), 2);
}

static void planner__clock_that_had_been_years_ahead__is_followed_and_repeats_nothing(void **state)
{
	(void)state;
	(void)add_task("t", "2025-06-15", "visit", "anna", "2025-06-01");
	(void)add_task("late", "2031-06-15", "visit", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-08T06:00"), 1);
	assert_int_equal(plan("2030-01-01T00:00"), 1); /* too late to be of use: stale */
	touch();
	(void)add_task("new", "2025-06-15", "visit", "anna", "2030-01-01");
	assert_int_equal(plan("2025-06-08T12:00"), 0);
	assert_int_equal(office_number(&office, "SELECT max(planned_until) FROM task"), utc("2025-06-08T12:00"));
	assert_int_equal(next_due("late"), utc("2031-06-08T06:00"));
	assert_int_equal(plan("2025-06-12T06:00"), 1); /* of the task that was made under the wrong clock */
	assert_int_equal(count("message"), 3);
}

static void planner__clock_set_forward__catches_up_with_the_latest_step(void **state)
{
	(void)state;
	(void)add_task("t", "2025-06-15", "visit", "anna", "2025-06-01");
	assert_int_equal(plan("2025-06-08T06:00"), 1);
	assert_int_equal(plan("2025-06-16T12:00"), 1);
	assert_string_equal(office_text(&office, "SELECT step FROM reminder WHERE message = 2"),
			    "overdue 1d after end at 09:00");
	assert_int_equal(count("reminder WHERE dropped IS NOT NULL"), 2);
	assert_int_equal(next_due("t"), STORE_NEVER);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

/* A year ahead it is looked at again only where there may be something to find. */
static void planner__series_that_is_over_or_of_nobody__has_no_next_step(void **state)
{
	(void)state;
	static const struct {
		const char *rrule;
		bool has_people, is_looked_at;
	} rows[] = {
		{"FREQ=YEARLY;INTERVAL=9", true, true},
		{"FREQ=DAILY;COUNT=5", true, false},
		{"FREQ=WEEKLY;UNTIL=20250620", true, false},
		{"FREQ=WEEKLY", false, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char uid[16];
		int64_t next = 0;
		(void)snprintf(uid, sizeof(uid), "series-%zu", i);
		const struct office_task row = {.uid = uid,
						.start = "2025-06-01",
						.zone = "Europe/Moscow",
						.people = rows[i].has_people ? "anna" : ""};
		int64_t task = office_add_task(&office, &row);
		office_run(&office, "UPDATE task SET rrule = '%s' WHERE uid = '%s'", rows[i].rrule, uid);
		(void)plan("2025-07-01");
		OK(store_task_next_step(office.store, task, &next, ERR));
		if ((next < STORE_NEVER) != rows[i].is_looked_at)
			fail_msg("%s: %lld", rows[i].rrule, (long long)next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(planner__step_that_falls_due__makes_one_message_and_moves_the_marks),
		WITH_OFFICE(planner__series_that_is_over_or_of_nobody__has_no_next_step),
		WITH_OFFICE(planner__planned_twice__makes_no_duplicates),
		WITH_OFFICE(planner__edited_and_cannot_be_planned__keeps_what_was_planned),
		WITH_OFFICE(planner__new_task__is_not_reminded_of_its_past),
		WITH_OFFICE(planner__missed_steps__only_the_latest_is_sent),
		WITH_OFFICE(planner__missed_for_too_long__is_stale_with_a_reason),
		WITH_OFFICE(planner__missed_in_an_open_window__is_of_use_until_it_closes),
		WITH_OFFICE(planner__missed_in_days_that_have_begun__is_of_use_on_the_first),
		WITH_OFFICE(planner__reader_who_does_not_work_before_the_date__hears_while_they_do),
		WITH_OFFICE(planner__brought_forward_and_asked_again__comes_to_whom_it_did_not_reach),
		WITH_OFFICE(planner__brought_forward_and_missed__is_as_old_as_on_its_own_day),
		WITH_OFFICE(planner__steps_at_the_same_instant__share_a_message),
		WITH_OFFICE(planner__everybody__is_reached_on_the_policys_channels),
		WITH_OFFICE(planner__nobody_without_an_address__is_left_out_silently),
		WITH_OFFICE(planner__bad_row__is_put_aside_with_a_line_and_the_rest_goes_on),
		WITH_OFFICE(planner__person_in_an_unknown_zone__is_reminded_in_the_events),
		WITH_OFFICE(planner__unknown_policy__uses_the_default_one),
		WITH_OFFICE(planner__clock_set_back_a_little__waits_for_it_and_repeats_nothing),
		WITH_OFFICE(planner__clock_that_had_been_years_ahead__is_followed_and_repeats_nothing),
		WITH_OFFICE(planner__clock_set_forward__catches_up_with_the_latest_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
