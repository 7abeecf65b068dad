#include "remind/schedule.h"

static struct civil schedule_shift(const struct step *step, const struct civil *from, const struct calendar *calendar)
{
	int sign = step->is_after ? 1 : -1;
	switch (step->unit) {
	case STEP_MONTHS:
		return civil_add_months(from, sign * step->count);
	case STEP_WEEKS:
		return civil_add_days(from, sign * step->count * 7);
	case STEP_WORKING_DAYS:
		return calendar_add_working_days(calendar, from, sign * step->count);
	case STEP_DAYS:
	case STEP_HOURS:
	case STEP_MINUTES:
		break;
	}
	return civil_add_days(from, sign * step->count);
}

static struct civil schedule_at(const struct civil *day, int minute)
{
	struct civil at = *day;
	at.hour = minute / 60;
	at.minute = minute % 60;
	at.second = 0;
	return at;
}

/* A local time of a zone, which moves by days and keeps its time of day. */
struct schedule_place {
	const struct zone *zone;
	struct civil local;
	int64_t utc;
};

static void schedule_move(struct schedule_place *place, int days)
{
	place->local = civil_add_days(&place->local, days);
	place->utc = zone_to_utc(place->zone, &place->local);
}

static bool schedule_is_span(const struct step *step)
{
	return step->unit == STEP_MINUTES || step->unit == STEP_HOURS;
}

/* An exact span from the anchor; if it must move, by the reader's days. */
static struct schedule_place schedule_span(const struct step *step, const struct zone *zone, int64_t anchor)
{
	int64_t span = (int64_t)step->count * (step->unit == STEP_HOURS ? 3600 : 60);
	int64_t utc = step->is_after ? anchor + span : anchor - span;
	return (struct schedule_place){.zone = zone, .local = zone_to_civil(zone, utc), .utc = utc};
}

static struct schedule_place schedule_day(const struct step *step, const struct schedule_query *query, bool is_end,
					  int64_t anchor)
{
	bool is_minute = query->period->precision == PERIOD_MINUTE;
	bool is_event_time = step->is_event_time || (is_minute && step->at_minute < 0);
	struct schedule_place place = {.zone = is_event_time ? query->event_zone : query->reader_zone};
	place.local = is_end ? query->period->end : query->period->start;
	if (is_minute)
		place.local = zone_to_civil(place.zone, anchor);
	if (!is_minute || step->at_minute >= 0)
		place.local =
			schedule_at(&place.local, step->at_minute >= 0 ? step->at_minute : STEP_DEFAULT_AT_MINUTE);
	place.local = schedule_shift(step, &place.local, query->calendar);
	place.utc = zone_to_utc(place.zone, &place.local);
	return place;
}

/* The last instant at which a step before the anchor comes before it: the anchor, and of a day its last second. */
static int64_t schedule_latest(const struct schedule_query *query, bool is_end, int64_t anchor)
{
	if (query->period->precision == PERIOD_MINUTE)
		return anchor;
	struct civil day = civil_add_days(is_end ? &query->period->end : &query->period->start, 1);
	return zone_to_utc(query->event_zone, &day) - 1;
}

static bool schedule_has_hours(const struct schedule_query *query)
{
	return query->hours != NULL && !hours_are_any(query->hours);
}

static int64_t schedule_utc_before(struct schedule_place place, int days)
{
	schedule_move(&place, -days);
	return place.utc;
}

static bool schedule_is_in_time(const struct schedule_query *query, int64_t utc, int64_t latest)
{
	const struct reader_time reader = {
		.zone = query->reader_zone, .calendar = query->calendar, .hours = *query->hours};
	return hours_open_utc(&reader, utc, false, NULL) <= latest;
}

/* The last place whose hours let it through in time; its own when there is none. What comes earlier is let through no
 * later, so the days are searched by halves: a closure of months is walked a few times, not from each of its days. */
