#include "ctl/session.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ctl/known.h"
#include "ctl/output.h"
#include "service/folder.h"
#include "store/store_daily.h"
#include "store/store_ledger.h"
#include "store/store_task.h"

enum { SESSION_BUSY_MS = 5000, SESSION_USER_MAX = 64 };

/* systemd makes the folder for the unit, and only then. */
#define SESSION_ADVICE                                                                                                 \
	"start deadlined first (systemctl start deadlined), which makes it and its folder; without systemd, "          \
	"'deadlinectl add' and 'import' make it in a folder that is there"

int session_fail(int status, const struct err *err)
{
	switch (status) {
	case -EBUSY:
		output_complain("the database is busy, another program has been writing to it for %d s; try again (%s)",
				SESSION_BUSY_MS / 1000, err->text);
		return EX_TEMPFAIL;
	case -EUCLEAN:
	case -EPROTO:
	case -EEXIST:
	case -EINVAL:
		output_complain("%s", err->text);
		return EX_DATAERR;
	case -EACCES:
	case -EPERM:
	case -ELOOP:
		output_complain("%s", err->text);
		return EX_CANTCREAT;
	default:
		output_complain("%s", err->text);
		return EX_IOERR;
	}
}

int session_read_conf(struct session *session)
{
	struct problems problems = {0};
	session->conf = conf_read(session->conf_file, &problems);
	if (session->conf != NULL && session->conf->zone != NULL) {
		session->zone = zone_find(session->conf->zone);
		if (session->zone == NULL)
			problems_add(&problems, session->conf_file, conf_line(session->conf, "zone"),
				     "unknown time zone '%s': give a name such as Asia/Sakhalin", session->conf->zone);
	}

	int status = problems.n != 0 ? EX_CONFIG : EX_OK;
	problems_print(&problems, stderr);
	problems_done(&problems);
	return status;
}

/* A database that is gone must not come back empty. */
static int session_check_first(const struct session *session)
{
	const struct civil today = zone_to_civil(session->zone, session->now_utc);
	char day[CIVIL_DATE_SIZE];
	struct err err = {0};
	civil_format_date(&today, day);
	int status = store_check_first(session->conf->database, session->conf->backup_dir, day, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static int session_lack_database(const struct session *session)
{
	char *folder = folder_of(session->conf->database);
	if (folder_is_missing(folder) && !folder_is_of_systemd(folder)) {
		char *cure = folder_cure(folder);
		output_complain("database %s: there is none yet; %s, and start deadlined", session->conf->database,
				cure);
		free(cure);
	} else {
		output_complain("database %s: there is none yet; " SESSION_ADVICE, session->conf->database);
	}
	free(folder);
	return EX_IOERR;
}

int session_open(struct session *session, enum session_mode mode)
{
	static const enum store_mode store_modes[] = {
		[SESSION_READ] = STORE_READ,
		[SESSION_EDIT] = STORE_WRITE,
		[SESSION_CREATE] = STORE_WRITE,
		[SESSION_COPY] = STORE_MEMORY,
	};
	struct err err = {0};
	struct stat file;
	int status = session_read_conf(session);
	if (status != EX_OK)
		return status;
	status = session_check_first(session);
	if (status != EX_OK)
		return status;
	if (mode != SESSION_CREATE && stat(session->conf->database, &file) < 0 && errno == ENOENT)
		return session_lack_database(session);

	umask(077); /* whatever the caller's: the database holds addresses */
	status = store_open(session->conf->database, store_modes[mode], SESSION_BUSY_MS, &session->store, &err);
	if (status == -ENOENT)
		return session_lack_database(session);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* Edits of others that nobody has stamped yet keep the way they came. */
int session_begin_edit(struct session *session)
{
	struct err err = {0};
	int status = store_begin(session->store, &err);
	if (status == 0)
		status = store_ledger_stamp(session->store, NULL, NULL, session->now_utc, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static bool session_is_user_name(const char *name)
{
	return name != NULL && name[0] != '\0' && strlen(name) <= SESSION_USER_MAX &&
	       utf8_is_valid(name, strlen(name)) && utf8_find_control(name, false) < 0;
}

char *session_user(void)
{
	const char *sudo_user = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	if (session_is_user_name(sudo_user))
		return mem_dup(sudo_user);
	const struct passwd *entry = getpwuid(getuid());
	if (entry != NULL && session_is_user_name(entry->pw_name))
		return mem_dup(entry->pw_name);
	return mem_printf("uid %lu", (unsigned long)getuid());
}

int session_commit_edit(struct session *session)
{
	struct err err = {0};
	char *user = session_user();
	int status = store_ledger_stamp(session->store, user, "deadlinectl", session->now_utc, &err);
	free(user);
	if (status == 0)
		status = store_commit(session->store, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

void session_done(struct session *session)
{
	store_close(session->store);
	conf_free(session->conf);
	session->store = NULL;
	session->conf = NULL;
}

int session_fail_uid(struct session *session, const char *uid)
{
	struct strlist uids = {0};
	known_tasks(session->store, &uids);
	const char *nearest = known_nearest(&uids, uid);
	if (nearest != NULL)
		output_complain("there is no task '%s', did you mean '%s'?", uid, nearest);
	else
		output_complain("there is no task '%s'; 'deadlinectl list --all' shows them", uid);
	strlist_done(&uids);
	return EX_DATAERR;
}

int session_fail_person(struct session *session, const char *column, const char *id)
{
	struct strlist ids = {0};
	known_people(session->store, &ids);
	const char *nearest = known_nearest(&ids, id);
	if (nearest != NULL)
		output_complain("%s: there is no '%s', did you mean '%s'?", column, id, nearest);
	else
		output_complain("%s: there is no '%s'; 'deadlinectl people' shows them, a CSV file adds them", column,
				id);
	strlist_done(&ids);
	return EX_DATAERR;
}

int session_find_task(struct session *session, const char *uid, struct task *ret_task)
{
	struct err err = {0};
	int status = store_task_find(session->store, uid, ret_task, &err);
	if (status == -ENOENT)
		return session_fail_uid(session, uid);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}
