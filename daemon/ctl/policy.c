#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "ctl/policy_view.h"
#include "store/store_task.h"

static const struct args_option policy_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--for", "UID", "the instants of the steps for each person of this task"},
	{"--json", NULL, "print one JSON object a line"},
};

static const char *const policy_list_headings[] = {"NAME", "STEPS", "CHANNELS"};
static const char *const policy_step_headings[] = {"STEP", "WHAT IT DOES", "TO", "HOW"};
static const char *const policy_due_headings[] = {"LOCAL TIME", "PERSON", "ROLES", "STEP", "HOW"};
enum {
	POLICY_LIST_COLUMNS = sizeof(policy_list_headings) / sizeof(policy_list_headings[0]),
	POLICY_STEP_COLUMNS = sizeof(policy_step_headings) / sizeof(policy_step_headings[0]),
	POLICY_DUE_COLUMNS = sizeof(policy_due_headings) / sizeof(policy_due_headings[0]),
};

struct policy_print {
	bool is_json;
	const struct policy *policy;
	char *channels; /* owned */
	struct output_table *table;
};

/* Returns owned. */
static json_t *policy_json_channels(const struct policy *policy)
{
	json_t *channels = json_array();
	for (size_t i = 0; i < policy->order.channels.n; i++)
		json_array_append_new(channels, output_json_text(policy->order.channels.items[i]));
	return channels;
}

/* ---- all policies ------------------------------------------------------------------------------------------------- */

static void policy_list_add(struct output_table *table, const struct policy *policy)
{
	char steps[24];
	if (table == NULL) {
		json_t *object = json_object();
		json_object_set_new(object, "policy", output_json_text(policy->name));
		json_object_set_new(object, "steps", json_integer((json_int_t)policy->n_steps));
		json_object_set_new(object, "channels", policy_json_channels(policy));
		json_object_set_new(object, "first_that_works", json_boolean(policy->order.is_first));
		json_object_set_new(object, "next_after_s",
				    policy->order.is_first ? json_integer(policy->order.next_after_s) : json_null());
		output_json(object, stdout);
		return;
	}
	char *channels = order_words(&policy->order);
	(void)snprintf(steps, sizeof(steps), "%zu", policy->n_steps);
	const char *cells[POLICY_LIST_COLUMNS] = {policy->name, steps, channels};
	output_table_add(table, cells);
	free(channels);
}

static int policy_list(const struct session *session, const struct policy_view *view, bool is_json)
{
	struct output_table *table = is_json ? NULL : output_table_new(policy_list_headings, POLICY_LIST_COLUMNS);
	if (ini_section(session->conf->ini, "policy", "default") == NULL)
		policy_list_add(table, policies_find(view->policies, "default"));
	for (size_t i = 0; i < session->conf->n_policies; i++)
		policy_list_add(table, policies_find(view->policies, session->conf->policies[i]->name));
	if (table != NULL)
		output_table_finish(table, "", stdout);
	return EX_OK;
}

/* ---- the steps of one --------------------------------------------------------------------------------------------- */

static void policy_print_step(struct policy_print *print, const struct step *step)
{
	char *words = policy_view_words(step), *roles = policy_view_roles(step->roles);
	if (print->is_json) {
		json_t *object = json_object();
		json_object_set_new(object, "policy", output_json_text(print->policy->name));
		json_object_set_new(object, "step", output_json_text(step->text));
		json_object_set_new(object, "kind", json_string(step_kind_name(step->kind)));
		json_object_set_new(object, "words", output_json_text(words));
		json_object_set_new(object, "roles", output_json_text(roles));
		json_object_set_new(object, "only_in_digest", json_boolean(step->is_digest));
		json_object_set_new(object, "channels", policy_json_channels(print->policy));
		output_json(object, stdout);
	} else {
		const char *cells[POLICY_STEP_COLUMNS] = {step->text, words, roles,
							  step->is_digest ? "only in the digest" : print->channels};
		output_table_add(print->table, cells);
	}
	free(words);
	free(roles);
}

