#include "remind/reader.h"

#include "base/log.h"

static void reader_parse(int status, const struct person *person, const char *what, const char *text,
			 const struct err *err)
{
	if (status < 0)
		log_error("person=%s: %s '%s' is left out of account: %s", person->id, what, text, err->text);
}

void reader_init(struct reader *reader, const struct person *person, const struct calendars *calendars,
		 const struct zone *fallback_zone)
{
	const char *calendar = person->calendar != NULL ? person->calendar : "";
	const char *quiet = person->quiet != NULL ? person->quiet : "",
		   *work = person->work != NULL ? person->work : "";
	const char *digest = person->digest != NULL ? person->digest : "";
	struct err err = {0};
	*reader = (struct reader){
		.person = person,
		.time = {.zone = zone_find(person->zone), .hours = hours_any()},
		.digest = {.minute = -1},
	};
	if (reader->time.zone == NULL) {
		log_error("person=%s: unknown zone '%s', %s is used", person->id, person->zone,
			  zone_name(fallback_zone));
		reader->time.zone = fallback_zone;
	}
	if (calendar[0] != '\0' && calendars != NULL) {
		reader->time.calendar = calendars_find(calendars, calendar);
		if (reader->time.calendar == NULL)
			log_error("person=%s: unknown calendar '%s', Monday to Friday is used", person->id, calendar);
	}
	reader_parse(hours_parse_quiet(quiet, &reader->time.hours, &err), person, "quiet", quiet, &err);
	reader_parse(hours_parse_work(work, &reader->time.hours, &err), person, "work", work, &err);
	reader_parse(hours_parse_digest(digest, &reader->digest, &err), person, "digest", digest, &err);
	if (hours_check(&reader->time.hours, &err) < 0) {
		log_error("person=%s: quiet and working hours are left out of account: %s", person->id, err.text);
		reader->time.hours = hours_any();
	}
}

void reader_day(const struct reader *reader, int64_t utc, char text[CIVIL_DATE_SIZE])
{
	struct civil local = zone_to_civil(reader->time.zone, utc);
	civil_format_date(&local, text);
}
