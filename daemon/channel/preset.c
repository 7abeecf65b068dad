/* preset: the file and its settings; what follows them is read by preset_section.c. */
#include "channel/preset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_section.h"
#include "channel/preset_shape.h"
#include "channel/preset_url.h"

enum { PRESET_SETTING_MAX = 32 };

#define PRESET_SET(name) (UINT64_C(1) << (name))
/* What a message may come without. */
#define PRESET_MAY_LACK                                                                                                \
	(PRESET_SET(PRESET_TASK_UID) | PRESET_SET(PRESET_BUTTONS) | PRESET_SET(PRESET_THREAD_ID) |                     \
	 PRESET_SET(PRESET_NEXT))

/* Keys of every http channel; a setting may not take their place. */
static const char *const preset_reserved[] = {"type",       "preset",        "ca_file",
					      "proxy",      "connections",   "timeout",
					      "rate",       "pinned_key",    "client_certificate",
					      "client_key", "allow_private", "updates",
					      "rate_each"};

int preset_add_name(struct preset *preset, const char *name, uint64_t needs, struct err *err)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (name[len] != '\0' || len == 0 || len > PRESET_SETTING_MAX || !(name[0] >= 'a' && name[0] <= 'z'))
		return err_set(err, -EINVAL,
			       "'%s' cannot be a setting or a name: give up to %d of a-z, 0-9 and _, a letter first",
			       name, PRESET_SETTING_MAX);
	bool is_taken = preset_names_find(&preset->names, name, len) < preset->names.n;
	for (size_t i = 0; i < sizeof(preset_reserved) / sizeof(preset_reserved[0]); i++)
		is_taken = is_taken || strcmp(preset_reserved[i], name) == 0;
	if (is_taken)
		return err_set(err, -EINVAL, "'%s' means something already: choose another name", name);
	if (preset->names.n == PRESET_NAMES_LIMIT)
		return err_set(err, -EINVAL, "'%s' is one name too many", name);
	preset->needs[preset->names.n] = needs | UINT64_C(1) << preset->names.n;
	strlist_add(&preset->names, name, len);
	return 0;
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
		if (!preset_setting_parse(entry->value, &setting, &err) ||
		    preset_add_name(preset, entry->key, 0, &err) < 0) {
			problems_add(problems, section->file, entry->line, "%s", err.text);
			free(setting.value);
			continue;
		}
		setting.name = mem_dup(entry->key);
		preset->settings = mem_grow(preset->settings, preset->n_settings + 1, sizeof(*preset->settings));
		preset->settings[preset->n_settings++] = setting;
	}
}

