#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/conf.h"

static char path[64];

static int with_file(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/test-conf-XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 || close(fd) != 0;
}

static int without_file(void **state)
{
	(void)state;
	return unlink(path) != 0;
}

static struct conf *read_text(const char *text, struct problems *problems)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return conf_read(path, problems);
}

static void conf__empty_file__has_the_documented_presets(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct conf *conf = read_text("", &problems);
	assert_int_equal(problems.n, 0);
	assert_string_equal(conf->file, path);
	assert_string_equal(conf->secrets_dir, "/tmp/secrets");
	assert_string_equal(conf->database, "/var/lib/deadlined/deadlined.db");
	assert_string_equal(conf->zone, "UTC");
	assert_string_equal(conf->language, "en");
	assert_int_equal(conf->scan_interval_s, 60);
	assert_string_equal(conf->templates, DEADLINED_DATADIR "/templates");
	assert_string_equal(conf->messengers, DEADLINED_DATADIR "/messengers");
	assert_string_equal(conf->state_dir, "/var/lib/deadlined");
	assert_int_equal(conf->messages_per_hour, 1000);
	assert_int_equal(conf->messages_per_hour_per_channel, 1000);
	assert_int_equal(conf->messages_per_hour_per_person, 60);
	assert_int_equal(conf->catch_up_max_age_s, 7 * 86400);
	assert_int_equal(conf->n_channels, 0);
	assert_int_equal(conf->n_policies, 0);
	conf_free(conf);
}

static void conf__full_file__is_read(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct conf *conf = read_text("[daemon]\n"
				      "database = data/plan.db\n"
				      "zone = Asia/Sakhalin\n"
				      "language = ru\n"
				      "scan_interval = 1d\n"
				      "templates = texts\n"
				      "messengers = /srv/messengers\n"
				      "state_dir = state\n"
				      "[limits]\n"
				      "messages_per_hour = 1000000\n"
				      "messages_per_hour_per_person = 7\n"
				      "catch_up_max_age = 1m\n"
				      "[channel e-mail_2]\n"
				      "anything = here is for its own room\n"
				      "[policy visit]\n"
				      "[channel telegram]\n",
				      &problems);
	assert_int_equal(problems.n, 0);
	assert_string_equal(conf->database, "/tmp/data/plan.db");
	assert_string_equal(conf->zone, "Asia/Sakhalin");
	assert_string_equal(conf->language, "ru");
	assert_int_equal(conf->scan_interval_s, 86400);
	assert_string_equal(conf->templates, "/tmp/texts");
	assert_string_equal(conf->messengers, "/srv/messengers");
	assert_string_equal(conf->state_dir, "/tmp/state");
	assert_int_equal(conf->messages_per_hour, 1000000);
	assert_int_equal(conf->messages_per_hour_per_channel, 1000000); /* as all, when left out */
	assert_int_equal(conf->messages_per_hour_per_person, 7);
	assert_int_equal(conf->catch_up_max_age_s, 60);
	assert_int_equal(conf->n_channels, 2);
	assert_string_equal(conf->channels[0]->name, "e-mail_2");
	assert_string_equal(conf->channels[1]->name, "telegram");
	assert_int_equal(conf->n_policies, 1);
	assert_string_equal(conf->policies[0]->name, "visit");
	conf_free(conf);
}

static void conf__all_that_is_wrong__is_said_at_once(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct conf *conf = read_text("[daemon]\n"
				      "scan_intervall = 60s\n"
				      "scan_interval = 60\n"
				      "zone =\n"
				      "[demon]\n"
				      "[chanel email]\n"
				      "[something else]\n"
				      "[channel]\n"
				      "[policy a b]\n"
				      "[channel 123456789012345678901234567890123]\n"
				      "[policy 12345678901234567890123456789012]\n"
				      "[limits here]\n"
				      "[limits]\n"
				      "messages_per_hour = 0\n"
				      "messages_per_hour = 5\n"
				      "catch_up_max_age = 366d\n"
				      "[policy день]\n"
				      "[daemon]\n"
				      "language = x\n",
				      &problems);
	static const char *const expected[] = {
		"2: unknown key 'scan_intervall', did you mean 'scan_interval'?",
		"3: scan_interval: '60' has no unit: write 60s, 60m, 60h or 60d",
		"4: zone: the value is missing",
		"5: unknown section [demon], did you mean [daemon]?",
		"6: unknown section [chanel email], did you mean [channel email]?",
		"7: unknown section [something else]: give [daemon], [limits], [channel NAME] or [policy NAME]",
		"8: [channel] needs a name: write [channel NAME]",
		"9: name 'a b' of [policy NAME] is not allowed: give 1 to 32 of a-z, A-Z, 0-9, '-' and '_'",
		("10: name '123456789012345678901234567890123' of [channel NAME] is not allowed: "
		 "give 1 to 32 of a-z, A-Z, 0-9, '-' and '_'"),
		"12: [limits] takes no name: write [limits]",
		"14: messages_per_hour: '0' is out of range: give 1 to 1000000",
		"15: key 'messages_per_hour' is given again, first in line 14",
		"16: catch_up_max_age: '366d' is out of range: give 1m to 365d",
		"17: name 'день' of [policy NAME] is not allowed: give 1 to 32 of a-z, A-Z, 0-9, '-' and '_'",
		"18: section [daemon] is given again, first in line 1: write its keys there",
		"19: language: 'x' is too short: give at least 2 bytes",
	};

	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	problems_print(&problems, out);
	assert_int_equal(fclose(out), 0);
	struct buf whole;
	buf_init(&whole, 1 << 16);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		buf_printf(&whole, "%s:%s\n", path, expected[i]);
	assert_string_equal(text, buf_str(&whole));
	buf_done(&whole);
	free(text);
	conf_free(conf);
	problems_done(&problems);
}

