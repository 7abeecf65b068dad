#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/until.h"
#include "remind/reader.h"
#include "service/setup.h"
#include "store/store_absence.h"
#include "store/store_person.h"
#include "store/store_task.h"

static const struct args_option silence_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--person", "ID", "only what this person would hear"},
	{"--until", "WHEN", "a day or a minute, a time from now as 2h or 3d, or tomorrow"},
	{"--reason", "TEXT", "why: whoever asks later is told"},
};

enum { SILENCE_REASON_MAX = 200 };

/* What is silenced; task.id 0 = every task, person.id NULL = everybody. */
struct silence {
	struct session *session;
	struct task task;
	struct person person;
	const struct zone *zone; /* in which its end is given, and said */
};

static int silence_check_usage(const struct args *args)
{
	const struct fields_rules rules = {.report = fields_complain};
	const char *reason = args_value(args, "--reason");
	if (args->n_operands == 0 && args_value(args, "--person") == NULL)
		output_complain("silence needs a UID, --person ID or both");
	else if (args_value(args, "--until") == NULL)
		output_complain("silence needs --until: a day or a minute, a time as 2h or 3d, or tomorrow");
	else if (reason == NULL)
		output_complain("silence needs --reason: --reason \"the minister postponed it\"");
	else
		return fields_check_text(&rules, "--reason", reason, 1, SILENCE_REASON_MAX, false) ? EX_OK : EX_DATAERR;
	return EX_USAGE;
}

static int silence_find(struct silence *silence, const char *uid, const char *person)
{
	struct err err = {0};
	int result = uid != NULL ? session_find_task(silence->session, uid, &silence->task) : EX_OK;
	if (result != EX_OK || person == NULL)
		return result;
	int status = store_person_load(silence->session->store, person, &silence->person, &err);
	if (status == -ENOENT)
		return session_fail_person(silence->session, "--person", person);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* Times are those of the person or, when everybody is silenced, of the task. */
static int silence_until(struct silence *silence, const char *when, int64_t *ret_utc)
{
	struct session *session = silence->session;
	struct problems problems = {0};
	struct calendars *calendars = setup_load_calendars(session->conf, &problems);
	struct reader reader = {.time = {.zone = session->zone, .hours = hours_any()}};
	if (silence->person.id != NULL)
		reader_init(&reader, &silence->person, calendars, session->zone);
	else if (zone_find(silence->task.zone) != NULL)
		reader.time.zone = zone_find(silence->task.zone);
	silence->zone = reader.time.zone;
	int result = EX_CONFIG;
	if (problems.n == 0)
		result = until_parse(session, when, &reader.time, ret_utc);
	problems_print(&problems, stderr);
	problems_done(&problems);
	calendars_free(calendars);
	return result;
}

static int silence_write(struct silence *silence, const struct args *args)
{
	struct session *session = silence->session;
	struct err err = {0};
	int64_t until_utc = 0;
	char until[OUTPUT_TIME_SIZE];
	int result =
		silence_find(silence, args->n_operands > 0 ? args->operands[0] : NULL, args_value(args, "--person"));
	if (result == EX_OK)
		result = silence_until(silence, args_value(args, "--until"), &until_utc);
	if (result != EX_OK)
		return result;
	char *author = session_user();
	int status = store_silence_add(session->store, silence->task.id, silence->person.id, until_utc,
				       args_value(args, "--reason"), author, &err);
	free(author);
	if (status < 0)
		return session_fail(status, &err);
	result = session_commit_edit(session);
	output_time(silence->zone, until_utc, until);
	if (result == EX_OK)
		output_print("silenced until %s\n", until);
	return result;
}

static int silence_run(struct session *session, const struct args *args)
{
	struct silence silence = {.session = session};
	int result = silence_check_usage(args);
	if (result == EX_OK)
		result = session_open(session, SESSION_EDIT);
	if (result == EX_OK)
		result = session_begin_edit(session);
	if (result == EX_OK)
		result = silence_write(&silence, args);
	person_done(&silence.person);
	task_done(&silence.task);
	return result;
}

const struct command silence_command = {
	.name = "silence",
	.operands = "[UID]",
	.max_operands = 1,
	.summary = "Say nothing of a task, or to a person, until a time",
	.help = "Reminders that fall into that time are not sent, later neither, and the ledger tells by whom and why. Times are\n"
		"those of the person or, without --person, of the task.",
	COMMAND_OPTIONS(silence_options),
	.run = silence_run,
};
