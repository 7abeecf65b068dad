#include "remind/reach.h"

#include <stdlib.h>

#include "remind/reader.h"

enum { REACH_SLACK_DAYS = 15, REACH_DAY_S = 86400 };

/* How many days a step may lie from its date, when it is due about that day. */
static int64_t reach_of_step(const struct step *step, const struct calendar *calendar, const struct civil *due)
{
	static const int64_t days[] = {
		[STEP_MINUTES] = 1, [STEP_HOURS] = 1, [STEP_DAYS] = 1, [STEP_WEEKS] = 7, [STEP_MONTHS] = 31};
	if (step->unit != STEP_WORKING_DAYS)
		return step->count * days[step->unit];
	int count = step->count + 1; /* the date itself may be a day off */
	struct civil date = calendar_add_working_days(calendar, due, step->is_after ? -count : count);
	return llabs(civil_to_days(&date) - civil_to_days(due));
}

static int64_t reach_of_calendar(const struct reach_query *query, const struct calendar *calendar,
				 const struct civil *due, bool is_after)
{
	int64_t reach = 0;
	for (size_t i = 0; i < query->policy->n_steps; i++) {
		const struct step *step = &query->policy->steps[i];
		int64_t span = step->is_after == is_after ? reach_of_step(step, calendar, due) : 0;
		reach = span > reach ? span : reach;
	}
	return reach;
}

static bool reach_is_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* How many days the hours of the people may bring a step forward to now: until they let one through again. */
static int64_t reach_of_hours(const struct reach_query *query)
{
	const int64_t later_utc = query->until_utc + 2 * REACH_DAY_S; /* the same hour tomorrow, whatever clocks do */
	int64_t reach = 0;
	for (size_t i = 0; i < query->n_people; i++) {
		const struct person *person = &query->people[i];
		struct reader reader;
		if (!reach_is_text(person->quiet) && !reach_is_text(person->work))
			continue;
		reader_init(&reader, person, query->calendars, query->event_zone);
		int64_t open_utc = hours_open_utc(&reader.time, later_utc, false, NULL);
		int64_t span = (open_utc - query->until_utc) / REACH_DAY_S + 1;
		reach = span > reach ? span : reach;
	}
	return reach;
}

static int64_t reach_of_people(const struct reach_query *query, const struct civil *due, bool is_after)
{
	int64_t reach = reach_of_calendar(query, NULL, due, is_after);
	for (size_t i = 0; i < query->n_people && query->calendars != NULL; i++) {
		const char *name = query->people[i].calendar;
		const struct calendar *calendar = name != NULL ? calendars_find(query->calendars, name) : NULL;
		int64_t span = calendar != NULL ? reach_of_calendar(query, calendar, due, is_after) : 0;
		reach = span > reach ? span : reach;
	}
	return reach + REACH_SLACK_DAYS + (is_after ? 0 : reach_of_hours(query));
}

void reach_days(const struct reach_query *query, struct civil *ret_from, struct civil *ret_to)
{
	const struct period *period = &query->task->period;
	int64_t length = civil_to_days(&period->end) - civil_to_days(period->has_start ? &period->start : &period->end);
	struct civil after = zone_to_civil(query->event_zone, query->after_utc);
	struct civil until = zone_to_civil(query->event_zone, query->until_utc);
	*ret_from = civil_add_days(&after, -reach_of_people(query, &after, true) - length);
	*ret_to = civil_add_days(&until, reach_of_people(query, &until, false));
}
