#include "channel/smtp_dialogue.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { SMTP_COMMANDS_MAX = 4096 };

void smtp_dialogue_stuff(const char *mail, size_t len, struct buf *out)
{
	const char *end = mail + len, *run = mail; /* of what stays as it is */
	for (const char *line = mail; line < end;) {
		if (line[0] == '.') {
			buf_add(out, run, (size_t)(line - run));
			buf_add_char(out, '.');
			run = line;
		}
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		line = newline != NULL ? newline + 1 : end;
	}
	buf_add(out, run, (size_t)(end - run));
	if (len > 0 && end[-1] != '\n')
		buf_add_str(out, "\r\n");
	buf_add_str(out, ".\r\n");
}

static void smtp_dialogue_end(struct smtp_dialogue *dialogue, bool can_reuse)
{
	assert(dialogue->is_decided);
	dialogue->step = SMTP_STEP_OVER;
	dialogue->is_over = true;
	dialogue->can_reuse = can_reuse;
}

/* The first decision stands: what the server says while cleaning up changes nothing. */
static void smtp_dialogue_decide(struct smtp_dialogue *dialogue, struct smtp_class class, int code, const char *words)
{
	if (dialogue->is_decided)
		return;
	dialogue->is_decided = true;
	channel_result_set(&dialogue->result, class.verdict, class.blame, code, words);
}

/* The recipient as its reports name it: "+" and "=" escaped (RFC 3461 4, RFC 6533 3). */
static void smtp_dialogue_add_orcpt(struct smtp_dialogue *dialogue)
{
	const char *plus = dialogue->needs_utf8 ? "\\x{2B}" : "+2B", *equals = dialogue->needs_utf8 ? "\\x{3D}" : "+3D";
	buf_add_str(&dialogue->commands, dialogue->needs_utf8 ? "utf-8;" : "rfc822;");
	for (const char *p = dialogue->to; *p != '\0';) {
		size_t len = strcspn(p, "+=");
		buf_add(&dialogue->commands, p, len);
		p += len;
		if (*p != '\0')
			buf_add_str(&dialogue->commands, *p++ == '+' ? plus : equals);
	}
}

static void smtp_dialogue_add_rcpt(struct smtp_dialogue *dialogue)
{
	buf_add_str(&dialogue->commands, "RCPT TO:<");
	buf_add_str(&dialogue->commands, dialogue->to);
	buf_add_char(&dialogue->commands, '>');
	if (dialogue->features.has_dsn) {
		buf_add_str(&dialogue->commands, " NOTIFY=FAILURE,DELAY ORCPT=");
		smtp_dialogue_add_orcpt(dialogue);
	}
	buf_add_str(&dialogue->commands, "\r\n");
}

static void smtp_dialogue_add_data(struct smtp_dialogue *dialogue)
{
	buf_add_str(&dialogue->commands, "DATA\r\n");
}

/* Bodies are 7 bit always; only an address outside ASCII is not. */
static void smtp_dialogue_open(struct smtp_dialogue *dialogue, const struct smtp_envelope *envelope, size_t size)
{
	const struct smtp_features *features = &dialogue->features;
	struct buf *commands = &dialogue->commands;
	buf_add_str(commands, "MAIL FROM:<");
	buf_add_str(commands, envelope->from);
	buf_add_char(commands, '>');
	if (features->has_size)
		buf_printf(commands, " SIZE=%zu", size);
	if (features->has_dsn) {
		buf_add_str(commands, " RET=HDRS");
		if (envelope->id != NULL) {
			buf_add_str(commands, " ENVID=");
			buf_add_str(commands, envelope->id);
		}
	}
	if (dialogue->needs_utf8)
		buf_add_str(commands, " BODY=8BITMIME SMTPUTF8");
	buf_add_str(commands, "\r\n");
	if (features->has_pipelining) {
		smtp_dialogue_add_rcpt(dialogue);
		smtp_dialogue_add_data(dialogue);
	}
}

