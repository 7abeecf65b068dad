/* The call for what people write, edits and answers, against a scripted server on the same event loop. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "channel/listen.h"
#include "http_live.h"

#define LISTENING "updates = yes\nbot = city_bot\n"
#define UPDATES(items) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"ok\":true,\"result\":[" items "]}"
#define WRITES(id, text)                                                                                               \
	"{\"update_id\":" id ",\"message\":{\"text\":\"" text "\",\"from\":{\"id\":5},\"chat\":{\"id\":5}}}"

/* What was heard. */
static struct heard {
	unsigned n, again; /* how many times more to listen from inside the callback */
	bool is_inside;
	char *text, *next;
	struct channel_result failure;
} heard;

static void note_updates(void *arg, struct channel_updates *updates, const struct channel_result *failure)
{
	struct heard *to = arg;
	assert_true((updates == NULL) != (failure == NULL));
	assert_false(to->is_inside);
	to->n++;
	if (failure != NULL) {
		to->failure = *failure;
		return;
	}
	free(to->text);
	free(to->next);
	to->text = updates->n != 0 ? mem_dup(updates->items[0].text) : NULL;
	to->next = updates->next != NULL ? mem_dup(updates->next) : NULL;
	channel_updates_done(updates);
	if (to->again-- > 0)
		channel_listen(world.channel, to->next, note_updates, to);
}

static void forget(void)
{
	free(heard.text);
	free(heard.next);
	heard = (struct heard){0};
}

static void listen_from(const char *next)
{
	heard.is_inside = true;
	channel_listen(world.channel, next, note_updates, &heard);
	heard.is_inside = false;
}

static void await_heard(unsigned n)
{
	struct event *guard = evtimer_new(world.base, fail_late, NULL);
	(void)evtimer_add(guard, &(struct timeval){.tv_sec = 20});
	while (heard.n < n && !event_base_got_break(world.base))
		(void)event_base_loop(world.base, EVLOOP_ONCE);
	event_free(guard);
	assert_int_equal(heard.n, n);
}

static void await_requests(unsigned n)
{
	while (world.n_requests < n)
		(void)event_base_loop(world.base, EVLOOP_ONCE);
}

static void http_listen__from_inside_the_callback__goes_on_behind(void **state)
{
	(void)state;
	static const char *const script[] = {UPDATES(WRITES("7", "a")), UPDATES(WRITES("8", "b")), UPDATES(""), NULL};
	start_channel(LISTENING, script);
	assert_true(channel_listens(world.channel));
	heard.again = 2;
	listen_from("");
	await_heard(1);
	assert_non_null(strstr(world.request, "GET /bot" TOKEN "/getUpdates?timeout=50&limit=20&allowed_updates="));
	assert_string_equal(heard.text, "a");
	await_heard(2);
	assert_non_null(strstr(world.request, "/getUpdates?offset=8&timeout=50"));
	assert_string_equal(heard.text, "b");
	await_heard(3);
	assert_non_null(strstr(world.request, "/getUpdates?offset=9&timeout=50"));
	assert_null(heard.text);
	assert_null(heard.next);
	assert_int_equal(channel_in_flight(world.channel), 0);
	forget();
}

static void http_listen__while_a_call_is_held__messages_go_out(void **state)
{
	(void)state;
	static const char *const script[] = {HANG, OK_REPLY, NULL};
	start_channel(LISTENING "connections = 1\n", script);
	listen_from(NULL);
	await_requests(1);
	assert_int_equal(channel_room(world.channel), 1);
	assert_int_equal(channel_in_flight(world.channel), 0);
	start_message(1, "5");
	await_results(1);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	assert_int_equal(world.result.act, CHANNEL_SEND);
	assert_int_equal(heard.n, 0);
	channel_stop(world.channel);
	channel_free(world.channel);
	world.channel = NULL;
	(void)event_base_loop(world.base, EVLOOP_NONBLOCK);
	assert_int_equal(heard.n, 0);
	forget();
}

