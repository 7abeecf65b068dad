#include <stdio.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/output.h"
#include "ctl/pick.h"
#include "store/store_reader.h"
#include "store/store_task.h"

static const struct args_option ack_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--occurrence", "DATE", "of a repeating task, the one on that day; the latest that has begun if not given"},
};

static int ack_occurrence(struct session *session, const struct task *task, const char *phrase)
{
	struct pick pick;
	struct err err = {0};
	bool is_known = false;
	int result = pick_occurrence(session, task, phrase, &pick);
	if (result != EX_OK)
		return result;
	int status = store_is_acknowledged(session->store, task->id, pick.key, &is_known, &err);
	if (status == 0)
		status = store_acknowledge(session->store, task->id, pick.key, &err);
	if (status < 0)
		return session_fail(status, &err);
	result = session_commit_edit(session);
	if (result == EX_OK)
		output_print("%s (%s) %s\n", task->uid, pick.key,
			     is_known ? "was acknowledged before" : "acknowledged");
	return result;
}

static int ack_run(struct session *session, const struct args *args)
{
	struct task task = {0};
	int result = session_open(session, SESSION_EDIT);
	if (result == EX_OK)
		result = session_begin_edit(session);
	if (result == EX_OK)
		result = session_find_task(session, args->operands[0], &task);
	if (result == EX_OK)
		result = ack_occurrence(session, &task, args_value(args, "--occurrence"));
	task_done(&task);
	return result;
}

const struct command ack_command = {
	.name = "ack",
	.operands = "UID",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Acknowledge a task: it is seen to, though not done",
	.help = "Nobody is told any more that it is overdue, and it is not escalated; what waits of that is cancelled.\n"
		"Reminders before its date still come.",
	COMMAND_OPTIONS(ack_options),
	.run = ack_run,
};
