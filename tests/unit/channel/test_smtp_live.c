/* The SMTP channel against a server that plays scripts: one message after the other, each settled before the next. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp_live.h"

static void live__two_messages__use_one_connection(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, "S 250 2.0.0 Ok: queued as A1\r\n", ENVELOPE, TAKE, "S 250 Ok: queued as A2\r\n",
	       "L QUIT\r\n", "S 221 bye\r\n", "E"});
	client_start(&client, peer.port, OFF, NULL);
	assert_int_equal(channel_room(client.channel), 4);
	assert_string_equal(client.channel->domain, "example.org");
	assert_string_equal(client.channel->sender_address, "office@example.org");
	assert_string_equal(client.channel->sender_name, "Office");

	client_send(&client, 1);
	assert_int_equal(channel_room(client.channel), 3);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(channel_room(client.channel), 4 + 8); /* one on each connection, and some to follow */
	assert_string_equal(client.results[1].remote_id, "A1");
	assert_non_null(strstr(peer.text, "\r\n..hidden\r\n"));
	assert_non_null(strstr(peer.text, "Message-ID: <m1@example.org>\r\n"));

	assert_int_equal(client_deliver(&client, 2)->verdict, CHANNEL_ACCEPTED);
	assert_string_equal(client.results[2].remote_id, "A2");
	channel_stop(client.channel);
	assert_int_equal(channel_room(client.channel), 0);
	client_stop(&client);
	peer_stop(&peer);
}

#define BIG_HELLO "S 220 x\r\n", "L EHLO", "S 250-x\r\n250 PIPELINING\r\n"
#define BIG_ENVELOPE "L MAIL FROM:<office@example.org>\r\n", "L RCPT", "L DATA", "W"
enum { BIG_LINES = 40000 };

/* The kernel would take megabytes at once: makes the client's end of the connection small, once the peer waits for it. */
static void client_shrink(struct client *client, struct peer *peer)
{
	int size = 4096;
	while (!peer->flag)
		assert_int_equal(event_base_loop(client->base, EVLOOP_NONBLOCK), 0);
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in at = {0};
		socklen_t len = sizeof(at);
		if (getpeername(fd, (struct sockaddr *)&at, &len) == 0 && ntohs(at.sin_port) == peer->port)
			assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	}
	peer->flag = false;
	assert_int_equal(sem_post(&peer->small), 0);
}

/* More than fits into the socket at once; the caller frees it. */
static char *big_text(void)
{
	static const char line[] = "a line of a long text\n";
	char *text = mem_alloc(BIG_LINES * (sizeof(line) - 1) + 1);
	for (size_t i = 0; i < BIG_LINES; i++)
		memcpy(text + i * (sizeof(line) - 1), line, sizeof(line));
	return text;
}

static void live__big_mail__arrives_whole(void **cmocka)
{
	(void)cmocka;
	START({BIG_HELLO, BIG_ENVELOPE, TAKE, "S 250 ok\r\n"});
	char *text = big_text();
	client_start(&client, peer.port, OFF, NULL);
	client_send_text(&client, 1, text);
	client_shrink(&client, &peer);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
	assert_true(peer.text_len > strlen(text) + BIG_LINES && peer.text_len < strlen(text) + BIG_LINES + 2000);
	free(text);
}

/* The server cannot have what it did not read: nothing unknown about it. */
static void live__stalled_within_the_text__is_temporary(void **cmocka)
{
	(void)cmocka;
	START({BIG_HELLO, BIG_ENVELOPE, "S 250 a\r\n250 b\r\n354 c\r\n", "H"},
	      {BIG_HELLO, BIG_ENVELOPE, "S 250 a\r\n250 b\r\n354 c\r\n"},
	      {BIG_HELLO, BIG_ENVELOPE, "S 250 a\r\n250 b\r\n354 c\r\n552 5.3.4 too big\r\n", "H"});
	static const struct {
		enum channel_verdict verdict;
		const char *words;
	} wanted[] = {{CHANNEL_TEMPORARY, "silent for too long (before the end of data"},
		      {CHANNEL_TEMPORARY, "before the end of data"},
		      {CHANNEL_PERMANENT, "5.3.4 too big"}};
	char *text = big_text();
	struct smtp_limits limits = smtp_limits_default();
	limits.text_ms = 50;
	client_start(&client, peer.port, OFF, &limits);
	for (int64_t id = 0; id < 3; id++) {
		client_send_text(&client, id, text);
		client_shrink(&client, &peer);
		assert_int_equal(client_wait(&client, id)->verdict, wanted[id].verdict);
		if (id != 1) /* that connection ends by itself */
			assert_int_equal(sem_post(&peer.result), 0);
		assert_non_null(strstr(client.results[id].reply, wanted[id].words));
	}
	client_stop(&client);
	peer_stop(&peer);
	free(text);
}

