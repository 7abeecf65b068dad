/* http: messengers over HTTP; the preset says how, libcurl carries it, the reply is judged by the preset.
 *
 * Happy path: http_send() renders the request into a free slot and starts its handle; http_done() judges the reply and
 * frees the slot. Handles are kept, connections are kept by the transfer's multi.
 * Failure modes: what cannot be rendered is refused at once; for the rest see http_slot.h and preset_verdict.h.
 * On shutdown: http_stop() lets what is under way end, but for the call in http_listen.c; http_free() gives up what is
 * left. */
#include "channel/http.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "channel/certificate.h"
#include "channel/http_channel.h"
#include "channel/transfer.h"

static void http_refuse(struct http_slot *slot, enum channel_verdict verdict, enum channel_blame blame,
			const char *words)
{
	struct channel_result result;
	channel_result_set(&result, verdict, blame, 0, words);
	result.act = slot->act;
	channel_finish(slot->channel, slot->message_id, &result);
}

/* ---- with a token -------------------------------------------------------------------------------------------------
 * */

static void http_keep(struct http_kept *kept, const struct http_values *all, int64_t now_utc)
{
	*kept = (struct http_kept){.values = all->values, .now_utc = now_utc};
	for (size_t i = 0; i < PRESET_NAME_MAX; i++) {
		if (all->values.items[i] == NULL)
			continue;
		strlist_add(&kept->texts, all->values.items[i], strlen(all->values.items[i]));
		kept->values.items[i] = kept->texts.items[kept->texts.n - 1];
	}
}

/* Only for a channel with a token. */
static struct http_kept *http_kept_of(const struct http_slot *slot)
{
	struct http_channel *channel = (struct http_channel *)slot->channel;
	assert(channel->kept != NULL);
	return &channel->kept[slot - channel->slots];
}

/* The end of a message that was kept: its slot is free again. */
static void http_let_go(struct http_slot *slot)
{
	http_slot_release(slot);
	if (((struct http_channel *)slot->channel)->token != NULL)
		preset_texts_done(&http_kept_of(slot)->texts);
}

static void http_go(struct http_slot *slot, const char *token);

/* With the token that is there, or once there is one: one that came for an earlier message may be over for this one. */
static void http_go_or_wait(struct http_slot *slot)
{
	struct http_channel *channel = (struct http_channel *)slot->channel;
	struct http_kept *kept = http_kept_of(slot);
	const char *token = http_token_value(channel->token, kept->now_utc);
	kept->is_waiting = token == NULL;
	if (token != NULL)
		http_go(slot, token);
	else
		http_token_fetch(channel->token, &kept->values, kept->now_utc);
}

/* True when the service did not take the token, and the message leaves with another. */
static bool http_ask_again(struct http_slot *slot)
{
	struct http_channel *channel = (struct http_channel *)slot->channel;
	const struct preset_token *step = channel->preset->token;
	if (channel->token == NULL || !http_slot_fits(slot, step->refresh, step->n_refresh))
		return false;
	struct http_kept *kept = http_kept_of(slot);
	if (kept->was_refused)
		return false;
	kept->was_refused = true;
	http_token_drop(channel->token, kept->values.items[PRESET_ACCESS_TOKEN]);
	http_slot_release(slot);
	slot->is_busy = true; /* it is still this message's */
	http_go_or_wait(slot);
	return true;
}

/* Only what could be sent to takes the place of an address. */
static void http_check_moved(const struct http_slot *slot, struct channel_result *result)
{
	if (result->moved_to[0] != '\0' && !http_check_address(slot->channel, result->moved_to, NULL))
		result->moved_to[0] = '\0';
}

static void http_done(void *arg, CURL *easy, CURLcode code)
{
	struct http_slot *slot = arg;
	struct channel_result result;
	(void)easy; /* the slot's own */
	if (code == CURLE_OK && http_ask_again(slot))
		return;
	http_slot_judge(slot, code, &result);
	result.act = slot->act;
	result.certificate_until_utc = certificate_until_utc(slot->easy);
	http_check_moved(slot, &result);
	http_let_go(slot);
	channel_finish(slot->channel, slot->message_id, &result);
}

/* Makes the request of the values and starts it. Errors: -EINVAL, -E2BIG the message cannot be sent, -EIO it could not
 * be now. */
static int http_start(struct http_slot *slot, const struct preset_values *values, struct err *err)
{
	const struct http_channel *channel = (const struct http_channel *)slot->channel;
	int r = preset_render(channel->preset, slot->call, values, &slot->request, err);
	if (r < 0)
		return r;
	if (!http_slot_set_up(slot) || !certificate_watch(slot->easy))
		return err_set(err, -EIO, "libcurl refused the request");
	return transfer_start(slot->channel->transfer, slot->easy, http_done, slot, err);
}

