#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/problem.h"

static void assert_prints(const struct problems *problems, const char *expected)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	problems_print(problems, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void problems__none__print_nothing(void **state)
{
	(void)state;
	struct problems problems = {0};
	assert_prints(&problems, "");
	problems_done(&problems);
}

static void problems__of_several_files__print_by_file_and_line(void **state)
{
	(void)state;
	struct problems problems = {0};
	problems_add(&problems, "b.ini", 2, "first of line %d", 2);
	problems_add(&problems, "b.ini", 10, "ten");
	problems_add(&problems, "a.ini", 7, "other file");
	problems_add(&problems, "b.ini", 2, "second of line 2");
	problems_add(&problems, "b.ini", 0, "as a whole");
	assert_int_equal(problems.n, 5);
	assert_prints(&problems, "a.ini:7: other file\n"
				 "b.ini: as a whole\n"
				 "b.ini:2: first of line 2\n"
				 "b.ini:2: second of line 2\n"
				 "b.ini:10: ten\n");
	problems_done(&problems);
	assert_int_equal(problems.n, 0);
}

static void problems__what_was_read__cannot_act_on_the_terminal(void **state)
{
	(void)state;
	static const struct {
		const char *read, *shown;
	} rows[] = {
		{"plain", "plain"},
		{"день 日", "день 日"},
		{"a\x1b[31mb", "a?[31mb"},
		{"a\nb.ini:1: forged", "a?b.ini:1: forged"},
		{"right\u202eleft", "right???left"},
		{"cut \xd0", "cut ?"},
		{"\xff\xfe", "??"},
		{"a\xc2\x85z", "a??z"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct problems problems = {0};
		problems_add(&problems, "a.ini", 1, "%s", rows[i].read);
		assert_string_equal(problems.items[0].text, rows[i].shown);
		problems_done(&problems);
	}
}

static void problems__hidden_value__is_not_repeated(void **state)
{
	(void)state;
	struct problems problems = {0};
	log_hide("tok-4711");
	problems_add(&problems, "a.ini", 1, "the server said: bad token tok-4711");
	assert_string_equal(problems.items[0].text, "the server said: bad token ***");
	problems_done(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(problems__none__print_nothing),
		cmocka_unit_test(problems__of_several_files__print_by_file_and_line),
		cmocka_unit_test(problems__what_was_read__cannot_act_on_the_terminal),
		cmocka_unit_test(problems__hidden_value__is_not_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
