/* Happy path: the channel is made as the daemon makes it, takes one message, and an event loop of our own runs until
 * its result is there. Failure modes: no result within TEST_PATIENCE_S, which is longer than a server that works ever
 * takes. */
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sysexits.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/strlist.h"
#include "channel/channel.h"
#include "channel/transfer.h"
#include "ctl/command.h"
#include "ctl/known.h"
#include "ctl/output.h"
#include "message/compose.h"
#include "service/account.h"

enum { TEST_PATIENCE_S = 120, TEST_RANDOM_SIZE = 17 };

static const struct args_option test_options[] = {
	COMMAND_COMMON_OPTIONS,
	{"--to", "ADDRESS", "where to send it: a mail address, a chat's number ..."},
};

struct test {
	const struct session *session;
	const char *address;
	struct channel *channel;
	struct catalog *catalog;
	struct event_base *base;
	struct transfer *transfer;
	bool is_done;
	struct channel_result result;
};

static int test_fail_channel(const struct conf *conf, const char *name)
{
	struct strlist names = {0};
	for (size_t i = 0; i < conf->n_channels; i++)
		strlist_add(&names, conf->channels[i]->name, strlen(conf->channels[i]->name));
	const char *nearest = known_nearest(&names, name);
	if (nearest != NULL)
		output_complain("there is no channel '%s', did you mean '%s'?", name, nearest);
	else if (names.n == 0)
		output_complain("there is no channel '%s': %s has no [channel NAME]", name, conf->file);
	else
		output_complain("there is no channel '%s'", name);
	for (size_t i = 0; i < names.n && nearest == NULL; i++)
		(void)fprintf(stderr, "%s%s", i > 0 ? ", " : "The channels are: ", names.items[i]);
	if (nearest == NULL && names.n > 0)
		(void)fputs("\n", stderr);
	strlist_done(&names);
	return EX_DATAERR;
}

/* Makes the channel and loads the templates; prints what is wrong with the configuration of either. */
static int test_prepare(struct test *test, const struct ini_section *section)
{
	struct problems problems = {0};
	test->channel = channel_new(test->session->conf, section, &problems);
	test->catalog = catalog_load(test->session->conf->templates, test->session->conf->own_templates, &problems);
	int status = problems.n == 0 ? EX_OK : EX_CONFIG;
	problems_print(&problems, stderr);
	problems_done(&problems);
	return status;
}

static int test_check_address(const struct test *test)
{
	struct err err = {0};
	if (channel_check_address(test->channel, test->address, &err))
		return EX_OK;
	output_complain("--to: %s", err.text);
	return EX_DATAERR;
}

/* ---- sending ------------------------------------------------------------------------------------------------------
 */

static void test_take_result(void *arg, int64_t id, const struct channel_result *result)
{
	struct test *test = arg;
	(void)id; /* there is only one */
	test->result = *result;
	test->is_done = true;
	if (test->base != NULL)
		(void)event_base_loopbreak(test->base); /* fails without a loop only */
}

static void test_send(struct test *test, const char *random)
{
	const struct session *session = test->session;
	struct compose_facts facts = {
		.kind = "test",
		.default_language = session->conf->language,
		.step = "",
		.due_utc = session->now_utc,
		.now_utc = session->now_utc,
		.channel = test->channel->name,
		.wants_html = test->channel->wants_html,
	};
	struct compose_text text;
	struct err err = {0};
	char *message_id = mem_printf("test.%s@%s", random, test->channel->domain);
	char *key = mem_printf("test-%s", random);
	compose(test->catalog, &facts, &text, &err);
	if (err.text[0] != '\0')
		output_complain("template: %s", err.text);
	channel_send(test->channel, &(struct channel_message){
					    .id = 1,
					    .kind = "test",
					    .person = "test",
					    .to_address = test->address,
					    .to_name = "",
					    .subject = text.subject,
					    .text = text.text,
					    .html = text.html,
					    .language = text.language,
					    .message_id = message_id,
					    .key = key,
					    .date_utc = session->now_utc,
					    .date_offset_s = zone_offset_s(session->zone, session->now_utc),
				    });
	compose_text_done(&text);
	free(message_id);
	free(key);
}

