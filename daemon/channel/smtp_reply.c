#include "channel/smtp_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

void smtp_reply_init(struct smtp_reply_reader *reader)
{
	*reader = (struct smtp_reply_reader){0};
}

static bool smtp_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "5.1.1" at the start of text, of the class that the code has: its length, or 0. */
static size_t smtp_enhanced_code(const struct smtp_reply *reply, const char *text, int *ret_subject, int *ret_detail)
{
	unsigned class, subject, detail;
	int len = 0;
	if (!smtp_is_digit(text[0]) || text[1] != '.' || !smtp_is_digit(text[2]))
		return 0;
	if (sscanf(text, "%1u.%3u.%3u%n", &class, &subject, &detail, &len) != 3 || (int)class != reply->code / 100)
		return 0;
	if (text[len] != '\0' && text[len] != ' ')
		return 0;

	*ret_subject = (int)subject;
	*ret_detail = (int)detail;
	return (size_t)len;
}

/* Appends the text of a line. Servers repeat the enhanced code on each line; once is enough. */
static void smtp_reply_add_text(struct smtp_reply *reply, const char *text)
{
	int subject, detail;
	size_t skip = reply->text[0] != '\0' ? smtp_enhanced_code(reply, text, &subject, &detail) : 0;
	text += skip;
	text += strspn(text, " \t");

	size_t used = strlen(reply->text), len = strlen(text);
	if (len == 0)
		return;
	if (used != 0 && used + 1 < sizeof(reply->text))
		reply->text[used++] = ' ';
	if (len >= sizeof(reply->text) - used)
		len = sizeof(reply->text) - used - 1;
	memcpy(reply->text + used, text, len);
	reply->text[used + len] = '\0';
}

/* A whole line is in reader->line: takes it apart. */
static enum smtp_reply_state smtp_reply_line(struct smtp_reply_reader *reader)
{
	char *line = reader->line;
	while (reader->line_len > 0 && line[reader->line_len - 1] == '\r')
		reader->line_len--;
	line[reader->line_len] = '\0';
	if (reader->line_len == SMTP_REPLY_LINE_MAX)
		log_redact_cut(line);
	else
		log_redact(line); /* before the text is cut */
	size_t len = strlen(line);
	reader->line_len = 0;

	if (len < 3 || line[0] < '2' || line[0] > '5' || !smtp_is_digit(line[1]) || !smtp_is_digit(line[2]))
		return SMTP_REPLY_BROKEN;
	if (line[3] != '\0' && line[3] != ' ' && line[3] != '-')
		return SMTP_REPLY_BROKEN;

	int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	if (reader->reply.code != 0 && reader->reply.code != code)
		return SMTP_REPLY_BROKEN; /* "the reply code on each line MUST be the same" (RFC 5321 4.2.1) */
	reader->reply.code = code;
	smtp_reply_add_text(&reader->reply, len > 3 ? line + 4 : "");
	return line[3] == '-' ? SMTP_REPLY_MORE : SMTP_REPLY_COMPLETE;
}

enum smtp_reply_state smtp_reply_feed(struct smtp_reply_reader *reader, const char *bytes, size_t len, size_t *ret_used)
{
	if (reader->is_complete)
		smtp_reply_init(reader);

	enum smtp_reply_state state = SMTP_REPLY_MORE;
	size_t i = 0;
	while (i < len && state == SMTP_REPLY_MORE) {
		char c = bytes[i++];
		if (++reader->n_bytes > SMTP_REPLY_BYTES_MAX)
			state = SMTP_REPLY_BROKEN;
		else if (c == '\n')
			state = smtp_reply_line(reader);
		else if (reader->line_len < SMTP_REPLY_LINE_MAX)
			reader->line[reader->line_len++] = c != '\0' ? c : '?';
	}
	reader->is_complete = state == SMTP_REPLY_COMPLETE;
	*ret_used = i;
	return state;
}

const char *smtp_stage_name(enum smtp_stage stage)
{
	static const char *const names[] = {"connection", "AUTH", "MAIL FROM", "RCPT TO", "DATA", "end of data"};
	return names[stage];
}

enum { ANY = -1, NONE = -2 }; /* of an enhanced code: whatever it is, it is not there */

/* Whom the words of a refusal are about. */
enum smtp_about { ANYBODY, SENDER, RECIPIENT };

/* clang-format off */
#define AT(stage) (1u << (stage))
#define AT_ALL (~0u)
#define AT_START (AT(SMTP_STAGE_CONNECT) | AT(SMTP_STAGE_AUTH))
#define AT_MAIL AT(SMTP_STAGE_MAIL)
#define AT_RCPT AT(SMTP_STAGE_RCPT)
#define AT_DATA AT(SMTP_STAGE_DATA)
#define AT_DOT AT(SMTP_STAGE_DOT)

