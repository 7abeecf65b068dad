#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "office.h"
#include "service/brake.h"

enum { HOUR = 3600 };

static const int64_t noon = INT64_C(486111) * HOUR; /* the start of an hour */

static struct office office;
static struct brake brake;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	brake = (struct brake){.limits = {10, 10, 10}};
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	brake_done(&brake);
	office_close(&office);
	return 0;
}

/* Whether one more message may start; the brake that says no is in stop. */
static struct brake_stop stop;

static bool take(const char *channel, const char *person, int64_t at)
{
	bool may = false;
	OK(brake_take(&brake, office.store, channel, person, at, &may, &stop, ERR));
	OK(brake_write(&brake, office.store, ERR));
	return may;
}

static unsigned take_many(unsigned wanted, const char *channel, const char *person, int64_t at)
{
	unsigned n = 0;
	while (n < wanted && take(channel, person, at))
		n++;
	return n;
}

static void resume(enum store_scope scope, const char *name)
{
	OK(store_brake_remove(office.store, scope, name, ERR));
}

/* ---- limits ------------------------------------------------------------------------------------------------------- */

static const struct {
	enum store_scope scope;
	const char *name, *other_channel, *other_person; /* others that it does not hold; NULL: it holds everybody */
} scopes[] = {
	{STORE_SCOPE_ALL, "", NULL, NULL},
	{STORE_SCOPE_CHANNEL, "email", "chat", "anna"},
	{STORE_SCOPE_PERSON, "anna", "email", "chen"},
};

static void brake__limit_of_a_scope__trips_that_scope_alone(void **state)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		for (int scope = 0; scope < STORE_SCOPE_MAX; scope++)
			brake.limits[scope] = scope == (int)scopes[i].scope ? 4 : 1000;
		assert_int_equal(take_many(9, "email", "anna", noon), 4);
		assert_int_equal(stop.row.scope, scopes[i].scope);
		assert_string_equal(stop.row.name, scopes[i].name);
		assert_int_equal(stop.row.tripped_utc, noon);
		assert_true(stop.is_new);
		assert_false(take("email", "anna", noon)); /* in the same second */
		assert_false(stop.is_new);
		assert_false(take("email", "anna", noon + 60));
		assert_false(stop.is_new);
		assert_int_equal(stop.row.tripped_utc, noon); /* it had tripped before */
		if (scopes[i].other_person != NULL)
			assert_true(take(scopes[i].other_channel, scopes[i].other_person, noon + 60));
		else
			assert_false(take("chat", "chen", noon + 60));
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void brake__limit_reached__trips_only_when_one_more_wants_to_go(void **state)
{
	(void)state;
	assert_int_equal(take_many(10, "email", "anna", noon), 10);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM brake WHERE tripped_utc IS NOT NULL"), 0);
	assert_false(take("email", "anna", noon + 1));
	assert_int_equal(office_number(&office, "SELECT count(*) FROM brake WHERE tripped_utc IS NOT NULL"), 1);
}

static void brake__tripped__holds_for_good_over_hours_and_restarts(void **state)
{
	(void)state;
	(void)take_many(11, "email", "anna", noon);
	office_reopen(&office);
	brake_done(&brake);
	brake = (struct brake){.limits = {10, 10, 10}};
	for (int64_t later = 0; later < 100 * HOUR; later += HOUR / 2)
		assert_false(take("email", "anna", noon + later));
	resume(STORE_SCOPE_ALL, "");
	assert_int_equal(take_many(20, "email", "anna", noon + 100 * HOUR), 10); /* an allowance of its own */
}

static void brake__resumed_at_once__gives_a_new_allowance(void **state)
{
	(void)state;
	brake.limits[STORE_SCOPE_ALL] = brake.limits[STORE_SCOPE_CHANNEL] = 1000;
	assert_int_equal(take_many(20, "email", "anna", noon), 10);
	resume(STORE_SCOPE_PERSON, "anna");
	assert_int_equal(take_many(20, "email", "anna", noon), 10);
}

static const struct {
	int64_t after_s; /* since the hour in which all was sent began */
	unsigned allowed;
} slides[] = {{HOUR - 1, 0},       {HOUR, 0},      {HOUR + HOUR / 4, 3}, {HOUR + HOUR / 2, 5},
	      {2 * HOUR - 36, 10}, {2 * HOUR, 10}, {50 * HOUR, 10}};

