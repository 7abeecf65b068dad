/* message_view: what queue and show print of a message. */
#ifndef DEADLINED_CTL_MESSAGE_VIEW_H
#define DEADLINED_CTL_MESSAGE_VIEW_H

#include <jansson.h>
#include <stddef.h>

#include "ctl/output.h"
#include "ctl/session.h"
#include "store/store_message.h"

/* The JSON object of a message, times in the zone of the configuration: id, kind, person, channel, state, reason,
 * attempts, due, not_before, message_id, last_reply and reminders, an array of {task, occurrence, step}. */
json_t *message_view_json(const struct session *session, const struct store_message *message);

/* A table of messages. Returns owned. */
struct output_table *message_view_table(void);
void message_view_add(const struct session *session, const struct store_message *message, struct output_table *table);

#endif
