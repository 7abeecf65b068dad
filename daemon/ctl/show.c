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
	const char *uid;
	bool is_json, is_found;
	struct strlist people, parts; /* its people, and with their roles */
	json_t *messages;             /* when is_json */
	struct output_table *table;   /* otherwise */
	struct err err;
};

/* ---- its messages -------------------------------------------------------------------------------------------------
 */

static int show_add_message(void *arg, const struct store_message *message)
{
	struct show *show = arg;
	bool is_about_it = false;
	for (size_t i = 0; i < message->n_reminders; i++)
		is_about_it = is_about_it || strcmp(message->reminders[i].task_uid, show->uid) == 0;
	if (!is_about_it)
		return 0;
	if (show->is_json)
		json_array_append_new(show->messages, message_view_json(show->session, message));
	else
		message_view_add(show->session, message, show->table);
	return 0;
}

static int show_messages(struct show *show)
{
	return store_message_each(show->session->store, MESSAGE_STATE_MAX, show_add_message, show, &show->err);
}

/* ---- the task -----------------------------------------------------------------------------------------------------
 */

static void show_line(const char *label, const char *value)
{
	char *clean = output_clean(value);
	(void)printf("%-14s %s\n", label, clean[0] != '\0' ? clean : "-");
	free(clean);
}

static void show_print_facts(const struct show *show, const struct task *task, int64_t next_due_utc)
{
	char when[OUTPUT_PERIOD_SIZE], next[OUTPUT_TIME_SIZE];
	output_period(&task->period, when);
	task_view_next(show->session, task, next_due_utc, next);
	show_line("uid", task->uid);
	show_line("title", task->title);
	(void)printf("%-14s %s (%s)\n", "when", when, period_precision_name(task->period.precision));
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
			(void)printf(", %s", role_name(role));
	}
}

static int show_print_person(struct show *show, const char *id)
{
	struct person person = {0};
	int status = store_person_load(show->session->store, id, &person, &show->err);
	if (status < 0)
		return status;
	char *name = output_clean(person.name);
	(void)printf("  %s (%s)", person.id, name);
	show_print_roles(show, person.id);
	(void)printf(", %s, %s", person.language, person.zone);
	for (size_t i = 0; i < person.n_addresses; i++) {
		char *address = output_clean(person.addresses[i].address);
		(void)printf(", %s: %s", person.addresses[i].channel, address);
		free(address);
	}
	(void)printf("%s\n", person.n_addresses == 0 ? ", no address" : "");
	free(name);
	person_done(&person);
	return 0;
}

static int show_text(struct show *show, const struct task *task, int64_t next_due_utc)
{
	int status = 0;
	show_print_facts(show, task, next_due_utc);
	(void)printf("\npeople%s\n", show->people.n == 0 ? ": none, so nobody is reminded" : "");
	for (size_t i = 0; i < show->people.n && status == 0; i++)
		status = show_print_person(show, show->people.items[i]);

	(void)printf("\nmessages\n");
	show->table = message_view_table();
	if (status == 0)
		status = show_messages(show);
	output_table_finish(show->table, "  none yet", stdout);
	return status;
}

static int show_json(struct show *show, const struct task *task, int64_t next_due_utc)
{
	json_t *object = task_view_json(show->session, task, &show->people, &show->parts, next_due_utc);
	show->messages = json_array();
	int status = show_messages(show);
	json_object_set_new(object, "messages", show->messages);
	if (status == 0)
		output_json(object, stdout);
	else
		json_decref(object);
	return status;
}

/* The listing alone knows the next due instant. */
static int show_if_it(void *arg, const struct task *task, int64_t next_due_utc)
{
	struct show *show = arg;
	if (strcmp(task->uid, show->uid) != 0)
		return 0;

	show->is_found = true;
	int status = store_task_people(show->session->store, task->id, &show->people, &show->err);
	if (status == 0)
		status = store_task_parts(show->session->store, task->id, &show->parts, &show->err);
	if (status == 0)
		status = show->is_json ? show_json(show, task, next_due_utc) : show_text(show, task, next_due_utc);
	strlist_done(&show->people);
	strlist_done(&show->parts);
	return status;
}

static int show_run(struct session *session, const struct args *args)
{
	struct show show = {.session = session, .uid = args->operands[0], .is_json = args_has(args, "--json")};
	int status = session_open(session, SESSION_READ);
	if (status != EX_OK)
		return status;
	status = store_task_each(session->store, true, show_if_it, &show, &show.err);
	if (status < 0)
		return session_fail(status, &show.err);
	return show.is_found ? EX_OK : session_fail_uid(session, show.uid);
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