static void live__lost_after_the_dot__is_unknown(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE});
	client_start(&client, peer.port, OFF, NULL);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_UNKNOWN);
	assert_non_null(strstr(client.results[1].reply, "before the reply to end of data"));
	client_stop(&client);
	peer_stop(&peer);
}

static void live__silent_after_the_dot__is_unknown(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, "E"});
	struct smtp_limits limits = smtp_limits_default();
	limits.dot_ms = 30;
	client_start(&client, peer.port, OFF, &limits);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_UNKNOWN);
	client_stop(&client);
	peer_stop(&peer);
}

static void live__silent_before_the_dot__is_temporary(void **cmocka)
{
	(void)cmocka;
	START({"E"}, {"S 220 x\r\n", "A"}, {HELLO, ENVELOPE, "E"}, {HELLO, ENVELOPE, "S 250 ok\r\n250 ok\r\n", "E"});
	client_start(&client, peer.port, OFF, NULL);
	for (int64_t id = 1; id <= 4; id++) {
		struct smtp_limits limits = smtp_limits_default();
		int64_t *shorts[] = {&limits.hello_ms, &limits.hello_ms, &limits.command_ms, &limits.data_ms};
		*shorts[id - 1] = 30; /* the others are long: the server may be slow to say what it does say */
		limits.connect_ms = id <= 2 ? 30 : limits.connect_ms;
		smtp_channel_set_limits(client.channel, &limits);
		assert_int_equal(client_deliver(&client, id)->verdict, CHANNEL_TEMPORARY);
		assert_int_equal(client.results[id].blame, CHANNEL_BLAME_CHANNEL);
	}
	client_stop(&client);
	peer_stop(&peer);
}

/* The server has grown tired of the connection between two messages: nobody hears of it. */
static void live__old_connection_ends__is_repeated_on_a_fresh_one(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, "S 250 ok\r\n", ENVELOPE, "S 421 4.4.2 idle\r\n"},
	      {HELLO, ENVELOPE, TAKE, "S 250 ok\r\n", ENVELOPE},
	      {HELLO, ENVELOPE, TAKE, "S 250 Ok: queued as B3\r\n", "L QUIT\r\n", "S 221 bye\r\n"});
	client_start(&client, peer.port, OFF, NULL);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(client_deliver(&client, 2)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(client_deliver(&client, 3)->verdict, CHANNEL_ACCEPTED);
	assert_string_equal(client.results[3].remote_id, "B3");
	channel_stop(client.channel);
	client_stop(&client);
	peer_stop(&peer);
}

/* A fresh connection that ends the same way is reported, whether it was the message's first or its second. */
static void live__fresh_connection_ends__is_temporary(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, "S 421 4.3.2 down\r\n"}, {HELLO, ENVELOPE, TAKE, "S 250 ok\r\n", ENVELOPE},
	      {HELLO, ENVELOPE, "S 421 4.3.2 down\r\n"});
	client_start(&client, peer.port, OFF, NULL);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_TEMPORARY);
	assert_int_equal(client_deliver(&client, 2)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(client_deliver(&client, 3)->verdict, CHANNEL_TEMPORARY);
	assert_int_equal(client.results[3].code, 421);
	client_stop(&client);
	peer_stop(&peer);
}

static void live__refused_recipient__leaves_the_connection_usable(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, "S 250 ok\r\n550 5.1.1 who\r\n354 go\r\n", "L .\r\n", "S 554 nobody\r\n", ENVELOPE,
	       "S 250 ok\r\n451 4.7.1 grey\r\n554 no\r\n", "L RSET\r\n", "S 250 ok\r\n", ENVELOPE, TAKE,
	       "S 250 ok\r\n"});
	client_start(&client, peer.port, OFF, NULL);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_PERMANENT);
	assert_int_equal(client.results[1].blame, CHANNEL_BLAME_RECIPIENT);
	assert_string_equal(client.results[1].reply, "5.1.1 who (in reply to RCPT TO)");
	assert_int_equal(client_deliver(&client, 2)->verdict, CHANNEL_TEMPORARY);
	assert_int_equal(client_deliver(&client, 3)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

static void live__no_service__is_the_channels_fault(void **cmocka)
{
	(void)cmocka;
	START({"S 554-5.7.1 your address\r\n554 5.7.1 is on a list\r\n", "E"}, {"S 421 4.3.2 too many\r\n"},
	      {"S 220 x\r\n", "L EHLO", "S 502 what\r\n", "L HELO", "S 550 go away\r\n", "E"}, {NULL});
	client_start(&client, peer.port, OFF, NULL);
	static const struct {
		int code;
		const char *words;
	} wanted[] = {{554, "5.7.1 your address is on a list"}, {421, "4.3.2 too many"}, {550, "go away"}, {0, ""}};
	for (int64_t id = 0; id < 4; id++) {
		assert_int_equal(client_deliver(&client, id)->verdict, CHANNEL_TEMPORARY);
		assert_int_equal(client.results[id].blame, CHANNEL_BLAME_CHANNEL);
		assert_int_equal(client.results[id].code, wanted[id].code);
		assert_non_null(strstr(client.results[id].reply, wanted[id].words));
		assert_string_not_equal(client.results[id].reply, "");
	}
	client_stop(&client);
	peer_stop(&peer);

	client_start(&client, peer.port, OFF, NULL); /* nobody listens there any more */
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_TEMPORARY);
	assert_non_null(strstr(client.results[1].reply, "onnect"));
	client_stop(&client);
}

