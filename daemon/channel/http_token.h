/* http_token: the step [token] of a preset, which hands out {{access_token}} for all messages of a channel. For http.c
 * alone.
 *
 * Happy path: a message finds no token, waits, and the first that waits starts the call; its answer ends the wait of
 * all. The token is kept until a minute before its end, or until a service says that it is no longer good.
 * Failure modes: whatever goes wrong with the call is the channel's fault, and certainly nothing was sent. */
#ifndef DEADLINED_CHANNEL_HTTP_TOKEN_H
#define DEADLINED_CHANNEL_HTTP_TOKEN_H

#include "channel/http_slot.h"

struct http_token;

/* failure is NULL when there is a token now. */
typedef void (*http_token_cb)(void *arg, const struct channel_result *failure);

/* values: those of the settings, borrowed as all the others; done is called at the end of each call. Returns owned. */
struct http_token *http_token_new(struct channel *channel, const struct preset *preset,
				  const struct http_settings *settings, http_token_cb done, void *arg);
void http_token_free(struct http_token *token);

/* The token, or NULL when there is none or it ends at now. */
const char *http_token_value(const struct http_token *token, int64_t now_utc);
/* Starts the call unless it is under way; values are those of a message. done may be called from inside. */
void http_token_fetch(struct http_token *token, const struct preset_values *values, int64_t now_utc);
/* The service does not take value: it is thrown away, unless there is another by now. */
void http_token_drop(struct http_token *token, const char *value);

#endif
