/* store_reply: whom an answer to a message about a task should reach. */
#ifndef DEADLINED_STORE_STORE_REPLY_H
#define DEADLINED_STORE_STORE_REPLY_H

#include <stdint.h>

#include "store/store.h"

struct store_reply {
	char *person, *name, *address; /* all NULL: nobody */
};

/* The one who is responsible for the task and can be reached on the channel; nobody when there are several. The caller
 * frees it with store_reply_done(). */
MUSTCHECK int store_reply_find(struct store *store, int64_t task, const char *channel, struct store_reply *ret_reply,
			       struct err *err);
void store_reply_done(struct store_reply *reply);

#endif
