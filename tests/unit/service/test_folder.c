#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "service/folder.h"

static void folder_of__paths__is_what_they_are_in(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"/a/b", "/a"}, {"/a/b/", "/a"}, {"/a/b//", "/a"}, {"/a//b", "/a/"}, {"/a", "/"}, {"/", "/"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *folder = folder_of(rows[i][0]);
		assert_string_equal(folder, rows[i][1]);
		free(folder);
	}
}

static void folder_cure__says_what_makes_it(void **state)
{
	(void)state;
	char *own = folder_cure("/srv/plan"), *shipped = folder_cure("/var/lib/deadlined");
	assert_string_equal(own, "the folder /srv/plan is missing: make it with install -d -m 0700, as the user that "
				 "deadlined runs as");
	assert_string_equal(shipped, "the folder /var/lib/deadlined is missing: systemctl start deadlined makes it; or "
				     "make it with install -d -m 0700, as the user that deadlined runs as");
	free(own);
	free(shipped);
}

static void folder_is_missing__only_what_is_not_there(void **state)
{
	(void)state;
	assert_true(folder_is_missing("/nonexistent/folder"));
	assert_false(folder_is_missing("/tmp"));
	assert_false(folder_is_missing("/dev/null/folder"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folder_of__paths__is_what_they_are_in),
		cmocka_unit_test(folder_cure__says_what_makes_it),
		cmocka_unit_test(folder_is_missing__only_what_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
