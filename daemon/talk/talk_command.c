/* What people write: commands, the answer to a question, and everything else. */
#include "store/store_ledger.h"
#include "talk/talk_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "remind/digest.h"
#include "remind/pick.h"
#include "store/store_talk.h"
#include "store/store_task.h"

enum { COMMAND_HINT_S = 3600 };

/* ---- /today, /week ------------------------------------------------------------------------------------------------ */

static const enum compose_section command_sections[DIGEST_SECTION_MAX] = {
	[DIGEST_OVERDUE] = COMPOSE_SECTION_OVERDUE,
	[DIGEST_TODAY] = COMPOSE_SECTION_TODAY,
	[DIGEST_WEEK] = COMPOSE_SECTION_WEEK,
	[DIGEST_OPENING] = COMPOSE_SECTION_OPENING,
};

static int talk_tell_digest(struct talk_ear *ear, const struct digest *digest, struct err *err)
{
	size_t n = digest->n_items;
	struct compose_item *items = mem_zero(n + 1, sizeof(*items));
	for (size_t i = 0; i < n; i++)
		items[i] = (struct compose_item){.task = &digest->items[i].task,
						 .section = command_sections[digest->items[i].section],
						 .n_overdue_dates = digest->items[i].n_overdue_dates};
	struct compose_facts facts = {
		.kind = "digest",
		.person = &ear->self,
		.default_language = ear->talk->default_language,
		.now_utc = ear->now_utc,
		.channel = ear->channel,
		.items = items,
		.n_items = n,
		.text_max = ear->talk->text_max,
		.text_unit = ear->talk->text_unit,
	};
	for (int i = 0; i < DIGEST_SECTION_MAX; i++)
		facts.n_left_out[command_sections[i]] = digest->n_left_out[i];
	int status = talk_answer_facts(ear, &facts, NULL, err);
	free(items);
	return status;
}

/* What is overdue and of today comes first. */
static int talk_tell_days(struct talk_ear *ear, bool is_week, struct err *err)
{
	struct reader reader;
	struct digest digest;
	reader_init(&reader, &ear->self, ear->talk->planner->calendars, ear->talk->default_zone);
	int status = digest_collect(ear->talk->store, &reader, is_week ? DIGEST_OPENING : DIGEST_TODAY, ear->now_utc,
				    &digest, err);
	if (status < 0)
		return status;
	status = digest.n_items == 0 && !is_week
			 ? talk_answer(ear, &(struct talk_words){.phrase = PHRASE_NOTHING_TODAY}, NULL, err)
			 : talk_tell_digest(ear, &digest, err);
	digest_done(&digest);
	return status;
}

static int talk_today(struct talk_ear *ear, const char *operand, struct err *err)
{
	(void)operand;
	return talk_tell_days(ear, false, err);
}

static int talk_week(struct talk_ear *ear, const char *operand, struct err *err)
{
	(void)operand;
	return talk_tell_days(ear, true, err);
}

/* ---- /help -------------------------------------------------------------------------------------------------------- */

static int talk_help(struct talk_ear *ear, const char *operand, struct err *err)
{
	(void)operand;
	return talk_answer(ear, &(struct talk_words){.phrase = PHRASE_HELP}, NULL, err);
}

static int talk_hint(struct talk_ear *ear, struct err *err)
{
	bool is_due = false;
	int status = store_hint_due(ear->talk->store, ear->self.id, ear->channel, ear->now_utc, COMMAND_HINT_S, &is_due,
				    err);
	if (status < 0 || !is_due)
		return status;
	return talk_answer(ear, &(struct talk_words){.phrase = PHRASE_HINT}, NULL, err);
}

/* ---- /task -------------------------------------------------------------------------------------------------------- */

/* By its name in the plan or, failing that, by its number. -ENOENT covers a row that makes no sense, too. */
static int talk_find_task(struct store *store, const char *name, struct task *ret_task, struct err *err)
{
	int64_t id = 0;
	int status = store_task_find(store, name, ret_task, err);
	if (status == -ENOENT && num_parse(name, 1, INT64_MAX, &id, NULL) == 0)
		status = store_task_load(store, id, ret_task, err);
	return status == -EUCLEAN ? -ENOENT : status;
}

static const char *talk_task_kind(const struct task *task, int64_t now_utc)
{
	const struct zone *zone = zone_find(task->zone);
	if (strcmp(task->status, "open") != 0)
		return "closed";
	return zone != NULL && period_end_utc(&task->period, zone) <= now_utc ? "overdue" : "reminder";
}

