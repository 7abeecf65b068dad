/* What a button carries, and which buttons there are. */
#include "talk/talk_priv.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "remind/pick.h"
#include "store/store_reader.h"
#include "store/store_task.h"

enum { BUTTON_NUMBER_SIZE = 20 };

/* ---- the data ----------------------------------------------------------------------------------------------------- */

/* The next word, which one blank or the end follows; false when there is none, or it is longer than fits. */
static bool talk_take_word(const char **text, char *word, size_t size)
{
	size_t len = strcspn(*text, " ");
	if (len == 0 || len >= size)
		return false;
	(void)memcpy(word, *text, len);
	word[len] = '\0';
	*text += len + ((*text)[len] == ' ');
	return true;
}

static bool talk_is_key(const char *key)
{
	return key[strspn(key, "0123456789-:T/.")] == '\0';
}

bool talk_data_parse(const char *text, struct talk_data *ret_data)
{
	static const char verbs[] = {TALK_DONE,     TALK_ACK, TALK_TOMORROW, TALK_NEXT_WEEK,
				     TALK_SET_DATE, TALK_YES, TALK_NO};
	struct talk_data data = {0};
	char number[BUTTON_NUMBER_SIZE], date[PERIOD_KEY_SIZE];
	if (strlen(text) > TALK_DATA_MAX || text[0] == '\0' || memchr(verbs, text[0], sizeof(verbs)) == NULL ||
	    text[1] != ' ')
		return false;
	data.verb = (enum talk_verb)text[0];
	text += 2;
	if (!talk_take_word(&text, number, sizeof(number)) ||
	    !talk_take_word(&text, data.occurrence, sizeof(data.occurrence)) || !talk_is_key(data.occurrence) ||
	    num_parse(number, 1, INT64_MAX, &data.task, NULL) < 0)
		return false;
	if (data.verb == TALK_YES &&
	    (!talk_take_word(&text, date, sizeof(date)) || !period_parse_key(date, &data.date)))
		return false;
	if (*text != '\0')
		return false;
	*ret_data = data;
	return true;
}

/* ---- lists of buttons --------------------------------------------------------------------------------------------- */

void talk_buttons_done(struct talk_buttons *buttons)
{
	for (size_t i = 0; i < buttons->n; i++)
		free(buttons->items[i].label);
	*buttons = (struct talk_buttons){0};
}

static void talk_buttons_put(struct talk_buttons *buttons, char *label, const char *data)
{
	if (buttons->n == TALK_BUTTONS_MAX || strlen(data) > TALK_DATA_MAX) {
		free(label);
		return;
	}
	struct talk_button *button = &buttons->items[buttons->n++];
	button->label = label;
	(void)snprintf(button->data, sizeof(button->data), "%s", data);
}

void talk_buttons_add(struct talk_buttons *buttons, char *label, const struct talk_data *data)
{
	char date[PERIOD_KEY_SIZE] = "";
	if (data->verb == TALK_YES)
		period_key(&data->date, date);
	char *text = mem_printf("%c %lld %s%s%s", (char)data->verb, (long long)data->task, data->occurrence,
				date[0] != '\0' ? " " : "", date);
	talk_buttons_put(buttons, label, text);
	free(text);
}

char *talk_buttons_print(const struct talk_buttons *buttons)
{
	json_t *list = json_array();
	for (size_t i = 0; i < buttons->n; i++)
		json_array_append_new(list, json_pack("[ss]", buttons->items[i].label, buttons->items[i].data));
	char *text = buttons->n > 0 ? json_dumps(list, JSON_COMPACT) : mem_dup("");
	json_decref(list);
	if (text == NULL)
		mem_lack();
	return text;
}

void talk_buttons_parse(const char *text, struct talk_buttons *ret_buttons)
{
	json_t *list = json_loads(text, 0, NULL), *row;
	size_t i;
	*ret_buttons = (struct talk_buttons){0};
	json_array_foreach(list, i, row)
	{
		const char *label = json_string_value(json_array_get(row, 0));
		const char *data = json_string_value(json_array_get(row, 1));
		if (label != NULL && data != NULL)
			talk_buttons_put(ret_buttons, mem_dup(label), data);
	}
	json_decref(list);
}

/* ---- under a message ---------------------------------------------------------------------------------------------- */

static int talk_fill(const struct talk *talk, const struct person *reader, const struct task *task, const char *key,
		     int64_t now_utc, struct talk_buttons *buttons, struct err *err)
{
	bool is_acknowledged = false;
	int status = store_is_acknowledged(talk->store, task->id, key, &is_acknowledged, err);
	if (status < 0)
		return status;
	const struct {
		enum talk_verb verb;
		enum phrase label;
		bool is_there;
	} rows[TALK_BUTTONS_MAX] = {
		{TALK_DONE, PHRASE_BUTTON_DONE, true},
		{TALK_ACK, PHRASE_BUTTON_ACK, !is_acknowledged},
		{TALK_TOMORROW, PHRASE_BUTTON_TOMORROW, true},
		{TALK_NEXT_WEEK, PHRASE_BUTTON_NEXT_WEEK, true},
		{TALK_SET_DATE, PHRASE_BUTTON_SET_DATE, period_is_window(&task->period)},
	};
	for (size_t i = 0; i < TALK_BUTTONS_MAX; i++) {
		struct talk_data data = {.verb = rows[i].verb, .task = task->id};
		(void)snprintf(data.occurrence, sizeof(data.occurrence), "%s", key);
		if (rows[i].is_there)
			talk_buttons_add(buttons, talk_label(talk, reader, rows[i].label, now_utc), &data);
	}
	return 0;
}

/* task has the period of the occurrence, by which it cannot be looked for in its series. */
static int talk_is_open(struct store *store, int64_t id, const char *key, bool *ret_is, struct err *err)
{
	struct task task;
	struct pick pick;
	struct err none; /* that there is no such date, or task, is an answer */
	*ret_is = false;
	int status = store_task_load(store, id, &task, &none);
	if (status == -ENOENT || status == -EUCLEAN)
		return 0;
	if (status == 0) {
		status = pick_by_key(store, &task, key, &pick, &none);
		*ret_is = status == 0 && pick.is_open;
		task_done(&task);
	}
	if (status == -ENOENT || status == -EINVAL)
		return 0;
	return status < 0 ? err_set(err, status, "%s", none.text) : 0;
}

int talk_buttons(const struct talk *talk, const struct person *reader, const struct task *task, const char *occurrence,
		 int64_t now_utc, struct talk_buttons *ret_buttons, struct err *err)
{
	struct strlist actors = {0};
	struct talk_part part = {0};
	struct talk_buttons buttons = {0};
	bool is_open = false;
	strlist_add(&actors, reader->id, strlen(reader->id));
	int status = talk_part_find(talk, &actors, task->id, now_utc, &part, err);
	if (status == 0 && part.may_act)
		status = talk_is_open(talk->store, task->id, occurrence, &is_open, err);
	if (status == 0 && is_open)
		status = talk_fill(talk, reader, task, occurrence, now_utc, &buttons, err);
	talk_part_done(&part);
	strlist_done(&actors);
	if (status < 0) {
		talk_buttons_done(&buttons);
		return status;
	}
	*ret_buttons = buttons;
	return 0;
}
