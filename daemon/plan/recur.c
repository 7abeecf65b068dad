/* libical is given plain dates: it counts days, and the time of day and the zone are ours. It is not asked to count either,
 * as it does not know that the first occurrence is one of COUNT. */
#include "plan/recur.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/recur_priv.h"

enum {
	RECUR_STEPS_MAX = 100000, /* 270 years of days */
	RECUR_YEAR_MIN = 1583,    /* libical counts Julian days before */
	RECUR_YEAR_MAX = 2500,    /* libical counts up to 2582 */
	RECUR_GAP_MAX_S = 86400,
};

struct recur_dates {
	struct recur_moment *items; /* in local time, in order */
	size_t n;
};

struct recur {
	struct period period; /* the first occurrence, and its start */
	struct civil first;
	bool has_time;
	bool has_rule;
	struct recur_rule rule; /* rule.ical.until: the last day, or null */
	struct recur_dates added, left_out;
	const struct zone *zone;
};

/* ---- RDATE and EXDATE ---- */

static int recur_moment_compare(const void *a, const void *b)
{
	return civil_compare(&((const struct recur_moment *)a)->civil, &((const struct recur_moment *)b)->civil);
}

static int recur_dates_add(struct recur_dates *dates, const char *item, size_t len, struct err *err)
{
	struct recur_moment moment;
	if (!recur_moment_parse(item, len, &moment))
		return err_set(err, -EINVAL, "'%.*s' must be a date like 2025-06-10 or 20250610T140000Z",
			       (int)(len < 60 ? len : 60), item);
	if (dates->n == RECUR_DATES_MAX)
		return err_set(err, -EINVAL, "more than %d dates", RECUR_DATES_MAX);
	dates->items = mem_grow(dates->items, dates->n + 1, sizeof(dates->items[0]));
	dates->items[dates->n++] = moment;
	return 0;
}

static int recur_dates_parse(const char *text, struct recur_dates *ret_dates, struct err *err)
{
	struct recur_dates dates = {0};
	bool is_over = *text == '\0';
	while (!is_over) {
		size_t len = strcspn(text, ",");
		int rc = recur_dates_add(&dates, text, len, err);
		if (rc < 0) {
			free(dates.items);
			return rc;
		}
		is_over = text[len] == '\0';
		text += len + 1;
	}
	*ret_dates = dates;
	return 0;
}

static struct civil recur_at_first_time(const struct recur *recur, const struct civil *day)
{
	struct civil start = *day;
	start.hour = recur->first.hour;
	start.minute = recur->first.minute;
	start.second = recur->first.second;
	return start;
}

/* Turns UTC into local time, gives each date the time of day that it lacks (or takes it away), and sorts. */
static void recur_dates_localize(const struct recur *recur, struct recur_dates *dates, bool keep_whole_days)
{
	for (size_t i = 0; i < dates->n; i++) {
		struct recur_moment *moment = &dates->items[i];
		if (moment->is_utc)
			moment->civil = zone_to_civil(recur->zone, civil_to_seconds(&moment->civil));
		if (!recur->has_time)
			moment->has_time = false;
		if (!moment->has_time)
			moment->civil = keep_whole_days ? civil_from_days(civil_to_days(&moment->civil))
							: recur_at_first_time(recur, &moment->civil);
	}
	if (dates->n > 1)
		qsort(dates->items, dates->n, sizeof(dates->items[0]), recur_moment_compare);
}

/* What a gap swallows is at the first instant after it, by which UTC names it. */
static bool recur_is_at(const struct recur *recur, const struct recur_moment *moment, const struct civil *start)
{
	int64_t apart_s = civil_to_seconds(&moment->civil) - civil_to_seconds(start);
	if (apart_s == 0 || !moment->is_utc || llabs(apart_s) > RECUR_GAP_MAX_S)
		return apart_s == 0;
	return zone_to_utc(recur->zone, &moment->civil) == zone_to_utc(recur->zone, start);
}

static bool recur_is_left_out(const struct recur *recur, const struct civil *start)
{
	int64_t day = civil_to_days(start);
	for (size_t i = 0; i < recur->left_out.n; i++) {
		const struct recur_moment *moment = &recur->left_out.items[i];
		if (moment->has_time ? recur_is_at(recur, moment, start) : civil_to_days(&moment->civil) == day)
			return true;
	}
	return false;
}

/* ---- the rule ---- */

static struct icaltimetype recur_to_ical(const struct civil *day)
{
	struct icaltimetype time = icaltime_null_time();
	time.year = day->year;
	time.month = day->month;
	time.day = day->day;
	time.is_date = 1;
	return time;
}

/* UNTIL as the last day on which an occurrence may begin. */
static struct civil recur_until_day(const struct recur *recur, const struct recur_moment *until)
{
	struct civil local = until->civil;
	if (!until->has_time)
		return local;
	int64_t until_utc = until->is_utc ? civil_to_seconds(&local) : zone_to_utc(recur->zone, &local);
	if (until->is_utc)
		local = zone_to_civil(recur->zone, until_utc);

