#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "office.h"
#include "remind/occurrences.h"
#include "store/store_occurrence.h"

static struct office office;
static int64_t id;

/* A report at 10:00 on every 15th of the first half of 2025. */
static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	id = office_add_task(&office, &(struct office_task){.uid = "report",
							    .start = "2025-01-15T10:00",
							    .precision = PERIOD_MINUTE,
							    .zone = "Europe/Moscow"});
	office_run(&office, "UPDATE task SET rrule = 'FREQ=MONTHLY;UNTIL=20250630'");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static struct civil day(const char *text)
{
	struct civil civil;
	assert_true(civil_parse(text, &civil, NULL));
	return civil;
}

/* The keys around those days, separated by blanks. */
static const char *around(const char *from, const char *to)
{
	static char keys[2048];
	struct task task;
	struct occurrence *items = NULL;
	size_t n = 0, used = 0;
	struct civil first = day(from), last = day(to);
	OK(store_task_load(office.store, id, &task, ERR));
	OK(occurrences_around(office.store, &task, &first, &last, &items, &n, ERR));
	keys[0] = '\0';
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(keys + used, sizeof(keys) - used, "%s%s", i > 0 ? " " : "", items[i].key);
	free(items);
	task_done(&task);
	return keys;
}

static void occurrences__of_an_ordinary_task__are_its_one_date(void **state)
{
	(void)state;
	office_run(&office, "UPDATE task SET rrule = ''");
	assert_string_equal(around("2030-01-01", "2030-02-01"), "2025-01-15T10:00");
}

static void occurrences__in_the_span__and_the_first_behind_it(void **state)
{
	(void)state;
	assert_string_equal(around("2025-02-01", "2025-03-31"), "2025-02-15T10:00 2025-03-15T10:00 2025-04-15T10:00");
	assert_string_equal(around("2025-02-15", "2025-02-15"), "2025-02-15T10:00 2025-03-15T10:00");
	assert_string_equal(around("2025-06-01", "2025-12-31"), "2025-06-15T10:00");
	assert_string_equal(around("2025-07-01", "2025-12-31"), "");
}

static void occurrences__done_or_cancelled_by_itself__is_left_out(void **state)
{
	(void)state;
	OK(store_occurrence_set(office.store, id, "2025-03-15T10:00", "done", NULL, ERR));
	OK(store_occurrence_set(office.store, id, "2025-04-15T10:00", "cancelled", NULL, ERR));
	assert_string_equal(around("2025-02-01", "2025-03-31"), "2025-02-15T10:00 2025-05-15T10:00");
}

static void occurrences__opened_again__is_back(void **state)
{
	(void)state;
	OK(store_occurrence_set(office.store, id, "2025-03-15T10:00", "done", NULL, ERR));
	assert_string_equal(around("2025-03-01", "2025-03-31"), "2025-04-15T10:00");
	OK(store_occurrence_set(office.store, id, "2025-03-15T10:00", "open", NULL, ERR));
	assert_string_equal(around("2025-03-01", "2025-03-31"), "2025-03-15T10:00 2025-04-15T10:00");
}

static void occurrences__moved_by_itself__has_its_new_date_only(void **state)
{
	(void)state;
	struct period moved = {.has_start = true, .precision = PERIOD_MINUTE};
	moved.start = moved.end = day("2025-03-20T12:30");
	OK(store_occurrence_set(office.store, id, "2025-03-15T10:00", "open", &moved, ERR));
	assert_string_equal(around("2025-03-01", "2025-03-31"), "2025-03-20T12:30 2025-04-15T10:00");
	/* It lies ahead: the planner must know of it before its month has come. */
	assert_string_equal(around("2025-02-01", "2025-02-28"), "2025-02-15T10:00 2025-03-20T12:30 2025-04-15T10:00");
}

static void occurrences__added_and_left_out_dates__count(void **state)
{
	(void)state;
	office_run(&office, "UPDATE task SET rdate = '2025-02-20', exdate = '2025-03-15'");
	assert_string_equal(around("2025-02-01", "2025-03-31"), "2025-02-15T10:00 2025-02-20T10:00 2025-04-15T10:00");
}

static void occurrences__of_a_month__are_months(void **state)
{
	(void)state;
	office_run(&office,
		   "UPDATE task SET start_local = '2025-01-01', end_local = '2025-01-31', precision = 'month'");
	assert_string_equal(around("2025-02-01", "2025-02-28"), "2025-02-01/2025-02-28 2025-03-01/2025-03-31");
}

static void occurrences__rule_that_cannot_be_read__is_an_error(void **state)
{
	(void)state;
	struct task task;
	struct err err = {0};
	struct occurrence *items = NULL;
	size_t n = 0;
	struct civil first = day("2025-01-01"), last = day("2025-12-31");
	office_run(&office, "UPDATE task SET rrule = 'FREQ=SOMETIMES'");
	OK(store_task_load(office.store, id, &task, ERR));
	assert_int_equal(occurrences_around(office.store, &task, &first, &last, &items, &n, &err), -EINVAL);
	assert_non_null(strstr(err.text, "SOMETIMES"));
	task_done(&task);
}

static void occurrences__found_by_their_key(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		bool is_found;
	} rows[] = {{"2025-04-15T10:00", true},
		    {"2025-04-16T10:00", false},
		    {"2026-04-15T10:00", false},
		    {"rubbish", false}};
	struct task task;
	OK(store_task_load(office.store, id, &task, ERR));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct period period;
		char key[PERIOD_KEY_SIZE];
		bool is_found = !rows[i].is_found;
		OK(occurrences_find(office.store, &task, rows[i].key, &is_found, &period, ERR));
		assert_int_equal(is_found, rows[i].is_found);
		period_key(&period, key);
		assert_string_equal(key, rows[i].is_found ? rows[i].key : "2025-01-15T10:00");
	}
	task_done(&task);
}

#define IN_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OFFICE(occurrences__of_an_ordinary_task__are_its_one_date),
		IN_OFFICE(occurrences__in_the_span__and_the_first_behind_it),
		IN_OFFICE(occurrences__done_or_cancelled_by_itself__is_left_out),
		IN_OFFICE(occurrences__opened_again__is_back),
		IN_OFFICE(occurrences__moved_by_itself__has_its_new_date_only),
		IN_OFFICE(occurrences__added_and_left_out_dates__count),
		IN_OFFICE(occurrences__of_a_month__are_months),
		IN_OFFICE(occurrences__rule_that_cannot_be_read__is_an_error),
		IN_OFFICE(occurrences__found_by_their_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
