/* What plan and --rehearse foretell is what the daemon does: over random offices (plans, people with their hours, digests,
 * deputies and ceilings, policies) and edits at random instants, the rehearsal names the same instants, people, channels
 * and steps that a live app then hands to its channels, the table of --rehearse has the same lines, and the database stays
 * as it is. The offices are the same at every run; DEADLINED_TEST_SEED names one of the others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/table.h"
#include "desk.h"
#include "remind/planner.h"
#include "service/rehearse_report.h"
#include "store/store_absence.h"
#include "store/store_reader.h"

enum { OFFICES = 40, SEGMENTS = 5, TASKS = 7, PEOPLE = 5, DAY_S = 86400, CONFIG_MAX = 4096 };

static unsigned long long dice;

static unsigned roll(unsigned sides)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(dice >> 33) % sides;
}

#define PICK(table) ((table)[roll(sizeof(table) / sizeof((table)[0]))])

/* ---- a random office ---------------------------------------------------------------------------------------------- */

static const char *const zones[] = {"Asia/Sakhalin", "Asia/Shanghai", "Europe/Moscow", "America/New_York", "UTC"};
static const char *const quiets[] = {"", "", "22:00-08:00", "20:00-11:00", "00:00-06:30"};
static const char *const works[] = {"", "", "09:00-18:00", "Mon-Fri 10:00-16:00", "Mon,Wed 09:00-12:00", "Sun-Thu"};
static const char *const digests[] = {"", "", "daily 09:00", "daily 07:30", "weekly Mon 09:00", "weekly Sat 23:00"};
static const char *const calendars[] = {"", "", "russia", "china"};

static const char *random_config(void)
{
	static const char *const steps[] = {
		"remind = 30d 7d 3d 1d before start at 09:00\n",
		"remind = 3wd 1wd before end at 10:00 to responsible\n",
		"remind = 2h 30m before start\n",
		"remind = 14d 2d before start at 23:30 event time\n",
		"remind = 5d before start in digest\n",
		"remind = 0d before start at 09:00 to watcher supervisor\n",
		"fix_date = 20d before start, then every 4d\n",
		"overdue = 1d 3d after end, then every 5d, at most 5\n",
		"overdue = 1d after end at 07:00\n",
		"escalate = 2wd after end to supervisor\n",
	};
	static const char *const channels[] = {"", "channels = email\n", "channels = telegram email\n"};
	static const char *const ages[] = {"2d", "7d", "30d"};
	static const char *const names[] = {"default", "one", "two"};
	static struct buf config;
	char folder[256];
	assert_non_null(getcwd(folder, sizeof(folder)));
	buf_done(&config);
	buf_init(&config, CONFIG_MAX);
	buf_printf(
		&config,
		"calendars = %s/config/calendars\n[limits]\nmessages_per_hour = 10000\nmessages_per_hour_per_person = 10000\ncatch_up_max_age = %s\n"
		"[channel email]\ntype = maildir\npath = mail\n[channel telegram]\ntype = maildir\npath = mail\n",
		folder, PICK(ages));
	for (size_t i = 0; i < 3; i++) {
		buf_printf(&config, "[policy %s]\n%s%s", names[i], steps[i], PICK(channels));
		for (size_t j = 3; j < sizeof(steps) / sizeof(steps[0]); j++)
			if (roll(3) == 0)
				buf_add_str(&config, steps[j]);
	}
	assert_false(config.is_over);
	return buf_str(&config);
}

static void random_hours(unsigned person)
{
	office_run(
		&desk.office,
		"UPDATE person SET zone = '%s', calendar = '%s', quiet = '%s', work = '%s', digest = '%s', ceiling = %u"
		" WHERE id = 'p%u'",
		PICK(zones), PICK(calendars), PICK(quiets), PICK(works), PICK(digests), roll(3) == 0 ? 1 + roll(2) : 0,
		person);
}

static void day_after(int64_t days, char text[CIVIL_DATE_SIZE])
{
	struct civil day = civil_from_seconds(desk.now.wall_s + days * DAY_S);
	civil_format_date(&day, text);
}

