/* Messages whose commands go out right behind the text of the one before: one round trip each instead of two. Their own text
 * still waits until the result of that one is recorded. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp_live.h"

#define ONE OFF "connections = 1\n"
#define OK_250 "S 250 ok\r\n"
#define GO "S 250 ok\r\n250 ok\r\n354 go\r\n"
#define OK_AND_GO "S 250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"
#define FIRST HELLO, ENVELOPE, TAKE, ENVELOPE /* and the commands of the second, before the first is answered */

static void client_begin(struct client *client, const struct peer *peer, const struct smtp_limits *limits, int64_t n)
{
	client_start(client, peer->port, ONE, limits);
	for (int64_t id = 1; id <= n; id++)
		client_send(client, id);
}

/* The third does not follow the first: each follows one. */
static void follow__more_wait__each_goes_behind_the_one_before(void **cmocka)
{
	(void)cmocka;
	START({FIRST, "N", OK_AND_GO, "T", ENVELOPE, "N", OK_AND_GO, "T", "N", OK_250});
	client_begin(&client, &peer, NULL, 3);
	for (int64_t id = 1; id <= 3; id++) {
		assert_int_equal(client_wait(&client, id)->verdict, CHANNEL_ACCEPTED);
		channel_resume(client.channel);
	}
	client_stop(&client);
	peer_stop(&peer);
}

static void follow__before_is_not_recorded__sends_no_text(void **cmocka)
{
	(void)cmocka;
	START({FIRST, OK_AND_GO, "E"});
	struct smtp_limits limits = smtp_limits_default();
	limits.text_ms = 50;
	client_begin(&client, &peer, &limits, 2);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_TEMPORARY);
	assert_int_equal(client.results[2].blame, CHANNEL_BLAME_MESSAGE);
	client_stop(&client);
	peer_stop(&peer);
}

#define PLAIN_HELLO "S 220 mail ESMTP\r\n", "L EHLO", "S 250 mail\r\n"
#define PLAIN_ENVELOPE                                                                                                 \
	"L MAIL FROM:<office@example.org>\r\n", OK_250, "L RCPT TO:<desk@example.org>\r\n", OK_250, "L DATA\r\n",      \
		"S 354 go\r\n"

static void follow__no_pipelining__waits_for_the_answer(void **cmocka)
{
	(void)cmocka;
	START({PLAIN_HELLO, PLAIN_ENVELOPE, "T", "N", OK_250, PLAIN_ENVELOPE, "T", "N", OK_250});
	client_begin(&client, &peer, NULL, 2);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

/* The text of one is refused, and the recipient of the other. */
static void follow__both_refused__lets_the_third_begin(void **cmocka)
{
	(void)cmocka;
	START({FIRST, "S 554 5.7.1 spam\r\n250 ok\r\n550 5.1.1 who\r\n554 no\r\n", "L RSET\r\n", OK_250, ENVELOPE, TAKE,
	       OK_250});
	client_begin(&client, &peer, NULL, 3);
	assert_int_equal(client_wait(&client, 1)->code, 554);
	assert_int_equal(client_wait(&client, 2)->code, 550);
	assert_int_equal(client.results[2].verdict, CHANNEL_PERMANENT);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 3)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

/* Of the first nobody knows; of the second nothing was sent. */
static void follow__connection_lost_after_the_dot__begins_on_another(void **cmocka)
{
	(void)cmocka;
	START({FIRST}, {HELLO, ENVELOPE, TAKE, OK_250});
	client_begin(&client, &peer, NULL, 2);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_UNKNOWN);
	assert_int_equal(client.n_results[2], 0);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

/* The answer comes, and then the end of the connection, as from servers that take so many messages and no more. */
static void follow__connection_ends_behind_the_answer__is_repeated_on_another(void **cmocka)
{
	(void)cmocka;
	START({FIRST, OK_250}, {HELLO, ENVELOPE, TAKE, "N", OK_250, ENVELOPE, TAKE, "N", OK_250});
	client_begin(&client, &peer, NULL, 3);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	for (int64_t id = 2; id <= 3; id++) { /* and nothing follows any more: this server did not hear it */
		while (client.n_results[id] == 0) {
			channel_resume(client.channel);
			assert_int_equal(event_base_loop(client.base, EVLOOP_ONCE), 0);
		}
		assert_int_equal(client.results[id].verdict, CHANNEL_ACCEPTED);
	}
	client_stop(&client);
	peer_stop(&peer);
}

/* As from servers that throw away what came behind the text: it costs seconds once, and no message. */
static void follow__server_never_heard_it__is_repeated_on_another(void **cmocka)
{
	(void)cmocka;
	START({FIRST, OK_250, "E"}, {HELLO, ENVELOPE, TAKE, "N", OK_250, ENVELOPE, TAKE, "N", OK_250});
	struct smtp_limits limits = smtp_limits_default();
	limits.follow_ms = 20;
	client_begin(&client, &peer, &limits, 3);
	for (int64_t id = 1; id <= 3; id++) {
		assert_int_equal(client_wait(&client, id)->verdict, CHANNEL_ACCEPTED);
		channel_resume(client.channel);
	}
	client_stop(&client);
	peer_stop(&peer);
}

static void follow__server_goes_down__comes_back_unsent(void **cmocka)
{
	(void)cmocka;
	START({FIRST, "S 421 4.3.2 down\r\n"});
	client_begin(&client, &peer, NULL, 2);
	assert_int_equal(client_wait(&client, 1)->code, 421);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_THROTTLED);
	client_stop(&client);
	peer_stop(&peer);
}

