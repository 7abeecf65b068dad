#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "remind/gate.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, NOW = 1750000000 };

static const struct {
	const char *name;
	int64_t count, per_s, step_ms;
} rates[] = {
	{"1/s", 1, 1, 50},
	{"7/s", 7, 1, 10},
	{"30/s", 30, 1, 10},
	{"30/s by the second", 30, 1, 1000},
	{"350/s", 350, 1, 7},
	{"600/s", 600, 1, 1},
	{"1000000/s", 1000000, 1, 1},
	{"20/m", 20, MINUTE, 500},
	{"1/h", 1, HOUR, 60000},
	{"500/h", 500, HOUR, 3000},
	{"2000/d", 2000, DAY, 9000},
	{"1/d", 1, DAY, 600000},
};

/* Takes all that is given for that many periods; what was sent. */
static int64_t gate_drain(struct gate *gate, size_t row, int64_t periods)
{
	int64_t sent = 0, mono_ms = 5000;
	for (int64_t passed = 0; passed < periods * rates[row].per_s * 1000; passed += rates[row].step_ms) {
		unsigned n = gate_allow(gate, 4000000, 0, NOW + passed / 1000, mono_ms + passed);
		gate_take(gate, n);
		sent += n;
	}
	return sent;
}

static void gate__rate__is_never_exceeded_and_used_up(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(rates) / sizeof(rates[0]); row++) {
		struct gate gate;
		gate_init(&gate, rates[row].count, rates[row].per_s, 5000);
		int64_t sent = gate_drain(&gate, row, 20);
		if (sent > rates[row].count * 21 || sent < rates[row].count * 199 / 10)
			fail_msg("%s: %lld in 20 periods", rates[row].name, (long long)sent);
	}
}

static const struct {
	const char *name;
	int64_t count, per_s;
	unsigned at_once;
	int64_t most; /* in any period */
} bursts[] = {
	{"1/m", 1, MINUTE, 1, 2},    {"10/m", 10, MINUTE, 1, 11},   {"19/m", 19, MINUTE, 1, 20},
	{"20/m", 20, MINUTE, 2, 22}, {"500/h", 500, HOUR, 50, 550}, {"2000/d", 2000, DAY, 200, 2200},
	{"20/s", 20, 1, 20, 40}, /* passes may be a second apart */
};

static void gate__rest__lets_a_tenth_go_at_once(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(bursts) / sizeof(bursts[0]); row++) {
		struct gate gate;
		int64_t sent = 0, period_ms = bursts[row].per_s * 1000;
		gate_init(&gate, bursts[row].count, bursts[row].per_s, 0);
		if (gate_allow(&gate, 4000000, 0, NOW, 0) != bursts[row].at_once)
			fail_msg("%s: %u at the start", bursts[row].name, gate_allow(&gate, 4000000, 0, NOW, 0));
		for (int64_t step = 0; step <= 1000; step++) {
			unsigned n = gate_allow(&gate, 4000000, 0, NOW, 10 * period_ms + period_ms * step / 1000);
			gate_take(&gate, n);
			sent += n;
		}
		if (sent > bursts[row].most)
			fail_msg("%s: %lld in a period", bursts[row].name, (long long)sent);
	}
}

static void gate__takes_the_place_of_another__goes_on_where_that_was(void **state)
{
	(void)state;
	struct gate old, gate;
	gate_init(&old, 20, MINUTE, 0);
	gate_take(&old, gate_allow(&old, 9, 0, NOW, 1000));
	gate_init(&gate, 20, MINUTE, 2000);
	gate_inherit(&gate, &old);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW, 3999), 0);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW, 4000), 1);
	gate_init(&gate, 30, MINUTE, 2000); /* another rate */
	gate_inherit(&gate, &old);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW, 2000), 3);
}

