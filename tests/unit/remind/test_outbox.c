#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "office.h"
#include "remind/outbox.h"
#include "store/store_move.h"

static const int64_t now = INT64_C(1750000000);

/* ---- the table ---------------------------------------------------------------------------------------------------- */

static bool event_find(const char *name, enum outbox_event *ret_event)
{
	for (int event = 0; event < OUTBOX_EVENT_MAX; event++)
		if (strcmp(outbox_event_name((enum outbox_event)event), name) == 0) {
			*ret_event = (enum outbox_event)event;
			return true;
		}
	return false;
}

/* The comment on top of outbox.c draws every arrow as "state --event--> state". */
static void outbox__diagram__equals_the_table(void **state)
{
	(void)state;
	bool is_drawn[MESSAGE_STATE_MAX][OUTBOX_EVENT_MAX] = {{false}};
	char *source = scratch_read("daemon/remind/outbox.c", NULL), *rest = source;
	*strstr(source, "*/") = '\0';
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		char from_name[16], event_name[16], to_name[16];
		enum message_state from, to, next;
		enum outbox_event event;
		if (sscanf(line, " * %15[a-z] --%15[a-z]--> %15[a-z]", from_name, event_name, to_name) != 3)
			continue;
		assert_true(message_state_find(from_name, &from) && message_state_find(to_name, &to));
		assert_true(event_find(event_name, &event));
		if (is_drawn[from][event])
			fail_msg("%s --%s--> is drawn twice", from_name, event_name);
		is_drawn[from][event] = true;
		if (!outbox_next_state(from, event, &next) || next != to)
			fail_msg("%s --%s--> %s is drawn, but not in the table", from_name, event_name, to_name);
	}
	free(source);
	for (int from = 0; from < MESSAGE_STATE_MAX; from++)
		for (int event = 0; event < OUTBOX_EVENT_MAX; event++) {
			enum message_state next;
			bool is_allowed = outbox_next_state((enum message_state)from, (enum outbox_event)event, &next);
			if (is_allowed != is_drawn[from][event])
				fail_msg("%s --%s--> %s", message_state_name((enum message_state)from),
					 outbox_event_name((enum outbox_event)event),
					 is_allowed ? "is not drawn" : "?");
		}
}

/* What may follow what, by the design; everything else is refused. */
static const char *const matrix[MESSAGE_STATE_MAX][OUTBOX_EVENT_MAX] = {
	[MESSAGE_PENDING] = {[OUTBOX_CLAIM] = "sending",
			     [OUTBOX_EMPTY] = "cancelled",
			     [OUTBOX_EXPIRE] = "stale",
			     [OUTBOX_PURGE] = "cancelled"},
	[MESSAGE_SENDING] = {[OUTBOX_ACCEPTED] = "sent",
			     [OUTBOX_TEMPORARY] = "pending",
			     [OUTBOX_THROTTLED] = "pending",
			     [OUTBOX_PERMANENT] = "dead",
			     [OUTBOX_UNKNOWN] = "pending",
			     [OUTBOX_RECOVER] = "pending",
			     [OUTBOX_QUARANTINE] = "held",
			     [OUTBOX_EMPTY] = "cancelled",
			     [OUTBOX_EXPIRE] = "dead"},
	[MESSAGE_HELD] = {[OUTBOX_RELEASE] = "pending", [OUTBOX_DROP] = "cancelled"},
};

static void outbox__every_state_and_event__moves_as_designed_or_not_at_all(void **state)
{
	(void)state;
	for (int from = 0; from < MESSAGE_STATE_MAX; from++)
		for (int event = 0; event < OUTBOX_EVENT_MAX; event++) {
			enum message_state next = MESSAGE_STATE_MAX;
			bool is_allowed = outbox_next_state((enum message_state)from, (enum outbox_event)event, &next);
			assert_int_equal(is_allowed, matrix[from][event] != NULL);
			if (is_allowed)
				assert_string_equal(message_state_name(next), matrix[from][event]);
			else
				assert_int_equal(next, MESSAGE_STATE_MAX);
		}
}

