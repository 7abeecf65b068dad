/* What a preset can say beside how to send: buttons, edits, answers, updates, invitations. */
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

#define REQUEST "[request]\nurl = https://host/\nbody = json\n"
#define SUCCESS "[success]\nstatus = 2xx\n"
#define SEND REQUEST SUCCESS /* 5 lines */
#define BUTTONS "[buttons]\neach = {\"t\": \"{{label}}\", \"d\": \"{{data}}\"}\n"
#define UPDATES "[updates request]\nurl = https://host/u\nmethod = GET\n[updates success]\nstatus = 200\n" /* 5 lines */
#define LIST "[updates list]\nitems = /r\nnext = /id + 1\n"                                                /* 3 lines */
#define TEXT "[update text]\nwhen = /t exists\nsender = /f\ntext = /t\n"

static void preset_read__every_mistake_in_a_step__is_named_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} rows[] = {
		/* buttons */
		{SEND "[buttons]\nper_row = 2\n", 6, "lacks the key 'each'"},
		{SEND "[buttons]\neach = {\"t\": \"{{label}}\"}\n[json]\n/b = tree:{{buttons}}\n", 7,
		 "both must stand"},
		{SEND "[buttons]\neach = {\"t\": {{label}}, \"d\": \"{{data}}\"}\n[json]\n/b = tree:{{buttons}}\n", 7,
		 "no JSON"},
		{SEND "[buttons]\neach = {\"t\": \"{{label}}\", \"d\": \"{{data}}\"\n[json]\n/b = tree:{{buttons}}\n",
		 7, "no JSON"},
		{SEND "[buttons]\neach = \"{{label}} {{text}} {{data}}\"\n[json]\n/b = tree:{{buttons}}\n", 7,
		 "unknown name {{text}}"},
		{SEND BUTTONS "per_row = 0\n[json]\n/b = tree:{{buttons}}\n", 8, "per_row"},
		{SEND BUTTONS, 6, "are not used"},
		{SEND "[json]\n/b = tree:{{buttons}}\n", 7, "needs a section [buttons]"},
		{SEND BUTTONS "[json]\n/b = {{buttons}}\n", 9, "write tree:"},
		{SEND BUTTONS "[json]\n/b = tree:{\"x\": \"{{buttons}}\"}\n", 9, "no JSON"},
		{SEND BUTTONS "[json]\n/b = tree:[{{buttons}}, {{text}}]\n", 9, "no JSON"},
		{SEND "[json]\n/b = tree:{\"x\": {{text}}}\n", 7, "no JSON"},
		{SEND "[json]\n/b = tree:{\n", 7, "no JSON"},
		{"[request]\nurl = https://host/{{buttons}}\n" SUCCESS BUTTONS, 2, "may have no value"},
		{"[request]\nurl = https://host/\nbody = form\n" SUCCESS "[form]\na = tree:[]\n", 7,
		 "only the values of [json]"},
		{"[settings]\nbuttons = text optional\n" SEND, 2, "means something already"},
		{"[settings]\nupdates = text optional\n" SEND, 2, "means something already"},
		{"[value b]\nmake = text\ndata = {{buttons}}\n" SEND, 1, "the body of a message only"},
		/* threads */
		{SEND "[json]\n/t = {{thread_id}}\n", 7, "needs thread_id in [capture]"},
		{SEND "[json]\n/t = bool:true{{?thread_id}}\n", 7, "needs thread_id in [capture]"},
		{SEND "[query]\nt = {{thread_id}}\n[capture]\nmessage_id = /a\n", 7, "needs thread_id in [capture]"},
		{SEND "[headers]\nT = {{thread_id}}\n", 7, "needs thread_id in [capture]"},
		{SEND "[capture]\nmessage_id = /a\nthread_id = /a\n", 8, "thread_id is not used"},
		{SEND "[capture]\nthread_id = /a\n[json]\n/t = bool:true{{?thread_id}}\n", 7, "thread_id is not used"},
		{SEND "[capture]\nthread_id = a\n[json]\n/t = {{thread_id}}\n", 7, "JSON Pointer"},
		{SEND "[capture]\nthread_id = /a\nthread_id = /b\n[json]\n/t = {{thread_id}}\n", 7, "given again"},
		{SEND "[capture]\nthread = /a\n", 7, "give message_id or thread_id"},
		{"[request]\nurl = https://host/{{thread_id}}\n" SUCCESS "[capture]\nthread_id = /a\n", 2,
		 "may have no value"},
		{"[value b]\nmake = text\ndata = {{thread_id}}\n" SEND, 1, "the request of a message only"},
		{SEND "[capture]\nthread_id = /a\n[json]\n/t = {{thread_id}}\n[edit request]\n"
		      "url = https://h/{{remote_id}}\n[edit query]\nt = {{thread_id}}\n[edit success]\nstatus = 200\n",
		 13, "{{thread_id}} can be used in the request of a message only"},
		{"[settings]\nthread_id = text optional\n" SEND, 2, "means something already"},
		/* edit and answer */
		{SEND "[edit]\nurl = https://h/\n", 6, "write [edit request]"},
		{SEND "[edit json]\n/a = b\n", 6, "needs a section [edit request]"},
		{SEND "[edit capture]\nmessage_id = /a\n", 6, "unknown section [edit capture]"},
		{SEND "[edit request]\nurl = https://h/{{remote_id}}\n", 0, "[edit success] must say"},
		{SEND "[edit request]\nurl = https://h/\n[edit success]\nstatus = 200\n", 6,
		 "{{remote_id}} is not used"},
		{SEND "[edit request]\nurl = https://h/{{remote_id}}\ntimeout = 3s\n[edit success]\nstatus = 200\n", 8,
		 "timeout"},
		{SEND
		 "[edit request]\nurl = https://h/{{remote_id}}\n[edit json]\n/a = b\n[edit success]\nstatus = 200\n",
		 8, "needs body = json in [edit request]"},
		{SEND "[edit request]\nurl = https://h/{{remote_id}}{{answer_id}}\n[edit success]\nstatus = 200\n", 7,
		 "{{answer_id}} can be used in [answer request]"},
		{SEND "[answer request]\nurl = https://h/\n[answer success]\nstatus = 200\n", 6,
		 "{{answer_id}} is not used"},
		{SEND
		 "[answer request]\nurl = https://h/{{answer_id}}\n[answer success]\nstatus = 200\n[answer classify]\nrule = 4 -> x\n",
		 11, "no HTTP status"},
		{"[request]\nurl = https://host/{{remote_id}}\n" SUCCESS, 2,
		 "{{remote_id}} can be used in [edit request]"},
		{SEND "[token headers]\na = b\n", 6, "needs a section [token]"},
		/* updates */
		{SEND "[updates list]\nitems = /a\nnext = /b\n", 6, "needs a section [updates request]"},
		{SEND TEXT, 6, "needs a section [updates request]"},
		{SEND UPDATES TEXT, 6, "needs [updates list]"},
		{SEND UPDATES LIST, 6, "needs a section like [update text]"},
		{SEND UPDATES "[updates list]\nnext = /b\n" TEXT, 11, "lacks the key 'items'"},
		{SEND UPDATES "[updates list]\nitems = a\nnext = /b\n" TEXT, 12, "JSON Pointer"},
		{SEND UPDATES "[updates list]\nitems = /a\nmarker = b\n" TEXT, 13, "JSON Pointer"},
		{SEND UPDATES "[updates list]\nitems = /a\nnext = b + 1\n" TEXT, 13, "JSON Pointer"},
		{SEND UPDATES "[updates list]\nitems = /a\nnext = /b - 1\n" TEXT, 13, "write as in"},
		{SEND UPDATES "[updates list]\nitems = /a\nnext = /b + x\n" TEXT, 13, "write as in"},
		{SEND UPDATES "[updates list]\nitems = /a\n" TEXT, 11, "give next"},
		{SEND UPDATES "[updates list]\nitems = /a\nnext = /b\nmarker = /c\n" TEXT, 13, "give next"},
		{SEND UPDATES LIST "[update]\nwhen = /a exists\n" TEXT, 14, "needs a kind"},
		{SEND UPDATES LIST "[update words]\nwhen = /a exists\n", 14, "no kind of update"},
		{SEND UPDATES LIST "[update text]\nsender = /f\ntext = /t\n", 14, "lacks the key 'when'"},
		{SEND UPDATES LIST "[update text]\nwhen = /t exists\ntext = /t\n", 14, "lacks the key 'sender'"},
		{SEND UPDATES LIST "[update text two]\nwhen = /t exists\nsender = /f\n", 14, "lacks the key 'text'"},
		{SEND UPDATES LIST TEXT "chat = chat:x\n", 18, "JSON Pointer"},
		{SEND UPDATES LIST TEXT "text = /u\n", 18, "given twice"},
		{SEND UPDATES LIST TEXT "answer_id = /u\n", 18, "give when, sender, chat, text"},
		{SEND UPDATES LIST TEXT "when = body equals \"x\"\n", 18, "an item is no text"},
		{SEND UPDATES LIST TEXT "when = /x is 5\n", 18, "no test"},
		{SEND UPDATES LIST TEXT "[updates query]\na = {{text}}\n", 19, "the same for all messages"},
		{SEND UPDATES LIST TEXT "[updates query]\na = {{now_s}}\n", 19, "the same for all messages"},
		{SEND UPDATES LIST TEXT "[updates limit]\n", 18, "unknown section [updates limit]"},
		{SEND "[list]\nitems = /a\n", 6, "unknown section [list]"},
		{SEND "[query]\na = {{next}}\n", 7, "{{next}} can be used in [updates request]"},
		/* invitations */
		{SEND "[invite]\nlink = https://h/\n", 7, "{{word}} is not used"},
		{SEND "[invite]\nlink = http://h/{{word}}\n", 7, "plain http"},
		{SEND "[invite]\nlink = https://h/{{person}}{{word}}\n", 7, "the same for all messages"},
		{SEND "[invite]\n", 6, "lacks the key 'link'"},
		{"[settings]\ns = secret required\n" SEND "[invite]\nlink = https://h/{{s}}/{{word}}\n", 9,
		 "is a secret"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct problems problems = {0};
		assert_null(preset_read_text("my.ini", rows[i].text, strlen(rows[i].text), &problems));
		if (problems.n != 1 || problems.items[0].line != rows[i].line ||
		    strstr(problems.items[0].text, rows[i].words) == NULL) {
			problems_print(&problems, stderr);
			fail_msg("row %zu: %zu problems, wanted line %u: %s", i, problems.n, rows[i].line,
				 rows[i].words);
		}
		problems_done(&problems);
	}
}

