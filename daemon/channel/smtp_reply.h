/* smtp_reply: reads the replies of a mail server and says what they mean for a message. Pure.
 *
 * Happy path: the bytes of the connection go into smtp_reply_feed() until it has a whole reply, however many lines that
 * takes; smtp_classify() turns code, enhanced code (RFC 3463), stage and whom the words name into a verdict.
 * Failure modes: what is not a reply of RFC 5321 4.2, or more of it than anybody would send, is "broken": nothing more
 * can be understood on that connection. A long line or reply is cut, not refused, up to SMTP_REPLY_BYTES_MAX. */
#ifndef DEADLINED_CHANNEL_SMTP_REPLY_H
#define DEADLINED_CHANNEL_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "channel/channel.h"

enum {
	SMTP_REPLY_TEXT_MAX = 480,        /* of all lines joined; what is kept */
	SMTP_REPLY_LINE_MAX = 512,        /* RFC 5321 4.5.3.1.5; what is kept of a line */
	SMTP_REPLY_BYTES_MAX = 64 * 1024, /* what is read of one reply before the server is given up */
};

struct smtp_reply {
	int code;                           /* 200..599 */
	char text[SMTP_REPLY_TEXT_MAX + 1]; /* the lines without their codes, joined by blanks; any byte but 0 */
};

enum smtp_reply_state { SMTP_REPLY_MORE, SMTP_REPLY_COMPLETE, SMTP_REPLY_BROKEN };

struct smtp_reply_reader {
	struct smtp_reply reply; /* valid after SMTP_REPLY_COMPLETE, until the next call */
	char line[SMTP_REPLY_LINE_MAX + 1];
	size_t line_len;
	size_t n_bytes; /* of this reply */
	bool is_complete;
};

void smtp_reply_init(struct smtp_reply_reader *reader);
/* Eats bytes up to the end of one reply; *ret_used says how many. */
enum smtp_reply_state smtp_reply_feed(struct smtp_reply_reader *reader, const char *bytes, size_t len,
				      size_t *ret_used);

enum smtp_stage {
	SMTP_STAGE_CONNECT, /* greeting, EHLO, STARTTLS */
	SMTP_STAGE_AUTH,
	SMTP_STAGE_MAIL,
	SMTP_STAGE_RCPT,
	SMTP_STAGE_DATA,
	SMTP_STAGE_DOT, /* the message itself */
	SMTP_STAGE_MAX
};

/* "connection", "AUTH", "MAIL FROM", "RCPT TO", "DATA", "end of data" */
const char *smtp_stage_name(enum smtp_stage stage);

struct smtp_class {
	enum channel_verdict verdict;
	enum channel_blame blame;
};

/* What a refusal (4xx or 5xx) at a stage means for a message between these wire addresses; never CHANNEL_ACCEPTED or
 * CHANNEL_UNKNOWN: a refusal is certain. What is said of the sender is the channel's, what is said of the recipient
 * theirs. */
struct smtp_class smtp_classify(enum smtp_stage stage, const struct smtp_reply *reply, const char *from,
				const char *to);

/* The queue id in the words of an acceptance, "" when there is none: "Ok: queued as 4F1B2", "OK id=1tXyZ-0001". */
void smtp_reply_queue_id(const struct smtp_reply *reply, char *id, size_t size);

#endif
