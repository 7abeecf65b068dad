#include "remind/pick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/recur.h"
#include "plan/zone.h"
#include "store/store_occurrence.h"
#include "store/store_reader.h"

enum { PICK_BACK_DAYS = 370, PICK_AHEAD_DAYS = 3660, PICK_MAX = 400 };

struct pick_series {
	const struct task *task;
	const struct zone *zone;
	struct recur *recur;
	struct store_occurrence *said; /* of single occurrences */
	size_t n_said;
};

static const struct civil *pick_first_start(const struct task *task)
{
	return task->period.has_start ? &task->period.start : &task->period.end;
}

static struct pick pick_only(const struct task *task)
{
	struct pick pick = {.start = *pick_first_start(task),
			    .period = task->period,
			    .is_first = true,
			    .is_open = task_is_open(task)};
	period_key(&task->period, pick.date);
	period_key(&task->period, pick.key);
	return pick;
}

/* ---- a repeating task --------------------------------------------------------------------------------------------- */

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
	pick.period = recur_period(&series->task->period, start);
	period_key(&pick.period, pick.date);
	const struct store_occurrence *said = pick_said(series, pick.date);
	if (said != NULL && said->is_moved)
		pick.period = said->period;
	period_key(&pick.period, pick.key);
	pick.is_open = task_is_open(series->task) && (said == NULL || said->is_open);
	return pick;
}

/* The start that the rule gave to an occurrence stands in its key. */
static bool pick_key_start(const char *key, struct civil *ret_start)
{
	char date[PERIOD_KEY_SIZE];
	(void)snprintf(date, sizeof(date), "%s", strncmp(key, "../", 3) == 0 ? key + 3 : key);
	date[strcspn(date, "/")] = '\0';
	return civil_parse(date, ret_start, NULL);
}

static void pick_series_done(struct pick_series *series)
{
	free(series->said);
	recur_free(series->recur);
}

/* To be ended by pick_series_done() when it was opened. */
static int pick_series_open(struct store *store, const struct task *task, struct pick_series *series, struct err *err)
{
	*series = (struct pick_series){.task = task, .zone = zone_find(task->zone)};
	if (series->zone == NULL)
		return err_set(err, -EINVAL, "task '%s' is in the unknown zone '%s': give it one by edit --zone",
			       task->uid, task->zone);
	int status =
		recur_new(&task->period, task->rrule, task->rdate, task->exdate, series->zone, &series->recur, err);
	if (status == 0)
		status = store_occurrences(store, task->id, &series->said, &series->n_said, err);
	if (status < 0)
		pick_series_done(series);
	return status;
}

static int pick_fail(const struct task *task, struct err *err)
{
	return err_set(err, -ENOENT, "task '%s' has no such occurrence", task->uid);
}

/* ---- by the day --------------------------------------------------------------------------------------------------- */

static bool pick_holds(const struct period *period, int64_t day)
{
	const struct civil *start = period->has_start ? &period->start : &period->end;
	return civil_to_days(start) <= day && day <= civil_to_days(&period->end);
}

static int pick_by_rule(const struct pick_series *series, int64_t day, bool *ret_found, struct pick *ret_pick,
			struct err *err)
{
	struct civil starts[PICK_MAX], from = civil_from_days(day - PICK_BACK_DAYS), to = civil_from_days(day + 1);
	size_t n = 0;
	int status = recur_between(series->recur, &from, &to, PICK_MAX, starts, &n, err);
	*ret_found = false;
	for (size_t i = n; i-- > 0 && status == 0 && !*ret_found;) {
		struct period period = recur_period(&series->task->period, &starts[i]);
		*ret_found = pick_holds(&period, day);
		if (*ret_found)
			*ret_pick = pick_of(series, &starts[i]);
	}
	return status;
}

static bool pick_moved(const struct pick_series *series, int64_t day, struct pick *ret_pick)
{
	for (size_t i = 0; i < series->n_said; i++) {
		const struct store_occurrence *said = &series->said[i];
		struct civil start;
		if (!said->is_moved || !pick_holds(&said->period, day) || !pick_key_start(said->date, &start))
			continue;
		*ret_pick = pick_of(series, &start);
		return true;
	}
	return false;
}

int pick_on_day(struct store *store, const struct task *task, const struct civil *day, struct pick *ret_pick,
		struct err *err)
{
	struct pick_series series;
	bool is_found = false;
	if (!task_repeats(task)) {
		*ret_pick = pick_only(task);
		return 0;
	}
	int status = pick_series_open(store, task, &series, err);
	if (status < 0)
		return status;
	status = pick_by_rule(&series, civil_to_days(day), &is_found, ret_pick, err);
	if (status == 0 && !is_found && !pick_moved(&series, civil_to_days(day), ret_pick))
		status = pick_fail(task, err);
	pick_series_done(&series);
	return status;
}

/* ---- the current one ---------------------------------------------------------------------------------------------- */

static bool pick_is_open(const struct pick_series *series, const struct civil *start)
{
	struct pick pick = pick_of(series, start);
	const struct store_occurrence *said = pick_said(series, pick.date);
	return said == NULL || said->is_open;
}

