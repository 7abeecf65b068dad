#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel/channel_memory.h"

/* So that the sanitizer's malloc() fails as the system's does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void memory__openssl__keeps_what_it_has_when_it_grows(void **state)
{
	(void)state;
	char *text = OPENSSL_malloc(4);
	memcpy(text, "abc", 4);
	text = OPENSSL_realloc(text, 100000);
	assert_string_equal(text, "abc");
	OPENSSL_free(text);
}

/* As its own do: nothing for no bytes. */
static void memory__openssl_wants_no_bytes__gets_nothing(void **state)
{
	(void)state;
	assert_null(OPENSSL_malloc(0));
	assert_null(OPENSSL_realloc(OPENSSL_malloc(4), 0));
	OPENSSL_free(NULL);
}

static void grow_too_large(void)
{
	volatile size_t size = SIZE_MAX / 4;
	OPENSSL_free(OPENSSL_realloc(NULL, size));
}

static void take_too_much(void)
{
	volatile size_t size = SIZE_MAX / 4;
	OPENSSL_free(OPENSSL_malloc(size));
}

/* How a child ends that does so; what it says is added to words. */
static int end_of(void (*act)(void), char *words, size_t size)
{
	int ends[2], status = 0;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(ends[1], STDERR_FILENO);
		act();
		_exit(0);
	}
	(void)close(ends[1]);
	size_t len = 0;
	for (ssize_t n = 1; n > 0; len += (size_t)(n > 0 ? n : 0))
		n = read(ends[0], words + len, size - 1 - len);
	words[len] = '\0';
	(void)close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void memory__openssl_gets_none__ends_with_a_word(void **state)
{
	(void)state;
	void (*const acts[])(void) = {take_too_much, grow_too_large};
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		char words[8192];
		int status = end_of(acts[i], words, sizeof(words));
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
		assert_non_null(strstr(words, "out of memory"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory__openssl__keeps_what_it_has_when_it_grows),
		cmocka_unit_test(memory__openssl_wants_no_bytes__gets_nothing),
		cmocka_unit_test(memory__openssl_gets_none__ends_with_a_word),
	};
	channel_memory_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
