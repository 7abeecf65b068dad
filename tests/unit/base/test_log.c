#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static int real_stderr, caught;

static int with_caught_stderr(void **state)
{
	(void)state;
	real_stderr = dup(STDERR_FILENO);
	caught = memfd_create("stderr", MFD_CLOEXEC);
	log_set_level(LOG_LEVEL_INFO);
	return real_stderr < 0 || caught < 0 || dup2(caught, STDERR_FILENO) < 0 || unsetenv("JOURNAL_STREAM") != 0;
}

static int with_real_stderr(void **state)
{
	(void)state;
	return dup2(real_stderr, STDERR_FILENO) < 0 || close(real_stderr) != 0 || close(caught) != 0;
}

/* What was logged since the last call, in a static buffer. */
static const char *logged(void)
{
	static char text[16384];
	ssize_t len = pread(caught, text, sizeof(text) - 1, 0);
	assert_true(len >= 0);
	text[len] = '\0';
	assert_int_equal(ftruncate(caught, 0), 0);
	assert_int_equal(lseek(caught, 0, SEEK_SET), 0);
	return text;
}

static void log__level__decides_what_is_written(void **state)
{
	(void)state;
	log_error("a %d", 1);
	log_warning("b");
	log_info("c");
	log_debug("d");
	assert_string_equal(logged(), "error: a 1\nwarning: b\nc\n");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("d");
	assert_string_equal(logged(), "debug: d\n");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("b");
	assert_string_equal(logged(), "");
}

static void log__gathered__is_written_at_once_and_whole(void **state)
{
	(void)state;
	char line[1001] = "";
	memset(line, 'x', sizeof(line) - 1);
	log_gather();
	log_info("a");
	log_warning("b");
	assert_string_equal(logged(), "");
	log_error("c");
	assert_string_equal(logged(), "a\nwarning: b\nerror: c\n");
	log_info("d");
	log_release();
	assert_string_equal(logged(), "d\n");
	log_info("e");
	assert_string_equal(logged(), "e\n");

	log_gather();
	for (int i = 0; i < 100; i++)
		log_info("%s", line);
	log_release();
	struct stat now;
	assert_int_equal(fstat(caught, &now), 0);
	assert_int_equal(now.st_size, 100 * sizeof(line));
	(void)logged();
}

static void log__journal__gets_its_level_prefixes(void **state)
{
	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	log_set_level(LOG_LEVEL_DEBUG);
	log_error("a");
	log_warning("b");
	log_info("c");
	log_debug("d");
	assert_string_equal(logged(), "<3>a\n<4>b\n<6>c\n<7>d\n");
}

static void log__one_event__is_one_line_whatever_it_holds(void **state)
{
	(void)state;
	log_info("%s", "title\nerror: forged\r\x1b[2J\x7f");
	assert_string_equal(logged(), "title\\x0aerror: forged\\x0d\\x1b[2J\\x7f\n");
	log_info("%s", "день \xd0 \u202e \xc2\x85 \xef\xbf\xbd 日");
	assert_string_equal(logged(), "день \\xd0 \\xe2\\x80\\xae \\xc2\\x85 \xef\xbf\xbd 日\n");
}

static void log__long_line__is_cut_at_a_whole_character(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 2; shift++) { /* one of them puts the cut into a character */
		char text[5001] = "x";
		for (size_t i = shift; i + 2 < sizeof(text); i += 2)
			memcpy(text + i, "д", 3);
		log_info("%s", text);
		const char *line = logged();
		size_t len = strlen(line);
		assert_in_range(len, 2000, 2048);
		assert_memory_equal(line, text, len - 1);
		assert_memory_equal(line + len - 3, "д\n", 3);
	}
}

/* A pipe that nobody reads; returns its reading end. */
enum { STAND_STILL_SIZE = 16384 };

static int stand_still(void)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETPIPE_SZ, STAND_STILL_SIZE), STAND_STILL_SIZE);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	assert_int_equal(close(ends[1]), 0);
	return ends[0];
}

static void log__reader_stands_still__costs_lines_and_no_time(void **state)
{
	(void)state;
	static char text[2 * STAND_STILL_SIZE];
	int end = stand_still();
	log_never_wait();
	(void)alarm(10); /* were it waited for */
	for (int i = 0; i < 5000; i++)
		log_info("line %d", i);
	log_gather();
	for (int i = 0; i < 5000; i++)
		log_info("line %d", i);
	log_release();
	ssize_t len = read(end, text, sizeof(text) - 1);
	assert_in_range(len, 1, STAND_STILL_SIZE);
	assert_memory_equal(text, "line 0\nline 1\n", 14);
	int kept = 0;
	for (ssize_t i = 0; i < len; i++)
		kept += text[i] == '\n';
	log_info("again");
	(void)alarm(0);
	len = read(end, text, sizeof(text) - 1);
	assert_true(len > 0);
	text[len] = '\0';
	char wanted[128];
	(void)snprintf(wanted, sizeof(wanted), "warning: %d lines of the log are lost here: nothing took them\nagain\n",
		       10000 - kept);
	assert_string_equal(text, wanted);
	assert_int_equal(close(end), 0);
}

