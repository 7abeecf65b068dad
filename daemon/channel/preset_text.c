#include "channel/preset_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PRESET_LITERAL_MAX = 16 * 1024, PRESET_CUT_MAX = 256 * 1024 };

static const char preset_marker[] = "…";

static const char *const preset_name_words[PRESET_NAME_MAX] = {
	[PRESET_TO_ADDRESS] = "to_address",
	[PRESET_TO_NAME] = "to_name",
	[PRESET_SUBJECT] = "subject",
	[PRESET_TEXT] = "text",
	[PRESET_LANGUAGE] = "language",
	[PRESET_LOCALE] = "locale",
	[PRESET_KEY] = "key",
	[PRESET_MESSAGE_ID] = "message_id",
	[PRESET_TASK_UID] = "task_uid",
	[PRESET_PERSON] = "person",
	[PRESET_KIND] = "kind",
	[PRESET_CHANNEL] = "channel",
	[PRESET_NOW_S] = "now_s",
	[PRESET_NOW_MS] = "now_ms",
	[PRESET_UUID] = "uuid",
	[PRESET_INT31] = "int31",
	[PRESET_BODY_TEXT] = "body",
	[PRESET_ACCESS_TOKEN] = "access_token",
	[PRESET_BUTTONS] = "buttons",
	[PRESET_REMOTE_ID] = "remote_id",
	[PRESET_THREAD_ID] = "thread_id",
	[PRESET_ANSWER_ID] = "answer_id",
	[PRESET_NEXT] = "next",
	[PRESET_HOLD_S] = "hold_s",
	[PRESET_WORD] = "word",
};

void preset_names_add(struct strlist *names)
{
	for (size_t i = 0; i < PRESET_NAME_MAX; i++)
		strlist_add(names, preset_name_words[i], strlen(preset_name_words[i]));
}

size_t preset_names_find(const struct strlist *names, const char *name, size_t len)
{
	for (size_t i = 0; i < names->n; i++)
		if (strlen(names->items[i]) == len && memcmp(names->items[i], name, len) == 0)
			return i;
	return names->n;
}

static void preset_text_add_part(struct preset_text *text, struct preset_part part)
{
	text->parts = mem_grow(text->parts, text->n + 1, sizeof(*text->parts));
	text->parts[text->n++] = part;
}

/* Copies the literal up to "{{" or the end into out, escapes resolved. */
static int preset_literal(const char **source, struct buf *out, struct err *err)
{
	const char *p = *source;
	for (; *p != '\0' && strncmp(p, "{{", 2) != 0; p++) {
		if (*p != '\\') {
			buf_add_char(out, *p);
			continue;
		}
		p++;
		if (*p != 'n' && *p != 't' && *p != '\\')
			return err_set(
				err, -EINVAL,
				"a backslash stands before n, t or another backslash only; write \\\\ for itself");
		buf_add_char(out, *p == 'n' ? '\n' : *p == 't' ? '\t' : '\\');
	}
	*source = p;
	return out->is_over ? err_set(err, -EINVAL, "the text is longer than %d bytes", PRESET_LITERAL_MAX) : 0;
}

/* Reads "{{name}}" or "{{?name}}" at *source. */
static int preset_reference(const char **source, const struct strlist *names, struct preset_part *ret_part,
			    struct err *err)
{
	const char *start = *source + 2, *end = strstr(start, "}}");
	if (end == NULL)
		return err_set(err, -EINVAL, "'{{' without '}}'");

	bool is_condition = *start == '?';
	start += is_condition;
	start += strspn(start, " ");
	size_t len = strcspn(start, " }");
	if (start + len + strspn(start + len, " ") != end || len == 0)
		return err_set(err, -EINVAL, "'%.*s' is not a name: write {{to_address}}, {{text}} ...",
			       (int)(end + 2 - *source), *source);

	size_t name = preset_names_find(names, start, len);
	if (name == names->n) {
		char *typed = mem_dup_n(start, len);
		const char *nearest = strlist_nearest(typed, (const char *const *)names->items, names->n);
		(void)err_set(err, -EINVAL,
			      nearest != NULL ? "unknown name {{%s}}, did you mean {{%s}}?" : "unknown name {{%s}}",
			      typed, nearest);
		free(typed);
		return -EINVAL;
	}
	*ret_part = (struct preset_part){.name = name, .is_condition = is_condition};
	*source = end + 2;
	return 0;
}