static void random_period(char start[CIVIL_TEXT_SIZE + 8], char end[CIVIL_TEXT_SIZE + 8],
			  enum period_precision *ret_precision)
{
	int64_t from = (int64_t)roll(60) - 10;
	char day[CIVIL_DATE_SIZE];
	day_after(from, day);
	(void)snprintf(start, CIVIL_TEXT_SIZE, "%s", day);
	(void)snprintf(end, CIVIL_TEXT_SIZE, "%s", day);
	*ret_precision = PERIOD_DAY;
	if (roll(3) == 0) {
		(void)snprintf(start, CIVIL_TEXT_SIZE, "%sT%02u:%02u", day, roll(24), roll(60));
		(void)snprintf(end, CIVIL_TEXT_SIZE, "%s", start);
		*ret_precision = PERIOD_MINUTE;
	} else if (roll(2) == 0) {
		day_after(from + 1 + roll(20), day);
		(void)snprintf(end, CIVIL_TEXT_SIZE, "%s", day);
		*ret_precision = PERIOD_RANGE;
	}
}

static void random_task(unsigned number)
{
	static const char *const roles[] = {"responsible", "participant", "participant", "supervisor", "watcher"};
	static const char *const policies[] = {"default", "one", "two", "unknown"};
	char uid[16], start[CIVIL_TEXT_SIZE + 8], end[CIVIL_TEXT_SIZE + 8], people[64] = "";
	struct office_task row = {.uid = uid,
				  .start = start,
				  .end = end,
				  .zone = PICK(zones),
				  .policy = PICK(policies),
				  .people = people,
				  .planned_until = desk.now.wall_s - (int64_t)roll(2) * roll(10) * DAY_S};
	(void)snprintf(uid, sizeof(uid), "t%u", number);
	random_period(start, end, &row.precision);
	for (unsigned p = 0; p < PEOPLE; p++)
		if (roll(2) != 0)
			(void)snprintf(people + strlen(people), 8, "p%u ", p);
	if (roll(6) == 0)
		row.start = NULL;
	int64_t id = office_add_task(&desk.office, &row);
	for (unsigned p = 0; p < PEOPLE; p++)
		office_run(&desk.office, "UPDATE part SET role = '%s' WHERE task = %lld AND person = 'p%u'",
			   PICK(roles), (long long)id, p);
	if (roll(5) == 0)
		office_run(&desk.office, "UPDATE task SET priority = 'urgent' WHERE id = %lld", (long long)id);
	if (roll(5) == 0 && row.start != NULL)
		office_run(&desk.office, "UPDATE task SET rrule = 'FREQ=WEEKLY;COUNT=6' WHERE id = %lld",
			   (long long)id);
}

static void random_deputy(void)
{
	char person[8], deputy[8], from[CIVIL_DATE_SIZE], to[CIVIL_DATE_SIZE];
	unsigned who = roll(PEOPLE);
	int64_t first = (int64_t)roll(10) - 3;
	(void)snprintf(person, sizeof(person), "p%u", who);
	(void)snprintf(deputy, sizeof(deputy), "p%u", (who + 1 + roll(PEOPLE - 1)) % PEOPLE);
	day_after(first, from);
	day_after(first + roll(20), to);
	OK(store_deputy_set(desk.office.store, person, deputy, from, to, ERR));
}

static void random_office(void)
{
	static const char *const addresses[] = {"email", "telegram", "email telegram", "email telegram", ""};
	for (unsigned p = 0; p < PEOPLE; p++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "p%u", p);
		office_add_person(&desk.office, id, "UTC", PICK(addresses));
		random_hours(p);
	}
	for (unsigned t = 0; t < TASKS; t++)
		random_task(t);
	if (roll(2) == 0)
		random_deputy();
}

/* ---- random edits ------------------------------------------------------------------------------------------------- */

static void edit_move(unsigned task)
{
	char start[CIVIL_TEXT_SIZE + 8], end[CIVIL_TEXT_SIZE + 8];
	enum period_precision precision;
	random_period(start, end, &precision);
	office_run(&desk.office,
		   "UPDATE task SET start_local = '%s', end_local = '%s', precision = '%s' WHERE uid = 't%u'", start,
		   end, period_precision_name(precision), task);
}

