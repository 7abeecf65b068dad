#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "ctl/command.h"
#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/phrase.h"

static const struct args_option when_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--year", "YEAR", "year of a phrase that names none; the current one if not given"},
	{"--zone", "ZONE", "time zone of the event, as Asia/Sakhalin; the configuration's if not given"},
	{"--json", NULL, "print one JSON object"},
};

/* Asking about a date must work before anything is configured, so only a file that was asked for must exist. */
static int when_find_zone(struct session *session, const char *name, const struct zone **ret_zone)
{
	bool is_conf_needed = session->is_conf_given || (name == NULL && access(session->conf_file, F_OK) == 0);
	if (is_conf_needed) {
		int status = session_read_conf(session);
		if (status != EX_OK)
			return status;
	}
	const struct zone *zone = name != NULL ? zone_find(name) : is_conf_needed ? session->zone : zone_find("UTC");
	if (zone == NULL) {
		output_complain("unknown time zone '%s': give a name such as Asia/Sakhalin",
				name != NULL ? name : "UTC");
		return EX_DATAERR;
	}
	*ret_zone = zone;
	return EX_OK;
}

static int when_find_year(const struct session *session, const char *text, const struct zone *zone, int *ret_year)
{
	int64_t year = fields_year(zone, session->now_utc);
	struct err err = {0};
	if (text != NULL && num_parse(text, 1, 9999, &year, &err) < 0) {
		output_complain("--year: %s", err.text);
		return EX_USAGE;
	}
	*ret_year = (int)year;
	return EX_OK;
}

static void when_print(const struct period *period, const char *rrule, const struct zone *zone, bool is_json)
{
	char start[ZONE_TEXT_SIZE], end[ZONE_TEXT_SIZE];
	if (is_json) {
		json_t *object = json_object();
		output_json_period(object, period, zone);
		json_object_set_new(object, "rrule", rrule[0] != '\0' ? json_string(rrule) : json_null());
		json_object_set_new(object, "zone", json_string(zone_name(zone)));
		output_json(object, stdout);
		return;
	}
	output_period_ends(period, zone, start, end);
	(void)printf("start:     %s\nend:       %s\nprecision: %s\nzone:      %s\n", start, end,
		     period_precision_name(period->precision), zone_name(zone));
	if (rrule[0] != '\0')
		(void)printf("rrule:     %s\n", rrule);
}

/* A phrase need not be in quotes: its words are joined. Returns owned. */
static char *when_join(const struct args *args)
{
	struct buf phrase;
	buf_init(&phrase, SIZE_MAX / 2);
	for (size_t i = 0; i < args->n_operands; i++) {
		buf_add_str(&phrase, i > 0 ? " " : "");
		buf_add_str(&phrase, args->operands[i]);
	}
	return buf_take(&phrase);
}

static int when_run(struct session *session, const struct args *args)
{
	const struct zone *zone = NULL;
	char rrule[PERIOD_RRULE_SIZE];
	struct period period;
	struct period_error error = {0};
	int year = 0;
	int status = when_find_zone(session, args_value(args, "--zone"), &zone);
	if (status == EX_OK)
		status = when_find_year(session, args_value(args, "--year"), zone, &year);
	if (status != EX_OK)
		return status;

	char *phrase = when_join(args);
	if (period_parse_repeat(phrase, year, &period, rrule, &error) == 0) {
		when_print(&period, rrule, zone, args_has(args, "--json"));
	} else {
		phrase_complain(phrase, error.offset, error.length, error.err.text);
		status = EX_DATAERR;
	}
	free(phrase);
	return status;
}

const struct command when_command = {
	.name = "when",
	.operands = "PHRASE...",
	.min_operands = 1,
	.max_operands = COMMAND_ANY_OPERANDS,
	.summary = "Show how a date is understood",
	.help = "PHRASE is a date as the plan writes it: 2025-06, 2025-04..2025-05, 2025-Q3, 2025-06-15T14:00,\n"
		"\"апрель-май 2025\", \"June 2025\", 2025年6月. Nothing is changed, and no database is needed.",
	COMMAND_OPTIONS(when_options),
	.run = when_run,
};
