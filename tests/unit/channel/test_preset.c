/* Reading presets, and the requests they make. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset.h"

#define GOOD_REQUEST "[request]\nurl = https://host/\n"
#define GOOD_SUCCESS "[success]\nstatus = 2xx\n"

static void preset_read__every_mistake__is_named_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} rows[] = {
		{GOOD_SUCCESS, 0, "[request] is missing"},
		{GOOD_REQUEST, 0, "[success] must say"},
		{GOOD_REQUEST "[success]\ntest = /ok exists\n", 3, "[success] must say"},
		{GOOD_REQUEST GOOD_SUCCESS "[sucess]\n", 5, "did you mean [success]?"},
		{GOOD_REQUEST GOOD_SUCCESS "[error x]\n", 5, "takes no name"},
		{"[request]\nurl = https://host/\nmethd = POST\n" GOOD_SUCCESS, 3, "did you mean 'method'?"},
		{GOOD_REQUEST "rate_each = 1\n" GOOD_SUCCESS, 3, "rate_each: '1' is not a rate"},
		{"[settings]\nrate_each = text required\n" GOOD_REQUEST GOOD_SUCCESS, 2, "means something already"},
		{"[request]\nmethod = POST\n" GOOD_SUCCESS, 1, "lacks the key 'url'"},
		{"[request]\nurl = http://host/\n" GOOD_SUCCESS, 2, "plain http"},
		{"[request]\nurl = https://host/{{token}}\n" GOOD_SUCCESS, 2, "unknown name {{token}}"},
		{"[request]\nurl = https://host/{{task_uid}}\n" GOOD_SUCCESS, 2, "may have no value"},
		{"[settings]\nx = text optional\n[request]\nurl = https://host/{{x}}\n" GOOD_SUCCESS, 4,
		 "may have no value"},
		{"[request]\nurl = https://host/\nmethod = GET\nbody = json\n" GOOD_SUCCESS, 1, "a GET has no body"},
		{GOOD_REQUEST "body = json\n[json]\n/text = {{txt}}\n" GOOD_SUCCESS, 5, "did you mean {{text}}?"},
		{GOOD_REQUEST "body = json\n[json]\ntext = {{text}}\n" GOOD_SUCCESS, 5, "JSON Pointer"},
		{GOOD_REQUEST "body = json\n[json]\n/a = 1\n/a = 2\n" GOOD_SUCCESS, 6, "given twice"},
		{GOOD_REQUEST "body = json\n[json]\n/a = 1\n/a/b = 2\n" GOOD_SUCCESS, 6,
		 "neither an object nor an array"},
		{GOOD_REQUEST "[json]\n/a = 1\n" GOOD_SUCCESS, 3, "needs body = json"},
		{GOOD_REQUEST "[form]\na = 1\n" GOOD_SUCCESS, 3, "needs body = form"},
		{GOOD_REQUEST "[headers]\nA B = x\n" GOOD_SUCCESS, 4, "no name of a header"},
		{GOOD_REQUEST "[headers]\ncontent-length = 5\n" GOOD_SUCCESS, 4, "cannot be set"},
		{GOOD_REQUEST "[headers]\nX = a\\nb\n" GOOD_SUCCESS, 4, "one line"},
		{GOOD_REQUEST "[limit]\n/text = 5 bytes\n" GOOD_SUCCESS, 4, "no field of the body"},
		{GOOD_REQUEST "body = json\n[json]\n/a = x\n[limit]\n/a = 5\n" GOOD_SUCCESS, 7, "no limit"},
		{GOOD_REQUEST "body = json\n[json]\n/a = x\n[limit]\n/a = 5 chars\n" GOOD_SUCCESS, 7,
		 "no unit of length"},
		{GOOD_REQUEST "body = json\n[json]\n/a = x\n[limit]\n/a = 0 bytes\n" GOOD_SUCCESS, 7, "out of range"},
		{"[settings]\nTOKEN = secret required\n" GOOD_REQUEST GOOD_SUCCESS, 2, "cannot be a setting"},
		{"[settings]\ntext = text required\n" GOOD_REQUEST GOOD_SUCCESS, 2, "means something already"},
		{"[settings]\nrate = text required\n" GOOD_REQUEST GOOD_SUCCESS, 2, "means something already"},
		{"[settings]\nx = number required\n" GOOD_REQUEST GOOD_SUCCESS, 2, "no kind of setting"},
		{"[settings]\nx = text\n" GOOD_REQUEST GOOD_SUCCESS, 2, "give required, optional or default"},
		{"[settings]\nx = secret default abc\n" GOOD_REQUEST GOOD_SUCCESS, 2, "required or optional"},
		{"[settings]\nx = url default http://host\n" GOOD_REQUEST GOOD_SUCCESS, 2, "plain http"},
		{GOOD_REQUEST GOOD_SUCCESS "[retry]\npointer = x\n", 6, "JSON Pointer"},
		{GOOD_REQUEST GOOD_SUCCESS "[retry]\nunit = min\n", 6, "give s, ms, or at"},
		{GOOD_REQUEST GOOD_SUCCESS "[retry]\nunits = s\n", 6, "give pointer or header or unit"},
		{GOOD_REQUEST GOOD_SUCCESS "[retry]\nheader = X Reset\n", 6, "no name of a header"},
		{GOOD_REQUEST GOOD_SUCCESS "[retry]\nheader =\n", 6, "no name of a header"},
		{GOOD_REQUEST GOOD_SUCCESS "[retry]\nheader = a\nheader = b\n", 6, "given again"},
		{GOOD_REQUEST GOOD_SUCCESS "[capture]\nmessage_id = /a\nmessage_id = /b\n", 6, "given again"},
		{GOOD_REQUEST GOOD_SUCCESS "[error]\ntext = a\n", 6, "JSON Pointer"},
		{GOOD_REQUEST "body = json\n[json]\n/a = literal: [\n" GOOD_SUCCESS, 5, "is not JSON"},
		{GOOD_REQUEST "body = json\n[json]\n/a = literal: [{{text}}]\n" GOOD_SUCCESS, 5, "no name"},
		{GOOD_REQUEST "body = text\n[text]\nbody = x\n" GOOD_SUCCESS, 5, "give text"},
		{GOOD_REQUEST "body = form\n[form]\na = int:1\n" GOOD_SUCCESS, 5, "only the values of [json]"},
		{GOOD_REQUEST "body = form\n[form]\na = {{body}}\n" GOOD_SUCCESS, 5, "for headers only"},
		{GOOD_REQUEST "body = form\n[form]\na = {{access_token}}\n" GOOD_SUCCESS, 5, "needs a section [token]"},
		{GOOD_REQUEST "[limit]\ntotal = 5 utf16\n" GOOD_SUCCESS, 4, "counted in bytes"},
		{GOOD_REQUEST "[limit]\ntotal = 5 bytes\ntotal = 5 bytes\n" GOOD_SUCCESS, 5, "given twice"},
		{"[address]\nn = digits\n" GOOD_REQUEST GOOD_SUCCESS, 2, "give text, number, phone or email"},
		{"[address]\nn = number behind x\n" GOOD_REQUEST GOOD_SUCCESS, 2, "too much"},
		{"[address]\ntext = number\n" GOOD_REQUEST GOOD_SUCCESS, 2, "means something already"},
		{"[value]\nmake = text\n" GOOD_REQUEST GOOD_SUCCESS, 1, "needs a name"},
		{"[value s]\ndata = x\n" GOOD_REQUEST GOOD_SUCCESS, 1, "lacks the key 'make'"},
		{"[value s]\nmake = md5\n" GOOD_REQUEST GOOD_SUCCESS, 2, "md5"},
		{"[value s]\nmake = hmac-sha256\n" GOOD_REQUEST GOOD_SUCCESS, 1, "needs a key"},
		{"[value s]\nmake = text\nkey = x\n" GOOD_REQUEST GOOD_SUCCESS, 1, "only hmac-sha256"},
		{"[value s]\nmake = text\ndata = {{z}}\n" GOOD_REQUEST GOOD_SUCCESS, 1, "unknown name {{z}}"},
		{"[value s]\nmake = text\ndata = {{task_uid}}\n[request]\nurl = https://h/{{s}}\n" GOOD_SUCCESS, 5,
		 "may have no value"},
		{"[token]\nurl = https://h/{{text}}\nvalue = /t\n[token success]\nstatus = 200\n" GOOD_REQUEST
			 GOOD_SUCCESS,
		 2, "the same for all messages"},
		{"[token]\nurl = https://h/\nvalue = t\n[token success]\nstatus = 200\n" GOOD_REQUEST GOOD_SUCCESS, 3,
		 "JSON Pointer"},
		{"[token]\nurl = https://h/\n[token success]\nstatus = 200\n" GOOD_REQUEST GOOD_SUCCESS, 1,
		 "lacks the key 'value'"},
		{"[token]\nurl = https://h/\nvalue = /t\nrefresh = x\n[token success]\nstatus = 200\n" GOOD_REQUEST
			 GOOD_SUCCESS,
		 4, "JSON Pointer"},
		{"[token]\nurl = https://h/\nvalue = /t\n" GOOD_REQUEST GOOD_SUCCESS, 0, "[token success] must say"},
		{"[token limit]\n" GOOD_REQUEST GOOD_SUCCESS, 1, "unknown section [token limit]"},
		{GOOD_REQUEST "[query]\na = {{token}}\n" GOOD_SUCCESS, 4, "unknown name {{token}}"},
		{GOOD_REQUEST GOOD_SUCCESS "[classify]\nrule = 404 -> die\n", 6, "no action"},
		{GOOD_REQUEST "[success]\nstatus = ok\n", 4, "no HTTP status"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct problems problems = {0};
		struct preset *preset = preset_read_text("my.ini", rows[i].text, strlen(rows[i].text), &problems);
		assert_null(preset);
		bool is_named = problems.n == 1 && problems.items[0].line == rows[i].line &&
				strcmp(problems.items[0].file, "my.ini") == 0 &&
				strstr(problems.items[0].text, rows[i].words) != NULL;
		if (!is_named) {
			problems_print(&problems, stderr);
			fail_msg("row %zu: %zu problems, wanted line %u: %s", i, problems.n, rows[i].line,
				 rows[i].words);
		}
		problems_done(&problems);
	}
}

static void preset_read__all_mistakes__are_named_at_once(void **state)
{
	(void)state;
	static const char text[] = "[settings]\nX = 1\n[request]\nurl = ftp://host\nbody = xml\n[capture]\nid = /x\n";
	struct problems problems = {0};
	assert_null(preset_read_text("my.ini", text, strlen(text), &problems));
	assert_int_equal(problems.n, 5);
	problems_done(&problems);
	assert_null(preset_read("/nonexistent/my.ini", &problems));
	assert_int_equal(problems.n, 1);
	problems_done(&problems);
}

static const struct preset_values plain_values = {.items = {
							  [PRESET_TO_ADDRESS] = "-1001234567890",
							  [PRESET_TO_NAME] = "Desk",
							  [PRESET_SUBJECT] = "Ярмарка <34> & \"co\"",
							  [PRESET_TEXT] = "Line one\nLine \"two\" \\ </b>",
							  [PRESET_LANGUAGE] = "ru",
							  [PRESET_KEY] = "7.k",
							  [PRESET_MESSAGE_ID] = "7@host",
							  [PRESET_TASK_UID] = "fair-2025",
							  [PRESET_PERSON] = "desk",
							  [PRESET_KIND] = "single",
							  [PRESET_CHANNEL] = "tg",
						  }};

static struct preset *preset_good(const char *text)
{
	struct problems problems = {0};
	struct preset *preset = text[0] == '[' ? preset_read_text("my.ini", text, strlen(text), &problems)
					       : preset_read(text, &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	assert_non_null(preset);
	return preset;
}

static void preset_render__telegram__is_what_the_server_wants(void **state)
{
	(void)state;
	struct preset *preset = preset_good("config/messengers/telegram.ini");
	struct preset_values values = plain_values;
	struct preset_request request;
	values.items[preset_names_find(&preset->names, "token", 5)] = "123:AB-c_d";
	values.items[preset_names_find(&preset->names, "base_url", 8)] = "http://127.0.0.1:8081/";
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
	assert_string_equal(buf_str(&request.url), "http://127.0.0.1:8081/bot123:AB-c_d/sendMessage");
	assert_string_equal(
		buf_str(&request.body),
		"{\"chat_id\":-1001234567890,\"text\":\"<b>Ярмарка &lt;34&gt; &amp; &quot;co&quot;</b>\\n\\n"
		"Line one\\nLine &quot;two&quot; \\\\ &lt;/b&gt;\",\"parse_mode\":\"HTML\","
		"\"link_preview_options\":{\"is_disabled\":true}}");
	assert_int_equal(request.headers.n, 1);
	assert_string_equal(request.headers.items[0], "Content-Type: application/json");
	preset_request_done(&request);
	preset_free(preset);
}

static void preset_render__telegram_text__is_never_over_4096(void **state)
{
	(void)state;
	struct preset *preset = preset_good("config/messengers/telegram.ini");
	struct preset_values values = plain_values;
	struct preset_request request;
	char *text = mem_zero(4 * 5000 + 1, 1);
	for (size_t i = 0; i < 5000; i++)
		memcpy(text + 4 * i, "😀", 4);
	values.items[PRESET_TEXT] = text;
	values.items[preset_names_find(&preset->names, "token", 5)] = "1:a";
	values.items[preset_names_find(&preset->names, "base_url", 8)] = "https://h";
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
	json_t *body = json_loads(buf_str(&request.body), 0, NULL);
	const char *sent = json_string_value(json_object_get(body, "text"));
	const char *after = strstr(sent, "</b>");
	/* 7 for the tags, the subject as it is; of the text as many pairs as fit before the mark */
	size_t length = 7 + utf8_length(values.items[PRESET_SUBJECT], UTF8_UTF16) + utf8_length(after + 4, UTF8_UTF16);
	assert_in_range(length, 4095, 4096);
	assert_string_equal(sent + strlen(sent) - strlen("😀…"), "😀…");
	json_decref(body);
	free(text);
	preset_request_done(&request);
	preset_free(preset);
}

