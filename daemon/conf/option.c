#include "conf/option.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strlist.h"
#include "base/utf8.h"
#include "conf/secret.h"

enum { OPTION_RATE_MAX = 1000000, OPTION_TABLE_MAX = 64 };

/* Where a value comes from, as far as its meaning depends on that. */
struct option_source {
	const char *file; /* NULL for a preset */
	const char *secrets_dir;
};

char *option_absolute_path(const char *path, const char *beside)
{
	const char *slash = beside != NULL ? strrchr(beside, '/') : NULL;
	if (path[0] == '/')
		return mem_dup(path);
	if (slash != NULL && beside[0] == '/')
		return mem_printf("%.*s/%s", (int)(slash - beside), beside, path);

	char *cwd = getcwd(NULL, 0);
	if (cwd == NULL)
		return NULL;
	char *absolute = slash != NULL ? mem_printf("%s/%.*s/%s", cwd, (int)(slash - beside), beside, path)
				       : mem_printf("%s/%s", cwd, path);
	free(cwd);
	return absolute;
}

static int option_set_text(const struct option *option, const char *value, char **field, struct err *err)
{
	size_t len = strlen(value);
	if (utf8_find_control(value, false) >= 0)
		return err_set(err, -EINVAL, "the value holds a tab or another control character: take it out");
	if (len == 0 && option->min > 0)
		return err_set(err, -EINVAL, "the value is missing");
	if (len < (size_t)option->min)
		return err_set(err, -EINVAL, "'%s' is too short: give at least %" PRId64 " bytes", value, option->min);
	if (option->max > 0 && len > (size_t)option->max)
		return err_set(err, -EINVAL, "the value is %zu bytes long: give at most %" PRId64, len, option->max);

	free(*field);
	*field = mem_dup(value);
	return 0;
}

static int option_set_path(const char *value, const struct option_source *source, char **field, struct err *err)
{
	if (value[0] == '\0')
		return err_set(err, -EINVAL, "the path is missing");
	if (utf8_find_control(value, false) >= 0)
		return err_set(err, -EINVAL, "the path holds a tab or another control character: take it out");

	char *path = option_absolute_path(value, source->file);
	if (path == NULL)
		return err_set(err, -errno, "'%s' is relative to a folder that cannot be told (%s): start it with '/'",
			       value, strerror(errno));
	free(*field);
	*field = path;
	return 0;
}

static void option_add_words(struct buf *text, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		buf_printf(text, "%s%s", i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ", words[i]);
}

static int option_set_word(const struct option *option, const char *value, int *field, struct err *err)
{
	for (size_t i = 0; option->words[i] != NULL; i++)
		if (strcmp(option->words[i], value) == 0) {
			*field = (int)i;
			return 0;
		}

	struct buf known;
	buf_init(&known, sizeof(err->text));
	option_add_words(&known, option->words);
	int code = err_set(err, -EINVAL, "'%s' is not known here: give %s", value, buf_str(&known));
	buf_done(&known);
	return code;
}

static int option_set_rate(const char *value, struct option_rate *field, struct err *err)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	const char *slash = strchr(value, '/');
	int64_t per_s = 0;
	for (size_t i = 0; slash != NULL && i < sizeof(units) / sizeof(units[0]); i++)
		if (slash[1] == units[i].letter && slash[2] == '\0')
			per_s = units[i].seconds;
	if (per_s == 0)
		return err_set(err, -EINVAL,
			       "'%s' is not a rate: give a number and a unit of time, like 30/s, 20/m, 500/h", value);

	int64_t count = 0;
	char *digits = mem_dup_n(value, (size_t)(slash - value));
	int code = num_parse(digits, 1, OPTION_RATE_MAX, &count, err);
	free(digits);
	if (code == 0)
		*field = (struct option_rate){.count = count, .per_s = per_s};
	return code;
}

static int option_set_secret(const char *value, const struct option_source *source, char **field, struct err *err)
{
	char *secret = NULL;
	int code = secret_read(value, source->secrets_dir, &secret, err);
	if (code == 0) {
		mem_free_secret(*field);
		*field = secret;
	}
	return code;
}

static int option_set_words(const struct option *option, const char *value, struct strlist *field, struct err *err)
{
	struct strlist words = {0};
	strlist_add_words(&words, value);
	int code = 0;
	if (words.n < (size_t)option->min)
		code = err_set(err, -EINVAL, "%zu %s too few: give at least %" PRId64, words.n,
			       num_word((int64_t)words.n, "word is", "words are"), option->min);
	else if (option->max > 0 && words.n > (size_t)option->max)
		code = err_set(err, -EINVAL, "%zu %s too many: give at most %" PRId64, words.n,
			       num_word((int64_t)words.n, "word is", "words are"), option->max);
	if (code < 0) {
		strlist_done(&words);
		return code;
	}
	strlist_done(field);
	*field = words; /* takes */
	return 0;
}

