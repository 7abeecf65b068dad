/* What the service manager hears, and that nobody waits for it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/utf8.h"
#include "service/notify.h"

static int manager;
static struct notify *notify;
static struct sockaddr_un address;
static socklen_t address_size;

/* Listens under a name of the abstract namespace, or at a path. */
static void listen_at(const char *name)
{
	size_t length = strlen(name);
	address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(manager, (const struct sockaddr *)&address, address_size), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	notify = notify_new();
}

static int open_manager(void **state)
{
	char name[64];
	(void)state;
	(void)snprintf(name, sizeof(name), "@deadlined-test-notify-%d", (int)getpid());
	listen_at(name);
	return 0;
}

static int close_manager(void **state)
{
	(void)state;
	notify_free(notify);
	(void)close(manager);
	return 0;
}

/* The next thing that it is sent; "" when nothing is there. */
static const char *heard(void)
{
	static char text[1024];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void fill_queue(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	while (sendto(fd, "full", 4, 0, (const struct sockaddr *)&address, address_size) == 4)
		;
	assert_int_equal(errno, EAGAIN);
	(void)close(fd);
}

static void drain_queue(void)
{
	while (strcmp(heard(), "full") == 0)
		;
}

static void notify__each_call__is_one_datagram(void **state)
{
	(void)state;
	notify_ready(notify);
	notify_status(notify, "%d waiting", 7);
	notify_alive(notify);
	notify_reloading(notify);
	notify_stopping(notify);
	assert_string_equal(heard(), "READY=1");
	assert_string_equal(heard(), "STATUS=7 waiting");
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_string_equal(heard(), "RELOADING=1");
	assert_string_equal(heard(), "STOPPING=1\nSTATUS=letting transfers finish");
	assert_true(notify_again(notify));
	assert_string_equal(heard(), "");
}

static void notify__nobody_reads__the_latest_state_is_told_later(void **state)
{
	(void)state;
	fill_queue();
	notify_reloading(notify);
	notify_status(notify, "dropped");
	notify_alive(notify);
	notify_ready(notify);
	assert_false(notify_again(notify));
	drain_queue();
	assert_true(notify_again(notify));
	assert_string_equal(heard(), "READY=1");
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_true(notify_again(notify));
	assert_string_equal(heard(), "");
}

static void notify__state_that_is_told__forgets_the_one_before(void **state)
{
	(void)state;
	fill_queue();
	notify_reloading(notify);
	(void)recv(manager, (char[8]){0}, 8, 0);
	notify_ready(notify);
	assert_true(notify_again(notify));
}

static void notify__long_status__ends_with_a_whole_character(void **state)
{
	(void)state;
	char text[2000];
	for (size_t shift = 0; shift < 2; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 2 < sizeof(text); i += 2)
			memcpy(text + i, "я", sizeof("я"));
		notify_status(notify, "%s", text);
		const char *told = heard();
		assert_true(strlen(told) > 500);
		assert_true(utf8_is_valid(told, strlen(told)));
	}
}

static void notify__path__is_found(void **state)
{
	char path[64];
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/deadlined-test-notify-%d", (int)getpid());
	listen_at(path);
	notify_ready(notify);
	assert_string_equal(heard(), "READY=1");
	(void)close_manager(state);
	(void)unlink(path);
}

static void notify__nobody_to_tell__keeps_nothing(void **state)
{
	static char too_long[200] = "/";
	(void)state;
	memset(too_long + 1, 'x', sizeof(too_long) - 2);
	const char *const names[] = {NULL, "", "relative", "vsock:2:9", too_long};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(names[i] == NULL ? unsetenv("NOTIFY_SOCKET") : setenv("NOTIFY_SOCKET", names[i], 1),
				 0);
		notify = notify_new();
		notify_ready(notify);
		notify_alive(notify);
		assert_true(notify_again(notify));
		notify_free(notify);
	}
}

static void notify_watchdog_ms__settings_of_the_manager__are_for_this_process(void **state)
{
	char own[16];
	(void)state;
	(void)snprintf(own, sizeof(own), "%d", (int)getpid());
	const struct {
		const char *usec, *pid;
		int64_t ms;
	} rows[] = {{"180000000", NULL, 180000},
		    {"180000000", own, 180000},
		    {"180000000", "1", 0},
		    {"180000000", "x", 0},
		    {"0", own, 0},
		    {"soon", NULL, 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)setenv("WATCHDOG_USEC", rows[i].usec, 1);
		(void)(rows[i].pid == NULL ? unsetenv("WATCHDOG_PID") : setenv("WATCHDOG_PID", rows[i].pid, 1));
		assert_int_equal(notify_watchdog_ms(), rows[i].ms);
	}
	(void)unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_ms(), 0);
}

#define WITH_MANAGER(test) cmocka_unit_test_setup_teardown(test, open_manager, close_manager)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MANAGER(notify__each_call__is_one_datagram),
		WITH_MANAGER(notify__nobody_reads__the_latest_state_is_told_later),
		WITH_MANAGER(notify__state_that_is_told__forgets_the_one_before),
		WITH_MANAGER(notify__long_status__ends_with_a_whole_character),
		cmocka_unit_test(notify__path__is_found),
		cmocka_unit_test(notify__nobody_to_tell__keeps_nothing),
		cmocka_unit_test(notify_watchdog_ms__settings_of_the_manager__are_for_this_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
