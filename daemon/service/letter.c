#include "service/letter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/store_person.h"
#include "store/store_task.h"

void letter_done(struct letter *letter)
{
	store_message_done(&letter->row);
	person_done(&letter->person);
	task_done(&letter->task);
	compose_text_done(&letter->text);
	*letter = (struct letter){0};
}

/* The latest step speaks for the message; an overdue one has its own words. */
static const char *letter_kind(const struct store_message *row)
{
	return strncmp(row->reminders[0].step, "overdue ", 8) == 0 ? "overdue" : "reminder";
}

static void letter_compose(const struct setup *setup, struct letter *letter, int64_t now_utc)
{
	struct err problem = {0};
	const struct compose_facts facts = {
		.kind = letter_kind(&letter->row),
		.task = &letter->task,
		.person = &letter->person,
		.default_language = setup->conf->language,
		.step = letter->row.reminders[0].step,
		.due_utc = letter->row.reminders[0].due_utc,
		.now_utc = now_utc,
		.channel = letter->row.channel,
	};
	compose(setup->catalog, &facts, &letter->text, &problem);
	if (problem.text[0] != '\0')
		log_error("message=%lld task=%s: the built-in text is sent: %s", (long long)letter->row.id,
			  letter->task.uid, problem.text);
}

static int letter_read(struct store *store, int64_t id, struct letter *letter, struct err *err)
{
	int status = store_message_load(store, id, &letter->row, err);
	if (status < 0)
		return status;
	if (letter->row.n_reminders == 0)
		return err_set(err, -ENODATA, "nothing is left to say");
	status = store_task_load(store, letter->row.reminders[0].task, &letter->task, err);
	if (status == 0)
		status = store_person_load(store, letter->row.person, &letter->person, err);
	if (status == 0 && person_address(&letter->person, letter->row.channel) == NULL)
		status = err_set(err, -ENODATA, "%s has no address on %s any more", letter->person.id, letter->row.channel);
	return status;
}

int letter_write(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc,
		 struct letter *ret_letter, struct err *err)
{
	*ret_letter = (struct letter){0};
	int status = letter_read(store, id, ret_letter, err);
	if (status < 0) {
		letter_done(ret_letter);
		return status;
	}
	letter_compose(setup, ret_letter, now_utc);

	const struct zone *zone = zone_find(ret_letter->person.zone);
	const struct store_message *row = &ret_letter->row;
	(void)snprintf(ret_letter->key, sizeof(ret_letter->key), "%.*s", (int)strcspn(row->message_id, "@"),
		       row->message_id);
	ret_letter->message = (struct channel_message){
		.id = id,
		.kind = row->kind,
		.person = ret_letter->person.id,
		.to_address = person_address(&ret_letter->person, row->channel),
		.to_name = ret_letter->person.name,
		.subject = ret_letter->text.subject,
		.text = ret_letter->text.text,
		.language = ret_letter->text.language,
		.message_id = row->message_id,
		.thread_id = row->thread_id[0] != '\0' ? row->thread_id : NULL,
		.key = ret_letter->key,
		.task_uid = ret_letter->task.uid,
		.date_utc = now_utc,
		.date_offset_s = zone_offset_s(zone != NULL ? zone : setup->zone, now_utc),
	};
	return 0;
}
