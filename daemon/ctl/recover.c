#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "plan/civil.h"
#include "service/account.h"
#include "service/lock.h"
#include "store/store_backup.h"
#include "store/store_daily.h"
#include "store/store_ledger.h"
#include "store/store_lost.h"

enum { RECOVER_BUSY_MS = 5000 };

static const struct args_option recover_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--force", NULL, "go back to the copy although the database is sound"},
};

struct recover {
	struct session *session;
	char *database;                     /* owned */
	char *ready;                        /* owned; the copy that becomes the database, beside it */
	char *aside;                        /* owned; what the damaged file is called from now on */
	char *source;                       /* owned; the file that ready was copied from */
	bool is_there;                      /* there is a file to set aside */
	char instance[STORE_INSTANCE_SIZE]; /* of the damaged database; "" = it cannot be read */
	struct account owner;
	struct output_table *messages, *edits;
	bool has_lost;    /* changes that somebody has to do again, or that may be among what cannot be read */
	int64_t sequence; /* as store_lost_sequence() */
};

/* ---- before anything is touched ----------------------------------------------------------------------------------- */

static int recover_lock(struct recover *recover, int *ret_fd)
{
	struct err err = {0};
	pid_t holder = 0;
	int status = lock_take(recover->database, ret_fd, &holder, &err);
	if (status == -EBUSY) {
		output_complain("deadlined runs (pid %ld): stop it first, 'systemctl stop deadlined'", (long)holder);
		return EX_TEMPFAIL;
	}
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* As root, what is made here goes to that account: the daemon must be able to open it. */
static int recover_give(const struct recover *recover, const char *path)
{
	if (geteuid() != 0 || lchown(path, recover->owner.uid, recover->owner.gid) == 0)
		return EX_OK;
	output_complain("%s cannot be handed to the owner of the database: %s", path, strerror(errno));
	return EX_IOERR;
}

/* What SQLite says of a damaged file may quote its bytes. */
static void recover_say(const char *before, const char *words)
{
	char *clean = output_clean(words);
	output_print("%s%s\n", before, clean);
	free(clean);
}

static int recover_check_damaged(const struct recover *recover, bool is_forced)
{
	struct err err = {0};
	struct stat file;
	if (!recover->is_there || stat(recover->database, &file) < 0 || file.st_size == 0) {
		output_print("database %s: missing or empty\n", recover->database);
		return EX_OK;
	}
	int status = store_inspect(recover->database, false, NULL, NULL, &err);
	if (status == -EBUSY)
		return session_fail(status, &err);
	if (status < 0) {
		recover_say("database ", err.text);
		return EX_OK;
	}
	if (is_forced)
		return EX_OK;
	output_complain("database %s is sound; to go back to a copy of it all the same, give --force",
			recover->database);
	return EX_DATAERR;
}

/* ---- the copy ----------------------------------------------------------------------------------------------------- */

/* Checks source by copying it, and leaves the copy at recover->ready. */
static bool recover_try(struct recover *recover, const char *source)
{
	struct err err = {0};
	struct store_copied copied;
	const struct store_copy copy = {
		.from = source, .to = recover->ready, .may_replace = true, .now_utc = recover->session->now_utc};
	int status = store_copy(&copy, &copied, &err);
	if (status < 0)
		output_complain("%s is of no use: %s", source, err.text);
	else
		recover->source = mem_dup(source);
	return status == 0;
}

/* Which database a file is a copy of, in words that the caller frees. */
static char *recover_origin(const char *path)
{
	struct store_origin origin;
	store_copy_origin(path, &origin);
	const char *database = origin.database != NULL ? origin.database : "unknown path";
	char *words =
		mem_printf("%s (instance %s)", database, origin.instance[0] != '\0' ? origin.instance : "unknown");
	free(origin.database);
	return words;
}

static void recover_read_instance(const char *path, char ret_instance[STORE_INSTANCE_SIZE])
{
	struct store_origin origin;
	store_copy_origin(path, &origin);
	(void)snprintf(ret_instance, STORE_INSTANCE_SIZE, "%s", origin.instance);
	free(origin.database);
}

/* Its instance tells whose a copy is; where the damaged file has none to compare, the path that it was copied from. */
static bool recover_is_foreign(const struct recover *recover, const char *path)
{
	return recover->instance[0] != '\0' ? store_copy_is_foreign(path, recover->instance)
					    : store_copy_is_elsewhere(path, recover->database);
}

/* Several databases can have been at that path: without an instance to compare, all the copies must be of the same. */
static bool recover_may_choose(const struct recover *recover, const struct strlist *names)
{
	char first[STORE_INSTANCE_SIZE] = "";
	bool is_clear = true;
	for (size_t i = 0; i < names->n && recover->instance[0] == '\0' && is_clear; i++) {
		char *path = mem_printf("%s/%s", recover->session->conf->backup_dir, names->items[i]);
		bool is_own = !recover_is_foreign(recover, path);
		is_clear = !is_own || !store_copy_is_foreign(path, first);
		if (is_own && first[0] == '\0')
			recover_read_instance(path, first);
		free(path);
	}
	return is_clear;
}

static void recover_try_daily(struct recover *recover, const char *path)
{
	if (!recover_is_foreign(recover, path)) {
		(void)recover_try(recover, path);
		return;
	}
	char *origin = recover_origin(path);
	output_complain("%s is left out, that copy is of another database: %s; to take it all the same, name it", path,
			origin);
	free(origin);
}

static int recover_refuse_choice(const struct recover *recover, const struct strlist *names)
{
	const char *folder = recover->session->conf->backup_dir;
	output_complain(
		"the copies in %s are of more than one database, and the damaged file does not say which it was: "
		"name the one to take, 'deadlinectl recover FILE'",
		folder);
	for (size_t i = 0; i < names->n; i++) {
		char *path = mem_printf("%s/%s", folder, names->items[i]), *origin = recover_origin(path);
		output_complain("%s is of %s", path, origin);
		free(origin);
		free(path);
	}
	return EX_NOINPUT;
}

static int recover_choose(struct recover *recover)
{
	const struct conf *conf = recover->session->conf;
	const struct civil today = zone_to_civil(recover->session->zone, recover->session->now_utc);
	char day[CIVIL_DATE_SIZE];
	struct strlist names = {0};
	struct err err = {0};
	civil_format_date(&today, day);
	int status = store_daily_list(conf->backup_dir, day, &names, &err);
	bool is_empty = names.n == 0, may_choose = recover_may_choose(recover, &names);
	for (size_t i = 0; i < names.n && recover->source == NULL && may_choose; i++) {
		char *path = mem_printf("%s/%s", conf->backup_dir, names.items[i]);
		recover_try_daily(recover, path);
		free(path);
	}
	int refused = may_choose ? EX_OK : recover_refuse_choice(recover, &names);
	strlist_done(&names);
	if (status < 0)
		return session_fail(status, &err);
	if (recover->source != NULL || refused != EX_OK)
		return refused;
	output_complain(
		"there is no %scopy in %s; give one with 'deadlinectl recover FILE', or see what sqlite3 can save: "
		"sqlite3 %s .recover",
		is_empty ? "" : "good ", conf->backup_dir, recover->database);
	return EX_NOINPUT;
}

/* ---- what is lost ------------------------------------------------------------------------------------------------- */

static void recover_on_message(void *arg, const struct store_lost_message *message)
{
	struct recover *recover = arg;
	char at[OUTPUT_TIME_SIZE];
	output_time(recover->session->zone, message->at_utc, at);
	const char *cells[] = {at, message->person, message->channel, message->tasks};
	output_table_add(recover->messages, cells);
}

static void recover_on_edit(void *arg, const struct store_lost_edit *edit)
{
	struct recover *recover = arg;
	char at[OUTPUT_TIME_SIZE];
	output_time(recover->session->zone, edit->at_utc, at);
	const char *cells[] = {at, edit->who, edit->action, edit->task, edit->person, edit->detail};
	output_table_add(recover->edits, cells);
	recover->has_lost = true;
}

static void recover_show_copy(const struct recover *recover)
{
	struct err err = {0};
	int64_t at_utc = -1;
	char at[OUTPUT_TIME_SIZE] = "an unknown time";
	if (store_copy_time(recover->source, &at_utc, &err) == 0 && at_utc >= 0)
		output_time(recover->session->zone, at_utc, at);
	output_print("copy %s, of %s\n", recover->source, at);
	bool is_foreign = recover_is_foreign(recover, recover->source);
	char *origin = recover_origin(recover->source);
	if (is_foreign || recover->instance[0] == '\0')
		recover_say(is_foreign ? "that copy is of another database: " : "it is of the database ", origin);
	free(origin);
}

static void recover_show_lost(struct recover *recover)
{
	static const char *const messages[] = {"SENT", "TO", "CHANNEL", "TASKS"};
	static const char *const edits[] = {"AT", "WHO", "WHAT", "TASK", "PERSON", "DETAIL"};
	const struct store_lost_view view = {recover_on_message, recover_on_edit, recover};
	struct err err = {0};
	int64_t n_unreadable = 0;
	recover_show_copy(recover);
	if (!recover->is_there)
		return;

	recover->messages = output_table_new(messages, sizeof(messages) / sizeof(messages[0]));
	recover->edits = output_table_new(edits, sizeof(edits) / sizeof(edits[0]));
	int status = store_lost(recover->database, recover->ready, &view, &n_unreadable, &err);
	output_print("\nSent since then; these may be sent again:\n");
	output_table_finish(recover->messages, "  none that can be read", stdout);
	output_print("\nChanged since then; these are lost, do them again:\n");
	output_table_finish(recover->edits, "  none that can be read", stdout);
	recover->has_lost = recover->has_lost || status < 0 || n_unreadable > 0;
	output_print("Changes of people and their addresses are not listed: import them again.\n");
	if (status < 0)
		recover_say("\nWhat else was sent or changed cannot be read any more: ", err.text);
	else if (n_unreadable > 0)
		output_print("\n%" PRId64 " more %s of the file cannot be read any more.\n", n_unreadable,
			     num_word(n_unreadable, "row or part", "rows or parts"));
	output_print("\n");
}

/* ---- putting it in place ------------------------------------------------------------------------------------------ */

static int recover_rename(const char *from, const char *to, const char *ending)
{
	char *old = mem_printf("%s%s", from, ending), *new = mem_printf("%s%s", to, ending);
	int status = EX_OK;
	if (renameat2(AT_FDCWD, old, AT_FDCWD, new, RENAME_NOREPLACE) < 0 && errno != ENOENT) {
		output_complain("%s cannot be renamed to %s: %s", old, new, strerror(errno));
		status = EX_IOERR;
	}
	free(new);
	free(old);
	return status;
}

/* The database first: without it the daemon starts on nothing, and SQLite never sees it without its log. */
static int recover_set_aside(const struct recover *recover)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	int status = EX_OK;
	size_t n = 0;
	while (n < 3 && status == EX_OK) {
		status = recover_rename(recover->database, recover->aside, endings[n]);
		n += status == EX_OK;
	}
	while (status != EX_OK && n-- > 0)
		(void)recover_rename(recover->aside, recover->database, endings[n]); /* it has complained */
	return status;
}