static void preset_render__webhook__leaves_out_what_has_no_value(void **state)
{
	(void)state;
	struct preset *preset = preset_good("config/messengers/webhook.ini");
	struct preset_values values = plain_values;
	struct preset_request request;
	values.items[preset_names_find(&preset->names, "url", 3)] = "https://h/x/?y=1";
	values.items[PRESET_SUBJECT] = "S";
	values.items[PRESET_TEXT] = "T";
	values.items[preset_names_find(&preset->names, "token", 5)] = "tok\r\nX: y";
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
	assert_string_equal(buf_str(&request.url), "https://h/x/?y=1");
	assert_string_equal(
		buf_str(&request.body),
		"{\"id\":\"7.k\",\"kind\":\"single\",\"channel\":\"tg\",\"person\":\"desk\",\"to\":\"-1001234567890\","
		"\"subject\":\"S\",\"text\":\"T\",\"language\":\"ru\",\"task\":\"fair-2025\"}");
	assert_int_equal(request.headers.n, 3);
	assert_string_equal(request.headers.items[0], "Idempotency-Key: 7.k");
	assert_string_equal(request.headers.items[1], "Authorization: Bearer tok  X: y");
	preset_request_done(&request);

	values.items[preset_names_find(&preset->names, "token", 5)] = NULL;
	values.items[PRESET_TASK_UID] = NULL;
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
	assert_null(strstr(buf_str(&request.body), "task"));
	assert_int_equal(request.headers.n, 2);
	preset_request_done(&request);
	preset_free(preset);
}