#define TRY_CHANNEL {CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL}
#define TRY_RECIPIENT {CHANNEL_TEMPORARY, CHANNEL_BLAME_RECIPIENT}
#define TRY_MESSAGE {CHANNEL_TEMPORARY, CHANNEL_BLAME_MESSAGE}
#define NO_RECIPIENT {CHANNEL_PERMANENT, CHANNEL_BLAME_RECIPIENT}
#define NO_MESSAGE {CHANNEL_PERMANENT, CHANNEL_BLAME_MESSAGE}

/* The first row that fits decides. A refusal that an operator can mend (policy, credentials, our own bug) keeps the
 * message and stops the channel; one that only concerns this mailbox or this text ends there. */
static const struct smtp_rule {
	unsigned stages;
	int first, last; /* codes */
	int subject, detail; /* of the enhanced code */
	enum smtp_about about;
	struct smtp_class class;
} smtp_rules[] = {
	{AT_ALL, 421, 421, ANY, ANY, ANYBODY, TRY_CHANNEL}, /* closing: load, idle time, too many connections */
	{AT_START, 400, 599, ANY, ANY, ANYBODY, TRY_CHANNEL},

	/* temporary: greylisting, a busy mailbox, a full disk */
	{AT_ALL, 400, 499, 1, ANY, ANYBODY, TRY_RECIPIENT},
	{AT_ALL, 400, 499, 2, ANY, ANYBODY, TRY_RECIPIENT},
	{AT_ALL, 400, 499, 3, 1, ANYBODY, TRY_CHANNEL}, /* mail system full */
	{AT_ALL, 400, 499, 3, 2, ANYBODY, TRY_CHANNEL}, /* not accepting messages now */
	{AT_ALL, 454, 454, ANY, ANY, ANYBODY, TRY_CHANNEL}, /* TLS or AUTH temporarily not available */
	{AT_MAIL | AT_DATA, 452, 452, NONE, NONE, ANYBODY, TRY_CHANNEL}, /* insufficient system storage */
	{AT_ALL, 400, 499, ANY, ANY, ANYBODY, TRY_MESSAGE},

	/* the size, at whatever stage the server notices */
	{AT_ALL, 500, 599, 2, 3, ANYBODY, NO_MESSAGE}, /* longer than the mailbox allows */
	{AT_ALL, 500, 599, 3, 4, ANYBODY, NO_MESSAGE}, /* longer than the system allows */
	{AT_MAIL | AT_DOT, 552, 552, NONE, NONE, ANYBODY, NO_MESSAGE},

	/* one mailbox that lets in only whom it knows */
	{AT_RCPT | AT_DOT, 500, 599, 7, 133, ANYBODY, TRY_RECIPIENT}, /* a group */
	{AT_RCPT | AT_DOT, 500, 599, 7, 134, ANYBODY, TRY_RECIPIENT}, /* a mailbox */

	/* the channel: sign in first, sender and policy, and words of ours that the server did not understand */
	{AT_RCPT | AT_DATA | AT_DOT, 500, 599, ANY, ANY, SENDER, TRY_CHANNEL},
	{AT_ALL, 521, 521, ANY, ANY, ANYBODY, TRY_CHANNEL}, /* accepts no mail (RFC 7504) */
	{AT_ALL, 530, 538, ANY, ANY, ANYBODY, TRY_CHANNEL},
	{AT_RCPT, 500, 599, 7, ANY, RECIPIENT, TRY_RECIPIENT},
	{AT_ALL, 500, 599, 7, ANY, ANYBODY, TRY_CHANNEL},
	{AT_MAIL, 500, 599, ANY, ANY, ANYBODY, TRY_CHANNEL},
	{AT_ALL, 500, 599, 1, 7, ANYBODY, TRY_CHANNEL}, /* bad sender's mailbox address syntax */
	{AT_ALL, 500, 599, 1, 8, ANYBODY, TRY_CHANNEL}, /* bad sender's system address */
	{AT_ALL, 500, 599, 1, 90, ANYBODY, TRY_CHANNEL}, /* Exchange Online: the day's quota of recipients is used up */
	{AT_ALL, 500, 599, 2, 252, ANYBODY, TRY_CHANNEL}, /* Exchange Online: may not send as that sender */
	{AT_ALL, 500, 599, 4, 5, ANYBODY, TRY_CHANNEL}, /* congestion; Gmail: the day's quota is used up */

	/* the mailbox */
	{AT_ALL, 500, 599, 1, ANY, ANYBODY, NO_RECIPIENT},
	{AT_ALL, 500, 599, 2, 2, ANYBODY, TRY_RECIPIENT}, /* full: that may end */
	{AT_ALL, 500, 599, 2, ANY, ANYBODY, NO_RECIPIENT},
	{AT_RCPT, 550, 550, 5, 0, ANYBODY, NO_RECIPIENT}, /* large receivers' "mailbox unavailable" */
	{AT_RCPT, 500, 599, 4, ANY, ANYBODY, NO_RECIPIENT}, /* no route to that domain */
	{AT_RCPT, 501, 501, NONE, NONE, ANYBODY, NO_RECIPIENT}, /* the only parameter is the address */
	{AT_RCPT, 550, 551, NONE, NONE, ANYBODY, NO_RECIPIENT},
	{AT_RCPT, 552, 552, NONE, NONE, ANYBODY, TRY_RECIPIENT},
	{AT_RCPT, 553, 553, NONE, NONE, ANYBODY, NO_RECIPIENT},
	{AT_RCPT, 556, 556, ANY, ANY, ANYBODY, NO_RECIPIENT}, /* domain does not accept mail (RFC 7504) */
	{AT_RCPT, 554, 554, ANY, ANY, RECIPIENT, TRY_RECIPIENT},
	{AT_RCPT | AT_DATA, 500, 599, ANY, ANY, ANYBODY, TRY_CHANNEL},

	/* the text */
	{AT_DOT, 500, 509, ANY, ANY, ANYBODY, TRY_CHANNEL},
	{AT_DOT, 500, 599, 3, ANY, ANYBODY, TRY_CHANNEL},
	{AT_DOT, 500, 599, ANY, ANY, ANYBODY, NO_MESSAGE},
};
/* clang-format on */

