#include "channel/preset_json.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

enum { PRESET_INDEX_MAX = 999, PRESET_POINTER_MAX = 512 };

/* Every value but the first stands behind one of these. */
static bool preset_json_is_small(const char *text, size_t len)
{
	size_t n = 0;
	bool is_string = false;
	for (size_t i = 0; i < len; i++) {
		if (is_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			is_string = !is_string;
		else if (!is_string && (text[i] == '{' || text[i] == '[' || text[i] == ','))
			n++;
	}
	return n <= PRESET_JSON_VALUES_MAX;
}

json_t *preset_json_load(const char *text, size_t len)
{
	return preset_json_is_small(text, len) ? json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
}

bool preset_pointer_check(const char *pointer, struct err *err)
{
	if (pointer[0] != '/' || strlen(pointer) > PRESET_POINTER_MAX) {
		(void)err_set(err, -EINVAL, "'%s' is not a JSON Pointer: it starts with '/', as in /result/message_id",
			      pointer);
		return false;
	}
	for (const char *tilde = pointer; (tilde = strchr(tilde, '~')) != NULL; tilde++)
		if (tilde[1] != '0' && tilde[1] != '1') {
			(void)err_set(err, -EINVAL,
				      "'%s': in a JSON Pointer '~' is written ~0 and '/' inside a name ~1", pointer);
			return false;
		}
	return true;
}

/* Takes the next part off the pointer, "~1" and "~0" resolved; NULL at its end. The caller frees it. */
static char *preset_pointer_part(const char **pointer)
{
	if (**pointer != '/')
		return NULL;
	const char *start = *pointer + 1;
	size_t len = strcspn(start, "/");
	*pointer = start + len;

	char *part = mem_dup_n(start, len), *out = part;
	for (const char *in = part; *in != '\0'; in++) {
		if (in[0] == '~' && (in[1] == '0' || in[1] == '1'))
			*out++ = *++in == '0' ? '~' : '/';
		else
			*out++ = *in;
	}
	*out = '\0';
	return part;
}

/* The index that a part of a pointer means, or -1. */
static int64_t preset_pointer_index(const char *part)
{
	int64_t index;
	if (part[0] == '-' || (part[0] == '0' && part[1] != '\0') ||
	    num_parse(part, 0, PRESET_INDEX_MAX, &index, NULL) < 0)
		return -1;
	return index;
}

static json_t *preset_json_child(const json_t *parent, const char *part)
{
	if (json_is_object(parent))
		return json_object_get(parent, part);
	int64_t index = preset_pointer_index(part);
	return index >= 0 ? json_array_get(parent, (size_t)index) : NULL;
}

/* The first value that rest leads to from one of the children. */
static const json_t *preset_json_any(const json_t *parent, const char *rest)
{
	const char *key;
	json_t *child;
	size_t i;
	const json_t *found = NULL;
	json_object_foreach((json_t *)parent, key, child)
	{
		if (found == NULL)
			found = preset_pointer_get(child, rest);
	}
	json_array_foreach(parent, i, child)
	{
		if (found == NULL)
			found = preset_pointer_get(child, rest);
	}
	return found;
}

/* Takes the next part off the pointer and goes down by it; NULL when there is nothing. */
static const json_t *preset_json_step(const json_t *parent, const char **pointer)
{
	const char *start = *pointer + 1;
	size_t len = strcspn(start, "/~");
	if (json_is_object(parent) && start[len] != '~') { /* the part is the name itself */
		*pointer = start + len;
		return json_object_getn(parent, start, len);
	}
	char *part = preset_pointer_part(pointer);
	const json_t *child = preset_json_child(parent, part);
	free(part);
	return child;
}

const json_t *preset_pointer_get(const json_t *root, const char *pointer)
{
	while (root != NULL && *pointer != '\0') {
		if (strncmp(pointer, "/*", 2) == 0 && (pointer[2] == '/' || pointer[2] == '\0'))
			return preset_json_any(root, pointer + 2);
		root = preset_json_step(root, &pointer);
	}
	return root;
}

/* Puts child, which it takes, into parent under part. */
static int preset_json_put(json_t *parent, const char *part, json_t *child, struct err *err)
{
	if (json_is_object(parent)) {
		if (json_object_set_new(parent, part, child) != 0)
			return err_set(err, -EINVAL, "'%s' cannot be a name in JSON", part);
		return 0;
	}
	int64_t index = preset_pointer_index(part);
	if (index < 0 || (size_t)index != json_array_size(parent)) {
		json_decref(child);
		return err_set(err, -E2BIG, "element '%s' of the array comes too early: the next one is %zu", part,
			       json_array_size(parent));
	}
	return json_array_append_new(parent, child) == 0 ? 0
							 : err_set(err, -EINVAL, "element '%s' cannot be added", part);
}

/* A container of the kind that the first part of the rest of a pointer needs. */
static json_t *preset_json_container(const char *rest)
{
	return strcmp(rest, "/0") == 0 || strncmp(rest, "/0/", 3) == 0 ? json_array() : json_object();
}

/* Goes down from parent to the container of the last part, which is returned in *ret_part. */
static int preset_json_descend(json_t **parent, const char *pointer, char **ret_part, struct err *err)
{
	const char *rest = pointer;
	char *part = preset_pointer_part(&rest);
	while (*rest == '/') {
		json_t *child = preset_json_child(*parent, part);
		if (child == NULL) {
			child = preset_json_container(rest);
			int r = preset_json_put(*parent, part, child, err);
			if (r < 0) {
				free(part);
				return r;
			}
		}
		free(part);
		part = preset_pointer_part(&rest);
		*parent = child;
	}
	*ret_part = part;
	return 0;
}

int preset_pointer_set(json_t **root, const char *pointer, json_t *value, struct err *err)
{
	if (*root == NULL)
		*root = preset_json_container(pointer);

	char *part;
	json_t *parent = *root;
	int r = preset_json_descend(&parent, pointer, &part, err);
	if (r < 0) {
		json_decref(value);
		return r;
	}
	if (!json_is_object(parent) && !json_is_array(parent)) {
		json_decref(value);
		r = err_set(err, -EINVAL, "%s is inside a value that is neither an object nor an array", pointer);
	} else if (preset_json_child(parent, part) != NULL) {
		json_decref(value);
		r = err_set(err, -EINVAL, "%s is set already", pointer);
	} else {
		r = preset_json_put(parent, part, value, err);
	}
	free(part);
	return r;
}

bool preset_json_add_text(struct buf *out, const json_t *value)
{
	char digits[24];
	if (json_is_string(value))
		buf_add_str(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_add(out, digits,
			(size_t)snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
	else if (json_is_real(value))
		buf_printf(out, "%.17g", json_real_value(value));
	return json_is_string(value) || json_is_number(value);
}

/* ---- writing ---- */

/* The high bit of each of the eight bytes that may not stand in a string as it is; those above the lowest such byte may
 * be wrong, because of a borrow from it. */
static uint64_t preset_json_specials(uint64_t bytes)
{
	static const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t below_quote = (bytes ^ ones * '"') - ones, below_backslash = (bytes ^ ones * '\\') - ones;
	return ((bytes - ones * ' ') | below_quote | below_backslash) & ~bytes & ones << 7;
}

/* How many bytes text begins with, up to end, that may stand in a string. */
static size_t preset_json_plain(const char *text, const char *end)
{
	const char *p = text;
	uint64_t bytes;
	for (; end - p >= (ptrdiff_t)sizeof(bytes); p += sizeof(bytes)) {
		memcpy(&bytes, p, sizeof(bytes));
		uint64_t specials = preset_json_specials(le64toh(bytes));
		if (specials != 0)
			return (size_t)(p - text) + (size_t)__builtin_ctzll(specials) / 8;
	}
	while (p < end && (unsigned char)*p >= ' ' && *p != '"' && *p != '\\')
		p++;
	return (size_t)(p - text);
}

static void preset_json_add_escape(struct buf *out, char c)
{
	static const char letters[0x80] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\'};
	char letter = letters[(unsigned char)c];
	if (letter != '\0')
		buf_add(out, (const char[]){'\\', letter}, 2);
	else
		buf_printf(out, "\\u%04X", (unsigned)c);
}

void preset_json_add_string(struct buf *out, const char *text)
{
	const char *end = text + strlen(text);
	buf_add_char(out, '"');
	for (;; text++) {
		size_t len = preset_json_plain(text, end);
		buf_add(out, text, len);
		text += len;
		if (text == end)
			break;
		preset_json_add_escape(out, *text);
	}
	buf_add_char(out, '"');
}

/* True when the number, written again, gives the same text: no leading zeros, no "-0". */
static bool preset_json_is_id(const char *text, int64_t *ret_id)
{
	char again[24];
	if (num_parse(text, INT64_MIN, INT64_MAX, ret_id, NULL) < 0)
		return false;
	(void)snprintf(again, sizeof(again), "%" PRId64, *ret_id);
	return strcmp(again, text) == 0;
}

/* Written anew, in the shortest form. */
static int preset_json_add_literal(struct buf *out, const char *text, struct err *err)
{
	json_t *tree = json_loads(text, JSON_DECODE_ANY, NULL);
	char *again = tree != NULL ? json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	json_decref(tree);
	if (again == NULL)
		return err_set(err, -EINVAL, "'%s' is not JSON", text);
	buf_add_str(out, again);
	free(again);
	return 0;
}

int preset_json_add(struct buf *out, const char *text, enum preset_type type, struct err *err)
{
	int64_t number;
	switch (type) {
	case PRESET_INT:
		if (num_parse(text, INT64_MIN, INT64_MAX, &number, err) < 0)
			return -EINVAL;
		buf_printf(out, "%" PRId64, number);
		return 0;
	case PRESET_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return err_set(err, -EINVAL, "'%s' is neither true nor false", text);
		buf_add_str(out, text);
		return 0;
	case PRESET_LITERAL:
		return preset_json_add_literal(out, text, err);
	case PRESET_TREE:
		buf_add_str(out, text);
		return 0;
	case PRESET_ID:
		if (preset_json_is_id(text, &number))
			buf_add_str(out, text);
		else
			preset_json_add_string(out, text);
		return 0;
	case PRESET_STRING:
	case PRESET_TYPE_MAX:
		break;
	}
	preset_json_add_string(out, text);
	return 0;
}
