/* status: what the command of that name has read, and what is wrong with it. For status*.c alone. */
#ifndef DEADLINED_CTL_STATUS_H
#define DEADLINED_CTL_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/strlist.h"
#include "ctl/session.h"
#include "service/lock.h"
#include "service/refusal.h"
#include "store/store_audit.h"
#include "store/store_channel.h"
#include "store/store_report.h"

struct status_channel {
	const char *name; /* borrowed from the configuration */
	struct store_channel known;
};

struct status_brake {
	char *what; /* "all messages", "channel email", "person anna" */
	int64_t tripped_utc;
};

struct status_suspension {
	char *person, *channel, *reason;
	int64_t since_utc; /* 0 = not known */
};

struct status {
	const struct session *session;
	struct instant now;
	bool is_running;
	pid_t pid;                       /* 0 when it cannot be told */
	char trouble[LOCK_TROUBLE_SIZE]; /* why the daemon cannot record anything; "" = it can */
	int64_t trouble_utc;             /* since when */
	bool is_read;                    /* the database; what follows is empty otherwise */
	struct store_counts counts;
	int64_t oldest_unsent_s;         /* -1: nothing due is waiting */
	int64_t step_late_s;             /* how long the first step that is due waits to be planned */
	int64_t next_wake_utc;           /* STORE_NEVER: nothing is to come */
	struct status_channel *channels; /* of the configuration */
	size_t n_channels;
	struct strlist strange; /* channels with messages waiting that the configuration does not have */
	struct status_brake *brakes;
	size_t n_brakes;
	struct store_unreached unreached; /* of the last week */
	struct store_died died;           /* of the last day */
	struct store_unplanned unplanned;
	struct status_suspension *suspended; /* addresses that nothing is sent to */
	size_t n_suspended;
	struct store_audit audit;
	int64_t backup_utc; /* -1: never */
	int64_t disk_free;  /* bytes; -1 when it cannot be told */
	bool is_clock_set, is_clock_trusted;
	struct refusal refusal;
	struct strlist calendars; /* warnings of them */

	struct strlist warnings, criticals; /* filled by status_judge() */
};

/* 0 all is well, 1 a warning, 2 critical: the exit status of the command, as monitoring wants it. */
int status_level(const struct status *status);
const char *status_level_name(int level);

/* What is wrong, in sentences. */
void status_judge(struct status *status);

void status_print_json(const struct status *status);
void status_print_text(const struct status *status);

/* "2 d 3 h", "3 h 5 min", "5 min 7 s" */
enum { STATUS_AGE_SIZE = 64 };
void status_format_age(int64_t s, char text[STATUS_AGE_SIZE]);

#endif
