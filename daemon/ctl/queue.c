#include <stdio.h>
#include <sysexits.h>

#include "base/strlist.h"
#include "ctl/command.h"
#include "ctl/message_view.h"
#include "ctl/output.h"

static const struct args_option queue_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--state", "STATE", "pending, sending, sent, dead, cancelled, stale or held"},
	{"--json", NULL, "print one JSON object a line"},
};

struct queue {
	struct turn_view turns;
	struct output_table *table; /* NULL: JSON is wanted */
	struct err err;
};

static int queue_add(void *arg, const struct store_message *message)
{
	struct queue *queue = arg;
	struct turn_ahead ahead;
	int status = turn_view_find(&queue->turns, message->id, 0, &ahead, &queue->err);
	if (status < 0)
		return status;
	if (queue->table != NULL)
		message_view_add(&queue->turns, message, &ahead, queue->table);
	else
		output_json(message_view_json(&queue->turns, message, &ahead), stdout);
	turn_ahead_done(&ahead);
	return 0;
}

/* MESSAGE_STATE_MAX when none was given: all of them. */
static int queue_find_state(const char *name, enum message_state *ret_state)
{
	const char *names[MESSAGE_STATE_MAX];
	*ret_state = MESSAGE_STATE_MAX;
	if (name == NULL || message_state_find(name, ret_state))
		return EX_OK;

	for (int i = 0; i < MESSAGE_STATE_MAX; i++)
		names[i] = message_state_name((enum message_state)i);
	const char *nearest = strlist_nearest(name, names, MESSAGE_STATE_MAX);
	if (nearest != NULL)
		output_complain("--state: unknown state '%s', did you mean '%s'?", name, nearest);
	else
		output_complain(
			"--state: unknown state '%s': give pending, sending, sent, dead, cancelled, stale or held",
			name);
	return EX_USAGE;
}

static int queue_run(struct session *session, const struct args *args)
{
	struct queue queue = {0};
	enum message_state state;
	int status = queue_find_state(args_value(args, "--state"), &state);
	if (status == EX_OK)
		status = session_open(session, SESSION_READ);
	if (status != EX_OK)
		return status;

	if (!args_has(args, "--json"))
		queue.table = message_view_table();
	status = turn_view_load(session, &queue.turns, &queue.err);
	if (status == 0)
		status = store_message_each(session->store, state, queue_add, &queue, &queue.err);
	if (queue.table != NULL)
		output_table_finish(queue.table, "There are no such messages.", stdout);
	turn_view_done(&queue.turns);
	return status < 0 ? session_fail(status, &queue.err) : EX_OK;
}

const struct command queue_command = {
	.name = "queue",
	.operands = "",
	.summary = "List the messages: waiting, sent and given up",
	COMMAND_OPTIONS(queue_options),
	.run = queue_run,
};
