/* What a reply means: status, tests, rules, hints. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "channel/preset.h"

enum { A = CHANNEL_ACCEPTED, T = CHANNEL_TEMPORARY, W = CHANNEL_THROTTLED, P = CHANNEL_PERMANENT, U = CHANNEL_UNKNOWN };
enum { MSG = CHANNEL_BLAME_MESSAGE, RCPT = CHANNEL_BLAME_RECIPIENT, CHAN = CHANNEL_BLAME_CHANNEL };

struct row {
	int status;
	const char *body;
	int64_t header_s;
	int verdict, blame;
	int64_t wait_s;
	const char *reply; /* NULL: not looked at */
};

static void judge(const struct preset_verdict *verdict, const struct row *row, struct channel_result *result)
{
	struct preset_reply reply = {row->status, row->body, strlen(row->body), row->header_s, NULL, 0};
	preset_judge(verdict, &reply, result);
}

static void check_rows(const struct preset *preset, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct channel_result result;
		judge(&preset->call.verdict, &rows[i], &result);
		if ((int)result.verdict != rows[i].verdict || (int)result.blame != rows[i].blame ||
		    result.retry_after_s != rows[i].wait_s || result.code != rows[i].status)
			fail_msg("row %zu: %d %s: %s, blame %d, wait %lld", i, rows[i].status, rows[i].body,
				 channel_verdict_name(result.verdict), (int)result.blame,
				 (long long)result.retry_after_s);
		if (rows[i].reply != NULL)
			assert_string_equal(result.reply, rows[i].reply);
	}
}

static struct preset *preset_shipped(const char *file)
{
	struct problems problems = {0};
	struct preset *preset = preset_read(file, &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	assert_non_null(preset);
	return preset;
}

#define ERROR_400(text) "{\"ok\":false,\"error_code\":400,\"description\":\"" text "\"}"

static void preset_judge__telegram__says_what_each_reply_means(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{200, "{\"ok\":true,\"result\":{\"message_id\":42}}", 0, A, MSG, 0, "HTTP 200"},
		{200, "{\"ok\":false,\"description\":\"no\"}", 0, T, MSG, 0, "HTTP 200: no"},
		{200, "{\"ok\":tr", 0, U, CHAN, 0, NULL},
		{200, "", 0, U, CHAN, 0, NULL},
		{200, "<html>sign in</html>", 0, U, CHAN, 0, "HTTP 200 (the reply is not one this preset knows)"},
		{200, "[]", 0, U, CHAN, 0, NULL},
		{204, "", 0, U, CHAN, 0, NULL},
		{301, "", 0, T, CHAN, 0, "HTTP 301 (redirects are not followed: give the final address)"},
		{400, ERROR_400("Bad Request: chat not found"), 0, P, RCPT, 0, "HTTP 400: Bad Request: chat not found"},
		{400, ERROR_400("Bad Request: can't parse entities: x"), 0, P, MSG, 0, NULL},
		{400, ERROR_400("Bad Request: message is too long"), 0, P, MSG, 0, NULL},
		{400, ERROR_400("Bad Request: group chat was upgraded to a supergroup chat"), 0, P, RCPT, 0, NULL},
		{400, "broken", 0, T, CHAN, 0,
		 "HTTP 400: broken (not the service's own words: is the address right, and what is in front of it?)"},
		{400, "<html>blocked</html>", 0, T, CHAN, 0, NULL},
		{400, "\"Bad Request: chat not found\"", 0, T, CHAN, 0, NULL},
		{401, ERROR_400("Unauthorized"), 0, T, CHAN, 0,
		 "HTTP 401: Unauthorized (the channel's settings must be corrected)"},
		{403, ERROR_400("Forbidden: bot was blocked by the user"), 0, P, RCPT, 0, NULL},
		{403, "<html>403 Forbidden</html>", 0, T, CHAN, 0, NULL},
		{403, "{\"reason\":\"policy\"}", 0, T, CHAN, 0, NULL},
		{404, ERROR_400("Not Found"), 0, T, CHAN, 0, NULL},
		{429, "{\"ok\":false,\"parameters\":{\"retry_after\":17}}", 0, W, CHAN, 17, NULL},
		{429, "{\"ok\":false,\"parameters\":{\"retry_after\":17}}", 20, W, CHAN, 20, NULL},
		{429, "{\"ok\":false,\"parameters\":{\"retry_after\":17}}", 3, W, CHAN, 17, NULL},
		{429, "{\"ok\":false,\"parameters\":{\"retry_after\":64.57}}", 64, W, CHAN, 65, NULL},
		{429, "{\"ok\":false,\"parameters\":{\"retry_after\":\"9\"}}", 0, W, CHAN, 9, NULL},
		{429, "{\"ok\":false,\"parameters\":{\"retry_after\":1e300}}", 0, W, CHAN, 86400, NULL},
		{429, "{\"ok\":false,\"parameters\":{\"retry_after\":-5}}", 0, W, CHAN, 0, NULL},
		{429, "{\"ok\":false,\"parameters\":{\"retry_after\":0.1}}", 0, W, CHAN, 1, NULL},
		{429, "", 999999, W, CHAN, 86400, NULL},
		{429, "", -1000000, W, CHAN, 1, NULL}, /* a date that has passed */
		{429, "", 0, W, CHAN, 0, NULL},
		{408, "", 0, T, CHAN, 0, NULL},
		{425, "", 0, T, CHAN, 0, NULL},
		{500, ERROR_400("Internal Server Error: restart"), 0, T, CHAN, 0, NULL},
		{502, "<html><h1>Bad Gateway", 0, T, CHAN, 0, "HTTP 502"},
		{503, "", 30, W, CHAN, 30, NULL},
		{407, "", 0, T, CHAN, 0, NULL},
		{413, "", 5, P, MSG, 0, NULL},
	};
	struct preset *preset = preset_shipped("config/messengers/telegram.ini");
	check_rows(preset, rows, sizeof(rows) / sizeof(rows[0]));
	preset_free(preset);
}

