#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "desk.h"
#include "remind/suspend.h"
#include "store/store_suspension.h"

/* Of several channels, the first that works. */

#define CHANNELS                                                                                                       \
	"[channel email]\ntype = maildir\npath = mail\n[channel telegram]\ntype = maildir\npath = mail\n"              \
	"[channel sms]\ntype = maildir\npath = mail\n"
#define STEPS "[policy default]\nremind = 0d 1d 2d 3d 4d 5d before start at 09:00\n"

static const char config[] =
	CHANNELS STEPS "channels = first that works: telegram, email, sms, next after 30m\n"
		       "[policy slow]\nremind = 5d before start at 09:00\n"
		       "channels = first that works: telegram, email, next after 2h\n"
		       "[policy plain]\nremind = 0d 1d 2d 3d 4d 5d before start at 09:00\nchannels = telegram\n";

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email telegram");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = desk.now.wall_s});
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

/* "telegram=sent email=pending": what there is of messages, oldest first. */
static const char *messages(void)
{
	return office_text(&desk.office, "SELECT group_concat(channel || '=' || state, ' ') FROM"
					 " (SELECT channel, state FROM message WHERE kind <> 'notice' ORDER BY id)");
}

/* What is in flight on a channel gets this answer. */
static void answer(const char *channel, enum channel_verdict verdict, enum channel_blame blame)
{
	struct channel_result result = desk_result(verdict, blame);
	for (size_t i = desk.n_flying; i-- > 0;)
		if (strcmp(desk.flying[i].channel->name, channel) == 0)
			desk_finish(i, &result);
	desk_tick();
}

static void reminded(void)
{
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_string_equal(messages(), "telegram=sending");
}