/* ---- on a real database ------------------------------------------------------------------------------------------- */

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

static int64_t field(int64_t id, const char *name)
{
	return office_number(&office, "SELECT %s FROM message WHERE id = %lld", name, (long long)id);
}

static void outbox__claim__takes_what_is_ready_the_latest_first(void **state)
{
	(void)state;
	int64_t ids[8];
	int64_t later = add("3d", now + 1), first = add("2d", now), third = add("1d", now - 100),
		second = add("0d", now - 50);
	office_run(&office, "INSERT INTO address VALUES ('anna', 'telegram', '1')");
	(void)office_add_message(&office, task, "anna", "telegram", "1d", now - 500);
	assert_int_equal(claim(now, 2, ids), 2);
	assert_int_equal(ids[0], first);
	assert_int_equal(ids[1], second);
	assert_int_equal(claim(now, 8, ids), 1);
	assert_int_equal(ids[0], third);
	assert_int_equal(claim(now, 8, ids), 0);
	assert_string_equal(office_state(&office, first), "sending");
	assert_string_equal(office_state(&office, later), "pending");
	assert_int_equal(field(first, "attempts"), 1);
	assert_int_equal(office_number(&office,
				       "SELECT count(*) FROM attempt WHERE message = %lld AND number = 1 AND"
				       " started_utc = %lld AND outcome IS NULL",
				       (long long)first, (long long)now),
			 1);
}

static void outbox__claim__cancels_what_has_nothing_left_to_say(void **state)
{
	(void)state;
	int64_t ids[4], id = add("1d", now);
	office_run(&office, "DROP TRIGGER reminder_dropped; UPDATE reminder SET dropped = 'by hand'");
	assert_int_equal(claim(now, 4, ids), 0);
	assert_string_equal(office_state(&office, id), "cancelled");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM attempt"), 0);
}

/* Looks how many are in flight before the last one, having it written or not; or gives the first one up meanwhile. */
static struct {
	bool writes, spoils;
	int64_t first, last;
	size_t n_sending;
} look;

static int look_before(void *arg, struct outbox_claiming *before, const struct store_peek *message, int64_t now_utc,
		       bool *ret_may, struct err *err)
{
	(void)arg;
	(void)now_utc;
	*ret_may = true;
	if (message->id != look.last)
		return 0;
	static const struct store_move hold = {.from = MESSAGE_PENDING, .to = MESSAGE_HELD, .not_before = -1};
	int64_t ids[32];
	size_t n;
	int status = look.writes ? outbox_claim_write(before, err) : 0;
	if (status == 0 && look.spoils)
		status = store_message_move(office.store, &look.first, 1, &hold, &n, err);
	return status == 0 ? store_message_sending(office.store, ids, 32, &look.n_sending, err) : status;
}

static int claim_looking(size_t n, size_t *ret_n, struct err *err)
{
	static const struct outbox_rules rules = {.may = look_before};
	int64_t ids[32];
	for (size_t i = 0; i < n; i++) {
		char step[32];
		(void)snprintf(step, sizeof(step), "%zud", i);
		look.last = add(step, now - 100 - (int64_t)i);
		look.first = i == 0 ? look.last : look.first;
	}
	OK(store_begin(office.store, ERR));
	int status = outbox_claim(office.store, "email", now, n, &rules, NULL, ids, ret_n, err);
	if (status == 0)
		OK(store_commit(office.store, ERR));
	else
		store_rollback(office.store);
	return status;
}

static void outbox__claim_of_many__is_written_at_once_or_before_who_looks(void **state)
{
	(void)state;
	size_t n = 0;
	look.writes = look.spoils = false;
	OK(claim_looking(20, &n, ERR));
	assert_int_equal(n, 20);
	assert_int_equal(look.n_sending, 0);
	office_run(&office, "DELETE FROM reminder; DELETE FROM attempt; DELETE FROM message");
	look.writes = true;
	OK(claim_looking(20, &n, ERR));
	assert_int_equal(n, 20);
	assert_int_equal(look.n_sending, 19);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message JOIN attempt ON message = id"
						" WHERE state = 'sending' AND attempts = 1 AND outcome IS NULL"),
			 20);
}

