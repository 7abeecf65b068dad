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
	bool do_zones_differ;
};

static int64_t context_days_until(const struct context *context, const struct context_end *end)
{
	int64_t days = civil_to_days(&end->date) - context->today;
	bool is_contradiction = end->has_passed ? days > 0 : days < 0;
	return is_contradiction ? 0 : days;
}

static void context_set_until(struct context *context, enum context_name name, const struct context_end *end)
{
	if (!context_wants(context, name))
		return;
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
	time.do_zones_differ = zone_offset_s(event, time.start.utc) != zone_offset_s(context->reader, time.start.utc) ||
			       zone_offset_s(event, time.end.utc) != zone_offset_s(context->reader, time.end.utc);
	return time;
}

static void context_set_flags(struct context *context, const struct context_time *time)
{
	const struct period *period = time->period;
	bool is_minute = period->precision == PERIOD_MINUTE;
	bool is_day = !is_minute && (!period->has_start || civil_compare(&period->start, &period->end) == 0);

	context_set_flag(context, CONTEXT_IS_MINUTE, is_minute);
	context_set_flag(context, CONTEXT_IS_DAY, is_day);
	context_set_flag(context, CONTEXT_IS_SPAN, !is_minute && !is_day);
	context_set_flag(context, CONTEXT_IS_LIMIT, !period->has_start);
	context_set_flag(context, CONTEXT_IS_WINDOW, period_is_window(period));
	context_set_flag(context, CONTEXT_IS_UPCOMING, time->is_upcoming);
	context_set_flag(context, CONTEXT_IS_RUNNING, !time->is_upcoming && !time->is_overdue);
	context_set_flag(context, CONTEXT_IS_OVERDUE, time->is_overdue);
}

static void context_set_date(struct context *context, enum context_name name, const struct civil *date)
{
	if (!context_wants(context, name))
		return;
	language_add_date(context->language, date, &context->text);
	context_set(context, name);
}

static void context_set_dates(struct context *context, const struct context_time *time)
{
	const struct period *period = time->period;
	if (context_wants(context, CONTEXT_EVENT_PERIOD))
		language_add_period(context->language, period, &context->text);
	context_set(context, CONTEXT_EVENT_PERIOD);
	if (period->has_start) {
		context_set_date(context, CONTEXT_STARTS_ON, &period->start);
		context_set_until(context, CONTEXT_STARTS_IN, &time->start);
	}
	context_set_date(context, CONTEXT_ENDS_ON, &period->end);
	context_set_until(context, CONTEXT_ENDS_IN, &time->end);
}

/* In the calendar's days, as ends_in; but a day that ended at another hour of the reader's is over since that hour. */
static void context_add_overdue(struct context *context, const struct context_time *time, int64_t days)
{
	int64_t elapsed_s = context->now_utc - time->end.utc;
	bool is_just_over = time->do_zones_differ && !time->end.is_exact && elapsed_s < 86400;
	if (days > 0 && !is_just_over)
		language_add_days(context->language, days, &context->text);
	else
		language_add_span(context->language, elapsed_s, &context->text);
}

static void context_set_counts(struct context *context, const struct context_time *time)
{
	int64_t days = context_days_until(context, &time->end);
	if (!context_wants(context, time->is_overdue ? CONTEXT_OVERDUE_BY : CONTEXT_DAYS_LEFT))
		return;
	if (!time->is_overdue) {
		language_add_days(context->language, days, &context->text);
		context_set(context, CONTEXT_DAYS_LEFT);
		return;
	}
	context_add_overdue(context, time, -days);
	context_set(context, CONTEXT_OVERDUE_BY);
}

