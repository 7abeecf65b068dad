#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "channel/smtp_dialogue.h"

#define MAIL "Subject: x\r\n\r\n.dot\r\nend\r\n"
#define WIRE "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n"

static const struct smtp_features pipelining = {.has_pipelining = true};
static const struct smtp_features plain = {0};

static void start(struct smtp_dialogue *dialogue, const struct smtp_features *features)
{
	const struct smtp_envelope envelope = {.from = "from@example.org", .to = "to@example.org", .id = "m1.2.3"};
	smtp_dialogue_init(dialogue, features, &envelope, MAIL, strlen(MAIL));
}

/* Sends all that is to be sent, in writes of at most step bytes, and appends it to sent. */
static void flush(struct smtp_dialogue *dialogue, struct buf *sent, size_t step)
{
	size_t len;
	const char *bytes;
	while (bytes = smtp_dialogue_output(dialogue, &len), len > 0) {
		size_t n = len < step ? len : step;
		buf_add(sent, bytes, n);
		smtp_dialogue_sent(dialogue, n);
	}
}

static void say(struct smtp_dialogue *dialogue, const char *reply)
{
	(void)smtp_dialogue_input(dialogue, reply, strlen(reply));
}

/* One word of a script: "R text" the server replies, "W" everything that can go out goes, "L" the connection is lost.
 */
static void play(struct smtp_dialogue *dialogue, struct buf *sent, const char *const *script, size_t step)
{
	for (; *script != NULL; script++) {
		if ((*script)[0] == 'R')
			say(dialogue, *script + 2);
		else if ((*script)[0] == 'W')
			flush(dialogue, sent, step);
		else
			smtp_dialogue_lost(dialogue, "the server closed the connection");
	}
}

struct row {
	const char *name;
	bool pipelined;
	const char *script[12];
	const char *sent; /* NULL: not looked at */
	enum channel_verdict verdict;
	enum channel_blame blame;
	int code;
	bool can_reuse, can_repeat;
};

#define OPEN "MAIL FROM:<from@example.org>\r\n"
#define TO "RCPT TO:<to@example.org>\r\n"
#define ENVELOPE OPEN TO "DATA\r\n"
#define CH CHANNEL_BLAME_CHANNEL
#define RC CHANNEL_BLAME_RECIPIENT
#define MS CHANNEL_BLAME_MESSAGE
#define TEMP CHANNEL_TEMPORARY
#define PERM CHANNEL_PERMANENT

