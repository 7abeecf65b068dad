#include "channel/preset_section.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_url.h"

enum { PRESET_TIMEOUT_MAX_S = 600 };

static const char *const preset_kinds[] = {"settings", "request",  "headers", "json",  "form", "success",
					   "retry",    "classify", "capture", "error", "limit"};

static void preset_check_kinds(const struct ini *ini, struct problems *problems)
{
	enum { N = sizeof(preset_kinds) / sizeof(preset_kinds[0]) };
	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *section = &ini->sections[i];
		size_t k = 0;
		while (k < N && strcmp(preset_kinds[k], section->kind) != 0)
			k++;
		const char *nearest = strlist_nearest(section->kind, preset_kinds, N);
		if (k == N)
			problems_add(problems, section->file, section->line, "unknown section [%s]%s%s%s",
				     section->kind, nearest != NULL ? ", did you mean [" : "",
				     nearest != NULL ? nearest : "", nearest != NULL ? "]?" : "");
		else if (section->name != NULL)
			problems_add(problems, section->file, section->line, "section [%s] takes no name",
				     section->kind);
	}
}

static const char *const preset_methods[] = {[PRESET_POST] = "POST", [PRESET_PUT] = "PUT", [PRESET_GET] = "GET", NULL};
static const char *const preset_bodies[] = {
	[PRESET_BODY_NONE] = "none", [PRESET_BODY_JSON] = "json", [PRESET_BODY_FORM] = "form", NULL};

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
	 .help = "json, form or none"},
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

/* The address must always have all of its values. */
static bool preset_check_url(const struct preset *preset, struct err *err)
{
	bool is_url[PRESET_NAMES_LIMIT];
	preset_url_names(preset, is_url);
	for (size_t i = 0; i < preset->names.n; i++)
		if (preset_text_uses(&preset->url, i) != 0 && preset_may_lack(preset, i)) {
			(void)err_set(err, -1, "{{%s}} may have no value, so it cannot be part of the address",
				      preset->names.items[i]);
			return false;
		}
	return preset_url_check_template(&preset->url, is_url, err) == 0;
}

static void preset_read_request(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	enum { N = sizeof(preset_request_options) / sizeof(preset_request_options[0]) };
	const struct ini_section *section = ini_section(ini, "request", NULL);
	if (section == NULL) {
		problems_add(problems, ini->file, 0, "the section [request] is missing: it says what is called");
		return;
	}

	struct preset_request_keys keys = {0};
	struct err err;
	options_apply(preset_request_options, N, section, NULL, &keys, problems);
	const struct ini_entry *url = ini_find(section, "url");
	if (url != NULL && (preset_text_compile(url->value, &preset->names, &preset->url, &err) < 0 ||
			    !preset_check_url(preset, &err)))
		problems_add(problems, section->file, url->line, "%s", err.text);
	if (keys.method == PRESET_GET && keys.body != PRESET_BODY_NONE)
		problems_add(problems, section->file, section->line,
			     "a GET has no body: give method = POST, or body = none");
	preset->method = keys.method;
	preset->body = keys.body;
	preset->timeout_s = keys.timeout_s;
	preset->rate = keys.rate;
	options_done(preset_request_options, N, &keys);
}

static void preset_read_fields(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	const struct ini_section *json = ini_section(ini, "json", NULL), *form = ini_section(ini, "form", NULL);
	preset_read_headers(preset, ini_section(ini, "headers", NULL), problems);
	if (json != NULL && preset->body != PRESET_BODY_JSON)
		problems_add(problems, json->file, json->line, "[json] needs body = json in [request]");
	else
		preset_read_json(preset, json, problems);
	if (form != NULL && preset->body != PRESET_BODY_FORM)
		problems_add(problems, form->file, form->line, "[form] needs body = form in [request]");
	else
		preset_read_form(preset, form, problems);
	preset_read_limits(preset, ini_section(ini, "limit", NULL), problems);
}

static int preset_add_status(struct preset_verdict *verdict, const char *text, struct err *err)
{
	return preset_statuses_parse(text, &verdict->success, err);
}

static int preset_add_test(struct preset_verdict *verdict, const char *text, struct err *err)
{
	struct preset_test test;
	int r = preset_test_parse(text, &test, err);
	if (r == 0) {
		verdict->tests = mem_grow(verdict->tests, verdict->n_tests + 1, sizeof(*verdict->tests));
		verdict->tests[verdict->n_tests++] = test;
	}
	return r;
}

static int preset_add_rule(struct preset_verdict *verdict, const char *text, struct err *err)
{
	struct preset_rule rule;
	int r = preset_rule_parse(text, &rule, err);
	if (r == 0) {
		verdict->rules = mem_grow(verdict->rules, verdict->n_rules + 1, sizeof(*verdict->rules));
		verdict->rules[verdict->n_rules++] = rule;
	}
	return r;
}

