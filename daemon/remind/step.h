/* step: one line of a policy as the steps it means.
 *
 *     LEADS before|after start|end [at HH:MM] [event time] [in digest] [to ROLES] [, then every LEAD [, at most N]]
 *
 * A lead is a number and a unit: m h are exact spans; d w mo go by the calendar, wd by the reader's working days. "at"
 * gives these a time of day, the reader's or, with "event time", the event's. "then every" goes on from the last lead:
 * towards the anchor before it, away from it after it, STEP_REPEAT_PRESET times unless "at most" says the total. */
#ifndef DEADLINED_REMIND_STEP_H
#define DEADLINED_REMIND_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "plan/role.h"

enum step_kind {
	STEP_REMIND,
	STEP_FIX_DATE, /* asks for the exact date, while only a window is known */
	STEP_OVERDUE,  /* after the end, while the task is open and nobody has acknowledged it */
	STEP_HANDOFF,  /* the last of a repeated overdue line: the supervisor decides, then silence */
	STEP_ESCALATE, /* to the supervisor, until it is acknowledged */
	STEP_KIND_MAX
};

/* "reminder", "fix_date", "overdue", "handoff", "escalation" */
const char *step_kind_name(enum step_kind kind);

enum step_unit { STEP_MINUTES, STEP_HOURS, STEP_DAYS, STEP_WEEKS, STEP_MONTHS, STEP_WORKING_DAYS };

enum {
	POLICY_STEPS_MAX = 64,
	STEP_TEXT_SIZE = 80,
	STEP_DEFAULT_AT_MINUTE = 9 * 60,
	STEP_REPEAT_PRESET = 8,
	STEP_COUNT_MAX = 1000,
};

struct step {
	enum step_kind kind;
	int count; /* 0..STEP_COUNT_MAX units */
	enum step_unit unit;
	bool is_after;             /* after the anchor, not before it */
	bool is_end;               /* the anchor is the period's end, not its start */
	int at_minute;             /* of the reader's day; -1 = not given */
	bool is_event_time;        /* at_minute is the event's local time */
	bool is_digest;            /* goes into the reader's digest and nowhere else */
	unsigned roles;            /* ROLE_BIT() of those it speaks to */
	char text[STEP_TEXT_SIZE]; /* "30d before start at 09:00", "overdue 1d after end": its identity in the ledger */
};

struct steps {
	struct step *items;
	size_t n;
};

/* Reads one line and appends its steps. Errors: -EINVAL, nothing is added then; err names the word and the cure. */
MUSTCHECK int steps_parse(struct steps *steps, enum step_kind kind, const char *text, struct err *err);

/* The kind that a text in the ledger stands for. */
enum step_kind step_text_kind(const char *text);

#endif