static void preset_render__form_and_put__are_encoded(void **state)
{
	(void)state;
	struct preset *preset =
		preset_good("[request]\nmethod = PUT\nurl = https://h/rooms/{{to_address}}?k={{key}}\nbody = form\n"
			    "[headers]\nContent-Type = text/x\nX-Empty = {{to_name}}\n"
			    "[form]\nto = {{to_name}}\nm = {{text}}\n[limit]\nm = 9 codepoints\n" GOOD_SUCCESS);
	struct preset_values values = plain_values;
	struct preset_request request;
	values.items[PRESET_TO_ADDRESS] = "!r/x:h";
	values.items[PRESET_TO_NAME] = "";
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
	assert_int_equal(preset->call.method, PRESET_PUT);
	assert_string_equal(buf_str(&request.url), "https://h/rooms/%21r%2Fx:h?k=7.k");
	assert_string_equal(buf_str(&request.body), "to=&m=Line%20one%E2%80%A6");
	assert_int_equal(request.headers.n, 2);
	assert_string_equal(request.headers.items[0], "Content-Type: text/x");
	assert_string_equal(request.headers.items[1], "X-Empty;");
	preset_request_done(&request);
	preset_free(preset);
}

static void preset_render__value_that_does_not_fit__is_refused(void **state)
{
	(void)state;
	struct preset *preset = preset_good("[request]\nurl = https://h/{{person}}\nbody = json\n[json]\n"
					    "/to = int:{{to_address}}\n/text = {{text}}\n" GOOD_SUCCESS);
	struct preset_values values = plain_values;
	struct preset_request request;
	struct err err;
	values.items[PRESET_TO_ADDRESS] = "12a";
	assert_true(preset_render(preset, &preset->call, &values, &request, &err) < 0);
	assert_string_equal(err.text, "/to: '12a' is not a number");
	values.items[PRESET_TO_ADDRESS] = "12";
	values.items[PRESET_PERSON] = "..";
	assert_true(preset_render(preset, &preset->call, &values, &request, &err) < 0);

	char *huge = mem_zero(1, 300 * 1024);
	memset(huge, 'x', 300 * 1024 - 1);
	values.items[PRESET_PERSON] = "p";
	values.items[PRESET_TEXT] = huge;
	assert_true(preset_render(preset, &preset->call, &values, &request, &err) < 0);
	free(huge);
	preset_free(preset);
}