static void edit_snooze(unsigned task)
{
	struct planner_channel channels[2];
	const struct setup *setup = app_setup(desk.app);
	for (size_t i = 0; i < 2; i++)
		channels[i] = (struct planner_channel){setup->channels[i]->name, setup->channels[i]->domain};
	const struct planner planner = {.policies = setup->policies,
					.channels = channels,
					.n_channels = 2,
					.calendars = setup->calendars,
					.catch_up_max_age_s = 7 * (int64_t)DAY_S};
	struct task row;
	struct person *people = NULL;
	size_t n = 0;
	char uid[8], key[PERIOD_KEY_SIZE];
	(void)snprintf(uid, sizeof(uid), "t%u", task);
	OK(store_task_find(desk.office.store, uid, &row, ERR));
	OK(planner_people(desk.office.store, row.id, &people, &n, ERR));
	period_key(&row.period, key);
	if (n > 0)
		OK(planner_snooze(&planner, desk.office.store, &row, key, &people[0],
				  desk.now.wall_s + 3600 * (1 + (int64_t)roll(100)), desk.now.wall_s, ERR));
	for (size_t i = 0; i < n; i++)
		person_done(&people[i]);
	free(people);
	task_done(&row);
}

static void edit_acknowledge(unsigned task)
{
	const char *key = office_text(&desk.office,
				      "SELECT occurrence FROM reminder WHERE task ="
				      " (SELECT id FROM task WHERE uid = 't%u') ORDER BY due_utc DESC LIMIT 1",
				      task);
	int64_t id = office_number(&desk.office, "SELECT id FROM task WHERE uid = 't%u'", task);
	char copy[PERIOD_KEY_SIZE];
	(void)snprintf(copy, sizeof(copy), "%s", key);
	OK(store_acknowledge(desk.office.store, id, copy, ERR));
}

static void edit_silence(unsigned task, unsigned person)
{
	char id[8];
	(void)snprintf(id, sizeof(id), "p%u", person);
	int64_t row = office_number(&desk.office, "SELECT id FROM task WHERE uid = 't%u'", task);
	bool is_task = roll(2) == 0;
	OK(store_silence_add(desk.office.store, is_task ? row : 0, is_task ? NULL : id,
			     desk.now.wall_s + DAY_S * (1 + (int64_t)roll(20)), "quiet", "olga", ERR));
}

static bool has_lived; /* the app of the desk has made a pass */

/* The daemon was down for a while. */
static void edit_stop(const char *config)
{
	desk_move((int64_t)roll(12 * DAY_S));
	desk_crash(config);
	has_lived = false;
}

static void edit(const char *config)
{
	static const char *const statuses[] = {"done", "cancelled", "open"};
	unsigned task = roll(TASKS), person = roll(PEOPLE);
	switch (roll(11)) {
	case 0:
	case 1:
		edit_move(task);
		break;
	case 2:
		office_run(&desk.office, "UPDATE task SET status = '%s' WHERE uid = 't%u'", PICK(statuses), task);
		break;
	case 3:
		random_hours(person);
		break;
	case 4:
		edit_snooze(task);
		break;
	case 5:
		edit_acknowledge(task);
		break;
	case 6:
		edit_silence(task, person);
		break;
	case 7:
		random_deputy();
		break;
	case 8:
		edit_stop(config);
		break;
	case 9:
		office_run(&desk.office,
			   "DELETE FROM part WHERE person = 'p%u' AND task = (SELECT id FROM task WHERE uid = 't%u')",
			   person, task);
		break;
	default:
		office_run(&desk.office, "UPDATE person SET active = 1 - active WHERE id = 'p%u'", person);
		break;
	}
}

/* ---- what is foretold --------------------------------------------------------------------------------------------- */

struct story {
	struct strlist rows;  /* "instant task occurrence step person channel" of what leaves before until_utc */
	struct strlist lines; /* the same rows as the table of --rehearse prints them */
	int64_t until_utc;
};

static void story_add(struct story *story, int64_t at_utc, const char *task, const char *occurrence, const char *step,
		      const char *person, const char *channel)
{
	char at[32];
	clock_format_utc(at_utc, at);
	char *row = mem_printf("%s %s [%s] %s -> %s by %s", at, task, occurrence, step, person, channel);
	strlist_add(&story->rows, row, strlen(row));
	free(row);
}

static void story_take(void *arg, const struct rehearse_row *row)
{
	struct story *story = arg;
	char local[ZONE_TEXT_SIZE];
	if (strcmp(row->state, "dropped") == 0) {
		assert_true(row->reason[0] != '\0');
		return;
	}
	assert_int_equal(strcmp(row->state, "held") == 0, row->reason[0] != '\0');
	zone_format(zone_find(row->zone), row->at_utc, local);
	char *line = mem_printf("%.10s %.5s %s %s %s %s %s %s", local, local + 11, row->zone, row->person, row->channel,
				row->language, row->step, row->task);
	strlist_add(&story->lines, line, strlen(line));
	free(line);
	if (row->at_utc < story->until_utc)
		story_add(story, row->at_utc, row->task, row->occurrence, row->step, row->person, row->channel);
}

