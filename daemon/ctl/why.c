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
#include "ctl/policy_view.h"
#include "ctl/why_priv.h"
#include "store/store_person.h"
#include "store/store_task.h"

enum { WHY_AHEAD_DAYS = 366, WHY_NEXT_MAX = 20 };

static const struct args_option why_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--json", NULL, "print one JSON object a line"},
};

bool why_is_about(const struct why *why, const char *person, const char *deputy_for)
{
	return why->person == NULL || strcmp(why->person, person) == 0 || strcmp(why->person, deputy_for) == 0;
}

json_t *why_object(const char *kind, const struct zone *zone, int64_t at_utc)
{
	json_t *object = json_object();
	json_object_set_new(object, "kind", json_string(kind));
	json_object_set_new(object, "at", output_json_time(zone, at_utc));
	return object;
}

void why_set(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text[0] != '\0' ? output_json_text(text) : json_null());
}

void why_say(const struct zone *zone, int64_t at_utc, const char *line)
{
	char at[OUTPUT_TIME_SIZE];
	char *clean = output_clean(line);
	if (at_utc == STORE_NEVER)
		(void)snprintf(at, sizeof(at), "just now");
	else
		output_time(zone, at_utc, at);
	output_print("  %-24s  %s\n", at, clean);
	free(clean);
}

/* ---- which steps there are ---------------------------------------------------------------------------------------- */

static void why_step(void *arg, const struct policy_view_row *row)
{
	const struct why *why = arg;
	if (!why_is_about(why, row->person->id, ""))
		return;
	char *roles = policy_view_roles(row->person->roles), *words = policy_view_words(row->step);
	if (why->is_json) {
		json_t *object = why_object("step", row->zone, row->due_utc);
		why_set(object, "occurrence", row->occurrence);
		why_set(object, "step", row->step->text);
		why_set(object, "person", row->person->id);
		why_set(object, "roles", roles);
		json_object_set_new(object, "only_in_digest", json_boolean(row->step->is_digest));
		output_json(object, stdout);
	} else {
		char *line = mem_printf("%s (%s): %s%s", row->person->id, roles, words,
					row->step->is_digest ? ", only in the digest" : "");
		why_say(row->zone, row->due_utc, line);
		free(line);
	}
	free(roles);
	free(words);
}

static int why_steps(struct why *why)
{
	struct policy_view view = {0};
	int status = policy_view_load(why->session, &view);
	if (status == EX_OK) {
		if (!why->is_json)
			output_print("\nSteps of the policy %s\n", policy_view_of(&view, &why->task)->name);
		if (policy_view_each(&view, why->session->store, &why->task, why->session->now_utc, why_step, why,
				     &why->err) < 0)
			status = session_fail(-EINVAL, &why->err);
	}
	policy_view_done(&view);
	return status;
}

/* ---- what comes next ---------------------------------------------------------------------------------------------- */

static void why_next(void *arg, const struct rehearse_row *row)
{
	struct why *why = arg;
	const struct zone *zone = zone_find(row->zone);
	if (strcmp(row->task, why->task.uid) != 0 || !why_is_about(why, row->person, row->deputy_for))
		return;
	why->n_next++;
	if (zone == NULL)
		zone = why->session->zone;
	if (why->is_json) {
		json_t *object = why_object("next", zone, row->at_utc);
		why_set(object, "occurrence", row->occurrence);
		why_set(object, "step", row->step);
		why_set(object, "person", row->person);
		why_set(object, "deputy_for", row->deputy_for);
		why_set(object, "channel", row->channel);
		why_set(object, "state", row->state);
		why_set(object, "reason", row->reason);
		output_json(object, stdout);
	} else if (why->n_next <= WHY_NEXT_MAX) {
		bool is_deputy = row->deputy_for[0] != '\0';
		char *line = mem_printf("%s to %s%s%s%s%s: %s%s%s", row->step, row->person,
					row->channel[0] != '\0' ? " by " : "", row->channel,
					is_deputy ? ", who stands in for " : "", row->deputy_for, row->state,
					row->reason[0] != '\0' ? ", " : "", row->reason);
		why_say(zone, row->at_utc, line);
		free(line);
	}
}

static int why_future(struct why *why)
{
	struct civil from = foresee_day(why->session, 0), to = foresee_day(why->session, WHY_AHEAD_DAYS);
	if (!why->is_json)
		output_print("\nWhat comes next\n");
	int status = foresee(why->session, &from, &to, why_next, why);
	if (status != EX_OK || why->is_json)
		return status;
	if (why->n_next == 0)
		output_print("  nothing within a year%s%s\n",
			     strcmp(why->task.status, "open") != 0 ? ": the task is " : "",
			     strcmp(why->task.status, "open") != 0 ? why->task.status : "");
	else if (why->n_next > WHY_NEXT_MAX)
		output_print("  and %zu more within a year\n", why->n_next - WHY_NEXT_MAX);
	return status;
}

/* ---- the command -------------------------------------------------------------------------------------------------- */

static void why_head(const struct why *why)
{
	char when[OUTPUT_PERIOD_SIZE];
	char *title = output_clean(why->task.title);
	output_period(&why->task.period, when);
	if (!why->is_json)
		output_print("%s: %s\n%s, %s, %s%s\n", why->task.uid, title, when, why->task.zone, why->task.status,
			     why->task.is_urgent ? ", urgent" : "");
	free(title);
}

static int why_check_person(struct why *why)
{
	bool exists = true;
	int status =
		why->person == NULL ? 0 : store_person_exists(why->session->store, why->person, &exists, &why->err);
	if (status < 0)
		return session_fail(status, &why->err);
	return exists ? EX_OK : known_fail_person(why->session->store, why->person);
}

static int why_tell(struct why *why)
{
	int status = why_check_person(why);
	if (status != EX_OK)
		return status;
	why_head(why);
	status = why_steps(why);
	if (status == EX_OK)
		status = why_past(why);
	return status == EX_OK ? why_future(why) : status;
}

static int why_run(struct session *session, const struct args *args)
{
	struct why why = {
		.session = session,
		.person = args->n_operands > 1 ? args->operands[1] : NULL,
		.is_json = args_has(args, "--json"),
	};
	int status = session_open(session, SESSION_COPY);
	if (status != EX_OK)
		return status;
	status = store_task_find(session->store, args->operands[0], &why.task, &why.err);
	if (status == -ENOENT)
		return session_fail_uid(session, args->operands[0]);
	if (status < 0)
		return session_fail(status, &why.err);
	status = why_tell(&why);
	task_done(&why.task);
	return status;
}

const struct command why_command = {
	.name = "why",
	.operands = "TASK [PERSON]",
	.min_operands = 1,
	.max_operands = 2,
	.summary = "Tell why somebody was, was not or will be told of a task",
	.help = "Which steps there are for whom; what was sent when, with the server's answer; what was held, merged or\n"
		"dropped and why; who changed what; and what comes next.",
	COMMAND_OPTIONS(why_options),
	.run = why_run,
};
