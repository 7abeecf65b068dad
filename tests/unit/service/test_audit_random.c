/* Weeks of the whole app that audits itself: random tasks and answers, edits of every kind by plain SQL, crashes, a clock
 * that is set. Everything is in order, so no audit may say otherwise. DEADLINED_TEST_SEED=N lives through other ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/log.h"
#include "desk.h"
#include "store/store_audit.h"

enum { TASKS = 40, PEOPLE = 5, SPAN_S = 30 * 86400 };

static const char config[] =
	"[limits]\ncatch_up_max_age = 365d\nmessages_per_hour = 1000000\n"
	"messages_per_hour_per_channel = 1000000\nmessages_per_hour_per_person = 1000000\n"
	"[channel email]\ntype = maildir\npath = mail\n"
	"[channel chat]\ntype = maildir\npath = mail\nrate = 20/m\n"
	"[policy default]\nremind = 30d 7d 1d 2wd before start at 09:00\nremind = 2h before start\n"
	"overdue = 1d after end at 09:00, then every 3d, at most 5\nescalate = 2wd after end\n";

static const char *const zones[] = {"Asia/Sakhalin", "Asia/Shanghai", "Europe/Moscow", "America/New_York", "UTC"};

static unsigned long long dice;

static unsigned roll(unsigned sides)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(dice >> 33) % sides;
}

static void date(char text[20])
{
	(void)snprintf(text, 20, roll(3) == 0 ? "2025-%02u-%02uT%02u:30" : "2025-%02u-%02u", roll(2) + 1, roll(28) + 1,
		       roll(24));
}

static void start(void)
{
	desk_start(config);
	app_use_audit(desk.app, desk.now);
}

static void make_plan(void)
{
	static const char *const channels[] = {"email chat", "email", "chat", "email", ""};
	for (int i = 0; i < PEOPLE; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "p%d", i);
		office_add_person(&desk.office, id, zones[i], channels[i]);
	}
	office_run(&desk.office, "UPDATE person SET digest = 'daily 09:00', quiet = '22:00-07:00' WHERE id = 'p1';"
				 "UPDATE person SET ceiling = 3 WHERE id = 'p2'");
	for (int i = 0; i < TASKS; i++) {
		char uid[16], day[20];
		(void)snprintf(uid, sizeof(uid), "t%d", i);
		date(day);
		(void)office_add_task(
			&desk.office,
			&(struct office_task){.uid = uid,
					      .start = day,
					      .precision = strchr(day, 'T') != NULL ? PERIOD_MINUTE : PERIOD_DAY,
					      .zone = zones[roll(5)],
					      .people = "supervisor:p0 p1 p2",
					      .planned_until = desk.now.wall_s});
	}
	office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;COUNT=30' WHERE id %% 5 = 0");
}

/* What people do to a plan, at any moment. */
static void edit(void)
{
	unsigned task = roll(TASKS) + 1, person = roll(PEOPLE);
	char day[20];
	date(day);
	switch (roll(14)) {
	case 0:
		office_run(&desk.office,
			   "UPDATE task SET start_local = '%s', end_local = '%s', precision = '%s' WHERE id = %u", day,
			   day, strchr(day, 'T') != NULL ? "minute" : "day", task);
		break;
	case 1:
		office_run(&desk.office, "UPDATE task SET status = 'done' WHERE id = %u", task);
		break;
	case 2:
	case 3:
		office_run(&desk.office, "UPDATE task SET status = 'open' WHERE id = %u", task);
		break;
	case 4:
		office_run(&desk.office, "DELETE FROM part WHERE task = %u AND person = 'p%u'", task, person);
		break;
	case 5:
	case 6:
		office_run(&desk.office, "INSERT OR IGNORE INTO part VALUES (%u, 'p%u', '%s')", task, person,
			   roll(2) != 0 ? "participant" : "supervisor");
		break;
	case 7:
		office_run(&desk.office, "UPDATE person SET zone = '%s' WHERE id = 'p%u'", zones[roll(5)], person);
		break;
	case 8:
		office_run(&desk.office, "UPDATE person SET active = 1 - active WHERE id = 'p%u'", person);
		break;
	case 9:
		office_run(&desk.office, "DELETE FROM address WHERE person = 'p%u' AND channel = 'chat'", person);
		break;
	case 10:
		office_run(&desk.office, "INSERT OR IGNORE INTO address VALUES ('p%u', 'chat', 'x%u@example.org')",
			   person, roll(9));
		break;
	case 11:
		office_run(&desk.office,
			   "INSERT INTO silence (task, until_utc, reason, author) VALUES (%u, %lld, 'r', 'a')", task,
			   (long long)desk.now.wall_s + 86400);
		break;
	case 12:
		office_run(&desk.office, "UPDATE task SET title = 'T%u', zone = '%s' WHERE id = %u", roll(99),
			   zones[roll(5)], task);
		break;
	default:
		office_run(&desk.office,
			   "INSERT OR IGNORE INTO acknowledgement SELECT task, occurrence FROM reminder"
			   " WHERE task = %u",
			   task);
		break;
	}
}

