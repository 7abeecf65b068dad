#include "channel/preset_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PRESET_LITERAL_MAX = 16 * 1024, PRESET_CUT_MAX = 256 * 1024 };

static const char preset_marker[] = "…";

static const char *const preset_name_words[PRESET_NAME_MAX] = {
	[PRESET_TO_ADDRESS] = "to_address", [PRESET_TO_NAME] = "to_name",
	[PRESET_SUBJECT] = "subject",       [PRESET_TEXT] = "text",
	[PRESET_LANGUAGE] = "language",     [PRESET_KEY] = "key",
	[PRESET_MESSAGE_ID] = "message_id", [PRESET_TASK_UID] = "task_uid",
	[PRESET_PERSON] = "person",         [PRESET_KIND] = "kind",
	[PRESET_CHANNEL] = "channel",
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

static void preset_text_add_part(struct preset_text *text, char *literal, size_t name)
{
	text->parts = mem_grow(text->parts, text->n + 1, sizeof(*text->parts));
	text->parts[text->n++] = (struct preset_part){literal, name};
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

/* Reads "{{name}}" at *source. */
static int preset_reference(const char **source, const struct strlist *names, size_t *ret_name, struct err *err)
{
	const char *start = *source + 2, *end = strstr(start, "}}");
	if (end == NULL)
		return err_set(err, -EINVAL, "'{{' without '}}'");

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
	*ret_name = name;
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
			preset_text_add_part(&text, buf_take(&literal), 0);
		size_t name = 0;
		if (r == 0 && *source != '\0') {
			r = preset_reference(&source, names, &name, err);
			if (r == 0)
				preset_text_add_part(&text, NULL, name);
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
		n += text->parts[i].literal == NULL && text->parts[i].name == name;
	return n;
}

bool preset_text_is_complete(const struct preset_text *text, const struct preset_values *values)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->parts[i].literal == NULL && values->items[text->parts[i].name] == NULL)
			return false;
	return true;
}

/* RFC 3986: unreserved characters stay everywhere; ":" and "@" may stand in a path as they are, and Telegram's tokens
 * have a colon there. */
static void preset_add_percent(struct buf *out, const char *bytes, size_t len, const char *extra)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];
		bool is_safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			       (c != '\0' && (strchr("-._~", c) != NULL || strchr(extra, c) != NULL));
		if (is_safe)
			buf_add_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

static const char *preset_html_entity(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return NULL;
	}
}

static void preset_escape_char(struct buf *out, uint32_t c, enum preset_escape escape)
{
	char bytes[4];
	size_t len = utf8_put(c, bytes);
	const char *entity = escape == PRESET_TELEGRAM_HTML ? preset_html_entity(c) : NULL;

	if (escape == PRESET_PATH || escape == PRESET_QUERY)
		preset_add_percent(out, bytes, len, escape == PRESET_PATH ? ":@" : "");
	else if (escape == PRESET_HEADER && utf8_is_control(c))
		buf_add_char(out, ' ');
	else if (entity != NULL)
		buf_add_str(out, entity);
	else
		buf_add(out, bytes, len);
}

void preset_escape_add(struct buf *out, const char *value, enum preset_escape escape)
{
	const char *end = value + strlen(value);
	while (value < end)
		preset_escape_char(out, utf8_next(&value, end), escape);
}

void preset_text_add(const struct preset_text *text, const struct preset_values *values, enum preset_escape escape,
		     struct buf *out)
{
	for (size_t i = 0; i < text->n; i++) {
		const struct preset_part *part = &text->parts[i];
		if (part->literal != NULL)
			buf_add_str(out, part->literal);
		else if (values->items[part->name] != NULL)
			preset_escape_add(out, values->items[part->name], escape);
	}
}

static size_t preset_text_length(const struct preset_text *text, const struct preset_values *values,
				 enum utf8_unit unit)
{
	size_t length = 0;
	for (size_t i = 0; i < text->n; i++) {
		const struct preset_part *part = &text->parts[i];
		const char *value = part->literal != NULL ? part->literal : values->items[part->name];
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

int preset_text_add_cut(const struct preset_text *text, const struct preset_values *values, enum preset_escape escape,
			size_t max, enum utf8_unit unit, struct buf *out, struct err *err)
{
	struct preset_values mine = *values;
	struct buf cut_text, cut_subject;
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
