#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "plan/civil.h"
#include "service/lock.h"
#include "store/store_absence.h"
#include "store/store_forget.h"
#include "store/store_ledger.h"
#include "store/store_person.h"

static const struct args_option forget_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--extract", "FILE", "write the extract for the record of destruction there"},
	{"--force", NULL, "although nobody else answers for their tasks"},
};

enum { FORGET_EXTRACT_MODE = 0600 };

struct forget {
	struct session *session;
	const char *person;
	const char *extract_file; /* NULL: standard output */
	FILE *extract;            /* open before anything is deleted */
	struct store_forgotten forgotten;
};

/* ---- whether it may be -------------------------------------------------------------------------------------------- */

static int forget_check_tasks(const struct forget *forget)
{
	struct strlist uids = {0};
	struct err err = {0};
	int status = store_forget_tasks(forget->session->store, forget->person, &uids, &err);
	status = status < 0 ? session_fail(status, &err) : EX_OK;
	if (status == EX_OK && uids.n > 0) {
		output_complain("nobody but %s answers for %zu open %s; hand %s over with 'deadlinectl edit UID "
				"--people ...', or give --force:",
				forget->person, uids.n, num_word((int64_t)uids.n, "task", "tasks"),
				num_word((int64_t)uids.n, "it", "them"));
		for (size_t i = 0; i < uids.n; i++)
			output_complain("  %s", uids.items[i]);
		status = EX_DATAERR;
	}
	strlist_done(&uids);
	return status;
}

struct forget_absences {
	const char *person;
	char today[CIVIL_DATE_SIZE];
	struct strlist rows; /* "anna from 2025-07-01 to 2025-07-14" */
};

static int forget_add_absence(void *arg, const struct store_deputy *row)
{
	struct forget_absences *absences = arg;
	if (strcmp(row->deputy, absences->person) != 0 || strcmp(row->to_day, absences->today) < 0)
		return 0;
	char *text = mem_printf("%s from %s to %s", row->person, row->from_day, row->to_day);
	strlist_add(&absences->rows, text, strlen(text));
	free(text);
	return 0;
}

/* Whose absence is uncovered then, now or later: nobody else is told. */
static int forget_check_absences(const struct forget *forget, bool is_forced)
{
	struct forget_absences absences = {.person = forget->person};
	struct err err = {0};
	const struct civil today = zone_to_civil(forget->session->zone, forget->session->now_utc);
	civil_format_date(&today, absences.today);
	int status = store_deputy_each(forget->session->store, forget_add_absence, &absences, &err);
	if (status == 0 && absences.rows.n > 0) {
		output_complain("%s stands in for others in %zu %s%s:", forget->person, absences.rows.n,
				num_word((int64_t)absences.rows.n, "absence", "absences"),
				is_forced ? ", which nobody covers now"
					  : "; name other deputies with 'deadlinectl deputy', or give --force");
		for (size_t i = 0; i < absences.rows.n; i++)
			output_complain("  %s", absences.rows.items[i]);
	}
	bool is_refused = absences.rows.n > 0 && !is_forced;
	strlist_done(&absences.rows);
	return status < 0 ? session_fail(status, &err) : is_refused ? EX_DATAERR : EX_OK;
}

static int forget_check_operator(const struct forget *forget)
{
	const char *operator_id = forget->session->conf->operator_id;
	if (operator_id == NULL || strcmp(operator_id, forget->person) != 0)
		return EX_OK;
	output_complain("%s is the operator in %s: name another one there first, or give --force", forget->person,
			forget->session->conf_file);
	return EX_DATAERR;
}

/* What the server says of it would be written after everything else is gone. Without a daemon nobody writes it. */
static int forget_check_sending(const struct forget *forget)
{
	struct err err = {0};
	int64_t n = 0;
	pid_t holder = 0;
	int status = store_forget_sending(forget->session->store, forget->person, &n, &err);
	if (status < 0)
		return session_fail(status, &err);
	if (n == 0 || !lock_is_held(forget->session->conf->database, &holder))
		return EX_OK;
	output_complain("a message to %s is just being sent: try again in a minute", forget->person);
	return EX_TEMPFAIL;
}

static int forget_open_extract(struct forget *forget)
{
	if (forget->extract_file == NULL) {
		forget->extract = stdout;
		return EX_OK;
	}
	int fd = open(forget->extract_file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FORGET_EXTRACT_MODE);
	forget->extract = fd < 0 ? NULL : fdopen(fd, "w");
	if (forget->extract != NULL)
		return EX_OK;
	output_complain("%s: %s; nothing was changed", forget->extract_file, strerror(errno));
	return EX_CANTCREAT;
}

/* ---- doing it ----------------------------------------------------------------------------------------------------- */

