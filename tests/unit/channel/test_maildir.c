#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "channel/channel.h"

struct fixture {
	char dir[64];
	struct channel *channel;
	struct channel_result result;
	unsigned n_results;
};

static void on_done(void *arg, int64_t id, const struct channel_result *result)
{
	struct fixture *fixture = arg;
	assert_int_equal(id, 7);
	fixture->result = *result;
	fixture->n_results++;
}

static struct channel *make(const char *text)
{
	struct problems problems = {0};
	struct conf conf = {.secrets_dir = (char *)(uintptr_t) "/nonexistent"};
	struct ini *ini = ini_read_text("/etc/test.ini", text, strlen(text), &problems);
	struct channel *channel = channel_new(&conf, ini_section(ini, "channel", "archive"), &problems);
	assert_int_equal(problems.n == 0, channel != NULL);
	problems_done(&problems);
	ini_free(ini);
	return channel;
}

static int set_up(void **state)
{
	struct fixture *fixture = mem_zero(1, sizeof(*fixture));
	(void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/test_maildir.XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	char *text =
		mem_printf("[channel archive]\ntype = maildir\npath = %s/box/\nfrom = Office <office@example.org>\n",
			   fixture->dir);
	fixture->channel = make(text);
	free(text);
	assert_non_null(fixture->channel);
	channel_start(fixture->channel, NULL, on_done, fixture);
	*state = fixture;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	channel_free(fixture->channel);
	assert_int_equal(nftw(fixture->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(fixture);
	return 0;
}

static const struct channel_result *deliver_at(struct fixture *fixture, int64_t attempt, const char *key,
					       const char *to)
{
	struct channel_message message = {
		.id = 7,
		.to_address = to,
		.subject = "Reminder",
		.text = "Text\n.\n",
		.message_id = "m@example.org",
		.key = key,
		.attempt = attempt,
		.date_utc = 1735700000,
	};
	unsigned before = fixture->n_results;
	channel_send(fixture->channel, &message);
	assert_int_equal(fixture->n_results, before + 1);
	assert_int_equal(channel_in_flight(fixture->channel), 0);
	return &fixture->result;
}

static const struct channel_result *deliver(struct fixture *fixture, const char *key, const char *to)
{
	return deliver_at(fixture, 0, key, to);
}

static int count(const struct fixture *fixture, const char *sub)
{
	char *path = mem_printf("%s/box/%s", fixture->dir, sub);
	DIR *dir = opendir(path);
	int n = 0;
	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	free(path);
	return n;
}

static void maildir__delivery__makes_folders_and_one_file(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(deliver(fixture, "m-1.a", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	assert_string_equal(fixture->result.remote_id, "m-1.a");
	assert_int_equal(count(fixture, "new"), 1);
	assert_int_equal(count(fixture, "tmp"), 0);
	assert_int_equal(count(fixture, "cur"), 0);

	struct stat st;
	char text[4096] = "", *path = mem_printf("%s/box/new/m-1.a", fixture->dir);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	assert_int_equal(fstat(fileno(file), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	(void)fclose(file);
	free(path);
	assert_non_null(strstr(text, "Message-ID: <m@example.org>\n"));
	assert_non_null(strstr(text, "\n.\n"));
	assert_null(strchr(text, '\r'));

	path = mem_printf("%s/box/new", fixture->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	free(path);
}

static void maildir__link_in_the_place_of_a_folder__is_not_followed(void **state)
{
	static const char *const names[] = {"box/new", "box/tmp", "box/cur", "box"};
	struct fixture *fixture = *state;
	char *other = mem_printf("%s/other", fixture->dir);
	assert_int_equal(deliver(fixture, "m-1", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(mkdir(other, 0700), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = mem_printf("%s/%s", fixture->dir, names[i]), *aside = mem_printf("%s.aside", path);
		assert_int_equal(rename(path, aside), 0);
		assert_int_equal(symlink(other, path), 0);
		const struct channel_result *result = deliver(fixture, "m-2", "desk@example.org");
		assert_int_equal(result->verdict, CHANNEL_TEMPORARY);
		assert_non_null(strstr(result->reply, "a link is not followed, put a folder in its place"));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(rename(aside, path), 0);
		free(path);
		free(aside);
	}
	assert_int_equal(rmdir(other), 0); /* still empty */
	assert_int_equal(count(fixture, "new"), 1);
	free(other);
}

static void maildir__repeat__delivers_nothing_twice(void **state)
{
	struct fixture *fixture = *state;
	struct stat first, second;
	char *from = mem_printf("%s/box/new/m-1", fixture->dir), *to = mem_printf("%s/box/cur/m-1:2,S", fixture->dir);
	(void)deliver(fixture, "m-1", "desk@example.org");
	assert_int_equal(stat(from, &first), 0);
	assert_int_equal(deliver(fixture, "m-1", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(count(fixture, "new"), 1);
	assert_int_equal(stat(from, &second), 0);
	assert_true(first.st_ino == second.st_ino); /* nobody's reader sees it change */

	assert_int_equal(rename(from, to), 0); /* read by its owner */
	assert_int_equal(deliver(fixture, "m-1", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(count(fixture, "new"), 0);
	assert_int_equal(deliver(fixture, "m-", "desk@example.org")->verdict, CHANNEL_ACCEPTED); /* another key */
	assert_int_equal(count(fixture, "new"), 1);
	free(from);
	free(to);
}

/* A kept Maildir has many mails in cur/: only an attempt that had another before it may find its own there. */
static void maildir__first_attempt__does_not_search_what_was_read(void **state)
{
	struct fixture *fixture = *state;
	char *from = mem_printf("%s/box/new/m-1", fixture->dir), *to = mem_printf("%s/box/cur/m-1:2,S", fixture->dir);
	(void)deliver_at(fixture, 1, "m-1", "desk@example.org");
	assert_int_equal(deliver_at(fixture, 1, "m-1", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(rename(from, to), 0);
	for (int64_t attempt = 2; attempt <= 3; attempt++)
		assert_int_equal(deliver_at(fixture, attempt, "m-1", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(count(fixture, "new"), 0);
	assert_int_equal(deliver_at(fixture, 1, "m-1", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(count(fixture, "new"), 1);
	free(from);
	free(to);
}

static void maildir__left_over_from_a_crash__is_replaced(void **state)
{
	struct fixture *fixture = *state;
	(void)deliver(fixture, "m-1", "desk@example.org");
	char *path = mem_printf("%s/box/tmp/m-2", fixture->dir);
	FILE *file = fopen(path, "w");
	assert_true(fputs("half a ma", file) >= 0);
	(void)fclose(file);
	assert_int_equal(deliver(fixture, "m-2", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	assert_int_equal(count(fixture, "tmp"), 0);

	char *done = mem_printf("%s/box/new/m-2", fixture->dir);
	struct stat st;
	assert_int_equal(stat(done, &st), 0);
	assert_true(st.st_size > 100);
	free(path);
	free(done);
}

static void maildir__no_folder__is_temporary_and_the_channels_fault(void **state)
{
	struct fixture *fixture = *state;
	char *path = mem_printf("%s/box", fixture->dir);
	FILE *file = fopen(path, "w"); /* a file stands in the way */
	assert_non_null(file);
	(void)fclose(file);
	assert_int_equal(deliver(fixture, "m-1", "desk@example.org")->verdict, CHANNEL_TEMPORARY);
	assert_int_equal(fixture->result.blame, CHANNEL_BLAME_CHANNEL);
	assert_non_null(strstr(fixture->result.reply, strerror(ENOTDIR)));

	assert_int_equal(unlink(path), 0); /* mended: the next try works */
	assert_int_equal(deliver(fixture, "m-1", "desk@example.org")->verdict, CHANNEL_ACCEPTED);
	free(path);
}

static void maildir__bad_message__is_permanent(void **state)
{
	struct fixture *fixture = *state;
	static const char *const keys[] = {"", "../m", "a/b", ".m", "M", "m:2,S", "m\n"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(deliver(fixture, keys[i], "desk@example.org")->verdict, CHANNEL_PERMANENT);
	assert_int_equal(fixture->result.blame, CHANNEL_BLAME_MESSAGE);
	assert_int_equal(deliver(fixture, "m-1", "a@b>\r\nX: y")->verdict, CHANNEL_PERMANENT);
	assert_int_equal(fixture->result.blame, CHANNEL_BLAME_RECIPIENT);
}

static void maildir__channel__tells_what_it_is(void **state)
{
	struct fixture *fixture = *state;
	struct err err;
	assert_true(fixture->channel->ops->is_local);
	assert_string_equal(fixture->channel->name, "archive");
	assert_string_equal(fixture->channel->domain, "example.org");
	assert_true(channel_check_address(fixture->channel, "a@example.org", &err));
	assert_false(channel_check_address(fixture->channel, "a b", &err));
	assert_true(channel_room(fixture->channel) > 0);
	channel_stop(fixture->channel);
	assert_int_equal(channel_room(fixture->channel), 0);
}

static void maildir__configuration__is_checked(void **cmocka)
{
	(void)cmocka;
	assert_null(make("[channel archive]\ntype = maildir\n"));
	assert_null(make("[channel archive]\ntype = maildir\npath = /tmp/x\nfrom = nobody\n"));
	assert_null(make("[channel archive]\ntype = mbox\npath = /tmp/x\n"));
	assert_null(make("[channel archive]\npath = /tmp/x\n"));
	struct channel *channel = make("[channel archive]\ntype = maildir\npath = /tmp/x\n");
	assert_non_null(channel);
	assert_string_not_equal(channel->domain, "");
	channel_free(channel);
}

/* Otherwise every mail would wait. */
static void maildir__path_that_is_a_link__is_refused_at_its_line(void **cmocka)
{
	struct fixture *fixture = *cmocka;
	struct problems problems = {0};
	const struct conf conf = {.secrets_dir = (char *)(uintptr_t) "/nonexistent"};
	char *link = mem_printf("%s/link", fixture->dir);
	char *text = mem_printf("[channel archive]\ntype = maildir\npath = %s/\n", link);
	assert_int_equal(symlink("/nonexistent", link), 0);
	struct ini *ini = ini_read_text("/etc/test.ini", text, strlen(text), &problems);
	assert_null(channel_new(&conf, ini_section(ini, "channel", "archive"), &problems));
	assert_int_equal(problems.n, 1);
	assert_int_equal(problems.items[0].line, 3);
	assert_non_null(strstr(problems.items[0].text, "link is a symbolic link, which is not followed: write"));
	problems_done(&problems);
	ini_free(ini);
	(void)unlink(link);
	free(link);
	free(text);
}

static void result__words_of_strangers__become_one_clean_line(void **cmocka)
{
	(void)cmocka;
	char longest[2000];
	struct channel_result result;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	static const char *const rows[][2] = {{" a\r\n\tb \x1b[1m\x7f c ", "a b [1m c"},
					      {"\xff"
					       "5\xc3\xa9\xe2\x80\xae!",
					       "?5\xc3\xa9 !"},
					      {"", ""}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		channel_result_set(&result, CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE, 451, rows[i][0]);
		assert_string_equal(result.reply, rows[i][1]);
	}
	log_hide("s3cr3t-token");
	channel_result_set(&result, CHANNEL_PERMANENT, CHANNEL_BLAME_CHANNEL, 535, "no s3cr3t-token here");
	assert_string_equal(result.reply, "no *** here");
	channel_result_set(&result, CHANNEL_THROTTLED, CHANNEL_BLAME_CHANNEL, 429, longest);
	assert_true(strlen(result.reply) < sizeof(result.reply) && strlen(result.reply) > 500);
	assert_int_equal(result.retry_after_s, 1);
	assert_string_equal(channel_verdict_name(CHANNEL_UNKNOWN), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(maildir__delivery__makes_folders_and_one_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(maildir__path_that_is_a_link__is_refused_at_its_line, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(maildir__link_in_the_place_of_a_folder__is_not_followed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(maildir__repeat__delivers_nothing_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(maildir__first_attempt__does_not_search_what_was_read, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(maildir__left_over_from_a_crash__is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(maildir__no_folder__is_temporary_and_the_channels_fault, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(maildir__bad_message__is_permanent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(maildir__channel__tells_what_it_is, set_up, tear_down),
		cmocka_unit_test(maildir__configuration__is_checked),
		cmocka_unit_test(result__words_of_strangers__become_one_clean_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
