#include "channel/smtp_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/certificate.h"
#include "channel/smtp_dialogue.h"
#include "channel/smtp_hello.h"

enum { SMTP_PIECE = 16 * 1024 };

enum smtp_link_state {
	SMTP_LINK_CONNECTING, /* libcurl leads */
	SMTP_LINK_BUSY,       /* the dialogue leads */
	SMTP_LINK_IDLE,
	SMTP_LINK_QUITTING, /* QUIT was sent */
	SMTP_LINK_CLOSED,
};

struct smtp_link {
	const struct smtp_server *server;
	struct transfer *transfer;
	struct transfer_watch *watch;
	smtp_link_cb cb;
	smtp_next_cb next_cb;
	void *arg;

	enum smtp_link_state state;
	bool is_retiring;
	CURL *easy;
	int fd;
	char curl_words[CURL_ERROR_SIZE];
	struct smtp_hello hello;
	int64_t certificate_until_utc; /* as in struct channel_result */

	struct smtp_job *job;
	bool is_held;
	struct smtp_dialogue dialogue; /* valid while busy */
	unsigned n_messages;           /* that this connection was given */
	unsigned timed_moves;          /* dialogue.n_moves that the timer runs for */
	enum smtp_step timed_step;

	struct smtp_job *next; /* goes out behind the text of job */
	struct smtp_dialogue next_dialogue;
	bool is_follower; /* job did so */
	bool has_asked;   /* what follows job: once, because bytes that TLS could not write yet must not move */
};

void smtp_job_free(struct smtp_job *job)
{
	if (job == NULL)
		return;
	free(job->to);
	free(job->from);
	free(job->key);
	buf_done(&job->mail);
	free(job);
}

static void smtp_link_close(struct smtp_link *link)
{
	link->state = SMTP_LINK_CLOSED;
	transfer_watch_socket(link->watch, -1, 0);
	transfer_watch_timer(link->watch, -1);
	if (link->easy != NULL) {
		transfer_cancel(link->transfer, link->easy);
		curl_easy_cleanup(link->easy);
		link->easy = NULL;
	}
}

/* The link closed and no message was on it. */
static void smtp_link_gone(struct smtp_link *link)
{
	smtp_link_close(link);
	struct smtp_outcome outcome = {.is_closed = true};
	link->cb(link->arg, link, &outcome);
}

/* No connection came about: the message is as it was. */
static void smtp_link_failed(struct smtp_link *link, int code, const char *words)
{
	struct smtp_outcome outcome = {.job = link->job, .is_closed = true};
	channel_result_set(&outcome.result, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, code, words);
	link->job = NULL;
	smtp_link_close(link);
	link->cb(link->arg, link, &outcome);
}

/* Best effort: a server that does not read it just loses the connection. */
static void smtp_link_quit(struct smtp_link *link)
{
	static const char quit[] = "QUIT\r\n";
	size_t n;
	if (curl_easy_send(link->easy, quit, sizeof(quit) - 1, &n) != CURLE_OK) {
		smtp_link_close(link);
		return;
	}
	link->state = SMTP_LINK_QUITTING;
	transfer_watch_socket(link->watch, link->fd, TRANSFER_READABLE);
	transfer_watch_timer(link->watch, link->server->limits.quit_ms);
}

static void smtp_link_rest(struct smtp_link *link)
{
	link->state = SMTP_LINK_IDLE;
	transfer_watch_socket(link->watch, link->fd, TRANSFER_READABLE);
	transfer_watch_timer(link->watch, link->server->limits.idle_ms);
}

static void smtp_link_pump(struct smtp_link *link, bool is_readable);

/* The message that follows takes the place of the one that is over. */
static void smtp_link_promote(struct smtp_link *link)
{
	smtp_dialogue_hand_over(&link->dialogue, &link->next_dialogue);
	smtp_dialogue_done(&link->dialogue);
	link->dialogue = link->next_dialogue;
	link->job = link->next;
	link->next = NULL;
	link->is_held = true;
	link->is_follower = true;
	link->has_asked = false;
	link->n_messages++;
	link->timed_step = SMTP_STEP_OVER;
}

