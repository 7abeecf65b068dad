#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "channel/smtp_reply.h"

/* Feeds text in pieces of step bytes; the state after the last one. */
static enum smtp_reply_state feed(struct smtp_reply_reader *reader, const char *text, size_t step)
{
	enum smtp_reply_state state = SMTP_REPLY_MORE;
	size_t len = strlen(text), at = 0;
	while (at < len && state == SMTP_REPLY_MORE) {
		size_t used, n = len - at < step ? len - at : step;
		state = smtp_reply_feed(reader, text + at, n, &used);
		at += used;
	}
	return state;
}

static void reply__well_formed__is_read(void **cmocka)
{
	(void)cmocka;
	static const struct {
		const char *bytes;
		int code;
		const char *text;
	} rows[] = {
		{"250 2.0.0 Ok: queued as ABC\r\n", 250, "2.0.0 Ok: queued as ABC"},
		{"250\r\n", 250, ""},
		{"250 \r\n", 250, ""},
		{"354 End data\n", 354, "End data"},
		{"550-5.1.1 no such\r\n550-5.1.1 mailbox\r\n550 5.1.1 here\r\n", 550, "5.1.1 no such mailbox here"},
		{"250-first\r\n250-\r\n250 last\r\n", 250, "first last"},
		{"451 4.7.1 gr\xc3\xa9y \xff\r\n", 451, "4.7.1 gr\xc3\xa9y \xff"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t step = 1; step < 64; step += 6) {
			struct smtp_reply_reader reader;
			smtp_reply_init(&reader);
			assert_int_equal(feed(&reader, rows[i].bytes, step), SMTP_REPLY_COMPLETE);
			assert_int_equal(reader.reply.code, rows[i].code);
			assert_string_equal(reader.reply.text, rows[i].text);
		}
	}
}

static void reply__no_reply__is_broken(void **cmocka)
{
	(void)cmocka;
	static const char *const rows[] = {
		"SSH-2.0-OpenSSH\r\n",
		"\r\n",
		"25\r\n",
		"650 x\r\n",
		"150 x\r\n",
		"2500 x\r\n",
		"250x\r\n",
		"250-one\r\n550 two\r\n",
		"HTTP/1.1 400 Bad Request\r\n",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_reply_reader reader;
		smtp_reply_init(&reader);
		if (feed(&reader, rows[i], 3) != SMTP_REPLY_BROKEN)
			fail_msg("accepted: %s", rows[i]);
	}
}

static void reply__long_line__is_cut_and_the_next_one_read(void **cmocka)
{
	(void)cmocka;
	char bytes[4096];
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "451 4.7.1 ", 10);
	(void)snprintf(bytes + 2000, sizeof(bytes) - 2000, "\r\n250 next\r\n");

	struct smtp_reply_reader reader;
	size_t used;
	smtp_reply_init(&reader);
	assert_int_equal(smtp_reply_feed(&reader, bytes, strlen(bytes), &used), SMTP_REPLY_COMPLETE);
	assert_int_equal(used, 2002);
	assert_int_equal(reader.reply.code, 451);
	assert_int_equal(strlen(reader.reply.text), SMTP_REPLY_TEXT_MAX);
	assert_int_equal(feed(&reader, bytes + used, 100), SMTP_REPLY_COMPLETE);
	assert_int_equal(reader.reply.code, 250);
	assert_string_equal(reader.reply.text, "next");
}

static void reply__secret_across_a_cut__leaves_no_half(void **cmocka)
{
	(void)cmocka;
	log_hide("S3cret-Relay-Passw0rd");
	for (size_t before = 440; before < 530; before++) {
		char bytes[1024];
		memset(bytes, 'x', sizeof(bytes));
		memcpy(bytes, "535 5.7.8 ", 10);
		(void)snprintf(bytes + before, sizeof(bytes) - before, "S3cret-Relay-Passw0rd\r\n");
		struct smtp_reply_reader reader;
		smtp_reply_init(&reader);
		assert_int_equal(feed(&reader, bytes, 100), SMTP_REPLY_COMPLETE);
		if (strstr(reader.reply.text, "S3") != NULL)
			fail_msg("after %zu bytes: %s", before, reader.reply.text);
	}
}

static void reply__endless__is_broken(void **cmocka)
{
	(void)cmocka;
	static const char *const lines[] = {"250-again and again\r\n", "no end of line "};
	for (size_t i = 0; i < 2; i++) {
		struct smtp_reply_reader reader;
		enum smtp_reply_state state = SMTP_REPLY_MORE;
		size_t fed = 0;
		smtp_reply_init(&reader);
		while (state == SMTP_REPLY_MORE && fed < 4 * SMTP_REPLY_BYTES_MAX) {
			state = feed(&reader, lines[i], 1000);
			fed += strlen(lines[i]);
		}
		assert_int_equal(state, SMTP_REPLY_BROKEN);
		assert_true(fed <= SMTP_REPLY_BYTES_MAX + 100);
	}
}

