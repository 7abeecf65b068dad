#include "remind/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "remind/occurrences.h"
#include "store/store_digest.h"
#include "store/store_reader.h"
#include "store/store_suspension.h"
#include "store/store_task.h"

enum { DIGEST_PAST_DAYS = 90, DIGEST_AHEAD_DAYS = 8, DIGEST_WHY_MAX = 120 };

void digest_done(struct digest *digest)
{
	for (size_t i = 0; i < digest->n_items; i++)
		task_done(&digest->items[i].task);
	free(digest->items);
	for (size_t i = 0; i < digest->n_unreachable; i++) {
		free(digest->unreachable[i].name);
		free(digest->unreachable[i].channel);
		free(digest->unreachable[i].why);
	}
	free(digest->unreachable);
	*digest = (struct digest){0};
}

/* The day of an end of a period as the reader counts it: as written, or the reader's own where the minute is known. */
static int64_t digest_day(const struct period *period, const struct civil *written, const struct zone *event_zone,
			  const struct reader *reader)
{
	if (period->precision != PERIOD_MINUTE)
		return civil_to_days(written);
	struct civil local = zone_to_civil(reader->time.zone, zone_to_utc(event_zone, written));
	return civil_to_days(&local);
}

/* The section of an occurrence, DIGEST_SECTION_MAX when it is in none. */
static enum digest_section digest_classify(const struct period *period, const struct zone *event_zone,
					   const struct reader *reader, int64_t now_utc)
{
	struct civil local = zone_to_civil(reader->time.zone, now_utc);
	int64_t today = civil_to_days(&local);
	int64_t sunday = today + 7 - civil_weekday(&local);
	int64_t end = digest_day(period, &period->end, event_zone, reader);
	if (period_end_utc(period, event_zone) <= now_utc)
		return DIGEST_OVERDUE;
	if (end <= today)
		return DIGEST_TODAY;
	int64_t start = period->has_start ? digest_day(period, &period->start, event_zone, reader) : end;
	if (start == today)
		return DIGEST_TODAY;
	if (end <= sunday)
		return DIGEST_WEEK;
	return start > today && start <= today + DIGEST_OPENING_DAYS ? DIGEST_OPENING : DIGEST_SECTION_MAX;
}

/* What it takes to sort the items: the tasks of those that stay are loaded in the end. */
static void digest_add(struct digest *digest, const struct task *task, const struct occurrence *occurrence,
		       enum digest_section section, size_t n_overdue_dates)
{
	digest->items = mem_grow(digest->items, digest->n_items + 1, sizeof(*digest->items));
	digest->items[digest->n_items++] = (struct digest_item){
		.task = {.id = task->id, .uid = mem_dup(task->uid), .period = occurrence->period},
		.section = section,
		.n_overdue_dates = n_overdue_dates,
	};
}

/* The dates that are over are one item, the latest: what repeats every day would fill the digest alone. */
static void digest_add_dates(struct digest *digest, const struct task *task, const struct occurrence *occurrences,
			     size_t n, const struct reader *reader, int64_t now_utc)
{
	const struct occurrence *latest = NULL;
	size_t n_overdue = 0;
	for (size_t i = 0; i < n; i++) {
		const struct occurrence *occurrence = &occurrences[i];
		enum digest_section section =
			digest_classify(&occurrence->period, zone_find(task->zone), reader, now_utc);
		if (section != DIGEST_SECTION_MAX && section != DIGEST_OVERDUE)
			digest_add(digest, task, occurrence, section, 0);
		if (section != DIGEST_OVERDUE)
			continue;
		n_overdue++;
		if (latest == NULL || civil_compare(&occurrence->period.end, &latest->period.end) > 0)
			latest = occurrence;
	}
	if (latest != NULL)
		digest_add(digest, task, latest, DIGEST_OVERDUE, n_overdue);
}

/* Whether an occurrence is in a section by its date. */
static bool digest_has(const struct occurrence *occurrences, size_t n, const char *key, const struct zone *zone,
		       const struct reader *reader, int64_t now_utc)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(occurrences[i].key, key) == 0 &&
		    digest_classify(&occurrences[i].period, zone, reader, now_utc) != DIGEST_SECTION_MAX)
			return true;
	return false;
}

/* What a step has put into the digest stays there until its date brings it, with what opens or what goes on. */
static int digest_add_stepped(struct digest *digest, struct store *store, const struct task *task,
			      const struct occurrence *near, size_t n_near, const struct reader *reader,
			      int64_t now_utc, struct err *err)
{
	const struct zone *zone = zone_find(task->zone);
	struct strlist keys = {0};
	int status = store_digest_steps(store, task->id, reader->person->id, &keys, err);
	for (size_t i = 0; i < keys.n && status == 0; i++) {
		struct occurrence occurrence;
		bool is_found = false;
		/* Most of them are over, which their keys say. */
		if (!period_parse_key(keys.items[i], &occurrence.period) ||
		    period_end_utc(&occurrence.period, zone) <= now_utc)
			continue;
		(void)snprintf(occurrence.key, sizeof(occurrence.key), "%s", keys.items[i]);
		status = occurrences_find(store, task, occurrence.key, &is_found, &occurrence.period, err);
		if (status < 0 || !is_found || digest_has(near, n_near, occurrence.key, zone, reader, now_utc))
			continue;
		bool is_open = !occurrence.period.has_start || period_start_utc(&occurrence.period, zone) <= now_utc;
		digest_add(digest, task, &occurrence, is_open ? DIGEST_WEEK : DIGEST_OPENING, 0);
	}
	strlist_done(&keys);
	return status;
}