/* clang-format off */
static const struct row rows[] = {
	/* accepted */
	{"pipelined, all in one packet", true,
	 {"W", "R 250 ok\r\n250 ok\r\n354 go\r\n", "W", "R 250 2.0.0 Ok: queued as A1\r\n"}, ENVELOPE WIRE,
	 CHANNEL_ACCEPTED, MS, 250, true, false},
	{"step by step", false,
	 {"W", "R 250 ok\r\n", "W", "R 250 ok\r\n", "W", "R 354 go\r\n", "W", "R 250 ok\r\n"}, ENVELOPE WIRE,
	 CHANNEL_ACCEPTED, MS, 250, true, false},
	{"will forward", true, {"W", "R 250 ok\r\n251 will forward\r\n354 go\r\n", "W", "R 250 ok\r\n"}, ENVELOPE WIRE,
	 CHANNEL_ACCEPTED, MS, 250, true, false},
	{"multi-line and 8-bit replies", true,
	 {"W", "R 250-a\r\n250 b\r\n", "R 250 \xc3\xa9\xff\r\n35", "R 4 go\r\n", "W", "R 250-2.0.0 one\r\n25",
	  "R 0 2.0.0 two\r\n"}, ENVELOPE WIRE, CHANNEL_ACCEPTED, MS, 250, true, false},
	{"accepted, then talks on", true,
	 {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "W", "R 250 d\r\n421 e\r\n"}, ENVELOPE WIRE, CHANNEL_ACCEPTED, MS, 250,
	 false, false},

	/* refusals, and the connection cleaned up behind them */
	{"MAIL 4xx pipelined", true,
	 {"W", "R 451 4.3.0 later\r\n503 no\r\n503 no\r\n", "W", "R 250 reset\r\n"}, ENVELOPE "RSET\r\n", TEMP, MS, 451,
	 true, false},
	{"MAIL 5xx", false, {"W", "R 550 5.7.1 no\r\n", "W", "R 250 reset\r\n"}, OPEN "RSET\r\n", TEMP, CH, 550, true,
	 false},
	{"RCPT 451 pipelined, DATA refused", true,
	 {"W", "R 250 ok\r\n451 4.7.1 grey\r\n554 5.5.1 no valid recipients\r\n", "W", "R 250 reset\r\n"},
	 ENVELOPE "RSET\r\n", TEMP, MS, 451, true, false},
	{"RCPT 550 pipelined, DATA taken all the same", true,
	 {"W", "R 250 ok\r\n550 5.1.1 who\r\n354 go\r\n", "W", "R 554 nobody\r\n"}, ENVELOPE ".\r\n", PERM, RC, 550, true,
	 false},
	{"RCPT 550 pipelined, empty message accepted", true,
	 {"W", "R 250 ok\r\n550 5.1.1 who\r\n354 go\r\n", "W", "R 250 queued as NOTHING\r\n"}, ENVELOPE ".\r\n", PERM, RC,
	 550, true, false},
	{"RCPT 550 step by step", false, {"W", "R 250 ok\r\n", "W", "R 550 5.1.1 who\r\n", "W", "R 250 reset\r\n"},
	 OPEN TO "RSET\r\n", PERM, RC, 550, true, false},
	{"RSET refused", false, {"W", "R 250 ok\r\n", "W", "R 550 5.1.1 who\r\n", "W", "R 500 what\r\n"},
	 OPEN TO "RSET\r\n", PERM, RC, 550, false, false},
	{"RSET never answered", false, {"W", "R 250 ok\r\n", "W", "R 550 5.1.1 who\r\n", "W", "L"}, OPEN TO "RSET\r\n",
	 PERM, RC, 550, false, false},
	{"lost after the refusal of RCPT", true, {"W", "R 250 ok\r\n550 5.1.1 who\r\n", "L"}, ENVELOPE, PERM, RC, 550,
	 false, false},
	{"DATA 451", true, {"W", "R 250 ok\r\n250 ok\r\n451 4.3.0 later\r\n", "W", "R 250 reset\r\n"},
	 ENVELOPE "RSET\r\n", TEMP, MS, 451, true, false},
	{"DATA 554", false,
	 {"W", "R 250 ok\r\n", "W", "R 250 ok\r\n", "W", "R 554 5.7.1 no\r\n", "W", "R 250 reset\r\n"},
	 ENVELOPE "RSET\r\n", TEMP, CH, 554, true, false},
	{"dot 451", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "W", "R 451 4.3.0 later\r\n"}, ENVELOPE WIRE, TEMP, MS,
	 451, true, false},
	{"dot 552", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "W", "R 552 5.3.4 big\r\n"}, ENVELOPE WIRE, PERM, MS,
	 552, true, false},
	{"dot 554", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "W", "R 554 5.6.0 bad\r\n"}, ENVELOPE WIRE, PERM, MS,
	 554, true, false},
	{"dot 421", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "W", "R 421 4.3.2 down\r\n"}, ENVELOPE WIRE, TEMP, CH,
	 421, false, false},

	/* connections that end */
	{"421 while idle, read as the answer to MAIL", true, {"W", "R 421 4.4.2 idle\r\n", "L"}, ENVELOPE, TEMP, CH, 421,
	 false, true},
	{"421 to RCPT", true, {"W", "R 250 ok\r\n421 4.3.2 down\r\n"}, ENVELOPE, TEMP, CH, 421, false, true},
	{"421 after a refusal", true, {"W", "R 250 ok\r\n550 5.1.1 who\r\n421 bye\r\n"}, ENVELOPE, PERM, RC, 550, false,
	 false},
	{"lost before MAIL went out", true, {"L"}, "", TEMP, CH, 0, false, true},
	{"lost before the reply to MAIL", true, {"W", "L"}, ENVELOPE, TEMP, CH, 0, false, true},
	{"lost before the reply to DATA", true, {"W", "R 250 ok\r\n250 ok\r\n", "L"}, ENVELOPE, TEMP, CH, 0, false, true},
	{"lost with the text unsent", true, {"W", "R 250 ok\r\n250 ok\r\n354 go\r\n", "L"}, ENVELOPE, TEMP, CH, 0, false,
	 true},
	{"lost after the dot", true, {"W", "R 250 ok\r\n250 ok\r\n354 go\r\n", "W", "L"}, ENVELOPE WIRE, CHANNEL_UNKNOWN,
	 CH, 0, false, false},
	{"lost within the reply to the dot", true, {"W", "R 250 ok\r\n250 ok\r\n354 go\r\n", "W", "R 250-2.0.0 que", "L"},
	 ENVELOPE WIRE, CHANNEL_UNKNOWN, CH, 0, false, false},

	/* replies that make no sense */
	{"no SMTP", true, {"W", "R SSH-2.0\r\n"}, ENVELOPE, TEMP, CH, 0, false, false},
	{"354 to MAIL", true, {"W", "R 354 go\r\n"}, ENVELOPE, TEMP, CH, 0, false, false},
	{"250 to DATA", true, {"W", "R 250 a\r\n250 b\r\n250 c\r\n"}, ENVELOPE, TEMP, CH, 0, false, false},
	{"acceptance before the text", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n250 d\r\n", "W"}, ENVELOPE, TEMP, CH, 0,
	 false, false},
	{"refusal before the text", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "R 552 5.3.4 big\r\n", "W"}, ENVELOPE,
	 PERM, MS, 552, false, false},
	{"421 before the text", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "R 421 4.3.2 down\r\n", "W"}, ENVELOPE, TEMP,
	 CH, 421, false, true},
	{"no SMTP after the dot", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "W", "R what?\r\n"}, ENVELOPE WIRE,
	 CHANNEL_UNKNOWN, CH, 0, false, false},
	{"354 after the dot", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "W", "R 354 more\r\n"}, ENVELOPE WIRE,
	 CHANNEL_UNKNOWN, CH, 0, false, false},
	{"contradiction after the dot", true, {"W", "R 250 a\r\n250 b\r\n354 c\r\n", "W", "R 250-ok\r\n554 no\r\n"},
	 ENVELOPE WIRE, CHANNEL_UNKNOWN, CH, 0, false, false},
};
/* clang-format on */