/* There is none that follows. After one that was given back the server still waits for its text. */
static void smtp_link_leave(struct smtp_link *link)
{
	bool can_reuse = link->dialogue.can_reuse && !link->dialogue.is_followed;
	smtp_dialogue_done(&link->dialogue);
	link->job = NULL;
	if (!can_reuse)
		smtp_link_close(link);
	else if (link->is_retiring || link->n_messages >= link->server->limits.messages)
		smtp_link_quit(link);
	else
		smtp_link_rest(link);
}

static struct smtp_job *smtp_link_take_next(struct smtp_link *link)
{
	struct smtp_job *next = link->next;
	if (next != NULL)
		smtp_dialogue_done(&link->next_dialogue);
	link->next = NULL;
	return next;
}

/* The dialogue is over: what becomes of the connection, then what became of the message. */
static void smtp_link_message_over(struct smtp_link *link)
{
	const struct smtp_dialogue *dialogue = &link->dialogue;
	struct smtp_outcome outcome = {
		.job = link->job,
		.can_repeat = dialogue->can_repeat && link->n_messages > 1,
		.is_held = link->is_held,
		.was_in_vain = dialogue->can_repeat && link->is_follower && dialogue->n_moves == 0,
		.result = dialogue->result,
	};
	outcome.result.certificate_until_utc = link->certificate_until_utc;
	bool goes_on = link->next != NULL && dialogue->can_reuse;
	if (goes_on) {
		smtp_link_promote(link);
	} else {
		outcome.next = smtp_link_take_next(link);
		smtp_link_leave(link);
	}
	outcome.is_closed = link->state == SMTP_LINK_CLOSED;
	link->cb(link->arg, link, &outcome);
	if (goes_on)
		smtp_link_pump(link, link->server->needs_tls); /* TLS may hold more than the socket shows */
}

/* ---- bytes ---- */

static int64_t smtp_link_limit_ms(const struct smtp_link *link)
{
	const struct smtp_limits *limits = &link->server->limits;
	switch (link->dialogue.step) {
	case SMTP_STEP_MAIL:
		return link->is_follower ? limits->follow_ms : limits->command_ms;
	case SMTP_STEP_RCPT:
		return limits->command_ms;
	case SMTP_STEP_DATA:
		return limits->data_ms;
	case SMTP_STEP_BODY:
		return limits->text_ms;
	case SMTP_STEP_DOT:
		return link->next != NULL ? limits->next_ms : limits->dot_ms;
	default:
		return limits->quit_ms;
	}
}

static void smtp_link_wait(struct smtp_link *link, bool for_room)
{
	transfer_watch_socket(link->watch, link->fd,
			      for_room ? TRANSFER_READABLE | TRANSFER_WRITABLE : TRANSFER_READABLE);
	if (link->timed_moves == link->dialogue.n_moves && link->timed_step == link->dialogue.step)
		return;
	link->timed_moves = link->dialogue.n_moves;
	link->timed_step = link->dialogue.step;
	transfer_watch_timer(link->watch, smtp_link_limit_ms(link));
}

/* For smtp_link_go_on(): the server waits for the text. */
static bool smtp_link_is_waiting(const struct smtp_link *link)
{
	return link->is_held && link->dialogue.step == SMTP_STEP_BODY;
}

static void smtp_link_start(struct smtp_link *link, const struct smtp_job *job, struct smtp_dialogue *dialogue)
{
	const struct smtp_envelope envelope = {
		.from = job->from != NULL ? job->from : link->server->from, .to = job->to, .id = job->key};
	smtp_dialogue_init(dialogue, &link->hello.features, &envelope, buf_str(&job->mail), job->mail.len);
}

/* Where a text begins, another message may follow it. */
static void smtp_link_follow(struct smtp_link *link)
{
	struct smtp_dialogue *dialogue = &link->dialogue;
	if (dialogue->step != SMTP_STEP_BODY || link->has_asked)
		return;
	link->has_asked = true;
	bool may_follow = link->hello.features.has_pipelining && !link->is_retiring &&
			  link->n_messages < link->server->limits.messages;
	link->next = may_follow ? link->next_cb(link->arg) : NULL;
	if (link->next == NULL)
		return;
	smtp_link_start(link, link->next, &link->next_dialogue);
	smtp_dialogue_follow(dialogue, &link->next_dialogue);
}

