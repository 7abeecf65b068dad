/* http_sample: what a message gives a request, and requests made for a try before there is a message. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/http_channel.h"
#include "channel/preset_url.h"
#include "channel/preset_value.h"

enum { HTTP_BUTTONS_MAX = 64 * 1024 };

void http_fill_settings(const struct http_channel *channel, struct preset_values *values)
{
	for (size_t i = 0; i < channel->preset->n_settings; i++)
		values->items[PRESET_NAME_MAX + i] = channel->settings.values[i];
}

void http_fill_values(const struct http_channel *channel, const struct channel_message *message,
		      struct http_values *ret_values)
{
	struct preset_values *values = &ret_values->values;
	(void)snprintf(ret_values->now_s, sizeof(ret_values->now_s), "%" PRId64, message->date_utc);
	(void)snprintf(ret_values->now_ms, sizeof(ret_values->now_ms), "%" PRId64 "000", message->date_utc);
	preset_fill_values(values, message, channel->base.name);
	values->items[PRESET_NOW_S] = ret_values->now_s;
	values->items[PRESET_NOW_MS] = ret_values->now_ms;
	http_fill_settings(channel, values);
	buf_init(&ret_values->buttons, HTTP_BUTTONS_MAX);
	if (message->n_buttons == 0 || channel->preset->buttons == NULL)
		return;
	preset_add_buttons(channel->preset->buttons, message->buttons, message->n_buttons, &ret_values->buttons);
	if (ret_values->buttons.len != 0 && !ret_values->buttons.is_over)
		values->items[PRESET_BUTTONS] = buf_str(&ret_values->buttons);
}

void http_values_done(struct http_values *values)
{
	buf_done(&values->buttons);
}

const struct preset_call *http_call_of(const struct http_channel *channel, enum channel_act act)
{
	return act == CHANNEL_EDIT     ? channel->preset->edit
	       : act == CHANNEL_ANSWER ? channel->preset->answer
				       : &channel->preset->call;
}

/* A message like those to come, to find what does not fit before there is one; is_full: with all that it may lack. */
static int http_render_sample(const struct http_channel *channel, const struct preset_call *call, const char *address,
			      bool is_full, struct preset_request *ret_request, struct err *err)
{
	static const struct channel_button buttons[] = {{"label", "data"}};
	const struct channel_message sample = {.kind = "test",
					       .person = "somebody",
					       .to_address = address,
					       .subject = "subject",
					       .text = "text",
					       .message_id = "1@deadlined.invalid",
					       .key = "1",
					       .task_uid = is_full ? "task" : NULL,
					       .thread_remote_id = is_full ? "1" : NULL,
					       .remote_id = "1",
					       .answer_id = "1",
					       .buttons = buttons,
					       .n_buttons = is_full ? 1 : 0};
	struct http_values all;
	http_fill_values(channel, &sample, &all);
	if (all.values.items[PRESET_CHANNEL] == NULL)
		all.values.items[PRESET_CHANNEL] = "channel"; /* not named yet */
	if (channel->preset->token != NULL)
		all.values.items[PRESET_ACCESS_TOKEN] = "token";
	if (channel->preset->updates != NULL && call == &channel->preset->updates->call)
		all.values.items[PRESET_HOLD_S] = "1";
	int r = preset_render(channel->preset, call, &all.values, ret_request, err);
	http_values_done(&all);
	return r;
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

bool http_check_form(const struct http_channel *channel, const char *address, struct err *err)
{
	return http_check_text(address, err) && preset_check_address(channel->preset, address, err);
}

bool http_check_address(const struct channel *base, const char *address, struct err *err)
{
	const struct http_channel *channel = (const struct http_channel *)base;
	struct preset_request request;
	if (!http_check_form(channel, address, err) ||
	    http_render_sample(channel, &channel->preset->call, address, false, &request, err) < 0)
		return false;
	preset_request_done(&request);
	return true;
}

/* The request may be what the section says; adds a problem when not. */
static bool http_try_one(const struct http_channel *channel, const struct preset_call *call, const char *address,
			 bool is_full, const struct ini_section *section, struct problems *problems)
{
	struct preset_request request;
	struct err err;
	if (http_render_sample(channel, call, address, is_full, &request, &err) < 0) {
		problems_add(problems, section->file, section->line,
			     "the preset %s cannot be used with this section: %s", channel->settings.preset, err.text);
		return false;
	}
	bool is_exposed = channel->settings.proxy[0] != '\0' && preset_url_is_plain(buf_str(&request.url));
	preset_request_done(&request);
	if (is_exposed)
		problems_add(problems, section->file, section->line,
			     "a proxy cannot be used with an http:// address, which is this machine's own");
	return !is_exposed;
}

/* For an address of each form, once with and once without what may be missing; and every step. */
void http_try(const struct http_channel *channel, const struct ini_section *section, struct problems *problems)
{
	const struct preset *preset = channel->preset;
	size_t n_forms = preset->n_forms != 0 ? preset->n_forms : 1;
	bool is_good = true;
	for (size_t i = 0; is_good && i < 2 * n_forms; i++) {
		char *address = preset_sample_address(preset, i / 2);
		is_good = http_try_one(channel, &preset->call, address, i % 2 == 0, section, problems);
		if (is_good && preset->edit != NULL)
			is_good = http_try_one(channel, preset->edit, address, i % 2 == 0, section, problems);
		if (is_good && preset->answer != NULL)
			is_good = http_try_one(channel, preset->answer, address, i % 2 == 0, section, problems);
		free(address);
	}
	if (is_good && preset->token != NULL)
		is_good = http_try_one(channel, &preset->token->call, "1", false, section, problems);
	if (is_good && preset->updates != NULL)
		(void)http_try_one(channel, &preset->updates->call, "1", false, section,
				   problems); /* adds what is wrong */
}
