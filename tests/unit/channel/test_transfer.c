#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "channel/transfer.h"

struct fixture {
	struct event_base *base;
	struct transfer *transfer;
	int listen_fd;
	char *url;
	pthread_t thread;
	unsigned n_answers; /* connections that the server answers before it ends */
	const char *answer;
	int go[2]; /* the server closes a connection once a byte comes here; 0 = at once */
	unsigned n_done;
	CURLcode code;
	long status;
};

static void *server_main(void *arg)
{
	struct fixture *fixture = arg;
	for (unsigned i = 0; i < fixture->n_answers; i++) {
		char request[2048] = "";
		size_t len = 0;
		int fd = accept(fixture->listen_fd, NULL, NULL);
		while (strstr(request, "\r\n\r\n") == NULL && len < sizeof(request) - 1) {
			ssize_t n = recv(fd, request + len, sizeof(request) - 1 - len, 0);
			if (n <= 0)
				break;
			len += (size_t)n;
		}
		(void)send(fd, fixture->answer, strlen(fixture->answer), MSG_NOSIGNAL);
		if (fixture->go[0] != 0)
			(void)!read(fixture->go[0], request, 1);
		(void)close(fd);
	}
	return NULL;
}

static void start(struct fixture *fixture, unsigned n_answers)
{
	struct err err;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	*fixture = (struct fixture){.base = event_base_new(),
				    .n_answers = n_answers,
				    .answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"};
	assert_int_equal(transfer_new(fixture->base, &fixture->transfer, &err), 0);
	fixture->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fixture->listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fixture->listen_fd, 8), 0);
	assert_int_equal(getsockname(fixture->listen_fd, (struct sockaddr *)&at, &len), 0);
	fixture->url = mem_printf("http://127.0.0.1:%u/", (unsigned)ntohs(at.sin_port));
	assert_int_equal(pthread_create(&fixture->thread, NULL, server_main, fixture), 0);
}

static void stop(struct fixture *fixture)
{
	(void)pthread_join(fixture->thread, NULL);
	transfer_free(fixture->transfer);
	event_base_free(fixture->base);
	(void)close(fixture->listen_fd);
	free(fixture->url);
}

static CURL *easy_new(const char *url)
{
	CURL *easy = curl_easy_init();
	(void)curl_easy_setopt(easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	return easy;
}

/* As owners do: the handle is out of the multi, so it may be cleaned up here. */
static void on_done(void *arg, CURL *easy, CURLcode code)
{
	struct fixture *fixture = arg;
	fixture->n_done++;
	fixture->code = code;
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &fixture->status);
	curl_easy_cleanup(easy);
}

static void transfer__several__each_end_once(void **cmocka)
{
	(void)cmocka;
	struct fixture fixture;
	start(&fixture, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(transfer_start(fixture.transfer, easy_new(fixture.url), on_done, &fixture, NULL), 0);
	assert_int_equal(fixture.n_done, 0); /* never from inside the call */
	while (fixture.n_done < 3)
		assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_int_equal(fixture.code, CURLE_OK);
	assert_int_equal(fixture.status, 204);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_NONBLOCK) >= 0, 1);
	assert_int_equal(fixture.n_done, 3);
	stop(&fixture);
}

/* A connection that is kept stays watched; when its peer closes it, that must not wake us for ever. */
static void transfer__idle_connection_is_closed__is_not_looked_at_again(void **cmocka)
{
	(void)cmocka;
	struct fixture fixture;
	start(&fixture, 2);
	fixture.answer = "HTTP/1.1 204 No Content\r\n\r\n";
	assert_int_equal(pipe(fixture.go), 0);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(transfer_start(fixture.transfer, easy_new(fixture.url), on_done, &fixture, NULL), 0);
		while (fixture.n_done < i)
			assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
		assert_int_equal(fixture.code, CURLE_OK);
		assert_int_equal(event_base_loop(fixture.base, EVLOOP_NONBLOCK), 0);
		assert_int_equal(write(fixture.go[1], "x", 1), 1);
		unsigned n_rounds = 0;
		while (event_base_loop(fixture.base, EVLOOP_ONCE) == 0) /* 1: nothing is watched any more */
			assert_true(n_rounds++ < 10);
	}
	stop(&fixture);
	(void)close(fixture.go[0]);
	(void)close(fixture.go[1]);
}

/* The same handle once more: it must be out of the multi by now. */
static void on_done_again(void *arg, CURL *easy, CURLcode code)
{
	struct fixture *fixture = arg;
	assert_int_equal(code, CURLE_OK);
	fixture->n_done++;
	assert_int_equal(transfer_start(fixture->transfer, easy, on_done, fixture, NULL), 0);
}

static void transfer__started_from_done__runs(void **cmocka)
{
	(void)cmocka;
	struct fixture fixture;
	start(&fixture, 2);
	assert_int_equal(transfer_start(fixture.transfer, easy_new(fixture.url), on_done_again, &fixture, NULL), 0);
	while (fixture.n_done < 2)
		assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_int_equal(fixture.code, CURLE_OK);
	stop(&fixture);
}

