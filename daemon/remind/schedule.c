#include "remind/schedule.h"

static struct civil schedule_shift(const struct step *step, const struct civil *from)
{
	int sign = step->is_after ? 1 : -1;
	switch (step->unit) {
	case STEP_MONTHS:
		return civil_add_months(from, sign * step->count);
	case STEP_WEEKS:
		return civil_add_days(from, sign * step->count * 7);
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
			 const struct zone *reader_zone)
{
	bool is_end = step->is_end || !period->has_start;
	int64_t anchor = is_end ? period_end_utc(period, event_zone) : period_start_utc(period, event_zone);
	if (step->unit == STEP_MINUTES || step->unit == STEP_HOURS) {
		int64_t span = (int64_t)step->count * (step->unit == STEP_HOURS ? 3600 : 60);
		return step->is_after ? anchor + span : anchor - span;
	}

	bool is_minute = period->precision == PERIOD_MINUTE;
	const struct civil *written = is_end ? &period->end : &period->start;
	const struct zone *zone = is_minute && step->at_minute < 0 ? event_zone : reader_zone;
	struct civil local = is_minute ? zone_to_civil(zone, anchor) : *written;
	if (!is_minute || step->at_minute >= 0)
		local = schedule_at(&local, step->at_minute >= 0 ? step->at_minute : STEP_DEFAULT_AT_MINUTE);
	local = schedule_shift(step, &local);

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

void schedule(const struct policy *policy, const struct period *period, const struct zone *event_zone,
	      const struct zone *reader_zone, int64_t after_utc, int64_t until_utc, struct schedule *ret_schedule)
{
	int64_t both = after_utc > until_utc ? after_utc : until_utc;
	ret_schedule->n_due = 0;
	ret_schedule->next_utc = INT64_MAX;
	for (size_t i = 0; i < policy->n_steps; i++) {
		int64_t due = schedule_instant(&policy->steps[i], period, event_zone, reader_zone);
		if (due > both && due < ret_schedule->next_utc)
			ret_schedule->next_utc = due;
		if (due > after_utc && due <= until_utc)
			schedule_insert(ret_schedule, &policy->steps[i], due);
	}
}