static void log_unhide__as_often_as_it_was_hidden__is_forgotten(void **state)
{
	(void)state;
	static const char *const after[] = {"*** ***E=", "*** ***E=", "an-old-token YW4tb2xkLXRva2VuE="};
	log_hide("an-old-token");
	log_hide("an-old-token");
	for (size_t i = 0; i < 3; i++) {
		char text[] = "an-old-token YW4tb2xkLXRva2VuE=";
		log_redact(text);
		assert_string_equal(text, after[i]);
		log_unhide("an-old-token");
	}
}

static void log_redact__every_hidden_value__is_replaced_everywhere(void **state)
{
	(void)state;
	log_hide("tok-en:4711");
	log_hide("tok-en:4711");
	log_hide("abc"); /* too short to be told from ordinary text */
	log_hide("");
	static const struct {
		const char *text, *redacted;
	} rows[] = {
		{"", ""},
		{"nothing abc", "nothing abc"},
		{"tok-en:4711", "***"},
		{"/bottok-en:4711/send?tok-en:4711", "/bot***/send?***"},
		{"tok-en:4711tok-en:4711", "******"},
		{"tok-en:471", "tok-en:471"},
		{"tok-en%3A4711 \\u0074ok-en:4711", "*** ***"},
		{"dG9rLWVuOjQ3MTE=", "***E="},         /* base64 of it, but for the last bits */
		{"AGEAdG9rLWVuOjQ3MTE=", "AGEA***E="}, /* and of \0a\0 and it */
		{"YTp0b2stZW46NDcxMQ==", "YTp***Q=="},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64];
		memcpy(text, rows[i].text, strlen(rows[i].text) + 1);
		log_redact(text);
		assert_string_equal(text, rows[i].redacted);
	}
	log_error("sent with %s", "tok-en:4711");
	assert_string_equal(logged(), "error: sent with ***\n");
}

static void log_redact__value_that_starts_another__leaves_no_tail(void **state)
{
	(void)state;
	log_hide("pass");
	log_hide("passphrase-of-the-desk");
	log_hide("passphrase");
	char text[] = "passphrase-of-the-desk passphrase pass";
	log_redact(text);
	assert_string_equal(text, "*** *** ***");
}

/* 256 KiB of text + text + ...; the caller frees it. */
static char *repeated(const char *text)
{
	enum { LEN = 1 << 18 };
	char *all = malloc(LEN + 1);
	assert_non_null(all);
	for (size_t i = 0; i < LEN; i++)
		all[i] = text[i % strlen(text)];
	all[LEN] = '\0';
	return all;
}

/* Were a row of marks to take the square of its length, this would not end in minutes. */
static void log_redact__long_text__is_read_once(void **state)
{
	(void)state;
	log_hide("tok-en:4711");
	static const char *const rows[] = {"\\", "%", "&", "+", "tok-en\\\\\\\\", "tok-en%", "a word, and so on & on "};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = repeated(rows[i]), *before = strdup(text);
		log_redact(text);
		assert_string_equal(text, before);
		free(before);
		free(text);
	}
	char *text = repeated("tok-en:4711+");
	log_redact(text);
	assert_memory_equal(text, "***+***+***+", 12);
	free(text);
}

static void log_redact_cut__text_that_ends_within_a_value__leaves_no_head(void **state)
{
	(void)state;
	static const char whole[] = "tok-en%3A4711";
	log_hide("tok-en:4711");
	for (size_t len = 0; len <= strlen(whole); len++) {
		char text[64];
		(void)snprintf(text, sizeof(text), "it was %.*s", (int)len, whole);
		log_redact_cut(text);
		assert_string_equal(text, len == strlen(whole) ? "it was ***" : "it was ");
	}
}

static void log__hidden_value_at_the_end_of_a_long_line__leaves_no_head(void **state)
{
	(void)state;
	log_hide("very-secret-value");
	char filler[2041];
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	log_info("%s%s", filler, "very-secret-value"); /* the cut falls into it */
	assert_null(strstr(logged(), "very"));
}

#define CAUGHT(test) cmocka_unit_test_setup_teardown(test, with_caught_stderr, with_real_stderr)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAUGHT(log__level__decides_what_is_written),
		CAUGHT(log__gathered__is_written_at_once_and_whole),
		CAUGHT(log__journal__gets_its_level_prefixes),
		CAUGHT(log__one_event__is_one_line_whatever_it_holds),
		CAUGHT(log__long_line__is_cut_at_a_whole_character),
		CAUGHT(log__reader_stands_still__costs_lines_and_no_time),
		CAUGHT(log_unhide__as_often_as_it_was_hidden__is_forgotten),
		CAUGHT(log_redact__every_hidden_value__is_replaced_everywhere),
		CAUGHT(log_redact__value_that_starts_another__leaves_no_tail),
		CAUGHT(log_redact__long_text__is_read_once),
		CAUGHT(log_redact_cut__text_that_ends_within_a_value__leaves_no_head),
		CAUGHT(log__hidden_value_at_the_end_of_a_long_line__leaves_no_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
