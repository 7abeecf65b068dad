#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/template_priv.h"

enum {
	TEMPLATE_DEPTH_MAX = 50,
	TEMPLATE_STEPS_MAX = 200000, /* sections of lists in one another multiply, and need not put out a byte */
	TEMPLATE_NUMBER_SIZE = 32,
};

/* The three chains below live on the C stack and lead from the innermost outwards. */

/* What a name is looked up in. */
struct template_context {
	const struct template_context *outer;
	const json_t *value;
	json_t *const *values; /* of numbered names, in the place of value; NULL: it is that */
};

/* What goes in front of each line. */
struct template_indent {
	const struct template_indent *outer;
	const char *text;
	size_t len;
};

/* The arguments that the parent tag "op" of template gives. */
struct template_arguments {
	const struct template_arguments *outer;
	const struct template *template;
	size_t op;
};

/* Where the rendering is. */
struct template_spot {
	const struct template *template;
	const struct template_context *context;
	const struct template_indent *indent;
	const struct template_arguments *arguments;
};

struct template_renderer {
	enum escape escape;
	template_partial_cb partial;
	void *arg;
	struct buf *out;
	struct err *err;
	unsigned depth;
	unsigned steps;
	const struct template_indent *written; /* stands already in front of the line that comes next */
};

static int template_render_ops(struct template_renderer *r, const struct template_spot *spot, size_t from, size_t to);

/* ---- values --------------------------------------------------------------------------------------------- */

static const json_t *template_walk(const json_t *value, const char *name)
{
	while (value != NULL && *name == '.') {
		size_t len = strcspn(++name, ".");
		value = json_object_getn(value, name, len); /* NULL when it is no object */
		name += len;
	}
	return value;
}

static const json_t *template_member(const struct template_context *context, const struct template_op *op)
{
	if (context->values == NULL)
		return json_object_getn(context->value, op->text, op->first_len);
	return op->number >= 0 ? context->values[op->number] : NULL;
}

static const json_t *template_find(const struct template_context *context, const struct template_op *op)
{
	if (op->first_len == 0)
		return context->value;
	for (; context != NULL; context = context->outer) {
		const json_t *value = template_member(context, op);
		if (value != NULL)
			return op->first_len == op->len ? value : template_walk(value, op->text + op->first_len);
	}
	return NULL;
}

static bool template_is_true(const json_t *value)
{
	switch (value != NULL ? json_typeof(value) : JSON_NULL) {
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_INTEGER:
	case JSON_REAL:
		return json_number_value(value) != 0;
	default:
		return true;
	}
}

/* The fewest digits that give the same number again. */
static void template_format_real(double value, char text[TEMPLATE_NUMBER_SIZE])
{
	int digits = 15;
	do
		(void)snprintf(text, TEMPLATE_NUMBER_SIZE, "%.*g", digits, value);
	while (strtod(text, NULL) != value && ++digits <= 17);
}

