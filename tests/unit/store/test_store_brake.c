#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "office.h"
#include "store/store_brake.h"
#include "store/store_move.h"
#include "store/store_priv.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email chat");
	office_add_person(&office, "chen", "UTC", "email chat");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static int64_t add(const char *person, const char *channel, const char *kind, int64_t at)
{
	int64_t id = 0;
	OK(store_message_add(office.store, person, channel, kind, MESSAGE_PENDING, NULL, at, at, "example.org", 0, &id,
			     ERR));
	return id;
}

static void trip(const char *scope, const char *name)
{
	office_run(&office, "INSERT INTO brake VALUES ('%s', '%s', 1, 1, 0, 5)", scope, name);
}

/* The ready ones of a channel at 100, as "2 1". */
static const char *ready(const char *channel)
{
	static char text[256];
	int64_t ids[16];
	size_t n = 0;
	OK(store_message_ready(office.store, channel, 100, ids, 16, &n, ERR));
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%lld", i > 0 ? " " : "",
			       (long long)ids[i]);
	return text;
}

static int64_t next(const char *channel)
{
	int64_t at = 0;
	OK(store_message_next(office.store, channel, &at, ERR));
	return at;
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

static void store__brake__is_kept_as_written(void **state)
{
	(void)state;
	struct store_brake brake = {.scope = STORE_SCOPE_PERSON,
				    .name = "anna",
				    .hour = 7,
				    .count = 3,
				    .count_before = 2,
				    .tripped_utc = STORE_NEVER},
			   read;
	OK(store_brake_load(office.store, STORE_SCOPE_PERSON, "anna", &read, ERR));
	assert_int_equal(read.count + read.count_before + read.hour, 0);
	assert_int_equal(read.tripped_utc, STORE_NEVER);
	OK(store_brake_save(office.store, &brake, ERR));
	brake.tripped_utc = 99;
	brake.count = 4;
	OK(store_brake_save(office.store, &brake, ERR));
	office_reopen(&office);
	OK(store_brake_load(office.store, STORE_SCOPE_PERSON, "anna", &read, ERR));
	assert_int_equal(read.hour, 7);
	assert_int_equal(read.count, 4);
	assert_int_equal(read.count_before, 2);
	assert_int_equal(read.tripped_utc, 99);
	OK(store_brake_remove(office.store, STORE_SCOPE_PERSON, "anna", ERR));
	OK(store_brake_load(office.store, STORE_SCOPE_PERSON, "anna", &read, ERR));
	assert_int_equal(read.tripped_utc, STORE_NEVER);
}

static int join(void *arg, const struct store_brake *brake)
{
	char *text = arg;
	(void)snprintf(text + strlen(text), 64, "%s:%.20s ", store_scope_name(brake->scope), brake->name);
	return strcmp(brake->name, "stop") == 0 ? -1234 : 0;
}

static void store__brakes__are_listed_by_scope_until_told_to_stop(void **state)
{
	(void)state;
	char text[256] = "";
	trip("person", "anna");
	trip("channel", "email");
	trip("all", "");
	OK(store_brake_each(office.store, join, text, ERR));
	assert_string_equal(text, "all: channel:email person:anna ");
	trip("channel", "stop");
	text[0] = '\0';
	assert_int_equal(store_brake_each(office.store, join, text, ERR), -1234);
	assert_string_equal(text, "all: channel:email channel:stop ");
	OK(store_brake_remove_all(office.store, ERR));
	assert_int_equal(office_number(&office, "SELECT count(*) FROM brake"), 0);
}

/* ---- what is left ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *scope, *name;
	const char *email, *chat; /* what is ready then */
	int64_t email_next, chat_next;
} holds[] = {
	{NULL, NULL, "3 2 1", "4", 10, 40},         {"all", "", "2", "", 20, STORE_NEVER},
	{"channel", "email", "2", "4", 20, 40},     {"channel", "chat", "3 2 1", "", 10, STORE_NEVER},
	{"person", "anna", "3 2", "4", 20, 40},     {"person", "chen", "2 1", "", 10, STORE_NEVER},
	{"person", "nobody", "3 2 1", "4", 10, 40},
};

