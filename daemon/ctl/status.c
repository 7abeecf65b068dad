#include "ctl/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "service/brake.h"
#include "service/warnings.h"
#include "store/store_backup.h"
#include "store/store_suspension.h"
#include "store/store_task.h"

enum {
	STATUS_CLOCK_SLACK_S = 86400, /* as the daemon allows before it doubts a clock that was set back */
	STATUS_UNREACHED_S = 7 * 86400,
	STATUS_DIED_S = 86400,
};

static const struct args_option status_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--json", NULL, "print one JSON object"},
};

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* A calendar with mistakes in it is for --check to say; here it counts as not there. */
static int status_read_calendars(struct session *session, struct strlist *warnings, struct err *err)
{
	struct problems problems = {0};
	struct calendars *calendars = setup_load_calendars(session->conf, &problems);
	int result = warnings_collect(session->conf, calendars, session->zone, session->store, session->now_utc,
				      warnings, err);
	calendars_free(calendars);
	problems_done(&problems);
	return result;
}

static int status_read_counts(struct session *session, struct status *status, struct err *err)
{
	int result = store_count(session->store, &status->counts, err);
	if (result < 0)
		return result;
	if (status->counts.oldest_unsent_due_utc <= session->now_utc)
		status->oldest_unsent_s = session->now_utc - status->counts.oldest_unsent_due_utc;
	int64_t step_utc = 0;
	result = store_task_next_due(session->store, &step_utc, err);
	if (result < 0)
		return result;
	if (step_utc > 0 && step_utc < session->now_utc)
		status->step_late_s = session->now_utc - step_utc;
	/* 0: a task waits to be planned, which is now. */
	status->next_wake_utc = status->counts.next_wake_utc != 0 ? status->counts.next_wake_utc : session->now_utc;
	return 0;
}

/* Who listened once and does not any more has nothing to hear. */
static void status_forget_unheard(const struct ini_section *section, struct store_channel *known)
{
	const struct ini_entry *updates = ini_find(section, "updates");
	if (updates == NULL || strcmp(updates->value, "yes") != 0)
		known->unheard_since_utc = 0;
}

static int status_read_channels(struct session *session, struct status *status, struct err *err)
{
	const struct conf *conf = session->conf;
	struct strlist waiting = {0};
	int result = 0;
	status->channels = mem_zero(conf->n_channels, sizeof(*status->channels));
	for (size_t i = 0; i < conf->n_channels; i++) {
		struct status_channel *channel = &status->channels[i];
		channel->name = conf->channels[i]->name;
		result = store_channel_load(session->store, channel->name, &channel->known, err);
		if (result < 0)
			break;
		status_forget_unheard(conf->channels[i], &channel->known);
		status->n_channels++;
	}
	if (result == 0)
		result = store_channel_waiting(session->store, &waiting, err);
	for (size_t i = 0; i < waiting.n; i++)
		if (!conf_has_channel(conf, waiting.items[i]))
			strlist_add(&status->strange, waiting.items[i], strlen(waiting.items[i]));
	strlist_done(&waiting);
	return result;
}

static int status_add_brake(void *arg, const struct store_brake *brake)
{
	struct status *status = arg;
	if (brake->tripped_utc >= STORE_NEVER)
		return 0;
	status->brakes = mem_grow(status->brakes, status->n_brakes + 1, sizeof(*status->brakes));
	status->brakes[status->n_brakes++] = (struct status_brake){.what = brake_describe(brake->scope, brake->name),
								   .tripped_utc = brake->tripped_utc};
	return 0;
}

static int status_add_suspended(void *arg, const struct store_suspension *row)
{
	struct status *status = arg;
	status->suspended = mem_grow(status->suspended, status->n_suspended + 1, sizeof(*status->suspended));
	status->suspended[status->n_suspended++] = (struct status_suspension){.person = mem_dup(row->person),
									      .channel = mem_dup(row->channel),
									      .reason = mem_dup(row->reason),
									      .since_utc = row->since_utc};
	return 0;
}

/* As the daemon sees it at its start: a clock far before the last time that was seen is not believed. */
static int status_read_clock(struct session *session, struct status *status, struct err *err)
{
	char *text = NULL;
	int64_t seen_utc = 0;
	int result = store_meta_load(session->store, "seen_utc", &text, err);
	if (result < 0)
		return result;
	if (text != NULL && num_parse(text, 0, STORE_NEVER, &seen_utc, NULL) == 0)
		status->is_clock_trusted =
			status->is_clock_trusted && status->now.wall_s >= seen_utc - STATUS_CLOCK_SLACK_S;
	free(text);
	return 0;
}