static void check(const struct row *row, size_t step)
{
	struct smtp_dialogue dialogue;
	struct buf sent;
	buf_init(&sent, 100000);
	start(&dialogue, row->pipelined ? &pipelining : &plain);
	play(&dialogue, &sent, row->script, step);

	if (!dialogue.is_over || !dialogue.is_decided)
		fail_msg("%s: not over", row->name);
	if (strcmp(buf_str(&sent), row->sent) != 0)
		fail_msg("%s: sent %s", row->name, buf_str(&sent));
	if (dialogue.result.verdict != row->verdict || dialogue.result.blame != row->blame ||
	    dialogue.result.code != row->code)
		fail_msg("%s: %s, blame %d, code %d: %s", row->name, channel_verdict_name(dialogue.result.verdict),
			 (int)dialogue.result.blame, dialogue.result.code, dialogue.result.reply);
	if (dialogue.can_reuse != row->can_reuse || dialogue.can_repeat != row->can_repeat)
		fail_msg("%s: reuse %d, repeat %d", row->name, dialogue.can_reuse, dialogue.can_repeat);
	if (dialogue.result.reply[0] == '\0')
		fail_msg("%s: no words", row->name);
	smtp_dialogue_done(&dialogue);
	buf_done(&sent);
}

static void dialogue__fault_matrix(void **cmocka)
{
	(void)cmocka;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check(&rows[i], 1);
		check(&rows[i], 7);
		check(&rows[i], 1000);
	}
}

