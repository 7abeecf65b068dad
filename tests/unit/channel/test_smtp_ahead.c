/* Messages that were handed over before a connection was free for them: their text waits until the result of the message
 * before is recorded. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp_live.h"

#define ONE OFF "connections = 1\n"
#define OK_250 "S 250 ok\r\n"
#define GO "S 250 ok\r\n250 ok\r\n354 go\r\n"

static void ahead__recorded_in_time__follows_on_the_same_connection(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, TAKE, OK_250});
	client_start(&client, peer.port, ONE, NULL);
	client_send(&client, 1);
	client_send(&client, 2);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(client.n_results[2], 0);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

/* The promise of channel.h: the server gets its envelope, and the end of the connection instead of its text. */
static void ahead__never_recorded__sends_no_text(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, GO, "E"});
	struct smtp_limits limits = smtp_limits_default();
	limits.text_ms = 50;
	client_start(&client, peer.port, ONE, &limits);
	client_send(&client, 1);
	client_send(&client, 2);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_TEMPORARY);
	assert_int_equal(client.results[2].blame, CHANNEL_BLAME_MESSAGE);
	client_stop(&client);
	peer_stop(&peer);
}

/* Nor on the fresh connection to which it is moved when the old one ends. */
static void ahead__connection_ends__waits_on_the_next_one(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, "S 421 4.4.2 idle\r\n"}, {HELLO, ENVELOPE, GO, "E"},
	      {HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, "S 421 4.4.2 idle\r\n"}, {HELLO, ENVELOPE, TAKE, OK_250});
	struct smtp_limits limits = smtp_limits_default();
	limits.text_ms = 50;
	client_start(&client, peer.port, ONE, &limits);
	for (int64_t id = 1; id <= 4; id++)
		client_send(&client, id);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_TEMPORARY);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 3)->verdict, CHANNEL_ACCEPTED);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 4)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

/* The third waits behind the second, whose recipient is refused at once. */
static void ahead__refused_while_it_waits__lets_the_next_begin(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, "S 250 ok\r\n550 5.1.1 who\r\n554 no\r\n", "L RSET\r\n", OK_250,
	       ENVELOPE, TAKE, OK_250});
	client_start(&client, peer.port, ONE, NULL);
	for (int64_t id = 1; id <= 3; id++)
		client_send(&client, id);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_PERMANENT);
	assert_int_equal(client.n_results[1], 1);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 3)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

/* One connection is tried, not one for each message. */
static void ahead__server_out_of_reach__gives_all_back_at_once(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, "S 421 4.3.2 down\r\n"});
	client_start(&client, peer.port, ONE, NULL);
	for (int64_t id = 1; id <= 3; id++)
		client_send(&client, id);
	assert_int_equal(client_wait(&client, 1)->code, 421);
	for (int64_t id = 2; id <= 3; id++) {
		assert_int_equal(client_wait(&client, id)->verdict, CHANNEL_THROTTLED);
		assert_int_equal(client.results[id].blame, CHANNEL_BLAME_MESSAGE);
	}
	client_stop(&client);
	peer_stop(&peer);
}

/* The first refusal is enough, though the other connection has not been answered yet. */
static void ahead__no_connection_comes_about__gives_what_waits_back_with_the_first(void **cmocka)
{
	(void)cmocka;
	START({"S 421 4.3.2 too many\r\n"}, {"S 421 4.3.2 too many\r\n"});
	client_start(&client, peer.port, OFF "connections = 2\n", NULL);
	for (int64_t id = 1; id <= 4; id++)
		client_send(&client, id);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_TEMPORARY);
	assert_int_equal(client.n_results[3], 1);
	assert_int_equal(client.n_results[4], 1);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_TEMPORARY);
	client_stop(&client);
	peer_stop(&peer);
}

static bool is_before(void *arg, int64_t id)
{
	const int64_t *end = arg;
	return id > 2 && id < *end; /* 2 is on the connection */
}