static void policy_print_due(void *arg, const struct policy_view_row *row)
{
	struct policy_print *print = arg;
	char at[OUTPUT_TIME_SIZE];
	struct order own; /* of the person, if they have one */
	char *channels = order_words(order_of(row->person, &print->policy->order, &own));
	char *roles = policy_view_roles(row->person->roles);
	if (print->is_json) {
		json_t *object = json_object();
		json_object_set_new(object, "policy", output_json_text(print->policy->name));
		json_object_set_new(object, "at", output_json_time(row->zone, row->due_utc));
		json_object_set_new(object, "occurrence", output_json_text(row->occurrence));
		json_object_set_new(object, "step", output_json_text(row->step->text));
		json_object_set_new(object, "person", output_json_text(row->person->id));
		json_object_set_new(object, "roles", output_json_text(roles));
		json_object_set_new(object, "only_in_digest", json_boolean(row->step->is_digest));
		output_json(object, stdout);
	} else {
		output_time(row->zone, row->due_utc, at);
		const char *cells[POLICY_DUE_COLUMNS] = {at, row->person->id, roles, row->step->text,
							 row->step->is_digest ? "only in the digest" : channels};
		output_table_add(print->table, cells);
	}
	order_done(&own);
	free(channels);
	free(roles);
}

static int policy_show_steps(struct policy_print *print)
{
	if (!print->is_json)
		print->table = output_table_new(policy_step_headings, POLICY_STEP_COLUMNS);
	for (size_t i = 0; i < print->policy->n_steps; i++)
		policy_print_step(print, &print->policy->steps[i]);
	if (print->table != NULL)
		output_table_finish(print->table, "", stdout);
	return EX_OK;
}

/* The task may follow another policy: then this is what it would hear by that one. */
static int policy_show_task(struct session *session, const struct policy_view *view, struct policy_print *print,
			    const char *uid)
{
	struct task task;
	struct err err = {0};
	int status = store_task_find(session->store, uid, &task, &err);
	if (status == -ENOENT)
		return session_fail_uid(session, uid);
	if (status < 0)
		return session_fail(status, &err);
	free(task.policy);
	task.policy = mem_dup(print->policy->name);
	if (!print->is_json)
		print->table = output_table_new(policy_due_headings, POLICY_DUE_COLUMNS);
	status = policy_view_each(view, session->store, &task, session->now_utc, policy_print_due, print, &err);
	if (print->table != NULL)
		output_table_finish(print->table, "No step of this policy speaks to anybody of this task.", stdout);
	task_done(&task);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* ---- the command -------------------------------------------------------------------------------------------------- */

static int policy_fail_name(const struct policy_view *view, const char *name)
{
	const char *nearest = policies_nearest(view->policies, name);
	if (nearest != NULL)
		output_complain("there is no policy '%s', did you mean '%s'?", name, nearest);
	else
		output_complain("there is no policy '%s'; 'deadlinectl policy' shows them", name);
	return EX_DATAERR;
}

static int policy_show(struct session *session, const struct policy_view *view, const struct args *args)
{
	const char *uid = args_value(args, "--for");
	struct policy_print print = {
		.is_json = args_has(args, "--json"),
		.policy = policies_find(view->policies, args->operands[0]),
	};
	if (print.policy == NULL)
		return policy_fail_name(view, args->operands[0]);
	print.channels = order_words(&print.policy->order);
	int status = uid != NULL ? policy_show_task(session, view, &print, uid) : policy_show_steps(&print);
	free(print.channels);
	return status;
}

static int policy_run(struct session *session, const struct args *args)
{
	struct policy_view view = {0};
	if (args->n_operands == 0 && args_has(args, "--for")) {
		output_complain("--for needs the NAME of a policy");
		return EX_USAGE;
	}
	int status = args_has(args, "--for") ? session_open(session, SESSION_READ) : session_read_conf(session);
	if (status == EX_OK)
		status = policy_view_load(session, &view);
	if (status == EX_OK && args->n_operands == 0)
		status = policy_list(session, &view, args_has(args, "--json"));
	else if (status == EX_OK)
		status = policy_show(session, &view, args);
	policy_view_done(&view);
	return status;
}

const struct command policy_command = {
	.name = "policy",
	.operands = "[NAME]",
	.max_operands = 1,
	.summary = "List the policies, or show the steps of one in words",
	COMMAND_OPTIONS(policy_options),
	.run = policy_run,
};
