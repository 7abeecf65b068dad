#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"

/* The reminders of one task to one reader stand in one thread of a messenger, and no thread costs a reminder. */

static const char config[] = "operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 5d 4d 3d 2d 1d before start at 09:00\n";

static void add_task(const char *uid, const char *people)
{
	(void)office_add_task(&desk.office, &(struct office_task){.uid = uid,
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = people,
								  .planned_until = desk.now.wall_s});
}

/* A task on 15 June, of which anna is reminded from 10 June on, each day at six. */
static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	app_free(desk.app);
	desk.has_threads = true;
	desk_start(config);
	office_add_person(&desk.office, "anna", "Europe/Moscow", "telegram");
	office_add_person(&desk.office, "boris", "Europe/Moscow", "telegram");
	office_add_person(&desk.office, "op", "Europe/Moscow", "email");
	add_task("visit", "anna");
	desk_tick();
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void answer(enum channel_verdict verdict, enum channel_blame blame)
{
	desk_answer(verdict, blame);
	desk_tick();
}

static void accept(void)
{
	answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
}

static void next_day(void)
{
	desk_move(86400);
	desk_tick();
}

/* What the last message handed over names; "" = no thread. */
static const char *thread(void)
{
	return desk.sendings[desk.n_sendings - 1].thread;
}

/* What the thread is called that the message handed over as that one of all begins. */
static const char *begun_by(size_t sending)
{
	static char text[16];
	(void)snprintf(text, sizeof(text), "t%lld", (long long)desk.sendings[sending].id);
	return text;
}

static int64_t rows(void)
{
	return office_number(&desk.office, "SELECT count(*) FROM thread");
}

static void thread__reminders_of_one_task__are_in_that_of_the_first(void **state)
{
	(void)state;
	assert_string_equal(thread(), "");
	assert_int_equal(rows(), 0);
	accept();
	for (size_t day = 1; day < 5; day++) {
		next_day();
		assert_int_equal(desk.n_sendings, day + 1);
		assert_string_equal(thread(), begun_by(0));
		accept();
	}
	assert_int_equal(rows(), 1);
}

static void thread__other_task_or_reader__is_another(void **state)
{
	(void)state;
	accept();
	add_task("fair", "boris");
	next_day();
	accept();
	assert_int_equal(desk.n_sendings, 3);
	for (size_t i = 1; i < 3; i++)
		assert_string_equal(desk.sendings[i].thread, desk.sendings[i].to_address[0] == 'a' ? begun_by(0) : "");
	assert_int_equal(rows(), 2);
}

