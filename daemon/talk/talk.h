/* talk: what an update of a messenger means: who wrote it, whether they are heard, and what is done and answered.
 *
 * Happy path: somebody presses "Done" under a reminder. Their address tells who they are; they take part in the task,
 * or stand in for somebody who does; the task is done, in the ledger under their name and through the channel's; the
 * button is answered with a few words.
 * Who is heard: the sender must be the address of an active person on that channel, and the chat that same address or
 * the one of another active person, a desk that several people read. Everybody else has no effect and is not answered,
 * unless what they write is "/start WORD" with the word of an invitation; for a button they get an empty toast or, in
 * the chat of an active person, the words that only people of the plan can press it.
 * What makes no sense is answered in words; what is pressed twice, or too late, too. Nothing here is an error but a
 * failure of the database.
 *
 * The data of a button is "<verb> <task's row> <occurrence's key>", at most TALK_DATA_MAX bytes. Anybody can forge it,
 * so it is only ever a question: what the sender may do is looked up each time. */
#ifndef DEADLINED_TALK_TALK_H
#define DEADLINED_TALK_TALK_H

#include <stdint.h>

#include "base/utf8.h"
#include "channel/listen.h"
#include "message/catalog.h"
#include "plan/person.h"
#include "plan/task.h"
#include "remind/planner.h"
#include "store/store.h"

/* Everything is borrowed. */
struct talk {
	struct store *store;
	const struct planner *planner; /* policies, calendars, operator, and every channel with its domain */
	const struct catalog *catalog;
	const char *default_language;
	const struct zone *default_zone;
	const char *bot; /* what commands for the channel that is heard have behind '@'; NULL: anything is for it */
	size_t text_max; /* how much that channel takes of a text, in text_unit; 0 = all of it */
	enum utf8_unit text_unit;
};

struct talk_reply {
	char *toast; /* for the button that was pressed, at most TALK_TOAST_MAX long; "": no words; NULL: no answer */
	/* Words for the chat that the update came from when that is nobody's address, as for an invitation that has run
	 * out: sent once, and not kept; NULL: none. */
	char *say;
};

enum { TALK_TOAST_MAX = 200, TALK_DATA_MAX = 64 };

/* Does what the update asks for. Runs inside the caller's transaction, which also stores from where to ask next; longer
 * answers are in the outbox then, as messages of kind "notice" that have a row of store_notice_load_answer(). update
 * and everything in it is borrowed. Errors: those of the store; the caller rolls back and hears the update again. */
MUSTCHECK int talk_hear(const struct talk *talk, const char *channel, const struct channel_update *update,
			int64_t now_utc, struct talk_reply *ret_reply, struct err *err);
void talk_reply_done(struct talk_reply *reply);

/* ---- buttons ---- */

enum { TALK_BUTTONS_MAX = 5 };

struct talk_button {
	char *label; /* in the reader's language */
	char data[TALK_DATA_MAX + 1];
};

struct talk_buttons {
	struct talk_button items[TALK_BUTTONS_MAX];
	size_t n;
};

/* The buttons under a message about one date of one task: none when the reader may only look, or the date is over and
 * done with. task has the period of that occurrence; occurrence is the key as the reminder has it. Of
 * talk, planner is not needed. Errors: those of the store. */
MUSTCHECK int talk_buttons(const struct talk *talk, const struct person *reader, const struct task *task,
			   const char *occurrence, int64_t now_utc, struct talk_buttons *ret_buttons, struct err *err);
/* The buttons of an answer from the text of its row, [["label", "data"], ...]; what makes no sense is left out. */
void talk_buttons_parse(const char *text, struct talk_buttons *ret_buttons);
void talk_buttons_done(struct talk_buttons *buttons);

#endif
