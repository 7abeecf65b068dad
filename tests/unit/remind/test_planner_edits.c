/* What an edit makes due, and what of it is news: the daemon was there all the time, or it was not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "remind/planner.h"

enum { MAX_AGE = 7 * 86400 };

static const char config[] = "[daemon]\n[channel email]\ntype = maildir\n"
			     "[policy default]\nremind = 7d before start at 09:00\n"
			     "[policy long]\nremind = 14d 7d before start at 09:00\n";

static const struct planner_channel planner_channels[] = {{"email", "mail.example.org"}};

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
		.policies = policies, .channels = planner_channels, .n_channels = 1, .catch_up_max_age_s = MAX_AGE};
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

/* Plans whatever the store says is due, as a pass does, and remembers that it has; how many messages came of it. */
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
	planner.looked_utc = utc(at);
	return total;
}

/* A day in Moscow: 09:00 there is 06:00 UTC. */
static void add_task(const char *uid, const char *day)
{
	(void)office_add_task(&office, &(struct office_task){.uid = uid,
							     .start = day,
							     .zone = "Europe/Moscow",
							     .policy = "default",
							     .people = "anna",
							     .planned_until = utc("2025-05-01")});
	assert_int_equal(plan("2025-05-02T10:00"), 0);
}

static int64_t count(const char *where)
{
	return office_number(&office, "SELECT count(*) FROM %s", where);
}

static const char *last_kind(void)
{
	return office_text(&office, "SELECT kind FROM message ORDER BY id DESC LIMIT 1");
}

static const char *last_step(void)
{
	return office_text(&office, "SELECT occurrence || ' ' || step FROM reminder ORDER BY message DESC LIMIT 1");
}

/* 14 days before is 1 June, 06:00 UTC. */
static const struct {
	const char *edit;
	const char *looked_at; /* the last pass before it */
	size_t n;
	const char *kind;
} edits[] = {
	{"UPDATE task SET policy = 'long'", "2025-06-04T11:59", 0, NULL},
	{"UPDATE task SET start_local = '2025-06-10', end_local = '2025-06-10'", "2025-06-04T11:59", 0, NULL},
	{"UPDATE task SET rrule = 'FREQ=DAILY'; UPDATE task SET start_local = '2025-06-01', end_local = '2025-06-01'",
	 "2025-06-04T11:59", 0, NULL},
	{"DELETE FROM part; INSERT INTO part (task, person) VALUES (1, 'anna'); UPDATE task SET policy = 'long'",
	 "2025-06-04T11:59", 0, NULL},
	{"UPDATE task SET policy = 'long'", "2025-06-01T05:59", 1, "catch_up"}, /* and then it was down */
	{"UPDATE task SET policy = 'long'", "2030-06-01T06:00", 0, NULL},       /* by a clock that was wrong */
	{"UPDATE task SET status = 'done'; UPDATE task SET policy = 'long', status = 'open'", "2025-06-04T11:59", 1,
	 "single"},
};

static void edit__seen_by_a_daemon_that_was_there__sends_nothing_of_the_past(void **state)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		add_task("t", "2025-06-15");
		planner.looked_utc = utc(edits[i].looked_at);
		office_run(&office, "%s", edits[i].edit);
		size_t n = plan("2025-06-04T12:00");
		if (n != edits[i].n)
			fail_msg("%zu: %s: %zu messages", i, edits[i].edit, n);
		if (n != 0)
			assert_string_equal(last_kind(), edits[i].kind);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void edit__step_due_between_it_and_its_pass__is_sent(void **state)
{
	(void)state;
	add_task("t", "2025-06-15");
	assert_int_equal(plan("2025-06-01T05:59:58"), 0);
	office_run(&office, "UPDATE task SET policy = 'long'");
	assert_int_equal(plan("2025-06-01T06:00:01"), 1);
	assert_string_equal(last_kind(), "single");
}

/* While a step waits, the first import of a plan may be older than the last look: nothing of a new task is passed over. */
static void edit__new_task_written_down_before_the_last_look__keeps_its_steps(void **state)
{
	(void)state;
	planner.looked_utc = utc("2025-06-08T06:00:05");
	(void)office_add_task(&office, &(struct office_task){.uid = "t",
							     .start = "2025-06-15",
							     .zone = "Europe/Moscow",
							     .policy = "default",
							     .people = "anna",
							     .planned_until = utc("2025-06-08T05:59:59")});
	assert_int_equal(plan("2025-06-08T06:00:06"), 1);
}

static void edit__opened_again_many__come_in_one_message(void **state)
{
	(void)state;
	add_task("a", "2025-06-15");
	add_task("b", "2025-06-16");
	office_run(&office, "UPDATE task SET status = 'done'");
	assert_int_equal(plan("2025-06-10T11:59"), 0);
	office_run(&office, "UPDATE task SET status = 'open'");
	assert_int_equal(plan("2025-06-10T12:00"), 1);
	assert_string_equal(last_kind(), "merged");
}

