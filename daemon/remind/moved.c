#include "remind/moved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remind/occurrences.h"
#include "store/store_cancellation.h"
#include "store/store_occurrence.h"
#include "store/store_reader.h"

struct moved_case {
	struct post *post;
	const struct person *people;
	size_t n_people;
	struct store_occurrence *said; /* of single dates of the task */
	size_t n_said;
};

/* ---- who knows another date --------------------------------------------------------------------------------------- */

static int moved_tell_person(const struct moved_case *at, const char *id, struct err *err)
{
	char text[STORE_STEP_SIZE];
	const struct post_step step = {.text = text, .due_utc = at->post->now_utc};
	int status = 0;
	(void)snprintf(text, sizeof(text), STORE_STEP_MOVED "%lld", (long long)at->post->task->sequence);
	for (size_t i = 0; i < at->n_people && status == 0; i++)
		if (strcmp(at->people[i].id, id) == 0)
			status = post_steps(at->post, &at->people[i], &step, 1, err);
	return status;
}

/* date: by the rule, of an occurrence of a repeating task; NULL = whatever they were told. *ret_people: who hears. */
static int moved_tell_date(const struct moved_case *at, const char *key, const char *date, struct strlist *ret_people,
			   struct err *err)
{
	int status = store_told_other_date(at->post->store, at->post->task->id, key, date, ret_people, err);
	at->post->occurrence = key;
	for (size_t i = 0; i < ret_people->n && status == 0; i++)
		status = moved_tell_person(at, ret_people->items[i], err);
	at->post->occurrence = NULL; /* key is the caller's */
	return status;
}

static int moved_tell_occurrence(const struct moved_case *at, const char *key, const char *date, struct err *err)
{
	struct strlist people = {0};
	int status = moved_tell_date(at, key, date, &people, err);
	strlist_done(&people);
	return status;
}

/* ---- dates that the rule took away -------------------------------------------------------------------------------- */

static int moved_drop_gone(const struct moved_case *at, struct err *err)
{
	struct strlist keys = {0};
	struct period period;
	bool is_there = true;
	int status = store_open_dates(at->post->store, at->post->task->id, &keys, err);
	for (size_t i = 0; i < keys.n && status == 0; i++) {
		status = occurrences_find(at->post->store, at->post->task, keys.items[i], &is_there, &period, err);
		if (status == 0 && !is_there)
			status = store_drop_date(at->post->store, at->post->task->id, keys.items[i], err);
	}
	strlist_done(&keys);
	return status;
}

static int64_t moved_day(const struct period *period)
{
	return civil_to_days(period->has_start ? &period->start : &period->end);
}

static bool moved_is_by_itself(const struct moved_case *at, const char *key)
{
	char moved[PERIOD_KEY_SIZE];
	for (size_t i = 0; i < at->n_said; i++) {
		period_key(&at->said[i].period, moved);
		if (at->said[i].is_moved && strcmp(moved, key) == 0)
			return true;
	}
	return false;
}

/* The date itself when the task still has it; otherwise the only other one that the rule gives on its day, or "". */
static int moved_look(const struct moved_case *at, const char *date, char key[PERIOD_KEY_SIZE], struct err *err)
{
	struct occurrence *items = NULL;
	struct period period;
	size_t n = 0, n_others = 0;
	key[0] = '\0';
	if (!period_parse_key(date, &period))
		return 0;
	struct civil day = civil_from_days(moved_day(&period));
	int status = occurrences_around(at->post->store, at->post->task, &day, &day, &items, &n, err);
	for (size_t i = 0; i < n && status == 0 && strcmp(key, date) != 0; i++)
		if (strcmp(items[i].key, date) == 0 ||
		    (moved_day(&items[i].period) == moved_day(&period) && !moved_is_by_itself(at, items[i].key))) {
			(void)snprintf(key, PERIOD_KEY_SIZE, "%s", items[i].key);
			n_others++;
		}
	if (n_others > 1 && strcmp(key, date) != 0)
		key[0] = '\0';
	free(items);
	return status;
}

