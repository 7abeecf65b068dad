#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "desk.h"
#include "store/store_channel.h"

/* What people write on a messenger is applied with the place to read on from, answered after that is committed, and what
 * they see there follows their tasks. */

static int64_t visit, fair;

static const char config[] = "operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0d 1d before start at 09:00\n";

static int64_t add_task(const char *uid, const char *people)
{
	return office_add_task(&desk.office, &(struct office_task){.uid = uid,
								   .start = "2025-06-15",
								   .zone = "Europe/Moscow",
								   .people = people,
								   .planned_until = desk.now.wall_s});
}

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	app_free(desk.app);
	desk.is_two_way = true;
	desk_start(config);
	office_add_person(&desk.office, "anna", "Europe/Moscow", "telegram");
	office_add_person(&desk.office, "boris", "Europe/Moscow", "telegram");
	office_add_person(&desk.office, "op", "Europe/Moscow", "email");
	office_run(&desk.office, "UPDATE address SET address = '101' WHERE person = 'anna';"
				 "UPDATE address SET address = '102' WHERE person = 'boris'");
	visit = add_task("visit", "anna boris");
	fair = add_task("fair", "boris");
	desk_tick();
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static struct channel_result failing(int code, int64_t retry_after_s)
{
	struct channel_result result;
	channel_result_set(&result, retry_after_s > 0 ? CHANNEL_THROTTLED : CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL,
			   code, "it failed");
	result.retry_after_s = retry_after_s;
	return result;
}

static void fail_listening(int code, int64_t retry_after_s)
{
	const struct channel_result failure = failing(code, retry_after_s);
	channel_updates_cb cb = desk.listening.cb;
	assert_non_null(cb);
	desk.listening.cb = NULL;
	cb(desk.listening.arg, NULL, &failure);
	desk_tick();
}

static const struct desk_sending *last(void)
{
	assert_true(desk.n_sendings > 0);
	return &desk.sendings[desk.n_sendings - 1];
}

/* The day before: everybody gets the reminders of their tasks; all are accepted. */
static void remind(void)
{
	desk_move_to("2025-06-14T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, 3);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
}

static void press(const char *sender, const char *verb, int64_t task, const char *next)
{
	char *data = mem_printf("%s %lld 2025-06-15", verb, (long long)task);
	desk_hear(CHANNEL_UPDATE_BUTTON, sender, sender, data, "cb-1", next);
	free(data);
	desk_tick();
}

static const char *next_in_file(void)
{
	return office_text(&desk.office, "SELECT coalesce(updates_next, '') FROM channel WHERE name = 'telegram'");
}

/* ---- listening ---- */

static void listen__start__asks_from_the_start_and_goes_on_behind_what_was_applied(void **state)
{
	(void)state;
	assert_non_null(desk.listening.cb);
	assert_string_equal(desk.listening.next, "");
	desk_hear(CHANNEL_UPDATE_TEXT, "999", "999", "hello", NULL, "8");
	assert_null(desk.listening.cb); /* not before it is applied */
	desk_tick();
	assert_string_equal(next_in_file(), "8");
	assert_string_equal(desk.listening.next, "8");
	assert_int_equal(desk.n_sendings, 0); /* strangers get nothing */
	desk_crash(config);
	desk_tick();
	assert_string_equal(desk.listening.next, "8");
}

/* What waits behind a slow server must not leave after the button was pressed. */
static void listen__done__recalls_what_has_not_begun(void **state)
{
	(void)state;
	desk.recalls = true;
	desk_move_to("2025-06-14T06:00");
	desk_tick();
	assert_int_equal(desk.n_flying, 3);
	press("101", "d", visit, "9");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message WHERE state = 'sending'"), 1);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message WHERE state = 'cancelled'"), 2);
}

static void listen__nothing_new__asks_again_at_once(void **state)
{
	(void)state;
	unsigned before = desk.listening.n;
	desk_hear(CHANNEL_UPDATE_TEXT, "999", "999", "hello", NULL, NULL);
	desk_tick();
	assert_int_equal(desk.listening.n, before + 1);
	assert_string_equal(desk.listening.next, "");
}

