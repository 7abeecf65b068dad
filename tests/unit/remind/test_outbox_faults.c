#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "office.h"
#include "remind/outbox.h"

static const int64_t now = INT64_C(1750000000);

static struct office office;
static int64_t task;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Europe/Moscow", "email");
	task = office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static int64_t add(const char *step, int64_t due_utc)
{
	return office_add_message(&office, task, "anna", "email", step, due_utc);
}

static size_t claim(int64_t at, size_t max, int64_t *ids)
{
	size_t n = 0;
	OK(store_begin(office.store, ERR));
	OK(outbox_claim(office.store, "email", at, max, NULL, NULL, ids, &n, ERR));
	OK(store_commit(office.store, ERR));
	return n;
}

static void claim_one(int64_t id, int64_t at)
{
	int64_t ids[1];
	assert_int_equal(claim(at, 1, ids), 1);
	assert_int_equal(ids[0], id);
}

static enum message_state settle(int64_t id, struct outbox_result result, int64_t at, int64_t *ret_next)
{
	enum message_state to = MESSAGE_STATE_MAX;
	if (result.reply == NULL)
		result.reply = "250 ok";
	OK(store_begin(office.store, ERR));
	OK(outbox_settle(office.store, id, &result, at, &to, ret_next, ERR));
	OK(store_commit(office.store, ERR));
	return to;
}

static size_t recover(int64_t at)
{
	struct outbox_recovery recovery;
	OK(store_begin(office.store, ERR));
	OK(outbox_recover(office.store, false, false, at, &recovery, ERR));
	OK(store_commit(office.store, ERR));
	return recovery.n;
}

static int64_t field(int64_t id, const char *name)
{
	return office_number(&office, "SELECT %s FROM message WHERE id = %lld", name, (long long)id);
}

/* It was in flight when its task was done, and the peer took it: it was told all the same. */
static void outbox__dropped_in_flight_and_accepted__counts_as_told(void **state)
{
	(void)state;
	int64_t id = add("1d", now), next;
	claim_one(id, now);
	office_run(&office, "UPDATE task SET status = 'done'");
	assert_int_equal(settle(id, (struct outbox_result){.event = OUTBOX_ACCEPTED}, now, &next), MESSAGE_SENT);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM reminder WHERE dropped IS NULL"), 1);
}

/* Two tasks in one message: the one that is done before it leaves is not in it, and never told by it. */
static void outbox__dropped_before_the_claim__is_not_told_by_what_is_sent(void **state)
{
	(void)state;
	int64_t id = add("1d", now), next;
	int64_t other =
		office_add_task(&office, &(struct office_task){.uid = "u", .start = "2025-06-15", .people = "anna"});
	office_run(&office,
		   "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message) VALUES"
		   " (%lld, '2025-06-15', '1d', 'anna', 'email', 100, %lld)",
		   (long long)other, (long long)id);
	office_run(&office, "UPDATE task SET status = 'done' WHERE uid = 't'");
	claim_one(id, now);
	office_run(&office, "UPDATE task SET status = 'done' WHERE uid = 'u'");
	assert_int_equal(settle(id, (struct outbox_result){.event = OUTBOX_ACCEPTED}, now, &next), MESSAGE_SENT);
	assert_string_equal(office_text(&office, "SELECT dropped FROM reminder WHERE task = %lld", (long long)task),
			    "task done");
	assert_int_equal(
		office_number(&office, "SELECT dropped IS NULL FROM reminder WHERE task = %lld", (long long)other), 1);
}

