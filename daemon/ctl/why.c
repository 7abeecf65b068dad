#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ctl/command.h"
#include "ctl/foresee.h"
#include "ctl/known.h"
#include "ctl/output.h"
#include "ctl/policy_view.h"
#include "store/store_ledger.h"
#include "store/store_person.h"
#include "store/store_task.h"

enum { WHY_AHEAD_DAYS = 366, WHY_NEXT_MAX = 20, WHY_LINE_MAX = 4096 };

static const struct args_option why_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--json", NULL, "print one JSON object a line"},
};

/* Something that happened: a line of text, or an object. */
struct why_event {
	int64_t at_utc;
	size_t order; /* in which it was found, for those of one instant */
	char *line;
	json_t *object;
};

struct why;

/* A line about a reminder while its attempts are added. */
struct why_line {
	const struct why *why;
	struct buf text;
};

struct why {
	struct session *session;
	struct task task;
	const char *person; /* NULL: everybody */
	bool is_json;
	struct why_event *events;
	size_t n_events;
	size_t n_next;
	struct err err;
};

static bool why_is_about(const struct why *why, const char *person, const char *deputy_for)
{
	return why->person == NULL || strcmp(why->person, person) == 0 || strcmp(why->person, deputy_for) == 0;
}

static struct why_event *why_add(struct why *why, int64_t at_utc)
{
	why->events = mem_grow(why->events, why->n_events + 1, sizeof(*why->events));
	struct why_event *event = &why->events[why->n_events];
	*event = (struct why_event){.at_utc = at_utc, .order = why->n_events};
	why->n_events++;
	return event;
}

static json_t *why_object(const char *kind, const struct zone *zone, int64_t at_utc)
{
	json_t *object = json_object();
	json_object_set_new(object, "kind", json_string(kind));
	json_object_set_new(object, "at", output_json_time(zone, at_utc));
	return object;
}

static void why_set(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text[0] != '\0' ? output_json_text(text) : json_null());
}

static void why_say(const struct zone *zone, int64_t at_utc, const char *line)
{
	char at[OUTPUT_TIME_SIZE];
	char *clean = output_clean(line);
	if (at_utc == STORE_NEVER)
		(void)snprintf(at, sizeof(at), "just now");
	else
		output_time(zone, at_utc, at);
	(void)printf("  %-24s  %s\n", at, clean);
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
			(void)printf("\nSteps of the policy %s\n", policy_view_of(&view, &why->task)->name);
		if (policy_view_each(&view, why->session->store, &why->task, why->session->now_utc, why_step, why,
				     &why->err) < 0)
			status = session_fail(-EINVAL, &why->err);
	}
	policy_view_done(&view);
	return status;
}

/* ---- what happened ------------------------------------------------------------------------------------------------ */

static const char *why_done(const char *action)
{
	static const char *const words[][2] = {
		{"add", "added the task"},      {"edit", "edited the task"},  {"move", "moved the task"},
		{"done", "marked it as done"},  {"cancel", "cancelled it"},   {"reopen", "opened it again"},
		{"delete", "deleted the task"}, {"ack", "acknowledged it"},   {"silence", "silenced it"},
		{"snooze", "put it off"},       {"problem", "met a problem"}, {"deputy", "named a deputy"},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], action) == 0)
			return words[i][1];
	return action;
}

static int why_change(void *arg, const struct store_ledger_row *row)
{
	struct why *why = arg;
	if (row->person[0] != '\0' && !why_is_about(why, row->person, ""))
		return 0;
	struct why_event *event = why_add(why, row->at_utc);
	if (why->is_json) {
		event->object = why_object("change", why->session->zone, row->at_utc);
		why_set(event->object, "action", row->action);
		why_set(event->object, "who", row->who);
		why_set(event->object, "through", row->through);
		why_set(event->object, "person", row->person);
		why_set(event->object, "detail", row->detail);
		return 0;
	}
	event->line = mem_printf("%s %s%s%s%s%s (through %s)", row->who[0] != '\0' ? row->who : "somebody",
				 why_done(row->action), row->person[0] != '\0' ? " for " : "", row->person,
				 row->detail[0] != '\0' ? ": " : "", row->detail, row->through);
	return 0;
}

static void why_fate(const struct why *why, const struct store_told_row *row, struct buf *line)
{
	char at[OUTPUT_TIME_SIZE];
	output_time(why->session->zone, row->not_before, at);
	if (row->dropped[0] != '\0')
		buf_printf(line, "not sent: %s", row->dropped);
	else if (row->state == MESSAGE_PENDING)
		buf_printf(line, "waits until %s", at);
	else if (row->state == MESSAGE_DEAD)
		buf_printf(line, "given up: %s", row->reason);
	else
		buf_printf(line, "%s%s%s", message_state_name(row->state), row->reason[0] != '\0' ? ": " : "",
			   row->reason);
	if (row->held[0] != '\0')
		buf_printf(line, ", held (%s)", row->held);
	if (row->n_others > 0)
		buf_printf(line, ", in one message with %" PRId64 " other reminder%s", row->n_others,
			   row->n_others == 1 ? "" : "s");
}

