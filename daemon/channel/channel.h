/* channel: how a message leaves. One interface for SMTP, HTTP messengers, the Maildir and programs.
 *
 * Happy path: the app asks channel_room() how many messages may start, hands over that many with channel_send(), and
 * gets each result by the done callback: from inside channel_send() when the channel is done at once, from the event
 * loop later otherwise, exactly once per message. The callback only notes the result; the app settles it in its next
 * round, outside of any library's callback, and says with channel_resume() that it is recorded.
 * A channel may take more messages than it has connections, so that the next one is at hand when one ends: it begins
 * the text of such a message only when every result before it on that connection is recorded. So however the process
 * ends, no more messages can have been accepted without a record of it than there are connections.
 * On shutdown and reload: channel_stop(), let the loop run until channel_in_flight() is 0 or the grace period ends,
 * then channel_free(), which gives up what is left without a result: channel_may_have() says before what that would
 * be. */
#ifndef DEADLINED_CHANNEL_CHANNEL_H
#define DEADLINED_CHANNEL_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "conf/option.h"
#include "conf/problem.h"
#include "plan/person.h"

struct transfer;

enum channel_verdict {
	CHANNEL_ACCEPTED,  /* the peer took responsibility */
	CHANNEL_TEMPORARY, /* certainly not accepted; worth another try */
	CHANNEL_THROTTLED, /* certainly not accepted, and no attempt that counts: the peer asks to wait */
	CHANNEL_PERMANENT, /* certainly not accepted; another try would end the same */
	CHANNEL_UNKNOWN,   /* may have been accepted: the reply was lost */
	CHANNEL_VERDICT_MAX
};

/* "accepted", "temporary", "throttled", "permanent", "unknown" */
const char *channel_verdict_name(enum channel_verdict verdict);

/* What is asked of the service. */
enum channel_act {
	CHANNEL_SEND,
	CHANNEL_EDIT,   /* a message that it has: other words, and the buttons given here or none */
	CHANNEL_ANSWER, /* a button that was pressed: a few words to whoever pressed it */
	CHANNEL_ACT_MAX
};

/* "send", "edit", "answer" */
const char *channel_act_name(enum channel_act act);

/* Whose fault a failure is: decides what else must wait. */
enum channel_blame {
	CHANNEL_BLAME_MESSAGE,   /* this message only */
	CHANNEL_BLAME_RECIPIENT, /* this address: no such mailbox, bot blocked */
	CHANNEL_BLAME_CHANNEL,   /* the server, the credentials, the configuration: every message would fail alike */
};

struct channel_result {
	enum channel_verdict verdict;
	enum channel_blame blame;
	int code;                      /* SMTP or HTTP status, 0 when there was none */
	int64_t retry_after_s;         /* for CHANNEL_THROTTLED: how long the peer asks to wait; 0 = it does not say */
	char reply[512];               /* the peer's words or ours, redacted, one line */
	char remote_id[128];           /* the peer's id of the message, "" when it gave none */
	char thread_remote_id[128];    /* what a later message of the same thread refers to, likewise */
	int64_t certificate_until_utc; /* how long the server's certificate lasts; 0 when it showed none this time */
	enum channel_act act;          /* of the message */
	char moved_to[PERSON_ADDRESS_MAX + 1]; /* the address that takes the recipient's place; "" = it has not moved */
};

enum { CHANNEL_BUTTON_DATA_MAX = 64 }; /* bytes: what the strictest service takes */

/* Under a message; data comes back when it is pressed. One whose data is longer is left out: no message is lost for
 * it. */
struct channel_button {
	const char *label, *data;
};

/* What is sent; everything is borrowed until channel_send() returns. */
struct channel_message {
	int64_t id;             /* outbox row, handed back with the result */
	const char *kind;       /* "single", "merged", "digest", "catch_up", "notice", "test" */
	const char *person;     /* id of the reader */
	const char *to_address; /* address on this channel */
	const char *to_name;
	const char *subject;
	const char *text;
	const char *html;     /* the same as a whole HTML document; NULL: none, or the channel does not want it */
	const char *calendar; /* the one date it is about as iCalendar; NULL likewise */
	const char *calendar_method;  /* "PUBLISH" or "CANCEL" */
	const char *reply_to_name;    /* may be NULL or "" */
	const char *reply_to_address; /* whom an answer should reach; NULL: nobody in particular */
	bool is_urgent;
	const char *language;
	const char *message_id;       /* without <>; the same on every attempt */
	const char *thread_id;        /* message_id of the first message about the same task, NULL for that one */
	const char *thread_remote_id; /* what the result of that one said; NULL = nothing, or to another address */
	const char *key;              /* idempotency key, [0-9a-z.-]{1,64}; the same on every attempt */
	int64_t attempt;              /* 1 for the first; 0 = unknown, there may have been others */
	const char *task_uid;         /* NULL when it is about none or several */
	int64_t date_utc;             /* for the Date header */
	int date_offset_s;
	enum channel_act act;                 /* CHANNEL_SEND unless the channel can more; all need to_address */
	const char *remote_id;                /* of CHANNEL_EDIT: what the result of the sending said */
	const char *answer_id;                /* of CHANNEL_ANSWER: that of the update; text is what is said */
	const struct channel_button *buttons; /* left out by a channel that has none */
	size_t n_buttons;
};

