/* Commands without a shell, and what their ends mean. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "channel/pipe_command.h"

static const struct channel_message sample = {
	.id = 7,
	.kind = "single",
	.person = "desk",
	.to_address = "-room 5",
	.to_name = "Desk",
	.subject = "$(reboot) `x` \"y\" '; *",
	.text = "line\nline",
	.language = "ru",
	.message_id = "7@host",
	.key = "7.k",
};

static void pipe_command_parse__every_mistake__is_said(void **state)
{
	(void)state;
	static const struct {
		const char *command, *input, *words;
	} rows[] = {
		{"", "", "whole path"},
		{"true", "", "whole path"},
		{"{{text}}", "", "--title={{subject}}"},
		{"/bin/{{kind}}", "", "whole path"},
		{"/nonexistent/program", "", "cannot be run: No such file"},
		{"/etc/passwd", "", "cannot be run: Permission denied"},
		{"/etc", "", "cannot be run: Permission denied"},
		{"/bin/true {{subjct}}", "", "did you mean {{subject}}"},
		{"/bin/true {{subject}}", "", "put -- before it"},
		{"/bin/true x{{now_s}}", "", "unknown name"},
		{"/bin/true x{{access_token}}", "", "unknown name"},
		{"/bin/true \"x", "", "not closed"},
		{"/bin/true a\\b", "", "backslash"},
		{"/bin/true", "{{txt}}", "input: unknown name"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pipe_command command;
		struct err err = {0};
		if (pipe_command_parse(rows[i].command, rows[i].input, "/nonexistent", &command, &err) == 0)
			fail_msg("%s was taken", rows[i].command);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].command, err.text);
	}
}

static bool list_has(const struct strlist *list, const char *text)
{
	return strlist_has(list, text);
}

static void pipe_command_render__values__stay_one_word_each(void **state)
{
	(void)state;
	static const char *const want[] = {
		"/bin/true", "--title=$(reboot) `x` \"y\" '; *", "two words", "a b", "/var/secrets/apprise", "", "--",
		"-room 5"};
	struct pipe_command command;
	struct strlist arguments = {0}, environment = {0};
	struct buf input;
	assert_int_equal(
		pipe_command_parse("/bin/true --title={{subject}}  \"two words\"\ta\" \"b credential:apprise \"\" "
				   "-- {{to_address}}",
				   "{{subject}}\\n{{text}}", "/var/secrets", &command, NULL),
		0);
	pipe_command_render(&command, &sample, "office", &arguments, &environment, &input);
	assert_int_equal(arguments.n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < arguments.n; i++)
		assert_string_equal(arguments.items[i], want[i]);
	assert_string_equal(buf_str(&input), "$(reboot) `x` \"y\" '; *\nline\nline");
	assert_true(list_has(&environment, "DEADLINED_TO=-room 5"));
	assert_true(list_has(&environment, "DEADLINED_KEY=7.k"));
	assert_true(list_has(&environment, "DEADLINED_TASK="));
	assert_true(list_has(&environment, "DEADLINED_CHANNEL=office"));
	assert_true(list_has(&environment, "LC_ALL=C.UTF-8"));
	buf_done(&input);
	strlist_done(&arguments);
	strlist_done(&environment);
	pipe_command_done(&command);
}

static void pipe_command_judge__each_end__has_its_meaning(void **state)
{
	(void)state;
	static const enum channel_blame blames[] = {CHANNEL_BLAME_MESSAGE, CHANNEL_BLAME_RECIPIENT,
						    CHANNEL_BLAME_CHANNEL};
	enum { MSG, RCPT, CHAN };
	static const struct {
		int status;
		bool is_timed_out;
		enum channel_verdict verdict;
		int blame;
		const char *words;
	} rows[] = {
		{EX_OK << 8, false, CHANNEL_ACCEPTED, MSG, "exit status 0: said"},
		{1 << 8, false, CHANNEL_TEMPORARY, CHAN, "exit status 1: said"},
		{EX_USAGE << 8, false, CHANNEL_TEMPORARY, CHAN,
		 "exit status 64 (the channel's settings must be corrected): said"},
		{EX_DATAERR << 8, false, CHANNEL_PERMANENT, MSG, "exit status 65: said"},
		{EX_NOUSER << 8, false, CHANNEL_PERMANENT, RCPT, "exit status 67: said"},
		{EX_NOHOST << 8, false, CHANNEL_PERMANENT, RCPT, "exit status 68: said"},
		{EX_UNAVAILABLE << 8, false, CHANNEL_TEMPORARY, CHAN, "exit status 69: said"},
		{EX_TEMPFAIL << 8, false, CHANNEL_TEMPORARY, CHAN, "exit status 75: said"},
		{EX_NOPERM << 8, false, CHANNEL_TEMPORARY, CHAN, NULL},
		{EX_CONFIG << 8, false, CHANNEL_TEMPORARY, CHAN, NULL},
		{127 << 8, false, CHANNEL_TEMPORARY, CHAN, NULL},
		{SIGSEGV, false, CHANNEL_UNKNOWN, CHAN,
		 "it was killed by signal 11; it may have sent the message: said"},
		{SIGKILL, true, CHANNEL_UNKNOWN, CHAN,
		 "it did not end in time and was killed; it may have sent the message: said"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct channel_result result;
		pipe_command_judge(rows[i].status, rows[i].is_timed_out, "said\n", &result);
		if (result.verdict != rows[i].verdict || result.blame != blames[rows[i].blame])
			fail_msg("row %zu: %s", i, result.reply);
		if (rows[i].words != NULL)
			assert_string_equal(result.reply, rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipe_command_parse__every_mistake__is_said),
		cmocka_unit_test(pipe_command_render__values__stay_one_word_each),
		cmocka_unit_test(pipe_command_judge__each_end__has_its_meaning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