static int recover_place(const struct recover *recover)
{
	struct err err = {0};
	int code = recover_give(recover, recover->ready);
	if (code == EX_OK)
		code = recover_set_aside(recover);
	if (code != EX_OK)
		return code;
	int status = store_give_name(recover->ready, recover->database, false, &err);
	if (status < 0) {
		output_complain("%s; the damaged files are at %s, run this again", err.text, recover->aside);
		return EX_IOERR;
	}
	return EX_OK;
}

/* The ledger of the database says where it comes from. */
static int recover_note(struct recover *recover)
{
	struct session *session = recover->session;
	struct err err = {0};
	int status = store_open(recover->database, STORE_WRITE, RECOVER_BUSY_MS, &session->store, &err);
	if (status == 0)
		status = store_begin(session->store, &err);
	if (status == 0)
		status = store_ledger_add(session->store, "recover", NULL, NULL, recover->source, &err);
	if (status == 0)
		status = store_lost_raise(session->store, recover->sequence, &err);
	if (status == 0)
		status = store_meta_save(session->store, "copied_utc", "", &err); /* it is no copy any more */
	if (status == 0)
		status = store_meta_save(session->store, "copied_from", "", &err);
	return status < 0 ? session_fail(status, &err) : session_commit_edit(session);
}

static void recover_say_next(const struct recover *recover)
{
	if (recover->is_there)
		output_print("The damaged files are kept as %s.\n", recover->aside);
	output_print("%s is the copy now.\n", recover->database);
	if (recover->has_lost)
		output_print(
			"Do what is lost again before you start deadlined; 'deadlinectl plan' shows what will leave "
			"at the start.\n");
	output_print("%s: systemctl start deadlined\n", recover->has_lost ? "Then start it" : "Start deadlined");
}

