/* session: what the commands start from: the configuration, the database and the instant of this call.
 *
 * What goes wrong is printed here; the functions return an exit status of sysexits(3), 0 = go on. */
#ifndef DEADLINED_CTL_SESSION_H
#define DEADLINED_CTL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "plan/task.h"
#include "plan/zone.h"
#include "store/store.h"

struct session {
	const char *conf_file; /* borrowed */
	bool is_conf_given;    /* by -c */
	int64_t now_utc;
	struct conf *conf;
	const struct zone *zone; /* of the configuration: listings are printed in it */
	struct store *store;
};

/* Reads the configuration; EX_CONFIG when anything is wrong in what every command needs of it. */
MUSTCHECK int session_read_conf(struct session *session);

/* The same, then opens the database. Only SESSION_CREATE makes it; the others want it to exist. SESSION_COPY works on a
 * private copy in memory, which may have been of an older schema. */
enum session_mode { SESSION_READ, SESSION_EDIT, SESSION_CREATE, SESSION_COPY };
MUSTCHECK int session_open(struct session *session, enum session_mode mode);

/* A transaction of edits, and who made them for the ledger. What fails is undone by session_done(). */
MUSTCHECK int session_begin_edit(struct session *session);
MUSTCHECK int session_commit_edit(struct session *session);

/* Prints err and returns the exit status that goes with a negative errno of the store. */
int session_fail(int status, const struct err *err);

/* Closes everything; may be called at any time. */
void session_done(struct session *session);

/* Who works here, behind sudo too: the author of edits. Returns owned. */
char *session_user(void);

/* Complains that there is no such person, in that column or option. Returns EX_DATAERR. */
int session_fail_person(struct session *session, const char *column, const char *id);

/* The task with that uid; complains when there is none. The caller frees it with task_done(). Returns an exit
 * status. */
MUSTCHECK int session_find_task(struct session *session, const char *uid, struct task *ret_task);

/* Complains that there is no such task and what was perhaps meant. Returns EX_DATAERR. */
int session_fail_uid(struct session *session, const char *uid);

#endif
