/* preset_section: which sections a preset has; reads [request] and [token]. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_section.h"
#include "channel/preset_url.h"

enum { PRESET_TIMEOUT_MAX_S = 600 };

/* Which sections there are: alone, as [headers], or of a step beside the messages, as [token headers]. */
enum {
	PRESET_ALONE = 1,
	PRESET_OF_TOKEN = 2,
	PRESET_OF_EDIT = 4,
	PRESET_OF_ANSWER = 8,
	PRESET_OF_UPDATES = 16,
	PRESET_OF_ACT = PRESET_OF_EDIT | PRESET_OF_ANSWER,
	PRESET_OF_STEP = PRESET_OF_TOKEN | PRESET_OF_ACT | PRESET_OF_UPDATES,
	PRESET_OF_ALL = PRESET_ALONE | PRESET_OF_STEP,
};

static const struct preset_kind_row {
	const char *kind;
	unsigned places;
} preset_kinds[] = {
	{"settings", PRESET_ALONE},
	{"address", PRESET_ALONE},
	{"token", PRESET_ALONE},
	{"capture", PRESET_ALONE},
	{"buttons", PRESET_ALONE},
	{"invite", PRESET_ALONE},
	{"request", PRESET_ALONE | PRESET_OF_ACT | PRESET_OF_UPDATES},
	{"limit", PRESET_ALONE | PRESET_OF_ACT},
	{"list", PRESET_OF_UPDATES},
	{"query", PRESET_OF_ALL},
	{"headers", PRESET_OF_ALL},
	{"json", PRESET_OF_ALL},
	{"form", PRESET_OF_ALL},
	{"text", PRESET_OF_ALL},
	{"success", PRESET_OF_ALL},
	{"classify", PRESET_OF_ALL},
	{"retry", PRESET_OF_ALL},
	{"error", PRESET_OF_ALL},
	/* those that have a name of their own */
	{"value", 0},
	{"update", 0},
	{"edit", 0},
	{"answer", 0},
	{"updates", 0},
};
enum { PRESET_KINDS = sizeof(preset_kinds) / sizeof(preset_kinds[0]) };

static const struct preset_step {
	const char *word;
	unsigned place;
	bool is_called_by_name; /* [token] itself makes the call, otherwise [edit request] */
} preset_steps[PRESET_PLACE_MAX] = {
	[PRESET_IN_TOKEN] = {"token", PRESET_OF_TOKEN, true},
	[PRESET_IN_EDIT] = {"edit", PRESET_OF_EDIT, false},
	[PRESET_IN_ANSWER] = {"answer", PRESET_OF_ANSWER, false},
	[PRESET_IN_UPDATES] = {"updates", PRESET_OF_UPDATES, false},
};

const char *preset_place_word(enum preset_place place)
{
	return preset_steps[place].word != NULL ? preset_steps[place].word : "";
}

static const struct preset_step *preset_find_step(const char *kind)
{
	for (size_t i = 0; i < PRESET_PLACE_MAX; i++)
		if (preset_steps[i].word != NULL && strcmp(preset_steps[i].word, kind) == 0)
			return &preset_steps[i];
	return NULL;
}

static const struct preset_kind_row *preset_find_kind(const char *kind)
{
	for (size_t i = 0; i < PRESET_KINDS; i++)
		if (strcmp(preset_kinds[i].kind, kind) == 0)
			return &preset_kinds[i];
	return NULL;
}

static void preset_report_kind(const struct ini_section *section, struct problems *problems)
{
	const char *words[PRESET_KINDS];
	size_t n = 0;
	for (size_t i = 0; i < PRESET_KINDS; i++)
		if (preset_kinds[i].places != PRESET_OF_UPDATES)
			words[n++] = preset_kinds[i].kind;
	const char *nearest = strlist_nearest(section->kind, words, n);
	problems_add(problems, section->file, section->line, "unknown section [%s]%s%s%s", section->kind,
		     nearest != NULL ? ", did you mean [" : "", nearest != NULL ? nearest : "",
		     nearest != NULL ? "]?" : "");
}

