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

int64_t schedule_instant(const struct step *step, const struct period *period, const struct zone *event_zone,
			 const struct zone *reader_zone, const struct calendar *calendar)
{
	bool is_end = step->is_end || !period->has_start;
	int64_t anchor = is_end ? period_end_utc(period, event_zone) : period_start_utc(period, event_zone);
	if (step->unit == STEP_MINUTES || step->unit == STEP_HOURS) {
		int64_t span = (int64_t)step->count * (step->unit == STEP_HOURS ? 3600 : 60);
		return step->is_after ? anchor + span : anchor - span;
	}

	bool is_minute = period->precision == PERIOD_MINUTE;
	const struct civil *written = is_end ? &period->end : &period->start;
	bool is_event_time = step->is_event_time || (is_minute && step->at_minute < 0);
	const struct zone *zone = is_event_time ? event_zone : reader_zone;
	struct civil local = is_minute ? zone_to_civil(zone, anchor) : *written;
	if (!is_minute || step->at_minute >= 0)
		local = schedule_at(&local, step->at_minute >= 0 ? step->at_minute : STEP_DEFAULT_AT_MINUTE);
	local = schedule_shift(step, &local, calendar);

	int64_t due = zone_to_utc(zone, &local);
	/* Zones lie at most 26 hours apart, so a few mornings are enough, unless the calendar ends before them. */
	for (int day = 0; step->is_after && due < anchor && day < 4; day++) {
		local = civil_add_days(&local, 1);
		due = zone_to_utc(zone, &local);
	}
	return step->is_after && due < anchor ? anchor : due;
}

static void schedule_insert(struct schedule *schedule, const struct step *step, int64_t due_utc)
{
	size_t at = schedule->n_due++;
	for (; at > 0 && schedule->due[at - 1].due_utc > due_utc; at--)
		schedule->due[at] = schedule->due[at - 1];
	schedule->due[at] = (struct schedule_due){.step = step, .due_utc = due_utc};
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
		int64_t due =
			schedule_instant(step, query->period, query->event_zone, query->reader_zone, query->calendar);
		if (due > both && due < ret_schedule->next_utc)
			ret_schedule->next_utc = due;
		if (due > query->after_utc && due <= query->until_utc)
			schedule_insert(ret_schedule, step, due);
	}
}
