#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strlist.h"
#include "conf/option.h"

enum tls { TLS_REQUIRED, TLS_OFF };

struct sample {
	char *title;
	char *url;
	char *path;
	int64_t count;
	int64_t span_s;
	int tls;
	struct option_rate rate;
	char *password;
	struct strlist names;
};

static const char *const tls_words[] = {"required", "off", "maybe", NULL};

#define FIELD(name) .offset = offsetof(struct sample, name)

static const struct option table[] = {
	{"title", OPTION_TEXT, FIELD(title), .min = 2, .max = 8, .preset = "none"},
	{"url", OPTION_TEXT, FIELD(url)},
	{"path", OPTION_PATH, FIELD(path), .preset = "/preset"},
	{"count", OPTION_COUNT, FIELD(count), .min = 1, .max = 10, .preset = "5"},
	{"scan_interval", OPTION_DURATION, FIELD(span_s), .min = 1, .max = 86400, .preset = "60s"},
	{"tls", OPTION_WORD, FIELD(tls), .words = tls_words, .preset = "off"},
	{"rate", OPTION_RATE, FIELD(rate)},
	{"password", OPTION_SECRET, FIELD(password)},
	{"names", OPTION_WORDS, FIELD(names), .min = 1, .max = 3, .preset = "one"},
	{"remind", .type = OPTION_LINES},
};
static const size_t n_table = sizeof(table) / sizeof(table[0]);

struct applied {
	struct sample sample;
	struct problems problems;
	struct ini *ini;
};

static void apply(struct applied *applied, const char *file, const char *lines)
{
	char text[1024];
	(void)snprintf(text, sizeof(text), "[s]\n%s\n", lines);
	*applied = (struct applied){0};
	applied->ini = ini_read_text(file, text, strlen(text), &applied->problems);
	assert_int_equal(applied->problems.n, 0);
	options_apply(table, n_table, ini_section(applied->ini, "s", NULL), "/nonexistent", &applied->sample,
		      &applied->problems);
}

static void done(struct applied *applied)
{
	options_done(table, n_table, &applied->sample);
	problems_done(&applied->problems);
	ini_free(applied->ini);
}

static void options__no_section__gives_the_presets(void **state)
{
	(void)state;
	struct sample sample = {0};
	struct problems problems = {0};
	options_apply(table, n_table, NULL, NULL, &sample, &problems);
	assert_int_equal(problems.n, 0);
	assert_string_equal(sample.title, "none");
	assert_null(sample.url);
	assert_string_equal(sample.path, "/preset");
	assert_int_equal(sample.count, 5);
	assert_int_equal(sample.span_s, 60);
	assert_int_equal(sample.tls, TLS_OFF);
	assert_int_equal(sample.rate.count, 0);
	assert_null(sample.password);
	assert_int_equal(sample.names.n, 1);

	options_done(table, n_table, &sample);
	assert_null(sample.title);
	assert_int_equal(sample.names.n, 0);
}

static void options__good_values__replace_the_presets(void **state)
{
	(void)state;
	struct applied applied;
	apply(&applied, "/etc/d/x.ini",
	      "title = день\nurl =\npath = sub/file\ncount = 10\nscan_interval = 24h\ntls = required\nrate = 20/m\n"
	      "names = a,b c\nremind = 1d\nremind = 2d");
	assert_int_equal(applied.problems.n, 0);
	assert_string_equal(applied.sample.title, "день");
	assert_string_equal(applied.sample.url, "");
	assert_string_equal(applied.sample.path, "/etc/d/sub/file");
	assert_int_equal(applied.sample.count, 10);
	assert_int_equal(applied.sample.span_s, 86400);
	assert_int_equal(applied.sample.tls, TLS_REQUIRED);
	assert_int_equal(applied.sample.rate.count, 20);
	assert_int_equal(applied.sample.rate.per_s, 60);
	assert_int_equal(applied.sample.names.n, 3);
	assert_string_equal(applied.sample.names.items[1], "b");
	done(&applied);
}

