/* A year of the whole app on a virtual clock: random tasks, random answers, crashes at random moments, a database that
 * others lock now and then, and a clock that is set. Whatever happens, the promises hold. DEADLINED_TEST_SEED repeats a
 * run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "desk.h"
#include "remind/schedule.h"

enum { TASKS = 24, PEOPLE = 4, YEAR_S = 366 * 86400, MESSAGES_MAX = 2048 };

static const char config[] = "[limits]\ncatch_up_max_age = 365d\nkeep = 3650d\n"
			     "[channel email]\ntype = maildir\npath = mail\n"
			     "[channel telegram]\ntype = maildir\npath = mail\nrate = 20/m\n"
			     "[policy default]\nremind = 30d 7d 1d before start at 09:00\nremind = 2h before start\n"
			     "overdue = 1d 7d after end at 09:00\n";

static const char *const zones[] = {"Asia/Sakhalin", "Asia/Shanghai", "Europe/Moscow", "America/New_York"};

static unsigned long long dice;

static unsigned roll(unsigned sides)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(dice >> 33) % sides;
}

/* What the outside world knows: copies of each message that a peer took. */
static int accepted[MESSAGES_MAX];
static int64_t n_crashes;

static void make_plan(void)
{
	static const char *const channels[] = {"email telegram", "email", "telegram", "email"};
	for (int i = 0; i < PEOPLE; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "p%d", i);
		office_add_person(&desk.office, id, zones[i], channels[i]);
	}
	for (int i = 0; i < TASKS; i++) {
		char uid[16], start[32], end[32], people[64] = "";
		int month = (int)roll(12) + 1, day = (int)roll(28) + 1;
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		bool is_minute = roll(3) == 0;
		(void)snprintf(start, sizeof(start), is_minute ? "2025-%02d-%02dT%02u:30" : "2025-%02d-%02d", month,
			       day, roll(24));
		(void)snprintf(end, sizeof(end), "2025-%02d-28", month);
		for (int p = 0; p < PEOPLE; p++)
			if (roll(2) != 0)
				(void)snprintf(people + strlen(people), 16, "p%d ", p);
		(void)office_add_task(&desk.office,
				      &(struct office_task){.uid = uid,
							    .start = start,
							    .end = is_minute ? start : end,
							    .precision = is_minute ? PERIOD_MINUTE : PERIOD_RANGE,
							    .zone = zones[roll(4)],
							    .people = people,
							    .planned_until = desk.now.wall_s});
	}
}

/* Nothing is handed over before its time, or without a committed claim. */
static void check_sendings(size_t from)
{
	for (size_t i = from; i < desk.n_sendings; i++) {
		const struct desk_sending *sending = &desk.sendings[i];
		assert_true(sending->is_recorded);
		assert_true(sending->id < MESSAGES_MAX);
		int64_t due = office_number(&desk.office, "SELECT max(due_utc) FROM reminder WHERE message = %lld",
					    (long long)sending->id);
		if (due < 0 || due > desk.now.wall_s)
			fail_msg("message %lld was sent %lld s early", (long long)sending->id,
				 (long long)(due - desk.now.wall_s));
	}
}

/* One answer for something in flight; the peer may have taken it without our knowing. */
static void answer_one(void)
{
	static const struct {
		enum channel_verdict verdict;
		enum channel_blame blame;
	} answers[] = {
		{CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE},  {CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE},
		{CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE},  {CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE},
		{CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL}, {CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL},
		{CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL},   {CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE},
	};
	unsigned at = roll((unsigned)desk.n_flying), kind = roll(8);
	struct channel_result result = desk_result(answers[kind].verdict, answers[kind].blame);
	result.retry_after_s = 1 + roll(7200);
	bool is_taken = result.verdict == CHANNEL_ACCEPTED || (result.verdict == CHANNEL_UNKNOWN && roll(2) != 0);
	accepted[desk.flying[at].id] += is_taken;
	desk_finish(at, &result);
}

static void crash(void)
{
	for (size_t i = 0; i < desk.n_flying; i++)
		accepted[desk.flying[i].id] += roll(2) != 0;
	n_crashes++;
	desk_crash(config);
}

static void pass(void)
{
	size_t from = desk.n_sendings;
	bool is_locked = roll(200) == 0;
	if (is_locked)
		office_run(&desk.office, "BEGIN IMMEDIATE");
	int status = desk_try();
	if (is_locked) {
		assert_int_equal(status, -EBUSY);
		assert_int_equal(desk.n_sendings, from);
		office_run(&desk.office, "ROLLBACK");
	} else {
		assert_int_equal(status, 0);
	}
	check_sendings(from);
}

