#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "ctl/output.h"
#include "ctl/why_priv.h"
#include "store/store_ledger.h"

enum { WHY_LINE_MAX = 4096 };

/* Something that happened: a line of text, or an object. */
struct why_event {
	int64_t at_utc;
	size_t order; /* in which it was found, for those of one instant */
	char *line;
	json_t *object;
};

/* A line about a reminder while its attempts are added. */
struct why_line {
	const struct why *why;
	struct buf text;
};

static struct why_event *why_add(struct why *why, int64_t at_utc)
{
	why->events = mem_grow(why->events, why->n_events + 1, sizeof(*why->events));
	struct why_event *event = &why->events[why->n_events];
	*event = (struct why_event){.at_utc = at_utc, .order = why->n_events};
	why->n_events++;
	return event;
}

static const char *why_done(const char *action)
{
	static const char *const words[][2] = {
		{"add", "added the task"},
		{"edit", "edited the task"},
		{"move", "moved the task"},
		{"done", "marked it as done"},
		{"cancel", "cancelled it"},
		{"reopen", "opened it again"},
		{"delete", "deleted the task"},
		{"ack", "acknowledged it"},
		{"silence", "silenced it"},
		{"snooze", "put it off"},
		{"address", "noted another address"},
		{"problem", "met a problem"},
		{"deputy", "named a deputy"},
		{"seen", "took note of it"},
		{"pass over", "passed over an update"},
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
	bool is_for = row->person[0] != '\0' && strcmp(row->person, row->who) != 0;
	event->line = mem_printf("%s %s%s%s%s%s (through %s)", row->who[0] != '\0' ? row->who : "somebody",
				 why_done(row->action), is_for ? " for " : "", is_for ? row->person : "",
				 row->detail[0] != '\0' ? ": " : "", row->detail, row->through);
	return 0;
}

static void why_fate(const struct why *why, const struct store_history_row *row, struct buf *line)
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
	if (row->dropped[0] == '\0' && row->state != MESSAGE_STALE && strcmp(row->kind, "catch_up") == 0)
		buf_add_str(line, ", in a message of what was missed while the daemon was off");
	if (row->held[0] != '\0')
		buf_printf(line, ", held (%s)", row->held);
	if (row->n_others > 0)
		buf_printf(line, ", in one message with %" PRId64 " other %s", row->n_others,
			   num_word(row->n_others, "reminder", "reminders"));
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

static int why_add_line(struct why *why, const struct store_history_row *row, const struct turn_ahead *ahead)
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
	turn_view_words(&why->turns, ahead, ", ", &line.text);
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

static int why_add_object(struct why *why, const struct store_history_row *row, const struct turn_ahead *ahead)
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
	why_set(object, "message_kind", row->kind);
	json_object_set_new(object, "message", row->message != 0 ? json_integer(row->message) : json_null());
	json_object_set_new(object, "merged_with", json_integer(row->n_others));
	turn_view_set(&why->turns, ahead, object);
	json_object_set_new(object, "attempts", attempts);
	why_add(why, row->due_utc)->object = object;
	return row->message == 0
		       ? 0
		       : store_attempt_each(why->session->store, row->message, why_attempt_json, attempts, &why->err);
}

static int why_reminder(void *arg, const struct store_history_row *row)
{
	struct why *why = arg;
	struct turn_ahead ahead = {0};
	int status = 0;
	if (!why_is_about(why, row->person, row->deputy_for))
		return 0;
	if (row->message != 0 && row->dropped[0] == '\0')
		status = turn_view_find(&why->turns, row->message, why->task.id, &ahead, &why->err);
	if (status == 0)
		status = why->is_json ? why_add_object(why, row, &ahead) : why_add_line(why, row, &ahead);
	turn_ahead_done(&ahead);
	return status;
}

static int why_compare(const void *left, const void *right)
{
	const struct why_event *a = left, *b = right;
	if (a->at_utc != b->at_utc)
		return a->at_utc < b->at_utc ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

int why_past(struct why *why)
{
	struct store *store = why->session->store;
	int status = turn_view_load(why->session, &why->turns, &why->err);
	if (status == 0)
		status = store_ledger_each(store, why->task.uid, why_change, why, &why->err);
	if (status == 0)
		status = store_history_each(store, why->task.id, why_reminder, why, &why->err);
	if (why->n_events > 0)
		qsort(why->events, why->n_events, sizeof(*why->events), why_compare);
	if (!why->is_json)
		output_print("\nWhat happened\n%s", why->n_events == 0 ? "  nothing yet\n" : "");
	for (size_t i = 0; i < why->n_events; i++) {
		if (why->is_json)
			output_json(why->events[i].object, stdout);
		else
			why_say(why->session->zone, why->events[i].at_utc, why->events[i].line);
		free(why->events[i].line);
	}
	free(why->events);
	turn_view_done(&why->turns);
	return status < 0 ? session_fail(status, &why->err) : EX_OK;
}