static struct preset *preset_good(const char *text)
{
	struct problems problems = {0};
	struct preset *preset = preset_read_text("my.ini", text, strlen(text), &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	assert_non_null(preset);
	return preset;
}

static void check_body(const char *text, const struct channel_button *buttons, size_t n, const char *wanted)
{
	struct preset *preset = preset_good(text);
	struct preset_values values = {.items = {[PRESET_TO_ADDRESS] = "5", [PRESET_TEXT] = "T\"}"}};
	struct preset_request request;
	struct err err;
	struct buf rows;
	buf_init(&rows, 4096);
	preset_add_buttons(preset->buttons, buttons, n, &rows);
	values.items[PRESET_BUTTONS] = rows.len != 0 ? buf_str(&rows) : NULL;
	assert_int_equal(preset_render(preset, &preset->call, &values, &request, &err), 0);
	json_t *body = json_loads(buf_str(&request.body), JSON_REJECT_DUPLICATES, NULL);
	json_t *want = json_loads(wanted, JSON_REJECT_DUPLICATES, NULL);
	if (!json_equal(body, want))
		fail_msg("%s is not %s", buf_str(&request.body), wanted);
	json_decref(body);
	json_decref(want);
	preset_request_done(&request);
	buf_done(&rows);
	preset_free(preset);
}

static void preset_render__buttons__stand_in_rows_and_are_never_markup(void **state)
{
	(void)state;
	static const struct channel_button buttons[] = {
		{"A \"x\", {{data}}", "d:1"}, {"B\\\n", "\"}]"}, {"\xff", "x"}, {"D", "y"}, {"E", "z"}};
	char longest[CHANNEL_BUTTON_DATA_MAX + 2] = "";
	check_body(
		SEND BUTTONS "[json]\n/b = tree:{{buttons}}\n/t = {{text}}\n", buttons, 5,
		"{\"b\":[[{\"t\":\"A \\\"x\\\", {{data}}\",\"d\":\"d:1\"},{\"t\":\"B\\\\\\n\",\"d\":\"\\\"}]\"}],"
		"[{\"t\":\"\xef\xbf\xbd\",\"d\":\"x\"},{\"t\":\"D\",\"d\":\"y\"}],[{\"t\":\"E\",\"d\":\"z\"}]],\"t\":\"T\\\"}\"}");
	/* one below the other, deep in a tree; and what is left when there are none */
	check_body(SEND BUTTONS
		   "per_row = 1\n[json]\n/a = tree:[{\"k\": \"{{text}}\", \"b\": {{buttons}}}]\n/a = literal:[]\n",
		   buttons + 3, 2,
		   "{\"a\":[{\"k\":\"T\\\"}\",\"b\":[[{\"t\":\"D\",\"d\":\"y\"}],[{\"t\":\"E\",\"d\":\"z\"}]]}]}");
	check_body(SEND BUTTONS "[json]\n/a = tree:{{buttons}}\n/a = literal:[]\n", NULL, 0, "{\"a\":[]}");
	check_body(SEND BUTTONS "[json]\n/a = tree:{{buttons}}\n/t = x\n", NULL, 0, "{\"t\":\"x\"}");
	/* as text, for services that want it so */
	check_body(SEND BUTTONS "[json]\n/a = json:{\"b\":{{buttons}}}\n", buttons + 4, 1,
		   "{\"a\":\"{\\\"b\\\":[[{\\\"t\\\": \\\"E\\\", \\\"d\\\": \\\"z\\\"}]]}\"}");
	/* what the strictest service refuses is left out, and 64 bytes are not too long */
	memset(longest, 'x', CHANNEL_BUTTON_DATA_MAX + 1);
	const struct channel_button both[] = {{"a", longest}, {"b", longest + 1}};
	struct preset *preset = preset_good(SEND BUTTONS "[json]\n/a = tree:{{buttons}}\n");
	struct buf rows;
	buf_init(&rows, 4096);
	preset_add_buttons(preset->buttons, both, 2, &rows);
	assert_non_null(strstr(buf_str(&rows), "\"b\""));
	assert_null(strstr(buf_str(&rows), "\"a\""));
	buf_clear(&rows);
	preset_add_buttons(preset->buttons, both, 1, &rows);
	assert_int_equal(rows.len, 0);
	buf_done(&rows);
	preset_free(preset);
}

/* ---- what a reply holds ---- */

static const char listener[] =
	SEND "[address]\nuser = number\ngroup = number after chat:\n" UPDATES LIST
	     "[update text]\nwhen = /t exists\nsender = /f\ntext = /t\n"
	     "[update text group]\nwhen = /g exists\nwhen = /c exists\nsender = /f\nchat = chat:/c\ntext = /g\n"
	     "[update start]\nwhen = /s exists\nsender = /f\ntext = /s\n"
	     "[update back]\nwhen = /s exists\nsender = /f\n"
	     "[update button]\nwhen = /b exists\nsender = /f\ntext = /b\nanswer_id = /a\nmessage_id = /m\n"
	     "[update gone]\nwhen = /gone equals true\nsender = /f\n";

/* "kind sender chat text answer message; ..." and what is next, or "! words" */
static char *list(const struct preset *preset, const char *body)
{
	struct channel_updates updates;
	struct err err = {0};
	struct buf out;
	buf_init(&out, 4096);
	if (preset_list_updates(preset, body, strlen(body), &updates, &err) < 0) {
		buf_printf(&out, "! %s", err.text);
		return buf_take(&out);
	}
	for (size_t i = 0; i < updates.n; i++) {
		const struct channel_update *update = &updates.items[i];
		buf_printf(&out, "%s %s %s %s %s %s; ", channel_update_name(update->kind), update->sender, update->chat,
			   update->text, update->answer_id != NULL ? update->answer_id : "-",
			   update->message_id != NULL ? update->message_id : "-");
	}
	buf_printf(&out, "> %s", updates.next != NULL ? updates.next : "-");
	channel_updates_done(&updates);
	return buf_take(&out);
}

static void preset_list__every_item__is_an_update_several_or_none(void **state)
{
	(void)state;
	static const struct {
		const char *body, *wanted;
	} rows[] = {
		{"{\"r\": []}", "> -"},
		{"{\"r\": [{\"id\": 7, \"t\": \"hi\", \"f\": 5}]}", "text 5 5 hi - -; > 8"},
		{"{\"r\": [{\"id\": 7, \"t\": 12, \"f\": \"5\"}, {\"id\": 9, \"gone\": true, \"f\": 6}]}",
		 "text 5 5 12 - -; gone 6 6  - -; > 10"},
		{"{\"r\": [{\"id\": 1, \"g\": \"x\", \"c\": -3, \"f\": 5}, {\"id\": 2, \"g\": \"x\", \"f\": 5}]}",
		 "text 5 chat:-3 x - -; > 3"},
		{"{\"r\": [{\"id\": 1, \"s\": \"w\", \"f\": 5}, {\"id\": 2, \"s\": null, \"f\": 5}, {\"id\": 3, \"s\": \"\", \"f\": 5}]}",
		 "text 5 5 /start w - -; back 5 5  - -; text 5 5 /start - -; back 5 5  - -; text 5 5 /start - -; back 5 5  - -; > 4"},
		{"{\"r\": [{\"id\": 1, \"b\": \"d\", \"f\": 5, \"a\": 3, \"m\": \"z\"}, {\"id\": 2, \"b\": \"e\", \"f\": 5}]}",
		 "button 5 5 d 3 z; button 5 5 e - -; > 3"},
		/* nobody, or nothing that could be an address or a text */
		{"{\"r\": [{\"id\": 1, \"t\": \"x\"}, {\"id\": 2, \"t\": \"x\", \"f\": \"a\"}, {\"id\": 3, \"t\": \"x\", \"f\": 1.5}]}",
		 "> 4"},
		{"{\"r\": [{\"id\": 1, \"t\": \"x\", \"f\": \"5\\n\"}, {\"id\": 2, \"t\": \"x\", \"f\": null}, {\"id\": 3, \"t\": [], \"f\": 5}]}",
		 "> 4"},
		{"{\"r\": [{\"id\": 1, \"g\": \"x\", \"c\": \"y\", \"f\": 5}]}", "> 2"},
		{"{\"r\": [null, 5, [], \"x\", {\"id\": 4}, {}]}", "> 5"},
		/* nowhere to go on */
		{"{\"r\": [{}]}", "! the reply does not say how it goes on at /id"},
		{"{\"r\": [{\"id\": \"7\"}]}", "! the reply does not say how it goes on at /id"},
		{"{\"r\": [{\"id\": 9223372036854775807, \"t\": \"x\", \"f\": 5}]}",
		 "! the reply does not say how it goes on at /id"},
		{"{\"r\": {}}", "! the reply has no list at /r"},
		{"[]", "! the reply has no list at /r"},
		{"{\"r\": [", "! the reply is no JSON, or has more than 100000 values"},
		{"", "! the reply is no JSON, or has more than 100000 values"},
	};
	struct preset *preset = preset_good(listener);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *told = list(preset, rows[i].body);
		assert_string_equal(told, rows[i].wanted);
		free(told);
	}
	preset_free(preset);
}