static void brake__the_hour_slides__what_was_sent_counts_less_and_less(void **state)
{
	for (size_t i = 0; i < sizeof(slides) / sizeof(slides[0]); i++) {
		assert_int_equal(take_many(10, "email", "anna", noon + 1800), 10);
		unsigned allowed = take_many(100, "email", "anna", noon + slides[i].after_s);
		if (allowed != slides[i].allowed)
			fail_msg("%lld s later: %u", (long long)slides[i].after_s, allowed);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void brake__limit_changed__counts_at_once_but_releases_nothing(void **state)
{
	(void)state;
	(void)take_many(8, "email", "anna", noon);
	for (int scope = 0; scope < STORE_SCOPE_MAX; scope++)
		brake.limits[scope] = 20;
	assert_int_equal(take_many(5, "email", "anna", noon), 5);
	brake.limits[STORE_SCOPE_PERSON] = 5;
	assert_false(take("email", "anna", noon));
	brake.limits[STORE_SCOPE_PERSON] = 20;
	assert_false(take("email", "anna", noon));
}

static void brake__pass_rolled_back__counts_and_trips_nothing(void **state)
{
	(void)state;
	OK(store_begin(office.store, ERR));
	(void)take_many(11, "email", "anna", noon);
	store_rollback(office.store);
	assert_int_equal(take_many(20, "email", "anna", noon), 10);
}

/* A pass that failed before its brakes were written. */
static void brake__forgotten_count__is_in_no_later_pass(void **state)
{
	bool may = false;
	(void)state;
	OK(store_begin(office.store, ERR));
	for (int i = 0; i < 9; i++)
		OK(brake_take(&brake, office.store, "email", "anna", noon, &may, &stop, ERR));
	store_rollback(office.store);
	brake_forget(&brake);
	assert_int_equal(take_many(20, "email", "anna", noon), 10);
}

static void brake__counts_of_two_hours_ago__are_forgotten_but_no_trip_is(void **state)
{
	(void)state;
	brake.limits[STORE_SCOPE_PERSON] = 2;
	(void)take_many(1, "email", "anna", noon);
	(void)take_many(3, "email", "chen", noon);
	assert_true(take("email", "dora", noon + 3 * HOUR));
	assert_string_equal(office_text(&office, "SELECT group_concat(name) FROM brake WHERE scope = 'person'"),
			    "chen,dora");
}

/* ---- lifted ------------------------------------------------------------------------------------------------------- */

static void brake__lifted__lets_all_go_and_tells_what_would_have_tripped(void **state)
{
	(void)state;
	brake.limits[STORE_SCOPE_ALL] = brake.limits[STORE_SCOPE_CHANNEL] = 1000;
	brake.is_lifted = true;
	(void)take_many(3, "email", "chen", noon);
	assert_int_equal(take_many(30, "email", "anna", noon + 5), 30);
	assert_int_equal(brake.n_excesses, 1);
	assert_int_equal(brake.excesses[0].scope, STORE_SCOPE_PERSON);
	assert_string_equal(brake.excesses[0].name, "anna");
	assert_int_equal(brake.excesses[0].at_utc, noon + 5);
	assert_int_equal(brake.excesses[0].peak, 30);
	assert_int_equal(brake.excesses[0].limit, 10);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM brake WHERE tripped_utc IS NOT NULL"), 0);
}

static void brake__lifted_over_many_people__keeps_a_bounded_number(void **state)
{
	(void)state;
	brake.is_lifted = true;
	brake.limits[STORE_SCOPE_PERSON] = 1;
	for (int i = 0; i < 200; i++) {
		char person[16];
		(void)snprintf(person, sizeof(person), "p%d", i);
		assert_int_equal(take_many(2, "email", person, noon), 2);
	}
	assert_int_equal(brake.n_excesses, BRAKE_EXCESSES_MAX);
}

static void brake__notice__names_scope_limit_number_and_commands(void **state)
{
	(void)state;
	static const char *const words[] = {"person anna", "messages_per_hour_per_person = 10", "42 more",
					    "deadlinectl brake resume person anna",
					    "deadlinectl brake purge person anna"};
	struct store_brake row = {.scope = STORE_SCOPE_PERSON, .name = "anna"};
	char *text = brake_notice(&brake, &row, 42, false);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]) == NULL)
			fail_msg("'%s' is not in: %s", words[i], text);
	free(text);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(brake__limit_of_a_scope__trips_that_scope_alone),
		WITH_OFFICE(brake__limit_reached__trips_only_when_one_more_wants_to_go),
		WITH_OFFICE(brake__tripped__holds_for_good_over_hours_and_restarts),
		WITH_OFFICE(brake__resumed_at_once__gives_a_new_allowance),
		WITH_OFFICE(brake__the_hour_slides__what_was_sent_counts_less_and_less),
		WITH_OFFICE(brake__limit_changed__counts_at_once_but_releases_nothing),
		WITH_OFFICE(brake__pass_rolled_back__counts_and_trips_nothing),
		WITH_OFFICE(brake__forgotten_count__is_in_no_later_pass),
		WITH_OFFICE(brake__counts_of_two_hours_ago__are_forgotten_but_no_trip_is),
		WITH_OFFICE(brake__lifted__lets_all_go_and_tells_what_would_have_tripped),
		WITH_OFFICE(brake__lifted_over_many_people__keeps_a_bounded_number),
		WITH_OFFICE(brake__notice__names_scope_limit_number_and_commands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
