#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ctl/args.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct args_option args_test_options[] = {
	{"-c", "FILE", ""},
	{"--when", "PHRASE", ""},
	{"--zone", "ZONE", ""},
	{"--json", NULL, ""},
};

/* What was read, as "--when=x --json | operand operand", or "!" and the words of the error. */
static char *args_test_read(const char *const *argv, bool is_operand_last)
{
	struct buf out;
	struct args args;
	struct err err = {0};
	size_t argc = 0;
	while (argv[argc] != NULL)
		argc++;
	buf_init(&out, 4096);
	int status = args_parse(args_test_options, ROWS(args_test_options), is_operand_last, argc, argv, &args, &err);
	if (status < 0) {
		assert_int_equal(status, -EINVAL);
		buf_printf(&out, "!%s", err.text);
		return buf_take(&out);
	}
	for (size_t i = 0; i < ROWS(args_test_options); i++)
		if (args_has(&args, args_test_options[i].name))
			buf_printf(&out, "%s=%s ", args_test_options[i].name,
				   args_value(&args, args_test_options[i].name));
	buf_add_str(&out, "|");
	for (size_t i = 0; i < args.n_operands; i++)
		buf_printf(&out, " %s", args.operands[i]);
	args_done(&args);
	return buf_take(&out);
}

static void args__command_lines__are_understood_or_refused(void **state)
{
	(void)state;
	static const struct {
		const char *argv[8];
		bool is_operand_last;
		const char *expected;
	} rows[] = {
		{{NULL}, false, "|"},
		{{"a", "b"}, false, "| a b"},
		{{"--when", "июнь 2025", "a"}, false, "--when=июнь 2025 | a"},
		{{"a", "--when=июнь 2025"}, false, "--when=июнь 2025 | a"},
		{{"--when="}, false, "--when= |"},
		{{"--when=a=b"}, false, "--when=a=b |"},
		{{"a", "--json", "b", "-c", "file"}, false, "-c=file --json= | a b"},
		{{"-c", "file", "list", "--json", "-c"}, true, "-c=file | list --json -c"},
		{{"--", "--json", "-c"}, false, "| --json -c"},
		{{"--when", "-100123"}, false, "--when=-100123 |"},
		{{"-", ""}, false, "| - "},
		{{"--when", "", "x"}, false, "--when= | x"},
		{{"--when"}, false, "!option '--when' needs a value: write --when PHRASE"},
		{{"--when", "--json"}, false, "!option '--when' needs a value: write --when PHRASE"},
		{{"-c"}, false, "!option '-c' needs a value: write -c FILE"},
		{{"--json=yes"}, false, "!option '--json' takes no value"},
		{{"--json", "--json"}, false, "!option '--json' is given twice"},
		{{"--when", "a", "--when=b"}, false, "!option '--when' is given twice"},
		{{"--zne", "x"}, false, "!unknown option '--zne', did you mean '--zone'?"},
		{{"--zne=x"}, false, "!unknown option '--zne', did you mean '--zone'?"},
		{{"--frobnicate"}, false, "!unknown option '--frobnicate'"},
		{{"-x"}, false, "!unknown option '-x'"},
		{{"-cfile"}, false, "!unknown option '-cfile'"},
		{{"--0123456789012345678901234567890123456789012345678901234567890123456789"},
		 false,
		 "!unknown option '--012345678901234567...'"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *read = args_test_read(rows[i].argv, rows[i].is_operand_last);
		if (strcmp(read, rows[i].expected) != 0)
			fail_msg("row %zu: %s", i, read);
		free(read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(args__command_lines__are_understood_or_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
