/* context: the names a template may use and what they stand for in one message.
 *
 * config/templates/README.md describes every name for the people who write templates; a test keeps the two lists equal.
 * A name that has nothing to say is left out, so that {{#place}}...{{/place}} asks whether there is a place. */
#ifndef DEADLINED_MESSAGE_CONTEXT_H
#define DEADLINED_MESSAGE_CONTEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "message/language.h"
#include "plan/person.h"
#include "plan/task.h"

/* Where in a digest a task stands. */
enum compose_section {
	COMPOSE_SECTION_NONE,
	COMPOSE_SECTION_OVERDUE,
	COMPOSE_SECTION_TODAY,
	COMPOSE_SECTION_WEEK,
	COMPOSE_SECTION_OPENING, /* a window that opens soon */
	COMPOSE_SECTION_MAX
};

/* One of several tasks in a message. What is NULL is not known and not said. */
struct compose_item {
	const struct task *task;
	const char *kind; /* of the single message it would be; NULL = "reminder" */
	const char *step;
	int64_t due_utc;                /* 0 = not known */
	enum compose_section section;   /* every item of a digest has one */
	const char *const *responsible; /* names; n_responsible of them */
	size_t n_responsible;
	const struct period *old_period;
	const char *holiday_event, *holiday_reader; /* "" = a day off that has no name */
	bool is_holiday_shared; /* the reader follows the event's calendar: holiday_event holds for both */
	const char *deputy_for;
	size_t n_overdue_dates; /* of a repeating task: its date is the latest of so many */
};

enum { CONTEXT_LATE_S = 3600 }; /* a message that comes later than this says so */

/* Somebody who is not written to on a channel any more. */
struct compose_unreachable {
	const char *name, *channel, *why;
	bool is_reached; /* on another channel */
};

/* What a message says. Everything is borrowed, what is NULL or 0 is not said. */
struct compose_facts {
	/* About one task: "reminder"; "overdue"; "fix_date" asks for the exact date; "escalation" tells a supervisor;
	 * "handoff" does so for the last time; "moved" tells the new date. About several: "merged", "catch_up" after
	 * the service was down, "digest". About none: "notice" to the operator, "test". "closed" takes the place of a
	 * message that is shown when its task is over; "answer" is said to somebody who answered, about one task or
	 * none. */
	const char *kind;
	const struct task *task;      /* for kinds about one task */
	const struct person *person;  /* the reader; NULL for a message to a bare address, which then reads UTC */
	const char *default_language; /* for a reader whose language has no templates */
	const char *step;             /* "30d before start at 09:00" */
	int64_t due_utc;              /* when the step was due; 0 = not known */
	int64_t now_utc;     /* when the message is written: "in 3 days" counts from here, in the reader's zone */
	const char *channel; /* name of the channel, for the test message */

	const struct compose_item
		*items; /* for kinds about several tasks; in a digest each section keeps their order */
	size_t n_items;
	size_t max_items;                       /* so many are shown at most, the others are only counted; 0 = all */
	size_t n_left_out[COMPOSE_SECTION_MAX]; /* in a digest: counted, but not among the items */
	const struct compose_unreachable *unreachable; /* in a digest: people of the reader's tasks */
	size_t n_unreachable;
	const char *const *responsible; /* names of those whose task it is, for a supervisor */
	size_t n_responsible;
	const struct period *old_period; /* of a moved task, where it was before */
	const char *holiday_event; /* why the deadline's day is not worked there, and at the reader's; as in an item */
	const char *holiday_reader;
	bool is_holiday_shared;
	const char *deputy_for;           /* name of the person in whose place the reader gets this */
	const char *notice;               /* text for the operator, possibly several lines */
	const char *says;                 /* name of a phrase (phrase.h), for an answer */
	const struct period *answer_date; /* the date that it names, on whose clock it is meant */
	const char *closed_how;           /* "done", "cancel", "delete": as the ledger has it */
	const char *closed_by;            /* name of who did */
	int64_t closed_utc;
	bool is_one_date; /* one date of a repeating task is closed, not all of it */
	bool is_held;     /* it waited for the reader's hours: late, but not by mistake */
	bool wants_html;  /* the message goes to people who may see it: a mail */
	size_t text_max;  /* how much of a text is taken where it goes, in text_unit; 0 = all of it */
	enum utf8_unit text_unit;
};

/* The kind whose templates say it: facts->kind, but one task alone in a "merged" or "catch_up" reads like a message
 * of its own. */
const char *context_kind(const struct compose_facts *facts);

