/* preset_json: JSON Pointers (RFC 6901) into replies, and bodies built leaf by leaf.
 *
 * Because a body is a tree and only its leaves are templates, no title can change its shape. */
#ifndef DEADLINED_CHANNEL_PRESET_JSON_H
#define DEADLINED_CHANNEL_PRESET_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum { PRESET_JSON_VALUES_MAX = 100000 };

/* The document that a service sent, or NULL when it is none, or has more values than PRESET_JSON_VALUES_MAX: a few
 * bytes of text may take some hundred of memory. A string may hold a NUL, and ends there. */
json_t *preset_json_load(const char *text, size_t len);

/* True for "/a/0/b~1c"; err says what is wrong. The empty pointer, which means the whole, is refused. */
bool preset_pointer_check(const char *pointer, struct err *err);

/* The value there, borrowed from root, or NULL. root may be NULL. A part "*" stands for any member or element: the
 * first that has the rest. */
const json_t *preset_pointer_get(const json_t *root, const char *pointer);

/* Puts value there and makes the objects and arrays on the way; *root may be NULL at first. A part "0" makes an array,
 * whose elements must come in order. Takes value, also on failure. Errors: -EINVAL the place is taken or is inside a
 * value that is no container, -E2BIG the array has a gap before that element. */
MUSTCHECK int preset_pointer_set(json_t **root, const char *pointer, json_t *value, struct err *err);

enum preset_type {
	PRESET_STRING,
	PRESET_INT,     /* a number, or the message cannot be sent */
	PRESET_BOOL,    /* true or false, likewise */
	PRESET_LITERAL, /* JSON as it stands in the preset: [], {}, null */
	PRESET_ID,      /* a number when it looks like one ("-1001234"), a string otherwise ("@channel") */
	PRESET_TREE,    /* JSON with values inside of its strings; those were made safe */
	PRESET_TYPE_MAX
};

/* Appends a string or a number as text; false, and nothing is added, when value is neither. NULL is legal. */
bool preset_json_add_text(struct buf *out, const json_t *value);

/* Appends a string of JSON that means text, which is valid UTF-8. */
void preset_json_add_string(struct buf *out, const char *text);

/* Appends text, which is valid UTF-8, as a JSON value of that type. A tree is added as it is: its template was found to
 * be JSON, and no value can change its shape. Errors: -EINVAL. */
MUSTCHECK int preset_json_add(struct buf *out, const char *text, enum preset_type type, struct err *err);

#endif