static void preset_list__marker__is_of_the_reply(void **state)
{
	(void)state;
	struct preset *preset = preset_good(SEND UPDATES "[updates list]\nitems = /r\nmarker = /m\n" TEXT);
	static const char *const rows[][2] = {
		{"{\"r\": [], \"m\": 5}", "> 5"},
		{"{\"r\": [], \"m\": null}", "> -"},
		{"{\"r\": [{\"t\": \"x\", \"f\": \"anybody\"}], \"m\": \"abc\"}", "text anybody anybody x - -; > abc"},
		{"{\"r\": [{}]}", "! the reply does not say how it goes on at /m"},
		{"{\"r\": [{}], \"m\": \"a\\u0001\"}", "! the reply does not say how it goes on at /m"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *told = list(preset, rows[i][0]);
		assert_string_equal(told, rows[i][1]);
		free(told);
	}
	preset_free(preset);
}

static void preset_mend__what_is_no_text__keeps_nobody_from_being_heard(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"{\"a\": \"plain \\n \\\\ \\u0416 \xd0\x96\"}", "{\"a\": \"plain \\n \\\\ \\u0416 \xd0\x96\"}"},
		{"\\ud83c\\udf93", "\\ud83c\\udf93"},
		{"\\uD83C\\uDF93", "\\uD83C\\uDF93"},
		{"\\ud83c", "\\ufffd"},
		{"\\ud83cx", "\\ufffdx"},
		{"\\ud83c\\ud83c\\udf93", "\\ufffd\\ud83c\\udf93"},
		{"\\udf93\\ud83c", "\\ufffd\\ufffd"},
		{"\\\\ud83c", "\\\\ud83c"}, /* a backslash and letters */
		{"\\ud83", "\\ud83"},
		{"\\ud8zz", "\\ud8zz"},
		{"\\", "\\"},
		{"\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\\\xff", "\\\xef\xbf\xbd"},
		{"\xed\xa0\xbd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf reply;
		buf_init(&reply, 100);
		buf_add_str(&reply, rows[i][0]);
		preset_mend(&reply);
		assert_string_equal(buf_str(&reply), rows[i][1]);
		assert_false(reply.is_over);
		buf_done(&reply);
	}
}

static void preset_render_link__word_and_settings__make_it(void **state)
{
	(void)state;
	struct preset *preset = preset_good("[settings]\nbot = text optional\n" SEND
					    "[invite]\nlink = https://t.example/{{bot}}?start={{word}}\n");
	struct preset_values values = {.items = {[PRESET_WORD] = "a-B_9"}};
	char *link = NULL;
	struct err err;
	assert_int_equal(preset_render_link(preset, &values, &link, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "'bot'"));
	values.items[PRESET_NAME_MAX] = "a/b?";
	assert_int_equal(preset_render_link(preset, &values, &link, &err), 0);
	assert_string_equal(link, "https://t.example/a%2Fb%3F?start=a-B_9");
	free(link);
	preset_free(preset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preset_read__every_mistake_in_a_step__is_named_with_its_line),
		cmocka_unit_test(preset_render__buttons__stand_in_rows_and_are_never_markup),
		cmocka_unit_test(preset_list__every_item__is_an_update_several_or_none),
		cmocka_unit_test(preset_list__marker__is_of_the_reply),
		cmocka_unit_test(preset_mend__what_is_no_text__keeps_nobody_from_being_heard),
		cmocka_unit_test(preset_render_link__word_and_settings__make_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
