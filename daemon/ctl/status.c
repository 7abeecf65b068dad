#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/output.h"
#include "service/lock.h"
#include "service/warnings.h"
#include "store/store_report.h"
#include "store/store_task.h"

static const struct args_option status_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--json", NULL, "print one JSON object"},
};

struct status {
	const struct session *session;
	bool is_running;
	pid_t pid; /* 0 when it cannot be told */
	struct store_counts counts;
	int64_t oldest_unsent_s; /* -1: nothing due is waiting */
	struct strlist warnings;
	int64_t next_wake_utc; /* STORE_NEVER: nothing is to come */
};

/* A calendar with mistakes in it is for --check to say; here it counts as not there. */
static int status_warn(struct session *session, struct strlist *warnings)
{
	struct problems problems = {0};
	struct err err = {0};
	struct calendars *calendars = setup_load_calendars(session->conf, &problems);
	int result = warnings_collect(session->conf, calendars, session->zone, session->store, session->now_utc,
				      warnings, &err);
	calendars_free(calendars);
	problems_done(&problems);
	return result < 0 ? session_fail(result, &err) : EX_OK;
}

static int status_read(struct session *session, struct status *ret_status)
{
	struct err err = {0};
	struct status status = {.session = session, .oldest_unsent_s = -1};
	int result = store_count(session->store, &status.counts, &err);
	if (result < 0)
		return session_fail(result, &err);
	status.is_running = lock_is_held(session->conf->database, &status.pid);
	if (status.counts.oldest_unsent_due_utc <= session->now_utc)
		status.oldest_unsent_s = session->now_utc - status.counts.oldest_unsent_due_utc;
	/* 0: a task waits to be planned, which is now. */
	status.next_wake_utc = status.counts.next_wake_utc != 0 ? status.counts.next_wake_utc : session->now_utc;
	result = status_warn(session, &status.warnings);
	*ret_status = status;
	return result;
}

static void status_print_json(const struct status *status)
{
	const struct session *session = status->session;
	json_t *object = json_object(), *warnings = json_array();
	json_object_set_new(object, "running", json_boolean(status->is_running));
	json_object_set_new(object, "pid", status->pid > 0 ? json_integer(status->pid) : json_null());
	json_object_set_new(object, "version", json_string(DEADLINED_VERSION));
	json_object_set_new(object, "schema", json_integer(store_schema_version(session->store)));
	json_object_set_new(object, "database", output_json_text(session->conf->database));
	for (int i = 0; i < MESSAGE_STATE_MAX; i++)
		json_object_set_new(object, message_state_name((enum message_state)i),
				    json_integer(status->counts.n[i]));
	json_object_set_new(object, "oldest_unsent_s",
			    status->oldest_unsent_s >= 0 ? json_integer(status->oldest_unsent_s) : json_null());
	json_object_set_new(object, "next_wake", output_json_time(session->zone, status->next_wake_utc));
	for (size_t i = 0; i < status->warnings.n; i++)
		json_array_append_new(warnings, output_json_text(status->warnings.items[i]));
	json_object_set_new(object, "warnings", warnings);
	output_json(object, stdout);
}

/* "2 d 3 h", "3 h 5 min", "5 min 7 s" */
static void status_format_age(int64_t s, char *text, size_t size)
{
	if (s >= 86400)
		(void)snprintf(text, size, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		(void)snprintf(text, size, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
	else
		(void)snprintf(text, size, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
}

static void status_print_text(const struct status *status)
{
	const struct session *session = status->session;
	char age[64], next[OUTPUT_TIME_SIZE];
	if (!status->is_running)
		(void)printf("deadlined is not running: nothing is sent\n");
	else if (status->pid > 0)
		(void)printf("deadlined is running (pid %ld)\n", (long)status->pid);
	else
		(void)printf("deadlined is running\n");

	char *database = output_clean(session->conf->database);
	(void)printf("  database   %s (schema %d)\n  messages  ", database, store_schema_version(session->store));
	free(database);
	for (int i = 0; i < MESSAGE_STATE_MAX; i++)
		(void)printf("%s%" PRId64 " %s", i > 0 ? ", " : " ", status->counts.n[i],
			     message_state_name((enum message_state)i));
	status_format_age(status->oldest_unsent_s, age, sizeof(age));
	if (status->oldest_unsent_s >= 0)
		(void)printf("\n  waiting    the oldest unsent message was due %s ago\n", age);
	else
		(void)printf("\n  waiting    no message that is due\n");
	output_time(session->zone, status->next_wake_utc, next);
	(void)printf("  next work  %s\n  version    %s\n", next, DEADLINED_VERSION);
	for (size_t i = 0; i < status->warnings.n; i++) {
		char *warning = output_clean(status->warnings.items[i]);
		(void)printf("  warning    %s\n", warning);
		free(warning);
	}
}

static int status_run(struct session *session, const struct args *args)
{
	struct status status = {.session = session};
	int result = session_open(session, SESSION_READ);
	if (result == EX_OK)
		result = status_read(session, &status);
	if (result == EX_OK && args_has(args, "--json"))
		status_print_json(&status);
	else if (result == EX_OK)
		status_print_text(&status);
	strlist_done(&status.warnings);
	return result;
}

const struct command status_command = {
	.name = "status",
	.operands = "",
	.summary = "Show whether deadlined runs and how much is waiting",
	.help = "The exit status is 0 whether it runs or not, as long as the database could be read.",
	COMMAND_OPTIONS(status_options),
	.run = status_run,
};
