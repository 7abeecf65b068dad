/* channel_mail: a message as the mail that is built of it, for the channels that carry mail. */
#ifndef DEADLINED_CHANNEL_CHANNEL_MAIL_H
#define DEADLINED_CHANNEL_CHANNEL_MAIL_H

#include "channel/channel.h"
#include "message/mail.h"

/* Everything in it is borrowed of the channel and the message. Whom it is from, and where its reader can unsubscribe,
 * is for the caller to set. */
struct mail channel_mail(const struct channel *channel, const struct channel_message *message);

#endif
