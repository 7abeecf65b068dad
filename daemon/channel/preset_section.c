/* preset_section: which sections a preset has; reads [request] and [token]. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_section.h"
#include "channel/preset_url.h"

enum { PRESET_TIMEOUT_MAX_S = 600 };

/* Sections that stand alone, and those that the step [token] has as well, as [token headers]. */
static const struct preset_kind_row {
	const char *kind;
	bool is_of_call;
} preset_kinds[] = {
	{"settings", false}, {"address", false}, {"request", false}, {"token", false}, {"capture", false},
	{"limit", false},    {"query", true},    {"headers", true},  {"json", true},   {"form", true},
	{"text", true},      {"success", true},  {"classify", true}, {"retry", true},  {"error", true},
};
enum { PRESET_KINDS = sizeof(preset_kinds) / sizeof(preset_kinds[0]) };

static const struct preset_kind_row *preset_find_kind(const char *kind)
{
	for (size_t i = 0; i < PRESET_KINDS; i++)
		if (strcmp(preset_kinds[i].kind, kind) == 0)
			return &preset_kinds[i];
	return NULL;
}

static void preset_report_kind(const struct ini_section *section, struct problems *problems)
{
	const char *words[PRESET_KINDS + 1] = {"value"};
	for (size_t i = 0; i < PRESET_KINDS; i++)
		words[i + 1] = preset_kinds[i].kind;
	const char *nearest = strlist_nearest(section->kind, words, PRESET_KINDS + 1);
	problems_add(problems, section->file, section->line, "unknown section [%s]%s%s%s", section->kind,
		     nearest != NULL ? ", did you mean [" : "", nearest != NULL ? nearest : "",
		     nearest != NULL ? "]?" : "");
}

static void preset_check_kinds(const struct ini *ini, struct problems *problems)
{
	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *section = &ini->sections[i];
		bool is_value = strcmp(section->kind, "value") == 0, is_token = strcmp(section->kind, "token") == 0;
		const struct preset_kind_row *row =
			is_token && section->name != NULL ? preset_find_kind(section->name) : NULL;
		if (is_value && section->name == NULL)
			problems_add(problems, section->file, section->line,
				     "a value needs a name, as in [value sign]");
		else if (is_token && section->name != NULL && (row == NULL || !row->is_of_call))
			problems_add(problems, section->file, section->line, "unknown section [token %s]",
				     section->name);
		else if (!is_value && preset_find_kind(section->kind) == NULL)
			preset_report_kind(section, problems);
		else if (!is_value && !is_token && section->name != NULL)
			problems_add(problems, section->file, section->line, "section [%s] takes no name",
				     section->kind);
	}
}

const struct ini_section *preset_part(const struct ini *ini, enum preset_place place, const char *kind)
{
	return place == PRESET_IN_TOKEN ? ini_section(ini, "token", kind) : ini_section(ini, kind, NULL);
}

static const char *const preset_methods[] = {[PRESET_POST] = "POST", [PRESET_PUT] = "PUT", [PRESET_GET] = "GET", NULL};
static const char *const preset_bodies[] = {[PRESET_BODY_NONE] = "none",
					    [PRESET_BODY_JSON] = "json",
					    [PRESET_BODY_FORM] = "form",
					    [PRESET_BODY_PLAIN] = "text",
					    NULL};

struct preset_request_keys {
	int method, body;
	char *url;
	int64_t timeout_s;
	struct option_rate rate;
};

static const struct option preset_request_options[] = {
	{.key = "method",
	 .type = OPTION_WORD,
	 .offset = offsetof(struct preset_request_keys, method),
	 .preset = "POST",
	 .words = preset_methods,
	 .help = "POST, PUT or GET"},
	{.key = "url",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_request_keys, url),
	 .min = 1,
	 .max = 2048,
	 .flags = OPTION_REQUIRED,
	 .help = "address that is called"},
	{.key = "body",
	 .type = OPTION_WORD,
	 .offset = offsetof(struct preset_request_keys, body),
	 .preset = "none",
	 .words = preset_bodies,
	 .help = "json, form, text or none"},
	{.key = "timeout",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct preset_request_keys, timeout_s),
	 .min = 1,
	 .max = PRESET_TIMEOUT_MAX_S,
	 .preset = "30s",
	 .help = "time for the whole call"},
	{.key = "rate",
	 .type = OPTION_RATE,
	 .offset = offsetof(struct preset_request_keys, rate),
	 .help = "messages per time that the service allows"},
};
enum { PRESET_REQUEST_OPTIONS = sizeof(preset_request_options) / sizeof(preset_request_options[0]) };

/* The address must always have all of its values. */
static int preset_compile_url(const struct preset *preset, const char *source, enum preset_place place,
			      struct preset_text *ret_text, struct err *err)
{
	bool is_url[PRESET_NAMES_LIMIT];
	struct preset_text text;
	int r = preset_compile(preset, source, place, &text, err);
	if (r < 0)
		return r;
	preset_url_names(preset, is_url);
	for (size_t i = 0; r == 0 && i < text.n; i++) {
		const struct preset_text part = {&text.parts[i], 1};
		if (part.parts->is_condition || preset_may_lack(preset, &part))
			r = err_set(err, -EINVAL, "{{%s}} may have no value, so it cannot be part of the address",
				    preset->names.items[part.parts->name]);
	}
	if (r == 0)
		r = preset_url_check_template(&text, is_url, err);
	if (r < 0)
		preset_text_done(&text);
	else
		*ret_text = text;
	return r;
}

