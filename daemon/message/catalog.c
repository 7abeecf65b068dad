#include "message/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/strlist.h"
#include "message/context.h"
#include "message/template_file.h"

enum { CATALOG_FILE_MAX = 64 * 1024 };

static const char *const catalog_kinds[] = {"reminder", "overdue",  "fix_date", "escalation", "handoff", "moved",
					    "merged",   "catch_up", "digest",   "notice",     "test"};
enum { CATALOG_N_KINDS = sizeof(catalog_kinds) / sizeof(catalog_kinds[0]) };

/* One file: "reminder.subject", "reminder.text" or the name of a partial. */
struct catalog_file {
	char *name;
	char *path;
	char *source; /* kept until the lint has said in which line a name stands */
	struct template *compiled;
};

struct catalog_language {
	struct language *language;
	struct catalog_file *files;
	size_t n_files;
	const struct template *subjects[CATALOG_N_KINDS], *texts[CATALOG_N_KINDS]; /* NULL: not there */
};

struct catalog {
	struct catalog_language *languages;
	size_t n_languages;
};

static const struct catalog_file *catalog_find_file(const struct catalog_language *language, const char *name)
{
	for (size_t i = 0; i < language->n_files; i++)
		if (strcmp(language->files[i].name, name) == 0)
			return &language->files[i];
	return NULL;
}

