#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scratch.h"
#include "service/setup.h"

static struct scratch scratch;

static int make_scratch(void **state)
{
	(void)state;
	scratch_make(&scratch);
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

/* A file whose first three lines name the shipped folders, with this text behind them. */
static struct setup *load(const char *text, struct problems *problems)
{
	char folder[256], whole[4096];
	assert_non_null(getcwd(folder, sizeof(folder)));
	int len = snprintf(whole, sizeof(whole),
			   "[daemon]\ntemplates = %s/config/templates\nmessengers = %s/config/messengers\n%s", folder,
			   folder, text);
	assert_in_range(len, 1, sizeof(whole) - 1);
	const char *path = scratch_path(&scratch, "deadlined.ini");
	scratch_write(path, whole, (size_t)len);
	return setup_load(path, problems);
}

#define EMAIL "[channel email]\ntype = maildir\npath = mail\n"

static void setup__good_file__is_complete(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct setup *setup =
		load("zone = Asia/Sakhalin\nlanguage = en-GB\n" EMAIL
		     "[channel second]\ntype = maildir\npath = other\n[policy visit]\nremind = 1d before end\n",
		     &problems);
	problems_print(&problems, stderr);
	assert_non_null(setup);
	assert_int_equal(problems.n, 0);
	assert_string_equal(zone_name(setup->zone), "Asia/Sakhalin");
	assert_int_equal(setup->n_channels, 2);
	assert_string_equal(setup->channels[0]->name, "email");
	assert_string_equal(setup->channels[1]->name, "second");
	assert_non_null(policies_find(setup->policies, "visit"));
	assert_non_null(policies_find(setup->policies, "default"));
	assert_true(catalog_has_language(setup->catalog, "zh"));
	setup_free(setup);
	setup_free(NULL);
}

static const struct {
	const char *text;
	unsigned line; /* of the whole file, 4 is the first of text */
	const char *words;
} bad_files[] = {
	{"zone = Asia/Atlantis\n" EMAIL, 4, "Asia/Atlantis"},
	{"language = xx\n" EMAIL, 4, "only for de, en, ru, zh"},
	{"scan_intervall = 60s\n" EMAIL, 4, "did you mean 'scan_interval'"},
	{"scan_interval = 60\n" EMAIL, 4, "60"},
	{"", 0, "[channel NAME]"},
	{"[channel email]\ntype = pigeon\n", 5, "pigeon"},
	{"[channel email]\npath = mail\n", 4, "type"},
	{"[channel email]\ntype = maildir\n", 4, "path"},
	{EMAIL "[policy a]\nremind = 3x before end\n", 8, "'x'"},
	{EMAIL "[policy a]\nremind = 3d before end\nchannels = emial\n", 9, "did you mean 'email'"},
	{EMAIL "[channel chat]\ntype = http\npreset = no-such\n", 9, "no-such"},
	{EMAIL "[limits]\nmessages_per_hour = 0\n", 8, "messages_per_hour"},
	{EMAIL "[nonsense]\n", 7, "nonsense"},
	{EMAIL EMAIL, 7, "email"},
};

static void setup__one_mistake_anywhere__is_named_with_its_line_and_refuses_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct problems problems = {0};
		bool is_named = false;
		assert_null(load(bad_files[i].text, &problems));
		for (size_t j = 0; j < problems.n; j++)
			is_named = is_named || (problems.items[j].line == bad_files[i].line &&
						strstr(problems.items[j].text, bad_files[i].words) != NULL &&
						strstr(problems.items[j].file, "deadlined.ini") != NULL);
		if (!is_named) {
			problems_print(&problems, stderr);
			fail_msg("row %zu: '%s' at line %u is not among them", i, bad_files[i].words,
				 bad_files[i].line);
		}
		problems_done(&problems);
	}
}

static void setup__many_mistakes__are_all_told_at_once(void **state)
{
	(void)state;
	struct problems problems = {0};
	assert_null(load(
		"zone = Nowhere\nlanguage = xx\n[channel a]\ntype = x\n[policy p]\nremind = 1x before end\nfoo = 1\n",
		&problems));
	assert_int_equal(problems.n, 5);
	problems_done(&problems);
}

/* The shipped folder, which may be missing as well, is not what was meant. */
static void setup__folder_that_cannot_be_one__is_one_mistake(void **state)
{
	(void)state;
	static const char *const keys[] = {"templates", "calendars"};
	const char *path = scratch_path(&scratch, "deadlined.ini");
	for (size_t i = 0; i < 2; i++) {
		struct problems problems = {0};
		char *text = mem_printf("[daemon]\n%s =\n" EMAIL, keys[i]);
		scratch_write(path, text, strlen(text));
		free(text);
		assert_null(setup_load(path, &problems));
		for (size_t k = 0; k < problems.n; k++)
			assert_true(problems.items[k].line != 2 || k == 0);
		assert_int_equal(problems.items[0].line, 2);
		problems_done(&problems);
	}
}

/* Nor when the line that names it cannot be read. */
static void setup__unreadable_line__leaves_the_default_folder_alone(void **state)
{
	(void)state;
	struct problems problems = {0};
	const char *path = scratch_path(&scratch, "deadlined.ini");
	static const char text[] = "[daemon]\ntemplates = /srv/\x01templates\n" EMAIL;
	scratch_write(path, text, strlen(text));
	assert_null(setup_load(path, &problems));
	for (size_t i = 0; i < problems.n; i++)
		if (problems.items[i].line != 2)
			fail_msg("%u: %s", problems.items[i].line, problems.items[i].text);
	problems_done(&problems);
}

static void setup__missing_file__is_a_problem_not_a_crash(void **state)
{
	(void)state;
	struct problems problems = {0};
	assert_null(setup_load(scratch_path(&scratch, "none.ini"), &problems));
	assert_true(problems.n > 0);
	problems_done(&problems);
}

static void setup__problems_of_before__do_not_count(void **state)
{
	(void)state;
	struct problems problems = {0};
	problems_add(&problems, "elsewhere", 1, "something else");
	struct setup *setup = load(EMAIL, &problems);
	assert_non_null(setup);
	assert_int_equal(problems.n, 1);
	setup_free(setup);
	problems_done(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setup__good_file__is_complete),
		cmocka_unit_test(setup__one_mistake_anywhere__is_named_with_its_line_and_refuses_all),
		cmocka_unit_test(setup__many_mistakes__are_all_told_at_once),
		cmocka_unit_test(setup__folder_that_cannot_be_one__is_one_mistake),
		cmocka_unit_test(setup__unreadable_line__leaves_the_default_folder_alone),
		cmocka_unit_test(setup__missing_file__is_a_problem_not_a_crash),
		cmocka_unit_test(setup__problems_of_before__do_not_count),
	};
	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
