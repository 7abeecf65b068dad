#include "channel/http_token.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "channel/transfer.h"

enum { HTTP_TOKEN_MARGIN_S = 60, HTTP_TOKEN_MAX = 8 * 1024 };

struct http_token {
	const struct preset *preset;
	struct http_slot slot;
	http_token_cb done;
	void *arg;
	char *value;  /* NULL = none */
	char *before; /* the last one but that, which an answer under way may still repeat */
	int64_t asked_utc, until_utc;
};

struct http_token *http_token_new(struct channel *channel, const struct preset *preset,
				  const struct http_settings *settings, http_token_cb done, void *arg)
{
	struct http_token *token = mem_zero(1, sizeof(*token));
	token->preset = preset;
	token->slot = (struct http_slot){.channel = channel, .call = &preset->token->call, .settings = settings};
	token->done = done;
	token->arg = arg;
	return token;
}

void http_token_free(struct http_token *token)
{
	if (token == NULL)
		return;
	if (token->slot.is_busy)
		transfer_cancel(token->slot.channel->transfer, token->slot.easy);
	http_slot_done(&token->slot);
	mem_free_secret(token->value);
	mem_free_secret(token->before);
	free(token);
}

const char *http_token_value(const struct http_token *token, int64_t now_utc)
{
	return token->value != NULL && now_utc < token->until_utc ? token->value : NULL;
}

void http_token_drop(struct http_token *token, const char *value)
{
	if (token->value != NULL && strcmp(token->value, value) == 0)
		token->until_utc = INT64_MIN; /* the value itself is borrowed by whoever asks for it to be dropped */
}

/* The log forgets the one before last: it would be looked for in every line for as long as the daemon runs. */
static void http_token_put(struct http_token *token, const char *value)
{
	log_hide(value);
	if (token->before != NULL)
		log_unhide(token->before);
	mem_free_secret(token->before);
	token->before = token->value;
	token->value = mem_dup(value);
}

/* Keeps the token and until when it is good. False when the answer has none that could be sent on. */
static bool http_token_take(struct http_token *token)
{
	const struct preset_token *step = token->preset->token;
	json_t *body = json_loadb(buf_str(&token->slot.reply), token->slot.reply.len, 0, NULL);
	const char *value = json_string_value(preset_pointer_get(body, step->pointer));
	const json_t *lifetime =
		step->lifetime_pointer != NULL ? preset_pointer_get(body, step->lifetime_pointer) : NULL;
	bool is_good = value != NULL && value[0] != '\0' && strlen(value) <= HTTP_TOKEN_MAX &&
		       utf8_find_control(value, false) < 0;
	if (is_good) {
		int64_t lifetime_s = json_is_integer(lifetime) ? json_integer_value(lifetime) : step->lifetime_s;
		if (lifetime_s < 0 || lifetime_s > PRESET_LIFETIME_MAX_S)
			lifetime_s = step->lifetime_s;
		http_token_put(token, value);
		/* half of a short life is left for use */
		token->until_utc =
			token->asked_utc +
			(lifetime_s > 2 * HTTP_TOKEN_MARGIN_S ? lifetime_s - HTTP_TOKEN_MARGIN_S : lifetime_s / 2 + 1);
	}
	json_decref(body);
	return is_good;
}

/* Every failure is one of the channel, and of nothing that was sent. */
static void http_token_fail(struct http_token *token, enum channel_verdict verdict, int code, int64_t wait_s,
			    const char *words)
{
	struct channel_result failure;
	char *text = mem_printf("no access token: %s", words);
	channel_result_set(&failure, verdict == CHANNEL_THROTTLED ? verdict : CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL,
			   code, text);
	if (verdict == CHANNEL_THROTTLED)
		failure.retry_after_s = wait_s;
	free(text);
	token->done(token->arg, &failure);
}

static void http_token_done(void *arg, CURL *easy, CURLcode code)
{
	struct http_token *token = arg;
	struct channel_result result;
	(void)easy; /* the slot's own */
	http_slot_judge(&token->slot, code, &result);
	bool is_good = result.verdict == CHANNEL_ACCEPTED && http_token_take(token);
	http_slot_release(&token->slot);
	if (is_good)
		token->done(token->arg, NULL);
	else
		http_token_fail(token, result.verdict, result.code, result.retry_after_s,
				result.verdict == CHANNEL_ACCEPTED ? "the answer holds none" : result.reply);
}

void http_token_fetch(struct http_token *token, const struct preset_values *values, int64_t now_utc)
{
	struct http_slot *slot = &token->slot;
	struct err err = {0};
	if (slot->is_busy)
		return;
	if (preset_render(token->preset, slot->call, values, &slot->request, &err) < 0) {
		http_token_fail(token, CHANNEL_TEMPORARY, 0, 0, err.text);
		return;
	}
	slot->is_busy = true;
	token->asked_utc = slot->now_utc = now_utc;
	if (!http_slot_set_up(slot) ||
	    transfer_start(slot->channel->transfer, slot->easy, http_token_done, token, &err) < 0) {
		http_slot_release(slot);
		http_token_fail(token, CHANNEL_TEMPORARY, 0, 0,
				err.text[0] != '\0' ? err.text : "libcurl refused the request");
	}
}
