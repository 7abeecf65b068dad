#include "ctl/close.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/output.h"
#include "store/store_task.h"

static int close_task(struct session *session, const char *uid, const char *task_status)
{
	struct task task = {0};
	struct err err = {0};
	int status = store_task_find(session->store, uid, &task, &err);
	if (status == -ENOENT)
		return session_fail_uid(session, uid);
	if (status == 0)
		status = store_task_set_status(session->store, task.id, task_status, &err);
	task_done(&task);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

int close_tasks(struct session *session, const struct args *args, const char *task_status)
{
	int status = session_open(session, SESSION_EDIT);
	if (status == EX_OK)
		status = session_begin_edit(session);
	if (status != EX_OK)
		return status;

	for (size_t i = 0; i < args->n_operands; i++) {
		int result = close_task(session, args->operands[i], task_status);
		if (result != EX_OK)
			status = result; /* go on: every unknown uid is named */
	}
	if (status != EX_OK) {
		if (args->n_operands > 1)
			output_complain("nothing was changed");
		return status;
	}
	return session_commit_edit(session);
}