/* Both clocks: the event's and the reader's, at the end of the period that matters now. */
static void context_set_zones(struct context *context, const struct context_time *time)
{
	int64_t utc = time->is_upcoming ? time->start.utc : time->end.utc;
	context_set_zone(context, CONTEXT_EVENT_ZONE, CONTEXT_EVENT_OFFSET, time->event, utc);
	context_set_zone(context, CONTEXT_YOUR_ZONE, CONTEXT_YOUR_OFFSET, context->reader, utc);

	context_set_flag(context, CONTEXT_ZONES_DIFFER, time->do_zones_differ);
	if (time->period->precision == PERIOD_MINUTE || (time->do_zones_differ && !time->period->has_start))
		context_set_moment(context, CONTEXT_YOUR_PERIOD, context->reader, time->end.utc);
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

/* A moment is given on the reader's clock, as the new one is. */
static void context_set_old_period(struct context *context, const struct period *old, const struct zone *event)
{
	if (old == NULL || !context_wants(context, CONTEXT_OLD_PERIOD))
		return;
	if (old->precision == PERIOD_MINUTE) {
		context_set_moment(context, CONTEXT_OLD_PERIOD, context->reader, period_end_utc(old, event));
		return;
	}
	language_add_period(context->language, old, &context->text);
	context_set(context, CONTEXT_OLD_PERIOD);
}

/* ---- the task ------------------------------------------------------------------------------------------------ */

static const struct context_kind_flag {
	const char *kind;
	enum context_name name;
} context_kind_flags[] = {
	{"fix_date", CONTEXT_ASKS_DATE},
	{"moved", CONTEXT_IS_MOVED},
	{"escalation", CONTEXT_IS_ESCALATION},
	{"handoff", CONTEXT_IS_HANDOFF},
};

static bool context_says_overdue(const char *kind)
{
	return strcmp(kind, "overdue") == 0 || strcmp(kind, "escalation") == 0 || strcmp(kind, "handoff") == 0;
}

static void context_set_kind(struct context *context, const char *kind, bool is_overdue)
{
	context_set_flag(context, CONTEXT_SAYS_OVERDUE, is_overdue && kind != NULL && context_says_overdue(kind));
	for (size_t i = 0; i < sizeof(context_kind_flags) / sizeof(context_kind_flags[0]); i++)
		context_set_flag(context, context_kind_flags[i].name,
				 kind != NULL && strcmp(kind, context_kind_flags[i].kind) == 0);
}

static void context_set_late(struct context *context, int64_t due_utc)
{
	int64_t late_s = context->now_utc - due_utc;
	if (due_utc == 0 || late_s <= context->late_s)
		return;
	context_set_flag(context, CONTEXT_IS_LATE, true);
	context_set_flag(context, CONTEXT_IS_HELD, context->is_held);
	if (context_wants(context, CONTEXT_LATE_BY)) /* nobody counts seconds here */
		language_add_span(context->language, late_s - late_s % 60, &context->text);
	context_set(context, CONTEXT_LATE_BY);
}

static void context_set_responsible(struct context *context, const struct compose_item *item)
{
	if (item->n_responsible == 0 || !context_wants(context, CONTEXT_RESPONSIBLE))
		return;
	char **names = mem_zero(item->n_responsible + 1, sizeof(*names));
	for (size_t i = 0; i < item->n_responsible; i++) {
		context_add_clean(item->responsible[i], false, &context->text);
		names[i] = buf_take(&context->text);
	}
	language_add_list(context->language, (const char *const *)names, item->n_responsible, &context->text);
	context_set(context, CONTEXT_RESPONSIBLE);
	for (size_t i = 0; i < item->n_responsible; i++)
		free(names[i]);
	free(names);
}

static void context_set_texts(struct context *context, const struct compose_item *item)
{
	context_set_clean(context, CONTEXT_TITLE, item->task->title, false);
	context_set_clean(context, CONTEXT_PLACE, item->task->place, false);
	context_set_clean(context, CONTEXT_NOTE, item->task->note, true);
	context_set_lines(context, CONTEXT_NOTE_LINES, item->task->note);
	context_set_clean(context, CONTEXT_UID, item->task->uid, false);
	context_set_clean(context, CONTEXT_STEP, item->step, false);
	context_set_clean(context, CONTEXT_DEPUTY_FOR, item->deputy_for, false);
	context_set_responsible(context, item);
}

static void context_set_holidays(struct context *context, const struct compose_item *item)
{
	bool is_there = item->holiday_event != NULL, is_here = item->holiday_reader != NULL;
	context_set_flag(context, CONTEXT_IS_DAY_OFF, is_there || is_here);
	context_set_flag(context, CONTEXT_IS_DAY_OFF_THERE, is_there && !item->is_holiday_shared);
	context_set_flag(context, CONTEXT_IS_DAY_OFF_HERE, is_here);
	context_set_clean(context, CONTEXT_HOLIDAY_EVENT, item->holiday_event, false);
	context_set_clean(context, CONTEXT_HOLIDAY_READER, item->holiday_reader, false);
}

int context_set_task(struct context *context, const struct compose_item *item, struct err *err)
{
	const struct zone *event = zone_find(item->task->zone);
	if (event == NULL)
		return err_set(err, -EINVAL, "unknown zone '%s'", item->task->zone);

	struct context_time time = context_see(context, &item->task->period, event);
	context_set_texts(context, item);
	context_set_holidays(context, item);
	context_set_kind(context, item->kind, time.is_overdue);
	context_set_flags(context, &time);
	context_set_dates(context, &time);
	context_set_counts(context, &time);
	context_set_zones(context, &time);
	context_set_old_period(context, item->old_period, event);
	context_set_late(context, item->due_utc);
	if (item->n_overdue_dates > 1)
		language_add_number(context->language, (int64_t)item->n_overdue_dates, &context->text);
	context_set(context, CONTEXT_OVERDUE_DATES);
	return 0;
}
