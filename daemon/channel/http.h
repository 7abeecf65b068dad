/* http: messengers over HTTP, each described by a preset. */
#ifndef DEADLINED_CHANNEL_HTTP_H
#define DEADLINED_CHANNEL_HTTP_H

#include "channel/channel.h"

/* As channel_new(), for type = http. */
struct channel *http_channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems);

#endif