/* Once in a while it is tried again: the server of today may hear what that of yesterday did not. */
static void follow__in_vain__follows_again_after_some_messages(void **cmocka)
{
	(void)cmocka;
	START({FIRST, OK_250, "E"},
	      {HELLO, ENVELOPE, TAKE, "N", OK_250, ENVELOPE, TAKE, ENVELOPE, "N", OK_AND_GO, "T", "N", OK_250});
	struct smtp_limits limits = smtp_limits_default();
	limits.follow_ms = 20;
	limits.plain = 1;
	client_begin(&client, &peer, &limits, 4);
	for (int64_t id = 1; id <= 4; id++) {
		assert_int_equal(client_wait(&client, id)->verdict, CHANNEL_ACCEPTED);
		channel_resume(client.channel);
	}
	client_stop(&client);
	peer_stop(&peer);
}

/* One message that takes the server long holds up no other. Its connection ends after it, because the server waits for the
 * text of the other there. */
static void follow__answer_takes_long__comes_back_unsent(void **cmocka)
{
	(void)cmocka;
	START({FIRST, "H", OK_AND_GO, "E"}, {HELLO, ENVELOPE, TAKE, "N", OK_250, ENVELOPE, TAKE, "N", OK_250});
	struct smtp_limits limits = smtp_limits_default();
	limits.next_ms = 20;
	client_begin(&client, &peer, &limits, 2);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_THROTTLED);
	assert_int_equal(client.results[2].blame, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(client.n_results[1], 0);
	assert_int_equal(sem_post(&peer.result), 0);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	client_send(&client, 3);
	client_send(&client, 4); /* and nothing follows any more: each time it would cost a connection */
	assert_int_equal(client_wait(&client, 3)->verdict, CHANNEL_ACCEPTED);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 4)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

static void follow__answer_never_comes__is_unknown(void **cmocka)
{
	(void)cmocka;
	START({FIRST, "H"});
	struct smtp_limits limits = smtp_limits_default();
	limits.next_ms = 20;
	limits.dot_ms = 60;
	client_begin(&client, &peer, &limits, 2);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_UNKNOWN);
	assert_int_equal(client.results[2].verdict, CHANNEL_THROTTLED);
	assert_int_equal(sem_post(&peer.result), 0);
	client_stop(&client);
	peer_stop(&peer);
}

static bool is_late(void *arg, int64_t id)
{
	const int64_t *last = arg;
	return id > *last;
}

