#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/message_view.h"
#include "ctl/output.h"
#include "ctl/task_view.h"
#include "plan/role.h"
#include "store/store_message.h"
#include "store/store_person.h"
#include "store/store_task.h"

static const struct args_option show_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--json", NULL, "print one JSON object"},
};

struct show {
	struct session *session;
	struct task task;
	int64_t next_due_utc;
	struct period now; /* its date, or that of a repeating one that matters now */
	bool is_json;
	struct strlist people, parts; /* its people, and with their roles */
	json_t *messages;             /* when is_json */
	struct output_table *table;   /* otherwise */
	struct turn_view turns;
	struct err err;
};

/* ---- its messages -------------------------------------------------------------------------------------------------
 */

/* Unless its reminder was dropped before the message left. */
static int show_add_message(struct show *show, const struct store_message *message)
{
	struct turn_ahead ahead;
	bool is_about_it = false;
	for (size_t i = 0; i < message->n_reminders; i++)
		is_about_it = is_about_it || message->reminders[i].task == show->task.id;
	if (!is_about_it)
		return 0;
	int status = turn_view_find(&show->turns, message->id, 0, &ahead, &show->err);
	if (status < 0)
		return status;
	if (show->is_json)
		json_array_append_new(show->messages, message_view_json(&show->turns, message, &ahead));
	else
		message_view_add(&show->turns, message, &ahead, show->table);
	turn_ahead_done(&ahead);
	return 0;
}

static int show_messages(struct show *show)
{
	struct store *store = show->session->store;
	int64_t *ids = NULL;
	size_t n = 0;
	int status = store_task_messages(store, show->task.id, &ids, &n, &show->err);
	for (size_t i = 0; i < n && status == 0; i++) {
		struct store_message message;
		status = store_message_load(store, ids[i], &message, &show->err);
		if (status == 0) {
			status = show_add_message(show, &message);
			store_message_done(&message);
		} else if (status == -ENOENT) {
			status = 0; /* the daemon has removed it meanwhile */
		}
	}
	free(ids);
	return status;
}

/* ---- the task -----------------------------------------------------------------------------------------------------
 */

static void show_line(const char *label, const char *value)
{
	char *clean = output_clean(value);
	output_print("%-14s %s\n", label, clean[0] != '\0' ? clean : "-");
	free(clean);
}

static void show_print_facts(const struct show *show)
{
	const struct task *task = &show->task;
	char when[OUTPUT_PERIOD_SIZE], next[OUTPUT_TIME_SIZE];
	task_view_when(task, &show->now, when);
	task_view_next(show->session, task, show->next_due_utc, next);
	show_line("uid", task->uid);
	show_line("title", task->title);
	output_print("%-14s %s (%s)\n", "when", when, period_precision_name(show->now.precision));
	show_line("zone", task->zone);
	show_line("place", task->place);
	show_line("note", task->note);
	show_line("status", task->status);
	show_line("priority", task->is_urgent ? "urgent" : "normal");
	show_line("repeats", task->rrule);
	show_line("policy", task->policy);
	show_line("next reminder", next);
}

/* ", supervisor, watcher" */
static void show_print_roles(const struct show *show, const char *id)
{
	for (size_t i = 0; i < show->parts.n; i++) {
		enum role role;
		const char *of;
		if (role_split(show->parts.items[i], &role, &of) && strcmp(of, id) == 0)
			output_print(", %s", role_name(role));
	}
}

static int show_print_person(struct show *show, const char *id)
{
	struct person person = {0};
	int status = store_person_load(show->session->store, id, &person, &show->err);
	if (status < 0)
		return status;
	char *name = output_clean(person.name);
	output_print("  %s (%s)", person.id, name);
	show_print_roles(show, person.id);
	output_print(", %s, %s", person.language, person.zone);
	for (size_t i = 0; i < person.n_addresses; i++) {
		char *address = output_clean(person.addresses[i].address);
		output_print(", %s: %s", person.addresses[i].channel, address);
		free(address);
	}
	output_print("%s\n", person.n_addresses == 0 ? ", no address" : "");
	free(name);
	person_done(&person);
	return 0;
}

static int show_text(struct show *show)
{
	int status = 0;
	show_print_facts(show);
	output_print("\npeople%s\n", show->people.n == 0 ? ": none, so nobody is reminded" : "");
	for (size_t i = 0; i < show->people.n && status == 0; i++)
		status = show_print_person(show, show->people.items[i]);

	output_print("\nmessages\n");
	show->table = message_view_table();
	if (status == 0)
		status = show_messages(show);
	output_table_finish(show->table, "  none yet", stdout);
	return status;
}

static int show_json(struct show *show)
{
	json_t *object =
		task_view_json(show->session, &show->task, &show->now, &show->people, &show->parts, show->next_due_utc);
	show->messages = json_array();
	int status = show_messages(show);
	json_object_set_new(object, "messages", show->messages);
	if (status == 0)
		output_json(object, stdout);
	else
		json_decref(object);
	return status;
}

static int show_task(struct show *show)
{
	struct store *store = show->session->store;
	int64_t id = show->task.id;
	int status = store_task_next_step(store, id, &show->next_due_utc, &show->err);
	if (status == 0)
		status = task_view_now(show->session, &show->task, &show->now, &show->err);
	if (status == 0)
		status = store_task_people(store, id, &show->people, &show->err);
	if (status == 0)
		status = store_task_parts(store, id, &show->parts, &show->err);
	if (status == 0)
		status = turn_view_load(show->session, &show->turns, &show->err);
	if (status == 0)
		status = show->is_json ? show_json(show) : show_text(show);
	turn_view_done(&show->turns);
	strlist_done(&show->people);
	strlist_done(&show->parts);
	return status;
}

static int show_run(struct session *session, const struct args *args)
{
	struct show show = {.session = session, .is_json = args_has(args, "--json")};
	int status = session_open(session, SESSION_READ);
	if (status != EX_OK)
		return status;
	status = store_task_find(session->store, args->operands[0], &show.task, &show.err);
	if (status == -ENOENT)
		return session_fail_uid(session, args->operands[0]);
	if (status == 0) {
		status = show_task(&show);
		task_done(&show.task);
	}
	return status < 0 ? session_fail(status, &show.err) : EX_OK;
}

const struct command show_command = {
	.name = "show",
	.operands = "UID",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Show a task with its people and messages",
	COMMAND_OPTIONS(show_options),
	.run = show_run,
};
