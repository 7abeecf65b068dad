/* template: Mustache (mustache(5)), compiled once, rendered often. Logic-less: no code runs, output is capped.
 *
 * The data is a jansson value. A name is looked up in the innermost object first, then outwards; "a.b" walks down. A
 * missing name renders as nothing. Comments, delimiters, interpolation, sections, inverted sections, partials,
 * inheritance (parents and blocks) and dynamic names follow the specification at github.com/mustache/spec. Where it is
 * silent: a section takes null, false, 0, "" and an empty list for false; an object or a list interpolates as nothing;
 * a name holds no blanks; of several arguments for one block the one of the outermost parent counts. */
#ifndef DEADLINED_MESSAGE_TEMPLATE_H
#define DEADLINED_MESSAGE_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "message/escape.h"

struct template;

struct template_place {
	unsigned line, column; /* from 1 */
};

/* Compiles text. Errors: -EINVAL an unclosed tag or section, a closing tag that does not fit, an empty name, a bad
 * delimiter, sections nested deeper than 64, invalid UTF-8; *ret_place (ret_place may be NULL) then says where and err
 * what. The text is copied. */
MUSTCHECK int template_compile(const char *text, struct template **ret_template, struct template_place *ret_place,
			       struct err *err);
void template_free(struct template *template);

/* Gives the partial of that name, compiled, or NULL when there is none (it then renders as nothing). Borrowed for the
 * duration of the rendering. */
typedef const struct template *(*template_partial_cb)(void *arg, const char *name);

/* Appends to out, whose maximum is the cap. {{name}} is made safe by escape; {{{name}}} and {{&name}} never are. data
 * and partial may be NULL. Errors: -E2BIG the output is longer than the cap, -ELOOP partials nest deeper than 50, or
 * the lists make it more than 200000 steps; out then holds what was rendered so far. */
MUSTCHECK int template_render(const struct template *template, const json_t *data, enum escape escape,
			      template_partial_cb partial, void *arg, struct buf *out, struct err *err);

/* The same from the values of numbered names: by their numbers, NULL for what there is nothing of. */
MUSTCHECK int template_render_values(const struct template *template, json_t *const *values, enum escape escape,
				     template_partial_cb partial, void *arg, struct buf *out, struct err *err);
/* Numbers the names of which there can be values, so that none of them is searched for when rendering. */
void template_number(struct template *template, const char *const *names, size_t n);

/* Looks up the partials that template names, once and for all; partial gives what lives as long as template does. What
 * it does not have, and the dynamic names, are still asked for when rendering. */
void template_link(struct template *template, template_partial_cb partial, void *arg);

/* A tag that names something. */
struct template_use {
	enum template_use_kind {
		TEMPLATE_USE_VALUE,
		TEMPLATE_USE_SECTION,
		TEMPLATE_USE_INVERTED,
		TEMPLATE_USE_PARTIAL, /* or a parent */
	} kind;
	const char *name; /* "a.b" as written; of a dynamic partial that of the value that holds its name */
	bool is_dynamic;
	size_t within; /* the same for all that stand right inside one section, parent or block */
	struct template_place place;
};

/* Calls seen for every use in the template, in its order; partials are not followed. For lint. */
void template_uses(const struct template *template, void (*seen)(void *arg, const struct template_use *use), void *arg);

#endif
