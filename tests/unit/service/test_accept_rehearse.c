/* What a rehearsal lists is what the daemon then sends: the same instant, person, channel, language and step, on random
 * plans. DEADLINED_TEST_SEED repeats one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "remind/reader.h"
#include "service/rehearse.h"
#include "stage.h"
#include "store/store_absence.h"

enum { PLANS = 5, TASKS = 14, PEOPLE = 6 };

static const char config[] =
	"[channel email]\ntype = maildir\npath = mail\n[channel telegram]\ntype = maildir\npath = mail\n"
	"[policy default]\nremind = 7d 1d before start at 09:00\nremind = 2h before start\nremind = 3wd before end\n"
	"fix_date = 10d before start, then every 3d\noverdue = 1d 2d after end at 08:00, then every 3d, at most 4\n"
	"escalate = 2wd after end\n"
	"[policy calm]\nremind = 5d before start in digest\nremind = 1d before start at 22:30 to watcher responsible\n"
	"channels = email\n";

static unsigned long long dice;

static unsigned roll(unsigned sides)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(dice >> 33) % sides;
}

#define PICK(list) ((list)[roll(sizeof(list) / sizeof((list)[0]))])

static void make_people(void)
{
	static const char *const zones[] = {"Asia/Sakhalin", "Asia/Shanghai", "Europe/Moscow", "America/New_York"};
	static const char *const channels[] = {"email telegram", "email", "telegram", ""};
	static const char *const quiet[] = {"", "22:00-08:00", "23:30-07:15"};
	static const char *const work[] = {"", "", "09:00-18:00", "Mon-Fri 09:00-18:00", "Tue,Thu 10:00-12:00"};
	static const char *const digests[] = {"", "daily 09:00", "weekly Mon 08:30", "daily 07:00"};
	static const char *const calendars[] = {"", "russia", "china"};
	static const char *const languages[] = {"en", "ru", "zh"};
	for (int i = 0; i < PEOPLE; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "p%c", 'a' + i);
		office_add_person(&stage.office, id, PICK(zones), i == 0 ? "email" : PICK(channels));
		office_run(
			&stage.office,
			"UPDATE person SET quiet = '%s', work = '%s', digest = '%s', calendar = '%s', language = '%s',"
			" ceiling = %u WHERE id = '%s'",
			PICK(quiet), PICK(work), PICK(digests), PICK(calendars), PICK(languages), roll(3) == 0 ? 1 : 0,
			id);
	}
	office_run(&stage.office, "INSERT INTO deputy VALUES ('pb', 'pa', '2025-05-05', '2025-05-20')");
}

static void make_task(int number)
{
	static const char *const zones[] = {"Asia/Sakhalin", "Asia/Shanghai", "Europe/Moscow"};
	static const char *const roles[] = {"responsible", "participant", "supervisor", "watcher"};
	char uid[16], start[32], end[32];
	bool is_minute = roll(3) == 0;
	int day = (int)roll(28) + 1;
	(void)snprintf(uid, sizeof(uid), "t%02d", number);
	(void)snprintf(start, sizeof(start), is_minute ? "2025-05-%02dT%02u:30" : "2025-05-%02d", day, roll(24));
	(void)snprintf(end, sizeof(end), "2025-05-%02d", day + (int)roll((unsigned)(31 - day) + 1));
	int64_t id = office_add_task(&stage.office,
				     &(struct office_task){.uid = uid,
							   .start = start,
							   .end = is_minute ? start : end,
							   .precision = is_minute ? PERIOD_MINUTE : PERIOD_RANGE,
							   .zone = PICK(zones),
							   .policy = roll(4) == 0 ? "calm" : "default",
							   .planned_until = stage.now.wall_s});
	for (int i = 0; i < PEOPLE; i++)
		if (roll(2) == 0)
			office_run(&stage.office, "INSERT INTO part (task, person, role) VALUES (%lld, 'p%c', '%s')",
				   (long long)id, 'a' + i, PICK(roles));
	if (roll(5) == 0)
		office_run(&stage.office, "UPDATE task SET priority = 'urgent' WHERE id = %lld", (long long)id);
	if (roll(5) == 0)
		OK(store_silence_add(stage.office.store, id, roll(2) == 0 ? "pa" : NULL, utc("2025-05-12"), "why not",
				     "pa", ERR));
}

/* ---- two lists ---------------------------------------------------------------------------------------------------- */

static struct strlist rehearsed, lived;

static void add_line(struct strlist *list, int64_t at_utc, const char *person, const char *channel,
		     const char *language, const char *what)
{
	char at[32];
	clock_format_utc(at_utc, at);
	char *line = mem_printf("%s %s %s %s %s", at, person, channel, language, what);
	strlist_add(list, line, strlen(line));
	free(line);
}

