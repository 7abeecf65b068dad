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

/* What a message says. Everything is borrowed. */
struct compose_facts {
	const char *kind;             /* "reminder", "overdue", "test" */
	const struct task *task;      /* NULL for kind "test" */
	const struct person *person;  /* the reader; NULL for a test to a bare address, which then reads UTC */
	const char *default_language; /* for a reader whose language has no templates */
	const char *step;             /* "30d before start at 09:00" */
	int64_t due_utc;              /* when the step was due */
	int64_t now_utc;     /* when the message is written: "in 3 days" counts from here, in the reader's zone */
	const char *channel; /* name of the channel, for the test message */
};

/* Every name there is. */
extern const char *const context_names[];
extern const size_t context_n_names;

/* Builds the data for a template; release with json_decref(). Errors: -EINVAL a zone that is not known. */
MUSTCHECK int context_new(const struct compose_facts *facts, const struct language *language, json_t **ret_data,
			  struct err *err);

/* Appends text as valid UTF-8 without control characters, each of which becomes a blank; newlines stay when allow_lines
 * is true. */
void context_add_clean(const char *text, bool allow_lines, struct buf *out);

#endif