/* A host that does not even answer: as one whose queue of connections is full. */
static void live__no_connection__ends_in_time(void **cmocka)
{
	(void)cmocka;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	struct client client;
	struct smtp_limits limits = smtp_limits_default();
	int fillers[4], fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	for (size_t i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], (struct sockaddr *)&at,
			      sizeof(at)); /* the first ones fill it, the rest wait */
	}

	limits.connect_ms = 50;
	client_start(&client, ntohs(at.sin_port), OFF, &limits);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_TEMPORARY);
	assert_non_null(strstr(client.results[1].reply, "within the time allowed"));
	client_stop(&client);
	for (size_t i = 0; i < 4; i++)
		(void)close(fillers[i]);
	(void)close(fd);
}

static void live__no_starttls__sends_nothing(void **cmocka)
{
	(void)cmocka;
	START({HELLO, "E"});
	client_start(&client, peer.port, "", NULL);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_TEMPORARY);
	assert_int_equal(client.results[1].blame, CHANNEL_BLAME_CHANNEL);
	assert_non_null(strstr(client.results[1].reply, "STARTTLS"));
	client_stop(&client);
	peer_stop(&peer);
}

/* EHLO refused, HELO taken: the old protocol, one command at a time. */
static void live__helo_only__delivers_step_by_step(void **cmocka)
{
	(void)cmocka;
	START({"S 220 x\r\n", "L EHLO", "S 502 what\r\n", "L HELO client.example.org", "S 250 x\r\n",
	       "L MAIL FROM:<office@example.org>\r\n", "S 250 ok\r\n", "L RCPT", "S 250 ok\r\n", "L DATA",
	       "S 354 go\r\n", "T", "S 250 ok\r\n"});
	client_start(&client, peer.port, OFF, NULL);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

static void live__idle_connection__says_quit(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, "S 250 ok\r\n", "L QUIT\r\n", "S 221 bye\r\n", "E"},
	      {HELLO, ENVELOPE, TAKE, "S 250 ok\r\n", "L QUIT\r\n", "S 221 bye\r\n", "E"});
	struct smtp_limits limits = smtp_limits_default();
	limits.idle_ms = 20;
	client_start(&client, peer.port, OFF, &limits);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(event_base_dispatch(client.base), 1); /* runs until no event is left */

	limits.idle_ms = 30000;
	limits.messages = 1;
	smtp_channel_set_limits(client.channel, &limits);
	assert_int_equal(client_deliver(&client, 2)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(event_base_dispatch(client.base), 1);
	client_stop(&client);
	peer_stop(&peer);
}

/* Given up with a message on the way: no result, and nothing is left behind. */
static void live__free_in_the_middle__is_clean(void **cmocka)
{
	(void)cmocka;
	START({"E"}, {HELLO, ENVELOPE, "F", "E"});
	for (int round = 0; round < 2; round++) {
		client_start(&client, peer.port, OFF, NULL);
		client_send(&client, 1);
		assert_int_equal(event_base_loop(client.base, EVLOOP_ONCE), 0);
		while (round == 1 && !peer.flag)
			assert_int_equal(event_base_loop(client.base, EVLOOP_NONBLOCK), 0);
		channel_stop(client.channel);
		assert_int_equal(channel_in_flight(client.channel), 1);
		assert_false(channel_may_have(client.channel, 1));
		channel_free(client.channel);
		transfer_free(client.transfer);
		event_base_free(client.base);
		assert_int_equal(client.n_results[1], 0);
	}
	peer_stop(&peer);
}

static void live__after_the_dot__the_server_may_have_it(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, "F", "E"});
	client_start(&client, peer.port, OFF, NULL);
	client_send(&client, 1);
	while (!peer.flag)
		assert_int_equal(event_base_loop(client.base, EVLOOP_NONBLOCK), 0);
	assert_true(channel_may_have(client.channel, 1));
	assert_false(channel_may_have(client.channel, 2));
	channel_free(client.channel);
	transfer_free(client.transfer);
	event_base_free(client.base);
	peer_stop(&peer);
}

