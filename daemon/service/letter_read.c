/* What a letter is about: its row, its reader, its tasks and what of them the text needs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "remind/occurrences.h"
#include "remind/pick.h"
#include "remind/post.h"
#include "remind/reader.h"
#include "remind/step.h"
#include "service/letter_priv.h"
#include "store/store_person.h"

static const char *letter_step_kind(const char *step)
{
	if (strncmp(step, STORE_STEP_MOVED, strlen(STORE_STEP_MOVED)) == 0)
		return "moved";
	return strncmp(step, STORE_STEP_CANCELLED, strlen(STORE_STEP_CANCELLED)) == 0
		       ? "closed"
		       : step_kind_name(step_text_kind(step));
}

struct letter_item *letter_add_item(struct letter *letter, const struct task *task)
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

/* Who cancelled it, if that is known: the reason is, in any case. */
static int letter_read_closing(struct store *store, struct letter_item *item, const char *date, struct err *err)
{
	int status = store_closing_load(store, item->task.uid, date, &item->closing, err);
	if (status < 0 || (item->closing.action != NULL && strcmp(item->closing.action, "cancel") == 0))
		return status;
	store_closing_done(&item->closing);
	item->closing = (struct store_closing){.action = mem_dup("cancel")};
	return 0;
}

/* The date is not there any more: its key says what it was, should the rule have been cut before it. */
static int letter_read_cancelled(struct store *store, struct letter_item *item, struct err *err)
{
	struct pick pick = {.period = item->task.period};
	int status = pick_by_key(store, &item->task, item->occurrence, &pick, err);
	if (status < 0 && status != -ENOENT && status != -EINVAL)
		return status;
	item->is_cancelled = status == 0 || period_parse_key(item->occurrence, &pick.period);
	item->task.period = pick.period;
	const char *date = status == 0 ? pick.date : item->occurrence;
	return letter_read_closing(store, item, task_repeats(&item->task) ? date : NULL, err);
}

static int letter_read_old_period(struct store *store, const struct letter *letter,
				  const struct store_letter_part *part, struct letter_item *item, struct err *err)
{
	char key[PERIOD_KEY_SIZE];
	int status = store_letter_told_before(store, &letter->row, part, key, err);
	if (status == 0)
		item->has_old_period = period_parse_key(key, &item->old_period);
	return status;
}

static int letter_read_date(struct store *store, struct letter_item *item, struct err *err)
{
	return strcmp(item->kind, "closed") == 0 ? letter_read_cancelled(store, item, err)
						 : occurrences_find(store, &item->task, item->occurrence,
								    &item->is_there, &item->task.period, err);
}

/* The latest step of an occurrence speaks for it. */
static int letter_read_part(struct store *store, struct letter *letter, struct store_letter_part *part, struct err *err)
{
	const struct store_reminder *reminder = &part->reminder;
	int status = 0;
	if (letter_has(letter, reminder))
		return 0;
	struct letter_item *item = letter_add_item(letter, &part->task);
	item->kind = letter_step_kind(reminder->step);
	item->step = reminder->step;
	item->occurrence = reminder->occurrence;
	item->due_utc = reminder->due_utc;
	if (strcmp(item->kind, "moved") == 0)
		status = letter_read_old_period(store, letter, part, item, err);
	part->task = (struct task){0}; /* it is the letter's now */
	if (status == 0)
		status = letter_read_date(store, item, err);
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
	reader_init(&reader, &letter->row.reader, setup->calendars, setup->zone);
	int status = digest_collect(store, &reader, DIGEST_OPENING, now_utc, digest, err);
	if (status < 0)
		return status;
	for (size_t i = 0; i < digest->n_items; i++) {
		struct letter_item *item = letter_add_item(letter, &digest->items[i].task);
		item->section = sections[digest->items[i].section];
		item->n_overdue_dates = digest->items[i].n_overdue_dates;
		digest->items[i].task = (struct task){0}; /* it is the letter's now */
	}
	for (int i = 0; i < DIGEST_SECTION_MAX; i++)
		letter->n_left_out[sections[i]] = digest->n_left_out[i];
	return 0;
}

int letter_read(struct store *store, const struct setup *setup, int64_t id, int64_t now_utc, struct letter *letter,
		struct err *err)
{
	struct store_letter *row = &letter->row;
	int status = store_letter_load(store, id, row, err);
	if (status < 0)
		return status;
	if (person_address(&row->reader, row->channel) == NULL)
		return err_set(err, -ENODATA, "%s has no address on %s any more", row->reader.id, row->channel);
	if (strcmp(row->kind, "notice") == 0)
		return letter_read_notice(store, letter, err);
	if (strcmp(row->kind, "digest") == 0)
		status = letter_read_digest(store, setup, letter, now_utc, err);
	for (size_t i = 0; i < row->n_parts && status == 0; i++)
		status = letter_read_part(store, letter, &row->parts[i], err);
	if (status == 0 && letter->n_items == 0)
		status = err_set(err, -ENOMSG, "nothing is left to say");
	return status;
}
