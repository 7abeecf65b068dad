/* preset_shape: a body of JSON as pieces of text with its leaves between them. For preset*.c alone.
 *
 * What stands around the leaves depends only on which of them a message fills. It is made once for each such set, from
 * the very tree that preset_pointer_set() builds, and kept: a message then costs its values and no tree. */
#ifndef DEADLINED_CHANNEL_PRESET_SHAPE_H
#define DEADLINED_CHANNEL_PRESET_SHAPE_H

#include "channel/preset.h"

/* Where a leaf comes into the text. */
struct preset_hole {
	size_t at;
	size_t field;
};

struct preset_shape {
	uint64_t names; /* those with a value, of all that the leaves ask for */
	struct buf text;
	struct preset_hole *holes; /* in the order of their places */
	size_t n;
};

/* For a call whose leaves are all read. Returns owned. */
struct preset_shapes *preset_shapes_new(const struct preset_fields *fields);
void preset_shapes_free(struct preset_shapes *shapes);

/* The shape of a body with these leaves and values, borrowed until the next call. Errors, with the name of the leaf:
 * those of preset_pointer_set() and preset_json_add(); -E2BIG. */
MUSTCHECK int preset_shape_of(struct preset_shapes *shapes, const struct preset_fields *fields,
			      const struct preset_values *values, const struct preset_shape **ret_shape,
			      struct err *err);

/* Whether the field i goes into a request: of several with one name the first that has all its values. */
bool preset_field_is_used(const struct preset_fields *fields, size_t i, const struct preset_values *values);

#endif