static int why_attempt_words(void *arg, const struct store_attempt_row *row)
{
	char at[OUTPUT_TIME_SIZE];
	struct why_line *line = arg;
	output_time(line->why->session->zone, row->started_utc, at);
	buf_printf(&line->text, "; attempt %" PRId64 " at %s: %s%s%s", row->number, at,
		   row->outcome[0] != '\0' ? row->outcome : "no answer yet", row->reply[0] != '\0' ? ", " : "",
		   row->reply);
	return 0;
}

static int why_add_line(struct why *why, const struct store_told_row *row)
{
	struct why_line line = {.why = why};
	buf_init(&line.text, WHY_LINE_MAX);
	buf_printf(&line.text, "%s to %s", row->step, row->person);
	if (row->channel[0] != '\0')
		buf_printf(&line.text, " by %s", row->channel);
	if (row->deputy_for[0] != '\0')
		buf_printf(&line.text, ", who stands in for %s", row->deputy_for);
	buf_add_str(&line.text, ": ");
	why_fate(why, row, &line.text);
	int status = row->message == 0 ? 0
				       : store_attempt_each(why->session->store, row->message, why_attempt_words, &line,
							    &why->err);
	why_add(why, row->due_utc)->line = buf_take(&line.text);
	return status;
}

static int why_attempt_json(void *arg, const struct store_attempt_row *row)
{
	json_t *attempt = json_object();
	json_object_set_new(attempt, "number", json_integer(row->number));
	json_object_set_new(attempt, "at", output_json_time(zone_find("UTC"), row->started_utc));
	why_set(attempt, "outcome", row->outcome);
	json_object_set_new(attempt, "code", json_integer(row->code));
	why_set(attempt, "reply", row->reply);
	json_array_append_new(arg, attempt);
	return 0;
}

static int why_add_object(struct why *why, const struct store_told_row *row)
{
	json_t *object = why_object("reminder", why->session->zone, row->due_utc), *attempts = json_array();
	why_set(object, "occurrence", row->occurrence);
	why_set(object, "step", row->step);
	why_set(object, "person", row->person);
	why_set(object, "deputy_for", row->deputy_for);
	why_set(object, "channel", row->channel);
	why_set(object, "state", row->dropped[0] != '\0' ? "dropped" : message_state_name(row->state));
	why_set(object, "held", row->held);
	why_set(object, "reason", row->dropped[0] != '\0' ? row->dropped : row->reason);
	json_object_set_new(object, "message", row->message != 0 ? json_integer(row->message) : json_null());
	json_object_set_new(object, "merged_with", json_integer(row->n_others));
	json_object_set_new(object, "attempts", attempts);
	why_add(why, row->due_utc)->object = object;
	return row->message == 0
		       ? 0
		       : store_attempt_each(why->session->store, row->message, why_attempt_json, attempts, &why->err);
}

static int why_reminder(void *arg, const struct store_told_row *row)
{
	struct why *why = arg;
	if (!why_is_about(why, row->person, row->deputy_for))
		return 0;
	return why->is_json ? why_add_object(why, row) : why_add_line(why, row);
}

static int why_compare(const void *left, const void *right)
{
	const struct why_event *a = left, *b = right;
	if (a->at_utc != b->at_utc)
		return a->at_utc < b->at_utc ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static int why_past(struct why *why)
{
	struct store *store = why->session->store;
	int status = store_ledger_each(store, why->task.uid, why_change, why, &why->err);
	if (status == 0)
		status = store_told_each(store, why->task.id, why_reminder, why, &why->err);
	if (why->n_events > 0)
		qsort(why->events, why->n_events, sizeof(*why->events), why_compare);
	if (!why->is_json)
		(void)printf("\nWhat happened\n%s", why->n_events == 0 ? "  nothing yet\n" : "");
	for (size_t i = 0; i < why->n_events; i++) {
		if (why->is_json)
			output_json(why->events[i].object, stdout);
		else
			why_say(why->session->zone, why->events[i].at_utc, why->events[i].line);
		free(why->events[i].line);
	}
	free(why->events);
	return status < 0 ? session_fail(status, &why->err) : EX_OK;
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
		char *line = mem_printf("%s to %s by %s%s%s: %s%s%s", row->step, row->person, row->channel,
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
		(void)printf("\nWhat comes next\n");
	int status = foresee(why->session, &from, &to, why_next, why);
	if (status != EX_OK || why->is_json)
		return status;
	if (why->n_next == 0)
		(void)printf("  nothing within a year%s%s\n",
			     strcmp(why->task.status, "open") != 0 ? ": the task is " : "",
			     strcmp(why->task.status, "open") != 0 ? why->task.status : "");
	else if (why->n_next > WHY_NEXT_MAX)
		(void)printf("  and %zu more within a year\n", why->n_next - WHY_NEXT_MAX);
	return status;
}

/* ---- the command -------------------------------------------------------------------------------------------------- */

static void why_head(const struct why *why)
{
	char when[OUTPUT_PERIOD_SIZE];
	char *title = output_clean(why->task.title);
	output_period(&why->task.period, when);
	if (!why->is_json)
		(void)printf("%s: %s\n%s, %s, %s%s\n", why->task.uid, title, when, why->task.zone, why->task.status,
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