static void outbox__claim_changed_by_who_looks__is_an_error(void **state)
{
	(void)state;
	struct err err;
	size_t n = 0;
	look.writes = false;
	look.spoils = true;
	assert_int_equal(claim_looking(3, &n, &err), -EIO);
	assert_string_equal(err.text, "of 3 messages to be sent only 2 are still pending");
}

static const struct {
	struct outbox_result result;
	int64_t uncertain_before;
	const char *state, *outcome;
	int64_t attempts, uncertain;
	int64_t wait_min_s, wait_max_s; /* 0, 0: no next try */
} results[] = {
	{{.event = OUTBOX_ACCEPTED, .code = 250}, 0, "sent", "accepted", 1, 0, 0, 0},
	{{.event = OUTBOX_TEMPORARY, .code = 451}, 0, "pending", "temporary", 1, 0, 240, 360},
	{{.event = OUTBOX_TEMPORARY, .is_unreachable = true}, 0, "pending", "temporary", 1, 0, 24, 36},
	{{.event = OUTBOX_THROTTLED, .code = 429}, 0, "pending", "throttled", 0, 0, 240, 360},
	{{.event = OUTBOX_THROTTLED, .code = 429, .retry_after_s = 1}, 0, "pending", "throttled", 0, 0, 1, 1},
	{{.event = OUTBOX_THROTTLED, .code = 429, .retry_after_s = 10072},
	 0,
	 "pending",
	 "throttled",
	 0,
	 0,
	 10072,
	 10072},
	{{.event = OUTBOX_THROTTLED, .code = 429, .retry_after_s = 9999999},
	 0,
	 "pending",
	 "throttled",
	 0,
	 0,
	 86400,
	 86400},
	{{.event = OUTBOX_PERMANENT, .code = 550}, 0, "dead", "permanent", 1, 0, 0, 0},
	{{.event = OUTBOX_UNKNOWN}, 0, "pending", "unknown", 1, 1, 1440, 2160},
	{{.event = OUTBOX_UNKNOWN}, 1, "pending", "unknown", 1, 2, 2880, 4320},
	{{.event = OUTBOX_UNKNOWN}, 2, "dead", "unknown", 1, 3, 0, 0},
};

static void outbox__each_result__moves_counts_and_is_written_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		char step[8];
		int64_t next = 0;
		(void)snprintf(step, sizeof(step), "%zud", i);
		int64_t id = add(step, now);
		office_run(&office, "UPDATE message SET uncertain = %lld WHERE id = %lld",
			   (long long)results[i].uncertain_before, (long long)id);
		claim_one(id, now);
		struct outbox_result result = results[i].result;
		result.reply = "the peer's words";
		enum message_state to = settle(id, result, now, &next);
		if (strcmp(message_state_name(to), results[i].state) != 0)
			fail_msg("row %zu: %s", i, message_state_name(to));
		assert_string_equal(office_state(&office, id), results[i].state);
		assert_int_equal(field(id, "attempts"), results[i].attempts);
		assert_int_equal(field(id, "uncertain"), results[i].uncertain);
		assert_int_equal(field(id, "crashes"), 0);
		assert_string_equal(
			office_text(&office, "SELECT last_reply FROM message WHERE id = %lld", (long long)id),
			"the peer's words");
		assert_int_equal(
			office_number(&office,
				      "SELECT count(*) FROM attempt WHERE message = %lld AND outcome = '%s' AND"
				      " coalesce(code, 0) = %d AND reply = 'the peer''s words'",
				      (long long)id, results[i].outcome, result.code),
			1);
		if (to == MESSAGE_PENDING) {
			assert_in_range(next - now, results[i].wait_min_s, results[i].wait_max_s);
			assert_int_equal(field(id, "not_before"), next);
		}
		if (to == MESSAGE_DEAD)
			assert_true(office_number(&office, "SELECT length(reason) FROM message WHERE id = %lld",
						  (long long)id) > 0);
	}
}