/* ---- configuration ---- */

static void config__mistakes__are_refused(void **cmocka)
{
	(void)cmocka;
	static const struct {
		const char *lines, *words;
		unsigned line;
	} rows[] = {
		{"from = a@example.org\n", "url", 1},
		{"url = smtp://h\n", "from", 1},
		{"url = http://h\nfrom = a@example.org\n", "neither smtp:// nor smtps://", 3},
		{"url = h\nfrom = a@example.org\n", "smtp", 3},
		{"url = smtps://u:p@h\nfrom = a@example.org\n", "user name", 3},
		{"url = smtps://h/path\nfrom = a@example.org\n", "hostname", 3},
		{"url = smtps://h?x\nfrom = a@example.org\n", "'?'", 3},
		{"url = smtps://h\nfrom = nobody\n", "from", 4},
		{"url = smtps://h\nfrom = a@example.org\nhostname = a b\n", "host name", 5},
		{"url = smtps://h\nfrom = a@example.org\nusername = u\n", "without password", 5},
		{"url = smtps://h\nfrom = a@example.org\ntls = off\n", "smtps://", 5},
		{"url = smtp://h\nfrom = a@example.org\ntls = off\nusername = u\n", "in the clear", 5},
		{"url = smtps://h\nfrom = a@example.org\nca_file = /nonexistent/ca.pem\n", "ca.pem", 5},
		{"url = smtps://h\nfrom = a@example.org\nca_file = /\n", "not a regular file", 5},
		{"url = smtps://h\nfrom = a@example.org\nconnections = 51\n", "51", 5},
		{"url = smtps://h\nfrom = a@example.org\npasword = x\n", "pasword", 5},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct problems problems = {0};
		struct conf conf = {.secrets_dir = (char *)(uintptr_t) "/nonexistent"};
		char *text = mem_printf("[channel mail]\ntype = smtp\n%s", rows[i].lines);
		struct ini *ini = ini_read_text("test.ini", text, strlen(text), &problems);
		struct channel *channel = channel_new(&conf, ini_section(ini, "channel", "mail"), &problems);
		bool is_found = false;
		for (size_t j = 0; j < problems.n; j++)
			is_found = is_found || (problems.items[j].line == rows[i].line &&
						strstr(problems.items[j].text, rows[i].words) != NULL);
		if (channel != NULL || !is_found) {
			problems_print(&problems, stderr);
			fail_msg("row %zu: %s", i, rows[i].lines);
		}
		problems_done(&problems);
		ini_free(ini);
		free(text);
	}
}

static void config__good__is_taken(void **cmocka)
{
	(void)cmocka;
	static const char *const rows[] = {
		"url = smtps://mail.example.org\nfrom = a@example.org\n",
		("url = smtp://mail.example.org:587\nfrom = \"Name <a@example.org>\"\nhostname = [127.0.0.1]\n"
		 "rate = 30/m\n"),
		"url = smtp://[::1]:25/\nfrom = a@example.org\ntls = off\nconnections = 50\n",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = mem_printf("[channel mail]\ntype = smtp\n%s", rows[i]);
		struct channel *channel = client_channel(text);
		assert_non_null(channel);
		assert_string_equal(channel->name, "mail");
		channel_free(channel);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live__two_messages__use_one_connection),
		cmocka_unit_test(live__big_mail__arrives_whole),
		cmocka_unit_test(live__stalled_within_the_text__is_temporary),
		cmocka_unit_test(live__lost_after_the_dot__is_unknown),
		cmocka_unit_test(live__silent_after_the_dot__is_unknown),
		cmocka_unit_test(live__silent_before_the_dot__is_temporary),
		cmocka_unit_test(live__old_connection_ends__is_repeated_on_a_fresh_one),
		cmocka_unit_test(live__fresh_connection_ends__is_temporary),
		cmocka_unit_test(live__refused_recipient__leaves_the_connection_usable),
		cmocka_unit_test(live__no_service__is_the_channels_fault),
		cmocka_unit_test(live__no_connection__ends_in_time),
		cmocka_unit_test(live__no_starttls__sends_nothing),
		cmocka_unit_test(live__helo_only__delivers_step_by_step),
		cmocka_unit_test(live__idle_connection__says_quit),
		cmocka_unit_test(live__free_in_the_middle__is_clean),
		cmocka_unit_test(live__after_the_dot__the_server_may_have_it),
		cmocka_unit_test(config__mistakes__are_refused),
		cmocka_unit_test(config__good__is_taken),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