static bool smtp_link_is_recalled(const struct smtp_link *link)
{
	return link->job->is_recalled && link->dialogue.step == SMTP_STEP_BODY && link->dialogue.text_out == 0;
}

/* In pieces, because TLS tells of no progress before a whole piece is out. CURLE_AGAIN: the socket is full. */
static CURLcode smtp_link_write(struct smtp_link *link)
{
	size_t len;
	const char *bytes;
	if (smtp_link_is_recalled(link))
		smtp_dialogue_give_up(&link->dialogue, CHANNEL_THROTTLED, SMTP_RECALLED);
	else if (!smtp_link_is_waiting(link))
		smtp_link_follow(link);
	while (!smtp_link_is_waiting(link) && (bytes = smtp_dialogue_output(&link->dialogue, &len), len > 0)) {
		size_t n = 0;
		CURLcode code = curl_easy_send(link->easy, bytes, len < SMTP_PIECE ? len : SMTP_PIECE, &n);
		if (code != CURLE_OK)
			return code;
		smtp_dialogue_sent(&link->dialogue, n);
	}
	return CURLE_OK;
}

/* Reads until there is no more; TLS may hold more than the socket shows, without it a short read says so.
 * CURLE_GOT_NOTHING: the server closed. */
static CURLcode smtp_link_read(struct smtp_link *link)
{
	char bytes[4096];
	while (!link->dialogue.is_over) {
		size_t n = 0;
		CURLcode code = curl_easy_recv(link->easy, bytes, sizeof(bytes), &n);
		if (code != CURLE_OK)
			return code;
		if (n == 0)
			return CURLE_GOT_NOTHING;
		size_t used = smtp_dialogue_input(&link->dialogue, bytes, n);
		if (used < n && link->next != NULL)
			(void)smtp_dialogue_input(&link->next_dialogue, bytes + used, n - used);
		if (n < sizeof(bytes) && !link->server->needs_tls && !link->dialogue.is_over)
			return CURLE_AGAIN;
	}
	return CURLE_OK;
}

static bool smtp_link_has_failed(CURLcode code)
{
	return code != CURLE_OK && code != CURLE_AGAIN;
}

/* Moves the dialogue on until it must wait or is over; is_readable: the server may have said something. A failed write
 * does not end it before the server's last words were read: it may have said 421 or 552 and closed. */
static void smtp_link_pump(struct smtp_link *link, bool is_readable)
{
	struct smtp_dialogue *dialogue = &link->dialogue;
	CURLcode got = CURLE_AGAIN, wrote = smtp_link_write(link);
	if (is_readable || smtp_link_has_failed(wrote))
		got = smtp_link_read(link);
	if (!dialogue->is_over && got == CURLE_AGAIN && wrote == CURLE_OK) {
		wrote = smtp_link_write(link); /* what the replies asked for */
		if (smtp_link_has_failed(wrote))
			got = smtp_link_read(link);
	}

	if (!dialogue->is_over && got != CURLE_AGAIN)
		smtp_dialogue_lost(dialogue, got == CURLE_GOT_NOTHING ? "the server closed the connection"
								      : curl_easy_strerror(got));
	else if (!dialogue->is_over && smtp_link_has_failed(wrote))
		smtp_dialogue_lost(dialogue, curl_easy_strerror(wrote));

	if (dialogue->is_over)
		smtp_link_message_over(link);
	else
		smtp_link_wait(link, wrote == CURLE_AGAIN);
}

static void smtp_link_begin(struct smtp_link *link)
{
	link->state = SMTP_LINK_BUSY;
	link->n_messages++;
	link->is_follower = false;
	link->has_asked = false;
	smtp_link_start(link, link->job, &link->dialogue);
	link->timed_step = SMTP_STEP_OVER; /* so that the first wait sets the timer */
	smtp_link_pump(link, false);
}

/* Nothing was asked: TLS may have words of its own; anything else, 421 or the end, closes the link. */
static void smtp_link_heard_idle(struct smtp_link *link)
{
	char bytes[256];
	size_t n = 0;
	if (curl_easy_recv(link->easy, bytes, sizeof(bytes), &n) != CURLE_AGAIN)
		smtp_link_gone(link);
}

