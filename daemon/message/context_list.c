/* Several tasks in one message: every item has the names that a message about it alone would have, the sections of a
 * digest share them. */
#include "message/context.h"

#include <errno.h>
#include <string.h>

#include "message/context_priv.h"

static const struct context_section {
	enum context_name list, flag, count, more;
} context_sections[COMPOSE_SECTION_MAX] = {
	[COMPOSE_SECTION_OVERDUE] = {CONTEXT_OVERDUE, CONTEXT_HAS_OVERDUE, CONTEXT_OF_OVERDUE, CONTEXT_MORE_OVERDUE},
	[COMPOSE_SECTION_TODAY] = {CONTEXT_TODAY, CONTEXT_HAS_TODAY, CONTEXT_OF_TODAY, CONTEXT_MORE_TODAY},
	[COMPOSE_SECTION_WEEK] = {CONTEXT_THIS_WEEK, CONTEXT_HAS_THIS_WEEK, CONTEXT_OF_THIS_WEEK,
				  CONTEXT_MORE_THIS_WEEK},
	[COMPOSE_SECTION_OPENING] = {CONTEXT_OPENING, CONTEXT_HAS_OPENING, CONTEXT_OF_OPENING, CONTEXT_MORE_OPENING},
};

/* ---- counts -------------------------------------------------------------------------------------------------- */

/* {"number": "3", "few": true}. Returns owned. */
static json_t *context_new_count(struct context *context, size_t n)
{
	json_t *outer = context->item, *count = json_object();
	context->item = count;
	language_add_number(context->language, (int64_t)n, &context->text);
	context_set(context, CONTEXT_NUMBER);
	json_object_set_new_nocheck(count, language_plural(context->language, (int64_t)n), json_true());
	context->item = outer;
	return count;
}

/* ---- items --------------------------------------------------------------------------------------------------- */

/* Adds the item to the list. */
static int context_add_item(struct context *context, const struct compose_facts *facts, size_t i, json_t *items,
			    struct err *err)
{
	struct compose_item item = facts->items[i];
	if (item.deputy_for == NULL)
		item.deputy_for = facts->deputy_for;
	if (strcmp(facts->kind, "digest") == 0)
		item.due_utc = 0; /* it comes when it is its hour, never late */

	json_t *outer = context->item;
	context->item = json_object();
	json_array_append_new(items, context->item);
	context_set_flag(context, CONTEXT_IS_LISTED, true);
	int result = context_set_task(context, &item, err);
	context->item = outer;
	if (result < 0)
		err_prefix(err, "task '%s'", item.task->uid);
	return result;
}

/* "and 12 more", of n that are not shown. */
static void context_set_more(struct context *context, enum context_name name, size_t n)
{
	if (n > 0)
		context_put(context, name, context_new_count(context, n));
}

/* Takes list, of the items that are shown. */
static void context_set_section(struct context *context, enum compose_section section, json_t *list, size_t n_all,
				json_t *counts)
{
	const struct context_section *names = &context_sections[section];
	size_t n = json_array_size(list);
	if (n_all == 0) {
		json_decref(list);
		return;
	}
	context_put(context, names->list, list);
	context_set_flag(context, names->flag, true);
	context_set_more(context, names->more, n_all - n);

	json_t *count = context_new_count(context, n_all);
	json_object_set_new_nocheck(count, context_names[names->count], json_true());
	json_array_append_new(counts, count);
}

static size_t context_count(const struct compose_facts *facts, enum compose_section section)
{
	size_t n = facts->n_left_out[section];
	for (size_t i = 0; i < facts->n_items; i++)
		n += facts->items[i].section == section;
	return n;
}

