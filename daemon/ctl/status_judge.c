/* What of all that status reads is wrong. The bounds stand in deadlinectl(1), too. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "ctl/output.h"
#include "ctl/status.h"

enum {
	STATUS_TROUBLE_S = 60,       /* nothing can be recorded for so long: critical */
	STATUS_STEP_S = 300,         /* a step that is due is not planned for so long: warning */
	STATUS_LATE_S = 3600,        /* the oldest message is overdue for so long: warning */
	STATUS_STUCK_S = 4 * 3600,   /* and nothing was sent for so long: critical */
	STATUS_FAILING_S = 3600,     /* a channel has failed for so long: warning */
	STATUS_BACKUP_S = 2 * 86400, /* the last daily copy is so old: warning */
	STATUS_SETTLE_S = 3600,      /* a daemon that was just started has time to catch up */
	STATUS_AUDIT_SLACK_S = 1800, /* beyond two audits that did not come: critical */
	STATUS_CERTIFICATE_S = 14 * 86400,
	STATUS_DISK_LOW = 256 * 1024 * 1024,
	STATUS_DISK_FULL = 32 * 1024 * 1024,
};

static void status_add(struct strlist *list, char *text)
{
	strlist_add(list, text, strlen(text));
	free(text);
}

static int64_t status_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* How long the daemon has been at work; 0 when it is not. */
static int64_t status_up_s(const struct status *status)
{
	int64_t up_s = status->now.wall_s - status->audit.started_utc;
	return status->is_running && up_s > 0 ? up_s : 0;
}

/* Of steps and messages that nobody will get. */
static void status_judge_losses(struct status *status)
{
	const struct store_unreached *unreached = &status->unreached;
	const struct store_died *died = &status->died;
	if (died->n > 0)
		status_add(&status->warnings,
			   mem_printf("%" PRId64 " %s in the last day: the first to %s on channel %s: %s; see "
				      "deadlinectl queue --state dead",
				      died->n, num_word(died->n, "message died", "messages died"), died->person,
				      died->channel, died->reply != NULL ? died->reply : "nothing was said"));
	if (unreached->n > 0)
		status_add(&status->warnings,
			   mem_printf("%" PRId64
				      " %s of the last week reached nobody, for want of an address in use on a "
				      "channel of the policy: the last of task %s to %s, %s; see deadlinectl why %s",
				      unreached->n, num_word(unreached->n, "step", "steps"), unreached->task,
				      unreached->person, unreached->reason, unreached->task));
}

static void status_judge_queue(struct status *status)
{
	char age[STATUS_AGE_SIZE];
	int64_t sent_utc = 0, late_s = status->oldest_unsent_s, up_s = status_up_s(status);
	for (size_t i = 0; i < status->n_channels; i++)
		sent_utc = status_later(sent_utc, status->channels[i].known.sent_utc);
	late_s = late_s < up_s ? late_s : up_s;
	bool is_stuck = late_s > STATUS_STUCK_S && status->now.wall_s - sent_utc > STATUS_STUCK_S;
	status_format_age(status->oldest_unsent_s, age);
	if (is_stuck && status->n_brakes == 0)
		status_add(&status->criticals,
			   mem_printf("messages are due since %s, and nothing was sent for hours", age));
	else if (late_s > STATUS_LATE_S)
		status_add(&status->warnings, mem_printf("the oldest unsent message was due %s ago", age));
	if (status->is_running && status->step_late_s > STATUS_STEP_S) {
		status_format_age(status->step_late_s, age);
		status_add(&status->warnings,
			   mem_printf("work was due %s ago, and deadlined, which runs, has not begun it", age));
	}
	if (status->counts.n[MESSAGE_HELD] > 0)
		status_add(&status->warnings,
			   mem_printf("%" PRId64 " %s held; see deadlinectl queue --state held",
				      status->counts.n[MESSAGE_HELD],
				      num_word(status->counts.n[MESSAGE_HELD], "message is", "messages are")));
	if (status->n_suspended > 0)
		status_add(&status->warnings,
			   mem_printf("%zu %s suspended: nothing is sent there", status->n_suspended,
				      num_word((int64_t)status->n_suspended, "address is", "addresses are")));
	if (status->unplanned.n > 0)
		status_add(
			&status->warnings,
			mem_printf("%" PRId64
				   " open %s be planned, the first: %s: %s; correct it with deadlinectl edit or, where "
				   "that cannot read it, with SQL",
				   status->unplanned.n, num_word(status->unplanned.n, "task cannot", "tasks cannot"),
				   status->unplanned.task, status->unplanned.problem));
	status_judge_losses(status);
	for (size_t i = 0; i < status->strange.n; i++)
		status_add(&status->warnings,
			   mem_printf("messages wait for channel %s, which the configuration does not have",
				      status->strange.items[i]));
}

static void status_judge_brakes(struct status *status)
{
	char age[STATUS_AGE_SIZE];
	for (size_t i = 0; i < status->n_brakes; i++) {
		status_format_age(status->now.wall_s - status->brakes[i].tripped_utc, age);
		status_add(&status->warnings, mem_printf("the brake holds %s since %s; see deadlinectl brake",
							 status->brakes[i].what, age));
	}
}

