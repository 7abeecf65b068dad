#include "message/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "message/context_priv.h"

enum { CONTEXT_HEADLINE_MAX = 100 }; /* bytes of a subject */
enum { CONTEXT_CATCH_UP_S = 60 };    /* as CONTEXT_LATE_S, where it is known that it was held or missed */

const char *const context_names[CONTEXT_NAME_MAX] = {
	/* clang-format off */
	/* a task */
	[CONTEXT_TITLE] = "title", [CONTEXT_PLACE] = "place", [CONTEXT_NOTE] = "note", [CONTEXT_UID] = "uid",
	[CONTEXT_STEP] = "step", [CONTEXT_RESPONSIBLE] = "responsible", [CONTEXT_DEPUTY_FOR] = "deputy_for",
	[CONTEXT_OLD_PERIOD] = "old_period", [CONTEXT_HOLIDAY_EVENT] = "holiday_event",
	[CONTEXT_HOLIDAY_READER] = "holiday_reader", [CONTEXT_EVENT_PERIOD] = "event_period",
	[CONTEXT_EVENT_ZONE] = "event_zone", [CONTEXT_EVENT_OFFSET] = "event_offset",
	[CONTEXT_YOUR_PERIOD] = "your_period", [CONTEXT_YOUR_ZONE] = "your_zone",
	[CONTEXT_YOUR_OFFSET] = "your_offset", [CONTEXT_STARTS_ON] = "starts_on", [CONTEXT_STARTS_IN] = "starts_in",
	[CONTEXT_ENDS_ON] = "ends_on", [CONTEXT_ENDS_IN] = "ends_in", [CONTEXT_DAYS_LEFT] = "days_left",
	[CONTEXT_OVERDUE_BY] = "overdue_by", [CONTEXT_LATE_BY] = "late_by", [CONTEXT_IS_MINUTE] = "is_minute",
	[CONTEXT_IS_DAY] = "is_day", [CONTEXT_IS_SPAN] = "is_span", [CONTEXT_IS_LIMIT] = "is_limit",
	[CONTEXT_IS_WINDOW] = "is_window", [CONTEXT_IS_UPCOMING] = "is_upcoming",
	[CONTEXT_IS_RUNNING] = "is_running", [CONTEXT_IS_OVERDUE] = "is_overdue",
	[CONTEXT_ZONES_DIFFER] = "zones_differ", [CONTEXT_IS_DAY_OFF] = "is_day_off", [CONTEXT_IS_DAY_OFF_THERE] = "is_day_off_there",
	[CONTEXT_IS_DAY_OFF_HERE] = "is_day_off_here", [CONTEXT_IS_LATE] = "is_late", [CONTEXT_IS_HELD] = "is_held",
	[CONTEXT_ASKS_DATE] = "asks_date", [CONTEXT_IS_MOVED] = "is_moved",
	[CONTEXT_IS_ESCALATION] = "is_escalation", [CONTEXT_IS_HANDOFF] = "is_handoff",
	[CONTEXT_SAYS_OVERDUE] = "says_overdue", [CONTEXT_IS_LISTED] = "is_listed", [CONTEXT_NOTE_LINES] = "note_lines",
	[CONTEXT_OVERDUE_DATES] = "overdue_dates",
	/* the message */
	[CONTEXT_PERSON_NAME] = "person_name", [CONTEXT_CHANNEL] = "channel", [CONTEXT_NOW] = "now",
	[CONTEXT_DATE] = "date", [CONTEXT_SHORT_DATE] = "short_date", [CONTEXT_NOTICE] = "notice",
	[CONTEXT_NOTICE_LINE] = "notice_line", [CONTEXT_NOTICE_LINES] = "notice_lines", [CONTEXT_LANGUAGE] = "language",
	[CONTEXT_SAYS] = "says", [CONTEXT_ANSWER_DATE] = "answer_date", [CONTEXT_IS_DONE] = "is_done",
	[CONTEXT_IS_CANCELLED] = "is_cancelled", [CONTEXT_IS_DELETED] = "is_deleted",
	[CONTEXT_IS_ONE_DATE] = "is_one_date", [CONTEXT_CLOSED_BY] = "closed_by", [CONTEXT_CLOSED_ON] = "closed_on",
	/* several tasks */
	[CONTEXT_ITEMS] = "items", [CONTEXT_OVERDUE] = "overdue", [CONTEXT_TODAY] = "today",
	[CONTEXT_THIS_WEEK] = "this_week", [CONTEXT_OPENING] = "opening", [CONTEXT_HAS_OVERDUE] = "has_overdue",
	[CONTEXT_HAS_TODAY] = "has_today", [CONTEXT_HAS_THIS_WEEK] = "has_this_week",
	[CONTEXT_HAS_OPENING] = "has_opening", [CONTEXT_ITEMS_COUNT] = "items_count", [CONTEXT_COUNTS] = "counts",
	[CONTEXT_NUMBER] = "number", [CONTEXT_ZERO] = "zero", [CONTEXT_ONE] = "one", [CONTEXT_TWO] = "two",
	[CONTEXT_FEW] = "few", [CONTEXT_MANY] = "many", [CONTEXT_OTHER] = "other",
	[CONTEXT_OF_OVERDUE] = "of_overdue", [CONTEXT_OF_TODAY] = "of_today",
	[CONTEXT_OF_THIS_WEEK] = "of_this_week", [CONTEXT_OF_OPENING] = "of_opening", [CONTEXT_IS_LAST] = "is_last",
	[CONTEXT_HAS_UNREACHABLE] = "has_unreachable", [CONTEXT_UNREACHABLE] = "unreachable", [CONTEXT_WHO] = "who",
	[CONTEXT_WHY] = "why", [CONTEXT_IS_REACHED] = "is_reached", [CONTEXT_MORE] = "more",
	[CONTEXT_MORE_OVERDUE] = "more_overdue", [CONTEXT_MORE_TODAY] = "more_today",
	[CONTEXT_MORE_THIS_WEEK] = "more_this_week", [CONTEXT_MORE_OPENING] = "more_opening",
	/* clang-format on */
};

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