static void gate__not_started_after_all__is_given_back(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 20, MINUTE, 0);
	gate_take(&gate, 2);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW, 0), 0);
	gate_give_back(&gate, 2);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW, 0), 2);
}

static void gate__no_rate__gives_what_is_wanted(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 0, 0, 5000);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(gate_allow(&gate, 1000, 77, NOW, 5000), 1000);
		gate_take(&gate, 1000);
	}
	assert_int_equal(gate_next_utc(&gate, NOW), NOW);
}

static void gate__allowance_used_up__opens_when_it_says(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 20, MINUTE, 0);
	gate_take(&gate, gate_allow(&gate, 100, 0, NOW, 0));
	assert_int_equal(gate_allow(&gate, 100, 0, NOW, 0), 0);
	int64_t next = gate_next_utc(&gate, NOW);
	assert_int_equal(next, NOW + 3);
	assert_int_equal(gate_allow(&gate, 100, 0, next - 1, (next - 1 - NOW) * 1000), 0);
	assert_int_equal(gate_allow(&gate, 100, 0, next, (next - NOW) * 1000), 1);
	/* Asking takes nothing. */
	assert_int_equal(gate_allow(&gate, 100, 0, next, (next - NOW) * 1000), 1);
}

static void gate__rest__does_not_save_up_more_than_a_tenth(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 20, MINUTE, 0);
	assert_int_equal(gate_allow(&gate, 1000, 0, NOW + DAY, (int64_t)DAY * 1000), 2);
	gate_take(&gate, 2);
	assert_int_equal(gate_allow(&gate, 1000, 0, NOW + 2 * DAY, (int64_t)2 * DAY * 1000), 2);
}

static void gate__server_failed__is_asked_by_one_message_at_a_time(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 0, 0, 0);
	int64_t until = gate_failed(&gate, NOW, 1);
	assert_in_range(until - NOW, 24, 36);
	assert_int_equal(gate_next_utc(&gate, NOW), until);
	assert_int_equal(gate_allow(&gate, 100, 0, NOW, 0), 0);
	assert_int_equal(gate_allow(&gate, 100, 0, until - 1, 0), 0);
	assert_int_equal(gate_allow(&gate, 100, 0, until, 0), 1);
	assert_int_equal(gate_allow(&gate, 100, 1, until, 0), 0);
	assert_int_equal(gate_allow(&gate, 0, 0, until, 0), 0);
	gate_succeeded(&gate);
	assert_int_equal(gate_allow(&gate, 100, 1, until, 0), 100);
}

static void gate__failures_in_a_row__pause_ever_longer_up_to_half_an_hour(void **state)
{
	(void)state;
	static const int64_t pauses_s[] = {30, 60, 120, 240, 480, 960, 1800, 1800, 1800};
	struct gate gate;
	int64_t now = NOW;
	gate_init(&gate, 0, 0, 0);
	for (size_t i = 0; i < sizeof(pauses_s) / sizeof(pauses_s[0]); i++) {
		int64_t until = gate_failed(&gate, now, (int64_t)i);
		assert_in_range(until - now, pauses_s[i] * 8 / 10, pauses_s[i] * 12 / 10);
		/* The other messages that were in flight tell of the same failure. */
		assert_int_equal(gate_failed(&gate, now, 99), until);
		assert_int_equal(gate_failed(&gate, until - 1, 98), until);
		now = until;
	}
	gate_succeeded(&gate);
	assert_in_range(gate_failed(&gate, now, 1) - now, 24, 36);
}

static void gate__asked_for_a_pause__keeps_the_longest_and_then_opens_whole(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 0, 0, 0);
	gate_pause(&gate, NOW + DAY);
	gate_pause(&gate, NOW + 60);
	assert_int_equal(gate_next_utc(&gate, NOW), NOW + DAY);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW, 0), 0);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW + DAY - 1, 0), 0);
	assert_int_equal(gate_allow(&gate, 9, 3, NOW + DAY, 0), 9);
}

