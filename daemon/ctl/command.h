/* command: what a command of deadlinectl is. Each lives in a file of its own; ctl.c has the table of all. */
#ifndef DEADLINED_CTL_COMMAND_H
#define DEADLINED_CTL_COMMAND_H

#include <limits.h>
#include <stddef.h>

#include "ctl/args.h"
#include "ctl/session.h"

enum { COMMAND_ANY_OPERANDS = INT_MAX };

struct command {
	const char *name;
	const char *operands; /* as the help writes them, "UID..."; "" when there are none */
	size_t min_operands, max_operands;
	const char *summary; /* one line */
	const char *help;    /* paragraphs below the options, or NULL */
	const struct args_option *options;
	size_t n_options;
	/* Returns the exit status. The session has now_utc and the file's name; it is ended by the caller. */
	int (*run)(struct session *session, const struct args *args);
};

#define COMMAND_OPTIONS(table) .options = (table), .n_options = sizeof(table) / sizeof((table)[0])
/* Every table of options begins with these. */
#define COMMAND_COMMON_OPTIONS                                                                                         \
	{"-c", "FILE", "use this configuration"},                                                                      \
	{                                                                                                              \
		"--help", NULL, "show this help"                                                                       \
	}

extern const struct command add_command;
extern const struct command edit_command;
extern const struct command done_command;
extern const struct command cancel_command;
extern const struct command reopen_command;
extern const struct command list_command;
extern const struct command show_command;
extern const struct command people_command;
extern const struct command queue_command;
extern const struct command status_command;
extern const struct command when_command;
extern const struct command test_command;
extern const struct command import_command;
extern const struct command plan_command;
extern const struct command policy_command;
extern const struct command why_command;
extern const struct command ack_command;
extern const struct command snooze_command;
extern const struct command silence_command;
extern const struct command deputy_command;
extern const struct command brake_command;
extern const struct command release_command;
extern const struct command backup_command;
extern const struct command recover_command;
extern const struct command forget_command;
extern const struct command render_command;

#endif
