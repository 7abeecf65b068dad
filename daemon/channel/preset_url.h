/* preset_url: which addresses the daemon may call, and URLs put together from them.
 *
 * https everywhere; http only to this machine itself (127.0.0.0/8, ::1, localhost), for a bot server or relay that runs
 * beside the daemon. */
#ifndef DEADLINED_CHANNEL_PRESET_URL_H
#define DEADLINED_CHANNEL_PRESET_URL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "channel/preset_text.h"

/* True for an absolute URL that may be called; err says what is wrong and what would be right, without the URL when it
 * is_secret. No user name, no fragment, no blanks, the host in ASCII. */
bool preset_url_check(const char *url, bool is_secret, struct err *err);

/* True when a URL that passed the check is http: and so is loopback. */
bool preset_url_is_plain(const char *url);

/* True for a proxy libcurl can use: http, https, socks5 or socks5h; with a user name only when it is_secret. */
bool preset_url_check_proxy(const char *url, bool is_secret, struct err *err);

/* Checks the shape of the template: it starts with a setting of kind url (their numbers: base .. base + n, those with
 * is_url[i]), or with "https://host/"; no name may stand in the host; no "#". Errors: -EINVAL. */
MUSTCHECK int preset_url_check_template(const struct preset_text *text, const bool is_url[PRESET_NAMES_LIMIT],
					struct err *err);

/* Appends the URL: the settings of kind url as they are, everything else percent-encoded. Errors: -EINVAL a value
 * that would change the path ("", "." or "..") stands alone in it. */
MUSTCHECK int preset_url_add(const struct preset_text *text, const struct preset_values *values,
			     const bool is_url[PRESET_NAMES_LIMIT], struct buf *out, struct err *err);

#endif
