/* letter: from an outbox row to what a channel sends: the rows are read, the text is composed in the reader's
 * language. */
#ifndef DEADLINED_SERVICE_LETTER_H
#define DEADLINED_SERVICE_LETTER_H

#include <stdint.h>

#include "channel/channel.h"
#include "message/compose.h"
#include "plan/task.h"
#include "remind/digest.h"
#include "service/setup.h"
#include "store/store_letter.h"
#include "store/store_notice.h"
#include "store/store_reply.h"
#include "store/store_shown.h"
#include "talk/talk.h"

struct letter_item;
struct store_gone;

struct letter {
	struct channel_message message; /* points into what follows */
	struct store_letter row;        /* its tasks have become the items' */
	struct letter_item *items;      /* the tasks it is about */
	size_t n_items;
	size_t n_left_out[COMPOSE_SECTION_MAX]; /* of a digest: those that it only counts */
	struct store_gone *gone;                /* those that were deleted; their tasks have become the letter's */
	struct digest digest;                   /* what else a digest says: its items have become the letter's */
	char *notice;                           /* the words of a notice; NULL for every other kind */
	struct store_answer answer;             /* likewise of what is said to somebody who answered */
	bool is_closed; /* all its tasks are over: it says so in the place of a message about them */
	struct compose_text text;
	struct talk_buttons buttons;
	struct channel_button shown_buttons[TALK_BUTTONS_MAX]; /* the same, as the message has them */
	char remote_id[STORE_REMOTE_ID_SIZE];                  /* of the message that it takes the place of */
	char *thread_remote_id;                                /* of the thread that it stands in; NULL = none */
	char *calendar;                                        /* NULL when it has none */
	const char *calendar_method;
	struct store_reply reply;
	char key[96];
};

/* Reads message id and writes its letter; the caller frees it with letter_done(). Errors: those of the store; -ENODATA
 * the person has no address on the channel; -ENOMSG nothing is left to say, as in a digest whose last task is done. The
 * outbox must hear of them as a temporary failure: nothing is lost. */
MUSTCHECK int letter_write(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc,
			   struct letter *ret_letter, struct err *err);
/* What takes the place of a message that a messenger shows, as things stand now. Errors: the same; -ENOENT it is not
 * known to be shown; -ENOMSG its tasks are gone. */
MUSTCHECK int letter_write_edit(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc,
				struct letter *ret_letter, struct err *err);
void letter_done(struct letter *letter);

#endif