static bool context_is_continued(const char *text)
{
	return ((unsigned char)*text & 0xc0) == 0x80; /* which the 0 at the end is not */
}

/* Behind what stays as it is and can be told by its first byte: no control is among the characters of two bytes from
 * U+00C0 on (Cyrillic), nor among those of three from U+3000 to U+CFFF (Chinese), and none of them is a surrogate. */
static const char *context_skip_letters(const char *text, const char *end, bool allow_lines)
{
	for (;;) {
		text += utf8_plain(text, end);
		unsigned char first = (unsigned char)*text;
		if (first == '\n' && allow_lines)
			text++;
		else if (first >= 0xc3 && first <= 0xdf && context_is_continued(text + 1))
			text += 2;
		else if (first >= 0xe3 && first <= 0xec && context_is_continued(text + 1) &&
			 context_is_continued(text + 2))
			text += 3;
		else
			return text;
	}
}

void context_add_clean(const char *text, bool allow_lines, struct buf *out)
{
	const char *end = text + strlen(text), *run = text; /* of what stays as it is */
	while ((text = context_skip_letters(text, end, allow_lines)) < end) {
		const char *start = text;
		uint32_t c = utf8_next(&text, end);
		bool is_invalid = c == 0xfffd && text - start == 1;
		bool is_control = utf8_is_control(c);
		if (!is_invalid && !is_control)
			continue;
		buf_add(out, run, (size_t)(start - run));
		buf_add_str(out, is_control ? " " : "\xef\xbf\xbd");
		run = text;
	}
	buf_add(out, run, (size_t)(end - run));
}

bool context_wants(const struct context *context, enum context_name name)
{
	return context->wanted == NULL || context->wanted->is_wanted[name];
}

void context_put(struct context *context, enum context_name name, json_t *value)
{
	if (!context_wants(context, name)) {
		json_decref(value);
	} else if (context->item != NULL) {
		json_object_set_new_nocheck(context->item, context_names[name], value);
	} else {
		json_decref(context->values.of[name]);
		context->values.of[name] = value;
	}
}

void context_set(struct context *context, enum context_name name)
{
	if (context->text.len != 0 && context_wants(context, name))
		context_put(context, name, json_stringn_nocheck(context->text.data, context->text.len));
	buf_clear(&context->text);
}

void context_set_clean(struct context *context, enum context_name name, const char *value, bool allow_lines)
{
	if (value == NULL || *value == '\0' || !context_wants(context, name))
		return;
	context_add_clean(value, allow_lines, &context->text);
	context_set(context, name);
}

void context_set_lines(struct context *context, enum context_name name, const char *value)
{
	if (value == NULL || *value == '\0' || !context_wants(context, name))
		return;
	json_t *lines = json_array();
	context_add_clean(value, true, &context->text);
	const char *line = buf_str(&context->text), *end = line + context->text.len;
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line)), *stop = newline != NULL ? newline : end;
		json_array_append_new(lines, json_stringn_nocheck(line, (size_t)(stop - line)));
		line = stop + 1;
	}
	buf_clear(&context->text);
	context_put(context, name, lines);
}

void context_set_flag(struct context *context, enum context_name name, bool is_true)
{
	if (is_true)
		context_put(context, name, json_true());
}

void context_set_moment(struct context *context, enum context_name name, const struct zone *zone, int64_t utc)
{
	if (!context_wants(context, name))
		return;
	struct civil civil = zone_to_civil(zone, utc);
	struct period moment = {.has_start = true, .start = civil, .end = civil, .precision = PERIOD_MINUTE};
	language_add_period(context->language, &moment, &context->text);
	context_set(context, name);
}

