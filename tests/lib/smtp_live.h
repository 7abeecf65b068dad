/* smtp_live: the SMTP channel as it is, over loopback, and a server in a thread that plays a script for it. */
#ifndef DEADLINED_TESTS_SMTP_LIVE_H
#define DEADLINED_TESTS_SMTP_LIVE_H

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "channel/channel.h"
#include "channel/smtp.h"
#include "channel/transfer.h"

/* ---- the server: a script for each connection, in the order in which they come ---- */

/* "S text" sends, "L PREFIX" reads a line that must start so, "T" reads up to the final dot, "E" reads to the end of
 * the connection, "A" does so whatever comes until then, "N" makes sure that nothing has come behind what was read, "F" raises the flag, "W" waits until the
 * client's socket was made small, "H" holds still until the client has its result. A connection is closed at the end of its script. */
struct peer {
	const char *const (*scripts)[24];
	size_t n_scripts;
	int listen_fd;
	uint16_t port;
	pthread_t thread;
	atomic_bool flag;
	sem_t small, result;
	char failure[256]; /* "" = all as scripted */
	char text[4096];   /* of the last message, its beginning */
	size_t text_len;
};

static bool peer_read_line(FILE *in, char *line, int size)
{
	return fgets(line, size, in) != NULL;
}

static void peer_read_text(struct peer *peer, FILE *in)
{
	char line[1024];
	peer->text_len = 0;
	while (peer_read_line(in, line, sizeof(line)) && strcmp(line, ".\r\n") != 0) {
		if (peer->text_len < sizeof(peer->text))
			(void)snprintf(peer->text + peer->text_len, sizeof(peer->text) - peer->text_len, "%s", line);
		peer->text_len += strlen(line);
	}
}

static void peer_read_nothing(struct peer *peer, FILE *in, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	if (fgetc(in) != EOF)
		(void)snprintf(peer->failure, sizeof(peer->failure), "something came behind what was read");
	clearerr(in);
	(void)fcntl(fd, F_SETFL, flags);
}

static void peer_step(struct peer *peer, FILE *in, int fd, const char *step)
{
	char line[1024] = "";
	if (step[0] == 'S') {
		(void)send(fd, step + 2, strlen(step + 2), MSG_NOSIGNAL);
	} else if (step[0] == 'L') {
		if (!peer_read_line(in, line, sizeof(line)) || strncmp(line, step + 2, strlen(step + 2)) != 0)
			(void)snprintf(peer->failure, sizeof(peer->failure), "wanted %s, got %.200s", step + 2, line);
	} else if (step[0] == 'T') {
		peer_read_text(peer, in);
	} else if (step[0] == 'A') {
		while (peer_read_line(in, line, sizeof(line)))
			;
	} else if (step[0] == 'N') {
		peer_read_nothing(peer, in, fd);
	} else if (step[0] == 'F') {
		peer->flag = true;
	} else if (step[0] == 'W') {
		peer->flag = true;
		(void)sem_wait(&peer->small);
	} else if (step[0] == 'H') {
		(void)sem_wait(&peer->result);
	} else if (peer_read_line(in, line, sizeof(line))) {
		(void)snprintf(peer->failure, sizeof(peer->failure), "wanted the end, got %.200s", line);
	}
}

