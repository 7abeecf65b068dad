/* What a [channel NAME] of type http may say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "channel/channel.h"

static char folder[] = "/tmp/test_http_settings.XXXXXX";

/* ---- files the sections refer to ---- */

static const struct {
	const char *name, *content;
} files[] = {
	{"tg", "123456:AAFakeTokenForTests\n"},
	{"goodurl", "https://hooks.example.org/geheim/1\n"},
	{"keyurl", "https://hooks.example.org/services/T0/0123456789abcdefX?key=AAAAbbbbCCCC&v=1\n"},
	{"badurl", "http://hooks.example.org/geheim/2\n"},
	{"proxy", "http://user:geheim@127.0.0.1:3128\n"},
	{"open", "a key that others may read\n"},
	{"mine.ini",
	 "[settings]\nroom = text required\n[request]\nurl = https://h/\nbody = json\n[json]\n/room = int:{{room}}\n"
	 "[success]\nstatus = 200\n"},
};

static int make_files(void **state)
{
	(void)state;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	if (mkdtemp(folder) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = mem_printf("%s/%s", folder, files[i].name);
		FILE *file = fopen(path, "w");
		if (file == NULL || fputs(files[i].content, file) < 0 ||
		    fchmod(fileno(file), strcmp(files[i].name, "open") == 0 ? 0644 : 0600) < 0 || fclose(file) != 0)
			return -1;
		free(path);
	}
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = mem_printf("%s/%s", folder, files[i].name);
		(void)unlink(path);
		free(path);
	}
	return rmdir(folder);
}

/* Reads [channel tg] with these keys; NULL when there were problems. */
static struct channel *make_channel(const char *keys, struct problems *problems)
{
	const struct conf conf = {.messengers = (char *)(uintptr_t) "config/messengers", .secrets_dir = folder};
	char *text = mem_printf("[channel tg]\ntype = http\n%s", keys);
	char *file = mem_printf("%s/deadlined.ini", folder);
	struct ini *ini = ini_read_text(file, text, strlen(text), problems);
	assert_int_equal(problems->n, 0);
	struct channel *channel = channel_new(&conf, &ini->sections[0], problems);
	ini_free(ini);
	free(file);
	free(text);
	return channel;
}

