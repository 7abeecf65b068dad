#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "service/lock.h"

struct place {
	char folder[64], database[96], file[128];
};

static int lock_test_setup(void **state)
{
	static struct place place;
	(void)snprintf(place.folder, sizeof(place.folder), "/tmp/test_lock.XXXXXX");
	if (mkdtemp(place.folder) == NULL)
		return -1;
	(void)snprintf(place.database, sizeof(place.database), "%s/plan.db", place.folder);
	(void)snprintf(place.file, sizeof(place.file), "%s.lock", place.database);
	*state = &place;
	return 0;
}

static int lock_test_teardown(void **state)
{
	struct place *place = *state;
	(void)unlink(place->file);
	return rmdir(place->folder);
}

static void lock__free_database__is_not_held(void **state)
{
	struct place *place = *state;
	pid_t holder = 7;
	assert_false(lock_is_held(place->database, &holder));
	assert_int_equal(holder, 7);
	assert_int_equal(access(place->file, F_OK), -1);
}

static void lock__taken__names_its_holder_until_closed(void **state)
{
	struct place *place = *state;
	int fd = -1, second = -1;
	pid_t holder = 0;
	struct err err = {0};
	struct stat status;
	assert_int_equal(lock_take(place->database, &fd, &holder, &err), 0);
	assert_int_equal(stat(place->file, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);

	assert_true(lock_is_held(place->database, &holder));
	assert_int_equal(holder, getpid());
	holder = 0;
	assert_int_equal(lock_take(place->database, &second, &holder, &err), -EBUSY);
	assert_int_equal(holder, getpid());
	assert_int_equal(second, -1);
	assert_non_null(strstr(err.text, "pid"));

	/* Looking and failing to take it have not let go of it. */
	assert_true(lock_is_held(place->database, &holder));
	assert_int_equal(close(fd), 0);
	assert_false(lock_is_held(place->database, &holder));
	assert_int_equal(lock_take(place->database, &fd, &holder, &err), 0);
	assert_int_equal(close(fd), 0);
}

static void lock__holder_killed__is_free_again(void **state)
{
	struct place *place = *state;
	int ready[2], fd = -1;
	pid_t holder = 0;
	struct err err = {0};
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int status = lock_take(place->database, &fd, &holder, &err);
		_exit(status == 0 && write(ready[1], "x", 1) == 1 && pause() < 0 ? 0 : 1);
	}

	char byte;
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_true(lock_is_held(place->database, &holder));
	assert_int_equal(holder, child);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(lock_is_held(place->database, &holder));
	assert_int_equal(lock_take(place->database, &fd, &holder, &err), 0);
	assert_true(lock_is_held(place->database, &holder));
	assert_int_equal(holder, getpid());
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(ready[0]) + close(ready[1]), 0);
}

static void lock__holder_crashed__is_known_to_the_next_who_asks_alone(void **state)
{
	struct place *place = *state;
	static const struct {
		int number;
		bool is_crash;
	} rows[] = {{SIGABRT, true}, {SIGKILL, false}, {SIGSEGV, true}, {SIGTERM, false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = -1, status = 0;
		pid_t holder = 0;
		struct err err = {0};
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			if (lock_take(place->database, &fd, &holder, &err) < 0)
				_exit(1);
			lock_mark_crashes(fd);
			(void)raise(rows[i].number);
			_exit(2);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == rows[i].number);
		assert_int_equal(lock_take(place->database, &fd, &holder, &err), 0);
		assert_int_equal(close(fd), 0); /* whoever has it in between may not ask */
		assert_int_equal(lock_take(place->database, &fd, &holder, &err), 0);
		assert_int_equal(lock_take_crash(fd), rows[i].is_crash);
		assert_false(lock_take_crash(fd));
		assert_true(lock_is_held(place->database, &holder));
		assert_int_equal(holder, getpid());
		assert_int_equal(close(fd), 0);
	}
}

