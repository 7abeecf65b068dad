/* pipe: each message goes to a program of the administrator's, on its standard input. */
#ifndef DEADLINED_CHANNEL_PIPE_H
#define DEADLINED_CHANNEL_PIPE_H

#include "channel/channel.h"

/* As channel_new(), for type = pipe. */
struct channel *pipe_channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems);

#endif
