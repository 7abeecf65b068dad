/* What status prints, for people and for programs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/output.h"
#include "ctl/status.h"

enum { STATUS_SUSPENDED_MAX = 20 };

/* ---- JSON --------------------------------------------------------------------------------------------------------- */

/* 0 = never, as in struct store_channel. */
static json_t *status_json_time(const struct status *status, int64_t utc)
{
	return utc > 0 ? output_json_time(status->session->zone, utc) : json_null();
}

static json_t *status_json_list(const struct strlist *list)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, output_json_text(list->items[i]));
	return array;
}

static json_t *status_json_channels(const struct status *status)
{
	json_t *array = json_array();
	for (size_t i = 0; i < status->n_channels; i++) {
		const struct store_channel *known = &status->channels[i].known;
		json_t *object = json_object();
		json_object_set_new(object, "name", output_json_text(status->channels[i].name));
		json_object_set_new(object, "last_sent", status_json_time(status, known->sent_utc));
		json_object_set_new(object, "last_failed", status_json_time(status, known->failed_utc));
		json_object_set_new(object, "failure",
				    known->failed_utc > 0 ? output_json_text(known->failure) : json_null());
		json_object_set_new(object, "failing_since", status_json_time(status, known->failing_since_utc));
		json_object_set_new(object, "unheard_since", status_json_time(status, known->unheard_since_utc));
		json_object_set_new(object, "unheard_reason",
				    known->unheard_since_utc > 0 ? output_json_text(known->unheard_reason)
								 : json_null());
		json_object_set_new(object, "paused_until",
				    status_json_time(status, known->paused_until_utc > status->now.wall_s
								     ? known->paused_until_utc
								     : 0));
		json_object_set_new(object, "certificate_until",
				    status_json_time(status, known->certificate_until_utc));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *status_json_brakes(const struct status *status)
{
	json_t *array = json_array();
	for (size_t i = 0; i < status->n_brakes; i++) {
		json_t *object = json_object();
		json_object_set_new(object, "holds", output_json_text(status->brakes[i].what));
		json_object_set_new(object, "since", status_json_time(status, status->brakes[i].tripped_utc));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *status_json_suspended(const struct status *status)
{
	json_t *array = json_array();
	for (size_t i = 0; i < status->n_suspended; i++) {
		const struct status_suspension *row = &status->suspended[i];
		json_t *object = json_object();
		json_object_set_new(object, "person", output_json_text(row->person));
		json_object_set_new(object, "channel", output_json_text(row->channel));
		json_object_set_new(object, "since", status_json_time(status, row->since_utc));
		json_object_set_new(object, "reason", output_json_text(row->reason));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *status_json_audit(const struct status *status)
{
	json_t *object = json_object(), *findings = json_array();
	for (size_t i = 0; i < status->audit.n_findings; i++) {
		const struct store_audit_finding *finding = &status->audit.findings[i];
		json_t *row = json_object();
		json_object_set_new(row, "kind", output_json_text(finding->kind));
		json_object_set_new(row, "text", output_json_text(finding->text));
		json_object_set_new(row, "seen", status_json_time(status, finding->seen_utc));
		json_array_append_new(findings, row);
	}
	json_object_set_new(object, "at", status_json_time(status, status->audit.done_utc));
	json_object_set_new(object, "findings", findings);
	return object;
}

/* Nothing of it is known when the database could not be read. */
static void status_add_json(const struct status *status, json_t *object)
{
	const struct session *session = status->session;
	for (int i = 0; i < MESSAGE_STATE_MAX; i++)
		json_object_set_new(object, message_state_name((enum message_state)i),
				    json_integer(status->counts.n[i]));
	json_object_set_new(object, "schema", json_integer(store_schema_version(session->store)));
	json_object_set_new(object, "oldest_unsent_s",
			    status->oldest_unsent_s >= 0 ? json_integer(status->oldest_unsent_s) : json_null());
	json_object_set_new(object, "next_wake", output_json_time(session->zone, status->next_wake_utc));
	json_object_set_new(object, "started",
			    status_json_time(status, status->is_running ? status->audit.started_utc : 0));
	json_object_set_new(object, "channels", status_json_channels(status));
	json_object_set_new(object, "brakes", status_json_brakes(status));
	json_object_set_new(object, "suspended", json_integer((json_int_t)status->n_suspended));
	json_object_set_new(object, "suspended_addresses", status_json_suspended(status));
	json_object_set_new(object, "died", json_integer((json_int_t)status->died.n));
	json_object_set_new(object, "unreached", json_integer((json_int_t)status->unreached.n));
	json_object_set_new(object, "unplanned", json_integer((json_int_t)status->unplanned.n));
	json_object_set_new(object, "audit", status_json_audit(status));
	json_object_set_new(object, "backup", status_json_time(status, status->backup_utc));
}

void status_print_json(const struct status *status)
{
	json_t *object = json_object();
	json_object_set_new(object, "level", json_string(status_level_name(status_level(status))));
	json_object_set_new(object, "running", json_boolean(status->is_running));
	json_object_set_new(object, "pid", status->pid > 0 ? json_integer(status->pid) : json_null());
	json_object_set_new(object, "version", json_string(DEADLINED_VERSION));
	json_object_set_new(object, "database", output_json_text(status->session->conf->database));
	json_object_set_new(object, "disk_free",
			    status->disk_free >= 0 ? json_integer(status->disk_free) : json_null());
	json_object_set_new(object, "clock_synchronised", json_boolean(status->is_clock_set));
	json_object_set_new(object, "clock_trusted", json_boolean(status->is_clock_trusted));
	if (status->is_read)
		status_add_json(status, object);
	json_object_set_new(object, "criticals", status_json_list(&status->criticals));
	json_object_set_new(object, "warnings", status_json_list(&status->warnings));
	output_json(object, stdout);
}

/* ---- text --------------------------------------------------------------------------------------------------------- */

void status_format_age(int64_t s, char text[STATUS_AGE_SIZE])
{
	if (s >= 86400)
		(void)snprintf(text, STATUS_AGE_SIZE, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		(void)snprintf(text, STATUS_AGE_SIZE, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
	else
		(void)snprintf(text, STATUS_AGE_SIZE, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
}

static void status_print_line(const char *label, const char *text)
{
	char *clean = output_clean(text);
	output_print("  %-10s %s\n", label, clean);
	free(clean);
}

/* "LABEL  WHAT 5 min 7 s ago" */
static void status_print_ago(const struct status *status, const char *label, const char *what, int64_t utc,
			     const char *never)
{
	char age[STATUS_AGE_SIZE];
	status_format_age(status->now.wall_s - utc, age);
	if (utc > 0)
		output_print("  %-10s %s%s ago\n", label, what, age);
	else
		output_print("  %-10s %s\n", label, never);
}

static void status_print_channel(const struct status *status, const struct status_channel *channel)
{
	const struct store_channel *known = &channel->known;
	char at[OUTPUT_TIME_SIZE], age[STATUS_AGE_SIZE];
	char *failure = output_clean(known->failure);
	output_print("  channel    %s: ", channel->name);
	status_format_age(status->now.wall_s - known->sent_utc, age);
	if (known->sent_utc > 0)
		output_print("sent %s ago", age);
	else
		output_print("nothing sent yet");
	status_format_age(status->now.wall_s - known->failed_utc, age);
	if (known->failed_utc > 0)
		output_print("; last error %s ago: %s", age, failure);
	status_format_age(status->now.wall_s - known->unheard_since_utc, age);
	if (known->unheard_since_utc > 0)
		output_print("; not heard for %s", age);
	output_time(status->session->zone, known->paused_until_utc, at);
	if (known->paused_until_utc > status->now.wall_s)
		output_print("; its server asked for a pause until %s", at);
	output_time(status->session->zone, known->certificate_until_utc, at);
	if (known->certificate_until_utc > 0)
		output_print("; certificate until %s", at);
	output_print("\n");
	free(failure);
}

static void status_print_suspended(const struct status *status, const struct status_suspension *row)
{
	char at[OUTPUT_TIME_SIZE], *reason = output_clean(row->reason);
	output_time(status->session->zone, row->since_utc, at);
	output_print("  suspended  %s on %s%s%s: %s\n", row->person, row->channel, row->since_utc > 0 ? " since " : "",
		     row->since_utc > 0 ? at : "", reason);
	free(reason);
}

static void status_print_queue(const struct status *status)
{
	char age[STATUS_AGE_SIZE], next[OUTPUT_TIME_SIZE];
	output_print("  messages  ");
	for (int i = 0; i < MESSAGE_STATE_MAX; i++)
		output_print("%s%" PRId64 " %s", i > 0 ? ", " : " ", status->counts.n[i],
			     message_state_name((enum message_state)i));
	status_format_age(status->oldest_unsent_s, age);
	if (status->oldest_unsent_s >= 0)
		output_print("\n  waiting    the oldest unsent message was due %s ago\n", age);
	else
		output_print("\n  waiting    no message that is due\n");
	output_time(status->session->zone, status->next_wake_utc, next);
	output_print("  next work  %s\n", next);
	for (size_t i = 0; i < status->n_channels; i++)
		status_print_channel(status, &status->channels[i]);
	for (size_t i = 0; i < status->n_suspended && i < STATUS_SUSPENDED_MAX; i++)
		status_print_suspended(status, &status->suspended[i]);
	if (status->n_suspended > STATUS_SUSPENDED_MAX)
		output_print("  suspended  and %zu more; see deadlinectl status --json\n",
			     status->n_suspended - STATUS_SUSPENDED_MAX);
	status_print_ago(status, "audit", status->audit.n_findings == 0 ? "found nothing wrong, " : "found something, ",
			 status->audit.done_utc, "none yet");
	status_print_ago(status, "backup", "", status->backup_utc, "none yet");
}

static void status_print_machine(const struct status *status)
{
	const struct session *session = status->session;
	char *database = output_clean(session->conf->database);
	if (status->is_read)
		output_print("  database   %s (schema %d)\n", database, store_schema_version(session->store));
	else
		output_print("  database   %s\n", database);
	free(database);
	if (status->disk_free >= 0)
		output_print("  disk       %" PRId64 " MB free\n", status->disk_free / (1024 * 1024));
	output_print("  clock      %s%s\n", status->is_clock_set ? "synchronised" : "not synchronised",
		     status->is_clock_trusted ? "" : ", and not trusted");
	output_print("  version    %s\n", DEADLINED_VERSION);
}

void status_print_text(const struct status *status)
{
	char pid[32] = "";
	if (status->pid > 0)
		(void)snprintf(pid, sizeof(pid), " (pid %ld)", (long)status->pid);
	output_print("deadlined is %srunning%s: %s\n", status->is_running ? "" : "not ", pid,
		     status_level_name(status_level(status)));
	for (size_t i = 0; i < status->criticals.n; i++)
		status_print_line("critical", status->criticals.items[i]);
	for (size_t i = 0; i < status->warnings.n; i++)
		status_print_line("warning", status->warnings.items[i]);
	if (status->is_read)
		status_print_queue(status);
	status_print_machine(status);
}