int preset_text_compile(const char *source, const struct strlist *names, struct preset_text *ret_text, struct err *err)
{
	struct preset_text text = {0};
	struct buf literal;
	buf_init(&literal, PRESET_LITERAL_MAX);

	int r = 0;
	while (r == 0 && *source != '\0') {
		r = preset_literal(&source, &literal, err);
		if (r == 0 && literal.len != 0)
			preset_text_add_part(&text, (struct preset_part){.literal = buf_take(&literal)});
		struct preset_part part = {0};
		if (r == 0 && *source != '\0') {
			r = preset_reference(&source, names, &part, err);
			if (r == 0)
				preset_text_add_part(&text, part);
		}
	}
	buf_done(&literal);
	if (r < 0)
		preset_text_done(&text);
	else
		*ret_text = text;
	return r;
}

void preset_text_done(struct preset_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		free(text->parts[i].literal);
	free(text->parts);
	*text = (struct preset_text){0};
}

size_t preset_text_uses(const struct preset_text *text, size_t name)
{
	size_t n = 0;
	for (size_t i = 0; i < text->n; i++)
		n += text->parts[i].literal == NULL && text->parts[i].name == name && !text->parts[i].is_condition;
	return n;
}

/* What stands in the place of a part; NULL = nothing. */
static const char *preset_part_value(const struct preset_part *part, const struct preset_values *values)
{
	if (part->literal != NULL)
		return part->literal;
	return part->is_condition ? NULL : values->items[part->name];
}

bool preset_text_is_complete(const struct preset_text *text, const struct preset_values *values)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->parts[i].literal == NULL && values->items[text->parts[i].name] == NULL)
			return false;
	return true;
}

void preset_text_add(const struct preset_text *text, const struct preset_values *values, enum preset_escape escape,
		     struct buf *out)
{
	for (size_t i = 0; i < text->n; i++) {
		const struct preset_part *part = &text->parts[i];
		const char *value = preset_part_value(part, values);
		bool is_json = part->name == PRESET_BUTTONS && escape == PRESET_JSON && value != NULL;
		if (part->literal != NULL)
			buf_add_str(out, part->literal);
		else if (is_json)
			buf_add_str(out, value);
		else if (value != NULL)
			preset_escape_add(out, value, escape);
	}
}

static size_t preset_text_length(const struct preset_text *text, const struct preset_values *values,
				 enum utf8_unit unit)
{
	size_t length = 0;
	for (size_t i = 0; i < text->n; i++) {
		const char *value = preset_part_value(&text->parts[i], values);
		length += value != NULL ? utf8_length(value, unit) : 0;
	}
	return length;
}

/* Shortens one value so that the whole template fits, or as far as that value goes. The new value is put into cut. */
static void preset_cut_value(const struct preset_text *text, struct preset_values *values, size_t name, size_t max,
			     enum utf8_unit unit, struct buf *cut)
{
	size_t length = preset_text_length(text, values, unit), uses = preset_text_uses(text, name);
	if (length <= max || uses == 0 || values->items[name] == NULL)
		return;

	const char *value = values->items[name];
	size_t others = length - uses * utf8_length(value, unit);
	size_t room = others < max ? (max - others) / uses : 0, marker = utf8_length(preset_marker, unit);
	if (room >= marker) {
		buf_add(cut, value, utf8_prefix(value, room - marker, unit));
		buf_add_str(cut, preset_marker);
	}
	values->items[name] = buf_str(cut);
}

/* How many bytes the template has; no unit makes its length greater. */
static size_t preset_text_bytes(const struct preset_text *text, const struct preset_values *values)
{
	size_t bytes = 0;
	for (size_t i = 0; i < text->n; i++) {
		const char *value = preset_part_value(&text->parts[i], values);
		bytes += value != NULL ? strlen(value) : 0;
	}
	return bytes;
}

int preset_text_add_cut(const struct preset_text *text, const struct preset_values *values, enum preset_escape escape,
			size_t max, enum utf8_unit unit, struct buf *out, struct err *err)
{
	struct preset_values mine = *values;
	struct buf cut_text, cut_subject;
	if (preset_text_bytes(text, values) <= max) {
		preset_text_add(text, values, escape, out);
		return 0;
	}
	buf_init(&cut_text, PRESET_CUT_MAX);
	buf_init(&cut_subject, PRESET_CUT_MAX);

	preset_cut_value(text, &mine, PRESET_TEXT, max, unit, &cut_text);
	preset_cut_value(text, &mine, PRESET_SUBJECT, max, unit, &cut_subject);
	int r = 0;
	if (preset_text_length(text, &mine, unit) > max)
		r = err_set(err, -E2BIG, "the message is longer than the %zu the service takes, even with its text cut",
			    max);
	else
		preset_text_add(text, &mine, escape, out);

	buf_done(&cut_text);
	buf_done(&cut_subject);
	return r;
}
