/* What the store tells of a task afterwards. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/buf.h"
#include "office.h"
#include "store/store_absence.h"
#include "store/store_ledger.h"
#include "store/store_move.h"

static struct office office;
static struct buf *told;
static int64_t task;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	told = mem_zero(1, sizeof(*told));
	buf_init(told, 4096);
	office_add_person(&office, "anna", "UTC", "email");
	office_add_person(&office, "boris", "UTC", "email");
	task = office_add_task(&office, &(struct office_task){.uid = "visit", .start = "2025-06-15", .people = "anna"});
	OK(store_ledger_stamp(office.store, "olga", "deadlinectl", utc("2025-01-01"), ERR));
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	buf_done(told);
	free(told);
	office_close(&office);
	return 0;
}

static int take_change(void *arg, const struct store_ledger_row *row)
{
	(void)arg;
	buf_printf(told, "%s/%s/%s/%s/%s%s;", row->who, row->through, row->action, row->person, row->detail,
		   row->at_utc == STORE_NEVER ? " unstamped" : "");
	return 0;
}

static int take_reminder(void *arg, const struct store_history_row *row)
{
	(void)arg;
	buf_printf(told, "%s %s %s %s%s +%lld;", row->step, row->person, message_state_name(row->state), row->held,
		   row->dropped, (long long)row->n_others);
	return 0;
}

static int take_attempt(void *arg, const struct store_attempt_row *row)
{
	(void)arg;
	buf_printf(told, "%lld %s %lld %s;", (long long)row->number, row->outcome, (long long)row->code, row->reply);
	return 0;
}

static int refuse(void *arg, const struct store_ledger_row *row)
{
	(void)row;
	++*(int *)arg;
	return -ECANCELED;
}

static void ledger__changes_of_the_task_and_of_its_people__are_told_in_order(void **state)
{
	(void)state;
	OK(store_silence_add(office.store, 0, "anna", utc("2025-07-01"), "on leave", "olga", ERR));
	OK(store_silence_add(office.store, 0, "boris", utc("2025-07-01"), "not of this task", "olga", ERR));
	OK(store_ledger_stamp(office.store, "olga", "deadlinectl", utc("2025-01-02"), ERR));
	office_run(&office, "UPDATE task SET start_local = '2025-06-16', end_local = '2025-06-16'");
	OK(store_ledger_each(office.store, "visit", take_change, NULL, ERR));
	assert_string_equal(buf_str(told), "olga/deadlinectl/add//2025-06-15/2025-06-15;"
					   "olga/deadlinectl/silence/anna/on leave;"
					   "/sql/move//2025-06-16/2025-06-16 unstamped;");
}

static void ledger__a_callback_that_refuses__ends_it(void **state)
{
	(void)state;
	int n = 0;
	office_run(&office, "UPDATE task SET title = 'other'");
	assert_int_equal(store_ledger_each(office.store, "visit", refuse, &n, ERR), -ECANCELED);
	assert_int_equal(n, 1);
	assert_int_equal(store_ledger_each(office.store, "visit", refuse, &n, ERR), -ECANCELED);
	assert_int_equal(n, 2);
}

static void told__reminders__come_with_their_message(void **state)
{
	(void)state;
	int64_t message = office_add_message(&office, task, "anna", "email", "7d before start", utc("2025-06-08"));
	struct store_reminder second = {.task = task,
					.occurrence = "2025-06-15",
					.due_utc = utc("2025-06-09"),
					.step = "6d before start",
					.held = (char[]){"quiet hours"}};
	struct store_reminder third = {
		.task = task, .occurrence = "2025-06-15", .due_utc = utc("2025-06-10"), .step = "5d before start"};
	OK(store_reminder_add(office.store, &second, "anna", "email", message, NULL, ERR));
	OK(store_reminder_add(office.store, &third, "anna", "email", 0, "only in the digest", ERR));
	OK(store_history_each(office.store, task, take_reminder, NULL, ERR));
	assert_string_equal(buf_str(told),
			    "7d before start anna pending  +1;6d before start anna pending quiet hours +1;"
			    "5d before start anna cancelled only in the digest +0;");
}

static void attempts__of_a_message__are_told_with_the_answer(void **state)
{
	(void)state;
	int64_t message = office_add_message(&office, task, "anna", "email", "7d before start", utc("2025-06-08"));
	OK(store_attempt_start(office.store, message, utc("2025-06-08"), ERR));
	OK(store_attempt_end(office.store, message, "temporary", 451, "451 later", ERR));
	OK(store_attempt_start(office.store, message, utc("2025-06-09"), ERR));
	OK(store_attempt_each(office.store, message, take_attempt, NULL, ERR));
	assert_string_equal(buf_str(told), "1 temporary 451 451 later;2  0 ;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ledger__changes_of_the_task_and_of_its_people__are_told_in_order,
						open_office, close_office),
		cmocka_unit_test_setup_teardown(ledger__a_callback_that_refuses__ends_it, open_office, close_office),
		cmocka_unit_test_setup_teardown(told__reminders__come_with_their_message, open_office, close_office),
		cmocka_unit_test_setup_teardown(attempts__of_a_message__are_told_with_the_answer, open_office,
						close_office),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
