#include "ctl/prospect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/policy_view.h"
#include "remind/occurrences.h"
#include "remind/planner.h"
#include "store/store_task.h"

enum { PROSPECT_DAYS = 366 };

struct prospect {
	int64_t now_utc;
	size_t n_steps, n_ahead;
};

static void prospect_count(void *arg, const struct policy_view_row *row)
{
	struct prospect *prospect = arg;
	prospect->n_steps++;
	prospect->n_ahead += row->due_utc > prospect->now_utc;
}

/* Who takes part, and how many of them have an address on a channel that is there. */
struct prospect_people {
	size_t n, n_reached;
};

static bool prospect_is_reached(const struct conf *conf, const struct person *person)
{
	for (size_t i = 0; i < conf->n_channels; i++)
		if (person_address(person, conf->channels[i]->name) != NULL)
			return true;
	return false;
}

static int prospect_count_people(struct session *session, const struct task *task, struct prospect_people *ret_people,
				 struct err *err)
{
	struct person *people = NULL;
	size_t n = 0;
	int status = planner_people(session->store, task->id, &people, &n, err);
	*ret_people = (struct prospect_people){.n = n};
	for (size_t i = 0; i < n; i++) {
		ret_people->n_reached += prospect_is_reached(session->conf, &people[i]);
		person_done(&people[i]);
	}
	free(people);
	return status;
}

/* "1 January" is the nearest one, and so in December one that lies eleven months back. */
static void prospect_tell_past(const struct prospect *prospect, const struct policy *policy, const struct task *task)
{
	char date[OUTPUT_PERIOD_SIZE];
	const struct zone *zone = zone_find(task->zone);
	bool is_past = zone != NULL && !task_repeats(task) && period_end_utc(&task->period, zone) <= prospect->now_utc;
	output_period(&task->period, date);
	output_complain("every step of policy %s lies in the past: nobody will be reminded%s%s%s%s", policy->name,
			is_past ? "; " : "", is_past ? task->uid : "", is_past ? " was " : "", is_past ? date : "");
	if (is_past)
		output_complain("for a date that is still to come, write its year");
}

static void prospect_tell(const struct prospect *prospect, const struct policy *policy, const struct task *task)
{
	if (prospect->n_steps == 0)
		output_complain("no step of policy %s speaks to those who take part: nobody will be reminded",
				policy->name);
	else if (prospect->n_ahead == 0)
		prospect_tell_past(prospect, policy, task);
}

/* When the latest date of the task that matters by now, or soon, begins: its steps are the last to come. */
static int prospect_latest(const struct session *session, const struct task *task, int64_t *ret_utc, struct err *err)
{
	const struct zone *zone = zone_find(task->zone);
	struct occurrence *items = NULL;
	size_t n = 0;
	*ret_utc = session->now_utc;
	if (zone == NULL)
		return 0; /* policy_view_each() says so */
	struct civil today = zone_to_civil(zone, session->now_utc);
	struct civil from = civil_add_days(&today, -PROSPECT_DAYS), to = civil_add_days(&today, PROSPECT_DAYS);
	int status = occurrences_around(session->store, task, &from, &to, &items, &n, err);
	for (size_t i = 0; i < n; i++) {
		int64_t start_utc = period_start_utc(&items[i].period, zone);
		if (i == 0 || start_utc > *ret_utc)
			*ret_utc = start_utc;
	}
	free(items);
	return status;
}

static void prospect_check_steps(struct session *session, const struct task *task)
{
	struct prospect prospect = {.now_utc = session->now_utc};
	struct policy_view view = {0};
	struct err err = {0};
	int status = policy_view_load(session, &view);
	if (status == EX_OK) {
		int64_t latest_utc;
		status = prospect_latest(session, task, &latest_utc, &err);
		if (status == 0)
			status = policy_view_each(&view, session->store, task, latest_utc, prospect_count, &prospect,
						  &err);
		if (status < 0)
			(void)session_fail(status, &err);
		else
			prospect_tell(&prospect, policy_view_of(&view, task), task);
	}
	policy_view_done(&view);
}

bool prospect_find_bound(const char *when, const struct task *task, int64_t now_utc, struct civil *ret_until)
{
	struct period period;
	struct period_error error = {0};
	char rrule[PERIOD_RRULE_SIZE] = "";
	const struct zone *zone = zone_find(task->zone);
	if (when == NULL || zone == NULL || period_parse_repeat(when, 0, &period, rrule, &error) == 0 ||
	    period_parse_repeat(when, fields_year(zone, now_utc), &period, rrule, &error) < 0 ||
	    strcmp(rrule, task->rrule) != 0)
		return false;
	const char *text = strstr(rrule, "UNTIL=");
	return text != NULL &&
	       sscanf(text, "UNTIL=%4d%2d%2d", &ret_until->year, &ret_until->month, &ret_until->day) == 3;
}

void prospect_tell_bound(const struct session *session, const char *when, const struct task *task)
{
	struct civil until;
	if (prospect_find_bound(when, task, session->now_utc, &until))
		output_complain("repeats until %04d-%02d-%02d, as the phrase names no year", until.year, until.month,
				until.day);
}

void prospect_warn(struct session *session, const char *uid)
{
	struct task task = {0};
	struct err err = {0};
	struct prospect_people people = {0};
	int status = store_task_find(session->store, uid, &task, &err);
	if (status == 0)
		status = prospect_count_people(session, &task, &people, &err);
	if (status < 0)
		(void)session_fail(status, &err);
	else if (strcmp(task.status, "open") == 0 && people.n == 0)
		output_complain("nobody takes part: nobody will be reminded");
	else if (strcmp(task.status, "open") == 0 && people.n_reached == 0)
		output_complain("nobody who takes part has an address on a channel of %s: nobody will be reminded",
				session->conf->file);
	else if (strcmp(task.status, "open") == 0)
		prospect_check_steps(session, &task);
	task_done(&task);
}
