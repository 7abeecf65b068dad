/* The first line is status, Retry-After and what another header says ("429 30 1.5"), the rest the body of a reply. Only what the service documents as
 * success is taken for it, a wait is between a second and a day, and its words are one clean line without the token.
 * What it holds as a list of updates is text from addresses, and goes on behind them. */
#include <jansson.h>

#include "base/log.h"
#include "base/utf8.h"
#include "channel/preset.h"
#include "fuzz.h"

#define TOKEN "12345:secret-token"

static const char preset_text[] = "[settings]\n"
				  "token = secret required\n"
				  "[request]\n"
				  "url = https://bot.example.org/{{token}}/send\n"
				  "[success]\n"
				  "status = 200\n"
				  "test = /ok equals true\n"
				  "[capture]\n"
				  "message_id = /result/message_id\n"
				  "thread_id = /*/thread\n"
				  "[query]\n"
				  "thread = {{thread_id}}\n"
				  "[error]\n"
				  "text = /description\n"
				  "[retry]\n"
				  "pointer = /parameters/retry_after\n"
				  "header = X-Reset-After\n"
				  "unit = ms\n"
				  "[classify]\n"
				  "rule = 401 404 -> channel-dead\n"
				  "rule = 403 -> recipient-dead\n"
				  "rule = 400 /description prefix \"Bad Request: chat\" -> recipient-dead\n"
				  "rule = 503 /error exists -> wait 10m\n"
				  "[address]\n"
				  "user = number\n"
				  "[updates request]\n"
				  "url = https://bot.example.org/{{token}}/updates\n"
				  "[updates success]\n"
				  "status = 200\n"
				  "[updates list]\n"
				  "items = /result\n"
				  "next = /update_id + 1\n"
				  "[update text]\n"
				  "when = /*/text exists\n"
				  "sender = /*/from/id\n"
				  "chat = /*/chat/id\n"
				  "text = /*/text\n"
				  "[update start]\n"
				  "when = /payload absent\n"
				  "sender = /user\n"
				  "text = /word\n";

static const struct preset *the_preset(void)
{
	static struct preset *preset;
	if (preset == NULL) {
		struct problems problems = {0};
		preset = preset_read_text("fuzz.ini", preset_text, sizeof(preset_text) - 1, &problems);
		problems_print(&problems, stderr);
		problems_done(&problems);
		log_hide(TOKEN);
	}
	FUZZ_NEED(preset != NULL, preset_text);
	return preset;
}

static bool is_success(const struct preset_reply *reply)
{
	json_t *body = json_loadb(reply->body, reply->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	bool is_ok = reply->status == 200 && json_is_true(json_object_get(body, "ok"));
	json_decref(body);
	return is_ok;
}

/* The service answers with a document; anything else is of something in front of it. */
static bool is_own(const struct preset_reply *reply)
{
	json_t *body = json_loadb(reply->body, reply->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	bool is_document = json_is_object(body) || json_is_array(body);
	json_decref(body);
	return is_document;
}

static void check_line(const char *text)
{
	FUZZ_NEED(utf8_is_valid(text, strlen(text)) && utf8_find_control(text, false) < 0, text);
	FUZZ_NEED(strstr(text, TOKEN) == NULL, text);
}

static void check_result(const struct preset_reply *reply, const struct channel_result *result)
{
	FUZZ_NEED(result->verdict < CHANNEL_VERDICT_MAX && result->code == reply->status, result->reply);
	FUZZ_NEED((result->verdict == CHANNEL_ACCEPTED) == is_success(reply), result->reply);
	FUZZ_NEED(result->verdict != CHANNEL_UNKNOWN || reply->status < 300, result->reply); /* a refusal is certain */
	FUZZ_NEED(result->verdict != CHANNEL_PERMANENT || (reply->status >= 400 && reply->status < 500), result->reply);
	FUZZ_NEED(result->verdict != CHANNEL_PERMANENT || reply->status == 413 || is_own(reply), result->reply);
	FUZZ_NEED(result->retry_after_s >= 0 && result->retry_after_s <= PRESET_RETRY_MAX_S, result->reply);
	FUZZ_NEED((result->verdict == CHANNEL_THROTTLED) == (result->retry_after_s > 0) || reply->status == 429,
		  result->reply);
	check_line(result->reply);
	check_line(result->remote_id);
	check_line(result->thread_remote_id);
	FUZZ_NEED(result->thread_remote_id[0] == '\0' || result->verdict == CHANNEL_ACCEPTED, result->thread_remote_id);
}

static void check_updates(const struct preset_reply *reply)
{
	struct channel_updates updates = {0};
	struct err err = {""};
	struct buf body;
	buf_init(&body, reply->len + 1);
	buf_add(&body, reply->body, reply->len);
	preset_mend(&body);
	FUZZ_NEED(utf8_is_valid(buf_str(&body), body.len), "mended, and no UTF-8");
	if (preset_list_updates(the_preset(), buf_str(&body), body.len, &updates, &err) < 0)
		FUZZ_NEED(err.text[0] != '\0', buf_str(&body));
	FUZZ_NEED(updates.n == 0 || updates.next != NULL, buf_str(&body));
	for (size_t i = 0; i < updates.n; i++) {
		const struct channel_update *update = &updates.items[i];
		FUZZ_NEED(utf8_is_valid(update->text, strlen(update->text)), update->text);
		FUZZ_NEED(preset_check_address(the_preset(), update->sender, NULL), update->sender);
		FUZZ_NEED(preset_check_address(the_preset(), update->chat, NULL), update->chat);
	}
	channel_updates_done(&updates);
	buf_done(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	char *head = fuzz_take_line(&input);
	unsigned status = 0;
	long long retry_after_s = 0;
	int at = 0;
	bool has_header = sscanf(head, "%3u %18lld %n", &status, &retry_after_s, &at) == 2 && head[at] != '\0';
	if (status >= 100 && status <= 599) {
		struct preset_reply reply = {
			(int)status, input.next, input.len, retry_after_s, has_header ? head + at : NULL, 1700000000};
		struct channel_result result;
		preset_judge(&the_preset()->call.verdict, &reply, &result);
		check_result(&reply, &result);
		check_updates(&reply);
	}
	free(head);
	return 0;
}
