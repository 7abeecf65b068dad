#include "channel/transfer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

/* Idle connections of all channels that libcurl keeps for the next message. By itself it keeps four for each transfer that
 * is under way: between two passes, when none is, it would close all but a few. */
enum { TRANSFER_KEPT_MAX = 256 };

/* A socket that libcurl wants watched. That of a connection stays watched between two messages, until the peer writes
 * or closes it: otherwise each would cost two calls of the kernel more. libcurl tells us when it closes a connection,
 * but not when it closes any other socket. */
struct transfer_socket {
	struct transfer *transfer;
	struct event *event; /* NULL = not watched */
	curl_socket_t fd;
	short events;
	bool is_connection;
	bool is_idle; /* libcurl wants nothing of it now */
};

struct transfer_job {
	struct transfer_job *next;
	CURL *easy;
	transfer_done_cb done;
	void *arg;
	bool stays; /* connected, and still in the multi afterwards */
};

struct transfer {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct transfer_socket **sockets; /* by their numbers, NULL where there is none */
	size_t n_sockets;
	struct transfer_job *jobs;
};

static struct timeval transfer_timeval(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/* ---- jobs ---- */

static void transfer_add_job(struct transfer *transfer, CURL *easy, transfer_done_cb done, void *arg, bool stays)
{
	struct transfer_job *job = mem_zero(1, sizeof(*job));
	*job = (struct transfer_job){.next = transfer->jobs, .easy = easy, .done = done, .arg = arg, .stays = stays};
	transfer->jobs = job;
}

/* Takes the job of easy off the list; returned owned, NULL when there is none. */
static struct transfer_job *transfer_take_job(struct transfer *transfer, CURL *easy)
{
	for (struct transfer_job **at = &transfer->jobs; *at != NULL; at = &(*at)->next) {
		struct transfer_job *job = *at;
		if (job->easy == easy) {
			*at = job->next;
			return job;
		}
	}
	return NULL;
}

static void transfer_finish(struct transfer *transfer, CURL *easy, CURLcode code)
{
	struct transfer_job *job = transfer_take_job(transfer, easy);
	if (job == NULL)
		return;
	if (code != CURLE_OK || !job->stays)
		(void)curl_multi_remove_handle(transfer->multi, easy); /* fails only for handles that are not in it */
	job->done(job->arg, easy, code);
	free(job);
}

/* Owners may start and cancel handles from their done callback, so libcurl is asked anew each time. */
static void transfer_drain(struct transfer *transfer)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(transfer->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			transfer_finish(transfer, message->easy_handle, message->data.result);
}

static void transfer_act(struct transfer *transfer, curl_socket_t fd, int what)
{
	int running;
	CURLMcode code = curl_multi_socket_action(transfer->multi, fd, what, &running);
	if (code != CURLM_OK)
		log_error("transfer: libcurl: %s", curl_multi_strerror(code));
	transfer_drain(transfer);
}

/* ---- libcurl's sockets and timer ---- */

/* NULL when it is not known. */
static struct transfer_socket *transfer_find_socket(const struct transfer *transfer, curl_socket_t fd)
{
	return (size_t)fd < transfer->n_sockets ? transfer->sockets[fd] : NULL;
}

static void transfer_unwatch(struct transfer_socket *socket)
{
	if (socket->event != NULL)
		event_free(socket->event);
	socket->event = NULL;
	socket->events = 0;
}

static void transfer_on_socket(evutil_socket_t fd, short events, void *arg)
{
	struct transfer_socket *socket = arg; /* gone after the action when libcurl drops it */
	int what = ((events & EV_READ) != 0 ? CURL_CSELECT_IN : 0) | ((events & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
	if (socket->is_idle)
		transfer_unwatch(socket); /* libcurl finds out when it wants the connection */
	else
		transfer_act(socket->transfer, fd, what);
}

static void transfer_on_timer(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	transfer_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static struct transfer_socket *transfer_add_socket(struct transfer *transfer, curl_socket_t fd)
{
	size_t n = transfer->n_sockets;
	if ((size_t)fd >= n) {
		transfer->n_sockets = (size_t)fd + 1;
		transfer->sockets = mem_grow(transfer->sockets, transfer->n_sockets, sizeof(struct transfer_socket *));
		memset(transfer->sockets + n, 0, (transfer->n_sockets - n) * sizeof(struct transfer_socket *));
	}
	struct transfer_socket *socket = mem_zero(1, sizeof(*socket));
	*socket = (struct transfer_socket){.transfer = transfer, .fd = fd};
	transfer->sockets[fd] = socket;
	return socket;
}

static void transfer_drop_socket(struct transfer *transfer, curl_socket_t fd)
{
	struct transfer_socket *socket = transfer_find_socket(transfer, fd);
	if (socket == NULL)
		return;
	transfer_unwatch(socket);
	free(socket);
	transfer->sockets[fd] = NULL;
}

static int transfer_watch_for(struct transfer_socket *socket, short events)
{
	if (socket->event != NULL && socket->events == events)
		return 0;
	transfer_unwatch(socket);
	socket->events = events;
	socket->event = event_new(socket->transfer->base, socket->fd, events, transfer_on_socket, socket);
	return socket->event != NULL && event_add(socket->event, NULL) == 0 ? 0 : -1;
}

static void transfer_rest(struct transfer_socket *socket)
{
	socket->is_idle = true;
	if ((socket->events & EV_WRITE) != 0) /* it could be written to all the time */
		transfer_unwatch(socket);
}

/* libcurl may remove a socket it never announced; and a new one may have the number of one that was closed, so what it
 * assigned to a socket is not relied on: it is found by its number. */
static int transfer_socket_cb(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	(void)easy;
	(void)assigned;
	struct transfer *transfer = arg;
	struct transfer_socket *socket = transfer_find_socket(transfer, fd);
	if (socket != NULL && !socket->is_connection) {
		transfer_drop_socket(transfer, fd);
		socket = NULL;
	}
	if (what == CURL_POLL_REMOVE) {
		if (socket != NULL)
			transfer_rest(socket);
		return 0;
	}
	if (socket == NULL)
		socket = transfer_add_socket(transfer, fd);
	socket->is_idle = false;
	return transfer_watch_for(socket, (short)(EV_PERSIST | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
						  ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0)));
}

/* A connection of a handle that transfer_start() runs is being made. */
static int transfer_open_cb(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)purpose; /* there is only one */
	transfer_drop_socket(arg, fd);
	transfer_add_socket(arg, fd)->is_connection = true;
	return CURL_SOCKOPT_OK;
}

static int transfer_timer_cb(CURLM *multi, long timeout_ms, void *arg)
{
	(void)multi;
	struct transfer *transfer = arg;
	if (timeout_ms < 0)
		return event_del(transfer->timer);
	struct timeval timeout = transfer_timeval(timeout_ms);
	return event_add(transfer->timer, &timeout);
}

/* Sockets are sometimes closed before their removal is announced; the event must go first, or it would watch whatever
 * gets the same number next. */
static int transfer_close_cb(void *arg, curl_socket_t fd)
{
	transfer_drop_socket(arg, fd);
	return close(fd);
}

/* ---- life ---- */

int transfer_new(struct event_base *base, struct transfer **ret_transfer, struct err *err)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, -EIO, "libcurl does not start");

	struct transfer *transfer = mem_zero(1, sizeof(*transfer));
	transfer->base = base;
	transfer->multi = curl_multi_init();
	transfer->timer = evtimer_new(base, transfer_on_timer, transfer);
	if (transfer->multi == NULL || transfer->timer == NULL) {
		transfer_free(transfer);
		return err_set(err, -ENOMEM, "no memory for libcurl and libevent");
	}
	(void)curl_multi_setopt(transfer->multi, CURLMOPT_MAXCONNECTS, (long)TRANSFER_KEPT_MAX);
	(void)curl_multi_setopt(transfer->multi, CURLMOPT_SOCKETFUNCTION, transfer_socket_cb);
	(void)curl_multi_setopt(transfer->multi, CURLMOPT_SOCKETDATA, transfer);
	(void)curl_multi_setopt(transfer->multi, CURLMOPT_TIMERFUNCTION, transfer_timer_cb);
	(void)curl_multi_setopt(transfer->multi, CURLMOPT_TIMERDATA, transfer);
	*ret_transfer = transfer;
	return 0;
}

