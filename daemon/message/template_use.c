/* What a template names: for those that link partials, number names, lint, or make only what is needed. */
#include "message/template.h"

#include <string.h>

#include "message/template_priv.h"

void template_link(struct template *template, template_partial_cb partial, void *arg)
{
	for (size_t i = 0; i < template->n_ops; i++) {
		struct template_op *op = &template->ops[i];
		if ((op->kind == TEMPLATE_PARTIAL || op->kind == TEMPLATE_PARENT) && !op->is_dynamic)
			op->target = partial(arg, op->text);
	}
}

static int template_find_number(const struct template_op *op, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(names[i], op->text, op->first_len) == 0 && names[i][op->first_len] == '\0')
			return (int)i;
	return -1;
}

void template_number(struct template *template, const char *const *names, size_t n)
{
	for (size_t i = 0; i < template->n_ops; i++)
		if (template->ops[i].kind != TEMPLATE_TEXT)
			template->ops[i].number = template_find_number(&template->ops[i], names, n);
}

/* False for what names nothing that could be missing. */
static bool template_is_use(const struct template_op *op, enum template_use_kind *ret_kind)
{
	switch (op->kind) {
	case TEMPLATE_VALUE:
	case TEMPLATE_RAW:
		*ret_kind = TEMPLATE_USE_VALUE;
		return true;
	case TEMPLATE_SECTION:
		*ret_kind = TEMPLATE_USE_SECTION;
		return true;
	case TEMPLATE_INVERTED:
		*ret_kind = TEMPLATE_USE_INVERTED;
		return true;
	case TEMPLATE_PARTIAL:
	case TEMPLATE_PARENT:
		*ret_kind = TEMPLATE_USE_PARTIAL;
		return true;
	case TEMPLATE_TEXT:
	case TEMPLATE_BLOCK:
		break;
	}
	return false;
}

void template_uses(const struct template *template, void (*seen)(void *arg, const struct template_use *use), void *arg)
{
	struct template_place place = {.line = 1, .column = 1};
	const char *at = template->text;                          /* place is of this */
	size_t within[TEMPLATE_NESTING_MAX + 1] = {0}, depth = 0; /* the ops around, each by its number + 1 */
	for (size_t i = 0; i < template->n_ops; i++) {
		const struct template_op *op = &template->ops[i];
		while (depth > 0 && i >= template->ops[within[depth] - 1].end)
			depth--;
		struct template_use use = {.name = op->text, .is_dynamic = op->is_dynamic, .within = within[depth]};
		if (template_is_use(op, &use.kind)) {
			template_move_place(&place, at, op->text);
			at = op->text;
			use.place = place;
			seen(arg, &use);
		}
		if (op->end > i + 1)
			within[++depth] = i + 1;
	}
}
