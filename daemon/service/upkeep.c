#include "service/upkeep.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "plan/civil.h"
#include "remind/notice.h"
#include "service/folder.h"
#include "store/store_backup.h"
#include "store/store_daily.h"

enum {
	UPKEEP_RETRY_S = 3600,
	UPKEEP_SMALL = 32 << 20, /* bytes: looked through in a fraction of a second */
	UPKEEP_FOLDER_MODE = 0700,
};

enum upkeep_kind { UPKEEP_COPY, UPKEEP_INSPECT };

/* What the thread works on; the loop leaves it alone until is_done. */
struct upkeep_job {
	enum upkeep_kind kind;
	char *database, *folder, *state_dir;
	char day[CIVIL_DATE_SIZE], instance[STORE_INSTANCE_SIZE];
	int64_t keep, now_utc;

	int status;
	bool is_damaged; /* the database itself, not only a copy of it */
	struct err err;
	struct store_copied copied;
};

struct upkeep {
	struct upkeep_job job;
	pthread_t thread;
	bool is_running;
	atomic_bool is_done, is_cancelled;

	char day[CIVIL_DATE_SIZE]; /* whose copy is noted */
	int64_t made_utc;          /* a copy was made and is not known to be noted; -1 = none */
	int64_t retry_utc;         /* after a failure */
	char failure[sizeof(((struct err *)0)->text)];
};

/* ---- in the thread ------------------------------------------------------------------------------------------------ */

static bool upkeep_is_cancelled(void *arg)
{
	struct upkeep *upkeep = arg;
	return atomic_load(&upkeep->is_cancelled);
}

static bool upkeep_make(const char *folder)
{
	return mkdir(folder, UPKEEP_FOLDER_MODE) == 0 || errno == EEXIST;
}

/* And state_dir, when it is in that; any other may be a disk that is not mounted. */
static int upkeep_make_folder(const struct upkeep_job *job, struct err *err)
{
	char *parent = folder_of(job->folder), *cure = NULL;
	bool is_made = upkeep_make(job->folder);
	if (!is_made && errno == ENOENT && strcmp(parent, job->state_dir) == 0)
		is_made = upkeep_make(parent) && upkeep_make(job->folder);
	int status = is_made ? 0 : err_set(err, -errno, "folder %s: %s", job->folder, strerror(errno));
	if (status == -ENOENT) {
		cure = folder_cure(parent);
		(void)err_set(err, status, "%s", cure);
	}
	free(cure);
	free(parent);
	return status;
}

static int upkeep_inspect(struct upkeep *upkeep, struct err *err)
{
	int status = store_inspect(upkeep->job.database, true, upkeep_is_cancelled, upkeep, err);
	upkeep->job.is_damaged = status == -EUCLEAN;
	return status;
}

/* The copy is the database byte by byte: when it fails its check, either the database is at fault or the disk of the copy
 * is. */
static int upkeep_copy(struct upkeep *upkeep, struct err *err)
{
	struct upkeep_job *job = &upkeep->job;
	struct err of_database;
	bool may_replace = false;
	char *path = store_daily_path(job->folder, job->day, job->instance, &may_replace);
	const struct store_copy copy = {
		.from = job->database,
		.to = path,
		.may_replace = may_replace,
		.now_utc = job->now_utc,
		.is_cancelled = upkeep_is_cancelled,
		.arg = upkeep,
	};
	int status = store_copy(&copy, &job->copied, err);
	if (status == -EUCLEAN && upkeep_inspect(upkeep, &of_database) == -EUCLEAN)
		*err = of_database;
	free(path);
	return status;
}

