#include "service/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"

enum { NOTIFY_STATUS_MAX = 512 };

/* libsystemd waits for the reader when the queue of the socket is full, and with it the whole loop. */
struct notify {
	int fd; /* -1: there is nobody to tell */
	struct sockaddr_un to;
	socklen_t to_size;
	const char *state; /* not told yet; NULL = none */
	bool owes_sign;    /* of life */
	bool is_warned;    /* since it was last told something */
};

/* ---- the socket --------------------------------------------------------------------------------------------------- */

static int notify_set_address(struct notify *notify, const char *name)
{
	size_t length = strlen(name);
	if ((name[0] != '/' && name[0] != '@') || length >= sizeof(notify->to.sun_path))
		return -EINVAL;
	notify->to.sun_family = AF_UNIX;
	memcpy(notify->to.sun_path, name, length);
	notify->to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (name[0] == '@')
		notify->to.sun_path[0] = '\0'; /* the abstract namespace: unix(7) */
	return 0;
}

struct notify *notify_new(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct notify *notify = mem_zero(1, sizeof(*notify));
	notify->fd = -1;
	if (name == NULL)
		return notify;
	int status = notify_set_address(notify, name);
	if (status == 0) {
		notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		status = notify->fd < 0 ? -errno : 0;
	}
	if (status < 0)
		log_warning("NOTIFY_SOCKET=%s: the service manager hears nothing of us: %s", name,
			    status == -EINVAL ? "give a path, or @ and a name" : strerror(-status));
	return notify;
}

void notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	if (notify->fd >= 0)
		(void)close(notify->fd);
	free(notify);
}

static int notify_send(struct notify *notify, const char *text)
{
	if (notify->fd < 0)
		return 0;
	if (sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&notify->to,
		   notify->to_size) < 0)
		return -errno;
	notify->is_warned = false;
	return 0;
}

static void notify_warn(struct notify *notify, const char *text, int status)
{
	if (!notify->is_warned)
		log_warning("the service manager cannot be told '%s': %s; trying again", text,
			    status == -EAGAIN ? "it does not read what it is sent" : strerror(-status));
	notify->is_warned = true;
}

/* ---- what is told ------------------------------------------------------------------------------------------------- */

bool notify_again(struct notify *notify)
{
	if (notify->state != NULL && notify_send(notify, notify->state) == 0)
		notify->state = NULL;
	if (notify->owes_sign && notify_send(notify, "WATCHDOG=1") == 0)
		notify->owes_sign = false;
	return notify->state == NULL && !notify->owes_sign;
}

static void notify_tell_state(struct notify *notify, const char *state)
{
	int status = notify_send(notify, state);
	notify->state = status < 0 ? state : NULL;
	if (status < 0)
		notify_warn(notify, state, status);
}

void notify_ready(struct notify *notify)
{
	notify_tell_state(notify, "READY=1");
}

void notify_reloading(struct notify *notify)
{
	notify_tell_state(notify, "RELOADING=1");
}

void notify_stopping(struct notify *notify)
{
	notify_tell_state(notify, "STOPPING=1\nSTATUS=letting transfers finish");
}

void notify_alive(struct notify *notify)
{
	notify->owes_sign = notify_send(notify, "WATCHDOG=1") < 0;
}

void notify_status(struct notify *notify, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = mem_vprintf(fmt, args);
	va_end(args);
	log_redact(text); /* before it is cut: half a secret would not be recognised */
	if (strlen(text) >= NOTIFY_STATUS_MAX) {
		text[NOTIFY_STATUS_MAX - 1] = '\0';
		utf8_trim_partial(text);
	}
	char *state = mem_printf("STATUS=%s", text);
	(void)notify_send(notify, state); /* the next one comes within a minute */
	free(state);
	free(text);
}

int64_t notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t expected_usec = 0, of_pid = getpid();
	if (usec == NULL || num_parse(usec, 1, INT64_MAX, &expected_usec, NULL) < 0)
		return 0;
	if (pid != NULL && (num_parse(pid, 1, INT64_MAX, &of_pid, NULL) < 0 || of_pid != getpid()))
		return 0;
	return expected_usec / 1000;
}