static void options__bad_values__are_said_with_what_would_be_right(void **state)
{
	(void)state;
	static const struct {
		const char *line, *words;
	} rows[] = {
		{"scan_intervall = 60s", "unknown key 'scan_intervall', did you mean 'scan_interval'?"},
		{"Tls = off", "unknown key 'Tls', did you mean 'tls'?"},
		{"zzzzzz = off",
		 "unknown key 'zzzzzz': give title, url, path, count, scan_interval, tls, rate, password, "
		 "names or remind"},
		{"scan_interval = 60", "scan_interval: '60' has no unit: write 60s, 60m, 60h or 60d"},
		{"scan_interval = 0s", "scan_interval: '0s' is out of range: give 1s to 1d"},
		{"scan_interval = 25h", "scan_interval: '25h' is out of range: give 1s to 1d"},
		{"scan_interval =",
		 "scan_interval: '' is not a duration: give a number and a unit, like 30s, 15m, 36h, 7d"},
		{"count = 11", "count: '11' is out of range: give 1 to 10"},
		{"count = ten", "count: 'ten' is not a number"},
		{"count = 5 5", "count: '5 5' is not a number"},
		{"title =", "title: the value is missing"},
		{"title = x", "title: 'x' is too short: give at least 2 bytes"},
		{"title = 123456789", "title: the value is 9 bytes long: give at most 8"},
		{"title = a\tb", "title: the value holds a tab or another control character: take it out"},
		{"path =", "path: the path is missing"},
		{"path = a\tb", "path: the path holds a tab or another control character: take it out"},
		{"tls = of", "tls: 'of' is not known here: give required, off or maybe"},
		{"tls =", "tls: '' is not known here: give required, off or maybe"},
		{"rate = 30", "rate: '30' is not a rate: give a number and a unit of time, like 30/s, 20/m, 500/h"},
		{"rate = 30/y", "rate: '30/y' is not a rate: give a number and a unit of time, like 30/s, 20/m, 500/h"},
		{"rate = 30/sec",
		 "rate: '30/sec' is not a rate: give a number and a unit of time, like 30/s, 20/m, 500/h"},
		{"rate = /s", "rate: '' is not a number"},
		{"rate = 0/s", "rate: '0' is out of range: give 1 to 1000000"},
		{"password = hunter2",
		 "password: a secret must not stand in this file: write credential:NAME or file:/path"},
		{"names =", "names: 0 words are too few: give at least 1"},
		{"names = a b c d", "names: 4 words are too many: give at most 3"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct applied applied;
		apply(&applied, "/etc/x.ini", rows[i].line);
		assert_int_equal(applied.problems.n, 1);
		assert_string_equal(applied.problems.items[0].text, rows[i].words);
		assert_string_equal(applied.problems.items[0].file, "/etc/x.ini");
		assert_int_equal(applied.problems.items[0].line, 2);

		/* what is wrong leaves the preset */
		assert_string_equal(applied.sample.title, "none");
		assert_string_equal(applied.sample.path, "/preset");
		assert_int_equal(applied.sample.count, 5);
		assert_int_equal(applied.sample.span_s, 60);
		assert_int_equal(applied.sample.tls, TLS_OFF);
		assert_int_equal(applied.sample.rate.count, 0);
		assert_null(applied.sample.password);
		assert_string_equal(applied.sample.names.items[0], "one");
		done(&applied);
	}
}

static void options__all_that_is_wrong__is_said_at_once(void **state)
{
	(void)state;
	struct applied applied;
	apply(&applied, "x.ini", "count = 0\n\ncount = 3\nwrong = 1\ntls = 5\nremind = x\nremind = x\ntls = off");
	static const struct problem expected[] = {
		{.line = 2, .text = (char *)"count: '0' is out of range: give 1 to 10"},
		{.line = 4, .text = (char *)"key 'count' is given again, first in line 2"},
		{.line = 5, .text = NULL},
		{.line = 6, .text = (char *)"tls: '5' is not known here: give required, off or maybe"},
		{.line = 9, .text = (char *)"key 'tls' is given again, first in line 6"},
	};
	assert_int_equal(applied.problems.n, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < applied.problems.n; i++) {
		assert_int_equal(applied.problems.items[i].line, expected[i].line);
		if (expected[i].text != NULL)
			assert_string_equal(applied.problems.items[i].text, expected[i].text);
	}
	done(&applied);
}

static void options__required_key__must_be_given(void **state)
{
	(void)state;
	static const struct option required[] = {
		{"url", OPTION_TEXT, FIELD(url), .flags = OPTION_REQUIRED, .help = "the server, as smtp://host:25"},
		{"title", OPTION_TEXT, FIELD(title), .flags = OPTION_REQUIRED},
	};
	static const char text[] = "[channel email]\ntitle = x\n[s]\nurl = u\n";
	struct problems problems = {0};
	struct ini *ini = ini_read_text("x.ini", text, strlen(text), &problems);
	for (size_t i = 0; i < 2; i++) {
		struct sample sample = {0};
		options_apply(required, 2, &ini->sections[i], "", &sample, &problems);
		options_done(required, 2, &sample);
	}
	assert_int_equal(problems.n, 2);
	assert_int_equal(problems.items[0].line, 1);
	assert_string_equal(problems.items[0].text,
			    "[channel email] lacks the key 'url': the server, as smtp://host:25");
	assert_int_equal(problems.items[1].line, 3);
	assert_string_equal(problems.items[1].text, "[s] lacks the key 'title'");
	problems_done(&problems);
	ini_free(ini);
}

static void options__secret__is_read_and_freed(void **state)
{
	(void)state;
	char path[] = "/tmp/test-option-XXXXXX", line[64];
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "s3cret\n", 7), 7);
	assert_int_equal(close(fd), 0);
	(void)snprintf(line, sizeof(line), "password = file:%s", path);

	struct applied applied;
	apply(&applied, "x.ini", line);
	assert_int_equal(applied.problems.n, 0);
	assert_string_equal(applied.sample.password, "s3cret");
	done(&applied);
	assert_null(applied.sample.password);
	assert_int_equal(unlink(path), 0);
}

