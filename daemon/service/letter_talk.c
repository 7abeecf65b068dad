/* What a letter has on a messenger that people answer on: the words of an answer, buttons, and what takes the place of a
 * message whose task has changed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/listen.h"
#include "remind/pick.h"
#include "service/letter_priv.h"
#include "store/store_gone.h"
#include "store/store_ledger.h"
#include "store/store_notice.h"
#include "store/store_shown.h"

/* ---- answers ------------------------------------------------------------------------------------------------------ */

int letter_read_notice(struct store *store, struct letter *letter, struct err *err)
{
	int status = store_notice_load_answer(store, letter->row.id, &letter->answer, err);
	if (status < 0 || letter->answer.subject != NULL)
		return status;
	return store_notice_load(store, letter->row.id, &letter->notice, err);
}

/* Its words were written when it was given. */
void letter_take_answer(struct letter *letter)
{
	letter->text = (struct compose_text){.subject = mem_dup(letter->answer.subject),
					     .text = mem_dup(letter->answer.text),
					     .language = letter->row.reader.language};
}

/* ---- buttons ------------------------------------------------------------------------------------------------------ */

static int letter_read_buttons(struct store *store, const struct setup *setup, struct letter *letter, int64_t now_utc,
			       struct err *err)
{
	const struct talk talk = {.store = store,
				  .catalog = setup->catalog,
				  .default_language = setup->conf->language,
				  .default_zone = setup->zone};
	if (letter->answer.buttons != NULL) {
		talk_buttons_parse(letter->answer.buttons, &letter->buttons);
		return 0;
	}
	if (letter->n_items != 1 || letter->items[0].occurrence == NULL || !letter->items[0].is_there)
		return 0;
	const struct letter_item *item = &letter->items[0];
	return talk_buttons(&talk, &letter->row.reader, &item->task, item->occurrence, now_utc, &letter->buttons, err);
}

int letter_add_buttons(struct store *store, const struct setup *setup, const struct channel *channel,
		       struct letter *letter, int64_t now_utc, struct err *err)
{
	if (!channel->has_buttons || !channel_listens(channel))
		return 0;
	int status = letter_read_buttons(store, setup, letter, now_utc, err);
	for (size_t i = 0; i < letter->buttons.n && status == 0; i++)
		letter->shown_buttons[i] = (struct channel_button){.label = letter->buttons.items[i].label,
								   .data = letter->buttons.items[i].data};
	return status;
}

/* ---- as things stand now ------------------------------------------------------------------------------------------ */

int letter_read_gone(struct store *store, int64_t id, struct letter *letter, struct err *err)
{
	size_t n = 0;
	int status = store_gone_load(store, id, &letter->gone, &n, err);
	for (size_t i = 0; i < n && status == 0; i++) {
		struct letter_item *item = letter_add_item(letter, &letter->gone[i].task);
		item->kind = "closed";
		item->step = "";
		item->occurrence = letter->gone[i].key;
		item->is_gone = true;
	}
	return status;
}

/* The date that the reminder was about, by its key or, when that has changed, by the rule. */
static int letter_pick(struct store *store, const struct letter_item *item, struct pick *ret_pick, struct err *err)
{
	struct civil day;
	char date[CIVIL_DATE_SIZE] = "";
	const char *key = item->occurrence;
	int status = pick_by_key(store, &item->task, key, ret_pick, err);
	if (status != -ENOENT)
		return status;
	if (strncmp(key, "../", 3) == 0)
		key += 3;
	(void)memcpy(date, key, strnlen(key, CIVIL_DATE_SIZE - 1));
	return civil_parse(date, &day, NULL) ? pick_on_day(store, &item->task, &day, ret_pick, err) : -ENOENT;
}

