#include <stdio.h>
#include <sysexits.h>

#include "base/num.h"
#include "ctl/command.h"
#include "ctl/import_run.h"
#include "ctl/output.h"

static const struct args_option import_options[] = {COMMAND_COMMON_OPTIONS};

static void import_print_counts(const char *what, const struct import_counts *counts)
{
	output_print("%s: %zu added, %zu changed, %zu unchanged\n", what, counts->by_change[STORE_ADDED],
		     counts->by_change[STORE_CHANGED], counts->by_change[STORE_UNCHANGED]);
}

static void import_print_summary(const struct import_summary *summary)
{
	if (summary->people_sheets > 0)
		import_print_counts("people", &summary->people);
	if (summary->task_sheets > 0)
		import_print_counts("tasks", &summary->tasks);
	import_remark_print(&summary->past, "lies in the past as a whole: nobody is reminded of it beforehand",
			    "lie in the past as a whole: nobody is reminded of them beforehand");
	import_remark_print(&summary->without_people, "has no people: nobody is reminded of it",
			    "have no people: nobody is reminded of them");
	import_remark_print(&summary->bounded, "repeats only within this year, as its phrase names none",
			    "repeat only within this year, as their phrases name none");
	import_remark_print(&summary->doubles, "was added with the title and date of an open one under another uid",
			    "were added with the title and date of an open one under another uid");
	import_remark_print(&summary->closed,
			    "is done or cancelled and stays so: 'deadlinectl reopen UID' opens it again",
			    "are done or cancelled and stay so: 'deadlinectl reopen UID' opens one again");
}

static int import_write(struct session *session, struct import_run *run, struct problems *problems)
{
	struct import_summary summary;
	struct err err = {0};
	int status = session_begin_edit(session);
	if (status != EX_OK)
		return status;
	int result = import_run_write(run, session->store, problems, &summary, &err);
	if (result < 0)
		return session_fail(result, &err);
	if (problems->n > 0)
		return EX_DATAERR;
	status = session_commit_edit(session);
	if (status == EX_OK)
		import_print_summary(&summary);
	return status;
}

static int import_files(struct session *session, const struct args *args)
{
	struct problems problems = {0}, conf_problems = {0};
	struct err err = {0};
	struct import_run *run = import_run_new(session->conf, session->now_utc);
	int status = EX_OK;
	int result = import_run_open(run, args->operands, args->n_operands, &problems, &conf_problems, &err);
	if (result < 0)
		status = session_fail(result, &err);
	else if (conf_problems.n > 0)
		status = EX_CONFIG;
	else
		status = import_write(session, run, &problems);

	problems_print(&conf_problems, stderr);
	problems_print(&problems, stderr);
	if (problems.n > 0)
		output_complain("nothing was imported: %zu %s", problems.n,
				num_word((int64_t)problems.n, "problem", "problems"));
	problems_done(&conf_problems);
	problems_done(&problems);
	import_run_free(run);
	return status;
}

static int import_execute(struct session *session, const struct args *args)
{
	int status = session_open(session, SESSION_CREATE);
	return status == EX_OK ? import_files(session, args) : status;
}

const struct command import_command = {
	.name = "import",
	.operands = "FILE...",
	.min_operands = 1,
	.max_operands = COMMAND_ANY_OPERANDS,
	.summary = "Add and update tasks and people from CSV files",
	.help = "CSV as in RFC 4180, UTF-8, separated by ',' or ';', with a header line:\n"
		"  tasks   uid,title,when,zone,place,policy,people,note,priority,rrule   (uid, title and when are needed;\n"
		"          people are separated by blanks, ROLE:ID gives one a role; when may repeat: \"every Monday\")\n"
		"  people  id,name,language,zone,calendar,quiet,work,digest,ceiling,channels and a column for each channel\n"
		"          with the address (id and name are needed)\n"
		"Columns may come in any order. A uid or id that is known already is updated; a column that is "
		"missing\n"
		"changes nothing. All files are imported or, when a row is wrong, nothing; every wrong row is named. "
		"Steps\n"
		"whose time has passed are not sent. What lies wholly in the past, has no people or is closed is counted on\n"
		"standard error, and the first of each kind is named.",
	COMMAND_OPTIONS(import_options),
	.run = import_execute,
};