/* What follows still waits: with one connection 8 do, and more are asked for when no more than half of them are left. */
static void follow__waits_behind_another__counts_as_waiting(void **cmocka)
{
	(void)cmocka;
	int64_t last = 7;
	START({HELLO, ENVELOPE, TAKE, OK_250, ENVELOPE, TAKE, ENVELOPE, "F", "E"});
	client_begin(&client, &peer, NULL, 1);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	for (int64_t id = 2; id <= 10; id++)
		client_send(&client, id);
	channel_recall(client.channel, is_late, &last);
	while (!peer.flag)
		assert_int_equal(event_base_loop(client.base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(channel_in_flight(client.channel), 1 + 1 + 4);
	assert_int_equal(channel_room(client.channel), 0);
	last--;
	channel_recall(client.channel, is_late, &last);
	assert_int_equal(channel_room(client.channel), 4);
	channel_free(client.channel);
	transfer_free(client.transfer);
	event_base_free(client.base);
	peer_stop(&peer);
}

/* What the server has ruled out needs no commands. */
static void follow__too_big_for_the_server__ends_after_the_one_before(void **cmocka)
{
	(void)cmocka;
	START({HELLO, ENVELOPE, TAKE, "N", OK_250, ENVELOPE, TAKE, OK_250});
	static char big[200001];
	memset(big, 'x', sizeof(big) - 1);
	client_begin(&client, &peer, NULL, 1);
	client_send_text(&client, 2, big);
	client_send(&client, 3);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_PERMANENT);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 3)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

static void follow__connection_has_carried_enough__goes_on_the_next(void **cmocka)
{
	(void)cmocka;
	START({FIRST, OK_AND_GO, "T", "N", OK_250, "L QUIT\r\n", "S 221 bye\r\n", "E"},
	      {HELLO, ENVELOPE, TAKE, OK_250});
	struct smtp_limits limits = smtp_limits_default();
	limits.messages = 2;
	client_begin(&client, &peer, &limits, 3);
	for (int64_t id = 1; id <= 3; id++) {
		assert_int_equal(client_wait(&client, id)->verdict, CHANNEL_ACCEPTED);
		channel_resume(client.channel);
	}
	client_stop(&client);
	peer_stop(&peer);
}

/* Both are on their way when the channel is stopped, and what has begun may end. */
static void follow__stopped__ends_both(void **cmocka)
{
	(void)cmocka;
	START({FIRST, "F", "H", OK_AND_GO, "T", OK_250, "L QUIT\r\n", "S 221 bye\r\n", "E"});
	client_begin(&client, &peer, NULL, 2);
	while (!peer.flag)
		assert_int_equal(event_base_loop(client.base, EVLOOP_NONBLOCK), 0);
	channel_stop(client.channel);
	assert_int_equal(sem_post(&peer.result), 0);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_ACCEPTED);
	channel_resume(client.channel);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_ACCEPTED);
	client_stop(&client);
	peer_stop(&peer);
}

/* What has not begun then opens no connection. */
static void follow__stopped_and_connection_lost__comes_back_unsent(void **cmocka)
{
	(void)cmocka;
	START({FIRST, "F", "H"});
	client_begin(&client, &peer, NULL, 2);
	while (!peer.flag)
		assert_int_equal(event_base_loop(client.base, EVLOOP_NONBLOCK), 0);
	channel_stop(client.channel);
	assert_int_equal(sem_post(&peer.result), 0);
	assert_int_equal(client_wait(&client, 1)->verdict, CHANNEL_UNKNOWN);
	assert_int_equal(client_wait(&client, 2)->verdict, CHANNEL_THROTTLED);
	client_stop(&client);
	peer_stop(&peer);
}

static void follow__freed_on_its_way__is_clean(void **cmocka)
{
	(void)cmocka;
	START({FIRST, "F", "E"});
	client_begin(&client, &peer, NULL, 2);
	while (!peer.flag)
		assert_int_equal(event_base_loop(client.base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(channel_in_flight(client.channel), 2);
	channel_free(client.channel);
	transfer_free(client.transfer);
	event_base_free(client.base);
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follow__more_wait__each_goes_behind_the_one_before),
		cmocka_unit_test(follow__before_is_not_recorded__sends_no_text),
		cmocka_unit_test(follow__no_pipelining__waits_for_the_answer),
		cmocka_unit_test(follow__both_refused__lets_the_third_begin),
		cmocka_unit_test(follow__connection_lost_after_the_dot__begins_on_another),
		cmocka_unit_test(follow__connection_ends_behind_the_answer__is_repeated_on_another),
		cmocka_unit_test(follow__server_never_heard_it__is_repeated_on_another),
		cmocka_unit_test(follow__server_goes_down__comes_back_unsent),
		cmocka_unit_test(follow__in_vain__follows_again_after_some_messages),
		cmocka_unit_test(follow__answer_takes_long__comes_back_unsent),
		cmocka_unit_test(follow__answer_never_comes__is_unknown),
		cmocka_unit_test(follow__waits_behind_another__counts_as_waiting),
		cmocka_unit_test(follow__too_big_for_the_server__ends_after_the_one_before),
		cmocka_unit_test(follow__connection_has_carried_enough__goes_on_the_next),
		cmocka_unit_test(follow__stopped__ends_both),
		cmocka_unit_test(follow__stopped_and_connection_lost__comes_back_unsent),
		cmocka_unit_test(follow__freed_on_its_way__is_clean),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
