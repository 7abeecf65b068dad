/* http_guard: a name must not lead into the local network unless the administrator said so. For http_slot.c alone.
 *
 * The check is made in libcurl's callback that opens the socket: the address that is checked is the one that is
 * connected to, so a name that means something else a moment later gains nothing. */
#ifndef DEADLINED_CHANNEL_HTTP_GUARD_H
#define DEADLINED_CHANNEL_HTTP_GUARD_H

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdbool.h>

struct http_guard {
	bool may_be_private;
	bool is_plain;                  /* the host is written in digits, or is localhost */
	char refused[INET6_ADDRSTRLEN]; /* the address it was not connected to; "" = none */
	bool has_no_descriptor;         /* the process had none left for a connection */
};

/* Watches the connections of easy. Whoever writes a private address in digits, or localhost, means it, unless it is
 * link-local: there, clouds hand out the machine's own credentials. may_be_private allows these, and names as well.
 * guard must live as long as easy. False when libcurl refuses. */
bool http_guard_watch(struct http_guard *guard, CURL *easy, const char *url, bool may_be_private);

/* False for what no public server has: loopback, private, link-local, shared, reserved and multicast addresses, also
 * inside of IPv6. */
bool http_guard_is_public(const struct sockaddr *address);

#endif
