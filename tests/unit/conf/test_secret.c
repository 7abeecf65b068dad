#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/secret.h"

static char folder[64];

static void put(const char *name, mode_t mode, const void *bytes, size_t len)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static int in_new_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/test-secret-XXXXXX");
	return mkdtemp(folder) == NULL || unsetenv("CREDENTIALS_DIRECTORY") != 0;
}

static int without_folder(void **state)
{
	(void)state;
	char command[128];
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command) != 0 || unsetenv("CREDENTIALS_DIRECTORY") != 0;
}

static void assert_secret(const char *reference, const char *expected)
{
	char *value = NULL;
	struct err err = {0};
	assert_int_equal(secret_read(reference, folder, &value, &err), 0);
	assert_string_equal(value, expected);

	char said[64];
	(void)snprintf(said, sizeof(said), "<%s>", value);
	log_redact(said);
	assert_string_equal(said, "<***>");
	mem_free_secret(value);
}

static void assert_refused(const char *reference, int code, const char *words)
{
	char *value = NULL;
	struct err err = {0};
	assert_int_equal(secret_read(reference, folder, &value, &err), code);
	assert_null(value);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_null(strstr(err.text, "hunter2"));
}

static void secret__credential_beside_the_configuration__is_read_and_hidden(void **state)
{
	(void)state;
	put("smtp-password", 0600, "pa ss=wörd\n", strlen("pa ss=wörd\n"));
	assert_secret("credential:smtp-password", "pa ss=wörd");
	put("smtp-password", 0400, "no newline", 10);
	assert_secret("credential:smtp-password", "no newline");
}

static void secret__credential_of_systemd__is_found_by_either_name(void **state)
{
	(void)state;
	char given[128];
	(void)snprintf(given, sizeof(given), "%s/given", folder);
	assert_int_equal(mkdir(given, 0700), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", given, 1), 0);

	put("token", 0600, "beside", 6);
	static const char *const nowhere[] = {"", "given"};
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		assert_int_equal(setenv("CREDENTIALS_DIRECTORY", nowhere[i], 1), 0);
		assert_secret("credential:token", "beside");
	}
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", given, 1), 0);
	assert_refused("credential:token", -ENOENT, "systemd gave no credential 'token'");
	put("given/secrets_token", 0440, "from the folder\n", 16); /* group bits: the mask of an access list */
	assert_secret("credential:token", "from the folder");
	put("given/token", 0400, "by its name\n", 12);
	assert_secret("credential:token", "by its name");

	put("given/token", 0404, "hunter2\n", 8);
	assert_refused("credential:token", -EACCES, "mode 0404");
	put("given/token", 0460, "hunter2\n", 8);
	assert_refused("credential:token", -EACCES, "mode 0460");
}

static void secret__with_a_colon__its_second_half_is_hidden_alone_too(void **state)
{
	(void)state;
	static const struct {
		const char *secret, *said, *shown;
	} rows[] = {
		{"4711:AAH-long_half1", "bot 4711:AAH-long_half1", "bot ***"},
		{"4711:AAH-long_half1", "key AAH-long_half1.", "key ***."},
		{"4712:elevenbytes", "<elevenbytes>", "<elevenbytes>"}, /* too short to be told from ordinary text */
		{"user:twelve:bytes", "<twelve:bytes>", "<***>"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *value = NULL, said[64];
		put("token", 0600, rows[i].secret, strlen(rows[i].secret));
		assert_int_equal(secret_read("credential:token", folder, &value, NULL), 0);
		(void)snprintf(said, sizeof(said), "%s", rows[i].said);
		log_redact(said);
		assert_string_equal(said, rows[i].shown);
		mem_free_secret(value);
	}
}

static void secret__key__has_lines_and_the_same_rights(void **state)
{
	(void)state;
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
	char *value = NULL;
	struct err err = {0};
	put("key", 0600, pem, strlen(pem));
	assert_int_equal(secret_read_key("credential:key", folder, &value, &err), 0);
	assert_string_equal(value, pem);
	mem_free_secret(value);
	put("key", 0640, pem, strlen(pem));
	assert_int_equal(secret_read_key("credential:key", folder, &value, &err), -EACCES);
	put("key", 0600, "", 0);
	assert_int_equal(secret_read_key("credential:key", folder, &value, &err), -EINVAL);
	assert_int_equal(secret_read_key("key", folder, &value, &err), -EINVAL);
}

static void secret__file__is_read(void **state)
{
	(void)state;
	char reference[128];
	put("any name", 0600, "value\n", 6);
	(void)snprintf(reference, sizeof(reference), "file:%s/any name", folder);
	assert_secret(reference, "value");
}

static void secret__that_others_can_use__is_refused(void **state)
{
	(void)state;
	static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666};
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		put("token", modes[i], "hunter2", 7);
		assert_refused("credential:token", -EACCES, "can be used by others");
		assert_refused("credential:token", -EACCES, "chmod 0600");
	}
}

