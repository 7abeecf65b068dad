#include "message/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/strlist.h"
#include "message/catalog_priv.h"
#include "message/template_file.h"

enum { CATALOG_FILE_MAX = 64 * 1024 };

const char *const catalog_kinds[CATALOG_N_KINDS] = {
	[CATALOG_REMINDER] = "reminder",     [CATALOG_OVERDUE] = "overdue",   [CATALOG_FIX_DATE] = "fix_date",
	[CATALOG_ESCALATION] = "escalation", [CATALOG_HANDOFF] = "handoff",   [CATALOG_MOVED] = "moved",
	[CATALOG_MERGED] = "merged",         [CATALOG_CATCH_UP] = "catch_up", [CATALOG_DIGEST] = "digest",
	[CATALOG_NOTICE] = "notice",         [CATALOG_TEST] = "test",         [CATALOG_CLOSED] = "closed",
	[CATALOG_ANSWER] = "answer",
};

const char *const catalog_parts[CATALOG_PART_MAX] = {
	[CATALOG_SUBJECT] = "subject", [CATALOG_TEXT] = "text", [CATALOG_HTML] = "html"};

void catalog_complain(struct problems *problems, const char *path, unsigned line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = mem_vprintf(fmt, args);
	va_end(args);
	bool is_known = false;
	for (size_t i = 0; i < problems->n && !is_known; i++)
		is_known = problems->items[i].line == line && strcmp(problems->items[i].file, path) == 0 &&
			   strcmp(problems->items[i].text, text) == 0;
	if (!is_known)
		problems_add(problems, path, line, "%s", text);
	free(text);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static int catalog_compare_file(const void *name, const void *file)
{
	return strcmp(name, ((const struct catalog_file *)file)->name);
}

const struct catalog_file *catalog_find_file(const struct catalog_language *language, const char *name)
{
	if (language->n_files == 0)
		return NULL;
	return bsearch(name, language->files, language->n_files, sizeof(*language->files), catalog_compare_file);
}

const struct template *catalog_partial(void *arg, const char *name)
{
	const struct catalog_file *file = catalog_find_file(arg, name);
	return file != NULL ? file->compiled : NULL;
}

static void catalog_file_done(struct catalog_file *file)
{
	free(file->name);
	free(file->path);
	template_free(file->compiled);
	free(file->partials);
}

/* Puts the file to its place, or in the place of another of that name. */
static void catalog_put_file(struct catalog_language *language, const struct catalog_file *file)
{
	size_t at = 0;
	while (at < language->n_files && strcmp(language->files[at].name, file->name) < 0)
		at++;
	bool has_other = at < language->n_files && strcmp(language->files[at].name, file->name) == 0;
	if (has_other) {
		catalog_file_done(&language->files[at]);
	} else {
		language->files = mem_grow(language->files, language->n_files + 1, sizeof(*language->files));
		memmove(&language->files[at + 1], &language->files[at],
			(language->n_files - at) * sizeof(*language->files));
		language->n_files++;
	}
	language->files[at] = *file;
}

static void catalog_load_file(struct catalog_language *language, const char *folder, const char *entry,
			      struct problems *problems)
{
	char *path = mem_printf("%s/%s", folder, entry), *source = NULL;
	struct template *template = NULL;
	struct template_place place = {0};
	struct err err;
	if (template_file_read(path, CATALOG_FILE_MAX, &source, &err) < 0)
		catalog_complain(problems, path, 0, "%s", err.text);
	else if (template_compile(source, &template, &place, &err) < 0)
		catalog_complain(problems, path, place.line, "column %u: %s", place.column, err.text);
	free(source);
	if (template == NULL) {
		free(path);
		return;
	}
	const struct catalog_file file = {
		.name = mem_dup_n(entry, strlen(entry) - strlen(TEMPLATE_SUFFIX)),
		.path = path,
		.compiled = template,
	};
	catalog_put_file(language, &file);
}

static int catalog_is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

bool catalog_is_template(const char *entry)
{
	size_t len = strlen(entry), suffix = strlen(TEMPLATE_SUFFIX);
	return len > suffix && strcmp(entry + len - suffix, TEMPLATE_SUFFIX) == 0;
}

bool catalog_list(const char *folder, struct strlist *ret_names, struct problems *problems)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, catalog_is_visible, alphasort);
	if (n < 0) {
		mem_check_errno();
		catalog_complain(problems, folder, 0, "cannot be read as a folder of templates: %s", strerror(errno));
		return false;
	}
	for (int i = 0; i < n; i++) {
		strlist_add(ret_names, entries[i]->d_name, strlen(entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return true;
}

bool catalog_is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Loads the templates of a folder, but not of those in it; none when it is not there. */
static void catalog_load_folder(struct catalog_language *language, const char *folder, struct problems *problems)
{
	struct strlist names = {0};
	if (!catalog_is_folder(folder) || !catalog_list(folder, &names, problems))
		return;
	for (size_t i = 0; i < names.n; i++)
		if (catalog_is_template(names.items[i]))
			catalog_load_file(language, folder, names.items[i], problems);
	strlist_done(&names);
}

/* ---- kinds --------------------------------------------------------------------------------------------------- */

static void catalog_prepare(struct catalog_language *language, struct template *compiled)
{
	template_link(compiled, catalog_partial, language);
	template_number(compiled, context_names, CONTEXT_NAME_MAX);
}

/* Sorts the files into kinds, once all of them are there. */
static void catalog_sort(struct catalog_language *language)
{
	for (size_t i = 0; i < language->n_files; i++)
		catalog_prepare(language, language->files[i].compiled);
	catalog_find_wishes(language);
	for (int k = 0; k < CATALOG_N_KINDS; k++) {
		struct catalog_kind *kind = &language->kinds[k];
		for (int part = 0; part < CATALOG_PART_MAX; part++) {
			char *name = mem_printf("%s.%s", catalog_kinds[k], catalog_parts[part]);
			kind->parts[part] = catalog_find_file(language, name);
			free(name);
		}
		kind->wanted = catalog_wants(kind, CATALOG_HTML);
		kind->wanted_html = catalog_wants(kind, CATALOG_PART_MAX);
	}
}

/* ---- loading ------------------------------------------------------------------------------------------------- */

static void catalog_language_done(struct catalog_language *language)
{
	for (size_t i = 0; i < language->n_files; i++)
		catalog_file_done(&language->files[i]);
	free(language->files);
	free(language->folder);
	language_free(language->language);
}

/* What comes later takes the place of what is there: the administrator's files of the shipped ones, a language's own of
 * those that all share. */
static void catalog_load_language(struct catalog *catalog, const char *const folders[2], const char *tag,
				  struct problems *problems)
{
	char *paths[2] = {mem_printf("%s/%s", folders[0], tag), NULL};
	if (folders[1] != NULL)
		paths[1] = mem_printf("%s/%s", folders[1], tag);
	struct catalog_language language = {.folder = mem_dup(paths[catalog_is_folder(paths[0]) ? 0 : 1])};
	struct err err;
	if (language_new(tag, &language.language, &err) < 0) {
		catalog_complain(problems, language.folder, 0, "%s", err.text);
		catalog_language_done(&language);
	} else {
		for (int i = 0; i < 2 && folders[i] != NULL; i++)
			catalog_load_folder(&language, folders[i], problems);
		for (int i = 0; i < 2 && paths[i] != NULL; i++)
			catalog_load_folder(&language, paths[i], problems);
		catalog_sort(&language);
		catalog_lint(&language, problems);
		catalog->languages =
			mem_grow(catalog->languages, catalog->n_languages + 1, sizeof(*catalog->languages));
		catalog->languages[catalog->n_languages++] = language;
	}
	free(paths[0]);
	free(paths[1]);
}

/* Adds the tag of the language in that folder, unless the language is there in other letters. */
static void catalog_add_tag(const char *path, const char *tag, struct strlist *tags, struct problems *problems)
{
	for (size_t i = 0; i < tags->n; i++)
		if (strcasecmp(tags->items[i], tag) == 0) {
			if (strcmp(tags->items[i], tag) != 0)
				catalog_complain(problems, path, 0,
						 "there are templates for '%s', and only the case of the letters "
						 "differs: did you mean %s?",
						 tags->items[i], tags->items[i]);
			return;
		}
	strlist_add(tags, tag, strlen(tag));
}

/* Adds the names of the folders in folder that tags does not have. */
static void catalog_add_tags(const char *folder, struct strlist *tags, struct problems *problems)
{
	struct strlist names = {0};
	if (!catalog_list(folder, &names, problems))
		return;
	for (size_t i = 0; i < names.n; i++) {
		char *path = mem_printf("%s/%s", folder, names.items[i]);
		if (catalog_is_folder(path))
			catalog_add_tag(path, names.items[i], tags, problems);
		free(path);
	}
	strlist_done(&names);
}

struct catalog *catalog_load(const char *folder, const char *overrides, struct problems *problems)
{
	struct catalog *catalog = mem_zero(1, sizeof(*catalog));
	catalog->regions = mem_zero(1, sizeof(*catalog->regions));
	const char *const folders[2] = {folder, overrides != NULL && catalog_is_folder(overrides) ? overrides : NULL};
	struct strlist tags = {0};
	size_t had = problems->n;
	catalog_add_tags(folder, &tags, problems);
	if (folders[1] != NULL)
		catalog_add_tags(overrides, &tags, problems);
	for (size_t i = 0; i < tags.n; i++)
		catalog_load_language(catalog, folders, tags.items[i], problems);
	if (catalog->n_languages == 0 && problems->n == had)
		problems_add(problems, folder, 0, "has no language: give it a folder like ru, en or zh with templates");
	strlist_done(&tags);
	return catalog;
}

void catalog_free(struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	for (size_t i = 0; i < catalog->n_languages; i++)
		catalog_language_done(&catalog->languages[i]);
	free(catalog->languages);
	catalog_regions_free(catalog->regions);
	free(catalog);
}
