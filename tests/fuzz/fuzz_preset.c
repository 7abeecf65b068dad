/* A preset that an administrator wrote: either all of it is understood, or a problem says why not. What an accepted one
 * makes of hostile values is still one request: one line per header, one address, one JSON document. */
#include <jansson.h>

#include "channel/preset.h"
#include "fuzz.h"

static const struct preset_values hostile = {
	.items =
		{
			[PRESET_TO_ADDRESS] = "-100\r\nX: y",
			[PRESET_TO_NAME] = "A \"b\" <c>\xff",
			[PRESET_SUBJECT] = "\"}, {\"x\": \"<b>&amp;\" \\",
			[PRESET_TEXT] = "line\r\n\r\nline & line=1&to=2 \xe2\x80\xae \xf0\x9f\x94\xa5",
			[PRESET_LANGUAGE] = "ru",
			[PRESET_KEY] = "k.1-2",
			[PRESET_MESSAGE_ID] = "r.1@example.org",
			[PRESET_PERSON] = "../../a?b#c@d",
			[PRESET_KIND] = "single",
			[PRESET_CHANNEL] = "hook",
			[PRESET_NOW_S] = "1700000000",
			[PRESET_NOW_MS] = "1700000000000",
			[PRESET_ACCESS_TOKEN] = "granted\"&\r\n",
			[PRESET_REMOTE_ID] = "4\"}, 2/../\r\nX: y",
			[PRESET_THREAD_ID] = "15\"}, {\"a\": 1&b=2\r\nX: y\xff",
			[PRESET_ANSWER_ID] = "a&b=\xff",
			[PRESET_NEXT] = "7#\r\n",
			[PRESET_HOLD_S] = "50",
			[PRESET_WORD] = "a-B_9",
		},
};

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static void check_request(const struct preset_call *call, const struct preset_request *request)
{
	const char *url = buf_str(&request->url);
	FUZZ_NEED(is_printable(url), url);
	FUZZ_NEED(strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0, url);
	for (size_t i = 0; i < request->headers.n; i++) {
		const char *header = request->headers.items[i];
		FUZZ_NEED(strpbrk(header, "\r\n") == NULL && strpbrk(header, ":;") != NULL, header);
	}
	if (call->body == PRESET_BODY_JSON) {
		json_t *body = json_loadb(buf_str(&request->body), request->body.len, JSON_DECODE_ANY, NULL);
		FUZZ_NEED(body != NULL, buf_str(&request->body));
		json_decref(body);
	} else if (call->body != PRESET_BODY_PLAIN) {
		FUZZ_NEED(is_printable(buf_str(&request->body)), buf_str(&request->body));
	}
	FUZZ_NEED(call->body_limit == 0 || request->body.len <= call->body_limit, buf_str(&request->body));
}

static void check_call(const struct preset *preset, const struct preset_call *call, const struct preset_values *values)
{
	struct preset_request request;
	struct err err = {""};
	if (preset_render(preset, call, values, &request, &err) == 0) {
		check_request(call, &request);
		preset_request_done(&request);
	} else {
		FUZZ_NEED(err.text[0] != '\0', preset->file);
	}
}

/* Whatever the labels are, the buttons are JSON: rows of as many as there may be. */
static void check_buttons(const struct preset *preset, struct preset_values *values, struct buf *rows)
{
	static const struct channel_button buttons[] = {
		{"\"}]], [[{\"", "d:1"}, {"\r\n\\", "\"\\"}, {"\xff\xed\xa0\xbd", "\n"}, {"", ""}};
	preset_add_buttons(preset->buttons, buttons, sizeof(buttons) / sizeof(buttons[0]), rows);
	json_t *json = json_loadb(buf_str(rows), rows->len, 0, NULL), *row;
	size_t i, n = 0;
	json_array_foreach(json, i, row)
	{
		FUZZ_NEED(json_array_size(row) <= (size_t)preset->buttons->per_row, buf_str(rows));
		n += json_array_size(row);
	}
	FUZZ_NEED(rows->is_over || n == sizeof(buttons) / sizeof(buttons[0]), buf_str(rows));
	json_decref(json);
	values->items[PRESET_BUTTONS] = rows->is_over ? NULL : buf_str(rows);
}

static void check_link(const struct preset *preset, const struct preset_values *values)
{
	struct err err = {""};
	char *link = NULL;
	if (preset->invite.n == 0)
		return;
	if (preset_render_link(preset, values, &link, &err) == 0)
		FUZZ_NEED(is_printable(link), link);
	else
		FUZZ_NEED(err.text[0] != '\0', preset->file);
	free(link);
}