static void thread__first_message_is_never_sent__begins_with_the_next(void **state)
{
	(void)state;
	answer(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(desk_count("dead"), 1);
	next_day(); /* behind the notice to the operator */
	assert_string_equal(thread(), "");
	accept();
	next_day();
	assert_string_equal(thread(), begun_by(2));
}

/* The services number the messages of each chat. */
static void thread__reader_has_another_address__begins_anew_there(void **state)
{
	(void)state;
	accept();
	office_run(&desk.office, "UPDATE address SET address = 'anna-2' WHERE person = 'anna'");
	next_day();
	assert_string_equal(desk.sendings[1].to_address, "anna-2");
	assert_string_equal(thread(), "");
	accept();
	next_day();
	assert_string_equal(thread(), begun_by(1));
	assert_int_equal(rows(), 1);
}

static void thread__address_changes_while_the_first_is_under_way__is_of_the_old_one(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE address SET address = 'anna-2' WHERE person = 'anna'");
	accept();
	next_day();
	assert_string_equal(thread(), "");
	accept();
	next_day();
	assert_string_equal(thread(), begun_by(1));
}

static void thread__service_says_where_a_group_has_gone__begins_anew_there(void **state)
{
	(void)state;
	accept();
	next_day();
	struct channel_result moved = desk_result(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	(void)snprintf(moved.moved_to, sizeof(moved.moved_to), "-100777");
	desk_finish(0, &moved);
	desk_tick();
	assert_int_equal(desk.n_sendings, 3);
	assert_string_equal(desk.sendings[2].to_address, "-100777");
	assert_string_equal(thread(), "");
	accept();
	next_day();
	assert_string_equal(thread(), begun_by(2));
}

static void thread__process_dies_before_the_result__is_begun_by_the_second_try(void **state)
{
	(void)state;
	desk_crash(config);
	desk_move(3600);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	assert_string_equal(thread(), "");
	accept();
	desk_crash(config);
	next_day();
	assert_string_equal(thread(), begun_by(1));
}

static void thread__result_cannot_be_recorded_at_first__is_begun_all_the_same(void **state)
{
	(void)state;
	office_run(&desk.office,
		   "CREATE TRIGGER fault BEFORE INSERT ON thread BEGIN SELECT raise(ABORT, 'fault'); END");
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_true(desk_try() < 0);
	assert_int_equal(desk_count("sending"), 1);
	office_run(&desk.office, "DROP TRIGGER fault");
	desk_move(5);
	desk_tick();
	assert_int_equal(desk_count("sent"), 1);
	next_day();
	assert_string_equal(thread(), begun_by(0));
}

static void thread__configuration_is_read_anew_while_the_first_is_under_way__is_begun(void **state)
{
	(void)state;
	app_reload(desk.app, desk_setup(config), desk.now);
	desk_tick();
	accept();
	next_day();
	assert_string_equal(thread(), begun_by(0));
}

/* Whatever it says, and whomever it blames: without its thread the message goes again at once. */
static void thread__message_in_it_is_refused__goes_without_it_and_begins_it_anew(void **state)
{
	static const struct {
		enum channel_verdict verdict;
		enum channel_blame blame;
	} refusals[] = {{CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE},
			{CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT},
			{CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE}};
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		accept();
		next_day();
		assert_string_equal(thread(), begun_by(0));
		answer(refusals[i].verdict, refusals[i].blame);
		assert_int_equal(desk.n_sendings, 3);
		assert_int_equal(desk.sendings[2].id, desk.sendings[1].id);
		assert_string_equal(thread(), "");
		assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM suspension"), 0);
		accept();
		assert_int_equal(desk_count("sent"), 2);
		next_day();
		assert_string_equal(thread(), begun_by(1));
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void thread__message_is_refused_without_it_too__is_dead(void **state)
{
	(void)state;
	accept();
	next_day();
	answer(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	answer(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(desk.n_sendings, 4); /* the last tells the operator */
	assert_int_equal(desk_count("dead"), 1);
	next_day();
	assert_string_equal(thread(), "");
}

static void thread__server_is_down__is_kept(void **state)
{
	(void)state;
	accept();
	next_day();
	answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	assert_int_equal(desk.n_sendings, 2);
	next_day();
	assert_true(desk.n_sendings > 2);
	assert_string_equal(thread(), begun_by(0));
}

/* The first of two that were refused has begun it anew when the second is settled. */
static void thread__two_in_it_are_refused__are_in_one_again(void **state)
{
	(void)state;
	accept();
	next_day();
	next_day();
	assert_int_equal(desk.n_flying, 2);
	const struct channel_result refused = desk_result(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	const struct channel_result accepted = desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_finish(0, &refused);
	desk_tick();
	assert_int_equal(desk.n_flying, 2);
	desk_finish(1, &accepted);
	desk_tick();
	const char *anew = begun_by(desk.n_sendings - 1);
	desk_finish(0, &refused);
	desk_tick();
	assert_string_equal(thread(), anew);
}

/* What was sent in the old thread is no beginning of the new one: some services show nobody what replies to a reply. */
static void thread__one_in_it_is_refused_and_the_next_is_not__is_begun_by_what_went_without(void **state)
{
	(void)state;
	accept();
	next_day();
	next_day();
	assert_int_equal(desk.n_flying, 2);
	const struct channel_result refused = desk_result(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	const struct channel_result accepted = desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_finish(0, &refused);
	desk_finish(0, &accepted);
	desk_tick();
	assert_int_equal(desk.n_sendings, 4);
	assert_string_equal(thread(), "");
	assert_int_equal(rows(), 0);
	accept();
	next_day();
	assert_string_equal(thread(), begun_by(3));
}

/* Not even its table is looked at. */
static void thread__channel_without_them__costs_nothing(void **state)
{
	(void)state;
	desk.has_threads = false;
	desk_crash(config);
	office_run(&desk.office, "DROP TABLE thread");
	desk_move(3600);
	desk_tick();
	accept();
	next_day();
	assert_string_equal(thread(), "");
	answer(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(desk_count("sent"), 1);
	assert_int_equal(desk_count("dead"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(thread__reminders_of_one_task__are_in_that_of_the_first),
		TEST(thread__other_task_or_reader__is_another),
		TEST(thread__first_message_is_never_sent__begins_with_the_next),
		TEST(thread__reader_has_another_address__begins_anew_there),
		TEST(thread__address_changes_while_the_first_is_under_way__is_of_the_old_one),
		TEST(thread__service_says_where_a_group_has_gone__begins_anew_there),
		TEST(thread__process_dies_before_the_result__is_begun_by_the_second_try),
		TEST(thread__result_cannot_be_recorded_at_first__is_begun_all_the_same),
		TEST(thread__configuration_is_read_anew_while_the_first_is_under_way__is_begun),
		TEST(thread__message_in_it_is_refused__goes_without_it_and_begins_it_anew),
		TEST(thread__message_is_refused_without_it_too__is_dead),
		TEST(thread__server_is_down__is_kept),
		TEST(thread__two_in_it_are_refused__are_in_one_again),
		TEST(thread__one_in_it_is_refused_and_the_next_is_not__is_begun_by_what_went_without),
		TEST(thread__channel_without_them__costs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