/* task has the period of the occurrence. */
static int talk_tell_occurrence(struct talk_ear *ear, const struct task *task, struct err *err)
{
	struct store_closing closing = {0};
	struct talk_buttons buttons = {0};
	char key[PERIOD_KEY_SIZE];
	const char *kind = talk_task_kind(task, ear->now_utc);
	period_key(&task->period, key);
	int status = talk_buttons(ear->talk, &ear->self, task, key, ear->now_utc, &buttons, err);
	if (status == 0 && strcmp(kind, "closed") == 0)
		status = store_closing_load(ear->talk->store, task->uid, NULL, &closing, err);
	const struct compose_facts facts = {
		.kind = kind,
		.task = task,
		.person = &ear->self,
		.default_language = ear->talk->default_language,
		.now_utc = ear->now_utc,
		.channel = ear->channel,
		.closed_how = strcmp(task->status, "done") == 0 ? "done" : "cancel",
		.closed_by = closing.who,
		.closed_utc = closing.at_utc,
	};
	if (status == 0)
		status = talk_answer_facts(ear, &facts, &buttons, err);
	store_closing_done(&closing);
	talk_buttons_done(&buttons);
	return status;
}

/* Of a repeating task the date that is on now, or the next one; the last one when none is left. */
static int talk_tell_task(struct talk_ear *ear, struct task *task, struct err *err)
{
	struct pick pick;
	struct err none; /* a date that cannot be told is no error */
	int status = pick_current(ear->talk->store, task, ear->now_utc, &pick, &none);
	if (status == 0)
		task->period = pick.period;
	if (status < 0 && status != -ENOENT && status != -EINVAL)
		return err_set(err, status, "%s", none.text);
	return talk_tell_occurrence(ear, task, err);
}

static int talk_task(struct talk_ear *ear, const char *operand, struct err *err)
{
	struct task task;
	struct talk_part part = {0};
	struct err none; /* that there is no such task is an answer */
	if (operand[0] == '\0')
		return talk_help(ear, operand, err);
	int status = talk_find_task(ear->talk->store, operand, &task, &none);
	if (status < 0 && status != -ENOENT)
		return err_set(err, status, "%s", none.text);
	bool is_found = status == 0;
	status = is_found ? talk_part_find(ear->talk, &ear->actors, task.id, ear->now_utc, &part, err) : 0;
	if (status == 0 && part.is_there)
		status = talk_tell_task(ear, &task, err);
	else if (status == 0) /* whoever has no part in it does not learn that it is there */
		status = talk_answer(ear, &(struct talk_words){.phrase = PHRASE_NO_TASK}, NULL, err);
	talk_part_done(&part);
	if (is_found)
		task_done(&task);
	return status;
}

/* ---- commands ----------------------------------------------------------------------------------------------------- */

bool talk_is_for_another(const struct talk *talk, const char *command)
{
	size_t len = strcspn(command, " \t\r\n"), at = strcspn(command, "@ \t\r\n");
	if (talk->bot == NULL || at == len)
		return false;
	const char *name = command + at + 1;
	return strlen(talk->bot) != len - at - 1 || strncasecmp(name, talk->bot, len - at - 1) != 0;
}

int talk_command(struct talk_ear *ear, const char *text, struct err *err)
{
	static const struct {
		const char *word;
		int (*run)(struct talk_ear *ear, const char *operand, struct err *err);
	} commands[] = {
		{"/today", talk_today}, {"/week", talk_week},  {"/task", talk_task},
		{"/help", talk_help},   {"/start", talk_help},
	};
	enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };
	if (talk_is_for_another(ear->talk, text)) {
		log_debug("channel=%s: a command for another bot than '%s' is left alone", ear->channel,
			  ear->talk->bot);
		return 0;
	}
	size_t len = strcspn(text, "@ \t\r\n"), skip = strcspn(text, " \t\r\n");
	const char *from = text + skip + strspn(text + skip, " \t\r\n");
	char *operand = mem_dup_n(from, strcspn(from, " \t\r\n"));
	size_t i = 0;
	while (i < N_COMMANDS && (strlen(commands[i].word) != len || strncasecmp(commands[i].word, text, len) != 0))
		i++;
	bool is_enough = false;
	int status = talk_is_enough(ear, &is_enough, err);
	if (status == 0 && !is_enough && i < N_COMMANDS)
		status = commands[i].run(ear, operand, err);
	else if (status == 0 && !is_enough && ear->is_private) /* in a group it may be meant for another bot */
		status = talk_hint(ear, err);
	free(operand);
	return status;
}

/* ---- a date ------------------------------------------------------------------------------------------------------- */