static const struct template *catalog_partial(void *arg, const char *name)
{
	const struct catalog_file *file = catalog_find_file(arg, name);
	return file != NULL ? file->compiled : NULL;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static void catalog_load_file(struct catalog_language *language, const char *folder, const char *entry,
			      struct problems *problems)
{
	char *path = mem_printf("%s/%s", folder, entry);
	char *source = NULL;
	struct template *template = NULL;
	struct template_place place = {0};
	struct err err;
	bool is_read = template_file_read(path, CATALOG_FILE_MAX, &source, &err) == 0;
	if (!is_read || template_compile(source, &template, &place, &err) < 0) {
		if (is_read)
			problems_add(problems, path, place.line, "column %u: %s", place.column, err.text);
		else
			problems_add(problems, path, 0, "%s", err.text);
		free(source);
		free(path);
		return;
	}

	language->files = mem_grow(language->files, language->n_files + 1, sizeof(*language->files));
	language->files[language->n_files++] = (struct catalog_file){
		.name = mem_dup_n(entry, strlen(entry) - strlen(TEMPLATE_SUFFIX)),
		.path = path,
		.source = source,
		.compiled = template,
	};
}

static int catalog_is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool catalog_is_template(const char *entry)
{
	size_t len = strlen(entry), suffix = strlen(TEMPLATE_SUFFIX);
	return len > suffix && strcmp(entry + len - suffix, TEMPLATE_SUFFIX) == 0;
}

/* The names in a folder, sorted, so that problems come in the same order everywhere. False with a problem added. */
static bool catalog_list(const char *folder, struct strlist *ret_names, struct problems *problems)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, catalog_is_visible, alphasort);
	if (n < 0) {
		mem_check_errno();
		problems_add(problems, folder, 0, "cannot be read as a folder of templates: %s", strerror(errno));
		return false;
	}
	for (int i = 0; i < n; i++) {
		strlist_add(ret_names, entries[i]->d_name, strlen(entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return true;
}

/* ---- lint ---------------------------------------------------------------------------------------------------- */

struct catalog_lint {
	const struct catalog_language *language;
	const struct catalog_file *file;
	struct problems *problems;
};

/* The line in which a tag names name, or 1. */
static unsigned catalog_find_line(const char *source, const char *name)
{
	unsigned line = 1;
	size_t len = strlen(name);
	for (const char *c = source; *c != '\0'; c++) {
		if (*c == '\n')
			line++;
		if (c[0] != '{' || c[1] != '{')
			continue;
		const char *tag = c + 2 + strspn(c + 2, "{#^/>&<$* \t");
		if (strncmp(tag, name, len) == 0 && strchr(" \t}", tag[len]) != NULL)
			return line;
	}
	return 1;
}

static bool catalog_knows_name(const char *name)
{
	for (size_t i = 0; i < context_n_names; i++)
		if (strcmp(context_names[i], name) == 0)
			return true;
	return false;
}

static void catalog_lint_name(void *arg, const char *name)
{
	const struct catalog_lint *lint = arg;
	if (catalog_knows_name(name))
		return;

	const char *nearest = strlist_nearest(name, context_names, context_n_names);
	problems_add(lint->problems, lint->file->path, catalog_find_line(lint->file->source, name),
		     "unknown name '%s'%s%s%s", name, nearest != NULL ? ", did you mean '" : "",
		     nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

/* {{>detials}} would render as nothing, silently. Which file {{>*name}} means is not known before it is rendered. */
static void catalog_lint_partials(const struct catalog_lint *lint)
{
	unsigned line = 1;
	for (const char *c = lint->file->source; *c != '\0'; c++) {
		if (*c == '\n')
			line++;
		if (strncmp(c, "{{>", 3) != 0 && strncmp(c, "{{<", 3) != 0)
			continue;

		const char *start = c + 3 + strspn(c + 3, " \t");
		char *name = mem_dup_n(start, strcspn(start, " \t}"));
		if (*name != '*' && catalog_find_file(lint->language, name) == NULL)
			problems_add(lint->problems, lint->file->path, line,
				     "no partial '%s': there is no %s" TEMPLATE_SUFFIX " in this folder", name, name);
		free(name);
	}
}

/* "reminder.subject" -> its place among the kinds, or -1 when the file is no part of a kind. */
static int catalog_find_kind(const char *name, const char *part)
{
	for (int i = 0; i < CATALOG_N_KINDS; i++) {
		size_t len = strlen(catalog_kinds[i]);
		if (strncmp(name, catalog_kinds[i], len) == 0 && strcmp(name + len, part) == 0)
			return i;
	}
	return -1;
}

/* Sorts the files into kinds and checks the names they use. */
static void catalog_sort(struct catalog_language *language, struct problems *problems)
{
	for (size_t i = 0; i < language->n_files; i++) {
		struct catalog_file *file = &language->files[i];
		int subject = catalog_find_kind(file->name, ".subject"), text = catalog_find_kind(file->name, ".text");
		if (subject >= 0)
			language->subjects[subject] = file->compiled;
		else if (text >= 0)
			language->texts[text] = file->compiled;
		else if (strchr(file->name, '.') != NULL)
			problems_add(problems, file->path, 0,
				     "no message is made of it: name it <kind>.subject" TEMPLATE_SUFFIX
				     " or <kind>.text" TEMPLATE_SUFFIX ", or without dots if it is a partial");

		struct catalog_lint lint = {.language = language, .file = file, .problems = problems};
		template_names(file->compiled, catalog_lint_name, &lint);
		catalog_lint_partials(&lint);
	}
}

static void catalog_check_kinds(const struct catalog_language *language, const char *folder, struct problems *problems)
{
	for (int i = 0; i < CATALOG_N_KINDS; i++) {
		if (language->subjects[i] == NULL)
			problems_add(problems, folder, 0, "has no usable %s.subject" TEMPLATE_SUFFIX, catalog_kinds[i]);
		if (language->texts[i] == NULL)
			problems_add(problems, folder, 0, "has no usable %s.text" TEMPLATE_SUFFIX, catalog_kinds[i]);
	}
}

/* ---- loading ------------------------------------------------------------------------------------------------- */

static void catalog_load_language(struct catalog *catalog, const char *folder, const char *tag,
				  struct problems *problems)
{
	struct catalog_language language = {0};
	struct strlist names = {0};
	struct err err;
	if (language_new(tag, &language.language, &err) < 0) {
		problems_add(problems, folder, 0, "%s", err.text);
		return;
	}
	if (!catalog_list(folder, &names, problems)) {
		language_free(language.language);
		return;
	}

	for (size_t i = 0; i < names.n; i++)
		if (catalog_is_template(names.items[i]))
			catalog_load_file(&language, folder, names.items[i], problems);
	catalog_sort(&language, problems);
	catalog_check_kinds(&language, folder, problems);
	strlist_done(&names);

	catalog->languages = mem_grow(catalog->languages, catalog->n_languages + 1, sizeof(*catalog->languages));
	catalog->languages[catalog->n_languages++] = language;
}

struct catalog *catalog_load(const char *folder, struct problems *problems)
{
	struct catalog *catalog = mem_zero(1, sizeof(*catalog));
	struct strlist names = {0};
	if (!catalog_list(folder, &names, problems))
		return catalog;

	for (size_t i = 0; i < names.n; i++) {
		char *path = mem_printf("%s/%s", folder, names.items[i]);
		struct stat status;
		if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
			catalog_load_language(catalog, path, names.items[i], problems);
		free(path);
	}
	if (catalog->n_languages == 0)
		problems_add(problems, folder, 0, "has no language: give it a folder like ru, en or zh with templates");
	strlist_done(&names);
	return catalog;
}

static void catalog_language_done(struct catalog_language *language)
{
	for (size_t i = 0; i < language->n_files; i++) {
		free(language->files[i].name);
		free(language->files[i].path);
		free(language->files[i].source);
		template_free(language->files[i].compiled);
	}
	free(language->files);
	language_free(language->language);
}

void catalog_free(struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	for (size_t i = 0; i < catalog->n_languages; i++)
		catalog_language_done(&catalog->languages[i]);
	free(catalog->languages);
	free(catalog);
}

/* ---- choosing ------------------------------------------------------------------------------------------------ */

static struct catalog_language *catalog_find_language(const struct catalog *catalog, const char *tag, size_t len)
{
	for (size_t i = 0; i < catalog->n_languages; i++) {
		const char *has = language_tag(catalog->languages[i].language);
		if (strlen(has) == len && strncasecmp(has, tag, len) == 0)
			return &catalog->languages[i];
	}
	return NULL;
}

bool catalog_has_language(const struct catalog *catalog, const char *tag)
{
	return catalog_find_language(catalog, tag, strlen(tag)) != NULL;
}

const char *catalog_nearest_language(const struct catalog *catalog, const char *tag)
{
	const char **tags = mem_zero(catalog->n_languages + 1, sizeof(*tags));
	for (size_t i = 0; i < catalog->n_languages; i++)
		tags[i] = language_tag(catalog->languages[i].language);
	const char *nearest = strlist_nearest(tag, tags, catalog->n_languages);
	free(tags);
	return nearest;
}

static bool catalog_choose_language(struct catalog_language *language, const char *kind,
				    struct catalog_choice *ret_choice)
{
	int i = catalog_find_kind(kind, "");
	if (language == NULL || i < 0 || language->subjects[i] == NULL || language->texts[i] == NULL)
		return false;
	*ret_choice = (struct catalog_choice){
		.language = language->language,
		.subject = language->subjects[i],
		.text = language->texts[i],
		.partial = catalog_partial,
		.partial_arg = language,
	};
	return true;
}

static bool catalog_choose_tag(const struct catalog *catalog, const char *kind, const char *tag,
			       struct catalog_choice *ret_choice)
{
	return tag != NULL &&
	       (catalog_choose_language(catalog_find_language(catalog, tag, strlen(tag)), kind, ret_choice) ||
		catalog_choose_language(catalog_find_language(catalog, tag, strcspn(tag, "-_")), kind, ret_choice));
}

bool catalog_choose(const struct catalog *catalog, const char *kind, const char *wanted, const char *fallback,
		    struct catalog_choice *ret_choice)
{
	if (catalog_choose_tag(catalog, kind, wanted, ret_choice) ||
	    catalog_choose_tag(catalog, kind, fallback, ret_choice))
		return true;
	for (size_t i = 0; i < catalog->n_languages; i++)
		if (catalog_choose_language(&catalog->languages[i], kind, ret_choice))
			return true;
	return false;
}
