/* preset_value: the values a template may use that come with a message. */
#ifndef DEADLINED_CHANNEL_PRESET_VALUE_H
#define DEADLINED_CHANNEL_PRESET_VALUE_H

#include "channel/channel.h"
#include "channel/preset_text.h"

/* Sets the names of a message, up to PRESET_CHANNEL; the others have no value then. Everything is borrowed. */
void preset_fill_values(struct preset_values *ret_values, const struct channel_message *message, const char *channel);

#endif