static bool smtp_rule_fits(const struct smtp_rule *rule, enum smtp_stage stage, int code, int subject, int detail,
			   enum smtp_about about)
{
	return (rule->stages & AT(stage)) != 0 && code >= rule->first && code <= rule->last &&
	       (rule->subject == ANY || rule->subject == subject) && (rule->detail == ANY || rule->detail == detail) &&
	       (rule->about == ANYBODY || rule->about == about);
}

static bool smtp_names(const struct smtp_reply *reply, const char *address)
{
	char *named = mem_printf("<%s>", address);
	bool is_there = strcasestr(reply->text, named) != NULL;
	free(named);
	return is_there;
}

/* Codes alone do not tell a refusal of the sender from one of the mailbox: Postfix says 550 5.1.0 of both. */
static enum smtp_about smtp_find_about(const struct smtp_reply *reply, const char *from, const char *to)
{
	static const char *const sender[] = {
		"sender address rejected", /* Postfix */
		"sender rejected",
		"sender verify failed",    /* Exim */
		"sendas",                  /* Exchange: SendAsDenied */
		"address is not verified", /* Amazon SES */
		"verified sender",         /* SendGrid */
		"relay access",
		"relay denied",
		"relay not",
		"relaying",
		"not relay",
		"to relay",
		"rcpthosts", /* qmail, as is the next one */
		"(#5.7.",
		"authentication required",
		"authentication is required",
	};
	for (size_t i = 0; i < sizeof(sender) / sizeof(sender[0]); i++)
		if (strcasestr(reply->text, sender[i]) != NULL)
			return SENDER;
	bool is_to = smtp_names(reply, to), is_from = smtp_names(reply, from);
	return is_to == is_from ? ANYBODY : is_from ? SENDER : RECIPIENT;
}

struct smtp_class smtp_classify(enum smtp_stage stage, const struct smtp_reply *reply, const char *from, const char *to)
{
	int subject = NONE, detail = NONE;
	(void)smtp_enhanced_code(reply, reply->text, &subject, &detail);
	if (subject == 0) /* "other or undefined status" */
		subject = detail = NONE;
	enum smtp_about about = smtp_find_about(reply, from, to);

	for (size_t i = 0; i < sizeof(smtp_rules) / sizeof(smtp_rules[0]); i++)
		if (smtp_rule_fits(&smtp_rules[i], stage, reply->code, subject, detail, about))
			return smtp_rules[i].class;
	return (struct smtp_class)TRY_CHANNEL; /* no refusal at all: 2xx or 3xx where neither makes sense */
}

void smtp_reply_queue_id(const struct smtp_reply *reply, char *id, size_t size)
{
	static const char *const marks[] = {"queued as ", "id="};
	id[0] = '\0';
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *hit = strcasestr(reply->text, marks[i]);
		if (hit == NULL)
			continue;
		hit += strlen(marks[i]);
		size_t len = strspn(hit, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_");
		(void)snprintf(id, size, "%.*s", (int)len, hit);
		return;
	}
}
