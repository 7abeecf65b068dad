/* A channel with rate_each: one message to a reader at a time, in order, while others' go on. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "desk.h"
#include "store/store_message.h"
#include "store/store_notice.h"

static const char config[] = "[channel email]\ntype = maildir\npath = mail\nrate_each = 1/s\n"
			     "[policy default]\nremind = 0m before start\n",
		  slower[] = "[channel email]\ntype = maildir\npath = mail\nrate_each = 1/m\n"
			     "[policy default]\nremind = 0m before start\n";

static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	desk_open(config, "2025-06-02T09:00");
	office_add_person(&desk.office, "anna", "UTC", "email");
	office_add_person(&desk.office, "boris", "UTC", "email");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

/* Something to say to somebody, due so many seconds before now; returns its message. */
static int64_t say(const char *person, int64_t due_s)
{
	int64_t id = 0;
	OK(store_begin(desk.office.store, ERR));
	OK(store_message_add(desk.office.store, person, "email", "notice", MESSAGE_PENDING, NULL,
			     desk.now.wall_s - due_s, desk.now.wall_s - due_s, "example.org", 0, &id, ERR));
	OK(store_notice_add(desk.office.store, id, "Words.", ERR));
	OK(store_commit(desk.office.store, ERR));
	return id;
}

static void finish(int64_t id, enum channel_verdict verdict)
{
	struct channel_result result = desk_result(verdict, CHANNEL_BLAME_MESSAGE);
	for (size_t i = 0; i < desk.n_flying; i++)
		if (desk.flying[i].id == id) {
			desk_finish(i, &result);
			return;
		}
	fail_msg("message %lld is not under way", (long long)id);
}

static void app_claim__several_for_one_reader__go_one_by_one_in_order(void **state)
{
	(void)state;
	int64_t second = say("anna", 5), first = say("anna", 9), third = say("anna", 5), other = say("boris", 1);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2); /* the other reader's as well */
	assert_true(desk.sendings[0].id == first || desk.sendings[1].id == first);
	assert_true(desk.sendings[0].id == other || desk.sendings[1].id == other);

	desk_move(30);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2); /* it is still under way */
	finish(first, CHANNEL_ACCEPTED);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	desk_move(30); /* the longer it takes, the less often it is asked after */
	desk_tick();
	assert_int_equal(desk.n_sendings, 3);
	assert_int_equal(desk.sendings[2].id, second);
	finish(second, CHANNEL_PERMANENT); /* the service got it all the same */
	desk_tick();
	assert_int_equal(desk.n_sendings, 3);
	desk_move(2);
	desk_tick();
	assert_int_equal(desk.n_sendings, 4);
	assert_int_equal(desk.sendings[3].id, third);
}

static void app_claim__another_waits_behind_it__postpones_only_that(void **state)
{
	(void)state;
	int64_t first = say("anna", 9), second = say("anna", 5);
	office_run(&desk.office, "UPDATE message SET not_before = %lld WHERE id = %lld", (long long)desk.now.wall_s - 1,
		   (long long)first); /* so it is asked after first */
	desk_tick();
	assert_int_equal(desk.sendings[0].id, first);
	assert_int_equal(
		office_number(&desk.office, "SELECT not_before FROM message WHERE id = %lld", (long long)first),
		desk.now.wall_s - 1);
	assert_true(office_number(&desk.office, "SELECT not_before FROM message WHERE id = %lld", (long long)second) >
		    desk.now.wall_s);
}

static void app_claim__one_comes_while_others_wait__overtakes_nobody(void **state)
{
	(void)state;
	int64_t first = say("anna", 9), second = say("anna", 5);
	desk_tick();
	desk.now.mono_ms += 300;
	desk.now.wall_ms += 300;
	finish(first, CHANNEL_ACCEPTED);
	desk_tick();
	desk_move(1);
	desk_tick();
	int64_t third = say("anna", 0);
	desk_move(1);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	assert_int_equal(desk.sendings[1].id, second);
	finish(second, CHANNEL_ACCEPTED);
	desk_tick();
	desk_move(2);
	desk_tick();
	assert_int_equal(desk.n_sendings, 3);
	assert_int_equal(desk.sendings[2].id, third);
}

