/* letter_priv: what the files of a letter share: letter_read.c finds what it is about, letter_text.c writes its text,
 * letter_talk.c adds what people can answer with, letter.c makes a message of it. */
#ifndef DEADLINED_SERVICE_LETTER_PRIV_H
#define DEADLINED_SERVICE_LETTER_PRIV_H

#include "base/strlist.h"
#include "service/letter.h"
#include "store/store_ledger.h"

/* One task of a letter, and what its facts point to. */
struct letter_item {
	struct task task; /* with the period of the occurrence */
	const char *kind;
	const char *step;
	const char *occurrence;
	bool is_there;                /* the task still has that date */
	bool is_cancelled;            /* the letter tells that it is */
	bool is_gone;                 /* the task was deleted */
	bool is_over;                 /* of a letter that takes the place of another: so is the date */
	struct store_closing closing; /* how it ended, when it is said to be over */
	bool is_moved;                /* of a letter that takes the place of another: it has new_key now */
	char new_key[PERIOD_KEY_SIZE];
	bool has_old_period;
	struct period old_period; /* of one that has moved: the date that the reader knows */
	int64_t due_utc;
	enum compose_section section;
	size_t n_overdue_dates; /* in a digest, of a repeating task */
	struct strlist responsible;
	char *deputy_for;                           /* name */
	const char *holiday_event, *holiday_reader; /* as in a compose_item */
	bool is_holiday_shared;
};

void letter_item_done(struct letter_item *item);

/* Reads the row of a message, its reader, and the tasks it is about. Errors: as of letter_write(). */
MUSTCHECK int letter_read(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc,
			  struct letter *letter, struct err *err);

/* One task more, which becomes the letter's. */
struct letter_item *letter_add_item(struct letter *letter, const struct task *task);

/* Of a message that was sent: the tasks that were deleted since. Before letter_read(). */
MUSTCHECK int letter_read_gone(struct store *store, int64_t id, struct letter *letter, struct err *err);

/* The words of a notice, or of an answer. */
MUSTCHECK int letter_read_notice(struct store *store, struct letter *letter, struct err *err);
void letter_take_answer(struct letter *letter);
/* The buttons that the channel can show under the letter. */
MUSTCHECK int letter_add_buttons(struct store *store, const struct setup *setup, const struct channel *channel,
				 struct letter *letter, int64_t now_utc, struct err *err);
/* Of a message that was sent: what is over is left out or said to be over, what has moved has its new date. */
MUSTCHECK int letter_update(struct store *store, struct letter *letter, struct err *err);

/* Writes the text of what was read, as the channel takes it; NULL: it is there no more. */
void letter_compose(const struct setup *setup, const struct channel *channel, struct letter *letter, int64_t now_utc);

#endif
