#include "remind/said.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strlist.h"
#include "plan/recur.h"
#include "plan/zone.h"
#include "store/store_occurrence.h"

enum { SAID_BACK_DAYS = 371, SAID_AT_ONCE = 512 };

struct said_date {
	int64_t day;
	char key[PERIOD_KEY_SIZE];
};

struct said_list {
	struct said_date *items;
	size_t n;
};

static void said_add(struct said_list *list, int64_t day, const char *key)
{
	list->items = mem_grow(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n].day = day;
	(void)snprintf(list->items[list->n++].key, PERIOD_KEY_SIZE, "%s", key);
}

static bool said_has(const struct said_list *list, const char *key)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].key, key) == 0)
			return true;
	return false;
}

/* What is noted, from that day on. */
static int said_load(struct store *store, int64_t task, int64_t from_day, struct said_list *said, struct err *err)
{
	struct strlist keys = {0};
	int status = store_said_dates(store, task, &keys, err);
	for (size_t i = 0; i < keys.n && status == 0; i++) {
		struct period period;
		if (!period_parse_key(keys.items[i], &period))
			continue;
		int64_t day = civil_to_days(period.has_start ? &period.start : &period.end);
		if (day >= from_day)
			said_add(said, day, keys.items[i]);
	}
	strlist_done(&keys);
	return status;
}

/* What the rule gives on the days from the first of them to the last. */
static int said_list_ruled(const struct task *task, const struct said_list *said, struct said_list *ruled,
			   struct err *err)
{
	struct civil starts[SAID_AT_ONCE];
	struct recur *recur = NULL;
	int64_t first = said->items[0].day, last = first;
	size_t n = SAID_AT_ONCE;
	for (size_t i = 1; i < said->n; i++) {
		first = said->items[i].day < first ? said->items[i].day : first;
		last = said->items[i].day > last ? said->items[i].day : last;
	}
	struct civil at = civil_from_days(first), end = civil_from_days(last + 1);
	int status =
		recur_new(&task->period, task->rrule, task->rdate, task->exdate, zone_find(task->zone), &recur, err);
	while (status == 0 && n == SAID_AT_ONCE) {
		status = recur_between(recur, &at, &end, SAID_AT_ONCE, starts, &n, err);
		for (size_t i = 0; i < n && status == 0; i++) {
			char key[PERIOD_KEY_SIZE];
			struct period period = recur_period(&task->period, &starts[i]);
			period_key(&period, key);
			said_add(ruled, civil_to_days(&starts[i]), key);
		}
		if (status == 0 && n != 0)
			at = civil_from_seconds(civil_to_seconds(&starts[n - 1]) + 1);
	}
	recur_free(recur);
	return status == -E2BIG ? -EINVAL : status;
}

/* The only one of that day which the other list does not have; NULL when there is none, or more than one. */
static const struct said_date *said_only(const struct said_list *list, int64_t day, const struct said_list *other)
{
	const struct said_date *found = NULL;
	size_t n = 0;
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].day == day && !said_has(other, list->items[i].key)) {
			found = &list->items[i];
			n++;
		}
	return n == 1 ? found : NULL;
}

static int said_follow(struct store *store, int64_t task, const struct said_list *said, const struct said_list *ruled,
		       struct err *err)
{
	int status = 0;
	for (size_t i = 0; i < said->n && status == 0; i++) {
		int64_t day = said->items[i].day;
		const struct said_date *gone = said_only(said, day, ruled), *given = said_only(ruled, day, said);
		if (gone == &said->items[i] && given != NULL)
			status = store_said_rename(store, task, gone->key, given->key, err);
	}
	return status;
}

int said_follow_rule(struct store *store, const struct task *task, int64_t now_utc, struct err *err)
{
	struct said_list said = {0}, ruled = {0};
	int status = 0;
	if (!task_repeats(task) || zone_find(task->zone) == NULL)
		return 0;
	struct civil now = zone_to_civil(zone_find(task->zone), now_utc);
	status = said_load(store, task->id, civil_to_days(&now) - SAID_BACK_DAYS, &said, err);
	if (status == 0 && said.n > 0)
		status = said_list_ruled(task, &said, &ruled, err);
	if (status == 0)
		status = said_follow(store, task->id, &said, &ruled, err);
	free(said.items);
	free(ruled.items);
	return status;
}