/* Anna works Monday to Friday: what falls due on Saturday, 5 June 2027, is held until Monday. */
static void edit__to_an_earlier_date_while_its_step_is_held__the_new_one_is_told(void **state)
{
	(void)state;
	office_run(&office, "UPDATE person SET work = 'Mon-Fri 09:00-18:00'");
	add_task("t", "2027-06-12");
	assert_int_equal(plan("2027-06-05T06:00"), 1);
	assert_int_equal(plan("2027-06-06T11:59"), 0);
	office_run(&office, "UPDATE task SET start_local = '2027-06-11', end_local = '2027-06-11'");
	assert_int_equal(plan("2027-06-06T12:00"), 1);
	assert_string_equal(last_step(), "2027-06-11 7d before start at 09:00");
	office_run(&office, "UPDATE task SET policy = 'long'");
	assert_int_equal(plan("2027-06-06T13:00"), 0);
	assert_int_equal(count("message"), 2);
}

static void edit__date_of_a_series_moved_earlier_while_its_step_is_held__the_new_one_is_told(void **state)
{
	(void)state;
	office_run(&office, "UPDATE person SET work = 'Mon-Fri 09:00-18:00'");
	add_task("t", "2027-06-12");
	office_run(&office, "UPDATE task SET rrule = 'FREQ=MONTHLY'");
	assert_int_equal(plan("2027-06-05T06:00"), 1);
	office_run(&office, "INSERT INTO occurrence (task, date, status, start_local, end_local, precision, moved_key)"
			    " VALUES (1, '2027-06-12', 'open', '2027-06-11', '2027-06-11', 'day', '2027-06-11')");
	assert_int_equal(plan("2027-06-06T12:00"), 1);
	assert_string_equal(last_step(), "2027-06-11 7d before start at 09:00");
}

/* Why what is due has not left, and whether it may have. */
static const struct {
	const char *waits;
	size_t n;
} waits[] = {
	{"UPDATE message SET state = 'pending'", 1},
	{"UPDATE message SET state = 'held'", 1},
	{"UPDATE message SET not_before = not_before + 86400", 1},
	{"UPDATE message SET not_before = not_before + 600, attempts = 1", 1},
	{"UPDATE message SET state = 'dead'", 0},
};

static void edit__to_an_earlier_date_while_its_step_waits__the_new_one_is_told(void **state)
{
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		add_task("t", "2025-06-15");
		assert_int_equal(plan("2025-06-08T06:00"), 1);
		office_run(&office, "%s", waits[i].waits);
		assert_int_equal(plan("2025-06-08T09:59"), 0);
		office_run(&office, "UPDATE task SET start_local = '2025-06-14', end_local = '2025-06-14'");
		if (plan("2025-06-08T10:00") != waits[i].n)
			fail_msg("%s: not %zu", waits[i].waits, waits[i].n);
		if (waits[i].n != 0) {
			assert_string_equal(last_step(), "2025-06-14 7d before start at 09:00");
			assert_string_equal(last_kind(), "single");
			assert_int_equal(count("reminder WHERE held IS NOT NULL"), 0);
		}
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void edit__to_an_earlier_date_long_after_its_step_was_dropped__sends_nothing(void **state)
{
	(void)state;
	add_task("t", "2025-06-25");
	assert_int_equal(plan("2025-06-18T06:00"), 1);
	office_run(&office, "UPDATE task SET start_local = '2025-07-25', end_local = '2025-07-25'");
	assert_int_equal(plan("2025-06-18T07:00"), 0);
	assert_int_equal(plan("2025-06-25T07:00"), 0);
	office_run(&office, "UPDATE task SET start_local = '2025-06-27', end_local = '2025-06-27'");
	assert_int_equal(plan("2025-06-25T08:00"), 0);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(edit__seen_by_a_daemon_that_was_there__sends_nothing_of_the_past),
		WITH_OFFICE(edit__step_due_between_it_and_its_pass__is_sent),
		WITH_OFFICE(edit__new_task_written_down_before_the_last_look__keeps_its_steps),
		WITH_OFFICE(edit__opened_again_many__come_in_one_message),
		WITH_OFFICE(edit__to_an_earlier_date_while_its_step_is_held__the_new_one_is_told),
		WITH_OFFICE(edit__date_of_a_series_moved_earlier_while_its_step_is_held__the_new_one_is_told),
		WITH_OFFICE(edit__to_an_earlier_date_while_its_step_waits__the_new_one_is_told),
		WITH_OFFICE(edit__to_an_earlier_date_long_after_its_step_was_dropped__sends_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
