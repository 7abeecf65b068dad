#include "ctl/pick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/phrase.h"
#include "plan/recur.h"
#include "store/store_reader.h"

enum { PICK_BACK_DAYS = 370, PICK_AHEAD_DAYS = 3660, PICK_MAX = 400 };

struct pick_series {
	const struct task *task;
	struct recur *recur;
	struct store_occurrence *said; /* of single occurrences */
	size_t n_said;
};

bool pick_repeats(const struct task *task)
{
	return task->rrule[0] != '\0' || task->rdate[0] != '\0';
}

int pick_fail_single(const struct task *task)
{
	output_complain("task '%s' does not repeat: leave --occurrence out", task->uid);
	return EX_DATAERR;
}

static const struct civil *pick_first_start(const struct task *task)
{
	return task->period.has_start ? &task->period.start : &task->period.end;
}

static const struct store_occurrence *pick_said(const struct pick_series *series, const char *date)
{
	for (size_t i = 0; i < series->n_said; i++)
		if (strcmp(series->said[i].date, date) == 0)
			return &series->said[i];
	return NULL;
}

static struct pick pick_of(const struct pick_series *series, const struct civil *start)
{
	struct pick pick = {.start = *start, .is_first = civil_compare(start, pick_first_start(series->task)) == 0};
	struct period period = recur_period(&series->task->period, start);
	period_key(&period, pick.date);
	const struct store_occurrence *said = pick_said(series, pick.date);
	period_key(said != NULL && said->is_moved ? &said->period : &period, pick.key);
	return pick;
}

static bool pick_holds(const struct period *period, int64_t day)
{
	const struct civil *start = period->has_start ? &period->start : &period->end;
	return civil_to_days(start) <= day && day <= civil_to_days(&period->end);
}

static int pick_between(const struct pick_series *series, const struct civil *from, const struct civil *to,
			struct civil *ret_starts, size_t *ret_n)
{
	struct err err = {0};
	int status = recur_between(series->recur, from, to, PICK_MAX, ret_starts, ret_n, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* The one that begins on the day, or else the latest that holds it. */
static int pick_by_rule(const struct pick_series *series, int64_t day, bool *ret_found, struct pick *ret_pick)
{
	struct civil starts[PICK_MAX], from = civil_from_days(day - PICK_BACK_DAYS), to = civil_from_days(day + 1);
	size_t n = 0;
	int status = pick_between(series, &from, &to, starts, &n);
	*ret_found = false;
	for (size_t i = n; i-- > 0 && status == EX_OK && !*ret_found;) {
		struct period period = recur_period(&series->task->period, &starts[i]);
		*ret_found = pick_holds(&period, day);
		if (*ret_found)
			*ret_pick = pick_of(series, &starts[i]);
	}
	return status;
}

/* The start that the rule gave to a moved occurrence stands in its key. */
static bool pick_moved(const struct pick_series *series, int64_t day, struct pick *ret_pick)
{
	for (size_t i = 0; i < series->n_said; i++) {
		const struct store_occurrence *said = &series->said[i];
		char date[PERIOD_KEY_SIZE];
		struct civil start;
		if (!said->is_moved || !pick_holds(&said->period, day))
			continue;
		(void)snprintf(date, sizeof(date), "%s",
			       strncmp(said->date, "../", 3) == 0 ? said->date + 3 : said->date);
		date[strcspn(date, "/")] = '\0';
		if (!civil_parse(date, &start, NULL))
			continue;
		*ret_pick = pick_of(series, &start);
		return true;
	}
	return false;
}

static int pick_by_phrase(struct session *session, const struct pick_series *series, const char *phrase,
			  struct pick *ret_pick)
{
	struct period period;
	struct period_error error = {0};
	const struct zone *zone = zone_find(series->task->zone);
	bool is_found = false;
	if (period_parse(phrase, fields_year(zone, session->now_utc), &period, &error) < 0) {
		phrase_complain(phrase, error.offset, error.length, error.err.text);
		return EX_DATAERR;
	}
	int64_t day = civil_to_days(period.has_start ? &period.start : &period.end);
	int status = pick_by_rule(series, day, &is_found, ret_pick);
	if (status == EX_OK && !is_found && !pick_moved(series, day, ret_pick)) {
		output_complain("task '%s' has no occurrence on %s (%s)", series->task->uid, phrase,
				series->task->rrule[0] != '\0' ? series->task->rrule : series->task->rdate);
		return EX_DATAERR;
	}
	return status;
}

static bool pick_is_open(const struct pick_series *series, const struct civil *start)
{
	struct pick pick = pick_of(series, start);
	const struct store_occurrence *said = pick_said(series, pick.date);
	return said == NULL || said->is_open;
}

static int pick_current(struct session *session, const struct pick_series *series, struct pick *ret_pick)
{
	struct civil starts[PICK_MAX], now = zone_to_civil(zone_find(series->task->zone), session->now_utc);
	struct civil from = civil_add_days(&now, -PICK_BACK_DAYS), to = civil_add_days(&now, PICK_AHEAD_DAYS);
	struct civil after = civil_from_seconds(civil_to_seconds(&now) + 1); /* what begins now has begun */
	size_t n = 0;
	int status = pick_between(series, &from, &after, starts, &n);
	for (size_t i = n; i-- > 0 && status == EX_OK;)
		if (pick_is_open(series, &starts[i])) {
			*ret_pick = pick_of(series, &starts[i]);
			return EX_OK;
		}
	if (status == EX_OK)
		status = pick_between(series, &after, &to, starts, &n);
	for (size_t i = 0; i < n && status == EX_OK; i++)
		if (pick_is_open(series, &starts[i])) {
			*ret_pick = pick_of(series, &starts[i]);
			return EX_OK;
		}
	if (status == EX_OK)
		output_complain("task '%s' has no occurrence left: name one with --occurrence DATE", series->task->uid);
	return status == EX_OK ? EX_DATAERR : status;
}

int pick_occurrence(struct session *session, const struct task *task, const char *phrase, struct pick *ret_pick)
{
	struct pick_series series = {.task = task};
	struct err err = {0};
	if (!pick_repeats(task)) {
		if (phrase != NULL)
			return pick_fail_single(task);
		*ret_pick = (struct pick){.start = *pick_first_start(task), .is_first = true};
		period_key(&task->period, ret_pick->date);
		period_key(&task->period, ret_pick->key);
		return EX_OK;
	}
	const struct zone *zone = zone_find(task->zone);
	if (zone == NULL) {
		output_complain("task '%s' is in the unknown zone '%s': give it one by edit --zone", task->uid,
				task->zone);
		return EX_DATAERR;
	}
	int status = recur_new(&task->period, task->rrule, task->rdate, task->exdate, zone, &series.recur, &err);
	if (status < 0)
		return session_fail(status, &err);
	status = store_occurrences(session->store, task->id, &series.said, &series.n_said, &err);
	int result = status < 0       ? session_fail(status, &err)
		     : phrase != NULL ? pick_by_phrase(session, &series, phrase, ret_pick)
				      : pick_current(session, &series, ret_pick);
	free(series.said);
	recur_free(series.recur);
	return result;
}
