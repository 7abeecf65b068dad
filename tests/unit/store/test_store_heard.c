#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "store/store_heard.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "telegram");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static const char *next_of(const char *channel, const char *account)
{
	static char text[32];
	char *next = NULL;
	OK(store_updates_next(office.store, channel, account, &next, ERR));
	(void)snprintf(text, sizeof(text), "%s", next);
	free(next);
	return text;
}

static bool is_over(const char *channel, const char *hash)
{
	bool is = false;
	OK(store_heard_is_over(office.store, channel, hash, &is, ERR));
	return is;
}

static bool any(const char *channel)
{
	bool is = false;
	OK(store_heard_any(office.store, channel, &is, ERR));
	return is;
}

static void store_updates__saved__is_read_back(void **state)
{
	(void)state;
	assert_string_equal(next_of("telegram", "a"), "");
	OK(store_updates_save(office.store, "telegram", "a", "17", ERR));
	OK(store_updates_save(office.store, "telegram", "a", "18", ERR));
	assert_string_equal(next_of("telegram", "a"), "18");
	assert_string_equal(next_of("max", "a"), "");
}

static void store_updates__of_another_account__are_not_gone_on_with(void **state)
{
	(void)state;
	OK(store_updates_save(office.store, "telegram", "a", "17", ERR));
	assert_string_equal(next_of("telegram", "b"), "");
	OK(store_updates_save(office.store, "telegram", "b", "5", ERR));
	assert_string_equal(next_of("telegram", "b"), "5");
	assert_string_equal(next_of("telegram", "a"), "");
}

/* An earlier build kept no account. */
static void store_updates__account_unknown__begins_anew(void **state)
{
	(void)state;
	office_run(&office, "INSERT INTO channel (name, updates_next) VALUES ('telegram', '17')");
	assert_string_equal(next_of("telegram", ""), "");
}

static void store_heard__marked__is_found_until_it_is_over(void **state)
{
	(void)state;
	struct store_heard heard = {0};
	assert_int_equal(store_heard_marked(office.store, &heard, ERR), 0);
	OK(store_heard_mark(office.store, "telegram", "h1", "button", ERR));
	assert_int_equal(store_heard_marked(office.store, &heard, ERR), 1);
	assert_string_equal(heard.person, "");
	store_heard_done(&heard);
	OK(store_heard_whose(office.store, "telegram", "h1", "anna", ERR));
	OK(store_heard_mark(office.store, "telegram", "h1", "button", ERR)); /* it is tried again */
	assert_int_equal(store_heard_marked(office.store, &heard, ERR), 1);
	assert_string_equal(heard.channel, "telegram");
	assert_string_equal(heard.hash, "h1");
	assert_string_equal(heard.kind, "button");
	assert_string_equal(heard.person, "anna");
	store_heard_done(&heard);
	assert_false(is_over("telegram", "h1"));
	OK(store_heard_end(office.store, "telegram", "h1", ERR));
	assert_int_equal(store_heard_marked(office.store, &heard, ERR), 0);
	assert_true(is_over("telegram", "h1"));
	assert_false(is_over("max", "h1"));
	OK(store_heard_mark(office.store, "telegram", "h1", "button", ERR));
	assert_true(is_over("telegram", "h1"));
}

static void store_heard__given_up__stands_in_the_ledger(void **state)
{
	(void)state;
	struct store_heard heard = {0};
	OK(store_heard_mark(office.store, "telegram", "h1", "text", ERR));
	assert_int_equal(store_heard_marked(office.store, &heard, ERR), 1);
	OK(store_heard_give_up(office.store, &heard, 77, ERR));
	store_heard_done(&heard);
	assert_true(is_over("telegram", "h1"));
	assert_string_equal(office_text(&office, "SELECT at_utc || who || through || coalesce(person, '-') || detail"
						 " FROM ledger WHERE action = 'pass over'"),
			    "77deadlinedtelegram-text");
}

static void store_heard__unmarked__what_is_over_stays(void **state)
{
	(void)state;
	OK(store_heard_mark(office.store, "telegram", "h1", "text", ERR));
	OK(store_heard_mark(office.store, "telegram", "h2", "text", ERR));
	OK(store_heard_end(office.store, "telegram", "h1", ERR));
	OK(store_heard_unmark_all(office.store, ERR));
	assert_true(is_over("telegram", "h1"));
	assert_int_equal(office_number(&office, "SELECT count(*) FROM heard"), 1);
}

static void store_heard__forgotten__only_those_of_the_channel(void **state)
{
	(void)state;
	OK(store_heard_mark(office.store, "telegram", "h1", "text", ERR));
	OK(store_heard_mark(office.store, "max", "h1", "text", ERR));
	OK(store_heard_forget(office.store, "telegram", ERR));
	assert_false(any("telegram"));
	assert_true(any("max"));
}

static void store_heard__person_goes__the_update_stays(void **state)
{
	(void)state;
	OK(store_heard_mark(office.store, "telegram", "h1", "text", ERR));
	OK(store_heard_whose(office.store, "telegram", "h1", "anna", ERR));
	office_run(&office, "DELETE FROM person WHERE id = 'anna'");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM heard WHERE person IS NULL"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(store_updates__saved__is_read_back),
		TEST(store_updates__of_another_account__are_not_gone_on_with),
		TEST(store_updates__account_unknown__begins_anew),
		TEST(store_heard__marked__is_found_until_it_is_over),
		TEST(store_heard__given_up__stands_in_the_ledger),
		TEST(store_heard__unmarked__what_is_over_stays),
		TEST(store_heard__forgotten__only_those_of_the_channel),
		TEST(store_heard__person_goes__the_update_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
