/* The text of a letter, in its reader's language. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "remind/reader.h"
#include "service/letter_priv.h"

/* Whether the reader is told of the calendar's days off as of their own: it is the one they name or, do they name none, that
 * of where they live. */
static bool letter_is_shared(const struct setup *setup, const struct reader *reader, const struct calendar *there)
{
	if (reader->time.calendar != NULL)
		return reader->time.calendar == there;
	return there != NULL && calendars_of_zone(setup->calendars, reader->person->zone) == there;
}

/* The one in which the letter will be written. */
static const char *letter_language(const struct setup *setup, const struct person *reader)
{
	struct catalog_choice choice;
	bool has_one = catalog_choose(setup->catalog, "reminder", reader->language, setup->conf->language, &choice);
	return has_one ? language_tag(choice.language) : reader->language;
}

/* Why the deadline's day is no working day at the event's and at the reader's place. */
static void letter_find_holidays(const struct setup *setup, const struct reader *reader, const char *language,
				 struct letter_item *item)
{
	const struct period *period = &item->task.period;
	const struct calendar *here = reader->time.calendar;
	const struct calendar *there =
		setup->calendars == NULL ? NULL : calendars_of_zone(setup->calendars, item->task.zone);
	if (period->precision != PERIOD_MINUTE && period->precision != PERIOD_DAY)
		return;
	item->is_holiday_shared = letter_is_shared(setup, reader, there);
	item->holiday_event = there != NULL ? calendar_holiday_name(there, &period->end, language) : NULL;
	item->holiday_reader =
		here != NULL && here != there ? calendar_holiday_name(here, &period->end, language) : NULL;
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
			.old_period = item->has_old_period ? &item->old_period : NULL,
			.holiday_event = item->holiday_event,
			.holiday_reader = item->holiday_reader,
			.is_holiday_shared = item->is_holiday_shared,
			.deputy_for = item->deputy_for,
			.n_overdue_dates = item->n_overdue_dates,
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

/* The reader gets it all the same; the operator reads why it looks as it does. */
static void letter_log_problem(const struct letter *letter, const struct compose_text *text, const char *uid,
			       const struct err *problem)
{
	bool is_built_in = strcmp(text->language, "und") == 0;
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
		.person = &letter->row.reader,
		.default_language = setup->conf->language,
		.now_utc = now_utc,
		.notice = letter->notice,
		.wants_html = wants_html,
	};
	compose(setup->catalog, &facts, &letter->text, &problem);
	letter_log_problem(letter, &letter->text, NULL, &problem);
}

/* The hold explains the delay: it began when the step was due, and the message left soon after its end. */
static bool letter_is_held(const struct letter *letter, int64_t now_utc)
{
	const struct store_letter *row = &letter->row;
	bool is_single = strcmp(row->kind, "single") == 0, is_merged = strcmp(row->kind, "merged") == 0;
	bool was_held = is_merged || (is_single && row->n_parts > 0 && row->parts[0].reminder.held != NULL);
	return was_held && now_utc - row->due_utc <= CONTEXT_LATE_S;
}

/* What ended is that date alone: the task goes on, if only with the first date of what repeated. */
static bool letter_is_one_date(const struct letter_item *item)
{
	return (task_repeats(&item->task) || item->is_cancelled) && !item->is_gone &&
	       strcmp(item->task.status, "open") == 0;
}

static void letter_compose_tasks(const struct setup *setup, const struct channel *channel, struct letter *letter,
				 int64_t now_utc)
{
	struct err problem = {0};
	struct reader reader;
	bool is_single = strcmp(letter->row.kind, "single") == 0;
	const char *language = letter_language(setup, &letter->row.reader);
	reader_init(&reader, &letter->row.reader, setup->calendars, setup->zone);
	for (size_t i = 0; i < letter->n_items; i++)
		letter_find_holidays(setup, &reader, language, &letter->items[i]);

	struct compose_item *items = letter_compose_items(letter);
	struct compose_unreachable *unreachable = letter_compose_unreachable(letter);
	const struct letter_item *first = &letter->items[0];
	struct compose_facts facts = {
		.kind = is_single ? first->kind : letter->row.kind,
		.task = is_single ? &first->task : NULL,
		.person = &letter->row.reader,
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
		.old_period = items[0].old_period,
		.holiday_event = first->holiday_event,
		.holiday_reader = first->holiday_reader,
		.is_holiday_shared = first->is_holiday_shared,
		.deputy_for = first->deputy_for,
		.closed_how = first->closing.action,
		.closed_by = first->closing.who,
		.closed_utc = first->closing.at_utc,
		.is_one_date = letter_is_one_date(first),
		.is_held = letter_is_held(letter, now_utc),
		.wants_html = channel != NULL && channel->wants_html,
		.text_max = channel != NULL ? channel->text_max : 0,
		.text_unit = channel != NULL ? channel->text_unit : UTF8_BYTES,
	};
	(void)memcpy(facts.n_left_out, letter->n_left_out, sizeof(facts.n_left_out));
	compose(setup->catalog, &facts, &letter->text, &problem);
	free(unreachable);
	free(items);
	letter_log_problem(letter, &letter->text, first->task.uid, &problem);
}

/* That one task is over. */
static struct compose_text letter_compose_end(const struct setup *setup, const struct letter *letter,
					      const struct letter_item *item, int64_t now_utc)
{
	struct err problem = {0};
	struct compose_text text = {0};
	const struct compose_facts facts = {
		.kind = "closed",
		.task = &item->task,
		.person = &letter->row.reader,
		.default_language = setup->conf->language,
		.step = item->step,
		.now_utc = now_utc,
		.channel = letter->row.channel,
		.deputy_for = item->deputy_for,
		.closed_how = item->closing.action,
		.closed_by = item->closing.who,
		.closed_utc = item->closing.at_utc,
		.is_one_date = letter_is_one_date(item),
	};
	compose(setup->catalog, &facts, &text, &problem);
	letter_log_problem(letter, &text, item->task.uid, &problem);
	return text;
}

/* In a message as a messenger shows it: one after the other, what ended last is its headline. */
static void letter_compose_ends(const struct setup *setup, struct letter *letter, int64_t now_utc)
{
	letter->text = letter_compose_end(setup, letter, &letter->items[0], now_utc);
	for (size_t i = 1; i < letter->n_items; i++) {
		struct compose_text more = letter_compose_end(setup, letter, &letter->items[i], now_utc);
		char *both = mem_printf("%s\n%s\n%s", letter->text.text, more.subject, more.text);
		free(letter->text.text);
		letter->text.text = both;
		compose_text_done(&more);
	}
}

void letter_compose(const struct setup *setup, const struct channel *channel, struct letter *letter, int64_t now_utc)
{
	if (letter->answer.subject != NULL)
		letter_take_answer(letter);
	else if (letter->notice != NULL)
		letter_compose_notice(setup, letter, now_utc, channel != NULL && channel->wants_html);
	else if (letter->is_closed)
		letter_compose_ends(setup, letter, now_utc);
	else
		letter_compose_tasks(setup, channel, letter, now_utc);
}
