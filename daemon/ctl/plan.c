#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "ctl/command.h"
#include "ctl/foresee.h"
#include "ctl/known.h"
#include "ctl/output.h"
#include "store/store_person.h"
#include "store/store_task.h"

enum { PLAN_DAYS = 30 };

static const struct args_option plan_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--from", "DATE", "first day, as 2025-04-01; today if not given"},
	{"--to", "DATE", "last day; 30 days later if not given"},
	{"--person", "ID", "only what goes to this person"},
	{"--task", "UID", "only what is about this task"},
	{"--json", NULL, "print one JSON object a line"},
};

static const char *const plan_headings[] = {"LOCAL TIME", "RECIPIENT", "CHANNEL", "LANG",
					    "STATE",      "STEP",      "TASK",    "WHY"};
enum { PLAN_COLUMNS = sizeof(plan_headings) / sizeof(plan_headings[0]) };

struct plan {
	const struct session *session;
	const char *person, *task; /* NULL: all */
	bool is_json;
	struct output_table *table; /* made for the first row */
};

/* ---- what is printed ---------------------------------------------------------------------------------------------- */

static json_t *plan_json(const struct rehearse_row *row, const struct zone *zone)
{
	json_t *object = json_object();
	json_object_set_new(object, "at", output_json_time(zone, row->at_utc));
	json_object_set_new(object, "task", output_json_text(row->task));
	json_object_set_new(object, "occurrence", output_json_text(row->occurrence));
	json_object_set_new(object, "step", output_json_text(row->step));
	json_object_set_new(object, "person", output_json_text(row->person));
	json_object_set_new(object, "channel", output_json_text(row->channel));
	json_object_set_new(object, "language", output_json_text(row->language));
	json_object_set_new(object, "state", output_json_text(row->state));
	json_object_set_new(object, "reason", output_json_text(row->reason));
	return object;
}

static void plan_add(struct plan *plan, const struct rehearse_row *row, const struct zone *zone)
{
	char at[OUTPUT_TIME_SIZE];
	if (plan->table == NULL)
		plan->table = output_table_new(plan_headings, PLAN_COLUMNS);
	output_time(zone, row->at_utc, at);
	bool is_held = strcmp(row->state, "held") == 0, is_deputy = row->deputy_for[0] != '\0';
	char *why = mem_printf("%s%s%s%s%s", is_held ? "held until then: " : "", row->reason,
			       is_deputy && row->reason[0] != '\0' ? "; " : "", is_deputy ? "stands in for " : "",
			       row->deputy_for);
	const char *cells[PLAN_COLUMNS] = {at,         row->person, row->channel, row->language,
					   row->state, row->step,   row->task,    why};
	output_table_add(plan->table, cells);
	free(why);
}

static void plan_take(void *arg, const struct rehearse_row *row)
{
	struct plan *plan = arg;
	const struct zone *zone = zone_find(row->zone);
	if ((plan->person != NULL && strcmp(plan->person, row->person) != 0) ||
	    (plan->task != NULL && strcmp(plan->task, row->task) != 0))
		return;
	if (zone == NULL)
		zone = plan->session->zone;
	if (plan->is_json)
		output_json(plan_json(row, zone), stdout);
	else
		plan_add(plan, row, zone);
}

/* ---- what is asked ------------------------------------------------------------------------------------------------ */

static int plan_read_day(const struct args *args, const char *option, const struct civil *preset, struct civil *ret_day)
{
	const char *text = args_value(args, option);
	bool has_time = false;
	*ret_day = *preset;
	if (text == NULL || (civil_parse(text, ret_day, &has_time) && !has_time))
		return EX_OK;
	output_complain("%s: '%s' is no day: write it like 2025-04-01", option, text);
	return EX_USAGE;
}

static int plan_read_days(const struct session *session, const struct args *args, struct civil *ret_from,
			  struct civil *ret_to)
{
	struct civil today = foresee_day(session, 0);
	int status = plan_read_day(args, "--from", &today, ret_from);
	if (status != EX_OK)
		return status;
	struct civil later = civil_add_days(ret_from, PLAN_DAYS);
	status = plan_read_day(args, "--to", &later, ret_to);
	if (status == EX_OK && civil_compare(ret_from, ret_to) > 0) {
		output_complain("--to lies before --from");
		return EX_USAGE;
	}
	return status;
}

/* A name that nobody has would give an empty plan, which looks like good news. */
static int plan_check_names(struct session *session, const struct plan *plan)
{
	struct task task;
	struct err err = {0};
	bool exists = true;
	int status = plan->task != NULL ? store_task_find(session->store, plan->task, &task, &err) : 0;
	if (status == -ENOENT)
		return session_fail_uid(session, plan->task);
	if (plan->task != NULL && status == 0)
		task_done(&task);
	if (plan->person != NULL && (status == 0 || status == -EUCLEAN))
		status = store_person_exists(session->store, plan->person, &exists, &err);
	if (status < 0 && status != -EUCLEAN)
		return session_fail(status, &err);
	return exists ? EX_OK : known_fail_person(session->store, plan->person);
}

static int plan_run(struct session *session, const struct args *args)
{
	struct civil from, to;
	struct plan plan = {
		.session = session,
		.person = args_value(args, "--person"),
		.task = args_value(args, "--task"),
		.is_json = args_has(args, "--json"),
	};
	int status = session_open(session, SESSION_COPY);
	if (status == EX_OK)
		status = plan_read_days(session, args, &from, &to);
	if (status == EX_OK)
		status = plan_check_names(session, &plan);
	if (status != EX_OK)
		return status;

	status = foresee(session, &from, &to, plan_take, &plan);
	if (plan.table != NULL)
		output_table_finish(plan.table, "", stdout);
	else if (status == EX_OK && !plan.is_json)
		(void)puts("Nothing will be sent.");
	return status;
}

const struct command plan_command = {
	.name = "plan",
	.operands = "",
	.summary = "Show what will be sent, when, to whom and by which step",
	.help = "The code of the daemon itself is rehearsed on a copy of the database: nothing is sent or changed.\n"
		"Times are local to the recipient. A span that begins on a past day shows what the plan as it\n"
		"stands would have sent from then on.",
	COMMAND_OPTIONS(plan_options),
	.run = plan_run,
};
