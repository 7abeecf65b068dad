/* store_letter: what a letter is written from, in two questions: a message with its reader, its reminders with their
 * tasks. */
#ifndef DEADLINED_STORE_STORE_LETTER_H
#define DEADLINED_STORE_STORE_LETTER_H

#include "plan/person.h"
#include "plan/task.h"
#include "store/store_message.h"

/* One reminder of a message. */
struct store_letter_part {
	struct store_reminder reminder; /* without task_uid; first, so that parts are sorted as reminders are */
	struct task task;
};

struct store_letter {
	int64_t id;
	char *channel, *kind;
	int64_t attempts;
	int64_t due_utc; /* of a held one, when the hold ends */
	bool is_urgent;
	char message_id[STORE_MESSAGE_ID_SIZE]; /* as in store_message, thread_id likewise */
	char thread_id[STORE_MESSAGE_ID_SIZE];
	struct person reader; /* who they are, their zone and calendar, and their address on that channel alone */
	struct store_letter_part *parts; /* the reminders that store_message has, in the same order */
	size_t n_parts;
};

/* The caller frees it with store_letter_done(). Errors: -ENOENT; -EUCLEAN a task has an impossible date. */
MUSTCHECK int store_letter_load(struct store *store, int64_t id, struct store_letter *ret_letter, struct err *err);
void store_letter_done(struct store_letter *letter);

/* The key that the date of the part had when whom it is meant for was last told of it, by another message and as
 * another date; "" when they were not, or it is not kept any more. Of a repeating task: that date alone, wherever it
 * was moved, or the one that the rule had on its day. */
MUSTCHECK int store_letter_told_before(struct store *store, const struct store_letter *letter,
				       const struct store_letter_part *part, char ret_key[PERIOD_KEY_SIZE],
				       struct err *err);

#endif
