#include "ctl/close.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "ctl/output.h"
#include "ctl/series.h"
#include "remind/act.h"
#include "store/store_ledger.h"
#include "store/store_task.h"

static int close_task(struct session *session, const char *uid, const char *task_status)
{
	struct task task = {0};
	struct err err = {0};
	int result = session_find_task(session, uid, &task);
	int status = result == EX_OK ? store_task_set_status(session->store, task.id, task_status, &err) : 0;
	task_done(&task);
	return status < 0 ? session_fail(status, &err) : result;
}

static int close_tasks(struct session *session, const struct args *args, const char *task_status)
{
	int status = EX_OK;
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

/* ---- one occurrence, or that and what follows ---------------------------------------------------------------------
 */

static int close_following(struct session *session, struct task *task, const struct pick *pick, const char *task_status)
{
	struct err err = {0};
	if (pick->is_first) {
		int status = store_task_set_status(session->store, task->id, task_status, &err);
		return status < 0 ? session_fail(status, &err) : EX_OK;
	}
	int result = series_end(session, task, pick, task_status);
	if (result != EX_OK)
		return result;
	char *detail = mem_printf("%s and all that follow", pick->date);
	const char *action = strcmp(task_status, "done") == 0 ? "done" : "cancel";
	int status = store_ledger_add(session->store, action, task->uid, NULL, detail, &err);
	free(detail);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static int close_occurrence(struct session *session, const struct args *args, struct task *task,
			    const char *task_status)
{
	struct pick pick;
	struct err err = {0};
	bool is_following = args_has(args, "--following");
	int result = pick_occurrence(session, task, args_value(args, "--occurrence"), &pick);
	if (result == EX_OK && is_following)
		result = close_following(session, task, &pick, task_status);
	if (result == EX_OK && !is_following) {
		int status = act_close(session->store, task, &pick, task_status, &err);
		result = status < 0 ? session_fail(status, &err) : EX_OK;
	}
	if (result == EX_OK)
		result = session_commit_edit(session);
	if (result == EX_OK)
		output_print("%s (%s%s) %s\n", task->uid, pick.key, is_following ? " and all that follow" : "",
			     task_status);
	return result;
}

static int close_check_usage(const struct args *args)
{
	bool has_occurrence = args_has(args, "--occurrence");
	if (has_occurrence && args->n_operands > 1)
		output_complain("--occurrence speaks of one task: name only that");
	else if (!has_occurrence && args_has(args, "--following"))
		output_complain("--following goes with --occurrence DATE");
	else
		return EX_OK;
	return EX_USAGE;
}

int close_run(struct session *session, const struct args *args, const char *task_status)
{
	struct task task = {0};
	int result = close_check_usage(args);
	if (result == EX_OK)
		result = session_open(session, SESSION_EDIT);
	if (result == EX_OK)
		result = session_begin_edit(session);
	if (result == EX_OK && !args_has(args, "--occurrence"))
		return close_tasks(session, args, task_status);
	if (result == EX_OK)
		result = session_find_task(session, args->operands[0], &task);
	if (result == EX_OK)
		result = close_occurrence(session, args, &task, task_status);
	task_done(&task);
	return result;
}
