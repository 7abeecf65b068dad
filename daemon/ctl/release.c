#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "base/num.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "remind/outbox.h"
#include "store/store_ledger.h"
#include "store/store_person.h"
#include "store/store_suspension.h"

static const struct args_option release_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--drop", NULL, "give the messages up instead of sending them"},
	{"--person", "ID", "use the suspended addresses of this person again"},
	{"--channel", "NAME", "with --person: only the one on this channel"},
};

/* ---- messages ----------------------------------------------------------------------------------------------------- */

static int release_message(struct session *session, const char *operand, bool is_drop)
{
	struct err err = {0};
	int64_t id = 0;
	bool is_moved = false;
	if (num_parse(operand, 1, INT64_MAX, &id, &err) < 0) {
		output_complain("'%s' is no message: give its number, as deadlinectl queue shows it", operand);
		return EX_DATAERR;
	}
	int status = is_drop ? outbox_drop(session->store, id, &is_moved, &err)
			     : outbox_release(session->store, id, session->now_utc, &is_moved, &err);
	if (status < 0)
		return session_fail(status, &err);
	if (!is_moved) {
		output_complain("message %" PRId64 " is not held: see deadlinectl queue --state held", id);
		return EX_DATAERR;
	}
	char *detail = mem_printf("message %" PRId64, id);
	status = store_ledger_add(session->store, is_drop ? "drop" : "release", NULL, NULL, detail, &err);
	free(detail);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static int release_messages(struct session *session, const struct args *args)
{
	bool is_drop = args_has(args, "--drop");
	int result = EX_OK;
	for (size_t i = 0; i < args->n_operands; i++) {
		int one = release_message(session, args->operands[i], is_drop);
		result = one != EX_OK ? one : result; /* every wrong one is named */
	}
	if (result != EX_OK) {
		if (args->n_operands > 1)
			output_complain("nothing was changed");
		return result;
	}
	result = session_commit_edit(session);
	if (result == EX_OK)
		output_print("%zu %s %s\n", args->n_operands,
			     num_word((int64_t)args->n_operands, "message", "messages"),
			     is_drop ? "dropped" : "released");
	return result;
}

/* ---- addresses ---------------------------------------------------------------------------------------------------- */

static int release_person(struct session *session, const char *person, const char *channel)
{
	struct err err = {0};
	bool is_known = false;
	int64_t n = 0;
	if (channel != NULL && !conf_has_channel(session->conf, channel)) {
		output_complain("--channel: there is no channel '%s'; deadlinectl brake shows them", channel);
		return EX_DATAERR;
	}
	int status = store_person_exists(session->store, person, &is_known, &err);
	if (status == 0 && !is_known)
		return session_fail_person(session, "--person", person);
	if (status == 0)
		status = store_suspension_end(session->store, person, channel, &n, &err);
	if (status == 0 && n > 0)
		status = store_ledger_add(session->store, "release", NULL, person, channel, &err);
	if (status < 0)
		return session_fail(status, &err);
	int result = session_commit_edit(session);
	if (result == EX_OK && n == 0)
		output_print("no address of %s is suspended\n", person);
	else if (result == EX_OK)
		output_print("%" PRId64 " %s of %s %s used again\n", n, num_word(n, "address", "addresses"), person,
			     num_word(n, "is", "are"));
	return result;
}

static int release_check_usage(const struct args *args)
{
	bool has_person = args_has(args, "--person");
	if (has_person && (args->n_operands > 0 || args_has(args, "--drop")))
		output_complain("--person is about addresses: give no message and no --drop with it");
	else if (!has_person && args_has(args, "--channel"))
		output_complain("--channel goes with --person ID");
	else if (!has_person && args->n_operands == 0)
		output_complain("give the numbers of held messages, or --person ID; see deadlinectl release --help");
	else
		return EX_OK;
	return EX_USAGE;
}

static int release_run(struct session *session, const struct args *args)
{
	int result = release_check_usage(args);
	if (result == EX_OK)
		result = session_open(session, SESSION_EDIT);
	if (result == EX_OK)
		result = session_begin_edit(session);
	if (result != EX_OK)
		return result;
	const char *person = args_value(args, "--person");
	return person != NULL ? release_person(session, person, args_value(args, "--channel"))
			      : release_messages(session, args);
}

const struct command release_command = {
	.name = "release",
	.operands = "[MESSAGE...]",
	.max_operands = COMMAND_ANY_OPERANDS,
	.summary = "Let go of what was put aside: held messages, suspended addresses",
	.help = "A message is held when the daemon died twice while sending it, the second time with nothing else in\n"
		"flight. An address is suspended when its side refused three messages in a row for good; correcting it\n"
		"ends that, too. deadlinectl queue --state held and deadlinectl people show them.",
	COMMAND_OPTIONS(release_options),
	.run = release_run,
};