static void store__brake_holds__what_it_holds_is_left_out_but_no_notice_is(void **state)
{
	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		(void)add("anna", "email", "single", 10);
		(void)add("anna", "email", "notice", 20);
		(void)add("chen", "email", "single", 30);
		(void)add("chen", "chat", "single", 40);
		(void)add("chen", "email", "single", 101);
		if (holds[i].scope != NULL)
			trip(holds[i].scope, holds[i].name);
		if (strcmp(ready("email"), holds[i].email) != 0)
			fail_msg("%s %s: email %s", holds[i].scope, holds[i].name, ready("email"));
		if (strcmp(ready("chat"), holds[i].chat) != 0)
			fail_msg("%s %s: chat %s", holds[i].scope, holds[i].name, ready("chat"));
		assert_int_equal(next("email"), holds[i].email_next);
		assert_int_equal(next("chat"), holds[i].chat_next);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void store__suspect__is_left_out_when_its_brake_holds(void **state)
{
	(void)state;
	int64_t id = add("anna", "email", "single", 10), found = 0;
	office_run(&office, "UPDATE message SET suspect = 1");
	OK(store_message_ready_suspect(office.store, "email", 100, &found, ERR));
	assert_int_equal(found, id);
	trip("person", "chen");
	OK(store_message_ready_suspect(office.store, "email", 100, &found, ERR));
	assert_int_equal(found, id);
	trip("person", "anna");
	OK(store_message_ready_suspect(office.store, "email", 100, &found, ERR));
	assert_int_equal(found, 0);
}

static void store__waiting__counts_and_names_what_a_scope_holds_back(void **state)
{
	(void)state;
	int64_t n = 0, ids[8];
	size_t n_ids = 0;
	for (int i = 0; i < 5; i++)
		(void)add("anna", i < 3 ? "email" : "chat", "single", 10 + i);
	(void)add("chen", "email", "single", 50);
	(void)add("anna", "email", "notice", 50);
	(void)add("anna", "email", "single", 101);
	OK(store_brake_waiting(office.store, STORE_SCOPE_ALL, "", 100, INT64_MAX, &n, ERR));
	assert_int_equal(n, 6);
	OK(store_brake_waiting(office.store, STORE_SCOPE_CHANNEL, "email", 100, INT64_MAX, &n, ERR));
	assert_int_equal(n, 4);
	OK(store_brake_waiting(office.store, STORE_SCOPE_PERSON, "anna", 100, INT64_MAX, &n, ERR));
	assert_int_equal(n, 5);
	OK(store_brake_waiting(office.store, STORE_SCOPE_PERSON, "anna", 100, 2, &n, ERR));
	assert_int_equal(n, 2);
	OK(store_brake_ids(office.store, STORE_SCOPE_PERSON, "chen", 100, ids, 8, &n_ids, ERR));
	assert_int_equal(n_ids, 1);
	assert_int_equal(ids[0], 6);
}

/* Of 'scope name', as "count count_before", * when it holds. */
static const char *counts(const char *scope, const char *name)
{
	return office_text(&office,
			   "SELECT count || ' ' || count_before || iif(tripped_utc IS NULL, '', '*') FROM brake"
			   " WHERE scope = '%s' AND name = '%s'",
			   scope, name);
}

static void store__given_back__counts_no_more_where_it_was_counted(void **state)
{
	(void)state;
	int64_t id = add("anna", "email", "single", 10), notice = add("anna", "email", "notice", 10);
	OK(store_attempt_start(office.store, id, 3 * 3600, ERR));
	office_run(&office, "UPDATE attempt SET outcome = 'temporary'");
	OK(store_attempt_start(office.store, id, 5 * 3600 + 3599, ERR));
	OK(store_attempt_start(office.store, notice, 5 * 3600, ERR));
	office_run(&office, "INSERT INTO brake VALUES ('all', '', 5, 7, 3, 99), ('channel', 'email', 6, 7, 3, NULL),"
			    " ('person', 'anna', 7, 7, 3, NULL), ('channel', 'chat', 5, 7, 3, NULL),"
			    " ('person', 'chen', 5, 7, 3, NULL), ('channel', 'anna', 5, 7, 3, NULL)");
	OK(store_brake_give_back(office.store, id, ERR));
	assert_string_equal(counts("all", ""), "6 3*");
	assert_string_equal(counts("channel", "email"), "7 2");
	assert_string_equal(counts("person", "anna"), "7 3"); /* that hour is out of both */
	assert_string_equal(counts("channel", "chat"), "7 3");
	assert_string_equal(counts("person", "chen"), "7 3");
	assert_string_equal(counts("channel", "anna"), "7 3");
	OK(store_brake_give_back(office.store, notice, ERR)); /* no brake counts those */
	assert_string_equal(counts("all", ""), "6 3*");
	for (int i = 0; i < 9; i++)
		OK(store_brake_give_back(office.store, id, ERR));
	assert_string_equal(counts("all", ""), "0 3*");
	assert_string_equal(counts("channel", "email"), "7 0");
}

/* ---- cost --------------------------------------------------------------------------------------------------------- */

enum { STEPS_UNIT = 100, FEW = 100, MANY = 20000 };

/* So many to each: older ones to anna, newer ones to dora; the newest to who is held. */
static void add_crowd(int n, int n_held)
{
	office_add_person(&office, "dora", "UTC", "email");
	for (int i = 0; i < n; i++) {
		(void)add("anna", "email", "single", 10);
		(void)add("dora", "email", "single", 20);
	}
	for (int i = 0; i < n_held; i++)
		(void)add("chen", "email", "single", 30);
	trip("person", "chen");
}

static void store__a_person_is_held__the_latest_of_the_others_come_first(void **state)
{
	static const int n_held[] = {1, 300}; /* more than are looked through before the others are asked one by one */
	for (size_t i = 0; i < 2; i++) {
		int64_t ids[16];
		size_t n = 0;
		add_crowd(12, n_held[i]);
		OK(store_message_ready(office.store, "email", 100, ids, 16, &n, ERR));
		assert_int_equal(n, 16);
		for (size_t k = 0; k < 16; k++)
			assert_string_equal(
				office_text(&office, "SELECT person FROM message WHERE id = %lld", (long long)ids[k]),
				k < 12 ? "dora" : "anna");
		(void)close_office(state);
		(void)open_office(state);
	}
}

static int64_t n_steps;

static int count_step(void *arg)
{
	(void)arg;
	n_steps++;
	return 0;
}

/* Steps that asking takes while one person of a brake has n messages waiting before everybody else's. */
static int64_t measure(const char *scope, const char *name, int n)
{
	int64_t ids[8];
	size_t n_ids;
	(void)open_office(NULL);
	office_run(&office,
		   "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)"
		   " INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
		   " SELECT 'anna', 'email', 'single', 'pending', 5, 5, 'x' FROM c",
		   n);
	(void)add("chen", "email", "single", 9);
	trip(scope, name);
	n_steps = 0;
	sqlite3_progress_handler(office.store->db, STEPS_UNIT, count_step, NULL);
	OK(store_message_ready(office.store, "email", 100, ids, 8, &n_ids, ERR));
	(void)next("email");
	sqlite3_progress_handler(office.store->db, 0, NULL, NULL);
	(void)close_office(NULL);
	assert_int_equal(n_ids, strcmp(scope, "person") == 0);
	return n_steps;
}

static void store__brake_holds_back_a_crowd__asking_costs_the_same(void **state)
{
	(void)state;
	static const char *const scopes[][2] = {{"all", ""}, {"channel", "email"}, {"person", "anna"}};
	for (size_t i = 0; i < 3; i++) {
		int64_t few = measure(scopes[i][0], scopes[i][1], FEW),
			many = measure(scopes[i][0], scopes[i][1], MANY);
		if (many > few * 2 + 5)
			fail_msg("%s: %lld steps, then %lld", scopes[i][0], (long long)few, (long long)many);
	}
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(store__brake__is_kept_as_written),
		WITH_OFFICE(store__brakes__are_listed_by_scope_until_told_to_stop),
		WITH_OFFICE(store__brake_holds__what_it_holds_is_left_out_but_no_notice_is),
		WITH_OFFICE(store__a_person_is_held__the_latest_of_the_others_come_first),
		WITH_OFFICE(store__suspect__is_left_out_when_its_brake_holds),
		WITH_OFFICE(store__waiting__counts_and_names_what_a_scope_holds_back),
		WITH_OFFICE(store__given_back__counts_no_more_where_it_was_counted),
		cmocka_unit_test(store__brake_holds_back_a_crowd__asking_costs_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
