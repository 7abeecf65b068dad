#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "office.h"
#include "remind/post.h"
#include "store/store_absence.h"
#include "store/store_suspension.h"

enum { DAY = 86400 };

static const struct planner_channel channels[] = {{"email", "mail.example.org"}, {"telegram", "example.org"}};
static const struct planner planner = {.channels = channels, .n_channels = 2, .catch_up_max_age_s = 7 * DAY};

static struct office office;
static struct task task;
static struct person anna;
static char policy_name[] = "visit";
static struct policy policy;
static struct post post;

/* Monday 2 June 2025, 12:00 in UTC, where everybody lives. */
static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "UTC", "email");
	office_add_person(&office, "dan", "UTC", "telegram");
	int64_t id =
		office_add_task(&office, &(struct office_task){.uid = "t", .start = "2025-06-15", .people = "anna"});
	OK(store_task_load(office.store, id, &task, ERR));
	OK(store_person_load(office.store, "anna", &anna, ERR));
	policy = (struct policy){.name = policy_name};
	post = (struct post){.planner = &planner,
			     .store = office.store,
			     .task = &task,
			     .policy = &policy,
			     .occurrence = "2025-06-15",
			     .event_zone = zone_find("UTC"),
			     .now_utc = utc("2025-06-02T12:00")};
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	order_done(&policy.order);
	person_done(&anna);
	task_done(&task);
	office_close(&office);
	return 0;
}

static void set_anna(const char *set)
{
	office_run(&office, "UPDATE person SET %s WHERE id = 'anna'", set);
	person_done(&anna);
	OK(store_person_load(office.store, "anna", &anna, ERR));
}

/* Posts steps that were due so many seconds ago, the oldest first. */
static void post_due(const char *name, const int64_t *ago_s, size_t n)
{
	struct post_step steps[4];
	char texts[4][32];
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%s%zu", name, i);
		steps[i] = (struct post_step){.text = texts[i], .due_utc = post.now_utc - ago_s[i]};
	}
	OK(post_steps(&post, &anna, steps, n, ERR));
}

static void post_now(const char *name)
{
	const int64_t ago_s = 0;
	post_due(name, &ago_s, 1);
}

static void expect(const char *sql, const char *wanted)
{
	assert_string_equal(office_text(&office, "%s", sql), wanted);
}

/* What became of a reminder: kind and not_before of its message, why it is held. */
static const char outcome[] = "SELECT m.kind || ' ' || strftime('%Y-%m-%dT%H:%M', m.not_before, 'unixepoch') || ' '"
			      " || coalesce(r.held, '-') FROM reminder r JOIN message m ON m.id = r.message";

static void post__open_reader__gets_a_message_of_its_own_at_once(void **state)
{
	(void)state;
	post_now("a");
	post_now("b");
	assert_int_equal(post.planned, 2);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 2);
	expect(outcome, "single 2025-06-02T12:00 -");
	expect("SELECT domain FROM message", "mail.example.org");
	post_now("a"); /* the key is there */
	assert_int_equal(post.planned, 2);
}

static const struct {
	const char *set, *now, *outcome;
} holds[] = {
	{"quiet = '11:00-13:30'", "2025-06-02T12:00", "single 2025-06-02T13:30 quiet hours"},
	{"work = '13:00-18:00'", "2025-06-02T12:00", "single 2025-06-02T13:00 outside working hours"},
	{"work = '09:00-18:00'", "2025-06-07T12:00", "single 2025-06-09T09:00 day off"},
	{"work = '09:00-18:00', quiet = '08:00-10:00'", "2025-06-07T12:00", "single 2025-06-09T10:00 day off"},
	{"ceiling = 1, told_day = '2025-06-02', told_count = 1", "2025-06-02T12:00",
	 "single 2025-06-03T09:00 daily ceiling"},
	{"ceiling = 2, told_day = '2025-06-02', told_count = 1", "2025-06-02T12:00", "single 2025-06-02T12:00 -"},
	{"ceiling = 1, told_day = '2025-06-01', told_count = 1", "2025-06-02T12:00", "single 2025-06-02T12:00 -"},
	/* The ceiling's morning is inside of the hours, too. */
	{"ceiling = 1, told_day = '2025-06-06', told_count = 1, work = '10:00-18:00'", "2025-06-06T12:00",
	 "single 2025-06-09T10:00 daily ceiling"},
};

