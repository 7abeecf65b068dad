#include "service/letter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strlist.h"
#include "message/mail_calendar.h"
#include "remind/occurrences.h"
#include "remind/post.h"
#include "remind/reader.h"
#include "remind/step.h"
#include "store/store_notice.h"
#include "store/store_person.h"
#include "store/store_reader.h"
#include "store/store_task.h"

/* One task of a letter, and what its facts point to. */
struct letter_item {
	struct task task; /* with the period of the occurrence */
	const char *kind;
	const char *step;
	const char *occurrence;
	bool is_there; /* the task still has that date */
	int64_t due_utc;
	enum compose_section section;
	struct strlist responsible;
	char *deputy_for; /* name */
	const char *holiday_event, *holiday_reader;
};

void letter_done(struct letter *letter)
{
	for (size_t i = 0; i < letter->n_items; i++) {
		task_done(&letter->items[i].task);
		strlist_done(&letter->items[i].responsible);
		free(letter->items[i].deputy_for);
	}
	free(letter->items);
	digest_done(&letter->digest);
	free(letter->notice);
	free(letter->calendar);
	store_reply_done(&letter->reply);
	store_message_done(&letter->row);
	person_done(&letter->person);
	compose_text_done(&letter->text);
	*letter = (struct letter){0};
}

/* ---- what it is about --------------------------------------------------------------------------------------------- */

static const char *letter_step_kind(const char *step)
{
	return strncmp(step, POST_MOVED, strlen(POST_MOVED)) == 0 ? "moved" : step_kind_name(step_text_kind(step));
}

static struct letter_item *letter_add_item(struct letter *letter, const struct task *task)
{
	letter->items = mem_grow(letter->items, letter->n_items + 1, sizeof(*letter->items));
	struct letter_item *item = &letter->items[letter->n_items++];
	*item = (struct letter_item){.task = *task};
	return item;
}

/* Names of those whose task it is: a supervisor must know whom to ask. */
static int letter_read_responsible(struct store *store, struct letter_item *item, struct err *err)
{
	struct person *people = NULL;
	size_t n = 0;
	unsigned wanted = ROLE_BIT(ROLE_RESPONSIBLE), all = 0;
	int status = store_person_of_task(store, item->task.id, &people, &n, err);
	for (size_t i = 0; i < n; i++)
		all |= people[i].roles;
	if ((all & wanted) == 0)
		wanted = ROLE_BIT(ROLE_PARTICIPANT);
	for (size_t i = 0; i < n; i++) {
		if ((people[i].roles & wanted) != 0)
			strlist_add(&item->responsible, people[i].name, strlen(people[i].name));
		person_done(&people[i]);
	}
	free(people);
	return status;
}

static int letter_read_deputy(struct store *store, struct letter_item *item, const char *id, struct err *err)
{
	struct person absent;
	int status = store_person_load(store, id, &absent, err);
	if (status < 0)
		return status;
	item->deputy_for = mem_dup(absent.name);
	person_done(&absent);
	return 0;
}

static bool letter_has(const struct letter *letter, const struct store_reminder *reminder)
{
	for (size_t i = 0; i < letter->n_items; i++)
		if (letter->items[i].task.id == reminder->task &&
		    strcmp(letter->items[i].occurrence, reminder->occurrence) == 0)
			return true;
	return false;
}

/* The latest step of an occurrence speaks for it. */
static int letter_read_reminder(struct store *store, struct letter *letter, const struct store_reminder *reminder,
				struct err *err)
{
	struct task task;
	if (letter_has(letter, reminder))
		return 0;
	int status = store_task_load(store, reminder->task, &task, err);
	if (status < 0)
		return status;
	struct letter_item *item = letter_add_item(letter, &task);
	item->kind = letter_step_kind(reminder->step);
	item->step = reminder->step;
	item->occurrence = reminder->occurrence;
	item->due_utc = reminder->due_utc;
	status = occurrences_find(store, &task, reminder->occurrence, &item->is_there, &item->task.period, err);
	if (status == 0 && (strcmp(item->kind, "escalation") == 0 || strcmp(item->kind, "handoff") == 0))
		status = letter_read_responsible(store, item, err);
	if (status == 0 && reminder->deputy_for != NULL)
		status = letter_read_deputy(store, item, reminder->deputy_for, err);
	return status;
}

static int letter_read_digest(struct store *store, const struct setup *setup, struct letter *letter, int64_t now_utc,
			      struct err *err)
{
	static const enum compose_section sections[] = {
		[DIGEST_OVERDUE] = COMPOSE_SECTION_OVERDUE,
		[DIGEST_TODAY] = COMPOSE_SECTION_TODAY,
		[DIGEST_WEEK] = COMPOSE_SECTION_WEEK,
		[DIGEST_OPENING] = COMPOSE_SECTION_OPENING,
	};
	struct reader reader;
	struct digest *digest = &letter->digest;
	reader_init(&reader, &letter->person, setup->calendars, setup->zone);
	int status = digest_collect(store, &reader, now_utc, digest, err);
	if (status < 0)
		return status;
	for (size_t i = 0; i < digest->n_items; i++) {
		struct letter_item *item = letter_add_item(letter, &digest->items[i].task);
		item->section = sections[digest->items[i].section];
		digest->items[i].task = (struct task){0}; /* it is the letter's now */
	}
	return 0;
}

