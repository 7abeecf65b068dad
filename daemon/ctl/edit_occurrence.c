#include "ctl/edit_occurrence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/phrase.h"
#include "ctl/series.h"
#include "ctl/task_edit.h"
#include "plan/recur.h"
#include "remind/act.h"
#include "store/store_ledger.h"
#include "store/store_task.h"

/* ---- one date -----------------------------------------------------------------------------------------------------
 */

static int edit_occurrence_move(struct session *session, const struct args *args, struct task *task,
				const struct pick *pick)
{
	const char *phrase = args_value(args, "--when");
	char key[PERIOD_KEY_SIZE];
	struct period period;
	struct period_error error = {0};
	struct err err = {0};
	if (period_parse(phrase, pick->start.year, &period, &error) < 0) {
		phrase_complain(phrase, error.offset, error.length, error.err.text);
		return EX_DATAERR;
	}
	int status = act_move(session->store, task, pick, &period, session->now_utc, &err);
	if (status < 0)
		return session_fail(status, &err);
	period_key(&period, key);
	int result = session_commit_edit(session);
	if (result == EX_OK)
		output_print("%s (%s) moved to %s\n", task->uid, pick->key, key);
	return result;
}

/* ---- and all that follow: a new task carries on --------------------------------------------------------------------
 */

/* A copy of the task without its dates. */
static struct task edit_occurrence_successor(const struct task *task)
{
	return (struct task){
		.uid = mem_dup(task->uid),
		.title = mem_dup(task->title),
		.place = mem_dup(task->place),
		.note = mem_dup(task->note),
		.zone = mem_dup(task->zone),
		.policy = mem_dup(task->policy),
		.status = mem_dup("open"),
		.is_urgent = task->is_urgent,
		.rrule = mem_dup(""),
		.rdate = mem_dup(""),
		.exdate = mem_dup(""),
	};
}

/* A phrase such as "every Tuesday" begins with the year: its first date from the cut on becomes the first of all. */
static int edit_occurrence_begin(struct task *next, const struct civil *cut)
{
	struct civil from = civil_from_days(civil_to_days(cut)), end = {.year = 9999, .month = 12, .day = 31}, start;
	struct recur *recur = NULL;
	struct err err = {0};
	size_t n = 0;
	int status = recur_new(&next->period, next->rrule, "", "", zone_find(next->zone), &recur, &err);
	if (status == 0)
		status = recur_between(recur, &from, &end, 1, &start, &n, &err);
	recur_free(recur);
	if (status < 0)
		return session_fail(status, &err);
	if (n == 0) {
		output_complain("--when: it has no date from %04d-%02d-%02d on", cut->year, cut->month, cut->day);
		return EX_DATAERR;
	}
	next->period = recur_period(&next->period, &start);
	return EX_OK;
}

static int edit_occurrence_read(struct session *session, const struct args *args, const struct pick *pick,
				struct task *next)
{
	const struct fields_rules rules = {
		.conf = session->conf,
		.now_utc = zone_to_utc(zone_find(next->zone), &pick->start), /* its year is that of the phrase */
		.report = task_edit_report,
	};
	const struct fields_task given = {.when = args_value(args, "--when"), .rrule = args_value(args, "--rrule")};
	if (!fields_apply_task(&rules, &given, next))
		return EX_DATAERR;
	if (next->rrule[0] == '\0') {
		output_complain("--following: say how it goes on, as --when \"every Tuesday\", or with --rrule RULE");
		return EX_DATAERR;
	}
	const struct civil *start = next->period.has_start ? &next->period.start : &next->period.end;
	if (given.rrule != NULL && given.rrule[0] != '\0' && civil_to_days(start) < civil_to_days(&pick->start)) {
		output_complain("--when: it lies before the occurrence that it is to replace");
		return EX_DATAERR;
	}
	return edit_occurrence_begin(next, &pick->start);
}

