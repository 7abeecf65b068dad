#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "office.h"
#include "store/store_suspension.h"
#include "store/store_turn.h"

static struct office office;
static int64_t task;

static int set_up(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email telegram");
	task = office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static int64_t add(const char *channel, const char *step)
{
	return office_add_message(&office, task, "anna", channel, step, 100);
}

static int64_t turn_of(int64_t message)
{
	return office_number(&office, "SELECT next_channel_utc FROM message WHERE id = %lld", (long long)message);
}

static enum store_fate fate(const char *step, const char *channel)
{
	struct store_reminder reminder = {.task = task, .occurrence = "2025-06-15"};
	enum store_fate found = STORE_FATE_NONE;
	(void)snprintf(reminder.step, sizeof(reminder.step), "%s", step);
	OK(store_turn_fate(office.store, &reminder, "anna", channel, &found, ERR));
	return found;
}

/* On any channel. */
static bool is_here(const char *step, const char *person)
{
	bool is_here = false;
	OK(store_turn_is_here(office.store, task, "2025-06-15", step, person, &is_here, ERR));
	return is_here;
}

static void store_turn_fate__each_end__says_whether_to_go_on(void **state)
{
	(void)state;
	static const struct {
		const char *state, *dropped;
		enum store_fate fate;
	} rows[] = {
		{"pending", NULL, STORE_FATE_HERE},
		{"sending", NULL, STORE_FATE_HERE},
		{"sent", NULL, STORE_FATE_HERE},
		{"stale", NULL, STORE_FATE_HERE},
		{"held", NULL, STORE_FATE_HERE},
		{"dead", NULL, STORE_FATE_DEAD},
		{"dead", "task done", STORE_FATE_HERE},
		{"cancelled", "acknowledged", STORE_FATE_HERE},
		{"cancelled", "sent by email instead", STORE_FATE_GONE},
		{"cancelled", "address suspended", STORE_FATE_GONE},
		{"cancelled", "no address", STORE_FATE_GONE},
	};
	assert_int_equal(fate("x", "telegram"), STORE_FATE_NONE);
	int64_t message = add("telegram", "x");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		office_run(
			&office,
			"UPDATE reminder SET dropped = nullif('%s', ''); UPDATE message SET state = '%s' WHERE id = %lld",
			rows[i].dropped != NULL ? rows[i].dropped : "", rows[i].state, (long long)message);
		if (fate("x", "telegram") != rows[i].fate || is_here("x", "anna") != (rows[i].fate == STORE_FATE_HERE))
			fail_msg("%s %zu", rows[i].state, i);
	}
	assert_int_equal(fate("x", "email"), STORE_FATE_NONE);
}

static void store_turn_is_here__told_to_a_deputy__is_so_for_both(void **state)
{
	(void)state;
	assert_false(is_here("x", "anna"));
	(void)add("telegram", "x");
	assert_true(is_here("x", "anna"));
	assert_false(is_here("y", "anna"));
	assert_false(is_here("x", "boris"));
	office_run(&office, "UPDATE reminder SET deputy_for = 'boris'");
	assert_true(is_here("x", "anna"));
	assert_true(is_here("x", "boris"));
}