static void preset_judge__webhook__needs_only_a_status(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{200, "", 0, A, MSG, 0, "HTTP 200"},
		{202, "anything \xff", 0, A, MSG, 0, NULL},
		{299, "{", 0, A, MSG, 0, NULL},
		{302, "", 0, T, CHAN, 0, NULL},
		{400, "no \xff\r\nsecond line", 0, P, MSG, 0, "HTTP 400: no ? second line"},
		{401, "", 0, T, CHAN, 0, NULL},
		{410, "", 0, T, CHAN, 0, NULL},
		{429, "", 5, W, CHAN, 5, NULL},
		{429, "", 0, W, CHAN, 0, NULL},
		{500, "", 0, T, CHAN, 0, NULL},
	};
	struct preset *preset = preset_shipped("config/messengers/webhook.ini");
	check_rows(preset, rows, sizeof(rows) / sizeof(rows[0]));
	preset_free(preset);
}

static struct preset *preset_from(const char *sections)
{
	struct problems problems = {0};
	char *text = mem_printf("[request]\nurl = https://host/\n%s", sections);
	struct preset *preset = preset_read_text("mine.ini", text, strlen(text), &problems);
	problems_print(&problems, stderr);
	assert_non_null(preset);
	problems_done(&problems);
	free(text);
	return preset;
}

