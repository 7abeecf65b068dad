#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/buf.h"
#include "office.h"
#include "store/store_reader.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email");
	office_add_person(&office, "boris", "UTC", "email");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static int64_t add_series(void)
{
	return office_add_task(&office,
			       &(struct office_task){.uid = "weekly", .start = "2025-06-02", .people = "anna boris"});
}

/* A pending message with one reminder of that occurrence and step. */
static void add_reminder(int64_t task, const char *occurrence, const char *step, const char *person, int64_t not_before)
{
	office_run(&office,
		   "INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
		   " VALUES ('%s', 'email', 'single', 'pending', %lld, %lld, 'example.org')",
		   person, (long long)not_before, (long long)not_before);
	office_run(&office,
		   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
		   " VALUES (%lld, '%s', '%s', '%s', 'email', %lld, (SELECT max(id) FROM message))",
		   (long long)task, occurrence, step, person, (long long)not_before);
}

static const char *waiting(void)
{
	return office_text(&office, "SELECT coalesce(group_concat(occurrence || ' ' || step, '; '), '') FROM"
				    " (SELECT * FROM reminder JOIN message m ON m.id = message"
				    "   WHERE dropped IS NULL AND m.state = 'pending' ORDER BY occurrence, step)");
}

static void store_reader__close_from__ends_this_and_what_follows(void **state)
{
	struct period moved = {.has_start = true, .precision = PERIOD_DAY};
	(void)state;
	int64_t task = add_series();
	assert_true(civil_parse("2025-06-27", &moved.start, NULL));
	moved.end = moved.start;
	OK(store_occurrence_set(office.store, task, "2025-06-09", "open", &moved, ERR)); /* from before the cut */
	assert_true(civil_parse("2025-06-10", &moved.start, NULL));
	moved.end = moved.start;
	OK(store_occurrence_set(office.store, task, "2025-06-23", "open", &moved, ERR)); /* from behind it */
	add_reminder(task, "2025-06-02", "a", "anna", 10);
	add_reminder(task, "2025-06-27", "b", "anna", 10);
	add_reminder(task, "2025-06-10", "c", "anna", 10);
	add_reminder(task, "2025-06-16", "d", "anna", 10);
	add_reminder(task, "2025-06-30", "e", "anna", 10);
	OK(store_occurrences_close_from(office.store, task, "2025-06-16", "cancelled", ERR));
	assert_string_equal(waiting(), "2025-06-02 a; 2025-06-27 b");
	assert_string_equal(office_text(&office, "SELECT group_concat(date || status, ' ') FROM occurrence"),
			    "2025-06-09open 2025-06-23cancelled");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder WHERE dropped = 'task cancelled'"), 3);
}

static void store_reader__snooze_clear__drops_what_comes_before_and_older_snoozes(void **state)
{
	(void)state;
	int64_t task = add_series();
	add_reminder(task, "2025-06-02", "early", "anna", 10);
	add_reminder(task, "2025-06-02", "late", "anna", 30);
	add_reminder(task, "2025-06-02", "snoozed until 40", "anna", 40);
	add_reminder(task, "2025-06-02", "z of another", "boris", 10);
	OK(store_snooze_clear(office.store, task, "anna", 20, ERR));
	assert_string_equal(waiting(), "2025-06-02 late; 2025-06-02 z of another");
	/* the same instant again: its key is free */
	OK(store_snooze_clear(office.store, task, "anna", 40, ERR));
	add_reminder(task, "2025-06-02", "snoozed until 40", "anna", 40);
	assert_string_equal(waiting(), "2025-06-02 snoozed until 40; 2025-06-02 z of another");
}

static int collect(void *arg, const struct store_deputy *deputy)
{
	buf_printf(arg, "%s>%s %s..%s;", deputy->person, deputy->deputy, deputy->from_day, deputy->to_day);
	return strcmp(deputy->from_day, "2025-09-01") == 0 ? -ECANCELED : 0;
}

static void store_reader__deputies__are_listed_in_order_until_told(void **state)
{
	struct buf text;
	struct err err = {0};
	(void)state;
	buf_init(&text, 1000);
	OK(store_deputy_set(office.store, "boris", "anna", "2025-08-01", "2025-08-02", ERR));
	OK(store_deputy_set(office.store, "anna", "boris", "2025-07-01", "2025-07-31", ERR));
	OK(store_deputy_set(office.store, "anna", "boris", "2025-07-01", "2025-07-14", ERR));
	OK(store_deputy_each(office.store, collect, &text, ERR));
	assert_string_equal(buf_str(&text), "anna>boris 2025-07-01..2025-07-14;boris>anna 2025-08-01..2025-08-02;");
	OK(store_deputy_set(office.store, "anna", "boris", "2025-09-01", "2025-09-02", ERR));
	assert_int_equal(store_deputy_each(office.store, collect, &text, &err), -ECANCELED);
	buf_done(&text);
}

static void store_reader__calendars__are_those_of_active_people(void **state)
{
	struct strlist calendars = {0};
	(void)state;
	office_run(&office, "UPDATE person SET calendar = 'russia' WHERE id = 'anna'");
	office_run(&office, "UPDATE person SET calendar = 'china', active = 0 WHERE id = 'boris'");
	OK(store_person_calendars(office.store, &calendars, ERR));
	assert_int_equal(calendars.n, 1);
	assert_string_equal(calendars.items[0], "russia");
	strlist_done(&calendars);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(store_reader__close_from__ends_this_and_what_follows),
		WITH_OFFICE(store_reader__snooze_clear__drops_what_comes_before_and_older_snoozes),
		WITH_OFFICE(store_reader__deputies__are_listed_in_order_until_told),
		WITH_OFFICE(store_reader__calendars__are_those_of_active_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