static int letter_read(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc,
		       struct letter *letter, struct err *err)
{
	int status = store_message_load(store, id, &letter->row, err);
	if (status == 0)
		status = store_person_load(store, letter->row.person, &letter->person, err);
	if (status < 0)
		return status;
	if (person_address(&letter->person, letter->row.channel) == NULL)
		return err_set(err, -ENODATA, "%s has no address on %s any more", letter->person.id,
			       letter->row.channel);
	if (strcmp(letter->row.kind, "notice") == 0)
		return store_notice_load(store, id, &letter->notice, err);
	if (strcmp(letter->row.kind, "digest") == 0)
		status = letter_read_digest(store, setup, letter, now_utc, err);
	for (size_t i = 0; i < letter->row.n_reminders && status == 0; i++)
		status = letter_read_reminder(store, letter, &letter->row.reminders[i], err);
	if (status == 0 && letter->n_items == 0)
		status = err_set(err, -ENOMSG, "nothing is left to say");
	return status;
}

/* ---- its text ----------------------------------------------------------------------------------------------------- */

/* Why the deadline's day is no working day at the event's and at the reader's place. */
static void letter_find_holidays(const struct setup *setup, const struct reader *reader, struct letter_item *item)
{
	const struct period *period = &item->task.period;
	const struct calendar *there =
		setup->calendars == NULL ? NULL : calendars_of_zone(setup->calendars, item->task.zone);
	if (period->precision != PERIOD_MINUTE && period->precision != PERIOD_DAY)
		return;
	item->holiday_event = there != NULL ? calendar_holiday(there, &period->end) : NULL;
	item->holiday_reader = reader->time.calendar != NULL && reader->time.calendar != there
				       ? calendar_holiday(reader->time.calendar, &period->end)
				       : NULL;
}

static struct compose_item *letter_compose_items(const struct letter *letter)
{
	struct compose_item *items = mem_zero(letter->n_items, sizeof(*items));
	for (size_t i = 0; i < letter->n_items; i++) {
		const struct letter_item *item = &letter->items[i];
		items[i] = (struct compose_item){
			.task = &item->task,
			.kind = item->kind,
			.step = item->step,
			.due_utc = item->due_utc,
			.section = item->section,
			.responsible = (const char *const *)item->responsible.items,
			.n_responsible = item->responsible.n,
			.holiday_event = item->holiday_event,
			.holiday_reader = item->holiday_reader,
			.deputy_for = item->deputy_for,
		};
	}
	return items;
}

static struct compose_unreachable *letter_compose_unreachable(const struct letter *letter)
{
	const struct digest *digest = &letter->digest;
	struct compose_unreachable *rows = mem_zero(digest->n_unreachable, sizeof(*rows));
	for (size_t i = 0; i < digest->n_unreachable; i++) {
		const struct digest_unreachable *row = &digest->unreachable[i];
		rows[i] = (struct compose_unreachable){row->name, row->channel, row->why, row->is_reached};
	}
	return rows;
}

/* As it is configured; NULL for one that is there no more. */
static const struct channel *letter_channel(const struct setup *setup, const struct letter *letter)
{
	for (size_t i = 0; i < setup->n_channels; i++)
		if (strcmp(setup->channels[i]->name, letter->row.channel) == 0)
			return setup->channels[i];
	return NULL;
}

/* The reader gets it all the same; the operator reads why it looks as it does. */
static void letter_log_problem(const struct letter *letter, const char *uid, const struct err *problem)
{
	bool is_built_in = strcmp(letter->text.language, "und") == 0;
	if (problem->text[0] != '\0')
		log_error("message=%lld%s%s: %s: %s", (long long)letter->row.id, uid != NULL ? " task=" : "",
			  uid != NULL ? uid : "", is_built_in ? "the built-in text is sent" : "a template failed",
			  problem->text);
}

static void letter_compose_notice(const struct setup *setup, struct letter *letter, int64_t now_utc, bool wants_html)
{
	struct err problem = {0};
	const struct compose_facts facts = {
		.kind = "notice",
		.person = &letter->person,
		.default_language = setup->conf->language,
		.now_utc = now_utc,
		.notice = letter->notice,
		.wants_html = wants_html,
	};
	compose(setup->catalog, &facts, &letter->text, &problem);
	letter_log_problem(letter, NULL, &problem);
}