/* A kept message leaves, or is refused. */
static void http_go(struct http_slot *slot, const char *token)
{
	struct http_kept *kept = http_kept_of(slot);
	struct err err = {0};
	strlist_add(&kept->texts, token, strlen(token));
	kept->values.items[PRESET_ACCESS_TOKEN] = kept->texts.items[kept->texts.n - 1];
	int r = http_start(slot, &kept->values, &err);
	if (r < 0) {
		http_let_go(slot);
		http_refuse(slot, r == -EIO ? CHANNEL_TEMPORARY : CHANNEL_PERMANENT,
			    r == -EIO ? CHANNEL_BLAME_CHANNEL : CHANNEL_BLAME_MESSAGE, err.text);
	}
}

/* The call for a token has ended: all that wait go on, or fail with it. */
static void http_token_ended(void *arg, const struct channel_result *failure)
{
	struct http_channel *channel = arg;
	for (unsigned i = 0; i < channel->n_slots; i++) {
		struct http_slot *slot = &channel->slots[i];
		if (!channel->kept[i].is_waiting)
			continue;
		if (failure == NULL) {
			http_go_or_wait(slot);
			continue;
		}
		struct channel_result result = *failure;
		result.act = slot->act;
		channel->kept[i].is_waiting = false;
		http_let_go(slot);
		channel_finish(&channel->base, slot->message_id, &result);
	}
}

/* ---- sending ------------------------------------------------------------------------------------------------------
 * */

static struct http_slot *http_free_slot(struct http_channel *channel)
{
	for (unsigned i = 0; i < channel->n_slots; i++)
		if (!channel->slots[i].is_busy)
			return &channel->slots[i];
	return NULL;
}

/* What an edit or an answer is about must be said. */
static bool http_check_act(const struct channel_message *message, struct err *err)
{
	bool is_good = (message->act != CHANNEL_EDIT || message->remote_id != NULL) &&
		       (message->act != CHANNEL_ANSWER || message->answer_id != NULL);
	if (!is_good)
		(void)err_set(err, -EINVAL, "the service gave no id for it");
	return is_good;
}

/* Starts it, or lets it wait for a token. Errors: those of http_start(). */
static int http_begin(struct http_slot *slot, const struct channel_message *message, struct err *err)
{
	struct http_channel *channel = (struct http_channel *)slot->channel;
	struct http_values all;
	int r = 0;
	slot->is_busy = http_check_act(message, err) && http_check_form(channel, message->to_address, err);
	if (!slot->is_busy)
		return -EINVAL;
	http_fill_values(channel, message, &all);
	if (channel->token != NULL) {
		http_keep(http_kept_of(slot), &all, message->date_utc);
		http_go_or_wait(slot);
	} else {
		r = http_start(slot, &all.values, err);
	}
	http_values_done(&all);
	return r;
}

static void http_send(struct channel *base, const struct channel_message *message)
{
	struct http_channel *channel = (struct http_channel *)base;
	struct http_slot *slot = http_free_slot(channel);
	assert(slot != NULL); /* no more than http_room() said */

	struct err err = {0};
	slot->message_id = message->id;
	slot->act = message->act;
	slot->now_utc = message->date_utc;
	slot->call = http_call_of(channel, message->act);
	int r = http_begin(slot, message, &err);
	if (r == 0)
		return;
	http_slot_release(slot);
	bool is_address = r != -EIO && !http_check_address(base, message->to_address, NULL);
	http_refuse(slot, r == -EIO ? CHANNEL_TEMPORARY : CHANNEL_PERMANENT,
		    r == -EIO    ? CHANNEL_BLAME_CHANNEL
		    : is_address ? CHANNEL_BLAME_RECIPIENT
				 : CHANNEL_BLAME_MESSAGE,
		    err.text);
}

static unsigned http_room(const struct channel *base)
{
	const struct http_channel *channel = (const struct http_channel *)base;
	unsigned n = 0;
	for (unsigned i = 0; i < channel->n_slots; i++)
		n += !channel->slots[i].is_busy;
	return channel->is_stopped ? 0 : n;
}

/* What waits for a token has not left. */
static bool http_may_have(const struct channel *base, int64_t message_id)
{
	const struct http_channel *channel = (const struct http_channel *)base;
	for (unsigned i = 0; i < channel->n_slots; i++) {
		const struct http_slot *slot = &channel->slots[i];
		bool is_it = slot->is_busy && slot->act == CHANNEL_SEND && slot->message_id == message_id;
		if (is_it && !(channel->kept != NULL && channel->kept[i].is_waiting) && http_slot_may_have(slot))
			return true;
	}
	return false;
}