static int letter_update_item(struct store *store, struct letter_item *item, struct err *err)
{
	struct pick pick;
	if (item->is_gone) {
		item->is_over = true;
		return 0;
	}
	int status = letter_pick(store, item, &pick, err);
	item->is_over = status == -ENOENT || status == -EINVAL || (status == 0 && !pick.is_open);
	if (status < 0 || item->is_over)
		return item->is_over ? 0 : status;
	item->is_there = true;
	item->task.period = pick.period;
	if (strcmp(item->kind, "closed") == 0)
		item->kind = "reminder"; /* it was opened again */
	if (strcmp(pick.key, item->occurrence) == 0)
		return 0;
	(void)snprintf(item->new_key, sizeof(item->new_key), "%s", pick.key);
	item->is_moved = true;
	return 0;
}

static void letter_drop_item(struct letter *letter, size_t i)
{
	letter_item_done(&letter->items[i]);
	memmove(&letter->items[i], &letter->items[i + 1], (letter->n_items - i - 1) * sizeof(*letter->items));
	letter->n_items--;
}

/* What the reader has no part in any more is not theirs to know. */
static int letter_drop_strange(struct store *store, struct letter *letter, struct err *err)
{
	int status = 0;
	for (size_t i = letter->n_items; i > 0 && status == 0; i--) {
		bool is_theirs = false;
		if (letter->items[i - 1].is_gone)
			continue;
		status = store_shown_is_theirs(store, letter->row.id, letter->items[i - 1].task.id, &is_theirs, err);
		if (status == 0 && !is_theirs)
			letter_drop_item(letter, i - 1);
	}
	return status == 0 && letter->n_items == 0 ? err_set(err, -ENODATA, "its reader takes no part any more")
						   : status;
}

/* Two dates of a task that has moved ended together. */
static bool letter_is_said(const struct letter *letter, size_t i)
{
	const struct task *task = &letter->items[i].task;
	for (size_t k = 0; k < i && !task_repeats(task); k++)
		if (letter->items[k].task.id == task->id)
			return true;
	return false;
}

/* What ended last comes first. */
static int letter_compare_ends(const void *left, const void *right)
{
	const struct letter_item *a = left, *b = right;
	return (a->closing.line < b->closing.line) - (a->closing.line > b->closing.line);
}

static int letter_close(struct store *store, struct letter *letter, struct err *err)
{
	int status = 0;
	for (size_t i = letter->n_items; i > 0; i--)
		if (letter_is_said(letter, i - 1))
			letter_drop_item(letter, i - 1);
	for (size_t i = 0; i < letter->n_items && status == 0; i++) {
		struct letter_item *item = &letter->items[i];
		const char *date = task_repeats(&item->task) ? item->occurrence : NULL;
		item->kind = "closed";
		item->is_there = false;
		store_closing_done(&item->closing);
		status = store_closing_load(store, item->task.uid, date, &item->closing, err);
	}
	qsort(letter->items, letter->n_items, sizeof(*letter->items), letter_compare_ends);
	letter->is_closed = true;
	return status;
}

static void letter_move_item(struct letter_item *item)
{
	item->kind = "moved";
	item->has_old_period = period_parse_key(item->occurrence, &item->old_period);
	item->occurrence = item->new_key;
}

/* What is over goes, unless nothing else is left: then all of it is said to be over. */
int letter_update(struct store *store, struct letter *letter, struct err *err)
{
	size_t n_open = 0;
	int status = letter_drop_strange(store, letter, err);
	for (size_t i = 0; i < letter->n_items && status == 0; i++) {
		status = letter_update_item(store, &letter->items[i], err);
		n_open += !letter->items[i].is_over;
	}
	if (status < 0)
		return status;
	if (n_open == 0)
		return letter_close(store, letter, err);
	for (size_t i = letter->n_items; i > 0; i--)
		if (letter->items[i - 1].is_over)
			letter_drop_item(letter, i - 1);
	for (size_t i = 0; i < letter->n_items; i++) {
		letter->items[i].due_utc = 0; /* it is told anew, and not late */
		if (letter->items[i].is_moved)
			letter_move_item(&letter->items[i]); /* the array does not move any more */
	}
	return 0;
}
