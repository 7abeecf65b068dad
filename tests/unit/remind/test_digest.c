#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "remind/digest.h"
#include "store/store_suspension.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Asia/Sakhalin", "email");
	office_add_person(&office, "kate", "America/New_York", "email");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static void add_task(const char *uid, const char *start, const char *end, const char *zone)
{
	enum period_precision precision = start != NULL && end == NULL ? PERIOD_MINUTE : PERIOD_RANGE;
	(void)office_add_task(&office, &(struct office_task){.uid = uid,
							     .start = start,
							     .end = end,
							     .precision = start == NULL ? PERIOD_DAY : precision,
							     .zone = zone,
							     .people = "anna kate"});
}

/* "overdue: a b; today: c" */
static void digest_of(const char *id, const char *at, char *text, size_t size)
{
	static const char *const sections[] = {"overdue:", "today:", "week:", "opening:"};
	struct person person;
	struct reader reader;
	struct digest digest;
	OK(store_person_load(office.store, id, &person, ERR));
	reader_init(&reader, &person, NULL, zone_find("UTC"));
	OK(digest_collect(office.store, &reader, DIGEST_OPENING, utc(at), &digest, ERR));
	text[0] = '\0';
	for (size_t i = 0; i < digest.n_items; i++) {
		bool is_first = i == 0 || digest.items[i].section != digest.items[i - 1].section;
		size_t len = strlen(text);
		(void)snprintf(text + len, size - len, "%s%s%s%s", i > 0 ? " " : "",
			       is_first ? sections[digest.items[i].section] : "", is_first ? " " : "",
			       digest.items[i].task.uid);
	}
	digest_done(&digest);
	person_done(&person);
}

static void expect(const char *id, const char *at, const char *wanted)
{
	char text[1024];
	digest_of(id, at, text, sizeof(text));
	assert_string_equal(text, wanted);
}

/* Wednesday 11 June 2025, 09:00 in Sakhalin; the week ends on Sunday the 15th. */
static const char wednesday[] = "2025-06-10T22:00";

static const struct {
	const char *start, *end, *digest;
} rows[] = {
	{"2025-06-10", NULL, "overdue: t"},
	{"2025-06-01", "2025-06-10", "overdue: t"},
	{"2024-08-01", "2024-08-31", "overdue: t"}, /* however old it is */
	{NULL, "2025-06-10", "overdue: t"},
	{"2025-06-11", NULL, "today: t"},
	{"2025-06-01", "2025-06-11", "today: t"}, /* its last day */
	{"2025-06-11", "2025-06-30", "today: t"}, /* its first */
	{"2025-06-11T08:30", NULL, "overdue: t"}, /* half an hour ago */
	{"2025-06-11T09:30", NULL, "today: t"},
	{"2025-06-12", NULL, "week: t"},
	{"2025-06-15", NULL, "week: t"},
	{"2025-06-01", "2025-06-14", "week: t"}, /* it ends this week */
	{NULL, "2025-06-15", "week: t"},
	{"2025-06-16", NULL, "opening: t"},
	{"2025-06-13", "2025-06-30", "opening: t"}, /* it begins this week */
	{"2025-06-18", NULL, "opening: t"},         /* seven days ahead */
	{"2025-06-19", NULL, ""},
	{"2025-06-01", "2025-06-30", ""}, /* under way: nothing today */
	{NULL, "2025-06-30", ""},
};

static void digest__task__stands_in_the_section_of_its_days(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64];
		add_task("t", rows[i].start, rows[i].end, "Asia/Sakhalin");
		digest_of("anna", wednesday, text, sizeof(text));
		if (strcmp(text, rows[i].digest) != 0)
			fail_msg("%s..%s: '%s' instead of '%s'", rows[i].start != NULL ? rows[i].start : "",
				 rows[i].end != NULL ? rows[i].end : "", text, rows[i].digest);
		(void)close_office(state);
		(void)open_office(state);
	}
}

/* What a step has put into the digest, and no date brings in. */
static const struct {
	const char *start, *end, *dropped, *digest;
} stepped[] = {
	{"2025-06-19", NULL, "only in the digest", "opening: t"},
	{"2025-06-01", "2025-06-30", "only in the digest", "week: t"},
	{NULL, "2025-06-30", "only in the digest", "week: t"},
	{"2025-06-12", NULL, "only in the digest", "week: t"}, /* as by its date, and once */
	{"2025-06-10", NULL, "only in the digest", "overdue: t"},
	{"2025-06-19", NULL, "task moved", ""},
};

