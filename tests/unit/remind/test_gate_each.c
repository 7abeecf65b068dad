/* How often one reader may be written to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "remind/gate_each.h"

enum { NOW = 1750000000, ANNA = 11, BORIS = 12 };

static struct gate_each each;

/* The instant so many milliseconds after the start, which was in the middle of a second. */
static struct instant at(int64_t ms)
{
	return (struct instant){
		.wall_s = NOW + (ms + 600) / 1000, .wall_ms = (int32_t)((ms + 600) % 1000), .mono_ms = 5000 + ms};
}

static int set_up(void **state)
{
	(void)state;
	gate_each_init(&each, 1, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	gate_each_done(&each);
	return 0;
}

static void start(uint64_t reader, int64_t message, int64_t ms)
{
	gate_each_take(&each, reader, message, at(ms));
	gate_each_keep(&each);
}

static void gate_each_open__message_under_way__holds_only_its_reader(void **state)
{
	(void)state;
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(0)), NOW);
	start(ANNA, 1, 0);
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(0)), NOW + 2);
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(5000)), NOW + 11); /* it takes long */
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(10400)), NOW + 22);
	assert_int_equal(gate_each_open_utc(&each, BORIS, at(0)), NOW);
}

static void gate_each_open__after_the_result__a_pause_is_kept(void **state)
{
	(void)state;
	start(ANNA, 1, 0);
	gate_each_end(&each, 7, at(150)); /* another's */
	gate_each_end(&each, 1, at(200));
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(1199)), NOW + 2); /* whole seconds, and never too early */
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(1400)), NOW + 2);
	start(ANNA, 2, 1400);
	gate_each_end(&each, 2, at(1400));
	gate_each_end(&each, 2, at(1900)); /* told twice, the first counts */
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(2400)), NOW + 3);
}

static void gate_each_open__who_comes_meanwhile__overtakes_nobody(void **state)
{
	(void)state;
	start(ANNA, 1, 0);
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(100)), NOW + 2);
	gate_each_end(&each, 1, at(200));
	/* from 1200 on she is free, but another was told to come at 1400 */
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(1300)), NOW + 2);
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(1400)), NOW + 2);
	assert_int_equal(at(1400).wall_s, NOW + 2);
}

static void gate_each_open__clock_set_back__does_not_wait_for_it(void **state)
{
	(void)state;
	start(ANNA, 1, 0);
	(void)gate_each_open_utc(&each, ANNA, at(100));
	gate_each_end(&each, 1, at(200));
	struct instant now = at(5000);
	now.wall_s -= 3600;
	assert_int_equal(gate_each_open_utc(&each, ANNA, now), now.wall_s);
}

static void gate_each_undo__pass_is_not_kept__nothing_was_started(void **state)
{
	(void)state;
	start(BORIS, 1, 0);
	gate_each_take(&each, ANNA, 2, at(0));
	gate_each_undo(&each);
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(0)), NOW);
	assert_int_equal(gate_each_open_utc(&each, BORIS, at(0)), NOW + 2);
}

static void gate_each_init__no_limit__keeps_nobody(void **state)
{
	(void)state;
	gate_each_init(&each, 0, 0);
	start(ANNA, 1, 0);
	assert_int_equal(gate_each_open_utc(&each, ANNA, at(0)), NOW);
	assert_int_equal(each.n, 0);
}

static void gate_each_init__rates__become_a_pause(void **state)
{
	(void)state;
	static const struct {
		int64_t count, per_s, gap_ms;
	} rows[] = {{1, 1, 1000}, {20, 60, 3000}, {30, 1, 34}, {7, 60, 8572}, {1, 86400, 86400000}, {1000000, 1, 1}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gate_each_init(&each, rows[i].count, rows[i].per_s);
		assert_int_equal(each.gap_ms, rows[i].gap_ms);
	}
}

static void gate_each_inherit__reload__knows_what_is_under_way(void **state)
{
	(void)state;
	struct gate_each next;
	start(ANNA, 1, 0);
	gate_each_init(&next, 1, 60);
	gate_each_inherit(&next, &each);
	assert_int_equal(gate_each_open_utc(&next, ANNA, at(400)), NOW + 61);
	gate_each_end(&next, 1, at(400));
	assert_int_equal(gate_each_open_utc(&next, ANNA, at(60399)), NOW + 61);
	gate_each_done(&next);

	gate_each_init(&next, 0, 0);
	gate_each_inherit(&next, &each);
	assert_int_equal(next.n, 0);
	gate_each_done(&next);
}

static void gate_each_take__many_readers__memory_has_a_bound(void **state)
{
	(void)state;
	gate_each_init(&each, 1, 3600);
	start(1, 1, 0); /* its result never comes */
	for (int64_t reader = 2; reader < 3 * GATE_EACH_MAX; reader++) {
		start((uint64_t)reader, reader, reader);
		gate_each_end(&each, reader, at(reader));
	}
	assert_int_equal(each.n, GATE_EACH_MAX);
	struct instant now = at(3 * GATE_EACH_MAX);
	assert_true(gate_each_open_utc(&each, 1, now) > now.wall_s);
	assert_true(gate_each_open_utc(&each, 3 * GATE_EACH_MAX - 1, now) > now.wall_s);
	assert_int_equal(gate_each_open_utc(&each, 2, now), now.wall_s); /* the oldest is forgotten */
}

static void gate_each_take__readers_of_the_past__make_room(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 100; i++) {
		start((uint64_t)i, i + 1, i * 2000);
		gate_each_end(&each, i + 1, at(i * 2000));
	}
	assert_int_equal(each.n, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gate_each_open__message_under_way__holds_only_its_reader),
		TEST(gate_each_open__after_the_result__a_pause_is_kept),
		TEST(gate_each_open__who_comes_meanwhile__overtakes_nobody),
		TEST(gate_each_open__clock_set_back__does_not_wait_for_it),
		TEST(gate_each_undo__pass_is_not_kept__nothing_was_started),
		TEST(gate_each_init__no_limit__keeps_nobody),
		TEST(gate_each_init__rates__become_a_pause),
		TEST(gate_each_inherit__reload__knows_what_is_under_way),
		TEST(gate_each_take__many_readers__memory_has_a_bound),
		TEST(gate_each_take__readers_of_the_past__make_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
