/* preset_field: reads [query], [headers], [json], [form], [text] and [limit]. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/num.h"
#include "channel/preset_section.h"
#include "channel/preset_shape.h"

enum { PRESET_LIMIT_MAX = 64 * 1024 };

static struct preset_field *preset_fields_find(const struct preset_fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->n; i++)
		if (strcmp(fields->items[i].name, name) == 0)
			return &fields->items[i];
	return NULL;
}

/* What the reader of one section needs. */
struct preset_reader {
	const struct preset *preset;
	struct preset_call *call;
	const struct ini_section *section; /* NULL = not there */
	enum preset_place place;
	struct problems *problems;
};

/* A field may be given again when all before may be left out. */
static bool preset_is_last_word(const struct preset_reader *reader, const struct preset_fields *fields,
				const char *name)
{
	for (size_t i = 0; i < fields->n; i++)
		if (strcmp(fields->items[i].name, name) == 0 &&
		    !preset_may_lack(reader->preset, &fields->items[i].text))
			return true;
	return false;
}

/* What is JSON itself can only be put into JSON, and a tree must be JSON. */
static bool preset_is_in_json(const struct preset_field *field, struct err *err)
{
	if (field->escape != PRESET_JSON && preset_text_uses(&field->text, PRESET_BUTTONS) != 0) {
		(void)err_set(err, -EINVAL,
			      "{{buttons}} are JSON: write tree: in front, or json: where a text is wanted");
		return false;
	}
	return field->type != PRESET_TREE || preset_is_json_template(&field->text, err);
}

/* Adds the field that entry describes; source is what of its value is the template. */
static void preset_fields_add(const struct preset_reader *reader, struct preset_fields *fields,
			      const struct ini_entry *entry, const char *source, struct preset_field field)
{
	struct err err;
	if (preset_is_last_word(reader, fields, entry->key)) {
		problems_add(reader->problems, reader->section->file, entry->line,
			     "'%s' is given twice, and the first is never left out", entry->key);
		return;
	}
	bool may_body = fields == &reader->call->headers && reader->place != PRESET_IN_TOKEN;
	int r = preset_compile(reader->preset, source, reader->place, may_body, &field.text, &err);
	if (r == 0 && !preset_is_in_json(&field, &err)) {
		preset_text_done(&field.text);
		r = -EINVAL;
	}
	if (r < 0) {
		problems_add(reader->problems, reader->section->file, entry->line, "%s: %s", entry->key, err.text);
		return;
	}
	field.name = mem_dup(entry->key);
	field.line = entry->line;
	field.is_again = preset_fields_find(fields, entry->key) != NULL;
	fields->items = mem_grow(fields->items, fields->n + 1, sizeof(*fields->items));
	fields->items[fields->n++] = field;
}

bool preset_is_header_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");
	return len != 0 && name[len] == '\0';
}

static void preset_read_header(const struct preset_reader *reader, const struct ini_entry *entry)
{
	static const char prefix[] = "encoded:";
	bool is_encoded = strncmp(entry->value, prefix, sizeof(prefix) - 1) == 0;
	const char *source = entry->value + (is_encoded ? sizeof(prefix) - 1 : 0);
	const char *file = reader->section->file;
	if (!preset_is_header_name(entry->key))
		problems_add(reader->problems, file, entry->line, "'%s' is no name of a header", entry->key);
	else if (strcasecmp(entry->key, "Content-Length") == 0 || strcasecmp(entry->key, "Transfer-Encoding") == 0)
		problems_add(reader->problems, file, entry->line, "%s follows from the body and cannot be set",
			     entry->key);
	else if (strchr(entry->value, '\\') != NULL)
		problems_add(reader->problems, file, entry->line, "a header is one line: no backslash may stand in it");
	else
		preset_fields_add(reader, &reader->call->headers, entry, source + strspn(source, " "),
				  (struct preset_field){.escape = PRESET_HEADER, .is_encoded = is_encoded});
}

static const struct preset_prefix {
	const char *word;
	enum preset_type type;
	enum preset_escape escape;
} preset_prefixes[] = {
	{"card:", PRESET_STRING, PRESET_CARD},         {"line:", PRESET_STRING, PRESET_LINE},
	{"string:", PRESET_STRING, PRESET_PLAIN},      {"telegram-html:", PRESET_STRING, PRESET_TELEGRAM_HTML},
	{"html:", PRESET_STRING, PRESET_HTML},         {"slack:", PRESET_STRING, PRESET_SLACK},
	{"markdown:", PRESET_STRING, PRESET_MARKDOWN}, {"mentions:", PRESET_STRING, PRESET_MENTIONS},
	{"json:", PRESET_STRING, PRESET_JSON},         {"int:", PRESET_INT, PRESET_PLAIN},
	{"bool:", PRESET_BOOL, PRESET_PLAIN},          {"id:", PRESET_ID, PRESET_PLAIN},
	{"literal:", PRESET_LITERAL, PRESET_PLAIN},    {"tree:", PRESET_TREE, PRESET_JSON},
};

