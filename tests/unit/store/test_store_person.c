#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "office.h"
#include "plan/role.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

/* Puts anna with this name and zone and, per channel named, this address; NULL = none. */
static enum store_change put(const char *name, const char *zone, const char *email, const char *const *channels,
			     size_t n)
{
	enum store_change change = STORE_ADDED;
	struct person anna = {
		.id = mem_dup("anna"), .name = mem_dup(name), .language = mem_dup("ru"), .zone = mem_dup(zone)};
	if (email != NULL)
		person_add_address(&anna, "email", email);
	OK(store_person_put(office.store, &anna, channels, n, &change, ERR));
	person_done(&anna);
	return change;
}

static const char *const email_only[] = {"email"};
static const char *const both[] = {"email", "telegram"};

static void store_person__put__adds_changes_or_leaves_alone(void **state)
{
	(void)state;
	int64_t before = 0, after = 0;
	assert_int_equal(put("Anna", "Asia/Sakhalin", "a@example.org", email_only, 1), STORE_ADDED);
	OK(store_data_version(office.store, &before, ERR));
	assert_int_equal(put("Anna", "Asia/Sakhalin", "a@example.org", email_only, 1), STORE_UNCHANGED);
	assert_int_equal(put("Anna B.", "Asia/Sakhalin", "a@example.org", email_only, 1), STORE_CHANGED);
	assert_int_equal(put("Anna B.", "Europe/Moscow", "a@example.org", email_only, 1), STORE_CHANGED);
	assert_int_equal(put("Anna B.", "Europe/Moscow", "b@example.org", email_only, 1), STORE_CHANGED);
	assert_int_equal(put("Anna B.", "Europe/Moscow", NULL, email_only, 1), STORE_CHANGED);
	assert_int_equal(put("Anna B.", "Europe/Moscow", NULL, email_only, 1), STORE_UNCHANGED);
	OK(store_data_version(office.store, &after, ERR));
	assert_int_equal(after, before);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM person"), 1);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM address"), 0);
}

static void store_person__addresses__become_those_on_the_channels_named(void **state)
{
	(void)state;
	(void)put("Anna", "UTC", "a@example.org", email_only, 1);
	office_run(&office, "INSERT INTO address VALUES ('anna', 'telegram', '42'), ('anna', 'pager', '7')");
	assert_int_equal(put("Anna", "UTC", "a@example.org", email_only, 1), STORE_UNCHANGED);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM address"), 3);
	assert_int_equal(put("Anna", "UTC", "a@example.org", both, 2), STORE_CHANGED);
	assert_string_equal(office_text(&office, "SELECT group_concat(channel || address, ' ') FROM"
						 " (SELECT * FROM address ORDER BY channel)"),
			    "emaila@example.org pager7");
}

static void store_person__load__gives_the_person_with_addresses(void **state)
{
	(void)state;
	struct person person;
	struct err err = {0};
	bool exists = true;
	OK(store_person_exists(office.store, "anna", &exists, ERR));
	assert_false(exists);
	assert_int_equal(store_person_load(office.store, "anna", &person, &err), -ENOENT);
	assert_non_null(strstr(err.text, "anna"));

	office_add_person(&office, "anna", "Asia/Sakhalin", "email telegram");
	office_add_person(&office, "boris", "Europe/Moscow", "");
	OK(store_person_exists(office.store, "anna", &exists, ERR));
	assert_true(exists);
	OK(store_person_load(office.store, "anna", &person, ERR));
	assert_string_equal(person.id, "anna");
	assert_string_equal(person.zone, "Asia/Sakhalin");
	assert_string_equal(person.language, "en");
	assert_int_equal(person.n_addresses, 2);
	assert_string_equal(person_address(&person, "telegram"), "anna@telegram.example.org");
	assert_null(person_address(&person, "pager"));
	person_done(&person);
	OK(store_person_load(office.store, "boris", &person, ERR));
	assert_int_equal(person.n_addresses, 0);
	person_done(&person);
}

static void store_person__of_a_task__are_the_active_ones_each_once(void **state)
{
	(void)state;
	struct person *people = NULL;
	size_t n = 99;
	office_add_person(&office, "zoe", "UTC", "email telegram");
	office_add_person(&office, "anna", "UTC", "");
	office_add_person(&office, "gone", "UTC", "email");
	office_add_person(&office, "other", "UTC", "email");
	int64_t task = office_add_task(
		&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "zoe anna gone"});
	(void)office_add_task(&office, &(struct office_task){.uid = "u", .start = "2025-06-15", .people = "other"});
	office_run(&office, "INSERT INTO part VALUES (%lld, 'zoe', 'supervisor'), (%lld, 'zoe', 'watcher')",
		   (long long)task, (long long)task);
	office_run(&office, "UPDATE person SET active = 0 WHERE id = 'gone'");
	OK(store_person_of_task(office.store, task, &people, &n, ERR));
	assert_int_equal(n, 2);
	assert_string_equal(people[0].id, "anna");
	assert_string_equal(people[1].id, "zoe");
	assert_int_equal(people[0].n_addresses, 0);
	assert_int_equal(people[1].n_addresses, 2);
	assert_int_equal(people[1].roles,
			 ROLE_BIT(ROLE_PARTICIPANT) | ROLE_BIT(ROLE_SUPERVISOR) | ROLE_BIT(ROLE_WATCHER));
	for (size_t i = 0; i < n; i++)
		person_done(&people[i]);
	free(people);

	OK(store_person_of_task(office.store, 999, &people, &n, ERR));
	assert_int_equal(n, 0);
	free(people);
}

