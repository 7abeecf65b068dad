#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "store/store_retain.h"
#include "store/store_thread.h"

static struct office office;
static int64_t first, second;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "telegram");
	int64_t fair = office_add_task(&office, &(struct office_task){.uid = "fair", .start = "2025-06-15"});
	first = office_add_message(&office, fair, "anna", "telegram", "2d before start", 100);
	second = office_add_message(&office, fair, "anna", "telegram", "1d before start", 200);
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

/* "-" = it has none there. */
static const char *thread(int64_t message, const char *address)
{
	static char text[32];
	char *remote_id = NULL;
	OK(store_thread_load(office.store, message, address, &remote_id, ERR));
	(void)snprintf(text, sizeof(text), "%s", remote_id != NULL ? remote_id : "-");
	free(remote_id);
	return text;
}

static void store_thread__begun__is_that_of_all_its_messages_at_the_address(void **state)
{
	(void)state;
	assert_string_equal(thread(first, "5"), "-");
	OK(store_thread_begin(office.store, first, "5", "41", ERR));
	assert_string_equal(thread(first, "5"), "41");
	assert_string_equal(thread(second, "5"), "41");
	assert_string_equal(thread(second, "6"), "-");
}

static void store_thread__begun_twice__keeps_the_first_of_an_address(void **state)
{
	(void)state;
	OK(store_thread_begin(office.store, second, "5", "42", ERR));
	OK(store_thread_begin(office.store, first, "5", "41", ERR));
	assert_string_equal(thread(first, "5"), "42");
	OK(store_thread_begin(office.store, second, "6", "7", ERR));
	assert_string_equal(thread(first, "6"), "7");
	assert_string_equal(thread(first, "5"), "-");
}

static void store_thread__ended__is_not_when_it_is_another_by_now(void **state)
{
	(void)state;
	OK(store_thread_begin(office.store, first, "5", "41", ERR));
	OK(store_thread_end(office.store, second, "40", ERR));
	assert_string_equal(thread(second, "5"), "41");
	OK(store_thread_end(office.store, second, "41", ERR));
	assert_string_equal(thread(second, "5"), "-");
}

/* A digest or a notice is nobody's first message about a task. */
static void store_thread__message_without_a_reminder__begins_none(void **state)
{
	(void)state;
	int64_t notice = 0;
	OK(store_message_add(office.store, "anna", "telegram", "notice", MESSAGE_PENDING, NULL, 5, 5, "example.org", 0,
			     &notice, ERR));
	OK(store_thread_begin(office.store, notice, "5", "41", ERR));
	assert_string_equal(thread(notice, "5"), "-");
}

/* All that is over, as of a year later. */
static void retain(void)
{
	struct store_retain retain = {.cutoff_utc = utc("2026-06-15"), .cutoff_day = "2026-06-15"};
	OK(store_begin(office.store, ERR));
	OK(store_retain(office.store, &retain, ERR));
	OK(store_commit(office.store, ERR));
}

/* The first message stays as long as another of its thread. */
static void store_thread__messages_are_removed__goes_with_the_first(void **state)
{
	(void)state;
	OK(store_thread_begin(office.store, first, "5", "41", ERR));
	office_run(&office, "UPDATE message SET state = 'sent'; UPDATE task SET status = 'done'");
	retain();
	assert_string_equal(thread(second, "5"), "-");
	assert_string_equal(thread(first, "5"), "41");
	retain();
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 0);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM thread"), 0);
	OK(store_thread_begin(office.store, first, "5", "41", ERR)); /* there is nothing to keep it by */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(store_thread__begun__is_that_of_all_its_messages_at_the_address),
		TEST(store_thread__begun_twice__keeps_the_first_of_an_address),
		TEST(store_thread__ended__is_not_when_it_is_another_by_now),
		TEST(store_thread__message_without_a_reminder__begins_none),
		TEST(store_thread__messages_are_removed__goes_with_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