static void talk_add_answers(const struct talk_ear *ear, const struct store_question *question,
			     const struct period *date, struct talk_buttons *buttons)
{
	struct talk_data data = {.verb = TALK_YES, .task = question->task, .date = *date};
	(void)memcpy(data.occurrence, question->occurrence, sizeof(data.occurrence));
	talk_buttons_add(buttons, talk_label(ear->talk, &ear->self, PHRASE_BUTTON_YES, ear->now_utc), &data);
	data.verb = TALK_NO;
	talk_buttons_add(buttons, talk_label(ear->talk, &ear->self, PHRASE_BUTTON_NO, ear->now_utc), &data);
}

static int talk_confirm(struct talk_ear *ear, const struct store_question *question, const struct task *task,
			const char *text, struct err *err)
{
	static const enum phrase phrases[] = {
		[TALK_READ_DATE] = PHRASE_CONFIRM_DATE,    [TALK_READ_VAGUE] = PHRASE_VAGUE_DATE,
		[TALK_READ_PAST] = PHRASE_PAST_DATE,       [TALK_READ_WEEKDAY] = PHRASE_WRONG_WEEKDAY,
		[TALK_READ_NOTHING] = PHRASE_UNKNOWN_DATE,
	};
	struct period date = {0};
	struct talk_buttons buttons = {0};
	enum talk_reading reading = talk_date_read(text, &task->period, zone_find(task->zone), ear->now_utc, &date);
	bool is_date = reading == TALK_READ_DATE;
	bool is_told = is_date || reading == TALK_READ_PAST || reading == TALK_READ_WEEKDAY;
	struct talk_words words = {.phrase = phrases[reading], .task = task, .date = is_told ? &date : NULL};
	if (is_date && !talk_date_lies_within(&date, &task->period))
		words.phrase = PHRASE_CONFIRM_OUTSIDE;
	if (is_date)
		talk_add_answers(ear, question, &date, &buttons);
	int status = talk_answer(ear, &words, &buttons, err);
	talk_buttons_done(&buttons);
	return status;
}

/* Whoever was asked is not left without an answer because they asked for much else. */
static int talk_confirm_or_stop(struct talk_ear *ear, const struct store_question *question, const struct task *task,
				const char *text, struct err *err)
{
	enum talk_room room = TALK_ROOM;
	int status = talk_count_press(ear, &room, err);
	if (status < 0 || room == TALK_FULL)
		return status;
	return room == TALK_ROOM ? talk_confirm(ear, question, task, text, err)
				 : talk_answer(ear, &(struct talk_words){.phrase = PHRASE_ENOUGH}, NULL, err);
}

/* Whether the date that was asked for is still to be told; task has its period then. */
static int talk_find_question(struct talk_ear *ear, const struct store_question *question, struct task *task,
			      bool *ret_is_open, struct err *err)
{
	struct talk_part part = {0};
	struct pick pick;
	struct err none; /* that the date is not there any more is no error */
	*ret_is_open = false;
	int status = talk_part_find(ear->talk, &ear->actors, task->id, ear->now_utc, &part, err);
	bool may_act = part.may_act;
	talk_part_done(&part);
	if (status < 0 || !may_act || zone_find(task->zone) == NULL)
		return status;
	status = pick_by_key(ear->talk->store, task, question->occurrence, &pick, &none);
	if (status == -ENOENT || status == -EINVAL)
		return 0;
	if (status < 0)
		return err_set(err, status, "%s", none.text);
	task->period = pick.period;
	*ret_is_open = pick.is_open && period_is_window(&pick.period);
	return 0;
}

static int talk_take_answer(struct talk_ear *ear, const struct store_question *question, const char *text,
			    struct err *err)
{
	struct task task;
	bool is_open = false;
	int status = store_task_load(ear->talk->store, question->task, &task, err);
	if (status < 0 && status != -ENOENT && status != -EUCLEAN)
		return status;
	bool is_there = status == 0;
	status = is_there ? talk_find_question(ear, question, &task, &is_open, err) : 0;
	if (status == 0 && is_open)
		status = talk_confirm_or_stop(ear, question, &task, text, err);
	else if (status == 0)
		status = store_question_end(ear->talk->store, ear->self.id, ear->channel, err);
	if (status == 0 && !is_open)
		status = talk_hint(ear, err);
	if (is_there)
		task_done(&task);
	return status;
}

int talk_listen(struct talk_ear *ear, const char *text, struct err *err)
{
	struct store_question question;
	int status = store_question_load(ear->talk->store, ear->self.id, ear->channel, ear->now_utc, &question, err);
	if (status < 0)
		return status;
	return question.task != 0 ? talk_take_answer(ear, &question, text, err) : talk_hint(ear, err);
}
