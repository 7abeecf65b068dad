#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "ctl/command.h"
#include "ctl/invite.h"
#include "ctl/output.h"
#include "store/store_person.h"

static const struct args_option people_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--json", NULL, "print one JSON object a line"},
	INVITE_OPTIONS,
};

static const char *const people_headings[] = {"ID",   "NAME",   "LANGUAGE", "ZONE",     "CALENDAR", "QUIET",
					      "WORK", "DIGEST", "CEILING",  "CHANNELS", "ADDRESSES"};
enum { PEOPLE_COLUMNS = sizeof(people_headings) / sizeof(people_headings[0]), PEOPLE_ADDRESSES_MAX = 64 * 1024 };

static int people_json(void *arg, const struct person *person)
{
	json_t *object = json_object(), *addresses = json_object(), *suspended = json_array();
	(void)arg;
	json_object_set_new(object, "id", output_json_text(person->id));
	json_object_set_new(object, "name", output_json_text(person->name));
	json_object_set_new(object, "language", output_json_text(person->language));
	json_object_set_new(object, "zone", output_json_text(person->zone));
	json_object_set_new(object, "calendar", output_json_text(person->calendar));
	json_object_set_new(object, "quiet", output_json_text(person->quiet));
	json_object_set_new(object, "work", output_json_text(person->work));
	json_object_set_new(object, "digest", output_json_text(person->digest));
	json_object_set_new(object, "ceiling", json_integer(person->ceiling));
	json_object_set_new(object, "channels", output_json_text(person->channels));
	json_object_set_new(object, "active", json_boolean(person->is_active));
	for (size_t i = 0; i < person->n_addresses; i++)
		if (person->addresses[i].is_suspended)
			json_array_append_new(suspended, output_json_text(person->addresses[i].channel));
	for (size_t i = 0; i < person->n_addresses; i++)
		json_object_set_new(addresses, person->addresses[i].channel,
				    output_json_text(person->addresses[i].address));
	json_object_set_new(object, "addresses", addresses);
	json_object_set_new(object, "suspended", suspended);
	output_json(object, stdout);
	return 0;
}

static int people_add_row(void *arg, const struct person *person)
{
	char ceiling[24] = "";
	struct buf addresses;
	buf_init(&addresses, PEOPLE_ADDRESSES_MAX);
	if (!person->is_active)
		buf_add_str(&addresses, "(inactive) ");
	for (size_t i = 0; i < person->n_addresses; i++)
		buf_printf(&addresses, "%s%s: %s%s", i > 0 ? ", " : "", person->addresses[i].channel,
			   person->addresses[i].address, person->addresses[i].is_suspended ? " (suspended)" : "");
	if (person->ceiling > 0)
		(void)snprintf(ceiling, sizeof(ceiling), "%" PRId64, person->ceiling);
	const char *cells[PEOPLE_COLUMNS] = {
		person->id,   person->name,   person->language, person->zone,     person->calendar,    person->quiet,
		person->work, person->digest, ceiling,          person->channels, buf_str(&addresses),
	};
	output_table_add(arg, cells);
	buf_done(&addresses);
	return 0;
}

static int people_list(struct session *session, const struct args *args)
{
	struct err err = {0};
	int status = session_open(session, SESSION_READ);
	if (status != EX_OK)
		return status;

	if (args_has(args, "--json")) {
		status = store_person_each(session->store, people_json, NULL, &err);
	} else {
		struct output_table *table = output_table_new(people_headings, PEOPLE_COLUMNS);
		status = store_person_each(session->store, people_add_row, table, &err);
		output_table_finish(table, "There are no people; 'deadlinectl import' adds them from a CSV file.",
				    stdout);
	}
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static int people_run(struct session *session, const struct args *args)
{
	bool is_invite = args->n_operands == 2 && strcmp(args->operands[0], "invite") == 0;
	bool has_invite_option = args_has(args, "--channel") || args_has(args, "--for");
	if (args->n_operands > 0 && !is_invite)
		output_complain("people alone lists them; people invite ID prints the link for one of them");
	else if (is_invite && args_has(args, "--json"))
		output_complain("--json goes with the list");
	else if (!is_invite && has_invite_option)
		output_complain("--channel and --for go with people invite ID");
	else
		return is_invite ? invite_run(session, args, args->operands[1]) : people_list(session, args);
	return EX_USAGE;
}

const struct command people_command = {
	.name = "people",
	.operands = "[invite ID]",
	.max_operands = 2,
	.summary = "List the people and where they are reached, or invite one to a messenger",
	.help = "An invitation is a link: whoever opens it first gets the reminders of that person on the messenger from then on.\n"
		"It works once. A new invitation to the same channel ends the one before.",
	COMMAND_OPTIONS(people_options),
	.run = people_run,
};