static void on_row(void *arg, const struct rehearse_row *row)
{
	(void)arg;
	if (strcmp(row->state, "dropped") == 0)
		return;
	char *what = row->task[0] == '\0' ? mem_dup("digest") : mem_printf("%s: %s", row->task, row->step);
	add_line(&rehearsed, row->at_utc, row->person, row->channel, row->language, what);
	free(what);
}

static void list_lived(void)
{
	for (size_t i = 0; i < stage.n_sent; i++) {
		const struct stage_sent *sent = &stage.sent[i];
		const char *line = sent->steps[0] != '\0' ? sent->steps : sent->kind;
		while (*line != '\0') {
			size_t len = strcspn(line, "\n");
			char *what = mem_dup_n(line, len);
			add_line(&lived, sent->at_utc, sent->person, sent->channel, sent->language, what);
			free(what);
			line += len + (line[len] == '\n');
		}
	}
}

static int compare(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void check_lists(void)
{
	size_t n = rehearsed.n > lived.n ? rehearsed.n : lived.n;
	if (rehearsed.n > 0)
		qsort(rehearsed.items, rehearsed.n, sizeof(rehearsed.items[0]), compare);
	if (lived.n > 0)
		qsort(lived.items, lived.n, sizeof(lived.items[0]), compare);
	for (size_t i = 0; i < n; i++) {
		const char *a = i < rehearsed.n ? rehearsed.items[i] : "-", *b = i < lived.n ? lived.items[i] : "-";
		if (strcmp(a, b) != 0)
			fail_msg("rehearsed: %s\nlived:     %s", a, b);
	}
}

/* The database is closed meanwhile, so that its bytes can be looked at. */
static void rehearse_may(void)
{
	const struct rehearse_span span = {
		.from = {2025, 5, 1, 0, 0, 0}, .to = {2025, 6, 15, 0, 0, 0}, .now_utc = stage.now.wall_s};
	struct store *copy = NULL;
	size_t len = 0, len_after = 0;
	int64_t n = 0;
	app_free(stage.app);
	store_close(stage.office.store);
	assert_int_equal(sqlite3_close(stage.office.sql), SQLITE_OK);
	char *before = scratch_read(stage.office.scratch.database, &len);

	OK(store_open(stage.office.scratch.database, STORE_MEMORY, 50, &copy, ERR));
	OK(rehearse(copy, stage_setup(config), &span, on_row, NULL, &n, ERR));
	store_close(copy);

	char *after = scratch_read(stage.office.scratch.database, &len_after);
	assert_int_equal(len, len_after);
	assert_memory_equal(before, after, len);
	free(before);
	free(after);
	OK(store_open(stage.office.scratch.database, STORE_WRITE, 50, &stage.office.store, ERR));
	office_open_sql(&stage.office);
	stage_up();
}

/* Nobody is disturbed, but for what is urgent. */
static void check_hours(void)
{
	for (size_t i = 0; i < stage.n_sent; i++) {
		const struct stage_sent *sent = &stage.sent[i];
		struct person person;
		struct reader reader;
		OK(store_person_load(stage.office.store, sent->person, &person, ERR));
		reader_init(&reader, &person, app_setup(stage.app)->calendars, zone_find("UTC"));
		bool is_urgent = office_number(&stage.office, "SELECT urgent FROM message WHERE id = %lld",
					       (long long)sent->id) == 1;
		if (!is_urgent && hours_open_utc(&reader.time, sent->at_utc, false, NULL) != sent->at_utc)
			fail_msg("message %lld to %s came outside of their hours", (long long)sent->id, sent->person);
		person_done(&person);
	}
}

static size_t n_lines;

static void play(unsigned long long seed)
{
	dice = seed;
	/* 30 April 2025, 23:00 in Sakhalin: before the first day of the span. */
	stage_open(config, "2025-04-30T12:00");
	make_people();
	for (int i = 0; i < TASKS; i++)
		make_task(i);
	rehearse_may();
	stage_live("2025-06-15T12:59:59"); /* the last second of the span in Sakhalin */
	list_lived();
	print_message("seed %llu: %zu rehearsed, %zu lived\n", seed, rehearsed.n, lived.n);
	n_lines += lived.n;
	check_lists();
	check_hours();
	strlist_done(&rehearsed);
	strlist_done(&lived);
	rehearsed = lived = (struct strlist){0};
	stage_close();
}

static void rehearse__random_plans__list_what_the_daemon_then_sends(void **state)
{
	(void)state;
	const char *seed = getenv("DEADLINED_TEST_SEED");
	if (seed != NULL) {
		play(strtoull(seed, NULL, 10));
		return;
	}
	for (unsigned long long i = 1; i <= PLANS; i++)
		play(i * 7919);
	assert_true(n_lines > PLANS * 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rehearse__random_plans__list_what_the_daemon_then_sends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
