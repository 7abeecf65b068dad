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
	const char *holiday_event, *holiday_reader;
	const char *deputy_for;
};

/* What a message says. Everything is borrowed, what is NULL or 0 is not said. */
struct compose_facts {
	/* About one task: "reminder"; "overdue"; "fix_date" asks for the exact date; "escalation" tells a supervisor;
	 * "handoff" does so for the last time; "moved" tells the new date. About several: "merged", "catch_up" after the
	 * service was down, "digest". About none: "notice" to the operator, "test". */
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
	const char *const *responsible; /* names of those whose task it is, for a supervisor */
	size_t n_responsible;
	const struct period *old_period; /* of a moved task, where it was before */
	const char *holiday_event;       /* why the deadline's day is not worked there, and at the reader's */
	const char *holiday_reader;
	const char *deputy_for; /* name of the person in whose place the reader gets this */
	const char *notice;     /* text for the operator, possibly several lines */
	bool is_held;           /* it waited for the reader's hours: late, but not by mistake. "merged" implies it */
};

/* The kind whose templates say it: facts->kind, but one task alone in a "merged" or "catch_up" reads like a message
 * of its own. */
const char *context_kind(const struct compose_facts *facts);

/* Every name there is. */
extern const char *const context_names[];
extern const size_t context_n_names;

/* Builds the data for a template; release with json_decref(). Errors: -EINVAL a zone that is not known, an item of a
 * digest without a section. */
MUSTCHECK int context_new(const struct compose_facts *facts, const struct language *language, json_t **ret_data,
			  struct err *err);

/* Appends text as valid UTF-8 without control characters, each of which becomes a blank; newlines stay when allow_lines
 * is true. */
void context_add_clean(const char *text, bool allow_lines, struct buf *out);

#endif