static void hear_nothing(void)
{
	struct channel_updates updates = {0};
	channel_updates_cb cb = desk.listening.cb;
	desk.listening.cb = NULL;
	cb(desk.listening.arg, &updates, NULL);
	desk_tick();
}

static void listen__service_that_holds_no_call__is_asked_once_a_second(void **state)
{
	(void)state;
	hear_nothing();
	assert_null(desk.listening.cb);
	assert_int_equal(app_next_wake_utc(desk.app), desk.now.wall_s + 1);
	desk_move(1);
	desk_tick();
	assert_non_null(desk.listening.cb);
	desk_move(50);
	hear_nothing();
	assert_non_null(desk.listening.cb); /* it was held: at once */
}

static void listen__died_before_the_commit__hears_it_again_and_does_it_once(void **state)
{
	(void)state;
	remind();
	char *data = mem_printf("d %lld 2025-06-15", (long long)visit);
	desk_hear(CHANNEL_UPDATE_BUTTON, "101", "101", data, "cb-1", "8");
	desk_crash(config);
	desk_tick();
	assert_string_equal(desk.listening.next, "");
	desk_hear(CHANNEL_UPDATE_BUTTON, "101", "101", data, "cb-1", "8");
	desk_tick();
	free(data);
	assert_string_equal(next_in_file(), "8");
	assert_string_equal(office_text(&desk.office, "SELECT status FROM task WHERE uid = 'visit'"), "done");
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM ledger WHERE action = 'done'"), 1);
}

static void listen__pass_cannot_be_committed__is_applied_and_answered_by_a_later_one(void **state)
{
	(void)state;
	remind();
	size_t before = desk.n_sendings;
	char *data = mem_printf("d %lld 2025-06-15", (long long)visit);
	office_run(&desk.office, "BEGIN IMMEDIATE");
	desk_hear(CHANNEL_UPDATE_BUTTON, "101", "101", data, "cb-1", "8");
	free(data);
	assert_int_equal(desk_try(), -EBUSY);
	assert_int_equal(desk.n_sendings, before);
	assert_null(desk.listening.cb);
	office_run(&desk.office, "ROLLBACK");
	desk_move(2);
	desk_tick();
	assert_string_equal(next_in_file(), "8");
	assert_true(desk.n_sendings > before);
	assert_string_equal(desk.sendings[before].answer_id, "cb-1");
}

static void listen__place_cannot_be_read__is_tried_again_in_a_minute(void **state)
{
	(void)state;
	desk_crash(config);
	office_run(&desk.office, "ALTER TABLE heard RENAME TO gone;"
				 "CREATE VIEW heard AS SELECT 'telegram' AS channel, '' AS hash, '' AS kind, NULL AS"
				 " person, 0 AS is_over FROM meta WHERE abs(-9223372036854775807 - 1) > 0");
	desk_tick();
	assert_null(desk.listening.cb);
	assert_int_equal(app_next_wake_utc(desk.app), desk.now.wall_s + 60);
	office_run(&desk.office, "DROP VIEW heard; ALTER TABLE gone RENAME TO heard");
	desk_move(60);
	desk_tick();
	assert_non_null(desk.listening.cb);
}

static void listen__call_fails__is_repeated_ever_later(void **state)
{
	(void)state;
	int64_t pause = 0;
	for (int i = 0; i < 8; i++) {
		fail_listening(500, 0);
		assert_null(desk.listening.cb);
		int64_t next = app_next_wake_utc(desk.app) - desk.now.wall_s;
		assert_true(next > 0 && next >= pause && next <= 60);
		pause = next;
		desk_move(next);
		desk_tick();
		assert_non_null(desk.listening.cb);
	}
	assert_int_equal(pause, 60);
	desk_hear(CHANNEL_UPDATE_TEXT, "999", "999", "hello", NULL, "8");
	desk_tick();
	fail_listening(500, 0);
	assert_true(app_next_wake_utc(desk.app) - desk.now.wall_s <= 2);
}

static void listen__service_asks_to_wait__waits_that_long(void **state)
{
	(void)state;
	fail_listening(429, 300);
	desk_move(299);
	desk_tick();
	assert_null(desk.listening.cb);
	desk_move(2);
	desk_tick();
	assert_non_null(desk.listening.cb);
}

static int64_t told(void)
{
	return office_number(&desk.office, "SELECT count(*) FROM message WHERE kind = 'notice' AND person = 'op'");
}