/* Renders with to_address and the settings in the order of the preset. */
static void preset_try(const char *text, const char *address, const char *const *settings,
		       struct preset_request *ret_request)
{
	struct preset *preset = preset_good(text);
	struct preset_values values = plain_values;
	struct err err = {0};
	values.items[PRESET_TO_ADDRESS] = address;
	values.items[PRESET_NOW_S] = "1700000000";
	values.items[PRESET_NOW_MS] = "1700000000000";
	for (size_t i = 0; i < preset->n_settings; i++)
		values.items[PRESET_NAME_MAX + i] = settings[i];
	if (preset_render(preset, &preset->call, &values, ret_request, &err) < 0)
		fail_msg("%s", err.text);
	preset_free(preset);
}

static void preset_render__signatures__match_what_the_services_publish(void **state)
{
	(void)state;
	static const struct {
		const char *text, *secret, *url, *body, *header;
	} rows[] = {
		{"[settings]\ns = secret required\n[value sign]\nmake = hmac-sha256\nkey = {{s}}\n"
		 "data = {{now_ms}}\\n{{s}}\n[request]\nurl = https://h/\n[query]\nsign = {{sign}}\n" GOOD_SUCCESS,
		 "SECtest", "https://h/?sign=aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D", "", NULL},
		{"[settings]\ns = secret required\n[value sign]\nmake = hmac-sha256\nkey = {{now_s}}\\n{{s}}\n"
		 "[request]\nurl = https://h/\nbody = json\n[json]\n/sign = {{sign}}\n" GOOD_SUCCESS,
		 "testsecret", "https://h/", "{\"sign\":\"AOc8oJ7//5OlQlfWC3nRL0R+IkuzcD1FKcAyibRK9Q8=\"}", NULL},
		/* what GitHub's documentation signs */
		{"[settings]\ns = secret required\n[value sign]\nmake = hmac-sha256\nkey = {{s}}\ndata = {{body}}\nas = hex\n"
		 "[request]\nurl = https://h/\nbody = text\n[text]\ntext = Hello, World!\n"
		 "[headers]\nX-Hub-Signature-256 = sha256={{sign}}\n" GOOD_SUCCESS,
		 "It's a Secret to Everybody", "https://h/", "Hello, World!",
		 "X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
		{"[settings]\ns = secret required\n[value basic]\nmake = base64\ndata = Aladdin:{{s}}\n"
		 "[request]\nurl = https://h/\n[headers]\nAuthorization = Basic {{basic}}\n" GOOD_SUCCESS,
		 "open sesame", "https://h/", "", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_request request;
		preset_try(rows[i].text, "1", &rows[i].secret, &request);
		assert_string_equal(buf_str(&request.url), rows[i].url);
		assert_string_equal(buf_str(&request.body), rows[i].body);
		if (rows[i].header != NULL)
			assert_string_equal(request.headers.items[0], rows[i].header);
		preset_request_done(&request);
	}
}

#define FORMS                                                                                                           \
	"[address]\nchat = number after chat:\nuser = number\nmail = email\n[request]\nurl = https://h/\nbody = form\n" \
	"[query]\nchat_id = {{chat}}\nuser_id = {{user}}\n"                                                             \
	"[form]\ntype = mail{{?mail}}\ntype = id\nto = json:[\"{{mail}}\"]\n" GOOD_SUCCESS

static void preset_render__address__goes_where_its_form_belongs(void **state)
{
	(void)state;
	static const struct {
		const char *address, *url, *body;
	} rows[] = {
		{"chat:-5", "https://h/?chat_id=-5", "type=id"},
		{"17", "https://h/?user_id=17", "type=id"},
		{"a@b.org", "https://h/", "type=mail&to=%5B%22a%40b.org%22%5D"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_request request;
		preset_try(FORMS, rows[i].address, NULL, &request);
		assert_string_equal(buf_str(&request.url), rows[i].url);
		assert_string_equal(buf_str(&request.body), rows[i].body);
		preset_request_done(&request);
	}
}

static void preset_check_address__other_forms__are_refused_with_words(void **state)
{
	(void)state;
	struct preset *preset = preset_good(FORMS);
	static const char *const bad[] = {"", "x", "chat:x", "chat:", "1 2", "@b", "a@", "a@b@c", "a b@c"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};
		if (preset_check_address(preset, bad[i], &err))
			fail_msg("%s was taken", bad[i]);
		assert_non_null(strstr(err.text, "give a number after chat:, or a number, or a mail address"));
	}
	for (size_t i = 0; i < preset->n_forms; i++) {
		char *sample = preset_sample_address(preset, i);
		assert_true(preset_check_address(preset, sample, NULL));
		free(sample);
	}
	preset_free(preset);

	preset = preset_good("[address]\np = phone\n" GOOD_REQUEST GOOD_SUCCESS);
	assert_true(preset_check_address(preset, "+4915112345678", NULL));
	assert_false(preset_check_address(preset, "4915112345678", NULL));
	assert_false(preset_check_address(preset, "+49 151 12345678", NULL));
	assert_false(preset_check_address(preset, "+491", NULL));
	preset_free(preset);
}

static void preset_render__body_over_its_limit__loses_the_end_of_the_text(void **state)
{
	(void)state;
	static const char text[] = "[request]\nurl = https://h/\nbody = json\n[json]\n/s = {{subject}}\n/t = {{text}}\n"
				   "[limit]\ntotal = 60 bytes\n" GOOD_SUCCESS;
	struct preset *preset = preset_good(text);
	struct preset_values values = plain_values;
	struct preset_request request;
	values.items[PRESET_SUBJECT] = "subject";
	/* as many of the quotes, two bytes each once they are escaped, as fit before the mark of three */
	values.items[PRESET_TEXT] = "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"";
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
	assert_in_range(request.body.len, 59, 60);
	assert_non_null(strstr(buf_str(&request.body), "\\\"…\"}"));
	preset_request_done(&request);

	values.items[PRESET_TEXT] = "short";
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
	assert_string_equal(buf_str(&request.body), "{\"s\":\"subject\",\"t\":\"short\"}");
	preset_request_done(&request);

	values.items[PRESET_SUBJECT] = "a subject that leaves no room for any text, however short it is";
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
	assert_int_equal(request.body.len, 60);
	assert_non_null(strstr(buf_str(&request.body), "…\",\"t\":\"\"}"));
	preset_request_done(&request);

	struct err err;
	values.items[PRESET_TEXT] = NULL;
	preset->call.body_limit = 5;
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, &err), -E2BIG);
	preset_free(preset);
}

