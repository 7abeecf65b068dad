/* Days are counted on the reader's calendar: from the reader's today to the day that is written in the message, so that
 * "tomorrow" and the date beside it never contradict each other. A moment belongs to the reader's zone (the same
 * instant has another date there); a whole day belongs to the event's. Where the two calendars disagree about a day
 * that has already ended, or not yet begun, the count stops at today: what has passed was never "tomorrow". */
#include "message/context.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"

enum { CONTEXT_LATE_S = 3600 }; /* a message that comes later than this says so */

const char *const context_names[] = {
	"title",        "place",      "note",         "uid",         "person_name", "step",        "channel",
	"event_period", "event_zone", "event_offset", "your_period", "your_zone",   "your_offset", "zones_differ",
	"starts_on",    "starts_in",  "ends_on",      "ends_in",     "days_left",   "overdue_by",  "is_minute",
	"is_day",       "is_span",    "is_limit",     "is_window",   "is_upcoming", "is_running",  "is_overdue",
	"now",          "is_late",    "late_by",
};
const size_t context_n_names = sizeof(context_names) / sizeof(context_names[0]);

struct context {
	json_t *data;
	const struct language *language;
	const struct zone *reader;
	int64_t now_utc;
	int64_t today;   /* the reader's, in days since 1970 */
	struct buf text; /* the value in the making */
};

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

void context_add_clean(const char *text, bool allow_lines, struct buf *out)
{
	const char *end = text + strlen(text);
	while (text < end) {
		char utf8[4];
		uint32_t c = utf8_next(&text, end);
		if (utf8_is_control(c) && !(c == '\n' && allow_lines))
			c = ' ';
		buf_add(out, utf8, utf8_put(c, utf8));
	}
}

/* ---- setting names ------------------------------------------------------------------------------------------- */

/* Gives what was gathered in context->text that name, or leaves the name out when it is nothing. */
static void context_set(struct context *context, const char *name)
{
	if (context->text.len != 0)
		json_object_set_new_nocheck(context->data, name,
					    json_stringn_nocheck(context->text.data, context->text.len));
	buf_clear(&context->text);
}

static void context_set_clean(struct context *context, const char *name, const char *value, bool allow_lines)
{
	if (value != NULL)
		context_add_clean(value, allow_lines, &context->text);
	context_set(context, name);
}

static void context_set_flag(struct context *context, const char *name, bool is_true)
{
	if (is_true)
		json_object_set_new_nocheck(context->data, name, json_true());
}

/* "Sunday, June 15, 2025 at 2:00 PM" */
static void context_set_moment(struct context *context, const char *name, const struct zone *zone, int64_t utc)
{
	struct civil civil = zone_to_civil(zone, utc);
	struct period moment = {.has_start = true, .start = civil, .end = civil, .precision = PERIOD_MINUTE};
	language_add_period(context->language, &moment, &context->text);
	context_set(context, name);
}

static void context_set_zone(struct context *context, const char *zone_name, const char *offset_name,
			     const struct zone *zone, int64_t utc)
{
	language_add_zone(context->language, zone, utc, &context->text);
	context_set(context, zone_name);
	language_add_offset(zone, utc, &context->text);
	context_set(context, offset_name);
}

/* ---- the period ---------------------------------------------------------------------------------------------- */

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

static void context_set_task(struct context *context, const struct task *task, const struct zone *event)
{
	context_set_clean(context, "title", task->title, false);
	context_set_clean(context, "place", task->place, false);
	context_set_clean(context, "note", task->note, true);
	context_set_clean(context, "uid", task->uid, false);

	struct context_time time = context_see(context, &task->period, event);
	context_set_flags(context, &time);
	context_set_dates(context, &time);
	context_set_counts(context, &time);
	context_set_zones(context, &time);
}

static void context_set_message(struct context *context, const struct compose_facts *facts)
{
	if (facts->person != NULL)
		context_set_clean(context, "person_name", facts->person->name, false);
	context_set_clean(context, "step", facts->step, false);
	context_set_clean(context, "channel", facts->channel, false);

	context_set_moment(context, "now", context->reader, context->now_utc);
	if (facts->task == NULL)
		context_set_zone(context, "your_zone", "your_offset", context->reader, context->now_utc);

	int64_t late_s = context->now_utc - facts->due_utc;
	if (late_s > CONTEXT_LATE_S) {
		context_set_flag(context, "is_late", true);
		language_add_span(context->language, late_s, &context->text);
		context_set(context, "late_by");
	}
}

static int context_find_zone(const char *name, const struct zone **ret_zone, struct err *err)
{
	const struct zone *zone = zone_find(name);
	if (zone == NULL)
		return err_set(err, -EINVAL, "unknown zone '%s'", name);
	*ret_zone = zone;
	return 0;
}

int context_new(const struct compose_facts *facts, const struct language *language, json_t **ret_data, struct err *err)
{
	const struct zone *reader = NULL, *event = NULL;
	int result = context_find_zone(facts->person != NULL ? facts->person->zone : "UTC", &reader, err);
	if (result == 0 && facts->task != NULL)
		result = context_find_zone(facts->task->zone, &event, err);
	if (result < 0)
		return result;

	struct civil now = zone_to_civil(reader, facts->now_utc);
	struct context context = {
		.data = json_object(),
		.language = language,
		.reader = reader,
		.now_utc = facts->now_utc,
		.today = civil_to_days(&now),
	};
	buf_init(&context.text, (size_t)TASK_NOTE_MAX * 4);
	if (facts->task != NULL)
		context_set_task(&context, facts->task, event);
	context_set_message(&context, facts);

	buf_done(&context.text);
	*ret_data = context.data;
	return 0;
}
