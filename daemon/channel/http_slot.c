#include "channel/http_slot.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_url.h"

enum {
	HTTP_REPLY_MAX = 64 * 1024,
	/* 20 updates, each a text of 4096 characters beside the one it answers, in 12 bytes each, and 50 KB around them */
	HTTP_UPDATES_MAX = 3 * 1024 * 1024,
	HTTP_CONNECT_TIMEOUT_S = 15,
	HTTP_IDLE_S = 30,
	HTTP_HOLD_MARGIN_S = 15, /* for the way there and back of a call that the server held */
};

/* Bytes of requests that went out, whatever became of them. */
static long http_slot_count_sent(const struct http_slot *slot)
{
	long head = 0;
	curl_off_t body = 0;
	(void)curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &head); /* both stay 0 on an error of ours */
	(void)curl_easy_getinfo(slot->easy, CURLINFO_SIZE_UPLOAD_T, &body);
	return head + (long)body;
}

/* Called when there is a connection and the request is about to be sent: the first time, and when libcurl found that
 * the connection had been closed. */
static int http_before_request(void *arg, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
	struct http_slot *slot = arg;
	(void)peer_ip;
	(void)own_ip;
	(void)peer_port;
	(void)own_port;
	if (slot->has_begun) {
		slot->ready_for = NULL; /* libcurl counts these tries until it is reset */
		return slot->hold_s != 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
	}
	slot->has_begun = true;
	slot->sent_before = http_slot_count_sent(slot);
	return CURL_PREREQFUNC_OK;
}

/* Keeps the bytes that fit and ends the transfer when there are more: what was read is judged. */
static size_t http_write_reply(char *bytes, size_t size, size_t n, void *arg)
{
	struct http_slot *slot = arg;
	size_t len = size * n, room = slot->reply.max - slot->reply.len;
	buf_add(&slot->reply, bytes, len < room ? len : room);
	return len <= room ? len : 0;
}

static bool http_slot_add_headers(struct http_slot *slot)
{
	for (size_t i = 0; i < slot->request.headers.n; i++) {
		struct curl_slist *longer = curl_slist_append(slot->headers, slot->request.headers.items[i]);
		if (longer == NULL)
			return false;
		slot->headers = longer;
	}
	return true;
}

#define HTTP_SET(option, value) (curl_easy_setopt(slot->easy, (option), (value)) == CURLE_OK)

static bool http_slot_set_key(struct http_slot *slot)
{
	const struct http_settings *settings = slot->settings;
	struct curl_blob pem = {.data = settings->client_key_pem, .flags = CURL_BLOB_NOCOPY};
	if (pem.data == NULL)
		return settings->client_key == NULL || HTTP_SET(CURLOPT_SSLKEY, settings->client_key);
	pem.len = strlen(settings->client_key_pem);
	return HTTP_SET(CURLOPT_SSLKEY_BLOB, &pem);
}

static bool http_slot_set_tls(struct http_slot *slot)
{
	const struct http_settings *settings = slot->settings;
	return (settings->ca_file == NULL || HTTP_SET(CURLOPT_CAINFO, settings->ca_file)) &&
	       (settings->pinned_key == NULL || HTTP_SET(CURLOPT_PINNEDPUBLICKEY, settings->pinned_key)) &&
	       (settings->client_certificate == NULL || HTTP_SET(CURLOPT_SSLCERT, settings->client_certificate)) &&
	       http_slot_set_key(slot);
}

static bool http_slot_set_connection(struct http_slot *slot)
{
	const struct http_settings *settings = slot->settings;
	long timeout_s = (long)(slot->hold_s != 0 ? slot->hold_s + HTTP_HOLD_MARGIN_S : settings->timeout_s);
	return HTTP_SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && HTTP_SET(CURLOPT_FOLLOWLOCATION, 0L) &&
	       HTTP_SET(CURLOPT_PATH_AS_IS, 1L) && HTTP_SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
	       HTTP_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
	       HTTP_SET(CURLOPT_PROXY, settings->proxy) && HTTP_SET(CURLOPT_NOSIGNAL, 1L) &&
	       HTTP_SET(CURLOPT_QUICK_EXIT, 1L) && /* a resolver that hangs must not hold up the loop */
	       HTTP_SET(CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_TIMEOUT_S) && HTTP_SET(CURLOPT_TIMEOUT, timeout_s) &&
	       HTTP_SET(CURLOPT_MAXAGE_CONN, (long)HTTP_IDLE_S) &&
	       (slot->hold_s == 0 || HTTP_SET(CURLOPT_TCP_KEEPALIVE, 1L));
}