static void lock__trouble_of_the_holder__is_read_by_others_until_it_is_over(void **state)
{
	struct place *place = *state;
	int fd = -1;
	pid_t holder = 0;
	int64_t since_utc = 0;
	char words[LOCK_TROUBLE_SIZE], longest[2 * LOCK_TROUBLE_SIZE];
	struct err err = {0};
	assert_false(lock_read_trouble(place->database, words, &since_utc));
	assert_int_equal(lock_take(place->database, &fd, &holder, &err), 0);
	assert_false(lock_read_trouble(place->database, words, &since_utc));
	lock_note_trouble(fd, "committing: database or disk is full", 1700000000);
	lock_note_trouble(fd, "database is locked", 1700000001);
	assert_true(lock_read_trouble(place->database, words, &since_utc));
	assert_string_equal(words, "database is locked");
	assert_int_equal(since_utc, 1700000001);
	assert_false(lock_take_crash(fd));
	assert_true(lock_is_held(place->database, &holder));
	assert_int_equal(holder, getpid());
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	lock_note_trouble(fd, longest, 1);
	assert_true(lock_read_trouble(place->database, words, &since_utc));
	assert_int_equal(strncmp(words, longest, strlen(words)), 0);
	lock_note_trouble(fd, NULL, 0);
	assert_false(lock_read_trouble(place->database, words, &since_utc));

	lock_note_trouble(fd, "database is locked", 1700000001);
	assert_int_equal(close(fd), 0); /* and the next holder knows of none */
	assert_int_equal(lock_take(place->database, &fd, &holder, &err), 0);
	assert_false(lock_read_trouble(place->database, words, &since_utc));
	assert_int_equal(close(fd), 0);
}

static void lock__garbage_in_the_file__is_no_pid(void **state)
{
	struct place *place = *state;
	static const char *const rows[] = {"", "x\n", "-5\n", "99999999999999999999999999\n", "0\n"};
	int fd = -1;
	pid_t holder = 0;
	struct err err = {0};
	assert_int_equal(lock_take(place->database, &fd, &holder, &err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i], strlen(rows[i]), 0), strlen(rows[i]));
		holder = 7;
		assert_true(lock_is_held(place->database, &holder));
		assert_int_equal(holder, 0);
	}
	assert_int_equal(close(fd), 0);
}

static void lock__link_in_its_place__is_not_followed(void **state)
{
	struct place *place = *state;
	int fd = -1;
	pid_t holder = 0;
	struct err err = {0};
	assert_int_equal(symlink("/dev/null", place->file), 0);
	assert_int_equal(lock_take(place->database, &fd, &holder, &err), -ELOOP);
	assert_false(lock_is_held(place->database, &holder));
}

static void lock__missing_folder__is_named_with_the_cure(void **state)
{
	struct place *place = *state;
	char database[128], words[256];
	int fd = -1;
	pid_t holder = 0;
	struct err err = {0};
	(void)snprintf(database, sizeof(database), "%s/gone/plan.db", place->folder);
	assert_int_equal(lock_take(database, &fd, &holder, &err), -ENOENT);
	(void)snprintf(words, sizeof(words), "database: the folder %s/gone is missing: make it with install",
		       place->folder);
	assert_non_null(strstr(err.text, words));
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, lock_test_setup, lock_test_teardown)
	const struct CMUnitTest tests[] = {
		ROW(lock__free_database__is_not_held),
		ROW(lock__taken__names_its_holder_until_closed),
		ROW(lock__holder_killed__is_free_again),
		ROW(lock__trouble_of_the_holder__is_read_by_others_until_it_is_over),
		ROW(lock__garbage_in_the_file__is_no_pid),
		ROW(lock__link_in_its_place__is_not_followed),
		ROW(lock__missing_folder__is_named_with_the_cure),
		ROW(lock__holder_crashed__is_known_to_the_next_who_asks_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
