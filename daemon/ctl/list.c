#include <stdio.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/output.h"
#include "ctl/task_view.h"
#include "store/store_task.h"

static const struct args_option list_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--all", NULL, "tasks that are done or cancelled too"},
	{"--json", NULL, "print one JSON object a line"},
};

static const char *const list_headings[] = {"UID", "WHEN", "ZONE", "STATUS", "POLICY", "NEXT REMINDER", "TITLE"};
enum { LIST_COLUMNS = sizeof(list_headings) / sizeof(list_headings[0]) };

struct list {
	struct session *session;
	struct output_table *table; /* NULL: JSON is wanted */
	struct err err;
};

static int list_json(struct list *list, const struct task *task, int64_t next_due_utc)
{
	struct strlist people = {0}, parts = {0};
	int status = store_task_people(list->session->store, task->id, &people, &list->err);
	if (status == 0)
		status = store_task_parts(list->session->store, task->id, &parts, &list->err);
	if (status == 0)
		output_json(task_view_json(list->session, task, &people, &parts, next_due_utc), stdout);
	strlist_done(&people);
	strlist_done(&parts);
	return status;
}

static int list_add(void *arg, const struct task *task, int64_t next_due_utc)
{
	struct list *list = arg;
	char when[OUTPUT_PERIOD_SIZE], next[OUTPUT_TIME_SIZE];
	if (list->table == NULL)
		return list_json(list, task, next_due_utc);
	output_period(&task->period, when);
	task_view_next(list->session, task, next_due_utc, next);
	const char *cells[LIST_COLUMNS] = {task->uid, when, task->zone, task->status, task->policy, next, task->title};
	output_table_add(list->table, cells);
	return 0;
}

static int list_run(struct session *session, const struct args *args)
{
	int status = session_open(session, SESSION_READ);
	if (status != EX_OK)
		return status;

	bool is_all = args_has(args, "--all");
	struct list list = {.session = session};
	if (!args_has(args, "--json"))
		list.table = output_table_new(list_headings, LIST_COLUMNS);
	status = store_task_each(session->store, is_all, list_add, &list, &list.err);
	if (list.table != NULL)
		output_table_finish(list.table, is_all ? "There are no tasks." : "There are no open tasks.", stdout);
	return status < 0 ? session_fail(status, &list.err) : EX_OK;
}

const struct command list_command = {
	.name = "list",
	.operands = "",
	.summary = "List the open tasks by date",
	COMMAND_OPTIONS(list_options),
	.run = list_run,
};
