/* listen: what people write to a channel, and the links that invite them to it.
 *
 * Happy path: the app asks channel_listen() for what came after next, gets it by the callback when there is something
 * or when the service has held the call long enough, applies all of it and stores its next in one transaction, and asks
 * again. So nothing is applied twice, and what was not stored comes again.
 * Failure modes: a call that fails says how, as the result of a message would; the app decides when to ask again. A
 * status of 409 means that somebody else listens to the same account. An update nobody can make sense of is left out,
 * and next is behind it all the same. */
#ifndef DEADLINED_CHANNEL_LISTEN_H
#define DEADLINED_CHANNEL_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "channel/channel.h"

enum channel_update_kind {
	CHANNEL_UPDATE_TEXT,   /* somebody wrote, or came by an invitation */
	CHANNEL_UPDATE_BUTTON, /* somebody pressed one */
	CHANNEL_UPDATE_GONE,   /* chat takes no more messages: its person, or sender in a group, stopped them */
	CHANNEL_UPDATE_BACK,   /* chat takes them again */
	CHANNEL_UPDATE_MAX
};

/* "text", "button", "gone", "back" */
const char *channel_update_name(enum channel_update_kind kind);

/* All texts are owned, valid UTF-8 and never NULL unless it says so. */
struct channel_update {
	enum channel_update_kind kind;
	char *sender, *chat; /* who, and where; both as an address of this channel is written */
	char *text;          /* what was written; the data of the button; "/start WORD" after an invitation; else "" */
	char *answer_id;     /* of a button: to answer it by; NULL = it has none */
	char *message_id;    /* of a button: the service's id of the message that it is under; NULL = unknown */
};

struct channel_updates {
	struct channel_update *items;
	size_t n;
	char *next; /* to ask from next time; NULL = from where this call did */
};

/* Free the content. */
void channel_update_done(struct channel_update *update);
void channel_updates_done(struct channel_updates *updates);

/* Whether the service tells what people write and the administrator wants it: updates = yes. */
bool channel_listens(const struct channel *channel);

/* Whose updates the channel hears: of another bot, or at another server, where to go on means nothing. A hash of all
 * that tells them apart, secrets among it; "" when nothing does. */
void channel_account(const struct channel *channel, char ret_account[CHANNEL_ACCOUNT_SIZE]);

/* One call for the updates behind next (borrowed; NULL or "" = from the start), held by the service until there are
 * some, on a connection of its own: nothing that is sent waits for it. Only one at a time, after channel_start() and
 * before channel_stop(). cb is called exactly once, never from inside; it may listen again at once. channel_stop() and
 * channel_free() end the call without it. */
void channel_listen(struct channel *channel, const char *next, channel_updates_cb cb, void *arg);

enum { CHANNEL_INVITE_WORD_MAX = 56 }; /* of [0-9A-Za-z_-] */

/* The link by which a person comes to the channel; the first update then has the text "/start WORD". Returns owned.
 * Errors: -ENOTSUP the messenger has no such links, or a setting for them is missing; -EINVAL word is none. */
MUSTCHECK int channel_invite_link(const struct channel *channel, const char *word, char **ret_link, struct err *err);

#endif