/* Takes the lists. */
static void context_set_sections(struct context *context, const struct compose_facts *facts, json_t **lists)
{
	json_t *counts = json_array();
	for (int i = COMPOSE_SECTION_NONE + 1; i < COMPOSE_SECTION_MAX; i++) {
		enum compose_section section = (enum compose_section)i;
		context_set_section(context, section, lists[i], context_count(facts, section), counts);
	}
	json_t *last = json_array_get(counts, json_array_size(counts) - 1);
	json_object_set_new_nocheck(last, context_names[CONTEXT_IS_LAST], json_true());
	context_put(context, CONTEXT_COUNTS, counts);
}

static void context_set_unreachable(struct context *context, const struct compose_facts *facts)
{
	json_t *outer = context->item, *list = json_array();
	for (size_t i = 0; i < facts->n_unreachable; i++) {
		const struct compose_unreachable *row = &facts->unreachable[i];
		context->item = json_object();
		json_array_append_new(list, context->item);
		context_set_clean(context, CONTEXT_WHO, row->name, false);
		context_set_clean(context, CONTEXT_CHANNEL, row->channel, false);
		context_set_clean(context, CONTEXT_WHY, row->why, false);
		context_set_flag(context, CONTEXT_IS_REACHED, row->is_reached);
	}
	context->item = outer;
	context_set_flag(context, CONTEXT_HAS_UNREACHABLE, facts->n_unreachable > 0);
	context_put(context, CONTEXT_UNREACHABLE, list);
}

/* A task that stood in no section would be lost without a word. */
static int context_check_sections(const struct compose_facts *facts, struct err *err)
{
	for (size_t i = 0; i < facts->n_items; i++)
		if (facts->items[i].section == COMPOSE_SECTION_NONE)
			return err_set(err, -EINVAL, "task '%s' has no section", facts->items[i].task->uid);
	return 0;
}

/* The items that are shown, all of them in lists[COMPOSE_SECTION_NONE]: those ahead in their order, then the last of the
 * overdue ones, as these have been said most often. */
static int context_list_items(struct context *context, const struct compose_facts *facts, json_t **lists,
			      struct err *err)
{
	size_t max = facts->max_items > 0 ? facts->max_items : facts->n_items, n_ahead = 0, n_overdue = 0;
	for (size_t i = 0; i < facts->n_items; i++)
		n_overdue += facts->items[i].section == COMPOSE_SECTION_OVERDUE;
	size_t n_all_ahead = facts->n_items - n_overdue;
	int result = 0;
	for (size_t i = 0; i < facts->n_items && result == 0; i++) {
		enum compose_section section = facts->items[i].section;
		size_t rank = section == COMPOSE_SECTION_OVERDUE ? n_all_ahead + --n_overdue : n_ahead++;
		if (rank >= max)
			continue;
		json_t *all = lists[COMPOSE_SECTION_NONE];
		result = context_add_item(context, facts, i, all, err);
		if (section != COMPOSE_SECTION_NONE)
			(void)json_array_append(lists[section], json_array_get(all, json_array_size(all) - 1));
	}
	return result;
}

int context_set_items(struct context *context, const struct compose_facts *facts, struct err *err)
{
	bool is_digest = strcmp(facts->kind, "digest") == 0;
	int result = is_digest ? context_check_sections(facts, err) : 0;
	if (result < 0)
		return result;

	size_t n_all = facts->n_items;
	json_t *lists[COMPOSE_SECTION_MAX];
	for (int i = 0; i < COMPOSE_SECTION_MAX; i++) {
		lists[i] = is_digest || i == COMPOSE_SECTION_NONE ? json_array() : NULL;
		n_all += facts->n_left_out[i];
	}
	json_t *items = lists[COMPOSE_SECTION_NONE];
	result = context_list_items(context, facts, lists, err);
	context_put(context, CONTEXT_ITEMS_COUNT, context_new_count(context, n_all));
	context_set_more(context, CONTEXT_MORE, n_all - json_array_size(items));
	context_put(context, CONTEXT_ITEMS, items);
	if (is_digest) {
		context_set_sections(context, facts, lists);
		context_set_unreachable(context, facts);
	}
	return result;
}