static int edit_occurrence_name(struct session *session, struct task *next)
{
	struct task other = {0};
	struct err err = {0};
	char key[PERIOD_KEY_SIZE];
	const struct civil *start = next->period.has_start ? &next->period.start : &next->period.end;
	civil_format_date(start, key);
	char *uid = mem_printf("%s-%s", next->uid, key);
	free(next->uid);
	next->uid = uid;
	int status = store_task_find(session->store, uid, &other, &err);
	task_done(&other);
	if (status == -ENOENT && strlen(uid) <= TASK_UID_MAX)
		return EX_OK;
	if (status < 0 && status != -ENOENT && status != -EUCLEAN)
		return session_fail(status, &err);
	output_complain("the new task would be called '%s', which is %s: add it by yourself and end this one with "
			"'deadlinectl cancel --following'",
			uid, status == -ENOENT ? "too long" : "there already");
	return EX_DATAERR;
}

static int edit_occurrence_write(struct session *session, const struct task *task, const struct pick *pick,
				 const struct task *next)
{
	struct strlist parts = {0};
	struct err err = {0};
	enum store_change change;
	bool is_changed;
	int64_t id = 0;
	int status = store_task_parts(session->store, task->id, &parts, &err);
	if (status == 0)
		status = store_task_put(session->store, next, session->now_utc, &id, &change, &err);
	if (status == 0)
		status = store_task_set_people(session->store, id, &parts, &is_changed, &err);
	char *detail = mem_printf("%s and all that follow to %s", pick->date, next->uid);
	if (status == 0)
		status = store_ledger_add(session->store, "move", task->uid, NULL, detail, &err);
	free(detail);
	strlist_done(&parts);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static int edit_occurrence_following(struct session *session, const struct args *args, struct task *task,
				     const struct pick *pick)
{
	if (pick->is_first) {
		output_complain("%s is the first date of '%s': leave --occurrence and --following out", pick->date,
				task->uid);
		return EX_DATAERR;
	}
	if (task->rdate[0] != '\0') {
		output_complain(
			"task '%s' has dates added to its rule (%s), which a new task cannot take over: end it with "
			"'deadlinectl cancel --following' and add another",
			task->uid, task->rdate);
		return EX_DATAERR;
	}
	struct task next = edit_occurrence_successor(task);
	int result = edit_occurrence_read(session, args, pick, &next);
	if (result == EX_OK)
		result = edit_occurrence_name(session, &next);
	if (result == EX_OK)
		result = series_end(session, task, pick, "cancelled");
	if (result == EX_OK)
		result = edit_occurrence_write(session, task, pick, &next);
	if (result == EX_OK)
		result = session_commit_edit(session);
	if (result == EX_OK)
		output_print("%s ends before %s; the new task %s carries on (%s)\n", task->uid, pick->date, next.uid,
			     next.rrule);
	task_done(&next);
	return result;
}

/* ---- both ---------------------------------------------------------------------------------------------------------
 */

static int edit_occurrence_check_usage(const struct args *args)
{
	static const char *const others[] = {"--title",  "--zone",     "--place", "--policy",
					     "--people", "--priority", "--note"};
	bool is_following = args_has(args, "--following");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (args_has(args, others[i])) {
			output_complain("%s is the same for all dates: leave --occurrence out", others[i]);
			return EX_USAGE;
		}
	if (!args_has(args, "--when"))
		output_complain("--occurrence needs --when, the new date; done and cancel --occurrence end it");
	else if (args_has(args, "--rrule") && !is_following)
		output_complain("--rrule goes with --following: a single date does not repeat");
	else
		return EX_OK;
	return EX_USAGE;
}

int edit_occurrence(struct session *session, const struct args *args, struct task *task)
{
	struct pick pick;
	int result = edit_occurrence_check_usage(args);
	if (result == EX_OK)
		result = pick_occurrence(session, task, args_value(args, "--occurrence"), &pick);
	if (result != EX_OK)
		return result;
	return args_has(args, "--following") ? edit_occurrence_following(session, args, task, &pick)
					     : edit_occurrence_move(session, args, task, &pick);
}
