#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"
#include "remind/suspend.h"
#include "store/store_suspension.h"

/* An address whose side refuses every message for good is left in peace; the operator hears of the first one, and of that. */

static const char config[] = "operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0d 1d 2d 3d 4d 5d before start at 09:00\n";

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email telegram");
	office_add_person(&desk.office, "boris", "Europe/Moscow", "email");
	office_add_person(&desk.office, "op", "Europe/Moscow", "email");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna boris",
								  .planned_until = desk.now.wall_s});
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

/* A day's messages: anna's mail gets this verdict, everything else is taken. */
static void live_a_day(const char *day, enum channel_verdict verdict, enum channel_blame blame)
{
	char at[32];
	(void)snprintf(at, sizeof(at), "%sT06:00", day);
	desk_move_to(at);
	do {
		desk_tick();
		while (desk.n_flying > 0) {
			int64_t id = desk.flying[0].id;
			bool is_hers = office_number(&desk.office,
						     "SELECT count(*) FROM message WHERE id = %lld"
						     " AND person = 'anna' AND channel = 'email'",
						     (long long)id) == 1;
			struct channel_result result = is_hers ? desk_result(verdict, blame)
							       : desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
			desk_finish(0, &result);
		}
	} while (desk.n_wakes > 0);
	desk_tick();
}

static int64_t sent_to(const char *person, const char *channel)
{
	int64_t n = 0;
	for (size_t i = 0; i < desk.n_sendings; i++)
		n += office_number(&desk.office,
				   "SELECT count(*) FROM message WHERE id = %lld AND person = '%s' AND channel = '%s'",
				   (long long)desk.sendings[i].id, person, channel) == 1;
	return n;
}

