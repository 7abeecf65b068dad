/* Between the files of template: tags are read in template_tag.c, compiled in template.c, rendered in
 * template_render.c. */
#ifndef DEADLINED_MESSAGE_TEMPLATE_PRIV_H
#define DEADLINED_MESSAGE_TEMPLATE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "message/template.h"

enum { TEMPLATE_NESTING_MAX = 64 }; /* sections, parents and blocks in one another */

enum template_op_kind {
	TEMPLATE_TEXT,
	TEMPLATE_VALUE,    /* {{name}} */
	TEMPLATE_RAW,      /* {{{name}}} and {{&name}} */
	TEMPLATE_SECTION,  /* {{#name}} */
	TEMPLATE_INVERTED, /* {{^name}} */
	TEMPLATE_PARTIAL,  /* {{>name}} */
	TEMPLATE_PARENT,   /* {{<name}} */
	TEMPLATE_BLOCK,    /* {{$name}}: a position with its default, or right inside a parent an argument */
};

/* The ops of a section, parent or block follow it; "end" is the index behind the last of them. */
struct template_op {
	enum template_op_kind kind;
	bool is_line_start; /* text: its first line is a line of the template from its first column on */
	bool is_alone;      /* partial, parent, block: its (opening) tag ends a line of which nothing is rendered */
	bool is_dynamic;    /* partial, parent: name is that of the value that holds the name */
	const char *text;   /* of TEXT, else the name, terminated; inside the template's own text */
	size_t len;
	size_t first_len; /* of the name's first part, up to a dot; 0 for the name "." */
	int number;       /* of that part, once numbered; -1 for any other */
	size_t end;
	const char *indent; /* what goes in front of every line of the partial, parent or argument that is put here */
	size_t indent_len;
	const struct template *target; /* partial, parent: once linked */
};

struct template
{
	char *text;
	struct template_op *ops;
	size_t n_ops;
};

/* A piece of text. */
struct template_span {
	const char *start;
	size_t len;
};

struct template_tag {
	char sigil; /* '#' ... as written; 0 for {{name}}, '&' for both unescaped forms */
	bool is_dynamic;
	struct template_span name;
	const char *start, *after; /* of the whole tag */
};

/* Reads tags one after the other. */
struct template_reader {
	const char *text, *end;
	struct template_span open, close; /* the delimiters in force */
	struct template_place *ret_place; /* of an error; may be NULL */
	struct err *err;
};

/* Reads the tag whose opening delimiter is at start; a {{= =}} tag also changes the reader's delimiters. Errors:
 * -EINVAL. */
MUSTCHECK int template_read_tag(struct template_reader *reader, const char *start, struct template_tag *ret_tag);

/* Reports an error at that place; returns -EINVAL. */
int template_fail(const struct template_reader *reader, const char *at, const char *fmt, ...) PRINTF(3, 4);
/* From the place of "from" to that of "to", further on in the same text. */
void template_move_place(struct template_place *place, const char *from, const char *to);
struct template_place template_find_place(const struct template_reader *reader, const char *at);

#endif