/* ---- time and events ---- */

/* libcurl's own limit for connecting covers greeting and AUTH too; the first part of it is shorter. */
static void smtp_link_check_connect(struct smtp_link *link)
{
	curl_off_t connected_us = 0;
	(void)curl_easy_getinfo(link->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
	if (connected_us == 0)
		smtp_link_failed(link, 0, "no connection to the server within the time allowed");
}

/* The server thinks about one message: the other need not wait for it. It costs this connection, because the server waits
 * for the text of the other there: a server that thinks so long about each message would get a connection for each. */
static void smtp_link_let_next_go(struct smtp_link *link)
{
	struct smtp_outcome outcome = {.next = smtp_link_take_next(link), .was_in_vain = true};
	transfer_watch_timer(link->watch, link->server->limits.dot_ms - link->server->limits.next_ms);
	link->cb(link->arg, link, &outcome);
}

static void smtp_link_timeout_busy(struct smtp_link *link)
{
	if (link->next != NULL && link->dialogue.step == SMTP_STEP_DOT) {
		smtp_link_let_next_go(link);
		return;
	}
	if (smtp_link_is_waiting(link))
		smtp_dialogue_give_up(&link->dialogue, CHANNEL_TEMPORARY,
				      "not sent: the message before could not be recorded");
	else
		smtp_dialogue_lost(&link->dialogue, "the server was silent for too long");
	smtp_link_message_over(link);
}

static void smtp_link_timeout(struct smtp_link *link)
{
	switch (link->state) {
	case SMTP_LINK_CONNECTING:
		smtp_link_check_connect(link);
		break;
	case SMTP_LINK_BUSY:
		smtp_link_timeout_busy(link);
		break;
	case SMTP_LINK_IDLE:
		smtp_link_retire(link);
		break;
	default:
		smtp_link_gone(link);
		break;
	}
}

static void smtp_link_on_watch(void *arg, unsigned events)
{
	struct smtp_link *link = arg;
	if ((events & TRANSFER_TIMEOUT) != 0)
		smtp_link_timeout(link);
	else if (link->state == SMTP_LINK_BUSY)
		smtp_link_pump(link, (events & TRANSFER_READABLE) != 0);
	else
		smtp_link_heard_idle(link);
}

/* ---- connecting ---- */

static void smtp_link_connected(struct smtp_link *link)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	if (link->server->username != NULL && !link->hello.is_signed_in) {
		smtp_link_failed(link, 0, "the server did not ask for the password (no AUTH): nothing was sent");
	} else if (curl_easy_getinfo(link->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD) {
		smtp_link_failed(link, 0, "the connection was lost");
	} else {
		link->fd = fd;
		link->certificate_until_utc = certificate_until_utc(link->easy);
		smtp_link_begin(link);
	}
}

static void smtp_link_on_done(void *arg, CURL *easy, CURLcode code)
{
	(void)easy;
	struct smtp_link *link = arg;
	const struct smtp_reply *refusal = &link->hello.refusal;
	char words[SMTP_REPLY_TEXT_MAX + CURL_ERROR_SIZE + 8];
	transfer_watch_timer(link->watch, -1);
	if (code == CURLE_OK) {
		smtp_link_connected(link);
		return;
	}
	const char *why = link->curl_words[0] != '\0' ? link->curl_words : curl_easy_strerror(code);
	if (code == CURLE_LOGIN_DENIED && refusal->code == 0)
		why = "the server offers no AUTH that we use (PLAIN, LOGIN): nothing was sent";
	if (refusal->code != 0)
		(void)snprintf(words, sizeof(words), "%s (%s)", refusal->text, why);
	else
		(void)snprintf(words, sizeof(words), "%s", why);
	smtp_link_failed(link, refusal->code, words);
}

static size_t smtp_link_on_header(char *line, size_t size, size_t n, void *arg)
{
	struct smtp_link *link = arg;
	return smtp_hello_line(&link->hello, line, size * n) ? size * n : 0;
}

static void smtp_link_setopts(struct smtp_link *link)
{
	const struct smtp_server *server = link->server;
	CURL *easy = link->easy;
	(void)curl_easy_setopt(easy, CURLOPT_URL, server->url);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a name server's thread */
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");      /* not from the environment */
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			       (long)(server->limits.connect_ms + server->limits.hello_ms));
	(void)curl_easy_setopt(easy, CURLOPT_USE_SSL, server->needs_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (server->ca_file != NULL) {
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, server->ca_file);
		(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* Debian's libcurl has the system's there too */
	}
	if (server->username != NULL) {
		(void)curl_easy_setopt(easy, CURLOPT_USERNAME, server->username);
		(void)curl_easy_setopt(easy, CURLOPT_PASSWORD, server->password);
		/* always inside TLS; libcurl would prefer CRAM-MD5, which needs passwords kept in the clear */
		(void)curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
		(void)curl_easy_setopt(easy, CURLOPT_SASL_IR, 1L);
	}
	(void)certificate_watch(easy); /* without it nobody is warned of its end */
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, smtp_link_on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, link);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, link->curl_words);
}