static void rehearse_days(const char *config, int64_t until_utc, rehearse_row_cb each, void *arg)
{
	struct store *copy = NULL;
	int64_t messages = 0;
	const struct zone *moscow = zone_find("Europe/Moscow");
	struct rehearse_span span = {.from = zone_to_civil(moscow, desk.now.wall_s),
				     .to = zone_to_civil(moscow, until_utc),
				     .now_utc = desk.now.wall_s,
				     .is_watched = has_lived};
	span.from = (struct civil){.year = span.from.year, .month = span.from.month, .day = span.from.day};
	span.to = (struct civil){.year = span.to.year, .month = span.to.month, .day = span.to.day};
	OK(store_open(desk.office.scratch.database, STORE_MEMORY, 50, &copy, ERR));
	OK(rehearse(copy, desk_setup(config), &span, each, arg, &messages, ERR));
	store_close(copy);
}

/* The database and what it has not moved into its file yet; by another process, see scratch_read(). */
static void fingerprint(char text[128])
{
	char *command = mem_printf("cat %s %s-wal | cksum", desk.office.scratch.database, desk.office.scratch.database);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(text, 128, pipe));
	assert_int_equal(pclose(pipe), 0);
	free(command);
}

static void check_table(const char *config, const struct story *story)
{
	struct table table;
	rehearse_report_headings(&table);
	rehearse_days(config, story->until_utc, rehearse_report_row, &table);
	assert_int_equal(table.cells.n, table.columns * (story->lines.n + 1));
	for (size_t i = 0; i < story->lines.n; i++) {
		char **cells = &table.cells.items[table.columns * (i + 1)];
		char *line = mem_printf("%s %s %s %s %s %s %s", cells[0], cells[1], cells[2], cells[3], cells[4],
					cells[5], cells[6]);
		assert_string_equal(line, story->lines.items[i]);
		free(line);
	}
	table_done(&table);
}

/* ---- what happens ------------------------------------------------------------------------------------------------- */