/* Stores value into the option's field; on an error the field stays as it was. */
static int option_set(const struct option *option, const char *value, const struct option_source *source, void *target,
		      struct err *err)
{
	void *field = (char *)target + option->offset;
	switch (option->type) {
	case OPTION_TEXT:
		return option_set_text(option, value, field, err);
	case OPTION_PATH:
		return option_set_path(value, source, field, err);
	case OPTION_COUNT:
		return num_parse(value, option->min, option->max, field, err);
	case OPTION_DURATION:
		return num_parse_duration_s(value, option->min, option->max, field, err);
	case OPTION_WORD:
		return option_set_word(option, value, field, err);
	case OPTION_RATE:
		return option_set_rate(value, field, err);
	case OPTION_SECRET:
		return option_set_secret(value, source, field, err);
	case OPTION_WORDS:
		return option_set_words(option, value, field, err);
	case OPTION_LINES:
		break;
	}
	return 0;
}

static const struct option *option_find(const struct option *table, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].key, key) == 0)
			return &table[i];
	return NULL;
}

static void option_report_unknown(const struct option *table, size_t n, const char *file, const struct ini_entry *entry,
				  struct problems *problems)
{
	const char *keys[OPTION_TABLE_MAX + 1] = {0};
	assert(n <= OPTION_TABLE_MAX);
	for (size_t i = 0; i < n; i++)
		keys[i] = table[i].key;

	const char *nearest = strlist_nearest(entry->key, keys, n);
	if (nearest != NULL) {
		problems_add(problems, file, entry->line, "unknown key '%s', did you mean '%s'?", entry->key, nearest);
		return;
	}
	struct buf known;
	buf_init(&known, INI_LINE_MAX);
	option_add_words(&known, keys);
	problems_add(problems, file, entry->line, "unknown key '%s': give %s", entry->key, buf_str(&known));
	buf_done(&known);
}

/* The entry before this one with the same key, or NULL. */
static const struct ini_entry *option_find_earlier(const struct ini_section *section, const struct ini_entry *entry)
{
	for (const struct ini_entry *earlier = section->entries; earlier < entry; earlier++)
		if (strcmp(earlier->key, entry->key) == 0)
			return earlier;
	return NULL;
}

static void option_apply_entry(const struct option *option, const struct ini_section *section,
			       const struct ini_entry *entry, const char *secrets_dir, void *target,
			       struct problems *problems)
{
	const struct ini_entry *earlier = option_find_earlier(section, entry);
	if (earlier != NULL && option->type != OPTION_LINES) {
		problems_add(problems, section->file, entry->line, "key '%s' is given again, first in line %u",
			     entry->key, earlier->line);
		return;
	}

	struct option_source source = {.file = section->file, .secrets_dir = secrets_dir};
	struct err err = {0};
	if (option_set(option, entry->value, &source, target, &err) < 0)
		problems_add(problems, section->file, entry->line, "%s: %s", entry->key, err.text);
}

static void option_apply_presets(const struct option *table, size_t n, void *target)
{
	static const struct option_source none = {0};
	for (size_t i = 0; i < n; i++) {
		if (table[i].preset == NULL)
			continue;
		struct err err = {0};
		int code = option_set(&table[i], table[i].preset, &none, target, &err);
		assert(code == 0); /* a preset is ours */
		(void)code;
	}
}

static void option_report_missing(const struct option *option, const struct ini_section *section,
				  struct problems *problems)
{
	problems_add(problems, section->file, section->line, "[%s%s%s] lacks the key '%s'%s%s", section->kind,
		     section->name != NULL ? " " : "", section->name != NULL ? section->name : "", option->key,
		     option->help != NULL ? ": " : "", option->help != NULL ? option->help : "");
}

void options_apply(const struct option *table, size_t n, const struct ini_section *section, const char *secrets_dir,
		   void *target, struct problems *problems)
{
	option_apply_presets(table, n, target);
	if (section == NULL)
		return;

	for (size_t i = 0; i < section->n_entries; i++) {
		const struct ini_entry *entry = &section->entries[i];
		const struct option *option = option_find(table, n, entry->key);
		if (option == NULL)
			option_report_unknown(table, n, section->file, entry, problems);
		else
			option_apply_entry(option, section, entry, secrets_dir, target, problems);
	}
	for (size_t i = 0; i < n; i++)
		if ((table[i].flags & OPTION_REQUIRED) != 0 && ini_find(section, table[i].key) == NULL)
			option_report_missing(&table[i], section, problems);
}

void options_done(const struct option *table, size_t n, void *target)
{
	for (size_t i = 0; i < n; i++) {
		void *field = (char *)target + table[i].offset;
		char **text = field;
		if (table[i].type == OPTION_TEXT || table[i].type == OPTION_PATH) {
			free(*text);
			*text = NULL;
		} else if (table[i].type == OPTION_SECRET) {
			mem_free_secret(*text);
			*text = NULL;
		} else if (table[i].type == OPTION_WORDS) {
			strlist_done(field);
		}
	}
}