static bool http_slot_set_callbacks(struct http_slot *slot)
{
	return HTTP_SET(CURLOPT_PREREQFUNCTION, http_before_request) && HTTP_SET(CURLOPT_PREREQDATA, slot) &&
	       HTTP_SET(CURLOPT_WRITEFUNCTION, http_write_reply) && HTTP_SET(CURLOPT_WRITEDATA, slot) &&
	       HTTP_SET(CURLOPT_ERRORBUFFER, slot->error);
}

/* What all requests of a call have in common. */
static bool http_slot_set_call(struct http_slot *slot)
{
	static const char *const words[] = {[PRESET_POST] = "POST", [PRESET_PUT] = "PUT", [PRESET_GET] = "GET"};
	int method = slot->call->method;
	curl_easy_reset(slot->easy);
	return http_slot_set_connection(slot) && http_slot_set_tls(slot) && http_slot_set_callbacks(slot) &&
	       HTTP_SET(CURLOPT_USERAGENT, "deadlined/" DEADLINED_VERSION) &&
	       (method == PRESET_GET ? HTTP_SET(CURLOPT_HTTPGET, 1L) : HTTP_SET(CURLOPT_CUSTOMREQUEST, words[method]));
}

/* A URL is taken apart here, or libcurl would do so for every request and put it together again. One that cannot be
 * taken apart is left to libcurl, whose words for it are the better ones. */
static bool http_slot_set_url(struct http_slot *slot, const char *url)
{
	const struct http_settings *settings = slot->settings;
	/* the name of the server is looked up here unless there is a proxy */
	bool may_be_private = settings->allow_private != 0 || settings->proxy[0] != '\0';
	if (slot->url == NULL)
		slot->url = curl_url();
	bool is_apart = slot->url != NULL && curl_url_set(slot->url, CURLUPART_URL, url,
							  CURLU_PATH_AS_IS | CURLU_DISALLOW_USER) == CURLUE_OK;
	return HTTP_SET(CURLOPT_URL, url) && HTTP_SET(CURLOPT_CURLU, is_apart ? slot->url : NULL) &&
	       HTTP_SET(CURLOPT_PROTOCOLS_STR, preset_url_is_plain(url) ? "http" : "https") &&
	       http_guard_watch(&slot->guard, slot->easy, url, may_be_private);
}

/* Whether the last request went to the same URL. */
static bool http_slot_has_url(const struct http_slot *slot, const char *url)
{
	const char *last = NULL;
	return curl_easy_getinfo(slot->easy, CURLINFO_EFFECTIVE_URL, &last) == CURLE_OK && last != NULL &&
	       strcmp(last, url) == 0;
}

/* Head and body leave at once. They are borrowed, and stay until the slot is released. */
static bool http_slot_set_request(struct http_slot *slot)
{
	const char *url = buf_str(&slot->request.url);
	slot->guard.refused[0] = '\0';
	slot->guard.has_no_descriptor = false;
	bool is_set = (http_slot_has_url(slot, url) || http_slot_set_url(slot, url)) && http_slot_add_headers(slot) &&
		      HTTP_SET(CURLOPT_HTTPHEADER, slot->headers);
	if (slot->call->method == PRESET_GET)
		return is_set;
	return is_set && HTTP_SET(CURLOPT_POSTFIELDS, buf_str(&slot->request.body)) &&
	       HTTP_SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)slot->request.body.len);
}

bool http_slot_set_up(struct http_slot *slot)
{
	const struct preset_call *ready_for = slot->ready_for;
	slot->error[0] = '\0';
	slot->has_begun = false;
	slot->ready_for = NULL; /* half set up it is for no call */
	buf_init(&slot->reply, slot->hold_s != 0 ? HTTP_UPDATES_MAX : HTTP_REPLY_MAX);
	if (slot->easy == NULL)
		slot->easy = curl_easy_init();
	if (slot->easy == NULL || (ready_for != slot->call && !http_slot_set_call(slot)) ||
	    !http_slot_set_request(slot))
		return false;
	slot->ready_for = slot->call;
	return true;
}

