#include "message/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "message/context_priv.h"

enum { CONTEXT_HEADLINE_MAX = 100 }; /* bytes of a subject */
enum {
	CONTEXT_LATE_S = 3600,   /* a message that comes later than this says so */
	CONTEXT_CATCH_UP_S = 60, /* and one of which it is known that it was held or missed */
};

const char *const context_names[] = {
	/* clang-format off */
	/* a task */
	"title", "place", "note", "uid", "step", "responsible", "deputy_for", "old_period", "holiday_event",
	"holiday_reader", "event_period", "event_zone", "event_offset", "your_period", "your_zone", "your_offset",
	"starts_on", "starts_in", "ends_on", "ends_in", "days_left", "overdue_by", "late_by", "is_minute", "is_day",
	"is_span", "is_limit", "is_window", "is_upcoming", "is_running", "is_overdue", "zones_differ", "is_late",
	"is_held", "asks_date", "is_moved", "is_escalation", "is_handoff", "is_listed",
	/* the message */
	"person_name", "channel", "now", "date", "short_date", "notice", "notice_line",
	/* several tasks */
	"items", "overdue", "today", "this_week", "opening", "has_overdue", "has_today", "has_this_week",
	"has_opening", "items_count", "counts", "number", "zero", "one", "two", "few", "many", "other", "of_overdue",
	"of_today", "of_this_week", "of_opening", "is_last",
	/* clang-format on */
};
const size_t context_n_names = sizeof(context_names) / sizeof(context_names[0]);

/* ---- kinds --------------------------------------------------------------------------------------------------- */

static bool context_is_kind(const struct compose_facts *facts, const char *kind)
{
	return strcmp(facts->kind, kind) == 0;
}

/* True when one task alone takes the place of a list. */
static bool context_is_alone(const struct compose_facts *facts)
{
	return facts->n_items == 1 && (context_is_kind(facts, "merged") || context_is_kind(facts, "catch_up"));
}

const char *context_kind(const struct compose_facts *facts)
{
	if (!context_is_alone(facts))
		return facts->kind;
	return facts->items[0].kind != NULL ? facts->items[0].kind : "reminder";
}

/* ---- setting names ------------------------------------------------------------------------------------------- */

void context_add_clean(const char *text, bool allow_lines, struct buf *out)
{
	const char *end = text + strlen(text);
	for (;;) {
		char utf8[4];
		size_t plain = utf8_plain(text, end);
		buf_add(out, text, plain);
		text += plain;
		if (text == end)
			return;
		uint32_t c = utf8_next(&text, end);
		if (utf8_is_control(c) && !(c == '\n' && allow_lines))
			c = ' ';
		buf_add(out, utf8, utf8_put(c, utf8));
	}
}

void context_set(struct context *context, const char *name)
{
	if (context->text.len != 0)
		json_object_set_new_nocheck(context->data, name,
					    json_stringn_nocheck(context->text.data, context->text.len));
	buf_clear(&context->text);
}

void context_set_clean(struct context *context, const char *name, const char *value, bool allow_lines)
{
	if (value != NULL)
		context_add_clean(value, allow_lines, &context->text);
	context_set(context, name);
}

void context_set_flag(struct context *context, const char *name, bool is_true)
{
	if (is_true)
		json_object_set_new_nocheck(context->data, name, json_true());
}

void context_set_moment(struct context *context, const char *name, const struct zone *zone, int64_t utc)
{
	struct civil civil = zone_to_civil(zone, utc);
	struct period moment = {.has_start = true, .start = civil, .end = civil, .precision = PERIOD_MINUTE};
	language_add_period(context->language, &moment, &context->text);
	context_set(context, name);
}

void context_set_zone(struct context *context, const char *zone_name, const char *offset_name, const struct zone *zone,
		      int64_t utc)
{
	language_add_zone(context->language, zone, utc, &context->text);
	context_set(context, zone_name);
	language_add_offset(zone, utc, &context->text);
	context_set(context, offset_name);
}