static void *upkeep_run(void *arg)
{
	struct upkeep *upkeep = arg;
	struct upkeep_job *job = &upkeep->job;
	if (job->kind == UPKEEP_INSPECT) {
		job->status = upkeep_inspect(upkeep, &job->err);
	} else {
		job->status = upkeep_make_folder(job, &job->err);
		if (job->status == 0) /* what was cut off takes room */
			job->status = store_daily_prune(job->folder, job->day, job->instance, job->keep, &job->err);
		if (job->status == 0)
			job->status = upkeep_copy(upkeep, &job->err);
		if (job->status == -EEXIST) /* another database's, made meanwhile */
			job->status = upkeep_copy(upkeep, &job->err);
		if (job->status == 0)
			job->status = store_daily_prune(job->folder, job->day, job->instance, job->keep, &job->err);
	}
	atomic_store(&upkeep->is_done, true);
	return NULL;
}

/* ---- in the loop -------------------------------------------------------------------------------------------------- */

struct upkeep *upkeep_new(void)
{
	struct upkeep *upkeep = mem_zero(1, sizeof(*upkeep));
	upkeep->made_utc = -1;
	return upkeep;
}

static void upkeep_done_job(struct upkeep_job *job)
{
	free(job->database);
	free(job->folder);
	free(job->state_dir);
	job->database = job->folder = job->state_dir = NULL;
}

static void upkeep_join(struct upkeep *upkeep)
{
	(void)pthread_join(upkeep->thread, NULL); /* fails only for a thread that is not ours */
	upkeep->is_running = false;
}

void upkeep_free(struct upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	atomic_store(&upkeep->is_cancelled, true);
	if (upkeep->is_running)
		upkeep_join(upkeep);
	upkeep_done_job(&upkeep->job);
	free(upkeep);
}

/* Takes job. Signals are the loop's. */
static int upkeep_begin(struct upkeep *upkeep, const struct upkeep_job *job, struct err *err)
{
	sigset_t all, before;
	upkeep_done_job(&upkeep->job);
	upkeep->job = *job;
	atomic_store(&upkeep->is_done, false);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); /* fails only for a wrong first argument */
	int failed = pthread_create(&upkeep->thread, NULL, upkeep_run, upkeep);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	upkeep->is_running = failed == 0;
	return failed == 0 ? 0 : err_set(err, -failed, "no thread can be started: %s", strerror(failed));
}

int upkeep_start(struct upkeep *upkeep, const struct conf *conf, struct err *err)
{
	struct stat file;
	int status = 0;
	if (stat(conf->database, &file) == 0 && file.st_size <= UPKEEP_SMALL) {
		status = store_inspect(conf->database, true, NULL, NULL, err);
	} else {
		const struct upkeep_job job = {.kind = UPKEEP_INSPECT, .database = mem_dup(conf->database)};
		status = upkeep_begin(upkeep, &job, err);
	}
	if (status == 0 || status == -EUCLEAN)
		return status;
	log_warning("the database could not be looked through for damage: %s", err->text);
	return 0;
}

static void upkeep_fail(struct upkeep *upkeep, const char *why, int64_t now_utc)
{
	upkeep->retry_utc = now_utc + UPKEEP_RETRY_S;
	(void)snprintf(upkeep->failure, sizeof(upkeep->failure), "%s", why);
}

static int upkeep_collect(struct upkeep *upkeep, int64_t now_utc, struct err *err)
{
	const struct upkeep_job *job = &upkeep->job;
	upkeep_join(upkeep);
	if (job->is_damaged)
		return err_set(err, -EUCLEAN, "%s", job->err.text);
	if (job->kind == UPKEEP_INSPECT) {
		if (job->status < 0)
			log_warning("the database could not be looked through for damage: %s", job->err.text);
		return 0;
	}
	if (job->status < 0) {
		upkeep_fail(upkeep, job->err.text, now_utc);
		return 0;
	}
	upkeep->made_utc = job->now_utc;
	upkeep->failure[0] = '\0';
	log_info("daily copy of the database: %lld bytes in %s, checked", (long long)job->copied.size, job->folder);
	if (job->copied.n_dangling > 0)
		log_warning(
			"%lld %s to rows that are gone", (long long)job->copied.n_dangling,
			num_word(job->copied.n_dangling, "row of the database refers", "rows of the database refer"));
	return 0;
}

