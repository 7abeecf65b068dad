/* preset_retry: when a reply says to come back. Pure. */
#include <stdlib.h>
#include <string.h>

#include "channel/preset_json.h"
#include "channel/preset_verdict.h"

/* A number above 0 and nothing behind it; 0 otherwise. A date in words is no number of seconds, whatever it begins with. */
static double preset_retry_number(const char *text)
{
	char *end = NULL;
	double number = text != NULL ? strtod(text, &end) : 0;
	return end != NULL && *end == '\0' && number > 0 ? number : 0; /* nor is "nan" */
}

/* A number in the unit of the preset as seconds from now; 0, or less, when it says nothing. */
static double preset_retry_wait_s(const struct preset_verdict *verdict, const struct preset_reply *reply, double number)
{
	switch (verdict->retry_unit) {
	case PRESET_RETRY_MS:
		return number / 1000;
	case PRESET_RETRY_AT:
		return reply->now_utc != 0 ? number - (double)reply->now_utc : 0;
	case PRESET_RETRY_S:
	case PRESET_RETRY_UNIT_MAX:
		break;
	}
	return number;
}

static double preset_retry_field_s(const struct preset_verdict *verdict, const struct preset_reply *reply,
				   const json_t *body)
{
	const json_t *value = verdict->retry_pointer != NULL ? preset_pointer_get(body, verdict->retry_pointer) : NULL;
	double number =
		json_is_string(value) ? preset_retry_number(json_string_value(value)) : json_number_value(value);
	return preset_retry_wait_s(verdict, reply, number);
}

int64_t preset_retry_after_s(const struct preset_verdict *verdict, const struct preset_reply *reply, const json_t *body,
			     bool is_limited)
{
	double hint_s = preset_retry_field_s(verdict, reply, body), header_s = 0;
	if (is_limited)
		header_s = preset_retry_wait_s(verdict, reply, preset_retry_number(reply->retry_header));
	if (header_s > hint_s)
		hint_s = header_s;
	if (hint_s <= 0 && reply->retry_after_s == 0)
		return 0;
	if (hint_s >= PRESET_RETRY_MAX_S || reply->retry_after_s >= PRESET_RETRY_MAX_S)
		return PRESET_RETRY_MAX_S;

	int64_t wait_s = hint_s > 0 ? (int64_t)hint_s : 0;
	if ((double)wait_s < hint_s) /* round up: asking too early counts as an offence */
		wait_s++;
	if (reply->retry_after_s > wait_s)
		wait_s = reply->retry_after_s;
	return wait_s < PRESET_RETRY_MIN_S ? PRESET_RETRY_MIN_S : wait_s;
}
