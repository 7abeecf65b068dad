#include "message/template.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "message/template_priv.h"

/* A section, parent or block whose closing tag is still to come. */
struct template_scope_open {
	struct template_tag tag;
	size_t op;
	struct template_span dedent; /* to go back to */
	bool is_head;                /* only blanks stand before its opening tag in that line */
};

struct template_compiler {
	struct template_reader reader;
	struct template *template;
	const char *p; /* compiled up to here */
	size_t n_allocated;
	struct template_scope_open open[TEMPLATE_NESTING_MAX];
	size_t n_open;
	struct template_span dedent; /* taken off every line of the argument that is being compiled */
};

/* How a tag stands in its line. */
struct template_line {
	const char *head; /* start of the blanks before it, NULL when something else is before it in its line */
	const char *next; /* start of the next line, NULL when something else than blanks follows in its line */
};

static bool template_is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct template_line template_look(const struct template_compiler *c, const struct template_tag *tag)
{
	const char *head = tag->start, *next = tag->after;
	while (head > c->reader.text && template_is_space(head[-1]))
		head--;
	if (head > c->reader.text && head[-1] != '\n')
		head = NULL;
	while (next < c->reader.end && template_is_space(*next))
		next++;
	if (next < c->reader.end) {
		if (next[0] == '\r' && next[1] == '\n')
			next++;
		next = *next == '\n' ? next + 1 : NULL;
	}
	return (struct template_line){.head = head, .next = next};
}

/* The text from..to without what the surrounding argument's indentation takes off; from starts a line. */
static struct template_span template_dedent(const struct template_compiler *c, const char *from, const char *to)
{
	const char *end = from;
	while (end < to && (size_t)(end - from) < c->dedent.len && *end == c->dedent.start[end - from])
		end++;
	return (struct template_span){.start = end, .len = (size_t)(to - end)};
}

static struct template_op *template_add_op(struct template_compiler *c, enum template_op_kind kind,
					   struct template_span text)
{
	struct template *t = c->template;
	if (t->n_ops == c->n_allocated) {
		c->n_allocated = c->n_allocated * 2 + 16;
		t->ops = mem_grow(t->ops, c->n_allocated, sizeof(*t->ops));
	}
	assert(t->ops != NULL);
	struct template_op *op = &t->ops[t->n_ops++];
	*op = (struct template_op){.kind = kind, .text = text.start, .len = text.len, .end = t->n_ops};
	return op;
}

static void template_add_text(struct template_compiler *c, struct template_span text, bool is_line_start)
{
	struct template *t = c->template;
	struct template_op *last = t->n_ops > 0 ? &t->ops[t->n_ops - 1] : NULL;
	if (last != NULL && last->kind == TEMPLATE_TEXT && last->text + last->len == text.start)
		last->len += text.len;
	else
		template_add_op(c, TEMPLATE_TEXT, text)->is_line_start = is_line_start;
}

/* Compiles the text up to "to" line by line. */
static void template_take_text(struct template_compiler *c, const char *to)
{
	while (c->p < to) {
		const char *newline = memchr(c->p, '\n', (size_t)(to - c->p));
		const char *end = newline != NULL ? newline + 1 : to;
		bool is_line_start = c->p == c->reader.text || c->p[-1] == '\n';
		struct template_span text = {.start = c->p, .len = (size_t)(end - c->p)};
		if (is_line_start)
			text = template_dedent(c, c->p, end);
		if (text.len > 0)
			template_add_text(c, text, is_line_start);
		c->p = end;
	}
}

/* Compiles the text before the tag and goes behind it: behind its line when it is alone in it. */
static void template_pass(struct template_compiler *c, const struct template_tag *tag, const struct template_line *line,
			  bool is_alone)
{
	if (is_alone) {
		template_take_text(c, line->head != NULL ? line->head : tag->start);
		c->p = line->next;
		return;
	}
	template_take_text(c, tag->start);
	if (line->head != NULL && template_dedent(c, line->head, tag->start).len == 0)
		template_add_op(c, TEMPLATE_TEXT, (struct template_span){.start = tag->start})->is_line_start = true;
	c->p = tag->after;
}

static void template_set_indent(struct template_op *op, struct template_span indent)
{
	op->indent = indent.start;
	op->indent_len = indent.len;
}

static int template_push(struct template_compiler *c, const struct template_tag *tag, size_t op, bool is_head)
{
	if (c->n_open == TEMPLATE_NESTING_MAX)
		return template_fail(&c->reader, tag->start, "sections are nested deeper than %d",
				     TEMPLATE_NESTING_MAX);
	c->open[c->n_open++] =
		(struct template_scope_open){.tag = *tag, .op = op, .dedent = c->dedent, .is_head = is_head};
	return 0;
}