/* Takes method, url and body over from keys; section is [request] or [token]. */
static void preset_take_request(const struct preset *preset, struct preset_call *call,
				const struct preset_request_keys *keys, const struct ini_section *section,
				enum preset_place place, struct problems *problems)
{
	struct err err;
	const struct ini_entry *url = ini_find(section, "url");
	if (url != NULL && preset_compile_url(preset, url->value, place, &call->url, &err) < 0)
		problems_add(problems, section->file, url->line, "%s", err.text);
	if (keys->method == PRESET_GET && keys->body != PRESET_BODY_NONE)
		problems_add(problems, section->file, section->line,
			     "a GET has no body: give method = POST, or body = none");
	call->method = keys->method;
	call->body = keys->body;
}

static void preset_read_request(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct ini_section *section = ini_section(ini, "request", NULL);
	if (section == NULL) {
		problems_add(problems, ini->file, 0, "the section [request] is missing: it says what is called");
		return;
	}

	struct preset_request_keys keys = {0};
	options_apply(preset_request_options, PRESET_REQUEST_OPTIONS, section, NULL, &keys, problems);
	preset_take_request(preset, &preset->call, &keys, section, PRESET_IN_REQUEST, problems);
	preset->timeout_s = keys.timeout_s;
	preset->rate = keys.rate;
	options_done(preset_request_options, PRESET_REQUEST_OPTIONS, &keys);
}

/* ---- [token] ------------------------------------------------------------------------------------------------------
 * */

struct preset_token_keys {
	struct preset_request_keys request;
	char *value, *lifetime_field;
	int64_t lifetime_s;
};

static const struct option preset_token_options[] = {
	{.key = "value",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_token_keys, value),
	 .flags = OPTION_REQUIRED,
	 .help = "pointer to the token in the answer"},
	{.key = "lifetime_field",
	 .type = OPTION_TEXT,
	 .offset = offsetof(struct preset_token_keys, lifetime_field),
	 .help = "pointer to how many seconds it lasts"},
	{.key = "lifetime",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct preset_token_keys, lifetime_s),
	 .min = 1,
	 .max = PRESET_LIFETIME_MAX_S,
	 .preset = "1h",
	 .help = "how long it lasts when the answer does not say"},
	{.key = "refresh", .type = OPTION_LINES, .help = "answers to a message that mean: fetch a new one"},
};

/* method, url and body are those of [request], where they are at the start of the table. */
enum {
	PRESET_CALL_OPTIONS = 3,
	PRESET_TOKEN_OWN = sizeof(preset_token_options) / sizeof(preset_token_options[0]),
	PRESET_TOKEN_OPTIONS = PRESET_CALL_OPTIONS + PRESET_TOKEN_OWN
};

/* Moves the pointer over to the token. */
static void preset_take_pointer(const struct ini_section *section, const char *key, char **from, char **to,
				struct problems *problems)
{
	struct err err;
	const struct ini_entry *entry = ini_find(section, key);
	if (*from != NULL && !preset_pointer_check(*from, &err))
		problems_add(problems, section->file, entry != NULL ? entry->line : section->line, "%s: %s", key,
			     err.text);
	*to = *from;
	*from = NULL; /* the token's now */
}

static void preset_read_refresh(struct preset_token *token, const struct ini_section *section,
				struct problems *problems)
{
	for (size_t i = 0; i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		struct preset_rule rule;
		struct err err;
		if (strcmp(entry->key, "refresh") != 0)
			continue;
		if (preset_condition_parse(entry->value, &rule, &err) < 0) {
			problems_add(problems, section->file, entry->line, "refresh: %s", err.text);
			continue;
		}
		token->refresh = mem_grow(token->refresh, token->n_refresh + 1, sizeof(*token->refresh));
		token->refresh[token->n_refresh++] = rule;
	}
}

static void preset_read_token(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct ini_section *section = ini_section(ini, "token", NULL);
	if (section == NULL)
		return;
	struct option table[PRESET_TOKEN_OPTIONS];
	memcpy(table, preset_request_options, PRESET_CALL_OPTIONS * sizeof(*table));
	memcpy(table + PRESET_CALL_OPTIONS, preset_token_options, sizeof(preset_token_options));

	struct preset_token_keys keys = {0};
	struct preset_token *token = mem_zero(1, sizeof(*token));
	options_apply(table, PRESET_TOKEN_OPTIONS, section, NULL, &keys, problems);
	preset_take_request(preset, &token->call, &keys.request, section, PRESET_IN_TOKEN, problems);
	preset_take_pointer(section, "value", &keys.value, &token->pointer, problems);
	preset_take_pointer(section, "lifetime_field", &keys.lifetime_field, &token->lifetime_pointer, problems);
	token->lifetime_s = keys.lifetime_s;
	preset_read_refresh(token, section, problems);
	options_done(table, PRESET_TOKEN_OPTIONS, &keys);

	preset_read_fields(preset, &token->call, ini, PRESET_IN_TOKEN, problems);
	preset_read_reply(&token->call, ini, PRESET_IN_TOKEN, problems);
	preset->token = token; /* from here on {{access_token}} means something */
}

void preset_read_sections(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	preset_check_kinds(ini, problems);
	preset_read_forms(preset, ini, problems);
	preset_read_made(preset, ini, problems);
	preset_read_token(preset, ini, problems);
	preset_read_request(preset, ini, problems);
	preset_read_fields(preset, &preset->call, ini, PRESET_IN_REQUEST, problems);
	preset_read_reply(&preset->call, ini, PRESET_IN_REQUEST, problems);
}
