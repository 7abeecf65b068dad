#include "remind/occurrences.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/recur.h"
#include "plan/zone.h"
#include "store/store_occurrence.h"

/* Occurrences of one task on their way into an array. */
struct occurrences_list {
	struct occurrence *items;
	size_t n;
	struct store_occurrence *said; /* what was said of single ones */
	size_t n_said;
};

static void occurrences_add(struct occurrences_list *list, const struct period *period)
{
	list->items = mem_grow(list->items, list->n + 1, sizeof(*list->items));
	struct occurrence *item = &list->items[list->n++];
	item->period = *period;
	period_key(period, item->key);
}

static const struct store_occurrence *occurrences_said(const struct occurrences_list *list, const char *key)
{
	for (size_t i = 0; i < list->n_said; i++)
		if (strcmp(list->said[i].date, key) == 0)
			return &list->said[i];
	return NULL;
}

static void occurrences_add_started(struct occurrences_list *list, const struct task *task, const struct civil *start)
{
	char key[PERIOD_KEY_SIZE];
	struct period period = recur_period(&task->period, start);
	period_key(&period, key);
	const struct store_occurrence *said = occurrences_said(list, key);
	if (said == NULL || (said->is_open && !said->is_moved))
		occurrences_add(list, &period);
}

/* Those the rule gives, without the ones that were moved, done or cancelled by themselves; at least max of them, when there
 * are so many. */
static int occurrences_add_ruled(struct occurrences_list *list, const struct task *task, const struct recur *recur,
				 const struct civil *from, const struct civil *to, size_t max, struct err *err)
{
	enum { AT_ONCE = 512 };
	struct civil starts[AT_ONCE], at = *from;
	size_t n = AT_ONCE, had = list->n;
	int status = 0;
	while (n == AT_ONCE && list->n - had < max && status == 0) {
		status = recur_between(recur, &at, to, AT_ONCE, starts, &n, err);
		for (size_t i = 0; i < n && status == 0; i++)
			occurrences_add_started(list, task, &starts[i]);
		if (n != 0)
			at = civil_from_seconds(civil_to_seconds(&starts[n - 1]) + 1);
	}
	return status == -E2BIG ? -EINVAL : status;
}

/* Those that were moved to where they matter, or to later: the planner must know when to come again. One that was moved to
 * a longer window may have begun long ago. */
static void occurrences_add_moved(struct occurrences_list *list, const struct civil *from)
{
	for (size_t i = 0; i < list->n_said; i++) {
		const struct store_occurrence *said = &list->said[i];
		if (said->is_open && said->is_moved && civil_compare(&said->period.end, from) >= 0)
			occurrences_add(list, &said->period);
	}
}

/* The first open one behind the span, for the same reason. The far end bounds the search. */
static int occurrences_add_next(struct occurrences_list *list, const struct task *task, const struct recur *recur,
				const struct civil *to, struct err *err)
{
	enum { AHEAD_DAYS = 5 * 366 };
	struct civil end = civil_add_days(to, AHEAD_DAYS);
	size_t had = list->n;
	int status = occurrences_add_ruled(list, task, recur, to, &end, 1, err);
	if (list->n > had + 1)
		list->n = had + 1;
	return status;
}

static int occurrences_list_repeating(struct occurrences_list *list, struct store *store, const struct task *task,
				      const struct civil *from, const struct civil *to, struct err *err)
{
	struct recur *recur = NULL;
	struct civil end = civil_add_days(to, 1);
	int status = store_occurrences(store, task->id, &list->said, &list->n_said, err);
	if (status == 0)
		status = recur_new(&task->period, task->rrule, task->rdate, task->exdate, zone_find(task->zone), &recur,
				   err);
	if (status == 0)
		status = occurrences_add_ruled(list, task, recur, from, &end, SIZE_MAX, err);
	if (status == 0) {
		occurrences_add_moved(list, from);
		status = occurrences_add_next(list, task, recur, &end, err);
	}
	recur_free(recur);
	return status;
}

int occurrences_around(struct store *store, const struct task *task, const struct civil *from, const struct civil *to,
		       struct occurrence **ret_items, size_t *ret_n, struct err *err)
{
	struct occurrences_list list = {0};
	int status = 0;
	if (task_repeats(task))
		status = occurrences_list_repeating(&list, store, task, from, to, err);
	else
		occurrences_add(&list, &task->period);
	free(list.said);
	if (status < 0) {
		free(list.items);
		return status;
	}
	*ret_items = list.items;
	*ret_n = list.n;
	return 0;
}

int occurrences_find(struct store *store, const struct task *task, const char *key, bool *ret_found,
		     struct period *ret_period, struct err *err)
{
	char day[CIVIL_DATE_SIZE] = "";
	struct civil start;
	struct occurrence *items = NULL;
	size_t n = 0;
	const char *date = strncmp(key, "../", 3) == 0 ? key + 3 : key;
	(void)memcpy(day, date, strnlen(date, CIVIL_DATE_SIZE - 1));
	*ret_found = false;
	*ret_period = task->period;
	if (!civil_parse(day, &start, NULL))
		return 0;
	struct civil from = civil_add_days(&start, -1), to = civil_add_days(&start, 1);
	int status = occurrences_around(store, task, &from, &to, &items, &n, err);
	for (size_t i = 0; i < n && status == 0 && !*ret_found; i++)
		if (strcmp(items[i].key, key) == 0) {
			*ret_found = true;
			*ret_period = items[i].period;
		}
	free(items);
	return status;
}

bool occurrences_go_on(const struct task *task, const struct civil *day)
{
	const struct civil end = {.year = 2583, .month = 1, .day = 1}; /* where recur ends */
	struct recur *recur = NULL;
	struct civil start;
	struct err err = {0};
	size_t n = 0;
	int status =
		recur_new(&task->period, task->rrule, task->rdate, task->exdate, zone_find(task->zone), &recur, &err);
	if (status == 0)
		status = recur_between(recur, day, &end, 1, &start, &n, &err);
	recur_free(recur);
	return status < 0 || n > 0;
}
