/* preset-judge FILE: what replies mean by the preset in FILE. Each line of standard input is a reply as JSON, {"status": 403,
 * "body": "text", "retry_after": 0, "headers": {"X-Reset": "17"}, "now": 1700000000, "call": "edit"}, without "call" to a message; each line of output says verdict, blame, seconds to wait and the ids of the message and its thread. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel/preset.h"

static const char *blame_word(enum channel_blame blame)
{
	return blame == CHANNEL_BLAME_MESSAGE ? "message" : blame == CHANNEL_BLAME_RECIPIENT ? "recipient" : "channel";
}

static const struct preset_call *call_of(const struct preset *preset, const char *word)
{
	if (word == NULL)
		return &preset->call;
	return strcmp(word, "edit") == 0     ? preset->edit
	       : strcmp(word, "answer") == 0 ? preset->answer
					     : &preset->updates->call;
}

static void judge(const struct preset *preset, const json_t *line)
{
	const json_t *body = json_object_get(line, "body");
	const struct preset_call *call = call_of(preset, json_string_value(json_object_get(line, "call")));
	const char *header = call->verdict.retry_header;
	struct preset_reply reply = {
		(int)json_integer_value(json_object_get(line, "status")),
		json_string_value(body),
		json_string_length(body),
		json_integer_value(json_object_get(line, "retry_after")),
		header != NULL ? json_string_value(json_object_get(json_object_get(line, "headers"), header)) : NULL,
		json_integer_value(json_object_get(line, "now"))};
	struct channel_result result;
	preset_judge(&call->verdict, &reply, &result);
	json_t *out = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "verdict", channel_verdict_name(result.verdict),
				"blame", blame_word(result.blame), "wait", (json_int_t)result.retry_after_s, "id",
				result.remote_id, "thread", result.thread_remote_id, "moved_to", result.moved_to,
				"reply", result.reply);
	(void)json_dumpf(out, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(out);
}

int main(int argc, char **argv)
{
	struct problems problems = {0};
	struct preset *preset = argc == 2 ? preset_read(argv[1], &problems) : NULL;
	problems_print(&problems, stderr);
	problems_done(&problems);
	if (preset == NULL)
		return EXIT_FAILURE;

	char *text = NULL;
	size_t size = 0;
	while (getline(&text, &size, stdin) > 0) {
		json_t *line = json_loads(text, 0, NULL);
		if (line != NULL && json_is_string(json_object_get(line, "body")))
			judge(preset, line);
		json_decref(line);
	}
	free(text);
	preset_free(preset);
	return EXIT_SUCCESS;
}
