#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "channel/heartbeat.h"
#include "scratch.h"

static struct scratch scratch;
static struct problems problems;

static int set_up(void **state)
{
	(void)state;
	scratch_make(&scratch);
	problems = (struct problems){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	problems_done(&problems);
	scratch_remove(&scratch);
	return 0;
}

/* The configuration with that heartbeat, prepared. Returns owned. */
static struct conf *prepare(const char *value)
{
	const char *path = scratch_path(&scratch, "deadlined.ini");
	char *text = mem_printf("[daemon]\nzone = UTC\n%s%s\n", value != NULL ? "heartbeat = " : "",
				value != NULL ? value : "");
	scratch_write(path, text, strlen(text));
	free(text);
	struct conf *conf = conf_read(path, &problems);
	assert_non_null(conf);
	heartbeat_prepare(conf, &problems);
	return conf;
}

static void expect_hidden(const char *said, const char *shown)
{
	char *text = mem_dup(said);
	log_redact(text);
	assert_string_equal(text, shown);
	free(text);
}

static void heartbeat_prepare__not_configured__leaves_none(void **state)
{
	(void)state;
	struct conf *conf = prepare(NULL);
	assert_null(conf->heartbeat);
	assert_int_equal(problems.n, 0);
	conf_free(conf);
}

static void heartbeat_prepare__address__hides_its_key(void **state)
{
	(void)state;
	struct conf *conf = prepare("https://example.org/ping/plain-key-0123456789");
	assert_int_equal(problems.n, 0);
	assert_string_equal(conf->heartbeat, "https://example.org/ping/plain-key-0123456789");
	expect_hidden("no check plain-key-0123456789 here", "no check *** here");
	conf_free(conf);
}

static void heartbeat_prepare__reference__is_replaced_and_hidden(void **state)
{
	(void)state;
	static const char url[] = "https://example.org/ping/filed-key-0123456789\n";
	char *path = mem_dup(scratch_path(&scratch, "url"));
	char *reference = mem_printf("file:%s", path);
	scratch_write(path, url, strlen(url));
	assert_int_equal(chmod(path, 0600), 0);
	struct conf *conf = prepare(reference);
	assert_int_equal(problems.n, 0);
	assert_string_equal(conf->heartbeat, "https://example.org/ping/filed-key-0123456789");
	expect_hidden("https://example.org/ping/filed-key-0123456789", "***");
	expect_hidden("no check filed-key-0123456789 here", "no check *** here");
	conf_free(conf);
	free(reference);
	free(path);
}

static void heartbeat_prepare__wrong_address__is_a_problem_that_does_not_show_it(void **state)
{
	(void)state;
	static const char *const wrong[] = {"ftp://example.org/wrong-key-0123456789",
					    "http://example.org/wrong-key-0123456789",
					    "https://exa mple.org/wrong-key-0123456789", "wrong-key-0123456789"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct conf *conf = prepare(wrong[i]);
		assert_int_equal(problems.n, 1);
		assert_int_equal(problems.items[0].line, 3);
		assert_non_null(strstr(problems.items[0].text, "heartbeat: "));
		assert_null(strstr(problems.items[0].text, "wrong-key"));
		problems_done(&problems);
		problems = (struct problems){0};
		conf_free(conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(heartbeat_prepare__not_configured__leaves_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(heartbeat_prepare__address__hides_its_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(heartbeat_prepare__reference__is_replaced_and_hidden, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(heartbeat_prepare__wrong_address__is_a_problem_that_does_not_show_it,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
