/* http_listen: the call for what people write, which the service holds until there is something; and links that invite.
 *
 * Happy path: http_listen() starts the call on a handle of its own, http_heard() makes updates of the reply and hands
 * them over; nothing is kept here between two calls.
 * Failure modes: whatever goes wrong is the channel's, for now, and nothing of the reply is used: the same updates come
 * again, because only the next call says that they were received.
 * On shutdown: http_listen_end() ends the call, wherever it is. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/http_channel.h"
#include "channel/transfer.h"

/* The call is over: who asked is forgotten before he is told, because he may ask again. */
static void http_tell(struct http_poll *poll, struct channel_updates *updates, const struct channel_result *failure)
{
	channel_updates_cb cb = poll->cb;
	poll->cb = NULL;
	cb(poll->arg, updates, failure);
}

/* No message is refused here: what is not heard now is heard later. */
static void http_make_failure(struct channel_result *result, const char *why)
{
	if (why != NULL)
		channel_result_set(result, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, result->code, why);
	else if (result->verdict != CHANNEL_THROTTLED)
		result->verdict = CHANNEL_TEMPORARY;
	result->blame = CHANNEL_BLAME_CHANNEL;
}

/* What people wrote stands in such a reply and is nobody's business: its own words are not shown. */
static bool http_is_whole(const struct channel_result *result, CURLcode code, struct err *err)
{
	bool is_list = result->verdict == CHANNEL_ACCEPTED || result->verdict == CHANNEL_UNKNOWN;
	if (!is_list || result->code == 0)
		return true;
	if (code != CURLE_OK)
		(void)err_set(err, -EIO, "HTTP %d: the reply broke off or is too long", result->code);
	else if (result->verdict == CHANNEL_UNKNOWN)
		(void)err_set(err, -EIO, "HTTP %d: the reply is not one this preset knows", result->code);
	return code == CURLE_OK;
}

static void http_heard(void *arg, CURL *easy, CURLcode code)
{
	struct http_channel *channel = arg;
	struct http_poll *poll = &channel->poll;
	struct channel_result result;
	struct channel_updates updates;
	struct err err = {0};
	(void)easy; /* the slot's own */
	preset_mend(&poll->slot.reply);
	http_slot_judge(&poll->slot, code, &result);
	bool is_good = http_is_whole(&result, code, &err) && result.verdict == CHANNEL_ACCEPTED &&
		       preset_list_updates(channel->preset, buf_str(&poll->slot.reply), poll->slot.reply.len, &updates,
					   &err) == 0;
	http_slot_release(&poll->slot);
	if (is_good) {
		http_tell(poll, &updates, NULL);
		return;
	}
	http_make_failure(&result, err.text[0] != '\0' ? err.text : NULL);
	http_tell(poll, NULL, &result);
}

static void http_tell_later(void *arg, unsigned events)
{
	struct http_poll *poll = arg;
	struct channel_result failure = poll->failure;
	(void)events; /* only the timer */
	http_tell(poll, NULL, &failure);
}

static int http_listen_start(struct http_channel *channel, const char *next, struct err *err)
{
	struct http_slot *slot = &channel->poll.slot;
	struct preset_values values = {.items = {[PRESET_CHANNEL] = channel->base.name}};
	char hold_s[24];
	(void)snprintf(hold_s, sizeof(hold_s), "%" PRId64, channel->preset->updates->hold_s);
	values.items[PRESET_HOLD_S] = hold_s;
	values.items[PRESET_NEXT] = next != NULL && next[0] != '\0' ? next : NULL;
	http_fill_settings(channel, &values);
	int r = preset_render(channel->preset, slot->call, &values, &slot->request, err);
	if (r < 0)
		return r;
	slot->is_busy = true;
	if (!http_slot_set_up(slot))
		r = err_set(err, -EIO, "libcurl refused the request");
	else
		r = transfer_start(channel->base.transfer, slot->easy, http_heard, channel, err);
	if (r < 0)
		http_slot_release(slot);
	return r;
}

void http_listen(struct channel *base, const char *next, channel_updates_cb cb, void *arg)
{
	struct http_channel *channel = (struct http_channel *)base;
	struct http_poll *poll = &channel->poll;
	struct err err = {0};
	assert(poll->cb == NULL && !channel->is_stopped);
	poll->cb = cb;
	poll->arg = arg;
	if (http_listen_start(channel, next, &err) == 0)
		return;
	channel_result_set(&poll->failure, CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, 0, err.text);
	if (poll->later == NULL)
		poll->later = transfer_watch_new(base->transfer, http_tell_later, poll);
	transfer_watch_timer(poll->later, 0);
}

void http_listen_end(struct http_channel *channel)
{
	struct http_poll *poll = &channel->poll;
	if (poll->slot.is_busy) {
		transfer_cancel(channel->base.transfer, poll->slot.easy);
		http_slot_release(&poll->slot);
	}
	if (poll->later != NULL)
		transfer_watch_free(poll->later);
	poll->later = NULL;
	poll->cb = NULL;
}

int http_invite_link(const struct channel *base, const char *word, char **ret_link, struct err *err)
{
	const struct http_channel *channel = (const struct http_channel *)base;
	struct preset_values values = {.items = {[PRESET_CHANNEL] = base->name, [PRESET_WORD] = word}};
	if (channel->preset->invite.n == 0)
		return err_set(err, -ENOTSUP, "%s has no links by which a person could come to the channel %s",
			       channel->settings.preset, base->name);
	http_fill_settings(channel, &values);
	int r = preset_render_link(channel->preset, &values, ret_link, err);
	if (r < 0)
		err_prefix(err, "[channel %s]", base->name);
	return r;
}
