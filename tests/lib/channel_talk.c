/* channel-talk FILE MESSENGERS: the one [channel NAME] of FILE, with presets from the folder MESSENGERS, driven by standard
 * input. Each line is a command as JSON:
 *   {"do": "send"|"edit"|"answer", "to", "subject", "text", "remote_id", "answer_id", "buttons": [["label", "data"]...]}
 *   {"do": "listen", "next"}     {"do": "invite", "word"}     {"do": "stop"}
 * Each line of output is what came of one: {"result": ...}, {"updates": [...], "next"}, {"failure": ...}, {"link"}, {"error"}.
 */
#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "channel/channel.h"
#include "channel/listen.h"
#include "channel/transfer.h"

enum { TALK_BUTTONS_MAX = 16, TALK_LINE_MAX = 1024 * 1024 };

static struct event_base *base;
static struct channel *channel;
static struct buf input;

static void say(json_t *line)
{
	(void)json_dumpf(line, stdout, JSON_COMPACT);
	(void)puts("");
	(void)fflush(stdout);
	json_decref(line);
}

static json_t *result_json(const struct channel_result *result)
{
	static const char *const blames[] = {"message", "recipient", "channel"};
	return json_pack("{s:s, s:s, s:s, s:i, s:I, s:s, s:s, s:s}", "act", channel_act_name(result->act), "verdict",
			 channel_verdict_name(result->verdict), "blame", blames[result->blame], "code", result->code,
			 "wait", (json_int_t)result->retry_after_s, "reply", result->reply, "id", result->remote_id,
			 "moved_to", result->moved_to);
}

static void note_result(void *arg, int64_t id, const struct channel_result *result)
{
	(void)arg, (void)id;
	say(json_pack("{s:o}", "result", result_json(result)));
}

static void note_updates(void *arg, struct channel_updates *updates, const struct channel_result *failure)
{
	(void)arg;
	if (failure != NULL) {
		say(json_pack("{s:o}", "failure", result_json(failure)));
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < updates->n; i++) {
		const struct channel_update *update = &updates->items[i];
		(void)json_array_append_new(
			items, json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?}", "kind", channel_update_name(update->kind),
					 "sender", update->sender, "chat", update->chat, "text", update->text,
					 "answer_id", update->answer_id, "message_id", update->message_id));
	}
	say(json_pack("{s:o, s:s?}", "updates", items, "next", updates->next));
	channel_updates_done(updates);
}

static const char *text_of(const json_t *command, const char *key)
{
	return json_string_value(json_object_get(command, key));
}

static void send_message(const json_t *command, enum channel_act act)
{
	struct channel_button buttons[TALK_BUTTONS_MAX];
	const json_t *row, *rows = json_object_get(command, "buttons");
	size_t i, n = 0;
	json_array_foreach(rows, i, row)
	{
		if (n < TALK_BUTTONS_MAX)
			buttons[n++] = (struct channel_button){json_string_value(json_array_get(row, 0)),
							       json_string_value(json_array_get(row, 1))};
	}
	channel_send(channel, &(struct channel_message){.id = 1,
							.kind = "single",
							.person = "desk",
							.to_address = text_of(command, "to"),
							.subject = text_of(command, "subject"),
							.text = text_of(command, "text"),
							.message_id = "1@example.org",
							.key = "1.k",
							.act = act,
							.remote_id = text_of(command, "remote_id"),
							.answer_id = text_of(command, "answer_id"),
							.buttons = buttons,
							.n_buttons = n});
}

static void obey(const json_t *command)
{
	const char *what = text_of(command, "do");
	char *link = NULL;
	struct err err;
	if (what == NULL)
		return;
	for (enum channel_act act = CHANNEL_SEND; act < CHANNEL_ACT_MAX; act++)
		if (strcmp(what, channel_act_name(act)) == 0)
			send_message(command, act);
	if (strcmp(what, "listen") == 0)
		channel_listen(channel, text_of(command, "next"), note_updates, NULL);
	if (strcmp(what, "stop") == 0)
		channel_stop(channel);
	if (strcmp(what, "invite") == 0) {
		bool is_made = channel_invite_link(channel, text_of(command, "word"), &link, &err) == 0;
		say(is_made ? json_pack("{s:s}", "link", link) : json_pack("{s:s}", "error", err.text));
		free(link);
	}
}

static void read_input(evutil_socket_t fd, short what, void *arg)
{
	char bytes[4096];
	(void)what, (void)arg;
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n <= 0) {
		(void)event_base_loopbreak(base);
		return;
	}
	buf_add(&input, bytes, (size_t)n);
	for (const char *end; input.len != 0 && (end = memchr(input.data, '\n', input.len)) != NULL;) {
		size_t len = (size_t)(end - input.data);
		json_t *command = json_loadb(input.data, len, 0, NULL);
		buf_consume(&input, len + 1);
		obey(command);
		json_decref(command);
	}
}

static struct channel *read_channel(const char *file, char *messengers)
{
	struct problems problems = {0};
	struct conf conf = {.messengers = messengers};
	struct ini *ini = ini_read(file, &problems);
	if (ini != NULL && ini->n_sections == 1)
		channel = channel_new(&conf, &ini->sections[0], &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	ini_free(ini);
	return channel;
}

int main(int argc, char **argv)
{
	struct transfer *transfer = NULL;
	if (argc != 3 || read_channel(argv[1], argv[2]) == NULL)
		return EXIT_FAILURE;
	base = event_base_new();
	if (base == NULL || transfer_new(base, &transfer, NULL) < 0)
		return EXIT_FAILURE;
	buf_init(&input, TALK_LINE_MAX);
	channel_start(channel, transfer, note_result, NULL);
	struct event *reader = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, read_input, NULL);
	(void)event_add(reader, NULL);
	(void)event_base_dispatch(base);
	event_free(reader);
	channel_free(channel);
	transfer_free(transfer);
	event_base_free(base);
	buf_done(&input);
	return EXIT_SUCCESS;
}