/* The app wakes when the next may start, and for nothing before. */
static void app_claim__many_wait__all_are_sent_without_haste(void **state)
{
	(void)state;
	enum { MANY = 40 };
	desk.answers_at_once = true;
	for (int i = 0; i < MANY; i++)
		(void)say("anna", MANY - i);
	(void)say("boris", 0);
	const int64_t since = desk.now.wall_s;
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
	while (desk.n_sendings < MANY + 1) {
		const size_t before = desk.n_sendings;
		assert_true(app_next_wake_utc(desk.app) > desk.now.wall_s);
		desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
		desk_tick();
		assert_true(desk.n_sendings <= before + 1);
	}
	assert_int_equal(desk_count("sent"), MANY + 1);
	assert_true(desk.now.wall_s - since >= MANY - 1 && desk.now.wall_s - since <= 2 * MANY);
}

/* Passes that are a second apart, and room for one message: who was due first is not hidden behind who came last. */
static void app_claim__little_room__reaches_the_first(void **state)
{
	(void)state;
	desk.room = 1;
	desk.answers_at_once = true;
	int64_t first = say("anna", 90);
	for (int i = 0; i < 6; i++)
		(void)say("anna", 60 - i);
	for (int i = 0; i < 4; i++) {
		OK(desk_try());
		desk_move(1);
	}
	assert_true(desk.n_sendings >= 1);
	assert_int_equal(desk.sendings[0].id, first);
	for (int i = 0; i < 60; i++) {
		OK(desk_try());
		desk_move(1);
	}
	assert_int_equal(desk_count("sent"), 7);
	for (size_t i = 1; i < desk.n_sendings; i++)
		assert_true(desk.sendings[i].id > desk.sendings[i - 1].id);
}

/* One address may be several people's, as that of a group. */
static void app_claim__shared_address__is_one_reader(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE address SET address = 'desk@example.org'");
	(void)say("anna", 1);
	(void)say("boris", 1);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	finish(desk.sendings[0].id, CHANNEL_ACCEPTED);
	desk_tick();
	desk_move(1);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
}

static void app_reload__message_under_way__its_reader_still_waits(void **state)
{
	(void)state;
	int64_t first = say("anna", 9);
	desk_tick();
	app_reload(desk.app, desk_setup(slower), desk.now);
	(void)say("anna", 1);
	desk_tick();
	desk_move(61);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	finish(first, CHANNEL_ACCEPTED);
	desk_tick();
	desk_move(59);
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
	desk_move(2);
	desk_tick();
	assert_int_equal(desk.n_sendings, 2);
}

/* What a pass took and could not record was not started. */
static void app_tick__pass_that_fails__holds_nobody(void **state)
{
	(void)state;
	(void)say("anna", 1);
	office_run(&desk.office, "CREATE TRIGGER no BEFORE INSERT ON attempt BEGIN SELECT raise(ABORT, 'no'); END");
	assert_true(desk_try() < 0);
	assert_int_equal(desk.n_sendings, 0);
	office_run(&desk.office, "DROP TRIGGER no");
	desk_tick();
	assert_int_equal(desk.n_sendings, 1);
}

/* A crash forgets what was under way; it must not hold its reader for ever. */
static void app_start__after_a_crash__all_are_sent(void **state)
{
	(void)state;
	(void)say("anna", 9);
	(void)say("anna", 5);
	desk_tick();
	desk_crash(config);
	desk.answers_at_once = true;
	for (int i = 0; i < 600; i++) {
		desk_tick();
		desk_move(1);
	}
	assert_int_equal(desk_count("sent"), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(app_claim__several_for_one_reader__go_one_by_one_in_order),
		TEST(app_claim__another_waits_behind_it__postpones_only_that),
		TEST(app_claim__one_comes_while_others_wait__overtakes_nobody),
		TEST(app_claim__many_wait__all_are_sent_without_haste),
		TEST(app_claim__little_room__reaches_the_first),
		TEST(app_claim__shared_address__is_one_reader),
		TEST(app_reload__message_under_way__its_reader_still_waits),
		TEST(app_tick__pass_that_fails__holds_nobody),
		TEST(app_start__after_a_crash__all_are_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
