/* deadlinectl: the hand of the administrator and of the office on deadlined. It works on the database itself, so it
 * needs no running daemon; the daemon notices every change by itself. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/strlist.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "store/store_memory.h"

#define CTL_DEFAULT_CONF DEADLINED_SYSCONFDIR "/deadlined.ini"

static const struct command *const ctl_commands[] = {
	&add_command,     &edit_command,   &done_command,   &cancel_command,  &reopen_command, &list_command,
	&show_command,    &people_command, &queue_command,  &status_command,  &when_command,   &test_command,
	&import_command,  &plan_command,   &policy_command, &why_command,     &ack_command,    &snooze_command,
	&silence_command, &deputy_command, &backup_command, &recover_command, &forget_command, &release_command,
	&brake_command,   &render_command,
};
enum { CTL_COMMANDS = sizeof(ctl_commands) / sizeof(ctl_commands[0]) };

static const struct args_option ctl_options[] = {
	{"-c", "FILE", "use this configuration instead of " CTL_DEFAULT_CONF},
	{"--help", NULL, "show this help; 'deadlinectl COMMAND --help' tells about a command"},
	{"--version", NULL, "show the version"},
};
enum { CTL_OPTIONS = sizeof(ctl_options) / sizeof(ctl_options[0]) };

static void ctl_print_options(const struct args_option *options, size_t n)
{
	(void)printf("\nOptions:\n");
	for (size_t i = 0; i < n; i++) {
		const char *value = options[i].value != NULL ? options[i].value : "";
		int padding = 18 - (int)(strlen(options[i].name) + strlen(value));
		(void)printf("  %s %s%*s%s\n", options[i].name, value, padding > 1 ? padding : 1, "", options[i].help);
	}
}

static void ctl_print_help(void)
{
	(void)printf("Usage: deadlinectl [-c FILE] COMMAND [OPTION]... [OPERAND]...\n\n"
		     "Looks at and changes the tasks, people and messages of deadlined.\n\nCommands:\n");
	for (size_t i = 0; i < CTL_COMMANDS; i++)
		(void)printf("  %-10s %s\n", ctl_commands[i]->name, ctl_commands[i]->summary);
	ctl_print_options(ctl_options, CTL_OPTIONS);
	(void)printf("\nMore: deadlinectl(1), deadlined.ini(5)\n");
}

static void ctl_print_command_help(const struct command *command)
{
	(void)printf("Usage: deadlinectl %s [OPTION]...%s%s\n\n%s.\n", command->name,
		     command->operands[0] != '\0' ? " " : "", command->operands, command->summary);
	if (command->help != NULL)
		(void)printf("\n%s\n", command->help);
	ctl_print_options(command->options, command->n_options);
}

static const struct command *ctl_find_command(const char *name)
{
	const char *names[CTL_COMMANDS];
	for (size_t i = 0; i < CTL_COMMANDS; i++) {
		names[i] = ctl_commands[i]->name;
		if (strcmp(names[i], name) == 0)
			return ctl_commands[i];
	}
	const char *nearest = strlist_nearest(name, names, CTL_COMMANDS);
	if (nearest != NULL)
		output_complain("unknown command '%s', did you mean '%s'?", name, nearest);
	else
		output_complain("unknown command '%s'; 'deadlinectl --help' lists them", name);
	return NULL;
}

static int ctl_fail_usage(const struct command *command, const struct err *err)
{
	output_complain("%s", err->text);
	(void)fprintf(stderr, "Try 'deadlinectl %s%s--help'.\n", command != NULL ? command->name : "",
		      command != NULL ? " " : "");
	return EX_USAGE;
}

static int ctl_check_operands(const struct command *command, const struct args *args, struct err *err)
{
	if (args->n_operands < command->min_operands)
		return err_set(err, -EINVAL, "%s needs %s", command->name, command->operands);
	if (args->n_operands > command->max_operands)
		return err_set(err, -EINVAL, "%s: '%s' is one word too many; put words that belong together in quotes",
			       command->name, args->operands[command->max_operands]);
	return 0;
}

/* The file of -c, which may stand before the command or behind it. */
static int ctl_choose_conf(struct session *session, const struct args *before, const struct args *behind,
			   struct err *err)
{
	const char *first = args_value(before, "-c"), *second = args_value(behind, "-c");
	if (first != NULL && second != NULL)
		return err_set(err, -EINVAL, "option '-c' is given twice");
	session->is_conf_given = first != NULL || second != NULL;
	session->conf_file = first != NULL ? first : second != NULL ? second : CTL_DEFAULT_CONF;
	return 0;
}

static int ctl_run(const struct command *command, const struct args *before, size_t argc, const char *const *argv)
{
	struct clock clock = clock_system();
	struct session session = {.now_utc = clock_now(&clock).wall_s};
	struct args args = {0};
	struct err err = {0};
	if (args_parse(command->options, command->n_options, false, argc, argv, &args, &err) < 0)
		return ctl_fail_usage(command, &err);

	int status = EX_OK;
	if (args_has(&args, "--help"))
		ctl_print_command_help(command);
	else if (ctl_check_operands(command, &args, &err) < 0 || ctl_choose_conf(&session, before, &args, &err) < 0)
		status = ctl_fail_usage(command, &err);
	else
		status = command->run(&session, &args);
	session_done(&session);
	args_done(&args);
	return status;
}

static int ctl_dispatch(const struct args *args)
{
	struct err err = {0};
	if (args_has(args, "--help")) {
		ctl_print_help();
		return EX_OK;
	}
	if (args_has(args, "--version")) {
		(void)printf("deadlinectl " DEADLINED_VERSION "\n");
		return EX_OK;
	}
	if (args->n_operands == 0) {
		(void)err_set(&err, -EINVAL, "a command is missing");
		return ctl_fail_usage(NULL, &err);
	}
	const struct command *command = ctl_find_command(args->operands[0]);
	return command == NULL ? EX_USAGE : ctl_run(command, args, args->n_operands - 1, args->operands + 1);
}

int main(int argc, char **argv)
{
	struct args args = {0};
	struct err err = {0};
	mem_forbid_dumps();
	(void)setlocale(LC_CTYPE,
			"C.UTF-8"); /* for the width of characters; the text is UTF-8 whatever the terminal's */
	store_memory_init();
	if (argc < 1 || args_parse(ctl_options, CTL_OPTIONS, true, (size_t)argc - 1, (const char *const *)argv + 1,
				   &args, &err) < 0)
		return ctl_fail_usage(NULL, &err);

	int status = ctl_dispatch(&args);
	args_done(&args);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		output_complain("writing the output: %s", strerror(errno));
		return status != EX_OK ? status : EX_IOERR;
	}
	return status;
}
