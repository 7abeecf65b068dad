/* What the app keeps of its channels, and that it audits itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "desk.h"
#include "store/store_audit.h"
#include "store/store_channel.h"
#include "store/store_priv.h"

enum { HOUR = 3600 };

static const char config[] = "[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 0m before start\n";

/* An app with two messages to send, both handed over. */
static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	desk_open(config, "2025-06-01T08:00");
	office_add_person(&desk.office, "anna", "UTC", "email");
	office_add_person(&desk.office, "boris", "UTC", "email");
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-01T09:00",
								  .precision = PERIOD_MINUTE,
								  .people = "anna boris",
								  .planned_until = desk.now.wall_s});
	desk_move_to("2025-06-01T09:00");
	desk_tick();
	assert_int_equal(desk.n_flying, 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

static void answer(enum channel_verdict verdict, int64_t retry_after_s)
{
	struct channel_result result = desk_result(verdict, CHANNEL_BLAME_CHANNEL);
	result.retry_after_s = retry_after_s;
	desk_finish(0, &result);
}

static struct store_channel known(void)
{
	struct store_channel channel;
	OK(store_channel_load(desk.office.store, "email", &channel, ERR));
	return channel;
}

static void app_settle__several_results__the_last_counts_and_the_pause_that_was_asked_for(void **state)
{
	(void)state;
	answer(CHANNEL_THROTTLED, 7200);
	answer(CHANNEL_ACCEPTED, 0);
	desk_tick();
	struct store_channel channel = known();
	assert_int_equal(channel.paused_until_utc, desk.now.wall_s + 7201);
	assert_int_equal(channel.sent_utc, desk.now.wall_s);
	assert_int_equal(channel.failed_utc, 0);
	store_channel_done(&channel);
}

static void app_settle__accepted_then_failed__is_failing_and_was_sent(void **state)
{
	(void)state;
	answer(CHANNEL_ACCEPTED, 0);
	answer(CHANNEL_TEMPORARY, 0);
	desk_tick();
	struct store_channel channel = known();
	assert_int_equal(channel.sent_utc, desk.now.wall_s);
	assert_int_equal(channel.failing_since_utc, desk.now.wall_s);
	assert_string_equal(channel.failure, "said the fake");
	store_channel_done(&channel);
}

static void app_settle__accepted_again_after_a_failure__is_failing_no_more(void **state)
{
	(void)state;
	(void)office_add_message(&desk.office, 1, "anna", "email", "ready", desk.now.wall_s);
	desk_tick();
	answer(CHANNEL_ACCEPTED, 0);
	desk_tick();
	answer(CHANNEL_TEMPORARY, 0);
	desk_tick();
	struct store_channel channel = known();
	assert_int_not_equal(channel.failing_since_utc, 0);
	store_channel_done(&channel);
	answer(CHANNEL_ACCEPTED, 0);
	desk_tick();
	channel = known();
	assert_int_equal(channel.failing_since_utc, 0);
	store_channel_done(&channel);
}

static void app_settle__pass_is_taken_back__the_next_one_notes_that_the_channel_works(void **state)
{
	(void)state;
	(void)office_add_message(&desk.office, 1, "anna", "email", "ready", desk.now.wall_s);
	office_run(&desk.office, "CREATE TRIGGER refuse BEFORE UPDATE OF state ON message WHEN new.state = 'sending'"
				 " BEGIN SELECT RAISE(ABORT, 'refused'); END");
	answer(CHANNEL_ACCEPTED, 0);
	assert_true(desk_try() < 0);
	struct store_channel channel = known();
	assert_int_equal(channel.sent_utc, 0);
	store_channel_done(&channel);
	office_run(&desk.office, "DROP TRIGGER refuse");
	desk_tick();
	channel = known();
	assert_int_equal(channel.sent_utc, desk.now.wall_s);
	store_channel_done(&channel);
}

/* Words about a recipient or a text are the last that were heard; the channel works. */
static void app_settle__refused_recipient__is_the_last_error_of_a_channel_that_works(void **state)
{
	(void)state;
	desk_answer(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	desk_tick();
	struct store_channel channel = known();
	assert_int_equal(channel.sent_utc + channel.failing_since_utc, 0);
	assert_int_equal(channel.failed_utc, desk.now.wall_s);
	assert_string_equal(channel.failure, "said the fake");
	store_channel_done(&channel);
}

/* Why a channel fails is not covered by what becomes of one message. */
static void app_settle__refused_recipient_while_failing__leaves_the_reason(void **state)
{
	(void)state;
	answer(CHANNEL_TEMPORARY, 0);
	desk_tick();
	struct channel_result refused = desk_result(CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT);
	(void)snprintf(refused.reply, sizeof(refused.reply), "no such user");
	desk_finish(0, &refused);
	desk_tick();
	struct store_channel channel = known();
	assert_int_not_equal(channel.failing_since_utc, 0);
	assert_string_equal(channel.failure, "said the fake");
	store_channel_done(&channel);
}

static void app_start__pause_asked_for__outlives_a_crash(void **state)
{
	(void)state;
	answer(CHANNEL_THROTTLED, 2 * HOUR);
	answer(CHANNEL_THROTTLED, 2 * HOUR);
	desk_tick();
	size_t before = desk.n_sendings;
	desk_move(60);
	desk_crash(config);
	office_run(&desk.office, "UPDATE message SET not_before = 0 WHERE state = 'pending'");
	desk_tick();
	assert_int_equal(desk.n_sendings, before);
	desk_move(2 * HOUR);
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 2);
}

static void app_start__pause_of_more_than_a_day__is_not_believed(void **state)
{
	(void)state;
	answer(CHANNEL_TEMPORARY, 0);
	answer(CHANNEL_TEMPORARY, 0);
	desk_tick();
	OK(store_channel_note_pause(desk.office.store, "email", desk.now.wall_s + 25 * HOUR, ERR));
	size_t before = desk.n_sendings;
	desk_crash(config);
	office_run(&desk.office, "UPDATE message SET not_before = 0 WHERE state = 'pending'");
	desk_tick();
	assert_int_equal(desk.n_sendings, before + 2);
}

static void app_use_audit__once_an_hour__while_passes_are_made(void **state)
{
	(void)state;
	struct store_audit audit;
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	desk_crash(config);
	desk_move(HOUR);
	desk_tick();
	OK(store_audit_load(desk.office.store, &audit, ERR));
	assert_int_equal(audit.done_utc, 0);

	app_use_audit(desk.app, desk.now);
	int64_t started_utc = desk.now.wall_s;
	for (int i = 1; i <= 3; i++) {
		desk_move(HOUR);
		desk_tick();
		OK(store_audit_load(desk.office.store, &audit, ERR));
		assert_int_equal(audit.done_utc, desk.now.wall_s);
		assert_int_equal(audit.started_utc, started_utc);
		assert_int_equal(audit.n_findings, 0);
		desk_move(HOUR / 2);
		desk_tick();
		OK(store_audit_load(desk.office.store, &audit, ERR));
		assert_int_equal(audit.done_utc, desk.now.wall_s - HOUR / 2);
	}
}

static void app_use_audit__first_pass_is_undone__the_next_one_notes_the_start(void **state)
{
	(void)state;
	struct store_audit audit;
	desk_crash(config);
	app_use_audit(desk.app, desk.now);
	office_run(&desk.office,
		   "CREATE TRIGGER refuse BEFORE UPDATE ON message BEGIN SELECT RAISE(ABORT, 'refused'); END");
	assert_true(desk_try() < 0);
	OK(store_audit_load(desk.office.store, &audit, ERR));
	assert_int_equal(audit.started_utc, 0);
	office_run(&desk.office, "DROP TRIGGER refuse");
	desk_tick();
	OK(store_audit_load(desk.office.store, &audit, ERR));
	assert_int_equal(audit.started_utc, desk.now.wall_s);
}

static int cached_bytes(void)
{
	int bytes = 0, most = 0;
	assert_int_equal(sqlite3_db_status(desk.office.store->db, SQLITE_DBSTATUS_CACHE_USED, &bytes, &most, 0),
			 SQLITE_OK);
	return bytes;
}

static void app_use_audit__has_ended__keeps_no_pages(void **state)
{
	(void)state;
	app_use_audit(desk.app, desk.now);
	desk_answer(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	desk_tick();
	OK(store_begin(desk.office.store, ERR));
	for (int i = 0; i < 200; i++) {
		char key[16], text[2000] = "";
		(void)snprintf(key, sizeof(key), "key %d", i);
		memset(text, 'x', sizeof(text) - 1);
		OK(store_meta_save(desk.office.store, key, text, ERR));
	}
	OK(store_commit(desk.office.store, ERR));
	desk_tick();
	assert_true(cached_bytes() > 400000);
	desk_move(HOUR);
	desk_tick();
	assert_true(cached_bytes() < 200000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(app_settle__several_results__the_last_counts_and_the_pause_that_was_asked_for),
		TEST(app_settle__accepted_then_failed__is_failing_and_was_sent),
		TEST(app_settle__accepted_again_after_a_failure__is_failing_no_more),
		TEST(app_settle__pass_is_taken_back__the_next_one_notes_that_the_channel_works),
		TEST(app_settle__refused_recipient__is_the_last_error_of_a_channel_that_works),
		TEST(app_settle__refused_recipient_while_failing__leaves_the_reason),
		TEST(app_start__pause_asked_for__outlives_a_crash),
		TEST(app_start__pause_of_more_than_a_day__is_not_believed),
		TEST(app_use_audit__once_an_hour__while_passes_are_made),
		TEST(app_use_audit__first_pass_is_undone__the_next_one_notes_the_start),
		TEST(app_use_audit__has_ended__keeps_no_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