void transfer_free(struct transfer *transfer)
{
	if (transfer == NULL)
		return;
	(void)curl_multi_cleanup(transfer->multi); /* closes cached connections, by transfer_close_cb() */
	for (size_t fd = 0; fd < transfer->n_sockets; fd++)
		transfer_drop_socket(transfer, (curl_socket_t)fd);
	free(transfer->sockets);
	if (transfer->timer != NULL)
		event_free(transfer->timer);
	free(transfer);
	curl_global_cleanup();
}

static int transfer_add(struct transfer *transfer, CURL *easy, transfer_done_cb done, void *arg, bool stays,
			struct err *err)
{
	(void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, transfer_close_cb);
	(void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfer);
	(void)curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION,
			       stays ? NULL : transfer_open_cb); /* else its owner watches */
	(void)curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
	CURLMcode code = curl_multi_add_handle(transfer->multi, easy);
	if (code != CURLM_OK)
		return err_set(err, -EIO, "libcurl: %s", curl_multi_strerror(code));
	transfer_add_job(transfer, easy, done, arg, stays);
	return 0;
}

int transfer_start(struct transfer *transfer, CURL *easy, transfer_done_cb done, void *arg, struct err *err)
{
	return transfer_add(transfer, easy, done, arg, false, err);
}