static int64_t schedule_bring_forward(const struct schedule_query *query, const struct schedule_place *own,
				      int64_t latest)
{
	int late = 0, in_time = SCHEDULE_FORWARD_DAYS;
	if (schedule_is_in_time(query, own->utc, latest) ||
	    !schedule_is_in_time(query, schedule_utc_before(*own, in_time), latest))
		return own->utc;
	while (in_time - late > 1) {
		int days = (late + in_time) / 2;
		if (schedule_is_in_time(query, schedule_utc_before(*own, days), latest))
			in_time = days;
		else
			late = days;
	}
	return schedule_utc_before(*own, in_time);
}

/* Where it comes when no time has gone by yet. */
static struct schedule_due schedule_find(const struct schedule_query *query, const struct step *step)
{
	const struct period *period = query->period;
	bool is_end = step->is_end || !period->has_start;
	int64_t anchor =
		is_end ? period_end_utc(period, query->event_zone) : period_start_utc(period, query->event_zone);
	int64_t latest = schedule_latest(query, is_end, anchor);
	struct schedule_place place = schedule_is_span(step) ? schedule_span(step, query->reader_zone, anchor)
							     : schedule_day(step, query, is_end, anchor);

	/* Zones lie at most 26 hours apart, so a few days are enough, unless the calendar ends before them. */
	for (int day = 0; step->is_after && place.utc < anchor && day < 4; day++)
		schedule_move(&place, 1);
	for (int day = 0; !step->is_after && !schedule_is_span(step) && place.utc > latest && day < 4; day++)
		schedule_move(&place, -1);
	int64_t own = step->is_after && place.utc < anchor ? anchor : place.utc;
	struct schedule_due due = {
		.step = step, .due_utc = own, .own_utc = own, .latest_utc = step->is_after ? INT64_MAX : latest};
	if (!step->is_after && schedule_has_hours(query) && own <= latest)
		due.due_utc = schedule_bring_forward(query, &place, latest);
	return due;
}

static struct schedule_due schedule_after(struct schedule_due due, int64_t after_utc)
{
	due.is_again = due.due_utc < due.own_utc && due.due_utc <= after_utc;
	if (due.is_again)
		due.due_utc = due.own_utc;
	return due;
}

struct schedule_due schedule_step(const struct schedule_query *query, const struct step *step)
{
	return schedule_after(schedule_find(query, step), query->after_utc);
}

static void schedule_insert(struct schedule *schedule, const struct schedule_due *due)
{
	size_t at = schedule->n_due++;
	for (; at > 0 && schedule->due[at - 1].due_utc > due->due_utc; at--)
		schedule->due[at] = schedule->due[at - 1];
	schedule->due[at] = *due;
}

static bool schedule_applies(const struct step *step, const struct schedule_query *query)
{
	bool is_late = step->kind == STEP_OVERDUE || step->kind == STEP_HANDOFF || step->kind == STEP_ESCALATE;
	if (query->roles != 0 && (step->roles & query->roles) == 0)
		return false;
	if (step->kind == STEP_FIX_DATE && !period_is_window(query->period))
		return false;
	return !(is_late && query->is_acknowledged);
}

void schedule(const struct schedule_query *query, struct schedule *ret_schedule)
{
	int64_t both = query->after_utc > query->until_utc ? query->after_utc : query->until_utc;
	ret_schedule->n_due = 0;
	ret_schedule->next_utc = INT64_MAX;
	for (size_t i = 0; i < query->policy->n_steps; i++) {
		const struct step *step = &query->policy->steps[i];
		if (!schedule_applies(step, query))
			continue;
		const struct schedule_due found = schedule_find(query, step);
		const struct schedule_due due = schedule_after(found, query->after_utc);
		const int64_t next_utc = schedule_after(found, both).due_utc;
		if (next_utc > both && next_utc < ret_schedule->next_utc)
			ret_schedule->next_utc = next_utc;
		if (due.due_utc > query->after_utc && due.due_utc <= query->until_utc)
			schedule_insert(ret_schedule, &due);
	}
}