static void conf__no_file__is_a_problem(void **state)
{
	(void)state;
	struct problems problems = {0};
	assert_null(conf_read("/nonexistent/x.ini", &problems));
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.items[0].text, "the file cannot be read: No such file or directory");
	problems_done(&problems);
	conf_free(NULL);
}

static void conf__what_cannot_change_while_running__is_marked(void **state)
{
	(void)state;
	for (size_t i = 0; i < conf_n_daemon_options; i++) {
		const struct option *option = &conf_daemon_options[i];
		bool needs_restart = strcmp(option->key, "database") == 0 || strcmp(option->key, "state_dir") == 0;
		assert_int_equal((option->flags & OPTION_RESTART) != 0, needs_restart);
		assert_non_null(option->help);
	}
	for (size_t i = 0; i < conf_n_limit_options; i++)
		assert_non_null(conf_limit_options[i].help);
}

/* True when the sample has a line "KEY =", active or commented out with ';' or '#'. */
static bool sample_shows(const char *sample, const char *key)
{
	for (const char *hit = sample; (hit = strstr(hit, key)) != NULL; hit++) {
		const char *start = hit;
		while (start > sample && strchr(";# ", start[-1]) != NULL)
			start--;
		const char *behind = hit + strlen(key);
		behind += strspn(behind, " ");
		if ((start == sample || start[-1] == '\n') && *behind == '=')
			return true;
	}
	return false;
}

static void conf__shipped_sample__is_valid_and_shows_every_key(void **state)
{
	(void)state;
	static const char file[] = "config/deadlined.ini"; /* tests run in the top folder */
	struct problems problems = {0};
	struct conf *conf = conf_read(file, &problems);
	problems_print(&problems, stderr);
	assert_int_equal(problems.n, 0);
	assert_int_equal(conf->n_channels, 1);
	assert_string_equal(ini_find(conf->channels[0], "type")->value, "maildir");
	assert_string_equal(ini_find(conf->channels[0], "path")->value, "/var/lib/deadlined/maildir");
	assert_non_null(ini_section(conf->ini, "policy", "default"));
	assert_non_null(ini_section(conf->ini, "policy", "visit"));
	assert_non_null(ini_section(conf->ini, "policy", "fair"));

	struct conf presets = {0};
	options_apply(conf_daemon_options, conf_n_daemon_options, NULL, NULL, &presets, &problems);
	assert_string_equal(conf->database, presets.database);
	assert_string_equal(conf->templates, presets.templates);
	assert_string_equal(conf->messengers, presets.messengers);
	assert_string_equal(conf->state_dir, presets.state_dir);
	options_done(conf_daemon_options, conf_n_daemon_options, &presets);

	static char sample[INI_FILE_MAX];
	FILE *in = fopen(file, "r");
	assert_non_null(in);
	sample[fread(sample, 1, sizeof(sample) - 1, in)] = '\0';
	assert_int_equal(fclose(in), 0);
	for (size_t i = 0; i < conf_n_daemon_options; i++)
		assert_true(sample_shows(sample, conf_daemon_options[i].key));
	for (size_t i = 0; i < conf_n_limit_options; i++)
		assert_true(sample_shows(sample, conf_limit_options[i].key));
	static const char *const others[] = {"type",     "url",  "from",      "hostname",    "username",
					     "password", "tls",  "ca_file",   "connections", "proxy",
					     "timeout",  "rate", "rate_each", "preset",      "base_url",
					     "token",    "path", "remind",    "overdue",     "channels"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_true(sample_shows(sample, others[i]));
	assert_false(sample_shows(sample, "rat"));
	conf_free(conf);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, with_file, without_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(conf__empty_file__has_the_documented_presets),
		WITH_FILE(conf__full_file__is_read),
		WITH_FILE(conf__all_that_is_wrong__is_said_at_once),
		cmocka_unit_test(conf__no_file__is_a_problem),
		cmocka_unit_test(conf__what_cannot_change_while_running__is_marked),
		cmocka_unit_test(conf__shipped_sample__is_valid_and_shows_every_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