static void check_steps(const struct preset *preset, const struct preset_values *values)
{
	if (preset->token != NULL)
		check_call(preset, &preset->token->call, values);
	if (preset->edit != NULL)
		check_call(preset, preset->edit, values);
	if (preset->answer != NULL)
		check_call(preset, preset->answer, values);
	if (preset->updates != NULL)
		check_call(preset, &preset->updates->call, values);
	check_link(preset, values);
}

static void check_rendering(const struct preset *preset)
{
	static const char *const samples[] = {[PRESET_KIND_TEXT] = "a\r\nb: c",
					      [PRESET_KIND_URL] = "https://hook.example.org/x",
					      [PRESET_KIND_SECRET] = "s3cret\"\\"};
	struct preset_values values = hostile;
	FUZZ_NEED(preset->names.n <= PRESET_NAMES_LIMIT, "");
	for (size_t i = 0; i < preset->n_settings; i++) {
		const struct preset_setting *setting = &preset->settings[i];
		values.items[PRESET_NAME_MAX + i] = setting->value != NULL ? setting->value : samples[setting->kind];
	}
	struct buf rows;
	buf_init(&rows, 64 * 1024);
	check_call(preset, &preset->call, &values);
	if (preset->buttons != NULL)
		check_buttons(preset, &values, &rows);
	check_steps(preset, &values);
	check_call(preset, &preset->call, &values);
	values.items[PRESET_THREAD_ID] = "42";
	check_call(preset, &preset->call, &values);
	values.items[PRESET_THREAD_ID] = NULL;
	check_call(preset, &preset->call, &values);
	for (size_t i = 0; i < preset->n_forms; i++) {
		char *address = preset_sample_address(preset, i);
		FUZZ_NEED(preset_check_address(preset, address, NULL), address);
		values.items[PRESET_TO_ADDRESS] = address;
		check_call(preset, &preset->call, &values);
		free(address);
	}
	buf_done(&rows);
}

static const char telegram_updates[] =
	"{\"ok\":true,\"result\":["
	"{\"update_id\":7,\"message\":{\"text\":\"a\\u0000\",\"from\":{\"id\":5},\"chat\":{\"id\":-5}}},"
	"{\"update_id\":8,\"callback_query\":{\"id\":\"1\",\"data\":\"d\",\"from\":{\"id\":5},"
	"\"message\":{\"message_id\":9,\"chat\":{\"id\":5}}}}]}";

static const char max_updates[] =
	"{\"updates\":[{\"update_type\":\"bot_started\",\"user\":{\"user_id\":5},\"payload\":null,\"chat_id\":1}],"
	"\"marker\":3}";

/* All texts are there, the addresses are some, and what was heard says where it goes on. */
static void check_updates(const struct preset *preset)
{
	static const char *const bodies[] = {telegram_updates,
					     max_updates,
					     "{\"result\":[null,1,\"x\",[],{}],\"updates\":[null],\"marker\":\"\"}",
					     "[1,[2,{\"a\":[{}]}]]",
					     "{",
					     ""};
	if (preset->updates == NULL)
		return;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct channel_updates updates = {0};
		struct err err = {""};
		if (preset_list_updates(preset, bodies[i], strlen(bodies[i]), &updates, &err) < 0) {
			FUZZ_NEED(err.text[0] != '\0', bodies[i]);
			continue;
		}
		FUZZ_NEED(updates.n == 0 || updates.next != NULL, bodies[i]);
		for (size_t k = 0; k < updates.n; k++) {
			const struct channel_update *update = &updates.items[k];
			FUZZ_NEED(update->text != NULL && preset_check_address(preset, update->sender, NULL) &&
					  preset_check_address(preset, update->chat, NULL),
				  bodies[i]);
		}
		channel_updates_done(&updates);
	}
}

static void check_verdicts(const struct preset *preset)
{
	static const char *const bodies[] = {"", "{}", "{\"ok\": true}", "{\"ok\": false, \"error\": \"no\"}", "<p>"};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		for (int status = 200; status < 600; status += 33) {
			struct preset_reply reply = {status, bodies[i], strlen(bodies[i]), 0, "1e3", 900};
			struct channel_result result;
			preset_judge(&preset->call.verdict, &reply, &result);
			FUZZ_NEED(result.verdict < CHANNEL_VERDICT_MAX && result.code == status, bodies[i]);
			FUZZ_NEED((result.verdict == CHANNEL_THROTTLED) == (result.retry_after_s > 0), bodies[i]);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = {0};
	struct preset *preset = preset_read_text("fuzz.ini", (const char *)data, size, &problems);
	FUZZ_NEED((preset == NULL) == (problems.n > 0), "a problem or a preset");
	if (preset != NULL) {
		check_rendering(preset);
		check_verdicts(preset);
		check_updates(preset);
	}
	preset_free(preset);
	problems_done(&problems);
	return 0;
}
