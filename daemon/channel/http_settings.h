/* http_settings: what a [channel NAME] of type http says, once its preset is known. For http.c; the addresses at the
 * end for others as well. */
#ifndef DEADLINED_CHANNEL_HTTP_SETTINGS_H
#define DEADLINED_CHANNEL_HTTP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "channel/preset.h"
#include "conf/conf.h"
#include "conf/option.h"
#include "conf/problem.h"

enum { HTTP_FIXED_OPTIONS = 13, HTTP_SETTINGS_MAX = PRESET_NAMES_LIMIT - PRESET_NAME_MAX };

struct http_settings {
	char *type, *preset;                   /* as written */
	char *ca_file;                         /* NULL = the system's certificates alone */
	char *proxy;                           /* "" = none, whatever the environment says */
	char *pinned_key;                      /* NULL = any with a valid certificate */
	char *client_certificate, *client_key; /* paths; NULL = none */
	char *client_key_pem;                  /* the key itself, if it was given by reference */
	int allow_private, updates;            /* 0 = no */
	int64_t connections;
	int64_t timeout_s;
	struct option_rate rate, rate_each;
	char *values[HTTP_SETTINGS_MAX]; /* of the preset's settings, by their index; NULL = none */

	struct option table[HTTP_FIXED_OPTIONS + HTTP_SETTINGS_MAX];
	size_t n_options;
};

/* The preset that the section names, read; NULL when there was a problem. Returns owned. */
struct preset *http_settings_find_preset(const struct conf *conf, const struct ini_section *section,
					 struct problems *problems);

/* Reads the section into *settings, which keeps names of preset. Problems are added. */
void http_settings_read(const struct conf *conf, const struct ini_section *section, const struct preset *preset,
			struct http_settings *settings, struct problems *problems);
/* Frees the content, everything that may be secret overwritten. */
void http_settings_done(struct http_settings *settings);

/* An address that is a secret as a whole may be referred to: puts the secret in the place of the reference, which is
 * freed, and hides it. Errors: those of secret_read(). */
MUSTCHECK int http_resolve_url(const struct conf *conf, char **value, bool *ret_is_secret, struct err *err);
/* Lets the log hide the parts of an address that may be a key. */
void http_hide_parts(const char *url);

#endif