static void store_turn__ends__come_in_order_and_not_in_flight(void **state)
{
	(void)state;
	int64_t ids[8], next = 0, late = add("telegram", "1d"), soon = add("telegram", "2d"), none = add("email", "1d");
	size_t n = 0;
	OK(store_turn_next(office.store, &next, ERR));
	assert_int_equal(next, STORE_NEVER);
	OK(store_turn_sooner(office.store, late, 900, ERR));
	OK(store_turn_sooner(office.store, soon, 500, ERR));
	OK(store_turn_sooner(office.store, soon, 700, ERR));
	assert_int_equal(turn_of(soon), 500);
	assert_int_equal(turn_of(none), -1);
	OK(store_turn_next(office.store, &next, ERR));
	assert_int_equal(next, 500);
	OK(store_turn_due(office.store, 900, ids, 8, &n, ERR));
	assert_int_equal(n, 2);
	assert_int_equal(ids[0], soon);
	OK(store_turn_due(office.store, 899, ids, 8, &n, ERR));
	assert_int_equal(n, 1);
	office_run(&office, "UPDATE message SET state = 'sending' WHERE id = %lld", (long long)soon);
	OK(store_turn_next(office.store, &next, ERR));
	assert_int_equal(next, 900);
	office_run(&office, "UPDATE message SET state = 'sent'");
	OK(store_turn_due(office.store, 900, ids, 8, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_turn_set(office.store, late, -1, ERR));
	assert_int_equal(turn_of(late), -1);
}

static void store_turn_load__dropped_ones__are_not_in_it(void **state)
{
	(void)state;
	struct store_turn turn;
	int64_t message = add("telegram", "1d");
	office_run(&office, "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message, dropped)"
			    " SELECT task, occurrence, '2d', person, channel, 5, message, 'snoozed' FROM reminder");
	office_run(&office, "UPDATE task SET policy = 'visit'; UPDATE message SET state = 'dead'");
	OK(store_turn_sooner(office.store, message, 300, ERR));
	OK(store_turn_load(office.store, message, &turn, ERR));
	assert_int_equal(turn.n_reminders, 1);
	assert_string_equal(turn.reminders[0].reminder.step, "1d");
	assert_string_equal(turn.reminders[0].policy, "visit");
	assert_int_equal(turn.state, MESSAGE_DEAD);
	assert_int_equal(turn.until_utc, 300);
	assert_false(turn.is_braked);
	store_turn_done(&turn);
	office_run(&office, "INSERT OR REPLACE INTO brake VALUES ('person', 'anna', 0, 0, 0, 7)");
	OK(store_turn_load(office.store, message, &turn, ERR));
	assert_true(turn.is_braked);
	store_turn_done(&turn);
	assert_int_equal(store_turn_load(office.store, 77, &turn, ERR), -ENOENT);
}

static void store_turn_drop__the_last_one__takes_the_message_along(void **state)
{
	(void)state;
	struct store_reminder reminder = {.task = task, .occurrence = "2025-06-15", .step = "1d"};
	int64_t message = add("telegram", "1d");
	OK(store_turn_drop(office.store, &reminder, "anna", "telegram", "sent by email instead", ERR));
	assert_string_equal(office_state(&office, message), "cancelled");
	OK(store_turn_drop(office.store, &reminder, "anna", "telegram", "no address", ERR));
	assert_string_equal(office_text(&office, "SELECT dropped FROM reminder"), "sent by email instead");
}

static void store_turn_clamp__clock_set_back__leaves_what_waits_for_its_reader(void **state)
{
	(void)state;
	int64_t wrong = add("telegram", "1d"), held = add("telegram", "2d");
	OK(store_turn_sooner(office.store, wrong, 9000000, ERR));
	OK(store_turn_sooner(office.store, held, 9000000, ERR));
	office_run(&office, "UPDATE message SET due_utc = 8999000, not_before = 8999000 WHERE id = %lld",
		   (long long)held);
	OK(store_message_clamp(office.store, 90000, 3600, ERR));
	assert_int_equal(turn_of(wrong), 3900);
	assert_int_equal(turn_of(held), 9000000);
}

static void store_suspension_begin__what_has_another_channel__goes_there_now(void **state)
{
	(void)state;
	bool is_new = false;
	int64_t plain = add("telegram", "1d"), ordered = add("telegram", "2d"), other = add("email", "2d");
	OK(store_turn_sooner(office.store, ordered, 900, ERR));
	OK(store_turn_sooner(office.store, other, 900, ERR));
	OK(store_suspension_begin(office.store, "anna", "telegram", "blocked", 50, &is_new, ERR));
	assert_true(is_new);
	assert_string_equal(office_state(&office, plain), "cancelled");
	assert_string_equal(office_state(&office, ordered), "pending");
	assert_int_equal(turn_of(ordered), 0);
	assert_int_equal(turn_of(other), 900);
	OK(store_suspension_begin(office.store, "anna", "telegram", "again", 60, &is_new, ERR));
	assert_false(is_new);
	assert_string_equal(office_text(&office, "SELECT reason || since_utc FROM suspension"), "blocked50");
	OK(store_suspension_begin(office.store, "anna", "sms", "no such address", 60, &is_new, ERR));
	assert_false(is_new);
}

static void address_removed__what_has_another_channel__goes_there_now(void **state)
{
	(void)state;
	int64_t plain = add("telegram", "1d"), ordered = add("telegram", "2d");
	OK(store_turn_sooner(office.store, ordered, 900, ERR));
	office_run(&office, "DELETE FROM address WHERE channel = 'telegram'");
	assert_string_equal(office_state(&office, plain), "cancelled");
	assert_string_equal(office_state(&office, ordered), "pending");
	assert_int_equal(turn_of(ordered), 0);
}

static int add_row(void *arg, const struct store_suspension *row)
{
	size_t len = strlen(arg);
	(void)snprintf((char *)arg + len, 256 - len, "%s %s %s %lld %d;", row->person, row->channel, row->reason,
		       (long long)row->since_utc, row->is_reached);
	return 0;
}

static void store_suspension_each__tells_who_is_reached_otherwise(void **state)
{
	(void)state;
	bool is_new = false;
	char rows[256] = "";
	office_run(&office, "INSERT INTO suspension (person, channel, refusals) VALUES ('anna', 'email', 2)");
	OK(store_suspension_begin(office.store, "anna", "telegram", "blocked", 50, &is_new, ERR));
	OK(store_suspension_each(office.store, add_row, rows, ERR));
	assert_string_equal(rows, "anna telegram blocked 50 1;");
	OK(store_suspension_begin(office.store, "anna", "email", "gone", 60, &is_new, ERR));
	rows[0] = '\0';
	OK(store_suspension_each(office.store, add_row, rows, ERR));
	assert_string_equal(rows, "anna email gone 60 0;anna telegram blocked 50 0;");
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(store_turn_fate__each_end__says_whether_to_go_on),
		ROW(store_turn_is_here__told_to_a_deputy__is_so_for_both),
		ROW(store_turn__ends__come_in_order_and_not_in_flight),
		ROW(store_turn_load__dropped_ones__are_not_in_it),
		ROW(store_turn_drop__the_last_one__takes_the_message_along),
		ROW(store_turn_clamp__clock_set_back__leaves_what_waits_for_its_reader),
		ROW(store_suspension_begin__what_has_another_channel__goes_there_now),
		ROW(address_removed__what_has_another_channel__goes_there_now),
		ROW(store_suspension_each__tells_who_is_reached_otherwise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
