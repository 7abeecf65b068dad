#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "service/place.h"

static struct {
	char folder[32], *file, *log, *aside;
	struct place *place;
} at;

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static int open_place(void **state)
{
	(void)state;
	(void)snprintf(at.folder, sizeof(at.folder), "/tmp/test_place.XXXXXX");
	if (mkdtemp(at.folder) == NULL)
		return -1;
	at.file = mem_printf("%s/plan.db", at.folder);
	at.log = mem_printf("%s/plan.db-wal", at.folder);
	at.aside = mem_printf("%s/aside", at.folder);
	make_file(at.file);
	make_file(at.log);
	at.place = place_new();
	place_add(at.place, at.file, "");
	place_add(at.place, at.file, "-wal");
	place_add(at.place, at.file, "-shm"); /* is not there */
	return 0;
}

static int close_place(void **state)
{
	(void)state;
	place_free(at.place);
	(void)unlink(at.file);
	(void)unlink(at.log);
	(void)unlink(at.aside);
	free(at.file);
	free(at.log);
	free(at.aside);
	return rmdir(at.folder);
}

static void place__all_files_are_there__is_right(void **state)
{
	(void)state;
	struct err err = {0};
	assert_int_equal(place_check(at.place, &err), 0);
	assert_false(place_lacks_only(at.place, "-wal"));
	assert_false(place_lacks_only(at.place, "-shm"));
}

static void place__file_is_gone__is_named(void **state)
{
	(void)state;
	struct err err = {0};
	assert_int_equal(unlink(at.log), 0);
	assert_int_equal(place_check(at.place, &err), -ESTALE);
	assert_int_equal(strncmp(err.text, at.log, strlen(at.log)), 0);
	assert_non_null(strstr(err.text, " was removed while "));
	assert_true(place_lacks_only(at.place, "-wal"));
	assert_false(place_lacks_only(at.place, ""));
	assert_int_equal(unlink(at.file), 0);
	assert_false(place_lacks_only(at.place, "-wal"));
}

static void place__another_file_has_its_name__is_named(void **state)
{
	(void)state;
	struct err err = {0};
	make_file(at.aside);
	assert_int_equal(rename(at.aside, at.log), 0);
	assert_int_equal(place_check(at.place, &err), -ESTALE);
	assert_non_null(strstr(err.text, "-wal was replaced while "));
	assert_false(place_lacks_only(at.place, "-wal"));
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)
	const struct CMUnitTest tests[] = {
		ROW(place__all_files_are_there__is_right),
		ROW(place__file_is_gone__is_named),
		ROW(place__another_file_has_its_name__is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
