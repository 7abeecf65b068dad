/* letter: from an outbox row to what a channel sends: the rows are read, the text is composed in the reader's language. */
#ifndef DEADLINED_SERVICE_LETTER_H
#define DEADLINED_SERVICE_LETTER_H

#include <stdint.h>

#include "channel/channel.h"
#include "message/compose.h"
#include "plan/person.h"
#include "plan/task.h"
#include "remind/digest.h"
#include "service/setup.h"
#include "store/store_message.h"
#include "store/store_reply.h"

struct letter_item;

struct letter {
	struct channel_message message; /* points into what follows */
	struct store_message row;
	struct person person;
	struct letter_item *items; /* the tasks it is about */
	size_t n_items;
	struct digest digest; /* what else a digest says: its items have become the letter's */
	char *notice;         /* the words of a notice; NULL for every other kind */
	struct compose_text text;
	char *calendar; /* NULL when it has none */
	struct store_reply reply;
	char key[96];
};

/* Reads message id and writes its letter; the caller frees it with letter_done(). Errors: those of the store; -ENODATA
 * the person has no address on the channel; -ENOMSG nothing is left to say, as in a digest whose last task is done. The
 * outbox must hear of them as a temporary failure: nothing is lost. */
MUSTCHECK int letter_write(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc,
			   struct letter *ret_letter, struct err *err);
void letter_done(struct letter *letter);

#endif
