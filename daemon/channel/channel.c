#include "channel/channel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "channel/http.h"
#include "channel/maildir.h"
#include "channel/pipe.h"
#include "channel/smtp.h"

static const struct channel_type {
	const char *name;
	struct channel *(*make)(const struct conf *conf, const struct ini_section *section, struct problems *problems);
} channel_types[] = {
	{"smtp", smtp_channel_new},
	{"http", http_channel_new},
	{"maildir", maildir_channel_new},
	{"pipe", pipe_channel_new},
};

const char *channel_verdict_name(enum channel_verdict verdict)
{
	static const char *const names[CHANNEL_VERDICT_MAX] = {"accepted", "temporary", "throttled", "permanent",
							       "unknown"};
	return names[verdict];
}

const char *channel_act_name(enum channel_act act)
{
	static const char *const names[CHANNEL_ACT_MAX] = {"send", "edit", "answer"};
	return names[act];
}

struct channel *channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems)
{
	const struct ini_entry *type = ini_find(section, "type");
	if (type == NULL) {
		problems_add(problems, section->file, section->line,
			     "[channel %s] has no type: add type = smtp, http, maildir or pipe", section->name);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(channel_types) / sizeof(channel_types[0]); i++) {
		if (strcmp(type->value, channel_types[i].name) != 0)
			continue;
		struct channel *channel = channel_types[i].make(conf, section, problems);
		if (channel != NULL)
			channel->name = mem_dup(section->name);
		return channel;
	}
	problems_add(problems, section->file, type->line, "unknown type '%s': give smtp, http, maildir or pipe",
		     type->value);
	return NULL;
}

void channel_start(struct channel *channel, struct transfer *transfer, channel_done_cb done, void *done_arg)
{
	channel->transfer = transfer;
	channel->done = done;
	channel->done_arg = done_arg;
}

bool channel_check_address(const struct channel *channel, const char *address, struct err *err)
{
	return channel->ops->check_address(channel, address, err);
}

static bool channel_can(const struct channel *channel, enum channel_act act)
{
	return act == CHANNEL_SEND || (act == CHANNEL_EDIT ? channel->can_edit : channel->can_answer);
}

void channel_send(struct channel *channel, const struct channel_message *message)
{
	assert(channel->done != NULL);
	struct err err;
	bool can = channel_can(channel, message->act);
	channel->in_flight++;
	if (can && (channel->ops->does_check || channel_check_address(channel, message->to_address, &err))) {
		channel->ops->send(channel, message);
		return;
	}
	struct channel_result result;
	channel_result_set(&result, CHANNEL_PERMANENT, can ? CHANNEL_BLAME_RECIPIENT : CHANNEL_BLAME_MESSAGE, 0,
			   can ? err.text : "this channel has no way to do that");
	result.act = message->act;
	channel_finish(channel, message->id, &result);
}

unsigned channel_room(const struct channel *channel)
{
	return channel->ops->room(channel);
}

unsigned channel_in_flight(const struct channel *channel)
{
	return channel->in_flight;
}

void channel_resume(struct channel *channel)
{
	if (channel->ops->resume != NULL)
		channel->ops->resume(channel);
}

void channel_recall(struct channel *channel, channel_recall_cb is_over, void *arg)
{
	if (channel->ops->recall != NULL)
		channel->ops->recall(channel, is_over, arg);
}

bool channel_may_have(const struct channel *channel, int64_t message_id)
{
	return channel->in_flight != 0 &&
	       (channel->ops->may_have == NULL || channel->ops->may_have(channel, message_id));
}

void channel_stop(struct channel *channel)
{
	channel->ops->stop(channel);
}

void channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	free(channel->name);
	free(channel->domain);
	channel->ops->free(channel);
}

/* Puts text on one line: controls and blanks become one blank, bytes that are no UTF-8 a question mark. */
static void channel_one_line(const char *text, size_t len, char *line, size_t size)
{
	const char *end = text + len;
	size_t used = 0;
	while (text < end && used + 4 < size) {
		const char *start = text;
		uint32_t c = utf8_next(&text, end);
		size_t n = (size_t)(text - start);
		if (c == 0xfffd && n == 1) {
			line[used++] = '?';
		} else if (c == ' ' || utf8_is_control(c)) {
			if (used > 0 && line[used - 1] != ' ')
				line[used++] = ' ';
		} else {
			memcpy(line + used, start, n);
			used += n;
		}
	}
	while (used > 0 && line[used - 1] == ' ')
		used--;
	line[used] = '\0';
}

/* Redacted before it is cut, so that no half of a secret survives. */
void channel_result_set(struct channel_result *result, enum channel_verdict verdict, enum channel_blame blame, int code,
			const char *reply)
{
	*result = (struct channel_result){.verdict = verdict, .blame = blame, .code = code};
	if (verdict == CHANNEL_THROTTLED)
		result->retry_after_s = 1;
	char *words = mem_dup(reply);
	log_redact(words);
	channel_one_line(words, strlen(words), result->reply, sizeof(result->reply));
	free(words);
}

void channel_finish(struct channel *channel, int64_t message_id, const struct channel_result *result)
{
	assert(channel->in_flight > 0);
	channel->in_flight--;
	channel->done(channel->done_arg, message_id, result);
}
