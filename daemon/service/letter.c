#include "service/letter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/mail_calendar.h"
#include "service/letter_priv.h"
#include "store/store_ledger.h"
#include "store/store_notice.h"
#include "store/store_occurrence.h"
#include "store/store_shown.h"
#include "store/store_thread.h"

void letter_item_done(struct letter_item *item)
{
	task_done(&item->task);
	strlist_done(&item->responsible);
	store_closing_done(&item->closing);
	free(item->deputy_for);
}

void letter_done(struct letter *letter)
{
	for (size_t i = 0; i < letter->n_items; i++)
		letter_item_done(&letter->items[i]);
	free(letter->items);
	free(letter->gone);
	digest_done(&letter->digest);
	free(letter->notice);
	free(letter->calendar);
	free(letter->thread_remote_id);
	store_reply_done(&letter->reply);
	store_answer_done(&letter->answer);
	talk_buttons_done(&letter->buttons);
	store_letter_done(&letter->row);
	compose_text_done(&letter->text);
	*letter = (struct letter){0};
}

/* ---- its date, for a calendar ------------------------------------------------------------------------------------- */

/* A date of a repeating task that was moved is told by the day that its rule gives it. */
static int letter_ruled_date(struct store *store, const struct letter_item *item, char date[PERIOD_KEY_SIZE],
			     struct err *err)
{
	struct store_occurrence *said = NULL;
	size_t n = 0;
	int status = store_occurrences(store, item->task.id, &said, &n, err);
	(void)snprintf(date, PERIOD_KEY_SIZE, "%s", item->occurrence);
	for (size_t i = 0; i < n && status == 0; i++) {
		char key[PERIOD_KEY_SIZE] = "";
		if (said[i].is_moved)
			period_key(&said[i].period, key);
		if (strcmp(key, item->occurrence) == 0)
			(void)memcpy(date, said[i].date, PERIOD_KEY_SIZE);
	}
	free(said);
	return status;
}

/* Of a letter about one date of one task. */
static int letter_write_calendar(struct store *store, const struct channel *channel, struct letter *letter,
				 int64_t now_utc, struct err *err)
{
	if (letter->n_items != 1 || letter->items[0].occurrence == NULL)
		return 0;
	const struct letter_item *item = &letter->items[0];
	/* What is off while its task is open was one date of several. */
	bool repeats = task_repeats(&item->task) || (item->is_cancelled && task_is_open(&item->task));
	char date[PERIOD_KEY_SIZE];
	int status = 0;
	if (repeats && !item->is_there && !item->is_cancelled)
		return 0;
	if (repeats)
		status = letter_ruled_date(store, item, date, err);
	if (status < 0)
		return status;
	const struct mail_event event = {.task = &item->task,
					 .date = repeats ? date : NULL,
					 .is_cancelled = item->is_cancelled,
					 .organizer_name = channel->sender_name,
					 .organizer_address = channel->sender_address,
					 .instance = store_instance(store),
					 .now_utc = now_utc};
	letter->calendar = mail_calendar(&event);
	letter->calendar_method = letter->calendar != NULL ? mail_calendar_method(&event) : NULL;
	return 0;
}

/* ------------------------------------------------------------------------------------------------------------------- */

/* As it is configured; NULL for one that is there no more. */
static const struct channel *letter_channel(const struct setup *setup, const struct letter *letter)
{
	for (size_t i = 0; i < setup->n_channels; i++)
		if (strcmp(setup->channels[i]->name, letter->row.channel) == 0)
			return setup->channels[i];
	return NULL;
}

/* An answer goes to whose task it is, unless that is the reader. */
static int letter_find_reply(struct store *store, struct letter *letter, struct err *err)
{
	if (letter->n_items != 1)
		return 0;
	int status = store_reply_find(store, letter->items[0].task.id, letter->row.channel, &letter->reply, err);
	if (status == 0 && letter->reply.person != NULL && strcmp(letter->reply.person, letter->row.reader.id) == 0)
		store_reply_done(&letter->reply);
	return status;
}