/* Decides at once what the server has ruled out by what it announced. */
static void smtp_dialogue_foresee(struct smtp_dialogue *dialogue, size_t len)
{
	const struct smtp_features *features = &dialogue->features;
	char words[512];
	if (features->size_max > 0 && (uint64_t)len > (uint64_t)features->size_max) {
		(void)snprintf(words, sizeof(words), "the message has %zu bytes, the server takes at most %" PRId64,
			       len, features->size_max);
		smtp_dialogue_decide(dialogue, (struct smtp_class){CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE}, 0, words);
	} else if (dialogue->needs_utf8 && !(features->has_smtputf8 && features->has_8bitmime)) {
		(void)snprintf(words, sizeof(words),
			       "address '%s' has a letter outside ASCII before the @, which this server cannot carry "
			       "(no SMTPUTF8): give an ASCII address of the same mailbox",
			       dialogue->to);
		smtp_dialogue_decide(dialogue, (struct smtp_class){CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT}, 0,
				     words);
	}
}

void smtp_dialogue_init(struct smtp_dialogue *dialogue, const struct smtp_features *features,
			const struct smtp_envelope *envelope, const char *mail, size_t len)
{
	*dialogue = (struct smtp_dialogue){.step = SMTP_STEP_MAIL,
					   .features = *features,
					   .from = mem_dup(envelope->from),
					   .to = mem_dup(envelope->to),
					   .needs_utf8 = !utf8_is_ascii(envelope->to)};
	buf_init(&dialogue->commands, SMTP_COMMANDS_MAX);
	buf_init(&dialogue->text,
		 len * 2 + 8 + SMTP_COMMANDS_MAX); /* every byte a dot, the end, and the next message */
	smtp_reply_init(&dialogue->reader);
	smtp_dialogue_stuff(mail, len, &dialogue->text);
	dialogue->text_end = dialogue->text.len;

	smtp_dialogue_foresee(dialogue, len);
	if (dialogue->is_decided)
		smtp_dialogue_end(dialogue, true);
	else
		smtp_dialogue_open(dialogue, envelope, len);
}

void smtp_dialogue_done(struct smtp_dialogue *dialogue)
{
	buf_done(&dialogue->commands);
	buf_done(&dialogue->text);
	free(dialogue->from);
	free(dialogue->to);
	dialogue->from = dialogue->to = NULL;
}

const char *smtp_dialogue_output(const struct smtp_dialogue *dialogue, size_t *ret_len)
{
	if (dialogue->step == SMTP_STEP_BODY || dialogue->step == SMTP_STEP_DOT) {
		*ret_len = dialogue->text.len - dialogue->text_out;
		return dialogue->text.data + dialogue->text_out;
	}
	*ret_len = dialogue->is_over ? 0 : dialogue->commands.len - dialogue->commands_out;
	return buf_str(&dialogue->commands) + dialogue->commands_out;
}

void smtp_dialogue_sent(struct smtp_dialogue *dialogue, size_t len)
{
	if (len == 0)
		return;
	dialogue->n_moves++;
	if (dialogue->step == SMTP_STEP_BODY || dialogue->step == SMTP_STEP_DOT) {
		dialogue->text_out += len;
		assert(dialogue->text_out <= dialogue->text.len);
		if (dialogue->text_out >= dialogue->text_end)
			dialogue->step = SMTP_STEP_DOT;
		return;
	}
	dialogue->commands_out += len;
	assert(dialogue->commands_out <= dialogue->commands.len);
}

static void smtp_dialogue_break(struct smtp_dialogue *dialogue, const char *why)
{
	if (dialogue->step == SMTP_STEP_DOT)
		smtp_dialogue_decide(dialogue, (struct smtp_class){CHANNEL_UNKNOWN, CHANNEL_BLAME_CHANNEL}, 0, why);
	else
		smtp_dialogue_decide(dialogue, (struct smtp_class){CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL}, 0, why);
	smtp_dialogue_end(dialogue, false);
}