/* The value as text: its own, or made in space. Objects, lists, null and what is missing have none. */
static struct template_span template_text_of(const json_t *value, char space[TEMPLATE_NUMBER_SIZE])
{
	struct template_span text = {.start = space};
	space[0] = '\0';
	switch (value != NULL ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		return (struct template_span){.start = json_string_value(value), .len = json_string_length(value)};
	case JSON_INTEGER:
		(void)snprintf(space, TEMPLATE_NUMBER_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		template_format_real(json_real_value(value), space);
		break;
	case JSON_TRUE:
		text.start = "true";
		break;
	case JSON_FALSE:
		text.start = "false";
		break;
	default:
		break;
	}
	text.len = strlen(text.start);
	return text;
}

static void template_add_value(struct template_renderer *r, const json_t *value, enum escape escape)
{
	char space[TEMPLATE_NUMBER_SIZE];
	struct template_span text = template_text_of(value, space);
	escape_add(escape, text.start, text.len, r->out);
	r->written = NULL;
}

/* ---- ops ------------------------------------------------------------------------------------------------ */

static void template_add_indent(struct template_renderer *r, const struct template_indent *indent)
{
	if (indent == NULL || indent == r->written)
		return;
	template_add_indent(r, indent->outer);
	buf_add(r->out, indent->text, indent->len);
}

static void template_start_line(struct template_renderer *r, const struct template_indent *indent)
{
	template_add_indent(r, indent);
	r->written = NULL;
}

static void template_render_text(struct template_renderer *r, const struct template_spot *spot,
				 const struct template_op *op)
{
	if (op->is_line_start)
		template_start_line(r, spot->indent);
	const char *p = op->text, *end = p + op->len, *newline;
	if (spot->indent != NULL)
		while ((newline = memchr(p, '\n', (size_t)(end - p))) != NULL && newline + 1 < end) {
			buf_add(r->out, p, (size_t)(newline + 1 - p));
			template_add_indent(r, spot->indent);
			p = newline + 1;
		}
	buf_add(r->out, p, (size_t)(end - p));
	if (op->len > 0)
		r->written = NULL;
}

static int template_render_with(struct template_renderer *r, const struct template_spot *spot, const json_t *value,
				size_t op)
{
	struct template_context context = {.outer = spot->context, .value = value};
	struct template_spot inside = *spot;
	inside.context = &context;
	return template_render_ops(r, &inside, op + 1, spot->template->ops[op].end);
}

static int template_render_section(struct template_renderer *r, const struct template_spot *spot, size_t op)
{
	const json_t *value = template_find(spot->context, &spot->template->ops[op]);
	if (!template_is_true(value))
		return 0;
	if (!json_is_array(value))
		return template_render_with(r, spot, value, op);
	for (size_t i = 0; i < json_array_size(value); i++) {
		int code = template_render_with(r, spot, json_array_get(value, i), op);
		if (code < 0)
			return code;
	}
	return 0;
}

static int template_render_inverted(struct template_renderer *r, const struct template_spot *spot, size_t op)
{
	const struct template_op *inverted = &spot->template->ops[op];
	if (template_is_true(template_find(spot->context, inverted)))
		return 0;
	return template_render_ops(r, spot, op + 1, inverted->end);
}

/* The template that a partial or parent tag names, or NULL. */
static const struct template *template_find_partial(const struct template_renderer *r, const struct template_spot *spot,
						    const struct template_op *op)
{
	char space[TEMPLATE_NUMBER_SIZE];
	const char *name = op->text;
	if (op->target != NULL)
		return op->target;
	if (op->is_dynamic)
		name = template_text_of(template_find(spot->context, op), space).start;
	return r->partial != NULL && *name != '\0' ? r->partial(r->arg, name) : NULL;
}

/* What goes in front of each line inside the tag: its own blanks, kept in *own, behind those around it. Without any of its
 * own the text need not be looked through for lines. */
static const struct template_indent *template_indent_in(const struct template_spot *spot, const struct template_op *tag,
							struct template_indent *own)
{
	*own = (struct template_indent){.outer = spot->indent, .text = tag->indent, .len = tag->indent_len};
	return own->len > 0 ? own : spot->indent;
}

static int template_render_partial(struct template_renderer *r, const struct template_spot *spot, size_t op)
{
	const struct template_op *tag = &spot->template->ops[op];
	const struct template *template = template_find_partial(r, spot, tag);
	if (template == NULL)
		return 0;
	if (r->depth == TEMPLATE_DEPTH_MAX)
		return err_set(r->err, -ELOOP, "partials nest deeper than %d: '%s' is used within itself",
			       TEMPLATE_DEPTH_MAX, tag->text);

	struct template_indent indent;
	struct template_arguments arguments = {.outer = spot->arguments, .template = spot->template, .op = op};
	struct template_spot inside = {
		.template = template,
		.context = spot->context,
		.indent = tag->is_alone ? template_indent_in(spot, tag, &indent) : NULL,
		.arguments = tag->kind == TEMPLATE_PARENT ? &arguments : spot->arguments,
	};
	r->depth++;
	int code = template_render_ops(r, &inside, 0, template->n_ops);
	r->depth--;
	return code;
}

/* The op of the argument of that name among those that a parent tag gives, or 0. */
static size_t template_find_argument(const struct template_arguments *arguments, const char *name)
{
	const struct template_op *ops = arguments->template->ops;
	for (size_t i = arguments->op + 1; i < ops[arguments->op].end; i = ops[i].end)
		if (ops[i].kind == TEMPLATE_BLOCK && strcmp(ops[i].text, name) == 0)
			return i;
	return 0;
}

/* Puts an argument at the position of block. Blocks inside the argument are positions of the template that gives it, so
 * only the arguments given to that one count there. */
static int template_render_argument(struct template_renderer *r, const struct template_spot *spot,
				    const struct template_op *block, const struct template_arguments *from, size_t op)
{
	const struct template_op *argument = &from->template->ops[op];
	struct template_indent indent;
	struct template_spot inside = {
		.template = from->template,
		.context = spot->context,
		.indent = template_indent_in(spot, block, &indent),
		.arguments = from->outer,
	};
	if (!block->is_alone)
		r->written = inside.indent;
	else if (!argument->is_alone && argument->end > op + 1)
		template_start_line(r, inside.indent);
	int code = template_render_ops(r, &inside, op + 1, argument->end);
	r->written = NULL;
	return code;
}

/* The outermost argument wins: whoever uses a template has the last word over it. */
static int template_render_block(struct template_renderer *r, const struct template_spot *spot, size_t op)
{
	const struct template_op *block = &spot->template->ops[op];
	const struct template_arguments *from = NULL;
	size_t argument = 0;
	for (const struct template_arguments *a = spot->arguments; a != NULL; a = a->outer) {
		size_t found = template_find_argument(a, block->text);
		if (found != 0) {
			from = a;
			argument = found;
		}
	}
	if (from == NULL)
		return template_render_ops(r, spot, op + 1, block->end);
	return template_render_argument(r, spot, block, from, argument);
}

static int template_count_step(struct template_renderer *r)
{
	if (++r->steps <= TEMPLATE_STEPS_MAX)
		return 0;
	return err_set(r->err, -ELOOP, "the template takes more than %d steps: lists are used within lists",
		       TEMPLATE_STEPS_MAX);
}

static int template_render_op(struct template_renderer *r, const struct template_spot *spot, size_t op)
{
	const struct template_op *at = &spot->template->ops[op];
	switch (at->kind) {
	case TEMPLATE_TEXT:
		template_render_text(r, spot, at);
		break;
	case TEMPLATE_VALUE:
		template_add_value(r, template_find(spot->context, at), r->escape);
		break;
	case TEMPLATE_RAW:
		template_add_value(r, template_find(spot->context, at), ESCAPE_PLAIN);
		break;
	case TEMPLATE_SECTION:
		return template_render_section(r, spot, op);
	case TEMPLATE_INVERTED:
		return template_render_inverted(r, spot, op);
	case TEMPLATE_PARTIAL:
	case TEMPLATE_PARENT:
		return template_render_partial(r, spot, op);
	case TEMPLATE_BLOCK:
		return template_render_block(r, spot, op);
	}
	if (r->out->is_over)
		return err_set(r->err, -E2BIG, "the text is longer than %zu bytes", r->out->max);
	return 0;
}

static int template_render_ops(struct template_renderer *r, const struct template_spot *spot, size_t from, size_t to)
{
	int code = template_count_step(r); /* also for a section of nothing */
	for (size_t i = from; i < to && code == 0; i = spot->template->ops[i].end) {
		code = template_count_step(r);
		if (code == 0)
			code = template_render_op(r, spot, i);
	}
	return code;
}

static int template_render_all(struct template_renderer *r, const struct template *template,
			       const struct template_context *context)
{
	struct template_spot spot = {.template = template, .context = context};
	return template_render_ops(r, &spot, 0, template->n_ops);
}

int template_render(const struct template *template, const json_t *data, enum escape escape,
		    template_partial_cb partial, void *arg, struct buf *out, struct err *err)
{
	struct template_renderer renderer = {.escape = escape, .partial = partial, .arg = arg, .out = out, .err = err};
	return template_render_all(&renderer, template, &(struct template_context){.value = data});
}

int template_render_values(const struct template *template, json_t *const *values, enum escape escape,
			   template_partial_cb partial, void *arg, struct buf *out, struct err *err)
{
	struct template_renderer renderer = {.escape = escape, .partial = partial, .arg = arg, .out = out, .err = err};
	return template_render_all(&renderer, template, &(struct template_context){.values = values});
}