static void outbox__crash__brings_every_claimed_message_back(void **state)
{
	(void)state;
	int64_t ids[2], a = add("1d", now), b = add("2d", now), at = now;
	assert_int_equal(claim(now, 2, ids), 2);
	(void)settle(b, (struct outbox_result){.event = OUTBOX_ACCEPTED, .code = 250}, now, &at);
	for (int64_t crash = 1; crash <= 3; crash++) {
		office_reopen(&office);
		assert_int_equal(recover(now), 1);
		assert_int_equal(recover(now), 0);
		assert_string_equal(office_state(&office, a), "pending");
		assert_int_equal(field(a, "crashes"), crash);
		assert_int_equal(field(a, "uncertain"), 0);
		at = field(a, "not_before");
		assert_in_range(at - now, (crash - 1) * 60, (crash - 1) * 60);
		claim_one(a, at);
	}
	assert_string_equal(office_state(&office, b), "sent");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM attempt WHERE outcome = 'unknown'"), 3);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM attempt WHERE outcome IS NULL"), 1);
}

static int64_t quarantined;

static size_t recover_after(bool is_same_boot, bool was_crash)
{
	struct outbox_recovery recovery;
	office_reopen(&office);
	OK(outbox_recover(office.store, is_same_boot, was_crash, now, &recovery, ERR));
	quarantined = recovery.quarantined;
	return recovery.n;
}

static int64_t suspects(void)
{
	return office_number(&office, "SELECT count(*) FROM message WHERE suspect = 1");
}

static void outbox__what_was_in_flight__is_suspect_only_after_a_crash_in_this_boot(void **state)
{
	(void)state;
	int64_t ids[2];
	(void)add("1d", now);
	(void)add("2d", now);
	assert_int_equal(claim(now, 2, ids), 2);
	assert_int_equal(recover_after(true, false), 2); /* killed */
	assert_int_equal(suspects(), 0);
	assert_int_equal(claim(now + 600, 2, ids), 2);
	assert_int_equal(recover_after(false, true), 2); /* the machine was restarted */
	assert_int_equal(suspects(), 0);
	assert_int_equal(claim(now + 600, 2, ids), 2);
	assert_int_equal(recover_after(true, true), 2);
	assert_int_equal(suspects(), 2);
	assert_int_equal(recover_after(false, false), 0);
	assert_int_equal(suspects(), 0);
}

static void outbox__in_flight_at_three_kills__is_suspect_too(void **state)
{
	(void)state;
	int64_t id = add("1d", now);
	for (int kill = 1; kill <= 3; kill++) {
		claim_one(id, now + 600);
		assert_int_equal(recover_after(true, false), 1);
		assert_int_equal(suspects(), kill == 3);
	}
}

static void outbox__suspect_that_is_answered__is_none_any_more(void **state)
{
	(void)state;
	int64_t id = add("1d", now), next = 0;
	claim_one(id, now);
	assert_int_equal(recover_after(true, true), 1);
	claim_one(id, now);
	(void)settle(id, (struct outbox_result){.event = OUTBOX_TEMPORARY}, now, &next);
	assert_int_equal(suspects(), 0);
}

static void outbox__suspects_in_flight_together_at_a_kill__stay_suspect(void **state)
{
	(void)state;
	int64_t ids[2];
	(void)add("1d", now);
	(void)add("2d", now);
	assert_int_equal(claim(now, 2, ids), 2);
	assert_int_equal(recover_after(true, true), 2);
	assert_int_equal(claim(now, 2, ids), 2);
	assert_int_equal(recover_after(true, false), 2);
	assert_int_equal(suspects(), 2);
}

