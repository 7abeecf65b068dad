/* The HTTP channel against a scripted server on the same event loop. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "http_live.h"

/* ---- the tests ---- */

static void http_send__telegram__is_accepted_and_the_connection_kept(void **state)
{
	(void)state;
	static const char *const script[] = {OK_REPLY, OK_REPLY, OK_REPLY, NULL};
	start_channel("", script);
	for (unsigned i = 1; i <= 3; i++) {
		start_message(i, "-100");
		assert_int_equal(channel_in_flight(world.channel), 1);
		await_results(i);
		assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
		assert_int_equal(world.result.code, 200);
		assert_string_equal(world.result.remote_id, "42");
		assert_int_equal(world.last_id, i);
	}
	assert_int_equal(world.n_peers, 1);
	assert_int_equal(channel_in_flight(world.channel), 0);
	assert_ptr_equal(strstr(world.request, "POST /bot" TOKEN "/sendMessage HTTP/1.1\r\n"), world.request);
	assert_non_null(strstr(world.request, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(world.request, "User-Agent: deadlined/"));
	assert_non_null(strstr(world.request, "\r\n\r\n{\"chat_id\":-100,\"text\":\"<b>Fair</b>\\n\\nIn June\""));
	assert_null(strstr(world.request, "Expect:"));
}

static void http_send__several_messages__run_side_by_side(void **state)
{
	(void)state;
	static const char *const script[] = {OK_REPLY, OK_REPLY, OK_REPLY, NULL};
	start_channel("connections = 3\n", script);
	assert_int_equal(channel_room(world.channel), 3);
	for (int i = 1; i <= 3; i++)
		start_message(i, "5");
	assert_int_equal(channel_room(world.channel), 0);
	await_results(3);
	assert_int_equal(world.n_peers, 3);
	assert_int_equal(channel_room(world.channel), 3);
}

static void http_send__reply__is_judged(void **state)
{
	(void)state;
	static const struct {
		const char *name, *more, *reply;
		enum channel_verdict verdict;
		enum channel_blame blame;
		int code;
		int64_t wait_s;
	} rows[] = {
		{"hint in the header", "", "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nConnection: close\r\n\r\n{}",
		 CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL, 429, 7},
		{"hint in a header of the preset's", "preset = discord\n",
		 "HTTP/1.1 429 Slow\r\nx-ratelimit-reset-after: 7.5\r\nConnection: close\r\n\r\n{}", CHANNEL_THROTTLED,
		 CHANNEL_BLAME_CHANNEL, 429, 8},
		{"an instant by the server's clock", "preset = ./reset.ini\n",
		 "HTTP/1.1 429 Slow\r\nDate: Tue, 30 Jun 2026 12:53:20 GMT\r\nX-Reset: 1782824035\r\nConnection: "
		 "close\r\n\r\n{}",
		 CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL, 429, 35},
		{"an instant by our clock", "preset = ./reset.ini\n",
		 "HTTP/1.1 429 Slow\r\nX-Reset: 1700000030\r\nConnection: close\r\n\r\n{}", CHANNEL_THROTTLED,
		 CHANNEL_BLAME_CHANNEL, 429, 30},
		{"no reply", "", DROP, CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, 0, 0},
		{"no reply in time", "timeout = 1s\n", HANG, CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, 0, 0},
		{"not HTTP", "", "SSH-2.0-x\r\n\r\n", CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, 0, 0},
		{"half a status line", "", "HTTP/1.1 20", CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, 0, 0},
		{"only an interim status", "", "HTTP/1.1 100 Continue\r\n\r\n", CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL,
		 0, 0},
		{"cut after 200", "", "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"ok\":tr", CHANNEL_UNKNOWN,
		 CHANNEL_BLAME_CHANNEL, 200, 0},
		{"cut after 200, status is enough", "preset = webhook\n",
		 "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"ok\":tr", CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE,
		 200, 0},
		{"cut after 403", "", "HTTP/1.1 403 No\r\nContent-Length: 999\r\n\r\n{", CHANNEL_TEMPORARY,
		 CHANNEL_BLAME_CHANNEL, 403, 0},
		{"blocked", "",
		 "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n{\"ok\":false,\"description\":\"Forbidden: bot was blocked\"}",
		 CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT, 403, 0},
		{"blocked by something in front of it", "",
		 "HTTP/1.1 403 No\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>403 Forbidden</html>",
		 CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, 403, 0},
		{"too many, no word of when", "", "HTTP/1.1 429 Slow\r\nRetry-After: -5\r\nConnection: close\r\n\r\n{}",
		 CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL, 429, 0},
		{"too much", "", HUGE_REPLY, CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL, 200, 0},
		{"too much, status is enough", "preset = webhook\n", HUGE_REPLY, CHANNEL_ACCEPTED,
		 CHANNEL_BLAME_MESSAGE, 200, 0},
		{"redirect", "preset = webhook\n",
		 "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n", CHANNEL_TEMPORARY,
		 CHANNEL_BLAME_CHANNEL, 302, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *script[] = {rows[i].reply, NULL};
		unsigned requests = world.n_requests, results = world.n_results;
		start_channel(rows[i].more, script);
		start_message(1, "5");
		await_results(results + 1);
		if (world.result.verdict != rows[i].verdict || world.result.blame != rows[i].blame ||
		    world.result.code != rows[i].code || world.result.retry_after_s != rows[i].wait_s)
			fail_msg("%s: %s, blame %d, code %d: %s", rows[i].name,
				 channel_verdict_name(world.result.verdict), (int)world.result.blame, world.result.code,
				 world.result.reply);
		assert_int_equal(world.n_requests, requests + 1);
		channel_free(world.channel);
		world.channel = NULL;
	}
}

/* libcurl would send the request again by itself here, and nobody would know of the second message. */
static void http_send__reply_lost_on_a_kept_connection__is_not_sent_twice(void **state)
{
	(void)state;
	static const char *const script[] = {OK_REPLY, DROP, OK_REPLY, NULL};
	start_channel("", script);
	start_message(1, "5");
	await_results(1);
	start_message(2, "5");
	await_results(2);
	assert_int_equal(world.n_requests, 2);
	assert_int_equal(world.result.verdict, CHANNEL_UNKNOWN);
	assert_int_equal(world.result.code, 0); /* not the 200 of the message before */
	assert_non_null(strstr(world.result.reply, "the reply was lost"));

	start_message(3, "5");
	await_results(3);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	assert_int_equal(world.n_requests, 3);
}

static void http_send__lost_on_a_kept_connection_and_nobody_listens__is_unknown(void **state)
{
	(void)state;
	static const char *const script[] = {OK_REPLY, DROP, OK_REPLY, NULL};
	start_channel("", script);
	start_message(1, "5");
	await_results(1);
	evconnlistener_free(world.listener);
	world.listener = NULL;
	start_message(2, "5");
	await_results(2);
	assert_int_equal(world.n_requests, 2);
	assert_int_equal(world.result.verdict, CHANNEL_UNKNOWN);
}

static void http_send__big_then_small_lost__is_unknown(void **state)
{
	(void)state;
	static const char *const script[] = {
		OK_REPLY,
		"HTTP/1.1 200 OK\r\nContent-Length: 39\r\nConnection: close\r\n\r\n{\"ok\":true,\"result\":{\"message_id\":42}}\n",
		DROP, DROP, NULL};
	static char big[3000];
	start_channel("", script);
	memset(big, 'x', sizeof(big) - 1);
	for (int id = 1; id <= 4; id++) {
		struct channel_message message = {.id = id,
						  .kind = "single",
						  .person = "p",
						  .to_address = "5",
						  .to_name = "N",
						  .subject = "S",
						  .text = id <= 2 ? big : "t",
						  .language = "en",
						  .message_id = "1@x",
						  .key = "1",
						  .date_utc = 1735700000};
		channel_send(world.channel, &message);
		await_results((unsigned)id);
	}
	assert_int_equal(world.n_requests, 4);
	assert_int_equal(world.result.verdict, CHANNEL_UNKNOWN);
}

static void http_send__request_without_a_body__is_not_sent_twice(void **state)
{
	(void)state;
	static const char *const script[] = {OK_REPLY, DROP, NULL};
	start_channel("preset = ./get.ini\n", script);
	start_message(1, "+7 900&x");
	await_results(1);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	assert_ptr_equal(strstr(world.request, "GET /hook?to=%2B7%20900%26x HTTP/1.1\r\n"), world.request);
	start_message(2, "5");
	await_results(2);
	assert_int_equal(world.n_requests, 2);
	assert_int_equal(world.n_peers, 2); /* the third would have been for the request again, and got none */
	assert_int_equal(world.result.verdict, CHANNEL_UNKNOWN);
}

/* One handle sends them all, and what it knows of the URL before must not stay. */
static void http_send__urls_that_differ__each_gets_its_own(void **state)
{
	(void)state;
	static const char *const script[] = {OK_REPLY, OK_REPLY, OK_REPLY, OK_REPLY, NULL};
	static const char *const addresses[] = {"1", "1", "22", "1"};
	start_channel("preset = ./get.ini\n", script);
	for (unsigned i = 0; i < 4; i++) {
		char *want = mem_printf("GET /hook?to=%s HTTP/1.1\r\n", addresses[i]);
		start_message(i, addresses[i]);
		await_results(i + 1);
		assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
		assert_ptr_equal(strstr(world.request, want), world.request);
		free(want);
	}
	assert_int_equal(world.n_peers, 1);
}

static void http_send__path_with_dots__is_sent_as_it_is(void **state)
{
	(void)state;
	static const char *const script[] = {OK_REPLY, OK_REPLY, NULL};
	char *keys = mem_printf("preset = ./get.ini\nurl = http://127.0.0.1:%u/a/../b/./c\n", world.port);
	start_keys(keys, script);
	free(keys);
	for (unsigned i = 1; i <= 2; i++) {
		start_message(i, "5");
		await_results(i);
		assert_ptr_equal(strstr(world.request, "GET /a/../b/./c?to=5 HTTP/1.1\r\n"), world.request);
	}
}

static void http_send__nobody_listens__is_certainly_not_sent(void **state)
{
	(void)state;
	static const char *const script[] = {NULL};
	start_channel("", script);
	evconnlistener_free(world.listener);
	world.listener = NULL;
	start_message(1, "5");
	await_results(1);
	assert_int_equal(world.result.verdict, CHANNEL_TEMPORARY);
	assert_int_equal(world.result.blame, CHANNEL_BLAME_CHANNEL);
	assert_null(strstr(world.result.reply, TOKEN));
}

static void http_send__server_repeats_the_token__nobody_sees_it(void **state)
{
	(void)state;
	static const char *const script[] = {"HTTP/1.1 500 No\r\nConnection: close\r\n\r\nat /bot" TOKEN
					     "/x and /bot123456%3AAAFakeTokenForTests/x",
					     NULL};
	start_channel("", script);
	start_message(1, "5");
	await_results(1);
	assert_string_equal(world.result.reply, "HTTP 500: at /bot***/x and /bot***/x");
}

static void http_send__bad_address__is_the_recipients(void **state)
{
	(void)state;
	static const char *const script[] = {NULL};
	start_channel("", script);
	static const char *const rows[] = {"", "a\r\nb", "\xff"};
	for (unsigned i = 0; i < 3; i++) {
		struct err err = {0};
		assert_false(channel_check_address(world.channel, rows[i], &err));
		assert_true(err.text[0] != '\0');
		start_message(i, rows[i]);
		assert_int_equal(world.n_results, i + 1); /* from inside the call */
		assert_int_equal(world.result.verdict, CHANNEL_PERMANENT);
		assert_int_equal(world.result.blame, CHANNEL_BLAME_RECIPIENT);
	}
	assert_true(channel_check_address(world.channel, "@deadlines", NULL));
	assert_int_equal(world.n_peers, 0);
}

static void http_stop__nothing_more_starts_and_the_rest_ends(void **state)
{
	(void)state;
	static const char *const script[] = {OK_REPLY, HANG, NULL};
	start_channel("", script);
	start_message(1, "5");
	channel_stop(world.channel);
	assert_int_equal(channel_room(world.channel), 0);
	await_results(1);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
}

static void http_free__message_under_way__gets_no_result(void **state)
{
	(void)state;
	static const char *const script[] = {HANG, NULL};
	start_channel("", script);
	start_message(1, "5");
	assert_false(channel_may_have(world.channel, 1)); /* there is no connection yet */
	while (world.n_requests == 0)
		(void)event_base_loop(world.base, EVLOOP_ONCE);
	assert_true(channel_may_have(world.channel, 1));
	assert_false(channel_may_have(world.channel, 2));
	channel_free(world.channel);
	world.channel = NULL;
	assert_int_equal(world.n_results, 0);
}

static void http_send__token_step__serves_all_and_is_made_again_once(void **state)
{
	(void)state;
	static const char refused[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
	static const char *const script[] = {TOKEN_REPLY("t1"), refused, TOKEN_REPLY("t2"), OK_REPLY, OK_REPLY, NULL};
	start_channel("preset = ./step.ini\nconnections = 1\n", script);
	start_message(1, "5");
	await_results(1);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	assert_int_equal(world.n_requests, 4);
	assert_non_null(strstr(world.request, "Authorization: Bearer t2\r\n"));
	start_message(2, "5");
	await_results(2);
	assert_int_equal(world.n_requests, 5);
	assert_non_null(strstr(world.request, "Authorization: Bearer t2\r\n"));
}

/* What hides every token there ever was is slower with each. */
#define LONG_TOKEN_REPLY(n) "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"token\":\"token-" n "\"}"
static void http_token__before_last__is_not_hidden_any_more(void **state)
{
	(void)state;
	static const char *const script[] = {LONG_TOKEN_REPLY("1"),
					     OK_REPLY,
					     LONG_TOKEN_REPLY("2"),
					     OK_REPLY,
					     LONG_TOKEN_REPLY("3"),
					     OK_REPLY,
					     NULL};
	char text[] = "token-1 token-2 token-3";
	start_channel("preset = ./step.ini\nconnections = 1\n", script);
	for (unsigned i = 0; i < 3; i++) {
		start_message_at(i + 1, "5", 1700000000 + i * 86400);
		await_results(i + 1);
		assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	}
	log_redact(text);
	assert_string_equal(text, "token-1 *** ***");
}

/* The second waits for the token of the first, and has a clock by which that is over. */
static void http_token__over_for_one_that_waited__is_fetched_anew(void **state)
{
	(void)state;
	static const char *const script[] = {TOKEN_REPLY("t1"), OK_REPLY, TOKEN_REPLY("t2"), OK_REPLY, NULL};
	start_channel("preset = ./step.ini\nconnections = 2\n", script);
	start_message(1, "5");
	start_message_at(2, "5", 1700000000 + 86400);
	await_results(1);
	assert_int_equal(world.last_id, 1);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	await_results(2);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	assert_int_equal(world.n_requests, 4);
	assert_non_null(strstr(world.request, "Authorization: Bearer t2\r\n"));
}

static void http_free__messages_that_wait_for_a_token__get_no_result(void **state)
{
	(void)state;
	static const char *const script[] = {HANG, NULL};
	start_channel("preset = ./step.ini\nconnections = 2\n", script);
	start_message(1, "5");
	start_message(2, "6");
	while (world.n_requests == 0)
		(void)event_base_loop(world.base, EVLOOP_ONCE);
	assert_int_equal(channel_room(world.channel), 0);
	assert_false(channel_may_have(world.channel, 1));
	channel_free(world.channel);
	world.channel = NULL;
	assert_int_equal(world.n_requests, 1);
	assert_int_equal(world.n_results, 0);
}

static void http_token__refused_and_fetched_anew__nobody_has_the_message(void **state)
{
	(void)state;
	static const char refused[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
	static const char *const script[] = {TOKEN_REPLY("t1"), refused, HANG, NULL};
	start_channel("preset = ./step.ini\nconnections = 1\n", script);
	start_message(1, "5");
	while (world.n_requests < 3)
		(void)event_base_loop(world.base, EVLOOP_ONCE);
	assert_false(channel_may_have(world.channel, 1));
	channel_free(world.channel);
	world.channel = NULL;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(http_send__telegram__is_accepted_and_the_connection_kept),
		TEST(http_send__several_messages__run_side_by_side),
		TEST(http_send__reply__is_judged),
		TEST(http_send__reply_lost_on_a_kept_connection__is_not_sent_twice),
		TEST(http_send__request_without_a_body__is_not_sent_twice),
		TEST(http_send__lost_on_a_kept_connection_and_nobody_listens__is_unknown),
		TEST(http_send__big_then_small_lost__is_unknown),
		TEST(http_send__urls_that_differ__each_gets_its_own),
		TEST(http_send__path_with_dots__is_sent_as_it_is),
		TEST(http_send__nobody_listens__is_certainly_not_sent),
		TEST(http_send__server_repeats_the_token__nobody_sees_it),
		TEST(http_send__bad_address__is_the_recipients),
		TEST(http_stop__nothing_more_starts_and_the_rest_ends),
		TEST(http_free__message_under_way__gets_no_result),
		TEST(http_send__token_step__serves_all_and_is_made_again_once),
		TEST(http_token__before_last__is_not_hidden_any_more),
		TEST(http_token__over_for_one_that_waited__is_fetched_anew),
		TEST(http_free__messages_that_wait_for_a_token__get_no_result),
		TEST(http_token__refused_and_fetched_anew__nobody_has_the_message),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