/* ---- the message --------------------------------------------------------------------------------------------- */

/* Its first sentence, as a subject: no longer than people read in a list of mails. */
static char *context_headline(const char *notice)
{
	size_t len = strcspn(notice, "\r\n");
	const char *stop = memmem(notice, len, ". ", 2);
	if (stop != NULL)
		len = (size_t)(stop - notice);
	if (len <= CONTEXT_HEADLINE_MAX)
		return mem_dup_n(notice, len);
	for (len = CONTEXT_HEADLINE_MAX; len > 1 && notice[len] != ' ';)
		len--;
	return mem_printf("%.*s ...", (int)len, notice);
}

static void context_set_notice(struct context *context, const char *notice)
{
	if (notice == NULL)
		return;
	context_set_clean(context, "notice", notice, true);

	char *line = context_headline(notice);
	context_set_clean(context, "notice_line", line, false);
	free(line);
}

/* What a message about one task need not know. */
static void context_set_day(struct context *context)
{
	struct civil today = civil_from_days(context->today);
	language_add_date(context->language, &today, &context->text);
	context_set(context, "date");
	language_add_short_date(context->language, &today, &context->text);
	context_set(context, "short_date");
	context_set_zone(context, "your_zone", "your_offset", context->reader, context->now_utc);
}

static void context_set_message(struct context *context, const struct compose_facts *facts)
{
	if (facts->person != NULL)
		context_set_clean(context, "person_name", facts->person->name, false);
	context_set_clean(context, "step", facts->step, false);
	context_set_clean(context, "channel", facts->channel, false);
	context_set_notice(context, facts->notice);
	context_set_moment(context, "now", context->reader, context->now_utc);
}

/* The only task of the message, or one without a task. */
static struct compose_item context_only_item(const struct compose_facts *facts)
{
	if (!context_is_alone(facts))
		return (struct compose_item){
			.task = facts->task,
			.kind = facts->kind,
			.step = facts->step,
			.due_utc = facts->due_utc,
			.responsible = facts->responsible,
			.n_responsible = facts->n_responsible,
			.old_period = facts->old_period,
			.holiday_event = facts->holiday_event,
			.holiday_reader = facts->holiday_reader,
			.deputy_for = facts->deputy_for,
		};
	struct compose_item item = facts->items[0];
	if (item.deputy_for == NULL)
		item.deputy_for = facts->deputy_for;
	return item;
}

static int context_set_tasks(struct context *context, const struct compose_facts *facts, struct err *err)
{
	bool is_list = facts->n_items > 0 && !context_is_alone(facts);
	struct compose_item item = context_only_item(facts);
	if (!is_list && item.task != NULL)
		return context_set_task(context, &item, err);
	context_set_day(context);
	return is_list ? context_set_items(context, facts, err) : 0;
}

int context_new(const struct compose_facts *facts, const struct language *language, json_t **ret_data, struct err *err)
{
	const char *zone = facts->person != NULL ? facts->person->zone : "UTC";
	const struct zone *reader = zone_find(zone);
	if (reader == NULL)
		return err_set(err, -EINVAL, "unknown zone '%s'", zone);

	struct civil now = zone_to_civil(reader, facts->now_utc);
	bool is_held = facts->is_held || context_is_kind(facts, "merged");
	struct context context = {
		.data = json_object(),
		.language = language,
		.reader = reader,
		.now_utc = facts->now_utc,
		.today = civil_to_days(&now),
		.late_s = is_held || context_is_kind(facts, "catch_up") ? CONTEXT_CATCH_UP_S : CONTEXT_LATE_S,
		.is_held = is_held,
	};
	buf_init(&context.text, (size_t)TASK_NOTE_MAX * 4);
	context_set_message(&context, facts);
	int result = context_set_tasks(&context, facts, err);
	buf_done(&context.text);
	if (result < 0) {
		json_decref(context.data);
		return result;
	}
	*ret_data = context.data;
	return 0;
}
