/* escape: makes a value safe for the place it is put at, so that it is read there as the text it is. */
#ifndef DEADLINED_MESSAGE_ESCAPE_H
#define DEADLINED_MESSAGE_ESCAPE_H

#include <stddef.h>

#include "base/buf.h"

enum escape {
	ESCAPE_PLAIN,             /* as it is */
	ESCAPE_HTML,              /* & < > " ' */
	ESCAPE_TELEGRAM_HTML,     /* & < > " : the entities Telegram's HTML mode knows */
	ESCAPE_JSON,              /* inside the quotes of a JSON string */
	ESCAPE_HEADER,            /* every control character, newlines included, becomes a blank */
	ESCAPE_URL,               /* percent-encoded, unreserved characters of RFC 3986 stay */
	ESCAPE_MARKDOWN,          /* CommonMark, as Mattermost, Zulip and Rocket.Chat read it */
	ESCAPE_DISCORD,           /* the same where entities are not known */
	ESCAPE_TELEGRAM_MARKDOWN, /* MarkdownV2 */
	ESCAPE_SLACK,             /* mrkdwn: & < > ; its asterisks have no escape */
	ESCAPE_MAX
};

/* "plain", "html", "telegram-html", ... */
const char *escape_name(enum escape escape);
/* The escape of that name, ESCAPE_MAX when there is none. */
enum escape escape_find(const char *name);

/* Appends len bytes of text, which is valid UTF-8. */
void escape_add(enum escape escape, const char *text, size_t len, struct buf *out);

#endif
