/* maildir: delivers into a folder on this machine (https://cr.yp.to/proto/maildir.html): for trying out, for archives
 * and for rehearsals.
 *
 * A mail, with this system's line ends, is written and synced under tmp/, then renamed into new/ and the folder synced.
 * Its name is the message's key, so a repeat after a crash finds the mail there and counts as accepted: this channel
 * never delivers twice. */
#ifndef DEADLINED_CHANNEL_MAILDIR_H
#define DEADLINED_CHANNEL_MAILDIR_H

#include <stddef.h>

#include "channel/channel.h"

/* The table, for the tests of the sample file and the manual. */
extern const struct option maildir_options[];
extern const size_t maildir_n_options;

/* As channel_new(), for type = maildir. */
struct channel *maildir_channel_new(const struct conf *conf, const struct ini_section *section,
				    struct problems *problems);

#endif
