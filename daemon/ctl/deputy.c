#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "ctl/command.h"
#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/phrase.h"
#include "store/store_absence.h"
#include "store/store_ledger.h"
#include "store/store_person.h"

static const struct args_option deputy_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--from", "DATE", "first day"},
	{"--to", "DATE", "last day"},
	{"--json", NULL, "when listing: print one JSON object a line"},
};

static const char *const deputy_headings[] = {"PERSON", "DEPUTY", "FROM", "TO"};
enum { DEPUTY_COLUMNS = sizeof(deputy_headings) / sizeof(deputy_headings[0]) };

/* ---- listing ------------------------------------------------------------------------------------------------------
 */

static int deputy_json(void *arg, const struct store_deputy *row)
{
	json_t *object = json_object();
	(void)arg;
	json_object_set_new(object, "person", output_json_text(row->person));
	json_object_set_new(object, "deputy", output_json_text(row->deputy));
	json_object_set_new(object, "from", output_json_text(row->from_day));
	json_object_set_new(object, "to", output_json_text(row->to_day));
	output_json(object, stdout);
	return 0;
}

static int deputy_add_row(void *arg, const struct store_deputy *row)
{
	const char *cells[DEPUTY_COLUMNS] = {row->person, row->deputy, row->from_day, row->to_day};
	output_table_add(arg, cells);
	return 0;
}

static int deputy_list(struct session *session, bool is_json)
{
	struct err err = {0};
	int status = session_open(session, SESSION_READ);
	if (status != EX_OK)
		return status;
	if (is_json) {
		status = store_deputy_each(session->store, deputy_json, NULL, &err);
	} else {
		struct output_table *table = output_table_new(deputy_headings, DEPUTY_COLUMNS);
		status = store_deputy_each(session->store, deputy_add_row, table, &err);
		output_table_finish(table, "Nobody stands in for anybody.", stdout);
	}
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* ---- setting ------------------------------------------------------------------------------------------------------
 */

struct deputy {
	struct session *session;
	struct store_deputy row;
	char from_day[CIVIL_DATE_SIZE], to_day[CIVIL_DATE_SIZE];
	bool has_clash;
};

static int deputy_parse_day(const struct session *session, const char *option, const char *phrase,
			    char day[CIVIL_DATE_SIZE])
{
	struct period period;
	struct period_error error = {0};
	if (period_parse(phrase, fields_year(session->zone, session->now_utc), &period, &error) < 0) {
		phrase_complain(phrase, error.offset, error.length, error.err.text);
		return EX_DATAERR;
	}
	if (period.precision != PERIOD_DAY || !period.has_start) {
		output_complain("%s: '%s' is no single day: give one such as 2025-07-01", option, phrase);
		return EX_DATAERR;
	}
	civil_format_date(&period.end, day);
	return EX_OK;
}

static int deputy_check_person(struct session *session, const char *id)
{
	struct err err = {0};
	bool exists = false;
	int status = store_person_exists(session->store, id, &exists, &err);
	if (status < 0)
		return session_fail(status, &err);
	return exists ? EX_OK : session_fail_person(session, "person", id);
}

/* The same first day is an edit of that row, and no clash. */
static int deputy_check_clash(void *arg, const struct store_deputy *row)
{
	struct deputy *deputy = arg;
	if (strcmp(row->person, deputy->row.person) == 0 && strcmp(row->from_day, deputy->from_day) != 0 &&
	    strcmp(row->from_day, deputy->to_day) <= 0 && strcmp(deputy->from_day, row->to_day) <= 0) {
		output_complain("'%s' stands in for '%s' from %s to %s already: choose days before or after",
				row->deputy, row->person, row->from_day, row->to_day);
		deputy->has_clash = true;
	}
	return 0;
}

static int deputy_check(struct deputy *deputy)
{
	struct err err = {0};
	int result = deputy_check_person(deputy->session, deputy->row.person);
	if (result == EX_OK)
		result = deputy_check_person(deputy->session, deputy->row.deputy);
	if (result != EX_OK)
		return result;
	if (strcmp(deputy->row.person, deputy->row.deputy) == 0)
		output_complain("nobody can stand in for themselves");
	else if (strcmp(deputy->from_day, deputy->to_day) > 0)
		output_complain("--from %s is after --to %s", deputy->from_day, deputy->to_day);
	else {
		int status = store_deputy_each(deputy->session->store, deputy_check_clash, deputy, &err);
		return status < 0 ? session_fail(status, &err) : deputy->has_clash ? EX_DATAERR : EX_OK;
	}
	return EX_DATAERR;
}

static int deputy_write(struct deputy *deputy)
{
	struct err err = {0};
	const struct store_deputy *row = &deputy->row;
	char *detail = mem_printf("%s from %s to %s", row->deputy, deputy->from_day, deputy->to_day);
	int status = store_deputy_set(deputy->session->store, row->person, row->deputy, deputy->from_day,
				      deputy->to_day, &err);
	if (status == 0)
		status = store_ledger_add(deputy->session->store, "deputy", NULL, row->person, detail, &err);
	free(detail);
	return status < 0 ? session_fail(status, &err) : session_commit_edit(deputy->session);
}

static int deputy_set(struct session *session, const struct args *args)
{
	struct deputy deputy = {.session = session, .row = {.person = args->operands[0], .deputy = args->operands[1]}};
	int result = session_open(session, SESSION_EDIT);
	if (result == EX_OK)
		result = deputy_parse_day(session, "--from", args_value(args, "--from"), deputy.from_day);
	if (result == EX_OK)
		result = deputy_parse_day(session, "--to", args_value(args, "--to"), deputy.to_day);
	if (result == EX_OK)
		result = session_begin_edit(session);
	if (result == EX_OK)
		result = deputy_check(&deputy);
	return result == EX_OK ? deputy_write(&deputy) : result;
}

static int deputy_run(struct session *session, const struct args *args)
{
	bool has_days = args_value(args, "--from") != NULL || args_value(args, "--to") != NULL;
	if (args->n_operands == 0 && !has_days)
		return deputy_list(session, args_has(args, "--json"));
	if (args->n_operands == 2 && args_value(args, "--from") != NULL && args_value(args, "--to") != NULL &&
	    !args_has(args, "--json"))
		return deputy_set(session, args);
	output_complain("deputy alone lists them; deputy PERSON DEPUTY --from DATE --to DATE sets one");
	return EX_USAGE;
}

const struct command deputy_command = {
	.name = "deputy",
	.operands = "[PERSON DEPUTY]",
	.max_operands = 2,
	.summary = "Say who stands in for an absent person, or list it",
	.help = "From the first to the last day, in the absent person's zone, the deputy gets what would go to that person. Given\n"
		"again with the same first day, it replaces what was said. Messages that wait already stay where they are.",
	COMMAND_OPTIONS(deputy_options),
	.run = deputy_run,
};