/* What its channel can use of the rest. */
static int letter_read_more(struct store *store, const struct setup *setup, const struct channel *channel,
			    struct letter *letter, int64_t now_utc, struct err *err)
{
	int status = letter_add_buttons(store, setup, channel, letter, now_utc, err);
	if (status == 0 && channel->wants_reply_to)
		status = letter_find_reply(store, letter, err);
	if (status == 0 && channel->wants_html)
		status = letter_write_calendar(store, channel, letter, now_utc, err);
	if (status == 0 && channel->has_threads)
		status = store_thread_load(store, letter->row.id,
					   person_address(&letter->row.reader, letter->row.channel),
					   &letter->thread_remote_id, err);
	return status;
}

static struct channel_message letter_message(const struct setup *setup, struct letter *letter, int64_t now_utc)
{
	const struct store_letter *row = &letter->row;
	const struct zone *zone = zone_find(row->reader.zone);
	(void)snprintf(letter->key, sizeof(letter->key), "%.*s", (int)strcspn(row->message_id, "@"), row->message_id);
	return (struct channel_message){
		.id = row->id,
		.kind = row->kind,
		.person = row->reader.id,
		.to_address = person_address(&row->reader, row->channel),
		.to_name = row->reader.name,
		.subject = letter->text.subject,
		.text = letter->text.text,
		.html = letter->text.html,
		.calendar = letter->calendar,
		.calendar_method = letter->calendar_method,
		.reply_to_name = letter->reply.name,
		.reply_to_address = letter->reply.address,
		.is_urgent = row->is_urgent,
		.language = letter->text.language,
		.message_id = row->message_id,
		.thread_id = row->thread_id[0] != '\0' ? row->thread_id : NULL,
		.thread_remote_id = letter->thread_remote_id,
		.key = letter->key,
		.attempt = row->attempts,
		.task_uid = letter->n_items == 1 ? letter->items[0].task.uid : NULL,
		.date_utc = now_utc,
		.date_offset_s = zone_offset_s(zone != NULL ? zone : setup->zone, now_utc),
		.buttons = letter->shown_buttons,
		.n_buttons = letter->buttons.n,
	};
}

/* From what was read to the message. */
static int letter_finish(struct store *store, const struct setup *setup, int64_t now_utc, struct letter *letter,
			 struct err *err)
{
	const struct channel *channel = letter_channel(setup, letter);
	int status = channel != NULL ? letter_read_more(store, setup, channel, letter, now_utc, err) : 0;
	if (status < 0)
		return status;
	letter_compose(setup, channel, letter, now_utc);
	letter->message = letter_message(setup, letter, now_utc);
	return 0;
}

int letter_write(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc, struct letter *ret_letter,
		 struct err *err)
{
	*ret_letter = (struct letter){0};
	int status = letter_read(store, setup, id, now_utc, ret_letter, err);
	if (status == 0)
		status = letter_finish(store, setup, now_utc, ret_letter, err);
	if (status < 0)
		letter_done(ret_letter);
	return status;
}

static int letter_read_shown(struct store *store, int64_t id, struct letter *letter, struct err *err)
{
	int status = store_shown_load(store, id, letter->remote_id, err);
	if (status == 0 && letter->remote_id[0] == '\0')
		status = err_set(err, -ENOENT, "message %lld is not shown", (long long)id);
	return status;
}

int letter_write_edit(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc,
		      struct letter *ret_letter, struct err *err)
{
	*ret_letter = (struct letter){0};
	int status = letter_read_shown(store, id, ret_letter, err);
	if (status == 0)
		status = letter_read_gone(store, id, ret_letter, err);
	if (status == 0)
		status = letter_read(store, setup, id, now_utc, ret_letter, err);
	if (status == 0)
		status = letter_update(store, ret_letter, err);
	if (status == 0)
		status = letter_finish(store, setup, now_utc, ret_letter, err);
	if (status < 0) {
		letter_done(ret_letter);
		return status;
	}
	ret_letter->message.act = CHANNEL_EDIT;
	ret_letter->message.remote_id = ret_letter->remote_id;
	return 0;
}
