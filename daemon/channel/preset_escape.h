/* preset_escape: a value made safe for the place it goes to. */
#ifndef DEADLINED_CHANNEL_PRESET_ESCAPE_H
#define DEADLINED_CHANNEL_PRESET_ESCAPE_H

#include "base/buf.h"

enum preset_escape {
	PRESET_PLAIN,         /* for the JSON writer, which quotes by itself; bytes that are no UTF-8 become U+FFFD */
	PRESET_TELEGRAM_HTML, /* & < > " : the entities Telegram's HTML mode knows */
	PRESET_HTML,          /* & < > " ' and line breaks, for a web page */
	PRESET_SLACK,         /* & < > */
	PRESET_MARKDOWN,      /* backslashes before what CommonMark takes for markup; nobody is called by "@all" */
	PRESET_CARD,          /* the same for Adaptive Cards, where a line ends with two line breaks */
	PRESET_LINE,          /* line breaks and runs of blanks become one blank */
	PRESET_MENTIONS,      /* "@all" and "<at ...>" call nobody; everything else as it is */
	PRESET_JSON,          /* for the inside of a string of JSON that is itself a value */
	PRESET_HEADER,        /* control characters become blanks */
	PRESET_PATH,          /* percent-encoded for one segment of a path */
	PRESET_QUERY,         /* percent-encoded for a query or a form */
};

/* Appends value. Bytes that are no UTF-8 become U+FFFD. */
void preset_escape_add(struct buf *out, const char *value, enum preset_escape escape);

/* Appends a line of text as the value of a header: as it is when it is ASCII, else in encoded words (RFC 2047). */
void preset_encode_words(struct buf *out, const char *line);

#endif