static void *peer_main(void *arg)
{
	struct peer *peer = arg;
	for (size_t i = 0; i < peer->n_scripts; i++) {
		int fd = accept(peer->listen_fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		FILE *in = fdopen(dup(fd), "r");
		for (const char *const *step = peer->scripts[i]; *step != NULL && peer->failure[0] == '\0'; step++)
			peer_step(peer, in, fd, *step);
		(void)fclose(in);
		(void)close(fd);
	}
	return NULL;
}

static inline void peer_start(struct peer *peer, const char *const (*scripts)[24], size_t n_scripts)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	*peer = (struct peer){.scripts = scripts, .n_scripts = n_scripts};
	peer->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int size = 4096; /* together with a small socket of the client: a big mail does not fit in between */
	assert_int_equal(setsockopt(peer->listen_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	assert_int_equal(sem_init(&peer->small, 0, 0), 0);
	assert_int_equal(sem_init(&peer->result, 0, 0), 0);
	assert_int_equal(bind(peer->listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(peer->listen_fd, 8), 0);
	assert_int_equal(getsockname(peer->listen_fd, (struct sockaddr *)&at, &len), 0);
	peer->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_main, peer), 0);
}

/* Every scripted connection must have come. */
static inline void peer_stop(struct peer *peer)
{
	assert_int_equal(pthread_join(peer->thread, NULL), 0);
	(void)close(peer->listen_fd);
	(void)sem_destroy(&peer->small);
	(void)sem_destroy(&peer->result);
	assert_string_equal(peer->failure, "");
}

/* ---- the client ---- */

struct client {
	struct event_base *base;
	struct transfer *transfer;
	struct channel *channel;
	struct channel_result results[32]; /* by message id */
	unsigned n_results[32];
};

static void client_done(void *arg, int64_t id, const struct channel_result *result)
{
	struct client *client = arg;
	client->results[id] = *result;
	client->n_results[id]++;
}

static struct channel *client_channel(const char *text)
{
	struct problems problems = {0};
	struct ini *ini = ini_read_text("test.ini", text, strlen(text), &problems);
	struct conf conf = {.secrets_dir = (char *)(uintptr_t) "/nonexistent"};
	struct channel *channel = channel_new(&conf, ini_section(ini, "channel", "mail"), &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	ini_free(ini);
	return channel;
}

static void client_start(struct client *client, uint16_t port, const char *more, const struct smtp_limits *limits)
{
	struct err err;
	*client = (struct client){.base = event_base_new()};
	assert_int_equal(transfer_new(client->base, &client->transfer, &err), 0);
	char *ini = mem_printf(
		"[channel mail]\ntype = smtp\nurl = smtp://127.0.0.1:%u\nfrom = Office <office@example.org>\n"
		"hostname = client.example.org\n%s",
		(unsigned)port, more);
	client->channel = client_channel(ini);
	free(ini);
	assert_non_null(client->channel);
	if (limits != NULL)
		smtp_channel_set_limits(client->channel, limits);
	channel_start(client->channel, client->transfer, client_done, client);
}

static void client_send_text(struct client *client, int64_t id, const char *text)
{
	struct channel_message message = {
		.id = id,
		.kind = "single",
		.person = "desk",
		.to_address = "desk@example.org",
		.to_name = "Desk",
		.subject = "Reminder",
		.text = text,
		.language = "en",
		.message_id = "m1@example.org",
		.key = "k1",
		.date_utc = 1735700000,
	};
	channel_send(client->channel, &message);
}

static void client_send(struct client *client, int64_t id)
{
	client_send_text(client, id, "First line\n.hidden\n");
}

/* Runs the loop until message id has its result. Every wait in it is bounded by the channel's own limits. */
static const struct channel_result *client_wait(struct client *client, int64_t id)
{
	while (client->n_results[id] == 0)
		assert_int_equal(event_base_loop(client->base, EVLOOP_ONCE), 0);
	assert_int_equal(client->n_results[id], 1);
	return &client->results[id];
}

static inline const struct channel_result *client_deliver(struct client *client, int64_t id)
{
	client_send(client, id);
	return client_wait(client, id);
}

static void client_stop(struct client *client)
{
	assert_int_equal(channel_in_flight(client->channel), 0);
	channel_free(client->channel);
	transfer_free(client->transfer);
	event_base_free(client->base);
}

#define OFF "tls = off\n"
#define HELLO                                                                                                          \
	"S 220 mail ESMTP\r\n", "L EHLO client.example.org\r\n", "S 250-mail\r\n250-PIPELINING\r\n250 SIZE 100000\r\n"
#define MAIL "L MAIL FROM:<office@example.org> SIZE="
#define ENVELOPE MAIL, "L RCPT TO:<desk@example.org>\r\n", "L DATA\r\n"
#define TAKE "S 250 ok\r\n250 ok\r\n354 go\r\n", "T"

#define START(...)                                                                                                     \
	static const char *const scripts[][24] = {__VA_ARGS__};                                                        \
	struct peer peer;                                                                                              \
	struct client client;                                                                                          \
	peer_start(&peer, scripts, sizeof(scripts) / sizeof(scripts[0]))

#endif
