#include "channel/preset_shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	PRESET_SHAPES_MAX = 16, /* sets of leaves that are kept: four that a message may lack */
	PRESET_SHAPE_MAX = 256 * 1024
};

struct preset_shapes {
	uint64_t names; /* that the leaves ask for */
	struct preset_shape items[PRESET_SHAPES_MAX];
	size_t n, oldest;
};

bool preset_field_is_used(const struct preset_fields *fields, size_t i, const struct preset_values *values)
{
	const struct preset_field *field = &fields->items[i];
	bool is_used = preset_text_is_complete(&field->text, values);
	for (size_t before = 0; is_used && field->is_again && before < i; before++)
		is_used = strcmp(fields->items[before].name, field->name) != 0 ||
			  !preset_text_is_complete(&fields->items[before].text, values);
	return is_used;
}

static void preset_shape_done(struct preset_shape *shape)
{
	buf_done(&shape->text);
	free(shape->holes);
	*shape = (struct preset_shape){0};
}

struct preset_shapes *preset_shapes_new(const struct preset_fields *fields)
{
	struct preset_shapes *shapes = mem_zero(1, sizeof(*shapes));
	for (size_t i = 0; i < fields->n; i++) {
		const struct preset_text *text = &fields->items[i].text;
		for (size_t k = 0; k < text->n; k++)
			if (text->parts[k].literal == NULL)
				shapes->names |= UINT64_C(1) << text->parts[k].name;
	}
	return shapes;
}

void preset_shapes_free(struct preset_shapes *shapes)
{
	if (shapes == NULL)
		return;
	for (size_t i = 0; i < shapes->n; i++)
		preset_shape_done(&shapes->items[i]);
	free(shapes);
}

/* ---- making one ---- */

/* The same in every message: it shows no name, and cannot be too long. */
static bool preset_field_is_constant(const struct preset_field *field)
{
	for (size_t i = 0; i < field->text.n; i++)
		if (field->text.parts[i].literal == NULL && !field->text.parts[i].is_condition)
			return false;
	return field->limit == 0;
}

static void preset_shape_add_hole(struct preset_shape *shape, size_t field)
{
	shape->holes = mem_grow(shape->holes, shape->n + 1, sizeof(*shape->holes));
	shape->holes[shape->n++] = (struct preset_hole){.at = shape->text.len, .field = field};
}

static int preset_shape_add_constant(struct preset_shape *shape, const struct preset_field *field, struct err *err)
{
	static const struct preset_values none;
	struct buf text;
	buf_init(&text, PRESET_SHAPE_MAX);
	preset_text_add(&field->text, &none, field->escape, &text);
	int r = preset_json_add(&shape->text, buf_str(&text), field->type, err);
	buf_done(&text);
	if (r < 0)
		err_prefix(err, "%s", field->name);
	return r;
}

/* Writes the tree, in which numbers stand for the leaves. */
static int preset_shape_walk(struct preset_shape *shape, const struct preset_fields *fields, const json_t *tree,
			     struct err *err)
{
	struct buf *text = &shape->text;
	const char *key;
	json_t *child;
	size_t i;
	int r = 0;
	if (json_is_integer(tree)) {
		i = (size_t)json_integer_value(tree);
		if (preset_field_is_constant(&fields->items[i]))
			return preset_shape_add_constant(shape, &fields->items[i], err);
		preset_shape_add_hole(shape, i);
		return 0;
	}
	char first = json_is_object(tree) ? '{' : '[', before = first;
	json_object_foreach((json_t *)tree, key, child)
	{
		buf_add_char(text, before);
		preset_json_add_string(text, key);
		buf_add_char(text, ':');
		r = r == 0 ? preset_shape_walk(shape, fields, child, err) : r;
		before = ',';
	}
	json_array_foreach(tree, i, child)
	{
		buf_add_char(text, before);
		r = r == 0 ? preset_shape_walk(shape, fields, child, err) : r;
		before = ',';
	}
	buf_add_char(text, first == '{' ? '}' : ']');
	return r;
}

/* Puts the number of each leaf that is used in its place. */
static int preset_shape_tree(const struct preset_fields *fields, const struct preset_values *values, json_t **tree,
			     struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < fields->n; i++) {
		if (preset_field_is_used(fields, i, values))
			r = preset_pointer_set(tree, fields->items[i].name, json_integer((json_int_t)i), err);
		if (r < 0)
			err_prefix(err, "%s", fields->items[i].name);
	}
	return r;
}

static int preset_shape_make(const struct preset_fields *fields, const struct preset_values *values,
			     struct preset_shape *shape, struct err *err)
{
	json_t *tree = NULL;
	buf_init(&shape->text, PRESET_SHAPE_MAX);
	int r = preset_shape_tree(fields, values, &tree, err);
	if (r == 0 && tree != NULL)
		r = preset_shape_walk(shape, fields, tree, err);
	else
		buf_add_str(&shape->text, "{}");
	if (r == 0 && shape->text.is_over)
		r = err_set(err, -E2BIG, "the request is longer than %d bytes", PRESET_SHAPE_MAX);
	json_decref(tree);
	return r;
}

/* ---- finding it again ---- */

static uint64_t preset_names_there(const struct preset_values *values)
{
	uint64_t names = 0;
	for (size_t i = 0; i < PRESET_NAMES_LIMIT; i++)
		names |= (uint64_t)(values->items[i] != NULL) << i;
	return names;
}

int preset_shape_of(struct preset_shapes *shapes, const struct preset_fields *fields,
		    const struct preset_values *values, const struct preset_shape **ret_shape, struct err *err)
{
	struct preset_shape made = {.names = preset_names_there(values) & shapes->names};
	for (size_t i = 0; i < shapes->n; i++)
		if (shapes->items[i].names == made.names) {
			*ret_shape = &shapes->items[i];
			return 0;
		}

	int r = preset_shape_make(fields, values, &made, err);
	if (r < 0) {
		preset_shape_done(&made);
		return r;
	}
	struct preset_shape *place = &shapes->items[shapes->oldest];
	if (shapes->n < PRESET_SHAPES_MAX)
		place = &shapes->items[shapes->n++];
	else
		shapes->oldest = (shapes->oldest + 1) % PRESET_SHAPES_MAX;
	preset_shape_done(place);
	*place = made;
	*ret_shape = place;
	return 0;
}