struct smtp_link *smtp_link_new(const struct smtp_server *server, struct transfer *transfer, smtp_link_cb cb,
				smtp_next_cb next_cb, void *arg)
{
	struct smtp_link *link = mem_zero(1, sizeof(*link));
	*link = (struct smtp_link){
		.server = server, .transfer = transfer, .cb = cb, .next_cb = next_cb, .arg = arg, .fd = -1};
	link->watch = transfer_watch_new(transfer, smtp_link_on_watch, link);
	link->easy = curl_easy_init();
	if (link->easy == NULL)
		mem_lack();
	smtp_hello_init(&link->hello);
	smtp_link_setopts(link);
	return link;
}

void smtp_link_connect(struct smtp_link *link, struct smtp_job *job, bool is_held)
{
	struct err err;
	link->job = job;
	link->is_held = is_held;
	if (transfer_connect(link->transfer, link->easy, smtp_link_on_done, link, &err) != 0)
		smtp_link_failed(link, 0, err.text);
	else
		transfer_watch_timer(link->watch, link->server->limits.connect_ms);
}

bool smtp_link_is_idle(const struct smtp_link *link)
{
	return link->state == SMTP_LINK_IDLE;
}

bool smtp_link_is_working(const struct smtp_link *link)
{
	return link->job != NULL;
}

bool smtp_link_has_sent(const struct smtp_link *link, int64_t message_id)
{
	return link->state == SMTP_LINK_BUSY && link->job->id == message_id && link->dialogue.step == SMTP_STEP_DOT;
}

bool smtp_link_has_next(const struct smtp_link *link)
{
	return link->next != NULL;
}

bool smtp_link_is_up(const struct smtp_link *link)
{
	return link->state == SMTP_LINK_BUSY || link->state == SMTP_LINK_IDLE;
}

void smtp_link_send(struct smtp_link *link, struct smtp_job *job, bool is_held)
{
	link->job = job;
	link->is_held = is_held;
	smtp_link_begin(link);
}

void smtp_link_go_on(struct smtp_link *link)
{
	bool was_waiting = link->state == SMTP_LINK_BUSY && smtp_link_is_waiting(link);
	link->is_held = false;
	if (was_waiting)
		smtp_link_pump(link, false);
}

static void smtp_link_recall_job(struct smtp_job *job, channel_recall_cb is_over, void *arg)
{
	if (job != NULL && !job->is_recalled)
		job->is_recalled = is_over(arg, job->id);
}

void smtp_link_recall(struct smtp_link *link, channel_recall_cb is_over, void *arg)
{
	smtp_link_recall_job(link->job, is_over, arg);
	smtp_link_recall_job(link->next, is_over, arg);
}

void smtp_link_retire(struct smtp_link *link)
{
	link->is_retiring = true;
	if (link->state != SMTP_LINK_IDLE)
		return;
	smtp_link_quit(link);
	if (link->state == SMTP_LINK_CLOSED)
		smtp_link_gone(link);
}

void smtp_link_free(struct smtp_link *link)
{
	if (link == NULL)
		return;
	if (link->state == SMTP_LINK_BUSY)
		smtp_dialogue_done(&link->dialogue);
	smtp_link_close(link);
	smtp_job_free(smtp_link_take_next(link));
	smtp_job_free(link->job);
	transfer_watch_free(link->watch);
	free(link);
}