static void listen__somebody_else_listens__tells_the_operator_once_a_day(void **state)
{
	(void)state;
	for (int day = 1; day <= 2; day++) {
		for (int i = 0; i < 3; i++) {
			fail_listening(409, 0);
			assert_int_equal(told(), day);
			desk_move(60);
			desk_tick();
		}
		desk_move(86400);
		desk_tick();
	}
	assert_string_equal(office_text(&desk.office, "SELECT substr(text, 1, 32) FROM notice LIMIT 1"),
			    "channel telegram is not heard: a");
}

static void listen__nobody_else_listens_any_more__is_not_told_the_next_day(void **state)
{
	(void)state;
	fail_listening(409, 0);
	desk_move(60);
	desk_tick();
	for (int day = 0; day < 3; day++) {
		desk_hear(CHANNEL_UPDATE_TEXT, "999", "999", "hello", NULL, "8");
		desk_move(86400);
		desk_tick();
	}
	assert_int_equal(told(), 1);
}

static void listen__fails_for_long__tells_the_operator(void **state)
{
	(void)state;
	for (int i = 0; i < 15; i++) {
		fail_listening(401, 0);
		assert_int_equal(told(), 0);
		desk_move(60);
		desk_tick();
	}
	fail_listening(401, 0);
	assert_int_equal(told(), 1);
}

/* What status says of it. */
static const char *unheard(void)
{
	static char text[100];
	struct store_channel known;
	OK(store_channel_load(desk.office.store, "telegram", &known, ERR));
	int64_t since_s = known.unheard_since_utc != 0 ? desk.now.wall_s - known.unheard_since_utc : -1;
	(void)snprintf(text, sizeof(text), "%lld %s", (long long)since_s, known.unheard_reason);
	store_channel_done(&known);
	return text;
}

static void listen__fails_for_minutes__is_known_until_it_is_heard_again(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		fail_listening(401, 0);
		assert_string_equal(unheard(), "-1 ");
		desk_move(60);
		desk_tick();
	}
	fail_listening(401, 0);
	assert_string_equal(unheard(), "300 401 it failed");
	desk_move(60);
	desk_tick();
	fail_listening(401, 0);
	assert_string_equal(unheard(), "360 401 it failed");
	desk_move(60);
	desk_tick();
	hear_nothing();
	assert_string_equal(unheard(), "-1 ");
}

static void listen__clock_is_set_back_after_a_failure__asks_again_soon(void **state)
{
	(void)state;
	fail_listening(429, 300);
	desk_move(-7200);
	desk_tick();
	desk_move(60);
	desk_tick();
	assert_non_null(desk.listening.cb);
}

/* Rows that somebody wrote by hand. */
static void listen__tasks_that_make_no_sense__do_not_stop_the_passes(void **state)
{
	static const char *const broken[] = {
		"UPDATE task SET zone = 'Nowhere' WHERE uid = 'visit'",
		"UPDATE task SET rrule = 'FREQ=NEVER' WHERE uid = 'visit'",
		"UPDATE task SET rrule = 'FREQ=DAILY', zone = 'Nowhere' WHERE uid = 'visit'",
		"UPDATE task SET end_local = '2025-99-99' WHERE uid = 'visit'",
		"UPDATE task SET start_local = '2025-06-15T25:61', end_local = '2025-06-15T25:61' WHERE uid = 'visit'",
		"UPDATE task SET rrule = 'FREQ=DAILY' WHERE uid = 'visit';"
		"INSERT INTO occurrence (task, date, status, start_local, end_local, precision)"
		" SELECT id, '2025-06-15', 'open', 'x', 'y', 'day' FROM task WHERE uid = 'visit'",
		"UPDATE task SET rdate = '2025-06-15 x' WHERE uid = 'visit'",
		"UPDATE person SET zone = 'Nowhere', language = 'xx', work = 'never', quiet = 'always'",
		"UPDATE person SET calendar = 'Nowhere'",
	};
	static const char mended[] =
		"DELETE FROM occurrence; UPDATE task SET zone = 'Europe/Moscow', rrule = '', rdate = '',"
		" start_local = '2025-06-15', end_local = '2025-06-15', status = 'open';"
		"DELETE FROM answered; UPDATE person SET zone = 'Europe/Moscow'";
	static const char *const verbs[] = {"a", "t", "w", "s", "n", "d"};
	static const char *const texts[] = {"/today", "/week", "/task visit", "/task 1", "/help", "15 June"};
	(void)state;
	remind();
	desk.answers_at_once = true;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		print_message("%s\n", broken[i]);
		office_run(&desk.office, "%s", mended);
		office_run(&desk.office, "%s", broken[i]);
		desk_tick();
		for (size_t j = 0; j < sizeof(verbs) / sizeof(verbs[0]); j++)
			press("101", verbs[j], visit, NULL);
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			desk_move(60);
			desk_tick();
			desk_hear(CHANNEL_UPDATE_TEXT, "101", "101", texts[j], NULL, NULL);
			desk_tick();
		}
		assert_non_null(desk.listening.cb);
	}
}