void context_set_zone(struct context *context, enum context_name zone_name, enum context_name offset_name,
		      const struct zone *zone, int64_t utc)
{
	if (context_wants(context, zone_name))
		language_add_zone(context->language, zone, utc, &context->text);
	context_set(context, zone_name);
	if (context_wants(context, offset_name))
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
	context_set_clean(context, CONTEXT_NOTICE, notice, true);
	context_set_lines(context, CONTEXT_NOTICE_LINES, notice);

	char *line = context_headline(notice);
	context_set_clean(context, CONTEXT_NOTICE_LINE, line, false);
	free(line);
}

/* What a message about one task need not know. */
static void context_set_day(struct context *context)
{
	struct civil today = civil_from_days(context->today);
	if (context_wants(context, CONTEXT_DATE))
		language_add_date(context->language, &today, &context->text);
	context_set(context, CONTEXT_DATE);
	if (context_wants(context, CONTEXT_SHORT_DATE))
		language_add_short_date(context->language, &today, &context->text);
	context_set(context, CONTEXT_SHORT_DATE);
	context_set_zone(context, CONTEXT_YOUR_ZONE, CONTEXT_YOUR_OFFSET, context->reader, context->now_utc);
}

/* What is said to somebody who answered: {"says": {"already_done": true}} */
static void context_set_answer(struct context *context, const struct compose_facts *facts)
{
	if (facts->says != NULL) {
		json_t *says = json_object();
		json_object_set_new_nocheck(says, facts->says, json_true());
		context_put(context, CONTEXT_SAYS, says);
	}
	if (facts->answer_date != NULL && context_wants(context, CONTEXT_ANSWER_DATE)) {
		language_add_period(context->language, facts->answer_date, &context->text);
		context_set(context, CONTEXT_ANSWER_DATE);
	}
}

static void context_set_closing(struct context *context, const struct compose_facts *facts)
{
	const char *how = facts->closed_how;
	context_set_flag(context, CONTEXT_IS_DONE, how != NULL && strcmp(how, "done") == 0);
	context_set_flag(context, CONTEXT_IS_CANCELLED, how != NULL && strcmp(how, "cancel") == 0);
	context_set_flag(context, CONTEXT_IS_DELETED, how != NULL && strcmp(how, "delete") == 0);
	context_set_flag(context, CONTEXT_IS_ONE_DATE, facts->is_one_date);
	context_set_clean(context, CONTEXT_CLOSED_BY, facts->closed_by, false);
	if (facts->closed_utc != 0)
		context_set_moment(context, CONTEXT_CLOSED_ON, context->reader, facts->closed_utc);
}

static void context_set_message(struct context *context, const struct compose_facts *facts)
{
	if (facts->person != NULL)
		context_set_clean(context, CONTEXT_PERSON_NAME, facts->person->name, false);
	context_set_clean(context, CONTEXT_STEP, facts->step, false);
	context_set_clean(context, CONTEXT_CHANNEL, facts->channel, false);
	context_set_clean(context, CONTEXT_LANGUAGE, language_tag(context->language), false);
	context_set_notice(context, facts->notice);
	context_set_answer(context, facts);
	context_set_closing(context, facts);
	context_set_moment(context, CONTEXT_NOW, context->reader, context->now_utc);
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
			.is_holiday_shared = facts->is_holiday_shared,
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

void context_values_done(struct context_values *values)
{
	for (size_t i = 0; i < CONTEXT_NAME_MAX; i++)
		json_decref(values->of[i]);
	*values = (struct context_values){{NULL}};
}

int context_values_init(const struct compose_facts *facts, const struct language *language,
			const struct context_wanted *wanted, struct context_values *ret_values, struct err *err)
{
	const char *zone = facts->person != NULL ? facts->person->zone : "UTC";
	const struct zone *reader = zone_find(zone);
	if (reader == NULL)
		return err_set(err, -EINVAL, "unknown zone '%s'", zone);

	struct civil now = zone_to_civil(reader, facts->now_utc);
	struct context context = {
		.language = language,
		.wanted = wanted,
		.reader = reader,
		.now_utc = facts->now_utc,
		.today = civil_to_days(&now),
		.late_s = facts->is_held || context_is_kind(facts, "catch_up") ? CONTEXT_CATCH_UP_S : CONTEXT_LATE_S,
		.is_held = facts->is_held,
	};
	buf_init(&context.text, (size_t)TASK_NOTE_MAX * 4);
	context_set_message(&context, facts);
	int result = context_set_tasks(&context, facts, err);
	buf_done(&context.text);
	if (result < 0) {
		context_values_done(&context.values);
		return result;
	}
	*ret_values = context.values;
	return 0;
}