static void option_absolute_path__is_beside_the_file(void **state)
{
	(void)state;
	char *cwd = getcwd(NULL, 0);
	assert_non_null(cwd);
	static const struct {
		const char *path, *beside, *expected; /* %s = the current folder */
	} rows[] = {
		{"/a/b", "/etc/x.ini", "/a/b"}, {"/a/b", NULL, "/a/b"}, {"b", "/etc/d/x.ini", "/etc/d/b"},
		{"b", "/x.ini", "/b"},          {"b", "x.ini", "%s/b"}, {"b", "d/x.ini", "%s/d/b"},
		{"d/b", NULL, "%s/d/b"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *expected = NULL;
		if (rows[i].expected[0] == '%')
			assert_true(asprintf(&expected, "%s%s", cwd, rows[i].expected + 2) > 0);
		else
			expected = strdup(rows[i].expected);
		char *path = option_absolute_path(rows[i].path, rows[i].beside);
		assert_string_equal(path, expected);
		free(path);
		free(expected);
	}
	free(cwd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options__no_section__gives_the_presets),
		cmocka_unit_test(options__good_values__replace_the_presets),
		cmocka_unit_test(options__bad_values__are_said_with_what_would_be_right),
		cmocka_unit_test(options__all_that_is_wrong__is_said_at_once),
		cmocka_unit_test(options__required_key__must_be_given),
		cmocka_unit_test(options__secret__is_read_and_freed),
		cmocka_unit_test(option_absolute_path__is_beside_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
