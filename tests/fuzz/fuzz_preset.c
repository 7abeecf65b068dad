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
	if (preset->token != NULL)
		check_call(preset, &preset->token->call, &values);
	check_call(preset, &preset->call, &values);
	for (size_t i = 0; i < preset->n_forms; i++) {
		char *address = preset_sample_address(preset, i);
		FUZZ_NEED(preset_check_address(preset, address, NULL), address);
		values.items[PRESET_TO_ADDRESS] = address;
		check_call(preset, &preset->call, &values);
		free(address);
	}
}

static void check_verdicts(const struct preset *preset)
{
	static const char *const bodies[] = {"", "{}", "{\"ok\": true}", "{\"ok\": false, \"error\": \"no\"}", "<p>"};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		for (int status = 200; status < 600; status += 33) {
			struct preset_reply reply = {status, bodies[i], strlen(bodies[i]), 0};
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
	}
	preset_free(preset);
	problems_done(&problems);
	return 0;
}