/* Every name there is. */
enum context_name {
	/* clang-format off */
	/* a task */
	CONTEXT_TITLE, CONTEXT_PLACE, CONTEXT_NOTE, CONTEXT_UID, CONTEXT_STEP, CONTEXT_RESPONSIBLE,
	CONTEXT_DEPUTY_FOR, CONTEXT_OLD_PERIOD, CONTEXT_HOLIDAY_EVENT, CONTEXT_HOLIDAY_READER, CONTEXT_EVENT_PERIOD,
	CONTEXT_EVENT_ZONE, CONTEXT_EVENT_OFFSET, CONTEXT_YOUR_PERIOD, CONTEXT_YOUR_ZONE, CONTEXT_YOUR_OFFSET,
	CONTEXT_STARTS_ON, CONTEXT_STARTS_IN, CONTEXT_ENDS_ON, CONTEXT_ENDS_IN, CONTEXT_DAYS_LEFT,
	CONTEXT_OVERDUE_BY, CONTEXT_LATE_BY, CONTEXT_IS_MINUTE, CONTEXT_IS_DAY, CONTEXT_IS_SPAN, CONTEXT_IS_LIMIT,
	CONTEXT_IS_WINDOW, CONTEXT_IS_UPCOMING, CONTEXT_IS_RUNNING, CONTEXT_IS_OVERDUE, CONTEXT_ZONES_DIFFER,
	CONTEXT_IS_DAY_OFF, CONTEXT_IS_DAY_OFF_THERE, CONTEXT_IS_DAY_OFF_HERE,
	CONTEXT_IS_LATE, CONTEXT_IS_HELD, CONTEXT_ASKS_DATE, CONTEXT_IS_MOVED, CONTEXT_IS_ESCALATION,
	CONTEXT_IS_HANDOFF, CONTEXT_SAYS_OVERDUE, CONTEXT_IS_LISTED, CONTEXT_NOTE_LINES, CONTEXT_OVERDUE_DATES,
	/* the message */
	CONTEXT_PERSON_NAME, CONTEXT_CHANNEL, CONTEXT_NOW, CONTEXT_DATE, CONTEXT_SHORT_DATE, CONTEXT_NOTICE,
	CONTEXT_NOTICE_LINE, CONTEXT_NOTICE_LINES, CONTEXT_LANGUAGE, CONTEXT_SAYS, CONTEXT_ANSWER_DATE,
	CONTEXT_IS_DONE, CONTEXT_IS_CANCELLED, CONTEXT_IS_DELETED, CONTEXT_IS_ONE_DATE, CONTEXT_CLOSED_BY,
	CONTEXT_CLOSED_ON,
	/* several tasks */
	CONTEXT_ITEMS, CONTEXT_OVERDUE, CONTEXT_TODAY, CONTEXT_THIS_WEEK, CONTEXT_OPENING, CONTEXT_HAS_OVERDUE,
	CONTEXT_HAS_TODAY, CONTEXT_HAS_THIS_WEEK, CONTEXT_HAS_OPENING, CONTEXT_ITEMS_COUNT, CONTEXT_COUNTS,
	CONTEXT_NUMBER, CONTEXT_ZERO, CONTEXT_ONE, CONTEXT_TWO, CONTEXT_FEW, CONTEXT_MANY, CONTEXT_OTHER,
	CONTEXT_OF_OVERDUE, CONTEXT_OF_TODAY, CONTEXT_OF_THIS_WEEK, CONTEXT_OF_OPENING, CONTEXT_IS_LAST,
	CONTEXT_HAS_UNREACHABLE, CONTEXT_UNREACHABLE, CONTEXT_WHO, CONTEXT_WHY, CONTEXT_IS_REACHED,
	CONTEXT_MORE, CONTEXT_MORE_OVERDUE, CONTEXT_MORE_TODAY, CONTEXT_MORE_THIS_WEEK, CONTEXT_MORE_OPENING,
	/* clang-format on */
	CONTEXT_NAME_MAX
};
extern const char *const context_names[CONTEXT_NAME_MAX];

/* Names that are needed: what nobody asks for is not made. */
struct context_wanted {
	bool is_wanted[CONTEXT_NAME_MAX];
};

/* What the names stand for, NULL: nothing. Within a list every item is an object of names. */
struct context_values {
	json_t *of[CONTEXT_NAME_MAX];
};

/* Makes the data for a template, of the wanted names alone; NULL wants all. Errors: -EINVAL a zone that is not known,
 * an item of a digest without a section. */
MUSTCHECK int context_values_init(const struct compose_facts *facts, const struct language *language,
				  const struct context_wanted *wanted, struct context_values *ret_values,
				  struct err *err);
void context_values_done(struct context_values *values);

/* Appends text as valid UTF-8 without control characters, each of which becomes a blank; newlines stay when allow_lines
 * is true. */
void context_add_clean(const char *text, bool allow_lines, struct buf *out);

#endif
