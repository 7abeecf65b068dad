#include "remind/cancellation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remind/pick.h"
#include "store/store_cancellation.h"
#include "store/store_message.h"
#include "store/store_occurrence.h"

/* Everything is of one task. */
struct cancellation_case {
	struct post *post;
	const struct person *people;
	size_t n_people;
	struct store_cancellation *items;
	size_t n;
	struct store_occurrence *said; /* of single dates */
	size_t n_said;
};

static const struct store_occurrence *cancellation_said(const struct cancellation_case *at, const char *date)
{
	for (size_t i = 0; i < at->n_said; i++)
		if (strcmp(at->said[i].date, date) == 0)
			return &at->said[i];
	return NULL;
}

/* Whether the rule took the date away, and gives it by now. */
static int cancellation_is_given(const struct cancellation_case *at, const char *date, bool *ret_is_given,
				 struct err *err)
{
	const struct store_occurrence *said = cancellation_said(at, date);
	struct pick pick;
	*ret_is_given = said != NULL && said->is_open && said->is_moved;
	if (date[0] == '\0' || *ret_is_given || (said != NULL && !said->is_open) || post_is_over(at->post, date))
		return 0;
	int status = pick_by_key(at->post->store, at->post->task, date, &pick, err);
	*ret_is_given = status == 0;
	return status == -ENOENT ? 0 : status;
}

static int cancellation_forget_given(struct cancellation_case *at, struct err *err)
{
	size_t n = at->n;
	int status = 0;
	at->n = 0;
	for (size_t i = 0; i < n && status == 0; i++) {
		const char *date = at->items[i].date;
		bool is_given;
		status = cancellation_is_given(at, date, &is_given, err);
		if (status == 0 && is_given)
			status = store_uncancel_date(at->post->store, at->post->task->id, date, err);
		else
			at->items[at->n++] = at->items[i];
	}
	return status;
}

/* The cancellation that holds for that date, NULL for none: its own, or the whole task's unless it was done before. */
static const struct store_cancellation *cancellation_of(const struct cancellation_case *at, const char *date)
{
	const struct store_occurrence *said = cancellation_said(at, date);
	if (said != NULL && !said->is_open && !said->is_cancelled)
		return NULL;
	for (size_t i = 0; i < at->n; i++)
		if (at->items[i].date[0] == '\0' || strcmp(at->items[i].date, date) == 0)
			return &at->items[i];
	return NULL;
}

/* The date as it stood last. */
static void cancellation_key(const struct cancellation_case *at, const char *date, char key[PERIOD_KEY_SIZE])
{
	const struct store_occurrence *said = cancellation_said(at, date);
	(void)snprintf(key, PERIOD_KEY_SIZE, "%s", date);
	if (date[0] == '\0')
		period_key(&at->post->task->period, key);
	else if (said != NULL && said->is_moved)
		period_key(&said->period, key);
}

static bool cancellation_is_same_day(const char *date, const char *other)
{
	static const char limit[] = "../";
	date += strncmp(date, limit, strlen(limit)) == 0 ? strlen(limit) : 0;
	other += strncmp(other, limit, strlen(limit)) == 0 ? strlen(limit) : 0;
	return strncmp(date, other, CIVIL_DATE_SIZE - 1) == 0;
}

/* Whether they heard later of another hour on that day, which the rule had given it: it is that one which is off. */
static int cancellation_is_replaced(const struct cancellation_case *at, const struct store_told *told, size_t n,
				    const struct store_told *item, bool *ret_is, struct err *err)
{
	struct pick pick;
	bool has_later = false;
	*ret_is = false;
	for (size_t i = 0; i < n && !has_later; i++)
		has_later = strcmp(told[i].person, item->person) == 0 && told[i].message > item->message &&
			    told[i].was_moved_to && cancellation_is_same_day(told[i].date, item->date);
	if (!has_later || cancellation_said(at, item->date) != NULL)
		return 0;
	int status = pick_by_key(at->post->store, at->post->task, item->date, &pick, err);
	*ret_is = status == -ENOENT;
	return status == -ENOENT ? 0 : status;
}

static int cancellation_tell_one(struct cancellation_case *at, const struct store_told *told,
				 const struct store_cancellation *item, struct err *err)
{
	char key[PERIOD_KEY_SIZE], text[STORE_STEP_SIZE];
	int status = 0;
	cancellation_key(at, told->date, key);
	(void)snprintf(text, sizeof(text), STORE_STEP_CANCELLED "%lld", (long long)item->sequence);
	const struct post_step step = {.text = text, .due_utc = at->post->now_utc};
	at->post->occurrence = key;
	for (size_t i = 0; i < at->n_people && status == 0; i++)
		if (strcmp(at->people[i].id, told->person) == 0)
			status = post_steps(at->post, &at->people[i], &step, 1, err);
	at->post->occurrence = NULL; /* key is ours */
	return status;
}

static int cancellation_tell_all(struct cancellation_case *at, struct err *err)
{
	struct store_told *told = NULL;
	size_t n = 0;
	bool repeats = task_repeats(at->post->task);
	int status = store_occurrences(at->post->store, at->post->task->id, &at->said, &at->n_said, err);
	if (status == 0 && repeats)
		status = cancellation_forget_given(at, err);
	if (status == 0)
		status = store_told_dates(at->post->store, at->post->task->id, repeats, &told, &n, err);
	for (size_t i = 0; i < n && status == 0; i++) {
		const struct store_cancellation *item = cancellation_of(at, told[i].date);
		bool is_replaced = false;
		if (item == NULL || post_is_over(at->post, told[i].key))
			continue;
		if (told[i].date[0] != '\0')
			status = cancellation_is_replaced(at, told, n, &told[i], &is_replaced, err);
		if (status == 0 && !is_replaced)
			status = cancellation_tell_one(at, &told[i], item, err);
	}
	free(told);
	free(at->said);
	return status;
}

int cancellation_tell(struct post *post, const struct person *people, size_t n_people, struct err *err)
{
	struct cancellation_case at = {.post = post, .people = people, .n_people = n_people};
	int status = store_cancellations(post->store, post->task->id, &at.items, &at.n, err);
	if (status == 0 && at.n > 0)
		status = cancellation_tell_all(&at, err);
	free(at.items);
	return status;
}
