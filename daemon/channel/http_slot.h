/* http_slot: one request at a time on one libcurl handle, which is kept for the next. For http.c alone.
 *
 * Whatever ends before a byte of the request went out has certainly not been accepted; when some of it went out and no
 * reply came back, nobody knows. On a connection that it had kept open libcurl would then send the request again by
 * itself: it cannot, because it asks before it begins, and only the first time is it allowed to. Only a call for
 * updates may be sent again. */
#ifndef DEADLINED_CHANNEL_HTTP_SLOT_H
#define DEADLINED_CHANNEL_HTTP_SLOT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "channel/channel.h"
#include "channel/http_guard.h"
#include "channel/http_settings.h"
#include "channel/preset.h"

struct http_slot {
	struct channel *channel; /* all three borrowed */
	const struct preset_call *call;
	const struct http_settings *settings;
	int64_t hold_s; /* of a call that changes nothing and that the server may hold so long; 0 = an ordinary one */

	CURL *easy;                          /* NULL until the first use */
	const struct preset_call *ready_for; /* the call that easy is set up for; NULL = none */
	CURLU *url;                          /* of the last request; NULL until the first */
	bool is_busy;
	int64_t message_id;
	enum channel_act act;
	int64_t now_utc; /* when the request was made; 0 = not told */
	struct http_guard guard;
	struct preset_request request;
	bool has_begun;   /* libcurl was allowed to send the request */
	long sent_before; /* what went out until then: the way through a proxy */
	struct curl_slist *headers;
	struct buf reply;
	char error[CURL_ERROR_SIZE];
};

/* Makes easy ready for the request in slot. False when libcurl refuses something. */
bool http_slot_set_up(struct http_slot *slot);
/* What the end of the transfer means. */
void http_slot_judge(const struct http_slot *slot, CURLcode code, struct channel_result *ret_result);
/* Whether the service may have got the request of a transfer that has not ended. */
bool http_slot_may_have(const struct http_slot *slot);
/* Whether the reply fits one of n rules. */
bool http_slot_fits(const struct http_slot *slot, const struct preset_rule *rules, size_t n);
/* Frees the request and the reply; the handle stays. */
void http_slot_release(struct http_slot *slot);
/* The end of a slot; nothing of it is under way. */
void http_slot_done(struct http_slot *slot);

#endif