static enum smtp_stage smtp_dialogue_stage(const struct smtp_dialogue *dialogue)
{
	switch (dialogue->step) {
	case SMTP_STEP_MAIL:
		return SMTP_STAGE_MAIL;
	case SMTP_STEP_RCPT:
		return SMTP_STAGE_RCPT;
	case SMTP_STEP_DATA:
		return SMTP_STAGE_DATA;
	default:
		return SMTP_STAGE_DOT;
	}
}

void smtp_dialogue_lost(struct smtp_dialogue *dialogue, const char *why)
{
	if (dialogue->is_over)
		return;
	char words[256];
	if (dialogue->step == SMTP_STEP_BODY)
		(void)snprintf(words, sizeof(words), "%s (before the end of data was sent)", why);
	else
		(void)snprintf(words, sizeof(words), "%s (before the reply to %s)", why,
			       smtp_stage_name(smtp_dialogue_stage(dialogue)));
	dialogue->can_repeat = !dialogue->is_decided && dialogue->step != SMTP_STEP_DOT;
	smtp_dialogue_break(dialogue, words);
}

void smtp_dialogue_give_up(struct smtp_dialogue *dialogue, enum channel_verdict verdict, const char *why)
{
	assert(dialogue->step != SMTP_STEP_DOT && dialogue->text_out == 0);
	smtp_dialogue_decide(dialogue, (struct smtp_class){verdict, CHANNEL_BLAME_MESSAGE}, 0, why);
	smtp_dialogue_end(dialogue, false);
}

static void smtp_dialogue_refused(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
	enum smtp_stage stage = smtp_dialogue_stage(dialogue);
	char words[SMTP_REPLY_TEXT_MAX + 40];
	(void)snprintf(words, sizeof(words), "%s (in reply to %s)", reply->text, smtp_stage_name(stage));
	smtp_dialogue_decide(dialogue, smtp_classify(stage, reply, dialogue->from, dialogue->to), reply->code, words);
}

/* After a refusal: RSET, because the server may still hold the sender of this message. */
static void smtp_dialogue_reset(struct smtp_dialogue *dialogue)
{
	buf_add_str(&dialogue->commands, "RSET\r\n");
	dialogue->step = SMTP_STEP_RSET;
}

/* Goes on to the next of MAIL, RCPT, DATA; without pipelining its command is sent now, and after a refusal never. */
static void smtp_dialogue_next(struct smtp_dialogue *dialogue)
{
	if (!dialogue->features.has_pipelining) {
		if (dialogue->is_decided) {
			smtp_dialogue_reset(dialogue);
			return;
		}
		if (dialogue->step == SMTP_STEP_MAIL)
			smtp_dialogue_add_rcpt(dialogue);
		else
			smtp_dialogue_add_data(dialogue);
	}
	dialogue->step = dialogue->step == SMTP_STEP_MAIL ? SMTP_STEP_RCPT : SMTP_STEP_DATA;
}

static void smtp_dialogue_envelope_reply(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
	if (reply->code / 100 == 3) {
		smtp_dialogue_break(dialogue, "the server answered a command as if it were DATA");
		return;
	}
	if (reply->code / 100 != 2)
		smtp_dialogue_refused(dialogue, reply);
	smtp_dialogue_next(dialogue);
}

static void smtp_dialogue_data_reply(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
	if (reply->code / 100 == 2) {
		smtp_dialogue_break(dialogue, "the server answered DATA as if it were done");
	} else if (reply->code / 100 != 3) {
		smtp_dialogue_refused(dialogue, reply);
		smtp_dialogue_reset(dialogue);
	} else if (dialogue->is_decided) {
		buf_add_str(&dialogue->commands, ".\r\n");
		dialogue->step = SMTP_STEP_VOID_DOT;
	} else {
		dialogue->step = SMTP_STEP_BODY;
	}
}