struct channel;
struct channel_updates;

/* See listen.h. */
typedef void (*channel_updates_cb)(void *arg, struct channel_updates *updates, const struct channel_result *failure);

/* Whether a message that has not begun need not be sent any more as it is. */
typedef bool (*channel_recall_cb)(void *arg, int64_t message_id);

enum { CHANNEL_ACCOUNT_SIZE = 33 }; /* see listen.h */

struct channel_ops {
	const char *type; /* as in the INI: "smtp", "http", "maildir", "pipe" */
	bool is_local;    /* reaches no network: a rehearsal may deliver through it */
	bool (*check_address)(const struct channel *channel, const char *address, struct err *err);
	bool does_check; /* send() judges the address itself, with what it makes of it anyway */
	void (*send)(struct channel *channel, const struct channel_message *message);
	unsigned (*room)(const struct channel *channel);
	void (*resume)(struct channel *channel); /* NULL: it never waits for that */
	void (*recall)(struct channel *channel, channel_recall_cb is_over,
		       void *arg);                                           /* NULL: nothing ever waits in it */
	bool (*may_have)(const struct channel *channel, int64_t message_id); /* NULL: nobody knows */
	void (*account)(const struct channel *channel,
			char ret_account[CHANNEL_ACCOUNT_SIZE]); /* NULL: it never listens; likewise below */
	void (*listen)(struct channel *channel, const char *next, channel_updates_cb cb, void *arg);
	int (*invite_link)(const struct channel *channel, const char *word, char **ret_link, struct err *err);
	void (*stop)(struct channel *channel);
	void (*free)(struct channel *channel); /* what is its own; name and domain are channel_free()'s */
};

typedef void (*channel_done_cb)(void *arg, int64_t message_id, const struct channel_result *result);

/* First member of every channel's own struct. name and domain belong to channel.c: it sets the name after the channel's
 * own _new() and frees both before ops->free() frees the struct. _new() sets ops, domain, rates and what it wants. */
struct channel {
	const struct channel_ops *ops;
	char *name;                   /* NAME of [channel NAME] */
	char *domain;                 /* right part of the Message-IDs of this channel */
	struct option_rate rate;      /* messages per time that the administrator allows; kept by the app */
	struct option_rate rate_each; /* likewise to one address; then never two at once */
	size_t text_max;              /* how much of a text the service takes, the rest is cut off; 0 = all of it */
	enum utf8_unit text_unit;     /* of text_max */
	bool wants_reply_to;          /* a mail: an answer can go to somebody else than its sender */
	const char *sender_name;      /* a mail: who it is from, NULL or "" = no name; the channel's own */
	const char *sender_address;   /* NULL: not a mail */
	bool wants_html;              /* a mail: it carries HTML and a calendar beside the text */
	bool has_buttons;             /* a message can carry some */
	bool has_threads;             /* its results say what a later message of the same thread refers to */
	bool can_edit, can_answer;    /* CHANNEL_EDIT and CHANNEL_ANSWER; otherwise they are CHANNEL_PERMANENT */
	bool listens;                 /* channel_listen() may be called; see listen.h */
	const char *bot;              /* how people call it behind '@' in a group; NULL = nobody said */
	struct transfer *transfer;    /* borrowed, from channel_start(); NULL for a local channel */
	channel_done_cb done;
	void *done_arg;
	unsigned in_flight; /* messages handed over whose result is not out yet */
};

/* Makes the channel that a [channel NAME] section describes. Problems (unknown type or key, bad values, unreadable
 * secrets, a bad preset) are added to problems; returns owned, or NULL when there were any. Nothing is connected and
 * nothing is opened yet: --check uses the same call. */
struct channel *channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems);

/* Must come before the first channel_send(): where results go, and what carries the transfers (borrowed; may be NULL
 * for a local channel). */
void channel_start(struct channel *channel, struct transfer *transfer, channel_done_cb done, void *done_arg);

/* True when address can be used on this channel; err says what is wrong and what would be right. */
bool channel_check_address(const struct channel *channel, const char *address, struct err *err);
/* An address that cannot be used is CHANNEL_PERMANENT, and the recipient's. */
void channel_send(struct channel *channel, const struct channel_message *message);
/* How many more messages may be handed over now; 0 after channel_stop(). */
unsigned channel_room(const struct channel *channel);
unsigned channel_in_flight(const struct channel *channel);
/* Every result that was handed out is recorded. */
void channel_resume(struct channel *channel);
/* Of what waits for a connection, or its server, gives back what is_over says before its text begins:
 * CHANNEL_THROTTLED, to be looked at anew. */
void channel_recall(struct channel *channel, channel_recall_cb is_over, void *arg);
/* Whether the peer may have accepted a message whose result is not out: true unless it certainly has not. */
bool channel_may_have(const struct channel *channel, int64_t message_id);
void channel_stop(struct channel *channel);
/* Frees it, secrets overwritten; NULL is legal. */
void channel_free(struct channel *channel);

/* For the channels themselves: fills a result; reply may hold anything, it is cut, made one line and redacted. */
void channel_result_set(struct channel_result *result, enum channel_verdict verdict, enum channel_blame blame, int code,
			const char *reply);
/* For the channels themselves: counts the message out and hands the result over. */
void channel_finish(struct channel *channel, int64_t message_id, const struct channel_result *result);

#endif