static int status_read(struct session *session, struct status *status, struct err *err)
{
	struct store *store = session->store;
	int result = status_read_counts(session, status, err);
	if (result == 0)
		result = status_read_channels(session, status, err);
	if (result == 0)
		result = store_brake_each(store, status_add_brake, status, err);
	if (result == 0)
		result = store_suspension_each(store, status_add_suspended, status, err);
	if (result == 0)
		result = store_unreached_load(store, session->now_utc - STATUS_UNREACHED_S, &status->unreached, err);
	if (result == 0)
		result = store_unplanned_load(store, &status->unplanned, err);
	if (result == 0)
		result = store_died_load(store, session->now_utc - STATUS_DIED_S, &status->died, err);
	if (result == 0)
		result = store_audit_load(store, &status->audit, err);
	if (result == 0)
		result = store_backup_last(store, &status->backup_utc, err);
	if (result == 0)
		result = status_read_clock(session, status, err);
	if (result == 0)
		result = refusal_load(store, &status->refusal, err);
	if (result == 0)
		result = status_read_calendars(session, &status->calendars, err);
	return result;
}

static void status_read_machine(struct status *status)
{
	const char *database = status->session->conf->database;
	struct statvfs disk;
	struct clock clock = clock_system();
	status->now = clock_now(&clock);
	status->is_running = lock_is_held(database, &status->pid);
	if (!status->is_running || !lock_read_trouble(database, status->trouble, &status->trouble_utc))
		status->trouble[0] = '\0';
	status->disk_free =
		statvfs(database, &disk) == 0 ? (int64_t)disk.f_bavail * (int64_t)disk.f_frsize : (int64_t)-1;
	status->is_clock_set = clock_is_set();
	status->is_clock_trusted = !status->now.is_unset;
}

static void status_done(struct status *status)
{
	for (size_t i = 0; i < status->n_channels; i++)
		store_channel_done(&status->channels[i].known);
	free(status->channels);
	for (size_t i = 0; i < status->n_brakes; i++)
		free(status->brakes[i].what);
	free(status->brakes);
	for (size_t i = 0; i < status->n_suspended; i++) {
		free(status->suspended[i].person);
		free(status->suspended[i].channel);
		free(status->suspended[i].reason);
	}
	free(status->suspended);
	store_unreached_done(&status->unreached);
	store_unplanned_done(&status->unplanned);
	store_died_done(&status->died);
	refusal_done(&status->refusal);
	strlist_done(&status->strange);
	strlist_done(&status->calendars);
	strlist_done(&status->warnings);
	strlist_done(&status->criticals);
}

/* ---- the command -------------------------------------------------------------------------------------------------- */

/* Who may not look cannot tell whether the daemon runs either. */
static bool status_is_kept_out(const struct session *session, int result)
{
	return result == EX_CANTCREAT && access(session->conf->database, R_OK) < 0 && errno == EACCES;
}

/* A database that cannot be read is not the command's failure, it is what the command has to say. */
static int status_run(struct session *session, const struct args *args)
{
	struct status status = {.session = session, .oldest_unsent_s = -1, .backup_utc = -1};
	struct err err = {0};
	int result = session_open(session, SESSION_READ);
	if (result == EX_CONFIG)
		return result;
	if (status_is_kept_out(session, result)) {
		output_complain(
			"whether deadlined is well cannot be told without the right to read %s: run this as root "
			"or as its owner",
			session->conf->database);
		return result;
	}
	status_read_machine(&status);
	status.is_read = result == EX_OK && status_read(session, &status, &err) == 0;
	if (result == EX_OK && !status.is_read)
		output_complain("%s", err.text);
	status_judge(&status);
	if (args_has(args, "--json"))
		status_print_json(&status);
	else
		status_print_text(&status);
	result = status_level(&status);
	status_done(&status);
	return result;
}

const struct command status_command = {
	.name = "status",
	.operands = "",
	.summary = "Show how deadlined is, for people and for monitoring",
	.help = "The exit status is 0 when all is well, 1 for a warning, 2 when it is critical:\n"
		"  2  deadlined is not running; it could not record anything for a minute, so nothing is sent;\n"
		"     the database cannot be read; its disk has less than 32 MB free;\n"
		"     the clock is not trusted; the audit found something, or did not come twice; messages are\n"
		"     due for more than 4 hours and nothing was sent for as long, and no brake holds them\n"
		"  1  a step is due for more than 5 minutes and not begun; a message is overdue for more than an hour;\n"
		"     a channel has failed for more than an hour; steps of the last 7 days reached nobody;\n"
		"     a channel with updates = yes has not been heard for 5 minutes;\n"
		"     a brake holds; messages are held, or wait for a channel that is not configured; addresses\n"
		"     are suspended; messages of the last day are dead; open tasks cannot be planned; the last daily\n"
		"     copy is older than 2 days, or an hour after the start there is none; a certificate ends within\n"
		"     14 days;\n"
		"     the last reload was refused, so the old configuration is in force;\n"
		"     a calendar lacks this year or, from October on, the next; less than 256 MB are free\n"
		"As with every command, 64 is a wrong command line and 78 a wrong configuration.",
	COMMAND_OPTIONS(status_options),
	.run = status_run,
};