static void live_until(int64_t end_utc)
{
	for (int rounds = 0; desk.now.wall_s < end_utc; rounds++) {
		assert_true(rounds < 100000);
		pass();
		if (desk.n_flying > 0 && roll(4) != 0)
			answer_one();
		else if (desk.n_flying > 0 && roll(20) == 0)
			crash();
		else if (desk.n_flying > 0 && roll(2) == 0)
			desk_move(roll(3) + 1);
		else if (app_next_wake_utc(desk.app) > desk.now.wall_s && desk.n_flying == 0)
			desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
		if (roll(300) == 0)
			desk.now.wall_s += roll(2) != 0 ? 3600 : -3600; /* somebody sets the clock */
		if (roll(500) == 0)
			crash();
	}
}

/* Whatever is left is taken. */
static void calm_down(void)
{
	struct channel_result result = desk_result(CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE);
	for (int day = 0; day < 10;) {
		pass();
		if (desk.n_flying > 0) {
			accepted[desk.flying[0].id]++;
			desk_finish(0, &result);
		} else if (app_next_wake_utc(desk.app) > desk.now.wall_s) {
			desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
			day = desk_count("pending") == 0 ? day + 1 : day;
		}
	}
}

/* Every step of every task for everybody is written down once, sent or with a reason. */
static void check_reminders(const struct policy *policy, int64_t begin_utc)
{
	int64_t expected = 0;
	for (int t = 1; t <= TASKS; t++) {
		struct task task;
		struct person *people = NULL;
		size_t n = 0;
		OK(store_task_load(desk.office.store, t, &task, ERR));
		OK(store_person_of_task(desk.office.store, t, &people, &n, ERR));
		for (size_t p = 0; p < n; p++) {
			struct schedule due;
			const struct schedule_query query = {.policy = policy,
							     .period = &task.period,
							     .event_zone = zone_find(task.zone),
							     .reader_zone = zone_find(people[p].zone),
							     .after_utc = begin_utc,
							     .until_utc = desk.now.wall_s};
			schedule(&query, &due);
			expected += (int64_t)(due.n_due * people[p].n_addresses);
			person_done(&people[p]);
		}
		free(people);
		task_done(&task);
	}
	assert_true(expected > TASKS);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM reminder"), expected);
	assert_int_equal(
		office_number(&desk.office, "SELECT count(*) FROM reminder WHERE message IS NULL AND dropped IS NULL"),
		0);
}

static void check_messages(void)
{
	int64_t last = office_number(&desk.office, "SELECT max(id) FROM message");
	assert_int_equal(desk_count("pending") + desk_count("sending"), 0);
	for (int64_t id = 1; id <= last; id++) {
		struct store_message message;
		OK(store_message_load(desk.office.store, id, &message, ERR));
		if (accepted[id] > 1 + message.crashes + message.uncertain)
			fail_msg("message %lld: %d copies, %lld crashes, %lld unknown", (long long)id, accepted[id],
				 (long long)message.crashes, (long long)message.uncertain);
		if (message.state == MESSAGE_SENT && accepted[id] == 0)
			fail_msg("message %lld counts as sent and nobody has it", (long long)id);
		if (message.state == MESSAGE_DEAD)
			assert_true(strlen(message.reason) > 0);
		store_message_done(&message);
	}
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM attempt WHERE outcome IS NULL"), 0);
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM message WHERE attempts >"
						     " (SELECT count(*) FROM attempt WHERE message = message.id)"),
			 0);
}

static void app__random_year__keeps_every_promise(void **state)
{
	(void)state;
	const char *seed = getenv("DEADLINED_TEST_SEED");
	dice = seed != NULL ? strtoull(seed, NULL, 10) : (unsigned long long)getpid() * 2654435761ULL;
	print_message("seed %llu (DEADLINED_TEST_SEED repeats it)\n", dice);
	log_set_level(LOG_LEVEL_ERROR);
	desk_open(config, "2024-12-31T12:00");
	desk.room = 8;
	int64_t begin_utc = desk.now.wall_s;
	make_plan();
	live_until(begin_utc + YEAR_S);

	calm_down();
	check_reminders(policies_find(app_setup(desk.app)->policies, "default"), begin_utc);
	check_messages();
	print_message("%zu sendings, %lld crashes, %lld sent, %lld dead\n", desk.n_sendings, (long long)n_crashes,
		      (long long)desk_count("sent"), (long long)desk_count("dead"));
	desk_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(app__random_year__keeps_every_promise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