	struct civil day = civil_from_days(civil_to_days(&local)), start = recur_at_first_time(recur, &day);
	return zone_to_utc(recur->zone, &start) > until_utc ? civil_add_days(&day, -1) : day;
}

/* The days of the rule. */
struct recur_stream {
	icalrecur_iterator *iterator;
	struct civil day;
	bool is_over;
	unsigned steps;
};

static void recur_stream_step(struct recur_stream *stream)
{
	struct icaltimetype time = icalrecur_iterator_next(stream->iterator);
	stream->steps++;
	stream->is_over = icaltime_is_null_time(time);
	stream->day = (struct civil){.year = time.year, .month = time.month, .day = time.day};
}

/* The first weekday that the rule names, in the week of the first occurrence: a week that libical begins with another day
 * may get the phase of the interval wrong. */
static struct civil recur_first_week(const struct recur *recur)
{
	int week_start = (int)recur->rule.ical.week_start; /* 1 = Sunday .. 7, as in by_day */
	int first_day = civil_weekday(&recur->first) % 7 + 1;
	int into_week = (first_day - week_start + 7) % 7, named = (recur->rule.ical.by_day[0] - week_start + 7) % 7;
	return civil_add_days(&recur->first, named - into_week);
}

/* Where libical is to begin. Days and weeks that are not counted need not begin with the first occurrence: some whole
 * intervals before from is as good. */
static struct civil recur_stream_base(const struct recur *recur, const struct civil *from)
{
	const struct recur_rule *rule = &recur->rule;
	bool is_weekly = rule->ical.freq == ICAL_WEEKLY_RECURRENCE;
	struct civil base = is_weekly ? recur_first_week(recur) : recur->first;
	int64_t interval = rule->interval * (is_weekly ? 7 : 1);
	int64_t intervals = (civil_to_days(from) - civil_to_days(&base)) / interval - 1;
	bool can_jump = rule->count == 0 && (is_weekly || rule->ical.freq == ICAL_DAILY_RECURRENCE);
	return can_jump && intervals > 0 ? civil_add_days(&base, intervals * interval) : base;
}

/* The days of the rule up to that one; none when libical finds none. */
static void recur_stream_start(const struct recur *recur, const struct civil *from, const struct icaltimetype *until,
			       struct recur_stream *ret_stream)
{
	struct icalrecurrencetype rule = recur->rule.ical;
	struct civil base = recur_stream_base(recur, from);
	rule.until = *until;
	*ret_stream = (struct recur_stream){.iterator = icalrecur_iterator_new(rule, recur_to_ical(&base))};
	ret_stream->is_over = ret_stream->iterator == NULL;
	if (!ret_stream->is_over)
		recur_stream_step(ret_stream);
	while (!ret_stream->is_over && civil_to_days(&ret_stream->day) < civil_to_days(&recur->first))
		recur_stream_step(ret_stream);
}

static void recur_stream_stop(struct recur_stream *stream)
{
	if (stream->iterator != NULL)
		icalrecur_iterator_free(stream->iterator);
}

/* ---- from the outside ---- */

int recur_check(const char *rrule, struct err *err)
{
	struct recur_rule rule;
	return recur_rule_parse(rrule, &rule, err);
}

/* libical takes what a rule leaves unsaid from the day it begins with, which for weeks is not the first occurrence. */
static void recur_complete_rule(struct recur *recur)
{
	struct icalrecurrencetype *ical = &recur->rule.ical;
	ical->count = 0; /* see recur_merge */
	ical->until = icaltime_null_time();
	if (ical->freq == ICAL_WEEKLY_RECURRENCE && ical->by_day[0] == ICAL_RECURRENCE_ARRAY_MAX) {
		ical->by_day[0] = (short)(civil_weekday(&recur->first) % 7 + 1);
		ical->by_day[1] = ICAL_RECURRENCE_ARRAY_MAX;
	}
	if (recur->rule.has_until) {
		struct civil day = recur_until_day(recur, &recur->rule.until);
		ical->until = recur_to_ical(&day);
	}
}

static int recur_set_rule(struct recur *recur, const char *rrule, struct err *err)
{
	if (rrule[0] == '\0')
		return 0;
	if (recur->first.year < RECUR_YEAR_MIN)
		return err_set(err, -EINVAL, "repeats begin with the year %d", RECUR_YEAR_MIN);
	int rc = recur_rule_parse(rrule, &recur->rule, err);
	if (rc < 0)
		return rc;
	recur->has_rule = true;
	recur_complete_rule(recur);

	struct recur_stream endless;
	struct icaltimetype never = icaltime_null_time();
	recur_stream_start(recur, &recur->first, &never, &endless);
	recur_stream_stop(&endless);
	return endless.is_over ? err_set(err, -EINVAL, "no day fits the rule '%s'", rrule) : 0;
}