static void listen__reload__goes_on_with_the_new_channel(void **state)
{
	(void)state;
	desk_hear(CHANNEL_UPDATE_TEXT, "999", "999", "hello", NULL, "8");
	desk_tick();
	app_reload(desk.app, desk_setup(config), desk.now);
	desk_tick();
	assert_non_null(desk.listening.cb);
	assert_string_equal(desk.listening.next, "8");
	desk_hear(CHANNEL_UPDATE_TEXT, "999", "999", "hello", NULL, "9");
	desk_tick();
	assert_string_equal(next_in_file(), "9");
}

static void listen__stopping__asks_no_more(void **state)
{
	(void)state;
	app_stop(desk.app);
	desk_tick();
	assert_null(desk.listening.cb);
	assert_true(app_is_idle(desk.app));
}

/* ---- buttons ---- */

static void buttons__reminder_of_one_task__carries_them(void **state)
{
	(void)state;
	remind();
	char *data = mem_printf("=d %lld 2025-06-15|", (long long)visit);
	for (size_t i = 0; i < 3; i++)
		if (strcmp(desk.sendings[i].to_address, "101") == 0)
			assert_non_null(strstr(desk.sendings[i].buttons, data));
	free(data);
}

static void buttons__channel_that_does_not_listen__has_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < app_setup(desk.app)->n_channels; i++)
		assert_true(strcmp(app_setup(desk.app)->channels[i]->name, "telegram") != 0 ||
			    app_setup(desk.app)->channels[i]->has_buttons);
	struct setup *deaf = desk_setup(config);
	for (size_t i = 0; i < deaf->n_channels; i++)
		deaf->channels[i]->listens = false;
	app_reload(desk.app, deaf, desk.now);
	remind();
	for (size_t i = 0; i < desk.n_sendings; i++)
		assert_string_equal(desk.sendings[i].buttons, "");
}

static void buttons__done__is_answered_after_the_commit_and_shown_to_everybody(void **state)
{
	(void)state;
	remind();
	size_t before = desk.n_sendings;
	press("101", "d", visit, "8");
	assert_int_equal(desk.n_sendings, before + 3);
	assert_int_equal(desk.sendings[before].act, CHANNEL_ANSWER);
	assert_string_equal(desk.sendings[before].answer_id, "cb-1");
	assert_string_equal(desk.sendings[before].to_address, "101");
	assert_true(strlen(desk.sendings[before].text) > 0);
	for (size_t i = before + 1; i < before + 3; i++) { /* Anna's and Boris's */
		assert_int_equal(desk.sendings[i].act, CHANNEL_EDIT);
		assert_true(desk.sendings[i].remote_id[0] == 'r');
		assert_string_equal(desk.sendings[i].buttons, "");
		assert_memory_equal(desk.sendings[i].subject, "Done: ", strlen("Done: "));
		assert_non_null(strstr(desk.sendings[i].subject, "visit"));
	}
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 3);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM shown WHERE stale > 0"), 0);
}

static void buttons__channel_is_full__answers_come_before_new_messages(void **state)
{
	(void)state;
	remind();
	size_t before = desk.n_sendings;
	desk.room = 1;
	(void)add_task("third", "boris");
	press("101", "d", fair, "8"); /* not hers */
	assert_int_equal(desk.n_sendings, before + 1);
	assert_int_equal(last()->act, CHANNEL_ANSWER);
	desk_move_to("2025-06-15T06:00");
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 1); /* it is under way */
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	desk_move(60);
	desk_tick();
	assert_int_equal(last()->act, CHANNEL_SEND);
}

