/* transfer: libcurl's multi interface on libevent, and the events a channel needs for a connection of its own. The only
 * file that includes both libraries' headers.
 *
 * No completion is ever reported from inside a callback of libcurl: after each event the finished handles are drained,
 * taken out of the multi, and only then handed to their owners. CURLOPT_SOCKOPTFUNCTION and CURLOPT_CLOSESOCKETFUNCTION
 * of a handle that runs here belong to this file. */
#ifndef DEADLINED_CHANNEL_TRANSFER_H
#define DEADLINED_CHANNEL_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct event_base;
struct transfer;

/* base is borrowed and must outlive the transfer. Errors: -ENOMEM, -EIO. Returns owned. */
MUSTCHECK int transfer_new(struct event_base *base, struct transfer **ret_transfer, struct err *err);
/* Every easy handle must have been finished or cancelled before. */
void transfer_free(struct transfer *transfer);

/* The handle has ended and is out of the multi; the owner may read its infos, use it again or clean it up. */
typedef void (*transfer_done_cb)(void *arg, CURL *easy, CURLcode code);

/* Runs easy until it is done; easy stays the caller's. Errors: -EIO, done is not called then. */
MUSTCHECK int transfer_start(struct transfer *transfer, CURL *easy, transfer_done_cb done, void *arg, struct err *err);
/* The same for a handle with CURLOPT_CONNECT_ONLY. Once it is done with CURLE_OK it stays in the multi, because libcurl
 * closes such a connection as soon as its handle is taken out: the owner ends it with transfer_cancel(). The owner's
 * first curl_easy_send() must come inside done: until then libcurl takes the connection for one that nobody uses. */
MUSTCHECK int transfer_connect(struct transfer *transfer, CURL *easy, transfer_done_cb done, void *arg,
			       struct err *err);
/* Takes a running easy out, or one that transfer_connect() has connected; done is not called. The caller cleans up. */
void transfer_cancel(struct transfer *transfer, CURL *easy);

/* A socket and a timer watched for one owner, as the SMTP dialogue needs. */
struct transfer_watch;
enum transfer_event { TRANSFER_READABLE = 1, TRANSFER_WRITABLE = 2, TRANSFER_TIMEOUT = 4 };
typedef void (*transfer_watch_cb)(void *arg, unsigned events);

struct transfer_watch *transfer_watch_new(struct transfer *transfer, transfer_watch_cb cb, void *arg);
/* Watches fd for the events (a set of enum transfer_event without TIMEOUT; 0 = none) and replaces what was watched. */
void transfer_watch_socket(struct transfer_watch *watch, int fd, unsigned events);
/* Calls back once after timeout_ms with TRANSFER_TIMEOUT; -1 = no timer. Replaces the timer that runs. */
void transfer_watch_timer(struct transfer_watch *watch, int64_t timeout_ms);
/* May be called from its own callback. */
void transfer_watch_free(struct transfer_watch *watch);

#endif
