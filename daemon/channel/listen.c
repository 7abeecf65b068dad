#include "channel/listen.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *channel_update_name(enum channel_update_kind kind)
{
	static const char *const names[CHANNEL_UPDATE_MAX] = {"text", "button", "gone", "back"};
	return names[kind];
}

void channel_update_done(struct channel_update *update)
{
	free(update->sender);
	free(update->chat);
	free(update->text);
	free(update->answer_id);
	free(update->message_id);
	*update = (struct channel_update){0};
}

void channel_updates_done(struct channel_updates *updates)
{
	for (size_t i = 0; i < updates->n; i++)
		channel_update_done(&updates->items[i]);
	free(updates->items);
	free(updates->next);
	*updates = (struct channel_updates){0};
}

bool channel_listens(const struct channel *channel)
{
	return channel->listens;
}

void channel_account(const struct channel *channel, char ret_account[CHANNEL_ACCOUNT_SIZE])
{
	ret_account[0] = '\0';
	if (channel->ops->account != NULL)
		channel->ops->account(channel, ret_account);
}

void channel_listen(struct channel *channel, const char *next, channel_updates_cb cb, void *arg)
{
	assert(channel->listens && channel->ops->listen != NULL);
	channel->ops->listen(channel, next, cb, arg);
}

int channel_invite_link(const struct channel *channel, const char *word, char **ret_link, struct err *err)
{
	size_t len = strspn(word, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");
	if (len == 0 || len > CHANNEL_INVITE_WORD_MAX || word[len] != '\0')
		return err_set(err, -EINVAL, "'%s' cannot stand in a link", word);
	if (channel->ops->invite_link == NULL)
		return err_set(err, -ENOTSUP, "nobody can be invited to the channel %s by a link", channel->name);
	return channel->ops->invite_link(channel, word, ret_link, err);
}