static void post__closed_reader__is_held_with_the_reason(void **state)
{
	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		post.now_utc = utc(holds[i].now);
		set_anna(holds[i].set);
		post_now("a");
		expect(outcome, holds[i].outcome);
		(void)close_office(state);
		(void)open_office(state);
		/* Urgent: none of it. */
		post.now_utc = utc(holds[i].now);
		task.is_urgent = true;
		set_anna(holds[i].set);
		post_now("a");
		assert_int_equal(office_number(&office,
					       "SELECT count(*) FROM message WHERE urgent = 1 AND not_before = %lld",
					       (long long)post.now_utc),
				 1);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void post__snoozed__is_held_and_then_asks_for_the_hours(void **state)
{
	(void)state;
	set_anna("work = '09:00-18:00'");
	post.not_before_utc = utc("2025-06-05T20:00");
	post_now("a");
	expect(outcome, "single 2025-06-06T09:00 snoozed");
}

static void post__held_ones__join_one_message_and_the_urgent_goes(void **state)
{
	(void)state;
	set_anna("quiet = '11:00-13:00'");
	post_now("a");
	post_now("b");
	post.now_utc += 900;
	post_now("c");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 1);
	expect("SELECT kind || count(*) FROM message JOIN reminder ON message = message.id", "merged3");
	assert_int_equal(post.planned, 1);
	task.is_urgent = true;
	post_now("d");
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message WHERE urgent = 1 AND kind = 'single'"),
			 1);
	task.is_urgent = false;
}

static void post__missed_steps__the_latest_speaks_and_joins_the_catch_up(void **state)
{
	(void)state;
	const int64_t ago_s[] = {3 * DAY, DAY, 3600}, other_s[] = {2 * DAY};
	post_due("a", ago_s, 3);
	post_due("b", other_s, 1);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 1);
	expect("SELECT kind FROM message", "catch_up");
	expect("SELECT group_concat(step) FROM (SELECT step FROM reminder WHERE message = 1 ORDER BY step)", "a2,b0");
	expect("SELECT group_concat(dropped) FROM reminder WHERE message IS NULL",
	       "a later step replaced it,a later step replaced it");
	post_now("c"); /* what is due now is no catch-up */
	expect("SELECT kind FROM message WHERE id = 2", "single");
}

static const struct {
	int64_t ago_s, forward_s;
	bool is_past_use;
	const char *state, *reason;
} ages[] = {
	{7 * DAY, 0, false, "pending", ""},
	{7 * DAY + 1, 0, false, "stale", "missed for longer than catch_up_max_age"},
	{9 * DAY, 2 * DAY, false, "pending", ""},
	{9 * DAY + 1, 2 * DAY, false, "stale", "missed for longer than catch_up_max_age"},
	{9 * DAY, 10 * DAY, false, "pending", ""}, /* its own place is still to come */
	{3600, 0, true, "stale", "the moment it was for has passed"},
};

static void post__too_late__is_stale_and_counts_for_no_ceiling(void **state)
{
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		const struct post_step step = {.text = "a",
					       .due_utc = post.now_utc - ages[i].ago_s,
					       .forward_s = ages[i].forward_s,
					       .is_past_use = ages[i].is_past_use};
		const bool is_pending = strcmp(ages[i].state, "pending") == 0;
		int64_t oldest_utc = post.now_utc - 7 * DAY; /* what the outbox does not find too old */
		set_anna("ceiling = 5");
		OK(post_steps(&post, &anna, &step, 1, ERR));
		expect("SELECT state FROM message", ages[i].state);
		expect("SELECT coalesce(reason, '') FROM message", ages[i].reason);
		assert_int_equal(office_number(&office, "SELECT told_count FROM person WHERE id = 'anna'"), is_pending);
		if (is_pending)
			assert_in_range(office_number(&office, "SELECT due_utc FROM message"), oldest_utc,
					post.now_utc);
		(void)close_office(state);
		(void)open_office(state);
	}
}

static void post__dropped_steps__say_why_and_make_no_message(void **state)
{
	(void)state;
	const struct post_step steps[] = {{.text = "noticed", .due_utc = post.now_utc - DAY, .is_noticed = true},
					  {.text = "digest", .due_utc = post.now_utc, .is_digest = true}};
	OK(post_steps(&post, &anna, steps, 2, ERR));
	expect("SELECT dropped FROM reminder WHERE step = 'digest'", "only in the digest");
	expect("SELECT dropped FROM reminder WHERE step = 'noticed'", "the notice of the new date says it");
	OK(store_silence_add(office.store, 0, "anna", post.now_utc + 1, "rest", "x", ERR));
	post_now("a");
	expect("SELECT dropped FROM reminder WHERE step = 'a0'", "silenced by x: rest");
	assert_int_equal(post.planned, 0);
	assert_int_equal(office_number(&office, "SELECT count(*) FROM message"), 0);
}

