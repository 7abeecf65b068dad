/* preset_field: reads [headers], [json], [form] and [limit]. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/num.h"
#include "channel/preset_section.h"

enum { PRESET_LIMIT_MAX = 64 * 1024 };

static struct preset_field *preset_fields_find(const struct preset_fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->n; i++)
		if (strcmp(fields->items[i].name, name) == 0)
			return &fields->items[i];
	return NULL;
}

/* Adds the field that entry describes; source is what of its value is the template. */
static void preset_fields_add(const struct preset *preset, struct preset_fields *fields,
			      const struct ini_section *section, const struct ini_entry *entry, const char *source,
			      struct preset_field field, struct problems *problems)
{
	struct err err;
	if (preset_fields_find(fields, entry->key) != NULL) {
		problems_add(problems, section->file, entry->line, "'%s' is given twice", entry->key);
		return;
	}
	if (preset_text_compile(source, &preset->names, &field.text, &err) < 0) {
		problems_add(problems, section->file, entry->line, "%s: %s", entry->key, err.text);
		return;
	}
	field.name = mem_dup(entry->key);
	field.line = entry->line;
	fields->items = mem_grow(fields->items, fields->n + 1, sizeof(*fields->items));
	fields->items[fields->n++] = field;
}

static bool preset_is_header_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");
	return len != 0 && name[len] == '\0';
}

void preset_read_headers(struct preset *preset, const struct ini_section *section, struct problems *problems)
{
	for (size_t i = 0; section != NULL && i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		if (!preset_is_header_name(entry->key))
			problems_add(problems, section->file, entry->line, "'%s' is no name of a header", entry->key);
		else if (strcasecmp(entry->key, "Content-Length") == 0 ||
			 strcasecmp(entry->key, "Transfer-Encoding") == 0)
			problems_add(problems, section->file, entry->line, "%s follows from the body and cannot be set",
				     entry->key);
		else if (strchr(entry->value, '\\') != NULL)
			problems_add(problems, section->file, entry->line,
				     "a header is one line: no backslash may stand in it");
		else
			preset_fields_add(preset, &preset->headers, section, entry, entry->value,
					  (struct preset_field){.escape = PRESET_HEADER}, problems);
	}
}

static const struct preset_prefix {
	const char *word;
	enum preset_type type;
	enum preset_escape escape;
} preset_prefixes[] = {
	{"string:", PRESET_STRING, PRESET_PLAIN}, {"telegram-html:", PRESET_STRING, PRESET_TELEGRAM_HTML},
	{"int:", PRESET_INT, PRESET_PLAIN},       {"bool:", PRESET_BOOL, PRESET_PLAIN},
	{"id:", PRESET_ID, PRESET_PLAIN},
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
static void preset_check_tree(const struct preset *preset, struct problems *problems)
{
	json_t *root = NULL;
	struct err err;
	for (size_t i = 0; i < preset->fields.n; i++)
		if (preset_pointer_set(&root, preset->fields.items[i].name, json_true(), &err) < 0)
			problems_add(problems, preset->file, preset->fields.items[i].line, "%s", err.text);
	json_decref(root);
}

void preset_read_json(struct preset *preset, const struct ini_section *section, struct problems *problems)
{
	for (size_t i = 0; section != NULL && i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		struct preset_field field;
		struct err err;
		if (!preset_pointer_check(entry->key, &err)) {
			problems_add(problems, section->file, entry->line, "%s", err.text);
			continue;
		}
		const char *source = preset_take_prefix(entry->value, &field);
		preset_fields_add(preset, &preset->fields, section, entry, source, field, problems);
	}
	preset_check_tree(preset, problems);
}

void preset_read_form(struct preset *preset, const struct ini_section *section, struct problems *problems)
{
	for (size_t i = 0; section != NULL && i < section->n_entries; i++)
		preset_fields_add(preset, &preset->fields, section, &section->entries[i], section->entries[i].value,
				  (struct preset_field){.escape = PRESET_PLAIN}, problems);
}

/* "4096 utf16" */
static bool preset_limit_parse(const char *text, struct preset_field *field, struct err *err)
{
	static const char *const units[] = {
		[UTF8_BYTES] = "bytes", [UTF8_CODE_POINTS] = "codepoints", [UTF8_UTF16] = "utf16"};
	struct strlist words = {0};
	strlist_add_words(&words, text);

	int64_t limit = 0;
	bool is_good = words.n == 2 && num_parse(words.items[0], 1, PRESET_LIMIT_MAX, &limit, err) == 0;
	if (words.n != 2)
		(void)err_set(err, -1, "'%s' is no limit: write a number and bytes, codepoints or utf16", text);

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
	}
	strlist_done(&words);
	return is_good;
}

void preset_read_limits(struct preset *preset, const struct ini_section *section, struct problems *problems)
{
	for (size_t i = 0; section != NULL && i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		struct preset_field *field = preset_fields_find(&preset->fields, entry->key);
		struct err err;
		if (field == NULL)
			problems_add(problems, section->file, entry->line, "'%s' is no field of the body", entry->key);
		else if (field->limit != 0)
			problems_add(problems, section->file, entry->line, "'%s' is given twice", entry->key);
		else if (!preset_limit_parse(entry->value, field, &err))
			problems_add(problems, section->file, entry->line, "%s", err.text);
	}
}
