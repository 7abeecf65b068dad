/* compose: from the facts of a reminder to a subject and a text in the reader's language.
 *
 * Templates are files: <folder>/<language>/<kind>.subject.mustache and <kind>.text.mustache. They are compiled once by
 * catalog_load(). The names a template may use are listed in README of config/templates. */
#ifndef DEADLINED_MESSAGE_COMPOSE_H
#define DEADLINED_MESSAGE_COMPOSE_H

#include <stdint.h>

#include "base/err.h"
#include "conf/problem.h"
#include "message/language.h"
#include "plan/person.h"
#include "plan/task.h"

enum { COMPOSE_SUBJECT_MAX = 2048, COMPOSE_TEXT_MAX = 256 * 1024 };

struct catalog;

/* Loads every language found in folder, with every kind in each. Problems: a template that does not compile, a language
 * ICU does not know, a language without one of the kinds "reminder", "overdue", "test", a name that is unknown. Returns
 * owned, never NULL. */
struct catalog *catalog_load(const char *folder, struct problems *problems);
void catalog_free(struct catalog *catalog);
bool catalog_has_language(const struct catalog *catalog, const char *tag);
/* Nearest language of the catalogue to what was typed, or NULL: for "did you mean". */
const char *catalog_nearest_language(const struct catalog *catalog, const char *tag);

/* What a message says. Everything is borrowed. */
struct compose_facts {
	const char *kind; /* "reminder", "overdue", "test" */
	const struct task *task;     /* NULL for kind "test" */
	const struct person *person; /* the reader; its language falls back to default_language */
	const char *default_language;
	const char *step;   /* "30d before start at 09:00" */
	int64_t due_utc;    /* when the step was due */
	int64_t now_utc;    /* when the message is written: "in 3 days" counts from here, in the reader's zone */
	const char *channel; /* name of the channel, for the test message */
};

struct compose_text {
	char *subject; /* one line, no control characters */
	char *text;    /* lines end in \n */
	const char *language; /* tag really used; owned by the catalogue */
};

/* Never fails: a template that cannot be rendered is replaced by a built-in plain text, and err (may be NULL) then says
 * why, so that the operator can be told; it is "" otherwise. */
void compose(const struct catalog *catalog, const struct compose_facts *facts, struct compose_text *ret_text,
	     struct err *err);
void compose_text_done(struct compose_text *text);

#endif
