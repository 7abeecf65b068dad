/* What the files of context share: the values in the making and how names get into it. */
#ifndef DEADLINED_MESSAGE_CONTEXT_PRIV_H
#define DEADLINED_MESSAGE_CONTEXT_PRIV_H

#include "message/context.h"

struct context {
	struct context_values values;
	json_t *item; /* the object that gets the names in their place; NULL: none */
	const struct language *language;
	const struct context_wanted *wanted; /* NULL: all */
	const struct zone *reader;
	int64_t now_utc;
	int64_t today;  /* the reader's, in days since 1970 */
	int64_t late_s; /* a message that comes so much later than planned says so */
	bool is_held;
	struct buf text; /* the value in the making */
};

bool context_wants(const struct context *context, enum context_name name);
/* Takes value. */
void context_put(struct context *context, enum context_name name, json_t *value);
/* Gives what was gathered in context->text that name, or leaves the name out when it is nothing. */
void context_set(struct context *context, enum context_name name);
/* value may be NULL. */
void context_set_clean(struct context *context, enum context_name name, const char *value, bool allow_lines);
/* A list of the lines of value, which may be NULL. */
void context_set_lines(struct context *context, enum context_name name, const char *value);
void context_set_flag(struct context *context, enum context_name name, bool is_true);
/* "Sunday, June 15, 2025 at 2:00 PM" */
void context_set_moment(struct context *context, enum context_name name, const struct zone *zone, int64_t utc);
void context_set_zone(struct context *context, enum context_name zone_name, enum context_name offset_name,
		      const struct zone *zone, int64_t utc);

/* The names of one task: context_task.c. Error: -EINVAL its zone is not known. */
MUSTCHECK int context_set_task(struct context *context, const struct compose_item *item, struct err *err);

/* The names of several tasks: context_list.c. Errors: as context_values_init(). */
MUSTCHECK int context_set_items(struct context *context, const struct compose_facts *facts, struct err *err);

#endif