static void turn__accepted__stays_on_the_first(void **state)
{
	(void)state;
	reminded();
	answer("telegram", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_move(7200);
	desk_tick();
	assert_string_equal(messages(), "telegram=sent");
	assert_int_equal(desk.n_sendings, 1);
}

static void turn__refused_for_good__goes_on_at_once(void **state)
{
	(void)state;
	reminded();
	answer("telegram", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	assert_string_equal(messages(), "telegram=dead email=sending");
	answer("email", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_string_equal(messages(), "telegram=dead email=sent");
}

static void turn__urgent_and_refused_while_the_reader_rests__goes_on_at_once_all_the_same(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE task SET priority = 'urgent'; UPDATE person SET quiet = '00:00-23:00'");
	reminded();
	answer("telegram", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	assert_string_equal(messages(), "telegram=dead email=sending");
}

/* A message stays in its task's thread, however many of its steps are in it; one about two tasks is in none. */
static void turn__two_steps__stay_in_the_thread_of_their_task(void **state)
{
	static const char *const tasks[] = {"1", "2"}, *const threads[] = {"1", ""};
	for (size_t i = 0; i < 2; i++) {
		(void)office_add_task(&desk.office, &(struct office_task){.uid = "other", .start = "2025-09-15"});
		int64_t root = office_add_message(&desk.office, 1, "anna", "email", "earlier", desk.now.wall_s);
		assert_int_equal(root, 1);
		office_run(&desk.office, "UPDATE message SET state = 'sent'");
		desk_move_to("2025-06-10T06:00");
		desk_tick();
		office_run(&desk.office,
			   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message) SELECT %s,"
			   " occurrence, 'other step', person, channel, due_utc, message FROM reminder"
			   " WHERE channel = 'telegram'",
			   tasks[i]);
		answer("telegram", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
		assert_string_equal(office_text(&desk.office,
						"SELECT coalesce(thread, '') FROM message"
						" WHERE channel = 'email' AND id > 1 ORDER BY id LIMIT 1"),
				    threads[i]);
		(void)close_desk(state);
		(void)open_desk(state);
	}
}

static void turn__all_refuse__ends_with_the_last(void **state)
{
	(void)state;
	reminded();
	answer("telegram", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	answer("email", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	desk_move(7200);
	office_run(&desk.office, "UPDATE task SET planned_until = planned_until - 86400, next_due_utc = NULL");
	desk_tick();
	assert_string_equal(messages(), "telegram=dead email=dead"); /* anna has no sms */
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM reminder WHERE channel = ''"), 0);
}

/* The server is down for hours: the message is not. */
static void turn__channel_fails__goes_on_after_the_span(void **state)
{
	(void)state;
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	assert_string_equal(messages(), "telegram=pending");
	assert_true(app_next_wake_utc(desk.app) <= utc("2025-06-10T06:30"));
	while (desk.now.wall_s < utc("2025-06-10T06:30")) {
		int64_t wake = app_next_wake_utc(desk.app);
		assert_string_equal(messages(), "telegram=pending");
		desk_move_to("2025-06-10T06:30");
		desk.now.wall_s = wake < desk.now.wall_s ? wake : desk.now.wall_s;
		desk_tick();
		answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	}
	assert_string_equal(messages(), "telegram=cancelled email=sending");
	assert_string_equal(office_text(&desk.office, "SELECT reason FROM message WHERE channel = 'telegram'"),
			    "sent by email instead");
	assert_string_equal(office_text(&desk.office,
					"SELECT group_concat(channel || coalesce(': ' || dropped, ''), '; ')"
					" FROM (SELECT channel, dropped FROM reminder ORDER BY channel)"),
			    "email; telegram: sent by email instead");
}

static void turn__throttled_for_hours__goes_on_after_the_span(void **state)
{
	(void)state;
	struct channel_result result = desk_result(CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	result.retry_after_s = 6 * 3600;
	reminded();
	desk_finish(0, &result);
	desk_tick();
	assert_int_equal(app_next_wake_utc(desk.app), utc("2025-06-10T06:30"));
	desk_move_to("2025-06-10T06:30");
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__in_flight_when_the_span_ends__waits_for_the_answer(void **state)
{
	(void)state;
	reminded();
	desk_move_to("2025-06-10T06:30");
	desk_tick();
	desk_move(60);
	desk_tick();
	assert_string_equal(messages(), "telegram=sending");
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__in_flight_and_accepted_late__stays(void **state)
{
	(void)state;
	reminded();
	desk_move_to("2025-06-10T06:31");
	desk_tick();
	answer("telegram", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_move(7200);
	desk_tick();
	assert_string_equal(messages(), "telegram=sent");
}

static void turn__first_is_suspended__begins_with_the_second(void **state)
{
	(void)state;
	bool is_new = false;
	OK(store_suspension_begin(desk.office.store, "anna", "telegram", "bot was blocked", 0, &is_new, ERR));
	assert_true(is_new);
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_string_equal(messages(), "email=sending");
}

static void turn__suspended_while_it_waits__goes_on_at_once(void **state)
{
	(void)state;
	bool is_new = false;
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	OK(store_suspension_begin(desk.office.store, "anna", "telegram", "bot was blocked", 0, &is_new, ERR));
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__suspended_while_in_flight__goes_on_when_it_comes_back(void **state)
{
	(void)state;
	bool is_new = false;
	reminded();
	OK(store_suspension_begin(desk.office.store, "anna", "telegram", "bot was blocked", 0, &is_new, ERR));
	desk_tick();
	assert_string_equal(messages(), "telegram=sending");
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__address_taken_away__goes_on_at_once(void **state)
{
	(void)state;
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	office_run(&desk.office, "DELETE FROM address WHERE person = 'anna' AND channel = 'telegram'");
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__last_address_suspended__comes_back_with_any(void **state)
{
	(void)state;
	bool is_new = false;
	office_run(&desk.office, "DELETE FROM address WHERE person = 'anna' AND channel = 'email'");
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	OK(store_suspension_begin(desk.office.store, "anna", "telegram", "bot was blocked", 0, &is_new, ERR));
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled");
	assert_string_equal(office_text(&desk.office, "SELECT group_concat(channel || ': ' || dropped, '; ')"
						      " FROM (SELECT channel, dropped FROM reminder ORDER BY channel)"),
			    ": address suspended; telegram: address suspended");
	office_run(&desk.office, "INSERT INTO address VALUES ('anna', 'sms', '+7')");
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled sms=sending");
}

static void turn__no_other_address__stays_and_is_sent_late(void **state)
{
	(void)state;
	office_run(&desk.office, "DELETE FROM address WHERE person = 'anna' AND channel = 'email'");
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	for (int i = 0; i < 8 && desk.n_flying == 0; i++) {
		desk_move_to("2025-06-10T09:00");
		desk.now.wall_s = app_next_wake_utc(desk.app);
		desk_tick();
	}
	answer("telegram", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	assert_string_equal(messages(), "telegram=sent");
}

static void turn__two_spans__no_other_address__is_looked_at_again_after_the_shorter(void **state)
{
	(void)state;
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "u",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .policy = "slow",
								  .people = "anna",
								  .planned_until = desk.now.wall_s});
	office_run(&desk.office, "DELETE FROM address WHERE person = 'anna' AND channel = 'email';"
				 "UPDATE person SET quiet = '08:00-10:00' WHERE id = 'anna'");
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	desk_move_to("2025-06-10T07:00");
	desk_tick();
	assert_string_equal(messages(), "telegram=sending");
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	office_run(&desk.office, "UPDATE message SET not_before = not_before + 7200");
	desk_move(1800);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT next_channel_utc FROM message") - desk.now.wall_s, 1800);
}

/* What stays for want of another address goes on when there is one. */
static void turn__other_address_comes_later__goes_on(void **state)
{
	(void)state;
	office_run(&desk.office, "DELETE FROM address WHERE person = 'anna' AND channel = 'email'");
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	for (int minutes = 0; minutes < 120; minutes++) {
		if (minutes == 45) /* the span has ended by now */
			office_run(&desk.office, "INSERT INTO address VALUES ('anna', 'email', 'a@example.org')");
		answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
		desk_move(60);
		desk_tick();
	}
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__channel_taken_out_of_the_order__goes_on_with_the_first(void **state)
{
	(void)state;
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	app_reload(desk.app, desk_setup(CHANNELS STEPS "channels = first that works: email, sms, next after 30m\n"),
		   desk.now);
	for (int minutes = 0; minutes < 40; minutes++) {
		answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
		desk_move(60);
		desk_tick();
	}
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

/* While the daemon was down, no channel had its chance. */
static void turn__daemon_was_down__the_first_is_tried_first(void **state)
{
	(void)state;
	reminded();
	desk_crash(config);
	desk_move(6 * 3600);
	desk_tick();
	assert_string_equal(messages(), "telegram=sending");
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	desk_move(300);
	desk_tick();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL);
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__reader_is_not_to_be_disturbed__waits_on_the_next(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE person SET quiet = '09:15-12:00' WHERE id = 'anna'");
	reminded();
	answer("telegram", CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	office_run(&desk.office, "UPDATE message SET not_before = not_before + 7200");
	desk_move_to("2025-06-10T06:30");
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled email=pending");
	desk_move_to("2025-06-10T09:00");
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

/* A mail changes one date in its reader's calendar. */
static void turn__move_waits_on_the_next__stays_alone(void **state)
{
	(void)state;
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "other",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = desk.now.wall_s});
	office_run(&desk.office, "UPDATE person SET quiet = '09:15-12:00' WHERE id = 'anna'");
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_string_equal(messages(), "telegram=sending telegram=sending");
	office_run(&desk.office, "UPDATE reminder SET step = 'moved 1' WHERE task = 2");
	answer("telegram", CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL);
	office_run(&desk.office, "UPDATE message SET not_before = not_before + 7200");
	desk_move_to("2025-06-10T06:30");
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled telegram=cancelled email=pending email=pending");
}

static void turn__own_choice__goes_before_the_policy(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE person SET channels = 'first that works: email, telegram, next after 5m'");
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_string_equal(messages(), "email=sending");
	answer("email", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	office_run(&desk.office, "UPDATE message SET not_before = not_before + 7200");
	desk_move(300);
	desk_tick();
	assert_string_equal(messages(), "email=cancelled telegram=sending");
}

static void turn__own_choice_of_all__uses_all(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE person SET channels = 'telegram, email'");
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_string_equal(messages(), "email=sending telegram=sending");
}

/* One message, two policies: only what has an order goes on. */
static void turn__merged_with_what_has_no_order__only_its_own_goes_on(void **state)
{
	(void)state;
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "u",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .policy = "plain",
								  .people = "anna",
								  .planned_until = desk.now.wall_s});
	office_run(&desk.office, "UPDATE person SET quiet = '08:00-10:00' WHERE id = 'anna'");
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	assert_string_equal(messages(), "telegram=pending");
	desk_move_to("2025-06-10T07:00");
	desk_tick();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	office_run(&desk.office, "UPDATE message SET not_before = not_before + 7200");
	desk_move(1800);
	desk_tick();
	assert_string_equal(messages(), "telegram=pending email=sending");
	assert_string_equal(office_text(&desk.office,
					"SELECT group_concat(uid || ' ' || channel, '; ') FROM (SELECT t.uid, r.channel"
					" FROM reminder r JOIN task t ON t.id = r.task WHERE r.dropped IS NULL"
					" ORDER BY t.uid)"),
			    "t email; u telegram");
}

static void turn__brake_holds_it__stays(void **state)
{
	(void)state;
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	office_run(&desk.office, "INSERT OR REPLACE INTO brake VALUES ('channel', 'telegram', 0, 0, 0, %lld)",
		   (long long)desk.now.wall_s);
	desk_move(1800);
	desk_tick();
	assert_string_equal(messages(), "telegram=pending");
	office_run(&desk.office, "UPDATE brake SET tripped_utc = NULL");
	office_run(&desk.office, "UPDATE message SET not_before = not_before + 7200");
	desk_move(1800);
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__held_message__goes_on_too(void **state)
{
	(void)state;
	reminded();
	answer("telegram", CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE);
	office_run(&desk.office, "UPDATE message SET state = 'held'");
	desk_move(1800);
	desk_tick();
	assert_string_equal(messages(), "telegram=cancelled email=sending");
}

static void turn__digest__goes_on_like_a_message(void **state)
{
	(void)state;
	office_run(&desk.office, "UPDATE person SET digest = 'daily 08:00' WHERE id = 'anna'");
	desk_move_to("2025-06-09T06:00"); /* when the next one is, is known from here on */
	desk_tick();
	desk_move_to("2025-06-10T05:00");
	desk_tick();
	assert_string_equal(messages(), "telegram=sending");
	answer("telegram", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	assert_string_equal(messages(), "telegram=dead email=sending");
	assert_string_equal(office_text(&desk.office, "SELECT group_concat(kind) FROM message"), "digest,digest");
}

/* Three in a row suspend the address; each of them went on by itself. */
static void turn__three_refusals__suspend_only_that_address(void **state)
{
	(void)state;
	for (int day = 10; day <= 13; day++) {
		char at[32];
		(void)snprintf(at, sizeof(at), "2025-06-%dT06:00", day);
		desk_move_to(at);
		desk_tick();
		answer("telegram", CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
		answer("email", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	}
	assert_string_equal(messages(), "telegram=dead email=sent telegram=dead email=sent telegram=dead email=sent"
					" email=sent");
	assert_string_equal(
		office_text(&desk.office, "SELECT person || channel || reason || since_utc FROM suspension"),
		"annatelegramsaid the fake1749708000");
}

/* A group that became another one: nothing is refused, and nobody is suspended. */
static void turn__address_has_moved__is_followed_at_once(void **state)
{
	(void)state;
	struct channel_result result = desk_result(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	(void)snprintf(result.moved_to, sizeof(result.moved_to), "-100500");
	reminded();
	desk_finish(0, &result);
	desk_tick();
	assert_string_equal(messages(), "telegram=sending");
	assert_string_equal(desk.sendings[1].to_address, "-100500");
	assert_string_equal(desk.sendings[1].message_id, desk.sendings[0].message_id);
	assert_string_equal(office_text(&desk.office, "SELECT through || ' ' || person || ' ' || at_utc FROM ledger"
						      " WHERE action = 'address'"),
			    "telegram anna 1749535200");
	desk_finish(0, &result); /* the same address again is a refusal */
	desk_tick();
	assert_string_equal(messages(), "telegram=dead email=sending");
	assert_int_equal(office_number(&desk.office, "SELECT refusals FROM suspension"), 1);
}

static void turn__address_moves_on_and_on__is_given_up(void **state)
{
	(void)state;
	reminded();
	for (int i = 0; i <= SUSPEND_MOVES_MAX; i++) {
		struct channel_result result = desk_result(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
		(void)snprintf(result.moved_to, sizeof(result.moved_to), "-%d", i);
		assert_string_equal(messages(), "telegram=sending");
		desk_finish(0, &result);
		desk_tick();
	}
	assert_string_equal(messages(), "telegram=dead email=sending");
}

/* The first one, which is used again by now, says nothing that the second one has said. */
static void turn__replanned_when_the_first_is_back__is_not_said_again(void **state)
{
	(void)state;
	bool is_new = false;
	int64_t n = 0;
	OK(store_suspension_begin(desk.office.store, "anna", "telegram", "bot was blocked", 0, &is_new, ERR));
	desk_move_to("2025-06-10T06:00");
	desk_tick();
	answer("email", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	OK(store_suspension_end(desk.office.store, "anna", "telegram", &n, ERR));
	office_run(&desk.office, "UPDATE task SET planned_until = planned_until - 86400, next_due_utc = NULL");
	desk_tick();
	assert_string_equal(messages(), "email=sent");
}

/* Planned anew, a step does not go to another channel than the one that told it. */
static void turn__replanned__is_not_said_again(void **state)
{
	(void)state;
	bool is_new = false;
	reminded();
	answer("telegram", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	OK(store_suspension_begin(desk.office.store, "anna", "telegram", "bot was blocked", 0, &is_new, ERR));
	office_run(&desk.office, "UPDATE task SET planned_until = planned_until - 86400, next_due_utc = NULL");
	desk_tick();
	assert_string_equal(messages(), "telegram=sent");
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
	const struct CMUnitTest tests[] = {
		ROW(turn__accepted__stays_on_the_first),
		ROW(turn__refused_for_good__goes_on_at_once),
		ROW(turn__urgent_and_refused_while_the_reader_rests__goes_on_at_once_all_the_same),
		ROW(turn__two_steps__stay_in_the_thread_of_their_task),
		ROW(turn__all_refuse__ends_with_the_last),
		ROW(turn__channel_fails__goes_on_after_the_span),
		ROW(turn__throttled_for_hours__goes_on_after_the_span),
		ROW(turn__in_flight_when_the_span_ends__waits_for_the_answer),
		ROW(turn__in_flight_and_accepted_late__stays),
		ROW(turn__first_is_suspended__begins_with_the_second),
		ROW(turn__suspended_while_it_waits__goes_on_at_once),
		ROW(turn__suspended_while_in_flight__goes_on_when_it_comes_back),
		ROW(turn__address_taken_away__goes_on_at_once),
		ROW(turn__last_address_suspended__comes_back_with_any),
		ROW(turn__no_other_address__stays_and_is_sent_late),
		ROW(turn__two_spans__no_other_address__is_looked_at_again_after_the_shorter),
		ROW(turn__other_address_comes_later__goes_on),
		ROW(turn__channel_taken_out_of_the_order__goes_on_with_the_first),
		ROW(turn__daemon_was_down__the_first_is_tried_first),
		ROW(turn__reader_is_not_to_be_disturbed__waits_on_the_next),
		ROW(turn__move_waits_on_the_next__stays_alone),
		ROW(turn__own_choice__goes_before_the_policy),
		ROW(turn__own_choice_of_all__uses_all),
		ROW(turn__merged_with_what_has_no_order__only_its_own_goes_on),
		ROW(turn__brake_holds_it__stays),
		ROW(turn__held_message__goes_on_too),
		ROW(turn__digest__goes_on_like_a_message),
		ROW(turn__three_refusals__suspend_only_that_address),
		ROW(turn__address_has_moved__is_followed_at_once),
		ROW(turn__address_moves_on_and_on__is_given_up),
		ROW(turn__replanned__is_not_said_again),
		ROW(turn__replanned_when_the_first_is_back__is_not_said_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
