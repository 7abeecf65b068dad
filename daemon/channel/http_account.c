/* http_account: whose updates a channel hears: the bot, told by what the call for them says of it. */
#include <stdio.h>

#include "base/mem.h"
#include "channel/http_channel.h"
#include "channel/signature.h"

enum { HTTP_ACCOUNT_MAX = 1 << 20 };

/* What differs from call to call plays no part: only the settings do, those of the step [token] among them. */
void http_account(const struct channel *base, char ret_account[CHANNEL_ACCOUNT_SIZE])
{
	const struct http_channel *channel = (const struct http_channel *)base;
	const struct preset *preset = channel->preset;
	uint64_t needs = preset->updates->call.needs;
	struct buf text;
	char hash[SIGNATURE_HASH_SIZE];
	if ((needs >> PRESET_ACCESS_TOKEN & 1) != 0)
		needs |= preset->token->call.needs;
	buf_init(&text, HTTP_ACCOUNT_MAX);
	for (size_t i = 0; i < preset->n_settings; i++)
		if ((needs >> (PRESET_NAME_MAX + i) & 1) != 0 && channel->settings.values[i] != NULL)
			buf_printf(&text, "%s=%s\n", preset->settings[i].name, channel->settings.values[i]);
	signature_hash(buf_str(&text), hash);
	mem_free_secret(buf_take(&text));
	(void)snprintf(ret_account, CHANNEL_ACCOUNT_SIZE, "%.*s", CHANNEL_ACCOUNT_SIZE - 1, hash);
}