static void http_stop(struct channel *base)
{
	struct http_channel *channel = (struct http_channel *)base;
	channel->is_stopped = true;
	http_listen_end(channel);
}

static void http_free(struct channel *base)
{
	struct http_channel *channel = (struct http_channel *)base;
	for (unsigned i = 0; i < channel->n_slots; i++) {
		struct http_slot *slot = &channel->slots[i];
		if (slot->is_busy) {
			transfer_cancel(base->transfer, slot->easy);
			http_let_go(slot);
		}
		http_slot_done(slot);
	}
	http_listen_end(channel);
	http_slot_done(&channel->poll.slot);
	http_token_free(channel->token);
	free(channel->kept);
	free(channel->slots);
	http_settings_done(&channel->settings);
	preset_free(channel->preset);
	free(channel);
}

static const struct channel_ops http_ops = {
	.type = "http",
	.is_local = false,
	.check_address = http_check_address,
	.does_check = true,
	.send = http_send,
	.room = http_room,
	.may_have = http_may_have,
	.account = http_account,
	.listen = http_listen,
	.invite_link = http_invite_link,
	.stop = http_stop,
	.free = http_free,
};

/* The sender's domain plays no part in HTTP; the machine's name makes the ids tell where they come from. */
static char *http_domain(void)
{
	char host[256] = "";
	if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0' || utf8_find_control(host, false) >= 0)
		return mem_dup("deadlined.invalid");
	return mem_dup(host);
}

/* The least that a field with the text in it is cut to. */
static void http_set_text_max(struct channel *channel, const struct preset *preset)
{
	for (size_t i = 0; i < preset->call.fields.n; i++) {
		const struct preset_field *field = &preset->call.fields.items[i];
		if (field->limit == 0 || preset_text_uses(&field->text, PRESET_TEXT) == 0)
			continue;
		if (channel->text_max == 0 || field->limit < channel->text_max) {
			channel->text_max = field->limit;
			channel->text_unit = field->unit;
		}
	}
}

static const char *http_find_bot(const struct http_channel *channel)
{
	for (size_t i = 0; i < channel->preset->n_settings; i++)
		if (strcmp(channel->preset->settings[i].name, "bot") == 0)
			return channel->settings.values[i];
	return NULL;
}

static void http_set_acts(struct http_channel *channel)
{
	const struct preset *preset = channel->preset;
	channel->base.has_buttons = preset->buttons != NULL;
	channel->base.has_threads = preset->call.verdict.thread_pointer != NULL;
	channel->base.can_edit = preset->edit != NULL;
	channel->base.can_answer = preset->answer != NULL;
	channel->base.listens = channel->settings.updates != 0; /* which needs a preset that can */
	channel->base.bot = http_find_bot(channel);
	if (channel->base.listens)
		channel->poll.slot = (struct http_slot){.channel = &channel->base,
							.call = &preset->updates->call,
							.settings = &channel->settings,
							.hold_s = preset->updates->hold_s};
}

struct channel *http_channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems)
{
	size_t n = problems->n;
	struct preset *preset = http_settings_find_preset(conf, section, problems);
	if (preset == NULL)
		return NULL;

	struct http_channel *channel = mem_zero(1, sizeof(*channel));
	channel->preset = preset;
	http_settings_read(conf, section, preset, &channel->settings, problems);
	if (problems->n == n)
		http_try(channel, section, problems);
	if (problems->n != n) {
		http_free(&channel->base);
		return NULL;
	}

	channel->base.ops = &http_ops;
	channel->base.domain = http_domain();
	channel->base.rate = channel->settings.rate;
	channel->base.rate_each = channel->settings.rate_each;
	http_set_text_max(&channel->base, preset);
	http_set_acts(channel);
	channel->n_slots = (unsigned)channel->settings.connections;
	channel->slots = mem_zero(channel->n_slots, sizeof(*channel->slots));
	for (unsigned i = 0; i < channel->n_slots; i++)
		channel->slots[i] = (struct http_slot){
			.channel = &channel->base, .call = &preset->call, .settings = &channel->settings};
	if (preset->token != NULL) {
		channel->kept = mem_zero(channel->n_slots, sizeof(*channel->kept));
		channel->token = http_token_new(&channel->base, preset, &channel->settings, http_token_ended, channel);
	}
	return &channel->base;
}
