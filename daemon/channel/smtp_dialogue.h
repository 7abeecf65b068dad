/* smtp_dialogue: one message's MAIL, RCPT, DATA and text as a state machine. Pure: it eats the bytes that the server
 * sent and says which bytes are next; sockets, TLS and clocks belong to who drives it.
 *
 * Happy path: start, write the output, feed what comes back, until is_over; then the verdict stands in result and
 * can_reuse says whether the connection may carry another message.
 * Failure modes: a refusal is classified by smtp_reply; what was pipelined behind it is drained, an unwanted 354 is
 * answered by a lone dot, and RSET makes the connection fit for the next message. A connection that is lost or too
 * slow is told by smtp_dialogue_lost(): CHANNEL_UNKNOWN when the final dot was out, CHANNEL_TEMPORARY before.
 * The one invariant: CHANNEL_UNKNOWN comes only after the last byte of text and dot went out, and CHANNEL_ACCEPTED only
 * from a 2xx that came after it. */
#ifndef DEADLINED_CHANNEL_SMTP_DIALOGUE_H
#define DEADLINED_CHANNEL_SMTP_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "channel/channel.h"
#include "channel/smtp_reply.h"

/* What the server announced in its reply to EHLO. */
struct smtp_features {
	bool has_pipelining;
	bool has_size;
	int64_t size_max; /* 0 = no limit announced */
	bool has_dsn;
	bool has_8bitmime;
	bool has_smtputf8;
};

/* Checked wire addresses; to may have letters outside ASCII before the @. id, of [0-9a-z.-], comes back in what the
 * server reports of the message later; NULL: none. */
struct smtp_envelope {
	const char *from, *to, *id;
};

enum smtp_step {
	SMTP_STEP_MAIL,
	SMTP_STEP_RCPT,
	SMTP_STEP_DATA,
	SMTP_STEP_BODY,     /* the text is going out; no reply may come */
	SMTP_STEP_DOT,      /* all of it is out: the server has the word */
	SMTP_STEP_VOID_DOT, /* an empty message without a recipient was ended; its reply means nothing */
	SMTP_STEP_RSET,
	SMTP_STEP_OVER,
};

struct smtp_dialogue {
	enum smtp_step step; /* what the next reply answers */
	bool is_over;
	bool is_decided;  /* result is final, only cleaning up is left */
	bool can_reuse;   /* when over: the connection is in the state it was before */
	bool can_repeat;  /* when over: the connection was at fault, and the server had taken nothing of this message */
	unsigned n_moves; /* grows with every reply and every byte that went out: the caller's timer starts anew */
	struct channel_result result;

	struct smtp_features features;
	struct buf commands; /* to be written */
	size_t commands_out; /* bytes of it that were */
	struct buf text; /* dot-stuffed, with the final dot, and behind that what smtp_dialogue_follow() put there */
	size_t text_out, text_end;
	bool is_followed;
	char *from, *to;
	bool needs_utf8;
	struct smtp_reply_reader reader;
};

/* Starts with the first commands in the output. mail is RFC 5322 text with CRLF line ends; it and the envelope are
 * copied. Over at once when the server announced that it takes no message of this size, or none to an address like
 * this. */
void smtp_dialogue_init(struct smtp_dialogue *dialogue, const struct smtp_features *features,
			const struct smtp_envelope *envelope, const char *mail, size_t len);
void smtp_dialogue_done(struct smtp_dialogue *dialogue);

/* What is to be written next; *ret_len is 0 when a reply must come first. Valid until the next call. */
const char *smtp_dialogue_output(const struct smtp_dialogue *dialogue, size_t *ret_len);
/* len bytes of the output were handed to the socket. */
void smtp_dialogue_sent(struct smtp_dialogue *dialogue, size_t len);

/* Bytes that the server sent. Returns how many of them were about this message: what is left is about the one behind
 * it. */
size_t smtp_dialogue_input(struct smtp_dialogue *dialogue, const char *bytes, size_t len);

/* Before the text begins: the first commands of the next message go out right behind it, as RFC 2920 3.1 allows to a
 * client of a server with PIPELINING. Nothing is put there when next is over already. */
void smtp_dialogue_follow(struct smtp_dialogue *dialogue, const struct smtp_dialogue *next);
/* When dialogue is over: next goes on with what went out of its commands. */
void smtp_dialogue_hand_over(const struct smtp_dialogue *dialogue, struct smtp_dialogue *next);
/* The connection is gone or its time is up; why is for the operator. Over afterwards. */
void smtp_dialogue_lost(struct smtp_dialogue *dialogue, const char *why);

/* We end it before any text was sent, for a reason of our own, with that verdict on the message. Over afterwards. */
void smtp_dialogue_give_up(struct smtp_dialogue *dialogue, enum channel_verdict verdict, const char *why);

/* Appends mail to out as it goes over the wire after DATA: dots doubled, the last line ended, the final dot. */
void smtp_dialogue_stuff(const char *mail, size_t len, struct buf *out);

#endif