/* A step that the digest says must not hide an older one that it does not say. */
static void post__digest_step_after_a_plain_one__leaves_it_to_be_sent(void **state)
{
	(void)state;
	const struct post_step steps[] = {{.text = "plain", .due_utc = post.now_utc - 60},
					  {.text = "digest", .due_utc = post.now_utc, .is_digest = true}};
	OK(post_steps(&post, &anna, steps, 2, ERR));
	expect("SELECT step FROM reminder WHERE message IS NOT NULL", "plain");
}

static void post__nobody_to_reach__is_written_down_once(void **state)
{
	(void)state;
	strlist_add_words(&policy.order.channels, "telegram");
	post_now("a");
	post_now("a");
	expect("SELECT dropped || channel || count(*) FROM reminder", "no address1");
}

static void post__suspended_address__is_the_reason(void **state)
{
	(void)state;
	static const char count[] = "SELECT count(*) FROM task WHERE next_due_utc IS NULL";
	bool is_new = false;
	for (int is_first = 0; is_first < 2; is_first++) {
		office_run(&office, "DELETE FROM reminder");
		policy.order.is_first = is_first == 1;
		strlist_add_words(&policy.order.channels, is_first == 1 ? "email" : "");
		OK(store_suspension_begin(office.store, "anna", "email", "blocked", post.now_utc, &is_new, ERR));
		set_anna("name = 'Anna'");
		post_now("a");
		expect("SELECT dropped || channel || count(*) FROM reminder", "address suspended1");
		office_run(&office, "UPDATE task SET next_due_utc = 1");
		OK(store_task_replan_unreached(office.store, ERR));
		assert_int_equal(office_number(&office, count), 1);
		office_run(&office, "UPDATE task SET next_due_utc = 1;"
				    "INSERT INTO address VALUES ('anna', 'telegram', '5')");
		assert_int_equal(office_number(&office, count), 1);
		office_run(&office, "UPDATE task SET next_due_utc = 1; DELETE FROM suspension;"
				    "DELETE FROM address WHERE channel = 'telegram' AND person = 'anna'");
		assert_int_equal(office_number(&office, count), 1);
	}
}

static void post__deputy__is_asked_for_hours_address_and_silence(void **state)
{
	(void)state;
	OK(store_deputy_set(office.store, "anna", "dan", "2025-06-02", "2025-06-02", ERR));
	set_anna("quiet = '11:00-15:00'");
	office_run(&office, "UPDATE person SET quiet = '11:00-13:00' WHERE id = 'dan'");
	post_now("a");
	expect(outcome, "single 2025-06-02T13:00 quiet hours");
	expect("SELECT person || channel || deputy_for FROM reminder", "dantelegramanna");
}

/* The deputy's digest does not have the tasks of the absent person. */
static void post__digest_step_for_a_deputy__is_a_message(void **state)
{
	(void)state;
	const struct post_step step = {.text = "digest", .due_utc = post.now_utc, .is_digest = true};
	OK(store_deputy_set(office.store, "anna", "dan", "2025-06-02", "2025-06-02", ERR));
	OK(post_steps(&post, &anna, &step, 1, ERR));
	expect("SELECT person || deputy_for FROM reminder WHERE message IS NOT NULL", "dananna");
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(post__open_reader__gets_a_message_of_its_own_at_once),
		WITH_OFFICE(post__closed_reader__is_held_with_the_reason),
		WITH_OFFICE(post__snoozed__is_held_and_then_asks_for_the_hours),
		WITH_OFFICE(post__held_ones__join_one_message_and_the_urgent_goes),
		WITH_OFFICE(post__missed_steps__the_latest_speaks_and_joins_the_catch_up),
		WITH_OFFICE(post__too_late__is_stale_and_counts_for_no_ceiling),
		WITH_OFFICE(post__dropped_steps__say_why_and_make_no_message),
		WITH_OFFICE(post__digest_step_after_a_plain_one__leaves_it_to_be_sent),
		WITH_OFFICE(post__nobody_to_reach__is_written_down_once),
		WITH_OFFICE(post__suspended_address__is_the_reason),
		WITH_OFFICE(post__digest_step_for_a_deputy__is_a_message),
		WITH_OFFICE(post__deputy__is_asked_for_hours_address_and_silence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
