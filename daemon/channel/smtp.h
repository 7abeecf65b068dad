/* smtp: the channel that sends mail through a server: submission with TLS and a password, or a relay nearby. */
#ifndef DEADLINED_CHANNEL_SMTP_H
#define DEADLINED_CHANNEL_SMTP_H

#include <stddef.h>

#include "channel/channel.h"
#include "channel/smtp_link.h"

/* The table, for the tests of the sample file and the manual. */
extern const struct option smtp_options[];
extern const size_t smtp_n_options;

/* As channel_new(), for type = smtp. */
struct channel *smtp_channel_new(const struct conf *conf, const struct ini_section *section, struct problems *problems);

/* What RFC 5321 4.5.3.2 asks a client to wait. */
struct smtp_limits smtp_limits_default(void);
/* Other limits for the connections to come, as tests of slow servers need. channel must be of smtp_channel_new(). */
void smtp_channel_set_limits(struct channel *channel, const struct smtp_limits *limits);

#endif
