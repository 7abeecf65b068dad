#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>

#include "base/log.h"
#include "base/table.h"
#include "office.h"
#include "service/rehearse_report.h"

/* The configuration's own channels here: a rehearsal replaces them itself. */
static const char config[] = "[daemon]\ndatabase = plan.db\nstate_dir = .\nzone = Asia/Sakhalin\nlanguage = ru\n"
			     "templates = %s/config/templates\nmessengers = %s/config/messengers\n"
			     "[channel email]\ntype = maildir\npath = mail\n"
			     "[channel other]\ntype = smtp\nurl = smtp://127.0.0.1:1\ntls = off\nfrom = a@example.org\n"
			     "[policy default]\nremind = 7d 1d before start at 09:00\noverdue = 1d after end at 09:00\n"
			     "[policy midnight]\nremind = 0d before start at 00:00\n";

static struct office office;

static int open_office(void **state)
{
	(void)state;
	office_open(&office);
	office_add_person(&office, "anna", "Asia/Sakhalin", "email other");
	office_add_person(&office, "chen", "Asia/Shanghai", "email");
	for (int month = 1; month <= 12; month++) {
		char uid[16], day[32];
		(void)snprintf(uid, sizeof(uid), "t%d", month);
		(void)snprintf(day, sizeof(day), "2025-%02d-15", month);
		(void)office_add_task(&office, &(struct office_task){.uid = uid,
								     .start = day,
								     .zone = "Asia/Shanghai",
								     .people = "anna chen",
								     .planned_until = utc("2026-01-01")});
	}
	office_run(&office, "UPDATE task SET status = 'done' WHERE uid = 't12'");
	/* What is there already must neither be sent nor stop anything. */
	(void)office_add_message(&office, 1, "anna", "email", "7d before start at 09:00", utc("2025-01-07T22:00"));
	store_close(office.store);
	office.store = NULL;
	(void)office_number(&office, "PRAGMA wal_checkpoint(TRUNCATE)");
	return 0;
}

static int close_office(void **state)
{
	(void)state;
	office_close(&office);
	return 0;
}

static struct setup *load_setup(void)
{
	struct problems problems = {0};
	char folder[256], text[2048];
	assert_non_null(getcwd(folder, sizeof(folder)));
	(void)snprintf(text, sizeof(text), config, folder, folder);
	const char *path = scratch_path(&office.scratch, "deadlined.ini");
	scratch_write(path, text, strlen(text));
	struct setup *setup = setup_load(path, &problems);
	problems_print(&problems, stderr);
	assert_non_null(setup);
	return setup;
}

/* What --rehearse prints for these days, seen from the middle of 2026; the caller frees it. */
static char *print(const char *from, const char *to, bool deliver, int64_t *ret_messages)
{
	static const char *const headings[] = {"LOCAL TIME", "ZONE", "RECIPIENT", "CHANNEL", "LANG", "STEP", "TASK"};
	struct rehearse_span span = {.now_utc = utc("2026-06-01"), .deliver = deliver};
	struct store *copy = NULL;
	struct table table;
	char *text = NULL;
	size_t len = 0;
	assert_true(civil_parse(from, &span.from, NULL) && civil_parse(to, &span.to, NULL));
	OK(store_open(office.scratch.database, STORE_MEMORY, 50, &copy, ERR));
	table_init(&table, headings, 7);
	OK(rehearse(copy, load_setup(), &span, rehearse_report_row, &table, ret_messages, ERR));
	FILE *out = open_memstream(&text, &len);
	table_print(&table, out);
	assert_int_equal(fclose(out), 0);
	table_done(&table);
	store_close(copy);
	return text;
}

static size_t count_lines(const char *text, const char *word)
{
	size_t n = 0;
	for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
		n++;
	return n;
}