static void smtp_dialogue_dot_reply(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
	if (reply->code / 100 == 3) {
		smtp_dialogue_break(dialogue, "the server asked for more after the end of data");
		return;
	}
	if (reply->code / 100 == 2) {
		struct smtp_class accepted = {CHANNEL_ACCEPTED, CHANNEL_BLAME_MESSAGE};
		smtp_dialogue_decide(dialogue, accepted, reply->code, reply->text);
		smtp_reply_queue_id(reply, dialogue->result.remote_id, sizeof(dialogue->result.remote_id));
	} else {
		smtp_dialogue_refused(dialogue, reply);
	}
	smtp_dialogue_end(dialogue, true);
}

/* An answer before the end of the text cannot accept it; whatever it says, the rest is not sent. */
static void smtp_dialogue_early_reply(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
	if (reply->code / 100 >= 4)
		smtp_dialogue_refused(dialogue, reply);
	smtp_dialogue_break(dialogue, "the server answered before the end of the text");
}

/* 421: the server closes, whatever was asked. */
static void smtp_dialogue_closing(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
	dialogue->can_repeat = !dialogue->is_decided && dialogue->step != SMTP_STEP_DOT;
	smtp_dialogue_refused(dialogue, reply);
	smtp_dialogue_end(dialogue, false);
}

static void smtp_dialogue_reply(struct smtp_dialogue *dialogue, const struct smtp_reply *reply)
{
	dialogue->n_moves++;
	if (reply->code == 421) {
		smtp_dialogue_closing(dialogue, reply);
		return;
	}
	switch (dialogue->step) {
	case SMTP_STEP_MAIL:
	case SMTP_STEP_RCPT:
		smtp_dialogue_envelope_reply(dialogue, reply);
		break;
	case SMTP_STEP_DATA:
		smtp_dialogue_data_reply(dialogue, reply);
		break;
	case SMTP_STEP_BODY:
		smtp_dialogue_early_reply(dialogue, reply);
		break;
	case SMTP_STEP_DOT:
		smtp_dialogue_dot_reply(dialogue, reply);
		break;
	case SMTP_STEP_VOID_DOT:
	case SMTP_STEP_RSET:
		smtp_dialogue_end(dialogue, dialogue->step == SMTP_STEP_VOID_DOT || reply->code / 100 == 2);
		break;
	case SMTP_STEP_OVER:
		break;
	}
}

size_t smtp_dialogue_input(struct smtp_dialogue *dialogue, const char *bytes, size_t len)
{
	size_t done = 0;
	while (done < len && !dialogue->is_over) {
		size_t used;
		enum smtp_reply_state state = smtp_reply_feed(&dialogue->reader, bytes + done, len - done, &used);
		done += used;
		if (state == SMTP_REPLY_BROKEN)
			smtp_dialogue_break(dialogue, "the server sent what is no reply of SMTP");
		else if (state == SMTP_REPLY_COMPLETE)
			smtp_dialogue_reply(dialogue, &dialogue->reader.reply);
	}
	if (done < len && !dialogue->is_followed)
		dialogue->can_reuse =
			false; /* it talks without being asked: nobody knows what the next reply would answer */
	return done;
}

void smtp_dialogue_follow(struct smtp_dialogue *dialogue, const struct smtp_dialogue *next)
{
	assert(dialogue->text_out == 0 && dialogue->features.has_pipelining && next->commands_out == 0);
	if (next->is_over)
		return;
	buf_add(&dialogue->text, next->commands.data, next->commands.len);
	dialogue->is_followed = true;
}

void smtp_dialogue_hand_over(const struct smtp_dialogue *dialogue, struct smtp_dialogue *next)
{
	assert(dialogue->is_over);
	if (dialogue->is_followed)
		next->commands_out += dialogue->text_out - dialogue->text_end;
}