static int recover_work(struct recover *recover, const struct args *args)
{
	recover_read_instance(recover->database, recover->instance);
	int status = recover_check_damaged(recover, args_has(args, "--force"));
	if (status == EX_OK && args->n_operands == 1)
		status = recover_try(recover, args->operands[0]) ? EX_OK : EX_NOINPUT;
	else if (status == EX_OK)
		status = recover_choose(recover);
	if (status != EX_OK)
		return status;
	recover_show_lost(recover);
	recover->sequence = store_lost_sequence(recover->database);
	status = recover_place(recover);
	if (status != EX_OK)
		return status;
	recover_say_next(recover);
	return recover_note(recover);
}

static int recover_run(struct session *session, const struct args *args)
{
	int status = session_read_conf(session), lock = -1;
	if (status != EX_OK)
		return status;
	char at[32];
	struct recover recover = {.session = session, .database = mem_dup(session->conf->database)};
	const struct civil now = zone_to_civil(zone_find("UTC"), session->now_utc);
	(void)snprintf(at, sizeof(at), "%04d%02d%02dT%02d%02d%02dZ", now.year, now.month, now.day, now.hour, now.minute,
		       (int)(session->now_utc % 60));
	recover.ready = mem_printf("%s.recovered", recover.database);
	recover.aside = mem_printf("%s.corrupt-%s", recover.database, at);
	umask(077);
	status = recover_lock(&recover, &lock);
	if (status == EX_OK) {
		struct stat file;
		char *lock_file = mem_printf("%s.lock", recover.database);
		recover.is_there = lstat(recover.database, &file) == 0;
		recover.owner = account_of_database(recover.database);
		status = recover_give(&recover, lock_file);
		free(lock_file);
	}
	if (status == EX_OK)
		status = recover_work(&recover, args);
	if (lock >= 0)
		(void)close(lock); /* gives the lock up */
	free(recover.database);
	free(recover.ready);
	free(recover.aside);
	free(recover.source);
	return status;
}

const struct command recover_command = {
	.name = "recover",
	.operands = "[FILE]",
	.max_operands = 1,
	.summary = "Put the latest good copy in the place of a damaged database",
	.help = "Needs deadlined stopped. FILE is a copy made by 'deadlinectl backup'; without it, the latest of the daily\n"
		"copies of this database that is good is taken. First it lists what was sent since the copy was made, which\n"
		"may be sent again, and what was changed, which is lost. The damaged files are kept, as\n"
		"DATABASE.corrupt-TIME.",
	COMMAND_OPTIONS(recover_options),
	.run = recover_run,
};
