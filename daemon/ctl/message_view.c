#include "ctl/message_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"

static const char *const message_view_headings[] = {"ID",    "STATE",      "KIND",      "PERSON", "CHANNEL",
						    "TRIES", "NOT BEFORE", "REMINDERS", "WHY"};
enum {
	MESSAGE_VIEW_COLUMNS = sizeof(message_view_headings) / sizeof(message_view_headings[0]),
	MESSAGE_VIEW_REMINDERS_MAX = 64 * 1024,
};

static json_t *message_view_text_or_null(const char *text)
{
	return text[0] != '\0' ? output_json_text(text) : json_null();
}

static json_t *message_view_reminders(const struct store_message *message)
{
	json_t *reminders = json_array();
	for (size_t i = 0; i < message->n_reminders; i++) {
		const struct store_reminder *reminder = &message->reminders[i];
		json_t *object = json_object();
		json_object_set_new(object, "task", output_json_text(reminder->task_uid));
		json_object_set_new(object, "occurrence", output_json_text(reminder->occurrence));
		json_object_set_new(object, "step", output_json_text(reminder->step));
		json_array_append_new(reminders, object);
	}
	return reminders;
}

json_t *message_view_json(const struct turn_view *turns, const struct store_message *message,
			  const struct turn_ahead *ahead)
{
	const struct session *session = turns->session;
	json_t *object = json_object();
	json_object_set_new(object, "id", json_integer(message->id));
	json_object_set_new(object, "kind", output_json_text(message->kind));
	json_object_set_new(object, "person", output_json_text(message->person));
	json_object_set_new(object, "channel", output_json_text(message->channel));
	json_object_set_new(object, "state", json_string(message_state_name(message->state)));
	json_object_set_new(object, "reason", message_view_text_or_null(message->reason));
	json_object_set_new(object, "attempts", json_integer(message->attempts));
	json_object_set_new(object, "due", output_json_time(session->zone, message->due_utc));
	json_object_set_new(object, "not_before", output_json_time(session->zone, message->not_before));
	turn_view_set(turns, ahead, object);
	json_object_set_new(object, "message_id", output_json_text(message->message_id));
	json_object_set_new(object, "last_reply", message_view_text_or_null(message->last_reply));
	json_object_set_new(object, "reminders", message_view_reminders(message));
	return object;
}

struct output_table *message_view_table(void)
{
	return output_table_new(message_view_headings, MESSAGE_VIEW_COLUMNS);
}

void message_view_add(const struct turn_view *turns, const struct store_message *message,
		      const struct turn_ahead *ahead, struct output_table *table)
{
	char id[24], tries[24], not_before[OUTPUT_TIME_SIZE];
	struct buf reminders, why;
	buf_init(&reminders, MESSAGE_VIEW_REMINDERS_MAX);
	buf_init(&why, MESSAGE_VIEW_REMINDERS_MAX);
	(void)snprintf(id, sizeof(id), "%" PRId64, message->id);
	(void)snprintf(tries, sizeof(tries), "%" PRId64, message->attempts);
	output_time(turns->session->zone, message->not_before, not_before);
	for (size_t i = 0; i < message->n_reminders; i++)
		buf_printf(&reminders, "%s%s (%s)", i > 0 ? ", " : "", message->reminders[i].task_uid,
			   message->reminders[i].step);
	buf_printf(&why, "%s%s%s", message->reason,
		   message->reason[0] != '\0' && message->last_reply[0] != '\0' ? ": " : "", message->last_reply);
	turn_view_words(turns, ahead, why.len > 0 ? "; " : "", &why);
	const char *cells[MESSAGE_VIEW_COLUMNS] = {id,
						   message_state_name(message->state),
						   message->kind,
						   message->person,
						   message->channel,
						   tries,
						   not_before,
						   buf_str(&reminders),
						   buf_str(&why)};
	output_table_add(table, cells);
	buf_done(&reminders);
	buf_done(&why);
}
