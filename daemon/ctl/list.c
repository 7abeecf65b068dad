#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/mem.h"
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

struct list_row {
	struct civil end; /* of its date that matters now */
	size_t place;     /* in the order of the store, by uid where the ends are the same */
	char *cells[LIST_COLUMNS];
	json_t *json; /* when that is wanted; otherwise cells are */
};

struct list {
	struct session *session;
	struct list_row *rows;
	size_t n;
	bool is_json;
	struct err err;
};

static int list_json(struct list *list, struct list_row *row, const struct task *task, const struct period *now,
		     int64_t next_due_utc)
{
	struct strlist people = {0}, parts = {0};
	int status = store_task_people(list->session->store, task->id, &people, &list->err);
	if (status == 0)
		status = store_task_parts(list->session->store, task->id, &parts, &list->err);
	if (status == 0)
		row->json = task_view_json(list->session, task, now, &people, &parts, next_due_utc);
	strlist_done(&people);
	strlist_done(&parts);
	return status;
}

static void list_cells(const struct list *list, struct list_row *row, const struct task *task, const struct period *now,
		       int64_t next_due_utc)
{
	char when[OUTPUT_PERIOD_SIZE], next[OUTPUT_TIME_SIZE];
	task_view_when(task, now, when);
	task_view_next(list->session, task, next_due_utc, next);
	const char *cells[LIST_COLUMNS] = {task->uid, when, task->zone, task->status, task->policy, next, task->title};
	for (size_t i = 0; i < LIST_COLUMNS; i++)
		row->cells[i] = mem_dup(cells[i]);
}

static int list_add(void *arg, const struct task *task, int64_t next_due_utc)
{
	struct list *list = arg;
	struct period now;
	int status = task_view_now(list->session, task, &now, &list->err);
	if (status < 0)
		return status;
	list->rows = mem_grow(list->rows, list->n + 1, sizeof(*list->rows));
	struct list_row *row = &list->rows[list->n++];
	*row = (struct list_row){.end = now.end, .place = list->n - 1};
	if (list->is_json)
		return list_json(list, row, task, &now, next_due_utc);
	list_cells(list, row, task, &now, next_due_utc);
	return 0;
}

static int list_compare(const void *left, const void *right)
{
	const struct list_row *a = left, *b = right;
	int order = civil_compare(&a->end, &b->end);
	return order != 0 ? order : a->place < b->place ? -1 : 1;
}

static void list_print(struct list *list, const char *nothing)
{
	struct output_table *table = list->is_json ? NULL : output_table_new(list_headings, LIST_COLUMNS);
	for (size_t i = 0; i < list->n; i++) {
		struct list_row *row = &list->rows[i];
		if (list->is_json)
			output_json(row->json, stdout);
		else
			output_table_add(table, (const char *const *)row->cells);
		row->json = NULL; /* output_json() took it */
	}
	if (table != NULL)
		output_table_finish(table, nothing, stdout);
}

static void list_done(struct list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		for (size_t cell = 0; cell < LIST_COLUMNS; cell++)
			free(list->rows[i].cells[cell]);
		json_decref(list->rows[i].json);
	}
	free(list->rows);
}

static int list_run(struct session *session, const struct args *args)
{
	int status = session_open(session, SESSION_READ);
	if (status != EX_OK)
		return status;

	bool is_all = args_has(args, "--all");
	struct list list = {.session = session, .is_json = args_has(args, "--json")};
	status = store_task_each(session->store, is_all, list_add, &list, &list.err);
	if (list.n > 1)
		qsort(list.rows, list.n, sizeof(list.rows[0]), list_compare);
	if (status == 0)
		list_print(&list, is_all ? "There are no tasks." : "There are no open tasks.");
	list_done(&list);
	return status < 0 ? session_fail(status, &list.err) : EX_OK;
}

const struct command list_command = {
	.name = "list",
	.operands = "",
	.summary = "List the open tasks by date",
	COMMAND_OPTIONS(list_options),
	.run = list_run,
};