static void answer_one(void)
{
	static const struct {
		enum channel_verdict verdict;
		enum channel_blame blame;
	} answers[] = {
		{CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE},  {CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE},
		{CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE},  {CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE},
		{CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL}, {CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL},
		{CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL},   {CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT},
	};
	unsigned kind = roll(8);
	struct channel_result result = desk_result(answers[kind].verdict, answers[kind].blame);
	result.retry_after_s = 1 + roll(7200);
	desk_finish(roll((unsigned)desk.n_flying), &result);
}

static void crash(void)
{
	app_free(desk.app);
	office_reopen(&desk.office);
	start();
}

static void check(void)
{
	struct store_audit known;
	OK(store_audit_load(desk.office.store, &known, ERR));
	for (size_t i = 0; i < known.n_findings; i++)
		fail_msg("%s: %s", known.findings[i].kind, known.findings[i].text);
}

/* At least every half hour the daemon looks around, as scans make it. */
static void live_until(int64_t end_utc)
{
	while (desk.now.wall_s < end_utc) {
		OK(desk_try());
		check();
		int64_t rest_s = app_next_wake_utc(desk.app) - desk.now.wall_s;
		if (desk.n_flying > 0 && roll(4) != 0)
			answer_one();
		else if (desk.n_flying > 0)
			desk_move(roll(20) + 1);
		else if (rest_s > 0)
			desk_move(rest_s < 1800 ? rest_s : 1800);
		if (roll(60) == 0)
			edit();
		if (roll(2000) == 0)
			crash();
		if (roll(2000) == 0 && desk.n_flying == 0) {
			int64_t step_s = roll(2) != 0 ? 7200 : -7200; /* somebody sets the clock */
			desk.now.wall_s += step_s;
		}
	}
}

static void live_through(unsigned long long seed)
{
	dice = seed;
	print_message("seed %llu\n", dice);
	log_set_level(LOG_LEVEL_ERROR);
	desk = (struct desk){.now = {.wall_s = utc("2024-12-31T12:00"), .mono_ms = 1000}, .room = 8};
	office_open(&desk.office);
	start();
	int64_t begin_utc = desk.now.wall_s;
	make_plan();
	live_until(begin_utc + SPAN_S);
	assert_true(office_number(&desk.office, "SELECT count(*) FROM reminder") > TASKS);
	/* A crash, or a clock set ahead, may just have come. */
	assert_true(office_number(&desk.office, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'audit'") >
		    desk.now.wall_s - 6 * 3600);
	print_message("%zu sendings, %lld reminders\n", desk.n_sendings,
		      (long long)office_number(&desk.office, "SELECT count(*) FROM reminder"));
	desk_close();
}

static void app__random_weeks_with_edits__no_audit_finds_anything(void **state)
{
	(void)state;
	static const unsigned long long seeds[] = {1, 2, 67889849023336};
	const char *seed = getenv("DEADLINED_TEST_SEED");
	for (size_t i = 0; i < (seed != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++)
		live_through(seed != NULL ? strtoull(seed, NULL, 10) : seeds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(app__random_weeks_with_edits__no_audit_finds_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