static int recur_fill(struct recur *recur, const char *rrule, const char *rdate, const char *exdate, struct err *err)
{
	if (recur->first.year > RECUR_YEAR_MAX)
		return err_set(err, -EINVAL, "repeats end with the year %d", RECUR_YEAR_MAX);
	int rc = recur_dates_parse(rdate, &recur->added, err);
	if (rc == 0)
		rc = recur_dates_parse(exdate, &recur->left_out, err);
	if (rc < 0)
		return rc;
	recur_dates_localize(recur, &recur->added, false);
	recur_dates_localize(recur, &recur->left_out, true);
	return recur_set_rule(recur, rrule, err);
}

int recur_new(const struct period *first, const char *rrule, const char *rdate, const char *exdate,
	      const struct zone *zone, struct recur **ret_recur, struct err *err)
{
	struct recur *recur = mem_zero(1, sizeof(*recur));
	recur->period = *first;
	recur->first = first->has_start ? first->start : first->end;
	recur->has_time = first->precision == PERIOD_MINUTE;
	if (!recur->has_time)
		recur->first = civil_from_days(civil_to_days(&recur->first));
	recur->zone = zone;
	int rc = recur_fill(recur, rrule, rdate, exdate, err);
	if (rc < 0)
		recur_free(recur);
	else
		*ret_recur = recur;
	return rc;
}

bool recur_ends_early(const struct recur *recur)
{
	const struct icaltimetype until = recur->rule.ical.until, first = recur_to_ical(&recur->first);
	return recur->has_rule && !icaltime_is_null_time(until) && icaltime_compare(until, first) < 0;
}

void recur_free(struct recur *recur)
{
	if (recur == NULL)
		return;
	free(recur->added.items);
	free(recur->left_out.items);
	free(recur);
}

/* Three streams as one: the first occurrence, which is one of COUNT whether the rule names it or not, the days of the rule
 * behind it, and the added dates. */
struct recur_merge {
	const struct recur *recur;
	struct recur_stream days;
	unsigned left;  /* of COUNT */
	bool is_begun;  /* the first occurrence is taken */
	size_t n_added; /* are taken */
};

static void recur_merge_next_day(struct recur_merge *merge)
{
	recur_stream_step(&merge->days);
	merge->days.is_over = merge->days.is_over || --merge->left == 0;
}

/* A day of the first window is the first occurrence over again. */
static bool recur_is_in_first(const struct recur *recur, const struct civil *day)
{
	struct period period = recur_period(&recur->period, day);
	return civil_to_days(day) == civil_to_days(&recur->first) ||
	       (recur->period.has_start && civil_compare(&period.start, &recur->first) == 0);
}

static void recur_merge_start(struct recur_merge *merge, const struct civil *from, const struct civil *to)
{
	const struct recur *recur = merge->recur;
	merge->left = recur->rule.count != 0 ? recur->rule.count : UINT_MAX;
	merge->days.is_over = true;
	if (!recur->has_rule)
		return;
	struct icaltimetype until = recur->rule.ical.until, last = recur_to_ical(to);
	if (icaltime_is_null_time(until) || icaltime_compare(until, last) > 0)
		until = last;
	recur_stream_start(recur, from, &until, &merge->days);
	while (!merge->days.is_over && recur_is_in_first(recur, &merge->days.day))
		recur_stream_step(&merge->days);
	merge->days.is_over = merge->days.is_over || --merge->left == 0;
}

/* The earliest start that is left; false when there is none. */
static bool recur_merge_take(struct recur_merge *merge, struct civil *ret_start)
{
	const struct recur *recur = merge->recur;
	const struct civil *added = merge->n_added < recur->added.n ? &recur->added.items[merge->n_added].civil : NULL;
	struct civil start = recur->first;
	bool has_day = !merge->is_begun || !merge->days.is_over;
	if (merge->is_begun && has_day)
		start = recur_at_first_time(recur, &merge->days.day);
	if (added != NULL && (!has_day || civil_compare(added, &start) < 0)) {
		merge->n_added++;
		*ret_start = *added;
		return true;
	}
	if (merge->is_begun && has_day)
		recur_merge_next_day(merge);
	merge->is_begun = true;
	*ret_start = start;
	return has_day;
}

int recur_between(const struct recur *recur, const struct civil *from, const struct civil *to, size_t max,
		  struct civil *ret_starts, size_t *ret_n, struct err *err)
{
	struct recur_merge merge = {.recur = recur};
	struct civil start;
	size_t n = 0;
	recur_merge_start(&merge, from, to);
	while (n < max && merge.days.steps <= RECUR_STEPS_MAX && recur_merge_take(&merge, &start) &&
	       civil_compare(&start, to) < 0) {
		bool is_repeated = n > 0 && civil_compare(&ret_starts[n - 1], &start) == 0;
		if (!is_repeated && civil_compare(&start, from) >= 0 && !recur_is_left_out(recur, &start))
			ret_starts[n++] = start;
	}
	recur_stream_stop(&merge.days);
	if (merge.days.steps > RECUR_STEPS_MAX)
		return err_set(err, -E2BIG, "more than %d occurrences lie before", RECUR_STEPS_MAX);
	*ret_n = n;
	return 0;
}