static void outbox__suspect_dying_alone__is_held_until_it_is_released(void **state)
{
	(void)state;
	bool is_released = false;
	int64_t ids[2], poison = add("1d", now), other = add("2d", now);
	assert_int_equal(claim(now, 2, ids), 2);
	assert_int_equal(recover_after(true, true), 2);
	assert_int_equal(claim(now, 2, ids), 2); /* together: neither is proven */
	assert_int_equal(recover_after(true, true), 2);
	assert_string_equal(office_state(&office, poison), "pending");
	assert_string_equal(office_state(&office, other), "pending");

	size_t n = 0;
	office_run(&office, "UPDATE message SET not_before = %lld", (long long)now);
	OK(outbox_claim_suspect(office.store, "email", now, NULL, NULL, ids, &n, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(recover_after(true, false), 1);
	assert_string_equal(office_state(&office, ids[0]), "held");
	assert_int_equal(quarantined, ids[0]);
	assert_string_equal(office_state(&office, ids[0] == poison ? other : poison), "pending");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM attempt WHERE outcome IS NULL"), 0);

	OK(outbox_release(office.store, ids[0], now, &is_released, ERR));
	assert_true(is_released);
	assert_string_equal(office_state(&office, ids[0]), "pending");
	assert_int_equal(suspects(), 1);
	OK(outbox_release(office.store, ids[0], now, &is_released, ERR));
	assert_false(is_released);
}

static void outbox__clock_set_back__brings_no_message_before_its_time(void **state)
{
	(void)state;
	int64_t id = add("1d", now), next = 0;
	claim_one(id, now);
	assert_int_equal(settle(id, (struct outbox_result){.event = OUTBOX_TEMPORARY}, now - 86400, &next),
			 MESSAGE_PENDING);
	assert_int_equal(next, now);
	assert_int_equal(field(id, "not_before"), now);
	claim_one(id, now);
	office_reopen(&office);
	assert_int_equal(recover(now - 86400), 1);
	assert_int_equal(field(id, "not_before"), now);
}

static void outbox__crash_before_the_commit__leaves_no_trace(void **state)
{
	(void)state;
	int64_t ids[1], id = add("1d", now);
	size_t n = 0;
	OK(store_begin(office.store, ERR));
	OK(outbox_claim(office.store, "email", now, 1, NULL, NULL, ids, &n, ERR));
	assert_int_equal(n, 1);
	office_reopen(&office);
	assert_int_equal(recover(now), 0);
	assert_string_equal(office_state(&office, id), "pending");
	assert_int_equal(field(id, "attempts"), 0);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM attempt"), 0);
}

static void outbox__many_in_flight__are_all_recovered(void **state)
{
	(void)state;
	int64_t ids[OUTBOX_BATCH];
	OK(store_begin(office.store, ERR));
	for (int i = 0; i < 2 * OUTBOX_BATCH + 3; i++) {
		char step[16];
		(void)snprintf(step, sizeof(step), "%dd", i);
		(void)add(step, now);
	}
	OK(store_commit(office.store, ERR));
	while (claim(now, OUTBOX_BATCH, ids) > 0)
		;
	assert_int_equal(recover(now), 2 * OUTBOX_BATCH + 3);
}

/* What happens to the task while its message is in flight decides only what is not decided yet. */
static const struct {
	enum outbox_event event;
	const char *state;
	bool keeps_reminder;
} closed[] = {
	{OUTBOX_ACCEPTED, "sent", true},        {OUTBOX_TEMPORARY, "cancelled", false},
	{OUTBOX_THROTTLED, "cancelled", false}, {OUTBOX_PERMANENT, "dead", false},
	{OUTBOX_UNKNOWN, "cancelled", false},
};

static void outbox__done_while_sending__ends_with_what_happened(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		char step[8];
		int64_t next;
		(void)snprintf(step, sizeof(step), "%zud", i);
		int64_t id = add(step, now);
		claim_one(id, now);
		office_run(&office, "UPDATE task SET status = 'done'");
		assert_string_equal(office_state(&office, id), "sending");
		(void)settle(id, (struct outbox_result){.event = closed[i].event, .retry_after_s = 60}, now, &next);
		assert_string_equal(office_state(&office, id), closed[i].state);
		assert_int_equal(office_number(&office, "SELECT dropped IS NULL FROM reminder WHERE message = %lld",
					       (long long)id),
				 closed[i].keeps_reminder);
		office_run(&office, "UPDATE task SET status = 'open'");
	}
}

static void outbox__done_while_sending_and_crash__is_cancelled_unsent(void **state)
{
	(void)state;
	int64_t ids[1], id = add("1d", now);
	claim_one(id, now);
	office_run(&office, "UPDATE task SET status = 'done'");
	office_reopen(&office);
	assert_int_equal(recover(now), 1);
	assert_int_equal(claim(now, 1, ids), 0);
	assert_string_equal(office_state(&office, id), "cancelled");
}

static void outbox__message_no_longer_sending__is_left_alone(void **state)
{
	(void)state;
	static const char *const states[] = {"pending", "sent", "dead", "cancelled", "stale", "held"};
	int64_t id = add("1d", now);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		for (int event = OUTBOX_ACCEPTED; event <= OUTBOX_UNKNOWN; event++) {
			int64_t next = 0;
			office_run(&office, "UPDATE message SET state = '%s'", states[i]);
			enum message_state to =
				settle(id, (struct outbox_result){.event = (enum outbox_event)event}, now + 5, &next);
			assert_string_equal(message_state_name(to), states[i]);
			assert_string_equal(office_state(&office, id), states[i]);
			assert_int_equal(field(id, "not_before"), now);
		}
}

static void outbox__message_deleted_while_sending__does_not_stop_the_rest(void **state)
{
	(void)state;
	int64_t id = add("1d", now), next;
	claim_one(id, now);
	office_run(&office, "DELETE FROM message");
	(void)settle(id, (struct outbox_result){.event = OUTBOX_ACCEPTED}, now, &next);
}

static void outbox__expire__ends_what_waits_and_was_due_before(void **state)
{
	(void)state;
	size_t n = 99, n_tried = 99;
	int64_t old = add("1d", now - 101), edge = add("2d", now - 100), in_flight = add("3d", now - 5000), ids[1];
	assert_int_equal(claim(now - 5000, 1, ids), 1);
	assert_int_equal(ids[0], in_flight);
	OK(outbox_expire(office.store, now - 100, &n, &n_tried, ERR));
	assert_int_equal(n, 1);
	assert_int_equal(n_tried, 0);
	assert_string_equal(office_state(&office, old), "stale");
	assert_string_equal(office_state(&office, edge), "pending");
	assert_string_equal(office_state(&office, in_flight), "sending");
	assert_true(office_number(&office, "SELECT length(reason) FROM message WHERE id = %lld", (long long)old) > 0);
	OK(outbox_expire(office.store, now - 100, &n, &n_tried, ERR));
	assert_int_equal(n, 0);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(outbox__dropped_in_flight_and_accepted__counts_as_told),
		WITH_OFFICE(outbox__dropped_before_the_claim__is_not_told_by_what_is_sent),
		WITH_OFFICE(outbox__crash__brings_every_claimed_message_back),
		WITH_OFFICE(outbox__what_was_in_flight__is_suspect_only_after_a_crash_in_this_boot),
		WITH_OFFICE(outbox__in_flight_at_three_kills__is_suspect_too),
		WITH_OFFICE(outbox__suspect_that_is_answered__is_none_any_more),
		WITH_OFFICE(outbox__suspects_in_flight_together_at_a_kill__stay_suspect),
		WITH_OFFICE(outbox__suspect_dying_alone__is_held_until_it_is_released),
		WITH_OFFICE(outbox__clock_set_back__brings_no_message_before_its_time),
		WITH_OFFICE(outbox__crash_before_the_commit__leaves_no_trace),
		WITH_OFFICE(outbox__many_in_flight__are_all_recovered),
		WITH_OFFICE(outbox__done_while_sending__ends_with_what_happened),
		WITH_OFFICE(outbox__done_while_sending_and_crash__is_cancelled_unsent),
		WITH_OFFICE(outbox__message_no_longer_sending__is_left_alone),
		WITH_OFFICE(outbox__message_deleted_while_sending__does_not_stop_the_rest),
		WITH_OFFICE(outbox__expire__ends_what_waits_and_was_due_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