static void preset_judge__other_services__fit_the_language(void **state)
{
	(void)state;
	/* A verdict by absence; one by number with codes that say how long; hints in milliseconds; a status alone, which
	 * condemns nobody when the answer is none of the service's. */
	static const struct {
		const char *sections;
		struct row rows[4];
	} sets[] = {
		{"[success]\nstatus = 200\ntest = /error absent\n[error]\ntext = /error/error_msg\n[classify]\n"
		 "rule = 200 /error/error_code equals 9 -> retry\nrule = 200 /error/error_code equals 901 -> "
		 "recipient-dead\n",
		 {{200, "{\"response\":7}", 0, A, MSG, 0, NULL},
		  {200, "{\"error\":{\"error_code\":9,\"error_msg\":\"flood\"}}", 0, T, CHAN, 0, "HTTP 200: flood"},
		  {200, "{\"error\":{\"error_code\":901}}", 0, P, RCPT, 0, NULL},
		  {200, "{\"error\":{\"error_code\":1}}", 0, T, MSG, 0, NULL}}},
		{"[success]\nstatus = 200\ntest = /errcode equals 0\n[classify]\nrule = /errcode equals 130101 -> wait "
		 "10m\n"
		 "rule = /errcode exists -> message-bad\n",
		 {{200, "{\"errcode\":0}", 0, A, MSG, 0, NULL},
		  {200, "{\"errcode\":130101}", 0, W, CHAN, 600, NULL},
		  {200, "{\"errcode\":130101}", 700, W, CHAN, 700, NULL},
		  {200, "{\"errcode\":1}", 0, P, MSG, 0, NULL}}},
		{"[success]\nstatus = 200 201\ntest = /event_id exists\n[retry]\npointer = /retry_after_ms\nunit = ms\n"
		 "[classify]\nrule = 409 -> accepted\nrule = 400,404 -> channel-dead\n",
		 {{201, "{\"event_id\":\"$x\"}", 0, A, MSG, 0, NULL},
		  {429, "{\"retry_after_ms\":1001}", 0, W, CHAN, 2, NULL},
		  {409, "", 0, A, MSG, 0, NULL},
		  {200, "{}", 0, T, MSG, 0, NULL}}},
		/* a body of plain text; a pointer with a part that is not known; several codes in one rule */
		{"[success]\nstatus = 200\ntest = body equals \"ok\"\n[classify]\nrule = 403 body prefix \"invalid\" \"no_\" -> "
		 "channel-dead\nrule = 403 -> recipient-dead\n",
		 {{200, " ok\n", 0, A, MSG, 0, NULL},
		  {200, "not ok", 0, T, MSG, 0, "HTTP 200: not ok"},
		  {403, "no_service", 0, T, CHAN, 0, NULL},
		  {403, "posting_to_general_denied", 0, P, RCPT, 0, NULL}}},
		{"[success]\nstatus = 200\ntest = /ok equals true\n[classify]\nrule = 403 404 -> recipient-dead\nrule = 422 -> "
		 "message-bad\n",
		 {{403, "<html>blocked</html>", 0, T, CHAN, 0, NULL},
		  {404, "", 0, T, CHAN, 0, NULL},
		  {422, "blocked", 0, T, CHAN, 0, NULL},
		  {404, "{}", 0, P, RCPT, 0, NULL}}},
		{"[success]\nstatus = 200\ntest = /status_code equals 100\ntest = /sms/*/status_code equals 100\n[error]\n"
		 "text = /status_text\ntext = /sms/*/status_text\n[classify]\nrule = /sms/*/status_code equals 202,207 -> "
		 "recipient-dead\nrule = /status_code equals 200 201 -> channel-dead\n",
		 {{200, "{\"status_code\":100,\"sms\":{\"7900\":{\"status_code\":100}}}", 0, A, MSG, 0, NULL},
		  {200, "{\"status_code\":100,\"sms\":{\"7900\":{\"status_code\":207,\"status_text\":\"no\"}}}", 0, P,
		   RCPT, 0, "HTTP 200: no"},
		  {200, "{\"status_code\":201,\"status_text\":\"money\"}", 0, T, CHAN, 0, NULL},
		  {200, "{\"status_code\":100,\"sms\":{}}", 0, U, CHAN, 0, NULL}}},
	};
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct preset *preset = preset_from(sets[i].sections);
		check_rows(preset, sets[i].rows, 4);
		preset_free(preset);
	}
}