static int collect(void *arg, const struct person *person)
{
	char *text = arg;
	(void)snprintf(text + strlen(text), 64, "%s%d%zu ", person->id, person->is_active, person->n_addresses);
	return strcmp(person->id, "stop") == 0 ? -ECANCELED : 0;
}

static void store_person__each__lists_all_by_id_and_stops_when_told(void **state)
{
	(void)state;
	char all[128] = "", stopped[128] = "";
	struct err err;
	office_add_person(&office, "zoe", "UTC", "email telegram");
	office_add_person(&office, "anna", "UTC", "");
	office_run(&office, "UPDATE person SET active = 0 WHERE id = 'zoe'");
	OK(store_person_each(office.store, collect, all, ERR));
	assert_string_equal(all, "anna10 zoe02 ");
	office_add_person(&office, "stop", "UTC", "");
	assert_int_equal(store_person_each(office.store, collect, stopped, &err), -ECANCELED);
	assert_string_equal(stopped, "anna10 stop10 ");
}

static void store_person__bytes_that_are_no_text__stop_nobody(void **state)
{
	(void)state;
	struct person person;
	office_add_person(&office, "anna", "UTC", "email");
	office_run(&office, "UPDATE person SET name = CAST(x'416ee26e61' AS TEXT)");
	OK(store_person_load(office.store, "anna", &person, ERR));
	assert_string_equal(person.name, "An\xef\xbf\xbdna");
	person_done(&person);
}

static void store_person__channels__are_kept_and_replan_the_tasks(void **state)
{
	(void)state;
	struct person person;
	enum store_change change;
	office_add_person(&office, "anna", "UTC", "email");
	int64_t task =
		office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	OK(store_task_planned(office.store, task, 0, 5, 7, ERR));
	OK(store_person_load(office.store, "anna", &person, ERR));
	assert_string_equal(person.channels, "");
	free(person.channels);
	person.channels = mem_dup("first that works: email, sms");
	OK(store_person_put(office.store, &person, NULL, 0, &change, ERR));
	assert_int_equal(change, STORE_CHANGED);
	OK(store_person_put(office.store, &person, NULL, 0, &change, ERR));
	assert_int_equal(change, STORE_UNCHANGED);
	person_done(&person);
	OK(store_person_load(office.store, "anna", &person, ERR));
	assert_string_equal(person.channels, "first that works: email, sms");
	assert_int_equal(person.n_addresses, 1);
	person_done(&person);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM task WHERE next_due_utc IS NULL"), 1);
}

static void store_person_readdress__new_one__is_in_the_ledger(void **state)
{
	(void)state;
	bool is_new = true;
	office_add_person(&office, "anna", "UTC", "email");
	office_run(&office, "INSERT INTO suspension VALUES ('anna', 'email', 2, NULL, NULL)");
	OK(store_person_readdress(office.store, "anna", "sms", "+7", 50, &is_new, ERR));
	assert_false(is_new);
	OK(store_person_readdress(office.store, "anna", "email", "anna@email.example.org", 50, &is_new, ERR));
	assert_false(is_new);
	OK(store_person_readdress(office.store, "anna", "email", "-100", 50, &is_new, ERR));
	assert_true(is_new);
	assert_string_equal(office_text(&office, "SELECT group_concat(channel || address) FROM address"), "email-100");
	assert_string_equal(
		office_text(&office, "SELECT at_utc || through || person FROM ledger WHERE action = 'address'"),
		"50emailanna");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM suspension"), 0); /* it is another address */
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(store_person__put__adds_changes_or_leaves_alone),
		WITH_OFFICE(store_person__addresses__become_those_on_the_channels_named),
		WITH_OFFICE(store_person__load__gives_the_person_with_addresses),
		WITH_OFFICE(store_person__of_a_task__are_the_active_ones_each_once),
		WITH_OFFICE(store_person__each__lists_all_by_id_and_stops_when_told),
		WITH_OFFICE(store_person__bytes_that_are_no_text__stop_nobody),
		WITH_OFFICE(store_person__channels__are_kept_and_replan_the_tasks),
		WITH_OFFICE(store_person_readdress__new_one__is_in_the_ledger),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