int transfer_connect(struct transfer *transfer, CURL *easy, transfer_done_cb done, void *arg, struct err *err)
{
	return transfer_add(transfer, easy, done, arg, true, err);
}

void transfer_cancel(struct transfer *transfer, CURL *easy)
{
	free(transfer_take_job(transfer, easy));
	(void)curl_multi_remove_handle(transfer->multi, easy); /* fails only for handles that are not in it */
}

/* ---- an owner's own socket and timer ---- */

struct transfer_watch {
	struct event_base *base;
	struct event *socket; /* NULL = none */
	struct event *timer;
	int fd;
	unsigned events;
	transfer_watch_cb cb;
	void *arg;
};

static void transfer_on_watch_socket(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	struct transfer_watch *watch = arg; /* may be gone after the callback */
	watch->cb(watch->arg, ((events & EV_READ) != 0 ? TRANSFER_READABLE : 0u) |
				      ((events & EV_WRITE) != 0 ? TRANSFER_WRITABLE : 0u));
}

static void transfer_on_watch_timer(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	struct transfer_watch *watch = arg;
	watch->cb(watch->arg, TRANSFER_TIMEOUT);
}

struct transfer_watch *transfer_watch_new(struct transfer *transfer, transfer_watch_cb cb, void *arg)
{
	struct transfer_watch *watch = mem_zero(1, sizeof(*watch));
	*watch = (struct transfer_watch){.base = transfer->base, .fd = -1, .cb = cb, .arg = arg};
	watch->timer = evtimer_new(transfer->base, transfer_on_watch_timer, watch);
	if (watch->timer == NULL)
		mem_lack();
	return watch;
}

void transfer_watch_socket(struct transfer_watch *watch, int fd, unsigned events)
{
	if (watch->socket != NULL && watch->fd == fd && watch->events == events)
		return;
	if (watch->socket != NULL)
		event_free(watch->socket);
	watch->socket = NULL;
	watch->fd = fd;
	watch->events = events;
	if (events == 0)
		return;

	short what = (short)(EV_PERSIST | ((events & TRANSFER_READABLE) != 0 ? EV_READ : 0) |
			     ((events & TRANSFER_WRITABLE) != 0 ? EV_WRITE : 0));
	watch->socket = event_new(watch->base, fd, what, transfer_on_watch_socket, watch);
	if (watch->socket == NULL || event_add(watch->socket, NULL) != 0)
		log_error("transfer: cannot watch socket %d", fd); /* its owner's timer ends it */
}

void transfer_watch_timer(struct transfer_watch *watch, int64_t timeout_ms)
{
	if (timeout_ms < 0) {
		(void)event_del(watch->timer);
		return;
	}
	struct timeval timeout = transfer_timeval(timeout_ms);
	(void)event_add(watch->timer, &timeout); /* fails only for a timer that was not made */
}

void transfer_watch_free(struct transfer_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->socket != NULL)
		event_free(watch->socket);
	event_free(watch->timer);
	free(watch);
}