static size_t count_mails(void)
{
	size_t n = 0;
	DIR *dir = opendir(scratch_path(&office.scratch, "mail/new"));
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

static void rehearse__year__tells_every_message_and_no_more(void **state)
{
	(void)state;
	int64_t n = 0;
	char *text = print("2025-01-01", "2025-12-31", false, &n);
	/* 11 tasks, 3 steps, anna on two channels and chen on one. */
	assert_int_equal(n, 11 * 3 * 3);
	assert_int_equal(count_lines(text, " before start at 09:00"), 11 * 2 * 3);
	assert_int_equal(count_lines(text, "overdue 1d after end at 09:00"), 11 * 3);
	assert_int_equal(count_lines(text, " 09:00  Asia/"), 11 * 3 * 3); /* in everybody's own morning */
	assert_null(strstr(text, "t12"));
	assert_int_equal(count_mails(), 0);
	free(text);
}

static void rehearse__twice__prints_the_same_and_changes_no_byte(void **state)
{
	(void)state;
	size_t len = 0, after_len = 0;
	int64_t n = 0, again_n = 0;
	assert_int_equal(sqlite3_close(office.sql), SQLITE_OK);
	char *before = scratch_read(office.scratch.database, &len);
	char *first = print("2025-03-01", "2025-08-31", false, &n),
	     *second = print("2025-03-01", "2025-08-31", true, &again_n);
	assert_string_equal(first, second);
	assert_int_equal(n, again_n);
	char *after = scratch_read(office.scratch.database, &after_len);
	assert_int_equal(after_len, len);
	assert_memory_equal(after, before, len);
	free(first);
	free(second);
	free(before);
	free(after);
	office_open_sql(&office);
}

static void rehearse__deliver__writes_one_file_a_message_of_local_channels(void **state)
{
	(void)state;
	int64_t n = 0;
	free(print("2025-06-01", "2025-06-30", true, &n));
	assert_int_equal(n, 3 * 3);
	assert_int_equal(count_mails(), 3 * 2); /* none by SMTP */
}

static const struct {
	const char *from, *to;
	int64_t n;
} spans[] = {
	{"2025-06-08", "2025-06-08", 3}, /* the first and the last second of a day belong to it */
	{"2025-06-07", "2025-06-07", 0}, {"2025-06-09", "2025-06-13", 0}, {"2025-06-08", "2025-06-14", 6},
	{"2024-01-01", "2024-12-31", 0}, {"2024-12-01", "2025-01-08", 3},
};

static void rehearse__span__holds_the_days_it_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		int64_t n = 0;
		free(print(spans[i].from, spans[i].to, false, &n));
		if (n != spans[i].n)
			fail_msg("%s..%s: %lld messages", spans[i].from, spans[i].to, (long long)n);
	}
}

/* Its first second is the start of a step. */
static void rehearse__step_at_the_first_instant__is_told(void **state)
{
	(void)state;
	int64_t n = 0, before = 0;
	office_run(&office, "INSERT INTO task (uid, title, start_local, end_local, zone, policy) VALUES"
			    " ('m', 'x', '2025-02-01', '2025-02-01', 'Asia/Sakhalin', 'midnight');"
			    "INSERT INTO part (task, person) SELECT id, 'anna' FROM task WHERE uid = 'm'");
	free(print("2025-02-01", "2025-02-01", false, &n));
	assert_int_equal(n, 2);
	free(print("2025-01-31", "2025-01-31", false, &before));
	assert_int_equal(before, 0);
}

#define WITH_OFFICE(test) cmocka_unit_test_setup_teardown(test, open_office, close_office)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(rehearse__year__tells_every_message_and_no_more),
		WITH_OFFICE(rehearse__twice__prints_the_same_and_changes_no_byte),
		WITH_OFFICE(rehearse__deliver__writes_one_file_a_message_of_local_channels),
		WITH_OFFICE(rehearse__step_at_the_first_instant__is_told),
		WITH_OFFICE(rehearse__span__holds_the_days_it_names),
	};
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	log_set_level(LOG_LEVEL_WARNING);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
