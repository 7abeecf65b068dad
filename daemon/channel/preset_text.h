/* preset_text: the small templates of a preset, "Bearer {{token}}": literal text and names, nothing else.
 *
 * A value is always made safe for the place it goes to; a template has no way to leave that out. In a template "\n" is
 * a line break, "\t" a tab and "\\" a backslash. */
#ifndef DEADLINED_CHANNEL_PRESET_TEXT_H
#define DEADLINED_CHANNEL_PRESET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strlist.h"
#include "base/utf8.h"

/* The names every preset knows; its settings come behind them. */
enum preset_name {
	PRESET_TO_ADDRESS,
	PRESET_TO_NAME,
	PRESET_SUBJECT,
	PRESET_TEXT,
	PRESET_LANGUAGE,
	PRESET_KEY,
	PRESET_MESSAGE_ID,
	PRESET_TASK_UID, /* without a value when the message is about no single task */
	PRESET_PERSON,
	PRESET_KIND,
	PRESET_CHANNEL,
	PRESET_NAME_MAX,

	PRESET_NAMES_LIMIT = 64 /* with the settings */
};

/* One value per name, NULL = none. Borrowed. */
struct preset_values {
	const char *items[PRESET_NAMES_LIMIT];
};

enum preset_escape {
	PRESET_PLAIN,         /* for the JSON writer, which quotes by itself; bytes that are no UTF-8 become U+FFFD */
	PRESET_TELEGRAM_HTML, /* & < > " : the entities Telegram's HTML mode knows */
	PRESET_HEADER,        /* control characters become blanks */
	PRESET_PATH,          /* percent-encoded for one segment of a path */
	PRESET_QUERY,         /* percent-encoded for a query or a form */
};

struct preset_part {
	char *literal; /* NULL: a name */
	size_t name;
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

/* How many times the template uses a name. */
size_t preset_text_uses(const struct preset_text *text, size_t name);
/* True when every name the template uses has a value. */
bool preset_text_is_complete(const struct preset_text *text, const struct preset_values *values);

void preset_escape_add(struct buf *out, const char *value, enum preset_escape escape);
/* Appends the template with its values; a name without one adds nothing. */
void preset_text_add(const struct preset_text *text, const struct preset_values *values, enum preset_escape escape,
		     struct buf *out);
/* The same, but never longer than max units, counted before escaping: {{text}}, and if that is not enough {{subject}},
 * is cut at a whole character and ends in "…". Errors: -E2BIG what cannot be cut is too long by itself. */
MUSTCHECK int preset_text_add_cut(const struct preset_text *text, const struct preset_values *values,
				  enum preset_escape escape, size_t max, enum utf8_unit unit, struct buf *out,
				  struct err *err);

#endif