/* A pass may be undone after this: it counts as noted only once it is read back. */
static int upkeep_note(struct upkeep *upkeep, const struct planner *planner, struct store *store, const char *day,
		       int64_t now_utc, struct err *err)
{
	int64_t last = -1;
	int status = 0;
	if (upkeep->made_utc >= 0)
		status = store_backup_last(store, &last, err);
	if (status == 0 && upkeep->made_utc >= 0 && last != upkeep->made_utc)
		status = store_backup_note(store, upkeep->made_utc, err);
	else if (status == 0)
		upkeep->made_utc = -1;
	if (status < 0 || upkeep->failure[0] == '\0')
		return status;
	char *key = mem_printf("backup %s", day);
	char *text = mem_printf("The daily copy of the database could not be made: %s. It is tried every hour.",
				upkeep->failure);
	status = notice_once(planner, store, key, text, now_utc, err);
	free(text);
	free(key);
	return status;
}

static int upkeep_is_due(struct upkeep *upkeep, const struct setup *setup, struct store *store, const char *day,
			 int64_t now_utc, bool *ret_is_due, struct err *err)
{
	char last_day[CIVIL_DATE_SIZE] = "";
	int64_t last = -1;
	*ret_is_due = false;
	if (setup->conf->backup_keep == 0 || upkeep->made_utc >= 0 || strcmp(upkeep->day, day) == 0 ||
	    (now_utc < upkeep->retry_utc && upkeep->retry_utc - now_utc <= UPKEEP_RETRY_S))
		return 0;
	int status = store_backup_last(store, &last, err);
	if (status < 0)
		return status;
	if (last >= 0) {
		const struct civil made = zone_to_civil(setup->zone, last);
		civil_format_date(&made, last_day);
	}
	*ret_is_due = last < 0 || strcmp(last_day, day) != 0;
	if (!*ret_is_due)
		(void)snprintf(upkeep->day, sizeof(upkeep->day), "%s", day);
	return 0;
}

int upkeep_watch(struct upkeep *upkeep, const struct planner *planner, const struct setup *setup, struct store *store,
		 int64_t now_utc, struct err *err)
{
	const struct civil today = zone_to_civil(setup->zone, now_utc);
	char day[CIVIL_DATE_SIZE];
	bool is_due = false;
	struct err problem;
	int status = 0;
	civil_format_date(&today, day);
	if (upkeep->is_running && !atomic_load(&upkeep->is_done))
		return 0;
	if (upkeep->is_running)
		status = upkeep_collect(upkeep, now_utc, err);
	if (setup->conf->backup_keep == 0)
		upkeep->failure[0] = '\0'; /* no copy is wanted any more */
	if (status == 0)
		status = upkeep_note(upkeep, planner, store, day, now_utc, err);
	if (status == 0)
		status = upkeep_is_due(upkeep, setup, store, day, now_utc, &is_due, err);
	if (status < 0 || !is_due)
		return status;
	struct upkeep_job job = {
		.kind = UPKEEP_COPY,
		.database = mem_dup(setup->conf->database),
		.folder = mem_dup(setup->conf->backup_dir),
		.state_dir = mem_dup(setup->conf->state_dir),
		.keep = setup->conf->backup_keep,
		.now_utc = now_utc,
	};
	(void)snprintf(job.day, sizeof(job.day), "%s", day);
	(void)snprintf(job.instance, sizeof(job.instance), "%s", store_instance(store));
	if (upkeep_begin(upkeep, &job, &problem) < 0)
		upkeep_fail(upkeep, problem.text, now_utc);
	return 0;
}

int64_t upkeep_next_utc(const struct upkeep *upkeep, int64_t now_utc)
{
	return upkeep->is_running ? now_utc + 1 : STORE_NEVER;
}
