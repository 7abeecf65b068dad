/* certificate: how long the certificate lasts that a server has shown to libcurl, and whether a file holds any. */
#ifndef DEADLINED_CHANNEL_CERTIFICATE_H
#define DEADLINED_CHANNEL_CERTIFICATE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Before the connection: lets libcurl keep what the server shows. False when it refuses. */
bool certificate_watch(CURL *easy);

/* After the handshake: the last instant at which the server's own certificate is valid; 0 when there was no handshake,
 * as on a connection that was kept open, or no TLS. */
int64_t certificate_until_utc(CURL *easy);

/* Whether the file can be read and is PEM with certificates, each of them whole. Errors: -EINVAL, errno of open(2). */
MUSTCHECK int certificate_check_file(const char *path, struct err *err);

#endif
