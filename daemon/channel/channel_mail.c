#include "channel/channel_mail.h"

struct mail channel_mail(const struct channel *channel, const struct channel_message *message)
{
	return (struct mail){
		.to_name = message->to_name,
		.to_address = message->to_address,
		.subject = message->subject,
		.text = message->text,
		.html = message->html,
		.calendar = message->calendar,
		.calendar_method = message->calendar_method,
		.reply_to_name = message->reply_to_name,
		.reply_to_address = message->reply_to_address,
		.list_domain = channel->domain,
		.is_urgent = message->is_urgent,
		.language = message->language,
		.message_id = message->message_id,
		.thread_id = message->thread_id,
		.date_utc = message->date_utc,
		.date_offset_s = message->date_offset_s,
	};
}