static int preset_take_pointer(char **field, const char *text, struct err *err)
{
	if (!preset_pointer_check(text, err))
		return -1;
	free(*field); /* given again, which was reported */
	*field = mem_dup(text);
	return 0;
}

static int preset_add_retry(struct preset_verdict *verdict, const char *text, struct err *err)
{
	return preset_take_pointer(&verdict->retry_pointer, text, err);
}

static int preset_add_unit(struct preset_verdict *verdict, const char *text, struct err *err)
{
	verdict->is_retry_ms = strcmp(text, "ms") == 0;
	return verdict->is_retry_ms || strcmp(text, "s") == 0 ? 0
							      : err_set(err, -1, "'%s' is no unit: give s or ms", text);
}

static int preset_add_capture(struct preset_verdict *verdict, const char *text, struct err *err)
{
	return preset_take_pointer(&verdict->capture_pointer, text, err);
}

static int preset_add_error(struct preset_verdict *verdict, const char *text, struct err *err)
{
	return preset_take_pointer(&verdict->error_pointer, text, err);
}

/* What the sections about the reply may say. */
static const struct preset_reply_key {
	const char *section, *key;
	bool may_repeat;
	int (*add)(struct preset_verdict *verdict, const char *text, struct err *err);
} preset_reply_keys[] = {
	{"success", "status", false, preset_add_status}, {"success", "test", true, preset_add_test},
	{"classify", "rule", true, preset_add_rule},     {"retry", "pointer", false, preset_add_retry},
	{"retry", "unit", false, preset_add_unit},       {"capture", "message_id", false, preset_add_capture},
	{"error", "text", false, preset_add_error},
};
enum { PRESET_REPLY_KEYS = sizeof(preset_reply_keys) / sizeof(preset_reply_keys[0]) };

static bool preset_is_reply_section(const char *kind)
{
	for (size_t i = 0; i < PRESET_REPLY_KEYS; i++)
		if (strcmp(preset_reply_keys[i].section, kind) == 0)
			return true;
	return false;
}

/* A key that its section does not have: says which it has. */
static void preset_report_unknown(const struct ini_section *section, const struct ini_entry *entry,
				  struct problems *problems)
{
	struct buf known;
	buf_init(&known, sizeof(((struct err *)NULL)->text));
	for (size_t i = 0; i < PRESET_REPLY_KEYS; i++)
		if (strcmp(preset_reply_keys[i].section, section->kind) == 0)
			buf_printf(&known, "%s%s", known.len != 0 ? " or " : "", preset_reply_keys[i].key);
	problems_add(problems, section->file, entry->line, "unknown key '%s': give %s", entry->key, buf_str(&known));
	buf_done(&known);
}

static void preset_read_reply_entry(struct preset_verdict *verdict, const struct ini_section *section,
				    const struct ini_entry *entry, struct problems *problems)
{
	struct err err;
	for (size_t i = 0; i < PRESET_REPLY_KEYS; i++) {
		const struct preset_reply_key *row = &preset_reply_keys[i];
		if (strcmp(row->section, section->kind) != 0 || strcmp(row->key, entry->key) != 0)
			continue;
		if (!row->may_repeat && ini_find(section, entry->key) != entry)
			problems_add(problems, section->file, entry->line, "key '%s' is given again further down",
				     entry->key);
		if (row->add(verdict, entry->value, &err) < 0)
			problems_add(problems, section->file, entry->line, "%s: %s", entry->key, err.text);
		return;
	}
	preset_report_unknown(section, entry, problems);
}

static void preset_read_reply_section(struct preset *preset, const struct ini_section *section,
				      struct problems *problems)
{
	if (!preset_is_reply_section(section->kind))
		return;
	for (size_t i = 0; i < section->n_entries; i++)
		preset_read_reply_entry(&preset->verdict, section, &section->entries[i], problems);
}

static void preset_read_reply(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		preset_read_reply_section(preset, &ini->sections[i], problems);

	const struct ini_section *success = ini_section(ini, "success", NULL);
	if (success == NULL || ini_find(success, "status") == NULL)
		problems_add(problems, ini->file, success != NULL ? success->line : 0,
			     "[success] must say which status means success, as in status = 2xx");
}

void preset_read_sections(struct preset *preset, const struct ini *ini, struct problems *problems)
{
	preset_check_kinds(ini, problems);
	preset_read_request(preset, ini, problems);
	preset_read_fields(preset, ini, problems);
	preset_read_reply(preset, ini, problems);
}