/* Takes "int:" and its like off the value. */
static const char *preset_take_prefix(const char *value, struct preset_field *field)
{
	*field = (struct preset_field){.type = PRESET_STRING, .escape = PRESET_PLAIN};
	for (size_t i = 0; i < sizeof(preset_prefixes) / sizeof(preset_prefixes[0]); i++) {
		const struct preset_prefix *prefix = &preset_prefixes[i];
		size_t len = strlen(prefix->word);
		if (strncmp(value, prefix->word, len) == 0) {
			field->type = prefix->type;
			field->escape = prefix->escape;
			return value + len + strspn(value + len, " ");
		}
	}
	return value;
}

/* Leaves that cannot stand in one tree are found by building it once. */
static void preset_check_tree(const struct preset_reader *reader)
{
	const struct preset_fields *fields = &reader->call->fields;
	json_t *root = NULL;
	struct err err;
	for (size_t i = 0; i < fields->n; i++)
		if (!fields->items[i].is_again &&
		    preset_pointer_set(&root, fields->items[i].name, json_true(), &err) < 0)
			problems_add(reader->problems, reader->preset->file, fields->items[i].line, "%s", err.text);
	json_decref(root);
}

/* No value may stand in it: it would not be made safe. */
static bool preset_is_literal(const char *source, struct err *err)
{
	struct buf value;
	if (strstr(source, "{{") != NULL) {
		(void)err_set(err, -1, "no name can stand in a literal");
		return false;
	}
	buf_init(&value, PRESET_LIMIT_MAX);
	int r = preset_json_add(&value, source, PRESET_LITERAL, err);
	buf_done(&value);
	return r == 0;
}

static void preset_read_json(const struct preset_reader *reader, const struct ini_entry *entry)
{
	struct preset_field field;
	struct err err;
	if (!preset_pointer_check(entry->key, &err)) {
		problems_add(reader->problems, reader->section->file, entry->line, "%s", err.text);
		return;
	}
	const char *source = preset_take_prefix(entry->value, &field);
	if (field.type == PRESET_LITERAL && !preset_is_literal(source, &err)) {
		problems_add(reader->problems, reader->section->file, entry->line, "%s: %s", entry->key, err.text);
		return;
	}
	preset_fields_add(reader, &reader->call->fields, entry, source, field);
}

/* A pair of the query or of a form, or the text: there are no types. */
static void preset_read_pair(const struct preset_reader *reader, struct preset_fields *fields,
			     const struct ini_entry *entry)
{
	struct preset_field field;
	const char *source = preset_take_prefix(entry->value, &field);
	if (field.type != PRESET_STRING)
		problems_add(reader->problems, reader->section->file, entry->line,
			     "%s: only the values of [json] are numbers, true and false, or trees", entry->key);
	else
		preset_fields_add(reader, fields, entry, source, field);
}

static void preset_read_query(const struct preset_reader *reader, const struct ini_entry *entry)
{
	preset_read_pair(reader, &reader->call->query, entry);
}

static void preset_read_form(const struct preset_reader *reader, const struct ini_entry *entry)
{
	preset_read_pair(reader, &reader->call->fields, entry);
}

static void preset_read_text_key(const struct preset_reader *reader, const struct ini_entry *entry)
{
	if (strcmp(entry->key, "text") != 0)
		problems_add(reader->problems, reader->section->file, entry->line, "unknown key '%s': give text",
			     entry->key);
	else
		preset_read_pair(reader, &reader->call->fields, entry);
}