/* What is accepted then was under way when it asked. */
static void gate__success__ends_no_pause_that_was_asked_for(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 0, 0, 0);
	(void)gate_failed(&gate, NOW, 1);
	gate_succeeded(&gate);
	assert_int_equal(gate_next_utc(&gate, NOW), NOW); /* our own pause it does end */
	gate_pause(&gate, NOW + 600);
	gate_succeeded(&gate);
	assert_int_equal(gate_next_utc(&gate, NOW), NOW + 600);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW + 599, 0), 0);
	assert_int_equal(gate_allow(&gate, 9, 3, NOW + 600, 0), 9);
}

static void gate__takes_the_place_of_one_that_failed__keeps_the_pause_that_was_asked_for(void **state)
{
	(void)state;
	struct gate old, gate;
	gate_init(&old, 0, 0, 0);
	gate_pause(&old, NOW + 5);
	(void)gate_failed(&old, NOW + 5, 1);
	gate_init(&gate, 0, 0, 0);
	gate_inherit(&gate, &old);
	assert_int_equal(gate_next_utc(&gate, NOW), NOW + 5);
	gate_pause(&old, NOW + 600);
	gate_init(&gate, 0, 0, 0);
	gate_inherit(&gate, &old);
	assert_int_equal(gate_next_utc(&gate, NOW), NOW + 600);
	assert_int_equal(gate_allow(&gate, 9, 3, NOW + 600, 0), 9); /* what failed may have been corrected */
}

static void gate_follow_clock__pause__ends_as_much_sooner(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 0, 0, 0);
	gate_follow_clock(&gate, HOUR);
	assert_int_equal(gate_next_utc(&gate, NOW), NOW); /* open, and stays so */
	gate_pause(&gate, NOW + 300);
	gate_follow_clock(&gate, 11 * HOUR);
	assert_int_equal(gate_next_utc(&gate, NOW - 11 * HOUR), NOW - 11 * HOUR + 300);
	gate_follow_clock(&gate, -11 * HOUR);
	assert_int_equal(gate_next_utc(&gate, NOW), NOW + 300);
	gate_init(&gate, 0, 0, 0);
	int64_t until = gate_failed(&gate, NOW, 1);
	gate_follow_clock(&gate, 11 * HOUR);
	assert_int_equal(gate_next_utc(&gate, NOW - 11 * HOUR), until - 11 * HOUR);
}

static void gate__clock_set_back_far__does_not_stay_closed(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate, 0, 0, 0);
	(void)gate_failed(&gate, NOW, 1);
	assert_int_equal(gate_allow(&gate, 9, 0, NOW - 365 * DAY, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gate__rate__is_never_exceeded_and_used_up),
		cmocka_unit_test(gate__rest__lets_a_tenth_go_at_once),
		cmocka_unit_test(gate__takes_the_place_of_another__goes_on_where_that_was),
		cmocka_unit_test(gate__not_started_after_all__is_given_back),
		cmocka_unit_test(gate__no_rate__gives_what_is_wanted),
		cmocka_unit_test(gate__allowance_used_up__opens_when_it_says),
		cmocka_unit_test(gate__rest__does_not_save_up_more_than_a_tenth),
		cmocka_unit_test(gate__server_failed__is_asked_by_one_message_at_a_time),
		cmocka_unit_test(gate__failures_in_a_row__pause_ever_longer_up_to_half_an_hour),
		cmocka_unit_test(gate__asked_for_a_pause__keeps_the_longest_and_then_opens_whole),
		cmocka_unit_test(gate__success__ends_no_pause_that_was_asked_for),
		cmocka_unit_test(gate__takes_the_place_of_one_that_failed__keeps_the_pause_that_was_asked_for),
		cmocka_unit_test(gate_follow_clock__pause__ends_as_much_sooner),
		cmocka_unit_test(gate__clock_set_back_far__does_not_stay_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
