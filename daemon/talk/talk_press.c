/* What a pressed button does. */
#include "store/store_ledger.h"
#include "talk/talk_priv.h"

#include <errno.h>
#include <string.h>

#include "remind/act.h"
#include "remind/reader.h"
#include "store/store_reader.h"
#include "store/store_talk.h"
#include "store/store_task.h"

enum { PRESS_QUESTION_S = 86400 };

/* A button that may be pressed: everything it speaks of is there. */
struct talk_pressed {
	const struct talk_data *data;
	struct task *task;
	struct task shown; /* the same with the period of the occurrence; borrowed */
	struct pick pick;
	struct talk_part part;
};

static int talk_toast_about(struct talk_ear *ear, enum phrase phrase, const struct task *task,
			    const struct period *date)
{
	talk_toast(ear, &(struct talk_words){.phrase = phrase, .task = task, .date = date});
	return 0;
}

/* ---- done, acknowledged ------------------------------------------------------------------------------------------- */

static int talk_press_done(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	int status = act_close(ear->talk->store, pressed->task, &pressed->pick, "done", err);
	return status < 0 ? status : talk_toast_about(ear, PHRASE_DONE, &pressed->shown, NULL);
}

static bool talk_is_late(const struct talk_ear *ear, const struct talk_pressed *pressed)
{
	const struct zone *zone = zone_find(pressed->task->zone);
	return period_end_utc(&pressed->pick.period, zone != NULL ? zone : ear->talk->default_zone) <= ear->now_utc;
}

/* Whoever says early that they have seen it must still hear when it is late. */
static int talk_press_seen(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	bool is_new = false;
	int status =
		store_seen_note(ear->talk->store, pressed->task->uid, pressed->pick.key, ear->self.id, &is_new, err);
	return status < 0 ? status
			  : talk_toast_about(ear, is_new ? PHRASE_SEEN : PHRASE_ALREADY_ACKNOWLEDGED, &pressed->shown,
					     NULL);
}

static int talk_press_ack(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	struct store *store = ear->talk->store;
	bool is_known = false;
	if (!talk_is_late(ear, pressed))
		return talk_press_seen(ear, pressed, err);
	int status = store_is_acknowledged(store, pressed->task->id, pressed->pick.key, &is_known, err);
	if (status == 0 && !is_known)
		status = store_acknowledge(store, pressed->task->id, pressed->pick.key, err);
	if (status < 0)
		return status;
	return talk_toast_about(ear, is_known ? PHRASE_ALREADY_ACKNOWLEDGED : PHRASE_ACKNOWLEDGED, &pressed->shown,
				NULL);
}

/* ---- tomorrow, next week ------------------------------------------------------------------------------------------ */

/* The next working morning, or the first one after the reader's Sunday. */
static int64_t talk_morning(const struct reader *reader, bool is_next_week, int64_t now_utc)
{
	int64_t from_utc = now_utc;
	if (is_next_week) {
		struct civil today = zone_to_civil(reader->time.zone, now_utc);
		struct civil sunday = civil_add_days(&today, 7 - civil_weekday(&today));
		sunday.hour = 12;
		from_utc = zone_to_utc(reader->time.zone, &sunday);
	}
	return hours_tomorrow_morning_utc(&reader->time, from_utc);
}

static int talk_press_put_off(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	const struct talk *talk = ear->talk;
	const struct talk_part *part = &pressed->part;
	struct reader reader;
	int64_t snoozed_utc = 0;
	if (zone_find(pressed->task->zone) == NULL)
		return talk_toast_about(ear, PHRASE_NO_SENSE, NULL, NULL);
	reader_init(&reader, &part->reader, talk->planner->calendars, talk->default_zone);
	int64_t until_utc = talk_morning(&reader, pressed->data->verb == TALK_NEXT_WEEK, ear->now_utc);
	int status =
		store_snoozed_until(talk->store, pressed->task->id, part->reader.id, ear->now_utc, &snoozed_utc, err);
	if (status == 0 && snoozed_utc != until_utc)
		status = act_snooze(talk->planner, talk->store, pressed->task, pressed->pick.key, &part->person,
				    part->reader.id, reader.time.zone, until_utc, ear->now_utc, err);
	if (status < 0)
		return status;
	struct civil moment = zone_to_civil(reader.time.zone, until_utc);
	const struct period date = {.has_start = true, .start = moment, .end = moment, .precision = PERIOD_MINUTE};
	return talk_toast_about(ear, snoozed_utc != until_utc ? PHRASE_PUT_OFF : PHRASE_ALREADY_PUT_OFF,
				&pressed->shown, &date);
}

/* ---- the date ----------------------------------------------------------------------------------------------------- */

static int talk_ask(struct talk_ear *ear, const struct talk_pressed *pressed, bool *ret_is_new, struct err *err)
{
	struct store *store = ear->talk->store;
	struct store_question question = {.task = pressed->task->id}, asked;
	(void)memcpy(question.occurrence, pressed->pick.key, sizeof(question.occurrence));
	int status = store_question_load(store, ear->self.id, ear->channel, ear->now_utc, &asked, err);
	if (status < 0)
		return status;
	*ret_is_new = asked.task != question.task || strcmp(asked.occurrence, question.occurrence) != 0;
	return store_question_set(store, ear->self.id, ear->channel, &question, ear->now_utc + PRESS_QUESTION_S, err);
}

static int talk_press_set_date(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	bool is_new = false;
	int status = talk_ask(ear, pressed, &is_new, err);
	if (status == 0 && is_new)
		status = talk_answer(ear, &(struct talk_words){.phrase = PHRASE_ASK_DATE, .task = &pressed->shown},
				     NULL, err);
	return status < 0 ? status : talk_toast_about(ear, PHRASE_WRITE_DATE, &pressed->shown, NULL);
}

