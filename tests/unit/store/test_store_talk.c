#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "store/store_ledger.h"
#include "store/store_notice.h"
#include "store/store_person.h"
#include "store/store_shown.h"
#include "store/store_suspension.h"
#include "store/store_talk.h"

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email telegram");
	office_add_person(&office, "bo", "UTC", "telegram");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static const char *owners(const char *channel, const char *address, bool only_active)
{
	static char text[200];
	struct strlist people = {0};
	text[0] = '\0';
	OK(store_address_owners(office.store, channel, address, only_active, &people, ERR));
	for (size_t i = 0; i < people.n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", people.items[i]);
	strlist_done(&people);
	return text;
}

static void store_address__set__replaces_the_one_of_that_channel(void **state)
{
	(void)state;
	bool is_suspended = true;
	OK(store_address_set(office.store, "anna", "telegram", "42", ERR));
	OK(store_address_set(office.store, "anna", "max", "42", ERR));
	assert_string_equal(owners("telegram", "42", true), "anna ");
	assert_string_equal(owners("telegram", "anna@telegram.example.org", true), "");
	assert_string_equal(owners("email", "anna@email.example.org", true), "anna ");
	assert_string_equal(owners("max", "42", true), "anna ");
	OK(store_address_is_suspended(office.store, "anna", "telegram", &is_suspended, ERR));
	assert_false(is_suspended);
	office_run(&office, "INSERT INTO suspension (person, channel, refusals) VALUES ('anna', 'telegram', 1)");
	OK(store_address_is_suspended(office.store, "anna", "telegram", &is_suspended, ERR));
	assert_false(is_suspended);
	office_run(&office, "UPDATE suspension SET reason = 'blocked'");
	OK(store_address_is_suspended(office.store, "anna", "telegram", &is_suspended, ERR));
	assert_true(is_suspended);
	assert_string_equal(owners("telegram", "42", true), "anna ");
}

static void store_address__of_somebody_who_left__has_no_active_owner(void **state)
{
	(void)state;
	OK(store_address_set(office.store, "anna", "telegram", "42", ERR));
	OK(store_address_set(office.store, "bo", "telegram", "42", ERR));
	office_run(&office, "UPDATE person SET active = 0 WHERE id = 'anna'");
	assert_string_equal(owners("telegram", "42", true), "bo ");
	assert_string_equal(owners("telegram", "42", false), "anna bo ");
}

static const char *invited(const char *hash, const char *channel, int64_t *ret_until)
{
	static char text[100];
	char *person = NULL;
	OK(store_invite_find(office.store, hash, channel, &person, ret_until, ERR));
	(void)snprintf(text, sizeof(text), "%s", person != NULL ? person : "nobody");
	free(person);
	return text;
}

static void store_invite__added__is_found_for_its_channel_and_until_the_next(void **state)
{
	(void)state;
	int64_t until = 0;
	OK(store_invite_add(office.store, "h1", "anna", "telegram", 1000, ERR));
	OK(store_invite_add(office.store, "h2", "anna", "max", 2000, ERR));
	OK(store_invite_add(office.store, "h3", "bo", "telegram", 3000, ERR));
	assert_string_equal(invited("h1", "telegram", &until), "anna");
	assert_int_equal(until, 1000);
	assert_string_equal(invited("h1", "max", &until), "nobody");
	OK(store_invite_add(office.store, "h4", "anna", "telegram", 4000, ERR));
	assert_string_equal(invited("h1", "telegram", &until), "nobody");
	assert_string_equal(invited("h4", "telegram", &until), "anna");
	assert_string_equal(invited("h2", "max", &until), "anna");
	OK(store_invite_end(office.store, "anna", "telegram", ERR));
	assert_string_equal(invited("h4", "telegram", &until), "nobody");
	assert_string_equal(invited("h3", "telegram", &until), "bo");
	office_run(&office, "UPDATE person SET active = 0 WHERE id = 'bo'");
	assert_string_equal(invited("h3", "telegram", &until), "nobody");
}

static void store_question__asked__is_forgotten_after_its_time(void **state)
{
	(void)state;
	struct store_question asked = {.task = 1, .occurrence = "2025-06-01/2025-06-30"}, found;
	int64_t fair = office_add_task(&office, &(struct office_task){.uid = "fair", .start = "2025-06-01"});
	asked.task = fair;
	OK(store_question_load(office.store, "anna", "telegram", 500, &found, ERR));
	assert_int_equal(found.task, 0);
	OK(store_question_set(office.store, "anna", "telegram", &asked, 900, ERR));
	OK(store_question_set(office.store, "anna", "telegram", &asked, 1000, ERR));
	OK(store_question_load(office.store, "anna", "telegram", 999, &found, ERR));
	assert_int_equal(found.task, fair);
	assert_string_equal(found.occurrence, "2025-06-01/2025-06-30");
	OK(store_question_load(office.store, "anna", "telegram", 1000, &found, ERR));
	assert_int_equal(found.task, 0);
	OK(store_question_load(office.store, "bo", "telegram", 999, &found, ERR));
	assert_int_equal(found.task, 0);
	OK(store_question_end(office.store, "anna", "telegram", ERR));
	OK(store_question_load(office.store, "anna", "telegram", 999, &found, ERR));
	assert_int_equal(found.task, 0);
}

static int64_t add_notice(void)
{
	int64_t id = 0;
	OK(store_message_add(office.store, "anna", "telegram", "notice", MESSAGE_PENDING, NULL, 1, 1, "example.org", 0,
			     &id, ERR));
	return id;
}

static void store_notice__answer__is_told_from_a_notice_to_the_operator(void **state)
{
	(void)state;
	struct store_answer answer;
	int64_t notice = add_notice(), reply = add_notice();
	OK(store_notice_add(office.store, notice, "A channel is stopped", ERR));
	OK(store_notice_add_answer(office.store, reply, "Which date?", "Write it here.", "[[\"Yes\",\"y 1 2\"]]", ERR));
	OK(store_notice_load_answer(office.store, notice, &answer, ERR));
	assert_null(answer.subject);
	store_answer_done(&answer);
	OK(store_notice_load_answer(office.store, reply, &answer, ERR));
	assert_string_equal(answer.subject, "Which date?");
	assert_string_equal(answer.text, "Write it here.");
	assert_string_equal(answer.buttons, "[[\"Yes\",\"y 1 2\"]]");
	store_answer_done(&answer);
}

static int64_t count_as(const char *person, enum store_answered_kind kind, int64_t now)
{
	int64_t n = 0;
	OK(store_answered_add(office.store, person, "telegram", kind, now, &n, ERR));
	return n;
}

static int64_t count(const char *person, int64_t now)
{
	return count_as(person, STORE_ANSWERED_ANSWERS, now);
}

static void store_answered_add__presses__are_counted_apart(void **state)
{
	(void)state;
	assert_int_equal(count_as("anna", STORE_ANSWERED_PRESSES, 10000), 1);
	assert_int_equal(count("anna", 10001), 1);
	assert_int_equal(count_as("anna", STORE_ANSWERED_PRESSES, 10002), 2);
	assert_int_equal(count_as("anna", STORE_ANSWERED_PRESSES, 13600), 1);
	assert_int_equal(count("anna", 13601), 1);
}

static void store_answered_add__an_hour_later__begins_anew(void **state)
{
	(void)state;
	assert_int_equal(count("anna", 10000), 1);
	assert_int_equal(count("anna", 10100), 2);
	assert_int_equal(count("bo", 10100), 1);
	assert_int_equal(count("anna", 13599), 3);
	assert_int_equal(count("anna", 13600), 1);
	assert_int_equal(count("anna", 13601), 2);
	assert_int_equal(count("anna", 5000), 1); /* the clock was set back */
}

static bool hint(const char *person, int64_t now)
{
	bool is_due = false;
	OK(store_hint_due(office.store, person, "telegram", now, 3600, &is_due, ERR));
	return is_due;
}

static void store_hint__within_the_hour__is_not_due(void **state)
{
	(void)state;
	assert_true(hint("anna", 10000));
	assert_false(hint("anna", 13599));
	assert_true(hint("bo", 13599));
	assert_true(hint("anna", 13600));
	assert_false(hint("anna", 13601));
	assert_true(hint("anna", 9000)); /* the clock was set back */
	assert_int_equal(count("anna", 9000), 1);
	assert_false(hint("anna", 9001));
}

static size_t stale(void)
{
	int64_t ids[4];
	size_t n = 0;
	OK(store_shown_stale(office.store, "telegram", 0, ids, 4, &n, ERR));
	return n;
}

/* The change came while the words of the one before were on their way. */
static void store_shown__changes_while_it_is_being_changed__is_stale_once_more(void **state)
{
	(void)state;
	int64_t fair = office_add_task(&office, &(struct office_task){.uid = "fair", .start = "2025-06-15"});
	int64_t message = office_add_message(&office, fair, "anna", "telegram", "remind 3d before start", 5);
	OK(store_shown_begin(office.store, message, ERR));
	OK(store_shown_put(office.store, message, "501", ERR));
	office_run(&office, "UPDATE task SET title = 'one'");
	OK(store_shown_take(office.store, message, ERR));
	office_run(&office, "UPDATE task SET title = 'two'");
	OK(store_shown_fresh(office.store, message, ERR));
	assert_int_equal(stale(), 1);
	OK(store_shown_take(office.store, message, ERR));
	OK(store_shown_again(office.store, message, ERR));
	assert_int_equal(stale(), 1);
	OK(store_shown_take(office.store, message, ERR));
	assert_int_equal(stale(), 0);
	OK(store_shown_all_again(office.store, ERR)); /* the process died */
	assert_int_equal(stale(), 1);
	OK(store_shown_take(office.store, message, ERR));
	OK(store_shown_fresh(office.store, message, ERR));
	OK(store_shown_all_again(office.store, ERR));
	assert_int_equal(stale(), 0);
}

static void store_shown__task_changes__is_stale_until_it_is_fresh(void **state)
{
	(void)state;
	char remote[STORE_REMOTE_ID_SIZE];
	int64_t ids[4], fair = office_add_task(&office, &(struct office_task){.uid = "fair", .start = "2025-06-15"});
	int64_t message = office_add_message(&office, fair, "anna", "telegram", "1d before start", 100);
	size_t n = 9;
	OK(store_shown_put(office.store, message, "500", ERR)); /* nobody waits for that */
	OK(store_shown_load(office.store, message, remote, ERR));
	assert_string_equal(remote, "");
	OK(store_shown_begin(office.store, message, ERR));
	OK(store_shown_put(office.store, message, "501", ERR));
	OK(store_shown_begin(office.store, message, ERR)); /* sent once more */
	OK(store_shown_put(office.store, message, "502", ERR));
	OK(store_shown_load(office.store, message, remote, ERR));
	assert_string_equal(remote, "502");
	OK(store_shown_stale(office.store, "telegram", 0, ids, 4, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_task_set_status(office.store, fair, "done", ERR));
	OK(store_shown_stale(office.store, "max", 0, ids, 4, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_shown_stale(office.store, "telegram", 0, ids, 4, &n, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], message);
	OK(store_shown_stale(office.store, "telegram", message, ids, 4, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_shown_take(office.store, message, ERR));
	OK(store_shown_stale(office.store, "telegram", 0, ids, 4, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_shown_fresh(office.store, message, ERR));
	OK(store_shown_stale(office.store, "telegram", 0, ids, 4, &n, ERR));
	assert_int_equal(n, 0);
	OK(store_shown_end(office.store, message, ERR));
	OK(store_shown_load(office.store, message, remote, ERR));
	assert_string_equal(remote, "");
}

static const char *closed(const char *uid, const char *occurrence)
{
	static char text[200];
	struct store_closing closing;
	OK(store_closing_load(office.store, uid, occurrence, &closing, ERR));
	(void)snprintf(text, sizeof(text), "%s by %s at %lld", closing.action != NULL ? closing.action : "nothing",
		       closing.who != NULL ? closing.who : "-", (long long)closing.at_utc);
	store_closing_done(&closing);
	return text;
}

static void store_closing__done_by_a_person__names_them(void **state)
{
	(void)state;
	int64_t fair = office_add_task(&office, &(struct office_task){.uid = "fair", .start = "2025-06-15"});
	OK(store_ledger_stamp(office.store, "x", "test", 1, ERR));
	assert_string_equal(closed("fair", NULL), "nothing by - at 0");
	office_run(&office, "UPDATE person SET name = 'Anna Ivanova' WHERE id = 'anna'");
	OK(store_task_set_status(office.store, fair, "done", ERR));
	OK(store_ledger_stamp(office.store, "anna", "telegram", 500, ERR));
	assert_string_equal(closed("fair", NULL), "done by Anna Ivanova at 500");
	assert_string_equal(closed("fair", "2025-06-15"), "done by Anna Ivanova at 500");
	/* A user of the machine who is called like a person is not that person. */
	OK(store_task_set_status(office.store, fair, "open", ERR));
	OK(store_task_set_status(office.store, fair, "cancelled", ERR));
	OK(store_ledger_stamp(office.store, "anna", "deadlinectl", 600, ERR));
	assert_string_equal(closed("fair", NULL), "cancel by  at 600");
}

static void store_closing__of_a_date__is_not_that_of_another(void **state)
{
	(void)state;
	OK(store_ledger_add(office.store, "done", "weekly", NULL, "2025-06-16", ERR));
	OK(store_ledger_stamp(office.store, "anna", "telegram", 500, ERR));
	OK(store_ledger_add(office.store, "cancel", "weekly", NULL, "2025-06-23 and all that follow", ERR));
	OK(store_ledger_stamp(office.store, "bo", "telegram", 600, ERR));
	assert_string_equal(closed("weekly", "2025-06-16"), "done by anna at 500");
	assert_string_equal(closed("weekly", "2025-06-23"), "cancel by bo at 600");
	assert_string_equal(closed("weekly", "2025-06-2"), "nothing by - at 0");
}

static void store_talk__person_or_task_deleted_by_sql__leaves_nothing(void **state)
{
	(void)state;
	int64_t fair = office_add_task(&office, &(struct office_task){.uid = "fair", .start = "2025-06-01"});
	const struct store_question asked = {.task = fair, .occurrence = "2025-06-01"};
	OK(store_question_set(office.store, "anna", "telegram", &asked, 900, ERR));
	OK(store_question_set(office.store, "bo", "telegram", &asked, 900, ERR));
	OK(store_invite_add(office.store, "h1", "anna", "telegram", 1000, ERR));
	assert_int_equal(count("anna", 1), 1);
	office_run(&office, "DELETE FROM person WHERE id = 'anna'");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM question"), 1);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM invite"), 0);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM answered"), 0);
	office_run(&office, "DELETE FROM task WHERE id = %lld", (long long)fair);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM question"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(store_address__set__replaces_the_one_of_that_channel),
		TEST(store_address__of_somebody_who_left__has_no_active_owner),
		TEST(store_invite__added__is_found_for_its_channel_and_until_the_next),
		TEST(store_question__asked__is_forgotten_after_its_time),
		TEST(store_notice__answer__is_told_from_a_notice_to_the_operator),
		TEST(store_answered_add__an_hour_later__begins_anew),
		TEST(store_answered_add__presses__are_counted_apart),
		TEST(store_hint__within_the_hour__is_not_due),
		TEST(store_shown__task_changes__is_stale_until_it_is_fresh),
		TEST(store_shown__changes_while_it_is_being_changed__is_stale_once_more),
		TEST(store_closing__done_by_a_person__names_them),
		TEST(store_closing__of_a_date__is_not_that_of_another),
		TEST(store_talk__person_or_task_deleted_by_sql__leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