static int template_open_section(struct template_compiler *c, const struct template_tag *tag)
{
	struct template_line line = template_look(c, tag);
	template_pass(c, tag, &line, line.head != NULL && line.next != NULL);
	template_add_op(c, tag->sigil == '#' ? TEMPLATE_SECTION : TEMPLATE_INVERTED, tag->name);
	return template_push(c, tag, c->template->n_ops - 1, false);
}

static void template_take_partial(struct template_compiler *c, const struct template_tag *tag)
{
	struct template_line line = template_look(c, tag);
	bool is_alone = line.head != NULL && line.next != NULL;
	template_pass(c, tag, &line, is_alone);
	struct template_op *op = template_add_op(c, TEMPLATE_PARTIAL, tag->name);
	op->is_dynamic = tag->is_dynamic;
	op->is_alone = is_alone;
	if (is_alone)
		template_set_indent(op, template_dedent(c, line.head, tag->start));
}

/* Whether a parent is alone shows at its closing tag. Until then the blanks before it are a text of their own, right
 * before its op, that template_close_parent() can take back. */
static int template_open_parent(struct template_compiler *c, const struct template_tag *tag)
{
	struct template_line line = template_look(c, tag);
	if (line.head != NULL) {
		struct template_span indent = template_dedent(c, line.head, tag->start);
		template_take_text(c, line.head);
		template_add_op(c, TEMPLATE_TEXT, indent)->is_line_start = true;
	} else {
		template_take_text(c, tag->start);
	}
	c->p = tag->after;
	struct template_op *op = template_add_op(c, TEMPLATE_PARENT, tag->name);
	op->is_dynamic = tag->is_dynamic;
	return template_push(c, tag, c->template->n_ops - 1, line.head != NULL);
}

static void template_close_parent(struct template_compiler *c, const struct template_scope_open *open,
				  const struct template_tag *tag)
{
	struct template_line line = template_look(c, tag);
	template_take_text(c, tag->start);
	c->p = tag->after;
	if (!open->is_head || line.next == NULL)
		return;
	struct template_op *op = &c->template->ops[open->op], *blanks = op - 1;
	template_set_indent(op, (struct template_span){.start = blanks->text, .len = blanks->len});
	op->is_alone = true;
	blanks->len = 0;
	blanks->is_line_start = false;
	c->p = line.next;
}

/* The blanks that the first line with content has; false when the block ends before there is any. */
static bool template_find_indent(const struct template_compiler *c, const char *line, struct template_span *ret_indent)
{
	const char *p = line, *end = c->reader.end;
	for (; p < end && (template_is_space(*p) || *p == '\r' || *p == '\n'); p++)
		if (*p == '\n')
			line = p + 1;

	if (p == end)
		return false;
	if ((size_t)(end - p) > c->reader.open.len && memcmp(p, c->reader.open.start, c->reader.open.len) == 0) {
		const char *tag = p + c->reader.open.len;
		while (template_is_space(*tag))
			tag++;
		if (*tag == '/')
			return false;
	}
	*ret_indent = (struct template_span){.start = line, .len = (size_t)(p - line)};
	return true;
}

static bool template_is_in_parent(const struct template_compiler *c)
{
	return c->n_open > 0 && c->open[c->n_open - 1].tag.sigil == '<';
}

/* An argument loses the indentation of its first line and gets that of the position it is put at: what the default
 * there has, or else what its tag has. */
static int template_open_block(struct template_compiler *c, const struct template_tag *tag)
{
	struct template_line line = template_look(c, tag);
	bool is_argument = template_is_in_parent(c), is_alone = line.next != NULL && (is_argument || line.head != NULL);
	template_pass(c, tag, &line, is_alone);
	struct template_op *op = template_add_op(c, TEMPLATE_BLOCK, tag->name);
	op->is_alone = is_alone;
	int r = template_push(c, tag, c->template->n_ops - 1, line.head != NULL);

	struct template_span indent = {.start = ""};
	bool has_own = is_alone && template_find_indent(c, line.next, &indent);
	if (is_argument && indent.len > c->dedent.len)
		c->dedent = indent;
	if (has_own)
		template_set_indent(op, template_dedent(c, indent.start, indent.start + indent.len));
	else if (line.head != NULL)
		template_set_indent(op, template_dedent(c, line.head, tag->start));
	return r;
}

static bool template_is_same_name(const struct template_tag *a, const struct template_tag *b)
{
	return a->is_dynamic == b->is_dynamic && a->name.len == b->name.len &&
	       memcmp(a->name.start, b->name.start, a->name.len) == 0;
}

