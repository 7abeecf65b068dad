#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/output.h"
#include "ctl/task_edit.h"
#include "store/store_task.h"

static const struct args_option edit_options[] = {
	COMMAND_COMMON_OPTIONS,
	TASK_EDIT_OPTIONS,
};

static bool edit_has_change(const struct args *args)
{
	for (size_t i = 0; i < args->n_table; i++)
		if (args->values[i] != NULL && strcmp(args->table[i].name, "-c") != 0)
			return true;
	return false;
}

static int edit_task(struct session *session, const struct args *args, const char *uid)
{
	struct task task = {0};
	struct err err = {0};
	int status = store_task_find(session->store, uid, &task, &err);
	if (status == -ENOENT)
		return session_fail_uid(session, uid);
	if (status < 0)
		return session_fail(status, &err);
	status = task_edit_put(session, args, NULL, &task);
	task_done(&task);
	return status;
}

static int edit_run(struct session *session, const struct args *args)
{
	if (!edit_has_change(args)) {
		output_complain("edit: say what shall be different, as --when \"June 2025\"");
		return EX_USAGE;
	}
	int status = session_open(session, SESSION_EDIT);
	if (status == EX_OK)
		status = session_begin_edit(session);
	if (status == EX_OK)
		status = edit_task(session, args, args->operands[0]);
	return status == EX_OK ? session_commit_edit(session) : status;
}

const struct command edit_command = {
	.name = "edit",
	.operands = "UID",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Change a task: only what is given changes",
	.help = "A new date cancels the reminders of the old one that are not sent yet. --people \"\" takes everybody "
		"out.",
	COMMAND_OPTIONS(edit_options),
	.run = edit_run,
};