/* The secrets are read. A program, or what the daemon finds in a folder of its own, gets the daemon's rights. */
static int test_become_daemon(const struct test *test)
{
	struct err err = {0};
	int status = account_become_owner(test->session->conf->database, test->channel->ops->is_local, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

static int test_open_loop(struct test *test)
{
	struct err err = {0};
	test->base = event_base_new();
	if (test->base == NULL) {
		output_complain("no event loop to be had");
		return EX_OSERR;
	}
	int status = transfer_new(test->base, &test->transfer, &err);
	return status < 0 ? session_fail(status, &err) : EX_OK;
}

/* The loop ends with the result, when nothing is left that could bring it, or when patience ends. */
static int test_await(struct test *test)
{
	struct timeval patience = {.tv_sec = TEST_PATIENCE_S};
	(void)event_base_loopexit(test->base, &patience); /* without it the channel's own deadlines end the wait */
	if (!test->is_done && event_base_dispatch(test->base) < 0) {
		output_complain("the event loop failed");
		return EX_OSERR;
	}
	return EX_OK;
}

static int test_print_result(const struct test *test)
{
	const struct channel_result *result = &test->result;
	char *address = output_clean(test->address), *reply = output_clean(result->reply);
	(void)printf("channel:  %s (%s)\nto:       %s\n", test->channel->name, test->channel->ops->type, address);
	if (test->is_done)
		(void)printf("verdict:  %s\n", channel_verdict_name(result->verdict));
	else
		(void)printf("verdict:  unknown, no answer in %d s\n", TEST_PATIENCE_S);
	if (test->is_done && result->code != 0)
		(void)printf("code:     %d\n", result->code);
	if (test->is_done && result->verdict == CHANNEL_THROTTLED && result->retry_after_s > 0)
		(void)printf("wait:     %" PRId64 " s\n", result->retry_after_s);
	(void)printf("reply:    %s\n", reply[0] != '\0' ? reply : "-");
	free(address);
	free(reply);
	return test->is_done && result->verdict == CHANNEL_ACCEPTED ? EX_OK : EX_UNAVAILABLE;
}

static int test_try(struct test *test)
{
	char random[TEST_RANDOM_SIZE];
	struct err err = {0};
	int status = hash_random_hex(random, sizeof(random));
	if (status < 0) {
		(void)err_set(&err, status, "no random numbers to be had");
		return session_fail(status, &err);
	}
	status = test_become_daemon(test);
	if (status == EX_OK)
		status = test_open_loop(test);
	if (status != EX_OK)
		return status;
	(void)signal(SIGPIPE, SIG_IGN); /* a peer that hangs up is a result */
	channel_start(test->channel, test->transfer, test_take_result, test);
	test_send(test, random);
	status = test_await(test);
	channel_stop(test->channel); /* says QUIT; nobody needs the answer */
	return status == EX_OK ? test_print_result(test) : status;
}

static void test_done(struct test *test)
{
	channel_free(test->channel);
	transfer_free(test->transfer);
	if (test->base != NULL)
		event_base_free(test->base);
	catalog_free(test->catalog);
}

static int test_run(struct session *session, const struct args *args)
{
	struct test test = {.session = session, .address = args_value(args, "--to")};
	if (test.address == NULL) {
		output_complain("test needs --to ADDRESS");
		return EX_USAGE;
	}
	int status = session_read_conf(session);
	if (status != EX_OK)
		return status;
	const struct ini_section *section = ini_section(session->conf->ini, "channel", args->operands[0]);
	if (section == NULL)
		return test_fail_channel(session->conf, args->operands[0]);

	status = test_prepare(&test, section);
	if (status == EX_OK)
		status = test_check_address(&test);
	if (status == EX_OK)
		status = test_try(&test);
	test_done(&test);
	return status;
}

const struct command test_command = {
	.name = "test",
	.operands = "CHANNEL",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Send one real message, marked as a test, and print the server's answer",
	.help = "The channel of the configuration is used as the daemon uses it. The exit status is 0 only if the "
		"message\n"
		"was accepted. Nothing is written to the database.",
	COMMAND_OPTIONS(test_options),
	.run = test_run,
};
