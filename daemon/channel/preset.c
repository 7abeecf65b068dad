/* preset: the file and its settings; what follows them is read by preset_section.c. */
#include "channel/preset.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_section.h"
#include "channel/preset_url.h"

enum { PRESET_SETTING_MAX = 32 };

/* Keys of every http channel; a setting may not take their place. */
static const char *const preset_reserved[] = {"type", "preset", "ca_file", "proxy", "connections", "timeout", "rate"};

static bool preset_name_check(const struct preset *preset, const char *name, struct err *err)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (name[len] != '\0' || len == 0 || len > PRESET_SETTING_MAX || !(name[0] >= 'a' && name[0] <= 'z')) {
		(void)err_set(err, -1, "'%s' cannot be a setting: give up to %d of a-z, 0-9 and _, a letter first",
			      name, PRESET_SETTING_MAX);
		return false;
	}
	bool is_taken = preset_names_find(&preset->names, name, len) < preset->names.n;
	for (size_t i = 0; i < sizeof(preset_reserved) / sizeof(preset_reserved[0]); i++)
		is_taken = is_taken || strcmp(preset_reserved[i], name) == 0;
	if (is_taken || preset->names.n == PRESET_NAMES_LIMIT) {
		(void)err_set(err, -1,
			      is_taken ? "'%s' means something already: choose another name"
				       : "'%s' is one setting too many",
			      name);
		return false;
	}
	return true;
}

static bool preset_kind_find(const char *word, size_t len, enum preset_kind *ret_kind)
{
	static const char *const words[PRESET_KIND_MAX] = {"text", "url", "secret"};
	for (size_t i = 0; i < PRESET_KIND_MAX; i++)
		if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0) {
			*ret_kind = (enum preset_kind)i;
			return true;
		}
	return false;
}

/* "secret required", "text optional", "url default https://host" */
static bool preset_setting_parse(const char *text, struct preset_setting *setting, struct err *err)
{
	size_t len = strcspn(text, " \t");
	const char *rest = text + len + strspn(text + len, " \t");
	if (!preset_kind_find(text, len, &setting->kind)) {
		(void)err_set(err, -1, "'%.*s' is no kind of setting: give text, url or secret", (int)len, text);
		return false;
	}

	bool has_value = strncmp(rest, "default ", 8) == 0 && setting->kind != PRESET_KIND_SECRET;
	setting->is_required = strcmp(rest, "required") == 0;
	if (has_value)
		setting->value = mem_dup(rest + 8 + strspn(rest + 8, " \t"));
	if (!has_value && !setting->is_required && strcmp(rest, "optional") != 0) {
		(void)err_set(err, -1,
			      setting->kind == PRESET_KIND_SECRET
				      ? "a secret is required or optional"
				      : "after the kind give required, optional or default VALUE");
		return false;
	}
	if (has_value && utf8_find_control(setting->value, false) >= 0) {
		(void)err_set(err, -1, "the default holds a tab or another control character");
		return false;
	}
	return setting->kind != PRESET_KIND_URL || !has_value || preset_url_check(setting->value, false, err);
}

static void preset_read_settings(struct preset *preset, const struct ini_section *section, struct problems *problems)
{
	for (size_t i = 0; section != NULL && i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		struct preset_setting setting = {0};
		struct err err;
		if (!preset_name_check(preset, entry->key, &err) ||
		    !preset_setting_parse(entry->value, &setting, &err)) {
			problems_add(problems, section->file, entry->line, "%s", err.text);
			free(setting.value);
			continue;
		}
		setting.name = mem_dup(entry->key);
		preset->settings = mem_grow(preset->settings, preset->n_settings + 1, sizeof(*preset->settings));
		preset->settings[preset->n_settings++] = setting;
		strlist_add(&preset->names, entry->key, strlen(entry->key));
	}
}

static struct preset *preset_from_ini(const struct ini *ini, struct problems *problems)
{
	struct preset *preset = mem_zero(1, sizeof(*preset));
	preset->file = mem_dup(ini->file);
	preset_names_add(&preset->names);
	preset_read_settings(preset, ini_section(ini, "settings", NULL), problems);
	preset_read_sections(preset, ini, problems);
	return preset;
}

/* Takes ini, which may be NULL; n is how many problems there were before. */
static struct preset *preset_finish(struct ini *ini, size_t n, struct problems *problems)
{
	struct preset *preset = ini != NULL ? preset_from_ini(ini, problems) : NULL;
	ini_free(ini);
	if (problems->n != n) {
		preset_free(preset);
		return NULL;
	}
	return preset;
}

struct preset *preset_read(const char *file, struct problems *problems)
{
	size_t n = problems->n;
	return preset_finish(ini_read(file, problems), n, problems);
}

struct preset *preset_read_text(const char *file, const char *text, size_t len, struct problems *problems)
{
	size_t n = problems->n;
	return preset_finish(ini_read_text(file, text, len, problems), n, problems);
}

static void preset_fields_done(struct preset_fields *fields)
{
	for (size_t i = 0; i < fields->n; i++) {
		free(fields->items[i].name);
		preset_text_done(&fields->items[i].text);
	}
	free(fields->items);
}

void preset_free(struct preset *preset)
{
	if (preset == NULL)
		return;
	for (size_t i = 0; i < preset->n_settings; i++) {
		free(preset->settings[i].name);
		free(preset->settings[i].value);
	}
	free(preset->settings);
	preset_text_done(&preset->url);
	preset_fields_done(&preset->headers);
	preset_fields_done(&preset->fields);
	preset_verdict_done(&preset->verdict);
	strlist_done(&preset->names);
	free(preset->file);
	free(preset);
}

bool preset_may_lack(const struct preset *preset, size_t name)
{
	if (name < PRESET_NAME_MAX)
		return name == PRESET_TASK_UID;
	const struct preset_setting *setting = &preset->settings[name - PRESET_NAME_MAX];
	return !setting->is_required && setting->value == NULL;
}

void preset_url_names(const struct preset *preset, bool ret_is_url[PRESET_NAMES_LIMIT])
{
	memset(ret_is_url, 0, PRESET_NAMES_LIMIT * sizeof(*ret_is_url));
	for (size_t i = 0; i < preset->n_settings; i++)
		ret_is_url[PRESET_NAME_MAX + i] = preset->settings[i].kind == PRESET_KIND_URL;
}
