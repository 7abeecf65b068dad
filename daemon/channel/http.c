/* http: messengers over HTTP; the preset says how, libcurl carries it, the reply is judged by the preset.
 *
 * Happy path: http_send() renders the request into a free slot and starts its handle; http_done() judges the reply and
 * frees the slot. Handles are kept, connections are kept by the transfer's multi.
 * Failure modes: what cannot be rendered is refused at once; for the rest see http_slot.h and preset_verdict.h.
 * On shutdown: http_stop() lets what is under way end; http_free() gives up what is left. */
#include "channel/http.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "channel/certificate.h"
#include "channel/http_settings.h"
#include "channel/http_slot.h"
#include "channel/preset.h"
#include "channel/preset_url.h"
#include "channel/transfer.h"
#include "plan/person.h"

struct http_channel {
	struct channel base;
	struct preset *preset;
	struct http_settings settings;
	struct http_slot *slots;
	unsigned n_slots;
	bool is_stopped;
};

/* The values of one message; those that borrow no text of it or of the channel are kept in here. */
struct http_values {
	struct preset_values values;
	char now_s[24], now_ms[24];
};

static void http_fill_values(const struct http_channel *channel, const struct channel_message *message,
			     struct http_values *all)
{
	struct preset_values *values = &all->values;
	(void)snprintf(all->now_s, sizeof(all->now_s), "%" PRId64, message->date_utc);
	(void)snprintf(all->now_ms, sizeof(all->now_ms), "%" PRId64 "000", message->date_utc);
	*values = (struct preset_values){.items = {
						 [PRESET_TO_ADDRESS] = message->to_address,
						 [PRESET_TO_NAME] = message->to_name != NULL ? message->to_name : "",
						 [PRESET_SUBJECT] = message->subject,
						 [PRESET_TEXT] = message->text,
						 [PRESET_LANGUAGE] = message->language != NULL ? message->language : "",
						 [PRESET_KEY] = message->key,
						 [PRESET_MESSAGE_ID] = message->message_id,
						 [PRESET_TASK_UID] = message->task_uid,
						 [PRESET_PERSON] = message->person != NULL ? message->person : "",
						 [PRESET_KIND] = message->kind,
						 [PRESET_CHANNEL] = channel->base.name,
						 [PRESET_NOW_S] = all->now_s,
						 [PRESET_NOW_MS] = all->now_ms,
					 }};
	for (size_t i = 0; i < channel->preset->n_settings; i++)
		values->items[PRESET_NAME_MAX + i] = channel->settings.values[i];
}

/* A message like those to come, to find what does not fit before there is one. */
static int http_render_sample(const struct http_channel *channel, const char *address, const char *task_uid,
			      struct preset_request *ret_request, struct err *err)
{
	const struct channel_message sample = {.kind = "test",
					       .person = "somebody",
					       .to_address = address,
					       .subject = "subject",
					       .text = "text",
					       .message_id = "1@deadlined.invalid",
					       .key = "1",
					       .task_uid = task_uid};
	struct http_values all;
	http_fill_values(channel, &sample, &all);
	if (all.values.items[PRESET_CHANNEL] == NULL)
		all.values.items[PRESET_CHANNEL] = "channel"; /* not named yet */
	return preset_render(channel->preset, &channel->preset->call, &all.values, ret_request, err);
}

static bool http_check_text(const char *address, struct err *err)
{
	size_t len = strlen(address);
	if (len == 0 || len > PERSON_ADDRESS_MAX) {
		(void)err_set(err, -EINVAL, "the address has %zu bytes: give 1 to %d", len, PERSON_ADDRESS_MAX);
		return false;
	}
	if (!utf8_is_valid(address, len) || utf8_find_control(address, false) >= 0) {
		(void)err_set(err, -EINVAL, "the address holds a control character or is no UTF-8");
		return false;
	}
	return true;
}

static bool http_check_address(const struct channel *base, const char *address, struct err *err)
{
	const struct http_channel *channel = (const struct http_channel *)base;
	struct preset_request request;
	if (!http_check_text(address, err) || !preset_check_address(channel->preset, address, err) ||
	    http_render_sample(channel, address, NULL, &request, err) < 0)
		return false;
	preset_request_done(&request);
	return true;
}

static void http_done(void *arg, CURL *easy, CURLcode code)
{
	struct http_slot *slot = arg;
	struct channel_result result;
	(void)easy; /* the slot's own */
	http_slot_judge(slot, code, &result);
	result.certificate_until_utc = certificate_until_utc(slot->easy);
	http_slot_release(slot);
	channel_finish(slot->channel, slot->message_id, &result);
}