static void preset_judge__named_header__counts_when_it_asks_for_more(void **state)
{
	(void)state;
	enum { NOW = 1700000000 };
	static const struct {
		const char *unit, *header, *body;
		int status;
		int64_t retry_after_s, now_utc, wait_s;
	} rows[] = {
		{"s", "2.061", "{}", 429, 0, NOW, 3},
		{"s", "17", "{\"after\":5}", 429, 9, NOW, 17}, /* the largest of all */
		{"s", "3", "{\"after\":5}", 429, 4, NOW, 5},
		{"s", "3", "{\"after\":5}", 429, 9, NOW, 9},
		{"s", NULL, "{\"after\":5}", 429, 0, NOW, 5},
		{"s", "", "", 429, 0, NOW, 0},
		{"s", "soon", "", 429, 0, NOW, 0},
		{"s", "2026-01-01", "", 429, 0, NOW, 0},
		{"s", "nan", "", 429, 0, NOW, 0},
		{"s", "nan", "{\"after\":5}", 429, 0, NOW, 5},
		{"s", "7", "{\"after\":\"nan\"}", 429, 0, NOW, 7},
		{"s", "-4", "", 429, 0, NOW, 0},
		{"s", "inf", "", 429, 0, NOW, 86400},
		{"ms", "1500", "", 429, 0, NOW, 2},
		{"at", "1700000040", "", 429, 0, NOW, 40},
		{"at", "1700000000.5", "", 429, 0, NOW, 1},
		{"at", "1702592000", "", 429, 0, NOW, 86400},
		{"at", "1699999999", "", 429, 0, NOW, 0}, /* it has passed */
		{"at", "0", "", 429, 0, NOW, 0},
		{"at", "1700000040", "", 429, 0, 0, 0}, /* nobody knows what time it is */
		{"at", "1700000040", "{\"after\":1700000050}", 429, 0, NOW, 50},
		/* it is there in every reply, and says nothing of a server that is broken */
		{"s", "17", "", 500, 0, NOW, 0},
		{"s", "17", "", 418, 0, NOW, 17}, /* but where a rule says that it may be tried again */
		{"s", "17", "{\"after\":5}", 500, 0, NOW, 5},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *sections = mem_printf("[success]\nstatus = 200\n[classify]\nrule = 418 -> retry\n"
					    "[retry]\npointer = /after\nheader = X-Reset\nunit = %s\n",
					    rows[i].unit);
		struct preset *preset = preset_from(sections);
		struct preset_reply reply = {rows[i].status,        rows[i].body,   strlen(rows[i].body),
					     rows[i].retry_after_s, rows[i].header, rows[i].now_utc};
		struct channel_result result;
		assert_string_equal(preset->call.verdict.retry_header, "X-Reset");
		preset_judge(&preset->call.verdict, &reply, &result);
		if (result.retry_after_s != rows[i].wait_s ||
		    (result.verdict == CHANNEL_THROTTLED) != (rows[i].wait_s > 0 || rows[i].status == 429))
			fail_msg("row %zu: %s, wait %lld", i, channel_verdict_name(result.verdict),
				 (long long)result.retry_after_s);
		preset_free(preset);
		free(sections);
	}
}

static void preset_judge__id_of_the_message__is_kept(void **state)
{
	(void)state;
	static const struct {
		const char *body, *want;
	} rows[] = {
		{"{\"id\":42}", "42"},
		{"{\"id\":-9007199254740993}", "-9007199254740993"},
		{"{\"id\":\"1503435956.000247\"}", "1503435956.000247"},
		{"{\"id\":\"two\\nlines\"}", ""},
		{"{\"id\":{\"a\":1}}", ""},
		{"{}", ""},
		{"no JSON", ""},
		{"{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123456789"
		 "0123456789012345678901234567890123456789012345678901234567\"}",
		 ""},
	};
	struct preset *preset = preset_from("[success]\nstatus = 2xx\n[capture]\nmessage_id = /no\nthread_id = /id\n"
					    "[query]\nt = {{thread_id}}\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct channel_result result;
		judge(&preset->call.verdict, &(struct row){.status = 200, .body = rows[i].body}, &result);
		assert_string_equal(result.thread_remote_id, rows[i].want);
		assert_string_equal(result.remote_id, "");
		judge(&preset->call.verdict, &(struct row){.status = 400, .body = rows[i].body}, &result);
		assert_string_equal(result.thread_remote_id, "");
	}
	preset_free(preset);

	preset = preset_from("[success]\nstatus = 2xx\n[capture]\nmessage_id = /id\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct channel_result result;
		judge(&preset->call.verdict, &(struct row){.status = 200, .body = rows[i].body}, &result);
		assert_int_equal(result.verdict, CHANNEL_ACCEPTED);
		assert_string_equal(result.remote_id, rows[i].want);
	}
	preset_free(preset);
}

