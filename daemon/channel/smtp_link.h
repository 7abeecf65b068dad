/* smtp_link: one connection to a mail server, from connecting to QUIT, with one message after the other.
 *
 * Happy path: libcurl connects (TCP, TLS or STARTTLS, EHLO, AUTH); smtp_dialogue speaks from there on, over
 * curl_easy_send() and curl_easy_recv(), on the socket that a transfer_watch watches; the outcome goes to the owner;
 * the link is idle until its next message, and says QUIT when none comes.
 * Failure modes: no connection, no TLS, no AUTH: the message's outcome is TEMPORARY with the channel to blame, and the
 * link is closed. Each wait has an end (struct smtp_limits); it is counted anew when a reply is complete or bytes went
 * out, not at every byte that drips in.
 * A message that is held goes as far as DATA; its text waits for smtp_link_go_on(). One that is recalled by then costs
 * the connection, because the server waits for a text. To a server with PIPELINING, the first
 * commands of the message behind it go out together with the text of the one before: one round trip a message instead
 * of two. When the server takes its time with the one, the other is given back. */
#ifndef DEADLINED_CHANNEL_SMTP_LINK_H
#define DEADLINED_CHANNEL_SMTP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "channel/channel.h"
#include "channel/transfer.h"

struct smtp_limits {
	int64_t connect_ms; /* name and TCP */
	int64_t hello_ms;   /* from there to the end of AUTH */
	int64_t command_ms; /* MAIL, RCPT */
	int64_t data_ms;    /* DATA */
	int64_t text_ms;    /* between two writes of the message */
	int64_t dot_ms;     /* after it */
	int64_t next_ms;    /* of that: how long the message behind it waits along, less than dot_ms */
	int64_t follow_ms; /* from there to the first word about that message, if the server hears what is sent ahead */
	int64_t idle_ms;   /* a connection without a message */
	int64_t quit_ms;   /* QUIT, and cleaning up after a refusal */
	unsigned messages; /* per connection */
	unsigned plain;    /* that none follows, after one followed in vain: a server may be better later */
};

/* Everything borrowed. */
struct smtp_server {
	const char *url; /* with the EHLO name as its path */
	bool needs_tls;
	const char *username, *password; /* NULL: no AUTH */
	const char *ca_file;             /* NULL: the system's */
	const char *from;                /* envelope sender */
	struct smtp_limits limits;
};

/* A message on its way. The link takes it and hands it back with its outcome; a link that is freed frees it. */
struct smtp_job {
	int64_t id;
	char *to;
	char *from; /* NULL: the server's */
	char *key;  /* for the server's reports */
	struct buf mail;
	bool is_repeat;   /* was already moved to a fresh connection once */
	bool is_recalled; /* its text is not to begin any more */
};
void smtp_job_free(struct smtp_job *job);

#define SMTP_RECALLED "not sent: what it was about was changed"

struct smtp_outcome {
	struct smtp_job *job;  /* whose message has ended, the callback takes it; NULL: none */
	struct smtp_job *next; /* that was to follow and did not begin, the callback takes it; NULL: none */
	bool can_repeat;       /* the connection was an old one, it failed, and the server had taken nothing */
	bool is_held;          /* the message was still held */
	bool was_in_vain;      /* commands followed a text, and had no answer in time */
	struct channel_result result;
	bool is_closed; /* the owner must free the link now */
};

struct smtp_link;
/* The link's last act when it has closed: the owner must free it then, and only then. */
typedef void (*smtp_link_cb)(void *arg, struct smtp_link *link, const struct smtp_outcome *outcome);
/* The message that goes behind the one whose text begins, held; the link takes it. NULL: none. */
typedef struct smtp_job *(*smtp_next_cb)(void *arg);

/* Returns owned; not connected yet. */
struct smtp_link *smtp_link_new(const struct smtp_server *server, struct transfer *transfer, smtp_link_cb cb,
				smtp_next_cb next_cb, void *arg);
/* Connects and sends the first message. Here and below, the callback may come before the call returns. */
void smtp_link_connect(struct smtp_link *link, struct smtp_job *job, bool is_held);
bool smtp_link_is_idle(const struct smtp_link *link);
/* Whether it has a message. */
bool smtp_link_is_working(const struct smtp_link *link);
/* Whether all of that message is out and the server has not answered. */
bool smtp_link_has_sent(const struct smtp_link *link, int64_t message_id);
/* Whether another follows that message. */
bool smtp_link_has_next(const struct smtp_link *link);
/* Whether the server speaks with it: it is connected, and not about to close. */
bool smtp_link_is_up(const struct smtp_link *link);
/* The next message of an idle link. */
void smtp_link_send(struct smtp_link *link, struct smtp_job *job, bool is_held);
/* The text of its message may go, if it was held. */
void smtp_link_go_on(struct smtp_link *link);
/* What it has, and is over by that, is given back where its text would begin: THROTTLED, as nothing was sent. */
void smtp_link_recall(struct smtp_link *link, channel_recall_cb is_over, void *arg);
/* No more messages: says QUIT now when idle, after its message otherwise. */
void smtp_link_retire(struct smtp_link *link);
/* Closes at once. */
void smtp_link_free(struct smtp_link *link);

#endif