/* With one connection, 8 wait behind it; more are asked for when 4 of them have left, and then all 4. */
static void ahead__half_of_them_have_left__asks_for_as_many_at_once(void **cmocka)
{
	(void)cmocka;
	int64_t end = 6;
	START({HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, TAKE, OK_250});
	client_start(&client, peer.port, ONE, NULL);
	assert_int_equal(client_deliver(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(channel_room(client.channel), 9);
	for (int64_t id = 2; id <= 10; id++)
		client_send(&client, id);
	assert_int_equal(channel_room(client.channel), 0);
	channel_recall(client.channel, is_before, &end);
	assert_int_equal(channel_room(client.channel), 0);
	end++;
	channel_recall(client.channel, is_before, &end);
	assert_int_equal(channel_room(client.channel), 4);
	end = INT64_MAX;
	channel_recall(client.channel, is_before, &end);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

static bool is_third(void *arg, int64_t id)
{
	unsigned *n_asked = arg;
	++*n_asked;
	return id == 3;
}

/* Done or moved means quiet: of what has not begun, what is over comes back, and the rest goes on. */
static void ahead__recalled__comes_back_unsent(void **cmocka)
{
	(void)cmocka;
	unsigned n_asked = 0;
	START({HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, TAKE, OK_250, ENVELOPE, TAKE, OK_250});
	client_start(&client, peer.port, ONE, NULL);
	for (int64_t id = 1; id <= 4; id++)
		client_send(&client, id);
	channel_recall(client.channel, is_third, &n_asked);
	assert_int_equal(n_asked, 4);
	assert_int_equal(client.n_results[3], 1);
	assert_int_equal(client.results[3].verdict, CHANNEL_THROTTLED);
	static const int64_t others[] = {1, 2, 4};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(client_wait(&client, others[i])->verdict, CHANNEL_ACCEPTED);
		channel_resume(client.channel);
	}
	client_stop(&client);
	peer_stop(&peer);
}

static bool is_any(void *arg, int64_t id)
{
	(void)arg;
	return id > 0;
}

/* Recalls what is on the connection when the server says that it has got as far. */
static void recall_at_flag(struct client *client, struct peer *peer)
{
	while (!peer->flag)
		assert_int_equal(event_base_loop(client->base, EVLOOP_NONBLOCK), 0);
	channel_recall(client->channel, is_any, NULL);
	assert_int_equal(sem_post(&peer->result), 0);
}

/* Likewise of what a slow server keeps waiting, be it for its greeting. */
static void ahead__recalled_before_its_text__comes_back_unsent(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, GO, "E"}, {HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, "F", "H", GO, "E"},
	      {HELLO, ENVELOPE, TAKE, OK_250});
	client_start(&client, peer.port, ONE, NULL);
	client_send(&client, 1);
	channel_recall(client.channel, is_any, NULL);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_THROTTLED);
	assert_int_equal(client_deliver(&client, 2)->verdict, CHANNEL_ACCEPTED);
	client_send(&client, 3);
	recall_at_flag(&client, &peer);
	assert_int_equal(client_wait(&client, 3)->verdict, CHANNEL_THROTTLED);
	assert_int_equal(client.results[3].blame, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(client_deliver(&client, 4)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

static void ahead__recalled_behind_its_text__is_as_the_server_says(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, "F", "H", OK_250});
	client_start(&client, peer.port, ONE, NULL);
	client_send(&client, 1);
	recall_at_flag(&client, &peer);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

static void ahead__stopped__gives_back_what_waits_and_quits(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, OK_250, "L QUIT\r\n", "S 221 bye\r\n", "E"});
	client_start(&client, peer.port, ONE, NULL);
	client_send(&client, 1);
	client_send(&client, 2);
	channel_stop(client.channel);
	assert_int_equal(client.results[2].verdict, CHANNEL_THROTTLED);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

static void ahead__freed_while_it_waits__is_clean(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, GO, "E"});
	client_start(&client, peer.port, ONE, NULL);
	for (int64_t id = 1; id <= 3; id++)
		client_send(&client, id);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(channel_in_flight(client.channel), 2);
	channel_free(client.channel);
	transfer_free(client.transfer);
	event_base_free(client.base);
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ahead__recorded_in_time__follows_on_the_same_connection),
		cmocka_unit_test(ahead__never_recorded__sends_no_text),
		cmocka_unit_test(ahead__connection_ends__waits_on_the_next_one),
		cmocka_unit_test(ahead__refused_while_it_waits__lets_the_next_begin),
		cmocka_unit_test(ahead__server_out_of_reach__gives_all_back_at_once),
		cmocka_unit_test(ahead__no_connection_comes_about__gives_what_waits_back_with_the_first),
		cmocka_unit_test(ahead__half_of_them_have_left__asks_for_as_many_at_once),
		cmocka_unit_test(ahead__recalled__comes_back_unsent),
		cmocka_unit_test(ahead__recalled_before_its_text__comes_back_unsent),
		cmocka_unit_test(ahead__recalled_behind_its_text__is_as_the_server_says),
		cmocka_unit_test(ahead__stopped__gives_back_what_waits_and_quits),
		cmocka_unit_test(ahead__freed_while_it_waits__is_clean),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