static void digest__step_in_digest__is_there_until_the_date_brings_it(void **state)
{
	for (size_t i = 0; i < sizeof(stepped) / sizeof(stepped[0]); i++) {
		char text[64];
		struct task task;
		struct store_reminder reminder = {.task = 1, .step = "14d before start in digest"};
		add_task("t", stepped[i].start, stepped[i].end, "Asia/Sakhalin");
		OK(store_task_load(office.store, 1, &task, ERR));
		period_key(&task.period, reminder.occurrence);
		task_done(&task);
		OK(store_reminder_add(office.store, &reminder, "anna", "email", 0, stepped[i].dropped, ERR));
		digest_of("anna", wednesday, text, sizeof(text));
		if (strcmp(text, stepped[i].digest) != 0)
			fail_msg("%s..%s: '%s' instead of '%s'", stepped[i].start, stepped[i].end, text,
				 stepped[i].digest);
		digest_of("kate", wednesday, text, sizeof(text));
		assert_null(strstr(text, "opening"));
		(void)close_office(state);
		(void)open_office(state);
	}
}

/* A day is the day that is written in the plan, a minute falls on the reader's own. */
static void digest__days__are_the_readers_and_those_of_the_plan(void **state)
{
	(void)state;
	add_task("day", "2025-06-11", "2025-06-11", "Asia/Sakhalin");
	add_task("minute", "2025-06-11T09:30", NULL, "Asia/Sakhalin"); /* 10 June, 18:30 in New York */
	/* Tuesday 10 June, 08:00 in New York. */
	expect("kate", "2025-06-10T12:00", "today: minute week: day");
	/* 11 June there: the day of the plan is over where it takes place at 13:00 UTC. */
	expect("kate", "2025-06-11T12:00", "overdue: minute today: day");
	expect("kate", "2025-06-11T12:59:59", "overdue: minute today: day");
	expect("kate", "2025-06-11T13:00", "overdue: day minute");
}

static void digest__sections__come_in_order_and_each_by_end(void **state)
{
	(void)state;
	add_task("z", "2025-06-12", NULL, "Asia/Sakhalin");
	add_task("late", "2025-06-02", NULL, "Asia/Sakhalin");
	add_task("later", "2025-06-01", NULL, "Asia/Sakhalin");
	add_task("now", "2025-06-11", NULL, "Asia/Sakhalin");
	add_task("a", "2025-06-13", NULL, "Asia/Sakhalin");
	add_task("soon", "2025-06-17", NULL, "Asia/Sakhalin");
	expect("anna", wednesday, "overdue: later late today: now week: z a opening: soon");
}

static void digest__closed_and_others_tasks__are_not_in_it(void **state)
{
	(void)state;
	add_task("done", "2025-06-11", NULL, "Asia/Sakhalin");
	add_task("cancelled", "2025-06-11", NULL, "Asia/Sakhalin");
	add_task("hers", "2025-06-11", NULL, "Asia/Sakhalin");
	office_run(&office, "UPDATE task SET status = uid WHERE uid <> 'hers';"
			    "DELETE FROM part WHERE person = 'anna' AND task = 3");
	expect("anna", wednesday, "");
}

static void digest__row_that_makes_no_sense__does_not_stop_the_others(void **state)
{
	(void)state;
	add_task("bad", "2025-06-11", NULL, "Asia/Sakhalin");
	add_task("lost", "2025-06-11", NULL, "Asia/Atlantis");
	add_task("good", "2025-06-11", NULL, "Asia/Sakhalin");
	office_run(&office, "UPDATE task SET start_local = '2025-02-30', end_local = '2025-02-30' WHERE uid = 'bad'");
	expect("anna", wednesday, "today: good");
}

static void add_crowd(int n, const char *prefix, const char *day)
{
	for (int i = 0; i < n; i++)
		office_run(&office,
			   "INSERT INTO task (uid, title, start_local, end_local, zone) VALUES ('%s%03d', 'x', '%s',"
			   " '%s', 'UTC'); INSERT INTO part (task, person) VALUES (last_insert_rowid(), 'anna')",
			   prefix, i, day, day);
}

static void collect_for_anna(struct digest *digest)
{
	struct person person;
	struct reader reader;
	OK(store_person_load(office.store, "anna", &person, ERR));
	reader_init(&reader, &person, NULL, zone_find("UTC"));
	OK(digest_collect(office.store, &reader, DIGEST_OPENING, utc(wednesday), digest, ERR));
	person_done(&person);
}

static void digest__hundreds_of_tasks__are_cut_and_counted(void **state)
{
	(void)state;
	struct digest digest;
	add_crowd(3, "soon", "2025-06-17");
	add_crowd(DIGEST_ITEMS_MAX + 5, "t", "2025-06-11");
	collect_for_anna(&digest);
	assert_int_equal(digest.n_items, DIGEST_ITEMS_MAX);
	assert_int_equal(digest.n_left_out[DIGEST_TODAY], 5);
	assert_int_equal(digest.n_left_out[DIGEST_OPENING], 3);
	assert_string_equal(digest.items[0].task.uid, "t000");
	assert_string_equal(digest.items[DIGEST_ITEMS_MAX - 1].task.title, "x");
	digest_done(&digest);
	assert_int_equal(digest.n_items, 0);
}

