/* Programs on the event loop: their ends, and that none outlives its channel. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/mem.h"
#include "channel/channel.h"
#include "channel/transfer.h"

static struct world {
	struct event_base *base;
	struct transfer *transfer;
	struct channel *channel;
	unsigned n_results;
	struct channel_result result;
} world;

static void note_result(void *arg, int64_t message_id, const struct channel_result *result)
{
	(void)arg;
	assert_int_equal(message_id, 7);
	world.n_results++;
	world.result = *result;
}

static void start(const char *keys)
{
	struct problems problems = {0};
	struct conf conf = {.secrets_dir = (char *)(uintptr_t) "/nonexistent"};
	char *text = mem_printf("[channel p]\ntype = pipe\n%s", keys);
	struct ini *ini = ini_read_text("x.ini", text, strlen(text), &problems);
	world = (struct world){.base = event_base_new()};
	assert_int_equal(transfer_new(world.base, &world.transfer, NULL), 0);
	world.channel = channel_new(&conf, &ini->sections[0], &problems);
	problems_print(&problems, stderr);
	problems_done(&problems);
	assert_non_null(world.channel);
	channel_start(world.channel, world.transfer, note_result, NULL);
	ini_free(ini);
	free(text);
}

static void send_one(void)
{
	channel_send(world.channel, &(struct channel_message){.id = 7,
							      .kind = "test",
							      .to_address = "a",
							      .subject = "s",
							      .text = "t",
							      .message_id = "m",
							      .key = "k"});
}

static void finish(void)
{
	channel_free(world.channel);
	transfer_free(world.transfer);
	event_base_free(world.base);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, not even a dead one */
	assert_int_equal(errno, ECHILD);
}

static void pipe__program_that_reads__gets_subject_and_text(void **state)
{
	(void)state;
	start("command = /usr/bin/cmp - /dev/null\n");
	assert_int_equal(channel_room(world.channel), 2);
	send_one();
	assert_int_equal(channel_room(world.channel), 1);
	while (world.n_results == 0)
		assert_int_equal(event_base_loop(world.base, EVLOOP_ONCE), 0);
	assert_int_equal(world.result.verdict, CHANNEL_TEMPORARY); /* they differ: there was something to read */
	assert_non_null(strstr(world.result.reply, "exit status 1: cmp: EOF on /dev/null"));
	assert_int_equal(channel_room(world.channel), 2);
	channel_stop(world.channel);
	assert_int_equal(channel_room(world.channel), 0);
	finish();
}

static void pipe__program_that_never_ends__is_killed_with_its_channel(void **state)
{
	(void)state;
	enum log_level level = log_set_level(LOG_LEVEL_ERROR);
	start("command = /bin/sleep 1000\nprocesses = 1\n");
	send_one();
	assert_int_equal(channel_room(world.channel), 0);
	assert_int_equal(event_base_loop(world.base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(world.n_results, 0);
	assert_true(channel_may_have(world.channel, 7));
	assert_false(channel_may_have(world.channel, 8));
	finish();
	(void)log_set_level(level);
}

static void pipe__program_that_times_out__leaves_a_doubt(void **state)
{
	(void)state;
	start("command = /bin/sleep 1000\ntimeout = 1s\n");
	send_one();
	while (world.n_results == 0)
		assert_int_equal(event_base_loop(world.base, EVLOOP_ONCE), 0);
	assert_int_equal(world.result.verdict, CHANNEL_UNKNOWN);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipe__program_that_reads__gets_subject_and_text),
		cmocka_unit_test(pipe__program_that_never_ends__is_killed_with_its_channel),
		cmocka_unit_test(pipe__program_that_times_out__leaves_a_doubt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