static void http_channel_new__every_mistake__is_named_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		unsigned line;
		const char *words;
	} rows[] = {
		{"token = credential:tg\n", 1, "lacks the key 'preset'"},
		{"preset = telegramm\n", 3, "did you mean 'telegram'?"},
		{"preset = ./none.ini\n", 0, "cannot be read"},
		{"preset = telegram\n", 1, "lacks the key 'token'"},
		{"preset = telegram\ntoken = 123:abc\n", 4, "must not stand in this file"},
		{"preset = telegram\ntoken = credential:none\n", 4, "there is no file"},
		{"preset = telegram\ntoken = credential:tg\ntokn = x\n", 5, "did you mean 'token'?"},
		{"preset = telegram\ntoken = credential:tg\nconection = 1\n", 5, "did you mean 'connections'?"},
		{"preset = telegram\ntoken = credential:tg\nurl = https://x\n", 5, "unknown key 'url'"},
		{"preset = telegram\ntoken = credential:tg\nbot = https://t.me/plan_bot\n", 5,
		 "write only the bot's name"},
		{"preset = telegram\ntoken = credential:tg\nbot = @\n", 5, "as bot = plan_bot"},
		{"preset = telegram\ntoken = credential:tg\nconnections = 0\n", 5, "out of range"},
		{"preset = telegram\ntoken = credential:tg\ntimeout = 30\n", 5, "no unit"},
		{"preset = telegram\ntoken = credential:tg\nrate = 5\n", 5, "not a rate"},
		{"preset = telegram\ntoken = credential:tg\nrate_each = 1/y\n", 5, "rate_each: '1/y' is not a rate"},
		{"preset = telegram\ntoken = credential:tg\nbase_url = http://api.telegram.org\n", 5, "plain http"},
		{"preset = telegram\ntoken = credential:tg\nca_file = none.pem\n", 5, "cannot be read"},
		{"preset = telegram\ntoken = credential:tg\nca_file = /\n", 5, "not a regular file"},
		{"preset = telegram\ntoken = credential:tg\nproxy = proxy:3128\n", 5, "a proxy starts with"},
		{"preset = telegram\ntoken = credential:tg\nproxy = http://u:p@h:1\n", 5, "is a secret"},
		{"preset = telegram\ntoken = credential:tg\nproxy = http://h:1\nbase_url = http://localhost\n", 1,
		 "a proxy cannot be used"},
		{"preset = telegram\ntoken = credential:tg\npinned_key = abc\n", 5, "sha256//"},
		{"preset = telegram\ntoken = credential:tg\nclient_certificate = none.pem\n", 5, "cannot be read"},
		{"preset = telegram\ntoken = credential:tg\nclient_key = tg\n", 1, "of no use without"},
		{"preset = telegram\ntoken = credential:tg\nclient_certificate = tg\nclient_key = open\n", 6,
		 "open can be used by others (mode 0644)"},
		{"preset = telegram\ntoken = credential:tg\nclient_certificate = tg\nclient_key = credential:open\n", 6,
		 "open can be used by others (mode 0644)"},
		{"preset = telegram\ntoken = credential:tg\nclient_certificate = tg\nclient_key = none\n", 6,
		 "there is no file"},
		{"preset = telegram\ntoken = credential:tg\nclient_certificate = open\n", 5,
		 "without client_key it holds the key, too"},
		{"preset = telegram\ntoken = credential:tg\nallow_private = maybe\n", 5, "maybe"},
		{"preset = webhook\n", 1, "lacks the key 'url'"},
		{"preset = webhook\nurl = credential:badurl\n", 4, "plain http"},
		{"preset = ./mine.ini\nroom = x\n", 1, "'x' is not a number"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct problems problems = {0};
		assert_null(make_channel(rows[i].keys, &problems));
		if (problems.n != 1 || problems.items[0].line != rows[i].line ||
		    strstr(problems.items[0].text, rows[i].words) == NULL) {
			problems_print(&problems, stderr);
			fail_msg("row %zu: wanted line %u: %s", i, rows[i].line, rows[i].words);
		}
		assert_null(strstr(problems.items[0].text, "geheim"));
		problems_done(&problems);
	}
}

static void http_channel_new__good_sections__are_taken(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		int64_t rate, each;
	} rows[] = {
		{"preset = telegram\ntoken = credential:tg\n", 25, 1}, /* the preset's own */
		{"preset = telegram\ntoken = credential:tg\nrate = 3/m\nproxy = socks5h://127.0.0.1:1080\n", 3, 1},
		{"preset = telegram\ntoken = credential:tg\nrate_each = 20/m\n", 25, 20},
		{"preset = telegram\ntoken = credential:tg\nproxy = credential:proxy\n", 25, 1},
		{"preset = webhook\nurl = credential:goodurl\n", 0, 0},
		{"preset = ./mine.ini\nroom = 5\n", 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct problems problems = {0};
		struct channel *channel = make_channel(rows[i].keys, &problems);
		problems_print(&problems, stderr);
		assert_non_null(channel);
		assert_int_equal(channel->rate.count, rows[i].rate);
		assert_int_equal(channel->rate_each.count, rows[i].each);
		assert_string_equal(channel->name, "tg");
		assert_true(channel->domain[0] != '\0');
		assert_false(channel->ops->is_local);
		channel_free(channel);
	}
}

static void http_channel_new__address_with_a_key__hides_the_key_alone(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct channel *channel = make_channel("preset = webhook\nurl = credential:keyurl\n", &problems);
	assert_non_null(channel);
	char told[] = "no /services/T0/0123456789abcdefX?key=AAAAbbbbCCCC&v=1 here";
	log_redact(told);
	assert_string_equal(told, "no /services/T0/***?key=***&v=1 here");
	channel_free(channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_channel_new__every_mistake__is_named_with_its_line),
		cmocka_unit_test(http_channel_new__good_sections__are_taken),
		cmocka_unit_test(http_channel_new__address_with_a_key__hides_the_key_alone),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
