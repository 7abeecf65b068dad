/* sink smtp|http STATS-FILE LIST-FILE KEY [DELAY_US [SAMPLE-FILE]]
 *
 * Listens on a free port of 127.0.0.1, takes every message, and answers it DELAY_US later. STATS-FILE is shared memory
 * (struct sink_stats); at SIGTERM a line "NANOSECONDS SIZE ID" for every message is written to LIST-FILE: when it was
 * answered, and the word behind KEY in it. SAMPLE-FILE gets the body of the first HTTP request. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"

enum { SINK_EVENTS = 128, SINK_BACKLOG = 1024 };

/* Everything taken, and the answers that are delayed: all by the same time, so the oldest is due first. */
struct sink_list {
	FILE *out;
	struct sink_delayed {
		struct sink_connection *connection;
		uint64_t at_ns;
		size_t size;
		char answer[256];
	} * delayed;
	size_t first, n, capacity;
	int timer;
};

static sink_take_fn *sink_take;
static const char *sink_sample;

static void sink_die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t sink_now_ns(clockid_t clock)
{
	struct timespec now;
	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

void sink_say(struct sink_connection *connection, const char *text)
{
	size_t n = strlen(text);
	if (connection->n_out + n > SINK_OUT_SIZE) {
		fprintf(stderr, "sink: a peer does not read its answers\n");
		exit(1);
	}
	memcpy(connection->out + connection->n_out, text, n);
	connection->n_out += n;
}

static void sink_count(struct sink *sink, struct sink_connection *connection, const char *answer, size_t size)
{
	uint64_t now = sink_now_ns(CLOCK_REALTIME);
	sink_say(connection, answer);
	fprintf(sink->list->out, "%llu %zu %s\n", (unsigned long long)now, size, connection->id);
	sink->stats->bytes += size;
	sink->stats->last_ns = now;
	sink->stats->taken++;
}

static void sink_arm(const struct sink_list *list)
{
	uint64_t at = list->n == 0 ? 0 : list->delayed[list->first % list->capacity].at_ns;
	const struct itimerspec when = {
		.it_value = {.tv_sec = (time_t)(at / 1000000000U), .tv_nsec = (long)(at % 1000000000U)}};
	(void)timerfd_settime(list->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

void sink_finish(struct sink *sink, struct sink_connection *connection, const char *answer, size_t size)
{
	struct sink_list *list = sink->list;
	if (sink->delay_us == 0) {
		sink_count(sink, connection, answer, size);
		return;
	}
	if (list->n == list->capacity) {
		fprintf(stderr, "sink: more than %zu connections wait for an answer\n", list->capacity);
		exit(1);
	}
	struct sink_delayed *delayed = &list->delayed[(list->first + list->n++) % list->capacity];
	delayed->connection = connection;
	delayed->at_ns = sink_now_ns(CLOCK_MONOTONIC) + (uint64_t)sink->delay_us * 1000U;
	delayed->size = size;
	(void)snprintf(delayed->answer, sizeof(delayed->answer), "%s", answer);
	connection->is_waiting = true;
	if (list->n == 1)
		sink_arm(list);
}

/* ---- connections -------------------------------------------------------------------------------------------------- */

static void sink_close(int epoll, struct sink_connection *connection)
{
	(void)epoll_ctl(epoll, EPOLL_CTL_DEL, connection->fd, NULL);
	(void)close(connection->fd);
	connection->fd = -1;
	if (!connection->is_waiting) /* or else its answer will find it closed */
		free(connection);
}

static void sink_want(int epoll, struct sink_connection *connection, bool wants_write)
{
	struct epoll_event event = {.events = wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = connection};
	if (connection->wants_write != wants_write)
		(void)epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
	connection->wants_write = wants_write;
}

/* false: the connection is gone. */
static bool sink_flush(int epoll, struct sink_connection *connection)
{
	ssize_t n = connection->n_out == 0
			    ? 0
			    : send(connection->fd, connection->out, connection->n_out, MSG_NOSIGNAL | MSG_DONTWAIT);
	if ((n < 0 && errno != EAGAIN) || (connection->is_closing && n == (ssize_t)connection->n_out)) {
		sink_close(epoll, connection);
		return false;
	}
	n = n < 0 ? 0 : n;
	connection->n_out -= (size_t)n;
	memmove(connection->out, connection->out + n, connection->n_out);
	sink_want(epoll, connection, connection->n_out > 0);
	return true;
}

static void sink_keep_sample(const char *in, size_t n)
{
	FILE *file = fopen(sink_sample, "w");
	if (file == NULL || fwrite(in, 1, n, file) != n || fclose(file) != 0)
		sink_die(sink_sample);
	sink_sample = NULL;
}

static void sink_work(struct sink *sink, int epoll, struct sink_connection *connection)
{
	size_t at = 0, took = 1;
	while (at < connection->n_in && !connection->is_waiting && !connection->is_closing && took > 0) {
		bool is_body = connection->has_head;
		took = sink_take(sink, connection, connection->in + at, connection->n_in - at);
		if (is_body && took > 0 && sink_sample != NULL)
			sink_keep_sample(connection->in + at, took);
		at += took;
	}
	connection->n_in -= at;
	memmove(connection->in, connection->in + at, connection->n_in);
	if (connection->n_in == SINK_IN_SIZE) {
		fprintf(stderr, "sink: a line or a body of more than %d bytes\n", SINK_IN_SIZE);
		exit(1);
	}
	(void)sink_flush(epoll, connection);
}

static void sink_read(struct sink *sink, int epoll, struct sink_connection *connection)
{
	ssize_t n =
		recv(connection->fd, connection->in + connection->n_in, SINK_IN_SIZE - connection->n_in, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		sink_close(epoll, connection);
		return;
	}
	connection->n_in += n > 0 ? (size_t)n : 0;
	sink_work(sink, epoll, connection);
}

static void sink_accept(struct sink *sink, int epoll, int listener)
{
	static const int yes = 1;
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct sink_connection *connection = calloc(1, sizeof(*connection));
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
		if (connection == NULL)
			sink_die("calloc");
		connection->fd = fd;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			sink_die("epoll_ctl");
		sink->stats->connections++;
		if (sink_take == sink_smtp_take)
			sink_smtp_greet(connection);
		(void)sink_flush(epoll, connection);
	}
}

static void sink_answer_delayed(struct sink *sink, int epoll)
{
	struct sink_list *list = sink->list;
	uint64_t now = sink_now_ns(CLOCK_MONOTONIC), expirations;
	(void)!read(list->timer, &expirations, sizeof(expirations));
	while (list->n > 0 && list->delayed[list->first % list->capacity].at_ns <= now) {
		struct sink_delayed *delayed = &list->delayed[list->first++ % list->capacity];
		struct sink_connection *connection = delayed->connection;
		list->n--;
		connection->is_waiting = false;
		if (connection->fd < 0) {
			free(connection);
			continue;
		}
		sink_count(sink, connection, delayed->answer, delayed->size);
		sink_work(sink, epoll, connection);
	}
	sink_arm(list);
}

/* ---- start -------------------------------------------------------------------------------------------------------- */

static struct sink_stats *sink_share(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct sink_stats)) < 0)
		sink_die(path);
	void *memory = mmap(NULL, sizeof(struct sink_stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		sink_die(path);
	(void)close(fd);
	return memory;
}

static int sink_listen(struct sink_stats *stats)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) < 0 || listen(fd, SINK_BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &n) < 0)
		sink_die("listen");
	stats->port = ntohs(address.sin_port);
	return fd;
}

