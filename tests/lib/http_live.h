/* http_live: an HTTP channel against a scripted server on the same event loop. Included after cmocka.h. */
#ifndef DEADLINED_TESTS_HTTP_LIVE_H
#define DEADLINED_TESTS_HTTP_LIVE_H

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "channel/http.h"
#include "channel/transfer.h"

/* What the server does once it has read a whole request: these bytes, then the connection is closed when they do not
 * say their length; DROP closes without a word, HANG says nothing. */
static const char DROP[] = "drop", HANG[] = "hang", HUGE_REPLY[] = "huge";

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 39\r\n\r\n{\"ok\":true,\"result\":{\"message_id\":42}}\n"
#define TOKEN "123456:AAFakeTokenForTests"
#define GET_PRESET                                                                                                     \
	"[settings]\nurl = url required\n[request]\nmethod = GET\nurl = {{url}}?to={{to_address}}\n[success]\nstatus " \
	"= 200\n"

#define STEP_PRESET                                                                                                           \
	"[settings]\nurl = url required\n[token]\nmethod = GET\nurl = {{url}}?c={{channel}}\nvalue = /token\nrefresh = 401\n" \
	"[token success]\nstatus = 200\n[request]\nurl = {{url}}\nbody = text\n[headers]\nAuthorization = Bearer "            \
	"{{access_token}}\n[text]\ntext = {{subject}}\n[success]\nstatus = 200\n"                                             \
	"[edit request]\nmethod = PUT\nurl = {{url}}/{{remote_id}}\nbody = text\n[edit headers]\nAuthorization = Bearer "     \
	"{{access_token}}\n[edit text]\ntext = {{subject}}\n[edit success]\nstatus = 200\n"
#define TOKEN_REPLY(token) "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"token\":\"" token "\"}"

#define RESET_PRESET                                                                                                   \
	"[settings]\nurl = url required\n[request]\nurl = {{url}}\nbody = text\n[text]\ntext = {{subject}}\n"          \
	"[success]\nstatus = 200\n[retry]\nheader = X-Reset\nunit = at\n"

enum { PEERS_MAX = 32 };

struct world {
	struct event_base *base;
	struct evconnlistener *listener;
	struct bufferevent *peers[PEERS_MAX];
	unsigned n_peers; /* connections that were made */
	unsigned n_requests;
	char request[16 * 1024]; /* the last one */
	const char *const *script;
	unsigned port;

	struct conf conf;
	struct ini *ini;
	struct problems problems;
	struct transfer *transfer;
	struct channel *channel;
	unsigned n_results;
	int64_t last_id;
	struct channel_result result;
};

static struct world world;
static char folder[] = "/tmp/test_http.XXXXXX", *token_file, *preset_file, *step_file, *reset_file;

/* ---- the server ---- */

static size_t request_length(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n"), *header = strstr(text, "Content-Length: ");
	if (end == NULL)
		return 0;
	return (size_t)(end + 4 - text) + (header != NULL && header < end ? strtoul(header + 16, NULL, 10) : 0);
}

static void peer_answer(struct bufferevent *peer, const char *reply)
{
	static char huge[200 * 1024];
	if (reply == HUGE_REPLY) {
		memset(huge, 'x', sizeof(huge));
		(void)evbuffer_add_printf(bufferevent_get_output(peer),
					  "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", sizeof(huge));
		(void)bufferevent_write(peer, huge, sizeof(huge));
	} else if (reply != HANG) {
		(void)bufferevent_write(peer, reply, strlen(reply));
	}
}

static void peer_written(struct bufferevent *peer, void *arg)
{
	(void)arg;
	(void)shutdown(bufferevent_getfd(peer), SHUT_RDWR);
}

static void peer_read(struct bufferevent *peer, void *arg)
{
	(void)arg;
	struct evbuffer *input = bufferevent_get_input(peer);
	size_t len = evbuffer_get_length(input);
	assert_true(len < sizeof(world.request));
	(void)evbuffer_copyout(input, world.request, len);
	world.request[len] = '\0';
	size_t want = request_length(world.request);
	if (want == 0 || len < want)
		return;

	(void)evbuffer_drain(input, len);
	world.n_requests++;
	const char *reply = *world.script != NULL ? *world.script++ : HANG;
	if (reply == DROP) {
		(void)shutdown(bufferevent_getfd(peer), SHUT_RDWR);
		return;
	}
	peer_answer(peer, reply);
	if (reply != HANG && reply != HUGE_REPLY && strstr(reply, "Content-Length: 39") == NULL)
		bufferevent_setcb(peer, peer_read, peer_written, NULL, NULL);
}

static void peer_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
			void *arg)
{
	(void)listener, (void)address, (void)len, (void)arg;
	assert_true(world.n_peers < PEERS_MAX);
	struct bufferevent *peer = bufferevent_socket_new(world.base, fd, BEV_OPT_CLOSE_ON_FREE);
	world.peers[world.n_peers++] = peer;
	bufferevent_setcb(peer, peer_read, NULL, NULL, NULL);
	(void)bufferevent_enable(peer, EV_READ | EV_WRITE);
}

