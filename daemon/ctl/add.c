#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/hash.h"
#include "ctl/command.h"
#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/prospect.h"
#include "ctl/task_edit.h"
#include "store/store_task.h"

static const struct args_option add_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--uid", "UID", "name of the task; made up if not given"},
	TASK_EDIT_OPTIONS,
};

enum { ADD_UID_RANDOM_SIZE = 9, ADD_UID_SIZE = 2 + ADD_UID_RANDOM_SIZE };

static int add_make_uid(char uid[ADD_UID_SIZE])
{
	char random[ADD_UID_RANDOM_SIZE];
	struct err err = {0};
	int status = hash_random_hex(random, sizeof(random));
	if (status < 0) {
		(void)err_set(&err, status, "no random numbers to be had");
		return session_fail(status, &err);
	}
	(void)snprintf(uid, ADD_UID_SIZE, "t-%s", random);
	return EX_OK;
}

static int add_check_is_new(struct session *session, const char *uid)
{
	struct task task = {0};
	struct err err = {0};
	int status = store_task_find(session->store, uid, &task, &err);
	task_done(&task);
	if (status == -ENOENT)
		return EX_OK;
	if (status < 0 && status != -EUCLEAN)
		return session_fail(status, &err);
	output_complain("there is a task '%s' already: change it by 'deadlinectl edit %s', or give another --uid", uid,
			uid);
	return EX_DATAERR;
}

static int add_task(struct session *session, const struct args *args, const char *uid, const char *title)
{
	struct task task = {0};
	int status = session_begin_edit(session);
	if (status == EX_OK)
		status = add_check_is_new(session, uid);
	if (status == EX_OK) {
		fields_init_task(session->conf, uid, &task);
		status = task_edit_put(session, args, title, &task);
	}
	if (status == EX_OK)
		status = session_commit_edit(session);
	if (status == EX_OK) {
		output_print("%s\n", uid);
		prospect_tell_bound(session, args_value(args, "--when"), &task);
		prospect_warn(session, uid);
	}
	task_done(&task);
	return status;
}

/* The title stands alone or behind --title; NULL after a complaint. */
static const char *add_find_title(const struct args *args)
{
	const char *option = args_value(args, "--title"), *operand = args->n_operands > 0 ? args->operands[0] : NULL;
	if (option != NULL && operand != NULL)
		output_complain("the title is given twice: '%s' and '%s'", operand, option);
	else if (option == NULL && operand == NULL)
		output_complain("add needs a title: deadlinectl add \"Forum\" --when \"June 2025\"");
	else
		return option != NULL ? option : operand;
	return NULL;
}

static int add_run(struct session *session, const struct args *args)
{
	struct fields_rules rules = {.report = fields_complain};
	char made_up[ADD_UID_SIZE];
	const char *uid = args_value(args, "--uid"), *title = add_find_title(args);
	if (title == NULL)
		return EX_USAGE;
	if (args_value(args, "--when") == NULL) {
		output_complain("add needs --when: deadlinectl add \"Forum\" --when \"June 2025\"");
		return EX_USAGE;
	}
	if (uid != NULL && !fields_check_id(&rules, "uid", uid, TASK_UID_MAX))
		return EX_DATAERR;

	int status = session_open(session, SESSION_CREATE);
	if (status == EX_OK && uid == NULL) {
		status = add_make_uid(made_up);
		uid = made_up;
	}
	return status == EX_OK ? add_task(session, args, uid, title) : status;
}

const struct command add_command = {
	.name = "add",
	.operands = "TITLE",
	.max_operands = 1,
	.summary = "Add a task and print its uid",
	.help = "The time zone is that of the configuration if not given. A date without a year is of this year;\n"
		"a repeat without one ends with it, which a line on standard error says.\n"
		"Steps of the policy whose time has passed are not sent; when nobody will be reminded at all, a line on\n"
		"standard error says why.",
	COMMAND_OPTIONS(add_options),
	.run = add_run,
};
