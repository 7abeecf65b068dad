/* preset_reply: reads the sections that say what a reply means. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/preset_section.h"

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

static int preset_add_header(struct preset_verdict *verdict, const char *text, struct err *err)
{
	if (!preset_is_header_name(text))
		return err_set(err, -1, "'%s' is no name of a header: write one like X-RateLimit-Reset-After", text);
	free(verdict->retry_header); /* given again, which was reported */
	verdict->retry_header = mem_dup(text);
	return 0;
}

static int preset_add_unit(struct preset_verdict *verdict, const char *text, struct err *err)
{
	static const char *const words[PRESET_RETRY_UNIT_MAX] = {
		[PRESET_RETRY_S] = "s", [PRESET_RETRY_MS] = "ms", [PRESET_RETRY_AT] = "at"};
	for (size_t i = 0; i < PRESET_RETRY_UNIT_MAX; i++)
		if (strcmp(text, words[i]) == 0) {
			verdict->retry_unit = (enum preset_retry_unit)i;
			return 0;
		}
	return err_set(err, -1, "'%s' is no unit: give s, ms, or at for seconds since 1970", text);
}

static int preset_add_capture(struct preset_verdict *verdict, const char *text, struct err *err)
{
	return preset_take_pointer(&verdict->capture_pointer, text, err);
}

static int preset_add_thread(struct preset_verdict *verdict, const char *text, struct err *err)
{
	return preset_take_pointer(&verdict->thread_pointer, text, err);
}

static int preset_add_error(struct preset_verdict *verdict, const char *text, struct err *err)
{
	if (!preset_pointer_check(text, err))
		return -1;
	strlist_add(&verdict->error_pointers, text, strlen(text));
	return 0;
}

/* What the sections about the reply may say. */
static const struct preset_reply_key {
	const char *section, *key;
	bool may_repeat;
	int (*add)(struct preset_verdict *verdict, const char *text, struct err *err);
} preset_reply_keys[] = {
	{"success", "status", false, preset_add_status},
	{"success", "test", true, preset_add_test},
	{"classify", "rule", true, preset_add_rule},
	{"retry", "pointer", false, preset_add_retry},
	{"retry", "header", false, preset_add_header},
	{"retry", "unit", false, preset_add_unit},
	{"capture", "message_id", false, preset_add_capture},
	{"capture", "thread_id", false, preset_add_thread},
	{"error", "text", true, preset_add_error},
};
enum { PRESET_REPLY_KEYS = sizeof(preset_reply_keys) / sizeof(preset_reply_keys[0]) };

/* A key that its section does not have: says which it has. */
static void preset_report_unknown(const struct ini_section *section, const char *kind, const struct ini_entry *entry,
				  struct problems *problems)
{
	struct buf known;
	buf_init(&known, sizeof(((struct err *)NULL)->text));
	for (size_t i = 0; i < PRESET_REPLY_KEYS; i++)
		if (strcmp(preset_reply_keys[i].section, kind) == 0)
			buf_printf(&known, "%s%s", known.len != 0 ? " or " : "", preset_reply_keys[i].key);
	problems_add(problems, section->file, entry->line, "unknown key '%s': give %s", entry->key, buf_str(&known));
	buf_done(&known);
}

static void preset_read_reply_entry(struct preset_verdict *verdict, const struct ini_section *section, const char *kind,
				    const struct ini_entry *entry, struct problems *problems)
{
	struct err err;
	for (size_t i = 0; i < PRESET_REPLY_KEYS; i++) {
		const struct preset_reply_key *row = &preset_reply_keys[i];
		if (strcmp(row->section, kind) != 0 || strcmp(row->key, entry->key) != 0)
			continue;
		if (!row->may_repeat && ini_find(section, entry->key) != entry)
			problems_add(problems, section->file, entry->line, "key '%s' is given again further down",
				     entry->key);
		if (row->add(verdict, entry->value, &err) < 0)
			problems_add(problems, section->file, entry->line, "%s: %s", entry->key, err.text);
		return;
	}
	preset_report_unknown(section, kind, entry, problems);
}

void preset_read_reply(struct preset_call *call, const struct ini *ini, enum preset_place place,
		       struct problems *problems)
{
	static const char *const kinds[] = {"success", "classify", "retry", "capture", "error"};
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct ini_section *section = preset_part(ini, place, kinds[k]);
		for (size_t i = 0; section != NULL && i < section->n_entries; i++)
			preset_read_reply_entry(&call->verdict, section, kinds[k], &section->entries[i], problems);
	}

	const struct ini_section *success = preset_part(ini, place, "success");
	if (success == NULL || ini_find(success, "status") == NULL)
		problems_add(problems, ini->file, success != NULL ? success->line : 0,
			     "[%s%ssuccess] must say which status means success, as in status = 2xx",
			     preset_place_word(place), place == PRESET_IN_REQUEST ? "" : " ");
}
