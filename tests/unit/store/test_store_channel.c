#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "store/store_channel.h"

static struct office office;

static int set_up(void **state)
{
	(void)state;
	office_open(&office);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static struct store_channel load(const char *name)
{
	struct store_channel channel;
	OK(store_channel_load(office.store, name, &channel, ERR));
	return channel;
}

static void store_channel_load__unknown__all_zero(void **state)
{
	(void)state;
	struct store_channel channel = load("email");
	assert_int_equal(channel.sent_utc + channel.failed_utc + channel.paused_until_utc + channel.failing_since_utc,
			 0);
	assert_int_equal(channel.certificate_until_utc, 0);
	assert_string_equal(channel.failure, "");
	store_channel_done(&channel);
}

static void store_channel_note__failures__count_from_the_first_until_one_is_sent(void **state)
{
	(void)state;
	OK(store_channel_note_failure(office.store, "email", "no route", true, 6000, ERR));
	OK(store_channel_note_failure(office.store, "email", "451 later", true, 9000, ERR));
	struct store_channel channel = load("email");
	assert_int_equal(channel.failing_since_utc, 6000);
	assert_int_equal(channel.failed_utc, 9000);
	assert_string_equal(channel.failure, "451 later");
	store_channel_done(&channel);

	OK(store_channel_note_sent(office.store, "email", 9060, ERR));
	channel = load("email");
	assert_int_equal(channel.failing_since_utc, 0);
	assert_int_equal(channel.sent_utc, 9060);
	assert_string_equal(channel.failure, "451 later");
	store_channel_done(&channel);
}

static void store_channel_note_failure__asked_to_wait__is_not_failing(void **state)
{
	(void)state;
	OK(store_channel_note_failure(office.store, "chat", "429", false, 6000, ERR));
	struct store_channel channel = load("chat");
	assert_int_equal(channel.failing_since_utc, 0);
	assert_int_equal(channel.failed_utc, 6000);
	store_channel_done(&channel);
}

static void store_channel_note_pause__shorter_one__leaves_the_longer(void **state)
{
	(void)state;
	static const struct {
		int64_t asked, expected;
	} rows[] = {{7000, 7000}, {6500, 7000}, {9000, 9000}, {9000 + 90000, 9000 + 90000}, {9100, 9100}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OK(store_channel_note_pause(office.store, "chat", rows[i].asked, ERR));
		struct store_channel channel = load("chat");
		assert_int_equal(channel.paused_until_utc, rows[i].expected);
		store_channel_done(&channel);
	}
}

static void store_channel_note_sent__pause__stays_until_it_is_over(void **state)
{
	(void)state;
	OK(store_channel_note_sent(office.store, "chat", 6000, ERR));
	OK(store_channel_note_pause(office.store, "chat", 7000, ERR));
	struct store_channel channel = load("chat");
	assert_int_equal(channel.paused_until_utc, 7000);
	store_channel_done(&channel);
	static const struct {
		int64_t at_utc, paused_until_utc;
	} rows[] = {{6001, 7000}, {6999, 7000}, {7000, 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OK(store_channel_note_sent(office.store, "chat", rows[i].at_utc, ERR));
		channel = load("chat");
		assert_int_equal(channel.paused_until_utc, rows[i].paused_until_utc);
		store_channel_done(&channel);
	}
	OK(store_channel_note_pause(office.store, "chat", 7001 + 86401, ERR)); /* by a clock that was wrong */
	OK(store_channel_note_sent(office.store, "chat", 7001, ERR));
	channel = load("chat");
	assert_int_equal(channel.paused_until_utc, 0);
	store_channel_done(&channel);
}

static void store_channel_shift_pauses__each__ends_as_much_sooner(void **state)
{
	(void)state;
	OK(store_channel_note_pause(office.store, "chat", 7000, ERR));
	OK(store_channel_note_sent(office.store, "email", 6000, ERR)); /* has none */
	OK(store_channel_shift_pauses(office.store, 2500, ERR));
	struct store_channel chat = load("chat"), email = load("email");
	assert_int_equal(chat.paused_until_utc, 4500);
	assert_int_equal(email.paused_until_utc, 0);
	store_channel_done(&chat);
	store_channel_done(&email);
}

static int64_t n_written(void)
{
	return office_number(&office, "PRAGMA data_version"); /* moves with every commit of the store */
}

static void store_channel_note__the_same_minute__writes_nothing(void **state)
{
	(void)state;
	OK(store_channel_note_sent(office.store, "email", 6000, ERR));
	OK(store_channel_note_failure(office.store, "email", "no route", false, 6000, ERR));
	OK(store_channel_note_certificate(office.store, "email", 99000, ERR));
	OK(store_channel_note_pause(office.store, "chat", 7000, ERR));
	OK(store_channel_note_pause(office.store, "email", 7000, ERR));
	int64_t before = n_written();
	OK(store_channel_note_sent(office.store, "email", 6059, ERR));
	OK(store_channel_note_failure(office.store, "email", "no route", false, 6059, ERR));
	OK(store_channel_note_certificate(office.store, "email", 99000, ERR));
	OK(store_channel_note_pause(office.store, "chat", 7000, ERR));
	assert_int_equal(n_written(), before);
	OK(store_channel_note_sent(office.store, "email", 6060, ERR));
	assert_int_not_equal(n_written(), before);
	struct store_channel channel = load("email");
	assert_int_equal(channel.sent_utc, 6060);
	assert_int_equal(channel.failed_utc, 6000);
	assert_int_equal(channel.certificate_until_utc, 99000);
	store_channel_done(&channel);
}

static void store_channel_waiting__each_channel_once(void **state)
{
	(void)state;
	struct strlist names = {0};
	office_add_person(&office, "anna", "UTC", "email chat old");
	int64_t task =
		office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	(void)office_add_message(&office, task, "anna", "old", "1d", 5);
	(void)office_add_message(&office, task, "anna", "chat", "1d", 5);
	(void)office_add_message(&office, task, "anna", "chat", "2d", 5);
	office_run(&office, "UPDATE message SET state = 'sent' WHERE channel = 'old'");
	OK(store_channel_waiting(office.store, &names, ERR));
	assert_int_equal(names.n, 1);
	assert_string_equal(names.items[0], "chat");
	strlist_done(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(store_channel_load__unknown__all_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(store_channel_note__failures__count_from_the_first_until_one_is_sent,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(store_channel_note_failure__asked_to_wait__is_not_failing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(store_channel_note_pause__shorter_one__leaves_the_longer, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(store_channel_shift_pauses__each__ends_as_much_sooner, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(store_channel_note_sent__pause__stays_until_it_is_over, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(store_channel_note__the_same_minute__writes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(store_channel_waiting__each_channel_once, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
