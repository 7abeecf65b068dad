/* http_channel: what the files of an HTTP channel share. For http*.c alone. */
#ifndef DEADLINED_CHANNEL_HTTP_CHANNEL_H
#define DEADLINED_CHANNEL_HTTP_CHANNEL_H

#include "channel/http_settings.h"
#include "channel/http_slot.h"
#include "channel/http_token.h"
#include "channel/listen.h"
#include "channel/preset.h"

struct transfer_watch;

/* The values of one message; those that borrow no text of it or of the channel are kept in here. */
struct http_values {
	struct preset_values values;
	char now_s[24], now_ms[24];
	struct buf buttons;
};

/* A message of a channel whose preset has a step [token]: its values, to make the request of once there is a token. */
struct http_kept {
	struct preset_values values; /* those of enum preset_name are in texts */
	struct strlist texts;
	int64_t now_utc;
	bool is_waiting;
	bool was_refused; /* its first token was: there is only one more try */
};

/* The call for what people write. */
struct http_poll {
	struct http_slot slot; /* busy while the call is under way */
	channel_updates_cb cb; /* NULL: nobody listens */
	void *arg;
	struct transfer_watch *later;  /* to say outside of the call that it could not begin; NULL until then */
	struct channel_result failure; /* what is said then */
};

struct http_channel {
	struct channel base;
	struct preset *preset;
	struct http_settings settings;
	struct http_slot *slots;
	unsigned n_slots;
	struct http_token *token; /* NULL = the preset has no such step */
	struct http_kept *kept;   /* one for each slot, likewise */
	struct http_poll poll;
	bool is_stopped;
};

/* The values of a message, which they borrow; end them with http_values_done(). */
void http_fill_values(const struct http_channel *channel, const struct channel_message *message,
		      struct http_values *ret_values);
void http_values_done(struct http_values *values);
/* Those that do not depend on a message. */
void http_fill_settings(const struct http_channel *channel, struct preset_values *values);

/* What act asks for. Only for those the channel can. */
const struct preset_call *http_call_of(const struct http_channel *channel, enum channel_act act);

/* As channel_check_address(), without and with a try of the whole request. */
bool http_check_form(const struct http_channel *channel, const char *address, struct err *err);
bool http_check_address(const struct channel *base, const char *address, struct err *err);
/* Makes each request that this section may lead to; adds a problem for the first that cannot be. */
void http_try(const struct http_channel *channel, const struct ini_section *section, struct problems *problems);

/* As channel_account(), channel_listen() and channel_invite_link(); and the end of the call without its callback. */
void http_account(const struct channel *base, char ret_account[CHANNEL_ACCOUNT_SIZE]);
void http_listen(struct channel *base, const char *next, channel_updates_cb cb, void *arg);
void http_listen_end(struct http_channel *channel);
int http_invite_link(const struct channel *base, const char *word, char **ret_link, struct err *err);

#endif