/* Whatever byte the connection dies at: unknown if and only if all of the message was out and no word came back. */
static void dialogue__cut_anywhere__is_unknown_only_after_the_dot(void **cmocka)
{
	(void)cmocka;
	for (size_t n = 0; n <= strlen(WIRE); n++) {
		struct smtp_dialogue dialogue;
		struct buf sent;
		buf_init(&sent, 1000);
		start(&dialogue, &pipelining);
		flush(&dialogue, &sent, 1000);
		say(&dialogue, "250 a\r\n250 b\r\n354 c\r\n");
		smtp_dialogue_sent(&dialogue, n);
		smtp_dialogue_lost(&dialogue, "time is up");
		assert_int_equal(dialogue.result.verdict, n == strlen(WIRE) ? CHANNEL_UNKNOWN : CHANNEL_TEMPORARY);
		assert_int_equal(dialogue.can_repeat, n < strlen(WIRE));
		smtp_dialogue_done(&dialogue);
		buf_done(&sent);
	}
}

/* The server's bytes in random pieces of random replies: never accepted without a 2xx that came after the dot. */
static void dialogue__random_replies__keep_the_invariant(void **cmocka)
{
	(void)cmocka;
	static const char *const replies[] = {"250 ok\r\n",       "250-x\r\n250 y\r\n", "354 go\r\n", "451 no\r\n",
					      "550 5.1.1 no\r\n", "421 bye\r\n",        "junk\r\n"};
	uint32_t seed = 7;
	for (int round = 0; round < 20000; round++) {
		struct smtp_dialogue dialogue;
		struct buf sent;
		bool was_dot = false, ok_after_dot = false;
		buf_init(&sent, 1000);
		start(&dialogue, round % 2 == 0 ? &pipelining : &plain);
		for (int i = 0; i < 8 && !dialogue.is_over; i++) {
			seed = seed * 1664525u + 1013904223u;
			uint32_t pick = (seed >> 16) % 20;
			if (pick % 3 != 0)
				flush(&dialogue, &sent, 5);
			was_dot = strstr(buf_str(&sent), "\r\nend\r\n.\r\n") != NULL;
			const char *reply = pick < 7 ? replies[pick] : replies[pick % 3];
			ok_after_dot = ok_after_dot || (was_dot && reply[0] == '2');
			say(&dialogue, reply);
		}
		smtp_dialogue_lost(&dialogue, "end");
		if (dialogue.result.verdict == CHANNEL_ACCEPTED)
			assert_true(ok_after_dot);
		if (dialogue.result.verdict == CHANNEL_UNKNOWN)
			assert_true(was_dot);
		smtp_dialogue_done(&dialogue);
		buf_done(&sent);
	}
}

static void dialogue__size__is_announced_and_obeyed(void **cmocka)
{
	(void)cmocka;
	static const struct {
		struct smtp_features features;
		const char *sent;
		bool is_over;
	} sizes[] = {
		{{.has_size = true}, "MAIL FROM:<from@example.org> SIZE=25\r\n", false},
		{{.has_size = true, .size_max = 25}, "MAIL FROM:<from@example.org> SIZE=25\r\n", false},
		{{.has_size = true, .size_max = 24}, "", true},
	};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct smtp_dialogue dialogue;
		struct buf sent;
		buf_init(&sent, 1000);
		start(&dialogue, &sizes[i].features);
		flush(&dialogue, &sent, 1000);
		assert_string_equal(buf_str(&sent), sizes[i].sent);
		assert_int_equal(dialogue.is_over, sizes[i].is_over);
		if (dialogue.is_over) {
			assert_int_equal(dialogue.result.verdict, CHANNEL_PERMANENT);
			assert_int_equal(dialogue.result.blame, CHANNEL_BLAME_MESSAGE);
			assert_true(dialogue.can_reuse);
		}
		smtp_dialogue_done(&dialogue);
		buf_done(&sent);
	}
}