static int forget_delete(struct forget *forget, bool is_forced)
{
	struct session *session = forget->session;
	struct err err = {0};
	int code = session_begin_edit(session);
	if (code == EX_OK && !is_forced)
		code = forget_check_tasks(forget);
	if (code == EX_OK && !is_forced)
		code = forget_check_operator(forget);
	if (code == EX_OK)
		code = forget_check_absences(forget, is_forced);
	if (code == EX_OK)
		code = forget_check_sending(forget);
	if (code != EX_OK)
		return code;
	int status = store_forget(session->store, forget->person, &forget->forgotten, &err);
	if (status == 0)
		status = store_ledger_add(session->store, "forget", NULL, forget->forgotten.mark, NULL, &err);
	return status < 0 ? session_fail(status, &err) : session_commit_edit(session);
}

static int forget_clean(struct forget *forget, const char *mark)
{
	struct err err = {0};
	int status = store_forget_clean(forget->session->store, &err);
	if (status == 0)
		return EX_OK;
	output_complain(
		"the rows are gone, but the files may still hold old bytes of them (%s); when it is quieter, run "
		"'deadlinectl forget %s'",
		err.text, mark);
	return status == -EBUSY ? EX_TEMPFAIL : EX_IOERR;
}

static void forget_print_remains(const struct forget *forget, FILE *out)
{
	const struct conf *conf = forget->session->conf;
	(void)fprintf(out, "not reached: daily copies in %s, for at most %" PRId64 " %s more\n", conf->backup_dir,
		      conf->backup_keep, num_word(conf->backup_keep, "day", "days"));
	(void)fprintf(out,
		      "not reached: copies made by hand, files set aside by recover, the journal, Maildirs, the mail "
		      "servers and messengers that took the messages\n");
	for (size_t i = 0; i < forget->forgotten.tasks.n; i++) {
		char *uid = output_clean(forget->forgotten.tasks.items[i]);
		(void)fprintf(out, "not changed: task %s names the person in its own words\n", uid);
		free(uid);
	}
}

static int forget_write_extract(const struct forget *forget, bool is_clean)
{
	const struct session *session = forget->session;
	char at[OUTPUT_TIME_SIZE];
	char *user = session_user(), *id = output_clean(forget->person), *by = output_clean(user);
	FILE *out = forget->extract;
	output_time(session->zone, session->now_utc, at);
	(void)fprintf(out, "destruction of personal data in %s\nperson: %s, now %s\nat: %s\nby: %s\n",
		      session->conf->database, id, forget->forgotten.mark, at, by);
	for (size_t i = 0; i < STORE_FORGET_KINDS; i++)
		(void)fprintf(out, "%s: %" PRId64 "\n", forget->forgotten.kinds[i].what, forget->forgotten.kinds[i].n);
	(void)fprintf(out, "bytes in the database and its log: %s\n",
		      is_clean ? "overwritten and cut off" : "not yet overwritten, see deadlinectl's message");
	forget_print_remains(forget, out);
	free(by);
	free(id);
	free(user);
	if (fflush(out) == 0 && ferror(out) == 0 && (out == stdout || fsync(fileno(out)) == 0))
		return EX_OK;
	output_complain("the extract could not be written: %s; the person is forgotten", strerror(errno));
	return EX_IOERR;
}

static int forget_person(struct forget *forget, bool is_forced)
{
	int code = forget_open_extract(forget);
	if (code != EX_OK)
		return code;
	code = forget_delete(forget, is_forced);
	if (code == EX_OK) {
		code = forget_clean(forget, forget->forgotten.mark);
		int written = forget_write_extract(forget, code == EX_OK);
		code = code == EX_OK ? written : code;
	} else if (forget->extract_file != NULL) {
		(void)unlink(forget->extract_file); /* made by us, and empty */
	}
	if (forget->extract != stdout)
		(void)fclose(forget->extract); /* synced, or complained about */
	return code;
}

static int forget_run(struct session *session, const struct args *args)
{
	struct forget forget = {
		.session = session, .person = args->operands[0], .extract_file = args_value(args, "--extract")};
	struct err err = {0};
	bool is_mark = false, exists = false;
	int code = session_open(session, SESSION_EDIT);
	if (code != EX_OK)
		return code;
	int status = store_forget_is_mark(session->store, forget.person, &is_mark, &err);
	if (status == 0)
		status = store_person_exists(session->store, forget.person, &exists, &err);
	if (status < 0)
		return session_fail(status, &err);
	if (!exists)
		return session_fail_person(session, "PERSON", forget.person);
	code = is_mark ? forget_clean(&forget, forget.person) : forget_person(&forget, args_has(args, "--force"));
	store_forgotten_done(&forget.forgotten);
	return code;
}

const struct command forget_command = {
	.name = "forget",
	.operands = "PERSON",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Delete everything that tells who a person is",
	.help = "The history of tasks stays, under a mark such as forgotten-3. The database is written anew and its log is cut\n"
		"off, so no byte is left in them; for as long as that takes nothing is sent. An extract says what was deleted:\n"
		"who, when, by whom, what and how much of it. Copies of the database still hold the person until they are removed,\n"
		"the daily ones after backup_keep days. Given such a mark, only the files are cleaned again.",
	COMMAND_OPTIONS(forget_options),
	.run = forget_run,
};