/* They were in many digests already; what is due today was in none. */
static void digest__hundreds_of_overdue_tasks__leave_room_for_what_is_ahead(void **state)
{
	(void)state;
	struct digest digest;
	add_crowd(4, "old", "2025-05-01");
	add_crowd(DIGEST_ITEMS_MAX, "late", "2025-06-09");
	add_crowd(1, "today", "2025-06-11");
	add_crowd(1, "soon", "2025-06-17");
	collect_for_anna(&digest);
	assert_int_equal(digest.n_items, DIGEST_ITEMS_MAX);
	assert_int_equal(digest.n_left_out[DIGEST_OVERDUE], 4 + 2);
	assert_string_equal(digest.items[0].task.uid, "late002");
	assert_string_equal(digest.items[DIGEST_ITEMS_MAX - 2].task.uid, "today000");
	assert_string_equal(digest.items[DIGEST_ITEMS_MAX - 1].task.uid, "soon000");
	digest_done(&digest);
}

static void digest__overdue_dates_of_a_repeating_task__are_one(void **state)
{
	(void)state;
	struct digest digest;
	add_task("daily", "2025-06-01", "2025-06-01", "UTC");
	add_task("t", "2025-06-02", NULL, "UTC");
	office_run(&office, "UPDATE task SET rrule = 'FREQ=DAILY' WHERE uid = 'daily'");
	collect_for_anna(&digest);
	assert_int_equal(digest.items[0].section, DIGEST_OVERDUE);
	assert_string_equal(digest.items[0].task.uid, "t");
	assert_int_equal(digest.items[0].n_overdue_dates, 1);
	assert_int_equal(digest.items[1].section, DIGEST_OVERDUE);
	assert_int_equal(digest.items[1].task.period.end.day, 9); /* the 10th goes on for two hours in UTC */
	assert_int_equal(digest.items[1].n_overdue_dates, 9);
	assert_int_equal(digest.items[2].section, DIGEST_TODAY);
	assert_int_equal(digest.items[2].n_overdue_dates, 0);
	digest_done(&digest);
}

/* "Boris telegram reached, ...": who of anna's tasks is not written to any more. */
static const char *unreachable_for(const char *id)
{
	static char text[512];
	struct person person;
	struct reader reader;
	struct digest digest;
	OK(store_person_load(office.store, id, &person, ERR));
	reader_init(&reader, &person, NULL, zone_find("UTC"));
	OK(digest_collect(office.store, &reader, DIGEST_OPENING, utc(wednesday), &digest, ERR));
	text[0] = '\0';
	for (size_t i = 0; i < digest.n_unreachable; i++) {
		const struct digest_unreachable *row = &digest.unreachable[i];
		size_t len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, "%s%s %s%s: %.20s", i > 0 ? "; " : "", row->name,
			       row->channel, row->is_reached ? " reached" : "", row->why);
	}
	digest_done(&digest);
	person_done(&person);
	return text;
}

static void digest__somebody_cannot_be_reached__the_responsible_reads_it(void **state)
{
	(void)state;
	bool is_new = false;
	add_task("t", "2025-06-11T12:00", NULL, "UTC");
	OK(store_suspension_begin(office.store, "kate", "email", "550 no such user, in many words", 0, &is_new, ERR));
	assert_string_equal(unreachable_for("anna"), "kate email: 550 no such user, in"); /* where nobody is, all are */
	office_run(&office, "INSERT INTO address VALUES ('kate', 'sms', '+7')");
	assert_string_equal(unreachable_for("anna"), "kate email reached: 550 no such user, in");
	assert_string_equal(unreachable_for("kate"), "");
	office_run(&office, "UPDATE part SET role = 'responsible' WHERE person = 'kate'");
	assert_string_equal(unreachable_for("anna"), ""); /* now it is kate's own */
	office_run(&office, "UPDATE part SET role = 'watcher' WHERE person = 'kate'");
	assert_string_equal(unreachable_for("anna"), "");
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(digest__task__stands_in_the_section_of_its_days),
		WITH_OFFICE(digest__step_in_digest__is_there_until_the_date_brings_it),
		WITH_OFFICE(digest__days__are_the_readers_and_those_of_the_plan),
		WITH_OFFICE(digest__sections__come_in_order_and_each_by_end),
		WITH_OFFICE(digest__closed_and_others_tasks__are_not_in_it),
		WITH_OFFICE(digest__row_that_makes_no_sense__does_not_stop_the_others),
		WITH_OFFICE(digest__hundreds_of_tasks__are_cut_and_counted),
		WITH_OFFICE(digest__hundreds_of_overdue_tasks__leave_room_for_what_is_ahead),
		WITH_OFFICE(digest__overdue_dates_of_a_repeating_task__are_one),
		WITH_OFFICE(digest__somebody_cannot_be_reached__the_responsible_reads_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