static void live_take(struct story *story, const struct desk_sending *sending)
{
	sqlite3_stmt *stmt = NULL;
	static const char sql[] =
		"SELECT t.uid, r.occurrence, r.step, r.person, r.channel FROM reminder r"
		" JOIN task t ON t.id = r.task WHERE r.message = ?1 AND r.dropped IS NULL"
		" UNION ALL SELECT '', '', kind, person, channel FROM message WHERE id = ?1 AND kind = 'digest'";
	assert_int_equal(sqlite3_prepare_v2(desk.office.sql, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_bind_int64(stmt, 1, sending->id), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		story_add(story, desk.now.wall_s, (const char *)sqlite3_column_text(stmt, 0),
			  (const char *)sqlite3_column_text(stmt, 1), (const char *)sqlite3_column_text(stmt, 2),
			  (const char *)sqlite3_column_text(stmt, 3), (const char *)sqlite3_column_text(stmt, 4));
	(void)sqlite3_finalize(stmt);
}

static void live_until(struct story *story, int64_t until_utc)
{
	while (desk.now.wall_s < until_utc) {
		desk_tick();
		for (size_t i = 0; i < desk.n_sendings; i++)
			live_take(story, &desk.sendings[i]);
		desk.n_sendings = 0;
		int64_t next = app_next_wake_utc(desk.app);
		desk_move((next < until_utc ? next : until_utc) - desk.now.wall_s);
	}
}

/* ---- the comparison ----------------------------------------------------------------------------------------------- */

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void check_same(struct story *foretold, struct story *lived, unsigned long long seed)
{
	if (foretold->rows.n > 0)
		qsort(foretold->rows.items, foretold->rows.n, sizeof(char *), compare_texts);
	if (lived->rows.n > 0)
		qsort(lived->rows.items, lived->rows.n, sizeof(char *), compare_texts);
	for (size_t i = 0; i < foretold->rows.n || i < lived->rows.n; i++) {
		const char *said = i < foretold->rows.n ? foretold->rows.items[i] : "(nothing more)";
		const char *done = i < lived->rows.n ? lived->rows.items[i] : "(nothing more)";
		if (strcmp(said, done) != 0)
			fail_msg("DEADLINED_TEST_SEED=%llu\nforetold: %s\nlived:    %s", seed, said, done);
	}
}

static void story_done(struct story *story)
{
	strlist_done(&story->rows);
	strlist_done(&story->lines);
}

static size_t run_segment(const char *config, bool is_table_checked, unsigned long long seed)
{
	struct story foretold = {.until_utc = desk.now.wall_s + 3600 + (int64_t)roll(35 * DAY_S)}, lived = {0};
	char before[128], after[128];
	fingerprint(before);
	rehearse_days(config, foretold.until_utc, story_take, &foretold);
	if (is_table_checked)
		check_table(config, &foretold);
	fingerprint(after);
	assert_string_equal(before, after);
	live_until(&lived, foretold.until_utc);
	has_lived = true;
	check_same(&foretold, &lived, seed);
	size_t n = lived.rows.n;
	story_done(&foretold);
	story_done(&lived);
	return n;
}

static size_t run_office(unsigned long long seed)
{
	size_t n = 0;
	dice = seed;
	char *config = mem_dup(random_config());
	desk_open(config, "2025-02-26T10:17:31");
	has_lived = false;
	desk.answers_at_once = true;
	desk_move((int64_t)roll(300 * DAY_S));
	random_office();
	for (int i = 0; i < SEGMENTS; i++) {
		n += run_segment(config, i % 2 == 0, seed);
		for (unsigned edits = 1 + roll(4); edits > 0; edits--)
			edit(config);
	}
	desk_close();
	free(config);
	return n;
}

static void plan__of_a_random_office__is_what_the_daemon_does(void **state)
{
	(void)state;
	const char *given = getenv("DEADLINED_TEST_SEED");
	unsigned long long first = given != NULL ? strtoull(given, NULL, 10) : 1;
	size_t n = 0;
	print_message("seeds %llu and on\n", first);
	for (unsigned long long i = 0; i < (given != NULL ? 1 : OFFICES); i++)
		n += run_office(first + i);
	print_message("%zu reminders and digests left as they were foretold\n", n);
	assert_true(given != NULL || n > OFFICES);
}

/* The holidays of a spring festival last longer than reminders keep, and longer than a scan. */
static void live_through_holidays(const char *digest, struct story *lived)
{
	char folder[256];
	assert_non_null(getcwd(folder, sizeof(folder)));
	char *config = mem_printf("calendars = %s/config/calendars\n[limits]\ncatch_up_max_age = 2d\n"
				  "[channel email]\ntype = maildir\npath = mail\n"
				  "[policy default]\nremind = 1d before start at 09:00\n",
				  folder);
	/* too late to be told before the holidays */
	desk_open(config, "2025-01-27T02:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "wang", "Asia/Shanghai", "email");
	office_run(&desk.office, "UPDATE person SET calendar = 'china', work = '09:00-18:00', digest = '%s'", digest);
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "visit",
								  .start = "2025-01-30",
								  .people = "wang",
								  .planned_until = desk.now.wall_s});
	live_until(lived, utc("2025-02-05T09:00"));
	desk_close();
	free(config);
}

static void plan__hold_beyond_catch_up_max_age__is_sent_when_it_ends(void **state)
{
	(void)state;
	struct story lived = {0};
	live_through_holidays("", &lived);
	assert_int_equal(lived.rows.n, 1);
	assert_string_equal(lived.rows.items[0],
			    "2025-02-05T01:00:00Z visit [2025-01-30] 1d before start at 09:00 -> wang by email");
	story_done(&lived);
}

static void plan__digest_held_beyond_catch_up_max_age__is_sent_when_it_ends(void **state)
{
	(void)state;
	struct story lived = {0};
	live_through_holidays("daily 20:00", &lived);
	assert_true(strlist_has(&lived.rows, "2025-02-05T01:00:00Z  [] digest -> wang by email"));
	assert_int_equal(lived.rows.n, 2);
	story_done(&lived);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan__hold_beyond_catch_up_max_age__is_sent_when_it_ends),
		cmocka_unit_test(plan__digest_held_beyond_catch_up_max_age__is_sent_when_it_ends),
		cmocka_unit_test(plan__of_a_random_office__is_what_the_daemon_does),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