static struct preset *preset_from_ini(const struct ini *ini, struct problems *problems)
{
	struct preset *preset = mem_zero(1, sizeof(*preset));
	preset->file = mem_dup(ini->file);
	preset_names_add(&preset->names);
	for (size_t i = 0; i < PRESET_NAME_MAX; i++)
		preset->needs[i] = UINT64_C(1) << i;
	preset->needs[PRESET_UUID] |= UINT64_C(1) << PRESET_KEY;
	preset->needs[PRESET_INT31] |= UINT64_C(1) << PRESET_KEY;
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

void preset_call_done(struct preset_call *call)
{
	preset_text_done(&call->url);
	preset_fields_done(&call->query);
	preset_fields_done(&call->headers);
	preset_fields_done(&call->fields);
	preset_shapes_free(call->shapes);
	preset_verdict_done(&call->verdict);
}

static void preset_step_free(struct preset_call *call)
{
	if (call != NULL)
		preset_call_done(call);
	free(call);
}

static void preset_token_free(struct preset_token *token)
{
	if (token == NULL)
		return;
	preset_call_done(&token->call);
	for (size_t i = 0; i < token->n_refresh; i++)
		preset_rule_done(&token->refresh[i]);
	free(token->refresh);
	free(token->pointer);
	free(token->lifetime_pointer);
	free(token);
}

static void preset_names_done(struct preset *preset)
{
	for (size_t i = 0; i < preset->n_settings; i++) {
		free(preset->settings[i].name);
		free(preset->settings[i].value);
	}
	for (size_t i = 0; i < preset->n_forms; i++) {
		free(preset->forms[i].name);
		free(preset->forms[i].prefix);
	}
	for (size_t i = 0; i < preset->n_made; i++) {
		free(preset->made[i].name);
		preset_text_done(&preset->made[i].data);
		preset_text_done(&preset->made[i].key);
	}
	free(preset->settings);
	free(preset->forms);
	free(preset->made);
	strlist_done(&preset->names);
}

void preset_free(struct preset *preset)
{
	if (preset == NULL)
		return;
	preset_names_done(preset);
	preset_call_done(&preset->call);
	preset_token_free(preset->token);
	if (preset->buttons != NULL)
		preset_text_done(&preset->buttons->each);
	free(preset->buttons);
	preset_step_free(preset->edit);
	preset_step_free(preset->answer);
	preset_updates_free(preset->updates);
	preset_text_done(&preset->invite);
	free(preset->file);
	free(preset);
}

uint64_t preset_needs(const struct preset *preset, const struct preset_text *text)
{
	uint64_t needs = 0;
	for (size_t i = 0; i < text->n; i++)
		if (text->parts[i].literal == NULL)
			needs |= preset->needs[text->parts[i].name];
	return needs;
}

bool preset_may_lack(const struct preset *preset, const struct preset_text *text)
{
	uint64_t needs = preset_needs(preset, text);
	bool may_lack = (needs & PRESET_MAY_LACK) != 0;
	for (size_t i = 0; i < preset->n_settings; i++) {
		const struct preset_setting *setting = &preset->settings[i];
		bool is_needed = (needs >> (PRESET_NAME_MAX + i) & 1) != 0;
		may_lack = may_lack || (is_needed && !setting->is_required && setting->value == NULL);
	}
	for (size_t i = 0; preset->n_forms > 1 && i < preset->n_forms; i++)
		may_lack = may_lack || (needs >> (PRESET_NAME_MAX + preset->n_settings + i) & 1) != 0;
	return may_lack;
}

/* What a call that is shared by all messages cannot depend on. That for updates has no time of its own either. */
static uint64_t preset_message_names(const struct preset *preset, enum preset_place place)
{
	uint64_t names = PRESET_SET(PRESET_BUTTONS) - 1;
	names &= ~PRESET_SET(PRESET_CHANNEL);
	if (place == PRESET_IN_TOKEN)
		names &= ~(PRESET_SET(PRESET_NOW_S) | PRESET_SET(PRESET_NOW_MS));
	for (size_t i = 0; i < preset->n_forms; i++)
		names |= UINT64_C(1) << (PRESET_NAME_MAX + preset->n_settings + i);
	return names;
}

/* Names that mean something in some places only. */
static const struct preset_special {
	enum preset_name name;
	unsigned places; /* a set of enum preset_place */
	const char *words;
} preset_specials[] = {
	{PRESET_BUTTONS, 1U << PRESET_IN_REQUEST | 1U << PRESET_IN_EDIT, "the body of a message"},
	{PRESET_REMOTE_ID, 1U << PRESET_IN_EDIT, "[edit request] and its like"},
	{PRESET_THREAD_ID, 1U << PRESET_IN_REQUEST, "the request of a message"},
	{PRESET_ANSWER_ID, 1U << PRESET_IN_ANSWER, "[answer request] and its like"},
	{PRESET_NEXT, 1U << PRESET_IN_UPDATES, "[updates request] and its like"},
	{PRESET_HOLD_S, 1U << PRESET_IN_UPDATES, "[updates request] and its like"},
	{PRESET_WORD, 1U << PRESET_IN_INVITE, "[invite]"},
};

static int preset_check_place(const struct preset *preset, uint64_t needs, enum preset_place place, struct err *err)
{
	bool is_shared = place == PRESET_IN_TOKEN || place == PRESET_IN_UPDATES || place == PRESET_IN_INVITE;
	for (size_t i = 0; i < sizeof(preset_specials) / sizeof(preset_specials[0]); i++) {
		const struct preset_special *special = &preset_specials[i];
		if ((needs & PRESET_SET(special->name)) != 0 && (special->places >> place & 1) == 0)
			return err_set(err, -EINVAL, "{{%s}} can be used in %s only",
				       preset->names.items[special->name], special->words);
	}
	if (is_shared && (needs & preset_message_names(preset, place)) != 0)
		return err_set(err, -EINVAL,
			       "this step is the same for all messages: nothing of a message can be used");
	if (preset->buttons == NULL && (needs & PRESET_SET(PRESET_BUTTONS)) != 0)
		return err_set(err, -EINVAL, "{{buttons}} needs a section [buttons], which says how they are written");
	return 0;
}

int preset_compile(const struct preset *preset, const char *source, enum preset_place place, bool may_body,
		   struct preset_text *ret_text, struct err *err)
{
	struct preset_text text;
	int r = preset_text_compile(source, &preset->names, &text, err);
	if (r < 0)
		return r;

	uint64_t needs = preset_needs(preset, &text);
	if (!may_body && (needs & PRESET_SET(PRESET_BODY_TEXT)) != 0)
		r = err_set(err, -EINVAL, "{{body}} can be used for headers only: it is not there before");
	else if (preset->token == NULL && (needs & PRESET_SET(PRESET_ACCESS_TOKEN)) != 0)
		r = err_set(err, -EINVAL, "{{access_token}} needs a section [token], which says where it comes from");
	else
		r = preset_check_place(preset, needs, place, err);
	if (r < 0)
		preset_text_done(&text);
	else
		*ret_text = text;
	return r;
}

void preset_url_names(const struct preset *preset, bool ret_is_url[PRESET_NAMES_LIMIT])
{
	memset(ret_is_url, 0, PRESET_NAMES_LIMIT * sizeof(*ret_is_url));
	for (size_t i = 0; i < preset->n_settings; i++)
		ret_is_url[PRESET_NAME_MAX + i] = preset->settings[i].kind == PRESET_KIND_URL;
}
