#include "ctl/close.h"
#include "ctl/command.h"

static const struct args_option cancel_options[] = {COMMAND_COMMON_OPTIONS, CLOSE_OPTIONS};

static int cancel_run(struct session *session, const struct args *args)
{
	return close_run(session, args, "cancelled");
}

const struct command cancel_command = {
	.name = "cancel",
	.operands = "UID...",
	.min_operands = 1,
	.max_operands = COMMAND_ANY_OPERANDS,
	.summary = "Cancel tasks: nobody is reminded of them any more",
	.help = "Reminders that are not sent yet are cancelled. When a uid is unknown, nothing is changed.\n"
		"Who was told a date that is not over hears once that it is off.\n"
		"Of a repeating task, --occurrence names one date by its rule, or the date that it was moved to.",
	COMMAND_OPTIONS(cancel_options),
	.run = cancel_run,
};
