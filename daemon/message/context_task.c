/* Days are counted on the reader's calendar: from the reader's today to the day that is written in the message, so that
 * "tomorrow" and the date beside it never contradict each other. A moment belongs to the reader's zone (the same
 * instant has another date there); a whole day belongs to the event's. Where the two calendars disagree about a day
 * that has already ended, or not yet begun, the count stops at today: what has passed was never "tomorrow". */
#include "message/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "message/context_priv.h"

/* One end of the period. */
struct context_end {
	int64_t utc;
	struct civil date; /* as written in the message */
	bool is_exact;     /* a minute, not a day */
	bool has_passed;
};

/* The period of the task, seen from the reader. */
struct context_time {
	const struct period *period;
	const struct zone *event;
	struct context_end start, end;
	bool is_upcoming, is_overdue;
};

static int64_t context_days_until(const struct context *context, const struct context_end *end)
{
	int64_t days = civil_to_days(&end->date) - context->today;
	bool is_contradiction = end->has_passed ? days > 0 : days < 0;
	return is_contradiction ? 0 : days;
}

static void context_set_until(struct context *context, const char *name, const struct context_end *end)
{
	int64_t days = context_days_until(context, end);
	if (days == 0 && end->is_exact)
		language_add_relative_seconds(context->language, end->utc - context->now_utc, &context->text);
	else
		language_add_relative_days(context->language, days, &context->text);
	context_set(context, name);
}

static struct context_end context_see_end(const struct context *context, const struct period *period,
					  const struct civil *date, int64_t utc)
{
	bool is_exact = period->precision == PERIOD_MINUTE;
	return (struct context_end){
		.utc = utc,
		.date = is_exact ? zone_to_civil(context->reader, utc) : *date,
		.is_exact = is_exact,
		.has_passed = utc <= context->now_utc,
	};
}

static struct context_time context_see(const struct context *context, const struct period *period,
				       const struct zone *event)
{
	struct context_time time = {.period = period, .event = event};
	time.start = context_see_end(context, period, &period->start, period_start_utc(period, event));
	time.end = context_see_end(context, period, &period->end, period_end_utc(period, event));
	time.is_upcoming = period->has_start && !time.start.has_passed;
	time.is_overdue = time.end.has_passed;
	return time;
}

/* True when only the month or something longer is known: the exact date is still to be set. */
static bool context_is_window(const struct period *period)
{
	if (!period->has_start)
		return false;
	switch (period->precision) {
	case PERIOD_WEEK:
	case PERIOD_MONTH:
	case PERIOD_QUARTER:
	case PERIOD_HALF_YEAR:
	case PERIOD_YEAR:
		return true;
	case PERIOD_RANGE: /* "April-May" is a window, "11-16 October" is when it takes place */
		return period->start.day == 1 &&
		       period->end.day == civil_days_in_month(period->end.year, period->end.month);
	case PERIOD_MINUTE:
	case PERIOD_DAY:
	case PERIOD_PRECISION_MAX:
		return false;
	}
	return false;
}

static void context_set_flags(struct context *context, const struct context_time *time)
{
	const struct period *period = time->period;
	bool is_minute = period->precision == PERIOD_MINUTE;
	bool is_day = !is_minute && (!period->has_start || civil_compare(&period->start, &period->end) == 0);

	context_set_flag(context, "is_minute", is_minute);
	context_set_flag(context, "is_day", is_day);
	context_set_flag(context, "is_span", !is_minute && !is_day);
	context_set_flag(context, "is_limit", !period->has_start);
	context_set_flag(context, "is_window", context_is_window(period));
	context_set_flag(context, "is_upcoming", time->is_upcoming);
	context_set_flag(context, "is_running", !time->is_upcoming && !time->is_overdue);
	context_set_flag(context, "is_overdue", time->is_overdue);
}

static void context_set_dates(struct context *context, const struct context_time *time)
{
	const struct period *period = time->period;
	language_add_period(context->language, period, &context->text);
	context_set(context, "event_period");
	if (period->has_start) {
		language_add_date(context->language, &period->start, &context->text);
		context_set(context, "starts_on");
		context_set_until(context, "starts_in", &time->start);
	}
	language_add_date(context->language, &period->end, &context->text);
	context_set(context, "ends_on");
	context_set_until(context, "ends_in", &time->end);
}