static void preset_render__limit_as_sent__counts_the_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *subject, *text, *want;
	} rows[] = {
		{"a*", "bc", "**a\\*** bc"},
		{"a*", "bcd", "**a\\*** b…"},
		{"a*", "****", "**a\\*** "},
		{"aaaaaa*", "b", "**aaaa…** "},
	};
	struct preset *preset = preset_good("[request]\nurl = https://h/\nbody = text\n[text]\n"
					    "text = markdown:**{{subject}}** {{text}}\n[limit]\n"
					    "text = 10 codepoints as sent\n" GOOD_SUCCESS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_values values = plain_values;
		struct preset_request request;
		values.items[PRESET_SUBJECT] = rows[i].subject;
		values.items[PRESET_TEXT] = rows[i].text;
		assert_int_equal(preset_render(preset, &preset->call, &values, &request, NULL), 0);
		assert_string_equal(buf_str(&request.body), rows[i].want);
		preset_request_done(&request);
	}
	preset_free(preset);
}

static void preset_render__header_that_is_not_ascii__is_encoded(void **state)
{
	(void)state;
	struct preset_request request;
	preset_try("[request]\nurl = https://h/\n[headers]\nTitle = encoded:{{to_name}}: {{key}}\n"
		   "Long = encoded: яяяяяяяяяяяяяяяяяяяяяяяяя\n" GOOD_SUCCESS,
		   "1", NULL, &request);
	assert_string_equal(request.headers.items[0], "Title: Desk: 7.k");
	assert_string_equal(request.headers.items[1],
			    "Long: =?UTF-8?B?0Y/Rj9GP0Y/Rj9GP0Y/Rj9GP0Y/Rj9GP0Y/Rj9GP0Y/Rj9GP0Y/Rj9GP0Y8=?= "
			    "=?UTF-8?B?0Y/Rj9GP?=");
	preset_request_done(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preset_read__every_mistake__is_named_with_its_line),
		cmocka_unit_test(preset_read__all_mistakes__are_named_at_once),
		cmocka_unit_test(preset_render__telegram__is_what_the_server_wants),
		cmocka_unit_test(preset_render__telegram_text__is_never_over_4096),
		cmocka_unit_test(preset_render__webhook__leaves_out_what_has_no_value),
		cmocka_unit_test(preset_render__form_and_put__are_encoded),
		cmocka_unit_test(preset_render__value_that_does_not_fit__is_refused),
		cmocka_unit_test(preset_render__signatures__match_what_the_services_publish),
		cmocka_unit_test(preset_render__address__goes_where_its_form_belongs),
		cmocka_unit_test(preset_check_address__other_forms__are_refused_with_words),
		cmocka_unit_test(preset_render__body_over_its_limit__loses_the_end_of_the_text),
		cmocka_unit_test(preset_render__limit_as_sent__counts_the_escapes),
		cmocka_unit_test(preset_render__header_that_is_not_ascii__is_encoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
