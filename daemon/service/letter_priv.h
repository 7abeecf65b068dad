/* letter_priv: what the files of a letter share: letter_read.c finds what it is about, letter_text.c writes its text,
 * letter_talk.c adds what people can answer with, letter.c makes a message of it. */
#ifndef DEADLINED_SERVICE_LETTER_PRIV_H
#define DEADLINED_SERVICE_LETTER_PRIV_H

#include "base/strlist.h"
#include "service/letter.h"

/* One task of a letter, and what its facts point to. */
struct letter_item {
	struct task task; /* with the period of the occurrence */
	const char *kind;
	const char *step;
	const char *occurrence;
	bool is_there; /* the task still has that date */
	int64_t due_utc;
	enum compose_section section;
	struct strlist responsible;
	char *deputy_for; /* name */
	const char *holiday_event, *holiday_reader;
};

/* Reads the row of a message, its reader, and the tasks it is about. Errors: as of letter_write(). */
MUSTCHECK int letter_read(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc,
			  struct letter *letter, struct err *err);

/* Writes the text of what was read. */
void letter_compose(const struct setup *setup, struct letter *letter, int64_t now_utc, bool wants_html);

#endif
