#include "message/mail_calendar.h"

#include <libical/ical.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "message/context.h"
#include "message/escape.h"
#include "message/mail.h"
#include "plan/zone.h"

enum { MAIL_CALENDAR_TEXT_MAX = 64 * 1024 };

static bool mail_calendar_is_cancelled(const struct mail_event *event)
{
	return event->is_cancelled || strcmp(event->task->status, "cancelled") == 0;
}

const char *mail_calendar_method(const struct mail_event *event)
{
	return mail_calendar_is_cancelled(event) ? "CANCEL" : "PUBLISH";
}

/* ---- times ---- */

static icaltimetype mail_calendar_day(const struct civil *day)
{
	icaltimetype time = icaltime_null_date();
	time.year = day->year;
	time.month = day->month;
	time.day = day->day;
	return time;
}

static icaltimetype mail_calendar_instant(int64_t utc)
{
	struct civil civil = civil_from_seconds(utc);
	icaltimetype time = mail_calendar_day(&civil);
	time.is_date = 0;
	time.zone = icaltimezone_get_utc_timezone();
	time.hour = civil.hour;
	time.minute = civil.minute;
	time.second = civil.second;
	return time;
}

/* Days are given without a zone: the calendar shows them as the same days everywhere. The end is the first day that is
 * not meant any more. */
static void mail_calendar_add_period(icalcomponent *event, const struct period *period, const struct zone *zone)
{
	if (period->precision == PERIOD_MINUTE) {
		icaltimetype at = mail_calendar_instant(zone_to_utc(zone, &period->end));
		icalcomponent_add_property(event, icalproperty_new_dtstart(at));
		return;
	}
	const struct civil *start = period->has_start ? &period->start : &period->end;
	struct civil end = civil_add_days(&period->end, 1);
	icalcomponent_add_property(event, icalproperty_new_dtstart(mail_calendar_day(start)));
	icalcomponent_add_property(event, icalproperty_new_dtend(mail_calendar_day(&end)));
}

/* ---- texts ---- */

/* libical escapes what has a meaning in iCalendar, but not the controls, which may not stand in it at all. */
static void mail_calendar_add_text(icalcomponent *event, const char *text, icalproperty *(*make)(const char *text))
{
	struct buf clean;
	if (*text == '\0')
		return;
	buf_init(&clean, MAIL_CALENDAR_TEXT_MAX);
	context_add_clean(text, true, &clean);
	icalcomponent_add_property(event, make(buf_str(&clean)));
	buf_done(&clean);
}

/* A date of a series is named by its day, as the series may go on at another hour. Only dates added with a time of their
 * own can make two of a day: these are named by the hour as well. */
static void mail_calendar_name_date(const struct mail_event *event, char name[PERIOD_KEY_SIZE])
{
	const char *day = strncmp(event->date, "../", 3) == 0 ? event->date + 3 : event->date;
	if (strchr(event->task->rdate, 'T') == NULL)
		(void)snprintf(name, PERIOD_KEY_SIZE, "%.*s", CIVIL_DATE_SIZE - 1, day);
	else
		(void)snprintf(name, PERIOD_KEY_SIZE, "%s", event->date);
}

static void mail_calendar_add_uid(icalcomponent *component, const struct mail_event *event)
{
	char date[PERIOD_KEY_SIZE] = "";
	if (event->date != NULL)
		mail_calendar_name_date(event, date);
	char *uid = mem_printf("%s%s%s@%s.deadlined", event->task->uid, event->date != NULL ? "/" : "", date,
			       event->instance);
	mail_calendar_add_text(component, uid, icalproperty_new_uid);
	free(uid);
}

/* "mailto:desk%2Bplan@example.org". Returned owned; NULL when the address cannot be used. */
static char *mail_calendar_uri(const char *address)
{
	struct buf uri;
	char *wire = NULL;
	if (address == NULL || mail_wire_address(address, &wire, NULL) < 0)
		return NULL;
	size_t local_len = strcspn(wire, "@");
	buf_init(&uri, MAIL_CALENDAR_TEXT_MAX);
	buf_add_str(&uri, "mailto:");
	escape_add(ESCAPE_URL, wire, local_len, &uri);
	buf_add_str(&uri, wire + local_len);
	free(wire);
	return buf_take(&uri);
}

/* RFC 5546 3.2.1 and 3.2.5: a PUBLISH and a CANCEL have one. A parameter has no quotation marks (RFC 5545 3.2). */
static void mail_calendar_add_organizer(icalcomponent *component, const struct mail_event *event)
{
	struct buf name;
	char *uri = mail_calendar_uri(event->organizer_address);
	if (uri == NULL)
		return;
	icalproperty *organizer = icalproperty_new_organizer(uri);
	buf_init(&name, MAIL_CALENDAR_TEXT_MAX);
	context_add_clean(event->organizer_name != NULL ? event->organizer_name : "", false, &name);
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] == '"')
			name.data[i] = '\'';
	if (name.len > 0)
		icalproperty_add_parameter(organizer, icalparameter_new_cn(buf_str(&name)));
	icalcomponent_add_property(component, organizer);
	buf_done(&name);
	free(uri);
}

static icalcomponent *mail_calendar_event(const struct mail_event *event, const struct zone *zone)
{
	const struct task *task = event->task;
	icalcomponent *component = icalcomponent_new_vevent();
	if (component == NULL)
		mem_lack();
	mail_calendar_add_uid(component, event);
	mail_calendar_add_organizer(component, event);
	icalcomponent_add_property(component, icalproperty_new_dtstamp(mail_calendar_instant(event->now_utc)));
	icalcomponent_add_property(component, icalproperty_new_sequence((int)task->sequence));
	mail_calendar_add_period(component, &task->period, zone);
	mail_calendar_add_text(component, task->title, icalproperty_new_summary);
	mail_calendar_add_text(component, task->place, icalproperty_new_location);
	mail_calendar_add_text(component, task->note, icalproperty_new_description);
	icalcomponent_add_property(component, icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT));
	if (task->is_urgent)
		icalcomponent_add_property(component, icalproperty_new_priority(1));
	if (mail_calendar_is_cancelled(event))
		icalcomponent_add_property(component, icalproperty_new_status(ICAL_STATUS_CANCELLED));
	return component;
}

char *mail_calendar(const struct mail_event *event)
{
	const struct zone *zone = zone_find(event->task->zone);
	if (zone == NULL)
		return NULL;
	icalcomponent *calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
	if (calendar == NULL)
		mem_lack();
	icalproperty_method method = mail_calendar_is_cancelled(event) ? ICAL_METHOD_CANCEL : ICAL_METHOD_PUBLISH;
	icalcomponent_add_property(calendar, icalproperty_new_prodid("-//deadlined//deadlined//EN"));
	icalcomponent_add_property(calendar, icalproperty_new_version("2.0"));
	icalcomponent_add_property(calendar, icalproperty_new_method(method));
	icalcomponent_add_component(calendar, mail_calendar_event(event, zone));
	char *text = icalcomponent_as_ical_string_r(calendar);
	icalcomponent_free(calendar);
	if (text == NULL)
		mem_lack();
	return text;
}