static void http_free__a_call_is_held__is_never_answered(void **state)
{
	(void)state;
	static const char *const script[] = {HANG, NULL};
	start_channel(LISTENING, script);
	listen_from("7");
	await_requests(1);
	channel_free(world.channel);
	world.channel = NULL;
	assert_int_equal(heard.n, 0);
	forget();
}

/* No request can be made of it: the failure comes like any other, and nothing is left when it is not waited for. */
static void http_listen__next_too_long__fails_later(void **state)
{
	(void)state;
	static const char *const script[] = {UPDATES(""), NULL};
	char next[9000];
	memset(next, '7', sizeof(next) - 1);
	next[sizeof(next) - 1] = '\0';
	start_channel(LISTENING, script);
	listen_from(next);
	assert_int_equal(heard.n, 0);
	await_heard(1);
	assert_int_equal(heard.failure.verdict, CHANNEL_TEMPORARY);
	assert_int_equal(heard.failure.blame, CHANNEL_BLAME_CHANNEL);
	assert_non_null(strstr(heard.failure.reply, "longer"));
	assert_int_equal(world.n_requests, 0);

	listen_from(NULL);
	await_heard(2);
	listen_from(next);
	channel_stop(world.channel);
	(void)event_base_loop(world.base, EVLOOP_NONBLOCK);
	assert_int_equal(heard.n, 2);
	forget();
}

static void http_listen__every_fault__is_a_failure_of_the_channel(void **state)
{
	(void)state;
	static const struct {
		const char *reply, *words;
		enum channel_verdict verdict;
		int code;
	} rows[] = {
		{"HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n{\"ok\":false,\"description\":\"Conflict: other\"}",
		 "Conflict: other", CHANNEL_TEMPORARY, 409},
		{"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nConnection: close\r\n\r\n{}", "HTTP 429", CHANNEL_THROTTLED,
		 429},
		{"HTTP/1.1 401 No\r\nConnection: close\r\n\r\n{\"ok\":false,\"description\":\"Unauthorized\"}",
		 "Unauthorized", CHANNEL_TEMPORARY, 401},
		{"HTTP/1.1 400 No\r\nConnection: close\r\n\r\n{}", "HTTP 400", CHANNEL_TEMPORARY, 400},
		{DROP, "", CHANNEL_TEMPORARY, 0},
		{HUGE_REPLY, "HTTP 200: the reply is not one this preset knows", CHANNEL_TEMPORARY, 200},
		{"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"ok\":true,\"result\":[{\"update_id\":1,\"message\":\"private\"",
		 "HTTP 200: the reply broke off or is too long", CHANNEL_TEMPORARY, 200},
		{UPDATES("{\"message\":\"private\"}"), "does not say how it goes on", CHANNEL_TEMPORARY, 200},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *script[] = {rows[i].reply, NULL};
		start_channel(LISTENING, script);
		forget();
		listen_from("7");
		await_heard(1);
		if (heard.failure.verdict != rows[i].verdict || heard.failure.blame != CHANNEL_BLAME_CHANNEL ||
		    heard.failure.code != rows[i].code || strstr(heard.failure.reply, rows[i].words) == NULL ||
		    strstr(heard.failure.reply, "private") != NULL || strstr(heard.failure.reply, TOKEN) != NULL)
			fail_msg("row %zu: %s, code %d: %s", i, channel_verdict_name(heard.failure.verdict),
				 heard.failure.code, heard.failure.reply);
		assert_int_equal(heard.failure.retry_after_s, rows[i].verdict == CHANNEL_THROTTLED ? 7 : 0);
		channel_free(world.channel);
		world.channel = NULL;
	}
	forget();
}