static void hear_presses(size_t n)
{
	struct channel_updates updates = {.items = mem_zero(n, sizeof(struct channel_update)), .n = n};
	channel_updates_cb cb = desk.listening.cb;
	for (size_t i = 0; i < n; i++)
		updates.items[i] = (struct channel_update){.kind = CHANNEL_UPDATE_BUTTON,
							   .sender = mem_dup("101"),
							   .chat = mem_dup("101"),
							   .text = mem_printf("d %lld 2025-06-15", (long long)fair),
							   .answer_id = mem_printf("cb-%zu", i)};
	updates.next = mem_dup("8");
	desk.listening.cb = NULL;
	cb(desk.listening.arg, &updates, NULL);
	desk_tick();
}

static void buttons__many_are_pressed__each_is_answered_once_in_their_order(void **state)
{
	enum { PRESSES = 5 };
	(void)state;
	remind();
	size_t before = desk.n_sendings;
	desk.room = 2;
	hear_presses(PRESSES);
	for (int i = 0; i < PRESSES; i++) {
		desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
		desk_tick();
	}
	assert_int_equal(desk.n_sendings, before + PRESSES);
	for (size_t i = 0; i < PRESSES; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "cb-%zu", i);
		assert_string_equal(desk.sendings[before + i].answer_id, id);
	}
}

/* Channels abort when they are handed more than they have room for. */
static void buttons__pressed_when_much_is_due__no_more_starts_than_there_is_room(void **state)
{
	(void)state;
	remind();
	desk.room = 1;
	(void)add_task("third", "boris");
	desk_move_to("2025-06-15T06:00");
	hear_presses(1);
	assert_int_equal(desk.n_flying, 1);
	assert_int_equal(last()->act, CHANNEL_ANSWER);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_true(desk.n_wakes > 0); /* a message waits for that room */
	desk_tick();
	assert_int_equal(last()->act, CHANNEL_SEND);
	press("102", "d", fair, "9"); /* his: an answer, and an edit */
	assert_int_equal(desk.n_flying, 1);
	for (int i = 0; i < 8; i++) {
		desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
		desk_tick();
		assert_true(desk.n_flying <= 1);
	}
	assert_int_equal(desk.n_flying, 0);
}

static void buttons__reload_and_end_while_answers_wait__end_them(void **state)
{
	(void)state;
	remind();
	desk.room = 1;
	hear_presses(3);
	app_reload(desk.app, desk_setup(config), desk.now);
	desk_tick();
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk.n_channels, 2); /* the old ones are gone */
	hear_presses(3);
	app_stop(desk.app);
	desk_tick();
	desk_answer(CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	desk_tick();
	assert_true(app_is_idle(desk.app));
}

static void buttons__pressed_faster_than_answers_leave__no_more_is_asked_for(void **state)
{
	(void)state;
	remind();
	desk.room = 1;
	press("101", "d", fair, "8"); /* not hers: nothing but an answer */
	assert_non_null(desk.listening.cb);
	press("101", "d", fair, "9");
	assert_null(desk.listening.cb);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_non_null(desk.listening.cb);
}

/* ---- what is shown ---- */

static void shown__task_is_done_elsewhere__is_edited(void **state)
{
	(void)state;
	remind();
	size_t before = desk.n_sendings;
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid = 'fair'");
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 1);
	assert_int_equal(last()->act, CHANNEL_EDIT);
	assert_string_equal(last()->to_address, "102");
	assert_string_equal(last()->buttons, "");
}

/* What waited for the night to end came as one message about two tasks. */
static void shown__tasks_of_one_message_end__leaves_the_other_until_it_ends(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE person SET quiet = '08:00-10:00' WHERE id = 'boris'");
	desk_move_to("2025-06-14T06:00");
	desk_tick();
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_move_to("2025-06-14T07:01");
	desk_tick();
	assert_string_equal(last()->to_address, "102");
	assert_non_null(strstr(last()->text, "visit"));
	assert_non_null(strstr(last()->text, "fair"));
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid = 'fair'");
	desk_tick();
	assert_int_equal(last()->act, CHANNEL_EDIT);
	assert_non_null(strstr(last()->text, "visit"));
	assert_null(strstr(last()->text, "fair"));
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid = 'visit'");
	desk_tick();
	assert_string_equal(last()->to_address, "102");
	assert_memory_equal(last()->subject, "Done: ", strlen("Done: "));
	assert_string_equal(last()->buttons, "");
}