static void refuse_three(void)
{
	live_a_day("2025-06-10", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	assert_int_equal(sent_to("op", "email"), 1);
	live_a_day("2025-06-11", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	assert_int_equal(sent_to("op", "email"), 1);
	live_a_day("2025-06-12", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
}

static void suspend__three_refusals__end_the_channel_and_tell_the_operator_once(void **state)
{
	(void)state;
	refuse_three();
	assert_int_equal(sent_to("anna", "email"), SUSPEND_AFTER);
	assert_int_equal(sent_to("op", "email"), 2);
	live_a_day("2025-06-13", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	assert_int_equal(sent_to("anna", "email"), SUSPEND_AFTER);
	assert_int_equal(sent_to("anna", "telegram"), 4);
	assert_int_equal(sent_to("boris", "email"), 4);
	assert_int_equal(sent_to("op", "email"), 2);
}

static void suspend__accepted_in_between__begins_the_count_anew(void **state)
{
	(void)state;
	live_a_day("2025-06-10", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	live_a_day("2025-06-11", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	live_a_day("2025-06-12", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	live_a_day("2025-06-13", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	live_a_day("2025-06-14", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	assert_int_equal(sent_to("op", "email"), 2); /* of the first of each row */
	live_a_day("2025-06-15", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	assert_int_equal(sent_to("op", "email"), 3);
}

static void suspend__message_at_fault__does_not_count(void **state)
{
	(void)state;
	for (int day = 10; day <= 14; day++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "2025-06-%d", day);
		live_a_day(text, CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	}
	assert_int_equal(sent_to("anna", "email"), 5);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM suspension"), 0);
}

static void suspend__corrected_address__is_used_again(void **state)
{
	(void)state;
	refuse_three();
	office_run(&desk.office, "UPDATE address SET address = 'anna@new.example.org' WHERE person = 'anna'"
				 " AND channel = 'email'");
	live_a_day("2025-06-13", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(sent_to("anna", "email"), SUSPEND_AFTER + 1);
}

static void suspend__crash__does_not_forget_it(void **state)
{
	(void)state;
	int64_t n = 0;
	refuse_three();
	desk_crash(config);
	live_a_day("2025-06-13", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(sent_to("anna", "email"), SUSPEND_AFTER);
	OK(store_suspension_end(desk.office.store, "anna", "telegram", &n, ERR));
	assert_int_equal(n, 0);
	OK(store_suspension_end(desk.office.store, "anna", NULL, &n, ERR));
	assert_int_equal(n, 1);
	live_a_day("2025-06-14", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(sent_to("anna", "email"), SUSPEND_AFTER + 1);
}

/* What was held for the night when the address was suspended is dropped, and comes back with the address. */
static void suspend__what_waited__is_dropped_and_planned_anew(void **state)
{
	(void)state;
	int64_t n = 0;
	office_run(&desk.office, "UPDATE person SET quiet = '08:00-12:00' WHERE id = 'anna'");
	live_a_day("2025-06-10", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	int64_t waiting =
		office_number(&desk.office, "SELECT id FROM message WHERE state = 'pending' AND person = 'anna'"
					    " AND channel = 'email'");
	assert_true(waiting > 0);
	for (int i = 0; i < SUSPEND_AFTER; i++)
		OK(store_suspension_refused(desk.office.store, waiting, &n, ERR));
	bool is_new = false;
	OK(store_suspension_begin(desk.office.store, "anna", "email", "no such user", 0, &is_new, ERR));
	assert_string_equal(office_state(&desk.office, waiting), "cancelled");
	OK(store_suspension_end(desk.office.store, "anna", "email", &n, ERR));
	assert_int_equal(n, 1);
	desk_move_to("2025-06-10T09:30");
	desk_tick();
	assert_int_equal(sent_to("anna", "email"), 1);
}

/* A column of wrong addresses was imported. */
static void suspend__dozens_refuse__are_told_up_to_a_number(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "p%02d", i);
		office_add_person(&desk.office, id, "Europe/Moscow", "email");
		office_run(&desk.office, "INSERT INTO part (task, person) SELECT id, '%s' FROM task", id);
	}
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice"), 20);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice WHERE text LIKE '%%only the log%%'"),
			 1);
}

/* Of a day's mails only that to one person is taken. */
static void refuse_a_day(const char *day, const char *spared)
{
	char at[32];
	(void)snprintf(at, sizeof(at), "%sT06:00", day);
	desk_move_to(at);
	do {
		desk_tick();
		while (desk.n_flying > 0) {
			struct channel_result result = desk_result(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
			bool is_spared = office_number(&desk.office,
						       "SELECT count(*) FROM message WHERE id = %lld AND"
						       " (person IN ('op', '%s') OR channel <> 'email')",
						       (long long)desk.flying[0].id, spared) == 1;
			if (is_spared)
				result = desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
			result.code = is_spared ? 250 : 550;
			desk_finish(0, &result);
			desk_tick();
		}
	} while (desk.n_wakes > 0);
}

/* And the operator, who hears of it elsewhere. */
static void add_more_people(void)
{
	office_run(&desk.office, "UPDATE address SET channel = 'telegram' WHERE person = 'op'");
	for (int i = 0; i < 2; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "p%02d", i);
		office_add_person(&desk.office, id, "Europe/Moscow", "email");
		office_run(&desk.office, "INSERT INTO part (task, person) SELECT id, '%s' FROM task", id);
	}
}

/* The account is at fault, and the server has words for it that nobody knows. */
static void suspend__everybody_is_refused__suspends_nobody(void **state)
{
	(void)state;
	add_more_people();
	for (int day = 10; day <= 14; day++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "2025-06-%d", day);
		refuse_a_day(text, "nobody");
	}
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM suspension WHERE reason IS NOT NULL"), 0);
	assert_int_equal(office_number(&desk.office, "SELECT max(refusals) FROM suspension"), 1);
	assert_int_equal(sent_to("anna", "email"), 5);
	assert_int_equal(
		office_number(&desk.office, "SELECT count(*) FROM notice WHERE text LIKE 'channel email refused 3 %%'"),
		5);
}

static void suspend__somebody_is_accepted_between__suspends_the_others(void **state)
{
	(void)state;
	add_more_people();
	office_run(&desk.office, "DELETE FROM part WHERE person = 'p01'");
	refuse_a_day("2025-06-10", "p00");
	refuse_a_day("2025-06-11", "anna");
	refuse_a_day("2025-06-12", "anna");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM suspension WHERE reason IS NOT NULL"
						     " AND person = 'boris'"),
			 1);
}

static void suspend__one_address_alone__is_suspended_for_itself(void **state)
{
	(void)state;
	add_more_people();
	office_run(&desk.office, "DELETE FROM part WHERE person <> 'anna'");
	refuse_a_day("2025-06-10", "nobody");
	refuse_a_day("2025-06-11", "nobody");
	refuse_a_day("2025-06-12", "nobody");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM suspension WHERE reason IS NOT NULL"), 1);
}

/* The office gives anna another address while a message to the old one is in flight; everybody else's is taken. */
static void correct_in_flight(const char *sql, const char *moved_to)
{
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	office_run(&desk.office, "%s", sql);
	struct channel_result refused = desk_result(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	(void)snprintf(refused.moved_to, sizeof(refused.moved_to), "%s", moved_to);
	desk.n_sendings = 0;
	for (size_t i = desk.n_flying; i-- > 0;)
		if (office_number(
			    &desk.office,
			    "SELECT count(*) FROM message WHERE id = %lld AND person = 'anna' AND channel = 'email'",
			    (long long)desk.flying[i].id) == 1)
			desk_finish(i, &refused);
	desk_tick();
}

static void suspend__refused_after_the_correction__is_no_word_about_the_new_address(void **state)
{
	(void)state;
	correct_in_flight("UPDATE address SET address = 'new@example.org' WHERE person = 'anna' AND channel = 'email'",
			  "");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM suspension"), 0);
	assert_int_equal(desk.n_sendings, 1);
	assert_string_equal(desk.sendings[0].to_address, "new@example.org");
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT refusals FROM suspension WHERE person = 'anna'"
						     " AND channel = 'email'"),
			 1);
}

static void suspend__refused_after_the_address_is_gone__does_not_count(void **state)
{
	(void)state;
	correct_in_flight("DELETE FROM address WHERE person = 'anna' AND channel = 'email'", "");
	assert_int_equal(desk.n_sendings, 0);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM suspension"), 0);
}

static void suspend__accepted_by_the_old_address__does_not_forget_refusals_of_the_new(void **state)
{
	(void)state;
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	office_run(&desk.office,
		   "UPDATE address SET address = 'new@example.org' WHERE person = 'anna' AND channel = 'email';"
		   "INSERT INTO suspension (person, channel, refusals) VALUES ('anna', 'email', 2)");
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT refusals FROM suspension"), 2);
}

static void moved__after_the_correction__leaves_what_the_office_wrote(void **state)
{
	(void)state;
	correct_in_flight("UPDATE address SET address = 'new@example.org' WHERE person = 'anna' AND channel = 'email'",
			  "moved@example.org");
	assert_int_equal(desk.n_sendings, 1);
	assert_string_equal(desk.sendings[0].to_address, "new@example.org");
	assert_string_equal(
		office_text(&desk.office, "SELECT address FROM address WHERE person = 'anna' AND channel = 'email'"),
		"new@example.org");
}

static void moved__not_corrected__is_followed(void **state)
{
	(void)state;
	correct_in_flight("UPDATE person SET name = 'x'", "moved@example.org");
	assert_int_equal(desk.n_sendings, 1);
	assert_string_equal(desk.sendings[0].to_address, "moved@example.org");
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
	const struct CMUnitTest tests[] = {
		ROW(suspend__three_refusals__end_the_channel_and_tell_the_operator_once),
		ROW(suspend__accepted_in_between__begins_the_count_anew),
		ROW(suspend__message_at_fault__does_not_count),
		ROW(suspend__corrected_address__is_used_again),
		ROW(suspend__crash__does_not_forget_it),
		ROW(suspend__everybody_is_refused__suspends_nobody),
		ROW(suspend__somebody_is_accepted_between__suspends_the_others),
		ROW(suspend__one_address_alone__is_suspended_for_itself),
		ROW(suspend__dozens_refuse__are_told_up_to_a_number),
		ROW(suspend__what_waited__is_dropped_and_planned_anew),
		ROW(suspend__refused_after_the_correction__is_no_word_about_the_new_address),
		ROW(suspend__refused_after_the_address_is_gone__does_not_count),
		ROW(suspend__accepted_by_the_old_address__does_not_forget_refusals_of_the_new),
		ROW(moved__after_the_correction__leaves_what_the_office_wrote),
		ROW(moved__not_corrected__is_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