static int pick_current_of(const struct pick_series *series, int64_t now_utc, struct pick *ret_pick, struct err *err)
{
	struct civil starts[PICK_MAX], now = zone_to_civil(series->zone, now_utc);
	struct civil from = civil_add_days(&now, -PICK_BACK_DAYS), to = civil_add_days(&now, PICK_AHEAD_DAYS);
	struct civil after = civil_from_seconds(civil_to_seconds(&now) + 1); /* what begins now has begun */
	size_t n = 0;
	int status = recur_between(series->recur, &from, &after, PICK_MAX, starts, &n, err);
	for (size_t i = n; i-- > 0 && status == 0;)
		if (pick_is_open(series, &starts[i])) {
			*ret_pick = pick_of(series, &starts[i]);
			return 0;
		}
	if (status == 0)
		status = recur_between(series->recur, &after, &to, PICK_MAX, starts, &n, err);
	for (size_t i = 0; i < n && status == 0; i++)
		if (pick_is_open(series, &starts[i])) {
			*ret_pick = pick_of(series, &starts[i]);
			return 0;
		}
	return status == 0 ? pick_fail(series->task, err) : status;
}

int pick_current(struct store *store, const struct task *task, int64_t now_utc, struct pick *ret_pick, struct err *err)
{
	struct pick_series series;
	if (!task_repeats(task)) {
		*ret_pick = pick_only(task);
		return 0;
	}
	int status = pick_series_open(store, task, &series, err);
	if (status < 0)
		return status;
	status = pick_current_of(&series, now_utc, ret_pick, err);
	pick_series_done(&series);
	return status;
}

/* ---- by its key --------------------------------------------------------------------------------------------------- */

static bool pick_moved_to(const struct pick_series *series, const char *key, struct pick *ret_pick)
{
	for (size_t i = 0; i < series->n_said; i++) {
		struct civil start;
		char moved[PERIOD_KEY_SIZE];
		if (!series->said[i].is_moved)
			continue;
		period_key(&series->said[i].period, moved);
		if (strcmp(moved, key) != 0 || !pick_key_start(series->said[i].date, &start))
			continue;
		*ret_pick = pick_of(series, &start);
		return true;
	}
	return false;
}

static int pick_ruled(const struct pick_series *series, const char *key, bool *ret_found, struct pick *ret_pick,
		      struct err *err)
{
	struct civil start, found;
	size_t n = 0;
	*ret_found = false;
	if (!pick_key_start(key, &start))
		return 0;
	struct civil end = civil_from_seconds(civil_to_seconds(&start) + 1);
	int status = recur_between(series->recur, &start, &end, 1, &found, &n, err);
	if (status < 0 || n == 0)
		return status;
	struct pick pick = pick_of(series, &found);
	*ret_found = strcmp(pick.key, key) == 0;
	if (*ret_found)
		*ret_pick = pick;
	return 0;
}

int pick_by_key(struct store *store, const struct task *task, const char *key, struct pick *ret_pick, struct err *err)
{
	struct pick_series series;
	bool is_found = false;
	if (!task_repeats(task)) {
		struct pick only = pick_only(task);
		if (strcmp(only.key, key) != 0)
			return pick_fail(task, err);
		*ret_pick = only;
		return 0;
	}
	int status = pick_series_open(store, task, &series, err);
	if (status < 0)
		return status;
	is_found = pick_moved_to(&series, key, ret_pick);
	if (!is_found)
		status = pick_ruled(&series, key, &is_found, ret_pick, err);
	if (status == 0 && !is_found)
		status = pick_fail(task, err);
	pick_series_done(&series);
	return status;
}

/* ---- the next one, and what somebody was told of ------------------------------------------------------------------ */

static int pick_next_of(const struct pick_series *series, int64_t now_utc, bool *ret_found, struct pick *ret_pick,
			struct err *err)
{
	struct civil starts[PICK_MAX], now = zone_to_civil(series->zone, now_utc);
	const struct civil days[] = {civil_add_days(&now, -PICK_BACK_DAYS), now, civil_add_days(&now, PICK_AHEAD_DAYS)};
	int status = 0;
	*ret_found = false;
	for (size_t part = 0; part < 2 && status == 0; part++) {
		size_t n = 0;
		status = recur_between(series->recur, &days[part], &days[part + 1], PICK_MAX, starts, &n, err);
		for (size_t i = 0; i < n && status == 0 && !*ret_found; i++) {
			struct pick pick = pick_of(series, &starts[i]);
			*ret_found = pick.is_open && period_end_utc(&pick.period, series->zone) > now_utc;
			if (*ret_found)
				*ret_pick = pick;
		}
		if (*ret_found)
			break;
	}
	return status;
}

int pick_next(struct store *store, const struct task *task, int64_t now_utc, struct pick *ret_pick, struct err *err)
{
	struct pick_series series;
	bool is_found = false;
	if (!task_repeats(task)) {
		*ret_pick = pick_only(task);
		return 0;
	}
	int status = pick_series_open(store, task, &series, err);
	if (status < 0)
		return status;
	status = pick_next_of(&series, now_utc, &is_found, ret_pick, err);
	if (status == 0 && !is_found)
		status = pick_current_of(&series, now_utc, ret_pick, err);
	pick_series_done(&series);
	return status;
}

int pick_told(struct store *store, const struct task *task, const char *person, int64_t now_utc, struct pick *ret_pick,
	      struct err *err)
{
	char *key = NULL;
	struct pick told = {0};
	struct err none = {0};
	int status = store_told_last(store, task->id, person, &key, err);
	if (status < 0)
		return status;
	if (key != NULL)
		status = pick_by_key(store, task, key, &told, &none);
	free(key);
	if (status < 0 && status != -ENOENT)
		return err_set(err, status, "%s", none.text);
	if (!told.is_open)
		return pick_next(store, task, now_utc, ret_pick, err);
	*ret_pick = told;
	return 0;
}
