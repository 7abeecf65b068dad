/* preset_text: the small templates of a preset, "Bearer {{token}}": literal text and names, nothing else.
 *
 * A value is always made safe for the place it goes to; a template has no way to leave that out. In a template "\n" is
 * a line break, "\t" a tab and "\\" a backslash. "{{?name}}" shows nothing, but needs that name to have a value. */
#ifndef DEADLINED_CHANNEL_PRESET_TEXT_H
#define DEADLINED_CHANNEL_PRESET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strlist.h"
#include "base/utf8.h"
#include "channel/preset_escape.h"

/* The names every preset knows; its settings come behind them. */
enum preset_name {
	PRESET_TO_ADDRESS,
	PRESET_TO_NAME,
	PRESET_SUBJECT,
	PRESET_TEXT,
	PRESET_LANGUAGE,
	PRESET_LOCALE, /* the language, with the country where there is none without: zh_CN */
	PRESET_KEY,
	PRESET_MESSAGE_ID,
	PRESET_TASK_UID, /* without a value when the message is about no single task */
	PRESET_PERSON,
	PRESET_KIND,
	PRESET_CHANNEL,
	PRESET_NOW_S, /* seconds since 1970, and milliseconds */
	PRESET_NOW_MS,
	PRESET_UUID,         /* made of the key, and so the same on every attempt */
	PRESET_INT31,        /* likewise */
	PRESET_BODY_TEXT,    /* the whole body, once it is made; for headers and what is computed for them */
	PRESET_ACCESS_TOKEN, /* of the step [token] */
	PRESET_BUTTONS,      /* as JSON, made by [buttons]; without a value when there are none */
	PRESET_REMOTE_ID,    /* of the message to edit */
	PRESET_THREAD_ID,    /* what [capture] took of the first message of a thread; without a value in that one */
	PRESET_ANSWER_ID,    /* of the button to answer */
	PRESET_NEXT,         /* where the updates go on; without a value at the first call */
	PRESET_HOLD_S,       /* how long the service may hold that call */
	PRESET_WORD,         /* of an invitation */
	PRESET_NAME_MAX,

	PRESET_NAMES_LIMIT = 64 /* with settings, forms of the address and computed values */
};

/* One value per name, NULL = none. Borrowed. */
struct preset_values {
	const char *items[PRESET_NAMES_LIMIT];
};

struct preset_part {
	char *literal; /* NULL: a name */
	size_t name;
	bool is_condition; /* only asks for its value: "{{?name}}" */
};

struct preset_text {
	struct preset_part *parts;
	size_t n;
};

/* Adds the names of enum preset_name to an empty list. */
void preset_names_add(struct strlist *names);
/* The number of a name, or names->n when it is unknown. */
size_t preset_names_find(const struct strlist *names, const char *name, size_t len);

/* Errors: -EINVAL, with the words in err: a name that is not in names, "{{" without "}}", an unknown escape. */
MUSTCHECK int preset_text_compile(const char *source, const struct strlist *names, struct preset_text *ret_text,
				  struct err *err);
void preset_text_done(struct preset_text *text);

/* How many times the template shows a name. */
size_t preset_text_uses(const struct preset_text *text, size_t name);
/* True when every name the template uses has a value. */
bool preset_text_is_complete(const struct preset_text *text, const struct preset_values *values);

/* Appends the template with its values; a name without one adds nothing. Inside of JSON the buttons, which are JSON
 * themselves, are added as they are. */
void preset_text_add(const struct preset_text *text, const struct preset_values *values, enum preset_escape escape,
		     struct buf *out);
/* The same, but never longer than max units, counted before escaping: {{text}}, and if that is not enough {{subject}},
 * is cut at a whole character and ends in "…". Errors: -E2BIG what cannot be cut is too long by itself. */
MUSTCHECK int preset_text_add_cut(const struct preset_text *text, const struct preset_values *values,
				  enum preset_escape escape, size_t max, enum utf8_unit unit, struct buf *out,
				  struct err *err);

#endif