static void outbox__attempts__are_numbered_on_through_every_kind_of_end(void **state)
{
	(void)state;
	static const struct outbox_result ends[] = {{.event = OUTBOX_TEMPORARY, .code = 451},
						    {.event = OUTBOX_THROTTLED, .code = 429, .retry_after_s = 60},
						    {.event = OUTBOX_UNKNOWN},
						    {.event = OUTBOX_ACCEPTED, .code = 250}};
	int64_t id = add("1d", now), at = now;
	for (size_t i = 0; i < 4; i++) {
		claim_one(id, at);
		(void)settle(id, ends[i], at, &at);
	}
	assert_string_equal(office_text(&office, "SELECT group_concat(number || outcome, ' ') FROM attempt"),
			    "1temporary 2throttled 3unknown 4accepted");
	assert_int_equal(field(id, "attempts"), 3); /* the throttled one does not count */
}

/* As SQL can write them: no such row may keep the others from being sent. */
static void outbox__counters_past_all_sense__stop_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *counter, *value;
		enum outbox_event event;
	} rows[] = {
		{"attempts", "9223372036854775807", OUTBOX_ACCEPTED},
		{"attempts", "9223372036854775807", OUTBOX_TEMPORARY},
		{"attempts", "-9223372036854775808", OUTBOX_THROTTLED},
		{"uncertain", "9223372036854775807", OUTBOX_UNKNOWN},
		{"crashes", "9223372036854775807", OUTBOX_RECOVER},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outbox_recovery recovery;
		int64_t next, id = add("1d", now);
		office_run(&office, "UPDATE message SET %s = %s WHERE id = %lld", rows[i].counter, rows[i].value,
			   (long long)id);
		office_run(&office,
			   "INSERT INTO attempt (message, number, started_utc, outcome) VALUES (%lld,"
			   " 9223372036854775807, 1, 'temporary')",
			   (long long)id);
		claim_one(id, now);
		assert_string_equal(office_state(&office, id), "sending");
		if (rows[i].event == OUTBOX_RECOVER)
			OK(outbox_recover(office.store, true, true, now, &recovery, ERR));
		else
			(void)settle(id, (struct outbox_result){.event = rows[i].event}, now, &next);
		assert_string_not_equal(office_state(&office, id), "sending");
		office_run(&office, "DELETE FROM attempt; DELETE FROM reminder; DELETE FROM message");
	}
}

static void outbox__unknown_three_times__is_dead(void **state)
{
	(void)state;
	int64_t id = add("1d", now), at = now;
	char first[STORE_MESSAGE_ID_SIZE] = "";
	for (int i = 1; i <= 3; i++) {
		struct store_message message;
		claim_one(id, at);
		OK(store_message_load(office.store, id, &message, ERR));
		if (i == 1)
			(void)snprintf(first, sizeof(first), "%s", message.message_id);
		assert_string_equal(message.message_id, first);
		store_message_done(&message);
		assert_int_equal(settle(id, (struct outbox_result){.event = OUTBOX_UNKNOWN}, at, &at),
				 i < 3 ? MESSAGE_PENDING : MESSAGE_DEAD);
	}
	assert_int_equal(claim(at + 864000, 1, &id), 0);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outbox__diagram__equals_the_table),
		cmocka_unit_test(outbox__every_state_and_event__moves_as_designed_or_not_at_all),
		WITH_OFFICE(outbox__claim__takes_what_is_ready_the_latest_first),
		WITH_OFFICE(outbox__claim__cancels_what_has_nothing_left_to_say),
		WITH_OFFICE(outbox__claim_of_many__is_written_at_once_or_before_who_looks),
		WITH_OFFICE(outbox__claim_changed_by_who_looks__is_an_error),
		WITH_OFFICE(outbox__each_result__moves_counts_and_is_written_down),
		WITH_OFFICE(outbox__attempts__are_numbered_on_through_every_kind_of_end),
		WITH_OFFICE(outbox__counters_past_all_sense__stop_nothing),
		WITH_OFFICE(outbox__unknown_three_times__is_dead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