static void http_refuse(struct http_channel *channel, const struct channel_message *message,
			enum channel_verdict verdict, enum channel_blame blame, const char *words)
{
	struct channel_result result;
	channel_result_set(&result, verdict, blame, 0, words);
	channel_finish(&channel->base, message->id, &result);
}

static struct http_slot *http_free_slot(struct http_channel *channel)
{
	for (unsigned i = 0; i < channel->n_slots; i++)
		if (!channel->slots[i].is_busy)
			return &channel->slots[i];
	return NULL;
}

static void http_send(struct channel *base, const struct channel_message *message)
{
	struct http_channel *channel = (struct http_channel *)base;
	struct http_slot *slot = http_free_slot(channel);
	assert(slot != NULL); /* no more than http_room() said */

	struct err err = {0};
	struct http_values all;
	http_fill_values(channel, message, &all);
	if (!http_check_text(message->to_address, &err) ||
	    !preset_check_address(channel->preset, message->to_address, &err) ||
	    preset_render(channel->preset, &channel->preset->call, &all.values, &slot->request, &err) < 0) {
		bool is_address_good = http_check_address(base, message->to_address, NULL);
		http_refuse(channel, message, CHANNEL_PERMANENT,
			    is_address_good ? CHANNEL_BLAME_MESSAGE : CHANNEL_BLAME_RECIPIENT, err.text);
		return;
	}

	slot->is_busy = true;
	slot->message_id = message->id;
	if (!http_slot_set_up(slot) || !certificate_watch(slot->easy) ||
	    transfer_start(base->transfer, slot->easy, http_done, slot, &err) < 0) {
		http_slot_release(slot);
		http_refuse(channel, message, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL,
			    err.text[0] != '\0' ? err.text : "libcurl refused the request");
	}
}

static unsigned http_room(const struct channel *base)
{
	const struct http_channel *channel = (const struct http_channel *)base;
	unsigned n = 0;
	for (unsigned i = 0; i < channel->n_slots; i++)
		n += !channel->slots[i].is_busy;
	return channel->is_stopped ? 0 : n;
}

static void http_stop(struct channel *base)
{
	((struct http_channel *)base)->is_stopped = true;
}

static void http_free(struct channel *base)
{
	struct http_channel *channel = (struct http_channel *)base;
	for (unsigned i = 0; i < channel->n_slots; i++) {
		struct http_slot *slot = &channel->slots[i];
		if (slot->is_busy) {
			transfer_cancel(base->transfer, slot->easy);
			http_slot_release(slot);
		}
		curl_easy_cleanup(slot->easy);
	}
	free(channel->slots);
	http_settings_done(&channel->settings);
	preset_free(channel->preset);
	free(channel);
}

static const struct channel_ops http_ops = {
	.type = "http",
	.is_local = false,
	.check_address = http_check_address,
	.send = http_send,
	.room = http_room,
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

/* Renders for an address of each form, once with and once without what may be missing. */
static void http_try(const struct http_channel *channel, const struct ini_section *section, struct problems *problems)
{
	static const char *const tasks[] = {"task", NULL};
	size_t n_forms = channel->preset->n_forms != 0 ? channel->preset->n_forms : 1;
	for (size_t i = 0; i < 2 * n_forms; i++) {
		struct preset_request request;
		struct err err;
		char *address = preset_sample_address(channel->preset, i / 2);
		int r = http_render_sample(channel, address, tasks[i % 2], &request, &err);
		free(address);
		if (r < 0) {
			problems_add(problems, section->file, section->line,
				     "the preset %s cannot be used with this section: %s", channel->settings.preset,
				     err.text);
			return;
		}
		bool is_exposed = channel->settings.proxy[0] != '\0' && preset_url_is_plain(buf_str(&request.url));
		preset_request_done(&request);
		if (is_exposed) {
			problems_add(problems, section->file, section->line,
				     "a proxy cannot be used with an http:// address, which is this machine's own");
			return;
		}
	}
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
	http_set_text_max(&channel->base, preset);
	channel->n_slots = (unsigned)channel->settings.connections;
	channel->slots = mem_zero(channel->n_slots, sizeof(*channel->slots));
	for (unsigned i = 0; i < channel->n_slots; i++)
		channel->slots[i] = (struct http_slot){
			.channel = &channel->base, .call = &preset->call, .settings = &channel->settings};
	return &channel->base;
}