static void context_set_counts(struct context *context, const struct context_time *time)
{
	int64_t days = context_days_until(context, &time->end);
	if (!time->is_overdue) {
		language_add_days(context->language, days, &context->text);
		context_set(context, "days_left");
		return;
	}
	if (days < 0)
		language_add_days(context->language, -days, &context->text);
	else
		language_add_span(context->language, context->now_utc - time->end.utc, &context->text);
	context_set(context, "overdue_by");
}

/* Both clocks: the event's and the reader's, at the end of the period that matters now. */
static void context_set_zones(struct context *context, const struct context_time *time)
{
	int64_t utc = time->is_upcoming ? time->start.utc : time->end.utc;
	context_set_zone(context, "event_zone", "event_offset", time->event, utc);
	context_set_zone(context, "your_zone", "your_offset", context->reader, utc);

	bool do_differ =
		zone_offset_s(time->event, time->start.utc) != zone_offset_s(context->reader, time->start.utc) ||
		zone_offset_s(time->event, time->end.utc) != zone_offset_s(context->reader, time->end.utc);
	context_set_flag(context, "zones_differ", do_differ);
	if (time->period->precision == PERIOD_MINUTE)
		context_set_moment(context, "your_period", context->reader, time->end.utc);
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

/* A moment is given on the reader's clock, as the new one is. */
static void context_set_old_period(struct context *context, const struct period *old, const struct zone *event)
{
	if (old == NULL)
		return;
	if (old->precision == PERIOD_MINUTE) {
		context_set_moment(context, "old_period", context->reader, period_end_utc(old, event));
		return;
	}
	language_add_period(context->language, old, &context->text);
	context_set(context, "old_period");
}

/* ---- the task ------------------------------------------------------------------------------------------------ */

static const struct context_kind_flag {
	const char *kind, *name;
} context_kind_flags[] = {
	{"fix_date", "asks_date"},
	{"moved", "is_moved"},
	{"escalation", "is_escalation"},
	{"handoff", "is_handoff"},
};

static void context_set_kind(struct context *context, const char *kind)
{
	for (size_t i = 0; i < sizeof(context_kind_flags) / sizeof(context_kind_flags[0]); i++)
		context_set_flag(context, context_kind_flags[i].name,
				 kind != NULL && strcmp(kind, context_kind_flags[i].kind) == 0);
}

static void context_set_late(struct context *context, int64_t due_utc)
{
	int64_t late_s = context->now_utc - due_utc;
	if (due_utc == 0 || late_s <= context->late_s)
		return;
	context_set_flag(context, "is_late", true);
	context_set_flag(context, "is_held", context->is_held);
	language_add_span(context->language, late_s - late_s % 60, &context->text); /* nobody counts seconds here */
	context_set(context, "late_by");
}

static void context_set_responsible(struct context *context, const struct compose_item *item)
{
	char **names = mem_zero(item->n_responsible + 1, sizeof(*names));
	for (size_t i = 0; i < item->n_responsible; i++) {
		context_add_clean(item->responsible[i], false, &context->text);
		names[i] = buf_take(&context->text);
	}
	language_add_list(context->language, (const char *const *)names, item->n_responsible, &context->text);
	context_set(context, "responsible");
	for (size_t i = 0; i < item->n_responsible; i++)
		free(names[i]);
	free(names);
}

static void context_set_texts(struct context *context, const struct compose_item *item)
{
	context_set_clean(context, "title", item->task->title, false);
	context_set_clean(context, "place", item->task->place, false);
	context_set_clean(context, "note", item->task->note, true);
	context_set_clean(context, "uid", item->task->uid, false);
	context_set_clean(context, "step", item->step, false);
	context_set_clean(context, "holiday_event", item->holiday_event, false);
	context_set_clean(context, "holiday_reader", item->holiday_reader, false);
	context_set_clean(context, "deputy_for", item->deputy_for, false);
	context_set_responsible(context, item);
}

int context_set_task(struct context *context, const struct compose_item *item, struct err *err)
{
	const struct zone *event = zone_find(item->task->zone);
	if (event == NULL)
		return err_set(err, -EINVAL, "unknown zone '%s'", item->task->zone);

	struct context_time time = context_see(context, &item->task->period, event);
	context_set_texts(context, item);
	context_set_kind(context, item->kind);
	context_set_flags(context, &time);
	context_set_dates(context, &time);
	context_set_counts(context, &time);
	context_set_zones(context, &time);
	context_set_old_period(context, item->old_period, event);
	context_set_late(context, item->due_utc);
	return 0;
}
