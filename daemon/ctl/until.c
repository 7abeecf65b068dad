#include "ctl/until.h"

#include <string.h>
#include <sysexits.h>

#include "base/num.h"
#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/phrase.h"

enum { UNTIL_SPAN_MAX_S = 366 * 86400, UNTIL_MORNING_MINUTE = 9 * 60 };

static bool until_is_tomorrow(const char *text)
{
	static const char *const words[] = {"tomorrow", "завтра", "明天"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

/* Digits and a letter: no date is written so. */
static bool until_is_span(const char *text)
{
	size_t digits = strspn(text, "0123456789"), len = strlen(text);
	return digits > 0 && len == digits + 1 && strchr("smhdw", text[digits]) != NULL;
}

static int until_parse_phrase(const struct session *session, const char *text, const struct reader_time *reader,
			      int64_t *ret_utc)
{
	struct period period;
	struct period_error error = {0};
	if (period_parse(text, fields_year(reader->zone, session->now_utc), &period, &error) < 0) {
		phrase_complain(text, error.offset, error.length, error.err.text);
		return EX_DATAERR;
	}
	if (period.precision != PERIOD_MINUTE && period.precision != PERIOD_DAY) {
		output_complain(
			"--until: '%s' is more than a day: give a day or a minute, a time as 2h or 3d, or tomorrow",
			text);
		return EX_DATAERR;
	}
	struct civil moment = period.end;
	if (period.precision == PERIOD_DAY) {
		int minute =
			reader->hours.work_from_minute >= 0 ? reader->hours.work_from_minute : UNTIL_MORNING_MINUTE;
		moment.hour = minute / 60;
		moment.minute = minute % 60;
	}
	*ret_utc = zone_to_utc(reader->zone, &moment);
	return EX_OK;
}

int until_parse(const struct session *session, const char *text, const struct reader_time *reader, int64_t *ret_utc)
{
	struct err err = {0};
	int64_t span = 0, utc = 0;
	if (until_is_tomorrow(text)) {
		utc = hours_tomorrow_morning_utc(reader, session->now_utc);
	} else if (until_is_span(text)) {
		if (num_parse_duration_s(text, 60, UNTIL_SPAN_MAX_S, &span, &err) < 0) {
			output_complain("--until: %s", err.text);
			return EX_DATAERR;
		}
		utc = session->now_utc + span;
	} else {
		int status = until_parse_phrase(session, text, reader, &utc);
		if (status != EX_OK)
			return status;
	}
	if (utc <= session->now_utc) {
		output_complain("--until: '%s' is over already", text);
		return EX_DATAERR;
	}
	*ret_utc = utc;
	return EX_OK;
}
