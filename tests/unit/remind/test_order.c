#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "remind/order.h"

static void order_parse__what_is_right__is_written_the_same_again(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"", "every channel"},
		{"telegram, email", "telegram email"},
		{"telegram email", "telegram email"},
		{"first that works: telegram, email", "first that works: telegram, email, next after 30m"},
		{" first that works : telegram email", "first that works: telegram, email, next after 30m"},
		{"first that works: telegram, email, next after 2h",
		 "first that works: telegram, email, next after 2h"},
		{"first that works: a,b,c,next after 90s", "first that works: a, b, c, next after 90s"},
		{"first that works: next, after", NULL},
		{"first that works: email", "first that works: email, next after 30m"},
		{"first that works: telegram, email, next after 1d",
		 "first that works: telegram, email, next after 24h"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct order order, again;
		struct err err = {0};
		int status = order_parse(rows[i].text, &order, &err);
		if (rows[i].words == NULL) {
			assert_int_equal(status, -EINVAL);
			continue;
		}
		assert_int_equal(status, 0);
		char *words = order_words(&order);
		assert_string_equal(words, rows[i].words);
		if (order.channels.n > 0) {
			assert_int_equal(order_parse(words, &again, &err), 0);
			assert_int_equal(again.next_after_s, order.next_after_s);
			order_done(&again);
		}
		free(words);
		order_done(&order);
	}
}

static void order_parse__mistakes__are_said_in_words(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{"first that works:", "name the channels"},
		{"first that works: next after 30m", "name the channels"},
		{"first that works: email, telegram, email", "channel 'email' is there twice"},
		{"first that works: email, next after", "with a span such as 30m"},
		{"first that works: email, next after 30m, telegram", "stands last"},
		{"first that works: email, telegram, next after 30", "next after:"},
		{"first that works: email, telegram, next after 2d", "next after:"},
		{"first that works: email, telegram, next after 10s", "next after:"},
		{"email, telegram, next after 30m", "needs 'first that works:'"},
		{"first which works: email", "give channels, as in"},
		{"email: telegram", "give channels, as in"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct order order = {.next_after_s = -7};
		struct err err = {0};
		assert_int_equal(order_parse(rows[i].text, &order, &err), -EINVAL);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("'%s' gives '%s'", rows[i].text, err.text);
		assert_int_equal(order.next_after_s, -7);
	}
}

static void order_of__own_choice__goes_before_the_policy(void **state)
{
	(void)state;
	struct order policy, own;
	struct person person = {.id = (char *)"anna"};
	struct err err;
	assert_int_equal(order_parse("email", &policy, &err), 0);
	assert_ptr_equal(order_of(&person, &policy, &own), &policy);
	person.channels = (char *)"";
	assert_ptr_equal(order_of(&person, &policy, &own), &policy);
	person.channels = (char *)"first that works:"; /* written by SQL */
	assert_ptr_equal(order_of(&person, &policy, &own), &policy);
	person.channels = (char *)"telegram";
	assert_ptr_equal(order_of(&person, &policy, &own), &own);
	assert_true(order_has(&own, "telegram"));
	assert_false(order_has(&own, "email"));
	order_done(&own);
	order_done(&policy);
}

static void order_turn_utc__last_channel__has_no_end(void **state)
{
	(void)state;
	struct order order;
	struct err err;
	assert_int_equal(order_parse("first that works: a, b, next after 10m", &order, &err), 0);
	assert_int_equal(order_turn_utc(&order, "a", 1000), 1600);
	assert_int_equal(order_turn_utc(&order, "b", 1000), 0);
	assert_int_equal(order_turn_utc(&order, "c", 1000), 0);
	order_done(&order);
	assert_int_equal(order_parse("a, b", &order, &err), 0);
	assert_int_equal(order_turn_utc(&order, "a", 1000), 0);
	order_done(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_parse__what_is_right__is_written_the_same_again),
		cmocka_unit_test(order_parse__mistakes__are_said_in_words),
		cmocka_unit_test(order_of__own_choice__goes_before_the_policy),
		cmocka_unit_test(order_turn_utc__last_channel__has_no_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