#define FROM "office@example.org"
#define TO "bob@example.org"
#define TEMP CHANNEL_TEMPORARY
#define PERM CHANNEL_PERMANENT
#define CH CHANNEL_BLAME_CHANNEL
#define RC CHANNEL_BLAME_RECIPIENT
#define MS CHANNEL_BLAME_MESSAGE

static void classify__table(void **cmocka)
{
	(void)cmocka;
	static const struct {
		enum smtp_stage stage;
		int code;
		const char *text;
		enum channel_verdict verdict;
		enum channel_blame blame;
	} rows[] = {
		/* greeting, EHLO, STARTTLS, AUTH: never the message's fault */
		{SMTP_STAGE_CONNECT, 421, "4.3.2 too many", TEMP, CH},
		{SMTP_STAGE_CONNECT, 554, "5.7.1 go away", TEMP, CH},
		{SMTP_STAGE_CONNECT, 521, "no mail here", TEMP, CH},
		{SMTP_STAGE_CONNECT, 450, "4.7.1 later", TEMP, CH},
		{SMTP_STAGE_AUTH, 535, "5.7.8 bad credentials", TEMP, CH},
		{SMTP_STAGE_AUTH, 534, "5.7.9 use an app password", TEMP, CH},
		{SMTP_STAGE_AUTH, 454, "4.7.0 not now", TEMP, CH},
		/* 421 wherever it comes */
		{SMTP_STAGE_MAIL, 421, "4.4.2 idle", TEMP, CH},
		{SMTP_STAGE_RCPT, 421, "", TEMP, CH},
		{SMTP_STAGE_DOT, 421, "4.1.1 closing", TEMP, CH},
		/* temporary */
		{SMTP_STAGE_RCPT, 450, "4.7.1 greylisted", TEMP, MS},
		{SMTP_STAGE_RCPT, 451, "4.7.1 greylisted", TEMP, MS},
		{SMTP_STAGE_RCPT, 450, "greylisted", TEMP, MS},
		{SMTP_STAGE_RCPT, 450, "4.2.0 busy", TEMP, RC},
		{SMTP_STAGE_RCPT, 452, "4.2.2 over quota", TEMP, RC},
		{SMTP_STAGE_RCPT, 450, "4.1.1 unverified", TEMP, RC},
		{SMTP_STAGE_RCPT, 452, "4.5.3 too many recipients", TEMP, MS},
		{SMTP_STAGE_RCPT, 452, "no space", TEMP, MS},
		{SMTP_STAGE_MAIL, 452, "4.3.1 disk full", TEMP, CH},
		{SMTP_STAGE_MAIL, 452, "no space", TEMP, CH},
		{SMTP_STAGE_MAIL, 451, "4.3.0 lookup", TEMP, MS},
		{SMTP_STAGE_DOT, 451, "4.3.0 queue file", TEMP, MS},
		{SMTP_STAGE_DOT, 452, "4.3.1 disk full", TEMP, CH},
		{SMTP_STAGE_DOT, 432, "odd", TEMP, MS},
		/* an enhanced code of another class than the reply's is none */
		{SMTP_STAGE_RCPT, 450, "5.1.1 contradiction", TEMP, MS},
		{SMTP_STAGE_RCPT, 550, "4.2.2 contradiction", PERM, RC},
		/* sender and policy: an operator must act, the message is kept */
		{SMTP_STAGE_MAIL, 530, "5.7.0 STARTTLS first", TEMP, CH},
		{SMTP_STAGE_MAIL, 550, "5.7.1 sender refused", TEMP, CH},
		{SMTP_STAGE_MAIL, 553, "5.7.1 not owned by auth user", TEMP, CH},
		{SMTP_STAGE_MAIL, 501, "5.1.7 bad sender", TEMP, CH},
		{SMTP_STAGE_MAIL, 555, "5.5.4 parameters", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "5.7.1 relaying denied", TEMP, CH},
		{SMTP_STAGE_RCPT, 554, "5.7.1 relay access denied", TEMP, CH},
		{SMTP_STAGE_RCPT, 554, "no", TEMP, CH},
		{SMTP_STAGE_RCPT, 503, "5.5.1 sequence", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "5.1.8 bad sender system", TEMP, CH},
		{SMTP_STAGE_RCPT, 530, "5.7.0 sign in", TEMP, CH},
		{SMTP_STAGE_RCPT, 555, "5.5.4 parameters", TEMP, CH},
		{SMTP_STAGE_DATA, 554, "5.5.1 no valid recipients", TEMP, CH},
		{SMTP_STAGE_DATA, 503, "sequence", TEMP, CH},
		{SMTP_STAGE_DOT, 550, "5.7.26 DMARC", TEMP, CH},
		{SMTP_STAGE_DOT, 554, "5.7.1 spam", TEMP, CH},
		{SMTP_STAGE_DOT, 500, "what?", TEMP, CH},
		/* the mailbox */
		{SMTP_STAGE_RCPT, 550, "5.1.1 no such user", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "5.1.2 no such host", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "5.1.6 moved", PERM, RC},
		{SMTP_STAGE_RCPT, 551, "moved", PERM, RC},
		{SMTP_STAGE_RCPT, 553, "5.1.3 syntax", PERM, RC},
		{SMTP_STAGE_RCPT, 501, "5.1.3 syntax", PERM, RC},
		{SMTP_STAGE_RCPT, 501, "syntax", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "no such user", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "5.2.1 disabled", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "5.5.0 mailbox unavailable", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "5.4.1 access denied", PERM, RC},
		{SMTP_STAGE_RCPT, 556, "5.1.10 null MX", PERM, RC},
		{SMTP_STAGE_RCPT, 552, "5.2.2 full", TEMP, RC},
		{SMTP_STAGE_RCPT, 552, "full", TEMP, RC},
		{SMTP_STAGE_DOT, 552, "5.2.2 full", TEMP, RC},
		{SMTP_STAGE_DOT, 550, "5.1.1 no such user", PERM, RC},
		{SMTP_STAGE_DOT, 550, "5.2.1 disabled", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "5.0.0 no such user", PERM, RC},
		/* a refusal of the sender, of relaying, signing in or the day's quota, whatever the code says */
		{SMTP_STAGE_RCPT, 550,
		 "5.1.0 <" FROM ">: Sender address rejected: User unknown in virtual mailbox table", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "<" FROM ">: Sender address rejected: User unknown", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "Verification failed for <Office@Example.org> No Such User Here", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "Sender verify failed", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "relay not permitted", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "Relaying denied", TEMP, CH},
		{SMTP_STAGE_RCPT, 551, "we do not relay", TEMP, CH},
		{SMTP_STAGE_RCPT, 554, "5.7.1 <" TO ">: Relay access denied", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "5.7.1 <" TO ">... Relaying denied", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "authentication required", TEMP, CH},
		{SMTP_STAGE_RCPT, 553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "5.1.90 daily limit for message recipients", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "5.4.5 Daily user sending limit exceeded", TEMP, CH},
		{SMTP_STAGE_DATA, 550, "5.1.0 Sender rejected", TEMP, CH},
		{SMTP_STAGE_DOT, 554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", TEMP, CH},
		{SMTP_STAGE_DOT, 554, "5.2.252 SendAsDenied; a not allowed to send as b", TEMP, CH},
		{SMTP_STAGE_DOT, 554, "5.2.252 not allowed", TEMP, CH},
		{SMTP_STAGE_DOT, 554, "Message rejected: Email address is not verified.", TEMP, CH},
		/* and one of the mailbox, whatever else it names */
		{SMTP_STAGE_RCPT, 550,
		 "5.1.1 <" TO ">: Recipient address rejected: User unknown in relay recipient table", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "<" FROM "> may not write to <" TO ">", PERM, RC},
		{SMTP_STAGE_RCPT, 550, "5.7.1 <" TO ">: Recipient address rejected: Access denied", TEMP, RC},
		{SMTP_STAGE_RCPT, 554, "5.7.1 <BOB@example.org>: Recipient address rejected: Access denied", TEMP, RC},
		{SMTP_STAGE_RCPT, 554, "<" TO ">: no", TEMP, RC},
		{SMTP_STAGE_RCPT, 554, "5.7.1 <client.example.org>: Client host rejected", TEMP, CH},
		{SMTP_STAGE_RCPT, 550, "5.7.133 sender not authenticated for group; authentication required", TEMP, RC},
		{SMTP_STAGE_DOT, 550, "5.7.134 sender not authenticated for mailbox", TEMP, RC},
		/* the text */
		{SMTP_STAGE_MAIL, 552, "5.3.4 too big", PERM, MS},
		{SMTP_STAGE_MAIL, 552, "too big", PERM, MS},
		{SMTP_STAGE_RCPT, 552, "5.2.3 too big for it", PERM, MS},
		{SMTP_STAGE_DOT, 552, "5.3.4 too big", PERM, MS},
		{SMTP_STAGE_DOT, 552, "too big", PERM, MS},
		{SMTP_STAGE_DOT, 554, "5.6.0 malformed", PERM, MS},
		{SMTP_STAGE_DOT, 554, "rejected", PERM, MS},
		{SMTP_STAGE_DOT, 550, "rejected", PERM, MS},
		{SMTP_STAGE_DOT, 554, "5.3.0 system", TEMP, CH},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_reply reply = {.code = rows[i].code};
		(void)snprintf(reply.text, sizeof(reply.text), "%s", rows[i].text);
		struct smtp_class class = smtp_classify(rows[i].stage, &reply, FROM, TO);
		if (class.verdict != rows[i].verdict || class.blame != rows[i].blame)
			fail_msg("%s: %d %s: verdict %s, blame %d", smtp_stage_name(rows[i].stage), rows[i].code,
				 rows[i].text, channel_verdict_name(class.verdict), (int)class.blame);
	}
}

/* A refusal is certain, 4xx never ends a message, and nothing ends one before there is a message or a mailbox. */
static void classify__every_code__keeps_the_rules(void **cmocka)
{
	(void)cmocka;
	for (int stage = 0; stage < SMTP_STAGE_MAX; stage++) {
		for (int code = 400; code < 600; code++) {
			for (int subject = 0; subject < 8; subject++) {
				struct smtp_reply reply = {.code = code};
				(void)snprintf(reply.text, sizeof(reply.text), "%d.%d.0 x", code / 100, subject);
				struct smtp_class class = smtp_classify((enum smtp_stage)stage, &reply, FROM, TO);
				assert_true(class.verdict == CHANNEL_TEMPORARY || class.verdict == CHANNEL_PERMANENT);
				if (code < 500 || stage <= SMTP_STAGE_AUTH)
					assert_int_equal(class.verdict, CHANNEL_TEMPORARY);
				if (stage <= SMTP_STAGE_AUTH)
					assert_int_equal(class.blame, CHANNEL_BLAME_CHANNEL);
				if (class.verdict == CHANNEL_PERMANENT)
					assert_int_not_equal(class.blame, CHANNEL_BLAME_CHANNEL);
			}
		}
	}
}

static void queue_id__known_forms__are_found(void **cmocka)
{
	(void)cmocka;
	static const struct {
		const char *text, *id;
	} rows[] = {
		{"2.0.0 Ok: queued as 4F1B2C", "4F1B2C"},
		{"2.0.0 OK: Queued as 4F1B2C; thanks", "4F1B2C"},
		{"OK id=1tXyZa-0001Bc-2D", "1tXyZa-0001Bc-2D"},
		{"2.0.0 accepted", ""},
		{"queued as ", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_reply reply = {.code = 250};
		char id[128] = "old";
		(void)snprintf(reply.text, sizeof(reply.text), "%s", rows[i].text);
		smtp_reply_queue_id(&reply, id, sizeof(id));
		assert_string_equal(id, rows[i].id);
	}
}

/* Whatever bytes come, in whatever pieces: the reader ends each reply and never runs over. */
static void reply__random_bytes__are_survived(void **cmocka)
{
	(void)cmocka;
	static const char alphabet[] = "25047 -\r\n\0x\xff.";
	uint32_t seed = 1;
	for (int round = 0; round < 2000; round++) {
		struct smtp_reply_reader reader;
		char bytes[64];
		size_t used;
		smtp_reply_init(&reader);
		for (int piece = 0; piece < 4; piece++) {
			for (size_t i = 0; i < sizeof(bytes); i++) {
				seed = seed * 1664525u + 1013904223u;
				bytes[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
			}
			enum smtp_reply_state state = smtp_reply_feed(&reader, bytes, sizeof(bytes), &used);
			assert_true(used <= sizeof(bytes));
			assert_true(state != SMTP_REPLY_COMPLETE ||
				    (reader.reply.code >= 200 && reader.reply.code < 600));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply__well_formed__is_read),
		cmocka_unit_test(reply__no_reply__is_broken),
		cmocka_unit_test(reply__secret_across_a_cut__leaves_no_half),
		cmocka_unit_test(reply__long_line__is_cut_and_the_next_one_read),
		cmocka_unit_test(reply__endless__is_broken),
		cmocka_unit_test(reply__random_bytes__are_survived),
		cmocka_unit_test(classify__table),
		cmocka_unit_test(classify__every_code__keeps_the_rules),
		cmocka_unit_test(queue_id__known_forms__are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