static void preset_judge__secret_in_a_reply__is_redacted_before_the_cut(void **state)
{
	(void)state;
	static char body[600];
	memset(body, 'x', 480);
	(void)snprintf(body + 480, sizeof(body) - 480, "geheimes-kennwort-mit-vielen-zeichen-das-am-rand-liegt");
	log_hide("geheimes-kennwort-mit-vielen-zeichen-das-am-rand-liegt");
	struct preset *preset = preset_from("[success]\nstatus = 2xx\n");
	struct channel_result result;
	judge(&preset->call.verdict, &(struct row){.status = 500, .body = body}, &result);
	assert_null(strstr(result.reply, "geheim"));
	assert_non_null(strstr(result.reply, "***"));
	preset_free(preset);

	preset = preset_from("[success]\nstatus = 2xx\n[capture]\nmessage_id = /id\n");
	(void)snprintf(body, sizeof(body), "{\"id\":\"m/geheimes-kennwort-mit-vielen-zeichen-das-am-rand-liegt\"}");
	judge(&preset->call.verdict, &(struct row){.status = 200, .body = body}, &result);
	assert_string_equal(result.remote_id, "m/***");
	preset_free(preset);
}

static void preset_rule__bad_line__is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *line, *words;
	} rows[] = {
		{"404", "->"},
		{"-> retry", "a status or a test is needed"},
		{"404 -> rety", "did you mean retry"},
		{"404 ->", "is no action"},
		{"404 -> wait", "duration"},
		{"404 -> wait 10", "has no unit"},
		{"404 -> wait 2d", "out of range"},
		{"404 -> retry now", "too much"},
		{"604 -> retry", "no HTTP status"},
		{"4x4 -> retry", "no HTTP status"},
		{"40 -> retry", "no HTTP status"},
		{"404 ok equals 1 -> retry", "JSON Pointer"},
		{"404 /ok is 1 -> retry", "no test"},
		{"404 /ok -> retry", "no test"},
		{"404 /ok equals yes -> retry", "double quotes"},
		{"404 /ok equals {} -> retry", "cannot be compared"},
		{"404 /ok prefix 1 -> retry", "cannot be compared"},
		{"404 /ok exists 1 -> retry", "too much"},
		{"/ok equals \"a -> b -> retry", "cannot be compared"},
		{"/ok equals 1 2 x -> retry", "cannot be compared"},
		{"/ok equals 1\"a\" -> retry", "cannot be compared"},
		{"body exists -> retry", "always there"},
		{"404 -> moved", "JSON Pointer"},
		{"404 -> moved x", "JSON Pointer"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct preset_rule rule;
		struct err err = {0};
		if (preset_rule_parse(rows[i].line, &rule, &err) == 0)
			fail_msg("%s was taken", rows[i].line);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].line, err.text);
	}
	struct preset_rule rule;
	assert_int_equal(preset_rule_parse("/ok equals \"a -> b\" -> wait 10m", &rule, NULL), 0);
	assert_string_equal(json_string_value(json_array_get(rule.test.values, 0)), "a -> b");
	assert_int_equal(rule.wait_s, 600);
	preset_rule_done(&rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preset_judge__telegram__says_what_each_reply_means),
		cmocka_unit_test(preset_judge__webhook__needs_only_a_status),
		cmocka_unit_test(preset_judge__other_services__fit_the_language),
		cmocka_unit_test(preset_judge__named_header__counts_when_it_asks_for_more),
		cmocka_unit_test(preset_judge__id_of_the_message__is_kept),
		cmocka_unit_test(preset_judge__secret_in_a_reply__is_redacted_before_the_cut),
		cmocka_unit_test(preset_rule__bad_line__is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