/* ---- the fixture ---- */

static void note_result(void *arg, int64_t message_id, const struct channel_result *result)
{
	(void)arg;
	world.n_results++;
	world.last_id = message_id;
	world.result = *result;
}

static int set_up(void **state)
{
	(void)state;
	static const char *const none[] = {NULL};
	world = (struct world){.script = none};
	world.base = event_base_new();
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	world.listener = evconnlistener_new_bind(world.base, peer_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 8,
						 (struct sockaddr *)&address, sizeof(address));
	assert_non_null(world.listener);
	socklen_t len = sizeof(address);
	assert_int_equal(getsockname(evconnlistener_get_fd(world.listener), (struct sockaddr *)&address, &len), 0);
	world.port = ntohs(address.sin_port);
	assert_int_equal(transfer_new(world.base, &world.transfer, NULL), 0);
	world.conf.messengers = (char *)(uintptr_t) "config/messengers";
	world.conf.secrets_dir = folder;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	channel_free(world.channel);
	transfer_free(world.transfer);
	for (unsigned i = 0; i < world.n_peers; i++)
		bufferevent_free(world.peers[i]);
	if (world.listener != NULL)
		evconnlistener_free(world.listener);
	event_base_free(world.base);
	ini_free(world.ini);
	problems_done(&world.problems);
	return 0;
}

/* Reads [channel tg] with these keys; NULL when there were problems. */
static struct channel *make_channel(const char *keys)
{
	char *text = mem_printf("[channel tg]\ntype = http\n%s", keys);
	char *file = mem_printf("%s/deadlined.ini", folder);
	ini_free(world.ini);
	problems_done(&world.problems);
	world.ini = ini_read_text(file, text, strlen(text), &world.problems);
	assert_int_equal(world.problems.n, 0);
	struct channel *channel = channel_new(&world.conf, &world.ini->sections[0], &world.problems);
	free(file);
	free(text);
	return channel;
}

static void start_keys(const char *keys, const char *const *script)
{
	world.channel = make_channel(keys);
	problems_print(&world.problems, stderr);
	assert_non_null(world.channel);
	channel_start(world.channel, world.transfer, note_result, NULL);
	world.script = script;
}

static void start_channel(const char *more, const char *const *script)
{
	bool is_telegram = strstr(more, "preset = ") == NULL;
	char *keys =
		is_telegram ? mem_printf("preset = telegram\ntoken = credential:tg\nbase_url = http://127.0.0.1:%u\n%s",
					 world.port, more)
			    : mem_printf("url = http://127.0.0.1:%u/hook\n%s", world.port, more);
	start_keys(keys, script);
	free(keys);
}

static void start_message_at(int64_t id, const char *address, int64_t date_utc)
{
	channel_send(world.channel, &(struct channel_message){
					    .id = id,
					    .kind = "single",
					    .person = "desk",
					    .to_address = address,
					    .to_name = "Desk",
					    .subject = "Fair",
					    .text = "In June",
					    .language = "ru",
					    .message_id = "7@h",
					    .key = "7.k",
					    .date_utc = date_utc,
				    });
}

static void start_message(int64_t id, const char *address)
{
	start_message_at(id, address, 1700000000);
}

static void fail_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	(void)event_base_loopbreak(world.base);
}

static void await_results(unsigned n)
{
	struct event *guard = evtimer_new(world.base, fail_late, NULL);
	(void)evtimer_add(guard, &(struct timeval){.tv_sec = 20});
	while (world.n_results < n && !event_base_got_break(world.base))
		(void)event_base_loop(world.base, EVLOOP_ONCE);
	event_free(guard);
	assert_int_equal(world.n_results, n);
}

static bool make_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");
	return file != NULL && fputs(content, file) >= 0 && fchmod(fileno(file), 0600) == 0 && fclose(file) == 0;
}

static int make_files(void **state)
{
	(void)state;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	if (mkdtemp(folder) == NULL)
		return -1;
	token_file = mem_printf("%s/tg", folder);
	preset_file = mem_printf("%s/get.ini", folder);
	step_file = mem_printf("%s/step.ini", folder);
	reset_file = mem_printf("%s/reset.ini", folder);
	bool is_made = make_file(token_file, TOKEN) && make_file(preset_file, GET_PRESET) &&
		       make_file(step_file, STEP_PRESET) && make_file(reset_file, RESET_PRESET);
	return is_made ? 0 : -1;
}

static int remove_files(void **state)
{
	(void)state;
	(void)unlink(token_file);
	(void)unlink(preset_file);
	(void)unlink(step_file);
	(void)unlink(reset_file);
	free(token_file);
	free(preset_file);
	free(step_file);
	free(reset_file);
	return rmdir(folder);
}

#endif