static void status_judge_channel(struct status *status, const struct status_channel *channel)
{
	const struct store_channel *known = &channel->known;
	char at[OUTPUT_TIME_SIZE], age[STATUS_AGE_SIZE];
	int64_t now = status->now.wall_s, left_s = known->certificate_until_utc - now;
	if (known->failing_since_utc != 0 && now - known->failing_since_utc > STATUS_FAILING_S) {
		status_format_age(now - known->failing_since_utc, age);
		status_add(&status->warnings,
			   mem_printf("channel %s has failed for %s: %s", channel->name, age, known->failure));
	}
	if (known->unheard_since_utc != 0) {
		status_format_age(now - known->unheard_since_utc, age);
		status_add(&status->warnings,
			   mem_printf("what people write on channel %s has not been heard for %s: %s", channel->name,
				      age, known->unheard_reason));
	}
	if (known->certificate_until_utc != 0 && left_s <= STATUS_CERTIFICATE_S) {
		output_time(status->session->zone, known->certificate_until_utc, at);
		status_add(&status->warnings, mem_printf("the certificate of the server of channel %s %s %s",
							 channel->name, left_s > 0 ? "ends at" : "ended at", at));
	}
}

static void status_judge_audit(struct status *status)
{
	const struct store_audit *audit = &status->audit;
	int64_t every_s = status_later(3600, status->session->conf->scan_interval_s);
	int64_t last_utc = status_later(audit->done_utc, audit->started_utc);
	char age[STATUS_AGE_SIZE];
	for (size_t i = 0; i < audit->n_findings; i++)
		status_add(&status->criticals, mem_printf("the audit found: %s", audit->findings[i].text));
	status_format_age(status->now.wall_s - last_utc, age);
	if (status->is_running && last_utc != 0 && status->now.wall_s - last_utc > 2 * every_s + STATUS_AUDIT_SLACK_S)
		status_add(&status->criticals,
			   mem_printf("deadlined runs, and has not looked through its work for %s", age));
}

static void status_judge_machine(struct status *status)
{
	const struct conf *conf = status->session->conf;
	char age[STATUS_AGE_SIZE];
	int64_t megabytes = status->disk_free / (1024 * 1024);
	if (status->disk_free >= 0 && status->disk_free < STATUS_DISK_FULL)
		status_add(&status->criticals,
			   mem_printf("the disk of the database is nearly full: %" PRId64 " MB are free", megabytes));
	else if (status->disk_free >= 0 && status->disk_free < STATUS_DISK_LOW)
		status_add(&status->warnings,
			   mem_printf("the disk of the database fills up: %" PRId64 " MB are free", megabytes));
	if (status->now.is_unset)
		status_add(&status->criticals,
			   mem_printf("nothing has set the clock since the machine was started, so nothing is sent: "
				      "synchronise it, or wait %" PRId64 " min",
				      (CLOCK_GRACE_S - status->now.up_s) / 60 + 1));
	else if (!status->is_clock_trusted)
		status_add(&status->criticals, mem_dup("the clock is not trusted, so nothing is sent: set it"));
	if (!status->is_read || conf->backup_keep == 0 || status_up_s(status) < STATUS_SETTLE_S)
		return;
	status_format_age(status->now.wall_s - status->backup_utc, age);
	if (status->backup_utc < 0)
		status_add(&status->warnings, mem_dup("there is no daily copy of the database yet"));
	else if (status->now.wall_s - status->backup_utc > STATUS_BACKUP_S)
		status_add(&status->warnings, mem_printf("the last daily copy of the database is %s old", age));
}

static void status_judge_reload(struct status *status)
{
	char age[STATUS_AGE_SIZE];
	if (status->refusal.why == NULL)
		return;
	status_format_age(status->now.wall_s - status->refusal.at_utc, age);
	status_add(&status->warnings,
		   mem_printf("the reload %s ago was refused, and the old configuration is in force: %s", age,
			      status->refusal.why));
}

static void status_judge_trouble(struct status *status)
{
	char age[STATUS_AGE_SIZE];
	int64_t lasts_s = status->now.wall_s - status->trouble_utc;
	if (status->trouble[0] == '\0' || lasts_s < STATUS_TROUBLE_S)
		return;
	status_format_age(lasts_s, age);
	status_add(&status->criticals,
		   mem_printf("nothing can be recorded for %s, so nothing is sent: %s", age, status->trouble));
}

void status_judge(struct status *status)
{
	if (!status->is_running)
		status_add(&status->criticals, mem_dup("deadlined is not running: nothing is sent"));
	if (!status->is_read)
		status_add(&status->criticals, mem_dup("the database cannot be read"));
	status_judge_trouble(status);
	status_judge_machine(status);
	if (status->is_read) {
		status_judge_reload(status);
		status_judge_audit(status);
		status_judge_queue(status);
		status_judge_brakes(status);
		for (size_t i = 0; i < status->n_channels; i++)
			status_judge_channel(status, &status->channels[i]);
	}
	for (size_t i = 0; i < status->calendars.n; i++)
		strlist_add(&status->warnings, status->calendars.items[i], strlen(status->calendars.items[i]));
}

int status_level(const struct status *status)
{
	return status->criticals.n != 0 ? 2 : status->warnings.n != 0 ? 1 : 0;
}

const char *status_level_name(int level)
{
	static const char *const names[] = {"ok", "warning", "critical"};
	return names[level];
}
