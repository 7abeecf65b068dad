/* smtp_settings: what a [channel NAME] of type smtp says. For smtp.c alone. */
#ifndef DEADLINED_CHANNEL_SMTP_SETTINGS_H
#define DEADLINED_CHANNEL_SMTP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/smtp.h"

enum { SMTP_LOCAL_MAX = 64 }; /* RFC 5321 4.5.3.1.1: bytes before the @ */
enum smtp_tls { SMTP_TLS_REQUIRED, SMTP_TLS_OFF };

struct smtp_channel {
	struct channel channel;
	char *type, *url, *from, *hostname, *username, *password, *ca_file, *list_unsubscribe; /* as configured */
	int tls, html, verp;
	int64_t n_connections;

	char *dial_url; /* url with the EHLO name */
	char *from_name, *from_address, *from_wire;
	struct smtp_server server;
	struct smtp_link **links; /* busy, idle, and those that say QUIT */
	size_t n_links;
	struct smtp_job **queue; /* for the links that become free first; empty when one is idle */
	size_t n_queue;
	bool is_stopping;
	unsigned n_plain; /* messages to come that none follows: one that did was in vain */
};

/* Reads the section into the first members of *smtp, which is zero but for its ops, down to from_wire, and the
 * channel's domain. Problems are added; freed with options_done() and free(). */
void smtp_settings_read(struct smtp_channel *smtp, const struct conf *conf, const struct ini_section *section,
			struct problems *problems);

#endif