/* "4096 utf16", or "2000 codepoints as sent" */
static bool preset_limit_parse(const char *text, struct preset_field *field, struct err *err)
{
	static const char *const units[] = {
		[UTF8_BYTES] = "bytes", [UTF8_CODE_POINTS] = "codepoints", [UTF8_UTF16] = "utf16"};
	struct strlist words = {0};
	strlist_add_words(&words, text);

	int64_t limit = 0;
	bool is_as_sent = words.n == 4 && strcmp(words.items[2], "as") == 0 && strcmp(words.items[3], "sent") == 0;
	bool has_form = words.n == 2 || is_as_sent;
	bool is_good = has_form && num_parse(words.items[0], 1, PRESET_LIMIT_MAX, &limit, err) == 0;
	if (!has_form)
		(void)err_set(err, -1,
			      "'%s' is no limit: write a number and bytes, codepoints or utf16, perhaps with 'as sent'",
			      text);

	size_t unit = 0;
	while (is_good && unit < 3 && strcmp(units[unit], words.items[1]) != 0)
		unit++;
	if (is_good && unit == 3) {
		(void)err_set(err, -1, "'%s' is no unit of length: give bytes, codepoints or utf16", words.items[1]);
		is_good = false;
	}
	if (is_good) {
		field->limit = (size_t)limit;
		field->unit = (enum utf8_unit)unit;
		field->is_as_sent = is_as_sent;
	}
	strlist_done(&words);
	return is_good;
}

static void preset_read_limit(const struct preset_reader *reader, const struct ini_entry *entry)
{
	struct preset_fields *fields = &reader->call->fields;
	struct preset_field limit = {0};
	struct err err;
	bool is_total = strcmp(entry->key, "total") == 0;
	struct preset_field *first = preset_fields_find(fields, entry->key);
	if (first == NULL && !is_total) {
		problems_add(reader->problems, reader->section->file, entry->line,
			     "'%s' is no field of the body: give one, or total", entry->key);
		return;
	}
	if (is_total ? reader->call->body_limit != 0 : first->limit != 0)
		(void)err_set(&err, -1, "'%s' is given twice", entry->key);
	else if (preset_limit_parse(entry->value, &limit, &err) && is_total && limit.unit != UTF8_BYTES)
		(void)err_set(&err, -1, "the total is counted in bytes");
	else if (is_total)
		reader->call->body_limit = limit.limit;
	if (limit.limit == 0 || (is_total && reader->call->body_limit == 0)) {
		problems_add(reader->problems, reader->section->file, entry->line, "%s", err.text);
		return;
	}
	for (size_t i = 0; !is_total && i < fields->n; i++)
		if (strcmp(fields->items[i].name, entry->key) == 0) {
			fields->items[i].limit = limit.limit;
			fields->items[i].unit = limit.unit;
			fields->items[i].is_as_sent = limit.is_as_sent;
		}
}

/* In the order in which they are read: [limit] needs the fields. */
static const struct preset_field_section {
	const char *kind;
	int body; /* that it needs; -1 = any */
	const char *body_word;
	void (*read)(const struct preset_reader *reader, const struct ini_entry *entry);
} preset_field_sections[] = {
	{"query", -1, NULL, preset_read_query},
	{"headers", -1, NULL, preset_read_header},
	{"json", PRESET_BODY_JSON, "json", preset_read_json},
	{"form", PRESET_BODY_FORM, "form", preset_read_form},
	{"text", PRESET_BODY_PLAIN, "text", preset_read_text_key},
	{"limit", -1, NULL, preset_read_limit},
};

static uint64_t preset_fields_need(const struct preset *preset, const struct preset_fields *fields)
{
	uint64_t needs = 0;
	for (size_t i = 0; i < fields->n; i++)
		needs |= preset_needs(preset, &fields->items[i].text);
	return needs;
}

void preset_read_fields(struct preset *preset, struct preset_call *call, const struct ini *ini, enum preset_place place,
			struct problems *problems)
{
	struct preset_reader reader = {preset, call, NULL, place, problems};
	for (size_t k = 0; k < sizeof(preset_field_sections) / sizeof(preset_field_sections[0]); k++) {
		const struct preset_field_section *row = &preset_field_sections[k];
		reader.section = preset_part(ini, place, row->kind);
		if (reader.section == NULL)
			continue;
		if (row->body >= 0 && call->body != row->body) {
			problems_add(problems, reader.section->file, reader.section->line,
				     "[%s] needs body = %s in [%s%s]", row->kind, row->body_word,
				     preset_place_word(place),
				     place == PRESET_IN_REQUEST ? "request"
				     : place == PRESET_IN_TOKEN ? ""
								: " request");
			continue;
		}
		for (size_t i = 0; i < reader.section->n_entries; i++)
			row->read(&reader, &reader.section->entries[i]);
		if (row->body == PRESET_BODY_JSON)
			preset_check_tree(&reader);
	}
	if (call->body == PRESET_BODY_JSON)
		call->shapes = preset_shapes_new(&call->fields);
	call->needs = preset_needs(preset, &call->url) | preset_fields_need(preset, &call->query) |
		      preset_fields_need(preset, &call->headers) | preset_fields_need(preset, &call->fields);
}