static void dialogue__acceptance__keeps_words_and_id(void **cmocka)
{
	(void)cmocka;
	struct smtp_dialogue dialogue;
	struct buf sent;
	buf_init(&sent, 1000);
	start(&dialogue, &pipelining);
	flush(&dialogue, &sent, 1000);
	say(&dialogue, "250 a\r\n250 b\r\n354 c\r\n");
	flush(&dialogue, &sent, 1000);
	say(&dialogue, "250 2.0.0 Ok: queued as 4F1\x07 \x1b[2J\r\n");
	assert_string_equal(dialogue.result.reply, "2.0.0 Ok: queued as 4F1 [2J");
	assert_string_equal(dialogue.result.remote_id, "4F1");
	smtp_dialogue_done(&dialogue);
	buf_done(&sent);
}

static void stuff__dots_and_ends__are_right(void **cmocka)
{
	(void)cmocka;
	static const struct {
		const char *mail, *wire;
	} texts[] = {
		{"", ".\r\n"},
		{"a\r\n", "a\r\n.\r\n"},
		{"a", "a\r\n.\r\n"},
		{".\r\n", "..\r\n.\r\n"},
		{"..\r\n.a\r\nb.\r\n", "...\r\n..a\r\nb.\r\n.\r\n"},
		{"a\r\n.", "a\r\n..\r\n.\r\n"},
		{"a\n.\nb\n", "a\n..\nb\n.\r\n"},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf out;
		buf_init(&out, 100);
		smtp_dialogue_stuff(texts[i].mail, strlen(texts[i].mail), &out);
		assert_string_equal(buf_str(&out), texts[i].wire);
		buf_done(&out);
	}
}

/* What is offered decides what is asked for. */
static void dialogue__envelope__uses_what_the_server_offers(void **cmocka)
{
	(void)cmocka;
	static const struct {
		struct smtp_features features;
		struct smtp_envelope envelope;
		const char *commands;
	} cases[] = {
		{{.has_pipelining = true}, {"f@a", "t@b", "m1"}, "MAIL FROM:<f@a>\r\nRCPT TO:<t@b>\r\nDATA\r\n"},
		{{.has_pipelining = true, .has_dsn = true, .has_8bitmime = true, .has_smtputf8 = true},
		 {"f@a", "t@b", "m1.2"},
		 "MAIL FROM:<f@a> RET=HDRS ENVID=m1.2\r\n"
		 "RCPT TO:<t@b> NOTIFY=FAILURE,DELAY ORCPT=rfc822;t@b\r\nDATA\r\n"},
		{{.has_pipelining = true, .has_dsn = true, .has_size = true},
		 {"f@a", "t+x=y+@b", NULL},
		 "MAIL FROM:<f@a> SIZE=25 RET=HDRS\r\n"
		 "RCPT TO:<t+x=y+@b> NOTIFY=FAILURE,DELAY ORCPT=rfc822;t+2Bx+3Dy+2B@b\r\nDATA\r\n"},
		{{.has_pipelining = true, .has_8bitmime = true, .has_smtputf8 = true},
		 {"f@a", "почта@b", "m1"},
		 "MAIL FROM:<f@a> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<почта@b>\r\nDATA\r\n"},
		{{.has_pipelining = true, .has_dsn = true, .has_8bitmime = true, .has_smtputf8 = true},
		 {"f@a", "почта+1=@b", "m1"},
		 "MAIL FROM:<f@a> RET=HDRS ENVID=m1 BODY=8BITMIME SMTPUTF8\r\n"
		 "RCPT TO:<почта+1=@b> NOTIFY=FAILURE,DELAY ORCPT=utf-8;почта\\x{2B}1\\x{3D}@b\r\nDATA\r\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_dialogue dialogue;
		size_t len;
		smtp_dialogue_init(&dialogue, &cases[i].features, &cases[i].envelope, MAIL, strlen(MAIL));
		assert_false(dialogue.is_over);
		assert_string_equal(smtp_dialogue_output(&dialogue, &len), cases[i].commands);
		smtp_dialogue_done(&dialogue);
	}
}

/* 8BITMIME is part of it (RFC 6531 3.1), so a server with one of the two has neither. */
static void dialogue__address_outside_ascii__needs_the_server(void **cmocka)
{
	(void)cmocka;
	static const struct smtp_features servers[] = {{.has_pipelining = true, .has_8bitmime = true},
						       {.has_smtputf8 = true, .has_dsn = true}};
	const struct smtp_envelope envelope = {"f@a", "почта@b", "m1"};
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		struct smtp_dialogue dialogue;
		size_t len = 1;
		smtp_dialogue_init(&dialogue, &servers[i], &envelope, MAIL, strlen(MAIL));
		assert_true(dialogue.is_over && dialogue.can_reuse);
		assert_int_equal(dialogue.result.verdict, CHANNEL_PERMANENT);
		assert_int_equal(dialogue.result.blame, CHANNEL_BLAME_RECIPIENT);
		assert_non_null(strstr(dialogue.result.reply, "address 'почта@b' has a letter outside ASCII"));
		(void)smtp_dialogue_output(&dialogue, &len);
		assert_int_equal(len, 0);
		smtp_dialogue_done(&dialogue);
	}
}

