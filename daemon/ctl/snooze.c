#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/mem.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "ctl/until.h"
#include "remind/act.h"
#include "remind/pick.h"
#include "remind/reader.h"
#include "service/setup.h"
#include "store/store_person.h"
#include "store/store_task.h"

static const struct args_option snooze_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--until", "WHEN", "a day or a minute, a time from now as 2h or 3d, or tomorrow"},
};

/* What a snooze is made of. */
struct snooze {
	struct session *session;
	struct setup *setup;
	struct task task;
	struct person person;
	struct reader reader;
};

static struct setup *snooze_load_setup(const struct session *session)
{
	struct problems problems = {0};
	struct setup *setup = setup_load(session->conf_file, &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	return setup;
}

static int snooze_check_part(struct snooze *snooze)
{
	struct strlist people = {0};
	struct err err = {0};
	int status = store_task_people(snooze->session->store, snooze->task.id, &people, &err);
	bool takes_part = status == 0 && strlist_has(&people, snooze->person.id);
	strlist_done(&people);
	if (status < 0)
		return session_fail(status, &err);
	if (takes_part)
		return EX_OK;
	output_complain("'%s' takes no part in task '%s': nothing to snooze", snooze->person.id, snooze->task.uid);
	return EX_DATAERR;
}

static void snooze_say(const struct snooze *snooze, const struct pick *pick, const char *until)
{
	char date[OUTPUT_PERIOD_SIZE];
	output_period(&pick->period, date);
	bool repeats = task_repeats(&snooze->task);
	output_print("%s%s%s snoozed for %s until %s\n", snooze->task.uid, repeats ? " of " : "", repeats ? date : "",
		     snooze->person.id, until);
}

/* Somebody puts off what came, and before anything came what comes next. */
static int snooze_pick(struct snooze *snooze, struct pick *ret_pick)
{
	struct session *session = snooze->session;
	struct err err = {0};
	int status = pick_told(session->store, &snooze->task, snooze->person.id, session->now_utc, ret_pick, &err);
	if (status != -ENOENT)
		return status < 0 ? session_fail(status, &err) : EX_OK;
	output_complain("task '%s' has no occurrence left: nothing to snooze", snooze->task.uid);
	return EX_DATAERR;
}

static int snooze_write(struct snooze *snooze, const struct pick *pick, int64_t until_utc)
{
	struct session *session = snooze->session;
	const struct setup *setup = snooze->setup;
	struct planner_channel *channels = mem_zero(setup->n_channels, sizeof(*channels));
	struct err err = {0};
	char until[ZONE_TEXT_SIZE];
	for (size_t i = 0; i < setup->n_channels; i++)
		channels[i] = (struct planner_channel){.name = setup->channels[i]->name,
						       .domain = setup->channels[i]->domain};
	const struct planner planner = {
		.policies = setup->policies,
		.channels = channels,
		.n_channels = setup->n_channels,
		.calendars = setup->calendars,
		.catch_up_max_age_s = setup->conf->catch_up_max_age_s,
	};
	zone_format(snooze->reader.time.zone, until_utc, until);
	int status = act_snooze(&planner, session->store, &snooze->task, pick->key, &snooze->person, snooze->person.id,
				snooze->reader.time.zone, until_utc, session->now_utc, &err);
	free(channels);
	if (status < 0)
		return session_fail(status, &err);
	int result = session_commit_edit(session);
	if (result == EX_OK)
		snooze_say(snooze, pick, until);
	return result;
}

static int snooze_person(struct snooze *snooze, const char *uid, const char *person, const char *when)
{
	struct session *session = snooze->session;
	struct err err = {0};
	struct pick pick;
	int64_t until_utc = 0;
	int result = session_find_task(session, uid, &snooze->task);
	if (result != EX_OK)
		return result;
	int status = store_person_load(session->store, person, &snooze->person, &err);
	if (status == -ENOENT)
		return session_fail_person(session, "person", person);
	if (status < 0)
		return session_fail(status, &err);
	reader_init(&snooze->reader, &snooze->person, snooze->setup->calendars, session->zone);
	result = snooze_check_part(snooze);
	if (result == EX_OK)
		result = until_parse(session, when, &snooze->reader.time, &until_utc);
	if (result == EX_OK)
		result = snooze_pick(snooze, &pick);
	return result == EX_OK ? snooze_write(snooze, &pick, until_utc) : result;
}

static int snooze_run(struct session *session, const struct args *args)
{
	struct snooze snooze = {.session = session};
	const char *when = args_value(args, "--until");
	if (when == NULL) {
		output_complain("snooze needs --until: a day or a minute, a time as 2h or 3d, or tomorrow");
		return EX_USAGE;
	}
	int result = session_open(session, SESSION_EDIT);
	if (result == EX_OK) {
		snooze.setup = snooze_load_setup(session);
		result = snooze.setup != NULL ? session_begin_edit(session) : EX_CONFIG;
	}
	if (result == EX_OK)
		result = snooze_person(&snooze, args->operands[0], args->operands[1], when);
	person_done(&snooze.person);
	task_done(&snooze.task);
	setup_free(snooze.setup);
	return result;
}

const struct command snooze_command = {
	.name = "snooze",
	.operands = "UID PERSON",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "Let a person sleep on a task until a time",
	.help = "What that person would hear of it before is dropped, and one reminder comes then. Times are the person's own;\n"
		"a day means when their work begins, tomorrow is their next working day.",
	COMMAND_OPTIONS(snooze_options),
	.run = snooze_run,
};
