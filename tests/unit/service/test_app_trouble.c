#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk.h"
#include "service/app_priv.h"
#include "store/store_priv.h"

/* What the app says, to whom, and what it does while nothing can be recorded. */

static const char config[] = "operator = op\n[channel email]\ntype = maildir\npath = mail\n"
			     "[policy default]\nremind = 1d before start at 09:00\n";

static int open_desk(void **state)
{
	(void)state;
	desk_open(config, "2025-06-01T00:00");
	desk.answers_at_once = true;
	office_add_person(&desk.office, "anna", "Europe/Moscow", "email");
	office_add_person(&desk.office, "op", "Europe/Moscow", "email");
	desk_tick();
	return 0;
}

static int close_desk(void **state)
{
	(void)state;
	desk_close();
	return 0;
}

/* Passes for so long while another process holds the database; returns what was logged, owned. */
static char *live_locked(int64_t seconds)
{
	const char *path = scratch_path(&desk.office.scratch, "log");
	int before = dup(STDERR_FILENO), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(before >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
	office_run(&desk.office, "BEGIN IMMEDIATE");
	int64_t end_utc = desk.now.wall_s + seconds;
	while (desk.now.wall_s < end_utc) {
		assert_int_equal(desk_try(), -EBUSY);
		assert_non_null(strstr(app_trouble(desk.app), "locked"));
		assert_true(app_next_wake_utc(desk.app) > desk.now.wall_s);
		desk_move(app_next_wake_utc(desk.app) - desk.now.wall_s);
	}
	office_run(&desk.office, "ROLLBACK");
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	assert_int_equal(close(before) + close(file), 0);
	return scratch_read(path, NULL);
}

static int64_t count_lines(const char *log, const char *words)
{
	int64_t n = 0;
	for (const char *at = strstr(log, words); at != NULL; at = strstr(at + 1, words))
		n++;
	return n;
}

static int64_t notices(void)
{
	return office_number(&desk.office, "SELECT count(*) FROM message m JOIN notice n ON n.message = m.id"
					   " WHERE m.person = 'op' AND m.state = 'sent'"
					   " AND n.text LIKE '%%nothing could be recorded%%'");
}

static void trouble__for_minutes__is_said_each_minute_and_told_once_it_is_over(void **state)
{
	(void)state;
	char *log = live_locked(190);
	assert_int_equal(count_lines(log, "nothing can be recorded"), 4); /* soon, and after each minute */
	free(log);
	desk_tick();
	assert_null(app_trouble(desk.app));
	assert_int_equal(notices(), 1);
	desk_move(3600);
	desk_tick();
	assert_int_equal(notices(), 1);
}

static void pass_undone(void)
{
	office_run(&desk.office, "CREATE TRIGGER full BEFORE UPDATE ON message BEGIN SELECT RAISE(FAIL, 'full'); END");
	assert_true(desk_try() < 0);
	office_run(&desk.office, "DROP TRIGGER full");
}

static void trouble__pass_that_tells_of_it_is_undone__is_told_by_a_later_one(void **state)
{
	(void)state;
	free(live_locked(200));
	OK(desk_try());
	pass_undone();
	desk_move(2);
	desk_tick();
	assert_int_equal(notices(), 1);
	desk_move(3600);
	desk_tick();
	assert_int_equal(notices(), 1);
}

/* It is one trouble then, and as long as both. */
static void trouble__comes_back_before_it_is_told__is_told_once_with_all_its_length(void **state)
{
	(void)state;
	free(live_locked(200));
	OK(desk_try());
	free(live_locked(100));
	desk_tick();
	assert_int_equal(notices(), 1);
	assert_non_null(strstr(office_text(&desk.office, "SELECT text FROM notice"), "for 300 s"));
}

static void trouble__pass_that_tells_of_a_template_is_undone__is_told_by_a_later_one(void **state)
{
	(void)state;
	desk.app->template_problem = mem_dup("en/reminder: text: no such name");
	pass_undone();
	desk_move(2);
	desk_tick();
	assert_int_equal(office_number(&desk.office, "SELECT count(*) FROM notice WHERE text LIKE 'a template%%'"), 1);
	assert_null(desk.app->template_problem);
}

static void trouble__for_seconds__is_nobody_elses_business(void **state)
{
	(void)state;
	free(live_locked(20));
	desk_tick();
	assert_null(app_trouble(desk.app));
	assert_int_equal(notices(), 0);
}

/* A disk that is full by the log itself gets that room back. */
/* As another program that writes all the time makes it. */
static void trouble__comes_and_goes__is_said_once_a_minute_if_it_lasts(void **state)
{
	(void)state;
	char *log = live_locked(2); /* one pass fails, and two seconds later it is over */
	assert_int_equal(count_lines(log, "nothing can be recorded"), 0);
	free(log);
	OK(desk_try());
	int64_t n = 0;
	for (int i = 0; i < 10; i++) {
		log = live_locked(5);
		n += count_lines(log, "nothing can be recorded");
		free(log);
		OK(desk_try());
	}
	assert_int_equal(n, 1);
}

static void trouble__disk_full__gives_the_room_of_the_log_back(void **state)
{
	(void)state;
	struct stat log;
	const char *path = scratch_path(&desk.office.scratch, "plan.db-wal");
	sqlite3 *db = desk.office.store->db;
	(void)office_add_task(&desk.office, &(struct office_task){.uid = "t",
								  .start = "2025-06-15",
								  .zone = "Europe/Moscow",
								  .people = "anna",
								  .planned_until = desk.now.wall_s});
	for (int i = 0; i < 400; i++) /* no page is free for what the pass writes */
		office_run(&desk.office,
			   "INSERT INTO ledger (at_utc, action, detail) VALUES (1, 'x', printf('%%.*c', 900, 'x'))");
	desk_move_to("2025-06-14T06:00");
	assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count = 1", NULL, NULL, NULL),
			 SQLITE_OK); /* as many as there are */
	bool was_full = false;
	for (int i = 0; i < 50 && !was_full; i++) {
		office_run(&desk.office,
			   "UPDATE task SET note = note || printf('%%.*c', 3000, 'y'), next_due_utc = NULL");
		was_full = desk_try() == -ENOSPC;
		desk_move(2);
	}
	assert_true(was_full);
	assert_int_equal(stat(path, &log), 0);
	assert_true(log.st_size > 0);
	(void)desk_try();
	assert_int_equal(stat(path, &log), 0);
	assert_int_equal(log.st_size, 0);
}

static void trouble__told_to_stop__says_nothing_of_recording(void **state)
{
	(void)state;
	free(live_locked(20));
	app_stop(desk.app);
	desk_tick();
	assert_non_null(app_trouble(desk.app)); /* nothing was recorded, so nothing is known */
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)
	const struct CMUnitTest tests[] = {
		ROW(trouble__for_minutes__is_said_each_minute_and_told_once_it_is_over),
		ROW(trouble__pass_that_tells_of_it_is_undone__is_told_by_a_later_one),
		ROW(trouble__comes_back_before_it_is_told__is_told_once_with_all_its_length),
		ROW(trouble__pass_that_tells_of_a_template_is_undone__is_told_by_a_later_one),
		ROW(trouble__for_seconds__is_nobody_elses_business),
		ROW(trouble__comes_and_goes__is_said_once_a_minute_if_it_lasts),
		ROW(trouble__disk_full__gives_the_room_of_the_log_back),
		ROW(trouble__told_to_stop__says_nothing_of_recording),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