/* True when the peer may have got the request; certainly not before it had begun. */
static bool http_slot_was_sent(const struct http_slot *slot, CURLcode code)
{
	bool would_begin_again = code == CURLE_ABORTED_BY_CALLBACK;
	return slot->has_begun && (would_begin_again || http_slot_count_sent(slot) > slot->sent_before);
}

bool http_slot_may_have(const struct http_slot *slot)
{
	return http_slot_was_sent(slot, CURLE_OK);
}

static void http_judge_failure(const struct http_slot *slot, CURLcode code, struct channel_result *ret_result)
{
	const char *words = slot->error[0] != '\0' ? slot->error : curl_easy_strerror(code);
	if (code == CURLE_ABORTED_BY_CALLBACK) /* it meant to send again; see the top of http_slot.h */
		words = "the server closed the connection";
	if (slot->guard.has_no_descriptor)
		words = "no file descriptors left: raise LimitNOFILE= of the unit, or lower connections";
	bool was_sent = http_slot_was_sent(slot, code);
	char *reply = mem_printf("%s%s%s%s", was_sent ? "sent, but the reply was lost: " : "", words,
				 slot->guard.refused[0] != '\0' ? "; allow_private = yes would allow " : "",
				 slot->guard.refused);
	channel_result_set(ret_result, was_sent ? CHANNEL_UNKNOWN : CHANNEL_TEMPORARY, CHANNEL_BLAME_CHANNEL, 0, reply);
	free(reply);
}

/* Of the reply itself, not of an interim one; NULL when it has none. Borrowed from the handle until its next header. */
static const char *http_header(const struct http_slot *slot, const char *name)
{
	struct curl_header *header;
	bool is_there = curl_easy_header(slot->easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
	return is_there ? header->value : NULL;
}

/* When the reply was sent, by the clock that an instant in it is meant by; by ours when it does not say. */
static int64_t http_reply_utc(const struct http_slot *slot)
{
	const char *date = http_header(slot, "Date");
	time_t utc = date != NULL ? curl_getdate(date, NULL) : -1;
	return utc > 0 ? utc : slot->now_utc;
}

static void http_judge_reply(const struct http_slot *slot, long status, struct channel_result *ret_result)
{
	const struct preset_verdict *verdict = &slot->call->verdict;
	curl_off_t retry_after_s = 0;
	(void)curl_easy_getinfo(slot->easy, CURLINFO_RETRY_AFTER, &retry_after_s); /* stays 0 on an error of ours */
	struct preset_reply reply = {.status = (int)status,
				     .body = buf_str(&slot->reply),
				     .len = slot->reply.len,
				     .retry_after_s = retry_after_s};
	if (verdict->retry_unit == PRESET_RETRY_AT)
		reply.now_utc = http_reply_utc(slot);
	if (verdict->retry_header != NULL)
		reply.retry_header = http_header(slot, verdict->retry_header);
	preset_judge(verdict, &reply, ret_result);
}

void http_slot_judge(const struct http_slot *slot, CURLcode code, struct channel_result *ret_result)
{
	long status = 0;
	(void)curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status); /* stays 0 on an error of ours */

	/* A status counts even when the body behind it was cut, too long or too slow: the preset decides on what came.
	 */
	if (code == CURLE_OK || status >= 200)
		http_judge_reply(slot, status, ret_result);
	else
		http_judge_failure(slot, code, ret_result);
}

bool http_slot_fits(const struct http_slot *slot, const struct preset_rule *rules, size_t n)
{
	long status = 0;
	(void)curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status); /* stays 0 on an error of ours */
	struct preset_reply reply = {
		.status = (int)status, .body = buf_str(&slot->reply), .len = slot->reply.len, .retry_after_s = 0};
	return preset_fits(rules, n, &reply);
}

void http_slot_release(struct http_slot *slot)
{
	preset_request_done(&slot->request);
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
	buf_done(&slot->reply);
	slot->is_busy = false;
}

void http_slot_done(struct http_slot *slot)
{
	http_slot_release(slot);
	curl_easy_cleanup(slot->easy); /* it borrows the URL */
	curl_url_cleanup(slot->url);
}
