/* What lies in the folders of templates and is used by nothing, which is most often a name that was mistyped. */
#include "message/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "message/catalog_priv.h"
#include "message/template_file.h"

/* A folder that is looked through. */
struct catalog_stray {
	const struct catalog *catalog;
	const char *folder;
	const char *tag; /* of the language whose folder it is; NULL: that of all */
	bool is_own;     /* the administrator's */
	struct strlist *warnings;
};

static void catalog_stray_add(const struct catalog_stray *stray, char *text)
{
	if (!strlist_has(stray->warnings, text))
		strlist_add(stray->warnings, text, strlen(text));
	free(text);
}

/* ---- what is used ------------------------------------------------------------------------------------------------ */

static bool catalog_is_included(const struct catalog_language *language, const struct catalog_file *file)
{
	for (size_t i = 0; i < language->n_files; i++) {
		const struct catalog_file *other = &language->files[i];
		for (size_t p = 0; p < other->n_partials && other != file; p++)
			if (other->partials[p] == file)
				return true;
		if (other->names_any)
			return true;
	}
	return false;
}

static bool catalog_is_used(const struct catalog_language *language, const struct catalog_file *file)
{
	return catalog_is_part(language, file) || catalog_is_included(language, file);
}

static bool catalog_stray_concerns(const struct catalog_stray *stray, const struct catalog_language *language)
{
	return stray->tag == NULL || strcmp(strrchr(language->folder, '/') + 1, stray->tag) == 0;
}

/* ---- the nearest name -------------------------------------------------------------------------------------------- */

/* ", did you mean footer.mustache?", or nothing when no template in use has a name like that. Returns owned. */
static char *catalog_stray_hint(const struct catalog_stray *stray, const char *name)
{
	const char **names = NULL;
	size_t n = 0;
	for (size_t l = 0; l < stray->catalog->n_languages; l++) {
		const struct catalog_language *language = &stray->catalog->languages[l];
		for (size_t i = 0; i < language->n_files && catalog_stray_concerns(stray, language); i++) {
			if (!catalog_is_used(language, &language->files[i]))
				continue;
			names = mem_grow(names, n + 1, sizeof(*names));
			names[n++] = language->files[i].name;
		}
	}
	const char *nearest = strlist_nearest(name, names, n);
	char *hint = nearest != NULL ? mem_printf("; did you mean %s" TEMPLATE_SUFFIX "?", nearest) : mem_dup("");
	free(names);
	return hint;
}

/* ---- one entry --------------------------------------------------------------------------------------------------- */

static const struct catalog_file *catalog_file_at(const struct catalog_language *language, const char *path)
{
	for (size_t i = 0; i < language->n_files; i++)
		if (strcmp(language->files[i].path, path) == 0)
			return &language->files[i];
	return NULL;
}

static void catalog_stray_template(const struct catalog_stray *stray, const char *entry, const char *path)
{
	bool is_read = false;
	for (size_t l = 0; l < stray->catalog->n_languages; l++) {
		const struct catalog_language *language = &stray->catalog->languages[l];
		const struct catalog_file *file =
			catalog_stray_concerns(stray, language) ? catalog_file_at(language, path) : NULL;
		if (file != NULL && catalog_is_used(language, file))
			return;
		is_read = is_read || file != NULL;
	}
	if (!is_read) {
		catalog_stray_add(stray, mem_printf("%s is used by nothing: each language has a %s of its own; put it "
						    "into the folder of a language",
						    path, entry));
		return;
	}
	char *name = mem_dup_n(entry, strlen(entry) - strlen(TEMPLATE_SUFFIX));
	char *hint = catalog_stray_hint(stray, name);
	catalog_stray_add(stray, mem_printf("%s is used by nothing: no template of that name is shipped, and none "
					    "includes it%s",
					    path, hint));
	free(hint);
	free(name);
}

/* "footer" of "footer.mustache.txt", "footer.text" of "footer.text.mustach". */
static char *catalog_stray_stem(const char *entry)
{
	const char *end = strstr(entry, TEMPLATE_SUFFIX);
	if (end == NULL)
		end = strrchr(entry, '.');
	return end != NULL ? mem_dup_n(entry, (size_t)(end - entry)) : mem_dup(entry);
}

static void catalog_stray_other(const struct catalog_stray *stray, const char *entry, const char *path)
{
	size_t len = strlen(entry);
	if (strncmp(entry, "README", strlen("README")) == 0 || entry[len - 1] == '~')
		return;
	char *stem = catalog_stray_stem(entry), *hint = catalog_stray_hint(stray, stem);
	catalog_stray_add(
		stray, mem_printf("%s is not read: the name of a template ends in " TEMPLATE_SUFFIX "%s", path, hint));
	free(hint);
	free(stem);
}

static void catalog_stray_entry(const struct catalog_stray *stray, const char *entry)
{
	char *path = mem_printf("%s/%s", stray->folder, entry);
	bool is_folder = catalog_is_folder(path);
	if (is_folder && stray->tag != NULL)
		catalog_stray_add(stray, mem_printf("%s is not read: it is a folder in that of a language", path));
	else if (!is_folder && !catalog_is_template(entry))
		catalog_stray_other(stray, entry, path);
	else if (!is_folder && stray->is_own)
		catalog_stray_template(stray, entry, path);
	free(path);
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

static void catalog_stray_folder(const struct catalog_stray *stray)
{
	struct strlist names = {0};
	struct problems problems = {0}; /* of a folder that cannot be read, which loading has told */
	if (catalog_is_folder(stray->folder) && catalog_list(stray->folder, &names, &problems))
		for (size_t i = 0; i < names.n; i++)
			catalog_stray_entry(stray, names.items[i]);
	problems_done(&problems);
	strlist_done(&names);
}

static void catalog_stray_tree(struct catalog_stray stray)
{
	const char *top = stray.folder;
	catalog_stray_folder(&stray);
	for (size_t l = 0; l < stray.catalog->n_languages; l++) {
		stray.tag = strrchr(stray.catalog->languages[l].folder, '/') + 1;
		char *folder = mem_printf("%s/%s", top, stray.tag);
		stray.folder = folder;
		catalog_stray_folder(&stray);
		free(folder);
	}
}

void catalog_find_strays(const struct catalog *catalog, const char *folder, const char *overrides,
			 struct strlist *warnings)
{
	catalog_stray_tree((struct catalog_stray){.catalog = catalog, .folder = folder, .warnings = warnings});
	if (overrides != NULL)
		catalog_stray_tree((struct catalog_stray){
			.catalog = catalog, .folder = overrides, .is_own = true, .warnings = warnings});
}
