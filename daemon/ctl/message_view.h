/* message_view: what queue and show print of a message. */
#ifndef DEADLINED_CTL_MESSAGE_VIEW_H
#define DEADLINED_CTL_MESSAGE_VIEW_H

#include <jansson.h>
#include <stddef.h>

#include "ctl/output.h"
#include "ctl/turn_view.h"
#include "store/store_message.h"

/* The JSON object of a message, times in the zone of the configuration: id, kind, person, channel, state, reason,
 * attempts, due, not_before, turns_to, turns_at, message_id, last_reply and reminders, an array of {task, occurrence,
 * step}. ahead: turn_view_find() of it. */
json_t *message_view_json(const struct turn_view *turns, const struct store_message *message,
			  const struct turn_ahead *ahead);

/* A table of messages. Returns owned. */
struct output_table *message_view_table(void);
void message_view_add(const struct turn_view *turns, const struct store_message *message,
		      const struct turn_ahead *ahead, struct output_table *table);

#endif