static int sink_signals(void)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void sink_add(int epoll, int *fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};
	if (*fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, *fd, &event) < 0)
		sink_die("epoll_ctl");
}

static void sink_serve(struct sink *sink)
{
	struct epoll_event events[SINK_EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC), stop = sink_signals(), listener = sink_listen(sink->stats);
	sink_add(epoll, &stop);
	sink_add(epoll, &listener);
	sink_add(epoll, &sink->list->timer);
	for (;;) {
		int n = epoll_wait(epoll, events, SINK_EVENTS, -1);
		bool is_due = false;
		for (int i = 0; i < n; i++) {
			void *of = events[i].data.ptr;
			if (of == &stop)
				return;
			if (of == &listener)
				sink_accept(sink, epoll, listener);
			else if (of == &sink->list->timer)
				is_due = true; /* last: it may free a connection that has an event here */
			else if ((events[i].events & EPOLLOUT) == 0 || sink_flush(epoll, of))
				sink_read(sink, epoll, of);
		}
		if (is_due)
			sink_answer_delayed(sink, epoll);
	}
}

int main(int argc, char **argv)
{
	static struct sink_delayed delayed[4096];
	struct sink_list list = {.delayed = delayed, .capacity = sizeof(delayed) / sizeof(delayed[0])};
	if (argc < 5 || argc > 7) {
		fprintf(stderr, "usage: sink smtp|http STATS-FILE LIST-FILE KEY [DELAY_US [SAMPLE-FILE]]\n");
		return 64;
	}
	sink_take = strcmp(argv[1], "smtp") == 0 ? sink_smtp_take : sink_http_take;
	sink_sample = argc == 7 ? argv[6] : NULL;
	list.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	list.out = fopen(argv[3], "w");
	if (list.out == NULL)
		sink_die(argv[3]);
	(void)setvbuf(list.out, NULL, _IOFBF, 1 << 20);
	struct sink sink = {
		.stats = sink_share(argv[2]),
		.key = argv[4],
		.delay_us = argc > 5 ? strtol(argv[5], NULL, 10) : 0,
		.list = &list,
	};
	sink_serve(&sink);
	if (fclose(list.out) != 0)
		sink_die(argv[3]);
	return 0;
}