/* [token], [token headers], [edit request]: the first section of a step that lacks its call says so. */
static void preset_check_step(const struct ini *ini, const struct ini_section *section, const struct preset_step *step,
			      struct problems *problems)
{
	const struct preset_kind_row *row = section->name != NULL ? preset_find_kind(section->name) : NULL;
	if (section->name != NULL && (row == NULL || (row->places & step->place) == 0)) {
		problems_add(problems, section->file, section->line, "unknown section [%s %s]", step->word,
			     section->name);
	} else if (section->name == NULL && !step->is_called_by_name) {
		problems_add(problems, section->file, section->line,
			     "[%s] stands with another word: write [%s request] and its like", step->word, step->word);
	} else if (ini_section(ini, step->word, step->is_called_by_name ? NULL : "request") == NULL) {
		for (const struct ini_section *before = ini->sections; before < section; before++)
			if (strcmp(before->kind, step->word) == 0)
				return;
		problems_add(problems, section->file, section->line, "[%s %s] needs a section [%s%s]", step->word,
			     section->name, step->word, step->is_called_by_name ? "" : " request");
	}
}

static void preset_check_kinds(const struct ini *ini, struct problems *problems)
{
	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *section = &ini->sections[i];
		const struct preset_step *step = preset_find_step(section->kind);
		const struct preset_kind_row *row = preset_find_kind(section->kind);
		if (step != NULL)
			preset_check_step(ini, section, step, problems);
		else if (row == NULL || (row->places == PRESET_OF_UPDATES))
			preset_report_kind(section, problems);
		else if (row->places == 0 && section->name == NULL)
			problems_add(problems, section->file, section->line,
				     strcmp(row->kind, "value") == 0 ? "a value needs a name, as in [value sign]"
								     : "an update needs a kind, as in [update text]");
		else if (row->places != 0 && section->name != NULL)
			problems_add(problems, section->file, section->line, "section [%s] takes no name",
				     section->kind);
	}
}

const struct ini_section *preset_part(const struct ini *ini, enum preset_place place, const char *part)
{
	const char *call = preset_place_word(place);
	return call[0] != '\0' ? ini_section(ini, call, part) : ini_section(ini, part, NULL);
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
	struct option_rate rate, rate_each;
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
	{.key = "rate_each",
	 .type = OPTION_RATE,
	 .offset = offsetof(struct preset_request_keys, rate_each),
	 .help = "messages per time to one address that it allows"},
};
/* A step has the first of them as well, method, url and body; and the next is timeout. */
enum {
	PRESET_CALL_OPTIONS = 3,
	PRESET_REQUEST_OPTIONS = sizeof(preset_request_options) / sizeof(preset_request_options[0])
};

/* The address must always have all of its values. */
static int preset_compile_url(const struct preset *preset, const char *source, enum preset_place place,
			      struct preset_text *ret_text, struct err *err)
{
	bool is_url[PRESET_NAMES_LIMIT];
	struct preset_text text;
	int r = preset_compile(preset, source, place, false, &text, err);
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
	preset->rate_each = keys.rate_each;
	options_done(preset_request_options, PRESET_REQUEST_OPTIONS, &keys);
}

void preset_read_call(struct preset *preset, struct preset_call *call, const struct ini *ini, enum preset_place place,
		      int64_t *ret_timeout_s, struct problems *problems)
{
	const struct ini_section *section = preset_part(ini, place, "request");
	struct preset_request_keys keys = {0};
	size_t n = ret_timeout_s != NULL ? PRESET_CALL_OPTIONS + 1 : PRESET_CALL_OPTIONS;
	options_apply(preset_request_options, n, section, NULL, &keys, problems);
	preset_take_request(preset, call, &keys, section, place, problems);
	if (ret_timeout_s != NULL)
		*ret_timeout_s = keys.timeout_s;
	options_done(preset_request_options, n, &keys);
	preset_read_fields(preset, call, ini, place, problems);
	preset_read_reply(call, ini, place, problems);
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

enum {
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
	size_t n = problems->n;
	preset_check_kinds(ini, problems);
	preset_read_forms(preset, ini, problems);
	preset_read_made(preset, ini, problems);
	preset_read_token(preset, ini, problems);
	preset_read_buttons(preset, ini, problems);
	preset_read_request(preset, ini, problems);
	preset_read_fields(preset, &preset->call, ini, PRESET_IN_REQUEST, problems);
	preset_read_reply(&preset->call, ini, PRESET_IN_REQUEST, problems);
	preset_read_steps(preset, ini, problems->n == n, problems);
	preset_read_updates(preset, ini, problems);
}
