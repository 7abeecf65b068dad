#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/output.h"
#include "ctl/pick.h"
#include "ctl/prospect.h"
#include "remind/act.h"

static const struct args_option reopen_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--occurrence", "DATE", "of a repeating task, only the one on that day"},
};

static int reopen_date(struct session *session, const struct task *task, const char *date)
{
	struct pick pick;
	struct err err = {0};
	if (strcmp(task->status, "open") != 0) {
		output_complain("'%s' as a whole is %s: leave --occurrence out to open it again", task->uid,
				task->status);
		return EX_DATAERR;
	}
	int result = pick_occurrence(session, task, date, &pick);
	if (result != EX_OK)
		return result;
	if (pick.is_open) {
		output_complain("%s (%s) is open already", task->uid, pick.key);
		return EX_OK;
	}
	int status = act_close(session->store, task, &pick, "open", &err);
	if (status < 0)
		return session_fail(status, &err);
	output_print("%s (%s) is open again\n", task->uid, pick.key);
	return EX_OK;
}

static int reopen_task(struct session *session, const struct task *task)
{
	struct err err = {0};
	if (strcmp(task->status, "open") == 0) {
		output_complain("%s is open already", task->uid);
		return EX_OK;
	}
	int status = store_task_set_status(session->store, task->id, "open", &err);
	if (status < 0)
		return session_fail(status, &err);
	output_print("%s is open again\n", task->uid);
	return EX_OK;
}

static int reopen_run(struct session *session, const struct args *args)
{
	struct task task = {0};
	const char *date = args_value(args, "--occurrence");
	int result = session_open(session, SESSION_EDIT);
	if (result == EX_OK)
		result = session_begin_edit(session);
	if (result == EX_OK)
		result = session_find_task(session, args->operands[0], &task);
	if (result == EX_OK)
		result = date != NULL ? reopen_date(session, &task, date) : reopen_task(session, &task);
	if (result == EX_OK)
		result = session_commit_edit(session);
	if (result == EX_OK)
		prospect_warn(session, task.uid);
	task_done(&task);
	return result;
}

const struct command reopen_command = {
	.name = "reopen",
	.operands = "UID",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Open a task again that was done or cancelled",
	.help = "What was sent is not sent again; later steps are. Who heard that it is cancelled hears of it by its next step.\n"
		"--occurrence names one date of a repeating task that was done or cancelled by itself. What --following ended\n"
		"is the end of its rule: 'deadlinectl edit UID --rrule RULE' gives it another.",
	COMMAND_OPTIONS(reopen_options),
	.run = reopen_run,
};
