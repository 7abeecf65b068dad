/* Which date somebody means who writes one into a chat: plan/period reads it, once talk_date_words.c has put what people
 * only say as they would write it. */
#include "talk/talk_priv.h"

#include <string.h>

#include "base/buf.h"
#include "plan/zone.h"

enum { DATE_YEARS = 4 };

bool talk_date_is_exact(const struct period *period)
{
	return period->has_start && !period_is_window(period);
}

/* ---- in which year ------------------------------------------------------------------------------------------------ */

static const struct civil *talk_start(const struct period *period)
{
	return period->has_start ? &period->start : &period->end;
}

bool talk_date_lies_within(const struct period *date, const struct period *window)
{
	return civil_to_days(talk_start(date)) >= civil_to_days(talk_start(window)) &&
	       civil_to_days(&date->end) <= civil_to_days(&window->end);
}

/* Reads the phrase as of that year. TALK_READ_DATE, or TALK_READ_WEEKDAY for a day that has another one. */
static enum talk_reading talk_parse_year(const char *phrase, int year, struct period *ret_date)
{
	struct period_error error;
	if (period_parse(phrase, year, ret_date, &error) == 0)
		return TALK_READ_DATE;
	if (error.day.year == 0)
		return TALK_READ_NOTHING;
	*ret_date = (struct period){.has_start = true, .start = error.day, .end = error.day, .precision = PERIOD_DAY};
	return TALK_READ_WEEKDAY;
}

/* The first year that puts it into the window, else the first in which it is to come, else the first. A phrase that names
 * its year is the same for every year that is tried. */
static enum talk_reading talk_parse(const char *phrase, const struct period *window, const struct zone *zone,
				    int64_t now_utc, int this_year, struct period *ret_date)
{
	const int years[DATE_YEARS] = {talk_start(window)->year, window->end.year, this_year, this_year + 1};
	enum talk_reading best = TALK_READ_NOTHING;
	bool is_to_come = false;
	for (int i = 0; i < DATE_YEARS; i++) {
		struct period date;
		enum talk_reading reading = talk_parse_year(phrase, years[i], &date);
		if (reading == TALK_READ_NOTHING)
			continue;
		if (talk_date_lies_within(&date, window)) {
			*ret_date = date;
			return reading;
		}
		bool comes = period_end_utc(&date, zone) > now_utc;
		if (best != TALK_READ_NOTHING && (is_to_come || !comes))
			continue;
		*ret_date = date;
		best = reading;
		is_to_come = comes;
	}
	return best;
}

enum talk_reading talk_date_read(const char *text, const struct period *window, const struct zone *zone,
				 int64_t now_utc, struct period *ret_date)
{
	struct civil today = zone_to_civil(zone, now_utc);
	struct period date;
	struct buf phrase, weekday;
	if (strlen(text) > PERIOD_PHRASE_MAX)
		return TALK_READ_NOTHING;
	buf_init(&phrase, TALK_DATE_TEXT_MAX);
	buf_init(&weekday, TALK_DATE_TEXT_MAX);
	talk_date_write_out(text, window, &today, &phrase);
	enum talk_reading reading = talk_parse(buf_str(&phrase), window, zone, now_utc, today.year, &date);
	/* Not before: "Tuesday, 15 June" begins with a day of the week, too. */
	if (reading == TALK_READ_NOTHING && talk_date_write_weekday(buf_str(&phrase), &today, &weekday))
		reading = talk_parse(buf_str(&weekday), window, zone, now_utc, today.year, &date);
	buf_done(&phrase);
	buf_done(&weekday);
	if (reading == TALK_READ_NOTHING)
		return reading;
	if (!talk_date_is_exact(&date))
		return TALK_READ_VAGUE;
	*ret_date = date;
	return reading == TALK_READ_WEEKDAY || period_end_utc(&date, zone) > now_utc ? reading : TALK_READ_PAST;
}