static void letter_compose_tasks(const struct setup *setup, struct letter *letter, int64_t now_utc, bool wants_html)
{
	struct err problem = {0};
	struct reader reader;
	bool is_single = strcmp(letter->row.kind, "single") == 0;
	reader_init(&reader, &letter->person, setup->calendars, setup->zone);
	for (size_t i = 0; i < letter->n_items; i++)
		letter_find_holidays(setup, &reader, &letter->items[i]);

	struct compose_item *items = letter_compose_items(letter);
	struct compose_unreachable *unreachable = letter_compose_unreachable(letter);
	const struct letter_item *first = &letter->items[0];
	const struct compose_facts facts = {
		.kind = is_single ? first->kind : letter->row.kind,
		.task = is_single ? &first->task : NULL,
		.person = &letter->person,
		.default_language = setup->conf->language,
		.step = first->step,
		.due_utc = first->due_utc,
		.now_utc = now_utc,
		.channel = letter->row.channel,
		.items = is_single ? NULL : items,
		.n_items = is_single ? 0 : letter->n_items,
		.unreachable = unreachable,
		.n_unreachable = letter->digest.n_unreachable,
		.responsible = items[0].responsible,
		.n_responsible = items[0].n_responsible,
		.holiday_event = first->holiday_event,
		.holiday_reader = first->holiday_reader,
		.deputy_for = first->deputy_for,
		.is_held = letter->row.n_reminders > 0 && letter->row.reminders[0].held != NULL,
		.wants_html = wants_html,
	};
	compose(setup->catalog, &facts, &letter->text, &problem);
	free(unreachable);
	free(items);
	letter_log_problem(letter, first->task.uid, &problem);
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
static int letter_write_calendar(struct store *store, struct letter *letter, int64_t now_utc, struct err *err)
{
	if (letter->n_items != 1 || letter->items[0].occurrence == NULL)
		return 0;
	const struct letter_item *item = &letter->items[0];
	bool repeats = item->task.rrule[0] != '\0' || item->task.rdate[0] != '\0';
	char date[PERIOD_KEY_SIZE];
	int status = 0;
	if (repeats && !item->is_there)
		return 0;
	if (repeats)
		status = letter_ruled_date(store, item, date, err);
	if (status == 0)
		letter->calendar = mail_calendar(&(struct mail_event){.task = &item->task,
								      .date = repeats ? date : NULL,
								      .instance = store_instance(store),
								      .now_utc = now_utc});
	return status;
}

/* ------------------------------------------------------------------------------------------------------------------- */

/* An answer goes to whose task it is, unless that is the reader. */
static int letter_find_reply(struct store *store, struct letter *letter, struct err *err)
{
	if (letter->n_items != 1)
		return 0;
	int status = store_reply_find(store, letter->items[0].task.id, letter->row.channel, &letter->reply, err);
	if (status == 0 && letter->reply.person != NULL && strcmp(letter->reply.person, letter->person.id) == 0)
		store_reply_done(&letter->reply);
	return status;
}

/* What its channel can use of the rest. */
static int letter_read_more(struct store *store, const struct channel *channel, struct letter *letter, int64_t now_utc,
			    struct err *err)
{
	int status = 0;
	if (channel != NULL && channel->wants_reply_to)
		status = letter_find_reply(store, letter, err);
	if (status == 0 && channel != NULL && channel->wants_html)
		status = letter_write_calendar(store, letter, now_utc, err);
	return status;
}

int letter_write(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc, struct letter *ret_letter,
		 struct err *err)
{
	*ret_letter = (struct letter){0};
	int status = letter_read(store, setup, id, now_utc, ret_letter, err);
	const struct channel *channel = status == 0 ? letter_channel(setup, ret_letter) : NULL;
	if (status == 0)
		status = letter_read_more(store, channel, ret_letter, now_utc, err);
	if (status < 0) {
		letter_done(ret_letter);
		return status;
	}
	bool wants_html = channel != NULL && channel->wants_html;
	if (ret_letter->notice != NULL)
		letter_compose_notice(setup, ret_letter, now_utc, wants_html);
	else
		letter_compose_tasks(setup, ret_letter, now_utc, wants_html);

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
		.html = ret_letter->text.html,
		.calendar = ret_letter->calendar,
		.calendar_method =
			ret_letter->calendar != NULL ? mail_calendar_method(&ret_letter->items[0].task) : NULL,
		.reply_to_name = ret_letter->reply.name,
		.reply_to_address = ret_letter->reply.address,
		.is_urgent = row->is_urgent,
		.language = ret_letter->text.language,
		.message_id = row->message_id,
		.thread_id = row->thread_id[0] != '\0' ? row->thread_id : NULL,
		.key = ret_letter->key,
		.attempt = row->attempts,
		.task_uid = ret_letter->n_items == 1 ? ret_letter->items[0].task.uid : NULL,
		.date_utc = now_utc,
		.date_offset_s = zone_offset_s(zone != NULL ? zone : setup->zone, now_utc),
	};
	return 0;
}
