/* compose: from the facts of a reminder to a subject and a text in the reader's language.
 *
 * The catalogue has the templates, context the names they use; here they become a message, whatever happens. */
#ifndef DEADLINED_MESSAGE_COMPOSE_H
#define DEADLINED_MESSAGE_COMPOSE_H

#include "base/err.h"
#include "message/catalog.h"
#include "message/context.h" /* struct compose_facts */

enum { COMPOSE_SUBJECT_MAX = 2048, COMPOSE_TEXT_MAX = 256 * 1024, COMPOSE_HTML_MAX = 512 * 1024 };
/* Of a digest so many tasks are shown that a mail program shows all of it: Gmail cuts off what is behind 102 KB. Other
 * messages about several tasks have all of them, and no HTML where it would be longer. */
enum { COMPOSE_ITEMS_MAX = 200, COMPOSE_HTML_SHOWN_MAX = 96 * 1024 };

struct compose_text {
	char *subject; /* one line, no control characters */
	char *text;    /* lines end in \n */
	char *html;    /* a whole document, when it was wanted and the language has a template; else NULL */
	char *problem; /* what err says: for the operator, once the message is written; NULL when nothing failed */
	const char *language; /* tag really used, owned by the catalogue; "und" for the built-in text */
};

/* Never fails: a template that cannot be rendered is replaced by a built-in plain text, and err (may be NULL) then says
 * why, so that the operator can be told; it is "" otherwise. When the HTML alone cannot be, it is left out, and err
 * says that. The subject is the same for all reminders of a task as
 * long as the templates say nothing in it that changes: mail programs make threads of equal subjects. */
void compose(const struct catalog *catalog, const struct compose_facts *facts, struct compose_text *ret_text,
	     struct err *err);
/* The subject alone, for a button or a few words: that of the built-in text is what the phrase is called. Returned
 * owned, never NULL. */
char *compose_line(const struct catalog *catalog, const struct compose_facts *facts, struct err *err);
void compose_text_done(struct compose_text *text);

#endif