static void secret__bad_content__is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} rows[] = {
		{"", 0, "is empty"},
		{"\n", 1, "is empty"},
		{"hunter2\nhunter2\n", 16, "second line"},
		{"hunter2\n\n", 9, "second line"},
		{"hunter2\r\n", 9, "CR LF"},
		{"hunter2\r", 8, "CR LF"},
		{"hun\rter2", 8, "control character"},
		{"\xef\xbb\xbfhunter2\n", 11, "begins with a byte order mark"},
		{"\xff\xfeh\0u\0", 6, "begins with a byte order mark"},
		{"\xfe\xff\0h\0u", 6, "begins with a byte order mark"},
		{" hunter2\n", 9, "begins or ends with a blank"},
		{"\thunter2\n", 9, "begins or ends with a blank"},
		{"hunter2 \n", 9, "begins or ends with a blank"},
		{" ", 1, "begins or ends with a blank"},
		{"hun\tter2", 8, "control character"},
		{"hunter2\0x", 9, "control character"},
		{"\0", 1, "control character"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put("token", 0600, rows[i].bytes, rows[i].len);
		assert_refused("credential:token", -EINVAL, rows[i].words);
	}
}

static void secret__dressing_of_an_editor__names_the_cure(void **state)
{
	(void)state;
	char words[256];
	put("token", 0600, "hunter2 \n", 9);
	(void)snprintf(words, sizeof(words), "write it anew with install -m 0600 /dev/stdin %s/token (", folder);
	assert_refused("credential:token", -EINVAL, words);
}

static void secret__size__has_a_limit(void **state)
{
	(void)state;
	char *bytes = mem_zero(SECRET_MAX + 2, 1);
	memset(bytes, 'x', SECRET_MAX + 1);
	put("token", 0600, bytes, SECRET_MAX + 1);
	assert_refused("credential:token", -EINVAL, "more than 16384 bytes");

	put("token", 0600, bytes, SECRET_MAX);
	char *value = NULL;
	assert_int_equal(secret_read("credential:token", folder, &value, NULL), 0);
	assert_int_equal(strlen(value), SECRET_MAX);
	mem_free_secret(value);
	free(bytes);
}

static void secret_read_key__no_file__says_how_one_is_copied(void **state)
{
	(void)state;
	struct err err;
	char *value = NULL;
	assert_int_equal(secret_read_key("file:/nonexistent/key.pem", folder, &value, &err), -ENOENT);
	assert_non_null(strstr(err.text, "make it with install -m 0600 KEYFILE /nonexistent/key.pem"));
	assert_null(value);
}

static void secret_read_key__size__has_a_limit_of_its_own(void **state)
{
	(void)state;
	struct err err;
	char *value = NULL, *bytes = mem_zero(SECRET_KEY_MAX + 2, 1);
	memset(bytes, 'x', SECRET_KEY_MAX + 1);
	put("token", 0600, bytes, SECRET_KEY_MAX + 1);
	assert_int_equal(secret_read_key("credential:token", folder, &value, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more than 65536 bytes"));
	put("token", 0600, bytes, SECRET_KEY_MAX);
	assert_int_equal(secret_read_key("credential:token", folder, &value, &err), 0);
	assert_int_equal(strlen(value), SECRET_KEY_MAX);
	mem_free_secret(value);
	free(bytes);
}

static void secret__bad_reference__is_refused_without_its_words(void **state)
{
	(void)state;
	static const struct {
		const char *reference, *words;
	} rows[] = {
		{"hunter2", "must not stand in this file"},
		{"", "must not stand in this file"},
		{"Credential:hunter2", "must not stand in this file"},
		{"file:hunter2", "must start with '/'"},
		{"credential:", "letters, digits"},
		{"credential:../hunter2", "letters, digits"},
		{"credential:.hunter2", "letters, digits"},
		{"credential:a/hunter2", "letters, digits"},
		{"credential:a hunter2", "letters, digits"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].reference, -EINVAL, rows[i].words);
}

static void secret__no_such_file__is_named(void **state)
{
	(void)state;
	char words[256];
	(void)snprintf(words, sizeof(words),
		       "there is no file %s/token: make it with install -m 0600 /dev/stdin %s/token (", folder, folder);
	assert_refused("credential:token", -ENOENT, words);
	assert_refused("file:/nonexistent/token", -ENOENT, "no file /nonexistent/token: make it with install");
	assert_refused("file:/tmp", -EINVAL, "not a regular file");
}

static void secret__pipe__does_not_hold_us_up(void **state)
{
	(void)state;
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/token", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused("credential:token", -EINVAL, "not a regular file");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, in_new_folder, without_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(secret__credential_beside_the_configuration__is_read_and_hidden),
		IN_FOLDER(secret__credential_of_systemd__is_found_by_either_name),
		IN_FOLDER(secret__with_a_colon__its_second_half_is_hidden_alone_too),
		IN_FOLDER(secret__key__has_lines_and_the_same_rights),
		IN_FOLDER(secret__file__is_read),
		IN_FOLDER(secret__that_others_can_use__is_refused),
		IN_FOLDER(secret__bad_content__is_refused),
		IN_FOLDER(secret__dressing_of_an_editor__names_the_cure),
		IN_FOLDER(secret__size__has_a_limit),
		IN_FOLDER(secret_read_key__no_file__says_how_one_is_copied),
		IN_FOLDER(secret_read_key__size__has_a_limit_of_its_own),
		IN_FOLDER(secret__bad_reference__is_refused_without_its_words),
		IN_FOLDER(secret__no_such_file__is_named),
		IN_FOLDER(secret__pipe__does_not_hold_us_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