static void http_send__edit_and_answer__say_what_they_were(void **state)
{
	(void)state;
	static const struct channel_button button = {"Done", "d:7"};
	static const char *const script[] = {OK_REPLY, OK_REPLY, NULL};
	start_channel("connections = 1\n", script);
	assert_true(world.channel->has_buttons && world.channel->can_edit && world.channel->can_answer);
	assert_false(channel_listens(world.channel));
	struct channel_message message = {.id = 3,
					  .kind = "notice",
					  .to_address = "5",
					  .subject = "S",
					  .text = "T",
					  .message_id = "3@h",
					  .key = "3.k",
					  .act = CHANNEL_EDIT,
					  .remote_id = "42",
					  .buttons = &button,
					  .n_buttons = 1};
	channel_send(world.channel, &message);
	await_results(1);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	assert_int_equal(world.result.act, CHANNEL_EDIT);
	assert_int_equal(world.last_id, 3);
	assert_non_null(strstr(world.request, "/editMessageText HTTP/1.1\r\n"));
	assert_non_null(strstr(world.request, "\"message_id\":42,\"text\":\"<b>S</b>\\n\\nT\""));
	assert_non_null(
		strstr(world.request, "\"inline_keyboard\":[[{\"text\": \"Done\", \"callback_data\": \"d:7\"}]]"));

	message.act = CHANNEL_ANSWER;
	message.answer_id = "x9";
	channel_send(world.channel, &message);
	await_results(2);
	assert_int_equal(world.result.act, CHANNEL_ANSWER);
	assert_non_null(strstr(world.request, "/answerCallbackQuery HTTP/1.1\r\n"));
	assert_non_null(strstr(world.request, "{\"callback_query_id\":\"x9\",\"text\":\"T\"}"));

	message.answer_id = NULL;
	channel_send(world.channel, &message);
	assert_int_equal(world.n_results, 3); /* from inside the call: there is nothing to answer */
	assert_int_equal(world.result.verdict, CHANNEL_PERMANENT);
	assert_int_equal(world.result.blame, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(world.result.act, CHANNEL_ANSWER);
	assert_int_equal(channel_room(world.channel), 1);
}

static void channel_send__act_that_the_messenger_lacks__is_refused(void **state)
{
	(void)state;
	static const char *const script[] = {NULL};
	start_channel("preset = webhook\n", script);
	assert_false(world.channel->has_buttons || world.channel->can_edit || world.channel->can_answer);
	channel_send(world.channel,
		     &(struct channel_message){.id = 4, .to_address = "x", .act = CHANNEL_EDIT, .remote_id = "1"});
	assert_int_equal(world.n_results, 1);
	assert_int_equal(world.result.verdict, CHANNEL_PERMANENT);
	assert_int_equal(world.result.blame, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(world.result.act, CHANNEL_EDIT);
	struct err err;
	char *link = NULL;
	assert_int_equal(channel_invite_link(world.channel, "w", &link, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "webhook has no links"));
}

static void http_bot__written_with_an_at__is_the_name_behind_it(void **state)
{
	(void)state;
	static const char *const script[] = {NULL};
	struct err err;
	char *link = NULL;
	start_channel("updates = yes\nbot = @city_bot\n", script);
	assert_string_equal(world.channel->bot, "city_bot");
	assert_int_equal(channel_invite_link(world.channel, "w", &link, &err), 0);
	assert_string_equal(link, "https://t.me/city_bot?start=w");
	free(link);
}

/* A message that waits for a token keeps what it is. */
static void http_send__edit_with_a_token_step__is_an_edit(void **state)
{
	(void)state;
	static const char *const script[] = {TOKEN_REPLY("t1"), OK_REPLY,
					     "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n", NULL};
	start_channel("preset = ./step.ini\n", script);
	assert_true(world.channel->can_edit && !world.channel->can_answer);
	struct channel_message message = {.id = 5,
					  .to_address = "x",
					  .subject = "S",
					  .text = "T",
					  .key = "k",
					  .act = CHANNEL_EDIT,
					  .remote_id = "a b"};
	channel_send(world.channel, &message);
	await_results(1);
	assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
	assert_int_equal(world.result.act, CHANNEL_EDIT);
	assert_ptr_equal(strstr(world.request, "PUT /hook/a%20b HTTP/1.1\r\n"), world.request);
	assert_non_null(strstr(world.request, "Authorization: Bearer t1\r\n"));
}

static const char *account_of(const char *keys, char account[CHANNEL_ACCOUNT_SIZE])
{
	char *all = mem_printf("preset = telegram\nupdates = yes\n%s", keys);
	struct channel *channel = make_channel(all);
	problems_print(&world.problems, stderr);
	assert_non_null(channel);
	channel_account(channel, account);
	channel_free(channel);
	free(all);
	return account;
}

/* Where the updates of one bot go on is nothing to another. */
static void http_account__another_bot_or_server__is_another(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		bool is_same;
	} rows[] = {
		{"token = credential:tg\nbot = another_name\nrate = 1/s\ntimeout = 9s\n", true},
		{"token = credential:tg\nbase_url = https://api.telegram.org\n", true},
		{"token = credential:tg\nbase_url = http://127.0.0.1:8081\n", false},
		{"token = credential:tg-other\n", false},
	};
	char first[CHANNEL_ACCOUNT_SIZE], other[CHANNEL_ACCOUNT_SIZE];
	char *file = mem_printf("%s/tg-other", folder);
	assert_true(make_file(file, "987:other"));
	(void)account_of("token = credential:tg\n", first);
	assert_int_equal(strlen(first), CHANNEL_ACCOUNT_SIZE - 1);
	assert_int_equal(strspn(first, "0123456789abcdef"), CHANNEL_ACCOUNT_SIZE - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(strcmp(account_of(rows[i].keys, other), first) == 0, rows[i].is_same);
	assert_int_equal(unlink(file), 0);
	free(file);
}

/* The handle is kept, and set up anew only for another call. */
static void http_send__edit_between_messages__each_has_its_method(void **state)
{
	(void)state;
	static const char *const script[] = {TOKEN_REPLY("t1"), OK_REPLY, OK_REPLY, OK_REPLY, OK_REPLY, NULL};
	static const enum channel_act acts[] = {CHANNEL_SEND, CHANNEL_EDIT, CHANNEL_EDIT, CHANNEL_SEND};
	start_channel("preset = ./step.ini\nconnections = 1\n", script);
	for (unsigned i = 0; i < 4; i++) {
		struct channel_message message = {.id = i,
						  .to_address = "x",
						  .subject = i == 0 ? "long subject" : "S",
						  .text = "T",
						  .key = "k",
						  .act = acts[i],
						  .remote_id = "a"};
		const char *line = acts[i] == CHANNEL_EDIT ? "PUT /hook/a HTTP/1.1\r\n" : "POST /hook HTTP/1.1\r\n";
		channel_send(world.channel, &message);
		await_results(i + 1);
		assert_int_equal(world.result.verdict, CHANNEL_ACCEPTED);
		assert_ptr_equal(strstr(world.request, line), world.request);
		assert_string_equal(strstr(world.request, "\r\n\r\n") + 4, message.subject);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(http_listen__from_inside_the_callback__goes_on_behind),
		TEST(http_listen__while_a_call_is_held__messages_go_out),
		TEST(http_free__a_call_is_held__is_never_answered),
		TEST(http_listen__next_too_long__fails_later),
		TEST(http_listen__every_fault__is_a_failure_of_the_channel),
		TEST(http_send__edit_and_answer__say_what_they_were),
		TEST(channel_send__act_that_the_messenger_lacks__is_refused),
		TEST(http_bot__written_with_an_at__is_the_name_behind_it),
		TEST(http_send__edit_with_a_token_step__is_an_edit),
		TEST(http_account__another_bot_or_server__is_another),
		TEST(http_send__edit_between_messages__each_has_its_method),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