/* What was said of a single date is above the rule. */
static bool moved_is_said(const struct moved_case *at, const char *date)
{
	for (size_t i = 0; i < at->n_said; i++)
		if (strcmp(at->said[i].date, date) == 0 && (at->said[i].is_moved || !at->said[i].is_open))
			return true;
	return false;
}

/* Whether both were announced on their own: they are two dates, and none takes the other's place. */
static bool moved_are_two(const struct store_told *told, size_t n, const char *date, const char *other)
{
	size_t n_date = 0, n_other = 0;
	for (size_t i = 0; i < n; i++) {
		n_date += strcmp(told[i].date, date) == 0 && !told[i].was_moved_to;
		n_other += strcmp(told[i].date, other) == 0 && !told[i].was_moved_to;
	}
	return n_date > 0 && n_other > 0;
}

static int moved_follow_date(const struct moved_case *at, const struct store_told *told, size_t n, const char *date,
			     struct err *err)
{
	char key[PERIOD_KEY_SIZE];
	int status = moved_look(at, date, key, err);
	if (status < 0 || strcmp(key, date) == 0)
		return status;
	if (key[0] == '\0' || post_is_over(at->post, key) || moved_are_two(told, n, date, key))
		return store_cancel_date(at->post->store, at->post->task->id, date, err);
	return moved_tell_occurrence(at, key, date, err);
}

static int moved_follow_rule(const struct moved_case *at, struct err *err)
{
	struct store_told *told = NULL;
	size_t n = 0;
	int status = moved_drop_gone(at, err);
	if (status == 0)
		status = store_told_dates(at->post->store, at->post->task->id, true, &told, &n, err);
	for (size_t i = 0; i < n && status == 0; i++)
		if ((i == 0 || strcmp(told[i - 1].date, told[i].date) != 0) && !post_is_over(at->post, told[i].date) &&
		    !moved_is_said(at, told[i].date))
			status = moved_follow_date(at, told, n, told[i].date, err);
	free(told);
	return status;
}

/* ---- a task that does not repeat ---------------------------------------------------------------------------------- */

/* Whether somebody waits for another date than that one. */
static int moved_is_awaited(const struct moved_case *at, const char *key, bool *ret_is, struct err *err)
{
	struct store_told *told = NULL;
	size_t n = 0;
	*ret_is = false;
	int status = store_told_dates(at->post->store, at->post->task->id, false, &told, &n, err);
	for (size_t i = 0; i < n && status == 0; i++)
		*ret_is |= told[i].date[0] == '\0' && strcmp(told[i].key, key) != 0 &&
			   !post_is_over(at->post, told[i].key);
	free(told);
	return status;
}

/* Where it lies in the past, as the first date of what repeated may, nobody else hears of it. */
static int moved_follow_task(const struct moved_case *at, struct strlist *ret_noticed, struct err *err)
{
	char key[PERIOD_KEY_SIZE];
	bool is_news = true;
	int status = 0;
	period_key(&at->post->task->period, key);
	if (post_is_over(at->post, key))
		status = moved_is_awaited(at, key, &is_news, err);
	return status == 0 && is_news ? moved_tell_date(at, key, NULL, ret_noticed, err) : status;
}

/* ---- both --------------------------------------------------------------------------------------------------------- */

static int moved_tell_single_dates(const struct moved_case *at, struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < at->n_said && status == 0; i++) {
		char key[PERIOD_KEY_SIZE];
		if (!at->said[i].is_open || !at->said[i].is_moved)
			continue;
		period_key(&at->said[i].period, key);
		status = moved_tell_occurrence(at, key, at->said[i].date, err);
	}
	return status;
}

int moved_tell(struct post *post, const struct person *people, size_t n_people, struct strlist *ret_noticed,
	       struct err *err)
{
	struct moved_case at = {.post = post, .people = people, .n_people = n_people};
	int status = store_occurrences(post->store, post->task->id, &at.said, &at.n_said, err);
	if (status == 0 && !task_repeats(post->task))
		status = moved_follow_task(&at, ret_noticed, err);
	else if (status == 0)
		status = moved_follow_rule(&at, err);
	if (status == 0 && task_repeats(post->task))
		status = moved_tell_single_dates(&at, err);
	free(at.said);
	return status;
}