static int digest_add_task(struct digest *digest, struct store *store, const struct reader *reader, int64_t id,
			   int64_t now_utc, struct err *err)
{
	struct task task;
	struct occurrence *occurrences = NULL;
	size_t n = 0;
	int status = store_task_load(store, id, &task, err);
	if (status == -EUCLEAN)
		return 0; /* the planner has put it aside and told the operator */
	if (status < 0)
		return status;
	const struct zone *zone = zone_find(task.zone);
	struct civil local = zone_to_civil(reader->time.zone, now_utc);
	struct civil from = civil_add_days(&local, -DIGEST_PAST_DAYS), to = civil_add_days(&local, DIGEST_AHEAD_DAYS);
	status = zone == NULL ? 0 : occurrences_around(store, &task, &from, &to, &occurrences, &n, err);
	if (status == 0 && zone != NULL) {
		digest_add_dates(digest, &task, occurrences, n, reader, now_utc);
		status = digest_add_stepped(digest, store, &task, occurrences, n, reader, now_utc, err);
	}
	free(occurrences);
	task_done(&task);
	return status == -EINVAL ? 0 : status;
}

/* Why in short: servers can be wordy. */
static int digest_add_unreachable(void *arg, const struct store_suspension *row)
{
	struct digest *digest = arg;
	if (digest->n_unreachable == DIGEST_UNREACHABLE_MAX)
		return 0;
	digest->unreachable = mem_grow(digest->unreachable, digest->n_unreachable + 1, sizeof(*digest->unreachable));
	digest->unreachable[digest->n_unreachable++] = (struct digest_unreachable){
		.name = mem_dup(row->name),
		.channel = mem_dup(row->channel),
		.why = mem_dup_n(row->reason, utf8_prefix(row->reason, DIGEST_WHY_MAX, UTF8_CODE_POINTS)),
		.is_reached = row->is_reached,
	};
	return 0;
}

static int digest_compare(const void *left, const void *right)
{
	const struct digest_item *a = left, *b = right;
	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	int order = civil_compare(&a->task.period.end, &b->task.period.end);
	return order != 0 ? order : strcmp(a->task.uid, b->task.uid);
}

/* Drops the sorted items that lie behind the last section asked for. */
static void digest_drop_behind(struct digest *digest, enum digest_section last)
{
	while (digest->n_items > 0 && digest->items[digest->n_items - 1].section > last)
		task_done(&digest->items[--digest->n_items].task);
}

/* Keeps DIGEST_ITEMS_MAX of the sorted items: what is ahead, the next first, then what became overdue last. */
static void digest_cut(struct digest *digest)
{
	size_t n_overdue = 0, n = digest->n_items;
	while (n_overdue < n && digest->items[n_overdue].section == DIGEST_OVERDUE)
		n_overdue++;
	size_t n_ahead = n - n_overdue < DIGEST_ITEMS_MAX ? n - n_overdue : DIGEST_ITEMS_MAX;
	size_t n_recent = n_overdue < DIGEST_ITEMS_MAX - n_ahead ? n_overdue : DIGEST_ITEMS_MAX - n_ahead;
	size_t first = n_overdue - n_recent, end = n_overdue + n_ahead;
	for (size_t i = 0; i < n; i++)
		if (i < first || i >= end) {
			digest->n_left_out[digest->items[i].section]++;
			task_done(&digest->items[i].task);
		}
	digest->n_items = end - first;
	memmove(digest->items, digest->items + first, digest->n_items * sizeof(*digest->items));
}

static int digest_load(struct digest *digest, struct store *store, struct err *err)
{
	for (size_t i = 0; i < digest->n_items; i++) {
		struct task task, *known = &digest->items[i].task;
		int status = store_task_load(store, known->id, &task, err);
		if (status < 0)
			return status;
		task.period = known->period;
		task_done(known);
		*known = task;
	}
	return 0;
}

int digest_collect(struct store *store, const struct reader *reader, enum digest_section last, int64_t now_utc,
		   struct digest *ret_digest, struct err *err)
{
	int64_t *ids = NULL;
	size_t n = 0;
	*ret_digest = (struct digest){0};
	int status = store_tasks_of(store, reader->person->id, &ids, &n, err);
	for (size_t i = 0; i < n && status == 0; i++)
		status = digest_add_task(ret_digest, store, reader, ids[i], now_utc, err);
	free(ids);
	if (status == 0 && ret_digest->n_items > 0) {
		qsort(ret_digest->items, ret_digest->n_items, sizeof(*ret_digest->items), digest_compare);
		digest_drop_behind(ret_digest, last);
		digest_cut(ret_digest);
		status = digest_load(ret_digest, store, err);
	}
	if (status == 0 && ret_digest->n_items > 0)
		status = store_suspension_each_near(store, reader->person->id, digest_add_unreachable, ret_digest, err);
	if (status < 0)
		digest_done(ret_digest);
	return status;
}