static int template_close(struct template_compiler *c, const struct template_tag *tag)
{
	int len = (int)tag->name.len;
	if (c->n_open == 0)
		return template_fail(&c->reader, tag->start, "'%.*s' is closed here but was not opened", len,
				     tag->name.start);
	const struct template_scope_open *open = &c->open[--c->n_open];
	if (!template_is_same_name(&open->tag, tag)) {
		struct template_place place = template_find_place(&c->reader, open->tag.start);
		return template_fail(
			&c->reader, tag->start, "'%.*s' is closed here, but '%.*s' of line %u, column %u is still open",
			len, tag->name.start, (int)open->tag.name.len, open->tag.name.start, place.line, place.column);
	}

	if (open->tag.sigil == '<') {
		template_close_parent(c, open, tag);
	} else {
		struct template_line line = template_look(c, tag);
		bool is_argument = open->tag.sigil == '$' && template_is_in_parent(c);
		if (is_argument && line.next == NULL) /* what follows an argument inside its parent is not rendered */
			line.next = tag->after;
		template_pass(c, tag, &line, line.head != NULL && line.next != NULL);
	}
	c->template->ops[open->op].end = c->template->n_ops;
	c->dedent = open->dedent;
	return 0;
}

static int template_take_tag(struct template_compiler *c, const struct template_tag *tag)
{
	struct template_line line = template_look(c, tag);
	switch (tag->sigil) {
	case '#':
	case '^':
		return template_open_section(c, tag);
	case '/':
		return template_close(c, tag);
	case '<':
		return template_open_parent(c, tag);
	case '$':
		return template_open_block(c, tag);
	case '>':
		template_take_partial(c, tag);
		return 0;
	case '!':
	case '=':
		template_pass(c, tag, &line, line.head != NULL && line.next != NULL);
		return 0;
	default:
		template_pass(c, tag, &line, false);
		template_add_op(c, tag->sigil == '&' ? TEMPLATE_RAW : TEMPLATE_VALUE, tag->name);
		return 0;
	}
}

static int template_check_utf8(const struct template_reader *reader)
{
	for (const char *p = reader->text; p < reader->end;) {
		const char *start = p;
		if (utf8_next(&p, reader->end) == 0xfffd && !utf8_is_valid(start, (size_t)(p - start)))
			return template_fail(reader, start, "this is not valid UTF-8");
	}
	return 0;
}

static int template_take_all(struct template_compiler *c)
{
	struct template_reader *reader = &c->reader;
	int r = template_check_utf8(reader);
	while (r == 0) {
		struct template_tag tag;
		const char *start = memmem(c->p, (size_t)(reader->end - c->p), reader->open.start, reader->open.len);
		if (start == NULL)
			break;
		r = template_read_tag(reader, start, &tag);
		if (r == 0)
			r = template_take_tag(c, &tag);
	}
	if (r == 0 && c->n_open > 0) {
		const struct template_tag *tag = &c->open[c->n_open - 1].tag;
		return template_fail(reader, tag->start, "'%.*s' is opened here and never closed", (int)tag->name.len,
				     tag->name.start);
	}
	if (r == 0)
		template_take_text(c, reader->end);
	return r;
}

/* A name ends inside its tag, so its terminator overwrites nothing that is rendered. */
static void template_end_name(struct template *t, struct template_op *op)
{
	t->text[op->text - t->text + (ptrdiff_t)op->len] = '\0';
	op->first_len = strcspn(op->text, ".");
	op->number = -1;
}

int template_compile(const char *text, struct template **ret_template, struct template_place *ret_place,
		     struct err *err)
{
	struct template *t = mem_zero(1, sizeof(*t));
	t->text = mem_dup(text);
	struct template_compiler c = {
		.reader = {.text = t->text, .end = t->text + strlen(t->text), .ret_place = ret_place, .err = err},
		.template = t,
		.p = t->text,
	};
	c.reader.open = (struct template_span){.start = "{{", .len = 2};
	c.reader.close = (struct template_span){.start = "}}", .len = 2};

	int r = template_take_all(&c);
	if (r < 0) {
		template_free(t);
		return r;
	}
	for (size_t i = 0; i < t->n_ops; i++)
		if (t->ops[i].kind != TEMPLATE_TEXT)
			template_end_name(t, &t->ops[i]);
	*ret_template = t;
	return 0;
}

void template_free(struct template *template)
{
	if (template == NULL)
		return;
	free(template->ops);
	free(template->text);
	free(template);
}