/* The socket takes n bytes behind the dot before the answer to it is there: the next message says the rest, and hears what
 * the answer left over. */
static void dialogue__followed_and_cut_anywhere__next_goes_on(void **state)
{
	(void)state;
	for (size_t n = 0; n <= strlen(ENVELOPE); n++) {
		static const char replies[] = "250 ok\r\n250 a\r\n250 b\r\n", commands[] = ENVELOPE;
		struct smtp_dialogue first, next;
		struct buf sent;
		size_t len;
		buf_init(&sent, 4096);
		start(&first, &pipelining);
		start(&next, &pipelining);
		flush(&first, &sent, 7);
		say(&first, "250 ok\r\n250 ok\r\n354 go\r\n");
		smtp_dialogue_follow(&first, &next);
		assert_string_equal(smtp_dialogue_output(&first, &len), WIRE ENVELOPE);
		assert_int_equal(len, strlen(WIRE ENVELOPE));
		smtp_dialogue_sent(&first, strlen(WIRE) - 1);
		assert_int_equal(first.step, SMTP_STEP_BODY);
		smtp_dialogue_sent(&first, 1 + n);
		assert_int_equal(first.step, SMTP_STEP_DOT);
		assert_string_equal(smtp_dialogue_output(&first, &len), commands + n);

		size_t used = smtp_dialogue_input(&first, replies, strlen(replies));
		assert_int_equal(used, strlen("250 ok\r\n"));
		assert_int_equal(first.result.verdict, CHANNEL_ACCEPTED);
		assert_true(first.can_reuse);
		smtp_dialogue_hand_over(&first, &next);
		assert_string_equal(smtp_dialogue_output(&next, &len), commands + n);
		assert_int_equal(len, strlen(ENVELOPE) - n);
		say(&next, replies + used);
		assert_int_equal(next.step, SMTP_STEP_DATA);
		buf_done(&sent);
		smtp_dialogue_done(&first);
		smtp_dialogue_done(&next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogue__envelope__uses_what_the_server_offers),
		cmocka_unit_test(dialogue__address_outside_ascii__needs_the_server),
		cmocka_unit_test(dialogue__fault_matrix),
		cmocka_unit_test(dialogue__cut_anywhere__is_unknown_only_after_the_dot),
		cmocka_unit_test(dialogue__random_replies__keep_the_invariant),
		cmocka_unit_test(dialogue__size__is_announced_and_obeyed),
		cmocka_unit_test(dialogue__acceptance__keeps_words_and_id),
		cmocka_unit_test(dialogue__followed_and_cut_anywhere__next_goes_on),
		cmocka_unit_test(stuff__dots_and_ends__are_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
