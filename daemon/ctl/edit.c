#include <string.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/edit_occurrence.h"
#include "ctl/output.h"
#include "ctl/prospect.h"
#include "ctl/task_edit.h"

static const struct args_option edit_options[] = {
	COMMAND_COMMON_OPTIONS,
	TASK_EDIT_OPTIONS,
	{"--occurrence", "DATE", "of a repeating task, move only the one on that day, to --when"},
	{"--following", NULL, "with --occurrence: and all that follow; a new task carries on"},
};

static bool edit_has_change(const struct args *args)
{
	for (size_t i = 0; i < args->n_table; i++)
		if (args->values[i] != NULL && strcmp(args->table[i].name, "-c") != 0)
			return true;
	return false;
}

/* A single date would silently end the repeats, or keep a rule that was made for another one. */
static int edit_check_repeats(const struct session *session, const struct args *args, const struct task *task)
{
	const char *when = args_value(args, "--when");
	const struct zone *zone = zone_find(task->zone);
	char rrule[PERIOD_RRULE_SIZE] = "";
	struct period period;
	struct period_error error = {0};
	bool is_read = when != NULL && zone != NULL &&
		       period_parse_repeat(when, fields_year(zone, session->now_utc), &period, rrule, &error) == 0;
	if (!is_read || rrule[0] != '\0' || task->rrule[0] == '\0' || args_has(args, "--rrule"))
		return EX_OK;
	output_complain(
		"task '%s' repeats (%s): move one date with --occurrence DATE, or give --rrule as well, \"\" if it "
		"shall not repeat any more",
		task->uid, task->rrule);
	return EX_DATAERR;
}

static int edit_task(struct session *session, const struct args *args, struct task *task)
{
	int result = edit_check_repeats(session, args, task);
	if (result == EX_OK)
		result = task_edit_put(session, args, NULL, task);
	if (result == EX_OK)
		result = session_commit_edit(session);
	if (result == EX_OK)
		prospect_tell_bound(session, args_value(args, "--when"), task);
	if (result == EX_OK && (args_has(args, "--when") || args_has(args, "--people") || args_has(args, "--policy")))
		prospect_warn(session, task->uid);
	return result;
}

static int edit_run(struct session *session, const struct args *args)
{
	if (!edit_has_change(args)) {
		output_complain("edit: say what shall be different, as --when \"June 2025\"");
		return EX_USAGE;
	}
	if (args_has(args, "--following") && !args_has(args, "--occurrence")) {
		output_complain("--following goes with --occurrence DATE");
		return EX_USAGE;
	}
	struct task task = {0};
	int result = session_open(session, SESSION_EDIT);
	if (result == EX_OK)
		result = session_begin_edit(session);
	if (result == EX_OK)
		result = session_find_task(session, args->operands[0], &task);
	if (result == EX_OK)
		result = args_has(args, "--occurrence") ? edit_occurrence(session, args, &task)
							: edit_task(session, args, &task);
	if (result == EX_OK && strcmp(task.status, "open") != 0)
		output_complain("%s is %s: nobody will be reminded of it; 'deadlinectl reopen %s' opens it again",
				task.uid, task.status, task.uid);
	task_done(&task);
	return result;
}

const struct command edit_command = {
	.name = "edit",
	.operands = "UID",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Change a task: only what is given changes",
	.help = "A new date cancels the reminders of the old one that are not sent yet. --people \"\" takes everybody "
		"out.\n"
		"A list with a ROLE:ID in it says all roles; ids alone say who the participants are.",
	COMMAND_OPTIONS(edit_options),
	.run = edit_run,
};
