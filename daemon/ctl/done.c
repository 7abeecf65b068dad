#include "ctl/close.h"
#include "ctl/command.h"

static const struct args_option done_options[] = {COMMAND_COMMON_OPTIONS, CLOSE_OPTIONS};

static int done_run(struct session *session, const struct args *args)
{
	return close_run(session, args, "done");
}

const struct command done_command = {
	.name = "done",
	.operands = "UID...",
	.min_operands = 1,
	.max_operands = COMMAND_ANY_OPERANDS,
	.summary = "Mark tasks as done: nobody is reminded of them any more",
	.help = "Reminders that are not sent yet are cancelled. When a uid is unknown, nothing is changed.\n"
		"Of a repeating task, --occurrence names one date by its rule, or the date that it was moved to.",
	COMMAND_OPTIONS(done_options),
	.run = done_run,
};