static void shown__task_moves__shows_the_new_date_and_its_buttons(void **state)
{
	(void)state;
	remind();
	size_t before = desk.n_sendings;
	office_run(&desk.office,
		   "UPDATE task SET start_local = '2025-07-20', end_local = '2025-07-20' WHERE uid = 'fair'");
	desk_tick();
	assert_true(desk.n_sendings > before);
	const struct desk_sending *edit = NULL;
	for (size_t i = before; i < desk.n_sendings; i++)
		if (desk.sendings[i].act == CHANNEL_EDIT)
			edit = &desk.sendings[i];
	assert_non_null(edit);
	assert_non_null(strstr(edit->text, "July 20"));
	assert_non_null(strstr(edit->buttons, "2025-07-20"));
}

static void shown__edit_fails_for_now__is_tried_again_and_then_over(void **state)
{
	(void)state;
	remind();
	size_t before = desk.n_sendings;
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid = 'fair'");
	desk_tick();
	desk_answer(CHANNEL_UNKNOWN, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 1);
	desk_move(60);
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 2);
	assert_string_equal(last()->remote_id, desk.sendings[before].remote_id);
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	desk_move(3600);
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 2);
}

static void shown__process_dies_while_it_edits__edits_again(void **state)
{
	(void)state;
	remind();
	size_t before = desk.n_sendings;
	office_run(&desk.office, "UPDATE task SET status = 'done' WHERE uid = 'fair'");
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 1);
	desk_crash(config);
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 2);
	assert_int_equal(last()->act, CHANNEL_EDIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(listen__start__asks_from_the_start_and_goes_on_behind_what_was_applied),
		TEST(listen__done__recalls_what_has_not_begun),
		TEST(listen__nothing_new__asks_again_at_once),
		TEST(listen__service_that_holds_no_call__is_asked_once_a_second),
		TEST(listen__died_before_the_commit__hears_it_again_and_does_it_once),
		TEST(listen__pass_cannot_be_committed__is_applied_and_answered_by_a_later_one),
		TEST(listen__place_cannot_be_read__is_tried_again_in_a_minute),
		TEST(listen__call_fails__is_repeated_ever_later),
		TEST(listen__service_asks_to_wait__waits_that_long),
		TEST(listen__somebody_else_listens__tells_the_operator_once_a_day),
		TEST(listen__nobody_else_listens_any_more__is_not_told_the_next_day),
		TEST(listen__fails_for_long__tells_the_operator),
		TEST(listen__fails_for_minutes__is_known_until_it_is_heard_again),
		TEST(listen__clock_is_set_back_after_a_failure__asks_again_soon),
		TEST(listen__tasks_that_make_no_sense__do_not_stop_the_passes),
		TEST(listen__reload__goes_on_with_the_new_channel),
		TEST(listen__stopping__asks_no_more),
		TEST(buttons__reminder_of_one_task__carries_them),
		TEST(buttons__channel_that_does_not_listen__has_none),
		TEST(buttons__done__is_answered_after_the_commit_and_shown_to_everybody),
		TEST(buttons__channel_is_full__answers_come_before_new_messages),
		TEST(buttons__many_are_pressed__each_is_answered_once_in_their_order),
		TEST(buttons__pressed_when_much_is_due__no_more_starts_than_there_is_room),
		TEST(buttons__reload_and_end_while_answers_wait__end_them),
		TEST(buttons__pressed_faster_than_answers_leave__no_more_is_asked_for),
		TEST(shown__task_is_done_elsewhere__is_edited),
		TEST(shown__tasks_of_one_message_end__leaves_the_other_until_it_ends),
		TEST(shown__task_moves__shows_the_new_date_and_its_buttons),
		TEST(shown__edit_fails_for_now__is_tried_again_and_then_over),
		TEST(shown__process_dies_while_it_edits__edits_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