static int talk_press_no(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	bool is_new = false;
	int status = talk_ask(ear, pressed, &is_new, err);
	return status < 0 ? status : talk_toast_about(ear, PHRASE_ANOTHER_DATE, &pressed->shown, NULL);
}

static int talk_press_yes(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	struct store *store = ear->talk->store;
	const struct period *date = &pressed->data->date;
	if (!talk_date_is_exact(date))
		return talk_toast_about(ear, PHRASE_NO_SENSE, NULL, NULL);
	int status = act_move(store, pressed->task, &pressed->pick, date, ear->now_utc, err);
	if (status == -EEXIST && task_repeats(pressed->task))
		return talk_press_no(ear, pressed, err);
	if (status == 0)
		status = store_question_end(store, ear->self.id, ear->channel, err);
	return status < 0 ? status : talk_toast_about(ear, PHRASE_DATE_SET, &pressed->shown, date);
}

/* ---- all of them -------------------------------------------------------------------------------------------------- */

static int talk_press_verb(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	switch (pressed->data->verb) {
	case TALK_DONE:
		return talk_press_done(ear, pressed, err);
	case TALK_ACK:
		return talk_press_ack(ear, pressed, err);
	case TALK_TOMORROW:
	case TALK_NEXT_WEEK:
		return talk_press_put_off(ear, pressed, err);
	case TALK_SET_DATE:
		return talk_press_set_date(ear, pressed, err);
	case TALK_YES:
		return talk_press_yes(ear, pressed, err);
	case TALK_NO:
		return talk_press_no(ear, pressed, err);
	}
	return 0;
}

static int talk_press_open(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	enum talk_verb verb = pressed->data->verb;
	bool is_about_date = verb == TALK_SET_DATE || verb == TALK_YES || verb == TALK_NO;
	enum talk_room room = TALK_ROOM;
	if (is_about_date && !period_is_window(&pressed->pick.period))
		return talk_toast_about(ear, PHRASE_DATE_KNOWN, &pressed->shown, NULL);
	int status = talk_count_press(ear, &room, err);
	if (status < 0)
		return status;
	return room != TALK_ROOM ? talk_toast_about(ear, PHRASE_ENOUGH, &pressed->shown, NULL)
				 : talk_press_verb(ear, pressed, err);
}

/* The button speaks of a date that is no more: it was moved, perhaps by pressing this very button before. */
static int talk_press_moved(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	char key[PERIOD_KEY_SIZE];
	int status = -ENOENT;
	if (pressed->data->verb == TALK_YES) {
		period_key(&pressed->data->date, key);
		status = pick_by_key(ear->talk->store, pressed->task, key, &pressed->pick, err);
	}
	if (status == -ENOENT)
		return talk_toast_about(ear, PHRASE_DATE_CHANGED, pressed->task, NULL);
	if (status < 0)
		return status;
	pressed->shown = *pressed->task;
	pressed->shown.period = pressed->pick.period;
	return talk_toast_about(ear, PHRASE_DATE_KNOWN, &pressed->shown, NULL);
}

/* The date that the button speaks of, as far as it still is one. */
static int talk_press_date(struct talk_ear *ear, struct talk_pressed *pressed, struct err *err)
{
	int status = pick_by_key(ear->talk->store, pressed->task, pressed->data->occurrence, &pressed->pick, err);
	if (status == -ENOENT)
		return talk_press_moved(ear, pressed, err);
	if (status == -EINVAL)
		return talk_toast_about(ear, PHRASE_NO_SENSE, NULL, NULL);
	if (status < 0)
		return status;
	pressed->shown = *pressed->task;
	pressed->shown.period = pressed->pick.period;
	return pressed->pick.is_open ? talk_press_open(ear, pressed, err)
				     : talk_toast_about(ear, PHRASE_ALREADY_CLOSED, &pressed->shown, NULL);
}

static int talk_press_task(struct talk_ear *ear, const struct talk_data *data, struct task *task, struct err *err)
{
	struct talk_pressed pressed = {.data = data, .task = task};
	int status = talk_part_find(ear->talk, &ear->actors, task->id, ear->now_utc, &pressed.part, err);
	if (status < 0)
		return status;
	/* Whoever has no part in a task does not learn that there is one. */
	if (!pressed.part.is_there)
		status = talk_toast_about(ear, PHRASE_GONE, NULL, NULL);
	else if (!pressed.part.may_act)
		status = talk_toast_about(ear, PHRASE_ONLY_LOOK, task, NULL);
	else if (strcmp(task->status, "done") == 0)
		status = talk_toast_about(ear, PHRASE_ALREADY_DONE, task, NULL);
	else if (strcmp(task->status, "cancelled") == 0)
		status = talk_toast_about(ear, PHRASE_ALREADY_CANCELLED, task, NULL);
	else
		status = talk_press_date(ear, &pressed, err);
	talk_part_done(&pressed.part);
	return status;
}

int talk_press(struct talk_ear *ear, struct err *err)
{
	struct talk_data data;
	struct task task;
	if (!talk_data_parse(ear->update->text, &data))
		return talk_toast_about(ear, PHRASE_NO_SENSE, NULL, NULL);
	int status = store_task_load(ear->talk->store, data.task, &task, err);
	if (status == -ENOENT || status == -EUCLEAN)
		return talk_toast_about(ear, PHRASE_GONE, NULL, NULL);
	if (status < 0)
		return status;
	status = talk_press_task(ear, &data, &task, err);
	task_done(&task);
	return status;
}