static void transfer__refused__ends_with_the_reason(void **cmocka)
{
	(void)cmocka;
	struct fixture fixture;
	start(&fixture, 0);
	(void)pthread_join(fixture.thread, NULL);
	(void)close(fixture.listen_fd);
	assert_int_equal(transfer_start(fixture.transfer, easy_new(fixture.url), on_done, &fixture, NULL), 0);
	while (fixture.n_done < 1)
		assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_int_equal(fixture.code, CURLE_COULDNT_CONNECT);
	transfer_free(fixture.transfer);
	event_base_free(fixture.base);
	free(fixture.url);
}

static void transfer__cancelled__is_not_reported(void **cmocka)
{
	(void)cmocka;
	struct fixture fixture;
	start(&fixture, 1);
	CURL *gone = easy_new(fixture.url), *early = easy_new(fixture.url);
	assert_int_equal(transfer_start(fixture.transfer, early, on_done, &fixture, NULL), 0);
	transfer_cancel(fixture.transfer, early); /* before anything happened */
	curl_easy_cleanup(early);
	assert_int_equal(transfer_start(fixture.transfer, gone, on_done, &fixture, NULL), 0);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	transfer_cancel(fixture.transfer, gone); /* connecting or connected */
	curl_easy_cleanup(gone);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_NONBLOCK) >= 0, 1);
	assert_int_equal(fixture.n_done, 0);
	stop(&fixture);
}

/* ---- watches ---- */

struct seen {
	struct transfer_watch *watch;
	int fd;
	unsigned events, n;
	bool frees;
};

static void on_watch(void *arg, unsigned events)
{
	struct seen *seen = arg;
	seen->events |= events;
	seen->n++;
	char byte;
	if ((events & TRANSFER_READABLE) != 0)
		(void)!read(seen->fd, &byte, 1);
	if (seen->frees)
		transfer_watch_free(seen->watch);
}

static void watch__socket_and_timer__are_told(void **cmocka)
{
	(void)cmocka;
	struct fixture fixture;
	struct seen seen = {0};
	int pair[2];
	start(&fixture, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	seen.fd = pair[0];
	seen.watch = transfer_watch_new(fixture.transfer, on_watch, &seen);

	transfer_watch_socket(seen.watch, pair[0], TRANSFER_READABLE);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(seen.n, 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_int_equal(seen.events, TRANSFER_READABLE);

	transfer_watch_socket(seen.watch, pair[0], TRANSFER_READABLE | TRANSFER_WRITABLE);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_true((seen.events & TRANSFER_WRITABLE) != 0);

	transfer_watch_socket(seen.watch, -1, 0);
	seen.events = seen.n = 0;
	transfer_watch_timer(seen.watch, 1);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_int_equal(seen.events, TRANSFER_TIMEOUT);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_NONBLOCK), 1); /* once only: nothing is left */
	assert_int_equal(seen.n, 1);

	transfer_watch_timer(seen.watch, 10000);
	transfer_watch_timer(seen.watch, -1);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 1);
	seen.frees = true;
	transfer_watch_socket(seen.watch, pair[0], TRANSFER_WRITABLE);
	transfer_watch_timer(seen.watch, 0);
	assert_int_equal(event_base_dispatch(fixture.base), 1); /* the freed watch leaves no event behind */
	assert_int_equal(seen.n, 2);
	(void)close(pair[0]);
	(void)close(pair[1]);
	stop(&fixture);
}

/* What is watched by the number of a connection that was closed must not be taken for it. */
static void watch__number_of_a_closed_connection__is_told(void **cmocka)
{
	(void)cmocka;
	struct fixture fixture;
	struct seen seen = {0};
	int pair[2];
	start(&fixture, 1);
	assert_int_equal(transfer_start(fixture.transfer, easy_new(fixture.url), on_done, &fixture, NULL), 0);
	while (fixture.n_done < 1)
		assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_int_equal(pipe(pair), 0); /* one of both has the number */
	seen.fd = pair[0];
	seen.watch = transfer_watch_new(fixture.transfer, on_watch, &seen);
	transfer_watch_timer(seen.watch, 10000);
	transfer_watch_socket(seen.watch, pair[0], TRANSFER_READABLE);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_int_equal(seen.events, TRANSFER_READABLE);
	transfer_watch_free(seen.watch);
	(void)close(pair[0]);
	(void)close(pair[1]);
	stop(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transfer__several__each_end_once),
		cmocka_unit_test(transfer__idle_connection_is_closed__is_not_looked_at_again),
		cmocka_unit_test(transfer__started_from_done__runs),
		cmocka_unit_test(transfer__refused__ends_with_the_reason),
		cmocka_unit_test(transfer__cancelled__is_not_reported),
		cmocka_unit_test(watch__socket_and_timer__are_told),
		cmocka_unit_test(watch__number_of_a_closed_connection__is_told),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
